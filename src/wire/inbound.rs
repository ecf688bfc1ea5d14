//! A stanza from the server, as everything behind the stream sees it. What makes one of an element: [`super::parse`].

use minidom::Element;

use super::jid::Jid;
use super::{ns, size};

/// A stanza from the server with its addresses read and its kind known.
#[derive(Clone, Debug)]
pub struct Inbound {
    /// The sender, as the server stamped it.
    pub from: Jid,
    /// The service, a room or an occupant.
    pub to: Jid,
    /// What it is.
    pub kind: Kind,
    /// All of it.
    pub stanza: Element,
    /// Its size as it came, by the measure of [`super::size`].
    pub size: usize,
}

/// Longest id of a stanza to a room, in bytes.
pub const ID_BYTES_MAX: usize = 1024;

/// What a stanza is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A presence.
    Presence(PresenceType),
    /// A message.
    Message(MessageType),
    /// An IQ.
    Iq(IqType),
}

/// Types of presence (RFC 6121 §4.7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum PresenceType {
    Available,
    Unavailable,
    Error,
    Probe,
    /// subscribe, subscribed, unsubscribe, unsubscribed.
    Subscription,
    /// None of the standard's.
    Unknown,
}

/// Types of message (RFC 6121 §5.2.2); an unknown type counts as normal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum MessageType {
    Normal,
    Chat,
    Groupchat,
    Headline,
    Error,
}

/// Types of IQ (RFC 6120 §8.2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum IqType {
    Get,
    Set,
    Result,
    Error,
}

impl Inbound {
    /// A stanza of which all is known but its size.
    pub fn new(from: Jid, to: Jid, kind: Kind, stanza: Element) -> Self {
        let size = size::of(&stanza);
        Self { from, to, kind, stanza, size }
    }

    /// The stanza's id; empty when it has none.
    pub fn id(&self) -> &str {
        self.stanza.attr("id").unwrap_or_default()
    }

    /// The ids that its sender gives it: that of the stanza, the origin id of a message (XEP-0359), and that of a query,
    /// which is in each of its results (XEP-0313).
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        let of_payload = move |c: &'_ Element| match self.kind {
            Kind::Message(_) => c.is("origin-id", ns::SID).then_some("id"),
            Kind::Iq(_) => Some("queryid"),
            Kind::Presence(_) => None,
        };
        let given = self.stanza.children().filter_map(move |c| c.attr(of_payload(c)?));
        std::iter::once(self.id()).chain(given)
    }

    /// The payload of an IQ: its first child that is not an error.
    pub fn payload(&self) -> Option<&Element> {
        self.stanza.children().find(|c| c.name() != "error")
    }

    /// Whether this may be answered at all: an error or a result never is (RFC 6120 §8.3.1).
    pub fn may_be_answered(&self) -> bool {
        !matches!(
            self.kind,
            Kind::Presence(PresenceType::Error)
                | Kind::Message(MessageType::Error)
                | Kind::Iq(IqType::Result | IqType::Error)
        )
    }

    /// Whether a full queue may turn it away: what tells that somebody is gone never is.
    pub fn is_refusable(&self) -> bool {
        self.may_be_answered() && self.kind != Kind::Presence(PresenceType::Unavailable)
    }
}
