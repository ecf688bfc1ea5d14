//! A store that takes much more on the disk than what is in it gives that back while it is used, and loses nothing.

use std::cell::{Cell, RefCell};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use conclave::config::Durability;
use conclave::room::archive::{Answer, ArchiveId, Change as Said, Entry, Query, Question};
use conclave::room::config::Config;
use conclave::room::state::{Affiliated, RoomRecord};
use conclave::room::vcard::Vcard;
use conclave::room::write::Write;
use conclave::store::FjallArchive;
use conclave::store::LocalArchive;
use conclave::store::SledStore;
use conclave::store::memory::MemoryStore;
use conclave::store::occupant::decode_occupant;
use conclave::store::{LocalStore, Renewed, StoreError};
use conclave::wire::jid::BareJid;
use conclave::wire::muc::Affiliation;
use proptest::collection::vec;
use proptest::prelude::*;

use full_disk::limit_files;

#[path = "store/full_disk.rs"]
mod full_disk;

/// Set for the process whose disk is full: the folder of its store.
const FOLDER: &str = "CONCLAVE_TEST_RENEWAL";

/// What a store takes on the disk beside twice what is in it.
const CONSTANT_BYTES: u64 = 6 << 20;

/// So many members, of which few stay: the files become far too large.
const MANY: usize = 150_000;
const FEW: usize = 5000;

fn jid(text: &str) -> BareJid {
    BareJid::parse(text).expect("an address")
}

fn room(n: usize) -> BareJid {
    jid(&format!("room{n}@muc.example"))
}

/// Bytes that a file or folder takes on the disk.
fn on_disk(path: &Path) -> u64 {
    let meta = std::fs::symlink_metadata(path).expect("there");
    let inside = meta.is_dir().then(|| std::fs::read_dir(path).expect("read"));
    let inside = inside.into_iter().flatten().map(|entry| on_disk(&entry.expect("an entry").path()));
    meta.blocks() * 512 + inside.sum::<u64>()
}

fn member(of: &BareJid, n: usize) -> Write {
    let value = Some(Affiliated { nick: Some(format!("nick {n}")), ..Affiliated::new(Affiliation::Member) });
    Write::Affiliation { room: of.clone(), jid: jid(&format!("m{n}@e.example")), value }
}

/// One of the changes that go on meanwhile. Rooms are met again and again, and of all sizes.
#[derive(Clone, Debug)]
enum Change {
    Room { room: usize, name: String },
    Members { room: usize, from: usize, count: usize },
    NoMember { room: usize, n: usize },
    Vcard { room: usize, bytes: usize },
    Occupant { room: usize, n: usize, is_in: bool },
    Forget { room: usize },
    Sweep { room: usize },
}

fn change() -> impl Strategy<Value = Change> {
    let room = || 0..12_usize;
    prop_oneof![
        4 => (room(), "[a-z]{0,40}").prop_map(|(room, name)| Change::Room { room, name }),
        4 => (room(), 0..3000_usize, 1..40_usize)
            .prop_map(|(room, from, count)| Change::Members { room, from, count }),
        1 => (room(), 0..3000_usize).prop_map(|(room, from)| Change::Members { room, from, count: 2500 }),
        3 => (room(), 0..3000_usize).prop_map(|(room, n)| Change::NoMember { room, n }),
        2 => (room(), 0..60_000_usize).prop_map(|(room, bytes)| Change::Vcard { room, bytes }),
        4 => (room(), 0..50_usize, any::<bool>())
            .prop_map(|(room, n, is_in)| Change::Occupant { room, n, is_in }),
        1 => room().prop_map(|room| Change::Forget { room }),
        1 => room().prop_map(|room| Change::Sweep { room }),
    ]
}

fn writes(change: &Change) -> Vec<Write> {
    match change {
        Change::Room { room: n, name } => {
            let config = Config { name: name.clone(), persistent: true, ..Config::default() };
            let record = RoomRecord::new(jiff::Timestamp::UNIX_EPOCH, config);
            vec![Write::Room { room: room(*n), record: Box::new(record) }]
        }
        Change::Members { room: n, from, count } => {
            (*from..from + count).map(|k| member(&room(*n), k)).collect()
        }
        Change::NoMember { room: n, n: k } => {
            vec![Write::Affiliation { room: room(*n), jid: jid(&format!("m{k}@e.example")), value: None }]
        }
        Change::Vcard { room: n, bytes } => {
            let note = format!("<vCard xmlns='vcard-temp'><NOTE>{}</NOTE></vCard>", "v".repeat(*bytes));
            let vcard = Vcard::read(&note.parse().expect("xml")).expect("a vCard").map(Arc::new);
            vec![Write::Vcard { room: room(*n), value: vcard }]
        }
        Change::Occupant { room: n, n: k, is_in } => {
            let stored = format!(
                "\u{1}{{\"nick\":\"n{k}\",\"account\":\"n{k}@d\",\"role\":\"participant\",\"affiliation\":\"none\",\
                 \"sessions\":[{{\"jid\":\"n{k}@d/pc\",\"said\":[]}}]}}"
            );
            let value = is_in.then(|| decode_occupant(b"", stored.as_bytes()).expect("a record"));
            vec![Write::Occupant { room: room(*n), nick: format!("n{k}"), value }]
        }
        Change::Forget { room: n } => vec![Write::Forget { room: room(*n) }],
        Change::Sweep { room: n } => vec![Write::Sweep { room: room(*n) }],
    }
}

fn compare(disk: &SledStore, memory: &MemoryStore) {
    let listed = |store: &dyn LocalStore| {
        let mut all = Vec::new();
        assert_eq!(store.each_room(&mut |room, listed| all.push((room, format!("{listed:?}")))), Ok(0));
        all.sort();
        all
    };
    assert_eq!(listed(disk), listed(memory));
    assert_eq!(disk.rests(), memory.rests());
    for n in 0..12 {
        assert!(disk.load(&room(n)) == memory.load(&room(n)), "room {n}");
        assert!(disk.occupants(&room(n)) == memory.occupants(&room(n)), "occupants of room {n}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    /// The files are written anew twice, and at each pause something is changed.
    #[test]
    fn what_is_changed_while_the_files_are_written_anew_is_in_the_new_ones(
        before in vec(change(), 20..60),
        meanwhile in vec(change(), 60..120),
    ) {
        let folder = tempfile::tempdir().expect("a folder");
        let (disk, memory) = (SledStore::open(folder.path()).expect("opened"), MemoryStore::new());
        let make = |change: &Change| {
            let writes = writes(change);
            disk.commit(&writes).expect("stored");
            memory.commit(&writes).expect("stored");
        };
        before.iter().for_each(make);
        let (at, pauses) = (Cell::new(0), Cell::new(0));
        let mut rounds = 0;
        while at.get() < meanwhile.len() {
            let rest = |_| {
                pauses.set(pauses.get() + 1);
                for change in meanwhile.iter().skip(at.get()).take(3) {
                    make(change);
                    at.set(at.get() + 1);
                }
                true
            };
            prop_assert_eq!(disk.write_anew(&rest), Ok(true));
            compare(&disk, &memory);
            rounds += 1;
        }
        prop_assert!(pauses.get() > rounds);
        // What it leaves is one store and nothing else.
        for name in ["rebuild.part", "rebuild.ready", "rebuild.moving", "rebuild.old"] {
            prop_assert!(!folder.path().join(name).exists(), "{}", name);
        }
        drop(disk);
        compare(&SledStore::open(folder.path()).expect("opened again"), &memory);
    }
}

/// A store that takes far more than what is in it; gives how many bytes are in it.
fn spread(store: &SledStore) -> u64 {
    let (few, many) = (room(0), room(1));
    let all: Vec<usize> = (0..MANY).collect();
    let each = MANY / FEW;
    for some in all.chunks(900) {
        let mut writes: Vec<Write> = some.iter().map(|n| member(&many, *n)).collect();
        // Those that stay lie all over the file.
        writes.extend(some.iter().filter(|n| n.is_multiple_of(each)).map(|n| member(&few, *n)));
        store.commit(&writes).expect("stored");
    }
    let live = store.written() / (each as u64 + 1);
    store.commit(&[Write::Forget { room: many.clone() }]).expect("stored");
    while store.has_rest(&many).expect("read") {
        store.commit(&[Write::Sweep { room: many.clone() }]).expect("stored");
    }
    live
}

fn sleep(time: Duration) -> bool {
    std::thread::sleep(time);
    true
}

#[test]
fn what_was_removed_is_given_back_without_a_stop_and_but_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = SledStore::open(folder.path()).expect("opened");
    let live = spread(&store);
    let before = on_disk(folder.path());
    assert!(before > 2 * live + CONSTANT_BYTES, "{before} bytes for {live}: there is nothing to test");
    // Told to end, it leaves all as it was.
    assert_eq!(store.renew(&|_| false), Ok(None));
    assert!(on_disk(folder.path()) >= before);
    let changed = RefCell::new(0);
    let rest = |time| {
        store.commit(&[member(&room(2), *changed.borrow())]).expect("stored");
        *changed.borrow_mut() += 1;
        sleep(time)
    };
    let renewed = store.renew(&rest).expect("renewed").expect("there is much to give back");
    let after = on_disk(folder.path());
    println!("{before} bytes for {live}, then {after}: {renewed:?}, {} changes meanwhile", changed.borrow());
    assert!(after <= 2 * live + CONSTANT_BYTES, "{after} bytes for {live}");
    assert!(renewed.before > renewed.after, "{renewed:?}");
    assert_eq!(store.renew(&rest), Ok(None), "it is small");
    drop(store);
    let store = SledStore::open(folder.path()).expect("opened again");
    let record = RoomRecord::new(jiff::Timestamp::UNIX_EPOCH, Config::default());
    for (n, count) in [(0, FEW), (1, 0), (2, *changed.borrow())] {
        store.commit(&[Write::Room { room: room(n), record: Box::new(record.clone()) }]).expect("stored");
        let state = store.load(&room(n)).expect("read").expect("there");
        assert_eq!(state.affiliations.len(), count, "room {n}");
    }
}

/// Bytes that this thread has read of files.
fn read_by_this_thread() -> u64 {
    let io = std::fs::read_to_string("/proc/thread-self/io").expect("read");
    let line = io.lines().find_map(|line| line.strip_prefix("rchar: "));
    line.expect("a count").parse().expect("a number")
}

#[test]
fn others_do_not_wait_at_the_end_for_all_of_it_to_be_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = SledStore::open(folder.path()).expect("opened");
    let all: Vec<usize> = (0..60_000).collect();
    for some in all.chunks(900) {
        store.commit(&some.iter().map(|n| member(&room(0), *n)).collect::<Vec<_>>()).expect("stored");
    }
    // After the last rest all others wait.
    let before = Cell::new(0);
    let rest = |_| {
        before.set(read_by_this_thread());
        true
    };
    assert_eq!(store.write_anew(&rest), Ok(true));
    let (read, bytes) = (read_by_this_thread() - before.get(), on_disk(folder.path()));
    println!("{read} bytes of {bytes} were read while others waited");
    assert!(read < bytes / 10, "{read} bytes of {bytes}");
}

#[test]
fn files_that_were_new_while_little_was_in_them_are_written_anew_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = SledStore::open(folder.path()).expect("opened");
    spread(&store);
    store.commit(&[Write::Forget { room: room(0) }]).expect("stored");
    while store.has_rest(&room(0)).expect("read") {
        store.commit(&[Write::Sweep { room: room(0) }]).expect("stored");
    }
    assert!(store.renew(&sleep).expect("renewed").is_some());
    let written = store.written();
    let live = spread(&store) - written / (MANY / FEW + 1) as u64;
    let renewed = store.renew(&sleep).expect("renewed").expect("there is much to give back");
    assert!(renewed.after <= 2 * live + CONSTANT_BYTES, "{renewed:?} for {live}");
}

/// Writes files anew while so many records are changed at each pause; how that ends, and the pauses that it takes.
fn written_anew_while(changed: usize) -> (Result<bool, StoreError>, usize) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = SledStore::open(folder.path()).expect("opened");
    let all = |of: usize, count: usize| (0..count).map(|n| member(&room(of), n)).collect::<Vec<_>>();
    (0..6).for_each(|n| store.commit(&all(n, 900)).expect("stored"));
    let pauses = Cell::new(0_usize);
    let rest = |_| {
        pauses.set(pauses.get() + 1);
        let gone = (0..changed).map(|n| {
            let value = pauses.get().is_multiple_of(2).then(|| Affiliated::new(Affiliation::Member));
            Write::Affiliation { room: room(0), jid: jid(&format!("m{n}@e.example")), value }
        });
        store.commit(&gone.collect::<Vec<_>>()).expect("stored");
        pauses.get() < 1000
    };
    let outcome = store.write_anew(&rest);
    let record = RoomRecord::new(jiff::Timestamp::UNIX_EPOCH, Config::default());
    store.commit(&[Write::Room { room: room(0), record: Box::new(record) }]).expect("stored");
    let state = store.load(&room(0)).expect("read").expect("there");
    assert_eq!(state.affiliations.len(), if pauses.get().is_multiple_of(2) { changed } else { 0 });
    (outcome, pauses.get())
}

#[test]
fn what_is_changed_all_the_time_ends_in_new_files_or_in_none() {
    let (outcome, pauses) = written_anew_while(1500);
    assert!(outcome == Ok(true) && pauses < 50, "{outcome:?} after {pauses}");
    let (outcome, pauses) = written_anew_while(2500);
    assert!(outcome.is_err() && pauses < 200, "{outcome:?} after {pauses}");
}

#[test]
fn a_disk_that_is_full_meanwhile_costs_the_copy_and_nothing_else() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        return full_disk(Path::new(&folder));
    }
    let folder = tempfile::tempdir().expect("a folder");
    let name = "a_disk_that_is_full_meanwhile_costs_the_copy_and_nothing_else";
    full_disk::run(name, FOLDER, &folder.path().join("store"));
}

fn full_disk(path: &Path) {
    let store = SledStore::open(path).expect("opened");
    let live = spread(&store);
    let few = [Write::Room {
        room: room(0),
        record: Box::new(RoomRecord::new(jiff::Timestamp::UNIX_EPOCH, Config::default())),
    }];
    store.commit(&few).expect("stored");
    let before = store.load(&room(0)).expect("read").expect("there");
    assert_eq!(before.affiliations.len(), FEW);
    for round in 0..6 {
        // The disk is full at another moment each time: before there is anything, and after the first portions.
        let pauses = Cell::new(0_usize);
        let limited = Cell::new(false);
        let rest = |time| {
            if pauses.replace(pauses.get() + 1) == round && !limited.replace(true) {
                limit_files("0");
            }
            sleep(time)
        };
        if round == 5 {
            limit_files("0");
            limited.set(true);
        }
        let failed = store.renew(&rest);
        assert!(failed.is_err() && limited.get(), "round {round}: {failed:?}");
        assert!(!path.join("rebuild.part").exists(), "round {round}");
        limit_files("unlimited");
        // What the old database wanted to write in that time may cost it another opening.
        let again = |_: &u32| sleep(Duration::from_millis(100));
        let stored = (0..100).find(|n| store.commit(&[member(&room(3), round)]).is_ok() || !again(n));
        assert!(stored.is_some(), "round {round}: the disk works again, and the store does not");
        assert!(store.load(&room(0)).expect("read") == Some(before.clone()), "round {round}");
    }
    let Renewed { before: bytes, after } = store.renew(&sleep).expect("renewed").expect("much");
    assert!(after < bytes && after <= 2 * live + CONSTANT_BYTES, "{bytes} and {after} for {live}");
    assert!(store.load(&room(0)).expect("read") == Some(before.clone()));
    drop(store);
    let store = SledStore::open(path).expect("opened again");
    assert!(store.load(&room(0)).expect("read") == Some(before));
    println!("recovered");
}

/// Bytes of the journals of an archive, whatever is in it: a journal is written to until it has so many.
const JOURNAL_BYTES: u64 = 66 << 20;

/// A message of some bytes that are unlike those of any other.
fn append(archive: &str, n: usize, bytes: usize) -> Said {
    let mut seed = n as u64 + 1;
    let mut text = String::new();
    while text.len() < bytes {
        seed = seed.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        text.push_str(&format!("{seed:016x}"));
    }
    let message = format!(
        "<message xmlns='jabber:client' type='groupchat' from='r@muc.example/n' id='{n}'><body>{text}</body></message>"
    );
    let entry = Entry {
        id: format!("id{n}"),
        at: jiff::Timestamp::from_second(1_700_000_000 + n as i64).expect("a time"),
        account: None,
        message: message.parse().expect("xml"),
        shown: false,
        original: None,
    };
    Said::Append { archive: ArchiveId(archive.to_owned()), entry: Arc::new(entry) }
}

fn count(archive: &FjallArchive, of: &str) -> u64 {
    match archive.answer(&ArchiveId(of.to_owned()), &Question::Page(Query::default())).expect("read") {
        Answer::Page(page) => page.count.expect("counted"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_was_removed_from_the_archive_is_given_back_while_messages_are_taken() {
    let folder = tempfile::tempdir().expect("a folder");
    let open = || FjallArchive::open(folder.path(), Durability::Strict, Duration::from_secs(1), 1 << 20);
    let archive = open().expect("opened");
    for some in (0..9000).collect::<Vec<_>>().chunks(20) {
        let of = |n: usize| if n.is_multiple_of(10) { "few" } else { "many" };
        let all: Vec<_> = some.iter().map(|n| append(of(*n), *n, 10_000)).collect();
        archive.commit(&all).expect("stored");
    }
    archive.commit(&[Said::Forget { archive: ArchiveId("many".to_owned()) }]).expect("stored");
    while archive.sweep(200).expect("swept") > 0 {}
    let before = on_disk(folder.path());
    // What is in it is 900 messages, which take half as much in the files.
    let live = 900 * 10_000;
    assert!(before > 2 * live + JOURNAL_BYTES, "{before} bytes for {live}: there is nothing to test");
    let (said, longest) = (Cell::new(0_usize), Cell::new(Duration::ZERO));
    let rest = |time| {
        let begun = std::time::Instant::now();
        archive.commit(&[append("new", said.get(), 1000)]).expect("stored");
        said.set(said.get() + 1);
        longest.set(longest.get().max(begun.elapsed()));
        sleep(time)
    };
    let renewed = archive.renew(&rest).expect("renewed").expect("there is much to give back");
    let after = on_disk(folder.path());
    println!(
        "{before} bytes for {live}, then {after}: {renewed:?}; {} messages meanwhile, {:?} at most",
        said.get(),
        longest.get()
    );
    assert!(renewed.after < renewed.before && renewed.after <= 2 * live, "{renewed:?}");
    assert!(after <= 2 * live + JOURNAL_BYTES, "{after} bytes for {live}");
    assert_eq!(archive.renew(&rest), Ok(None), "it is small");
    let check = |archive: &FjallArchive| {
        assert_eq!([count(archive, "few"), count(archive, "many")], [900, 0]);
        assert_eq!(count(archive, "new"), said.get() as u64);
    };
    check(&archive);
    drop(archive);
    check(&open().expect("opened again"));
}

#[test]
fn a_disk_that_is_full_when_removals_are_written_out_costs_the_archive_no_more_than_that() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        return full_disk_of_archive(Path::new(&folder));
    }
    let folder = tempfile::tempdir().expect("a folder");
    let name = "a_disk_that_is_full_when_removals_are_written_out_costs_the_archive_no_more_than_that";
    full_disk::run(name, FOLDER, &folder.path().join("archive"));
}

fn full_disk_of_archive(path: &Path) {
    let archive = FjallArchive::open(path, Durability::Strict, Duration::from_secs(1), 1 << 20);
    let archive = archive.expect("opened");
    let some: Vec<_> = (0..20).map(|n| append("one", n, 1000)).collect();
    archive.commit(&some).expect("stored");
    let purged = archive.purge(&ArchiveId("one".to_owned()), jiff::Timestamp::MIN, 10, 100);
    assert_eq!(purged.expect("purged").messages, 10);
    limit_files("0");
    let begun = std::time::Instant::now();
    // Nothing is written out, and what waits for it ends.
    let ended = archive.renew(&|time| sleep(time) && begun.elapsed() < Duration::from_secs(20));
    assert!(ended.is_err(), "{ended:?} after {:?}", begun.elapsed());
    limit_files("unlimited");
    let again = |_: &u32| sleep(Duration::from_millis(100));
    let stored = (0..100).find(|n| archive.commit(&[append("one", 20, 1000)]).is_ok() || !again(n));
    assert!(stored.is_some(), "the disk works again, and the archive does not");
    assert_eq!(count(&archive, "one"), 11);
    println!("recovered");
}
