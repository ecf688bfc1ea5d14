//! A room that was never configured, as time goes by: `libfaketime` tells the service another time of day.

use std::fs;
use std::path::PathBuf;

use conclave::wire::ns;
use minidom::Element;

use crate::servers::guest::{Guest, condition, entry, has_code, is_error, is_own_presence};
use crate::servers::host::{Host, Kind, MUC};
use crate::servers::service::{Service, configuration, program_with};

fn faketime() -> String {
    let folders = fs::read_dir("/usr/lib").expect("a folder").flatten().map(|folder| folder.path());
    let found = folders.map(|folder| folder.join("faketime/libfaketimeMT.so.1")).find(|file| file.is_file());
    let library: PathBuf =
        found.expect("libfaketime, which scripts/test installs (Debian: apt-get install faketime)");
    library.display().to_string()
}

/// Whether the guest is let in, and if so is out again.
fn is_let_in(guest: &mut Guest, room: &str) -> bool {
    guest.says(&entry(room, "guest"));
    let answer = guest.hears("an answer", |s| is_error(s) || is_own_presence(s, room, "guest"));
    if is_error(&answer) {
        assert_eq!(condition(&answer), Some("item-not-found"));
        return false;
    }
    guest.leaves(room, "guest");
    true
}

fn a_locked_room_opens_after_five_minutes(kind: Kind) {
    let host = Host::start(kind).unwrap_or_else(|e| panic!("{e}"));
    let folder = host.folder().join("service");
    let mut program = program_with(&folder, &configuration(&host, &folder)).unwrap_or_else(|e| panic!("{e}"));
    let clock = folder.join("clock");
    fs::write(&clock, "+0").expect("written");
    let environment = [
        ("LD_PRELOAD", faketime()),
        ("FAKETIME_TIMESTAMP_FILE", clock.display().to_string()),
        ("FAKETIME_NO_CACHE", "1".to_owned()),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
        ("DONT_FAKE_MONOTONIC", "1".to_owned()),
    ];
    program.environment.extend(environment.map(|(name, value)| (name.to_owned(), value)));
    let _service = Service::start_program(&host, program).unwrap_or_else(|e| panic!("{e}"));
    let [silent, asking] = ["silent", "asking"].map(|room| format!("{room}@{MUC}"));
    let [mut owner, mut guest] = ["owner", "guest"].map(|name| Guest::new(&host, name));
    for room in [&silent, &asking] {
        owner.enters(room, "owner");
        assert!(!is_let_in(&mut guest, room));
    }
    // Who has asked for the form is waited for.
    owner.asks("get", &asking, Element::bare("query", ns::MUC_OWNER));
    fs::write(&clock, "+290").expect("written");
    assert!(!is_let_in(&mut guest, &silent));
    fs::write(&clock, "+310").expect("written");
    assert!(is_let_in(&mut guest, &silent));
    assert!(!is_let_in(&mut guest, &asking));
    // A room that was opened by time alone goes with its owner.
    owner.leaves(&silent, "owner");
    guest.says(&entry(&silent, "guest"));
    let own = guest.hears("an answer", |s| is_error(s) || is_own_presence(s, &silent, "guest"));
    assert!(has_code(&own, "201"), "a new room: {own:?}");
}

#[test]
fn a_locked_room_opens_after_five_minutes_behind_prosody() {
    // 45-10.1.1-f, 45-10.1.3-d, 45-7.2.10-a, trap 28
    a_locked_room_opens_after_five_minutes(Kind::Prosody);
}

#[test]
fn a_locked_room_opens_after_five_minutes_behind_ejabberd() {
    // 45-10.1.1-f, 45-10.1.3-d, 45-7.2.10-a, trap 28
    a_locked_room_opens_after_five_minutes(Kind::Ejabberd);
}
