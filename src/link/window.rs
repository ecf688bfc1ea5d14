//! How much may be under way to the server: what it reads within a tenth of a second.
//!
//! What the system has taken of us goes before all that is said later, in whichever room. A server with too much to do
//! leaves it lying in its buffers for seconds, and every room waits as long. XEP-0114 acknowledges nothing, so a ping of
//! our own domain is written at times as a mark: it comes back when the server has read all before it. From how much was
//! read in what time follows how much may be written ahead (a window by delay, as in TCP Vegas, RFC 6817 and BQL). What
//! does not fit waits in the outbox, where rooms take turns.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::ping;

/// How long the server may take to read what was written, beside the time that bytes take to it and back.
const DELAY: Duration = Duration::from_millis(100);
/// Bytes that may be under way, at least and at most.
const BYTES_MIN: u64 = 16 * 1024;
const BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Bytes that may be under way at first.
const BYTES_FIRST: u64 = 256 * 1024;
/// Marks that stand in a full window.
const MARKS: u64 = 4;
/// A mark that is not back after so long is lost: the server does not hand them back any more.
const LOST: Duration = Duration::from_secs(10);

/// The window of one link, which its two halves share.
pub(super) struct Ahead {
    domain: String,
    window: Mutex<Window>,
    changed: Notify,
}

impl Ahead {
    /// For a new link of the service's `domain`.
    ///
    /// Bytes take `distance` to the server and back, also when it has nothing else to do.
    pub(super) fn new(domain: &str, distance: Duration) -> Self {
        Self { domain: domain.to_owned(), window: Mutex::new(Window::new(distance)), changed: Notify::new() }
    }

    /// Bytes that may be written now.
    pub(super) fn free(&self, now: Instant) -> usize {
        self.window().free(now).map_or(usize::MAX, |bytes| bytes as usize)
    }

    /// When [`Self::free`] is to be asked again, if nothing has [`Self::changed`] before.
    pub(super) fn again(&self) -> Option<Instant> {
        self.window().again()
    }

    /// So many bytes are written. Gives a stanza that is to be written behind them.
    pub(super) fn wrote(&self, bytes: usize, now: Instant) -> Option<String> {
        let number = self.window().wrote(bytes as u64, now)?;
        Some(ping::mark(number, &self.domain))
    }

    /// The mark of this number came back.
    pub(super) fn came_back(&self, number: u64, now: Instant) {
        self.window().came_back(number, now);
        self.changed.notify_one();
    }

    /// Nothing is read any more: no mark comes back, and so nothing is held back.
    pub(super) fn open(&self) {
        self.window().is_open = true;
        self.changed.notify_one();
    }

    /// Waits until a mark comes back, or gives at once when one did since the last call.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    fn window(&self) -> MutexGuard<'_, Window> {
        self.window.lock().expect("nothing panics while it holds the window")
    }
}

/// What is under way on one link.
#[derive(Debug)]
struct Window {
    /// After so long a mark is late: what was written before it lay about.
    delay_max: Duration,
    bytes_max: u64,
    /// Bytes that were written, and how many of them are known to be read.
    written: u64,
    read: u64,
    /// Marks that are not back, oldest first.
    marks: VecDeque<Mark>,
    last_number: u64,
    /// Where the last mark stands.
    marked: u64,
    /// Whether more could have been written since the window was last set.
    was_full: bool,
    /// Nothing is held back: the server has handed no mark back yet, or does so no more.
    is_open: bool,
}

#[derive(Debug)]
struct Mark {
    number: u64,
    /// Bytes before it, and how many of them were read when it was written.
    at: u64,
    read: u64,
    when: Instant,
}

impl Window {
    /// A link on which nothing was written.
    fn new(distance: Duration) -> Self {
        Self {
            delay_max: DELAY + distance,
            bytes_max: BYTES_FIRST,
            written: 0,
            read: 0,
            marks: VecDeque::new(),
            last_number: 0,
            marked: 0,
            was_full: false,
            is_open: true,
        }
    }

    /// Bytes that may be written now; `None` when there is no bound.
    fn free(&mut self, now: Instant) -> Option<u64> {
        if self.marks.front().is_some_and(|mark| now.duration_since(mark.when) >= LOST) {
            self.is_open = true;
        }
        if self.is_open {
            return None;
        }
        let free = self.bytes_max.saturating_sub(self.written - self.read);
        self.was_full |= free == 0;
        // Without a mark nothing would tell that there is space again.
        Some(if self.marks.is_empty() { free.max(BYTES_MIN) } else { free })
    }

    /// When [`Self::free`] is to be asked again, if no mark comes back before.
    fn again(&self) -> Option<Instant> {
        self.marks.front().map(|mark| mark.when + LOST)
    }

    /// So many bytes are written. Gives the number of a mark that is to be written behind them.
    fn wrote(&mut self, bytes: u64, now: Instant) -> Option<u64> {
        self.written += bytes;
        if self.written - self.marked < self.bytes_max / MARKS || self.marks.len() as u64 > 2 * MARKS {
            return None;
        }
        self.last_number += 1;
        self.marked = self.written;
        let (number, at, read) = (self.last_number, self.written, self.read);
        self.marks.push_back(Mark { number, at, read, when: now });
        Some(number)
    }

    /// A mark came back. One that is not known is of an earlier link, or of a process before this one.
    fn came_back(&mut self, number: u64, now: Instant) {
        let Some(place) = self.marks.iter().position(|mark| mark.number == number) else { return };
        let Some(mark) = self.marks.drain(..=place).next_back() else { return };
        self.is_open = false;
        self.read = mark.at;
        let delay = now.duration_since(mark.when);
        if delay > self.delay_max {
            let rate = (mark.at - mark.read) as f64 / delay.as_secs_f64();
            self.bytes_max = ((rate * self.delay_max.as_secs_f64()) as u64).clamp(BYTES_MIN, BYTES_MAX);
        } else if self.was_full {
            self.bytes_max = (2 * self.bytes_max).min(BYTES_MAX);
        }
        self.was_full = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that reads so many bytes in a second, and marks with them.
    struct Reader {
        window: Window,
        rate: f64,
        distance: Duration,
        now: Instant,
        /// Marks under way, and where they stand.
        marks: VecDeque<(u64, u64)>,
        /// Marks that were read, and when they are back.
        returning: VecDeque<(Instant, u64)>,
        /// Bytes that the systems of both ends take.
        buffer: u64,
        read: f64,
    }

    impl Reader {
        fn new(rate: f64) -> Self {
            Self::far(rate, Duration::ZERO)
        }

        /// A mark takes `distance` to the server and back.
        fn far(rate: f64, distance: Duration) -> Self {
            let window = Window::new(distance);
            let (marks, returning) = (VecDeque::new(), VecDeque::new());
            let buffer = (512 << 10) + (rate * distance.as_secs_f64()) as u64;
            Self { window, distance, rate, now: Instant::now(), marks, returning, buffer, read: 0.0 }
        }

        /// As much as may be written is written for so long; gives the most that was under way after half the time.
        fn flood(&mut self, seconds: f64) -> f64 {
            const STEP: f64 = 0.001;
            let (steps, mut most) = ((seconds / STEP) as usize, 0.0_f64);
            for step in 0..steps {
                self.now += Duration::from_secs_f64(STEP);
                // The system takes no more than this.
                let system = self.buffer.saturating_sub(self.window.written - self.read as u64);
                let free = self.window.free(self.now).unwrap_or(u64::MAX).min(64 * 1024).min(system);
                if free > 0
                    && let Some(mark) = self.window.wrote(free, self.now)
                {
                    self.marks.push_back((mark, self.window.written));
                }
                self.read = (self.read + self.rate * STEP).min(self.window.written as f64);
                while let Some((mark, at)) = self.marks.front().copied()
                    && at as f64 <= self.read
                {
                    self.marks.pop_front();
                    self.returning.push_back((self.now + self.distance, mark));
                }
                while let Some((when, mark)) = self.returning.front().copied()
                    && when <= self.now
                {
                    self.returning.pop_front();
                    self.window.came_back(mark, self.now);
                }
                if step > steps / 2 {
                    most = most.max(self.window.written as f64 - self.read);
                }
            }
            most
        }
    }

    // 45-14.6-a
    #[test]
    fn what_is_under_way_is_what_a_slow_server_reads_in_a_tenth_of_a_second_or_two() {
        for rate in [100e3, 400e3, 3e6] {
            let most = Reader::new(rate).flood(20.0);
            assert!(most <= BYTES_MIN as f64 + 0.25 * rate, "{most} bytes at {rate} bytes a second");
        }
    }

    #[test]
    fn a_fast_server_is_never_kept_waiting() {
        let mut reader = Reader::new(30e6);
        reader.flood(5.0);
        let before = reader.read;
        reader.flood(5.0);
        assert!(reader.read - before > 0.98 * 5.0 * 30e6, "{} bytes in 5 s", reader.read - before);
    }

    #[test]
    fn a_server_far_away_gets_most_of_what_it_reads() {
        let mut reader = Reader::far(2e6, Duration::from_millis(300));
        reader.flood(10.0);
        let before = reader.read;
        reader.flood(5.0);
        assert!(reader.read - before > 0.7 * 5.0 * 2e6, "{} bytes in 5 s", reader.read - before);
    }

    #[test]
    fn a_server_that_becomes_slow_and_quick_again_is_followed() {
        let mut reader = Reader::new(10e6);
        reader.flood(3.0);
        reader.rate = 100e3;
        let most = reader.flood(20.0);
        assert!(most <= 50e3, "{most} bytes under way");
        reader.rate = 10e6;
        reader.flood(3.0);
        let before = reader.read;
        reader.flood(2.0);
        assert!(reader.read - before > 0.98 * 2.0 * 10e6, "{} bytes in 2 s", reader.read - before);
    }

    #[test]
    fn a_server_that_hands_no_mark_back_is_written_to_without_a_bound() {
        let (mut window, now) = (Window::new(Duration::ZERO), Instant::now());
        for n in 0..1000 {
            assert_eq!(window.free(now + Duration::from_millis(n)), None);
            window.wrote(64 * 1024, now + Duration::from_millis(n));
        }
        // Those that are not back are few.
        assert!(window.marks.len() < 10);
        // One that handed them back, and does so no more, is as one that never did.
        window.came_back(window.last_number, now);
        assert_eq!(window.free(now), Some(BYTES_MIN));
        let mut written = 0;
        while window.free(now) != Some(0) {
            written += 1;
            assert!(written < 1000, "there is no bound");
            window.wrote(64 * 1024, now);
        }
        assert_eq!(window.free(window.again().expect("a mark is under way")), None);
    }

    #[test]
    fn marks_of_others_say_nothing() {
        let (mut window, now) = (Window::new(Duration::ZERO), Instant::now());
        window.came_back(1, now);
        assert_eq!(window.free(now), None);
        let mark = window.wrote(BYTES_FIRST, now).expect("a mark");
        window.came_back(mark + 1, now);
        assert_eq!(window.free(now), None);
        window.came_back(mark, now);
        assert_eq!(window.free(now), Some(BYTES_FIRST));
    }
}
