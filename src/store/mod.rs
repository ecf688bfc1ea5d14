//! What must survive the process: rooms, affiliations, and what was said.
//!
//! [`Store`] is the boundary. `sled` keeps it on disk, `memory` keeps it for tests; `record` and `change` say what
//! both of them write.

pub mod archive;
mod change;
pub(crate) mod damage;
pub mod maintain;
pub mod memory;
pub mod occupant;
mod quarantine;
pub mod record;
pub mod sled;
mod swap;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use imbl::OrdMap;

pub use occupant::StoredOccupant;

use crate::room::roster::Session;
use crate::room::state::{Affiliated, RoomRecord, State};
use crate::room::vcard::Vcard;
use crate::wire::jid::BareJid;
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
    /// Somebody in the room; `None` when he is no longer.
    Occupant {
        /// In which room.
        room: BareJid,
        /// The key of his nick.
        nick: String,
        /// Who and how.
        value: Option<StoredOccupant>,
    },
    /// The room's vCard; `None` removes it.
    Vcard {
        /// Of which room.
        room: BareJid,
        /// The new value.
        value: Option<Arc<Vcard>>,
    },
    /// The room and everything about it is gone.
    Forget {
        /// Which room.
        room: BareJid,
    },
}

impl Write {
    /// About how many bytes this is, for bounds.
    pub fn bytes(&self) -> usize {
        // What a record takes beside the texts of people.
        const ROOM_BYTES: usize = 1024;
        const AFFILIATION_BYTES: usize = 64;
        const TOKEN_BYTES: usize = 160;
        const LOST_BYTES: usize = 48;
        match self {
            Self::Room { room, record } => {
                let subject = record.subject.as_ref().map_or(0, |s| {
                    s.nick.len() + s.texts.iter().map(|(lang, text)| lang.len() + text.len()).sum::<usize>()
                });
                let config = &record.config;
                let texts =
                    [&config.name, &config.description, &config.language, &config.password, &config.pubsub];
                let lists = [&config.contacts, &config.ratings, &config.reactions_allowed];
                let texts = texts.into_iter().chain(lists.into_iter().flatten());
                let tokens =
                    record.tokens.iter().map(|t| TOKEN_BYTES + t.issuer.as_str().len()).sum::<usize>();
                let lost = &record.versions.lost;
                let lost = lost.iter().map(|l| LOST_BYTES + l.jid.as_str().len()).sum::<usize>();
                let texts = texts.map(String::len).sum::<usize>() + record.hats.bytes();
                ROOM_BYTES + room.as_str().len() + subject + tokens + lost + texts
            }
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
            Self::Vcard { room, value } => {
                room.as_str().len() + value.as_ref().map_or(0, |v| size::of(v.element()))
            }
            Self::Forget { room } => room.as_str().len(),
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
    /// Everything about one room; `None` if there is no such room. A damaged record of the room itself is
    /// [`StoreError::Corrupt`]; a damaged affiliation or vCard is logged and passed over.
    ///
    /// What it gives is what the disk holds: never a change whose commit is under way or has failed.
    fn load(&self, room: &BareJid) -> Result<Option<State>, StoreError>;

    /// Who was in a room, in the order of nicks. A damaged record is logged and passed over.
    fn occupants(&self, room: &BareJid) -> Result<Vec<StoredOccupant>, StoreError>;

    /// Calls `each` for every room that somebody was in, with the number of occupants.
    fn each_occupied(&self, each: &mut dyn FnMut(BareJid, usize)) -> Result<(), StoreError>;

    /// Calls `each` for every stored room, without its affiliations. A damaged record is logged and passed over; gives
    /// how many there were.
    ///
    /// Rooms that are made or forgotten meanwhile may be met or not. `each` may use the store.
    fn each_room(&self, each: &mut dyn FnMut(BareJid, RoomRecord)) -> Result<usize, StoreError>;

    /// Makes all of `writes` durable, in order, or none of them. They are on the disk when it returns.
    ///
    /// After an error none of them is seen by a later [`Store::load`].
    fn commit(&self, writes: &[Write]) -> Result<(), StoreError>;
}

/// A room's state from its record, its stored affiliations, whose keys begin with room and a zero byte, and its stored
/// vCard.
fn state<B: AsRef<[u8]>>(
    room: &BareJid,
    record: RoomRecord,
    vcard: Option<B>,
    stored: impl Iterator<Item = Result<(B, B), StoreError>>,
) -> Result<State, StoreError> {
    let mut affiliations = OrdMap::new();
    for pair in stored {
        let (key, value) = pair?;
        match change::affiliation(room, key.as_ref(), value.as_ref()) {
            Ok((jid, value)) => {
                affiliations.insert(jid, value);
            }
            Err(damage) => damage::tell(&damage, "the room is loaded without it"),
        }
    }
    let vcard = vcard.and_then(|bytes| {
        let read = record::decode_vcard(room.as_str().as_bytes(), bytes.as_ref());
        read.inspect_err(|damage| damage::tell(damage, "the room is loaded without its vCard")).ok()
    });
    Ok(State { record, affiliations, vcard: vcard.map(Arc::new) })
}

/// Hands one stored room to `each`, or logs that it is damaged; whether it is sound.
fn each_record(key: &[u8], value: &[u8], each: &mut dyn FnMut(BareJid, RoomRecord)) -> bool {
    match change::address(key, key).and_then(|room| Ok((room, record::decode_room(key, value)?))) {
        Ok((room, record)) => {
            each(room, record);
            true
        }
        Err(damage) => {
            damage::tell(&damage, "the room is passed over");
            false
        }
    }
}

/// Occupants from their stored records.
fn occupants<B: AsRef<[u8]>>(
    stored: impl Iterator<Item = Result<(B, B), StoreError>>,
) -> Result<Vec<StoredOccupant>, StoreError> {
    let mut occupants = Vec::new();
    for pair in stored {
        let (key, value) = pair?;
        match occupant::decode_occupant(key.as_ref(), value.as_ref()) {
            Ok(occupant) => occupants.push(occupant),
            Err(damage) => damage::tell(&damage, "somebody has to enter again"),
        }
    }
    Ok(occupants)
}

/// Counts the occupants of each room, given the keys of all occupants in order, and hands them to `each`.
fn each_occupied<B: AsRef<[u8]>>(
    keys: impl Iterator<Item = Result<B, StoreError>>,
    each: &mut dyn FnMut(BareJid, usize),
) -> Result<(), StoreError> {
    let mut rooms = BTreeMap::new();
    for key in keys {
        let key = key?;
        let room = key.as_ref().split(|byte| *byte == 0).next().unwrap_or_default();
        *rooms.entry(room.to_vec()).or_insert(0) += 1;
    }
    for (room, count) in rooms {
        match change::address(&room, &room) {
            Ok(room) => each(room, count),
            Err(damage) => damage::tell(&damage, "its occupants are passed over"),
        }
    }
    Ok(())
}
