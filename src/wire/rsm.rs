//! Paging through results (XEP-0059).

use std::ops::Range;

use minidom::Element;

use super::build::{Build, el};
use super::ns;
use super::refusal::Refusal;
use crate::words::{self, Value};

/// Which page somebody wants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Paging {
    /// Most items.
    pub max: Option<usize>,
    /// What follows the item of this id.
    pub after: Option<String>,
    /// What comes right before the item of this id; empty: the last page.
    pub before: Option<String>,
    /// What begins at this place, counted from 0.
    pub index: Option<usize>,
}

impl Paging {
    /// Reads `<set/>` from a request, if it has one.
    ///
    /// # Errors
    /// A number is none, or something is asked for that no page here goes by.
    pub fn read(request: &Element) -> Result<Option<Self>, Refusal> {
        let Some(set) = request.get_child("set", ns::RSM) else { return Ok(None) };
        let is_other = |child: &&Element| !matches!(child.name(), "max" | "after" | "before" | "index");
        if let Some(other) = set.children().filter(|child| child.has_ns(ns::RSM)).find(is_other) {
            return Err(Refusal::feature_not_implemented(words::PAGE_BY.with([Value::quoted(other.name())])));
        }
        let text = |name| set.get_child(name, ns::RSM).map(Element::text);
        let number = |name| {
            let text = text(name).filter(|text| !text.trim().is_empty());
            let wrong = |_| Refusal::bad_request(words::PAGE_NUMBER.with([name]));
            text.map(|text| text.trim().parse().map_err(wrong)).transpose()
        };
        let paging = Self {
            max: number("max")?,
            after: text("after"),
            before: text("before"),
            index: number("index")?,
        };
        if paging.index.is_some() && (paging.after.is_some() || paging.before.is_some()) {
            return Err(Refusal::feature_not_implemented(&words::PAGE_INDEX_OR_IDS));
        }
        Ok(Some(paging))
    }

    /// The places of a page of `max` items at most, of `count` items in an order of their own. `place` finds an id:
    /// where its item is, or where it would be. `None` if it cannot say: the id is none of these items.
    pub fn page(
        &self,
        count: usize,
        max: usize,
        place: impl Fn(&str) -> Option<Result<usize, usize>>,
    ) -> Option<Range<usize>> {
        let from = match &self.after {
            Some(id) => place(id)?.map_or_else(|there| there, |at| at + 1),
            None => self.index.unwrap_or(0).min(count),
        };
        let to = match self.before.as_deref() {
            None | Some("") => count,
            Some(id) => place(id)?.unwrap_or_else(|there| there),
        };
        Some(match self.before {
            Some(_) => to.saturating_sub(max).max(from.min(to))..to,
            None => from..from.saturating_add(max).min(count),
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
