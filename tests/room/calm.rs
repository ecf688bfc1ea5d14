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
fn slow_mode_counts_what_clients_show_in_place_of_a_body() {
    // 500-3
    for shown in [
        "<html xmlns='http://jabber.org/protocol/xhtml-im'><body xmlns='http://www.w3.org/1999/xhtml'>spam</body></html>",
        "<x xmlns='jabber:x:oob'><url>https://spam.example</url></x>",
        "<file-sharing xmlns='urn:xmpp:sfs:0' disposition='inline'/>",
        "<encrypted xmlns='urn:xmpp:omemo:2'><payload>cw==</payload></encrypted>",
        "<encrypted xmlns='eu.siacs.conversations.axolotl'><payload>cw==</payload></encrypted>",
    ] {
        let mut w = room_of_two(&[(SLOW, "30")]);
        let say = format!(
            "<message xmlns='jabber:client' type='groupchat'>{shown}<no-store xmlns='urn:xmpp:hints'/></message>"
        );
        w.send("romeo", &say);
        assert_eq!(w.got("owner").len(), 1, "{shown}");
        w.send("romeo", &say);
        assert_eq!(w.got("owner").len(), 0, "{shown}");
    }
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

fn occupants_info(w: &mut World) -> Vec<String> {
    let mut nicks: Vec<String> =
        w.room.roster().iter().filter(|o| o.quiet).map(|o| o.nick.as_str().to_owned()).collect();
    nicks.sort();
    nicks
}

/// The owner and Romeo are in a room that is large above two; nobody after them is shown.
fn large_room() -> World {
    let mut w = room_of_two(&[("x-muc#roomconfig_quietabove", "2")]);
    w.join("juliet");
    w
}

#[test]
fn newcomer_of_a_large_room_is_shown_right_before_he_speaks() {
    let mut w = large_room();
    assert!(w.got("owner").is_empty() && w.got("romeo").is_empty());
    assert_eq!(
        w.got("juliet"),
        [
            "available owner [owner moderator]",
            "available romeo [none participant]",
            "available juliet [none participant jid=juliet@example/pc] 110",
            "message:groupchat room subject="
        ]
    );
    w.say("juliet", "one");
    w.say("juliet", "two");
    let shown = [
        "available juliet [none participant]",
        "message:groupchat juliet body=one",
        "message:groupchat juliet body=two",
    ];
    assert_eq!(w.got("romeo"), shown);
    assert_eq!(w.got("owner")[0], "available juliet [none participant jid=juliet@example/pc]");
    assert_eq!(w.got("juliet"), shown[1..]);
    // Who comes now sees her, and not those who are silent.
    w.join("nurse");
    w.join("page");
    let got = w.got("page");
    assert!(got.contains(&"available juliet [none participant]".to_owned()), "{got:?}");
    assert!(!got.iter().any(|line| line.contains("nurse")), "{got:?}");
    w.clear();
    w.send("juliet", &format!("<presence xmlns='jabber:client' type='unavailable' to='{ROOM}/juliet'/>"));
    assert_eq!(w.got("romeo"), ["unavailable juliet [none none]"]);
}

#[test]
fn silent_occupant_of_a_large_room_comes_and_goes_unseen() {
    let mut w = large_room();
    w.clear();
    w.send(
        "juliet",
        &format!("<presence xmlns='jabber:client' to='{ROOM}/juliet'><show>away</show></presence>"),
    );
    w.send("juliet", &format!("<presence xmlns='jabber:client' id='n' to='{ROOM}/rose'/>"));
    assert_eq!(w.got("juliet").len(), 3, "she sees herself");
    w.send("romeo", &format!("<presence xmlns='jabber:client' type='probe' to='{ROOM}/rose'/>"));
    w.send("juliet", &format!("<presence xmlns='jabber:client' type='unavailable' to='{ROOM}/rose'/>"));
    assert_eq!(w.got("juliet").len(), 1);
    assert!(w.silent());
    // Kicked unseen, gone unseen.
    w.join("juliet");
    w.clear();
    w.admin("owner", "<item nick='juliet' role='none'/>");
    assert_eq!(w.got("juliet").len(), 1);
    assert_eq!(w.got("owner"), ["iq:result room"]);
    assert!(w.silent());
}

#[test]
fn moderators_and_those_who_were_here_before_are_always_shown() {
    let mut w = large_room();
    w.admin("owner", "<item affiliation='admin' jid='nurse@example'/>");
    w.clear();
    w.join("nurse");
    assert_eq!(w.got("romeo"), ["available nurse [admin moderator]"]);
    w.clear();
    w.admin("owner", "<item nick='juliet' role='moderator'/>");
    assert_eq!(w.got("romeo"), ["available juliet [none moderator actor=owner]"]);
    w.admin("owner", "<item nick='juliet' role='participant'/>");
    assert_eq!(w.got("romeo"), ["available juliet [none participant actor=owner]"]);
}

#[test]
fn private_message_shows_its_sender_too() {
    let mut w = large_room();
    w.clear();
    w.send(
        "juliet",
        &format!(
            "<message xmlns='jabber:client' type='chat' id='p' to='{ROOM}/romeo'><body>psst</body></message>"
        ),
    );
    assert_eq!(w.got("romeo"), ["available juliet [none participant]", "message:chat juliet body=psst"]);
    assert_eq!(w.got("owner"), ["available juliet [none participant jid=juliet@example/pc]"]);
    // What is refused shows nobody.
    let mut w = large_room();
    w.configure("owner", &[("allowpm", "none")]);
    w.clear();
    w.send(
        "juliet",
        &format!(
            "<message xmlns='jabber:client' type='chat' id='p' to='{ROOM}/romeo'><body>psst</body></message>"
        ),
    );
    assert_eq!(w.got("juliet"), ["message:error romeo auth/forbidden"]);
    assert!(w.silent());
}

#[test]
fn everybody_appears_when_the_room_is_large_no_more() {
    let mut w = large_room();
    w.join("nurse");
    assert_eq!(occupants_info(&mut w), ["juliet", "nurse"]);
    w.clear();
    w.configure("owner", &[("x-muc#roomconfig_quietabove", "0")]);
    assert_eq!(
        w.got("romeo"),
        [
            "message:groupchat room 104",
            "available juliet [none participant]",
            "available nurse [none participant]"
        ]
    );
    assert_eq!(w.got("nurse"), ["message:groupchat room 104", "available juliet [none participant]"]);
    // With half as many left it is the same.
    let mut w = World::with_room(&[("x-muc#roomconfig_quietabove", "4")]);
    for who in ["a", "b", "c", "juliet"] {
        w.join(who);
    }
    assert_eq!(occupants_info(&mut w), ["juliet"]);
    for who in ["a", "b"] {
        w.send(who, &format!("<presence xmlns='jabber:client' type='unavailable' to='{ROOM}/{who}'/>"));
    }
    assert_eq!(occupants_info(&mut w), ["juliet"]);
    w.clear();
    w.send("c", &format!("<presence xmlns='jabber:client' type='unavailable' to='{ROOM}/c'/>"));
    assert_eq!(
        w.got("owner"),
        [
            "unavailable c [none none jid=c@example/pc]",
            "available juliet [none participant jid=juliet@example/pc]"
        ]
    );
    assert_eq!(w.got("juliet"), ["unavailable c [none none]"]);
}

#[test]
fn change_of_affiliation_of_somebody_silent_is_told_by_a_message() {
    // 463-4
    let mut w = room_of_two(&[("x-muc#roomconfig_quietabove", "2"), ("whois", "anyone")]);
    w.join("juliet");
    w.clear();
    w.admin("owner", "<item affiliation='member' jid='juliet@example'/>");
    assert_eq!(w.got("romeo"), ["message:normal room [member jid=juliet@example]"]);
    // Who shares a nick that is shown is shown.
    w.join_as("romeo/phone", "romeo", "");
    assert_eq!(w.got("romeo").len(), 1);
    assert_eq!(occupants_info(&mut w), ["juliet"]);
}

/// What `who` gets when they write to an occupant and ask an occupant something.
fn reaches(w: &mut World, who: &str, nick: &str) -> Vec<String> {
    w.clear();
    let to = format!("to='{ROOM}/{nick}' id='p'");
    w.send(who, &format!("<message xmlns='jabber:client' type='chat' {to}><body>psst</body></message>"));
    w.send(
        who,
        &format!("<iq xmlns='jabber:client' type='get' {to}><query xmlns='jabber:iq:version'/></iq>"),
    );
    w.got(who)
}

#[test]
fn who_is_not_shown_is_found_by_moderators_alone_until_speaking() {
    // 45-7.5-e
    let nobody =
        |nick: &str| ["message", "iq"].map(|kind| format!("{kind}:error {nick} cancel/item-not-found"));
    for fields in [("presencebroadcast", "moderator"), ("x-muc#roomconfig_quietabove", "2")] {
        let mut w = room_of_two(&[]);
        w.configure("owner", &[fields]);
        w.join("juliet");
        assert_eq!(reaches(&mut w, "romeo", "nobody"), nobody("nobody"));
        assert_eq!(reaches(&mut w, "romeo", "juliet"), nobody("juliet"), "{fields:?}");
        assert!(w.silent(), "nor does she hear of it");
        assert!(reaches(&mut w, "owner", "juliet").is_empty());
        assert!(reaches(&mut w, "juliet", "juliet").iter().all(|line| !line.contains("error")));
        // Who has said something is known to be here, and is answered.
        w.say("juliet", "one");
        assert!(reaches(&mut w, "romeo", "juliet").is_empty(), "{fields:?}");
        assert_eq!(w.got("juliet").len(), 2);
    }
    // A private message makes its sender known as well, or nobody could answer it.
    let mut w = room_of_two(&[("presencebroadcast", "moderator")]);
    w.join("juliet");
    w.say("romeo", "one");
    let private =
        format!("<message xmlns='jabber:client' type='chat' to='{ROOM}/romeo'><body>psst</body></message>");
    w.send("juliet", &private);
    assert!(reaches(&mut w, "romeo", "juliet").is_empty());
}
