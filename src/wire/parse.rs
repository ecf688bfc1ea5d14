//! Parse, don't validate: an element becomes an [`Inbound`] once, and nothing behind it looks at types again.
//!
//! Reading is lenient: payloads that the service does not know stay in the element untouched.

use minidom::Element;

use super::inbound::{Inbound, IqType, Kind, MessageType, PresenceType};
use super::jid::{Jid, Profile};
use super::refusal::Refusal;
use super::{ns, size};
use crate::words::{self, Lang};

/// Why an element is no stanza that can be handled.
#[derive(Debug)]
pub enum Malformed {
    /// There is no address to answer: not a stanza, or an address is missing or unreadable.
    Silent(&'static str),
    /// The sender gets this error.
    Answer(Box<Element>),
}

impl Inbound {
    /// Reads a stanza whose size is not taken yet, of a host server that keeps to RFC 6122; see [`Self::read`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn parse(stanza: Element) -> Result<Self, Malformed> {
        let size = size::of(&stanza);
        Self::read(stanza, size, Profile::Stringprep, Lang::english())
    }

    /// Reads a stanza of this size; its sender by the profile of the host server. An IQ without an id or with an unknown
    /// type is answered (RFC 6120 §8.2.3), in its language or else in `lang`.
    ///
    /// # Errors
    ///
    /// When it is no stanza, or none that can be handled.
    pub fn read(stanza: Element, size: usize, profile: Profile, lang: Lang<'_>) -> Result<Self, Malformed> {
        if !stanza.has_ns(ns::CLIENT) {
            return Err(Malformed::Silent("not a stanza"));
        }
        let raw = |name| stanza.attr(name).and_then(|text| Jid::parse(text).ok());
        let from = stanza.attr("from").and_then(|text| profile.prepare(text).ok());
        let (Some(from), Some(raw_to)) = (from, raw("to")) else {
            return Err(Malformed::Silent("an address is missing or unreadable"));
        };
        let to = stanza.attr("to").and_then(|text| Jid::prepare(text).ok());
        let type_ = stanza.attr("type");
        let kind = match stanza.name() {
            "presence" => Kind::Presence(match type_ {
                None | Some("") => PresenceType::Available,
                Some("unavailable") => PresenceType::Unavailable,
                Some("error") => PresenceType::Error,
                Some("probe") => PresenceType::Probe,
                Some("subscribe" | "subscribed" | "unsubscribe" | "unsubscribed") => {
                    PresenceType::Subscription
                }
                Some(_) => PresenceType::Unknown,
            }),
            "message" => Kind::Message(match type_ {
                Some("groupchat") => MessageType::Groupchat,
                Some("chat") => MessageType::Chat,
                Some("headline") => MessageType::Headline,
                Some("error") => MessageType::Error,
                _ => MessageType::Normal,
            }),
            "iq" => Kind::Iq(match (type_, stanza.attr("id")) {
                (Some("get"), Some(_)) => IqType::Get,
                (Some("set"), Some(_)) => IqType::Set,
                (Some("result"), _) => IqType::Result,
                (Some("error"), _) => IqType::Error,
                _ => {
                    let inbound = Self { from, to: raw_to, kind: Kind::Iq(IqType::Get), stanza, size };
                    return Err(malformed(inbound, &Refusal::bad_request(&words::IQ_TYPE_AND_ID), lang));
                }
            }),
            _ => return Err(Malformed::Silent("not a stanza")),
        };
        match to {
            Some(to) => Ok(Self { from, to, kind, stanza, size }),
            None => Err(malformed(
                Self { from, to: raw_to, kind, stanza, size },
                &Refusal::jid_malformed(&words::NO_SUCH_ADDRESS),
                lang,
            )),
        }
    }
}

fn malformed(inbound: Inbound, refusal: &Refusal, lang: Lang<'_>) -> Malformed {
    match refusal.answer(&inbound, lang) {
        Some(answer) => Malformed::Answer(Box::new(answer)),
        None => Malformed::Silent("an error to an address that is none"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(xml: &str) -> Result<Inbound, Malformed> {
        Inbound::parse(xml.parse().expect("test xml"))
    }

    #[test]
    fn an_unknown_message_type_is_normal() {
        let inbound =
            parse("<message xmlns='jabber:client' type='foo' from='a@b/c' to='r@s'/>").expect("a stanza");
        assert_eq!(inbound.kind, Kind::Message(MessageType::Normal));
    }

    #[test]
    fn an_unknown_presence_type_is_known_to_be_unknown() {
        let inbound =
            parse("<presence xmlns='jabber:client' type='foo' from='a@b/c' to='r@s'/>").expect("a stanza");
        assert_eq!(inbound.kind, Kind::Presence(PresenceType::Unknown));
    }

    #[test]
    fn an_iq_of_no_type_is_answered() {
        // 45-G-e
        let Err(Malformed::Answer(answer)) =
            parse("<iq xmlns='jabber:client' id='1' from='a@b/c' to='r@s'/>")
        else {
            panic!("an answer is due");
        };
        assert_eq!((answer.attr("type"), answer.attr("to")), (Some("error"), Some("a@b/c")));
    }

    #[test]
    fn an_address_of_which_nothing_is_left_is_refused() {
        // 45-17.1-b
        let Err(Malformed::Answer(answer)) =
            parse("<message xmlns='jabber:client' from='a@b/c' to='\u{ad}@s'><body/></message>")
        else {
            panic!("an answer is due");
        };
        assert_eq!((answer.attr("type"), answer.attr("from")), (Some("error"), Some("\u{ad}@s")));
    }

    #[test]
    fn nothing_is_said_to_someone_without_an_address() {
        assert!(matches!(parse("<message xmlns='jabber:client' to='r@s'/>"), Err(Malformed::Silent(_))));
        assert!(matches!(
            parse("<message xmlns='jabber:client' from='a@b' to='@'/>"),
            Err(Malformed::Silent(_))
        ));
    }
}
