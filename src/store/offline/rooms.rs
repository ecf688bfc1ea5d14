//! The store of rooms while no service uses it: looked at, and written anew.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;

use super::quarantine::Quarantine;
use crate::room::archive::ArchiveId;
use crate::room::config::Config;
use crate::room::listing::Listed;
use crate::room::part::{Life, Part};
use crate::room::state::RoomRecord;
use crate::room::write::Write;
use crate::store::embedded::rooms::layout::{self, Value, first_key, kind, room_part};
use crate::store::embedded::rooms::load::{Fact, fact, presence, room};
use crate::store::embedded::rooms::record::decode_listed;
use crate::store::embedded::rooms::{Rooms, steps as steps_of};
use crate::store::engine::sled::{self, Copy, Folder, STEPS_AT_A_TIME, Sled};
use crate::store::engine::{Engine, Steps, Table, View, guarded};
use crate::store::{StoreError, atomic_replace};
use crate::wire::jid::BareJid;
use crate::wire::muc::Affiliation;

/// A store that this process alone has, and that no service uses.
pub(in crate::store) struct Offline {
    place: Arc<sled::Place>,
}

/// What a store of rooms holds.
#[derive(Debug, Default)]
pub(in crate::store) struct Inventory {
    pub(in crate::store) rooms: usize,
    pub(in crate::store) affiliations: usize,
    pub(in crate::store) vcards: usize,
    pub(in crate::store) occupants: usize,
    /// Whose archive is whose.
    pub(in crate::store) archives: BTreeMap<ArchiveId, BareJid>,
    /// A line for each thing that is not as it should be.
    pub(in crate::store) damages: Vec<String>,
    /// How many pairs of key and value there are.
    pub(in crate::store) records: u64,
    /// What is known of rooms without loading them, by the room in the key.
    listed: BTreeMap<Vec<u8>, Listed>,
    /// Rooms that can be loaded.
    known: BTreeSet<Vec<u8>>,
    /// What cannot be read: why.
    damaged: BTreeMap<(Table, Vec<u8>), String>,
    /// Rooms that cannot be loaded, with what can be told of them.
    lost: BTreeMap<Vec<u8>, Seen>,
    /// Rooms that were forgotten: what is left of them is nothing that is known, nor taken along.
    rests: BTreeSet<Vec<u8>>,
    /// What is to be known of rooms, where something else or nothing is.
    relisted: BTreeMap<BareJid, Listed>,
}

/// The readable records of a room.
#[derive(Debug, Default)]
struct Seen {
    room: Option<BareJid>,
    life: Option<Life>,
    config: Option<Config>,
    /// One of its owners.
    owner: Option<BareJid>,
    /// The new record, if it has one.
    record: Option<RoomRecord>,
}

impl Inventory {
    /// Rooms that lost what they begin with or how they are configured, and come back without it; whether they lost their
    /// archive, and whether they are closed now.
    pub(in crate::store) fn remade(&mut self) -> impl Iterator<Item = Remade<'_>> {
        self.lost.values_mut().filter_map(|seen| {
            let archive = seen.life.is_none();
            let closed = seen.config.is_none();
            Some(Remade { room: seen.room.clone()?, record: seen.record.as_mut()?, archive, closed })
        })
    }
}

/// A room that is made anew of what is left of it.
pub(in crate::store) struct Remade<'a> {
    pub(in crate::store) room: BareJid,
    pub(in crate::store) record: &'a mut RoomRecord,
    /// Its archive is to be found.
    pub(in crate::store) archive: bool,
    /// It is open to its members only, with all other options as they are by default.
    pub(in crate::store) closed: bool,
}

impl Offline {
    /// Takes the store in the folder `path`. [`StoreError::Unusable`] if there is none, or a service has it.
    pub(in crate::store) fn claim(path: &Path) -> Result<Self, StoreError> {
        let none = || StoreError::Unusable(format!("there is no store in {}", path.display()));
        if !path.is_dir() {
            return Err(none());
        }
        let place = Rooms::claimed(Folder::claim(path)?);
        atomic_replace::finish(path).map_err(|e| StoreError::Unusable(format!("{}: {e}", path.display())))?;
        if path.join("db").exists() { Ok(Self { place }) } else { Err(none()) }
    }

    /// Reads everything. [`StoreError::Unusable`] if the database cannot be opened.
    pub(in crate::store) fn read(&self) -> Result<Inventory, StoreError> {
        let database = Sled::open(&self.place)?;
        let mut found = Inventory::default();
        let read = guarded(|| {
            let view = database.view();
            let rests = view.under(Table::Rests, &[]).map(|pair| Ok(room_part(&pair?.0).to_vec()));
            let rests = rests.collect::<Result<BTreeSet<_>, StoreError>>()?;
            found.rests.clone_from(&rests);
            for table in Table::OF_ROOM {
                let mut records = 0;
                let is_rest = |key: &[u8]| rests.contains(room_part(key));
                let pairs = view.under(table, &[]);
                let pairs = pairs.filter(|pair| !pair.as_ref().is_ok_and(|(key, _)| is_rest(key)));
                let pairs = pairs.inspect(|_| records += 1);
                let noted = found.note_all(table, layout::values(pairs));
                found.records += records;
                noted?;
            }
            Ok(())
        });
        database.close();
        if let Err(e) = read {
            found.damages.push(format!("rooms: after {} records: {e}", found.records));
        }
        found.conclude();
        Ok(found)
    }

    /// Writes what is sound to a new store, and rooms that lost their beginnings with new ones; its files are put into `part`.
    /// The rest goes to `quarantine`.
    pub(in crate::store) fn rewrite(
        &self,
        found: &Inventory,
        part: &Path,
        quarantine: &mut Quarantine,
    ) -> Result<(), StoreError> {
        let old = Sled::open(&self.place)?;
        let copied = Copy::written(part, |new| copy(&old, found, new, quarantine));
        old.close();
        copied
    }
}

fn copy(old: &Sled, found: &Inventory, new: &Copy, quarantine: &mut Quarantine) -> Result<(), StoreError> {
    let mut steps = Steps::new();
    for table in Table::OF_ROOM {
        for pair in old.view().under(table, &[]) {
            // What cannot be read was told of before. There is nothing to be had after it.
            let Ok((key, value)) = pair else { break };
            if found.rests.contains(room_part(&key)) {
                continue;
            }
            match found.why_not(table, first_key(&key)) {
                Some(why) => quarantine.put(name(table, &key), &key, &value, &why)?,
                None => drop(steps.insert((table, key.to_vec()), Some(value.to_vec()))),
            }
            if steps.len() == STEPS_AT_A_TIME {
                new.apply(std::mem::take(&mut steps))?;
            }
        }
    }
    new.apply(steps)?;
    let mut writes = Vec::new();
    for seen in found.lost.values() {
        if let (Some(room), Some(record)) = (&seen.room, &seen.record) {
            let parts = record.parts(room).into_iter();
            writes.extend(parts.map(|part| Write::Part { room: room.clone(), part }));
        }
    }
    writes.extend(found.relisted.iter().map(|(room, listed)| Write::Part {
        room: room.clone(),
        part: Part::Listed(Box::new(listed.clone())),
    }));
    writes.chunks(STEPS_AT_A_TIME / 4).try_for_each(|some| new.apply(steps_of(&new.view(), some)?))
}

fn name(table: Table, key: &[u8]) -> &'static str {
    match (table, layout::kind_and_name(key).0) {
        (Table::Listed, _) => "list of rooms",
        (Table::Parts, kind::AFFILIATION) => "affiliations",
        (Table::Parts, kind::VCARD) => "vCards",
        (Table::Parts, _) => "rooms",
        (Table::Occupants, _) => "occupants",
        _ => "rests",
    }
}

impl Inventory {
    fn note_all(
        &mut self,
        table: Table,
        values: impl Iterator<Item = Result<(Vec<u8>, Result<Value, StoreError>), StoreError>>,
    ) -> Result<(), StoreError> {
        let mut now: (Vec<u8>, Seen) = Default::default();
        for pair in values {
            let (key, value) = pair?;
            if room_part(&key) != now.0 {
                let (key, seen) = std::mem::replace(&mut now, (room_part(&key).to_vec(), Seen::default()));
                self.note_room(key, seen, table);
            }
            let judged = value.and_then(|value| match table {
                Table::Listed => self.note_listed(&key, &value),
                Table::Parts => self.note_part(&key, &value, &mut now.1),
                _ => presence(&key, &value).map(drop),
            });
            match (table, layout::kind_and_name(&key).0) {
                (Table::Parts, kind::LIFE) => self.rooms += 1,
                (Table::Parts, kind::AFFILIATION) => self.affiliations += 1,
                (Table::Parts, kind::VCARD) => self.vcards += 1,
                (Table::Occupants, kind::OCCUPANT) => self.occupants += 1,
                _ => {}
            }
            if let Err(damage) = judged {
                self.damages.push(format!("{}: {damage}", name(table, &key)));
                self.damaged.insert((table, key), damage.to_string());
            }
        }
        let (key, seen) = now;
        self.note_room(key, seen, table);
        Ok(())
    }

    fn note_listed(&mut self, key: &[u8], value: &Value) -> Result<(), StoreError> {
        room(key, value)?;
        let listed = decode_listed(key, &value.content)?;
        self.listed.insert(room_part(key).to_vec(), listed);
        Ok(())
    }

    fn note_part(&mut self, key: &[u8], value: &Value, seen: &mut Seen) -> Result<(), StoreError> {
        if layout::kind_and_name(key).0 == kind::LIFE {
            // Also when the rest of it cannot be read.
            seen.room = room(key, value).ok();
        }
        match fact(key, value)? {
            Fact::Part(Part::Life(life)) => seen.life = Some(life),
            Fact::Part(Part::Config(config)) => seen.config = Some(*config),
            Fact::Affiliation(jid, value) if value.affiliation == Affiliation::Owner => {
                seen.owner.get_or_insert(jid);
            }
            _ => {}
        }
        Ok(())
    }

    /// All of a room in a table was noted.
    fn note_room(&mut self, key: Vec<u8>, mut seen: Seen, table: Table) {
        if key.is_empty() || table == Table::Listed || self.known.contains(&key) {
            return;
        }
        // A name that is no hash is in every key.
        let named = Value { content: Vec::new(), name: None };
        seen.room = seen.room.or_else(|| room(&[&key[..], &[0]].concat(), &named).ok());
        let (Some(room), Some(life), Some(config)) = (&seen.room, &seen.life, &seen.config) else {
            self.lost.entry(key).or_insert(seen);
            return;
        };
        if !life.archive.0.is_empty() {
            self.archives.insert(life.archive.clone(), room.clone());
        }
        let listed = Listed::of(room, &life.clone().record(config.clone()));
        match self.listed.get(&key) {
            Some(found) if *found == listed => {}
            found => {
                let how = if found.is_some() { "listed as it is not" } else { "not on the list of rooms" };
                // What is damaged there was named already.
                if !self.damaged.contains_key(&(Table::Listed, [&key[..], &[0]].concat())) {
                    self.damages.push(format!("rooms: {room} is {how}"));
                }
                self.relisted.insert(room.clone(), listed);
            }
        }
        self.known.insert(key);
    }

    /// Says what becomes of rooms that cannot be loaded. One that has an owner, and whose configuration is lost, comes back
    /// closed to all but its members: what it was set to is not known, and may have been just that.
    fn conclude(&mut self) {
        for (key, seen) in &mut self.lost {
            let text = String::from_utf8_lossy(key).escape_debug().to_string();
            if seen.owner.is_none() || seen.room.is_none() {
                self.damages.push(format!("rooms: {text} cannot be read, and no owner of it is known"));
                continue;
            }
            self.damages.push(format!("rooms: {text} cannot be read; its affiliations can"));
            let closed = Config { persistent: true, members_only: true, public: false, ..Config::default() };
            let config = seen.config.clone().unwrap_or(closed);
            let new = RoomRecord { founder: seen.owner.clone(), ..RoomRecord::new(Timestamp::now(), config) };
            let life = seen.life.clone();
            seen.record = Some(life.map_or(new.clone(), |life| life.record(new.config)));
        }
        for key in self.listed.keys() {
            if !self.known.contains(key) && !self.lost.contains_key(key) {
                let text = String::from_utf8_lossy(key).escape_debug().to_string();
                let why = "there is nothing of this room";
                self.damages.push(format!("rooms: {text} is on the list of rooms, and {why}"));
                self.damaged.insert((Table::Listed, [&key[..], &[0]].concat()), why.to_owned());
            }
        }
    }

    /// Why a value is not taken over.
    fn why_not(&self, table: Table, key: &[u8]) -> Option<String> {
        let damaged = self.damaged.get(&(table, key.to_vec())).cloned();
        let lost = || self.lost.get(room_part(key)).filter(|seen| seen.record.is_none());
        damaged.or_else(|| lost().map(|_| "its room cannot be read, and no owner of it is known".to_owned()))
    }
}
