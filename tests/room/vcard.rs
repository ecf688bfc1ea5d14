//! The room's vCard and its avatar (XEP-0054, XEP-0153, XEP-0486).

use conclave::room::write::Write;
use minidom::Element;

use crate::world::{ROOM, World};

const PHOTO: &str = "<PHOTO><TYPE>image/png</TYPE><BINVAL>YW\nJj</BINVAL></PHOTO>";
/// SHA-1 of the three bytes of [`PHOTO`].
const HASH: &str = "a9993e364706816aba3e25717850c26c9cd0d89d";

fn set(w: &mut World, who: &str, inside: &str) {
    w.send(who, &format!("<iq xmlns='jabber:client' type='set' id='v'><vCard xmlns='vcard-temp' xml:lang='it'>{inside}</vCard></iq>"));
}

/// The children of the answer to a request for the vCard.
fn get(w: &mut World, who: &str) -> Vec<String> {
    w.clear();
    w.send(who, "<iq xmlns='jabber:client' type='get' id='v'><vCard xmlns='vcard-temp'/></iq>");
    let answer = w.stanzas(who).pop().expect("an answer");
    let vcard = answer.get_child("vCard", "vcard-temp").expect("a vCard");
    vcard.children().map(|c| c.name().to_owned()).collect()
}

fn info(w: &mut World) -> Element {
    w.clear();
    w.send("stranger", "<iq xmlns='jabber:client' type='get' id='q'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>");
    let answer = w.stanzas("stranger").pop().expect("an answer");
    answer.children().next().expect("a query").clone()
}

/// The hashes in the room information.
fn hashes(w: &mut World) -> Vec<String> {
    let info = info(w);
    let form = info.get_child("x", "jabber:x:data").expect("room information");
    let fields: Vec<_> =
        form.children().filter(|f| f.attr("var") == Some("muc#roominfo_avatarhash")).collect();
    assert!(fields.len() <= 1, "one field of that name");
    fields.iter().flat_map(|f| f.children()).map(Element::text).collect()
}

/// The hash in a presence of the room.
fn photo(presence: &Element) -> String {
    let x = presence.get_child("x", "vcard-temp:x:update").expect("x");
    x.get_child("photo", "vcard-temp:x:update").expect("photo").text()
}

#[test]
fn owner_sets_the_vcard_and_everybody_is_told() {
    // 486-1, 486-2, 486-6, clients-info-g, clients-feature-j, clients-check-s
    let mut w = World::with_room(&[]);
    w.join("romeo");
    assert_eq!(hashes(&mut w), [""; 0]);
    assert!(info(&mut w).children().any(|c| c.attr("var") == Some("vcard-temp")));
    w.clear();
    set(&mut w, "owner", PHOTO);
    assert_eq!(w.got("owner"), ["iq:result room", "available room <x>", "message:groupchat room 104"]);
    assert_eq!(w.got("romeo"), ["available room <x>", "message:groupchat room 104"]);
    assert_eq!(hashes(&mut w), [HASH]);
    assert_eq!(get(&mut w, "romeo"), ["PHOTO"]);
    // The same again is no change.
    w.clear();
    set(&mut w, "owner", PHOTO);
    assert_eq!(w.got("owner"), ["iq:result room"]);
    assert_eq!(w.got("romeo"), [""; 0]);
}

#[test]
fn every_picture_has_its_hash_in_one_field() {
    // 486-6, clients-info-g
    let mut w = World::with_room(&[]);
    set(&mut w, "owner", &PHOTO.repeat(2));
    assert_eq!(hashes(&mut w), [HASH, HASH]);
}

#[test]
fn empty_vcard_takes_the_avatar_away() {
    // 486-4, 486-5, 486-8
    let mut w = World::with_room(&[]);
    set(&mut w, "owner", PHOTO);
    w.clear();
    set(&mut w, "owner", "");
    assert_eq!(photo(&w.stanzas("owner")[1]), "");
    assert_eq!(hashes(&mut w), [""; 0]);
    assert_eq!(get(&mut w, "owner"), [""; 0]);
}

#[test]
fn only_owners_set_the_vcard() {
    // 486-3, clients-feature-j
    let mut w = World::with_room(&[]);
    w.admin("owner", "<item affiliation='admin' jid='romeo@example'/>");
    for who in ["romeo", "stranger"] {
        w.clear();
        set(&mut w, who, PHOTO);
        assert_eq!(w.got(who), ["iq:error room auth/forbidden"]);
    }
    set(&mut w, "root", PHOTO);
    assert_eq!(hashes(&mut w), [HASH], "an admin of the service has the powers of an owner");
}

#[test]
fn everybody_but_who_is_banned_sees_the_vcard() {
    // 486-5, trap 76, clients-feature-j
    let mut w = World::with_room(&[("membersonly", "1")]);
    set(&mut w, "owner", "<FN>Coven</FN>");
    assert_eq!(get(&mut w, "stranger"), ["FN"]);
    w.admin("owner", "<item affiliation='outcast' jid='stranger@example'/>");
    w.clear();
    w.send("stranger", "<iq xmlns='jabber:client' type='get' id='v'><vCard xmlns='vcard-temp'/></iq>");
    assert_eq!(w.got("stranger"), ["iq:error room auth/forbidden"]);
}

#[test]
fn vcard_is_kept_as_it_is_with_its_language_and_bounded() {
    // 486-7, 45-13-a, trap 78
    let mut w = World::with_room(&[]);
    w.service.limits.vcard_bytes_max = 6000;
    set(&mut w, "owner", &format!("{PHOTO}<X-OWN xmlns='urn:own'>1</X-OWN>"));
    w.clear();
    w.send("romeo", "<iq xmlns='jabber:client' type='get' id='v'><vCard xmlns='vcard-temp'/></iq>");
    let answer = w.stanzas("romeo").remove(0);
    let vcard = answer.get_child("vCard", "vcard-temp").expect("a vCard");
    assert_eq!(conclave::wire::build::lang(vcard), Some("it"));
    assert!(vcard.has_child("X-OWN", "urn:own"));
    w.clear();
    set(&mut w, "owner", &PHOTO.repeat(4));
    assert_eq!(w.got("owner"), ["iq:error room modify/policy-violation"]);
    set(&mut w, "owner", "<PHOTO><BINVAL>!</BINVAL></PHOTO>");
    assert_eq!(w.got("owner"), ["iq:error room modify/bad-request"]);
    assert_eq!(hashes(&mut w), [HASH]);
}

#[test]
fn who_enters_sees_the_avatar_after_himself() {
    // 486-8, trap 77, clients-code-g
    let mut w = World::with_room(&[]);
    set(&mut w, "owner", PHOTO);
    w.say("owner", "hello");
    w.clear();
    w.join("romeo");
    let got = w.stanzas("romeo");
    let own =
        got.iter().position(|s| s.attr("from") == Some("r@muc.example/romeo")).expect("the own presence");
    let avatar = &got[own + 1];
    assert_eq!(avatar.attr("from"), Some(ROOM));
    let children: Vec<_> = avatar.children().map(|c| (c.name(), c.ns())).collect();
    assert_eq!(children, [("x", "vcard-temp:x:update".to_owned())], "nothing that looks like an occupant");
    assert_eq!(photo(avatar), HASH);
}

#[test]
fn vcard_of_a_persistent_room_is_written_once_and_with_the_room() {
    let mut w = World::with_room(&[]);
    set(&mut w, "owner", PHOTO);
    assert!(w.writes.is_empty(), "a temporary room is not stored");
    w.configure("owner", &[("persistentroom", "1")]);
    let has_vcard = |write: &Write| match write {
        Write::Whole { state, .. } => state.vcard.is_some(),
        write => matches!(write, Write::Vcard { .. }),
    };
    let vcards = |w: &World| w.writes.iter().filter(|write| has_vcard(write)).count();
    assert_eq!(vcards(&w), 1);
    w.configure("owner", &[("roomname", "Coven")]);
    assert_eq!(vcards(&w), 1);
    set(&mut w, "owner", "");
    assert_eq!(vcards(&w), 2);
    assert!(matches!(w.writes.last(), Some(Write::Vcard { value: None, .. })));
}
