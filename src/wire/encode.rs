//! Stanzas out: one element becomes bytes once, and recipients are spliced into them.
//!
//! A stanza is written as it stands in a stream whose default namespace is that of the stanza itself, so
//! `jabber:client` inside the program needs no declaration on the component stream (XEP-0114).
//! Characters that XML 1.0 does not allow are replaced by U+FFFD: text from disk or from an administrator
//! can never break the stream.

use std::fmt::Write as _;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use minidom::{Element, Node};

use super::jid::Jid;
use super::ns;

/// A stanza in bytes with a hole where ` to='…'` goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    head: Bytes,
    tail: Bytes,
}

/// Who gets a stanza, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recipients {
    /// One address.
    One(Jid),
    /// `count` addresses of a list, from the one at `first` on, and after the last one of the list its first ones. The list
    /// may be shared by several stanzas.
    Many {
        /// The list.
        jids: Arc<[Jid]>,
        /// Where they begin.
        first: usize,
        /// How many they are.
        count: usize,
    },
}

/// A stanza and its recipients: the one form in which anything leaves the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// What is sent.
    pub stanza: Template,
    /// To whom.
    pub to: Recipients,
}

impl Recipients {
    /// Many addresses in their order.
    pub fn many(jids: impl Into<Arc<[Jid]>>) -> Self {
        let jids = jids.into();
        Self::Many { first: 0, count: jids.len(), jids }
    }

    /// All addresses of a list but those in a range of it.
    pub fn all_but(jids: Arc<[Jid]>, but: Range<usize>) -> Self {
        let count = jids.len() - but.len();
        Self::Many { first: if but.end < jids.len() { but.end } else { 0 }, jids, count }
    }

    /// How many addresses these are.
    pub fn len(&self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::Many { count, .. } => *count,
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The addresses, in the order in which they get the stanza.
    pub fn iter(&self) -> impl Iterator<Item = &Jid> {
        let (first, then) = match self {
            Self::One(jid) => (std::slice::from_ref(jid), &[][..]),
            Self::Many { jids, first, count } => {
                let last = jids.len().min(first + count);
                (&jids[*first..last], &jids[..count - (last - first)])
            }
        };
        first.iter().chain(then)
    }
}

impl Outgoing {
    /// `stanza` for one recipient. A `to` that it may have is overruled.
    pub fn one(stanza: &Element, to: Jid) -> Self {
        Self { stanza: Template::new(stanza), to: Recipients::One(to) }
    }

    /// Bytes on the wire for all recipients together.
    pub fn wire_bytes(&self) -> usize {
        let each = self.stanza.len();
        self.to.iter().map(|jid| each + jid.as_str().len()).sum()
    }
}

impl Template {
    /// Writes `stanza` once, leaving out a `to` attribute.
    pub fn new(stanza: &Element) -> Self {
        let mut text = String::with_capacity(512);
        open_tag(stanza, Some(stanza_ns(stanza)), Some("to"), &mut text);
        text.push_str(" to='");
        let head = text.len();
        text.push('\'');
        content(stanza, &mut text);
        let bytes = Bytes::from(text);
        Self { head: bytes.slice(..head), tail: bytes.slice(head..) }
    }

    /// Bytes without a recipient.
    #[expect(clippy::len_without_is_empty, reason = "no stanza is empty")]
    pub fn len(&self) -> usize {
        self.head.len() + self.tail.len()
    }

    /// Appends the stanza addressed to `to`.
    pub fn splice(&self, to: &Jid, out: &mut Vec<u8>) {
        let to = to.as_str().as_bytes();
        out.reserve(self.head.len() + to.len() + self.tail.len());
        out.extend_from_slice(&self.head);
        if to.iter().any(|b| matches!(b, b'&' | b'<' | b'>' | b'\'' | b'"')) {
            let mut escaped = String::with_capacity(to.len() + 16);
            // A Jid is text: the bytes came from a `str`.
            escape(&String::from_utf8_lossy(to), &mut escaped);
            out.extend_from_slice(escaped.as_bytes());
        } else {
            out.extend_from_slice(to);
        }
        out.extend_from_slice(&self.tail);
    }
}

/// A whole element as it stands inside a stream whose default namespace is the element's own.
pub fn element(element: &Element) -> String {
    let mut text = String::with_capacity(256);
    write(element, Some(stanza_ns(element)), &mut text);
    text
}

/// A whole element that declares its namespace, also if it has none: readable on its own.
pub fn standalone(element: &Element) -> String {
    let mut text = String::with_capacity(256);
    write(element, None, &mut text);
    text
}

/// A stanza to this address, whatever its own `to` says, as it stands in an element of another namespace, to be put there by
/// [`verbatim`].
pub fn addressed(stanza: &Element, to: &Jid) -> String {
    let mut text = String::with_capacity(512);
    open_tag(stanza, None, Some("to"), &mut text);
    attribute("to", to.as_str(), &mut text);
    content(stanza, &mut text);
    text
}

/// Elements as they stand side by side in a stanza, to be put there by [`verbatim`].
pub fn inside<'a>(elements: impl IntoIterator<Item = &'a Element>) -> String {
    let mut text = String::new();
    elements.into_iter().for_each(|element| write(element, Some(ns::CLIENT), &mut text));
    text
}

/// No namespace of XML is called so: a zero is no character there.
const VERBATIM: &str = "\0";

/// What stands for [`inside`] or [`addressed`] among the children of a stanza: it is written as it is. It takes no more memory than that, and
/// need not be taken apart.
pub fn verbatim(inside: &str) -> Element {
    let mut element = Element::bare("verbatim", VERBATIM);
    element.append_text(inside);
    element
}

fn stanza_ns(stanza: &Element) -> &'static str {
    if stanza.has_ns(ns::CLIENT) { ns::CLIENT } else { "" }
}

/// An element where the default namespace is `default_ns`, or not known.
fn write(element: &Element, default_ns: Option<&str>, out: &mut String) {
    if element.has_ns(VERBATIM) {
        return element.texts().for_each(|text| out.push_str(text));
    }
    open_tag(element, default_ns, None, out);
    content(element, out);
}

/// `<name xmlns='…' attributes` without the closing bracket.
fn open_tag(element: &Element, default_ns: Option<&str>, without: Option<&str>, out: &mut String) {
    out.push('<');
    out.push_str(element.name());
    if default_ns.is_none_or(|ns| !element.has_ns(ns)) {
        attribute("xmlns", &element.ns(), out);
    }
    for (i, ((namespace, name), value)) in element.attrs().iter().enumerate() {
        let name: &str = name;
        if namespace.is_none() {
            if without != Some(name) {
                attribute(name, value, out);
            }
        } else if namespace.as_str() == ns::XML {
            attribute(&format!("xml:{name}"), value, out);
        } else {
            attribute(&format!("xmlns:a{i}"), namespace.as_str(), out);
            attribute(&format!("a{i}:{name}"), value, out);
        }
    }
}

/// Everything after the attributes: `/>`, or the children and the closing tag.
///
/// Recursion is bounded: no element deeper than the reader's limit exists in the program.
fn content(element: &Element, out: &mut String) {
    if element.nodes().next().is_none() {
        out.push_str("/>");
        return;
    }
    out.push('>');
    let namespace = element.ns();
    for node in element.nodes() {
        match node {
            Node::Element(child) => write(child, Some(&namespace), out),
            Node::Text(text) => escape(text, out),
        }
    }
    // Writing to a String cannot fail.
    let _ = write!(out, "</{}>", element.name());
}

fn attribute(name: &str, value: &str, out: &mut String) {
    out.push(' ');
    out.push_str(name);
    out.push_str("='");
    escape(value, out);
    out.push('\'');
}

/// How many bytes [`escape`] makes of a text.
pub(crate) fn escaped_len(text: &str) -> usize {
    let bytes = text.as_bytes();
    // Most texts have nothing to escape.
    if is_plain(bytes) {
        return bytes.len();
    }
    bytes.len() + bytes.iter().map(|byte| usize::from(ESCAPED_MORE[usize::from(*byte)])).sum::<usize>()
}

/// Whether nothing of a text is escaped. Eight bytes are looked at together; the last of them may be some that were before,
/// and a short text stands twice among them.
fn is_plain(bytes: &[u8]) -> bool {
    let plain = |eight: &[u8; 8]| is_plain_word(u64::from_ne_bytes(*eight));
    if let Some(last) = bytes.last_chunk() {
        return plain(last) && bytes.as_chunks().0.iter().all(plain);
    }
    if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        let words = [first, last].map(|four| u64::from(u32::from_ne_bytes(*four)));
        return is_plain_word(words[0] << 32 | words[1]);
    }
    bytes.iter().all(|byte| ESCAPED_MORE[usize::from(*byte)] == 0)
}

/// The same of eight bytes. If one is below what is taken from each, the highest bit of one is set that was not.
fn is_plain_word(word: u64) -> bool {
    const ONES: u64 = u64::MAX / 255;
    let below = |word: u64, byte: u8| word.wrapping_sub(ONES * u64::from(byte)) & !word;
    let is = |but: u8, byte: u8| below((word | (ONES * u64::from(but))) ^ (ONES * u64::from(byte)), 1);
    // `&` and `'` differ in one bit, `<` and `>` in another.
    let found = below(word, 0x20) | is(0, b'"') | is(1, b'\'') | is(2, b'>');
    found & (ONES << 7) == 0
}

/// How many bytes more a byte takes when it is escaped.
const ESCAPED_MORE: [u8; 256] = {
    let mut more = [0; 256];
    let mut control = 0;
    while control < 0x20 {
        // A character of three bytes instead.
        more[control] = 2;
        control += 1;
    }
    (more[b'&' as usize], more[b'<' as usize], more[b'>' as usize]) = (4, 3, 3);
    (more[b'\'' as usize], more[b'"' as usize]) = (5, 5);
    (more[b'\r' as usize], more[b'\t' as usize], more[b'\n' as usize]) = (4, 3, 4);
    more
};

/// Escapes for text and for attribute values alike; white space in attributes survives as references.
fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\'' => out.push_str("&apos;"),
            '"' => out.push_str("&quot;"),
            '\r' => out.push_str("&#13;"),
            '\t' => out.push_str("&#9;"),
            '\n' => out.push_str("&#10;"),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spliced(stanza: &str, to: &str) -> String {
        let stanza: Element = stanza.parse().expect("test xml");
        let mut out = Vec::new();
        Template::new(&stanza).splice(&Jid::parse(to).expect("test jid"), &mut out);
        String::from_utf8(out).expect("utf-8")
    }

    #[test]
    fn the_recipient_is_spliced_and_the_old_one_gone() {
        let out = spliced(
            "<message xmlns='jabber:client' from='r@s/n' to='x@y'><body>hi</body></message>",
            "a@b/c",
        );
        assert_eq!(out, "<message from='r@s/n' to='a@b/c'><body>hi</body></message>");
    }

    #[test]
    fn a_recipient_is_escaped() {
        assert_eq!(
            spliced("<presence xmlns='jabber:client'/>", "a@b/<&'>"),
            "<presence to='a@b/&lt;&amp;&apos;&gt;'/>"
        );
    }

    #[test]
    fn namespaces_are_declared_where_they_change() {
        let out = spliced(
            "<iq xmlns='jabber:client' xml:lang='de'><q xmlns='urn:q'><i/><r xmlns='urn:r' p:k='v' xmlns:p='urn:p'/></q></iq>",
            "a@b",
        );
        assert_eq!(
            out,
            "<iq xml:lang='de' to='a@b'><q xmlns='urn:q'><i/><r xmlns='urn:r' xmlns:a0='urn:p' a0:k='v'/></q></iq>"
        );
    }

    #[test]
    fn what_is_put_in_as_it_was_written_is_as_if_it_had_been_there() {
        let whole =
            "<presence xmlns='jabber:client'><show>away</show><c xmlns='urn:c' a='&lt;'>&amp;</c></presence>";
        let stanza: Element = whole.parse().expect("test xml");
        let mut short = Element::bare("presence", ns::CLIENT);
        short.append_child(verbatim(&inside(stanza.children())));
        assert_eq!(element(&short), element(&stanza));
        let forwarded = |child| Element::builder("forwarded", "urn:f").append(child).build();
        let addressed = forwarded(verbatim(&addressed(&stanza, &Jid::parse("a@b/'").expect("test jid"))));
        let mut plain = stanza.clone();
        super::super::build::set_attr(&mut plain, "to", "a@b/'");
        let read = |text: &str| text.parse::<Element>().expect("test xml");
        assert_eq!(read(&standalone(&addressed)), forwarded(plain));
        assert!(format!("<a xmlns='{VERBATIM}'/>").parse::<Element>().is_err(), "no client can send such");
    }

    #[test]
    fn the_length_of_what_is_escaped_is_known_before() {
        let all: String = (0..0x250).chain(0xfff0..0x10010).filter_map(char::from_u32).collect();
        for c in all.chars() {
            for plain in
                ["", "0", "01234", "0123456789", "0123456789abcdef", "0123456789abcdefghijklmnopqrstuvw"]
            {
                let (text, mut escaped) = (format!("a{c}b{plain}"), String::new());
                escape(&text, &mut escaped);
                assert_eq!(escaped_len(&text), escaped.len(), "{c:?}");
            }
        }
    }

    #[test]
    fn characters_that_xml_forbids_are_replaced() {
        let mut stanza = Element::bare("body", ns::CLIENT);
        stanza.append_text("a\u{1}b\u{ffff}c\r\n");
        assert_eq!(element(&stanza), "<body>a\u{fffd}b\u{fffd}c&#13;&#10;</body>");
    }
}
