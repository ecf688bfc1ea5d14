//! What needs the inside: changes that were refused and are found again, damaged records, other layouts.

use std::sync::atomic::{AtomicU64, Ordering};

use ::fjall::AbstractTree;

use super::*;
use crate::room::archive::{By, Place, Query, Said, With};
use crate::store::FjallArchive;
use crate::store::engine::Steps;
use crate::store::engine::fjall::HELD_BYTES_MAX;
use crate::store::engine::tests::{Disk, Faulty};
use crate::wire::jid::{BareJid, Jid, Party};

static CLOCK: AtomicU64 = AtomicU64::new(1_800_000_000_000_000);

fn open(path: &Path) -> FjallArchive {
    FjallArchive::open(path, Durability::Strict, Duration::from_secs(1), 1 << 20).expect("opened")
}

fn archive() -> ArchiveId {
    ArchiveId("one".to_owned())
}

fn append(id: &str) -> Change {
    let at = CLOCK.fetch_add(1, Ordering::Relaxed).cast_signed();
    let message = "<message xmlns='jabber:client' from='r@muc.example/n' id='x' type='groupchat'><body>b</body></message>";
    Change::Append {
        archive: archive(),
        entry: Arc::new(Entry {
            id: id.to_owned(),
            at: Timestamp::from_microsecond(at).expect("a time"),
            account: Some(BareJid::parse("a@example").expect("an address")),
            message: message.parse().expect("xml"),
            shown: false,
            original: None,
        }),
    }
}

fn ids<E: Engine>(archive_: &Messages<E>) -> Vec<String> {
    let query = Query { place: Place::Last, max: 100, ..Query::default() };
    match archive_.answer(&archive(), &Question::Page(query)).expect("read") {
        Answer::Page(page) => {
            let ids: Vec<_> = page.entries.into_iter().map(|entry| entry.id).collect();
            assert_eq!(page.count, Some(ids.len() as u64), "{ids:?}");
            ids
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_page_of_large_messages_ends_early_and_the_next_one_goes_on() {
    // 313-14, 313-18, 313-22
    let folder = tempfile::tempdir().expect("a folder");
    let archive_ = open(folder.path());
    let text = "b".repeat(512 * 1024);
    let names: Vec<String> = (0..10).map(|n| format!("m{n}")).collect();
    for name in &names {
        let Change::Append { archive, entry } = append(name) else { panic!("just made") };
        let mut entry = Arc::unwrap_or_clone(entry);
        entry.message.children_mut().next().expect("a body").append_text_node(&text);
        archive_.commit(&[Change::Append { archive, entry: Arc::new(entry) }]).expect("stored");
    }
    let page = |place, ids: &[String]| {
        let query = Query { place, ids: ids.to_vec(), max: 500, ..Query::default() };
        match archive_.answer(&archive(), &Question::Page(query)).expect("read") {
            Answer::Page(page) => page,
            other => panic!("{other:?}"),
        }
    };
    for chosen in [&[][..], &names] {
        let (mut forward, mut place) = (Vec::new(), Place::First);
        let (mut backward, mut from) = (Vec::new(), Place::Last);
        for _ in 0..3 {
            let next = page(place, chosen);
            assert_eq!((next.count, next.index), (Some(10), Some(forward.len() as u64)));
            forward.extend(next.entries.iter().map(|entry| entry.id.clone()));
            assert_eq!(next.complete, forward.len() == names.len());
            place = Place::After(forward.last().expect("some").clone());
            let before = page(from, chosen);
            backward.splice(0..0, before.entries.iter().map(|entry| entry.id.clone()));
            from = Place::Before(backward.first().expect("some").clone());
        }
        assert_eq!((&forward, &backward), (&names, &names), "four, four and two");
    }
    let mut newest = Vec::new();
    let each = &mut |entry: Entry| {
        newest.push(entry.id);
        true
    };
    archive_.newest(&archive(), each).expect("read");
    newest.reverse();
    assert_eq!(newest, names);
}

#[test]
fn what_is_passed_over_for_what_was_said_is_bounded_in_bytes() {
    // 425-4
    let folder = tempfile::tempdir().expect("a folder");
    let archive_ = open(folder.path());
    let text = "b".repeat(2 * 1024 * 1024);
    for n in 0..10 {
        let Change::Append { archive, entry } = append(&n.to_string()) else { panic!("just made") };
        let mut entry = Arc::unwrap_or_clone(entry);
        entry.message.children_mut().next().expect("a body").append_text_node(&text);
        archive_.commit(&[Change::Append { archive, entry: Arc::new(entry) }]).expect("stored");
    }
    let by = Party::named(&Jid::parse("other.example").expect("an address"));
    let asked = |looked_max| {
        let query = Query {
            said: Some(Box::new(Said { by: By::Party(by.clone()), looked_max })),
            place: Place::Last,
            max: 100,
            ..Query::default()
        };
        let before = layout::DECODED.get();
        match archive_.answer(&archive(), &Question::Page(query)).expect("read") {
            Answer::Page(page) => (page.entries.len(), page.complete, layout::DECODED.get() - before),
            other => panic!("{other:?}"),
        }
    };
    // Sixteen of twenty megabytes, of which none is read: others said it.
    assert_eq!(asked(100), (0, false, 0));
    assert_eq!(asked(3), (0, false, 0));
}

#[test]
fn what_is_read_and_passed_over_for_what_was_said_is_bounded_in_memory() {
    // 425-4
    let folder = tempfile::tempdir().expect("a folder");
    let archive_ = open(folder.path());
    let Change::Append { archive: of, entry } = append("1") else { panic!("just made") };
    let by = entry.account.clone().expect("an account");
    let inside = "<body start='0' end='1'/>".repeat(7);
    let takes_back = format!(
        "<message xmlns='jabber:client' type='groupchat' from='r@muc.example/n'>\
         <retract xmlns='urn:xmpp:message-retract:1' id='nothing'/>\
         <fallback xmlns='urn:xmpp:fallback:0'>{inside}</fallback></message>"
    );
    let message: minidom::Element = takes_back.parse().expect("xml");
    let at = |n: usize| entry.at + jiff::SignedDuration::from_secs(n as i64);
    let entries = (0..2500).map(|n| Entry {
        id: n.to_string(),
        at: at(n),
        message: message.clone(),
        ..(*entry).clone()
    });
    let changes: Vec<Change> =
        entries.map(|entry| Change::Append { archive: of.clone(), entry: Arc::new(entry) }).collect();
    archive_.commit(&changes).expect("stored");
    let each = crate::wire::size::of(&message);
    assert!(each < 16 << 10 && 2500 * each > 20 << 20, "{each}");
    let said = Said { by: By::Party(Party::named(by.as_jid())), looked_max: 20_000 };
    let query = Query { said: Some(Box::new(said)), place: Place::Last, max: 100, ..Query::default() };
    let before = layout::DECODED.get();
    let answer = archive_.answer(&of, &Question::Page(query)).expect("read");
    let read = layout::DECODED.get() - before;
    let Answer::Page(page) = answer else { panic!("{answer:?}") };
    assert!(page.entries.is_empty() && !page.complete);
    assert!((2..=(16 << 20) / each + 1).contains(&read), "{read}");
}

// 45-14.6-a
#[test]
fn only_the_messages_of_a_page_are_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let archive_ = open(folder.path());
    archive_.commit(&["1", "2", "3"].map(append)).expect("stored");
    let asked = |query: Query| {
        let before = layout::DECODED.get();
        match archive_.answer(&archive(), &Question::Page(query)).expect("read") {
            Answer::Page(page) => (page.count, page.entries.len(), layout::DECODED.get() - before),
            other => panic!("{other:?}"),
        }
    };
    let ids = vec!["2".to_owned(); 500];
    let query = Query { ids, ..Query::default() };
    assert_eq!(asked(query.clone()), (Some(1), 0, 0), "one, named 500 times");
    for (account, count) in [("a@example", 1), ("b@example", 0)] {
        let with = Some(With::Account(BareJid::parse(account).expect("an address")));
        assert_eq!(asked(Query { with, ..query.clone() }), (Some(count), 0, 0));
    }
    assert_eq!(asked(Query { max: 5, ..query }), (Some(1), 1, 1));
    assert_eq!(asked(Query::default()), (Some(3), 0, 0));
    assert_eq!(asked(Query { max: 2, ..Query::default() }), (Some(3), 2, 2));
    assert_eq!(
        asked(Query { max: 1, place: Place::Before("3".to_owned()), ..Query::default() }),
        (Some(3), 1, 1)
    );
    // Looking back reads nothing by itself.
    let (before, mut seen) = (layout::DECODED.get(), 0);
    let mut look = |message: &dyn Glimpse| {
        seen += usize::from(message.may_hold("body") && !message.may_hold("html"));
        true
    };
    archive_.look_back(&archive(), &mut look).expect("read");
    assert_eq!((seen, layout::DECODED.get() - before), (3, 0));
}

#[test]
fn what_is_held_in_memory_is_bounded_and_becomes_files_together() {
    let folder = tempfile::tempdir().expect("a folder");
    let archive_ = open(folder.path());
    let text = "b".repeat(256 * 1024);
    for n in 0..100 {
        let Change::Append { archive, entry } = append(&format!("m{n}")) else { panic!("just made") };
        let mut entry = Arc::unwrap_or_clone(entry);
        entry.message.children_mut().next().expect("a body").append_text_node(&text);
        archive_.commit(&[Change::Append { archive, entry: Arc::new(entry) }]).expect("stored");
        let held = archive_.inner.engine.if_sound(Fjall::held);
        assert!((1..HELD_BYTES_MAX + 300 * 1024).contains(&held), "{held} bytes");
    }
    let have_files =
        |database: &Fjall| database.keyspaces().iter().all(|keyspace| keyspace.tree.table_count() > 0);
    for _ in 0..1000 {
        if archive_.inner.engine.if_sound(have_files) {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("a keyspace has no file after 25 MiB");
}

impl FjallArchive {
    /// Puts steps into the engine, past the archive.
    fn put(&self, steps: Steps) {
        self.inner.engine.change(true, |_| Ok(((), steps))).expect("written");
    }

    fn tamper(&self, id: &str, f: impl FnOnce(&mut Vec<u8>)) {
        let tampered = self.inner.engine.read(|view| {
            let position = view.get(Table::Ids, &layout::id_key(0, id))?.expect("there");
            let key = layout::message_key(0, layout::number(&position, 0).expect("a position"));
            let mut value = view.get(Table::Messages, &key)?.expect("there").to_vec();
            f(&mut value);
            Ok(((Table::Messages, key), Some(value)))
        });
        self.put([tampered.expect("read")].into());
    }
}

#[test]
fn a_commit_after_a_refused_one_stands_on_what_was_acknowledged() {
    let temp = tempfile::tempdir().expect("a folder");
    let path = temp.path().join("archive");
    let disk = Arc::new(Disk::default());
    let store = {
        let place = (fjall::Place::new(&path, 1 << 20), disk.clone());
        Messages::on(Recovering::<Faulty<Fjall>>::open(place).expect("opened"), true)
    };
    store.commit(&[append("1"), append("2")]).expect("stored");
    let refused = [
        vec![append("3"), append("4")],
        vec![Change::Forget { archive: archive() }],
        vec![Change::Withdraw { archive: archive(), id: "2".to_owned() }],
        vec![Change::Forget { archive: archive() }, append("5")],
    ];
    for changes in refused {
        disk.loses.store(true, Ordering::SeqCst);
        assert!(store.commit(&changes).is_err());
        disk.loses.store(false, Ordering::SeqCst);
        assert_eq!(ids(&store), ["1", "2"], "{changes:?}");
        store.commit(&[]).expect("opened again");
        assert_eq!(ids(&store), ["1", "2"], "{changes:?}");
    }
    store.commit(&[append("7")]).expect("stored");
    assert_eq!(ids(&store), ["1", "2", "7"]);
    drop(store);
    assert_eq!(ids(&open(&path)), ["1", "2", "7"]);
}

#[test]
fn a_damaged_record_costs_that_record() {
    let temp = tempfile::tempdir().expect("a folder");
    let path = temp.path().join("archive");
    let damages: [fn(&mut Vec<u8>); 4] = [
        |value| value[0] = 9,
        |value| value.truncate(20),
        |value| {
            let end = value.len() - 12;
            value[end] = b'<';
        },
        Vec::clear,
    ];
    for damage in damages {
        let store = open(&path);
        store.commit(&[append("1"), append("2"), append("3")]).expect("stored");
        store.tamper("2", damage);
        let all = |place| Query { place, max: 100, ..Query::default() };
        let page = |query| match store.answer(&archive(), &Question::Page(query)).expect("read") {
            Answer::Page(page) => page.entries.into_iter().map(|entry| entry.id).collect::<Vec<_>>(),
            other => panic!("{other:?}"),
        };
        assert_eq!(page(all(Place::First)), ["1", "3"]);
        assert_eq!(page(all(Place::Last)), ["1", "3"]);
        assert_eq!(page(all(Place::After("2".to_owned()))), ["3"]);
        let mut newest = Vec::new();
        store
            .newest(&archive(), &mut |entry| {
                newest.push(entry.id);
                true
            })
            .expect("read");
        assert_eq!(newest, ["3", "1"]);
        store.tamper("3", damage);
        drop(store);
        // Also at the end, where the next message is counted on.
        let store = open(&path);
        store.commit(&[append("4")]).expect("stored");
        assert_eq!(page_count(&store), 4);
        store.commit(&[Change::Forget { archive: archive() }]).expect("stored");
        while store.sweep(2).expect("swept") > 0 {}
        drop(store);
        std::fs::remove_dir_all(&path).expect("removed");
    }
}

fn page_count(store: &FjallArchive) -> u64 {
    let query = Query { max: 0, ..Query::default() };
    match store.answer(&archive(), &Question::Page(query)).expect("read") {
        Answer::Page(page) => page.count.expect("counted"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_a_newer_version_wrote_is_refused() {
    let temp = tempfile::tempdir().expect("a folder");
    let path = temp.path().join("archive");
    {
        let store = open(&path);
        let format = ((Table::Archives, layout::FORMAT_KEY.to_vec()), Some(vec![layout::FORMAT + 1]));
        store.put([format].into());
    }
    let refused = FjallArchive::open(&path, Durability::Strict, Duration::from_secs(1), 1 << 20);
    let text = refused.err().expect("refused").to_string();
    assert!(text.contains("newer version"), "{text}");
}

#[test]
fn nothing_is_left_of_what_was_purged_and_swept() {
    let temp = tempfile::tempdir().expect("a folder");
    let store = open(&temp.path().join("archive"));
    let keys = || {
        let count = |table| store.inner.engine.read(|view| Ok(view.under(table, &[]).count())).expect("read");
        [Table::Messages, Table::Ids, Table::Index, Table::Archives].map(count)
    };
    let purge = |before, most, step| store.purge(&archive(), before, most, step).expect("purged").messages;
    let before = keys();
    let many: Vec<_> = (0..30).map(|n| append(&n.to_string())).collect();
    store.commit(&many).expect("stored");
    store.commit(&[Change::Withdraw { archive: archive(), id: "7".to_owned() }]).expect("stored");
    assert_eq!(purge(Timestamp::MAX, u64::MAX, 10), 10);
    assert_eq!(purge(Timestamp::MIN, 12, 100), 7);
    assert_eq!(ids(&store).len(), 12);
    store.commit(&[Change::Withdraw { archive: archive(), id: "25".to_owned() }]).expect("stored");
    store.commit(&[Change::Forget { archive: archive() }, append("new")]).expect("stored");
    assert_eq!(ids(&store), ["new"]);
    let mut steps = 0;
    while store.sweep(4).expect("swept") > 0 {
        steps += 1;
        assert!(steps < 10);
    }
    assert_eq!(steps, 3);
    assert_eq!(ids(&store), ["new"]);
    assert_eq!(purge(Timestamp::MAX, u64::MAX, 10), 1);
    // All but the number that the next archive gets.
    assert_eq!(keys(), [before[0], before[1], before[2], before[3] + 1]);
}

#[test]
fn the_folder_is_for_its_owner_alone_and_a_first_opening_may_be_cut_short() {
    use std::os::unix::fs::PermissionsExt;
    let temp = tempfile::tempdir().expect("a folder");
    let path = temp.path().join("archive");
    std::fs::create_dir_all(path.join("keyspaces/0")).expect("made");
    std::fs::write(path.join("0.jnl"), [0; 100]).expect("written");
    std::fs::write(path.join("lock"), "").expect("written");
    let store = open(&path);
    store.commit(&[append("1")]).expect("stored");
    assert_eq!(ids(&store), ["1"]);
    drop(store);
    let fresh = temp.path().join("fresh");
    drop(open(&fresh));
    assert_eq!(std::fs::metadata(&fresh).expect("made").permissions().mode() & 0o777, 0o700);
}

#[test]
fn with_an_interval_what_was_said_is_there_after_closing() {
    let temp = tempfile::tempdir().expect("a folder");
    let path = temp.path().join("archive");
    let store = FjallArchive::open(&path, Durability::Interval, Duration::from_millis(10), 1 << 20);
    let store = store.expect("opened");
    for n in 0..5 {
        store.commit(&[append(&n.to_string())]).expect("stored");
        std::thread::sleep(Duration::from_millis(7));
    }
    drop(store);
    assert_eq!(ids(&open(&path)), ["0", "1", "2", "3", "4"]);
}
