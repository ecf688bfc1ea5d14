//! A disk that takes nothing: what cannot be kept is refused and not seen by anybody, and everything else goes on.

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use minidom::Element;

use super::peer::Peer;
use super::server::{BOUND, SecretSource, Server};
use super::words::{OWNER, ROOM, codes, error, item, leave, text};

const GUEST: &str = "guest@example.org/x";
const PERSISTENT: (&str, &str) = ("muc#roomconfig_persistentroom", "1");
const FAILED: &str = "wait/internal-server-error";

/// From now on no file of the service can be written, or all can again.
fn limit_files(server: &Server, bytes: &str) {
    let limit = format!("--fsize={bytes}:unlimited");
    let status = Command::new("prlimit").args(["--pid", &server.pid().to_string(), &limit]).status();
    assert!(status.expect("prlimit, of util-linux").success());
}

fn with_room(archived: &str) -> (Server, Peer) {
    let server = Server::start();
    let mut peer = server.accept();
    let archived = ("muc#roomconfig_enablearchiving", archived);
    peer.create(ROOM, &[PERSISTENT, archived, ("muc#roomconfig_changesubject", "1")]);
    peer.join(ROOM, "Guest", GUEST);
    peer.fence(ROOM);
    (server, peer)
}

/// Asks for the same again until it is granted: the store tries a failed disk anew only once in a second.
fn until_granted(peer: &mut Peer, mut ask: impl FnMut(&mut Peer) -> Element) {
    let deadline = Instant::now() + BOUND;
    loop {
        let answer = ask(peer);
        if answer.attr("type") == Some("result") {
            return;
        }
        assert_eq!(error(&answer), FAILED);
        assert!(Instant::now() < deadline, "the disk works again, and the store does not");
        thread::sleep(Duration::from_millis(100));
    }
}

// 45-5.2.2-a
#[test]
fn a_change_that_cannot_be_stored_is_refused_and_nobody_hears_of_it() {
    let (mut server, mut peer) = with_room("1");
    limit_files(&server, "0");
    for (account, affiliation) in
        [("guest@example.org", "member"), ("guest@example.org", "outcast"), ("absent@example.org", "admin")]
    {
        let answer = peer.affiliate(OWNER, ROOM, account, affiliation);
        assert_eq!(error(&answer), FAILED);
        peer.nothing_but_ping(ROOM);
    }
    server.log_with("what needs the store is refused until it works again");
    for (name, from, inside) in [
        ("message", GUEST, "<subject>never seen</subject>"),
        (
            "iq",
            OWNER,
            "<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'>\
             <field var='muc#roomconfig_membersonly'><value>1</value></field></x></query>",
        ),
        ("iq", OWNER, "<query xmlns='http://jabber.org/protocol/muc#owner'><destroy/></query>"),
    ] {
        let type_ = if name == "iq" { "set" } else { "groupchat" };
        peer.send(format!("<{name} type='{type_}' id='x' from='{from}' to='{ROOM}'>{inside}</{name}>"));
        let answer = peer.answer(name, "x");
        assert_eq!((error(&answer).as_str(), answer.attr("to")), (FAILED, Some(from)), "{inside}");
        peer.nothing_but_ping(ROOM);
    }
    assert_eq!(peer.list(ROOM, "member"), [""; 0]);
    let sequence = peer.join(ROOM, "Late", "late@example.org/x");
    let own = sequence.iter().rfind(|s| s.name() == "presence").expect("still open to all");
    assert_eq!(codes(own), [110]);
    assert_eq!(sequence.last().map(|s| text(s, "subject")).as_deref(), Some(""));
}

// 45-5.2.2-a, 45-5.2-c, clients NEW-1, clients-check-m
#[test]
fn while_the_disk_is_full_a_room_without_archive_chats_on_and_afterwards_all_is_as_ever() {
    let (mut server, mut peer) = with_room("0");
    limit_files(&server, "0");
    assert_eq!(error(&peer.affiliate(OWNER, ROOM, "guest@example.org", "admin")), FAILED);
    peer.fence(ROOM);
    // Speaking, changing nicks, entering and leaving need no disk.
    peer.room_works(ROOM);
    peer.say(GUEST, ROOM, "m", "hello");
    peer.expect("message", &[("id", "m"), ("to", OWNER)]);
    peer.send(format!("<presence from='{GUEST}' to='{ROOM}/Visitor'/>"));
    peer.expect("presence", &[("from", "room@muc.example/Visitor"), ("to", OWNER)]);
    peer.fence(ROOM);
    peer.join(ROOM, "Passer-by", "passer-by@example.org/x");
    peer.send(leave(ROOM, "Passer-by", "passer-by@example.org/x"));
    peer.expect("presence", &[("type", "unavailable"), ("to", OWNER)]);
    peer.fence(ROOM);
    // A room that is not in memory cannot be read now. It is not said to be gone, and nobody waits in vain.
    let refused = peer.join("elsewhere@muc.example", "n", GUEST);
    assert_eq!(refused.first().map(error).as_deref(), Some(FAILED));
    // A change and words that come together: the words are heard.
    peer.send(format!(
        "<iq type='set' id='c' from='{OWNER}' to='{ROOM}'><query xmlns='http://jabber.org/protocol/muc#admin'>\
         <item jid='guest@example.org' affiliation='member'/></query></iq>\
         <message type='groupchat' id='w' from='{GUEST}' to='{ROOM}'><body>w</body></message>"
    ));
    assert_eq!(error(&peer.answer("iq", "c")), FAILED);
    peer.expect("message", &[("id", "w"), ("to", OWNER)]);
    peer.fence(ROOM);

    limit_files(&server, "unlimited");
    until_granted(&mut peer, |peer| peer.affiliate(OWNER, ROOM, "guest@example.org", "admin"));
    // The operator is told once of the fault, however many were refused, and once that it is over.
    server.log_with("the store works again");
    let seen = peer.expect("presence", &[("from", "room@muc.example/Visitor"), ("to", OWNER)]);
    assert_eq!(item(&seen, "affiliation").as_deref(), Some("admin"));
    assert_eq!(peer.list(ROOM, "admin"), ["guest@example.org"]);

    server.kill();
    drop(peer);
    let log = server.whole_log();
    for (line, times) in [
        ("ERROR", 2),
        ("what needs the store is refused", 1),
        ("what needs reading of rooms", 1),
        ("the store works again", 1),
    ] {
        assert_eq!(log.matches(line).count(), times, "{line}: {log}");
    }
    server.start_again();
    let mut peer = server.accept();
    peer.join(ROOM, "Owner", OWNER);
    assert_eq!(peer.list(ROOM, "admin"), ["guest@example.org"]);
    assert_eq!(peer.list(ROOM, "member"), [""; 0], "what was refused never was");
}

/// The ids of what a page of the archive holds, and of what it says of each.
fn archived(peer: &mut Peer) -> Vec<String> {
    peer.send(format!(
        "<iq type='set' id='q' from='{OWNER}' to='{ROOM}'><query xmlns='urn:xmpp:mam:2'>\
         <set xmlns='http://jabber.org/protocol/rsm'><max>100</max></set></query></iq>"
    ));
    let mut found = Vec::new();
    loop {
        let stanza = peer.next();
        if stanza.name() == "iq" && stanza.attr("id") == Some("q") {
            assert_eq!(stanza.attr("type"), Some("result"));
            return found;
        }
        let forwarded = stanza.children().find_map(|c| c.get_child("forwarded", "urn:xmpp:forward:0"));
        let message = forwarded.and_then(|f| f.get_child("message", "jabber:client"));
        found.extend(message.and_then(|m| m.attr("id")).map(str::to_owned));
    }
}

#[test]
fn while_the_disk_is_full_an_archived_room_refuses_messages_and_its_archive_can_be_read() {
    let (mut server, mut peer) = with_room("1");
    peer.say(GUEST, ROOM, "first", "kept");
    peer.expect("message", &[("id", "first"), ("to", OWNER)]);
    peer.fence(ROOM);
    limit_files(&server, "0");
    for id in ["a", "b", "c"] {
        peer.say(GUEST, ROOM, id, "never seen");
        let refused = peer.answer("message", id);
        assert_eq!((error(&refused).as_str(), refused.attr("to")), (FAILED, Some(GUEST)));
        peer.nothing_but_ping(ROOM);
        assert_eq!(archived(&mut peer), ["first"]);
    }
    server.log_with("what needs the archive is refused until it works again");
    limit_files(&server, "unlimited");
    until_granted(&mut peer, |peer| {
        peer.say(GUEST, ROOM, "last", "kept too");
        let mut answer = peer.answer("message", "last");
        if answer.attr("type") == Some("groupchat") {
            conclave::wire::build::set_attr(&mut answer, "type", "result");
        }
        answer
    });
    peer.fence(ROOM);
    assert_eq!(archived(&mut peer), ["first", "last"]);

    server.log_with("the archive works again");
    server.kill();
    drop(peer);
    let log = server.whole_log();
    for line in ["ERROR", "what needs the archive is refused", "the archive works again"] {
        assert_eq!(log.matches(line).count(), 1, "{line}: {log}");
    }
    server.start_again();
    let mut peer = server.accept();
    let sequence = peer.join(ROOM, "Owner", OWNER);
    let history: Vec<_> =
        sequence.iter().filter(|s| !text(s, "body").is_empty()).filter_map(|s| s.attr("id")).collect();
    assert_eq!(history, ["first", "last"]);
    assert_eq!(archived(&mut peer), ["first", "last"]);
}

// 45-10.1.3-c
#[test]
fn a_room_that_cannot_be_stored_stays_locked_until_it_can() {
    let (server, mut peer) = with_room("1");
    limit_files(&server, "0");
    let room = "new@muc.example";
    peer.join(room, "Owner", OWNER);
    let submit = "<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'>\
                  <field var='muc#roomconfig_persistentroom'><value>1</value></field></x></query>";
    assert_eq!(error(&peer.ask(OWNER, room, "set", submit)), FAILED);
    let refused = peer.join(room, "Guest", GUEST);
    assert_eq!(refused.first().map(error).as_deref(), Some("cancel/item-not-found"));
    limit_files(&server, "unlimited");
    until_granted(&mut peer, |peer| peer.ask(OWNER, room, "set", submit));
    peer.join(room, "Guest", GUEST);
    peer.room_works(room);
}

#[test]
fn rooms_go_on_when_the_log_cannot_be_written() {
    // 45-14.6-a
    let script = r#"exec "$0" "$@" >/dev/full 2>/dev/full"#;
    let mut server = Server::start_by(script, SecretSource::Settings, "\n[log]\nlevel = \"debug\"\n");
    let mut peer = server.accept();
    peer.create(ROOM, &[]);
    for n in 0..50 {
        // Each of these is a line of the log, which has no place.
        peer.send(format!("<presence from='odd@{n}.example' to='muc.example' type='what'/>"));
    }
    peer.room_works(ROOM);
    drop(peer);
    let mut peer = server.accept();
    peer.room_works(ROOM);
    server.stop(peer);
}
