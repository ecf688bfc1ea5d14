//! From keys and values to what they say, the same for every store that keeps bytes. What is damaged is told once, and costs
//! itself alone where that is possible.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::has_rest;
use super::layout::{self, Value, kind, kind_and_name, room_part};
use super::occupant;
use super::record::{corrupt, decode_affiliated, decode_listed, decode_part, decode_vcard};
use crate::room::config::Config;
use crate::room::listing::Listed;
use crate::room::part::{Life, Numbers, Part};
use crate::room::roster::{Said, Session};
use crate::room::state::{Affiliated, State};
use crate::room::vcard::Vcard;
use crate::room::write::{StoredOccupant, StoredSession};
use crate::store::engine::{Table, View};
use crate::store::{StoreError, damage};
use crate::wire::jid::{BareJid, Jid};

/// What a value in the table of parts says.
#[derive(Debug)]
pub(in crate::store) enum Fact {
    Part(Part),
    Affiliation(BareJid, Affiliated),
    Vcard(Vcard),
}

/// Reads a value of the table of parts.
pub(in crate::store) fn fact(key: &[u8], value: &Value) -> Result<Fact, StoreError> {
    let (kind, name) = kind_and_name(key);
    match kind {
        kind::AFFILIATION => {
            let jid = address(key, value.name(key, name)?)?;
            Ok(Fact::Affiliation(jid, decode_affiliated(key, &value.content)?))
        }
        kind::VCARD => Ok(Fact::Vcard(decode_vcard(key, &value.content)?)),
        // What a room begins with has the room's name, not its own.
        kind::LIFE => part(key, kind, "", value),
        _ => part(key, kind, value.name(key, name)?, value),
    }
}

fn part(key: &[u8], kind: u8, name: &str, value: &Value) -> Result<Fact, StoreError> {
    let part = decode_part(key, kind, name, &value.content)?;
    part.map(Fact::Part).ok_or_else(|| corrupt(key, "nothing of this kind is known".to_owned()))
}

/// The room that a value is about which has the room's name with it.
pub(in crate::store) fn room(key: &[u8], value: &Value) -> Result<BareJid, StoreError> {
    address(key, value.name(key, room_part(key))?)
}

fn address(key: &[u8], text: &str) -> Result<BareJid, StoreError> {
    BareJid::parse(text).map_err(|e| corrupt(key, e.to_string()))
}

/// A room as it is put together.
#[derive(Default)]
struct Parts {
    life: Option<Life>,
    config: Option<Config>,
    numbers: Option<Numbers>,
    rest: Vec<Part>,
    affiliations: Vec<(BareJid, Affiliated)>,
    vcard: Option<Arc<Vcard>>,
    /// Not everything is known of who was on the lists.
    forgot: bool,
    any: bool,
}

/// A room's state from what the table of parts has of it; `None` if that is nothing.
pub(in crate::store) fn state<K: AsRef<[u8]>, V: AsRef<[u8]>>(
    room: &BareJid,
    stored: impl Iterator<Item = Result<(K, V), StoreError>>,
) -> Result<Option<State>, StoreError> {
    let mut parts = Parts::default();
    for pair in layout::values(stored) {
        let (key, value) = pair?;
        parts.any = true;
        match value.and_then(|value| fact(&key, &value)) {
            Ok(fact) => parts.put(fact),
            Err(e) if matches!(kind_and_name(&key).0, kind::LIFE | kind::CONFIG) => return Err(e),
            Err(e) => {
                let (kind, _) = kind_and_name(&key);
                parts.forgot |= matches!(kind, kind::AFFILIATION | kind::LOST | kind::NUMBERS);
                damage::tell(&e, without(kind));
            }
        }
    }
    parts.any.then(|| parts.finish(room)).transpose()
}

fn without(kind: u8) -> &'static str {
    match kind {
        kind::VCARD => "the room is loaded without its vCard",
        kind::SUBJECT => "the room is loaded without its subject",
        _ => "the room is loaded without it",
    }
}

impl Parts {
    fn put(&mut self, fact: Fact) {
        match fact {
            Fact::Affiliation(jid, value) => self.affiliations.push((jid, value)),
            Fact::Vcard(vcard) => self.vcard = Some(Arc::new(vcard)),
            Fact::Part(Part::Life(life)) => self.life = Some(life),
            Fact::Part(Part::Config(config)) => self.config = Some(*config),
            Fact::Part(Part::Numbers(numbers)) => self.numbers = Some(numbers),
            Fact::Part(part) => self.rest.push(part),
        }
    }

    fn finish(self, room: &BareJid) -> Result<State, StoreError> {
        let missing = |what: &str| corrupt(room.as_str().as_bytes(), format!("its {what} is missing"));
        let life = self.life.ok_or_else(|| missing("beginning"))?;
        let config = self.config.ok_or_else(|| missing("configuration"))?;
        let mut record = life.record(config);
        for part in self.rest {
            match part {
                Part::Subject(subject) => record.subject = subject,
                Part::Activity(activity) => record.activity = activity,
                Part::Lost(_, lost) => record.versions.lost.extend(lost),
                Part::Hat(uri, Some(hat)) => drop(record.hats.known.insert(uri, hat)),
                Part::Worn(account, Some(worn)) => drop(record.hats.worn.insert(account, worn)),
                Part::Token(_, token) => record.tokens.extend(token),
                Part::Voice(account, true) => drop(record.voices.insert(account)),
                _ => {}
            }
        }
        record.tokens.sort_by(|a, b| a.order().cmp(&b.order()));
        record.hats.wear_no_others();
        let numbers = self.numbers.unwrap_or_default();
        (record.versions.now, record.versions.known_from) = (numbers.now, numbers.known_from);
        record.vain_invitations = numbers.vain_invitations;
        if self.forgot {
            let changes = self.affiliations.iter().map(|(_, a)| a.version);
            let newest = changes.chain(record.versions.lost.iter().map(|lost| lost.version)).max();
            record.versions.now = numbers.now.max(newest.unwrap_or_default());
            record.versions.known_from = record.versions.now;
        }
        Ok(State { record, affiliations: self.affiliations.into_iter().collect(), vcard: self.vcard })
    }
}

/// Hands what is known of each room to `each`; gives how many records are damaged.
pub(in crate::store) fn each_listed<K: AsRef<[u8]>, V: AsRef<[u8]>>(
    stored: impl Iterator<Item = Result<(K, V), StoreError>>,
    each: &mut dyn FnMut(BareJid, Listed),
) -> Result<usize, StoreError> {
    let mut damaged = 0;
    for pair in layout::values(stored) {
        let (key, value) = pair?;
        match value.and_then(|value| Ok((room(&key, &value)?, decode_listed(&key, &value.content)?))) {
            Ok((room, listed)) => each(room, listed),
            Err(damage) => {
                damage::tell(&damage, "the room is not listed");
                damaged += 1;
            }
        }
    }
    Ok(damaged)
}

/// What a value in the table of occupants says.
pub(in crate::store) enum Presence {
    Occupant(StoredOccupant),
    Session(Jid, StoredSession),
    Said(Jid, Said),
}

/// Reads a value of the table of occupants.
pub(in crate::store) fn presence(key: &[u8], value: &Value) -> Result<Presence, StoreError> {
    let (kind, name) = kind_and_name(key);
    let name = value.name(key, name)?;
    let jid = || Jid::parse(name).map_err(|e| corrupt(key, e.to_string()));
    Ok(match kind {
        kind::SESSION => Presence::Session(jid()?, occupant::decode_session(key, &value.content)?),
        kind::SAID | kind::SAID_AT_LENGTH => {
            Presence::Said(jid()?, occupant::decode_said(key, &value.content)?)
        }
        _ => {
            let stored = occupant::decode_occupant(key, &value.content)?;
            if name != stored.occupant.nick.key().as_str() {
                return Err(corrupt(key, "its nick is another".to_owned()));
            }
            Presence::Occupant(stored)
        }
    })
}

/// Occupants from their stored records; those who have no session are none.
pub(in crate::store) fn occupants<K: AsRef<[u8]>, V: AsRef<[u8]>>(
    stored: impl Iterator<Item = Result<(K, V), StoreError>>,
) -> Result<Vec<StoredOccupant>, StoreError> {
    let (mut occupants, mut sessions, mut said) = (Vec::new(), Vec::new(), HashMap::new());
    for pair in layout::values(stored) {
        let (key, value) = pair?;
        match value.and_then(|value| presence(&key, &value)) {
            Ok(Presence::Occupant(occupant)) => occupants.push(occupant),
            Ok(Presence::Session(jid, session)) => sessions.push((jid, session)),
            Ok(Presence::Said(jid, presence)) => drop(said.insert(jid, Arc::new(presence))),
            Err(damage) if matches!(kind_and_name(&key).0, kind::SAID | kind::SAID_AT_LENGTH) => {
                damage::tell(&damage, "an occupant is shown without it");
            }
            Err(damage) => damage::tell(&damage, "an occupant has to enter again"),
        }
    }
    let mut of_nick: HashMap<String, Vec<(u64, Session)>> = HashMap::new();
    for (jid, StoredSession { nick, turn, follows, proof }) in sessions {
        let presence = said.remove(&jid).unwrap_or_default();
        of_nick.entry(nick).or_default().push((turn, Session { jid, presence, follows, proof }));
    }
    let whole = |o: StoredOccupant| {
        let own = of_nick.remove(o.occupant.nick.key().as_str()).unwrap_or_default();
        occupant::with_sessions(o, own)
    };
    let mut occupants: Vec<_> =
        occupants.into_iter().map(whole).filter(|o| !o.occupant.sessions.is_empty()).collect();
    // A long nick stands in the key as a hash.
    occupants.sort_by(|a, b| a.occupant.nick.key().cmp(b.occupant.nick.key()));
    Ok(occupants)
}

/// Rooms of which a rest is left, from the notes of them.
pub(in crate::store) fn rests<K: AsRef<[u8]>, V: AsRef<[u8]>>(
    stored: impl Iterator<Item = Result<(K, V), StoreError>>,
) -> Result<Vec<BareJid>, StoreError> {
    let mut rests = Vec::new();
    for pair in layout::values(stored) {
        let (key, value) = pair?;
        match value.and_then(|value| room(&key, &value)) {
            Ok(room) => rests.push(room),
            Err(damage) => damage::tell(&damage, "what is left of a forgotten room stays"),
        }
    }
    Ok(rests)
}

/// Counts the occupants of each room and hands them to `each`.
pub(in crate::store) fn each_occupied<V: View>(
    view: &V,
    each: &mut dyn FnMut(BareJid, usize),
) -> Result<(), StoreError> {
    let mut rooms = BTreeMap::new();
    for pair in view.under(Table::Occupants, &[]) {
        let (key, _) = pair?;
        if layout::first_key(&key).len() == key.len() && kind_and_name(&key).0 == kind::OCCUPANT {
            *rooms.entry([room_part(&key), &[0]].concat()).or_insert(0) += 1;
        }
    }
    for (prefix, count) in rooms {
        if has_rest(view, &prefix)? {
            continue;
        }
        let known = layout::values(view.under(Table::Listed, &prefix)).next().transpose()?;
        let unknown = || (prefix.clone(), Ok(Value { content: Vec::new(), name: None }));
        let (key, value) = known.unwrap_or_else(unknown);
        match value.and_then(|value| room(&key, &value)) {
            Ok(room) => each(room, count),
            Err(damage) => damage::tell(&damage, "its occupants are passed over"),
        }
    }
    Ok(())
}
