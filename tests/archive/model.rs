//! What an archive has to do, as plain lists.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use conclave::room::archive::{
    Answer, ArchiveId, By, Change, Entry, Page, Place, Query, Question, Said, Target,
};
use conclave::store::embedded::messages::encode_message;
use conclave::store::{Freed, LocalArchive, Size, StoreError};
use conclave::wire::jid::Party;
use jiff::Timestamp;

/// Keeps everything until it is dropped.
#[derive(Debug, Default)]
pub(super) struct Model(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    archives: BTreeMap<ArchiveId, Vec<Entry>>,
}

impl Inner {
    fn drop_first(&mut self, archive: &ArchiveId, count: usize) -> Freed {
        let Some(entries) = self.archives.get_mut(archive) else { return Freed::default() };
        let gone: Vec<Entry> = entries.drain(..count).collect();
        if entries.is_empty() {
            self.archives.remove(archive);
        }
        Freed { messages: gone.len(), bytes: gone.iter().map(bytes_of).sum() }
    }
}

/// How much a message counts for: its record, and 200 bytes for what leads to it.
fn bytes_of(entry: &Entry) -> u64 {
    200 + encode_message(0, entry).len() as u64
}

impl Model {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().expect("nothing panics under it")
    }
}

impl LocalArchive for Model {
    fn commit(&self, changes: &[Change]) -> Result<(), StoreError> {
        let mut inner = self.lock();
        for change in changes {
            match change {
                Change::Append { archive, entry } => {
                    inner.archives.entry(archive.clone()).or_default().push((**entry).clone());
                }
                Change::Retract { archive, retraction } => {
                    let entries = inner.archives.entry(archive.clone()).or_default();
                    if let Some(entry) = entries.iter_mut().rev().find(|e| retraction.target.is(e))
                        && !entry.is_tombstone()
                    {
                        *entry = entry.tombstone(&retraction.retracted, retraction.keep_original);
                    }
                }
                Change::Withdraw { archive, id } => {
                    let entries = inner.archives.entry(archive.clone()).or_default();
                    entries.retain(|e| !Target::Id(id.clone()).is(e));
                }
                Change::Forget { archive } => {
                    inner.archives.remove(archive);
                }
            }
        }
        Ok(())
    }

    fn answer(&self, archive: &ArchiveId, question: &Question) -> Result<Answer, StoreError> {
        let inner = self.lock();
        let entries = inner.archives.get(archive).map_or(&[][..], Vec::as_slice);
        Ok(match question {
            Question::Ends => {
                let end = |e: &Entry| (e.id.clone(), e.at);
                Answer::Ends(entries.first().zip(entries.last()).map(|(a, b)| [end(a), end(b)]))
            }
            Question::Page(query) => page(entries, query).map_or(Answer::NoSuchId, Answer::Page),
        })
    }

    fn newest(&self, archive: &ArchiveId, each: &mut dyn FnMut(Entry) -> bool) -> Result<(), StoreError> {
        // A copy, so that `each` may use the archive.
        let entries = self.lock().archives.get(archive).cloned().unwrap_or_default();
        entries.into_iter().rev().all(each);
        Ok(())
    }

    fn each_archive(&self, each: &mut dyn FnMut(ArchiveId)) -> Result<(), StoreError> {
        let all: Vec<_> = {
            let inner = self.lock();
            inner
                .archives
                .iter()
                .filter(|(_, entries)| !entries.is_empty())
                .map(|(id, _)| id.clone())
                .collect()
        };
        all.into_iter().for_each(each);
        Ok(())
    }

    fn purge(
        &self,
        archive: &ArchiveId,
        before: Timestamp,
        messages_max: u64,
        step_max: usize,
    ) -> Result<Freed, StoreError> {
        let mut inner = self.lock();
        let Some(entries) = inner.archives.get_mut(archive) else { return Ok(Freed::default()) };
        let old = entries.iter().take_while(|e| e.at < before).count();
        let many = entries.len().saturating_sub(usize::try_from(messages_max).unwrap_or(usize::MAX));
        let gone = old.max(many).min(step_max);
        Ok(inner.drop_first(archive, gone))
    }

    fn trim(&self, archive: &ArchiveId, bytes: u64, step_max: usize) -> Result<Freed, StoreError> {
        let mut inner = self.lock();
        let Some(entries) = inner.archives.get(archive) else { return Ok(Freed::default()) };
        let mut left = bytes;
        let is_more = |entry: &&Entry| {
            let more = left > 0;
            left = left.saturating_sub(bytes_of(entry));
            more
        };
        let gone = entries.iter().take_while(is_more).take(step_max).count();
        Ok(inner.drop_first(archive, gone))
    }

    fn bytes(&self) -> u64 {
        self.lock().archives.values().flatten().map(bytes_of).sum()
    }

    fn count_bytes(&self, archive: &ArchiveId, _: Size, _: usize) -> Result<Option<Size>, StoreError> {
        let inner = self.lock();
        let entries = inner.archives.get(archive).filter(|entries| !entries.is_empty());
        let bytes = entries.map(|entries| entries.iter().map(bytes_of).sum());
        Ok(bytes.map(|bytes| Size { bytes, through: 0, whole: true }))
    }

    fn sweep(&self, _: usize) -> Result<usize, StoreError> {
        Ok(0)
    }
}

/// The page, or nothing if an id that it is asked by is not there.
fn page(entries: &[Entry], query: &Query) -> Option<Page> {
    let position = |id: &str| entries.iter().position(|e| e.id == id);
    let bound = |id: &Option<Box<str>>| id.as_ref().map(|id| position(id).ok_or(())).transpose();
    let (after, before) = (bound(&query.after_id).ok()?, bound(&query.before_id).ok()?);
    if query.ids.iter().any(|id| position(id).is_none()) {
        return None;
    }
    let said = query.said.as_deref();
    let by = said.map(|said| who(entries, said));
    let with = query.with.clone().or_else(|| Said::with(by.as_ref()?.as_ref()));
    let fits = |(at, entry): &(usize, &Entry)| {
        after.is_none_or(|after| *at > after)
            && before.is_none_or(|before| *at < before)
            && query.start.is_none_or(|start| entry.at >= start)
            && query.end.is_none_or(|end| entry.at.as_millisecond() <= end.as_millisecond())
            && (query.ids.is_empty() || query.ids.contains(&entry.id))
            && with.as_ref().is_none_or(|with| with.is(entry))
    };
    let fitting: Vec<_> = entries.iter().enumerate().filter(fits).collect();
    let after = |anchor| fitting.iter().position(|(at, _)| *at > anchor).unwrap_or(fitting.len());
    let before = |anchor| fitting.iter().position(|(at, _)| *at >= anchor).unwrap_or(fitting.len());
    let (from, to, forward) = match &query.place {
        Place::First => (0, fitting.len(), true),
        Place::Last => (0, fitting.len(), false),
        Place::After(id) => (after(position(id)?), fitting.len(), true),
        Place::Before(id) => (0, before(position(id)?), false),
        Place::Between(low, high) => {
            let (low, high) = (position(low)?, high.as_ref().map_or(Some(entries.len()), |id| position(id))?);
            (after(low), before(high).max(after(low)), false)
        }
        Place::At(index) => ((*index).min(fitting.len()), fitting.len(), true),
    };
    if let Some(None) = by {
        return Some(Page { complete: true, count: Some(0), ..Page::default() });
    }
    let by = by.flatten();
    let seen = (to - from).min(said.map_or(usize::MAX, |said| said.looked_max));
    let seen = if forward { from..from + seen } else { to - seen..to };
    let is_wanted = |at: &usize| by.as_ref().is_none_or(|by| Said::is_of(by, fitting[*at].1));
    let wanted: Vec<usize> = seen.clone().filter(is_wanted).collect();
    let taken = wanted.len().min(query.max);
    let page = if forward { &wanted[..taken] } else { &wanted[wanted.len() - taken..] };
    // A full page ends where its last message is, whatever lies beyond it.
    let end = match (taken == query.max, forward) {
        (false, true) => seen.end,
        (false, false) => seen.start,
        (true, true) => page.last().map_or(from, |at| at + 1),
        (true, false) => page.first().map_or(to, |at| *at),
    };
    Some(Page {
        entries: page.iter().map(|at| fitting[*at].1.clone()).collect(),
        complete: end == if forward { to } else { from },
        count: Some(fitting.len() as u64),
        index: page.first().map(|at| *at as u64),
        by,
    })
}

/// Who is meant, by the newest message that tells it.
fn who(entries: &[Entry], said: &Said) -> Option<Party> {
    // No account is looked for where there is nothing.
    entries.first()?;
    match &said.by {
        By::Party(party) => Some(party.clone()),
        by @ By::Occupant(_) => entries.iter().rev().find_map(|entry| by.told_by(entry)),
        by @ By::Id(_) => entries.iter().rev().take(said.looked_max).find_map(|entry| by.told_by(entry)),
    }
}
