//! Messages without a body, or with a blank one, in the history of those who enter (XEP-0045 §7.2.13, XEP-0334).

use conclave::room::Room;
use conclave::room::recent::restore;
use conclave::wire::jid::BareJid;
use minidom::Element;

use crate::world::{ROOM, World};

const STORE: &str = "<store xmlns='urn:xmpp:hints'/>";

fn send(w: &mut World, id: &str, inside: &str) {
    w.send("owner", &format!("<message xmlns='jabber:client' type='groupchat' id='{id}'>{inside}</message>"));
}

/// What an account has read, as many clients say it.
fn has_read(w: &mut World, id: &str) {
    send(w, id, &format!("<displayed xmlns='urn:xmpp:chat-markers:0' id='m'/>{STORE}"));
}

fn says(w: &mut World, body: &str) {
    send(w, body, &format!("<body>{body}</body>"));
}

/// The history without the subject, which comes last.
fn entering(w: &mut World, limits: &str) -> Vec<Element> {
    w.clear();
    w.join_as("late", "late", &format!("<history {limits}/>"));
    let mut got: Vec<Element> = w.stanzas("late").into_iter().filter(|s| s.name() == "message").collect();
    assert!(got.pop().is_some_and(|last| last.has_child("subject", "jabber:client")), "the subject is last");
    assert!(got.iter().all(|m| m.has_child("delay", "urn:xmpp:delay")), "what is old says so");
    w.send("late", &format!("<presence xmlns='jabber:client' type='unavailable' to='{ROOM}/late'/>"));
    got
}

fn history(w: &mut World, limits: &str) -> Vec<String> {
    entering(w, limits).iter().map(|m| m.attr("id").expect("an id").to_owned()).collect()
}

/// The room leaves memory and comes back.
fn come_back(w: &mut World) {
    let (state, limits) = (w.room.state().clone(), &w.service.limits);
    let look_back = |each: &mut (dyn FnMut(&dyn conclave::room::archive::Glimpse) -> bool + Send)| {
        conclave::store::LocalArchive::look_back(&w.archive, &state.record.archive, each)
    };
    let history = restore(&state.record.config, limits, look_back).expect("this archive always reads");
    w.room = Room::stored(BareJid::parse(ROOM).expect("a jid"), state, history).into();
    w.join("owner");
    w.clear();
}

#[test]
fn what_asks_to_be_stored_is_history_in_its_place_though_it_has_no_body() {
    // 334-1, 45-7.2.13-a, 45-7.2.13-c, 45-7.2.13-g, trap 57
    let mut w = World::with_room(&[]);
    says(&mut w, "1");
    let reaction = "<reactions xmlns='urn:xmpp:reactions:0' id='x'><reaction>+</reaction></reactions>";
    send(&mut w, "liked", &format!("{reaction}{STORE}"));
    w.wait(10);
    has_read(&mut w, "read");
    let live = w.stanzas("owner").pop().expect("the marker");
    says(&mut w, "2");
    // What does not ask for it, what also asks for the contrary, and what clients take for the subject is none.
    send(&mut w, "unasked", reaction);
    send(&mut w, "typing", "<composing xmlns='http://jabber.org/protocol/chatstates'/>");
    for hint in ["no-store", "no-permanent-store"] {
        send(&mut w, hint, &format!("{reaction}{STORE}<{hint} xmlns='urn:xmpp:hints'/>"));
    }
    send(&mut w, "subject", &format!("<subject>S</subject>{STORE}"));
    send(&mut w, "headed", &format!("<subject>S</subject><thread>t</thread>{STORE}"));
    assert_eq!(history(&mut w, ""), ["1", "liked", "read", "2"]);
    assert_eq!(history(&mut w, "maxstanzas='3'"), ["1", "read", "2"], "the client's wish counts all");
    assert_eq!(history(&mut w, "maxstanzas='2'"), ["1", "2"], "and what was said first");
    assert_eq!(history(&mut w, "seconds='5'"), ["read", "2"]);
    assert_eq!(history(&mut w, "maxchars='0'"), [""; 0]);
    let shown = entering(&mut w, "").remove(2);
    let id = |m: &Element| {
        m.get_child("stanza-id", "urn:xmpp:sid:0").and_then(|id| id.attr("id").map(str::to_owned))
    };
    assert!(id(&live).is_some() && id(&live) == id(&shown), "what is kept has one id");
    come_back(&mut w);
    assert_eq!(history(&mut w, ""), ["1", "liked", "read", "2"]);
}

#[test]
fn what_was_read_does_not_push_out_what_was_said() {
    // 334-1, 45-7.2.14-h
    let mut w = World::with_room(&[("muc#maxhistoryfetch", "2")]);
    w.service.limits.history_bytes_max *= 4;
    for line in ["1", "2", "3"] {
        says(&mut w, line);
        for n in 0..60 {
            has_read(&mut w, &format!("{line}.{n}"));
        }
    }
    let newest: Vec<String> = (20..60).map(|n| format!("2.{n}")).chain(["3".into()]).collect();
    let newest = ["2".to_owned()].into_iter().chain(newest).chain((0..60).map(|n| format!("3.{n}")));
    let newest: Vec<String> = newest.collect();
    assert_eq!(
        history(&mut w, ""),
        newest,
        "the last two that were said, and the last hundred that were not"
    );
    come_back(&mut w);
    assert_eq!(history(&mut w, ""), newest, "as before");
    says(&mut w, "4");
    assert_eq!(
        history(&mut w, "").first().map(String::as_str),
        Some("3"),
        "nothing is older than what was said"
    );
    says(&mut w, "5");
    assert_eq!(history(&mut w, ""), ["4", "5"]);
    w.configure("owner", &[("muc#maxhistoryfetch", "0")]);
    has_read(&mut w, "last");
    assert_eq!(history(&mut w, ""), [""; 0], "a room without history has none");
}

#[test]
fn however_much_is_not_said_who_asks_for_some_messages_reads_what_was() {
    // 334-1, 45-7.2.14-a, 45-7.2.14-b, 45-14.6-a
    let mut w = World::with_room(&[]);
    w.join("eve");
    for n in 0..15 {
        says(&mut w, &format!("said {n}"));
    }
    for n in 0..100 {
        let nothing = format!("<u xmlns='urn:u'/>{STORE}");
        w.send(
            "eve",
            &format!("<message xmlns='jabber:client' type='groupchat' id='{n}'>{nothing}</message>"),
        );
    }
    let said = |got: &[String]| got.iter().filter(|id| id.starts_with("said")).count();
    for (limits, all, expected) in [
        ("maxstanzas='25'", 25, 15),
        ("maxstanzas='12'", 12, 9),
        ("maxstanzas='1'", 1, 1),
        ("maxstanzas='100'", 100, 15),
        ("", 115, 15),
    ] {
        let got = history(&mut w, limits);
        assert_eq!((got.len(), said(&got)), (all, expected), "{limits}");
    }
    assert_eq!(history(&mut w, "maxstanzas='12'")[8..], ["said 14", "97", "98", "99"]);
    let got = history(&mut w, "maxchars='6000'");
    assert!(said(&got) > 9, "{got:?}");
    // The same with a body in which nothing is to be seen.
    for n in 0..100 {
        let nothing = "<body> </body>";
        w.send(
            "eve",
            &format!("<message xmlns='jabber:client' type='groupchat' id='{n}'>{nothing}</message>"),
        );
    }
    assert_eq!(said(&history(&mut w, "maxstanzas='25'")), 15);
}

#[test]
fn who_says_much_without_a_body_does_not_push_out_what_others_do() {
    // 334-1, 45-14.6-a
    let mut w = World::with_room(&[]);
    says(&mut w, "1");
    for n in 0..10 {
        send(
            &mut w,
            &format!("like {n}"),
            &format!("<reactions xmlns='urn:xmpp:reactions:0' id='x'/>{STORE}"),
        );
    }
    for one in ["eve@evil", "eva@evil", "evi@evil"] {
        w.join_as(one, &one[..3], "");
        for _ in 0..70 {
            let nothing = format!("<u xmlns='urn:u'/>{STORE}");
            w.send(
                one,
                &format!("<message xmlns='jabber:client' type='groupchat' id='e'>{nothing}</message>"),
            );
        }
    }
    let got = history(&mut w, "");
    let likes: Vec<_> = got.iter().filter(|id| id.starts_with("like")).collect();
    assert_eq!((got.len(), likes.len()), (101, 10), "{got:?}");
}

#[test]
fn what_is_not_said_has_a_part_of_the_bytes() {
    // 334-1, 45-14.6-a
    let mut w = World::with_room(&[]);
    w.service.limits.history_bytes_max = 100_000;
    says(&mut w, "1");
    for n in 0..20 {
        has_read(&mut w, &n.to_string());
    }
    let large = "x".repeat(30_000);
    send(&mut w, "large", &format!("<payload xmlns='urn:example'>{large}</payload>{STORE}"));
    let got = history(&mut w, "");
    assert_eq!((got.first().map(String::as_str), got.last().map(String::as_str)), (Some("1"), Some("19")));
    assert!((3..15).contains(&got.len()), "{}", got.len());
    come_back(&mut w);
    assert_eq!(history(&mut w, ""), got);
}

#[test]
fn what_is_not_said_is_retracted_like_what_is() {
    // 424-3, 334-1
    let mut w = World::with_room(&[]);
    says(&mut w, "1");
    has_read(&mut w, "read");
    send(&mut w, "back", "<retract xmlns='urn:xmpp:message-retract:1' id='read'/>");
    assert_eq!(history(&mut w, ""), ["1"]);
}

#[test]
fn what_only_asks_to_be_stored_is_kept_nowhere() {
    // 334-1, 45-7.2.14-c
    let mut w = World::with_room(&[("muc#roomconfig_enablearchiving", "1")]);
    says(&mut w, "1");
    for n in 0..5 {
        let beside = "<origin-id xmlns='urn:xmpp:sid:0' id='o'/><thread>t</thread>";
        send(&mut w, &format!("nothing{n}"), &format!("{STORE}{}", if n == 0 { "" } else { beside }));
    }
    assert_eq!(history(&mut w, "maxstanzas='1'"), ["1"]);
    come_back(&mut w);
    assert_eq!(history(&mut w, "maxstanzas='1'"), ["1"]);
}
