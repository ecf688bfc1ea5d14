//! How fast it is told what occupants have still to be told of each other, all rooms together.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::places::{InLine, Places};
use crate::room::announce::backlog::PORTION_BYTES;

/// Bytes in a second of what occupants have still to be told of each other, in all rooms together: little beside what a
/// server takes, so that what else there is to say hardly waits for it.
const OWED_BYTES_PER_SECOND: u32 = 3 << 20;

/// Portions of what is owed, one after the other: in turns of the domains of those who created the rooms. Of each domain, the
/// rooms that owe that occupants are gone have a line of their own: what else is owed does not hold these up.
pub(super) struct Portions {
    turns: Arc<Places>,
    /// When the next one may go.
    next: Mutex<Instant>,
}

/// A room's turn for a portion, which comes also while the room does something else. Dropping it ends the wait.
pub(super) struct Portion {
    pub(super) urgent: bool,
    comes: JoinHandle<()>,
}

impl Drop for Portion {
    fn drop(&mut self) {
        self.comes.abort();
    }
}

impl Portion {
    /// Whether the turn has come.
    pub(super) fn has_come(&self) -> bool {
        self.comes.is_finished()
    }

    /// Waits for the turn of `portion`; without end if there is none.
    pub(super) async fn come(portion: &mut Option<Self>) {
        match portion {
            // The task neither panics nor is ended while this is there.
            Some(portion) => _ = (&mut portion.comes).await,
            None => std::future::pending().await,
        }
    }
}

impl Portions {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { turns: Places::new(1), next: Mutex::new(Instant::now()) })
    }

    /// Gets in line; `urgent` if occupants are to be told that others are gone.
    pub(super) fn turn(self: &Arc<Self>, line: InLine, urgent: bool) -> Portion {
        // No domain begins with a space.
        let line = if urgent { line } else { InLine { domain: format!(" {}", line.domain), ..line } };
        let portions = self.clone();
        let comes = tokio::spawn(async move {
            let _place = portions.turns.turn(&line).place().await;
            let next = *portions.next();
            tokio::time::sleep_until(next).await;
            portions.spend(PORTION_BYTES);
        });
        Portion { urgent, comes }
    }

    /// A portion was so many bytes.
    pub(super) fn went(&self, bytes: usize) {
        self.spend(bytes.saturating_sub(PORTION_BYTES));
    }

    fn spend(&self, bytes: usize) {
        let mut next = self.next();
        let time = Duration::from_secs(bytes as u64) / OWED_BYTES_PER_SECOND;
        *next = Instant::now().max(*next) + time;
    }

    fn next(&self) -> MutexGuard<'_, Instant> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // 45-14.6-a
    #[tokio::test]
    async fn portions_go_in_turns_of_domains_and_that_occupants_are_gone_waits_for_nothing_else_of_its_domain()
     {
        let portions = Portions::new();
        let line =
            |domain: &str, n: usize| InLine { domain: domain.to_owned(), account: format!("{n}@{domain}") };
        let loud: Vec<_> = (0..20).map(|n| portions.turn(line("loud", n), false)).collect();
        tokio::time::sleep(Duration::from_millis(10)).await;
        let gone = portions.turn(line("loud", 0), true);
        let mut quiet = Some(portions.turn(line("quiet", 0), false));
        Portion::come(&mut quiet).await;
        let came = || loud.iter().filter(|portion| portion.has_come()).count();
        assert!(came() <= 4, "{}", came());
        // A turn comes also while its room does something else.
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert!(gone.has_come() && came() <= 8, "{}", came());
    }
}
