//! A program in a terminal: what is typed, and what the screen shows.
//!
//! The terminal is a tmux of its own, on a socket in its folder, and ends with its value.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::servers::process::{Process, Program, find};

/// How long the screen may take to show something.
const PATIENCE: Duration = Duration::from_secs(15);
const COLUMNS: &str = "110";

/// A running program and its screen.
#[derive(Debug)]
pub(crate) struct Terminal {
    tmux: PathBuf,
    socket: PathBuf,
    // Ends the terminal, and with it the program.
    _server: Process,
}

impl Terminal {
    /// Starts a command, with its arguments, in a terminal of so many rows whose files go to `folder`.
    pub(crate) fn start(folder: &Path, rows: u32, command: &[String]) -> Self {
        let tmux = find("tmux").expect("tmux, which scripts/test installs (Debian: apt-get install tmux)");
        let socket = folder.join("terminal");
        let settings = folder.join("tmux.conf");
        std::fs::write(&settings, "set -g status off\nset -g remain-on-exit on\n")
            .expect("a file can be written");
        let text = |path: &Path| path.display().to_string();
        let server = Process::start(Program {
            path: tmux.clone(),
            arguments: ["-D", "-u", "-S", &text(&socket), "-f", &text(&settings)].map(str::to_owned).to_vec(),
            environment: vec![("LC_ALL".to_owned(), "C.UTF-8".to_owned())],
            log: folder.join("tmux.log"),
        });
        let terminal = Self { tmux, socket, _server: server.unwrap_or_else(|e| panic!("{e}")) };
        let deadline = Instant::now() + PATIENCE;
        while !terminal.socket.exists() {
            assert!(Instant::now() < deadline, "tmux does not start");
            thread::sleep(Duration::from_millis(20));
        }
        let rows = rows.to_string();
        let session = ["new-session", "-d", "-s", "main", "-x", COLUMNS, "-y", &rows, "--"];
        let arguments = session.into_iter().chain(command.iter().map(String::as_str));
        terminal.tmux(arguments);
        terminal
    }

    /// Types a line and, once the screen shows it, sends it off: what comes all at once, some take for pasted.
    pub(crate) fn types(&self, line: &str) {
        let before = self.screen().matches(line).count();
        self.tmux(["send-keys", "-t", "main", "-l", line]);
        self.until(&[line], |screen| screen.matches(line).count() > before);
        self.presses("Enter");
    }

    /// Presses a key by tmux's name of it.
    pub(crate) fn presses(&self, key: &str) {
        self.tmux(["send-keys", "-t", "main", key]);
    }

    /// What the screen shows now.
    pub(crate) fn screen(&self) -> String {
        let screen = self.tmux(["capture-pane", "-p", "-t", "main"]);
        let lines: Vec<&str> = screen.lines().map(str::trim_end).collect();
        lines.join("\n").trim_end().to_owned() + "\n"
    }

    /// Waits until the screen shows all of these, and gives the screen.
    pub(crate) fn shows(&self, texts: &[&str]) -> String {
        self.until(texts, |screen| texts.iter().all(|text| screen.contains(text)))
    }

    fn until(&self, wanted: &[&str], is_it: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let screen = self.screen();
            if is_it(&screen) {
                return screen;
            }
            assert!(Instant::now() < deadline, "the screen does not show {wanted:?}:\n{screen}");
            thread::sleep(Duration::from_millis(50));
        }
    }

    fn tmux<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> String {
        let output = Command::new(&self.tmux).arg("-u").arg("-S").arg(&self.socket).args(arguments).output();
        let output = output.expect("tmux can be started");
        assert!(output.status.success(), "tmux: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

/// Keeps a screen, with its empty part cut short, among the documents when they are to be written; otherwise it must
/// have been kept before.
pub(crate) fn keep(name: &str, screen: &str) {
    let mut screen = screen.to_owned();
    while screen.contains("\n\n\n") {
        screen = screen.replace("\n\n\n", "\n\n");
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/clients/{name}.txt"));
    if std::env::var_os("CONCLAVE_WRITE_DOCS").is_some() {
        std::fs::write(&path, screen).expect("a document can be written");
    }
    assert!(path.is_file(), "{name} is not kept: CONCLAVE_WRITE_DOCS=1 cargo test --test clients");
}
