//! An archive while no service uses it: looked at, made anew, made smaller.

use std::collections::BTreeMap;
use std::path::Path;

use super::quarantine::Quarantine;
use super::rebuild::{self, Rebuilt};
use super::salvage::{self, Damage};
pub(super) use super::verify::Report;
use super::verify::{self, Rooms};
use crate::room::archive::ArchiveId;
use crate::store::StoreError;
use crate::store::embedded::messages::check_format;
use crate::store::engine::Recovering;
use crate::store::engine::fjall::{Fjall, Place};
use crate::wire::jid::BareJid;

/// An archive that is open and serves no service.
pub(super) type OpenArchive = Recovering<Fjall>;

fn open(path: &Path) -> Result<OpenArchive, StoreError> {
    let archive = Recovering::open(Place::new(path, CACHE_BYTES))?;
    check_format(&archive, path)?;
    Ok(archive)
}

/// Memory for what is read.
const CACHE_BYTES: u64 = 16 << 20;

/// Looks at the whole archive in the folder `path`: at every block and change in its files, and then, if the files are
/// sound, at every message and what leads to it. Files that are damaged are left as they are.
pub(in crate::store) fn check(path: &Path, rooms: &Rooms) -> Result<Report, StoreError> {
    let damages = salvage::scan(path, &mut |_| Ok(()))?;
    if !damages.is_empty() {
        return Ok(Report { damages: damages.iter().map(told).collect(), ..Report::default() });
    }
    let database = match open(path) {
        Ok(database) => database,
        Err(e) => return Ok(Report { damages: vec![e.to_string()], ..Report::default() }),
    };
    database.read(|view| verify::verify(view, rooms))
}

fn told(damage: &Damage) -> String {
    let Damage { file, at, bytes, why } = damage;
    format!("archive: {}, {bytes} bytes at {at}: {why}", file.display())
}

/// Makes the archive of the folder `path` anew in the folder `into`, which is not there yet. `scratch` is a folder for
/// the time being, not there yet either; the caller removes it. Records that cannot be read go to `quarantine`.
pub(in crate::store) fn rebuild(
    path: &Path,
    into: &Path,
    scratch: &Path,
    rooms: &Rooms,
    quarantine: &mut Quarantine,
) -> Result<Rebuilt, StoreError> {
    let damages = salvage::scan(path, &mut |_| Ok(()))?;
    let opened = if damages.is_empty() { open(path).ok() } else { None };
    let source = match opened {
        Some(database) => database,
        None => {
            let scratch = open(scratch)?;
            rebuild::salvage(path, &scratch)?;
            scratch
        }
    };
    let target = open(into)?;
    let rebuilt = source.read(|view| rebuild::rebuild(view, &target, rooms, quarantine));
    rebuilt.map(|mut rebuilt| {
        rebuilt.told.splice(0..0, damages.iter().map(told));
        rebuilt
    })
}

/// Which archives belong to none of `rooms`, by the room that sent their messages. If a room had several lives, the
/// last one.
pub(in crate::store) fn unclaimed(
    path: &Path,
    rooms: &Rooms,
) -> Result<BTreeMap<BareJid, ArchiveId>, StoreError> {
    open(path)?.read(|view| rebuild::unclaimed(view, rooms))
}

/// Merges the files of the archive in the folder `path`, so that what was removed takes no room any more.
pub(in crate::store) fn compact(path: &Path) -> Result<(), StoreError> {
    open(path)?.if_sound(|archive| Some(archive.compact())).unwrap_or(Ok(()))
}
