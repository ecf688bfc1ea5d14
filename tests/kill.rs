//! `kill -9` in the middle of changes: what was acknowledged is there afterwards, and no change is there by half.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use conclave::engine::restart::PersistedView;
use conclave::host::commit::Committer;
use conclave::room::Room;
use conclave::room::config::Config;
use conclave::room::history::History;
use conclave::room::state::{Affiliated, RoomRecord, State};
use conclave::room::write::Write;
use conclave::store::LocalStore;
use conclave::store::SledStore;
use conclave::wire::jid::BareJid;
use conclave::wire::muc::Affiliation;

const ROUNDS: u32 = 20;
const ROUNDS_ANEW: u32 = 60;
const CALLERS: u32 = 4;
const ROUNDS_LARGE: u32 = 8;
const ACCOUNTS: usize = 5000;

/// Set for the process that is killed: the folder of its store.
const FOLDER: &str = "CONCLAVE_TEST_KILL";

fn jid(text: &str) -> BareJid {
    BareJid::parse(text).expect("an address")
}

fn room() -> BareJid {
    jid("coven@muc.example")
}

fn room_write(n: u64) -> Write {
    let config = Config { name: n.to_string(), ..Config::default() };
    let record = RoomRecord::new(jiff::Timestamp::UNIX_EPOCH, config);
    Write::Room { room: room(), record: Box::new(record) }
}

fn affiliation(account: &str, n: u64) -> Write {
    let value = Affiliated { nick: Some(n.to_string()), ..Affiliated::new(Affiliation::Member) };
    Write::Affiliation { room: room(), jid: jid(account), value: Some(value) }
}

/// The nick of `account`, which is a number.
fn number(state: &State, account: &str) -> Option<u64> {
    let nick = state.affiliations.get(&jid(account))?.nick.as_ref()?;
    Some(nick.parse().expect("a number"))
}

#[test]
fn every_acknowledged_change_outlives_a_kill() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        return change_until_killed(Path::new(&folder), false);
    }
    check_changes("every_acknowledged_change_outlives_a_kill", ROUNDS);
}

/// New files are put into the place of the old ones all the time.
#[test]
fn every_acknowledged_change_outlives_a_kill_while_the_files_are_written_anew() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        return change_until_killed(Path::new(&folder), true);
    }
    let met = check_changes(
        "every_acknowledged_change_outlives_a_kill_while_the_files_are_written_anew",
        ROUNDS_ANEW,
    );
    println!("what lay beside the store after the kills: {met:?}");
    assert!(met.contains_key("rebuild.part"), "{met:?}");
}

/// Kills the process of `test` so many times and looks what is there. Gives how often what lay beside the store then.
fn check_changes(test: &str, rounds: u32) -> BTreeMap<String, u32> {
    let mut met = BTreeMap::new();
    let folder = tempfile::tempdir().expect("a folder");
    let mut acknowledged = BTreeMap::new();
    // What each restart found: a change that was stored as the kill came is there without being acknowledged, and
    // its caller goes on from it.
    let mut found = BTreeMap::new();
    for round in 0..rounds {
        let before: u64 = acknowledged.values().sum();
        run_and_kill(test, folder.path(), &mut acknowledged);
        for entry in std::fs::read_dir(folder.path()).expect("read") {
            let name = entry.expect("an entry").file_name().to_string_lossy().into_owned();
            if name.starts_with("rebuild.") {
                *met.entry(name).or_default() += 1;
            }
        }
        let after: u64 = acknowledged.values().sum();
        assert!(after > before, "round {round} has got something done");
        let store = SledStore::open(folder.path()).expect("opened after the kill");
        let state = store.load(&room()).expect("read").expect("there");
        for (&caller, &n) in &acknowledged {
            let last = number(&state, &format!("last{caller}@d")).expect("acknowledged");
            let n = n.max(found.insert(caller, last).unwrap_or(0));
            assert!(last == n || last == n + 1, "round {round}: {n} was stored for certain, {last} is there");
            for each in 1..=last {
                let account = format!("a{caller}.{each}@d");
                assert_eq!(number(&state, &account), Some(each), "round {round}: {account} of {last}");
            }
            let next = format!("a{caller}.{}@d", last + 1);
            assert_eq!(
                number(&state, &next),
                None,
                "round {round}: {next} came with its request or not at all"
            );
        }
    }
    println!("{} changes acknowledged in {rounds} rounds", acknowledged.values().sum::<u64>());
    met
}

/// A change of more steps than the store makes at a time: each gives the room and its accounts one number.
#[test]
fn a_large_change_outlives_a_kill_wholly_or_not_at_all() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        return change_much_until_killed(Path::new(&folder));
    }
    let folder = tempfile::tempdir().expect("a folder");
    let mut acknowledged = BTreeMap::new();
    for round in 0..ROUNDS_LARGE {
        run_and_kill("a_large_change_outlives_a_kill_wholly_or_not_at_all", folder.path(), &mut acknowledged);
        let n = acknowledged[&0];
        let store = SledStore::open(folder.path()).expect("opened after the kill");
        let state = store.load(&room()).expect("read").expect("there");
        let last: u64 = state.record.config.name.parse().expect("a number");
        assert!(last == n || last == n + 1, "round {round}: {n} is acknowledged, {last} is there");
        assert_eq!(state.affiliations.len(), ACCOUNTS, "round {round}");
        for account in state.affiliations.keys() {
            assert_eq!(number(&state, account.as_str()), Some(last), "round {round}: {account}");
        }
    }
}

/// A temporary room of many members, whose name is `n`, as are the nicks of all.
fn crowd(n: u64, persistent: bool) -> Room {
    let config = Config { name: n.to_string(), persistent, ..Config::default() };
    let member = Affiliated { nick: Some(n.to_string()), ..Affiliated::new(Affiliation::Member) };
    let state = State {
        record: RoomRecord::new(jiff::Timestamp::UNIX_EPOCH, config),
        affiliations: (0..ACCOUNTS).map(|each| (jid(&format!("a{each}@d")), member.clone())).collect(),
        vcard: None,
    };
    Room::stored(room(), state, History::default())
}

/// A room becomes persistent, and is destroyed and made anew. The store is told in portions.
#[test]
fn a_large_room_that_becomes_persistent_and_is_forgotten_outlives_a_kill_or_is_gone() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        return come_and_go_until_killed(Path::new(&folder));
    }
    let folder = tempfile::tempdir().expect("a folder");
    let (mut acknowledged, mut met) = (BTreeMap::new(), BTreeSet::new());
    for round in 0..ROUNDS_LARGE {
        let test = "a_large_room_that_becomes_persistent_and_is_forgotten_outlives_a_kill_or_is_gone";
        run_and_kill(test, folder.path(), &mut acknowledged);
        let store = SledStore::open(folder.path()).expect("opened after the kill");
        let state = store.load(&room()).expect("read");
        let rest = store.has_rest(&room()).expect("read");
        let [persistent, about_to_go, gone] =
            [1, 2, 3].map(|phase| acknowledged.get(&phase).copied().unwrap_or(0));
        met.insert((state.is_some(), rest));
        assert!(state.is_some() || persistent <= about_to_go, "round {round}: {persistent} is persistent");
        let Some(state) = state else { continue };
        assert!(!rest, "round {round}: the room is there");
        let n: u64 = state.record.config.name.parse().expect("a number");
        assert!(n > gone, "round {round}: {n} is there, and {gone} was forgotten");
        for account in state.affiliations.keys() {
            assert_eq!(number(&state, account.as_str()), Some(n), "round {round}: {account}");
        }
        let is_whole = state.affiliations.len() == ACCOUNTS;
        assert!(
            is_whole || !state.record.config.persistent,
            "round {round}: {n} is persistent, and not all of it"
        );
        assert!(n != persistent || state.record.config.persistent, "round {round}: {n} is persistent");
    }
    println!("whether there was a room, and a rest: {met:?}");
}

/// Starts the process of `test`, lets it work for a while, kills it, and notes what it had acknowledged.
fn run_and_kill(test: &str, folder: &Path, acknowledged: &mut BTreeMap<u32, u64>) {
    let program = std::env::current_exe().expect("this program");
    let mut child = Command::new(program)
        .args([test, "--exact", "--nocapture"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .spawn()
        .expect("started");
    let lines = read_lines(&mut child);
    // The first acknowledgement, so that every round kills in the middle of work.
    let first = lines.recv_timeout(Duration::from_secs(20));
    let ms = u64::from(getrandom::u32().expect("the system has random numbers") % 250);
    std::thread::sleep(Duration::from_millis(ms));
    child.kill().expect("killed");
    child.wait().expect("gone");
    for (caller, n) in std::iter::once(first.expect("a first acknowledgement")).chain(lines) {
        let last = acknowledged.entry(caller).or_default();
        assert!(n > *last, "a caller's changes are acknowledged in order");
        *last = n;
    }
}

/// The acknowledgements that the process prints, until it ends.
fn read_lines(child: &mut Child) -> mpsc::Receiver<(u32, u64)> {
    let out = BufReader::new(child.stdout.take().expect("piped"));
    let (sender, lines) = mpsc::channel();
    std::thread::spawn(move || {
        for line in out.lines().map_while(Result::ok) {
            // The last line may be cut; the test harness prints lines of its own.
            let Some(line) = line.strip_prefix("acknowledged ").and_then(|l| l.strip_suffix('.')) else {
                continue;
            };
            let (caller, n) = line.split_once(' ').expect("two numbers");
            let pair = (caller.parse().expect("a number"), n.parse().expect("a number"));
            if sender.send(pair).is_err() {
                return;
            }
        }
    });
    lines
}

/// The process that is killed. It ends by itself after a time in which it should have been killed.
fn change_until_killed(folder: &Path, anew: bool) {
    let store = Arc::new(SledStore::open(folder).expect("opened"));
    let state = store.load(&room()).expect("read");
    let committer = Committer::of_store(store.clone());
    if anew {
        std::thread::spawn(move || {
            // In more and less time than the kills come after.
            for n in (0..8).cycle() {
                let rest = |_| {
                    std::thread::sleep(Duration::from_millis(n));
                    true
                };
                assert_eq!(store.write_anew(&rest), Ok(true));
            }
        });
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build();
    runtime.expect("a runtime").block_on(async {
        if state.is_none() {
            committer.commit("d", vec![room_write(0)]).await.expect("stored");
        }
        for caller in 0..CALLERS {
            let last = state.as_ref().and_then(|s| number(s, &format!("last{caller}@d"))).unwrap_or(0);
            tokio::spawn(change_in_a_row(committer.clone(), caller, last));
        }
        tokio::time::sleep(Duration::from_secs(30)).await;
        panic!("this process was not killed");
    });
}

async fn change_in_a_row(committer: Committer<Write>, caller: u32, last: u64) {
    for n in last + 1.. {
        let writes =
            vec![affiliation(&format!("a{caller}.{n}@d"), n), affiliation(&format!("last{caller}@d"), n)];
        committer.commit("d", writes).await.expect("stored");
        acknowledge(caller, n);
    }
}

/// The other process that is killed.
fn change_much_until_killed(folder: &Path) {
    let store = SledStore::open(folder).expect("opened");
    let last =
        store.load(&room()).expect("read").map_or(0, |s| s.record.config.name.parse().expect("a number"));
    let deadline = Instant::now() + Duration::from_secs(30);
    for n in last + 1.. {
        assert!(Instant::now() < deadline, "nobody killed this process");
        // Forget, so that there are removals too; half of the accounts are others each time.
        let mut writes = vec![Write::Forget { room: room() }, room_write(n)];
        let from = ACCOUNTS as u64 / 2 * (n % 2);
        writes.extend((from..from + ACCOUNTS as u64).map(|each| affiliation(&format!("a{each}@d"), n)));
        store.commit(&writes).expect("stored");
        acknowledge(0, n);
    }
}

/// The third process that is killed.
fn come_and_go_until_killed(folder: &Path) {
    let store = SledStore::open(folder).expect("opened");
    let commit = |writes: &[Write]| store.commit(writes).expect("stored");
    let counter = jid("counter@muc.example");
    let last = store.load(&counter).expect("read").map(|s| s.record.config.name.parse().expect("a number"));
    let deadline = Instant::now() + Duration::from_secs(30);
    commit(&[Write::Forget { room: room() }]);
    for n in last.unwrap_or(0) + 1.. {
        assert!(Instant::now() < deadline, "nobody killed this process");
        let config = Config { name: n.to_string(), ..Config::default() };
        let record = Box::new(RoomRecord::new(jiff::Timestamp::UNIX_EPOCH, config));
        commit(&[Write::Room { room: counter.clone(), record }]);
        // Every other time the store has to take away itself what is left.
        while n % 2 == 0 && store.has_rest(&room()).expect("read") {
            commit(&[Write::Sweep { room: room() }]);
        }
        let (mut told, mut is_last) = (PersistedView::default(), false);
        while !is_last {
            let portion = told.portion(&crowd(n, false));
            commit(&portion.writes);
            (told, is_last) = (portion.told, portion.is_last);
        }
        let (writes, _) = told.along_with(vec![Write::Forget { room: room() }], &crowd(n, true));
        assert!(writes.len() < 10, "what is new is little: {}", writes.len());
        commit(&writes);
        acknowledge(1, n);
        acknowledge(2, n);
        commit(&[Write::Forget { room: room() }]);
        acknowledge(3, n);
        commit(&[Write::Sweep { room: room() }]);
    }
}

fn acknowledge(caller: u32, n: u64) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "acknowledged {caller} {n}.").and_then(|()| out.flush()).expect("written");
}
