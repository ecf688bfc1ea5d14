use std::path::Path;
use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, Instant};

use super::*;
use crate::room::config::Config;
use crate::room::state::{Affiliated, Affiliation};

fn room() -> BareJid {
    BareJid::parse("coven@muc.example").expect("an address")
}

fn room_write(name: &str) -> Write {
    let config = Config { name: name.to_owned(), ..Config::default() };
    let record = RoomRecord { created: jiff::Timestamp::UNIX_EPOCH, config, subject: None };
    Write::Room { room: room(), record: Box::new(record) }
}

fn affiliation_write(jid: &str, affiliation: Affiliation) -> Write {
    let value = Some(Affiliated { affiliation, nick: None, reason: None });
    Write::Affiliation { room: room(), jid: BareJid::parse(jid).expect("an address"), value }
}

fn fail_syncs(store: &SledStore, count: u32) {
    store.folder.fail_syncs.store(count, SeqCst);
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

#[test]
fn a_store_of_a_later_format_is_refused_and_left_as_it_is() {
    let temp = tempfile::tempdir().expect("a folder");
    drop(furnished(temp.path()));
    let raw = || ::sled::open(temp.path()).expect("opened as it is").open_tree("meta").expect("a tree");
    raw().insert("format", "2").expect("written");
    let text = SledStore::open(temp.path()).err().expect("refused").to_string();
    assert!(text.contains("format 2") && text.contains("newer version"), "{text}");
    assert_eq!(raw().get("format").expect("read").expect("there"), "2".as_bytes());
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

#[test]
fn a_step_back_is_the_step_reversed() {
    let temp = tempfile::tempdir().expect("a folder");
    let (store, before) = furnished(temp.path());
    let mut health = store.write();
    let database = store.sound(&mut health).expect("sound");
    let writes = [room_write("after"), affiliation_write("newcomer@example", Affiliation::Member)];
    let steps = database.steps(changes(&writes, |_| Ok::<_, StoreError>(Vec::new())).expect("no forget"));
    let steps = steps.expect("read");
    assert_eq!(steps.len(), 2);
    database.apply(&steps).expect("applied");
    let back: Vec<Step> = steps.into_iter().map(Step::undo).collect();
    assert_eq!(database.missing(&back).expect("read").len(), 2);
    database.apply(&back).expect("applied");
    assert_eq!(database.missing(&back).expect("read").len(), 0);
    drop(health);
    assert_eq!(store.load(&room()).expect("read"), Some(before));
}
