//! The last messages of a room, for those who join (XEP-0045 §7.2.13). The archive has them too, if the room has one.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use imbl::Vector;
use jiff::{SignedDuration, Timestamp};

use super::archive::{Entry, Retraction};
use crate::wire::jid::BareJid;
use crate::wire::size;

/// A bounded list, oldest first.
#[derive(Clone, Debug, Default)]
pub struct History {
    entries: VecDeque<(Arc<Entry>, usize)>,
    bytes: usize,
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
    /// Adds a message and drops the oldest ones beyond either bound.
    pub fn push(&mut self, entry: Arc<Entry>, messages_max: usize, bytes_max: usize) {
        let bytes = entry.bytes();
        self.bytes += bytes;
        self.entries.push_back((entry, bytes));
        self.shorten(messages_max, bytes_max);
    }

    /// Drops the oldest messages beyond either bound.
    pub fn shorten(&mut self, messages_max: usize, bytes_max: usize) {
        while self.entries.len() > messages_max || self.bytes > bytes_max {
            let Some((_, bytes)) = self.entries.pop_front() else { break };
            self.bytes -= bytes;
        }
    }

    /// How big all of it is.
    pub fn bytes(&self) -> usize {
        self.bytes + self.retraction_bytes
    }

    /// All messages, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Arc<Entry>> {
        self.entries.iter().map(|(entry, _)| entry)
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
        let place = self.entries.iter().rposition(|(entry, _)| retraction.target.is(entry))?;
        let (entry, bytes) = self.entries.remove(place)?;
        self.bytes -= bytes;
        Some(entry)
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
