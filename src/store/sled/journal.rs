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
use crate::store::change::Table;

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
    let path = folder.path().join(NAME);
    let unusable = |why: &str| StoreError::Unusable(format!("{} cannot be read: {why}", path.display()));
    match fs::read(&path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(unusable(&e.to_string())),
        Ok(bytes) => decode(&bytes).map(Some).ok_or_else(|| unusable("it is damaged, or of a newer version")),
    }
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

fn decode(bytes: &[u8]) -> Option<Vec<Step>> {
    let mut rest = bytes.strip_prefix(&[VERSION])?;
    let mut steps = Vec::new();
    while let Some((&table, after_table)) = rest.split_first() {
        rest = after_table;
        let table = Table::ALL.into_iter().find(|t| *t as u8 == table)?;
        let length = take_length(&mut rest)?;
        let key = IVec::from(take(&mut rest, length)?);
        let after = match take_length(&mut rest)? {
            REMOVED => None,
            length => Some(IVec::from(take(&mut rest, length)?)),
        };
        steps.push(Step { table, key, before: None, after });
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

    proptest! {
        #[test]
        fn steps_read_back_as_they_were(steps in prop::collection::vec(any_step(), 0..20)) {
            prop_assert_eq!(decode(&encode(&steps)), Some(steps));
        }

        #[test]
        fn a_journal_cut_short_is_fewer_steps_or_refused(
            steps in prop::collection::vec(any_step(), 1..5),
            cut in any::<prop::sample::Index>(),
        ) {
            let bytes = encode(&steps);
            let short = decode(&bytes[..cut.index(bytes.len())]);
            prop_assert!(short.is_none_or(|s| s.len() < steps.len() && steps.starts_with(&s)));
        }
    }
}
