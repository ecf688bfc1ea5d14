//! The last messages of a room, for those who join (XEP-0045 §7.2.13). The archive has them too, if the room has one.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;

use self::passing::Passing;
use super::archive::{Entry, Retraction};
use crate::wire::jid::BareJid;
use crate::wire::size;

/// How much is kept.
#[derive(Clone, Copy, Debug)]
pub struct Bound {
    /// Messages at most.
    pub messages: usize,
    /// Bytes at most.
    pub bytes: usize,
}

/// How much is kept of each kind.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Of those that say something: they have a body, and clients show something of it.
    pub said: Bound,
    /// Of those that do not: they have no body, or a blank one.
    pub unsaid: Bound,
}

/// A bounded list, oldest first.
#[derive(Clone, Debug, Default)]
struct Line {
    entries: VecDeque<(Arc<Entry>, usize)>,
    bytes: usize,
}

impl Line {
    fn push(&mut self, entry: Arc<Entry>) {
        let bytes = entry.bytes();
        self.bytes += bytes;
        self.entries.push_back((entry, bytes));
    }

    fn pop(&mut self) -> Option<Arc<Entry>> {
        let (entry, bytes) = self.entries.pop_front()?;
        self.bytes -= bytes;
        Some(entry)
    }

    /// Drops the oldest messages beyond a bound.
    fn shorten(&mut self, max: Bound) {
        while (self.entries.len() > max.messages || self.bytes > max.bytes) && self.pop().is_some() {}
    }

    /// The same, but what goes is the oldest of the account with the most, in the domain with the most: so none has all the
    /// space.
    fn shorten_fairly(&mut self, max: Bound) {
        loop {
            let exceeds_bytes = self.bytes > max.bytes;
            if !exceeds_bytes && self.entries.len() <= max.messages {
                return;
            }
            let weight = |bytes: usize| if exceeds_bytes { bytes } else { 1 };
            let weights = self.entries.iter().map(|(entry, bytes)| (entry.account.as_ref(), weight(*bytes)));
            let Some((_, bytes)) = oldest_of_most(weights).and_then(|place| self.entries.remove(place))
            else {
                return;
            };
            self.bytes -= bytes;
        }
    }

    /// Drops what is older than `entry`.
    fn drop_before(&mut self, entry: &Entry) {
        while self.entries.front().is_some_and(|(oldest, _)| oldest.at < entry.at) && self.pop().is_some() {}
    }

    fn iter(&self) -> impl DoubleEndedIterator<Item = &Arc<Entry>> {
        self.entries.iter().map(|(entry, _)| entry)
    }

    fn retract(&mut self, retraction: &Retraction) -> Option<Arc<Entry>> {
        let place = self.entries.iter().rposition(|(entry, _)| retraction.target.is(entry))?;
        let (entry, bytes) = self.entries.remove(place)?;
        self.bytes -= bytes;
        Some(entry)
    }
}

/// Where the oldest message is of the account with the most, in the domain with the most. Of each message it is given who said
/// it, and for how much it counts.
fn oldest_of_most<'a>(said: impl Iterator<Item = (Option<&'a BareJid>, usize)> + Clone) -> Option<usize> {
    let domain = |account: Option<&'a BareJid>| account.map_or("", |account| account.domain());
    let (mut domains, mut accounts) = (HashMap::new(), HashMap::new());
    for (account, weight) in said.clone() {
        *domains.entry(domain(account)).or_insert(0) += weight;
        *accounts.entry(account).or_insert(0) += weight;
    }
    let heaviest = domains.values().max().copied();
    let of_it = |account: &Option<&'a BareJid>| domains.get(domain(*account)).copied() == heaviest;
    let most = accounts.iter().filter(|(account, _)| of_it(account)).map(|(_, weight)| *weight).max();
    said.into_iter().position(|(account, _)| of_it(&account) && accounts.get(&account).copied() == most)
}

/// What is remembered of what was said.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// Messages that say something.
    said: Line,
    /// Those that do not: by themselves, so that they do not push out what was said.
    unsaid: Line,
    /// Messages that the archive has not, without what they said, oldest first: moderators may take them back.
    passing: Passing,
    /// The same of what clients show nothing of.
    unseen: Passing,
    /// When the room last gave a message its time, whether or not the message is here.
    pub latest: Option<Timestamp>,
    /// The last retractions, oldest first, for answers of the archive that were on their way meanwhile.
    retractions: Arc<VecDeque<Arc<Retraction>>>,
    retraction_bytes: usize,
    /// How many there were in all.
    retracted: u64,
}

/// Retractions that are remembered. After more of them, an answer that was on its way is asked for anew.
const RETRACTIONS_MAX: usize = 256;
const RETRACTIONS_BYTES_MAX: usize = 128 << 10;

impl History {
    /// Adds a message that says something, and drops the oldest beyond the bounds.
    pub fn push(&mut self, entry: Arc<Entry>, bounds: Bounds) {
        self.said.push(entry);
        self.settle(bounds);
    }

    /// Adds a message that says nothing, and drops what is beyond the bounds, of the account with the most. One that is larger
    /// than all such may be is not kept.
    pub fn push_unsaid(&mut self, entry: Arc<Entry>, bounds: Bounds) {
        if entry.bytes() <= bounds.unsaid.bytes {
            self.unsaid.push(entry);
            self.settle(bounds);
        }
    }

    /// Drops the oldest messages beyond the bounds. Once there are as many that say something as may be, nothing is older than they
    /// are.
    fn settle(&mut self, bounds: Bounds) {
        let said = self.said.entries.len();
        self.said.shorten(bounds.said);
        let left = self.said.entries.len();
        let is_full = left < said || left >= bounds.said.messages;
        match self.said.entries.front() {
            Some((oldest, _)) if is_full => self.unsaid.drop_before(oldest),
            None if is_full => self.unsaid = Line::default(),
            _ => {}
        }
        self.unsaid.shorten_fairly(bounds.unsaid);
    }

    /// Drops messages until all of them have no more than so many bytes: what is remembered of others keeps a quarter, and of
    /// the rest those that say nothing go first.
    pub fn shorten(&mut self, bytes_max: usize) {
        let within = |bytes| Bound { messages: usize::MAX, bytes };
        self.unseen.shorten(bytes_max / 8);
        self.passing.shorten(bytes_max / 8);
        let left = bytes_max - self.passing.bytes() - self.unseen.bytes();
        self.unsaid.shorten_fairly(within(left.saturating_sub(self.said.bytes)));
        self.said.shorten(within(left));
    }

    /// How big all of it is.
    pub fn bytes(&self) -> usize {
        let passing = self.passing.bytes() + self.unseen.bytes();
        self.said.bytes + self.unsaid.bytes + passing + self.retraction_bytes
    }

    /// All messages: those that say something, then those that do not.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Entry>> {
        self.said.iter().chain(self.unsaid.iter())
    }

    /// All messages, newest first, and whether each says something.
    pub fn newest(&self) -> impl Iterator<Item = (&Arc<Entry>, bool)> {
        let (mut said, mut unsaid) = (self.said.iter().rev().peekable(), self.unsaid.iter().rev().peekable());
        std::iter::from_fn(move || match (said.peek(), unsaid.peek()) {
            (Some(a), Some(b)) if a.at < b.at => unsaid.next().map(|entry| (entry, false)),
            (None, _) => unsaid.next().map(|entry| (entry, false)),
            _ => said.next().map(|entry| (entry, true)),
        })
    }

    /// Remembers that there was a message which the archive has not. Nothing is left of it but who said it, when and
    /// under which id. Those that are `shown` by clients are remembered by themselves: what none shows does not push them out,
    /// and of them the oldest goes of the account that has said the most, in the domain that has.
    pub fn note(&mut self, entry: &Entry, shown: bool) {
        let list = if shown { &mut self.passing } else { &mut self.unseen };
        list.note(entry);
    }

    /// Messages of a room that the archive has not, oldest first: all that are here, and what is remembered of others.
    pub fn unarchived(&self, room: &BareJid) -> Vec<Arc<Entry>> {
        let here: HashSet<&str> = self.iter().map(|entry| entry.id.as_str()).collect();
        let others = self.passing(room).filter(|entry| !here.contains(entry.id.as_str()));
        let mut all: Vec<_> = others.chain(self.iter().cloned()).collect();
        all.sort_by_key(|entry| entry.at);
        all
    }

    /// Whether nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none() && self.passing.is_empty() && self.unseen.is_empty()
    }

    /// What is remembered of messages of a room that the archive has not: those that clients show, oldest first, then the
    /// others.
    pub fn passing<'a>(&'a self, room: &'a BareJid) -> impl Iterator<Item = Arc<Entry>> + 'a {
        self.passing.iter(room).chain(self.unseen.iter(room))
    }

    /// The message of a room with this id, or what is remembered of it.
    pub fn at_hand(&self, room: &BareJid, id: &str) -> Option<Arc<Entry>> {
        let here = self.iter().find(|entry| entry.id == id).cloned();
        here.or_else(|| self.passing.get(room, id)).or_else(|| self.unseen.get(room, id))
    }

    /// Takes out the newest message that is meant. What was retracted is not shown again (XEP-0424, XEP-0425).
    pub fn retract(&mut self, retraction: &Retraction) -> Option<Arc<Entry>> {
        self.retracted += 1;
        let retractions = Arc::make_mut(&mut self.retractions);
        self.retraction_bytes += size::of(&retraction.retracted);
        retractions.push_back(Arc::new(retraction.clone()));
        while retractions.len() > RETRACTIONS_MAX || self.retraction_bytes > RETRACTIONS_BYTES_MAX {
            let Some(oldest) = retractions.pop_front() else { break };
            self.retraction_bytes -= size::of(&oldest.retracted);
        }
        for list in [&mut self.passing, &mut self.unseen] {
            list.retract(&retraction.target);
        }
        self.said.retract(retraction).or_else(|| self.unsaid.retract(retraction))
    }

    /// How many messages were retracted since the room came into memory.
    pub fn retracted(&self) -> u64 {
        self.retracted
    }

    /// What was retracted after the first `seen` retractions, oldest first; `None` if that is not known any more.
    pub fn retracted_since(&self, seen: u64) -> Option<impl Iterator<Item = &Arc<Retraction>>> {
        let newer = usize::try_from(self.retracted.checked_sub(seen)?).ok()?;
        let known = self.retractions.len().checked_sub(newer)?;
        Some(self.retractions.range(known..))
    }
}

mod passing;
