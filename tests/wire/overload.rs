//! Floods: whom they cost something, and whom not.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use minidom::Element;

use conclave::room::roster::Said;
use conclave::room::weight::ROOM_BYTES;

use super::peer::Peer;
use super::server::{DOMAIN, Server};
use super::words::{OWNER, ROOM, codes, error, groupchat, join, leave, text};

const GUEST: &str = "guest@example.org/x";
/// Few at once, and so few in a second that none comes back while a test looks.
const NARROW: &str = "[limits]\naccount_room_stanzas_per_second = 1\naccount_room_stanzas_burst = 20\n\
    account_stanzas_per_second = 1\naccount_stanzas_burst = 60\ndelayed_stanzas_max = 5\n";

fn room_with_guest(settings: &str) -> (Server, Peer) {
    let server = Server::start_with(settings);
    let mut peer = server.accept();
    peer.create(ROOM, &[]);
    peer.join(ROOM, "Guest", GUEST);
    peer.fence(ROOM);
    (server, peer)
}

/// Memory of a process in bytes: what `what` of its status says.
fn memory(server: &Server, what: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix(what)).expect("Linux");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") * 1024
}

/// Ids of what `who` hears in the room, in order.
fn heard(stanzas: &[Element], who: &str) -> Vec<String> {
    let for_who = stanzas.iter().filter(|s| s.attr("to") == Some(who) && s.attr("type") == Some("groupchat"));
    for_who.filter_map(|s| s.attr("id").map(str::to_owned)).collect()
}

// 45-14.6-a, 45-G-a, 45-G-c
#[test]
fn who_says_too_much_in_a_room_is_delayed_then_told_to_wait_and_the_others_are_not() {
    let (_server, mut peer) = room_with_guest(NARROW);
    // The join was one of twenty.
    for n in 0..30 {
        peer.say(GUEST, ROOM, &format!("m{n}"), &format!("number {n}"));
    }
    peer.say(OWNER, ROOM, "calm", "what is going on?");
    peer.expect("message", &[("id", "calm"), ("to", OWNER)]);
    let refused: Vec<Element> = (24..30)
        .map(|n| peer.expect("message", &[("type", "error"), ("id", &format!("m{n}")), ("to", GUEST)]))
        .collect();
    for (refusal, n) in refused.iter().zip(24..) {
        assert_eq!((error(refusal).as_str(), refusal.attr("from")), ("wait/policy-violation", Some(ROOM)));
        assert_eq!(text(refusal, "body"), format!("number {n}"));
    }
    // What was delayed comes, in order, to its author last; nothing else is refused.
    let mut seen = Vec::new();
    while seen.last().is_none_or(|s: &Element| (s.attr("id"), s.attr("to")) != (Some("m23"), Some(GUEST))) {
        seen.push(peer.next());
    }
    assert!(seen.iter().all(|s| s.attr("type") != Some("error")), "{seen:?}");
    let expected: Vec<String> = (0..24).map(|n| format!("m{n}")).collect();
    let of_guest: Vec<String> = heard(&seen, OWNER).into_iter().filter(|id| id != "calm").collect();
    assert_eq!(of_guest, expected);
    peer.room_works(ROOM);
}

// 45-14.6-a, 45-G-e
#[test]
fn who_asks_too_much_is_told_to_wait_request_by_request() {
    let (_server, mut peer) = room_with_guest(NARROW);
    let stranger = "stranger@example.org/x";
    let disco = "<query xmlns='http://jabber.org/protocol/disco#info'/>";
    let request = |n| format!("<iq type='get' id='q{n}' from='{stranger}' to='{ROOM}'>{disco}</iq>");
    // All at once, the join with it: in a pause, one of those that wait would make place for it.
    let requests: String = (0..100).map(request).collect();
    peer.send(requests + &join(ROOM, "Stranger", stranger));
    let answers: Vec<String> =
        (0..60).chain(65..100).map(|n| error(&peer.answer("iq", &format!("q{n}")))).collect();
    assert!(answers[..60].iter().all(String::is_empty), "{answers:?}");
    assert!(answers[60..].iter().all(|error| error == "wait/resource-constraint"), "{answers:?}");
    // A join is no different: `wait`, or clients would forget the room.
    let refused = peer.expect("presence", &[("type", "error"), ("to", stranger)]);
    assert_eq!(error(&refused), "wait/resource-constraint");
    assert!(refused.has_child("x", super::words::MUC));
    // Costly ones count for more: a page of the archive is five.
    for n in 0..20 {
        peer.send(format!(
            "<iq type='set' id='p{n}' from='{GUEST}' to='{ROOM}'><query xmlns='urn:xmpp:mam:2'/></iq>"
        ));
    }
    let refused: Vec<usize> =
        (17..20).filter(|n| !error(&peer.answer("iq", &format!("p{n}"))).is_empty()).collect();
    assert_eq!(refused, [17, 18, 19]);
}

// 45-14.6-a
#[test]
fn a_flood_from_one_domain_costs_no_other_domain() {
    let (_server, mut peer) = room_with_guest(
        "[limits]\ndomain_stanzas_per_second = 10\ndomain_stanzas_burst = 200\ndelayed_stanzas_max = 1\n",
    );
    let disco = "<query xmlns='http://jabber.org/protocol/disco#info'/>";
    for n in 0..1000 {
        let from = format!("u{n}@flood.example/x");
        peer.send(format!("<iq type='get' id='f{n}' from='{from}' to='{ROOM}'>{disco}</iq>"));
    }
    // Those of the domain wait for one another; nobody else does.
    for n in 0..20 {
        let id = format!("calm{n}");
        peer.say(GUEST, ROOM, &id, "we talk");
        peer.expect("message", &[("id", &id), ("to", GUEST)]);
    }
    let (first, later) = (peer.answer("iq", "f0"), peer.answer("iq", "f199"));
    assert_eq!((error(&first), error(&later)), (String::new(), String::new()));
    // Each of the accounts has one that waits: a second one is too much.
    for n in 900..1000 {
        let from = format!("u{n}@flood.example/x");
        peer.send(format!("<iq type='get' id='g{n}' from='{from}' to='{ROOM}'>{disco}</iq>"));
        assert_eq!(error(&peer.answer("iq", &format!("g{n}"))), "wait/resource-constraint");
    }
}

// 45-7.14-a, 45-7.14-b, 45-14.6-a
#[test]
fn who_leaves_in_the_midst_of_a_flood_has_left() {
    let (_server, mut peer) = room_with_guest(NARROW);
    for n in 0..200 {
        peer.say(GUEST, ROOM, &format!("m{n}"), "and another");
    }
    peer.send(leave(ROOM, "Guest", GUEST));
    for to in [GUEST, OWNER] {
        let gone = [("type", "unavailable"), ("from", "room@muc.example/Guest"), ("to", to)];
        let gone = peer.expect("presence", &gone);
        assert_eq!(codes(&gone).contains(&110), to == GUEST);
    }
    // What he still had to say is refused: nothing of it comes after he has left, and nothing is without an answer.
    for n in 19..200 {
        peer.expect("message", &[("type", "error"), ("id", &format!("m{n}")), ("to", GUEST)]);
    }
    let expected: Vec<String> = (0..19).map(|n| format!("m{n}")).collect();
    assert_eq!(heard(&peer.fence(ROOM), OWNER), expected);
    peer.room_works(ROOM);
}

// 45-G-f, 45-14.6-a
#[test]
fn a_flood_of_leaves_is_not_answered_and_costs_nobody_else() {
    let room =
        "[limits]\nroom_stanzas_per_second = 100\nroom_stanzas_burst = 50\nmailbox_stanzas_max = 100\n";
    let (_server, mut peer) = room_with_guest(room);
    for n in 0..1000 {
        for account in ["one", "two", "three", "four"] {
            peer.send(leave(ROOM, &format!("n{n}"), &format!("{account}@example.net/x{n}")));
        }
    }
    peer.say(GUEST, ROOM, "calm", "what is going on?");
    peer.expect("message", &[("id", "calm"), ("to", GUEST)]);
    assert!(!peer.said().contains("example.net"));
    peer.fence(ROOM);
    peer.room_works(ROOM);
}

// 45-14.6-a
#[test]
fn what_many_accounts_of_one_domain_ask_of_a_room_waits_for_itself() {
    let (_server, mut peer) =
        room_with_guest("[limits]\nroom_stanzas_per_second = 100\nroom_stanzas_burst = 50\n");
    for n in 0..2000 {
        peer.send(format!(
            "<iq type='get' id='loud{n}' from='u{}@loud.example/x' to='{ROOM}'><ping xmlns='urn:xmpp:ping'/></iq>",
            n % 40
        ));
    }
    peer.say(GUEST, ROOM, "calm", "what is going on?");
    peer.expect("message", &[("id", "calm"), ("to", GUEST)]);
    let before = peer.said().matches("loud.example").count();
    assert!(before < 500, "{before} of 2000 were answered before");
}

// 45-G-f, 45-14.6-a
#[test]
fn a_flood_of_errors_and_results_is_not_answered() {
    let (_server, mut peer) = room_with_guest(NARROW);
    let fault =
        "<error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>";
    let from = "bouncer@example.org/x";
    for n in 0..500 {
        for (name, type_) in [("message", "error"), ("presence", "error"), ("iq", "error"), ("iq", "result")]
        {
            peer.send(format!(
                "<{name} type='{type_}' id='e{n}' from='{from}' to='{ROOM}/Guest'>{fault}</{name}>"
            ));
        }
    }
    peer.nothing_but_ping(DOMAIN);
    peer.nothing_but_ping(ROOM);
    peer.room_works(ROOM);
}

const ROOMS: usize = 10;
const TALKERS: usize = 40;
const MESSAGES: usize = 200;
const MIB: usize = 1 << 20;

// 114-14, 45-14.6-a, trap 61
#[test]
fn a_server_that_sends_stanzas_of_a_mebibyte_and_reads_nothing_costs_bounded_memory() {
    // What may be delayed, the mailboxes, the queue, in each room one stanza that is handled and one that is sent, and one
    // that is read.
    const BOUND_BYTES: u64 = (64 + 8 + 4 + 2 * ROOMS as u64 + 1) << 20;
    let server = Server::start_with(
        "[limits]\nqueue_bytes_max = 4194304\nmailbox_bytes_max = 2097152\nmailboxes_bytes_max = 8388608\n\
         [default_room]\narchive = false\n[default_room.presence_broadcast]\nparticipant = false",
    );
    let mut peer = server.accept();
    let room = |n: usize| format!("room{}@muc.example", n % ROOMS);
    let who = |n: usize| format!("talker{n}@example.org/x");
    for n in 0..ROOMS {
        peer.create(&room(n), &[]);
    }
    for n in 0..TALKERS {
        peer.send(join(&room(n), &format!("talker{n}"), &who(n)));
    }
    (0..ROOMS).for_each(|n| drop(peer.fence(&room(n))));
    let before = memory(&server, "VmRSS:");
    // 200 MiB, all of it for five. From here on nothing is read.
    let body = "x".repeat(MIB - 1000);
    for n in 0..MESSAGES {
        peer.say(&who(n % TALKERS), &room(n), &format!("big{n}"), &body);
    }
    for n in 0..TALKERS {
        peer.send(leave(&room(n), &format!("talker{n}"), &who(n)));
    }
    let peak = memory(&server, "VmHWM:").saturating_sub(before);
    assert!(peak < BOUND_BYTES, "{} MiB more than before", peak >> 20);
    // It was all read and dealt with: whoever left has left, and the rooms work.
    let mut gone = BTreeSet::new();
    while gone.len() < TALKERS {
        let stanza = peer.next();
        if stanza.attr("type") == Some("unavailable") && codes(&stanza).contains(&110) {
            gone.insert(stanza.attr("to").expect("a recipient").to_owned());
        }
    }
    (0..ROOMS).for_each(|n| drop(peer.fence(&room(n))));
    peer.room_works(&room(0));
    let peak = memory(&server, "VmHWM:").saturating_sub(before);
    assert!(peak < BOUND_BYTES, "{} MiB more than before", peak >> 20);
}

// 45-14.6-a, 45-10.2.1-b
#[test]
fn while_everybody_is_shown_to_everybody_other_rooms_are_answered() {
    const PEOPLE: usize = 80;
    const QUIET: &str = "quiet@muc.example";
    let server = Server::start();
    let mut peer = server.accept();
    peer.create(ROOM, &[]);
    peer.create(QUIET, &[]);
    let status = format!("<status>{}</status>", "x".repeat(15_000));
    for n in 0..PEOPLE {
        let enter = "<x xmlns='http://jabber.org/protocol/muc'/>";
        peer.send(format!("<presence from='p{n}@example.org/x' to='{ROOM}/p{n}'>{enter}{status}</presence>"));
        // Who enters is shown everybody, also when that is more than is made at a time.
        let entered = peer.fence(ROOM);
        let who = format!("p{n}@example.org/x");
        let shown = entered.iter().filter(|s| s.name() == "presence" && s.attr("to") == Some(&*who));
        assert_eq!(shown.count(), n + 2);
    }
    let before = memory(&server, "VmRSS:");
    let form = "<x xmlns='jabber:x:data' type='submit'><field var='muc#roomconfig_whois'><value>anyone</value></field></x>";
    peer.send(format!(
        "<iq type='set' id='open' from='{OWNER}' to='{ROOM}'><query xmlns='http://jabber.org/protocol/muc#owner'>{form}</query></iq>"
    ));
    // A hundred megabytes are to go out. Nobody waits for them, in this room or in another, and they lie nowhere.
    let (start, mut shown) = (Instant::now(), 0);
    for room in [QUIET, ROOM].into_iter().cycle().take(40) {
        let asked = Instant::now();
        let got = peer.fence(room);
        assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
        shown += got.iter().filter(|stanza| stanza.name() == "presence").count();
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(start.elapsed() > Duration::from_secs(2) && shown < PEOPLE * (PEOPLE - 1), "it still goes on");
    let peak = memory(&server, "VmHWM:").saturating_sub(before);
    assert!(peak < 16 << 20, "{} MiB more than before", peak >> 20);
    while shown < PEOPLE * (PEOPLE - 1) {
        shown += usize::from(peer.next().name() == "presence");
    }
}

// 45-14.6-a
#[test]
fn a_room_is_counted_as_what_it_takes() {
    const ROOMS: usize = 2_000;
    let server = Server::start_with("[limits]\nheld_bytes_max = 0");
    let mut peer = server.accept();
    peer.create(ROOM, &[]);
    let make = |peer: &mut Peer, from: usize| {
        for n in from..from + ROOMS {
            let who = format!("owner{n}@server{}.example/x", n % 50);
            peer.send(join(&format!("small{n}@muc.example"), "Owner", &who));
        }
        peer.fence(ROOM);
        // Who is inside is written three seconds later: that is over.
        std::thread::sleep(Duration::from_secs(4));
    };
    make(&mut peer, 0);
    let before = memory(&server, "VmRSS:");
    make(&mut peer, ROOMS);
    let each = (memory(&server, "VmRSS:") - before) as usize / ROOMS;
    // And whose occupant says nothing of itself.
    let counted = ROOM_BYTES + Said::default().session_bytes();
    // Tasks are larger in a build without optimisation.
    let most = if std::env::var_os("CONCLAVE_BIN").is_some() { counted * 5 / 4 } else { counted * 7 / 4 };
    assert!((counted * 2 / 3..=most).contains(&each), "{each} bytes, {counted} are counted");
}

// 45-14.6-a, 45-7.1-a
#[test]
fn a_client_that_enters_twenty_rooms_at_once_and_pastes_ten_messages_notices_nothing() {
    let server = Server::start();
    let mut peer = server.accept();
    let room = |n: usize| format!("room{n}@muc.example");
    (0..20).for_each(|n| peer.create(&room(n), &[]));
    for n in 0..20 {
        peer.send(join(&room(n), "Guest", GUEST));
    }
    for n in 0..10 {
        peer.send(groupchat(GUEST, &room(0), &format!("m{n}"), "a line of what was pasted"));
    }
    let begin = std::time::Instant::now();
    for n in 0..20 {
        let own = peer.expect("presence", &[("from", &format!("{}/Guest", room(n))), ("to", GUEST)]);
        assert!(codes(&own).contains(&110));
    }
    for n in 0..10 {
        peer.expect("message", &[("id", &format!("m{n}")), ("type", "groupchat"), ("to", GUEST)]);
    }
    assert!(begin.elapsed() < Duration::from_secs(15));
}
