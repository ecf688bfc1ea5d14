//! Elements out of words: stanzas, `muc#user` items, status codes, delays.

use jiff::Timestamp;
use minidom::Element;
use rxml::{Namespace, NcName};

use super::jid::{BareJid, Jid};
use super::muc::Status;
use super::ns;

/// An empty element.
pub fn el(name: &str, namespace: &str) -> Element {
    Element::bare(name, namespace)
}

/// Words to set up an element in one expression.
pub trait Build: Sized {
    /// Sets an attribute without a namespace. `name` is one of our own literals.
    fn with(self, name: &str, value: &str) -> Self;
    /// Sets an attribute if there is a value.
    fn with_opt(self, name: &str, value: Option<&str>) -> Self;
    /// Appends a child.
    fn child(self, child: Element) -> Self;
    /// Appends a child if there is one.
    fn child_opt(self, child: Option<Element>) -> Self;
    /// Appends text.
    fn text_node(self, text: &str) -> Self;
}

impl Build for Element {
    fn with(mut self, name: &str, value: &str) -> Self {
        set_attr(&mut self, name, value);
        self
    }

    fn with_opt(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    fn child(mut self, child: Element) -> Self {
        self.append_child(child);
        self
    }

    fn child_opt(self, child: Option<Element>) -> Self {
        match child {
            Some(child) => self.child(child),
            None => self,
        }
    }

    fn text_node(mut self, text: &str) -> Self {
        self.append_text_node(text);
        self
    }
}

/// Sets or replaces an attribute without a namespace.
pub fn set_attr(element: &mut Element, name: &str, value: &str) {
    let name = NcName::try_from(name).expect("attribute names are our own literals");
    element.attrs_mut().insert(Namespace::NONE, name, value.to_owned());
}

/// Removes an attribute without a namespace.
pub fn remove_attr(element: &mut Element, name: &str) {
    element.attrs_mut().remove(&Namespace::NONE, name);
}

/// Sets `xml:lang`.
pub fn set_lang(element: &mut Element, lang: &str) {
    let name = NcName::try_from("lang").expect("a literal name");
    element.attrs_mut().insert(Namespace::xml().clone(), name, lang.to_owned());
}

/// The element's own `xml:lang`.
pub fn lang(element: &Element) -> Option<&str> {
    element.attr_ns(ns::XML, "lang")
}

/// A presence stanza without children.
pub fn presence(from: &Jid, type_: Option<&str>, id: &str) -> Element {
    el("presence", ns::CLIENT).with_opt("type", type_).with("id", id).with("from", from.as_str())
}

/// A message stanza without children; no type means normal.
pub fn message(from: &Jid, type_: Option<&str>, id: &str) -> Element {
    el("message", ns::CLIENT).with_opt("type", type_).with("id", id).with("from", from.as_str())
}

/// An IQ result with an optional payload; `to` is spliced in later.
pub fn iq_result(from: &Jid, id: &str, payload: Option<Element>) -> Element {
    el("iq", ns::CLIENT).with("type", "result").with("id", id).with("from", from.as_str()).child_opt(payload)
}

/// `<x xmlns='…muc#user'/>` in the order that strict readers expect: codes, destroy, items, then 110.
pub fn muc_user(
    codes: &[Status],
    destroy: Option<Element>,
    items: impl IntoIterator<Item = Element>,
    own: bool,
) -> Element {
    let mut x = el("x", ns::MUC_USER);
    for code in codes {
        x.append_child(Element::from(code.clone()));
    }
    let mut x = items.into_iter().fold(x.child_opt(destroy), Build::child);
    if own {
        x.append_child(Element::from(Status::SelfPresence));
    }
    x
}

/// `<delay/>` stamped by the room (XEP-0203).
pub fn delay(room: &BareJid, at: Timestamp) -> Element {
    el("delay", ns::DELAY).with("from", room.as_str()).with("stamp", &stamp(at))
}

/// A moment in the form of XEP-0082: UTC, milliseconds.
pub fn stamp(at: Timestamp) -> String {
    format!("{at:.3}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_is_utc_with_milliseconds() {
        // 082-1
        let at: Timestamp = "2026-03-01T10:00:00.1234+01:00".parse().expect("a date");
        assert_eq!(stamp(at), "2026-03-01T09:00:00.123Z");
    }

    #[test]
    fn codes_come_first_and_110_last() {
        let item = el("item", ns::MUC_USER).with("role", "none");
        let x = muc_user(&[Status::Banned], None, Some(item), true);
        let order: Vec<_> = x.children().map(|c| c.attr("code").unwrap_or("item").to_owned()).collect();
        assert_eq!(order, ["301", "item", "110"]);
    }
}
