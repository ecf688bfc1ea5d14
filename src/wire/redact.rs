//! Takes a real address out of what one occupant sends another (XEP-0045 §17.4).
//!
//! Clients and servers put addresses into payloads without being asked to: into vCards, into what somebody published, into
//! lists of services. Only the bare address counts, however it is spelled that stands for the same account: in any case and
//! composition, as URIs escape it, and with the domain in letters or in ASCII (RFC 5890); an occupant who wants to show their own
//! address finds other ways.

use std::borrow::Cow;

use memchr::memmem::Finder;
use minidom::{Element, Node};

use super::jid::{BareJid, mapped};

/// Looks for one address. Takes linear time in what is looked through.
struct Search {
    spellings: Vec<Finder<'static>>,
}

impl Search {
    fn new(account: &BareJid) -> Self {
        let domain = account.domain();
        let (letters, _) = idna::domain_to_unicode(domain);
        let ascii = idna::domain_to_ascii(domain).unwrap_or_default();
        let spelled = |domain: &str| match account.local() {
            Some(local) => format!("{local}@{domain}"),
            None => domain.to_owned(),
        };
        let domains = [domain, &letters, &ascii].into_iter().filter(|domain| !domain.is_empty());
        let mut spellings: Vec<_> = domains.map(|domain| folded(&spelled(domain)).into_owned()).collect();
        spellings.dedup();
        Self { spellings: spellings.iter().map(|text| Finder::new(text).into_owned()).collect() }
    }

    fn finds(&self, text: &str) -> bool {
        // What URIs escape may be part of an address, too.
        self.finds_as_it_is(text) || unescaped(text).is_some_and(|text| self.finds_as_it_is(&text))
    }

    fn finds_as_it_is(&self, text: &str) -> bool {
        let text = folded(text);
        self.spellings.iter().any(|spelling| spelling.find(text.as_bytes()).is_some())
    }

    /// An element without attributes and texts that hold the address; `None` if a namespace does.
    fn without(&self, mut element: Element) -> Option<Element> {
        if self.finds(&element.ns()) {
            return None;
        }
        element.attrs_mut().retain(|ns, _, value| !self.finds(value) && !self.finds(ns));
        let hides_text = self.finds(&element.text());
        for node in element.take_nodes() {
            match node {
                Node::Element(child) => element.append_node(Node::Element(self.without(child)?)),
                Node::Text(text) if !hides_text => element.append_node(Node::Text(text)),
                Node::Text(_) => {}
            }
        }
        Some(element)
    }
}

/// A text in the one spelling that it has in common with all others of the same address.
fn folded(text: &str) -> Cow<'_, str> {
    match text.is_ascii() {
        true if text.bytes().all(|b| !b.is_ascii_uppercase()) => text.into(),
        true => text.to_ascii_lowercase().into(),
        false => mapped(text).into(),
    }
}

/// A text without the escapes of URIs (RFC 3986 §2.1), if there are any; what is no escape stays.
fn unescaped(text: &str) -> Option<String> {
    let digit = |b: Option<&u8>| b.and_then(|b| char::from(*b).to_digit(16));
    let (mut bytes, mut rest, mut any) = (Vec::new(), text.as_bytes(), false);
    while let Some(at) = memchr::memchr(b'%', rest) {
        bytes.extend_from_slice(&rest[..at]);
        let escaped = digit(rest.get(at + 1)).zip(digit(rest.get(at + 2)));
        any |= escaped.is_some();
        bytes.push(escaped.map_or(b'%', |(high, low)| (high * 16 + low) as u8));
        rest = &rest[at + if escaped.is_some() { 3 } else { 1 }..];
    }
    bytes.extend_from_slice(rest);
    any.then(|| String::from_utf8_lossy(&bytes).into_owned())
}

/// The same elements without the bare address of an account: attributes and texts that hold it are left out. `None` if it
/// is in the name of a namespace, where nothing can be left out.
pub fn without_address(elements: Vec<Element>, account: &BareJid) -> Option<Vec<Element>> {
    let search = Search::new(account);
    elements.into_iter().map(|element| search.without(element)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::encode;

    fn redacted(xml: &str) -> Option<String> {
        let account = BareJid::parse("romeo@secret").expect("a jid");
        let elements = without_address(vec![xml.parse().expect("test xml")], &account)?;
        Some(encode::standalone(&elements[0]))
    }

    #[test]
    fn address_is_taken_out_wherever_it_is() {
        // 45-17.4-c
        for (with, without) in [
            (
                "<v xmlns='u'><FN>Romeo</FN><JABBERID>romeo@secret</JABBERID></v>",
                "<v xmlns='u'><FN>Romeo</FN><JABBERID/></v>",
            ),
            (
                "<v xmlns='u'><item id='1' publisher='romeo@secret/x'><a/></item></v>",
                "<v xmlns='u'><item id='1'><a/></item></v>",
            ),
            ("<v xmlns='u'>xmpp:ROMEO%40Secret?message<a/>tail</v>", "<v xmlns='u'><a/></v>"),
            ("<v xmlns='u' xml:lang='romeo@secret'/>", "<v xmlns='u'/>"),
        ] {
            assert_eq!(redacted(with).as_deref(), Some(without));
        }
        assert_eq!(redacted("<v xmlns='u'><a xmlns='xmpp:romeo@secret'/></v>"), None);
    }

    #[test]
    fn address_is_found_in_every_spelling() {
        // 45-17.4-c
        let finds = |account: &str, text: &str| {
            let account = BareJid::parse(account).expect("a jid");
            let xml = format!("<v xmlns='u'><URL>{text}</URL></v>").parse().expect("test xml");
            without_address(vec![xml], &account).is_some_and(|left| {
                left[0].text().is_empty() && { left[0].children().all(|child| child.text().is_empty()) }
            })
        };
        for (account, text) in [
            ("rosé@sécret", "xmpp:ros%C3%A9@s%C3%A9cret?message"),
            ("rosé@sécret", "ros%c3%a9%40s%c3%a9cret"),
            ("rosé@sécret", "rosé@xn--scret-bsa"),
            ("rosé@xn--scret-bsa", "Rosé@SÉCRET/x"),
            ("rosé@sécret", "rose\u{301}@se\u{301}cret"),
            ("rosé@sécret", "ROSE%CC%81@SE\u{301}CRET"),
            ("rosé@sécret", "ｒｏｓé＠sécret"),
            ("d\\27artagnan@secret", "xmpp:d%5C27artagnan@secret"),
            ("gross@secret", "Groß@secret"),
            ("r🦀@secret", "R%F0%9F%A6%80@secret"),
            ("a%40b@secret", "100% a%40b@secret"),
        ] {
            assert!(finds(account, text), "{account} in {text}");
        }
        for (account, text) in [
            ("rosé@sécret", "rose@secret"),
            ("rosé@sécret", "ros%C3%A@s%C3%A9cret 100%"),
            ("rosé@sécret", "ros%25C3%25A9@s%25C3%25A9cret"),
            ("romeo@secret", "romeo@sec%zzret"),
        ] {
            assert!(!finds(account, text), "{account} in {text}");
        }
    }

    #[test]
    fn all_else_stays_as_it_is() {
        let xml = "<v xmlns='u' a='romeo@other' b='juliet@secret'>Ärger &amp; <a xmlns='w' romeo='secret'>romeo</a>@secret</v>";
        let xml = encode::standalone(&xml.parse().expect("test xml"));
        assert_eq!(redacted(&xml), Some(xml));
    }
}
