//! Nicks: whose they are, and how an occupant changes his (XEP-0045 §7.2.8, §7.6).

use super::join::other_sessions;
use super::presence;
use crate::room::Room;
use crate::room::audience::Notice;
use crate::room::cx::Cx;
use crate::room::effect::Effects;
use crate::room::nick::{Nick, NickKey};
use crate::room::roster::{Occupant, Session};
use crate::wire::build::Item;
use crate::wire::inbound::Inbound;
use crate::wire::jid::BareJid;
use crate::wire::refusal::Refusal;

/// Refuses a nick that another account uses or has reserved.
pub(super) fn check_free(room: &Room, nick: &Nick, account: &BareJid) -> Result<(), Refusal> {
    if room.roster.by_nick(nick.key()).is_some_and(|holder| &holder.account != account) {
        return Err(Refusal::conflict("somebody else uses this nick"));
    }
    match reserved_for(room, nick.key()) {
        Some(owner) if owner != account => Err(Refusal::conflict("this nick is reserved for somebody else")),
        _ => Ok(()),
    }
}

/// The account that a nick is reserved for.
pub(super) fn reserved_for<'a>(room: &'a Room, key: &NickKey) -> Option<&'a BareJid> {
    let reserved = |nick: &Option<String>| nick.as_deref().is_some_and(|nick| &NickKey::of(nick) == key);
    room.state.affiliations.iter().find(|(_, a)| reserved(&a.nick)).map(|(jid, _)| jid)
}

/// The session that sent `inbound` moves from the nick of `occupant` to `wanted`.
///
/// Only this session moves: others of the same occupant stay under the old nick, and then nobody but the mover
/// sees the old nick go. The role goes along.
pub(super) fn change(
    room: &mut Room,
    occupant: &Occupant,
    wanted: &Nick,
    inbound: &Inbound,
    cx: &mut Cx<'_>,
    fx: &mut Effects,
) -> Result<(), Refusal> {
    check_free(room, wanted, &occupant.account)?;
    let mover = &inbound.from;
    let Some(before) = room.roster_mut().leave(mover) else { return Ok(()) };
    let session: Session = before.shown().clone();
    let stay = room.roster.by_nick(before.nick.key()).cloned();
    if stay.is_some() && wanted.key() == before.nick.key() {
        return Err(Refusal::conflict("your other client uses this nick in another spelling"));
    }
    room.roster_mut().enter(wanted, &occupant.account, occupant.role, session.clone());

    let id = if inbound.id().is_empty() { cx.id() } else { inbound.id().to_owned() };
    let gone = Notice {
        nick: &before.nick,
        type_: Some("unavailable"),
        id: &id,
        said: None,
        item: Item {
            affiliation: Some(room.affiliation(&occupant.account)),
            role: Some(occupant.role),
            jid: Some(mover),
            nick: Some(wanted.as_str()),
            ..Item::default()
        },
        codes: &[303],
    };
    room.tell_own(fx, &gone, std::slice::from_ref(mover), &[]);
    match stay {
        None if room.broadcasts(occupant.role) => room.tell(fx, &gone, |_, session| session != mover),
        None => {}
        Some(stay) => presence::show(room, &stay, &cx.id(), fx),
    }
    let Some(moved) = room.roster.by_session(mover).cloned() else { return Ok(()) };
    let notice = room.notice_of(&moved, &id);
    room.tell_own(fx, &notice, std::slice::from_ref(mover), &[]);
    room.tell_own(fx, &notice, &other_sessions(&moved, mover), &[]);
    if room.broadcasts(moved.role) {
        room.tell_others(fx, &notice);
    }
    Ok(())
}
