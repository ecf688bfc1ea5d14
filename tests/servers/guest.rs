//! A client that visits rooms. Whatever it waits for and does not get within some seconds ends the test.

use std::time::{Duration, Instant};

use conclave::wire::{encode, ns};
use minidom::Element;

use super::client::{Account, Client, Door};
use super::host::Host;

/// How long a stanza may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// A client with an account of its own.
#[derive(Debug)]
pub(crate) struct Guest {
    client: Client,
}

impl Guest {
    /// The account that a guest of this name has.
    pub(crate) fn account(name: &str) -> Account {
        Account { user: name.to_owned(), password: "let me in".to_owned() }
    }

    /// Registers an account and logs in.
    pub(crate) fn new(host: &Host, name: &str) -> Self {
        Self::at(&host.door(), name)
    }

    /// Registers an account of the server behind this door and logs in.
    pub(crate) fn at(door: &Door, name: &str) -> Self {
        Client::register(door, &Self::account(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
        Self::again(door, name, "door")
    }

    /// Logs in to an account that is there, with this resource.
    pub(crate) fn again(door: &Door, name: &str, resource: &str) -> Self {
        let client = Client::login(door, &Self::account(name), resource);
        Self { client: client.unwrap_or_else(|e| panic!("{name}: {e}")) }
    }

    /// Ends the session in order.
    pub(crate) fn close(self) {
        self.client.close();
    }

    /// The full address.
    pub(crate) fn jid(&self) -> &str {
        self.client.jid()
    }

    /// Writes a stanza.
    pub(crate) fn says(&mut self, stanza: &str) {
        self.client.send_text(stanza).unwrap_or_else(|e| panic!("{}: {e}", self.client.jid()));
    }

    /// The next stanza, or nothing when none comes before the deadline.
    pub(crate) fn next(&mut self, deadline: Instant) -> Option<Element> {
        self.client.next(deadline).unwrap_or_else(|e| panic!("{}: {e}", self.client.jid()))
    }

    /// Waits for a stanza, passing over others.
    pub(crate) fn hears(&mut self, what: &str, mut is_it: impl FnMut(&Element) -> bool) -> Element {
        let deadline = Instant::now() + PATIENCE;
        let mut others = Vec::new();
        while let Some(stanza) = self.next(deadline) {
            if is_it(&stanza) {
                return stanza;
            }
            others.push(brief(&stanza));
        }
        panic!("{} waits for {what} and heard only:\n{}", self.client.jid(), others.join("\n"));
    }

    /// Asks, and gives the answer: a result or an error.
    pub(crate) fn asks(&mut self, kind: &str, to: &str, payload: Element) -> Element {
        let answer = self.client.ask("request", kind, Some(to), payload);
        answer.unwrap_or_else(|e| panic!("{} to {to}: {e}", self.client.jid()))
    }

    /// Waits until what was on its way from the server has come; it stays to be heard.
    pub(crate) fn catches_up(&mut self) {
        self.client.ping().unwrap_or_else(|e| panic!("{}: {e}", self.client.jid()));
    }

    /// Enters a room and waits for the subject, the end of the entry; gives the own presence.
    pub(crate) fn enters(&mut self, room: &str, nick: &str) -> Element {
        self.says(&entry(room, nick));
        let own = self.hears("the own presence", |s| is_own_presence(s, room, nick) || is_error(s));
        assert!(!is_error(&own), "{} is let into {room}: {}", self.client.jid(), brief(&own));
        self.hears("the subject", |s| is_subject(s, room));
        own
    }

    /// Leaves a room and waits until the room has said so.
    pub(crate) fn leaves(&mut self, room: &str, nick: &str) {
        self.says(&format!("<presence type='unavailable' to='{room}/{nick}'/>"));
        self.hears("the own departure", |s| is_departure(s, room, nick));
    }

    /// Submits the room's configuration with these fields, and the others as they are.
    pub(crate) fn configures(&mut self, room: &str, fields: &[(&str, &str)]) {
        let field =
            |(var, value): &(&str, &str)| format!("<field var='{var}'><value>{value}</value></field>");
        let fields: String = fields.iter().map(field).collect();
        let query = format!(
            "<query xmlns='{}'><x xmlns='{}' type='submit'>\
             <field var='FORM_TYPE'><value>{}</value></field>{fields}</x></query>",
            ns::MUC_OWNER,
            ns::DATA,
            ns::MUC_ROOMCONFIG
        );
        let answer = self.asks("set", room, query.parse().expect("a form"));
        assert_eq!(answer.attr("type"), Some("result"), "{room} is configured: {}", brief(&answer));
    }

    /// The addresses of one affiliation in a room.
    pub(crate) fn lists(&mut self, room: &str, affiliation: &str) -> Vec<String> {
        let query = format!("<query xmlns='{}'><item affiliation='{affiliation}'/></query>", ns::MUC_ADMIN);
        let answer = self.asks("get", room, query.parse().expect("a query"));
        assert_eq!(answer.attr("type"), Some("result"), "the list of {room}: {}", brief(&answer));
        let query = answer.get_child("query", ns::MUC_ADMIN).expect("a list");
        query.children().filter_map(|item| item.attr("jid")).map(str::to_owned).collect()
    }
}

/// The presence that asks to enter a room.
pub(crate) fn entry(room: &str, nick: &str) -> String {
    format!("<presence id='entry' to='{room}/{nick}'><x xmlns='{}'/></presence>", ns::MUC)
}

/// Whether it holds the status code.
pub(crate) fn has_code(stanza: &Element, code: &str) -> bool {
    let x = stanza.get_child("x", ns::MUC_USER);
    x.is_some_and(|x| x.children().any(|c| c.is("status", ns::MUC_USER) && c.attr("code") == Some(code)))
}

/// Whether it is the own presence in the room (status 110).
pub(crate) fn is_own_presence(stanza: &Element, room: &str, nick: &str) -> bool {
    let available = stanza.name() == "presence" && stanza.attr("type").is_none();
    available && is_from(stanza, room, nick) && has_code(stanza, "110")
}

/// Whether it says that an occupant has left.
pub(crate) fn is_departure(stanza: &Element, room: &str, nick: &str) -> bool {
    stanza.name() == "presence" && stanza.attr("type") == Some("unavailable") && is_from(stanza, room, nick)
}

/// Whether it is the room's subject.
pub(crate) fn is_subject(stanza: &Element, room: &str) -> bool {
    stanza.name() == "message"
        && stanza.attr("from").is_some_and(|from| from.split('/').next() == Some(room))
        && stanza.has_child("subject", ns::CLIENT)
        && !stanza.has_child("body", ns::CLIENT)
}

/// Whether it is an error.
pub(crate) fn is_error(stanza: &Element) -> bool {
    stanza.attr("type") == Some("error")
}

/// Whether it comes from this occupant.
pub(crate) fn is_from(stanza: &Element, room: &str, nick: &str) -> bool {
    stanza.attr("from").and_then(|from| from.split_once('/')) == Some((room, nick))
}

/// The condition of an error.
pub(crate) fn condition(stanza: &Element) -> Option<&str> {
    let error = stanza.get_child("error", ns::CLIENT)?;
    error.children().find(|c| c.has_ns(ns::STANZA_ERRORS) && c.name() != "text").map(Element::name)
}

/// The beginning of a stanza, to show it.
pub(crate) fn brief(stanza: &Element) -> String {
    encode::standalone(stanza).chars().take(500).collect()
}
