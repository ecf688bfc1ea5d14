//! What a room sends goes to its lane of the link.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use tracing::error;

use super::{Host, TURN_TIME_MAX};
use crate::link::Lane;
use crate::room::effect::{Effects, Later};
use crate::wire::jid::BareJid;

/// Sends what an event leads to, in order, in the turns of `domain`. Waits while the lane is full.
pub(super) async fn send(host: &Host, room: &BareJid, domain: &str, effects: Effects) {
    let lane = Lane::of_room(room, domain);
    let mut later = effects.later.into_iter().peekable();
    for (place, outgoing) in effects.sends.into_iter().enumerate() {
        while let Some(due) = later.next_if(|later| later.place <= place) {
            send_later(host, room, lane, due).await;
        }
        host.outbox.send(lane, outgoing).await;
    }
    for due in later {
        send_later(host, room, lane, due).await;
    }
}

/// Makes stanzas while they are sent. Others have their turn in between.
async fn send_later(host: &Host, room: &BareJid, lane: Lane, mut later: Later) {
    let mut turn = Instant::now();
    loop {
        match catch_unwind(AssertUnwindSafe(|| later.next())) {
            Ok(Some(outgoing)) => host.outbox.send(lane, outgoing).await,
            Ok(None) => return,
            Err(_) => return error!(%room, "what an event leads to broke off"),
        }
        if turn.elapsed() >= TURN_TIME_MAX {
            tokio::task::yield_now().await;
            turn = Instant::now();
        }
    }
}
