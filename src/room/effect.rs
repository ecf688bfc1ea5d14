//! All that a room may ask for, in order.

use std::collections::{BTreeMap, BTreeSet};

use minidom::Element;

use super::archive::{Ask, Change};
use super::audience::Notice;
use crate::feature::backlog::{EVENT_BYTES_MAX, Owed};
use crate::store::Write;
use crate::wire::encode::{Outgoing, Recipients, Template};
use crate::wire::jid::{BareJid, Jid};

/// What an event leads to. The sends leave only once the writes are durable.
#[derive(Debug, Default)]
pub struct Effects {
    /// Durable changes, derived from what the event touched.
    pub writes: Vec<Write>,
    /// Durable changes of archives. What is shown in `sends` is in the archive before.
    pub archive: Vec<Change>,
    /// Questions to the archive, put once the changes are durable.
    pub asks: Vec<Ask>,
    /// Stanzas, in the order in which they leave.
    pub sends: Vec<Outgoing>,
    /// Bytes on the wire of what the others are told of occupants.
    pub(super) told_bytes: usize,
    /// What of that is too much for one event.
    pub(crate) owed: Vec<Owed>,
    /// Bytes that earlier events had left, by who caused them.
    pub charges: BTreeMap<Jid, usize>,
    /// Affiliations that the event changed.
    pub(super) touched: BTreeSet<BareJid>,
    /// Somebody was put out. What is durable of that (a kick: nothing; a ban: that he may not come back) need not say so:
    /// the store is told who is in the room before anybody hears of it, or a crash could bring him back without anybody's
    /// knowing.
    pub expels: bool,
    /// Set when the event was refused: nothing happened but the answer in `sends`.
    pub refused: bool,
}

impl Effects {
    /// Sends a stanza to one address.
    pub fn send(&mut self, stanza: &Element, to: &Jid) {
        self.sends.push(Outgoing::one(stanza, to.clone()));
    }

    /// Sends a stanza to several addresses; to nobody if there are none.
    pub fn send_many(&mut self, stanza: &Element, to: impl Into<std::sync::Arc<[Jid]>>) {
        self.send_to(stanza, Recipients::many(to));
    }

    /// Sends a stanza to those whom the list names, in its order; to nobody if it is empty.
    pub fn send_to(&mut self, stanza: &Element, to: Recipients) {
        if !to.is_empty() {
            self.sends.push(Outgoing { stanza: Template::new(stanza), to });
        }
    }

    /// Tells others of an occupant.
    pub(crate) fn tell(&mut self, stanza: &Element, to: Recipients) {
        let outgoing = Outgoing { stanza: Template::new(stanza), to };
        self.told_bytes += outgoing.stanza.len() * outgoing.to.len();
        self.sends.push(outgoing);
    }

    /// Bytes of all stanzas, each once.
    pub fn stanza_bytes(&self) -> usize {
        self.sends.iter().map(|outgoing| outgoing.stanza.len()).sum()
    }

    /// Bytes on the wire of what the others are told of occupants.
    pub(crate) fn told_bytes(&self) -> usize {
        self.told_bytes
    }

    /// Whether what the others are told of occupants is as much as one event may tell.
    pub(crate) fn tells_too_much(&self) -> bool {
        self.told_bytes >= EVENT_BYTES_MAX
    }

    /// Leaves something to be told later.
    pub(crate) fn owe(&mut self, notice: &Notice<'_>, own: Option<Option<&Element>>) {
        let owed = Owed::of(notice, self.owed.last());
        self.owed.extend(owed.map(|owed| match own {
            Some(version) => owed.with_own(version),
            None => owed,
        }));
    }

    /// Notes who caused what is told now, in bytes on the wire.
    pub(crate) fn charge(&mut self, by: Option<Jid>, bytes: usize) {
        if let Some(by) = by.filter(|_| bytes > 0) {
            *self.charges.entry(by).or_default() += bytes;
        }
    }

    /// Bytes on the wire beyond one copy of one stanza for each who gets it: all that leaves but what is most of it.
    pub fn excess_bytes(&self) -> usize {
        if self.sends.len() < 2 {
            return 0;
        }
        let each = self.sends.iter().map(|outgoing| outgoing.stanza.len() * outgoing.to.len());
        let (all, most) = each.fold((0, 0), |(all, most), bytes| (all + bytes, most.max(bytes)));
        all - most
    }

    /// Sends a stanza that names its recipient in `to`.
    pub fn reply(&mut self, stanza: &Element) {
        if let Some(to) = stanza.attr("to").and_then(|to| Jid::parse(to).ok()) {
            self.send(stanza, &to);
        }
    }
}

impl Effects {
    /// Bytes that the stanzas take in memory until they have left: each stanza once, and each list of recipients.
    pub fn held_bytes(&self) -> usize {
        let mut lists = BTreeSet::new();
        let held = self.sends.iter().map(|outgoing| {
            let list = match &outgoing.to {
                Recipients::Many { jids, .. } if lists.insert(jids.as_ptr()) => size_of_val(&jids[..]),
                _ => 0,
            };
            size_of::<Outgoing>() + outgoing.stanza.len() + list
        });
        held.sum()
    }

    /// Notes that the record of `jid`'s affiliation changed.
    pub(crate) fn touch(&mut self, jid: &BareJid) {
        self.touched.insert(jid.clone());
    }

    /// Whose affiliations changed.
    pub(crate) fn touched(&self) -> impl Iterator<Item = &BareJid> {
        self.touched.iter()
    }
}
