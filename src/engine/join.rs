//! Entering: create, join, and the same again for who has lost track (XEP-0045 §7.2, §10.1).

use std::sync::Arc;

use minidom::Element;

use super::hooks;
use crate::feature::{FEATURES, affiliation_versions, anonymity, capacity, password, quiet, token_invite};
use crate::room::announce::{backlog, other_sessions};
use crate::room::audience::PresenceUpdate;
use crate::room::change::{affiliation, nick, role};
use crate::room::context::Context;
use crate::room::effect::Effects;
use crate::room::nick::Nick;
use crate::room::roster::{Occupant, Said, Session};
use crate::room::state::RoomRecord;
use crate::room::{Life, Room, entry, life};
use crate::wire::inbound::Inbound;
use crate::wire::jid::{BareJid, Jid};
use crate::wire::muc::{Affiliation, Status};
use crate::wire::refusal::Refusal;
use crate::words;

/// A session that is not in the room asks to enter with `x`, creating the room if it does not exist.
///
/// The checks go from what tells a stranger least to what tells most: address, existence, ban, membership,
/// password, nick, space (the specification leaves the order open).
pub(crate) fn enter(
    room: &mut Room,
    wanted: &Nick,
    x: &Element,
    presence: Said,
    inbound: &Inbound,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) -> Result<(), Refusal> {
    let account = inbound.from.to_bare();
    let created = room.life == Life::Absent;
    if created {
        create(room, &account, cx, fx)?;
    }
    if room.life == Life::Locked && room.must_be_visible_to(&inbound.from).is_err() {
        return Err(Refusal::item_not_found(&words::ROOM_LOCKED));
    }
    let affiliation = room.affiliation(&account);
    entry::check_no_ban(room, &account)?;
    let (affiliation, proof) = match token_invite::redeem(room, affiliation, x, &account, cx, fx)? {
        true => (Affiliation::Member, 0),
        false => {
            token_invite::check_expired(room, affiliation, x)?;
            if let Some(barred) = entry::barred(room.config(), affiliation) {
                return Err(barred.refusal(room, &account));
            }
            password::check(room, x)?;
            (affiliation, room.password_proof())
        }
    };
    let nick = nick::on_entry(room, wanted, &account, cx);
    nick::check_free(room, &nick, &account)?;
    let renamed = &nick != wanted;
    let wanted = &nick;
    let present = room.roster.by_nick(wanted.key()).cloned();
    if present.is_none() {
        capacity::check(room, affiliation, cx)?;
    }
    if room.roster.sessions_of(&account) >= cx.limits().sessions_max {
        return Err(Refusal::resource_constraint(&words::TOO_MANY_SESSIONS));
    }

    let role = present.map_or_else(|| role::on_entry(room, &account), |o| o.role);
    let follows = affiliation_versions::is_wanted(room, x);
    room.followed |= follows;
    let presence = presence.held_in_place_of(0, &account, cx.service)?;
    let session = Session { jid: inbound.from.clone(), presence, follows, proof };
    let id = room.occupant_id(&account);
    let quiet = quiet::on_entry(room, role);
    let newcomer =
        Occupant { nick: nick.clone(), account, id, role, quiet, heard: false, sessions: vec![session] };
    backlog::tell_now(room, nick.key(), cx, fx);
    room.roster_mut().enter(newcomer);
    backlog::came(room, &inbound.from);
    room.awaited = None;
    let of_joiner = [(created, Status::RoomHasBeenCreated), (renamed, Status::AssignedNick)];
    let mut codes: Vec<Status> = of_joiner.into_iter().filter_map(|(on, code)| on.then_some(code)).collect();
    for feature in FEATURES {
        (feature.entry_codes)(room, &mut codes);
    }
    welcome(room, x, inbound, &codes, true, cx, fx);
    Ok(())
}

/// An occupant asks for everything again (§7.2.1, §17.3): the whole sequence, their own presence with `codes`, told to others
/// only if `changed`.
pub(crate) fn resync(
    room: &mut Room,
    x: &Element,
    inbound: &Inbound,
    codes: &[Status],
    changed: bool,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) {
    let follows = affiliation_versions::is_wanted(room, x);
    room.followed |= follows;
    let proof = password::check(room, x).is_ok().then(|| room.password_proof());
    room.roster_mut().follow(&inbound.from, follows, proof);
    welcome(room, x, inbound, codes, changed, cx, fx);
}

/// The sequence that the standard sets: others' presence, one's own, history, subject; then live traffic.
fn welcome(
    room: &Room,
    x: &Element,
    inbound: &Inbound,
    codes: &[Status],
    tell_others: bool,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) {
    let Some(occupant) = room.roster.by_session(&inbound.from).cloned() else { return };
    let joiner: Arc<[Jid]> = Arc::new([inbound.from.clone()]);
    let version = affiliation_versions::greet(room, x, inbound, cx, fx);
    anonymity::show_others(room, &occupant, &joiner, cx, fx);
    // The joiner finds the id of the join request on the own presence (§7.2.2).
    let id = cx.id_of(inbound);
    let notice = room.notice_of(&occupant, &id);
    room.tell_own(fx, &PresenceUpdate { version: version.as_ref(), ..notice.clone() }, &joiner, codes);
    if tell_others {
        room.tell_own(fx, &notice, &other_sessions(&occupant, &inbound.from), &[]);
        if room.broadcasts(&occupant) {
            room.tell_others(fx, &notice);
        }
    }
    hooks::after_entry(room, x, &inbound.from, cx, fx);
}

/// Makes the room, locked until its creator has configured it (§10.1.1).
pub(crate) fn create(
    room: &mut Room,
    owner: &BareJid,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) -> Result<(), Refusal> {
    if owner.local().is_none() {
        return Err(Refusal::not_allowed(&words::CREATORS_ARE_ACCOUNTS));
    }
    if !cx.service.may_create(owner) {
        return Err(Refusal::not_allowed(&words::MAY_NOT_CREATE));
    }
    let record = RoomRecord::new(cx.now, cx.service.default_room.clone());
    room.state_mut().record = RoomRecord { founder: Some(owner.clone()), ..record };
    room.state_mut().record.name(cx.ids);
    life::lock(room, cx);
    affiliation::found(room, owner, fx)
}
