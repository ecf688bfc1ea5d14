//! The durable half of a room: configuration, subject, affiliations.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::archive::ArchiveId;
use super::config::Config;
use super::cx::Ids;
use crate::wire::jid::BareJid;

/// A long-lived relation of an account to a room (XEP-0045 §5.2). "none" is the absence of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Affiliation {
    /// Banned.
    Outcast,
    /// No relation.
    None,
    /// On the member list.
    Member,
    /// Administrator.
    Admin,
    /// Owner.
    Owner,
}

/// An affiliation with what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Affiliated {
    /// Never [`Affiliation::None`] in a stored record.
    pub affiliation: Affiliation,
    /// The reserved nick.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nick: Option<String>,
    /// Why, in the words of the one who set it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The room's subject (XEP-0045 §8.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// The `<subject/>` texts by `xml:lang` ("" for none), in the order in which they came; empty when cleared.
    pub texts: Vec<(String, String)>,
    /// The nick of the occupant who set it.
    pub nick: String,
    /// When.
    pub at: Timestamp,
}

/// What is kept of a room in one record: all but the affiliations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RoomRecord {
    /// When the room was created.
    pub created: Timestamp,
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
    /// The subject, if it was ever set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Subject>,
    /// Accounts without an affiliation that were given a voice while the room was moderated.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub voices: BTreeSet<BareJid>,
}

impl RoomRecord {
    /// The record of a room that was just created. What makes it unlike any other comes with [`RoomRecord::name`].
    pub fn new(created: Timestamp, config: Config) -> Self {
        Self {
            created,
            config,
            archive: ArchiveId::default(),
            secret: String::new(),
            locked: false,
            subject: None,
            voices: BTreeSet::new(),
        }
    }

    /// Whether [`RoomRecord::name`] is due: for new rooms, and for those stored before there were such names.
    pub fn is_nameless(&self) -> bool {
        self.secret.is_empty()
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
    /// Affiliations by account, or by domain for a ban of a whole domain.
    pub affiliations: BTreeMap<BareJid, Affiliated>,
}
