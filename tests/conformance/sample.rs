//! The rows for which the behaviour was taken away: `docs/conformance/mutations.md`.

use std::collections::BTreeSet;

use crate::catalogue::{Catalogue, is_id};
use crate::proofs::Proofs;
use crate::{nothing, read, root};

/// Row, file that was changed, tests that failed.
fn sample() -> Vec<(String, String, Vec<String>)> {
    let text = read("docs/conformance/mutations.md");
    let rows = text.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ");
        let (id, _, file, tests) = (cells.next()?, cells.next()?, cells.next()?, cells.next()?);
        let bare = |text: &str| text.trim_matches('`').to_owned();
        is_id(id).then(|| (id.to_owned(), bare(file), tests.split(", ").map(bare).collect()))
    });
    rows.collect()
}

#[test]
fn what_failed_is_there_and_names_the_row() {
    let proofs = Proofs::read();
    let mut problems = Vec::new();
    for (id, file, tests) in sample() {
        if !root().join(&file).is_file() {
            problems.push(format!("{id}: {file} is not there"));
        }
        for path in tests {
            if !proofs.of(&id).iter().any(|test| test.path() == path) {
                problems.push(format!("{id} is not named by {path}"));
            }
        }
    }
    nothing(&problems);
}

#[test]
fn the_sample_has_40_rows_from_all_sections_of_the_standard() {
    let sample = sample();
    let ids: BTreeSet<&str> = sample.iter().map(|(id, ..)| id.as_str()).collect();
    assert!(ids.len() >= 40, "{}", ids.len());
    let catalogue = Catalogue::read();
    for section in catalogue.sections.iter().filter(|section| section.part.starts_with("XEP-0")) {
        assert!(section.rows.iter().any(|row| ids.contains(row.id.as_str())), "none of {}", section.title);
    }
}
