//! Taking back what one said (XEP-0424), and what is left of a message that was retracted.

use std::borrow::Cow;
use std::collections::HashMap;

use minidom::Element;

use crate::room::Room;
use crate::room::archive::{Answer, Entry, Found, Target, taken_back};
use crate::room::context::Context;
use crate::room::effect::Effects;
use crate::room::message::retract;
use crate::room::surface::Feature;
use crate::wire::build::{Build, el, stamp};
use crate::wire::inbound::ID_BYTES_MAX;
use crate::wire::jid::BareJid;
use crate::wire::ns;

pub(super) const FEATURE: Feature = Feature {
    disco: |room, vars| {
        vars.push(ns::RETRACT);
        if room.config().archive {
            vars.push(ns::RETRACT_TOMBSTONE);
        }
    },
    ..Feature::new("retract")
};

/// An occupant said `message`; if that takes back an earlier message of the same account, what was said is gone from
/// the history and the archive. Of anybody else's message it takes back nothing: receivers judge the same way. Neither
/// do ids that are too long for the room to remember.
pub(crate) fn own(room: &mut Room, author: &BareJid, message: &Element, cx: &Context<'_>, fx: &mut Effects) {
    let (wanted, own) = (taken_back(message), message.attr("id").unwrap_or_default());
    let Some(id) = wanted.filter(|id| id.len().max(own.len()) <= ID_BYTES_MAX) else { return };
    let retracted = el("retracted", ns::RETRACT).with("id", own).with("stamp", &stamp(cx.now));
    retract(room, Target::Of(author.clone(), id.to_owned()), retracted, cx, fx);
}

/// The archive's answer with what was retracted while it was on its way; `None` if that is not known any more, or if
/// it is the answer of an earlier life of the room.
pub(crate) fn caught_up<'f>(room: &Room, found: &'f Found) -> Option<Cow<'f, Found>> {
    if found.archive != room.state.record.archive {
        return None;
    }
    let mut retractions = room.history.retracted_since(found.retracted)?.peekable();
    let (Answer::Page(page), Some(_)) = (&found.answer, retractions.peek()) else {
        return Some(Cow::Borrowed(found));
    };
    let places = places(&page.entries);
    let mut found = Cow::Borrowed(found);
    for retraction in retractions {
        let meant = match &retraction.target {
            Target::Id(id) => places.get(&(None, id.as_str())),
            Target::Of(account, id) => places.get(&(Some(account), id.as_str())),
        };
        let Some(at) = meant.copied() else { continue };
        if let Answer::Page(page) = &mut found.to_mut().answer
            && !page.entries[at].is_tombstone()
        {
            page.entries[at] = page.entries[at].tombstone(&retraction.retracted, retraction.keep_original);
        }
    }
    Some(found)
}

/// Where each message is: by its id in the archive, and by its author with any of its ids. Of several it is the newest.
fn places(entries: &[Entry]) -> HashMap<(Option<&BareJid>, &str), usize> {
    let mut places = HashMap::new();
    for (at, entry) in entries.iter().enumerate() {
        places.insert((None, entry.id.as_str()), at);
        let ids = std::iter::once(entry.id.as_str()).chain(entry.said_ids());
        if let Some(account) = &entry.account {
            places.extend(ids.map(|id| ((Some(account), id), at)));
        }
    }
    places
}
