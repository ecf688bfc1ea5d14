//! From writes to keys and values, the same for every store that keeps bytes.
//!
//! Rooms and vCards are under the room's bare address, affiliations under room, a zero byte, account: no address
//! holds a zero byte, so a room's affiliations are exactly the keys that begin with [`affiliation_prefix`].

use std::collections::BTreeMap;

use super::occupant::encode_occupant;
use super::record::{corrupt, decode_affiliated, encode_affiliated, encode_room, encode_vcard};
use super::{StoreError, Write};
use crate::room::state::{Affiliated, Affiliation};
use crate::wire::jid::BareJid;

/// Where a record is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Table {
    Rooms,
    Affiliations,
    Vcards,
    Occupants,
}

impl Table {
    /// All of them, in their order.
    pub(super) const ALL: [Self; 4] = [Self::Rooms, Self::Affiliations, Self::Vcards, Self::Occupants];
}

/// What becomes of each key that some writes touch; `None` removes it.
pub(super) type Changes = BTreeMap<(Table, Vec<u8>), Option<Vec<u8>>>;

/// How every key of an affiliation or an occupant in this room begins.
pub(super) fn affiliation_prefix(room: &BareJid) -> Vec<u8> {
    let mut key = Vec::with_capacity(room.as_str().len() + 1);
    key.extend_from_slice(room.as_str().as_bytes());
    key.push(0);
    key
}

/// The key of one affiliation.
pub(super) fn affiliation_key(room: &BareJid, jid: &BareJid) -> Vec<u8> {
    let mut key = affiliation_prefix(room);
    key.extend_from_slice(jid.as_str().as_bytes());
    key
}

/// The outcome of `writes` in their order. `stored` gives the keys of a table that are stored and begin so.
pub(super) fn changes<E>(
    writes: &[Write],
    mut stored: impl FnMut(Table, &[u8]) -> Result<Vec<Vec<u8>>, E>,
) -> Result<Changes, E> {
    let mut changes = Changes::new();
    for write in writes {
        match write {
            Write::Room { room, record } => {
                changes.insert((Table::Rooms, room.as_str().into()), Some(encode_room(record)));
            }
            Write::Affiliation { room, jid, value } => {
                let value = value.as_ref().filter(|v| v.affiliation != Affiliation::None);
                changes
                    .insert((Table::Affiliations, affiliation_key(room, jid)), value.map(encode_affiliated));
            }
            Write::Occupant { room, nick, value } => {
                let mut key = affiliation_prefix(room);
                key.extend_from_slice(nick.as_bytes());
                changes.insert((Table::Occupants, key), value.as_ref().map(encode_occupant));
            }
            Write::Vcard { room, value } => {
                let value = value.as_deref().map(encode_vcard);
                changes.insert((Table::Vcards, room.as_str().into()), value);
            }
            Write::Forget { room } => {
                let prefix = affiliation_prefix(room);
                for table in [Table::Affiliations, Table::Occupants] {
                    for key in stored(table, &prefix)? {
                        changes.insert((table, key), None);
                    }
                    let from = (table, prefix.clone());
                    let ours = |t: &Table, key: &[u8]| *t == table && key.starts_with(&prefix);
                    for (_, value) in changes.range_mut(from..).take_while(|((t, k), _)| ours(t, k)) {
                        *value = None;
                    }
                }
                changes.insert((Table::Rooms, room.as_str().into()), None);
                changes.insert((Table::Vcards, room.as_str().into()), None);
            }
        }
    }
    Ok(changes)
}

/// Reads one stored affiliation of a room.
pub(super) fn affiliation(
    room: &BareJid,
    key: &[u8],
    value: &[u8],
) -> Result<(BareJid, Affiliated), StoreError> {
    Ok((address(key, &key[room.as_str().len() + 1..])?, decode_affiliated(key, value)?))
}

/// Reads the address in a key.
pub(super) fn address(key: &[u8], part: &[u8]) -> Result<BareJid, StoreError> {
    let text = std::str::from_utf8(part).map_err(|e| corrupt(key, e.to_string()))?;
    BareJid::parse(text).map_err(|e| corrupt(key, e.to_string()))
}
