//! Moderation of many messages in a row, with the archive on the disk.

use std::time::Instant;

use super::server::{BOUND, Server};
use super::words::{OWNER, ROOM};

const GUEST: &str = "guest@example.org/x";
const MESSAGES: usize = 200;

// 425-4, clients §7 bulk moderation, clients §10
#[test]
fn two_hundred_messages_are_moderated_in_a_row_and_stay_so_after_a_kill() {
    let mut server = Server::start();
    let mut peer = server.accept();
    peer.create(ROOM, &[("muc#roomconfig_persistentroom", "1")]);
    peer.join(ROOM, "Guest", GUEST);
    peer.fence(ROOM);
    let mut ids = Vec::new();
    for n in 0..MESSAGES {
        let id = format!("m{n}");
        peer.say(GUEST, ROOM, &id, "buy");
        let heard = peer.expect("message", &[("id", &id), ("to", OWNER)]);
        let stanza_id = heard.get_child("stanza-id", "urn:xmpp:sid:0").and_then(|s| s.attr("id"));
        ids.push(stanza_id.expect("it is archived").to_owned());
    }
    peer.fence(ROOM);
    let start = Instant::now();
    for (n, id) in ids.iter().enumerate() {
        peer.send(format!(
            "<iq type='set' id='q{n}' from='{OWNER}' to='{ROOM}'><moderate xmlns='urn:xmpp:message-moderate:1' id='{id}'>\
             <retract xmlns='urn:xmpp:message-retract:1'/></moderate></iq>"
        ));
    }
    let (mut told, mut done) = (0, 0);
    while told < MESSAGES || done < MESSAGES {
        let stanza = peer.next();
        match (stanza.name(), stanza.attr("to")) {
            ("iq", Some(OWNER)) => {
                assert_eq!(stanza.attr("type"), Some("result"), "{stanza:?}");
                done += 1;
            }
            ("message", Some(GUEST)) => {
                assert!(stanza.has_child("retract", "urn:xmpp:message-retract:1"), "{stanza:?}");
                told += 1;
            }
            _ => {}
        }
        assert!(start.elapsed() < BOUND, "{told} told, {done} done");
    }
    server.kill();
    drop(peer);
    server.start_again();
    let mut peer = server.accept();
    let sequence = peer.join(ROOM, "Owner", OWNER);
    assert!(sequence.iter().all(|stanza| !stanza.has_child("body", "jabber:client")), "{sequence:?}");
    peer.send(format!(
        "<iq type='set' id='all' from='{OWNER}' to='{ROOM}'><query xmlns='urn:xmpp:mam:2'>\
         <set xmlns='http://jabber.org/protocol/rsm'><max>{MESSAGES}</max></set></query></iq>"
    ));
    let mut tombstones = 0;
    loop {
        let stanza = peer.next();
        if stanza.name() == "iq" {
            break;
        }
        let forwarded = stanza.children().find_map(|c| c.get_child("forwarded", "urn:xmpp:forward:0"));
        let message = forwarded.and_then(|f| f.get_child("message", "jabber:client")).expect("a message");
        assert!(message.has_child("retracted", "urn:xmpp:message-retract:1"), "{message:?}");
        tombstones += 1;
    }
    assert_eq!(tombstones, MESSAGES);
}
