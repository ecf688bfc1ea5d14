//! The archive on disk, on fjall 3.1: a log-structured merge tree, made for what is added at the end and read in
//! ranges.
//!
//! What it adds to fjall:
//! 1. keys that make every question a range or a few looks (`layout`), so that a page costs the same in any archive;
//! 2. one step for all changes of a commit (`draft`), with one sync of the disk;
//! 3. after a failed write fjall takes no more until it is opened anew, and may find then what it had refused. So a
//!    failure is followed, once the disk takes something again, by another opening, which undoes the refused change.
//!    Until then everything can be read as it was.

mod database;
mod draft;
mod layout;
mod page;
mod past;
mod raw;
mod rebuild;
mod renewal;
mod survey;
pub(in crate::store) mod upkeep;

use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use self::database::{Database, Steps, View, guarded};
use self::draft::{Draft, Known, Purge};
use self::renewal::Removed;
use super::{Archive, Freed, Size};
use crate::config::Durability;
use crate::room::archive::{Answer, ArchiveId, Change, Entry, Glimpse, Question};
use crate::store::{Renewed, StoreError};

/// After a vain attempt to open the database again, for so long nobody tries it anew.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// The versions of the layout and of the record of a message.
pub(in crate::store) const FORMATS: [(&str, u32); 2] =
    [("archive", layout::FORMAT as u32), ("message", layout::RECORD as u32)];

/// The record of a message, which had `ordinal` others before it.
pub fn encode_message(ordinal: u64, entry: &Entry) -> Vec<u8> {
    layout::encode(ordinal, entry)
}

/// Reads the record of a message under its key, which ends with its time: how many messages were before it, and the
/// message. What cannot be a message is [`StoreError::Corrupt`].
pub fn decode_message(key: &[u8], record: &[u8]) -> Result<(u64, Entry), StoreError> {
    let entry = layout::decode(key, record)?;
    Ok((layout::ordinal(record).expect("it was decoded"), entry))
}

/// Messages that are found at a time by [`Archive::look_back`].
const NEWEST_AT_A_TIME: usize = 64;

/// Archives that are read at a time by [`Archive::each_archive`].
const ARCHIVES_AT_A_TIME: usize = 256;

/// A folder on disk, used by this process alone.
pub struct FjallArchive {
    inner: Arc<Inner>,
    /// The thread that syncs from time to time, and what ends it.
    ticker: Option<(Sender<()>, JoinHandle<()>)>,
}

struct Inner {
    path: PathBuf,
    cache_bytes: u64,
    sync_each: bool,
    /// Held by whoever changes something. What it holds is known of what is stored.
    turn: Mutex<Known>,
    /// Held for writing only while the database is opened again.
    health: RwLock<Health>,
    /// Messages that were removed lately.
    removed: Removed,
}

enum Health {
    Sound(Database),
    Failed(Failure),
}

struct Failure {
    /// As it was before the change that failed; takes no more changes. Gone once another opening was tried.
    database: Option<Database>,
    /// The change that failed: what of it is found has to be undone.
    refused: Steps,
    /// The steps back, known once they were read from `database`.
    undo: Option<Steps>,
    why: StoreError,
    retry_at: Instant,
}

impl FjallArchive {
    /// Opens the archive in the folder `path`, which is made with rights 0700 if it is not there.
    /// With [`Durability::Strict`] each commit is on the disk when it returns, with [`Durability::Interval`] within
    /// `interval`. `cache_bytes` is memory for what is read.
    ///
    /// [`StoreError::Unusable`] if it cannot be had: no rights, held by another process, damaged, written by a newer
    /// version.
    pub fn open(
        path: &Path,
        durability: Durability,
        interval: Duration,
        cache_bytes: u64,
    ) -> Result<Self, StoreError> {
        let database = Database::open(path, cache_bytes)?;
        let inner = Arc::new(Inner {
            path: path.to_owned(),
            cache_bytes,
            sync_each: durability == Durability::Strict,
            turn: Mutex::default(),
            health: RwLock::new(Health::Sound(database)),
            removed: Removed::default(),
        });
        let ticker = match durability {
            Durability::Strict => None,
            Durability::Interval => Some(tick(inner.clone(), interval)?),
        };
        Ok(Self { inner, ticker })
    }
}

/// Starts a thread that syncs every `interval` until it is told to end.
fn tick(inner: Arc<Inner>, interval: Duration) -> Result<(Sender<()>, JoinHandle<()>), StoreError> {
    let (end, ended) = mpsc::channel();
    let run = move || {
        let mut failing = false;
        while ended.recv_timeout(interval) == Err(RecvTimeoutError::Timeout) {
            match inner.change(|_| Ok(()), |database, _| database.sync()) {
                Ok(()) => failing = false,
                // That it works again is told with the next message.
                Err(e) if !std::mem::replace(&mut failing, true) => {
                    tracing::error!("messages of the last {interval:?} are not on the disk: {e}");
                }
                Err(_) => {}
            }
        }
    };
    let thread = Builder::new().name("archive-sync".to_owned()).spawn(run);
    let thread = thread.map_err(|e| StoreError::Unusable(format!("no thread for the archive: {e}")))?;
    Ok((end, thread))
}

impl Inner {
    fn turn(&self) -> MutexGuard<'_, Known> {
        // What is known is thrown away after a failure, and a panic is one: see `change`.
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls `f` with everything as it stands.
    fn read<T>(&self, f: impl FnOnce(&View<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        {
            let health = self.health.read().unwrap_or_else(PoisonError::into_inner);
            if let Health::Sound(database) | Health::Failed(Failure { database: Some(database), .. }) =
                &*health
            {
                return guarded(|| f(&database.view()));
            }
        }
        let _known = self.restored()?;
        let health = self.health.read().unwrap_or_else(PoisonError::into_inner);
        match &*health {
            Health::Sound(database) => guarded(|| f(&database.view())),
            Health::Failed(failure) => Err(failure.why.clone()),
        }
    }

    /// Changes something: `draft` puts the steps together, `make` makes them.
    fn change<T>(
        &self,
        draft: impl FnOnce(&mut Draft<'_>) -> Result<T, StoreError>,
        make: impl FnOnce(&Database, &Steps) -> Result<(), StoreError>,
    ) -> Result<T, StoreError> {
        let mut known = self.restored()?;
        let health = self.health.read().unwrap_or_else(PoisonError::into_inner);
        let database = match &*health {
            Health::Sound(database) => database,
            Health::Failed(failure) => return Err(failure.why.clone()),
        };
        let (outcome, steps, learned) = guarded(|| {
            let mut changes = Draft::new(database.view(), &known);
            let outcome = draft(&mut changes)?;
            let (steps, learned) = changes.finish();
            Ok((outcome, steps, learned))
        })?;
        match make(database, &steps) {
            Ok(()) => {
                known.learn(learned);
                Ok(outcome)
            }
            Err(why) => {
                drop(health);
                known.forget();
                let mut health = self.health.write().unwrap_or_else(PoisonError::into_inner);
                health.fail(steps, why.clone());
                Err(why)
            }
        }
    }

    /// Drops the oldest messages of an archive.
    fn purge(&self, archive: &ArchiveId, purge: Purge, step_max: usize) -> Result<Freed, StoreError> {
        // What is purged and comes back after a loss of power is purged again: no need for a sync.
        let freed = self.change(
            |draft| draft.purge(archive, purge, step_max),
            |database, steps| self.make(database, steps, false),
        )?;
        self.removed.note(freed.messages);
        Ok(freed)
    }

    /// Makes steps that are put together.
    fn make(&self, database: &Database, steps: &Steps, sync: bool) -> Result<(), StoreError> {
        if steps.is_empty() {
            return Ok(());
        }
        database.apply(steps, sync)
    }

    /// The turn, after the database was opened again if it had failed.
    fn restored(&self) -> Result<MutexGuard<'_, Known>, StoreError> {
        let turn = self.turn();
        if let Health::Sound(_) = &*self.health.read().unwrap_or_else(PoisonError::into_inner) {
            return Ok(turn);
        }
        let mut health = self.health.write().unwrap_or_else(PoisonError::into_inner);
        if let Health::Failed(failure) = &mut *health {
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
        Ok(turn)
    }

    /// Opens the database again as it was before the change that failed.
    fn restore(&self, failure: &mut Failure) -> Result<Database, StoreError> {
        let still = |e| StoreError::Io(format!("the disk still fails: {e}"));
        database::probe(&self.path).map_err(still)?;
        let undo = match (&failure.undo, &failure.database) {
            (Some(undo), _) => undo.clone(),
            (None, Some(database)) => {
                let view = database.view();
                let before = |((table, key), _): (&(_, Vec<u8>), _)| {
                    Ok(((*table, key.clone()), view.get(*table, key)?.map(|value| value.to_vec())))
                };
                guarded(|| failure.refused.iter().map(before).collect::<Result<Steps, StoreError>>())?
            }
            (None, None) => return Err(failure.why.clone()),
        };
        failure.undo = Some(undo.clone());
        if let Some(database) = failure.database.take() {
            database.close();
        }
        database::rewrite_journals(&self.path).map_err(still)?;
        let database = Database::open(&self.path, self.cache_bytes)?;
        match database.apply(&undo, true) {
            Ok(()) => Ok(database),
            Err(e) => {
                database.close();
                Err(e)
            }
        }
    }
}

impl Health {
    /// From now on nothing can be changed until the database was opened again.
    fn fail(&mut self, refused: Steps, why: StoreError) {
        let failure = Failure { database: None, refused, undo: None, why, retry_at: Instant::now() };
        if let Self::Sound(database) = std::mem::replace(self, Self::Failed(failure))
            && let Self::Failed(failure) = self
        {
            failure.database = Some(database);
        }
    }
}

impl Drop for FjallArchive {
    fn drop(&mut self) {
        if let Some((end, thread)) = self.ticker.take() {
            drop(end);
            // It ends by itself, and has nothing to say.
            let _ = thread.join();
        }
        let mut health = self.inner.health.write().unwrap_or_else(PoisonError::into_inner);
        health.fail(Steps::new(), StoreError::Unusable("the archive is closed".to_owned()));
        if let Health::Failed(Failure { database, .. }) = &mut *health
            && let Some(database) = database.take()
        {
            database.close();
        }
    }
}

impl Archive for FjallArchive {
    fn commit(&self, changes: &[Change]) -> Result<(), StoreError> {
        self.inner.change(
            |draft| changes.iter().try_for_each(|change| draft.change(change)),
            |database, steps| self.inner.make(database, steps, self.inner.sync_each),
        )
    }

    fn answer(&self, archive: &ArchiveId, question: &Question) -> Result<Answer, StoreError> {
        self.inner.read(|view| page::answer(view, archive, question))
    }

    fn newest(&self, archive: &ArchiveId, each: &mut dyn FnMut(Entry) -> bool) -> Result<(), StoreError> {
        self.look_back(archive, &mut |message| message.read().is_none_or(&mut *each))
    }

    fn look_back(
        &self,
        archive: &ArchiveId,
        each: &mut dyn FnMut(&dyn Glimpse) -> bool,
    ) -> Result<(), StoreError> {
        let mut end = u64::MAX;
        loop {
            let some = self.inner.read(|view| page::newest(view, archive, end, NEWEST_AT_A_TIME))?;
            let Some(oldest) = some.last() else { return Ok(()) };
            end = oldest.position;
            if !some.iter().all(|message| each(message)) {
                return Ok(());
            }
        }
    }

    fn each_archive(&self, each: &mut dyn FnMut(ArchiveId)) -> Result<(), StoreError> {
        let mut from = layout::archive_key("");
        loop {
            let some: Vec<Vec<u8>> = self.inner.read(|view| {
                let range = view.range(layout::Table::Archives, &from, &[layout::ARCHIVE + 1]);
                range.take(ARCHIVES_AT_A_TIME).map(|pair| pair.map(|(key, _)| key.to_vec())).collect()
            })?;
            let Some(last) = some.last() else { return Ok(()) };
            from = [last.as_slice(), &[0]].concat();
            for key in some {
                match std::str::from_utf8(&key[1..]) {
                    Ok(id) => each(ArchiveId(id.to_owned())),
                    Err(_) => tracing::error!("an archive of a name that is no text is passed over"),
                }
            }
        }
    }

    fn purge(
        &self,
        archive: &ArchiveId,
        before: Timestamp,
        messages_max: u64,
        step_max: usize,
    ) -> Result<Freed, StoreError> {
        let before = layout::position_from(before);
        self.inner.purge(archive, Purge { before, messages_max, bytes: 0 }, step_max)
    }

    fn trim(&self, archive: &ArchiveId, bytes: u64, step_max: usize) -> Result<Freed, StoreError> {
        self.inner.purge(archive, Purge { before: 0, messages_max: u64::MAX, bytes }, step_max)
    }

    fn bytes(&self) -> u64 {
        let health = self.inner.health.read().unwrap_or_else(PoisonError::into_inner);
        match &*health {
            Health::Sound(database) => {
                database.keyspaces().iter().map(|keyspace| keyspace.disk_space()).sum()
            }
            Health::Failed(_) => 0,
        }
    }

    fn count_bytes(
        &self,
        archive: &ArchiveId,
        so_far: Size,
        step_max: usize,
    ) -> Result<Option<Size>, StoreError> {
        self.inner.read(|view| page::count_bytes(view, archive, so_far, step_max))
    }

    fn sweep(&self, step_max: usize) -> Result<usize, StoreError> {
        let gone = self.inner.change(
            |draft| draft.sweep(step_max),
            |database, steps| self.inner.make(database, steps, false),
        )?;
        self.inner.removed.note(gone);
        Ok(gone)
    }

    fn renew(&self, rest: &dyn Fn(Duration) -> bool) -> Result<Option<Renewed>, StoreError> {
        self.inner.renew(rest)
    }
}

#[cfg(test)]
mod tests;
