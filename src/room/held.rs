//! What the service holds in memory for accounts once an event is over: presences, and what the rooms that an account
//! created are made of. It is counted in bytes, by account, domain and in all, and has a bound.
//!
//! Of everything a part is usual, what an honest client or a small room takes, and each account has some of that which counts
//! for itself alone: `FREE_BYTES`. Of what is beyond it, a domain may have as much as is left of all, up to its own bound, and
//! an account as much as is left of its domain: half of it at most, so there is always some for the next. Whatever others have
//! taken, an account may have a fair share of its domain's bound, and a domain of that of all: the bound by the number of those
//! that have something, and of one more. So the sum may pass the bound, by its logarithm, and no account keeps another from what is fair.

use std::sync::Arc;

use super::cx::Service;
use super::ledger::{FREE_BYTES, Ledger, Share};
use crate::wire::jid::BareJid;

pub use super::ledger::Kind;

/// What is usual of a small piece, such as a request that waits for its answer.
const PIECE_BYTES: usize = 1 << 10;

/// For histories there is so much less: one part of so many.
const HISTORY_PART: usize = 2;

/// How many times as much history as another the domain above the service's own may have.
const OWN_TIMES: usize = 4;

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
