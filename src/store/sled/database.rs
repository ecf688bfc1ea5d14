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
use super::journal;
use crate::store::StoreError;
use crate::store::change::{Changes, Table};

/// The layout of the trees. One that is written by a later layout is refused.
pub(super) const FORMAT: u32 = 1;

/// Records are read once per room and then live in the room: little is gained by a larger cache.
const CACHE_BYTES: u64 = 1024 * 1024;

/// Steps in one transaction. See [`journal`] for what a change of more takes.
pub(super) const STEPS_AT_A_TIME: usize = 2048;

/// How long an earlier opening may take to let go of the file.
const LET_GO_TRIES: u32 = 100;
const LET_GO_PAUSE: Duration = Duration::from_millis(20);

/// How often a flush that does not end is looked after.
const FLUSH_CHECK: Duration = Duration::from_secs(1);

pub(super) struct Database {
    db: Db,
    pub(super) rooms: Tree,
    pub(super) affiliations: Tree,
    pub(super) vcards: Tree,
    pub(super) occupants: Tree,
    disk: Disk,
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
    /// The step back.
    pub(super) fn undo(self) -> Self {
        Self { before: self.after, after: self.before, ..self }
    }
}

impl Database {
    /// Opens the database in `folder`, mending it first.
    pub(super) fn open(folder: &Folder) -> Result<Self, StoreError> {
        let unusable = |e: &dyn std::fmt::Display| {
            StoreError::Unusable(format!("the database in {} cannot be opened: {e}", folder.path().display()))
        };
        folder.repair().map_err(|e| unusable(&e))?;
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
        let tree = |name| db.open_tree(name).map_err(|e| unusable(&e));
        let (meta, rooms) = (tree("meta")?, tree("rooms")?);
        let (affiliations, vcards, occupants) = (tree("affiliations")?, tree("vcards")?, tree("occupants")?);
        let format = meta.get("format").map_err(|e| unusable(&e))?;
        match format.as_deref().map(|f| std::str::from_utf8(f).ok().and_then(|f| f.parse::<u32>().ok())) {
            None => {
                meta.insert("format", FORMAT.to_string().as_bytes()).map_err(|e| unusable(&e))?;
            }
            Some(Some(FORMAT)) => {}
            Some(found) => {
                let found = found.map_or("unknown".to_owned(), |f| f.to_string());
                return Err(StoreError::Unusable(format!(
                    "{} has format {found}, this program knows {FORMAT}; it was written by a newer version",
                    folder.path().display()
                )));
            }
        }
        let disk = folder.disk().map_err(|e| unusable(&e))?;
        let mut database = Self { db, rooms, affiliations, vcards, occupants, disk };
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

    fn transact(&self, steps: &[Step]) -> Result<(), StoreError> {
        let mut batches = Table::ALL.map(|_| Batch::default());
        for step in steps {
            let batch = &mut batches[step.table as usize];
            match &step.after {
                Some(value) => batch.insert(&step.key, value),
                None => batch.remove(&step.key),
            }
        }
        let trees = Table::ALL.map(|table| self.tree(table).clone());
        let outcome = trees[..].transaction(|trees| {
            for (tree, batch) in trees.iter().zip(&batches) {
                tree.apply_batch(batch)?;
            }
            Ok::<_, ConflictableTransactionError<()>>(())
        });
        outcome.map_err(|e| match e {
            TransactionError::Storage(e) => io(e),
            TransactionError::Abort(()) => StoreError::Io("the transaction was given up".to_owned()),
        })
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
        match table {
            Table::Rooms => &self.rooms,
            Table::Affiliations => &self.affiliations,
            Table::Vcards => &self.vcards,
            Table::Occupants => &self.occupants,
        }
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
