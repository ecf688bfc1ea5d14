//! Why rows have no test: `docs/conformance/reasons.toml`.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::read;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reasons {
    /// Obligations of the server or of clients, and such whose condition cannot arise here.
    pub(crate) not_ours: BTreeMap<String, String>,
    /// Rows that are not built.
    pub(crate) reasons: BTreeMap<String, String>,
    /// Specifications that are not built: the reason for each of their rows that has neither test nor reason.
    pub(crate) specifications: BTreeMap<String, String>,
}

impl Reasons {
    pub(crate) fn read() -> Self {
        toml::from_str(&read("docs/conformance/reasons.toml")).expect("reasons.toml is as described in it")
    }

    /// Why the row has no test.
    pub(crate) fn of(&self, id: &str) -> Option<&str> {
        let specification = id.split_once('-').and_then(|(number, _)| self.specifications.get(number));
        self.of_row(id).or(specification.map(String::as_str))
    }

    /// Why this row has no test, be the rest of its specification built or not.
    pub(crate) fn of_row(&self, id: &str) -> Option<&str> {
        self.not_ours.get(id).or_else(|| self.reasons.get(id)).map(String::as_str)
    }
}
