//! The decisions of `docs/design/decisions.md`, each with the tests that hold it.

use crate::proofs::Proofs;
use crate::{nothing, read};

/// How many there are.
const COUNT: u32 = 89;
const DECISIONS: &str = "docs/design/decisions.md";

/// Number, what is done, and which tests hold it, in the order of the file.
fn decisions() -> Vec<(u32, String, Vec<String>)> {
    let text = read(DECISIONS);
    let rows = text.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ");
        let number = cells.next()?.parse().ok()?;
        let (what, tests) = (cells.next()?, cells.next()?);
        let tests = tests.split(", ").map(|test| test.trim_matches('`').to_owned());
        Some((number, what.to_owned(), tests.collect()))
    });
    rows.collect()
}

#[test]
fn each_decision_is_there_once_and_in_order() {
    let numbers: Vec<u32> = decisions().iter().map(|(number, ..)| *number).collect();
    assert_eq!(numbers, (1..=COUNT).collect::<Vec<_>>());
}

#[test]
fn each_decision_is_held_by_tests_that_name_it() {
    let proofs = Proofs::read();
    let mut problems = Vec::new();
    for (number, what, tests) in decisions() {
        if what.is_empty() || tests.is_empty() {
            problems.push(format!("{number} says nothing or names no test"));
        }
        for path in tests {
            match proofs.tests.iter().find(|test| test.path() == path) {
                None => problems.push(format!("{number} names {path}, which is no test")),
                Some(test) if !test.traps.contains(&number) => {
                    problems.push(format!("{path} does not name trap {number}"));
                }
                Some(_) => {}
            }
        }
    }
    nothing(&problems);
}

#[test]
fn each_number_that_a_test_names_is_a_decision() {
    let proofs = Proofs::read();
    let named = proofs.tests.iter().flat_map(|test| test.traps.iter().map(move |trap| (test, trap)));
    let unknown = named.filter(|(_, trap)| !(1..=COUNT).contains(*trap));
    let problems: Vec<_> = unknown.map(|(test, trap)| format!("{} names trap {trap}", test.path())).collect();
    nothing(&problems);
}
