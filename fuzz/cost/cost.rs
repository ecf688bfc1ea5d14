//! What a stanza costs, and how much it may.

use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

use super::MEMORY;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Measure {
    /// Processor time of all events together, by the bytes in and out.
    Time,
    /// Processor time of the longest event: so long an unrelated room may have to wait.
    Wait,
    /// Processor time of what blocks no room: reading the archive, writing to the disk.
    Aside,
    /// Bytes out beyond one copy for each session and the sender.
    Out,
    /// Memory at the peak.
    Peak,
    /// Memory that is still held afterwards.
    Held,
    /// Bytes for the disk.
    Disk,
}

impl Measure {
    pub(crate) const ALL: [Self; 7] =
        [Self::Time, Self::Wait, Self::Aside, Self::Out, Self::Peak, Self::Held, Self::Disk];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Wait => "wait",
            Self::Aside => "aside",
            Self::Out => "out",
            Self::Peak => "peak",
            Self::Held => "held",
            Self::Disk => "disk",
        }
    }

    /// The bound in words.
    pub(crate) fn bound(self) -> &'static str {
        match self {
            Self::Time => "2 µs for each byte in, 25 ns for each byte out, 4 ms for each event",
            Self::Wait => "20 ms, and 10 ns for each byte in and out",
            Self::Aside => "1 µs for each byte in, and 50 ms for each event",
            Self::Out => {
                "beyond one copy for each session and the sender: 17 KiB for each session, 68 KiB for each event, what a list or a page may hold, and 1 MiB"
            }
            Self::Peak => "16 bytes for each byte in, what a list, a page or the reader may hold, and 8 MiB",
            Self::Held => "8 bytes for each byte in, what a stanza or a history may hold, and 512 KiB",
            Self::Disk => "4 bytes for each byte in, 2 KiB for each event, and 64 KiB",
        }
    }
}

/// What some events cost.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cost {
    /// How many.
    pub(crate) events: u64,
    /// Sessions that get a copy of what is said.
    pub(crate) sessions: u64,
    /// How much longer things may take than at full speed; 0: as this build does.
    pub(crate) slow: u64,
    /// Bytes that a list of affiliations or a page of the archive may have there.
    pub(crate) listed: u64,
    /// Bytes that the reader may hold for one stanza, or a room for its history.
    pub(crate) kept: u64,
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: u64,
    pub(crate) time: Duration,
    pub(crate) longest: Duration,
    pub(crate) aside: Duration,
    pub(crate) peak: u64,
    pub(crate) held: u64,
    pub(crate) disk: u64,
}

impl Cost {
    /// What was measured, in the unit of its bound: nanoseconds or bytes.
    pub(crate) fn value(&self, measure: Measure) -> u64 {
        match measure {
            Measure::Time => nanoseconds(self.time),
            Measure::Wait => nanoseconds(self.longest),
            Measure::Aside => nanoseconds(self.aside),
            Measure::Out => self.bytes_out.saturating_sub((self.sessions + 1) * self.bytes_in),
            Measure::Peak => self.peak,
            Measure::Held => self.held,
            Measure::Disk => self.disk,
        }
    }

    /// How much it may be.
    pub(crate) fn bound(&self, measure: Measure) -> u64 {
        let slow = if self.slow == 0 { slowness() } else { self.slow };
        let events = self.events.max(1);
        match measure {
            Measure::Time => slow * (2_000 * self.bytes_in + 25 * self.bytes_out + 4_000_000 * events),
            Measure::Wait => slow * (20_000_000 + 10 * (self.bytes_in + self.bytes_out) / events),
            Measure::Aside => slow * (1_000 * self.bytes_in + 50_000_000 * events),
            Measure::Out => {
                (self.sessions + 1) * events * (17 << 10) + events * ((68 << 10) + self.listed) + (1 << 20)
            }
            Measure::Peak => 16 * self.bytes_in + self.listed + (8 << 20),
            Measure::Held => 8 * self.bytes_in + self.kept + (512 << 10),
            Measure::Disk => 4 * self.bytes_in + events * (2 << 10) + (64 << 10),
        }
    }

    /// How much of what it may be: above 1 is too much.
    pub(crate) fn share(&self, measure: Measure) -> f64 {
        self.value(measure) as f64 / self.bound(measure) as f64
    }

    /// What was measured, for each byte in.
    pub(crate) fn factor(&self, measure: Measure) -> f64 {
        self.value(measure) as f64 / self.bytes_in.max(1) as f64
    }
}

/// A build without optimisation takes longer, and its machine does other things beside.
fn slowness() -> u64 {
    if cfg!(debug_assertions) { 30 } else { 1 }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// The processor time of this thread, which what else the machine does leaves alone.
pub(crate) fn processor_time() -> Duration {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map(Duration::from).expect("Linux has this clock")
}

/// Does something, and gives what it gave, and the processor time that it took.
pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let begin = processor_time();
    let done = work();
    (done, processor_time().saturating_sub(begin))
}

/// What is allocated now, and from now on the peak.
pub(crate) struct Memory(usize);

impl Memory {
    pub(crate) fn now() -> Self {
        MEMORY.reset_peak_usage();
        Self(MEMORY.current_usage())
    }

    /// How much more it was at the peak.
    pub(crate) fn peak(&self) -> u64 {
        MEMORY.peak_usage().saturating_sub(self.0) as u64
    }

    /// How much more it is.
    pub(crate) fn held(&self) -> u64 {
        MEMORY.current_usage().saturating_sub(self.0) as u64
    }
}
