//! The link from its first byte to its last (XEP-0114, section 3), and how it comes back.

use std::thread;
use std::time::{Duration, Instant};

use super::peer::Peer;
use super::server::{DOMAIN, SECRET, Server};
use super::words::{OWNER, ROOM, codes, groupchat, item, join};

// 114-1, 114-2, 114-3, 114-4
#[test]
fn the_service_introduces_itself_and_waits_to_be_accepted() {
    let server = Server::start();
    let mut peer = server.connection();
    peer.shake_hands();
    assert!(
        peer.said().starts_with(
            "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' \
             xmlns:stream='http://etherx.jabber.org/streams' to='muc.example'><handshake>"
        ),
        "{}",
        peer.said()
    );
    // What comes too early is no reason to speak.
    peer.send(" \n ");
    assert!(peer.is_silent_for(Duration::from_millis(100)), "{}", peer.said());
    peer.send("<handshake/>");
    peer.nothing_but_ping(DOMAIN);
}

// 114-4
#[test]
fn what_comes_in_one_packet_with_the_handshake_is_answered() {
    let server = Server::start();
    let mut peer = server.connection();
    peer.shake_hands();
    let ping = "<iq type='get' id='early' from='a@example.org/x' to='muc.example'><ping xmlns='urn:xmpp:ping'/></iq>";
    peer.send(format!("<handshake/>{}{ping}", join(ROOM, "Owner", OWNER)));
    assert_eq!(peer.answer("iq", "early").attr("type"), Some("result"));
    let own = peer.expect("presence", &[("to", OWNER), ("from", "room@muc.example/Owner")]);
    // 45-7.2.11-a
    assert_eq!(codes(&own), [201, 110]);
}

// 114-15
#[test]
fn white_space_between_stanzas_means_nothing() {
    let server = Server::start();
    let mut peer = server.accept();
    peer.create(ROOM, &[]);
    for space in [" ", "\n", " \r\n\t ", &" ".repeat(100_000)] {
        peer.send(space);
        peer.nothing_but_ping(DOMAIN);
    }
    peer.room_works(ROOM);
}

// 114-18
#[test]
fn announcements_of_privileges_and_delegations_are_not_answered() {
    let server = Server::start();
    let mut peer = server.connection();
    peer.shake_hands();
    peer.send(
        "<handshake/>\
         <message from='example.org' to='muc.example' id='p'><privilege xmlns='urn:xmpp:privilege:2'>\
         <perm access='message' type='outgoing'/></privilege></message>\
         <message from='example.org' to='muc.example' id='d'><delegation xmlns='urn:xmpp:delegation:2'>\
         <delegated namespace='urn:xmpp:mam:2'/></delegation></message>",
    );
    peer.nothing_but_ping(DOMAIN);
}

// 114-13, trap 62
#[test]
fn after_a_cut_the_link_comes_back_and_the_occupants_are_still_there() {
    let server = Server::start();
    let mut peer = server.accept();
    peer.create(ROOM, &[]);
    drop(peer);
    let mut peer = server.accept();
    peer.room_works(ROOM);
}

// 114-13
#[test]
fn after_the_server_closes_its_stream_the_link_comes_back() {
    let mut server = Server::start();
    let mut peer = server.accept();
    peer.create(ROOM, &[]);
    peer.send("</stream:stream>");
    assert_eq!(peer.end(), []);
    let mut peer = server.accept();
    peer.room_works(ROOM);
    server.log_with("the server closed the stream");
}

/// The server refuses the component with `condition`; the log says so with all of `advice`, and the next attempt is
/// accepted.
fn is_refused_and_comes_back(condition: &str, advice: &[&str]) {
    let mut server = Server::start();
    let mut peer = server.connection();
    peer.shake_hands();
    peer.refuse(condition);
    let log = server.log_with(condition);
    let line = log.lines().find(|line| line.contains(condition)).expect("waited for");
    for word in advice {
        assert!(line.contains(word), "{word:?} is not in {line:?}");
    }
    assert!(line.contains("ERROR"), "the operator has to do something: {line:?}");
    server.accept().nothing_but_ping(DOMAIN);
}

// 114-5
#[test]
fn a_wrong_secret_is_told_and_tried_again() {
    is_refused_and_comes_back(
        "not-authorized",
        &["[component] secret", "component_secret", "ejabberd_service"],
    );
}

// 114-6
#[test]
fn a_domain_that_is_connected_already_is_told_and_tried_again() {
    is_refused_and_comes_back("conflict", &["[component] domain", "stop the other instance", "kick_old"]);
}

// 114-6
#[test]
fn a_domain_that_the_server_does_not_know_is_told_and_tried_again() {
    is_refused_and_comes_back("host-unknown", &["[component] domain", "Component \"<domain>\"", "hosts"]);
}

// 114-7, 114-8
#[test]
fn a_port_for_others_is_told_and_tried_again() {
    is_refused_and_comes_back(
        "invalid-namespace",
        &["[component] server", "component_ports", "ejabberd_service"],
    );
}

// 114-6
#[test]
fn when_another_takes_the_domain_over_it_makes_way_for_a_while_and_the_rooms_stay() {
    let mut server = Server::start();
    let mut peer = server.accept();
    peer.create(ROOM, &[]);
    peer.refuse("conflict");
    let since = Instant::now();
    server.log_with("another connection took [component] domain over");
    // Half a minute at most, the first time.
    let mut peer = loop {
        assert!(since.elapsed() < Duration::from_secs(35), "it looks whether the domain is free again");
        match server.poll() {
            Some(peer) => break peer,
            None => thread::sleep(Duration::from_millis(50)),
        }
    };
    assert!(since.elapsed() > Duration::from_secs(14), "whoever comes back at once begins a war");
    peer.shake_hands();
    peer.send("<handshake/>");
    peer.room_works(ROOM);
}

/// Sixty occupants besides the owner, of whom none sees the others come.
fn fill(peer: &mut Peer) -> Vec<String> {
    peer.create(ROOM, &[("muc#roomconfig_presencebroadcast", "moderator")]);
    let occupants: Vec<String> = (0..60).map(|n| format!("u{n}@example.org/x")).collect();
    for (n, who) in occupants.iter().enumerate() {
        peer.send(join(ROOM, &format!("u{n}"), who));
    }
    peer.fence(ROOM);
    occupants
}

// 114-4, 114-13, 114-14
#[test]
fn what_was_queued_while_the_link_was_down_leaves_over_the_next_one_after_its_handshake() {
    const MESSAGES: usize = 20;
    let server = Server::start();
    let mut peer = server.accept();
    let occupants = fill(&mut peer);
    let last = occupants.last().expect("some");
    // Far more than the buffers of a connection take: 1.2 MB each.
    let body = "x".repeat(20_000);
    for n in 0..MESSAGES {
        peer.say(OWNER, ROOM, &format!("m{n}"), &body);
    }
    // The answer overtakes the messages, so most of them are still queued when it is here.
    let seen = peer.fence(DOMAIN);
    assert!(!seen.iter().any(|s| s.attr("id") == Some("m19") && s.attr("to") == Some(last)));
    drop(peer);

    let mut peer = server.connection();
    peer.shake_hands();
    assert!(
        peer.is_silent_for(Duration::from_millis(100)),
        "before it was accepted it said: {}",
        peer.said()
    );
    peer.send("<handshake/>");
    let rest = peer.fence(ROOM);
    let of_last = rest.iter().filter(|s| s.name() == "message" && s.attr("to") == Some(last));
    let ids: Vec<&str> = of_last.filter_map(|s| s.attr("id")).collect();
    let expected: Vec<String> = (MESSAGES - ids.len()..MESSAGES).map(|n| format!("m{n}")).collect();
    assert!(ids.len() > 1 && ids == expected, "none twice, none left out: {ids:?}");
    peer.room_works(ROOM);
}

// 45-11.2-a, 114-16, trap 82
#[test]
fn told_to_stop_for_good_the_service_says_goodbye_to_everybody_and_closes_the_stream() {
    let mut server = Server::start_with("[service]\non_stop = \"leave\"");
    let mut peer = server.accept();
    peer.create(ROOM, &[]);
    peer.join(ROOM, "Guest", "guest@example.org/pc");
    peer.join(ROOM, "Guest", "guest@example.org/phone");
    peer.join("other@muc.example", "Alone", "alone@example.org/pc");
    peer.fence(ROOM);
    server.terminate();
    let mut told = peer.end();
    assert!(peer.has_closed_stream());
    assert_eq!(server.ended(), Some(0));
    told.sort_by_key(|presence| presence.attr("to").map(str::to_owned));
    let expected = [
        ("alone@example.org/pc", "other@muc.example/Alone"),
        ("guest@example.org/pc", "room@muc.example/Guest"),
        ("guest@example.org/phone", "room@muc.example/Guest"),
        (OWNER, "room@muc.example/Owner"),
    ];
    assert_eq!(told.len(), expected.len(), "each is told, and of himself only: {told:?}");
    for (presence, (to, from)) in told.iter().zip(expected) {
        assert_eq!((presence.name(), presence.attr("type")), ("presence", Some("unavailable")));
        assert_eq!((presence.attr("to"), presence.attr("from")), (Some(to), Some(from)));
        assert_eq!(codes(presence), [332, 110]);
        let item = |attribute| item(presence, attribute);
        assert_eq!((item("role").as_deref(), item("affiliation").as_deref()), (Some("none"), Some("none")));
    }
}

// 114-16
#[test]
fn told_to_stop_without_a_link_the_service_stops_at_once() {
    let mut server = Server::start();
    let mut peer = server.connection();
    peer.open();
    server.terminate();
    assert_eq!(server.ended(), Some(0));
    assert_eq!(peer.end().len(), 1, "nothing but a handshake");
}

#[test]
fn the_secret_is_in_no_log() {
    let mut server = Server::start_with("[log]\nlevel = \"trace\"");
    let mut peer = server.connection();
    peer.shake_hands();
    peer.refuse("not-authorized");
    server.log_with("not-authorized");
    let mut peer = server.accept();
    peer.create(
        ROOM,
        &[("muc#roomconfig_passwordprotectedroom", "1"), ("muc#roomconfig_roomsecret", "cauldronburn")],
    );
    peer.send(groupchat(OWNER, ROOM, "m", "eye of newt"));
    peer.expect("message", &[("id", "m")]);
    peer.send("<message from='a@example.org'><body>eye of newt</body></message>");
    peer.nothing_but_ping(DOMAIN);
    server.stop(peer);
    let log = server.whole_log();
    assert!(log.contains("DEBUG") && log.contains("stopped"), "{log}");
    for secret in [SECRET, "cauldronburn", "eye of newt"] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}
