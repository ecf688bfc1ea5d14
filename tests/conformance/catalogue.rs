//! The rows of `docs/conformance/catalogue.md`.

use crate::read;

/// One requirement.
pub(crate) struct Row {
    pub(crate) id: String,
    /// `MUST`, `SHOULD NOT`, `MAY`, `shall` …
    pub(crate) level: String,
    pub(crate) requirement: String,
}

/// What stands under one heading.
pub(crate) struct Section {
    /// The specification, as in the heading above.
    pub(crate) part: String,
    pub(crate) title: String,
    pub(crate) rows: Vec<Row>,
}

impl Section {
    /// What stands here, and how much a service needs it: `core`, `today`, `moonshot, cheap`, `moonshot, large`. What
    /// this service is made of has no such word: it is needed as a whole.
    pub(crate) fn named(&self) -> (&str, &str) {
        self.title.rsplit_once(": ").unwrap_or((&self.title, "core"))
    }
}

/// All rows, in the order of the file.
pub(crate) struct Catalogue {
    pub(crate) sections: Vec<Section>,
}

impl Catalogue {
    pub(crate) fn read() -> Self {
        let text = read("docs/conformance/catalogue.md");
        let (mut part, mut sections) = (String::new(), Vec::<Section>::new());
        for line in text.lines() {
            if let Some(title) = line.strip_prefix("## ") {
                part = title.to_owned();
            } else if let Some(title) = line.strip_prefix("### ") {
                sections.push(Section { part: part.clone(), title: title.to_owned(), rows: Vec::new() });
            } else if let Some(row) = row(line) {
                sections.last_mut().expect("rows stand in sections").rows.push(row);
            }
        }
        sections.retain(|section| !section.rows.is_empty());
        let catalogue = Self { sections };
        let mut ids: Vec<&str> = catalogue.rows().map(|row| row.id.as_str()).collect();
        let all = ids.len();
        assert!(all > 400, "only {all} rows were read");
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all, "an id is given twice");
        catalogue
    }

    pub(crate) fn rows(&self) -> impl Iterator<Item = &Row> {
        self.sections.iter().flat_map(|section| &section.rows)
    }

    /// Whether any row belongs to the specification of `id`: otherwise the word is no id.
    pub(crate) fn knows_the_specification_of(&self, id: &str) -> bool {
        let number = id.split_once('-').map(|(number, _)| number);
        self.rows().any(|row| row.id.split_once('-').map(|(number, _)| number) == number)
    }
}

/// Whether a word is an id, such as `45-7.2.1-a`, `114-3` and `clients-error-a`.
pub(crate) fn is_id(word: &str) -> bool {
    word.split_once('-').is_some_and(|(of, rest)| {
        let is_number = (2..=3).contains(&of.len()) && of.bytes().all(|b| b.is_ascii_digit());
        (is_number || of == "clients") && !rest.is_empty()
    })
}

/// A line of a table whose first cell is an id.
fn row(line: &str) -> Option<Row> {
    let mut cells = line.strip_prefix("| ")?.strip_suffix('|')?.split(" | ").map(str::trim);
    let (id, level, requirement) = (cells.next()?, cells.next()?, cells.next()?);
    if !is_id(id) {
        return None;
    }
    let known = ["MUST", "MUST NOT", "SHOULD", "SHOULD NOT", "MAY", "shall"];
    assert!(level.split('/').all(|word| known.contains(&word)), "{id} has the level {level:?}");
    Some(Row { id: id.to_owned(), level: level.to_owned(), requirement: requirement.to_owned() })
}
