//! How fast silent sessions are asked whether they are there, all rooms together: never a storm, and each room in turn.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};

use super::places::{InLine, Places};
use crate::room::Room;
use crate::room::announce::backlog::PORTION_BYTES;
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

/// Bytes in a second of what occupants have still to be told of each other, in all rooms together: little beside what a
/// server takes, so that what else there is to say hardly waits for it.
const OWED_BYTES_PER_SECOND: u32 = 3 << 20;

/// Portions of what is owed, one after the other: in turns of the domains of those who created the rooms. Of each domain, the
/// rooms that owe that occupants are gone have a line of their own: what else is owed does not hold these up.
pub(super) struct Portions {
    turns: Arc<Places>,
    /// When the next one may go.
    next: std::sync::Mutex<Instant>,
}

/// A room's turn for a portion, which comes also while the room does something else. Dropping it ends the wait.
pub(super) struct Portion {
    pub(super) urgent: bool,
    comes: JoinHandle<()>,
}

impl Drop for Portion {
    fn drop(&mut self) {
        self.comes.abort();
    }
}

impl Portion {
    /// Waits for the turn of `portion`; without end if there is none.
    pub(super) async fn come(portion: &mut Option<Self>) {
        match portion {
            // The task neither panics nor is ended while this is there.
            Some(portion) => _ = (&mut portion.comes).await,
            None => std::future::pending().await,
        }
    }
}

impl Portions {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { turns: Places::new(1), next: std::sync::Mutex::new(Instant::now()) })
    }

    /// Gets in line; `urgent` if occupants are to be told that others are gone.
    pub(super) fn turn(self: &Arc<Self>, line: InLine, urgent: bool) -> Portion {
        // No domain begins with a space.
        let line = if urgent { line } else { InLine { domain: format!(" {}", line.domain), ..line } };
        let portions = self.clone();
        let comes = tokio::spawn(async move {
            let _place = portions.turns.turn(&line).place().await;
            let next = *portions.next();
            tokio::time::sleep_until(next).await;
            portions.spend(PORTION_BYTES);
        });
        Portion { urgent, comes }
    }

    /// A portion was so many bytes.
    pub(super) fn went(&self, bytes: usize) {
        self.spend(bytes.saturating_sub(PORTION_BYTES));
    }

    fn spend(&self, bytes: usize) {
        let mut next = self.next();
        let time = Duration::from_secs(bytes as u64) / OWED_BYTES_PER_SECOND;
        *next = Instant::now().max(*next) + time;
    }

    fn next(&self) -> MutexGuard<'_, Instant> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// When each session of one room was heard of last, and who is to be asked whether he is still there. Times are those
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

#[cfg(test)]
mod tests {
    use super::*;

    // 45-14.6-a
    #[tokio::test]
    async fn portions_go_in_turns_of_domains_and_that_occupants_are_gone_waits_for_nothing_else_of_its_domain()
     {
        let portions = Portions::new();
        let line =
            |domain: &str, n: usize| InLine { domain: domain.to_owned(), account: format!("{n}@{domain}") };
        let loud: Vec<_> = (0..20).map(|n| portions.turn(line("loud", n), false)).collect();
        tokio::time::sleep(Duration::from_millis(10)).await;
        let gone = portions.turn(line("loud", 0), true);
        let mut quiet = Some(portions.turn(line("quiet", 0), false));
        Portion::come(&mut quiet).await;
        let came = || loud.iter().filter(|portion| portion.comes.is_finished()).count();
        assert!(came() <= 4, "{}", came());
        // A turn comes also while its room does something else.
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert!(gone.comes.is_finished() && came() <= 8, "{}", came());
    }
}
