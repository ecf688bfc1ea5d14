//! What came of one event: the room before and after, and every stanza that left.

use std::collections::{BTreeMap, BTreeSet};

use conclave::room::effect::Effects;
use conclave::wire::encode::Outgoing;
use conclave::wire::inbound::{Inbound, IqType, Kind, MessageType, PresenceType};
use conclave::wire::jid::Jid;
use conclave::wire::ns;
use minidom::Element;

use crate::cast::Cast;
use crate::sheet::Sheet;

/// A stanza that left, with everybody who gets it.
pub(crate) struct Sent {
    /// As it was written, with an empty recipient.
    pub(crate) bytes: Vec<u8>,
    /// As a client reads it.
    pub(crate) stanza: Element,
    pub(crate) to: Vec<Jid>,
    /// The same as entities; none for an address that nobody of the cast has.
    pub(crate) entities: Vec<Option<usize>>,
}

impl Sent {
    /// Reads what is about to leave; the writer must have made well-formed XML.
    pub(crate) fn read(outgoing: &Outgoing, cast: &Cast) -> Result<Self, String> {
        let nobody = Jid::parse("x").expect("an address");
        let mut bytes = Vec::new();
        outgoing.stanza.splice(&nobody, &mut bytes);
        let text = String::from_utf8(bytes.clone()).map_err(|e| format!("not UTF-8: {e}"))?;
        let stanza = text.replacen(' ', " xmlns='jabber:client' ", 1).parse();
        let stanza = stanza.map_err(|e| format!("not XML: {e}: {text}"))?;
        let to: Vec<_> = outgoing.to.iter().cloned().collect();
        let entities = to.iter().map(|jid| cast.entity(jid)).collect();
        Ok(Self { bytes, stanza, to, entities })
    }

    /// The nick in the sender's address; none if the room itself speaks.
    pub(crate) fn nick(&self) -> Option<&str> {
        self.stanza.attr("from")?.split_once('/').map(|(_, nick)| nick)
    }

    /// The type attribute.
    pub(crate) fn type_(&self) -> &str {
        self.stanza.attr("type").unwrap_or_default()
    }

    /// Whether this is a presence that says something about an occupant.
    pub(crate) fn is_presence(&self) -> bool {
        self.stanza.name() == "presence" && matches!(self.type_(), "" | "unavailable")
    }

    /// Whether this is an error.
    pub(crate) fn is_error(&self) -> bool {
        self.type_() == "error"
    }

    /// Whether this is a message to everybody that has one of the children.
    pub(crate) fn is_groupchat_with(&self, names: &[&str]) -> bool {
        self.stanza.name() == "message"
            && self.type_() == "groupchat"
            && names.iter().any(|name| self.stanza.has_child(*name, ns::CLIENT))
    }

    /// Whether this is a message to all that an occupant has said, or a subject, or what they have read.
    pub(crate) fn is_speech(&self) -> bool {
        let is_read = || self.stanza.name() == "message" && self.stanza.has_child("displayed", ns::MARKERS);
        self.is_groupchat_with(&["body", "subject"]) || self.type_() == "groupchat" && is_read()
    }

    /// The room's `<x xmlns='…muc#user'/>`.
    pub(crate) fn x(&self) -> Option<&Element> {
        self.stanza.get_child("x", ns::MUC_USER)
    }

    /// Whether there is a status code.
    pub(crate) fn has_code(&self, code: &str) -> bool {
        self.x().is_some_and(|x| x.children().any(|c| c.name() == "status" && c.attr("code") == Some(code)))
    }

    /// The condition of an error.
    pub(crate) fn condition(&self) -> Option<&str> {
        let error = self.stanza.get_child("error", ns::CLIENT)?;
        error.children().find(|c| c.has_ns(ns::STANZA_ERRORS) && c.name() != "text").map(Element::name)
    }
}

/// One event and its outcome.
pub(crate) struct Happening {
    /// Index of the room.
    pub(crate) place: usize,
    /// Who caused it; none when the service stops.
    pub(crate) sender: Option<usize>,
    /// With what.
    pub(crate) cause: Option<Inbound>,
    pub(crate) before: Sheet,
    pub(crate) after: Sheet,
    /// What the process before did not come to tell, and this one tells first. Not of this event.
    pub(crate) overdue: Vec<Sent>,
    pub(crate) sent: Vec<Sent>,
    /// The room turned the event down.
    pub(crate) refused: bool,
    /// The room accepted it, but the store did not.
    pub(crate) unstored: bool,
    /// How many durable changes came of it.
    pub(crate) writes: usize,
}

impl Happening {
    /// Takes the effects apart.
    pub(crate) fn new(
        place: usize,
        sender: Option<usize>,
        cause: Option<Inbound>,
        (before, after): (Sheet, Sheet),
        effects: &Effects,
        cast: &Cast,
    ) -> Result<Self, String> {
        let sent = effects.sends.iter().map(|o| Sent::read(o, cast)).collect::<Result<_, _>>()?;
        let (refused, writes) = (effects.refused, effects.writes.len());
        Ok(Self {
            place,
            sender,
            cause,
            before,
            after,
            overdue: Vec::new(),
            sent,
            refused,
            unstored: false,
            writes,
        })
    }

    /// Sets aside what comes first and is about somebody of `untold`, one presence for all viewers each.
    pub(crate) fn set_overdue_aside(&mut self, untold: &BTreeSet<String>) {
        let mut ids = BTreeMap::new();
        let is_overdue = |sent: &&Sent| {
            let Some(nick) = sent.nick().filter(|nick| sent.is_presence() && untold.contains(*nick)) else {
                return false;
            };
            let id = sent.stanza.attr("id").unwrap_or_default().to_owned();
            *ids.entry(nick.to_owned()).or_insert_with(|| id.clone()) == id
        };
        let count = self.sent.iter().take_while(is_overdue).count();
        self.overdue = self.sent.drain(..count).collect();
    }

    /// What `entity` got, in order.
    pub(crate) fn got_by(&self, entity: usize) -> impl Iterator<Item = &Sent> {
        self.sent.iter().flat_map(move |sent| {
            let copies = sent.entities.iter().filter(|e| **e == Some(entity)).count();
            std::iter::repeat_n(sent, copies)
        })
    }

    /// The cause's element.
    pub(crate) fn stanza(&self) -> Option<&Element> {
        self.cause.as_ref().map(|cause| &cause.stanza)
    }

    /// The cause as an available presence with a request to enter.
    pub(crate) fn entry(&self) -> Option<&Element> {
        let cause = self.cause.as_ref()?;
        let x = cause.stanza.get_child("x", ns::MUC);
        x.filter(|_| cause.kind == Kind::Presence(PresenceType::Available))
    }

    /// Whether the cause is a message to everybody.
    pub(crate) fn is_groupchat(&self) -> bool {
        self.cause
            .as_ref()
            .is_some_and(|c| c.kind == Kind::Message(MessageType::Groupchat) && !c.to.is_full())
    }

    /// The payload of an IQ of type set in `namespace` to the room itself.
    pub(crate) fn set_of(&self, namespace: &str) -> Option<&Element> {
        let cause = self.cause.as_ref().filter(|c| !c.to.is_full())?;
        let set = cause.stanza.name() == "iq" && cause.stanza.attr("type") == Some("set");
        cause.payload().filter(|p| set && p.name() == "query" && p.has_ns(namespace))
    }

    /// Whether the cause asks for the owner's form.
    pub(crate) fn asks_for_the_form(&self) -> bool {
        let asked = self.cause.as_ref().filter(|c| c.kind == Kind::Iq(IqType::Get) && !c.to.is_full());
        asked.and_then(|c| c.payload()).is_some_and(|p| p.is("query", ns::MUC_OWNER))
    }

    /// An owner's form in the cause that makes a room where there is none.
    pub(crate) fn making(&self) -> Option<&Element> {
        let query = self.set_of(ns::MUC_OWNER).filter(|q| !q.has_child("destroy", ns::MUC_OWNER))?;
        let x = query.get_child("x", ns::DATA).filter(|x| x.attr("type") == Some("submit"))?;
        let form_type = x.children().find(|f| f.attr("var") == Some("FORM_TYPE"));
        let other = form_type
            .and_then(|f| f.children().next())
            .is_some_and(|value| value.text() != ns::MUC_ROOMCONFIG);
        Some(x).filter(|_| !self.before.exists() && !other)
    }

    /// The item in the cause that a mediated invitation or its refusal is.
    pub(crate) fn mediated(&self, name: &str) -> Vec<&Element> {
        let x = self.stanza().and_then(|s| s.get_child("x", ns::MUC_USER));
        x.iter().flat_map(|x| x.children()).filter(|c| c.is(name, ns::MUC_USER)).collect()
    }
}
