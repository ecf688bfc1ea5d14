//! Several values under one key.

use std::hash::Hash;
use std::sync::Arc;

use imbl::HashMap;

/// Which values belong to a key: few for each, however many keys there are. A copy costs next to nothing.
#[derive(Clone, Debug)]
pub struct MultiMap<K, V>(HashMap<K, Arc<[V]>>);

impl<K, V> Default for MultiMap<K, V> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Clone + Eq + Hash, V: Clone + PartialEq> PartialEq for MultiMap<K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<K: Clone + Eq + Hash, V: Clone + Ord> MultiMap<K, V> {
    /// How many values there are.
    pub(super) fn len(&self) -> usize {
        self.0.values().map(|values| values.len()).sum()
    }

    /// The values of a key, in order.
    pub fn of(&self, key: &K) -> &[V] {
        self.0.get(key).map_or(&[], |values| values)
    }

    /// Adds a value, also one that is there already.
    pub fn add(&mut self, key: K, value: V) {
        let values = self.of(&key);
        let (before, after) = values.split_at(values.partition_point(|v| *v <= value));
        let values = before.iter().chain([&value]).chain(after).cloned().collect();
        self.0.insert(key, values);
    }

    /// Takes a value out, once.
    pub fn remove(&mut self, key: &K, value: &V) {
        let values = self.of(key);
        let Ok(place) = values.binary_search(value) else { return };
        if values.len() == 1 {
            self.0.remove(key);
        } else {
            let left = [&values[..place], &values[place + 1..]].concat();
            self.0.insert(key.clone(), left.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_and_go_one_by_one() {
        let mut index = MultiMap::default();
        [1, 2, 1, 3].into_iter().for_each(|value| index.add("a", value));
        index.add("b", 4);
        let before = index.clone();
        index.remove(&"a", &1);
        index.remove(&"a", &5);
        index.remove(&"c", &1);
        assert_eq!((index.of(&"a"), index.of(&"b"), index.of(&"c")), (&[1, 2, 3][..], &[4][..], &[][..]));
        [2, 1, 3].iter().for_each(|value| index.remove(&"a", value));
        index.remove(&"b", &4);
        assert_eq!(index, MultiMap::default());
        assert_eq!(before.of(&"a"), [1, 1, 2, 3]);
    }
}
