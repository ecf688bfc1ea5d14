//! What no client should send, and what a server may let through all the same: the service goes on, the room works,
//! and whoever is owed an answer gets one.

use minidom::Element;

use super::peer::Peer;
use super::server::{DOMAIN, Server};
use super::silence::memory_peak;
use super::words::{OWNER, ROOM, error, groupchat, nicks};

const STRANGER: &str = "stranger@example.org/x";
const PING: &str = "<ping xmlns='urn:xmpp:ping'/>";

/// A service whose room has its owner in it.
fn with_room(settings: &str) -> (Server, Peer) {
    let server = Server::start_with(settings);
    let mut peer = server.accept();
    peer.create(ROOM, &[]);
    (server, peer)
}

/// Sends `xml` and gives everything that is said because of it.
fn said(peer: &mut Peer, xml: &str) -> Vec<Element> {
    peer.send(xml);
    [DOMAIN, ROOM, "nobody@muc.example"].into_iter().flat_map(|address| peer.fence(address)).collect()
}

/// Sends each stanza, expects one error in answer to it, with its id and to its sender, and a room that works.
fn are_refused(settings: &str, cases: &[(&str, String)]) {
    let (_server, mut peer) = with_room(settings);
    for (expected, xml) in cases {
        let said = said(&mut peer, xml);
        let start: String = xml.chars().take(200).collect();
        let [answer] = &said[..] else { panic!("{start} should have one answer, not {said:?}") };
        assert_eq!((error(answer).as_str(), answer.attr("id")), (*expected, Some("x")), "{start}");
        assert!([Some(STRANGER), Some(OWNER)].contains(&answer.attr("to")), "{start}");
        peer.room_works(ROOM);
    }
}

/// Sends each stanza, and expects silence and a room that works.
fn are_passed_over(cases: &[String]) {
    let (_server, mut peer) = with_room("");
    for xml in cases {
        let said = said(&mut peer, xml);
        assert!(
            said.is_empty(),
            "{} is not answered; said: {said:?}",
            xml.chars().take(200).collect::<String>()
        );
        peer.room_works(ROOM);
    }
}

/// An IQ, message or presence of the stranger with `inside`.
fn stanza(name: &str, attributes: &str, to: &str, inside: &str) -> String {
    format!("<{name} {attributes} from='{STRANGER}' to='{to}'>{inside}</{name}>")
}

fn nested(depth: usize) -> String {
    format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth))
}

// 45-G-a, 45-G-e
#[test]
fn a_stanza_beyond_a_limit_is_refused() {
    let many: String = (0..5000).map(|n| format!(" a{n}='{n}'")).collect();
    let big = "x".repeat(100_000);
    let violation = "modify/policy-violation";
    are_refused(
        "[limits]\nstanza_bytes_max = 65536",
        &[
            (violation, stanza("iq", "type='get' id='x'", DOMAIN, &nested(4000))),
            (violation, stanza("message", "type='groupchat' id='x'", ROOM, &nested(4000))),
            (violation, stanza("presence", "id='x'", "room@muc.example/n", &nested(100_000))),
            (violation, groupchat(OWNER, ROOM, "x", &big)),
            (violation, stanza("iq", "type='set' id='x'", ROOM, &format!("<q xmlns='urn:q' a='{big}'/>"))),
            (violation, stanza("iq", &format!("{many} type='get' id='x'"), ROOM, PING)),
            (violation, stanza("message", "id='x'", ROOM, &format!("<q xmlns='urn:q'{many}/>"))),
            (violation, stanza("message", "id='x'", ROOM, &"<q xmlns='urn:q'/>".repeat(3000))),
        ],
    );
}

// 45-G-a
#[test]
fn stanzas_beyond_a_limit_do_not_fill_the_log() {
    let (mut server, mut peer) = with_room("[limits]\nstanza_bytes_max = 65536");
    let big = groupchat(OWNER, ROOM, "x", &"x".repeat(100_000));
    for _ in 0..100 {
        peer.send(&big);
        peer.expect("message", &[("type", "error"), ("to", OWNER)]);
    }
    server.stop(peer);
    let log = server.whole_log();
    let lines = log.lines().filter(|line| line.contains("beyond the limits skipped")).count();
    assert!((1..=3).contains(&lines), "{lines} lines for a hundred stanzas");
}

// 45-7.14-a, 45-7.14-b
#[test]
fn a_goodbye_beyond_a_limit_is_still_a_goodbye() {
    let (_server, mut peer) = with_room("[limits]\nstanza_bytes_max = 65536");
    let guest = "guest@example.org/x";
    peer.join(ROOM, "Guest", guest);
    peer.fence(ROOM);
    let status = "x".repeat(100_000);
    peer.send(format!(
        "<presence type='unavailable' from='{guest}' to='{ROOM}/Guest'><status>{status}</status></presence>"
    ));
    for to in [guest, OWNER] {
        peer.expect("presence", &[("type", "unavailable"), ("from", "room@muc.example/Guest"), ("to", to)]);
    }
    peer.nothing_but_ping(ROOM);
    peer.room_works(ROOM);
}

// 45-G-d, 45-G-e, 45-17.2-a, 45-17.4-a
#[test]
fn types_and_requests_that_do_not_exist_are_refused() {
    let unknown = "<query xmlns='urn:example:unknown'/>";
    are_refused(
        "",
        &[
            ("modify/bad-request", stanza("presence", "type='foo' id='x'", "room@muc.example/n", "")),
            ("modify/bad-request", stanza("message", "type='foo' id='x'", ROOM, "<body>b</body>")),
            ("modify/bad-request", stanza("iq", "type='foo' id='x'", ROOM, PING)),
            ("modify/bad-request", stanza("iq", "id='x'", DOMAIN, PING)),
            ("modify/bad-request", stanza("iq", "type='get' id='x'", ROOM, "")),
            ("modify/bad-request", stanza("iq", "type='set' id='x'", DOMAIN, "text")),
            ("cancel/service-unavailable", stanza("iq", "type='get' id='x'", DOMAIN, unknown)),
            ("cancel/service-unavailable", stanza("iq", "type='set' id='x'", ROOM, unknown)),
            ("cancel/not-acceptable", stanza("iq", "type='get' id='x'", "room@muc.example/Owner", unknown)),
            ("cancel/item-not-found", stanza("iq", "type='get' id='x'", "nobody@muc.example", unknown)),
            // 45-17.2-c
            ("cancel/item-not-found", stanza("message", "type='groupchat' id='x'", "nobody@muc.example", "")),
            // 45-7.2.1-b
            ("modify/jid-malformed", stanza("presence", "id='x'", ROOM, "")),
            // 45-17.1-b: nothing is left of the local part once it is prepared.
            ("modify/jid-malformed", stanza("iq", "type='get' id='x'", "&#xad;@muc.example", PING)),
        ],
    );
}

// 45-G-e
#[test]
fn a_request_without_an_id_is_refused_without_one() {
    let (_server, mut peer) = with_room("");
    let said = said(&mut peer, &stanza("iq", "type='get'", ROOM, PING));
    let [answer] = &said[..] else { panic!("one answer, not {said:?}") };
    assert_eq!((error(answer).as_str(), answer.attr("id")), ("modify/bad-request", None));
    peer.room_works(ROOM);
}

// 45-G-f
#[test]
fn errors_and_results_are_never_answered() {
    let fault = "<error type='cancel'><not-acceptable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>";
    let mut cases = Vec::new();
    for to in [
        DOMAIN,
        ROOM,
        "room@muc.example/Owner",
        "room@muc.example/nobody",
        "nobody@muc.example",
        "nobody@muc.example/n",
    ] {
        for inside in [fault, "", &format!("{fault}<query xmlns='urn:example:unknown'/>"), &nested(4000)] {
            for (name, type_) in
                [("message", "error"), ("presence", "error"), ("iq", "error"), ("iq", "result")]
            {
                cases.push(stanza(name, &format!("type='{type_}' id='x'"), to, inside));
            }
        }
        cases.push(stanza("iq", "type='result'", to, ""));
    }
    are_passed_over(&cases);
}

// 45-17.3-a, 45-17.3-e, 114-11
#[test]
fn what_cannot_be_answered_is_passed_over() {
    let cases = [
        "<foo/>",
        "<foo xmlns='urn:example:unknown' from='a@example.org' to='room@muc.example'><iq type='get' id='x'/></foo>",
        "<iq xmlns='urn:example:unknown' type='get' id='x' from='a@example.org' to='room@muc.example'/>",
        "<handshake/>",
        "<message/>",
        "<presence/>",
        "<iq/>",
        "<iq type='get' id='x'><ping xmlns='urn:xmpp:ping'/></iq>",
        "<iq type='get' id='x' to='muc.example'><ping xmlns='urn:xmpp:ping'/></iq>",
        "<message from='a@example.org/x' type='groupchat' id='x'><body>b</body></message>",
        "<presence to='room@muc.example/n'><x xmlns='http://jabber.org/protocol/muc'/></presence>",
        "<iq type='get' id='x' from='' to='muc.example'><ping xmlns='urn:xmpp:ping'/></iq>",
        "<iq type='get' id='x' from='a@@b' to='muc.example'><ping xmlns='urn:xmpp:ping'/></iq>",
        "<iq type='get' id='x' from='@' to='room@muc.example'><ping xmlns='urn:xmpp:ping'/></iq>",
        "<iq type='get' id='x' from='a@example.org/' to='room@muc.example'><ping xmlns='urn:xmpp:ping'/></iq>",
        "<message id='x' from='a@example.org' to='@muc.example'><body>b</body></message>",
        "<message id='x' from='a@example.org' to='a b@muc.example'><body>b</body></message>",
        "<presence id='x' from='a@example.org/x' to='room@muc.example/'/>",
        "<presence type='unavailable' from='a@example.org/x' to='room@muc.example/n'/>",
        "<presence type='subscribe' from='a@example.org/x' to='room@muc.example'/>",
        "<presence from='a@example.org/x' to='muc.example'/>",
    ];
    are_passed_over(&cases.map(str::to_owned));
}

// 114-10
#[test]
fn odd_stanzas_of_occupants_reach_the_others() {
    let (_server, mut peer) = with_room("[service]\nnicks = \"any\"\n");
    let guest = "guest@example.org/x";
    // 45-17.1-a
    let sequence = peer.join(ROOM, "🦀", guest);
    assert_eq!(nicks(&sequence), ["Owner", "🦀"]);
    peer.fence(ROOM);

    peer.send(format!(
        "<presence from='{guest}' to='{ROOM}/🦀'><show>foo</show><status>s</status></presence>"
    ));
    let seen = peer.expect("presence", &[("from", "room@muc.example/🦀"), ("to", OWNER)]);
    assert!(
        !seen.has_child("show", "jabber:client") && seen.has_child("status", "jabber:client"),
        "{seen:?}"
    );
    peer.fence(ROOM);

    // 45-17.2-d
    let (id, long) = ("i".repeat(1024), "k".repeat(9000));
    let odd = format!(
        "<x xmlns='' k='{long}'><y xmlns='urn:y' p:k='v' xmlns:p='urn:p'/></x><a:b xmlns:a='urn:a'/>"
    );
    peer.send(format!(
        "<message type='groupchat' id='{id}' from='{guest}' to='{ROOM}'>{odd}<body>b</body></message>"
    ));
    let seen = peer.expect("message", &[("id", &id), ("to", OWNER)]);
    let x = seen.get_child("x", "").expect("a child in no namespace");
    assert_eq!(x.get_child("y", "urn:y").and_then(|y| y.attr_ns("urn:p", "k")), Some("v"));
    assert_eq!(x.attr("k"), Some(&*long));
    assert!(seen.has_child("b", "urn:a"));
    assert_eq!(seen.attr("from"), Some("room@muc.example/🦀"));
    peer.fence(ROOM);
    peer.room_works(ROOM);
}

// 114-13, 45-G-a
#[test]
fn a_stanza_without_end_costs_no_memory_and_one_refusal() {
    let (server, mut peer) = with_room("");
    let before = memory_peak(&server);
    let mebibyte = "x".repeat(1 << 20);
    let start = format!("<message type='groupchat' id='x' from='{STRANGER}' to='{ROOM}'>");
    peer.send(format!("{start}<body>"));
    for _ in 0..32 {
        peer.send(&mebibyte);
    }
    peer.send("</body></message>");
    let answer = peer.expect("message", &[("id", "x"), ("to", STRANGER)]);
    assert_eq!(error(&answer), "modify/policy-violation");
    peer.room_works(ROOM);
    // An attribute has to be read whole. One of more than 8 MiB ends the stream; no server
    // passes so much on.
    peer.send(format!("{start}<q xmlns='urn:q' a='"));
    for _ in 0..9 {
        peer.send_if_read(&mebibyte);
    }
    peer.end();
    drop(peer);
    let mut peer = server.accept();
    peer.room_works(ROOM);
    let after = memory_peak(&server);
    assert!(after < before + (32 << 20), "from {before} to {after} bytes after 41 MiB were sent");
}

// 114-10
#[test]
fn a_stanza_that_comes_byte_by_byte_is_a_stanza() {
    let (_server, mut peer) = with_room("");
    for byte in groupchat(OWNER, ROOM, "slow", "s l o w 🐌").as_bytes() {
        peer.send([*byte]);
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let echo = peer.expect("message", &[("id", "slow"), ("to", OWNER)]);
    assert_eq!(super::words::text(&echo, "body"), "s l o w 🐌");
    peer.room_works(ROOM);
}

// 114-13
#[test]
fn a_stanza_that_is_cut_in_the_middle_is_as_if_it_had_never_been() {
    let (mut server, mut peer) = with_room("");
    let whole = groupchat(OWNER, ROOM, "cut", "never said");
    for cut in [1, 20, whole.len() - 1] {
        peer.send(&whole[..cut]);
        drop(peer);
        peer = server.accept();
        peer.nothing_but_ping(ROOM);
        peer.room_works(ROOM);
    }
    server.log_with("cut in the middle of a stanza");
    let sequence = peer.join(ROOM, "Guest", "guest@example.org/x");
    assert_eq!(nicks(&sequence), ["Owner", "Guest"]);
}

/// After these bytes a new stream is opened, on which the room is as it was.
fn end_the_stream(cases: &[(&str, &[u8])]) {
    for (what, bytes) in cases {
        let (mut server, mut peer) = with_room("");
        peer.send(bytes);
        let said = peer.end();
        assert!(said.is_empty(), "{what}: {said:?}");
        server.log_with("the server sent what cannot be read");
        let mut peer = server.accept();
        let sequence = peer.join(ROOM, "Guest", "guest@example.org/x");
        assert_eq!(nicks(&sequence), ["Owner", "Guest"], "{what}");
        peer.fence(ROOM);
        peer.room_works(ROOM);
    }
}

// 114-13
#[test]
fn xml_that_xmpp_forbids_ends_the_stream_and_a_new_one_is_opened() {
    end_the_stream(&[
        ("an entity", b"<message from='a@b' to='room@muc.example'><body>&foo;</body></message>"),
        ("a document type", b"<!DOCTYPE foo>"),
        (
            "a billion laughs",
            b"<!DOCTYPE l [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;\">\
              <!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;\">]><message><body>&c;</body></message>",
        ),
        ("a processing instruction", b"<?php echo 1 ?>"),
        ("a comment", b"<message from='a@b' to='room@muc.example'><!-- c --></message>"),
    ]);
}

// 114-13
#[test]
fn bytes_that_are_no_xml_end_the_stream_and_a_new_one_is_opened() {
    end_the_stream(&[
        ("no UTF-8", b"<message from='a@b' to='room@muc.example'><body>\xff\xfe</body></message>"),
        (
            "half a surrogate",
            b"<message from='a@b' to='room@muc.example'><body>\xed\xa0\x80</body></message>",
        ),
        ("a zero", b"<message from='a@b' to='room@muc.example'><body>&#0;</body></message>"),
        ("crossed tags", b"<message from='a@b' to='room@muc.example'><a><b></a></b></message>"),
        ("an attribute twice", b"<message from='a@b' from='c@d' to='room@muc.example'/>"),
        ("a prefix that is not declared", b"<message from='a@b' to='room@muc.example'><a:b/></message>"),
        ("text between stanzas", b"hello"),
    ]);
}
