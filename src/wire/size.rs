//! How big elements are, for bounds: near the truth, and never much below it.

use minidom::{Element, Node};

/// What an element, an attribute, a text takes in memory besides its characters.
const ELEMENT_BYTES: usize = 256;
const ATTRIBUTE_BYTES: usize = 96;
const TEXT_BYTES: usize = 64;

/// Bytes that an element takes in memory, with all in it.
pub fn in_memory(element: &Element) -> usize {
    let attributes = element.attrs().iter().map(|((_, name), value)| {
        let name: &str = name;
        ATTRIBUTE_BYTES + name.len() + value.len()
    });
    let nodes = element.nodes().map(|node| match node {
        Node::Element(child) => in_memory(child),
        Node::Text(text) => TEXT_BYTES + text.len(),
    });
    ELEMENT_BYTES + element.name().len() + attributes.sum::<usize>() + nodes.sum::<usize>()
}

/// Bytes that an element takes on the wire, with all in it. What has to be escaped counts as it stands.
pub fn on_wire(element: &Element, parent_ns: &str) -> usize {
    let ns = element.ns();
    let declared = if ns == parent_ns { 0 } else { " xmlns=''".len() + ns.len() };
    let attributes = element.attrs().iter().map(|((_, name), value)| {
        let name: &str = name;
        " =''".len() + name.len() + value.len()
    });
    let nodes = element.nodes().map(|node| match node {
        Node::Element(child) => on_wire(child, &ns),
        Node::Text(text) => text.len(),
    });
    "<></>".len() + 2 * element.name().len() + declared + attributes.sum::<usize>() + nodes.sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{encode, ns};

    #[test]
    fn sizes_are_near_the_truth() {
        let xml = "<message xmlns='jabber:client' type='groupchat' from='a@b/c'><body>Hello there</body>\
                   <x xmlns='urn:x'><y a='b'>text</y><z xmlns='urn:z'>more</z></x></message>";
        let element: Element = xml.parse().expect("xml");
        assert_eq!(on_wire(&element, ns::CLIENT), encode::element(&element).len());
        assert!((1300..3000).contains(&in_memory(&element)), "{}", in_memory(&element));
    }
}
