//! Our own service, the built binary, attached to a server.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use conclave::wire::ns;
use minidom::Element;

use super::client::Client;
use super::host::{Host, MUC, SECRET};
use super::process::{Process, Program};

/// How long the service may take until it answers.
const START: Duration = Duration::from_secs(30);

/// A running service.
#[derive(Debug)]
pub(crate) struct Service {
    process: Process,
}

impl Service {
    /// Starts the service with the settings of [`configuration`] and waits until a client gets an answer from it.
    ///
    /// `folder` is where its configuration, store and log live: starting it there again goes on from its store.
    ///
    /// # Errors
    /// What went wrong, with the end of the service's log.
    pub(crate) fn start(host: &Host, folder: &Path) -> Result<Self, String> {
        Self::start_with(host, folder, &configuration(host, folder))
    }

    /// Like [`Service::start`], with a configuration of the test's own.
    ///
    /// # Errors
    /// What went wrong, with the end of the service's log.
    pub(crate) fn start_with(host: &Host, folder: &Path, configuration: &str) -> Result<Self, String> {
        Self::start_program(host, program_with(folder, configuration)?)
    }

    /// Like [`Service::start`], of a program that [`program_with`] gave and the test changed.
    ///
    /// # Errors
    /// What went wrong, with the end of the service's log.
    pub(crate) fn start_program(host: &Host, program: Program) -> Result<Self, String> {
        let service = Self { process: Process::start(program)? };
        service.answers(host)?;
        Ok(service)
    }

    /// Its process, to look at or to kill.
    pub(crate) fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// How often it has connected to the server since it was started, and how often it had to say that it has no link.
    pub(crate) fn links(&self) -> (usize, usize) {
        let log = self.process.log();
        let count = |words| log.matches(words).count();
        (count("connected to the server"), count("no link to the server"))
    }

    /// Asks it for its disco#info until it answers with a result.
    fn answers(&self, host: &Host) -> Result<(), String> {
        let resource = format!("at-{}", self.process.pid());
        let mut client =
            Client::login(&host.door(), &host.watcher(), &resource).map_err(|e| e.to_string())?;
        let deadline = Instant::now() + START;
        loop {
            let query = Element::bare("query", ns::DISCO_INFO);
            let answer = client.ask("disco#info", "get", Some(MUC), query);
            if answer.is_ok_and(|answer| answer.attr("type") == Some("result")) {
                client.close();
                return Ok(());
            }
            let ended = self.process.ended();
            if ended.is_some() || Instant::now() > deadline {
                return Err(format!(
                    "the service does not answer ({}); the end of its log:\n{}",
                    ended.map_or("it runs".to_owned(), |status| status.to_string()),
                    self.process.log_tail()
                ));
            }
            thread::sleep(Duration::from_millis(100));
        }
    }
}

/// Writes this configuration into the folder, which is made if need be, and gives the program to start: the one that was built
/// for the tests, or the one that `CONCLAVE_BIN` names.
pub(crate) fn program_with(folder: &Path, configuration: &str) -> Result<Program, String> {
    let file = folder.join("component.toml");
    fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    fs::write(&file, configuration).map_err(|e| format!("{}: {e}", file.display()))?;
    let built = std::env::var_os("CONCLAVE_BIN").map(PathBuf::from);
    Ok(Program {
        path: built.unwrap_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_conclave"))),
        arguments: vec!["run".to_owned(), "--config".to_owned(), file.display().to_string()],
        // As contrib/conclave.service and the Dockerfile have it.
        environment: [("MALLOC_ARENA_MAX", "2"), ("MALLOC_MMAP_THRESHOLD_", "131072")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec(),
        log: folder.join("conclave.log"),
    })
}

/// The component.toml of a service attached to this server.
pub(crate) fn configuration(host: &Host, folder: &Path) -> String {
    format!(
        "[component]\ndomain = \"{MUC}\"\nserver = \"127.0.0.1:{port}\"\nsecret = \"{SECRET}\"\n\n\
         [service]\nname = \"Rooms on loopback\"\nadmins = [\"admin@localhost\"]\ncreate = \"anyone\"\n\
         contacts.abuse = [\"mailto:abuse@example.org\", \"xmpp:admin@example.org\"]\n\n\
         [store]\npath = {store:?}\n\n[log]\nlevel = \"debug\"\nformat = \"pretty\"\n",
        port = host.component_port(),
        store = folder.join("store"),
    )
}
