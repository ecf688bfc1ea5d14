//! An archive while no service uses it: looked at, made anew, made smaller.

use std::collections::BTreeMap;
use std::path::Path;

use super::database::{Database, guarded};
use super::raw::{self, Damage};
use super::rebuild::{self, Rebuilt};
pub(in crate::store) use super::survey::Survey;
use super::survey::{self, Rooms};
use crate::room::archive::ArchiveId;
use crate::store::StoreError;
use crate::store::quarantine::Quarantine;
use crate::wire::jid::BareJid;

/// Memory for what is read.
const CACHE_BYTES: u64 = 16 << 20;

/// Looks at the whole archive in the folder `path`: at every block and change in its files, and then, if the files are
/// sound, at every message and what leads to it. Files that are damaged are left as they are.
pub(in crate::store) fn check(path: &Path, rooms: &Rooms) -> Result<Survey, StoreError> {
    let damages = raw::scan(path, &mut |_| Ok(()))?;
    if !damages.is_empty() {
        return Ok(Survey { damages: damages.iter().map(told).collect(), ..Survey::default() });
    }
    let database = match Database::open(path, CACHE_BYTES) {
        Ok(database) => database,
        Err(e) => return Ok(Survey { damages: vec![e.to_string()], ..Survey::default() }),
    };
    let survey = guarded(|| survey::survey(&database.view(), rooms));
    database.close();
    survey
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
    let damages = raw::scan(path, &mut |_| Ok(()))?;
    let opened = if damages.is_empty() { Database::open(path, CACHE_BYTES).ok() } else { None };
    let source = match opened {
        Some(database) => database,
        None => {
            let scratch = Database::open(scratch, CACHE_BYTES)?;
            rebuild::salvage(path, &scratch)?;
            scratch
        }
    };
    let target = Database::open(into, CACHE_BYTES)?;
    let rebuilt = guarded(|| rebuild::rebuild(&source.view(), &target, rooms, quarantine));
    target.close();
    source.close();
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
    let database = Database::open(path, CACHE_BYTES)?;
    let found = guarded(|| rebuild::unclaimed(&database.view(), rooms));
    database.close();
    found
}

/// Merges the files of the archive in the folder `path`, so that what was removed takes no room any more.
pub(in crate::store) fn compact(path: &Path) -> Result<(), StoreError> {
    let database = Database::open(path, CACHE_BYTES)?;
    let compacted = database.compact();
    database.close();
    compacted
}
