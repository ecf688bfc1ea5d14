//! The archive on an engine: what was said in rooms, as keys and records.
//!
//! What it adds to the engine:
//! 1. keys that make every question a range or a few looks (`layout`), so that a page costs the same in any archive;
//! 2. one change for all of a commit (`transaction`), with one sync of the disk.

pub(in crate::store) mod layout;
pub(in crate::store) mod query;
mod transaction;

use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use jiff::Timestamp;

use self::transaction::{Known, Purge, Transaction};
use crate::config::Durability;
use crate::room::archive::{Answer, ArchiveId, Change, Entry, Glimpse, Question};
use crate::store::engine::fjall::{self, Fjall};
use crate::store::engine::{Engine, Recovering, Table, View};
use crate::store::{Freed, LocalArchive, Renewed, Size, StoreError};

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

/// Messages that are found at a time by [`LocalArchive::look_back`].
const NEWEST_AT_A_TIME: usize = 64;

/// Archives that are read at a time by [`LocalArchive::each_archive`].
const ARCHIVES_AT_A_TIME: usize = 256;

/// An archive on an engine.
pub struct Messages<E: Engine> {
    inner: Arc<Inner<E>>,
    /// The thread that syncs from time to time, and what ends it.
    ticker: Option<(Sender<()>, JoinHandle<()>)>,
}

struct Inner<E: Engine> {
    engine: Recovering<E>,
    sync_each: bool,
    /// Held for each change: what it holds is known of what is stored.
    known: Mutex<Known>,
}

impl Messages<Fjall> {
    /// Opens the archive in the folder `path`, which is made with rights 0700 if it is not there.
    /// With [`Durability::Strict`] each commit is on the disk when it returns, with [`Durability::Interval`] within
    /// `interval`. `cache_bytes` is memory for what is read.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] if it cannot be had: no rights, used by another process, damaged, written by a newer version.
    pub fn open(
        path: &Path,
        durability: Durability,
        interval: Duration,
        cache_bytes: u64,
    ) -> Result<Self, StoreError> {
        let engine = Recovering::open(fjall::Place::new(path, cache_bytes))?;
        check_format(&engine, path)?;
        let mut archive = Self::on(engine, durability == Durability::Strict);
        if durability == Durability::Interval {
            archive.ticker = Some(tick(archive.inner.clone(), interval)?);
        }
        Ok(archive)
    }
}

/// Refuses an archive that a newer version wrote; a new one is given the present format.
///
/// # Errors
/// [`StoreError::Unusable`] if its format is not known.
pub(in crate::store) fn check_format(engine: &Recovering<Fjall>, path: &Path) -> Result<(), StoreError> {
    let key = (Table::Archives, layout::FORMAT_KEY.to_vec());
    let format = engine.read(|view| view.get(key.0, &key.1))?;
    match format.as_deref() {
        Some([layout::FORMAT]) => Ok(()),
        None => {
            let format = [(key, Some(vec![layout::FORMAT]))].into();
            engine.change(true, |_| Ok(((), format)))
        }
        Some(found) => {
            let found = found.first().map_or("none".to_owned(), u8::to_string);
            let known = layout::FORMAT;
            Err(StoreError::Unusable(format!(
                "the archive in {} has format {found}, this program knows {known}; it was written by a newer version",
                path.display()
            )))
        }
    }
}

/// Starts a thread that syncs every `interval` until it is told to end.
fn tick<E: Engine>(
    inner: Arc<Inner<E>>,
    interval: Duration,
) -> Result<(Sender<()>, JoinHandle<()>), StoreError> {
    let (end, ended) = mpsc::channel();
    let run = move || {
        let mut failing = false;
        while ended.recv_timeout(interval) == Err(RecvTimeoutError::Timeout) {
            match inner.engine.sync() {
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

impl<E: Engine> Inner<E> {
    fn known(&self) -> MutexGuard<'_, Known> {
        // What is known is thrown away after a failure, and a panic is one: see `change`.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes something: `draft` puts the steps together.
    fn change<T>(
        &self,
        durable: bool,
        draft: impl FnOnce(&mut Transaction<'_, E::View<'_>>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut known = self.known();
        let changed = self.engine.change(durable, |view| {
            let mut transaction = Transaction::new(view, &known);
            let outcome = draft(&mut transaction)?;
            let (steps, learned) = transaction.finish();
            Ok(((outcome, learned), steps))
        });
        match changed {
            Ok((outcome, learned)) => {
                known.learn(learned);
                Ok(outcome)
            }
            Err(why) => {
                known.forget();
                Err(why)
            }
        }
    }

    /// Drops the oldest messages of an archive. What comes back after a loss of power is dropped again: no need for a sync.
    fn purge(&self, archive: &ArchiveId, purge: Purge, step_max: usize) -> Result<Freed, StoreError> {
        self.change(false, |transaction| transaction.purge(archive, purge, step_max))
    }
}

impl<E: Engine> Messages<E> {
    /// What it is kept in.
    pub(in crate::store) fn engine(&self) -> &Recovering<E> {
        &self.inner.engine
    }

    /// The archive on this engine; with `sync_each`, each commit is on the disk when it returns.
    pub(in crate::store) fn on(engine: Recovering<E>, sync_each: bool) -> Self {
        Self { inner: Arc::new(Inner { engine, sync_each, known: Mutex::default() }), ticker: None }
    }
}

impl<E: Engine> Drop for Messages<E> {
    fn drop(&mut self) {
        if let Some((end, thread)) = self.ticker.take() {
            drop(end);
            // It ends by itself, and has nothing to say.
            let _ = thread.join();
        }
    }
}

impl<E: Engine> LocalArchive for Messages<E> {
    fn commit(&self, changes: &[Change]) -> Result<(), StoreError> {
        self.inner.change(self.inner.sync_each, |transaction| {
            changes.iter().try_for_each(|change| transaction.change(change))
        })
    }

    fn answer(&self, archive: &ArchiveId, question: &Question) -> Result<Answer, StoreError> {
        self.inner.engine.read(|view| query::answer(view, archive, question))
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
            let some = self.inner.engine.read(|view| query::newest(view, archive, end, NEWEST_AT_A_TIME))?;
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
            let some: Vec<Vec<u8>> = self.inner.engine.read(|view| {
                let range = view.range(Table::Archives, &from, &[layout::ARCHIVE + 1]);
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
        self.inner.engine.if_sound(E::bytes)
    }

    fn count_bytes(
        &self,
        archive: &ArchiveId,
        so_far: Size,
        step_max: usize,
    ) -> Result<Option<Size>, StoreError> {
        let known = self.inner.known();
        let counted = self.inner.engine.read(|view| {
            // At the same moment: what is seen is not noted, and what is noted is not seen.
            let mut known = known;
            let so_far = known.begin_count(archive, so_far);
            drop(known);
            query::count_bytes(view, archive, so_far, step_max)
        });
        self.inner.known().end_count(archive, counted.as_ref().ok().copied().flatten());
        counted
    }

    fn sweep(&self, step_max: usize) -> Result<usize, StoreError> {
        self.inner.change(false, |transaction| transaction.sweep(step_max))
    }

    fn renew(&self, rest: &dyn Fn(Duration) -> bool) -> Result<Option<Renewed>, StoreError> {
        E::renew(&self.inner.engine, rest)
    }
}

#[cfg(test)]
mod tests;
