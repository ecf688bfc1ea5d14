//! Answers: which messages a query means, and how many.

use std::collections::BTreeSet;
use std::ops::Deref;

use jiff::Timestamp;

use super::layout::{self, Head};
use crate::room::archive::{Answer, ArchiveId, By, Entry, Glimpse, Page, Place, Query, Question, Said, With};
use crate::store::damage::tell_passed_over;
use crate::store::engine::{Table, View};
use crate::store::{Size, StoreError, message_bytes};
use crate::wire::jid::Party;

/// Most messages of one sender that are counted one by one. Of more the number is not told.
const COUNT_MAX: usize = 1000;

/// Bytes of records after which a page ends, however many more were asked for: messages may be as large as stanzas.
const PAGE_BYTES_MAX: usize = 2 * 1024 * 1024;

/// The same for what the messages are when they are read: of many small elements they are many times as large.
const PAGE_MEMORY_MAX: usize = 4 * 1024 * 1024;

/// Bytes of records that are looked at for what was said, and of what is read of them and passed over.
const LOOKED_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Positions, from the first to before the second.
type Span = (u64, u64);

/// A message as it was found, not read yet: to read one takes many times as long as to find it.
pub(super) struct Unread<B> {
    /// The number of its archive.
    archive: u64,
    pub(super) position: u64,
    /// How many messages the archive had before it.
    ordinal: u64,
    value: B,
}

/// A message of a page.
struct Found {
    position: u64,
    ordinal: u64,
    entry: Entry,
}

impl<B: Deref<Target = [u8]>> Unread<B> {
    /// `None` if nothing is known of such a record.
    fn new(key: &[u8], value: B) -> Option<Self> {
        match (layout::number(key, 0), layout::last_number(key), layout::ordinal(&value)) {
            (Some(archive), Some(position), Some(ordinal)) => {
                Some(Self { archive, position, ordinal, value })
            }
            _ => {
                // Only to be told what is wrong with it.
                let _ = layout::decode(key, &value).inspect_err(tell_passed_over);
                None
            }
        }
    }

    /// The message, if its record can be read.
    fn decoded(&self) -> Option<Entry> {
        let key = layout::message_key(self.archive, self.position);
        layout::decode(&key, &self.value).inspect_err(tell_passed_over).ok()
    }
}

impl<B: Deref<Target = [u8]>> Glimpse for Unread<B> {
    fn at(&self) -> Option<Timestamp> {
        layout::time(self.position)
    }

    fn bytes(&self) -> usize {
        self.value.len()
    }

    fn may_hold(&self, element: &str) -> bool {
        memchr::memmem::find(&self.value, format!("<{element}").as_bytes()).is_some()
    }

    fn read(&self) -> Option<Entry> {
        self.decoded()
    }
}

pub(super) fn answer(
    view: &impl View,
    archive: &ArchiveId,
    question: &Question,
) -> Result<Answer, StoreError> {
    let Some(head) = head(view, archive)? else { return Ok(nothing(question)) };
    let reader = Reader { view, head };
    match question {
        Question::Ends => Ok(Answer::Ends(reader.ends()?)),
        Question::Page(query) => Ok(reader.page(query)?.map_or(Answer::NoSuchId, Answer::Page)),
    }
}

/// The newest messages before `end`, newest first; `messages_max` at most, and no more bytes than a page has.
pub(super) fn newest<V: View>(
    view: &V,
    archive: &ArchiveId,
    end: u64,
    messages_max: usize,
) -> Result<Vec<Unread<V::Bytes>>, StoreError> {
    let Some(head) = head(view, archive)? else { return Ok(Vec::new()) };
    let reader = Reader { view, head };
    let (mut newest, mut bytes) = (Vec::new(), 0);
    for message in reader.messages((head.first, end)).rev() {
        let message = message?;
        bytes += message.value.len();
        newest.push(message);
        if newest.len() == messages_max || bytes >= PAGE_BYTES_MAX {
            break;
        }
    }
    Ok(newest)
}

/// Where an archive begins, if it has messages.
fn head(view: &impl View, archive: &ArchiveId) -> Result<Option<Head>, StoreError> {
    let head = view.get(Table::Archives, &layout::archive_key(&archive.0))?;
    Ok(head.and_then(|head| Head::decode(&head)))
}

/// What is true of an archive without messages.
fn nothing(question: &Question) -> Answer {
    match question {
        Question::Ends => Answer::Ends(None),
        Question::Page(query) => {
            let Query { after_id, before_id, ids, place, .. } = query;
            let asked_by_id = !matches!(place, Place::First | Place::Last | Place::At(_))
                || after_id.is_some()
                || before_id.is_some()
                || !ids.is_empty();
            if asked_by_id {
                return Answer::NoSuchId;
            }
            Answer::Page(Page { complete: true, count: Some(0), ..Page::default() })
        }
    }
}

/// See [`crate::store::Archive::count_bytes`]; it is counted through a position.
pub(super) fn count_bytes(
    view: &impl View,
    archive: &ArchiveId,
    so_far: Size,
    step_max: usize,
) -> Result<Option<Size>, StoreError> {
    let Some(head) = head(view, archive)? else { return Ok(None) };
    let from = layout::message_key(head.number, head.first.max(so_far.through.saturating_add(1)));
    let to = layout::message_key(head.number, u64::MAX);
    let (mut size, mut messages) = (Size { whole: true, ..so_far }, 0);
    for pair in view.range(Table::Messages, &from, &to) {
        if messages == step_max {
            return Ok(Some(Size { whole: false, ..size }));
        }
        let (key, value) = pair?;
        size.through = layout::last_number(&key).unwrap_or(size.through);
        size.bytes += message_bytes(value.len());
        messages += 1;
    }
    Ok(Some(size))
}

/// How many messages of those ordinals were withdrawn.
pub(in crate::store) fn gaps(view: &impl View, number: u64, from: u64, to: u64) -> Result<u64, StoreError> {
    let (from, to) = (layout::gap_key(number, from), layout::gap_key(number, to));
    view.range(Table::Archives, &from, &to).try_fold(0, |count, gap| gap.map(|_| count + 1))
}

struct Reader<'a, V> {
    view: &'a V,
    head: Head,
}

impl<V: View> Reader<'_, V> {
    fn ends(&self) -> Result<Option<[(String, jiff::Timestamp); 2]>, StoreError> {
        let all = (self.head.first, u64::MAX);
        let read = |message: Unread<V::Bytes>| message.decoded().map(|entry| (entry.id, entry.at));
        let first = self.messages(all).find_map(|message| message.map(read).transpose()).transpose()?;
        let last = self.messages(all).rev().find_map(|message| message.map(read).transpose()).transpose()?;
        Ok(first.zip(last).map(|(first, last)| [first, last]))
    }

    /// The page; `None` if an id that it is asked by is not there.
    fn page(&self, query: &Query) -> Result<Option<Page>, StoreError> {
        let mut span = (self.head.first, u64::MAX);
        if let Some(start) = query.start {
            span.0 = span.0.max(layout::position_from(start));
        }
        if let Some(end) = query.end {
            // To the end of its millisecond.
            let end = end.as_millisecond().checked_add(1).and_then(|ms| ms.checked_mul(1000));
            let end = end.and_then(|us| jiff::Timestamp::from_microsecond(us).ok());
            span.1 = end.map_or(u64::MAX, layout::position);
        }
        let mut bounds = Vec::new();
        for id in [&query.after_id, &query.before_id].into_iter().flatten() {
            let Some(position) = self.locate(id)? else { return Ok(None) };
            bounds.push(position);
        }
        let mut bounds = bounds.into_iter();
        if query.after_id.is_some() {
            span.0 = span.0.max(bounds.next().expect("located above").saturating_add(1));
        }
        if query.before_id.is_some() {
            span.1 = span.1.min(bounds.next().expect("located above"));
        }
        // What the page is taken from, and whether from its beginning.
        let (part, forward) = match &query.place {
            Place::First | Place::At(_) => (span, true),
            Place::Last => (span, false),
            Place::After(id) => {
                let Some(position) = self.locate(id)? else { return Ok(None) };
                ((span.0.max(position.saturating_add(1)), span.1), true)
            }
            Place::Before(id) => {
                let Some(position) = self.locate(id)? else { return Ok(None) };
                ((span.0, span.1.min(position)), false)
            }
            Place::Between(after, before) => {
                let Some(low) = self.locate(after)? else { return Ok(None) };
                let high = before.as_ref().map_or(Ok(Some(u64::MAX)), |id| self.locate(id))?;
                let Some(high) = high else { return Ok(None) };
                ((span.0.max(low.saturating_add(1)), span.1.min(high)), false)
            }
        };
        let by = match query.said.as_deref() {
            None => None,
            Some(said) => {
                for id in &query.ids {
                    if self.locate(id)?.is_none() {
                        return Ok(None);
                    }
                }
                let Some(by) = self.who(said)? else {
                    return Ok(Some(Page { complete: true, count: Some(0), ..Page::default() }));
                };
                Some((by, said.looked_max))
            }
        };
        let skipped = if let Place::At(index) = query.place { index } else { 0 };
        let request = PageRequest { span, part, forward, skipped, max: query.max, said: by.as_ref() };
        let with = query.with.clone().or_else(|| Said::with(by.as_ref().map(|(by, _)| by)));
        let page = match &with {
            with if !query.ids.is_empty() => self.page_of_chosen(&query.ids, with.as_ref(), &request)?,
            Some(with) => Some(self.page_of(with, &request)?),
            None => Some(self.page_of_all(&request)?),
        };
        Ok(page.map(|page| Page { by: by.map(|(by, _)| by), ..page }))
    }

    /// Who is meant, by the newest message that tells it.
    fn who(&self, Said { by, looked_max }: &Said) -> Result<Option<Party>, StoreError> {
        let all = (self.head.first, u64::MAX);
        match by {
            By::Party(party) => return Ok(Some(party.clone())),
            By::Occupant(jid) => {
                for position in self.sent(&With::Occupant(jid.clone()), all).rev() {
                    let message = self.message(position?)?.and_then(|message| message.decoded());
                    if let Some(party) = message.and_then(|entry| by.told_by(&entry)) {
                        return Ok(Some(party));
                    }
                }
            }
            By::Id(id) => {
                let (id_in, mut bytes) = (memchr::memmem::Finder::new(id), 0);
                for message in self.messages(all).rev().take(*looked_max) {
                    let message = message?;
                    let may_tell = id_in.find(&message.value).is_some();
                    if let Some(entry) = may_tell.then(|| message.decoded()).flatten()
                        && let Some(party) = by.told_by(&entry)
                    {
                        return Ok(Some(party));
                    }
                    bytes += message.value.len();
                    if bytes >= LOOKED_BYTES_MAX {
                        break;
                    }
                }
            }
        }
        Ok(None)
    }

    /// Where the messages of a sender lie.
    fn sent(
        &self,
        with: &With,
        part: Span,
    ) -> impl DoubleEndedIterator<Item = Result<u64, StoreError>> + use<V> {
        let key = |position| layout::with_key(self.head.number, with, position);
        let keys = self.view.range(Table::Index, &key(part.0), &key(part.1));
        keys.map(|pair| pair.map(|(key, _)| layout::last_number(&key).unwrap_or(0)))
    }

    /// A page of what everybody sent.
    fn page_of_all(&self, request: &PageRequest<'_>) -> Result<Page, StoreError> {
        let (taken, complete) = request.take(self.messages(request.part))?;
        // What the page has itself need not be looked for.
        let last = match taken.last() {
            Some(last) if request.is_to_the_end() && (complete || !request.forward) => Some(last.ordinal),
            _ => self.last_ordinal(request.span)?,
        };
        let Some((first, last)) = self.first_ordinal(request.span)?.zip(last) else {
            return Ok(Page { complete: true, count: Some(0), ..Page::default() });
        };
        let count = last + 1 - first - gaps(self.view, self.head.number, first, last + 1)?;
        let index = match taken.first() {
            Some(found) => {
                Some(found.ordinal - first - gaps(self.view, self.head.number, first, found.ordinal)?)
            }
            None => None,
        };
        Ok(Page { entries: entries(taken), complete, count: Some(count), index, by: None })
    }

    /// A page of what one sender sent.
    fn page_of(&self, with: &With, request: &PageRequest<'_>) -> Result<Page, StoreError> {
        let messages = self
            .sent(with, request.part)
            .filter_map(|position| position.and_then(|position| self.message(position)).transpose());
        let (taken, complete) = request.take(messages)?;
        let mut all = Vec::new();
        for position in self.sent(with, request.span).take(COUNT_MAX + 1) {
            all.push(position?);
        }
        let told = all.len() <= COUNT_MAX;
        let index = taken.first().map(|first| all.partition_point(|at| *at < first.position) as u64);
        let count = told.then_some(all.len() as u64);
        Ok(Page { entries: entries(taken), complete, count, index: index.filter(|_| told), by: None })
    }

    /// A page of the messages of these ids; `None` if one is not there. Which they are the indexes tell: of the messages
    /// themselves only those of the page are looked at.
    fn page_of_chosen(
        &self,
        ids: &[String],
        with: Option<&With>,
        request: &PageRequest<'_>,
    ) -> Result<Option<Page>, StoreError> {
        let mut chosen = BTreeSet::new();
        for id in ids.iter().collect::<BTreeSet<_>>() {
            let Some(position) = self.locate(id)? else { return Ok(None) };
            let in_span = (request.span.0..request.span.1).contains(&position);
            if in_span && self.is_by(with, position)? {
                chosen.insert(position);
            }
        }
        let part =
            chosen.iter().copied().filter(|position| (request.part.0..request.part.1).contains(position));
        let (taken, complete) =
            request.take(part.filter_map(|position| self.message(position).transpose()))?;
        let index = taken.first().map(|first| chosen.range(..first.position).count() as u64);
        let count = Some(chosen.len() as u64);
        Ok(Some(Page { entries: entries(taken), complete, count, index, by: None }))
    }

    /// Where the message of this id is.
    fn locate(&self, id: &str) -> Result<Option<u64>, StoreError> {
        let position = self.view.get(Table::Ids, &layout::id_key(self.head.number, id))?;
        Ok(position.and_then(|position| layout::number(&position, 0)))
    }

    /// Whether the message there is that of a sender, if one is asked for.
    fn is_by(&self, with: Option<&With>, position: u64) -> Result<bool, StoreError> {
        let Some(with) = with else { return Ok(true) };
        let key = layout::with_key(self.head.number, with, position);
        Ok(self.view.get(Table::Index, &key)?.is_some())
    }

    fn message(&self, position: u64) -> Result<Option<Unread<V::Bytes>>, StoreError> {
        let key = layout::message_key(self.head.number, position);
        let value = self.view.get(Table::Messages, &key)?;
        Ok(value.and_then(|value| Unread::new(&key, value)))
    }

    /// The messages of a span, without those of which nothing is known.
    fn messages(
        &self,
        span: Span,
    ) -> impl DoubleEndedIterator<Item = Result<Unread<V::Bytes>, StoreError>> + use<V> {
        let key = |position| layout::message_key(self.head.number, position);
        let range = self.view.range(Table::Messages, &key(span.0), &key(span.1));
        range.filter_map(|pair| pair.map(|(key, value)| Unread::new(&key, value)).transpose())
    }

    /// The ordinal of the first message of a span.
    fn first_ordinal(&self, span: Span) -> Result<Option<u64>, StoreError> {
        if span.0 == self.head.first {
            // Known without looking: there is nothing before it.
            return Ok(Some(self.head.ordinal));
        }
        self.ordinals(span).next().transpose()
    }

    fn last_ordinal(&self, span: Span) -> Result<Option<u64>, StoreError> {
        self.ordinals(span).next_back().transpose()
    }

    /// The ordinals of the messages of a span.
    fn ordinals(&self, span: Span) -> impl DoubleEndedIterator<Item = Result<u64, StoreError>> + use<V> {
        let key = |position| layout::message_key(self.head.number, position);
        let range = self.view.range(Table::Messages, &key(span.0), &key(span.1));
        range.filter_map(|pair| pair.map(|(_, value)| layout::ordinal(&value)).transpose())
    }
}

fn entries(found: Vec<Found>) -> Vec<Entry> {
    found.into_iter().map(|found| found.entry).collect()
}

/// Which page is wanted of what fits.
struct PageRequest<'a> {
    /// Where all that fits lies.
    span: Span,
    /// Where the page lies: at the beginning of this if `forward`, else at its end.
    part: Span,
    forward: bool,
    /// How many at the beginning of that are passed over.
    skipped: usize,
    max: usize,
    /// All else is passed over than what these said, and so many messages are looked at.
    said: Option<&'a (Party, usize)>,
}

impl PageRequest<'_> {
    /// Whether the last message of the part is the last one of the span, and not passed over.
    fn is_to_the_end(&self) -> bool {
        self.part.1 == self.span.1 && self.said.is_none()
    }

    /// The page, oldest first, and whether nothing lies beyond it. It ends early with the message that makes it too
    /// large. What is damaged is passed over; only what the page has is read.
    fn take(
        &self,
        mut messages: impl DoubleEndedIterator<Item = Result<Unread<impl Deref<Target = [u8]>>, StoreError>>,
    ) -> Result<(Vec<Found>, bool), StoreError> {
        let (mut taken, mut bytes, mut memory) = (Vec::new(), 0, 0);
        let (mut looked, mut looked_bytes) = (0, 0);
        for _ in 0..self.skipped {
            messages.next().transpose()?;
        }
        let complete = loop {
            let next = if self.forward { messages.next() } else { messages.next_back() };
            let Some(message) = next.transpose()? else { break true };
            if taken.len() == self.max || bytes >= PAGE_BYTES_MAX || memory >= PAGE_MEMORY_MAX {
                break false;
            }
            if self.said.is_some_and(|(_, most)| looked == *most || looked_bytes >= LOOKED_BYTES_MAX) {
                break false;
            }
            looked += 1;
            looked_bytes += message.value.len();
            let is_of_others = |(by, _): &(Party, usize)| {
                !layout::sender(&message.value).is_some_and(|account| by.covers(&account))
            };
            if self.said.is_some_and(is_of_others) {
                continue;
            }
            let decoded = message.decoded();
            if let Some(((by, _), entry)) = self.said.zip(decoded.as_ref())
                && !Said::is_of(by, entry)
            {
                looked_bytes += entry.bytes();
                continue;
            }
            bytes += message.value.len();
            if let Some(entry) = decoded {
                memory += entry.bytes();
                taken.push(Found { position: message.position, ordinal: message.ordinal, entry });
            }
        };
        if !self.forward {
            taken.reverse();
        }
        Ok((taken, complete))
    }
}
