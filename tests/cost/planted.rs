//! Bounds that are broken on purpose: the hunter finds each, by the name of the measure and of the kind.

use std::any::Any;
use std::time::Duration;

use conclave::room::nick::folded;
use minidom::Element;

use crate::alone;
use crate::hunter::cost::{Cost, Measure, Memory, timed};
use crate::hunter::hunt::Hunt;
use crate::hunter::samples::{self, Sample};
use crate::hunter::targets::{Link, Target};

/// People in the room of these tests.
const SESSIONS: usize = 50;
/// What takes so long is found already.
const ENOUGH: Duration = Duration::from_millis(150);
/// No larger stanzas are needed.
const BYTES_MAX: usize = 60_000;
/// A build with optimisation does what takes time so much more often.
const OFTEN: usize = if cfg!(debug_assertions) { 1 } else { 30 };
/// The hunter gets so many tries.
const TRIES: u64 = 6000;

/// What a fault does besides what is right.
#[derive(Default)]
struct Damage {
    out: u64,
    disk: u64,
    /// What it does not let go of.
    kept: Option<Box<dyn Any>>,
}

/// A fault: what it is, how it is found, and what it does with a stanza.
struct Fault {
    name: &'static str,
    measure: Measure,
    kind: &'static str,
    work: fn(&Element) -> Damage,
}

/// Something that would be all right but for one fault.
struct Planted<'f> {
    samples: Vec<Sample>,
    fault: &'f Fault,
}

impl Target for Planted<'_> {
    fn samples(&self) -> &[Sample] {
        &self.samples
    }

    fn scenes(&self) -> usize {
        1
    }

    fn cost(&mut self, _: usize, _: &str, stanza: &str, times: usize) -> Option<Cost> {
        // The fault is all that takes time here.
        let mut cost = Cost { sessions: SESSIONS as u64, slow: 1, ..Cost::default() };
        let mut kept = Vec::new();
        for number in 0..times {
            let stanza = stanza.replace("#N#", &number.to_string());
            // What reading takes is for the reader to answer.
            let element = Link::new().read(&stanza)?;
            cost.bytes_in += stanza.len() as u64;
            let memory = Memory::now();
            let (damage, time) = timed(|| (self.fault.work)(&element));
            cost.peak = cost.peak.max(memory.peak());
            cost.held += memory.held();
            cost.bytes_out += stanza.len() as u64 + damage.out;
            cost.disk += stanza.len() as u64 + damage.disk;
            cost.time += time;
            cost.longest = cost.longest.max(time);
            cost.events += 1;
            kept.push(damage.kept);
            // That is enough to see it.
            if cost.time > ENOUGH {
                break;
            }
        }
        Some(cost)
    }
}

/// All elements within.
fn all(element: &Element) -> Vec<&Element> {
    std::iter::once(element).chain(element.children().flat_map(all)).collect()
}

fn is(element: &Element, name: &str) -> bool {
    element.name() == name
}

fn nothing() -> Damage {
    Damage::default()
}

const FAULTS: [Fault; 11] = [
    Fault {
        name: "each item is compared with each",
        measure: Measure::Wait,
        kind: "admin",
        work: |stanza| {
            let items: Vec<_> =
                all(stanza).into_iter().filter(|e| is(e, "item")).take(1500).map(Element::attrs).collect();
            for _ in 0..OFTEN {
                let same = |one| items.iter().filter(|other| std::hint::black_box(one) == *other).count();
                std::hint::black_box(items.iter().map(same).sum::<usize>());
            }
            nothing()
        },
    },
    Fault {
        name: "a nick is folded before its length is looked at",
        measure: Measure::Time,
        kind: "register",
        work: |stanza| {
            for value in all(stanza).into_iter().filter(|e| e.text().len() > 100).take(1) {
                let text: String = value.text().chars().take(800).collect();
                (0..40 * OFTEN).for_each(|_| drop(std::hint::black_box(folded(&text, 1 << 20))));
            }
            nothing()
        },
    },
    Fault {
        name: "everybody gets the presence of everybody",
        measure: Measure::Out,
        kind: "presence",
        work: |stanza| {
            let each = if is(stanza, "presence") { conclave::wire::encode::element(stanza).len() } else { 0 };
            Damage { out: (each * SESSIONS * SESSIONS) as u64, ..nothing() }
        },
    },
    Fault {
        name: "every invitation goes out with all reasons, to everybody",
        measure: Measure::Out,
        kind: "<x> muc#user",
        work: |stanza| {
            let invites = all(stanza).into_iter().filter(|e| is(e, "invite")).count();
            let reasons: usize =
                all(stanza).into_iter().filter(|e| is(e, "reason")).map(|e| e.text().len()).sum();
            Damage { out: (invites * reasons * SESSIONS) as u64, ..nothing() }
        },
    },
    Fault {
        name: "a namespace is written into each element, for each occupant",
        measure: Measure::Peak,
        kind: "message",
        work: |stanza| {
            let names: Vec<String> = all(stanza).into_iter().map(|e| e.ns() + e.name()).collect();
            std::hint::black_box(vec![names; SESSIONS]);
            nothing()
        },
    },
    Fault {
        name: "a presence is kept as a tree",
        measure: Measure::Held,
        kind: "presence",
        work: |stanza| {
            let kept = is(stanza, "presence").then(|| Box::new(stanza.clone()) as Box<dyn Any>);
            Damage { kept, ..nothing() }
        },
    },
    Fault {
        name: "what was asked is remembered for ever, for each who may answer",
        measure: Measure::Held,
        kind: "iq get",
        work: |stanza| {
            let asked = is(stanza, "iq") && stanza.attr("type") == Some("get");
            let kept = asked.then(|| Box::new(vec![stanza.clone(); SESSIONS]) as Box<dyn Any>);
            Damage { kept, ..nothing() }
        },
    },
    Fault {
        name: "the whole room is written for a new name",
        measure: Measure::Disk,
        kind: "owner",
        work: |stanza| {
            let form = all(stanza).into_iter().any(|e| e.attr("var").is_some_and(|v| v.contains("roomname")));
            Damage { disk: if form { 1 << 20 } else { 0 }, ..nothing() }
        },
    },
    Fault {
        name: "the history is written anew with each message",
        measure: Measure::Disk,
        kind: "message groupchat",
        work: |stanza| {
            let said = stanza.attr("type") == Some("groupchat");
            let bytes = conclave::wire::encode::element(stanza).len();
            Damage { disk: if said { 200 * bytes as u64 } else { 0 }, ..nothing() }
        },
    },
    Fault {
        name: "each field is looked for in all before it",
        measure: Measure::Wait,
        kind: "owner",
        work: |stanza| {
            let children: Vec<_> = all(stanza).into_iter().map(|e| e.attr("var")).take(6000).collect();
            let before = |n: usize| children[..n].iter().filter(|var| **var == children[n]).count();
            for _ in 0..OFTEN {
                std::hint::black_box((0..children.len()).map(before).sum::<usize>());
            }
            nothing()
        },
    },
    Fault {
        name: "each id is looked for in the archive by itself",
        measure: Measure::Wait,
        kind: "mam",
        work: |stanza| {
            let text = "<a/>".repeat(5_000);
            for value in all(stanza).into_iter().filter(|e| is(e, "value")).take(150) {
                for _ in 0..OFTEN {
                    std::hint::black_box(text.matches(std::hint::black_box(value.text().as_str())).count());
                }
            }
            nothing()
        },
    },
];

#[test]
fn what_is_broken_on_purpose_is_found_and_named() {
    let _alone = alone();
    let mut missed = Vec::new();
    for fault in &FAULTS {
        // Those of its kind, and some others.
        let all = [samples::of_rooms(), samples::of_archives()].concat().into_iter().enumerate();
        let some = all.filter(|(n, sample)| n % 20 == 0 || sample.kind.contains(fault.kind));
        let samples = some.map(|(_, sample)| sample).collect();
        let mut target = Planted { samples, fault };
        let mut hunt = Hunt::new(&mut target, 1);
        let named = |line: &String| {
            line.starts_with(&format!("{}: ", fault.measure.name())) && line.contains(fault.kind)
        };
        (hunt.bytes_max, hunt.all_bytes_max) = (BYTES_MAX, 3 * BYTES_MAX);
        hunt.begin();
        while hunt.tries < TRIES && !hunt.best.broken().iter().any(named) {
            hunt.search(Duration::from_secs(60), 20);
        }
        println!(
            "{}: {} tries: {:?}",
            fault.name,
            hunt.tries,
            hunt.best.broken().iter().find(|line| named(line))
        );
        if !hunt.best.broken().iter().any(named) {
            missed.push(format!("{}: {:?}", fault.name, hunt.best.broken()));
        }
    }
    assert!(missed.is_empty(), "not found:\n{}", missed.join("\n"));
}

#[test]
fn what_is_in_order_is_not_named() {
    let _alone = alone();
    let fault = Fault { name: "none", measure: Measure::Wait, kind: "", work: |_| nothing() };
    let mut target = Planted { samples: samples::of_rooms(), fault: &fault };
    let mut hunt = Hunt::new(&mut target, 1);
    (hunt.bytes_max, hunt.all_bytes_max) = (BYTES_MAX, 3 * BYTES_MAX);
    hunt.begin();
    hunt.search(Duration::from_secs(3), 300);
    assert_eq!(hunt.best.broken(), [""; 0], "{} ", fault.name);
}
