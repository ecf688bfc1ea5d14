//! What clients of today rely on when the service is busy, stops, or is asked for more than it has.

use std::time::{Duration, Instant};

use minidom::Element;

use super::server::{DOMAIN, Server};
use super::words::{OWNER, ROOM, error, groupchat, join};

const MAM: &str = "urn:xmpp:mam:2";
const INFO: &str = "<query xmlns='http://jabber.org/protocol/disco#info'/>";

/// An owner's form with these fields.
fn form(fields: &[(&str, &str)]) -> String {
    let field = |(var, value): &(&str, &str)| format!("<field var='{var}'><value>{value}</value></field>");
    let fields: String = fields.iter().map(field).collect();
    format!(
        "<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'>{fields}</x></query>"
    )
}

// clients NEW-14, clients-check-l, clients-page-a
#[test]
fn a_ping_to_oneself_does_not_wait_for_ten_thousand_messages_of_the_archive() {
    const SAID: usize = 500;
    const QUERIES: usize = 20;
    // One account says it all at once.
    let server = Server::start_with("[limits]\naccount_room_stanzas_per_second = 0");
    let mut peer = server.accept();
    peer.create(ROOM, &[]);
    for n in 0..SAID {
        peer.send(groupchat(OWNER, ROOM, &format!("m{n}"), "so much was said in this room"));
    }
    peer.expect("message", &[("id", &format!("m{}", SAID - 1)), ("to", OWNER)]);
    peer.fence(ROOM);
    let reader = "reader@example.org/x";
    for n in 0..QUERIES {
        peer.send(format!(
            "<iq type='set' id='q{n}' from='{reader}' to='{ROOM}'><query xmlns='{MAM}'>\
             <set xmlns='http://jabber.org/protocol/rsm'><max>500</max></set></query></iq>"
        ));
    }
    let asked = Instant::now();
    let ping = "<ping xmlns='urn:xmpp:ping'/>";
    peer.send(format!("<iq type='get' id='ping' from='{OWNER}' to='{ROOM}/Owner'>{ping}</iq>"));
    let (mut results, mut ends, mut before) = (0, 0, None);
    while ends < QUERIES || before.is_none() {
        let stanza = peer.next();
        let is_result = stanza.has_child("result", MAM);
        results += usize::from(is_result);
        match stanza.attr("id") {
            Some("ping") => {
                assert_eq!(stanza.attr("type"), Some("result"));
                assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
                before = Some(results);
            }
            _ if stanza.name() == "iq" => {
                assert!(stanza.has_child("fin", MAM), "{stanza:?}");
                ends += 1;
            }
            _ => assert!(is_result, "{stanza:?}"),
        }
    }
    assert_eq!(results, SAID * QUERIES);
    let before = before.expect("answered");
    assert!(before < results, "the ping was answered after all {before} messages");
}

/// Errors among stanzas.
fn errors(stanzas: &[Element]) -> Vec<String> {
    stanzas.iter().filter(|s| s.attr("type") == Some("error")).map(error).collect()
}

// clients NEW-1, clients-check-m
#[test]
fn whoever_comes_while_the_service_stops_is_told_to_wait() {
    let mut server = Server::start();
    let mut peer = server.accept();
    peer.create(ROOM, &[]);
    server.terminate();
    // Some of it comes before the end and some after; nobody can tell which.
    for n in 0..300 {
        let who = format!("u{n}@example.org/x");
        peer.send(join(ROOM, &format!("u{n}"), &who));
        peer.send(join(&format!("r{n}@{DOMAIN}"), "n", &who));
        peer.send(groupchat(&who, ROOM, "m", "hello"));
        peer.send(format!("<iq type='get' id='d{n}' from='{who}' to='{ROOM}'>{INFO}</iq>"));
    }
    let said = peer.end();
    assert_eq!(server.ended(), Some(0));
    for stanza in &said {
        let outside = error(stanza);
        // Who did not get in is told so, and comes back; nothing else is said for good.
        let allowed =
            outside.is_empty() || outside.starts_with("wait/") || outside == "modify/not-acceptable";
        assert!(allowed, "{stanza:?}");
    }
}

// clients NEW-1, clients-check-m, clients-error-g
#[test]
fn too_many_rooms_at_a_time_are_a_reason_to_wait() {
    let server = Server::start_with("[limits]\nrooms_max = 1");
    let mut peer = server.accept();
    peer.create(ROOM, &[]);
    let other = format!("other@{DOMAIN}");
    assert_eq!(errors(&peer.join(&other, "n", "a@example.org/x")), ["wait/resource-constraint"]);
    assert_eq!(error(&peer.ask(OWNER, &other, "get", INFO)), "wait/resource-constraint");
    assert_eq!(error(&peer.ask(OWNER, &other, "set", &form(&[]))), "wait/resource-constraint");
}

// clients NEW-9, clients-check-i
#[test]
fn rooms_that_wait_for_somebody_are_limited_in_number() {
    // Those of one account.
    const MAX: usize = 20;
    let server = Server::start_with("[limits]\naccount_stanzas_per_second = 0");
    let mut peer = server.accept();
    for n in 0..=MAX {
        let members = form(&[("muc#roomconfig_membersonly", "1"), ("muc#roomconfig_publicroom", "1")]);
        peer.send(format!("<iq type='set' id='c{n}' from='{OWNER}' to='r{n}@{DOMAIN}'>{members}</iq>"));
    }
    let answers: Vec<(String, String)> = (0..=MAX)
        .map(|_| {
            let answer = peer.next();
            (answer.attr("from").expect("from").to_owned(), error(&answer))
        })
        .collect();
    let refused: Vec<_> = answers.iter().filter(|(_, error)| !error.is_empty()).collect();
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0].1, "wait/resource-constraint");
    // Nobody is in them, and they are not listed; nor is there one more.
    let listed = peer.ask(OWNER, DOMAIN, "get", "<query xmlns='http://jabber.org/protocol/disco#items'/>");
    assert_eq!(
        listed.children().next().expect("a list").children().filter(|c| c.name() == "item").count(),
        0
    );
    assert_eq!(error(&peer.ask(OWNER, &refused[0].0, "get", INFO)), "cancel/item-not-found");
    // Whoever comes frees a place and has the room as it was asked for.
    let (made, _) = answers.iter().find(|(_, error)| error.is_empty()).expect("one that was made");
    let stranger = peer.join(made, "n", "a@example.org/x");
    assert_eq!(errors(&stranger), ["auth/registration-required"]);
    let sequence = peer.join(made, "Owner", OWNER);
    assert_eq!(super::words::codes(&sequence[0]), [110]);
    peer.fence(made);
    let listed = peer.ask(OWNER, DOMAIN, "get", "<query xmlns='http://jabber.org/protocol/disco#items'/>");
    let items: Vec<_> =
        listed.children().next().expect("a list").children().filter_map(|c| c.attr("jid")).collect();
    assert_eq!(items, [made]);
    let again = peer.ask(OWNER, &refused[0].0, "set", &form(&[]));
    assert_eq!(again.attr("type"), Some("result"));
}
