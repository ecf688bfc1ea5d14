//! Whether a stanza is what a script expects.
//!
//! - An element in the namespace of the stream matches *loosely*: what is expected must be there, more may be, and
//!   the order of children is free.
//! - An element with a namespace of its own matches *strictly*: the same attributes and the same children, in the
//!   same order, and no text that is not expected.
//! - Children are taken as strictly as their parent. `scansion:strict='true'` or `'false'` decides for an element and
//!   all that is in it.
//! - Namespaces are compared as they resolve. Text is compared without the white space around it.
//! - `{scansion:any}` stands for any value of an attribute or of a text. `{scansion:capture:NAME}` stands for any
//!   value where NAME is met first, and for that same value from then on.

use std::collections::BTreeMap;

use minidom::{Element, Node};

use crate::script::{CLIENT, SCANSION};

/// What `{scansion:capture:NAME}` has met so far.
pub(crate) type Captures = BTreeMap<String, String>;

/// Whether `actual` is what is `expected`. New captures are kept only when it is.
pub(crate) fn matches(expected: &Element, actual: &Element, captures: &mut Captures) -> bool {
    let mut found = captures.clone();
    let matched = element(expected, actual, Mode { strict: false, said: false }, &mut found);
    if matched {
        *captures = found;
    }
    matched
}

/// Replaces the captures in a stanza that is to be sent by their values.
///
/// # Errors
/// The name of a capture that nothing has been caught by.
pub(crate) fn fill(stanza: &mut Element, captures: &Captures) -> Result<(), String> {
    let value_of = |text: &str| match captured(text) {
        None => Ok(None),
        Some(name) => match captures.get(name) {
            Some(value) => Ok(Some(value.clone())),
            None => Err(format!("nothing was captured as `{name}`")),
        },
    };
    for (_, value) in stanza.attrs_mut().iter_mut() {
        if let Some(captured) = value_of(value)? {
            *value = captured;
        }
    }
    for node in stanza.nodes_mut() {
        match node {
            Node::Element(child) => fill(child, captures)?,
            Node::Text(text) => {
                if let Some(captured) = value_of(text)? {
                    *text = captured;
                }
            }
        }
    }
    Ok(())
}

/// How strictly an element is taken, and whether a script said so.
#[derive(Clone, Copy)]
struct Mode {
    strict: bool,
    said: bool,
}

impl Mode {
    fn of(self, expected: &Element) -> Self {
        match expected.attr_ns(SCANSION, "strict") {
            Some(said) => Self { strict: said == "true", said: true },
            None if self.said => self,
            None => Self { strict: self.strict || !expected.has_ns(CLIENT), said: false },
        }
    }
}

fn element(expected: &Element, actual: &Element, outer: Mode, captures: &mut Captures) -> bool {
    let mode = outer.of(expected);
    expected.name() == actual.name()
        && expected.ns() == actual.ns()
        && attributes(expected, actual, mode, captures)
        && text(expected, actual, mode, captures)
        && if mode.strict {
            expected.children().count() == actual.children().count()
                && expected.children().zip(actual.children()).all(|(e, a)| element(e, a, mode, captures))
        } else {
            let wanted: Vec<&Element> = expected.children().collect();
            let offered: Vec<&Element> = actual.children().collect();
            anywhere(&wanted, &offered, mode, captures)
        }
}

fn attributes(expected: &Element, actual: &Element, mode: Mode, captures: &mut Captures) -> bool {
    let mut wanted = 0;
    for ((namespace, name), pattern) in expected.attrs().iter() {
        if namespace.as_str() == SCANSION {
            continue;
        }
        wanted += 1;
        let value = actual.attrs().iter().find(|((ns, n), _)| *ns == namespace && *n == name);
        if !value.is_some_and(|(_, value)| is_value(pattern, value, captures)) {
            return false;
        }
    }
    !mode.strict || actual.attrs().iter().count() == wanted
}

fn text(expected: &Element, actual: &Element, mode: Mode, captures: &mut Captures) -> bool {
    let (pattern, value) = (expected.text(), actual.text());
    let (pattern, value) = (pattern.trim(), value.trim());
    if pattern.is_empty() { !mode.strict || value.is_empty() } else { is_value(pattern, value, captures) }
}

fn is_value(pattern: &str, value: &str, captures: &mut Captures) -> bool {
    if pattern == "{scansion:any}" {
        return true;
    }
    match captured(pattern) {
        None => pattern == value,
        Some(name) => captures.entry(name.to_owned()).or_insert_with(|| value.to_owned()) == value,
    }
}

fn captured(pattern: &str) -> Option<&str> {
    pattern.trim().strip_prefix("{scansion:capture:")?.strip_suffix('}')
}

/// Finds a different one of `offered` for each of `wanted`.
fn anywhere(wanted: &[&Element], offered: &[&Element], mode: Mode, captures: &mut Captures) -> bool {
    let Some((first, others)) = wanted.split_first() else {
        return true;
    };
    for (i, candidate) in offered.iter().enumerate() {
        let mut found = captures.clone();
        if element(first, candidate, mode, &mut found) {
            let mut left = offered.to_vec();
            left.remove(i);
            if anywhere(others, &left, mode, &mut found) {
                *captures = found;
                return true;
            }
        }
    }
    false
}
