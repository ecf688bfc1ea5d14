//! What becomes of a room is made durable: what events write at once, who is in it and a temporary room a little later.

use std::time::Instant;

use tracing::debug;

use super::{Task, aside};
use crate::engine::restart::Portion;
use crate::host::commit::Committer;
use crate::host::places::InLine;
use crate::room::Room;
use crate::room::archive::Change;
use crate::room::effect::Effects;
use crate::room::write::{Write, is_request};
use crate::store::wait;
use crate::wire::jid::BareJid;

impl Task {
    /// Tells the store what it does not know yet. If it does not take it, the next time may be better.
    pub(super) async fn catch_up(&mut self) {
        self.behind = None;
        let settled = self.flush_withdrawals().await;
        let room = self.room.clone();
        if self.tell(&room).await && settled {
            return;
        }
        self.behind = Some(Instant::now());
    }

    /// Makes durable what became of a room that was as it was `before`; true if all is.
    pub(super) async fn commit(&mut self, before: &Room, effects: &mut [Effects]) -> bool {
        let writes: Vec<_> = effects.iter_mut().flat_map(|fx| std::mem::take(&mut fx.writes)).collect();
        let changes = effects.iter_mut().flat_map(|fx| std::mem::take(&mut fx.archive));
        // What is not to be found any more need not be gone at once: what is left over goes at the next start.
        let (forgotten, changes): (Vec<_>, Vec<_>) =
            changes.partition(|change| matches!(change, Change::Forget { .. }));
        if !changes.is_empty() && !self.flush_withdrawals().await {
            return false;
        }
        if !self.keep(&self.host.archive_committer, changes.clone()).await {
            return false;
        }
        if !self.write(before, writes).await {
            self.owed.extend(withdrawn(changes));
            self.flush_withdrawals().await;
            return false;
        }
        self.keep(&self.host.archive_committer, forgotten).await;
        true
    }

    /// Makes the writes durable. Before a room becomes persistent or temporary, or is gone, the store is told how it was,
    /// in portions: what is new then is little.
    async fn write(&mut self, before: &Room, writes: Vec<Write>) -> bool {
        let turns = self.room.exists() && writes.iter().any(|write| matches!(write, Write::Forget { .. }));
        if turns && !self.tell(before).await {
            return false;
        }
        let (writes, told) = self.told.along_with(writes, &self.room);
        debug_assert!(is_request(&writes), "others wait for {} writes", writes.len());
        let is_written = self.makes_way(&writes).await && self.keep(&self.host.committer, writes).await;
        if is_written {
            self.told = told;
        }
        is_written
    }

    /// Tells the store of the room as it is, or was. If that is much, it goes in portions, in turn with those of other rooms,
    /// and others write in between. After an error the store has been told a part.
    async fn tell(&mut self, room: &Room) -> bool {
        let (mut place, mut done) = (None, !self.told.is_stale(room));
        while !done {
            let Portion { writes, told, is_last } = aside(|| self.told.portion(room));
            drop(place.take());
            self.pay_for_occupants(&writes);
            if !self.makes_way(&writes).await {
                return false;
            }
            if !is_last {
                place = Some(self.host.writing.turn(&self.in_line()).place().await);
            }
            if !self.keep(&self.host.committer, writes).await {
                return false;
            }
            (self.told, done) = (told, is_last);
        }
        true
    }

    /// Sees to it that nothing is left in the store of an earlier room of this address, where these writes would have to
    /// take it away all at once.
    async fn makes_way(&mut self, writes: &[Write]) -> bool {
        let is_gone = |write: &Write| matches!(write, Write::Forget { .. });
        let is_free = !self.rest || writes.iter().all(is_gone) || self.sweep().await;
        self.rest |= writes.iter().any(is_gone);
        is_free
    }

    /// Sweeps what is left of an earlier room, in portions; true if nothing is left. A stop does not wait for it.
    async fn sweep(&mut self) -> bool {
        loop {
            let (store, room) = (self.host.store.clone(), self.room.jid.clone());
            match tokio::task::spawn_blocking(move || wait(store.has_rest(&room))).await {
                Ok(Ok(true)) => {}
                Ok(Ok(false)) => break,
                _ => return false,
            }
            let _place = self.host.writing.turn(&self.in_line()).place().await;
            let sweep = Write::Sweep { room: self.room.jid.clone() };
            if self.host.is_stopping() || !self.keep(&self.host.committer, vec![sweep]).await {
                return false;
            }
        }
        self.rest = false;
        true
    }

    /// The domain in whose line the room waits: that of its founder, also when it is gone.
    pub(super) fn line(&self) -> &str {
        self.room.founder().or(self.told.founder()).map(BareJid::domain).unwrap_or_default()
    }

    /// Where what the room has to do waits: behind other rooms of its founder, also when it is gone.
    pub(super) fn in_line(&self) -> InLine {
        self.room.founder().or(self.told.founder()).map(InLine::from).unwrap_or_default()
    }

    /// Takes back what no occupant has seen; true if the archive has nothing of it any more.
    async fn flush_withdrawals(&mut self) -> bool {
        let settled = self.keep(&self.host.archive_committer, self.owed.clone()).await;
        if settled {
            self.owed.clear();
        }
        settled
    }

    async fn keep<W: Clone + Send + 'static>(&self, committer: &Committer<W>, writes: Vec<W>) -> bool {
        if !writes.is_empty()
            && let Err(e) = committer.commit(self.line(), writes).await
        {
            // The operator is told by the committer, once.
            debug!(room = %self.room.jid, "a change was not stored: {e}");
            return false;
        }
        true
    }
}

/// What takes messages back that no occupant has seen.
fn withdrawn(changes: Vec<Change>) -> Vec<Change> {
    let withdraw = |change| match change {
        Change::Append { archive, entry } => Some(Change::Withdraw { archive, id: entry.id.clone() }),
        _ => None,
    };
    changes.into_iter().filter_map(withdraw).collect()
}
