//! A child process that cannot outlive the test.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// What to start.
#[derive(Clone, Debug, Default)]
pub(crate) struct Program {
    /// The executable.
    pub(crate) path: PathBuf,
    /// Its arguments.
    pub(crate) arguments: Vec<String>,
    /// Its environment, besides our own.
    pub(crate) environment: Vec<(String, String)>,
    /// Where its standard output and error go.
    pub(crate) log: PathBuf,
}

/// A running child. Dropping it kills it, by its own process id, and waits for its end.
///
/// A thread of its own starts the child and stays as long as the child does, because the signal that `setpriv
/// --pdeathsig` asks for is sent when the *thread* that started the child ends: so a test program that is killed
/// leaves nothing behind.
#[derive(Debug)]
pub(crate) struct Process {
    pid: u32,
    log: PathBuf,
    ended: Arc<OnceLock<ExitStatus>>,
    end: Option<Sender<()>>,
    keeper: Option<JoinHandle<()>>,
}

impl Process {
    /// Starts a program.
    ///
    /// # Errors
    /// A sentence with the reason why it cannot be started.
    pub(crate) fn start(program: Program) -> Result<Self, String> {
        let fault = |e: std::io::Error| format!("cannot start {}: {e}", program.path.display());
        let output = File::create(&program.log).map_err(fault)?;
        let errors = output.try_clone().map_err(fault)?;
        let mut command = Command::new("setpriv");
        command
            .args(["--pdeathsig", "KILL", "--"])
            .arg(&program.path)
            .args(&program.arguments)
            .envs(program.environment.iter().cloned())
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors);
        let ended = Arc::new(OnceLock::new());
        let (end, ending) = mpsc::channel();
        let (started, start) = mpsc::channel();
        let seen = Arc::clone(&ended);
        let keeper = thread::spawn(move || {
            let mut child = match command.spawn() {
                Ok(child) => child,
                Err(e) => return drop(started.send(Err(e))),
            };
            // Nobody waits for the answer any more when the starter has gone; then `ending` says so.
            let _ = started.send(Ok(child.id()));
            loop {
                if let Ok(Some(status)) = child.try_wait() {
                    let _ = seen.set(status);
                    return;
                }
                if ending.recv_timeout(Duration::from_millis(20)) != Err(RecvTimeoutError::Timeout) {
                    // It may have ended by itself just now.
                    let _ = child.kill();
                    if let Ok(status) = child.wait() {
                        let _ = seen.set(status);
                    }
                    return;
                }
            }
        });
        let pid = start.recv().map_err(|e| e.to_string())?.map_err(fault)?;
        Ok(Self { pid, log: program.log, ended, end: Some(end), keeper: Some(keeper) })
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&self) -> Option<ExitStatus> {
        self.ended.get().copied()
    }

    /// Sends it a signal by name, for example `TERM`.
    pub(crate) fn signal(&self, name: &str) -> Result<(), String> {
        let status = Command::new("kill").args(["-s", name, &self.pid.to_string()]).status();
        match status {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(format!("kill -s {name} {}: {status}", self.pid)),
            Err(e) => Err(format!("kill: {e}")),
        }
    }

    /// Waits for its end, at most so long.
    pub(crate) fn wait(&self, at_most: Duration) -> Option<ExitStatus> {
        let mut waited = Duration::ZERO;
        while waited < at_most && self.ended().is_none() {
            thread::sleep(Duration::from_millis(10));
            waited += Duration::from_millis(10);
        }
        self.ended()
    }

    /// Kills it and waits for its end: `kill -9`.
    pub(crate) fn kill(&mut self) {
        drop(self.end.take());
        if let Some(keeper) = self.keeper.take() {
            // A keeper that panicked has nothing left to end.
            let _ = keeper.join();
        }
    }

    /// All of its output so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read(&self.log)
            .map_or_else(|e| e.to_string(), |log| String::from_utf8_lossy(&log).into_owned())
    }

    /// The end of its output.
    pub(crate) fn log_tail(&self) -> String {
        tail(&self.log)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The last few kilobytes of a log.
pub(crate) fn tail(log: &Path) -> String {
    const TAIL_BYTES: u64 = 4096;
    let read = || -> std::io::Result<String> {
        let mut file = File::open(log)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES)))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    read().unwrap_or_else(|e| format!("({}: {e})", log.display()))
}

/// Finds an executable in `PATH` and where Debian puts those of administrators.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain([PathBuf::from("/usr/bin"), PathBuf::from("/usr/sbin")])
        .map(|folder| folder.join(name))
        .find(|candidate| candidate.is_file())
}
