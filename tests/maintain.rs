//! `conclave store check`, `repair` and `compact`, on stores that are damaged on purpose.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use conclave::config::{Durability, OVERRIDES};
use conclave::room::archive::{Answer, ArchiveId, Change, Entry, Place, Query, Question, With};
use conclave::room::config::Config;
use conclave::room::listing::Listed;
use conclave::room::state::{Affiliated, RoomRecord, State};
use conclave::room::write::Write;
use conclave::store::FjallArchive;
use conclave::store::LocalArchive;
use conclave::store::LocalStore;
use conclave::store::SledStore;
use conclave::store::occupant::decode_occupant;
use conclave::wire::jid::BareJid;
use conclave::wire::muc::Affiliation;
use conclave::wire::stream;
use jiff::Timestamp;
use tempfile::TempDir;

const ROOMS: usize = 12;
const MESSAGES: usize = 600;
/// Attributes that the XML library does not read by itself: it takes 8 KiB.
const LONG_BYTES: usize = 8_300;

/// What no output may hold.
const PASSWORD: &str = "hunter2";
const BODY: &str = "for your eyes only";

fn room(n: usize) -> BareJid {
    BareJid::parse(&format!("room{n}@muc.example")).expect("an address")
}

fn archive_id(n: usize) -> ArchiveId {
    ArchiveId(format!("archive-of-{n}"))
}

fn writes(n: usize) -> Vec<Write> {
    let config = Config {
        name: format!("Room {n}"),
        persistent: true,
        password: PASSWORD.to_owned(),
        ..Config::default()
    };
    let record = RoomRecord {
        archive: archive_id(n),
        secret: "5ec".to_owned(),
        ..RoomRecord::new(Timestamp::UNIX_EPOCH, config)
    };
    let mut writes = vec![Write::Room { room: room(n), record: Box::new(record) }];
    for (account, affiliation) in
        [("owner", Affiliation::Owner), ("member", Affiliation::Member), ("outcast", Affiliation::Outcast)]
    {
        let jid = BareJid::parse(&format!("{account}@example")).expect("an address");
        writes.push(Write::Affiliation { room: room(n), jid, value: Some(Affiliated::new(affiliation)) });
    }
    let occupant = "\u{1}{\"nick\":\"Hag\",\"account\":\"member@example\",\"affiliation\":\"member\",\
        \"role\":\"participant\",\"sessions\":[{\"jid\":\"member@example/pc\",\"said\":[\"<a k='LONG' xmlns='u'/>\"]}]}";
    let occupant = occupant.replace("LONG", &"k".repeat(if n == 0 { LONG_BYTES } else { 1 }));
    let value = decode_occupant(b"k", occupant.as_bytes()).expect("an occupant");
    writes.push(Write::Occupant { room: room(n), nick: "hag".to_owned(), value: Some(value) });
    writes
}

fn entry(n: usize, of: usize) -> Entry {
    let padding = "lorem ipsum dolor sit amet ".repeat(3 + n % 7);
    let message = format!(
        "<message xmlns='jabber:client' type='groupchat' from='{}/nick{}' id='said{n}{}'>\
         <body>{BODY} {n} {:x} {padding}</body></message>",
        room(of),
        n % 3,
        if n == 5 { "i".repeat(LONG_BYTES) } else { String::new() },
        n.wrapping_mul(0x9e37_79b9_7f4a_7c15),
    );
    Entry {
        id: format!("id{n}-{of}"),
        at: Timestamp::from_microsecond(1_800_000_000_000_000 + n as i64 * 1_000_000).expect("a time"),
        account: Some(BareJid::parse(&format!("account{}@example", n % 3)).expect("an address")),
        message: stream::read(&message).expect("xml"),
        shown: n.is_multiple_of(2),
        original: None,
    }
}

/// A folder with a settings file and a store.
struct Bench {
    folder: TempDir,
}

impl Bench {
    /// Rooms, of which the first three have archives.
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let settings = format!(
            "[component]\ndomain = \"muc.example\"\nsecret = \"s\"\n[store]\npath = {:?}\n",
            folder.path().join("store")
        );
        fs::write(folder.path().join("component.toml"), settings).expect("written");
        let bench = Self { folder };
        let store = bench.store();
        for n in 0..ROOMS {
            store.commit(&writes(n)).expect("stored");
        }
        drop(store);
        let archive = bench.archive();
        for chunk in (0..MESSAGES).collect::<Vec<_>>().chunks(25) {
            let appends = chunk.iter().flat_map(|n| (0..3).map(|of| (*n, of)));
            let appends = appends
                .map(|(n, of)| Change::Append { archive: archive_id(of), entry: Arc::new(entry(n, of)) });
            archive.commit(&appends.collect::<Vec<_>>()).expect("stored");
        }
        archive
            .commit(&[Change::Withdraw { archive: archive_id(1), id: "id7-1".to_owned() }])
            .expect("stored");
        drop(archive);
        bench
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    fn store(&self) -> SledStore {
        SledStore::open(&self.path()).expect("opened")
    }

    fn archive(&self) -> FjallArchive {
        let path = self.path().join("archive");
        FjallArchive::open(&path, Durability::Strict, Duration::from_secs(1), 1 << 20).expect("opened")
    }

    fn run(&self, verb: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_conclave"));
        command.current_dir(self.folder.path()).args(["store", verb]);
        for over in &OVERRIDES {
            command.env_remove(over.variable);
        }
        let output = command.output().expect("the binary runs");
        for stream in [&output.stdout, &output.stderr] {
            let text = String::from_utf8_lossy(stream);
            assert!(!text.contains(PASSWORD) && !text.contains(BODY), "{text}");
        }
        output
    }

    /// Runs a verb that is to end with `code`; what it says.
    fn says(&self, verb: &str, code: i32) -> String {
        let output = self.run(verb);
        let text = String::from_utf8([output.stdout, output.stderr].concat()).expect("UTF-8");
        assert_eq!(output.status.code(), Some(code), "{text}");
        text
    }

    /// The database of rooms without the store around it.
    fn raw(&self, f: impl Fn(&sled::Db)) {
        for _ in 0..100 {
            match sled::open(self.path()) {
                Ok(db) => {
                    f(&db);
                    db.flush().expect("flushed");
                    return;
                }
                // Threads of the database that was just closed may hold its file a little longer.
                Err(_) => thread::sleep(Duration::from_millis(20)),
            }
        }
        panic!("the database does not open");
    }

    fn states(&self) -> BTreeMap<usize, Option<State>> {
        let store = self.store();
        (0..ROOMS).map(|n| (n, store.load(&room(n)).expect("read"))).collect()
    }

    /// All messages of an archive, page by page; what a page says of itself is checked.
    fn messages(&self, of: usize) -> Vec<Entry> {
        all(&self.archive(), of, None)
    }

    /// The files that hold the messages.
    fn tables(&self) -> Vec<PathBuf> {
        let folder = self.path().join("archive/keyspaces/2/tables");
        let mut files: Vec<_> =
            fs::read_dir(folder).expect("read").map(|e| e.expect("an entry").path()).collect();
        files.sort();
        assert!(!files.is_empty());
        files
    }

    fn journals(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.path().join("archive")).expect("read");
        let files = entries.map(|e| e.expect("an entry").path());
        files.filter(|path| path.extension().is_some_and(|e| e == "jnl")).collect()
    }

    /// The folder that a repair put the old files in.
    fn aside(&self) -> PathBuf {
        let entries = fs::read_dir(self.path()).expect("read").map(|e| e.expect("an entry").path());
        let mut found = entries
            .filter(|path| path.file_name().is_some_and(|n| n.to_string_lossy().starts_with("damaged-")));
        found.next().expect("a folder aside")
    }
}

fn all(archive: &FjallArchive, of: usize, with: Option<With>) -> Vec<Entry> {
    let (mut found, mut place): (Vec<Entry>, _) = (Vec::new(), Place::First);
    loop {
        let query = Query { place, max: 100, with: with.clone(), ..Query::default() };
        let Answer::Page(page) = archive.answer(&archive_id(of), &Question::Page(query)).expect("read")
        else {
            panic!("no page");
        };
        if !page.entries.is_empty() && page.index.is_some() {
            assert_eq!(page.index, Some(found.len() as u64));
        }
        found.extend(page.entries);
        if page.complete {
            assert!(
                page.count.is_none_or(|count| count == found.len() as u64),
                "{:?} of {}",
                page.count,
                found.len()
            );
            return found;
        }
        place = Place::After(found.last().expect("some").id.clone());
    }
}

fn expected(of: usize) -> Vec<Entry> {
    (0..MESSAGES).filter(|n| (*n, of) != (7, 1)).map(|n| entry(n, of)).collect()
}

/// Turns some bits of a file.
fn spoil(file: &Path, at: usize) {
    let mut bytes = fs::read(file).expect("read");
    for byte in &mut bytes[at..at + 4] {
        *byte ^= 0x55;
    }
    fs::write(file, bytes).expect("written");
}

/// The archives hold what they should but for `lost` messages at most, and all that leads to a message does.
fn all_but(bench: &Bench, lost: std::ops::RangeInclusive<usize>) -> usize {
    let mut missing = 0;
    for of in 0..3 {
        let left = bench.messages(of);
        let should = expected(of);
        let ids: BTreeSet<_> = left.iter().map(|entry| entry.id.clone()).collect();
        assert_eq!(left, should.iter().filter(|entry| ids.contains(&entry.id)).cloned().collect::<Vec<_>>());
        missing += should.len() - left.len();
        let archive = bench.archive();
        let mut by_sender = Vec::new();
        for sender in 0..3 {
            let account = BareJid::parse(&format!("account{sender}@example")).expect("an address");
            by_sender.extend(all(&archive, of, Some(With::Account(account))));
        }
        by_sender.sort_by_key(|entry| entry.at);
        assert_eq!(by_sender, left);
    }
    assert!(lost.contains(&missing), "{missing} messages are lost");
    missing
}

#[test]
fn a_sound_store_is_found_sound_and_stays_as_it_is() {
    let bench = Bench::new();
    let before = bench.states();
    for _ in 0..2 {
        let text = bench.says("check", 0);
        assert!(
            text.contains(
                "12 rooms, 36 affiliations, 0 vCards, 12 occupants; 1799 messages in 3 archives; 0 damaged"
            ),
            "{text}"
        );
        assert!(bench.says("repair", 0).contains("nothing to repair"));
        // Afterwards the messages lie in tables, where they were in a journal before.
        bench.says("compact", 0);
    }
    assert_eq!(bench.states(), before);
    all_but(&bench, 0..=0);
}

#[test]
fn a_store_that_is_in_use_or_not_there_is_refused() {
    let bench = Bench::new();
    let store = bench.store();
    for verb in ["check", "repair", "compact"] {
        let text = bench.says(verb, 2);
        assert!(text.contains("in use by another process"), "{text}");
    }
    drop(store);
    fs::remove_dir_all(bench.path()).expect("removed");
    for verb in ["check", "repair", "compact"] {
        let text = bench.says(verb, 2);
        assert!(text.contains("there is no store in"), "{text}");
    }
    assert!(!bench.path().exists());
}

#[test]
fn damaged_records_are_named_and_repaired_and_nothing_else_is_touched() {
    let bench = Bench::new();
    let before = bench.states();
    bench.raw(|db| {
        let tree = |name| db.open_tree(name).expect("a tree");
        let short = |name, key: &str| {
            let value = tree(name).get(key).expect("read").expect("there");
            tree(name).insert(key, &value[..value.len() / 2]).expect("written");
        };
        let remove = |name, key: &str| {
            tree(name).remove(key).expect("removed").expect("there");
        };
        short("parts", "room1@muc.example\0l");
        short("parts", "room1@muc.example\0c");
        short("parts", "room2@muc.example\0aoutcast@example");
        short("occupants", "room3@muc.example\0phag");
        for part in ["l", "c", "aowner@example"] {
            remove("parts", &format!("room4@muc.example\0{part}"));
        }
        tree("parts").insert("room5@muc.example\0v", "\u{1}<vCard").expect("written");
        let config = tree("parts").get("room6@muc.example\0c").expect("read").expect("there");
        let wrong = String::from_utf8_lossy(&config)
            .replace("\"password_protected\":false", "\"password_protected\":\"hunter2\"");
        tree("parts").insert("room6@muc.example\0c", wrong.as_bytes()).expect("written");
        short("parts", "room7@muc.example\0l");
        short("listed", "room8@muc.example\0");
        remove("listed", "room9@muc.example\0");
        let other = tree("listed").get("room10@muc.example\0").expect("read").expect("there");
        tree("listed").insert("nothing@muc.example\0", other).expect("written");
        // A piece of a value whose beginning is not there, and a kind that there is not.
        tree("parts").insert("room11@muc.example\0v\0\0\u{1}", "piece").expect("written");
        tree("parts").insert("room11@muc.example\0?", "\u{1}{}").expect("written");
    });
    let text = bench.says("check", 1);
    for name in [
        "room1@muc.example",
        "room2@muc.example / affiliation outcast@example",
        "room3@muc.example / occupant hag",
        "room4@muc.example",
        "vCards: record room5@muc.example",
        "room6@muc.example",
        "room7@muc.example",
        "list of rooms: record room8@muc.example",
        "room9@muc.example is not on the list of rooms",
        "nothing@muc.example is on the list of rooms",
        "vCards: record room11@muc.example",
        "rooms: record room11@muc.example / ?",
    ] {
        assert!(text.contains(name), "{name}: {text}");
    }
    assert!(bench.says("compact", 2).contains("repair it first"));
    assert_eq!(bench.says("check", 1), text, "a check changes nothing");

    let text = bench.says("repair", 0);
    assert!(text.contains("room1@muc.example is open to its members only now"), "{text}");
    bench.says("check", 0);
    let after = bench.states();
    for n in 0..ROOMS {
        let (was, is) = (before[&n].as_ref().expect("there"), after[&n].as_ref());
        match n {
            1 | 6 => {
                let is = is.expect("it came back");
                assert_eq!(is.affiliations, was.affiliations);
                assert!(
                    is.record.config.members_only && is.record.config.persistent && !is.record.config.public
                );
            }
            2 => {
                let is = is.expect("there");
                assert_eq!((&is.record, is.affiliations.len()), (&was.record, was.affiliations.len() - 1));
            }
            4 => assert_eq!(is, None, "nobody is left who could open it"),
            7 => {
                let is = is.expect("it came back");
                let config = &is.record.config;
                assert_eq!((config, &is.affiliations), (&was.record.config, &was.affiliations));
            }
            _ => assert_eq!(is, Some(was), "{n}"),
        }
    }
    assert_eq!(
        after[&1].as_ref().expect("there").record.archive,
        archive_id(1),
        "its archive is found again"
    );
    assert_eq!(bench.store().occupants(&room(3)).expect("read").len(), 0);
    assert_eq!(bench.store().occupants(&room(5)).expect("read").len(), 1);
    all_but(&bench, 0..=0);
    let records = fs::read_to_string(bench.aside().join("records.jsonl")).expect("read");
    // Three damaged ones besides those of rooms, those of the first, sixth and seventh, what there was of the fourth, two on the
    // list and two that mean nothing.
    assert_eq!(records.lines().count(), 3 + (2 + 1 + 1) + 4 + 2 + 2, "{records}");
    let listed = |n| {
        let mut listed = None;
        let mut each = |jid, found| {
            if jid == room(n) {
                listed = Some(found);
            }
        };
        assert_eq!(bench.store().each_room(&mut each), Ok(0));
        listed
    };
    assert!([8, 9].into_iter().all(|n| listed(n).is_some_and(|l: Listed| l.archive == archive_id(n))));
    assert!(bench.aside().join("db").exists());
}

#[test]
fn a_damaged_block_costs_the_messages_in_it() {
    let bench = Bench::new();
    bench.says("compact", 0);
    for journal in bench.journals() {
        // It still has what is in the tables by now.
        fs::write(journal, "").expect("emptied");
    }
    let tables = bench.tables();
    let length = fs::metadata(&tables[0]).expect("there").len() as usize;
    spoil(&tables[0], length / 2);
    let text = bench.says("check", 1);
    assert!(text.contains("keyspaces/2/tables/") && text.contains("checksum"), "{text}");
    assert!(bench.says("compact", 2).contains("repair it first"));
    assert_eq!(bench.says("check", 1), text, "what could not be merged is left as it was");
    // What is not in that block can be read and added to meanwhile, from either end.
    let archive = bench.archive();
    let mut readable = 0;
    for of in 0..3 {
        let mut forward: Vec<String> = Vec::new();
        let mut place = Place::First;
        loop {
            let query = Query { place, max: 50, ..Query::default() };
            let Answer::Page(page) = archive.answer(&archive_id(of), &Question::Page(query)).expect("read")
            else {
                panic!("no page");
            };
            forward.extend(page.entries.iter().map(|entry| entry.id.clone()));
            if page.complete {
                break;
            }
            place = Place::After(forward.last().expect("some").clone());
        }
        let mut backward = Vec::new();
        let each = &mut |entry: Entry| {
            backward.push(entry.id);
            true
        };
        archive.newest(&archive_id(of), each).expect("read");
        backward.reverse();
        // Right beside the block the one or the other may miss one.
        let near = |a: &[String], b: &[String]| a.iter().filter(|id| !b.contains(id)).count() <= 2;
        assert!(near(&forward, &backward) && near(&backward, &forward), "{forward:?} {backward:?}");
        readable += forward.len();
    }
    assert!((3 * MESSAGES - 150..3 * MESSAGES - 1).contains(&readable), "{readable}");
    for of in 0..3 {
        let change = |id: &str| {
            let entry = Entry { id: id.to_owned(), ..entry(MESSAGES, of) };
            Change::Append { archive: archive_id(of), entry: Arc::new(entry) }
        };
        archive.commit(&[change("last")]).expect("stored");
        archive
            .commit(&[Change::Withdraw { archive: archive_id(of), id: "last".to_owned() }])
            .expect("stored");
    }
    drop(archive);
    let text = bench.says("repair", 0);
    assert!(text.contains("are lost"), "{text}");
    bench.says("check", 0);
    all_but(&bench, 1..=150);
    assert!(bench.aside().join("archive").exists());
}

#[test]
fn whatever_leads_to_the_messages_can_be_damaged_without_losing_one() {
    type Harm = fn(&Bench);
    let harms: [(&str, Harm); 6] = [
        ("the end of a table", |bench| {
            let table = &bench.tables()[0];
            spoil(table, fs::metadata(table).expect("there").len() as usize - 10);
        }),
        ("the list of tables", |bench| {
            fs::write(bench.path().join("archive/keyspaces/2/current"), "spoilt").expect("written");
        }),
        ("the list of keyspaces", |bench| {
            fs::remove_file(bench.path().join("archive/keyspaces/0/current")).expect("removed");
        }),
        ("an index", |bench| {
            let folder = bench.path().join("archive/keyspaces/3/tables");
            let table = fs::read_dir(folder).expect("read").next().expect("one").expect("an entry").path();
            spoil(&table, 1000);
        }),
        ("the beginnings of archives", |bench| {
            let folder = bench.path().join("archive/keyspaces/1/tables");
            let table = fs::read_dir(folder).expect("read").next().expect("one").expect("an entry").path();
            spoil(&table, 40);
        }),
        ("the version", |bench| {
            fs::write(bench.path().join("archive/version"), "spoilt").expect("written");
        }),
    ];
    let bench = Bench::new();
    bench.says("compact", 0);
    for (what, harm) in harms {
        harm(&bench);
        if what.starts_with("the list") {
            bench.says("check", 1);
        }
        // Also for the second time: looking changes nothing.
        let text = bench.says("check", 1);
        println!("{what}: {text}");
        println!("{}", bench.says("repair", 0));
        all_but(&bench, 0..=0);
        fs::remove_dir_all(bench.aside()).expect("removed");
        bench.says("compact", 0);
    }
}

#[test]
fn a_damaged_journal_costs_the_changes_that_are_damaged() {
    let bench = Bench::new();
    spoil(&bench.journals()[0], 100_000);
    let text = bench.says("check", 1);
    assert!(text.contains(".jnl") && text.contains("checksum"), "{text}");
    bench.says("repair", 0);
    bench.says("check", 0);
    // 25 messages in each of three rooms were one change.
    assert_eq!(all_but(&bench, 75..=75), 75);
}

#[test]
fn compacting_gives_back_what_was_removed() {
    let bench = Bench::new();
    bench.says("compact", 0);
    let store = bench.store();
    // Much that is written over and over.
    for n in 0..400 {
        let Write::Room { room, mut record } = writes(n % 2).remove(0) else { panic!("a room") };
        record.config.description = "x".repeat(3000);
        store.commit(&[Write::Room { room, record }]).expect("stored");
    }
    for n in 0..2 {
        store.commit(&writes(n)).expect("stored");
    }
    drop(store);
    let archive = bench.archive();
    for of in [0, 2] {
        archive.commit(&[Change::Forget { archive: archive_id(of) }]).expect("stored");
    }
    while archive.sweep(1000).expect("swept") > 0 {}
    drop(archive);
    let before = bench.states();
    let text = bench.says("compact", 0);
    let numbers: Vec<u64> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    assert!(numbers[1] < numbers[0], "{text}");
    println!("{text}");
    assert_eq!(bench.states(), before);
    assert_eq!(bench.messages(1), expected(1));
    bench.says("check", 0);
}

#[test]
fn damaged_messages_and_what_leads_to_them_are_named_and_repaired() {
    let bench = Bench::new();
    let key = |number: u64, n: usize| {
        let at = entry(n, 0).at.as_microsecond().cast_unsigned() ^ (1 << 63);
        [number.to_be_bytes(), at.to_be_bytes()].concat()
    };
    {
        let db = fjall::Database::builder(bench.path().join("archive")).open().expect("opened");
        let keyspace = |name| db.keyspace(name, Default::default).expect("there");
        let messages = keyspace("messages");
        // Archives have their numbers in the order in which they began.
        let value = messages.get(key(0, 100)).expect("read").expect("there");
        messages.insert(key(0, 100), &value[..40]).expect("written");
        messages.remove(key(2, 300)).expect("removed");
        for table in ["ids", "index"] {
            let first = keyspace(table).iter().nth(50).expect("some").key().expect("read");
            keyspace(table).remove(first).expect("removed");
        }
        let archives = keyspace("archives");
        archives.remove(b"aarchive-of-1").expect("removed");
        db.persist(fjall::PersistMode::SyncAll).expect("synced");
    }
    let text = bench.says("check", 1);
    let at = |n: usize| entry(n, 0).at;
    for told in [
        format!("archive of room0@muc.example: the message of {}: too short", at(100)),
        format!("archive of room2@muc.example: 1 messages between {} and {} are lost", at(299), at(301)),
        "is not found by all that should lead to it".to_owned(),
        "archive number 1 has messages, and no beginning".to_owned(),
        "entries of indexes lead to no message that can be read".to_owned(),
    ] {
        assert!(text.contains(&told), "{told}: {text}");
    }
    let text = bench.says("repair", 0);
    assert!(text.contains("archive of room1@muc.example: its beginning was found again"), "{text}");
    bench.says("check", 0);
    all_but(&bench, 2..=2);
    assert_eq!(bench.messages(1), expected(1));
    let records = fs::read_to_string(bench.aside().join("records.jsonl")).expect("read");
    assert_eq!(records.lines().count(), 1);
}
