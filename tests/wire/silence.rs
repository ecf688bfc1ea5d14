//! Who is silent, who is slow, and who asks whether anybody is there.

use std::collections::{BTreeSet, HashMap};

use minidom::Element;

use super::server::{DOMAIN, Server};
use super::words::{OWNER, ROOM, codes, error, join, leave};

// 199-1, 114-12, 410-1, 410-3, 410-4
#[test]
fn a_ping_is_answered_by_the_service_by_a_room_and_by_oneself() {
    let server = Server::start();
    let mut peer = server.accept();
    peer.create(ROOM, &[]);
    for (to, expected) in [
        (DOMAIN, ""),
        (ROOM, ""),
        ("room@muc.example/Owner", ""),
        ("room@muc.example/Nobody", "cancel/item-not-found"),
        ("nobody@muc.example", "cancel/item-not-found"),
        // nothing else tells a client that it is not in the room any more.
        ("nobody@muc.example/Owner", "cancel/not-acceptable"),
    ] {
        let answer = peer.ask(OWNER, to, "get", "<ping xmlns='urn:xmpp:ping'/>");
        assert_eq!((error(&answer).as_str(), answer.attr("from")), (expected, Some(to)));
    }
    let server_asks = peer.ask("example.org", DOMAIN, "get", "<ping xmlns='urn:xmpp:ping'/>");
    assert_eq!(server_asks.attr("type"), Some("result"));
}

// 114-15
#[test]
fn a_ping_of_the_link_that_comes_back_is_not_taken_for_a_request() {
    let server = Server::start();
    let mut peer = server.accept();
    let ping = "<ping xmlns='urn:xmpp:ping'/>";
    peer.send(format!("<iq type='get' id='conclave-link-1' from='{DOMAIN}' to='{DOMAIN}'>{ping}</iq>"));
    peer.send(format!("<iq type='result' id='conclave-link-1' from='{DOMAIN}' to='{DOMAIN}'/>"));
    peer.nothing_but_ping(DOMAIN);
    // Anybody else may use such an id.
    peer.send(format!(
        "<iq type='get' id='conclave-link-1' from='a@example.org/x' to='{DOMAIN}'>{ping}</iq>"
    ));
    assert_eq!(peer.answer("iq", "conclave-link-1").attr("type"), Some("result"));
}

const OCCUPANTS: usize = 200;
const MESSAGES: usize = 2000;
const REQUESTS: usize = 200;
const LEAVERS: usize = 60;

/// The most memory that the process has ever had, in bytes.
pub(crate) fn memory_peak(server: &Server) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("Linux");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") * 1024
}

// 114-14, 45-G-e, 45-7.1-a, 45-7.14-a
#[test]
fn a_server_that_stops_reading_costs_no_memory_and_loses_nothing_but_what_is_refused() {
    let server = Server::start_with(
        "[limits]\nstanza_bytes_max = 65536\nqueue_bytes_max = 65536\nmailbox_stanzas_max = 32\n\
         account_stanzas_per_second = 0\naccount_room_stanzas_per_second = 0\n\
         [default_room.presence_broadcast]\nparticipant = false",
    );
    let mut peer = server.accept();
    peer.create(ROOM, &[]);
    let who = |n: usize| format!("u{n}@example.org/x");
    for n in 0..OCCUPANTS {
        peer.join(ROOM, &format!("u{n}"), &who(n));
    }
    peer.fence(ROOM);
    let before = memory_peak(&server);

    // From here on nothing is read. All of it would be half a gigabyte, and a connection takes but a few megabytes.
    let body = "x".repeat(1000);
    for n in 0..MESSAGES {
        peer.say(OWNER, ROOM, &format!("m{n}"), &body);
    }
    for n in 0..REQUESTS {
        let query = "<query xmlns='http://jabber.org/protocol/disco#info'/>";
        peer.send(format!("<iq type='get' id='q{n}' from='{OWNER}' to='{ROOM}'>{query}</iq>"));
    }
    for n in 0..LEAVERS {
        peer.send(leave(ROOM, &format!("u{n}"), &who(n)));
    }

    // Reading goes on. All refusals come before the answer to this ping of the same account.
    let mut told = peer.fence_of(OWNER, DOMAIN);
    let sent: Vec<String> = (0..MESSAGES).map(|n| format!("m{n}")).collect();
    let is_refusal = |s: &Element| s.attr("type") == Some("error");
    let (refusals, rest): (Vec<_>, Vec<_>) = told.drain(..).partition(is_refusal);
    told = rest;
    let mut refused = BTreeSet::new();
    for refusal in &refusals {
        assert_eq!((error(refusal).as_str(), refusal.attr("to")), ("wait/resource-constraint", Some(OWNER)));
        assert!(refused.insert(refusal.attr("id").expect("an id").to_owned()), "refused once");
    }
    let accepted: Vec<&String> = sent.iter().filter(|id| !refused.contains(*id)).collect();
    assert!(refused.len() > MESSAGES / 2 && accepted.len() > 32, "{} were accepted", accepted.len());
    let requests = (0..REQUESTS).map(|n| format!("q{n}"));
    assert!(requests.filter(|id| refused.contains(id)).count() > 0, "some requests were refused");

    let last = who(LEAVERS - 1);
    let has_left = |s: &Element| s.attr("type") == Some("unavailable") && s.attr("to") == Some(&last);
    let mut left = told.iter().any(has_left);
    while !left {
        told.push(peer.next());
        left = told.last().is_some_and(has_left);
    }
    told.extend(peer.fence(ROOM));
    let mut heard: HashMap<&str, Vec<&str>> = HashMap::new();
    for stanza in told.iter().filter(|s| s.attr("type") == Some("groupchat")) {
        heard.entry(stanza.attr("to").expect("a to")).or_default().push(stanza.attr("id").expect("an id"));
    }
    for n in 0..OCCUPANTS {
        assert!(heard[who(n).as_str()] == accepted, "{n} hears all that was accepted, once and in order");
    }
    for n in 0..LEAVERS {
        let own =
            told.iter().filter(|s| s.attr("type") == Some("unavailable") && s.attr("to") == Some(&who(n)));
        assert_eq!(own.map(codes).collect::<Vec<_>>(), [[110]], "{n} has left");
    }
    for id in (0..REQUESTS).map(|n| format!("q{n}")) {
        let answers = told.iter().filter(|s| s.attr("id") == Some(&id)).count();
        assert_eq!(answers, usize::from(!refused.contains(&id)), "one answer to {id}");
    }
    let grown = memory_peak(&server) - before;
    assert!(grown < 32 << 20, "{grown} bytes more than before");
}

// 45-G-e, 114-14
#[test]
fn more_rooms_than_are_allowed_are_refused_until_there_is_space() {
    let server = Server::start_with("[limits]\nrooms_max = 2");
    let mut peer = server.accept();
    peer.create(ROOM, &[]);
    peer.join("second@muc.example", "n", "a@example.org/x");
    let refused = peer.join("third@muc.example", "n", "b@example.org/x");
    assert_eq!(refused.first().map(error).as_deref(), Some("wait/resource-constraint"));
    peer.send(leave("second@muc.example", "n", "a@example.org/x"));
    peer.expect("presence", &[("type", "unavailable"), ("to", "a@example.org/x")]);
    let entered = (0..100).any(|_| {
        peer.send(join("third@muc.example", "n", "b@example.org/x"));
        let own = peer.expect("presence", &[("from", "third@muc.example/n"), ("to", "b@example.org/x")]);
        own.attr("type").is_none()
    });
    assert!(entered, "there is space again");
}

// 45-7.2.18-b
#[test]
fn a_presence_that_crosses_the_goodbye_of_the_last_one_is_met_with_silence() {
    let server = Server::start();
    let mut peer = server.accept();
    peer.create(ROOM, &[]);
    peer.send(leave(ROOM, "Owner", OWNER));
    peer.expect("presence", &[("type", "unavailable"), ("to", OWNER)]);
    // The room is out of memory when this comes.
    std::thread::sleep(std::time::Duration::from_millis(200));
    peer.send(format!("<presence from='{OWNER}' to='{ROOM}/Owner'/>"));
    peer.send(format!("<presence from='stray@example.org/pc' to='{ROOM}/Owner'/>"));
    let told = peer.next();
    assert_eq!((told.attr("to"), codes(&told)), (Some("stray@example.org/pc"), vec![307, 333, 110]));
}
