//! What is taken back, by moderators (XEP-0425) and by who said it (XEP-0424).

use std::time::{Duration, Instant};

use conclave::room::archive::Entry;
use conclave::store::LocalArchive as _;
use conclave::wire::encode;
use minidom::Element;

use crate::world::{ROOM, World};

const CLIENT: &str = "jabber:client";
const SID: &str = "urn:xmpp:sid:0";
const OCCUPANT_ID: &str = "urn:xmpp:occupant-id:0";
const RETRACT: &str = "urn:xmpp:message-retract:1";
const MODERATE: &str = "urn:xmpp:message-moderate:1";
const RESULT: &str = "iq:result room";
const TOLD: &str = "message:groupchat room <retract>";

/// A room with Romeo and Juliet in it; Juliet is a moderator without an affiliation.
fn room(fields: &[(&str, &str)]) -> World {
    let mut w = World::with_room(fields);
    w.join("romeo");
    w.join("juliet");
    w.admin("owner", "<item nick='juliet' role='moderator'/>");
    w.clear();
    w
}

/// Says something and gives back its id in the archive.
fn say(w: &mut World, who: &str, message: &str) -> String {
    w.clear();
    w.send(who, message);
    let got = w.stanzas("owner").pop().expect("everybody hears it");
    w.clear();
    got.get_child("stanza-id", SID).and_then(|id| id.attr("id")).expect("a stanza id").to_owned()
}

fn body(id: &str, text: &str) -> String {
    format!("<message xmlns='{CLIENT}' type='groupchat' id='{id}'><body>{text}</body></message>")
}

fn request(id: &str, reason: &str) -> String {
    format!("<moderate xmlns='{MODERATE}' id='{id}'><retract xmlns='{RETRACT}'/>{reason}</moderate>")
}

fn moderate(w: &mut World, who: &str, id: &str) {
    ask(w, who, &request(id, "<reason>spam</reason>"));
}

fn ask(w: &mut World, who: &str, payload: &str) {
    w.send(who, &format!("<iq xmlns='{CLIENT}' type='set' id='q'>{payload}</iq>"));
}

/// A client's retraction.
fn retract(w: &mut World, who: &str, id: &str) {
    w.send(
        who,
        &format!(
            "<message xmlns='{CLIENT}' type='groupchat' id='r'><retract xmlns='{RETRACT}' id='{id}'/></message>"
        ),
    );
}

/// All of the archive, oldest first.
fn archived(w: &World) -> Vec<Entry> {
    let mut entries = Vec::new();
    let each = &mut |entry| {
        entries.push(entry);
        true
    };
    w.archive.newest(&w.room.state().record.archive, each).expect("this archive always reads");
    entries.reverse();
    entries
}

fn entry(w: &World, id: &str) -> Entry {
    archived(w).into_iter().find(|entry| entry.id == id).expect("it is in the archive")
}

/// The bodies that somebody gets who enters.
fn history(w: &mut World) -> Vec<String> {
    w.clear();
    w.join("newcomer");
    let got = w.stanzas("newcomer");
    w.send("newcomer", &format!("<presence xmlns='{CLIENT}' type='unavailable' to='{ROOM}/newcomer'/>"));
    w.clear();
    got.iter().filter_map(|m| m.get_child("body", CLIENT)).map(Element::text).collect()
}

fn features(w: &mut World) -> Vec<String> {
    w.clear();
    let payload = "<query xmlns='http://jabber.org/protocol/disco#info'/>";
    w.send("romeo", &format!("<iq xmlns='{CLIENT}' type='get' id='q'>{payload}</iq>"));
    let answer = w.stanzas("romeo").pop().expect("an answer");
    let query = answer.children().next().expect("a query");
    query.children().filter_map(|c| c.attr("var")).map(str::to_owned).collect()
}

#[test]
fn moderator_retracts_a_message_and_the_room_says_so_to_everybody() {
    // 425-1 425-2 425-4, clients §7 moderation :1, clients-feature-d
    let mut w = room(&[]);
    assert!(features(&mut w).contains(&MODERATE.to_owned()));
    assert!(!features(&mut w).contains(&"urn:xmpp:message-moderate:0".to_owned()));
    let id = say(&mut w, "romeo", &body("m", "buy"));
    moderate(&mut w, "juliet", &id);
    let told = w.stanzas("romeo").pop().expect("told");
    assert_eq!((told.attr("from"), told.attr("type")), (Some(ROOM), Some("groupchat")));
    let retraction = told.get_child("retract", RETRACT).expect("a retraction");
    assert_eq!(retraction.attr("id"), Some(id.as_str()));
    let moderated = retraction.get_child("moderated", MODERATE).expect("moderated");
    assert_eq!(moderated.attr("by"), Some("r@muc.example/juliet"));
    assert_eq!(retraction.get_child("reason", RETRACT).map(Element::text).as_deref(), Some("spam"));
    assert_eq!(w.got("juliet"), [TOLD, RESULT]);
    assert_eq!(w.got("owner"), [TOLD]);
    // What was told is in the archive, under the id that it was told with.
    let last = archived(&w).pop().expect("kept");
    assert_eq!(told.get_child("stanza-id", SID).and_then(|sid| sid.attr("id")), Some(last.id.as_str()));
    assert_eq!(last.account, None);
    assert!(last.message.has_child("retract", RETRACT));
    // The moderator's occupant id is inside, and the room has none.
    say(&mut w, "juliet", &body("m", "done"));
    let said = archived(&w).pop().expect("Juliet speaks").message;
    let id =
        |e: &Element| e.get_child("occupant-id", OCCUPANT_ID).and_then(|o| o.attr("id")).map(str::to_owned);
    assert_eq!(id(moderated), id(&said));
    assert!(id(&said).is_some() && id(&told).is_none());
}

#[test]
fn retracted_message_is_gone_from_the_history_and_a_tombstone_in_the_archive() {
    // 425-5, clients-feature-g
    let mut w = room(&[]);
    say(&mut w, "romeo", &body("m1", "good"));
    let id = say(
        &mut w,
        "romeo",
        "<message xmlns='jabber:client' type='groupchat' id='m2'><body>buy</body>\
         <origin-id xmlns='urn:xmpp:sid:0' id='o2'/><x xmlns='jabber:x:oob'><url>https://spam.example</url></x></message>",
    );
    let before = entry(&w, &id);
    w.wait(5);
    moderate(&mut w, "juliet", &id);
    assert_eq!(history(&mut w), ["good"]);
    let after = entry(&w, &id);
    assert_eq!((after.at, &after.account), (before.at, &before.account));
    assert_eq!(after.original, None);
    let text = encode::element(&after.message);
    assert!(!text.contains("buy") && !text.contains("spam.example"), "{text}");
    assert_eq!(
        (after.message.attr("from"), after.message.attr("id")),
        (Some("r@muc.example/romeo"), Some("m2"))
    );
    assert_eq!(after.message.get_child("origin-id", SID).and_then(|o| o.attr("id")), Some("o2"));
    let retracted = after.message.get_child("retracted", RETRACT).expect("a tombstone");
    let told = archived(&w).pop().expect("the retraction");
    assert_eq!(retracted.attr("id"), told.message.attr("id"));
    assert_eq!(retracted.attr("stamp"), Some("2026-01-01T00:00:05.000Z"));
    let moderated = retracted.get_child("moderated", MODERATE).expect("by a moderator");
    assert_eq!(moderated.attr("by"), Some("r@muc.example/juliet"));
    assert_eq!(retracted.get_child("reason", RETRACT).map(Element::text).as_deref(), Some("spam"));
}

#[test]
fn only_moderators_retract_what_others_said() {
    // 425-3
    let mut w = room(&[]);
    let id = say(&mut w, "juliet", &body("m", "hello"));
    for who in ["romeo", "stranger"] {
        moderate(&mut w, who, &id);
        assert_eq!(w.got(who), ["iq:error room auth/forbidden"]);
        assert!(w.silent());
    }
    for id in ["nonsense", "m"] {
        moderate(&mut w, "juliet", id);
        assert_eq!(w.got("juliet"), ["iq:error room cancel/item-not-found"]);
        assert!(w.silent());
    }
    assert_eq!(history(&mut w), ["hello"]);
}

#[test]
fn admin_who_is_not_in_the_room_moderates_too() {
    // 425-3
    let mut w = room(&[]);
    w.admin("owner", "<item jid='nurse@example' affiliation='admin'/>");
    let id = say(&mut w, "romeo", &body("m", "buy"));
    moderate(&mut w, "nurse", &id);
    assert_eq!(w.got("nurse"), [RESULT]);
    let told = w.stanzas("romeo").pop().expect("told");
    let moderated = told.get_child("retract", RETRACT).and_then(|r| r.get_child("moderated", MODERATE));
    assert_eq!(moderated.and_then(|m| m.attr("by")), Some(ROOM));
    assert!(!encode::element(&told).contains("nurse@example"), "his address is not shown");
}

#[test]
fn moderator_does_not_retract_what_a_higher_affiliation_said_nor_what_the_room_said() {
    // 425-3, trap 66
    let mut w = room(&[]);
    w.admin("owner", "<item jid='romeo@example' affiliation='member'/>");
    let [member, owner, own] = [("romeo", "a"), ("owner", "b"), ("juliet", "c")]
        .map(|(who, text)| say(&mut w, who, &body("m", text)));
    moderate(&mut w, "juliet", &owner);
    assert_eq!(w.got("juliet"), ["iq:error room cancel/not-allowed"]);
    assert!(w.silent());
    for id in [member, own] {
        moderate(&mut w, "juliet", &id);
        assert_eq!(w.got("juliet"), [TOLD, RESULT]);
    }
    w.clear();
    let words_of_the_room = archived(&w).pop().expect("the last retraction").id;
    moderate(&mut w, "owner", &words_of_the_room);
    assert_eq!(w.got("owner"), ["iq:error room cancel/not-allowed"]);
    assert!(w.silent());
    assert_eq!(history(&mut w), ["b"]);
}

#[test]
fn what_is_retracted_already_is_not_retracted_again() {
    // 425-4, trap 67
    let mut w = room(&[]);
    let id = say(&mut w, "romeo", &body("m", "buy"));
    moderate(&mut w, "juliet", &id);
    w.clear();
    let before = archived(&w);
    moderate(&mut w, "owner", &id);
    assert_eq!(w.got("owner"), [RESULT]);
    assert!(w.silent());
    assert_eq!(archived(&w), before);
}

#[test]
fn without_an_archive_recent_messages_can_be_retracted() {
    // 425-5
    let mut w = room(&[("enablearchiving", "0"), ("muc#maxhistoryfetch", "2")]);
    let ids = ["a", "b", "c"].map(|text| say(&mut w, "romeo", &body(text, text)));
    moderate(&mut w, "juliet", &ids[0]);
    assert_eq!(w.got("juliet"), [TOLD, RESULT], "no longer in the history, and everybody saw it");
    moderate(&mut w, "juliet", &ids[2]);
    assert_eq!(w.got("juliet"), [TOLD, RESULT]);
    assert_eq!(history(&mut w), ["b"]);
    assert!(archived(&w).is_empty());
    moderate(&mut w, "juliet", &ids[2]);
    assert_eq!(w.got("juliet"), ["iq:error room cancel/item-not-found"]);
}

#[test]
fn older_clients_ask_in_their_own_words_and_hear_todays() {
    // 425-7, clients §7 moderation :0, trap 68, clients-feature-d
    let mut w = room(&[]);
    let id = say(&mut w, "romeo", &body("m", "buy"));
    ask(
        &mut w,
        "juliet",
        &format!(
            "<apply-to xmlns='urn:xmpp:fasten:0' id='{id}'><moderate xmlns='urn:xmpp:message-moderate:0'>\
             <retract xmlns='urn:xmpp:message-retract:0'/><reason>spam</reason></moderate></apply-to>"
        ),
    );
    assert_eq!(w.got("juliet"), [TOLD, RESULT]);
    let retracted = entry(&w, &id).message.get_child("retracted", RETRACT).expect("a tombstone").clone();
    assert_eq!(retracted.get_child("reason", RETRACT).map(Element::text).as_deref(), Some("spam"));
}

#[test]
fn request_that_is_wrong_is_told_what_is_wrong() {
    let mut w = room(&[]);
    let id = say(&mut w, "romeo", &body("m", "buy"));
    let long = format!("<reason>{}</reason>", "x".repeat(5000));
    for (payload, refusal) in [
        (request("", ""), "modify/bad-request"),
        (request(&id, &long), "modify/policy-violation"),
        (format!("<moderate xmlns='{MODERATE}' id='{id}'/>"), "cancel/feature-not-implemented"),
        (
            format!("<apply-to xmlns='urn:xmpp:fasten:0' id='{id}'><other xmlns='urn:x'/></apply-to>"),
            "modify/bad-request",
        ),
    ] {
        ask(&mut w, "juliet", &payload);
        assert_eq!(w.got("juliet"), [format!("iq:error room {refusal}")]);
        assert!(w.silent());
    }
}

#[test]
fn occupants_cannot_speak_as_if_they_were_the_room() {
    // 425-6, trap 71
    let moderated = format!("<moderated xmlns='{MODERATE}' by='{ROOM}/juliet'/>");
    let older = "<moderated xmlns='urn:xmpp:message-moderate:0' by='r@muc.example/juliet'/>";
    let mut w = room(&[]);
    let id = say(&mut w, "romeo", &body("m", "mine"));
    for forged in [
        moderated.clone(),
        older.to_owned(),
        format!("<retract xmlns='{RETRACT}' id='{id}'>{moderated}</retract>"),
        format!("<retract xmlns='{RETRACT}' id='{id}'><deep xmlns='urn:x'>{older}</deep></retract>"),
        format!("<apply-to xmlns='urn:xmpp:fasten:0' id='{id}'>{older}</apply-to>"),
        format!(
            "<apply-to xmlns='urn:xmpp:fasten:0' id='{id}'><retracted xmlns='urn:xmpp:message-retract:0'/></apply-to>"
        ),
        format!("<retracted xmlns='{RETRACT}' id='x' stamp='2026-01-01T00:00:00Z'/>"),
    ] {
        for (to, type_) in [(ROOM.to_owned(), "groupchat"), (format!("{ROOM}/owner"), "chat")] {
            w.clear();
            w.send("romeo", &format!("<message xmlns='{CLIENT}' type='{type_}' id='f' to='{to}'><body>!</body>{forged}</message>"));
            let got = encode::element(&w.stanzas("owner").pop().expect("the rest passes"));
            assert!(got.contains("<body>!</body>"), "{got}");
            for word in ["moderated", "retract", "apply-to"] {
                assert!(!got.contains(word), "{got}");
            }
        }
    }
    assert!(!entry(&w, &id).is_tombstone());
    // Else nobody could retract this: it would pass for a tombstone.
    let id = archived(&w).pop().expect("the last one").id;
    moderate(&mut w, "juliet", &id);
    assert!(entry(&w, &id).is_tombstone());
}

#[test]
fn subject_that_is_retracted_is_the_subject_no_more() {
    // 425-5, trap 72
    let mut w = room(&[("changesubject", "1")]);
    let subject = |text| {
        format!("<message xmlns='{CLIENT}' type='groupchat' id='s'><subject>{text}</subject></message>")
    };
    let first = say(&mut w, "romeo", &subject("spam"));
    let second = say(&mut w, "romeo", &subject("roses"));
    moderate(&mut w, "juliet", &first);
    assert_eq!(w.got("juliet"), [TOLD, RESULT], "it was replaced already");
    moderate(&mut w, "juliet", &second);
    assert_eq!(w.got("juliet"), [TOLD, "message:groupchat room subject=", RESULT]);
    w.join("newcomer");
    assert_eq!(w.got("newcomer").last().map(String::as_str), Some("message:groupchat room subject="));
    assert!(archived(&w).iter().all(|entry| !encode::element(&entry.message).contains("roses")));
}

#[test]
fn two_hundred_messages_are_moderated_in_a_row() {
    // clients §7 bulk moderation, clients §10, clients-feature-e, clients-check-n
    let mut w = room(&[]);
    let ids: Vec<String> = (0..200).map(|n| say(&mut w, "romeo", &body(&n.to_string(), "buy"))).collect();
    let start = Instant::now();
    for id in &ids {
        moderate(&mut w, "juliet", id);
    }
    let took = start.elapsed();
    let got = w.got("juliet");
    assert_eq!(got.iter().filter(|line| *line == RESULT).count(), 200);
    assert_eq!(got.iter().filter(|line| *line == TOLD).count(), 200);
    assert!(archived(&w).iter().take(200).all(Entry::is_tombstone));
    assert_eq!(history(&mut w), [""; 0]);
    assert!(took < Duration::from_secs(5), "{took:?}");
}

#[test]
fn moderators_who_ask_at_once_retract_once() {
    // 425-4, trap 67
    let mut w = room(&[("muc#maxhistoryfetch", "0")]);
    let id = say(&mut w, "romeo", &body("m", "buy"));
    w.hold();
    moderate(&mut w, "juliet", &id);
    moderate(&mut w, "owner", &id);
    assert!(w.silent(), "the archive has not answered yet");
    w.arrive();
    assert_eq!(w.got("juliet"), [TOLD, RESULT]);
    assert_eq!(w.got("owner"), [TOLD, RESULT]);
    assert_eq!(w.got("romeo"), [TOLD]);
}

#[test]
fn author_takes_back_what_he_said_by_any_of_its_ids() {
    // clients-feature-f, clients-feature-g, clients-check-o
    // 424-1 424-2 424-3 424-4, clients §10 own retraction by origin-id, trap 69
    let mut w = room(&[]);
    for feature in [RETRACT, "urn:xmpp:message-retract:1#tombstone"] {
        assert!(features(&mut w).contains(&feature.to_owned()), "{feature}");
    }
    for by in ["stanza-id", "id", "origin-id"] {
        let id = say(
            &mut w,
            "romeo",
            "<message xmlns='jabber:client' type='groupchat' id='said'><body>oops</body>\
             <origin-id xmlns='urn:xmpp:sid:0' id='origin'/></message>",
        );
        let named = match by {
            "stanza-id" => id.clone(),
            "id" => "said".to_owned(),
            _ => "origin".to_owned(),
        };
        w.wait(5);
        retract(&mut w, "romeo", &named);
        let told = w.stanzas("owner").pop().expect("passed on");
        assert_eq!(told.get_child("retract", RETRACT).and_then(|r| r.attr("id")), Some(named.as_str()));
        assert_eq!(history(&mut w), [""; 0], "{by}");
        let tombstone = entry(&w, &id).message;
        assert!(!tombstone.has_child("body", CLIENT), "{by}");
        let retracted = tombstone.get_child("retracted", RETRACT).expect("a tombstone");
        assert_eq!(retracted.attr("id"), Some("r"));
        let stamp = w.now.to_string().replace('Z', ".000Z");
        assert_eq!(retracted.attr("stamp"), Some(stamp.as_str()));
        let last = archived(&w).pop().expect("the retraction");
        assert!(last.message.has_child("retract", RETRACT), "kept, though it has no body");
    }
}

#[test]
fn ids_that_are_too_long_are_refused_and_take_nothing_back() {
    // 424-1, 45-7.4-i
    let mut w = room(&[]);
    let id = say(&mut w, "romeo", &body(&"i".repeat(1024), "long"));
    let long = "i".repeat(8_300);
    let to = "to='r@muc.example/owner'";
    let origin = format!("<origin-id xmlns='urn:xmpp:sid:0' id='{long}'/>");
    for stanza in [
        format!("<message xmlns='jabber:client' type='groupchat' id='{long}'><body>b</body></message>"),
        format!("<message xmlns='jabber:client' type='groupchat'><body>b</body>{origin}</message>"),
        format!("<message xmlns='jabber:client' type='chat' {to} id='{long}'><body>b</body></message>"),
        format!("<presence xmlns='jabber:client' to='r@muc.example/romeo' id='{long}'/>"),
        format!("<iq xmlns='jabber:client' type='get' {to} id='{long}'><ping xmlns='urn:xmpp:ping'/></iq>"),
    ] {
        w.clear();
        w.send("romeo", &stanza);
        let got = w.got("romeo");
        assert!(got.len() == 1 && got[0].ends_with("modify/policy-violation"), "{got:?}");
        assert!(w.got("owner").is_empty());
    }
    retract(&mut w, "romeo", &long);
    assert!(!entry(&w, &id).is_tombstone());
    retract(&mut w, "romeo", &id);
    assert!(entry(&w, &id).is_tombstone());
    // An occupant who goes is gone under any id.
    w.clear();
    w.send("romeo", &format!("<presence xmlns='jabber:client' type='unavailable' id='{long}'/>"));
    assert_eq!(w.got("owner").len(), 1);
}

#[test]
fn retraction_of_somebody_elses_message_passes_and_takes_nothing_back() {
    // 424-1, trap 69, clients-feature-f
    let mut w = room(&[]);
    let id = say(&mut w, "owner", &body("m", "stays"));
    retract(&mut w, "romeo", &id);
    assert_eq!(w.got("owner"), ["message:groupchat romeo <retract>"]);
    retract(&mut w, "romeo", "m");
    assert!(!entry(&w, &id).is_tombstone());
    assert_eq!(history(&mut w), ["stays"]);
}

#[test]
fn of_one_id_used_twice_the_newest_is_taken_back() {
    // 424-1
    let mut w = room(&[]);
    let first = say(&mut w, "romeo", &body("m", "first"));
    let second = say(&mut w, "romeo", &body("m", "second"));
    retract(&mut w, "romeo", "m");
    assert_eq!(history(&mut w), ["first"]);
    assert!(entry(&w, &second).is_tombstone() && !entry(&w, &first).is_tombstone());
}

#[test]
fn retraction_is_archived_whatever_its_sender_wishes() {
    // 424-2, trap 70
    let mut w = room(&[]);
    let id = say(&mut w, "romeo", &body("m", "oops"));
    w.send(
        "romeo",
        &format!(
            "<message xmlns='{CLIENT}' type='groupchat' id='r'><retract xmlns='{RETRACT}' id='{id}'/>\
             <no-store xmlns='urn:xmpp:hints'/></message>"
        ),
    );
    assert!(entry(&w, &id).is_tombstone());
    assert!(archived(&w).pop().expect("kept").message.has_child("retract", RETRACT));
}

/// What an occupant says so that it is kept nowhere, though everybody sees it.
fn unkept(id: &str, inside: &str) -> String {
    format!(
        "<message xmlns='{CLIENT}' type='groupchat' id='{id}'>{inside}<no-store xmlns='urn:xmpp:hints'/></message>"
    )
}

#[test]
fn what_is_kept_nowhere_is_within_reach_of_moderators() {
    // 425-2, 425-3, 425-4, 359-4, 334-1, trap 57
    for archive in ["0", "1"] {
        let mut w = room(&[("enablearchiving", archive)]);
        for inside in [
            "<body>abuse</body>",
            "<html xmlns='http://jabber.org/protocol/xhtml-im'/>",
            "<x xmlns='jabber:x:oob'><url>https://spam.example</url></x>",
        ] {
            let id = say(&mut w, "romeo", &unkept("m", inside));
            moderate(&mut w, "owner", &id);
            assert_eq!(w.got("owner").len(), 2, "everybody is told, and the answer: {inside}");
            let retract = w.stanzas("juliet").remove(0);
            let retract = retract.get_child("retract", RETRACT).expect("a retraction");
            assert_eq!(retract.attr("id"), Some(id.as_str()));
            // Once is enough: it is forgotten then.
            moderate(&mut w, "owner", &id);
            assert_eq!(w.got("owner"), ["iq:error room cancel/item-not-found"], "{inside}");
        }
        assert!(
            archived(&w).iter().all(|entry| !entry.message.has_child("body", CLIENT)),
            "still kept nowhere"
        );
    }
}

#[test]
fn memory_of_what_is_kept_nowhere_is_bounded_in_number_and_in_age() {
    // 45-14.6-a
    let mut w = room(&[]);
    let first = say(&mut w, "romeo", &unkept("m", "<body>abuse</body>"));
    for _ in 0..255 {
        say(&mut w, "romeo", &unkept("m", "<body>abuse</body>"));
    }
    w.clear();
    moderate(&mut w, "owner", &first);
    assert_eq!(w.got("owner").len(), 2);
    let second = say(&mut w, "romeo", &unkept("m", "<body>abuse</body>"));
    for _ in 0..256 {
        say(&mut w, "romeo", &unkept("m", "<body>abuse</body>"));
    }
    moderate(&mut w, "owner", &second);
    assert_eq!(w.got("owner"), ["iq:error room cancel/item-not-found"]);
    let third = say(&mut w, "romeo", &unkept("m", "<body>abuse</body>"));
    w.wait(25 * 3600);
    say(&mut w, "romeo", &unkept("m", "<body>abuse</body>"));
    moderate(&mut w, "owner", &third);
    assert_eq!(w.got("owner"), ["iq:error room cancel/item-not-found"]);
}

#[test]
fn what_is_kept_nowhere_is_not_pushed_out_by_what_nothing_is_shown_of_nor_by_others() {
    // 45-14.6-a, 425-1
    let mut w = room(&[]);
    w.join("juliet");
    let first = say(&mut w, "juliet", &unkept("m", "<body>abuse</body>"));
    for _ in 0..300 {
        say(&mut w, "juliet", &unkept("m", "<x xmlns='u'/>"));
        say(&mut w, "romeo", &unkept("m", "<body>flood</body>"));
    }
    w.clear();
    moderate(&mut w, "owner", &first);
    let got = w.got("owner");
    assert!(!got.iter().any(|line| line.starts_with("iq:error")), "{got:?}");
}

#[test]
fn retraction_in_the_words_of_older_clients_counts() {
    // 424-1
    let mut w = room(&[]);
    let id = say(&mut w, "romeo", &body("m", "oops"));
    w.send(
        "romeo",
        &format!(
            "<message xmlns='{CLIENT}' type='groupchat' id='r'><apply-to xmlns='urn:xmpp:fasten:0' id='{id}'>\
             <retract xmlns='urn:xmpp:message-retract:0'/></apply-to></message>"
        ),
    );
    assert_eq!(w.got("owner"), ["message:groupchat romeo <apply-to>"]);
    assert!(entry(&w, &id).is_tombstone());
}

#[test]
fn without_an_archive_there_are_no_tombstones_to_offer() {
    // 424-3 424-4
    let mut w = room(&[("enablearchiving", "0")]);
    let offered = features(&mut w);
    assert!(offered.contains(&RETRACT.to_owned()));
    assert!(!offered.contains(&"urn:xmpp:message-retract:1#tombstone".to_owned()));
    let id = say(&mut w, "romeo", &body("m", "oops"));
    retract(&mut w, "romeo", &id);
    assert_eq!(history(&mut w), [""; 0]);
}

#[test]
fn who_has_no_voice_takes_nothing_back() {
    // 424-1
    let mut w = room(&[]);
    let id = say(&mut w, "romeo", &body("m", "said"));
    w.admin("owner", "<item nick='romeo' role='visitor'/>");
    w.clear();
    retract(&mut w, "romeo", &id);
    assert_eq!(w.got("romeo"), ["message:error room auth/forbidden"]);
    assert!(!entry(&w, &id).is_tombstone());
}

#[test]
fn original_is_kept_where_the_operator_says_so() {
    // 425-5
    let mut w = room(&[]);
    w.service.keep_retracted = true;
    let id = say(&mut w, "romeo", &body("m", "buy"));
    moderate(&mut w, "juliet", &id);
    let original = entry(&w, &id).original.expect("kept");
    assert_eq!(original.get_child("body", CLIENT).map(Element::text).as_deref(), Some("buy"));
    assert!(!encode::element(&entry(&w, &id).message).contains("buy"));
}
