//! Rooms under load and over time: restarts of every kind while hundreds talk, and a soak with faults. What people saw
//! is counted by people, each with a picture of his own.
//!
//! `scripts/reliability` runs it at length and prints the tables of `docs/reliability.md`.

mod check;
mod connection;
mod crowd;
mod person;
mod picture;
mod restarts;
mod server;
#[path = "../servers/mod.rs"]
mod servers;
mod service;

use self::restarts::{Rooms, Stage, Tally, Way};
use self::servers::host::Kind;

/// People and rooms of the tables.
const PEOPLE: usize = 200;
const ROOMS: usize = 20;

/// A number from the environment, if it is set.
fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is a number, not {text}")))
}

fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(2).enable_all().build().expect("a runtime")
}

/// Restarts in every way and gives what was seen: once, or as often as CONCLAVE_RESTARTS says.
fn restart(kind: Kind, rooms: Rooms) -> Vec<(Way, Tally)> {
    let rounds = number("CONCLAVE_RESTARTS").unwrap_or(1);
    let tallies = runtime().block_on(async {
        let mut stage = Stage::set(kind, rooms, PEOPLE, ROOMS).await?;
        let mut tallies = Vec::new();
        for way in Way::ALL {
            tallies.push((way, stage.rounds(way, rounds).await?));
        }
        Ok::<_, String>(tallies)
    });
    let tallies = tallies.unwrap_or_else(|e| panic!("{}: {e}", kind.name()));
    println!("{}", Tally::head());
    for (way, tally) in &tallies {
        println!("{}", tally.row(kind, rooms, *way));
    }
    for (way, tally) in &tallies {
        println!("errors, {way:?}: {:?}", tally.counts.errors);
    }
    tallies
}

/// Ours: nothing is lost, nobody has to come in again; in place there is not one error either.
fn goes_unnoticed(kind: Kind) {
    for (way, tally) in restart(kind, Rooms::Ours) {
        assert!(tally.is_unnoticed(), "{way:?} behind {kind:?}: {tally:?}");
        assert!(tally.verdict.acknowledged > 50 * tally.rounds, "people talked: {tally:?}");
        if way == Way::InPlace {
            assert_eq!((tally.errors(), tally.verdict.unanswered), (0, 0), "behind {kind:?}: {tally:?}");
        }
    }
}

/// Theirs: what is measured is what it is; but a stop breaks every connection, and the counts must say so.
fn is_seen(kind: Kind) {
    for (way, tally) in restart(kind, Rooms::Theirs) {
        if way != Way::InPlace {
            let everybody = tally.people * tally.rounds;
            assert!(tally.counts.broken >= everybody, "{way:?} of {kind:?}: {tally:?}");
            assert!(tally.counts.rejoins >= everybody, "{way:?} of {kind:?}: {tally:?}");
        }
    }
}

#[test]
fn two_hundred_people_do_not_notice_a_restart_behind_prosody() {
    goes_unnoticed(Kind::Prosody);
}

#[test]
fn two_hundred_people_do_not_notice_a_restart_behind_ejabberd() {
    goes_unnoticed(Kind::Ejabberd);
}

#[test]
fn what_people_see_when_prosody_is_restarted() {
    is_seen(Kind::Prosody);
}

#[test]
fn what_people_see_when_ejabberd_is_restarted() {
    is_seen(Kind::Ejabberd);
}
