//! What a page of the archive costs, small and large: paging backwards, 50 messages at a time, as clients do. With
//! it: how many messages a second become durable, and what they take on the disk and in memory.
//!
//! Rooms of 10 thousand and 100 thousand messages by default. `CONCLAVE_BENCH_ARCHIVE=1000000` adds one of a million,
//! `CONCLAVE_BENCH_ARCHIVE=10000000` a service of 10 million in 1,000 rooms as well: about 10 GB in the folder for
//! temporary files, and many minutes. `CONCLAVE_BENCH_FOLDER` names a folder where the archives are kept and, if they
//! are there already, taken from.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use conclave::config::Durability;
use conclave::host::commit::Committer;
use conclave::room::archive::{Answer, ArchiveId, Change, Entry, Page, Place, Query, Question};
use conclave::store::FjallArchive;
use conclave::store::LocalArchive;
use conclave::wire::jid::BareJid;
use jiff::Timestamp;

const PAGE: usize = 50;
/// Pages that are read for each line of the table, and how often. On a busy machine a run also measures what else goes
/// on: of each page the shortest time counts. Between two readings of one page lie those of all others, which are
/// more than the cache holds, unless the whole archive is less.
const PAGES: usize = 1000;
const RUNS: usize = 8;
/// Pages of one client in a row, from the end or from some message on.
const PAGES_IN_A_ROW: usize = 20;
/// Messages that are put in at a time.
const BATCH: usize = 500;
/// As `archive.cache_bytes` is unless it is set.
const CACHE_BYTES: u64 = 8 << 20;
const APPEND_FOR: Duration = Duration::from_secs(3);

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        // A linear congruential generator; its upper bits are good enough.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }
}

/// A message as a room of people sends them; about 400 bytes as XML.
fn entry(room: usize, n: usize, dice: &mut Dice) -> Entry {
    const WORDS: [&str; 16] = [
        "when",
        "shall",
        "we",
        "three",
        "meet",
        "again",
        "in",
        "thunder",
        "lightning",
        "or",
        "rain",
        "hurly",
        "burly",
        "is",
        "done",
        "lost",
    ];
    let sender = dice.below(50);
    let mut body = String::new();
    for _ in 0..4 + dice.below(16) {
        body.push_str(WORDS[dice.below(WORDS.len())]);
        body.push(' ');
    }
    let id = id(room, n);
    let own = format!("{:016x}{:08x}", dice.below(1 << 30), n);
    let from = format!("room{room}@rooms.example/Witch {sender}");
    let message = format!(
        "<message xmlns='jabber:client' type='groupchat' from='{from}' id='{own}'><body>{body}</body>\
         <origin-id xmlns='urn:xmpp:sid:0' id='{own}'/><occupant-id xmlns='urn:xmpp:occupant-id:0' id='{sender:040x}'/>\
         <stanza-id xmlns='urn:xmpp:sid:0' id='{id}' by='room{room}@rooms.example'/></message>"
    );
    Entry {
        id,
        at: Timestamp::from_microsecond(1_800_000_000_000_000 + n as i64 * 7_000_123).expect("a time"),
        account: BareJid::parse(&format!("witch{sender}@example")).ok(),
        message: message.parse().expect("xml"),
        shown: false,
        original: None,
    }
}

/// As ids of a room are: without any order.
fn id(room: usize, n: usize) -> String {
    let mut dice = Dice((room as u64) << 40 | n as u64);
    let mut part = || dice.below(1 << 30);
    let (a, b, c, d) = (part(), part(), part(), part());
    format!("{a:08x}{b:08x}{c:07x}{d:07x}")
}

fn archive_id(room: usize) -> ArchiveId {
    ArchiveId(format!("archive-{room}"))
}

fn open(path: &Path, durability: Durability) -> FjallArchive {
    FjallArchive::open(path, durability, Duration::from_secs(1), CACHE_BYTES).expect("opened")
}

fn page(archive: &FjallArchive, room: usize, place: Place) -> Page {
    let question = Question::Page(Query { place, max: PAGE, ..Query::default() });
    match archive.answer(&archive_id(room), &question).expect("read") {
        Answer::Page(page) => page,
        other => panic!("{other:?}"),
    }
}

/// Puts `messages` into each of `rooms` rooms, as they talk at one time.
fn fill(archive: &FjallArchive, rooms: usize, messages: usize) {
    let mut dice = Dice(7);
    let mut batch = Vec::new();
    for n in 0..messages {
        for room in 0..rooms {
            let entry = Arc::new(entry(room, n, &mut dice));
            batch.push(Change::Append { archive: archive_id(room), entry });
            if batch.len() == BATCH {
                archive.commit(&batch).expect("stored");
                batch.clear();
            }
        }
    }
    archive.commit(&batch).expect("stored");
}

/// How long each page of a run took; the same pages in every run.
fn read(archive: &FjallArchive, rooms: usize, messages: usize) -> Vec<Duration> {
    let mut dice = Dice(11);
    let mut times = Vec::new();
    while times.len() < PAGES {
        let room = dice.below(rooms);
        // Half of the clients come back after a while, the others look back from somewhere.
        let mut place = match dice.below(2) {
            0 => Place::Last,
            _ => Place::Before(id(room, dice.below(messages))),
        };
        for _ in 0..PAGES_IN_A_ROW {
            let begun = Instant::now();
            let found = page(archive, room, place);
            times.push(begun.elapsed());
            assert_eq!(found.count, Some(messages as u64));
            let Some(first) = found.entries.first() else { break };
            place = Place::Before(first.id.clone());
        }
    }
    times
}

/// Lets the system forget which files it has read, as far as it does that for anybody.
fn drop_caches(path: &Path) {
    let files = std::process::Command::new("find").arg(path).args(["-type", "f", "-size", "+0"]).output();
    let files = String::from_utf8(files.expect("find").stdout).expect("names");
    for file in files.lines() {
        // Of what the disk has: without a sync before, nothing would go.
        let file = format!("if={file}");
        let args = [file.as_str(), "iflag=nocache", "count=0", "status=none"];
        std::process::Command::new("dd").args(args).status().expect("dd");
    }
}

fn disk_bytes(path: &Path) -> u64 {
    let output = std::process::Command::new("du").args(["-s", "-B1"]).arg(path).output().expect("du");
    let text = String::from_utf8(output.stdout).expect("text");
    text.split_whitespace().next().and_then(|n| n.parse().ok()).expect("a number")
}

/// What is on the disk once nothing changes there any more.
fn settled_bytes(path: &Path) -> u64 {
    let (mut before, mut same) = (0, 0);
    while same < 5 {
        std::thread::sleep(Duration::from_millis(500));
        let now = disk_bytes(path);
        same = if now == before { same + 1 } else { 0 };
        before = now;
    }
    before
}

/// What the system holds in memory for this process, in KiB.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("the system tells");
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).expect("among other things");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

/// Fills an archive, and tells what pages take; gives the 99th part in 100 of warm ones.
fn measure(rooms: usize, messages: usize) -> Duration {
    let folder = tempfile::tempdir().expect("a folder");
    let kept = std::env::var_os("CONCLAVE_BENCH_FOLDER").map(PathBuf::from);
    let path = kept.as_deref().unwrap_or(folder.path()).join(format!("{rooms}x{messages}"));
    let begun = Instant::now();
    let filled = (!path.exists()).then(|| {
        let archive = open(&path, Durability::Interval);
        fill(&archive, rooms, messages);
        begun.elapsed()
    });
    let total = rooms * messages;
    let begun = Instant::now();
    let archive = open(&path, Durability::Interval);
    let opened = begun.elapsed();
    // What was begun when it was closed is finished first: it is not the readers' affair.
    let bytes = settled_bytes(&path);
    drop_caches(&path);
    let mut cold = read(&archive, rooms, messages);
    let mut warm = read(&archive, rooms, messages);
    for _ in 1..RUNS {
        let again = read(&archive, rooms, messages);
        warm.iter_mut().zip(again).for_each(|(time, again)| *time = again.min(*time));
    }
    cold.sort();
    warm.sort();
    println!(
        "{rooms:>5} {messages:>9} {:>8} {:>8} {:>8} {:>8} {:>10} {:>9.0} {:>7} {:>5}",
        part(&warm, 50).as_micros(),
        part(&warm, 99).as_micros(),
        part(&cold, 50).as_micros(),
        part(&cold, 99).as_micros(),
        filled.map_or("-".to_owned(), |filled| format!("{:.0}", total as f64 / filled.as_secs_f64())),
        bytes as f64 / total as f64,
        opened.as_millis(),
        resident_kib() / 1024,
    );
    part(&warm, 99)
}

/// The time that so many hundredths of the pages took at most.
fn part(times: &[Duration], hundredths: usize) -> Duration {
    times[(times.len() - 1) * hundredths / 100]
}

/// Messages a second that become durable, each of `callers` waiting for its own.
async fn append_rate(committer: &Committer<Change>, callers: usize) -> f64 {
    let begun = Instant::now();
    let mut tasks = Vec::new();
    for caller in 0..callers {
        let committer = committer.clone();
        tasks.push(tokio::spawn(async move {
            let mut dice = Dice(caller as u64);
            let mut n = 0;
            while begun.elapsed() < APPEND_FOR {
                let entry = Arc::new(entry(caller, n, &mut dice));
                let append = Change::Append { archive: ArchiveId(format!("{callers}.{caller}")), entry };
                committer.commit("example", vec![append]).await.expect("stored");
                n += 1;
            }
            n
        }));
    }
    let mut total = 0;
    for task in tasks {
        total += task.await.expect("done");
    }
    total as f64 / begun.elapsed().as_secs_f64()
}

fn main() {
    // `cargo test --all-targets` starts it too, without this argument.
    if !std::env::args().any(|a| a == "--bench") {
        return;
    }
    let most = std::env::var("CONCLAVE_BENCH_ARCHIVE").ok().and_then(|n| n.parse().ok()).unwrap_or(100_000);
    let folder = tempfile::tempdir().expect("a folder");
    let before = resident_kib();
    let archive = open(&folder.path().join("archive"), Durability::Strict);
    println!("an open, empty archive: {} KiB resident ({before} before)", resident_kib() - before);
    let committer = Committer::of_archive(Arc::new(archive));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    for callers in [1, 16, 64] {
        let rate = runtime.block_on(append_rate(&committer, callers));
        println!("{callers:>3} rooms at a time: {rate:>7.0} messages/s, each durable before it is sent");
    }
    runtime.block_on(committer.stop());

    println!(
        "\nPages of {PAGE} messages backwards, in microseconds; p50 and p99, warm and then with nothing in memory:"
    );
    println!("rooms  messages warm p50 warm p99 cold p50 cold p99 appended/s bytes/msg open ms   MiB");
    let mut small = None;
    for (rooms, messages) in [(1, 10_000), (1, 100_000), (1, 1_000_000), (1000, 10_000)] {
        if rooms * messages > most {
            continue;
        }
        let p99 = measure(rooms, messages);
        let small = *small.get_or_insert(p99);
        println!("      that is {:.2} times the first", p99.as_secs_f64() / small.as_secs_f64());
    }
}
