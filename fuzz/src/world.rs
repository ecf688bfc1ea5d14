//! A room with people around it; what must hold after every event is checked after every event.

use std::time::Duration;

use conclave::engine::Machine;
use conclave::room::Room;
use conclave::room::config::Config;
use conclave::room::context::{Context, Ids, Service};
use conclave::room::effect::Effects;
use conclave::room::event::Event;
use conclave::room::limits::Limits;
use conclave::room::nick::Nick;
use conclave::wire::muc::Role;
use conclave::room::roster::{Occupant, Session};
use conclave::room::state::State;
use conclave::wire::build::set_attr;
use conclave::wire::inbound::{Inbound, IqType, Kind};
use conclave::wire::parse::Malformed;
use conclave::wire::jid::{BareJid, Jid};
use jiff::{SignedDuration, Timestamp};
use minidom::Element;

use crate::disk::{Disk, ROOM};
use crate::stanzas;

/// One room in its world.
pub struct World {
    room: Machine,
    service: Service,
    now: Timestamp,
    uptime: Duration,
    ids: Ids,
    disk: Disk,
}

impl World {
    /// No room yet, narrow limits, one admin of the service.
    pub fn new() -> Self {
        let limits = Limits {
            text_bytes_max: 64,
            subject_bytes_max: 64,
            nick_bytes_max: 32,
            occupants_max: 8,
            sessions_max: 3,
            affiliations_max: 8,
            items_max: 6,
            invites_max: 2,
            history_messages_max: 6,
            history_bytes_max: 2000,
            ..Limits::default()
        };
        let service = Service {
            name: "Rooms".to_owned(),
            admins: vec![BareJid::parse("root@example").expect("an address")],
            public_logs: true,
            admin_fields: vec!["muc#roomconfig_enablelogging".to_owned()],
            default_room: Config { history_max: 4, ..Config::default() },
            limits,
            ..Service::new(BareJid::parse("muc.example").expect("an address"))
        };
        let mut disk = Disk::default();
        Self {
            room: disk.bring_back(&service),
            disk,
            service,
            now: Timestamp::UNIX_EPOCH + SignedDuration::from_hours(400_000),
            uptime: Duration::ZERO,
            ids: Ids::new(&[7]),
        }
    }

    /// The room as it is.
    pub fn room(&self) -> &Room {
        &self.room
    }

    /// Lets time pass.
    pub fn wait(&mut self, seconds: u16) {
        self.now += SignedDuration::from_secs(seconds.into());
        self.uptime += Duration::from_secs(seconds.into());
    }

    /// Enough time passes for the store to be told who is in the room.
    pub fn settle(&mut self) {
        self.disk.catch_up(&self.room);
    }

    /// The process is killed, and the next one has what is on the disk.
    pub fn crash(&mut self) {
        self.room = self.disk.bring_back(&self.service);
        self.uptime = Duration::ZERO;
    }

    /// The service stops in an orderly way and starts again. Unless it says `goodbye`, everybody stays in.
    pub fn stop(&mut self, goodbye: bool) {
        let before = people(&self.room);
        let effects = self.step(&Event::Stop { goodbye });
        Self::received(&effects);
        self.settle();
        self.crash();
        assert_eq!(people(&self.room), if goodbye { Vec::new() } else { before });
    }

    /// After a gap in the link, `session` is asked whether it is there.
    pub fn check(&mut self, session: &str) {
        let effects = self.step(&Event::Check(Jid::parse(session).expect("an address")));
        let asked = Self::received(&effects);
        assert!(asked.iter().all(|stanza| stanza.attr("to") == Some(session)), "nobody else is asked");
    }

    /// Hands the room a stanza of `from` to the room, or to the occupant `nick`; gives all that is sent.
    /// What is no stanza gives nothing.
    pub fn send(&mut self, from: &str, nick: Option<&str>, mut stanza: Element) -> Vec<Element> {
        let to = nick.map_or_else(|| ROOM.to_owned(), |nick| format!("{ROOM}/{nick}"));
        set_attr(&mut stanza, "from", from);
        set_attr(&mut stanza, "to", &to);
        match Inbound::parse(stanza) {
            Ok(inbound) => self.hand(inbound),
            Err(Malformed::Answer(answer)) => vec![*answer],
            Err(Malformed::Silent(_)) => Vec::new(),
        }
    }

    fn hand(&mut self, inbound: Inbound) -> Vec<Element> {
        let event = Event::Stanza(Box::new(inbound.clone()));
        let effects = self.step(&event);
        let received = Self::received(&effects);
        if effects.refused {
            assert!(received.len() <= 1, "a refusal tells nobody else");
            assert_eq!(
                received.is_empty(),
                !inbound.may_be_answered(),
                "errors are not answered, all else is"
            );
        }
        // A request to the room is answered once, whatever it is; one to an occupant may have to wait.
        if matches!(inbound.kind, Kind::Iq(IqType::Get | IqType::Set)) && inbound.to.resource().is_none() {
            let is_answer = |s: &&Element| {
                s.name() == "iq"
                    && matches!(s.attr("type"), Some("result" | "error"))
                    && s.attr("to") == Some(inbound.from.as_str())
            };
            assert_eq!(received.iter().filter(is_answer).count(), 1, "one answer to {inbound:?}");
        }
        received
    }

    fn step(&mut self, event: &Event) -> Effects {
        let before = self.room.clone();
        let (now, uptime) = (self.now, self.uptime);
        let mut cx = Context { now, uptime, service: &self.service, ids: &mut self.ids };
        let mut effects = self.room.handle(event, &mut cx);
        assert_eq!(self.room.broken_invariant(), None);
        if effects.refused {
            assert!(effects.writes.is_empty(), "a refusal writes nothing");
            assert_eq!(self.room.state(), before.state(), "a refusal changes nothing");
            assert_eq!(people(&self.room), people(&before), "a refusal moves nobody");
        }
        // Of these nothing may come back after a crash.
        let at_once = before.exists() && !self.room.exists() || effects.expels;
        self.disk.commit(&self.room, at_once, std::mem::take(&mut effects.writes), &effects.archive);
        // The archive answers before anything else happens.
        for ask in std::mem::take(&mut effects.asks) {
            let answered = self.step(&self.disk.answer(ask));
            effects.sends.extend(answered.sends);
        }
        effects
    }

    /// What everybody receives, read back from the wire.
    fn received(effects: &Effects) -> Vec<Element> {
        let (mut bytes, mut to) = (Vec::new(), Vec::new());
        for outgoing in &effects.sends {
            for recipient in outgoing.to.iter() {
                outgoing.stanza.splice(recipient, &mut bytes);
                to.push(recipient);
            }
        }
        let read = stanzas(&bytes);
        assert_eq!(read.len(), to.len(), "every stanza stands for itself");
        for (stanza, to) in read.iter().zip(to) {
            assert_eq!(stanza.attr("to"), Some(to.as_str()));
            let from = stanza.attr("from").and_then(|from| Jid::parse(from).ok());
            assert_eq!(from.map(|jid| jid.to_bare().to_string()).as_deref(), Some(ROOM));
            let is_error = stanza.attr("type") == Some("error");
            let errors = stanza.children().filter(|c| c.name() == "error" && c.ns() == stanza.ns()).count();
            assert!(!is_error || errors == 1, "one error in {stanza:?}");
        }
        read
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

/// Who is in the room, how and from where.
fn people(room: &Room) -> Vec<String> {
    let each = |o: &std::sync::Arc<conclave::room::roster::Occupant>| {
        let sessions: Vec<_> = o.sessions.iter().map(|s| s.jid.as_str()).collect();
        format!("{:?} {} {} {sessions:?}", o.nick, o.account, o.role)
    };
    room.roster().iter().map(each).collect()
}

fn occupant(nick: &str, session: &str) -> Occupant {
    let jid = Jid::parse(session).expect("an address");
    Occupant {
        nick: Nick::trusted(nick),
        account: jid.to_bare(),
        id: "".into(),
        role: Role::Participant,
        quiet: false,
        heard: false,
        sessions: vec![Session { jid, presence: Default::default(), follows: false, proof: 0 }],
    }
}

/// A stored room is loaded, with somebody in it; its owner enters, looks at everything and leaves.
pub fn visit(state: State) {
    use conclave::wire::build::{Build, el};
    use conclave::wire::ns;
    let mut world = World::new();
    world.disk.put(&state, occupant("romeo", "romeo@example/pc"));
    world.crash();
    let owner = "owner@example/pc";
    world.send(owner, Some("owner"), el("presence", ns::CLIENT).child(el("x", ns::MUC)));
    let queries = [ns::DISCO_INFO, ns::DISCO_ITEMS, ns::MUC_OWNER, ns::REGISTER];
    for query in queries {
        let stanza = el("iq", ns::CLIENT).with("type", "get").with("id", "q").child(el("query", query));
        world.send(owner, None, stanza);
    }
    world.send(owner, Some("owner"), el("presence", ns::CLIENT).with("type", "unavailable"));
}
