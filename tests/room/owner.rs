//! Configuration and destruction (XEP-0045 §10.1, §10.2, §10.9).

use crate::world::World;

const DONE: &str = "iq:result room";

fn room_of_two(fields: &[(&str, &str)]) -> World {
    let mut w = World::with_room(fields);
    w.join("romeo");
    w.clear();
    w
}

fn form(w: &mut World, who: &str) -> Vec<(String, String, String)> {
    w.clear();
    w.send(who, "<iq xmlns='jabber:client' type='get' id='f'><query xmlns='http://jabber.org/protocol/muc#owner'/></iq>");
    let answer = w.stanzas(who).pop().expect("an answer");
    let query = answer.get_child("query", "http://jabber.org/protocol/muc#owner").expect("a query");
    let x = query.get_child("x", "jabber:x:data").expect("a form");
    x.children()
        .filter(|c| c.name() == "field")
        .map(|f| {
            let values: Vec<_> = f.children().filter(|c| c.name() == "value").map(|v| v.text()).collect();
            (
                f.attr("var").unwrap_or_default().to_owned(),
                f.attr("type").unwrap_or_default().to_owned(),
                values.join(","),
            )
        })
        .collect()
}

fn value(w: &mut World, var: &str) -> String {
    let var = if var.contains('#') { var.to_owned() } else { format!("muc#roomconfig_{var}") };
    form(w, "owner").into_iter().find(|f| f.0 == var).expect("the field").2
}

#[test]
fn form_has_every_field_of_the_registry() {
    // 45-10.1.1-d, 45-10.1.3-a, 45-10.2-b, 45-3-a
    let mut w = room_of_two(&[]);
    let vars: Vec<_> = form(&mut w, "owner").into_iter().map(|f| f.0).collect();
    for var in [
        "allowpm",
        "allowinvites",
        "changesubject",
        "enablelogging",
        "getmemberlist",
        "lang",
        "pubsub",
        "maxusers",
        "membersonly",
        "moderatedroom",
        "passwordprotectedroom",
        "persistentroom",
        "publicroom",
        "presencebroadcast",
        "roomadmins",
        "roomowners",
        "roomdesc",
        "roomname",
        "roomsecret",
        "whois",
    ] {
        assert!(vars.contains(&format!("muc#roomconfig_{var}")), "{var}");
    }
    assert!(vars.contains(&"muc#maxhistoryfetch".to_owned()));
    assert_eq!(vars[0], "FORM_TYPE");
    // The creator of a room that is still locked gets the same, and so does an owner who is not in the room.
    let mut w = World::new();
    w.join("owner");
    assert_eq!(form(&mut w, "owner").into_iter().map(|f| f.0).collect::<Vec<_>>(), vars);
    w.configure("owner", &[("persistentroom", "1")]);
    w.send("owner", "<presence xmlns='jabber:client' type='unavailable' to='r@muc.example/owner'/>");
    assert_eq!(form(&mut w, "owner").into_iter().map(|f| f.0).collect::<Vec<_>>(), vars);
    assert_eq!(value(&mut w, "persistentroom"), "1");
}

#[test]
fn only_owners_configure() {
    // 45-10.2-a, 45-10.9-f
    let mut w = room_of_two(&[]);
    w.admin("owner", "<item affiliation='admin' jid='romeo@example'/>");
    w.clear();
    for who in ["romeo", "stranger"] {
        for payload in [
            "<x xmlns='jabber:x:data' type='submit'/>",
            "<x xmlns='jabber:x:data' type='cancel'/>",
            "<destroy/>",
        ] {
            w.owner(who, payload);
            assert_eq!(w.got(who), ["iq:error room auth/forbidden"]);
        }
        w.send(who, "<iq xmlns='jabber:client' type='get' id='f'><query xmlns='http://jabber.org/protocol/muc#owner'/></iq>");
        assert_eq!(w.got(who), ["iq:error room auth/forbidden"]);
    }
    assert!(w.silent());
}

#[test]
fn result_comes_before_the_codes() {
    // 45-10.1.3-b, 45-10.2.1-a, 45-10.2.1-c, trap 1
    let mut w = room_of_two(&[]);
    w.configure("owner", &[("roomname", "Verona")]);
    assert_eq!(w.got("owner"), [DONE, "message:groupchat room 104"]);
    assert_eq!(w.got("romeo"), ["message:groupchat room 104"]);
}

#[test]
fn nothing_changed_is_nothing_said() {
    // 45-10.2-l, 45-10.2.1-c, trap 2
    let mut w = room_of_two(&[("roomname", "Verona")]);
    w.configure("owner", &[("roomname", "Verona"), ("no#such_field", "x")]);
    assert_eq!(w.got("owner"), [DONE]);
    assert!(w.silent());
}

#[test]
fn absent_fields_keep_their_value_and_empty_ones_are_cleared() {
    // 45-10.2-l, 004-2
    let mut w = room_of_two(&[("roomname", "Verona"), ("roomdesc", "fair"), ("maxusers", "50")]);
    w.configure("owner", &[("roomdesc", ""), ("moderatedroom", "true")]);
    assert_eq!(value(&mut w, "roomname"), "Verona");
    assert_eq!(value(&mut w, "roomdesc"), "");
    assert_eq!(value(&mut w, "maxusers"), "50");
    assert_eq!(value(&mut w, "moderatedroom"), "1");
}

#[test]
fn bad_value_names_its_field_and_changes_nothing() {
    // 45-10.1.3-c, 004-2, 004-3
    let mut w = room_of_two(&[("roomname", "Verona")]);
    for (var, bad) in [
        ("whois", "none"),
        ("maxusers", "many"),
        ("maxusers", "999999"),
        ("membersonly", "perhaps"),
        ("allowpm", "friends"),
        ("presencebroadcast", "king"),
        ("lang", "no tag"),
        ("muc#maxhistoryfetch", "-1"),
        ("roomowners", "a b@c"),
    ] {
        w.configure("owner", &[("roomname", "Mantua"), (var, bad)]);
        let answer = w.stanzas("owner").pop().expect("an answer");
        assert_eq!(crate::world::line(&answer), "iq:error room modify/not-acceptable", "{var}");
        let text: String = answer.children().flat_map(|e| e.children()).map(|c| c.text()).collect();
        assert!(text.contains(var), "{text}");
        assert_eq!(value(&mut w, "roomname"), "Verona");
    }
}

#[test]
fn protection_needs_a_password() {
    // 45-10.1.3-c, trap 37
    let mut w = World::new();
    w.join("owner");
    w.clear();
    w.configure("owner", &[("passwordprotectedroom", "1")]);
    assert_eq!(w.got("owner"), ["iq:error room modify/not-acceptable"]);
    w.join("romeo");
    assert_eq!(w.got("romeo"), ["error romeo cancel/item-not-found"]);
    w.configure("owner", &[("roomsecret", "s")]);
    assert_eq!(value(&mut w, "passwordprotectedroom"), "1");
    w.configure("owner", &[("roomsecret", "")]);
    assert_eq!(value(&mut w, "passwordprotectedroom"), "0");
}

#[test]
fn privacy_codes_come_together_with_104() {
    // 45-10.2.1-b, 45-14.3-a, 45-14.5-a, trap 2
    let mut w = room_of_two(&[]);
    w.configure("owner", &[("whois", "anyone"), ("enablelogging", "1")]);
    let codes: Vec<_> = w.got("romeo").into_iter().filter(|l| l.starts_with("message")).collect();
    assert_eq!(codes, ["message:groupchat room 104 172 170"]);
    w.clear();
    w.configure("owner", &[("whois", "moderators"), ("enablelogging", "0")]);
    let codes: Vec<_> = w.got("romeo").into_iter().filter(|l| l.starts_with("message")).collect();
    assert_eq!(codes, ["message:groupchat room 104 173 171"]);
}

#[test]
fn switch_of_whois_shows_or_hides_addresses_at_once() {
    // trap 30
    let mut w = room_of_two(&[]);
    w.configure("owner", &[("whois", "anyone")]);
    assert_eq!(w.got("romeo")[0], "available owner [owner moderator jid=owner@example/pc]");
    w.configure("owner", &[("whois", "moderators")]);
    assert_eq!(w.got("romeo")[0], "available owner [owner moderator]");
}

#[test]
fn members_only_removes_non_members_with_322() {
    // 45-10.2-k
    let mut w = room_of_two(&[]);
    w.join("juliet");
    w.admin("owner", "<item affiliation='member' jid='juliet@example'/>");
    w.clear();
    w.configure("owner", &[("membersonly", "1")]);
    assert_eq!(w.got("romeo"), ["unavailable romeo 322 [none none jid=romeo@example/pc] 110"]);
    assert_eq!(w.got("juliet"), ["unavailable romeo 322 [none none]", "message:groupchat room 104"]);
}

#[test]
fn form_changes_as_many_affiliations_as_a_request_of_an_admin() {
    // trap 36
    let mut w = World::with_room(&[]);
    let all: Vec<String> = (0..4).map(|n| format!("a{n}@x")).collect();
    let items = |all: &[String]| {
        all.iter().map(|jid| format!("<item affiliation='admin' jid='{jid}'/>")).collect::<String>()
    };
    w.admin("owner", &items(&all));
    w.service.limits.items_max = 3;
    w.clear();
    // An account that is missing on the list is an admin no more.
    w.configure("owner", &[("roomadmins", "")]);
    assert_eq!(w.got("owner"), ["iq:error room modify/policy-violation"]);
    w.configure("owner", &[("roomadmins", "a0@x")]);
    assert!(w.got("owner").iter().any(|line| line == DONE));
}

#[test]
fn lists_in_the_form_are_whole_lists() {
    // 45-10.2-e, 45-10.2-f, 45-10.2-g, 45-10.2-i, 45-10.2-j, trap 36
    let mut w = room_of_two(&[]);
    w.join("juliet");
    w.clear();
    w.configure("owner", &[("roomadmins", "romeo@example"), ("roomowners", "owner@example,juliet@example")]);
    let got = w.got("owner");
    assert!(
        got.contains(&"available romeo [admin moderator jid=romeo@example/pc actor=owner]".to_owned()),
        "{got:?}"
    );
    assert!(
        got.contains(&"available juliet [owner moderator jid=juliet@example/pc actor=owner]".to_owned()),
        "{got:?}"
    );
    w.configure("owner", &[("roomowners", "owner@example")]);
    let told = |w: &mut World, line: &str| {
        let got = w.got("romeo");
        assert!(got.contains(&line.to_owned()), "{got:?}");
    };
    told(&mut w, "available juliet [admin moderator jid=juliet@example/pc actor=owner]");
    assert_eq!(
        w.list("owner", "<item affiliation='admin'/>"),
        ["iq:result room [admin jid=juliet@example] [admin jid=romeo@example]"]
    );
    w.configure("owner", &[("roomadmins", "")]);
    told(&mut w, "available juliet [member participant jid=juliet@example/pc actor=owner]");
    assert_eq!(w.list("owner", "<item affiliation='admin'/>"), ["iq:result room"]);
    assert_eq!(
        w.list("owner", "<item affiliation='member'/>"),
        ["iq:result room [member jid=juliet@example] [member jid=romeo@example]"]
    );
    // An owner leaves the list to others.
    w.configure("owner", &[("roomowners", "romeo@example")]);
    told(&mut w, "available owner [admin moderator actor=owner]");
    assert_eq!(w.list("romeo", "<item affiliation='owner'/>"), ["iq:result room [owner jid=romeo@example]"]);
    // On both lists is an owner.
    w.configure("romeo", &[("roomowners", "romeo@example,juliet@example"), ("roomadmins", "juliet@example")]);
    assert_eq!(
        w.list("romeo", "<item affiliation='owner'/>"),
        ["iq:result room [owner jid=juliet@example] [owner jid=romeo@example]"]
    );
}

#[test]
fn form_cannot_take_the_last_owner() {
    // 45-10.2-h, trap 35
    let mut w = room_of_two(&[]);
    for owners in ["", " "] {
        w.configure("owner", &[("roomname", "New"), ("roomowners", owners)]);
        assert_eq!(w.got("owner"), ["iq:error room cancel/conflict"]);
    }
    assert_eq!(value(&mut w, "roomname"), "");
    assert_eq!(value(&mut w, "roomowners"), "owner@example");
}

#[test]
fn cancel_leaves_a_configured_room_alone() {
    // 45-10.2-d
    let mut w = room_of_two(&[]);
    w.owner("owner", "<x xmlns='jabber:x:data' type='cancel'/>");
    assert_eq!(w.got("owner"), [DONE]);
    assert!(w.room.exists());
}

#[test]
fn cancel_of_the_first_form_destroys_the_room() {
    // 45-10.1.1-h
    let mut w = World::new();
    w.join("owner");
    w.clear();
    w.owner("owner", "<x xmlns='jabber:x:data' type='cancel'/>");
    assert_eq!(w.got("owner"), ["unavailable owner <destroy> [none none jid=owner@example/pc] 110", DONE]);
    assert!(!w.room.exists());
}

#[test]
fn creator_who_leaves_before_configuring_takes_the_room_along() {
    // 45-10.1.3-d
    let mut w = World::new();
    w.join("owner");
    w.clear();
    w.send("owner", "<presence xmlns='jabber:client' type='unavailable' to='r@muc.example/owner'/>");
    assert_eq!(
        w.got("owner"),
        [
            "unavailable owner [owner none jid=owner@example/pc] 110",
            "unavailable owner <destroy> [none none jid=owner@example/pc] 110"
        ]
    );
    w.join("romeo");
    assert_eq!(w.got("romeo")[0], "available romeo 201 [owner moderator jid=romeo@example/pc] 110");
}

#[test]
fn destroyed_room_tells_each_occupant_once() {
    // 45-10.9-a, 45-10.9-b, 45-10.9-c, 45-10.9-d, 45-10.9-e
    let mut w = room_of_two(&[("persistentroom", "1")]);
    w.owner("owner", "<destroy jid='new@muc.example'><reason>moved</reason><password>s</password></destroy>");
    assert_eq!(
        w.got("romeo"),
        [
            "unavailable romeo <destroy jid=new@muc.example password=s reason=moved> [none none jid=romeo@example/pc] 110"
        ]
    );
    assert_eq!(
        w.got("owner"),
        [
            "unavailable owner <destroy jid=new@muc.example password=s reason=moved> [none none jid=owner@example/pc] 110",
            DONE
        ]
    );
    assert!(!w.room.exists());
    // By an owner who is not there, and without a word.
    let mut w = room_of_two(&[("persistentroom", "1")]);
    w.send("owner", "<presence xmlns='jabber:client' type='unavailable' to='r@muc.example/owner'/>");
    w.clear();
    w.owner("owner", "<destroy/>");
    assert_eq!(w.got("owner"), [DONE]);
    assert_eq!(w.got("romeo"), ["unavailable romeo <destroy> [none none jid=romeo@example/pc] 110"]);
}

#[test]
fn request_of_neither_form_nor_destroy_is_bad() {
    // 45-19-a
    let mut w = room_of_two(&[]);
    for payload in [
        "",
        "<x xmlns='jabber:x:data' type='form'/>",
        "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>urn:other</value></field></x>",
    ] {
        w.owner("owner", payload);
        assert_eq!(w.got("owner"), ["iq:error room modify/bad-request"]);
    }
    w.owner("owner", "<destroy jid='a b@c'/>");
    assert_eq!(w.got("owner"), ["iq:error room modify/jid-malformed"]);
}

#[test]
fn switch_of_moderation_leaves_roles_as_they_are() {
    // trap 29
    let mut w = World::with_room(&[("moderatedroom", "1")]);
    w.join("muted");
    w.configure("owner", &[("moderatedroom", "0")]);
    w.clear();
    w.say("muted", "am I free?");
    assert_eq!(w.got("muted"), ["message:error room auth/forbidden"]);
    w.join("romeo");
    w.say("romeo", "I am");
    assert_eq!(w.got("romeo").last().expect("a message"), "message:groupchat romeo body=I am");
    w.configure("owner", &[("moderatedroom", "1")]);
    w.say("romeo", "still");
    assert_eq!(w.got("romeo").last().expect("a message"), "message:groupchat romeo body=still");
}

#[test]
fn number_of_occupants_is_read_as_clients_write_it() {
    // 004-3, trap 37
    let mut w = room_of_two(&[]);
    for (written, read) in
        [("37", "37"), ("0", "none"), ("50", "50"), ("none", "none"), ("5", "5"), ("", "none")]
    {
        w.configure("owner", &[("maxusers", written)]);
        assert_eq!(value(&mut w, "maxusers"), read, "{written:?}");
    }
}
