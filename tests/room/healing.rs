//! What the simulated world (`tests/sim`) has found in how rooms get over faults, each as a short story.

use conclave::engine::restart::{PersistedView, bring_back};
use conclave::room::Room;
use conclave::room::event::Event;
use conclave::room::history::History;
use conclave::store::LocalStore;
use conclave::store::memory::MemoryStore;
use conclave::wire::jid::Jid;

use crate::world::{ROOM, World, full};

fn room_of_two() -> World {
    let mut w = World::with_room(&[]);
    w.join("romeo");
    w.clear();
    w
}

/// Romeo is asked whether he is there, and his client or his server knows no pings.
fn check(w: &mut World) {
    w.event(&Event::Check(Jid::parse(&full("romeo")).expect("a jid")));
    let id = w.stanzas("romeo")[0].attr("id").expect("an id").to_owned();
    w.clear();
    w.send("romeo", &format!("<iq xmlns='jabber:client' type='error' id='{id}' to='{ROOM}'/>"));
}

#[test]
fn each_gap_has_a_look_of_its_own() {
    // trap 51: one second ago Romeo was there, and his client knew no pings. What was sent then may be lost.
    let mut w = room_of_two();
    check(&mut w);
    assert_eq!(w.got("romeo"), ["message:groupchat room <no-store>"]);
    w.wait(1);
    check(&mut w);
    let look = w.stanzas("romeo").remove(0);
    w.error("romeo", look.attr("id").expect("an id"), "service-unavailable");
    assert!(w.got("owner")[0].contains("333"));
}

#[test]
fn look_is_not_the_beginning_of_an_outage() {
    // trap 84: an hour later the server of a client that knows no pings is out of reach for a moment.
    let mut w = room_of_two();
    check(&mut w);
    w.wait(3600);
    w.clear();
    w.comes_back("romeo", "remote-server-not-found");
    assert!(w.silent(), "nobody is removed for a moment");
}

#[test]
fn two_short_outages_are_no_long_one() {
    // trap 84: Romeo says nothing all day.
    let mut w = room_of_two();
    w.comes_back("romeo", "remote-server-not-found");
    w.wait(3600);
    w.comes_back("romeo", "remote-server-timeout");
    assert!(w.silent());
    w.wait(170);
    w.comes_back("romeo", "remote-server-timeout");
    assert!(w.silent());
    w.wait(10);
    w.comes_back("romeo", "remote-server-timeout");
    assert!(w.got("owner")[0].contains("333"), "this one lasts");
}

#[test]
fn session_whose_server_died_and_is_back_is_found_at_once() {
    // 45-18.1.2-a: the look of a moment ago said that the server is out of reach. Now it answers, and has no such session.
    let mut w = room_of_two();
    w.comes_back("romeo", "remote-server-timeout");
    w.wait(1);
    w.clear();
    w.error("romeo", "words", "service-unavailable");
    let look = w.stanzas("romeo").remove(0);
    w.error("romeo", look.attr("id").expect("an id"), "service-unavailable");
    assert!(w.got("owner")[0].contains("333"));
}

#[test]
fn clock_that_is_set_removes_nobody_and_keeps_nobody() {
    // trap 84
    for step in [3600, -3600] {
        let mut w = room_of_two();
        w.comes_back("romeo", "remote-server-not-found");
        w.set_clock(step);
        w.wait(1);
        w.comes_back("romeo", "remote-server-not-found");
        assert!(w.silent(), "a second is no three minutes");
        w.wait(180);
        w.comes_back("romeo", "remote-server-not-found");
        assert!(w.got("owner")[0].contains("333"), "three minutes are three minutes");
    }
}

#[test]
fn look_is_not_put_off_by_a_clock_that_is_set_back() {
    // 45-18.1.2-a
    let mut w = room_of_two();
    let of_owner = |w: &mut World| {
        let error = "<service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>";
        w.send("romeo", &format!("<message xmlns='jabber:client' to='{ROOM}/owner' type='error'><error>{error}</error></message>"));
    };
    of_owner(&mut w);
    assert_eq!(w.got("romeo").len(), 1);
    w.set_clock(-3600);
    w.wait(30);
    of_owner(&mut w);
    assert_eq!(w.got("romeo").len(), 1);
}

#[test]
fn who_is_in_a_room_stays_in_when_it_becomes_persistent_and_the_process_is_killed() {
    // 45-4.2-a: what is new of a room is written when it becomes persistent or temporary.
    for (from, to) in [("0", "1"), ("1", "0")] {
        let mut w = World::with_room(&[("persistentroom", from)]);
        w.join("romeo");
        let store = MemoryStore::new();
        let (writes, told) = PersistedView::default().along_with(std::mem::take(&mut w.writes), &w.room);
        store.commit(&writes).expect("it takes all");
        let (writes, told) = told.catch_up(&w.room);
        store.commit(&writes).expect("it takes all");
        w.configure("owner", &[("persistentroom", to)]);
        let (writes, told) = told.along_with(std::mem::take(&mut w.writes), &w.room);
        store.commit(&writes).expect("it takes all");
        assert!(!told.is_stale(&w.room), "nothing is left to be written later");
        // The process is killed at once.
        let jid = conclave::wire::jid::BareJid::parse(ROOM).expect("a jid");
        let state = store.load(&jid).expect("it reads").expect("the room is there");
        let room = Room::stored(jid.clone(), state, History::default());
        let (room, _) = bring_back(room, store.occupants(&jid).expect("it reads"));
        let nicks: Vec<_> = room.roster().iter().map(|occupant| occupant.nick.as_str()).collect();
        assert_eq!(nicks, ["owner", "romeo"], "{from} to {to}");
    }
}
