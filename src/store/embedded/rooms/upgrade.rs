//! A store of format 1, in which each room was one record, becomes one of the present format when it is opened.
//!
//! Everything is written anew beside the old files, which are replaced at the end ([`atomic_replace`]): a process that ends before
//! leaves the store as it was. A record that cannot be read is taken along as it is, and costs then what it cost before.

use ::sled::{Db, Tree};
use jiff::Timestamp;

use super::change;
use super::layout::{self, kind, occupant_key, part_key};
use super::record::{decode_affiliated, decode_room};
use crate::room::state::RoomRecord;
use crate::room::write::Write;
use crate::store::engine::sled::{Copy, Place, STEPS_AT_A_TIME, io, journal};
use crate::store::engine::{Steps, Table, guarded};
use crate::store::{StoreError, atomic_replace, damage};
use crate::wire::jid::BareJid;
use crate::wire::muc::Affiliation;

/// The tables of that format, in the order of their numbers in the journal.
const TABLES: [&str; 4] = ["rooms", "affiliations", "vcards", "occupants"];

/// The tables as they were.
struct Old {
    rooms: Tree,
    affiliations: Tree,
    vcards: Tree,
    occupants: Tree,
}

/// Replaces the database at `place`, opened as `db`, by the same in the present format.
pub(super) fn upgrade(db: Db, place: &Place) -> Result<(), StoreError> {
    let path = place.folder().path();
    tracing::info!("bringing the store in {} to a new format; this happens once", path.display());
    let failed = |e: std::io::Error| StoreError::Unusable(format!("the store cannot be upgraded: {e}"));
    let tree = |name| db.open_tree(name).map_err(io);
    let [rooms, affiliations, vcards, occupants] = TABLES.map(tree);
    let trees = [rooms?, affiliations?, vcards?, occupants?];
    finish_journal(&db, &trees, place)?;
    let [rooms, affiliations, vcards, occupants] = trees;
    let old = Old { rooms, affiliations, vcards, occupants };
    let part = atomic_replace::part(path).map_err(failed)?;
    let lost = Copy::written(&part, |new| old.copy(new))?;
    drop(old);
    guarded(|| {
        drop(db);
        Ok(())
    })?;
    match lost {
        0 => atomic_replace::replace_for_good(path).map_err(failed),
        _ => {
            let aside = format!("damaged-{}", Timestamp::now().strftime("%Y%m%dT%H%M%SZ"));
            tracing::error!("{lost} records belong to no address; the store as it was is in {aside}");
            atomic_replace::replace(path, &aside).map_err(failed)
        }
    }
}

/// Makes a change that was written down and not made to its end.
fn finish_journal(db: &Db, trees: &[Tree; 4], place: &Place) -> Result<(), StoreError> {
    let folder = place.folder();
    let Some(steps) = journal::read_raw(folder)? else { return Ok(()) };
    for step in steps {
        let Some(tree) = trees.get(usize::from(step.table)) else {
            return Err(StoreError::Unusable("the journal is of another layout".to_owned()));
        };
        match step.after {
            Some(value) => tree.insert(step.key, value).map_err(io)?,
            None => tree.remove(step.key).map_err(io)?,
        };
    }
    db.flush().map_err(io)?;
    let synced = folder.disk().and_then(|mut disk| folder.sync(&mut disk));
    synced.and_then(|()| journal::clear(folder)).map_err(|e| StoreError::Io(e.to_string()))
}

/// Steps that are made some at a time.
struct Portions<'a> {
    new: &'a Copy,
    steps: Steps,
}

impl Portions<'_> {
    fn put(&mut self, table: Table, key: Vec<u8>, name: &str, content: &[u8]) -> Result<(), StoreError> {
        self.add(
            layout::cut(key, name, content.to_vec())
                .into_iter()
                .map(|(key, piece)| ((table, key), Some(piece))),
        )
    }

    fn add(
        &mut self,
        steps: impl IntoIterator<Item = ((Table, Vec<u8>), Option<Vec<u8>>)>,
    ) -> Result<(), StoreError> {
        self.steps.extend(steps);
        if self.steps.len() < STEPS_AT_A_TIME { Ok(()) } else { self.flush() }
    }

    fn flush(&mut self) -> Result<(), StoreError> {
        self.new.apply(std::mem::take(&mut self.steps))
    }
}

impl Old {
    /// Copies all to `new`. Gives how many records there are whose address cannot be read.
    fn copy(&self, new: &Copy) -> Result<usize, StoreError> {
        let mut steps = Portions { new, steps: Steps::new() };
        let mut lost = 0;
        for pair in &self.rooms {
            let (key, value) = pair.map_err(io)?;
            let Some((room, _)) = names(&key) else {
                lost += 1;
                continue;
            };
            match decode_room(&key, &value) {
                Ok(record) => {
                    let founder = self.first_owner(&room)?;
                    let record =
                        Box::new(RoomRecord { founder: record.founder.clone().or(founder), ..record });
                    let write = Write::Room { room, record };
                    steps.add(change::changes(&[write], |_, _, _| Ok::<_, StoreError>(vec![]))?)?;
                }
                Err(e) => {
                    damage::tell(&e, "the room is as unreadable as before");
                    steps.put(Table::Parts, part_key(&room, kind::LIFE, ""), room.as_str(), &value)?;
                }
            }
        }
        let of_room = |letter| move |room: &BareJid, name: &str| part_key(room, letter, name);
        lost += copy_table(&self.affiliations, Table::Parts, of_room(kind::AFFILIATION), &mut steps)?;
        lost += copy_table(&self.vcards, Table::Parts, of_room(kind::VCARD), &mut steps)?;
        lost += copy_table(&self.occupants, Table::Occupants, occupant_key, &mut steps)?;
        steps.flush()?;
        Ok(lost)
    }

    /// The account that a room counts for if it does not say who created it: the first of its owners.
    fn first_owner(&self, room: &BareJid) -> Result<Option<BareJid>, StoreError> {
        for pair in self.affiliations.scan_prefix([room.as_str().as_bytes(), &[0]].concat()) {
            let (key, value) = pair.map_err(io)?;
            let owner = decode_affiliated(&key, &value).is_ok_and(|a| a.affiliation == Affiliation::Owner);
            if let Some((_, Some(account))) = names(&key).filter(|_| owner)
                && let Ok(account) = BareJid::parse(&account)
            {
                return Ok(Some(account));
            }
        }
        Ok(None)
    }
}

fn copy_table(
    from: &Tree,
    to: Table,
    key_of: impl Fn(&BareJid, &str) -> Vec<u8>,
    steps: &mut Portions<'_>,
) -> Result<usize, StoreError> {
    let mut lost = 0;
    for pair in from {
        let (key, value) = pair.map_err(io)?;
        match names(&key) {
            Some((room, name)) => {
                let name = name.unwrap_or_default();
                steps.put(to, key_of(&room, &name), &name, &value)?;
            }
            None => lost += 1,
        }
    }
    Ok(lost)
}

/// The room in a key of that format, and what follows the zero byte.
fn names(key: &[u8]) -> Option<(BareJid, Option<String>)> {
    let text = std::str::from_utf8(key).ok()?;
    let (room, name) = text.split_once('\0').map_or((text, None), |(room, name)| (room, Some(name)));
    Some((BareJid::parse(room).ok()?, name.map(str::to_owned)))
}
