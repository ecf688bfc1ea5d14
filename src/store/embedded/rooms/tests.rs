use std::path::Path;
use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, Instant};

use super::*;
use crate::room::config::Config;
use crate::room::state::{Affiliated, RoomRecord};
use crate::store::SledStore;
use crate::wire::muc::Affiliation;

fn room() -> BareJid {
    BareJid::parse("coven@muc.example").expect("an address")
}

fn room_write(name: &str) -> Write {
    let config = Config { name: name.to_owned(), ..Config::default() };
    let record = RoomRecord::new(jiff::Timestamp::UNIX_EPOCH, config);
    Write::Room { room: room(), record: Box::new(record) }
}

fn affiliation_write(jid: &str, affiliation: Affiliation) -> Write {
    let value = Some(Affiliated::new(affiliation));
    Write::Affiliation { room: room(), jid: BareJid::parse(jid).expect("an address"), value }
}

fn fail_syncs(store: &SledStore, count: u32) {
    store.engine.place().folder().fail_syncs.store(count, SeqCst);
}

/// A store with a room of two affiliations, and what it loads.
fn furnished(path: &Path) -> (SledStore, State) {
    let store = SledStore::open(path).expect("opened");
    let writes = [
        room_write("before"),
        affiliation_write("hecate@example", Affiliation::Owner),
        affiliation_write("macbeth@example", Affiliation::Outcast),
    ];
    store.commit(&writes).expect("stored");
    let state = store.load(&room()).expect("read").expect("there");
    assert_eq!((state.record.config.name.as_str(), state.affiliations.len()), ("before", 2));
    (store, state)
}

#[test]
fn a_change_whose_sync_failed_is_not_seen() {
    let temp = tempfile::tempdir().expect("a folder");
    let (store, before) = furnished(temp.path());
    let changes = [
        vec![room_write("after"), affiliation_write("macbeth@example", Affiliation::Owner)],
        vec![affiliation_write("newcomer@example", Affiliation::Member)],
        vec![Write::Forget { room: room() }],
        vec![Write::Forget { room: room() }, room_write("after")],
    ];
    for change in changes {
        fail_syncs(&store, 1);
        assert!(matches!(store.commit(&change), Err(StoreError::Io(_))));
        assert_eq!(store.load(&room()).expect("read"), Some(before.clone()), "{change:?}");
    }
    drop(store);
    let store = SledStore::open(temp.path()).expect("opened again");
    assert_eq!(store.load(&room()).expect("read"), Some(before));
}

#[test]
fn a_commit_right_after_a_failed_one_stands_on_what_was_acknowledged() {
    let temp = tempfile::tempdir().expect("a folder");
    let (store, mut expected) = furnished(temp.path());
    fail_syncs(&store, 1);
    assert!(store.commit(&[Write::Forget { room: room() }]).is_err());
    store.commit(&[room_write("after")]).expect("the disk works again");
    expected.record.config.name = "after".to_owned();
    assert_eq!(store.load(&room()).expect("read"), Some(expected.clone()));
    drop(store);
    let store = SledStore::open(temp.path()).expect("opened again");
    assert_eq!(store.load(&room()).expect("read"), Some(expected));
}

#[test]
fn while_the_disk_fails_everything_is_refused_and_then_all_is_there() {
    let temp = tempfile::tempdir().expect("a folder");
    let (store, before) = furnished(temp.path());
    fail_syncs(&store, u32::MAX);
    for _ in 0..3 {
        assert!(matches!(store.commit(&[room_write("after")]), Err(StoreError::Io(_))));
        assert!(store.load(&room()).is_err());
        assert!(store.each_room(&mut |_, _| {}).is_err());
    }
    fail_syncs(&store, 0);
    let deadline = Instant::now() + Duration::from_secs(10);
    let loaded = loop {
        match store.load(&room()) {
            Err(_) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(50)),
            outcome => break outcome,
        }
    };
    assert_eq!(loaded.expect("the disk works again"), Some(before));
}

/// The tree of what is said about the store, without the store.
fn raw_meta(path: &Path) -> ::sled::Tree {
    for _ in 0..100 {
        match ::sled::open(path) {
            Ok(db) => return db.open_tree("meta").expect("a tree"),
            // Threads of the database that was just closed may hold its file a little longer.
            Err(_) => std::thread::sleep(Duration::from_millis(20)),
        }
    }
    panic!("the database does not open");
}

#[test]
fn a_store_of_a_later_format_is_refused_and_left_as_it_is() {
    let temp = tempfile::tempdir().expect("a folder");
    drop(furnished(temp.path()));
    raw_meta(temp.path()).insert("format", "4").expect("written");
    let text = SledStore::open(temp.path()).err().expect("refused").to_string();
    assert!(text.contains("format 4") && text.contains("newer version"), "{text}");
    assert_eq!(raw_meta(temp.path()).get("format").expect("read").expect("there"), "4".as_bytes());
}

#[test]
fn a_database_whose_snapshot_is_damaged_is_a_clear_error() {
    let temp = tempfile::tempdir().expect("a folder");
    drop(furnished(temp.path()));
    // The second opening writes a snapshot.
    drop(SledStore::open(temp.path()).expect("opened again"));
    let mut spoilt = 0;
    for entry in std::fs::read_dir(temp.path()).expect("read") {
        let path = entry.expect("an entry").path();
        if path.file_name().is_some_and(|n| n.to_string_lossy().starts_with("snap.")) {
            std::fs::write(path, "spoilt").expect("written");
            spoilt += 1;
        }
    }
    assert_eq!(spoilt, 1);
    let text = SledStore::open(temp.path()).err().expect("refused").to_string();
    assert!(text.contains("cannot be opened"), "{text}");
}

/// A change of so many steps that it is written down first, and what it leads to.
fn crowd(state: &State) -> (Vec<Write>, State) {
    let mut state = state.clone();
    let mut writes = vec![room_write("crowded")];
    state.record.config.name = "crowded".to_owned();
    let mut all: Vec<_> =
        state.affiliations.iter().map(|(jid, value)| (jid.clone(), value.clone())).collect();
    for n in 0..2 * sled::STEPS_AT_A_TIME + 5 {
        let write = affiliation_write(&format!("a{n}@example"), Affiliation::Member);
        if let Write::Affiliation { jid, value: Some(value), .. } = &write {
            all.push((jid.clone(), value.clone()));
        }
        writes.push(write);
    }
    state.affiliations = all.into_iter().collect();
    (writes, state)
}

#[test]
fn a_change_of_many_steps_is_made_undone_and_kept_as_any_other() {
    let temp = tempfile::tempdir().expect("a folder");
    let (store, before) = furnished(temp.path());
    let (writes, after) = crowd(&before);
    // The sync of what the journal says.
    fail_syncs(&store, 1);
    assert!(store.commit(&writes).is_err());
    assert!(temp.path().join("journal").exists());
    assert!(store.load(&room()).expect("read") == Some(before));
    assert!(!temp.path().join("journal").exists());
    store.commit(&writes).expect("the disk works again");
    drop(store);
    let store = SledStore::open(temp.path()).expect("opened again");
    assert!(store.load(&room()).expect("read") == Some(after));
    store.commit(&[Write::Forget { room: room() }]).expect("forgotten");
    drop(store);
    let store = SledStore::open(temp.path()).expect("opened again");
    assert_eq!(store.load(&room()).expect("read"), None);
    assert!(!temp.path().join("journal").exists());
}

#[test]
fn a_change_that_was_written_down_is_finished_by_the_next_run() {
    let temp = tempfile::tempdir().expect("a folder");
    let (store, before) = furnished(temp.path());
    let (writes, after) = crowd(&before);
    {
        let steps = store.engine.read(|view| steps(view, &writes)).expect("read");
        sled::journal::write(store.engine.place().folder(), &steps).expect("written");
    }
    drop(store);
    let store = SledStore::open(temp.path()).expect("opened again");
    assert!(store.load(&room()).expect("read") == Some(after));
    assert!(!temp.path().join("journal").exists());
}

#[test]
fn a_damaged_journal_is_a_clear_error() {
    let temp = tempfile::tempdir().expect("a folder");
    drop(furnished(temp.path()));
    std::fs::write(temp.path().join("journal"), b"\x01\x00\x05").expect("written");
    let text = SledStore::open(temp.path()).err().expect("refused").to_string();
    assert!(text.contains("journal") && text.contains("damaged"), "{text}");
}
