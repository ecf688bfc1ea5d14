//! Requests from one occupant to another (XEP-0045 §17.4): how many may wait, and what must not pass.

use conclave::wire::encode;
use minidom::Element;

use crate::world::World;

/// A room with `who` in it, of which none but `owner` is a moderator.
fn room_of(who: &[&str]) -> World {
    let mut w = World::with_room(&[]);
    who.iter().for_each(|who| w.join(who));
    w.clear();
    w
}

fn ask(w: &mut World, who: &str, nick: &str, id: &str, payload: &str) {
    w.send(
        who,
        &format!("<iq xmlns='jabber:client' type='get' id='{id}' to='r@muc.example/{nick}'>{payload}</iq>"),
    );
}

const VERSION: &str = "<query xmlns='jabber:iq:version'/>";

/// What `who` was asked since the last look: under which ids.
fn asked(w: &mut World, who: &str) -> Vec<String> {
    w.stanzas(who).iter().map(|iq| iq.attr("id").expect("an id").to_owned()).collect()
}

fn answer(w: &mut World, who: &str, id: &str, payload: &str) {
    w.send(
        who,
        &format!("<iq xmlns='jabber:client' type='result' id='{id}' to='r@muc.example/x'>{payload}</iq>"),
    );
}

#[test]
fn many_requests_of_one_end_nobody_elses() {
    // 45-17.4-b
    let mut w = room_of(&["romeo", "mallory", "slow", "slower"]);
    ask(&mut w, "romeo", "slow", "mine", VERSION);
    let id = asked(&mut w, "slow").remove(0);
    for n in 0..1001 {
        ask(&mut w, "mallory", ["slow", "slower"][n % 2], &format!("m{n}"), VERSION);
    }
    let over = w.stanzas("mallory");
    assert!(over.len() > 400, "{}", over.len());
    let first = crate::world::line(&over[0]);
    assert_eq!(
        (first.as_str(), over[0].attr("id")),
        ("iq:error slow wait/remote-server-timeout", Some("m0"))
    );
    assert!(w.stanzas("romeo").is_empty());
    answer(&mut w, "slow", &id, "");
    assert_eq!(w.got("romeo"), ["iq:result slow"]);
}

#[test]
fn requests_without_an_answer_take_no_more_memory_than_an_account_may_have() {
    // 45-17.4-b, 45-14.6-a
    let mut w = room_of(&["romeo", "mallory", "slow", "slower"]);
    w.service.limits.held_bytes_max = 40_000;
    let mut passed = 0;
    for n in 0..480 {
        ask(&mut w, "mallory", ["slow", "slower"][n / 40 % 2], &format!("{n}{}", "x".repeat(1000)), VERSION);
        passed += w.stanzas("slow").len() + w.stanzas("slower").len();
        let own = w.stanzas("mallory");
        if own.iter().any(|iq| crate::world::line(iq).ends_with("wait/resource-constraint")) {
            break;
        }
    }
    assert!((20..90).contains(&passed), "{passed}");
    ask(&mut w, "romeo", "slow", "mine", VERSION);
    let id = asked(&mut w, "slow").remove(0);
    answer(&mut w, "slow", &id, "");
    assert_eq!(w.got("romeo"), ["iq:result slow"]);
}

#[test]
fn accounts_of_one_domain_end_nobody_elses_either() {
    let mut w = room_of(&["romeo", "slow"]);
    ask(&mut w, "romeo", "slow", "mine", VERSION);
    let id = asked(&mut w, "slow").remove(0);
    for n in 0..50 {
        let who = format!("m{n}@evil.example/x");
        w.join_as(&who, &format!("m{n}"), "");
        for k in 0..45 {
            ask(&mut w, &who, "slow", &format!("{k}"), VERSION);
        }
    }
    let over = w.everything();
    let ended = over.iter().filter(|iq| iq.name() == "iq" && iq.attr("type") == Some("error"));
    let ended: Vec<_> = ended.filter_map(|iq| iq.attr("to")).collect();
    assert_eq!(ended.len(), 2251 - 2000);
    assert!(ended.iter().all(|to| to.ends_with("@evil.example/x")));
    answer(&mut w, "slow", &id, "");
    assert_eq!(w.got("romeo"), ["iq:result slow"]);
}

#[test]
fn who_answers_nobody_ends_no_request_to_others() {
    let mut w = room_of(&["romeo", "slow", "juliet"]);
    ask(&mut w, "romeo", "juliet", "mine", VERSION);
    let id = asked(&mut w, "juliet").remove(0);
    for n in 0..60 {
        ask(&mut w, "romeo", "slow", &format!("s{n}"), VERSION);
    }
    let over: Vec<_> =
        w.stanzas("romeo").iter().map(|iq| iq.attr("id").unwrap_or_default().to_owned()).collect();
    assert_eq!(over, ["s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9"]);
    answer(&mut w, "juliet", &id, "");
    assert_eq!(w.got("romeo"), ["iq:result juliet"]);
}

#[test]
fn request_that_nobody_answers_is_over_after_a_while() {
    let mut w = room_of(&["romeo", "slow"]);
    for n in 0..3 {
        ask(&mut w, "romeo", "slow", &format!("s{n}"), VERSION);
    }
    let ids = asked(&mut w, "slow");
    w.wait(11 * 60);
    ask(&mut w, "romeo", "slow", "new", VERSION);
    assert_eq!(w.got("romeo"), ["iq:error slow wait/remote-server-timeout"; 2]);
    for id in &ids {
        answer(&mut w, "slow", id, "");
    }
    assert_eq!(w.got("romeo"), ["iq:result slow"], "no request is answered twice");
}

#[test]
fn who_asked_and_left_learns_that_it_is_over_and_not_what_was_answered() {
    // 45-G-e, 45-17.4-b
    let mut w = room_of(&["romeo", "juliet"]);
    for id in ["early", "late"] {
        ask(&mut w, "romeo", "juliet", id, VERSION);
    }
    let ids = asked(&mut w, "juliet");
    w.send("romeo", "<presence xmlns='jabber:client' type='unavailable' to='r@muc.example/romeo'/>");
    w.clear();
    answer(&mut w, "juliet", &ids[0], VERSION);
    let [got] = &w.stanzas("romeo")[..] else { panic!("one answer") };
    assert_eq!((got.attr("id"), got.attr("from")), (Some("early"), Some("r@muc.example/juliet")));
    assert!(!got.has_child("query", "jabber:iq:version"), "{}", String::from(got));
    answer(&mut w, "juliet", &ids[1], VERSION);
    assert_eq!(w.got("romeo"), ["iq:error juliet cancel/not-acceptable"]);
    for id in &ids {
        answer(&mut w, "juliet", id, VERSION);
    }
    assert_eq!(w.got("romeo"), Vec::<String>::new(), "no request is answered twice");
}

/// What `asker` gets of an answer of Juliet's.
fn relayed(w: &mut World, asker: &str, payload: &str) -> Element {
    w.clear();
    ask(w, asker, "juliet", "q", "<vCard xmlns='vcard-temp'/>");
    let id = asked(w, "juliet@example").remove(0);
    answer(w, "juliet@example", &id, payload);
    w.stanzas(asker).pop().expect("an answer")
}

#[test]
fn answer_shows_no_real_address_to_who_may_not_see_it() {
    // 45-17.4-c
    let mut w = room_of(&["romeo", "juliet"]);
    for (payload, left) in [
        (
            "<vCard xmlns='vcard-temp'><FN>Juliet</FN><JABBERID>juliet@example</JABBERID><PHOTO><BINVAL>AAAA</BINVAL></PHOTO></vCard>",
            "<FN>Juliet</FN><JABBERID/><PHOTO><BINVAL>AAAA</BINVAL></PHOTO>",
        ),
        (
            "<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='n'><item id='1' publisher='Juliet@Example/pc'><a xmlns='u'/></item></items></pubsub>",
            "<item id='1'><a xmlns='u'/></item>",
        ),
        (
            "<query xmlns='http://jabber.org/protocol/disco#items'><item jid='juliet@example' node='n'/></query>",
            "<item node='n'/>",
        ),
        (
            "<vcard xmlns='urn:ietf:params:xml:ns:vcard-4.0'><impp><uri>xmpp:juliet%40example</uri></impp></vcard>",
            "<impp><uri/></impp>",
        ),
    ] {
        let got = encode::element(&relayed(&mut w, "romeo", payload));
        assert!(got.contains(left) && !got.to_lowercase().contains("juliet@"), "{got}");
        // Moderators see it, and everybody does where the room says so.
        let seen = encode::element(&relayed(&mut w, "owner", payload)).to_lowercase();
        assert!(seen.contains("juliet@example") || seen.contains("juliet%40example"), "{seen}");
    }
    let refused = relayed(&mut w, "romeo", "<v xmlns='xmpp:juliet@example'/>");
    assert_eq!(crate::world::line(&refused), "iq:error juliet modify/policy-violation");
    assert!(!encode::element(&refused).contains("juliet@"));
    w.configure("owner", &[("whois", "anyone")]);
    assert!(
        encode::element(&relayed(&mut w, "romeo", "<v xmlns='u' a='juliet@example'/>"))
            .contains("juliet@example")
    );
}

#[test]
fn error_shows_no_real_address_to_who_may_not_see_it() {
    // 45-17.4-c
    let mut w = room_of(&["romeo", "juliet"]);
    ask(&mut w, "romeo", "juliet", "q", VERSION);
    let id = asked(&mut w, "juliet").remove(0);
    w.send(
        "juliet",
        &format!(
            "<iq xmlns='jabber:client' type='error' id='{id}' to='r@muc.example/romeo'><query xmlns='u' a='juliet@example/pc'/>\
             <error type='cancel' by='juliet@example'><conflict xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>\
             <why xmlns='u'>juliet@example is busy</why></error></iq>"
        ),
    );
    let got = encode::element(&w.stanzas("romeo").pop().expect("an answer"));
    assert!(got.contains("<query xmlns='u'/>") && got.contains("<why xmlns='u'/>"), "{got}");
    assert!(!got.contains("juliet@"), "{got}");
}

#[test]
fn request_shows_no_real_address_to_who_may_not_see_it() {
    // 45-17.4-c: clients name themselves in calls
    let mut w = room_of(&["romeo", "juliet"]);
    let call =
        "<jingle xmlns='urn:xmpp:jingle:1' action='session-initiate' initiator='romeo@example/pc' sid='s'/>";
    ask(&mut w, "romeo", "juliet", "q", call);
    let got = encode::element(&w.stanzas("juliet").pop().expect("a request"));
    assert!(got.contains("sid='s'") && !got.contains("romeo@example"), "{got}");
    ask(&mut w, "romeo", "owner", "q", call);
    assert!(encode::element(&w.stanzas("owner").pop().expect("a request")).contains("romeo@example/pc"));
    ask(&mut w, "romeo", "juliet", "q", "<v xmlns='xmpp:romeo@example'/>");
    assert_eq!(w.got("romeo"), ["iq:error juliet modify/policy-violation"]);
    assert!(w.silent());
}

#[test]
fn long_answer_is_searched_in_a_moment() {
    // As long as a stanza may be, and made of what is almost the address.
    let mut w = room_of(&["romeo", "juliet"]);
    let parts = "<a b='juliet@examplf'/>".repeat(9000);
    let text = "juliet@exampl".repeat(60_000);
    let before = std::time::Instant::now();
    let got = relayed(&mut w, "romeo", &format!("<v xmlns='u'>{parts}<t>{text}</t></v>"));
    assert_eq!(got.children().next().expect("a payload").children().count(), 9001);
    assert!(before.elapsed().as_secs() < 2, "{:?}", before.elapsed());
}
