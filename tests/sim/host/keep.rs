//! What is written, at once and later, and what becomes of it when a disk refuses.

use conclave::room::archive::{ArchiveId, Change, Entry};
use conclave::room::write::{Write, is_request};
use conclave::store::LocalArchive;
use conclave::store::LocalStore;
use jiff::Timestamp;

use super::{Handled, Host, Place};
use crate::run::number_of;

/// How long after a change the store is told who is in the room, in seconds.
const LINGER_SECONDS: i64 = 3;

impl Host<'_> {
    /// From now on the store and the archive take so many commits more, or all that come.
    pub(crate) fn disk(&mut self, store_left: Option<u32>, archive_left: Option<u32>) {
        self.note_store();
        self.store_left = store_left;
        self.archive_left = archive_left;
        self.note_store();
    }

    /// The process does nothing from now on, or goes on.
    pub(crate) fn stall(&mut self, stalled: bool) {
        self.stalled = stalled;
        self.awake_since = self.second;
        self.note_store();
    }

    /// Notes for those who ask later when the store was told nothing.
    pub(super) fn note_store(&mut self) {
        let fails = self.store_left.is_some() || self.stalled;
        self.store_failed = match (fails, self.store_failed) {
            (true, Some((since, _))) if self.lags() => Some((since, None)),
            (true, _) => Some((self.second, None)),
            (false, Some((since, None))) => Some((since, Some(self.second))),
            (false, was) => was,
        };
    }

    /// Whether the store has not been told all that it should know by now.
    pub(crate) fn lags(&self) -> bool {
        self.store_failed
            .is_some_and(|(_, until)| until.is_none_or(|until| self.second - until <= LINGER_SECONDS))
    }

    /// Until when the store has been told what happened, if all went as it should.
    pub(crate) fn told_until(&self) -> i64 {
        let lost_since = self.store_failed.filter(|_| self.lags()).map_or(self.second, |(since, _)| since);
        lost_since - LINGER_SECONDS
    }

    /// Whether all is taken that comes.
    pub(crate) fn disk_works(&self) -> bool {
        self.store_left.is_none() && self.archive_left.is_none()
    }

    /// Whether an archive has a message.
    pub(crate) fn has_archive(&self, archive: &ArchiveId) -> bool {
        let mut has = false;
        let each = &mut |_| {
            has = true;
            false
        };
        self.archive.newest(archive, each).expect("this archive always reads");
        has
    }

    pub(super) fn keep_store(&mut self, writes: &[Write]) -> bool {
        if writes.is_empty() {
            return true;
        }
        self.store.fail_commits(self.store_left == Some(0));
        self.store_left = self.store_left.map(|left| left.saturating_sub(1));
        self.store.commit(writes).is_ok()
    }

    pub(super) fn keep_archive(&mut self, changes: &[Change]) -> bool {
        if changes.is_empty() {
            return true;
        }
        self.archive.fail_commits(self.archive_left == Some(0));
        self.archive_left = self.archive_left.map(|left| left.saturating_sub(1));
        self.archive.commit(changes).is_ok()
    }

    /// The numbers and times of all messages that a room's archive has, but subjects, oldest first.
    pub(crate) fn archived(&self, place: usize) -> Vec<(u64, Timestamp)> {
        let mut all = Vec::new();
        let each = &mut |entry: Entry| {
            all.extend(number_of(&entry.message).map(|number| (number, entry.at)));
            true
        };
        let archive = self.room(place).state().record.archive.clone();
        self.archive.newest(&archive, each).expect("this archive always reads");
        all.reverse();
        all
    }

    /// What is owed to the archive is forgotten with the process.
    pub(super) fn forget_debts(&mut self, place: usize) {
        for change in std::mem::take(&mut self.places[place].owed) {
            let Change::Withdraw { archive, id } = change else { continue };
            let each = &mut |entry: Entry| {
                if entry.id == id {
                    let number = number_of(&entry.message);
                    self.haunted.extend(number.map(|number| (archive.clone(), number, entry.at)));
                }
                true
            };
            self.archive.newest(&archive, each).expect("this archive always reads");
        }
    }

    /// Takes back what nobody has seen; true if the archive has nothing of it any more.
    fn settle_debts(&mut self, place: usize) -> bool {
        let owed = std::mem::take(&mut self.places[place].owed);
        let settled = self.keep_archive(&owed);
        if !settled {
            self.places[place].owed = owed;
        }
        settled
    }

    /// Makes durable what events lead to: all of it or nothing.
    pub(super) fn commit(&mut self, place: usize, handled: &mut [Handled]) -> bool {
        let effects = handled.iter().map(|h| &h.effects);
        let writes: Vec<Write> = effects.clone().flat_map(|fx| fx.writes.iter().cloned()).collect();
        let changes = effects.flat_map(|fx| fx.archive.iter().cloned());
        let (forgotten, changes): (Vec<_>, Vec<_>) =
            changes.partition(|change| matches!(change, Change::Forget { .. }));
        if !changes.is_empty() && !self.settle_debts(place) || !self.keep_archive(&changes) {
            return false;
        }
        let Place { told, room: Some(room), .. } = &self.places[place] else { return false };
        let (writes, told) = told.along_with(writes, room);
        assert!(is_request(&writes), "others wait for {} writes", writes.len());
        if !self.keep_store(&writes) {
            self.places[place].owed.extend(withdrawn(changes));
            self.settle_debts(place);
            return false;
        }
        self.places[place].told = told;
        // What is not to be found any more need not be gone.
        self.keep_archive(&forgotten);
        true
    }

    /// The store is told all that there is to know of a room. If it does not take it, the next time may be better.
    pub(super) fn catch_up(&mut self, place: usize) {
        if self.places[place].room.is_none() {
            return;
        }
        self.places[place].behind = None;
        let settled = self.settle_debts(place);
        let Place { room: Some(room), told, .. } = &self.places[place] else { return };
        let (writes, all) =
            if told.is_stale(room) { told.catch_up(room) } else { (Vec::new(), told.clone()) };
        if self.keep_store(&writes) {
            self.places[place].told = all;
            if settled {
                return;
            }
        }
        self.places[place].behind = Some(self.second);
    }

    /// Whether it is time to tell the store what it does not know.
    pub(super) fn is_overdue(&self, place: usize) -> bool {
        self.places[place].behind.is_some_and(|since| self.second - since >= LINGER_SECONDS)
    }
}

/// What takes messages back that nobody has seen.
fn withdrawn(changes: Vec<Change>) -> Vec<Change> {
    let withdraw = |change| match change {
        Change::Append { archive, entry } => Some(Change::Withdraw { archive, id: entry.id.clone() }),
        _ => None,
    };
    changes.into_iter().filter_map(withdraw).collect()
}
