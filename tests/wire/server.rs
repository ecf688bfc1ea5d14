//! The service as a process, and the port on which the test waits for it.

use std::fs;
use std::io::{BufRead as _, BufReader, ErrorKind};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::peer::Peer;
use super::ports;

/// The domain of the service.
pub(crate) const DOMAIN: &str = "muc.example";
/// What the service and the server share.
pub(crate) const SECRET: &str = "between-the-two-of-us-7c1f";
/// How long anything may take. Nothing waits so long unless something is wrong.
pub(crate) const BOUND: Duration = Duration::from_secs(20);

/// How the program is started: a write beyond a limit on file sizes, which a test may set, is to fail like a full disk and
/// not to bring a signal.
const RUN: &str = r#"trap '' XFSZ; exec "$0" "$@" >&2"#;

/// How the service gets its secret.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum SecretSource {
    /// In component.toml.
    Settings,
    /// In a file that component.toml names.
    File,
    /// In a file that a flag names.
    Flag,
    /// In a file that a variable of the environment names.
    FileVariable,
    /// In a variable of the environment.
    Variable,
}

/// A running service and the server's side of the world. Dropping it kills the service.
pub(crate) struct Server {
    listener: TcpListener,
    folder: TempDir,
    child: Child,
    lines: Receiver<String>,
    log: String,
    told: SecretSource,
    script: &'static str,
}

impl Server {
    /// Starts the service with default settings and an empty store.
    pub(crate) fn start() -> Self {
        Self::start_with("")
    }

    /// Starts the service with `settings`, which are tables of component.toml, besides those that it needs.
    pub(crate) fn start_with(settings: &str) -> Self {
        Self::start_told(SecretSource::Settings, settings)
    }

    /// Starts the service like [`Server::start_with`], and gives it the secret in some other way.
    pub(crate) fn start_told(told: SecretSource, settings: &str) -> Self {
        Self::start_by(RUN, told, settings)
    }

    /// Starts the service by a script for `sh`, which becomes the program and its arguments, `"$0" "$@"`.
    pub(crate) fn start_by(script: &'static str, told: SecretSource, settings: &str) -> Self {
        let listener = listen();
        let port = listener.local_addr().expect("bound").port();
        let folder = tempfile::tempdir().expect("a folder");
        let secret = match told {
            SecretSource::Settings => format!("secret = \"{SECRET}\""),
            SecretSource::File => format!("secret_file = {:?}", folder.path().join("secret")),
            SecretSource::Flag | SecretSource::FileVariable | SecretSource::Variable => String::new(),
        };
        let text = format!(
            "[component]\ndomain = \"{DOMAIN}\"\nserver = \"127.0.0.1:{port}\"\n{secret}\n\
             [store]\npath = {:?}\n{settings}\n",
            folder.path().join("store"),
        );
        fs::write(folder.path().join("component.toml"), text).expect("written");
        fs::write(folder.path().join("secret"), SECRET).expect("written");
        let (child, lines) = spawn(folder.path(), told, script);
        Self { listener, folder, child, lines, log: String::new(), told, script }
    }

    /// Starts the service again, with the same settings and the same store, after it has ended.
    pub(crate) fn start_again(&mut self) {
        assert!(self.child.try_wait().expect("a child").is_some(), "it still runs");
        self.whole_log();
        (self.child, self.lines) = spawn(self.folder.path(), self.told, self.script);
    }

    /// From the next start on the settings have `after` where they have `before`.
    pub(crate) fn resettle(&self, before: &str, after: &str) {
        let file = self.folder.path().join("component.toml");
        let settings = fs::read_to_string(&file).expect("written before");
        fs::write(file, settings.replacen(before, after, 1)).expect("written");
    }

    /// A second process with the same settings, which is expected to end by itself; how it ended and what it said.
    pub(crate) fn start_second(&self) -> (ExitStatus, String) {
        let (mut child, lines) = spawn(self.folder.path(), self.told, self.script);
        let status = wait(&mut child);
        (status, lines.iter().collect())
    }

    /// Listens on another port from now on, which the settings name from now on; on the one before nobody listens any more.
    pub(crate) fn move_to_another_port(&mut self) {
        let before = self.listener.local_addr().expect("bound").port();
        self.listener = listen();
        let port = self.listener.local_addr().expect("bound").port();
        self.resettle(&format!("127.0.0.1:{before}"), &format!("127.0.0.1:{port}"));
    }

    /// The next connection of the service, before anything was said on it.
    pub(crate) fn connection(&self) -> Peer {
        let deadline = Instant::now() + BOUND;
        loop {
            match self.listener.accept() {
                Ok((socket, _)) => return Peer::new(socket),
                Err(e) if e.kind() == ErrorKind::WouldBlock => {
                    assert!(Instant::now() < deadline, "the service does not connect");
                    thread::sleep(Duration::from_millis(2));
                }
                Err(e) => panic!("{e}"),
            }
        }
    }

    /// The next connection of the service, if it is there already.
    pub(crate) fn poll(&self) -> Option<Peer> {
        self.listener.accept().ok().map(|(socket, _)| Peer::new(socket))
    }

    /// The next connection of the service, up and with the handshake done.
    pub(crate) fn accept(&self) -> Peer {
        Self::greeted(self.connection())
    }

    /// The same of a process that is replaced while it has no link: what it may have begun before is passed over.
    pub(crate) fn accept_of_the_next(&self) -> Peer {
        loop {
            let mut peer = self.connection();
            if !peer.ends_within(Duration::from_millis(200)) {
                return Self::greeted(peer);
            }
        }
    }

    fn greeted(mut peer: Peer) -> Peer {
        peer.shake_hands();
        peer.send("<handshake/>");
        peer
    }

    /// Waits until the log has a line with `text`; gives all of the log so far.
    pub(crate) fn log_with(&mut self, text: &str) -> &str {
        let deadline = Instant::now() + BOUND;
        while !self.log.contains(text) {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) => self.log.push_str(&line),
                Err(e) => panic!("{e}: the log has no {text:?}:\n{}", self.log),
            }
        }
        &self.log
    }

    /// All that a service that has ended has logged, with what earlier ones had.
    pub(crate) fn whole_log(&mut self) -> &str {
        self.log.extend(self.lines.iter());
        &self.log
    }

    /// The process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The folder of the store.
    pub(crate) fn store(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("gone");
    }

    /// Asks the service to stop: SIGTERM.
    pub(crate) fn terminate(&self) {
        self.signal("TERM");
    }

    /// Sends a signal, by its name without SIG.
    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill").args(["-s", name, &self.pid().to_string()]).status();
        assert!(status.expect("kill").success());
    }

    /// Waits for the end of the service; its exit code.
    pub(crate) fn ended(&mut self) -> Option<i32> {
        wait(&mut self.child).code()
    }

    /// Stops the service in order, with its connection; what it says meanwhile is not looked at.
    pub(crate) fn stop(&mut self, mut peer: Peer) {
        self.terminate();
        peer.end();
        drop(peer);
        assert_eq!(self.ended(), Some(0));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("the service said:\n{}", self.whole_log());
        }
    }
}

/// Listens on a port of loopback that nobody else has.
fn listen() -> TcpListener {
    for _ in 0..100 {
        let port = ports::free().expect("a free port");
        // Another test program may have taken it just now.
        if let Ok(listener) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            listener.set_nonblocking(true).expect("a socket");
            return listener;
        }
    }
    panic!("no port stays free");
}

/// The program: the one that was built for the tests, or the one that `CONCLAVE_BIN` names.
pub(crate) fn program() -> PathBuf {
    std::env::var_os("CONCLAVE_BIN")
        .map_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_conclave")), PathBuf::from)
}

/// Starts the program, and a thread that reads its log: all that it says, on whichever output.
///
/// `setpriv` has the system kill it when the thread of the test ends in whatever way.
fn spawn(folder: &Path, told: SecretSource, script: &str) -> (Child, Receiver<String>) {
    let mut command = Command::new("setpriv");
    command
        .args(["--pdeathsig", "KILL", "--", "sh", "-c", script])
        .arg(program())
        .args(["run", "--config"])
        .arg(folder.join("component.toml"))
        .current_dir(folder)
        // As contrib/conclave.service and the Dockerfile have it.
        .envs([("MALLOC_ARENA_MAX", "2"), ("MALLOC_MMAP_THRESHOLD_", "131072")])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CONCLAVE_")) {
        command.env_remove(name);
    }
    match told {
        SecretSource::Settings | SecretSource::File => &mut command,
        SecretSource::Flag => command.arg("--secret-file").arg(folder.join("secret")),
        SecretSource::FileVariable => command.env("CONCLAVE_SECRET_FILE", folder.join("secret")),
        SecretSource::Variable => command.env("CONCLAVE_SECRET", SECRET),
    };
    let mut child = command.spawn().expect("setpriv, of util-linux");
    let mut log = BufReader::new(child.stderr.take().expect("piped"));
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        let mut line = String::new();
        while log.read_line(&mut line).is_ok_and(|read| read > 0) {
            if sender.send(std::mem::take(&mut line)).is_err() {
                return;
            }
        }
    });
    (child, lines)
}

fn wait(child: &mut Child) -> ExitStatus {
    let deadline = Instant::now() + BOUND;
    loop {
        if let Some(status) = child.try_wait().expect("a child") {
            return status;
        }
        assert!(Instant::now() < deadline, "the service does not end");
        thread::sleep(Duration::from_millis(5));
    }
}
