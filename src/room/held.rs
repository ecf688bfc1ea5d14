//! What the service holds in memory for accounts once an event is over: presences, and what the rooms that an account
//! created are made of. It is counted in bytes, by account, domain and in all, and has a bound.
//!
//! Of everything a part is usual, what an honest client or a small room takes, and some of that is free for each account, and
//! for each domain: accounts are easily invented. What is not free counts. Of that, a domain may have as much as is left of
//! all, up to its own bound, and an account as much as is left of its domain: half of it at most, so there is always some for
//! the next. Whatever others have taken, an account may have a fair share of its domain's bound, and a domain of that of all.
//! The fair shares of however many are together half of the bound, so no more than that beyond the bound is ever held.

use std::sync::Arc;

use super::context::Service;
use super::ledger::{Bounds, Ledger, Share, Sums};
use crate::wire::jid::BareJid;

pub use super::ledger::Kind;

/// What is usual of a small piece, such as a request that waits for its answer.
const PIECE_BYTES: usize = 1 << 10;

/// For all but presences and rooms there is so much less: one part of so many.
const OTHERS_PART: usize = 2;

/// Free is one part of so many of what may be held beside it.
const FREE_PART: usize = 2;

/// How many times as much history as another the domain above the service's own may have, and how much that is free.
const OWN_TIMES: usize = 4;
const OWN_FREE_TIMES: usize = 16;

impl Service {
    /// Nothing yet, held for an account of which as much as `usual` is usual. What is held for admins of the service is not
    /// counted.
    pub fn held(&self, kind: Kind, account: &BareJid, usual: usize) -> Held {
        let ledger = (!self.is_admin(account)).then(|| self.held.clone());
        Held {
            ledger,
            kind,
            account: account.clone(),
            is_own: self.is_local(account),
            usual,
            share: Share::default(),
        }
    }

    /// So many bytes, held for an account in small pieces of which each is usual up to 1 KiB; `None` if that is too much.
    pub fn hold_piece(&self, account: &BareJid, bytes: usize) -> Option<Arc<Held>> {
        let mut held = self.held(Kind::Waiting, account, PIECE_BYTES);
        held.resize(self, bytes).then(|| Arc::new(held))
    }

    /// How much may be held for the accounts of a domain together.
    fn held_bounds(&self, kind: Kind, is_own: bool) -> Bounds {
        let max = match self.limits.held_bytes_max {
            // Any number, of which several can be added up.
            0 => usize::MAX >> 8,
            max if kind == Kind::Firm => max,
            max => max / OTHERS_PART,
        };
        let times = |times: usize| if is_own { times } else { 1 };
        let more = max * times(if kind == Kind::History { OWN_TIMES } else { 1 });
        Bounds { free: max / FREE_PART * times(OWN_FREE_TIMES), more, is_own }
    }
}

/// Bytes that are held for an account; given back when this is dropped.
#[derive(Debug)]
pub struct Held {
    ledger: Option<Arc<Ledger>>,
    kind: Kind,
    account: BareJid,
    /// It is of the domain above the service's own.
    is_own: bool,
    usual: usize,
    share: Share,
}

impl Held {
    /// For which account.
    pub fn account(&self) -> &BareJid {
        &self.account
    }

    /// How many there are.
    pub fn bytes(&self) -> usize {
        self.share.free + self.share.more
    }

    /// How many there may be at most.
    pub fn most(&self, service: &Service) -> usize {
        self.most_within(service.held_bounds(self.kind, self.is_own))
    }

    /// Whether so many may come that the store has. For these the bounds are twice as large: what was stored while other things
    /// were in memory need not fit beside all that is there now.
    pub fn may_come(&self, service: &Service, bytes: usize) -> bool {
        let bounds = service.held_bounds(self.kind, self.is_own);
        bytes <= self.most_within(Bounds { more: bounds.more * 2, ..bounds })
    }

    fn most_within(&self, bounds: Bounds) -> usize {
        let Some(ledger) = &self.ledger else { return usize::MAX };
        self.most_of(&ledger.sums(self.kind), bounds)
    }

    fn most_of(&self, sums: &Sums, bounds: Bounds) -> usize {
        self.free_of(sums, bounds) + self.share.more + sums.left(&self.account, bounds)
    }

    /// How many of them may be free.
    fn free_of(&self, sums: &Sums, bounds: Bounds) -> usize {
        self.usual.min(self.share.free + sums.free(&self.account, bounds))
    }

    /// There are to be so many now. False, and nothing is changed, if that is more than before and too much.
    pub fn resize(&mut self, service: &Service, bytes: usize) -> bool {
        self.change(service, bytes, false)
    }

    /// There are so many, whatever there may be.
    pub fn must_be(&mut self, service: &Service, bytes: usize) {
        self.change(service, bytes, true);
    }

    /// Looked at and changed at once: other rooms take of the same meanwhile.
    fn change(&mut self, service: &Service, bytes: usize, must: bool) -> bool {
        let Some(ledger) = self.ledger.as_ref().filter(|_| bytes != self.bytes()) else { return true };
        let bounds = service.held_bounds(self.kind, self.is_own);
        let mut sums = ledger.sums(self.kind);
        if !must && bytes > self.bytes() && bytes > self.most_of(&sums, bounds) {
            return false;
        }
        let free = bytes.min(self.free_of(&sums, bounds));
        let share = Share { free, more: bytes - free };
        sums.change(&self.account, self.is_own, self.share, share);
        self.share = share;
        true
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(ledger) = self.ledger.as_ref().filter(|_| self.bytes() > 0) {
            ledger.sums(self.kind).change(&self.account, self.is_own, self.share, Share::default());
        }
    }
}

#[cfg(test)]
mod tests;
