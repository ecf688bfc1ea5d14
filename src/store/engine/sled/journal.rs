//! Changes of many steps: written down whole first, then made in parts, and made again if the process ends between.
//!
//! A transaction of sled's keeps a copy of every page that it touches until it ends, about 5 KB per step. To forget
//! a room of 100,000 affiliations in one would take 500 MB.
//!
//! The file is there from before the first part until all parts are on the disk, and no other change is made in that
//! time. To make its steps again is harmless.

use std::fs::{self, File};
use std::io::{self, Write};

use super::folder::Folder;
use crate::store::StoreError;
use crate::store::engine::{Steps, Table};

const NAME: &str = "journal";
/// Under this name the file is not complete.
const NAME_WRITING: &str = "journal.writing";
pub(in crate::store) const VERSION: u8 = 1;
/// In the place of a value's length: there shall be none.
const REMOVED: u32 = u32::MAX;

/// Writes the steps down; they are on the disk when it returns.
pub(in crate::store) fn write(folder: &Folder, steps: &Steps) -> io::Result<()> {
    let writing = folder.path().join(NAME_WRITING);
    let mut file = File::create(&writing)?;
    file.write_all(&encode(steps))?;
    file.sync_all()?;
    fs::rename(writing, folder.path().join(NAME))?;
    folder.sync_entries()
}

/// The steps that an earlier run wrote down and did not clear.
pub(super) fn read(folder: &Folder) -> Result<Option<Steps>, StoreError> {
    let step = |Raw { table, key, after }| {
        let table = Table::OF_STORE.into_iter().find(|known| *known as u8 == table)?;
        Some(((table, key), after))
    };
    let Some(raw) = read_raw(folder)? else { return Ok(None) };
    let steps: Option<Steps> = raw.into_iter().map(step).collect();
    steps.map(Some).ok_or_else(|| unusable(folder, "it is of another layout"))
}

/// A step of any layout: the number of a table, a key, and what it shall hold.
#[derive(Debug, PartialEq)]
pub(in crate::store) struct Raw {
    pub(in crate::store) table: u8,
    pub(in crate::store) key: Vec<u8>,
    pub(in crate::store) after: Option<Vec<u8>>,
}

/// The same as [`read`], whatever tables the layout has.
pub(in crate::store) fn read_raw(folder: &Folder) -> Result<Option<Vec<Raw>>, StoreError> {
    match fs::read(folder.path().join(NAME)) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(unusable(folder, &e.to_string())),
        Ok(bytes) => {
            decode(&bytes).map(Some).ok_or_else(|| unusable(folder, "it is damaged, or of a newer version"))
        }
    }
}

fn unusable(folder: &Folder, why: &str) -> StoreError {
    StoreError::Unusable(format!("{} cannot be read: {why}", folder.path().join(NAME).display()))
}

/// Removes the file, once its steps are on the disk.
pub(in crate::store) fn clear(folder: &Folder) -> io::Result<()> {
    fs::remove_file(folder.path().join(NAME))?;
    folder.sync_entries()
}

fn encode(steps: &Steps) -> Vec<u8> {
    let mut bytes = vec![VERSION];
    // Keys and values are records of some kilobytes.
    let length = |part: &[u8]| u32::try_from(part.len()).expect("far below 4 GB").to_le_bytes();
    for ((table, key), after) in steps {
        bytes.push(*table as u8);
        bytes.extend_from_slice(&length(key));
        bytes.extend_from_slice(key);
        match after {
            None => bytes.extend_from_slice(&REMOVED.to_le_bytes()),
            Some(value) => {
                bytes.extend_from_slice(&length(value));
                bytes.extend_from_slice(value);
            }
        }
    }
    bytes
}

fn decode(bytes: &[u8]) -> Option<Vec<Raw>> {
    let mut rest = bytes.strip_prefix(&[VERSION])?;
    let mut steps = Vec::new();
    while let Some((&table, after_table)) = rest.split_first() {
        rest = after_table;
        let length = take_length(&mut rest)?;
        let key = take(&mut rest, length)?.to_vec();
        let after = match take_length(&mut rest)? {
            REMOVED => None,
            length => Some(take(&mut rest, length)?.to_vec()),
        };
        steps.push(Raw { table, key, after });
    }
    Some(steps)
}

fn take<'a>(rest: &mut &'a [u8], length: u32) -> Option<&'a [u8]> {
    let (part, after) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    *rest = after;
    Some(part)
}

fn take_length(rest: &mut &[u8]) -> Option<u32> {
    let (length, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(u32::from_le_bytes(*length))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_steps(count: std::ops::Range<usize>) -> impl Strategy<Value = Steps> {
        let table = prop::sample::select(&Table::OF_STORE[..]);
        prop::collection::btree_map((table, any::<Vec<u8>>()), any::<Option<Vec<u8>>>(), count)
    }

    fn raw(steps: &Steps) -> Vec<Raw> {
        let raw = |((table, key), after): (&(Table, Vec<u8>), &Option<Vec<u8>>)| Raw {
            table: *table as u8,
            key: key.clone(),
            after: after.clone(),
        };
        steps.iter().map(raw).collect()
    }

    proptest! {
        #[test]
        fn steps_read_back_as_they_were(steps in any_steps(0..20)) {
            prop_assert_eq!(decode(&encode(&steps)), Some(raw(&steps)));
        }

        #[test]
        fn a_journal_cut_short_is_fewer_steps_or_refused(
            steps in any_steps(1..5),
            cut in any::<prop::sample::Index>(),
        ) {
            let bytes = encode(&steps);
            let short = decode(&bytes[..cut.index(bytes.len())]);
            prop_assert!(short.is_none_or(|s| s.len() < steps.len() && raw(&steps).starts_with(&s)));
        }
    }
}
