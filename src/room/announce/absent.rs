//! Changes of affiliation that no presence tells of, mostly of accounts that are not in the room (XEP-0045 §10.3).
//!
//! A message tells of them. It shows a real address, so in a semi-anonymous room it is for moderators only. Each change has a message
//! of its own until the event has told as much as it may; what it changes after that is told together. So the longest request leads
//! to about as many bytes for each who hears of it as it has itself.
//!
//! The session that asked for many changes at once has its result: it is told only of admins and owners, as the standard has it,
//! and of all if it follows the versions of the lists.

use minidom::Element;

use crate::room::audience::Item;
use crate::room::change::affiliation::Change;
use crate::room::context::Context;
use crate::room::effect::Effects;
use crate::room::recipients::Group;
use crate::room::versions::{ITEM_BYTES, ITEMS_MAX, Step};
use crate::room::{Room, versions};
use crate::wire::build::{Build, message, muc_user};
use crate::wire::encode::{Recipients, escaped_len};
use crate::wire::fit::LIST_BYTES_MAX;
use crate::wire::jid::Jid;
use crate::wire::muc::{Affiliation, Status};
use crate::wire::ns;

/// A change, as it is told.
#[derive(Debug)]
pub(crate) struct Absent {
    item: Element,
    /// About how many bytes the item has.
    bytes: usize,
    is_ban: bool,
    /// Presences tell of it as well, so it is only for those who follow the versions of the lists.
    is_shown: bool,
    /// The session that knows it by the result of its request.
    known_to: Option<Jid>,
    mav: Option<Element>,
}

/// Tells of a change, now or together with others. `is_shown`: presences tell of it as well, but for the versions.
pub(crate) fn tell(
    room: &Room,
    old: Affiliation,
    change: &Change,
    step: Option<&Step>,
    is_shown: bool,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) {
    let reason = change.reason.as_deref();
    let item =
        Item { affiliation: Some(change.new), jid: Some(change.jid().into()), reason, ..Item::default() };
    let absent = Absent {
        item: item.element(ns::MUC_USER, room.seeing(false).1),
        bytes: escaped_len(change.jid().as_str()) + reason.map_or(0, escaped_len) + ITEM_BYTES,
        is_ban: change.new == Affiliation::Outcast,
        is_shown,
        known_to: change.answered.clone().filter(|_| old.max(change.new) < Affiliation::Admin),
        mav: step.map(|step| step.mav.clone()),
    };
    if fx.tells_together || fx.tells_too_much() {
        fx.absent.push(absent);
    } else {
        say(room, &[absent], cx, fx);
    }
}

/// Tells of all changes that have not been told, as many in one message as it may have.
pub(crate) fn tell_rest(room: &Room, cx: &mut Context<'_>, fx: &mut Effects) {
    // Of most events there is nothing to tell, and each message has an id of its own.
    if fx.absent.is_empty() {
        return;
    }
    let (mut together, mut bytes) = (Vec::new(), 0);
    for absent in std::mem::take(&mut fx.absent) {
        if together.len() == ITEMS_MAX || bytes > LIST_BYTES_MAX {
            say(room, &std::mem::take(&mut together), cx, fx);
            bytes = 0;
        }
        bytes += absent.bytes;
        together.push(absent);
    }
    say(room, &together, cx, fx);
}

/// Tells of some changes in one message.
fn say(room: &Room, changes: &[Absent], cx: &mut Context<'_>, fx: &mut Effects) {
    let codes: &[Status] = if changes.iter().all(|change| change.is_ban) { &[Status::Banned] } else { &[] };
    let seeing = room.seeing(false).0;
    let id = cx.id();
    let mut say = |to: Recipients, mav: Option<Element>, items: &mut dyn Iterator<Item = &Absent>| {
        let mut items = items.map(|change| change.item.clone()).peekable();
        if to.is_empty() || items.peek().is_none() {
            return;
        }
        let x = muc_user(codes, None, items, false).child_opt(mav);
        fx.tell(&message(room.jid.as_jid(), None, &id).child(x), to);
    };
    let mut versions = changes.iter().filter_map(|change| change.mav.as_ref());
    let mut others = seeing;
    if let Some(first) = versions.next() {
        let mav = versions::span(first, versions.next_back().unwrap_or(first));
        let following = room.roster.sessions_in(Group { follows: Some(true), ..seeing });
        say(Recipients::many(following), Some(mav), &mut changes.iter());
        others.follows = Some(false);
    }
    let mut plain = changes.iter().filter(|change| !change.is_shown);
    let everyone = room.roster.sessions_in(others);
    let asker = changes.iter().find_map(|change| change.known_to.as_ref());
    let Some(asker) = asker.filter(|asker| hears(room, asker, others)) else {
        return say(Recipients::many(everyone), None, &mut plain);
    };
    say(room.roster.all_in_but(others, asker), None, &mut plain.clone());
    say(Recipients::many([asker.clone()]), None, &mut plain.filter(|change| change.known_to.is_none()));
}

/// Whether a session is one of those who see addresses and, if it is said, do not follow the versions.
fn hears(room: &Room, session: &Jid, group: Group) -> bool {
    let occupant = room.roster.by_session(session);
    occupant
        .is_some_and(|o| room.sight(o.role).sees() && group.follows.is_none_or(|is| is == o.follows(session)))
}
