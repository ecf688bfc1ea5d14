//! Who a stanza is from and to, however it is written.

use super::server::{DOMAIN, Server};
use super::words::{OWNER, ROOM, error, groupchat, item, leave, nicks};

// 45-G-i
#[test]
fn a_room_is_the_same_however_its_address_is_written() {
    let server = Server::start();
    let mut peer = server.accept();
    peer.create(ROOM, &[]);
    let guest = "Guest@Example.org/Pc";
    let sequence = peer.join("Room@MUC.example", "Guest", "guest@example.org/Pc");
    assert_eq!(nicks(&sequence), ["Owner", "Guest"]);
    assert!(sequence.iter().all(|s| s.attr("from").is_some_and(|from| from.starts_with(ROOM))));
    peer.fence(ROOM);
    // The sender's own address too: this is somebody who is in the room.
    peer.say(guest, "ROOM@muc.EXAMPLE.", "m", "hello");
    peer.expect("message", &[("id", "m"), ("to", OWNER), ("from", "room@muc.example/Guest")]);
    peer.expect("message", &[("id", "m"), ("to", "guest@example.org/Pc")]);
    peer.send(leave("rOOM@muc.example", "Guest", guest));
    let gone = peer.expect("presence", &[("type", "unavailable"), ("to", OWNER)]);
    assert_eq!(gone.attr("from"), Some("room@muc.example/Guest"));
}

// 45-G-i, 45-9.1-d
#[test]
fn an_account_is_the_same_however_it_is_written_in_a_list() {
    let server = Server::start();
    let mut peer = server.accept();
    peer.create(ROOM, &[]);
    let answer = peer.affiliate(OWNER, ROOM, "Hag@EXAMPLE.org", "outcast");
    assert_eq!(answer.attr("type"), Some("result"), "{answer:?}");
    let refused = peer.join(ROOM, "Hag", "hag@example.org/x");
    assert_eq!(refused.first().map(error).as_deref(), Some("auth/forbidden"));
}

// 114-9, 45-G-a
#[test]
fn characters_that_xml_gives_a_meaning_survive_in_every_address() {
    let server = Server::start();
    let mut peer = server.accept();
    peer.create(ROOM, &[]);
    let guest = "guest@example.org/<a & 'b' \"c\">/d@e";
    let nick = "&amp; <'\"> /@";
    let escape = |text: &str| {
        let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        text.replace('\'', "&apos;").replace('"', "&quot;")
    };
    let (guest_xml, room_nick) = (escape(guest), format!("{ROOM}/{nick}"));
    peer.send(format!(
        "<presence from='{guest_xml}' to='{ROOM}/{}'><x xmlns='http://jabber.org/protocol/muc'/></presence>",
        escape(nick)
    ));
    let own = peer.expect("presence", &[("to", guest), ("from", &room_nick)]);
    assert_eq!(item(&own, "jid").as_deref(), Some(guest));
    let seen = peer.expect("presence", &[("to", OWNER), ("from", &room_nick)]);
    assert_eq!(item(&seen, "jid").as_deref(), Some(guest));
    peer.fence(ROOM);
    peer.send(groupchat(&guest_xml, ROOM, "m&lt;&apos;", "b"));
    peer.expect("message", &[("to", guest), ("from", &room_nick), ("id", "m<'")]);
    peer.expect("message", &[("to", OWNER), ("from", &room_nick), ("id", "m<'")]);
    // An error goes back to the same address, from the same address.
    let to = format!("{ROOM}/{}", escape(nick));
    let answer = peer.ask("stranger@example.org/&apos;&amp;", &to, "get", "<q xmlns='urn:q'/>");
    assert_eq!(
        (error(&answer).as_str(), answer.attr("from")),
        ("cancel/not-acceptable", Some(room_nick.as_str()))
    );
    let self_ping = peer.ask(&guest_xml, &to, "get", "<ping xmlns='urn:xmpp:ping'/>");
    assert_eq!((self_ping.attr("type"), self_ping.attr("to")), (Some("result"), Some(guest)));
}

/// The longest addresses there are: three parts of 1023 bytes.
// 45-17.1-a
#[test]
fn the_longest_addresses_pass_and_longer_ones_are_not_taken_for_others() {
    let server = Server::start();
    let mut peer = server.accept();
    let long = "l".repeat(1023);
    let room = format!("{long}@muc.example");
    let who = format!("{long}@{long}/{long}");
    let sequence = peer.join(&room, "n", &who);
    assert_eq!(nicks(&sequence), ["n"]);
    peer.fence(&room);
    peer.send(format!("<message id='x' from='{who}' to='l{room}'><body>b</body></message>"));
    peer.nothing_but_ping(DOMAIN);
    peer.nothing_but_ping(&room);
}

// 114-9
#[test]
fn nothing_is_ever_said_in_the_name_of_another_domain() {
    let server = Server::start();
    let mut peer = server.accept();
    for to in ["a@elsewhere.example", "elsewhere.example", "a@sub.muc.example/x", "&#xad;@elsewhere.example"]
    {
        let deep = "<a>".repeat(100) + &"</a>".repeat(100);
        for (attributes, inside) in [
            ("type='get' id='x'", "<ping xmlns='urn:xmpp:ping'/>"),
            ("type='get'", "<ping xmlns='urn:xmpp:ping'/>"),
            ("id='x'", ""),
            ("type='get' id='x'", &deep),
        ] {
            peer.send(format!("<iq {attributes} from='a@example.org/x' to='{to}'>{inside}</iq>"));
            peer.nothing_but_ping(DOMAIN);
        }
    }
}

/// A life of a room with everything in it that makes the service speak. That each stanza has a sender of our domain,
/// a recipient and an id is checked where it arrives.
// 114-9, 114-10, 45-G-g, 45-G-h
#[test]
fn all_that_the_service_says_is_from_it_to_somebody_with_an_id() {
    let server = Server::start();
    let mut peer = server.accept();
    let guest = "guest@example.org/pc";
    peer.create(ROOM, &[("muc#roomconfig_publicroom", "1"), ("muc#roomconfig_whois", "anyone")]);
    peer.join(ROOM, "Guest", guest);
    peer.join(ROOM, "Hag", "hag@example.org/pc");
    let from = |who: &str, to: &str, type_: &str, inside: &str| {
        format!("<message from='{who}' to='{to}' type='{type_}'>{inside}</message>")
    };
    let invite = "<x xmlns='http://jabber.org/protocol/muc#user'><invite to='new@example.org'/></x>";
    peer.send(from(guest, ROOM, "groupchat", "<body>no id</body>"));
    peer.send(from(OWNER, ROOM, "groupchat", "<subject>no id</subject>"));
    peer.send(from(guest, "room@muc.example/Owner", "chat", "<body>private</body>"));
    peer.send(from(guest, ROOM, "normal", invite));
    peer.send(format!("<presence from='{guest}' to='{ROOM}/Guest'><show>away</show></presence>"));
    peer.send(format!("<presence from='{guest}' to='{ROOM}/Visitor'/>"));
    peer.send(format!(
        "<iq type='get' id='v' from='{guest}' to='{ROOM}/Owner'><query xmlns='jabber:iq:version'/></iq>"
    ));
    peer.send("<presence from='stray@example.org/pc' to='room@muc.example/Stray'/>");
    assert_eq!(peer.affiliate(OWNER, ROOM, "absent@example.org", "member").attr("type"), Some("result"));
    assert_eq!(peer.affiliate(OWNER, ROOM, "hag@example.org", "outcast").attr("type"), Some("result"));
    for (to, payload) in [
        (DOMAIN, "<query xmlns='http://jabber.org/protocol/disco#items'/>"),
        (DOMAIN, "<query xmlns='jabber:iq:version'/>"),
        (ROOM, "<query xmlns='http://jabber.org/protocol/disco#info'/>"),
        (ROOM, "<query xmlns='http://jabber.org/protocol/muc#owner'/>"),
    ] {
        assert_eq!(peer.ask(OWNER, to, "get", payload).attr("type"), Some("result"));
    }
    let kick =
        "<query xmlns='http://jabber.org/protocol/muc#admin'><item nick='Visitor' role='none'/></query>";
    assert_eq!(peer.ask(OWNER, ROOM, "set", kick).attr("type"), Some("result"));
    let destroy = "<query xmlns='http://jabber.org/protocol/muc#owner'><destroy/></query>";
    assert_eq!(peer.ask(OWNER, ROOM, "set", destroy).attr("type"), Some("result"));
    peer.fence(ROOM);
    let said = peer.said();
    for piece in [
        "no id</body>",
        "no id</subject>",
        "private",
        "<invite ",
        "away",
        "jabber:iq:version",
        "'303'",
        "'301'",
        "'307'",
        "<destroy",
    ] {
        assert!(said.contains(piece), "{piece} was not said");
    }
    assert!(!said.contains("jabber:client"), "stanzas stand in the namespace of the stream");
}
