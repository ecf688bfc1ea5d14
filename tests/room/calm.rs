//! Calm rooms: slow mode (XEP-0500).

use conclave::wire::ns;
use minidom::Element;

use crate::world::{ROOM, World, line};

const SLOW: &str = "slow_mode_duration";

fn room_of_two(fields: &[(&str, &str)]) -> World {
    let mut w = World::with_room(fields);
    w.join("romeo");
    w.clear();
    w
}

fn error_text(stanza: &Element) -> String {
    let error = stanza.children().find(|c| c.name() == "error").expect("an error");
    error.children().find(|c| c.name() == "text").expect("a text").text()
}

#[test]
fn owners_set_slow_mode_and_everybody_can_find_out() {
    // 500-1, 500-2
    let mut w = room_of_two(&[]);
    w.send(
        "owner",
        &format!("<iq xmlns='jabber:client' type='get' id='g'><query xmlns='{}'/></iq>", ns::MUC_OWNER),
    );
    let answer = w.stanzas("owner").remove(0);
    let form = answer.children().next().and_then(|q| q.get_child("x", ns::DATA)).expect("a form").clone();
    let field = form.children().find(|f| f.attr("var") == Some("muc#roomconfig_slow_mode_duration"));
    let field = field.expect("the field");
    assert_eq!(field.attr("type"), Some("text-single"));
    assert_eq!(field.get_child("value", ns::DATA).expect("a value").text(), "0");
    let validate = field.get_child("validate", ns::VALIDATE).expect("how it is validated");
    assert_eq!(validate.attr("datatype"), Some("xs:integer"));
    assert_eq!(validate.get_child("range", ns::VALIDATE).and_then(|r| r.attr("min")), Some("0"));
    w.configure("owner", &[(SLOW, "30")]);
    assert_eq!(w.got("romeo"), ["message:groupchat room 104"]);
    assert_eq!(info(&mut w, "muc#roominfo_slow_mode_duration"), "30");
    w.clear();
    for nonsense in ["-1", "a while", "86401", "99999999999999999999"] {
        w.configure("owner", &[(SLOW, nonsense)]);
        assert_eq!(w.got("owner"), ["iq:error room modify/not-acceptable"], "{nonsense}");
    }
    assert_eq!(info(&mut w, "muc#roominfo_slow_mode_duration"), "30");
}

fn info(w: &mut World, var: &str) -> String {
    w.clear();
    w.send(
        "romeo",
        &format!("<iq xmlns='jabber:client' type='get' id='d'><query xmlns='{}'/></iq>", ns::DISCO_INFO),
    );
    let answer = w.stanzas("romeo").remove(0);
    let form = answer.children().next().and_then(|q| q.get_child("x", ns::DATA)).expect("a form");
    let field = form.children().find(|f| f.attr("var") == Some(var)).expect("the field");
    field.get_child("value", ns::DATA).expect("a value").text()
}

#[test]
fn message_too_soon_after_another_is_refused_with_wait_and_says_how_long() {
    // 500-3, clients-error-l
    let mut w = room_of_two(&[(SLOW, "30")]);
    w.say("romeo", "one");
    w.wait(10);
    w.clear();
    w.say("romeo", "two");
    let got = w.stanzas("romeo");
    assert_eq!(line(&got[0]), "message:error room wait/policy-violation");
    assert_eq!(got[0].attr("id"), Some("m"));
    let text = error_text(&got[0]);
    assert!(text.contains("30 seconds") && text.contains("20 more"), "{text}");
    assert!(w.silent(), "nobody else hears of it");
    w.wait(20);
    w.say("romeo", "two");
    assert_eq!(w.got("owner"), ["message:groupchat romeo body=two"]);
}

#[test]
fn slow_mode_counts_the_account_and_not_the_client_or_the_nick() {
    // 500-3
    let mut w = room_of_two(&[(SLOW, "30")]);
    w.join_as("romeo/phone", "roamer", "");
    w.say("romeo", "one");
    w.clear();
    w.say("romeo/phone", "two");
    assert_eq!(w.got("romeo/phone"), ["message:error room wait/policy-violation"]);
    w.send("romeo", &format!("<presence xmlns='jabber:client' type='unavailable' to='{ROOM}/romeo'/>"));
    w.join("romeo");
    w.clear();
    w.say("romeo", "three");
    assert_eq!(w.got("romeo"), ["message:error room wait/policy-violation"]);
}

#[test]
fn slow_mode_is_not_for_admins_nor_for_what_has_no_body() {
    // 500-3
    let mut w = room_of_two(&[(SLOW, "30"), ("changesubject", "1")]);
    w.admin("owner", "<item affiliation='admin' jid='juliet@example'/>");
    w.join("juliet");
    w.clear();
    for who in ["owner", "juliet"] {
        w.say(who, "one");
        w.say(who, "two");
    }
    assert_eq!(w.got("romeo").len(), 4);
    w.say("romeo", "one");
    w.clear();
    for bodyless in ["<composing xmlns='http://jabber.org/protocol/chatstates'/>", "<subject>calm</subject>"]
    {
        w.send(
            "romeo",
            &format!("<message xmlns='jabber:client' type='groupchat' id='b'>{bodyless}</message>"),
        );
        assert_eq!(w.got("owner").len(), 1, "{bodyless}");
    }
    // What was refused for another reason does not count either.
    let mut w = room_of_two(&[(SLOW, "30"), ("moderatedroom", "1")]);
    w.admin("owner", "<item nick='romeo' role='visitor'/>");
    w.say("romeo", "one");
    w.admin("owner", "<item nick='romeo' role='participant'/>");
    w.clear();
    w.say("romeo", "two");
    assert_eq!(w.got("owner"), ["message:groupchat romeo body=two"]);
}

#[test]
fn slow_mode_ends_with_the_option() {
    // 500-1
    let mut w = room_of_two(&[(SLOW, "3600")]);
    w.say("romeo", "one");
    w.configure("owner", &[(SLOW, "0")]);
    w.clear();
    w.say("romeo", "two");
    assert_eq!(w.got("owner"), ["message:groupchat romeo body=two"]);
}
