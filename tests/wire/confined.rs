//! The service needs to write to its store and to nothing else, and needs no rights.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::peer::Peer;
use super::server::{SecretSource, Server};
use super::words::{OWNER, ROOM};

/// The folder of the settings is the working folder. `store` in it is the only thing that can be written to, also for
/// root, and whoever runs this cannot get more rights than he has.
const CONFINED: &str = r#"
mkdir -p store &&
exec unshare --mount --map-root-user sh -c '
  mount --bind store store &&
  awk "{ print \$5 }" /proc/self/mountinfo | while read -r at; do
    case $at in "$PWD"/store) ;; *) mount -o remount,bind,ro "$at" 2>/dev/null ;; esac
  done
  if touch probe 2>/dev/null || touch /tmp/probe.$$ 2>/dev/null; then echo "something else can be written to" >&2; exit 1; fi
  exec setpriv --bounding-set=-all --inh-caps=-all --no-new-privs -- "$0" "$@" >&2
' "$0" "$@"
"#;

/// Rooms, an archive, a restart in place: everything that touches files.
fn use_all(server: &mut Server, peer: &mut Peer) {
    peer.create(ROOM, &[("muc#roomconfig_persistentroom", "1")]);
    peer.say(OWNER, ROOM, "m1", "to be kept");
    peer.expect("message", &[("id", "m1"), ("to", OWNER)]);
    server.signal("USR2");
    server.log_with("handed over");
    peer.room_works(ROOM);
}

fn is_allowed() -> bool {
    let unshare = Command::new("unshare")
        .args(["--mount", "--map-root-user", "mount", "-o", "remount,bind,ro", "/"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .status();
    unshare.is_ok_and(|status| status.success())
}

#[test]
fn everything_but_the_store_may_be_read_only() {
    if !is_allowed() {
        eprintln!(
            "skipped: this system lets nobody make a file system of his own (unshare --mount --map-root-user)"
        );
        return;
    }
    let mut server = Server::start_by(CONFINED, SecretSource::File, "");
    let mut peer = server.accept();
    use_all(&mut server, &mut peer);
    let status = fs::read_to_string(format!("/proc/{}/status", server.pid())).expect("it runs");
    for none in ["CapBnd:\t0000000000000000", "CapEff:\t0000000000000000", "NoNewPrivs:\t1"] {
        assert!(status.contains(none), "{none}: {status}");
    }
    server.stop(peer);
    let log = server.whole_log();
    assert!(!log.contains("WARN") && !log.contains("ERROR"), "{log}");
}

/// The regular files that a process has open for writing.
fn open_for_writing(pid: u32) -> Vec<PathBuf> {
    let fds = fs::read_dir(format!("/proc/{pid}/fd")).expect("it runs");
    let mut found = Vec::new();
    for fd in fds.flatten() {
        let info = fs::read_to_string(format!("/proc/{pid}/fdinfo/{}", fd.file_name().to_string_lossy()));
        let (Ok(info), Ok(target)) = (info, fs::read_link(fd.path())) else { continue };
        let flags =
            info.lines().find_map(|line| line.strip_prefix("flags:")).map(str::trim).unwrap_or_default();
        let writes = u32::from_str_radix(flags, 8).expect("octal") & 0o3 != 0;
        if writes && target.is_file() {
            found.push(target);
        }
    }
    found
}

fn everything_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder").flatten();
    let mut names: Vec<_> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn nothing_but_the_store_is_written_to() {
    let mut server = Server::start();
    let mut peer = server.accept();
    use_all(&mut server, &mut peer);
    let store = fs::canonicalize(server.store()).expect("made");
    let open = open_for_writing(server.pid());
    assert!(!open.is_empty(), "the store is open");
    let elsewhere: Vec<_> = open.iter().filter(|path| !path.starts_with(&store)).collect();
    assert!(elsewhere.is_empty(), "{elsewhere:?}");
    let around = store.parent().expect("the folder of the settings");
    assert_eq!(everything_in(around), ["component.toml", "secret", "store"]);
    server.stop(peer);
}
