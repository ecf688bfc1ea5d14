//! Nicks: whose they are, and how an occupant changes his (XEP-0045 §7.2.8, §7.6).

use crate::room::announce::{backlog, other_sessions};
use crate::room::audience::{Item, PresenceUpdate};
use crate::room::context::Context;
use crate::room::effect::Effects;
use crate::room::nick::{Nick, Nicks};
use crate::room::roster::Occupant;
use crate::room::{Room, announce, recent_departures};
use crate::wire::inbound::Inbound;
use crate::wire::jid::{BareJid, Jid, is_carried};
use crate::wire::muc::Status;
use crate::wire::refusal::Refusal;
use crate::words;

/// Refuses a nick that another account uses or has reserved, or that looks like one of those. Whoever has the nick
/// already, or has reserved it, has it whatever it looks like. Which of these it is, is not told: that a nick is taken
/// shows by itself, but not whether somebody of that nick is here.
pub(crate) fn check_free(room: &Room, nick: &Nick, account: &BareJid) -> Result<(), Refusal> {
    let taken = || Refusal::conflict(&words::NICK_TAKEN);
    let holder = room.roster.by_nick(nick.key());
    if holder.as_ref().is_some_and(|holder| &holder.account != account) {
        return Err(taken());
    }
    let reserved = room.holder_of(nick.key());
    if reserved.is_some_and(|owner| owner != account) {
        return Err(taken());
    }
    // Another spelling of one's own nick may look like that of another, but for what every server carries of it.
    let registered = || reserved.and_then(|owner| registered_nick(room, owner)).map(Nick::trusted);
    let looks_so = |own: &Nick| own.look() == nick.look();
    let is_kept = holder.is_some_and(|holder| looks_so(&holder.nick))
        || registered().is_some_and(|own| looks_so(&own) || own.carried().as_ref().is_some_and(looks_so));
    if !is_kept && looks_like_another(room, nick, account) {
        return Err(taken());
    }
    Ok(())
}

/// Whether a nick can be taken for that of another account that is here or has reserved it.
fn looks_like_another(room: &Room, nick: &Nick, account: &BareJid) -> bool {
    let look = nick.look();
    room.roster.is_like_anothers(look, account) || room.has_reserved_like(look, account)
}

/// The nick that a presence asks for, of an occupant or of an account that wants to enter. What is asked for on entry may
/// still become another one ([`on_entry`]).
///
/// # Errors
/// It is no nick, or none that every server carries where only those are given.
pub(crate) fn asked_for(text: &str, present: Option<&Occupant>, cx: &Context<'_>) -> Result<Nick, Refusal> {
    let asked = Nick::parse(text, cx.limits())?;
    if cx.service.nicks == Nicks::Any || asked.carried().as_ref() == Some(&asked) {
        return Ok(asked);
    }
    match (cx.service.nicks, present) {
        (_, Some(own)) if own.nick == asked => Ok(asked),
        (Nicks::Rewrite, None) => Ok(asked),
        // Their client goes on with the nick that it was set to.
        (Nicks::Rewrite, Some(own)) if carried(&asked, &own.id).key() == own.nick.key() => {
            Ok(own.nick.clone())
        }
        _ => Err(not_carried()),
    }
}

/// The nick that is to be reserved for an account. The one that the account has already may be given again.
///
/// # Errors
/// As for [`asked_for`].
pub(crate) fn to_reserve(
    room: &Room,
    text: &str,
    account: &BareJid,
    cx: &Context<'_>,
) -> Result<Nick, Refusal> {
    let asked = Nick::parse(text, cx.limits())?;
    let is_own = || registered_nick(room, account) == Some(text);
    if cx.service.nicks == Nicks::Any || is_carried(text) || is_own() {
        return Ok(asked);
    }
    Err(not_carried())
}

fn not_carried() -> Refusal {
    Refusal::jid_malformed(&words::NICK_NOT_CARRIED)
}

/// What every server carries of a nick; a made-up one if that is nothing. `id` is that of the occupant, so that they have
/// the same one next time.
fn carried(nick: &Nick, id: &str) -> Nick {
    nick.carried().unwrap_or_else(|| Nick::trusted(&format!("guest-{}", &id[..id.len().min(6)])))
}

/// The nick under which an account enters that wants `wanted`: where nicks are locked, the reserved one (§7.2.2, §7.10);
/// without what some servers cannot carry.
pub(crate) fn on_entry(room: &Room, wanted: &Nick, account: &BareJid, cx: &Context<'_>) -> Nick {
    let given = locked_to(room, account, cx).unwrap_or_else(|| given(room, wanted, account, cx));
    spelled(room, &given, account)
}

/// A nick as it is given to an account.
fn given(room: &Room, nick: &Nick, account: &BareJid, cx: &Context<'_>) -> Nick {
    match cx.service.nicks {
        Nicks::Any => nick.clone(),
        Nicks::Rewrite | Nicks::Refuse => carried(nick, &room.occupant_id(account)),
    }
}

/// A nick that another client of the account has, as that client spells it: one nick has one spelling.
fn spelled(room: &Room, wanted: &Nick, account: &BareJid) -> Nick {
    match room.roster.by_nick(wanted.key()) {
        Some(holder) if &holder.account == account => holder.nick.clone(),
        _ => wanted.clone(),
    }
}

/// The nick that an account has to keep to, if it has to.
fn locked_to(room: &Room, account: &BareJid, cx: &Context<'_>) -> Option<Nick> {
    if !room.config().lock_nicks {
        return None;
    }
    let registered = registered_nick(room, account).map(Nick::trusted)?;
    Some(given(room, &registered, account, cx))
}

/// All clients of an account get the nick `wanted` from the room; everybody is told with code 210 (§7.10).
pub(crate) fn assign(
    room: &mut Room,
    account: &BareJid,
    wanted: &Nick,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) {
    let wanted = &given(room, wanted, account, cx);
    for occupant in room.roster.by_account(account) {
        if occupant.nick == *wanted {
            continue;
        }
        // Whoever has another role under the nick already stays under the own one.
        let sessions = if is_open_to(room, wanted, &occupant) { &occupant.sessions[..] } else { &[] };
        for session in sessions {
            relocate(room, &session.jid, wanted, &cx.id(), &[Status::AssignedNick], cx, fx);
        }
    }
}

/// The session that sent `inbound` moves from the nick of `occupant` to `wanted`.
///
/// Only this session moves: others of the same occupant stay under the old nick, and then nobody but the mover
/// sees the old nick go. The role goes along.
pub(crate) fn change(
    room: &mut Room,
    occupant: &Occupant,
    wanted: &Nick,
    inbound: &Inbound,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) -> Result<(), Refusal> {
    check_free(room, wanted, &occupant.account)?;
    if locked_to(room, &occupant.account, cx).is_some_and(|nick| &nick != wanted) {
        return Err(Refusal::not_acceptable_here(&words::NICK_IS_LOCKED));
    }
    if occupant.sessions.len() > 1 && wanted.key() == occupant.nick.key() {
        return Err(Refusal::conflict(&words::NICK_OTHER_SPELLING));
    }
    if !is_open_to(room, wanted, occupant) {
        return Err(Refusal::conflict(&words::NICK_OTHER_ROLE));
    }
    let id = cx.id_of(inbound);
    relocate(room, &inbound.from, wanted, &id, &[], cx, fx);
    Ok(())
}

/// Whether clients of `occupant` may come together with another client of the account: a nick has one role.
fn is_open_to(room: &Room, wanted: &Nick, occupant: &Occupant) -> bool {
    room.roster.by_nick(wanted.key()).is_none_or(|there| there.role == occupant.role)
}

/// Moves one session to another nick and tells everybody; `codes` come with the new presence.
fn relocate(
    room: &mut Room,
    mover: &Jid,
    wanted: &Nick,
    id: &str,
    codes: &[Status],
    cx: &mut Context<'_>,
    fx: &mut Effects,
) {
    for nick in [room.roster.by_session(mover).map(|o| o.nick.clone()), Some(wanted.clone())] {
        nick.iter().for_each(|nick| backlog::tell_now(room, nick.key(), cx, fx));
    }
    let Some(before) = room.roster_mut().leave(mover) else { return };
    let Some(session) = before.sessions.iter().find(|s| &s.jid == mover).cloned() else { return };
    let stay = room.roster.by_nick(before.nick.key()).cloned();
    let nick = spelled(room, wanted, &before.account);
    let respelled: &[Status] =
        if &nick != wanted && codes.is_empty() { &[Status::AssignedNick] } else { &[] };
    let moving = Occupant { nick: nick.clone(), sessions: vec![session], ..Occupant::clone(&before) };
    room.roster_mut().enter(moving);
    if room.roster.by_nick(before.nick.key()).is_none() {
        recent_departures::note(room, &before, cx);
    }

    let gone = PresenceUpdate::unavailable(
        &before,
        id,
        Item {
            affiliation: Some(room.affiliation(&before.account)),
            role: Some(before.role),
            jid: Some(mover.into()),
            nick: Some(nick.as_str()),
            ..Item::default()
        },
        &[Status::NewNick],
    );
    room.tell_own(fx, &gone, std::slice::from_ref(mover), &[]);
    match stay {
        None if room.broadcasts(&before) => room.tell_all_but(fx, &gone, mover),
        None => {}
        Some(stay) => announce::show(room, &stay, &cx.id(), fx),
    }
    let Some(moved) = room.roster.by_session(mover).cloned() else { return };
    let notice = PresenceUpdate { codes, ..room.notice_of(&moved, id) };
    room.tell_own(fx, &notice, std::slice::from_ref(mover), respelled);
    room.tell_own(fx, &notice, &other_sessions(&moved, mover), &[]);
    if room.broadcasts(&moved) {
        // The old nick has said which one it is now: nothing comes in between.
        room.tell_others_now(fx, &notice);
    }
}

/// The nick that is reserved for an account.
pub(crate) fn registered_nick<'a>(room: &'a Room, account: &BareJid) -> Option<&'a str> {
    room.state.affiliations.own(account)?.nick.as_deref()
}
