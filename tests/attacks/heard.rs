//! What comes back to the accounts of an attack, and what of it reaches others.

use std::collections::HashMap;
use std::io::{ErrorKind, Read as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

use memchr::{memchr, memchr_iter, memmem};

/// How the ids of requests begin whose answers are waited for.
pub(crate) const ASK: &str = "ask-";
/// Bytes that are kept of an answer, before and behind its id.
const EXCERPT: usize = 700;
/// How stanzas begin.
const STANZAS: [&[u8]; 3] = [b"<message ", b"<presence ", b"<iq "];

/// What was heard: answers by their number, and how much in all.
#[derive(Default)]
pub(crate) struct Heard {
    answers: Mutex<HashMap<u64, (Instant, String)>>,
    more: Condvar,
    bytes: AtomicU64,
    to_others: AtomicU64,
}

impl Heard {
    /// Notes an answer that has arrived just now.
    pub(crate) fn note(&self, number: u64, text: String) {
        let mut answers = self.answers.lock().expect("no thread panics");
        answers.entry(number).or_insert_with(|| (Instant::now(), text));
        self.more.notify_all();
    }

    /// Waits for an answer: when it came, and its beginning.
    pub(crate) fn wait(&self, number: u64, at_most: Duration) -> Option<(Instant, String)> {
        let answers = self.answers.lock().expect("no thread panics");
        let waits = |answers: &mut HashMap<u64, _>| !answers.contains_key(&number);
        let (mut answers, _) =
            self.more.wait_timeout_while(answers, at_most, waits).expect("no thread panics");
        answers.remove(&number)
    }

    /// Counts what has arrived.
    pub(crate) fn count(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Counts what of it is for accounts that neither attack nor look on.
    pub(crate) fn count_to_others(&self, bytes: usize) {
        self.to_others.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Bytes that have arrived.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Those of them that are for accounts that neither attack nor look on.
    pub(crate) fn to_others(&self) -> u64 {
        self.to_others.load(Ordering::Relaxed)
    }

    /// Reads to the end, notes what is an answer, and counts all. `is_other` says of an address whether it neither attacks nor
    /// looks on.
    pub(crate) fn read(&self, mut socket: TcpStream, is_other: impl Fn(&str) -> bool) {
        socket.set_read_timeout(None).expect("a socket");
        let finder = memmem::Finder::new("id='ask-");
        let mut sorter = Sorter { for_other: false, is_other };
        let (mut bytes, mut at, mut unsorted) = (vec![0; 1 << 20], 0, 0);
        loop {
            match socket.read(&mut bytes[at..]) {
                Ok(0) => return,
                Ok(count) => {
                    self.count(count);
                    at += count;
                }
                Err(e) if e.kind() == ErrorKind::Interrupted => continue,
                Err(_) => return,
            }
            for place in finder.find_iter(&bytes[..at]) {
                let digits = std::str::from_utf8(&bytes[place + 8..(place + 15).min(at)]);
                let Some(number) = digits.ok().and_then(|digits| digits.parse().ok()) else { continue };
                let start = bytes[..place].iter().rposition(|byte| *byte == b'<').unwrap_or(place);
                // What the next read would add to it is not needed.
                let text = &bytes[start..(place + EXCERPT).min(at)];
                self.note(number, String::from_utf8_lossy(text).into_owned());
            }
            let (sorted, to_others) = sorter.sort(&bytes[unsorted..at]);
            self.count_to_others(to_others);
            unsorted += sorted;
            // What may be the beginning of an id or of a stanza stays.
            let keep = (at - unsorted).max(at.min(EXCERPT));
            bytes.copy_within(at - keep..at, 0);
            unsorted -= at - keep;
            at = keep;
        }
    }
}

/// Sorts what the service sends by the account that it is for.
struct Sorter<F> {
    /// The stanza that goes on is for another.
    for_other: bool,
    is_other: F,
}

impl<F: Fn(&str) -> bool> Sorter<F> {
    /// How many of these bytes are sorted, which is all but the beginning of a stanza that is not here whole; and how many of
    /// them are for others.
    fn sort(&mut self, bytes: &[u8]) -> (usize, usize) {
        let (mut from, mut to_others) = (0, 0);
        // In texts `<` is escaped, and stanzas are in others in the answers of archives alone.
        for place in memchr_iter(b'<', bytes) {
            let rest = &bytes[place..];
            if !STANZAS.iter().any(|stanza| rest.starts_with(stanza) || stanza.starts_with(rest)) {
                continue;
            }
            to_others += if self.for_other { place - from } else { 0 };
            from = place;
            let Some(end) = memchr(b'>', rest) else { return (from, to_others) };
            let to = rest[..end].split(|byte| *byte == b'\'').skip_while(|part| *part != b" to=").nth(1);
            self.for_other = to.is_some_and(|to| (self.is_other)(&String::from_utf8_lossy(to)));
        }
        to_others += if self.for_other { bytes.len() - from } else { 0 };
        (bytes.len(), to_others)
    }
}
