//! The rooms that are listed, in the order of their addresses (XEP-0045 §6.3), with paging (XEP-0059).

use std::sync::Arc;

use imbl::Vector;
use minidom::Element;

use crate::room::listing::{Listing, Relisting};
use crate::room::nick::folded;
use crate::wire::build::{Build, el};
use crate::wire::jid::BareJid;
use crate::wire::ns;
use crate::wire::refusal::Refusal;
use crate::wire::rsm::{self, Paging};
use crate::words;

/// Most rooms in one answer; the rest is behind paging.
pub(super) const PAGE_MAX: usize = 100;

/// So much of a name or a description is searched.
const SEARCHED_BYTES_MAX: usize = 1024;

/// Public rooms. In one sorted list: pages begin anywhere at no cost, and rooms are listed anew far less often than
/// they are looked at. A copy costs next to nothing, and stays as it is when rooms come and go.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    rooms: Vector<Arc<Entry>>,
}

/// A listed room, ready to be searched.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) room: BareJid,
    pub(super) listing: Listing,
    /// Local part, name and description, as searched words are compared with them.
    pub(super) address: String,
    pub(super) name: String,
    pub(super) description: String,
}

impl Entry {
    fn new(room: BareJid, listing: Listing) -> Self {
        let address = searchable(room.local().unwrap_or_default());
        let (name, description) = (searchable(&listing.name), searchable(&listing.description));
        Self { room, listing, address, name, description }
    }
}

/// A text as words are searched in it: without case, in one form of each character, on one line; of a long one the
/// beginning.
pub(super) fn searchable(text: &str) -> String {
    folded(&text.replace(char::is_whitespace, " "), SEARCHED_BYTES_MAX)
}

impl Directory {
    /// Lists a room, or takes it off the list.
    pub fn set(&mut self, room: BareJid, listing: Option<Listing>) {
        let place = self.place(&room);
        match (place, listing) {
            (Ok(at), Some(listing)) => drop(self.rooms.set(at, Arc::new(Entry::new(room, listing)))),
            (Ok(at), None) => drop(self.rooms.remove(at)),
            (Err(at), Some(listing)) => self.rooms.insert(at, Arc::new(Entry::new(room, listing))),
            (Err(_), None) => {}
        }
    }

    /// Notes a change of a room.
    pub fn note(&mut self, room: &BareJid, change: Relisting) {
        match change {
            Relisting::Whole(listing) => self.set(room.clone(), listing),
            Relisting::Occupants(occupants) => {
                if let Ok(at) = self.place(room) {
                    Arc::make_mut(&mut self.rooms[at]).listing.occupants = Some(occupants);
                }
            }
        }
    }

    /// How many rooms are listed.
    pub fn len(&self) -> usize {
        self.rooms.len()
    }

    /// Whether no room is listed.
    pub fn is_empty(&self) -> bool {
        self.rooms.is_empty()
    }

    /// The listed rooms, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.rooms.iter().map(|entry| &**entry)
    }

    /// The answer to disco#items: a page of rooms. Rooms have a natural order, so a page can start after a room
    /// that is not listed any more; what is no address is refused with `item-not-found` (059-2).
    pub fn items(&self, page: Option<&Paging>) -> Result<Element, Refusal> {
        let asked = page.cloned().unwrap_or_default();
        let max = asked.max.unwrap_or(PAGE_MAX).min(PAGE_MAX);
        let place = |id: &str| Some(self.place(&BareJid::parse(id).ok()?));
        let range = asked.page(self.rooms.len(), max, place).ok_or_else(no_such_page)?;
        let chosen: Vec<&Arc<Entry>> = range.clone().filter_map(|at| self.rooms.get(at)).collect();
        let mut query = el("query", ns::DISCO_ITEMS);
        for entry in &chosen {
            let item = el("item", ns::DISCO_ITEMS).with("jid", entry.room.as_str());
            query.append_child(item.with("name", &entry.listing.name));
        }
        if page.is_some() || self.rooms.len() > chosen.len() {
            let ends = chosen.first().zip(chosen.last());
            let ends = ends.map(|(first, last)| (first.room.as_str(), last.room.as_str()));
            query.append_child(rsm::set(ends, Some(range.start as u64), Some(self.rooms.len() as u64)));
        }
        Ok(query)
    }

    fn place(&self, room: &BareJid) -> Result<usize, usize> {
        self.rooms.binary_search_by(|entry| entry.room.cmp(room))
    }
}

/// For an id in `<after/>` or `<before/>` that the service never gave out.
pub(super) fn no_such_page() -> Refusal {
    Refusal::item_not_found(&words::NO_SUCH_PLACE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory() -> Directory {
        let mut directory = Directory::default();
        for name in ["e", "a", "c", "b", "d"] {
            let jid = BareJid::parse(&format!("{name}@muc.example")).expect("a jid");
            directory.set(jid, Some(Listing { name: name.to_uppercase(), ..Listing::default() }));
        }
        directory
    }

    fn ask(set: &str) -> Result<Element, Refusal> {
        let query =
            format!("<query xmlns='{}'><set xmlns='{}'>{set}</set></query>", ns::DISCO_ITEMS, ns::RSM);
        directory().items(Paging::read(&query.parse().expect("test xml"))?.as_ref())
    }

    fn page(set: &str) -> String {
        let answer = ask(set).expect("a page");
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
        assert_eq!(page("<max>2</max><after>bb@muc.example</after>"), "CD at 2 of 5");
        assert_eq!(page("<max>2</max><before/>"), "DE at 3 of 5");
        assert_eq!(page("<max>2</max><before>d@muc.example</before>"), "BC at 1 of 5");
        assert_eq!(page("<max>2</max><before>a@muc.example</before>"), " at - of 5");
        assert_eq!(page("<max>0</max>"), " at - of 5");
        assert_eq!(page("<after>e@muc.example</after>"), " at - of 5");
        assert_eq!(page("<after>a@muc.example</after><before>d@muc.example</before>"), "BC at 1 of 5");
        assert_eq!(page("<after>d@muc.example</after><before>b@muc.example</before>"), " at - of 5");
    }

    #[test]
    fn a_page_may_begin_at_any_place() {
        // 059-3
        assert_eq!(page("<max>2</max><index>3</index>"), "DE at 3 of 5");
        assert_eq!(page("<max>2</max><index>4</index>"), "E at 4 of 5");
        assert_eq!(page("<max>2</max><index>9</index>"), " at - of 5");
    }

    #[test]
    fn a_place_that_is_none_is_not_found() {
        // 059-2
        for set in ["<after>a b</after>", "<before>@</before>", "<after/>"] {
            assert_eq!(ask(set), Err(no_such_page()), "{set}");
        }
    }

    #[test]
    fn a_whole_list_needs_no_paging() {
        // 45-6.3-a
        let all = directory().items(None).expect("a page");
        assert_eq!(all.children().count(), 5);
        assert!(!all.has_child("set", ns::RSM));
    }

    #[test]
    fn a_change_is_seen_and_a_room_can_leave() {
        let mut directory = directory();
        let room = BareJid::parse("c@muc.example").expect("a jid");
        directory.note(&room, Relisting::Occupants(3));
        assert_eq!(directory.iter().nth(2).map(|e| (&*e.name, e.listing.occupants)), Some(("c", Some(3))));
        directory.note(&room, Relisting::Whole(None));
        assert_eq!(directory.len(), 4);
        directory.note(&room, Relisting::Occupants(4));
        assert_eq!(directory.len(), 4);
    }
}
