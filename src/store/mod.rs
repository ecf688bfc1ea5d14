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
use std::sync::Arc;
use std::time::Duration;

pub use occupant::{StoredOccupant, StoredSession};

use crate::room::listing::Listed;
use crate::room::part::Part;
use crate::room::roster::{Said, Session};
use crate::room::state::{Affiliated, RoomRecord, State};
use crate::room::vcard::Vcard;
use crate::wire::jid::{BareJid, Jid};
use crate::wire::size;

/// The versions of everything that is written to the disk. Each version from 1 on is read for ever, and upgraded where
/// it is met; `tests/upgrade` keeps a store of each.
pub const FORMATS: [(&str, u32); 5] = [
    ("record", record::VERSION as u32),
    sled::FORMATS[0],
    sled::FORMATS[1],
    archive::fjall::FORMATS[0],
    archive::fjall::FORMATS[1],
];

/// One durable change. A room is named by its bare address.
#[derive(Clone, Debug, PartialEq)]
pub enum Write {
    /// The room exists and this is its configuration, subject and so on; affiliations and vCard are apart.
    Room {
        /// Which room.
        room: BareJid,
        /// All but the affiliations and the vCard.
        record: Box<RoomRecord>,
    },
    /// The room exists, and this is all of it: as many writes as there are records, made when they are needed.
    Whole {
        /// Which room.
        room: BareJid,
        /// Its record, its affiliations, its vCard.
        state: Arc<State>,
    },
    /// A part of the record of a room that is stored is another now.
    Part {
        /// Of which room.
        room: BareJid,
        /// Which, and what it is.
        part: Part,
    },
    /// Somebody's affiliation; `None` removes it.
    Affiliation {
        /// In which room.
        room: BareJid,
        /// Whose.
        jid: BareJid,
        /// The new value.
        value: Option<Affiliated>,
    },
    /// An occupant of the room, without sessions; `None` when they are no longer in it.
    Occupant {
        /// In which room.
        room: BareJid,
        /// The key of his nick.
        nick: String,
        /// Who and how.
        value: Option<StoredOccupant>,
    },
    /// A session of an occupant, without what it said of itself; `None` when it is gone.
    Session {
        /// In which room.
        room: BareJid,
        /// The full address of the client.
        jid: Jid,
        /// Whose and how.
        value: Option<StoredSession>,
    },
    /// What a session said of itself; `None` when it is gone.
    Said {
        /// In which room.
        room: BareJid,
        /// The full address of the client.
        jid: Jid,
        /// The presence.
        value: Option<Arc<Said>>,
    },
    /// The room's vCard; `None` removes it.
    Vcard {
        /// Of which room.
        room: BareJid,
        /// The new value.
        value: Option<Arc<Vcard>>,
    },
    /// The room and everything about it is gone. Where that is much, it is only not to be found any more, and lies there
    /// until it is swept.
    Forget {
        /// Which room.
        room: BareJid,
    },
    /// A portion of what is left of a room that was forgotten is swept; does nothing if nothing is left.
    Sweep {
        /// Which room.
        room: BareJid,
    },
}

/// Records in a portion. It takes the store some milliseconds: others that wait for it hardly notice.
pub const PORTION_RECORDS_MAX: usize = 1000;

/// Records that one event may lead to, and what is written along with it: what all others wait for.
pub const REQUEST_RECORDS_MAX: usize = 2 * PORTION_RECORDS_MAX;

/// Whether these are no more than one request to the store may be. Who is in a room is not counted.
pub fn is_request(writes: &[Write]) -> bool {
    let is_state = |write: &&Write| {
        !matches!(write, Write::Occupant { .. } | Write::Session { .. } | Write::Said { .. })
    };
    writes.iter().filter(is_state).map(Write::records).sum::<usize>() <= REQUEST_RECORDS_MAX
}

/// Bytes in a portion of writes.
pub const PORTION_BYTES_MAX: usize = 128 * 1024;

impl Write {
    /// About how many records this changes at most, for bounds.
    pub fn records(&self) -> usize {
        match self {
            Self::Room { room, record } => record.parts(room).len(),
            Self::Whole { room, state } => state.record.parts(room).len() + state.affiliations.len(),
            Self::Forget { .. } => change::FORGOTTEN_AT_ONCE,
            Self::Sweep { .. } => PORTION_RECORDS_MAX,
            _ => 1,
        }
    }

    /// About how many bytes this is, for bounds.
    pub fn bytes(&self) -> usize {
        // What a record takes beside the texts of people.
        const AFFILIATION_BYTES: usize = 64;
        // And about how much with them.
        const AFFILIATIONS_BYTES: usize = 128;
        match self {
            Self::Whole { room, state } => {
                let record = state.record.parts(room).iter().map(Part::bytes).sum::<usize>();
                let vcard = state.vcard.as_ref().map_or(0, |vcard| size::of(vcard.element()));
                record + vcard + state.affiliations.len() * AFFILIATIONS_BYTES
            }
            Self::Room { room, record } => {
                let parts = record.parts(room);
                parts.iter().map(|part| room.as_str().len() + part.bytes()).sum()
            }
            Self::Part { room, part } => room.as_str().len() + part.bytes(),
            Self::Affiliation { room, jid, value } => {
                let texts = value.iter().flat_map(|v| {
                    let note = v.ban.iter().filter_map(|ban| ban.note.as_ref());
                    v.nick.iter().chain(&v.reason).chain(note).chain(v.data.values())
                });
                AFFILIATION_BYTES
                    + room.as_str().len()
                    + jid.as_str().len()
                    + texts.map(String::len).sum::<usize>()
            }
            Self::Occupant { room, nick, value } => {
                let sessions = value.iter().flat_map(|v| &v.occupant.sessions);
                let sessions = sessions.map(|s: &Session| s.jid.as_str().len() + s.presence.bytes());
                AFFILIATION_BYTES + room.as_str().len() + nick.len() + sessions.sum::<usize>()
            }
            Self::Session { room, jid, value } => {
                let nick = value.as_ref().map_or(0, |session| session.nick.len());
                AFFILIATION_BYTES + room.as_str().len() + jid.as_str().len() + nick
            }
            Self::Said { room, jid, value } => {
                room.as_str().len() + jid.as_str().len() + value.as_ref().map_or(0, |said| said.bytes())
            }
            Self::Vcard { room, value } => {
                room.as_str().len() + value.as_ref().map_or(0, |v| size::of(v.element()))
            }
            Self::Forget { room } => room.as_str().len(),
            Self::Sweep { room } => room.as_str().len(),
        }
    }
}

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
