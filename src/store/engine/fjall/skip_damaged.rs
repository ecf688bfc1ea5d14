//! Reading on where a block of a file is damaged: it costs what is in it, and nothing that lies beyond.

use ::fjall::{Iter, Keyspace, Readable, Slice, Snapshot};

use super::io;
use crate::store::StoreError;
use crate::store::damage::tell_passed_over;

/// Keys are taken for numbers of so many bytes, to find the end of what is damaged. Keys of messages and indexes are
/// shorter; of longer ones more is passed over than need be.
const NUMBER_BYTES: usize = 32;

/// Keys and values of a range, from either end, without what cannot be read.
pub struct Range {
    snapshot: Snapshot,
    keyspace: Keyspace,
    /// What is left: from here to before there.
    from: Vec<u8>,
    to: Vec<u8>,
    iter: Option<Iter>,
}

/// Which end is read from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Front,
    Back,
}

impl Range {
    pub(super) fn new(snapshot: Snapshot, keyspace: Keyspace, from: &[u8], to: &[u8]) -> Self {
        let mut all = Self { snapshot, keyspace, from: from.to_vec(), to: to.to_vec(), iter: None };
        all.iter = all.range(from, to);
        all
    }

    fn range(&self, from: &[u8], to: &[u8]) -> Option<Iter> {
        (from < to).then(|| self.snapshot.range(&self.keyspace, from..to))
    }

    fn step(&mut self, end: End) -> Option<Result<(Slice, Slice), StoreError>> {
        loop {
            match next(self.iter.as_mut()?, end)? {
                Ok((key, value)) => {
                    let border = if end == End::Front { &mut self.from } else { &mut self.to };
                    border.clear();
                    border.extend_from_slice(&key);
                    if end == End::Front {
                        // The key that follows.
                        border.push(0);
                    }
                    return Some(Ok((key, value)));
                }
                Err(damage @ StoreError::Corrupt { .. }) => {
                    tell_passed_over(&damage);
                    self.leap(end);
                }
                Err(e) => {
                    self.iter = None;
                    return Some(Err(e));
                }
            }
        }
    }

    /// Goes on at the nearest key from which on something can be read.
    fn leap(&mut self, end: End) {
        let start = if end == End::Front { &self.from } else { &self.to };
        let at = |distance: &Number| match end {
            End::Front => Number::of(start).plus(distance),
            End::Back => Number::of(start).minus(distance),
        };
        let readable = |distance: &Number| {
            // Beyond the other end there is nothing, and nothing that is damaged.
            let Some(Number(key)) = at(distance) else { return true };
            let range = match end {
                End::Front => self.range(&key, &self.to),
                End::Back => self.range(&self.from, &key),
            };
            let first = range.and_then(|mut range| next(&mut range, end));
            !matches!(first, Some(Err(StoreError::Corrupt { .. })))
        };
        let reach = (0..8 * NUMBER_BYTES).find(|bit| readable(&Number::default().with(*bit)));
        // So far it is damaged: bit by bit as far as that can be said.
        let mut damaged = Number::default();
        for bit in (0..reach.unwrap_or(0)).rev() {
            let further = damaged.with(bit);
            if !readable(&further) {
                damaged = further;
            }
        }
        let goal = reach.and_then(|_| at(&damaged)).and_then(|goal| match end {
            End::Front => goal.plus(&Number::default().with(0)),
            End::Back => goal.minus(&Number::default().with(0)),
        });
        self.iter = goal.and_then(|Number(goal)| {
            match end {
                End::Front => self.from = goal.to_vec(),
                End::Back => self.to = goal.to_vec(),
            }
            self.range(&self.from, &self.to)
        });
    }
}

fn next(iter: &mut Iter, end: End) -> Option<Result<(Slice, Slice), StoreError>> {
    let guard = if end == End::Front { iter.next() } else { iter.next_back() };
    guard.map(|guard| guard.into_inner().map_err(io))
}

impl Iterator for Range {
    type Item = Result<(Slice, Slice), StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step(End::Front)
    }
}

impl DoubleEndedIterator for Range {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.step(End::Back)
    }
}

/// A key as a number, the first byte being the highest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Number([u8; NUMBER_BYTES]);

impl Number {
    fn of(key: &[u8]) -> Self {
        let mut bytes = [0; NUMBER_BYTES];
        let length = key.len().min(NUMBER_BYTES);
        bytes[..length].copy_from_slice(&key[..length]);
        Self(bytes)
    }

    /// With this bit set, counted from the lowest.
    fn with(mut self, bit: usize) -> Self {
        self.0[NUMBER_BYTES - 1 - bit / 8] |= 1 << (bit % 8);
        self
    }

    /// `None` if there is no such number.
    fn plus(mut self, other: &Self) -> Option<Self> {
        let mut over = false;
        for (digit, more) in self.0.iter_mut().zip(other.0).rev() {
            let (sum, first) = digit.overflowing_add(more);
            let (sum, second) = sum.overflowing_add(u8::from(over));
            (*digit, over) = (sum, first | second);
        }
        (!over).then_some(self)
    }

    /// `None` if there is no such number.
    fn minus(mut self, other: &Self) -> Option<Self> {
        let mut under = false;
        for (digit, less) in self.0.iter_mut().zip(other.0).rev() {
            let (difference, first) = digit.overflowing_sub(less);
            let (difference, second) = difference.overflowing_sub(u8::from(under));
            (*digit, under) = (difference, first | second);
        }
        (!under).then_some(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_are_added_and_taken_away_as_keys_are_ordered(key in any::<[u8; 16]>(), bit in 0..256_usize) {
            let (number, step) = (Number::of(&key), Number::default().with(bit));
            if let Some(sum) = number.plus(&step) {
                prop_assert!(sum.0 > number.0);
                prop_assert_eq!(sum.minus(&step), Some(number));
            }
            if let Some(less) = number.minus(&step) {
                prop_assert!(less.0 < number.0);
                prop_assert_eq!(less.plus(&step), Some(number));
            }
        }
    }
}
