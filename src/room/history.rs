//! The last messages of a room, for those who join (XEP-0045 §7.2.13).

use std::collections::VecDeque;
use std::sync::Arc;

use jiff::Timestamp;
use minidom::Element;

/// One message as it was reflected, and when it was received.
#[derive(Debug)]
pub struct Entry {
    /// The reflected message, without `to` and without a delay of the room's.
    pub message: Element,
    /// When the room received it.
    pub at: Timestamp,
    /// Size in bytes on the wire, without the address of the recipient.
    pub bytes: usize,
}

/// A bounded list, oldest first.
#[derive(Clone, Debug, Default)]
pub struct History {
    entries: VecDeque<Arc<Entry>>,
    bytes: usize,
}

impl History {
    /// Adds a message and drops the oldest ones beyond either bound.
    pub fn push(&mut self, entry: Entry, messages_max: usize, bytes_max: usize) {
        self.bytes += entry.bytes;
        self.entries.push_back(Arc::new(entry));
        while self.entries.len() > messages_max || self.bytes > bytes_max {
            let Some(oldest) = self.entries.pop_front() else { break };
            self.bytes -= oldest.bytes;
        }
    }

    /// All messages, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Arc<Entry>> {
        self.entries.iter()
    }
}
