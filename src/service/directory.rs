//! The rooms that are listed, in the order of their addresses (XEP-0045 §6.3), with paging (XEP-0059).

use std::collections::BTreeMap;
use std::ops::Bound;

use minidom::Element;

use crate::wire::build::{Build, el};
use crate::wire::jid::BareJid;
use crate::wire::ns;
use crate::wire::rsm::{self, Paging};

/// Most rooms in one answer; the rest is behind paging.
const PAGE_MAX: usize = 100;

/// Public rooms and their names.
#[derive(Debug, Default)]
pub struct Directory {
    rooms: BTreeMap<BareJid, String>,
}

impl Directory {
    /// Lists a room under `name`, or takes it off the list.
    pub fn set(&mut self, room: BareJid, name: Option<String>) {
        match name {
            Some(name) => self.rooms.insert(room, name),
            None => self.rooms.remove(&room),
        };
    }

    /// How many rooms are listed.
    pub fn len(&self) -> usize {
        self.rooms.len()
    }

    /// Whether no room is listed.
    pub fn is_empty(&self) -> bool {
        self.rooms.is_empty()
    }

    /// The answer to disco#items: a page of rooms. Rooms have a natural order, so a page can start after a room
    /// that is not listed any more (059-2).
    pub fn items(&self, page: Option<&Paging>) -> Element {
        let asked = page.cloned().unwrap_or_default();
        let max = asked.max.unwrap_or(PAGE_MAX).min(PAGE_MAX);
        let chosen = self.choose(&asked, max);
        let mut query = el("query", ns::DISCO_ITEMS);
        for (room, name) in &chosen {
            query.append_child(el("item", ns::DISCO_ITEMS).with("jid", room.as_str()).with("name", name));
        }
        if page.is_some() || self.rooms.len() > chosen.len() {
            query.append_child(self.set_of(&chosen));
        }
        query
    }

    fn choose(&self, asked: &Paging, max: usize) -> Vec<(&BareJid, &String)> {
        let bound = |text: &Option<String>| text.as_deref().and_then(|t| BareJid::parse(t).ok());
        if let Some(before) = &asked.before {
            let end = match bound(&asked.before) {
                Some(jid) => Bound::Excluded(jid),
                None if before.is_empty() => Bound::Unbounded,
                None => return Vec::new(),
            };
            let range = (Bound::Unbounded, end);
            let mut last: Vec<_> = self.rooms.range::<BareJid, _>(range).rev().take(max).collect();
            last.reverse();
            return last;
        }
        let start = match bound(&asked.after) {
            Some(jid) => Bound::Excluded(jid),
            None => Bound::Unbounded,
        };
        self.rooms.range::<BareJid, _>((start, Bound::Unbounded)).take(max).collect()
    }

    fn set_of(&self, chosen: &[(&BareJid, &String)]) -> Element {
        let count = Some(self.rooms.len() as u64);
        match (chosen.first(), chosen.last()) {
            (Some((first, _)), Some((last, _))) => {
                let index = self.rooms.range::<BareJid, _>(..*first).count() as u64;
                rsm::set(Some((first.as_str(), last.as_str())), Some(index), count)
            }
            _ => rsm::set(None, None, count),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory() -> Directory {
        let mut directory = Directory::default();
        for name in ["e", "a", "c", "b", "d"] {
            let jid = BareJid::parse(&format!("{name}@muc.example")).expect("a jid");
            directory.set(jid, Some(name.to_uppercase()));
        }
        directory
    }

    fn page(set: &str) -> String {
        let query =
            format!("<query xmlns='{}'><set xmlns='{}'>{set}</set></query>", ns::DISCO_ITEMS, ns::RSM);
        let page = Paging::read(&query.parse().expect("test xml"));
        let answer = directory().items(page.as_ref());
        let names: Vec<_> = answer.children().filter_map(|c| c.attr("name")).collect();
        let set = answer.get_child("set", ns::RSM).expect("a set");
        let index = set.get_child("first", ns::RSM).and_then(|f| f.attr("index"));
        let count = set.get_child("count", ns::RSM).expect("a count").text();
        format!("{} at {} of {count}", names.join(""), index.unwrap_or("-"))
    }

    #[test]
    fn pages_go_both_ways() {
        // 45-6.3-c, 059-1, 059-2
        assert_eq!(page("<max>2</max>"), "AB at 0 of 5");
        assert_eq!(page("<max>2</max><after>b@muc.example</after>"), "CD at 2 of 5");
        assert_eq!(page("<max>2</max><before/>"), "DE at 3 of 5");
        assert_eq!(page("<max>2</max><before>d@muc.example</before>"), "BC at 1 of 5");
        assert_eq!(page("<max>0</max>"), " at - of 5");
        assert_eq!(page("<after>e@muc.example</after>"), " at - of 5");
    }

    #[test]
    fn a_whole_list_needs_no_paging() {
        // 45-6.3-a
        let all = directory().items(None);
        assert_eq!(all.children().count(), 5);
        assert!(!all.has_child("set", ns::RSM));
    }
}
