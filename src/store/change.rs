//! From writes to keys and values, the same for every store that keeps bytes.

use std::collections::BTreeMap;

use super::Write;
use super::layout::{SHORT_BYTES_MAX, Table, cut, kind, occupant_key, part_key, pieces_prefix, prefix};
use super::occupant::{encode_occupant, encode_said, encode_session};
use super::record::{encode_affiliated, encode_part, encode_vcard};
use crate::room::part::Part;
use crate::room::state::Affiliation;
use crate::wire::jid::BareJid;

/// What becomes of each key that some writes touch; `None` removes it.
pub(super) type Changes = BTreeMap<(Table, Vec<u8>), Option<Vec<u8>>>;

/// The outcome of `writes` in their order. `stored` gives the keys of a table that are stored and begin so.
pub(super) fn changes<E>(
    writes: &[Write],
    stored: impl FnMut(Table, &[u8]) -> Result<Vec<Vec<u8>>, E>,
) -> Result<Changes, E> {
    let mut outcome = Outcome { changes: Changes::new(), stored };
    for write in writes {
        match write {
            Write::Room { room, record } => {
                for kind in kind::OF_RECORD {
                    outcome.remove(Table::Parts, &part_key(room, kind, ""))?;
                }
                for part in record.parts(room) {
                    outcome.put_part(room, &part)?;
                }
            }
            Write::Part { room, part } => outcome.put_part(room, part)?,
            Write::Affiliation { room, jid, value } => {
                let value = value.as_ref().filter(|v| v.affiliation != Affiliation::None);
                let key = part_key(room, kind::AFFILIATION, jid.as_str());
                outcome.put(Table::Parts, key, jid.as_str(), value.map(encode_affiliated))?;
            }
            Write::Occupant { room, nick, value } => {
                let key = occupant_key(room, nick);
                outcome.put(Table::Occupants, key, nick, value.as_ref().map(encode_occupant))?;
            }
            Write::Session { room, jid, value } => {
                let key = part_key(room, kind::SESSION, jid.as_str());
                outcome.put(Table::Occupants, key, jid.as_str(), value.as_ref().map(encode_session))?;
            }
            Write::Said { room, jid, value } => {
                let content = value.as_deref().map(encode_said);
                let is_long = content.as_ref().is_some_and(|content| content.len() > SHORT_BYTES_MAX);
                for (kind, long) in [(kind::SAID, false), (kind::SAID_AT_LENGTH, true)] {
                    let key = part_key(room, kind, jid.as_str());
                    let content = content.clone().filter(|_| long == is_long);
                    outcome.put(Table::Occupants, key, jid.as_str(), content)?;
                }
            }
            Write::Vcard { room, value } => {
                let key = part_key(room, kind::VCARD, "");
                outcome.put(Table::Parts, key, "", value.as_deref().map(encode_vcard))?;
            }
            Write::Forget { room } => {
                for table in Table::ALL {
                    outcome.remove(table, &prefix(room))?;
                }
            }
        }
    }
    Ok(outcome.changes)
}

struct Outcome<F> {
    changes: Changes,
    stored: F,
}

impl<E, F: FnMut(Table, &[u8]) -> Result<Vec<Vec<u8>>, E>> Outcome<F> {
    /// Nothing is left under keys that begin so.
    fn remove(&mut self, table: Table, prefix: &[u8]) -> Result<(), E> {
        for key in (self.stored)(table, prefix)? {
            self.changes.insert((table, key), None);
        }
        let ours = |t: &Table, key: &[u8]| *t == table && key.starts_with(prefix);
        let from = (table, prefix.to_vec());
        for (_, value) in self.changes.range_mut(from..).take_while(|((t, key), _)| ours(t, key)) {
            *value = None;
        }
        Ok(())
    }

    /// At `key` is `content`, or nothing; `name` stands in the key.
    fn put(&mut self, table: Table, key: Vec<u8>, name: &str, content: Option<Vec<u8>>) -> Result<(), E> {
        self.remove(table, &pieces_prefix(&key))?;
        let Some(content) = content else {
            self.changes.insert((table, key), None);
            return Ok(());
        };
        for (key, piece) in cut(key, name, content) {
            self.changes.insert((table, key), Some(piece));
        }
        Ok(())
    }

    fn put_part(&mut self, room: &BareJid, part: &Part) -> Result<(), E> {
        let (kind, name, content) = encode_part(part);
        let (table, key) = match kind {
            Some(kind) => (Table::Parts, part_key(room, kind, &name)),
            None => (Table::Listed, prefix(room)),
        };
        // What a room begins with has the room's name with it.
        let name = if matches!(part, Part::Life(_) | Part::Listed(_)) { room.as_str() } else { &name };
        self.put(table, key, name, content)
    }
}
