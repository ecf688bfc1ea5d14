//! What the operator is told of a disk that fails: once when it begins, once when it is over, however many are refused
//! in between.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::store::{StoreError, damage};

/// One thing that can fail, and whether it does.
#[derive(Debug)]
pub(super) struct FailureState {
    /// What it is, after "what needs".
    name: &'static str,
    failing: AtomicBool,
}

impl FailureState {
    pub(super) fn new(name: &'static str) -> Self {
        Self { name, failing: AtomicBool::new(false) }
    }

    /// It failed. A damaged record is told once and for all.
    pub(super) fn fails(&self, why: &StoreError) {
        if let StoreError::Corrupt { .. } = why {
            damage::tell(why, "what needs it is refused: stop the service and run `conclave store repair`");
        } else if !self.failing.swap(true, Ordering::Relaxed) {
            tracing::error!("{why}; what needs {} is refused until it works again", self.name);
        }
    }

    /// It did what it was asked to do.
    pub(super) fn works(&self) {
        if self.failing.swap(false, Ordering::Relaxed) {
            tracing::info!("{} works again", self.name);
        }
    }
}
