//! Who has just left which room, while the room is not in memory: a presence that crosses the goodbye of the last one in it
//! comes to a room that is no more.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::feature::goodbyes::{CROSSING, Goodbyes};
use crate::wire::jid::BareJid;

/// Rooms of which it is known.
const ROOMS_MAX: usize = 1000;

/// Sessions of each.
const SESSIONS_MAX: usize = 100;

/// Of rooms that are not in memory.
#[derive(Debug, Default)]
pub(super) struct Absent(Mutex<HashMap<BareJid, Goodbyes>>);

impl Absent {
    /// A room leaves memory.
    pub(super) fn keep(&self, room: &BareJid, goodbyes: &Goodbyes, uptime: Duration) {
        let is_over = |of: &Goodbyes| of.last().is_none_or(|(_, at)| uptime >= *at + CROSSING);
        if is_over(goodbyes) {
            return;
        }
        let mut rooms = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if rooms.len() >= ROOMS_MAX {
            rooms.retain(|_, of| !is_over(of));
        }
        if rooms.len() < ROOMS_MAX {
            let first = goodbyes.len().saturating_sub(SESSIONS_MAX);
            rooms.insert(room.clone(), goodbyes.clone().split_off(first));
        }
    }

    /// It comes back.
    pub(super) fn take(&self, room: &BareJid) -> Goodbyes {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(room).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_of_rooms_that_are_gone_is_bounded_and_soon_over() {
        // 45-7.2.18-b
        let absent = Absent::default();
        let room = |n: usize| BareJid::parse(&format!("r{n}@muc.example")).expect("an address");
        let left = |at: u64| (0..500).map(|n| (n, Duration::from_secs(at))).collect::<Goodbyes>();
        for n in 0..ROOMS_MAX + 5 {
            absent.keep(&room(n), &left(10), Duration::from_secs(20));
        }
        assert_eq!(absent.take(&room(3)).len(), SESSIONS_MAX);
        assert!(absent.take(&room(3)).is_empty() && absent.take(&room(ROOMS_MAX + 4)).is_empty());
        // Who left long ago makes place for others.
        absent.keep(&room(3), &left(10), Duration::from_secs(20));
        absent.keep(&room(ROOMS_MAX), &left(30), Duration::from_secs(41));
        assert_eq!(absent.take(&room(ROOMS_MAX)).last(), Some(&(499, Duration::from_secs(30))));
        absent.keep(&room(9), &left(10), Duration::from_secs(41));
        assert!(absent.take(&room(9)).is_empty());
    }
}
