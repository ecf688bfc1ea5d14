//! Disks that are full, and folders that cannot be written to.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use conclave::wire::ns;
use minidom::Element;

use crate::judge::Cost;
use crate::kills::AWAY;
use crate::party::{Party, Person};
use crate::scenario::Scenario;
use crate::servers::guest::{brief, condition};
use crate::stage::{PATIENCE, Stage};

const PAUSE: Duration = Duration::from_millis(50);
const REFUSED: &str = "internal-server-error";

pub(crate) const ALL: &[Scenario] = &[
    Scenario::new(
        "disk_full",
        "the disk under the store fills up, and is freed some seconds later",
        "in a room with an archive, what is said meanwhile comes back (`internal-server-error`, wait); changes of \
         affiliations are refused likewise; a room without archive talks on; afterwards all works",
        full,
    )
    .needs(no_mount)
    .takes(20),
    Scenario::new(
        "store_read_only",
        "the folder of the store is made read-only while the service runs; then it is restarted, and the folder made \
         writable again",
        "nothing while it runs; it does not start again before the folder can be written to, and says so; then everybody is in",
        read_only,
    )
    .needs(not_root)
    .takes(20),
];

fn no_mount() -> Option<&'static str> {
    let mount = Command::new("unshare").args(["-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]).output();
    (!mount.is_ok_and(|output| output.status.success())).then_some("mounts are not permitted here")
}

fn not_root() -> Option<&'static str> {
    let other = Command::new("setpriv").args(["--reuid=65534", "--clear-groups", "true"]).output();
    (!other.is_ok_and(|output| output.status.success())).then_some("another user cannot be set here")
}

/// Fills a disk to the last byte; gives the file that does.
fn fill(folder: &Path) -> PathBuf {
    let path = folder.join("filler");
    let mut file = fs::File::create(&path).expect("there is room yet");
    for block in [1 << 20, 4096, 1] {
        while file.write_all(&vec![0; block]).is_ok() {}
    }
    path
}

/// The owner asks for a member.
fn make_member(owner: &mut Person, room: &str, account: &str) -> Element {
    let item = format!("<item affiliation='member' jid='{account}@example.org'/>");
    owner.asks("set", room, &format!("<query xmlns='{}'>{item}</query>", ns::MUC_ADMIN))
}

fn is_granted(answer: &Element) -> bool {
    if answer.attr("type") != Some("result") {
        assert_eq!(condition(answer), Some(REFUSED), "{}", brief(answer));
        return false;
    }
    true
}

fn full(stage: &mut Stage) {
    let store = stage.folder().join("store");
    fs::create_dir(&store).expect("new");
    let mount = format!("mount -t tmpfs -o size=96m tmpfs {} && exec \"$@\"", store.display());
    stage.wrapper = ["unshare", "-m", "sh", "-c", &mount, "sh"].map(str::to_owned).into();
    stage.start();
    let mut party =
        stage.gather(&[("muc#roomconfig_persistentroom", "1"), ("muc#roomconfig_enablearchiving", "1")]);
    let mut fleeting = Party::gather(
        &stage.door(),
        &format!("fleeting@{}", stage.domain),
        &format!("{}-too", stage.name),
        &[("muc#roomconfig_persistentroom", "0"), ("muc#roomconfig_enablearchiving", "0")],
    );
    party.talk(Duration::from_secs(1), PAUSE);
    // Only the service sees the disk.
    let inside = PathBuf::from(format!("/proc/{}/root{}", stage.service().pid(), store.display()));
    let filler = fill(&inside);
    let start = Instant::now();
    let mut number = 0;
    // Records are small: the last of them may still find room.
    while is_granted(&make_member(&mut party.people[0], &party.room.clone(), &format!("m{number}"))) {
        number += 1;
        party.say(1);
        assert!(start.elapsed() < PATIENCE, "the disk is not full");
    }
    party.talk(Duration::from_secs(3), PAUSE);
    fleeting.talk(Duration::from_secs(1), PAUSE);
    let account = fleeting.judge(Cost::default());
    stage.saw.push(format!("in the room without archive: {account}"));
    fs::remove_file(filler).expect("there");
    let start = Instant::now();
    while !is_granted(&make_member(&mut party.people[0], &party.room.clone(), "after")) {
        assert!(start.elapsed() < PATIENCE, "the disk has room again");
        party.listen(Duration::from_millis(100));
    }
    stage.saw.push(format!(
        "changes were granted {:.1} s after there was room again",
        start.elapsed().as_secs_f32()
    ));
    let account = party.judge(Cost { bounces: &[REFUSED], announcements: true, ..Cost::default() });
    assert!(account.bounced() > 0, "what cannot be kept is refused: {account}");
    stage.note(&account);
    party.talk(Duration::from_secs(1), PAUSE);
    let account = party.judge(Cost::default());
    stage.note(&account);
}

/// All below a folder may be written to, or nothing.
fn permit(folder: &Path, write: bool) {
    let mode = |path: &Path| match (path.is_dir(), write) {
        (true, true) => 0o777,
        (true, false) => 0o555,
        (false, true) => 0o666,
        (false, false) => 0o444,
    };
    for entry in fs::read_dir(folder).expect("the store").flatten() {
        if entry.path().is_dir() {
            permit(&entry.path(), write);
        } else {
            // What is only for a moment may be gone.
            let _ = fs::set_permissions(entry.path(), fs::Permissions::from_mode(mode(&entry.path())));
        }
    }
    fs::set_permissions(folder, fs::Permissions::from_mode(mode(folder))).expect("ours");
}

fn read_only(stage: &mut Stage) {
    let store = stage.folder().join("store");
    fs::create_dir(&store).expect("new");
    permit(&store, true);
    // Nobody can find the binary or the settings where only we can look.
    fs::set_permissions(stage.folder(), fs::Permissions::from_mode(0o755)).expect("ours");
    let program = stage.folder().join("conclave");
    let copied = Command::new("cp").arg(&stage.program).arg(&program).status();
    assert!(copied.expect("cp").success());
    stage.program = program;
    stage.wrapper = ["setpriv", "--reuid=65534", "--clear-groups", "--"].map(str::to_owned).into();
    stage.start();
    let mut party = stage.gather(&[("muc#roomconfig_persistentroom", "1")]);
    party.talk(crate::kills::WRITTEN, PAUSE);
    permit(&store, false);
    party.talk(Duration::from_secs(2), PAUSE);
    let account = party.judge(Cost::default());
    stage.note(&account);
    stage.service().signal("TERM").expect("it runs");
    stage.service().wait(Duration::from_secs(10)).expect("it ends in time");
    stage.spawn();
    let end = stage.service().wait(Duration::from_secs(10)).expect("it does not start");
    assert!(!end.success(), "{end}");
    assert_eq!(stage.logged("ermission denied"), 1, "one plain line: {}", stage.service().log());
    party.talk(Duration::from_millis(500), PAUSE);
    permit(&store, true);
    stage.start();
    let account = party.judge(Cost { bounces: AWAY, losses: true, ..Cost::default() });
    assert!(account.bounced() > 0, "{account}");
    stage.note(&account);
}
