//! A text in every language, and a text with what is put into it.

use std::fmt;

use jiff::Timestamp;

use super::Lang;

/// In how many languages each text comes with the service: English, German, French, Spanish.
pub const LANGUAGES: [&str; 4] = ["en", "de", "fr", "es"];

/// Most bytes of a value that is put into a text: no address is longer. What is longer is cut.
const VALUE_BYTES_MAX: usize = 3071;

/// What there is to know of a text, however many values it takes.
#[derive(Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name. An operator's file has it in small letters.
    pub name: &'static str,
    /// The names of the values that are put into it, as `{name}`.
    pub values: &'static [&'static str],
    /// The text, in the order of [`LANGUAGES`].
    pub texts: [&'static str; LANGUAGES.len()],
}

/// A text that takes `N` values.
#[derive(Debug, PartialEq, Eq)]
pub struct Text<const N: usize = 0>(pub(crate) Entry);

impl<const N: usize> Text<N> {
    /// The text with these values, in the order of their names.
    pub fn with<V: Into<Value>>(&'static self, values: [V; N]) -> Words {
        let values = values.into_iter().map(Into::into).collect();
        Words { text: &self.0, values, next: None }
    }
}

/// What people read beside a value that can be chosen.
#[derive(Clone, Copy, Debug)]
pub enum Label<'a> {
    /// A text.
    Text(&'static Text),
    /// The same in all languages.
    Plain(&'a str),
}

/// What is put into a text.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A name, a number: the same in all languages.
    Plain(String),
    /// Words, in the language of the text around them.
    Words(Words),
}

/// Most characters that are quoted of a text.
const QUOTED_CHARS_MAX: usize = 64;

impl Value {
    /// What a peer wrote, which may have megabytes: of a long text the beginning.
    pub fn quoted(text: &str) -> Self {
        Self::beginning(text, QUOTED_CHARS_MAX)
    }

    /// So many characters of a text that a peer wrote, on one line.
    pub fn beginning(text: &str, chars_max: usize) -> Self {
        let mut chars = text.chars().map(|c| if c.is_control() { ' ' } else { c });
        let mut quoted: String = chars.by_ref().take(chars_max).collect();
        if chars.next().is_some() {
            quoted.push('…');
        }
        Self::Plain(quoted)
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        if value.len() > VALUE_BYTES_MAX { Self::from(&*value) } else { Self::Plain(value) }
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        if value.len() <= VALUE_BYTES_MAX {
            return Self::Plain(value.to_owned());
        }
        let end = (0..=VALUE_BYTES_MAX).rev().find(|at| value.is_char_boundary(*at)).unwrap_or(0);
        Self::Plain(format!("{}…", &value[..end]))
    }
}

impl From<Words> for Value {
    fn from(words: Words) -> Self {
        Self::Words(words)
    }
}

impl From<&'static Text> for Value {
    fn from(text: &'static Text) -> Self {
        Self::Words(text.into())
    }
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl From<$number> for Value {
            fn from(number: $number) -> Self {
                Self::Plain(number.to_string())
            }
        }
    )*};
}

numbers!(u32, u64, i64, i128, usize);

/// To the minute, which is what people want to know, in UTC.
impl From<Timestamp> for Value {
    fn from(at: Timestamp) -> Self {
        Self::Plain(at.strftime("%Y-%m-%d %H:%M UTC").to_string())
    }
}

/// Something to be said: a text and what is put into it, in no language yet. What is never said costs no memory but for its
/// values.
#[derive(Clone, PartialEq)]
pub struct Words {
    text: &'static Entry,
    values: Box<[Value]>,
    next: Option<Box<Words>>,
}

impl Words {
    /// The same, and after it another sentence.
    pub fn and(mut self, other: impl Into<Words>) -> Self {
        let mut last = &mut self.next;
        while let Some(next) = last {
            last = &mut next.next;
        }
        *last = Some(Box::new(other.into()));
        self
    }

    /// The text.
    pub(super) fn entry(&self) -> &'static Entry {
        self.text
    }

    /// Whether there is anything but the text alone.
    pub(super) fn is_bare(&self) -> bool {
        self.values.is_empty() && self.next.is_none()
    }

    /// Appends all of it in a language.
    pub(super) fn write(&self, lang: Lang<'_>, into: &mut String) {
        let mut rest = lang.entry(self.text);
        while let Some((before, name, after)) = split(rest) {
            into.push_str(before);
            match self.text.values.iter().position(|value| *value == name).and_then(|at| self.values.get(at))
            {
                Some(Value::Plain(value)) => into.push_str(value),
                Some(Value::Words(words)) => words.write(lang, into),
                None => {}
            }
            rest = after;
        }
        into.push_str(rest);
        if let Some(next) = &self.next {
            into.push(' ');
            next.write(lang, into);
        }
    }
}

/// What is before the first value in a text, the name of the value, what is after it.
pub(super) fn split(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once('{')?;
    let (name, after) = rest.split_once('}')?;
    Some((before, name, after))
}

impl From<&'static Text> for Words {
    fn from(text: &'static Text) -> Self {
        Self { text: &text.0, values: Box::default(), next: None }
    }
}

/// In English, for operators and for tests.
impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Lang::english().words(self))
    }
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Words({:?})", self.to_string())
    }
}

/// Declares texts: a name, in brackets the names of the values, and the text in each language.
macro_rules! texts {
    ($($name:ident $(($($value:ident),+))? =>
        en $en:literal
        de $de:literal
        fr $fr:literal
        es $es:literal;)*) => {
        $(
            #[doc = $en]
            pub static $name: $crate::words::Text<{ <[&str]>::len(&[$($(stringify!($value)),+)?]) }> =
                $crate::words::Text($crate::words::Entry {
                name: stringify!($name),
                values: &[$($(stringify!($value)),+)?],
                texts: [$en, $de, $fr, $es],
            });
        )*

        /// All of this part.
        pub(crate) static ALL: &[&$crate::words::Entry] = &[$(&$name.0),*];
    };
}

pub(crate) use texts;
