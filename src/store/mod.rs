//! What must survive the process: rooms and affiliations.
//!
//! [`Store`] is the boundary. `sled` keeps it on disk, `memory` keeps it for tests.

pub mod memory;
pub mod record;
pub mod sled;

use std::fmt;

use crate::room::state::{Affiliated, RoomRecord, State};
use crate::wire::jid::BareJid;

/// One durable change. A room is named by its bare address.
#[derive(Clone, Debug, PartialEq)]
pub enum Write {
    /// The room exists and this is its configuration, subject and so on; affiliations are apart.
    Room {
        /// Which room.
        room: BareJid,
        /// All but the affiliations.
        record: Box<RoomRecord>,
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
    /// The room and everything about it is gone.
    Forget {
        /// Which room.
        room: BareJid,
    },
}

/// Why the store could not do it. The fault is always ours or the disk's, never the peer's.
#[derive(Debug)]
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
    /// Everything about one room; `None` if there is no such room.
    fn load(&self, room: &BareJid) -> Result<Option<State>, StoreError>;

    /// Calls `each` for every stored room, without its affiliations. A damaged record is logged and passed over.
    fn each_room(&self, each: &mut dyn FnMut(BareJid, RoomRecord)) -> Result<(), StoreError>;

    /// Makes all of `writes` durable, in order, or none of them. They are on the disk when it returns.
    fn commit(&self, writes: &[Write]) -> Result<(), StoreError>;
}
