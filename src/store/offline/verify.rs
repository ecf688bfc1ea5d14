//! Whether an archive is in order: every message can be read, is found by all that leads to it, and has its place.

use std::collections::{BTreeMap, BTreeSet};

use crate::room::archive::{ArchiveId, Entry};
use crate::store::StoreError;
use crate::store::embedded::messages::layout::{self, Head};
use crate::store::embedded::messages::query::gaps;
use crate::store::engine::{Table, View};
use crate::wire::jid::BareJid;

/// Whose archive is whose.
pub(in crate::store) type Rooms = BTreeMap<ArchiveId, BareJid>;

/// What was found.
#[derive(Debug, Default)]
pub(in crate::store) struct Report {
    /// Archives that have messages.
    pub(in crate::store) archives: u64,
    pub(in crate::store) messages: u64,
    /// A line for each thing that is not as it should be.
    pub(in crate::store) damages: Vec<String>,
}

/// What is known of archives by their numbers.
#[derive(Debug, Default)]
pub(super) struct Heads {
    pub(super) of: BTreeMap<u64, (ArchiveId, Head)>,
    /// Archives that are forgotten, with messages still to be freed.
    pub(super) dropped: BTreeSet<u64>,
    pub(super) next: u64,
    pub(super) damages: Vec<String>,
}

impl Heads {
    pub(super) fn read(view: &impl View, rooms: &Rooms) -> Result<Self, StoreError> {
        let mut heads = Self::default();
        for pair in view.range(Table::Archives, &[], &[u8::MAX]) {
            let (key, value) = pair?;
            match (key[0], &key[1..]) {
                (layout::ARCHIVE, id) => heads.note(id, &value, rooms),
                (layout::DROPPED, number) if number.len() == 8 => {
                    heads.dropped.extend(layout::number(number, 0));
                }
                (b'n', []) if value.len() == 8 => heads.next = layout::number(&value, 0).unwrap_or(0),
                // Of gaps it is asked where messages are missing.
                (b'g', rest) if rest.len() == 16 => {}
                (b'f', []) => {}
                _ => {
                    let key = crate::wire::hex::hex(&key);
                    heads.damages.push(format!("the list of archives holds {key}, which means nothing"));
                }
            }
        }
        let used = heads.of.keys().chain(&heads.dropped).max();
        if let Some(used) = used.filter(|used| **used >= heads.next) {
            heads.damages.push(format!("the next archive would get the number of another, {used}"));
        }
        Ok(heads)
    }

    fn note(&mut self, id: &[u8], value: &[u8], rooms: &Rooms) {
        let Ok(id) = std::str::from_utf8(id).map(|id| ArchiveId(id.to_owned())) else {
            return self.damages.push("an archive has a name that is no text".to_owned());
        };
        let name = name(&id, rooms);
        let Some(head) = Head::decode(value) else {
            return self.damages.push(format!("{name}: what is known of its beginning is damaged"));
        };
        if let Some((other, _)) = self.of.insert(head.number, (id, head)) {
            self.damages.push(format!("{name} has the same messages as archive {}", other.0));
        }
    }
}

/// An archive in words.
fn name(id: &ArchiveId, rooms: &Rooms) -> String {
    match rooms.get(id) {
        Some(room) => format!("archive of {room}"),
        None => format!("archive {}", id.0),
    }
}

/// Follows the ordinals of an archive: which messages are missing between those that are there.
#[derive(Debug)]
pub(super) struct Line {
    name: String,
    number: u64,
    /// The next ordinal, if none was missing.
    next: u64,
    /// When the message before was received.
    last: Option<String>,
    /// Messages since then that cannot be read, and are told of elsewhere.
    unread: u64,
}

impl Line {
    pub(super) fn new(id: &ArchiveId, head: &Head, rooms: &Rooms) -> Self {
        Self { name: name(id, rooms), number: head.number, next: head.ordinal, last: None, unread: 0 }
    }

    /// A message that can be read; what is wrong with its place.
    pub(super) fn pass(
        &mut self,
        view: &impl View,
        ordinal: u64,
        entry: &Entry,
    ) -> Result<Option<String>, StoreError> {
        let at = entry.at.to_string();
        let unread = std::mem::take(&mut self.unread);
        let told = if ordinal < self.next {
            Some(format!("{}: the message of {at} is counted twice", self.name))
        } else {
            let gone = gaps(view, self.number, self.next, ordinal)?;
            let missing = (ordinal - self.next).saturating_sub(gone + unread);
            let from = self.last.as_deref().unwrap_or("the beginning");
            (missing > 0)
                .then(|| format!("{}: {missing} messages between {from} and {at} are lost", self.name))
        };
        self.next = self.next.max(ordinal + 1);
        self.last = Some(at);
        Ok(told)
    }

    /// A message that cannot be read; a line about it.
    pub(super) fn damage(&mut self, key: &[u8], damage: &StoreError) -> String {
        self.unread += 1;
        let at = layout::last_number(key).and_then(layout::time);
        let at = at.map_or("an impossible time".to_owned(), |at| at.to_string());
        let why = match damage {
            StoreError::Corrupt { reason, .. } => reason.clone(),
            other => other.to_string(),
        };
        format!("{}: the message of {at}: {why}", self.name)
    }
}

/// Looks at everything that `view` has.
pub(super) fn verify(view: &impl View, rooms: &Rooms) -> Result<Report, StoreError> {
    let mut heads = Heads::read(view, rooms)?;
    let mut report = Report { damages: std::mem::take(&mut heads.damages), ..Report::default() };
    let mut expected = BTreeMap::new();
    let mut line: Option<Line> = None;
    for pair in view.range(Table::Messages, &[], &[u8::MAX; 17]) {
        let (key, value) = pair?;
        let number = layout::number(&key, 0).filter(|_| key.len() == 16);
        let Some(number) = number else {
            report.damages.push("a message has a key that no message has".to_owned());
            continue;
        };
        if heads.dropped.contains(&number) {
            continue;
        }
        let counts = expected.entry(number).or_insert_with(|| {
            let head = heads.of.get(&number);
            if head.is_none() {
                report.damages.push(format!("archive number {number} has messages, and no beginning"));
            }
            report.archives += 1;
            line = head.map(|(id, head)| Line::new(id, head, rooms));
            Counts::default()
        });
        let Some(line) = &mut line else { continue };
        report.messages += 1;
        match layout::decode(&key, &value) {
            Err(damage) => report.damages.push(line.damage(&key, &damage)),
            Ok(entry) => {
                let ordinal = layout::ordinal(&value).expect("it was decoded");
                report.damages.extend(line.pass(view, ordinal, &entry)?);
                let first = heads.of.get(&number).map(|(_, head)| head.first);
                let position = layout::last_number(&key).expect("16 bytes");
                if first.is_some_and(|first| position < first) {
                    report.damages.push(format!("{}: {} lies before its beginning", line.name, entry.at));
                }
                if !counts.find(view, number, position, &entry)? {
                    report.damages.push(format!(
                        "{}: the message of {} is not found by all that should lead to it",
                        line.name, entry.at
                    ));
                }
            }
        }
    }
    for (number, (id, _)) in heads.of.iter().filter(|(number, _)| !expected.contains_key(number)) {
        report.damages.push(format!("{}: no message is left of number {number}", name(id, rooms)));
    }
    report.damages.extend(strays(view, &heads, &expected)?);
    Ok(report)
}

/// Keys that lead to the messages of one archive.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    ids: u64,
    index: u64,
}

impl Counts {
    /// Whether everything that should lead to a message does.
    fn find(
        &mut self,
        view: &impl View,
        number: u64,
        position: u64,
        entry: &Entry,
    ) -> Result<bool, StoreError> {
        let mut all = true;
        for (table, key) in layout::index_keys(number, position, entry).into_iter().collect::<BTreeSet<_>>() {
            let found = view.get(table, &key)?;
            if table == Table::Ids {
                self.ids += 1;
                all &= found.is_some_and(|at| layout::number(&at, 0) == Some(position));
            } else {
                self.index += 1;
                all &= found.is_some();
            }
        }
        Ok(all)
    }
}

/// Entries that lead to no message that can be read.
fn strays(
    view: &impl View,
    heads: &Heads,
    expected: &BTreeMap<u64, Counts>,
) -> Result<Option<String>, StoreError> {
    let mut found: BTreeMap<u64, Counts> = BTreeMap::new();
    for pair in view.range(Table::Ids, &[], &[u8::MAX; 32]) {
        let number = layout::number(&pair?.0, 0);
        found.entry(number.unwrap_or(u64::MAX)).or_default().ids += 1;
    }
    for pair in view.range(Table::Index, &[], &[u8::MAX; 64]) {
        let number = layout::number(&pair?.0, 1);
        found.entry(number.unwrap_or(u64::MAX)).or_default().index += 1;
    }
    let none = Counts::default();
    let mut strays = 0;
    for (number, found) in found.iter().filter(|(number, _)| !heads.dropped.contains(number)) {
        let expected = expected.get(number).unwrap_or(&none);
        strays += found.ids.saturating_sub(expected.ids) + found.index.saturating_sub(expected.index);
    }
    Ok((strays > 0).then(|| format!("{strays} entries of indexes lead to no message that can be read")))
}
