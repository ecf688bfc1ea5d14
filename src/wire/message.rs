//! What a message is by what stands in it (RFC 6121 §5.2; XEP-0045 §8.1, XEP-0085, XEP-0334).

use minidom::Element;

use super::build::lang;
use super::ns;

/// Whether a message changes the subject: it has one, and neither body nor thread (45-8.1-b).
pub(crate) fn changes_subject(stanza: &Element) -> bool {
    let has = |name| stanza.has_child(name, ns::CLIENT);
    has("subject") && !has("body") && !has("thread")
}

/// The texts of a subject by language.
pub(crate) fn subjects(message: &Element) -> Vec<(String, String)> {
    let subjects = message.children().filter(|c| c.is("subject", ns::CLIENT));
    subjects.map(|c| (lang(c).unwrap_or_default().to_owned(), c.text())).collect()
}

/// Whether a message shows nothing that others could mean: that its sender types, has stopped, or has read something.
/// Clients take the last id that they saw for a place in the archive, so what is said all the time and kept nowhere has
/// none.
pub(crate) fn is_silent(message: &Element) -> bool {
    let shows_nothing = |child: &Element| match child.ns().as_str() {
        ns::CLIENT => child.name() == "thread",
        ns::CHAT_STATES => {
            matches!(child.name(), "active" | "composing" | "paused" | "inactive" | "gone")
        }
        ns::MARKERS => matches!(child.name(), "markable" | "received" | "displayed" | "acknowledged"),
        ns::RECEIPTS => matches!(child.name(), "request" | "received"),
        ns::HINTS => matches!(child.name(), "no-permanent-store" | "no-store" | "no-copy" | "store"),
        ns::SID => matches!(child.name(), "stanza-id" | "origin-id"),
        // Only the room has put it there.
        ns::OCCUPANT_ID => true,
        _ => false,
    };
    // Beside what only says how a message is handled there is something to keep.
    let is_something =
        |child: &Element| ![ns::CLIENT, ns::HINTS, ns::SID, ns::OCCUPANT_ID].contains(&child.ns().as_str());
    message.children().all(shows_nothing)
        && !(asks_to_be_kept(message) && message.children().any(is_something))
}

/// Whether its sender wants a message to be kept whatever it says (XEP-0334). Who asks for both wants it not to be.
pub(crate) fn asks_to_be_kept(message: &Element) -> bool {
    message.has_child("store", ns::HINTS) && !asks_to_be_dropped(message)
}

pub(crate) fn asks_to_be_dropped(message: &Element) -> bool {
    ["no-store", "no-permanent-store"].iter().any(|hint| message.has_child(*hint, ns::HINTS))
}

/// Whether a message is one to be read: it has text, or something in its place that clients show.
pub(crate) fn is_spoken(message: &Element) -> bool {
    message.children().any(|child| match child.ns().as_str() {
        ns::XHTML => child.name() == "html",
        ns::OOB => child.name() == "x",
        ns::FILES => child.name() == "file-sharing",
        // Clients show nothing of it.
        ns::CLIENT if child.text().trim().is_empty() => false,
        _ => speaks(child),
    })
}

/// Whether this is the text of a message, in clear or encrypted end to end, in an old way or a new one.
pub(crate) fn speaks(child: &Element) -> bool {
    match child.ns().as_str() {
        ns::CLIENT => child.name() == "body",
        "eu.siacs.conversations.axolotl" => child.has_child("payload", child.ns().as_str()),
        "urn:xmpp:omemo:2" | "urn:xmpp:openpgp:0" | "jabber:x:encrypted" => true,
        _ => false,
    }
}

/// Whether a message says no more than that its sender types or has stopped (XEP-0085).
pub(crate) fn is_chat_state(stanza: &Element) -> bool {
    let beside = |c: &Element| c.is("thread", ns::CLIENT) || c.has_ns(ns::HINTS) || c.has_ns(ns::SID);
    let is_state = |c: &Element| c.has_ns(ns::CHAT_STATES);
    stanza.children().any(is_state) && stanza.children().all(|c| is_state(c) || beside(c))
}
