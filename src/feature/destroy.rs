//! The end of a room (XEP-0045 §10.9).

use minidom::Element;

use super::occupant_id;
use crate::room::Room;
use crate::room::audience::{Item, Sight, sessions};
use crate::room::cx::Cx;
use crate::room::effect::Effects;
use crate::room::role::Role;
use crate::room::state::Affiliation;
use crate::wire::build::{Build, el, muc_user, presence};
use crate::wire::jid::Jid;
use crate::wire::ns;
use crate::wire::refusal::Refusal;

/// Reads the owner's `<destroy/>` and copies what may be passed on: the alternate venue, its password, the reason.
pub(super) fn read(request: &Element, cx: &Cx<'_>) -> Result<Element, Refusal> {
    let mut copy = el("destroy", ns::MUC_USER);
    if let Some(venue) = request.attr("jid").filter(|jid| !jid.is_empty()) {
        let venue =
            Jid::prepare(venue).map_err(|e| Refusal::jid_malformed(format!("alternate venue: {e}")))?;
        copy = copy.with("jid", venue.as_str());
    }
    for name in ["password", "reason"] {
        if let Some(child) = request.get_child(name, ns::MUC_OWNER) {
            let text = child.text();
            if text.len() > cx.limits().text_bytes_max {
                return Err(Refusal::policy_violation(format!("the {name} is too long")));
            }
            copy.append_child(el(name, ns::MUC_USER).text_node(&text));
        }
    }
    Ok(copy)
}

/// Everybody gets one presence, about himself, and the room is no more.
pub(super) fn destroy(room: &mut Room, word: Option<Element>, cx: &mut Cx<'_>, fx: &mut Effects) {
    let word = word.unwrap_or_else(|| el("destroy", ns::MUC_USER));
    for occupant in room.roster.iter() {
        let item = Item { affiliation: Some(Affiliation::None), role: Some(Role::None), ..Item::default() };
        let x = muc_user(&[], Some(word.clone()), Some(item.element(ns::MUC_USER, Sight::NONE)), true);
        let stanza = presence(&room.occupant_jid(&occupant.nick), Some("unavailable"), &cx.id()).child(x);
        let stanza = stanza.child(occupant_id::element(&occupant.id));
        fx.send_many(&stanza, sessions(occupant));
    }
    *room = room.vacated();
}
