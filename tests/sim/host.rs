//! A model of the host: mailboxes, the loop of each room, commits before sends, rooms that leave memory and come back.
//! It does what `src/host` does, in virtual time and without tasks.

use conclave::feature::history::restore;
use conclave::feature::restart::{Told, bring_back};
use conclave::room::Room;
use conclave::room::archive::{Change, Found};
use conclave::room::cx::{Cx, Ids};
use conclave::room::effect::Effects;
use conclave::room::event::Event;
use conclave::room::listing::Listing;
use conclave::room::state::State;
use conclave::service::{self, directory::Directory};
use conclave::store::archive::{Archive, memory::MemoryArchive};
use conclave::store::memory::MemoryStore;
use conclave::store::{Store, Write};
use conclave::wire::encode::Outgoing;
use conclave::wire::inbound::{Inbound, Malformed};
use conclave::wire::jid::Jid;
use conclave::wire::refusal::Refusal;
use jiff::{SignedDuration, Timestamp};
use minidom::Element;

use crate::cast::Cast;
use crate::happening::{Happening, Sent};
use crate::sheet::Sheet;

/// How long a persistent room that nobody is in stays in memory.
const IDLE_SECONDS: i64 = 60;

/// What came of something that was sent.
pub(crate) enum Outcome {
    /// A room dealt with it.
    Room(Box<Happening>),
    /// It never reached a room: the service or the reader answered, or nobody did.
    Plain { sender: usize, stanza: Element, answer: Option<Box<Sent>> },
}

/// One room's task.
struct Place {
    /// None while the room is not in memory.
    room: Option<Room>,
    ids: Ids,
    mailbox: Vec<(usize, Inbound)>,
    told: Told,
    active: Timestamp,
}

/// One event and what came of it, before anybody hears of it.
struct Handled {
    cause: Option<(usize, Inbound)>,
    before: Room,
    after: Room,
    effects: Effects,
    unstored: bool,
}

/// The rooms in memory, as the commands of admins see them: nobody here runs one.
struct Unasked;

impl service::Rooms for Unasked {
    fn each(&self, _: &mut dyn FnMut(&conclave::wire::jid::BareJid, &conclave::room::roster::Roster)) {}
}

/// The process.
pub(crate) struct Host<'c> {
    cast: &'c Cast,
    store: MemoryStore,
    archive: MemoryArchive,
    directory: Directory,
    places: Vec<Place>,
    memory: service::Memory,
    started: Timestamp,
    pub(crate) now: Timestamp,
    loads: u64,
    disk_works: bool,
}

impl<'c> Host<'c> {
    /// A service with an empty store.
    pub(crate) fn new(cast: &'c Cast) -> Self {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().expect("a date");
        let place = |_| Place {
            room: None,
            ids: Ids::new(&[0]),
            mailbox: Vec::new(),
            told: Told::default(),
            active: now,
        };
        Self {
            cast,
            store: MemoryStore::new(),
            archive: MemoryArchive::new(),
            directory: Directory::default(),
            places: (0..cast.rooms.len()).map(place).collect(),
            memory: service::Memory::new(Ids::new(&[1])),
            started: now,
            now,
            loads: 1,
            disk_works: true,
        }
    }

    /// What the store has of a room.
    pub(crate) fn stored(&self, place: usize) -> Option<State> {
        self.store.load(&self.cast.rooms[place]).expect("this store always reads")
    }

    /// Whether a room is in memory.
    pub(crate) fn holds(&self, place: usize) -> bool {
        self.places[place].room.is_some()
    }

    /// The room as it is, or as it would be loaded.
    pub(crate) fn room(&self, place: usize) -> Room {
        self.places[place].room.clone().unwrap_or_else(|| self.load(place).0)
    }

    /// The addresses of the rooms that are listed.
    pub(crate) fn listed(&self) -> Vec<String> {
        let items = self.directory.items(None).expect("the first page is there");
        items.children().filter_map(|item| item.attr("jid").map(str::to_owned)).collect()
    }

    /// A stanza comes in from `sender`.
    pub(crate) fn route(
        &mut self,
        sender: usize,
        stanza: Element,
        held: bool,
    ) -> Result<Vec<Outcome>, String> {
        let plain = |answer: Option<&Element>| {
            let sent = answer.map(|a| {
                let to = a.attr("to").and_then(|to| Jid::parse(to).ok()).expect("an answer has an address");
                Sent::read(&Outgoing::one(a, to), self.cast)
            });
            let answer = sent.transpose()?.map(Box::new);
            Ok(vec![Outcome::Plain { sender, stanza: stanza.clone(), answer }])
        };
        let inbound = match Inbound::parse(stanza.clone()) {
            Ok(inbound) => inbound,
            Err(Malformed::Answer(answer)) => return plain(Some(&answer)),
            Err(Malformed::Silent(_)) => return plain(None),
        };
        let Some(place) = self.cast.room(&inbound.to) else {
            let mut cx = service::Cx {
                now: self.now,
                started: self.started,
                service: &self.cast.service,
                directory: &self.directory,
                rooms: &Unasked,
                memory: &mut self.memory,
            };
            return plain(service::answer(&inbound, &mut cx).answer.as_ref());
        };
        self.places[place].mailbox.push((sender, inbound));
        if held { Ok(Vec::new()) } else { self.work(place) }
    }

    /// Works off everything that waits for a room, as one batch.
    pub(crate) fn work(&mut self, place: usize) -> Result<Vec<Outcome>, String> {
        let batch = std::mem::take(&mut self.places[place].mailbox);
        let causes: Vec<_> = batch.into_iter().map(Some).collect();
        let handled = self.step(place, causes);
        self.outcomes(place, handled)
    }

    /// The service says goodbye everywhere and starts again.
    pub(crate) fn stop(&mut self) -> Result<Vec<Outcome>, String> {
        let mut outcomes = Vec::new();
        for place in 0..self.places.len() {
            outcomes.extend(self.work(place)?);
            if self.holds(place) {
                let handled = self.step(place, vec![None]);
                outcomes.extend(self.outcomes(place, handled)?);
            }
        }
        self.crash();
        Ok(outcomes)
    }

    /// The service stops, everybody stays in, and it starts again.
    pub(crate) fn restart(&mut self) -> Result<Vec<Outcome>, String> {
        let mut outcomes = Vec::new();
        for place in 0..self.places.len() {
            outcomes.extend(self.work(place)?);
        }
        self.crash();
        Ok(outcomes)
    }

    /// The store is told all that there is to know of a room. Whoever is patient gets a disk that works.
    fn catch_up(&mut self, place: usize) {
        let Place { room: Some(room), told, .. } = &mut self.places[place] else { return };
        let (writes, all) = told.catch_up(room);
        assert!(told.is_behind(room) || writes.is_empty(), "what is not behind has nothing to tell");
        *told = all;
        self.store.fail_commits(false);
        self.store.commit(&writes).expect("this store takes all");
        self.store.fail_commits(!self.disk_works);
    }

    /// The process loses everything but the store and starts again.
    pub(crate) fn crash(&mut self) {
        (0..self.places.len()).for_each(|place| self.catch_up(place));
        for place in &mut self.places {
            place.room = None;
            place.mailbox.clear();
        }
        self.directory = Directory::default();
        let mut occupied = std::collections::HashSet::new();
        let note = &mut |jid, _| {
            occupied.insert(jid);
        };
        self.store.each_occupied(note).expect("this store always reads");
        let (mut vacant, now) = (Vec::new(), self.now);
        let directory = &mut self.directory;
        let each = &mut |jid: conclave::wire::jid::BareJid, record: conclave::room::state::RoomRecord| {
            let vacated = !record.config.persistent && !occupied.contains(&jid);
            let awaited = vacated && record.awaited.is_some_and(|until| until > now);
            if vacated && !awaited {
                vacant.push(Write::Forget { room: jid });
            } else if !record.locked && !awaited {
                let listing = Listing::of(&jid, &record.config, 0);
                directory.set(jid, listing);
            }
        };
        self.store.each_room(each).expect("this store always reads");
        self.store.fail_commits(false);
        self.store.commit(&vacant).expect("this store takes all");
        self.store.fail_commits(!self.disk_works);
    }

    /// The disk begins to fail or works again.
    pub(crate) fn disk(&mut self, works: bool) {
        self.disk_works = works;
        self.store.fail_commits(!works);
        self.archive.fail_commits(!works);
    }

    /// Time passes; empty rooms leave memory.
    pub(crate) fn wait(&mut self, seconds: i64) {
        self.now = self.now.checked_add(SignedDuration::from_secs(seconds)).expect("a date");
        for place in 0..self.places.len() {
            self.catch_up(place);
            let held = &mut self.places[place];
            let idle = self.now.duration_since(held.active).as_secs() >= IDLE_SECONDS;
            if idle
                && held.mailbox.is_empty()
                && let Some(room) = &mut held.room
                && room.is_empty()
            {
                room.give_up();
                self.catch_up(place);
                self.places[place].room = None;
            }
        }
    }

    fn load(&self, place: usize) -> (Room, Told) {
        let jid = self.cast.rooms[place].clone();
        let admins = &self.cast.service.admins;
        match self.stored(place) {
            Some(state) => {
                let (config, archive) = (&state.record.config, state.record.archive.clone());
                let newest = |each: &mut dyn FnMut(_) -> bool| self.archive.newest(&archive, each);
                let history = restore(config, &self.cast.service.limits, newest);
                let room =
                    Room::stored(jid.clone(), state.clone(), history.expect("this archive always reads"));
                let occupants = self.store.occupants(&jid).expect("this store always reads");
                bring_back(room.with_service_admins(admins), occupants)
            }
            None => (Room::absent(jid).with_service_admins(admins), Told::default()),
        }
    }

    fn step(&mut self, place: usize, causes: Vec<Option<(usize, Inbound)>>) -> Vec<Handled> {
        if self.places[place].room.is_none() {
            let (room, told) = self.load(place);
            self.loads += 1;
            self.places[place].room = Some(room);
            self.places[place].told = told;
            self.places[place].ids = Ids::new(&self.loads.to_be_bytes());
        }
        self.places[place].active = self.now;
        let start = self.in_memory(place).clone();
        let mut handled: Vec<_> = causes.iter().map(|cause| self.handle(place, cause.clone())).collect();
        if !self.commit(handled.iter().map(|h| &h.effects)) {
            self.places[place].room = Some(start.clone());
            handled = causes.into_iter().map(|cause| self.alone(place, cause)).collect();
        }
        self.forget(place, &handled);
        for one in &mut handled {
            self.ask(place, one);
        }
        let room = self.in_memory(place);
        if let Some(change) = room.relisting(&start) {
            self.directory.note(&self.cast.rooms[place], change);
        }
        if !self.in_memory(place).exists() {
            self.catch_up(place);
            self.places[place].room = None;
        }
        handled
    }

    fn in_memory(&self, place: usize) -> &Room {
        self.places[place].room.as_ref().expect("the room was loaded")
    }

    fn handle(&mut self, place: usize, cause: Option<(usize, Inbound)>) -> Handled {
        let Place { room, ids, .. } = &mut self.places[place];
        let room = room.as_mut().expect("the room was loaded");
        let before = room.clone();
        let event = match &cause {
            Some((_, inbound)) => Event::Stanza(Box::new(inbound.clone())),
            None => Event::Stop { goodbye: true },
        };
        let mut cx = Cx { now: self.now, service: &self.cast.service, ids };
        let effects = room.handle(&event, &mut cx);
        Handled { cause, before, after: room.clone(), effects, unstored: false }
    }

    /// Makes durable what events lead to: all of it or nothing.
    fn commit<'e>(&self, effects: impl Iterator<Item = &'e Effects> + Clone) -> bool {
        let writes: Vec<Write> = effects.clone().flat_map(|fx| fx.writes.iter().cloned()).collect();
        let changes = effects.flat_map(|fx| fx.archive.iter().cloned());
        let (forgotten, changes): (Vec<_>, Vec<_>) =
            changes.partition(|change| matches!(change, Change::Forget { .. }));
        // What is not to be found any more need not be gone.
        let _ = self.archive.commit(&forgotten);
        (changes.is_empty() || self.archive.commit(&changes).is_ok())
            && (writes.is_empty() || self.store.commit(&writes).is_ok())
    }

    /// What the store was told is void once it has forgotten the room.
    fn forget(&mut self, place: usize, handled: &[Handled]) {
        let mut writes = handled.iter().flat_map(|h| &h.effects.writes);
        if writes.any(|write| matches!(write, Write::Forget { .. })) {
            self.places[place].told = Told::default();
        }
    }

    /// Puts the questions of an event to the archive; what the room says then counts as said at once.
    fn ask(&mut self, place: usize, handled: &mut Handled) {
        for ask in std::mem::take(&mut handled.effects.asks) {
            let answer = self.archive.answer(&ask.archive, &ask.question).expect("this archive always reads");
            let event = Event::Found(Box::new(Found {
                archive: ask.archive,
                retracted: ask.retracted,
                answer,
                inbound: ask.inbound,
            }));
            let Place { room, ids, .. } = &mut self.places[place];
            let mut cx = Cx { now: self.now, service: &self.cast.service, ids };
            let before = room.clone();
            let effects = room.as_mut().expect("the room was loaded").handle(&event, &mut cx);
            if !effects.archive.is_empty() && self.archive.commit(&effects.archive).is_err() {
                *room = before;
                continue;
            }
            handled.effects.sends.extend(effects.sends);
        }
    }

    /// One event after the store refused the batch that it was in.
    fn alone(&mut self, place: usize, cause: Option<(usize, Inbound)>) -> Handled {
        let mut handled = self.handle(place, cause);
        if !self.commit(std::iter::once(&handled.effects)) {
            let why = Refusal::internal_server_error("the change could not be stored");
            handled.effects = match &handled.cause {
                Some((_, inbound)) => Room::refuse(&why, inbound),
                None => Effects::default(),
            };
            handled.unstored = true;
            handled.after = handled.before.clone();
            self.places[place].room = Some(handled.before.clone());
        }
        handled
    }

    fn outcomes(&self, place: usize, handled: Vec<Handled>) -> Result<Vec<Outcome>, String> {
        let mut outcomes = Vec::new();
        for h in handled {
            let sheets = (Sheet::of(&h.before, self.cast), Sheet::of(&h.after, self.cast));
            let (sender, cause) = h.cause.unzip();
            let mut happening = Happening::new(place, sender, cause, sheets, &h.effects, self.cast)?;
            happening.unstored = h.unstored;
            outcomes.push(Outcome::Room(Box::new(happening)));
        }
        Ok(outcomes)
    }
}
