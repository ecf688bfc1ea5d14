//! What nobody finds in the log, in the list of processes, or on the disk of another user.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use sha1::{Digest as _, Sha1};

use super::peer::Peer;
use super::server::{SECRET, SecretSource, Server};
use super::words::{MUC, OWNER, ROOM, join, leave};

const TRACE: &str = "[log]\nlevel = \"trace\"\n";

/// The handshake of the streams of [`Peer`], which is as good as the secret to whoever listens to one of them.
fn handshake() -> String {
    let hash = Sha1::digest(format!("3BF96D32&7{SECRET}"));
    hash.iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("a string");
        hex
    })
}

/// What other users of the machine see of a process.
fn command_line(pid: u32) -> String {
    String::from_utf8_lossy(&fs::read(format!("/proc/{pid}/cmdline")).expect("it runs")).into_owned()
}

#[test]
fn the_secret_is_in_no_log_and_no_command_line_whichever_way_it_was_given() {
    for told in [
        SecretSource::Settings,
        SecretSource::File,
        SecretSource::Flag,
        SecretSource::FileVariable,
        SecretSource::Variable,
    ] {
        let mut server = Server::start_told(told, TRACE);
        // Refused once, as if it were wrong, in words that should not become lines of the log of their own.
        let mut peer = server.connection();
        peer.shake_hands();
        peer.send(
            "<stream:error><not-authorized xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>\
             <text xmlns='urn:ietf:params:xml:ns:xmpp-streams'>no\nFAKE LINE\u{85}\u{9b}31m</text></stream:error></stream:stream>",
        );
        peer.end();
        drop(peer);
        let log = server.log_with("not-authorized").to_owned();
        assert!(!log.contains("\nFAKE LINE") && !log.contains('\u{9b}'), "{log}");
        let mut peer = server.accept();
        peer.create(ROOM, &[]);
        assert!(!command_line(server.pid()).contains(SECRET), "{told:?}");
        // The next process has the same arguments and the same environment.
        server.signal("USR2");
        server.log_with("handed over");
        peer.room_works(ROOM);
        let command_line = command_line(server.pid());
        assert!(
            command_line.contains("conclave") && !command_line.contains(SECRET),
            "{told:?}: {command_line}"
        );
        // It has to say the secret again on a new stream.
        drop(peer);
        let peer = server.accept();
        server.stop(peer);
        let log = server.whole_log();
        assert!(log.contains("ready"), "{told:?}");
        assert!(!log.contains(SECRET) && !log.contains(&handshake()), "{told:?}: {log}");
    }
}

/// Words that people mean for others in the room, or for the room alone, and that stand in no log.
const PRIVATE: [&str; 12] = [
    "body-of-a-message",
    "private-words",
    "a-subject",
    "status-of-somebody",
    "pass-of-the-room",
    "reason-to-kick",
    "name-of-the-room",
    "mail@of.a.member",
    "words-of-an-invitation",
    "bio-in-the-vcard",
    "id-that-a-client-chose",
    "words-in-a-large-stanza",
];

/// A session in which each of these words is said, well and badly.
fn talk(peer: &mut Peer) {
    let [body, private, subject, status, password, reason, name, mail, invitation, bio, id, large] = PRIVATE;
    let guest = "guest@example.org/balcony";
    peer.create(
        ROOM,
        &[
            ("muc#roomconfig_persistentroom", "1"),
            ("muc#roomconfig_roomname", name),
            ("muc#roomconfig_passwordprotectedroom", "1"),
            ("muc#roomconfig_roomsecret", password),
        ],
    );
    peer.send(format!(
        "<presence from='{guest}' to='{ROOM}/Guest'><x xmlns='{MUC}'><password>{password}</password></x>\
         <status>{status}</status></presence>"
    ));
    // Refused: no password, and the wrong one.
    peer.send(join(ROOM, "Third", "third@example.org/x"));
    peer.send(format!("<presence from='third@example.org/x' to='{ROOM}/Third'><x xmlns='{MUC}'><password>not-{password}</password></x></presence>"));
    for type_ in ["groupchat", "chat", "foo", "error"] {
        peer.send(format!(
            "<message type='{type_}' id='{id}' from='{guest}' to='{ROOM}'><body>{body}</body></message>"
        ));
        peer.send(format!(
            "<message type='{type_}' from='{guest}' to='{ROOM}/Owner'><body>{private}</body></message>"
        ));
        peer.send(format!(
            "<message type='{type_}' from='{guest}' to='nobody@muc.example'><body>{body}</body></message>"
        ));
    }
    peer.send(format!(
        "<message type='groupchat' from='{OWNER}' to='{ROOM}'><subject>{subject}</subject></message>"
    ));
    peer.send(format!("<message from='{OWNER}' to='{ROOM}'><x xmlns='{MUC}#user'><invite to='a@example.org'><reason>{invitation}</reason></invite></x></message>"));
    peer.send(format!(
        "<message type='groupchat' from='{guest}' to='{ROOM}'><body>{large}{}</body></message>",
        "x".repeat(100_000)
    ));
    let registration = format!(
        "<query xmlns='jabber:iq:register'><x xmlns='jabber:x:data' type='submit'>\
         <field var='muc#register_roomnick'><value>Owner</value></field>\
         <field var='muc#register_email'><value>{mail}</value></field></x></query>"
    );
    peer.ask(OWNER, ROOM, "set", &registration);
    peer.ask(OWNER, ROOM, "set", &format!("<vCard xmlns='vcard-temp'><NOTE>{bio}</NOTE></vCard>"));
    peer.ask(OWNER, ROOM, "set", "<query xmlns='urn:xmpp:mam:2'/>");
    let kick = format!(
        "<query xmlns='{MUC}#admin'><item nick='Guest' role='none'><reason>{reason}</reason></item></query>"
    );
    peer.ask(OWNER, ROOM, "set", &kick);
    peer.send(leave(ROOM, "Guest", guest));
    peer.fence(ROOM);
}

#[test]
fn what_people_say_is_in_no_log() {
    for format in ["pretty", "json"] {
        let mut server = Server::start_with(&format!(
            "[log]\nlevel = \"trace\"\nformat = \"{format}\"\n[limits]\nstanza_bytes_max = 65536\n"
        ));
        let mut peer = server.accept();
        talk(&mut peer);
        // Also when it is written down and read again, on a stream that breaks off, and when the next process takes over.
        server.signal("USR2");
        server.log_with("handed over");
        peer.fence(ROOM);
        peer.send(format!("<message type='groupchat' from='{OWNER}' to='{ROOM}'><body>{}&nope;", PRIVATE[0]));
        peer.end();
        drop(peer);
        let mut peer = server.accept();
        peer.fence(ROOM);
        server.stop(peer);
        server.start_again();
        let mut peer = server.accept();
        peer.fence(ROOM);
        server.stop(peer);
        let log = server.whole_log();
        assert!(log.contains("stanza beyond the limits skipped"), "{log}");
        let said: Vec<_> = PRIVATE.into_iter().filter(|words| log.contains(words)).collect();
        assert!(said.is_empty(), "{said:?} in\n{log}");
    }
}

#[test]
fn who_is_in_which_room_is_in_no_log_unless_something_is_wrong() {
    let mut server = Server::start_with("");
    let mut peer = server.accept();
    peer.create(ROOM, &[("muc#roomconfig_persistentroom", "1")]);
    peer.join(ROOM, "Guest-of-honour", "guest@example.org/balcony");
    peer.send(leave(ROOM, "Guest-of-honour", "guest@example.org/balcony"));
    peer.fence(ROOM);
    server.stop(peer);
    let log = server.whole_log();
    assert!(log.contains("stopped"), "{log}");
    for name in ["guest@example.org", "owner@example.org", "Guest-of-honour", ROOM] {
        assert!(!log.contains(name), "{name} in\n{log}");
    }
}

/// Every file and folder below, with its rights.
fn rights(path: &Path, into: &mut Vec<(String, u32)>) {
    for entry in fs::read_dir(path).expect("a folder").flatten() {
        let meta = entry.metadata().expect("there");
        into.push((entry.path().display().to_string(), meta.permissions().mode() & 0o777));
        if meta.is_dir() {
            rights(&entry.path(), into);
        }
    }
}

#[test]
fn nothing_of_the_store_can_be_read_by_others() {
    let mut server = Server::start();
    let mut peer = server.accept();
    talk(&mut peer);
    server.signal("USR2");
    server.log_with("handed over");
    peer.fence(ROOM);
    let store = server.store();
    let mode = fs::metadata(&store).expect("made").permissions().mode() & 0o777;
    assert_eq!(mode, 0o700, "others do not get as far as the files in it");
    let mut found = Vec::new();
    rights(&store, &mut found);
    assert!(found.len() > 3, "{found:?}");
    let writable: Vec<_> = found.iter().filter(|(_, mode)| mode & 0o022 != 0).collect();
    assert!(writable.is_empty(), "{writable:?}");
    server.stop(peer);
}
