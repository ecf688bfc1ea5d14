//! The store on disk, on sled 0.34.
//!
//! Four guards around what sled does not do itself:
//! 1. two trees with composite keys, and never a tree per room, which costs memory by the gigabyte;
//! 2. a sync of our own after every flush (`folder`), for sled's flush does not reach the drive;
//! 3. the folder is mended before it is opened, under a lock of our own;
//! 4. every record has a version (`store::record`), and the layout has one too.
//!
//! And a fifth: after a failed write sled's memory is ahead of the disk. So a failure closes the database, and the
//! next use opens it again and undoes what of the failed change did reach the disk. Changes of very many records go
//! through a journal (`journal`), for sled would hold them all in memory.

mod database;
mod folder;
mod journal;
mod renewal;
mod upgrade;
pub(super) mod upkeep;

use std::ops::Bound;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockWriteGuard};
use std::time::{Duration, Instant};

use ::sled::IVec;

use self::database::{Database, Step, guarded, io};
use self::folder::Folder;
use self::renewal::Notes;
use super::change::changes;
use super::layout::{Table, first_key, prefix};
use crate::room::listing::Listed;
use crate::room::state::State;
use crate::room::write::{StoredOccupant, Write};
use crate::store::{Renewed, Store, StoreError, load, swap};
use crate::wire::jid::BareJid;

/// After a vain attempt to open the database again, for so long nobody tries it anew.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// The versions of the layout of the database and of the journal of large changes.
pub(super) const FORMATS: [(&str, u32); 2] =
    [("rooms", database::FORMAT), ("journal", journal::VERSION as u32)];

/// Rooms that are read at a time by [`Store::each_room`]; commits can go on in between.
const ROOMS_AT_A_TIME: usize = 256;

/// A folder on disk, used by this process alone.
pub struct SledStore {
    /// Taken before `health`, so that commits in a row cannot keep a reader waiting.
    turn: Mutex<()>,
    /// Held for writing during a commit: readers see what is durable, and nothing else.
    health: RwLock<Health>,
    /// Bytes of keys and values that were handed to the database.
    written: AtomicU64,
    /// What is changed while the files are written anew. Taken after `health`.
    notes: Mutex<Option<Notes>>,
    /// How many bytes new files took beside what they always take, and how many were in them; 0 if that is not known.
    least: Mutex<(u64, u64)>,
    /// Last, for it is given back when the database is closed.
    folder: Folder,
}

enum Health {
    Sound(Database),
    Failed(Failure),
}

struct Failure {
    /// The steps back to what is acknowledged.
    undo: Vec<Step>,
    /// A sync failed: see [`Folder::rewrite`].
    rewrite: bool,
    why: StoreError,
    retry_at: Instant,
}

impl SledStore {
    /// Opens the store in the folder `path`, which is made with rights 0700 if it is not there.
    ///
    /// [`StoreError::Unusable`] if it cannot be had: no rights, held by another process, other files in it, damaged,
    /// written by a newer version.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let folder = Folder::claim(path)?;
        if let Err(e) = swap::clear(path) {
            tracing::warn!("what an earlier run left half-done cannot be removed: {e}");
        }
        let database = Database::open(&folder)?;
        Ok(Self {
            folder,
            notes: Mutex::default(),
            least: Mutex::default(),
            turn: Mutex::new(()),
            health: RwLock::new(Health::Sound(database)),
            written: 0.into(),
        })
    }

    /// How many bytes of keys and values were handed to the database since it was opened.
    pub fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    /// Calls `f` with a database that holds what is durable.
    fn read<T>(&self, f: impl FnOnce(&Database) -> Result<T, StoreError>) -> Result<T, StoreError> {
        {
            let turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
            let health = self.health.read().unwrap_or_else(PoisonError::into_inner);
            drop(turn);
            if let Health::Sound(database) = &*health {
                return f(database);
            }
        }
        f(self.sound(&mut self.write())?)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Health> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        self.health.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is noted while the files are written anew.
    fn notes(&self) -> MutexGuard<'_, Option<Notes>> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Closes the database, if it is sound. The next use opens it again.
    fn close_for(&self, health: &mut Health, why: &str) {
        let why = StoreError::Io(why.to_owned());
        let closed = Failure { undo: Vec::new(), rewrite: false, why, retry_at: Instant::now() };
        if let Health::Sound(database) = std::mem::replace(health, Health::Failed(closed)) {
            database.close();
        }
    }

    /// The database, opened again if it failed.
    fn sound<'a>(&self, health: &'a mut Health) -> Result<&'a mut Database, StoreError> {
        if let Health::Failed(failure) = health {
            if Instant::now() < failure.retry_at {
                return Err(failure.why.clone());
            }
            match self.restore(failure) {
                Ok(database) => *health = Health::Sound(database),
                Err(why) => {
                    failure.why = why.clone();
                    failure.retry_at = Instant::now() + RETRY_PAUSE;
                    return Err(why);
                }
            }
        }
        match health {
            Health::Sound(database) => Ok(database),
            Health::Failed(failure) => Err(failure.why.clone()),
        }
    }

    /// Opens the database again as it was before the change that failed.
    fn restore(&self, failure: &mut Failure) -> Result<Database, StoreError> {
        if failure.rewrite {
            self.folder.rewrite().map_err(|e| StoreError::Io(format!("the disk still fails: {e}")))?;
            failure.rewrite = false;
        }
        let mut database = Database::open(&self.folder)?;
        let undone = guarded(|| {
            let missing = database.missing(&failure.undo)?;
            if missing.is_empty() {
                return Ok(());
            }
            database.make(&missing, &self.folder)
        });
        match undone {
            Ok(()) => Ok(database),
            Err(e) => {
                failure.rewrite = database.sync_failed(&self.folder);
                database.close();
                Err(e)
            }
        }
    }
}

impl Drop for SledStore {
    fn drop(&mut self) {
        let mut health = self.write();
        self.close_for(&mut health, "it is closed");
    }
}

impl Store for SledStore {
    fn load(&self, room: &BareJid) -> Result<Option<State>, StoreError> {
        self.read(|database| match database.has_rest(&prefix(room))? {
            true => Ok(None),
            false => load::state(room, database.under(Table::Parts, &prefix(room))),
        })
    }

    fn occupants(&self, room: &BareJid) -> Result<Vec<StoredOccupant>, StoreError> {
        self.read(|database| match database.has_rest(&prefix(room))? {
            true => Ok(Vec::new()),
            false => load::occupants(database.under(Table::Occupants, &prefix(room))),
        })
    }

    fn each_occupied(&self, each: &mut dyn FnMut(BareJid, usize)) -> Result<(), StoreError> {
        self.read(|database| {
            let keys = database.under(Table::Occupants, &[]).map(|pair| pair.map(|(key, _)| key));
            let listed = |prefix: &[u8]| database.under(Table::Listed, prefix);
            load::each_occupied(keys, listed, |prefix| database.has_rest(prefix), each)
        })
    }

    fn each_room(&self, each: &mut dyn FnMut(BareJid, Listed)) -> Result<usize, StoreError> {
        let (mut from, mut damaged) = (Bound::Unbounded, 0);
        loop {
            let some: Vec<(IVec, IVec)> = self.read(|database| {
                let range = database.tree(Table::Listed).range((from.clone(), Bound::Unbounded));
                let mut some = range.take(ROOMS_AT_A_TIME).collect::<Result<Vec<_>, _>>().map_err(io)?;
                if some.len() == ROOMS_AT_A_TIME {
                    // What the last one is a piece of may go on: it comes whole the next time.
                    let last = some.last().map(|(key, _)| first_key(key).to_vec());
                    some.retain(|(key, _)| last.as_deref() != Some(first_key(key)));
                }
                Ok(some)
            })?;
            let Some((last, _)) = some.last() else { return Ok(damaged) };
            from = Bound::Excluded(last.clone());
            damaged += load::each_listed(some.into_iter().map(Ok), each)?;
        }
    }

    fn has_rest(&self, room: &BareJid) -> Result<bool, StoreError> {
        self.read(|database| database.has_rest(&prefix(room)))
    }

    fn rests(&self) -> Result<Vec<BareJid>, StoreError> {
        self.read(|database| load::rests(database.under(Table::Rests, &[])))
    }

    fn commit(&self, writes: &[Write]) -> Result<(), StoreError> {
        let mut health = self.write();
        let database = self.sound(&mut health)?;
        let steps = guarded(|| {
            database.steps(changes(writes, |table, prefix, most| {
                let keys = database.under(table, prefix).map(|pair| pair.map(|(key, _)| key.to_vec()));
                keys.take(most).collect()
            })?)
        })?;
        if steps.is_empty() {
            return Ok(());
        }
        let bytes: usize = steps.iter().map(Step::bytes).sum();
        self.written.fetch_add(bytes as u64, Ordering::Relaxed);
        if let Some(notes) = &mut *self.notes() {
            notes.note(&steps);
        }
        let Err(why) = guarded(|| database.make(&steps, &self.folder)) else { return Ok(()) };
        if let Some(notes) = &mut *self.notes() {
            notes.spoil();
        }
        let undo = steps.into_iter().map(Step::undo).collect();
        let rewrite = database.sync_failed(&self.folder);
        let failure = Failure { undo, rewrite, why: why.clone(), retry_at: Instant::now() };
        if let Health::Sound(database) = std::mem::replace(&mut *health, Health::Failed(failure)) {
            database.close();
        }
        Err(why)
    }

    fn renew(&self, rest: &dyn Fn(Duration) -> bool) -> Result<Option<Renewed>, StoreError> {
        self.renew_files(rest)
    }
}

#[cfg(test)]
mod tests;
