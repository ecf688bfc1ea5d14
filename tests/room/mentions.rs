//! Mentions of members who are away (XEP-0452, XEP-0372).

use conclave::wire::ns;

use crate::world::{ROOM, World, line};

fn room_of_two(fields: &[(&str, &str)]) -> World {
    let mut w = World::with_room(fields);
    w.admin("owner", "<item affiliation='member' jid='juliet@example' nick='capulet rose'/>");
    w.join("romeo");
    w.clear();
    w
}

fn mention(w: &mut World, who: &str, uris: &[&str]) {
    let references: String = uris
        .iter()
        .map(|uri| {
            format!("<reference xmlns='urn:xmpp:reference:0' type='mention' begin='0' end='6' uri='{uri}'/>")
        })
        .collect();
    w.send(who, &format!("<message xmlns='jabber:client' type='groupchat' id='m1' xml:lang='it'><body>juliet: hi</body>{references}</message>"));
}

const ON: &[(&str, &str)] = &[("forwardmentions", "true")];

#[test]
fn member_who_is_away_gets_the_whole_message() {
    // 452-1
    let mut w = room_of_two(ON);
    mention(&mut w, "romeo", &["xmpp:juliet@example"]);
    let got = w.stanzas("juliet@example");
    assert_eq!(got.len(), 1);
    assert_eq!((got[0].attr("from"), got[0].attr("type")), (Some(ROOM), None));
    let forwarded =
        got[0].get_child("mentions", "urn:xmpp:mmn:0").and_then(|m| m.get_child("forwarded", ns::FORWARD));
    let forwarded = forwarded.expect("forwarded");
    assert_eq!(
        forwarded.get_child("delay", ns::DELAY).and_then(|d| d.attr("stamp")),
        Some("2026-01-01T00:00:00.000Z")
    );
    let said = forwarded.get_child("message", ns::CLIENT).expect("the message");
    assert_eq!((said.attr("from"), said.attr("to")), (Some("r@muc.example/romeo"), Some(ROOM)));
    assert_eq!((said.attr("id"), said.attr("type")), (Some("m1"), Some("groupchat")));
    assert_eq!(conclave::wire::build::lang(said), Some("it"));
    let live = w.stanzas("owner").remove(0);
    let id = |m: &minidom::Element| {
        m.get_child("stanza-id", ns::SID).and_then(|s| s.attr("id")).map(str::to_owned)
    };
    assert!(id(said).is_some());
    assert_eq!(id(said), id(&live));
    assert_eq!(live.children().count(), said.children().count());
}

#[test]
fn mentions_are_forwarded_only_where_the_room_does_so() {
    // 452-1
    let mut w = room_of_two(&[]);
    mention(&mut w, "romeo", &["xmpp:juliet@example"]);
    assert!(w.got("juliet@example").is_empty());
    w.configure("owner", ON);
    mention(&mut w, "romeo", &["xmpp:juliet@example"]);
    assert_eq!(w.got("juliet@example").len(), 1);
    w.configure("owner", &[("forwardmentions", "0")]);
    mention(&mut w, "romeo", &["xmpp:juliet@example"]);
    assert!(w.got("juliet@example").is_empty());
}

#[test]
fn registered_nick_is_mentioned_like_its_account() {
    // 452-1
    let mut w = room_of_two(ON);
    for uri in [
        "xmpp:r@muc.example/capulet%20rose",
        "xmpp:r@muc.example/Capulet Rose",
        "xmpp:juliet@example/phone?message",
    ] {
        mention(&mut w, "romeo", &[uri]);
        assert_eq!(w.got("juliet@example").len(), 1, "{uri}");
    }
    mention(&mut w, "romeo", &["xmpp:juliet@example", "xmpp:r@muc.example/capulet rose"]);
    assert_eq!(w.got("juliet@example").len(), 1, "once for a message");
    mention(
        &mut w,
        "romeo",
        &["xmpp:r@muc.example/nobody", "xmpp:r@muc.example", "mailto:juliet@example", "xmpp:", "xmpp:%"],
    );
    assert!(w.got("juliet@example").is_empty());
}

#[test]
fn mention_goes_to_nobody_who_is_here_or_may_not_read() {
    // 452-1
    let mut w = room_of_two(ON);
    w.admin(
        "owner",
        "<item affiliation='outcast' jid='tybalt@example'/><item affiliation='member' jid='allies.example'/>",
    );
    w.clear();
    let all = [
        "xmpp:stranger@example",
        "xmpp:tybalt@example",
        "xmpp:allies.example",
        "xmpp:owner@example",
        "xmpp:romeo@example",
    ];
    mention(&mut w, "romeo", &all);
    for who in ["owner", "romeo"] {
        let got = w.got(who);
        assert_eq!(got.len(), 1, "{who}: {got:?}");
    }
    assert!(w.silent(), "nobody else hears of it");
    w.join("juliet");
    w.clear();
    mention(&mut w, "romeo", &["xmpp:juliet@example"]);
    assert_eq!(w.got("juliet").len(), 1);
    assert!(w.got("juliet@example").is_empty());
    // Who lost the membership is told no more.
    w.admin("owner", "<item affiliation='none' jid='juliet@example'/>");
    w.send("juliet", &format!("<presence xmlns='jabber:client' type='unavailable' to='{ROOM}/juliet'/>"));
    w.clear();
    mention(&mut w, "romeo", &["xmpp:juliet@example"]);
    assert!(w.got("juliet@example").is_empty());
}

#[test]
fn mention_that_nobody_hears_is_not_forwarded() {
    // 452-1
    let mut w = room_of_two(&[("forwardmentions", "1"), ("moderatedroom", "1")]);
    w.admin("owner", "<item nick='romeo' role='visitor'/>");
    w.clear();
    for who in ["romeo", "stranger"] {
        mention(&mut w, who, &["xmpp:juliet@example"]);
        assert_eq!(w.got(who).len(), 1);
    }
    assert!(w.silent());
}

#[test]
fn number_of_those_who_are_told_is_bounded() {
    // 452-1
    let mut w = room_of_two(ON);
    let members: Vec<String> = (0..30).map(|n| format!("m{n}@example")).collect();
    let items: String = members.iter().map(|m| format!("<item affiliation='member' jid='{m}'/>")).collect();
    w.admin("owner", &items);
    w.clear();
    let uris: Vec<String> = members.iter().map(|m| format!("xmpp:{m}")).collect();
    mention(&mut w, "romeo", &uris.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(members.iter().filter(|m| !w.got(m).is_empty()).count(), 20);
}

#[test]
fn bounced_mention_is_forgotten() {
    // 452-1
    let mut w = room_of_two(ON);
    mention(&mut w, "romeo", &["xmpp:juliet@example"]);
    let id = w.stanzas("juliet@example")[0].attr("id").expect("id").to_owned();
    w.clear();
    w.send("juliet@example", &format!("<message xmlns='jabber:client' type='error' id='{id}'><error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>"));
    assert!(w.silent());
}

#[test]
fn mentions_pass_and_permissions_for_them_are_not_offered() {
    // 513-1
    let mut w = room_of_two(&[]);
    let mention = "<mention xmlns='urn:xmpp:mentions:0' begin='0' end='6' jid='owner@example'/>";
    w.send(
        "romeo",
        &format!(
            "<message xmlns='jabber:client' type='groupchat' id='m1'><body>owner!</body>{mention}</message>"
        ),
    );
    assert!(w.stanzas("owner")[0].has_child("mention", "urn:xmpp:mentions:0"));
    w.send("romeo", "<iq xmlns='jabber:client' type='get' id='q'><query xmlns='urn:xmpp:mentions:0'/></iq>");
    assert_eq!(
        w.stanzas("romeo").last().map(line).as_deref(),
        Some("iq:error room cancel/service-unavailable")
    );
}
