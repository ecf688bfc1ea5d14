//! The link to the XMPP server: XEP-0114 over TCP, kept up for as long as the program runs.
//!
//! Stanzas leave through an [`Outbox`] and arrive at [`Arrivals`]. [`run`] connects, shakes hands, reads and
//! writes until the link fails, says why, waits, and connects again. XEP-0114 acknowledges nothing, so what a
//! dying connection had taken is lost; everything else waits in the outbox for the next one.

mod fair_queue;
mod fault;
mod give_way;
mod handshake;
mod outbox;
mod ping;
mod read;
mod retry;
mod window;
mod write;

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use minidom::Element;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{Mutex, mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tracing::{error, info, warn};

pub use self::fault::LinkError;
use self::give_way::give_way;
pub use self::outbox::{Lane, Outbox, Outlet, outbox};
use self::retry::{Backoff, Eager, Repeats, Yielding};
use self::window::Ahead;
use self::write::{Close, Order, Pending};
use crate::config::Secret;
use crate::wire::jid::BareJid;
use crate::wire::stream::{Excess, Head, Limits, Resumption};

/// Where what the server sends arrives. The calls are made in the order of the stream and must not block.
pub trait Arrivals: Send + Sync + 'static {
    /// A top-level element, known or not, and its size by the measure of [`crate::wire::size`].
    fn stanza(&self, stanza: Element, size: usize);
    /// A stanza that exceeded a limit and was not kept.
    fn skipped(&self, head: Head, excess: Excess);
    /// The server accepted the component; stanzas flow from now on.
    fn up(&self);
    /// The link ended. What was written shortly before may be lost.
    fn down(&self);
    /// Nothing more arrives: the program stops.
    fn quiet(&self) {}
}

/// What the link needs to know.
#[derive(Clone, Debug)]
pub struct LinkSettings {
    /// The domain of the service.
    pub domain: String,
    /// The server's component port, as `host:port`; an IPv6 address in square brackets.
    pub server: String,
    /// The secret shared with the server.
    pub secret: Secret,
    /// Bounds on stanzas that are read.
    pub limits: Limits,
    /// How long things take.
    pub times: Times,
}

/// How long the link waits for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// For the name of the server and the TCP connection together.
    pub connect: Duration,
    /// For the handshake.
    pub handshake: Duration,
    /// Without having written anything, before a white space is written.
    pub write_idle: Duration,
    /// Without having read anything, before the server is pinged.
    pub read_idle: Duration,
    /// For any sign of life after the ping, before the link is given up.
    pub ping_answer: Duration,
    /// Before the first attempt to connect again; doubles with every failure.
    pub retry_min: Duration,
    /// Before an attempt to connect again, at most.
    pub retry_max: Duration,
    /// The same, after a fault that only a change of settings mends.
    pub retry_misconfigured_max: Duration,
    /// For how long a server that had taken us, and refuses connections now, is tried again every `retry_min`: it is being
    /// restarted, and its users are back as soon as it is.
    pub eager: Duration,
    /// A link that was up for so long makes the next failure the first again: also that of a server that dies every few seconds.
    pub held: Duration,
    /// For writing what is queued when the program stops.
    pub stop_write: Duration,
    /// For the server to close its stream when the program stops.
    pub stop_close: Duration,
    /// For writing what is queued when another process goes on: nobody kills, and what is not written is lost.
    pub hand_over_write: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            handshake: Duration::from_secs(10),
            write_idle: Duration::from_secs(30),
            read_idle: Duration::from_secs(60),
            ping_answer: Duration::from_secs(30),
            retry_min: Duration::from_millis(200),
            retry_max: Duration::from_secs(10),
            retry_misconfigured_max: Duration::from_secs(60),
            eager: Duration::from_secs(2 * 60),
            held: Duration::from_secs(1),
            stop_write: Duration::from_secs(3),
            stop_close: Duration::from_secs(3),
            hand_over_write: Duration::from_secs(30),
        }
    }
}

/// How far the program has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// The link is kept up.
    Run,
    /// Nothing more is read; what is queued is still written.
    Quiet,
    /// What is queued is written, then the stream is closed (114-16).
    Stop,
    /// What is queued is written, and the connection stays open for another process.
    HandOver,
}

/// A connection on which the server takes our stanzas, from one process to the next.
#[derive(Debug)]
pub struct TakenOver {
    /// The connection.
    pub socket: std::net::TcpStream,
    /// Where its reader stands.
    pub resumption: Resumption,
    /// How long bytes take to the server and back.
    pub distance: Duration,
    /// Whether somebody may be gone who has not been found out yet.
    pub doubtful: bool,
}

/// How the time of one link ended.
enum End {
    Failed(LinkError),
    Stopped,
    HandedOver(TakenOver),
}

/// Connects and shakes hands once, and closes the stream again: whether the settings are right.
///
/// # Errors
///
/// When they are not, with what to do about it. A server set to `kick_old` ends a link that is already up.
pub async fn probe(settings: &LinkSettings) -> Result<(), LinkError> {
    check(settings)?;
    let mut open = handshake::open(settings).await?;
    // The server has answered; it does not matter whether it hears this.
    let _ = tokio::io::AsyncWriteExt::write_all(&mut open.socket, b"</stream:stream>").await;
    Ok(())
}

/// Keeps the link up until `stage` says otherwise (or its sender is gone, which means [`Stage::Stop`]). One call per
/// outlet; the outlet is gone when it returns. The first connection may be `taken` over from another process.
///
/// Gives the connection when it is to be handed over and there is one.
///
/// # Errors
///
/// Only when the settings can never work, before any attempt. All other faults are logged and retried.
pub async fn run(
    settings: LinkSettings,
    outlet: Outlet,
    arrivals: Arc<dyn Arrivals>,
    mut stage: watch::Receiver<Stage>,
    mut taken: Option<TakenOver>,
) -> Result<Option<TakenOver>, LinkError> {
    check(&settings)?;
    let times = settings.times;
    let pending = Arc::new(Mutex::new(Pending::new(outlet)));
    let mut backoff = Backoff::new(times.retry_min, times.retry_max, times.retry_misconfigured_max);
    let mut eager = Eager::new(times.retry_min, times.eager);
    let mut repeats = Repeats::default();
    let mut yielding = Yielding::default();
    let handed_over = loop {
        let opened = match taken.take() {
            // It is up: whoever stops at once closes it in order, or hands it over again.
            Some(taken) => handshake::resume(&settings, taken),
            None => tokio::select! {
                biased;
                () = reached(&mut stage, Stage::Quiet) => break None,
                opened = handshake::open(&settings) => opened,
            },
        };
        let mut held = Duration::ZERO;
        let fault = match opened {
            Ok(open) => {
                info!(server = %settings.server, domain = %settings.domain, "connected to the server");
                let since = Instant::now();
                let end = hold(&settings, open, &pending, &*arrivals, &mut stage).await;
                held = since.elapsed();
                eager.lost(Instant::now());
                if held >= times.held {
                    backoff.reset();
                    repeats.over();
                }
                match end {
                    End::Stopped => break None,
                    End::HandedOver(connection) => break Some(connection),
                    End::Failed(fault) => fault,
                }
            }
            Err(fault) if fault.is_final() => return Err(fault),
            Err(fault) => fault,
        };
        let refused = matches!(fault, LinkError::Refused { .. });
        let soon = if refused { eager.next(Instant::now(), retry::chance()) } else { None };
        let wait = match soon {
            Some(wait) => wait,
            None if fault.is_replaced() => yielding.next(held, retry::chance()),
            None => backoff.next(fault.is_misconfigured(), retry::chance()),
        };
        tell(&fault, &mut repeats, wait);
        tokio::select! {
            biased;
            () = reached(&mut stage, Stage::Quiet) => break None,
            () = sleep(wait) => {}
        }
    };
    match pending.lock().await.bytes_waiting() {
        0 if handed_over.is_some() => info!("the link to the server is handed over"),
        0 => info!("the link to the server is closed"),
        bytes => warn!(bytes, "the link to the server is closed, and what was queued is lost"),
    }
    Ok(handed_over)
}

/// Settings that no server could make work.
fn check(settings: &LinkSettings) -> Result<(), LinkError> {
    let domain = &settings.domain;
    match BareJid::parse(domain) {
        Ok(jid) if jid.local().is_none() && !domain.contains(['<', '>', '&', '\'', '"']) => Ok(()),
        _ => Err(LinkError::Domain { domain: domain.clone() }),
    }
}

fn tell(fault: &LinkError, repeats: &mut Repeats, wait: Duration) {
    let Some(times) = repeats.tell(fault, Instant::now()) else { return };
    let retry_ms = wait.as_millis() as u64;
    if fault.is_misconfigured() {
        error!(times, retry_ms, "no link to the server: {fault}");
    } else {
        warn!(times, retry_ms, "no link to the server: {fault}");
    }
}

async fn reached(stage: &mut watch::Receiver<Stage>, least: Stage) {
    // A sender that is gone stops the link as well.
    let _ = stage.wait_for(|stage| *stage >= least).await;
}

/// Ends the writing task with the link.
struct Writing(JoinHandle<std::io::Result<OwnedWriteHalf>>);

impl Drop for Writing {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Reads and writes until one of them ends, or the program stops.
async fn hold(
    settings: &LinkSettings,
    open: handshake::Open,
    pending: &Arc<Mutex<Pending>>,
    arrivals: &dyn Arrivals,
    stage: &mut watch::Receiver<Stage>,
) -> End {
    let handshake::Open { socket, distance, mut reader, mut early } = open;
    let (mut read_half, write_half) = socket.into_split();
    let (orders, received) = mpsc::channel(4);
    arrivals.up();
    let ahead = Arc::new(Ahead::new(&settings.domain, distance));
    let writing = write::run(pending.clone(), write_half, received, ahead.clone(), settings.times.write_idle);
    let mut writing = Writing(tokio::spawn(writing));
    let failed = {
        let reading =
            read::run(&mut read_half, &mut reader, &mut early, settings, arrivals, orders.clone(), &ahead);
        let mut reading = pin!(reading);
        tokio::select! {
            biased;
            // First, because what came along with the handshake is still to be handed over.
            fault = &mut reading => Some(fault),
            () = reached(stage, Stage::Quiet) => None,
            written = &mut writing.0 => {
                // The server may have said why before it hung up; that says more.
                let lost = match written {
                    Ok(Err(error)) => LinkError::Lost(error),
                    _ => LinkError::Cut { within_stanza: false },
                };
                let said = timeout(Duration::from_secs(1), &mut reading).await;
                Some(said.ok().filter(|said| matches!(said, LinkError::Stream { .. })).unwrap_or(lost))
            }
        }
    };
    let end = match failed {
        Some(fault) => End::Failed(fault),
        None => {
            ahead.open();
            arrivals.quiet();
            reached(stage, Stage::Stop).await;
            let (close, patience) = match *stage.borrow() {
                Stage::HandOver => (Close::Nothing, settings.times.hand_over_write),
                _ => (Close::Stream, settings.times.stop_write),
            };
            let written = timeout(patience, async {
                // The channel is full only when the writing half is stuck; then the time runs out.
                let _ = orders.send(Order::Finish(close)).await;
                (&mut writing.0).await
            });
            match (written.await, close, reader.resumption()) {
                (Ok(Ok(Ok(write_half))), Close::Nothing, Some(resumption)) => {
                    hand_over(read_half, write_half, resumption, distance)
                }
                (Ok(_), ..) => {
                    // The server answers by closing its stream; what it says before is for nobody.
                    let reading = read::run(
                        &mut read_half,
                        &mut reader,
                        &mut early,
                        settings,
                        arrivals,
                        orders,
                        &ahead,
                    );
                    let _ = timeout(settings.times.stop_close, reading).await;
                    End::Stopped
                }
                _ => End::Stopped,
            }
        }
    };
    arrivals.down();
    end
}

fn hand_over(
    read_half: OwnedReadHalf,
    write_half: OwnedWriteHalf,
    resumption: Resumption,
    distance: Duration,
) -> End {
    let whole = read_half.reunite(write_half).ok().and_then(|socket| socket.into_std().ok());
    match whole {
        Some(socket) => End::HandedOver(TakenOver { socket, resumption, distance, doubtful: false }),
        None => End::Stopped,
    }
}
