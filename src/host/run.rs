//! The service from opening the store to closing the stream.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tracing::info;

use super::Host;
use super::gate::Gate;
use super::log_throttle::LogThrottle;
use super::retention::Retention;
use super::signals::{Signal, signal};
use crate::config::Settings;
use crate::link::{self, LinkSettings, Stage, TakenOver, Times};
use crate::store::{Archive, FjallArchive};
use crate::store::{SledStore, Store, StoreError};

/// How long those that were not done by then may take after the link has ended.
const LAST_WRITES: Duration = Duration::from_millis(500);

/// The folder of the archive, inside the store's.
const ARCHIVE: &str = "archive";

/// Why the service ended other than by being told to. The fault is ours, the operator's or the machine's.
#[derive(Debug)]
pub enum RunError {
    /// The store cannot be used.
    Store(StoreError),
    /// The link cannot be used.
    Link(link::LinkError),
    /// The operating system refused something at the start.
    System(std::io::Error),
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(e) => e.fmt(f),
            Self::Link(e) => e.fmt(f),
            Self::System(e) => write!(f, "the system refused: {e}"),
        }
    }
}

impl std::error::Error for RunError {}

/// How the service ended.
#[derive(Debug)]
pub enum Ended {
    /// It was told to stop, and did.
    Stopped,
    /// It was told to make place for another process at once, which goes on with the connection if there is one.
    Replaced(Option<TakenOver>),
}

/// Runs the service until it is told to stop (SIGTERM, SIGINT) or to make place (SIGUSR2). The connection of the
/// process before may be `taken` over. It makes place only if `can_be_replaced` says so, which may take some time. Signals
/// must be held back: see [`hold_signals`].
///
/// The store is open and readable before the server is told that we are there: a client that finds rooms missing
/// forgets them.
pub async fn run(
    settings: Settings,
    taken: Option<TakenOver>,
    can_be_replaced: impl Fn() -> bool + Send + 'static,
) -> Result<Ended, RunError> {
    let signal = signal(can_be_replaced).map_err(RunError::System)?;
    let store = SledStore::open(&settings.store.path).map_err(RunError::Store)?;
    let store: Arc<dyn Store> = Arc::new(store);
    let archive = FjallArchive::open(
        &settings.store.path.join(ARCHIVE),
        settings.archive.durability,
        Duration::from_millis(settings.archive.interval_ms.into()),
        settings.archive.cache_bytes.into(),
    );
    let archive: Arc<dyn Archive> = Arc::new(archive.map_err(RunError::Store)?);
    let (outbox, outlet) = link::outbox(settings.limits.queue_bytes_max);
    let host = Host::start(&settings, store.clone(), archive.clone(), outbox).map_err(RunError::Store)?;
    let retention =
        Retention::new(store, archive, &settings.archive, host.service.clone()).map_err(RunError::Store)?;
    info!(domain = %settings.component.domain, rooms_listed = host.directory().read().map_or(0, |d| d.len()), "ready");

    let keeping = retention.start().map_err(RunError::System)?;
    let (stage, stages) = watch::channel(Stage::Run);
    let quiet = Arc::new(Notify::new());
    let no_gap = AtomicBool::new(taken.as_ref().is_some_and(|taken| !taken.doubtful));
    let arrivals =
        Arc::new(Gate { host: host.clone(), no_gap, quiet: quiet.clone(), skipped: LogThrottle::default() });
    let mut link = tokio::spawn(link::run(link_settings(&settings), outlet, arrivals, stages, taken));
    let (told, mut ended) = tokio::select! {
        told = signal => (told, None),
        () = host.told_to_stop.notified() => (Signal::Stop, None),
        ended = &mut link => (Signal::Stop, Some(ended)),
    };
    info!("stopping");
    if told == Signal::Replace && ended.is_none() {
        // From when nothing is read until the next process reads, all wait for what is still to be done.
        ended = tokio::select! {
            () = host.calm_down() => None,
            ended = &mut link => Some(ended),
        };
    }
    if told == Signal::Replace && ended.is_none() {
        // The next process reads on from here: what is read after the rooms were told to stop would come back. At a
        // stop reading goes on, so that it does come back, with an error, instead of being lost.
        let _ = stage.send(Stage::Quiet);
        ended = tokio::select! {
            () = quiet.notified() => None,
            ended = &mut link => Some(ended),
        };
    }
    host.stop(told).await;
    let _ = stage.send(if told == Signal::Replace { Stage::HandOver } else { Stage::Stop });
    let ended = match ended {
        Some(ended) => ended,
        None => link.await,
    };
    // Those that waited for the server to read wait no longer, and have to write down who is in.
    host.have_stopped(LAST_WRITES).await;
    // On a thread that may wait for it.
    let _ = tokio::task::spawn_blocking(move || keeping.end()).await;
    host.committer.clone().stop().await;
    host.archive_committer.clone().stop().await;
    info!("stopped");
    match ended {
        Ok(Ok(connection)) if told == Signal::Replace => {
            let doubtful = host.has_doubts();
            Ok(Ended::Replaced(connection.map(|taken| TakenOver { doubtful, ..taken })))
        }
        Ok(Ok(_)) => Ok(Ended::Stopped),
        Ok(Err(e)) => Err(RunError::Link(e)),
        Err(e) => Err(RunError::System(std::io::Error::other(e))),
    }
}

fn link_settings(settings: &Settings) -> LinkSettings {
    let keepalive = Duration::from_secs(settings.component.keepalive_seconds.into());
    LinkSettings {
        domain: settings.component.domain.as_str().to_owned(),
        server: settings.component.server.clone(),
        secret: settings.component.secret.clone(),
        limits: (&settings.limits).into(),
        times: Times { read_idle: keepalive, ping_answer: keepalive / 2, ..Times::default() },
    }
}
