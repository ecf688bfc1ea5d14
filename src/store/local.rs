//! Stores on this machine: their calls block. The tests use them as they are; for rooms each is a [`Store`] or an [`Archive`],
//! which does its work where it is waited for ([`wait`]).

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use jiff::Timestamp;

use super::{Archive, Fence, Freed, Pending, Renewed, Rest, Size, Store, StoreError};
use crate::room::archive::{Answer, ArchiveId, Change, Entry, Glimpse, Question};
use crate::room::listing::Listed;
use crate::room::state::State;
use crate::room::write::{StoredOccupant, Write};
use crate::wire::jid::BareJid;

/// What wakes this thread.
pub(super) fn waker() -> Waker {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    Waker::from(Arc::new(Unpark(thread::current())))
}

/// Waits for `future` on this thread, which may block: a thread of our own, or one of `spawn_blocking`.
pub fn wait<T>(future: impl Future<Output = T>) -> T {
    let (mut future, waker) = (pin!(future), waker());
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(outcome) => return outcome,
            Poll::Pending => thread::park(),
        }
    }
}

/// Calls `f` when it is polled.
fn when_polled<'a, T>(f: impl FnOnce() -> Result<T, StoreError> + Send + 'a) -> Pending<'a, T> {
    Box::pin(async move { f() })
}

/// A [`Store`] on this machine, which no other process can open.
#[allow(missing_docs, clippy::missing_errors_doc, reason = "see the methods of `Store`")]
pub trait LocalStore: Send + Sync + 'static {
    fn load(&self, room: &BareJid) -> Result<Option<State>, StoreError>;
    fn occupants(&self, room: &BareJid) -> Result<Vec<StoredOccupant>, StoreError>;
    fn each_occupied(&self, each: &mut dyn FnMut(BareJid, usize)) -> Result<(), StoreError>;
    fn each_room(&self, each: &mut dyn FnMut(BareJid, Listed)) -> Result<usize, StoreError>;
    fn has_rest(&self, room: &BareJid) -> Result<bool, StoreError>;
    fn rests(&self) -> Result<Vec<BareJid>, StoreError>;
    fn commit(&self, writes: &[Write]) -> Result<(), StoreError>;

    fn renew(&self, _rest: &dyn Fn(Duration) -> bool) -> Result<Option<Renewed>, StoreError> {
        Ok(None)
    }
}

impl<S: LocalStore> Store for S {
    fn load<'a>(&'a self, room: &'a BareJid) -> Pending<'a, Option<State>> {
        when_polled(move || LocalStore::load(self, room))
    }

    fn occupants<'a>(&'a self, room: &'a BareJid) -> Pending<'a, Vec<StoredOccupant>> {
        when_polled(move || LocalStore::occupants(self, room))
    }

    fn each_occupied<'a>(&'a self, each: &'a mut (dyn FnMut(BareJid, usize) + Send)) -> Pending<'a, ()> {
        when_polled(move || LocalStore::each_occupied(self, each))
    }

    fn each_room<'a>(&'a self, each: &'a mut (dyn FnMut(BareJid, Listed) + Send)) -> Pending<'a, usize> {
        when_polled(move || LocalStore::each_room(self, each))
    }

    fn has_rest<'a>(&'a self, room: &'a BareJid) -> Pending<'a, bool> {
        when_polled(move || LocalStore::has_rest(self, room))
    }

    fn rests(&self) -> Pending<'_, Vec<BareJid>> {
        when_polled(move || LocalStore::rests(self))
    }

    fn commit<'a>(&'a self, _fence: Fence, writes: &'a [Write]) -> Pending<'a, ()> {
        when_polled(move || LocalStore::commit(self, writes))
    }

    fn renew<'a>(&'a self, rest: Rest<'a>) -> Pending<'a, Option<Renewed>> {
        when_polled(move || LocalStore::renew(self, rest))
    }
}

/// An [`Archive`] on this machine, which no other process can open.
#[allow(missing_docs, clippy::missing_errors_doc, reason = "see the methods of `Archive`")]
pub trait LocalArchive: Send + Sync + 'static {
    fn commit(&self, changes: &[Change]) -> Result<(), StoreError>;
    fn answer(&self, archive: &ArchiveId, question: &Question) -> Result<Answer, StoreError>;

    /// Calls `each` for the messages of an archive from the newest to the oldest, until it gives false.
    fn newest(&self, archive: &ArchiveId, each: &mut dyn FnMut(Entry) -> bool) -> Result<(), StoreError>;

    fn look_back(
        &self,
        archive: &ArchiveId,
        each: &mut dyn FnMut(&dyn Glimpse) -> bool,
    ) -> Result<(), StoreError> {
        self.newest(archive, &mut |entry| each(&entry))
    }

    fn each_archive(&self, each: &mut dyn FnMut(ArchiveId)) -> Result<(), StoreError>;
    fn purge(
        &self,
        archive: &ArchiveId,
        before: Timestamp,
        messages_max: u64,
        step_max: usize,
    ) -> Result<Freed, StoreError>;
    fn trim(&self, archive: &ArchiveId, bytes: u64, step_max: usize) -> Result<Freed, StoreError>;
    fn bytes(&self) -> u64;
    fn count_bytes(
        &self,
        archive: &ArchiveId,
        so_far: Size,
        step_max: usize,
    ) -> Result<Option<Size>, StoreError>;
    fn sweep(&self, step_max: usize) -> Result<usize, StoreError>;

    fn renew(&self, _rest: &dyn Fn(Duration) -> bool) -> Result<Option<Renewed>, StoreError> {
        Ok(None)
    }
}

impl<A: LocalArchive> Archive for A {
    fn commit<'a>(&'a self, _fence: Fence, changes: &'a [Change]) -> Pending<'a, ()> {
        when_polled(move || LocalArchive::commit(self, changes))
    }

    fn answer<'a>(&'a self, archive: &'a ArchiveId, question: &'a Question) -> Pending<'a, Answer> {
        when_polled(move || LocalArchive::answer(self, archive, question))
    }

    fn look_back<'a>(
        &'a self,
        archive: &'a ArchiveId,
        each: &'a mut (dyn FnMut(&dyn Glimpse) -> bool + Send),
    ) -> Pending<'a, ()> {
        when_polled(move || LocalArchive::look_back(self, archive, each))
    }

    fn each_archive<'a>(&'a self, each: &'a mut (dyn FnMut(ArchiveId) + Send)) -> Pending<'a, ()> {
        when_polled(move || LocalArchive::each_archive(self, each))
    }

    fn purge<'a>(
        &'a self,
        archive: &'a ArchiveId,
        before: Timestamp,
        messages_max: u64,
        step_max: usize,
    ) -> Pending<'a, Freed> {
        when_polled(move || LocalArchive::purge(self, archive, before, messages_max, step_max))
    }

    fn trim<'a>(&'a self, archive: &'a ArchiveId, bytes: u64, step_max: usize) -> Pending<'a, Freed> {
        when_polled(move || LocalArchive::trim(self, archive, bytes, step_max))
    }

    fn bytes(&self) -> Pending<'_, u64> {
        when_polled(move || Ok(LocalArchive::bytes(self)))
    }

    fn count_bytes<'a>(
        &'a self,
        archive: &'a ArchiveId,
        so_far: Size,
        step_max: usize,
    ) -> Pending<'a, Option<Size>> {
        when_polled(move || LocalArchive::count_bytes(self, archive, so_far, step_max))
    }

    fn sweep(&self, step_max: usize) -> Pending<'_, usize> {
        when_polled(move || LocalArchive::sweep(self, step_max))
    }

    fn renew<'a>(&'a self, rest: Rest<'a>) -> Pending<'a, Option<Renewed>> {
        when_polled(move || LocalArchive::renew(self, rest))
    }
}
