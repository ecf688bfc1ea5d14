//! One text for every way of writing the same XML: names with their namespaces, attributes sorted, prefixes gone.

use minidom::{Element, Node};

/// The canonical form of an element. Two elements mean the same exactly if their forms are equal.
pub(crate) fn form(element: &Element) -> String {
    let mut out = String::new();
    write(element, &mut out);
    out
}

fn write(element: &Element, out: &mut String) {
    let name = format!("{{{}}}{}", element.ns(), element.name());
    let mut attributes: Vec<String> = element
        .attrs()
        .iter()
        .map(|((namespace, name), value)| {
            let name: &str = name;
            format!(" {{{}}}{name}={value:?}", namespace.as_str())
        })
        .collect();
    attributes.sort();
    out.push_str(&format!("<{name}{}>", attributes.concat()));
    // Where text was cut into nodes says nothing.
    let mut text = String::new();
    for node in element.nodes() {
        match node {
            Node::Text(more) => text.push_str(more),
            Node::Element(child) => {
                flush(&mut text, out);
                write(child, out);
            }
        }
    }
    flush(&mut text, out);
    out.push_str(&format!("</{name}>"));
}

fn flush(text: &mut String, out: &mut String) {
    if !text.is_empty() {
        // Every character that may be mistaken for another, white space above all, is spelled out.
        out.push_str(&format!("{text:?}"));
        text.clear();
    }
}

#[test]
fn prefixes_and_the_order_of_attributes_say_nothing() {
    let of = |text: &str| form(&text.parse().expect("test xml"));
    let plain = of("<a xmlns='urn:one' y='2' x='1'><b xmlns='urn:two'/>t</a>");
    assert_eq!(
        plain,
        of("<p:a x='1' xmlns:p='urn:one' xmlns:q='urn:two' y='2'><q:b></q:b><![CDATA[t]]></p:a>")
    );
}

#[test]
fn all_else_says_something() {
    let of = |text: &str| form(&text.parse().expect("test xml"));
    let forms = [
        "<a xmlns='u' x='1'><b/>t<c/></a>",
        "<a xmlns='u' x='1'><c/>t<b/></a>",
        "<a xmlns='u' x='1'><b/><c/>t</a>",
        "<a xmlns='u' x='1'><b/>t <c/></a>",
        "<a xmlns='u' x='1'><b/>t<c xml:lang='en'/></a>",
        "<a xmlns='u' x='1'><b xmlns=''/>t<c/></a>",
        "<a xmlns='v' x='1'><b/>t<c/></a>",
        "<a xmlns='u' x='1' y=''><b/>t<c/></a>",
        "<a xmlns='u' xmlns:p='u' p:x='1'><b/>t<c/></a>",
    ]
    .map(of);
    let different: std::collections::BTreeSet<_> = forms.iter().collect();
    assert_eq!(different.len(), forms.len(), "{forms:#?}");
}
