//! What changes of rooms leave on the disk: little for each, and never much more than what there is.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;

use conclave::room::config::Config;
use conclave::room::hats::Hat;
use conclave::room::limits::Limits;
use conclave::room::state::{Affiliated, Lost, RoomRecord, Subject};
use conclave::room::vcard::Vcard;
use conclave::room::write::Write;
use conclave::store::LocalStore;
use conclave::store::SledStore;
use conclave::wire::jid::BareJid;
use conclave::wire::muc::Affiliation;

/// What a store takes on the disk beside twice what is in it, whatever was changed: the segments of the log that are written
/// to or wait for being written over.
const CONSTANT_BYTES: u64 = 6 << 20;

fn jid(text: &str) -> BareJid {
    BareJid::parse(text).expect("an address")
}

fn room() -> BareJid {
    jid("coven@muc.example")
}

/// Bytes that a file or folder takes on the disk.
fn on_disk(path: &Path) -> u64 {
    let meta = std::fs::symlink_metadata(path).expect("there");
    let inside = meta.is_dir().then(|| std::fs::read_dir(path).expect("read"));
    let inside = inside.into_iter().flatten().map(|entry| on_disk(&entry.expect("an entry").path()));
    meta.blocks() * 512 + inside.sum::<u64>()
}

/// A text of so many bytes that is unlike those of other numbers.
fn text(n: usize, bytes: usize) -> String {
    let words = (0..).map(|k: usize| format!("{:x} ", (n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ k));
    let mut text = String::new();
    words
        .take_while(|word| {
            text.push_str(word);
            text.len() < bytes
        })
        .for_each(drop);
    text.truncate(bytes);
    text
}

/// A record that has of everything as much as there can be.
fn largest() -> RoomRecord {
    let limits = Limits::default();
    let config = Config {
        name: text(1, limits.text_bytes_max),
        description: text(2, limits.text_bytes_max),
        password: text(3, limits.text_bytes_max),
        pubsub: text(4, limits.text_bytes_max),
        persistent: true,
        public: true,
        contacts: (0..20).map(|n| text(n, 200)).collect(),
        reactions_allowed: (0..100).map(|n| text(n, 40)).collect(),
        ..Config::default()
    };
    let mut record = RoomRecord::new(jiff::Timestamp::UNIX_EPOCH, config);
    record.subject = Some(Subject {
        texts: vec![(String::new(), text(5, limits.subject_bytes_max))],
        nick: "hag".to_owned(),
        occupant_id: None,
        at: jiff::Timestamp::UNIX_EPOCH,
    });
    for n in 0..64 {
        let hat = Hat { title: text(n, 256), hue: None, lang: None };
        record.hats.known.insert(format!("urn:hat:{n}:{}", text(n, 200).replace(' ', ":")), hat);
    }
    let uris: Vec<String> = record.hats.known.keys().cloned().collect();
    for n in 0..1000 {
        let worn: BTreeSet<_> = (n..n + 7).map(|k| uris[k % uris.len()].clone()).collect();
        record.hats.worn.insert(jid(&format!("wearer{n}@example")), worn);
    }
    *record.voices = (0..1000).map(|n| jid(&format!("voice{n}@example"))).collect();
    record.versions.now = 300;
    let lost = |n| Lost { version: n, jid: jid(&format!("lost{n}@example")), ban: false };
    record.versions.lost = (100..300).map(lost).collect();
    record
}

/// A store on the disk, a room in it, and the most that it took.
struct Bench {
    folder: tempfile::TempDir,
    store: SledStore,
    record: RoomRecord,
    peak: u64,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = SledStore::open(folder.path()).expect("opened");
        let record = largest();
        store.commit(&[Write::Room { room: room(), record: Box::new(record.clone()) }]).expect("stored");
        Self { folder, store, record, peak: 0 }
    }

    /// The record becomes another one. Gives how many bytes that wrote.
    fn change(&mut self, change: impl FnOnce(&mut RoomRecord)) -> u64 {
        let before = self.record.clone();
        change(&mut self.record);
        let parts = self.record.changes_since(&before, &room());
        let writes: Vec<_> = parts.into_iter().map(|part| Write::Part { room: room(), part }).collect();
        assert!(!writes.is_empty(), "it is another");
        self.commit(&writes)
    }

    fn commit(&mut self, writes: &[Write]) -> u64 {
        let before = self.store.written();
        self.store.commit(writes).expect("stored");
        self.store.written() - before
    }

    fn look(&mut self) {
        self.peak = self.peak.max(on_disk(self.folder.path()));
    }

    /// How many bytes of keys and values there are.
    fn live(&self) -> u64 {
        let folder = tempfile::tempdir().expect("a folder");
        let store = SledStore::open(folder.path()).expect("opened");
        let state = self.store.load(&room()).expect("read").expect("there");
        assert_eq!(state.record, self.record);
        let record = Write::Room { room: room(), record: Box::new(state.record) };
        store.commit(&[record, Write::Vcard { room: room(), value: state.vcard }]).expect("stored");
        store.written()
    }

    /// The store took never more than it may, and holds what it should.
    fn check(mut self, what: &str) {
        self.look();
        let live = self.live();
        println!("{what}: {live} bytes in it, {} on the disk at most", self.peak);
        assert!(self.peak <= 2 * live + CONSTANT_BYTES, "{what}: {} on the disk for {live}", self.peak);
        assert_eq!(std::fs::read_dir(self.folder.path().join("blobs")).expect("read").count(), 0, "{what}");
    }
}

#[test]
fn renames_of_a_large_room_leave_nothing_on_the_disk() {
    let mut bench = Bench::new();
    let mut most = 0;
    for n in 0..400 {
        most = most.max(bench.change(|record| record.config.name = text(n + 10, 4096)));
        if n % 10 == 0 {
            bench.look();
        }
    }
    assert!(most < 48 * 1024, "a rename writes the configuration and no more: {most}");
    bench.check("400 renames");
}

#[test]
fn hats_that_come_and_go_leave_nothing_on_the_disk() {
    let mut bench = Bench::new();
    let (mut most, uris) = (0, bench.record.hats.known.keys().cloned().collect::<Vec<_>>());
    for n in 0..2000 {
        let wearer = jid(&format!("wearer{}@example", n % 1000));
        let uri = &uris[(n % 1000 + 7 + n / 1000) % uris.len()];
        most = most.max(bench.change(|record| {
            let worn = record.hats.worn.entry(wearer).or_default();
            if !worn.remove(uri) {
                worn.insert(uri.clone());
            }
        }));
        if n % 50 == 0 {
            bench.look();
        }
    }
    assert!(most < 4096, "a hat writes what its wearer wears and no more: {most}");
    bench.check("2000 changes of hats");
}

#[test]
fn vcards_that_replace_each_other_leave_nothing_on_the_disk() {
    let mut bench = Bench::new();
    for n in 0..500 {
        let size = if n % 2 == 0 { 250_000 } else { 100_000 };
        let note = format!("<vCard xmlns='vcard-temp'><NOTE>{}</NOTE></vCard>", text(n, size));
        let vcard = Vcard::read(&note.parse().expect("xml")).expect("a vCard").map(Arc::new);
        bench.commit(&[Write::Vcard { room: room(), value: vcard.clone() }]);
        if n % 10 == 0 {
            bench.look();
            assert_eq!(bench.store.load(&room()).expect("read").expect("there").vcard, vcard);
        }
    }
    bench.check("500 vCards");
}

#[test]
fn affiliations_of_accounts_with_long_addresses_make_no_files() {
    let mut bench = Bench::new();
    let mut live = 0;
    for n in 0..3000 {
        let account = format!("{n}{}@{}example", "x".repeat(1000), "d.".repeat(100));
        let write = Write::Affiliation {
            room: room(),
            jid: jid(&account),
            value: Some(Affiliated::new(Affiliation::Member)),
        };
        live += bench.commit(&[write]);
    }
    bench.look();
    assert_eq!(std::fs::read_dir(bench.folder.path().join("blobs")).expect("read").count(), 0);
    assert!(bench.peak <= 2 * (live + bench.live()) + CONSTANT_BYTES, "{} for {live}", bench.peak);
    let state = bench.store.load(&room()).expect("read").expect("there");
    assert_eq!(state.affiliations.len(), 3000);
}

#[test]
fn a_start_needs_the_list_of_rooms_and_nothing_else() {
    const ROOMS: usize = 3000;
    let folder = tempfile::tempdir().expect("a folder");
    let store = SledStore::open(folder.path()).expect("opened");
    let long = "n".repeat(200);
    let name =
        |n: usize| jid(&format!("{}room{n}@muc.example", if n.is_multiple_of(2) { "" } else { &long }));
    let small =
        RoomRecord::new(jiff::Timestamp::UNIX_EPOCH, Config { persistent: true, ..Config::default() });
    let write = |n| Write::Room { room: name(n), record: Box::new(small.clone()) };
    store.commit(&(0..ROOMS).map(write).collect::<Vec<_>>()).expect("stored");
    let parts = store.written();
    store.commit(&[Write::Room { room: room(), record: Box::new(largest()) }]).expect("stored");
    drop(store);
    {
        let db = (0..100).find_map(|_| {
            // Threads of the database that was just closed may hold its file a little longer.
            std::thread::sleep(std::time::Duration::from_millis(20));
            sled::open(folder.path()).ok()
        });
        let db = db.expect("opened as it is");
        let listed = db.open_tree("listed").expect("a tree");
        let bytes = listed.iter().map(|pair| pair.map(|(key, value)| key.len() + value.len()).expect("read"));
        let (all, most) = bytes.fold((0, 0), |(all, most), bytes| (all + bytes, most.max(bytes)));
        assert!(all as u64 * 2 < parts && most <= 2048, "{all} of {parts}, {most} of one");
        db.open_tree("parts").expect("a tree").clear().expect("cleared");
        db.flush().expect("flushed");
    }
    let store = SledStore::open(folder.path()).expect("opened");
    let mut found = BTreeSet::new();
    let damaged = store.each_room(&mut |room, listed| {
        assert!(listed.persistent);
        found.insert(room);
    });
    assert_eq!(damaged, Ok(0));
    let expected: BTreeSet<_> = (0..ROOMS).map(name).chain([room()]).collect();
    assert!(found == expected, "every room is met once");
}

/// So many members of a room, written as many at a time as a portion has.
fn members(store: &SledStore, room: &BareJid, count: usize) {
    let all: Vec<usize> = (0..count).collect();
    for some in all.chunks(1000) {
        let member = |n: &usize| Write::Affiliation {
            room: room.clone(),
            jid: jid(&format!("m{n}@e.example")),
            value: Some(Affiliated::new(Affiliation::Member)),
        };
        store.commit(&some.iter().map(member).collect::<Vec<_>>()).expect("stored");
    }
}

#[test]
fn members_of_a_destroyed_room_leave_nothing_on_the_disk() {
    let mut bench = Bench::new();
    let large = jid("large@muc.example");
    members(&bench.store, &large, 60_000);
    bench.commit(&[Write::Forget { room: large.clone() }]);
    while bench.store.has_rest(&large).expect("read") {
        bench.commit(&[Write::Sweep { room: large.clone() }]);
    }
    bench.look();
    // The end of the file is cut off when more is written: some of it may stay until then.
    println!("60,000 members destroyed: {} on the disk", bench.peak);
    assert!(bench.peak <= 2 * bench.live() + 2 * CONSTANT_BYTES, "{} on the disk", bench.peak);
}

#[test]
fn vcards_that_change_beside_much_that_stays_leave_little_on_the_disk() {
    let (mut bench, still) = (Bench::new(), jid("still@muc.example"));
    members(&bench.store, &still, 100_000);
    for n in 0..600 {
        let note = format!("<vCard xmlns='vcard-temp'><NOTE>{}</NOTE></vCard>", text(n, 100_000));
        let vcard = Vcard::read(&note.parse().expect("xml")).expect("a vCard").map(Arc::new);
        bench.commit(&[Write::Vcard { room: room(), value: vcard }]);
        if n % 50 == 0 {
            bench.look();
        }
    }
    bench.look();
    // Small records take more on the disk than their bytes: what stays is measured as it is when nothing else was written.
    let alone = tempfile::tempdir().expect("a folder");
    members(&SledStore::open(alone.path()).expect("opened"), &still, 100_000);
    let live = on_disk(alone.path()) + bench.live();
    println!("600 vCards beside 100,000 members: {live} bytes live, {} on the disk at most", bench.peak);
    assert!(bench.peak <= 2 * live, "{} on the disk for {live}", bench.peak);
}
