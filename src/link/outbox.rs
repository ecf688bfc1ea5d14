//! The queue between the rooms and the socket: a lane for each room, served in turn, bounded in bytes.
//!
//! A stanza takes its place in its lane at once, and then its sender waits until what is queued is within the bound, or
//! until little of its own lane is left: a lane with little to say never waits for one with much, and has enough queued
//! for its turns. What is little depends on a reserve that is as large as the bound: a domain has at most three times what
//! it leaves of both, so that there is always some for another (dynamic thresholds, as network switches have them). Order is
//! that of the calls in each lane, and what lies beyond twice the bound is one stanza for each waiting sender. Nothing of
//! rooms is ever dropped: what waits while the link is down is sent after the next one is up. Answers that no room gives wait
//! for nothing; what would exceed their own bounds is given back.

use std::collections::hash_map::DefaultHasher;
use std::collections::{HashMap, VecDeque};
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::{Notify, oneshot};

use crate::wire::encode::Outgoing;
use crate::wire::jid::BareJid;

/// Most bytes that a lane may queue while the queue is full: some turns of it.
const SHARE_BYTES: u64 = 64 << 10;

/// With a small queue, the part of its bound that is a lane's share.
const SHARE_PART: u64 = 8;

/// Most bytes of answers that wait for one domain.
const ANSWERS_BYTES_MAX: u64 = 4 << 20;

/// Most bytes of answers that wait for all domains together.
const ALL_ANSWERS_BYTES_MAX: u64 = 32 << 20;

/// What an answer that waits takes besides its bytes.
const ANSWER_BYTES: u64 = 256;

/// Whose stanzas wait in one queue. Order is kept within a lane, not between lanes. Two of them may be one by chance.
/// Domains take turns, and the lanes of a domain within its turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lane {
    pub(super) name: u64,
    /// Whose share it is part of. While anything of the lane is queued, that of its oldest stanza counts.
    pub(super) domain: u64,
}

impl Lane {
    /// What a room says that counts for `domain`: that of the account that created it, or an empty one.
    pub fn of_room(room: &BareJid, domain: &str) -> Self {
        Self { name: hash(room.as_str()), domain: hash(domain) }
    }

    /// What an account of a domain is answered, other than by a room.
    pub fn of_answers(account: &BareJid) -> Self {
        Self { name: hash(account.as_str()), domain: hash(account.domain()) }
    }
}

fn hash(name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}

/// The rooms' end of the queue. Clones share it.
#[derive(Clone)]
pub struct Outbox(Arc<Shared>);

/// The link's end of the queue; there is one.
pub struct Outlet(Arc<Shared>);

/// A stanza with its price: the bytes that it will be on the wire.
pub(super) struct Queued {
    pub(super) outgoing: Outgoing,
    pub(super) bytes: u64,
    /// One that nobody waits for.
    pub(super) answer: bool,
}

/// What was written of a lane: bytes of whole stanzas.
#[derive(Clone, Copy)]
pub(super) struct Written {
    pub(super) lane: Lane,
    pub(super) bytes: u64,
    pub(super) answer: bool,
}

struct Shared {
    queue: Mutex<Queue>,
    /// The link has something to write.
    ready: Notify,
    /// Everything has been written.
    drained: Notify,
}

struct Queue {
    /// What the link has not taken yet, in the order of the calls.
    arrived: Vec<(Lane, Queued)>,
    /// Lanes of which something is queued and not yet written.
    lanes: HashMap<u64, LaneState>,
    /// What is queued of each domain.
    domains: HashMap<u64, DomainState>,
    bytes_max: u64,
    /// Bytes that rooms have queued and that are not yet written.
    bytes: u64,
    /// Who waits, in the order of the calls; some may have gone on.
    turns: VecDeque<Ticket>,
    /// Who waits.
    waiting: HashMap<Ticket, Sender>,
    /// The bytes of those stanzas together.
    waiting_bytes: u64,
    tickets: u64,
    /// Bytes of answers that are queued.
    answers: u64,
    /// The link found nothing to write and wants to be told.
    idle: bool,
    /// The link's end is gone: nothing will ever be written.
    gone: bool,
}

type Ticket = u64;

/// A sender that waits.
struct Sender {
    domain: u64,
    /// Of its stanza.
    bytes: u64,
    go_on: oneshot::Sender<()>,
}

#[derive(Default)]
struct DomainState {
    /// Rooms of which something is queued.
    lanes: u64,
    /// Bytes of answers that are queued.
    answers: u64,
    /// What its rooms have queued.
    bytes: u64,
    /// How much of it is of senders that wait.
    waiting: u64,
}

struct LaneState {
    domain: u64,
    /// Whether it is a room's, and counts among those of its domain.
    is_room: bool,
    bytes: u64,
    answers: u64,
    /// Who waits, oldest first; some may have gone on.
    waiting: VecDeque<Ticket>,
}

/// Makes a queue for at most `bytes_max` bytes of what rooms say.
pub fn outbox(bytes_max: usize) -> (Outbox, Outlet) {
    let queue = Queue {
        arrived: Vec::new(),
        lanes: HashMap::new(),
        domains: HashMap::new(),
        bytes_max: bytes_max as u64,
        bytes: 0,
        turns: VecDeque::new(),
        waiting: HashMap::new(),
        waiting_bytes: 0,
        tickets: 0,
        answers: 0,
        idle: false,
        gone: false,
    };
    let shared = Arc::new(Shared { queue: Mutex::new(queue), ready: Notify::new(), drained: Notify::new() });
    (Outbox(shared.clone()), Outlet(shared))
}

impl Outbox {
    /// Queues a stanza, and waits until what is queued, this stanza included, is within the bound, or until its lane has
    /// little left. A stanza that is bigger than the bound waits until it is the first.
    ///
    /// The stanza has its place from the first poll on: dropping the future ends the waiting, not the sending.
    /// When the link has ended for good, the stanza is dropped.
    pub async fn send(&self, lane: Lane, outgoing: Outgoing) {
        let waiting = {
            let mut queue = self.0.queue();
            if queue.gone {
                return;
            }
            let waiting = queue.push(lane, outgoing);
            self.0.wake(&mut queue);
            waiting
        };
        if let Some(turn) = waiting {
            // The link's end may go meanwhile; then there is nothing left to wait for.
            let _ = turn.await;
        }
    }

    /// Queues an answer, which waits for no other stanza. False when too much of that kind waits for the domain, or for all:
    /// then it is dropped.
    pub fn answer(&self, lane: Lane, outgoing: Outgoing) -> bool {
        let mut queue = self.0.queue();
        let fits = queue.gone || queue.push_answer(lane, outgoing);
        self.0.wake(&mut queue);
        fits
    }

    /// Bytes that are queued and not yet written.
    pub fn bytes_waiting(&self) -> u64 {
        self.0.queue().bytes_waiting()
    }

    /// The same of a lane.
    pub fn bytes_of(&self, lane: Lane) -> u64 {
        self.0.queue().lanes.get(&lane.name).map_or(0, |state| state.bytes)
    }

    /// Senders that wait for room in the queue.
    pub fn senders_waiting(&self) -> usize {
        self.0.queue().waiting.len()
    }

    /// Waits until everything that was queued is written to the socket, or never will be.
    pub async fn drained(&self) {
        loop {
            let notified = self.0.drained.notified();
            if self.bytes_waiting() == 0 || self.0.queue().gone {
                return;
            }
            notified.await;
        }
    }
}

impl Outlet {
    /// What is queued, in the order of the calls, as if it were written.
    #[cfg(test)]
    pub(crate) fn sent(&self) -> Vec<Outgoing> {
        let (mut sent, mut written) = (Vec::new(), Vec::new());
        self.take(true, |lane, Queued { outgoing, bytes, answer }| {
            written.push(Written { lane, bytes, answer });
            sent.push(outgoing);
        });
        self.written(&written);
        sent
    }

    /// Moves what was queued since the last call to the link, in the order of the calls. `idle` says that the link has
    /// nothing else to write.
    pub(super) fn take(&self, idle: bool, mut to: impl FnMut(Lane, Queued)) {
        let arrived = {
            let mut queue = self.0.queue();
            queue.idle = idle && queue.arrived.is_empty();
            std::mem::take(&mut queue.arrived)
        };
        arrived.into_iter().for_each(|(lane, queued)| to(lane, queued));
    }

    /// These stanzas are written: whoever waited for them goes on.
    pub(super) fn written(&self, stanzas: &[Written]) {
        let mut queue = self.0.queue();
        stanzas.iter().for_each(|written| queue.advance(*written));
        if queue.bytes_waiting() == 0 {
            self.0.drained.notify_waiters();
        }
    }

    /// Bytes that are queued and not yet written.
    pub(super) fn bytes_waiting(&self) -> u64 {
        self.0.queue().bytes_waiting()
    }

    /// Waits for the next stanza after [`Self::take`] found none.
    pub(super) async fn ready(&self) {
        self.0.ready.notified().await;
    }
}

impl Drop for Outlet {
    fn drop(&mut self) {
        let mut queue = self.0.queue();
        queue.gone = true;
        queue.waiting.clear();
        self.0.drained.notify_waiters();
    }
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().expect("nothing panics while it holds the queue")
    }

    fn wake(&self, queue: &mut Queue) {
        if std::mem::take(&mut queue.idle) {
            self.ready.notify_one();
        }
    }
}

impl Queue {
    fn bytes_waiting(&self) -> u64 {
        self.bytes + self.answers
    }

    /// Queues a stanza; its sender waits for what is returned.
    fn push(&mut self, lane: Lane, outgoing: Outgoing) -> Option<oneshot::Receiver<()>> {
        let bytes = outgoing.wire_bytes() as u64;
        self.arrived.push((lane, Queued { outgoing, bytes, answer: false }));
        self.bytes += bytes;
        let state = self.lane(lane);
        state.bytes += bytes;
        let (domain, own) = (state.domain, state.bytes - state.answers);
        let is_new = !std::mem::replace(&mut state.is_room, true);
        let of_domain = self.domains.entry(domain).or_default();
        of_domain.bytes += bytes;
        of_domain.lanes += u64::from(is_new);
        if self.waiting.is_empty() && self.bytes <= self.bytes_max.max(bytes) || own <= self.share(domain) {
            return None;
        }
        let state = self.lanes.get_mut(&lane.name)?;
        let (sender, receiver) = oneshot::channel();
        self.tickets += 1;
        while state.waiting.front().is_some_and(|ticket| !self.waiting.contains_key(ticket)) {
            state.waiting.pop_front();
        }
        state.waiting.push_back(self.tickets);
        self.waiting.insert(self.tickets, Sender { domain, bytes, go_on: sender });
        self.domains.entry(domain).or_default().waiting += bytes;
        self.waiting_bytes += bytes;
        if self.turns.len() > 2 * self.waiting.len() {
            self.turns.retain(|ticket| self.waiting.contains_key(ticket));
        }
        self.turns.push_back(self.tickets);
        Some(receiver)
    }

    /// The lane, which is made if it has nothing queued.
    fn lane(&mut self, Lane { name, domain }: Lane) -> &mut LaneState {
        let state = LaneState { domain, is_room: false, bytes: 0, answers: 0, waiting: VecDeque::new() };
        self.lanes.entry(name).or_insert(state)
    }

    /// Most bytes that a lane of a domain may have queued without waiting while the queue is full. A domain may have
    /// three times what it leaves up to twice the bound, and its lanes share that: the more there are, the less for each.
    /// The stanzas of those who wait do not count: they would leave nothing to the others.
    fn share(&self, domain: u64) -> u64 {
        let all = self.bytes.saturating_sub(self.waiting_bytes);
        let left = (2 * self.bytes_max).saturating_sub(all);
        let Some(DomainState { lanes, bytes, waiting, .. }) = self.domains.get(&domain) else { return 0 };
        let free = (3 * left).saturating_sub(bytes.saturating_sub(*waiting)) / lanes;
        SHARE_BYTES.min(self.bytes_max / SHARE_PART).min(free)
    }

    fn push_answer(&mut self, lane: Lane, outgoing: Outgoing) -> bool {
        let bytes = outgoing.wire_bytes() as u64 + ANSWER_BYTES;
        let before = self.domains.get(&lane.domain).map_or(0, |domain| domain.answers);
        if before + bytes > ANSWERS_BYTES_MAX || self.answers + bytes > ALL_ANSWERS_BYTES_MAX {
            return false;
        }
        self.answers += bytes;
        let state = self.lane(lane);
        state.bytes += bytes;
        state.answers += bytes;
        let domain = state.domain;
        self.domains.entry(domain).or_default().answers += bytes;
        self.arrived.push((lane, Queued { outgoing, bytes, answer: true }));
        true
    }

    fn advance(&mut self, Written { lane, bytes, answer }: Written) {
        // A stanza for nobody has no bytes, and may come when the lane is done.
        let Some(state) = self.lanes.get_mut(&lane.name) else { return };
        state.bytes -= bytes;
        if answer {
            state.answers -= bytes;
            self.answers -= bytes;
        } else {
            self.bytes -= bytes;
        }
        let (domain, left, own) = (state.domain, state.bytes, state.bytes - state.answers);
        let is_waiting = !state.waiting.is_empty();
        let of_domain = self.domains.entry(domain).or_default();
        if answer {
            of_domain.answers -= bytes;
        } else {
            of_domain.bytes -= bytes;
        }
        of_domain.lanes -= u64::from(left == 0 && state.is_room);
        if of_domain.lanes == 0 && of_domain.answers == 0 {
            self.domains.remove(&domain);
        }
        let waiting = if left == 0 {
            self.lanes.remove(&lane.name).map(|state| state.waiting)
        } else if is_waiting && own <= self.share(domain) / 2 {
            // Half of it, so that not each stanza of a lane waits.
            self.lanes.get_mut(&lane.name).map(|state| std::mem::take(&mut state.waiting))
        } else {
            None
        };
        waiting.into_iter().flatten().for_each(|ticket| self.go_on(ticket));
        while let Some(ticket) = self.turns.front().copied() {
            if let Some(Sender { bytes: own, .. }) = self.waiting.get(&ticket) {
                // What those have queued who wait behind this one does not count against it.
                let before = self.bytes.saturating_sub(self.waiting_bytes - own);
                if before > self.bytes_max.max(*own) {
                    break;
                }
            }
            self.turns.pop_front();
            self.go_on(ticket);
        }
    }

    fn go_on(&mut self, ticket: Ticket) {
        if let Some(Sender { domain, bytes, go_on }) = self.waiting.remove(&ticket) {
            self.waiting_bytes -= bytes;
            if let Some(of_domain) = self.domains.get_mut(&domain) {
                of_domain.waiting -= bytes;
            }
            // A sender that does not wait any more has its stanza queued all the same.
            let _ = go_on.send(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fair_queue::FairQueue;
    use super::*;
    use crate::wire::encode::{Recipients, Template};
    use crate::wire::jid::Jid;

    fn stanza(bytes: usize) -> Outgoing {
        let text = format!("<message xmlns='jabber:client'><body>{}</body></message>", "x".repeat(bytes));
        let to = Jid::parse("a@b").expect("a jid");
        Outgoing { stanza: Template::new(&text.parse().expect("xml")), to: Recipients::One(to) }
    }

    fn answers(account: &str) -> Lane {
        Lane::of_answers(&BareJid::parse(account).expect("a jid"))
    }

    // 114-14, 45-14.6-a
    #[test]
    fn answers_are_bounded_by_domain_and_in_all() {
        let (outbox, _outlet) = outbox(1 << 20);
        let answer = |domain: &str| outbox.answer(answers(&format!("a@{domain}")), stanza(100_000));
        let of_one = (0..100)
            .filter(|n| outbox.answer(answers(&format!("a{}@flood.example", n % 7)), stanza(100_000)))
            .count();
        assert_eq!(of_one, 41, "4 MiB");
        assert!(answer("example.org"), "others are still answered");
        let of_many = (0..1000).filter(|n| answer(&format!("d{n}.example"))).count();
        assert_eq!(of_many, 334 - 42, "32 MiB");
        assert!(outbox.bytes_waiting() <= 32 << 20);
    }

    // 45-14.6-a
    #[test]
    fn an_answer_does_not_wait_for_those_of_others_of_the_domain() {
        let (outbox, outlet) = outbox(1 << 20);
        let mut fair_queue = FairQueue::default();
        for n in 0..400 {
            assert!(outbox.answer(answers(&format!("loud{}@b", n % 4)), stanza(8000)));
        }
        outlet.take(false, |lane, queued| fair_queue.push(lane, queued));
        write(&outlet, &mut fair_queue, 100_000);
        let quiet = answers("quiet@b");
        assert!(outbox.answer(quiet, stanza(100)));
        outlet.take(false, |lane, queued| fair_queue.push(lane, queued));
        let (mut out, mut ends) = (Vec::new(), Vec::new());
        let whose =
            std::iter::from_fn(|| fair_queue.splice(&mut out, &mut ends)).flatten().map(|whole| whole.lane);
        let place = whose.take(100).position(|lane| lane == quiet);
        assert!(place.is_some_and(|place| place < 5), "{place:?}");
    }

    // 45-14.6-a
    #[tokio::test]
    async fn a_lane_that_is_written_does_not_wait_for_another() {
        let (outbox, outlet) = outbox(10_000);
        let (busy, quiet) = (answers("a@busy"), answers("a@quiet"));
        let mut sends: Vec<_> =
            [busy, busy, quiet].map(|lane| Box::pin(outbox.send(lane, stanza(9000)))).into();
        let mut done = Vec::new();
        for (n, send) in sends.iter_mut().enumerate() {
            let is_done = is_done_now(send.as_mut());
            done.push((n, is_done));
        }
        assert_eq!(done, [(0, true), (1, false), (2, false)]);
        let mut taken = Vec::new();
        outlet.take(true, |lane, queued| taken.push(Written { lane, bytes: queued.bytes, answer: false }));
        // The quiet one is written first, though it came last: who sent it goes on, the other does not.
        outlet.written(&taken[2..]);
        assert!(is_done_now(sends[2].as_mut()) && outbox.senders_waiting() == 1);
        outlet.written(&taken[..1]);
        assert!(is_done_now(sends[1].as_mut()) && outbox.senders_waiting() == 0);
        outlet.written(&taken[1..2]);
        assert_eq!(outbox.bytes_waiting(), 0);
        assert!(outlet.0.queue().lanes.is_empty() && outlet.0.queue().turns.is_empty());
        assert!(outlet.0.queue().domains.is_empty());
    }

    // 114-14, 45-14.6-a
    #[tokio::test]
    async fn a_lane_with_little_has_whole_turns_while_others_keep_the_queue_full() {
        let (outbox, outlet) = outbox(1 << 20);
        let room = |name: &str, domain: &str| {
            Lane::of_room(&crate::wire::jid::BareJid::parse(name).expect("a jid"), domain)
        };
        // One domain fills the queue from 100 rooms, and each of them has more to say.
        let mut busy: Vec<_> = (0..100)
            .flat_map(|n| vec![room(&format!("r{n}@m"), "busy"); 6])
            .map(|lane| Box::pin(outbox.send(lane, stanza(8000))))
            .collect();
        let going_on = busy.iter_mut().filter_map(|send| is_done_now(send.as_mut()).then_some(())).count();
        assert!((120..200).contains(&going_on), "the bound, and a part of the reserve: {going_on}");
        // All of them have had a turn.
        let mut fair_queue = FairQueue::default();
        outlet.take(false, |lane, queued| fair_queue.push(lane, queued));
        write(&outlet, &mut fair_queue, 1_000_000);
        // Another enters a hall of 200 people: one stanza for each.
        let hall = room("hall@m", "quiet");
        let mut entering = Box::pin(async {
            for _ in 0..200 {
                outbox.send(hall, stanza(250)).await;
            }
        });
        let mut rounds = 0;
        while !is_done_now(entering.as_mut()) {
            assert!(outbox.bytes_waiting() < 6 << 20);
            outlet.take(false, |lane, queued| fair_queue.push(lane, queued));
            // A turn for each of two domains.
            write(&outlet, &mut fair_queue, 2 * 8 * 1024);
            rounds += 1;
        }
        assert!(rounds <= 10, "{rounds} rounds for 65 KB");
    }

    // 114-14
    #[test]
    fn what_rooms_queue_without_waiting_is_bounded_however_many_there_are() {
        const BYTES_MAX: u64 = 1 << 20;
        let (_outbox, outlet) = outbox(BYTES_MAX as usize);
        // What is queued that no sender waits for, after each lane of a domain has queued all that it may.
        let fill = |domain: u64| {
            let mut queue = outlet.0.queue();
            for name in 0..20_000 {
                let lane = Lane { name: domain << 32 | name, domain };
                while queue.bytes < 100 * BYTES_MAX && queue.push(lane, stanza(200)).is_none() {}
                // A sender that waits is of no interest here.
                let waits = queue.lanes[&lane.name].waiting.back().copied();
                let waits = waits.filter(|ticket| queue.waiting.contains_key(ticket));
                if let Some(ticket) = waits {
                    let bytes = queue.waiting[&ticket].bytes;
                    queue.go_on(ticket);
                    queue.advance(Written { lane, bytes, answer: false });
                }
            }
            queue.bytes
        };
        let one = fill(1);
        assert!((BYTES_MAX..BYTES_MAX * 3 / 2 + 1000).contains(&one), "{one}");
        let two = fill(2);
        assert!((one + BYTES_MAX / 8..BYTES_MAX * 2).contains(&two), "{one}, {two}");
    }

    /// Writes at least so many bytes.
    fn write(outlet: &Outlet, fair_queue: &mut FairQueue, bytes: usize) {
        let (mut out, mut ends) = (Vec::new(), Vec::new());
        while out.len() < bytes
            && let Some(whole) = fair_queue.splice(&mut out, &mut ends)
        {
            outlet.written(whole.as_slice());
        }
    }

    /// Whether a future is done when asked now.
    fn is_done_now(future: std::pin::Pin<&mut impl Future<Output = ()>>) -> bool {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        future.poll(&mut context).is_ready()
    }
}
