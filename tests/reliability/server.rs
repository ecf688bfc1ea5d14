//! A server that can be restarted: accounts, its own rooms and their archives are on disk.
//!
//! Its own rooms are persistent and archived, with the storage that the server uses unless told otherwise.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::servers::client::Door;
use crate::servers::host::{DOMAIN, Kind, MUC, PEER_MUC, SECRET};
use crate::servers::process::{Process, Program, find, tail};
use crate::servers::{ejabberd, ports, prosody};

/// How long a start may take.
const START: Duration = Duration::from_secs(60);
/// How long an orderly stop may take.
const STOP: Duration = Duration::from_secs(60);

/// A server with all it needs to be started again.
pub(crate) struct Server {
    pub(crate) kind: Kind,
    client_port: u16,
    pub(crate) component_port: u16,
    control_port: u16,
    program: Program,
    process: Option<Process>,
    folder: TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.folder.disable_cleanup(true);
            eprintln!("logs: {}", self.folder.path().display());
        }
        // The process before its folder.
        drop(self.process.take());
    }
}

impl Server {
    /// Starts a server in a new folder, and waits until it takes clients.
    pub(crate) fn new(kind: Kind) -> Result<Self, String> {
        let folder = tempfile::Builder::new()
            .prefix(&format!("conclave-{}-", kind.name()))
            .tempdir()
            .map_err(|e| format!("a temporary folder: {e}"))?;
        let (client_port, component_port, control_port) = (ports::free()?, ports::free()?, ports::free()?);
        let mut server = Self {
            kind,
            client_port,
            component_port,
            control_port,
            program: Program::default(),
            process: None,
            folder,
        };
        server.program = match kind {
            Kind::Prosody => server.prosody()?,
            Kind::Ejabberd => server.ejabberd()?,
        };
        server.start()?;
        Ok(server)
    }

    /// Where clients log in.
    pub(crate) fn door(&self) -> Door {
        Door { address: format!("127.0.0.1:{}", self.client_port), domain: DOMAIN.to_owned() }
    }

    /// Its folder.
    pub(crate) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// Starts it and waits until it takes clients and components.
    pub(crate) fn start(&mut self) -> Result<(), String> {
        let process = Process::start(self.program.clone())?;
        let deadline = Instant::now() + START;
        for port in [self.client_port, self.component_port] {
            while TcpStream::connect(("127.0.0.1", port)).is_err() {
                if process.ended().is_some() || Instant::now() > deadline {
                    let log = tail(&self.folder.path().join("server.log"));
                    return Err(format!("{} does not start: {}{log}", self.kind.name(), process.log_tail()));
                }
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        self.process = Some(process);
        Ok(())
    }

    /// Stops it, in order or with `kill -9`.
    pub(crate) fn stop(&mut self, in_order: bool) -> Result<(), String> {
        let mut process = self.process.take().ok_or("it does not run")?;
        if in_order {
            process.signal("TERM")?;
            process.wait(STOP).ok_or_else(|| format!("{} does not stop", self.kind.name()))?;
        } else {
            process.kill();
        }
        Ok(())
    }

    /// Loads the module of its own rooms anew while it runs.
    pub(crate) fn reload_rooms(&self) -> Result<(), String> {
        match self.kind {
            Kind::Prosody => {
                let control = find("prosodyctl").ok_or("prosodyctl is not there")?;
                let output = Command::new(control)
                    .arg("--config")
                    .arg(self.folder.path().join("prosody.cfg.lua"))
                    .args(["shell", &format!("module:reload('muc', '{PEER_MUC}')")])
                    .output()
                    .map_err(|e| e.to_string())?;
                let said = String::from_utf8_lossy(&output.stdout).into_owned();
                if output.status.success() && said.contains("OK") { Ok(()) } else { Err(said) }
            }
            Kind::Ejabberd => {
                let body = format!(r#"{{"host":"{DOMAIN}","module":"mod_muc"}}"#);
                let fault = |e: std::io::Error| e.to_string();
                let mut socket = TcpStream::connect(("127.0.0.1", self.control_port)).map_err(fault)?;
                let head = format!(
                    "POST /api/restart_module HTTP/1.0\r\nHost: {DOMAIN}\r\n\
                     Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                    body.len()
                );
                socket.set_read_timeout(Some(START)).map_err(fault)?;
                socket.write_all(head.as_bytes()).map_err(fault)?;
                let mut answer = String::new();
                socket.read_to_string(&mut answer).map_err(fault)?;
                if answer.contains("200 OK") { Ok(()) } else { Err(answer) }
            }
        }
    }

    fn prosody(&self) -> Result<Program, String> {
        let folder = self.folder.path().display().to_string();
        let (client_port, component_port) = (self.client_port, self.component_port);
        let configuration = format!(
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

modules_enabled = {{
	"roster"; "saslauth"; "disco"; "private"; "carbons"; "blocklist"; "smacks"; "pep"; "ping"; "register"; "time";
	"uptime"; "version"; "admin_shell";
}}
modules_disabled = {{ "s2s"; "tls" }}

allow_registration = true
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
authentication = "internal_hashed"
storage = "internal"
archive_expires_after = "1w"

VirtualHost "{DOMAIN}"

Component "{PEER_MUC}" "muc"
	modules_enabled = {{ "muc_mam" }}
	muc_room_default_persistent = true

Component "{MUC}"
	component_secret = "{SECRET}"
"#
        );
        prosody::program_with(self.folder.path(), &configuration)
    }

    fn ejabberd(&self) -> Result<Program, String> {
        let Self { client_port, component_port, control_port, .. } = self;
        let configuration = format!(
            r#"loglevel: info
hosts: ["{DOMAIN}"]
fqdn: "{DOMAIN}"
auth_method: internal
auth_password_format: scram
disable_sasl_mechanisms: ["digest-md5", "X-OAUTH2"]
registration_timeout: infinity
listen:
  -
    port: {client_port}
    ip: "127.0.0.1"
    module: ejabberd_c2s
    max_stanza_size: 262144
    access: all
  -
    port: {component_port}
    ip: "127.0.0.1"
    module: ejabberd_service
    hosts:
      "{MUC}":
        password: "{SECRET}"
  -
    port: {control_port}
    ip: "127.0.0.1"
    module: ejabberd_http
    request_handlers:
      "/api": mod_http_api
api_permissions:
  "the test":
    who: {{ ip: "127.0.0.1/8" }}
    what: "*"
acl:
  local: {{ user_regexp: "" }}
access_rules:
  muc_create: {{ allow: local }}
modules:
  mod_admin_extra: {{}}
  mod_carboncopy: {{}}
  mod_disco: {{}}
  mod_mam: {{ assume_mam_usage: true, default: always }}
  mod_muc:
    host: "{PEER_MUC}"
    access_create: muc_create
    access_persistent: muc_create
    access_mam: [allow]
    default_room_options: {{ mam: true, persistent: true }}
  mod_muc_admin: {{}}
  mod_ping: {{}}
  mod_private: {{}}
  mod_register: {{ ip_access: all, access: all, captcha_protected: false }}
  mod_roster: {{}}
  mod_stream_mgmt: {{ resend_on_timeout: if_offline }}
  mod_version: {{}}
"#
        );
        ejabberd::program_with(self.folder.path(), &configuration)
    }
}
