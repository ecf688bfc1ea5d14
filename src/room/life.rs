//! Rooms that were created and are not configured yet (XEP-0045 §10.1).
//!
//! Until the creator sends the form, or asks for the defaults, others find no room. Some clients and most bots never do:
//! so a locked room takes its defaults when an owner invites an account through it, or after a while, unless the operator
//! wants it as the standard has it. An owner who has asked for the form is about to send it, and is waited for. A room that
//! was opened by time alone still goes with an owner who turns the form down, or leaves, while no other account is in it.

use jiff::{SignedDuration, Timestamp};

use crate::room::context::{Context, LockedRooms};
use crate::room::{Life, Room};
use crate::wire::jid::BareJid;

/// How long a room waits for its form.
const WAIT: SignedDuration = SignedDuration::from_mins(5);

/// A room that was just created.
pub(crate) fn lock(room: &mut Room, cx: &Context<'_>) {
    room.life = Life::Locked;
    let waits = cx.service.locked_rooms == LockedRooms::Open;
    room.state_mut().record.opens = waits.then(|| cx.now.checked_add(WAIT).ok()).flatten();
}

/// Before every event: a room that has waited long enough opens.
pub(crate) fn open_in_time(room: &mut Room, now: Timestamp) {
    if room.is_to_open(now) {
        open(room);
        room.state_mut().record.unclaimed = true;
    }
}

/// An owner has asked for the form.
pub(crate) fn asked(room: &mut Room) {
    if room.state.record.opens.is_some() {
        room.state_mut().record.opens = None;
    }
}

/// An owner invites an account.
pub(crate) fn invited(room: &mut Room, cx: &Context<'_>) {
    if room.life == Life::Locked && cx.service.locked_rooms == LockedRooms::Open {
        open(room);
    }
}

/// The room is in use, as its owner wants it or as all rooms begin.
pub(crate) fn open(room: &mut Room) {
    room.life = Life::Open;
    let record = &room.state.record;
    if record.opens.is_some() || record.unclaimed {
        let record = &mut room.state_mut().record;
        (record.opens, record.unclaimed) = (None, false);
    }
}

/// Whether the room ends when this owner does not want it: no form was sent yet, and no other account came in meanwhile.
pub(crate) fn ends_with(room: &Room, owner: &BareJid) -> bool {
    let is_alone = || room.roster.iter().all(|occupant| &occupant.account == owner);
    room.life == Life::Locked || room.state.record.unclaimed && is_alone()
}

impl Room {
    /// Whether the room was locked and has waited for its form long enough.
    pub fn is_to_open(&self, now: Timestamp) -> bool {
        self.life == Life::Locked && self.state.record.opens.is_some_and(|at| now >= at)
    }
}

impl Room {
    /// Whether the room is there for its first occupant only, who has not come yet.
    pub fn is_awaited(&self) -> bool {
        self.awaited.is_some()
            && self.life == Life::Open
            && self.roster.is_empty()
            && !self.config().persistent
    }

    /// The room leaves memory: it waits no longer.
    pub fn give_up(&mut self) {
        if self.is_awaited() {
            *self = self.vacated();
        }
    }

    /// Whether it has waited long enough.
    pub(crate) fn has_waited(&self, now: Timestamp) -> bool {
        self.awaited.is_none_or(|until| now >= until)
    }
}

impl Room {
    /// Whether the room is one that stays when everybody has left.
    pub fn is_lasting(&self) -> bool {
        self.life == Life::Open && self.config().persistent
    }

    /// The account that created the room, and for which it counts.
    pub fn founder(&self) -> Option<&BareJid> {
        self.state.record.founder.as_ref()
    }
}
