//! New files in the place of old ones, wholly or not at all, also if the process ends meanwhile.
//!
//! In the folder of the store, `rebuild.part` is being written and can be thrown away; it becomes `rebuild.ready` once
//! all of it is on the disk. From then on the old files are moved aside, then, as `rebuild.moving`, the new ones into
//! their place. The next opening of the store finishes what was begun.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

const PART: &str = "rebuild.part";
const READY: &str = "rebuild.ready";
const MOVING: &str = "rebuild.moving";

/// In it: the name of the folder that the old files are moved to.
const ASIDE: &str = "aside";

/// Where what was replaced lies for a moment, when it is not worth keeping.
const REPLACED: &str = "rebuild.old";

/// Files of the database of rooms; one replaces all. Snapshots begin with [`SNAPSHOT`].
const ROOMS: [&str; 3] = ["db", "conf", "blobs"];
const SNAPSHOT: &str = "snap.";

/// The folder of the archive.
pub(super) const ARCHIVE: &str = "archive";

/// A folder for the new files, not there yet. What an earlier run left half-done is thrown away.
pub(super) fn part(store: &Path) -> io::Result<PathBuf> {
    let part = store.join(PART);
    remove(&part)?;
    Ok(part)
}

/// Puts what is in [`part`] into the place of the old files, which go to the folder `aside` of the store.
pub(super) fn replace(store: &Path, aside: &str) -> io::Result<()> {
    let part = store.join(PART);
    fs::write(part.join(ASIDE), aside)?;
    File::open(part.join(ASIDE))?.sync_all()?;
    sync(&part)?;
    fs::rename(&part, store.join(READY))?;
    sync(store)?;
    finish_replacing(store)
}

/// The same; the old files are removed.
pub(super) fn replace_for_good(store: &Path) -> io::Result<()> {
    replace_beside(store)?;
    remove(&store.join(REPLACED))
}

/// The same; the old files lie where [`clear`] and the next opening of the store remove them: that may take a while.
pub(super) fn replace_beside(store: &Path) -> io::Result<()> {
    remove(&store.join(REPLACED))?;
    replace(store, REPLACED)
}

/// Removes what is of no use: new files that were not finished, old ones that were replaced.
pub(super) fn clear(store: &Path) -> io::Result<()> {
    remove(&store.join(PART))?;
    // While new files are being put into their place these are no rest yet.
    if store.join(READY).try_exists()? || store.join(MOVING).try_exists()? {
        return Ok(());
    }
    remove(&store.join(REPLACED))
}

/// Finishes what an earlier run began; does nothing if there is nothing to finish.
pub(super) fn finish(store: &Path) -> io::Result<()> {
    finish_replacing(store)?;
    remove(&store.join(REPLACED))
}

fn finish_replacing(store: &Path) -> io::Result<()> {
    let (ready, moving) = (store.join(READY), store.join(MOVING));
    if ready.try_exists()? {
        let aside = store.join(fs::read_to_string(ready.join(ASIDE))?);
        if !aside.try_exists()? {
            DirBuilder::new().mode(0o700).create(&aside)?;
        }
        for name in entries(store)? {
            let old = ROOMS.contains(&name.as_str()) || name.starts_with(SNAPSHOT);
            let replaced = if old { ready.join(ROOMS[0]) } else { ready.join(&name) };
            if (old || name == ARCHIVE) && replaced.try_exists()? {
                fs::rename(store.join(&name), aside.join(&name))?;
            }
        }
        sync(&aside)?;
        sync(store)?;
        fs::rename(&ready, &moving)?;
        sync(store)?;
    }
    if moving.try_exists()? {
        for name in entries(&moving)?.iter().filter(|name| *name != ASIDE) {
            fs::rename(moving.join(name), store.join(name))?;
        }
        sync(store)?;
        remove(&moving)?;
    }
    Ok(())
}

/// Removes a folder and all that is in it, if it is there.
pub(super) fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        outcome => outcome,
    }
}

fn entries(folder: &Path) -> io::Result<Vec<String>> {
    let names = fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name().into_string()));
    let names: io::Result<Vec<_>> = names.collect();
    // A name that is no text is none of ours.
    Ok(names?.into_iter().flatten().collect())
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: PathBuf, text: &str) {
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, text).expect("written");
    }

    /// A store with old files, and new ones of the rooms that are ready to be put in their place.
    fn begun() -> tempfile::TempDir {
        let temp = tempfile::tempdir().expect("a folder");
        let store = temp.path();
        for name in ["db", "conf", "snap.01", "snap.02", "blobs/1", "archive/x", "conclave.lock"] {
            write(store.join(name), "old");
        }
        for name in ["db", "conf", "blobs/2", "snap.01"] {
            write(store.join(PART).join(name), "new");
        }
        temp
    }

    fn is_replaced(store: &Path) {
        let read = |name: &str| fs::read_to_string(store.join(name)).ok();
        for name in ["db", "conf", "blobs/2", "snap.01"] {
            assert_eq!(read(name).as_deref(), Some("new"), "{name}");
        }
        for name in ["archive/x", "conclave.lock"] {
            assert_eq!(read(name).as_deref(), Some("old"), "{name}");
        }
        for name in ["db", "conf", "blobs/1", "snap.01", "snap.02"] {
            assert_eq!(read(&format!("before/{name}")).as_deref(), Some("old"), "{name}");
        }
        let mut left = entries(store).expect("read");
        left.sort();
        assert_eq!(left, ["archive", "before", "blobs", "conclave.lock", "conf", "db", "snap.01"]);
    }

    #[test]
    fn new_files_take_the_place_of_old_ones_and_those_lie_aside() {
        let temp = begun();
        replace(temp.path(), "before").expect("replaced");
        is_replaced(temp.path());
    }

    #[test]
    fn a_swap_that_ended_anywhere_is_finished_by_whoever_comes_next() {
        // After each of the old files that is moved, and after each of the new ones.
        for moved in 0..=5 + 4 {
            let temp = begun();
            let store = temp.path();
            fs::write(store.join(PART).join(ASIDE), "before").expect("written");
            fs::rename(store.join(PART), store.join(READY)).expect("renamed");
            fs::create_dir(store.join("before")).expect("made");
            for name in ["blobs", "snap.01", "db", "conf", "snap.02"].iter().take(moved) {
                fs::rename(store.join(name), store.join("before").join(name)).expect("moved");
            }
            if moved >= 5 {
                fs::rename(store.join(READY), store.join(MOVING)).expect("renamed");
                for name in ["conf", "blobs", "db", "snap.01"].iter().take(moved - 5) {
                    fs::rename(store.join(MOVING).join(name), store.join(name)).expect("moved");
                }
            }
            finish(store).expect("finished");
            is_replaced(store);
            finish(store).expect("nothing to do");
            is_replaced(store);
        }
    }

    #[test]
    fn old_files_lie_beside_the_new_ones_until_they_are_cleared_away() {
        let temp = begun();
        replace_beside(temp.path()).expect("replaced");
        let old = temp.path().join(REPLACED);
        assert_eq!(fs::read_to_string(old.join("db")).expect("read"), "old");
        assert_eq!(fs::read_to_string(temp.path().join("db")).expect("read"), "new");
        clear(temp.path()).expect("cleared");
        assert!(!old.exists());
    }

    #[test]
    fn what_is_not_ready_changes_nothing() {
        let temp = begun();
        finish(temp.path()).expect("nothing to do");
        assert_eq!(fs::read_to_string(temp.path().join("db")).expect("read"), "old");
        assert!(!part(temp.path()).expect("cleared").exists());
    }

    #[test]
    fn an_archive_is_replaced_alone() {
        let temp = begun();
        let store = temp.path();
        remove(&store.join(PART)).expect("removed");
        write(store.join(PART).join("archive/y"), "new");
        replace(store, "before").expect("replaced");
        assert_eq!(fs::read_to_string(store.join("archive/y")).expect("read"), "new");
        assert_eq!(fs::read_to_string(store.join("before/archive/x")).expect("read"), "old");
        assert_eq!(fs::read_to_string(store.join("db")).expect("read"), "old");
    }
}
