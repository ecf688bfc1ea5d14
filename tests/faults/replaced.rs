//! Restart in place, under difficulties.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::judge::Cost;
use crate::kills::{AWAY, WRITTEN};
use crate::scenario::Scenario;
use crate::stage::{PATIENCE, Stage};

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
        // The second signal comes before the first is heard, and adds nothing, or while the process makes ready to go, and
        // is held back for the next one.
        stage.service().signal("USR2").expect("it runs");
        stage.service().signal("USR2").expect("it runs");
        let start = Instant::now();
        while stage.logged(" ready domain=") <= times {
            assert!(start.elapsed() < PATIENCE, "replaced {times} times");
            party.talk(Duration::from_millis(20), PAUSE);
        }
    }
    party.talk(Duration::from_secs(1), PAUSE);
    let account = party.judge(Cost::default());
    stage.note(&account);
    let times = stage.logged("the link to the server is handed over");
    assert!((4..=8).contains(&times), "replaced {times} times");
    assert_eq!(stage.logged(" ready domain="), times + 1, "each that went was followed");
    assert_eq!(stage.logged("connected to the server"), times + 1, "and went on with the connection");
    stage.saw.push(format!("replaced {times} times"));
}

/// A program that runs is not written to: it gets out of the way, as package managers do it.
fn install(program: &Path, new: &Path) {
    let beside = program.with_extension("new");
    // By another process: what this one writes cannot be started while a child that it begins has it open, too.
    let status = Command::new("cp").arg(new).arg(&beside).status();
    assert!(status.expect("cp").success());
    fs::rename(&beside, program).expect("the same folder");
}

/// Something that may be started, whatever becomes of it.
fn broken_program(folder: &Path, bytes: &[u8]) -> PathBuf {
    let file = folder.join("broken");
    fs::write(&file, bytes).expect("written");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("ours");
    file
}

fn broken(stage: &mut Stage) {
    let good = stage.program.clone();
    let program = stage.folder().join("conclave");
    stage.program = program.clone();
    install(&program, &good);
    let mut party = stage.party();
    let settings = stage.settings.clone();
    let mut refusals = 0;
    let folder = stage.folder().to_owned();
    for (bytes, settings) in [
        (Some("#!/bin/sh\nexit 1\n"), settings.clone()),
        (Some("\x7fELF, not really"), settings.clone()),
        (None, settings.replace("[component]", "[component]\nsekret = 5")),
    ] {
        match bytes {
            Some(bytes) => install(&program, &broken_program(&folder, bytes.as_bytes())),
            None => install(&program, &good),
        }
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
