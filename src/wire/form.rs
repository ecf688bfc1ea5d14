//! Data forms (XEP-0004): written with labels and options, read leniently.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use minidom::Element;

use super::build::{Build, el};
use super::fit::that_fit;
use super::{encode, ns};
use crate::words::{self, Label, Lang, Text, Words};

/// A field of a form that the service sends.
#[derive(Clone, Debug, Default)]
pub struct Field<'a> {
    /// The variable; empty: none, as where something is only said.
    pub var: &'a str,
    /// The type, such as `text-single`; none in results.
    pub type_: Option<&'a str>,
    /// For people.
    pub label: Option<&'static Text>,
    /// What else people need to know before they fill it in.
    pub desc: Option<Words>,
    /// Current values.
    pub values: Vec<String>,
    /// Values to choose from, with their labels.
    pub options: &'a [(&'a str, Label<'a>)],
    /// For a whole number: the largest that is taken; none is smaller than 0 (XEP-0122).
    pub integer_max: Option<u32>,
    /// Whether it has to be filled in.
    pub required: bool,
}

/// A form to fill in; `form_type` becomes the hidden first field (XEP-0068).
pub fn form(lang: Lang<'_>, form_type: &str, title: impl Into<Words>, fields: &[Field<'_>]) -> Element {
    guided(lang, form_type, title, &[], fields)
}

/// The same with instructions before the fields.
pub fn guided(
    lang: Lang<'_>,
    form_type: &str,
    title: impl Into<Words>,
    instructions: &[&'static Text],
    fields: &[Field<'_>],
) -> Element {
    let title = el("title", ns::DATA).text_node(&lang.words(&title.into()));
    let said = instructions.iter().map(|text| el("instructions", ns::DATA).text_node(lang.text(text)));
    of_type("form", lang, form_type, std::iter::once(title).chain(said), fields)
}

/// A form to fill in that is for programs: nothing of it is for people.
pub fn untitled(form_type: &str, fields: &[Field<'_>]) -> Element {
    of_type("form", Lang::english(), form_type, None, fields)
}

/// What a form can say of something (XEP-0128). Nothing of it is for people.
pub fn result(form_type: &str, fields: &[Field<'_>]) -> Element {
    of_type("result", Lang::english(), form_type, None, fields)
}

fn of_type(
    type_: &str,
    lang: Lang<'_>,
    form_type: &str,
    head: impl IntoIterator<Item = Element>,
    fields: &[Field<'_>],
) -> Element {
    let mut x = el("x", ns::DATA).with("type", type_);
    for element in head {
        x.append_child(element);
    }
    let hidden = Field {
        var: "FORM_TYPE",
        type_: Some("hidden"),
        values: vec![form_type.to_owned()],
        ..Field::default()
    };
    for field in std::iter::once(&hidden).chain(fields) {
        x.append_child(element(field, lang));
    }
    x
}

/// A form once more, with what was filled in, and a word on what is wrong with that.
pub fn again(form: &Element, filled: &Submitted, wrong: &str) -> Element {
    let mut again = el("x", ns::DATA).with_opt("type", form.attr("type"));
    let mut fields = form.children().peekable();
    while let Some(title) = fields.next_if(|child| child.name() == "title") {
        again.append_child(title.clone());
    }
    again.append_child(el("instructions", ns::DATA).text_node(wrong));
    for field in fields {
        let values = field.attr("var").and_then(|var| filled.values(var));
        again.append_child(values.map_or_else(|| field.clone(), |values| with_values(field, values)));
    }
    again
}

/// A field with other values.
fn with_values(field: &Element, values: &[String]) -> Element {
    let mut other = el("field", ns::DATA);
    for name in ["var", "type", "label"] {
        other = other.with_opt(name, field.attr(name));
    }
    let (options, rest): (Vec<&Element>, Vec<_>) =
        field.children().filter(|child| child.name() != "value").partition(|child| child.name() == "option");
    for child in rest {
        other.append_child(child.clone());
    }
    for value in values {
        other.append_child(el("value", ns::DATA).text_node(value));
    }
    for option in options {
        other.append_child(option.clone());
    }
    other
}

/// The first rows that a table has space for, and whether there are more.
pub fn rows_that_fit(rows: impl Iterator<Item = Vec<String>>) -> (Vec<Vec<String>>, bool) {
    /// A field with its variable and value, beside the text.
    const FIELD_BYTES: usize = 80;
    that_fit(rows, |row| row.iter().map(|value| FIELD_BYTES + encode::escaped_len(value)).sum())
}

/// A page of a table: the first rows that there is space for, `rows_max` at most, and the first cell of the last one if there
/// are more. Rows with the same first cell stay together, as far as a page has space for them: where it has not, the second
/// cell comes with the first, on a line of its own.
pub fn page_of_rows(
    rows: impl Iterator<Item = Vec<String>>,
    rows_max: usize,
) -> (Vec<Vec<String>>, Option<String>) {
    let (mut rows, more) = rows_that_fit(rows.take(rows_max + 1));
    let Some(cut) = rows.last().map(|row| row[0].clone()).filter(|_| more || rows.len() > rows_max) else {
        return (rows, None);
    };
    if !more {
        // The row that is one too many.
        rows.pop();
    }
    if rows[0][0] != cut && (more || rows.last().is_some_and(|row| row[0] == cut)) {
        rows.retain(|row| row[0] != cut);
    }
    let place = |row: &Vec<String>| if row[0] == cut { row[..2].join("\n") } else { row[0].clone() };
    let last = rows.last().map(place);
    (rows, last)
}

/// A table (XEP-0004 §3.4): the columns, and in each row the values that the columns have there; empty ones are left
/// out.
pub fn table(
    lang: Lang<'_>,
    form_type: &str,
    title: impl Into<Words>,
    columns: &[(&str, &'static Text)],
    rows: &[Vec<String>],
) -> Element {
    let mut reported = el("reported", ns::DATA);
    for (var, label) in columns {
        reported.append_child(element(&Field { var, label: Some(label), ..Field::default() }, lang));
    }
    let title = el("title", ns::DATA).text_node(&lang.words(&title.into()));
    let mut x = of_type("result", lang, form_type, Some(title), &[]).child(reported);
    for row in rows {
        let mut item = el("item", ns::DATA);
        for ((var, _), value) in columns.iter().zip(row).filter(|(_, value)| !value.is_empty()) {
            item.append_child(element(&Field { var, values: vec![value.clone()], ..Field::default() }, lang));
        }
        x.append_child(item);
    }
    x
}

fn element(field: &Field<'_>, lang: Lang<'_>) -> Element {
    let mut element = el("field", ns::DATA)
        .with_opt("var", Some(field.var).filter(|var| !var.is_empty()))
        .with_opt("type", field.type_)
        .with_opt("label", field.label.map(|label| lang.text(label)));
    if let Some(desc) = &field.desc {
        element.append_child(el("desc", ns::DATA).text_node(&lang.words(desc)));
    }
    if let Some(max) = field.integer_max {
        let range = el("range", ns::VALIDATE).with("min", "0").with("max", &max.to_string());
        element.append_child(el("validate", ns::VALIDATE).with("datatype", "xs:integer").child(range));
    }
    if field.required {
        element.append_child(el("required", ns::DATA));
    }
    for value in &field.values {
        element.append_child(el("value", ns::DATA).text_node(value));
    }
    for (value, label) in field.options {
        element.append_child(
            el("option", ns::DATA)
                .with("label", lang.label(*label))
                .child(el("value", ns::DATA).text_node(value)),
        );
    }
    element
}

/// What somebody submitted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Submitted {
    /// In the order in which they came.
    fields: Vec<(String, Vec<String>)>,
    /// Where in it each variable is.
    places: HashMap<String, usize>,
}

/// What somebody did with a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Filled it in.
    Submit(Submitted),
    /// Turned it down.
    Cancel,
}

impl Reply {
    /// Reads `<x xmlns='jabber:x:data'/>`. A form of another FORM_TYPE than `form_type`, or of another type than
    /// submit or cancel, is an error that says what is wrong; a form without FORM_TYPE is taken as meant.
    pub fn read(x: &Element, form_type: &str) -> Result<Self, &'static Text> {
        match x.attr("type") {
            Some("cancel") => Ok(Self::Cancel),
            Some("submit") => Submitted::read(x, form_type).map(Self::Submit),
            _ => Err(&words::FORM_TYPE_WRONG),
        }
    }
}

impl Submitted {
    /// The fields of a form, whatever its type. Another FORM_TYPE than `form_type` is an error that says so.
    pub fn read(x: &Element, form_type: &str) -> Result<Self, &'static Text> {
        let mut submitted = Self::default();
        for field in x.children().filter(|c| c.is("field", ns::DATA)) {
            let Some(var) = field.attr("var") else { continue };
            let values: Vec<String> =
                field.children().filter(|c| c.is("value", ns::DATA)).map(Element::text).collect();
            if var == "FORM_TYPE" {
                if values.first().is_some_and(|v| v != form_type) {
                    return Err(&words::OTHER_FORM_TYPE);
                }
                continue;
            }
            match submitted.places.entry(var.to_owned()) {
                Entry::Occupied(known) => submitted.fields[*known.get()].1 = values,
                Entry::Vacant(new) => {
                    new.insert(submitted.fields.len());
                    submitted.fields.push((var.to_owned(), values));
                }
            }
        }
        Ok(submitted)
    }

    /// One field with one value.
    pub fn one(var: &str, value: &str) -> Self {
        let fields = vec![(var.to_owned(), vec![value.to_owned()])];
        Self { fields, places: HashMap::from([(var.to_owned(), 0)]) }
    }

    /// The values of a field: `None` if it is absent, empty if it is present without a value.
    pub fn values(&self, var: &str) -> Option<&[String]> {
        self.places.get(var).map(|place| self.fields[*place].1.as_slice())
    }

    /// The first value of a field without the blanks around it, if there is anything in it.
    pub fn value(&self, var: &str) -> Option<&str> {
        self.values(var)?.first().map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// The variables of all fields.
    pub fn vars(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(|(var, _)| var.as_str())
    }

    /// Whether nothing was filled in.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }
}

/// A boolean as clients write it (XEP-0004 §3.3): `0`, `1`, `true`, `false`; nothing counts as false.
pub fn boolean(values: &[String]) -> Option<bool> {
    match values.first().map(|v| v.trim()) {
        None | Some("" | "0" | "false") => Some(false),
        Some("1" | "true") => Some(true),
        Some(_) => None,
    }
}

/// The addresses in a line of a list. It should hold one, but people write several with blanks or commas between them, and
/// many clients do not show why a form is refused. In a line with one address, a comma is part of it, but for the last.
pub fn addresses(line: &str) -> impl Iterator<Item = &str> {
    let several = line.matches('@').count() > 1;
    let is_between = move |c: char| several && (c.is_whitespace() || matches!(c, ',' | ';'));
    line.split(is_between)
        .map(|address| address.trim().trim_end_matches([',', ';']))
        .filter(|address| !address.is_empty())
}

/// Whether a text can be a URI (RFC 3986): a scheme, and something after it that holds neither blanks nor controls.
pub fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && !matches!(c, '<' | '>' | '"');
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
        && !rest.is_empty()
        && rest.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(fields: &str) -> Result<Reply, &'static Text> {
        let xml = format!("<x xmlns='jabber:x:data' type='submit'>{fields}</x>");
        Reply::read(&xml.parse().expect("test xml"), "urn:t")
    }

    #[test]
    fn each_row_is_on_one_page_however_many_have_the_same_first_cell() {
        let of = |first: &str, count: usize| {
            (0..count).map(|n| vec![first.to_owned(), format!("{n:04}")]).collect::<Vec<_>>()
        };
        let all = [of("a", 3), of("b", 25), of("c", 2), of("d", 9), of("e", 1)].concat();
        for rows_max in [4, 7, 10, 12, 40] {
            let (mut seen, mut after) = (Vec::new(), String::new());
            loop {
                let (first, second) = after.split_once('\n').unwrap_or((&after, "x"));
                let left = all.iter().filter(|row| (&*row[0], &*row[1]) > (first, second));
                let (rows, last) = page_of_rows(left.cloned(), rows_max);
                assert!(rows.len() <= rows_max && !rows.is_empty());
                seen.extend(rows);
                let Some(last) = last else { break };
                after = last;
            }
            assert_eq!(seen, all, "{rows_max}");
        }
    }

    #[test]
    fn absent_and_empty_are_told_apart() {
        // 004-2
        let Ok(Reply::Submit(form)) =
            read("<field var='a'/><field var='b'><value>x</value><value>y</value></field>")
        else {
            panic!("a form");
        };
        assert_eq!(form.values("a"), Some(&[][..]));
        assert_eq!(form.values("b").map(<[String]>::len), Some(2));
        assert_eq!(form.values("c"), None);
    }

    #[test]
    fn another_form_type_is_refused_and_a_missing_one_is_not() {
        // 004-1
        assert!(read("<field var='FORM_TYPE'><value>urn:other</value></field>").is_err());
        assert!(read("").is_ok());
    }

    #[test]
    fn booleans_are_read_as_written_by_clients() {
        // 004-1
        let read = |word: &str| boolean(&[word.to_owned()]);
        assert_eq!(
            [read("1"), read("true"), read("0"), read("false"), read("yes")],
            [Some(true), Some(true), Some(false), Some(false), None]
        );
    }

    #[test]
    fn a_uri_has_a_scheme_and_no_blanks() {
        for uri in ["mailto:abuse@example.org", "xmpp:admin@example.org?message", "https://example.org/ü"] {
            assert!(is_uri(uri), "{uri}");
        }
        for text in ["", "abuse@example.org", "mailto:", ":x", "1a:x", "a b:c", "https://a b", "x:\u{7}"] {
            assert!(!is_uri(text), "{text:?}");
        }
    }
}
