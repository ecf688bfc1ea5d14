//! Changes of role: voice, moderators, kicks (XEP-0045 §8.2 to §8.4, §9.6, §9.7).

use crate::room::Room;
use crate::room::announce::{Removal, backlog, remove, vanished};
use crate::room::audience::{Actor, PresenceUpdate, sessions};
use crate::room::context::Context;
use crate::room::effect::Effects;
use crate::room::nick::NickKey;
use crate::room::privilege::{self, Standing};
use crate::room::roster::Occupant;
use crate::wire::jid::BareJid;
use crate::wire::muc::Affiliation;
use crate::wire::muc::{Role, Status};
use crate::wire::refusal::Refusal;
use crate::words;

/// A wanted role for the occupant of a nick.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) key: NickKey,
    pub(crate) new: Role,
    pub(crate) reason: Option<String>,
}

/// Whether the account `actor`, which stands so, may make this change.
pub(crate) fn check(
    room: &Room,
    actor: &BareJid,
    standing: Standing,
    change: &Change,
) -> Result<(), Refusal> {
    let Some(target) = room.roster.by_nick(&change.key) else {
        // Whoever may change no roles at all does not learn who is in the room.
        if standing.role != Role::Moderator {
            return Err(Refusal::forbidden(&words::ONLY_MODERATORS_CHANGE_ROLES));
        }
        return Err(Refusal::item_not_found(&words::NO_SUCH_NICK));
    };
    if &target.account == actor && standing.role == Role::Moderator && change.new == Role::None {
        // Kicking oneself is a way to leave (§8.2).
        return Ok(());
    }
    let target = Standing { affiliation: room.affiliation(&target.account), role: target.role };
    privilege::change_role(standing, target, change.new)
}

/// The role with which an account enters: in a moderated room, whoever was given a voice before still has it (§5.1).
pub(crate) fn on_entry(room: &Room, account: &BareJid) -> Role {
    let role = privilege::initial_role(room.affiliation(account), room.config().moderated);
    let voiced = role == Role::Visitor && room.state.record.voices.contains(account);
    if voiced { Role::Participant } else { role }
}

/// Remembers a voice that was given, or forgets one that was taken. Affiliated accounts have theirs anyway.
fn remember_voice(room: &mut Room, account: &BareJid, role: Role, cx: &Context<'_>) {
    let voices = &room.state.record.voices;
    let has = role >= Role::Participant
        && room.config().moderated
        && room.affiliation(account) == Affiliation::None;
    if has && !voices.contains(account) && voices.len() < cx.limits().affiliations_max {
        room.state_mut().record.voices.insert(account.clone());
    } else if role == Role::Visitor && voices.contains(account) {
        room.state_mut().record.voices.remove(account);
    }
}

/// Makes a change that [`check`] passed; tells everybody.
pub(crate) fn apply(
    room: &mut Room,
    change: &Change,
    actor: Option<&Actor>,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) {
    let Some(target) = room.roster.by_nick(&change.key).cloned() else { return };
    let reason = change.reason.as_deref();
    remember_voice(room, &target.account, change.new, cx);
    if change.new == Role::None {
        remove(
            room,
            &target,
            &Removal { codes: &[Status::Kicked], actor, reason, ..Removal::default() },
            cx,
            fx,
        );
    } else if change.new != target.role {
        restate(room, &target, change.new, &Removal { actor, reason, ..Removal::default() }, cx, fx);
    }
}

/// Gives an occupant a role and tells everybody how the occupant stands now, affiliation included.
///
/// A role that is not broadcast looks to others as if the occupant had left. Whoever begins or ceases to be a
/// moderator of a semi-anonymous room gets everybody's presence anew, with real addresses or without.
pub(crate) fn restate(
    room: &mut Room,
    before: &Occupant,
    role: Role,
    why: &Removal<'_>,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) {
    fx.expels |= role < before.role;
    backlog::tell_before(room, before.nick.key(), cx, fx);
    room.roster_mut().set_role(before.nick.key(), role);
    let Some(now) = room.roster.by_nick(before.nick.key()).cloned() else { return };
    let id = cx.id();
    let mut notice = room.notice_of(&now, &id);
    notice.item.actor = why.actor;
    notice.item.reason = why.reason;
    notice.codes = why.codes;
    let (own, version) = why.versions();
    if fx.tells_too_much() && room.broadcasts(&now) {
        fx.owe(room, &PresenceUpdate { version, ..notice }, Some(own));
        return show_if_moved(room, before, &now, cx, fx);
    }
    room.tell_own(fx, &PresenceUpdate { version: own, ..notice.clone() }, &sessions(&now), &[]);
    match (room.broadcasts(before), room.broadcasts(&now)) {
        (_, true) => room.tell_others(fx, &PresenceUpdate { version, ..notice }),
        (true, false) => {
            let gone = vanished(&now, room.affiliation(&now.account), &id);
            room.tell_others(fx, &PresenceUpdate { version, ..gone });
        }
        (false, false) => {}
    }
    show_if_moved(room, before, &now, cx, fx);
}

/// Who begins or ceases to see real addresses sees everybody anew.
fn show_if_moved(room: &mut Room, before: &Occupant, now: &Occupant, cx: &mut Context<'_>, fx: &mut Effects) {
    if room.sight(before.role) != room.sight(now.role) {
        backlog::show_everybody_to(room, &sessions(now), cx, fx);
    }
}
