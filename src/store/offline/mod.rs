//! What an operator does to a store that no service uses: look whether it is sound, repair it, make it smaller.
//!
//! Nothing is repaired in place. What is sound is written anew beside the old files and then takes their place
//! ([`atomic_replace`]); the old files stay in a folder aside, with what could not be read as lines of text.

mod messages;
mod quarantine;
mod rebuild;
mod rooms;
mod salvage;
mod verify;

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::Path;

use jiff::Timestamp;

use self::messages::Report;
use self::quarantine::Quarantine;
use self::rooms::{Inventory, Offline, Remade};
use super::StoreError;
use super::atomic_replace::{self, ARCHIVE};

/// The file with records that could not be read, in the folder aside.
const RECORDS: &str = "records.jsonl";

/// A line for the operator.
pub type Say<'a> = &'a mut dyn FnMut(&str);

/// Looks at every record of the store in the folder `path`, and names those that are damaged to `say`, one a line;
/// no line holds a message's text or a password. Gives how many there are.
///
/// [`StoreError::Unusable`] if there is no store, or a service uses it.
pub fn check(path: &Path, say: Say<'_>) -> Result<usize, StoreError> {
    let store = Offline::claim(path)?;
    Ok(look(&store, path, say)?.damages())
}

/// Makes the store in the folder `path` sound again and tells `say` what was done. Gives whether there was anything to
/// do.
///
/// [`StoreError::Unusable`] if there is no store, a service uses it, or nothing can be read of it; then, and after any
/// other error, the store is as it was.
pub fn repair(path: &Path, say: Say<'_>) -> Result<bool, StoreError> {
    let store = Offline::claim(path)?;
    let mut looked = look(&store, path, say)?;
    if looked.damages() == 0 {
        say("There is nothing to repair.");
        return Ok(false);
    }
    let part = atomic_replace::part(path).map_err(|e| io_error(path, &e))?;
    let aside = format!("damaged-{}", Timestamp::now().strftime("%Y%m%dT%H%M%SZ"));
    let aside_path = path.join(&aside);
    DirBuilder::new().mode(0o700).create(&aside_path).map_err(|e| io_error(&aside_path, &e))?;
    let mut quarantine = Quarantine::new(&aside_path.join(RECORDS));
    let replaced = replace(&store, path, &mut looked, &part, &mut quarantine, say);
    let outcome = replaced.and_then(|()| {
        let records = quarantine.finish()?;
        drop(store);
        atomic_replace::replace(path, &aside).map_err(|e| io_error(path, &e))?;
        Ok(records)
    });
    match outcome {
        Ok(records) => {
            if records > 0 {
                say(&format!("{records} records could not be read; they are in {aside}/{RECORDS}."));
            }
            say(&format!("The store is sound. What it was lies in {}.", aside_path.display()));
            Ok(true)
        }
        Err(e) => {
            // What was written so far is of no use. If it cannot be removed, the next repair does it.
            let _ = atomic_replace::remove(&part).and_then(|()| atomic_replace::remove(&aside_path));
            Err(e)
        }
    }
}

/// Writes the new files of what is damaged to `part`.
fn replace(
    store: &Offline,
    path: &Path,
    looked: &mut Looked,
    part: &Path,
    quarantine: &mut Quarantine,
    say: Say<'_>,
) -> Result<(), StoreError> {
    make(part)?;
    let rooms = &mut looked.rooms;
    let mut archive = path.join(ARCHIVE);
    if looked.archive_damages > 0 {
        let (new, scratch) = (part.join(ARCHIVE), part.join("scratch"));
        let rebuilt = messages::rebuild(&archive, &new, &scratch, &rooms.archives, quarantine)?;
        atomic_replace::remove(&scratch).map_err(|e| io_error(&scratch, &e))?;
        rebuilt.told.iter().for_each(|line| say(line));
        let (messages, archives) = (rebuilt.messages, rebuilt.archives);
        say(&format!("{messages} messages of {archives} archives were written anew, with their indexes."));
        archive = new;
    }
    if !rooms.damages.is_empty() {
        let unclaimed = match archive.exists() {
            true => messages::unclaimed(&archive, &rooms.archives)?,
            false => BTreeMap::new(),
        };
        for Remade { room, record, archive, closed } in rooms.remade() {
            if archive {
                record.archive = unclaimed.get(&room).cloned().unwrap_or_default();
            }
            if closed {
                say(&format!("{room} is open to its members only now; its owners can configure it anew."));
            }
        }
        store.rewrite(rooms, part, quarantine)?;
        say(&format!("{} records of rooms were written anew.", rooms.records - quarantine.count()));
    }
    Ok(())
}

/// Gives back the room on the disk that is taken by what was removed or replaced, and tells `say` how much.
///
/// [`StoreError::Unusable`] if there is no store, a service uses it, or it is damaged: it is to be repaired first.
pub fn compact(path: &Path, say: Say<'_>) -> Result<(), StoreError> {
    let store = Offline::claim(path)?;
    let before = bytes(path).map_err(|e| io_error(path, &e))?;
    let rooms = store.read()?;
    if !rooms.damages.is_empty() {
        return Err(StoreError::Unusable(format!("{} is damaged; repair it first", path.display())));
    }
    let part = atomic_replace::part(path).map_err(|e| io_error(path, &e))?;
    make(&part)?;
    let mut quarantine = Quarantine::new(&part.join(RECORDS));
    store.rewrite(&rooms, &part, &mut quarantine)?;
    atomic_replace::replace_for_good(path).map_err(|e| io_error(path, &e))?;
    let archive = path.join(ARCHIVE);
    if archive.exists() {
        messages::compact(&archive).map_err(|e| match e {
            StoreError::Corrupt { .. } => StoreError::Unusable(format!("{e}; repair it first")),
            e => e,
        })?;
    }
    let after = bytes(path).map_err(|e| io_error(path, &e))?;
    say(&format!("{before} bytes before, {after} bytes now."));
    Ok(())
}

/// What was found in a store.
struct Looked {
    rooms: Inventory,
    archive_damages: usize,
}

impl Looked {
    fn damages(&self) -> usize {
        self.rooms.damages.len() + self.archive_damages
    }
}

/// Looks at everything, and says what is damaged and how much there is.
fn look(store: &Offline, path: &Path, say: Say<'_>) -> Result<Looked, StoreError> {
    let rooms = store.read()?;
    rooms.damages.iter().for_each(|line| say(line));
    let archive = path.join(ARCHIVE);
    let report = match archive.exists() {
        true => messages::check(&archive, &rooms.archives)?,
        false => Report::default(),
    };
    report.damages.iter().for_each(|line| say(line));
    say(&format!(
        "{} rooms, {} affiliations, {} vCards, {} occupants; {} messages in {} archives; {} damaged.",
        rooms.rooms,
        rooms.affiliations,
        rooms.vcards,
        rooms.occupants,
        report.messages,
        report.archives,
        rooms.damages.len() + report.damages.len()
    ));
    Ok(Looked { rooms, archive_damages: report.damages.len() })
}

fn make(folder: &Path) -> Result<(), StoreError> {
    DirBuilder::new().mode(0o700).create(folder).map_err(|e| io_error(folder, &e))
}

fn io_error(path: &Path, error: &io::Error) -> StoreError {
    StoreError::Io(format!("{}: {error}", path.display()))
}

/// Bytes that a file or folder takes on the disk.
fn bytes(path: &Path) -> io::Result<u64> {
    const BLOCK_BYTES: u64 = 512;
    let meta = fs::symlink_metadata(path)?;
    let mut sum = meta.blocks() * BLOCK_BYTES;
    if meta.is_dir() {
        for entry in fs::read_dir(path)? {
            sum += bytes(&entry?.path())?;
        }
    }
    Ok(sum)
}
