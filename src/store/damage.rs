//! Which damage the operator was told of: the same is met at every read, and told once.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use super::StoreError;

/// Most lines that are told.
const LINES_MAX: usize = 1000;

/// Logs a damage and what it costs, unless that was done before.
pub(crate) fn tell(damage: &StoreError, cost: &str) {
    static TOLD: Lines = Lines::none();
    let line = format!("{damage}; {cost}");
    match TOLD.note(&line) {
        Note::Known => {}
        Note::New => tracing::error!("{line}"),
        Note::Last => tracing::error!("{line}; more damage is not named until the next start"),
    }
}

/// The same of something in the archive, which costs itself alone.
pub(crate) fn tell_passed_over(damage: &StoreError) {
    tell(damage, "what is there is passed over: stop the service and run `conclave store repair`");
}

/// What was told.
struct Lines(Mutex<BTreeSet<String>>);

/// Whether a line is to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Note {
    New,
    /// It is new, and no more fit.
    Last,
    Known,
}

impl Lines {
    const fn none() -> Self {
        Self(Mutex::new(BTreeSet::new()))
    }

    fn note(&self, line: &str) -> Note {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if told.len() >= LINES_MAX || !told.insert(line.to_owned()) {
            Note::Known
        } else if told.len() == LINES_MAX {
            Note::Last
        } else {
            Note::New
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_told_once_and_what_is_remembered_is_bounded() {
        let lines = Lines::none();
        assert_eq!(["a", "b", "a"].map(|line| lines.note(line)), [Note::New, Note::New, Note::Known]);
        let notes: Vec<Note> = (2..LINES_MAX + 5).map(|n| lines.note(&n.to_string())).collect();
        let (new, rest) = notes.split_at(LINES_MAX - 3);
        assert!(new.iter().all(|note| *note == Note::New));
        let (last, more) = rest.split_first().expect("some are too many");
        assert_eq!(*last, Note::Last);
        assert!(more.iter().all(|note| *note == Note::Known), "{more:?}");
    }
}
