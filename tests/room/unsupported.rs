//! What a request asks for beside what rooms can do is not dropped in silence: it is done, or refused by its name.

use crate::mam::{find, paging, refused, room_with};
use crate::world::World;

const NOT_HERE: &str = "cancel/feature-not-implemented";

#[test]
fn page_between_two_messages_has_what_lies_between() {
    // 059-2, 313-18
    let mut w = room_with(8, &[]);
    let ids: Vec<String> = find(&mut w, "romeo", "", "").ids().iter().map(|id| (*id).to_owned()).collect();
    let between = |w: &mut World, max, low: usize, high: usize| {
        let (after, before) = (&ids[low], &ids[high]);
        let set = format!("<max>{max}</max><after>{after}</after><before>{before}</before>");
        let page = find(w, "romeo", "", &paging(&set));
        (page.bodies().concat(), page.complete(), page.set("count"))
    };
    let count = Some("8".to_owned());
    assert_eq!(between(&mut w, 10, 1, 6), ("3456".to_owned(), true, count.clone()));
    // Of more than a page the newest, as with `<before/>` alone.
    assert_eq!(between(&mut w, 2, 1, 6), ("56".to_owned(), false, count.clone()));
    assert_eq!(between(&mut w, 10, 6, 1), (String::new(), true, count));
    let set = paging(&format!("<max>2</max><after>{}</after><before/>", ids[4]));
    let page = find(&mut w, "romeo", "", &set);
    assert_eq!((page.bodies().concat().as_str(), page.complete()), ("78", false));
    let unknown = paging(&format!("<after>{}</after><before>nothing</before>", ids[0]));
    assert_eq!(refused(&mut w, "romeo", "", &unknown), "cancel/item-not-found");
}

#[test]
fn page_at_an_index_begins_there_or_is_refused() {
    // 059-3
    let mut w = room_with(8, &[]);
    for (index, bodies) in [(0, "12"), (3, "45"), (7, "8"), (8, ""), (1000, "")] {
        let page = find(&mut w, "romeo", "", &paging(&format!("<max>2</max><index>{index}</index>")));
        assert_eq!(page.bodies().concat(), bodies, "{index}");
        let first = Some(index.to_string()).filter(|_| !bodies.is_empty());
        assert_eq!((page.set("index"), page.set("count").as_deref()), (first, Some("8")));
    }
    assert_eq!(refused(&mut w, "romeo", "", &paging("<index>1001</index>")), NOT_HERE);
    assert_eq!(refused(&mut w, "romeo", "", &paging("<index>1</index><before/>")), NOT_HERE);
}

#[test]
fn what_the_archive_cannot_be_asked_is_refused_by_its_name() {
    // 313-20, 059-3
    let mut w = room_with(3, &[]);
    for (fields, beside, answer) in [
        ("", paging("<around>x</around>"), NOT_HERE),
        ("", paging("<max>many</max>"), "modify/bad-request"),
        ("", "<withtext/>".to_owned(), NOT_HERE),
        ("colour=red", String::new(), NOT_HERE),
        ("start=2026-01-01T00:00:00Z,2026-01-02T00:00:00Z", String::new(), NOT_HERE),
    ] {
        assert_eq!(refused(&mut w, "romeo", fields, &beside), answer, "{fields} {beside}");
    }
}

#[test]
fn item_that_says_more_than_is_done_changes_nothing() {
    // 45-8.2-a, 45-9.3-a
    let mut w = World::with_room(&[]);
    w.join("romeo");
    w.clear();
    for (item, answer) in [
        ("<item affiliation='member' jid='romeo@example' until='tomorrow'/>", NOT_HERE),
        ("<item role='visitor' nick='romeo' reason='x'/>", NOT_HERE),
        ("<item role='none' nick='romeo' jid='juliet@example'/>", "cancel/item-not-found"),
    ] {
        w.admin("owner", item);
        assert_eq!(w.got("owner"), [format!("iq:error room {answer}")], "{item}");
        assert!(w.silent());
    }
    w.admin("owner", "<item role='visitor' nick='romeo' jid='romeo@example/pc'/>");
    assert_eq!(w.got("romeo"), ["available romeo [none visitor jid=romeo@example/pc actor=owner] 110"]);
    let lists = [
        "<item affiliation='member' jid='romeo@example'/>",
        "<item affiliation='member'/><item affiliation='admin'/>",
        "<item affiliation='member'/><set xmlns='http://jabber.org/protocol/rsm'><before/></set>",
        "<item affiliation='member'/><set xmlns='http://jabber.org/protocol/rsm'><index>3</index></set>",
    ];
    for list in lists {
        assert_eq!(w.list("owner", list), [format!("iq:error room {NOT_HERE}")], "{list}");
    }
}
