//! Rooms that are never configured (XEP-0045 §10.1), and what becomes of their guests.

use conclave::config::LockedRooms;

use crate::world::{ROOM, World};

const MUC: &str = "http://jabber.org/protocol/muc";

fn locked() -> World {
    let mut w = World::new();
    w.join("owner");
    w.clear();
    w
}

fn invite(w: &mut World) {
    w.send("owner", &format!("<message xmlns='jabber:client' id='i'><x xmlns='{MUC}#user'><invite to='romeo@example'/></x></message>"));
}

fn ask_for_the_form(w: &mut World) {
    w.send(
        "owner",
        &format!("<iq xmlns='jabber:client' type='get' id='f'><query xmlns='{MUC}#owner'/></iq>"),
    );
}

fn leave(w: &mut World, who: &str) {
    w.send(who, &format!("<presence xmlns='jabber:client' type='unavailable' to='{ROOM}/{who}'/>"));
}

/// Whether a guest gets in.
fn is_open(w: &mut World) -> bool {
    w.clear();
    w.join("romeo");
    let got = w.got("romeo");
    assert!(got.len() > 1 || got == ["error romeo cancel/item-not-found"], "{got:?}");
    got.len() > 1
}

#[test]
fn invitation_of_the_owner_opens_a_locked_room() {
    // 45-10.1.1-f, trap 28
    let mut w = locked();
    ask_for_the_form(&mut w);
    invite(&mut w);
    assert_eq!(w.got("romeo@example").len(), 1);
    assert!(is_open(&mut w));
    // It is like any other then: an owner who turns the form down keeps it.
    leave(&mut w, "romeo");
    w.owner("owner", "<x xmlns='jabber:x:data' type='cancel'/>");
    assert!(w.room.exists());
}

#[test]
fn token_of_the_owner_opens_a_locked_room() {
    // 488-2
    let mut w = locked();
    w.send(
        "owner",
        "<iq xmlns='jabber:client' type='set' id='t'><request xmlns='urn:xmpp:muc-token-invite:0'/></iq>",
    );
    assert!(is_open(&mut w));
}

#[test]
fn invitation_that_is_refused_opens_nothing() {
    // 45-10.1.1-f
    let mut w = locked();
    w.send(
        "owner",
        &format!(
            "<message xmlns='jabber:client' id='i'><x xmlns='{MUC}#user'><invite to='@'/></x></message>"
        ),
    );
    assert!(!is_open(&mut w));
}

#[test]
fn locked_room_opens_after_five_minutes() {
    // 45-10.1.1-f, trap 28
    let mut w = locked();
    w.wait(299);
    assert!(!is_open(&mut w));
    w.wait(1);
    assert!(is_open(&mut w));
}

#[test]
fn owner_who_has_asked_for_the_form_is_waited_for() {
    // 45-10.1.1-f, 45-10.1.1-g
    let mut w = locked();
    ask_for_the_form(&mut w);
    w.wait(3600);
    assert!(!is_open(&mut w));
    w.configure("owner", &[("moderatedroom", "1")]);
    assert!(is_open(&mut w));
}

#[test]
fn strict_service_waits_for_the_form() {
    // 45-10.1.1-c, 45-7.2.10-a, trap 28
    let mut w = World::new();
    w.service.locked_rooms = LockedRooms::Strict;
    w.join("owner");
    invite(&mut w);
    assert!(!is_open(&mut w));
    w.wait(3600);
    assert!(!is_open(&mut w));
    leave(&mut w, "owner");
    assert!(!w.room.exists());
}

#[test]
fn room_that_time_opened_goes_with_its_owner() {
    // 45-10.1.1-f, 45-10.1.1-h, 45-10.1.3-d
    for persistent in [false, true] {
        let lasting = |w: &mut World| w.service.default_room.persistent = persistent;
        let opened = || {
            let mut w = World::new();
            lasting(&mut w);
            w.join("owner");
            w.wait(300);
            w.clear();
            w
        };
        let mut w = opened();
        w.owner("owner", "<x xmlns='jabber:x:data' type='cancel'/>");
        assert_eq!(
            w.got("owner"),
            ["unavailable owner <destroy> [none none jid=owner@example/pc] 110", "iq:result room"]
        );
        assert!(!w.room.exists());
        let mut w = opened();
        leave(&mut w, "owner");
        assert_eq!(
            w.got("owner"),
            [
                "unavailable owner [owner none jid=owner@example/pc] 110",
                "unavailable owner <destroy> [none none jid=owner@example/pc] 110"
            ]
        );
        assert!(!w.room.exists());
        // Not while others are in it, and not after the form was sent.
        let mut w = opened();
        w.join("romeo");
        w.owner("owner", "<x xmlns='jabber:x:data' type='cancel'/>");
        leave(&mut w, "owner");
        assert!(w.room.exists());
        let mut w = opened();
        w.configure("owner", &[("roomname", "Verona")]);
        leave(&mut w, "owner");
        assert_eq!(w.room.exists(), persistent);
    }
}
