//! Rooms under load and over time: restarts of every kind while hundreds talk, and a soak with faults. What people saw
//! is counted by people, each with a picture of his own.
//!
//! `scripts/reliability` runs it at length and prints the tables of `docs/reliability.md`.

mod check;
mod churn;
mod connection;
mod crowd;
mod memory;
mod person;
mod picture;
mod proxy;
mod rejoin;
mod restarts;
mod server;
#[path = "../servers/mod.rs"]
mod servers;
mod service;
mod soak;

use self::restarts::{Rooms, Stage, Tally, Way};
use std::time::Duration;

use self::memory::quarters;
use self::servers::host::Kind;
use self::soak::{Part, soak};

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

/// The ways of restarting that are asked for in CONCLAVE_WAY by number, from 0; all if it is not set.
fn ways() -> Vec<Way> {
    match number("CONCLAVE_WAY") {
        Some(way) => vec![Way::ALL[way as usize]],
        None => Way::ALL.to_vec(),
    }
}

/// Restarts in every way and gives what was seen: as often as CONCLAVE_RESTARTS says; without it ours once in every
/// way, and theirs once with fewer people and in order.
fn restart(kind: Kind, rooms: Rooms) -> Vec<(Way, Tally)> {
    let rounds = number("CONCLAVE_RESTARTS");
    let short = rounds.is_none() && rooms == Rooms::Theirs;
    let (people, of, ways) = if short { (40, 4, vec![Way::Orderly]) } else { (PEOPLE, ROOMS, ways()) };
    let tallies = runtime().block_on(async {
        let mut stage = Stage::set(kind, rooms, people, of).await?;
        let mut tallies = Vec::new();
        for way in ways {
            tallies.push((way, stage.rounds(way, rounds.unwrap_or(1)).await?));
        }
        Ok::<_, String>(tallies)
    });
    let tallies = tallies.unwrap_or_else(|e| panic!("{}: {e}", kind.name()));
    println!("{}", Tally::head());
    for (way, tally) in &tallies {
        println!("{}", tally.row(kind, rooms, *way));
    }
    for (way, tally) in tallies.iter().filter(|(_, tally)| tally.errors() > 0) {
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

/// The host server is restarted as often as CONCLAVE_RESTARTS says, or twice; who is back a second after its port is open finds
/// the room.
fn is_found(kind: Kind) {
    let seen = rejoin::rejoin(kind, number("CONCLAVE_RESTARTS").unwrap_or(2));
    let seen = seen.unwrap_or_else(|e| panic!("{}: {e}", kind.name()));
    println!("{}", seen.line(kind));
    assert_eq!((seen.found, seen.refused.len()), (seen.due(), 0));
}

#[test]
fn who_is_back_a_second_after_prosody_finds_the_room() {
    is_found(Kind::Prosody);
}

#[test]
fn who_is_back_a_second_after_ejabberd_finds_the_room() {
    is_found(Kind::Ejabberd);
}

/// Soaks for as long as CONCLAVE_SOAK_MINUTES says, or until everything has gone wrong once.
fn soaks(kind: Kind, part: Part) {
    let minutes = number("CONCLAVE_SOAK_MINUTES");
    let seed = number("CONCLAVE_SOAK_SEED").unwrap_or(1);
    let time = minutes.map(|minutes| Duration::from_secs(60 * minutes));
    let outcome = runtime().block_on(soak(kind, part, time, seed));
    let outcome = outcome.unwrap_or_else(|e| panic!("{}: {e}", kind.name()));
    println!("{}", outcome.lines(part).join("\n"));
    assert_eq!(outcome.quiet, outcome.looks, "all checkers quiet");
    assert!(outcome.verdict.acknowledged > 200, "people talked");
    if part == Part::Alive {
        assert!(outcome.counts.rejoins <= outcome.counts.broken, "nobody was put out who had a connection");
        let [_, second, third, fourth] = quarters(&outcome.samples);
        assert!(fourth.threads <= second.threads + 8 && fourth.files <= second.files + 8, "no leak");
        // It takes a while until all is in memory that will be.
        if minutes.is_some_and(|minutes| minutes >= 20) {
            assert!(fourth.rss_kib * 100 <= third.rss_kib * 105, "memory is flat: {third:?}, {fourth:?}");
        }
    }
}

#[test]
fn a_service_that_lives_through_every_fault_behind_prosody_leaks_nothing_and_loses_nothing() {
    soaks(Kind::Prosody, Part::Alive);
}

#[test]
fn a_service_that_is_ended_again_and_again_behind_ejabberd_loses_nothing() {
    soaks(Kind::Ejabberd, Part::Ended);
}
