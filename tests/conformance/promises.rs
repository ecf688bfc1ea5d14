//! The tables of `docs/hostile.md` and `docs/security.md`: each row names the tests that hold it, and they are there. So are
//! those that `docs/overload.md` names.

use crate::proofs::Proofs;
use crate::{nothing, read};

/// The pages, and the least number of rows that each has.
const PAGES: [(&str, usize); 2] = [("docs/hostile.md", 40), ("docs/security.md", 35)];

/// The rows of all tables of a page: what they say, and what their last cell names.
fn rows(text: &str) -> Vec<(String, Vec<String>)> {
    let cells =
        text.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |")?.rsplit_once(" | "));
    let rows = cells.filter(|(_, tests)| *tests != "held by");
    rows.map(|(what, tests)| {
        let tests = tests.split(", ").map(|test| test.trim_matches('`').to_owned());
        (what.to_owned(), tests.collect())
    })
    .collect()
}

#[test]
fn each_row_of_what_is_promised_is_held_by_tests_that_are_there() {
    let proofs = Proofs::read();
    let mut problems = Vec::new();
    for (page, least) in PAGES {
        let rows = rows(&read(page));
        if rows.len() < least {
            problems.push(format!("{page} has {} rows", rows.len()));
        }
        for (what, tests) in rows {
            for path in tests {
                if !proofs.tests.iter().any(|test| test.path() == path) {
                    problems.push(format!(
                        "{page}: {path} is no test ({})",
                        what.chars().take(60).collect::<String>()
                    ));
                }
            }
        }
    }
    nothing(&problems);
}

#[test]
fn tests_that_the_tables_of_bounds_name_are_there() {
    let proofs = Proofs::read();
    let is_name = |text: &str| {
        text.contains('_') && text.chars().all(|c| c.is_ascii_lowercase() || "_0123456789".contains(c))
    };
    let rows = rows(&read("docs/overload.md"));
    let named: Vec<_> = rows.iter().flat_map(|(_, tests)| tests).filter(|test| is_name(test)).collect();
    assert!(named.len() > 50, "{}", named.len());
    let is_there = |name: &str| proofs.tests.iter().any(|test| test.path().rsplit("::").next() == Some(name));
    let problems = named
        .into_iter()
        .filter(|name| !is_there(name))
        .map(|name| format!("docs/overload.md: {name} is no test"));
    nothing(&problems.collect::<Vec<_>>());
}

#[test]
fn rows_are_read_and_heads_are_not() {
    let text = "# A\n\n| what | held by |\n|---|---|\n| a \\| b | `x.rs::y`, `z.scs` |\n| c | d | `e` |\n";
    let expected = [("a \\| b", vec!["x.rs::y", "z.scs"]), ("c | d", vec!["e"])];
    let found = rows(text);
    let found: Vec<_> = found
        .iter()
        .map(|(what, tests)| (what.as_str(), tests.iter().map(String::as_str).collect()))
        .collect();
    assert_eq!(found, expected);
}
