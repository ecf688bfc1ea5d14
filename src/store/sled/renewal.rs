//! New files for the database while it is used: what was removed and replaced is given back without a stop.
//!
//! All there is is copied in small portions, with pauses, to a database beside the old one. What is changed meanwhile is
//! noted, and brought over. At the end, between two commits, the few last changes are brought over, and the new files take the
//! place of the old ones as after an upgrade ([`swap`]): a process that ends at any moment leaves all of the old ones or
//! all of the new ones.

use std::collections::BTreeSet;
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ::sled::IVec;

use super::database::{Database, guarded};
use super::folder::Folder;
use super::{Health, SledStore, Step};
use crate::room::write::{PORTION_BYTES_MAX, PORTION_RECORDS_MAX};
use crate::store::change::Changes;
use crate::store::layout::Table;
use crate::store::{Renewed, StoreError, free_bytes, swap};

/// What the files may take beside twice what is in them, before they are written anew.
const SPARE_BYTES: u64 = 4 << 20;

/// They are written anew only to become smaller by this part at least: one of so many.
const GAIN_PART: u64 = 4;

/// What is to be free on the disk beside twice what is in the database.
const FREE_BYTES_MIN: u64 = 16 << 20;

/// After a portion it rests for so many times as long as it took, and so long at least.
const REST_TIMES: u32 = 4;
const REST_MIN: Duration = Duration::from_millis(20);

/// Changes that are left for the moment in which all others wait; so many more with each portion in vain, up to those of a
/// portion.
const LAST_CHANGES_MAX: usize = 100;

/// Portions in vain, after which no fewer changes are left than before, for there are accounts that write all the time. With
/// each it rests less, and after so many it gives up.
const VAIN_MAX: u32 = 100;

/// Changed keys that are noted at a time. If there are more, others write faster than this is to read.
const NOTES_MAX: usize = 100_000;

const TOO_MUCH_CHANGED: &str = "too much was changed meanwhile";

/// What was copied, and what was changed since.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// All up to this key, and it, was copied.
    copied: Option<(Table, IVec)>,
    /// The end was reached.
    is_all: bool,
    /// Keys that were changed after they were copied.
    changed: BTreeSet<(Table, IVec)>,
    /// Why the copy is of no use any more.
    spoiled: Option<&'static str>,
}

impl Notes {
    /// Steps that are made now.
    pub(super) fn note(&mut self, steps: &[Step]) {
        for step in steps {
            let key = (step.table, step.key.clone());
            if self.is_all || self.copied.as_ref().is_some_and(|copied| key <= *copied) {
                self.changed.insert(key);
            }
        }
        if self.changed.len() > NOTES_MAX {
            self.spoiled = Some(TOO_MUCH_CHANGED);
        }
    }

    /// The disk did not take something. It may be the copy that fills it.
    pub(super) fn spoil(&mut self) {
        self.spoiled = Some("the disk failed meanwhile");
    }

    /// An error if the copy is of no use any more.
    fn check(&self) -> Result<(), StoreError> {
        self.spoiled.map_or(Ok(()), |why| Err(StoreError::Io(why.to_owned())))
    }

    /// What is to be done next to the copy: changes first, then what was not copied yet. While there is such, changes are half
    /// of it at most: however much is changed, the copy comes to its end.
    fn portion(&mut self, database: &Database) -> Result<Changes, StoreError> {
        let (mut portion, mut bytes) = (Changes::new(), 0);
        let part = if self.is_all { 1 } else { 2 };
        while portion.len() < PORTION_RECORDS_MAX / part
            && bytes < PORTION_BYTES_MAX / part
            && let Some((table, key)) = self.changed.pop_first()
        {
            let value = database.get(table, &key)?;
            bytes += key.len() + value.as_ref().map_or(0, |value| value.len());
            portion.insert((table, key.to_vec()), value.map(|value| value.to_vec()));
        }
        let from = self.copied.as_ref().map_or(Table::ALL[0], |(table, _)| *table);
        for table in Table::ALL.into_iter().filter(|table| *table >= from) {
            let after = self.copied.as_ref().filter(|(copied, _)| *copied == table);
            let after = after.map_or(Bound::Unbounded, |(_, key)| Bound::Excluded(key.clone()));
            for pair in database.tree(table).range((after, Bound::Unbounded)) {
                if self.is_all || portion.len() >= PORTION_RECORDS_MAX || bytes >= PORTION_BYTES_MAX {
                    return Ok(portion);
                }
                let (key, value) = pair?;
                bytes += key.len() + value.len();
                portion.insert((table, key.to_vec()), Some(value.to_vec()));
                self.copied = Some((table, key));
            }
        }
        self.is_all = true;
        Ok(portion)
    }
}

/// A new database beside the old one.
pub(super) struct Copy {
    database: Database,
    folder: Folder,
    part: PathBuf,
    /// In `part`.
    into: PathBuf,
}

impl Copy {
    /// An empty one in `part`, a folder that is not there yet.
    pub(super) fn new(part: &Path) -> Result<Self, StoreError> {
        let into = part.join("rooms");
        let folder = Folder::claim(&into)?;
        let database = Database::open(&folder)?;
        Ok(Self { database, folder, part: part.to_owned(), into })
    }

    /// Calls `f` with it.
    pub(super) fn fill<T>(
        &mut self,
        f: impl FnOnce(&mut Database, &Folder) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        guarded(|| f(&mut self.database, &self.folder))
    }

    /// Closes it. It is on the disk then, and its files lie in the folder that they are taken from.
    pub(super) fn ready(self) -> Result<(), StoreError> {
        let Self { database, folder, part, into } = self;
        database.close();
        let moved = folder.sync_all().and_then(|()| folder.leave()).and_then(|()| {
            for entry in std::fs::read_dir(&into)? {
                let entry = entry?;
                std::fs::rename(entry.path(), part.join(entry.file_name()))?;
            }
            std::fs::remove_dir(&into)
        });
        moved.map_err(|e| StoreError::Io(format!("{}: {e}", into.display())))
    }

    /// Closes it, for nothing.
    pub(super) fn close(self) {
        self.database.close();
    }
}

impl SledStore {
    /// See [`crate::store::Store::renew`].
    pub(super) fn renew_files(&self, rest: &dyn Fn(Duration) -> bool) -> Result<Option<Renewed>, StoreError> {
        if !self.knows_live()? && !self.count_live(rest)? {
            return Ok(None);
        }
        let before = self.folder.bytes().map_err(|e| self.failed(&e))?;
        let live = self.read(|database| Ok(database.live()))?;
        let least = self.least_bytes(live);
        if before <= 2 * live + SPARE_BYTES || before - before / GAIN_PART <= least + SPARE_BYTES / 2 {
            return Ok(None);
        }
        let free = free_bytes(self.folder.path())?;
        if free < 2 * live + FREE_BYTES_MIN {
            return Err(StoreError::Io(format!("{free} bytes are free on the disk, too few for new files")));
        }
        if !self.write_anew(rest)? {
            return Ok(None);
        }
        let after = self.folder.bytes().map_err(|e| self.failed(&e))?;
        let of_records = after.saturating_sub(SPARE_BYTES / 2);
        *self.least.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = (of_records, live);
        Ok(Some(Renewed { before, after }))
    }

    fn failed(&self, error: &std::io::Error) -> StoreError {
        StoreError::Io(format!("{}: {error}", self.folder.path().display()))
    }

    /// About what the files take at least when so many bytes are in them, beside what they take when little is: what they took
    /// when they were new. Small records take more than their bytes.
    fn least_bytes(&self, live: u64) -> u64 {
        let (bytes, of) = *self.least.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let least = u128::from(live) * u128::from(bytes) / u128::from(of.max(1));
        live.max(u64::try_from(least).unwrap_or(u64::MAX))
    }

    fn knows_live(&self) -> Result<bool, StoreError> {
        self.read(|database| Ok(database.knows_live()))
    }

    /// Counts what a store of an earlier version has not counted. False if it was told to end.
    fn count_live(&self, rest: &dyn Fn(Duration) -> bool) -> Result<bool, StoreError> {
        let (mut notes, mut live) = (Notes::default(), 0);
        let before = self.read(|database| Ok(database.live()))?;
        while !notes.is_all {
            let portion = self.read(|database| notes.portion(database))?;
            let bytes =
                portion.iter().map(|((_, key), value)| key.len() + value.as_ref().map_or(0, Vec::len));
            live += bytes.sum::<usize>() as u64;
            if !rest(REST_MIN) {
                return Ok(false);
            }
        }
        self.sound(&mut self.write())?.count(before, live);
        Ok(true)
    }

    /// Writes all files anew, however much they take, as [`crate::store::Store::renew`] does when they take too much. False if
    /// `rest` told it to end. After that and after an error the store is as it was.
    pub fn write_anew(&self, rest: &dyn Fn(Duration) -> bool) -> Result<bool, StoreError> {
        let part = swap::part(self.folder.path()).map_err(|e| self.failed(&e))?;
        *self.notes() = Some(Notes::default());
        let outcome = guarded(|| {
            let mut copy = Copy::new(&part)?;
            match guarded(|| self.copy(&mut copy, rest)) {
                Ok(true) => self.replace_by(copy).map(|()| true),
                outcome => {
                    copy.close();
                    outcome
                }
            }
        });
        *self.notes() = None;
        let removed = swap::clear(self.folder.path()).map_err(|e| self.failed(&e));
        let replaced = outcome?;
        removed.map(|()| replaced)
    }

    /// Copies, until so little is left that others may wait for it. False if it was told to end.
    fn copy(&self, copy: &mut Copy, rest: &dyn Fn(Duration) -> bool) -> Result<bool, StoreError> {
        let (mut least, mut vain) = (usize::MAX, 0);
        loop {
            let begun = Instant::now();
            let (portion, left) = self.read(|database| {
                let mut notes = self.notes();
                let notes = notes.get_or_insert_default();
                notes.check()?;
                Ok((notes.portion(database)?, notes.is_all.then_some(notes.changed.len())))
            })?;
            copy.fill(|new, folder| new.make(&new.steps(portion)?, folder))?;
            vain += u32::from(left.is_some_and(|left| left >= least));
            least = left.unwrap_or(least).min(least);
            if vain > VAIN_MAX {
                return Err(StoreError::Io(TOO_MUCH_CHANGED.to_owned()));
            }
            if !rest(REST_MIN.max(begun.elapsed() * REST_TIMES.saturating_sub(vain))) {
                return Ok(false);
            }
            let last_max = (LAST_CHANGES_MAX * (1 + vain as usize)).min(PORTION_RECORDS_MAX);
            if left.is_some_and(|left| left <= last_max) {
                return Ok(true);
            }
        }
    }

    /// Has the copy take the place of what it is a copy of.
    fn replace_by(&self, mut copy: Copy) -> Result<(), StoreError> {
        let mut health = self.write();
        let last = guarded(|| {
            let (database, mut notes) = (self.sound(&mut health)?, self.notes().take().unwrap_or_default());
            notes.check()?;
            let mut last = Changes::new();
            while !notes.is_all || !notes.changed.is_empty() {
                last.append(&mut notes.portion(database)?);
            }
            Ok(last)
        });
        if let Err(e) = last.and_then(|last| copy.fill(|new, folder| new.make(&new.steps(last)?, folder))) {
            copy.close();
            return Err(e);
        }
        copy.ready()?;
        // From here on the next use of the store finishes what this one does not.
        self.close_for(&mut health, "its files are being replaced");
        swap::swap_beside(self.folder.path()).map_err(|e| self.failed(&e))?;
        *health = Health::Sound(Database::open_mended(&self.folder)?);
        Ok(())
    }
}
