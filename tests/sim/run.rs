//! Plays actions and lets every checker look at what comes of each.

use std::collections::{BTreeMap, VecDeque};

use conclave::room::Room;
use conclave::room::limits::Limits;
use conclave::wire::build;
use conclave::wire::inbound::{Kind, PresenceType};
use conclave::wire::ns;
use jiff::Timestamp;
use minidom::Element;

use crate::action::{Action, short};
use crate::cast::Cast;
use crate::check::{self, Check};
use crate::happening::{Happening, Sent};
use crate::host::{Host, Outcome};
use crate::picture::Picture;
use crate::sheet::Sheet;

/// Something that is wrong.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    /// Which checker says so.
    pub(crate) check: &'static str,
    /// What.
    pub(crate) what: String,
    /// What was seen, a line each.
    pub(crate) seen: Vec<String>,
}

/// How much was played.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) events: u64,
    /// Copies that clients received.
    pub(crate) stanzas: u64,
    /// Status codes that were met, as a set of bits: the code less 100.
    codes: [u128; 2],
}

impl Tally {
    /// Adds what another story has played.
    pub(crate) fn add(&mut self, other: &Self) {
        self.events += other.events;
        self.stanzas += other.stanzas;
        for (mine, other) in self.codes.iter_mut().zip(other.codes) {
            *mine |= other;
        }
    }

    /// Whether a status code was met.
    pub(crate) fn met(&self, code: usize) -> bool {
        self.codes[(code - 100) / 128] >> ((code - 100) % 128) & 1 == 1
    }

    fn meet(&mut self, sent: &Sent) {
        let codes = sent.x().into_iter().flat_map(|x| x.children()).filter_map(|c| c.attr("code"));
        for code in codes.filter_map(|code| code.parse::<usize>().ok()).filter(|c| (100..356).contains(c)) {
            self.codes[(code - 100) / 128] |= 1 << ((code - 100) % 128);
        }
    }
}

/// What is known about a room besides how it stands.
#[derive(Default)]
pub(crate) struct Ledger {
    /// Created and not configured; before the happening, and after it.
    pub(crate) was_locked: bool,
    pub(crate) locked: bool,
    /// Grows whenever the room begins anew: created, or loaded.
    pub(crate) epoch: u32,
    pub(crate) was_epoch: u32,
    /// Numbers of the messages that the room should have kept, and when they came.
    pub(crate) kept: VecDeque<(u64, Timestamp)>,
    /// The same for those that the archive should have.
    pub(crate) archived: Vec<(u64, Timestamp)>,
}

/// All that a checker may look at.
pub(crate) struct Scene<'s> {
    pub(crate) cast: &'s Cast,
    pub(crate) happening: &'s Happening,
    pub(crate) pictures: &'s [Picture],
    pub(crate) ledger: &'s Ledger,
    pub(crate) now: Timestamp,
}

/// One play.
pub(crate) struct Run<'c> {
    pub(crate) cast: &'c Cast,
    pub(crate) host: Host<'c>,
    /// By room, then by entity.
    pictures: Vec<Vec<Picture>>,
    pub(crate) ledgers: Vec<Ledger>,
    /// How each room stands now.
    pub(crate) sheets: Vec<Sheet>,
    checks: Vec<Box<dyn Check>>,
    /// Requests and invitations that were passed on to an entity, oldest first.
    pub(crate) asked: BTreeMap<usize, VecDeque<Element>>,
    pub(crate) tally: Tally,
    /// Grows with every byte that left and every durable change.
    pub(crate) print: u64,
}

impl<'c> Run<'c> {
    /// Nothing has happened yet.
    pub(crate) fn new(cast: &'c Cast) -> Self {
        let host = Host::new(cast);
        let rooms = 0..cast.rooms.len();
        let pictures = |_| cast.entities.iter().map(|_| Picture::default()).collect();
        Self {
            cast,
            pictures: rooms.clone().map(pictures).collect(),
            ledgers: rooms.clone().map(|_| Ledger::default()).collect(),
            sheets: rooms.map(|place| Sheet::of(&host.room(place), cast)).collect(),
            host,
            checks: check::all(),
            asked: BTreeMap::new(),
            tally: Tally::default(),
            print: 0xcbf2_9ce4_8422_2325,
        }
    }

    /// Lets one thing happen.
    pub(crate) fn act(&mut self, action: &Action) -> Result<(), Fault> {
        self.host.wait(1);
        let outcomes = match action {
            Action::Send { who, stanza, held } => self.send(*who, stanza, *held),
            Action::Answer { who, by, error } => self.answer(*who, *by, *error),
            Action::Crash => {
                self.host.crash();
                Ok(Vec::new())
            }
            Action::Restart => self.host.restart(),
            Action::Stop => self.host.stop(),
            Action::Disk { works } => {
                self.host.disk(*works);
                Ok(Vec::new())
            }
            Action::Wait { seconds } => {
                self.host.wait(*seconds);
                Ok(Vec::new())
            }
        };
        let outcomes = outcomes.map_err(|what| Fault { check: "writer", what, seen: Vec::new() })?;
        for outcome in &outcomes {
            match outcome {
                Outcome::Room(happening) => self.happened(happening)?,
                Outcome::Plain { sender, stanza, answer } => {
                    self.answered(*sender, stanza, answer.as_deref())?
                }
            }
        }
        if *action == Action::Stop {
            self.pictures.iter_mut().flatten().for_each(Picture::loses);
        }
        self.settle(&outcomes)
    }

    /// Works off what still waits in mailboxes.
    pub(crate) fn finish(&mut self) -> Result<(), Fault> {
        for place in 0..self.cast.rooms.len() {
            let outcomes = self.host.work(place);
            let outcomes = outcomes.map_err(|what| Fault { check: "writer", what, seen: Vec::new() })?;
            for outcome in &outcomes {
                if let Outcome::Room(happening) = outcome {
                    self.happened(happening)?;
                }
            }
            self.settle(&outcomes)?;
            if let Some(what) = check::bounds::memory(&self.sheets[place].room, self.cast) {
                return Err(Fault { check: "bounds", what, seen: Vec::new() });
            }
        }
        Ok(())
    }

    fn send(&mut self, who: usize, stanza: &str, held: bool) -> Result<Vec<Outcome>, String> {
        let mut stanza: Element = stanza.parse().map_err(|e| format!("the story itself is no XML: {e}"))?;
        build::set_attr(&mut stanza, "from", self.cast.entities[who].jid.as_str());
        let enters = stanza.name() == "presence" && stanza.has_child("x", ns::MUC);
        let to = stanza.attr("to").and_then(|to| conclave::wire::jid::Jid::prepare(to).ok());
        if enters && let Some(place) = to.and_then(|to| self.cast.room(&to)) {
            self.pictures[place][who].enters(stanza.attr("id").unwrap_or_default());
        }
        self.host.route(who, stanza, held)
    }

    fn answer(&mut self, who: usize, by: usize, error: bool) -> Result<Vec<Outcome>, String> {
        let waiting = self.asked.entry(who).or_default();
        let request = if who == by { waiting.pop_front() } else { waiting.front().cloned() };
        let Some(request) = request else { return Ok(Vec::new()) };
        let (id, to) = (request.attr("id").unwrap_or_default(), request.attr("from").unwrap_or_default());
        let error = error || request.name() == "message";
        let inside = if error {
            format!(
                "<error type='cancel' by='{}'><service-unavailable xmlns='{}'/></error>",
                self.cast.accounts[self.cast.entities[by].account],
                ns::STANZA_ERRORS
            )
        } else {
            "<query xmlns='urn:example:any'><answer/></query>".to_owned()
        };
        let name = request.name();
        let stanza = format!("<{name} xmlns='jabber:client'>{inside}</{name}>").parse::<Element>();
        let mut stanza = stanza.expect("well-formed");
        for (name, value) in [("type", if error { "error" } else { "result" }), ("id", id), ("to", to)] {
            build::set_attr(&mut stanza, name, value);
        }
        build::set_attr(&mut stanza, "from", self.cast.entities[by].jid.as_str());
        self.host.route(by, stanza, false)
    }

    /// Delivers what left, then lets every checker look.
    fn happened(&mut self, happening: &Happening) -> Result<(), Fault> {
        self.tally.events += 1;
        let place = happening.place;
        self.imprint(happening);
        self.ledgers[place].note(happening);
        for sent in &happening.sent {
            self.tally.meet(sent);
            for entity in sent.entities.iter().flatten() {
                self.tally.stanzas += 1;
                let cast = self.cast;
                let fault = |what| {
                    let name = &cast.entities[*entity].name;
                    Fault { check: "picture", what: format!("{name}: {what}"), seen: lines(cast, happening) }
                };
                self.pictures[place][*entity].receives(sent).map_err(fault)?;
                let invited =
                    sent.x().is_some_and(|x| x.has_child("invite", ns::MUC_USER)) && !sent.is_error();
                if sent.stanza.name() == "iq" && matches!(sent.type_(), "get" | "set") || invited {
                    self.asked.entry(*entity).or_default().push_back(sent.stanza.clone());
                }
            }
        }
        let scene = Scene {
            cast: self.cast,
            happening,
            pictures: &self.pictures[place],
            ledger: &self.ledgers[place],
            now: self.host.now,
        };
        let mut fault = None;
        for check in &mut self.checks {
            if let Err(what) = check.look(&scene) {
                fault = Some((check.name(), what));
                break;
            }
        }
        let broken = happening.after.room.broken_invariant().map(|what| ("invariant", what));
        if let Some((check, what)) = fault.or(broken) {
            return Err(Fault { check, what, seen: lines(self.cast, happening) });
        }
        self.ledgers[place].keep(happening, self.cast, self.host.now);
        Ok(())
    }

    /// Something that no room dealt with.
    fn answered(&mut self, sender: usize, stanza: &Element, answer: Option<&Sent>) -> Result<(), Fault> {
        self.tally.events += 1;
        self.tally.stanzas += u64::from(answer.is_some());
        if let Some(sent) = answer {
            self.mix(&sent.bytes);
        }
        check::answers::plain(self.cast, sender, stanza, answer).map_err(|what| Fault {
            check: "answers",
            what,
            seen: Vec::new(),
        })
    }

    /// After everything that was handled together: what is stored, what is listed.
    fn settle(&mut self, outcomes: &[Outcome]) -> Result<(), Fault> {
        for place in 0..self.cast.rooms.len() {
            let touched = outcomes.iter().rev().find_map(|outcome| match outcome {
                Outcome::Room(happening) if happening.place == place => Some(happening),
                _ => None,
            });
            let held = self.host.holds(place);
            if touched.is_none() && held {
                continue;
            }
            let ledger = &mut self.ledgers[place];
            let before = &self.sheets[place];
            let seen = touched.map_or_else(Vec::new, |h| lines(self.cast, h));
            let last = touched.map_or(before, |h| &h.after);
            check::durable::look(last, ledger.locked, self.host.stored(place).as_ref())
                .map_err(|what| Fault { check: "durable", what, seen })?;
            self.sheets[place] = Sheet::of(&self.host.room(place), self.cast);
            if !held {
                let room = self.host.room(place);
                *ledger = ledger.reloaded(&room, &self.cast.service.limits);
            }
        }
        check::listing(self.cast, &self.sheets, &self.ledgers, &self.host.listed()).map_err(|what| Fault {
            check: "listing",
            what,
            seen: Vec::new(),
        })
    }

    fn imprint(&mut self, happening: &Happening) {
        for sent in &happening.sent {
            self.mix(&sent.bytes);
            for to in &sent.to {
                self.mix(to.as_str().as_bytes());
            }
        }
        self.mix(&happening.writes.to_le_bytes());
    }

    fn mix(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.print = (self.print ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}

/// Who got what, for people.
fn lines(cast: &Cast, happening: &Happening) -> Vec<String> {
    let name = |(entity, jid): (&Option<usize>, &conclave::wire::jid::Jid)| match entity {
        Some(entity) => cast.entities[*entity].name.clone(),
        None => jid.to_string(),
    };
    let line = |sent: &Sent| {
        let to: Vec<String> = sent.entities.iter().zip(&sent.to).map(name).collect();
        let stanza = String::from_utf8_lossy(&sent.bytes).replace(" to='x'", "");
        format!("{} ← {}", to.join(", "), short(&stanza))
    };
    happening.sent.iter().map(line).collect()
}

impl Ledger {
    /// Notes whether the room is locked, by what was asked and granted.
    fn note(&mut self, happening: &Happening) {
        self.was_locked = self.locked;
        self.was_epoch = self.epoch;
        let (before, after) = (happening.before.exists(), happening.after.exists());
        if !before && after {
            self.locked = true;
            self.epoch += 1;
            self.kept.clear();
            self.archived.clear();
        }
        let done = !happening.refused && !happening.unstored;
        let submitted = happening.set_of(ns::MUC_OWNER).and_then(|q| q.get_child("x", ns::DATA));
        if done && submitted.is_some_and(|x| x.attr("type") == Some("submit")) {
            self.locked = false;
        }
        if !after {
            self.locked = false;
            self.epoch += u32::from(before);
            self.kept.clear();
            self.archived.clear();
        }
    }

    /// What is known of a room that left memory and comes back: its history is the end of its archive.
    fn reloaded(&mut self, room: &Room, limits: &Limits) -> Self {
        let epoch = self.epoch + 1;
        if !room.exists() {
            return Self { epoch, ..Self::default() };
        }
        let config = &room.state().record.config;
        let max =
            if config.archive { config.history_max.min(limits.history_messages_max) as usize } else { 0 };
        let archived = std::mem::take(&mut self.archived);
        let kept = archived[archived.len().saturating_sub(max)..].iter().copied().collect();
        Self { epoch, kept, archived, locked: self.locked, was_locked: self.locked, was_epoch: epoch }
    }

    /// Keeps a message that the room should keep.
    fn keep(&mut self, happening: &Happening, cast: &Cast, now: Timestamp) {
        let Some(stanza) = happening.stanza() else { return };
        let reflected = happening.is_groupchat() && !happening.refused && !happening.unstored;
        let hinted = |name| stanza.has_child(name, ns::HINTS);
        let Some(body) = stanza.get_child("body", ns::CLIENT) else { return };
        if !reflected || hinted("no-store") || hinted("no-permanent-store") {
            return;
        }
        self.kept.push_back((number(body), now));
        if happening.before.config().archive {
            self.archived.push((number(body), now));
        }
        let max = happening.before.config().history_max.min(cast.service.limits.history_messages_max);
        while self.kept.len() > max as usize {
            self.kept.pop_front();
        }
    }
}

/// The number in a body: every message has one of its own, and they grow.
pub(crate) fn number(body: &Element) -> u64 {
    body.text().rsplit('#').next().and_then(|n| n.parse().ok()).unwrap_or_default()
}

/// Whether a cause is an available presence of somebody.
pub(crate) fn is_available(happening: &Happening) -> bool {
    happening.cause.as_ref().is_some_and(|c| c.kind == Kind::Presence(PresenceType::Available))
}
