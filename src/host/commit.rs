//! The committer: one thread that makes what rooms write durable, many requests with one sync of the disk.
//!
//! Requests that wait while the disk is busy are committed together. Who is next is chosen in turn by domain (`line`), and
//! a group is small enough that the next one is not long in coming. A group that fails is tried again request by request,
//! so that one that cannot be stored does not take the others with it.

mod line;

use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

use tokio::sync::{mpsc, oneshot};

use self::line::Line;
use super::failure_state::FailureState;
use crate::room::archive::Change;
use crate::room::write::Write;
use crate::store::{self, Fence, StoreError, wait};

/// What a group may cost, where a record costs 1, and 1 more for each so many bytes: together less than a segment of sled's log,
/// for there is a sync between the moving of a record to a new segment and the reuse of the old one. A request that costs
/// more is a group alone.
const GROUP_COST_MAX: usize = 1024;
const COST_BYTES: usize = 256;

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
    /// Its length is bounded by its users: a room waits for what it has asked for before it asks for more.
    queue: mpsc::UnboundedSender<Message<W>>,
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
    domain: String,
    writes: Vec<W>,
    done: oneshot::Sender<Result<(), CommitError>>,
}

impl Committer<Write> {
    /// A committer of what becomes of rooms.
    ///
    /// # Panics
    /// If the system has no thread to give.
    pub fn of_store(store: Arc<dyn store::Store>) -> Self {
        let cost = |write: &Write| write.records() + write.bytes() / COST_BYTES;
        Self::start("the store", cost, move |writes| wait(store.commit(Fence::ONE_MACHINE, writes)))
    }
}

impl Committer<Change> {
    /// A committer of what is said in rooms.
    ///
    /// # Panics
    /// If the system has no thread to give.
    pub fn of_archive(archive: Arc<dyn store::Archive>) -> Self {
        let cost = |change: &Change| 1 + change.bytes() / COST_BYTES;
        Self::start("the archive", cost, move |changes| wait(archive.commit(Fence::ONE_MACHINE, changes)))
    }
}

impl<W: Clone + Send + 'static> Committer<W> {
    /// Starts the thread. It drops `commit` when it ends. `name` is for people, `cost` tells how much a write is, 1 and more, and
    /// `commit` makes all of some writes durable or none of them.
    ///
    /// # Panics
    /// If the system has no thread to give.
    pub fn start(
        name: &'static str,
        cost: fn(&W) -> usize,
        commit: impl Fn(&[W]) -> Result<(), StoreError> + Send + 'static,
    ) -> Self {
        let (queue, requests) = mpsc::unbounded_channel();
        let failures = FailureState::new(name);
        let mut worker =
            Worker { name, cost, commit: Box::new(commit), requests, line: Line::new(), failures };
        let thread = name.rsplit(' ').next().unwrap_or(name);
        let thread = Builder::new().name(format!("commit-{thread}")).spawn(move || worker.run());
        let thread = thread.expect("a service that starts gets its threads");
        Self { queue, thread: Arc::new(Mutex::new(Some(thread))) }
    }

    /// Makes all of `writes` durable, or none of them. The request waits in the line of `domain`.
    ///
    /// Once it waits for the disk, dropping the future does not take the request back.
    pub async fn commit(&self, domain: &str, writes: Vec<W>) -> Result<(), CommitError> {
        self.submit(domain, writes)?.await
    }

    /// Puts `writes` in the line of `domain`; the future that is returned tells whether they became durable. What is
    /// submitted for one domain is committed in that order.
    pub fn submit(
        &self,
        domain: &str,
        writes: Vec<W>,
    ) -> Result<impl Future<Output = Result<(), CommitError>> + Send + use<W>, CommitError> {
        let (done, outcome) = oneshot::channel();
        let request = Message::Commit(Request { domain: domain.to_owned(), writes, done });
        self.queue.send(request).map_err(|_| CommitError::Stopped)?;
        Ok(async move { outcome.await.unwrap_or(Err(CommitError::Stopped)) })
    }

    /// Finishes what has been accepted, then ends the thread and closes the store. Other handles get
    /// [`CommitError::Stopped`] from then on.
    pub async fn stop(self) {
        // An error means that it has stopped already.
        let _ = self.queue.send(Message::Stop);
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
    cost: fn(&W) -> usize,
    commit: Commit<W>,
    requests: mpsc::UnboundedReceiver<Message<W>>,
    line: Line<Request<W>>,
    failures: FailureState,
}

impl<W: Clone> Worker<W> {
    fn run(&mut self) {
        loop {
            while let Ok(message) = self.requests.try_recv() {
                self.accept(message);
            }
            let group = self.group();
            if !group.is_empty() {
                self.commit_group(group);
                continue;
            }
            match self.requests.blocking_recv() {
                Some(message) => self.accept(message),
                None => return,
            }
        }
    }

    fn accept(&mut self, message: Message<W>) {
        match message {
            Message::Commit(mut request) => {
                let cost = request.writes.iter().map(self.cost).sum();
                self.line.push(std::mem::take(&mut request.domain), cost, request);
            }
            // What was accepted is still received after this.
            Message::Stop => self.requests.close(),
        }
    }

    /// What is next, within the bounds.
    fn group(&mut self) -> Vec<Request<W>> {
        let (mut group, mut left) = (Vec::new(), usize::MAX);
        while let Some((cost, request)) = self.line.next_within(left) {
            left = left.min(GROUP_COST_MAX).saturating_sub(cost);
            group.push(request);
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
                self.failures.works();
                group.into_iter().for_each(|request| answer(request, Ok(())));
            }
            Err(why) if group.len() == 1 => {
                self.failures.fails(&why);
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
            Some(why) if stored == 0 => self.failures.fails(why),
            Some(why) => {
                self.failures.works();
                tracing::warn!(
                    "{} of {} changes could not be stored: {why}",
                    refused.len(),
                    refused.len() + stored
                );
            }
            None => self.failures.works(),
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
