//! Stanzas that any user can send and that end components which read into strict types. Here they are answered or
//! passed on, and the room, the process and the link stay as they were.

use conclave::wire::ns;
use minidom::Element;

use crate::servers::guest::{Guest, brief, condition, entry, is_error, is_from, is_own_presence};
use crate::servers::host::{Host, Kind, MUC};
use crate::servers::service::Service;

const MOON: &str = "🌙 moon";
/// What every server carries of it.
const CARRIED: &str = "moon";
const ATTRIBUTE_BYTES: usize = 9_000;
const NESTED: usize = 4_000;

/// What somebody must get after an odd stanza.
enum Answer {
    /// An error from the server itself: the stanza does not get as far as the service.
    Server { from: String, condition: &'static str },
    /// An error from the room.
    Room { from: String, condition: &'static str },
    /// Everybody gets the stanza as the room passes it on; the sender too, which is his answer.
    Reflection(Box<dyn Fn(&Element) -> bool>),
}

/// A room with three people in it.
struct Party {
    room: String,
    sender: Guest,
    others: [Guest; 2],
    service: Service,
    pid: u32,
    host: Host,
}

impl Party {
    fn start(kind: Kind) -> Self {
        let host = Host::start(kind).unwrap_or_else(|e| panic!("{e}"));
        let mut service =
            Service::start(&host, &host.folder().join("service")).unwrap_or_else(|e| panic!("{e}"));
        let pid = service.process().pid();
        let room = format!("odd@{MUC}");
        let [sender, mut owner, mut witness] = ["sender", "owner", "witness"].map(|n| Guest::new(&host, n));
        owner.enters(&room, "owner");
        owner.configures(&room, &[]);
        witness.enters(&room, "witness");
        Self { room, sender, others: [owner, witness], service, pid, host }
    }

    /// Sends an odd stanza with the id `id`, and looks that it is answered and does no harm.
    fn bears(&mut self, id: &str, stanza: &str, answer: &Answer) {
        self.sender.says(stanza);
        match answer {
            Answer::Server { from, condition } => self.hears_error(id, from, condition, None),
            Answer::Room { from, condition } => {
                let room = self.room.clone();
                self.hears_error(id, from, condition, Some(&room));
            }
            Answer::Reflection(is_it) => {
                self.sender.hears(id, is_it);
                for other in &mut self.others {
                    other.hears(id, is_it);
                }
            }
        }
        self.goes_on(id);
    }

    /// The sender gets an error, made `by` the room, or by the server, which does not say so.
    fn hears_error(&mut self, id: &str, from: &str, wanted: &str, by: Option<&str>) {
        let error = self.sender.hears(id, is_error);
        assert_eq!((error.attr("id"), error.attr("from")), (Some(id), Some(from)), "{}", brief(&error));
        assert_eq!(condition(&error), Some(wanted), "{}", brief(&error));
        let maker = error.get_child("error", ns::CLIENT).and_then(|error| error.attr("by"));
        assert_eq!(maker, by, "{}", brief(&error));
    }

    /// Somebody else speaks, and everybody hears it, from the same process over the same link.
    fn goes_on(&mut self, after: &str) {
        let (room, id) = (self.room.clone(), format!("after-{after}"));
        self.others[1].says(&format!(
            "<message type='groupchat' id='{id}' to='{room}'><body>after {after}</body></message>"
        ));
        for guest in std::iter::once(&mut self.sender).chain(&mut self.others) {
            guest.hears(&id, |s| s.attr("id") == Some(&id) && is_from(s, &room, "witness") && has_body(s));
        }
        let process = self.service.process();
        assert_eq!((process.ended(), process.pid()), (None, self.pid), "the same process after {after}");
        assert_eq!(self.service.links(), (1, 0), "the same link after {after}");
    }

    fn room_error(&self, condition: &'static str) -> Answer {
        Answer::Room { from: self.room.clone(), condition }
    }
}

fn has_body(stanza: &Element) -> bool {
    stanza.has_child("body", ns::CLIENT)
}

/// All of the stanzas but the one with the emoji, sent by an occupant called `nick`.
fn send_odd_stanzas(party: &mut Party, nick: &'static str) {
    let room = party.room.clone();
    let from_sender = {
        let room = room.clone();
        move |s: &Element| is_from(s, &room, nick)
    };
    let of_ejabberd = party.host.kind() == Kind::Ejabberd;
    let answer = if of_ejabberd {
        Answer::Server { from: format!("{room}/{nick}"), condition: "bad-request" }
    } else {
        // Passed on without the `<show/>`, which the standard does not know.
        let of_sender = from_sender.clone();
        Answer::Reflection(Box::new(move |s: &Element| {
            let is_update = s.name() == "presence" && s.has_child("status", ns::CLIENT);
            is_update && of_sender(s) && !s.has_child("show", ns::CLIENT)
        }))
    };
    party.bears(
        "show",
        &format!("<presence id='show' to='{room}/{nick}'><show>foo</show><status>here</status></presence>"),
        &answer,
    );
    // Neither server passes on a presence of a type that it does not know; Prosody takes it for a subscription.
    let from = if of_ejabberd { format!("{room}/{nick}") } else { room.clone() };
    let refused = Answer::Server { from, condition: "bad-request" };
    party.bears(
        "presence-type",
        &format!("<presence type='foo' id='presence-type' to='{room}/{nick}'/>"),
        &refused,
    );
    // An unknown type is that of a normal message, of which a room takes only invitations and forms.
    let refused = party.room_error("bad-request");
    party.bears(
        "message-type",
        &format!("<message type='foo' id='message-type' to='{room}'><body>foo</body></message>"),
        &refused,
    );

    let long = "x".repeat(ATTRIBUTE_BYTES);
    let whole = {
        let (long, of_sender) = (long.clone(), from_sender);
        move |s: &Element| {
            let child = s.get_child("x", "urn:example:long");
            of_sender(s) && has_body(s) && child.and_then(|x| x.attr("a")) == Some(long.as_str())
        }
    };
    party.bears(
        "attribute",
        &format!(
            "<message type='groupchat' id='attribute' to='{room}'><body>long</body>\
             <x xmlns='urn:example:long' a='{long}'/></message>"
        ),
        &Answer::Reflection(Box::new(whole)),
    );

    let (open, close) = ("<a>".repeat(NESTED), "</a>".repeat(NESTED));
    let refused = party.room_error("policy-violation");
    party.bears(
        "nested",
        &format!(
            "<message type='groupchat' id='nested' to='{room}'><body>deep</body>\
             <x xmlns='urn:example:deep'>{open}{close}</x></message>"
        ),
        &refused,
    );
}

/// Prosody answers the presence of an unknown type itself and lets the others through.
#[test]
fn five_stanzas_that_end_other_components_leave_the_service_running() {
    // 45-17.1-a, 45-7.2.2-f, 45-7.4-a
    let mut party = Party::start(Kind::Prosody);
    let room = party.room.clone();
    let entered = format!("{room}/{CARRIED}");
    party.sender.says(&entry(&room, MOON));
    party.sender.hears("the own presence", |s| is_own_presence(s, &room, CARRIED));
    for other in &mut party.others {
        other.hears("the newcomer", |s| s.attr("from") == Some(&entered) && s.attr("type").is_none());
    }
    party.goes_on("emoji");
    send_odd_stanzas(&mut party, CARRIED);
}

/// ejabberd answers the emoji, the `<show/>` and the presence of an unknown type itself and lets the others through.
#[test]
fn five_stanzas_that_end_other_components_leave_the_service_running_behind_ejabberd() {
    let mut party = Party::start(Kind::Ejabberd);
    let room = party.room.clone();
    let refused = Answer::Server { from: format!("{room}/{MOON}"), condition: "bad-request" };
    party.sender.enters(&room, "sender");
    party.bears("entry", &entry(&room, MOON), &refused);
    send_odd_stanzas(&mut party, "sender");
}

/// `<xml:x/>` and `xml:x='…'` are well-formed. Prosody passes them on with declarations that are not, which would end
/// the stream of the service, and then those of everybody in the room.
fn bears_the_namespace_of_xml_itself(kind: Kind) {
    let mut party = Party::start(kind);
    let room = party.room.clone();
    party.sender.enters(&room, "sender");
    let from_room = room.clone();
    let cleaned = Answer::Reflection(Box::new(move |s: &Element| {
        let plain = s.children().all(|c| !c.ns().starts_with("http://www.w3.org/"));
        is_from(s, &from_room, "sender") && s.attr("id") == Some("reserved") && has_body(s) && plain
    }));
    party.bears(
        "reserved",
        &format!(
            "<message type='groupchat' id='reserved' to='{room}'><body>reserved</body><xml:x/>\
             <x xmlns='urn:example:reserved' xml:x='y'><xml:x xml:x='y'/></x></message>"
        ),
        &cleaned,
    );
}

#[test]
fn the_namespace_of_xml_itself_ends_no_stream_behind_prosody() {
    bears_the_namespace_of_xml_itself(Kind::Prosody);
}

#[test]
fn the_namespace_of_xml_itself_ends_no_stream_behind_ejabberd() {
    bears_the_namespace_of_xml_itself(Kind::Ejabberd);
}
