//! What a room has made durable: the words in which it says so.

use std::sync::Arc;

use crate::room::part::Part;
use crate::room::roster::{Occupant, Said, Session};
use crate::room::state::{Affiliated, RoomRecord, State};
use crate::room::vcard::Vcard;
use crate::wire::jid::{BareJid, Jid};
use crate::wire::muc::Affiliation;
use crate::wire::size;
use serde::{Deserialize, Serialize};

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
    /// The affiliation of an account; `None` removes it.
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
        /// The key of their nick.
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

/// A room of no more records is gone as soon as it is forgotten; of a larger one a rest is left.
pub const FORGOTTEN_AT_ONCE: usize = 200;

impl Write {
    /// About how many records this changes at most, for bounds.
    pub fn records(&self) -> usize {
        match self {
            Self::Room { room, record } => record.parts(room).len(),
            Self::Whole { room, state } => state.record.parts(room).len() + state.affiliations.len(),
            Self::Forget { .. } => FORGOTTEN_AT_ONCE,
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

/// An occupant, and the affiliation that the role goes with.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredOccupant {
    /// Who and how. The occupant id is not stored, and empty when this is read.
    pub occupant: Arc<Occupant>,
    /// The affiliation of the account when this was written.
    pub affiliation: Affiliation,
    /// The room hid real addresses then.
    pub hidden: bool,
    /// The highest number of the records of the sessions; 0 if they have none of their own.
    pub turn: u64,
}

/// A session of an occupant, without what it said of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredSession {
    /// The key of the nick that the occupant has.
    pub nick: String,
    /// Those of an occupant are in the order of these numbers, of which the first is 1.
    pub turn: u64,
    /// See [`Session::follows`].
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub follows: bool,
    /// See [`Session::proof`].
    #[serde(default, skip_serializing_if = "is_zero")]
    pub proof: u64,
}

fn is_zero(proof: &u64) -> bool {
    *proof == 0
}
