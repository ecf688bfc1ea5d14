//! What passes from a client through the room to others, and what does not (XEP-0045 §17.2, §17.3).

use minidom::Element;

use super::occupant_id;
use crate::room::Room;
use crate::room::cx::Cx;
use crate::room::roster::{Occupant, Said};
use crate::wire::build::{Build, lang, message, set_lang};
use crate::wire::inbound::Inbound;
use crate::wire::jid::{BareJid, Jid};
use crate::wire::ns;

/// What of a client's stanza may be shown to others: not what only the room may say (45-17.3-f), and of the
/// standard's own children only those that the standard allows.
pub(super) fn clean(stanza: &Element, room: &BareJid) -> Said {
    let children = stanza
        .children()
        .filter(|c| !only_the_room_says(c, room))
        .filter(|c| match c.name() {
            "show" if c.has_ns(ns::CLIENT) => matches!(c.text().as_str(), "away" | "chat" | "dnd" | "xa"),
            _ => true,
        })
        .cloned()
        .collect();
    Said { lang: lang(stanza).map(str::to_owned), children }
}

/// Whether a message says no more than that its sender types or has stopped (XEP-0085).
pub(super) fn is_chat_state(stanza: &Element) -> bool {
    let beside = |c: &Element| c.is("thread", ns::CLIENT) || c.has_ns(ns::HINTS) || c.has_ns(ns::SID);
    let is_state = |c: &Element| c.has_ns(ns::CHAT_STATES);
    stanza.children().any(is_state) && stanza.children().all(|c| is_state(c) || beside(c))
}

/// Whether a child of a client's stanza claims something that only the room may claim.
pub(super) fn only_the_room_says(child: &Element, room: &BareJid) -> bool {
    let of_this_room = |attribute| {
        let claimed = child.attr(attribute).and_then(|jid| Jid::prepare(jid).ok());
        claimed.is_some_and(|jid| jid.to_bare() == *room)
    };
    match child.ns().as_str() {
        ns::MUC | ns::MUC_USER => child.name() == "x",
        ns::DELAY | ns::DELAY_0 => of_this_room("from"),
        // A result of the archive comes from the room's address, which many clients compare without the nick.
        ns::MAM => matches!(child.name(), "result" | "fin"),
        ns::MAV => true,
        ns::SID => child.name() == "stanza-id" && of_this_room("by"),
        ns::OCCUPANT_ID | ns::HATS | ns::MODERATE | ns::MODERATE_0 => true,
        // Tombstones are the archive's; a retraction that claims to be a moderator's is none of anybody's (425-6).
        ns::RETRACT | ns::RETRACT_0 | ns::FASTEN => child.name() == "retracted" || claims_moderation(child),
        _ => false,
    }
}

/// Whether an element says somewhere inside that a moderator has acted, or stands for what was retracted.
fn claims_moderation(element: &Element) -> bool {
    element.children().any(|c| {
        let ns = c.ns();
        let moderated = ns == ns::MODERATE || ns == ns::MODERATE_0;
        let retracted = c.name() == "retracted" && (ns == ns::RETRACT || ns == ns::RETRACT_0);
        moderated || retracted || claims_moderation(c)
    })
}

/// A message as others get it: from the occupant, with the client's id and `xml:lang`, everything in it but what only
/// the room may say, and the occupant's id.
pub(super) fn passed_on(
    room: &Room,
    speaker: &Occupant,
    type_: Option<&str>,
    inbound: &Inbound,
    cx: &mut Cx<'_>,
) -> Element {
    let mut copy = message(&room.occupant_jid(&speaker.nick), type_, &cx.id_of(inbound));
    if let Some(lang) = lang(&inbound.stanza) {
        set_lang(&mut copy, lang);
    }
    for child in inbound.stanza.children().filter(|c| !only_the_room_says(c, &room.jid)) {
        copy.append_child(child.clone());
    }
    copy.child(occupant_id::element(&speaker.id))
}
