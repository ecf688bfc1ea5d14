//! What the operator is told now and then, however often it happens.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// How long nothing is told after something was.
const PAUSE: Duration = Duration::from_secs(10);

/// Something that others can make happen as often as they like.
#[derive(Debug, Default)]
pub(super) struct LogThrottle {
    /// How often it happened since it was told last.
    times: AtomicU64,
    /// From when on it may be told, in milliseconds of uptime.
    due_ms: AtomicU64,
}

impl LogThrottle {
    /// It happened, so long after the start. If it is to be told now: how often, with all the times that were not told.
    pub(super) fn happened(&self, uptime: Duration) -> Option<u64> {
        self.times.fetch_add(1, Relaxed);
        let due_ms = self.due_ms.load(Relaxed);
        let next_ms = (uptime + PAUSE).as_millis() as u64;
        // Of several who find it due, one tells it.
        let is_told = uptime.as_millis() as u64 >= due_ms
            && self.due_ms.compare_exchange(due_ms, next_ms, Relaxed, Relaxed).is_ok();
        is_told.then(|| self.times.swap(0, Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happens_often_is_told_once_and_then_with_its_number() {
        let seldom = LogThrottle::default();
        let told = |ms| seldom.happened(Duration::from_millis(ms));
        assert_eq!(told(0), Some(1));
        assert_eq!((told(1), told(9_999)), (None, None));
        assert_eq!(told(10_000), Some(3));
        assert_eq!(told(19_999), None);
        assert_eq!(told(60_000), Some(2));
    }
}
