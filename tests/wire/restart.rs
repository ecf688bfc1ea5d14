//! What outlives the process, however it ends.

use conclave::wire::encode::standalone;
use minidom::Element;

use super::peer::Peer;
use super::server::{DOMAIN, Server};
use super::words::{OWNER, ROOM, codes, error, groupchat, item, join, text};

const DISCO_INFO: &str = "<query xmlns='http://jabber.org/protocol/disco#info'/>";
const DISCO_ITEMS: &str = "<query xmlns='http://jabber.org/protocol/disco#items'/>";
const VCARD: &str = "<vCard xmlns='vcard-temp'/>";
const FORM: &str = "<query xmlns='http://jabber.org/protocol/muc#owner'/>";
const PERSISTENT: (&str, &str) = ("muc#roomconfig_persistentroom", "1");

/// The payload of the answer to a get.
fn get(peer: &mut Peer, to: &str, query: &str) -> Element {
    let answer = peer.ask(OWNER, to, "get", query);
    assert_eq!(answer.attr("type"), Some("result"), "{answer:?}");
    answer.children().next().expect("a payload").clone()
}

/// Rooms on the service's list.
fn listed(peer: &mut Peer) -> Vec<(String, String)> {
    let items = get(peer, DOMAIN, DISCO_ITEMS);
    let attribute = |item: &Element, name| item.attr(name).expect("stated").to_owned();
    items.children().map(|item| (attribute(item, "jid"), attribute(item, "name"))).collect()
}

/// A room with everything in it that is to be kept. The last change is acknowledged just now.
fn furnish(peer: &mut Peer) {
    peer.create(
        ROOM,
        &[
            PERSISTENT,
            ("muc#roomconfig_publicroom", "1"),
            ("muc#roomconfig_roomname", "The &amp; Coven"),
            ("muc#roomconfig_roomdesc", "double, double"),
            ("muc#roomconfig_moderatedroom", "1"),
            ("muc#roomconfig_passwordprotectedroom", "1"),
            ("muc#roomconfig_roomsecret", "cauldronburn"),
            ("muc#roomconfig_whois", "anyone"),
            ("muc#roomconfig_maxusers", "30"),
        ],
    );
    peer.send(format!(
        "<message type='groupchat' id='s' from='{OWNER}' to='{ROOM}'><subject>toil &amp; trouble</subject>\
         <subject xml:lang='de'>Müh und Plag</subject></message>"
    ));
    peer.expect("message", &[("id", "s"), ("to", OWNER)]);
    for payload in [
        "<vCard xmlns='vcard-temp' xml:lang='de'><PHOTO><TYPE>image/png</TYPE><BINVAL>YWJj</BINVAL></PHOTO></vCard>".to_owned(),
        hat("create", "<field var='hats#title'><value>Cook</value></field>"),
        hat("assign", "<field var='hats#jid'><value>member@example.org</value></field>"),
    ] {
        let answer = peer.ask(OWNER, ROOM, "set", &payload);
        assert_eq!(answer.attr("type"), Some("result"), "{answer:?}");
    }
    for (account, affiliation) in [
        ("second@example.org", "owner"),
        ("admin@example.org", "admin"),
        ("member@example.org", "member"),
        ("hag@example.org", "outcast"),
    ] {
        let answer = peer.affiliate(OWNER, ROOM, account, affiliation);
        assert_eq!(answer.attr("type"), Some("result"), "{answer:?}");
    }
}

/// A command about the hat of the cook.
fn hat(command: &str, fields: &str) -> String {
    format!(
        "<command xmlns='http://jabber.org/protocol/commands' node='urn:xmpp:hats:commands:{command}'>\
         <x xmlns='jabber:x:data' type='submit'><field var='hats#uri'><value>urn:cook</value></field>{fields}</x>\
         </command>"
    )
}

/// The occupant id of somebody who enters and leaves again.
fn occupant_id(peer: &mut Peer, who: &str) -> String {
    let (own, _) = enter(peer, "probe", who);
    peer.send(format!("<presence type='unavailable' from='{who}' to='{ROOM}/probe'/>"));
    peer.expect("presence", &[("type", "unavailable"), ("to", who)]);
    let id = own.get_child("occupant-id", "urn:xmpp:occupant-id:0").and_then(|id| id.attr("id"));
    id.expect("an occupant id").to_owned()
}

/// Enters the room with its password; the own presence, or the error, and the subject.
fn enter(peer: &mut Peer, nick: &str, who: &str) -> (Element, Option<Element>) {
    let open = join(ROOM, nick, who);
    peer.send(open.replace("muc'/>", "muc'><password>cauldronburn</password></x>"));
    let own = peer.expect("presence", &[("from", &format!("{ROOM}/{nick}")), ("to", who)]);
    let sequence = peer.fence(ROOM).into_iter();
    let subject = sequence.filter(|s| s.name() == "message" && s.attr("to") == Some(who)).last();
    (own, subject)
}

fn is_kept(end: impl FnOnce(&mut Server, Peer)) {
    let mut server = Server::start();
    let mut peer = server.accept();
    furnish(&mut peer);
    let form = get(&mut peer, ROOM, FORM);
    // Whoever is in a room stays in; here nobody is.
    peer.send(format!("<presence type='unavailable' from='{OWNER}' to='{ROOM}/Owner'/>"));
    peer.expect("presence", &[("type", "unavailable"), ("to", OWNER)]);
    let info = get(&mut peer, ROOM, DISCO_INFO);
    let vcard = get(&mut peer, ROOM, VCARD);
    let id = occupant_id(&mut peer, "stranger@example.org/x");
    // That nobody is in the room is written three seconds later.
    std::thread::sleep(std::time::Duration::from_secs(4));
    end(&mut server, peer);
    server.start_again();
    let mut peer = server.accept();
    assert_eq!(listed(&mut peer), [(ROOM.to_owned(), "The & Coven".to_owned())]);
    assert_eq!(get(&mut peer, ROOM, FORM), form, "all of the configuration, owners and admins");
    assert_eq!(get(&mut peer, ROOM, VCARD), vcard);
    assert!(vcard.has_child("PHOTO", "vcard-temp"));
    assert_eq!(occupant_id(&mut peer, "stranger@example.org/x"), id);
    let after = get(&mut peer, ROOM, DISCO_INFO);
    assert_eq!(standalone(&after), standalone(&info));
    for (who, affiliation, role) in [
        ("owner", "owner", "moderator"),
        ("second", "owner", "moderator"),
        ("admin", "admin", "moderator"),
        ("member", "member", "participant"),
        ("stranger", "none", "visitor"),
    ] {
        let (own, subject) = enter(&mut peer, who, &format!("{who}@example.org/x"));
        assert_eq!(item(&own, "affiliation").as_deref(), Some(affiliation));
        assert_eq!(item(&own, "role").as_deref(), Some(role), "{who}");
        assert_eq!(own.has_child("hats", "urn:xmpp:hats:0"), who == "member", "{who}");
        assert!(codes(&own).contains(&100) && !codes(&own).contains(&201), "the room was there");
        let subject = subject.expect("a subject");
        assert_eq!(subject.attr("from"), Some("room@muc.example/Owner"));
        assert_eq!(text(&subject, "subject"), "toil & trouble");
        let german = subject
            .children()
            .find(|c| c.attr_ns("http://www.w3.org/XML/1998/namespace", "lang") == Some("de"));
        assert_eq!(german.map(Element::text).as_deref(), Some("Müh und Plag"));
        assert!(subject.has_child("delay", "urn:xmpp:delay"));
    }
    let (refused, _) = enter(&mut peer, "hag", "hag@example.org/x");
    assert_eq!(error(&refused), "auth/forbidden");
    let unlocked = peer.join(ROOM, "late", "late@example.org/x");
    assert_eq!(unlocked.first().map(error).as_deref(), Some("auth/not-authorized"), "the password counts");
}

#[test]
fn a_persistent_room_is_kept_over_a_kill() {
    // 421-4, 421-7, 486-6, 317-2, 45-4.2-a, 45-5.2-c, 45-6.3-a, 45-10-a, 45-7.2.15-a, clients NEW-12, clients-check-f
    is_kept(|server, _peer| server.kill());
}

#[test]
fn a_persistent_room_is_kept_over_an_orderly_stop() {
    // 45-4.2-a, 45-5.2-c, 45-10-a, clients NEW-12, clients-check-f
    is_kept(Server::stop);
}

// 45-4.2-a
#[test]
fn what_was_not_to_stay_is_gone_after_a_restart() {
    let mut server = Server::start();
    let mut peer = server.accept();
    let [temporary, destroyed, demoted, locked] =
        ["temporary", "destroyed", "demoted", "locked"].map(|name| format!("{name}@muc.example"));
    peer.create(&temporary, &[]);
    peer.create(&destroyed, &[PERSISTENT]);
    peer.create(&demoted, &[PERSISTENT]);
    peer.join(&locked, "Owner", OWNER);
    let destroy = "<query xmlns='http://jabber.org/protocol/muc#owner'><destroy/></query>";
    assert_eq!(peer.ask(OWNER, &destroyed, "set", destroy).attr("type"), Some("result"));
    peer.configure(&demoted, &[("muc#roomconfig_persistentroom", "0")]);
    for room in [&temporary, &demoted, &locked] {
        peer.send(format!("<presence type='unavailable' from='{OWNER}' to='{room}/Owner'/>"));
        peer.fence(room);
    }
    server.kill();
    drop(peer);
    server.start_again();
    let mut peer = server.accept();
    for room in [temporary, destroyed, demoted, locked] {
        let answer = peer.ask(OWNER, &room, "get", DISCO_INFO);
        assert_eq!(error(&answer), "cancel/item-not-found", "{room}");
        // 45-7.2.11-a
        let sequence = peer.join(&room, "New", "new@example.org/x");
        assert!(sequence.iter().any(|s| codes(s) == [201, 110]), "{room} is made anew");
        peer.fence(&room);
    }
}

// 45-5.2-c, 45-5.2-d
#[test]
fn changes_after_a_restart_are_kept_as_well() {
    let mut server = Server::start();
    let mut peer = server.accept();
    furnish(&mut peer);
    for round in 0..3 {
        server.kill();
        drop(peer);
        server.start_again();
        peer = server.accept();
        let (own, _) = enter(&mut peer, "hag", "hag@example.org/x");
        assert_eq!(error(&own), if round == 0 { "auth/forbidden" } else { "" });
        assert_eq!(item(&own, "affiliation").as_deref(), [None, Some("none"), Some("member")][round]);
        for (list, holders) in [("outcast", [1, 0, 0]), ("member", [1, 1, 2])] {
            assert_eq!(peer.list(ROOM, list).len(), holders[round], "{list} in round {round}");
        }
        let next = ["none", "member", "none"][round];
        assert_eq!(peer.affiliate(OWNER, ROOM, "hag@example.org", next).attr("type"), Some("result"));
    }
}

const GUEST: &str = "guest@example.org/pc";

// clients-9
#[test]
fn a_room_that_waits_for_its_first_occupant_is_as_private_after_a_restart() {
    let mut server = Server::start();
    let mut peer = server.accept();
    peer.configure(ROOM, &[("muc#roomconfig_membersonly", "1")]);
    server.stop(peer);
    server.start_again();
    let mut peer = server.accept();
    let refused = peer.join(ROOM, "New", "new@example.org/x");
    assert_eq!(refused.first().map(error).as_deref(), Some("auth/registration-required"), "{refused:?}");
    let sequence = peer.join(ROOM, "Owner", OWNER);
    assert!(!sequence.iter().any(|s| codes(s).contains(&201)), "the room is there");
}

/// What becomes of two people in a temporary room with an open door to a locked one, when the process ends.
fn everybody_stays(end: impl FnOnce(&mut Server, Peer)) {
    let mut server = Server::start();
    let mut peer = server.accept();
    let (lobby, locked) = ("lobby@muc.example", "locked@muc.example");
    peer.create(lobby, &[("muc#roomconfig_moderatedroom", "1"), ("muc#roomconfig_publicroom", "1")]);
    peer.join(locked, "Owner", OWNER);
    peer.send(
        join(lobby, "Guest", GUEST).replace("</presence>", "<show>away</show><none xmlns=''/></presence>"),
    );
    peer.fence(lobby);
    peer.send(format!(
        "<message type='groupchat' id='m1' from='{OWNER}' to='{lobby}'><body>before</body></message>"
    ));
    peer.expect("message", &[("id", "m1"), ("to", GUEST)]);
    end(&mut server, peer);
    server.start_again();
    let mut peer = server.accept();
    assert!(peer.is_silent_for(std::time::Duration::from_millis(300)), "nobody is told anything");
    let ping = "<ping xmlns='urn:xmpp:ping'/>";
    for (who, nick) in [(OWNER, "Owner"), (GUEST, "Guest")] {
        let answer = peer.ask(who, &format!("{lobby}/{nick}"), "get", ping);
        assert_eq!(answer.attr("type"), Some("result"), "{nick} is in the room");
    }
    let answer = peer.ask("stranger@example.org/x", &format!("{lobby}/Guest"), "get", ping);
    assert_eq!(error(&answer), "cancel/not-acceptable");
    assert_eq!(listed(&mut peer), [(lobby.to_owned(), "lobby".to_owned())]);
    // Roles and presences are as they were, and messages reach everybody without anybody entering.
    peer.send(format!(
        "<message type='groupchat' id='m2' from='{GUEST}' to='{lobby}'><body>?</body></message>"
    ));
    let refused = peer.expect("message", &[("id", "m2"), ("to", GUEST)]);
    assert_eq!(error(&refused), "auth/forbidden", "a visitor is still one");
    peer.send(format!(
        "<message type='groupchat' id='m3' from='{OWNER}' to='{lobby}'><body>after</body></message>"
    ));
    for who in [OWNER, GUEST] {
        peer.expect("message", &[("id", "m3"), ("to", who)]);
    }
    let sequence = peer.join(lobby, "New", "new@example.org/x");
    let guest =
        sequence.iter().find(|s| s.attr("from") == Some("lobby@muc.example/Guest")).expect("he is there");
    assert_eq!(text(guest, "show"), "away");
    assert!(guest.has_child("none", ""), "{guest:?}");
    let bodies: Vec<_> = sequence.iter().map(|s| text(s, "body")).filter(|b| !b.is_empty()).collect();
    assert_eq!(bodies, ["before", "after"], "the history is whole");
    let answer = peer.ask(GUEST, locked, "get", DISCO_INFO);
    assert_eq!(error(&answer), "cancel/item-not-found", "what was locked is locked");
    // When the last has left, the room is gone, and stays gone.
    for (who, nick) in [(OWNER, "Owner"), (GUEST, "Guest"), ("new@example.org/x", "New")] {
        peer.send(format!("<presence type='unavailable' from='{who}' to='{lobby}/{nick}'/>"));
        peer.expect("presence", &[("type", "unavailable"), ("to", who)]);
    }
    // Twice: what comes together with a goodbye is answered before the store is told.
    peer.fence(lobby);
    peer.fence(lobby);
    server.kill();
    drop(peer);
    server.start_again();
    let mut peer = server.accept();
    assert_eq!(error(&peer.ask(OWNER, lobby, "get", DISCO_INFO)), "cancel/item-not-found");
}

// 410-1, 410-3, trap 82
#[test]
fn everybody_stays_in_over_an_orderly_stop() {
    everybody_stays(Server::stop);
}

#[test]
fn everybody_stays_in_over_a_kill_some_seconds_later() {
    // clients-ping-b
    everybody_stays(|server, _peer| {
        std::thread::sleep(std::time::Duration::from_secs(4));
        server.kill();
    });
}

#[test]
fn restart_in_place_is_noticed_by_nobody() {
    let mut server = Server::start();
    let mut peer = server.accept();
    peer.create(ROOM, &[]);
    peer.join(ROOM, "Guest", GUEST);
    peer.fence(ROOM);
    let pid = server.pid();
    for round in 1..=3 {
        let ids = [1, 2, 3].map(|n| format!("r{round}m{n}"));
        let [first, second, third] =
            ids.each_ref().map(|id| groupchat(OWNER, ROOM, id, &format!("body of {id}")).into_bytes());
        // The process is replaced in the middle of a stanza, and what follows comes while nobody reads.
        let (begun, rest) = second.split_at(second.len() / round);
        peer.send(&first);
        peer.send(begun);
        server.signal("USR2");
        std::thread::sleep(std::time::Duration::from_millis(50));
        peer.send(rest);
        peer.send(&third);
        for who in [OWNER, GUEST] {
            for id in &ids {
                let message = peer.expect("message", &[("id", id), ("to", who)]);
                assert_eq!(text(&message, "body"), format!("body of {id}"));
            }
        }
        peer.nothing_but_ping(ROOM);
        assert_eq!(server.pid(), pid);
    }
    let log = server.log_with("handed over").to_owned();
    assert!(!log.contains("WARN") && !log.contains("ERROR"), "{log}");
    assert!(!peer.said().contains("</stream:stream>"), "one stream from first to last");
    peer.room_works(ROOM);
    server.stop(peer);
}

#[test]
fn restart_in_place_without_a_link_is_a_restart() {
    let mut server = Server::start();
    let mut peer = server.accept();
    peer.create(ROOM, &[]);
    drop(peer);
    server.log_with("no link to the server");
    server.signal("USR2");
    server.log_with("stopped");
    let mut peer = server.accept_of_the_next();
    let ping = "<ping xmlns='urn:xmpp:ping'/>";
    let answer = peer.ask(OWNER, &format!("{ROOM}/Owner"), "get", ping);
    assert_eq!(answer.attr("type"), Some("result"), "everybody is in");
}

#[test]
fn restart_in_place_with_another_server_in_the_settings_connects_to_that_one() {
    let mut server = Server::start();
    let mut before = server.accept();
    before.create(ROOM, &[]);
    server.move_to_another_port();
    server.signal("USR2");
    let mut peer = server.accept();
    assert!(before.ends_within(std::time::Duration::from_secs(10)));
    let log = server.log_with("cannot be taken over");
    assert!(log.contains("the settings have another domain or server now"), "{log}");
    peer.room_works(ROOM);
    server.stop(peer);
}

#[test]
fn a_connection_that_was_handed_over_is_closed_when_it_is_given_up() {
    let mut server = Server::start();
    let mut peer = server.accept();
    peer.create(ROOM, &[]);
    server.signal("USR2");
    server.log_with("stopped");
    peer.room_works(ROOM);
    let input = std::fs::read_link(format!("/proc/{}/fd/0", server.pid())).expect("it runs");
    assert_eq!(input, std::path::Path::new("/dev/null"), "it has the connection once");
    peer.send("<no end of </it>");
    assert!(peer.ends_within(std::time::Duration::from_secs(10)));
    server.accept().room_works(ROOM);
}

#[test]
fn signals_at_any_moment_of_a_restart_in_place_do_no_harm() {
    let mut server = Server::start();
    let mut peer = server.accept();
    peer.create(ROOM, &[]);
    let pid = server.pid();
    for burst in 0..4 {
        for _ in 0..50 {
            server.signal("USR2");
        }
        peer.say(OWNER, ROOM, &format!("m{burst}"), "still here");
        peer.expect("message", &[("id", &format!("m{burst}")), ("to", OWNER)]);
    }
    assert_eq!(server.pid(), pid);
    // One that comes while nobody listens yet is not forgotten.
    server.signal("USR2");
    server.terminate();
    peer.end();
    drop(peer);
    assert_eq!(server.ended(), Some(0));
    assert!(server.whole_log().matches("handed over").count() > 4);
}

/// After the link was lost, or the process started anew, those who stay silent are asked whether they are there.
fn silent_sessions_are_asked(end: impl FnOnce(&mut Server, Peer) -> Peer) {
    let mut server = Server::start();
    let mut peer = server.accept();
    peer.create(ROOM, &[PERSISTENT]);
    let (gone, heard) = ("gone@example.org/pc", "heard@example.org/pc");
    peer.join(ROOM, "Gone", gone);
    peer.join(ROOM, "Heard", heard);
    peer.fence(ROOM);
    let mut peer = end(&mut server, peer);
    peer.say(heard, ROOM, "m1", "still here");
    peer.expect("message", &[("id", "m1"), ("to", OWNER)]);
    let ask = |peer: &mut Peer, who: &str| {
        let asked = peer.expect("iq", &[("type", "get"), ("from", ROOM), ("to", who)]);
        assert!(asked.has_child("ping", "urn:xmpp:ping"));
        asked.attr("id").expect("an id").to_owned()
    };
    let id = ask(&mut peer, OWNER);
    peer.send(format!("<iq type='result' id='{id}' from='{OWNER}' to='{ROOM}'/>"));
    let id = ask(&mut peer, gone);
    let error =
        "<error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>";
    peer.send(format!("<iq type='error' id='{id}' from='{gone}' to='{ROOM}'>{error}</iq>"));
    // A client may refuse pings: it takes something of the room's own that comes back.
    let look = peer.expect("message", &[("type", "groupchat"), ("from", ROOM), ("to", gone)]);
    let id = look.attr("id").expect("an id").to_owned();
    peer.send(format!("<message type='error' id='{id}' from='{gone}' to='{ROOM}'>{error}</message>"));
    let told =
        peer.expect("presence", &[("type", "unavailable"), ("from", "room@muc.example/Gone"), ("to", heard)]);
    assert_eq!(codes(&told), [333]);
    let answer = peer.ask(OWNER, &format!("{ROOM}/Owner"), "get", "<ping xmlns='urn:xmpp:ping'/>");
    assert_eq!(answer.attr("type"), Some("result"), "who answers stays in");
    let all = peer.fence(ROOM);
    assert!(
        all.iter().all(|s| s.name() != "iq" || s.attr("to") != Some(heard)),
        "who spoke is not asked: {all:?}"
    );
}

// trap 85
#[test]
fn after_a_gap_in_the_link_silent_sessions_are_asked() {
    silent_sessions_are_asked(|server, peer| {
        drop(peer);
        server.accept()
    });
}

#[test]
fn after_a_kill_silent_sessions_are_asked() {
    silent_sessions_are_asked(|server, peer| {
        std::thread::sleep(std::time::Duration::from_secs(4));
        server.kill();
        drop(peer);
        server.start_again();
        server.accept()
    });
}

#[test]
fn a_second_process_on_the_same_store_ends_and_says_why() {
    let server = Server::start();
    let mut peer = server.accept();
    peer.create(ROOM, &[PERSISTENT]);
    let (status, log) = server.start_second();
    assert_eq!(status.code(), Some(1));
    let store = server.store();
    let store = store.to_str().expect("UTF-8");
    assert!(log.contains(store) && log.contains("in use by another process"), "{log}");
    peer.room_works(ROOM);
}
