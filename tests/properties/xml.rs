//! Elements of any make.

use minidom::{Element, Node};
use proptest::prelude::*;
use rxml::{Namespace, NcName};

pub(crate) const CLIENT: &str = "jabber:client";
pub(crate) const XML: &str = "http://www.w3.org/XML/1998/namespace";

/// Where a stanza would stand: `bytes` follow this header.
pub(crate) const OPEN: &str = "<stream:stream xmlns='jabber:component:accept' \
    xmlns:stream='http://etherx.jabber.org/streams' id='1' from='muc.example'>";

fn namespace() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        CLIENT,
        "jabber:x:data",
        "urn:x:0",
        "",
        "a'b<&>\"c",
        "urn:\u{e9} \t🦊",
        "xml",
        " ",
    ])
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[a-zé_][a-z0-9._-]{0,6}",
        1 => prop::sample::select(vec!["to", "from", "id", "xml", "message", "iq", "a0", "é-·", "名"]).prop_map(str::to_owned),
    ]
}

/// Any text, also what XML cannot carry.
pub(crate) fn text() -> impl Strategy<Value = String> {
    let special = prop::sample::select(vec![
        '&', '<', '>', '\'', '"', ']', '\r', '\n', '\t', ' ', '🦊', '\0', '\u{1}', '\u{b}', '\u{1f}',
        '\u{7f}', '\u{85}', '\u{2028}', '\u{fffd}', '\u{fffe}', '\u{ffff}', '\u{feff}',
    ]);
    prop::collection::vec(prop_oneof![any::<char>(), special], 1..10).prop_map(String::from_iter)
}

fn attributes() -> impl Strategy<Value = Vec<(&'static str, String, String)>> {
    let namespace = prop::sample::select(vec!["", "", XML, "urn:attr:1", "urn:'&", CLIENT]);
    prop::collection::vec((namespace, name(), text()), 0..5)
}

type Parts = (&'static str, String, Vec<(&'static str, String, String)>);

fn bare((namespace, name, attributes): Parts) -> Element {
    let mut element = Element::bare(name, namespace);
    for (namespace, name, value) in attributes {
        let name = NcName::try_from(name).expect("a name");
        element.attrs_mut().insert(Namespace::from(namespace), name, value);
    }
    element
}

/// Any tree that the program can hold.
pub(crate) fn tree() -> impl Strategy<Value = Element> {
    let leaf = (namespace(), name(), attributes()).prop_map(bare);
    leaf.prop_recursive(5, 30, 5, |inner| {
        let child = prop_oneof![inner.prop_map(Node::Element), text().prop_map(Node::Text)];
        ((namespace(), name(), attributes()), prop::collection::vec(child, 0..5)).prop_map(
            |(parts, children)| {
                let mut element = bare(parts);
                for child in children {
                    match child {
                        // Two texts side by side are one when read.
                        Node::Text(text) => element.append_text(text),
                        Node::Element(child) => {
                            element.append_child(child);
                        }
                    }
                }
                element
            },
        )
    })
}

/// Any stanza.
pub(crate) fn stanza() -> impl Strategy<Value = Element> {
    (prop::sample::select(vec!["message", "presence", "iq"]), tree()).prop_map(|(name, mut tree)| {
        let mut stanza = Element::bare(name, CLIENT);
        std::mem::swap(tree.attrs_mut(), stanza.attrs_mut());
        for node in tree.take_nodes() {
            stanza.append_node(node);
        }
        stanza
    })
}
