//! What must survive the process: rooms, affiliations, and what was said.
//!
//! [`Store`] is the boundary. `sled` keeps it on disk, `memory` keeps it for tests; `record`, `layout` and `change` say what
//! both of them write, `load` what they read.

pub mod archive;
mod change;
pub(crate) mod damage;
mod layout;
mod load;
pub mod maintain;
pub mod memory;
pub mod occupant;
mod quarantine;
pub mod record;
pub mod sled;
mod swap;

use std::fmt;
use std::path::Path;
use std::time::Duration;

pub use crate::room::write::{StoredOccupant, StoredSession};

use crate::room::listing::Listed;
use crate::room::state::State;
use crate::room::write::Write;
use crate::wire::jid::BareJid;

/// The versions of everything that is written to the disk. Each version from 1 on is read for ever, and upgraded where
/// it is met; `tests/upgrade` keeps a store of each.
pub const FORMATS: [(&str, u32); 5] = [
    ("record", record::VERSION as u32),
    sled::FORMATS[0],
    sled::FORMATS[1],
    archive::fjall::FORMATS[0],
    archive::fjall::FORMATS[1],
];

/// Why the store could not do it. The fault is always ours or the disk's, never the peer's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreError {
    /// The folder cannot be used: missing rights, held by another process, made by a newer version.
    Unusable(String),
    /// Reading or writing failed.
    Io(String),
    /// One record cannot be read; the key says which.
    Corrupt {
        /// The record's key, printable.
        key: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unusable(why) => write!(f, "the store cannot be used: {why}"),
            Self::Io(why) => write!(f, "the store failed: {why}"),
            Self::Corrupt { key, reason } => write!(f, "record {key} is damaged: {reason}"),
        }
    }
}

impl std::error::Error for StoreError {}

/// Durable facts. All calls block; they are made from threads that may.
pub trait Store: Send + Sync + 'static {
    /// Everything about one room; `None` if there is no such room. Where its beginning or its configuration, which may close
    /// it, is damaged, that is [`StoreError::Corrupt`]; anything else that is damaged is logged and passed over.
    ///
    /// What it gives is what the disk holds: never a change whose commit is under way or has failed.
    fn load(&self, room: &BareJid) -> Result<Option<State>, StoreError>;

    /// Who was in a room, in the order of nicks. A damaged record is logged and passed over.
    fn occupants(&self, room: &BareJid) -> Result<Vec<StoredOccupant>, StoreError>;

    /// Calls `each` for every room that somebody was in, with the number of occupants.
    fn each_occupied(&self, each: &mut dyn FnMut(BareJid, usize)) -> Result<(), StoreError>;

    /// Calls `each` for every stored room, with what is known of it without loading it. A damaged record is logged and
    /// passed over; gives how many there were.
    ///
    /// Rooms that are made or forgotten meanwhile may be met or not. `each` may use the store.
    fn each_room(&self, each: &mut dyn FnMut(BareJid, Listed)) -> Result<usize, StoreError>;

    /// Whether something is left of a room that was forgotten. To write anything about the room takes all of it away first.
    fn has_rest(&self, room: &BareJid) -> Result<bool, StoreError>;

    /// Rooms that were forgotten, and of which something is left to be swept.
    fn rests(&self) -> Result<Vec<BareJid>, StoreError>;

    /// Makes all of `writes` durable, in order, or none of them. They are on the disk when it returns.
    ///
    /// After an error none of them is seen by a later [`Store::load`].
    fn commit(&self, writes: &[Write]) -> Result<(), StoreError>;

    /// Gives back what removed and replaced records take on the disk, if it is much; everything else can go on meanwhile. It
    /// goes by small steps, and ends early when `rest`, which rests for some time, gives false. Gives what it came to; `None`
    /// if there was nothing to do, or not to the end.
    ///
    /// After an error, which may be that too little is free on the disk, or that too much is written meanwhile, the store is
    /// as it was.
    fn renew(&self, _rest: &dyn Fn(Duration) -> bool) -> Result<Option<Renewed>, StoreError> {
        Ok(None)
    }
}

/// How many bytes the files of a store took before they were written anew, and after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Renewed {
    /// Before.
    pub before: u64,
    /// After.
    pub after: u64,
}

/// How many bytes are free on the disk of a folder.
fn free_bytes(path: &Path) -> Result<u64, StoreError> {
    let disk = nix::sys::statvfs::statvfs(path)
        .map_err(|e| StoreError::Io(format!("{}: {}", path.display(), std::io::Error::from(e))))?;
    // The types are not the same on all systems.
    #[allow(clippy::useless_conversion, reason = "on this one they are")]
    let free = u64::from(disk.blocks_available()).saturating_mul(u64::from(disk.fragment_size()));
    Ok(free)
}
