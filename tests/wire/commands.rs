//! An admin runs the service by commands (XEP-0050, XEP-0133).

use conclave::wire::encode::standalone;
use minidom::Element;

use super::peer::Peer;
use super::server::{DOMAIN, Server};
use super::words::{OWNER, ROOM, error};

const ADMIN: &str = "root@example.org/desk";
const COMMANDS: &str = "http://jabber.org/protocol/commands";
const DISCO_INFO: &str = "<query xmlns='http://jabber.org/protocol/disco#info'/>";

fn start() -> Server {
    Server::start_with("[service]\nadmins = [\"root@example.org\"]\n")
}

/// The answer to a command that comes with its form filled in.
fn run(peer: &mut Peer, who: &str, node: &str, fields: &[(&str, &str)]) -> Element {
    let fields: String = fields
        .iter()
        .map(|(var, value)| format!("<field var='{var}'><value>{value}</value></field>"))
        .collect();
    let form = format!("<x xmlns='jabber:x:data' type='submit'>{fields}</x>");
    peer.ask(who, DOMAIN, "set", &format!("<command xmlns='{COMMANDS}' node='{node}'>{form}</command>"))
}

fn status(answer: &Element) -> Option<&str> {
    answer.get_child("command", COMMANDS)?.attr("status")
}

/// What a room says of itself.
fn about(peer: &mut Peer, room: &str) -> String {
    let answer = peer.ask(OWNER, room, "get", DISCO_INFO);
    standalone(answer.children().next().expect("a payload"))
}

#[test]
fn admin_makes_and_destroys_rooms_that_nobody_is_in() {
    // 133-1, clients-check-f
    let mut server = start();
    let mut peer = server.accept();
    let fields = [("room", "masque"), ("owner", "owner@example.org"), ("name", "A masque")];
    assert_eq!(error(&run(&mut peer, OWNER, "conclave#create-room", &fields)), "auth/forbidden");
    assert_eq!(status(&run(&mut peer, ADMIN, "conclave#create-room", &fields)), Some("completed"));
    assert_eq!(error(&run(&mut peer, ADMIN, "conclave#create-room", &fields)), "cancel/conflict");
    let before = about(&mut peer, "masque@muc.example");
    server.kill();
    server.start_again();
    let mut peer = server.accept();
    assert_eq!(about(&mut peer, "masque@muc.example"), before, "it was on the disk when it was answered");
    let destroy = [("room", "masque@muc.example")];
    assert_eq!(status(&run(&mut peer, ADMIN, "conclave#destroy-room", &destroy)), Some("completed"));
    assert_eq!(error(&run(&mut peer, ADMIN, "conclave#destroy-room", &destroy)), "cancel/item-not-found");
    server.stop(peer);
}

#[test]
fn admin_counts_who_is_there_and_speaks_to_them() {
    // 133-1
    let mut server = start();
    let mut peer = server.accept();
    peer.create(ROOM, &[]);
    peer.join(ROOM, "Guest", "guest@example.org/phone");
    let answer = run(&mut peer, ADMIN, "http://jabber.org/protocol/admin#get-online-users-num", &[]);
    assert!(standalone(&answer).contains("<value>2</value>"), "{answer:?}");
    let node = "http://jabber.org/protocol/admin#announce";
    let answer = run(&mut peer, ADMIN, node, &[("announcement", "Curtain")]);
    assert_eq!(status(&answer), Some("completed"));
    for who in [OWNER, "guest@example.org/phone"] {
        let message = peer.expect("message", &[("from", DOMAIN), ("to", who)]);
        assert_eq!(message.get_child("body", "jabber:client").map(Element::text).as_deref(), Some("Curtain"));
    }
    // Who has left is counted no more.
    peer.send(format!("<presence type='unavailable' from='guest@example.org/phone' to='{ROOM}/Guest'/>"));
    peer.fence(ROOM);
    let answer = run(&mut peer, ADMIN, "http://jabber.org/protocol/admin#get-online-users-list", &[]);
    assert!(standalone(&answer).contains("<value>owner@example.org</value></field>"), "{answer:?}");
    server.stop(peer);
}

#[test]
fn admin_stops_the_service_in_order() {
    // 133-1, 45-11.2-a
    let mut server = Server::start_with("[service]\nadmins = [\"root@example.org\"]\non_stop = \"leave\"\n");
    let mut peer = server.accept();
    peer.create(ROOM, &[]);
    let answer = run(&mut peer, ADMIN, "http://jabber.org/protocol/admin#shutdown", &[("delay", "0")]);
    assert_eq!(status(&answer), Some("completed"));
    let goodbye = peer.expect("presence", &[("type", "unavailable"), ("to", OWNER)]);
    assert!(standalone(&goodbye).contains("332"), "{goodbye:?}");
    peer.end();
    assert_eq!(server.ended(), Some(0));
}
