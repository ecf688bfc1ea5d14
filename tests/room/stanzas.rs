//! What holds for every stanza of a room, for every refusal, and for every bound (catalogue: rules for every stanza).

use crate::world::{ROOM, World, line};
use conclave::config::Create;
use conclave::room::event::Event;
use conclave::wire::size;

const MUC: &str = "http://jabber.org/protocol/muc";

#[test]
fn every_stanza_has_both_addresses_and_an_id() {
    // 45-G-g, 45-G-h, 114-9
    let mut w = World::with_room(&[("membersonly", "1"), ("persistentroom", "1")]);
    w.admin(
        "owner",
        "<item affiliation='member' jid='romeo@example'/><item affiliation='outcast' jid='x@y'/>",
    );
    w.join("romeo");
    w.send("romeo", "<message xmlns='jabber:client' type='groupchat'><body>no id</body></message>");
    w.send(
        "romeo",
        &format!("<message xmlns='jabber:client' type='chat' to='{ROOM}/owner'><body>no id</body></message>"),
    );
    w.send("owner", "<message xmlns='jabber:client' type='groupchat'><subject>S</subject></message>");
    w.send("owner", "<message xmlns='jabber:client'><x xmlns='http://jabber.org/protocol/muc#user'><invite to='a@b'/></x></message>");
    w.send("romeo", &format!("<presence xmlns='jabber:client' to='{ROOM}/montague'/>"));
    w.join("romeo/phone");
    w.send("stranger", &format!("<presence xmlns='jabber:client' to='{ROOM}/n'/>"));
    w.send(
        "romeo",
        &format!("<iq xmlns='jabber:client' type='get' id='1' to='{ROOM}/owner'><a xmlns='urn:a'/></iq>"),
    );
    w.configure("owner", &[("whois", "anyone")]);
    w.admin("owner", "<item nick='romeo' role='none'/><item affiliation='none' jid='romeo@example'/>");
    w.join_as("owner/phone", "owner", "");
    w.event(&Event::Stop { goodbye: true });
    let all = w.everything();
    assert!(all.len() > 30, "{}", all.len());
    for stanza in all {
        let text = conclave::wire::encode::element(&stanza);
        let from = stanza.attr("from").expect("from").to_owned();
        assert!(from == ROOM || from.starts_with("r@muc.example/"), "{text}");
        assert!(stanza.attr("to").is_some_and(|to| to.contains('@')), "{text}");
        assert!(stanza.attr("id").is_some_and(|id| !id.is_empty()), "{text}");
    }
}

#[test]
fn each_reason_not_to_let_somebody_in_has_its_error() {
    // 45-7.2.17-a, 45-G-a, 45-G-b
    let full = |w: &mut World| w.service.limits.occupants_max = 1;
    type Fields<'a> = &'a [(&'a str, &'a str)];
    let cases: [(Fields<'_>, &str, &str, &str); 7] = [
        (&[("roomsecret", "s")], "", "romeo", "auth/not-authorized"),
        (&[], "<item affiliation='outcast' jid='romeo@example'/>", "romeo", "auth/forbidden"),
        (&[("membersonly", "1")], "", "romeo", "auth/registration-required"),
        (&[], "", "owner", "cancel/conflict"),
        (&[], "<item affiliation='member' jid='a@b' nick='romeo'/>", "romeo", "cancel/conflict"),
        (&[], "full", "romeo", "wait/service-unavailable"),
        (&[], "", "\u{200b}", "modify/jid-malformed"),
    ];
    let mut refused = Vec::new();
    for (fields, before, nick, error) in cases {
        let mut w = World::with_room(fields);
        match before {
            "" => {}
            "full" => full(&mut w),
            items => w.admin("owner", items),
        }
        w.clear();
        w.join_as("romeo", nick, "<password>wrong</password>");
        refused.push((w.stanzas("romeo"), nick, error));
    }
    let mut locked = World::new();
    locked.join("owner");
    locked.clear();
    locked.join("romeo");
    refused.push((locked.stanzas("romeo"), "romeo", "cancel/item-not-found"));
    let mut restricted = World::new();
    restricted.service.create = Create::Admins;
    restricted.join("romeo");
    refused.push((restricted.stanzas("romeo"), "romeo", "cancel/not-allowed"));
    for (answer, nick, error) in refused {
        assert_eq!(answer.len(), 1, "{error}");
        assert_eq!(line(&answer[0]), format!("error {nick} {error}"));
        assert_eq!((answer[0].attr("id"), answer[0].attr("to")), (Some("j"), Some("romeo@example/pc")));
        assert!(answer[0].get_child("x", MUC).is_some_and(|x| x.children().count() == 0), "{error}");
        let by = answer[0].get_child("error", "jabber:client").and_then(|e| e.attr("by"));
        assert_eq!(by, Some(ROOM));
    }
}

#[test]
fn refused_request_is_answered_from_where_it_went_under_its_id() {
    // 45-G-a, 45-G-d, 45-G-e, trap 65
    let mut w = World::with_room(&[]);
    for to in [ROOM.to_owned(), format!("{ROOM}/owner")] {
        for type_ in ["get", "set"] {
            w.send(
                "romeo",
                &format!(
                    "<iq xmlns='jabber:client' type='{type_}' id='u7' to='{to}'><a xmlns='urn:a'/></iq>"
                ),
            );
            let answer = w.stanzas("romeo");
            assert_eq!(answer.len(), 1);
            let attributes =
                ["type", "id", "from", "to"].map(|name| answer[0].attr(name).unwrap_or_default());
            assert_eq!(attributes, ["error", "u7", &to, "romeo@example/pc"]);
            let error = answer[0].get_child("error", "jabber:client").expect("an error");
            assert_eq!(error.attr("by"), Some(ROOM));
        }
    }
}

#[test]
fn request_to_the_room_is_for_the_room_alone() {
    // 45-17.4-a
    let mut w = World::with_room(&[]);
    w.join("romeo");
    w.clear();
    for payload in [
        "<query xmlns='http://jabber.org/protocol/disco#info'/>",
        "<query xmlns='http://jabber.org/protocol/disco#items'/>",
        "<ping xmlns='urn:xmpp:ping'/>",
        "<vCard xmlns='vcard-temp'/>",
        "<query xmlns='urn:unknown'/>",
        "<query xmlns='http://jabber.org/protocol/muc#admin'><item role='moderator'/></query>",
    ] {
        for type_ in ["get", "set"] {
            w.send("romeo", &format!("<iq xmlns='jabber:client' type='{type_}' id='q'>{payload}</iq>"));
            assert_eq!(w.got("romeo").len(), 1, "{payload}");
            assert!(w.silent(), "{payload}");
        }
    }
}

#[test]
fn all_that_users_can_make_grow_is_bounded() {
    // 45-14.6-a, 45-7.4-i, 45-17.1-d
    let long = "x".repeat(50);
    let item = |n: usize| format!("<item affiliation='member' jid='u{n}@x'/>");
    let invite = "<invite to='a@b'/>";
    let user = "http://jabber.org/protocol/muc#user";
    type Deed<'a> = Box<dyn Fn(&mut World) + 'a>;
    let say = |who: &'static str, attributes: &'static str, inside: String| -> Deed<'_> {
        Box::new(move |w| {
            w.send(who, &format!("<message xmlns='jabber:client' {attributes}>{inside}</message>"));
        })
    };
    let cases: [(Deed<'_>, &str); 10] = [
        (Box::new(|w| w.join_as("romeo", &long, "")), "romeo cancel/not-acceptable"),
        (Box::new(|w| w.join_as("romeo", "ＯＷＮＥＲ", "")), "romeo cancel/conflict"),
        (
            Box::new(|w| ["romeo", "juliet", "late"].iter().for_each(|who| w.join(who))),
            "late wait/service-unavailable",
        ),
        (
            Box::new(|w| (0..4).for_each(|n| w.join_as(&format!("owner/{n}"), "owner", ""))),
            "owner/3 wait/resource-constraint",
        ),
        (
            say("owner", "type='groupchat'", format!("<subject>{long}</subject>")),
            "owner modify/policy-violation",
        ),
        (
            Box::new(|w| {
                w.admin("owner", &format!("<item nick='owner' role='none'><reason>{long}</reason></item>"))
            }),
            "owner modify/policy-violation",
        ),
        (
            Box::new(|w| w.admin("owner", &(0..4).map(item).collect::<String>())),
            "owner modify/policy-violation",
        ),
        (Box::new(|w| (0..3).for_each(|n| w.admin("owner", &item(n)))), "owner wait/resource-constraint"),
        (
            say("owner", "", format!("<x xmlns='{user}'>{}</x>", invite.repeat(4))),
            "owner modify/policy-violation",
        ),
        (Box::new(|w| w.configure("owner", &[("roomname", &long)])), "owner modify/not-acceptable"),
    ];
    for (deed, expected) in cases {
        let mut w = World::with_room(&[]);
        let limits = &mut w.service.limits;
        (limits.nick_bytes_max, limits.occupants_max, limits.sessions_max) = (40, 3, 3);
        (limits.subject_bytes_max, limits.text_bytes_max) = (40, 40);
        (limits.items_max, limits.affiliations_max, limits.invites_max) = (3, 3, 3);
        deed(&mut w);
        let (who, error) = expected.split_once(' ').expect("who and what");
        let got = w.got(who);
        assert!(got.last().is_some_and(|line| line.ends_with(error)), "{expected}: {got:?}");
    }
    // The history is bounded in bytes as well as in messages.
    let mut w = World::with_room(&[]);
    w.service.limits.history_bytes_max = 30_000;
    for _ in 0..20 {
        w.say("owner", &long);
    }
    w.join("late");
    let history = w.got("late").iter().filter(|line| line.contains("body=")).count();
    assert!((3..9).contains(&history), "{history}");
}

#[test]
fn presence_that_is_kept_is_bounded() {
    // 45-14.6-a, 45-7.7-a
    let status = |chars: usize| format!("<status xmlns='jabber:client'>{}</status>", "x".repeat(chars));
    let beside = size::of(&status(1000).parse().expect("xml")) - 1000;
    let presence = |bytes: usize, attributes: &str| {
        format!("<presence xmlns='jabber:client' {attributes}>{}</presence>", status(bytes - beside))
    };
    let mut w = World::with_room(&[]);
    let max = w.service.limits.presence_bytes_max;
    w.join("romeo");
    w.clear();
    // At the rim it passes.
    w.send("romeo", &presence(max, ""));
    assert_eq!(w.got("owner").len(), 1);
    w.clear();
    w.send("romeo", &presence(max + 1, ""));
    let got = w.got("romeo");
    assert!(got.len() == 1 && got[0].ends_with("modify/policy-violation"), "{got:?}");
    assert!(w.got("owner").is_empty());
    // He is in all the same, and leaves with whatever he says; the others need not hear all of it.
    w.clear();
    w.send("romeo", &presence(max + 1, "type='unavailable'"));
    let [gone] = &w.stanzas("owner")[..] else { panic!("one presence") };
    assert_eq!(gone.attr("type"), Some("unavailable"));
    assert!(!gone.has_child("status", "jabber:client"));
    assert_eq!(w.room.roster().len(), 1);
}

#[test]
fn presence_is_as_big_as_what_it_becomes() {
    // 45-14.6-a
    let caps = "<c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='https://client.example' ver='QgayPKawpkPSDYmwT/WM94uAlu0='/>";
    let hash =
        "<hash xmlns='urn:xmpp:hashes:2' algo='sha-256'>kzBZbkqJ3ADrj7v08reD1qcWUwNGHaidNUgD7nHpiw8=</hash>";
    let usual = format!(
        "<show>away</show><status>On the phone, back in a minute</status><priority>5</priority>{caps}\
         <c xmlns='urn:xmpp:caps'>{hash}{hash}</c>\
         <x xmlns='vcard-temp:x:update'><photo>01b87fcd030b72895ff8e88db57ec525450f000d</photo></x>\
         <idle xmlns='urn:xmpp:idle:1' since='2026-01-01T00:00:00Z'/><nick xmlns='http://jabber.org/protocol/nick'>Romeo</nick>\
         <x xmlns='jabber:x:signed'>{}</x><delay xmlns='urn:xmpp:delay' from='romeo@example/pc' stamp='2026-01-01T00:00:00Z'/>",
        "x".repeat(800),
    );
    let conference: String =
        (0..15).map(|n| format!("<f{n} xmlns='https://meet.example' var='{n}'>true</f{n}>")).collect();
    let long = "n".repeat(2_000);
    let prefixed = format!("<p:a xmlns:p='{long}'>{}</p:a>", "<p:b/>".repeat(50));
    for (inside, attributes, passes) in [
        (usual, "", true),
        (conference, "", true),
        (prefixed, "", false),
        ("<a/>".repeat(500), "", false),
        ("<a b=''/>".repeat(100), "", false),
        ("'".repeat(20_000), "", true),
        (format!("<status>{}</status>", "'".repeat(20_000)), "", false),
        (String::new(), &*format!("xml:lang='{}'", long.repeat(40)), false),
    ] {
        let mut w = World::with_room(&[]);
        w.join("romeo");
        w.clear();
        w.send("romeo", &format!("<presence xmlns='jabber:client' {attributes}>{inside}</presence>"));
        let told = w.got("owner").len();
        assert_eq!(told, usize::from(passes), "{}", &inside[..inside.len().min(40)]);
        // The goodbye reaches the others, and not what is too much of it.
        w.clear();
        w.send(
            "romeo",
            &format!("<presence xmlns='jabber:client' type='unavailable' {attributes}>{inside}</presence>"),
        );
        let [gone] = &w.stanzas("owner")[..] else { panic!("one presence") };
        assert!(size::of(gone) < w.service.limits.presence_bytes_max, "{}", size::of(gone));
    }
}

#[test]
fn reserved_nick_need_not_be_used() {
    // 45-7.12-e
    let mut w = World::with_room(&[]);
    w.admin("owner", "<item affiliation='member' jid='romeo@example' nick='Montague'/>");
    w.join("romeo");
    assert_eq!(w.got("romeo")[1], "available romeo [member participant jid=romeo@example/pc] 110");
}
