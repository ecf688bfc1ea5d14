//! Which requirement is proven by which test: the catalogue, the tests that name its rows, and the page made from both.
//! And which decision on what the standard leaves open is held by which test.
//!
//! A test names rows by their ids in a comment within it or right above it; a script in the comment at its head.
//! `CONCLAVE_WRITE_DOCS=1 cargo test --test conformance` writes the page.

mod catalogue;
mod page;
mod promises;
mod proofs;
mod reasons;
mod sample;
mod traps;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use catalogue::{Catalogue, Row};
use proofs::Proofs;
use reasons::Reasons;

const PAGE: &str = "docs/conformance.md";

/// A file of the tree, by its path from the root.
fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn nothing(problems: &[String]) {
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

/// Whether a row may not go without a test: it is of the two specifications that are this service, and no MAY.
fn must_be_tested(row: &Row) -> bool {
    row.level != "MAY" && (row.id.starts_with("45-") || row.id.starts_with("114-"))
}

#[test]
fn every_row_that_a_test_names_is_in_the_catalogue() {
    let (catalogue, proofs) = (Catalogue::read(), Proofs::read());
    let ids: BTreeSet<&str> = catalogue.rows().map(|row| row.id.as_str()).collect();
    let unknown: Vec<String> = proofs
        .tests
        .iter()
        .flat_map(|test| test.names.iter().map(move |id| (test, id)))
        .filter(|(_, id)| catalogue.knows_the_specification_of(id) && !ids.contains(id.as_str()))
        .map(|(test, id)| format!("{} names {id}, which is in no row", test.path()))
        .collect();
    nothing(&unknown);
}

#[test]
fn every_obligation_has_a_test() {
    let (catalogue, proofs, reasons) = (Catalogue::read(), Proofs::read(), Reasons::read());
    let mut problems = Vec::new();
    for row in catalogue.rows().filter(|row| must_be_tested(row)) {
        let id = row.id.as_str();
        if proofs.of(id).is_empty() && !reasons.not_ours.contains_key(id) {
            problems.push(format!("{id} ({}) has no test: {}", row.level, row.requirement));
        }
    }
    for section in &catalogue.sections {
        let needed = matches!(section.named().1, "core" | "today");
        for row in section.rows.iter().filter(|row| !must_be_tested(row) && row.level != "MAY") {
            let id = row.id.as_str();
            // What is needed is not left out as a whole.
            let reason = if needed { reasons.of_row(id) } else { reasons.of(id) };
            if proofs.of(id).is_empty() && reason.is_none() {
                problems.push(format!("{id} has neither a test nor a reason: {}", row.requirement));
            }
        }
    }
    nothing(&problems);
}

#[test]
fn reasons_are_for_rows_without_a_test() {
    let (catalogue, proofs, reasons) = (Catalogue::read(), Proofs::read(), Reasons::read());
    let rows: BTreeMap<&str, &Row> = catalogue.rows().map(|row| (row.id.as_str(), row)).collect();
    let mut problems = Vec::new();
    for id in reasons.not_ours.keys().chain(reasons.reasons.keys()) {
        match rows.get(id.as_str()) {
            None => problems.push(format!("{id} is in no row")),
            Some(_) if !proofs.of(id).is_empty() => {
                problems.push(format!("{id} has a test: {}", proofs.of(id)[0].path()));
            }
            Some(row) if reasons.reasons.contains_key(id) && must_be_tested(row) => {
                problems.push(format!("{id} is an obligation: only a test proves it"));
            }
            Some(_) => {}
        }
    }
    for number in reasons.specifications.keys() {
        if !rows.keys().any(|id| id.starts_with(&format!("{number}-"))) {
            problems.push(format!("no row is of specification {number}"));
        }
    }
    nothing(&problems);
}

#[test]
fn the_page_is_what_the_catalogue_and_the_tests_make_it() {
    let page = page::write(&Catalogue::read(), &Proofs::read(), &Reasons::read());
    if std::env::var_os("CONCLAVE_WRITE_DOCS").is_some() {
        fs::write(root().join(PAGE), &page).expect("the page can be written");
    }
    let found = fs::read_to_string(root().join(PAGE)).unwrap_or_default();
    let at = found.lines().zip(page.lines()).take_while(|(found, made)| found == made).count() + 1;
    assert!(
        found == page,
        "{PAGE} is not up to date from line {at} on; this writes it anew:\n\
         CONCLAVE_WRITE_DOCS=1 cargo test --test conformance"
    );
}
