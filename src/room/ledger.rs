//! Who has how much of what is held in memory ([`super::held`]), and how much more each may have.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::wire::jid::BareJid;

/// What is usual and each account may have held, whatever others do: twenty rooms with two clients.
pub(super) const FREE_BYTES: usize = 128 << 10;

/// How many times as much as one domain all may have together.
pub(super) const DOMAINS: usize = 8;

/// What is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Presences, and what rooms are made of: beyond the bound it is refused.
    Firm,
    /// What was said last in rooms: beyond the bound it is forgotten.
    History,
    /// What waits for an answer: beyond the bound it is refused.
    Waiting,
}

/// What is held, and for which accounts. Nothing here waits.
#[derive(Debug, Default)]
pub struct Ledger {
    firm: Mutex<Sums>,
    history: Mutex<Sums>,
    waiting: Mutex<Sums>,
}

#[derive(Debug, Default)]
pub(super) struct Sums {
    pub(super) accounts: HashMap<BareJid, Share>,
    /// What is not free, of all accounts of a domain and of all, and how many accounts have something that is not.
    pub(super) domains: HashMap<Box<str>, (usize, usize)>,
    pub(super) all: usize,
}

/// What an account has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Share {
    pub(super) usual: usize,
    pub(super) more: usize,
}

impl Share {
    /// So many bytes, of which up to `usual` are usual.
    pub(super) fn of(bytes: usize, usual: usize) -> Self {
        let usual = usual.min(bytes);
        Self { usual, more: bytes - usual }
    }

    /// What of it is not free.
    pub(super) fn beyond(self) -> usize {
        self.more + self.usual.saturating_sub(FREE_BYTES)
    }
}

impl Sums {
    /// How much more an account may have that is not free, when a domain may have `max`: as much as is left, or what makes a
    /// fair share of it, however much others have taken.
    pub(super) fn left(&self, who: &BareJid, max: usize) -> usize {
        let of_account = self.accounts.get(who).copied().unwrap_or_default().beyond();
        let (of_domain, accounts) = self.domains.get(who.domain()).copied().unwrap_or_default();
        let accounts = accounts + usize::from(of_account == 0);
        let domains = self.domains.len() + usize::from(of_domain == 0);
        // With half of the rest there is as much left as the account, or the domain, has then.
        let part = |max: usize, taken: usize, own: usize, sharers: usize| {
            let rest = max.saturating_sub(taken).saturating_sub(own) / 2;
            rest.max((max / (sharers + 1)).saturating_sub(own))
        };
        part(max, of_domain, of_account, accounts).min(part(max * DOMAINS, self.all, of_domain, domains))
    }

    /// An account has something `new` in the place of something `old`.
    pub(super) fn change(&mut self, who: &BareJid, old: Share, new: Share) {
        let share = match self.accounts.get_mut(who) {
            Some(share) => share,
            None => self.accounts.entry(who.clone()).or_default(),
        };
        let was = share.beyond();
        share.usual = share.usual + new.usual - old.usual;
        share.more = share.more + new.more - old.more;
        let is = share.beyond();
        if *share == Share::default() {
            self.accounts.remove(who);
        }
        if was == is {
            return;
        }
        self.all = self.all + is - was;
        let (of_domain, accounts) = self.domains.entry(who.domain().into()).or_default();
        *of_domain = *of_domain + is - was;
        *accounts = *accounts + usize::from(is > 0) - usize::from(was > 0);
        if *of_domain == 0 {
            self.domains.remove(who.domain());
        }
    }
}

impl Ledger {
    pub(super) fn sums(&self, kind: Kind) -> MutexGuard<'_, Sums> {
        let sums = match kind {
            Kind::Firm => &self.firm,
            Kind::History => &self.history,
            Kind::Waiting => &self.waiting,
        };
        // Nothing under the lock panics half-way through a change.
        sums.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
