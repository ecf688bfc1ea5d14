//! The engine of the store of rooms: sled 0.34.
//!
//! Guards around what sled does not do itself:
//! 1. few trees with composite keys, and never a tree per room, which costs memory by the gigabyte;
//! 2. a sync of our own after every flush (`folder`), for sled's flush does not reach the drive;
//! 3. the folder is mended before it is opened, under a lock of our own;
//! 4. after a failed write sled's memory is ahead of the disk: the engine is closed, and [`Recovering`] opens it again;
//! 5. changes of very many records go through a journal (`journal`), for sled would hold them all in memory.

mod folder;
pub(in crate::store) mod journal;
mod renewal;

use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;
use std::{io, iter};

use ::sled::transaction::{ConflictableTransactionError, TransactionError, Transactional};
use ::sled::{Batch, Db, IVec, Tree};

use self::folder::Disk;
pub use self::folder::Folder;
use self::renewal::Notes;
pub(in crate::store) use self::renewal::{Copy, write_anew};
use super::{Change, Engine, Recovering, Table, View, guarded, let_go, unusable};
use crate::store::local::waker;
use crate::store::{Renewed, StoreError};

/// The layout of the trees. One that is written by a later layout is refused.
pub(in crate::store) const FORMAT: u32 = 3;

/// The one before: it has no notes of what is left of forgotten rooms, and is the same in all else.
const FORMAT_WITHOUT_RESTS: u32 = 2;

/// The first one, in which each room was one record.
const FORMAT_OF_WHOLE_ROOMS: u32 = 1;

/// Records are read once per room and then live in the room: little is gained by a larger cache.
const CACHE_BYTES: u64 = 1024 * 1024;

/// Steps in one transaction. See [`journal`] for what a change of more takes.
pub(in crate::store) const STEPS_AT_A_TIME: usize = 2048;

/// The tree of what is said about the database.
const META: &str = "meta";

/// For so many bytes that are written, one value is to change.
const BYTES_FOR_A_CHANGE: usize = 400;

/// Where it is written about how many bytes of keys and values there are.
const LIVE: &str = "live";

/// A store of an earlier version does not have it: more than there can be, until it is counted.
const LIVE_UNKNOWN: u64 = u64::MAX / 4;

/// A log larger than twice what is in it and so much is cleared more than in proportion: so many values change with each
/// change of the store, or so many for each step.
const SPARE_BYTES: u64 = 4 << 20;
const CHANGES_WHILE_LARGE: usize = 320;
const CHANGES_FOR_A_STEP: usize = 10;
const BYTES_WHILE_LARGE: usize = 80;

/// So many changes in a row after which the log has not become smaller are enough.
const VAIN_MAX: u32 = 2000;

/// How long an earlier opening may take to let go of the file.
const LET_GO_TRIES: u32 = 100;
const LET_GO_PAUSE: Duration = Duration::from_millis(20);

/// How often a flush that does not end is looked after.
const FLUSH_CHECK: Duration = Duration::from_secs(1);

/// Brings a database of an earlier format to the present one; it is given the format.
pub(in crate::store) type Upgrade = fn(Db, &Place) -> Result<(), StoreError>;

/// The folder of a database, and what is known of it while it is used.
pub struct Place {
    folder: Folder,
    upgrade: Upgrade,
    /// Bytes of keys and values that were handed to the database.
    written: AtomicU64,
    /// How many bytes new files took beside what they always take, and how many were in them; 0 if that is not known.
    least: Mutex<(u64, u64)>,
}

impl Place {
    /// The database in `folder`; one of format 1 is upgraded by `upgrade`.
    pub(in crate::store) fn new(folder: Folder, upgrade: Upgrade) -> Arc<Self> {
        Arc::new(Self { folder, upgrade, written: 0.into(), least: Mutex::default() })
    }

    /// The folder.
    pub(in crate::store) fn folder(&self) -> &Folder {
        &self.folder
    }

    /// How many bytes of keys and values were handed to the database.
    pub(in crate::store) fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }
}

/// One opening of the database.
pub struct Sled {
    place: Arc<Place>,
    db: Db,
    /// What is said about the database.
    meta: Tree,
    /// In the order of [`Table::OF_STORE`].
    trees: [Tree; Table::OF_STORE.len()],
    log: Mutex<Log>,
    /// What is changed while the files are written anew.
    notes: Mutex<Option<Notes>>,
}

/// What is known of the file of the database.
struct Log {
    disk: Disk,
    /// About how many bytes of keys and values there are.
    live: u64,
    clearing: Clearing,
}

/// Whether the log is to be cleared more than in proportion, and whether that is of use.
#[derive(Debug, Default)]
struct Clearing {
    /// How large the log was the last time.
    bytes: u64,
    /// How often in a row it has not become smaller.
    vain: u32,
    /// It is left alone up to this size.
    left_alone: u64,
}

impl Clearing {
    /// Whether a log of so many bytes is too large for what is `live`.
    fn is_due(&mut self, bytes: u64, live: u64) -> bool {
        let smaller = bytes < std::mem::replace(&mut self.bytes, bytes);
        if bytes <= 2 * live + SPARE_BYTES || bytes <= self.left_alone {
            self.vain = 0;
            return false;
        }
        self.vain = if smaller { 0 } else { self.vain + 1 };
        if self.vain >= VAIN_MAX {
            // Keys and values may take more on the disk than their bytes.
            (self.vain, self.left_alone) = (0, bytes + bytes / 8);
        }
        true
    }
}

impl Sled {
    /// Opens the database in a folder that needs no mending, and brings it to the present layout.
    fn open_mended(place: &Arc<Place>) -> Result<Self, StoreError> {
        let path = place.folder.path();
        let failed = |e: ::sled::Error| unusable(path, &e);
        let (db, format) = open(&place.folder)?;
        let db = match format {
            None | Some(Some(FORMAT | FORMAT_WITHOUT_RESTS)) => db,
            Some(Some(FORMAT_OF_WHOLE_ROOMS)) => {
                (place.upgrade)(db, place)?;
                open(&place.folder)?.0
            }
            Some(found) => {
                let found = found.map_or("unknown".to_owned(), |f| f.to_string());
                return Err(StoreError::Unusable(format!(
                    "{} has format {found}, this program knows {FORMAT}; it was written by a newer version",
                    path.display()
                )));
            }
        };
        let meta = db.open_tree(META).map_err(failed)?;
        if format != Some(Some(FORMAT)) {
            meta.insert("format", FORMAT.to_string().as_bytes()).map_err(failed)?;
        }
        let tree = |table: Table| db.open_tree(table.name()).map_err(failed);
        let [listed, parts, occupants, rests] = Table::OF_STORE.map(tree);
        let live = meta.get(LIVE).map_err(failed)?;
        let live =
            live.and_then(|live| Some(u64::from_be_bytes((*live).try_into().ok()?))).unwrap_or(LIVE_UNKNOWN);
        let live = if format.is_none() { 0 } else { live };
        let disk = place.folder.disk().map_err(|e| unusable(path, &e))?;
        let sled = Self {
            place: place.clone(),
            trees: [listed?, parts?, occupants?, rests?],
            db,
            meta,
            log: Mutex::new(Log { disk, live, clearing: Clearing::default() }),
            notes: Mutex::default(),
        };
        sled.flush()?;
        if let Some(steps) = journal::read(&place.folder)? {
            tracing::info!("finishing a change of {} steps that an earlier run began", steps.len());
            sled.make_in_parts(&Change { steps, before: None })?;
        }
        Ok(sled)
    }

    /// Makes the steps that are in the journal.
    fn make_in_parts(&self, change: &Change) -> Result<(), StoreError> {
        let mut steps = change.steps.iter();
        loop {
            let part: Vec<_> = steps.by_ref().take(STEPS_AT_A_TIME).collect();
            if part.is_empty() {
                break;
            }
            self.transact(&part, change)?;
        }
        self.flush()?;
        journal::clear(&self.place.folder).map_err(|e| StoreError::Io(e.to_string()))
    }

    fn transact(&self, steps: &[Step<'_>], change: &Change) -> Result<(), StoreError> {
        let mut batches = Table::OF_STORE.map(|_| Batch::default());
        for ((table, key), value) in steps {
            let batch = &mut batches[table.place()];
            match value {
                Some(value) => batch.insert(key.as_slice(), value.as_slice()),
                None => batch.remove(key.as_slice()),
            }
        }
        let outcome = self.trees[..].transaction(|trees| {
            for (tree, batch) in trees.iter().zip(&batches) {
                tree.apply_batch(batch)?;
            }
            Ok::<_, ConflictableTransactionError<()>>(())
        });
        outcome.map_err(|e| match e {
            TransactionError::Storage(e) => io(e),
            TransactionError::Abort(()) => StoreError::Io("the transaction was given up".to_owned()),
        })?;
        self.clear_up(steps, change)
    }

    /// Has the database clear up. It rewrites a page out of a part of the log that is mostly outdated each time it puts
    /// together a page that was changed ten times: too seldom when values are large, or when many small pages lie still, which
    /// are spread ever more thinly then. A value that is changed over and over makes up for it: in proportion to what the
    /// steps write, and more while the log is larger than it should be.
    fn clear_up(&self, steps: &[Step<'_>], change: &Change) -> Result<(), StoreError> {
        let size = |key: &[u8], value: Option<&Vec<u8>>| value.map_or(0, |value| key.len() + value.len());
        let before =
            |step: &(Table, Vec<u8>)| change.before.as_ref().and_then(|before| before[step].as_ref());
        let bytes: usize = steps.iter().map(|((_, key), value)| bytes_of(key, value.as_ref())).sum();
        let added: usize = steps.iter().map(|((_, key), value)| size(key, value.as_ref())).sum();
        let gone: usize = steps.iter().map(|(at, _)| size(&at.1, before(at))).sum();
        let mut log = self.log();
        let Log { disk, live, clearing } = &mut *log;
        *live = live.saturating_add(added as u64).saturating_sub(gone as u64);
        let mut changes = (bytes / BYTES_FOR_A_CHANGE).saturating_sub(steps.len());
        if clearing.is_due(disk.bytes(), *live) {
            changes +=
                CHANGES_WHILE_LARGE.max(steps.len() * CHANGES_FOR_A_STEP).max(bytes / BYTES_WHILE_LARGE);
        }
        for n in 0..changes {
            self.meta.insert("c", &[(n % 2) as u8]).map_err(io)?;
        }
        self.meta.insert(LIVE, &live.to_be_bytes()).map_err(io)?;
        Ok(())
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is noted while the files are written anew.
    fn notes(&self) -> MutexGuard<'_, Option<Notes>> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tree(&self, table: Table) -> &Tree {
        &self.trees[table.place()]
    }

    /// About how many bytes of keys and values there are.
    fn live(&self) -> u64 {
        self.log().live
    }

    /// Whether that is so.
    fn knows_live(&self) -> bool {
        self.live() < LIVE_UNKNOWN / 2
    }

    /// There were so many bytes when it was taken for `before`.
    fn count(&self, before: u64, bytes: u64) {
        let live = &mut self.log().live;
        *live = bytes.saturating_add(*live).saturating_sub(before);
    }

    /// Brings all that was written to the disk.
    fn flush(&self) -> Result<(), StoreError> {
        self.write_out()?;
        let synced = self.place.folder.sync(&mut self.log().disk);
        synced.map_err(|e| StoreError::Io(format!("the disk did not take it: {e}")))
    }

    /// Hands everything to the system: sled's flush. When a write fails on a thread of sled's, the one who waits for
    /// it is not always woken: hence not the blocking call, but a look from time to time.
    fn write_out(&self) -> Result<(), StoreError> {
        let waker = waker();
        let mut flush = pin!(self.db.flush_async());
        loop {
            if let Poll::Ready(outcome) = flush.as_mut().poll(&mut Context::from_waker(&waker)) {
                return outcome.map(drop).map_err(io);
            }
            thread::park_timeout(FLUSH_CHECK);
            if let Err(e) = self.db.context.global_error() {
                // Returns at once because of the error, and wakes who waits.
                let _ = self.db.flush();
                return Err(io(e));
            }
        }
    }
}

/// A key and what becomes of it.
type Step<'a> = (&'a (Table, Vec<u8>), &'a Option<Vec<u8>>);

/// How many bytes of key and value are written.
fn bytes_of(key: &[u8], value: Option<&Vec<u8>>) -> usize {
    key.len() + value.map_or(0, Vec::len)
}

impl Engine for Sled {
    type Place = Arc<Place>;
    type Bytes = IVec;
    type View<'a> = &'a Self;
    const READS_GO_ON: bool = false;

    /// Opens the database, mending its folder first.
    fn open(place: &Arc<Place>) -> Result<Self, StoreError> {
        place.folder.repair().map_err(|e| unusable(place.folder.path(), &e))?;
        Self::open_mended(place)
    }

    fn view(&self) -> &Self {
        self
    }

    fn apply(&self, change: &Change, _durable: bool) -> Result<(), StoreError> {
        let bytes: usize = change.steps.iter().map(|((_, key), value)| bytes_of(key, value.as_ref())).sum();
        self.place.written.fetch_add(bytes as u64, Ordering::Relaxed);
        if let Some(notes) = &mut *self.notes() {
            notes.note(&change.steps);
        }
        if change.steps.len() > STEPS_AT_A_TIME {
            journal::write(&self.place.folder, &change.steps).map_err(|e| StoreError::Io(e.to_string()))?;
            return self.make_in_parts(change);
        }
        self.transact(&change.steps.iter().collect::<Vec<_>>(), change)?;
        self.flush()
    }

    fn bytes(&self) -> u64 {
        self.place.folder.bytes().unwrap_or(0)
    }

    fn close(self) -> bool {
        let failed = {
            let mut log = self.log();
            self.place.folder.sync(&mut log.disk).is_err() || log.disk.failed
        };
        // sled panics when its last sync fails, and this is called when syncs fail.
        let_go(self, "the database");
        failed
    }

    fn rewrite(place: &Arc<Place>) -> io::Result<()> {
        place.folder.rewrite()
    }

    fn renew(
        engine: &Recovering<Self>,
        rest: &dyn Fn(Duration) -> bool,
    ) -> Result<Option<Renewed>, StoreError> {
        renewal::renew(engine, rest)
    }
}

impl View for &Sled {
    type Bytes = IVec;
    type Range =
        iter::Map<::sled::Iter, fn(::sled::Result<(IVec, IVec)>) -> Result<(IVec, IVec), StoreError>>;

    fn get(&self, table: Table, key: &[u8]) -> Result<Option<IVec>, StoreError> {
        self.tree(table).get(key).map_err(io)
    }

    fn range(&self, table: Table, from: &[u8], to: &[u8]) -> Self::Range {
        self.tree(table).range(from..to.max(from)).map(|pair| pair.map_err(io))
    }
}

/// Opens what is in `folder`, and gives its format: `None` if it is new, `Some(None)` if it is no number.
fn open(folder: &Folder) -> Result<(Db, Option<Option<u32>>), StoreError> {
    let config = ::sled::Config::new()
        .path(folder.path())
        .cache_capacity(CACHE_BYTES)
        .use_compression(false)
        .flush_every_ms(None);
    let mut tries = 0;
    let db = loop {
        match guarded(|| config.open().map_err(io)) {
            // The folder is ours; an earlier opening's threads may still be ending.
            Err(e) if tries < LET_GO_TRIES && e.to_string().contains("could not acquire lock") => {
                tries += 1;
                thread::sleep(LET_GO_PAUSE);
            }
            Err(e) => return Err(unusable(folder.path(), &e)),
            Ok(db) => break db,
        }
    };
    let format =
        db.open_tree(META).and_then(|meta| meta.get("format")).map_err(|e| unusable(folder.path(), &e))?;
    let format = format.map(|f| std::str::from_utf8(&f).ok().and_then(|f| f.parse::<u32>().ok()));
    Ok((db, format))
}

/// sled's error in our words.
pub(in crate::store) fn io(error: ::sled::Error) -> StoreError {
    match error {
        ::sled::Error::Io(e) => StoreError::Io(e.to_string()),
        other => StoreError::Io(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_that_is_too_large_is_cleared_more_until_that_is_of_no_use() {
        let mut clearing = Clearing::default();
        const MIB: u64 = 1 << 20;
        assert!(!clearing.is_due(10 * MIB, 3 * MIB));
        assert!(clearing.is_due(11 * MIB, 3 * MIB));
        // As long as it becomes smaller from time to time.
        for n in 0..50_000 {
            assert!(clearing.is_due((1000 - n / 1000) * MIB, 3 * MIB), "{n}");
        }
        let vain = (0..50_000).take_while(|_| clearing.is_due(800 * MIB, 3 * MIB)).count();
        assert!((1000..5000).contains(&vain), "{vain}");
        assert!(!clearing.is_due(850 * MIB, 3 * MIB) && clearing.is_due(950 * MIB, 3 * MIB));
    }
}
