//! The store and the archive in memory, for tests and simulations: the same code as on disk, on an engine without one. They
//! fail and wait when they are told to.

use std::time::Duration;

use super::embedded::messages::Messages;
use super::embedded::rooms::Rooms;
use super::embedded::rooms::layout::{kind, part_key, prefix};
use super::engine::memory::Memory;
use super::engine::{Recovering, Table};
use super::{Renewed, StoreError};
use crate::wire::jid::BareJid;

/// Rooms, until it is dropped.
pub type MemoryStore = Rooms<Memory>;

/// Messages, until it is dropped.
pub type MemoryArchive = Messages<Memory>;

fn engine() -> Recovering<Memory> {
    Recovering::open(Memory::default()).expect("memory can be opened")
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self { engine: engine() }
    }
}

impl Default for MemoryArchive {
    fn default() -> Self {
        Self::on(engine(), true)
    }
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// From now on every commit fails with [`StoreError::Io`] and changes nothing, or works again.
    pub fn fail_commits(&self, fail: bool) {
        self.engine.place().lock().failing = fail;
    }

    /// From now on every commit takes so long before it changes anything.
    pub fn slow_commits(&self, delay: Duration) {
        self.engine.place().lock().delay = delay;
    }

    /// What the next calls of [`super::Store::renew`] give, one each.
    pub fn plan_renewals(&self, outcomes: impl IntoIterator<Item = Result<Option<Renewed>, StoreError>>) {
        self.engine.place().lock().renewals.extend(outcomes);
    }

    /// How many of them were not called for.
    pub fn planned_renewals(&self) -> usize {
        self.engine.place().lock().renewals.len()
    }

    /// How many commits have changed something.
    pub fn commits(&self) -> u64 {
        self.engine.place().lock().changes
    }

    /// How many records the largest commit has touched since this was asked last.
    pub fn largest_commit(&self) -> usize {
        std::mem::take(&mut self.engine.place().lock().largest)
    }

    /// How many records there are.
    pub fn records(&self) -> usize {
        self.engine.place().lock().pairs.len()
    }

    /// Spoils what a room begins with, and what is known of it without loading it, or one affiliation in it, as a bad disk
    /// would. Whether there was one.
    pub fn damage(&self, room: &BareJid, jid: Option<&BareJid>) -> bool {
        match jid {
            None => {
                self.spoil(Table::Listed, prefix(room));
                self.spoil(Table::Parts, part_key(room, kind::LIFE, ""))
            }
            Some(jid) => self.spoil(Table::Parts, part_key(room, kind::AFFILIATION, jid.as_str())),
        }
    }

    /// Spoils a part of a room that there is one of, named by its letter in the key. Whether there was one.
    pub fn damage_part(&self, room: &BareJid, kind: u8) -> bool {
        self.spoil(Table::Parts, part_key(room, kind, ""))
    }

    /// Cuts what is at `key` in half. Whether there was something.
    fn spoil(&self, table: Table, key: Vec<u8>) -> bool {
        let value = self.engine.place().lock().pairs.get_mut(&(table, key)).map(|value| {
            *value = value[..value.len() / 2].into();
        });
        value.is_some()
    }
}

impl MemoryArchive {
    /// An empty archive.
    pub fn new() -> Self {
        Self::default()
    }

    /// From now on every commit fails with [`StoreError::Io`] and changes nothing, or works again.
    pub fn fail_commits(&self, fail: bool) {
        self.engine().place().lock().failing = fail;
    }
}
