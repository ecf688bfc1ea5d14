//! How often the service does what costs it something: a bucket for each asker, and one for the accounts of each domain
//! together (XEP-0433 §4.2.2.4).

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use crate::wire::jid::BareJid;

/// A bucket of tries that fills up again, told by one moment: when it will be full.
#[derive(Clone, Copy, Debug)]
struct Rate {
    /// How long one try takes to come back.
    each: SignedDuration,
    /// How many tries a full bucket has.
    tries: i32,
}

/// Clients search at every key that is pressed.
const ASKER: Rate = Rate { each: SignedDuration::from_secs(1), tries: 20 };
/// Those of one domain shall not keep the others from searching.
const DOMAIN: Rate = Rate { each: SignedDuration::from_millis(20), tries: 100 };

/// Askers and domains that are remembered at a time; those whose buckets are full are forgotten then. Of more askers only
/// the domains are counted, of more domains all together.
const ASKERS_MAX: usize = 2500;
const DOMAINS_MAX: usize = 1000;

/// Who has asked how much.
#[derive(Debug, Default)]
pub(super) struct SearchLimit {
    askers: HashMap<BareJid, Timestamp>,
    domains: HashMap<String, Timestamp>,
}

impl Rate {
    /// When the bucket will be full after one more try, or how long it is empty.
    fn take(self, full: Timestamp, now: Timestamp) -> Result<Timestamp, SignedDuration> {
        let left = full.duration_since(now);
        // More than a whole bucket is a clock that was set back.
        let left =
            if left > self.each * self.tries { SignedDuration::ZERO } else { left.max(SignedDuration::ZERO) };
        let wait = left - self.each * (self.tries - 1);
        if wait > SignedDuration::ZERO {
            return Err(wait);
        }
        Ok(now.checked_add(left + self.each).unwrap_or(now))
    }
}

impl SearchLimit {
    /// Lets one try of `asker` pass, or says for how many seconds there is none.
    pub(super) fn admit(&mut self, asker: &BareJid, now: Timestamp) -> Result<(), u64> {
        let full = self.askers.get(asker).copied().unwrap_or(now);
        let seconds = |wait: SignedDuration| wait.unsigned_abs().as_millis().div_ceil(1000) as u64;
        let own = ASKER.take(full, now).map_err(seconds)?;
        if self.domains.len() >= DOMAINS_MAX {
            self.domains.retain(|_, full| *full > now);
        }
        let is_known = self.domains.contains_key(asker.domain()) || self.domains.len() < DOMAINS_MAX;
        let domain = if is_known { asker.domain() } else { "" };
        let full = self.domains.get(domain).copied().unwrap_or(now);
        self.domains.insert(domain.to_owned(), DOMAIN.take(full, now).map_err(seconds)?);
        if self.askers.len() >= ASKERS_MAX {
            self.askers.retain(|_, full| *full > now);
        }
        if self.askers.len() < ASKERS_MAX || self.askers.contains_key(asker) {
            self.askers.insert(asker.clone(), own);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millisecond: i64) -> Timestamp {
        Timestamp::from_millisecond(1_700_000_000_000 + millisecond).expect("a time")
    }

    fn asker(n: usize) -> BareJid {
        BareJid::parse(&format!("u{n}@example")).expect("a jid")
    }

    #[test]
    fn one_asker_gets_a_burst_and_then_one_try_a_second() {
        // 433-3
        let mut pace = SearchLimit::default();
        for _ in 0..20 {
            assert_eq!(pace.admit(&asker(1), at(0)), Ok(()));
        }
        assert_eq!(pace.admit(&asker(1), at(0)), Err(1));
        assert_eq!(pace.admit(&asker(2), at(0)), Ok(()));
        assert_eq!(pace.admit(&asker(1), at(999)), Err(1));
        assert_eq!(pace.admit(&asker(1), at(1000)), Ok(()));
        assert_eq!(pace.admit(&asker(1), at(1000)), Err(1));
    }

    // 45-14.6-a
    #[test]
    fn many_askers_of_a_domain_share_what_it_may_and_keep_nobody_else_from_it() {
        let mut pace = SearchLimit::default();
        let passed = (0..1000).filter(|n| pace.admit(&asker(*n), at(0)).is_ok()).count();
        assert_eq!(passed, 100);
        assert_eq!(pace.admit(&BareJid::parse("a@quiet.example").expect("a jid"), at(0)), Ok(()));
        assert_eq!(pace.admit(&asker(2000), at(20)), Ok(()));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut pace = SearchLimit::default();
        for n in 0..20_000 {
            assert_eq!(pace.admit(&asker(n), at(20 * n as i64)), Ok(()));
            assert!(pace.askers.len() <= ASKERS_MAX);
        }
        for n in 0..20_000 {
            let asker = BareJid::parse(&format!("u@d{n}.example")).expect("a jid");
            let _ = pace.admit(&asker, at(1_000_000));
            assert!(pace.askers.len() <= ASKERS_MAX && pace.domains.len() <= DOMAINS_MAX + 1);
        }
    }

    #[test]
    fn a_clock_that_was_set_back_locks_nobody_out() {
        let mut pace = SearchLimit::default();
        assert_eq!(pace.admit(&asker(1), at(86_400_000)), Ok(()));
        assert_eq!(pace.admit(&asker(1), at(0)), Ok(()));
    }
}
