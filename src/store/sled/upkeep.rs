//! The store of rooms while no service uses it: looked at, and written anew.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use jiff::Timestamp;

use super::database::{Database, STEPS_AT_A_TIME, Step, guarded, io};
use super::folder::Folder;
use crate::room::archive::ArchiveId;
use crate::room::config::Config;
use crate::room::state::{Affiliation, RoomRecord};
use crate::store::change::{Table, address};
use crate::store::occupant::decode_occupant;
use crate::store::quarantine::Quarantine;
use crate::store::record::{corrupt, decode_affiliated, decode_room, decode_vcard, encode_room};
use crate::store::{StoreError, swap};
use crate::wire::jid::BareJid;

/// A store that this process alone has, and that serves nobody.
pub(in crate::store) struct Offline {
    folder: Folder,
}

/// What a store of rooms holds.
#[derive(Debug, Default)]
pub(in crate::store) struct Found {
    pub(in crate::store) rooms: usize,
    pub(in crate::store) affiliations: usize,
    pub(in crate::store) vcards: usize,
    pub(in crate::store) occupants: usize,
    /// Whose archive is whose.
    pub(in crate::store) archives: BTreeMap<ArchiveId, BareJid>,
    /// A line for each thing that is not as it should be.
    pub(in crate::store) damages: Vec<String>,
    /// Rooms whose records can be read.
    known: BTreeSet<Vec<u8>>,
    /// What cannot be read: why.
    damaged: BTreeMap<(Table, Vec<u8>), String>,
    /// Rooms that others' records name, with what can be told of them.
    lost: BTreeMap<Vec<u8>, Lost>,
}

/// A room whose own record cannot be read.
#[derive(Debug, Default)]
struct Lost {
    owned: bool,
    /// The new record, if it has one.
    record: Option<RoomRecord>,
}

impl Found {
    /// Rooms that lost their records, and come back under new ones.
    pub(in crate::store) fn remade(&mut self) -> impl Iterator<Item = (BareJid, &mut RoomRecord)> {
        self.lost.iter_mut().filter_map(|(key, lost)| Some((address(key, key).ok()?, lost.record.as_mut()?)))
    }

    /// How many records there are.
    pub(in crate::store) fn records(&self) -> usize {
        self.rooms + self.affiliations + self.vcards + self.occupants
    }
}

impl Offline {
    /// Takes the store in the folder `path`. [`StoreError::Unusable`] if there is none, or a service has it.
    pub(in crate::store) fn claim(path: &Path) -> Result<Self, StoreError> {
        let none = || StoreError::Unusable(format!("there is no store in {}", path.display()));
        if !path.is_dir() {
            return Err(none());
        }
        let folder = Folder::claim(path)?;
        swap::finish(path).map_err(|e| StoreError::Unusable(format!("{}: {e}", path.display())))?;
        if path.join("db").exists() { Ok(Self { folder }) } else { Err(none()) }
    }

    /// Reads everything. [`StoreError::Unusable`] if the database cannot be opened.
    pub(in crate::store) fn read(&self) -> Result<Found, StoreError> {
        let database = Database::open(&self.folder)?;
        let mut found = Found::default();
        let read = guarded(|| {
            for table in Table::ALL {
                for pair in database.tree(table).iter() {
                    let (key, value) = pair.map_err(io)?;
                    found.note(table, &key, &value);
                }
            }
            Ok(())
        });
        database.close();
        if let Err(e) = read {
            found.damages.push(format!("rooms: after {} records: {e}", found.records()));
        }
        found.conclude();
        Ok(found)
    }

    /// Writes what is sound to a new store in the folder `into`, which is not there yet, and rooms that lost their
    /// records under new ones. The rest goes to `quarantine`.
    pub(in crate::store) fn rewrite(
        &self,
        found: &Found,
        into: &Path,
        quarantine: &mut Quarantine,
    ) -> Result<(), StoreError> {
        let old = Database::open(&self.folder)?;
        let folder = Folder::claim(into)?;
        let mut new = Database::open(&folder)?;
        let copied = guarded(|| copy(&old, found, &mut new, &folder, quarantine));
        old.close();
        new.close();
        copied?;
        folder.leave().map_err(|e| StoreError::Io(format!("{}: {e}", into.display())))
    }
}

fn copy(
    old: &Database,
    found: &Found,
    new: &mut Database,
    folder: &Folder,
    quarantine: &mut Quarantine,
) -> Result<(), StoreError> {
    let mut steps = Vec::new();
    let step = |table, key: &[u8], value: &[u8]| Step {
        table,
        key: key.into(),
        before: None,
        after: Some(value.into()),
    };
    for table in Table::ALL {
        for pair in old.tree(table).iter() {
            // What cannot be read was told of before. There is nothing to be had after it.
            let Ok((key, value)) = pair else { break };
            match found.why_not(table, &key) {
                Some(why) => quarantine.put(name(table), &key, &value, &why)?,
                None => steps.push(step(table, &key, &value)),
            }
            if steps.len() == STEPS_AT_A_TIME {
                new.make(&std::mem::take(&mut steps), folder)?;
            }
        }
    }
    for (key, lost) in &found.lost {
        if let Some(record) = &lost.record {
            steps.push(step(Table::Rooms, key, &encode_room(record)));
        }
    }
    steps.chunks(STEPS_AT_A_TIME).try_for_each(|part| new.make(part, folder))
}

fn name(table: Table) -> &'static str {
    match table {
        Table::Rooms => "rooms",
        Table::Affiliations => "affiliations",
        Table::Vcards => "vCards",
        Table::Occupants => "occupants",
    }
}

/// The room that a key is about.
fn room_of(key: &[u8]) -> &[u8] {
    key.split(|byte| *byte == 0).next().unwrap_or_default()
}

impl Found {
    fn note(&mut self, table: Table, key: &[u8], value: &[u8]) {
        let judged = match table {
            Table::Rooms => self.note_room(key, value),
            Table::Affiliations => self.note_affiliation(key, value),
            Table::Vcards => address(key, key).and_then(|_| decode_vcard(key, value)).map(drop),
            Table::Occupants => note_occupant(key, value),
        };
        *match table {
            Table::Rooms => &mut self.rooms,
            Table::Affiliations => &mut self.affiliations,
            Table::Vcards => &mut self.vcards,
            Table::Occupants => &mut self.occupants,
        } += 1;
        if table != Table::Rooms && !self.known.contains(room_of(key)) {
            self.lost.entry(room_of(key).to_vec()).or_default();
        }
        if let Err(damage) = judged {
            self.damages.push(format!("{}: {damage}", name(table)));
            self.damaged.insert((table, key.to_vec()), damage.to_string());
        }
    }

    fn note_room(&mut self, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        let read = address(key, key).and_then(|room| Ok((room, decode_room(key, value)?)));
        let (room, record) = read.inspect_err(|_| {
            self.lost.insert(key.to_vec(), Lost::default());
        })?;
        self.known.insert(key.to_vec());
        if !record.archive.0.is_empty() {
            self.archives.insert(record.archive, room);
        }
        Ok(())
    }

    fn note_affiliation(&mut self, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        let room = room_of(key);
        address(key, room)?;
        address(key, key.get(room.len() + 1..).unwrap_or_default())?;
        let affiliated = decode_affiliated(key, value)?;
        if affiliated.affiliation == Affiliation::Owner && !self.known.contains(room) {
            self.lost.entry(room.to_vec()).or_default().owned = true;
        }
        Ok(())
    }

    /// Says what becomes of rooms whose own record cannot be read. One that has an owner comes back closed to all but
    /// its members: what it was set to is not known, and may have been just that.
    fn conclude(&mut self) {
        for (key, lost) in &mut self.lost {
            let room = String::from_utf8_lossy(key).escape_debug().to_string();
            if !lost.owned || address(key, key).is_err() {
                self.damages.push(format!("rooms: {room} cannot be read, and no owner of it is known"));
                continue;
            }
            self.damages.push(format!("rooms: {room} cannot be read; its affiliations can"));
            let closed = Config { persistent: true, members_only: true, public: false, ..Config::default() };
            lost.record = Some(RoomRecord::new(Timestamp::now(), closed));
        }
    }

    /// Why a record is not taken over.
    fn why_not(&self, table: Table, key: &[u8]) -> Option<String> {
        let damaged = self.damaged.get(&(table, key.to_vec())).cloned();
        let lost = || self.lost.get(room_of(key)).filter(|lost| lost.record.is_none());
        damaged.or_else(|| lost().map(|_| "its room cannot be read, and no owner of it is known".to_owned()))
    }
}

fn note_occupant(key: &[u8], value: &[u8]) -> Result<(), StoreError> {
    let room = room_of(key);
    address(key, room)?;
    let stored = decode_occupant(key, value)?;
    let nick = stored.occupant.nick.key().as_str().as_bytes();
    match key.get(room.len() + 1..) == Some(nick) {
        true => Ok(()),
        false => Err(corrupt(key, "its nick is another".to_owned())),
    }
}
