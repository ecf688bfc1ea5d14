//! A server of ours on loopback: its kind, its ports, its folder.

use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::client::{Account, Client, Door, Error};
use super::process::{Process, Program, tail};
use super::{ejabberd, ports, prosody};

/// The host of the accounts.
pub(crate) const DOMAIN: &str = "localhost";
/// The component that our service attaches as.
pub(crate) const MUC: &str = "muc.localhost";
/// The server's own MUC service, to compare with.
pub(crate) const PEER_MUC: &str = "conference.localhost";
/// The secret of the component.
pub(crate) const SECRET: &str = "a secret for the loopback";

/// How long a server may take until it takes its first account.
const START: Duration = Duration::from_secs(120);
/// How often a start is tried: somebody else may take a port between our look at it and the server's.
const TRIES: u32 = 3;

/// Which server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Prosody, from Debian's package `prosody`.
    Prosody,
    /// ejabberd, from Debian's package `ejabberd`.
    Ejabberd,
}

impl Kind {
    /// Both.
    pub(crate) const ALL: [Self; 2] = [Self::Prosody, Self::Ejabberd];

    /// The server's name, also that of its package.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Prosody => "prosody",
            Self::Ejabberd => "ejabberd",
        }
    }
}

/// A component that a server takes besides [`MUC`], with the same [`SECRET`].
#[derive(Clone, Debug)]
pub(crate) struct Extra {
    /// Its domain.
    pub(crate) domain: String,
    /// Whether a new connection takes the place of an old one, where the server can be told so.
    pub(crate) kick_old: bool,
}

/// What a server's configuration is made from.
#[derive(Debug)]
pub(crate) struct Settings<'a> {
    /// Where its files go.
    pub(crate) folder: &'a Path,
    /// The port for clients.
    pub(crate) client_port: u16,
    /// The port for components.
    pub(crate) component_port: u16,
    /// More components.
    pub(crate) extras: &'a [Extra],
}

/// A running server.
#[derive(Debug)]
pub(crate) struct Host {
    kind: Kind,
    client_port: u16,
    component_port: u16,
    program: Program,
    // Before the folder, so that the process has ended when its files are removed.
    process: Process,
    folder: TempDir,
}

impl Host {
    /// Starts a server and waits until it listens on both ports and takes accounts.
    ///
    /// # Errors
    /// What is missing or went wrong, with the end of the server's log.
    pub(crate) fn start(kind: Kind) -> Result<Self, String> {
        Self::start_with(kind, &[])
    }

    /// Like [`Host::start`], with more components; each connection is for one of them.
    ///
    /// # Errors
    /// What is missing or went wrong, with the end of the server's log.
    pub(crate) fn start_with(kind: Kind, extras: &[Extra]) -> Result<Self, String> {
        let mut outcome = Self::try_start(kind, extras);
        for _ in 1..TRIES {
            if outcome.is_err() {
                outcome = Self::try_start(kind, extras);
            }
        }
        outcome
    }

    fn try_start(kind: Kind, extras: &[Extra]) -> Result<Self, String> {
        let folder = tempfile::Builder::new()
            .prefix(&format!("conclave-{}-", kind.name()))
            .tempdir()
            .map_err(|e| format!("a temporary folder: {e}"))?;
        let (client_port, component_port) = (ports::free()?, ports::free()?);
        let settings = Settings { folder: folder.path(), client_port, component_port, extras };
        let program: Program = match kind {
            Kind::Prosody => prosody::program(&settings)?,
            Kind::Ejabberd => ejabberd::program(&settings)?,
        };
        let process = Process::start(program.clone())?;
        let host = Self { kind, client_port, component_port, program, process, folder };
        host.is_ready()?;
        Ok(host)
    }

    /// Waits until it listens and takes accounts; one that is known already will do.
    fn is_ready(&self) -> Result<(), String> {
        let deadline = Instant::now() + START;
        for port in [self.client_port, self.component_port] {
            self.until(deadline, || {
                TcpStream::connect(("127.0.0.1", port)).map_err(|e| format!("port {port}: {e}"))
            })?;
        }
        self.until(deadline, || match Client::register(&self.door(), &self.watcher()) {
            Ok(()) | Err(Error::Refused("registration", _)) => Ok(()),
            Err(e) => Err(e.to_string()),
        })
    }

    /// Its process, to look at, to stop or to kill.
    pub(crate) fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// Starts it again on the same ports and with the same files, after its process has ended.
    ///
    /// # Errors
    /// What went wrong, with the end of the server's log.
    pub(crate) fn start_again(&mut self) -> Result<(), String> {
        self.process = Process::start(self.program.clone())?;
        self.is_ready()
    }

    /// Which server it is.
    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// Where clients log in.
    pub(crate) fn door(&self) -> Door {
        Door { address: format!("127.0.0.1:{}", self.client_port), domain: DOMAIN.to_owned() }
    }

    /// The port for components.
    pub(crate) fn component_port(&self) -> u16 {
        self.component_port
    }

    /// Its temporary folder, which may hold files of the service attached to it, too.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Leaves the folder with all logs behind and says where it is.
    pub(crate) fn keep(&mut self) -> &Path {
        self.folder.disable_cleanup(true);
        self.folder.path()
    }

    /// An account that exists from the start, for looking whether somebody is there.
    pub(crate) fn watcher(&self) -> Account {
        Account { user: "watcher".to_owned(), password: "watching".to_owned() }
    }

    /// Tries until it succeeds, the server ends, or the time is over.
    fn until<T>(
        &self,
        deadline: Instant,
        mut attempt: impl FnMut() -> Result<T, String>,
    ) -> Result<T, String> {
        loop {
            let fault = match attempt() {
                Ok(success) => return Ok(success),
                Err(fault) => fault,
            };
            if self.process.ended().is_some() || Instant::now() > deadline {
                return Err(format!(
                    "{} does not start: {fault}; the end of its logs:\n{}{}",
                    self.kind.name(),
                    self.process.log_tail(),
                    tail(&self.folder.path().join("server.log"))
                ));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("logs: {}", self.keep().display());
        }
    }
}

/// What to say when a server is not there.
pub(crate) fn not_installed(kind: Kind) -> String {
    format!("{0} is not installed: scripts/test installs it (Debian: apt-get install {0})", kind.name())
}
