//! `docs/faults.md`: its table is made of what the scenarios say of themselves.

use std::fmt::Write as _;
use std::fs;

use crate::scenario::Scenario;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/faults.md");
const BEGIN: &str = "<!-- made from tests/faults: begin -->\n";
const END: &str = "<!-- made from tests/faults: end -->\n";

/// Compares the table with the scenarios; `CONCLAVE_WRITE_DOCS=1` writes it anew.
pub(crate) fn check(scenarios: &[Scenario]) -> Result<(), String> {
    let page = fs::read_to_string(PAGE).map_err(|e| format!("{PAGE}: {e}"))?;
    let around = page.split_once(BEGIN).and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    let (before, after) = around.ok_or("docs/faults.md has no place for the table")?;
    let made = format!("{before}{BEGIN}{}{END}{after}", table(scenarios));
    if made == page {
        return Ok(());
    }
    if std::env::var_os("CONCLAVE_WRITE_DOCS").is_some() {
        return fs::write(PAGE, made).map_err(|e| format!("{PAGE}: {e}"));
    }
    Err("docs/faults.md is not what the scenarios say: CONCLAVE_WRITE_DOCS=1 makes it anew".to_owned())
}

fn table(scenarios: &[Scenario]) -> String {
    let mut table = "| scenario | what happens | what users see |\n|---|---|---|\n".to_owned();
    for scenario in scenarios {
        let server = scenario.only.map_or(String::new(), |kind| format!(" ({} only)", kind.name()));
        let long = if scenario.long { " (minutes)" } else { "" };
        // Writing to a String cannot fail.
        let _ =
            writeln!(table, "| `{}`{server}{long} | {} | {} |", scenario.name, scenario.fault, scenario.seen);
    }
    table
}
