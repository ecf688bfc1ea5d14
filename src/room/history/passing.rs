//! What is remembered of messages that are kept nowhere, so that moderators may take them back.

use std::sync::Arc;

use imbl::Vector;
use jiff::{SignedDuration, Timestamp};

use super::oldest_of_most;
use crate::room::archive::{Entry, Target};
use crate::wire::build::message;
use crate::wire::jid::{BareJid, Jid};

/// Messages that are remembered, and their bytes.
const MESSAGES_MAX: usize = 256;
const BYTES_MAX: usize = 64 << 10;

/// For how long.
const AGE: SignedDuration = SignedDuration::from_hours(24);

/// Who said it, when, and under which id: nothing else is left of it.
#[derive(Debug)]
struct Passed {
    id: Box<str>,
    at: Timestamp,
    account: Option<BareJid>,
    nick: Box<str>,
    shown: bool,
}

impl Passed {
    fn bytes(&self) -> usize {
        let account = self.account.as_ref().map_or(0, |account| account.as_str().len());
        size_of::<Self>() + self.id.len() + self.nick.len() + account
    }

    /// A message that says nothing, in its place.
    fn entry(&self, room: &BareJid) -> Arc<Entry> {
        let from = room.with_resource(&self.nick);
        Arc::new(Entry {
            id: self.id.to_string(),
            at: self.at,
            account: self.account.clone(),
            shown: self.shown,
            message: message(&from.expect("the nick of an occupant"), Some("groupchat"), ""),
            original: None,
        })
    }
}

/// A bounded list, oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Passing {
    list: Vector<Arc<Passed>>,
    bytes: usize,
}

impl Passing {
    /// Remembers a message. What there is no space for is the oldest of the account with the most, in the domain with the most.
    pub(super) fn note(&mut self, entry: &Entry) {
        let from = entry.message.attr("from").and_then(|from| Jid::parse(from).ok());
        let passed = Passed {
            id: entry.id.as_str().into(),
            at: entry.at,
            account: entry.account.clone(),
            nick: from.as_ref().and_then(|from| from.resource()).unwrap_or_default().into(),
            shown: entry.shown,
        };
        while self.list.front().is_some_and(|old| passed.at.duration_since(old.at) > AGE) {
            self.remove(0);
        }
        self.bytes += passed.bytes();
        self.list.push_back(Arc::new(passed));
        self.shorten(BYTES_MAX);
    }

    /// Drops messages until there are no more than may be, of no more than so many bytes.
    pub(super) fn shorten(&mut self, bytes_max: usize) {
        while self.list.len() > MESSAGES_MAX || self.bytes > bytes_max {
            let weights = self.list.iter().map(|passed| (passed.account.as_ref(), passed.bytes()));
            let Some(place) = oldest_of_most(weights) else { return };
            self.remove(place);
        }
    }

    /// Forgets the newest message that is meant.
    pub(super) fn retract(&mut self, target: &Target) {
        let is_meant = |passed: &Arc<Passed>| target.names(&passed.id, passed.account.as_ref());
        if let Some(place) = self.list.iter().rposition(is_meant) {
            self.remove(place);
        }
    }

    fn remove(&mut self, place: usize) {
        self.bytes -= self.list.remove(place).bytes();
    }

    /// All of them in a room, without what they said, oldest first.
    pub(super) fn iter<'a>(&'a self, room: &'a BareJid) -> impl Iterator<Item = Arc<Entry>> + 'a {
        self.list.iter().map(|passed| passed.entry(room))
    }

    /// The one of this id.
    pub(super) fn get(&self, room: &BareJid, id: &str) -> Option<Arc<Entry>> {
        self.list.iter().find(|passed| *passed.id == *id).map(|passed| passed.entry(room))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::room::history::History;

    fn entry(account: &str, nick: &str, id: usize) -> Entry {
        let room = BareJid::parse("r@muc.example").expect("an address");
        let account = Some(BareJid::parse(account).expect("an address"));
        let from = room.with_resource(nick).expect("an address");
        let (at, message) = (Timestamp::UNIX_EPOCH, message(&from, Some("groupchat"), "said"));
        Entry { id: id.to_string(), at, account, shown: false, message, original: None }
    }

    // 45-14.6-a
    #[test]
    fn what_is_kept_nowhere_takes_little_memory_and_is_counted() {
        let room = BareJid::parse("r@muc.example").expect("an address");
        let (mut history, nick) = (History::default(), "n".repeat(251));
        history.note(&entry("victim@example", "victim", 0), true);
        for n in 1..2000 {
            let account = format!("{}@{}.example", "a".repeat(900), n % 6);
            history.note(&entry(&account, &nick, n), n % 2 == 0);
        }
        assert!((100_000..=2 * BYTES_MAX).contains(&history.bytes()), "{}", history.bytes());
        let first = history.at_hand(&room, "0").expect("others have more");
        assert_eq!(first.message.attr("from"), Some("r@muc.example/victim"));
        history.shorten(8 << 10);
        assert!(history.bytes() <= 2 << 10, "{}", history.bytes());
        assert!(history.at_hand(&room, "0").is_some());
    }
}
