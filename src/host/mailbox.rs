//! What waits for one room.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender, error::SendError};

use crate::room::event::Event;
use crate::room::roster::Roster;
use crate::wire::inbound::Inbound;

/// The sending side of a room's queue. It is bounded: a request beyond the bound is given back to be refused.
/// What tells that somebody is gone is taken up to four times the bound, because without it ghosts stay.
pub(super) struct Mailbox {
    events: UnboundedSender<Event>,
    waiting: AtomicUsize,
    stanzas_max: usize,
    roster: Mutex<Arc<Roster>>,
    /// Places of the readers whose answers wait here.
    reading: Mutex<Vec<OwnedSemaphorePermit>>,
}

impl Mailbox {
    pub(super) fn new(stanzas_max: usize) -> (Self, UnboundedReceiver<Event>) {
        let (events, receiver) = mpsc::unbounded_channel();
        let mailbox = Self {
            events,
            waiting: AtomicUsize::new(0),
            stanzas_max,
            roster: Mutex::default(),
            reading: Mutex::default(),
        };
        (mailbox, receiver)
    }

    /// Takes an event, or gives it back when too many wait or the room has said goodbye.
    pub(super) fn put(&self, event: Event) -> Result<(), Event> {
        let refusable = event.inbound().is_none_or(Inbound::is_refusable);
        let max = if refusable { self.stanzas_max } else { self.stanzas_max.saturating_mul(4) };
        if self.waiting.load(Ordering::Acquire) >= max {
            return Err(event);
        }
        self.expect();
        self.events.send(event).map_err(|SendError(event)| event)
    }

    /// Notes who is in the room.
    pub(super) fn note(&self, roster: Arc<Roster>) {
        *self.roster.lock().unwrap_or_else(PoisonError::into_inner) = roster;
    }

    /// Who is in the room, as last noted.
    pub(super) fn roster(&self) -> Arc<Roster> {
        self.roster.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes that an event will come for which the room is kept.
    pub(super) fn expect(&self) {
        self.waiting.fetch_add(1, Ordering::AcqRel);
    }

    /// Takes an event that was expected.
    pub(super) fn arrived(&self, event: Event) {
        // Without a receiver the room's task has ended, and nobody is left to be told.
        let _ = self.events.send(event);
    }

    /// Takes an answer of the archive that was expected. Answers are large: nobody else gets the `place` of its reader
    /// before the room is done with it.
    pub(super) fn answered(&self, answer: Event, place: OwnedSemaphorePermit) {
        self.reading.lock().unwrap_or_else(PoisonError::into_inner).push(place);
        self.arrived(answer);
    }

    /// To be called when the room is done with so many answers of the archive.
    pub(super) fn done_with(&self, answers: usize) {
        let mut places = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        let left = places.len().saturating_sub(answers);
        places.truncate(left);
    }

    /// Takes an event whatever waits.
    pub(super) fn force(&self, event: Event) {
        self.expect();
        self.arrived(event);
    }

    /// To be called for each event that was taken out.
    pub(super) fn taken(&self) {
        self.waiting.fetch_sub(1, Ordering::AcqRel);
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.load(Ordering::Acquire) == 0
    }

    /// Waits until the room's task has ended.
    pub(super) async fn closed(&self) {
        self.events.closed().await;
    }
}
