//! The durable half of a room: configuration, subject, affiliations.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::affiliations::Affiliations;
use super::archive::ArchiveId;
use super::config::Config;
use super::context::Ids;
use super::hats::Hats;
use super::shared::Shared;
use super::vcard::Vcard;
pub use crate::room::affiliations::{Affiliated, Ban};
use crate::wire::jid::BareJid;
pub use crate::wire::muc::Affiliation;

fn is_nothing<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// The room's subject (XEP-0045 §8.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// The `<subject/>` texts by `xml:lang` ("" for none), in the order in which they came; empty when cleared.
    pub texts: Vec<(String, String)>,
    /// The nick of the occupant who set it.
    pub nick: String,
    /// The id of that occupant (XEP-0421).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occupant_id: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// How the lists of affiliations came to be as they are, as far back as it is remembered (XEP-0463).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Versions {
    /// The version of the lists as they are; each change adds one.
    pub now: u64,
    /// Of changes up to this version, it is not remembered who lost an affiliation.
    pub known_from: u64,
    /// Who lost an affiliation since, oldest first.
    pub lost: VecDeque<Lost>,
}

impl Versions {
    fn is_new(&self) -> bool {
        *self == Self::default()
    }
}

/// An affiliation that was lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lost {
    /// In which version.
    pub version: u64,
    /// Whose.
    pub jid: BareJid,
    /// It was a ban. Otherwise it was a membership or more, of somebody who is banned now or nothing.
    pub ban: bool,
}

/// A token that makes a member of whoever enters with it (XEP-0488).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// What is shown on entry; nobody can guess it.
    pub secret: String,
    /// Who asked for it. It is good for as long as this account may invite.
    pub issuer: BareJid,
    /// Until when it is good.
    pub expires: Timestamp,
    /// How many accounts it still makes members of; `None`: any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uses_left: Option<u32>,
}

impl Token {
    /// What tokens of a room are ordered by.
    pub fn order(&self) -> (Timestamp, &str) {
        (self.expires, &self.secret)
    }
}

/// Messages of the last day, hour by hour (XEP-0502 §5).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activity {
    /// The hour of the first count, in hours since 1970.
    pub hour: i64,
    /// Messages in that hour and in each one before it; 25 hours at most. That of the running hour may be behind.
    pub counts: Vec<u32>,
}

/// What is kept of a room in one record: all but the affiliations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RoomRecord {
    /// When the room was created.
    pub created: Timestamp,
    /// The account that created it, and for which it counts; `None` if that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub founder: Option<BareJid>,
    /// The configuration.
    pub config: Config,
    /// Which archive is that of this life of the room.
    #[serde(default)]
    pub archive: ArchiveId,
    /// What only this room knows, in hexadecimal digits: the key of its occupant ids (XEP-0421).
    #[serde(default)]
    pub secret: String,
    /// The room was created and not yet configured. In the store only: in memory this is `Life::Locked`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub locked: bool,
    /// Until when it waits for its first occupant. In the store only, as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub awaited: Option<Timestamp>,
    /// When the room opens by itself if it is locked then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opens: Option<Timestamp>,
    /// It was opened by time alone, and no owner has sent its form since.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unclaimed: bool,
    /// The subject, if it was ever set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Subject>,
    /// How lively the room is, once it was counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activity: Option<Activity>,
    /// Accounts without an affiliation that were given a voice while the room was moderated.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub voices: Shared<BTreeSet<BareJid>>,
    /// Hats and who wears them.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub hats: Shared<Hats>,
    /// Tokens that invite, in the order in which they end: [`Token::order`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tokens: Vec<Token>,
    /// Versions of the lists of affiliations.
    #[serde(default, skip_serializing_if = "Versions::is_new")]
    pub versions: Versions,
    /// How many invitations have changed nothing but this: each is written down, and takes as long as one that makes a member.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub vain_invitations: u64,
}

impl RoomRecord {
    /// The record of a room that was just created. What makes it unlike any other comes with [`RoomRecord::name`].
    pub fn new(created: Timestamp, config: Config) -> Self {
        Self {
            created,
            founder: None,
            config,
            archive: ArchiveId::default(),
            secret: String::new(),
            locked: false,
            awaited: None,
            opens: None,
            unclaimed: false,
            subject: None,
            activity: None,
            voices: Shared::default(),
            hats: Shared::default(),
            tokens: Vec::new(),
            versions: Versions::default(),
            vain_invitations: 0,
        }
    }

    /// Whether [`RoomRecord::name`] is due: for new rooms, and for those stored before there were such names.
    pub fn is_nameless(&self) -> bool {
        self.secret.is_empty()
    }

    /// What only this room makes of these bytes, one after the other.
    pub(crate) fn mac(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(self.secret.as_bytes()).expect("a key may have any length");
        parts.iter().for_each(|part| mac.update(part));
        mac.finalize().into_bytes().into()
    }

    /// Gives the room its archive and its secret.
    pub fn name(&mut self, ids: &mut Ids) {
        self.archive = ArchiveId(ids.fresh());
        self.secret = ids.secret();
    }
}

/// All that is durable about a room.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// The room's own record.
    pub record: RoomRecord,
    /// Affiliations of accounts and of whole domains.
    pub affiliations: Affiliations,
    /// The room's vCard, if it has one.
    pub vcard: Option<Arc<Vcard>>,
}
