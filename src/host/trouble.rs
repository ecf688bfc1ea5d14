//! What the operator is told of a disk that fails: once when it begins, once when it is over, however many are refused
//! in between.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::store::StoreError;

/// Damaged records that are remembered to have been told of.
const DAMAGES_MAX: usize = 1000;

/// One thing that can fail, and whether it does.
#[derive(Debug)]
pub(super) struct Trouble {
    /// What it is, after "what needs".
    name: &'static str,
    failing: AtomicBool,
    damages: Mutex<BTreeSet<String>>,
}

impl Trouble {
    pub(super) fn new(name: &'static str) -> Self {
        Self { name, failing: AtomicBool::new(false), damages: Mutex::default() }
    }

    /// It failed. A damaged record is told once and for all.
    pub(super) fn fails(&self, why: &StoreError) {
        if let StoreError::Corrupt { .. } = why {
            let mut damages = self.damages.lock().unwrap_or_else(PoisonError::into_inner);
            if damages.len() >= DAMAGES_MAX {
                damages.clear();
            }
            if damages.insert(why.to_string()) {
                tracing::error!(
                    "{why}; what needs it is refused: stop the service and run `conclave store repair`"
                );
            }
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
