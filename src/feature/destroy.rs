//! The end of a room (XEP-0045 §10.9).

use minidom::Element;

use crate::room::Room;
use crate::room::audience::{Item, PresenceUpdate, Sight, sessions};
use crate::room::context::Context;
use crate::room::effect::Effects;
use crate::room::nick::NickKey;
use crate::room::roster::Occupant;
use crate::wire::build::{Build, el};
use crate::wire::encode::{self, Outgoing, Recipients, Template};
use crate::wire::jid::Jid;
use crate::wire::muc::Affiliation;
use crate::wire::muc::Role;
use crate::wire::ns;
use crate::wire::refusal::Refusal;
use crate::words;

/// Reads the owner's `<destroy/>` and copies what may be passed on: the alternate venue, its password, the reason.
pub(crate) fn read(request: &Element, cx: &Context<'_>) -> Result<Element, Refusal> {
    let mut copy = el("destroy", ns::MUC_USER);
    if let Some(venue) = request.attr("jid").filter(|jid| !jid.is_empty()) {
        let venue =
            Jid::prepare(venue).map_err(|e| Refusal::jid_malformed(words::VENUE_WRONG.with([e.words()])))?;
        copy = copy.with("jid", venue.as_str());
    }
    for name in ["password", "reason"] {
        if let Some(child) = request.get_child(name, ns::MUC_OWNER) {
            let text = child.text();
            if text.len() > cx.limits().text_bytes_max {
                return Err(Refusal::policy_violation(words::WORDS_TOO_LONG.with([name])));
            }
            copy.append_child(el(name, ns::MUC_USER).text_node(&text));
        }
    }
    Ok(copy)
}

/// Each occupant gets one presence, about themselves, and the room is no more.
pub(crate) fn destroy(room: &mut Room, word: Option<Element>, cx: &mut Context<'_>, fx: &mut Effects) {
    let word = word.unwrap_or_else(|| el("destroy", ns::MUC_USER));
    for (at, occupant) in room.roster.iter().enumerate() {
        if fx.is_full() {
            let each = encode::element(&word).len() + BESIDE_BYTES;
            tell_later(room.clone(), occupant.nick.key(), word, each * (room.roster.len() - at), cx, fx);
            break;
        }
        fx.send_many(&farewell(room, occupant, &word, &cx.id()), sessions(occupant));
    }
    *room = room.vacated();
}

/// What a farewell is on the wire beside the owner's word, about.
const BESIDE_BYTES: usize = 450;

fn farewell(room: &Room, occupant: &Occupant, word: &Element, id: &str) -> Element {
    let item = Item {
        affiliation: Some(Affiliation::None),
        role: Some(Role::None),
        jid: Some((&occupant.shown().jid).into()),
        ..Item::default()
    };
    let notice =
        PresenceUpdate { destroy: Some(word), ..PresenceUpdate::unavailable(occupant, id, item, &[]) };
    notice.stanza(room, Sight::NONE, true, &[])
}

/// Tells an occupant, who has just left, that the room is no more.
pub(crate) fn bid_farewell(room: &Room, occupant: &Occupant, cx: &mut Context<'_>, fx: &mut Effects) {
    let stanza = farewell(room, occupant, &el("destroy", ns::MUC_USER), &cx.id());
    fx.send_many(&stanza, sessions(occupant));
}

/// Tells those who come from `first` on, in the order of nicks.
fn tell_later(
    room: Room,
    first: &NickKey,
    word: Element,
    bytes: usize,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) {
    let (mut next, mut ids) = (room.roster.by_nick(first).cloned(), cx.ids.fork());
    fx.send_later(bytes, move || {
        let occupant = next.take()?;
        next = room.roster.next_after(Some(occupant.nick.key())).cloned();
        let stanza = Template::new(&farewell(&room, &occupant, &word, &ids.fresh()));
        Some(Outgoing { stanza, to: Recipients::many(sessions(&occupant)) })
    });
}
