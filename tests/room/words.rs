//! What people read: why they are refused and what they can do, in their language (RFC 6120 §8.3.2, XEP-0045 §7.2).

use std::sync::Arc;

use conclave::words::{Catalogue, Extra};
use minidom::Element;

use crate::world::{ROOM, World, line};

/// The first error for someone: its condition, the language of its text, and the text.
fn refused(w: &mut World, who: &str) -> (String, String, String) {
    let got = w.stanzas(who);
    let stanza = got.iter().find(|s| s.attr("type") == Some("error")).expect("an error");
    let error = stanza.children().find(|c| c.name() == "error").expect("an error");
    let text = error.children().find(|c| c.name() == "text").expect("a text");
    (
        line(stanza),
        text.attr_ns("http://www.w3.org/XML/1998/namespace", "lang").unwrap_or_default().to_owned(),
        text.text(),
    )
}

fn join_in(w: &mut World, who: &str, lang: &str, inside: &str) -> (String, String, String) {
    w.clear();
    w.send(who, &format!(
        "<presence xmlns='jabber:client' id='j' xml:lang='{lang}' to='{ROOM}/{who}'><x xmlns='http://jabber.org/protocol/muc'>{inside}</x></presence>"
    ));
    refused(w, who)
}

fn why(w: &mut World, who: &str) -> String {
    w.clear();
    w.join(who);
    refused(w, who).2
}

#[test]
fn who_is_refused_reads_why_in_their_language_or_in_that_of_the_room() {
    // 45-7.2.6-a, 45-G-a
    let mut w = World::with_room(&[("membersonly", "1")]);
    for (lang, said, begin) in [
        ("de-AT", "de", "Nur Mitglieder"),
        ("fr", "fr", "Seuls les membres"),
        ("es", "es", "Solo los miembros"),
        ("tlh", "en", "Only members"),
        ("", "en", "Only members"),
    ] {
        let (condition, tag, text) = join_in(&mut w, "romeo", lang, "");
        assert_eq!(condition, "error romeo auth/registration-required");
        assert!(tag == said && text.starts_with(begin) && text.ends_with('.'), "{lang}: {tag} {text}");
    }
    w.configure("owner", &[("lang", "fr")]);
    assert_eq!(join_in(&mut w, "romeo", "tlh", "").1, "fr");
    assert_eq!(join_in(&mut w, "romeo", "en", "").1, "en");
}

#[test]
fn the_service_has_a_language_of_its_own_and_texts_of_its_operator() {
    let mut w = World::with_room(&[("membersonly", "1")]);
    let extra: Extra = toml::from_str("[it]\nmembers_only = 'Solo i membri.'").expect("test toml");
    w.service.words =
        Arc::new(Catalogue::new("it", &extra, conclave::feature::texts()).expect("a catalogue"));
    assert_eq!(join_in(&mut w, "romeo", "tlh", "").2, "Solo i membri.");
    assert!(join_in(&mut w, "romeo", "en", "").2.starts_with("Only members"));
    // What has no text in it is in English, and says so.
    w.configure("owner", &[("membersonly", "0"), ("roomsecret", "Sesame")]);
    let (_, tag, text) = join_in(&mut w, "romeo", "it", "");
    assert_eq!((&*tag, &*text), ("en", "This room needs a password."));
}

#[test]
fn a_wrong_password_is_told_from_none() {
    // 45-7.2.5-a, 45-7.2.5-b
    let mut w = World::with_room(&[("roomsecret", "Sesame")]);
    for (given, text) in [
        ("", "This room needs a password."),
        ("<password xmlns='http://jabber.org/protocol/muc'/>", "This room needs a password."),
        (
            "<password xmlns='http://jabber.org/protocol/muc'>no</password>",
            "The password is wrong. Please try again.",
        ),
    ] {
        let (condition, _, said) = join_in(&mut w, "romeo", "en", given);
        assert_eq!((&*condition, &*said), ("error romeo auth/not-authorized", text));
    }
}

#[test]
fn who_is_banned_reads_why_and_until_when_and_whom_to_write_to() {
    // 45-7.2.7-a, 45-9.1-a, 45-9.1-b
    let mut w = World::with_room(&[]);
    w.admin("owner", "<item affiliation='outcast' jid='romeo@example'/>");
    assert_eq!(why(&mut w, "romeo"), "You are banned from this room.");
    let long = "spam ".repeat(300);
    w.admin(
        "owner",
        &format!("<item affiliation='outcast' jid='romeo@example'><reason>{long}</reason></item>"),
    );
    let text = why(&mut w, "romeo");
    assert!(
        text.starts_with("You are banned from this room. Reason: “spam spam") && text.ends_with("…”."),
        "{text}"
    );
    assert!(text.chars().count() < 600, "what is told is bounded: {}", text.len());
    let command = "<command xmlns='http://jabber.org/protocol/commands' node='conclave#ban'><x xmlns='jabber:x:data' type='submit'>\
        <field var='jid'><value>romeo@example</value></field><field var='duration'><value>1d</value></field>\
        <field var='reason'><value>spam</value></field><field var='note'><value>secret</value></field></x></command>";
    w.send("owner", &format!("<iq xmlns='jabber:client' type='set' id='c'>{command}</iq>"));
    let text = why(&mut w, "romeo");
    assert_eq!(text, "You are banned from this room until 2026-01-02 00:00 UTC. Reason: “spam”.");
    w.configure("owner", &[("x-muc#roomconfig_contactjid", "help@example")]);
    assert!(why(&mut w, "romeo").ends_with("You can write to help@example about it."));
}

#[test]
fn who_is_banned_with_a_domain_reads_what_can_be_done() {
    // 45-9.1-d, 45-9.2-e
    let mut w = World::with_room(&[]);
    w.admin("owner", "<item affiliation='outcast' jid='evil.example'><reason>spam</reason></item>");
    w.clear();
    w.join("eve@evil.example/pc");
    let (condition, _, text) = refused(&mut w, "eve@evil.example/pc");
    assert!(condition.ends_with("auth/forbidden"), "{condition}");
    assert_eq!(
        text,
        "All accounts of evil.example are banned from this room. Reason: “spam”. \
         An admin of the room can admit your account by its own address."
    );
}

#[test]
fn a_full_room_and_a_locked_one_say_what_to_do_next() {
    // 45-7.2.9-a, 45-7.2.10-a, 45-10.1.3-a
    let mut w = World::with_room(&[("maxusers", "1")]);
    assert_eq!(why(&mut w, "romeo"), "The room is full. Please try again when an occupant has left.");
    let mut w = World::new();
    w.join("owner");
    let text = why(&mut w, "romeo");
    assert!(text.starts_with("This room is still being set up") && text.contains("try again"), "{text}");
}

#[test]
fn what_all_hear_is_in_the_language_of_the_room() {
    let mut w = World::with_room(&[("lang", "es")]);
    w.join("romeo");
    w.clear();
    w.comes_back("romeo", "gone");
    let gone = w.stanzas("owner").pop().expect("they are gone");
    let status: Vec<_> = gone.children().filter(|c| c.name() == "status").map(Element::text).collect();
    assert_eq!(status, ["Esta cuenta o este cliente ya no existe."]);
    let lang = gone.attr_ns("http://www.w3.org/XML/1998/namespace", "lang");
    assert_eq!(lang, Some("es"));
}

#[test]
fn what_the_room_writes_to_accounts_says_in_which_language_it_is() {
    // 45-7.8.2-a 45-8.6-a
    let mut w = World::with_room(&[("lang", "es"), ("moderatedroom", "1")]);
    w.join("romeo");
    w.clear();
    let lang =
        |stanza: &Element| stanza.attr_ns("http://www.w3.org/XML/1998/namespace", "lang").map(str::to_owned);
    w.send("owner", &format!(
        "<message xmlns='jabber:client' xml:lang='fr' to='{ROOM}'><x xmlns='http://jabber.org/protocol/muc#user'>\
         <invite to='juliet@example'/></x></message>"
    ));
    let invitation = w.stanzas("juliet@example").pop().expect("an invitation");
    let body = invitation.children().find(|c| c.name() == "body").map(Element::text).expect("a body");
    assert_eq!(body, format!("owner le invita a la sala {ROOM}"));
    assert_eq!(lang(&invitation).as_deref(), Some("es"));
    w.send(
        "romeo",
        &format!(
            "<message xmlns='jabber:client' xml:lang='fr' to='{ROOM}'><x xmlns='jabber:x:data' type='submit'>\
         <field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#request</value></field>\
         <field var='muc#role'><value>participant</value></field></x></message>"
        ),
    );
    let request = w.stanzas("owner").pop().expect("a request");
    assert!(request.has_child("x", "jabber:x:data"), "{request:?}");
    assert_eq!(lang(&request).as_deref(), Some("es"));
}

#[test]
fn what_all_hear_says_that_it_is_english_where_the_language_of_the_room_lacks_it() {
    let mut w = World::with_room(&[("lang", "it")]);
    let extra: Extra = toml::from_str("[it]\nmembers_only = 'Solo i membri.'").expect("test toml");
    w.service.words =
        Arc::new(Catalogue::new("en", &extra, conclave::feature::texts()).expect("a catalogue"));
    w.join("romeo");
    w.clear();
    w.comes_back("romeo", "gone");
    let gone = w.stanzas("owner").pop().expect("they are gone");
    let lang = gone.attr_ns("http://www.w3.org/XML/1998/namespace", "lang");
    assert_eq!(lang, Some("en"));
}
