//! Restart in place, under difficulties.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use crate::judge::Cost;
use crate::kills::{AWAY, WRITTEN};
use crate::scenario::Scenario;
use crate::stage::Stage;

const PAUSE: Duration = Duration::from_millis(20);

pub(crate) const ALL: &[Scenario] = &[
    Scenario::new(
        "replaced_twice",
        "restart in place, told twice at once, and again as soon as the next process listens, while people talk",
        "nothing",
        twice,
    ),
    Scenario::new(
        "replaced_by_a_broken_program",
        "restart in place, when the program that should follow cannot be started, and when its settings are wrong",
        "nothing: the old one goes on and says why",
        broken,
    )
    .takes(15),
    Scenario::new(
        "replaced_without_a_link",
        "restart in place while the link is cut",
        "what is said meanwhile comes back as an error; then everybody is in",
        without_link,
    )
    .takes(15),
    Scenario::new(
        "killed_while_it_is_replaced",
        "restart in place, and `kill -9` in the midst of it, each time a little later",
        "what is said until it is started again comes back as an error or is lost; then everybody is in",
        killed,
    )
    .takes(20),
];

fn twice(stage: &mut Stage) {
    let mut party = stage.party();
    party.talk(Duration::from_secs(1), PAUSE);
    for times in 1..=4 {
        // The second signal comes while the process makes ready to go, and adds nothing.
        stage.service().signal("USR2").expect("it runs");
        stage.service().signal("USR2").expect("it runs");
        while stage.logged(" ready domain=") <= times {
            party.talk(Duration::from_millis(20), PAUSE);
        }
    }
    party.talk(Duration::from_secs(1), PAUSE);
    let account = party.judge(Cost::default());
    stage.note(&account);
    let times = stage.logged("the link to the server is handed over");
    assert_eq!(times, 4);
    stage.saw.push(format!("replaced {times} times"));
}

fn replace_file(file: &Path, with: impl AsRef<[u8]>) {
    // A program that runs is not written to: it gets out of the way, as package managers do it.
    let new = file.with_extension("new");
    fs::write(&new, with).expect("written");
    fs::set_permissions(&new, fs::Permissions::from_mode(0o755)).expect("ours");
    fs::rename(&new, file).expect("the same folder");
}

fn broken(stage: &mut Stage) {
    let good = fs::read(&stage.program).expect("the built binary");
    stage.program = stage.folder().join("conclave");
    let program = stage.program.clone();
    replace_file(&program, &good);
    let mut party = stage.party();
    let settings = stage.settings.clone();
    let mut refusals = 0;
    for (bytes, settings) in [
        (&b"#!/bin/sh\nexit 1\n"[..], settings.clone()),
        (&b"\x7fELF, not really"[..], settings.clone()),
        (&good, settings.replace("[component]", "[component]\nsekret = 5")),
    ] {
        replace_file(&program, bytes);
        stage.settings = settings;
        stage.write_settings();
        party.talk(Duration::from_millis(300), PAUSE);
        stage.service().signal("USR2").expect("it runs");
        party.talk(Duration::from_millis(700), PAUSE);
        refusals += 1;
        stage.until_logged("told to make place, but", refusals);
    }
    assert_eq!(stage.logged("the link to the server is handed over"), 0);
    stage.settings = settings;
    stage.write_settings();
    stage.service().signal("USR2").expect("it runs");
    party.talk(Duration::from_millis(700), PAUSE);
    stage.until_logged("the link to the server is handed over", 1);
    let account = party.judge(Cost::default());
    stage.note(&account);
}

fn without_link(stage: &mut Stage) {
    let mut party = stage.party();
    party.talk(Duration::from_secs(1), PAUSE);
    stage.proxy.cut();
    stage.until_logged("no link to the server", 1);
    stage.service().signal("USR2").expect("it runs");
    party.talk(Duration::from_secs(2), PAUSE);
    stage.until_logged("stopped", 1);
    stage.proxy.restore().expect("the port is free");
    stage.answers();
    let account = party.judge(Cost { bounces: AWAY, losses: true, ..Cost::default() });
    stage.note(&account);
}

fn killed(stage: &mut Stage) {
    let mut party = stage.party();
    party.talk(WRITTEN, PAUSE);
    for after_ms in [5, 20, 40, 60, 80, 110] {
        stage.service().signal("USR2").expect("it runs");
        party.talk(Duration::from_millis(after_ms), Duration::from_millis(5));
        stage.kill();
        party.talk(Duration::from_millis(50), PAUSE);
        stage.start();
        let account = party.judge(Cost { bounces: AWAY, losses: true, ..Cost::default() });
        stage.saw.push(format!("after {after_ms} ms {account}"));
    }
}
