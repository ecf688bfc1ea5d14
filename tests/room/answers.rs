//! Answers as clients wait for them, and as people understand them: ids, goodbyes, who did it, batches.

use conclave::room::Room;
use conclave::wire::jid::BareJid;
use minidom::Element;

use crate::world::{ROOM, World};

const MUC_USER: &str = "http://jabber.org/protocol/muc#user";

fn room_of_three() -> World {
    let mut w = World::with_room(&[]);
    w.join("romeo");
    w.join("juliet");
    w.clear();
    w
}

fn presence(w: &mut World, who: &str, nick: &str, attributes: &str) {
    w.send(who, &format!("<presence xmlns='jabber:client' {attributes} to='{ROOM}/{nick}'/>"));
}

fn ids(w: &mut World, who: &str) -> Vec<String> {
    w.stanzas(who).iter().map(|stanza| stanza.attr("id").unwrap_or_default().to_owned()).collect()
}

fn item(stanza: &Element) -> &Element {
    let x = stanza.get_child("x", MUC_USER).expect("an x");
    x.get_child("item", MUC_USER).expect("an item")
}

#[test]
fn what_an_occupant_sent_comes_back_under_its_id() {
    // 45-7.14-a, 45-7.7-a, 45-7.6-a, 45-7.2.2-d
    let mut w = room_of_three();
    presence(&mut w, "romeo", "romeo", "id='p1'");
    assert_eq!(ids(&mut w, "romeo"), ["p1"]);
    presence(&mut w, "romeo", "montague", "id='n1'");
    assert_eq!(ids(&mut w, "romeo"), ["n1", "n1"]);
    w.send("romeo", "<message xmlns='jabber:client' type='groupchat' id='m1'><body>hi</body></message>");
    assert_eq!(ids(&mut w, "romeo"), ["m1"]);
    w.clear();
    w.send(
        "romeo",
        &format!(
            "<message xmlns='jabber:client' type='chat' id='c1' to='{ROOM}/juliet'><body>hi</body></message>"
        ),
    );
    assert_eq!(ids(&mut w, "juliet"), ["c1"]);
    presence(&mut w, "romeo", "montague", "type='unavailable' id='x1'");
    assert_eq!(ids(&mut w, "romeo"), ["x1"]);
}

#[test]
fn one_of_two_clients_that_leaves_finds_its_id() {
    // 45-7.14-e
    let mut w = room_of_three();
    w.join("romeo/phone");
    w.clear();
    presence(&mut w, "romeo/phone", "romeo", "type='unavailable' id='x1'");
    assert_eq!(ids(&mut w, "romeo/phone"), ["x1"]);
    assert_ne!(ids(&mut w, "romeo"), ["x1"]);
}

#[test]
fn update_keeps_its_id_while_others_are_owed_much() {
    // 45-7.7-a
    let mut w = World::with_room(&[]);
    let status = "s".repeat(20_000);
    for n in 0..60 {
        w.send(
            &format!("u{n}"),
            &format!("<presence xmlns='jabber:client' to='{ROOM}/u{n}'><x xmlns='http://jabber.org/protocol/muc'/><status>{status}</status></presence>"),
        );
    }
    let members: String =
        (0..60).map(|n| format!("<item affiliation='member' jid='u{n}@example'/>")).collect();
    w.clear();
    w.admin("owner", &members);
    assert!(!w.got("u8").iter().any(|line| line.starts_with("available u7 ")), "u7 is still owed");
    w.clear();
    presence(&mut w, "u7", "u7", "id='p7'");
    assert!(ids(&mut w, "u7").contains(&"p7".to_owned()));
}

fn invite(w: &mut World, id: &str, invited: &[&str]) {
    let invites: String = invited.iter().map(|to| format!("<invite to='{to}'/>")).collect();
    w.send(
        "romeo",
        &format!("<message xmlns='jabber:client' id='{id}'><x xmlns='{MUC_USER}'>{invites}</x></message>"),
    );
}

#[test]
fn invitation_that_is_passed_on_keeps_its_id() {
    // 45-7.8.2-a
    let mut w = room_of_three();
    invite(&mut w, "i1", &["nurse@example", "tybalt@example"]);
    assert_eq!(ids(&mut w, "nurse@example"), ["i1"]);
    assert_eq!(ids(&mut w, "tybalt@example"), ["i1"]);
    // Each of the two comes back by itself.
    w.error("nurse@example/pc", "i1", "service-unavailable");
    assert_eq!(w.got("romeo"), ["message:error room cancel/item-not-found"]);
    w.error("stranger", "i1", "service-unavailable");
    assert!(w.silent());
    w.error("tybalt@example/pc", "i1", "service-unavailable");
    assert_eq!(w.got("romeo"), ["message:error room cancel/item-not-found"]);
    // Without an id of its own it gets one.
    invite(&mut w, "", &["nurse@example"]);
    assert!(!ids(&mut w, "nurse@example")[0].is_empty());
}

#[test]
fn who_leaves_a_room_that_was_never_configured_is_told_both() {
    // 45-10.1.3-d, 45-7.14-a
    let mut w = World::new();
    w.join("owner");
    w.clear();
    presence(&mut w, "owner", "owner", "type='unavailable' id='x1'");
    let told = w.stanzas("owner");
    assert_eq!(told[0].attr("id"), Some("x1"));
    assert_ne!(told[1].attr("id"), Some("x1"));
    assert_eq!(
        told.iter().map(crate::world::line).collect::<Vec<_>>(),
        [
            "unavailable owner [owner none jid=owner@example/pc] 110",
            "unavailable owner <destroy> [none none jid=owner@example/pc] 110",
        ]
    );
    assert!(!w.room.exists());
}

#[test]
fn every_presence_about_oneself_has_the_own_address() {
    // 45-10.9-b, 45-11.2-a, 45-7.2.18-a
    let mut w = room_of_three();
    presence(&mut w, "nurse", "nurse", "");
    assert_eq!(item(&w.stanzas("nurse")[0]).attr("jid"), Some("nurse@example/pc"));
    w.owner("owner", "<destroy/>");
    assert_eq!(item(&w.stanzas("romeo")[0]).attr("jid"), Some("romeo@example/pc"));
    let mut w = room_of_three();
    w.event(&conclave::room::event::Event::Stop { goodbye: true });
    assert_eq!(item(&w.stanzas("juliet")[0]).attr("jid"), Some("juliet@example/pc"));
}

/// The address in `<actor/>` of the last presence that each of these got.
fn actors(w: &mut World, who: &[&str]) -> Vec<Option<String>> {
    who.iter()
        .map(|who| {
            let last = w.stanzas(who).into_iter().rfind(|s| s.name() == "presence").expect("a presence");
            let actor = item(&last).get_child("actor", MUC_USER).expect("an actor").clone();
            assert_eq!(actor.attr("nick"), Some("owner"));
            actor.attr("jid").map(str::to_owned)
        })
        .collect()
}

#[test]
fn moderators_see_the_account_of_who_did_it() {
    // 45-8.2-c, trap 45
    let owner = Some("owner@example".to_owned());
    for (fields, others) in [(&[][..], None), (&[("whois", "anyone")][..], owner.clone())] {
        let mut w = World::with_room(fields);
        ["romeo", "juliet", "nurse"].into_iter().for_each(|who| w.join(who));
        w.admin("owner", "<item nick='nurse' role='moderator'/>");
        w.clear();
        w.admin("owner", "<item nick='romeo' role='none'/>");
        let seen = actors(&mut w, &["owner", "nurse", "juliet", "romeo"]);
        assert_eq!(seen, [owner.clone(), owner.clone(), others.clone(), others.clone()]);
        w.admin("owner", "<item affiliation='outcast' jid='juliet@example'/>");
        assert_eq!(actors(&mut w, &["nurse", "juliet"]), [owner.clone(), others.clone()]);
    }
    // Of who is not inside nothing is said.
    let mut w = room_of_three();
    w.admin("owner/phone", "<item nick='romeo' role='none'/>");
    assert_eq!(w.got("juliet"), ["unavailable romeo 307 [none none]"]);
}

#[test]
fn admin_of_the_service_keeps_every_room() {
    // 45-9.1-h, 45-9.3-a, 45-10.4-a
    let mut w = room_of_three();
    for item in ["outcast", "member", "admin"] {
        w.admin("owner", &format!("<item affiliation='{item}' jid='root@example'/>"));
        assert_eq!(w.got("owner"), ["iq:error room cancel/not-allowed"], "{item}");
        assert!(w.silent(), "{item}");
    }
    // By the form as well.
    w.configure("owner", &[("roomadmins", "root@example")]);
    assert_eq!(w.got("owner"), ["iq:error room cancel/not-allowed"]);
    for item in ["none", "owner", "owner"] {
        w.admin("owner", &format!("<item affiliation='{item}' jid='root@example'/>"));
        assert_eq!(w.got("owner").last().map(String::as_str), Some("iq:result room"), "{item}");
    }
    // A rule for the whole domain leaves them be.
    w.admin("owner", "<item affiliation='outcast' jid='example'/>");
    w.join("root");
    assert!(w.got("root").contains(&"available root [owner moderator jid=root@example/pc] 110".to_owned()));
}

#[test]
fn operator_who_does_not_own_the_rooms_is_an_account_like_others() {
    // 45-9.1-b
    let mut w = World::new();
    w.room = Room::absent(BareJid::parse(ROOM).expect("a jid")).into();
    w.join("owner");
    w.configure("owner", &[]);
    w.clear();
    w.admin("owner", "<item affiliation='outcast' jid='root@example'/>");
    assert_eq!(w.got("owner").last().map(String::as_str), Some("iq:result room"));
    w.join("root");
    assert_eq!(w.got("root"), ["error root auth/forbidden"]);
}

#[test]
fn record_under_the_rule_of_a_domain_is_stored_and_outlives_it() {
    // 45-9.3-a
    let mut w = room_of_three();
    w.admin("owner", "<item affiliation='member' jid='example'/>");
    w.admin("owner", "<item affiliation='member' jid='romeo@example' nick='Montague'/>");
    assert_eq!(w.got("owner").last().map(String::as_str), Some("iq:result room"));
    w.admin("owner", "<item affiliation='none' jid='example'/>");
    assert_eq!(
        w.list("owner", "<item affiliation='member'/>"),
        ["iq:result room [member jid=romeo@example nick=Montague]"]
    );
}

#[test]
fn owner_who_is_taken_off_the_list_becomes_an_admin() {
    // 45-10.2-g, 45-10.2-i, trap 36
    let mut w = room_of_three();
    w.admin("owner", "<item affiliation='owner' jid='juliet@example'/>");
    w.clear();
    // As clients send it: both lists as they were shown, but for the one who goes.
    w.configure("owner", &[("roomadmins", ""), ("roomowners", "owner@example")]);
    assert_eq!(w.list("owner", "<item affiliation='admin'/>"), ["iq:result room [admin jid=juliet@example]"]);
    w.send("owner", "<iq xmlns='jabber:client' type='get' id='f'><query xmlns='http://jabber.org/protocol/muc#owner'/></iq>");
    let form = String::from(&w.stanzas("owner")[0]);
    assert!(form.contains("An account that is taken off this list becomes an admin."), "{form}");
}

#[test]
fn voice_is_given_to_who_asked_under_whatever_nick() {
    // 45-8.6-c
    let mut w = World::with_room(&[("moderatedroom", "1")]);
    w.join("romeo");
    w.clear();
    let form = |inside: &str| {
        format!(
            "<message xmlns='jabber:client'><x xmlns='jabber:x:data' type='submit'>\
             <field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#request</value></field>{inside}</x></message>"
        )
    };
    presence(&mut w, "romeo", "montague", "");
    w.join_as("juliet", "romeo", "");
    w.clear();
    let approve = form(
        "<field var='muc#jid'><value>romeo@example/pc</value></field>\
         <field var='muc#roomnick'><value>romeo</value></field>\
         <field var='muc#request_allow'><value>1</value></field>",
    );
    w.send("owner", &approve);
    assert_eq!(w.got("juliet"), ["available montague [none participant actor=owner]"]);
    presence(&mut w, "romeo", "montague", "type='unavailable'");
    w.clear();
    w.send("owner", &approve);
    assert_eq!(w.got("owner"), ["message:error room cancel/item-not-found"]);
    assert!(w.silent());
}

#[test]
fn presence_that_crossed_a_goodbye_is_met_with_silence() {
    // 45-7.2.18-b, trap 63
    let kick = |nick: &str, who: &str| {
        format!(
            "unavailable {nick} 307 333 [none none jid={who}@example/pc reason=You are not in this room. Please enter it again.] 110"
        )
    };
    let mut w = room_of_three();
    presence(&mut w, "romeo", "romeo", "type='unavailable'");
    w.clear();
    w.wait(29);
    presence(&mut w, "romeo", "romeo", "");
    assert!(w.silent());
    w.wait(1);
    presence(&mut w, "romeo", "romeo", "");
    assert_eq!(w.got("romeo"), [kick("romeo", "romeo")]);
    // Who was put out is told so, and so is who came back in between.
    w.admin("owner", "<item nick='juliet' role='none'/>");
    w.clear();
    presence(&mut w, "juliet", "juliet", "");
    assert_eq!(w.got("juliet"), [kick("juliet", "juliet")]);
    // The room that ended with them remembers it as well.
    let mut w = World::with_room(&[]);
    presence(&mut w, "owner", "owner", "type='unavailable'");
    w.clear();
    presence(&mut w, "owner", "owner", "");
    assert!(w.silent());
}

#[test]
fn batch_of_grants_tells_who_asked_no_more_than_the_standard_has() {
    // 45-10.3-f, 45-10.6-d, 463-4
    let mut w = room_of_three();
    w.admin("owner", "<item nick='juliet' role='moderator'/>");
    w.clear();
    let grants: String =
        (0..400).map(|n| format!("<item affiliation='member' jid='m{n}@far.example'/>")).collect();
    w.admin("owner", &format!("{grants}<item affiliation='admin' jid='nurse@example'/>"));
    assert_eq!(w.got("owner"), ["message:normal room [admin jid=nurse@example]", "iq:result room"]);
    assert_eq!(w.got("juliet").len(), 401);
    // One grant alone is told to all who see addresses, and so is each to who follows the versions of the lists.
    w.admin("owner", "<item affiliation='member' jid='one@far.example'/>");
    assert_eq!(w.got("owner"), ["message:normal room [member jid=one@far.example]", "iq:result room"]);
    w.join_as("owner", "owner", "<mav xmlns='urn:xmpp:muc:affiliations:1'/>");
    w.clear();
    w.admin(
        "owner",
        "<item affiliation='member' jid='two@far.example'/><item affiliation='member' jid='three@far.example'/>",
    );
    assert_eq!(w.got("owner").len(), 3);
}

#[test]
fn moderators_see_each_client_of_a_nick() {
    // 45-8.5-a, trap 22
    let mut w = room_of_three();
    w.join("romeo/phone");
    let all = "iq:result room [none participant jid=juliet@example/pc nick=juliet] \
               [none participant jid=romeo@example/pc nick=romeo] \
               [none participant jid=romeo@example/phone nick=romeo]";
    assert_eq!(w.list("owner", "<item role='participant'/>"), [all]);
    // Page by page, also between two clients of one nick.
    let mut after = String::new();
    let mut seen = Vec::new();
    for _ in 0..3 {
        let set = format!(
            "<item role='participant'/><set xmlns='http://jabber.org/protocol/rsm'><max>1</max><after>{after}</after></set>"
        );
        w.clear();
        w.send("owner", &format!("<iq xmlns='jabber:client' type='get' id='l'><query xmlns='http://jabber.org/protocol/muc#admin'>{set}</query></iq>"));
        let page = w.stanzas("owner").remove(0);
        let query = page.children().next().expect("a query");
        seen.push(query.children().next().and_then(|item| item.attr("jid")).expect("an item").to_owned());
        let set = query.get_child("set", "http://jabber.org/protocol/rsm").expect("a set");
        after = set.get_child("last", "http://jabber.org/protocol/rsm").expect("a last").text();
    }
    assert_eq!(seen, ["juliet@example/pc", "romeo@example/pc", "romeo@example/phone"]);
    let sessions = |w: &mut World, who: &str, inside: &str| {
        w.clear();
        w.send(
            who,
            &format!(
                "<iq xmlns='jabber:client' type='set' id='c'><command xmlns='http://jabber.org/protocol/commands' node='conclave#sessions'>\
                 <x xmlns='jabber:x:data' type='submit'>{inside}</x></command></iq>"
            ),
        );
        String::from(&w.stanzas(who)[0])
    };
    let of_all = sessions(&mut w, "owner", "");
    assert!(
        ["owner@example/pc", "romeo@example/pc", "romeo@example/phone"]
            .iter()
            .all(|jid| of_all.contains(jid))
    );
    let of_one = sessions(&mut w, "owner", "<field var='nick'><value>Romeo</value></field>");
    assert!(of_one.contains("romeo@example/phone") && !of_one.contains("juliet"), "{of_one}");
    assert!(
        sessions(&mut w, "owner", "<field var='nick'><value>x</value></field>").contains("item-not-found")
    );
    assert!(sessions(&mut w, "juliet", "").contains("forbidden"));
}

#[test]
fn where_the_operator_wants_it_presences_show_each_client() {
    // trap 22
    let mut w = World::with_room(&[]);
    w.room = Room::clone(&w.room).with_each_session(true).into();
    w.join("juliet");
    w.join("romeo");
    w.clear();
    w.join("romeo/phone");
    let both =
        "available romeo [none participant jid=romeo@example/phone] [none participant jid=romeo@example/pc]";
    assert_eq!(w.got("owner"), [both]);
    assert_eq!(w.got("juliet"), ["available romeo [none participant]"]);
    assert_eq!(w.got("romeo"), [format!("{both} 110")]);
    w.clear();
    // One that no other was shown leaves: the others see who is left.
    presence(&mut w, "romeo", "romeo", "type='unavailable'");
    assert_eq!(w.got("owner"), ["available romeo [none participant jid=romeo@example/phone]"]);
}
