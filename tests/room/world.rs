//! A room with people around it: what they send goes in, what they would receive is kept per session.

use std::collections::HashMap;
use std::time::Duration;

use conclave::engine::Machine;
use conclave::room::Room;
use conclave::room::archive::Found;
use conclave::room::context::{Context, Ids, Service};
use conclave::room::effect::Effects;
use conclave::room::event::Event;
use conclave::room::write::Write;
use conclave::store::{LocalArchive, memory::MemoryArchive};
use conclave::wire::encode::Outgoing;
use conclave::wire::inbound::Inbound;
use conclave::wire::jid::BareJid;
use conclave::wire::stream;
use conclave::words::Lang;
use jiff::{SignedDuration, Timestamp};
use minidom::Element;

pub(crate) const ROOM: &str = "r@muc.example";
pub(crate) const MUC: &str = "http://jabber.org/protocol/muc";

/// One room in its world.
pub(crate) struct World {
    pub(crate) room: Machine,
    pub(crate) service: Service,
    pub(crate) now: Timestamp,
    pub(crate) uptime: Duration,
    pub(crate) writes: Vec<Write>,
    /// Bytes that the last event held until its stanzas left.
    pub(crate) held_bytes: usize,
    /// Bytes that it had on the wire.
    pub(crate) wire_bytes: usize,
    pub(crate) archive: MemoryArchive,
    /// Answers of the archive that are on their way, if they are to be held back.
    pub(crate) held: Option<Vec<Found>>,
    ids: Ids,
    pub(crate) inbox: HashMap<String, Vec<Element>>,
}

impl World {
    /// A service with default settings and no room yet.
    pub(crate) fn new() -> Self {
        let service = Service {
            name: "Rooms".to_owned(),
            admins: vec![BareJid::parse("root@example").expect("a jid")],
            public_logs: true,
            ..Service::new(BareJid::parse("muc.example").expect("a jid"))
        };
        Self {
            room: Room::absent(BareJid::parse(ROOM).expect("a jid"))
                .with_service_admins(&service.admins)
                .into(),
            service,
            now: "2026-01-01T00:00:00Z".parse().expect("a date"),
            uptime: Duration::ZERO,
            writes: Vec::new(),
            held_bytes: 0,
            wire_bytes: 0,
            archive: MemoryArchive::new(),
            held: None,
            ids: Ids::new(&[7]),
            inbox: HashMap::new(),
        }
    }

    /// A configured room that `owner` created and is in; `fields` are form fields, such as `("membersonly", "1")`.
    pub(crate) fn with_room(fields: &[(&str, &str)]) -> Self {
        let mut world = Self::new();
        world.join("owner");
        world.configure("owner", fields);
        world.clear();
        world
    }

    /// Hands one stanza of `who` to the room. `who` is a name, optionally with a resource: `romeo` is
    /// `romeo@example/pc`, `romeo/phone` is another client of the same account.
    pub(crate) fn send(&mut self, who: &str, stanza: &str) -> Effects {
        let mut stanza = stream::read(stanza).expect("test xml");
        for (name, value) in [("from", full(who)), ("to", stanza.attr("to").unwrap_or(ROOM).to_owned())] {
            conclave::wire::build::set_attr(&mut stanza, name, &value);
        }
        let size = conclave::wire::size::of(&stanza);
        let inbound = Inbound::read(stanza, size, self.service.profile, Lang::english()).expect("a stanza");
        self.event(&Event::Stanza(Box::new(inbound)))
    }

    pub(crate) fn event(&mut self, event: &Event) -> Effects {
        let (now, uptime) = (self.now, self.uptime);
        let mut cx = Context { now, uptime, service: &self.service, ids: &mut self.ids };
        let mut effects = self.room.handle(event, &mut cx);
        self.held_bytes = effects.held_bytes();
        effects.make_all();
        self.wire_bytes = effects.sends.iter().map(Outgoing::wire_bytes).sum();
        assert_eq!(self.room.broken_invariant(), None);
        for outgoing in &effects.sends {
            for to in outgoing.to.iter() {
                let mut bytes = Vec::new();
                outgoing.stanza.splice(to, &mut bytes);
                let text = String::from_utf8(bytes).expect("utf-8");
                let text = text.replacen(' ', " xmlns='jabber:client' ", 1);
                self.inbox
                    .entry(to.as_str().to_owned())
                    .or_default()
                    .push(stream::read(&text).expect("our own xml"));
            }
        }
        self.writes.extend(effects.writes.iter().cloned());
        self.archive.commit(&effects.archive).expect("this archive always takes");
        for ask in &effects.asks {
            let answer = self.archive.answer(&ask.archive, &ask.question).expect("this archive always reads");
            let found = ask.clone().answered(answer);
            match &mut self.held {
                Some(held) => held.push(found),
                None => drop(self.event(&Event::Found(Box::new(found)))),
            }
        }
        effects
    }

    /// Joins under one's name as nick.
    pub(crate) fn join(&mut self, who: &str) {
        let nick = who.split('/').next().expect("a name").to_owned();
        self.join_as(who, &nick, "");
    }

    /// Joins under a nick, with `inside` the join request.
    pub(crate) fn join_as(&mut self, who: &str, nick: &str, inside: &str) {
        let stanza = format!(
            "<presence xmlns='jabber:client' id='j' to='{ROOM}/{nick}'><x xmlns='{MUC}'>{inside}</x></presence>"
        );
        self.send(who, &stanza);
    }

    /// Sends a message to everybody.
    pub(crate) fn say(&mut self, who: &str, body: &str) {
        self.send(
            who,
            &format!("<message xmlns='jabber:client' type='groupchat' id='m'><body>{body}</body></message>"),
        );
    }

    /// Submits a configuration form.
    pub(crate) fn configure(&mut self, who: &str, fields: &[(&str, &str)]) {
        let fields: String = fields
            .iter()
            .map(|(var, value)| {
                let values: String = value
                    .split(',')
                    .filter(|v| !v.is_empty())
                    .map(|v| format!("<value>{v}</value>"))
                    .collect();
                let var = if var.contains(['#', '{']) {
                    (*var).to_owned()
                } else {
                    format!("muc#roomconfig_{var}")
                };
                format!("<field var='{var}'>{values}</field>")
            })
            .collect();
        self.owner(who, &format!("<x xmlns='jabber:x:data' type='submit'>{fields}</x>"));
    }

    /// Sends an owner's set request.
    pub(crate) fn owner(&mut self, who: &str, payload: &str) {
        self.send(who, &format!("<iq xmlns='jabber:client' type='set' id='o'><query xmlns='{MUC}#owner'>{payload}</query></iq>"));
    }

    /// What came to `who` since the last look.
    pub(crate) fn stanzas(&mut self, who: &str) -> Vec<Element> {
        let key = if who.contains('@') { who.to_owned() } else { full(who) };
        self.inbox.remove(&key).unwrap_or_default()
    }

    /// Forgets what came to anybody.
    pub(crate) fn clear(&mut self) {
        self.inbox.clear();
    }

    /// Whether nobody got anything.
    pub(crate) fn silent(&self) -> bool {
        self.inbox.is_empty()
    }

    /// Lets time pass.
    pub(crate) fn wait(&mut self, seconds: i64) {
        self.uptime += Duration::from_secs(seconds.unsigned_abs());
        self.set_clock(seconds);
    }

    /// The clock is set, and no time passes.
    pub(crate) fn set_clock(&mut self, seconds: i64) {
        self.now = self.now.checked_add(SignedDuration::from_secs(seconds)).expect("a date");
    }
}

/// The address of a name; what looks like an address is one.
pub(crate) fn full(who: &str) -> String {
    match who.split_once('/') {
        _ if who.contains(['@', '.']) => who.to_owned(),
        Some((name, resource)) => format!("{name}@example/{resource}"),
        None => format!("{who}@example/pc"),
    }
}

/// The children of a stanza but for what the room marks everything with; that has tests of its own.
pub(crate) fn as_said(stanza: &Element) -> impl Iterator<Item = &Element> {
    stanza.children().filter(|c| c.attr("by") != Some(ROOM) && c.name() != "occupant-id")
}

/// A stanza in one line: kind, sender's nick, item, status codes, and what else matters.
pub(crate) fn line(stanza: &Element) -> String {
    let from =
        stanza.attr("from").expect("from").strip_prefix(ROOM).expect("from the room").trim_start_matches('/');
    let mut words = vec![match (stanza.name(), stanza.attr("type")) {
        ("presence", None) => "available".to_owned(),
        ("presence", Some(type_)) => type_.to_owned(),
        (name, type_) => format!("{name}:{}", type_.unwrap_or("normal")),
    }];
    words.push(if from.is_empty() { "room".to_owned() } else { from.to_owned() });
    if let Some(error) = stanza.children().find(|c| c.name() == "error") {
        let condition = error.children().next().map_or("", |c| c.name()).to_owned();
        words.push(format!("{}/{condition}", error.attr("type").unwrap_or_default()));
        return words.join(" ");
    }
    for child in as_said(stanza) {
        match (child.name(), child.ns().as_str()) {
            ("x", ns) if ns == format!("{MUC}#user") => {
                // Versions of lists have tests of their own.
                words.extend(child.children().filter(|c| c.name() != "mav").map(word))
            }
            ("query", ns) if ns == format!("{MUC}#admin") => words.extend(child.children().map(word)),
            ("body" | "subject" | "show" | "status", _) => {
                words.push(format!("{}={}", child.name(), child.text()))
            }
            (name, _) => words.push(format!("<{name}>")),
        }
    }
    words.join(" ")
}

fn word(child: &Element) -> String {
    match child.name() {
        "status" => child.attr("code").expect("code").to_owned(),
        "item" => {
            let mut words = Vec::new();
            for name in ["affiliation", "role", "jid", "nick"] {
                if let Some(value) = child.attr(name) {
                    words.push(if matches!(name, "affiliation" | "role") {
                        value.to_owned()
                    } else {
                        format!("{name}={value}")
                    });
                }
            }
            for inner in child.children() {
                words.push(format!(
                    "{}={}",
                    inner.name(),
                    inner.attr("nick").map_or_else(|| inner.text(), str::to_owned)
                ));
            }
            format!("[{}]", words.join(" "))
        }
        name => {
            let mut words = vec![name.to_owned()];
            words.extend(
                ["from", "to", "jid"].iter().filter_map(|a| child.attr(*a).map(|v| format!("{a}={v}"))),
            );
            words.extend(child.children().map(|c| format!("{}={}", c.name(), c.text())));
            format!("<{}>", words.join(" "))
        }
    }
}
