//! The last messages of a room, for those who join (XEP-0045 §7.2.13). The archive has them too, if the room has one.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use imbl::Vector;
use jiff::{SignedDuration, Timestamp};

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
    /// Of messages with a body.
    pub said: Bound,
    /// Of those without.
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

/// What is remembered of what was said.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// Messages with a body.
    said: Line,
    /// Those without: by themselves, so that they do not push out what was said.
    unsaid: Line,
    /// Messages that the archive has not, without what they said, oldest first: moderators may take them back.
    passing: Vector<Arc<Entry>>,
    /// The same of what clients show nothing of.
    unseen: Vector<Arc<Entry>>,
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

/// Messages that are remembered though they are kept nowhere, and for how long.
const PASSING_MAX: usize = 256;
const PASSING_AGE: SignedDuration = SignedDuration::from_hours(24);

impl History {
    /// Adds a message with a body, and drops the oldest beyond the bounds.
    pub fn push(&mut self, entry: Arc<Entry>, bounds: Bounds) {
        self.said.push(entry);
        self.settle(bounds);
    }

    /// Adds a message without a body, and drops the oldest beyond the bounds. One that is larger than all such may be is not
    /// kept.
    pub fn push_unsaid(&mut self, entry: Arc<Entry>, bounds: Bounds) {
        if entry.bytes() <= bounds.unsaid.bytes {
            self.unsaid.push(entry);
            self.settle(bounds);
        }
    }

    /// Drops the oldest messages beyond the bounds. Once there are as many with a body as may be, nothing is older than they
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
        self.unsaid.shorten(bounds.unsaid);
    }

    /// Drops messages until all of them have no more than so many bytes: first those without a body, the oldest first.
    pub fn shorten(&mut self, bytes_max: usize) {
        let within = |bytes| Bound { messages: usize::MAX, bytes };
        self.unsaid.shorten(within(bytes_max.saturating_sub(self.said.bytes)));
        self.said.shorten(within(bytes_max));
    }

    /// How big all of it is.
    pub fn bytes(&self) -> usize {
        self.said.bytes + self.unsaid.bytes + self.retraction_bytes
    }

    /// All messages: those with a body, then those without.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Entry>> {
        self.said.iter().chain(self.unsaid.iter())
    }

    /// All messages, newest first, and whether each has a body.
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
    /// and of them the oldest goes of the account that has said the most.
    pub fn note(&mut self, entry: &Entry, shown: bool) {
        let passed = Arc::new(Entry { message: entry.shell(), original: None, ..entry.clone() });
        let list = if shown { &mut self.passing } else { &mut self.unseen };
        let is_old = |old: &Arc<Entry>| passed.at.duration_since(old.at) > PASSING_AGE;
        while list.front().is_some_and(is_old) {
            list.pop_front();
        }
        if list.len() >= PASSING_MAX {
            let mut of_account: HashMap<Option<&BareJid>, usize> = HashMap::new();
            list.iter().for_each(|entry| *of_account.entry(entry.account.as_ref()).or_default() += 1);
            let most = of_account.values().copied().max();
            let oldest = list.iter().position(|e| of_account.get(&e.account.as_ref()).copied() == most);
            list.remove(oldest.unwrap_or_default());
        }
        list.push_back(passed);
    }

    /// Messages that the archive has not, oldest first: all that are here, and what is remembered of others.
    pub fn unarchived(&self) -> Vec<&Arc<Entry>> {
        let here: HashSet<&str> = self.iter().map(|entry| entry.id.as_str()).collect();
        let others = self.passing().filter(|entry| !here.contains(entry.id.as_str()));
        let mut all: Vec<_> = others.chain(self.iter()).collect();
        all.sort_by_key(|entry| entry.at);
        all
    }

    /// What is remembered of messages that the archive has not: those that clients show, oldest first, then the others.
    pub fn passing(&self) -> impl Iterator<Item = &Arc<Entry>> {
        self.passing.iter().chain(&self.unseen)
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
            if let Some(place) = list.iter().rposition(|entry| retraction.target.is(entry)) {
                list.remove(place);
            }
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
