//! A simulated world: many users, rooms, a process that is killed, a disk that fails, all from a seed, with checkers
//! that know what must hold.
//!
//! `CONCLAVE_SIM_SEEDS=10000 cargo test --test sim` plays as many seeds as wanted, from `CONCLAVE_SIM_FROM` on;
//! `CONCLAVE_SIM_SEED=7 cargo test --test sim` plays one. A seed that fails prints the command that repeats it and the
//! shortest story that was found to lead to the same fault. How it works: `docs/design/simulation.md`.

mod action;
mod cast;
mod check;
mod delivery;
mod happening;
mod heal;
mod host;
mod ledger;
mod net;
mod picture;
mod random;
mod run;
mod sheet;
mod story;
mod workload;

use std::io::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use ledger::Tally;
use story::{End, invent};

/// Seeds of a run that asks for nothing else.
const SEEDS: u64 = 240;
/// Every status code that the service sends.
const CODES: [usize; 16] = [100, 104, 110, 170, 171, 172, 173, 201, 210, 301, 303, 307, 321, 322, 332, 333];
/// Stories of failed seeds that are told; of more, only the number.
const TOLD_MAX: usize = 5;

fn variable(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name} must be a number, and is {value:?}")))
}

/// Progress goes past the test harness, which would keep it until the end.
fn report(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Plays seeds on all cores; gives what was played, how many failed, and the stories of the first of them.
fn play_all(seeds: std::ops::Range<u64>) -> (Tally, usize, Vec<String>) {
    let (next, total) = (AtomicU64::new(seeds.start), Mutex::new((Tally::default(), 0, Vec::new())));
    let started = Instant::now();
    let worker = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                return;
            }
            let (cast, end) = invent(seed);
            let story = match &end {
                End::Well(..) => None,
                End::Badly(actions, fault) => {
                    let told = total.lock().expect("no worker panics").2.len() < TOLD_MAX;
                    told.then(|| story::tell(seed, &cast, actions, fault))
                }
            };
            let mut total = total.lock().expect("no worker panics");
            match end {
                End::Well(tally, _) => {
                    total.0.add(&tally);
                }
                End::Badly(..) => {
                    total.1 += 1;
                    total.2.extend(story);
                }
            }
            let done = seed + 1 - seeds.start;
            if done.is_multiple_of(1000) {
                report(&format!("{done} seeds, {} failed, {:?}", total.1, started.elapsed()));
            }
        }
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(worker);
        }
    });
    let (tally, failed, stories) = total.into_inner().expect("no worker panics");
    report(&format!(
        "{} seeds, {} events, {} stanzas received, {failed} failed, {:.1} s",
        seeds.end - seeds.start,
        tally.events,
        tally.stanzas,
        started.elapsed().as_secs_f64()
    ));
    (tally, failed, stories)
}

#[test]
fn every_promise_holds_in_every_story() {
    let from = variable("CONCLAVE_SIM_FROM").unwrap_or(0);
    let seeds = match variable("CONCLAVE_SIM_SEED") {
        Some(seed) => seed..seed + 1,
        None => from..from + variable("CONCLAVE_SIM_SEEDS").unwrap_or(SEEDS),
    };
    let count = seeds.end - seeds.start;
    let (tally, failed, stories) = play_all(seeds);
    assert_eq!(failed, 0, "\n\n{}", stories.join("\n"));
    if count >= SEEDS {
        // What the people of these stories do reaches every code that a room can send (XEP-0045 §16.6).
        let missed: Vec<&usize> = CODES.iter().filter(|code| !tally.met(**code)).collect();
        assert!(missed.is_empty(), "no story leads to {missed:?}");
    }
}

#[test]
fn the_same_seed_leads_to_the_same_bytes() {
    for seed in 0..20 {
        let [first, second] = [(), ()].map(|()| match invent(seed).1 {
            End::Well(tally, print) => (tally.events, tally.stanzas, print),
            End::Badly(actions, _) => (actions.len() as u64, 0, 0),
        });
        assert_eq!(first, second, "seed {seed}");
    }
}

#[test]
fn a_story_is_cut_down_to_what_it_needs() {
    let all: Vec<u32> = (0..100).collect();
    let needed = [3, 50, 51, 97];
    let kept = story::shrink(&all, |some| needed.iter().all(|n| some.contains(n)));
    assert_eq!(kept, needed);
}
