//! Entering, and what is answered when that fails.

use minidom::Element;

use super::*;
use crate::world::{ROOM, World};

/// What happens to somebody who enters: who and how, and what is answered.
struct Entrance {
    room: fn() -> World,
    nick: &'static str,
    inside: &'static str,
    error: &'static str,
}

fn members_only() -> World {
    World::with_room(&[("membersonly", "1")])
}

fn with_password() -> World {
    World::with_room(&[("roomsecret", "s")])
}

fn banned() -> World {
    let mut w = open();
    w.admin("owner", "<item jid='romeo@example' affiliation='outcast'/>");
    w
}

fn full() -> World {
    World::with_room(&[("maxusers", "1")])
}

fn overloaded() -> World {
    let mut w = open();
    w.service.limits.sessions_max = 0;
    w
}

fn locked() -> World {
    let mut w = World::new();
    w.join("owner");
    w
}

fn not_for_all() -> World {
    let mut w = World::new();
    w.service.create = conclave::config::Create::Admins;
    w
}

fn short_nicks() -> World {
    let mut w = open();
    w.service.limits.nick_bytes_max = 4;
    w
}

#[test]
fn every_error_about_entering_has_its_type_the_id_and_the_request() {
    // clients NEW-3, clients NEW-4, clients-error-a, clients-error-b, clients-error-c, clients-error-d, clients-error-e
    // clients-error-f, clients-error-g, clients-error-h, clients-error-i, clients-error-k, clients-error-m
    // clients-check-a, clients-check-b
    let entrance = |room, nick, inside, error| Entrance { room, nick, inside, error };
    for Entrance { room, nick, inside, error: expected } in [
        entrance(with_password, "romeo", "", "auth/not-authorized"),
        entrance(with_password, "romeo", "<password>x</password>", "auth/not-authorized"),
        entrance(banned, "romeo", "", "auth/forbidden"),
        entrance(members_only, "romeo", "", "auth/registration-required"),
        entrance(open, "owner", "", "cancel/conflict"),
        entrance(short_nicks, "romeo", "", "cancel/not-acceptable"),
        entrance(full, "romeo", "", "wait/service-unavailable"),
        entrance(overloaded, "romeo", "", "wait/resource-constraint"),
        entrance(not_for_all, "romeo", "", "cancel/not-allowed"),
        entrance(locked, "romeo", "", "cancel/item-not-found"),
        entrance(open, "\u{200b}", "", "modify/jid-malformed"),
    ] {
        let mut w = room();
        w.clear();
        w.join_as("romeo", nick, inside);
        let answers = w.stanzas("romeo");
        assert_eq!(answers.len(), 1, "{expected}");
        let answer = &answers[0];
        assert_eq!(
            (answer.name(), answer.attr("type"), answer.attr("id")),
            ("presence", Some("error"), Some("j"))
        );
        assert_eq!(answer.attr("from"), Some(format!("{ROOM}/{nick}").as_str()));
        let first = answer.children().next().expect("the request");
        assert!(first.is("x", MUC) && first.children().count() == 0, "{expected}");
        assert_eq!(error(answer), expected);
        assert!(w.silent(), "nobody else hears of it");
    }
}

#[test]
fn rule_about_nicks_is_no_conflict() {
    // clients NEW-6, clients-error-e
    let mut w = World::with_room(&[("x-muc#roomconfig_reservednick", "1")]);
    w.admin("owner", "<item jid='romeo@example' affiliation='member' nick='romeo'/>");
    w.join("romeo");
    w.clear();
    w.send("romeo", &format!("<presence xmlns='{CLIENT}' to='{ROOM}/montague'/>"));
    assert_eq!(error(&w.stanzas("romeo")[0]), "cancel/not-acceptable");
}

#[test]
fn storm_of_conflicts_is_told_to_wait() {
    // clients NEW-6, clients-check-j
    let mut w = open();
    w.admin("owner", "<item jid='owner@example' affiliation='owner' nick='owner'/>");
    let attempt = |w: &mut World, who: &str| {
        w.clear();
        w.join_as(who, "owner", "");
        error(&w.stanzas(who)[0])
    };
    for _ in 0..10 {
        assert_eq!(attempt(&mut w, "romeo"), "cancel/conflict");
    }
    for _ in 0..50 {
        assert_eq!(attempt(&mut w, "romeo"), "wait/resource-constraint");
        w.wait(1);
    }
    // It is between this session and the room, and a nick that is free is given.
    assert_eq!(attempt(&mut w, "romeo/phone"), "cancel/conflict");
    assert_eq!(attempt(&mut w, "juliet"), "cancel/conflict");
    w.clear();
    w.join("romeo");
    assert_eq!(codes(&w.stanzas("romeo")[1]), ["110"]);
    w.send("romeo", &format!("<presence xmlns='{CLIENT}' to='{ROOM}/owner'/>"));
    assert_eq!(error(&w.stanzas("romeo")[0]), "wait/resource-constraint");
    // A minute of quiet makes it good.
    w.wait(61);
    w.send("romeo", &format!("<presence xmlns='{CLIENT}' to='{ROOM}/owner'/>"));
    assert_eq!(error(&w.stanzas("romeo")[0]), "cancel/conflict");
}

#[test]
fn many_sessions_in_conflict_do_not_hide_one_that_goes_on() {
    // clients NEW-6
    let mut w = open();
    for round in 0..12 {
        w.join_as("romeo", "owner", "");
        for other in 0..20 {
            w.join_as(&format!("other{round}x{other}"), "owner", "");
        }
    }
    let last = w.stanzas("romeo").pop().expect("an answer");
    assert_eq!(error(&last), "wait/resource-constraint");
}

#[test]
fn subject_ends_every_entrance() {
    // clients NEW-2, clients-check-c, clients-feature-k, 45-7.2.15-d
    let mut w = open();
    let last = |w: &mut World, who: &str| {
        let got = w.stanzas(who);
        let count = got.iter().filter(|s| s.has_child("subject", CLIENT)).count();
        assert_eq!(count, 1);
        got.into_iter().next_back().expect("something came")
    };
    let is_signal = |subject: &Element, text: &str| {
        assert_eq!((subject.name(), subject.attr("type")), ("message", Some("groupchat")));
        assert_eq!(subject.get_child("subject", CLIENT).expect("a subject").text(), text);
        assert!(!subject.has_child("body", CLIENT) && !subject.has_child("thread", CLIENT));
    };
    w.say("owner", "some history");
    for who in ["romeo", "romeo", "romeo/phone"] {
        w.clear();
        w.join(who);
        let subject = last(&mut w, who);
        is_signal(&subject, "");
        assert_eq!(subject.attr("from"), Some(ROOM));
    }
    for text in ["Tea", ""] {
        w.send(
            "owner",
            &format!("<message xmlns='{CLIENT}' type='groupchat'><subject>{text}</subject></message>"),
        );
        for who in ["juliet", "juliet", "romeo/phone"] {
            w.clear();
            w.join(who);
            let subject = last(&mut w, who);
            is_signal(&subject, text);
            assert_eq!(subject.attr("from"), Some("r@muc.example/owner"));
            assert!(subject.has_child("delay", "urn:xmpp:delay"), "or clients show it as news");
        }
    }
}

#[test]
fn creator_learns_both_in_one_presence() {
    // clients-code-d, clients-check-d
    let mut w = World::new();
    w.join("romeo");
    assert_eq!(codes(&w.stanzas("romeo")[0]), ["201", "110"]);
}

#[test]
fn archive_is_no_public_log() {
    // clients-code-f
    let mut w = open();
    w.join("romeo");
    assert!(!codes(&w.stanzas("romeo")[1]).contains(&"170"));
    w.clear();
    w.configure("owner", &[("enablearchiving", "0")]);
    assert_eq!(codes(&w.stanzas("romeo")[0]), ["104"]);
}

#[test]
fn no_history_is_what_no_characters_and_no_stanzas_mean() {
    // clients NEW-7, clients-check-g, 45-7.2.14-a
    let mut w = open();
    for body in ["a", "b"] {
        w.wait(10);
        w.say("owner", body);
    }
    let history = |w: &mut World, wish: &str| {
        w.clear();
        w.join_as("late", "late", &format!("<history {wish}/>"));
        let bodies: Vec<String> =
            w.stanzas("late").iter().filter_map(|m| m.get_child("body", CLIENT).map(Element::text)).collect();
        leave(w, "late");
        bodies.concat()
    };
    assert_eq!(history(&mut w, ""), "ab");
    for wish in [
        "maxchars='0'",
        "maxchars='9'",
        "maxstanzas='0'",
        "since='2026-01-01T00:00:21Z'",
        "seconds='0' maxstanzas='0'",
    ] {
        assert_eq!(history(&mut w, wish), "", "{wish}");
    }
    for wish in ["since='2026-01-01T00:00:20Z'", "maxstanzas='1'"] {
        assert_eq!(history(&mut w, wish), "b", "{wish}");
    }
}

#[test]
fn lists_are_read_by_affiliation_before_one_is_in() {
    // clients-join-b, clients-join-c, clients-check-u
    let mut w = World::with_room(&[("membersonly", "1"), ("whois", "anyone")]);
    w.admin("owner", "<item jid='romeo@example' affiliation='member'/>");
    for list in ["owner", "admin", "member"] {
        let got = w.list("romeo", &format!("<item affiliation='{list}'/>"));
        assert!(got[0].starts_with("iq:result room"), "{list}: {got:?}");
    }
    assert_eq!(w.list("romeo", "<item affiliation='outcast'/>"), ["iq:error room auth/forbidden"]);
    for list in ["owner", "admin", "member", "outcast"] {
        assert_eq!(
            w.list("stranger", &format!("<item affiliation='{list}'/>")),
            ["iq:error room auth/forbidden"]
        );
    }
    assert!(w.silent());
    assert!(w.list("owner", "<item affiliation='outcast'/>")[0].starts_with("iq:result"));
}

#[test]
fn reserved_nick_or_nothing_is_told_by_its_node() {
    // clients-join-d, clients-check-t
    let mut w = open();
    w.admin("owner", "<item jid='romeo@example' affiliation='member' nick='Montague'/>");
    for (who, expected) in [("romeo", Some("Montague")), ("stranger", None)] {
        let answer = get(&mut w, who, &format!("<query xmlns='{INFO}' node='x-roomuser-item'/>"));
        assert_eq!(answer.attr("type"), Some("result"));
        let query = answer.get_child("query", INFO).expect("a query");
        assert_eq!(query.children().next().and_then(|identity| identity.attr("name")), expected);
    }
}
