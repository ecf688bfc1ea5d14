//! Available presence: a join, an update, a change of nick, or a stray (XEP-0045 §7.2, §7.6, §7.7, §17.3).

use crate::engine::{join, restart};
use crate::feature::goodbyes::{self, Goodbyes};
use crate::room::audience::{Item, PresenceUpdate, sessions};
use crate::room::change::nick;
use crate::room::context::Context;
use crate::room::effect::Effects;
use crate::room::nick::{Nick, NickKey};
use crate::room::{Room, reflect};
use crate::wire::inbound::Inbound;
use crate::wire::muc::Affiliation;
use crate::wire::muc::{Role, Status};
use crate::wire::ns;
use crate::wire::refusal::Refusal;
use crate::words;

/// An available presence to the room or to one of its nicks.
pub(crate) fn available(
    room: &mut Room,
    goodbyes: &Goodbyes,
    inbound: &Inbound,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) -> Result<(), Refusal> {
    let x = inbound.stanza.get_child("x", ns::MUC);
    let present = room.roster.by_session(&inbound.from).cloned();
    let wanted = match (inbound.to.resource(), &present) {
        (Some(nick), present) => nick::asked_for(nick, present.as_deref(), cx)?,
        // An occupant who addresses the room means the nick that they have.
        (None, Some(occupant)) => occupant.nick.clone(),
        (None, None) => return Err(Refusal::jid_malformed(&words::NICK_NEEDED)),
    };
    let presence = reflect::clean(&inbound.stanza, &room.jid);
    let bytes_max = cx.limits().presence_bytes_max;
    // What is kept is never bigger than what came.
    if inbound.size > bytes_max && reflect::size_of_clean(&inbound.stanza, &room.jid) > bytes_max {
        return Err(Refusal::policy_violation(words::PRESENCE_TOO_LONG.with([bytes_max])));
    }
    match (present, x) {
        (None, Some(x)) => join::enter(room, &wanted, x, presence, inbound, cx, fx),
        (None, None) => {
            if !goodbyes::has_just_left(goodbyes, &inbound.from, cx) {
                kick_stray(room, &wanted, inbound, cx, fx);
            }
            Ok(())
        }
        (Some(occupant), x) => {
            let changed = *occupant.shown().presence != presence || occupant.shown().jid != inbound.from;
            let before = occupant.sessions.iter().find(|session| session.jid == inbound.from);
            let before = before.map_or(0, |session| session.presence.bytes());
            let presence = presence.held_in_place_of(before, &occupant.account, cx.service)?;
            room.roster_mut().update(&inbound.from, presence);
            if wanted != occupant.nick {
                nick::change(room, &occupant, &wanted, inbound, cx, fx)?;
                if let Some(x) = x {
                    join::resync(room, x, inbound, &[], false, cx, fx);
                }
            } else if let Some(x) = x {
                let in_doubt = restart::enters_again(room, &inbound.from);
                let other = inbound.to.resource().is_some_and(|asked| asked != wanted.as_str());
                let renamed: &[Status] = if other { &[Status::AssignedNick] } else { &[] };
                join::resync(room, x, inbound, renamed, changed || in_doubt, cx, fx);
            } else {
                update(room, inbound, cx, fx);
            }
            Ok(())
        }
    }
}

/// An occupant's new presence goes to all (§7.7).
fn update(room: &Room, inbound: &Inbound, cx: &mut Context<'_>, fx: &mut Effects) {
    let Some(occupant) = room.roster.by_session(&inbound.from).cloned() else { return };
    let id = cx.id_of(inbound);
    let notice = room.notice_of(&occupant, &id);
    // Whatever others are owed: who sent it waits for this id.
    room.tell_own(fx, &notice, &sessions(&occupant), &[]);
    if room.broadcasts(&occupant) {
        room.tell_others(fx, &notice);
    }
}

/// An account whose client believes that it is in the room is told that this is over, so that it can join anew (§7.2.18).
fn kick_stray(room: &Room, wanted: &Nick, inbound: &Inbound, cx: &mut Context<'_>, fx: &mut Effects) {
    let id = cx.id();
    let item = Item {
        affiliation: Some(Affiliation::None),
        role: Some(Role::None),
        jid: Some((&inbound.from).into()),
        reason: Some(room.lang(cx.service).of(&inbound.stanza).text(&words::JOIN_AGAIN)),
        ..Item::default()
    };
    let notice = PresenceUpdate {
        nick: wanted,
        occupant: None,
        type_: Some("unavailable"),
        id: &id,
        said: None,
        item,
        codes: &[Status::Kicked, Status::ServiceErrorKick],
        destroy: None,
        version: None,
        hidden: false,
    };
    room.tell_own(fx, &notice, std::slice::from_ref(&inbound.from), &[]);
}

/// An occupant asks for the presence of another (§17.3).
pub(crate) fn probe(
    room: &Room,
    inbound: &Inbound,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) -> Result<(), Refusal> {
    let Some(asker) = room.roster.by_session(&inbound.from) else {
        return Err(Refusal::not_acceptable_here(&words::NOT_INSIDE));
    };
    let target = inbound.to.resource().map(NickKey::of);
    let Some(target) = target.and_then(|key| room.roster.by_nick(&key)) else { return Ok(()) };
    let own = target.nick.key() == asker.nick.key();
    if own || room.broadcasts(target) {
        let id = cx.id();
        let notice = room.notice_of(target, &id);
        fx.send(&notice.stanza(room, room.sight(asker.role), own, &[]), &inbound.from);
    }
    Ok(())
}
