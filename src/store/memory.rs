//! A store in memory, for tests and simulations: the same bytes, the same outcomes, no disk.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::layout::{Table, kind, part_key, prefix};
use crate::room::listing::Listed;
use crate::room::state::State;
use crate::room::write::{StoredOccupant, Write};
use crate::store::{Renewed, Store, StoreError, change, load};
use crate::wire::jid::BareJid;

/// Keeps everything until it is dropped.
#[derive(Debug, Default)]
pub struct MemoryStore(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    values: BTreeMap<(Table, Vec<u8>), Vec<u8>>,
    failing: bool,
    delay: Duration,
    commits: u64,
    largest: usize,
    renewals: VecDeque<Result<Option<Renewed>, StoreError>>,
}

impl Inner {
    /// What a table has under keys that begin so.
    fn under<'a>(
        &'a self,
        table: Table,
        prefix: &'a [u8],
    ) -> impl Iterator<Item = Result<(&'a Vec<u8>, &'a Vec<u8>), StoreError>> {
        let range = self.values.range((table, prefix.to_vec())..);
        let ours = range.take_while(move |((t, key), _)| *t == table && key.starts_with(prefix));
        ours.map(|((_, key), value)| Ok((key, value)))
    }

    /// Whether something is left of the room whose keys begin so, which was forgotten.
    fn has_rest(&self, prefix: &[u8]) -> bool {
        self.values.contains_key(&(Table::Rests, prefix.to_vec()))
    }

    /// Cuts what is at `key` in half. Whether there was something.
    fn spoil(&mut self, table: Table, key: Vec<u8>) -> bool {
        let value = self.values.get_mut(&(table, key));
        value.map(|bytes| bytes.truncate(bytes.len() / 2)).is_some()
    }
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// From now on every commit fails with [`StoreError::Io`] and changes nothing, or works again.
    pub fn fail_commits(&self, fail: bool) {
        self.lock().failing = fail;
    }

    /// From now on every commit takes so long before it changes anything.
    pub fn slow_commits(&self, delay: Duration) {
        self.lock().delay = delay;
    }

    /// What the next calls of [`Store::renew`] give, one each.
    pub fn plan_renewals(&self, outcomes: impl IntoIterator<Item = Result<Option<Renewed>, StoreError>>) {
        self.lock().renewals.extend(outcomes);
    }

    /// How many of them were not called for.
    pub fn planned_renewals(&self) -> usize {
        self.lock().renewals.len()
    }

    /// How many commits have succeeded.
    pub fn commits(&self) -> u64 {
        self.lock().commits
    }

    /// How many records the largest commit has touched since this was asked last.
    pub fn largest_commit(&self) -> usize {
        std::mem::take(&mut self.lock().largest)
    }

    /// How many records there are.
    pub fn records(&self) -> usize {
        self.lock().values.len()
    }

    /// Spoils what a room begins with, and what is known of it without loading it, or one affiliation in it, as a bad disk
    /// would. Whether there was one.
    pub fn damage(&self, room: &BareJid, jid: Option<&BareJid>) -> bool {
        let mut inner = self.lock();
        match jid {
            None => {
                inner.spoil(Table::Listed, prefix(room));
                inner.spoil(Table::Parts, part_key(room, kind::LIFE, ""))
            }
            Some(jid) => inner.spoil(Table::Parts, part_key(room, kind::AFFILIATION, jid.as_str())),
        }
    }

    /// Spoils a part of a room that there is one of, named by its letter in the key. Whether there was one.
    pub fn damage_part(&self, room: &BareJid, kind: u8) -> bool {
        self.lock().spoil(Table::Parts, part_key(room, kind, ""))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing under the lock panics half-way through a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for MemoryStore {
    fn load(&self, room: &BareJid) -> Result<Option<State>, StoreError> {
        let inner = self.lock();
        if inner.has_rest(&prefix(room)) {
            return Ok(None);
        }
        load::state(room, inner.under(Table::Parts, &prefix(room)))
    }

    fn occupants(&self, room: &BareJid) -> Result<Vec<StoredOccupant>, StoreError> {
        let inner = self.lock();
        if inner.has_rest(&prefix(room)) {
            return Ok(Vec::new());
        }
        load::occupants(inner.under(Table::Occupants, &prefix(room)))
    }

    fn each_occupied(&self, each: &mut dyn FnMut(BareJid, usize)) -> Result<(), StoreError> {
        // A copy, so that `each` may use the store.
        let values = self.lock().values.clone();
        let copy = Inner { values, ..Inner::default() };
        let keys = copy.under(Table::Occupants, &[]).map(|pair| pair.map(|(key, _)| key));
        let listed = |prefix: &[u8]| copy.values.get_key_value(&(Table::Listed, prefix.to_vec()));
        let listed = |prefix: &[u8]| listed(prefix).map(|((_, key), value)| Ok((key, value))).into_iter();
        load::each_occupied(keys, listed, |prefix| Ok(copy.has_rest(prefix)), each)
    }

    fn each_room(&self, each: &mut dyn FnMut(BareJid, Listed)) -> Result<usize, StoreError> {
        let values = self.lock().values.clone();
        let copy = Inner { values, ..Inner::default() };
        load::each_listed(copy.under(Table::Listed, &[]), each)
    }

    fn has_rest(&self, room: &BareJid) -> Result<bool, StoreError> {
        Ok(self.lock().has_rest(&prefix(room)))
    }

    fn rests(&self) -> Result<Vec<BareJid>, StoreError> {
        load::rests(self.lock().under(Table::Rests, &[]))
    }

    fn commit(&self, writes: &[Write]) -> Result<(), StoreError> {
        let delay = self.lock().delay;
        std::thread::sleep(delay);
        let mut inner = self.lock();
        if inner.failing {
            return Err(StoreError::Io("commits are made to fail".to_owned()));
        }
        let changes = change::changes(writes, |table, prefix, most| {
            let keys = inner.under(table, prefix).map(|pair| pair.map(|(key, _)| key.clone()));
            keys.take(most).collect::<Result<_, _>>()
        })?;
        inner.largest = inner.largest.max(changes.len());
        for (at, value) in changes {
            match value {
                Some(value) => inner.values.insert(at, value),
                None => inner.values.remove(&at),
            };
        }
        inner.commits += 1;
        Ok(())
    }

    fn renew(&self, _rest: &dyn Fn(Duration) -> bool) -> Result<Option<Renewed>, StoreError> {
        self.lock().renewals.pop_front().unwrap_or(Ok(None))
    }
}
