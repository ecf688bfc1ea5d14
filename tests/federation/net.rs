//! What lies between servers: a DNS for each, certificates that all trust, and proxies that cut connections.

use std::collections::BTreeMap;
use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::proxy::{Flow, Proxy};
use crate::servers::ports;
use crate::servers::process::{Process, Program, find};

/// Domains below that of each server: the service's rooms, and a component that the test plays.
pub(crate) const BELOW: [&str; 2] = ["rooms", "play"];

/// Runs openssl in a folder.
fn openssl(folder: &Path, arguments: &[&str]) -> Result<(), String> {
    let output = Command::new("openssl").args(arguments).current_dir(folder).output();
    let output = output.map_err(|e| format!("openssl: {e}"))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!("openssl {arguments:?}: {}", String::from_utf8_lossy(&output.stderr))),
    }
}

/// Makes the authority that all servers trust: `ca.crt` in this folder.
pub(crate) fn authority(folder: &Path) -> Result<PathBuf, String> {
    let request = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=test -keyout ca.key -out ca.crt";
    let mut words: Vec<&str> = request.split(' ').collect();
    words.extend(["-addext", "keyUsage=critical,keyCertSign,cRLSign"]);
    openssl(folder, &words)?;
    Ok(folder.join("ca.crt"))
}

/// Makes a certificate for a domain and those below it: `DOMAIN.crt`, `DOMAIN.key` and both in `DOMAIN.pem`.
pub(crate) fn certificate(authority: &Path, into: &Path, domain: &str) -> Result<(), String> {
    let fault = |e: std::io::Error| format!("certificate of {domain}: {e}");
    let below: String = BELOW.iter().map(|name| format!(",DNS:{name}.{domain}")).collect();
    let extensions = format!("subjectAltName=DNS:{domain}{below}\nextendedKeyUsage=serverAuth,clientAuth\n");
    fs::write(into.join("extensions"), extensions).map_err(fault)?;
    let request = format!("req -newkey rsa:2048 -nodes -subj /CN={domain} -keyout {domain}.key -out request");
    openssl(into, &request.split(' ').collect::<Vec<_>>())?;
    let authority = authority.with_extension("");
    let authority = authority.display();
    let sign = format!(
        "x509 -req -in request -days 2 -CA {authority}.crt -CAkey {authority}.key -CAcreateserial \
         -extfile extensions -out {domain}.crt"
    );
    openssl(into, &sign.split_whitespace().collect::<Vec<_>>())?;
    let both = ["crt", "key"].map(|end| fs::read_to_string(into.join(format!("{domain}.{end}"))));
    let [certificate, key] = both;
    let both = certificate.map_err(fault)? + &key.map_err(fault)?;
    fs::write(into.join(format!("{domain}.pem")), both).map_err(fault)
}

/// The ways from one server to the others: a proxy for each, and a DNS that names them.
#[derive(Debug)]
pub(crate) struct Ways {
    proxies: BTreeMap<String, Proxy>,
    dns_port: u16,
    _dns: Process,
}

impl Ways {
    /// Opens a way to each of these domains, whose servers listen for servers on these ports.
    pub(crate) fn open(folder: &Path, dns_port: u16, to: &[(&str, u16)]) -> Result<Self, String> {
        let fault = |e: std::io::Error| format!("{}: {e}", folder.display());
        let path = find("dnsmasq").ok_or(
            "dnsmasq is not installed: scripts/test installs it (Debian: apt-get install dnsmasq-base)",
        )?;
        let mut proxies = BTreeMap::new();
        // ejabberd asks a DNS of its own choice for services only, and the system for addresses.
        let mut lines = format!(
            "port={dns_port}\nlisten-address=127.0.0.1\nbind-interfaces\nno-resolv\nno-hosts\nno-daemon\n\
             user=root\npid-file=\nlocal=/example/\nhost-record=localhost,127.0.0.1\n"
        );
        for (domain, port) in to {
            let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
            let proxy = Proxy::open(loopback, ports::free()?, *port)?;
            let reached = proxy.address().port();
            for name in BELOW.map(|name| format!("{name}.{domain}")).iter().chain([&(*domain).to_owned()]) {
                lines += &format!("srv-host=_xmpp-server._tcp.{name},localhost,{reached}\n");
            }
            proxies.insert((*domain).to_owned(), proxy);
        }
        let file = folder.join("dnsmasq.conf");
        fs::write(&file, lines).map_err(fault)?;
        let dns = Process::start(Program {
            path,
            arguments: vec![format!("--conf-file={}", file.display())],
            environment: Vec::new(),
            log: folder.join("dnsmasq.log"),
        })?;
        Ok(Self { proxies, dns_port, _dns: dns })
    }

    /// The port of the DNS on 127.0.0.1.
    pub(crate) fn dns_port(&self) -> u16 {
        self.dns_port
    }

    /// How many connections have gone this way.
    pub(crate) fn connections(&self, to: &str) -> u64 {
        self.proxies[to].connections()
    }

    /// Breaks the way to a domain and refuses connections, or takes them again.
    pub(crate) fn cut(&mut self, to: &str, is_cut: bool) {
        let proxy = self.proxies.get_mut(to).expect("a way to it");
        match is_cut {
            true => proxy.cut(),
            false => proxy.restore().expect("its port is still ours"),
        }
    }

    /// Lets bytes wait on the way to a domain, or pass again.
    pub(crate) fn hold(&self, to: &str, is_held: bool) {
        self.proxies[to].flow(if is_held { Flow::Held } else { Flow::Free });
    }
}
