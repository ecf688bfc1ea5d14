//! The page: a summary by section, and for each row what proves it.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::catalogue::{Catalogue, Row, Section};
use crate::proofs::{Proofs, Test};
use crate::reasons::Reasons;

const HEAD: &str = "\
# Conformance

<!-- Made by the test program `conformance`; see the end of the page. -->

Each requirement that [the catalogue](conformance/catalogue.md) holds, with the tests that prove it or the reason why there is none.
A row counts as proven only by a test that fails when the behaviour is taken away; [a sample](conformance/mutations.md)
shows it. Tests in `tests/` and `src/` run by themselves; the scripts in `scansion/` play real clients behind Prosody and behind
ejabberd.

";

const FOOT: &str = "\
---

This page is written by `CONCLAVE_WRITE_DOCS=1 cargo test --test conformance` from `docs/conformance/catalogue.md`,
`docs/conformance/reasons.toml` and the ids in the comments of tests; `cargo test` fails when it is out of date.
";

/// Longest requirement that is shown whole, in characters.
const REQUIREMENT_MAX: usize = 160;

/// The whole page.
pub(crate) fn write(catalogue: &Catalogue, proofs: &Proofs, reasons: &Reasons) -> String {
    let mut page = HEAD.to_owned();
    summary(&mut page, catalogue, proofs, reasons);
    let mut part = "";
    for section in &catalogue.sections {
        if section.part != part {
            part = &section.part;
            line(&mut page, &format!("## {part}\n"));
        }
        table(&mut page, section, proofs, reasons);
    }
    page + FOOT
}

fn line(page: &mut String, text: &str) {
    writeln!(page, "{text}").expect("a string takes all");
}

/// Rows, obligations among them, and how many of the rows are proven, have a reason, are open.
#[derive(Default)]
struct Count {
    rows: usize,
    obligations: usize,
    proven: usize,
    reasoned: usize,
    open: usize,
    obligations_open: usize,
}

impl Count {
    fn of<'r>(rows: impl Iterator<Item = &'r Row>, proofs: &Proofs, reasons: &Reasons) -> Self {
        let mut count = Self::default();
        for row in rows {
            let obligation = usize::from(row.level != "MAY");
            count.rows += 1;
            count.obligations += obligation;
            if !proofs.of(&row.id).is_empty() {
                count.proven += 1;
            } else if reasons.of(&row.id).is_some() {
                count.reasoned += 1;
            } else {
                count.open += 1;
                count.obligations_open += obligation;
            }
        }
        count
    }

    fn cells(&self) -> String {
        let Self { rows, obligations, proven, reasoned, open, obligations_open } = self;
        format!("{rows} | {obligations} | {proven} | {reasoned} | {open} | {obligations_open}")
    }
}

fn summary(page: &mut String, catalogue: &Catalogue, proofs: &Proofs, reasons: &Reasons) {
    line(
        page,
        "An obligation is a row of any level but MAY. How much a room service needs what stands in a section is told by \
         [the catalogue](conformance/catalogue.md): core, today, or a moonshot that is cheap or large.\n",
    );
    line(
        page,
        "| section | needed | rows | obligations | proven | with a reason | open | open obligations |",
    );
    line(page, "|---|---|---|---|---|---|---|---|");
    let mut parts: Vec<&str> = catalogue.sections.iter().map(|section| section.part.as_str()).collect();
    parts.dedup();
    for part in parts {
        let sections: Vec<&Section> = catalogue.sections.iter().filter(|s| s.part == part).collect();
        let all = Count::of(sections.iter().flat_map(|section| &section.rows), proofs, reasons);
        line(page, &format!("| **{part}** | | {} |", all.cells()));
        for section in sections {
            let count = Count::of(section.rows.iter(), proofs, reasons);
            let (title, needed) = section.named();
            line(page, &format!("| {title} | {needed} | {} |", count.cells()));
        }
    }
    line(page, "");
}

fn table(page: &mut String, section: &Section, proofs: &Proofs, reasons: &Reasons) {
    line(page, &format!("### {}\n", section.title));
    line(page, "| id | level | requirement | proof |\n|---|---|---|---|");
    for row in &section.rows {
        let Row { id, level, requirement } = row;
        let tests = proofs.of(id);
        let proof = match reasons.of(id) {
            _ if !tests.is_empty() => named(&tests),
            Some(reason) => format!("*No test:* {reason}"),
            None => "**open**".to_owned(),
        };
        line(page, &format!("| {id} | {level} | {} | {proof} |", short(requirement)));
    }
    line(page, "");
}

/// Tests by file.
fn named(tests: &[&Test]) -> String {
    let mut files: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for test in tests {
        files.entry(&test.file).or_default().extend(test.function.as_deref());
    }
    let files: Vec<String> = files
        .into_iter()
        .map(|(file, functions)| match functions[..] {
            [] => format!("`{file}`"),
            _ => format!("`{file}`: {}", functions.join(", ")),
        })
        .collect();
    files.join("; ")
}

/// A requirement, cut after a word if it is long.
fn short(requirement: &str) -> String {
    let Some((cut, _)) = requirement.char_indices().nth(REQUIREMENT_MAX) else {
        return requirement.to_owned();
    };
    let mut text = &requirement[..requirement[..cut].rfind(' ').unwrap_or(cut)];
    // Not within something quoted.
    if text.matches('`').count() % 2 == 1 {
        text = &text[..text.rfind('`').unwrap_or(0)];
    }
    format!("{} …", text.trim_end_matches([' ', ';', ',', '(']))
}
