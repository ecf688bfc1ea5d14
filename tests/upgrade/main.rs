//! Stores that earlier versions of the program wrote are opened by this one, which finds everything in them.
//!
//! For each there are `NAME.json`, which says what was written, and `NAME.tar.gz.b64`, the folder as that version left
//! it. A fixture of what the program writes now is made of such a JSON file with
//! `CONCLAVE_WRITE_FIXTURE=NAME cargo test --test upgrade`. Fixtures are never made again: they are what is on people's
//! disks.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use conclave::config::Durability;
use conclave::room::archive::{Answer, ArchiveId, Change, Entry, Place, Query, Question, Target, With};
use conclave::room::config::Config;
use conclave::room::state::{Affiliated, RoomRecord};
use conclave::room::write::Write;
use conclave::store::FjallArchive;
use conclave::store::LocalArchive;
use conclave::store::SledStore;
use conclave::store::occupant::{decode_occupant, encode_occupant};
use conclave::store::record::{
    decode_affiliated, decode_room, decode_vcard, encode_affiliated, encode_room, encode_vcard,
};
use conclave::store::{FORMATS, LocalStore, offline};
use conclave::wire::encode::standalone;
use conclave::wire::jid::BareJid;
use conclave::wire::muc::Affiliation;
use serde_json::{Map, Value};

/// The stores that are kept, oldest first.
const FIXTURES: [&str; 6] = ["first", "archive", "occupants", "whole", "parts", "rests"];

/// Whose affiliation in the coven is in the journal alone, from `occupants` on.
const PENDING: &str = "banquo@example";

fn here(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/upgrade").join(name)
}

/// What was written to a store.
fn told(fixture: &str) -> Value {
    let text = fs::read_to_string(here(&format!("{fixture}.json"))).expect("read");
    serde_json::from_str(&text).expect("JSON")
}

fn object(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value[key].as_str()
}

fn jid(text: &str) -> BareJid {
    BareJid::parse(text).expect("an address")
}

/// A record of version 1.
fn version_1(value: &Value) -> Vec<u8> {
    format!("\u{1}{value}").into_bytes()
}

/// A record without its version.
fn json(record: &[u8]) -> Value {
    serde_json::from_slice(&record[1..]).expect("JSON")
}

fn archive(store: &Path) -> FjallArchive {
    FjallArchive::open(&store.join("archive"), Durability::Strict, Duration::from_secs(1), 1 << 20)
        .expect("opened")
}

fn entry(message: &Value) -> Entry {
    let xml = |key| text(message, key).map(|xml| xml.parse().expect("xml"));
    Entry {
        id: text(message, "id").expect("an id").to_owned(),
        at: text(message, "at").and_then(|at| at.parse().ok()).expect("a time"),
        account: text(message, "account").map(jid),
        message: xml("message").expect("a message"),
        shown: message["shown"] == true,
        original: xml("original"),
    }
}

/// Unpacks the store of a fixture.
fn unpack(fixture: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let packed = fs::read_to_string(here(&format!("{fixture}.tar.gz.b64"))).expect("read");
    let packed = STANDARD.decode(packed.replace('\n', "")).expect("base64");
    let mut tar =
        Command::new("tar").args(["-xzf", "-", "-C"]).arg(folder.path()).stdin(Stdio::piped()).spawn();
    let tar = tar.as_mut().expect("tar");
    tar.stdin.take().expect("piped").write_all(&packed).expect("unpacked");
    assert!(tar.wait().expect("ended").success());
    folder
}

/// Everything of `expected` is in `found`, which may have more: options that came later.
fn assert_holds(found: &Value, expected: &Value, at: &str) {
    match (found, expected) {
        (Value::Object(found), Value::Object(expected)) => {
            for (key, value) in expected {
                let at = format!("{at}.{key}");
                assert_holds(found.get(key).unwrap_or_else(|| panic!("{at} is not there")), value, &at);
            }
        }
        (Value::Array(found), Value::Array(expected)) => {
            assert_eq!(found.len(), expected.len(), "{at}");
            for (n, (found, expected)) in found.iter().zip(expected).enumerate() {
                assert_holds(found, expected, &format!("{at}[{n}]"));
            }
        }
        _ => assert_eq!(found, expected, "{at}"),
    }
}

/// What the store has of a room, in the words of a fixture's JSON.
fn found(store: &SledStore, archive: &FjallArchive, room: &BareJid) -> Value {
    let state = store.load(room).expect("read").unwrap_or_else(|| panic!("{room} is not there"));
    let mut found = Map::new();
    let affiliations = state.affiliations.iter();
    let affiliations = affiliations.map(|(jid, a)| (jid.as_str().to_owned(), json(&encode_affiliated(a))));
    found.insert("affiliations".to_owned(), affiliations.collect::<Map<_, _>>().into());
    let occupants = store.occupants(room).expect("read");
    let occupants =
        occupants.iter().map(|o| (o.occupant.nick.key().as_str().to_owned(), json(&encode_occupant(o))));
    found.insert("occupants".to_owned(), occupants.collect::<Map<_, _>>().into());
    if let Some(vcard) = &state.vcard {
        let xml = String::from_utf8(encode_vcard(vcard)).expect("XML");
        found.insert("vcard".to_owned(), xml.trim_start_matches('\u{1}').into());
    }
    let query = Query { place: Place::First, max: 500, ..Query::default() };
    let Answer::Page(page) = archive.answer(&state.record.archive, &Question::Page(query)).expect("read")
    else {
        panic!("no page");
    };
    assert_eq!((page.complete, page.count), (true, Some(page.entries.len() as u64)));
    let message = |entry: &Entry| {
        let mut message = Map::new();
        message.insert("id".to_owned(), entry.id.clone().into());
        message.insert("at".to_owned(), entry.at.to_string().into());
        message.insert("account".to_owned(), entry.account.as_ref().map(|a| a.as_str().to_owned()).into());
        message.insert("message".to_owned(), standalone(&entry.message).into());
        if let Some(original) = &entry.original {
            message.insert("original".to_owned(), standalone(original).into());
        }
        Value::from(message)
    };
    if !page.entries.is_empty() {
        found.insert("messages".to_owned(), page.entries.iter().map(message).collect());
    }
    found.insert("record".to_owned(), json(&encode_room(&state.record)));
    found.into()
}

#[test]
fn everything_is_found_in_the_store_of_each_earlier_format() {
    for fixture in FIXTURES {
        let told = told(fixture);
        let folder = unpack(fixture);
        for _ in 0..2 {
            let store = SledStore::open(folder.path()).expect(fixture);
            let archive = archive(folder.path());
            let mut rooms = Vec::new();
            store.each_room(&mut |room, _| rooms.push(room.as_str().to_owned())).expect("read");
            let mut expected: Vec<_> = object(&told["rooms"]).map(|(room, _)| room.clone()).collect();
            expected.sort();
            assert_eq!(rooms, expected, "{fixture}");
            for (room, told) in object(&told["rooms"]) {
                let found = found(&store, &archive, &jid(room));
                for part in ["affiliations", "occupants"] {
                    let names =
                        |value: &Value| object(&value[part]).map(|(n, _)| n.clone()).collect::<Vec<_>>();
                    assert_eq!(names(&found), names(told), "{fixture}: {part} of {room}");
                }
                assert_holds(&found, told, &format!("{fixture}: {room}"));
            }
            let rests: Vec<_> = list(&told["rests"]).filter_map(Value::as_str).map(jid).collect();
            assert_eq!(store.rests(), Ok(rests), "{fixture}");
            drop((store, archive));
            // Now a store of today, which is to be sound.
            let mut said = Vec::new();
            let damages = offline::check(folder.path(), &mut |line| said.push(line.to_owned()));
            assert_eq!(damages, Ok(0), "{fixture}: {said:?}");
        }
    }
}

/// Set for the process that is killed: the folder of its store.
const FOLDER: &str = "CONCLAVE_TEST_UPGRADE";

#[test]
fn an_upgrade_that_is_killed_anywhere_loses_nothing() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        let _store = SledStore::open(Path::new(&folder)).expect("opened");
        return;
    }
    let mut upgraded = 0;
    for round in 0..12 {
        let folder = unpack("whole");
        let program = std::env::current_exe().expect("this program");
        let mut child = Command::new(program)
            .args(["an_upgrade_that_is_killed_anywhere_loses_nothing", "--exact"])
            .env(FOLDER, folder.path())
            .stdout(Stdio::null())
            .spawn()
            .expect("started");
        std::thread::sleep(Duration::from_millis(20 * round));
        child.kill().expect("killed");
        child.wait().expect("gone");
        upgraded += u32::from(!folder.path().join("blobs").read_dir().is_ok_and(|mut d| d.next().is_some()));
        let store = SledStore::open(folder.path()).expect("opened after the kill");
        let archive = archive(folder.path());
        for (room, told) in object(&told("whole")["rooms"]) {
            assert_holds(&found(&store, &archive, &jid(room)), told, &format!("round {round}: {room}"));
        }
        drop((store, archive));
        assert_eq!(offline::check(folder.path(), &mut |_| ()), Ok(0), "round {round}");
        let left = fs::read_dir(folder.path()).expect("read").flatten().map(|e| e.file_name());
        let left: Vec<_> = left.filter(|name| name.to_string_lossy().starts_with("rebuild")).collect();
        assert_eq!(left, [""; 0], "round {round}");
    }
    println!("{upgraded} upgrades were done before the kill");
}

#[test]
fn a_damaged_record_is_as_damaged_after_an_upgrade_and_costs_no_other() {
    let folder = unpack("occupants");
    {
        let db = sled::open(folder.path()).expect("opened as it is");
        let short = |tree: &str, key: &str| {
            let tree = db.open_tree(tree).expect("a tree");
            let value = tree.get(key).expect("read").expect("there");
            tree.insert(key, &value[..value.len() / 2]).expect("written");
        };
        short("rooms", "heath@muc.example");
        short("affiliations", "coven@muc.example\0macbeth@example");
        db.flush().expect("flushed");
    }
    for _ in 0..50 {
        // Threads of the database that was just closed may hold its file a little longer.
        if SledStore::open(folder.path()).is_ok() {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let store = SledStore::open(folder.path()).expect("opened");
    assert!(store.load(&jid("heath@muc.example")).is_err());
    let state = store.load(&jid("coven@muc.example")).expect("read").expect("there");
    assert!(!state.affiliations.contains_key(&jid("macbeth@example")));
    assert!(state.affiliations.contains_key(&jid("hecate@example")));
    drop(store);
    let mut said = Vec::new();
    assert!(offline::check(folder.path(), &mut |line| said.push(line.to_owned())).is_ok_and(|n| n > 0));
    assert!(said.iter().any(|line| line.contains("heath@muc.example / beginning")), "{said:?}");
    assert!(said.iter().any(|line| line.contains("affiliation macbeth@example")), "{said:?}");
    assert_eq!(offline::repair(folder.path(), &mut |_| ()), Ok(true));
    let store = SledStore::open(folder.path()).expect("opened");
    let heath = store.load(&jid("heath@muc.example")).expect("read").expect("its owner is known");
    assert!(heath.record.config.members_only);
}

#[test]
fn what_an_earlier_version_archived_is_found_by_sender_and_can_be_retracted_and_added_to() {
    for fixture in &FIXTURES[1..] {
        let folder = unpack(fixture);
        let archive = archive(folder.path());
        let id = ArchiveId("a1".to_owned());
        let page = |with| {
            let query = Query { with, max: 500, ..Query::default() };
            match archive.answer(&id, &Question::Page(query)).expect("read") {
                Answer::Page(page) => page.entries,
                other => panic!("{other:?}"),
            }
        };
        let banquo = With::Account(jid("banquo@example"));
        assert_eq!(page(Some(banquo.clone())).len(), 13, "{fixture}");
        let target = Target::Of(jid("banquo@example"), "o4".to_owned());
        let retracted = "<retracted xmlns='urn:xmpp:message-retract:1'/>".parse().expect("xml");
        let retraction = conclave::room::archive::Retraction { target, retracted, keep_original: true };
        archive.commit(&[Change::Retract { archive: id.clone(), retraction }]).expect("stored");
        assert!(page(Some(banquo)).iter().any(|e| e.id == "m4" && e.is_tombstone()), "{fixture}");
        let next = Entry { id: "next".to_owned(), at: jiff::Timestamp::now(), ..page(None).remove(0) };
        archive.commit(&[Change::Append { archive: id.clone(), entry: Arc::new(next) }]).expect("stored");
        assert_eq!(page(None).last().map(|e| e.id.clone()).as_deref(), Some("next"), "{fixture}");
        let purged = archive.purge(&id, jiff::Timestamp::MIN, 5, 1000).expect("purged");
        assert_eq!((purged.messages, page(None).len()), (36, 5), "{fixture}");
    }
}

#[test]
fn there_is_a_store_of_every_version_of_every_format() {
    for (format, now) in FORMATS {
        for version in 1..=now {
            let kept = FIXTURES.iter().any(|fixture| told(fixture)["formats"][format] == version);
            assert!(
                kept,
                "version {version} of the format {format:?} has no store in tests/upgrade: write a JSON file of what is \
                 in it, and make the store as the head of tests/upgrade/main.rs says"
            );
        }
    }
    for fixture in FIXTURES {
        for (format, version) in object(&told(fixture)["formats"]) {
            let known = FORMATS.iter().find(|(name, _)| name == format);
            assert!(
                known.is_some_and(|(_, now)| u64::from(*now) >= version.as_u64().expect("a number")),
                "{format}"
            );
        }
    }
}

/// A change of many steps that was written down, and not made, when the process ended: the journal of version 1, byte
/// by byte, with a table and a key as format 2 of rooms has them.
fn journal(room: &BareJid, jid: &str, value: &Value) -> Vec<u8> {
    let key = format!("{room}\0a{jid}");
    let value = version_1(value);
    let length = |n: usize| u32::try_from(n).expect("short").to_le_bytes();
    // The version, the table of parts, key, value.
    [&[1, 5], &length(key.len())[..], key.as_bytes(), &length(value.len()), &value].concat()
}

/// Makes a store that holds what `told` says, as this version does it.
fn make(told: &Value, path: &Path) {
    let store = SledStore::open(path).expect("opened");
    for (room, told) in object(&told["rooms"]) {
        let room = jid(room);
        let record = decode_room(b"", &version_1(&told["record"])).expect("a record");
        let mut writes = vec![Write::Room { room: room.clone(), record: Box::new(record) }];
        for (account, value) in object(&told["affiliations"]).filter(|(account, _)| *account != PENDING) {
            let value = decode_affiliated(b"", &version_1(value)).expect("a record");
            writes.push(Write::Affiliation { room: room.clone(), jid: jid(account), value: Some(value) });
        }
        for (nick, value) in object(&told["occupants"]) {
            let value = decode_occupant(b"", &version_1(value)).expect("a record");
            writes.push(Write::Occupant { room: room.clone(), nick: nick.clone(), value: Some(value) });
        }
        if let Some(vcard) = text(told, "vcard") {
            let vcard = decode_vcard(b"", format!("\u{1}{vcard}").as_bytes()).expect("a vCard");
            writes.push(Write::Vcard { room: room.clone(), value: Some(Arc::new(vcard)) });
        }
        store.commit(&writes).expect("stored");
        let gone = jid("gone@muc.example");
        store.commit(&[Write::Forget { room: gone }]).expect("stored");
    }
    for room in list(&told["rests"]).filter_map(Value::as_str).map(jid) {
        let record = RoomRecord::new(jiff::Timestamp::UNIX_EPOCH, Config::default());
        let mut writes = vec![Write::Room { room: room.clone(), record: Box::new(record) }];
        writes.extend((0..300).map(|n| Write::Affiliation {
            room: room.clone(),
            jid: jid(&format!("a{n}@example")),
            value: Some(Affiliated::new(Affiliation::Member)),
        }));
        store.commit(&writes).expect("stored");
        store.commit(&[Write::Forget { room }]).expect("stored");
    }
    drop(store);
    let archive = archive(path);
    let dropped = ArchiveId("dropped".to_owned());
    for (_, told) in object(&told["rooms"]) {
        let id = ArchiveId(text(&told["record"], "archive").expect("an archive").to_owned());
        for message in list(&told["messages"]) {
            let entry = entry(message);
            let at = entry.at + jiff::SignedDuration::from_micros(5);
            let extra = Arc::new(Entry { id: format!("gone{}", entry.id), at, ..entry.clone() });
            let append = |archive: &ArchiveId, entry| Change::Append { archive: archive.clone(), entry };
            let changes =
                [append(&id, Arc::new(entry)), append(&id, extra.clone()), append(&dropped, extra.clone())];
            archive.commit(&changes).expect("stored");
        }
        for message in list(&told["messages"]) {
            let gone = format!("gone{}", text(message, "id").expect("an id"));
            archive.commit(&[Change::Withdraw { archive: id.clone(), id: gone }]).expect("stored");
        }
    }
    archive.commit(&[Change::Forget { archive: dropped }]).expect("stored");
    drop(archive);
    // What is left to be done is done by whoever opens it next.
    let pending = &told["rooms"]["coven@muc.example"]["affiliations"][PENDING];
    fs::write(path.join("journal"), journal(&jid("coven@muc.example"), PENDING, pending)).expect("written");
}

#[test]
fn a_store_that_is_made_for_later_versions_holds_what_it_says() {
    let Ok(name) = std::env::var("CONCLAVE_WRITE_FIXTURE") else {
        // Without a name, only that it could be made.
        let folder = tempfile::tempdir().expect("a folder");
        make(&told("rests"), folder.path());
        assert_eq!(offline::check(folder.path(), &mut |_| ()), Ok(0));
        return;
    };
    let packed = here(&format!("{name}.tar.gz.b64"));
    assert!(!packed.exists(), "fixtures are never made again");
    let folder = tempfile::tempdir().expect("a folder");
    make(&told(&name), folder.path());
    let tar = Command::new("tar").args(["-S", "-czf", "-", "-C"]).arg(folder.path()).arg(".").output();
    let tar = tar.expect("tar");
    assert!(tar.status.success());
    let text = STANDARD.encode(tar.stdout);
    let lines: Vec<_> = text.as_bytes().chunks(100).map(|line| String::from_utf8_lossy(line)).collect();
    fs::write(packed, lines.join("\n") + "\n").expect("written");
}
