//! Messages: to all (XEP-0045 §7.4), and from one occupant to another (§7.5).

use super::state::State;
use crate::feature::{activity, mentions, quiet, reactions, retract, slow_mode, subject};
use crate::room::audience::sessions;
use crate::room::config::AllowPm;
use crate::room::context::Context;
use crate::room::effect::Effects;
use crate::room::nick::NickKey;
use crate::room::reflect::passed_on;
use crate::room::{Room, audience, message};
use crate::wire::build::{Build, el};
use crate::wire::inbound::Inbound;
use crate::wire::message::{changes_subject, is_chat_state};
use crate::wire::muc::Role;
use crate::wire::ns;
use crate::wire::refusal::Refusal;
use crate::words;

/// An occupant speaks to all, or sets the subject.
pub(crate) fn speak(
    room: &mut Room,
    state: &mut State,
    inbound: &Inbound,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) -> Result<(), Refusal> {
    let Some(speaker) = room.roster.by_session(&inbound.from).cloned() else {
        return Err(Refusal::not_acceptable(&words::ONLY_OCCUPANTS_SPEAK));
    };
    let mut message = passed_on(room, &speaker, Some("groupchat"), inbound, cx);
    if changes_subject(&inbound.stanza) {
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
    slow_mode::check(room, &mut state.slow_mode, &speaker.account, &message, cx)?;
    let said = message::keep(room, Some(&speaker.account), message, cx, fx);
    retract::own(room, &speaker.account, &said.message, cx, fx);
    activity::count(room, &mut state.activity, &said.message, cx.now);
    quiet::speaks(room, speaker.nick.key(), cx, fx);
    fx.send_to(&said.message, room.roster.everyone_and_last(&speaker));
    mentions::forward(room, &speaker.account, &said.message, cx, fx);
    Ok(())
}

/// A message from one occupant to another: from the nick of the one, to all sessions of the other.
pub(crate) fn send_private(
    room: &mut Room,
    nick: &str,
    inbound: &Inbound,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) -> Result<(), Refusal> {
    let Some(sender) = room.roster.by_session(&inbound.from).cloned() else {
        return Err(Refusal::not_acceptable_here(&words::NOT_INSIDE));
    };
    let allowed = match room.config().allow_pm {
        AllowPm::Anyone => true,
        AllowPm::Participants => sender.role >= Role::Participant,
        AllowPm::Moderators => sender.role == Role::Moderator,
        AllowPm::None => false,
    };
    if !allowed {
        return Err(Refusal::forbidden(&words::NO_PRIVATE_MESSAGES));
    }
    let target =
        room.roster.by_nick(&NickKey::of(nick)).filter(|target| audience::is_known(room, target, &sender));
    let Some(target) = target else {
        return Err(Refusal::item_not_found(&words::NO_SUCH_NICK));
    };
    reactions::check(room, &inbound.stanza)?;
    // A type that the standard does not have is normal.
    let type_ = inbound.stanza.attr("type").filter(|t| matches!(*t, "chat" | "headline"));
    let copy = passed_on(room, &sender, type_, inbound, cx);
    // Servers and clients know by this that it is a private message of a room.
    let copy = copy.child(el("x", ns::MUC_USER));
    let to = sessions(target);
    quiet::speaks(room, sender.nick.key(), cx, fx);
    fx.send_many(&copy, to);
    Ok(())
}
