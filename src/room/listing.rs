//! What a room lets the directory of the service tell of it (XEP-0045 §6.3).

use std::sync::Arc;

use super::config::{Config, Whois};
use super::{Life, Room};
use crate::wire::jid::BareJid;

/// A listed room, as lists and searches show it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// Its name, or its local part if it has none.
    pub name: String,
    /// Longer description; empty: none.
    pub description: String,
    /// Language of the conversation; empty: not stated.
    pub language: String,
    /// How many are in it; `None`: not told to outsiders.
    pub occupants: Option<u32>,
    /// Whether anybody may enter, without being a member and without a password.
    pub open: bool,
    /// Whether all occupants see each other's real addresses.
    pub nonanonymous: bool,
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
            name: name.to_owned(),
            description: config.description.clone(),
            language: config.language.clone(),
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
