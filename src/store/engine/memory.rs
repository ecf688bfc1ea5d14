//! An engine in memory, for tests and simulations. It fails and waits when it is told to.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use imbl::OrdMap;

use super::{Change, Engine, Recovering, Table, View};
use crate::store::{Renewed, StoreError};

/// All tables in one, in the order of their keys.
type Pairs = OrdMap<(Table, Vec<u8>), Arc<[u8]>>;

/// Keeps everything until the last handle is dropped. A handle is also its own place: it is opened again with what it holds.
#[derive(Clone, Default)]
pub struct Memory(Arc<Mutex<Inner>>);

#[derive(Default)]
pub(in crate::store) struct Inner {
    pub(in crate::store) pairs: Pairs,
    /// Changes fail.
    pub(in crate::store) failing: bool,
    /// So long each change takes before it is made.
    pub(in crate::store) delay: Duration,
    /// How many changes were made.
    pub(in crate::store) changes: u64,
    /// How many keys the largest change has touched.
    pub(in crate::store) largest: usize,
    /// What the next calls of [`Engine::renew`] give.
    pub(in crate::store) renewals: VecDeque<Result<Option<Renewed>, StoreError>>,
}

impl Memory {
    /// What it holds.
    pub(in crate::store) fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing under the lock panics half-way through a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a [`Memory`] held at one moment.
pub struct Snapshot(Pairs);

/// See [`View::Range`].
pub struct Range {
    pairs: Pairs,
    table: Table,
    /// What is left: from here to before there.
    from: Vec<u8>,
    to: Vec<u8>,
}

impl View for Snapshot {
    type Bytes = Arc<[u8]>;
    type Range = Range;

    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Arc<[u8]>>, StoreError> {
        Ok(self.0.get(&(table, key.to_vec())).cloned())
    }

    fn range(&self, table: Table, from: &[u8], to: &[u8]) -> Range {
        Range { pairs: self.0.clone(), table, from: from.to_vec(), to: to.to_vec() }
    }
}

impl Range {
    fn step(&mut self, back: bool) -> Option<<Self as Iterator>::Item> {
        if self.from >= self.to {
            return None;
        }
        let mut range = self.pairs.range((self.table, self.from.clone())..(self.table, self.to.clone()));
        let ((_, key), value) = if back { range.next_back() } else { range.next() }?;
        let pair = (Arc::from(&key[..]), value.clone());
        if back {
            self.to = key.clone();
        } else {
            self.from = [&key[..], &[0]].concat();
        }
        Some(Ok(pair))
    }
}

impl Iterator for Range {
    type Item = Result<(Arc<[u8]>, Arc<[u8]>), StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step(false)
    }
}

impl DoubleEndedIterator for Range {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.step(true)
    }
}

impl Engine for Memory {
    type Place = Self;
    type Bytes = Arc<[u8]>;
    type View<'a> = Snapshot;
    const READS_GO_ON: bool = true;

    fn open(place: &Self) -> Result<Self, StoreError> {
        Ok(place.clone())
    }

    fn view(&self) -> Snapshot {
        Snapshot(self.lock().pairs.clone())
    }

    fn apply(&self, change: &Change, _durable: bool) -> Result<(), StoreError> {
        let delay = self.lock().delay;
        std::thread::sleep(delay);
        let mut inner = self.lock();
        if inner.failing {
            return Err(StoreError::Io("commits are made to fail".to_owned()));
        }
        for (key, value) in &change.steps {
            match value {
                Some(value) => inner.pairs.insert(key.clone(), value.as_slice().into()),
                None => inner.pairs.remove(key),
            };
        }
        inner.changes += 1;
        inner.largest = inner.largest.max(change.steps.len());
        Ok(())
    }

    fn bytes(&self) -> u64 {
        self.lock().pairs.iter().map(|((_, key), value)| (key.len() + value.len()) as u64).sum()
    }

    fn close(self) -> bool {
        false
    }

    fn renew(engine: &Recovering<Self>, _: &dyn Fn(Duration) -> bool) -> Result<Option<Renewed>, StoreError> {
        engine.place().lock().renewals.pop_front().unwrap_or(Ok(None))
    }
}
