//! How big a stanza is: the one measure, by which everything is bounded that others can make grow.
//!
//! An element is as big as what it takes in memory or what it takes on the wire as we write it, whichever is larger.
//! In memory each element has its name, its namespace, a place in its parent and a map of attributes: `<a b=''/>`, nine
//! bytes, takes over a thousand. On the wire a namespace stands at each element where it is another than the parent's,
//! and characters are escaped: `'` takes six bytes.
//!
//! The reader counts while it builds a stanza ([`crate::wire::stream`]); what is built elsewhere is counted by [`of`].

use std::collections::BTreeMap;
use std::mem::size_of;

use minidom::{Element, Node};
use rxml::{AttrMap, Namespace, NcName};

use super::encode::escaped_len;
use super::ns;

/// What the allocator takes beside the bytes that it is asked for, at most.
const HEAP_BYTES: usize = 24;
/// A namespace beside its characters: a `String` with two counters.
const NAMESPACE_BYTES: usize = HEAP_BYTES + 40;
/// A map from namespaces to maps of attributes, with one node, which has eleven places.
const MAP_BYTES: usize =
    HEAP_BYTES + 16 + 11 * (size_of::<Namespace<'static>>() + size_of::<BTreeMap<NcName, String>>());
/// A map of the attributes in one namespace, with one node, which has eleven places.
const ATTRIBUTES_BYTES: usize =
    HEAP_BYTES + 16 + ATTRIBUTES_OF_NODE * (size_of::<NcName>() + size_of::<String>());
const ATTRIBUTES_OF_NODE: usize = 11;
/// An attribute beyond those of the first node: nodes are less than full.
const ATTRIBUTE_BYTES: usize = 136;
/// Longest name that is held where it stands, without memory of its own.
const SHORT_NAME_BYTES: usize = 24;
/// Fewest places for the nodes of an element that has any.
const NODES_MIN: usize = 4;

/// How big something is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    memory: usize,
    wire: usize,
}

/// How big an element is, with all in it: [`Size::bytes`] of it.
pub fn of(element: &Element) -> usize {
    Size::of(element).bytes()
}

/// How big elements are that stand side by side in a stanza.
pub fn of_all<'a>(elements: impl IntoIterator<Item = &'a Element>) -> usize {
    elements.into_iter().map(|element| alone(element, ns::CLIENT)).sum::<Size>().bytes()
}

impl Size {
    /// How big an element is, with all in it.
    pub fn of(element: &Element) -> Self {
        alone(element, stream_ns(&element.ns()))
    }

    /// The larger of what it takes in memory and on the wire, in bytes.
    pub fn bytes(self) -> usize {
        self.memory.max(self.wire)
    }

    /// What it takes on the wire, in bytes.
    pub fn on_wire(self) -> usize {
        self.wire
    }

    /// The place of an element that is no node of another one.
    pub(super) fn start() -> Self {
        Self { memory: size_of::<Element>(), wire: 0 }
    }

    /// An element without what is in it, and without its place among the nodes of its parent. `declared` says whether its
    /// namespace is another than that of its parent.
    pub(super) fn tag(name: &str, ns: &str, declared: bool, attributes: &AttrMap) -> Self {
        let mut size = Self {
            memory: heap(name.len()) + NAMESPACE_BYTES + heap(ns.len()),
            wire: "<></>".len() + 2 * name.len(),
        };
        if declared {
            size.wire += " xmlns=''".len() + escaped_len(ns);
        }
        let mut before: Option<(&Namespace<'static>, usize)> = None;
        for ((ns, name), value) in attributes.iter() {
            let name: &str = name;
            size.wire += " =''".len() + name.len() + escaped_len(value);
            size.memory += heap(value.len());
            if name.len() > SHORT_NAME_BYTES {
                size.memory += heap(name.len());
            }
            let nth = match before {
                None => {
                    size.memory += MAP_BYTES + ATTRIBUTES_BYTES;
                    1
                }
                Some((same, n)) if same == ns => n + 1,
                Some(_) => {
                    size.memory += ATTRIBUTE_BYTES + ATTRIBUTES_BYTES;
                    1
                }
            };
            if nth > ATTRIBUTES_OF_NODE {
                size.memory += ATTRIBUTE_BYTES;
            }
            before = Some((ns, nth));
            if ns.as_str() == super::ns::XML {
                size.wire += "xml:".len();
            } else if !ns.is_none() {
                size.wire += " xmlns:a000='' a000:".len() + escaped_len(ns);
                size.memory += NAMESPACE_BYTES + heap(ns.len());
            }
        }
        size
    }

    /// A text, or a part of one that follows other parts.
    pub(super) fn text(text: &str, follows: bool) -> Self {
        let memory = if follows { text.len() } else { heap(text.len()) };
        Self { memory, wire: escaped_len(text) }
    }

    /// The place of the `nth` node of an element, counted from one. Places are made by doubling.
    pub(super) fn place(nth: usize) -> Self {
        let new = match nth - 1 {
            0 => NODES_MIN,
            before if before >= NODES_MIN && before.is_power_of_two() => before,
            _ => 0,
        };
        Self { memory: new * size_of::<Node>() + if nth == 1 { HEAP_BYTES } else { 0 }, wire: 0 }
    }
}

impl std::ops::AddAssign for Size {
    fn add_assign(&mut self, other: Self) {
        self.memory += other.memory;
        self.wire += other.wire;
    }
}

impl std::ops::Add for Size {
    type Output = Self;

    fn add(mut self, other: Self) -> Self {
        self += other;
        self
    }
}

impl std::iter::Sum for Size {
    fn sum<I: Iterator<Item = Self>>(sizes: I) -> Self {
        sizes.fold(Self::default(), std::ops::Add::add)
    }
}

/// The default namespace of a stream that an element of this namespace is a stanza in: stanzas need no declaration.
pub(super) fn stream_ns(ns: &str) -> &'static str {
    if ns == ns::CLIENT { ns::CLIENT } else { "" }
}

/// An element that is no node of another one, where this is the default namespace.
fn alone(element: &Element, default_ns: &str) -> Size {
    Size::start() + within(element, default_ns)
}

/// An element, without its place, where this is the default namespace.
///
/// Recursion is bounded: no element deeper than the reader's limit exists in the program.
fn within(element: &Element, default_ns: &str) -> Size {
    let ns = element.ns();
    let mut size = Size::tag(element.name(), &ns, default_ns != ns, element.attrs());
    for (before, node) in element.nodes().enumerate() {
        size += Size::place(before + 1);
        size += match node {
            Node::Element(child) => within(child, &ns),
            Node::Text(text) => Size::text(text, false),
        };
    }
    size
}

/// What a string of so many bytes takes beside the place where it is named.
fn heap(bytes: usize) -> usize {
    if bytes == 0 { 0 } else { bytes + HEAP_BYTES }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::encode;

    fn sizes(xml: &str) -> Size {
        Size::of(&xml.parse().expect("xml"))
    }

    #[test]
    fn the_size_on_the_wire_is_that_of_what_is_written() {
        for xml in [
            "<message xmlns='jabber:client' type='groupchat' from='a@b/c'><body>Hello there</body>\
             <x xmlns='urn:x'><y a='b'>text</y><z xmlns='urn:z'>more</z></x></message>",
            "<message xmlns='jabber:client' xml:lang='de'><body>&lt;it&apos;s&gt; &quot;&amp;&quot;&#13;&#10;\u{9}</body></message>",
            "<iq xmlns='jabber:client'><p:q xmlns:p='urn:p'><p:r>1</p:r><p:r>2</p:r><r>3</r></p:q></iq>",
            "<q xmlns='urn:&amp;'>none</q>",
        ] {
            let element: Element = xml.parse().expect("xml");
            assert_eq!(Size::of(&element).on_wire(), encode::element(&element).len(), "{xml}");
        }
        let prefixed: Element = "<q xmlns='urn:q' xmlns:p='urn:p' p:k='v'>x</q>".parse().expect("xml");
        let (size, written) = (Size::of(&prefixed).on_wire(), encode::element(&prefixed).len());
        assert!((written..written + 6).contains(&size), "{size} for {written}");
    }

    #[test]
    fn namespaces_and_languages_count_wherever_they_stand() {
        let long = "x".repeat(8_000);
        let children = "<p:a/>".repeat(100);
        let size = sizes(&format!("<m xmlns='jabber:client' xmlns:p='{long}'>{children}</m>"));
        // Each element holds it, and it is written for each.
        assert!(size.memory > 800_000 && size.on_wire() > 800_000, "{size:?}");
        assert!(sizes(&format!("<s xmlns='jabber:client' xml:lang='{long}'/>")).memory > 8_000);
        assert!(sizes(&format!("<s xmlns='jabber:client'>{}</s>", "'".repeat(100))).on_wire() > 600);
    }

    #[test]
    fn small_elements_take_more_in_memory_than_on_the_wire() {
        let many = |inside: &str| sizes(&format!("<m xmlns='jabber:client'>{}</m>", inside.repeat(1000)));
        assert!((200_000..400_000).contains(&many("<a/>").bytes()), "{:?}", many("<a/>"));
        assert!((1_200_000..1_600_000).contains(&many("<a b=''/>").bytes()), "{:?}", many("<a b=''/>"));
    }
}
