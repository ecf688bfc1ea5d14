//! A room with people in it who look at what they get.

use std::time::Instant;

use conclave::wire::ns;
use minidom::Element;

use crate::canonical::form;
use crate::samples::{Exchange, Sample};
use crate::servers::guest::{Guest, brief, is_departure, is_error, is_from, is_own_presence};
use crate::servers::host::{DOMAIN, Host, Kind, MUC};
use crate::servers::service::Service;

/// What Prosody 0.12 changes on its way from one client to another, with or without a room between them: line ends in
/// attributes come out as spaces.
pub(crate) const CHANGED_BY_PROSODY: &str = "line ends in attributes";

/// Three accounts: one that speaks, one that listens, one that comes and goes.
pub(crate) struct Party {
    room: String,
    speaker: Guest,
    listener: Guest,
    visitor: Guest,
    stanzas: usize,
    faults: Vec<String>,
    _service: Service,
    host: Host,
}

impl Party {
    pub(crate) fn start(kind: Kind) -> Self {
        let host = Host::start(kind).unwrap_or_else(|e| panic!("{e}"));
        let service = Service::start(&host, &host.folder().join("service")).unwrap_or_else(|e| panic!("{e}"));
        let room = format!("passing@{MUC}");
        let [mut listener, mut speaker, visitor] =
            ["listener", "speaker", "visitor"].map(|name| Guest::new(&host, name));
        listener.enters(&room, "listener");
        // A subject passes of those who may set it.
        let settings = [("muc#maxhistoryfetch", "200"), ("muc#roomconfig_changesubject", "1")];
        listener.configures(&room, &settings);
        speaker.enters(&room, "speaker");
        Self { room, speaker, listener, visitor, stanzas: 0, faults: Vec::new(), _service: service, host }
    }

    /// A message to everybody: others and the sender get it alike.
    pub(crate) fn says_to_all(&mut self, sample: &Sample) {
        let (id, room, payload) = (sample.spec, self.room.clone(), sample.payload);
        self.speaker.says(&format!("<message type='groupchat' id='{id}' to='{room}'>{payload}</message>"));
        let is_it = |s: &Element| s.attr("id") == Some(id) && (is_from(s, &room, "speaker") || is_error(s));
        let heard = [&mut self.listener, &mut self.speaker].map(|guest| guest.hears(id, is_it));
        let wanted = self.directly("message", sample);
        for (copy, whose) in heard.iter().zip(["the listener's copy", "the speaker's copy"]) {
            assert_eq!(copy.attr("type"), Some("groupchat"), "{id}: {}", brief(copy));
            self.compare(id, whose, &wanted, copy);
        }
    }

    /// A private message, which only its recipient gets, and knows as one.
    pub(crate) fn says_to_one(&mut self, sample: &Sample) {
        let (id, room, payload) = (format!("{}, private", sample.spec), self.room.clone(), sample.payload);
        self.speaker
            .says(&format!("<message type='chat' id='{id}' to='{room}/listener'>{payload}</message>"));
        let copy = self.listener.hears(&id, |s| s.attr("id") == Some(&id) && is_from(s, &room, "speaker"));
        assert_eq!(copy.attr("type"), Some("chat"), "{id}: {}", brief(&copy));
        assert!(copy.has_child("x", ns::MUC_USER), "{id} is known as private: {}", brief(&copy));
        let wanted = self.directly("message", sample);
        self.compare(&id, "the private copy", &wanted, &copy);
    }

    /// Somebody enters and gets what was said before, in order: all that has a body and may be stored.
    pub(crate) fn history_holds(&mut self, said: &[Sample]) {
        let room = self.room.clone();
        self.visitor.says(&format!("<presence to='{room}/visitor'><x xmlns='{}'/></presence>", ns::MUC));
        let mut old = Vec::new();
        self.visitor.hears("the end of the history", |stanza| {
            if stanza.name() == "message" && is_from(stanza, &room, "speaker") {
                old.push(stanza.clone());
            }
            stanza.has_child("subject", ns::CLIENT) && !stanza.has_child("body", ns::CLIENT)
        });
        self.visitor_leaves();
        let mut found = Vec::new();
        for message in &old {
            let id = message.attr("id").unwrap_or_default();
            let sample = said.iter().find(|sample| sample.spec == id);
            let sample = sample.unwrap_or_else(|| panic!("nobody has said {}", brief(message)));
            assert!(message.has_child("delay", ns::DELAY), "{id} is old: {}", brief(message));
            let wanted = self.directly("message", sample);
            self.compare(id, "the copy in the history", &wanted, message);
            found.push(sample.spec);
        }
        let wanted = lasting(said);
        assert!(wanted.len() > 50, "{wanted:?}");
        found.retain(|spec| wanted.contains(spec));
        assert_eq!(found, wanted, "the history is whole and in order");
    }

    /// The archive gives back what was said before, page after page: all that has a body and may be stored.
    pub(crate) fn archive_holds(&mut self, said: &[Sample]) {
        let (room, mam, rsm) = (self.room.clone(), ns::MAM, ns::RSM);
        let mut found = Vec::new();
        let mut after = String::new();
        for page in 0..10 {
            self.listener.says(&format!(
                "<iq type='set' id='page-{page}' to='{room}'><query xmlns='{mam}'>\
                 <set xmlns='{rsm}'><max>50</max>{after}</set></query></iq>"
            ));
            let mut old = Vec::new();
            let end = self.listener.hears("the end of the page", |stanza| {
                let result =
                    stanza.get_child("result", mam).and_then(|r| r.get_child("forwarded", ns::FORWARD));
                old.extend(result.and_then(|f| f.get_child("message", ns::CLIENT)).cloned());
                stanza.name() == "iq" && stanza.attr("id") == Some(&format!("page-{page}"))
            });
            for message in old.iter().filter(|message| is_from(message, &room, "speaker")) {
                let id = message.attr("id").unwrap_or_default();
                let sample = said.iter().find(|sample| sample.spec == id);
                let sample = sample.unwrap_or_else(|| panic!("nobody has said {}", brief(message)));
                let wanted = self.directly("message", sample);
                assert_eq!((message.attr("to"), message.attr("type")), (None, Some("groupchat")), "{id}");
                self.compare(id, "the archived copy", &wanted, message);
                found.push(sample.spec);
            }
            let fin = end.get_child("fin", mam).unwrap_or_else(|| panic!("a page: {}", brief(&end)));
            if fin.attr("complete") == Some("true") {
                break;
            }
            let last =
                fin.get_child("set", rsm).and_then(|set| set.get_child("last", rsm)).expect("a last message");
            after = format!("<after>{}</after>", last.text());
        }
        let wanted = lasting(said);
        found.retain(|spec| wanted.contains(spec));
        assert_eq!(found, wanted, "the archive is whole and in order");
    }

    /// An occupant changes his presence: others and he himself see it alike.
    pub(crate) fn shows(&mut self, sample: &Sample) {
        let (id, room, payload) = (sample.spec, self.room.clone(), sample.payload);
        self.speaker.says(&format!("<presence id='{id}' to='{room}/speaker'>{payload}</presence>"));
        let is_it =
            |s: &Element| s.name() == "presence" && s.attr("id") == Some(id) && is_from(s, &room, "speaker");
        let seen = [&mut self.listener, &mut self.speaker].map(|guest| guest.hears(id, is_it));
        let wanted = self.directly("presence", sample);
        for (copy, whose) in seen.iter().zip(["the listener's sight", "the own presence"]) {
            self.compare(id, whose, &wanted, copy);
        }
    }

    /// Who enters gets the presence that an occupant showed last.
    pub(crate) fn newcomer_sees(&mut self, shown: &Sample) {
        let room = self.room.clone();
        self.visitor.says(&format!("<presence to='{room}/visitor'><x xmlns='{}'/></presence>", ns::MUC));
        let seen =
            self.visitor.hears("the speaker", |s| s.name() == "presence" && is_from(s, &room, "speaker"));
        self.visitor_leaves();
        let wanted = self.directly("presence", shown);
        self.compare(shown.spec, "a newcomer's sight", &wanted, &seen);
    }

    /// Somebody enters with a payload in his presence.
    pub(crate) fn enters_with(&mut self, sample: &Sample) {
        let (id, room, payload) = (sample.spec, self.room.clone(), sample.payload);
        let x = ns::MUC;
        self.visitor
            .says(&format!("<presence id='{id}' to='{room}/visitor'>{payload}<x xmlns='{x}'/></presence>"));
        let is_it = |s: &Element| s.attr("id") == Some(id) && is_from(s, &room, "visitor");
        let seen = self.listener.hears(id, is_it);
        let own = self.visitor.hears(id, |s| is_own_presence(s, &room, "visitor"));
        self.visitor_leaves();
        let wanted = self.directly("presence", sample);
        self.compare(id, "who enters", &wanted, &seen);
        self.compare(id, "the own entry", &wanted, &own);
    }

    fn visitor_leaves(&mut self) {
        let room = self.room.clone();
        let said = "<status>gone to sea</status>";
        self.visitor.says(&format!("<presence type='unavailable' to='{room}/visitor'>{said}</presence>"));
        let wanted: Vec<String> = stanza_of(said).children().map(form).collect();
        for guest in [&mut self.listener, &mut self.visitor] {
            let gone = guest.hears("the departure", |s| is_departure(s, &room, "visitor"));
            let came: Vec<String> = payload(&gone, &room);
            assert_eq!(came, wanted, "words of farewell pass");
        }
    }

    /// A request from an occupant to another, and its result.
    pub(crate) fn asks(&mut self, exchange: &Exchange) {
        let (room, Exchange { spec, kind, request, result }) = (self.room.clone(), exchange);
        self.listener.says(&format!("<iq type='{kind}' id='{spec}' to='{room}/speaker'>{request}</iq>"));
        let is_it = |s: &Element| s.attr("type") == Some(kind) && is_from(s, &room, "listener");
        let asked = self.speaker.hears(spec, is_it);
        let id = asked.attr("id").expect("a request has an id");
        self.speaker.says(&format!("<iq type='result' id='{id}' to='{room}/listener'>{result}</iq>"));
        let answer = self.listener.hears(spec, |s| s.name() == "iq" && s.attr("id") == Some(spec));
        assert_eq!(answer.attr("type"), Some("result"), "{spec}: {}", brief(&answer));
        for (whose, sent, came) in [("the request", request, asked), ("the result", result, answer)] {
            let wanted: Vec<String> = stanza_of(sent).children().map(form).collect();
            self.compare(spec, whose, &wanted, &came);
        }
    }

    /// All faults together.
    pub(crate) fn judge(&mut self) {
        assert!(self.stanzas > 300, "only {} stanzas were compared", self.stanzas);
        assert!(
            self.faults.is_empty(),
            "{} of {}:\n{}",
            self.faults.len(),
            self.stanzas,
            self.faults.join("\n")
        );
        for guest in [&mut self.listener, &mut self.speaker, &mut self.visitor] {
            guest.catches_up();
            while let Some(stanza) = guest.next(Instant::now()) {
                assert!(!is_error(&stanza), "{}", brief(&stanza));
            }
        }
    }

    /// What comes of a payload when the speaker sends it to the listener without any room between them: what the
    /// server itself does to it. Prosody changes nothing but white space in attributes, ejabberd nothing but the
    /// place of what RFC 6121 defines, such as the body, among the other children.
    fn directly(&mut self, stanza: &str, sample: &Sample) -> Vec<String> {
        let (spec, payload) = (sample.spec, sample.payload);
        let kind = if stanza == "message" { "type='chat'" } else { "" };
        let id = format!("{spec}, directly");
        self.speaker
            .says(&format!("<{stanza} {kind} id='{id}' to='listener@{DOMAIN}/door'>{payload}</{stanza}>"));
        let copy = self.listener.hears(&id, |s| s.attr("id") == Some(&id));
        let came: Vec<String> = copy.children().map(form).collect();
        let sent: Vec<String> = stanza_of(payload).children().map(form).collect();
        match self.host.kind() {
            Kind::Prosody if spec == CHANGED_BY_PROSODY => {}
            Kind::Prosody => assert_eq!(came, sent, "{spec} through Prosody alone"),
            Kind::Ejabberd => assert_eq!(sorted(came.clone()), sorted(sent), "{spec} through ejabberd alone"),
        }
        came
    }

    /// Holds what came against what was sent.
    fn compare(&mut self, spec: &str, whose: &str, wanted: &[String], came: &Element) {
        self.stanzas += 1;
        let came = payload(came, &self.room);
        if wanted != came {
            self.faults.push(format!(
                "{spec}, {whose}:\n  sent {}\n  came {}",
                wanted.concat(),
                came.concat()
            ));
        }
    }
}

/// The names of those samples that are kept: they have a body, and nothing in them forbids it.
fn lasting(said: &[Sample]) -> Vec<&'static str> {
    let lasts = |sample: &&Sample| {
        let message = stanza_of(sample.payload);
        message.has_child("body", ns::CLIENT) && !message.has_child("no-store", ns::HINTS)
    };
    said.iter().filter(lasts).map(|sample| sample.spec).collect()
}

/// A stanza with this payload, read by other code than that of the service.
fn stanza_of(payload: &str) -> Element {
    let text = format!("<message xmlns='{}'>{payload}</message>", ns::CLIENT);
    text.parse().unwrap_or_else(|e| panic!("{e}: {payload}"))
}

/// The children of a stanza in canonical form, without what the room adds.
fn payload(stanza: &Element, room: &str) -> Vec<String> {
    stanza.children().filter(|child| !is_of_the_room(child, room)).map(form).collect()
}

fn is_of_the_room(child: &Element, room: &str) -> bool {
    let attribute = match (child.name(), child.ns().as_str()) {
        ("x", ns::MUC_USER) | ("occupant-id", ns::OCCUPANT_ID) => return true,
        ("stanza-id", ns::SID) => "by",
        ("delay", ns::DELAY) => "from",
        _ => return false,
    };
    child.attr(attribute) == Some(room)
}

fn sorted(mut children: Vec<String>) -> Vec<String> {
    children.sort();
    children
}
