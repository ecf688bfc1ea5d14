//! What happens around an event, and around a change of the configuration, whatever it is: each in one list, in its own order.

use super::restart;
use super::state::State;
use crate::feature::{FEATURES, anonymity, ban, history, members_only, persistence, quiet, subject, vcard};
use crate::room::announce::{self, absent, backlog};
use crate::room::config::Config;
use crate::room::context::Context;
use crate::room::effect::Effects;
use crate::room::event::Event;
use crate::room::{Room, life, versions};
use crate::wire::jid::Jid;
use minidom::Element;

/// Before an event: what is due by now, so that the event meets the room as it is to be. What it changes is undone with an event
/// that is refused, and done again before the next one.
pub(super) fn before_event(
    room: &mut Room,
    state: &mut State,
    event: &Event,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) {
    // A room of an earlier version gets what all ids are made with.
    if room.exists() && room.state.record.is_nameless() {
        room.state_mut().record.name(cx.ids);
    }
    // What the process before did not come to tell, before anything new is told.
    restart::tell(room, &mut state.untold, cx, fx);
    // Bans whose time is over keep no account out, from this event on.
    ban::expire(room, event, cx, fx);
    life::open_in_time(room, cx.now);
}

/// After an event that was not refused: what follows from how the room is now.
pub(super) fn after_event(
    before: &Room,
    room: &mut Room,
    event: &Event,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) {
    // Who appears because fewer are left is told before what waits.
    quiet::settle(room, cx, fx);
    absent::tell_rest(room, cx, fx);
    // All that was too much for this event is known now.
    backlog::note(room, event.inbound().map(|inbound| &inbound.from), fx);
    // Last, as it writes down what all others changed.
    persistence::settle(before, room, cx, fx);
}

/// Before a new configuration is in force: what is seen by those who see it until now.
pub(super) fn before_change(room: &mut Room, new: &Config, cx: &mut Context<'_>, fx: &mut Effects) {
    if new.members_only && !room.config().members_only {
        members_only::remove_strangers(room, cx, fx);
    }
}

/// After it: what the new one means to those who are present, and last the status codes, upon which clients ask anew.
pub(super) fn after_change(room: &mut Room, old: &Config, cx: &mut Context<'_>, fx: &mut Effects) {
    if room.config().whois != old.whois {
        if room.is_nonanonymous() {
            versions::forget_lost(&mut room.state_mut().record.versions);
        }
        anonymity::refresh(room, cx, fx);
    }
    announce::rebroadcast(room, old, cx, fx);
    let mut codes = Vec::new();
    for feature in FEATURES {
        (feature.change_codes)(old, room.config(), &mut codes);
    }
    room.tell_of_configuration(&codes, cx, fx);
}

/// After the presences that a join is answered with, in the order that the standard sets (XEP-0045 §7.1): history, then the
/// subject, which clients take for the end. The picture of the room comes before, where it is no stanza of the sequence.
pub(super) fn after_entry(room: &Room, x: &Element, session: &Jid, cx: &mut Context<'_>, fx: &mut Effects) {
    vcard::show(room, session, cx, fx);
    history::send(room, x, session, cx, fx);
    subject::send(room, session, cx, fx);
}
