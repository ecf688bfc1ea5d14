//! The room's vCard, with its avatar (XEP-0054, XEP-0153, XEP-0486).

use std::sync::Arc;

use minidom::Element;

use crate::room::context::Context;
use crate::room::effect::Effects;
use crate::room::surface::Feature;
use crate::room::vcard::Vcard;
use crate::room::{Room, entry};
use crate::wire::build::{Build, el, iq_result, presence};
use crate::wire::inbound::Inbound;
use crate::wire::jid::Jid;
use crate::wire::muc::Affiliation;
use crate::wire::refusal::Refusal;
use crate::wire::{ns, size};
use crate::words;

pub(super) const FEATURE: Feature = Feature {
    disco: |_, vars| vars.push(ns::VCARD),
    info: |room, info| {
        for hash in hashes(room) {
            info.push(("muc#roominfo_avatarhash", hash.clone()));
        }
    },
    ..Feature::new("vcard")
};

fn hashes(room: &Room) -> &[String] {
    room.state.vcard.as_ref().map_or(&[], |vcard| vcard.hashes())
}

/// Everybody who knows the address may see the vCard, but for those who are banned.
pub(crate) fn get(room: &Room, inbound: &Inbound, fx: &mut Effects) -> Result<(), Refusal> {
    let account = inbound.from.to_bare();
    entry::check_no_ban(room, &account)?;
    let vcard = room.state.vcard.as_ref().map(|vcard| vcard.element().clone());
    let vcard = vcard.unwrap_or_else(|| el("vCard", ns::VCARD));
    fx.send(&iq_result(&inbound.to, inbound.id(), Some(vcard)), &inbound.from);
    Ok(())
}

/// An owner sets the vCard; an empty one takes it away.
pub(crate) fn set(
    room: &mut Room,
    payload: &Element,
    inbound: &Inbound,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) -> Result<(), Refusal> {
    if room.affiliation(&inbound.from.to_bare()) != Affiliation::Owner {
        return Err(Refusal::forbidden(&words::ONLY_OWNERS_SET_PICTURE));
    }
    let bytes_max = cx.limits().vcard_bytes_max;
    if size::of(payload) > bytes_max {
        return Err(Refusal::policy_violation(words::VCARD_MOST.with([bytes_max])));
    }
    let vcard = Vcard::read(payload).map_err(Refusal::bad_request)?;
    fx.send(&iq_result(&inbound.to, inbound.id(), None), &inbound.from);
    if vcard.as_ref() == room.state.vcard.as_deref() {
        return Ok(());
    }
    let before = hashes(room).to_vec();
    room.state_mut().vcard = vcard.map(Arc::new);
    if before != hashes(room) {
        fx.send_many(&avatar(room, &cx.id()), room.roster.everyone());
    }
    room.tell_of_configuration(&[], cx, fx);
    Ok(())
}

/// Shows the avatar to somebody who enters, if there is one.
pub(crate) fn show(room: &Room, to: &Jid, cx: &mut Context<'_>, fx: &mut Effects) {
    if !hashes(room).is_empty() {
        fx.send(&avatar(room, &cx.id()), to);
    }
}

/// The hash in a presence of the room itself, where clients looked for it before there was XEP-0486. It says nothing of
/// an occupant, so that nobody takes it for one.
fn avatar(room: &Room, id: &str) -> Element {
    let mut photo = el("photo", ns::VCARD_UPDATE);
    if let Some(hash) = hashes(room).first() {
        photo.append_text_node(hash);
    }
    presence(room.jid.as_jid(), None, id).child(el("x", ns::VCARD_UPDATE).child(photo))
}
