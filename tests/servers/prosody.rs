//! Prosody's configuration: everything in memory, everything on loopback, no encryption.

use std::fs;
use std::path::Path;

use super::host::{DOMAIN, Extra, Kind, MUC, PEER_MUC, SECRET, Settings, not_installed};
use super::process::{Program, find};

/// Writes the configuration and gives the program to start.
pub(crate) fn program(settings: &Settings<'_>) -> Result<Program, String> {
    program_with(settings.folder, &configuration(settings))
}

/// Writes this configuration into the folder and gives the program to start.
pub(crate) fn program_with(folder: &Path, configuration: &str) -> Result<Program, String> {
    let path = find("prosody").ok_or_else(|| not_installed(Kind::Prosody))?;
    let file = folder.join("prosody.cfg.lua");
    fs::write(&file, configuration).map_err(|e| format!("{}: {e}", file.display()))?;
    Ok(Program {
        path,
        arguments: vec!["--config".to_owned(), file.display().to_string(), "-F".to_owned()],
        environment: Vec::new(),
        log: folder.join("output.log"),
    })
}

fn configuration(settings: &Settings<'_>) -> String {
    let Settings { folder, client_port, component_port, extras } = settings;
    let folder = folder.display();
    let extras: String = extras.iter().map(extra).collect();
    format!(
        r#"run_as_root = true
daemonize = false
pidfile = "{folder}/prosody.pid"
data_path = "{folder}/data"
certificates = "{folder}"
log = {{ {{ levels = {{ min = "info" }}, to = "file", filename = "{folder}/server.log" }} }}
network_backend = "epoll"

interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {client_port} }}
component_interfaces = {{ "127.0.0.1" }}
component_ports = {{ {component_port} }}

modules_enabled = {{ "roster"; "saslauth"; "disco"; "private"; "version"; "ping"; "register"; "pep" }}
modules_disabled = {{ "s2s"; "tls" }}

admins = {{ "admin@{DOMAIN}" }}
allow_registration = true
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
authentication = "internal_plain"
storage = "memory"

VirtualHost "{DOMAIN}"

Component "{PEER_MUC}" "muc"

Component "{MUC}"
	component_secret = "{SECRET}"
{extras}"#
    )
}

fn extra(extra: &Extra) -> String {
    let resolve = if extra.kick_old { "kick_old" } else { "kick_new" };
    format!(
        "\nComponent \"{}\"\n\tcomponent_secret = \"{SECRET}\"\n\tcomponent_conflict_resolve = \"{resolve}\"\n",
        extra.domain
    )
}
