//! A seed becomes a story; a story that ends badly becomes a short one.

use std::cell::{Cell, RefCell};
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use conclave::room::config::Config;
use conclave::room::limits::Limits;

use crate::action::Action;
use crate::cast::Cast;
use crate::ledger::Tally;
use crate::random::Random;
use crate::run::{Fault, Run};
use crate::workload::Workload;

/// How many things happen in a story.
const ACTIONS: usize = 120;
/// How often a story is played again to make it shorter.
const REPLAYS_MAX: usize = 3000;

/// How a story ended.
pub(crate) enum End {
    /// Well. What was played, and the print of every byte that left.
    Well(Tally, u64),
    /// Badly, with these actions up to the fault.
    Badly(Vec<Action>, Fault),
}

thread_local! {
    static PLAYING: Cell<bool> = const { Cell::new(false) };
    static PANIC: RefCell<String> = const { RefCell::new(String::new()) };
}

/// While a story is played, a panic is a fault of the story and not to be printed.
fn keep_panics_quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if PLAYING.get() {
                PANIC.set(info.to_string().replace('\n', " "));
            } else {
                before(info);
            }
        }));
    });
}

/// Does one thing; a panic of the service is a fault like any other.
fn guarded(step: impl FnOnce() -> Result<(), Fault>) -> Result<(), Fault> {
    PLAYING.set(true);
    let outcome = catch_unwind(AssertUnwindSafe(step));
    PLAYING.set(false);
    outcome.unwrap_or_else(|_| Err(Fault { check: "panic", what: PANIC.take(), seen: Vec::new() }))
}

/// Plays the story of a seed, which is invented on the way.
pub(crate) fn invent(seed: u64) -> (Cast, End) {
    keep_panics_quiet();
    let mut random = Random::new(seed);
    let cast = Cast::of(&mut random);
    let end = {
        let mut workload = Workload::new(random);
        let mut run = Run::new(&cast);
        let mut actions = Vec::new();
        let mut fault = None;
        while fault.is_none() && actions.len() < ACTIONS {
            for action in workload.next(&run) {
                actions.push(action);
                fault = fault.or(guarded(|| run.act(actions.last().expect("just pushed"))).err());
            }
        }
        match fault.or_else(|| guarded(|| run.finish()).err()) {
            None => End::Well(run.tally, run.print),
            Some(fault) => End::Badly(actions, fault),
        }
    };
    (cast, end)
}

/// Plays a story that is known.
pub(crate) fn play(cast: &Cast, actions: &[Action]) -> End {
    keep_panics_quiet();
    let mut run = Run::new(cast);
    for (at, action) in actions.iter().enumerate() {
        if let Err(fault) = guarded(|| run.act(action)) {
            return End::Badly(actions[..=at].to_vec(), fault);
        }
    }
    match guarded(|| run.finish()) {
        Err(fault) => End::Badly(actions.to_vec(), fault),
        Ok(()) => End::Well(run.tally, run.print),
    }
}

/// Leaves out of `all` whatever `fails` does not need, in ever smaller pieces.
pub(crate) fn shrink<T: Clone>(all: &[T], mut fails: impl FnMut(&[T]) -> bool) -> Vec<T> {
    let mut kept = all.to_vec();
    let mut piece = kept.len().div_ceil(2);
    let mut left = REPLAYS_MAX;
    while piece > 0 && left > 0 {
        let before = kept.len();
        let mut at = 0;
        while at < kept.len() && left > 0 {
            let mut without = kept.clone();
            without.drain(at..(at + piece).min(kept.len()));
            left -= 1;
            if fails(&without) {
                kept = without;
            } else {
                at += piece;
            }
        }
        piece = if kept.len() == before { piece / 2 } else { piece.min(kept.len().div_ceil(2)) };
    }
    kept
}

/// The shortest story that is found that ends with a fault of the same checker.
fn shortest(cast: &Cast, actions: &[Action], fault: &Fault) -> (Vec<Action>, Fault) {
    let same = |actions: &[Action]| match play(cast, actions) {
        End::Badly(actions, found) if found.check == fault.check => Some((actions, found)),
        _ => None,
    };
    let mut kept = shrink(actions, |some| same(some).is_some());
    for at in 0..kept.len() {
        let mut simpler = kept.clone();
        if let Action::Send { held, .. } = &mut simpler[at] {
            *held = false;
        }
        if simpler != kept && same(&simpler).is_some() {
            kept = simpler;
        }
    }
    same(&kept).unwrap_or_else(|| (actions.to_vec(), fault.clone()))
}

/// A fault in words: the command that repeats it, and a short story that leads to it.
pub(crate) fn tell(seed: u64, cast: &Cast, actions: &[Action], fault: &Fault) -> String {
    let (short, found) = shortest(cast, actions, fault);
    let mut text = format!(
        "seed {seed}: {}: {}\n  CONCLAVE_SIM_SEED={seed} cargo test --test sim\n",
        fault.check, fault.what
    );
    let service = &cast.service;
    let _ = writeln!(text, "  who creates rooms: {:?}", service.create);
    let _ = writeln!(text, "  default room: {}", difference(&service.default_room, &Config::default()));
    let _ = writeln!(text, "  limits: {}", difference(&service.limits, &Limits::default()));
    if !service.admin_fields.is_empty() {
        let _ = writeln!(text, "  kept to admins: {:?}", service.admin_fields);
    }
    let _ = writeln!(text, "  {} of {} things have to happen:", short.len(), actions.len());
    for (number, action) in short.iter().enumerate() {
        let _ = writeln!(text, "  {:3}. {}", number + 1, action.line(cast));
    }
    let _ = writeln!(text, "  then {}: {}", found.check, found.what);
    for line in &found.seen {
        let _ = writeln!(text, "       {line}");
    }
    text
}

/// What is set otherwise than usual.
fn difference<T: serde::Serialize>(set: &T, usual: &T) -> String {
    let value = |t: &T| serde_json::to_value(t).expect("settings can be written");
    let (set, usual) = (value(set), value(usual));
    let words = set.as_object().into_iter().flatten().filter(|(name, value)| usual.get(name) != Some(value));
    let words: Vec<String> = words.map(|(name, value)| format!("{name} = {value}")).collect();
    if words.is_empty() { "as usual".to_owned() } else { words.join(", ") }
}
