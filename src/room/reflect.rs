//! What passes from a client through the room to others, and what does not (XEP-0045 §17.2, §17.3).

use minidom::Element;

use crate::room::context::Context;
use crate::room::roster::{Occupant, Said};
use crate::room::{Room, occupant_id};
use crate::wire::build::{Build, lang, message, set_lang};
use crate::wire::inbound::Inbound;
use crate::wire::jid::{BareJid, Jid};
use crate::wire::{ns, size};

/// What of a client's stanza may be shown to others: not what only the room may say (45-17.3-f), and of the
/// standard's own children only those that the standard allows.
fn shown<'a>(stanza: &'a Element, room: &'a BareJid) -> impl Iterator<Item = &'a Element> {
    stanza.children().filter(|c| !only_the_room_says(c, room)).filter(|c| match c.name() {
        "show" if c.has_ns(ns::CLIENT) => matches!(c.text().as_str(), "away" | "chat" | "dnd" | "xa"),
        _ => true,
    })
}

/// The same, as it is kept.
pub(crate) fn clean(stanza: &Element, room: &BareJid) -> Said {
    Said::new(lang(stanza), shown(stanza, room))
}

/// How big it is, by the measure of [`size`].
pub(crate) fn size_of_clean(stanza: &Element, room: &BareJid) -> usize {
    lang(stanza).map_or(0, str::len) + size::of_all(shown(stanza, room))
}

/// What the standard has in messages and presences (RFC 6121 §4.7, §5.2; RFC 6120 §8.3).
const STANDARD: [&str; 7] = ["body", "subject", "thread", "error", "show", "status", "priority"];

/// Whether a child of a client's stanza claims something that only the room may claim.
pub(crate) fn only_the_room_says(child: &Element, room: &BareJid) -> bool {
    claims(child, room) || !child.is("forwarded", ns::FORWARD) && claims_inside(child)
}

/// Whether it does so itself.
fn claims(child: &Element, room: &BareJid) -> bool {
    let claimed = |attribute| child.attr(attribute).map(Claimed::read);
    match child.ns().as_str() {
        // Many clients look at the name alone, others at the namespace alone. So the standard's own words stand in no other
        // namespace, and what is the room's has no other name.
        ns::CLIENT => false,
        _ if STANDARD.contains(&child.name()) => true,
        ns::MUC | ns::MUC_USER | ns::MUC_ADMIN | ns::MUC_OWNER => true,
        ns::DELAY | ns::DELAY_0 => claimed("from").is_some_and(|from| from.domain == room.domain()),
        // A result of an archive, and a copy of what another client heard, come from an account's own address or from
        // that of a room, which many clients compare without the nick.
        mam if mam.starts_with(ns::MAM_ANY) => true,
        carbons if carbons.starts_with(ns::CARBONS_ANY) => child.name() != "private",
        // What an account published, and what is said in a channel, come from bare addresses just so.
        ns::PUBSUB_EVENT => true,
        mix if mix.starts_with(ns::MIX_ANY) => true,
        ns::MAV | ns::MENTIONS | ns::PRIVILEGE | ns::DELEGATION => true,
        ns::SID => child.name() == "stanza-id" && claimed("by").is_none_or(|by| by.is_of(room)),
        // The room's own forms (45-7.13, 45-8.6): clients answer them without looking who sent them.
        ns::DATA => is_of_room(child),
        ns::OCCUPANT_ID | ns::HATS | ns::MODERATE | ns::MODERATE_0 => true,
        // The real address of an author, as history may have it (45-7.2.14).
        ns::ADDRESS => child.children().any(|address| address.attr("type") == Some("ofrom")),
        // Tombstones are the archive's; a retraction that claims to be a moderator's is none of anybody's (425-6).
        ns::RETRACT | ns::RETRACT_0 | ns::FASTEN => child.name() == "retracted" || claims_moderation(child),
        _ => false,
    }
}

/// Whether a form is one that the room alone sends.
fn is_of_room(form: &Element) -> bool {
    let types = form.children().filter(|field| field.attr("var") == Some("FORM_TYPE"));
    types.flat_map(Element::children).any(|value| {
        matches!(value.text().trim(), ns::MUC_REQUEST | ns::MUC_REGISTER | ns::MUC_ROOMCONFIG | ns::CAPTCHA)
    })
}

/// Whether an element that means something else has the room's words inside it: some clients look for them at any depth. What
/// was forwarded is another stanza.
fn claims_inside(element: &Element) -> bool {
    let is_claim = |c: &Element| c.has_ns(ns::MUC_USER) || c.is("retracted", ns::RETRACT);
    let inside = |c: &Element| !c.is("forwarded", ns::FORWARD) && (is_claim(c) || claims_inside(c));
    element.children().any(inside)
}

/// An address that a client's stanza names, as somebody reads it who is not particular: `room@service/`, which is no
/// address, is the room to them.
struct Claimed {
    local: Option<String>,
    domain: String,
}

impl Claimed {
    fn read(text: &str) -> Self {
        let bare = text.split('/').next().unwrap_or_default().trim();
        let (local, domain) = match Jid::prepare(bare) {
            Ok(jid) => (jid.local().map(str::to_owned), jid.domain().to_owned()),
            Err(_) => match bare.rsplit_once('@') {
                Some((local, domain)) => (Some(local.to_lowercase()), domain.to_lowercase()),
                None => (None, bare.to_lowercase()),
            },
        };
        let domain = domain.trim().trim_end_matches('.').to_owned();
        Self { local: local.filter(|local| !local.is_empty()), domain }
    }

    /// Whether it is the room, an occupant of it, or the service.
    fn is_of(&self, room: &BareJid) -> bool {
        self.domain == room.domain() && (self.local.is_none() || self.local.as_deref() == room.local())
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

/// Whether a child belongs to a stream of bytes between two clients (XEP-0047). Said to all, it would have each client answer
/// with an error.
fn is_of_a_stream(child: &Element) -> bool {
    child.has_ns(ns::IBB)
}

/// A message as others get it: from the occupant, with the client's id and `xml:lang`, everything in it but what only
/// the room may say, and the occupant's id.
pub(crate) fn passed_on(
    room: &Room,
    speaker: &Occupant,
    type_: Option<&str>,
    inbound: &Inbound,
    cx: &mut Context<'_>,
) -> Element {
    let mut copy = message(&room.occupant_jid(&speaker.nick), type_, &cx.id_of(inbound));
    if let Some(lang) = lang(&inbound.stanza) {
        set_lang(&mut copy, lang);
    }
    let is_for_one = |c: &Element| type_ == Some("groupchat") && is_of_a_stream(c);
    let passes = |c: &&Element| !only_the_room_says(c, &room.jid) && !is_for_one(c);
    for child in inbound.stanza.children().filter(passes) {
        copy.append_child(child.clone());
    }
    copy.child(occupant_id::element(&speaker.id))
}
