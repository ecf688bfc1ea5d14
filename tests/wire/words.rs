//! What clients say, and how to read what they are told.

use minidom::Element;

use super::peer::Peer;
use super::server::DOMAIN;

pub(crate) const MUC: &str = "http://jabber.org/protocol/muc";
pub(crate) const MUC_USER: &str = "http://jabber.org/protocol/muc#user";
const ERRORS: &str = "urn:ietf:params:xml:ns:xmpp-stanzas";

/// The room of most tests.
pub(crate) const ROOM: &str = "room@muc.example";
/// Its owner, who is in it as `Owner`.
pub(crate) const OWNER: &str = "owner@example.org/home";

impl Peer {
    /// `who` enters `room` as `nick`; gives what `who` is sent up to the subject (45-7.1-a).
    pub(crate) fn join(&mut self, room: &str, nick: &str, who: &str) -> Vec<Element> {
        self.send(join(room, nick, who));
        let mut sequence = Vec::new();
        loop {
            let stanza = self.next();
            let for_who = stanza.attr("to") == Some(who);
            let is_end =
                for_who && stanza.name() == "message" && stanza.has_child("subject", "jabber:client");
            let refused = for_who && stanza.attr("type") == Some("error");
            if for_who {
                sequence.push(stanza);
            }
            if is_end || refused {
                return sequence;
            }
        }
    }

    /// The owner makes `room` and stays in it; `fields` are of the configuration form.
    pub(crate) fn create(&mut self, room: &str, fields: &[(&str, &str)]) {
        self.join(room, "Owner", OWNER);
        self.configure(room, fields);
        self.fence(room);
    }

    /// The owner submits the configuration form.
    pub(crate) fn configure(&mut self, room: &str, fields: &[(&str, &str)]) {
        let field = |(var, value): (&str, &str)| format!("<field var='{var}'><value>{value}</value></field>");
        let fields: String = [("FORM_TYPE", "http://jabber.org/protocol/muc#roomconfig")]
            .into_iter()
            .chain(fields.iter().map(|(var, value)| (*var, *value)))
            .map(field)
            .collect();
        let answer = self.ask(
            OWNER,
            room,
            "set",
            &format!(
                "<query xmlns='http://jabber.org/protocol/muc#owner'>\
                 <x xmlns='jabber:x:data' type='submit'>{fields}</x></query>"
            ),
        );
        assert_eq!(answer.attr("type"), Some("result"), "{answer:?}");
    }

    /// An affiliation is asked for by `who`; the answer.
    pub(crate) fn affiliate(&mut self, who: &str, room: &str, account: &str, affiliation: &str) -> Element {
        let query = format!(
            "<query xmlns='http://jabber.org/protocol/muc#admin'>\
             <item jid='{account}' affiliation='{affiliation}'/></query>"
        );
        self.ask(who, room, "set", &query)
    }

    /// The accounts on one of a room's lists, as the owner gets it.
    pub(crate) fn list(&mut self, room: &str, affiliation: &str) -> Vec<String> {
        let query = format!(
            "<query xmlns='http://jabber.org/protocol/muc#admin'><item affiliation='{affiliation}'/></query>"
        );
        let answer = self.ask(OWNER, room, "get", &query);
        assert_eq!(answer.attr("type"), Some("result"), "{answer:?}");
        let items = answer.children().flat_map(Element::children);
        items.filter_map(|item| item.attr("jid").map(str::to_owned)).collect()
    }

    /// An IQ and its answer.
    pub(crate) fn ask(&mut self, who: &str, to: &str, type_: &str, payload: &str) -> Element {
        let id = self.fresh_id();
        self.send(format!("<iq type='{type_}' id='{id}' from='{who}' to='{to}'>{payload}</iq>"));
        self.answer("iq", &id)
    }

    /// `who` speaks in `room`.
    pub(crate) fn say(&mut self, who: &str, room: &str, id: &str, body: &str) {
        self.send(groupchat(who, room, id, body));
    }

    /// Checks that the service runs and the room works: the owner, in `room`, speaks and hears himself.
    pub(crate) fn room_works(&mut self, room: &str) {
        self.nothing_but_ping(DOMAIN);
        self.say(OWNER, room, "works", "still here");
        let echo = self.expect("message", &[("id", "works"), ("to", OWNER)]);
        assert_eq!(echo.attr("from"), Some(format!("{room}/Owner").as_str()));
        assert_eq!(text(&echo, "body"), "still here");
        self.fence(room);
    }
}

pub(crate) fn join(room: &str, nick: &str, who: &str) -> String {
    format!("<presence from='{who}' to='{room}/{nick}'><x xmlns='{MUC}'/></presence>")
}

pub(crate) fn leave(room: &str, nick: &str, who: &str) -> String {
    format!("<presence type='unavailable' from='{who}' to='{room}/{nick}'/>")
}

pub(crate) fn groupchat(who: &str, room: &str, id: &str, body: &str) -> String {
    format!("<message type='groupchat' id='{id}' from='{who}' to='{room}'><body>{body}</body></message>")
}

/// The text of a child in `jabber:client`.
pub(crate) fn text(stanza: &Element, child: &str) -> String {
    stanza.get_child(child, "jabber:client").map(Element::text).unwrap_or_default()
}

/// The status codes, in order.
pub(crate) fn codes(stanza: &Element) -> Vec<u16> {
    let x = stanza.get_child("x", MUC_USER).into_iter();
    x.flat_map(Element::children).filter_map(|c| c.attr("code")?.parse().ok()).collect()
}

/// An attribute of the `<item/>` of a presence.
pub(crate) fn item(stanza: &Element, attribute: &str) -> Option<String> {
    let item = stanza.get_child("x", MUC_USER)?.get_child("item", MUC_USER)?;
    item.attr(attribute).map(str::to_owned)
}

/// The error of a stanza, as type/condition; empty if it is none.
pub(crate) fn error(stanza: &Element) -> String {
    let Some(error) = stanza.get_child("error", "jabber:client") else { return String::new() };
    assert_eq!(stanza.attr("type"), Some("error"));
    let condition = error.children().find(|c| c.has_ns(ERRORS) && c.name() != "text");
    format!("{}/{}", error.attr("type").unwrap_or("?"), condition.map_or("?", Element::name))
}

/// The occupants that a join sequence shows, the joiner included.
pub(crate) fn nicks(sequence: &[Element]) -> Vec<String> {
    let presences = sequence.iter().filter(|s| s.name() == "presence" && s.attr("type").is_none());
    presences.filter_map(|p| p.attr("from")?.split_once('/').map(|(_, nick)| nick.to_owned())).collect()
}
