//! How long it takes to enter a room with three people in it, from the join to the subject: our rooms beside those of
//! Prosody's own MUC, through the same Prosody, turn by turn. And how much memory the service holds when idle.
//!
//! `cargo bench --profile quick --bench join`

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

#[path = "../tests/servers/mod.rs"]
mod servers;

use servers::guest::{Guest, entry, is_departure, is_subject};
use servers::host::{Host, Kind, MUC, PEER_MUC};
use servers::service::{Service, configuration};

/// Joins of each room in a measurement.
const JOINS: usize = 200;
const WARM_UP: usize = 10;
/// So long after the start the service counts as idle.
const IDLE: Duration = Duration::from_secs(5);
/// A join this slow has waited for a delayed acknowledgement of TCP, which comes after 40 ms.
const STALL: Duration = Duration::from_millis(35);
const PEOPLE: [&str; 3] = ["first", "second", "third"];

fn main() {
    // `cargo test --all-targets` runs this too, and only wants to see it run.
    let in_earnest = std::env::args().any(|arg| arg == "--bench");
    let (joins, warm_up, idle) = if in_earnest { (JOINS, WARM_UP, IDLE) } else { (5, 1, Duration::ZERO) };
    let host = Host::start(Kind::Prosody).unwrap_or_else(|e| panic!("{e}"));
    let folder = host.folder().join("service");
    // Nobody else enters a room a hundred times a second.
    let settings = configuration(&host, &folder).replace("level = \"debug\"", "level = \"info\"")
        + "[limits]\naccount_room_stanzas_per_second = 0\n";
    let mut service = Service::start_with(&host, &folder, &settings).unwrap_or_else(|e| panic!("{e}"));
    thread::sleep(idle);
    println!("idle memory of the service, in KiB: {}", resident_kib(service.process().pid()));

    let mut people = PEOPLE.map(|name| Guest::new(&host, name));
    let mut joiner = Guest::new(&host, "joiner");
    let rooms = [MUC, PEER_MUC].map(|muc| format!("hall@{muc}"));
    for room in &rooms {
        for (guest, name) in people.iter_mut().zip(PEOPLE) {
            guest.enters(room, name);
            if name == PEOPLE[0] {
                guest.configures(room, &[]);
            }
        }
    }
    let mut times = [Vec::new(), Vec::new()];
    for turn in 0..warm_up + joins {
        for (room, times) in rooms.iter().zip(&mut times) {
            let time = join(&mut joiner, &mut people, room);
            if turn >= warm_up {
                times.push(time);
            }
        }
    }

    println!("join of a room with {} people, {joins} joins of each, in ms", PEOPLE.len());
    println!("{:<28} {:>7} {:>7} {:>7} {:>7}", "", "p50", "p95", "max", "stalls");
    let [ours, theirs] = &mut times;
    let ours = report("our room", ours);
    let theirs = report("Prosody's own", theirs);
    println!("ratio of p50: {:.2}", ours / theirs);
}

/// Enters a room, and leaves it again when that has been timed.
fn join(joiner: &mut Guest, people: &mut [Guest], room: &str) -> Duration {
    let join = entry(room, "joiner");
    let begin = Instant::now();
    joiner.says(&join);
    joiner.hears("the subject", |s| is_subject(s, room));
    let time = begin.elapsed();
    joiner.leaves(room, "joiner");
    // Everybody reads everything, so that nothing of one join is left for the next.
    for guest in people {
        guest.hears("the departure", |s| is_departure(s, room, "joiner"));
    }
    time
}

/// Prints a line and gives the median in milliseconds.
fn report(what: &str, times: &mut [Duration]) -> f64 {
    times.sort();
    let ms = |time: Duration| time.as_secs_f64() * 1000.0;
    let (p50, p95) = (ms(times[times.len() / 2]), ms(times[times.len() * 95 / 100]));
    let max = times.last().copied().map_or(0.0, ms);
    let stalls = times.iter().filter(|time| **time >= STALL).count();
    println!("{what:<28} {p50:>7.2} {p95:>7.2} {max:>7.2} {stalls:>7}");
    p50
}

/// The resident memory of a process.
fn resident_kib(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("the process runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a resident process");
    line.trim().trim_end_matches("kB").trim().parse().expect("a number of KiB")
}
