//! Profanity, a client for terminals written in C on libstrophe.

use std::fs;
use std::path::Path;

use conclave::wire::ns;
use minidom::Element;

use crate::deck::{Deck, ROOM, body};
use crate::servers::client::Client;
use crate::servers::guest::{Guest, has_code, is_from};
use crate::servers::host::{DOMAIN, Host, Kind, MUC};
use crate::servers::process::find;
use crate::terminal::{Terminal, keep};

/// Starts it for a new account of this name, in a terminal of so many rows.
fn start(host: &Host, name: &str, rows: u32) -> Terminal {
    let program = find("profanity")
        .expect("profanity, which scripts/test installs (Debian: apt-get install profanity)");
    let account = Guest::account(name);
    Client::register(&host.door(), &account).unwrap_or_else(|e| panic!("{name}: {e}"));
    let home = host.folder().join(name);
    let (config, data) = (home.join("config"), home.join("data"));
    let port = host.door().address.rsplit(':').next().map(str::to_owned).expect("a port");
    write(&config.join("profanity/profrc"), "[ui]\nsplash=false\nwrap=true\n[connection]\nautoping=0\n");
    write(
        &data.join("profanity/accounts"),
        &format!(
            "[{name}]\nenabled=true\njid={name}@{DOMAIN}\nserver=127.0.0.1\nport={port}\npassword={}\n\
             resource=terminal\ntls.policy=disable\nmuc.service={MUC}\nmuc.nick={name}\n",
            account.password
        ),
    );
    let text = |path: &Path| path.display().to_string();
    let command = [
        "env".to_owned(),
        "-i".to_owned(),
        "PATH=/usr/bin:/bin".to_owned(),
        "LC_ALL=C.UTF-8".to_owned(),
        "TERM=screen-256color".to_owned(),
        format!("HOME={}", text(&home)),
        format!("XDG_CONFIG_HOME={}", text(&config)),
        format!("XDG_DATA_HOME={}", text(&data)),
        text(&program),
        "-a".to_owned(),
        name.to_owned(),
    ];
    let terminal = Terminal::start(&home, rows, &command);
    terminal.shows(&["logged in successfully"]);
    terminal.types("/presence room all");
    terminal.types("/clear");
    terminal
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder can be made");
    fs::write(path, text).expect("a file can be written");
}

#[test]
fn profanity_joins_talks_and_is_moderated() {
    // 45-7.2.2-a 45-7.2.13-a 45-7.2.15-a 45-7.4-a 45-7.4-f 45-8.2-b 45-8.4-b 45-9.1-d
    let mut deck = Deck::start(Kind::Prosody);
    let client = start(&deck.host, "sailor", 20);
    client.types(&format!("/join {ROOM}"));
    client.shows(&["Weather at sea", "It was calm yesterday", "Moderators", "captain"]);
    client.types("Good morning");
    deck.captain.hears("the client", |s| is_from(s, ROOM, "sailor") && body(s) == "Good morning");
    deck.captain_says("Welcome aboard");
    keep("profanity-talk", &client.shows(&["sailor: Good morning", "captain: Welcome aboard"]));

    deck.sets_role("sailor", "visitor", "hush");
    let screen = client.shows(&["visitor", "hush"]);
    client.types("May I?");
    let refused = client.shows(&["May I?", "Error"]);
    assert_ne!(screen, refused);
    keep("profanity-no-voice", &refused);
    deck.sets_role("sailor", "participant", "speak");
    client.shows(&["participant", "speak"]);

    deck.sets_role("sailor", "none", "man overboard");
    keep("profanity-kicked", &client.shows(&[&format!("Kicked from {ROOM} by captain"), "man overboard"]));
    client.types(&format!("/join {ROOM}"));
    deck.captain.hears("the kick", |s| is_from(s, ROOM, "sailor") && has_code(s, "307"));
    deck.captain.hears("the client again", |s| is_from(s, ROOM, "sailor") && s.attr("type").is_none());
    deck.sets_affiliation("sailor", "outcast", "walk the plank");
    client.shows(&[&format!("Banned from {ROOM} by captain"), "walk the plank"]);
    client.types(&format!("/join {ROOM}"));
    keep("profanity-banned", &client.shows(&["walk the plank", "Error joining"]));
}

#[test]
fn profanity_corrects_itself_and_sees_others_do_so() {
    // 308-1 45-7.4-a 45-7.4-c 45-7.5-a
    let mut deck = Deck::start(Kind::Prosody);
    let client = start(&deck.host, "gunner", 20);
    client.types("/correction on");
    client.types(&format!("/join {ROOM}"));
    client.shows(&["It was calm yesterday"]);
    client.types("Fier!");
    let first = deck.captain.hears("the client", |s| is_from(s, ROOM, "gunner") && body(s) == "Fier!");
    client.types("/correct Fire!");
    let second = deck.captain.hears("the correction", |s| is_from(s, ROOM, "gunner") && body(s) == "Fire!");
    let replaced = second.get_child("replace", "urn:xmpp:message-correct:0").and_then(|r| r.attr("id"));
    assert!(replaced.is_some() && replaced == first.attr("id"), "the first message is meant");
    deck.captain.says(&format!(
        "<message type='groupchat' id='typo' to='{ROOM}'><body>Ceese fire</body></message>\
         <message type='groupchat' to='{ROOM}'><body>Cease fire</body>\
         <replace xmlns='urn:xmpp:message-correct:0' id='typo'/></message>"
    ));
    let screen = client.shows(&["gunner: Fire!", "captain: Cease fire"]);
    assert!(!screen.contains("Fier!") && !screen.contains("Ceese"), "{screen}");
    keep("profanity-corrections", &screen);
    deck.captain.says(&format!("<message type='chat' to='{ROOM}/gunner'><body>Well done</body></message>"));
    client.shows(&["[3]"]);
    client.types("/win 3");
    client.shows(&["captain: Well done"]);
    client.types("Thank you");
    deck.captain.hears("the answer", |s| {
        is_from(s, ROOM, "gunner") && body(s) == "Thank you" && s.attr("type") == Some("chat")
    });
}

#[test]
fn profanity_makes_a_room_and_moderates_it() {
    // 45-10.1.2-a 45-10.2-b 45-10.2-d 45-8.1-c 45-8.2-a 45-9.1-a 45-9.1-e 45-9.2-a
    let deck = Deck::start(Kind::Prosody);
    let client = start(&deck.host, "skipper", 120);
    let room = format!("cabin@{MUC}");
    client.types(&format!("/join {room}"));
    client.shows(&["Room locked", "affiliation: owner"]);
    client.types("/room accept");
    client.shows(&["Room unlocked"]);
    client.types("/room config");
    keep("profanity-form", &client.shows(&["Who can send private messages", "Use '/form submit'"]));
    client.types("/field1 \"The cabin\"");
    client.types("/form submit");
    client.shows(&["Room configuration successful"]);
    client.types("/room config");
    client.shows(&["Use '/form submit'"]);
    client.types("/form cancel");
    client.types("/subject set \"Charts\"");
    client.shows(&["Charts"]);

    let mut mate = Guest::new(&deck.host, "mate");
    mate.enters(&room, "mate");
    client.shows(&["mate has joined"]);
    client.types("/kick mate \"too loud\"");
    let gone = mate.hears("the kick", |s| is_from(s, &room, "mate") && has_code(s, "307"));
    assert_eq!(reason(&gone), "too loud");
    mate.enters(&room, "mate");
    client.types(&format!("/ban mate@{DOMAIN} \"much too loud\""));
    let gone = mate.hears("the ban", |s| is_from(s, &room, "mate") && has_code(s, "301"));
    assert_eq!(reason(&gone), "much too loud");
    client.types("/affiliation list outcast");
    keep("profanity-moderates", &client.shows(&["mate has joined", &format!("mate@{DOMAIN}")]));
}

/// The reason in the room's part of a presence.
fn reason(presence: &Element) -> String {
    let item = presence.get_child("x", ns::MUC_USER).and_then(|x| x.get_child("item", ns::MUC_USER));
    item.and_then(|item| item.get_child("reason", ns::MUC_USER)).map(Element::text).unwrap_or_default()
}
