//! The committer: one thread that makes what rooms write durable, many requests with one sync of the disk.
//!
//! Requests that wait while the disk is busy are committed together, in the order in which they came. A group that
//! fails is tried again request by request, so that one that cannot be stored does not take the others with it.

use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

use tokio::sync::{mpsc, oneshot};

use super::trouble::Trouble;
use crate::room::archive::Change;
use crate::store::archive::Archive;
use crate::store::{Store, StoreError, Write};

/// Requests that may wait; beyond it callers wait for a place.
const QUEUE_REQUESTS_MAX: usize = 4096;

/// Bounds of a group. The bytes are less than a segment of sled's log: there is a sync between the moving of a record
/// to a new segment and the reuse of the old one.
const GROUP_REQUESTS_MAX: usize = 1024;
const GROUP_BYTES_MAX: usize = 256 * 1024;

/// So many requests in a row that fail on their own prove the disk at fault: the rest of the group is not tried.
const VAIN_TRIES_MAX: usize = 3;

/// Why a change is not durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommitError {
    /// The store did not take it; nothing of the request is stored.
    Store(StoreError),
    /// The service is shutting down. If the request had been accepted before, it may be stored.
    Stopped,
}

impl fmt::Display for CommitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(e) => e.fmt(f),
            Self::Stopped => f.write_str("the service is shutting down"),
        }
    }
}

impl std::error::Error for CommitError {}

/// A handle to the committer's thread. The thread ends when the last handle is dropped, or by [`Committer::stop`].
pub struct Committer<W> {
    queue: mpsc::Sender<Message<W>>,
    thread: Arc<Mutex<Option<JoinHandle<()>>>>,
}

impl<W> Clone for Committer<W> {
    fn clone(&self) -> Self {
        Self { queue: self.queue.clone(), thread: self.thread.clone() }
    }
}

enum Message<W> {
    Commit(Request<W>),
    Stop,
}

struct Request<W> {
    writes: Vec<W>,
    done: oneshot::Sender<Result<(), CommitError>>,
}

impl Committer<Write> {
    /// A committer of what becomes of rooms.
    ///
    /// # Panics
    /// If the system has no thread to give.
    pub fn of_store(store: Arc<dyn Store>) -> Self {
        Self::start("the store", Write::bytes, move |writes| store.commit(writes))
    }
}

impl Committer<Change> {
    /// A committer of what is said in rooms.
    ///
    /// # Panics
    /// If the system has no thread to give.
    pub fn of_archive(archive: Arc<dyn Archive>) -> Self {
        Self::start("the archive", Change::bytes, move |changes| archive.commit(changes))
    }
}

impl<W: Clone + Send + 'static> Committer<W> {
    /// Starts the thread. It drops `commit` when it ends. `name` is for people, `bytes` tells how much a write is, and
    /// `commit` makes all of some writes durable or none of them.
    ///
    /// # Panics
    /// If the system has no thread to give.
    pub fn start(
        name: &'static str,
        bytes: fn(&W) -> usize,
        commit: impl Fn(&[W]) -> Result<(), StoreError> + Send + 'static,
    ) -> Self {
        let (queue, requests) = mpsc::channel(QUEUE_REQUESTS_MAX);
        let trouble = Trouble::new(name);
        let mut worker = Worker { name, bytes, commit: Box::new(commit), requests, trouble };
        let thread = name.rsplit(' ').next().unwrap_or(name);
        let thread = Builder::new().name(format!("commit-{thread}")).spawn(move || worker.run());
        let thread = thread.expect("a service that starts gets its threads");
        Self { queue, thread: Arc::new(Mutex::new(Some(thread))) }
    }

    /// Makes all of `writes` durable, or none of them.
    ///
    /// Once it waits for the disk, dropping the future does not take the request back.
    pub async fn commit(&self, writes: Vec<W>) -> Result<(), CommitError> {
        self.submit(writes).await?.await
    }

    /// Puts `writes` in the queue; the future that is returned tells whether they became durable. What one caller
    /// submits is committed in that order.
    ///
    /// Waits only while the queue is full.
    pub async fn submit(
        &self,
        writes: Vec<W>,
    ) -> Result<impl Future<Output = Result<(), CommitError>> + Send + use<W>, CommitError> {
        let (done, outcome) = oneshot::channel();
        let request = Message::Commit(Request { writes, done });
        self.queue.send(request).await.map_err(|_| CommitError::Stopped)?;
        Ok(async move { outcome.await.unwrap_or(Err(CommitError::Stopped)) })
    }

    /// Finishes what has been accepted, then ends the thread and closes the store. Other handles get
    /// [`CommitError::Stopped`] from then on.
    pub async fn stop(self) {
        // An error means that it has stopped already.
        let _ = self.queue.send(Message::Stop).await;
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // The thread catches panics: there is no outcome to look at.
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }
}

type Commit<W> = Box<dyn Fn(&[W]) -> Result<(), StoreError> + Send>;

struct Worker<W> {
    name: &'static str,
    bytes: fn(&W) -> usize,
    commit: Commit<W>,
    requests: mpsc::Receiver<Message<W>>,
    trouble: Trouble,
}

impl<W: Clone> Worker<W> {
    fn run(&mut self) {
        while let Some(message) = self.requests.blocking_recv() {
            let Message::Commit(first) = message else {
                self.requests.close();
                continue;
            };
            let group = self.group(first);
            self.commit_group(group);
        }
    }

    /// `first` and what waits behind it, within the bounds.
    fn group(&mut self, first: Request<W>) -> Vec<Request<W>> {
        let write_bytes = self.bytes;
        let bytes = |request: &Request<W>| request.writes.iter().map(write_bytes).sum::<usize>();
        let mut total_bytes = bytes(&first);
        let mut group = vec![first];
        while group.len() < GROUP_REQUESTS_MAX && total_bytes < GROUP_BYTES_MAX {
            match self.requests.try_recv() {
                Ok(Message::Commit(request)) => {
                    total_bytes += bytes(&request);
                    group.push(request);
                }
                // What was accepted is still received after this.
                Ok(Message::Stop) => self.requests.close(),
                Err(_) => break,
            }
        }
        group
    }

    fn commit_group(&mut self, mut group: Vec<Request<W>>) {
        let all: Vec<W> = match &mut group[..] {
            [alone] => std::mem::take(&mut alone.writes),
            _ => group.iter().flat_map(|request| request.writes.iter().cloned()).collect(),
        };
        match self.commit(&all) {
            Ok(()) => {
                self.trouble.works();
                group.into_iter().for_each(|request| answer(request, Ok(())));
            }
            Err(why) if group.len() == 1 => {
                self.trouble.fails(&why);
                group.into_iter().for_each(|request| answer(request, Err(why.clone())));
            }
            Err(_) => self.commit_one_by_one(group),
        }
    }

    fn commit_one_by_one(&mut self, group: Vec<Request<W>>) {
        let mut stored = 0;
        let mut refused: Vec<StoreError> = Vec::new();
        for request in group {
            if stored == 0
                && refused.len() >= VAIN_TRIES_MAX
                && let Some(why) = refused.last().cloned()
            {
                refused.push(why.clone());
                answer(request, Err(why));
                continue;
            }
            let outcome = self.commit(&request.writes);
            match &outcome {
                Ok(()) => stored += 1,
                Err(why) => refused.push(why.clone()),
            }
            answer(request, outcome);
        }
        match refused.last() {
            Some(why) if stored == 0 => self.trouble.fails(why),
            Some(why) => {
                self.trouble.works();
                tracing::warn!(
                    "{} of {} changes could not be stored: {why}",
                    refused.len(),
                    refused.len() + stored
                );
            }
            None => self.trouble.works(),
        }
    }

    /// A panic in the store is an error of this commit, not the end of all commits.
    fn commit(&self, writes: &[W]) -> Result<(), StoreError> {
        catch_unwind(AssertUnwindSafe(|| (self.commit)(writes)))
            .unwrap_or_else(|_| Err(StoreError::Io(format!("{} panicked", self.name))))
    }
}

fn answer<W>(request: Request<W>, outcome: Result<(), StoreError>) {
    // Who no longer waits does not need to know.
    let _ = request.done.send(outcome.map_err(CommitError::Store));
}

#[cfg(test)]
mod tests;
