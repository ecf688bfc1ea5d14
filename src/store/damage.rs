//! Which damage the operator was told of: the same is met at every read, and told once.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use super::StoreError;

/// Damages that are remembered to have been told of.
const DAMAGES_MAX: usize = 1000;

/// Logs a damage and what it costs, unless that was done before.
pub(crate) fn tell(damage: &StoreError, cost: &str) {
    static TOLD: Damages = Damages::none();
    if TOLD.is_new(damage) {
        tracing::error!("{damage}; {cost}");
    }
}

/// What was told.
struct Damages(Mutex<BTreeSet<String>>);

impl Damages {
    const fn none() -> Self {
        Self(Mutex::new(BTreeSet::new()))
    }

    /// Whether this is to be told: it was not before.
    fn is_new(&self, damage: &StoreError) -> bool {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let damage = damage.to_string();
        if told.len() >= DAMAGES_MAX && !told.contains(&damage) {
            told.clear();
        }
        told.insert(damage)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damage_is_told_once_and_what_is_remembered_is_bounded() {
        let damages = Damages::none();
        let damage = |n: usize| StoreError::Corrupt { key: n.to_string(), reason: "cut".to_owned() };
        let told = |n| damages.is_new(&damage(n));
        assert!(told(0) && told(1));
        assert!(!told(0) && !told(1));
        assert!((2..DAMAGES_MAX).all(told));
        assert!(!told(5));
        assert!(told(DAMAGES_MAX), "from here on they are told anew");
        assert_eq!(damages.0.lock().expect("no panic").len(), 1);
    }
}
