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
    silent: HashSet<Jid>,
    /// In which order they are asked; also has those that have been heard of meanwhile.
    order: VecDeque<Jid>,
}

impl Unheard {
    /// After a gap nobody has been heard of. Those come first who were silent at the last one already.
    pub(super) fn gap(&mut self, room: &Room) {
        let everyone = room.roster().everyone();
        let (old, new): (Vec<_>, Vec<_>) =
            everyone.iter().cloned().partition(|jid| self.silent.contains(jid));
        self.silent = everyone.iter().cloned().collect();
        self.order = old.into_iter().chain(new).collect();
    }

    /// A session said something.
    pub(super) fn heard(&mut self, session: &Jid) {
        self.silent.remove(session);
    }

    /// Whether nobody is to be asked.
    pub(super) fn is_empty(&self) -> bool {
        self.silent.is_empty()
    }

    /// Who is to be asked next.
    pub(super) fn next(&mut self) -> Option<Jid> {
        std::iter::from_fn(|| self.order.pop_front()).find(|jid| self.silent.remove(jid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_was_in_the_room_and_said_nothing_is_asked() {
        let jid = |name: &str| Jid::parse(&format!("{name}@example/x")).expect("an address");
        let order: VecDeque<Jid> = ["a", "b", "c"].map(jid).into();
        let mut unheard = Unheard { silent: order.iter().cloned().collect(), order };
        (0..100).for_each(|n| unheard.heard(&jid(&format!("stranger{n}"))));
        unheard.heard(&jid("b"));
        assert_eq!(unheard.silent.len(), 2, "strangers are not remembered");
        assert_eq!([unheard.next(), unheard.next()], [Some(jid("a")), Some(jid("c"))]);
        assert!(unheard.is_empty() && unheard.next().is_none());
    }
}
