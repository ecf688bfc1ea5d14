//! The archive on disk does what the one in memory says, and keeps what it acknowledged when the process is killed or
//! the disk is full.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use conclave::config::Durability;
use conclave::room::archive::{
    Answer, ArchiveId, By, Change, Entry, Place, Query, Question, Retraction, Said, Target, With,
};
use conclave::store::FjallArchive;
use conclave::store::{LocalArchive, Size};
use conclave::wire::jid::{Account, BareJid, Jid, Party};
use jiff::Timestamp;
use proptest::collection::vec;
use proptest::prelude::*;

use full_disk::limit_files;
use model::Model;

#[path = "store/full_disk.rs"]
mod full_disk;
#[path = "archive/model.rs"]
mod model;

const ROUNDS: u32 = 20;

/// What a message says that only takes something back.
const RETRACTS: u8 = 5;

/// Set for the process that is killed, or whose disk is full: the folder of its archive.
const FOLDER: &str = "CONCLAVE_TEST_ARCHIVE";

/// The time of the first message.
const BEGIN_US: i64 = 1_800_000_000_000_000;

fn open(path: &Path, durability: Durability) -> FjallArchive {
    FjallArchive::open(path, durability, Duration::from_millis(20), 1 << 20).expect("opened")
}

fn at(us: i64) -> Timestamp {
    Timestamp::from_microsecond(BEGIN_US + us).expect("a time")
}

fn account(n: u8) -> BareJid {
    BareJid::parse(&format!("account{n}@example")).expect("an address")
}

fn occupant(n: u8) -> Jid {
    Jid::parse(&format!("r@muc.example/Nick {n}")).expect("an address")
}

/// The occupant id of an account; that of the room, which has none, is no account's.
fn occupant_id(sender: Option<u8>) -> String {
    sender.map_or("nobody".to_owned(), |n| format!("occupant{n}"))
}

/// A message of an account under a nick, with an id of its sender's. Some of them only take something back.
fn entry(id: &str, us: i64, sender: Option<u8>, nick: u8, said: u8) -> Entry {
    let from = occupant(nick);
    let what = match said {
        RETRACTS => "<retract xmlns='urn:xmpp:message-retract:1' id='nothing'/>".to_owned(),
        _ => format!(
            "<body>what {id} says &lt;&amp;&#10;</body><x xmlns='urn:x' xmlns:p='urn:p' p:k='v'><y/> </x>"
        ),
    };
    let message = format!(
        "<message xmlns='jabber:client' type='groupchat' from='{from}' id='said{said}' xml:lang='de'>{what}\
         <origin-id xmlns='urn:xmpp:sid:0' id='origin{}'/><occupant-id xmlns='urn:xmpp:occupant-id:0' id='{}'/></message>",
        said % 3,
        occupant_id(sender),
    );
    Entry {
        id: id.to_owned(),
        at: at(us),
        account: sender.map(account),
        message: message.parse().expect("xml"),
        shown: us % 3 == 0,
        original: None,
    }
}

/// One step of a story. Numbers stand for what is there by then.
#[derive(Clone, Debug)]
enum Step {
    Append { archive: u8, later_us: u16, sender: Option<u8>, nick: u8, said: u8 },
    Retract { archive: u8, target: u8, keep: bool },
    RetractOf { archive: u8, sender: u8, said: u8 },
    Withdraw { archive: u8, target: u8, with_all_after: bool },
    Forget { archive: u8 },
    Purge { archive: u8, before: u8, messages_max: u8, step_max: u8 },
    Trim { archive: u8, bytes: u16, step_max: u8 },
    Sweep,
    Reopen,
    Count { archive: u8, step_max: u8 },
}

fn step() -> impl Strategy<Value = Step> {
    let append = (0..2_u8, 1..3000_u16, proptest::option::weighted(0.9, 0..3_u8), 0..3_u8, 0..6_u8).prop_map(
        |(archive, later_us, sender, nick, said)| Step::Append { archive, later_us, sender, nick, said },
    );
    let archive = || 0..2_u8;
    prop_oneof![
        40 => append,
        3 => (archive(), any::<u8>(), any::<bool>())
            .prop_map(|(archive, target, keep)| Step::Retract { archive, target, keep }),
        3 => (archive(), 0..3_u8, 0..8_u8)
            .prop_map(|(archive, sender, said)| Step::RetractOf { archive, sender, said }),
        3 => (archive(), any::<u8>(), any::<bool>())
            .prop_map(|(archive, target, with_all_after)| Step::Withdraw { archive, target, with_all_after }),
        1 => archive().prop_map(|archive| Step::Forget { archive }),
        2 => (archive(), any::<u8>(), 0..30_u8, 1..8_u8).prop_map(|(archive, before, messages_max, step_max)| {
            Step::Purge { archive, before, messages_max, step_max }
        }),
        1 => (archive(), 0..3000_u16, 1..5_u8)
            .prop_map(|(archive, bytes, step_max)| Step::Trim { archive, bytes, step_max }),
        1 => Just(Step::Sweep),
        1 => Just(Step::Reopen),
        3 => (archive(), 1..9_u8).prop_map(|(archive, step_max)| Step::Count { archive, step_max }),
    ]
}

/// A question, in which numbers stand for messages that were ever there.
#[derive(Clone, Debug)]
struct Ask {
    archive: u8,
    with: Option<(u8, u8)>,
    said: Option<(u8, usize)>,
    start: Option<u8>,
    end: Option<u8>,
    after_id: Option<u8>,
    before_id: Option<u8>,
    ids: Vec<u8>,
    place: (u8, u8, Option<u8>),
    max: usize,
    off_us: i16,
}

fn ask() -> impl Strategy<Value = Ask> {
    let maybe = |weight| proptest::option::weighted(weight, any::<u8>());
    let ids = prop_oneof![5 => Just(Vec::new()), 1 => vec(any::<u8>(), 1..4)];
    let with = proptest::option::weighted(0.4, (0..3_u8, 0..4_u8));
    let said = proptest::option::weighted(0.3, (0..12_u8, 0..12_usize));
    (
        0..3_u8,
        with,
        said,
        maybe(0.2),
        maybe(0.2),
        maybe(0.1),
        maybe(0.1),
        ids,
        (0..6_u8, any::<u8>(), maybe(0.5)),
        0..12_usize,
        -2..3_i16,
    )
        .prop_map(|(archive, with, said, start, end, after_id, before_id, ids, place, max, off_us)| {
            Ask { archive, with, said, start, end, after_id, before_id, ids, place, max, off_us }
        })
}

/// The two archives side by side, and what is to be known for telling a story.
struct Pair<'a> {
    path: &'a Path,
    disk: Option<FjallArchive>,
    memory: Model,
    /// Tells the archives of one story from those of another.
    story: u32,
    now_us: i64,
    /// Ids and times of all messages that ever were, of all archives.
    said: Vec<(String, i64)>,
    /// How far archives were counted.
    counted: BTreeMap<ArchiveId, Size>,
}

impl Pair<'_> {
    fn id(&self, archive: u8) -> ArchiveId {
        ArchiveId(format!("{}-{archive}", self.story))
    }

    fn disk(&self) -> &FjallArchive {
        self.disk.as_ref().expect("open")
    }

    fn said(&self, n: u8) -> (String, i64) {
        let all = self.said.len().max(1);
        self.said.get(usize::from(n) % all).cloned().unwrap_or(("nothing".to_owned(), 0))
    }

    fn commit(&self, changes: &[Change]) {
        self.disk().commit(changes).expect("stored");
        self.memory.commit(changes).expect("stored");
    }

    fn retract(&self, archive: u8, target: Target, keep_original: bool) {
        let retracted = "<retracted xmlns='urn:xmpp:message-retract:1' id='r'/>".parse().expect("xml");
        let retraction = Retraction { target, retracted, keep_original };
        self.commit(&[Change::Retract { archive: self.id(archive), retraction }]);
    }

    fn take(&mut self, step: &Step) {
        match *step {
            Step::Append { archive, later_us, sender, nick, said } => {
                self.now_us += i64::from(later_us);
                let id = format!("id{}", self.said.len());
                let entry = Arc::new(entry(&id, self.now_us, sender, nick, said));
                self.said.push((id, self.now_us));
                self.commit(&[Change::Append { archive: self.id(archive), entry }]);
            }
            Step::Retract { archive, target, keep } => {
                self.retract(archive, Target::Id(self.said(target).0), keep);
            }
            Step::RetractOf { archive, sender, said } => {
                let id = if said < 6 { format!("said{said}") } else { format!("origin{}", said % 3) };
                self.retract(archive, Target::Of(account(sender), id), false);
            }
            Step::Withdraw { archive, target, with_all_after } => {
                let (id, us) = self.said(target);
                let after = self.said.iter().filter(|(_, at)| with_all_after && *at > us);
                let all: Vec<_> = std::iter::once(&id).chain(after.map(|(id, _)| id)).cloned().collect();
                let withdraw = |id| Change::Withdraw { archive: self.id(archive), id };
                self.commit(&all.into_iter().map(withdraw).collect::<Vec<_>>());
            }
            Step::Forget { archive } => self.commit(&[Change::Forget { archive: self.id(archive) }]),
            Step::Purge { archive, before, messages_max, step_max } => {
                let before = at(self.said(before).1);
                let purge = |of: &dyn LocalArchive| {
                    of.purge(&self.id(archive), before, messages_max.into(), step_max.into()).expect("purged")
                };
                assert_eq!(purge(self.disk()), purge(&self.memory));
            }
            Step::Trim { archive, bytes, step_max } => {
                let trim = |of: &dyn LocalArchive| {
                    of.trim(&self.id(archive), bytes.into(), step_max.into()).expect("trimmed")
                };
                assert_eq!(trim(self.disk()), trim(&self.memory));
            }
            Step::Sweep => {
                self.disk().sweep(3).expect("swept");
            }
            Step::Reopen => {
                self.disk = None;
                self.disk = Some(open(self.path, Durability::Interval));
                self.counted.clear();
            }
            Step::Count { archive, step_max } => {
                let id = self.id(archive);
                let so_far = self.counted.remove(&id).unwrap_or_default();
                if let Some(size) = self.disk().count_bytes(&id, so_far, step_max.into()).expect("counted") {
                    self.counted.insert(id, size);
                }
            }
        }
    }

    fn query(&self, ask: &Ask) -> Query {
        let id = |n: &Option<u8>| n.map(|n| self.said(n).0);
        let time = |n: &Option<u8>| n.map(|n| at(self.said(n).1 + i64::from(ask.off_us)));
        let anchor = self.said(ask.place.1).0;
        Query {
            with: ask.with.map(|(kind, n)| match kind {
                0 => With::Account(account(n)),
                1 => With::Shown(account(n)),
                _ => With::Occupant(occupant(n)),
            }),
            said: ask.said.map(|(n, looked_max)| {
                let domain = || Party::named(&Jid::parse("example").expect("an address"));
                let by = match n {
                    0..3 => By::Party(Account::of(&account(n)).into()),
                    3 => By::Party(domain()),
                    4..8 => By::Occupant(occupant(n - 4)),
                    _ => By::Id(occupant_id(Some(n - 8))),
                };
                Box::new(Said { by, looked_max })
            }),
            start: time(&ask.start),
            end: time(&ask.end),
            after_id: id(&ask.after_id).map(Into::into),
            before_id: id(&ask.before_id).map(Into::into),
            ids: ask.ids.iter().map(|n| self.said(*n).0).collect(),
            place: match ask.place.0 {
                0 => Place::First,
                1 => Place::Last,
                2 => Place::After(anchor),
                3 => Place::Between(anchor.into(), id(&ask.place.2).map(Into::into)),
                4 => Place::At(usize::from(ask.place.1) % 40),
                _ => Place::Before(anchor),
            },
            max: ask.max,
        }
    }

    fn compare(&self, ask: &Ask) {
        let archive = self.id(ask.archive);
        for question in [Question::Page(self.query(ask)), Question::Ends] {
            let answers =
                [&self.memory as &dyn LocalArchive, self.disk()].map(|a| a.answer(&archive, &question));
            let [memory, disk] = answers.map(|answer| answer.expect("read"));
            assert_eq!(disk, memory, "{question:?}");
        }
    }

    fn compare_all(&self) {
        let newest = |of: &dyn LocalArchive, archive, most| {
            let mut newest = Vec::new();
            of.newest(&self.id(archive), &mut |entry| {
                newest.push(entry);
                newest.len() < most
            })
            .expect("read");
            newest
        };
        for archive in 0..3 {
            for most in [1, 7, 1000] {
                let [memory, disk] =
                    [&self.memory as &dyn LocalArchive, self.disk()].map(|a| newest(a, archive, most));
                assert_eq!(disk, memory);
            }
        }
        for id in (0..3).map(|archive| self.id(archive)) {
            // On from where it was counted, in portions, the last of which says that it is one.
            let (mut size, mut disk) = (self.counted.get(&id).copied().unwrap_or_default(), None);
            while let Some(next) = self.disk().count_bytes(&id, size, 3).expect("read") {
                (size, disk) = (next, Some(next.bytes));
                if size.whole {
                    break;
                }
            }
            let memory = self.memory.count_bytes(&id, Size::default(), 3).expect("read");
            assert_eq!(disk, memory.map(|size| size.bytes));
        }
        let story = format!("{}-", self.story);
        let all = |of: &dyn LocalArchive| {
            let mut all = Vec::new();
            of.each_archive(&mut |id| all.push(id)).expect("read");
            all.retain(|id| id.0.starts_with(&story));
            all
        };
        assert_eq!(all(self.disk()), all(&self.memory));
    }
}

#[test]
fn the_archive_on_disk_answers_as_the_one_in_memory() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("archive");
    let story = std::cell::Cell::new(0);
    let stories = (vec((step(), ask()), 1..120), vec(ask(), 1..60));
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 60,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let told = runner.run(&stories, |(steps, asks)| {
        story.set(story.get() + 1);
        let disk = Some(open(&path, Durability::Interval));
        let memory = Model::default();
        let (story, said, counted) = (story.get(), Vec::new(), BTreeMap::new());
        let mut pair = Pair { path: &path, disk, memory, story, now_us: 0, said, counted };
        for (step, ask) in &steps {
            pair.take(step);
            pair.compare(ask);
        }
        asks.iter().for_each(|ask| pair.compare(ask));
        pair.compare_all();
        Ok(())
    });
    told.unwrap_or_else(|e| panic!("{e}"));
}

#[test]
fn many_changes_of_one_commit_are_seen_in_order() {
    let folder = tempfile::tempdir().expect("a folder");
    let disk = open(&folder.path().join("archive"), Durability::Strict);
    let archive = ArchiveId("one".to_owned());
    let append = |n: i64| Change::Append {
        archive: archive.clone(),
        entry: Arc::new(entry(&format!("id{n}"), n, Some(0), 0, 0)),
    };
    let withdraw = |n: i64| Change::Withdraw { archive: archive.clone(), id: format!("id{n}") };
    let retracted = || "<retracted xmlns='urn:xmpp:message-retract:1'/>".parse().expect("xml");
    let retract = |target| Change::Retract {
        archive: archive.clone(),
        retraction: Retraction { target, retracted: retracted(), keep_original: true },
    };
    let memory = Model::default();
    for changes in [
        vec![append(1), append(2), retract(Target::Of(account(0), "said0".to_owned())), append(3)],
        vec![withdraw(2), withdraw(3)],
        vec![append(4), withdraw(4), append(5), withdraw(1)],
        vec![withdraw(5)],
        vec![
            append(6),
            retract(Target::Id("id6".to_owned())),
            Change::Forget { archive: archive.clone() },
            append(7),
        ],
    ] {
        disk.commit(&changes).expect("stored");
        memory.commit(&changes).expect("stored");
        for place in [Place::First, Place::Last] {
            let question = Question::Page(Query { place, max: 2, ..Query::default() });
            let answers =
                [&disk as &dyn LocalArchive, &memory].map(|a| a.answer(&archive, &question).expect("read"));
            assert_eq!(answers[0], answers[1], "{changes:?}");
        }
    }
}

#[test]
fn messages_of_one_time_keep_their_order() {
    let folder = tempfile::tempdir().expect("a folder");
    let disk = open(&folder.path().join("archive"), Durability::Strict);
    let archive = ArchiveId("one".to_owned());
    for (n, us) in [5, 5, 4, 5, 900].into_iter().enumerate() {
        let entry = Arc::new(entry(&format!("id{n}"), us, None, 0, 0));
        disk.commit(&[Change::Append { archive: archive.clone(), entry }]).expect("stored");
    }
    let query = Query { max: 10, ..Query::default() };
    let Answer::Page(page) = disk.answer(&archive, &Question::Page(query)).expect("read") else {
        panic!("a page");
    };
    let found: Vec<_> = page.entries.iter().map(|e| (e.id.as_str(), e.at)).collect();
    assert_eq!(found, [("id0", at(5)), ("id1", at(6)), ("id2", at(7)), ("id3", at(8)), ("id4", at(900))]);
}

#[test]
fn a_message_is_found_again_however_long_its_attributes_are() {
    let folder = tempfile::tempdir().expect("a folder");
    let archive = ArchiveId("a".to_owned());
    let long = Entry {
        message: {
            let text = format!(
                "<message xmlns='jabber:client' from='{}' id='{}'><body k='{1}'>b</body></message>",
                occupant(0),
                "i".repeat(8_300)
            );
            conclave::wire::stream::read(&text).expect("xml")
        },
        original: Some(entry("o", 0, None, 0, 0).message),
        ..entry("long", 0, Some(0), 0, 0)
    };
    let change = Change::Append { archive: archive.clone(), entry: Arc::new(long.clone()) };
    open(folder.path(), Durability::Strict).commit(&[change]).expect("committed");
    let disk = open(folder.path(), Durability::Strict);
    let question = Question::Page(Query { ids: vec!["long".to_owned()], max: 1, ..Query::default() });
    let Answer::Page(page) = disk.answer(&archive, &question).expect("an answer") else { panic!("a page") };
    assert_eq!(page.entries, [long]);
}

/// A message that was purged is no place to page from: who comes back after long is told so, and begins anew.
// clients-page-b clients-check-r
#[test]
fn an_anchor_that_was_purged_is_not_found() {
    let folder = tempfile::tempdir().expect("a folder");
    let disk = open(&folder.path().join("archive"), Durability::Strict);
    let archive = ArchiveId("one".to_owned());
    for n in 0..20 {
        let entry = Arc::new(entry(&format!("id{n}"), n, Some(0), 0, 0));
        disk.commit(&[Change::Append { archive: archive.clone(), entry }]).expect("stored");
    }
    assert_eq!(disk.purge(&archive, at(10), u64::MAX, 500).expect("purged").messages, 10);
    for n in 0..20 {
        let id = format!("id{n}");
        for query in [
            Query { place: Place::After(id.clone()), max: 5, ..Query::default() },
            Query { place: Place::Before(id.clone()), max: 5, ..Query::default() },
            Query { after_id: Some(id.as_str().into()), max: 5, ..Query::default() },
            Query { before_id: Some(id.as_str().into()), max: 5, ..Query::default() },
            Query { ids: vec![id.clone()], max: 5, ..Query::default() },
        ] {
            let answer = disk.answer(&archive, &Question::Page(query)).expect("read");
            assert_eq!(answer == Answer::NoSuchId, n < 10, "{id}: {answer:?}");
        }
    }
}

/// `kill -9` in the middle of appending: what was acknowledged is there once and in order, and the archive opens.
#[test]
fn every_acknowledged_message_outlives_a_kill() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        return append_until_killed(Path::new(&folder));
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("archive");
    let mut acknowledged = 0;
    for round in 0..ROUNDS {
        let before = acknowledged;
        acknowledged = run_and_kill(&path).max(acknowledged);
        assert!(acknowledged > before, "round {round} has got something done");
        let begun = Instant::now();
        let disk = open(&path, Durability::Strict);
        assert!(begun.elapsed() < Duration::from_secs(10), "round {round}: opened at last");
        let ids = all_ids(&disk);
        let there = ids.len() as i64;
        // A message that was stored as the kill came is there without being acknowledged.
        assert!(there == acknowledged || there == acknowledged + 2, "round {round}: {acknowledged}, {there}");
        assert_eq!(ids, (1..=there).map(|n| format!("id{n}")).collect::<Vec<_>>(), "round {round}");
        acknowledged = there;
    }
    println!("{acknowledged} messages in {ROUNDS} rounds");
}

/// All ids, by paging backwards.
fn all_ids(disk: &FjallArchive) -> Vec<String> {
    let archive = ArchiveId("one".to_owned());
    let (mut pages, mut place) = (Vec::new(), Place::Last);
    loop {
        let question = Question::Page(Query { place, max: 50, ..Query::default() });
        let Answer::Page(page) = disk.answer(&archive, &question).expect("read") else { panic!("a page") };
        let Some(first) = page.entries.first() else { break };
        place = Place::Before(first.id.clone());
        let complete = page.complete;
        pages.push(page.entries.into_iter().map(|entry| entry.id).collect::<Vec<_>>());
        if complete {
            break;
        }
    }
    pages.into_iter().rev().flatten().collect()
}

/// Starts the process that appends, kills it after a while, and tells what it acknowledged last.
fn run_and_kill(path: &Path) -> i64 {
    let program = std::env::current_exe().expect("this program");
    let mut child = Command::new(program)
        .args(["every_acknowledged_message_outlives_a_kill", "--exact", "--nocapture"])
        .env(FOLDER, path)
        .stdout(Stdio::piped())
        .spawn()
        .expect("started");
    let out = BufReader::new(child.stdout.take().expect("piped"));
    let (sender, lines) = mpsc::channel();
    std::thread::spawn(move || {
        for line in out.lines().map_while(Result::ok) {
            // The last line may be cut; the test harness prints lines of its own.
            let Some(n) = line.strip_prefix("acknowledged ").and_then(|l| l.strip_suffix('.')) else {
                continue;
            };
            if sender.send(n.parse::<i64>().expect("a number")).is_err() {
                return;
            }
        }
    });
    let first = lines.recv_timeout(Duration::from_secs(20)).expect("a first acknowledgement");
    let ms = u64::from(getrandom::u32().expect("the system has random numbers") % 250);
    std::thread::sleep(Duration::from_millis(ms));
    child.kill().expect("killed");
    child.wait().expect("gone");
    lines.into_iter().last().unwrap_or(first)
}

/// The process that is killed. It ends by itself after a time in which it should have been killed.
fn append_until_killed(path: &Path) {
    let disk = open(path, Durability::Strict);
    let archive = ArchiveId("one".to_owned());
    let there = all_ids(&disk).len() as i64;
    let deadline = Instant::now() + Duration::from_secs(30);
    for n in (there + 1..).step_by(2) {
        assert!(Instant::now() < deadline, "nobody killed this process");
        // Two at a time, of which there are both or none.
        let append = |n: i64| Change::Append {
            archive: archive.clone(),
            entry: Arc::new(entry(&format!("id{n}"), n, Some(0), 0, 0)),
        };
        disk.commit(&[append(n), append(n + 1)]).expect("stored");
        let mut out = std::io::stdout().lock();
        writeln!(out, "acknowledged {}.", n + 1).and_then(|()| out.flush()).expect("written");
    }
}

#[test]
fn a_full_disk_refuses_messages_keeps_what_was_acknowledged_and_recovers() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        return full_disk(Path::new(&folder));
    }
    let folder = tempfile::tempdir().expect("a folder");
    let name = "a_full_disk_refuses_messages_keeps_what_was_acknowledged_and_recovers";
    full_disk::run(name, FOLDER, &folder.path().join("archive"));
}

fn full_disk(path: &Path) {
    let disk = open(path, Durability::Strict);
    let archive = ArchiveId("one".to_owned());
    let append = |n: i64| Change::Append {
        archive: archive.clone(),
        entry: Arc::new(entry(&format!("id{n}"), n, Some(0), 0, 0)),
    };
    let mut kept: Vec<i64> = Vec::new();
    let ids = |kept: &[i64]| kept.iter().map(|n| format!("id{n}")).collect::<Vec<_>>();
    let mut n = 0;
    for round in 0..3 {
        for _ in 0..20 {
            n += 1;
            disk.commit(&[append(n)]).expect("stored");
            kept.push(n);
        }
        limit_files("0");
        for _ in 0..5 {
            n += 1;
            assert!(disk.commit(&[append(n)]).is_err(), "round {round}: a full disk");
            assert_eq!(all_ids(&disk), ids(&kept), "round {round}: read as before");
        }
        limit_files("unlimited");
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            n += 1;
            if disk.commit(&[append(n)]).is_ok() {
                kept.push(n);
                break;
            }
            assert!(
                Instant::now() < deadline,
                "round {round}: the disk works again, and the archive does not"
            );
            std::thread::sleep(Duration::from_millis(100));
        }
        assert_eq!(all_ids(&disk), ids(&kept), "round {round}: nothing that was refused");
    }
    drop(disk);
    assert_eq!(all_ids(&open(path, Durability::Strict)), ids(&kept));
    println!("recovered");
}
