//! What a scenario plays on: a server, a proxy before its port for components, and the service behind the proxy.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use conclave::wire::ns;
use tempfile::TempDir;

use crate::judge::Account;
use crate::party::Party;
use crate::proxy::Proxy;
use crate::servers::client::{Client, Door};
use crate::servers::host::{Host, SECRET};
use crate::servers::ports;
use crate::servers::process::{Process, Program};

/// How long something may take that is not part of what is tried.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// A server of its own, or one that other scenarios use, too.
pub(crate) enum Server {
    Own(Box<Host>),
    Shared(Arc<Host>),
}

/// What a scenario plays on.
pub(crate) struct Stage {
    pub(crate) name: &'static str,
    pub(crate) domain: String,
    /// The settings that the service starts with.
    pub(crate) settings: String,
    /// Variables that the service finds in its environment.
    pub(crate) environment: Vec<(String, String)>,
    /// The program to start: the built binary, unless a scenario needs another.
    pub(crate) program: PathBuf,
    /// A command that becomes the program that its last arguments name.
    pub(crate) wrapper: Vec<String>,
    pub(crate) proxy: Proxy,
    /// What users saw, as counted.
    pub(crate) saw: Vec<String>,
    service: Option<Process>,
    starts: usize,
    server: Server,
    folder: TempDir,
}

impl Stage {
    pub(crate) fn new(name: &'static str, server: Server, domain: String) -> Result<Self, String> {
        let host = server.host();
        let folder = tempfile::Builder::new()
            .prefix(&format!("conclave-{name}-"))
            .tempdir()
            .map_err(|e| format!("a temporary folder: {e}"))?;
        let proxy = Proxy::open(IpAddr::V4(Ipv4Addr::LOCALHOST), ports::free()?, host.component_port())?;
        let settings = settings(&domain, &proxy, &folder.path().join("store"));
        Ok(Self {
            name,
            domain,
            settings,
            environment: Vec::new(),
            program: PathBuf::from(env!("CARGO_BIN_EXE_conclave")),
            wrapper: Vec::new(),
            proxy,
            saw: Vec::new(),
            service: None,
            starts: 0,
            server,
            folder,
        })
    }

    /// The server.
    pub(crate) fn host(&self) -> &Host {
        self.server.host()
    }

    /// The server, to be ended and started.
    pub(crate) fn own_host(&mut self) -> &mut Host {
        match &mut self.server {
            Server::Own(host) => host,
            Server::Shared(_) => panic!("{} has no server of its own", self.name),
        }
    }

    /// Where clients log in.
    pub(crate) fn door(&self) -> Door {
        self.host().door()
    }

    /// Files of this scenario.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The service.
    pub(crate) fn service(&mut self) -> &mut Process {
        self.service.as_mut().expect("the scenario has started it")
    }

    /// Writes the settings as they are now; gives the file.
    pub(crate) fn write_settings(&self) -> PathBuf {
        let file = self.folder().join("component.toml");
        fs::write(&file, &self.settings).expect("the settings are written");
        file
    }

    /// Starts the service, and does not wait for it.
    pub(crate) fn spawn(&mut self) {
        let file = self.write_settings();
        self.starts += 1;
        let program = self.program.display().to_string();
        let command = [program, "run".to_owned(), "--config".to_owned(), file.display().to_string()];
        let mut words = self.wrapper.iter().cloned().chain(command);
        let program = Program {
            path: words.next().expect("the program at least").into(),
            arguments: words.collect(),
            environment: self.environment.clone(),
            log: self.folder().join(format!("conclave-{}.log", self.starts)),
        };
        // The one before has ended, or ends now.
        self.service = None;
        self.service = Some(Process::start(program).unwrap_or_else(|e| panic!("{e}")));
    }

    /// Starts the service and waits until it answers.
    pub(crate) fn start(&mut self) {
        self.spawn();
        self.answers();
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        self.service().kill();
    }

    /// Waits until the service answers a client; gives how long it took.
    pub(crate) fn answers(&self) -> Duration {
        let start = Instant::now();
        // Each with a resource of its own: the one before may still be there.
        let resource =
            format!("{}-{}", self.name, start.elapsed().as_nanos() ^ u128::from(std::process::id()));
        let mut client = Client::login(&self.door(), &self.host().watcher(), &resource)
            .unwrap_or_else(|e| panic!("the watcher logs in: {e}"));
        for number in 0.. {
            let id = format!("there-{number}");
            let query = format!("<query xmlns='{}'/>", ns::DISCO_INFO);
            let request = format!("<iq type='get' id='{id}' to='{}'>{query}</iq>", self.domain);
            client.send_text(&request).unwrap_or_else(|e| panic!("the watcher asks: {e}"));
            // A dead link swallows the question.
            let deadline = Instant::now() + Duration::from_secs(2);
            while let Ok(Some(answer)) = client.next(deadline) {
                let query = answer.get_child("query", ns::DISCO_INFO);
                if query.is_some_and(|q| q.children().any(|c| c.attr("var") == Some(ns::MUC))) {
                    client.close();
                    return start.elapsed();
                }
                if answer.attr("id") == Some(&id) {
                    break;
                }
            }
            if let Some(service) = &self.service
                && let Some(status) = service.ended()
            {
                panic!("the service has ended ({status}):\n{}", service.log_tail());
            }
            assert!(start.elapsed() < PATIENCE, "the service does not answer");
            thread::sleep(Duration::from_millis(50));
        }
        unreachable!("the loop has no other end")
    }

    /// The service and, in a room that lasts as long as somebody is in it, three people.
    pub(crate) fn party(&mut self) -> Party {
        self.start();
        self.gather(&[("muc#roomconfig_persistentroom", "0")])
    }

    /// Three people in a room with these options.
    pub(crate) fn gather(&mut self, options: &[(&str, &str)]) -> Party {
        let room = format!("room@{}", self.domain);
        let tag = self.domain.split('.').next().expect("a label").to_owned();
        Party::gather(&self.door(), &room, &tag, options)
    }

    /// Notes what users saw.
    pub(crate) fn note(&mut self, account: &Account) {
        self.saw.push(account.to_string());
    }

    /// How often the words stand in the log of the service that runs or ran last.
    pub(crate) fn logged(&self, words: &str) -> usize {
        self.service.as_ref().map_or(0, |service| service.log().matches(words).count())
    }

    /// Waits for words in the log.
    pub(crate) fn until_logged(&self, words: &str, times: usize) {
        let start = Instant::now();
        while self.logged(words) < times {
            assert!(start.elapsed() < PATIENCE, "the log says '{words}' {} times", self.logged(words));
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Another stage before the same server and for the same domain: a second service.
    pub(crate) fn second(&self) -> Self {
        let server = match &self.server {
            Server::Shared(host) => Server::Shared(host.clone()),
            Server::Own(_) => panic!("only a shared server"),
        };
        Self::new(self.name, server, self.domain.clone()).unwrap_or_else(|e| panic!("{e}"))
    }

    /// Where the service connects is now this proxy.
    pub(crate) fn through(&mut self, proxy: Proxy) {
        self.settings = settings(&self.domain, &proxy, &self.folder().join("store"));
        self.proxy = proxy;
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // Before its files are removed.
        drop(self.service.take());
        if thread::panicking() {
            self.folder.disable_cleanup(true);
            eprintln!("logs: {}", self.folder.path().display());
        }
    }
}

impl Server {
    fn host(&self) -> &Host {
        match self {
            Self::Own(host) => host,
            Self::Shared(host) => host,
        }
    }
}

fn settings(domain: &str, proxy: &Proxy, store: &Path) -> String {
    format!(
        "[component]\ndomain = \"{domain}\"\nserver = \"{}\"\nsecret = \"{SECRET}\"\n\n\
         [store]\npath = {store:?}\n\n[log]\nlevel = \"debug\"\nformat = \"pretty\"\n",
        proxy.address()
    )
}
