//! The store of rooms on an engine: keys, and values in pieces.

pub(in crate::store) mod change;
pub(in crate::store) mod layout;
pub(in crate::store) mod load;
pub mod occupant;
pub mod record;
mod upgrade;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use self::change::changes;
use self::layout::{first_key, prefix};
use crate::room::listing::Listed;
use crate::room::state::State;
use crate::room::write::{StoredOccupant, Write};
use crate::store::engine::sled::{self, Folder, Sled};
use crate::store::engine::{Engine, Recovering, Steps, Table, View};
use crate::store::{LocalStore, Renewed, StoreError, atomic_replace};
use crate::wire::jid::BareJid;

/// Rooms that are read at a time by [`LocalStore::each_room`]; commits can go on in between.
const ROOMS_AT_A_TIME: usize = 256;

/// A store of rooms on an engine.
pub struct Rooms<E: Engine> {
    pub(in crate::store) engine: Recovering<E>,
}

impl Rooms<Sled> {
    /// Opens the store in the folder `path`, which is made with rights 0700 if it is not there.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] if it cannot be had: no rights, used by another process, other files in it, damaged,
    /// written by a newer version.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let folder = Folder::claim(path)?;
        if let Err(e) = atomic_replace::clear(path) {
            tracing::warn!("what an earlier run left half-done cannot be removed: {e}");
        }
        Ok(Self { engine: Recovering::open(Self::claimed(folder))? })
    }

    /// Where the store in a folder of ours is kept.
    pub(in crate::store) fn claimed(folder: Folder) -> Arc<sled::Place> {
        sled::Place::new(folder, upgrade::upgrade)
    }

    /// How many bytes of keys and values were handed to the database since it was opened.
    pub fn written(&self) -> u64 {
        self.engine.place().written()
    }

    /// Writes all files anew, however much they take, as [`LocalStore::renew`] does when they take too much. False if `rest` told
    /// it to end.
    ///
    /// # Errors
    /// If the disk fails or too much is written meanwhile; the store is as it was then.
    pub fn write_anew(&self, rest: &dyn Fn(Duration) -> bool) -> Result<bool, StoreError> {
        sled::write_anew(&self.engine, rest)
    }
}

/// The steps that `writes` are on what `view` has.
pub(in crate::store) fn steps<V: View>(view: &V, writes: &[Write]) -> Result<Steps, StoreError> {
    changes(writes, |table, prefix, most| {
        view.under(table, prefix).take(most).map(|pair| pair.map(|(key, _)| key.to_vec())).collect()
    })
}

/// Whether something is left of the room whose keys begin so, which was forgotten.
fn has_rest<V: View>(view: &V, prefix: &[u8]) -> Result<bool, StoreError> {
    Ok(view.get(Table::Rests, prefix)?.is_some())
}

impl<E: Engine> LocalStore for Rooms<E> {
    fn load(&self, room: &BareJid) -> Result<Option<State>, StoreError> {
        self.engine.read(|view| match has_rest(view, &prefix(room))? {
            true => Ok(None),
            false => load::state(room, view.under(Table::Parts, &prefix(room))),
        })
    }

    fn occupants(&self, room: &BareJid) -> Result<Vec<StoredOccupant>, StoreError> {
        self.engine.read(|view| match has_rest(view, &prefix(room))? {
            true => Ok(Vec::new()),
            false => load::occupants(view.under(Table::Occupants, &prefix(room))),
        })
    }

    fn each_occupied(&self, each: &mut dyn FnMut(BareJid, usize)) -> Result<(), StoreError> {
        self.engine.read(|view| load::each_occupied(view, each))
    }

    fn each_room(&self, each: &mut dyn FnMut(BareJid, Listed)) -> Result<usize, StoreError> {
        let (mut from, mut damaged) = (Vec::new(), 0);
        loop {
            let some = self.engine.read(|view| {
                let range = view.range(Table::Listed, &from, &[u8::MAX]).take(ROOMS_AT_A_TIME);
                let mut some = range.collect::<Result<Vec<_>, _>>()?;
                if some.len() == ROOMS_AT_A_TIME {
                    // What the last one is a piece of may go on: it comes whole the next time.
                    let last = some.last().map(|(key, _)| first_key(key).to_vec());
                    some.retain(|(key, _)| last.as_deref() != Some(first_key(key)));
                }
                Ok(some)
            })?;
            let Some((last, _)) = some.last() else { return Ok(damaged) };
            from = [last, &[0][..]].concat();
            damaged += load::each_listed(some.into_iter().map(Ok), each)?;
        }
    }

    fn has_rest(&self, room: &BareJid) -> Result<bool, StoreError> {
        self.engine.read(|view| has_rest(view, &prefix(room)))
    }

    fn rests(&self) -> Result<Vec<BareJid>, StoreError> {
        self.engine.read(|view| load::rests(view.under(Table::Rests, &[])))
    }

    fn commit(&self, writes: &[Write]) -> Result<(), StoreError> {
        self.engine.change(true, |view| Ok(((), steps(view, writes)?)))
    }

    fn renew(&self, rest: &dyn Fn(Duration) -> bool) -> Result<Option<Renewed>, StoreError> {
        E::renew(&self.engine, rest)
    }
}

#[cfg(test)]
mod tests;
