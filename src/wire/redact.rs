//! Takes a real address out of what one occupant sends another (XEP-0045 §17.4).
//!
//! Clients and servers put addresses into payloads without being asked to: into vCards, into what somebody published, into
//! lists of services. Only the bare address counts, in any case and as URIs escape it; whoever wants to show their own
//! address finds other ways.

use std::borrow::Cow;

use memchr::memmem::Finder;
use minidom::{Element, Node};

use super::jid::BareJid;

/// Looks for one address. Takes linear time in what is looked through.
struct Search {
    plain: Finder<'static>,
    escaped: Finder<'static>,
}

impl Search {
    fn new(account: &BareJid) -> Self {
        let plain = account.as_str().to_lowercase();
        let escaped = Finder::new(&plain.replacen('@', "%40", 1)).into_owned();
        Self { plain: Finder::new(&plain).into_owned(), escaped }
    }

    fn finds(&self, text: &str) -> bool {
        if text.len() < self.plain.needle().len() {
            return false;
        }
        let text: Cow<'_, str> = if text.bytes().any(|b| b.is_ascii_uppercase() || !b.is_ascii()) {
            text.to_lowercase().into()
        } else {
            text.into()
        };
        self.plain.find(text.as_bytes()).is_some() || self.escaped.find(text.as_bytes()).is_some()
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
    fn all_else_stays_as_it_is() {
        let xml = "<v xmlns='u' a='romeo@other' b='juliet@secret'>Ärger &amp; <a xmlns='w' romeo='secret'>romeo</a>@secret</v>";
        let xml = encode::standalone(&xml.parse().expect("test xml"));
        assert_eq!(redacted(&xml), Some(xml));
    }
}
