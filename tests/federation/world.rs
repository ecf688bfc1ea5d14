//! Three servers and the service, with accounts that come and go.

use std::time::Duration;

use tempfile::TempDir;

use crate::net::{Ways, authority, certificate};
use crate::servers::client::{Client, Error};
use crate::servers::guest::Guest;
use crate::servers::host::{Kind, SECRET};
use crate::servers::ports;
use crate::servers::process::Process;
use crate::servers::service::program_with;
use crate::town::{Ports, Town};

/// The servers: that of the service comes first in the world, whichever it is.
const TOWNS: [(&str, Kind); 3] =
    [("oak.example", Kind::Prosody), ("elm.example", Kind::Prosody), ("fir.example", Kind::Ejabberd)];

/// All that runs.
pub(crate) struct World {
    /// The server that the service is attached to, and two remote ones.
    pub(crate) towns: [Town; 3],
    service: Option<Process>,
    // After what runs in it.
    folder: TempDir,
}

impl World {
    /// Starts the servers, and the service behind the first one of this kind.
    pub(crate) fn new(home: Kind) -> Result<Self, String> {
        let folder = tempfile::Builder::new().prefix("conclave-federation-").tempdir();
        let folder = folder.map_err(|e| format!("a temporary folder: {e}"))?;
        let authority = authority(folder.path())?;
        let mut order = TOWNS;
        order.sort_by_key(|(_, kind)| *kind != home);
        let mut sites = Vec::new();
        for (domain, kind) in order {
            let own = folder.path().join(domain);
            std::fs::create_dir(&own).map_err(|e| format!("{}: {e}", own.display()))?;
            certificate(&authority, &own, domain)?;
            let ports =
                Ports { clients: ports::free()?, servers: ports::free()?, components: ports::free()? };
            sites.push((domain, kind, own, ports));
        }
        let mut towns = Vec::new();
        for (domain, kind, own, ports) in &sites {
            let others = sites.iter().filter(|(other, ..)| other != domain);
            let others: Vec<_> = others.map(|(other, .., ports)| (*other, ports.servers)).collect();
            let ways = Ways::open(own, ports::free()?, &others)?;
            towns.push(Town::start(*kind, domain, own, *ports, ways)?);
        }
        let towns: [Town; 3] = towns.try_into().map_err(|_| "three servers")?;
        for town in &towns {
            town.is_ready()?;
        }
        let mut world = Self { towns, service: None, folder };
        world.start_service();
        Ok(world)
    }

    /// Starts the service and waits until it is attached.
    pub(crate) fn start_service(&mut self) {
        let folder = self.folder.path().join("service");
        let settings = format!(
            "[component]\ndomain = \"{}\"\nserver = \"127.0.0.1:{}\"\nsecret = \"{SECRET}\"\n\
             [service]\ncreate = \"anyone\"\n[store]\npath = {:?}\n[log]\nlevel = \"debug\"\n",
            self.muc(),
            self.towns[0].ports.components,
            folder.join("store"),
        );
        let service = program_with(&folder, &settings).and_then(Process::start);
        self.service = Some(service.unwrap_or_else(|e| panic!("{e}")));
        self.is_attached(1);
    }

    /// Waits until the service has connected so many times since it was started.
    pub(crate) fn is_attached(&self, times: usize) {
        let service = self.service.as_ref().expect("the service runs");
        until("the service is attached", || {
            service.log().matches("connected to the server").count() >= times
        });
    }

    /// How often the service has connected since it was started.
    pub(crate) fn attached(&self) -> usize {
        self.service.as_ref().map_or(0, |service| service.log().matches("connected to the server").count())
    }

    /// Kills the service.
    pub(crate) fn kill_service(&mut self) {
        drop(self.service.take());
    }

    /// The domain of the rooms.
    pub(crate) fn muc(&self) -> String {
        format!("rooms.{}", self.towns[0].domain)
    }

    /// A room.
    pub(crate) fn room(&self, name: &str) -> String {
        format!("{name}@{}", self.muc())
    }

    /// A new account at the server of this number, logged in.
    pub(crate) fn guest(&self, town: usize, name: &str) -> Guest {
        Guest::at(&self.towns[town].door(), name)
    }

    /// An account logs in again after its server was gone. ejabberd forgets who registered shortly before it was killed.
    pub(crate) fn again(&self, town: usize, name: &str, resource: &str) -> Guest {
        let door = self.towns[town].door();
        match Client::register(&door, &Guest::account(name)) {
            Ok(()) | Err(Error::Refused("registration", _)) => Guest::again(&door, name, resource),
            Err(e) => panic!("{name}: {e}"),
        }
    }

    /// The address of an account at the server of this number.
    pub(crate) fn account(&self, town: usize, name: &str) -> String {
        format!("{name}@{}", self.towns[town].domain)
    }

    /// Cuts the connections between the server of the rooms and another in both directions, or lets them be made again.
    pub(crate) fn cut(&mut self, town: usize, is_cut: bool) {
        let [home, far] = [0, town].map(|town| self.towns[town].domain);
        self.towns[0].ways.cut(far, is_cut);
        self.towns[town].ways.cut(home, is_cut);
    }

    /// Lets what the server of the rooms and another say to each other wait, or pass again.
    pub(crate) fn hold(&self, town: usize, is_held: bool) {
        let [home, far] = [0, town].map(|town| self.towns[town].domain);
        self.towns[0].ways.hold(far, is_held);
        self.towns[town].ways.hold(home, is_held);
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.folder.disable_cleanup(true);
            eprintln!("logs: {}", self.folder.path().display());
        }
    }
}

/// Waits until it is so, at most 20 seconds.
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..400 {
        if is_so() {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("{what}: not within 20 seconds");
}
