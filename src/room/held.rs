//! What the service holds in memory for accounts once an event is over: presences, and what the rooms that an account
//! created are made of. It is counted in bytes, by account, domain and in all, and has a bound.
//!
//! Of everything a part is usual, what an honest client or a small room takes, and each account has some of that which counts
//! for itself alone: [`FREE_BYTES`]. Of what is beyond it, a domain may have as much as is left of all, up to its own bound, and
//! an account as much as is left of its domain: half of it at most, so there is always some for the next. Whatever others have
//! taken, an account may have a fair share of its domain's bound, and a domain of that of all: the bound by the number of those
//! that have something, and of one more. So the sum may pass the bound, by its logarithm, and nobody keeps another from what is fair.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::cx::Service;
use crate::wire::jid::BareJid;

/// What is usual and each account may have held, whatever others do: twenty rooms with two clients.
pub const FREE_BYTES: usize = 128 << 10;

/// What is usual of a small piece, such as a request that waits for its answer.
const PIECE_BYTES: usize = 1 << 10;

/// How many times as much as one domain all may have together.
const DOMAINS: usize = 8;

/// For histories there is so much less: one part of so many.
const HISTORY_PART: usize = 2;

/// How many times as much history as another the domain above the service's own may have.
const OWN_TIMES: usize = 4;

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
struct Sums {
    accounts: HashMap<BareJid, Share>,
    /// What is not free, of all accounts of a domain and of all, and how many accounts have something that is not.
    domains: HashMap<Box<str>, (usize, usize)>,
    all: usize,
}

/// What an account has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Share {
    usual: usize,
    more: usize,
}

impl Share {
    /// So many bytes, of which up to `usual` are usual.
    fn of(bytes: usize, usual: usize) -> Self {
        let usual = usual.min(bytes);
        Self { usual, more: bytes - usual }
    }

    /// What of it is not free.
    fn beyond(self) -> usize {
        self.more + self.usual.saturating_sub(FREE_BYTES)
    }
}

impl Sums {
    /// How much more an account may have that is not free, when a domain may have `max`: as much as is left, or what makes a
    /// fair share of it, however much others have taken.
    fn left(&self, who: &BareJid, max: usize) -> usize {
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
    fn change(&mut self, who: &BareJid, old: Share, new: Share) {
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
    fn sums(&self, kind: Kind) -> MutexGuard<'_, Sums> {
        let sums = match kind {
            Kind::Firm => &self.firm,
            Kind::History => &self.history,
            Kind::Waiting => &self.waiting,
        };
        // Nothing under the lock panics half-way through a change.
        sums.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Service {
    /// Nothing yet, held for an account of which as much as `usual` is usual. What is held for admins of the service is not
    /// counted.
    pub fn held(&self, kind: Kind, account: &BareJid, usual: usize) -> Held {
        let ledger = (!self.is_admin(account)).then(|| self.held.clone());
        Held { ledger, kind, account: account.clone(), usual, bytes: 0 }
    }

    /// So many bytes, held for an account in small pieces of which each is usual up to 1 KiB; `None` if that is too much.
    pub fn hold_piece(&self, account: &BareJid, bytes: usize) -> Option<Arc<Held>> {
        let mut held = self.held(Kind::Waiting, account, PIECE_BYTES);
        held.resize(self, bytes, false).then(|| Arc::new(held))
    }

    /// How much may be held for the accounts of the domain of `who`, together; `None` for any number.
    fn held_max(&self, kind: Kind, who: &BareJid) -> Option<usize> {
        let max = self.limits.held_bytes_max;
        let times = if self.is_local(who) { OWN_TIMES } else { 1 };
        let max = match kind {
            Kind::Firm => max,
            Kind::Waiting => max / HISTORY_PART,
            Kind::History => max / HISTORY_PART * times,
        };
        (max > 0).then_some(max)
    }
}

/// Bytes that are held for an account; given back when this is dropped.
#[derive(Debug)]
pub struct Held {
    ledger: Option<Arc<Ledger>>,
    kind: Kind,
    account: BareJid,
    usual: usize,
    bytes: usize,
}

impl Held {
    /// For which account.
    pub fn account(&self) -> &BareJid {
        &self.account
    }

    /// How many there may be at most; with a tenth that is kept for bans, if it is `urgent`.
    pub fn most(&self, service: &Service, urgent: bool) -> usize {
        let (Some(ledger), Some(max)) = (&self.ledger, service.held_max(self.kind, &self.account)) else {
            return usize::MAX;
        };
        let sums = ledger.sums(self.kind);
        let share = sums.accounts.get(&self.account).copied().unwrap_or_default();
        let (left, own) = (sums.left(&self.account, max), Share::of(self.bytes, self.usual));
        // What the account has beside this.
        let others = Share { usual: share.usual - own.usual, more: share.more - own.more };
        let spare = if urgent { max / 10 } else { 0 };
        let free = FREE_BYTES.saturating_sub(others.usual).min(self.usual);
        let beyond = (share.beyond() + left + spare).saturating_sub(others.beyond());
        free + beyond
    }

    /// There are to be so many now. False, and nothing is changed, if that is more than before and too much.
    pub fn resize(&mut self, service: &Service, bytes: usize, urgent: bool) -> bool {
        let fits = bytes <= self.bytes || bytes <= self.most(service, urgent);
        if fits {
            self.must_be(bytes);
        }
        fits
    }

    /// There are so many, whatever there may be.
    pub fn must_be(&mut self, bytes: usize) {
        if let Some(ledger) = self.ledger.as_ref().filter(|_| bytes != self.bytes) {
            let of = |bytes| Share::of(bytes, self.usual);
            ledger.sums(self.kind).change(&self.account, of(self.bytes), of(bytes));
        }
        self.bytes = bytes;
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.must_be(0);
    }
}

#[cfg(test)]
mod tests;
