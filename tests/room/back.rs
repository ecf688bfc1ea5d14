//! A room comes back after the process ended at the worst moment: a change was stored, and nobody had been told.

use std::sync::Arc;

use conclave::engine::restart::{PersistedView, bring_back};
use conclave::room::Room;
use conclave::room::roster::{Occupant, Session};
use conclave::room::write::{StoredOccupant, Write};
use conclave::store::LocalStore;
use conclave::store::SledStore;
use conclave::store::memory::MemoryStore;
use conclave::wire::jid::BareJid;
use conclave::wire::muc::Affiliation;

use crate::world::{ROOM, World};

/// The store was told of everybody who is in the room.
fn tell_store(w: &mut World) -> Vec<Write> {
    let (occupants, _) = PersistedView::default().catch_up(&w.room);
    w.writes.drain(..).chain(occupants).collect()
}

/// The process ended, and another one has `kept` and what was written since.
fn come_back(w: &mut World, kept: Vec<Write>) -> PersistedView {
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
    assert!(told.is_stale(&w.room), "the store has them still");
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
    assert!(!told.is_stale(&w.room));
    w.say("juliet", "hello");
    assert_eq!(w.got("owner").len(), 1);
}

#[test]
fn what_everybody_has_heard_is_not_told_again() {
    // 45-9.3-a
    let (mut w, kept) = kept();
    let (_, told) = PersistedView::default().catch_up(&w.room);
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

/// A persistent room with `romeo`, who has 20 sessions, each with a status of 30 KB.
fn with_many_sessions() -> World {
    let mut w = World::with_room(&[("persistentroom", "1")]);
    for n in 0..20 {
        let (to, status) = (format!("{ROOM}/romeo"), "s".repeat(30_000));
        w.send(
            &format!("romeo/s{n}"),
            &format!(
                "<presence xmlns='jabber:client' to='{to}'><x xmlns='http://jabber.org/protocol/muc'/>\
                 <status>{status}</status></presence>"
            ),
        );
    }
    assert_eq!(w.room.roster().everyone().len(), 21);
    w
}

fn presence(nick: &str, inside: &str) -> String {
    format!("<presence xmlns='jabber:client' to='{ROOM}/{nick}'>{inside}</presence>")
}

/// Who is in the room, with their sessions and presences, in order.
fn everybody(room: &Room) -> Vec<(String, Vec<Session>)> {
    room.roster().iter().map(|o| (o.nick.as_str().to_owned(), o.sessions.clone())).collect()
}

#[test]
fn a_change_of_one_session_of_many_is_written_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = SledStore::open(folder.path()).expect("opened");
    let mut w = with_many_sessions();
    let mut told = PersistedView::default();
    let mut written = |w: &mut World| {
        let before = store.written();
        store.commit(&w.writes).expect("stored");
        w.writes.clear();
        let (writes, now) = told.catch_up(&w.room);
        told = now;
        store.commit(&writes).expect("stored");
        let room = BareJid::parse(ROOM).expect("a jid");
        let state = store.load(&room).expect("it reads").expect("it is stored");
        let back =
            Room::stored(room.clone(), state, Default::default()).with_service_admins(&w.service.admins);
        let (back, _) = bring_back(back, store.occupants(&room).expect("it reads"));
        assert_eq!(everybody(&back), everybody(&w.room), "the next process finds all as it is");
        store.written() - before
    };
    let all = written(&mut w);
    assert!(all > 600_000, "{all}");
    for (what, who, stanza, most) in [
        ("a presence", "romeo/s7", presence("romeo", "<status>n</status>"), 600),
        ("the same again", "romeo/s7", presence("romeo", "<status>n</status>"), 600),
        (
            "the first word",
            "romeo/s3",
            format!("<message xmlns='jabber:client' type='groupchat' to='{ROOM}'><body>b</body></message>"),
            400,
        ),
        ("another nick", "romeo/s1", presence("montague", "<status>m</status>"), 5000),
        (
            "a session that goes",
            "romeo/s12",
            "<presence xmlns='jabber:client' type='unavailable'/>".to_owned(),
            400,
        ),
    ] {
        w.send(who, &stanza);
        let bytes = written(&mut w);
        assert!(bytes > 0 && bytes <= most, "{what}: {bytes}");
    }
    w.send("romeo/s13", &presence("montague", &format!("<status>{}</status>", "t".repeat(20_000))));
    assert!((20_000..23_000).contains(&written(&mut w)));
}

#[test]
fn who_takes_a_nick_right_after_another_account_has_left_it_comes_back() {
    // 45-7.1-a
    let (mut w, kept) = kept();
    let (writes, told) = PersistedView::default().catch_up(&w.room);
    let folder = tempfile::tempdir().expect("a folder");
    let store = SledStore::open(folder.path()).expect("a store");
    store.commit(&[kept, writes].concat()).expect("stored");
    w.send("romeo", "<presence xmlns='jabber:client' type='unavailable' to='r@muc.example/romeo'/>");
    w.join_as("benvolio", "romeo", "");
    // The store hears of both at once.
    store.commit(&told.catch_up(&w.room).0).expect("stored");
    let jid = BareJid::parse(ROOM).expect("a jid");
    let state = store.load(&jid).expect("read").expect("the room is stored");
    let (room, _) = bring_back(
        Room::stored(jid.clone(), state, Default::default()),
        store.occupants(&jid).expect("read"),
    );
    assert_eq!(everybody(&room), everybody(&w.room));
}

#[test]
fn who_an_earlier_version_wrote_down_with_all_sessions_comes_back_and_is_written_anew() {
    let mut w = with_many_sessions();
    w.join("juliet");
    w.writes.retain(|write| !matches!(write, Write::Occupant { .. }));
    let room = BareJid::parse(ROOM).expect("a jid");
    let whole = |occupant: &Arc<Occupant>| Write::Occupant {
        room: room.clone(),
        nick: occupant.nick.key().as_str().to_owned(),
        value: Some(StoredOccupant {
            occupant: occupant.clone(),
            affiliation: w
                .room
                .state()
                .affiliations
                .of(&occupant.account)
                .map_or(Affiliation::None, |affiliated| affiliated.affiliation),
            hidden: false,
            turn: 0,
        }),
    };
    let mut kept: Vec<Write> = w.room.roster().iter().map(whole).collect();
    let before = everybody(&w.room);
    let state = std::mem::take(&mut w.writes);
    let told = come_back(&mut w, [state.clone(), kept.clone()].concat());
    assert_eq!(everybody(&w.room), before);
    assert!(told.is_stale(&w.room), "and is to be written as today");
    w.send("romeo/s0", "<presence xmlns='jabber:client' type='unavailable'/>");
    w.send("juliet", "<presence xmlns='jabber:client' type='unavailable'/>");
    let now = everybody(&w.room);
    assert_eq!((now.len(), now[1].1.len()), (2, 19));
    let (writes, _) = told.catch_up(&w.room);
    kept.extend(writes);
    let told = come_back(&mut w, [state, kept].concat());
    assert_eq!(everybody(&w.room), now);
    assert!(!told.is_stale(&w.room));
}

// 45-9.1-e, 45-10.2-l
#[test]
fn who_was_put_out_while_addresses_were_hidden_is_told_without_after_a_restart() {
    for (whois, shown) in [("moderators", false), ("anyone", true)] {
        let mut w = World::with_room(&[("persistentroom", "1"), ("whois", whois)]);
        w.join("romeo");
        w.join("juliet");
        let kept = tell_store(&mut w);
        w.admin("owner", "<item jid='romeo@example' affiliation='outcast'/>");
        // The next process finds both changes, and no occupant was told.
        w.configure("owner", &[("persistentroom", "1"), ("whois", "anyone")]);
        come_back(&mut w, kept);
        w.say("juliet", "hello");
        for (who, sees) in [("juliet", shown), ("owner", true)] {
            let seen = w.got(who);
            assert!(seen[0].contains("unavailable") && seen[0].contains("romeo"), "{seen:?}");
            assert_eq!(seen[0].contains("romeo@example"), sees, "{who}: {seen:?}");
        }
    }
}

#[test]
fn locked_room_opens_when_it_was_to_also_after_a_restart() {
    // 45-10.1.1-f
    let mut w = World::new();
    w.join("owner");
    let kept = tell_store(&mut w);
    come_back(&mut w, kept);
    w.wait(299);
    w.join("romeo");
    assert_eq!(w.got("romeo"), ["error romeo cancel/item-not-found"]);
    w.wait(1);
    w.say("owner", "anybody?");
    // That time alone has opened it is remembered as well: it goes with its owner.
    let kept = tell_store(&mut w);
    come_back(&mut w, kept);
    w.send("owner", &format!("<presence xmlns='jabber:client' type='unavailable' to='{ROOM}/owner'/>"));
    let got = w.got("owner");
    assert!(got.last().is_some_and(|last| last.starts_with("unavailable owner <destroy>")), "{got:?}");
    assert!(!w.room.exists());
}
