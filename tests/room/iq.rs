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

/// The answer to a question about the room, as text.
fn info(w: &mut World) -> String {
    get(w, "stranger", ROOM, &format!("<query xmlns='{INFO}'/>"));
    conclave::wire::encode::element(&w.stanzas("stranger").pop().expect("an answer"))
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
    // 45-6.4-a, 45-6.4-b, 45-6.4-c, 45-7.4-e, 45-6-a, 45-16.2-a, 410-4, 199-1, trap 6
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
    // 45-6.4-d, 45-6.4-e, 45-14.4-a, 128-1, 45-6.5-a, 45-6.5-b, trap 39
    let mut w = room_of_two(&[("publicroom", "1"), ("roomdesc", "fair"), ("changesubject", "1")]);
    w.send("owner", "<message xmlns='jabber:client' type='groupchat'><subject>Tea</subject></message>");
    w.clear();
    let text = info(&mut w);
    let form_type =
        "<field type='hidden' var='FORM_TYPE'><value>http://jabber.org/protocol/muc#roominfo</value>";
    assert!(text.contains(&format!("<x xmlns='jabber:x:data' type='result'>{form_type}")), "{text}");
    for (var, value) in [
        ("muc#roominfo_occupants", "2"),
        ("muc#roominfo_description", "fair"),
        ("muc#roominfo_subjectmod", "1"),
        ("muc#roomconfig_changesubject", "1"),
    ] {
        assert!(text.contains(&format!("<field var='{var}'><value>{value}</value></field>")), "{text}");
    }
    for word in [
        "romeo",
        "owner@",
        "Tea",
        "muc#roominfo_subject'",
        "muc#roominfo_changesubject",
        "muc#roominfo_pubsub",
    ] {
        assert!(!text.contains(word), "{word}: {text}");
    }
    get(&mut w, "stranger", ROOM, "<query xmlns='http://jabber.org/protocol/disco#items'/>");
    let answer = w.stanzas("stranger").pop().expect("an answer");
    assert_eq!(answer.children().next().expect("query").children().count(), 0);
}

#[test]
fn room_that_shuts_people_out_does_not_tell_them_how_many_are_in() {
    // 45-14.4-a
    for fields in
        [&[][..], &[("publicroom", "1"), ("membersonly", "1")], &[("publicroom", "1"), ("roomsecret", "s")]]
    {
        let text = info(&mut World::with_room(fields));
        assert!(!text.contains("muc#roominfo_occupants"), "{text}");
    }
}

#[test]
fn room_is_called_by_its_name_or_by_its_address() {
    // 45-6.4-a
    assert!(info(&mut room_of_two(&[])).contains("<identity category='conference' name='r' type='text'/>"));
    let text = info(&mut room_of_two(&[("roomname", "Verona")]));
    assert!(text.contains("<identity category='conference' name='Verona' type='text'/>"), "{text}");
}

#[test]
fn absent_or_locked_room_is_not_found() {
    // 45-6.4-f, 030-1, trap 28
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
    // 45-G-e, 030-1, 45-18.1.1-d, 45-16.4-a, 199-1
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
    // 45-7.12-a, 45-7.12-c, 45-7.12-d, 45-7.12-f, 45-16.4-a
    let mut w = room_of_two(&[]);
    w.admin("owner", "<item affiliation='member' jid='romeo@example' nick='Montague'/>");
    w.clear();
    let query = format!("<query xmlns='{INFO}' node='x-roomuser-item'/>");
    let ask = |w: &mut World, who: &str| {
        get(w, who, ROOM, &query);
        let answer = w.stanzas(who).pop().expect("an answer");
        let query = answer.get_child("query", INFO).expect("query");
        assert_eq!(query.attr("node"), Some("x-roomuser-item"));
        query.children().next().map(|identity| {
            let words = ["category", "type", "name"].map(|name| identity.attr(name).unwrap_or_default());
            words.join("/")
        })
    };
    assert_eq!(ask(&mut w, "romeo"), Some("conference/text/Montague".to_owned()));
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
fn ping_of_another_is_passed_on() {
    // 410-4
    let mut w = room_of_two(&[]);
    get(&mut w, "romeo", "r@muc.example/owner", "<ping xmlns='urn:xmpp:ping'/>");
    assert_eq!(w.got("owner"), ["iq:get romeo <ping>"]);
    get(&mut w, "romeo", "r@muc.example/nobody", "<ping xmlns='urn:xmpp:ping'/>");
    assert_eq!(w.got("romeo"), ["iq:error nobody cancel/item-not-found"]);
}

#[test]
fn ping_of_somebody_who_is_not_in_the_room_is_not_acceptable() {
    // 410-3, 410-5, trap 9, trap 10
    let mut w = room_of_two(&[]);
    for nick in ["romeo", "nobody"] {
        get(&mut w, "stranger", &format!("{ROOM}/{nick}"), "<ping xmlns='urn:xmpp:ping'/>");
        let answer = w.stanzas("stranger");
        assert_eq!(crate::world::line(&answer[0]), format!("iq:error {nick} cancel/not-acceptable"));
        assert_eq!(answer[0].get_child("error", "jabber:client").and_then(|e| e.attr("by")), Some(ROOM));
    }
    let mut w = World::new();
    get(&mut w, "stranger", &format!("{ROOM}/romeo"), "<ping xmlns='urn:xmpp:ping'/>");
    assert_eq!(w.got("stranger"), ["iq:error romeo cancel/not-acceptable"]);
}

#[test]
fn who_is_banned_learns_what_any_stranger_does_and_no_more() {
    // 45-6.4-a, 45-6.4-b, 313-7, trap 76
    let mut w = room_of_two(&[("publicroom", "1"), ("roomdesc", "d")]);
    w.admin("owner", "<item affiliation='outcast' jid='banned@example'/>");
    w.clear();
    let mut ask = |who: &str, payload: &str| {
        get(&mut w, who, ROOM, payload);
        let mut answer = w.stanzas(who).pop().expect("an answer");
        conclave::wire::build::set_attr(&mut answer, "to", "somebody");
        conclave::wire::encode::element(&answer)
    };
    for payload in [
        format!("<query xmlns='{INFO}'/>"),
        "<query xmlns='http://jabber.org/protocol/disco#items'/>".to_owned(),
    ] {
        assert_eq!(ask("banned", &payload), ask("stranger", &payload), "{payload}");
    }
    for payload in ["<vCard xmlns='vcard-temp'/>", "<metadata xmlns='urn:xmpp:mam:2'/>"] {
        let answer = ask("banned", payload);
        assert!(answer.contains("<forbidden "), "{answer}");
    }
}

#[test]
fn discovery_of_an_occupant_from_outside_is_a_bad_request() {
    // 45-6.6-a, trap 9
    let mut w = room_of_two(&[]);
    for namespace in [INFO, "http://jabber.org/protocol/disco#items"] {
        get(&mut w, "stranger", "r@muc.example/romeo", &format!("<query xmlns='{namespace}'/>"));
        assert_eq!(w.got("stranger"), ["iq:error romeo modify/bad-request"]);
        assert!(w.silent());
    }
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

#[test]
fn what_is_not_built_is_neither_offered_nor_answered() {
    // 45-G-e, trap 64
    let mut w = room_of_two(&[]);
    let offered = features(&mut w);
    for (name, namespace) in
        [("search", "urn:xmpp:channel-search:0:search"), ("query", "urn:xmpp:mentions:0")]
    {
        assert!(!offered.iter().any(|var| var.starts_with(namespace)), "{namespace}");
        for type_ in ["get", "set"] {
            w.send(
                "romeo",
                &format!(
                    "<iq xmlns='jabber:client' type='{type_}' id='q'><{name} xmlns='{namespace}'/></iq>"
                ),
            );
            assert_eq!(w.got("romeo"), ["iq:error room cancel/service-unavailable"], "{namespace}");
        }
    }
    assert!(!offered.iter().any(|var| var == "urn:xmpp:rai:0"));
}
