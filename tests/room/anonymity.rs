//! Nobody but moderators learns a real address in a semi-anonymous room, whatever happens there (XEP-0045 §7.2.4,
//! §17.4).

use crate::world::{ROOM, World};
use minidom::Element;

const USER: &str = "http://jabber.org/protocol/muc#user";

/// A room with `spy`, a participant, and people of a host that appears in addresses only.
fn watched(fields: &[(&str, &str)]) -> World {
    let mut w = World::with_room(fields);
    w.join("spy");
    for name in ["romeo", "juliet", "tybalt", "nurse"] {
        w.join_as(&format!("{name}@secret/x"), name, "");
    }
    w
}

fn presence(w: &mut World, who: &str, to: &str, type_: &str, inside: &str) {
    let type_ = if type_.is_empty() { String::new() } else { format!("type='{type_}'") };
    w.send(who, &format!("<presence xmlns='jabber:client' {type_} to='{ROOM}/{to}'>{inside}</presence>"));
}

fn message(w: &mut World, who: &str, attributes: &str, inside: &str) {
    w.send(who, &format!("<message xmlns='jabber:client' {attributes}>{inside}</message>"));
}

fn error(condition: &str) -> String {
    format!(
        "<error type='cancel' by='secret'><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"
    )
}

/// All that can be told about occupants: what they do, what is done to them, how they vanish.
fn everything_happens(w: &mut World) {
    presence(w, "romeo@secret/x", "romeo", "", "<show>away</show>");
    presence(w, "romeo@secret/x", "montague", "", "");
    w.join_as("montague@secret/y", "second", "");
    message(w, "montague@secret/y", "type='groupchat'", "<body>hi</body>");
    message(w, "owner", "type='groupchat'", "<subject>S</subject>");
    message(w, "romeo@secret/x", &format!("type='chat' to='{ROOM}/spy'"), "<body>psst</body>");
    w.admin("owner", "<item nick='juliet' role='visitor'><reason>hush</reason></item>");
    w.admin("owner", "<item affiliation='member' jid='juliet@secret' nick='Capulet'/>");
    w.admin(
        "owner",
        "<item affiliation='admin' jid='absent@secret'/><item affiliation='outcast' jid='banned@secret'/>",
    );
    w.admin("owner", "<item affiliation='outcast' jid='tybalt@secret'><reason>feud</reason></item>");
    w.admin("owner", "<item nick='nurse' role='none'/>");
    let ask = "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#request</value></field></x>";
    message(w, "juliet@secret/x", "", ask);
    message(w, "juliet@secret/x", "", &format!("<x xmlns='{USER}'><invite to='spy@example/pc'/></x>"));
    w.admin("owner", "<item nick='juliet' role='moderator'/>");
    w.admin("juliet@secret/x", "<item nick='second' role='none'/>");
    w.configure("owner", &[("roomname", "Verona"), ("presencebroadcast", "moderator,participant")]);
    w.configure("owner", &[("presencebroadcast", "moderator,participant,visitor")]);
    w.join_as("late@secret/x", "late", "");
    message(w, "late@secret/x", "type='error'", &error("recipient-unavailable"));
    presence(w, "romeo@secret/x", "montague", "unavailable", "<status>bye</status>");
    // And the spy asks.
    w.join("spy");
    presence(w, "spy", "juliet", "probe", "");
    presence(w, "spy", "juliet", "", "");
    for item in [
        "affiliation='member'",
        "affiliation='admin'",
        "affiliation='owner'",
        "affiliation='outcast'",
        "role='moderator'",
    ] {
        w.send("spy", &format!("<iq xmlns='jabber:client' type='get' id='l'><query xmlns='http://jabber.org/protocol/muc#admin'><item {item}/></query></iq>"));
    }
    for payload in [
        "<query xmlns='http://jabber.org/protocol/disco#info'/>",
        "<query xmlns='http://jabber.org/protocol/disco#items'/>",
        "<query xmlns='http://jabber.org/protocol/disco#info' node='x-roomuser-item'/>",
        "<query xmlns='http://jabber.org/protocol/muc#owner'/>",
        "<query xmlns='jabber:iq:register'/>",
    ] {
        w.send("spy", &format!("<iq xmlns='jabber:client' type='get' id='g'>{payload}</iq>"));
    }
    w.owner("owner", "<destroy><reason>over</reason></destroy>");
}

fn leaks(stanzas: &[Element]) -> Vec<String> {
    let texts = stanzas.iter().map(conclave::wire::encode::element);
    texts.filter(|text| text.contains("@secret") || text.contains("owner@example")).collect()
}

#[test]
fn participant_of_a_semi_anonymous_room_learns_no_address() {
    // 45-7.2.4-a, 45-14.4-a, 45-5.2.1-b, trap 44, trap 45
    let mut w = watched(&[]);
    everything_happens(&mut w);
    let (spied, moderated) = (w.stanzas("spy"), w.stanzas("owner"));
    assert!(spied.len() > 40, "{}", spied.len());
    assert_eq!(leaks(&spied), [""; 0]);
    // The same is no secret to moderators, and to nobody where the room says so.
    assert!(leaks(&moderated).len() > 10);
    let mut w = watched(&[("whois", "anyone")]);
    everything_happens(&mut w);
    assert!(leaks(&w.stanzas("spy")).len() > 20);
}

#[test]
fn request_and_answer_hide_both_sides() {
    // 45-17.4-b, 45-17.4-c, 45-6.6-b, trap 44, trap 53
    let mut w = watched(&[]);
    for (payload, answering) in [
        ("<query xmlns='jabber:iq:version'/>", "romeo@secret/x"),
        ("<vCard xmlns='vcard-temp'/>", "romeo@secret"),
        ("<pubsub xmlns='http://jabber.org/protocol/pubsub'/>", "romeo@secret"),
    ] {
        for (type_, inside) in [
            ("result", payload.to_owned()),
            ("error", error("service-unavailable")),
            // Servers say where an account has moved to, and what is wrong in words of their own.
            (
                "error",
                "<error type='modify'><redirect xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>xmpp:romeo@secret</redirect></error>".to_owned(),
            ),
            (
                "error",
                "<error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>xmpp:romeo@secret</gone>\
                 <text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>romeo@secret is gone</text></error>"
                    .to_owned(),
            ),
        ] {
            w.clear();
            w.send("spy", &format!("<iq xmlns='jabber:client' type='set' id='q' to='{ROOM}/romeo'>{payload}</iq>"));
            let asked = w.stanzas(answering).pop().expect("passed on");
            assert_eq!((asked.attr("from"), asked.attr("type")), (Some("r@muc.example/spy"), Some("set")));
            assert!(!conclave::wire::encode::element(&asked).contains("spy@"));
            let id = asked.attr("id").expect("an id").to_owned();
            assert!(!id.contains("spy") && !id.contains("romeo"));
            w.send(answering, &format!("<iq xmlns='jabber:client' type='{type_}' id='{id}' to='{ROOM}/spy'>{inside}</iq>"));
            let answer = w.stanzas("spy");
            assert_eq!(answer.len(), 1, "{inside}");
            assert_eq!(
                (answer[0].attr("from"), answer[0].attr("id"), answer[0].attr("type")),
                (Some("r@muc.example/romeo"), Some("q"), Some(type_))
            );
            assert_eq!(leaks(&answer), [""; 0]);
        }
    }
}

#[test]
fn equal_ids_of_two_askers_do_not_meet() {
    // 45-17.4-b, trap 53
    let mut w = watched(&[]);
    w.clear();
    for who in ["spy", "juliet@secret/x"] {
        w.send(
            who,
            &format!(
                "<iq xmlns='jabber:client' type='get' id='same' to='{ROOM}/romeo'><a xmlns='urn:a'/></iq>"
            ),
        );
    }
    let asked = w.stanzas("romeo@secret/x");
    assert_ne!(asked[0].attr("id"), asked[1].attr("id"));
    let id = asked[1].attr("id").expect("an id");
    w.send(
        "romeo@secret/x",
        &format!("<iq xmlns='jabber:client' type='result' id='{id}' to='{ROOM}/juliet'/>"),
    );
    assert_eq!(w.got("juliet@secret/x"), ["iq:result romeo"]);
    assert!(w.silent());
}

#[test]
fn real_address_is_a_full_one() {
    // 45-17.3-j, 45-7.2.3-a
    let mut w = World::with_room(&[("whois", "anyone")]);
    w.join("romeo");
    w.join("romeo/phone");
    w.join("juliet");
    presence(&mut w, "romeo", "montague", "", "");
    w.admin("owner", "<item affiliation='member' jid='romeo@example'/><item nick='juliet' role='none'/>");
    presence(&mut w, "romeo/phone", "romeo", "unavailable", "");
    let mut seen = 0;
    for stanza in w.everything().iter().filter(|stanza| stanza.name() == "presence") {
        let item = stanza.get_child("x", USER).and_then(|x| x.get_child("item", USER)).expect("an item");
        let jid = item.attr("jid").expect("an address in each presence");
        assert!(jid.contains("@example/"), "{jid}");
        seen += 1;
    }
    assert!(seen > 20, "{seen}");
}
