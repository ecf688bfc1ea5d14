//! A store in memory, for tests and simulations: the same bytes, the same outcomes, no disk.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::change::{self, Table, affiliation_key, affiliation_prefix};
use super::record::decode_room;
use super::{Store, StoreError, StoredOccupant, Write, each_record, state};
use crate::room::state::{RoomRecord, State};
use crate::wire::jid::BareJid;

/// Keeps everything until it is dropped.
#[derive(Debug, Default)]
pub struct MemoryStore(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    rooms: BTreeMap<Vec<u8>, Vec<u8>>,
    affiliations: BTreeMap<Vec<u8>, Vec<u8>>,
    occupants: BTreeMap<Vec<u8>, Vec<u8>>,
    vcards: BTreeMap<Vec<u8>, Vec<u8>>,
    failing: bool,
    delay: Duration,
    commits: u64,
}

impl Inner {
    fn table(&mut self, table: Table) -> &mut BTreeMap<Vec<u8>, Vec<u8>> {
        match table {
            Table::Rooms => &mut self.rooms,
            Table::Affiliations => &mut self.affiliations,
            Table::Vcards => &mut self.vcards,
            Table::Occupants => &mut self.occupants,
        }
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

    /// How many commits have succeeded.
    pub fn commits(&self) -> u64 {
        self.lock().commits
    }

    /// Spoils a room's record, or one affiliation in it, as a bad disk would. Whether there was one.
    pub fn damage(&self, room: &BareJid, jid: Option<&BareJid>) -> bool {
        let mut inner = self.lock();
        let record = match jid {
            None => inner.rooms.get_mut(room.as_str().as_bytes()),
            Some(jid) => inner.affiliations.get_mut(&affiliation_key(room, jid)),
        };
        record.map(|bytes| bytes.truncate(bytes.len() / 2)).is_some()
    }

    /// Spoils a room's vCard. Whether there was one.
    pub fn damage_vcard(&self, room: &BareJid) -> bool {
        let mut inner = self.lock();
        let record = inner.vcards.get_mut(room.as_str().as_bytes());
        record.map(|bytes| bytes.truncate(bytes.len() / 2)).is_some()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing under the lock panics half-way through a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for MemoryStore {
    fn load(&self, room: &BareJid) -> Result<Option<State>, StoreError> {
        let inner = self.lock();
        let key = room.as_str().as_bytes();
        let Some(bytes) = inner.rooms.get(key) else { return Ok(None) };
        let record = decode_room(key, bytes)?;
        let prefix = affiliation_prefix(room);
        let stored = inner.affiliations.range(prefix.clone()..).take_while(|(k, _)| k.starts_with(&prefix));
        state(room, record, inner.vcards.get(key), stored.map(Ok)).map(Some)
    }

    fn occupants(&self, room: &BareJid) -> Result<Vec<StoredOccupant>, StoreError> {
        let inner = self.lock();
        let prefix = affiliation_prefix(room);
        let stored = inner.occupants.range(prefix.clone()..).take_while(|(k, _)| k.starts_with(&prefix));
        super::occupants(stored.map(Ok))
    }

    fn each_occupied(&self, each: &mut dyn FnMut(BareJid, usize)) -> Result<(), StoreError> {
        let keys: Vec<_> = self.lock().occupants.keys().cloned().collect();
        super::each_occupied(keys.into_iter().map(Ok), each)
    }

    fn each_room(&self, each: &mut dyn FnMut(BareJid, RoomRecord)) -> Result<usize, StoreError> {
        // A copy, so that `each` may use the store.
        let rooms = self.lock().rooms.clone();
        Ok(rooms.iter().filter(|(key, bytes)| !each_record(key, bytes, each)).count())
    }

    fn commit(&self, writes: &[Write]) -> Result<(), StoreError> {
        let delay = self.lock().delay;
        std::thread::sleep(delay);
        let mut inner = self.lock();
        if inner.failing {
            return Err(StoreError::Io("commits are made to fail".to_owned()));
        }
        let changes = change::changes(writes, |table, prefix| {
            let keys = inner.table(table).range(prefix.to_vec()..).map(|(k, _)| k.clone());
            Ok::<_, StoreError>(keys.take_while(|k| k.starts_with(prefix)).collect())
        })?;
        for ((table, key), value) in changes {
            match value {
                Some(value) => inner.table(table).insert(key, value),
                None => inner.table(table).remove(&key),
            };
        }
        inner.commits += 1;
        Ok(())
    }
}
