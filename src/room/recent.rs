//! Which messages are kept for those who enter later, and how they come back from the archive (XEP-0045 §7.2.13).

use std::sync::Arc;

use minidom::Element;

use crate::room::Room;
use crate::room::archive::{Entry, Glimpse};
use crate::room::config::Config;
use crate::room::history::{Bound, Bounds, History};
use crate::room::limits::Limits;
use crate::wire::message;
use crate::wire::ns;

/// To find one message that says something, so many are looked at on average and no more: in a room of many there is much that was
/// read for each that was said. To look at one takes about a microsecond.
const LOOK_BACK: usize = 100;

/// Of all bytes that may be kept, so many times as many are looked at.
const LOOK_BACK_BYTES: usize = 10;

/// Of the bytes that may be kept, so many times as many are read: that takes far longer than to look at them.
const READ_BACK: usize = 2;

/// Most messages that say nothing, and which part of the bytes they may have.
const UNSAID_MAX: usize = 100;

const UNSAID_PART: usize = 4;

/// How a message is for those who enter later.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    /// It has a body, and clients show something of it.
    Said,
    /// Its body is blank, or it has none and its sender wants it to be kept, as many clients do with reactions and with what was
    /// read.
    Unsaid,
}

/// Whether and how a message is for those who enter later. What was retracted is not; the subject comes after all else.
fn shown(message: &Element) -> Option<Shown> {
    if message.has_child("body", ns::CLIENT) {
        return Some(if message::is_spoken(message) { Shown::Said } else { Shown::Unsaid });
    }
    // To many clients any subject without a body is a change of it.
    let has_subject = message.has_child("subject", ns::CLIENT);
    (message::asks_to_be_kept(message) && !has_subject).then_some(Shown::Unsaid)
}

fn bounds(config: &Config, limits: &Limits) -> Bounds {
    let messages = config.history_max.min(limits.history_messages_max) as usize;
    let said = Bound { messages, bytes: limits.history_bytes_max };
    Bounds { said, unsaid: Bound { messages: UNSAID_MAX, bytes: said.bytes / UNSAID_PART } }
}

fn push(history: &mut History, entry: Arc<Entry>, shown: Shown, bounds: Bounds) {
    match shown {
        Shown::Said => history.push(entry, bounds),
        Shown::Unsaid => history.push_unsaid(entry, bounds),
    }
}

/// Keeps a message for those who enter later.
pub(crate) fn keep(room: &mut Room, entry: Arc<Entry>, limits: &Limits) {
    let bounds = bounds(room.config(), limits);
    let history = Arc::make_mut(&mut room.history);
    history.latest = Some(entry.at);
    if let Some(shown) = shown(&entry.message) {
        push(history, entry, shown, bounds);
    }
}

impl Room {
    /// Drops messages of the history until it has no more than so many bytes.
    pub(crate) fn shorten_history(&mut self, bytes_max: usize) {
        if self.history.bytes() > bytes_max {
            Arc::make_mut(&mut self.history).shorten(bytes_max);
        }
    }
}

/// The history of a room that comes back into memory, from its archive. `look_back` calls what it is given for each
/// message from the newest to the oldest, until that gives false.
///
/// Any question brings a room back, also that of a stranger: what is looked at is bounded, in messages and in bytes, and
/// what is read even more so.
pub fn restore<E>(
    config: &Config,
    limits: &Limits,
    look_back: impl FnOnce(&mut (dyn FnMut(&dyn Glimpse) -> bool + Send)) -> Result<(), E>,
) -> Result<History, E> {
    let bounds = bounds(config, limits);
    let Bound { messages: messages_max, bytes: bytes_max } = bounds.said;
    let (mut kept, mut latest) = (Vec::new(), None);
    let (mut said, mut said_bytes, mut unsaid, mut unsaid_bytes) = (0, 0, 0, 0);
    let (mut seen, mut seen_bytes, mut read_bytes) = (0, 0, 0);
    look_back(&mut |message| {
        latest = latest.max(message.at());
        if !config.archive || messages_max == 0 {
            return latest.is_none();
        }
        (seen, seen_bytes) = (seen + 1, seen_bytes + message.bytes());
        let may_be_unsaid = || {
            let max = bounds.unsaid;
            let fits = unsaid < max.messages && unsaid_bytes < max.bytes && message.bytes() <= max.bytes;
            fits && message.may_hold("store")
        };
        if message.may_hold("body") || may_be_unsaid() {
            read_bytes += message.bytes();
            let found = message.read().and_then(|entry| Some((shown(&entry.message)?, entry)));
            if let Some((shown, entry)) = found {
                match shown {
                    Shown::Said => (said, said_bytes) = (said + 1, said_bytes + entry.bytes()),
                    Shown::Unsaid => (unsaid, unsaid_bytes) = (unsaid + 1, unsaid_bytes + entry.bytes()),
                }
                kept.push((Arc::new(entry), shown));
            }
        }
        said < messages_max
            && said_bytes < bytes_max
            && seen < messages_max * LOOK_BACK
            && seen_bytes < bytes_max * LOOK_BACK_BYTES
            && read_bytes < bytes_max * READ_BACK
    })?;
    let mut history = History::default();
    history.latest = latest;
    for (entry, shown) in kept.into_iter().rev() {
        push(&mut history, entry, shown, bounds);
    }
    Ok(history)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use jiff::Timestamp;

    use super::*;

    /// A message of so many bytes that a room finds in its archive, and how many were read.
    struct Found<'a>(usize, &'static str, &'a Cell<usize>);

    impl Glimpse for Found<'_> {
        fn at(&self) -> Option<Timestamp> {
            Some(Timestamp::UNIX_EPOCH)
        }

        fn bytes(&self) -> usize {
            self.0
        }

        fn may_hold(&self, element: &str) -> bool {
            self.1.contains(element)
        }

        fn read(&self) -> Option<Entry> {
            self.2.set(self.2.get() + 1);
            let message = format!("<message xmlns='jabber:client'>{}</message>", self.1);
            let (message, at) = (message.parse().expect("test xml"), Timestamp::UNIX_EPOCH);
            Some(Entry { id: String::new(), at, account: None, shown: false, message, original: None })
        }
    }

    // 45-14.6-a
    #[test]
    fn what_is_looked_at_for_a_room_that_comes_back_is_bounded_and_what_says_nothing_is_not_read() {
        let limits = Limits { history_messages_max: 20, history_bytes_max: 100_000, ..Limits::default() };
        let config = Config { archive: true, history_max: 20, ..Config::default() };
        // How many are looked at, read and kept of an endless archive.
        let count = |bytes, text, config: &Config| {
            let (mut seen, read) = (0, Cell::new(0));
            let history = restore::<()>(config, &limits, |each| {
                seen = 1 + (0..1_000_000).take_while(|_| each(&Found(bytes, text, &read))).count();
                Ok(())
            });
            (seen, read.get(), history.expect("it reads").iter().count())
        };
        assert_eq!(count(100, "<body>b</body>", &config), (20, 20, 20));
        assert_eq!(count(100, "<x/>", &config), (2000, 0, 0));
        let store = "<x/><store xmlns='urn:xmpp:hints'/>";
        assert_eq!(count(100, store, &config), (2000, 26, 25), "a part of the bytes, in memory");
        assert_eq!(count(50_000, store, &config), (20, 0, 0), "none of them would be kept");
        assert_eq!(count(50_000, "<x/>", &config), (20, 0, 0));
        assert_eq!(count(50_000, "<x><body/></x>", &config), (4, 4, 0));
        assert_eq!(count(100, "<body>b</body>", &Config { archive: false, ..config.clone() }), (1, 0, 0));
    }
}
