//! Registration, reserved and locked nicks (XEP-0045 §7.10; XEP-0077), and what the operator decides.

use crate::world::{ROOM, World};

const DONE: &str = "iq:result room";

fn register(w: &mut World, who: &str, type_: &str, inside: &str) -> Vec<String> {
    w.send(who, &format!("<iq xmlns='jabber:client' type='{type_}' id='r'><query xmlns='jabber:iq:register'>{inside}</query></iq>"));
    w.got(who)
}

fn nick(nick: &str) -> String {
    format!(
        "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#register</value></field>\
             <field var='muc#register_roomnick'><value>{nick}</value></field></x>"
    )
}

fn open_room(fields: &[(&str, &str)]) -> World {
    let fields: Vec<_> = fields.iter().copied().chain([("x-muc#roomconfig_registration", "1")]).collect();
    let mut w = World::with_room(&fields);
    w.join("romeo");
    w.join("juliet");
    w.clear();
    w
}

#[test]
fn stranger_registers_and_is_a_member_with_a_nick() {
    // 45-7.10-a, 45-7.10-b, 45-7.10-f, 45-7.10-j, 45-7.10-k, 45-7.10-l, trap 1
    let mut w = open_room(&[]);
    w.send("romeo", "<iq xmlns='jabber:client' type='get' id='r'><query xmlns='jabber:iq:register'/></iq>");
    let answer = w.stanzas("romeo").pop().expect("a form");
    let text = conclave::wire::encode::element(&answer);
    assert!(
        text.contains("muc#register_roomnick")
            && text.contains("<required/>")
            && !text.contains("<registered/>"),
        "{text}"
    );
    assert_eq!(
        register(&mut w, "romeo", "set", &nick("Montague")),
        ["available romeo [member participant jid=romeo@example/pc] 110", DONE,]
    );
    assert_eq!(w.got("juliet"), ["available romeo [member participant]"]);
    assert_eq!(
        w.list("owner", "<item affiliation='member'/>"),
        ["iq:result room [member jid=romeo@example nick=Montague]"]
    );
    // 45-7.10-e
    w.send("romeo", "<iq xmlns='jabber:client' type='get' id='r'><query xmlns='jabber:iq:register'/></iq>");
    let text = conclave::wire::encode::element(&w.stanzas("romeo").pop().expect("an answer"));
    assert!(text.contains("<registered/><username>Montague</username>"), "{text}");
}

#[test]
fn registration_that_is_not_allowed_is_refused() {
    // 45-7.10-c, 45-7.10-d, trap 46
    let mut w = World::with_room(&[]);
    w.admin("owner", "<item affiliation='outcast' jid='tybalt@example'/>");
    for who in ["stranger", "tybalt"] {
        assert_eq!(register(&mut w, who, "get", ""), ["iq:error room cancel/not-allowed"]);
        assert_eq!(register(&mut w, who, "set", &nick("n")), ["iq:error room cancel/not-allowed"]);
    }
    let mut w = World::new();
    assert_eq!(register(&mut w, "stranger", "get", ""), ["iq:error room cancel/item-not-found"]);
}

#[test]
fn nick_of_another_cannot_be_registered() {
    // 45-7.10-g
    let mut w = open_room(&[]);
    assert_eq!(register(&mut w, "romeo", "set", &nick("JULIET")), ["iq:error room cancel/conflict"]);
    assert_eq!(register(&mut w, "juliet", "set", &nick("Capulet")).last().expect("answer"), DONE);
    w.clear();
    assert_eq!(register(&mut w, "romeo", "set", &nick("capulet")), ["iq:error room cancel/conflict"]);
}

#[test]
fn nick_that_no_address_can_have_is_not_reserved() {
    // 45-17.1-a
    let mut w = open_room(&[("x-muc#roomconfig_reservednick", "1")]);
    let refused = ["iq:error room modify/jid-malformed"];
    assert_eq!(register(&mut w, "romeo", "set", &nick("Mon&#9;tague")), refused);
    w.admin("owner", "<item affiliation='member' jid='juliet@example' nick='Cap&#10;ulet'/>");
    assert_eq!(w.got("owner"), refused);
    // Whoever had such a nick reserved could not have been let in under it.
    w.join("romeo/phone");
    let entered = w.got("romeo/phone");
    assert!(entered.iter().any(|l| l.starts_with("available romeo") && l.ends_with("110")), "{entered:?}");
}

#[test]
fn request_without_a_good_form_is_a_bad_request() {
    // 45-7.10-i, 077-2
    let mut w = open_room(&[]);
    for inside in [
        "",
        "<username>x</username>",
        "<x xmlns='jabber:x:data' type='submit'/>",
        "<x xmlns='jabber:x:data' type='result'/>",
        "<remove/><username>x</username>",
    ] {
        assert_eq!(
            register(&mut w, "romeo", "set", inside),
            ["iq:error room modify/bad-request"],
            "{inside}"
        );
    }
}

#[test]
fn removal_frees_the_nick_and_the_membership() {
    // 077-1, 077-2, trap 46
    let mut w = open_room(&[]);
    assert_eq!(register(&mut w, "romeo", "set", "<remove/>"), ["iq:error room auth/registration-required"]);
    register(&mut w, "romeo", "set", &nick("Montague"));
    w.clear();
    assert_eq!(register(&mut w, "romeo", "set", "<remove/>").last().expect("answer"), DONE);
    assert_eq!(w.got("juliet"), ["available romeo [none participant]"]);
    assert_eq!(register(&mut w, "juliet", "set", &nick("montague")).last().expect("answer"), DONE);
    // An owner stays one: only the nick goes.
    register(&mut w, "owner", "set", &nick("Boss"));
    register(&mut w, "owner", "set", "<remove/>");
    assert_eq!(w.list("owner", "<item affiliation='owner'/>"), ["iq:result room [owner jid=owner@example]"]);
}

#[test]
fn ban_frees_the_registered_nick() {
    // 45-9.1-b, 45-9.2-d
    let mut w = open_room(&[]);
    register(&mut w, "romeo", "set", &nick("Montague"));
    w.admin("owner", "<item affiliation='outcast' jid='romeo@example'/>");
    w.clear();
    assert_eq!(register(&mut w, "juliet", "set", &nick("Montague")).last().expect("answer"), DONE);
}

#[test]
fn locked_nick_is_given_on_entry_with_210() {
    // 45-7.2.2-f, 45-7.2.2-g, 45-7.10-n, 45-18.1-f, trap 16
    let mut w = open_room(&[("x-muc#roomconfig_reservednick", "1")]);
    w.admin("owner", "<item affiliation='member' jid='nurse@example' nick='Angelica'/>");
    w.clear();
    w.join_as("nurse", "anything", "");
    assert!(
        w.got("nurse")
            .contains(&"available Angelica 210 [member participant jid=nurse@example/pc] 110".to_owned())
    );
    assert_eq!(w.got("juliet"), ["available Angelica [member participant]"]);
}

#[test]
fn locked_nick_cannot_be_changed() {
    // 45-7.6-g, trap 16
    let mut w = open_room(&[("x-muc#roomconfig_reservednick", "1")]);
    w.admin("owner", "<item affiliation='member' jid='romeo@example' nick='romeo'/>");
    w.clear();
    w.send("romeo", &format!("<presence xmlns='jabber:client' to='{ROOM}/other'/>"));
    assert_eq!(w.got("romeo"), ["error other cancel/not-acceptable"]);
    assert!(w.silent());
}

#[test]
fn registration_in_a_room_of_locked_nicks_renames_with_210() {
    // 45-7.10-m, 45-7.6-d
    let mut w = open_room(&[("x-muc#roomconfig_reservednick", "1")]);
    let own = register(&mut w, "romeo", "set", &nick("Montague"));
    assert_eq!(
        own,
        [
            "available romeo [member participant jid=romeo@example/pc] 110",
            "unavailable romeo 303 [member participant jid=romeo@example/pc nick=Montague] 110",
            "available Montague 210 [member participant jid=romeo@example/pc] 110",
            DONE,
        ]
    );
    assert_eq!(
        w.got("juliet"),
        [
            "available romeo [member participant]",
            "unavailable romeo 303 [member participant nick=Montague]",
            "available Montague 210 [member participant]",
        ]
    );
}

#[test]
fn voice_that_was_given_is_kept_over_a_visit() {
    // 45-5.1-c, 45-5.1-d
    let mut w = World::with_room(&[("moderatedroom", "1"), ("persistentroom", "1")]);
    w.join("romeo");
    w.admin("owner", "<item nick='romeo' role='participant'/>");
    let again = |w: &mut World| {
        w.send("romeo", &format!("<presence xmlns='jabber:client' type='unavailable' to='{ROOM}/romeo'/>"));
        w.clear();
        w.join("romeo");
        w.got("romeo")[1].clone()
    };
    assert_eq!(again(&mut w), "available romeo [none participant jid=romeo@example/pc] 110");
    w.admin("owner", "<item nick='romeo' role='visitor'/>");
    assert_eq!(again(&mut w), "available romeo [none visitor jid=romeo@example/pc] 110");
}

#[test]
fn admin_of_the_service_owns_every_room_without_being_listed() {
    let mut w = World::with_room(&[]);
    w.join("root");
    assert_eq!(w.got("root")[1], "available root [owner moderator jid=root@example/pc] 110");
    assert_eq!(w.list("root", "<item affiliation='owner'/>"), ["iq:result room [owner jid=owner@example]"]);
    w.admin("owner", "<item affiliation='outcast' jid='root@example'/>");
    assert_eq!(w.list("root", "<item affiliation='owner'/>").len(), 1);
    w.owner("root", "<destroy/>");
    assert!(!w.room.exists());
}

#[test]
fn operator_keeps_a_field_to_the_admins_of_the_service() {
    let mut w = World::with_room(&[]);
    w.service.admin_fields = vec!["muc#roomconfig_persistentroom".to_owned()];
    w.configure("owner", &[("persistentroom", "1"), ("roomname", "New")]);
    assert_eq!(w.got("owner"), ["iq:error room modify/not-acceptable"]);
    w.configure("owner", &[("persistentroom", "0"), ("roomname", "New")]);
    assert_eq!(w.got("owner"), [DONE, "message:groupchat room 104"]);
    w.configure("root", &[("persistentroom", "1")]);
    assert_eq!(w.got("root"), [DONE]);
    let mut form = |who: &str| {
        w.send(who, "<iq xmlns='jabber:client' type='get' id='f'><query xmlns='http://jabber.org/protocol/muc#owner'/></iq>");
        conclave::wire::encode::element(&w.stanzas(who).pop().expect("a form")).contains("persistentroom")
    };
    assert!(!form("owner") && form("root"));
}

#[test]
fn new_member_is_invited_where_the_room_does_so() {
    // 45-9.5-k, trap 48
    let mut w = World::with_room(&[
        ("membersonly", "1"),
        ("roomsecret", "s"),
        ("x-muc#roomconfig_invitenewmembers", "1"),
    ]);
    w.admin("owner", "<item affiliation='member' jid='romeo@example'/>");
    let got = w.stanzas("romeo@example");
    let text = conclave::wire::encode::element(&got[0]);
    assert!(
        text.contains("<invite from='r@muc.example/owner'><reason/></invite><password>s</password>"),
        "{text}"
    );
    // Only somebody who had no affiliation, and only in a members-only room.
    w.admin(
        "owner",
        "<item affiliation='admin' jid='romeo@example'/><item affiliation='member' jid='romeo@example'/>",
    );
    assert!(w.stanzas("romeo@example").is_empty());
    let mut w = World::with_room(&[("x-muc#roomconfig_invitenewmembers", "1")]);
    w.admin("owner", "<item affiliation='member' jid='romeo@example'/>");
    assert!(w.stanzas("romeo@example").is_empty());
}

#[test]
fn members_may_say_more_of_themselves_for_admins_to_see() {
    // 45-7.10-f, 45-7.10-j, trap 81, clients.md §7: only the nick is required
    let mut w = World::with_room(&[("x-muc#roomconfig_registration", "1")]);
    let fields = ["first", "url", "email", "faqentry"].map(|field| format!("muc#register_{field}"));
    w.service.registration_fields = fields.to_vec();
    let form = |fields: &[(&str, &str)]| {
        let field = |(var, value): &(&str, &str)| {
            let values: String = value.split('|').map(|v| format!("<value>{v}</value>")).collect();
            format!("<field var='muc#register_{var}'>{values}</field>")
        };
        let fields: String = fields.iter().map(field).collect();
        format!(
            "<iq xmlns='jabber:client' type='set' id='r'><query xmlns='jabber:iq:register'><x xmlns='jabber:x:data' type='submit'>{fields}</x></query></iq>"
        )
    };
    w.send(
        "romeo",
        &form(&[("roomnick", "Montague"), ("first", "Romeo"), ("faqentry", "Is love|a tender thing?")]),
    );
    assert_eq!(w.got("romeo"), ["iq:result room"]);
    // A client that knows of the nick only leaves the rest as it is.
    w.send("romeo", &form(&[("roomnick", "Romeo"), ("email", "romeo@mail.example")]));
    w.send("romeo", "<iq xmlns='jabber:client' type='get' id='r'><query xmlns='jabber:iq:register'/></iq>");
    let answer = w.stanzas("romeo").pop().expect("an answer");
    let x = answer.children().next().and_then(|q| q.get_child("x", "jabber:x:data")).expect("a form").clone();
    let values = |var: &str| -> Vec<String> {
        let field =
            x.children().find(|f| f.attr("var") == Some(&format!("muc#register_{var}"))).expect("a field");
        field.children().filter(|c| c.name() == "value").map(minidom::Element::text).collect()
    };
    assert_eq!(values("first"), ["Romeo"]);
    assert_eq!(values("email"), ["romeo@mail.example"]);
    assert_eq!(values("faqentry"), ["Is love", "a tender thing?"]);
    let required = x.children().filter(|f| f.has_child("required", "jabber:x:data"));
    assert_eq!(required.filter_map(|f| f.attr("var")).collect::<Vec<_>>(), ["muc#register_roomnick"]);
    // Admins get the list; nobody else does.
    let list = "<iq xmlns='jabber:client' type='set' id='c'><command xmlns='http://jabber.org/protocol/commands' node='conclave#registrations'/></iq>";
    w.clear();
    w.send("romeo", list);
    assert_eq!(w.got("romeo"), ["iq:error room auth/forbidden"]);
    w.send("owner", list);
    let answer = w.stanzas("owner").pop().expect("an answer");
    let table = answer.children().next().and_then(|c| c.get_child("x", "jabber:x:data")).expect("a table");
    let items: Vec<Vec<String>> = table
        .children()
        .filter(|c| c.name() == "item")
        .map(|item| item.children().map(|f| f.children().map(minidom::Element::text).collect()).collect())
        .collect();
    assert_eq!(
        items,
        [["romeo@example", "Romeo", "Romeo", "romeo@mail.example", "Is love\na tender thing?"]]
    );
    // All of it is bounded, can be cleared, and goes with the membership.
    w.send("romeo", &form(&[("roomnick", "Romeo"), ("url", &"x".repeat(2048))]));
    assert_eq!(w.got("romeo"), ["iq:error room modify/policy-violation"]);
    w.send("romeo", &form(&[("roomnick", "Romeo"), ("first", ""), ("faqentry", "")]));
    let romeo = conclave::wire::jid::BareJid::parse("romeo@example").expect("a jid");
    assert_eq!(w.room.state().affiliations[&romeo].data.len(), 1);
    w.admin("owner", "<item affiliation='outcast' jid='romeo@example'/>");
    assert!(w.room.state().affiliations[&romeo].data.is_empty());
}

#[test]
fn form_asks_for_the_nick_alone_unless_the_service_asks_for_more() {
    // 45-7.10-b, 45-7.10-f, 45-7.10-j
    let mut w = open_room(&[]);
    let fields = |w: &mut World| -> Vec<(String, String)> {
        w.send(
            "romeo",
            "<iq xmlns='jabber:client' type='get' id='r'><query xmlns='jabber:iq:register'/></iq>",
        );
        let answer = w.stanzas("romeo").pop().expect("an answer");
        let x =
            answer.children().next().and_then(|q| q.get_child("x", "jabber:x:data")).expect("a form").clone();
        let text = |field: &minidom::Element, name: &str| field.attr(name).unwrap_or_default().to_owned();
        let shown = x.children().filter(|f| f.name() == "field" && f.attr("type") != Some("hidden"));
        shown.map(|f| (text(f, "var"), text(f, "label"))).collect()
    };
    let nickname = ("muc#register_roomnick".to_owned(), "Nickname".to_owned());
    assert_eq!(fields(&mut w), std::slice::from_ref(&nickname));
    let said = |value: &str| {
        let more = format!("</field><field var='muc#register_email'><value>{value}</value></field></x>");
        nick("Montague").replace("</field></x>", &more)
    };
    // What is not asked for is refused by its name, and not dropped; a field that is left empty says nothing.
    assert_eq!(
        register(&mut w, "romeo", "set", &said("romeo@mail.example")),
        ["iq:error room cancel/feature-not-implemented"]
    );
    assert_eq!(register(&mut w, "romeo", "set", &said("")).last().map(String::as_str), Some(DONE));
    w.service.registration_fields = vec!["muc#register_email".to_owned()];
    let email = ("muc#register_email".to_owned(), "Email address".to_owned());
    assert_eq!(fields(&mut w), [nickname, email]);
    assert_eq!(
        register(&mut w, "romeo", "set", &said("romeo@mail.example")).last().map(String::as_str),
        Some(DONE)
    );
}

#[test]
fn registration_is_told_of_where_it_can_succeed() {
    // 45-7.10-a, 45-7.10-d
    let mut w = World::with_room(&[]);
    w.admin("owner", "<item affiliation='member' jid='romeo@example'/>");
    w.admin("owner", "<item affiliation='outcast' jid='tybalt@example'/>");
    let offered = |w: &mut World, who: &str| {
        w.clear();
        let info = "<iq xmlns='jabber:client' type='get' id='d'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>";
        w.send(who, info);
        let answer = w.stanzas(who).pop().expect("an answer");
        let query = answer.children().next().expect("a query").clone();
        let vars: Vec<_> = query.children().filter_map(|f| f.attr("var")).collect();
        ["jabber:iq:register", "http://jabber.org/protocol/muc#register"].map(|var| vars.contains(&var))
    };
    assert_eq!(offered(&mut w, "romeo"), [true; 2]);
    for who in ["juliet", "tybalt", "gateway.example"] {
        assert_eq!(offered(&mut w, who), [false; 2], "{who}");
    }
    w.configure("owner", &[("x-muc#roomconfig_registration", "1")]);
    assert_eq!(offered(&mut w, "juliet"), [true; 2]);
    for who in ["tybalt", "gateway.example"] {
        assert_eq!(offered(&mut w, who), [false; 2], "{who}");
    }
}

#[test]
fn occupant_whose_nick_is_reserved_for_another_is_removed_with_307() {
    // 45-7.10-g, 45-8.2-c, trap 34
    let mut w = open_room(&[]);
    w.admin("owner", "<item affiliation='admin' jid='nurse@example'/>");
    w.join("nurse");
    w.clear();
    w.admin("nurse", "<item affiliation='member' jid='paris@example' nick='Romeo'/>");
    let why = "reason=This nickname is now reserved for another account.";
    assert_eq!(
        w.got("romeo"),
        [format!("unavailable romeo 307 [none none jid=romeo@example/pc actor=nurse {why}] 110")]
    );
    assert!(w.got("juliet")[0].starts_with("unavailable romeo 307 [none none actor=nurse"));
    assert_eq!(w.got("nurse").last().map(String::as_str), Some(DONE));
    // Of who cannot be put out the nick stays taken, and nothing changes.
    w.clear();
    w.admin("nurse", "<item affiliation='member' jid='paris@example' nick='owner'/>");
    assert_eq!(w.got("nurse"), ["iq:error room cancel/conflict"]);
    assert!(w.silent());
    // Neither is anybody put out by a request that is refused, nor the actor by their own.
    for nick in ["juliet", "nurse"] {
        let item = format!(
            "<item affiliation='member' jid='paris@example' nick='{nick}'/><item affiliation='owner' jid='x@example'/>"
        );
        w.admin("nurse", &item);
        assert!(w.got("nurse")[0].starts_with("iq:error room"), "{nick}");
        assert!(w.silent());
    }
    w.admin("juliet", "<item affiliation='member' jid='paris@example' nick='nurse'/>");
    assert_eq!(w.got("juliet"), ["iq:error room auth/forbidden"]);
    assert!(w.silent());
}
