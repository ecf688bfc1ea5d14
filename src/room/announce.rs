//! How it is told that an occupant goes, changes, or stands otherwise to the room.

pub(crate) mod absent;
pub mod backlog;

use minidom::Element;

use crate::room::audience::{Actor, Item, PresenceUpdate, sessions};
use crate::room::config::Config;
use crate::room::context::Context;
use crate::room::effect::Effects;
use crate::room::roster::{Occupant, Said};
use crate::room::versions::Step;
use crate::room::{Room, recent_departures};
use crate::wire::jid::Jid;
use crate::wire::muc::Affiliation;
use crate::wire::muc::Role;
use crate::wire::muc::Status;

/// Why an occupant is removed, or has another role or affiliation from now on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Removal<'a> {
    /// Status codes, the same for everybody.
    pub(crate) codes: &'a [Status],
    /// Who did it, if in the room.
    pub(crate) actor: Option<&'a Actor>,
    /// In the words of who did it.
    pub(crate) reason: Option<&'a str>,
    /// The change of the lists of affiliations that this is.
    pub(crate) step: Option<&'a Step>,
    /// Moderators alone see the address, whatever the room shows.
    pub(crate) hidden: bool,
}

impl Removal<'_> {
    /// What `own` clients are told, then what all others are told who see this occupant.
    pub(crate) fn versions(&self) -> (Option<&Element>, Option<&Element>) {
        let told = self.step.map(|step| &step.mav);
        (told.filter(|_| self.step.is_some_and(|step| step.own)), told)
    }
}

/// All sessions of an occupant are removed: told to them first, then to the others.
pub(crate) fn remove(
    room: &mut Room,
    occupant: &Occupant,
    why: &Removal<'_>,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) {
    fx.expels = true;
    backlog::tell_before(room, occupant.nick.key(), cx, fx);
    room.roster_mut().remove(occupant.nick.key());
    recent_departures::note(room, occupant, cx);
    let id = cx.id();
    let item = Item {
        affiliation: Some(room.affiliation(&occupant.account)),
        role: Some(Role::None),
        jid: Some((&occupant.shown().jid).into()),
        actor: why.actor,
        reason: why.reason,
        ..Item::default()
    };
    let notice =
        PresenceUpdate { hidden: why.hidden, ..PresenceUpdate::unavailable(occupant, &id, item, why.codes) };
    let (own, others) = why.versions();
    room.tell_own(fx, &PresenceUpdate { version: own, ..notice.clone() }, &sessions(occupant), &[]);
    if room.broadcasts(occupant) {
        room.tell_others(fx, &PresenceUpdate { version: others, ..notice });
    }
}

/// How it is told that a session goes.
pub(crate) struct Goodbye<'a> {
    /// The id of the presences that tell it.
    pub(crate) id: &'a str,
    /// The last words.
    pub(crate) said: &'a Said,
    /// Status codes.
    pub(crate) codes: &'a [Status],
}

/// One session goes. The occupant goes with the last one; before that, only the session itself is told that it left, and
/// the others see the presence of a session that stays.
pub(crate) fn depart(
    room: &mut Room,
    session: &Jid,
    goodbye: &Goodbye<'_>,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) {
    let Some(before) = room.roster_mut().leave(session) else { return };
    let item = Item {
        affiliation: Some(room.affiliation(&before.account)),
        role: Some(Role::None),
        jid: Some(session.into()),
        ..Item::default()
    };
    let gone = PresenceUpdate::unavailable(&before, goodbye.id, item, goodbye.codes);
    let notice = PresenceUpdate { said: Some(goodbye.said), ..gone };
    room.tell_own(fx, &notice, std::slice::from_ref(session), &[]);
    let stays = room.roster.by_nick(before.nick.key()).cloned();
    if stays.is_none() {
        recent_departures::note(room, &before, cx);
    }
    match stays {
        None if room.broadcasts(&before) => room.tell_others(fx, &notice),
        None => {}
        Some(stay) if room.shows_each_session || &before.shown().jid == session => {
            show(room, &stay, &cx.id(), fx);
        }
        Some(_) => {}
    }
}

/// Tells everybody, the occupant included, how the occupant stands now.
pub(crate) fn show(room: &Room, occupant: &Occupant, id: &str, fx: &mut Effects) {
    let notice = room.notice_of(occupant, id);
    if fx.tells_too_much() {
        return fx.owe(room, &notice, Some(None));
    }
    room.tell_own(fx, &notice, &sessions(occupant), &[]);
    if room.broadcasts(occupant) {
        room.tell_others(fx, &notice);
    }
}

/// After a change of whose presence is broadcast: occupants of roles that are shown now appear to the others,
/// those of roles that are shown no longer vanish.
pub(crate) fn rebroadcast(room: &Room, old: &Config, cx: &mut Context<'_>, fx: &mut Effects) {
    if room.config().presence_broadcast == old.presence_broadcast {
        return;
    }
    let mut was = room.clone();
    was.state_mut().record.config = old.clone();
    for occupant in room.roster.iter() {
        let id = cx.id();
        match (was.broadcasts(occupant), room.broadcasts(occupant)) {
            (false, true) => room.tell_others(fx, &room.notice_of(occupant, &id)),
            (true, false) => {
                let affiliation = room.affiliation(&occupant.account);
                room.tell_others(fx, &vanished(occupant, affiliation, &id));
            }
            _ => {}
        }
    }
}

/// An occupant who is still here but no longer shown.
pub(crate) fn vanished<'a>(
    occupant: &'a Occupant,
    affiliation: Affiliation,
    id: &'a str,
) -> PresenceUpdate<'a> {
    PresenceUpdate::unavailable(
        occupant,
        id,
        Item {
            affiliation: Some(affiliation),
            role: Some(Role::None),
            jid: Some((&occupant.shown().jid).into()),
            ..Default::default()
        },
        &[],
    )
}

/// The sessions of an occupant but one.
pub(crate) fn other_sessions(occupant: &Occupant, but: &Jid) -> Vec<Jid> {
    occupant.sessions.iter().map(|s| &s.jid).filter(|jid| *jid != but).cloned().collect()
}
