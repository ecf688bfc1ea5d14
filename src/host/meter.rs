//! How much time of a processor something takes, so that the account that caused it pays.
//!
//! The clock of a thread says so, but it is asked of the system, and that takes longer than many a small event. What is
//! short by the clock on the wall costs nothing, so the thread's clock need not be read. Only of what is long on the wall
//! it has to be told whether it worked or waited for a processor.

use std::cell::Cell;
use std::time::{Duration, Instant};

use nix::time::{ClockId, clock_gettime};

/// The time for which one token is paid, beside those of the stanza itself.
pub(super) const TOKEN_TIME: Duration = Duration::from_micros(500);

/// How old a reading of the thread's clock may be: by no more than this the time of an event may be overestimated.
const READING_MAX: Duration = Duration::from_millis(1);

thread_local! {
    /// When the clock of this thread was last read, and what it said.
    static READING: Cell<Option<(Instant, Option<Duration>)>> = const { Cell::new(None) };
}

/// Measures one thing, on one thread.
pub(super) struct Meter {
    start: Instant,
    /// What the thread's clock said shortly before.
    before: Option<Duration>,
}

impl Meter {
    pub(super) fn start() -> Self {
        let start = Instant::now();
        let fresh = READING.get().filter(|(at, _)| start.duration_since(*at) <= READING_MAX);
        let (at, before) = fresh.unwrap_or_else(|| (start, worked()));
        READING.set(Some((at, before)));
        Self { start, before }
    }

    /// What it took until now, in tokens.
    pub(super) fn tokens(&self) -> u32 {
        let passed = self.start.elapsed();
        if passed < TOKEN_TIME {
            return 0;
        }
        let worked = self.before.zip(worked()).map(|(before, now)| now.saturating_sub(before));
        let took = worked.map_or(passed, |worked| worked.min(passed));
        u32::try_from(took.as_micros() / TOKEN_TIME.as_micros()).unwrap_or(u32::MAX)
    }
}

/// For how long this thread has had a processor. Where the system does not say, the wall's clock is all there is.
fn worked() -> Option<Duration> {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map(Duration::from).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_paid_for_and_waiting_is_not() {
        let meter = Meter::start();
        std::thread::sleep(TOKEN_TIME * 40);
        assert!(meter.tokens() <= 4, "it has slept");
        let meter = Meter::start();
        let before = worked().expect("this system tells");
        while worked() < Some(before + TOKEN_TIME * 3) {}
        assert!(meter.tokens() >= 3);
    }
}
