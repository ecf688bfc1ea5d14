//! Messages to everybody (XEP-0045 §7.4).

use super::reflect::{is_chat_state, passed_on};
use super::{Feature, activity, archive, mentions, quiet, reactions, retract, slow_mode, subject};
use crate::room::Room;
use crate::room::cx::Cx;
use crate::room::effect::Effects;
use crate::room::role::Role;
use crate::wire::inbound::Inbound;
use crate::wire::ns;
use crate::wire::refusal::Refusal;
use crate::words;

pub(super) const FEATURE: Feature =
    Feature { disco: |_, vars| vars.push(ns::MUC_STABLE_ID), ..Feature::new("groupchat") };

/// An occupant speaks to all, or sets the subject.
pub(crate) fn speak(
    room: &mut Room,
    inbound: &Inbound,
    cx: &mut Cx<'_>,
    fx: &mut Effects,
) -> Result<(), Refusal> {
    let Some(speaker) = room.roster.by_session(&inbound.from).cloned() else {
        return Err(Refusal::not_acceptable(&words::ONLY_OCCUPANTS_SPEAK));
    };
    let mut message = passed_on(room, &speaker, Some("groupchat"), inbound, cx);
    if subject::is_change(&inbound.stanza) {
        subject::set(room, &speaker, &message, cx)?;
    } else if speaker.role < Role::Participant {
        if is_chat_state(&inbound.stanza) {
            // Clients show every error: who only types would be told so again and again.
            return Ok(());
        }
        return Err(Refusal::forbidden(&words::NO_VOICE));
    } else {
        subject::withhold(room, &speaker, &mut message);
    }
    reactions::check(room, &message)?;
    slow_mode::check(room, &speaker.account, &message, cx)?;
    let said = archive::keep(room, Some(&speaker.account), message, cx, fx);
    retract::own(room, &speaker.account, &said.message, cx, fx);
    activity::count(room, &said.message, cx.now);
    quiet::speaks(room, speaker.nick.key(), cx, fx);
    fx.send_to(&said.message, room.roster.everyone_and_last(&speaker));
    mentions::forward(room, &speaker.account, &said.message, cx, fx);
    Ok(())
}
