//! When to try again, and when to say so.

use std::time::{Duration, Instant};

use super::fault::LinkError;

/// The shortest wait after a fault that only settings mend.
const MISCONFIGURED_MIN: Duration = Duration::from_secs(1);
/// The first and the longest wait after another connection has taken our place.
const REPLACED: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(3600));
/// A fault that goes on is told again at least this often.
const TOLD_EVERY: Duration = Duration::from_secs(60);

/// Exponential back-off with jitter.
#[derive(Debug)]
pub(super) struct Backoff {
    min: Duration,
    max: Duration,
    misconfigured_max: Duration,
    failures: u32,
}

impl Backoff {
    pub(super) fn new(min: Duration, max: Duration, misconfigured_max: Duration) -> Self {
        Self { min, max, misconfigured_max, failures: 0 }
    }

    /// A link held: the next failure is the first again.
    pub(super) fn reset(&mut self) {
        self.failures = 0;
    }

    /// How long to wait after one more failure; `chance` is a random number from 0 to 1.
    pub(super) fn next(&mut self, misconfigured: bool, chance: f64) -> Duration {
        let (min, max) = if misconfigured {
            (self.min.max(MISCONFIGURED_MIN.min(self.misconfigured_max)), self.misconfigured_max)
        } else {
            (self.min, self.max)
        };
        let wait = min.saturating_mul(1 << self.failures.min(16)).min(max);
        self.failures = self.failures.saturating_add(1);
        // Between half and all of it, so that many services do not come back in step.
        wait.mul_f64(0.5 + chance / 2.0)
    }
}

/// When to try again while the server is being restarted: its port is closed for a moment, and its users are back as
/// soon as it does. To be refused a connection costs the server nothing.
#[derive(Debug)]
pub(super) struct Eager {
    every: Duration,
    life: Duration,
    lost: Option<Instant>,
}

impl Eager {
    pub(super) fn new(every: Duration, life: Duration) -> Self {
        Self { every, life, lost: None }
    }

    /// A link that worked is gone.
    pub(super) fn lost(&mut self, now: Instant) {
        self.lost = Some(now);
    }

    /// How long to wait after a connection was refused; `None` if it is too long ago that a link worked.
    pub(super) fn next(&self, now: Instant, chance: f64) -> Option<Duration> {
        let lost = self.lost.filter(|lost| now.duration_since(*lost) < self.life);
        lost.map(|_| self.every.mul_f64(0.75 + chance / 2.0))
    }
}

/// When to come back after another connection has taken our place. It may be that of a newer process: two that come back
/// at once would take the link from each other for ever, and lose what is said each time.
#[derive(Debug, Default)]
pub(super) struct Yielding {
    times: u32,
}

impl Yielding {
    /// How long to wait; twice as long each time, unless the link was `held` for as long as one waits at most.
    pub(super) fn next(&mut self, held: Duration, chance: f64) -> Duration {
        let (first, most) = REPLACED;
        self.times = if held >= most { 1 } else { self.times.saturating_add(1) };
        let wait = first.saturating_mul(1 << (self.times - 1).min(16)).min(most);
        wait.mul_f64(0.5 + chance / 2.0)
    }
}

/// A random number from 0 to 1.
pub(super) fn chance() -> f64 {
    // Without randomness there is no jitter, and that is all.
    getrandom::u32().map_or(0.5, |random| f64::from(random) / f64::from(u32::MAX))
}

/// Counts a fault that repeats, so that the log says it at the first, second, fourth … time and each minute.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    last: String,
    count: u64,
    told: Option<Instant>,
}

impl Repeats {
    /// The fault's count when it is to be told now.
    pub(super) fn tell(&mut self, fault: &LinkError, now: Instant) -> Option<u64> {
        let text = fault.to_string();
        if self.last != text {
            *self = Self { last: text, ..Self::default() };
        }
        self.count += 1;
        let long_ago = self.told.is_none_or(|told| now.duration_since(told) >= TOLD_EVERY);
        let due = fault.is_misconfigured() || self.count.is_power_of_two() || long_ago;
        due.then(|| {
            self.told = Some(now);
            self.count
        })
    }

    /// The fault is over.
    pub(super) fn over(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn backoff() -> Backoff {
        Backoff::new(Duration::from_millis(200), Duration::from_secs(10), Duration::from_secs(60))
    }

    #[test]
    fn whoever_was_replaced_comes_back_ever_later() {
        let mut yielding = Yielding::default();
        let mut next = |held| yielding.next(Duration::from_secs(held), 1.0).as_secs();
        let waits = [3600, 60, 60, 100, 300, 1000, 1000, 2000, 3599, 3600].map(&mut next);
        assert_eq!(waits, [30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 30]);
    }

    // 114-13
    #[test]
    fn waits_double_from_a_fifth_of_a_second_to_ten_seconds() {
        let mut backoff = backoff();
        let waits: Vec<u128> = (0..8).map(|_| backoff.next(false, 1.0).as_millis()).collect();
        assert_eq!(waits, [200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
        backoff.reset();
        assert_eq!(backoff.next(false, 1.0).as_millis(), 200);
    }

    // 114-13
    #[test]
    fn server_that_took_us_is_tried_five_times_a_second_for_two_minutes() {
        let start = Instant::now();
        let mut eager = Eager::new(Duration::from_millis(200), Duration::from_secs(120));
        assert_eq!(eager.next(start, 0.5), None, "nothing has worked yet");
        eager.lost(start);
        let waits = [0.0, 0.5, 1.0].map(|chance| eager.next(start, chance).map(|wait| wait.as_millis()));
        assert_eq!(waits, [Some(150), Some(200), Some(250)]);
        assert_eq!(eager.next(start + Duration::from_secs(119), 0.5), Some(Duration::from_millis(200)));
        assert_eq!(eager.next(start + Duration::from_secs(120), 0.5), None);
        eager.lost(start + Duration::from_secs(300));
        assert!(eager.next(start + Duration::from_secs(301), 0.5).is_some());
    }

    // 114-5, 114-6
    #[test]
    fn a_fault_of_settings_waits_up_to_a_minute() {
        let mut backoff = backoff();
        let waits: Vec<u64> = (0..8).map(|_| backoff.next(true, 1.0).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
    }

    #[test]
    fn jitter_takes_off_half_at_most() {
        for chance in [0.0, 0.3, 1.0] {
            let wait = backoff().next(false, chance);
            assert!((100..=200).contains(&wait.as_millis()), "{wait:?}");
        }
        assert!((0..100).map(|_| chance()).all(|chance| (0.0..=1.0).contains(&chance)));
    }

    #[test]
    fn a_long_series_of_failures_does_not_overflow() {
        let mut backoff = Backoff { failures: u32::MAX, ..backoff() };
        assert_eq!(backoff.next(false, 1.0).as_secs(), 10);
    }

    #[test]
    fn repeats_are_told_at_powers_of_two_and_each_minute() {
        let mut repeats = Repeats::default();
        let start = Instant::now();
        let fault = LinkError::Refused { server: "localhost:5347".to_owned() };
        let told: Vec<u64> = (0..10).filter_map(|_| repeats.tell(&fault, start)).collect();
        assert_eq!(told, [1, 2, 4, 8]);
        assert_eq!(repeats.tell(&fault, start + TOLD_EVERY), Some(11));
        assert_eq!(repeats.tell(&fault, start + TOLD_EVERY), None);
        assert_eq!(repeats.tell(&LinkError::Closed, start), Some(1));
        repeats.over();
        assert_eq!(repeats.tell(&LinkError::Closed, start), Some(1));
    }

    #[test]
    fn a_fault_of_settings_is_told_every_time() {
        let mut repeats = Repeats::default();
        let fault = LinkError::Stream { condition: "conflict".to_owned(), text: None, up: false };
        let told: Vec<u64> = (0..4).filter_map(|_| repeats.tell(&fault, Instant::now())).collect();
        assert_eq!(told, [1, 2, 3, 4]);
    }
}
