//! A server that is a domain of its own among others.

use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use crate::net::Ways;
use crate::servers::client::{Account, Client, Door, Error};
use crate::servers::host::{Kind, SECRET};
use crate::servers::process::{Process, Program, tail};
use crate::servers::{ejabberd, prosody};

/// How long a server may take until it takes accounts.
const START: Duration = Duration::from_secs(60);
/// How long an orderly stop may take.
const STOP: Duration = Duration::from_secs(20);

/// Where a server listens, on loopback.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ports {
    pub(crate) clients: u16,
    pub(crate) servers: u16,
    pub(crate) components: u16,
}

/// A server and its ways to the others.
#[derive(Debug)]
pub(crate) struct Town {
    pub(crate) domain: &'static str,
    pub(crate) kind: Kind,
    pub(crate) ports: Ports,
    pub(crate) ways: Ways,
    folder: PathBuf,
    program: Program,
    process: Process,
}

impl Town {
    /// Starts a server in this folder, which holds its certificate; it may take a while until it [answers](Self::is_ready).
    pub(crate) fn start(
        kind: Kind,
        domain: &'static str,
        folder: &Path,
        ports: Ports,
        ways: Ways,
    ) -> Result<Self, String> {
        let program = match kind {
            Kind::Prosody => with_prosody(domain, folder, ports, ways.dns_port())?,
            Kind::Ejabberd => with_ejabberd(domain, folder, ports, ways.dns_port())?,
        };
        let process = Process::start(program.clone())?;
        Ok(Self { domain, kind, ports, ways, folder: folder.to_path_buf(), program, process })
    }

    /// Waits until it takes accounts.
    pub(crate) fn is_ready(&self) -> Result<(), String> {
        let deadline = Instant::now() + START;
        let watcher = Account { user: "watcher".to_owned(), password: "watching".to_owned() };
        loop {
            let components = TcpStream::connect(("127.0.0.1", self.ports.components));
            let fault = match (components, Client::register(&self.door(), &watcher)) {
                (Ok(_), Ok(()) | Err(Error::Refused("registration", _))) => return Ok(()),
                (Err(e), _) => e.to_string(),
                (_, Err(e)) => e.to_string(),
            };
            if self.process.ended().is_some() || Instant::now() > deadline {
                let [output, log] = ["output.log", "server.log"].map(|log| tail(&self.folder.join(log)));
                return Err(format!("{} does not start: {fault}; its logs end:\n{output}{log}", self.domain));
            }
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Where its accounts log in.
    pub(crate) fn door(&self) -> Door {
        Door { address: format!("127.0.0.1:{}", self.ports.clients), domain: self.domain.to_owned() }
    }

    /// Stops it as an operator does, or kills it.
    pub(crate) fn stop(&mut self, in_order: bool) {
        if in_order {
            self.process.signal("TERM").expect("it runs");
            assert!(self.process.wait(STOP).is_some(), "{} stops in time", self.domain);
        } else {
            self.process.kill();
        }
    }

    /// Starts it again, with what it has on its disk.
    pub(crate) fn start_again(&mut self) {
        self.process = Process::start(self.program.clone()).unwrap_or_else(|e| panic!("{e}"));
        self.is_ready().unwrap_or_else(|e| panic!("{e}"));
    }
}

/// Prosody: encrypted to other servers, whose certificates must be good; clients on loopback may do without.
fn with_prosody(domain: &str, folder: &Path, ports: Ports, dns_port: u16) -> Result<Program, String> {
    let Ports { clients, servers, components } = ports;
    let here = folder.display();
    let text = format!(
        r#"run_as_root = true
daemonize = false
pidfile = "{here}/prosody.pid"
data_path = "{here}/data"
certificates = "{here}"
log = {{ {{ levels = {{ min = "debug" }}, to = "file", filename = "{here}/server.log" }} }}
network_backend = "epoll"
interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {clients} }}
s2s_ports = {{ {servers} }}
component_ports = {{ {components} }}
unbound = {{ resolvconf = false, forward = {{ "127.0.0.1@{dns_port}" }},
	options = {{ ["do-not-query-localhost:"] = "no", ["module-config:"] = "iterator" }} }}
modules_enabled = {{ "roster"; "saslauth"; "tls"; "dialback"; "disco"; "private"; "version"; "ping"; "register";
	"pep"; "blocklist"; "offline" }}
ssl = {{ cafile = "{here}/../ca.crt" }}
s2s_require_encryption = true
s2s_secure_auth = true
allow_registration = true
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
authentication = "internal_plain"

VirtualHost "{domain}"

Component "rooms.{domain}"
	component_secret = "{SECRET}"

Component "play.{domain}"
	component_secret = "{SECRET}"
"#
    );
    prosody::program_with(folder, &text)
}

/// ejabberd, likewise.
fn with_ejabberd(domain: &str, folder: &Path, ports: Ports, dns_port: u16) -> Result<Program, String> {
    let Ports { clients, servers, components } = ports;
    let here = folder.display();
    let text = format!(
        r#"loglevel: debug
hosts: ["{domain}"]
auth_method: internal
auth_password_format: plain
disable_sasl_mechanisms: ["digest-md5", "X-OAUTH2"]
registration_timeout: infinity
certfiles: ["{here}/{domain}.pem"]
ca_file: "{here}/../ca.crt"
s2s_use_starttls: required
s2s_max_retry_delay: 1
listen:
  - port: {clients}
    ip: "127.0.0.1"
    module: ejabberd_c2s
    access: all
  - port: {servers}
    ip: "127.0.0.1"
    module: ejabberd_s2s_in
  - port: {components}
    ip: "127.0.0.1"
    module: ejabberd_service
    global_routes: false
    hosts:
      "rooms.{domain}": {{ password: "{SECRET}" }}
      "play.{domain}": {{ password: "{SECRET}" }}
modules:
  mod_blocking: {{}}
  mod_disco: {{}}
  mod_offline: {{}}
  mod_ping: {{}}
  mod_privacy: {{}}
  mod_private: {{}}
  mod_register: {{ ip_access: all, access: all, captcha_protected: false }}
  mod_roster: {{}}
  mod_s2s_dialback: {{}}
  mod_version: {{}}
"#
    );
    let resolver = folder.join("inetrc");
    let lines = format!(
        "{{resolv_conf, \"\"}}.\n{{hosts_file, \"\"}}.\n{{lookup, [dns]}}.\n{{nameserver, {{127,0,0,1}}, {dns_port}}}.\n"
    );
    fs::write(&resolver, lines).map_err(|e| format!("{}: {e}", resolver.display()))?;
    let mut program = ejabberd::program_with(folder, &text)?;
    program.environment.push(("ERL_INETRC".to_owned(), resolver.display().to_string()));
    Ok(program)
}
