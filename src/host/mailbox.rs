//! What waits for one room.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender, error::SendError};

use super::domain_queues::DomainQueues;
use super::places::{self, InLine, Places};
use crate::room::event::Event;
use crate::room::limits::Limits;
use crate::room::roster::Roster;
use crate::wire::inbound::Inbound;
use crate::wire::jid::BareJid;

/// What may still wait for a room that nothing waits for when too much waits for all rooms, and what counts no more in hand.
const SMALL_BYTES: usize = 16 * 1024;

/// What a room takes that waits to be read from the store, besides what waits for it: its mailbox and its task.
const STARTING_BYTES: usize = 4 * 1024;

/// What a domain may have waiting in all rooms: one part of so many of what one mailbox holds. The domain above the service's own
/// may have so many times as much as one holds.
const DOMAIN_PART: usize = 2;
const OWN_TIMES: usize = 8;

/// Questions to the archive that are answered at a time for one room; one of them is kept for other domains than any one.
const READERS_MAX: usize = 3;

/// A place of somebody who reads the archive: of those of the room, and of those of all rooms.
pub(super) type Place = (places::Place, places::Place);

/// What may wait in the mailboxes.
#[derive(Debug)]
pub(super) struct Bounds {
    stanzas_max: usize,
    bytes_max: usize,
    all_bytes_max: usize,
    /// What waits in all of them.
    all: Load,
    /// How many events rooms have taken and are not done with.
    in_hand: AtomicUsize,
    /// The bytes that wait or are dealt with, by the domain that they come from, and by whether they may be refused.
    domains: Mutex<HashMap<(Box<str>, bool), usize>>,
    /// The domain above the service's own.
    own: Option<Box<str>>,
}

/// How much waits: what may be refused, and what tells that somebody is gone, which does not take the place of the other.
#[derive(Debug, Default)]
struct Load {
    refusable: Amount,
    last: Amount,
}

#[derive(Debug, Default)]
struct Amount {
    stanzas: AtomicUsize,
    bytes: AtomicUsize,
}

impl Load {
    fn of(&self, refusable: bool) -> &Amount {
        if refusable { &self.refusable } else { &self.last }
    }

    fn add(&self, bytes: usize, refusable: bool) {
        let amount = self.of(refusable);
        amount.stanzas.fetch_add(1, Ordering::AcqRel);
        amount.bytes.fetch_add(bytes, Ordering::AcqRel);
    }

    fn take(&self, bytes: usize, refusable: bool) {
        let amount = self.of(refusable);
        amount.stanzas.fetch_sub(1, Ordering::AcqRel);
        amount.bytes.fetch_sub(bytes, Ordering::AcqRel);
    }
}

impl Bounds {
    /// Of a service below the domain `own`.
    pub(super) fn new(limits: &Limits, own: Option<&str>) -> Self {
        Self {
            stanzas_max: limits.mailbox_stanzas_max,
            bytes_max: limits.mailbox_bytes_max,
            all_bytes_max: limits.mailboxes_bytes_max,
            all: Load::default(),
            in_hand: AtomicUsize::new(0),
            domains: Mutex::default(),
            own: own.map(Into::into),
        }
    }

    /// How many events wait for rooms or are in their hands.
    pub(super) fn events(&self) -> usize {
        let waiting = [true, false].iter().map(|kind| self.all.of(*kind).stanzas.load(Ordering::Acquire));
        waiting.sum::<usize>() + self.in_hand.load(Ordering::Acquire)
    }

    fn domains(&self) -> MutexGuard<'_, HashMap<(Box<str>, bool), usize>> {
        // Nothing under the lock panics.
        self.domains.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts so many bytes more for a domain; `None` if it has too much waiting and in hand in all rooms together: of what may
    /// be refused, and as much besides of what may not.
    fn count(self: &Arc<Self>, domain: Box<str>, bytes: usize, refusable: bool) -> Option<Counted> {
        let is_own = self.own.as_deref() == Some(&*domain);
        let max = if is_own { self.bytes_max * OWN_TIMES } else { self.bytes_max / DOMAIN_PART };
        self.count_within(domain, bytes, refusable, max)
    }

    /// The same up to `max`; one may always come alone.
    fn count_within(
        self: &Arc<Self>,
        domain: Box<str>,
        bytes: usize,
        refusable: bool,
        max: usize,
    ) -> Option<Counted> {
        let (mut domains, key) = (self.domains(), (domain, refusable));
        match domains.get_mut(&key) {
            None => drop(domains.insert(key.clone(), bytes)),
            Some(waiting) if *waiting + bytes <= max => *waiting += bytes,
            Some(_) => return None,
        }
        Some(Counted { bounds: self.clone(), key, bytes })
    }
}

/// Bytes of a domain that wait or are dealt with, until this is dropped.
#[derive(Debug)]
pub(super) struct Counted {
    bounds: Arc<Bounds>,
    key: (Box<str>, bool),
    bytes: usize,
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut domains = self.bounds.domains();
        if let Some(waiting) = domains.get_mut(&self.key) {
            *waiting = waiting.saturating_sub(self.bytes);
            if *waiting == 0 {
                domains.remove(&self.key);
            }
        }
    }
}

/// A request that the archive was asked for: it waits until the answer is there.
#[derive(Debug)]
pub(super) struct Expected {
    bytes: usize,
    counted: Option<Counted>,
}

/// What was taken out of a mailbox, until the room is done with it and this is dropped.
#[derive(Debug)]
pub(super) struct InHand {
    bounds: Arc<Bounds>,
    _counted: Option<Counted>,
}

impl Drop for InHand {
    fn drop(&mut self) {
        self.bounds.in_hand.fetch_sub(1, Ordering::AcqRel);
    }
}

/// An event in a mailbox.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) event: Event,
    /// What it takes in memory.
    pub(super) bytes: usize,
    /// How it is counted.
    refusable: bool,
    /// It is counted in the queue of the domain that it comes from.
    in_queue: bool,
    /// It is counted for that domain in all rooms.
    counted: Option<Counted>,
}

/// What comes out of a mailbox.
pub(super) type Events = UnboundedReceiver<Box<Waiting>>;

/// The sending side of a room's queue. It is bounded in number and in bytes: a request beyond the bound is given back to
/// be refused; the last eighth is for those of whose domain little waits. What tells that somebody is gone is taken up to
/// three times the bound besides, because without it ghosts stay; of one domain as much as may be refused of it.
pub(super) struct Mailbox {
    /// The account that the room's place in memory counts for.
    opener: Option<BareJid>,
    /// Boxed: a channel always has places for some.
    events: UnboundedSender<Box<Waiting>>,
    queues: Mutex<DomainQueues<Box<Waiting>>>,
    load: Load,
    bounds: Arc<Bounds>,
    /// Who is in the room; nothing while it waits to be read.
    roster: Mutex<Option<Arc<Roster>>>,
    /// Places of those who read the archive for this room.
    readers: Arc<Places>,
    /// Places of the readers whose answers wait here.
    reading: Mutex<Vec<Place>>,
}

impl Mailbox {
    pub(super) fn new(bounds: Arc<Bounds>) -> (Self, Events) {
        let (events, receiver) = mpsc::unbounded_channel();
        let mailbox = Self {
            opener: None,
            events,
            queues: Mutex::default(),
            load: Load::default(),
            bounds,
            roster: Mutex::default(),
            readers: Places::new(READERS_MAX),
            reading: Mutex::default(),
        };
        (mailbox, receiver)
    }

    /// The same, of a room whose place in memory counts for `opener`.
    pub(super) fn opened_by(self, opener: Option<&BareJid>) -> Self {
        Self { opener: opener.cloned(), ..self }
    }

    /// The account that the room's place in memory counts for.
    pub(super) fn opener(&self) -> Option<&BareJid> {
        self.opener.as_ref()
    }

    /// Takes an event, or gives it back when too much waits or the room has said goodbye.
    pub(super) fn put(&self, event: Event) -> Result<(), Event> {
        let bytes = bytes_of(&event);
        let refusable = event.inbound().is_none_or(Inbound::is_refusable);
        let mut queues = self.queues();
        let is_long = queues.is_long(domain_of(&event));
        if self.events.is_closed() || !self.has_space(bytes, refusable, is_long) {
            return Err(event);
        }
        let domain: Box<str> = domain_of(&event).into();
        let starting = if queues.is_empty() && self.is_starting() { STARTING_BYTES } else { 0 };
        let counted = self.bounds.count(domain.clone(), bytes + starting, refusable);
        if counted.is_none() {
            return Err(event);
        }
        self.add(bytes, refusable);
        // Under the lock, so that what comes from one domain keeps its order.
        match queues.put(&domain, Box::new(Waiting { event, bytes, refusable, in_queue: true, counted })) {
            None => Ok(()),
            Some(waiting) => self.events.send(waiting).map_err(|SendError(waiting)| {
                self.forget(waiting.bytes, waiting.refusable);
                waiting.event
            }),
        }
    }

    fn queues(&self) -> MutexGuard<'_, DomainQueues<Box<Waiting>>> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there is space for so many bytes of somebody whose domain has much or little waiting.
    fn has_space(&self, bytes: usize, refusable: bool, is_long: bool) -> bool {
        let Bounds { stanzas_max, bytes_max, all_bytes_max, all, .. } = &*self.bounds;
        let most = |max: usize| {
            let max = if refusable { max } else { max.saturating_mul(3) };
            if is_long { max - max / 8 } else { max }
        };
        let amount = self.load.of(refusable);
        let (waiting, own) = (amount.stanzas.load(Ordering::Acquire), amount.bytes.load(Ordering::Acquire));
        let all = all.of(refusable).bytes.load(Ordering::Acquire);
        // One that is larger than the bound may come alone.
        let fits = own == 0 || own + bytes <= most(*bytes_max);
        // Who fills the mailboxes of many rooms shall not close those of the others.
        let fits_all = all + bytes <= most(*all_bytes_max) || own == 0 && bytes <= SMALL_BYTES;
        waiting < most(*stanzas_max) && fits && fits_all
    }

    /// Notes who is in the room, now that it is read.
    pub(super) fn note(&self, roster: Arc<Roster>) {
        *self.noted() = Some(roster);
    }

    /// Who is in the room, as last noted.
    pub(super) fn roster(&self) -> Arc<Roster> {
        self.noted().clone().unwrap_or_default()
    }

    fn is_starting(&self) -> bool {
        self.noted().is_none()
    }

    fn noted(&self) -> MutexGuard<'_, Option<Arc<Roster>>> {
        self.roster.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that the answer to a request will come, for which the room is kept. The request still counts for its domain: it
    /// was taken out of a mailbox, and is refused no more.
    pub(super) fn expect(&self, inbound: &Inbound) -> Expected {
        let (bytes, domain) = (inbound.size, inbound.from.domain().into());
        self.add(bytes, true);
        Expected { bytes, counted: self.bounds.count_within(domain, bytes, true, usize::MAX) }
    }

    fn add(&self, bytes: usize, refusable: bool) {
        self.load.add(bytes, refusable);
        self.bounds.all.add(bytes, refusable);
    }

    fn forget(&self, bytes: usize, refusable: bool) {
        self.load.take(bytes, refusable);
        self.bounds.all.take(bytes, refusable);
    }

    /// Waits in line for a place to read the archive in, in this room and among the readers of `all` rooms.
    pub(super) async fn place(&self, all: &Arc<Places>, line: &InLine) -> Place {
        let own = self.readers.turn(line).place().await;
        (own, all.turn(line).place().await)
    }

    /// Takes an answer of the archive that was expected. Answers are large: no other question gets the `place` of its reader
    /// before the room is done with it.
    pub(super) fn answered(&self, answer: Event, expected: Expected, place: Place) {
        self.reading.lock().unwrap_or_else(PoisonError::into_inner).push(place);
        self.put_by(answer, expected);
    }

    /// To be called when the room is done with so many answers of the archive.
    pub(super) fn done_with(&self, answers: usize) {
        let mut places = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        let left = places.len().saturating_sub(answers);
        places.truncate(left);
    }

    /// Takes an event of our own whatever waits.
    pub(super) fn force(&self, event: Event) {
        self.add(0, true);
        self.put_by(event, Expected { bytes: 0, counted: None });
    }

    /// Puts an event into the queue that waits behind none of its domain.
    fn put_by(&self, event: Event, Expected { bytes, counted }: Expected) {
        // Without a receiver the room's task has ended, and no occupant is left to be told.
        let _ =
            self.events.send(Box::new(Waiting { event, bytes, refusable: true, in_queue: false, counted }));
    }

    /// Tells the room to stop, when it has dealt with all that waits now.
    pub(super) fn stop(&self, goodbye: bool) {
        let mut queues = self.queues();
        for waiting in queues.let_on() {
            // As above.
            let _ = self.events.send(waiting);
        }
        self.force(Event::Stop { goodbye });
    }

    /// To be called for each event that was taken out. A large one counts for its domain for as long as what comes with it is
    /// there; of small ones rooms have few in hand.
    pub(super) fn taken(&self, waiting: Waiting) -> (Event, InHand) {
        self.bounds.in_hand.fetch_add(1, Ordering::AcqRel);
        self.forget(waiting.bytes, waiting.refusable);
        let counted = waiting.counted.filter(|_| waiting.bytes > SMALL_BYTES);
        let mut queues = self.queues();
        if waiting.in_queue
            && let Some(next) = queues.taken(domain_of(&waiting.event))
        {
            // The room's task is there, for it took this one.
            let _ = self.events.send(next);
        }
        (waiting.event, InHand { bounds: self.bounds.clone(), _counted: counted })
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        [true, false].iter().all(|kind| self.load.of(*kind).stanzas.load(Ordering::Acquire) == 0)
    }

    /// Waits until the room's task has ended.
    pub(super) async fn closed(&self) {
        self.events.closed().await;
    }
}

/// Where an event comes from; nothing if from ourselves.
fn domain_of(event: &Event) -> &str {
    event.inbound().map_or("", |inbound| inbound.from.domain())
}

/// How big the stanza of an event is.
fn bytes_of(event: &Event) -> usize {
    event.inbound().map_or(0, |inbound| inbound.size)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_line(domain: &str) -> InLine {
        InLine::from(&BareJid::parse(domain).expect("a jid"))
    }

    fn stanza(xml: &str) -> Event {
        let inbound = Inbound::parse(xml.parse().expect("xml")).expect("a stanza");
        Event::Stanza(Box::new(inbound))
    }

    fn message(bytes: usize) -> Event {
        message_of("b", bytes)
    }

    fn message_of(domain: &str, bytes: usize) -> Event {
        let body = "x".repeat(bytes);
        stanza(&format!(
            "<message xmlns='jabber:client' from='a@{domain}/c' to='r@m'><body>{body}</body></message>"
        ))
    }

    fn leave() -> Event {
        stanza("<presence xmlns='jabber:client' type='unavailable' from='a@b/c' to='r@m/n'/>")
    }

    /// Of a service whose own domain is that of [`message`]: what it may have waiting in all rooms does not matter.
    fn bounds() -> Arc<Bounds> {
        let limits = Limits {
            mailbox_stanzas_max: 100,
            mailbox_bytes_max: 1_000_000,
            mailboxes_bytes_max: 1_420_000,
            ..Limits::default()
        };
        Arc::new(Bounds::new(&limits, Some("b")))
    }

    /// How many of them are taken before one is given back.
    fn taken(mailbox: &Mailbox, event: &Event) -> usize {
        (0..10_000).take_while(|_| mailbox.put(event.clone()).is_ok()).count()
    }

    // 45-14.6-a
    #[test]
    fn a_mailbox_is_bounded_in_number_and_in_bytes() {
        let (mailbox, mut events) = Mailbox::new(bounds());
        // Whoever is gone is gone, and there is still a bound. It takes nobody's place.
        assert_eq!(taken(&mailbox, &leave()), 263);
        assert_eq!(taken(&mailbox, &message(10)), 88, "the last eighth is for others");
        let other =
            stanza("<message xmlns='jabber:client' from='a@quiet/c' to='r@m'><body>b</body></message>");
        assert_eq!(taken(&mailbox, &other), 12);
        while let Ok(waiting) = events.try_recv() {
            mailbox.taken(*waiting);
        }
        assert!(mailbox.is_empty());
        assert_eq!(taken(&mailbox, &message(200_000)), 4);
        assert!(mailbox.put(message(10)).is_ok(), "there is space for a small one");
        assert!(mailbox.put(leave()).is_ok());
    }

    // 45-14.6-a
    #[test]
    fn a_domain_with_much_to_say_waits_for_itself_and_all_of_it_comes_before_the_stop() {
        let from = |domain: &str| {
            stanza(&format!(
                "<message xmlns='jabber:client' from='a@{domain}/c' to='r@m'><body>b</body></message>"
            ))
        };
        let (mailbox, mut events) = Mailbox::new(Arc::new(Bounds::new(&Limits::default(), Some("own"))));
        for domain in ["loud"; 1000].iter().chain(&["quiet"]) {
            mailbox.put(from(domain)).expect("there is space");
        }
        for _ in 0..500 {
            let waiting = events.try_recv().expect("it waits");
            mailbox.taken(*waiting);
        }
        mailbox.stop(true);
        mailbox.put(from("late")).expect("there is space");
        let mut order = Vec::new();
        while let Ok(waiting) = events.try_recv() {
            let (event, _) = mailbox.taken(*waiting);
            order.push(event.inbound().map_or("stop".to_owned(), |inbound| inbound.from.domain().to_owned()));
        }
        assert_eq!(order.len(), 501 + 2);
        assert!(order[..501].iter().all(|domain| domain == "loud"), "the quiet one was among the first");
        assert_eq!(order[501..], ["stop", "late"]);
        assert!(mailbox.is_empty());
    }

    #[test]
    fn a_stanza_larger_than_the_bound_may_come_alone() {
        let (mailbox, _events) = Mailbox::new(bounds());
        assert_eq!(taken(&mailbox, &message(1_200_000)), 1);
    }

    // 45-14.6-a
    #[test]
    fn when_too_much_waits_for_all_rooms_a_room_for_which_nothing_waits_still_gets_something() {
        let bounds = bounds();
        let (first, _one) = Mailbox::new(bounds.clone());
        let (second, _two) = Mailbox::new(bounds.clone());
        let (third, mut three) = Mailbox::new(bounds.clone());
        assert_eq!(taken(&first, &message(200_000)), 4);
        assert_eq!(taken(&second, &message(200_000)), 3);
        assert_eq!(taken(&third, &message(200_000)), 0);
        assert_eq!(taken(&third, &message(5_000)), 1);
        let waiting = three.try_recv().expect("it waits");
        third.taken(*waiting);
        assert_eq!(taken(&third, &message(5_000)), 1);
        // What is given back because the room has ended counts no more.
        let before = bounds.all.of(false).bytes.load(Ordering::Acquire);
        drop(three);
        assert!(third.put(leave()).is_err());
        assert_eq!(bounds.all.of(false).bytes.load(Ordering::Acquire), before);
    }

    // 45-14.6-a
    #[test]
    fn a_domain_has_no_more_waiting_in_all_rooms_together_than_half_of_what_one_mailbox_holds() {
        let limits =
            Limits { mailbox_bytes_max: 1_000_000, mailboxes_bytes_max: 1 << 30, ..Limits::default() };
        let bounds = Arc::new(Bounds::new(&limits, Some("own")));
        let mut rooms: Vec<_> = (0..20).map(|_| Mailbox::new(bounds.clone())).collect();
        rooms.iter().for_each(|(room, _)| room.note(Arc::default()));
        let taken_of = |rooms: &[(Mailbox, Events)], domain: &str| {
            rooms
                .iter()
                .map(|(room, _)| usize::from(room.put(message_of(domain, 100_000)).is_ok()))
                .sum::<usize>()
        };
        assert_eq!(taken_of(&rooms, "loud"), 4);
        assert_eq!(taken_of(&rooms, "loud"), 0);
        assert_eq!(taken_of(&rooms, "quiet"), 4);
        assert_eq!((0..6).map(|_| taken_of(&rooms, "own")).sum::<usize>(), 78);
        // What rooms have in hand is still in memory.
        let mut in_hand = Vec::new();
        for (room, events) in &mut rooms {
            while let Ok(waiting) = events.try_recv() {
                in_hand.push(room.taken(*waiting));
            }
        }
        assert_eq!(taken_of(&rooms, "loud"), 0);
        drop(in_hand);
        assert_eq!(taken_of(&rooms, "loud"), 4);
        drop(rooms);
        assert!(bounds.domains().is_empty());
    }

    // 45-14.6-a
    #[tokio::test]
    async fn what_the_archive_is_asked_counts_for_its_domain_until_the_room_is_done_with_the_answer() {
        let limits = Limits { mailbox_bytes_max: 1_000_000, ..Limits::default() };
        let bounds = Arc::new(Bounds::new(&limits, Some("own")));
        let (room, mut events) = Mailbox::new(bounds.clone());
        let (other, others) = Mailbox::new(bounds.clone());
        let question = message_of("loud", 490_000);
        let expected = room.expect(question.inbound().expect("a stanza"));
        assert!(!room.is_empty(), "the room stays for it");
        assert!(other.put(message_of("loud", 100_000)).is_err());
        assert!(other.put(message_of("quiet", 100_000)).is_ok());
        let place = room.place(&Places::new(8), &in_line("loud")).await;
        room.answered(question, expected, place);
        let waiting = events.try_recv().expect("it waits");
        let in_hand = room.taken(*waiting);
        assert!(room.is_empty() && other.put(message_of("loud", 100_000)).is_err());
        drop(in_hand);
        assert!(other.put(message_of("loud", 100_000)).is_ok());
        drop((room, events, other, others));
        assert!(bounds.domains().is_empty());
    }

    // 45-14.6-a
    #[test]
    fn what_tells_that_accounts_of_a_domain_are_gone_is_bounded_in_all_rooms_together_as_well() {
        let limits =
            Limits { mailbox_bytes_max: 1_000_000, mailboxes_bytes_max: 1 << 30, ..Limits::default() };
        let bounds = Arc::new(Bounds::new(&limits, Some("own")));
        let rooms: Vec<_> = (0..20).map(|_| Mailbox::new(bounds.clone())).collect();
        let taken_of = |domain: &str| {
            let gone = stanza(&format!(
                "<message xmlns='jabber:client' type='error' from='a@{domain}/c' to='r@m'><body>{}</body></message>",
                "x".repeat(100_000)
            ));
            rooms.iter().filter(|(room, _)| room.put(gone.clone()).is_ok()).count()
        };
        assert_eq!((taken_of("loud"), taken_of("loud"), taken_of("quiet")), (4, 0, 4));
        // It takes the place of nothing else.
        assert!(rooms[0].0.put(message_of("loud", 100_000)).is_ok());
        drop(rooms);
        assert!(bounds.domains().is_empty());
    }

    // 45-14.6-a
    #[tokio::test]
    async fn one_domain_never_has_all_the_places_of_those_who_read_the_archive_of_a_room() {
        let (mailbox, all) = (Arc::new(Mailbox::new(bounds()).0), Places::new(8));
        let _held =
            [mailbox.place(&all, &in_line("loud")).await, mailbox.place(&all, &in_line("loud")).await];
        let (waits, of_all) = (mailbox.clone(), all.clone());
        let third = tokio::spawn(async move { waits.place(&of_all, &in_line("loud")).await });
        tokio::task::yield_now().await;
        let _quiet = mailbox.place(&all, &in_line("quiet")).await;
        assert!(!third.is_finished());
    }
}
