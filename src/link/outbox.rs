//! The queue between the rooms and the socket: two lanes, bounded in bytes, and strictly in order.
//!
//! A stanza takes its place in the lane at once, and then its sender waits until it fits within the bound.
//! So order is the order of the calls, waiting is fair, and what lies beyond the bound is one stanza per
//! waiting sender. Nothing is ever dropped: what waits while the link is down is sent after the next one is up.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::{Notify, oneshot};

use crate::wire::encode::Outgoing;

/// Which queue a stanza waits in. Order is kept within a lane, not between the lanes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Answers and whatever else must not wait behind the traffic of rooms. Written first.
    Control,
    /// The traffic of rooms.
    Bulk,
}

/// A quarter of the bound is the control lane's own, so that a flood in rooms never holds up an answer.
const CONTROL_SHARE: usize = 4;

/// The rooms' end of the queue. Clones share it.
#[derive(Clone)]
pub struct Outbox(Arc<Shared>);

/// The link's end of the queue; there is one.
pub struct Outlet(Arc<Shared>);

/// A stanza with its price: the bytes that it will be on the wire.
pub(super) struct Queued {
    pub(super) outgoing: Outgoing,
    pub(super) bytes: u64,
}

struct Shared {
    lanes: Mutex<Lanes>,
    /// The link has something to write.
    ready: Notify,
    /// Everything has been written.
    drained: Notify,
}

struct Lanes {
    control: LaneState,
    bulk: LaneState,
    /// The link found nothing to write and wants to be told.
    idle: bool,
    /// The link's end is gone: nothing will ever be written.
    gone: bool,
}

struct LaneState {
    queue: VecDeque<Queued>,
    bytes_max: u64,
    /// Bytes that were ever queued, and of them those that were written.
    queued: u64,
    written: u64,
    /// Senders that wait, and how far `written` has to come for each; this only grows along the queue.
    waiting: VecDeque<(u64, oneshot::Sender<()>)>,
}

/// Makes a queue for at most `bytes_max` bytes, both lanes together.
pub fn outbox(bytes_max: usize) -> (Outbox, Outlet) {
    let bytes_max = bytes_max as u64;
    let control = bytes_max / CONTROL_SHARE as u64;
    let shared = Arc::new(Shared {
        lanes: Mutex::new(Lanes {
            control: LaneState::new(control),
            bulk: LaneState::new(bytes_max - control),
            idle: false,
            gone: false,
        }),
        ready: Notify::new(),
        drained: Notify::new(),
    });
    (Outbox(shared.clone()), Outlet(shared))
}

impl Outbox {
    /// Queues a stanza, and waits until what is queued in its lane, this stanza included, is within the bound.
    /// A stanza that is bigger than the bound waits until it is the first.
    ///
    /// The stanza has its place from the first poll on: dropping the future ends the waiting, not the sending.
    /// When the link has ended for good, the stanza is dropped.
    pub async fn send(&self, lane: Lane, outgoing: Outgoing) {
        let waiting = {
            let mut lanes = self.0.lanes();
            if lanes.gone {
                return;
            }
            let waiting = lanes.of(lane).push(outgoing);
            if std::mem::take(&mut lanes.idle) {
                self.0.ready.notify_one();
            }
            waiting
        };
        if let Some(turn) = waiting {
            // The link's end may go meanwhile; then there is nothing left to wait for.
            let _ = turn.await;
        }
    }

    /// Bytes that are queued and not yet written, both lanes together.
    pub fn bytes_waiting(&self) -> u64 {
        self.0.lanes().bytes_waiting()
    }

    /// Senders that wait for room in the queue.
    pub fn senders_waiting(&self) -> usize {
        let lanes = self.0.lanes();
        lanes.control.waiting.len() + lanes.bulk.waiting.len()
    }

    /// Waits until everything that was queued is written to the socket, or never will be.
    pub async fn drained(&self) {
        loop {
            let notified = self.0.drained.notified();
            if self.bytes_waiting() == 0 || self.0.lanes().gone {
                return;
            }
            notified.await;
        }
    }
}

impl Outlet {
    /// What is queued, the control lane first, as if it were written.
    #[cfg(test)]
    pub(crate) fn sent(&self) -> Vec<Outgoing> {
        let (mut control, mut bulk) = (VecDeque::new(), VecDeque::new());
        self.take(&mut control, &mut bulk);
        let bytes = |lane: &VecDeque<Queued>| lane.iter().map(|queued| queued.bytes).sum();
        self.written(bytes(&control), bytes(&bulk));
        control.into_iter().chain(bulk).map(|queued| queued.outgoing).collect()
    }

    /// Moves what is queued to the link: all of the control lane, and the bulk lane when `bulk` is empty.
    pub(super) fn take(&self, control: &mut VecDeque<Queued>, bulk: &mut VecDeque<Queued>) {
        let mut lanes = self.0.lanes();
        control.append(&mut lanes.control.queue);
        if bulk.is_empty() {
            std::mem::swap(bulk, &mut lanes.bulk.queue);
        }
        lanes.idle = control.is_empty() && bulk.is_empty();
    }

    /// These bytes are written: whoever waited for them goes on.
    pub(super) fn written(&self, control: u64, bulk: u64) {
        let mut lanes = self.0.lanes();
        lanes.control.advance(control);
        lanes.bulk.advance(bulk);
        if lanes.bytes_waiting() == 0 {
            self.0.drained.notify_waiters();
        }
    }

    /// Bytes that are queued and not yet written.
    pub(super) fn bytes_waiting(&self) -> u64 {
        self.0.lanes().bytes_waiting()
    }

    /// Waits for the next stanza after [`Self::take`] found none.
    pub(super) async fn ready(&self) {
        self.0.ready.notified().await;
    }
}

impl Drop for Outlet {
    fn drop(&mut self) {
        let mut lanes = self.0.lanes();
        lanes.gone = true;
        lanes.control.waiting.clear();
        lanes.bulk.waiting.clear();
        self.0.drained.notify_waiters();
    }
}

impl Shared {
    fn lanes(&self) -> MutexGuard<'_, Lanes> {
        self.lanes.lock().expect("nothing panics while it holds the lanes")
    }
}

impl Lanes {
    fn of(&mut self, lane: Lane) -> &mut LaneState {
        match lane {
            Lane::Control => &mut self.control,
            Lane::Bulk => &mut self.bulk,
        }
    }

    fn bytes_waiting(&self) -> u64 {
        self.control.queued - self.control.written + self.bulk.queued - self.bulk.written
    }
}

impl LaneState {
    fn new(bytes_max: u64) -> Self {
        Self { queue: VecDeque::new(), bytes_max, queued: 0, written: 0, waiting: VecDeque::new() }
    }

    /// Queues a stanza; its sender waits for what is returned.
    fn push(&mut self, outgoing: Outgoing) -> Option<oneshot::Receiver<()>> {
        let bytes = outgoing.wire_bytes() as u64;
        self.queue.push_back(Queued { outgoing, bytes });
        self.queued += bytes;
        let turn = self.queued.saturating_sub(self.bytes_max.max(bytes));
        (turn > self.written).then(|| {
            let (sender, receiver) = oneshot::channel();
            self.waiting.push_back((turn, sender));
            receiver
        })
    }

    fn advance(&mut self, bytes: u64) {
        self.written += bytes;
        while self.waiting.front().is_some_and(|(turn, _)| *turn <= self.written) {
            if let Some((_, sender)) = self.waiting.pop_front() {
                // A sender that does not wait any more has its stanza queued all the same.
                let _ = sender.send(());
            }
        }
    }
}
