//! Forms as clients submit them, and rooms that are configured before anybody is in them.

use minidom::Element;

use super::*;
use crate::world::{ROOM, World};

/// What a client fills in, by the whole names of the fields.
type Fields = &'static [(&'static str, &'static str)];

/// Sends an owner's form as it stands here.
fn submit(w: &mut World, who: &str, fields: &[(&str, &str)]) {
    let field = |(var, value): &(&str, &str)| format!("<field var='{var}'><value>{value}</value></field>");
    let fields: String = fields.iter().map(field).collect();
    w.owner(
        who,
        &format!(
            "<x xmlns='{DATA}' type='submit'><field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#roomconfig</value></field>{fields}</x>"
        ),
    );
}

/// The value of a field of the form.
fn value(w: &mut World, var: &str) -> String {
    let form = form(w);
    let field = form.children().find(|f| f.attr("var") == Some(var)).unwrap_or_else(|| panic!("no {var}"));
    field.children().filter(|c| c.name() == "value").map(Element::text).collect()
}

const GROUP: &[&str] = &["muc_persistent", "muc_membersonly", "muc_hidden", "muc_nonanonymous"];
const CHANNEL: &[&str] = &["muc_persistent", "muc_open", "muc_public", "muc_semianonymous"];

/// By client: what it submits for a private group or a public channel, which features the room has then, and the
/// values of what features do not tell.
const PRESETS: &[(&str, Fields, &[&str], Fields)] = &[
    (
        "Conversations, group",
        &[
            ("muc#roomconfig_persistentroom", "1"),
            ("muc#roomconfig_membersonly", "1"),
            ("muc#roomconfig_publicroom", "0"),
            ("muc#roomconfig_whois", "anyone"),
            ("muc#roomconfig_changesubject", "0"),
            ("muc#roomconfig_allowinvites", "0"),
            ("muc#roomconfig_enablelogging", "0"),
            ("muc#roomconfig_enablearchiving", "1"),
            ("mam", "1"),
            ("muc#roomconfig_mam", "1"),
            ("muc#roomconfig_roomname", "Montague"),
            ("members_by_default", "1"),
        ],
        GROUP,
        &[
            ("muc#roomconfig_allowinvites", "0"),
            ("muc#roomconfig_enablearchiving", "1"),
            ("muc#roomconfig_roomname", "Montague"),
        ],
    ),
    (
        "Conversations, channel",
        &[
            ("muc#roomconfig_persistentroom", "1"),
            ("muc#roomconfig_membersonly", "0"),
            ("muc#roomconfig_publicroom", "1"),
            ("muc#roomconfig_whois", "moderators"),
            ("muc#roomconfig_changesubject", "0"),
            ("muc#roomconfig_enablearchiving", "1"),
            ("mam", "1"),
            ("muc#roomconfig_mam", "1"),
            ("muc#roomconfig_roomname", "Market"),
        ],
        CHANNEL,
        &[("muc#roomconfig_enablearchiving", "1"), ("muc#roomconfig_changesubject", "0")],
    ),
    (
        "Gajim, private",
        &[
            ("muc#roomconfig_persistentroom", "1"),
            ("muc#roomconfig_membersonly", "1"),
            ("muc#roomconfig_publicroom", "0"),
            ("muc#roomconfig_whois", "anyone"),
            ("muc#roomconfig_changesubject", "1"),
            ("muc#roomconfig_allowinvites", "1"),
            ("muc#roomconfig_allowpm", "anyone"),
            ("muc#roomconfig_moderatedroom", "0"),
            ("muc#roomconfig_passwordprotectedroom", "0"),
            ("muc#roomconfig_enablelogging", "0"),
            ("mam", "1"),
            ("muc#roomconfig_enablearchiving", "1"),
            ("public_list", "0"),
            ("allow_voice_requests", "0"),
            ("{http://prosody.im/protocol/muc}roomconfig_allowmemberinvites", "0"),
            ("muc#roomconfig_roomdesc", "a family"),
        ],
        GROUP,
        &[
            ("muc#roomconfig_allowinvites", "1"),
            ("muc#roomconfig_changesubject", "1"),
            ("muc#roomconfig_allowpm", "anyone"),
            ("muc#roomconfig_roomdesc", "a family"),
        ],
    ),
    (
        "Monal, group",
        &[
            ("muc#roomconfig_persistentroom", "1"),
            ("muc#roomconfig_membersonly", "1"),
            ("muc#roomconfig_publicroom", "0"),
            ("muc#roomconfig_whois", "anyone"),
            ("muc#roomconfig_changesubject", "0"),
            ("muc#roomconfig_allowinvites", "0"),
            ("muc#roomconfig_moderatedroom", "0"),
            ("muc#roomconfig_enablelogging", "0"),
            ("muc#roomconfig_getmemberlist", "participant"),
            ("muc#maxhistoryfetch", "0"),
        ],
        GROUP,
        &[("muc#roomconfig_getmemberlist", "participant"), ("muc#maxhistoryfetch", "0")],
    ),
    (
        "Movim, group",
        &[
            ("muc#roomconfig_persistentroom", "true"),
            ("muc#roomconfig_membersonly", "true"),
            ("muc#roomconfig_publicroom", "false"),
            ("muc#roomconfig_whois", "anyone"),
            ("muc#roomconfig_changesubject", "false"),
            ("muc#roomconfig_roomname", "House"),
            ("muc#roomconfig_pubsub", "xmpp:pubsub.example?;node=house"),
        ],
        GROUP,
        &[("muc#roomconfig_pubsub", "xmpp:pubsub.example?;node=house")],
    ),
    (
        "Movim, channel",
        &[
            ("muc#roomconfig_persistentroom", "true"),
            ("muc#roomconfig_membersonly", "false"),
            ("muc#roomconfig_publicroom", "true"),
            ("muc#roomconfig_whois", "moderators"),
            ("muc#roomconfig_changesubject", "false"),
        ],
        CHANNEL,
        &[],
    ),
    (
        "Poezio, impromptu",
        &[
            ("muc#roomconfig_persistent", "0"),
            ("muc#roomconfig_membersonly", "1"),
            ("muc#roomconfig_publicroom", "0"),
            ("muc#roomconfig_whois", "anyone"),
            ("muc#roomconfig_changesubject", "1"),
            ("muc#roomconfig_allowinvites", "1"),
            ("muc#roomconfig_enablearchiving", "1"),
            ("mam", "1"),
            ("muc#roomconfig_mam", "1"),
        ],
        &["muc_temporary", "muc_membersonly", "muc_hidden", "muc_nonanonymous"],
        &[("muc#roomconfig_allowinvites", "1"), ("muc#roomconfig_changesubject", "1")],
    ),
    (
        "Siskin, private",
        &[
            ("muc#roomconfig_membersonly", "1"),
            ("muc#roomconfig_publicroom", "0"),
            ("muc#roomconfig_whois", "anyone"),
            ("muc#roomconfig_roomname", "Cell"),
        ],
        &["muc_temporary", "muc_membersonly", "muc_hidden", "muc_nonanonymous"],
        &[("muc#roomconfig_roomname", "Cell")],
    ),
    (
        "Siskin, public",
        &[
            ("muc#roomconfig_membersonly", "0"),
            ("muc#roomconfig_publicroom", "1"),
            ("muc#roomconfig_whois", "moderators"),
        ],
        &["muc_temporary", "muc_open", "muc_public", "muc_semianonymous"],
        &[],
    ),
    (
        "Dino, call",
        &[
            ("muc#roomconfig_allowinvites", "1"),
            ("muc#roomconfig_persistentroom", "0"),
            ("muc#roomconfig_membersonly", "1"),
            ("muc#roomconfig_whois", "anyone"),
        ],
        &["muc_temporary", "muc_membersonly", "muc_hidden", "muc_nonanonymous"],
        &[("muc#roomconfig_allowinvites", "1")],
    ),
];

#[test]
fn presets_of_clients_give_the_rooms_that_they_mean() {
    // clients NEW-8, clients-preset-a, clients-preset-c, clients-check-h, 004-1
    for (name, fields, expected, values) in PRESETS {
        let mut w = World::new();
        w.join("owner");
        w.clear();
        // Without having asked for the form.
        submit(&mut w, "owner", fields);
        let got = w.got("owner");
        assert_eq!(got[0], "iq:result room", "{name}");
        let features = features(&mut w);
        for var in *expected {
            assert!(features.iter().any(|f| f == var), "{name}: {var}");
        }
        for (var, expected) in *values {
            assert_eq!(value(&mut w, var), *expected, "{name}: {var}");
        }
        w.join("romeo");
        let refused = w.stanzas("romeo")[0].attr("type") == Some("error");
        assert_eq!(refused, expected.contains(&"muc_membersonly"), "{name}");
    }
}

#[test]
fn form_without_a_field_leaves_it_and_with_an_unknown_one_ignores_it() {
    // clients NEW-8, clients-check-h
    let mut w = World::with_room(&[("roomname", "Verona"), ("roomdesc", "fair")]);
    submit(
        &mut w,
        "owner",
        &[("muc#roomconfig_roomdesc", "fairer"), ("urn:no#such", "x"), ("muc#roomconfig_persistent", "1")],
    );
    assert_eq!(w.got("owner"), ["iq:result room", "message:groupchat room 104"]);
    assert_eq!(value(&mut w, "muc#roomconfig_roomname"), "Verona");
    assert_eq!(value(&mut w, "muc#roomconfig_roomdesc"), "fairer");
    assert_eq!(value(&mut w, "muc#roomconfig_persistentroom"), "0");
    for (word, expected) in [("true", "1"), ("false", "0"), ("1", "1"), ("0", "0")] {
        submit(&mut w, "owner", &[("muc#roomconfig_moderatedroom", word)]);
        assert_eq!(value(&mut w, "muc#roomconfig_moderatedroom"), expected, "{word}");
    }
}

#[test]
fn one_field_of_the_archive_is_known_by_three_names() {
    // clients-preset-c
    let mut w = open();
    for var in ["muc#roomconfig_enablearchiving", "muc#roomconfig_mam", "mam"] {
        for word in ["0", "1"] {
            submit(&mut w, "owner", &[(var, word)]);
            assert_eq!(value(&mut w, "muc#roomconfig_enablearchiving"), word, "{var}");
        }
    }
    let shown = form(&mut w);
    let archive = ["muc#roomconfig_mam", "mam"];
    assert!(!fields(&shown).iter().any(|f| f.attr("var").is_some_and(|var| archive.contains(&var))));
    let dialect = "{http://prosody.im/protocol/muc}roomconfig_allowmemberinvites";
    submit(&mut w, "owner", &[(dialect, "1")]);
    assert_eq!(value(&mut w, "muc#roomconfig_allowinvites"), "1");
}

#[test]
fn headings_may_come_back_with_the_form() {
    // clients-form-e, 004-1
    let mut w = open();
    w.owner(
        "owner",
        &format!(
            "<x xmlns='{DATA}' type='submit'><title>x</title><field type='fixed'><value>About</value></field>\
         <field var='muc#roomconfig_roomname' type='text-single'><value>Verona</value></field></x>"
        ),
    );
    assert_eq!(w.got("owner")[0], "iq:result room");
    assert_eq!(value(&mut w, "muc#roomconfig_roomname"), "Verona");
}

#[test]
fn result_comes_first_then_104_then_discovery_of_the_new_state() {
    // clients-preset-d
    let mut w = open();
    submit(&mut w, "owner", &[("muc#roomconfig_membersonly", "1"), ("muc#roomconfig_roomname", "Verona")]);
    assert_eq!(w.got("owner"), ["iq:result room", "message:groupchat room 104"]);
    assert!(features(&mut w).contains(&"muc_membersonly".to_owned()));
    // One wrong value and nothing of the form is taken.
    submit(&mut w, "owner", &[("muc#roomconfig_membersonly", "0"), ("muc#roomconfig_whois", "nobody")]);
    assert_eq!(w.got("owner"), ["iq:error room modify/not-acceptable"]);
    assert!(features(&mut w).contains(&"muc_membersonly".to_owned()));
}

#[test]
fn what_changes_for_privacy_comes_with_104_in_one_message() {
    // clients NEW-11, clients-check-e, 45-10.2.1-a
    let mut w = open();
    w.join("romeo");
    for (fields, expected) in [
        (&[("muc#roomconfig_enablelogging", "1")][..], &["104", "170"][..]),
        (&[("muc#roomconfig_enablelogging", "0")], &["104", "171"]),
        (&[("muc#roomconfig_whois", "anyone")], &["104", "172"]),
        (&[("muc#roomconfig_whois", "moderators")], &["104", "173"]),
        (
            &[("muc#roomconfig_whois", "anyone"), ("muc#roomconfig_enablelogging", "1")],
            &["104", "170", "172"],
        ),
        (&[("muc#roomconfig_roomname", "Verona")], &["104"]),
        (&[("muc#roomconfig_moderatedroom", "1")], &["104"]),
    ] {
        w.clear();
        submit(&mut w, "owner", fields);
        for who in ["owner", "romeo"] {
            let told: Vec<Element> = w.stanzas(who).into_iter().filter(|s| s.name() == "message").collect();
            assert_eq!(told.len(), 1, "{fields:?}");
            assert_eq!((told[0].attr("type"), told[0].attr("from")), (Some("groupchat"), Some(ROOM)));
            let mut codes = codes(&told[0]);
            codes.sort_unstable();
            assert_eq!(codes, expected, "{fields:?}");
        }
    }
}

#[test]
fn instant_room_and_cancelled_room() {
    // clients-preset-e
    let mut w = World::new();
    w.join("owner");
    w.clear();
    w.owner("owner", &format!("<x xmlns='{DATA}' type='submit'/>"));
    assert_eq!(w.got("owner"), ["iq:result room"]);
    w.join("romeo");
    assert!(w.stanzas("romeo").len() > 1);
    let mut w = World::new();
    w.join("owner");
    w.owner("owner", &format!("<x xmlns='{DATA}' type='cancel'/>"));
    assert!(!w.room.exists());
}

/// A form for a room that does not exist.
fn made(fields: &[(&str, &str)]) -> World {
    let mut w = World::new();
    submit(&mut w, "romeo", fields);
    assert_eq!(w.got("romeo"), ["iq:result room"]);
    w
}

const PRIVATE: &[(&str, &str)] = &[("muc#roomconfig_membersonly", "1"), ("muc#roomconfig_whois", "anyone")];

#[test]
fn form_for_an_absent_room_makes_it() {
    // clients NEW-9, clients-check-i
    let mut w = made(PRIVATE);
    assert!(w.room.exists() && w.room.is_empty());
    assert!(features(&mut w).contains(&"muc_membersonly".to_owned()));
    w.join("juliet");
    assert_eq!(error(&w.stanzas("juliet")[0]), "auth/registration-required", "private from the first moment");
    w.join("romeo");
    assert_eq!(codes(&w.stanzas("romeo")[0]), ["100", "110"], "it was there, and is not locked");
    w.say("romeo", "hi");
    leave(&mut w, "romeo");
    assert!(!w.room.exists(), "from now on it is a temporary room like any other");
}

#[test]
fn room_that_nobody_enters_goes() {
    // clients NEW-9
    let mut w = made(PRIVATE);
    let ask =
        |w: &mut World| get(w, "juliet", &format!("<query xmlns='{INFO}'/>")).attr("type").map(str::to_owned);
    w.wait(240);
    assert_eq!(ask(&mut w).as_deref(), Some("result"));
    w.wait(61);
    ask(&mut w);
    assert_eq!(ask(&mut w).as_deref(), Some("error"));
    assert!(!w.room.exists() && w.writes.is_empty());
}

#[test]
fn room_that_is_awaited_is_not_listed_until_somebody_comes() {
    // clients NEW-9, 45-6.3-a
    let mut w = made(&[("muc#roomconfig_publicroom", "1"), ("muc#roomconfig_roomname", "Market")]);
    assert!(w.room.is_awaited() && w.room.listing().is_none());
    w.join("romeo");
    assert!(!w.room.is_awaited() && w.room.listing().is_some());
}

#[test]
fn persistent_room_is_made_and_stays_without_anybody() {
    // clients NEW-9, 45-4.2-a
    let mut w = made(&[("muc#roomconfig_persistentroom", "1")]);
    assert!(!w.writes.is_empty(), "it is stored");
    w.wait(100_000);
    assert_eq!(get(&mut w, "juliet", &format!("<query xmlns='{INFO}'/>")).attr("type"), Some("result"));
    assert!(w.room.exists() && !w.room.is_awaited());
}

#[test]
fn only_who_may_create_rooms_makes_one_by_a_form() {
    // clients NEW-9, 45-10.1.1-a
    let mut w = World::new();
    w.service.create = conclave::config::Create::Admins;
    submit(&mut w, "romeo", PRIVATE);
    assert_eq!(w.got("romeo"), ["iq:error room cancel/not-allowed"]);
    w.service.create = conclave::config::Create::Anyone;
    for payload in ["<destroy/>".to_owned(), format!("<x xmlns='{DATA}' type='cancel'/>"), String::new()] {
        w.owner("romeo", &payload);
        assert_eq!(w.got("romeo"), ["iq:error room cancel/item-not-found"], "{payload}");
    }
    assert_eq!(error(&get(&mut w, "romeo", &format!("<query xmlns='{OWNER}'/>"))), "cancel/item-not-found");
    submit(&mut w, "romeo", &[("muc#roomconfig_whois", "nobody")]);
    assert_eq!(w.got("romeo"), ["iq:error room modify/not-acceptable"]);
    assert!(!w.room.exists());
    submit(&mut w, "romeo", PRIVATE);
    submit(&mut w, "juliet", PRIVATE);
    assert_eq!(w.got("juliet"), ["iq:error room auth/forbidden"], "the second one is late");
}
