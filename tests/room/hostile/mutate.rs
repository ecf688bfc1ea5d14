//! Everything that can be wrong with one stanza, one thing at a time.

use conclave::wire::build::{remove_attr, set_attr};
use minidom::{Element, Node};

/// What attributes and texts may be instead of what is meant.
const VALUES: [(&str, &str); 9] = [
    ("empty", ""),
    ("blank", " \t\n"),
    ("a bad address", "@@/"),
    ("another's address", "r@muc.example/owner"),
    ("a word", "zzz"),
    ("a number", "-99999999999999999999"),
    ("invisible", "\u{200b}\u{ad}\u{202e}\u{feff}"),
    ("no text", "\u{7f}\u{85}\u{fffd}"),
    ("markup", "</x>&#0;<![CDATA[]]>'\""),
];

/// Attributes that mean something somewhere.
const ATTRIBUTES: [&str; 11] =
    ["type", "id", "jid", "nick", "affiliation", "role", "node", "sessionid", "action", "var", "code"];

/// A stanza that is wrong in one way, and which way that is.
pub(crate) type Mutant = (String, Element);

/// All of them. `from` and `to` of the stanza stay: a server has looked at them.
pub(crate) fn mutants(stanza: &Element) -> Vec<Mutant> {
    let mut found = Vec::new();
    let mut paths = Vec::new();
    walk(stanza, &mut Vec::new(), &mut paths);
    let huge = "x".repeat(70_000);
    for path in paths {
        let here = format!("{} at {path:?}", at(stanza, &path).name());
        let mut add = |what: String, change: &dyn Fn(&mut Element)| {
            let mut mutant = stanza.clone();
            change(at_mut(&mut mutant, &path));
            found.push((format!("{what} of {here}"), mutant));
        };
        let element = at(stanza, &path);
        let own: Vec<String> = element.attrs().iter().map(|((_, name), _)| name.to_string()).collect();
        for name in own.iter().filter(|name| *name != "from" && *name != "to" || !path.is_empty()) {
            add(format!("missing {name}"), &|e| set(e, name, None));
            add(format!("huge {name}"), &|e| set(e, name, Some(&huge[..7_000])));
            for (what, value) in VALUES {
                add(format!("{what} as {name}"), &|e| set(e, name, Some(value)));
            }
        }
        for name in ATTRIBUTES.iter().filter(|name| !own.iter().any(|own| own == *name)) {
            add(format!("added {name}"), &|e| set(e, name, Some("member")));
        }
        add("other text".to_owned(), &|e| e.append_text_node("zzz"));
        add("huge text".to_owned(), &|e| e.append_text_node(huge.clone()));
        for (what, value) in VALUES {
            add(format!("{what} instead of all"), &|e| {
                *e = bare(e, e.name(), &e.ns(), &[Node::Text(value.to_owned())])
            });
        }
        add("nothing".to_owned(), &|e| *e = bare(e, e.name(), &e.ns(), &[]));
        add("reversed order".to_owned(), &|e| {
            let children: Vec<Node> = e.nodes().rev().cloned().collect();
            *e = bare(e, e.name(), &e.ns(), &children);
        });
        if path.is_empty() {
            continue;
        }
        for ns in ["", "urn:zzz", "jabber:client", "http://jabber.org/protocol/muc#user"] {
            add(format!("namespace {ns}"), &|e| *e = renamed(e, e.name(), ns));
        }
        for name in ["zzz", "x", "query", "error", "item"] {
            add(format!("name {name}"), &|e| *e = renamed(e, name, &e.ns()));
        }
        add("itself within".to_owned(), &|e| {
            let inner = e.clone();
            e.append_child(inner);
        });
        add("twenty within".to_owned(), &|e| {
            (0..20).for_each(|_| *e = bare(e, e.name(), &e.ns(), &[Node::Element(e.clone())]));
        });
        let (last, above) = path.split_last().expect("not the stanza itself");
        let mut around = |what: &str, copies: usize| {
            let mut mutant = stanza.clone();
            let parent = at_mut(&mut mutant, above);
            let nodes = parent.nodes().cloned().collect::<Vec<_>>();
            let mut seen = 0;
            let changed: Vec<Node> = nodes
                .into_iter()
                .flat_map(|node| {
                    let count = if matches!(node, Node::Element(_)) {
                        seen += 1;
                        if seen == last + 1 { copies } else { 1 }
                    } else {
                        1
                    };
                    std::iter::repeat_n(node, count)
                })
                .collect();
            *parent = bare(parent, parent.name(), &parent.ns(), &changed);
            found.push((format!("{what} {here}"), mutant));
        };
        around("missing", 0);
        around("doubled", 2);
        around("a hundred times", 100);
    }
    found
}

/// The paths of an element and of all within it.
fn walk(element: &Element, path: &mut Vec<usize>, into: &mut Vec<Vec<usize>>) {
    into.push(path.clone());
    for (place, child) in element.children().enumerate() {
        path.push(place);
        walk(child, path, into);
        path.pop();
    }
}

fn at<'e>(element: &'e Element, path: &[usize]) -> &'e Element {
    path.iter().fold(element, |element, place| element.children().nth(*place).expect("it was there"))
}

fn at_mut<'e>(element: &'e mut Element, path: &[usize]) -> &'e mut Element {
    path.iter().fold(element, |element, place| element.children_mut().nth(*place).expect("it was there"))
}

fn set(element: &mut Element, name: &str, value: Option<&str>) {
    match value {
        Some(value) => set_attr(element, name, value),
        None => remove_attr(element, name),
    }
}

/// An element with the attributes of another and these nodes.
fn bare(like: &Element, name: &str, ns: &str, nodes: &[Node]) -> Element {
    let mut made = Element::builder(name, ns).build();
    for ((_, name), value) in like.attrs() {
        set_attr(&mut made, name, value);
    }
    for node in nodes {
        append(&mut made, node);
    }
    made
}

fn renamed(element: &Element, name: &str, ns: &str) -> Element {
    bare(element, name, ns, &element.nodes().cloned().collect::<Vec<_>>())
}

fn append(element: &mut Element, node: &Node) {
    match node {
        Node::Element(child) => {
            element.append_child(child.clone());
        }
        Node::Text(text) => element.append_text_node(text.clone()),
    }
}
