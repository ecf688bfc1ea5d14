//! One opening of the database: its trees, the steps of a change, and how they reach the disk.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use ::sled::transaction::{ConflictableTransactionError, TransactionError, Transactional};
use ::sled::{Batch, Db, IVec, Tree};

use super::folder::{Disk, Folder};
use super::{journal, upgrade};
use crate::store::StoreError;
use crate::store::change::Changes;
use crate::store::layout::Table;

/// The layout of the trees. One that is written by a later layout is refused.
pub(super) const FORMAT: u32 = 3;

/// The one before: it has no notes of what is left of forgotten rooms, and is the same in all else.
const FORMAT_WITHOUT_RESTS: u32 = 2;

/// Records are read once per room and then live in the room: little is gained by a larger cache.
const CACHE_BYTES: u64 = 1024 * 1024;

/// Steps in one transaction. See [`journal`] for what a change of more takes.
pub(super) const STEPS_AT_A_TIME: usize = 2048;

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

pub(super) struct Database {
    db: Db,
    /// What is said about the database.
    meta: Tree,
    /// In the order of [`Table::ALL`].
    trees: [Tree; Table::ALL.len()],
    disk: Disk,
    /// About how many bytes of keys and values there are.
    live: u64,
    clearing: Clearing,
}

/// Whether the log is to be cleared more than in proportion, and whether that is of use.
#[derive(Debug, Default)]
pub(super) struct Clearing {
    /// How large the log was the last time.
    bytes: u64,
    /// How often in a row it has not become smaller.
    vain: u32,
    /// It is left alone up to this size.
    left_alone: u64,
}

impl Clearing {
    /// Whether a log of so many bytes is too large for what is `live`.
    pub(super) fn is_due(&mut self, bytes: u64, live: u64) -> bool {
        let smaller = bytes < std::mem::replace(&mut self.bytes, bytes);
        if bytes <= 2 * live + SPARE_BYTES || bytes <= self.left_alone {
            self.vain = 0;
            return false;
        }
        self.vain = if smaller { 0 } else { self.vain + 1 };
        if self.vain >= VAIN_MAX {
            // What there is may take more on the disk than its bytes say.
            (self.vain, self.left_alone) = (0, bytes + bytes / 8);
        }
        true
    }
}

/// A key, what it holds and what it shall hold.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Step {
    pub(super) table: Table,
    pub(super) key: IVec,
    pub(super) before: Option<IVec>,
    pub(super) after: Option<IVec>,
}

impl Step {
    /// How many bytes of key and value are written.
    pub(super) fn bytes(&self) -> usize {
        self.key.len() + self.after.as_ref().map_or(0, |value| value.len())
    }

    /// The step back.
    pub(super) fn undo(self) -> Self {
        Self { before: self.after, after: self.before, ..self }
    }
}

impl Database {
    /// Opens the database in `folder`, mending it first, and bringing it to the present layout.
    pub(super) fn open(folder: &Folder) -> Result<Self, StoreError> {
        folder.repair().map_err(|e| {
            StoreError::Unusable(format!("the database in {} cannot be opened: {e}", folder.path().display()))
        })?;
        Self::open_mended(folder)
    }

    /// The same; there is nothing to mend.
    pub(super) fn open_mended(folder: &Folder) -> Result<Self, StoreError> {
        let unusable = |e: &dyn std::fmt::Display| {
            StoreError::Unusable(format!("the database in {} cannot be opened: {e}", folder.path().display()))
        };
        let (db, format) = open(folder)?;
        let db = match format {
            None | Some(Some(FORMAT | FORMAT_WITHOUT_RESTS)) => db,
            Some(Some(upgrade::FORMAT)) => {
                upgrade::upgrade(db, folder)?;
                open(folder)?.0
            }
            Some(found) => {
                let found = found.map_or("unknown".to_owned(), |f| f.to_string());
                return Err(StoreError::Unusable(format!(
                    "{} has format {found}, this program knows {FORMAT}; it was written by a newer version",
                    folder.path().display()
                )));
            }
        };
        let meta = db.open_tree(META).map_err(|e| unusable(&e))?;
        if format != Some(Some(FORMAT)) {
            meta.insert("format", FORMAT.to_string().as_bytes()).map_err(|e| unusable(&e))?;
        }
        let tree = |table| db.open_tree(tree_name(table)).map_err(|e| unusable(&e));
        let [listed, parts, occupants, rests] = Table::ALL.map(tree);
        let disk = folder.disk().map_err(|e| unusable(&e))?;
        let live = meta.get(LIVE).map_err(|e| unusable(&e))?;
        let live =
            live.and_then(|live| Some(u64::from_be_bytes((*live).try_into().ok()?))).unwrap_or(LIVE_UNKNOWN);
        let live = if format.is_none() { 0 } else { live };
        let mut database = Self {
            db,
            meta,
            live,
            clearing: Clearing::default(),
            trees: [listed?, parts?, occupants?, rests?],
            disk,
        };
        database.write_out()?;
        database.sync(folder)?;
        if let Some(steps) = journal::read(folder)? {
            tracing::info!("finishing a change of {} steps that an earlier run began", steps.len());
            database.make_in_parts(&steps, folder)?;
        }
        Ok(database)
    }

    /// The steps from what is stored to `changes`; what is so already needs none.
    pub(super) fn steps(&self, changes: Changes) -> Result<Vec<Step>, StoreError> {
        let mut steps = Vec::new();
        for ((table, key), after) in changes {
            let before = self.tree(table).get(&key).map_err(io)?;
            if before.as_deref() != after.as_deref() {
                steps.push(Step { table, key: key.into(), before, after: after.map(IVec::from) });
            }
        }
        Ok(steps)
    }

    /// Those of `steps` that are still to be made.
    pub(super) fn missing(&self, steps: &[Step]) -> Result<Vec<Step>, StoreError> {
        let mut missing = Vec::new();
        for step in steps {
            if self.tree(step.table).get(&step.key).map_err(io)? != step.after {
                missing.push(step.clone());
            }
        }
        Ok(missing)
    }

    /// Makes the steps, all of them or none, also if the process ends meanwhile. They are on the disk when it
    /// returns. After an error this database is ahead of the disk, and of no more use.
    pub(super) fn make(&mut self, steps: &[Step], folder: &Folder) -> Result<(), StoreError> {
        if steps.len() > STEPS_AT_A_TIME {
            journal::write(folder, steps).map_err(|e| StoreError::Io(e.to_string()))?;
            return self.make_in_parts(steps, folder);
        }
        self.transact(steps)?;
        self.write_out()?;
        self.sync(folder)
    }

    /// Makes the steps that are in the journal.
    fn make_in_parts(&mut self, steps: &[Step], folder: &Folder) -> Result<(), StoreError> {
        for part in steps.chunks(STEPS_AT_A_TIME) {
            self.transact(part)?;
        }
        self.write_out()?;
        self.sync(folder)?;
        journal::clear(folder).map_err(|e| StoreError::Io(e.to_string()))
    }

    fn transact(&mut self, steps: &[Step]) -> Result<(), StoreError> {
        let mut batches = Table::ALL.map(|_| Batch::default());
        for step in steps {
            let batch = &mut batches[place(step.table)];
            match &step.after {
                Some(value) => batch.insert(&step.key, value),
                None => batch.remove(&step.key),
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
        self.clear_up(steps)
    }

    /// Has the database clear up. It rewrites a page out of a part of the log that is mostly outdated each time it puts
    /// together a page that was changed ten times: too seldom when values are large, or when many small pages lie still, which
    /// are spread ever more thinly then. A value that is changed over and over makes up for it: in proportion to what the
    /// steps write, and more while the log is larger than it should be.
    fn clear_up(&mut self, steps: &[Step]) -> Result<(), StoreError> {
        let bytes: usize = steps.iter().map(Step::bytes).sum();
        let mut changes = (bytes / BYTES_FOR_A_CHANGE).saturating_sub(steps.len());
        let gone = |step: &Step| step.before.as_ref().map_or(0, |value| step.key.len() + value.len());
        let added = |step: &Step| step.after.as_ref().map_or(0, |value| step.key.len() + value.len());
        self.live = self.live.saturating_add(steps.iter().map(added).sum::<usize>() as u64);
        self.live = self.live.saturating_sub(steps.iter().map(gone).sum::<usize>() as u64);
        if self.clearing.is_due(self.disk.bytes(), self.live) {
            changes +=
                CHANGES_WHILE_LARGE.max(steps.len() * CHANGES_FOR_A_STEP).max(bytes / BYTES_WHILE_LARGE);
        }
        for n in 0..changes {
            self.meta.insert("c", &[(n % 2) as u8]).map_err(io)?;
        }
        self.meta.insert(LIVE, &self.live.to_be_bytes()).map_err(io)?;
        Ok(())
    }

    fn sync(&mut self, folder: &Folder) -> Result<(), StoreError> {
        folder.sync(&mut self.disk).map_err(|e| StoreError::Io(format!("the disk did not take it: {e}")))
    }

    /// Whether the disk has dropped something that the system holds for written.
    pub(super) fn sync_failed(&mut self, folder: &Folder) -> bool {
        self.sync(folder).is_err() || self.disk.failed
    }

    /// Closes the database, whatever state it is in.
    pub(super) fn close(self) {
        // sled panics when its last sync fails, and this is called when syncs fail.
        let dropped = guarded(|| {
            drop(self);
            Ok(())
        });
        if let Err(e) = dropped {
            tracing::warn!("closing the database: {e}");
        }
    }

    pub(super) fn tree(&self, table: Table) -> &Tree {
        &self.trees[place(table)]
    }

    /// What a table has under keys that begin so.
    pub(super) fn under(
        &self,
        table: Table,
        prefix: &[u8],
    ) -> impl Iterator<Item = Result<(IVec, IVec), StoreError>> + use<> {
        self.tree(table).scan_prefix(prefix).map(|pair| pair.map_err(io))
    }

    /// The value of a key.
    pub(super) fn get(&self, table: Table, key: &[u8]) -> Result<Option<IVec>, StoreError> {
        self.tree(table).get(key).map_err(io)
    }

    /// About how many bytes of keys and values there are.
    pub(super) fn live(&self) -> u64 {
        self.live
    }

    /// Whether that is so.
    pub(super) fn knows_live(&self) -> bool {
        self.live < LIVE_UNKNOWN / 2
    }

    /// There were so many bytes when it was taken for `before`.
    pub(super) fn count(&mut self, before: u64, bytes: u64) {
        self.live = bytes.saturating_add(self.live).saturating_sub(before);
    }

    /// Whether something is left of the room whose keys begin so, which was forgotten.
    pub(super) fn has_rest(&self, prefix: &[u8]) -> Result<bool, StoreError> {
        self.tree(Table::Rests).contains_key(prefix).map_err(io)
    }

    /// Hands everything to the system: sled's flush. When a write fails on a thread of sled's, the one who waits for
    /// it is not always woken: hence not the blocking call, but a look from time to time.
    fn write_out(&self) -> Result<(), StoreError> {
        struct Unpark(Thread);
        impl Wake for Unpark {
            fn wake(self: Arc<Self>) {
                self.0.unpark();
            }
        }
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
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

/// Where a table is in [`Table::ALL`].
fn place(table: Table) -> usize {
    table as usize - Table::ALL[0] as usize
}

fn tree_name(table: Table) -> &'static str {
    match table {
        Table::Listed => "listed",
        Table::Parts => "parts",
        Table::Occupants => "occupants",
        Table::Rests => "rests",
    }
}

/// Opens what is in `folder`, and gives its format: `None` if it is new, `Some(None)` if it is no number.
fn open(folder: &Folder) -> Result<(Db, Option<Option<u32>>), StoreError> {
    let unusable = |e: &dyn std::fmt::Display| {
        StoreError::Unusable(format!("the database in {} cannot be opened: {e}", folder.path().display()))
    };
    let config = ::sled::Config::new()
        .path(folder.path())
        .cache_capacity(CACHE_BYTES)
        .use_compression(false)
        .flush_every_ms(None);
    let mut tries = 0;
    let db = loop {
        match guarded(|| Ok(config.open()?)) {
            // The folder is ours; an earlier opening's threads may still be ending.
            Err(e) if tries < LET_GO_TRIES && e.to_string().contains("could not acquire lock") => {
                tries += 1;
                thread::sleep(LET_GO_PAUSE);
            }
            Err(e) => return Err(unusable(&e)),
            Ok(db) => break db,
        }
    };
    let format = db.open_tree(META).and_then(|meta| meta.get("format")).map_err(|e| unusable(&e))?;
    let format = format.map(|f| std::str::from_utf8(&f).ok().and_then(|f| f.parse::<u32>().ok()));
    Ok((db, format))
}

/// Does `f`; a panic in it, as sled has for some damage, is an error.
pub(super) fn guarded<T>(f: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    // Whatever `f` left half-done is closed or thrown away by the caller.
    catch_unwind(AssertUnwindSafe(f)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no reason given");
        Err(StoreError::Io(format!("the database stopped: {text}")))
    })
}

/// sled's error in our words.
pub(super) fn io(error: ::sled::Error) -> StoreError {
    match error {
        ::sled::Error::Io(e) => StoreError::Io(e.to_string()),
        other => StoreError::Io(other.to_string()),
    }
}

impl From<::sled::Error> for StoreError {
    fn from(error: ::sled::Error) -> Self {
        io(error)
    }
}
