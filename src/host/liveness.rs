//! How fast silent sessions are asked whether they are there, all rooms together: never a storm, and each room in turn.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::room::Room;
use crate::wire::jid::Jid;

/// Sessions that are asked in a second.
pub const CHECKS_PER_SECOND: u32 = 50;

/// Times of people who are not in the room that are kept, besides as many as are in it.
const STRANGERS_MAX: usize = 16;

/// Turns that are given out one after the other, in the order in which they are asked for.
pub(super) struct PingPacer(Mutex<Interval>);

impl PingPacer {
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

/// When each session of one room was heard of last, and who is to be asked whether they are still there. Times are those
/// since the service started: a clock that is set back must not make anybody heard of who is silent.
#[derive(Default)]
pub struct LastSeen {
    at: HashMap<Jid, Duration>,
    waiting: VecDeque<Jid>,
    /// When the gap in the link was over.
    since: Duration,
    /// Others who are to be asked.
    lost: VecDeque<Jid>,
}

impl LastSeen {
    /// A session said something.
    pub fn note(&mut self, session: &Jid, now: Duration, room: &Room) {
        match self.at.get_mut(session) {
            Some(at) => *at = now,
            None => {
                let there = room.roster().everyone();
                if self.at.len() > 2 * there.len() + STRANGERS_MAX {
                    let there: HashSet<&Jid> = there.iter().collect();
                    self.at.retain(|jid, _| there.contains(jid));
                }
                self.at.insert(session.clone(), now);
            }
        }
    }

    /// There was a gap in the link until `since`. Those are to be asked who are not heard of after it; who has been
    /// silent for longest comes first.
    pub fn gap(&mut self, since: Duration, room: &Room) {
        self.since = since;
        let mut silent = room.roster().everyone().to_vec();
        silent.sort_by_key(|jid| self.at.get(jid).copied());
        self.waiting = silent.into();
    }

    /// These are to be asked, whatever was heard of them, after those who were silent since a gap.
    pub fn ask<'a>(&mut self, sessions: impl Iterator<Item = &'a Jid>) {
        self.lost = sessions.cloned().collect();
    }

    /// Whether nobody is to be asked.
    pub fn is_settled(&self) -> bool {
        self.waiting.is_empty() && self.lost.is_empty()
    }

    /// Who is to be asked next.
    pub fn next_silent(&mut self) -> Option<Jid> {
        let Self { at, waiting, since, lost } = self;
        let is_silent = |jid: &Jid| at.get(jid).is_none_or(|at| at < since);
        std::iter::from_fn(|| waiting.pop_front()).find(is_silent).or_else(|| lost.pop_front())
    }
}
