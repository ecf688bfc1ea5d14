//! What outlives the process, and whether it is what it should be.

use std::sync::Arc;

use conclave::room::recent;
use conclave::engine::Machine;
use conclave::engine::restart::{PersistedView, bring_back};
use conclave::room::Room;
use conclave::room::archive::{Ask, Change, Glimpse};
use conclave::room::context::Service;
use conclave::room::event::Event;
use conclave::room::roster::Occupant;
use conclave::room::state::State;
use conclave::wire::muc::Affiliation;
use conclave::store::{LocalArchive, memory::MemoryArchive};
use conclave::store::memory::MemoryStore;
use conclave::store::occupant::{decode_occupant, encode_occupant};
use conclave::store::LocalStore;
use conclave::room::write::{StoredOccupant, Write};
use conclave::wire::jid::BareJid;

/// The room's address.
pub const ROOM: &str = "r@muc.example";

/// The store and the archive, and what the store was told of who is in the room.
#[derive(Default)]
pub struct Disk {
    store: MemoryStore,
    archive: MemoryArchive,
    told: PersistedView,
}

impl Disk {
    /// Makes durable what an event of `room` led to. A lasting room is on the disk as it is. With `all`, nothing is left for
    /// later.
    pub fn commit(&mut self, room: &Room, all: bool, writes: Vec<Write>, changes: &[Change]) {
        self.archive.commit(changes).expect("this archive always takes");
        let (writes, told) = self.told.along_with(writes, room);
        self.write(&writes);
        self.told = told;
        if all {
            self.catch_up(room);
        } else if room.exists() && room.state().record.config.persistent {
            assert_eq!(self.load().as_ref(), Some(room.state()), "the disk has what the room has");
        }
    }

    fn write(&self, writes: &[Write]) {
        self.store.commit(writes).expect("this store always takes");
    }

    /// Puts a room on the disk with somebody in it.
    pub fn put(&self, state: &State, occupant: Occupant) {
        let name = || BareJid::parse(ROOM).expect("an address");
        let affiliation = |(jid, value): (&BareJid, &_)| Write::Affiliation {
            room: name(),
            jid: jid.clone(),
            value: Some(Clone::clone(value)),
        };
        let record = Write::Room { room: name(), record: Box::new(state.record.clone()) };
        let affiliations = state.affiliations.iter().map(affiliation);
        let occupant = Write::Occupant {
            room: name(),
            nick: occupant.nick.key().as_str().to_owned(),
            value: Some(StoredOccupant {
                occupant: Arc::new(occupant),
                affiliation: Affiliation::None,
                hidden: false,
                turn: 0,
            }),
        };
        self.write(&[record].into_iter().chain(affiliations).chain([occupant]).collect::<Vec<_>>());
    }

    /// Tells the store who is in `room`, and all of one that is temporary. After that it has everything: a room that comes
    /// back is the same with the same people in it.
    pub fn catch_up(&mut self, room: &Room) {
        let (writes, told) = self.told.catch_up(room);
        self.write(&writes);
        assert!(!told.is_stale(room), "the store was told all");
        self.told = told;
        let jid = BareJid::parse(ROOM).expect("an address");
        if !room.exists() {
            assert_eq!(self.load(), None, "what has ended is gone");
            assert!(self.store.occupants(&jid).expect("it reads").is_empty(), "nobody is in no room");
            return;
        }
        assert_eq!(self.load().as_ref(), Some(room.state()));
        let kept = self.store.occupants(&jid).expect("it reads");
        let kept: Vec<_> = kept.iter().map(|stored| person(&stored.occupant)).collect();
        let are_in: Vec<_> = room.roster().iter().map(person).collect();
        assert_eq!(kept, are_in, "who is in is on the disk");
    }

    /// The record of the room, as a room has it.
    fn load(&self) -> Option<State> {
        let jid = BareJid::parse(ROOM).expect("an address");
        let state = self.store.load(&jid).expect("what was written can be read")?;
        Some(Room::stored(jid, state, Default::default()).state().clone())
    }

    /// The room as the next process finds it.
    pub fn bring_back(&mut self, service: &Service) -> Machine {
        let jid = BareJid::parse(ROOM).expect("an address");
        let of_service = |room: Room| {
            room.with_service_admins(&service.admins).with_versions(service.affiliation_versions)
        };
        let Some(state) = self.store.load(&jid).expect("what was written can be read") else {
            self.told = PersistedView::default();
            return of_service(Room::absent(jid)).into();
        };
        let (config, archive) = (&state.record.config, &state.record.archive);
        let newest = |each: &mut (dyn FnMut(&dyn Glimpse) -> bool + Send)| self.archive.look_back(archive, each);
        let history = recent::restore(config, &service.limits, newest).expect("this archive always reads");
        let room = of_service(Room::stored(jid.clone(), state, history));
        let (room, told) = bring_back(room, self.store.occupants(&jid).expect("it reads"));
        self.told = told;
        room
    }

    /// The archive's answer.
    pub fn answer(&self, ask: Ask) -> Event {
        let answer = self.archive.answer(&ask.archive, &ask.question).expect("this archive always reads");
        Event::Found(Box::new(ask.answered(answer)))
    }
}

/// What is kept of an occupant, as it is read back: without the affiliation, which may have changed since he was written.
fn person(occupant: &Arc<Occupant>) -> String {
    let stored = StoredOccupant { occupant: occupant.clone(), affiliation: Affiliation::None, hidden: false, turn: 0 };
    let read = decode_occupant(b"", &encode_occupant(&stored)).expect("just written");
    String::from_utf8(encode_occupant(&read)).expect("a record is text")
}
