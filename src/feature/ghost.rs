//! Sessions that are gone without having said so (XEP-0045 §18.1.2).

use super::leave::depart;
use crate::room::Room;
use crate::room::cx::Cx;
use crate::room::effect::Effects;
use crate::room::roster::Said;
use crate::wire::build::{Build, el};
use crate::wire::inbound::Inbound;
use crate::wire::ns;

/// Conditions by which a server says that nobody is at an address. `service-unavailable` is what RFC 6121 asks for
/// when a full address is gone; the others are XEP-0045's and what servers really send.
const GONE: &[&str] = &[
    "gone",
    "internal-server-error",
    "item-not-found",
    "jid-malformed",
    "recipient-unavailable",
    "redirect",
    "remote-server-not-found",
    "remote-server-timeout",
    "service-unavailable",
];

/// Something that the room sent to a session came back. Only that session goes, with code 333 and without 307:
/// clients that see a bare kick forget the room. An error about an IQ never gets here.
pub(crate) fn bounced(room: &mut Room, inbound: &Inbound, cx: &mut Cx<'_>, fx: &mut Effects) {
    let Some(error) = inbound.stanza.get_child("error", ns::CLIENT) else { return };
    let condition = error.children().find(|c| c.has_ns(ns::STANZA_ERRORS) && c.name() != "text");
    if !condition.is_some_and(|c| GONE.contains(&c.name())) {
        return;
    }
    let status = el("status", ns::CLIENT).text_node("The connection to this client was lost.");
    let said = Said { lang: Some("en".to_owned()), children: vec![status] };
    depart(room, &inbound.from, &said, &[333], cx, fx);
}
