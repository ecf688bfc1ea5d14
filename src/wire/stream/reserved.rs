//! Declarations of the namespace of XML itself, made harmless before the parser sees them.
//!
//! `<xml:x/>` is well-formed, and whoever reads it knows its namespace. Servers that write elements with their
//! namespaces spelled out turn it into `<x xmlns='http://www.w3.org/XML/1998/namespace'/>`, and `xml:x='…'` into an
//! attribute with a prefix of its own: both are errors that end the stream, and any user could have them sent. So one
//! letter of the name is changed, and what is in the changed namespace is left out.

use std::borrow::Cow;

use super::super::ns;

/// How the namespace reads after the change: the last letter is another.
pub(super) const DISARMED: &str = "http://www.w3.org/XML/1998/namespacE";

/// A look at every byte of the stream, wherever it is cut.
#[derive(Debug, Default)]
pub(super) struct Reserved {
    at: At,
}

/// How much of a declaration the last bytes were.
#[derive(Clone, Copy, Debug, Default)]
enum At {
    /// So many bytes of "xmlns".
    #[default]
    Nothing,
    Word(usize),
    /// The prefix behind "xmlns:", of so many bytes, which are those of "xml" so far or not.
    Prefix(usize, bool),
    /// Behind the equals sign.
    Equals,
    /// So many bytes of the namespace.
    Name(usize),
}

impl Reserved {
    /// The bytes as the parser may see them.
    pub(super) fn disarm<'a>(&mut self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        let mut seen = Cow::Borrowed(bytes);
        let mut i = 0;
        while i < bytes.len() {
            if matches!(self.at, At::Nothing) {
                // Every declaration begins with this letter.
                match memchr::memchr(b'x', &bytes[i..]) {
                    Some(skipped) => i += skipped,
                    None => break,
                }
            }
            self.at = self.at.then(bytes[i]);
            if matches!(self.at, At::Name(n) if n == ns::XML.len()) {
                seen.to_mut()[i] = DISARMED.as_bytes()[DISARMED.len() - 1];
                self.at = At::Nothing;
            }
            i += 1;
        }
        seen
    }
}

impl At {
    fn then(self, byte: u8) -> Self {
        const WORD: &[u8] = b"xmlns";
        match (self, byte) {
            (Self::Word(n), _) if n < WORD.len() && WORD[n] == byte => Self::Word(n + 1),
            (Self::Word(n), b':') if n == WORD.len() => Self::Prefix(0, true),
            (Self::Word(n), b'=') if n == WORD.len() => Self::Equals,
            // The one prefix that may be declared so.
            (Self::Prefix(3, true), b'=') => Self::Nothing,
            (Self::Prefix(..), b'=') => Self::Equals,
            (Self::Word(5) | Self::Prefix(..) | Self::Equals, b' ' | b'\t' | b'\r' | b'\n') => self,
            (Self::Equals, b'\'' | b'"') => Self::Name(0),
            (Self::Prefix(n, same), _) if !matches!(byte, b'\'' | b'"' | b'<' | b'>') => {
                Self::Prefix(n.saturating_add(1), same && b"xml".get(n) == Some(&byte))
            }
            (Self::Name(n), _) if ns::XML.as_bytes()[n] == byte => Self::Name(n + 1),
            (_, b'x') => Self::Word(1),
            _ => Self::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disarmed(text: &str, size: usize) -> String {
        let mut reserved = Reserved::default();
        let chunks = text.as_bytes().chunks(size);
        let bytes: Vec<u8> = chunks.flat_map(|chunk| reserved.disarm(chunk).into_owned()).collect();
        String::from_utf8(bytes).expect("one letter for another")
    }

    #[test]
    fn declarations_of_the_namespace_of_xml_are_disarmed_wherever_they_are_cut() {
        for text in [
            "<x xmlns='http://www.w3.org/XML/1998/namespace'/>",
            "<x xmlnxmlns=\"http://www.w3.org/XML/1998/namespace\"/>",
            "<x xmlns:ns1='http://www.w3.org/XML/1998/namespace' ns1:k='v'/>",
            "<x xmlns = 'http://www.w3.org/XML/1998/namespace'/>",
            "<x xmlns:xm='http://www.w3.org/XML/1998/namespace'/>",
            "<x xmlns:xmla='http://www.w3.org/XML/1998/namespace'/>",
        ] {
            for size in 1..=text.len() {
                assert_eq!(
                    disarmed(text, size),
                    text.replace(ns::XML, DISARMED),
                    "{text} in pieces of {size}"
                );
            }
        }
    }

    #[test]
    fn everything_else_stays_as_it_is() {
        for text in [
            "<x xmlns='http://www.w3.org/XML/1998/' xml:lang='en'>http://www.w3.org/XML/1998/namespace</x>",
            "<x xmlns:xml='http://www.w3.org/XML/1998/namespace'/>",
            "<x k='http://www.w3.org/XML/1998/namespace' xmlns='jabber:client'/>",
        ] {
            for size in 1..=text.len() {
                assert_eq!(disarmed(text, size), text);
            }
        }
    }
}
