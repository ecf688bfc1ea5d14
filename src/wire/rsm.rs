//! Paging through results (XEP-0059).

use minidom::Element;

use super::build::{Build, el};
use super::ns;

/// Which page somebody wants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Paging {
    /// Most items.
    pub max: Option<usize>,
    /// What follows the item of this id.
    pub after: Option<String>,
    /// What comes right before the item of this id; empty: the last page.
    pub before: Option<String>,
}

impl Paging {
    /// Reads `<set/>` from a request; what cannot be read is as if it had not been said.
    pub fn read(request: &Element) -> Option<Self> {
        let set = request.get_child("set", ns::RSM)?;
        let text = |name| set.get_child(name, ns::RSM).map(Element::text);
        Some(Self {
            max: text("max").and_then(|max| max.trim().parse().ok()),
            after: text("after"),
            before: text("before"),
        })
    }
}

/// `<set/>` of an answer: the ids of the first and last item of the page, how many items come before the page, and how
/// many there are in all.
pub fn set(ends: Option<(&str, &str)>, index: Option<u64>, count: Option<u64>) -> Element {
    let mut set = el("set", ns::RSM);
    if let Some((first, last)) = ends {
        let index = index.map(|index| index.to_string());
        set.append_child(el("first", ns::RSM).with_opt("index", index.as_deref()).text_node(first));
        set.append_child(el("last", ns::RSM).text_node(last));
    }
    let count = count.map(|count| el("count", ns::RSM).text_node(&count.to_string()));
    set.child_opt(count)
}
