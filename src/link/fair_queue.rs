//! Whose stanzas are written next: the domains in turn, and of each its lanes in turn, so that one with much to say costs
//! itself.
//!
//! A lane that had nothing to say goes before those that have had a turn: what is said in a quiet room need not wait for
//! all the busy ones. (Queues by flow with a deficit each, and new flows first, as networks have them.)

use std::collections::{HashMap, VecDeque};

use super::outbox::{Lane, Queued, Written};
use crate::wire::encode::Outgoing;

/// Bytes that a lane may write before it is the next one's turn. It may exceed them by one stanza for one recipient,
/// which its next turns pay for.
const QUANTUM_BYTES: i64 = 8 * 1024;

/// What is to be written, by lane.
#[derive(Default)]
pub(super) struct FairQueue {
    lanes: HashMap<u64, Waiting>,
    /// Lanes that have not had a turn since they had nothing to say.
    new_flows: Round,
    /// The others. A lane is in one of the two.
    old_flows: Round,
    stanzas: usize,
}

/// Lanes that wait for their turn, one of each domain at a time.
#[derive(Default)]
struct Round {
    /// Whose turn it is.
    first: Option<Lane>,
    /// Domains that have lanes in `lanes`, in the order of their turns, without the one whose turn it is.
    domains: VecDeque<u64>,
    lanes: HashMap<u64, VecDeque<Lane>>,
}

impl Round {
    fn push(&mut self, lane: Lane) {
        let Some(first) = self.first else {
            self.first = Some(lane);
            return;
        };
        let lanes = self.lanes.entry(lane.domain).or_default();
        if lanes.is_empty() && lane.domain != first.domain {
            self.domains.push_back(lane.domain);
        }
        lanes.push_back(lane);
    }

    /// The turn of the first is over: it is not here any more, unless it was pushed again before.
    fn pop(&mut self) {
        if let Some(Lane { domain, .. }) = self.first.take()
            && self.lanes.contains_key(&domain)
        {
            self.domains.push_back(domain);
        }
        self.first = self.domains.pop_front().and_then(|domain| {
            let lanes = self.lanes.get_mut(&domain)?;
            let first = lanes.pop_front();
            if lanes.is_empty() {
                self.lanes.remove(&domain);
            }
            first
        });
    }
}

/// One lane.
#[derive(Default)]
struct Waiting {
    queue: VecDeque<Queued>,
    /// Recipients of the first stanza that have been written.
    spliced: usize,
    /// Bytes that are left of the turn; what was too much is below zero.
    deficit: i64,
}

impl FairQueue {
    /// Whether there is nothing to write.
    pub(super) fn is_empty(&self) -> bool {
        self.stanzas == 0
    }

    /// Queues a stanza behind the others of its lane.
    pub(super) fn push(&mut self, lane: Lane, queued: Queued) {
        let new_flows = &mut self.new_flows;
        let waiting = self.lanes.entry(lane.name).or_insert_with(|| {
            new_flows.push(lane);
            Waiting { deficit: QUANTUM_BYTES, ..Waiting::default() }
        });
        waiting.queue.push_back(queued);
        self.stanzas += 1;
    }

    /// Appends what is next, for one recipient, to `out` and its end to `ends`; `None` when there is nothing. Gives what
    /// that was the last recipient of.
    pub(super) fn splice(&mut self, out: &mut Vec<u8>, ends: &mut Vec<usize>) -> Option<Option<Written>> {
        loop {
            let is_new = self.new_flows.first.is_some();
            let turns = if is_new { &mut self.new_flows } else { &mut self.old_flows };
            let lane = turns.first?;
            let waiting =
                self.lanes.get_mut(&lane.name).expect("a lane has its turns for as long as it is here");
            if waiting.deficit > 0 && !waiting.queue.is_empty() {
                let (bytes, whole) = waiting.splice(out, ends);
                waiting.deficit -= bytes;
                self.stanzas -= usize::from(whole.is_some());
                return Some(whole.map(|(bytes, answer)| Written { lane, bytes, answer }));
            }
            // A new lane that is empty stays for one round: else it would be new again with each stanza.
            if is_new || !waiting.queue.is_empty() {
                if waiting.deficit <= 0 {
                    waiting.deficit += QUANTUM_BYTES;
                }
                self.old_flows.push(lane);
            } else {
                self.lanes.remove(&lane.name);
            }
            // After that: a domain with one lane is behind the others now, as one with many is.
            if is_new { self.new_flows.pop() } else { self.old_flows.pop() }
        }
    }
}

impl Waiting {
    /// The first stanza for its next recipient: how many bytes that was, and, when it was the last one, the price of the
    /// stanza and whether it was an answer.
    fn splice(&mut self, out: &mut Vec<u8>, ends: &mut Vec<usize>) -> (i64, Option<(u64, bool)>) {
        let begin = out.len();
        let first = self.queue.front().expect("the caller has looked");
        let Outgoing { stanza, to } = &first.outgoing;
        let mut recipients = to.iter().skip(self.spliced);
        let (next, done) = (recipients.next(), recipients.next().is_none());
        drop(recipients);
        if let Some(to) = next {
            stanza.splice(to, out);
            ends.push(out.len());
            self.spliced += 1;
        }
        let whole = done.then_some((first.bytes, first.answer));
        if done {
            self.spliced = 0;
            self.queue.pop_front();
        }
        ((out.len() - begin) as i64, whole)
    }
}

#[cfg(test)]
mod tests {
    use minidom::Element;

    use super::*;
    use crate::wire::jid::{BareJid, Jid};

    /// A stanza of about `bytes` for each of `to` recipients.
    fn stanza(bytes: usize, to: usize) -> Queued {
        let text = format!("<message xmlns='jabber:client'><body>{}</body></message>", "x".repeat(bytes));
        let element: Element = text.parse().expect("xml");
        let all: Vec<Jid> = (0..to).map(|n| Jid::parse(&format!("u{n}@d")).expect("a jid")).collect();
        let outgoing = Outgoing {
            stanza: crate::wire::encode::Template::new(&element),
            to: crate::wire::encode::Recipients::many(all),
        };
        let bytes = outgoing.wire_bytes() as u64;
        Queued { outgoing, bytes, answer: false }
    }

    fn lane(name: &str) -> Lane {
        Lane::of_room(&BareJid::parse(name).expect("a jid"), "d")
    }

    /// Bytes that are written until a stanza of `lane` is whole.
    fn bytes_until(queue: &mut FairQueue, lane: Lane) -> usize {
        let (mut out, mut ends) = (Vec::new(), Vec::new());
        while let Some(whole) = queue.splice(&mut out, &mut ends) {
            if whole.is_some_and(|whole| whole.lane == lane) {
                return out.len();
            }
        }
        panic!("it is not written");
    }

    #[test]
    fn a_quiet_lane_goes_before_busy_ones() {
        let mut queue = FairQueue::default();
        let busy: Vec<Lane> = (0..50).map(|n| lane(&format!("busy{n}@m"))).collect();
        for busy in &busy {
            queue.push(*busy, stanza(500, 1000));
        }
        let (mut out, mut ends) = (Vec::new(), Vec::new());
        // Until all the busy ones have had a turn.
        while out.len() < 60 * QUANTUM_BYTES as usize {
            queue.splice(&mut out, &mut ends);
        }
        for _ in 0..10 {
            queue.push(lane("quiet@m"), stanza(500, 3));
            let bytes = bytes_until(&mut queue, lane("quiet@m"));
            assert!(bytes < 5 * QUANTUM_BYTES as usize, "{bytes}");
            // The others go on.
            for _ in 0..2000 {
                queue.splice(&mut out, &mut ends);
            }
        }
    }

    // 45-14.6-a
    #[test]
    fn a_domain_with_many_lanes_has_no_more_turns_than_one_with_a_single_lane() {
        let mut queue = FairQueue::default();
        let of = |name: &str, domain: &str| Lane::of_room(&BareJid::parse(name).expect("a jid"), domain);
        for n in 0..100 {
            queue.push(of(&format!("r{n}@m"), "many"), stanza(500, 2000));
        }
        // All of them have had a turn.
        let (mut out, mut ends) = (Vec::new(), Vec::new());
        while out.len() < 1_000_000 {
            queue.splice(&mut out, &mut ends);
        }
        let one = of("one@m", "one");
        queue.push(one, stanza(500, 500));
        let bytes = bytes_until(&mut queue, one);
        // All 100 lanes are written alike meanwhile, and are not finished.
        assert!((500_000..750_000).contains(&bytes), "{bytes} bytes until 300 KB of one lane are written");
        let deficit = queue.lanes.values().filter(|lane| !lane.queue.is_empty()).map(|lane| lane.spliced);
        let (least, most) = (deficit.clone().min(), deficit.max());
        assert!(least >= Some(1) && most < Some(60), "{least:?} to {most:?}");
    }

    #[test]
    fn busy_lanes_share_alike_whatever_the_size_of_their_stanzas() {
        let mut queue = FairQueue::default();
        queue.push(lane("small@m"), stanza(100, 100_000));
        queue.push(lane("large@m"), stanza(100_000, 1000));
        let (mut out, mut ends) = (Vec::new(), Vec::new());
        while out.len() < 4_000_000 {
            queue.splice(&mut out, &mut ends);
        }
        let sizes = ends.iter().scan(0, |at, end| Some(end - std::mem::replace(at, *end)));
        let (small, large): (Vec<usize>, Vec<usize>) = sizes.partition(|bytes| *bytes < 1000);
        let (small, large): (usize, usize) = (small.iter().sum(), large.iter().sum());
        assert!(small.abs_diff(large) < 250_000, "{small} and {large}");
    }

    #[test]
    fn each_lane_keeps_its_order_and_all_is_written_once() {
        let mut queue = FairQueue::default();
        let lanes = [lane("a@m"), lane("b@m"), lane("c@m")];
        for n in 0..300 {
            queue.push(lanes[n % 3], stanza(100 * (n / 3), 1 + n % 5));
        }
        let (mut out, mut ends) = (Vec::new(), Vec::new());
        let mut seen = HashMap::new();
        while let Some(whole) = queue.splice(&mut out, &mut ends) {
            if let Some(whole) = whole {
                seen.entry(whole.lane.name).or_insert_with(Vec::new).push(whole.bytes);
            }
        }
        assert!(queue.is_empty() && queue.lanes.is_empty());
        for (at, lane) in lanes.iter().enumerate() {
            let expected: Vec<u64> =
                (at..300).step_by(3).map(|n| stanza(100 * (n / 3), 1 + n % 5).bytes).collect();
            assert_eq!(seen[&lane.name], expected);
        }
        assert_eq!(ends.len(), (0..300).map(|n| 1 + n % 5).sum::<usize>());
    }

    #[test]
    fn a_stanza_for_nobody_is_done_with_at_once() {
        let mut queue = FairQueue::default();
        queue.push(lane("a@m"), stanza(10, 0));
        assert!(queue.splice(&mut Vec::new(), &mut Vec::new()).is_some_and(|whole| whole.is_some()));
        assert!(queue.is_empty());
    }
}
