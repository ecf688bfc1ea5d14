//! Engines: ordered tables of keys and values on one machine's disk, or in memory.
//!
//! [`Engine`] is what the embedded store and archive need of a database. [`Recovering`] opens one again after a failure and
//! undoes the change that failed; it is written once for all of them.

pub mod fjall;
pub mod memory;
mod recovering;
pub mod sled;
#[cfg(test)]
pub(in crate::store) mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::Duration;

pub use self::recovering::Recovering;
use super::{Renewed, StoreError};

/// A table. The numbers are those of the journal of the store of rooms; lower ones are of an earlier layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Table {
    /// What is known of a room without loading it.
    Listed = 4,
    /// The parts of rooms.
    Parts = 5,
    /// Occupants, sessions and their presences.
    Occupants = 6,
    /// Rooms that were forgotten and of which records are left under their keys.
    Rests = 7,
    /// Archives and what is known of them.
    Archives = 8,
    /// Messages.
    Messages = 9,
    /// Where the message of an id is.
    Ids = 10,
    /// Where the messages of a sender are.
    Index = 11,
}

impl Table {
    /// Those of the store of rooms, in order.
    pub const OF_STORE: [Self; 4] = [Self::Listed, Self::Parts, Self::Occupants, Self::Rests];

    /// Those that hold what makes up a room.
    pub const OF_ROOM: [Self; 3] = [Self::Listed, Self::Parts, Self::Occupants];

    /// Those of the archive, in the order in which they are made.
    pub const OF_ARCHIVE: [Self; 4] = [Self::Archives, Self::Messages, Self::Ids, Self::Index];

    /// Its name in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Listed => "listed",
            Self::Parts => "parts",
            Self::Occupants => "occupants",
            Self::Rests => "rests",
            Self::Archives => "archives",
            Self::Messages => "messages",
            Self::Ids => "ids",
            Self::Index => "index",
        }
    }

    /// Its place among the four of its database.
    const fn place(self) -> usize {
        self as usize % 4
    }
}

/// What becomes of each key that a change touches; `None` removes it.
pub type Steps = BTreeMap<(Table, Vec<u8>), Option<Vec<u8>>>;

/// Steps that are made together: all of them or none.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// What becomes of each key.
    pub steps: Steps,
    /// What was stored under these keys before, where the engine needs it: see [`Engine::READS_GO_ON`].
    pub before: Option<Steps>,
}

impl Change {
    /// The steps without those that change nothing, and what was before.
    ///
    /// # Errors
    /// If the view cannot be read.
    pub fn from<V: View>(view: &V, mut steps: Steps) -> Result<Self, StoreError> {
        let mut before = stored(view, &steps)?;
        steps.retain(|key, value| before[key] != *value);
        before.retain(|key, _| steps.contains_key(key));
        Ok(Self { steps, before: Some(before) })
    }
}

/// What is stored under the keys of `steps`.
fn stored<V: View>(view: &V, steps: &Steps) -> Result<Steps, StoreError> {
    let value = |(table, key): &(Table, Vec<u8>)| {
        Ok(((*table, key.clone()), view.get(*table, key)?.map(|value| value.to_vec())))
    };
    steps.keys().map(value).collect()
}

/// Keys and values at one moment.
pub trait View {
    /// A key or a value.
    type Bytes: AsRef<[u8]> + Deref<Target = [u8]>;

    /// Keys and values in order.
    type Range: DoubleEndedIterator<Item = Result<(Self::Bytes, Self::Bytes), StoreError>>;

    /// The value of a key.
    ///
    /// # Errors
    /// If it cannot be read.
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Self::Bytes>, StoreError>;

    /// Keys and values from `from` to before `to`. Damage that the engine can pass over is logged and left out.
    fn range(&self, table: Table, from: &[u8], to: &[u8]) -> Self::Range;

    /// Keys and values under keys that begin so; with an empty prefix, all whose first byte is not 255.
    fn under(&self, table: Table, prefix: &[u8]) -> Self::Range {
        let mut end = prefix.to_vec();
        while end.pop_if(|last| *last == u8::MAX).is_some() {}
        match end.last_mut() {
            Some(last) => *last += 1,
            None => end.push(u8::MAX),
        }
        self.range(table, prefix, &end)
    }
}

/// One opening of a database.
pub trait Engine: Sized + Send + Sync + 'static {
    /// Where it is kept, and how it is opened.
    type Place: Send + Sync;

    /// A key or a value.
    type Bytes: AsRef<[u8]> + Deref<Target = [u8]>;

    /// What is stored at one moment.
    type View<'a>: View<Bytes = Self::Bytes>;

    /// True if a view shows what was before a change that is being made or has failed. If not, views wait until the change is
    /// made, an engine that failed is closed at once, and [`Change::before`] is read before the change, not after its failure.
    const READS_GO_ON: bool;

    /// Opens the database, which is made if there is none.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] if it cannot be had: no rights, used by another process, damaged, of a newer version.
    fn open(place: &Self::Place) -> Result<Self, StoreError>;

    /// Everything as it stands now.
    fn view(&self) -> Self::View<'_>;

    /// Makes all steps of a change or none, also if the process ends meanwhile. If `durable`, they are on the disk when it
    /// returns. After an error the engine takes no more changes.
    ///
    /// # Errors
    /// If the disk does not take it.
    fn apply(&self, change: &Change, durable: bool) -> Result<(), StoreError>;

    /// Brings to the disk what was not durable yet.
    ///
    /// # Errors
    /// If the disk does not take it.
    fn sync(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// About how many bytes it takes on the disk.
    fn bytes(&self) -> u64;

    /// Closes it, in whatever state it is. True if its files must go through [`Engine::rewrite`] before they are opened
    /// again: the system may hold pages for written that the disk has dropped.
    fn close(self) -> bool;

    /// Whether the disk takes anything at all, tried before a database that failed is opened again.
    ///
    /// # Errors
    /// If it does not.
    fn probe(_place: &Self::Place) -> io::Result<()> {
        Ok(())
    }

    /// Writes the files over themselves.
    ///
    /// # Errors
    /// If the disk does not take it.
    fn rewrite(_place: &Self::Place) -> io::Result<()> {
        Ok(())
    }

    /// Gives back what removed and replaced values take on the disk: see [`super::Store::renew`].
    ///
    /// # Errors
    /// If the disk fails or has too little space; all is as before then.
    fn renew(
        _engine: &Recovering<Self>,
        _rest: &dyn Fn(Duration) -> bool,
    ) -> Result<Option<Renewed>, StoreError> {
        Ok(None)
    }
}

/// Calls `f`; a panic in it, as databases have for some damage, is an error.
pub(super) fn guarded<T>(f: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    // What `f` left half-done is closed or dropped by the caller.
    catch_unwind(AssertUnwindSafe(f)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no reason given");
        Err(StoreError::Io(format!("the database stopped: {text}")))
    })
}

/// Drops an opening of a database; a panic in that is logged.
fn let_go<E>(opening: E, what: &str) {
    let dropped = guarded(|| {
        drop(opening);
        Ok(())
    });
    if let Err(e) = dropped {
        tracing::warn!("closing {what}: {e}");
    }
}

/// An error of a database that cannot be opened.
fn unusable(path: &Path, why: &dyn fmt::Display) -> StoreError {
    StoreError::Unusable(format!("the database in {} cannot be opened: {why}", path.display()))
}

/// Writes a file to the folder and removes it: whether the disk takes anything.
fn probe(folder: &Path) -> io::Result<()> {
    const PROBE_BYTES: usize = 64 * 1024;
    let probe = folder.join("probe");
    let written = File::create(&probe).and_then(|mut file| {
        file.write_all(&[1; PROBE_BYTES])?;
        file.sync_all()
    });
    fs::remove_file(&probe)?;
    written
}

/// Writes a file over itself. After a failed sync the kernel holds pages for clean that are not on the disk, and no later
/// sync would write them.
fn rewrite(path: &Path) -> io::Result<()> {
    let mut chunk = vec![0; 64 * 1024];
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    let mut at = 0;
    loop {
        file.seek(SeekFrom::Start(at))?;
        let n = file.read(&mut chunk)?;
        if n == 0 {
            return file.sync_all();
        }
        // A journal is made larger than what is in it; what was never written takes no space, and shall not.
        if chunk[..n].iter().any(|byte| *byte != 0) {
            file.seek(SeekFrom::Start(at))?;
            file.write_all(&chunk[..n])?;
        }
        at += n as u64;
    }
}

/// Makes names in a folder durable: what was made, renamed, removed.
fn sync_dir(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// The same for the folder that `path` is in.
fn sync_parent(path: &Path) -> io::Result<()> {
    sync_dir(path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")))
}
