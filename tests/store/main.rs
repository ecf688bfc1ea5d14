//! What every store does, asked of each of them; and what only a disk can do wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use conclave::room::config::Config;
use conclave::room::hats::Hat;
use conclave::room::listing::Listed;
use conclave::room::state::{Activity, Affiliated, Ban, Lost, RoomRecord, State, Subject, Token, Versions};
use conclave::room::vcard::Vcard;
use conclave::room::write::Write;
use conclave::store::SledStore;
use conclave::store::memory::MemoryStore;
use conclave::store::{LocalStore, StoreError};
use conclave::wire::jid::BareJid;
use conclave::wire::muc::Affiliation;
use tempfile::TempDir;

mod rests;
use rests::{
    a_large_room_is_gone_at_once_when_it_is_forgotten_and_is_swept_in_portions,
    a_room_made_anew_never_meets_the_rest_of_the_old_one,
    who_was_in_a_large_room_is_not_found_when_it_is_forgotten,
};

fn jid(text: &str) -> BareJid {
    BareJid::parse(text).expect("an address")
}

fn record(name: &str) -> RoomRecord {
    let at = jiff::Timestamp::from_second(1_700_000_000).expect("a time");
    let subject = Subject {
        texts: vec![(String::new(), "Fire".to_owned())],
        nick: "hag".to_owned(),
        occupant_id: None,
        at,
    };
    let config = Config { name: name.to_owned(), ..Config::default() };
    RoomRecord { subject: Some(subject), ..RoomRecord::new(at, config) }
}

fn room(room: &str, name: &str) -> Write {
    Write::Room { room: jid(room), record: Box::new(record(name)) }
}

fn public(name: &str) -> Config {
    Config { name: name.to_owned(), public: true, ..Config::default() }
}

/// A room that is on the list of rooms.
fn listed(room: &str) -> Write {
    Write::Room { room: jid(room), record: Box::new(RoomRecord { config: public(room), ..record("") }) }
}

fn affiliation(room: &str, account: &str, affiliation: Affiliation) -> Write {
    let value = Some(full(affiliation));
    Write::Affiliation { room: jid(room), jid: jid(account), value }
}

fn full(affiliation: Affiliation) -> Affiliated {
    let ban = Ban { note: Some("third time".to_owned()), ..Ban::default() };
    Affiliated {
        affiliation,
        nick: Some("hag".to_owned()),
        reason: Some("toil & trouble".to_owned()),
        ban: (affiliation == Affiliation::Outcast).then(|| Box::new(ban)),
        data: [("muc#register_url".to_owned(), "https://example".to_owned())].into(),
        unvetted: affiliation == Affiliation::Member,
        version: 7,
    }
}

fn vcard(room: &str, inside: &str) -> Write {
    Write::Vcard { room: jid(room), value: card(inside) }
}

fn card(inside: &str) -> Option<Arc<Vcard>> {
    let element: minidom::Element =
        format!("<vCard xmlns='vcard-temp' xml:lang='it'>{inside}</vCard>").parse().expect("test xml");
    Vcard::read(&element).expect("a vCard").map(Arc::new)
}

fn none(room: &str, account: &str) -> Write {
    Write::Affiliation { room: jid(room), jid: jid(account), value: None }
}

fn forget(room: &str) -> Write {
    Write::Forget { room: jid(room) }
}

/// A kind of store under test.
trait Bench {
    fn new() -> Self;
    fn store(&self) -> &dyn LocalStore;
    /// As after a restart of the process.
    fn reopen(&mut self);
    /// Spoils one stored record.
    fn damage(&mut self, room: &str, account: Option<&str>);
    /// Spoils a part that a room has one of, by its letter.
    fn damage_part(&mut self, room: &str, kind: u8);

    fn commit(&self, writes: &[Write]) {
        self.store().commit(writes).expect("stored");
    }

    fn load(&self, room: &str) -> Option<State> {
        self.store().load(&jid(room)).expect("read")
    }

    /// Who has an affiliation in the room.
    fn accounts(&self, room: &str) -> Vec<(String, Affiliation)> {
        let state = self.load(room).expect("there");
        state.affiliations.iter().map(|(jid, value)| (jid.to_string(), value.affiliation)).collect()
    }

    fn rooms(&self) -> Vec<String> {
        let mut rooms = Vec::new();
        self.store().each_room(&mut |room, _| rooms.push(room.to_string())).expect("read");
        rooms.sort();
        rooms
    }
}

struct InMemory(MemoryStore);

impl Bench for InMemory {
    fn new() -> Self {
        Self(MemoryStore::new())
    }

    fn store(&self) -> &dyn LocalStore {
        &self.0
    }

    fn reopen(&mut self) {}

    fn damage(&mut self, room: &str, account: Option<&str>) {
        assert!(self.0.damage(&jid(room), account.map(jid).as_ref()), "there is such a record");
    }

    fn damage_part(&mut self, room: &str, kind: u8) {
        assert!(self.0.damage_part(&jid(room), kind), "there is such a record");
    }
}

struct OnDisk {
    folder: TempDir,
    store: Option<SledStore>,
}

impl Bench for OnDisk {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Some(SledStore::open(folder.path()).expect("opened"));
        Self { folder, store }
    }

    fn store(&self) -> &dyn LocalStore {
        self.store.as_ref().expect("open between calls")
    }

    fn reopen(&mut self) {
        self.store = None;
        self.store = Some(SledStore::open(self.folder.path()).expect("opened again"));
    }

    fn damage(&mut self, room: &str, account: Option<&str>) {
        match account {
            None => {
                self.spoil("listed", format!("{room}\0"));
                self.spoil("parts", format!("{room}\0l"));
            }
            Some(account) => self.spoil("parts", format!("{room}\0a{account}")),
        }
    }

    fn damage_part(&mut self, room: &str, kind: u8) {
        self.spoil("parts", format!("{room}\0{}", char::from(kind)));
    }
}

impl OnDisk {
    fn spoil(&mut self, tree: &str, key: String) {
        self.store = None;
        let db = raw(self.folder.path()).expect("opened as it is");
        let old = db.open_tree(tree).expect("a tree").insert(key, b"\x01{\"spoilt").expect("written");
        assert!(old.is_some(), "there is such a record");
        db.flush().expect("flushed");
        drop(db);
        self.reopen();
    }
}

/// The database without the store.
fn raw(path: &Path) -> sled::Result<sled::Db> {
    for _ in 0..100 {
        match sled::open(path) {
            // Threads of the database that was just closed may hold its file a little longer.
            Err(e) if e.to_string().contains("acquire lock") => {
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
            outcome => return outcome,
        }
    }
    panic!("the database stays locked");
}

fn a_room_is_loaded_as_it_was_committed(mut bench: impl Bench) {
    assert_eq!(bench.load("coven@muc"), None);
    bench.commit(&[
        room("coven@muc", "Coven"),
        affiliation("coven@muc", "hecate@d", Affiliation::Owner),
        affiliation("coven@muc", "evil.example", Affiliation::Outcast),
    ]);
    let affiliations = BTreeMap::from([
        (jid("hecate@d"), full(Affiliation::Owner)),
        (jid("evil.example"), full(Affiliation::Outcast)),
    ]);
    let expected = Some(State {
        record: record("Coven"),
        affiliations: affiliations.into_iter().collect(),
        vcard: None,
    });
    assert_eq!(bench.load("coven@muc"), expected);
    bench.reopen();
    assert_eq!(bench.load("coven@muc"), expected);
}

fn a_vcard_is_loaded_as_it_was_committed_until_it_or_the_room_is_gone(mut bench: impl Bench) {
    let [first, second] =
        ["<FN>Coven</FN>\n <PHOTO><BINVAL>YWJj\n</BINVAL></PHOTO>", "<NOTE>a &amp; b\u{1f9d9}</NOTE>"];
    bench.commit(&[room("a@muc", ""), vcard("a@muc", first), room("b@muc", ""), vcard("b@muc", second)]);
    for _ in 0..2 {
        assert_eq!(bench.load("a@muc").expect("there").vcard, card(first));
        assert_eq!(bench.load("b@muc").expect("there").vcard, card(second));
        bench.reopen();
    }
    bench.commit(&[Write::Vcard { room: jid("a@muc"), value: None }, forget("b@muc"), room("b@muc", "")]);
    for _ in 0..2 {
        assert_eq!(bench.load("a@muc").expect("there").vcard, None);
        assert_eq!(bench.load("b@muc").expect("there").vcard, None);
        bench.reopen();
    }
}

fn a_damaged_vcard_costs_the_vcard_only(mut bench: impl Bench) {
    bench.commit(&[room("a@muc", "whole"), vcard("a@muc", "<FN>Coven</FN>")]);
    bench.damage_part("a@muc", b'v');
    let state = bench.load("a@muc").expect("there");
    assert_eq!((state.record.config.name.as_str(), state.vcard), ("whole", None));
    bench.commit(&[vcard("a@muc", "<FN>Anew</FN>")]);
    assert_eq!(bench.load("a@muc").expect("there").vcard, card("<FN>Anew</FN>"));
}

/// A room with something of everything.
fn full_record() -> RoomRecord {
    let mut record = record("whole");
    let token = |secret: &str| Token {
        secret: secret.to_owned(),
        issuer: jid("a@d"),
        expires: jiff::Timestamp::MAX,
        uses_left: None,
    };
    record.founder = Some(jid("a@d"));
    record.activity = Some(Activity { hour: 5, counts: vec![1, 2, 3] });
    record.hats.known =
        [("urn:hat".to_owned(), Hat { title: "Hat".to_owned(), hue: None, lang: None })].into();
    record.hats.worn = [(jid("a@d"), ["urn:hat".to_owned()].into())].into();
    *record.voices = [jid("b@d"), jid(&format!("{}@d", "long".repeat(100)))].into();
    record.tokens = vec![token("one"), token("two")];
    let lost = |version| Lost { version, jid: jid("lost@d"), ban: false };
    record.versions = Versions { now: 9, known_from: 2, lost: [lost(3), lost(8)].into() };
    record.vain_invitations = 5;
    record
}

fn each_part_of_a_record_is_kept_changed_and_removed(mut bench: impl Bench) {
    let (name, full) = (jid("coven@muc"), full_record());
    let bare = RoomRecord::new(full.created, full.config.clone());
    let bare = RoomRecord { versions: Versions { now: 9, known_from: 9, lost: [].into() }, ..bare };
    let mut other = full.clone();
    other.config.name = "x".repeat(10_000);
    other.subject.as_mut().expect("a subject").texts[0].1 = "y".repeat(10_000);
    other.hats.known.insert("z".repeat(1000), Hat { title: "Long".to_owned(), hue: None, lang: None });
    other.tokens.remove(0);
    other.voices.remove(&jid("b@d"));
    other.versions.lost.pop_front();
    other.versions.known_from = 3;
    other.vain_invitations += 1;
    bench.commit(&[Write::Room { room: name.clone(), record: Box::new(full.clone()) }]);
    let mut before = full.clone();
    for now in [other.clone(), full.clone(), bare.clone(), other, bare, full] {
        let parts = now.changes_since(&before, &name).into_iter();
        let writes: Vec<_> = parts.map(|part| Write::Part { room: name.clone(), part }).collect();
        bench.commit(&writes);
        bench.reopen();
        assert_eq!(bench.load("coven@muc").expect("there").record, now);
        before = now;
    }
}

fn a_damaged_part_costs_that_part_only(mut bench: impl Bench) {
    let full = full_record();
    let versions = Versions { now: 8, known_from: 8, ..full.versions.clone() };
    let expected = [
        (b's', RoomRecord { subject: None, ..full.clone() }),
        (b'm', RoomRecord { activity: None, ..full.clone() }),
        // The number of the last change is known by what changed; what was lost before may have been more.
        (b'n', RoomRecord { versions, vain_invitations: 0, ..full.clone() }),
    ];
    for (kind, expected) in expected {
        bench.commit(&[Write::Room { room: jid("coven@muc"), record: Box::new(full.clone()) }]);
        bench.damage_part("coven@muc", kind);
        assert_eq!(bench.load("coven@muc").expect("there").record, expected);
        assert_eq!(bench.rooms(), ["coven@muc"]);
    }
    for kind in [b'c', b'l'] {
        bench.commit(&[Write::Room { room: jid("coven@muc"), record: Box::new(full.clone()) }]);
        bench.damage_part("coven@muc", kind);
        assert!(bench.store().load(&jid("coven@muc")).is_err(), "nobody knows who may enter");
    }
}

fn a_removed_affiliation_is_gone(mut bench: impl Bench) {
    bench.commit(&[
        room("coven@muc", ""),
        affiliation("coven@muc", "a@d", Affiliation::Member),
        affiliation("coven@muc", "b@d", Affiliation::Member),
        affiliation("coven@muc", "c@d", Affiliation::Member),
    ]);
    bench.commit(&[none("coven@muc", "a@d"), none("coven@muc", "nobody@d")]);
    bench.commit(&[affiliation("coven@muc", "c@d", Affiliation::None)]);
    for _ in 0..2 {
        assert_eq!(bench.accounts("coven@muc"), [("b@d".to_owned(), Affiliation::Member)]);
        bench.reopen();
    }
}

fn a_forgotten_room_leaves_nothing(mut bench: impl Bench) {
    let others = ["coven@muc.example", "coven@mu", "a.coven@muc"];
    bench.commit(&[room("coven@muc", ""), affiliation("coven@muc", "a@d", Affiliation::Owner)]);
    for other in others {
        bench.commit(&[room(other, ""), affiliation(other, "a@d", Affiliation::Owner)]);
    }
    bench.commit(&[forget("coven@muc")]);
    for _ in 0..2 {
        assert_eq!(bench.load("coven@muc"), None);
        for other in others {
            assert_eq!(bench.accounts(other).len(), 1, "{other} is another room");
        }
        bench.reopen();
    }
    bench.commit(&[room("coven@muc", "anew")]);
    assert_eq!(bench.accounts("coven@muc"), []);
}

fn the_last_write_wins(mut bench: impl Bench) {
    bench.commit(&[
        room("coven@muc", "first"),
        affiliation("coven@muc", "a@d", Affiliation::Member),
        affiliation("coven@muc", "a@d", Affiliation::Outcast),
        affiliation("coven@muc", "gone@d", Affiliation::Member),
        none("coven@muc", "gone@d"),
        room("coven@muc", "second"),
    ]);
    for _ in 0..2 {
        assert_eq!(bench.load("coven@muc").expect("there").record.config.name, "second");
        assert_eq!(bench.accounts("coven@muc"), [("a@d".to_owned(), Affiliation::Outcast)]);
        bench.reopen();
    }
}

fn forget_takes_what_came_before_it_and_not_what_came_after(mut bench: impl Bench) {
    bench.commit(&[room("coven@muc", "old"), affiliation("coven@muc", "stored@d", Affiliation::Owner)]);
    bench.commit(&[
        affiliation("coven@muc", "before@d", Affiliation::Member),
        affiliation("coven@muc.example", "other@d", Affiliation::Member),
        room("coven@muc.example", "other"),
        forget("coven@muc"),
        room("coven@muc", "new"),
        affiliation("coven@muc", "after@d", Affiliation::Admin),
    ]);
    for _ in 0..2 {
        assert_eq!(bench.load("coven@muc").expect("there").record.config.name, "new");
        assert_eq!(bench.accounts("coven@muc"), [("after@d".to_owned(), Affiliation::Admin)]);
        assert_eq!(bench.accounts("coven@muc.example").len(), 1);
        bench.reopen();
    }
}

fn each_room_meets_every_room_once(mut bench: impl Bench) {
    assert_eq!(bench.rooms(), Vec::<String>::new());
    let expected: Vec<String> = (0..700).map(|n| format!("room{n:03}@muc")).collect();
    let writes: Vec<Write> =
        expected.iter().flat_map(|r| [listed(r), affiliation(r, "a@d", Affiliation::Owner)]).collect();
    bench.commit(&writes);
    assert_eq!(bench.rooms(), expected);
    bench.commit(&[forget("room350@muc")]);
    bench.reopen();
    let mut count = 0;
    let each = &mut |room: BareJid, listed: Listed| {
        let record = RoomRecord { config: public(room.as_str()), ..record("") };
        assert_eq!(listed, Listed::of(&room, &record));
        // The store may be used from here.
        assert!(bench.load(room.as_str()).is_some());
        count += 1;
    };
    bench.store().each_room(each).expect("read");
    assert_eq!(count, 699);
}

fn a_damaged_room_costs_that_room_only(mut bench: impl Bench) {
    bench.commit(&[room("a@muc", ""), room("b@muc", ""), room("c@muc", "")]);
    bench.damage("b@muc", None);
    assert!(matches!(
        bench.store().load(&jid("b@muc")),
        Err(StoreError::Corrupt { key, .. }) if key == "b@muc / beginning"
    ));
    assert_eq!(bench.rooms(), ["a@muc", "c@muc"]);
    assert!(bench.load("a@muc").is_some());
    bench.commit(&[room("b@muc", "mended")]);
    assert_eq!(bench.load("b@muc").expect("there").record.config.name, "mended");
}

fn a_damaged_affiliation_costs_that_affiliation_only(mut bench: impl Bench) {
    bench.commit(&[
        room("a@muc", ""),
        affiliation("a@muc", "a@d", Affiliation::Owner),
        affiliation("a@muc", "b@d", Affiliation::Member),
    ]);
    bench.damage("a@muc", Some("b@d"));
    assert_eq!(bench.accounts("a@muc"), [("a@d".to_owned(), Affiliation::Owner)]);
    bench.commit(&[forget("a@muc"), room("a@muc", "")]);
    assert_eq!(bench.accounts("a@muc"), []);
}

fn large_records_and_large_rooms_are_kept(mut bench: impl Bench) {
    let long = "x".repeat(60_000);
    let rooms: Vec<String> = (0..40).map(|n| format!("long{n}@muc")).collect();
    for name in &rooms {
        bench.commit(&[room(name, &long)]);
    }
    let mut writes = vec![room("crowd@muc", "")];
    writes.extend((0..20_000).map(|n| affiliation("crowd@muc", &format!("a{n}@d"), Affiliation::Member)));
    bench.commit(&writes);
    bench.reopen();
    for name in &rooms {
        assert_eq!(bench.load(name).expect("there").record.config.name, long);
    }
    assert_eq!(bench.accounts("crowd@muc").len(), 20_000);
    bench.commit(&[forget("crowd@muc")]);
    bench.reopen();
    assert_eq!(bench.load("crowd@muc"), None);
    bench.commit(&[room("crowd@muc", "")]);
    assert_eq!(bench.accounts("crowd@muc"), []);
}

macro_rules! of_every_store {
    ($($behaviour:ident),* $(,)?) => {
        mod in_memory {
            $(#[test] fn $behaviour() { super::$behaviour(<super::InMemory as super::Bench>::new()) })*
        }
        mod on_disk {
            $(#[test] fn $behaviour() { super::$behaviour(<super::OnDisk as super::Bench>::new()) })*
        }
    };
}

of_every_store!(
    a_room_is_loaded_as_it_was_committed,
    a_vcard_is_loaded_as_it_was_committed_until_it_or_the_room_is_gone,
    a_damaged_vcard_costs_the_vcard_only,
    each_part_of_a_record_is_kept_changed_and_removed,
    a_damaged_part_costs_that_part_only,
    a_removed_affiliation_is_gone,
    a_forgotten_room_leaves_nothing,
    a_large_room_is_gone_at_once_when_it_is_forgotten_and_is_swept_in_portions,
    a_room_made_anew_never_meets_the_rest_of_the_old_one,
    who_was_in_a_large_room_is_not_found_when_it_is_forgotten,
    the_last_write_wins,
    forget_takes_what_came_before_it_and_not_what_came_after,
    each_room_meets_every_room_once,
    a_damaged_room_costs_that_room_only,
    a_damaged_affiliation_costs_that_affiliation_only,
    large_records_and_large_rooms_are_kept,
);

#[test]
fn commits_in_memory_fail_on_demand_and_are_counted() {
    let store = MemoryStore::new();
    store.commit(&[room("a@muc", "kept")]).expect("stored");
    store.fail_commits(true);
    assert!(matches!(store.commit(&[forget("a@muc")]), Err(StoreError::Io(_))));
    assert_eq!(store.load(&jid("a@muc")).expect("read").expect("there").record, record("kept"));
    store.fail_commits(false);
    store.commit(&[forget("a@muc")]).expect("stored");
    assert_eq!(store.commits(), 2);
}

#[test]
fn a_second_opener_is_refused_and_told_why() {
    let bench = OnDisk::new();
    let text = SledStore::open(bench.folder.path()).err().expect("refused").to_string();
    assert!(text.contains("in use by another process"), "{text}");
    bench.commit(&[room("a@muc", "")]);
}

#[test]
fn a_snapshot_left_half_written_does_not_keep_the_store_closed() {
    let mut bench = OnDisk::new();
    bench.commit(&[room("a@muc", "")]);
    bench.store = None;
    let leftover = bench.folder.path().join("snap.00000000FFFFFFFF.generating");
    std::fs::write(&leftover, "half").expect("written");
    assert!(raw(bench.folder.path()).is_err(), "sled alone does not get over it");
    bench.reopen();
    assert!(!leftover.exists());
    assert!(bench.load("a@muc").is_some());
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let text = SledStore::open(Path::new("/proc/store")).err().expect("refused").to_string();
    assert!(text.contains("/proc/store"), "{text}");
}

/// Readers meet whole commits only: here each commit writes the same name to the room and to two affiliations.
#[test]
fn a_reader_sees_a_commit_wholly_or_not_at_all() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Arc::new(SledStore::open(folder.path()).expect("opened"));
    let writes = |n: u32| {
        let value = |nick| Affiliated { nick: Some(nick), ..Affiliated::new(Affiliation::Member) };
        let mut writes = vec![room("a@muc", &n.to_string())];
        for account in ["a@d", "b@d"] {
            let (room, jid) = (jid("a@muc"), jid(account));
            writes.push(Write::Affiliation { room, jid, value: Some(value(n.to_string())) });
        }
        writes
    };
    store.commit(&writes(0)).expect("stored");
    let reader = std::thread::spawn({
        let store = store.clone();
        move || {
            let mut seen = Vec::new();
            while seen.last() != Some(&200) {
                let state = store.load(&jid("a@muc")).expect("read").expect("there");
                let name = state.record.config.name;
                for value in state.affiliations.values() {
                    assert_eq!(value.nick.as_ref(), Some(&name));
                }
                seen.push(name.parse::<u32>().expect("a number"));
            }
            seen
        }
    });
    for n in 1..=200 {
        store.commit(&writes(n)).expect("stored");
    }
    let seen = reader.join().expect("read");
    assert!(seen.is_sorted());
}

/// A file system that takes no more: the process runs under a limit on file sizes, which is lifted in the end.
#[test]
fn a_full_disk_refuses_changes_keeps_what_was_acknowledged_and_recovers() {
    const FOLDER: &str = "CONCLAVE_TEST_FULL_DISK";
    if let Some(folder) = std::env::var_os(FOLDER) {
        return full_disk(Path::new(&folder));
    }
    let folder = tempfile::tempdir().expect("a folder");
    let program = std::env::current_exe().expect("this program");
    let name = "a_full_disk_refuses_changes_keeps_what_was_acknowledged_and_recovers";
    // The signal is ignored, so that the write returns an error. 1 MiB, in the shell's unit of 512 bytes.
    let script = r#"trap '' XFSZ; ulimit -S -f 2048; exec "$0" "$1" --exact --nocapture"#;
    let output = std::process::Command::new("sh")
        .args(["-c", script])
        .arg(program)
        .arg(name)
        .env(FOLDER, folder.path())
        .output()
        .expect("a shell");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("recovered"), "{output:?}");
}

fn full_disk(folder: &Path) {
    let store = SledStore::open(folder).expect("opened");
    let long = "x".repeat(4000);
    let name = |n: u32| format!("{n} {long}");
    let writes = |n: u32| {
        let account = format!("a{n}@d");
        [room("a@muc", &name(n)), affiliation("a@muc", &account, Affiliation::Member)]
    };
    let mut stored = 0;
    let mut refused = 0;
    let mut accounts = BTreeSet::new();
    for n in 1..=2000 {
        match store.commit(&writes(n)) {
            Ok(()) => {
                stored = n;
                accounts.insert(jid(&format!("a{n}@d")));
            }
            Err(e) => {
                assert!(matches!(e, StoreError::Io(_) | StoreError::Unusable(_)), "{e}");
                refused += 1;
                // It may be refused while the disk is full; what it gives must be what was acknowledged.
                if let Ok(state) = store.load(&jid("a@muc")) {
                    assert_eq!(state.expect("there").record.config.name, name(stored));
                }
                if refused == 5 {
                    break;
                }
            }
        }
    }
    println!("{stored} stored, {refused} refused");
    assert!(stored > 10 && refused == 5, "the limit was met");
    let lifted = std::process::Command::new("prlimit")
        .args(["--pid", &std::process::id().to_string(), "--fsize=unlimited"])
        .status()
        .expect("prlimit, of util-linux");
    assert!(lifted.success());
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
    let state = loop {
        match store.load(&jid("a@muc")) {
            Err(_) if std::time::Instant::now() < deadline => {
                std::thread::sleep(std::time::Duration::from_millis(50));
            }
            outcome => break outcome.expect("the disk works again").expect("there"),
        }
    };
    assert_eq!(state.record.config.name, name(stored));
    assert!(
        state.affiliations.keys().eq(&accounts),
        "no refused change is there, and no acknowledged one missing"
    );
    store.commit(&writes(5000)).expect("the disk works again");
    drop(store);
    let store = SledStore::open(folder).expect("opened again");
    let state = store.load(&jid("a@muc")).expect("read").expect("there");
    assert_eq!(state.record.config.name, name(5000));
    println!("recovered");
}
