//! Refusals: the only maker of error stanzas (RFC 6120 §8.3).

use minidom::Element;
use xmpp_parsers::stanza_error::{DefinedCondition, ErrorType};

use super::build::{Build, el, iq_result, set_lang};
use super::command::Retry;
use super::inbound::{Inbound, Kind};
use super::ns;
use crate::words::{Lang, Words};

/// Why a peer's stanza is not acted upon. The peer is at fault, or has to wait.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// What kind of remedy there is.
    pub type_: ErrorType,
    /// What went wrong.
    pub condition: DefinedCondition,
    /// For people.
    pub text: Words,
    /// The condition that another specification has for it (RFC 6120 §8.3.4).
    pub application: Option<Box<Element>>,
    /// The form that is to be filled in otherwise: it is the answer instead of an error.
    pub retry: Option<Box<Retry>>,
}

macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident => $type_:ident, $condition:ident;)*) => {
        impl Refusal {$(
            $(#[$doc])*
            pub fn $name(text: impl Into<Words>) -> Self {
                let (type_, condition) = (ErrorType::$type_, DefinedCondition::$condition);
                Self { type_, condition, text: text.into(), application: None, retry: None }
            }
        )*}

        /// One of each kind.
        #[cfg(test)]
        fn each() -> impl Iterator<Item = Refusal> {
            [$(Refusal::$name(&crate::words::NICK_TAKEN)),*].into_iter()
        }
    };
}

refusals! {
    /// The stanza itself is wrong.
    bad_request => Modify, BadRequest;
    /// Somebody or something else is in the way.
    conflict => Cancel, Conflict;
    /// Known to the standard, not to us.
    feature_not_implemented => Cancel, FeatureNotImplemented;
    /// Known to us, but not with these values; others may pass.
    not_implemented_so => Modify, FeatureNotImplemented;
    /// The sender may not do this.
    forbidden => Auth, Forbidden;
    /// There is no such thing.
    item_not_found => Cancel, ItemNotFound;
    /// The address is not one that can be used.
    jid_malformed => Modify, JidMalformed;
    /// A value is against the rules; another value may pass.
    not_acceptable => Modify, NotAcceptable;
    /// The sender is not in the room, or a rule of the room's forbids this whatever the value.
    not_acceptable_here => Cancel, NotAcceptable;
    /// Nobody, or not the sender, may do this to that target.
    not_allowed => Cancel, NotAllowed;
    /// A password is needed.
    not_authorized => Auth, NotAuthorized;
    /// Too large or too many.
    policy_violation => Modify, PolicyViolation;
    /// Too often; the same will do later. Never `not-acceptable`, which tells clients that they are not in the room.
    too_soon => Wait, PolicyViolation;
    /// Only members enter.
    registration_required => Auth, RegistrationRequired;
    /// Too busy; try again.
    resource_constraint => Wait, ResourceConstraint;
    /// There is a bound on how many the sender may have; to wait is of no use.
    too_many => Cancel, ResourceConstraint;
    /// Nobody here speaks this.
    service_unavailable => Cancel, ServiceUnavailable;
    /// The room is full; try again.
    room_full => Wait, ServiceUnavailable;
    /// The other side did not answer.
    remote_server_timeout => Wait, RemoteServerTimeout;
    /// We failed; try again. `wait`, because clients forget rooms that fail for good.
    internal_server_error => Wait, InternalServerError;
}

impl Refusal {
    /// The same, with the condition that another specification has for it.
    pub fn because(self, condition: &'static str, namespace: &'static str) -> Self {
        self.because_of(el(condition, namespace))
    }

    /// The same, with a condition that says more than its name.
    pub fn because_of(self, condition: Element) -> Self {
        Self { application: Some(Box::new(condition)), ..self }
    }

    /// The same, where a request is answered with a form once more instead of an error.
    pub fn with_retry(self, retry: Option<Retry>) -> Self {
        Self { retry: retry.map(Box::new), ..self }
    }

    /// The error stanza for `inbound`, in its language or else in `lang`; `None` if that may not be answered, or says that
    /// an occupant is gone.
    ///
    /// Addresses are swapped and the id kept; a presence echoes the join request, a message its payload
    /// (XEP-0045 1.25 and later).
    pub fn answer(&self, inbound: &Inbound, lang: Lang<'_>) -> Option<Element> {
        if !inbound.is_refusable() {
            return None;
        }
        if let Some(retry) = &self.retry {
            let payload = retry.element(&self.text, lang.of(&inbound.stanza));
            let answer = iq_result(&inbound.to, inbound.id(), Some(payload));
            return Some(answer.with("to", inbound.from.as_str()));
        }
        let mut stanza = el(inbound.stanza.name(), ns::CLIENT)
            .with("type", "error")
            .with_opt("id", inbound.stanza.attr("id"))
            .with("from", inbound.to.as_str())
            .with("to", inbound.from.as_str());
        match inbound.kind {
            Kind::Presence(_) => {
                if inbound.stanza.has_child("x", ns::MUC) {
                    stanza.append_child(el("x", ns::MUC));
                }
            }
            Kind::Message(_) => {
                for child in inbound.stanza.children().filter(|c| !c.is("error", ns::CLIENT)) {
                    stanza.append_child(child.clone());
                }
            }
            Kind::Iq(_) => {}
        }
        stanza.append_child(self.error(inbound, lang));
        Some(stanza)
    }

    /// The same as a message beside the stanza that asked, which is granted in all else (XEP-0463 §5.2.3).
    pub fn aside(&self, inbound: &Inbound, id: &str, lang: Lang<'_>) -> Element {
        el("message", ns::CLIENT)
            .with("type", "error")
            .with("id", id)
            .with("from", inbound.to.bare_str())
            .with("to", inbound.from.as_str())
            .child(self.error(inbound, lang))
    }

    /// Written by hand: most of a flood is refused, and what xmpp-parsers makes of its own types takes longer than all else.
    fn error(&self, inbound: &Inbound, lang: Lang<'_>) -> Element {
        let lang = lang.of(&inbound.stanza);
        let mut text = el("text", ns::STANZA_ERRORS).text_node(&lang.words(&self.text));
        set_lang(&mut text, lang.tag_of(&self.text));
        el("error", ns::CLIENT)
            .with("by", inbound.to.bare_str())
            .with("type", remedy(&self.type_))
            .child(el(name(&self.condition), ns::STANZA_ERRORS))
            .child(text)
            .child_opt(self.application.as_deref().cloned())
    }
}

fn remedy(type_: &ErrorType) -> &'static str {
    match type_ {
        ErrorType::Auth => "auth",
        ErrorType::Cancel => "cancel",
        ErrorType::Continue => "continue",
        ErrorType::Modify => "modify",
        ErrorType::Wait => "wait",
    }
}

fn name(condition: &DefinedCondition) -> &'static str {
    match condition {
        DefinedCondition::BadRequest => "bad-request",
        DefinedCondition::Conflict => "conflict",
        DefinedCondition::FeatureNotImplemented => "feature-not-implemented",
        DefinedCondition::Forbidden => "forbidden",
        DefinedCondition::Gone { .. } => "gone",
        DefinedCondition::InternalServerError => "internal-server-error",
        DefinedCondition::ItemNotFound => "item-not-found",
        DefinedCondition::JidMalformed => "jid-malformed",
        DefinedCondition::NotAcceptable => "not-acceptable",
        DefinedCondition::NotAllowed => "not-allowed",
        DefinedCondition::NotAuthorized => "not-authorized",
        DefinedCondition::PolicyViolation => "policy-violation",
        DefinedCondition::RecipientUnavailable => "recipient-unavailable",
        DefinedCondition::Redirect { .. } => "redirect",
        DefinedCondition::RegistrationRequired => "registration-required",
        DefinedCondition::RemoteServerNotFound => "remote-server-not-found",
        DefinedCondition::RemoteServerTimeout => "remote-server-timeout",
        DefinedCondition::ResourceConstraint => "resource-constraint",
        DefinedCondition::ServiceUnavailable => "service-unavailable",
        DefinedCondition::SubscriptionRequired => "subscription-required",
        DefinedCondition::UndefinedCondition => "undefined-condition",
        DefinedCondition::UnexpectedRequest => "unexpected-request",
    }
}

#[cfg(test)]
mod tests {
    use xmpp_parsers::stanza_error::StanzaError;

    use super::*;

    #[test]
    fn an_error_is_what_the_library_makes_of_its_condition() {
        // 45-G-a
        let inbound =
            "<iq xmlns='jabber:client' type='get' id='1' from='a@b/c' to='r@s/n'><x xmlns='u'/></iq>";
        let inbound = Inbound::parse(inbound.parse().expect("test xml")).expect("a stanza");
        for refusal in each().chain(each().map(|refusal| refusal.because("why", "urn:w"))) {
            let (type_, condition) = (refusal.type_.clone(), refusal.condition.clone());
            let mut error = StanzaError::new(type_, condition, "en", refusal.text.to_string());
            error.other = refusal.application.as_deref().cloned();
            assert_eq!(refusal.error(&inbound, Lang::english()), Element::from(error).with("by", "r@s"));
        }
    }

    fn answer(xml: &str) -> Option<String> {
        let inbound = Inbound::parse(xml.parse().expect("test xml")).expect("a stanza");
        Refusal::conflict(&crate::words::NO_ANSWER)
            .answer(&inbound, Lang::english())
            .map(|e| super::super::encode::element(&e))
    }

    #[test]
    fn a_join_error_swaps_addresses_and_echoes_the_request_and_the_id() {
        // 45-G-a, 45-G-b
        let out = answer("<presence xmlns='jabber:client' id='j' from='a@b/c' to='r@s/n'><x xmlns='http://jabber.org/protocol/muc'><password>p</password></x></presence>").expect("an error");
        assert_eq!(
            out,
            "<presence from='r@s/n' id='j' to='a@b/c' type='error'><x xmlns='http://jabber.org/protocol/muc'/>\
             <error by='r@s' type='cancel'><conflict xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>\
             <text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas' xml:lang='en'>There was no answer.</text></error></presence>"
        );
    }

    #[test]
    fn a_message_error_echoes_the_payload() {
        // 45-G-c
        let out = answer("<message xmlns='jabber:client' from='a@b/c' to='r@s'><body>hi</body></message>")
            .expect("an error");
        assert!(out.contains("<body>hi</body><error"), "{out}");
    }

    #[test]
    fn an_error_is_never_answered() {
        // 45-G-f
        for xml in [
            "<message xmlns='jabber:client' type='error' from='a@b/c' to='r@s'/>",
            "<presence xmlns='jabber:client' type='error' from='a@b/c' to='r@s'/>",
            "<iq xmlns='jabber:client' type='error' id='1' from='a@b/c' to='r@s'/>",
            "<iq xmlns='jabber:client' type='result' id='1' from='a@b/c' to='r@s'/>",
        ] {
            assert_eq!(answer(xml), None, "{xml}");
        }
    }
}
