//! What the usual things cost in instructions, counted by callgrind: `scripts/instructions` runs it, and compares it with
//! what an earlier commit took. The same work each time, without a socket, a clock or another thread in what is counted.
//!
//! Run by itself, `instructions SCENARIO` does one of them; what is counted is all within [`counted`].

use std::time::Duration;

use conclave::engine::Machine;
use conclave::room::Room;
use conclave::room::context::{Context, Ids, Service};
use conclave::room::effect::Effects;
use conclave::room::event::Event;
use conclave::room::limits::Limits;
use conclave::store::LocalStore as _;
use conclave::store::SledStore;
use conclave::wire::inbound::Inbound;
use conclave::wire::jid::BareJid;
use conclave::wire::stream::{self, StreamReader};
use jiff::{SignedDuration, Timestamp};

const ROOM: &str = "r@muc.example";
const OPEN: &[u8] = b"<stream:stream xmlns='jabber:component:accept' \
    xmlns:stream='http://etherx.jabber.org/streams' id='1' from='muc.example'>";

/// A scenario: what it is called, and the work.
type Scenario = (&'static str, fn());

const SCENARIOS: [Scenario; 4] = [
    ("messages", messages_to_two_hundred),
    ("joins", two_hundred_joins),
    ("edits", two_hundred_durable_edits),
    ("reading", twenty_thousand_stanzas),
];

fn main() {
    let name = std::env::args().nth(1).filter(|arg| !arg.starts_with("--"));
    let Some(name) = name else {
        // `cargo test --all-targets` runs this too; how it is used is all that it can tell.
        SCENARIOS.iter().for_each(|(name, _)| println!("{name}"));
        return;
    };
    let scenario = SCENARIOS.iter().find(|scenario| scenario.0 == name).expect("the name of a scenario");
    scenario.1();
}

/// What happens in here is counted. Its name is what callgrind looks for.
#[inline(never)]
fn counted<T>(work: impl FnOnce() -> T) -> T {
    std::hint::black_box(work())
}

/// A message of each of a hundred people to two hundred.
fn messages_to_two_hundred() {
    let mut world = World::with_people(200);
    let message = |n: usize| {
        let text = "<body>Good morning &amp; welcome, how is everybody today?</body>\
                    <origin-id xmlns='urn:xmpp:sid:0' id='0190d3a2'/><markable xmlns='urn:xmpp:chat-markers:0'/>";
        event(
            &format!("u{n}"),
            ROOM,
            &format!("<message xmlns='jabber:client' type='groupchat' id='m{n}'>{text}</message>"),
        )
    };
    let messages: Vec<Event> = (0..100).map(message).collect();
    let bytes = counted(|| messages.iter().map(|message| world.handle(message)).sum::<usize>());
    assert!(bytes > 100 * 200 * 300, "everybody heard everything: {bytes}");
}

/// Two hundred people enter a room in which something was said.
fn two_hundred_joins() {
    let mut world = World::with_people(0);
    for n in 0..20 {
        let text = format!(
            "<message xmlns='jabber:client' type='groupchat' id='h{n}'><body>said before</body></message>"
        );
        world.handle(&event("owner", ROOM, &text));
    }
    let joins: Vec<Event> = (0..200).map(join).collect();
    let bytes = counted(|| joins.iter().map(|join| world.handle(join)).sum::<usize>());
    assert!(bytes > 200 * 200 * 200, "everybody saw everybody: {bytes}");
}

/// An admin's edits of two hundred affiliations in a room that has a thousand, each on the disk before the next.
fn two_hundred_durable_edits() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = SledStore::open(folder.path()).expect("a store");
    let mut world = World::with_people(3);
    let mut writes = std::mem::take(&mut world.writes);
    for n in (0..1000).step_by(100) {
        let items: String =
            (n..n + 100).map(|n| format!("<item jid='m{n}@example' affiliation='member'/>")).collect();
        world.handle(&admin(&items));
        writes.append(&mut world.writes);
    }
    store.commit(&writes).expect("stored");
    writes.clear();
    let edits: Vec<Event> = (0..200)
        .map(|n| {
            admin(&format!("<item jid='m{}@example' affiliation='admin'><reason>r</reason></item>", n * 5))
        })
        .collect();
    counted(|| {
        for edit in &edits {
            world.handle(edit);
            store.commit(&world.writes).expect("stored");
            world.writes.clear();
        }
    });
    let state = store.load(&BareJid::parse(ROOM).expect("an address")).expect("a store").expect("a room");
    assert!(state.affiliations.len() > 1000, "all of them are stored");
}

/// Twenty thousand stanzas of the usual kinds through the reader.
fn twenty_thousand_stanzas() {
    let stanzas = "<message to='room@rooms.example.org' from='user@example.org/client' type='groupchat' id='0190d3a2' \
         xml:lang='en'><body>Good morning &amp; welcome, how is everybody today?</body></message>\
         <presence to='room@rooms.example.org/nick' from='user@example.org/client' id='1' xml:lang='en'>\
         <x xmlns='http://jabber.org/protocol/muc'><history maxstanzas='20'/></x>\
         <c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='https://client.example' ver='abc='/>\
         </presence>\
         <iq to='room@rooms.example.org/nick' from='user@example.org/client' type='get' id='1'>\
         <ping xmlns='urn:xmpp:ping'/></iq>\
         <message to='room@rooms.example.org' from='user@example.org/client' type='groupchat' id='2'>\
         <active xmlns='http://jabber.org/protocol/chatstates'/></message>";
    let bytes = stanzas.repeat(5000).into_bytes();
    let mut reader = StreamReader::new(stream::Limits::from(&Limits::default()));
    let mut out = Vec::new();
    reader.feed(OPEN, &mut out).expect("a header");
    let mut read = 0;
    counted(|| {
        for chunk in bytes.chunks(16 * 1024) {
            out.clear();
            reader.feed(chunk, &mut out).expect("stanzas");
            read += out.len();
        }
    });
    assert_eq!(read, 20_000);
}

/// A room in its world.
struct World {
    room: Machine,
    service: Service,
    ids: Ids,
    out: Vec<u8>,
    writes: Vec<conclave::room::write::Write>,
}

impl World {
    /// A lasting room with its owner and so many people.
    fn with_people(people: usize) -> Self {
        let service = Service {
            name: "Rooms".to_owned(),
            ..Service::new(BareJid::parse("muc.example").expect("an address"))
        };
        let room = Room::absent(BareJid::parse(ROOM).expect("an address")).into();
        let (out, writes) = (Vec::new(), Vec::new());
        let mut world = Self { room, service, ids: Ids::new(&[7]), out, writes };
        let enter = "<presence xmlns='jabber:client'><x xmlns='http://jabber.org/protocol/muc'/></presence>";
        world.handle(&event("owner", &format!("{ROOM}/owner"), enter));
        let form = "<iq xmlns='jabber:client' type='set' id='o'><query xmlns='http://jabber.org/protocol/muc#owner'>\
            <x xmlns='jabber:x:data' type='submit'><field var='muc#roomconfig_persistentroom'><value>1</value></field></x>\
            </query></iq>";
        world.handle(&event("owner", ROOM, form));
        for n in 0..people {
            world.handle(&join(n));
        }
        world
    }

    /// Hands an event to the room, writes out all that it sends, and gives how many bytes that is.
    fn handle(&mut self, event: &Event) -> usize {
        let now = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(400_000);
        let mut cx =
            Context { now, uptime: Duration::from_secs(60), service: &self.service, ids: &mut self.ids };
        let mut effects: Effects = self.room.handle(event, &mut cx);
        assert!(!effects.refused, "nothing is refused here");
        self.writes.append(&mut effects.writes);
        let mut bytes = 0;
        for outgoing in &effects.sends {
            for to in outgoing.to.iter() {
                outgoing.stanza.splice(to, &mut self.out);
                bytes += self.out.len();
                self.out.clear();
            }
        }
        bytes
    }
}

/// A stanza of `who`.
fn event(who: &str, to: &str, stanza: &str) -> Event {
    let mut stanza: minidom::Element = stanza.parse().expect("a stanza");
    for (name, value) in [("from", format!("{who}@example/pc")), ("to", to.to_owned())] {
        conclave::wire::build::set_attr(&mut stanza, name, &value);
    }
    Event::Stanza(Box::new(Inbound::parse(stanza).expect("a stanza")))
}

fn join(n: usize) -> Event {
    let presence = "<presence xmlns='jabber:client'><x xmlns='http://jabber.org/protocol/muc'/><show>away</show>\
        <c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='https://client.example' ver='abc='/></presence>";
    event(&format!("u{n}"), &format!("{ROOM}/u{n}"), presence)
}

fn admin(items: &str) -> Event {
    let query = format!("<query xmlns='http://jabber.org/protocol/muc#admin'>{items}</query>");
    event("owner", ROOM, &format!("<iq xmlns='jabber:client' type='set' id='a'>{query}</iq>"))
}
