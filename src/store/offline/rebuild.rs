//! An archive is made anew from what can be read of it: heads, ordinals and indexes follow from the messages.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use super::messages::OpenArchive;
use super::quarantine::Quarantine;
use super::salvage::{self, Damage};
use super::verify::{Heads, Line, Rooms};
use crate::room::archive::ArchiveId;
use crate::store::StoreError;
use crate::store::embedded::messages::layout::{self, Head};
use crate::store::engine::{Steps, Table, View};
use crate::wire::jid::{BareJid, Jid};

/// Steps that are made at a time.
const STEPS_AT_A_TIME: usize = 4096;

/// What became of the archive.
#[derive(Debug, Default)]
pub(in crate::store) struct Rebuilt {
    pub(in crate::store) archives: u64,
    pub(in crate::store) messages: u64,
    /// A line for each thing that is lost or was put right.
    pub(in crate::store) told: Vec<String>,
}

/// Puts into `scratch` what the files in `path` hold, without the help of the database that wrote them. Of the ids
/// there, `scratch` keeps how new each record is.
pub(super) fn salvage(path: &Path, scratch: &OpenArchive) -> Result<Vec<Damage>, StoreError> {
    let mut newest = Versions::new();
    let damages = salvage::scan(path, &mut |version| {
        let key = (version.table, version.key.to_vec());
        let known = newest.get(&key).map(|(seqno, _)| *seqno);
        if known.is_none_or(|seqno| seqno <= version.seqno) {
            newest.insert(key, (version.seqno, version.value.map(<[u8]>::to_vec)));
        }
        if newest.len() < STEPS_AT_A_TIME {
            return Ok(());
        }
        put_newest(scratch, std::mem::take(&mut newest))
    })?;
    put_newest(scratch, newest)?;
    Ok(damages)
}

/// Versions of records, each with its age.
type Versions = BTreeMap<(Table, Vec<u8>), (u64, Option<Vec<u8>>)>;

fn put_newest(scratch: &OpenArchive, versions: Versions) -> Result<(), StoreError> {
    scratch.change(false, |view| {
        let mut steps = Steps::new();
        for ((table, key), (seqno, value)) in versions {
            let age = [&[table as u8], key.as_slice()].concat();
            let known = view.get(Table::Ids, &age)?.and_then(|known| layout::number(&known, 0));
            if known.is_none_or(|known| known <= seqno) {
                steps.insert((Table::Ids, age), Some(layout::bytes(seqno).to_vec()));
                steps.insert((table, key), value);
            }
        }
        Ok(((), steps))
    })
}

/// Makes the archive of `view` anew in the empty database `into`. What cannot be read goes to `quarantine`. Messages
/// whose archive is not known any more go to that of their room, if `rooms` has one that has none.
pub(super) fn rebuild(
    view: &impl View,
    into: &OpenArchive,
    rooms: &Rooms,
    quarantine: &mut Quarantine,
) -> Result<Rebuilt, StoreError> {
    let mut heads = Heads::read(view, rooms)?;
    let mut rebuilt = Rebuilt { told: std::mem::take(&mut heads.damages), ..Rebuilt::default() };
    for (number, id) in adopted(view, &heads, rooms)? {
        rebuilt.told.push(format!("archive of {}: its beginning was found again", rooms[&id]));
        heads.of.insert(number, (id, Head { number, first: 0, ordinal: 0 }));
    }
    let mut steps = Steps::new();
    let mut next = heads.next;
    // The archive that is being written: which, and what is to be said of its place.
    let mut current: Option<(u64, Option<(Line, u64)>)> = None;
    for pair in view.range(Table::Messages, &[], &[u8::MAX; 17]) {
        let (key, value) = pair?;
        let Some(number) = layout::number(&key, 0).filter(|_| key.len() == 16) else {
            quarantine.put("archive messages", &key, &value, "no message has such a key")?;
            continue;
        };
        next = next.max(number.saturating_add(1));
        if heads.dropped.contains(&number) {
            continue;
        }
        if current.as_ref().is_none_or(|(of, _)| *of != number) {
            let head = heads.of.get(&number);
            if head.is_none() {
                rebuilt
                    .told
                    .push(format!("messages of archive number {number} belong to no room; put aside"));
            }
            current = Some((number, head.map(|(id, head)| (Line::new(id, head, rooms), 0))));
        }
        let Some((_, Some((line, ordinal)))) = &mut current else {
            quarantine.put("archive messages", &key, &value, "it belongs to no archive")?;
            continue;
        };
        let position = layout::last_number(&key).expect("16 bytes");
        if position < heads.of[&number].1.first {
            // It was purged, and only that is known no more.
            continue;
        }
        let entry = match layout::decode(&key, &value) {
            Ok(entry) => entry,
            Err(damage) => {
                rebuilt.told.push(line.damage(&key, &damage));
                quarantine.put("archive messages", &key, &value, &damage.to_string())?;
                continue;
            }
        };
        let before = layout::ordinal(&value).expect("it was decoded");
        rebuilt.told.extend(line.pass(view, before, &entry)?);
        if *ordinal == 0 {
            let (id, _) = &heads.of[&number];
            let head = Head { number, first: position, ordinal: 0 };
            steps.insert((Table::Archives, layout::archive_key(&id.0)), Some(head.encode()));
            rebuilt.archives += 1;
        }
        for (table, key) in layout::index_keys(number, position, &entry) {
            let value = if table == Table::Ids { layout::bytes(position).to_vec() } else { Vec::new() };
            steps.insert((table, key), Some(value));
        }
        steps.insert((Table::Messages, key.to_vec()), Some(layout::encode(*ordinal, &entry)));
        *ordinal += 1;
        rebuilt.messages += 1;
        if steps.len() >= STEPS_AT_A_TIME {
            put(into, false, std::mem::take(&mut steps))?;
        }
    }
    steps.insert((Table::Archives, layout::NEXT_KEY.to_vec()), Some(layout::bytes(next).to_vec()));
    put(into, true, steps)?;
    Ok(rebuilt)
}

fn put(into: &OpenArchive, durable: bool, steps: Steps) -> Result<(), StoreError> {
    into.change(durable, |_| Ok(((), steps)))
}

/// Archives whose messages are there and whose heads are not: to which room's archive they belong. If a room had
/// several lives, the last one.
fn adopted(view: &impl View, heads: &Heads, rooms: &Rooms) -> Result<BTreeMap<u64, ArchiveId>, StoreError> {
    let headless = |id: &&ArchiveId| !heads.of.values().any(|(known, _)| known == *id);
    let wanted: HashMap<&BareJid, &ArchiveId> =
        rooms.keys().filter(headless).map(|id| (&rooms[id], id)).collect();
    let mut found = HashMap::new();
    let mut from = 0;
    while let Some(number) = next_number(view, from)? {
        if !heads.of.contains_key(&number)
            && !heads.dropped.contains(&number)
            && let Some(room) = room_of(view, number)?
            && let Some(id) = wanted.get(&room)
        {
            found.insert((*id).clone(), number);
        }
        let Some(after) = number.checked_add(1) else { break };
        from = after;
    }
    Ok(found.into_iter().map(|(id, number)| (number, id)).collect())
}

/// Archives that belong to none of `rooms`, by the room that sent their messages.
pub(super) fn unclaimed(view: &impl View, rooms: &Rooms) -> Result<BTreeMap<BareJid, ArchiveId>, StoreError> {
    let mut found = BTreeMap::new();
    for (number, (id, _)) in Heads::read(view, rooms)?.of {
        if !rooms.contains_key(&id)
            && let Some(room) = room_of(view, number)?
        {
            found.insert(room, id);
        }
    }
    Ok(found)
}

/// The first archive from `number` on that has messages.
fn next_number(view: &impl View, number: u64) -> Result<Option<u64>, StoreError> {
    let pair = view.range(Table::Messages, &layout::message_key(number, 0), &[u8::MAX; 17]).next();
    Ok(pair.transpose()?.and_then(|(key, _)| layout::number(&key, 0)))
}

/// The room that sent the messages of an archive.
fn room_of(view: &impl View, number: u64) -> Result<Option<BareJid>, StoreError> {
    let (from, to) = (layout::message_key(number, 0), layout::message_key(number, u64::MAX));
    for pair in view.range(Table::Messages, &from, &to) {
        let (key, value) = pair?;
        if let Ok(entry) = layout::decode(&key, &value) {
            let from = entry.message.attr("from").and_then(|from| Jid::parse(from).ok());
            return Ok(from.map(|from| from.to_bare()));
        }
    }
    Ok(None)
}
