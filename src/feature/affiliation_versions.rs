//! Versions of the lists of affiliations: who comes back learns what changed, and asks for no list (XEP-0463).
//!
//! A version is a number that counts changes. On the wire it is sealed: only the room can tell how many changes lie
//! between two, since some of them are not for everybody who is told versions. It comes with a mark of this life of the
//! room and of who may see its lists, so that a client never builds on what another room had, or on what it was not shown.

use std::collections::{BTreeMap, VecDeque};

use minidom::Element;

use crate::room::audience::{Item, Sight};
use crate::room::context::Context;
use crate::room::effect::Effects;
use crate::room::surface::Feature;
use crate::room::versions::{ITEM_BYTES, ITEMS_MAX, is_for, mark, mav, read, word};
use crate::room::{Room, privilege};
use crate::wire::build::{Build, el, message};
use crate::wire::encode::{self, Outgoing};
use crate::wire::fit::LIST_BYTES_MAX;
use crate::wire::inbound::Inbound;
use crate::wire::jid::{BareJid, Jid};
use crate::wire::muc::Affiliation;
use crate::wire::ns;
use crate::wire::refusal::Refusal;
use crate::words;

pub(super) const FEATURE: Feature = Feature {
    disco: |room, vars| {
        if room.offers_versions {
            vars.push(ns::MAV);
        }
    },
    ..Feature::new("affiliation_versions")
};

/// Whether a client that enters wants to follow the lists. Others are not told of versions: some take what they do
/// not know in a room's words for an error.
pub(crate) fn is_wanted(room: &Room, x: &Element) -> bool {
    room.offers_versions && x.has_child("mav", ns::MAV)
}

/// Somebody who enters is told what he asks for, before any presence (§5.2.1). Returns what his own presence says.
pub(crate) fn greet(
    room: &Room,
    x: &Element,
    inbound: &Inbound,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) -> Option<Element> {
    let wish = x.get_child("mav", ns::MAV).filter(|_| room.offers_versions)?;
    let account = inbound.from.to_bare();
    let now = room.state.record.versions.now;
    if !is_for(room, &account) {
        let refusal = Refusal::forbidden(&words::LISTS_HIDDEN);
        fx.send(&refusal.aside(inbound, &cx.id(), room.lang(cx.service)), &inbound.from);
        // Nobody can build on this one, and it never changes: it is no version that the room knows.
        return Some(mav(None, &format!("{}x", mark(room))));
    }
    let since = wish.attr("since").and_then(|word| read(room, word));
    if since != Some(now) {
        let changes = since.and_then(|since| changes_since(room, since, &account));
        let start = changes.as_ref().and(wish.attr("since"));
        let items = changes.unwrap_or_else(|| all(room, &account));
        send(room, start, items, &inbound.from, cx, fx);
    }
    Some(mav(None, &word(room, now)))
}

/// What an account may see of the lists, in the order of addresses.
type Items<'a> = BTreeMap<&'a BareJid, Affiliation>;

/// Whether what somebody sees of the lists includes this affiliation.
fn sees<'a>(room: &'a Room, account: &BareJid) -> impl Fn(Affiliation) -> bool + use<'a> {
    let bans = privilege::may_see_list(room, account, Affiliation::Outcast).is_ok();
    move |affiliation| affiliation != Affiliation::Outcast || bans
}

fn all<'a>(room: &'a Room, account: &BareJid) -> Items<'a> {
    let sees = sees(room, account);
    let listed = room.state.affiliations.iter().map(|(jid, a)| (jid, a.affiliation));
    listed.filter(|(_, affiliation)| sees(*affiliation)).collect()
}

/// What changed after version `since`, for somebody who saw that version; `None` if the whole list has to do: because
/// it is not remembered, because this account may not know who was on the lists then, or because nothing that it may
/// see has changed.
fn changes_since<'a>(room: &'a Room, since: u64, account: &BareJid) -> Option<Items<'a>> {
    let versions = &room.state.record.versions;
    if since < versions.known_from || since > versions.now {
        return None;
    }
    let sees = sees(room, account);
    let lost = versions.lost.iter().filter(|lost| lost.version > since);
    let lost = lost.filter(|lost| !lost.ban || sees(Affiliation::Outcast));
    let mut items: Items<'a> = lost.map(|lost| (&lost.jid, Affiliation::None)).collect();
    let was_there = room.affiliated(account).is_some_and(|own| own.version <= since);
    if !items.is_empty() && !was_there {
        return None;
    }
    for jid in room.ranks.changed_since(since) {
        let affiliation = crate::room::change::affiliation::recorded(room, jid);
        if sees(affiliation) {
            items.insert(jid, affiliation);
        }
    }
    (!items.is_empty()).then_some(items)
}

/// Sends the items in as many messages as it takes. Where one ends is a version that only the next message knows.
fn send(
    room: &Room,
    since: Option<&str>,
    items: Items<'_>,
    to: &Jid,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) {
    // Who sees the list of members sees those of whom they are told here.
    let sight = room.sight_of_list(&to.to_bare(), Affiliation::Member).unwrap_or(Sight::NONE);
    let left: Vec<_> = items.into_iter().map(|(jid, affiliation)| (jid.clone(), affiliation)).collect();
    let bytes = left.iter().map(|(jid, _)| jid.as_str().len() + ITEM_BYTES).sum();
    let (room, until) = (room.jid.clone(), word(room, room.state.record.versions.now));
    let mut chain =
        Chain { room, sight, until, since: since.map(str::to_owned), at: 0, left: left.into(), ended: false };
    while !fx.is_full() {
        match chain.next(&cx.id()) {
            Some(message) => fx.send(&message, to),
            None => return,
        }
    }
    let (mut ids, to) = (cx.ids.fork(), to.clone());
    fx.send_later(bytes, move || Some(Outgoing::one(&chain.next(&ids.fresh())?, to.clone())));
}

/// Messages of which each goes on where the one before ends.
struct Chain {
    room: BareJid,
    sight: Sight,
    /// The version to which they lead.
    until: String,
    since: Option<String>,
    at: usize,
    left: VecDeque<(BareJid, Affiliation)>,
    ended: bool,
}

impl Chain {
    fn next(&mut self, id: &str) -> Option<Element> {
        if self.ended {
            return None;
        }
        let (mut items, mut bytes) = (Vec::new(), 0);
        while items.len() < ITEMS_MAX
            && bytes < LIST_BYTES_MAX
            && let Some((jid, affiliation)) = self.left.pop_front()
        {
            bytes += encode::escaped_len(jid.as_str()) + ITEM_BYTES;
            let item = Item { affiliation: Some(affiliation), jid: Some((&jid).into()), ..Item::default() };
            items.push(item.element(ns::MUC_USER, self.sight));
        }
        self.ended = self.left.is_empty();
        let until = if self.ended { self.until.clone() } else { format!("{}.{}", self.until, self.at) };
        let mut x = el("x", ns::MUC_USER).child(mav(self.since.as_deref(), &until));
        for item in items {
            x.append_child(item);
        }
        self.at += 1;
        self.since = Some(until);
        Some(message(self.room.as_jid(), None, id).child(x))
    }
}
