//! Discovery, pings, and IQs between occupants (XEP-0045 §6, §17.4; XEP-0410).

use crate::world::{ROOM, World};

const INFO: &str = "http://jabber.org/protocol/disco#info";

fn get(w: &mut World, who: &str, to: &str, payload: &str) {
    w.send(who, &format!("<iq xmlns='jabber:client' type='get' id='q' to='{to}'>{payload}</iq>"));
}

fn room_of_two(fields: &[(&str, &str)]) -> World {
    let mut w = World::with_room(fields);
    w.join("romeo");
    w.clear();
    w
}

fn features(w: &mut World) -> Vec<String> {
    get(w, "stranger", ROOM, &format!("<query xmlns='{INFO}'/>"));
    let answer = w.stanzas("stranger").pop().expect("an answer");
    let query = answer.get_child("query", INFO).expect("query");
    let identity = query.get_child("identity", INFO).expect("identity");
    assert_eq!((identity.attr("category"), identity.attr("type")), (Some("conference"), Some("text")));
    query
        .children()
        .filter_map(|c| c.attr("var").filter(|_| c.name() == "feature").map(str::to_owned))
        .collect()
}

#[test]
fn room_tells_one_of_each_pair() {
    // 45-6.4-a, 45-6.4-b, 45-6.4-c, 45-6-a, 410-4
    let pairs = [
        ("publicroom", "muc_hidden", "muc_public"),
        ("membersonly", "muc_open", "muc_membersonly"),
        ("moderatedroom", "muc_unmoderated", "muc_moderated"),
        ("roomsecret", "muc_unsecured", "muc_passwordprotected"),
        ("persistentroom", "muc_temporary", "muc_persistent"),
    ];
    let off = features(&mut room_of_two(&[]));
    let fields: Vec<_> = pairs.iter().map(|p| (p.0, "1")).chain([("whois", "anyone")]).collect();
    let on = features(&mut World::with_room(&fields));
    for (no, yes) in pairs.iter().map(|p| (p.1, p.2)).chain([("muc_semianonymous", "muc_nonanonymous")]) {
        assert!(off.contains(&no.to_owned()) && !off.contains(&yes.to_owned()), "{no}");
        assert!(on.contains(&yes.to_owned()) && !on.contains(&no.to_owned()), "{yes}");
    }
    for var in [
        "http://jabber.org/protocol/muc",
        "http://jabber.org/protocol/muc#stable_id",
        "http://jabber.org/protocol/muc#self-ping-optimization",
        "urn:xmpp:ping",
    ] {
        assert!(off.contains(&var.to_owned()), "{var}");
    }
}

#[test]
fn room_information_has_no_subject_and_no_names() {
    // 45-6.4-d, 45-14.4-a, 128-1, 45-6.5-a, 45-6.5-b
    let mut w = room_of_two(&[("roomdesc", "fair")]);
    get(&mut w, "stranger", ROOM, &format!("<query xmlns='{INFO}'/>"));
    let answer = w.stanzas("stranger").pop().expect("an answer");
    let text = conclave::wire::encode::element(&answer);
    assert!(text.contains("<field var='muc#roominfo_occupants'><value>2</value></field>"), "{text}");
    assert!(text.contains("<field var='muc#roominfo_description'><value>fair</value></field>"), "{text}");
    assert!(!text.contains("romeo") && !text.contains("muc#roominfo_subject'"), "{text}");
    get(&mut w, "stranger", ROOM, "<query xmlns='http://jabber.org/protocol/disco#items'/>");
    let answer = w.stanzas("stranger").pop().expect("an answer");
    assert_eq!(answer.children().next().expect("query").children().count(), 0);
}

#[test]
fn absent_or_locked_room_is_not_found() {
    // 45-6.4-f, 030-1, 45-4.2-a, trap 28
    let mut w = World::new();
    let query = format!("<query xmlns='{INFO}'/>");
    get(&mut w, "stranger", ROOM, &query);
    assert_eq!(w.got("stranger"), ["iq:error room cancel/item-not-found"]);
    w.join("owner");
    get(&mut w, "stranger", ROOM, &query);
    assert_eq!(w.got("stranger"), ["iq:error room cancel/item-not-found"]);
}

#[test]
fn unknown_requests_and_nodes_are_answered() {
    // 45-G-e, 030-1, 45-18.1.1-d
    let mut w = room_of_two(&[]);
    for (payload, answer) in [
        ("<query xmlns='urn:unknown'/>", "iq:error room cancel/service-unavailable"),
        ("", "iq:error room modify/bad-request"),
        (&format!("<query xmlns='{INFO}' node='x'/>"), "iq:error room cancel/item-not-found"),
        (
            &format!("<query xmlns='{INFO}' node='http://jabber.org/protocol/muc#traffic'/>"),
            "iq:error room cancel/service-unavailable",
        ),
        ("<ping xmlns='urn:xmpp:ping'/>", "iq:result room"),
    ] {
        get(&mut w, "stranger", ROOM, payload);
        assert_eq!(w.got("stranger"), [answer], "{payload}");
    }
}

#[test]
fn reserved_nick_is_told_to_its_owner_only() {
    // 45-7.12-a, 45-7.12-c, 45-7.12-d, 45-7.12-f
    let mut w = room_of_two(&[]);
    w.admin("owner", "<item affiliation='member' jid='romeo@example' nick='Montague'/>");
    w.clear();
    let query = format!("<query xmlns='{INFO}' node='x-roomuser-item'/>");
    let ask = |w: &mut World, who: &str| {
        get(w, who, ROOM, &query);
        let answer = w.stanzas(who).pop().expect("an answer");
        let query = answer.get_child("query", INFO).expect("query");
        assert_eq!(query.attr("node"), Some("x-roomuser-item"));
        query.children().next().map(|i| i.attr("name").unwrap_or_default().to_owned())
    };
    assert_eq!(ask(&mut w, "romeo"), Some("Montague".to_owned()));
    assert_eq!(ask(&mut w, "stranger"), None);
}

#[test]
fn self_ping_is_answered_by_the_room() {
    // 410-1, 410-2
    let mut w = room_of_two(&[]);
    w.join("romeo/phone");
    w.clear();
    for who in ["romeo", "romeo/phone"] {
        get(&mut w, who, "r@muc.example/romeo", "<ping xmlns='urn:xmpp:ping'/>");
        assert_eq!(w.got(who), ["iq:result romeo"]);
    }
    assert!(w.silent());
}

#[test]
fn ping_of_somebody_who_is_not_in_the_room_is_not_acceptable() {
    // 410-3, 410-5, trap 9, trap 10
    let mut w = room_of_two(&[]);
    for nick in ["romeo", "nobody"] {
        get(&mut w, "stranger", &format!("{ROOM}/{nick}"), "<ping xmlns='urn:xmpp:ping'/>");
        assert_eq!(w.got("stranger"), [format!("iq:error {nick} cancel/not-acceptable")]);
    }
    let mut w = World::new();
    get(&mut w, "stranger", &format!("{ROOM}/romeo"), "<ping xmlns='urn:xmpp:ping'/>");
    assert_eq!(w.got("stranger"), ["iq:error romeo cancel/not-acceptable"]);
}

#[test]
fn discovery_of_an_occupant_from_outside_is_a_bad_request() {
    // 45-6.6-a, trap 9
    let mut w = room_of_two(&[]);
    get(&mut w, "stranger", "r@muc.example/romeo", &format!("<query xmlns='{INFO}'/>"));
    assert_eq!(w.got("stranger"), ["iq:error romeo modify/bad-request"]);
}

#[test]
fn request_between_occupants_hides_both_addresses_and_ids() {
    // 45-6.6-b, 45-17.4-b, 45-17.4-c, trap 53
    let mut w = room_of_two(&[]);
    get(&mut w, "romeo", "r@muc.example/owner", &format!("<query xmlns='{INFO}'/>"));
    let passed = w.stanzas("owner").pop().expect("passed on");
    assert_eq!(passed.attr("from"), Some("r@muc.example/romeo"));
    let id = passed.attr("id").expect("id").to_owned();
    assert_ne!(id, "q");
    // Somebody else cannot answer in place of the asked.
    w.send(
        "mallory",
        &format!("<iq xmlns='jabber:client' type='result' id='{id}' to='r@muc.example/romeo'/>"),
    );
    assert!(w.silent());
    w.send("owner", &format!("<iq xmlns='jabber:client' type='error' id='{id}' to='r@muc.example/romeo'><error type='cancel' by='owner@example'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"));
    let answer = w.stanzas("romeo").pop().expect("answered");
    assert_eq!((answer.attr("from"), answer.attr("id")), (Some("r@muc.example/owner"), Some("q")));
    assert!(!conclave::wire::encode::element(&answer).contains("owner@example"));
    // It is answered once.
    w.send("owner", &format!("<iq xmlns='jabber:client' type='result' id='{id}' to='r@muc.example/romeo'/>"));
    assert!(w.silent());
}

#[test]
fn request_for_a_vcard_goes_to_the_account() {
    // trap 53
    let mut w = room_of_two(&[]);
    get(&mut w, "romeo", "r@muc.example/owner", "<vCard xmlns='vcard-temp'/>");
    let passed = w.stanzas("owner@example").pop().expect("passed on");
    let id = passed.attr("id").expect("id").to_owned();
    w.send("owner@example", &format!("<iq xmlns='jabber:client' type='result' id='{id}' to='r@muc.example/romeo'><vCard xmlns='vcard-temp'/></iq>"));
    assert_eq!(w.got("romeo"), ["iq:result owner <vCard>"]);
}

#[test]
fn request_to_nobody_is_not_found_and_from_outside_not_acceptable() {
    // trap 9
    let mut w = room_of_two(&[]);
    get(&mut w, "romeo", "r@muc.example/nobody", "<query xmlns='jabber:iq:version'/>");
    assert_eq!(w.got("romeo"), ["iq:error nobody cancel/item-not-found"]);
    get(&mut w, "stranger", "r@muc.example/romeo", "<query xmlns='jabber:iq:version'/>");
    assert_eq!(w.got("stranger"), ["iq:error romeo cancel/not-acceptable"]);
}
