//! ejabberd's configuration, and its start without ejabberdctl, which wants the service's own user.

use std::fs;
use std::path::{Path, PathBuf};

use super::host::{DOMAIN, Extra, Kind, MUC, PEER_MUC, SECRET, Settings, not_installed};
use super::process::{Program, find};

/// Writes the configuration and gives the program to start.
pub(crate) fn program(settings: &Settings<'_>) -> Result<Program, String> {
    program_with(settings.folder, &configuration(settings))
}

/// Writes this configuration into the folder and gives the program to start.
pub(crate) fn program_with(folder: &Path, configuration: &str) -> Result<Program, String> {
    let path = find("erl").ok_or_else(|| not_installed(Kind::Ejabberd))?;
    let libraries = libraries().ok_or_else(|| not_installed(Kind::Ejabberd))?;
    let file = folder.join("ejabberd.yml");
    fs::write(&file, configuration).map_err(|e| format!("{}: {e}", file.display()))?;
    let text = |path: PathBuf| path.display().to_string();
    Ok(Program {
        path,
        // ejabberd 23.01 goes down as deep as a stanza is nested, in native code: with the stack that it gets by
        // itself (+sss), the whole server dies of some thousand levels before the stanza comes to a component.
        arguments: ["-noinput", "+K", "true", "+sss", "8192"]
            .into_iter()
            .chain(["-mnesia", "dir", &format!("{:?}", text(folder.join("spool")))])
            .chain(["-s", "ejabberd"])
            .map(str::to_owned)
            .collect(),
        environment: vec![
            ("ERL_LIBS".to_owned(), text(libraries)),
            ("EJABBERD_CONFIG_PATH".to_owned(), text(file)),
            ("EJABBERD_LOG_PATH".to_owned(), text(folder.join("server.log"))),
            ("EJABBERD_PID_PATH".to_owned(), text(folder.join("ejabberd.pid"))),
            ("ERL_CRASH_DUMP".to_owned(), text(folder.join("erl_crash.dump"))),
            ("HOME".to_owned(), text(folder.to_path_buf())),
        ],
        log: folder.join("output.log"),
    })
}

/// The folder that holds `ejabberd-VERSION`, which Debian puts under the name of the architecture.
fn libraries() -> Option<PathBuf> {
    let holds_ejabberd = |folder: &PathBuf| {
        fs::read_dir(folder).is_ok_and(|entries| {
            entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("ejabberd-"))
        })
    };
    fs::read_dir("/usr/lib").ok()?.flatten().map(|entry| entry.path()).find(holds_ejabberd)
}

fn configuration(settings: &Settings<'_>) -> String {
    let Settings { client_port, component_port, extras, .. } = settings;
    let extra = |extra: &Extra| format!("      \"{}\":\n        password: \"{SECRET}\"\n", extra.domain);
    let others: String = extras.iter().map(extra).collect();
    // Unless told otherwise, every connection stands for every host of the listener.
    let global_routes = extras.is_empty();
    format!(
        r#"loglevel: info
hosts: ["{DOMAIN}"]
fqdn: "{DOMAIN}"
auth_method: internal
auth_password_format: plain
disable_sasl_mechanisms: ["digest-md5", "X-OAUTH2"]
registration_timeout: infinity
max_fsm_queue: 100000
listen:
  -
    port: {client_port}
    ip: "127.0.0.1"
    module: ejabberd_c2s
    max_stanza_size: 1048576
    access: all
  -
    port: {component_port}
    ip: "127.0.0.1"
    module: ejabberd_service
    global_routes: {global_routes}
    hosts:
      "{MUC}":
        password: "{SECRET}"
{others}acl:
  admin: {{ user: ["admin@{DOMAIN}"] }}
access_rules:
  muc_admin: {{ allow: admin }}
modules:
  mod_disco: {{}}
  mod_muc:
    host: "{PEER_MUC}"
    access_admin: muc_admin
    min_message_interval: 0
    min_presence_interval: 0
  mod_ping: {{}}
  mod_private: {{}}
  mod_register: {{ ip_access: all, access: all, captcha_protected: false }}
  mod_roster: {{}}
  mod_vcard: {{}}
  mod_version: {{}}
"#
    )
}
