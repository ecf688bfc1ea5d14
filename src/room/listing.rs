//! What a room lets the directory of the service tell of it (XEP-0045 §6.3).

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::archive::ArchiveId;
use super::config::{Config, Whois};
use super::state::RoomRecord;
use super::{Life, Room};
use crate::wire::jid::BareJid;

/// How much of a room's name, description and language lists and searches show, in bytes: all rooms' are in memory.
const NAME_BYTES_MAX: usize = 256;
const DESCRIPTION_BYTES_MAX: usize = 1024;
const LANGUAGE_BYTES_MAX: usize = 64;

/// A listed room, as lists and searches show it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Listing {
    /// Its name, or its local part if it has none.
    pub name: String,
    /// Longer description; empty: none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Language of the conversation; empty: not stated.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub language: String,
    /// How many are in it; `None`: not told to outsiders.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub occupants: Option<u32>,
    /// Whether anybody may enter, without being a member and without a password.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub open: bool,
    /// Whether all occupants see each other's real addresses.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub nonanonymous: bool,
}

/// What the service knows of a stored room without loading it. It is of a bounded size, and the same for all rooms.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Listed {
    /// The room outlives its last occupant.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub persistent: bool,
    /// As [`RoomRecord::locked`].
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub locked: bool,
    /// As [`RoomRecord::awaited`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub awaited: Option<Timestamp>,
    /// As [`RoomRecord::founder`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub founder: Option<BareJid>,
    /// As [`RoomRecord::archive`].
    pub archive: ArchiveId,
    /// As [`Config::archive_days`].
    #[serde(skip_serializing_if = "is_zero")]
    pub archive_days: u32,
    /// As [`Config::archive_messages`].
    #[serde(skip_serializing_if = "is_zero")]
    pub archive_messages: u32,
    /// What lists show of it, with nobody in it; `None` if it is hidden.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shown: Option<Listing>,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Listed {
    /// Of a room with this record.
    pub fn of(room: &BareJid, record: &RoomRecord) -> Self {
        let config = &record.config;
        Self {
            persistent: config.persistent,
            locked: record.locked,
            awaited: record.awaited,
            founder: record.founder.clone(),
            archive: record.archive.clone(),
            archive_days: config.archive_days,
            archive_messages: config.archive_messages,
            shown: Listing::of(room, config, 0),
        }
    }

    /// What lists show of it when so many are in it.
    pub fn with_occupants(self, occupants: usize) -> Option<Listing> {
        let mut listing = self.shown?;
        listing.occupants = listing.occupants.map(|_| count(occupants));
        Some(listing)
    }

    /// About how many bytes it has.
    pub(super) fn bytes(&self) -> usize {
        const OWN_BYTES: usize = 160;
        let texts = self.shown.as_ref().map_or(0, |l| l.name.len() + l.description.len() + l.language.len());
        OWN_BYTES + texts + self.founder.as_ref().map_or(0, |jid| jid.as_str().len())
    }
}

/// The beginning of a text, of no more than `bytes_max`.
fn beginning(text: &str, bytes_max: usize) -> String {
    let end = (0..=bytes_max.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    text[..end.unwrap_or_default()].to_owned()
}

/// What has changed about a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Relisting {
    /// Only how many are in the room.
    Occupants(u32),
    /// Anything; `None`: the room is not listed any more.
    Whole(Option<Listing>),
}

impl Listing {
    /// Of a room of this configuration; `None` if it is hidden.
    pub fn of(room: &BareJid, config: &Config, occupants: usize) -> Option<Self> {
        let name = if config.name.is_empty() { room.local().unwrap_or_default() } else { &config.name };
        config.public.then(|| Self {
            name: beginning(name, NAME_BYTES_MAX),
            description: beginning(&config.description, DESCRIPTION_BYTES_MAX),
            language: beginning(&config.language, LANGUAGE_BYTES_MAX),
            occupants: tells_how_lively(config).then(|| count(occupants)),
            open: is_open(config),
            nonanonymous: config.whois == Whois::Anyone,
        })
    }
}

impl Room {
    /// What the directory tells of the room; `None` if it is not listed (XEP-0045 §6.3).
    pub fn listing(&self) -> Option<Listing> {
        let shown = self.life == Life::Open && !self.is_awaited();
        shown.then(|| Listing::of(&self.jid, self.config(), self.roster.len())).flatten()
    }

    /// What the directory has to learn when the room is no longer as it was `before`. Somebody who comes or goes costs
    /// next to nothing here.
    pub fn relisting(&self, before: &Self) -> Option<Relisting> {
        if !Arc::ptr_eq(&self.state, &before.state)
            || self.life != before.life
            || self.is_awaited() != before.is_awaited()
        {
            let listing = self.listing();
            return (listing != before.listing()).then_some(Relisting::Whole(listing));
        }
        let told = self.life == Life::Open && self.tells_how_lively();
        let occupants = self.roster.len();
        (told && occupants != before.roster.len()).then(|| Relisting::Occupants(count(occupants)))
    }

    /// Whether outsiders may know how lively the room is: nobody may who is kept out of it or was not to find it
    /// (XEP-0045 §14.4, XEP-0502 §9).
    pub(crate) fn tells_how_lively(&self) -> bool {
        tells_how_lively(self.config())
    }
}

fn is_open(config: &Config) -> bool {
    !config.members_only && !config.password_protected
}

fn tells_how_lively(config: &Config) -> bool {
    config.public && is_open(config)
}

fn count(occupants: usize) -> u32 {
    u32::try_from(occupants).unwrap_or(u32::MAX)
}
