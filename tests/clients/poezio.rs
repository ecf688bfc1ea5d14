//! Poezio, a client for terminals written in Python on slixmpp.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::Path;

use conclave::wire::ns;
use minidom::Element;
use tempfile::TempDir;

use crate::deck::{Deck, ROOM, body};
use crate::servers::client::Client;
use crate::servers::guest::{Guest, has_code, is_from};
use crate::servers::host::{DOMAIN, Host, Kind, MUC};
use crate::servers::process::find;
use crate::terminal::{Terminal, keep};

/// The user and the group that own nothing, by number: Poezio does not run for root.
const NOBODY: u32 = 65_534;

/// A running Poezio and its files.
struct Poezio {
    terminal: Terminal,
    _home: TempDir,
}

impl Poezio {
    /// Starts it for a new account of this name.
    fn start(host: &Host, name: &str) -> Self {
        wait_for_another_second();
        let program =
            find("poezio").expect("poezio, which scripts/test installs (Debian: apt-get install poezio)");
        let account = Guest::account(name);
        Client::register(&host.door(), &account).unwrap_or_else(|e| panic!("{name}: {e}"));
        // Of its own, since the server's is for our own eyes only.
        let home = tempfile::Builder::new().prefix("conclave-poezio-").tempdir().expect("a temporary folder");
        let port = host.door().address.rsplit(':').next().map(str::to_owned).expect("a port");
        let settings = home.path().join("poezio.cfg");
        let text = format!(
            "[Poezio]\njid = {name}@{DOMAIN}/terminal\npassword = {}\ncustom_host = 127.0.0.1\ncustom_port = {port}\n\
             force_encryption = false\ndefault_nick = {name}\nuse_log = false\nenable_carbons = false\n\
             plugins_autoload =\nenable_avatars = false\nhide_exit_join = -1\n",
            account.password
        );
        fs::write(&settings, text).expect("a file can be written");
        let text = |path: &Path| path.display().to_string();
        let mut command: Vec<String> = Vec::new();
        if fs::metadata(home.path()).expect("a folder").uid() == 0 {
            for path in [home.path(), &settings] {
                chown(path, Some(NOBODY), Some(NOBODY)).expect("root gives away");
            }
            let user =
                [format!("--reuid={NOBODY}"), format!("--regid={NOBODY}"), "--clear-groups".to_owned()];
            command.push("setpriv".to_owned());
            command.extend(user);
        }
        command.extend(
            ["env", "-i", "PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", "TERM=screen-256color"].map(str::to_owned),
        );
        for (variable, folder) in [
            ("HOME", ""),
            ("XDG_CONFIG_HOME", "config"),
            ("XDG_DATA_HOME", "data"),
            ("XDG_CACHE_HOME", "cache"),
        ] {
            command.push(format!("{variable}={}", text(&home.path().join(folder))));
        }
        command.extend([text(&program), "-f".to_owned(), text(&settings)]);
        let terminal = Terminal::start(home.path(), 28, &command);
        terminal.shows(&["Your JID is"]);
        Self { terminal, _home: home }
    }
}

/// Lets it enter a room from its first screen.
fn enter(client: &Terminal, room: &str, nick: &str) {
    // The first screen takes a slash, alone, for the beginning of a command.
    client.presses("/");
    client.shows(&["│/"]);
    client.types(&format!("join {room}/{nick}"));
}

#[test]
fn poezio_joins_talks_and_is_moderated() {
    // 45-7.2.2-a 45-7.2.13-a 45-7.2.15-a 45-7.4-a 45-7.4-f 45-8.2-b 45-8.4-b 45-9.1-d
    let mut deck = Deck::start(Kind::Prosody);
    let poezio = Poezio::start(&deck.host, "cook");
    let client = &poezio.terminal;
    enter(client, ROOM, "cook");
    client.shows(&["Weather at sea", "It was calm yesterday", "captain"]);
    client.types("Dinner is ready");
    deck.captain.hears("the client", |s| is_from(s, ROOM, "cook") && body(s) == "Dinner is ready");
    deck.captain_says("What is it?");
    keep("poezio-talk", &client.shows(&["cook> Dinner is ready", "captain> What is it?"]));

    deck.sets_role("cook", "visitor", "hush");
    client.shows(&["You changed: role: visitor"]);
    client.types("Stew");
    keep("poezio-no-voice", &client.shows(&["You may read in this room"]));
    deck.sets_role("cook", "none", "burnt the stew");
    keep("poezio-kicked", &client.shows(&["kicked", "burnt the stew"]));
    deck.captain.hears("the kick", |s| is_from(s, ROOM, "cook") && has_code(s, "307"));
    client.types("/join");
    deck.captain.hears("the client again", |s| is_from(s, ROOM, "cook") && s.attr("type").is_none());
    deck.sets_affiliation("cook", "outcast", "salt in the tea");
    keep("poezio-banned", &client.shows(&["banned", "salt in the tea"]));
}

/// It asks for the 46 newest messages before now, then for what is older than the oldest of them: both in whole
/// seconds.
fn wait_for_another_second() {
    std::thread::sleep(std::time::Duration::from_millis(2_100));
}

#[test]
fn poezio_reads_the_archive() {
    // 313-1 313-12 313-18 313-23
    // The room sends no history, so that whatever shows comes from the archive.
    let mut deck = Deck::start_with(Kind::Prosody, &[("muc#maxhistoryfetch", "0")]);
    for number in 1..=60 {
        if number == 15 {
            wait_for_another_second();
        }
        deck.captain_says(&format!("entry {number:02} of the log"));
    }
    let poezio = Poezio::start(&deck.host, "cook");
    let client = &poezio.terminal;
    enter(client, ROOM, "cook");
    keep("poezio-archive", &client.shows(&["captain> entry 45 of the log", "captain> entry 60 of the log"]));
    for page in 0..5 {
        if client.screen().contains("It was calm yesterday") {
            break;
        }
        assert!(page < 4, "the oldest message comes:\n{}", client.screen());
        client.presses("PageUp");
        std::thread::sleep(std::time::Duration::from_millis(500));
    }
    keep(
        "poezio-archive-oldest",
        &client.shows(&["captain> entry 01 of the log", "captain> It was calm yesterday"]),
    );
}

#[test]
fn poezio_makes_a_room_and_moderates_it() {
    // 45-8.1-c 45-8.2-a 45-8.4-b 45-9.1-a 45-9.1-d 45-10.2-b
    let deck = Deck::start(Kind::Prosody);
    let poezio = Poezio::start(&deck.host, "chef");
    let client = &poezio.terminal;
    let room = format!("galley@{MUC}");
    enter(client, &room, "chef");
    client.shows(&["You (chef) joined the room"]);
    client.types("/configure");
    keep("poezio-form", &client.shows(&["Settings of galley", "Public: everybody"]));
    client.presses("C-y");
    client.shows(&["You (chef) joined the room"]);
    client.types("/topic Menu");
    client.shows(&["set the subject to: Menu"]);

    let mut mate = Guest::new(&deck.host, "mate");
    mate.enters(&room, "mate");
    client.shows(&[&format!("mate (mate@{DOMAIN}/door) joined the room")]);
    client.types("/role mate visitor");
    mate.hears("the loss of voice", |s| is_from(s, &room, "mate") && role(s) == Some("visitor"));
    client.types("/kick mate too loud");
    mate.hears("the kick", |s| is_from(s, &room, "mate") && has_code(s, "307"));
    mate.enters(&room, "matey");
    client.shows(&[&format!("matey (mate@{DOMAIN}/door) joined the room")]);
    client.types("/ban matey much too loud");
    mate.hears("the ban", |s| is_from(s, &room, "matey") && has_code(s, "301"));
    keep(
        "poezio-moderates",
        &client.shows(&["mate has been kicked by chef", "matey has been banned by chef"]),
    );
}

/// The role in the room's part of a presence.
fn role(presence: &Element) -> Option<&str> {
    presence.get_child("x", ns::MUC_USER)?.get_child("item", ns::MUC_USER)?.attr("role")
}
