//! A stanza from the server, as everything behind the stream sees it. What makes one of an element: [`super::parse`].

use minidom::Element;

use super::build::{Build, el, lang, set_lang};
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

    /// The condition of an error (RFC 6120 §8.3.2).
    pub fn condition(&self) -> Option<&str> {
        condition(self.stanza.get_child("error", ns::CLIENT)?)
    }

    /// A stanza that tells that an account is gone, without what is not needed for it where it is large: of what is said on
    /// leaving, or of an error, no more than `bytes_max` is left. Others stay as they are.
    pub fn shortened(self, bytes_max: usize) -> Self {
        let told = match self.kind {
            Kind::Presence(PresenceType::Unavailable) => "status",
            Kind::Presence(PresenceType::Error) | Kind::Message(MessageType::Error) => "error",
            _ => return self,
        };
        if self.size <= bytes_max {
            return self;
        }
        let mut short = el(self.stanza.name(), ns::CLIENT);
        for name in ["from", "to", "type"] {
            short = short.with_opt(name, self.stanza.attr(name));
        }
        let mut left = bytes_max;
        for child in self.stanza.children().filter(|child| child.is(told, ns::CLIENT)) {
            if let Some(rest) = left.checked_sub(size::of(child)) {
                left = rest;
                short.append_child(child.clone());
            } else if told == "error" {
                let condition = condition(child).map(|name| el(name, ns::STANZA_ERRORS));
                let error = el("error", ns::CLIENT).with_opt("type", child.attr("type")).child_opt(condition);
                // Names and values may be long as well.
                if let Some(rest) = left.checked_sub(size::of(&error)) {
                    left = rest;
                    short.append_child(error);
                }
                break;
            }
        }
        short = short.with_opt("id", Some(self.id()).filter(|id| !id.is_empty() && id.len() <= ID_BYTES_MAX));
        if let Some(lang) = lang(&self.stanza).filter(|lang| lang.len() <= left) {
            set_lang(&mut short, lang);
        }
        Self { size: size::of(&short), stanza: short, ..self }
    }

    /// Whether a full queue may turn it away: what tells that an account is gone never is.
    pub fn is_refusable(&self) -> bool {
        self.may_be_answered() && self.kind != Kind::Presence(PresenceType::Unavailable)
    }
}

/// The condition in an `<error/>`, which need not come before the text.
fn condition(error: &Element) -> Option<&str> {
    error.children().find(|c| c.has_ns(ns::STANZA_ERRORS) && c.name() != "text").map(Element::name)
}

#[cfg(test)]
mod tests {
    use super::*;

    // 45-7.14-a, 45-14.6-a
    #[test]
    fn of_what_tells_that_an_account_is_gone_no_more_is_kept_than_is_needed() {
        let short = |type_: &str, inside: &str| {
            let (name, type_) = type_.split_once(' ').expect("a name and a type");
            let xml = format!(
                "<{name} xmlns='jabber:client' type='{type_}' id='i' from='a@b/c' to='r@m/n' xml:lang='en'>{inside}</{name}>"
            );
            let inbound = Inbound::parse(xml.parse().expect("xml")).expect("a stanza");
            let kind = inbound.kind;
            let short = inbound.shortened(4000);
            assert_eq!((short.kind, short.id(), short.size), (kind, "i", size::of(&short.stanza)));
            assert_eq!(lang(&short.stanza), Some("en"));
            short
        };
        let many = "<a b=''/>".repeat(3000);
        let gone = short("presence unavailable", &format!("<x xmlns='u'>{many}</x><status>bye</status>"));
        assert!(gone.size < 5000, "{}", gone.size);
        assert_eq!(gone.stanza.children().map(Element::text).collect::<Vec<_>>(), ["bye"]);
        assert!(
            short("presence unavailable", &format!("<status>{many}</status>"))
                .stanza
                .children()
                .next()
                .is_none()
        );
        for kind in ["presence error", "message error"] {
            let condition = "<gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>";
            let error = short(kind, &format!("<body>{many}</body><error type='cancel'>{condition}</error>"));
            assert!(error.size < 5000, "{}", error.size);
            let large = short(kind, &format!("<error type='cancel'>{condition}{many}</error>"));
            let text = "<text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>t</text>";
            let after = short(kind, &format!("<error type='cancel'>{text}{many}{condition}</error>"));
            let long = "a".repeat(6000);
            for inside in [
                format!("<error type='{long}'>{condition}</error>"),
                format!("<error type='cancel'><{long} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"),
            ] {
                assert!(short(kind, &inside).size < 5000);
            }
            for error in [error, large, after] {
                let error = error.stanza.get_child("error", ns::CLIENT).expect("the error").clone();
                assert_eq!(error.attr("type"), Some("cancel"));
                assert!(error.has_child("gone", ns::STANZA_ERRORS));
            }
        }
        // What is small stays as it is, and so does all else.
        assert!(short("presence unavailable", "<x xmlns='u'/>").stanza.has_child("x", "u"));
        assert!(short("message groupchat", &format!("<x xmlns='u'>{many}</x>")).size > 100_000);
    }
}
