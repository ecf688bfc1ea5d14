//! What the simulated world (`tests/sim`) has found, each as the short story that it was cut down to.

use crate::world::World;

const DONE: &str = "iq:result room";

#[test]
fn items_of_one_request_are_judged_one_after_the_other() {
    // 45-8.4-d, 45-9.7-b: Romeo is an owner by the first item, and an owner is a moderator for good.
    let mut w = World::with_room(&[]);
    w.join("romeo");
    w.clear();
    w.admin("owner", "<item jid='romeo@example' affiliation='owner'/><item nick='romeo' role='visitor'/>");
    assert_eq!(w.got("owner"), ["iq:error room cancel/not-allowed"]);
    assert!(w.silent(), "nothing of it happened");
    w.admin("owner", "<item jid='romeo@example' affiliation='owner'/><item nick='romeo' role='moderator'/>");
    assert_eq!(w.got("owner").last().expect("an answer"), DONE);
}

#[test]
fn one_request_does_not_reserve_a_nick_twice() {
    // 45-9.3-a, trap 34
    let mut w = World::with_room(&[]);
    w.admin(
        "owner",
        "<item jid='romeo@example' affiliation='member' nick='Rose'/>\
         <item jid='juliet@example' affiliation='member' nick='rose'/>",
    );
    assert_eq!(w.got("owner"), ["iq:error room cancel/conflict"]);
    assert_eq!(w.list("owner", "<item affiliation='member'/>"), [DONE]);
}

#[test]
fn one_request_hands_a_room_over_in_any_order() {
    // 45-10.4-d, trap 32
    let mut w = World::with_room(&[]);
    w.admin(
        "owner",
        "<item jid='owner@example' affiliation='none'/><item jid='romeo@example' affiliation='owner'/>\
         <item jid='juliet@example' affiliation='admin'/>",
    );
    assert_eq!(w.got("owner").last().expect("an answer"), DONE);
}

#[test]
fn second_client_gets_the_spelling_of_the_first_and_is_told() {
    // 45-7.2.2-f, 45-7.2.8-e
    let mut w = World::with_room(&[]);
    w.join_as("romeo", "Rose", "");
    w.clear();
    w.join_as("romeo/phone", "ROSE", "");
    assert_eq!(w.got("romeo/phone")[1], "available Rose 210 [none participant jid=romeo@example/phone] 110");
    assert_eq!(w.got("romeo"), ["available Rose [none participant jid=romeo@example/phone] 110"]);
}

#[test]
fn change_to_the_nick_of_ones_other_client_announces_the_nick_that_comes() {
    // 45-7.6-b, 45-7.6-d, 45-7.6-f
    let mut w = World::with_room(&[]);
    w.join_as("romeo", "Rose", "");
    w.join_as("romeo/phone", "Thorn", "");
    w.clear();
    w.send("romeo/phone", "<presence xmlns='jabber:client' to='r@muc.example/ROSE'/>");
    assert_eq!(
        w.got("romeo/phone"),
        [
            "unavailable Thorn 303 [none participant jid=romeo@example/phone nick=Rose] 110",
            "available Rose 210 [none participant jid=romeo@example/phone] 110",
        ]
    );
    assert_eq!(
        w.got("owner"),
        [
            "unavailable Thorn 303 [none participant jid=romeo@example/phone nick=Rose]",
            "available Rose [none participant jid=romeo@example/phone]",
        ]
    );
}

#[test]
fn nick_has_one_role() {
    // 45-7.6-f, 45-7.2.4-a, trap 30: otherwise Romeo's phone becomes a moderator who has seen no real address.
    let mut w = World::with_room(&[]);
    w.join_as("romeo", "Rose", "");
    w.join_as("romeo/phone", "Thorn", "");
    w.admin("owner", "<item nick='Rose' role='moderator'/>");
    w.clear();
    for (who, nick) in [("romeo/phone", "Rose"), ("romeo", "Thorn")] {
        w.send(who, &format!("<presence xmlns='jabber:client' to='r@muc.example/{nick}'/>"));
        assert_eq!(w.got(who), [format!("error {nick} cancel/conflict")]);
        assert!(w.silent());
    }
}

#[test]
fn registration_leaves_clients_of_another_role_under_their_nick() {
    // 45-7.10-m, 45-5.1.3-b
    let mut w =
        World::with_room(&[("x-muc#roomconfig_reservednick", "1"), ("x-muc#roomconfig_registration", "1")]);
    w.join_as("romeo", "Rose", "");
    w.join_as("romeo/phone", "Thorn", "");
    w.admin("owner", "<item nick='Rose' role='moderator'/>");
    w.clear();
    w.send(
        "romeo",
        "<iq xmlns='jabber:client' type='set' id='q'><query xmlns='jabber:iq:register'><x xmlns='jabber:x:data' \
         type='submit'><field var='muc#register_roomnick'><value>Thorn</value></field></x></query></iq>",
    );
    let shown: Vec<String> =
        w.got("owner").into_iter().filter(|line| line.starts_with("unavailable")).collect();
    assert!(shown.is_empty(), "nobody moves: {shown:?}");
    let list = w.list("owner", "<item role='moderator'/>");
    assert!(list[0].contains("nick=Rose") && !list[0].contains("nick=Thorn"), "{list:?}");
}

#[test]
fn client_that_was_not_shown_leaves_unseen() {
    // 45-7.14-e, trap 21
    let mut w = World::with_room(&[]);
    w.join("romeo");
    w.join("romeo/phone");
    w.clear();
    w.send("romeo", "<presence xmlns='jabber:client' type='unavailable' to='r@muc.example/romeo'/>");
    assert_eq!(w.got("romeo"), ["unavailable romeo [none none jid=romeo@example/pc] 110"]);
    assert!(w.silent(), "the others see the phone, as before");
}

#[test]
fn who_is_hidden_from_now_on_goes_once() {
    // 45-10.2-f, 45-7.2.2-c, trap 31: promoted and hidden by one form.
    let mut w = World::with_room(&[]);
    w.join("romeo");
    w.join("juliet");
    w.clear();
    w.configure("owner", &[("presencebroadcast", "participant"), ("roomadmins", "romeo@example")]);
    let about_romeo = |line: &String| line.contains(" romeo ");
    let seen: Vec<String> = w.got("juliet").into_iter().filter(about_romeo).collect();
    assert_eq!(seen.iter().filter(|line| line.starts_with("unavailable")).count(), 1, "{seen:?}");
}

#[test]
fn who_was_never_shown_does_not_go() {
    // trap 31: hidden before the form as a participant, and after it as an admin.
    let mut w = World::with_room(&[("presencebroadcast", "")]);
    w.join("romeo");
    w.join("juliet");
    w.clear();
    w.configure("owner", &[("presencebroadcast", "participant"), ("roomadmins", "romeo@example")]);
    let seen = w.got("juliet");
    assert!(!seen.iter().any(|line| line.contains(" romeo ")), "{seen:?}");
}

#[test]
fn who_has_to_leave_is_seen_to_go_though_presence_is_hidden_from_now_on() {
    // 45-10.2-k: members-only and without presence by one form.
    let mut w = World::with_room(&[]);
    w.admin("owner", "<item jid='juliet@example' affiliation='member'/>");
    w.join("romeo");
    w.join("juliet");
    w.clear();
    w.configure("owner", &[("membersonly", "1"), ("presencebroadcast", "")]);
    let gone = "unavailable romeo 322 [none none]".to_owned();
    assert_eq!(w.got("juliet").iter().filter(|line| **line == gone).count(), 1);
}
