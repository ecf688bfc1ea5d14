//! Quotas for rooms: in memory, on the disk, and for those that wait for their first occupant. There are only so many, and
//! nobody may take so many that others find none.
//!
//! A place in memory counts for whoever had the room loaded or made, the other places for the account that created the room.
//! Where there is a bound for all, a domain may have no more than there are left: so it gets half of them at most, the next
//! one half of the rest, and some are always free. The domain that the service belongs to may have three times as many as are
//! left: the service is there for its accounts, and their operator can stop them; accounts of strangers cost nothing. A part of
//! the places in memory is for rooms that are stored, and who created one of those is not counted with their domain: the owner
//! of a room gets in while others flood.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::places::InLine;
use crate::room::context::Service;
use crate::wire::jid::BareJid;
use crate::wire::refusal::Refusal;
use crate::words;

/// Rooms that may wait for their first occupant at a time, and those of one account.
const AWAITED_MAX: usize = 1000;
const AWAITED_OF_ONE_MAX: usize = 20;

/// So many places of a kind a domain always has if there are any, and an account of those in memory.
const FEW: usize = 8;

/// The part of the places in memory that is for stored rooms: one of so many.
const STORED_PART: usize = 4;

/// The part of the places in memory that one account may have: one of so many.
const ACCOUNT_PART: usize = 64;

/// How many times as many as are left the service's own domain may have.
const OWN_TIMES: usize = 3;

/// How many times as many rooms on the disk the service's own domain may have as another.
const OWN_STORED_TIMES: usize = 10;

/// Who has how many places of a kind.
#[derive(Debug, Default)]
struct Tally {
    all: usize,
    accounts: HashMap<BareJid, usize>,
    domains: HashMap<String, usize>,
}

impl Tally {
    fn add(&mut self, who: Option<&BareJid>) {
        self.all += 1;
        let Some(who) = who else { return };
        *self.accounts.entry(who.clone()).or_default() += 1;
        *self.domains.entry(who.domain().to_owned()).or_default() += 1;
    }

    fn take_away(&mut self, who: Option<&BareJid>) {
        self.all = self.all.saturating_sub(1);
        let Some(who) = who else { return };
        if let Some(count) = self.accounts.get_mut(who) {
            *count -= 1;
            if *count == 0 {
                self.accounts.remove(who);
            }
        }
        if let Some(count) = self.domains.get_mut(who.domain()) {
            *count -= 1;
            if *count == 0 {
                self.domains.remove(who.domain());
            }
        }
    }

    fn of_account(&self, who: &BareJid) -> usize {
        self.accounts.get(who).copied().unwrap_or_default()
    }

    fn of_domain(&self, who: &BareJid) -> usize {
        self.domains.get(who.domain()).copied().unwrap_or_default()
    }

    /// Whether the domain of `who` may have one more when `free` are left.
    fn is_fair(&self, who: &BareJid, free: usize, service: &Service) -> bool {
        let times = if service.is_local(who) { OWN_TIMES } else { 1 };
        let has = self.of_domain(who);
        has < FEW || has < free * times
    }
}

/// A text, as what is kept of it for a room that is stored: small, for there may be millions.
type Mark = u32;

/// The account that created a stored room, and its domain; 0 each if that is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Founder {
    account: Mark,
    domain: Mark,
}

#[derive(Debug, Default)]
struct Inner {
    in_memory: Tally,
    awaited: Tally,
    /// Rooms that stay when everybody has left.
    lasting: Tally,
    /// Rooms that the store has, by the hash of the address, with that of the account that created them.
    stored: HashMap<u64, Founder>,
}

/// All places, and who has them. Nothing here waits.
#[derive(Debug)]
pub(super) struct Quotas {
    service: Arc<Service>,
    /// Nobody can choose addresses that have the same hash.
    hashes: RandomState,
    inner: Mutex<Inner>,
}

/// Why there is no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoPlace {
    /// The account that created the room has too many.
    Account,
    /// Its domain has.
    Domain,
}

impl NoPlace {
    /// What is said to who asked.
    pub(super) fn refusal(self) -> Refusal {
        Refusal::too_many(match self {
            Self::Account => &words::ACCOUNT_ROOMS_MOST,
            Self::Domain => &words::DOMAIN_ROOMS_MOST,
        })
    }
}

impl Quotas {
    /// All are free.
    pub(super) fn new(service: Arc<Service>) -> Self {
        Self { service, hashes: RandomState::new(), inner: Mutex::default() }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // Nothing under the lock panics half-way through a change.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn mark(&self, founder: Option<&BareJid>) -> Founder {
        let mark = |text: &str| self.hashes.hash_one(text) as Mark;
        founder.map_or(Founder { account: 0, domain: 0 }, |jid| Founder {
            account: mark(jid.as_str()),
            domain: mark(jid.domain()),
        })
    }

    /// The line in which a room waits to be read: that of the account that created it, so that a room never waits behind those
    /// of the one who happens to ask for it first. If the room is not stored, or it is not known who created it, that of the
    /// account that asks.
    pub(super) fn line(&self, room: &BareJid, asker: Option<&BareJid>) -> InLine {
        let founder = self.inner().stored.get(&self.hashes.hash_one(room.as_str())).copied();
        let known = founder.filter(|founder| founder.domain != 0);
        let Founder { account, domain } = known.unwrap_or_else(|| self.mark(asker));
        InLine { domain: format!("{domain:x}"), account: format!("{account:x}") }
    }

    /// The store has a room, made by `founder`, that is lasting or not: whatever there is of them.
    pub(super) fn know(&self, room: &BareJid, founder: Option<&BareJid>, lasting: bool) {
        let (key, mark) = (self.hashes.hash_one(room.as_str()), self.mark(founder));
        let mut inner = self.inner();
        inner.stored.insert(key, mark);
        if lasting {
            inner.lasting.add(founder);
        }
    }

    /// The store has a room no longer that was not lasting.
    pub(super) fn forget(&self, room: &BareJid) {
        self.inner().stored.remove(&self.hashes.hash_one(room.as_str()));
    }

    /// Whether the store may have this room: of those that are not in memory it has no other.
    pub(super) fn knows(&self, room: &BareJid) -> bool {
        self.inner().stored.contains_key(&self.hashes.hash_one(room.as_str()))
    }

    /// Takes a place in memory for a room that a stanza of `opener` is for; `None` is the service itself. False if there is
    /// none.
    pub(super) fn open(&self, room: &BareJid, opener: Option<&BareJid>) -> bool {
        let (most, hash) = (self.service.limits.rooms_max, self.hashes.hash_one(room.as_str()));
        let mut inner = self.inner();
        let founder = inner.stored.get(&hash).copied();
        let kept = if founder.is_some() { 0 } else { most / STORED_PART };
        let free = most.saturating_sub(inner.in_memory.all).saturating_sub(kept);
        let is_free = free > 0
            && opener.is_none_or(|opener| {
                let own = founder.is_some() && founder == Some(self.mark(Some(opener)));
                let memory = &inner.in_memory;
                self.service.is_admin(opener)
                    || memory.of_account(opener) < FEW.max(most / ACCOUNT_PART)
                        && (own || memory.is_fair(opener, free, &self.service))
            });
        if is_free {
            inner.in_memory.add(opener);
        }
        is_free
    }

    /// Gives the place of a room back that `opener` had.
    pub(super) fn close(&self, opener: Option<&BareJid>) {
        self.inner().in_memory.take_away(opener);
    }

    /// Whether rooms that nobody needs had better make place soon.
    pub(super) fn are_short(&self) -> bool {
        self.inner().in_memory.all > self.service.limits.rooms_max / 2
    }

    /// A place for a room that waits for its first occupant.
    pub(super) fn wait(self: &Arc<Self>, founder: Option<&BareJid>) -> Option<Awaited> {
        let mut inner = self.inner();
        let free = AWAITED_MAX.saturating_sub(inner.awaited.all);
        let fair = founder.is_none_or(|founder| {
            self.service.is_admin(founder)
                || inner.awaited.of_account(founder) < AWAITED_OF_ONE_MAX
                    && inner.awaited.is_fair(founder, free, &self.service)
        });
        if free == 0 || !fair {
            return None;
        }
        inner.awaited.add(founder);
        Some(Awaited { quotas: self.clone(), founder: founder.cloned() })
    }

    /// A room becomes lasting that counts for `founder`.
    pub(super) fn settle(&self, room: &BareJid, founder: Option<&BareJid>) -> Result<(), NoPlace> {
        let limits = &self.service.limits;
        let (key, mark) = (self.hashes.hash_one(room.as_str()), self.mark(founder));
        let mut inner = self.inner();
        if let Some(founder) = founder.filter(|founder| !self.service.is_admin(founder)) {
            let times = if self.service.is_local(founder) { OWN_STORED_TIMES } else { 1 };
            let exceeds = |has: usize, max: usize| max > 0 && has >= max;
            if exceeds(inner.lasting.of_account(founder), limits.account_rooms_max) {
                return Err(NoPlace::Account);
            }
            if exceeds(inner.lasting.of_domain(founder), limits.domain_rooms_max.saturating_mul(times)) {
                return Err(NoPlace::Domain);
            }
        }
        inner.stored.insert(key, mark);
        inner.lasting.add(founder);
        Ok(())
    }

    /// A room that was lasting, and counted for `founder`, is no longer.
    pub(super) fn leave(&self, room: &BareJid, founder: Option<&BareJid>) {
        let key = self.hashes.hash_one(room.as_str());
        let mut inner = self.inner();
        if inner.stored.remove(&key).is_some() {
            inner.lasting.take_away(founder);
        }
    }
}

/// The place of a room that waits for its first occupant; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Awaited {
    quotas: Arc<Quotas>,
    founder: Option<BareJid>,
}

impl Drop for Awaited {
    fn drop(&mut self) {
        self.quotas.inner().awaited.take_away(self.founder.as_ref());
    }
}

#[cfg(test)]
mod tests;
