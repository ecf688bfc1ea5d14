//! What becomes of a message that is said to all: its id, whether it is kept, and how it is taken back (XEP-0313 §5.1.1, XEP-0359,
//! XEP-0334, XEP-0424).

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp, Unit};
use minidom::Element;

use crate::room::archive::{Change, Entry, Retraction, Target, taken_back};
use crate::room::context::Context;
use crate::room::effect::Effects;
use crate::room::{Room, recent};
use crate::wire::build::{Build, el};
use crate::wire::jid::BareJid;
use crate::wire::message::{
    asks_to_be_dropped, asks_to_be_kept, changes_subject, is_silent, is_spoken, speaks,
};
use crate::wire::ns;

/// Marks a message that is about to be reflected with its id, and keeps it, if others can refer to it later. What is not
/// kept in the archive has an id as well, and is remembered for a while: what everybody was shown, moderators can take back.
/// Gives it as it is reflected: there is one copy of it, for it may be large.
pub(crate) fn keep(
    room: &mut Room,
    sender: Option<&BareJid>,
    mut message: Element,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) -> Arc<Entry> {
    let is_silent = is_silent(&message);
    let id = if is_silent { String::new() } else { cx.id() };
    if !is_silent {
        message.append_child(stanza_id(room, &id));
    }
    let (shown, is_kept) = (room.is_nonanonymous(), !is_silent && is_kept(&message));
    let at = if is_kept { next_time(room, cx.now) } else { cx.now };
    let entry = Arc::new(Entry { id, at, account: sender.cloned(), shown, message, original: None });
    if sender.is_some() && !is_silent && !(is_kept && room.config().archive) {
        Arc::make_mut(&mut room.history).note(&entry, is_spoken(&entry.message));
    }
    if is_kept {
        recent::keep(room, entry.clone(), cx.limits());
        if room.config().archive {
            let archive = room.state.record.archive.clone();
            fx.archive.push(Change::Append { archive, entry: entry.clone() });
        }
    }
    entry
}

/// The id of a message in the archive, as everybody sees it.
pub(crate) fn stanza_id(room: &Room, id: &str) -> Element {
    el("stanza-id", ns::SID).with("id", id).with("by", room.jid.as_str())
}

/// Whether a message is kept: it says something, sets the subject, or refers to another message, and its sender does
/// not ask otherwise (XEP-0334).
fn is_kept(message: &Element) -> bool {
    // Who has missed a retraction learns of it from the archive (XEP-0424 §5), whatever its sender wishes. The subject is
    // kept anyway.
    if taken_back(message).is_some() || changes_subject(message) {
        return true;
    }
    if asks_to_be_dropped(message) {
        return false;
    }
    asks_to_be_kept(message)
        || message.children().any(|child| match child.ns().as_str() {
            ns::REACTIONS | ns::RETRACT | ns::FASTEN => true,
            _ => speaks(child),
        })
}

/// The time of the next message: now, but later than any before it, also if the clock was set back.
fn next_time(room: &Room, now: Timestamp) -> Timestamp {
    let now = now.round(Unit::Microsecond).unwrap_or(now);
    let after = |latest: Timestamp| latest.checked_add(SignedDuration::from_micros(1)).unwrap_or(latest);
    room.history.latest.map_or(now, |latest| now.max(after(latest)))
}

/// Puts `retracted` in the place of a message and forgets what it said.
pub(crate) fn retract(
    room: &mut Room,
    target: Target,
    retracted: Element,
    cx: &Context<'_>,
    fx: &mut Effects,
) {
    let retraction = Retraction { target, retracted, keep_original: cx.service.keep_retracted };
    Arc::make_mut(&mut room.history).retract(&retraction);
    if room.config().archive {
        fx.archive.push(Change::Retract { archive: room.state.record.archive.clone(), retraction });
    }
}
