//! Bans with a reason, a note and an end, and the commands for them.

use conclave::room::Room;
use conclave::room::event::Event;
use conclave::room::history::History;
use conclave::room::state::{Affiliated, Ban};
use conclave::room::write::{Write, is_request};
use conclave::wire::encode;
use conclave::wire::jid::BareJid;
use conclave::wire::muc::Affiliation;
use minidom::Element;

use crate::world::{ROOM, World, as_said};

const CLIENT: &str = "jabber:client";
const COMMANDS: &str = "http://jabber.org/protocol/commands";
const BAN: &str = "conclave#ban";

/// A persistent room with an admin, Juliet, and with Romeo in it.
fn room() -> World {
    let mut w = World::with_room(&[("persistentroom", "1")]);
    w.admin("owner", "<item jid='juliet@example' affiliation='admin'/>");
    w.join("juliet");
    w.join("romeo");
    w.clear();
    w.writes.clear();
    w
}

/// Runs a command with the form filled in at once, and gives back what it says: its note, or the error.
fn run(w: &mut World, who: &str, node: &str, fields: &[(&str, &str)]) -> String {
    w.stanzas(who);
    let fields: String = fields
        .iter()
        .map(|(var, value)| format!("<field var='{var}'><value>{value}</value></field>"))
        .collect();
    w.send(
        who,
        &format!(
            "<iq xmlns='{CLIENT}' type='set' id='c'><command xmlns='{COMMANDS}' node='{node}'>\
             <x xmlns='jabber:x:data' type='submit'>{fields}</x></command></iq>"
        ),
    );
    let answer = w.stanzas(who).pop().expect("an answer");
    assert_eq!(answer.attr("id"), Some("c"));
    if let Some(error) = answer.get_child("error", CLIENT) {
        return error.children().next().expect("a condition").name().to_owned();
    }
    let command = answer.get_child("command", COMMANDS).expect("a command");
    assert_eq!(command.attr("status"), Some("completed"));
    command.get_child("note", COMMANDS).map(Element::text).unwrap_or_default()
}

/// The rows of the list of bans, for `who`.
fn bans(w: &mut World, who: &str) -> Vec<String> {
    w.stanzas(who);
    w.send(
        who,
        &format!(
            "<iq xmlns='{CLIENT}' type='set' id='c'><command xmlns='{COMMANDS}' node='conclave#bans'>\
             <x xmlns='jabber:x:data' type='submit'/></command></iq>"
        ),
    );
    let answer = w.stanzas(who).pop().expect("an answer");
    let table = answer.get_child("command", COMMANDS).and_then(|c| c.get_child("x", "jabber:x:data"));
    let rows = table.expect("a table").children().filter(|c| c.name() == "item");
    let values = |row: &Element| {
        row.children().flat_map(Element::children).map(Element::text).collect::<Vec<_>>().join(" | ")
    };
    rows.map(values).collect()
}

fn enter(w: &mut World, who: &str) -> String {
    w.clear();
    w.join(who);
    w.got(who).first().cloned().expect("an answer")
}

#[test]
fn ban_has_a_reason_for_all_and_a_note_for_admins() {
    // 45-9.1-b, 45-9.2-b, trap 75
    let mut w = room();
    let fields = [("nick", "romeo"), ("reason", "spam"), ("note", "third time"), ("duration", "1d")];
    let note = run(&mut w, "juliet", BAN, &fields);
    assert_eq!(note, "romeo@example is banned until 2026-01-02 00:00 UTC.");
    let got = w.got("romeo");
    assert_eq!(
        got,
        ["unavailable romeo 301 [outcast none jid=romeo@example/pc actor=juliet reason=spam] 110"]
    );
    let list = bans(&mut w, "juliet");
    let row = "romeo@example | spam | third time | juliet@example | 2026-01-01T00:00:00.000Z | 2026-01-02T00:00:00.000Z";
    assert_eq!(list, [row]);
    assert_eq!(
        w.list("juliet", "<item affiliation='outcast'/>"),
        ["iq:result room [outcast jid=romeo@example reason=spam]"]
    );
    // The note is in no stanza but the list of the command.
    for stanza in w.everything() {
        assert!(!encode::element(&stanza).contains("third time"), "{stanza:?}");
    }
    assert_eq!(run(&mut w, "romeo", "conclave#bans", &[]), "forbidden");
}

#[test]
fn ban_ends_by_itself_and_that_is_stored_and_told() {
    // 45-9.1-e
    let mut w = room();
    run(&mut w, "juliet", BAN, &[("nick", "romeo"), ("duration", "30m")]);
    w.writes.clear();
    w.wait(30 * 60 - 1);
    assert_eq!(enter(&mut w, "romeo"), "error romeo auth/forbidden");
    assert!(w.writes.is_empty());
    w.wait(1);
    w.clear();
    w.join("romeo");
    let told = &w.got("juliet")[0];
    assert_eq!(told, "message:normal room [none jid=romeo@example]");
    assert!(w.got("romeo").iter().any(|line| line.starts_with("available romeo") && line.ends_with(" 110")));
    let lifted = |write: &Write| matches!(write, Write::Affiliation { jid, value: None, .. } if jid.as_str() == "romeo@example");
    assert!(w.writes.iter().any(lifted), "{:?}", w.writes);
    assert_eq!(bans(&mut w, "owner"), [""; 0]);
}

#[test]
fn end_of_a_ban_is_not_told_to_those_who_see_no_addresses() {
    // 45-9.1-e, trap 44
    let mut w = room();
    w.join("mercutio");
    run(&mut w, "juliet", BAN, &[("nick", "romeo"), ("duration", "30m")]);
    w.wait(60 * 60);
    w.clear();
    w.say("owner", "hello");
    assert_eq!(w.got("mercutio"), ["message:groupchat owner body=hello"]);
    assert_eq!(w.got("juliet")[0], "message:normal room [none jid=romeo@example]");
}

#[test]
fn end_of_a_ban_is_kept_over_a_restart() {
    let mut w = room();
    run(&mut w, "juliet", BAN, &[("nick", "romeo"), ("duration", "2h")]);
    w.room =
        Room::stored(BareJid::parse(ROOM).expect("a jid"), w.room.state().clone(), History::default()).into();
    assert_eq!(enter(&mut w, "romeo"), "error romeo auth/forbidden");
    w.wait(2 * 60 * 60);
    assert!(!enter(&mut w, "romeo").starts_with("error"));
}

#[test]
fn refused_event_at_the_end_of_a_ban_does_not_lose_the_end() {
    let mut w = room();
    run(&mut w, "juliet", BAN, &[("nick", "romeo"), ("duration", "30m")]);
    w.wait(30 * 60);
    w.clear();
    w.say("stranger", "let me in");
    assert_eq!(w.got("stranger").len(), 1, "an error");
    assert!(w.silent(), "a refusal leaves nothing but the answer");
    assert!(!enter(&mut w, "romeo").starts_with("error"));
}

/// The room as it is, with so many bans more, all of which end in an hour, and that of a domain.
fn with_bans(w: &mut World, count: usize) {
    let expires = w.now.checked_add(jiff::SignedDuration::from_hours(1)).ok();
    let ban = Some(Box::new(Ban { expires, ..Ban::default() }));
    let outcast = |text: &str| {
        let listed = Affiliated { ban: ban.clone(), ..Affiliated::new(Affiliation::Outcast) };
        (BareJid::parse(text).expect("an address"), listed)
    };
    let mut state = w.room.state().clone();
    let others = state.affiliations.iter().map(|(jid, listed)| (jid.clone(), listed.clone()));
    let bans = (0..count).map(|n| outcast(&format!("n{n}@evil.example")));
    state.affiliations = others.chain(bans).chain([outcast("zz.example")]).collect();
    w.room = Room::stored(BareJid::parse(ROOM).expect("a jid"), state, History::default()).into();
    w.join("owner");
    w.join("juliet");
}

/// Whose affiliations were written last.
fn written(w: &mut World) -> Vec<String> {
    let affiliation = |write: &Write| match write {
        Write::Affiliation { jid, value: None, .. } => Some(jid.as_str().to_owned()),
        _ => None,
    };
    std::mem::take(&mut w.writes).iter().filter_map(affiliation).collect()
}

#[test]
fn of_many_bans_that_end_together_that_of_the_sender_counts_no_more_and_the_others_are_lifted_in_portions() {
    // 45-9.1-e
    const BANS: usize = 700;
    let mut w = room();
    with_bans(&mut w, BANS);
    assert!(enter(&mut w, "n3@evil.example/x").starts_with("error"));
    w.wait(60 * 60);
    w.clear();
    w.writes.clear();
    w.say("owner", "hello");
    assert_eq!(w.got("juliet"), ["message:groupchat owner body=hello"]);
    assert_eq!(written(&mut w), [""; 0], "who comes first does not pay for it");
    for (who, banned) in [("n3@evil.example/x", "n3@evil.example"), ("a@zz.example/x", "zz.example")] {
        w.clear();
        w.join_as(who, who.split('@').next().expect("a name"), "");
        assert!(!w.got(who)[0].contains("error"), "{who}");
        assert_eq!(written(&mut w), [banned]);
    }
    let (mut lifted, mut told) = (0, 0);
    while w.room.has_lapsed(w.now) {
        w.clear();
        w.event(&Event::Lapse);
        assert!(is_request(&w.writes), "{} writes", w.writes.len());
        let portion = written(&mut w).len();
        assert!((1..=200).contains(&portion), "{portion}");
        lifted += portion;
        let messages = w.stanzas("juliet");
        assert!(messages.len() <= 10, "{} messages", messages.len());
        told += messages.iter().flat_map(Element::children).flat_map(Element::children).count();
    }
    assert_eq!((lifted, told), (BANS - 1, BANS - 1));
    assert!(w.room.state().affiliations.values().all(|a| a.affiliation != Affiliation::Outcast));
}

#[test]
fn bans_that_end_together_are_told_to_many_in_smaller_portions() {
    // 45-9.1-e
    let mut w = room();
    w.configure("owner", &[("whois", "anyone")]);
    with_bans(&mut w, 300);
    (0..60).for_each(|n| w.join(&format!("guest{n}")));
    w.wait(60 * 60);
    w.writes.clear();
    let bytes = |fx: &conclave::room::effect::Effects| -> usize {
        fx.sends.iter().map(|sent| sent.stanza.len() * sent.to.len()).sum()
    };
    let told = bytes(&w.event(&Event::Lapse));
    assert!((64 << 10..512 << 10).contains(&told), "{told}");
    let portion = written(&mut w).len();
    assert!((8..150).contains(&portion), "{portion}");
}

#[test]
fn ban_by_ordinary_request_is_for_good_and_keeps_the_note() {
    // 45-9.1-a, trap 74
    let mut w = room();
    run(&mut w, "juliet", BAN, &[("nick", "romeo"), ("note", "third time"), ("duration", "30m")]);
    w.wait(60);
    w.admin("owner", "<item jid='romeo@example' affiliation='outcast'><reason>enough</reason></item>");
    assert_eq!(
        bans(&mut w, "owner"),
        ["romeo@example | enough | third time | owner@example | 2026-01-01T00:01:00.000Z"]
    );
    w.wait(60 * 60);
    assert_eq!(enter(&mut w, "romeo"), "error romeo auth/forbidden");
    // Who asks for the same once more changes nothing, not even who had set it.
    w.writes.clear();
    w.admin("juliet", "<item jid='romeo@example' affiliation='outcast'><reason>enough</reason></item>");
    assert!(w.writes.is_empty());
    // Lifted, it leaves nothing: the next ban begins anew.
    w.admin("owner", "<item jid='romeo@example' affiliation='none'/>");
    w.admin("owner", "<item jid='romeo@example' affiliation='outcast'/>");
    assert_eq!(bans(&mut w, "owner"), ["romeo@example | owner@example | 2026-01-01T01:01:00.000Z"]);
}

#[test]
fn ban_ends_at_the_first_of_several_ends() {
    let mut w = room();
    for (jid, duration) in [("c@example", "3h"), ("a@example", "1h"), ("b@example", "2h"), ("d@example", "")]
    {
        run(&mut w, "juliet", BAN, &[("jid", jid), ("duration", duration)]);
    }
    for left in [["a", "b", "c", "d"].as_slice(), &["b", "c", "d"], &["c", "d"], &["d"], &["d"]] {
        let listed: Vec<String> = bans(&mut w, "owner").iter().map(|row| row[..1].to_owned()).collect();
        assert_eq!(listed, left);
        w.wait(60 * 60);
    }
}

#[test]
fn commands_for_bans_are_for_admins() {
    // 45-9.1-f
    let mut w = room();
    w.admin("owner", "<item nick='romeo' role='moderator'/>");
    for node in [BAN, "conclave#bans"] {
        assert_eq!(run(&mut w, "romeo", node, &[("jid", "x@example")]), "forbidden");
    }
    assert_eq!(run(&mut w, "juliet", BAN, &[("nick", "owner")]), "not-allowed");
    assert_eq!(run(&mut w, "juliet", BAN, &[("nick", "juliet")]), "conflict");
    assert_eq!(run(&mut w, "juliet", BAN, &[("nick", "nobody")]), "item-not-found");
    for wrong in [
        [("nick", "romeo"), ("duration", "soon")],
        [("nick", "romeo"), ("jid", "romeo@example")],
        [("jid", "@"), ("reason", "")],
        [("nick", "romeo"), ("last", "many")],
        [("nick", "romeo"), ("retract", "perhaps")],
        [("nick", ""), ("duration", "1d")],
    ] {
        assert_eq!(run(&mut w, "juliet", BAN, &wrong), "bad-request", "{wrong:?}");
    }
    assert_eq!(bans(&mut w, "owner"), [""; 0]);
    assert_eq!(
        w.room.state().affiliations.values().filter(|a| a.affiliation == Affiliation::Outcast).count(),
        0
    );
}

#[test]
fn form_of_a_ban_is_shown_and_brought_back() {
    // 050-2
    let mut w = room();
    w.send(
        "juliet",
        &format!("<iq xmlns='{CLIENT}' type='set' id='c'><command xmlns='{COMMANDS}' node='{BAN}' action='execute'/></iq>"),
    );
    let answer = w.stanzas("juliet").pop().expect("an answer");
    let command = answer.get_child("command", COMMANDS).expect("a command");
    let form = command.get_child("x", "jabber:x:data").expect("a form");
    let fields: Vec<_> = form.children().filter_map(|f| f.attr("var")).collect();
    let known = ["FORM_TYPE", "who", "who-is", "reason", "note", "duration", "retract"];
    assert_eq!(fields, known);
    let session = command.attr("sessionid").expect("a session");
    w.send(
        "juliet",
        &format!(
            "<iq xmlns='{CLIENT}' type='set' id='c'><command xmlns='{COMMANDS}' node='{BAN}' sessionid='{session}'>\
             <x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>{BAN}</value></field>\
             <field var='who'><value>romeo</value></field><field var='retract'><value>1h</value></field></x></command></iq>"
        ),
    );
    let answer = w.stanzas("juliet").pop().expect("an answer");
    let command = answer.get_child("command", COMMANDS).expect("a command");
    assert_eq!((command.attr("status"), command.attr("sessionid")), (Some("completed"), Some(session)));
}

/// Words that somebody says, and the id in the archive of the last ones.
fn say(w: &mut World, who: &str, words: &[&str]) {
    for words in words {
        w.wait(60);
        w.say(who, words);
    }
    w.clear();
}

fn history(w: &mut World) -> Vec<String> {
    w.clear();
    w.join("newcomer");
    let got = w.stanzas("newcomer");
    w.send("newcomer", &format!("<presence xmlns='{CLIENT}' type='unavailable' to='{ROOM}/newcomer'/>"));
    let bodies = got.iter().filter_map(|m| m.get_child("body", CLIENT)).map(Element::text).collect();
    w.clear();
    bodies
}

const RETRACT: &str = "conclave#retract-recent";

#[test]
fn all_that_somebody_said_lately_is_retracted_at_once() {
    // 425-4 425-5, clients §11 row 5
    let mut w = room();
    say(&mut w, "romeo", &["one", "two"]);
    say(&mut w, "owner", &["stays"]);
    say(&mut w, "romeo", &["three"]);
    let note = run(&mut w, "juliet", RETRACT, &[("nick", "romeo"), ("reason", "spam")]);
    assert_eq!(note, "Messages retracted: 3.");
    assert_eq!(w.got("romeo"), ["message:groupchat room <retract>"; 3]);
    assert_eq!(history(&mut w), ["stays"]);
    assert_eq!(run(&mut w, "juliet", RETRACT, &[("nick", "romeo")]), "Messages retracted: 0.");
}

#[test]
fn what_claims_to_retract_and_says_something_is_retracted_with_the_rest() {
    // 425-4, 424-1
    let mut w = room();
    let retractions = [
        "<retract xmlns='urn:xmpp:message-retract:1' id='nothing'/>",
        "<apply-to xmlns='urn:xmpp:fasten:0' id='nothing'><retract xmlns='urn:xmpp:message-retract:0'/></apply-to>",
    ];
    let abuse = [
        "<body>abuse</body>",
        "<reactions xmlns='urn:xmpp:reactions:0' id='x'><reaction>abuse</reaction></reactions>",
        "<subject>abuse</subject><thread>t</thread>",
        "<stranger xmlns='urn:example:words'>abuse</stranger>",
        // More than any client needs beside a retraction.
        &format!("<store xmlns='urn:xmpp:hints'>{}</store>", "abuse".repeat(4000)),
    ];
    for retraction in retractions {
        for said in abuse {
            w.send(
                "juliet",
                &format!(
                    "<message xmlns='jabber:client' type='groupchat' id='a'>{said}{retraction}</message>"
                ),
            );
        }
        // One that only takes back is no abuse, whatever a client puts beside it.
        w.send(
            "juliet",
            &format!(
                "<message xmlns='jabber:client' type='groupchat' id='b'>{retraction}<thread>t</thread>\
             <fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:message-retract:1'/>\
             <store xmlns='urn:xmpp:hints'/><origin-id xmlns='urn:xmpp:sid:0' id='b'/></message>"
            ),
        );
    }
    w.clear();
    assert_eq!(run(&mut w, "juliet", RETRACT, &[("nick", "juliet")]), "Messages retracted: 10.");
    assert_eq!(history(&mut w), [""; 0]);
}

#[test]
fn who_has_left_is_found_by_nick_or_occupant_id_or_address() {
    // 425-4, 421-4
    for by in ["nick", "occupant-id", "jid"] {
        let mut w = room();
        w.say("romeo", "one");
        let said = w.stanzas("owner").pop().expect("heard");
        let id = said
            .get_child("occupant-id", "urn:xmpp:occupant-id:0")
            .and_then(|o| o.attr("id"))
            .expect("an id");
        let value = match by {
            "nick" => "romeo",
            "jid" => "romeo@example",
            _ => id,
        };
        w.send("romeo", &format!("<presence xmlns='{CLIENT}' type='unavailable' to='{ROOM}/romeo'/>"));
        assert_eq!(run(&mut w, "juliet", RETRACT, &[(by, value)]), "Messages retracted: 1.", "{by}");
        let note = run(&mut w, "juliet", BAN, &[(by, value)]);
        assert_eq!(note, "romeo@example is banned for good.", "{by}");
    }
}

#[test]
fn all_that_an_account_said_is_found_though_the_room_does_not_know_it_any_more() {
    // 425-4, 421-4
    for by in ["nick", "occupant-id"] {
        let mut w = room();
        say(&mut w, "romeo", &["under the first nick"]);
        w.send("romeo", &format!("<presence xmlns='{CLIENT}' to='{ROOM}/montague'/>"));
        w.clear();
        w.say("romeo", "under the second nick");
        let said = w.stanzas("owner").pop().expect("heard");
        let id = said.get_child("occupant-id", "urn:xmpp:occupant-id:0").and_then(|own| own.attr("id"));
        let value = if by == "nick" { "romeo" } else { id.expect("an id") };
        // Others have said much since, and the one who is meant has left.
        say(&mut w, "juliet", &["words"; 520]);
        w.send("romeo", &format!("<presence xmlns='{CLIENT}' type='unavailable' to='{ROOM}/montague'/>"));
        w.wait(25 * 60 * 60);
        w.join("tybalt");
        w.send("tybalt", &format!("<presence xmlns='{CLIENT}' type='unavailable' to='{ROOM}/tybalt'/>"));
        w.clear();
        assert_eq!(run(&mut w, "juliet", RETRACT, &[(by, value)]), "Messages retracted: 2.", "{by}");
        let note = run(&mut w, "juliet", BAN, &[(by, value), ("retract", "1")]);
        assert_eq!(note, "romeo@example is banned for good. Messages retracted: 0.", "{by}");
    }
    let mut w = room();
    assert_eq!(run(&mut w, "juliet", RETRACT, &[("nick", "nobody")]), "item-not-found");
}

#[test]
fn who_came_and_went_is_named_to_moderators_and_can_be_banned() {
    // clients §11 row 6
    let mut w = room();
    w.join_as("mercutio", "Spammer", "");
    w.send("mercutio", &format!("<presence xmlns='{CLIENT}' type='unavailable' to='{ROOM}/Spammer'/>"));
    w.clear();
    let show = format!(
        "<iq xmlns='{CLIENT}' type='set' id='c'><command xmlns='{COMMANDS}' node='conclave#leavers'/></iq>"
    );
    w.send("juliet", &show);
    let answer = encode::element(&w.stanzas("juliet").pop().expect("an answer"));
    for word in ["Spammer", "mercutio@example", "2026-01-01T00:00:00.000Z"] {
        assert!(answer.contains(word), "{word}: {answer}");
    }
    w.send("romeo", &show);
    assert_eq!(w.got("romeo"), ["iq:error room auth/forbidden"]);
    assert_eq!(run(&mut w, "juliet", BAN, &[("nick", "spammer")]), "mercutio@example is banned for good.");
    // One account under many nicks pushes no other out.
    for n in 0..120 {
        w.join_as("tybalt", &format!("t{n}"), "");
        w.send("tybalt", &format!("<presence xmlns='{CLIENT}' type='unavailable' to='{ROOM}/t{n}'/>"));
    }
    w.clear();
    w.send("juliet", &show);
    let answer = encode::element(&w.stanzas("juliet").pop().expect("an answer"));
    assert_eq!((answer.matches("mercutio@").count(), answer.matches("tybalt@").count()), (1, 5));
    // A day later they are forgotten.
    w.wait(24 * 60 * 60);
    w.send("juliet", &show);
    assert!(!encode::element(&w.stanzas("juliet").pop().expect("an answer")).contains("Spammer"));
}

#[test]
fn since_and_last_bound_what_is_retracted() {
    // 425-4
    let mut w = room();
    say(&mut w, "romeo", &["one", "two", "three", "four"]);
    let note = run(&mut w, "juliet", RETRACT, &[("nick", "romeo"), ("last", "1")]);
    assert_eq!(note, "Messages retracted: 1. Older ones that were left: 3.");
    assert_eq!(history(&mut w), ["one", "two", "three"]);
    w.wait(30);
    let note = run(&mut w, "juliet", RETRACT, &[("nick", "romeo"), ("since", "2m")]);
    assert_eq!(note, "Messages retracted: 1.");
    assert_eq!(history(&mut w), ["one", "two"]);
}

#[test]
fn ban_takes_what_was_said_with_it() {
    // 425-4, clients §11 row 5
    for fields in [&[][..], &[("enablearchiving", "0")]] {
        let mut w = room();
        w.configure("owner", fields);
        say(&mut w, "romeo", &["one", "two"]);
        let note = run(&mut w, "juliet", BAN, &[("nick", "romeo"), ("reason", "spam"), ("retract", "1")]);
        assert_eq!(note, "romeo@example is banned for good. Messages retracted: 2.");
        let got = w.got("romeo");
        assert_eq!(got.len(), 1, "he sees that he goes, and no more: {got:?}");
        let told = w.stanzas("owner");
        let retractions = told.iter().filter(|m| as_said(m).any(|c| c.name() == "retract")).count();
        assert_eq!(retractions, 2);
        assert_eq!(history(&mut w), [""; 0]);
    }
}

#[test]
fn what_is_kept_nowhere_is_retracted_with_the_rest() {
    // 425-4, 334-1
    for (archive, command) in [("1", RETRACT), ("0", RETRACT), ("1", BAN), ("0", BAN)] {
        let mut w = room();
        w.configure("owner", &[("enablearchiving", archive)]);
        say(&mut w, "romeo", &["one"]);
        w.send(
            "romeo",
            &format!(
                "<message xmlns='{CLIENT}' type='groupchat'><body>abuse</body><no-store xmlns='urn:xmpp:hints'/></message>"
            ),
        );
        let leave = format!("<presence xmlns='{CLIENT}' type='unavailable' to='{ROOM}/romeo'/>");
        w.send("romeo", &leave);
        say(&mut w, "owner", &["stays"]);
        let note = run(&mut w, "juliet", command, &[("nick", "romeo"), ("retract", "1")]);
        assert!(note.contains("Messages retracted: 2."), "{archive} {command}: {note}");
        assert_eq!(history(&mut w), ["stays"]);
    }
}

#[test]
fn whole_domain_is_banned_and_its_words_retracted() {
    let mut w = room();
    w.send("spam@evil.example/x", &format!("<presence xmlns='{CLIENT}' to='{ROOM}/spam'><x xmlns='http://jabber.org/protocol/muc'/></presence>"));
    w.say("spam@evil.example/x", "buy");
    say(&mut w, "romeo", &["stays"]);
    let note = run(&mut w, "juliet", BAN, &[("jid", "evil.example"), ("retract", "1")]);
    assert_eq!(note, "evil.example is banned for good. Messages retracted: 1.");
    assert_eq!(history(&mut w), ["stays"]);
}

#[test]
fn moderator_does_not_retract_in_one_go_what_he_could_not_retract_singly() {
    // 425-3
    let mut w = room();
    say(&mut w, "owner", &["stays"]);
    assert_eq!(run(&mut w, "juliet", RETRACT, &[("nick", "owner")]), "not-allowed");
    assert_eq!(run(&mut w, "romeo", RETRACT, &[("nick", "juliet")]), "forbidden");
    assert_eq!(history(&mut w), ["stays"]);
}

#[test]
fn one_command_retracts_so_many_messages_and_no_more() {
    let mut w = room();
    for n in 0..250 {
        w.say("romeo", &n.to_string());
    }
    assert_eq!(
        run(&mut w, "juliet", RETRACT, &[("nick", "romeo")]),
        "Messages retracted: 200. Older ones that were left: 50."
    );
    assert_eq!(run(&mut w, "juliet", RETRACT, &[("nick", "romeo")]), "Messages retracted: 50.");
}

#[test]
fn what_was_said_before_many_messages_that_say_nothing_is_within_reach() {
    // 425-4
    for (command, who, by) in
        [(RETRACT, "who", "romeo"), (BAN, "jid", "romeo@example"), (BAN, "jid", "example")]
    {
        let mut w = room();
        say(&mut w, "romeo", &["abuse"]);
        for _ in 0..520 {
            w.send(
                "romeo",
                "<message xmlns='jabber:client' type='groupchat'>\
                 <retract xmlns='urn:xmpp:message-retract:1' id='nothing'/></message>",
            );
        }
        w.clear();
        let note = run(&mut w, "juliet", command, &[(who, by), ("retract", "1")]);
        assert!(note.ends_with("Messages retracted: 1."), "{command} {by}: {note}");
        assert_eq!(history(&mut w), [""; 0]);
    }
}

#[test]
fn all_of_many_messages_can_be_retracted_and_it_is_said_until_then_that_there_are_more() {
    // 425-4
    let mut w = room();
    for n in 0..720 {
        w.say("romeo", &n.to_string());
    }
    w.clear();
    let mut notes = Vec::new();
    while notes.last().is_none_or(|last| last != "Messages retracted: 0.") && notes.len() < 9 {
        notes.push(run(&mut w, "juliet", RETRACT, &[("nick", "romeo")]));
        w.clear();
    }
    let more = "Messages retracted: 200. Older ones that were left: 300. Older messages were not looked at.";
    let rest = [more, more, "Messages retracted: 200. Older ones that were left: 120."];
    assert_eq!(notes[..3], rest);
    assert_eq!(notes[3..], ["Messages retracted: 120.", "Messages retracted: 0."]);
}

#[test]
fn moderators_see_what_was_retracted_where_that_is_kept() {
    // 425-5
    const SHOW: &str = "conclave#retracted";
    let mut w = room();
    say(&mut w, "romeo", &["gone for good"]);
    run(&mut w, "juliet", RETRACT, &[("nick", "romeo")]);
    assert_eq!(run(&mut w, "juliet", SHOW, &[]), "feature-not-implemented");
    w.service.keep_retracted = true;
    say(&mut w, "romeo", &["buy", "oops"]);
    run(&mut w, "juliet", RETRACT, &[("nick", "romeo"), ("reason", "spam")]);
    assert_eq!(run(&mut w, "romeo", SHOW, &[]), "forbidden");
    w.send(
        "juliet",
        &format!(
            "<iq xmlns='{CLIENT}' type='set' id='c'><command xmlns='{COMMANDS}' node='{SHOW}'>\
             <x xmlns='jabber:x:data' type='submit'/></command></iq>"
        ),
    );
    let text = encode::element(&w.stanzas("juliet").pop().expect("an answer"));
    for word in ["buy", "oops", "spam", "romeo@example", "<value>juliet</value>"] {
        assert!(text.contains(word), "{word}: {text}");
    }
    assert!(!text.contains("gone for good"));
    assert_eq!(run(&mut w, "juliet", SHOW, &[("before", "nonsense")]), "item-not-found");
}
