//! A room comes back after the process ended at the worst moment: a change was stored, and nobody had been told.

use conclave::feature::restart::{Told, bring_back};
use conclave::room::Room;
use conclave::store::memory::MemoryStore;
use conclave::store::{Store, Write};
use conclave::wire::jid::BareJid;

use crate::world::{ROOM, World};

/// The store was told of everybody who is in the room.
fn tell_store(w: &mut World) -> Vec<Write> {
    let (occupants, _) = Told::default().catch_up(&w.room);
    w.writes.drain(..).chain(occupants).collect()
}

/// The process ended, and another one has `kept` and what was written since.
fn come_back(w: &mut World, kept: Vec<Write>) -> Told {
    let store = MemoryStore::new();
    store.commit(&kept).expect("this store always takes");
    store.commit(&w.writes).expect("this store always takes");
    w.clear();
    let room = BareJid::parse(ROOM).expect("a jid");
    let state = store.load(&room).expect("this store always reads").expect("the room is stored");
    let stored = Room::stored(room.clone(), state, Default::default()).with_service_admins(&w.service.admins);
    let (room, told) = bring_back(stored, store.occupants(&room).expect("this store always reads"));
    w.room = room;
    told
}

fn kept() -> (World, Vec<Write>) {
    let mut w = World::with_room(&[("persistentroom", "1")]);
    w.join("romeo");
    w.join("juliet");
    w.clear();
    let kept = tell_store(&mut w);
    (w, kept)
}

#[test]
fn whoever_was_banned_when_the_process_ended_is_seen_to_go() {
    // 45-9.1-d 45-9.1-e
    let (mut w, kept) = kept();
    w.admin("owner", "<item jid='romeo@example' affiliation='outcast'/>");
    let told = come_back(&mut w, kept);
    assert!(w.room.roster().iter().all(|o| o.nick.as_str() != "romeo"));
    assert!(told.is_behind(&w.room), "the store has him still");
    w.say("juliet", "hello");
    for who in ["owner", "juliet", "romeo"] {
        let seen = w.got(who);
        let first = seen.first().expect("something");
        assert!(
            first.contains("unavailable") && first.contains("301") && first.contains("romeo"),
            "{who}: {seen:?}"
        );
    }
    w.say("juliet", "hello again");
    assert_eq!(w.got("owner").len(), 1, "that is told once");
    let (writes, _) = told.catch_up(&w.room);
    assert!(writes.iter().any(|w| matches!(w, Write::Occupant { nick, value: None, .. } if nick == "romeo")));
}

#[test]
fn whoever_may_not_be_in_a_members_only_room_any_more_is_seen_to_go() {
    // 45-9.4-c 45-10.2-k
    const CLOSED: [(&str, &str); 2] = [("persistentroom", "1"), ("membersonly", "1")];
    for (code, after) in [
        ("322", (|w| w.configure("owner", &CLOSED)) as fn(&mut World)),
        ("321", |w| w.admin("owner", "<item jid='romeo@example' affiliation='none'/>")),
    ] {
        let mut w = World::with_room(&CLOSED[..1]);
        w.join("romeo");
        w.join("juliet");
        w.admin("owner", "<item jid='juliet@example' affiliation='member'/>");
        if code == "321" {
            w.admin("owner", "<item jid='romeo@example' affiliation='member'/>");
            w.configure("owner", &CLOSED);
        }
        let kept = tell_store(&mut w);
        after(&mut w);
        come_back(&mut w, kept);
        w.say("juliet", "hello");
        for who in ["juliet", "romeo"] {
            let seen = w.got(who);
            let first = seen.first().expect("something");
            assert!(
                first.contains("unavailable") && first.contains(code) && first.contains("romeo"),
                "{seen:?}"
            );
        }
    }
}

#[test]
fn whoever_got_another_affiliation_when_the_process_ended_is_shown_with_it() {
    let (mut w, kept) = kept();
    w.admin("owner", "<item jid='romeo@example' affiliation='admin'/>");
    come_back(&mut w, kept);
    w.say("juliet", "hello");
    let seen = w.got("juliet");
    assert!(
        seen[0].contains("romeo") && seen[0].contains("admin") && seen[0].contains("moderator"),
        "{seen:?}"
    );
    w.say("juliet", "hello");
    assert_eq!(w.got("juliet").len(), 1, "that is told once");
}

#[test]
fn nothing_is_told_where_nothing_changed() {
    let (mut w, kept) = kept();
    let told = come_back(&mut w, kept);
    assert!(!told.is_behind(&w.room));
    w.say("juliet", "hello");
    assert_eq!(w.got("owner").len(), 1);
}

#[test]
fn what_everybody_has_heard_is_not_told_again() {
    // 45-9.3-a
    let (mut w, kept) = kept();
    let (_, told) = Told::default().catch_up(&w.room);
    for affiliation in ["member", "none"] {
        // His role stays as it is.
        w.admin("owner", &format!("<item jid='romeo@example' affiliation='{affiliation}'/>"));
    }
    w.admin("owner", "<item jid='juliet@example' affiliation='member'/>");
    let (occupants, _) = told.catch_up(&w.room);
    w.writes.extend(occupants);
    come_back(&mut w, kept);
    w.say("juliet", "hello");
    for who in ["owner", "romeo", "juliet"] {
        assert_eq!(w.got(who).len(), 1, "{who}");
    }
}
