//! What is written can be read, by anybody (XML 1.0; RFC 6120 §11).

use conclave::wire::encode::{self, Outgoing, Template};
use conclave::wire::jid::Jid;
use conclave::wire::stream::{Limits, Output, StreamReader};
use minidom::{Element, Node};
use proptest::prelude::*;

use crate::xml::{CLIENT, OPEN, stanza, text, tree};

const WIDE: Limits =
    Limits { stanza_bytes_max: 1 << 24, depth_max: 512, attributes_max: 4096, elements_max: 100_000 };

/// The stanzas in what was written.
fn read(written: &[u8]) -> Result<Vec<Element>, TestCaseError> {
    let (mut reader, mut out) = (StreamReader::new(WIDE), Vec::new());
    for part in [OPEN.as_bytes(), written] {
        if let Err(fault) = reader.feed(part, &mut out) {
            return Err(TestCaseError::fail(format!("{fault:?} in {}", String::from_utf8_lossy(written))));
        }
    }
    prop_assert!(reader.at_boundary());
    let stanza = |output| match output {
        Output::Stanza(stanza, _) => Ok(stanza),
        other => Err(TestCaseError::fail(format!("{other:?} in {}", String::from_utf8_lossy(written)))),
    };
    out.into_iter().skip(1).map(stanza).collect()
}

/// The characters that XML 1.0 has (§2.2), the others replaced.
fn allowed(text: &str) -> String {
    let is_char =
        |c| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    text.chars().map(|c| if is_char(c) { c } else { '\u{fffd}' }).collect()
}

/// The element as it should arrive.
fn arrived(element: &Element) -> Element {
    let mut copy = Element::bare(element.name(), element.ns());
    for ((namespace, name), value) in element.attrs() {
        copy.attrs_mut().insert(namespace.clone(), name.clone(), allowed(value));
    }
    for node in element.nodes() {
        match node {
            Node::Element(child) => {
                copy.append_child(arrived(child));
            }
            Node::Text(text) => copy.append_text(allowed(text)),
        }
    }
    copy
}

fn within_a_message(element: Element) -> Element {
    let mut message = Element::bare("message", CLIENT);
    message.append_child(element);
    message
}

fn address() -> impl Strategy<Value = Jid> {
    ("[a-z]{1,5}@[a-z]{1,5}", text()).prop_filter_map("no address", |(bare, resource)| {
        Jid::parse(&format!("{bare}/{resource}")).or_else(|_| Jid::parse(&bare)).ok()
    })
}

proptest! {
    #![proptest_config(crate::cases(500))]

    // 114-10
    #[test]
    fn a_stanza_that_is_written_reads_back(stanza in stanza()) {
        prop_assert_eq!(read(encode::element(&stanza).as_bytes())?, [arrived(&stanza)]);
    }

    #[test]
    fn any_element_inside_a_stanza_reads_back(tree in tree()) {
        let message = within_a_message(tree);
        prop_assert_eq!(read(encode::element(&message).as_bytes())?, [arrived(&message)]);
    }

    #[test]
    fn an_element_that_stands_alone_reads_back_within_whatever_it_is_put(tree in tree(), outer in "[a-z]{1,4}") {
        for namespace in ["", "urn:outer"] {
            let inside = encode::standalone(&tree);
            let text = format!("<message><{outer} xmlns='{namespace}'>{inside}</{outer}></message>");
            let mut holder = Element::bare(outer.clone(), namespace);
            holder.append_child(arrived(&tree));
            prop_assert_eq!(read(text.as_bytes())?, [within_a_message(holder)]);
        }
    }

    #[test]
    fn an_element_that_stands_alone_reads_back_from_the_disk(tree in tree()) {
        let read: Element = encode::standalone(&tree).parse().expect("well-formed");
        prop_assert_eq!(read, arrived(&tree));
    }

    // 114-9
    #[test]
    fn a_stanza_reaches_each_of_its_recipients_whole(stanza in stanza(), to in prop::collection::vec(address(), 1..4)) {
        let template = Template::new(&stanza);
        let mut bytes = Vec::new();
        for jid in &to {
            template.splice(jid, &mut bytes);
        }
        let expected: Vec<Element> = to
            .iter()
            .map(|jid| {
                let mut copy = arrived(&stanza);
                conclave::wire::build::set_attr(&mut copy, "to", &allowed(jid.as_str()));
                copy
            })
            .collect();
        prop_assert_eq!(read(&bytes)?, expected);
        let one = Outgoing::one(&stanza, to[0].clone());
        let mut bytes = Vec::new();
        one.stanza.splice(&to[0], &mut bytes);
        prop_assert!(bytes.len() >= one.wire_bytes());
    }
}
