//! Messages, invitations, lists of affiliations.

use minidom::Element;

use super::*;
use crate::world::{ROOM, World, line};

#[test]
fn message_is_not_acceptable_only_from_outside() {
    // clients-error-l, clients-error-m
    let mut w = World::with_room(&[
        ("moderatedroom", "1"),
        ("allowpm", "moderators"),
        ("x-muc#roomconfig_pace", "1"),
    ]);
    w.join("romeo");
    w.admin("owner", "<item jid='nurse@example' affiliation='member'/>");
    w.join("nurse");
    w.service.limits.subject_bytes_max = 4;
    w.configure("owner", &[("changesubject", "1")]);
    let x = |inside: &str| format!("<x xmlns='{MUC_USER}'>{inside}</x>");
    let voice = "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#request</value></field></x>";
    for (who, attributes, inside, expected) in [
        ("romeo", "type='groupchat'", "<body>hi</body>".to_owned(), "auth/forbidden"),
        ("romeo", "type='groupchat'", "<subject>hi</subject>".to_owned(), "auth/forbidden"),
        ("nurse", "type='groupchat'", "<subject>too long</subject>".to_owned(), "modify/policy-violation"),
        ("romeo", "type='chat' to='r@muc.example/owner'", "<body>hi</body>".to_owned(), "auth/forbidden"),
        (
            "romeo",
            "type='chat' to='r@muc.example/nobody'",
            "<body>hi</body>".to_owned(),
            // Who may not write to anybody does not learn by it who is here.
            "auth/forbidden",
        ),
        ("romeo", "type='chat'", "<body>hi</body>".to_owned(), "modify/bad-request"),
        ("nurse", "", voice.to_owned(), "modify/bad-request"),
        ("romeo", "", x(&"<invite to='a@example'/>".repeat(51)), "modify/policy-violation"),
        ("stranger", "type='groupchat'", "<body>hi</body>".to_owned(), "modify/not-acceptable"),
        (
            "stranger",
            "type='chat' to='r@muc.example/owner'",
            "<body>hi</body>".to_owned(),
            "cancel/not-acceptable",
        ),
    ] {
        w.clear();
        message(&mut w, who, &format!("id='m7' {attributes}"), &inside);
        let answers = w.stanzas(who);
        assert_eq!(answers.len(), 1, "{who}: {inside}");
        assert_eq!((answers[0].name(), answers[0].attr("id")), ("message", Some("m7")));
        assert_eq!(error(&answers[0]), expected, "{who}: {inside}");
        assert!(w.silent());
    }
}

#[test]
fn own_ids_come_back_as_they_were_sent() {
    // clients-feature-b
    let mut w = open();
    message(
        &mut w,
        "owner",
        "type='groupchat' id='u-1'",
        "<body>hi</body><origin-id xmlns='urn:xmpp:sid:0' id='u-2'/>",
    );
    let back = &w.stanzas("owner")[0];
    assert_eq!(back.attr("id"), Some("u-1"));
    assert_eq!(back.get_child("origin-id", "urn:xmpp:sid:0").and_then(|o| o.attr("id")), Some("u-2"));
}

#[test]
fn markers_and_calls_pass_as_they_are() {
    // clients-feature-q, 333-1
    let mut w = open();
    w.join("romeo");
    w.clear();
    message(
        &mut w,
        "romeo",
        "type='groupchat' id='d'",
        "<displayed xmlns='urn:xmpp:chat-markers:0' id='abc'/>",
    );
    let marker = &w.stanzas("owner")[0];
    assert_eq!(line(marker), "message:groupchat romeo <displayed>");
    assert_eq!(marker.children().next().and_then(|d| d.attr("id")), Some("abc"));
    let muji = "<muji xmlns='urn:xmpp:jingle:muji:0'><preparing/><content name='a'/></muji>";
    w.clear();
    w.send("romeo", &format!("<presence xmlns='{CLIENT}' to='{ROOM}/romeo'>{muji}</presence>"));
    for who in ["owner", "romeo"] {
        let shown = &w.stanzas(who)[0];
        let muji = shown.get_child("muji", "urn:xmpp:jingle:muji:0").expect("it is reflected");
        let names: Vec<_> = muji.children().map(Element::name).collect();
        assert_eq!(names, ["preparing", "content"], "{who}");
    }
}

#[test]
fn invitation_keeps_what_the_room_does_not_know() {
    // clients-feature-p
    let mut w = open();
    message(
        &mut w,
        "owner",
        "id='i'",
        &format!(
            "<x xmlns='{MUC_USER}'><invite to='romeo@example'><reason>tea</reason><quick xmlns='urn:example:chat'/></invite></x>"
        ),
    );
    let invitation = w.stanzas("romeo@example").pop().expect("an invitation");
    let invite =
        invitation.get_child("x", MUC_USER).and_then(|x| x.get_child("invite", MUC_USER)).expect("invite");
    assert!(invite.has_child("quick", "urn:example:chat") && invite.has_child("reason", MUC_USER));
}

#[test]
fn voice_is_asked_for_by_the_form_that_moderators_know() {
    // clients-feature-n
    let mut w = World::with_room(&[("moderatedroom", "1")]);
    w.join("romeo");
    w.clear();
    message(
        &mut w,
        "romeo",
        "id='v'",
        "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#request</value></field></x>",
    );
    let request = w.stanzas("owner").pop().expect("a request");
    let fields = fields(request.get_child("x", DATA).expect("a form"));
    for var in ["muc#role", "muc#jid", "muc#roomnick", "muc#request_allow"] {
        assert!(fields.iter().any(|field| field.attr("var") == Some(var)), "{var}");
    }
    assert!(features(&mut w).contains(&"http://jabber.org/protocol/muc#request".to_owned()));
}

#[test]
fn notice_about_somebody_absent_has_the_address_or_is_not_sent() {
    // clients NEW-10, clients-check-k
    let mut w = open();
    w.join("romeo");
    for affiliation in ["member", "admin", "owner", "none", "outcast"] {
        w.clear();
        w.admin("owner", &format!("<item jid='nurse@example' affiliation='{affiliation}'/>"));
        let notices: Vec<Element> =
            w.stanzas("owner").into_iter().filter(|s| s.name() == "message").collect();
        assert_eq!(notices.len(), 1, "{affiliation}");
        let items: Vec<_> = notices[0]
            .get_child("x", MUC_USER)
            .expect("x")
            .children()
            .filter(|c| c.name() == "item")
            .collect();
        assert_eq!(items.len(), 1);
        assert_eq!(items[0].attr("jid"), Some("nurse@example"));
        assert_eq!(items[0].attr("affiliation"), Some(affiliation));
        assert!(w.silent(), "who sees no addresses gets nothing: {affiliation}");
    }
}

#[test]
fn none_for_somebody_without_affiliation_changes_nothing() {
    // clients-feature-o
    let mut w = open();
    w.join("romeo");
    w.clear();
    w.admin("owner", "<item jid='nurse@example' affiliation='none'/>");
    assert_eq!(w.got("owner"), ["iq:result room"]);
    assert!(w.silent());
    for jid in ["nurse@example", "owner@example"] {
        w.admin("romeo", &format!("<item jid='{jid}' affiliation='none'/>"));
        assert_eq!(error(&w.stanzas("romeo")[0]), "auth/forbidden");
        assert!(w.silent());
    }
}

#[test]
fn private_group_has_what_encryption_needs() {
    // clients-feature-h, clients-feature-i
    let mut w = World::with_room(&[("membersonly", "1"), ("whois", "anyone")]);
    w.admin(
        "owner",
        "<item jid='romeo@example' affiliation='member'/><item jid='friends.example' affiliation='member'/>",
    );
    w.join("romeo");
    let features = features(&mut w);
    assert!(["muc_membersonly", "muc_nonanonymous"].iter().all(|var| features.iter().any(|f| f == var)));
    let presences = w.stanzas("romeo");
    let jid =
        |s: &Element| s.get_child("x", MUC_USER)?.get_child("item", MUC_USER)?.attr("jid").map(str::to_owned);
    assert_eq!(jid(&presences[0]).as_deref(), Some("owner@example/pc"));
    let list = w.list("romeo", "<item affiliation='member'/>");
    assert!(list[0].contains("jid=romeo@example") && list[0].contains("jid=friends.example"), "{list:?}");
    w.join_as("nurse@friends.example/x", "nurse", "");
    assert_eq!(codes(&w.stanzas("nurse@friends.example/x")[2]), ["100", "110"]);
    w.clear();
    w.admin("owner", "<item jid='juliet@example' affiliation='member'/>");
    assert!(w.got("romeo")[0].contains("jid=juliet@example"), "and of members who are away");
}
