//! The engine of the archive: fjall 3.1, a log-structured merge tree, made for what is added at the end and read in ranges.
//!
//! After a failed write fjall takes no more until it is opened anew, and may find then what it had refused; until then
//! everything can be read as it was. A block that cannot be read is passed over (`skip_damaged`).

mod merging;
mod skip_damaged;

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use ::fjall::config::{
    BlockSizePolicy, CompressionPolicy, FilterPolicy, HashRatioPolicy, PartitioningPolicy,
};
use ::fjall::{AbstractTree, CompressionType, Keyspace, KeyspaceCreateOptions, PersistMode, Readable, Slice};

use self::merging::Removed;
use super::{
    Change, Engine, Recovering, Table, View, guarded, let_go, probe, rewrite, sync_parent, unusable,
};
use crate::store::damage::tell_passed_over;
use crate::store::{Renewed, StoreError};

/// Bytes of changes that are held in memory, of all keyspaces together, before they become files: so many when little is
/// written, and so many when much is. While they are written out as many more may come, and then changes wait. If each keyspace were written out by itself, what is held would be most when all happen to
/// be full at once, which can take an hour.
const HELD_BYTES: u64 = 2 << 20;
pub(in crate::store) const HELD_BYTES_MAX: u64 = 8 << 20;

/// When much is written, files are made no more often than this unless what is held is at its most.
const WRITE_OUT_PAUSE: Duration = Duration::from_secs(10);

/// Files of the database that are kept open.
const FILES_MAX: usize = 512;

/// Two, so that writing out what is in memory need not wait for the merging of files.
const WORKERS: usize = 2;

/// How long to wait at a time for what is being written out.
const WAITING_PAUSE: Duration = Duration::from_millis(10);

/// How long an earlier opening may take to let go of the folder.
const LET_GO_TRIES: u32 = 50;
const LET_GO_PAUSE: Duration = Duration::from_millis(100);

/// The folder of a database, and what is known of it while it is used.
pub struct Place {
    path: PathBuf,
    cache_bytes: u64,
    removed: Arc<Removed>,
}

impl Place {
    /// The database in the folder `path`, with so many bytes of memory for what is read.
    pub(in crate::store) fn new(path: &Path, cache_bytes: u64) -> Self {
        Self { path: path.to_owned(), cache_bytes, removed: Arc::default() }
    }
}

/// One opening of the database.
pub struct Fjall {
    db: ::fjall::Database,
    /// In the order of [`Table::OF_ARCHIVE`].
    keyspaces: [Keyspace; Table::OF_ARCHIVE.len()],
    /// When what was held in memory was written out last.
    written_out: Mutex<Instant>,
    removed: Arc<Removed>,
}

/// What is stored at one moment, without what cannot be read.
pub struct Snapshot<'a> {
    database: &'a Fjall,
    snapshot: ::fjall::Snapshot,
}

impl View for Snapshot<'_> {
    type Bytes = Slice;
    type Range = skip_damaged::Range;

    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Slice>, StoreError> {
        match self.snapshot.get(self.database.keyspace(table), key).map_err(io) {
            // An archive that seems new gets a new number: of archives nothing is passed over.
            Err(damage @ StoreError::Corrupt { .. }) if table != Table::Archives => {
                tell_passed_over(&damage);
                Ok(None)
            }
            outcome => outcome,
        }
    }

    fn range(&self, table: Table, from: &[u8], to: &[u8]) -> Self::Range {
        skip_damaged::Range::new(self.snapshot.clone(), self.database.keyspace(table).clone(), from, to)
    }
}

impl Engine for Fjall {
    type Place = Place;
    type Bytes = Slice;
    type View<'a> = Snapshot<'a>;
    const READS_GO_ON: bool = true;

    fn open(place: &Place) -> Result<Self, StoreError> {
        let path = &place.path;
        prepare(path).map_err(|e| unusable(path, &e))?;
        if let Some(missing) = missing(path).map_err(|e| unusable(path, &e))? {
            return Err(unusable(path, &format_args!("{} is missing", missing.display())));
        }
        let mut tries = 0;
        let db = loop {
            let builder = ::fjall::Database::builder(path)
                .cache_size(place.cache_bytes)
                .max_cached_files(Some(FILES_MAX))
                .worker_threads(WORKERS)
                .max_journaling_size(128 << 20);
            match guarded(|| Ok(builder.open())) {
                Ok(Err(::fjall::Error::Locked)) if tries < LET_GO_TRIES => {
                    tries += 1;
                    thread::sleep(LET_GO_PAUSE);
                }
                Ok(Err(e)) => return Err(unusable(path, &e)),
                Err(e) => return Err(unusable(path, &e)),
                Ok(Ok(db)) => break db,
            }
        };
        let keyspace =
            |table: Table| db.keyspace(table.name(), || options(table)).map_err(|e| unusable(path, &e));
        let [archives, messages, ids, index] = Table::OF_ARCHIVE.map(keyspace);
        let keyspaces = [archives?, messages?, ids?, index?];
        Ok(Self { db, keyspaces, written_out: Mutex::new(Instant::now()), removed: place.removed.clone() })
    }

    fn view(&self) -> Snapshot<'_> {
        Snapshot { database: self, snapshot: self.db.snapshot() }
    }

    fn apply(&self, change: &Change, durable: bool) -> Result<(), StoreError> {
        self.make_room()?;
        let mode = if durable { PersistMode::SyncAll } else { PersistMode::Buffer };
        let mut batch = self.db.batch().durability(Some(mode));
        for ((table, key), value) in &change.steps {
            match value {
                Some(value) => batch.insert(self.keyspace(*table), key.as_slice(), value.as_slice()),
                None => batch.remove(self.keyspace(*table), key.as_slice()),
            }
        }
        batch.commit().map_err(io)?;
        let is_removal =
            |((table, _), value): &(&(Table, _), &Option<_>)| *table == Table::Messages && value.is_none();
        self.removed.note(change.steps.iter().filter(is_removal).count());
        Ok(())
    }

    fn sync(&self) -> Result<(), StoreError> {
        self.db.persist(PersistMode::SyncAll).map_err(io)
    }

    fn bytes(&self) -> u64 {
        self.keyspaces.iter().map(Keyspace::disk_space).sum()
    }

    fn close(self) -> bool {
        let_go(self, "the archive");
        true
    }

    fn probe(place: &Place) -> io::Result<()> {
        probe(&place.path)
    }

    /// Only journals are written to again after a sync of them.
    fn rewrite(place: &Place) -> io::Result<()> {
        for entry in fs::read_dir(&place.path)? {
            let file = entry?.path();
            if file.extension().is_some_and(|extension| extension == "jnl") {
                rewrite(&file)?;
            }
        }
        Ok(())
    }

    fn renew(
        engine: &Recovering<Self>,
        rest: &dyn Fn(Duration) -> bool,
    ) -> Result<Option<Renewed>, StoreError> {
        merging::renew(engine, rest)
    }
}

impl Fjall {
    fn keyspace(&self, table: Table) -> &Keyspace {
        &self.keyspaces[table.place()]
    }

    /// The keyspaces, in the order of [`Table::OF_ARCHIVE`].
    #[cfg(test)]
    pub(in crate::store) fn keyspaces(&self) -> &[Keyspace] {
        &self.keyspaces
    }

    /// Bytes of changes that are held in memory and not being written out.
    pub(in crate::store) fn held(&self) -> u64 {
        self.keyspaces.iter().map(|keyspace| keyspace.tree.active_memtable().size()).sum()
    }

    /// Has what is held in memory written out if it is time, and waits while that lags behind; an error if it has failed.
    fn make_room(&self) -> Result<(), StoreError> {
        let is_busy = || self.keyspaces.iter().any(|keyspace| keyspace.tree.sealed_memtable_count() > 0);
        while self.held() >= HELD_BYTES_MAX && is_busy() {
            pause(&self.db)?;
        }
        let held = self.held();
        let mut written_out = self.written_out.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = held >= HELD_BYTES && written_out.elapsed() >= WRITE_OUT_PAUSE || held >= HELD_BYTES_MAX;
        if !is_due || is_busy() {
            return Ok(());
        }
        *written_out = Instant::now();
        self.keyspaces.iter().try_for_each(|keyspace| keyspace.rotate_memtable().map(drop)).map_err(io)
    }

    /// Merges all files of each keyspace: what was removed is gone from the disk then.
    pub(in crate::store) fn compact(&self) -> Result<(), StoreError> {
        guarded(|| {
            for keyspace in &self.keyspaces {
                write_out(&self.db, keyspace)?;
                keyspace.major_compact().map_err(io)?;
            }
            self.db.persist(PersistMode::SyncAll).map_err(io)
        })
    }
}

/// Has what a keyspace holds in memory become a file, and waits for it. The database's own call would wait for ever once it has
/// failed, and keep the folder from being opened again.
fn write_out(db: &::fjall::Database, keyspace: &Keyspace) -> Result<(), StoreError> {
    keyspace.rotate_memtable().map_err(io)?;
    while keyspace.tree.sealed_memtable_count() > 0 {
        pause(db)?;
    }
    Ok(())
}

/// A pause while something is written out; an error if the database has failed, for then it never will be.
fn pause(db: &::fjall::Database) -> Result<(), StoreError> {
    // Says whether it has failed, and does little else.
    db.persist(PersistMode::Buffer).map_err(io)?;
    thread::sleep(WAITING_PAUSE);
    Ok(())
}

/// Makes the folder if it is not there, and clears away what a first opening left that did not come to its end.
fn prepare(path: &Path) -> io::Result<()> {
    if path.join("version").try_exists()? {
        return Ok(());
    }
    if path.try_exists()? {
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            match entry.file_name().to_str() {
                Some("lock" | "0.jnl") => fs::remove_file(entry.path())?,
                Some("keyspaces") => fs::remove_dir_all(entry.path())?,
                _ => {
                    return Err(io::Error::other(format!(
                        "{} is no part of an archive",
                        entry.path().display()
                    )));
                }
            }
        }
        return Ok(());
    }
    DirBuilder::new().mode(0o700).create(path)?;
    sync_parent(path)
}

/// A list of tables that should be there and is not: the database would take its keyspace for a new one, and throw its tables
/// away. Once there is a table of ours, all keyspaces have their lists.
fn missing(path: &Path) -> io::Result<Option<PathBuf>> {
    let folder = |number: usize| Path::new("keyspaces").join(number.to_string());
    let has_table = |number: &usize| {
        let tables = fs::read_dir(path.join(folder(*number)).join("tables"));
        tables.is_ok_and(|mut tables| tables.next().is_some())
    };
    let count = Table::OF_ARCHIVE.len();
    if !(1..=count).any(|number| has_table(&number)) {
        return Ok(None);
    }
    for list in (0..=count).map(|number| folder(number).join("current")) {
        if !path.join(&list).try_exists()? {
            return Ok(Some(list));
        }
    }
    Ok(None)
}

#[allow(clippy::needless_pass_by_value, reason = "as `map_err` hands it over")]
fn io(error: ::fjall::Error) -> StoreError {
    use ::fjall::LsmError;
    let damaged = |reason: &str| StoreError::Corrupt {
        key: "in a file of the archive".to_owned(),
        reason: reason.to_owned(),
    };
    match error {
        ::fjall::Error::Io(e) | ::fjall::Error::Storage(LsmError::Io(e)) => {
            StoreError::Io(format!("the archive: {e}"))
        }
        ::fjall::Error::Storage(LsmError::ChecksumMismatch { .. }) => {
            damaged("a block does not match its checksum")
        }
        ::fjall::Error::Storage(
            LsmError::Decompress(_)
            | LsmError::InvalidTag(_)
            | LsmError::InvalidHeader(_)
            | LsmError::InvalidTrailer,
        ) => damaged("no block lies where one should"),
        other => StoreError::Io(format!("the archive: {other}")),
    }
}

/// Options of a keyspace. Indexes and filters of a file are read in parts: whole, they would take megabytes for one look.
fn options(table: Table) -> KeyspaceCreateOptions {
    let common = KeyspaceCreateOptions::default()
        // So much is never held: it is written out before, with the others.
        .max_memtable_size(2 * HELD_BYTES_MAX)
        .index_block_partitioning_policy(PartitioningPolicy::all(true))
        .filter_block_partitioning_policy(PartitioningPolicy::all(true));
    let compressed = CompressionPolicy::all(CompressionType::Lz4);
    match table {
        // Large records that are read in a row.
        Table::Messages => common
            .data_block_size_policy(BlockSizePolicy::all(16 * 1024))
            .data_block_compression_policy(compressed)
            .expect_point_read_hits(true),
        // Small records that are read one at a time, and are there nearly always.
        Table::Ids => {
            common.data_block_hash_ratio_policy(HashRatioPolicy::all(0.75)).expect_point_read_hits(true)
        }
        // Small records that are read in a row.
        _ => common.data_block_compression_policy(compressed).filter_policy(FilterPolicy::disabled()),
    }
}
