//! What waits for a room, by the domain it comes from: of each domain a few are in the room's queue, in the order in which
//! they came, and the others wait behind them. So one that has a lot to say, within its rates or not, waits for itself.

use std::collections::{HashMap, VecDeque};

/// Most of one domain that are in the queue.
pub(super) const AHEAD_MAX: usize = 64;

/// The domains of which something waits.
#[derive(Debug)]
pub(super) struct DomainQueues<T> {
    queues: HashMap<String, DomainQueue<T>>,
    /// Everything goes into the queue at once.
    let_on: bool,
}

#[derive(Debug)]
struct DomainQueue<T> {
    /// In the queue.
    ahead: usize,
    behind: VecDeque<T>,
}

impl<T> Default for DomainQueues<T> {
    fn default() -> Self {
        Self { queues: HashMap::new(), let_on: false }
    }
}

impl<T> Default for DomainQueue<T> {
    fn default() -> Self {
        Self { ahead: 0, behind: VecDeque::new() }
    }
}

impl<T> DomainQueues<T> {
    /// Takes what comes from a domain, or gives it back to be put into the queue.
    pub(super) fn put(&mut self, domain: &str, item: T) -> Option<T> {
        if !self.queues.contains_key(domain) {
            self.queues.insert(domain.to_owned(), DomainQueue::default());
        }
        let own = self.queues.get_mut(domain).expect("it was put there");
        if own.ahead >= AHEAD_MAX && !self.let_on {
            own.behind.push_back(item);
            return None;
        }
        own.ahead += 1;
        Some(item)
    }

    /// Something of a domain has left the queue. What is given is to be put there.
    pub(super) fn taken(&mut self, domain: &str) -> Option<T> {
        let own = self.queues.get_mut(domain)?;
        let next = own.behind.pop_front();
        if next.is_none() {
            own.ahead -= 1;
            if own.ahead == 0 {
                self.queues.remove(domain);
            }
        }
        next
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.queues.is_empty()
    }

    /// Whether a domain has so much in the queue that more waits behind it.
    pub(super) fn is_long(&self, domain: &str) -> bool {
        self.queues.get(domain).is_some_and(|own| own.ahead >= AHEAD_MAX)
    }

    /// All that waits, to be put into the queue. From now on nothing waits.
    pub(super) fn let_on(&mut self) -> Vec<T> {
        self.let_on = true;
        let mut all = Vec::new();
        for own in self.queues.values_mut() {
            own.ahead += own.behind.len();
            all.extend(own.behind.drain(..));
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Puts what comes from a domain where it belongs.
    fn put(
        queues: &mut DomainQueues<(&'static str, usize)>,
        queue: &mut VecDeque<(&'static str, usize)>,
        item: (&'static str, usize),
    ) {
        queue.extend(queues.put(item.0, item));
    }

    #[test]
    fn who_says_little_is_in_front_of_those_who_say_much_and_all_keep_their_order() {
        let (mut queues, mut queue) = (DomainQueues::default(), VecDeque::new());
        for n in 0..1000 {
            put(&mut queues, &mut queue, ("loud", n));
        }
        for n in 0..3 {
            put(&mut queues, &mut queue, ("quiet", n));
        }
        assert!(queues.is_long("loud") && !queues.is_long("quiet") && !queues.is_long("nobody"));
        let mut order = Vec::new();
        while let Some(item) = queue.pop_front() {
            queue.extend(queues.taken(item.0));
            order.push(item);
        }
        assert_eq!(order.iter().position(|item| *item == ("quiet", 0)), Some(AHEAD_MAX));
        for (domain, count) in [("loud", 1000), ("quiet", 3)] {
            let of_domain: Vec<usize> =
                order.iter().filter(|item| item.0 == domain).map(|item| item.1).collect();
            assert_eq!(of_domain, (0..count).collect::<Vec<_>>());
        }
        assert!(queues.queues.is_empty());
    }

    #[test]
    fn at_the_end_nothing_waits_behind() {
        let (mut queues, mut queue) = (DomainQueues::default(), VecDeque::new());
        for n in 0..200 {
            put(&mut queues, &mut queue, ("loud", n));
        }
        queue.extend(queues.let_on());
        put(&mut queues, &mut queue, ("loud", 200));
        assert_eq!(queue.iter().map(|item| item.1).collect::<Vec<_>>(), (0..=200).collect::<Vec<_>>());
        for item in queue {
            assert_eq!(queues.taken(item.0), None);
        }
        assert!(queues.queues.is_empty());
    }
}
