//! Plays actions and lets every checker look at what comes of each.

use std::collections::{BTreeMap, VecDeque};

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
use crate::ledger::{Ledger, Tally};
use crate::net::{Fate, Link, Net};
use crate::picture::Picture;
use crate::sheet::Sheet;

/// So much may come back by itself after one thing that happens.
const DUE_MAX: usize = 2000;

/// So many seconds of a long wait are looked at one by one.
const SECONDS_MAX: i64 = 20;

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

/// All that a checker may look at.
pub(crate) struct Scene<'s> {
    pub(crate) cast: &'s Cast,
    pub(crate) happening: &'s Happening,
    pub(crate) pictures: &'s [Picture],
    pub(crate) ledger: &'s Ledger,
    pub(crate) now: Timestamp,
    /// Seconds since the story began.
    pub(crate) second: i64,
    pub(crate) net: &'s Net,
}

/// One play.
pub(crate) struct Run<'c> {
    pub(crate) cast: &'c Cast,
    pub(crate) host: Host<'c>,
    pub(crate) net: Net,
    /// By room, then by entity.
    pub(crate) pictures: Vec<Vec<Picture>>,
    pub(crate) ledgers: Vec<Ledger>,
    /// How each room stands now.
    pub(crate) sheets: Vec<Sheet>,
    checks: Vec<Box<dyn Check>>,
    /// Requests and invitations that were passed on to an entity, oldest first.
    pub(crate) asked: BTreeMap<usize, VecDeque<Element>>,
    /// What comes back from servers and clients by itself, and is on its way.
    pub(crate) due: VecDeque<(usize, Element)>,
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
        let sheet = |place| Sheet::of(&host.room(place), cast);
        let sheets = rooms.clone().map(sheet).collect();
        Self {
            cast,
            pictures: rooms.clone().map(pictures).collect(),
            ledgers: rooms.clone().map(|place| Ledger::new(sheet(place))).collect(),
            sheets,
            host,
            net: Net::new(cast),
            due: VecDeque::new(),
            checks: check::all(),
            asked: BTreeMap::new(),
            tally: Tally::default(),
            print: 0xcbf2_9ce4_8422_2325,
        }
    }

    /// Lets one thing happen.
    pub(crate) fn act(&mut self, action: &Action) -> Result<(), Fault> {
        self.wait(1)?;
        let mut begins = false;
        let outcomes = match action {
            Action::Send { who, stanza, held } => self.send(*who, stanza, *held),
            Action::Answer { who, by, error } => self.answer(*who, *by, *error),
            Action::Crash => {
                begins = true;
                self.net.link = Link::Up;
                let lost = self.host.crash();
                for (place, sender, inbound) in lost {
                    if inbound.kind == Kind::Presence(PresenceType::Unavailable) {
                        self.pictures[place][sender].leaves(true);
                    }
                }
                Ok(Vec::new())
            }
            Action::Restart | Action::InPlace => {
                begins = true;
                let in_place = *action == Action::InPlace && self.net.link == Link::Up;
                let outcomes = self.host.restart(in_place);
                self.net.link = Link::Up;
                outcomes
            }
            Action::Stop => {
                begins = true;
                let outcomes = self.host.stop();
                self.net.link = Link::Up;
                outcomes
            }
            Action::Stall { stalled } => {
                self.host.stall(*stalled);
                if *stalled { Ok(Vec::new()) } else { self.host.work_all() }
            }
            Action::Disk { store_left, archive_left } => {
                self.host.disk(*store_left, *archive_left);
                Ok(Vec::new())
            }
            Action::Link(link) => self.link(*link),
            Action::ServerRestart => {
                let outcomes = self.link(Link::Cut { returns: false });
                for client in self.net.local_clients().collect::<Vec<_>>() {
                    let _ = self.gone(client, false);
                }
                let _ = self.link(Link::Up);
                outcomes
            }
            Action::Remote(remote) => {
                self.net.set_remote(*remote, self.host.second);
                Ok(Vec::new())
            }
            Action::Gone { who, said } => self.gone(*who, *said),
            Action::Block { who, nick } => {
                self.net.blocked[*who].insert(nick.clone());
                Ok(Vec::new())
            }
            Action::Clock { seconds } => {
                self.host.step_clock(*seconds);
                Ok(Vec::new())
            }
            Action::Wait { seconds } => {
                self.wait(*seconds)?;
                Ok(Vec::new())
            }
        };
        self.take(outcomes, begins)
    }

    /// Time passes. The first seconds are looked at one by one; in the rest nothing happens by itself.
    pub(crate) fn wait(&mut self, seconds: i64) -> Result<(), Fault> {
        let first = seconds.min(SECONDS_MAX);
        let rest = seconds - first;
        for step in (0..first).map(|_| 1).chain((rest > 0).then_some(rest)) {
            let outcomes = self.host.pass(step);
            if outcomes.as_ref().is_ok_and(Vec::is_empty) {
                continue;
            }
            self.take(outcomes, false)?;
        }
        Ok(())
    }

    /// Takes note of what came of something, and lets happen what follows from it by itself.
    pub(crate) fn take(&mut self, outcomes: Result<Vec<Outcome>, String>, begins: bool) -> Result<(), Fault> {
        self.take_one(outcomes, begins)?;
        let mut left = DUE_MAX;
        while let Some((who, stanza)) = self.due.pop_front() {
            if self.net.link != Link::Up {
                continue;
            }
            left -= 1;
            if left == 0 {
                let what = "what comes back leads to more of it, without end".to_owned();
                return Err(Fault { check: "bounds", what, seen: vec![short(&String::from(&stanza))] });
            }
            let outcomes = self.host.route(who, stanza, false);
            self.take_one(outcomes, false)?;
        }
        let ghosts = check::gone::ghosts(&self.sheets, &self.host, &self.net, self.cast.clients);
        ghosts.map_err(|what| Fault { check: "gone", what, seen: Vec::new() })
    }

    fn take_one(&mut self, outcomes: Result<Vec<Outcome>, String>, begins: bool) -> Result<(), Fault> {
        let mut outcomes = outcomes.map_err(|what| Fault { check: "writer", what, seen: Vec::new() })?;
        for outcome in &mut outcomes {
            match outcome {
                Outcome::Room(happening) => {
                    if !happening.refused && !happening.unstored {
                        happening
                            .set_overdue_aside(&std::mem::take(&mut self.ledgers[happening.place].untold));
                    }
                    self.happened(happening)?;
                }
                Outcome::Plain { sender, stanza, answer } => {
                    self.answered(*sender, stanza, answer.as_deref())?
                }
            }
        }
        self.settle(&outcomes, begins)
    }

    fn link(&mut self, link: Link) -> Result<Vec<Outcome>, String> {
        let was = std::mem::replace(&mut self.net.link, link);
        match link {
            Link::Up if was != Link::Up => {
                self.host.up();
                Ok(Vec::new())
            }
            Link::Up => Ok(Vec::new()),
            _ => self.host.down(),
        }
    }

    /// A session ends.
    fn gone(&mut self, who: usize, said: bool) -> Result<Vec<Outcome>, String> {
        let mut outcomes = Vec::new();
        if !self.net.is_online(who) {
            return Ok(outcomes);
        }
        self.net.offline_since[who] = Some(self.host.second);
        self.asked.remove(&who);
        for place in 0..self.cast.rooms.len() {
            let picture = &mut self.pictures[place][who];
            let known = picture.is_known_to_server();
            let to = format!("{}/{}", self.cast.rooms[place], "gone");
            let seated = self.sheets[place].seat_of(who).is_some();
            if known || picture.stage != crate::picture::Stage::Out {
                picture.leaves(seated);
            }
            if known && said && self.net.fate_of_sent_by(who) == Fate::Arrives {
                let stanza = "<presence xmlns='jabber:client' type='unavailable'/>".parse::<Element>();
                let mut stanza = stanza.expect("well-formed");
                build::set_attr(&mut stanza, "from", self.cast.entities[who].jid.as_str());
                build::set_attr(&mut stanza, "to", &to);
                outcomes.extend(self.host.route(who, stanza, false)?);
            }
        }
        Ok(outcomes)
    }

    pub(crate) fn send(&mut self, who: usize, stanza: &str, held: bool) -> Result<Vec<Outcome>, String> {
        let mut stanza: Element = stanza.parse().map_err(|e| format!("the story itself is no XML: {e}"))?;
        build::set_attr(&mut stanza, "from", self.cast.entities[who].jid.as_str());
        self.net.offline_since[who] = None;
        let to = stanza.attr("to").and_then(|to| conclave::wire::jid::Jid::prepare(to).ok());
        let place = to.and_then(|to| self.cast.room(&to)).filter(|_| stanza.name() == "presence");
        let id = stanza.attr("id").unwrap_or_default();
        let enters = stanza.has_child("x", ns::MUC);
        if enters && let Some(place) = place {
            self.pictures[place][who].enters(id);
        }
        let fate = self.net.fate_of_sent_by(who);
        if fate == Fate::Arrives {
            return self.host.route(who, stanza, held);
        }
        if let Some(place) = place {
            let seated = self.sheets[place].seat_of(who).is_some();
            let picture = &mut self.pictures[place][who];
            if stanza.attr("type") == Some("unavailable") {
                picture.leaves(seated);
            } else if enters && fate != Fate::Lost {
                picture.turned_away(id);
            }
        }
        Ok(Vec::new())
    }

    fn answer(&mut self, who: usize, by: usize, error: bool) -> Result<Vec<Outcome>, String> {
        if !self.net.is_online(by) {
            return Ok(Vec::new());
        }
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
        if self.net.fate_of_sent_by(by) != Fate::Arrives {
            return Ok(Vec::new());
        }
        self.host.route(by, stanza, false)
    }

    /// Delivers what left, then lets every checker look.
    fn happened(&mut self, happening: &Happening) -> Result<(), Fault> {
        self.tally.events += 1;
        let place = happening.place;
        self.imprint(happening);
        self.ledgers[place]
            .note(happening, self.host.now, &self.cast.service, |archive| self.host.has_archive(archive));
        self.deliver(happening)?;
        let scene = Scene {
            cast: self.cast,
            happening,
            pictures: &self.pictures[place],
            ledger: &self.ledgers[place],
            now: self.host.now,
            second: self.host.second,
            net: &self.net,
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

    /// After everything that was handled together: what is stored, what is listed. `begins`: another process has begun.
    fn settle(&mut self, outcomes: &[Outcome], begins: bool) -> Result<(), Fault> {
        for (archive, number, at) in self.host.haunted.drain(..) {
            for ledger in &mut self.ledgers {
                ledger.haunt(&archive, number, at);
            }
        }
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
            let stored = self.host.stored(place);
            let fault = |check| move |what| Fault { check, what, seen };
            check::durable::look(last, ledger.locked, stored.as_ref(), self.host.lags())
                .map_err(fault("durable"))?;
            if begins {
                ledger.moments.push((self.host.second, Sheet::of(&last.room, self.cast)));
            }
            let sheet = Sheet::of(&self.host.room(place), self.cast);
            if begins {
                check::lag::look(&ledger.moments, &sheet, self.host.told_until()).map_err(|what| Fault {
                    check: "lag",
                    what,
                    seen: Vec::new(),
                })?;
                let untold = self.host.untold(place, &sheet);
                for (client, picture) in self.pictures[place].iter_mut().enumerate().take(self.cast.clients) {
                    let seated = sheet.seat_of(client).is_some();
                    picture.room_went_back(seated, || {
                        let mut blur = check::lag::blur(last, &sheet, client);
                        blur.nicks.extend(untold.iter().cloned());
                        blur
                    });
                }
                ledger.untold = untold;
            }
            if begins || touched.is_some() {
                ledger.moments.push((self.host.second, Sheet::of(&sheet.room, self.cast)));
            }
            self.sheets[place] = sheet;
            if !held {
                let record = stored.as_ref().map(|state| &state.record);
                ledger.reload(&self.sheets[place], record, &self.cast.service.limits);
            }
        }
        check::listing(self.cast, &self.sheets, &self.ledgers, &self.host.listed()).map_err(|what| Fault {
            check: "listing",
            what,
            seen: Vec::new(),
        })
    }

    fn imprint(&mut self, happening: &Happening) {
        for sent in happening.overdue.iter().chain(&happening.sent) {
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
pub(crate) fn lines(cast: &Cast, happening: &Happening) -> Vec<String> {
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

/// The number in a body: every message has one of its own, and they grow.
pub(crate) fn number(body: &Element) -> u64 {
    body.text().rsplit('#').next().and_then(|n| n.parse().ok()).unwrap_or_default()
}

/// The number of a message that rooms keep: that of its body, or of what was read by who sent it.
pub(crate) fn number_of(message: &Element) -> Option<u64> {
    let read = message.get_child("displayed", ns::MARKERS).and_then(|read| read.attr("id"));
    let read = || read.and_then(|id| id.rsplit('#').next()?.parse().ok());
    message.get_child("body", ns::CLIENT).map(number).or_else(read)
}

/// Whether the message of a number has a body. The others say what was read, and want to be kept.
pub(crate) fn is_said(number: u64) -> bool {
    number % 9 != 4
}

/// Whether a cause is an available presence of somebody.
pub(crate) fn is_available(happening: &Happening) -> bool {
    happening.cause.as_ref().is_some_and(|c| c.kind == Kind::Presence(PresenceType::Available))
}
