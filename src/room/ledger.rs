//! Who has how much of what is held in memory ([`super::held`]), and how much more each may have.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::wire::jid::BareJid;

/// What is usual and free of an account, unless its domain has too much of that: it is in twenty rooms with two clients, or has
/// made three.
pub(super) const FREE_BYTES: usize = 128 << 10;

/// How many times as much as one domain all may have together, beside the domain above the service's own.
pub(super) const DOMAINS: usize = 8;

/// Among so many a fair share is about a quarter of what it is for one alone.
const FEW: usize = 64;

/// What is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Presences, and what rooms are made of: beyond the bound it is refused.
    Firm,
    /// What was said last in rooms: beyond the bound it is forgotten.
    History,
    /// What waits for an answer: beyond the bound it is refused.
    Waiting,
    /// Bans, which nothing else shall take the place of: beyond the bound they are refused.
    Bans,
}

/// What is held, and for which accounts. Nothing here waits.
#[derive(Debug, Default)]
pub struct Ledger {
    firm: Mutex<Sums>,
    history: Mutex<Sums>,
    waiting: Mutex<Sums>,
    bans: Mutex<Sums>,
}

#[derive(Debug, Default)]
pub(super) struct Sums {
    pub(super) accounts: HashMap<BareJid, Share>,
    pub(super) domains: HashMap<Box<str>, OfDomain>,
    /// What all domains have but the one above the service's own, and how many of them have something that is not free.
    pub(super) all: Share,
    pub(super) sharers: usize,
}

/// What an account or a domain has: what is free, and what counts against the bounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Share {
    pub(super) free: usize,
    pub(super) more: usize,
}

/// What a domain has, and how many of its accounts have something that is not free.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct OfDomain {
    share: Share,
    accounts: usize,
}

/// How much a domain may have.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) free: usize,
    pub(super) more: usize,
    /// It is the one above the service's own, whose part is its own whatever others have.
    pub(super) is_own: bool,
}

impl Share {
    fn replace(&mut self, old: Self, new: Self) {
        self.free = self.free + new.free - old.free;
        self.more = self.more + new.more - old.more;
    }
}

/// Second labels under which domains are given out in many countries, such as `co.uk`.
const SECOND_LABELS: [&str; 12] =
    ["ac", "co", "com", "edu", "go", "gob", "gov", "ne", "net", "or", "org", "sch"];

/// What a domain counts as: all below one that its owner may have bought, for subdomains cost an owner nothing. That is a guess
/// by the last labels, which errs towards too large: then strangers share what is not usual of them. The domain above the
/// service's own is by itself.
fn domain_key(who: &BareJid, is_own: bool) -> &str {
    if is_own {
        return "";
    }
    let domain = who.domain();
    let mut labels = domain.rsplit('.');
    let (last, second) = (labels.next().unwrap_or_default(), labels.next().unwrap_or_default());
    let is_number = last.bytes().all(|b| b.is_ascii_digit());
    let is_given_out = last.len() == 2 && SECOND_LABELS.contains(&second);
    let labels = if is_given_out { 3 } else { 2 };
    match domain.rmatch_indices('.').nth(labels - 1) {
        Some((dot, _)) if !is_number => &domain[dot + 1..],
        _ => domain,
    }
}

/// How much more one of some may have when together they may have `max`, and have `taken`, of which `own` is its own: half of
/// the rest, so that as much is left as it has then; or what is fair among `others`, whatever these have. The sum of
/// FEW / ((n + FEW) (n + FEW + 1)) over all n is 1: so the fair shares of however many are together no more than half of `max`.
fn part(max: usize, taken: usize, own: usize, others: usize) -> usize {
    let rest = max.saturating_sub(taken).saturating_sub(own) / 2;
    let sharers = (others + FEW) as u128;
    let fair = ((max / 2) as u128 * FEW as u128 / (sharers * (sharers + 1))) as usize;
    rest.max(fair.saturating_sub(own))
}

impl Sums {
    pub(super) fn of_account(&self, who: &BareJid) -> Share {
        self.accounts.get(who).copied().unwrap_or_default()
    }

    fn of_domain(&self, who: &BareJid, is_own: bool) -> OfDomain {
        self.domains.get(domain_key(who, is_own)).copied().unwrap_or_default()
    }

    /// How much more an account may have that is free.
    pub(super) fn free(&self, who: &BareJid, bounds: Bounds) -> usize {
        let of_domain = self.of_domain(who, bounds.is_own).share.free;
        let all = (bounds.free * DOMAINS).saturating_sub(self.all.free) / 2;
        FREE_BYTES
            .saturating_sub(self.of_account(who).free)
            .min(bounds.free.saturating_sub(of_domain))
            .min(if bounds.is_own { usize::MAX } else { all })
    }

    /// How much more an account may have that is not free.
    pub(super) fn left(&self, who: &BareJid, bounds: Bounds) -> usize {
        let (max, own, of_domain) =
            (bounds.more, self.of_account(who).more, self.of_domain(who, bounds.is_own));
        let taken = of_domain.share.more;
        let others = of_domain.accounts - usize::from(own > 0);
        let left = part(max, taken, own, others);
        if bounds.is_own {
            return left;
        }
        let others = self.sharers - usize::from(taken > 0);
        left.min(part(max * DOMAINS, self.all.more, taken, others))
    }

    /// An account has something `new` in the place of something `old`.
    pub(super) fn change(&mut self, who: &BareJid, is_own: bool, old: Share, new: Share) {
        let share = match self.accounts.get_mut(who) {
            Some(share) => share,
            None => self.accounts.entry(who.clone()).or_default(),
        };
        let had_more = share.more > 0;
        share.replace(old, new);
        let has_more = share.more > 0;
        if *share == Share::default() {
            self.accounts.remove(who);
        }
        let key = domain_key(who, is_own);
        let of_domain = match self.domains.get_mut(key) {
            Some(of_domain) => of_domain,
            None => self.domains.entry(key.into()).or_default(),
        };
        let shared = of_domain.share.more > 0;
        of_domain.share.replace(old, new);
        of_domain.accounts = of_domain.accounts + usize::from(has_more) - usize::from(had_more);
        let shares = of_domain.share.more > 0;
        if of_domain.share == Share::default() {
            self.domains.remove(key);
        }
        if !is_own {
            self.all.replace(old, new);
            self.sharers = self.sharers + usize::from(shares) - usize::from(shared);
        }
    }
}

impl Ledger {
    pub(super) fn sums(&self, kind: Kind) -> MutexGuard<'_, Sums> {
        let sums = match kind {
            Kind::Firm => &self.firm,
            Kind::History => &self.history,
            Kind::Waiting => &self.waiting,
            Kind::Bans => &self.bans,
        };
        // Nothing under the lock panics half-way through a change.
        sums.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subdomains_count_as_what_their_owner_may_have_bought() {
        for (account, expected) in [
            ("a@evil.example", "evil.example"),
            ("a@d17.evil.example", "evil.example"),
            ("a@x.d17.evil.example", "evil.example"),
            ("a@chat.evil.co.uk", "evil.co.uk"),
            ("a@evil.co.uk", "evil.co.uk"),
            ("a@co.uk", "co.uk"),
            ("a@co.example", "co.example"),
            ("a@chat.co.example", "co.example"),
            ("a@192.0.2.7", "192.0.2.7"),
            ("a@localhost", "localhost"),
        ] {
            let who = BareJid::parse(account).expect("an address");
            assert_eq!(domain_key(&who, false), expected);
            assert_eq!(domain_key(&who, true), "");
        }
    }
}
