//! A model of the host: mailboxes, the loop of each room, commits before sends, rooms that leave memory and come back.
//! It does what `src/host` does, in virtual time and without tasks.

mod keep;
mod life;
mod sweep;

use std::collections::VecDeque;
use std::time::Duration;

use conclave::engine::Machine;
use conclave::engine::restart::PersistedView;
use conclave::host::liveness::LastSeen;
use conclave::room::archive::{ArchiveId, Change};
use conclave::room::context::{Context, Ids};
use conclave::room::effect::Effects;
use conclave::room::event::Event;
use conclave::room::state::State;
use conclave::service::{self, directory::Directory};
use conclave::store::LocalStore;
use conclave::store::memory::MemoryStore;
use conclave::store::{LocalArchive, memory::MemoryArchive};
use conclave::wire::encode::Outgoing;
use conclave::wire::inbound::Inbound;
use conclave::wire::jid::Jid;
use conclave::wire::parse::Malformed;
use conclave::wire::refusal::Refusal;
use conclave::words::{self, Lang};
use jiff::Timestamp;
use minidom::Element;

use crate::cast::Cast;
use crate::happening::{Happening, Sent};
use crate::sheet::Sheet;

/// Events whose effects are committed together.
const BATCH_EVENTS_MAX: usize = 64;

/// What came of something that was sent.
pub(crate) enum Outcome {
    /// A room dealt with it.
    Room(Box<Happening>),
    /// It never reached a room: the service or the reader answered, or nobody did.
    Plain { sender: usize, stanza: Element, answer: Option<Box<Sent>> },
}

/// Why a room does something.
#[derive(Clone)]
enum Cause {
    Stanza(usize, Box<Inbound>),
    Check(Jid),
    Goodbye,
}

/// One room's task.
struct Place {
    /// None while the room is not in memory.
    room: Option<Machine>,
    ids: Ids,
    mailbox: Vec<(usize, Inbound)>,
    told: PersistedView,
    /// What takes messages back that nobody has seen, and that the archive has not taken yet.
    owed: Vec<Change>,
    /// Since when the store has not been told all.
    behind: Option<i64>,
    active: i64,
    heard: LastSeen,
}

/// One event and what came of it, before anybody hears of it.
struct Handled {
    cause: Cause,
    before: Machine,
    after: Machine,
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
    /// Commits that the store and the archive take before they begin to fail; none if they do not.
    store_left: Option<u32>,
    archive_left: Option<u32>,
    /// From when to when the store was told nothing, in seconds; no end while it is not told anything.
    store_failed: Option<(i64, Option<i64>)>,
    directory: Directory,
    places: Vec<Place>,
    memory: service::Memory,
    started: Timestamp,
    /// Seconds since the story began, and what the clock says.
    pub(crate) second: i64,
    pub(crate) now: Timestamp,
    loads: u64,
    /// It was stopped by a signal, and does nothing.
    pub(crate) stalled: bool,
    /// When rooms are to be told of a gap, until when that gap was, and which of them.
    gap: Option<sweep::Gap>,
    /// Rooms with occupants that were not looked at since the start.
    asleep: Vec<usize>,
    /// Until when another process in the place of this one has to ask who is there all the same.
    doubtful_until: i64,
    /// When the last gap was over; none while there is one.
    pub(crate) up_since: Option<i64>,
    /// Since when the process does something.
    pub(crate) awake_since: i64,
    /// Messages that were refused and are in the archive all the same: the process was killed before it could take them
    /// back.
    pub(crate) haunted: Vec<(ArchiveId, u64, Timestamp)>,
}

impl<'c> Host<'c> {
    /// A service with an empty store.
    pub(crate) fn new(cast: &'c Cast) -> Self {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().expect("a date");
        let place = |_| Place {
            room: None,
            ids: Ids::new(&[0]),
            mailbox: Vec::new(),
            told: PersistedView::default(),
            owed: Vec::new(),
            behind: None,
            active: 0,
            heard: LastSeen::default(),
        };
        Self {
            cast,
            store: MemoryStore::new(),
            archive: MemoryArchive::new(),
            store_left: None,
            archive_left: None,
            store_failed: None,
            directory: Directory::default(),
            places: (0..cast.rooms.len()).map(place).collect(),
            memory: service::Memory::new(Ids::new(&[1])),
            started: now,
            second: 0,
            now,
            loads: 1,
            stalled: false,
            gap: None,
            asleep: Vec::new(),
            doubtful_until: 0,
            up_since: Some(0),
            awake_since: 0,
            haunted: Vec::new(),
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
    pub(crate) fn room(&self, place: usize) -> Machine {
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
            let mut cx = service::Context {
                now: self.now,
                started: self.started,
                service: &self.cast.service,
                directory: &self.directory,
                rooms: &Unasked,
                memory: &mut self.memory,
            };
            let effects = service::answer(&inbound, &mut cx);
            let found = effects.search.and_then(|search| search.answer(&|| true, Lang::english()));
            return plain(effects.answer.or(found).as_ref());
        };
        self.places[place].mailbox.push((sender, inbound));
        if held || self.stalled { Ok(Vec::new()) } else { self.work(place) }
    }

    /// Works off everything that waits for a room, in batches.
    pub(crate) fn work(&mut self, place: usize) -> Result<Vec<Outcome>, String> {
        let mut waiting: VecDeque<_> = std::mem::take(&mut self.places[place].mailbox).into();
        let mut outcomes = Vec::new();
        while !waiting.is_empty() {
            let batch: Vec<_> = waiting.drain(..waiting.len().min(BATCH_EVENTS_MAX)).collect();
            self.wake(place);
            for (_, inbound) in batch.iter().filter(|(_, inbound)| inbound.may_be_answered()) {
                let Place { heard, room, .. } = &mut self.places[place];
                let room = room.as_ref().expect("it was woken");
                heard.note(&inbound.from, Duration::from_secs(self.second.unsigned_abs()), room);
            }
            let causes =
                batch.into_iter().map(|(sender, inbound)| Cause::Stanza(sender, Box::new(inbound))).collect();
            outcomes.extend(self.step(place, causes)?);
        }
        Ok(outcomes)
    }

    /// Loads a room that is not in memory.
    fn wake(&mut self, place: usize) {
        if self.places[place].room.is_some() {
            return;
        }
        let (room, told) = self.load(place);
        self.loads += 1;
        let held = &mut self.places[place];
        held.behind = None;
        held.room = Some(room);
        held.told = told;
        held.ids = Ids::new(&self.loads.to_be_bytes());
        held.heard = LastSeen::default();
    }

    /// Handles events together.
    fn step(&mut self, place: usize, causes: Vec<Cause>) -> Result<Vec<Outcome>, String> {
        self.wake(place);
        self.places[place].active = self.second;
        let start = self.in_memory(place).clone();
        let mut handled: Vec<_> = causes.iter().map(|cause| self.handle(place, cause.clone())).collect();
        if !self.commit(place, &mut handled) {
            self.places[place].room = Some(start.clone());
            handled = causes.into_iter().map(|cause| self.alone(place, cause)).collect();
        }
        for one in &mut handled {
            self.ask(place, one);
        }
        let held = &mut self.places[place];
        let room = held.room.as_ref().expect("it was woken");
        if held.behind.is_none() && (held.told.is_stale(room) || !held.owed.is_empty()) {
            held.behind = Some(self.second);
        }
        if let Some(change) = room.relisting(&start) {
            self.directory.note(&self.cast.rooms[place], change);
        }
        let expels = handled.iter().any(|one| one.effects.expels);
        if expels || !self.in_memory(place).exists() {
            self.catch_up(place);
        }
        if !self.in_memory(place).exists() && self.places[place].behind.is_none() {
            self.places[place].room = None;
            self.places[place].heard = LastSeen::default();
        }
        self.outcomes(place, handled)
    }

    fn in_memory(&self, place: usize) -> &Machine {
        self.places[place].room.as_ref().expect("the room was loaded")
    }

    fn handle(&mut self, place: usize, cause: Cause) -> Handled {
        let Place { room, ids, .. } = &mut self.places[place];
        let room = room.as_mut().expect("the room was loaded");
        let before = room.clone();
        let event = match &cause {
            Cause::Stanza(_, inbound) => Event::Stanza(inbound.clone()),
            Cause::Check(session) => Event::Check(session.clone()),
            Cause::Goodbye => Event::Stop { goodbye: true },
        };
        let uptime = Duration::from_secs(self.second.unsigned_abs());
        let mut cx = Context { now: self.now, uptime, service: &self.cast.service, ids };
        let effects = room.handle(&event, &mut cx);
        Handled { cause, before, after: room.clone(), effects, unstored: false }
    }

    /// Puts the questions of an event to the archive; what the room says then counts as said at once.
    fn ask(&mut self, place: usize, handled: &mut Handled) {
        for ask in std::mem::take(&mut handled.effects.asks) {
            let answer = self.archive.answer(&ask.archive, &ask.question).expect("this archive always reads");
            let event = Event::Found(Box::new(ask.answered(answer)));
            let Place { room, ids, .. } = &mut self.places[place];
            let uptime = Duration::from_secs(self.second.unsigned_abs());
            let mut cx = Context { now: self.now, uptime, service: &self.cast.service, ids };
            let before = room.clone();
            let effects = room.as_mut().expect("the room was loaded").handle(&event, &mut cx);
            if !self.keep_archive(&effects.archive) {
                self.places[place].room = before;
                continue;
            }
            handled.effects.sends.extend(effects.sends);
        }
    }

    /// One event after the store refused the batch that it was in.
    fn alone(&mut self, place: usize, cause: Cause) -> Handled {
        let mut handled = self.handle(place, cause);
        if !self.commit(place, std::slice::from_mut(&mut handled)) {
            let why = Refusal::internal_server_error(&words::NOT_STORED);
            handled.effects = match &handled.cause {
                Cause::Stanza(_, inbound) => Effects::refused(&why, inbound, Lang::english()),
                _ => Effects::default(),
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
            let (sender, cause) = match h.cause {
                Cause::Stanza(sender, inbound) => (Some(sender), Some(*inbound)),
                _ => (None, None),
            };
            let mut happening = Happening::new(place, sender, cause, sheets, &h.effects, self.cast)?;
            happening.unstored = h.unstored;
            outcomes.push(Outcome::Room(Box::new(happening)));
        }
        Ok(outcomes)
    }
}
