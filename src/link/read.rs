//! The reading half of the link: stanzas to the host, and a watch on whether the server lives.

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use super::fault::LinkError;
use super::give_way;
use super::ping;
use super::window::Ahead;
use super::write::Order;
use super::{Arrivals, LinkSettings};
use crate::wire::stream::{Output, StreamReader};

/// Bytes that are read at a time: what is first in them is handed on when all of them are parsed.
const CHUNK_BYTES: usize = 8 * 1024;

/// Reads until the link ends, and says why it did.
///
/// The server's silence is met with a ping. Whatever comes counts as life.
///
/// May be dropped at any time: everything that was read is with the reader or was handed to the host.
pub(super) async fn run(
    socket: &mut (impl AsyncRead + Unpin),
    reader: &mut StreamReader,
    early: &mut Vec<Output>,
    settings: &LinkSettings,
    arrivals: &dyn Arrivals,
    orders: mpsc::Sender<Order>,
    ahead: &Ahead,
) -> LinkError {
    let early = std::mem::take(early);
    let deliver = |output| deliver(output, settings, arrivals, ahead);
    if let Err(end) = early.into_iter().try_for_each(deliver) {
        return end;
    }
    let mut out = Vec::new();
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut pings = 0_u64;
    let mut unanswered = false;
    let mut deadline = Instant::now() + settings.times.read_idle;
    loop {
        let read = match timeout_at(deadline, socket.read(&mut chunk)).await {
            Ok(Ok(0)) => return LinkError::Cut { within_stanza: !reader.at_boundary() },
            Ok(Ok(read)) => read,
            Ok(Err(error)) => return LinkError::Lost(error),
            Err(_) if unanswered => {
                return LinkError::Silent { after: settings.times.read_idle + settings.times.ping_answer };
            }
            Err(_) => {
                pings += 1;
                unanswered = true;
                deadline += settings.times.ping_answer;
                // When the writing half cannot even take the order, the time that runs now settles it.
                let _ = orders.try_send(Order::Write(ping::ping(pings, &settings.domain)));
                continue;
            }
        };
        unanswered = false;
        deadline = Instant::now() + settings.times.read_idle;
        let fault = reader.feed(&chunk[..read], &mut out).err();
        if let Err(end) = out.drain(..).try_for_each(deliver) {
            return end;
        }
        if let Some(fault) = fault {
            return LinkError::Garbled(fault);
        }
        // A socket that always has more to read would keep those from their turn for whom this was.
        give_way().await;
    }
}

/// Hands one output to the host; an error when it ends the link.
fn deliver(
    output: Output,
    settings: &LinkSettings,
    arrivals: &dyn Arrivals,
    ahead: &Ahead,
) -> Result<(), LinkError> {
    match output {
        Output::Stanza(stanza, _) if ping::is_own(&stanza, &settings.domain) => {
            if let Some(number) = ping::mark_number(&stanza) {
                ahead.came_back(number, Instant::now());
            }
            Ok(())
        }
        Output::Stanza(stanza, size) => {
            arrivals.stanza(stanza, size);
            Ok(())
        }
        Output::Skipped { head, excess } => {
            arrivals.skipped(head, excess);
            Ok(())
        }
        Output::Error { condition, text } => Err(LinkError::Stream { condition, text, up: true }),
        // The reader gives no second header.
        Output::Opened(_) => Ok(()),
        Output::Closed => Err(LinkError::Closed),
    }
}
