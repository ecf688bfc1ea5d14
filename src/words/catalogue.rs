//! The languages that the service speaks: those that it comes with, and those of the operator's file.

use std::borrow::Cow;
use std::collections::BTreeMap;

use minidom::Element;
use rxml::Namespace;

use super::all;
use super::text::{Entry, LANGUAGES, Label, Text, Words, split};

/// Longest text of an operator's file, in bytes.
const TEXT_BYTES_MAX: usize = 4096;

/// Longest tag of a language, in bytes (RFC 5646 §4.4.1).
pub const TAG_BYTES_MAX: usize = 35;

/// What an operator's file says: for each language its texts by their names.
pub type Extra = BTreeMap<String, BTreeMap<String, String>>;

/// All languages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Catalogue {
    /// Every text.
    all: Vec<&'static Entry>,
    /// Those of [`LANGUAGES`] first.
    languages: Vec<Language>,
    /// Which one accounts get of which nothing is known.
    usual: usize,
}

/// A language.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Language {
    tag: String,
    /// Texts of the operator.
    own: BTreeMap<String, String>,
}

/// A language to say something in.
#[derive(Clone, Copy, Debug)]
pub struct Lang<'a> {
    catalogue: &'a Catalogue,
    at: usize,
}

static ENGLISH: Catalogue = Catalogue { all: Vec::new(), languages: Vec::new(), usual: 0 };

impl Default for Catalogue {
    fn default() -> Self {
        let builtin = |tag: &&str| Language { tag: (*tag).to_owned(), own: BTreeMap::new() };
        Self { all: all().collect(), languages: LANGUAGES.iter().map(builtin).collect(), usual: 0 }
    }
}

impl Catalogue {
    /// The languages that the service comes with and what an operator says, who also says which language is `usual`. Beside
    /// [`all`] there are the texts of features.
    ///
    /// # Errors
    /// Words for the operator: a text is wrong, or a language is not known.
    pub fn new(
        usual: &str,
        extra: &Extra,
        of_features: impl Iterator<Item = &'static Entry>,
    ) -> Result<Self, String> {
        let mut catalogue = Self::default();
        catalogue.all.extend(of_features);
        for (tag, texts) in extra {
            if !is_tag(tag) {
                return Err(format!("[{tag}] is no tag of a language, such as en or pt-BR"));
            }
            for (name, text) in texts {
                check(&catalogue.all, name, text).map_err(|why| format!("[{tag}] {name}: {why}"))?;
            }
            let is_same = |language: &&mut Language| language.tag.eq_ignore_ascii_case(tag);
            match catalogue.languages.iter_mut().find(is_same) {
                // The file may have two spellings of one tag.
                Some(language) => language.own.extend(texts.clone()),
                None => catalogue.languages.push(Language { tag: tag.clone(), own: texts.clone() }),
            }
        }
        let known =
            || catalogue.languages.iter().map(|language| &*language.tag).collect::<Vec<_>>().join(", ");
        catalogue.usual = catalogue.find(usual).ok_or_else(|| {
            format!("there are no texts in the language \"{usual}\"; there are {}", known())
        })?;
        Ok(catalogue)
    }

    /// How many texts of each language of the operator's are missing, and so are in English.
    pub fn missing(&self) -> impl Iterator<Item = (&str, usize)> {
        let all = self.all.len();
        let added = self.languages.iter().skip(LANGUAGES.len());
        added
            .map(move |language| (&*language.tag, all - language.own.len()))
            .filter(|(_, missing)| *missing > 0)
    }

    /// The language of accounts of which nothing is known.
    pub fn usual(&self) -> Lang<'_> {
        Lang { catalogue: self, at: self.usual }
    }

    /// The language of this tag, or of what is left of it without its last parts (RFC 4647 §3.4); the usual one for others.
    pub fn lang(&self, tag: &str) -> Lang<'_> {
        Lang { catalogue: self, at: self.find(tag).unwrap_or(self.usual) }
    }

    /// All texts in the language of this tag by their names; in English those that it lacks.
    pub fn texts(&self, tag: &str) -> impl Iterator<Item = (String, &str)> {
        let lang = self.find(tag).map_or(Lang::english(), |at| Lang { catalogue: self, at });
        self.all.iter().map(move |entry| (entry.name.to_ascii_lowercase(), lang.entry(entry)))
    }

    fn find(&self, tag: &str) -> Option<usize> {
        let mut tag = Some(tag).filter(|tag| !tag.is_empty() && tag.len() <= TAG_BYTES_MAX)?;
        loop {
            let found = self.languages.iter().position(|language| language.tag.eq_ignore_ascii_case(tag));
            if found.is_some() {
                return found;
            }
            tag = tag.rsplit_once('-')?.0;
        }
    }
}

impl<'a> Lang<'a> {
    /// The language in which everything is there.
    pub fn english() -> Lang<'static> {
        Lang { catalogue: &ENGLISH, at: 0 }
    }

    /// The language that a stanza is in (RFC 6120 §8.1.5), if there are texts in it; else this one.
    pub fn of(self, stanza: &Element) -> Self {
        let at = stanza.attr_ns(&Namespace::XML, "lang").and_then(|tag| self.catalogue.find(tag));
        Self { at: at.unwrap_or(self.at), ..self }
    }

    /// The tag of the language in which these words are, which is English where there are none in this one.
    pub fn tag_of(self, words: &Words) -> &'a str {
        let is_there = || self.own(words.entry()).is_some();
        if self.at < LANGUAGES.len() || is_there() { self.tag() } else { LANGUAGES[0] }
    }

    /// Its tag.
    pub fn tag(self) -> &'a str {
        self.catalogue.languages.get(self.at).map_or(LANGUAGES[0], |language| &language.tag)
    }

    /// A text.
    pub fn text(self, text: &'static Text) -> &'a str {
        self.entry(&text.0)
    }

    /// Words, as one text.
    pub fn words(self, words: &Words) -> Cow<'a, str> {
        if words.is_bare() {
            return Cow::Borrowed(self.entry(words.entry()));
        }
        let mut text = String::new();
        words.write(self, &mut text);
        Cow::Owned(text)
    }

    /// A label.
    pub fn label<'l>(self, label: Label<'l>) -> &'l str
    where
        'a: 'l,
    {
        match label {
            Label::Text(text) => self.text(text),
            Label::Plain(text) => text,
        }
    }

    /// An entry in this language, or in English.
    pub(super) fn entry(self, entry: &'static Entry) -> &'a str {
        self.own(entry).unwrap_or_else(|| entry.texts.get(self.at).unwrap_or(&entry.texts[0]))
    }

    /// The operator's own text for an entry.
    fn own(self, entry: &'static Entry) -> Option<&'a str> {
        let own = self.catalogue.languages.get(self.at).map(|language| &language.own);
        let own = own.filter(|own| !own.is_empty())?;
        own.get(&entry.name.to_ascii_lowercase()).map(String::as_str)
    }
}

/// The names of the languages of [`LANGUAGES`], in each of them, in small letters.
const NAMES: [[&str; LANGUAGES.len()]; LANGUAGES.len()] = [
    ["english", "englisch", "anglais", "inglés"],
    ["german", "deutsch", "allemand", "alemán"],
    ["french", "französisch", "français", "francés"],
    ["spanish", "spanisch", "espagnol", "español"],
];

/// The tag of a language of the service that is called by its name, as people do who know no tags.
pub fn tag_of_name(name: &str) -> Option<&'static str> {
    let name = name.to_lowercase();
    LANGUAGES.into_iter().zip(NAMES).find(|(_, names)| names.contains(&&*name)).map(|(tag, _)| tag)
}

/// Whether a text has the form of a tag of a language (RFC 5646).
pub fn is_tag(tag: &str) -> bool {
    let is_part =
        |part: &str| (1..=8).contains(&part.len()) && part.chars().all(|c| c.is_ascii_alphanumeric());
    tag.len() <= TAG_BYTES_MAX && tag.split('-').all(is_part)
}

/// Whether there is a text of that name, and it can be put so.
fn check(all: &[&'static Entry], name: &str, text: &str) -> Result<(), String> {
    let entry = all.iter().find(|entry| entry.name.to_ascii_lowercase() == name);
    let entry = entry.ok_or_else(|| {
        let near = all.iter().map(|entry| entry.name.to_ascii_lowercase());
        let near = near.min_by_key(|known| strsim::damerau_levenshtein(known, name)).unwrap_or_default();
        format!("there is no such text; did you mean {near}?")
    })?;
    if text.trim().is_empty() || text.len() > TEXT_BYTES_MAX {
        return Err(format!("a text has 1 to {TEXT_BYTES_MAX} bytes"));
    }
    if text.chars().any(|c| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}')) {
        return Err("it holds a control character".to_owned());
    }
    let mut rest = text;
    while let Some((before, value, after)) = split(rest) {
        if before.contains('}') || !entry.values.contains(&value) {
            let known: Vec<String> = entry.values.iter().map(|value| format!("{{{value}}}")).collect();
            let known = if known.is_empty() { "no values".to_owned() } else { known.join(", ") };
            return Err(format!("{{{value}}} is not known; this text takes {known}"));
        }
        rest = after;
    }
    if rest.contains(['{', '}']) { Err("a brace stands alone".to_owned()) } else { Ok(()) }
}
