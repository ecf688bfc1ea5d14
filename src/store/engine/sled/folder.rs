//! The folder that the database lives in: whose it is, what is mended before it is opened, what reaches the disk.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use crate::store::engine::{rewrite, sync_dir, sync_parent};
use crate::store::{StoreError, atomic_replace};

/// Our own file in the folder: it is locked while the folder is in use, and tells that a store lives there.
const LOCK: &str = "conclave.lock";

/// How often and with which pause it is tried.
const LOCK_TRIES: u32 = 20;
const LOCK_PAUSE: Duration = Duration::from_millis(100);

/// A folder that this process alone uses.
pub struct Folder {
    path: PathBuf,
    /// Held until the process ends or the store is dropped. sled's own lock is on its file, too late for mending.
    _lock: File,
    /// So many of the next syncs fail.
    #[cfg(test)]
    pub(in crate::store) fail_syncs: std::sync::atomic::AtomicU32,
}

/// What is to be synced: sled itself stops at `sync_file_range`, which leaves the drive's cache and the file's
/// metadata alone.
pub(in crate::store) struct Disk {
    db: File,
    /// Large values lie in files of their own, named by a rising number: the highest that is synced.
    blob_synced: Option<i64>,
    /// A sync has failed. The system tells it once only: the next sync may seem to work.
    pub(super) failed: bool,
}

impl Disk {
    /// How large the file of the database is; 0 if that cannot be told.
    pub(super) fn bytes(&self) -> u64 {
        self.db.metadata().map_or(0, |meta| meta.len())
    }
}

impl Folder {
    /// Makes the folder if it is not there, and takes it. Fails if it is another's.
    pub(in crate::store) fn claim(path: &Path) -> Result<Self, StoreError> {
        let unusable =
            |what: &str, e: io::Error| StoreError::Unusable(format!("cannot {what} {}: {e}", path.display()));
        match fs::metadata(path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                DirBuilder::new()
                    .recursive(true)
                    .mode(0o700)
                    .create(path)
                    .and_then(|()| sync_parent(path))
                    .map_err(|e| unusable("create the folder", e))?;
            }
            Err(e) => return Err(unusable("look at the folder", e)),
            Ok(meta) if !meta.is_dir() => {
                return Err(StoreError::Unusable(format!("{} is not a folder", path.display())));
            }
            Ok(meta) => {
                refuse_foreign(path)?;
                if meta.permissions().mode() & 0o077 != 0
                    && let Err(e) = fs::set_permissions(path, Permissions::from_mode(0o700))
                {
                    tracing::warn!(
                        "others may read {}, which holds passwords of rooms: {e}; set its rights to 0700",
                        path.display()
                    );
                }
            }
        }
        let lock = OpenOptions::new().write(true).create(true).truncate(false).open(path.join(LOCK));
        let lock = lock.map_err(|e| unusable("write to the folder", e))?;
        match patiently(&lock) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(StoreError::Unusable(format!(
                    "{} is in use by another process; two services cannot share a store",
                    path.display()
                )));
            }
            Err(TryLockError::Error(e)) => return Err(unusable("lock the folder", e)),
        }
        Ok(Self {
            path: path.to_owned(),
            _lock: lock,
            #[cfg(test)]
            fail_syncs: 0.into(),
        })
    }

    /// Where it is.
    pub(in crate::store) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives the folder up, so that its files can be moved elsewhere: nothing says any more that a store lives there.
    pub(in crate::store) fn leave(&self) -> io::Result<()> {
        fs::remove_file(self.path.join(LOCK))?;
        self.sync_entries()
    }

    /// Finishes what an earlier run began to replace, and removes half-written snapshots: sled would take one for the newest,
    /// and refuse to open. What they were made from is still in the log.
    pub(super) fn repair(&self) -> io::Result<()> {
        atomic_replace::finish(&self.path)?;
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with("snap.") && name.ends_with(".generating") {
                fs::remove_file(entry.path())?;
                tracing::warn!(
                    "removed {name}, left half-written by an earlier run, from {}",
                    self.path.display()
                );
            }
        }
        Ok(())
    }

    /// Opens what is to be synced, once the database exists, and makes the folder's entries durable.
    pub(in crate::store) fn disk(&self) -> io::Result<Disk> {
        File::open(self.path.join("conf"))?.sync_all()?;
        self.sync_entries()?;
        Ok(Disk { db: File::open(self.path.join("db"))?, blob_synced: None, failed: false })
    }

    /// Makes names in the folder durable: what was made, renamed, removed.
    pub(in crate::store) fn sync_entries(&self) -> io::Result<()> {
        sync_dir(&self.path)
    }

    /// Brings the files of a database that was closed to the disk, and their names.
    pub(in crate::store) fn sync_all(&self) -> io::Result<()> {
        for (path, _) in self.files()? {
            File::open(path)?.sync_all()?;
        }
        sync_dir(&self.path.join("blobs"))?;
        self.sync_entries()
    }

    /// How many bytes the files of the database take on the disk.
    pub(super) fn bytes(&self) -> io::Result<u64> {
        const BLOCK_BYTES: u64 = 512;
        Ok(self.files()?.iter().map(|(_, meta)| meta.blocks() * BLOCK_BYTES).sum())
    }

    /// Whether there are values so large that they lie in files of their own.
    pub(in crate::store) fn has_large_values(&self) -> io::Result<bool> {
        fs::read_dir(self.path.join("blobs")).map(|mut blobs| blobs.next().is_some())
    }

    /// The files of the database.
    fn files(&self) -> io::Result<Vec<(PathBuf, Metadata)>> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.path)?.chain(fs::read_dir(self.path.join("blobs"))?) {
            let entry = entry?;
            match entry.metadata() {
                Ok(meta) if meta.is_file() => files.push((entry.path(), meta)),
                Ok(_) => {}
                // The database has removed it.
                Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                Err(e) => return Err(e),
            }
        }
        Ok(files)
    }

    /// Brings all that was written to the disk.
    pub(in crate::store) fn sync(&self, disk: &mut Disk) -> io::Result<()> {
        self.sync_files(disk).inspect_err(|_| disk.failed = true)
    }

    fn sync_files(&self, disk: &mut Disk) -> io::Result<()> {
        #[cfg(test)]
        {
            use std::sync::atomic::Ordering::SeqCst;
            if self.fail_syncs.fetch_update(SeqCst, SeqCst, |n| n.checked_sub(1)).is_ok() {
                return Err(io::Error::other("syncs are made to fail"));
            }
        }
        let blobs = self.path.join("blobs");
        let mut highest = disk.blob_synced;
        for entry in fs::read_dir(&blobs)? {
            let name = entry?.file_name();
            let number = name.to_str().and_then(|n| n.parse::<i64>().ok());
            if number <= disk.blob_synced {
                continue;
            }
            match File::open(blobs.join(&name)) {
                Ok(blob) => blob.sync_all()?,
                // It has been replaced already.
                Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                Err(e) => return Err(e),
            }
            highest = highest.max(number);
        }
        if highest > disk.blob_synced {
            sync_dir(&blobs)?;
        }
        disk.db.sync_data()?;
        disk.blob_synced = highest;
        Ok(())
    }

    /// Writes the database file over itself. After a failed sync the kernel holds pages for clean that are not on
    /// the disk, and no later sync would write them: this makes it.
    pub(super) fn rewrite(&self) -> io::Result<()> {
        let mut files = vec![self.path.join("db")];
        for entry in fs::read_dir(self.path.join("blobs"))? {
            files.push(entry?.path());
        }
        files.iter().try_for_each(|file| rewrite(file))
    }
}

/// Locks the file. A child that a killed process was about to start holds the lock for a moment longer than the process.
fn patiently(lock: &File) -> Result<(), TryLockError> {
    for _ in 0..LOCK_TRIES {
        match lock.try_lock() {
            Err(TryLockError::WouldBlock) => thread::sleep(LOCK_PAUSE),
            outcome => return outcome,
        }
    }
    lock.try_lock()
}

/// Refuses a folder that holds files but no store: a typing error in the settings must not fill a home folder.
fn refuse_foreign(path: &Path) -> Result<(), StoreError> {
    let unreadable = |e| StoreError::Unusable(format!("cannot read the folder {}: {e}", path.display()));
    let mut foreign = None;
    let (mut db, mut conf) = (false, false);
    for entry in fs::read_dir(path).map_err(unreadable)? {
        let name = entry.map_err(unreadable)?.file_name();
        match name.to_str() {
            Some(LOCK) => return Ok(()),
            Some("db") => db = true,
            Some("conf") => conf = true,
            // The root of a volume of its own has this one.
            Some("lost+found") => {}
            _ => foreign = Some(name),
        }
    }
    if db && conf {
        // Put back from a copy that left the lock out.
        return Ok(());
    }
    match foreign {
        None => Ok(()),
        Some(name) => Err(StoreError::Unusable(format!(
            "{} holds other files ({}) and no store; name an empty folder, or one that is not there yet",
            path.display(),
            name.to_string_lossy()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_folder_is_for_its_owner_alone() {
        let temp = tempfile::tempdir().expect("a folder");
        let path = temp.path().join("a/store");
        let _folder = Folder::claim(&path).expect("claimed");
        assert_eq!(fs::metadata(&path).expect("made").permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn an_empty_folder_is_closed_to_others() {
        let temp = tempfile::tempdir().expect("a folder");
        fs::set_permissions(temp.path(), Permissions::from_mode(0o755)).expect("rights");
        let _folder = Folder::claim(temp.path()).expect("claimed");
        assert_eq!(fs::metadata(temp.path()).expect("there").permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn a_folder_with_other_files_is_left_alone() {
        let temp = tempfile::tempdir().expect("a folder");
        fs::write(temp.path().join("letter.txt"), "dear").expect("written");
        fs::set_permissions(temp.path(), Permissions::from_mode(0o755)).expect("rights");
        let text = Folder::claim(temp.path()).err().expect("refused").to_string();
        assert!(text.contains("letter.txt"), "{text}");
        assert_eq!(fs::metadata(temp.path()).expect("there").permissions().mode() & 0o777, 0o755);
    }

    #[test]
    fn a_file_is_no_folder() {
        let temp = tempfile::tempdir().expect("a folder");
        let path = temp.path().join("store");
        fs::write(&path, "").expect("written");
        let text = Folder::claim(&path).err().expect("refused").to_string();
        assert!(text.contains("is not a folder"), "{text}");
    }

    #[test]
    fn rewriting_leaves_every_byte() {
        let temp = tempfile::tempdir().expect("a folder");
        let folder = Folder::claim(&temp.path().join("store")).expect("claimed");
        fs::create_dir(folder.path().join("blobs")).expect("made");
        let bytes: Vec<u8> = (0..600_000_u32).map(|n| (n % 251) as u8).collect();
        fs::write(folder.path().join("db"), &bytes).expect("written");
        fs::write(folder.path().join("blobs/7"), &bytes[5..]).expect("written");
        folder.rewrite().expect("rewritten");
        assert!(fs::read(folder.path().join("db")).expect("read") == bytes);
        assert!(fs::read(folder.path().join("blobs/7")).expect("read") == bytes[5..]);
    }
}
