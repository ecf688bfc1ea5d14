//! What goes out of one event is bounded: in memory, and in how much the words of one are multiplied.

use minidom::Element;

use crate::world::{ROOM, World};

const USER: &str = "http://jabber.org/protocol/muc#user";

/// A room with so many others in it; each says `said` in the presence.
fn crowd(count: usize, said: &str, fields: &[(&str, &str)]) -> World {
    let mut w = World::with_room(fields);
    for n in 0..count {
        w.send(
            &format!("u{n}"),
            &format!(
                "<presence xmlns='jabber:client' to='{ROOM}/u{n}'>\
                 <x xmlns='http://jabber.org/protocol/muc'><history maxstanzas='0'/></x>{said}</presence>"
            ),
        );
        w.clear();
    }
    w
}

fn size(stanzas: &[Element]) -> usize {
    stanzas.iter().map(|stanza| conclave::wire::encode::element(stanza).len()).sum()
}

// 45-14.6-a
#[test]
fn words_on_leaving_are_a_text_in_each_language_and_no_more() {
    let mut w = crowd(3, "", &[]);
    // Forty texts of 16 KB, each within the bound of a presence.
    let long = "x".repeat(16_000);
    let many: String = (0..40).map(|n| format!("<status xml:lang='l{n}'>{long}</status>")).collect();
    w.send(
        "u0",
        &format!("<presence xmlns='jabber:client' type='unavailable' to='{ROOM}/u0'>{many}</presence>"),
    );
    let told = w.stanzas("u1");
    assert_eq!(told[0].attr("type"), Some("unavailable"), "who goes is gone, whatever is said");
    assert!(size(&told) < 17_000, "{}", size(&told));
    // One text in each language, and nothing inside of it.
    let odd = "<status>a<b xmlns='urn:b'/></status><status>b</status><status xml:lang='de' n='1'>c</status>";
    w.send(
        "u1",
        &format!("<presence xmlns='jabber:client' type='unavailable' to='{ROOM}/u1'>{odd}</presence>"),
    );
    let told = w.stanzas("u2");
    let texts: Vec<String> = told
        .iter()
        .flat_map(|presence| presence.children().filter(|c| c.name() == "status"))
        .map(conclave::wire::encode::element)
        .filter(|text| text.len() < 100)
        .collect();
    assert_eq!(texts, ["<status>a</status>", "<status xml:lang='de'>c</status>"]);
    // A language of more than a presence may have is none.
    w.service.limits.presence_bytes_max = 1000;
    let lang = "x".repeat(5000);
    w.send(
        "u2",
        &format!("<presence xmlns='jabber:client' type='unavailable' xml:lang='{lang}' to='{ROOM}/u2'/>"),
    );
    let told = w.stanzas("owner");
    assert!(size(&told[told.len() - 1..]) < 1000);
}

// 45-7.8.2-a
#[test]
fn invitation_has_a_bounded_reason() {
    let mut w = World::with_room(&[]);
    let invite = |count: usize, bytes: usize| {
        let reason = "x".repeat(bytes);
        let each = |n| format!("<invite to='i{n}@example'><reason>{reason}</reason></invite>");
        let invites: String = (0..count).map(each).collect();
        format!("<message xmlns='jabber:client' id='i'><x xmlns='{USER}'>{invites}</x></message>")
    };
    w.send("owner", &invite(50, 4096));
    assert_eq!(w.got("owner"), ["message:error room modify/policy-violation"]);
    assert!(w.silent(), "nobody is invited");
    let asked = invite(50, 900);
    w.send("owner", &asked);
    let sent = w.everything();
    assert_eq!(sent.len(), 50);
    assert!(size(&sent) < 2 * asked.len(), "{} from {}", size(&sent), asked.len());
    // The address does not count: nobody chooses how long the own one is.
    let long = format!("{}@example", "x".repeat(1000));
    w.send("owner", &format!("<message xmlns='jabber:client' id='i'><x xmlns='{USER}'><invite to='{long}'><reason>{}</reason></invite></x></message>", "y".repeat(900)));
    assert_eq!(w.stanzas(&long).len(), 1);
}

// 45-14.6-a
#[test]
fn stanzas_of_one_event_share_their_lists_of_recipients() {
    for fields in [&[][..], &[("whois", "anyone")]] {
        let mut w = crowd(150, "", fields);
        let items: String = (0..100).map(|n| format!("<item nick='u{n}' role='none'/>")).collect();
        let effects = w.send(
            "owner",
            &format!(
                "<iq xmlns='jabber:client' type='set' id='a'>\
                 <query xmlns='http://jabber.org/protocol/muc#admin'>{items}</query></iq>"
            ),
        );
        assert_eq!(w.room.roster().len(), 51);
        // A hundred are told to themselves, and in two variants to all who are left.
        let held = effects.held_bytes();
        assert!(held < 512 << 10, "{held}");
    }
}
