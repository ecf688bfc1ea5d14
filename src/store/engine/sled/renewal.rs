//! New files for the database while it is used: what was removed and replaced is given back without a stop.
//!
//! All there is is copied in small portions, with pauses, to a database beside the old one. What is changed meanwhile is
//! noted, and brought over. At the end, between two commits, the few last changes are brought over, and the new files take the
//! place of the old ones as after an upgrade ([`atomic_replace`]): a process that ends at any moment leaves all of the old ones or
//! all of the new ones.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use super::folder::Folder;
use super::{Place, Sled, guarded};
use crate::room::write::{PORTION_BYTES_MAX, PORTION_RECORDS_MAX};
use crate::store::engine::{Change, Engine, Recovering, Steps, Table, View};
use crate::store::{Renewed, StoreError, atomic_replace, free_bytes};

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
const DISK_FAILED: &str = "the disk failed meanwhile";

/// What was copied, and what was changed since.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// All up to this key, and it, was copied.
    copied: Option<(Table, Vec<u8>)>,
    /// The end was reached.
    is_all: bool,
    /// Keys that were changed after they were copied.
    changed: BTreeSet<(Table, Vec<u8>)>,
    /// More was changed than can be noted: the copy is of no use any more.
    is_spoiled: bool,
}

impl Notes {
    /// Steps that are made now.
    pub(super) fn note(&mut self, steps: &Steps) {
        let copied =
            |key: &&(Table, Vec<u8>)| self.is_all || self.copied.as_ref().is_some_and(|at| *key <= at);
        self.changed.extend(steps.keys().filter(copied).cloned());
        self.is_spoiled |= self.changed.len() > NOTES_MAX;
    }

    /// An error if the copy is of no use any more.
    fn check(&self) -> Result<(), StoreError> {
        if self.is_spoiled { Err(StoreError::Io(TOO_MUCH_CHANGED.to_owned())) } else { Ok(()) }
    }

    /// What is to be done next to the copy: changes first, then what was not copied yet. While there is such, changes are half
    /// of it at most: however much is changed, the copy comes to its end.
    fn portion(&mut self, database: &Sled) -> Result<Steps, StoreError> {
        let (mut portion, mut bytes) = (Steps::new(), 0);
        let part = if self.is_all { 1 } else { 2 };
        while portion.len() < PORTION_RECORDS_MAX / part
            && bytes < PORTION_BYTES_MAX / part
            && let Some((table, key)) = self.changed.pop_first()
        {
            let value = database.get(table, &key)?;
            bytes += key.len() + value.as_ref().map_or(0, |value| value.len());
            portion.insert((table, key), value.map(|value| value.to_vec()));
        }
        let from = self.copied.as_ref().map_or(Table::OF_STORE[0], |(table, _)| *table);
        for table in Table::OF_STORE.into_iter().filter(|table| *table >= from) {
            let after = self.copied.as_ref().filter(|(copied, _)| *copied == table);
            let after = after.map_or(Vec::new(), |(_, key)| [key, &[0][..]].concat());
            for pair in database.range(table, &after, &[u8::MAX]) {
                if self.is_all || portion.len() >= PORTION_RECORDS_MAX || bytes >= PORTION_BYTES_MAX {
                    return Ok(portion);
                }
                let (key, value) = pair?;
                bytes += key.len() + value.len();
                portion.insert((table, key.to_vec()), Some(value.to_vec()));
                self.copied = Some((table, key.to_vec()));
            }
        }
        self.is_all = true;
        Ok(portion)
    }
}

/// A new database beside the old one.
pub(in crate::store) struct Copy {
    database: Sled,
    place: Arc<Place>,
    part: PathBuf,
}

impl Copy {
    /// An empty one in `part`, a folder that is not there yet.
    fn new(part: &Path) -> Result<Self, StoreError> {
        let of_earlier = |_, _: &Place| Err(StoreError::Unusable("it is not new".to_owned()));
        let place = Place::new(Folder::claim(&part.join("rooms"))?, of_earlier);
        Ok(Self { database: Sled::open(&place)?, place, part: part.to_owned() })
    }

    /// Has `write` fill one, and puts its files into `part`, a folder that is not there yet.
    pub(in crate::store) fn written<T>(
        part: &Path,
        write: impl FnOnce(&Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let copy = Self::new(part)?;
        match guarded(|| write(&copy)) {
            Ok(written) => copy.ready().map(|()| written),
            Err(e) => {
                copy.close();
                Err(e)
            }
        }
    }

    /// What it holds.
    pub(in crate::store) fn view(&self) -> &Sled {
        &self.database
    }

    /// Makes some steps in it.
    pub(in crate::store) fn apply(&self, steps: Steps) -> Result<(), StoreError> {
        guarded(|| self.database.apply(&Change::from(&self.view(), steps)?, true))
    }

    /// Closes it and opens it again. That writes down where all values lie: the next opening, for which others wait, need not
    /// look for them.
    fn opened_again(self) -> Result<Self, StoreError> {
        let Self { database, place, part } = self;
        database.close();
        place.folder.sync_all().map_err(|e| failed(&place, &e))?;
        Ok(Self { database: Sled::open_mended(&place)?, place, part })
    }

    /// Closes it. It is on the disk then, and its files lie in the folder that they are taken from.
    fn ready(self) -> Result<(), StoreError> {
        let Self { database, place, part } = self;
        database.close();
        let from = place.folder.path();
        let moved = place.folder.sync_all().and_then(|()| place.folder.leave()).and_then(|()| {
            for entry in std::fs::read_dir(from)? {
                let entry = entry?;
                std::fs::rename(entry.path(), part.join(entry.file_name()))?;
            }
            std::fs::remove_dir(from)
        });
        moved.map_err(|e| failed(&place, &e))
    }

    /// Closes it, for nothing.
    fn close(self) {
        self.database.close();
    }
}

fn failed(place: &Place, error: &std::io::Error) -> StoreError {
    StoreError::Io(format!("{}: {error}", place.folder.path().display()))
}

/// See [`crate::store::Store::renew`].
pub(super) fn renew(
    engine: &Recovering<Sled>,
    rest: &dyn Fn(Duration) -> bool,
) -> Result<Option<Renewed>, StoreError> {
    if !engine.read(|database| Ok(database.knows_live()))? && !count_live(engine, rest)? {
        return Ok(None);
    }
    let place = engine.place();
    let bytes = || place.folder.bytes().map_err(|e| failed(place, &e));
    let (before, live) = (bytes()?, engine.read(|database| Ok(database.live()))?);
    let least = place.least_bytes(live);
    if before <= 2 * live + SPARE_BYTES || before - before / GAIN_PART <= least + SPARE_BYTES / 2 {
        return Ok(None);
    }
    let free = free_bytes(place.folder.path())?;
    if free < 2 * live + FREE_BYTES_MIN {
        return Err(StoreError::Io(format!("{free} bytes are free on the disk, too few for new files")));
    }
    if !write_anew(engine, rest)? {
        return Ok(None);
    }
    let after = bytes()?;
    let of_records = after.saturating_sub(SPARE_BYTES / 2);
    *place.least.lock().unwrap_or_else(PoisonError::into_inner) = (of_records, live);
    Ok(Some(Renewed { before, after }))
}

impl Place {
    /// About what the files take at least when so many bytes are in them, beside what they take when little is: what they took
    /// when they were new. Small records take more than their bytes.
    fn least_bytes(&self, live: u64) -> u64 {
        let (bytes, of) = *self.least.lock().unwrap_or_else(PoisonError::into_inner);
        let least = u128::from(live) * u128::from(bytes) / u128::from(of.max(1));
        live.max(u64::try_from(least).unwrap_or(u64::MAX))
    }
}

/// Counts what a store of an earlier version has not counted. False if it was told to end.
fn count_live(engine: &Recovering<Sled>, rest: &dyn Fn(Duration) -> bool) -> Result<bool, StoreError> {
    let (mut notes, mut live) = (Notes::default(), 0);
    let before = engine.read(|database| Ok(database.live()))?;
    while !notes.is_all {
        let portion = engine.read(|database| notes.portion(database))?;
        let bytes = portion.iter().map(|((_, key), value)| key.len() + value.as_ref().map_or(0, Vec::len));
        live += bytes.sum::<usize>() as u64;
        if !rest(REST_MIN) {
            return Ok(false);
        }
    }
    engine.if_sound(|database| database.count(before, live));
    Ok(true)
}

/// Writes all files anew, however much they take. False if `rest` told it to end. After that and after an error the store is as
/// it was.
pub(in crate::store) fn write_anew(
    engine: &Recovering<Sled>,
    rest: &dyn Fn(Duration) -> bool,
) -> Result<bool, StoreError> {
    let place = engine.place();
    let part = atomic_replace::part(place.folder.path()).map_err(|e| failed(place, &e))?;
    engine.read(|database| {
        *database.notes() = Some(Notes::default());
        Ok(())
    })?;
    let outcome = guarded(|| {
        let Some(new) = filled(engine, Copy::new(&part)?, rest)? else { return Ok(false) };
        let Some(new) = filled(engine, new.opened_again()?, rest)? else { return Ok(false) };
        replace_by(engine, new).map(|()| true)
    });
    engine.if_sound(|database| *database.notes() = None);
    let removed = atomic_replace::clear(place.folder.path()).map_err(|e| failed(place, &e));
    let replaced = outcome?;
    removed.map(|()| replaced)
}

/// The copy when so little is left to be copied that others may wait for it; `None` if it was told to end.
fn filled(
    engine: &Recovering<Sled>,
    new: Copy,
    rest: &dyn Fn(Duration) -> bool,
) -> Result<Option<Copy>, StoreError> {
    match guarded(|| copy(engine, &new, rest)) {
        Ok(true) => Ok(Some(new)),
        outcome => {
            new.close();
            outcome.map(|_| None)
        }
    }
}

/// Copies, until so little is left that others may wait for it. False if it was told to end.
fn copy(engine: &Recovering<Sled>, new: &Copy, rest: &dyn Fn(Duration) -> bool) -> Result<bool, StoreError> {
    let (mut least, mut vain) = (usize::MAX, 0);
    loop {
        let begun = Instant::now();
        let (portion, left) = engine.read(|database| {
            let mut notes = database.notes();
            let notes = noted(&mut notes)?;
            Ok((notes.portion(database)?, notes.is_all.then_some(notes.changed.len())))
        })?;
        new.apply(portion)?;
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

/// The notes of this opening. An opening after a failure has none: what fills the disk may be the copy.
fn noted(notes: &mut Option<Notes>) -> Result<&mut Notes, StoreError> {
    let notes = notes.as_mut().ok_or_else(|| StoreError::Io(DISK_FAILED.to_owned()))?;
    notes.check()?;
    Ok(notes)
}

/// Has the copy take the place of what it is a copy of.
fn replace_by(engine: &Recovering<Sled>, new: Copy) -> Result<(), StoreError> {
    let place = engine.place();
    let mut new = Some(new);
    let prepare = |database: &Sled| {
        let mut notes = database.notes();
        let notes = noted(&mut notes)?;
        let mut last = Steps::new();
        while !notes.is_all || !notes.changed.is_empty() {
            last.append(&mut notes.portion(database)?);
        }
        new.as_ref().map_or(Ok(()), |new| new.apply(last))?;
        // From here on the next use of the store finishes what this one does not.
        new.take().map_or(Ok(()), Copy::ready)
    };
    let outcome = engine.replace(prepare, |old| {
        let mut old = Some(old);
        let new = place.folder.has_large_values().and_then(|has_large| {
            // It may still remove some by name, and then another value may have that name.
            old.take_if(|_| has_large).map(Sled::close);
            atomic_replace::replace_beside(place.folder.path())
        });
        // What the old one has in memory is many pieces: it is closed when others need not wait.
        (new.map_err(|e| failed(place, &e)).and_then(|()| Sled::open_mended(place)), old)
    });
    new.into_iter().for_each(Copy::close);
    outcome
}
