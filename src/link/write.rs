//! The writing half of the link: recipients are spliced into pieces of 64 KiB, the lanes in turn.
//!
//! A stanza for thousands of recipients is never built as a whole: every piece takes it up where the last one
//! left it, so memory is bounded by the piece, and other lanes get in between. What the kernel has not
//! taken when a link ends goes out first on the next one, from the start of the stanza that was cut: a server
//! that did not get the end of a stanza has not seen it.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::{Mutex, mpsc};
use tokio::time::{Instant, sleep_until};

use super::fair_queue::FairQueue;
use super::outbox::{Outlet, Written};
use super::window::Ahead;

/// Bytes after which a piece is written. A piece may exceed it by one stanza.
const PIECE_BYTES: usize = 64 * 1024;

/// What the reading half asks of the writing half.
#[derive(Debug)]
pub(super) enum Order {
    /// Write this whole stanza soon, before what is queued.
    Write(String),
    /// Write what is queued, and end.
    Finish(Close),
}

/// What becomes of the stream when everything is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Close {
    /// It is closed.
    Stream,
    /// It stays open: somebody else goes on with it.
    Nothing,
}

/// What is on its way to the socket. It outlives the links.
pub(super) struct Pending {
    outlet: Outlet,
    fair_queue: FairQueue,
    piece: Piece,
}

/// Bytes that are being written.
#[derive(Default)]
struct Piece {
    bytes: Vec<u8>,
    /// Where the stanzas in it end.
    ends: Vec<usize>,
    /// What has its last recipient in it.
    whole: Vec<Written>,
    /// How much the kernel has taken.
    taken: usize,
}

impl Pending {
    pub(super) fn new(outlet: Outlet) -> Self {
        Self { outlet, fair_queue: FairQueue::default(), piece: Piece::default() }
    }

    pub(super) fn bytes_waiting(&self) -> u64 {
        self.outlet.bytes_waiting()
    }

    /// Makes the next piece, of about `bytes_max` at most; false when nothing is queued. Does nothing while a piece is under
    /// way.
    fn fill(&mut self, bytes_max: usize) -> bool {
        if !self.piece.bytes.is_empty() {
            return true;
        }
        let fair_queue = &mut self.fair_queue;
        self.outlet.take(fair_queue.is_empty(), |lane, queued| fair_queue.push(lane, queued));
        let piece = &mut self.piece;
        while piece.bytes.len() < bytes_max.min(PIECE_BYTES)
            && let Some(whole) = fair_queue.splice(&mut piece.bytes, &mut piece.ends)
        {
            piece.whole.extend(whole);
        }
        !piece.bytes.is_empty()
    }

    /// Writes the piece, and gives its bytes. May be dropped at any time: what the kernel has taken is known.
    async fn flush(&mut self, socket: &mut (impl AsyncWrite + Unpin)) -> io::Result<usize> {
        let piece = &mut self.piece;
        let bytes = piece.bytes.len();
        while piece.taken < piece.bytes.len() {
            match socket.write(&piece.bytes[piece.taken..]).await? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                taken => piece.taken += taken,
            }
        }
        self.outlet.written(&piece.whole);
        piece.clear();
        Ok(bytes)
    }

    /// A new link: the stanzas that the kernel took whole are gone, the rest of the piece is written again.
    fn rewind(&mut self) {
        let piece = &mut self.piece;
        let whole = piece.ends.partition_point(|end| *end <= piece.taken);
        let cut = whole.checked_sub(1).map_or(0, |last| piece.ends[last]);
        piece.bytes.drain(..cut);
        piece.ends.drain(..whole);
        for end in &mut piece.ends {
            *end -= cut;
        }
        piece.taken = 0;
    }
}

impl Piece {
    fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
        self.whole.clear();
        self.taken = 0;
        // One huge stanza does not keep its memory.
        self.bytes.shrink_to(2 * PIECE_BYTES);
    }
}

/// Writes until the socket fails, or it is told to finish; then it gives the socket back. No more is written ahead of the
/// server than it reads in a short time (see [`super::window`]).
///
/// May be dropped at any time. When nothing was written for `idle`, a white space keeps the connection open
/// (XEP-0114; RFC 6120, 4.6.1).
pub(super) async fn run<S: AsyncWrite + Unpin>(
    pending: Arc<Mutex<Pending>>,
    mut socket: S,
    mut orders: mpsc::Receiver<Order>,
    ahead: Arc<Ahead>,
    idle: Duration,
) -> io::Result<S> {
    let mut pending = pending.lock_owned().await;
    pending.rewind();
    let mut finish = None;
    loop {
        while let Ok(order) = orders.try_recv() {
            finish = obey(order, &mut pending, &mut socket).await?.or(finish);
        }
        // Who stops says all that is left.
        let free = if finish.is_some() { usize::MAX } else { ahead.free(Instant::now()) };
        if free > 0 && pending.fill(free) {
            let bytes = pending.flush(&mut socket).await?;
            if let Some(mark) = ahead.wrote(bytes, Instant::now()) {
                socket.write_all(mark.as_bytes()).await?;
            }
        } else if let Some(close) = finish {
            if close == Close::Stream {
                socket.write_all(b"</stream:stream>").await?;
            }
            socket.flush().await?;
            return Ok(socket);
        } else {
            let again = ahead.again().unwrap_or_else(|| Instant::now() + idle);
            tokio::select! {
                () = pending.outlet.ready(), if free > 0 => {}
                () = ahead.changed(), if free == 0 => {}
                () = sleep_until(again), if free == 0 => {}
                order = orders.recv() => match order {
                    Some(order) => finish = obey(order, &mut pending, &mut socket).await?,
                    // The reading half is gone, and the link with it.
                    None => return Ok(socket),
                },
                () = tokio::time::sleep(idle) => socket.write_all(b" ").await?,
            }
        }
    }
}

/// Carries out an order between two pieces; gives what [`Order::Finish`] says.
async fn obey(
    order: Order,
    pending: &mut Pending,
    socket: &mut (impl AsyncWrite + Unpin),
) -> io::Result<Option<Close>> {
    match order {
        Order::Finish(close) => Ok(Some(close)),
        Order::Write(stanza) => {
            // The rest of a piece that an earlier link left may stand here; a stanza of its own comes after it.
            pending.flush(socket).await?;
            socket.write_all(stanza.as_bytes()).await?;
            Ok(None)
        }
    }
}
