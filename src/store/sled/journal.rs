//! Changes of many steps: written down whole first, then made in parts, and made again if the process ends between.
//!
//! A transaction of sled's keeps a copy of every page that it touches until it ends, about 5 KB per step. To forget
//! a room of 100,000 affiliations in one would take 500 MB.
//!
//! The file is there from before the first part until all parts are on the disk, and no other change is made in that
//! time. To make its steps again is harmless.

use std::fs::{self, File};
use std::io::{self, Write};

use ::sled::IVec;

use super::database::Step;
use super::folder::Folder;
use crate::store::StoreError;
use crate::store::layout::Table;

const NAME: &str = "journal";
/// Under this name the file is not complete.
const NAME_WRITING: &str = "journal.writing";
pub(super) const VERSION: u8 = 1;
/// In the place of a value's length: there shall be none.
const REMOVED: u32 = u32::MAX;

/// Writes the steps down; they are on the disk when it returns.
pub(super) fn write(folder: &Folder, steps: &[Step]) -> io::Result<()> {
    let writing = folder.path().join(NAME_WRITING);
    let mut file = File::create(&writing)?;
    file.write_all(&encode(steps))?;
    file.sync_all()?;
    fs::rename(writing, folder.path().join(NAME))?;
    folder.sync_entries()
}

/// The steps that an earlier run wrote down and did not clear. Those of their values that were there before are not
/// known any more.
pub(super) fn read(folder: &Folder) -> Result<Option<Vec<Step>>, StoreError> {
    let step = |raw: Raw| {
        let table = Table::ALL.into_iter().find(|table| *table as u8 == raw.table)?;
        Some(Step { table, key: raw.key, before: None, after: raw.after })
    };
    let Some(raw) = read_raw(folder)? else { return Ok(None) };
    let steps: Option<Vec<Step>> = raw.into_iter().map(step).collect();
    steps.map(Some).ok_or_else(|| unusable(folder, "it is of another layout"))
}

/// A step of any layout: the number of a table, a key, and what it shall hold.
#[derive(Debug, PartialEq)]
pub(super) struct Raw {
    pub(super) table: u8,
    pub(super) key: IVec,
    pub(super) after: Option<IVec>,
}

/// The same as [`read`], whatever tables the layout has.
pub(super) fn read_raw(folder: &Folder) -> Result<Option<Vec<Raw>>, StoreError> {
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
pub(super) fn clear(folder: &Folder) -> io::Result<()> {
    fs::remove_file(folder.path().join(NAME))?;
    folder.sync_entries()
}

fn encode(steps: &[Step]) -> Vec<u8> {
    let mut bytes = vec![VERSION];
    // Keys and values are records of some kilobytes.
    let length = |part: &[u8]| u32::try_from(part.len()).expect("far below 4 GB").to_le_bytes();
    for step in steps {
        bytes.push(step.table as u8);
        bytes.extend_from_slice(&length(&step.key));
        bytes.extend_from_slice(&step.key);
        match &step.after {
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
        let key = IVec::from(take(&mut rest, length)?);
        let after = match take_length(&mut rest)? {
            REMOVED => None,
            length => Some(IVec::from(take(&mut rest, length)?)),
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

    fn any_step() -> impl Strategy<Value = Step> {
        let table = prop::sample::select(&Table::ALL[..]);
        (table, any::<Vec<u8>>(), any::<Option<Vec<u8>>>()).prop_map(|(table, key, after)| Step {
            table,
            key: key.into(),
            before: None,
            after: after.map(IVec::from),
        })
    }

    fn raw(steps: &[Step]) -> Vec<Raw> {
        let raw = |s: &Step| Raw { table: s.table as u8, key: s.key.clone(), after: s.after.clone() };
        steps.iter().map(raw).collect()
    }

    proptest! {
        #[test]
        fn steps_read_back_as_they_were(steps in prop::collection::vec(any_step(), 0..20)) {
            prop_assert_eq!(decode(&encode(&steps)), Some(raw(&steps)));
        }

        #[test]
        fn a_journal_cut_short_is_fewer_steps_or_refused(
            steps in prop::collection::vec(any_step(), 1..5),
            cut in any::<prop::sample::Index>(),
        ) {
            let bytes = encode(&steps);
            let short = decode(&bytes[..cut.index(bytes.len())]);
            prop_assert!(short.is_none_or(|s| s.len() < steps.len() && raw(&steps).starts_with(&s)));
        }
    }
}
