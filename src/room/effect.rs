//! All that a room may ask for, in order.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use minidom::Element;

use super::Room;
use super::archive::{Ask, Asker, Change, Question};
use super::audience::PresenceUpdate;
use crate::room::announce::absent::Absent;
use crate::room::announce::backlog::{EVENT_BYTES_MAX, Owed};
use crate::room::write::Write;
use crate::wire::encode::{Outgoing, Recipients, Template};
use crate::wire::inbound::Inbound;
use crate::wire::jid::{BareJid, Jid};
use crate::wire::refusal::Refusal;
use crate::words::Lang;

/// Bytes of stanzas that an event makes at once; what may be made later is, when there are so many.
pub const MADE_BYTES_MAX: usize = 1 << 20;

/// Stanzas that are made one after the other while they are sent, from the room as it was when the event was dealt with.
pub struct Later {
    /// Before which one of the other stanzas they leave.
    pub place: usize,
    /// About how many bytes they are on the wire, for all who get them.
    pub bytes: usize,
    next: Box<dyn FnMut() -> Option<Outgoing> + Send>,
}

impl fmt::Debug for Later {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Later")
            .field("place", &self.place)
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}

impl Iterator for Later {
    type Item = Outgoing;

    fn next(&mut self) -> Option<Outgoing> {
        (self.next)()
    }
}

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
    /// What of them is not made before it is sent, because it is much, each in its place among `sends`.
    pub later: Vec<Later>,
    /// Bytes of the stanzas that are made, each once.
    pub(super) made_bytes: usize,
    /// Bytes on the wire of what the others are told of occupants.
    pub(super) told_bytes: usize,
    /// What of that is too much for one event.
    pub(crate) owed: Vec<Owed>,
    /// Changes of affiliation that are told together, because each by itself is too much for one event.
    pub(crate) absent: Vec<Absent>,
    /// There will be so many of them that they are told together from the first one on.
    pub(crate) tells_together: bool,
    /// Bytes that earlier events had left, by who caused them.
    pub charges: BTreeMap<Jid, usize>,
    /// Affiliations that the event changed.
    pub(super) touched: BTreeSet<BareJid>,
    /// An occupant was put out, or has a lower role than before. What is durable of that (a kick: nothing; a ban: that they
    /// may not come back) need not say so: the store is told who is in the room before anybody hears of it, or a crash
    /// could bring them back as they were without anybody's knowing.
    pub expels: bool,
    /// Set when the event was refused: nothing happened but the answer in `sends`.
    pub refused: bool,
}

impl Effects {
    /// The effects of turning `inbound` down, in its language or else in `lang`.
    pub fn refused(refusal: &Refusal, inbound: &Inbound, lang: Lang<'_>) -> Self {
        let mut fx = Self { refused: true, ..Self::default() };
        if let Some(answer) = refusal.answer(inbound, lang) {
            fx.reply(&answer);
        }
        fx
    }

    /// Puts a question to the archive of the room; the answer comes back as an event, to the asker.
    pub(crate) fn ask(&mut self, room: &Room, asker: Asker, question: Question, inbound: &Inbound) {
        let archive = room.state.record.archive.clone();
        let retracted = room.history.retracted();
        self.asks.push(Ask { archive, retracted, question, asker, inbound: Box::new(inbound.clone()) });
    }

    /// Sends a stanza to one address.
    pub fn send(&mut self, stanza: &Element, to: &Jid) {
        self.push(Outgoing::one(stanza, to.clone()));
    }

    /// Sends a stanza to several addresses; to nobody if there are none.
    pub fn send_many(&mut self, stanza: &Element, to: impl Into<std::sync::Arc<[Jid]>>) {
        self.send_to(stanza, Recipients::many(to));
    }

    /// Sends a stanza to those whom the list names, in its order; to nobody if it is empty.
    pub fn send_to(&mut self, stanza: &Element, to: Recipients) {
        if !to.is_empty() {
            self.push(Outgoing { stanza: Template::new(stanza), to });
        }
    }

    fn push(&mut self, outgoing: Outgoing) {
        self.made_bytes += outgoing.stanza.len();
        self.sends.push(outgoing);
    }

    /// Whether so many stanzas are made that others should be made later.
    pub(crate) fn is_full(&self) -> bool {
        self.made_bytes >= MADE_BYTES_MAX
    }

    /// Sends what `next` makes, after what was sent until now; about `bytes` on the wire.
    pub(crate) fn send_later(
        &mut self,
        bytes: usize,
        next: impl FnMut() -> Option<Outgoing> + Send + 'static,
    ) {
        self.later.push(Later { place: self.sends.len(), bytes, next: Box::new(next) });
    }

    /// Makes what is to be made later, as if there were space for all.
    pub fn make_all(&mut self) {
        for later in std::mem::take(&mut self.later).into_iter().rev() {
            let place = later.place;
            self.sends.splice(place..place, later);
        }
    }

    /// Tells others of an occupant.
    pub(crate) fn tell(&mut self, stanza: &Element, to: Recipients) {
        let outgoing = Outgoing { stanza: Template::new(stanza), to };
        self.told_bytes += outgoing.stanza.len() * outgoing.to.len();
        self.push(outgoing);
    }

    /// Bytes of all stanzas, each once.
    pub fn stanza_bytes(&self) -> usize {
        self.made_bytes
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
    pub(crate) fn owe(&mut self, room: &Room, notice: &PresenceUpdate<'_>, own: Option<Option<&Element>>) {
        let owed = Owed::of(room, notice, self.owed.last());
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

    /// Bytes on the wire beyond one copy of one stanza for each who gets it: all that leaves but what is most of it among
    /// what goes to several.
    pub fn excess_bytes(&self) -> usize {
        let later: usize = self.later.iter().map(|later| later.bytes).sum();
        let (all, most) = self.sends.iter().fold((later, 0), |(all, most), outgoing| {
            let bytes = outgoing.stanza.len() * outgoing.to.len();
            (all + bytes, if outgoing.to.len() > 1 { most.max(bytes) } else { most })
        });
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
