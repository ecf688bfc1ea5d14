//! The line of what waits to be committed: domains have their turns, so that one with much to write waits for itself.

use std::collections::{HashMap, VecDeque};

/// What a domain may have committed before it is the next one's turn, by the measure of the costs. The last request of a
/// turn may exceed it; the next turns of the domain are shorter for that.
const TURN: i64 = 64;

/// What waits, by domain. A domain that had nothing waiting goes before those that have had a turn: one edit of a quiet
/// domain need not wait for all the busy ones.
pub(super) struct Line<T> {
    domains: HashMap<String, Domain<T>>,
    /// Domains that have not had a turn since nothing of theirs waited.
    fresh: VecDeque<String>,
    /// The others. A domain is in one of the two.
    later: VecDeque<String>,
}

struct Domain<T> {
    waiting: VecDeque<(usize, T)>,
    /// What is left of the turn; what was too much is below zero.
    left: i64,
}

impl<T> Line<T> {
    pub(super) fn new() -> Self {
        Self { domains: HashMap::new(), fresh: VecDeque::new(), later: VecDeque::new() }
    }

    /// Puts something of a domain, that costs so much, behind all that waits of the same domain.
    pub(super) fn push(&mut self, domain: String, cost: usize, what: T) {
        if let Some(known) = self.domains.get_mut(&domain) {
            known.waiting.push_back((cost, what));
            return;
        }
        self.fresh.push_back(domain.clone());
        self.domains.insert(domain, Domain { waiting: [(cost, what)].into(), left: TURN });
    }

    /// What is next, and its cost; `None` if nothing waits, or if the next costs more than `most`.
    pub(super) fn next_within(&mut self, most: usize) -> Option<(usize, T)> {
        loop {
            let is_fresh = !self.fresh.is_empty();
            let turns = if is_fresh { &mut self.fresh } else { &mut self.later };
            let domain = self.domains.get_mut(turns.front()?).expect("a domain has turns while it is known");
            if domain.left > 0
                && let Some((cost, _)) = domain.waiting.front()
            {
                if *cost > most {
                    return None;
                }
                domain.left -= *cost as i64;
                return domain.waiting.pop_front();
            }
            let name = turns.pop_front()?;
            // A fresh domain with nothing left stays for one round: else it would be fresh again with each request.
            if domain.waiting.is_empty() && !is_fresh {
                self.domains.remove(&name);
                continue;
            }
            if domain.left <= 0 {
                domain.left += TURN;
            }
            self.later.push_back(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is served until nothing is left or `most` of it was.
    fn served(line: &mut Line<&'static str>, most: usize) -> Vec<&'static str> {
        std::iter::from_fn(|| line.next_within(usize::MAX)).map(|(_, what)| what).take(most).collect()
    }

    // 45-14.6-a
    #[test]
    fn a_quiet_domain_goes_before_busy_ones_and_busy_ones_share_alike() {
        let mut line = Line::new();
        for _ in 0..100 {
            line.push("large".to_owned(), 500, "large");
        }
        for _ in 0..1000 {
            line.push("small".to_owned(), 1, "small");
        }
        assert_eq!(served(&mut line, 3)[0], "large");
        line.push("quiet".to_owned(), 500, "quiet");
        assert_eq!(served(&mut line, 1 + TURN as usize).iter().filter(|what| **what == "quiet").count(), 1);
        // For each large one the other domain has as much.
        let (mut large, mut small) = (0_usize, 0);
        for what in served(&mut line, 900) {
            large += if what == "large" { 500 } else { 0 };
            small += usize::from(what == "small");
        }
        assert!(large.abs_diff(small) <= 600, "{large} and {small}");
    }

    // 45-14.6-a
    #[test]
    fn one_that_asks_again_and_again_is_not_fresh_each_time() {
        let mut line = Line::new();
        line.push("waits".to_owned(), 1, "waits");
        line.push("again".to_owned(), 100, "again");
        served(&mut line, 2);
        for n in 0..10 {
            line.push(format!("other{n}"), 1, "other");
        }
        line.push("again".to_owned(), 100, "again");
        assert_eq!(served(&mut line, 11).last(), Some(&"again"));
    }

    #[test]
    fn each_domain_keeps_its_order_and_nothing_is_kept_of_who_has_nothing() {
        let mut line = Line::new();
        for n in 0..300_usize {
            line.push(format!("d{}", n % 3), 1 + n * 7 % 90, n);
        }
        assert!(line.next_within(0).is_none(), "it costs more");
        let all: Vec<usize> = std::iter::from_fn(|| line.next_within(usize::MAX)).map(|(_, n)| n).collect();
        assert_eq!(all.len(), 300);
        for domain in 0..3 {
            let of_domain: Vec<_> = all.iter().copied().filter(|n| n % 3 == domain).collect();
            assert!(of_domain.is_sorted(), "{of_domain:?}");
        }
        assert!(line.domains.is_empty() && line.fresh.is_empty() && line.later.is_empty());
    }
}
