//! Leaving, changing nicks, vanishing (XEP-0045 §7.6, §7.7, §7.14, §11, §18.1.2).

use conclave::room::event::Event;

use crate::world::{ROOM, World, full};

fn room_of_three() -> World {
    let mut w = World::with_room(&[]);
    w.join("romeo");
    w.join("juliet");
    w.clear();
    w
}

fn presence(w: &mut World, who: &str, nick: &str, type_: &str, inside: &str) {
    let type_ = if type_.is_empty() { String::new() } else { format!("type='{type_}'") };
    w.send(who, &format!("<presence xmlns='jabber:client' {type_} to='{ROOM}/{nick}'>{inside}</presence>"));
}

#[test]
fn leaver_is_told_first_and_then_the_others() {
    // 45-7.14-a, 45-7.14-b, 45-7.14-c, 45-7.14-d, 45-5.1.3-a
    let mut w = room_of_three();
    presence(&mut w, "romeo", "romeo", "unavailable", "<status>bye</status>");
    assert_eq!(w.got("romeo"), ["unavailable romeo status=bye [none none jid=romeo@example/pc] 110"]);
    assert_eq!(w.got("juliet"), ["unavailable romeo status=bye [none none]"]);
    assert_eq!(w.got("owner"), ["unavailable romeo status=bye [none none jid=romeo@example/pc]"]);
}

#[test]
fn second_leave_to_the_old_nick_is_ignored() {
    // trap 23
    let mut w = room_of_three();
    presence(&mut w, "romeo", "montague", "", "");
    w.clear();
    presence(&mut w, "romeo", "romeo", "unavailable", "");
    assert_eq!(w.got("juliet"), ["unavailable montague [none none]"]);
    w.clear();
    presence(&mut w, "romeo", "montague", "unavailable", "");
    assert!(w.silent());
}

#[test]
fn one_of_two_clients_leaves_and_the_nick_stays() {
    // 45-7.14-e, trap 21, trap 22
    let mut w = room_of_three();
    w.join("romeo/phone");
    w.clear();
    presence(&mut w, "romeo/phone", "romeo", "unavailable", "");
    assert_eq!(w.got("romeo/phone"), ["unavailable romeo [none none jid=romeo@example/phone] 110"]);
    assert_eq!(w.got("juliet"), ["available romeo [none participant]"]);
    assert_eq!(w.got("romeo"), ["available romeo [none participant jid=romeo@example/pc] 110"]);
}

#[test]
fn presence_update_reaches_all() {
    // 45-7.7-a, 45-5.1-f, 45-5.2-e, 45-17.3-h
    let mut w = room_of_three();
    presence(&mut w, "romeo", "romeo", "", "<show>dnd</show><status>busy</status>");
    assert_eq!(
        w.got("romeo"),
        ["available romeo show=dnd status=busy [none participant jid=romeo@example/pc] 110"]
    );
    assert_eq!(w.got("juliet"), ["available romeo show=dnd status=busy [none participant]"]);
    // 45-7.2.2-b: whoever comes later sees it too.
    w.join("nurse");
    assert!(w.got("nurse").contains(&"available romeo show=dnd status=busy [none participant]".to_owned()));
}

#[test]
fn nick_change_is_unavailable_with_303_and_then_available() {
    // 45-7.6-a, 45-7.6-b, 45-7.6-c, trap 18
    let mut w = room_of_three();
    presence(&mut w, "romeo", "montague", "", "");
    assert_eq!(
        w.got("romeo"),
        [
            "unavailable romeo 303 [none participant jid=romeo@example/pc nick=montague] 110",
            "available montague [none participant jid=romeo@example/pc] 110",
        ]
    );
    assert_eq!(
        w.got("juliet"),
        ["unavailable romeo 303 [none participant nick=montague]", "available montague [none participant]",]
    );
}

#[test]
fn nick_change_to_a_taken_nick_changes_nothing() {
    // 45-7.6-e, trap 17
    let mut w = room_of_three();
    presence(&mut w, "romeo", "juliet", "", "");
    assert_eq!(w.got("romeo"), ["error juliet cancel/conflict"]);
    assert!(w.silent());
    w.say("romeo", "still me");
    assert_eq!(w.got("juliet"), ["message:groupchat romeo body=still me"]);
}

#[test]
fn one_of_two_clients_changes_the_nick_alone() {
    let mut w = room_of_three();
    w.join("romeo/phone");
    w.clear();
    presence(&mut w, "romeo/phone", "roaming", "", "");
    assert_eq!(
        w.got("juliet"),
        ["available romeo [none participant]", "available roaming [none participant]"]
    );
    assert_eq!(
        w.got("romeo/phone"),
        [
            "unavailable romeo 303 [none participant jid=romeo@example/phone nick=roaming] 110",
            "available romeo [none participant]",
            "available roaming [none participant jid=romeo@example/phone] 110",
        ]
    );
    // 45-7.6-f: and back to the nick of the other client.
    w.clear();
    presence(&mut w, "romeo/phone", "romeo", "", "");
    assert_eq!(
        w.got("juliet"),
        ["unavailable roaming 303 [none participant nick=romeo]", "available romeo [none participant]"]
    );
}

#[test]
fn new_spelling_of_the_own_nick_is_a_nick_change() {
    let mut w = room_of_three();
    presence(&mut w, "romeo", "Romeo", "", "");
    assert_eq!(
        w.got("juliet"),
        ["unavailable romeo 303 [none participant nick=Romeo]", "available Romeo [none participant]"]
    );
}

#[test]
fn bounce_removes_the_session_with_333_and_without_307() {
    // 45-18.1.2-a, 45-18.1.2-c, 45-11.1-a, 45-11.1-b, 45-7.14-d, trap 51
    let mut w = room_of_three();
    w.comes_back("romeo", "not-allowed");
    assert!(w.silent(), "not every error means that somebody is gone");
    for condition in [
        "gone",
        "internal-server-error",
        "item-not-found",
        "jid-malformed",
        "recipient-unavailable",
        "redirect",
    ] {
        w.join_as("late", "late", "");
        w.clear();
        w.error("late", "m", condition);
        let look = w.stanzas("late").remove(0);
        assert!(w.silent(), "one round trip is all that it takes");
        w.error("late", look.attr("id").expect("an id"), condition);
        assert!(w.got("late").last().is_some_and(|line| line.contains(" 333 ")), "{condition}");
        // Nobody is found at an address that the room does not know.
        w.clear();
        w.comes_back("late", condition);
        assert!(w.silent(), "{condition}");
    }
    w.error("romeo", "m", "service-unavailable");
    let look = w.stanzas("romeo").remove(0);
    w.error("romeo", look.attr("id").expect("an id"), "service-unavailable");
    assert_eq!(
        w.got("juliet"),
        ["unavailable romeo status=The connection to this client was lost. 333 [none none]"]
    );
    assert!(w.got("romeo")[0].ends_with("333 [none none jid=romeo@example/pc] 110"));
}

#[test]
fn client_that_answers_an_occupant_by_an_error_stays() {
    // 45-18.1.2-a, trap 51
    let mut w = room_of_three();
    let data = "<data xmlns='http://jabber.org/protocol/ibb' sid='nope' seq='0'>AAAA</data>";
    // An occupant may choose an id that looks like the room's, and one that the room has used for another.
    w.comes_back("juliet", "not-allowed");
    w.error("juliet", "m", "item-not-found");
    let of_juliet = w.stanzas("juliet")[0].attr("id").expect("an id").to_owned();
    let mut looks = 0;
    for id in ["m", "look-1", "look-", &of_juliet] {
        for _ in 0..50 {
            let to_all =
                format!("<message xmlns='jabber:client' type='groupchat' id='{id}'>{data}</message>");
            w.send("juliet", &to_all);
            w.clear();
            w.error("romeo", id, "item-not-found");
            looks += w.got("romeo").len();
            // The client may have something to say besides.
            w.say("romeo", "hello");
            w.clear();
        }
    }
    assert_eq!((w.room.roster().len(), looks), (3, 1));
    w.wait(10);
    w.error("romeo", "m", "item-not-found");
    assert_eq!(w.got("romeo"), ["message:groupchat room <no-store>"]);
    assert!(w.silent());
}

/// What comes back from `who`, with a condition: a message to `to`.
fn bounce(w: &mut World, who: &str, to: &str, condition: &str) {
    let error = format!("<{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>");
    w.send(
        who,
        &format!("<message xmlns='jabber:client' to='{to}' type='error'><error type='cancel'>{error}</error></message>"),
    );
}

#[test]
fn user_who_blocks_an_occupant_is_not_taken_for_gone() {
    // 45-18.1.2-a, trap 83
    let mut w = room_of_three();
    let of_juliet = format!("{ROOM}/juliet");
    bounce(&mut w, "romeo", &of_juliet, "service-unavailable");
    // The room looks again, in words of its own, which nobody can have blocked on account of an occupant.
    assert_eq!(w.got("romeo"), ["message:groupchat room <no-store>"]);
    assert!(w.silent());
    bounce(&mut w, "romeo", &of_juliet, "service-unavailable");
    assert!(w.silent(), "once is enough for a while");
    w.wait(30);
    bounce(&mut w, "romeo", &of_juliet, "service-unavailable");
    assert_eq!(w.got("romeo").len(), 1);
    // This one is gone: the room's own words come back as well.
    w.wait(30);
    w.comes_back("romeo", "service-unavailable");
    assert!(w.got("juliet")[0].starts_with("unavailable romeo"));
}

#[test]
fn flapping_server_does_not_empty_a_room() {
    // 45-18.1.2-a, trap 84
    let mut w = room_of_three();
    for condition in ["remote-server-timeout", "remote-server-not-found"] {
        for _ in 0..3 {
            w.comes_back("romeo", condition);
            w.wait(50);
        }
        assert!(w.silent(), "{condition}");
        w.send(
            "romeo",
            &format!(
                "<message xmlns='jabber:client' type='groupchat' to='{ROOM}'><body>back</body></message>"
            ),
        );
        w.clear();
    }
    // Nothing heard for three minutes: he is out, and the room says why.
    for _ in 0..4 {
        w.comes_back("romeo", "remote-server-timeout");
        w.wait(60);
    }
    assert!(w.got("juliet")[0].contains("333"), "gone after the grace");
}

/// The room asks a session whether it is there; the id of its question.
fn asked(w: &mut World, who: &str) -> String {
    let session = conclave::wire::jid::Jid::parse(&full(who)).expect("a jid");
    w.clear();
    w.event(&conclave::room::event::Event::Check(session));
    w.stanzas(who)[0].attr("id").expect("an id").to_owned()
}

#[test]
fn who_only_reads_stays_in_when_his_server_was_away_twice() {
    // 45-18.1.2-a, trap 84
    let refused = |condition: &str| {
        format!("<error type='cancel'><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>")
    };
    for (type_, error) in [("result", String::new()), ("error", refused("feature-not-implemented"))] {
        let mut w = room_of_three();
        for _ in 0..3 {
            w.comes_back("romeo", "remote-server-timeout");
            w.wait(60);
            let id = asked(&mut w, "romeo");
            w.send(
                "romeo",
                &format!("<iq xmlns='jabber:client' type='{type_}' id='{id}' to='{ROOM}'>{error}</iq>"),
            );
            w.wait(180);
        }
        assert_eq!(w.room.roster().len(), 3, "{type_}");
    }
}

#[test]
fn who_has_a_server_that_stays_away_is_out_after_a_while_though_nobody_speaks() {
    // 45-18.1.2-a, trap 84
    let mut w = room_of_three();
    w.comes_back("romeo", "remote-server-timeout");
    for minute in 1..=3 {
        assert_eq!(w.room.roster().len(), 3, "minute {minute}");
        w.wait(60);
        let id = asked(&mut w, "romeo");
        let error =
            "<error type='wait'><remote-server-timeout xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>";
        w.send(
            "romeo",
            &format!("<iq xmlns='jabber:client' type='error' id='{id}' to='{ROOM}'>{error}</iq>"),
        );
        let look = w.stanzas("romeo").remove(0);
        assert!(look.has_child("no-store", "urn:xmpp:hints"), "it looks again");
        w.error("romeo", look.attr("id").expect("an id"), "remote-server-timeout");
    }
    assert_eq!(w.room.roster().len(), 2);
}

#[test]
fn users_of_a_lost_server_go_a_few_at_a_time() {
    // trap 84
    let mut w = World::with_room(&[]);
    for n in 0..50 {
        w.join(&format!("u{n}"));
    }
    let all = |w: &mut World| (0..50).for_each(|n| w.comes_back(&format!("u{n}"), "remote-server-timeout"));
    all(&mut w);
    w.wait(200);
    w.clear();
    all(&mut w);
    assert_eq!(w.room.roster().len(), 51 - 20);
    w.wait(1);
    all(&mut w);
    assert_eq!(w.room.roster().len(), 51 - 40);
}

#[test]
fn silent_session_is_asked_and_removed_only_when_nobody_is_there() {
    // trap 85
    let mut w = room_of_three();
    let romeo = conclave::wire::jid::Jid::parse(&full("romeo")).expect("a jid");
    let check = |w: &mut World| {
        w.event(&conclave::room::event::Event::Check(romeo.clone()));
        let asked = w.stanzas("romeo").remove(0);
        assert_eq!(asked.attr("from"), Some(ROOM));
        assert!(asked.has_child("ping", "urn:xmpp:ping"));
        asked.attr("id").expect("an id").to_owned()
    };
    let id = check(&mut w);
    w.send("romeo", &format!("<iq xmlns='jabber:client' type='result' id='{id}' to='{ROOM}'/>"));
    assert!(w.silent(), "he is there");
    // A client may refuse pings; its server says the same when nobody is there. So the room looks again.
    let id = check(&mut w);
    let refused =
        "<error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>";
    w.send("romeo", &format!("<iq xmlns='jabber:client' type='error' id='{id}' to='{ROOM}'>{refused}</iq>"));
    let look = w.stanzas("romeo").remove(0);
    w.error("romeo", look.attr("id").expect("an id"), "service-unavailable");
    assert!(w.got("juliet")[0].contains("333"));
    w.event(&conclave::room::event::Event::Check(romeo.clone()));
    w.clear();
    w.event(&conclave::room::event::Event::Check(romeo));
    assert!(w.silent(), "who is not in the room is not asked");
}

#[test]
fn iq_error_removes_nobody() {
    // trap 51
    let mut w = room_of_three();
    w.send("romeo", "<iq xmlns='jabber:client' type='error' id='1'><error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
    assert!(w.silent());
    assert_eq!(w.room.roster().len(), 3);
}

#[test]
fn service_that_stops_tells_each_occupant_about_himself() {
    // 45-11.2-a
    let mut w = room_of_three();
    w.event(&Event::Stop { goodbye: true });
    for who in ["romeo", "juliet", "owner"] {
        assert_eq!(w.got(who), [format!("unavailable {who} 332 [none none jid={who}@example/pc] 110")]);
    }
}

#[test]
fn roles_that_are_not_broadcast_stay_unseen() {
    // 45-7.2.2-c, trap 31
    let mut w = World::with_room(&[("moderatedroom", "1"), ("presencebroadcast", "moderator,participant")]);
    w.join("visitor");
    assert_eq!(w.got("owner"), [""; 0]);
    assert_eq!(w.got("visitor").len(), 3);
    w.admin("owner", "<item nick='visitor' role='participant'/>");
    assert_eq!(
        w.got("owner"),
        ["available visitor [none participant jid=visitor@example/pc actor=owner]", "iq:result room"]
    );
    w.admin("owner", "<item nick='visitor' role='visitor'/>");
    assert_eq!(w.got("owner"), ["unavailable visitor [none none jid=visitor@example/pc]", "iq:result room"]);
    w.clear();
    presence(&mut w, "visitor", "visitor", "unavailable", "");
    assert_eq!(w.got("owner"), [""; 0]);
}

#[test]
fn occupants_may_probe_each_other() {
    // 45-17.3-d
    let mut w = room_of_three();
    presence(&mut w, "romeo", "juliet", "probe", "");
    assert_eq!(w.got("romeo"), ["available juliet [none participant]"]);
    presence(&mut w, "stranger", "juliet", "probe", "");
    assert_eq!(w.got("stranger"), ["error juliet cancel/not-acceptable"]);
}

#[test]
fn switch_of_whose_presence_is_shown_lets_people_appear_and_vanish() {
    // 45-7.2.2-c, trap 31
    let mut w = World::with_room(&[("moderatedroom", "1")]);
    w.join("visitor");
    w.join("other");
    w.clear();
    w.configure("owner", &[("presencebroadcast", "moderator,participant")]);
    assert_eq!(w.got("other"), ["unavailable visitor [none none]", "message:groupchat room 104"]);
    // Those who are not shown go unseen, and see themselves all the same.
    presence(&mut w, "visitor", "visitor", "", "<show>away</show>");
    assert_eq!(w.got("other"), [""; 0]);
    assert_eq!(
        w.got("visitor").last().expect("its own presence"),
        "available visitor show=away [none visitor jid=visitor@example/pc] 110"
    );
    w.configure("owner", &[("presencebroadcast", "moderator,participant,visitor")]);
    assert!(w.got("other").contains(&"available visitor show=away [none visitor]".to_owned()));
}

#[test]
fn others_read_why_a_client_is_gone_in_the_words_of_the_room() {
    // 45-18.1.2-a
    for (condition, words) in [
        ("service-unavailable", "The connection to this client was lost."),
        ("recipient-unavailable", "The connection to this client was lost."),
        ("internal-server-error", "The server of this account has failed."),
        ("item-not-found", "There is no such account or client any more."),
    ] {
        let mut w = World::with_room(&[]);
        w.join("romeo");
        w.clear();
        w.error("romeo", "m", condition);
        let look = w.stanzas("romeo").remove(0);
        let error = format!(
            "<message xmlns='jabber:client' type='error' id='{}'><error type='cancel'>\
             <{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>\
             <text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>buy this</text></error></message>",
            look.attr("id").expect("an id")
        );
        w.send("romeo", &error);
        let told = w.stanzas("owner").pop().expect("the others are told");
        assert_eq!(
            told.get_child("status", "jabber:client").map(minidom::Element::text).as_deref(),
            Some(words)
        );
    }
}
