//! slixmpp, a client library in Python that many bots and the client Poezio are made with.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use crate::servers::client::Client;
use crate::servers::guest::Guest;
use crate::servers::host::{DOMAIN, Host, Kind, MUC};
use crate::servers::process::{Process, Program};
use crate::servers::service::Service;

/// How long all sessions together may take.
const PATIENCE: Duration = Duration::from_secs(90);
/// The sessions of `sessions.py`.
const SESSIONS: &[&str] = &[
    "enters_a_new_room",
    "talks",
    "speaks_in_private",
    "reads_history",
    "changes_the_subject",
    "changes_the_nick",
    "loses_his_voice",
    "is_kicked_and_banned",
    "is_invited_among_members",
    "pings_itself",
    "sees_the_end",
    "syncs_the_archive",
    "is_known_by_an_occupant_id",
    "moderates",
    "moderates_a_flood",
    "retracts_its_own",
    "is_kept_out_of_the_archive",
    "asks_the_service",
    "finds_rooms_page_by_page",
    "learns_affiliations_by_entering",
    "wears_a_hat",
    "shows_its_face",
];

/// The Python that has slixmpp; it is installed when it is not there yet.
fn python() -> &'static Path {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    PYTHON.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("slixmpp");
        let mut install = Command::new("bash");
        install
            .args(["-euo", "pipefail", "-c", ". scripts/common; need_slixmpp \"$1\"", "bash"])
            .arg(&folder);
        let output = install.current_dir(env!("CARGO_MANIFEST_DIR")).output().expect("bash can be started");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        folder.join("bin/python")
    })
}

fn all_sessions(kind: Kind) {
    let python = python();
    let host = Host::start(kind).unwrap_or_else(|e| panic!("{e}"));
    let _service = Service::start(&host, &host.folder().join("service")).unwrap_or_else(|e| panic!("{e}"));
    for name in ["anne", "bert", "cleo"] {
        Client::register(&host.door(), &Guest::account(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/sessions.py");
    let address = host.door().address;
    let (server, port) = address.split_once(':').expect("an address with a port");
    let password = Guest::account("anne").password;
    let script = script.display().to_string();
    let client = Process::start(Program {
        path: python.to_path_buf(),
        // Without files of byte code beside the scripts.
        arguments: ["-B", &script, server, port, DOMAIN, MUC, &password].map(str::to_owned).to_vec(),
        environment: Vec::new(),
        log: host.folder().join("slixmpp.log"),
    });
    let client = client.unwrap_or_else(|e| panic!("{e}"));
    let status = client.wait(PATIENCE);
    let log = client.log();
    assert!(status.is_some_and(|status| status.success()), "{status:?}:\n{log}");
    let done: Vec<&str> = log.lines().filter_map(|line| line.strip_prefix("ok ")).collect();
    assert_eq!(done, SESSIONS, "{log}");
}

#[test]
fn slixmpp_is_at_home_in_rooms_behind_prosody() {
    // 45-7.2.2-a 45-7.2.8-a 45-7.2.14-a 45-7.2.14-g 45-7.2.15-d 45-7.4-a 45-7.4-c 45-7.4-f 45-7.5-a 45-7.6-a 45-7.8.2-c
    // 45-7.13-a 45-8.1-c 45-8.1-e 45-8.2-b 45-8.6-a 45-8.6-b 45-9.1-d 45-9.2-a 45-10.2-b 45-10.9-a 45-10.9-c 308-1
    // 012-1 092-1 199-1 202-1 059-2 463-2 463-3 317-2 317-4 486-2 486-5 486-6 486-8 333-1
    // 410-1 410-3 313-1 313-2 313-7 313-12 313-18 313-21 313-23 421-1 421-2 421-4 425-1 425-2 425-3 425-4 425-5
    all_sessions(Kind::Prosody);
}

#[test]
fn slixmpp_is_at_home_in_rooms_behind_ejabberd() {
    // 45-7.2.2-a 45-7.2.8-a 45-7.2.14-a 45-7.2.14-g 45-7.2.15-d 45-7.4-a 45-7.4-c 45-7.4-f 45-7.5-a 45-7.6-a 45-7.8.2-c
    // 45-7.13-a 45-8.1-c 45-8.1-e 45-8.2-b 45-8.6-a 45-8.6-b 45-9.1-d 45-9.2-a 45-10.2-b 45-10.9-a 45-10.9-c 308-1
    // 012-1 092-1 199-1 202-1 059-2 463-2 463-3 317-2 317-4 486-2 486-5 486-6 486-8 333-1
    // 410-1 410-3 313-1 313-2 313-7 313-12 313-18 313-21 313-23 421-1 421-2 421-4 425-1 425-2 425-3 425-4 425-5
    all_sessions(Kind::Ejabberd);
}
