//! What only a room may say, said by somebody in it; and answers that nobody is owed.

use conclave::wire::encode;
use minidom::Element;

use super::Scene;
use crate::world::{ROOM, World, full};

const MUC: &str = "http://jabber.org/protocol/muc";

/// Claims that only the room can make, each with the word `FORGED` in it.
fn claims() -> Vec<String> {
    let user = |inside: &str| format!("<x xmlns='{MUC}#user'>{inside}</x>");
    vec![
        user("<item affiliation='owner' role='moderator' jid='FORGED@example'/><status code='110'/>"),
        user("<status code='301'/><item affiliation='outcast' nick='FORGED'/>"),
        user("<invite from='FORGED@example'/><password>p</password>"),
        user("<destroy jid='FORGED@example'/>"),
        user("<mav xmlns='urn:xmpp:muc:affiliations:1' since='1' until='FORGED'/>"),
        format!("<x xmlns='{MUC}'><password>FORGED</password></x>"),
        "<mav xmlns='urn:xmpp:muc:affiliations:1' until='FORGED'/>".to_owned(),
        format!("<delay xmlns='urn:xmpp:delay' from='{ROOM}' stamp='FORGED'/>"),
        "<delay xmlns='urn:xmpp:delay' from='R@MUC.example' stamp='FORGED'/>".to_owned(),
        format!("<x xmlns='jabber:x:delay' from='{ROOM}/owner' stamp='FORGED'/>"),
        format!("<delay xmlns='urn:xmpp:delay' from='{ROOM}/' stamp='FORGED'/>"),
        format!("<delay xmlns='urn:xmpp:delay' from=' {ROOM} ' stamp='FORGED'/>"),
        "<delay xmlns='urn:xmpp:delay' from='muc.example' stamp='FORGED'/>".to_owned(),
        "<delay xmlns='urn:xmpp:delay' from='MUC.example./x' stamp='FORGED'/>".to_owned(),
        "<delay xmlns='urn:xmpp:delay' from='@muc.example' stamp='FORGED'/>".to_owned(),
        "<delay xmlns='urn:xmpp:delay' from='other@muc.example/romeo' stamp='FORGED'/>".to_owned(),
        "<x xmlns='jabber:x:delay' from='muc.example' stamp='FORGED'/>".to_owned(),
        format!("<stanza-id xmlns='urn:xmpp:sid:0' by='{ROOM}' id='FORGED'/>"),
        format!("<stanza-id xmlns='urn:xmpp:sid:0' by='{ROOM}/' id='FORGED'/>"),
        "<stanza-id xmlns='urn:xmpp:sid:0' by='muc.example' id='FORGED'/>".to_owned(),
        "<stanza-id xmlns='urn:xmpp:sid:0' by='muc.example/' id='FORGED'/>".to_owned(),
        "<received xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'>FORGED</forwarded></received>".to_owned(),
        "<sent xmlns='urn:xmpp:carbons:1'><forwarded xmlns='urn:xmpp:forward:0'>FORGED</forwarded></sent>".to_owned(),
        "<result xmlns='urn:xmpp:mam:1' id='FORGED'/>".to_owned(),
        "<result xmlns='urn:xmpp:mam:0' id='FORGED'/>".to_owned(),
        "<fin xmlns='urn:xmpp:mam:0' queryid='FORGED'/>".to_owned(),
        "<result xmlns='urn:xmpp:mam:tmp' id='FORGED'/>".to_owned(),
        "<archived xmlns='urn:xmpp:mam:tmp' by='r@muc.example' id='FORGED'/>".to_owned(),
        "<mentioned xmlns='urn:xmpp:mmn:0'>FORGED</mentioned>".to_owned(),
        "<privilege xmlns='urn:xmpp:privilege:2'>FORGED</privilege>".to_owned(),
        "<stanza-id xmlns='urn:xmpp:sid:0' by='r@MUC.EXAMPLE' id='FORGED'/>".to_owned(),
        "<occupant-id xmlns='urn:xmpp:occupant-id:0' id='FORGED'/>".to_owned(),
        "<hats xmlns='urn:xmpp:hats:0'><hat uri='urn:FORGED' title='Owner'/></hats>".to_owned(),
        "<moderated xmlns='urn:xmpp:message-moderate:1' by='FORGED'/>".to_owned(),
        "<retract xmlns='urn:xmpp:message-retract:1' id='FORGED'><moderated xmlns='urn:xmpp:message-moderate:1'/></retract>".to_owned(),
        "<retracted xmlns='urn:xmpp:message-retract:1' stamp='FORGED'/>".to_owned(),
        "<apply-to xmlns='urn:xmpp:fasten:0' id='FORGED'><moderated xmlns='urn:xmpp:message-moderate:0'/></apply-to>".to_owned(),
        "<event xmlns='http://jabber.org/protocol/pubsub#event'><items node='FORGED'/></event>".to_owned(),
        "<mix xmlns='urn:xmpp:mix:core:1'><nick>owner</nick><jid>FORGED@example</jid></mix>".to_owned(),
        "<mix xmlns='urn:xmpp:mix:core:0'><nick>FORGED</nick></mix>".to_owned(),
        "<result xmlns='urn:xmpp:mam:2' queryid='k' id='FORGED'><forwarded xmlns='urn:xmpp:forward:0'/></result>".to_owned(),
        "<fin xmlns='urn:xmpp:mam:2' queryid='FORGED' complete='true'/>".to_owned(),
        "<addresses xmlns='http://jabber.org/protocol/address'><address type='ofrom' jid='FORGED@example/x'/></addresses>".to_owned(),
        // Who looks at the namespace alone finds these, who looks at the name alone those.
        format!("<y xmlns='{MUC}#user'><item affiliation='owner' role='moderator' jid='FORGED@example'/></y>"),
        format!("<y xmlns='{MUC}'><password>FORGED</password></y>"),
        format!("<query xmlns='{MUC}#admin'><item nick='FORGED' role='none'/></query>"),
        "<y xmlns='urn:xmpp:mam:2' id='FORGED'/>".to_owned(),
        "<y xmlns='urn:xmpp:carbons:2'>FORGED</y>".to_owned(),
        "<body xmlns='urn:xmpp:hints'>FORGED</body>".to_owned(),
        "<body xmlns=''>FORGED</body>".to_owned(),
        "<subject xmlns='urn:xmpp:chat-markers:0'>FORGED</subject>".to_owned(),
        "<thread xmlns='urn:x'>FORGED</thread>".to_owned(),
        "<error xmlns='urn:x'>FORGED</error>".to_owned(),
        "<show xmlns='urn:x'>FORGED</show>".to_owned(),
        "<status xmlns='urn:x'>FORGED</status>".to_owned(),
        "<priority xmlns='urn:x'>FORGED</priority>".to_owned(),
        "<stanza-id xmlns='urn:xmpp:sid:0' id='FORGED'/>".to_owned(),
        "<x xmlns='jabber:x:data' type='form'><field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#request</value></field><field var='muc#jid'><value>FORGED@example</value></field></x>".to_owned(),
        "<u xmlns='u'><x xmlns='http://jabber.org/protocol/muc#user'><item jid='FORGED@example' affiliation='owner'/></x></u>".to_owned(),
        "<body xmlns='jabber:client'>b<x xmlns='http://jabber.org/protocol/muc#user'><item jid='FORGED@example'/></x></body>".to_owned(),
        "<origin-id xmlns='urn:xmpp:sid:0' id='o'><x xmlns='http://jabber.org/protocol/muc#user'><item jid='FORGED@example'/></x></origin-id>".to_owned(),
        "<delay xmlns='urn:xmpp:delay' stamp='2026-01-01T00:00:00Z'><x xmlns='http://jabber.org/protocol/muc#user'><item jid='FORGED@example'/></x></delay>".to_owned(),
        "<u xmlns='u'><v><retracted xmlns='urn:xmpp:message-retract:1' by='FORGED'/></v></u>".to_owned(),
    ]
}

/// Everything that is sent because of a stanza, to whomever, as text; and the room as it was.
fn heard(w: &mut World, who: &str, xml: &str) -> Vec<String> {
    let before = w.room.clone();
    w.clear();
    w.send(who, xml);
    w.room = before;
    let own = w.stanzas(who);
    // An error to the sender brings back nothing of what was sent; all else would be a copy for somebody.
    own.iter().chain(&w.everything()).map(encode::standalone).collect()
}

// 45-17.3-f, 421-3, 359-1, 203-1, 425-6, trap 54, trap 59, trap 71
#[test]
fn nothing_that_only_the_room_may_say_passes_in_any_stanza() {
    let mut scene = Scene::new();
    let w = &mut scene.world;
    let in_all = |claim: &str| {
        [
            ("romeo", format!("<presence xmlns='jabber:client' to='{ROOM}/romeo'>{claim}</presence>")),
            ("romeo", format!("<presence xmlns='jabber:client' to='{ROOM}/montague'>{claim}</presence>")),
            (
                "romeo",
                format!(
                    "<presence xmlns='jabber:client' type='unavailable' to='{ROOM}/romeo'>{claim}</presence>"
                ),
            ),
            (
                "late",
                format!(
                    "<presence xmlns='jabber:client' to='{ROOM}/late'><x xmlns='{MUC}'/>{claim}</presence>"
                ),
            ),
            (
                "romeo",
                format!(
                    "<message xmlns='jabber:client' type='groupchat' id='m'><body>b</body>{claim}</message>"
                ),
            ),
            (
                "owner",
                format!(
                    "<message xmlns='jabber:client' type='groupchat' id='m'><subject>s</subject>{claim}</message>"
                ),
            ),
            (
                "romeo",
                format!(
                    "<message xmlns='jabber:client' type='chat' id='m' to='{ROOM}/owner'><body>b</body>{claim}</message>"
                ),
            ),
            (
                "romeo",
                format!(
                    "<message xmlns='jabber:client' id='m' to='{ROOM}/owner'><body>b</body>{claim}</message>"
                ),
            ),
        ]
    };
    let mut passed = Vec::new();
    let mut copies = 0;
    for claim in claims() {
        for (who, xml) in in_all(&claim) {
            let heard = heard(w, who, &xml);
            copies += heard.len();
            passed.extend(
                heard.into_iter().filter(|s| s.contains("FORGED")).map(|s| format!("{claim}\n    {s}")),
            );
        }
    }
    assert!(copies > 500, "only {copies} stanzas were heard");
    assert!(passed.is_empty(), "{}", passed.join("\n"));
}

#[test]
fn stream_of_bytes_for_one_client_is_not_said_to_all() {
    let mut scene = Scene::new();
    for part in ["open", "data", "close"] {
        let part = format!("<{part} xmlns='http://jabber.org/protocol/ibb' sid='STREAM'/>");
        let said = |type_: &str, to: &str| {
            format!(
                "<message xmlns='jabber:client' type='{type_}' id='m' to='{to}'><body>b</body>{part}</message>"
            )
        };
        let to_all = heard(&mut scene.world, "romeo", &said("groupchat", ROOM));
        assert!(to_all.len() > 1 && to_all.iter().all(|s| s.contains("<body>")), "{to_all:?}");
        assert!(!to_all.iter().any(|s| s.contains("STREAM")), "{to_all:?}");
        // To one occupant it goes as it is.
        let to_one = heard(&mut scene.world, "romeo", &said("chat", &format!("{ROOM}/owner")));
        assert!(to_one.iter().any(|s| s.contains("STREAM")), "{to_one:?}");
    }
}

// trap 47
#[test]
fn invitation_shows_who_invites_and_not_who_is_said_to() {
    let mut scene = Scene::new();
    let heard = heard(
        &mut scene.world,
        "romeo",
        &format!(
            "<message xmlns='jabber:client'><x xmlns='{MUC}#user'>\
             <invite to='a@example' from='FORGED@example'><reason>r</reason></invite><item affiliation='FORGED'/>\
             <status code='100'/></x><stanza-id xmlns='urn:xmpp:sid:0' by='{ROOM}' id='FORGED'/></message>"
        ),
    );
    assert_eq!(heard.len(), 1, "{heard:?}");
    assert!(
        heard[0].contains("from=") && heard[0].contains("romeo") && !heard[0].contains("FORGED"),
        "{heard:?}"
    );
}

fn answer(w: &mut World, who: &str, to: &str, id: &str, type_: &str) {
    w.send(
        who,
        &format!("<iq xmlns='jabber:client' type='{type_}' id='{id}' to='{to}'><q xmlns='urn:q'/></iq>"),
    );
}

// 45-17.4-c, trap 53
#[test]
fn answer_to_anothers_request_or_a_second_answer_reaches_nobody() {
    let mut w = World::with_room(&[]);
    ["romeo", "juliet", "mallory"].iter().for_each(|who| w.join(who));
    w.clear();
    w.send(
        "romeo",
        &format!("<iq xmlns='jabber:client' type='get' id='q1' to='{ROOM}/juliet'><q xmlns='urn:q'/></iq>"),
    );
    let id = w.stanzas("juliet").pop().and_then(|iq| iq.attr("id").map(str::to_owned)).expect("passed on");
    assert_ne!(id, "q1");
    // Whoever guesses, or knows, an id answers for nobody but himself: by the id of the room or of the asker.
    for to in [format!("{ROOM}/romeo"), format!("{ROOM}/juliet"), ROOM.to_owned()] {
        for guess in [id.as_str(), "q1"] {
            for type_ in ["result", "error"] {
                answer(&mut w, "mallory", &to, guess, type_);
                answer(&mut w, "stranger", &to, guess, type_);
            }
        }
    }
    answer(&mut w, "juliet", &format!("{ROOM}/romeo"), "q1", "result");
    assert!(w.silent(), "{:?}", w.everything());
    answer(&mut w, "juliet", &format!("{ROOM}/romeo"), &id, "result");
    let got = w.stanzas("romeo");
    let attributes = ["type", "id", "from"].map(|name| got[0].attr(name).unwrap_or_default());
    assert_eq!((got.len(), attributes), (1, ["result", "q1", "r@muc.example/juliet"]));
    for type_ in ["result", "error"] {
        answer(&mut w, "juliet", &format!("{ROOM}/romeo"), &id, type_);
    }
    assert!(w.silent(), "an answer counts once");
}

// trap 53
#[test]
fn one_id_used_again_before_its_answer_is_two_requests() {
    let mut w = World::with_room(&[]);
    ["romeo", "juliet"].iter().for_each(|who| w.join(who));
    w.clear();
    for _ in 0..2 {
        w.send(
            "romeo",
            &format!(
                "<iq xmlns='jabber:client' type='get' id='same' to='{ROOM}/juliet'><q xmlns='urn:q'/></iq>"
            ),
        );
    }
    let ids: Vec<String> =
        w.stanzas("juliet").iter().map(|iq| iq.attr("id").expect("an id").to_owned()).collect();
    assert_ne!(ids[0], ids[1]);
    for id in &ids {
        answer(&mut w, "juliet", &format!("{ROOM}/romeo"), id, "result");
    }
    assert_eq!(w.got("romeo").len(), 2);
}

/// Answers everything that comes to the given clients by an error, over and over. How many rounds until all is quiet.
fn bounce_all(w: &mut World, bouncing: &[&str], condition: &str) -> usize {
    for round in 0..50 {
        let mut any = false;
        for who in bouncing {
            for stanza in w.stanzas(who) {
                any = true;
                w.send(who, &bounced(&stanza, condition));
            }
        }
        if !any {
            return round;
        }
    }
    50
}

fn bounced(stanza: &Element, condition: &str) -> String {
    let (name, from) = (stanza.name(), stanza.attr("from").expect("from"));
    let id = stanza.attr("id").unwrap_or_default();
    format!(
        "<{name} xmlns='jabber:client' type='error' id='{id}' to='{from}'><error type='cancel'>\
         <{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></{name}>"
    )
}

// 45-G-f, trap 52
#[test]
fn clients_that_answer_everything_by_an_error_come_to_rest() {
    let gone =
        ["service-unavailable", "item-not-found", "remote-server-not-found", "recipient-unavailable", "gone"];
    let odd = ["bad-request", "not-acceptable", "feature-not-implemented", "undefined-condition", "zzz"];
    for condition in gone.iter().chain(&odd) {
        let mut w = World::with_room(&[]);
        ["romeo", "juliet", "owner/phone"].iter().for_each(|who| w.join(who));
        w.clear();
        w.say("owner", "hello");
        w.send(
            "romeo",
            &format!(
                "<iq xmlns='jabber:client' type='get' id='q' to='{ROOM}/juliet'><q xmlns='urn:q'/></iq>"
            ),
        );
        let rounds = bounce_all(&mut w, &["romeo", "juliet"], condition);
        assert!(rounds < 8, "{condition}: {rounds} rounds");
        assert!(
            w.room
                .roster()
                .by_session(&conclave::wire::jid::Jid::parse(&full("owner")).expect("a jid"))
                .is_some()
        );
    }
}
