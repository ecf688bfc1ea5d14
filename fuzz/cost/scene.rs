//! Where stanzas are played: rooms of several sizes and histories.

use std::time::Duration;

use conclave::engine::Machine;
use conclave::room::Room;
use conclave::room::context::{Context, Ids, Service};
use conclave::room::effect::Effects;
use conclave::room::event::Event;
use conclave::store::LocalArchive;
use conclave::store::memory::MemoryArchive;
use conclave::wire::build::set_attr;
use conclave::wire::inbound::Inbound;
use conclave::wire::jid::BareJid;
use conclave::wire::parse::Malformed;
use jiff::{SignedDuration, Timestamp};
use minidom::Element;

use super::cost::{Cost, timed};
use super::targets::written;
use crate::world::ROOM;

/// How big a room is, and what it has behind it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) occupants: usize,
    pub(crate) affiliations: usize,
    pub(crate) messages: usize,
}

const fn size(occupants: usize, affiliations: usize, messages: usize) -> Size {
    Size { occupants, affiliations, messages }
}

/// For some seconds, and for a long search.
pub(crate) const SMALL: [Size; 3] = [size(0, 10, 3), size(60, 10, 20), size(5, 600, 220)];
pub(crate) const LARGE: [Size; 6] = [
    size(0, 10, 3),
    size(10, 10, 20),
    size(200, 10, 250),
    size(1000, 10, 20),
    size(10, 1000, 250),
    size(10, 20_000, 20),
];

/// A room in its world. A copy of it is another room.
pub(crate) struct Scene {
    pub(crate) room: Machine,
    pub(crate) service: Service,
    pub(crate) sessions: u64,
    pub(crate) affiliations: u64,
    now: Timestamp,
    ids: Ids,
    /// What samples stand for: the id of the newest message, and a token.
    newest: String,
    token: String,
}

/// The service of all scenes.
pub(crate) fn service() -> Service {
    Service {
        name: "Rooms".to_owned(),
        admins: vec![BareJid::parse("root@example").expect("an address")],
        public_logs: true,
        keep_retracted: true,
        ..Service::new(BareJid::parse("muc.example").expect("an address"))
    }
}

impl Scene {
    /// A room of this size with an owner, a participant, a visitor, a member who is away, a ban, a hat and a token.
    pub(crate) fn new(size: Size) -> Self {
        let room = Room::absent(BareJid::parse(ROOM).expect("an address")).into();
        let now = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(400_000);
        let (newest, token) = (String::new(), String::new());
        let mut scene = Self {
            room,
            service: service(),
            sessions: 0,
            affiliations: 0,
            now,
            ids: Ids::new(&[7]),
            newest,
            token,
        };
        for who in ["owner", "romeo", "visitor"] {
            scene.say(who, &presence(who));
            if who == "owner" {
                scene.configure();
            }
        }
        scene.people(size);
        let mut said = String::new();
        for n in 0..size.messages {
            let message = format!(
                "<message xmlns='jabber:client' to='{ROOM}' type='groupchat' id='s{n}'><body>words {n}</body></message>"
            );
            said = scene.text(["owner", "romeo"][n % 2], &message);
        }
        let between = |text: &str, begin: &str, end: char| {
            text.split(begin).nth(1).and_then(|rest| rest.split(end).next()).unwrap_or_default().to_owned()
        };
        scene.newest = between(said.split("<stanza-id ").nth(1).unwrap_or_default(), " id='", '\'');
        let wanted = format!(
            "<iq xmlns='jabber:client' to='{ROOM}' type='set' id='t'><request xmlns='urn:xmpp:muc-token-invite:0'/></iq>"
        );
        let answer = scene.text("owner", &wanted);
        let token = answer.split("<token ").nth(1).unwrap_or_default();
        scene.token = between(token, ">", '<');
        assert!(
            !scene.newest.is_empty() && !scene.token.is_empty() && scene.room.exists(),
            "the scene is set: {said} {answer}"
        );
        (scene.sessions, scene.affiliations) = (size.occupants as u64 + 4, size.affiliations as u64);
        scene
    }

    fn people(&mut self, size: Size) {
        self.admin("<item jid='juliet@example' affiliation='member' nick='capulet'/><item jid='banned@example' affiliation='outcast'/>");
        for from in (0..size.affiliations).step_by(100) {
            let item = |n| {
                let what = ["member", "outcast", "member", "admin"][n % 4];
                format!("<item jid='a{n}@example' affiliation='{what}'/>")
            };
            self.admin(&(from..(from + 100).min(size.affiliations)).map(item).collect::<String>());
        }
        for n in 0..size.occupants {
            self.say(&format!("u{n}"), &presence(&format!("u{n}")));
        }
        for (node, fields) in [
            (
                "create",
                "<field var='hats#title'><value>t</value></field><field var='hats#uri'><value>urn:hat</value></field>",
            ),
            (
                "assign",
                "<field var='hats#jid'><value>romeo@example</value></field><field var='hat'><value>urn:hat</value></field>",
            ),
        ] {
            self.say("owner", &format!(
                "<iq xmlns='jabber:client' to='{ROOM}' type='set' id='h'><command xmlns='http://jabber.org/protocol/commands' node='urn:xmpp:hats:commands:{node}' action='execute'><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>urn:xmpp:hats:commands</value></field>{fields}</x></command></iq>"
            ));
        }
    }

    fn configure(&mut self) {
        let field = |option: &str| format!("<field var='muc#roomconfig_{option}'><value>1</value></field>");
        let fields = ["persistentroom", "forwardmentions", "allowinvites"].map(field).concat();
        self.say("owner", &format!(
            "<iq xmlns='jabber:client' to='{ROOM}' type='set' id='o'><query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'>{fields}</x></query></iq>"
        ));
    }

    fn admin(&mut self, items: &str) {
        self.say("owner", &format!(
            "<iq xmlns='jabber:client' to='{ROOM}' type='set' id='a'><query xmlns='http://jabber.org/protocol/muc#admin'>{items}</query></iq>"
        ));
    }

    /// A copy to play in. What is shared with the scene and would be copied at the first change is copied already.
    pub(crate) fn copy(&self) -> Self {
        let mut copy = Self {
            room: self.room.clone(),
            service: self.service.clone(),
            sessions: self.sessions,
            affiliations: self.affiliations,
            now: self.now,
            ids: Ids::new(&[9]),
            newest: self.newest.clone(),
            token: self.token.clone(),
        };
        copy.say("warm", &presence("warm"));
        copy.say(
            "owner",
            &format!(
                "<message xmlns='jabber:client' to='{ROOM}' type='groupchat' id='w'><body>w</body></message>"
            ),
        );
        copy.admin("<item jid='warm@example' affiliation='member'/>");
        copy
    }

    /// What a recipe's text is in this scene, the `number`th time.
    pub(crate) fn fill(&self, text: &str, number: usize) -> String {
        text.replace("id='AT'", &format!("id='{}'", self.newest))
            .replace(">AT<", &format!(">{}<", self.newest))
            .replace(">TOKEN<", &format!(">{}<", self.token))
            .replace("#N#", &number.to_string())
    }

    /// Hands the room a stanza of `who`. What is no stanza has an answer, or none.
    pub(crate) fn handle(&mut self, who: &str, mut stanza: Element) -> Effects {
        set_attr(&mut stanza, "from", &format!("{who}@example/pc"));
        match Inbound::parse(stanza) {
            Ok(inbound) => self.event(&Event::Stanza(Box::new(inbound))),
            Err(Malformed::Answer(answer)) => {
                let mut effects = Effects::default();
                effects.reply(&answer);
                effects
            }
            Err(Malformed::Silent(_)) => Effects::default(),
        }
    }

    pub(crate) fn event(&mut self, event: &Event) -> Effects {
        let mut cx = Context {
            now: self.now,
            uptime: Duration::from_secs(60),
            service: &self.service,
            ids: &mut self.ids,
        };
        self.room.handle(event, &mut cx)
    }

    /// Answers what is asked of an archive, as the host would; gives what that costs. Reading blocks no room.
    pub(crate) fn found(&mut self, effects: &mut Effects, archive: &dyn LocalArchive) -> Cost {
        let mut cost = Cost::default();
        for ask in std::mem::take(&mut effects.asks) {
            let (answer, aside) = timed(|| archive.answer(&ask.archive, &ask.question));
            let answer = answer.expect("an archive that can be read");
            let found = ask.answered(answer);
            let (mut effects, time) = timed(|| self.event(&Event::Found(Box::new(found))));
            cost.bytes_out += written(&effects);
            // What was found may lead to another question.
            let more = self.found(&mut effects, archive);
            cost.bytes_out += more.bytes_out;
            cost.aside += aside + more.aside;
            cost.time += time + more.time;
            cost.longest = cost.longest.max(time).max(more.longest);
        }
        cost
    }

    /// Hands over a stanza; what the room asks of its archive is answered by an empty one.
    pub(crate) fn say(&mut self, who: &str, stanza: &str) -> Effects {
        let mut effects = self.handle(who, stanza.parse().expect("a stanza of the scene"));
        self.found(&mut effects, &MemoryArchive::new());
        effects
    }

    /// What of it one of those who get it would read.
    fn text(&mut self, who: &str, stanza: &str) -> String {
        let effects = self.say(who, stanza);
        let mut bytes = Vec::new();
        for outgoing in &effects.sends {
            outgoing.to.iter().take(1).for_each(|to| outgoing.stanza.splice(to, &mut bytes));
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

fn presence(nick: &str) -> String {
    format!(
        "<presence xmlns='jabber:client' to='{ROOM}/{nick}'><x xmlns='http://jabber.org/protocol/muc'/><show>away</show></presence>"
    )
}
