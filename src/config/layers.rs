//! Defaults, file, environment, flags: laid over one another, one setting at a time.
//!
//! The serialised defaults say which keys there are and of which type. A setting that does not fit is found when
//! it is laid, so the mistake has a key, a line and, from the sample file, an explanation.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

use super::{ConfigError, Place, Raw, SAMPLE};

/// Files that are looked for when none is named.
const FILES: [&str; 2] = ["component.toml", "/etc/conclave/component.toml"];

/// A setting that can also come from the environment or the command line.
#[derive(Debug)]
pub struct Override {
    /// The setting, as `section.key`.
    pub path: &'static str,
    /// The environment variable.
    pub variable: &'static str,
    /// The flag; none for the secret, since other users of the machine can see flags.
    pub flag: Option<&'static str>,
}

/// What the environment and the command line can override.
pub const OVERRIDES: [Override; 6] = [
    Override { path: "component.domain", variable: "CONCLAVE_DOMAIN", flag: Some("--domain") },
    Override { path: "component.server", variable: "CONCLAVE_SERVER", flag: Some("--server") },
    Override { path: "component.secret", variable: "CONCLAVE_SECRET", flag: None },
    Override { path: "component.secret_file", variable: "CONCLAVE_SECRET_FILE", flag: Some("--secret-file") },
    Override { path: "store.path", variable: "CONCLAVE_STORE", flag: Some("--store") },
    Override { path: "log.level", variable: "CONCLAVE_LOG", flag: Some("--log") },
];

/// Where settings come from.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The file named on the command line. Without one, `./component.toml` and then
    /// `/etc/conclave/component.toml` are used if they are there.
    pub file: Option<PathBuf>,
    /// Values from the environment, by the setting's path. An empty value counts as absent.
    pub environment: BTreeMap<&'static str, String>,
    /// Values from flags, by the setting's path.
    pub flags: BTreeMap<&'static str, String>,
}

impl Sources {
    /// Sources with what the process's environment holds, and no file or flag.
    ///
    /// # Errors
    /// A variable that is not UTF-8.
    pub fn from_environment() -> Result<Self, ConfigError> {
        let mut environment = BTreeMap::new();
        for Override { path, variable, .. } in OVERRIDES {
            let Some(value) = std::env::var_os(variable) else { continue };
            let value = value
                .into_string()
                .map_err(|_| ConfigError::new(Place::Environment(variable), "its value is not UTF-8"))?;
            environment.insert(path, value);
        }
        Ok(Self { environment, ..Self::default() })
    }
}

/// Which setting was written where.
#[derive(Debug, Default)]
pub(super) struct Origins {
    places: BTreeMap<String, Place>,
    /// The file that was read, if any.
    pub(super) file: Option<PathBuf>,
}

impl Origins {
    /// Where `path` was set last.
    pub(super) fn of(&self, path: &str) -> Place {
        self.places.get(path).cloned().unwrap_or(Place::Default)
    }

    /// Where `path` is missing: its section in the file, else the file, else nowhere.
    pub(super) fn nearest(&self, path: &str) -> Place {
        let section = path.split('.').next().unwrap_or(path);
        match (self.of(path), self.of(section), &self.file) {
            (Place::Default, Place::Default, Some(file)) => Place::File { path: file.clone(), line: None },
            (Place::Default, section, _) => section,
            (place, _, _) => place,
        }
    }
}

/// Lays all sources over the defaults.
pub(super) fn merge(sources: &Sources) -> Result<(Raw, Origins), ConfigError> {
    let mut layers = Layers::new();
    if let Some((path, text)) = read(sources.file.as_deref())? {
        layers.lay_file(&path, &text)?;
        layers.origins.file = Some(path);
    }
    for over in &OVERRIDES {
        if let Some(value) = sources.environment.get(over.path).filter(|value| !value.is_empty()) {
            layers.lay(over.path, Value::String(value.clone()), Place::Environment(over.variable))?;
        }
    }
    for over in &OVERRIDES {
        if let (Some(value), Some(flag)) = (sources.flags.get(over.path), over.flag) {
            layers.lay(over.path, Value::String(value.clone()), Place::Flag(flag))?;
        }
    }
    let raw = Raw::deserialize(layers.merged).expect("every value was tried when it was laid");
    Ok((raw, layers.origins))
}

fn read(named: Option<&Path>) -> Result<Option<(PathBuf, String)>, ConfigError> {
    let found = match named {
        Some(path) => Some(path.to_owned()),
        None => FILES.iter().map(PathBuf::from).find(|path| path.exists()),
    };
    let Some(path) = found else { return Ok(None) };
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Some((path, text))),
        Err(error) => {
            let message = format!("the configuration file cannot be read: {error}");
            Err(ConfigError::new(Place::File { path, line: None }, message))
        }
    }
}

/// A table or a value in the file, with its line.
struct Entry {
    path: String,
    /// `None` for a table, whose contents are entries of their own.
    value: Option<Value>,
    line: usize,
}

struct Layers {
    /// The defaults: which keys there are, and of which type.
    template: Table,
    merged: Table,
    origins: Origins,
}

impl Layers {
    fn new() -> Self {
        let mut template = Table::try_from(Raw::default()).expect("settings are tables of values");
        let component = template["component"].as_table_mut().expect("a section is a table");
        // An unset secret is not written, but both keys may be.
        for key in ["secret", "secret_file"] {
            component.entry(key).or_insert(Value::String(String::new()));
        }
        Self { merged: template.clone(), template, origins: Origins::default() }
    }

    fn lay_file(&mut self, path: &Path, text: &str) -> Result<(), ConfigError> {
        let place = |line| Place::File { path: path.to_owned(), line };
        let line_at = |offset: usize| 1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count();
        // The error's own text quotes the line, which may hold the secret: only its message is used.
        let broken = |error: toml::de::Error| {
            let line = error.span().map(|span| line_at(span.start));
            ConfigError::new(place(line), format!("this is not TOML: {}", error.message()))
        };
        let values = text.parse::<Table>().map_err(broken)?;
        let spans = DeTable::parse(text).map_err(broken)?;
        let mut entries = Vec::new();
        flatten(spans.get_ref(), &values, "", &line_at, &mut entries);
        // Stable: a table stays ahead of what it holds.
        entries.sort_by_key(|entry| entry.line);
        for entry in entries {
            let place = place(Some(entry.line));
            match entry.value {
                Some(value) => self.lay(&entry.path, value, place)?,
                None => self.open(&entry.path, place)?,
            }
        }
        Ok(())
    }

    /// Takes note of a table.
    fn open(&mut self, path: &str, place: Place) -> Result<(), ConfigError> {
        match lookup(&self.template, path) {
            Some(Value::Table(_)) => {
                self.origins.places.insert(path.to_owned(), place);
                Ok(())
            }
            Some(default) => Err(wrong_type(path, default, "a table", place)),
            None => Err(self.unknown(path, place)),
        }
    }

    /// Lays one value over what is there.
    fn lay(&mut self, path: &str, value: Value, place: Place) -> Result<(), ConfigError> {
        let Some(default) = lookup(&self.template, path) else { return Err(self.unknown(path, place)) };
        if !default.same_type(&value) {
            return Err(wrong_type(path, default, kind(&value), place));
        }
        *slot(&mut self.merged, path) = value;
        if let Err(error) = Raw::deserialize(self.merged.clone()) {
            return Err(ConfigError::new(place, format!("{path}: {}{}", error.message(), meant(path))));
        }
        self.choose_secret(path, &place)?;
        self.origins.places.insert(path.to_owned(), place);
        Ok(())
    }

    /// `secret` and `secret_file` are two ways of saying one thing: a later source wins, one source must choose.
    fn choose_secret(&mut self, path: &str, place: &Place) -> Result<(), ConfigError> {
        let other = match path {
            "component.secret" => "component.secret_file",
            "component.secret_file" => "component.secret",
            _ => return Ok(()),
        };
        let before = self.origins.of(other);
        if before.rank() == place.rank() {
            let message =
                format!("both component.secret and component.secret_file are set (see {before}); keep one");
            return Err(ConfigError::new(place.clone(), message));
        }
        *slot(&mut self.merged, other) = Value::String(String::new());
        self.origins.places.remove(other);
        Ok(())
    }

    fn unknown(&self, path: &str, place: Place) -> ConfigError {
        let (section, key) = path.rsplit_once('.').unwrap_or(("", path));
        let what = match section {
            "" => format!("unknown section or key `{key}`"),
            _ => format!("unknown key `{key}` in [{section}]"),
        };
        let mut known = Vec::new();
        names(&self.template, "", &mut known);
        let hint = match suggest(path, &known) {
            Some(name) => match name.rsplit_once('.') {
                Some((there, key)) if there == section => format!("; did you mean `{key}`?"),
                Some((there, key)) => format!("; did you mean `{key}` in [{there}]?"),
                None => format!("; did you mean [{name}]?"),
            },
            None => {
                let siblings = lookup_table(&self.template, section);
                let list: Vec<&str> =
                    siblings.into_iter().flat_map(Table::keys).map(String::as_str).collect();
                format!("; known here: {}", list.join(", "))
            }
        };
        ConfigError::new(place, what + &hint)
    }
}

fn flatten(
    spans: &DeTable<'_>,
    values: &Table,
    above: &str,
    line_at: &dyn Fn(usize) -> usize,
    into: &mut Vec<Entry>,
) {
    for (key, spanned) in spans {
        let path = join(above, key.get_ref());
        let line = line_at(key.span().start);
        let value = &values[key.get_ref().as_ref()];
        match (spanned.get_ref(), value) {
            (DeValue::Table(inner), Value::Table(value)) => {
                into.push(Entry { path: path.clone(), value: None, line });
                flatten(inner, value, &path, line_at, into);
            }
            _ => into.push(Entry { path, value: Some(value.clone()), line }),
        }
    }
}

fn join(above: &str, key: &str) -> String {
    if above.is_empty() { key.to_owned() } else { format!("{above}.{key}") }
}

fn lookup<'t>(table: &'t Table, path: &str) -> Option<&'t Value> {
    match path.split_once('.') {
        Some((key, rest)) => lookup(table.get(key)?.as_table()?, rest),
        None => table.get(path),
    }
}

fn lookup_table<'t>(table: &'t Table, path: &str) -> Option<&'t Table> {
    if path.is_empty() { Some(table) } else { lookup(table, path)?.as_table() }
}

/// The place of a value that [`lookup`] finds.
fn slot<'t>(table: &'t mut Table, path: &str) -> &'t mut Value {
    match path.split_once('.') {
        Some((key, rest)) => slot(table[key].as_table_mut().expect("same shape as the template"), rest),
        None => &mut table[path],
    }
}

fn names(table: &Table, above: &str, into: &mut Vec<String>) {
    for (key, value) in table {
        let path = join(above, key);
        if let Value::Table(inner) = value {
            names(inner, &path, into);
        }
        into.push(path);
    }
}

/// The known name that was most likely meant: the same key elsewhere, or the nearest by spelling.
fn suggest<'n>(path: &str, known: &'n [String]) -> Option<&'n str> {
    let (section, key) = path.rsplit_once('.').unwrap_or(("", path));
    let leaf = |name: &str| name.rsplit('.').next().unwrap_or(name).to_owned();
    let same_section = |name: &str| name.rsplit_once('.').map_or("", |(section, _)| section) == section;
    let spelling = |name: &&String| {
        let distance = strsim::damerau_levenshtein(key, &leaf(name));
        (distance, !same_section(name))
    };
    let near = known.iter().filter(|name| same_section(name) || leaf(name) == key).min_by_key(spelling)?;
    let close_enough = spelling(&near).0 <= key.len().max(3) / 3 + 1;
    close_enough.then_some(near.as_str())
}

fn wrong_type(path: &str, default: &Value, found: &str, place: Place) -> ConfigError {
    ConfigError::new(place, format!("{path} must be {}, and is {found}{}", kind(default), meant(path)))
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "a string",
        Value::Integer(_) => "an integer",
        Value::Float(_) => "a number with a fraction",
        Value::Boolean(_) => "true or false",
        Value::Datetime(_) => "a date",
        Value::Array(_) => "an array",
        Value::Table(_) => "a table",
    }
}

/// What the sample file says about a setting, as a line of its own; empty if it says nothing.
pub(super) fn meant(path: &str) -> String {
    let (section, key) = path.rsplit_once('.').unwrap_or(("", path));
    let (mut at, mut comment) = (String::new(), Vec::new());
    for line in SAMPLE.lines() {
        if let Some(header) = line.strip_prefix('[') {
            at = header.trim_end_matches(']').to_owned();
        }
        let written = line.trim_start_matches("# ");
        if at == section && written.split_once(" = ").is_some_and(|(name, _)| name == key) {
            return format!("\n  {}", comment.join("\n  "));
        }
        match line.strip_prefix("# ") {
            Some(text) => comment.push(text),
            None => comment.clear(),
        }
    }
    String::new()
}
