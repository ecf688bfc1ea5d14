//! One opening of the database: its folder, its keyspaces, and how a change reaches the disk.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::DirBuilderExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use ::fjall::config::{
    BlockSizePolicy, CompressionPolicy, FilterPolicy, HashRatioPolicy, PartitioningPolicy,
};
use ::fjall::{
    AbstractTree, CompressionType, Keyspace, KeyspaceCreateOptions, PersistMode, Readable, Slice, Snapshot,
};

use super::layout::{FORMAT, FORMAT_KEY, Table};
use super::past::{self, Past};
use super::raw;
use crate::store::StoreError;

/// Bytes of changes that are held in memory, of all keyspaces together, before they become files: so many when little is
/// written, and so many when much is. While they are written out as many more may come, and then changes wait. If each keyspace were written out by itself, what is held would be most when all happen to
/// be full at once, which can take an hour.
const HELD_BYTES: u64 = 2 << 20;
pub(super) const HELD_BYTES_MAX: u64 = 8 << 20;

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

/// What becomes of each key that some changes touch; `None` removes it.
pub(super) type Steps = BTreeMap<(Table, Vec<u8>), Option<Vec<u8>>>;

pub(super) struct Database {
    db: ::fjall::Database,
    archives: Keyspace,
    messages: Keyspace,
    ids: Keyspace,
    index: Keyspace,
    /// When what was held in memory was written out last.
    written_out: Mutex<Instant>,
}

impl Database {
    /// Opens the database in the folder `path`, which is made if it is not there.
    pub(super) fn open(path: &Path, cache_bytes: u64) -> Result<Self, StoreError> {
        let unusable = |e: &dyn std::fmt::Display| {
            StoreError::Unusable(format!("the archive in {} cannot be opened: {e}", path.display()))
        };
        prepare(path).map_err(|e| unusable(&e))?;
        if let Some(missing) = raw::missing(path).map_err(|e| unusable(&e))? {
            return Err(unusable(&format_args!("{} is missing", missing.display())));
        }
        let mut tries = 0;
        let db = loop {
            let builder = ::fjall::Database::builder(path)
                .cache_size(cache_bytes)
                .max_cached_files(Some(FILES_MAX))
                .worker_threads(WORKERS)
                .max_journaling_size(128 << 20);
            match guarded(|| Ok(builder.open())) {
                Ok(Err(::fjall::Error::Locked)) if tries < LET_GO_TRIES => {
                    tries += 1;
                    thread::sleep(LET_GO_PAUSE);
                }
                Ok(Err(e)) => return Err(unusable(&e)),
                Err(e) => return Err(unusable(&e)),
                Ok(Ok(db)) => break db,
            }
        };
        let keyspace = |name, options: fn() -> KeyspaceCreateOptions| {
            db.keyspace(name, options).map_err(|e| unusable(&e))
        };
        let database = Self {
            archives: keyspace("archives", small)?,
            messages: keyspace("messages", messages)?,
            ids: keyspace("ids", points)?,
            index: keyspace("index", small)?,
            written_out: Mutex::new(Instant::now()),
            db,
        };
        match database.archives.get(FORMAT_KEY).map_err(|e| unusable(&e))?.as_deref() {
            Some([FORMAT]) => {}
            None => {
                let format = ((Table::Archives, FORMAT_KEY.to_vec()), Some(vec![FORMAT]));
                database.apply(&Steps::from([format]), true)?;
            }
            Some(found) => {
                let found = found.first().map_or("none".to_owned(), u8::to_string);
                return Err(StoreError::Unusable(format!(
                    "the archive in {} has format {found}, this program knows {FORMAT}; it was written by a newer version",
                    path.display()
                )));
            }
        }
        Ok(database)
    }

    fn keyspace(&self, table: Table) -> &Keyspace {
        match table {
            Table::Archives => &self.archives,
            Table::Messages => &self.messages,
            Table::Ids => &self.ids,
            Table::Index => &self.index,
        }
    }

    /// Everything as it stands now, and goes on standing for this view.
    pub(super) fn view(&self) -> View<'_> {
        View { database: self, snapshot: self.db.snapshot() }
    }

    /// Makes the steps, all of them or none, also if the process ends meanwhile. With `sync` they are on the disk when
    /// it returns. After an error this database takes no more changes; what it lets read is as if there had been none.
    pub(super) fn apply(&self, steps: &Steps, sync: bool) -> Result<(), StoreError> {
        guarded(|| {
            self.make_room()?;
            let mode = if sync { PersistMode::SyncAll } else { PersistMode::Buffer };
            let mut batch = self.db.batch().durability(Some(mode));
            for ((table, key), value) in steps {
                match value {
                    Some(value) => batch.insert(self.keyspace(*table), key.as_slice(), value.as_slice()),
                    None => batch.remove(self.keyspace(*table), key.as_slice()),
                }
            }
            batch.commit().map_err(io)
        })
    }

    pub(super) fn keyspaces(&self) -> [&Keyspace; 4] {
        [&self.archives, &self.messages, &self.ids, &self.index]
    }

    /// Bytes of changes that are held in memory and not being written out.
    pub(super) fn held(&self) -> u64 {
        self.keyspaces().iter().map(|keyspace| keyspace.tree.active_memtable().size()).sum()
    }

    /// Has what is held in memory written out if it is time, and waits while that lags behind; an error if it has failed.
    fn make_room(&self) -> Result<(), StoreError> {
        let is_busy = || self.keyspaces().iter().any(|keyspace| keyspace.tree.sealed_memtable_count() > 0);
        while self.held() >= HELD_BYTES_MAX && is_busy() {
            // Says whether the database has failed, and does little else.
            self.db.persist(PersistMode::Buffer).map_err(io)?;
            thread::sleep(WAITING_PAUSE);
        }
        let held = self.held();
        let mut written_out = self.written_out.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = held >= HELD_BYTES && written_out.elapsed() >= WRITE_OUT_PAUSE || held >= HELD_BYTES_MAX;
        if !is_due || is_busy() {
            return Ok(());
        }
        *written_out = Instant::now();
        self.keyspaces().into_iter().try_for_each(|keyspace| keyspace.rotate_memtable().map(drop)).map_err(io)
    }

    /// Brings to the disk what the system has.
    pub(super) fn sync(&self) -> Result<(), StoreError> {
        guarded(|| self.db.persist(PersistMode::SyncAll).map_err(io))
    }

    /// Merges all files of each keyspace: what was removed is gone from the disk then.
    pub(super) fn compact(&self) -> Result<(), StoreError> {
        guarded(|| {
            for keyspace in self.keyspaces() {
                keyspace.rotate_memtable_and_wait().map_err(io)?;
                keyspace.major_compact().map_err(io)?;
            }
            self.db.persist(PersistMode::SyncAll).map_err(io)
        })
    }

    /// Closes the database, whatever state it is in.
    pub(super) fn close(self) {
        let dropped = guarded(|| {
            drop(self);
            Ok(())
        });
        if let Err(e) = dropped {
            tracing::warn!("closing the archive: {e}");
        }
    }
}

/// The database at one moment.
pub(super) struct View<'a> {
    database: &'a Database,
    snapshot: Snapshot,
}

impl View<'_> {
    pub(super) fn get(&self, table: Table, key: &[u8]) -> Result<Option<Slice>, StoreError> {
        match self.snapshot.get(self.database.keyspace(table), key).map_err(io) {
            // An archive that seems new gets a new number: of archives nothing is passed over.
            Err(damage @ StoreError::Corrupt { .. }) if table != Table::Archives => {
                past::tell(&damage);
                Ok(None)
            }
            outcome => outcome,
        }
    }

    /// Keys and values from `from` to before `to`, in order, from either end, without what cannot be read.
    pub(super) fn range(
        &self,
        table: Table,
        from: &[u8],
        to: &[u8],
    ) -> impl DoubleEndedIterator<Item = Result<(Slice, Slice), StoreError>> + use<> {
        Past::new(self.snapshot.clone(), self.database.keyspace(table).clone(), from, to)
    }
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
    File::open(path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")))?.sync_all()
}

/// Writes something to the folder and takes it away: whether the disk takes anything at all.
pub(super) fn probe(path: &Path) -> io::Result<()> {
    const PROBE_BYTES: usize = 64 * 1024;
    let probe = path.join("probe");
    let written = File::create(&probe).and_then(|mut file| {
        file.write_all(&[1; PROBE_BYTES])?;
        file.sync_all()
    });
    fs::remove_file(&probe)?;
    written
}

/// Writes the journals over themselves. After a failed sync the kernel holds pages for clean that are not on the disk,
/// and no later sync would write them: this makes it.
pub(super) fn rewrite_journals(path: &Path) -> io::Result<()> {
    let mut chunk = vec![0; 64 * 1024];
    for entry in fs::read_dir(path)? {
        let journal = entry?.path();
        if journal.extension().is_none_or(|extension| extension != "jnl") {
            continue;
        }
        let mut file = OpenOptions::new().read(true).write(true).open(journal)?;
        let mut at = 0;
        loop {
            file.seek(SeekFrom::Start(at))?;
            let n = file.read(&mut chunk)?;
            if n == 0 {
                break;
            }
            // A journal is made larger than what is in it; what was never written takes no room, and shall not.
            if chunk[..n].iter().any(|byte| *byte != 0) {
                file.seek(SeekFrom::Start(at))?;
                file.write_all(&chunk[..n])?;
            }
            at += n as u64;
        }
        file.sync_all()?;
    }
    Ok(())
}

/// Does `f`; a panic in it is an error.
pub(super) fn guarded<T>(f: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    // Whatever `f` left half-done is closed by the caller.
    catch_unwind(AssertUnwindSafe(f)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no reason given");
        Err(StoreError::Io(format!("the archive stopped: {text}")))
    })
}

#[allow(clippy::needless_pass_by_value, reason = "as `map_err` hands it over")]
pub(super) fn io(error: ::fjall::Error) -> StoreError {
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

/// Options of the keyspace of messages: large records that are read in a row.
fn messages() -> KeyspaceCreateOptions {
    common()
        .data_block_size_policy(BlockSizePolicy::all(16 * 1024))
        .data_block_compression_policy(CompressionPolicy::all(CompressionType::Lz4))
        .expect_point_read_hits(true)
}

/// Options of a keyspace of small records that are read in a row.
fn small() -> KeyspaceCreateOptions {
    common()
        .data_block_compression_policy(CompressionPolicy::all(CompressionType::Lz4))
        .filter_policy(FilterPolicy::disabled())
}

/// Options of a keyspace of small records that are read one at a time, and are there nearly always.
fn points() -> KeyspaceCreateOptions {
    common().data_block_hash_ratio_policy(HashRatioPolicy::all(0.75)).expect_point_read_hits(true)
}

/// Indexes and filters of a file are read in parts: whole, they would take megabytes for one look.
fn common() -> KeyspaceCreateOptions {
    KeyspaceCreateOptions::default()
        // So much is never held: it is written out before, with the others.
        .max_memtable_size(2 * HELD_BYTES_MAX)
        .index_block_partitioning_policy(PartitioningPolicy::all(true))
        .filter_block_partitioning_policy(PartitioningPolicy::all(true))
}
