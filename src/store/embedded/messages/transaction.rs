//! From changes to keys and values.

use std::collections::HashMap;

use super::layout::{self, Head};
use crate::room::archive::{ArchiveId, Change, Entry, Retraction, Target};
use crate::store::damage::tell_passed_over;
use crate::store::engine::{Steps, Table, View};
use crate::store::{Freed, Size, StoreError, message_bytes};

/// Archives whose ends are remembered.
const ENDS_MAX: usize = 10_000;

/// The beginning and the end of an archive that has messages.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ends {
    head: Head,
    last: u64,
    last_ordinal: u64,
}

/// What need not be looked up: where archives end, and how much they hold, as far as that was counted.
#[derive(Debug, Default)]
pub(super) struct Known {
    ends: HashMap<ArchiveId, Option<Ends>>,
    counted: HashMap<ArchiveId, Counted>,
}

/// What is to be known once some changes are stored.
#[derive(Debug, Default)]
pub(super) struct Learned {
    ends: HashMap<ArchiveId, Option<Ends>>,
    /// Messages that take more or fewer bytes than before, by their positions.
    resized: Vec<(ArchiveId, u64, i64)>,
}

/// How far the bytes of an archive were counted, and by how much what was counted has changed since.
#[derive(Debug, Default)]
struct Counted {
    through: u64,
    change: i64,
    /// It is being counted on: what has changed meanwhile beyond `through`, by its position.
    beyond: Option<Vec<(u64, i64)>>,
}

impl Known {
    /// Takes over what a transaction that was stored has learned.
    pub(super) fn learn(&mut self, learned: Learned) {
        if self.ends.len() + learned.ends.len() > ENDS_MAX {
            self.ends.clear();
        }
        for (archive, position, change) in &learned.resized {
            let Some(counted) = self.counted.get_mut(archive) else { continue };
            match &mut counted.beyond {
                _ if *position <= counted.through => counted.change += change,
                Some(beyond) => beyond.push((*position, *change)),
                None => {}
            }
        }
        learned
            .ends
            .iter()
            .filter(|(_, ends)| ends.is_none())
            .for_each(|(id, _)| drop(self.counted.remove(id)));
        self.ends.extend(learned.ends);
    }

    pub(super) fn forget(&mut self) {
        self.ends.clear();
    }

    /// An archive is counted on from `so_far`, as it stands now: what that has become since.
    pub(super) fn begin_count(&mut self, archive: &ArchiveId, so_far: Size) -> Size {
        // Of an archive that had no messages in between nothing is left of what was counted.
        let known = self.counted.remove(archive).filter(|_| so_far != Size::default());
        let so_far = known.map_or(Size::default(), |known| Size {
            bytes: so_far.bytes.saturating_add_signed(known.change),
            ..so_far
        });
        let counted = Counted { through: so_far.through, change: 0, beyond: Some(Vec::new()) };
        self.counted.insert(archive.clone(), counted);
        so_far
    }

    /// So much was counted; `None` if there is nothing to count, or that failed.
    pub(super) fn end_count(&mut self, archive: &ArchiveId, size: Option<Size>) {
        let Some(counted) = self.counted.remove(archive) else { return };
        let Some(Size { through, .. }) = size else { return };
        let beyond = counted.beyond.into_iter().flatten().filter(|(position, _)| *position <= through);
        let change = counted.change + beyond.map(|(_, change)| change).sum::<i64>();
        self.counted.insert(archive.clone(), Counted { through, change, beyond: None });
    }
}

/// By how many bytes an archive changes when a record of a message takes the place of another.
fn resize(before: Option<usize>, after: Option<usize>) -> i64 {
    let bytes = |record: Option<usize>| record.map_or(0, |bytes| message_bytes(bytes).cast_signed());
    bytes(after) - bytes(before)
}

/// What of an archive is to go, from its oldest end: all that is named by any of these.
#[derive(Clone, Copy, Debug)]
pub(super) struct Purge {
    /// What came before this position.
    pub(super) before: u64,
    /// What is more than so many messages.
    pub(super) messages_max: u64,
    /// So many bytes.
    pub(super) bytes: u64,
}

/// A key and its value.
type Pair = (Vec<u8>, Vec<u8>);

/// Changes that are being put together: what is stored, with the steps so far laid over it.
pub(super) struct Transaction<'a, V> {
    view: &'a V,
    known: &'a Known,
    learned: Learned,
    steps: Steps,
}

impl<'a, V: View> Transaction<'a, V> {
    pub(super) fn new(view: &'a V, known: &'a Known) -> Self {
        Self { view, known, learned: Learned::default(), steps: Steps::new() }
    }

    /// The steps, and what is to be remembered once they are made.
    pub(super) fn finish(self) -> (Steps, Learned) {
        (self.steps, self.learned)
    }

    pub(super) fn change(&mut self, change: &Change) -> Result<(), StoreError> {
        match change {
            Change::Append { archive, entry } => self.append(archive, entry),
            Change::Retract { archive, retraction } => self.retract(archive, retraction),
            Change::Withdraw { archive, id } => self.withdraw(archive, id),
            Change::Forget { archive } => self.forget(archive),
        }
    }

    fn append(&mut self, archive: &ArchiveId, entry: &Entry) -> Result<(), StoreError> {
        let mut position = layout::position(entry.at);
        let ends = match self.ends(archive)? {
            Some(ends) => {
                // The room sees to it that time goes on. If it did not, order counts for more.
                position = position.max(ends.last.saturating_add(1));
                Ends { last: position, last_ordinal: ends.last_ordinal + 1, ..ends }
            }
            None => {
                let next = self.get(Table::Archives, layout::NEXT_KEY)?;
                let number = next.and_then(|next| layout::number(&next, 0)).unwrap_or(0);
                self.put(Table::Archives, layout::NEXT_KEY.to_vec(), layout::bytes(number + 1).to_vec());
                let head = Head { number, first: position, ordinal: 0 };
                self.put(Table::Archives, layout::archive_key(&archive.0), head.encode());
                Ends { head, last: position, last_ordinal: 0 }
            }
        };
        let number = ends.head.number;
        let value = layout::encode(ends.last_ordinal, entry);
        self.put(Table::Messages, layout::message_key(number, position), value);
        for (table, key) in layout::index_keys(number, position, entry) {
            let value = if table == Table::Ids { layout::bytes(position).to_vec() } else { Vec::new() };
            self.put(table, key, value);
        }
        self.learned.ends.insert(archive.clone(), Some(ends));
        Ok(())
    }

    fn retract(&mut self, archive: &ArchiveId, retraction: &Retraction) -> Result<(), StoreError> {
        let Some(ends) = self.ends(archive)? else { return Ok(()) };
        let number = ends.head.number;
        let Some((position, ordinal, entry)) = self.target(number, &retraction.target)? else {
            return Ok(());
        };
        if !entry.is_tombstone() {
            let left = entry.tombstone(&retraction.retracted, retraction.keep_original);
            let (key, value) = (layout::message_key(number, position), layout::encode(ordinal, &left));
            let before = self.get(Table::Messages, &key)?.map(|value| value.len());
            self.learned.resized.push((archive.clone(), position, resize(before, Some(value.len()))));
            self.put(Table::Messages, key, value);
        }
        Ok(())
    }

    /// The message that is meant, with its position and ordinal.
    fn target(&self, number: u64, target: &Target) -> Result<Option<(u64, u64, Entry)>, StoreError> {
        let (Target::Id(id) | Target::Of(_, id)) = target;
        let at = self.get(Table::Ids, &layout::id_key(number, id))?;
        let at = at.and_then(|at| layout::number(&at, 0));
        let found = at.map_or(Ok(None), |at| self.message(number, at))?.filter(|(.., e)| target.is(e));
        let Target::Of(account, id) = target else { return Ok(found) };
        // It may also be an id that its sender gave: the newest of all.
        let first = layout::said_key(number, account, id, 0);
        let mut end = layout::said_key(number, account, id, u64::MAX);
        while let Some((key, _)) = self.last_in(Table::Index, &first, &end)? {
            let position = layout::last_number(&key).unwrap_or(0);
            if found.as_ref().is_some_and(|(at, ..)| *at > position) {
                break;
            }
            if let Some(said) = self.message(number, position)?.filter(|(.., e)| target.is(e)) {
                return Ok(Some(said));
            }
            end = key;
        }
        Ok(found)
    }

    fn message(&self, number: u64, position: u64) -> Result<Option<(u64, u64, Entry)>, StoreError> {
        let key = layout::message_key(number, position);
        let Some(value) = self.get(Table::Messages, &key)? else { return Ok(None) };
        match (layout::ordinal(&value), layout::decode(&key, &value)) {
            (Some(ordinal), Ok(entry)) => Ok(Some((position, ordinal, entry))),
            (_, Err(damage)) => {
                tell_passed_over(&damage);
                Ok(None)
            }
            (None, Ok(_)) => Ok(None),
        }
    }

    fn withdraw(&mut self, archive: &ArchiveId, id: &str) -> Result<(), StoreError> {
        let Some(ends) = self.ends(archive)? else { return Ok(()) };
        let number = ends.head.number;
        let Some((position, ordinal, entry)) = self.target(number, &Target::Id(id.to_owned()))? else {
            return Ok(());
        };
        let key = layout::message_key(number, position);
        let before = self.get(Table::Messages, &key)?.map(|value| value.len());
        self.learned.resized.push((archive.clone(), position, resize(before, None)));
        self.remove(Table::Messages, key);
        for (table, key) in layout::index_keys(number, position, &entry) {
            self.remove(table, key);
        }
        if ordinal != ends.last_ordinal {
            self.put(Table::Archives, layout::gap_key(number, ordinal), Vec::new());
            return Ok(());
        }
        let all = (layout::message_key(number, 0), layout::message_key(number, position));
        let before = self.last_in(Table::Messages, &all.0, &all.1)?;
        let before = before.and_then(|(key, value)| layout::last_number(&key).zip(layout::ordinal(&value)));
        let gaps_from = before.map_or(0, |(_, ordinal)| ordinal + 1);
        let first = layout::gap_key(number, gaps_from);
        while let Some((gap, _)) = self.last_in(Table::Archives, &first, &layout::gap_key(number, ordinal))? {
            self.remove(Table::Archives, gap);
        }
        let ends = before.map(|(last, last_ordinal)| Ends { last, last_ordinal, ..ends });
        if ends.is_none() {
            self.remove(Table::Archives, layout::archive_key(&archive.0));
        }
        self.learned.ends.insert(archive.clone(), ends);
        Ok(())
    }

    /// From now on there is no such archive. Its messages are freed bit by bit: see `sweep`.
    fn forget(&mut self, archive: &ArchiveId) -> Result<(), StoreError> {
        let Some(ends) = self.ends(archive)? else { return Ok(()) };
        self.remove(Table::Archives, layout::archive_key(&archive.0));
        let from = layout::bytes(ends.head.first).to_vec();
        self.put(Table::Archives, layout::dropped_key(ends.head.number), from);
        self.learned.ends.insert(archive.clone(), None);
        Ok(())
    }

    /// Drops the oldest messages; what went. See [`crate::store::Archive::purge`] and `trim` there.
    pub(super) fn purge(
        &mut self,
        archive: &ArchiveId,
        Purge { before, messages_max, bytes }: Purge,
        step_max: usize,
    ) -> Result<Freed, StoreError> {
        let Some(ends) = self.ends(archive)? else { return Ok(Freed::default()) };
        let Head { number, first, ordinal } = ends.head;
        if first >= before && ends.last_ordinal - ordinal < messages_max && bytes == 0 {
            return Ok(Freed::default());
        }
        let end = layout::message_key(number, ends.last.saturating_add(1));
        let count = ends.last_ordinal + 1 - ordinal - self.gaps(number, ordinal, ends.last_ordinal + 1)?;
        let many = count.saturating_sub(messages_max);
        let mut freed = Freed::default();
        let mut left = None;
        for pair in self.view.range(Table::Messages, &layout::message_key(number, first), &end) {
            let (key, value) = pair?;
            let position = layout::last_number(&key).unwrap_or(u64::MAX);
            let is_done = position >= before && freed.messages as u64 >= many && freed.bytes >= bytes;
            if freed.messages == step_max || is_done {
                let ordinal = layout::ordinal(&value).unwrap_or(ordinal);
                left = Some(Head { number, first: position, ordinal });
                break;
            }
            self.free(number, &key, &value);
            freed.messages += 1;
            freed.bytes += message_bytes(value.len());
            self.learned.resized.push((archive.clone(), position, resize(Some(value.len()), None)));
        }
        if freed.messages == 0 {
            return Ok(freed);
        }
        let gaps_end = left.map_or(ends.last_ordinal + 1, |head| head.ordinal);
        let gaps = (layout::gap_key(number, ordinal), layout::gap_key(number, gaps_end));
        while let Some((gap, _)) = self.last_in(Table::Archives, &gaps.0, &gaps.1)? {
            self.remove(Table::Archives, gap);
        }
        let key = layout::archive_key(&archive.0);
        match left {
            Some(head) => self.put(Table::Archives, key, head.encode()),
            None => self.remove(Table::Archives, key),
        }
        self.learned.ends.insert(archive.clone(), left.map(|head| Ends { head, ..ends }));
        Ok(freed)
    }

    /// Frees messages of archives that were forgotten; how many.
    pub(super) fn sweep(&mut self, step_max: usize) -> Result<usize, StoreError> {
        let dropped = (layout::dropped_key(0), layout::dropped_key(u64::MAX));
        let Some((key, from)) = self.last_in(Table::Archives, &dropped.0, &dropped.1)? else { return Ok(0) };
        let number = layout::last_number(&key).unwrap_or(0);
        let from = layout::number(&from, 0).unwrap_or(0);
        let all = (layout::message_key(number, from), layout::message_key(number, u64::MAX));
        let mut gone = 0;
        for pair in self.view.range(Table::Messages, &all.0, &all.1) {
            let (message, value) = pair?;
            if gone == step_max {
                let position = message[8..].to_vec();
                self.put(Table::Archives, key, position);
                return Ok(gone);
            }
            self.free(number, &message, &value);
            gone += 1;
        }
        let gaps = (layout::gap_key(number, 0), layout::gap_key(number, u64::MAX));
        while let Some((gap, _)) = self.last_in(Table::Archives, &gaps.0, &gaps.1)? {
            self.remove(Table::Archives, gap);
        }
        self.remove(Table::Archives, key);
        // An archive without messages to free counts as well: there may be another.
        Ok(gone.max(1))
    }

    /// Removes a message and what leads to it.
    fn free(&mut self, number: u64, key: &[u8], value: &[u8]) {
        let position = layout::last_number(key).unwrap_or(0);
        match layout::decode(key, value) {
            Ok(entry) => {
                for (table, key) in layout::index_keys(number, position, &entry) {
                    self.remove(table, key);
                }
            }
            Err(damage) => tracing::warn!("{damage}; it is dropped"),
        }
        self.remove(Table::Messages, key.to_vec());
    }

    /// How many messages are missing from those ordinals.
    fn gaps(&self, number: u64, from: u64, to: u64) -> Result<u64, StoreError> {
        super::query::gaps(self.view, number, from, to)
    }

    /// The ends of an archive; `None` if it has no messages.
    fn ends(&mut self, archive: &ArchiveId) -> Result<Option<Ends>, StoreError> {
        if let Some(ends) = self.learned.ends.get(archive).or_else(|| self.known.ends.get(archive)) {
            return Ok(*ends);
        }
        let head = self.get(Table::Archives, &layout::archive_key(&archive.0))?;
        let ends = match head.and_then(|head| Head::decode(&head)) {
            None => None,
            Some(head) => {
                let last = self.last(head)?;
                last.map(|(last, last_ordinal)| Ends { head, last, last_ordinal })
            }
        };
        self.learned.ends.insert(archive.clone(), ends);
        Ok(ends)
    }

    /// Position and ordinal of the last message.
    fn last(&self, head: Head) -> Result<Option<(u64, u64)>, StoreError> {
        let first = layout::message_key(head.number, head.first);
        let mut end = layout::message_key(head.number, u64::MAX);
        let (mut last, mut damaged) = (None, 0);
        while let Some((key, value)) = self.last_in(Table::Messages, &first, &end)? {
            last = last.or(layout::last_number(&key));
            if let Some(ordinal) = layout::ordinal(&value) {
                return Ok(last.map(|last| (last, ordinal + damaged)));
            }
            // Its place is taken, whatever stood in it.
            damaged += 1;
            end = key;
        }
        Ok(last.map(|last| (last, head.ordinal + damaged)))
    }

    fn put(&mut self, table: Table, key: Vec<u8>, value: Vec<u8>) {
        self.steps.insert((table, key), Some(value));
    }

    fn remove(&mut self, table: Table, key: Vec<u8>) {
        self.steps.insert((table, key), None);
    }

    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        match self.steps.get(&(table, key.to_vec())) {
            Some(value) => Ok(value.clone()),
            None => Ok(self.view.get(table, key)?.map(|value| value.to_vec())),
        }
    }

    /// The last key from `from` to before `to`, and its value.
    fn last_in(&self, table: Table, from: &[u8], to: &[u8]) -> Result<Option<Pair>, StoreError> {
        if from >= to {
            return Ok(None);
        }
        let mine = self.steps.range((table, from.to_vec())..(table, to.to_vec())).rev();
        let mine = mine.filter_map(|((_, key), value)| Some((key.clone(), value.clone()?))).next();
        for pair in self.view.range(table, from, to).rev() {
            let (key, value) = pair?;
            if mine.as_ref().is_some_and(|(mine, _)| mine.as_slice() > &*key) {
                break;
            }
            // What a step is about is answered by the step.
            if !self.steps.contains_key(&(table, key.to_vec())) {
                return Ok(Some((key.to_vec(), value.to_vec())));
            }
        }
        Ok(mine)
    }
}
