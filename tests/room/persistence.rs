//! What is durable, and when a room is gone (XEP-0045 §4.2).

use conclave::room::Room;
use conclave::room::part::Part;
use conclave::room::write::Write;
use conclave::store::LocalStore;
use conclave::store::SledStore;
use conclave::store::memory::MemoryStore;
use conclave::wire::jid::BareJid;

use crate::world::{ROOM, World};

fn leave(w: &mut World, who: &str) {
    w.send(who, &format!("<presence xmlns='jabber:client' type='unavailable' to='{ROOM}/x'/>"));
}

fn room() -> BareJid {
    BareJid::parse(ROOM).expect("a jid")
}

/// Everything that was written, applied to an empty store.
fn stored(w: &World) -> Option<conclave::room::state::State> {
    let store = MemoryStore::default();
    store.commit(&w.writes).expect("memory commits");
    store.load(&room()).expect("memory loads")
}

#[test]
fn temporary_room_writes_nothing_and_is_gone_with_its_last_occupant() {
    // 45-4.2-a, 45-7.14-f
    let mut w = World::with_room(&[]);
    w.join("romeo");
    w.admin("owner", "<item affiliation='member' jid='romeo@example'/>");
    leave(&mut w, "owner");
    assert!(w.room.exists());
    leave(&mut w, "romeo");
    assert!(!w.room.exists());
    assert_eq!(w.writes, []);
}

#[test]
fn address_of_a_gone_room_is_free_at_once() {
    let mut w = World::with_room(&[("roomname", "Old")]);
    leave(&mut w, "owner");
    w.clear();
    w.join("romeo");
    assert_eq!(w.got("romeo")[0], "available romeo 201 [owner moderator jid=romeo@example/pc] 110");
    assert_eq!(w.room.state().record.config.name, "");
}

#[test]
fn persistent_room_is_stored_whole_and_comes_back() {
    // 45-4.2-a, 45-5.2-c, 45-10-a, trap 41
    let mut w = World::with_room(&[("persistentroom", "1"), ("roomname", "Verona")]);
    w.admin("owner", "<item affiliation='outcast' jid='tybalt@example'><reason>feud</reason></item>");
    w.send("owner", "<message xmlns='jabber:client' type='groupchat'><subject>Tea</subject></message>");
    leave(&mut w, "owner");
    assert!(w.room.exists(), "it stays without anybody");
    let state = stored(&w).expect("stored");
    assert_eq!(&state, w.room.state());

    let mut again = World::new();
    again.room = Room::stored(room(), state, Default::default()).into();
    again.join("tybalt");
    assert_eq!(again.got("tybalt"), ["error tybalt auth/forbidden"]);
    again.join("owner");
    assert_eq!(
        again.got("owner"),
        [
            "available owner [owner moderator jid=owner@example/pc] 110",
            "message:groupchat owner subject=Tea <delay>",
        ]
    );
}

// 45-4.2-a
#[test]
fn a_large_room_that_becomes_persistent_is_one_write_and_not_a_list_of_all() {
    let mut w = World::with_room(&[]);
    for n in 0..30 {
        w.admin("owner", &format!("<item affiliation='member' jid='m{n}@example'/>"));
    }
    w.configure("owner", &[("persistentroom", "1")]);
    assert!(matches!(&w.writes[..], [Write::Forget { .. }, Write::Whole { .. }]), "{:?}", w.writes);
    let state = stored(&w).expect("there");
    assert!(state == *w.room.state() && state.affiliations.len() == 31);
}

#[test]
fn what_did_not_change_is_not_written() {
    let mut w = World::with_room(&[("persistentroom", "1")]);
    w.writes.clear();
    w.admin("owner", "<item affiliation='member' jid='romeo@example'/>");
    // And the version of its lists.
    assert!(
        matches!(
            &w.writes[..],
            [Write::Part { part: Part::Numbers(_), .. }, Write::Affiliation { jid, value: Some(_), .. }]
                if jid.as_str() == "romeo@example"
        ),
        "{:?}",
        w.writes
    );
    w.writes.clear();
    w.admin("owner", "<item affiliation='member' jid='romeo@example' nick='hag'/>");
    assert!(matches!(&w.writes[..], [Write::Affiliation { value: Some(_), .. }]), "{:?}", w.writes);
    w.writes.clear();
    w.admin("owner", "<item affiliation='none' jid='romeo@example'/>");
    assert!(
        matches!(
            &w.writes[..],
            [
                Write::Part { part: Part::Numbers(_), .. },
                Write::Part { part: Part::Lost(3, Some(_)), .. },
                Write::Affiliation { value: None, .. }
            ]
        ),
        "{:?}",
        w.writes
    );
    w.writes.clear();
    w.say("owner", "hi");
    w.join("juliet");
    assert_eq!(w.writes, []);
}

#[test]
fn room_that_becomes_temporary_or_is_destroyed_is_forgotten() {
    // 45-10.9-a
    let mut w = World::with_room(&[("persistentroom", "1")]);
    w.configure("owner", &[("persistentroom", "0")]);
    assert_eq!(stored(&w), None);
    assert!(w.room.exists());
    let mut w = World::with_room(&[("persistentroom", "1")]);
    w.owner("owner", "<destroy/>");
    assert_eq!(stored(&w), None);
}

#[test]
fn empty_room_that_becomes_temporary_is_gone() {
    let mut w = World::with_room(&[("persistentroom", "1")]);
    leave(&mut w, "owner");
    w.configure("owner", &[("persistentroom", "0")]);
    assert!(!w.room.exists());
    assert_eq!(stored(&w), None);
}

#[test]
fn listing_follows_the_configuration() {
    // 45-4.2-b, 45-6.3-a
    let mut w = World::with_room(&[]);
    assert_eq!(w.room.listing(), None);
    w.configure("owner", &[("publicroom", "1"), ("roomname", "Verona")]);
    assert_eq!(w.room.listing().map(|l| l.name), Some("Verona".to_owned()));
    w.owner("owner", "<destroy/>");
    assert_eq!(w.room.listing(), None);
}

#[test]
fn destroyed_room_is_as_if_it_had_never_been() {
    // 45-10.9-a, 45-17.2-c, trap 50
    let mut w = World::with_room(&[("persistentroom", "1"), ("roomname", "Old")]);
    w.admin("owner", "<item affiliation='outcast' jid='romeo@example'/>");
    w.owner("owner", "<destroy jid='new@muc.example'/>");
    w.clear();
    w.say("romeo", "anybody?");
    assert_eq!(w.got("romeo"), ["message:error room cancel/item-not-found"]);
    w.join("romeo");
    assert_eq!(w.got("romeo")[0], "available romeo 201 [owner moderator jid=romeo@example/pc] 110");
    assert_eq!(w.room.state().record.config.name, "");
}

#[test]
fn room_that_was_never_configured_is_not_stored() {
    // 45-10-b, trap 63
    let mut w = World::new();
    w.service.default_room.persistent = true;
    w.join("owner");
    assert_eq!(stored(&w), None);
    leave(&mut w, "owner");
    assert!(!w.room.exists());
    assert_eq!(stored(&w), None);
    w.join("owner");
    w.configure("owner", &[]);
    assert!(stored(&w).is_some());
}

/// How many bytes of keys and values the store hands to the database for what the owner asks.
fn written(w: &mut World, store: &SledStore, item: &str) -> u64 {
    let before = store.written();
    w.writes.clear();
    w.admin("owner", item);
    assert!(!w.writes.is_empty(), "{item}");
    store.commit(&w.writes).expect("stored");
    store.written() - before
}

#[test]
fn an_edit_of_an_affiliation_writes_at_most_400_bytes() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = SledStore::open(folder.path()).expect("opened");
    let mut w = World::with_room(&[
        ("persistentroom", "1"),
        ("muc#roomconfig_roomname", "A room with a name"),
        ("muc#roomconfig_roomdesc", &"long ".repeat(600)),
    ]);
    store.commit(&w.writes).expect("stored");
    let mut most = 0;
    // More than are remembered, so that each that is lost lets another be forgotten.
    for n in 0..250 {
        for affiliation in ["member", "admin", "outcast", "none"] {
            let item = format!(
                "<item affiliation='{affiliation}' jid='somebody{n}@conference-guests.example.org'/>"
            );
            most = most.max(written(&mut w, &store, &item));
        }
    }
    assert!(most <= 400, "{most}");
    let state = store.load(&room()).expect("read").expect("there");
    assert_eq!(&state, w.room.state(), "and all of it is there");
}
