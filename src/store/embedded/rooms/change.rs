//! From writes to keys and values, the same for every store that keeps bytes.

use std::collections::BTreeSet;

use super::layout::{SHORT_BYTES_MAX, cut, kind, occupant_key, part_key, pieces_prefix, prefix};
use super::occupant::{encode_occupant, encode_said, encode_session};
use super::record::{encode_affiliated, encode_part, encode_vcard};
use crate::room::part::Part;
use crate::room::state::State;
use crate::room::write::{FORGOTTEN_AT_ONCE, PORTION_RECORDS_MAX, Write};
use crate::store::engine::{Steps, Table};
use crate::wire::jid::BareJid;
use crate::wire::muc::Affiliation;

/// The outcome of `writes` in their order. `stored` gives the keys of a table that are stored and begin so, the first so many
/// of them.
pub(in crate::store) fn changes<E>(
    writes: &[Write],
    stored: impl FnMut(Table, &[u8], usize) -> Result<Vec<Vec<u8>>, E>,
) -> Result<Steps, E> {
    let mut outcome = Outcome { changes: Steps::new(), stored, clear: BTreeSet::new() };
    for write in writes {
        outcome.apply(write)?;
    }
    Ok(outcome.changes)
}

/// All that a room is, as writes.
fn whole<'a>(room: &'a BareJid, state: &'a State) -> impl Iterator<Item = Write> + 'a {
    let record = Write::Room { room: room.clone(), record: Box::new(state.record.clone()) };
    let affiliations = state.affiliations.iter().map(|(jid, value)| Write::Affiliation {
        room: room.clone(),
        jid: jid.clone(),
        value: Some(value.clone()),
    });
    let vcard = state.vcard.clone().map(|vcard| Write::Vcard { room: room.clone(), value: Some(vcard) });
    [record].into_iter().chain(affiliations).chain(vcard)
}

struct Outcome<F> {
    changes: Steps,
    stored: F,
    /// Rooms of which no rest is left.
    clear: BTreeSet<BareJid>,
}

impl<E, F: FnMut(Table, &[u8], usize) -> Result<Vec<Vec<u8>>, E>> Outcome<F> {
    fn apply(&mut self, write: &Write) -> Result<(), E> {
        match write {
            Write::Whole { room, state } => {
                return whole(room, state).try_for_each(|write| self.apply(&write));
            }
            Write::Forget { room } => self.forget(room)?,
            Write::Sweep { room } => self.sweep(room)?,
            Write::Room { room, .. }
            | Write::Part { room, .. }
            | Write::Affiliation { room, .. }
            | Write::Occupant { room, .. }
            | Write::Session { room, .. }
            | Write::Said { room, .. }
            | Write::Vcard { room, .. } => self.clear(room)?,
        }
        match write {
            Write::Room { room, record } => {
                for kind in kind::OF_RECORD {
                    self.remove(Table::Parts, &part_key(room, kind, ""))?;
                }
                for part in record.parts(room) {
                    self.put_part(room, &part)?;
                }
            }
            Write::Part { room, part } => self.put_part(room, part)?,
            Write::Affiliation { room, jid, value } => {
                let value = value.as_ref().filter(|v| v.affiliation != Affiliation::None);
                let key = part_key(room, kind::AFFILIATION, jid.as_str());
                self.put(Table::Parts, key, jid.as_str(), value.map(encode_affiliated))?;
            }
            Write::Occupant { room, nick, value } => {
                let key = occupant_key(room, nick);
                self.put(Table::Occupants, key, nick, value.as_ref().map(encode_occupant))?;
            }
            Write::Session { room, jid, value } => {
                let key = part_key(room, kind::SESSION, jid.as_str());
                self.put(Table::Occupants, key, jid.as_str(), value.as_ref().map(encode_session))?;
            }
            Write::Said { room, jid, value } => {
                let content = value.as_deref().map(encode_said);
                let is_long = content.as_ref().is_some_and(|content| content.len() > SHORT_BYTES_MAX);
                for (kind, long) in [(kind::SAID, false), (kind::SAID_AT_LENGTH, true)] {
                    let key = part_key(room, kind, jid.as_str());
                    let content = content.clone().filter(|_| long == is_long);
                    self.put(Table::Occupants, key, jid.as_str(), content)?;
                }
            }
            Write::Vcard { room, value } => {
                let key = part_key(room, kind::VCARD, "");
                self.put(Table::Parts, key, "", value.as_deref().map(encode_vcard))?;
            }
            Write::Whole { .. } | Write::Forget { .. } | Write::Sweep { .. } => {}
        }
        Ok(())
    }

    /// A room is not to be found any more. If it is large, the rest of it is noted as such.
    fn forget(&mut self, room: &BareJid) -> Result<(), E> {
        let (prefix, mut records) = (prefix(room), 0);
        for table in Table::OF_ROOM {
            records += (self.stored)(table, &prefix, FORGOTTEN_AT_ONCE + 1)?.len();
        }
        if records <= FORGOTTEN_AT_ONCE {
            return self.remove_all(room);
        }
        // What these writes themselves have put there is not in the store.
        for ((_, key), value) in &mut self.changes {
            if key.starts_with(&prefix) {
                *value = None;
            }
        }
        self.clear.remove(room);
        self.remove(Table::Listed, &prefix)?;
        for (key, piece) in cut(prefix, room.as_str(), Vec::new()) {
            self.changes.insert((Table::Rests, key), Some(piece));
        }
        Ok(())
    }

    /// Nothing is left of a room, in any table.
    fn remove_all(&mut self, room: &BareJid) -> Result<(), E> {
        for table in Table::OF_STORE {
            self.remove(table, &prefix(room))?;
        }
        self.clear.insert(room.clone());
        Ok(())
    }

    /// No rest is in the way of what is written about a room.
    fn clear(&mut self, room: &BareJid) -> Result<(), E> {
        if self.clear.contains(room) {
            return Ok(());
        }
        if self.has_rest(&prefix(room))? {
            return self.remove_all(room);
        }
        self.clear.insert(room.clone());
        Ok(())
    }

    fn has_rest(&mut self, prefix: &[u8]) -> Result<bool, E> {
        match self.changes.get(&(Table::Rests, prefix.to_vec())) {
            Some(change) => Ok(change.is_some()),
            None => Ok(!(self.stored)(Table::Rests, prefix, 1)?.is_empty()),
        }
    }

    /// Takes away a portion of the rest of a room, and with the last one the note of it.
    fn sweep(&mut self, room: &BareJid) -> Result<(), E> {
        let prefix = prefix(room);
        if !self.has_rest(&prefix)? {
            return Ok(());
        }
        let mut left = PORTION_RECORDS_MAX;
        for table in Table::OF_ROOM {
            for key in (self.stored)(table, &prefix, left)? {
                left -= 1;
                self.changes.insert((table, key), None);
            }
        }
        if left > 0 {
            self.remove(Table::Rests, &prefix)?;
        }
        Ok(())
    }

    /// Nothing is left under keys that begin so.
    fn remove(&mut self, table: Table, prefix: &[u8]) -> Result<(), E> {
        for key in (self.stored)(table, prefix, usize::MAX)? {
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
