//! What removed messages take on the disk is given back while the archive is used.
//!
//! The database merges files when much is written. When nothing is, what was removed stays in them, and a removal takes room
//! of its own: hence a look from time to time.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::Builder;
use std::time::{Duration, Instant};

use ::fjall::{AbstractTree, Database, Keyspace};

use super::{Fjall, guarded, io, write_out};
use crate::store::engine::Recovering;
use crate::store::{Renewed, StoreError};

/// After so many messages were removed, or so long after any was, what is held in memory of it is written out.
const REMOVED_MANY: u64 = 10_000;
const REMOVED_LONG: Duration = Duration::from_secs(30 * 60);

/// Files that take no more are left alone.
const SPARE_BYTES: u64 = 2 << 20;

/// What is to be free on the disk beside the half of what is merged.
const FREE_BYTES_MIN: u64 = 16 << 20;

/// Nothing is ever kept under this key.
const NO_KEY: &[u8] = &[0];

/// How often it is looked whether the merging is at its end.
const LOOK_PAUSE: Duration = Duration::from_millis(50);

/// How many messages were removed since that was last written out, and when that was.
#[derive(Debug, Default)]
pub(super) struct Removed {
    messages: AtomicU64,
    written_out: Mutex<Option<Instant>>,
}

impl Removed {
    pub(super) fn note(&self, messages: usize) {
        self.messages.fetch_add(messages as u64, Ordering::Relaxed);
    }

    /// Whether it is time to write it out; it is taken to be, then.
    fn is_due(&self) -> bool {
        let mut last = self.written_out.lock().unwrap_or_else(PoisonError::into_inner);
        let messages = self.messages.load(Ordering::Relaxed);
        let is_long = last.is_none_or(|last| last.elapsed() >= REMOVED_LONG);
        let is_due = messages >= REMOVED_MANY || messages > 0 && is_long;
        if is_due {
            self.messages.store(0, Ordering::Relaxed);
            *last = Some(Instant::now());
        }
        is_due
    }
}

/// See [`crate::store::Archive::renew`]. Files are merged on a thread of its own: a stop does not wait for it, and what it has not
/// finished is thrown away when the archive is opened the next time.
pub(super) fn renew(
    engine: &Recovering<Fjall>,
    rest: &dyn Fn(Duration) -> bool,
) -> Result<Option<Renewed>, StoreError> {
    let opened = engine.if_sound(|database| Some((database.db.clone(), database.keyspaces.clone())));
    let Some((db, keyspaces)) = opened else { return Ok(None) };
    let place = engine.place();
    let is_due = place.removed.is_due();
    if !is_due && !keyspaces.iter().any(is_spread) {
        return Ok(None);
    }
    let path = place.path.clone();
    let work = move || guarded(|| merge(&path, &db, &keyspaces, is_due));
    let thread = Builder::new().name("archive-merge".to_owned()).spawn(work);
    let thread = thread.map_err(|e| StoreError::Io(format!("no thread for the archive: {e}")))?;
    while !thread.is_finished() {
        if !rest(LOOK_PAUSE) {
            return Ok(None);
        }
    }
    thread.join().unwrap_or_else(|_| Err(StoreError::Io("the archive stopped".to_owned())))
}

/// Writes out what is held in memory, if that `is_due`, and merges the files of those of which a half and more is of no use.
fn merge(
    path: &Path,
    db: &Database,
    keyspaces: &[Keyspace],
    is_due: bool,
) -> Result<Option<Renewed>, StoreError> {
    if is_due {
        keyspaces.iter().try_for_each(|keyspace| write_out(db, keyspace))?;
    }
    let mut renewed = None;
    for keyspace in keyspaces.iter().filter(|keyspace| is_spread(keyspace)) {
        let before = keyspace.disk_space();
        let free = crate::store::free_bytes(path)?;
        if free < before / 2 + FREE_BYTES_MIN {
            return Err(StoreError::Io(format!("{free} bytes are free on the disk, too few for new files")));
        }
        keyspace.major_compact().map_err(io)?;
        // The old files go with the next ones that are written, once no reader has them open.
        keyspace.remove(NO_KEY).map_err(io)?;
        write_out(db, keyspace)?;
        let sum = renewed.get_or_insert(Renewed { before: 0, after: 0 });
        sum.before += before;
        sum.after += keyspace.disk_space();
    }
    Ok(renewed)
}

/// Whether a half and more of the files is of no use: each removal stands for itself and for what it removed.
fn is_spread(keyspace: &Keyspace) -> bool {
    let removals = keyspace.tree.tombstone_count();
    keyspace.disk_space() > SPARE_BYTES && 3 * removals >= keyspace.approximate_len() as u64
}
