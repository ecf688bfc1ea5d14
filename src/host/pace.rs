//! How fast silent sessions are asked whether they are there, all rooms together: never a storm, and each room in turn.

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::room::Room;
use crate::wire::jid::Jid;

/// Sessions that are asked in a second.
const CHECKS_PER_SECOND: u32 = 50;

/// Turns that are given out one after the other, in the order in which they are asked for.
pub(super) struct Pace(Mutex<Interval>);

impl Pace {
    pub(super) fn new() -> Self {
        let mut ticks = interval(Duration::from_secs(1) / CHECKS_PER_SECOND);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self(Mutex::new(ticks))
    }

    /// Waits for a turn. A future that is dropped has not taken one.
    pub(super) async fn turn(&self) {
        self.0.lock().await.tick().await;
    }
}

/// The sessions of one room that have not been heard of since a gap in the link.
#[derive(Default)]
pub(super) struct Unheard {
    waiting: VecDeque<Jid>,
    heard: HashSet<Jid>,
}

impl Unheard {
    /// After a gap nobody has been heard of. Those come first who were silent at the last one already.
    pub(super) fn gap(&mut self, room: &Room) {
        let still: HashSet<Jid> = self.waiting.iter().cloned().collect();
        let everyone = room.roster().everyone();
        let (old, new): (Vec<_>, Vec<_>) = everyone.iter().cloned().partition(|jid| still.contains(jid));
        self.waiting = old.into_iter().chain(new).collect();
        self.heard.clear();
    }

    /// A session said something.
    pub(super) fn heard(&mut self, session: &Jid) {
        if !self.waiting.is_empty() && !self.heard.contains(session) {
            self.heard.insert(session.clone());
        }
    }

    /// Whether nobody is to be asked.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Who is to be asked next.
    pub(super) fn next(&mut self) -> Option<Jid> {
        let next = std::iter::from_fn(|| self.waiting.pop_front()).find(|jid| !self.heard.contains(jid));
        if self.waiting.is_empty() {
            self.heard.clear();
        }
        next
    }
}
