//! Restart in place: the process becomes a new one of the same id, with the connection to the server as its standard
//! input. The server notices nothing, and the new process may be another version with other settings.

use std::io::Write as _;
use std::net::TcpStream;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use std::{env, fs, io, thread};

use conclave::config::Component;
use conclave::link::TakenOver;
use conclave::wire::stream::Resumption;
use nix::unistd::dup2_stdin;

/// Tells the new process in which file it finds where the stream stands.
const VARIABLE: &str = "CONCLAVE_TAKE_OVER";

/// Tells it that somebody may be gone who has not been found out yet.
const DOUBTFUL: &str = "CONCLAVE_TAKE_OVER_DOUBTFUL";

/// Tells it how many microseconds bytes take to the server and back.
const DISTANCE: &str = "CONCLAVE_TAKE_OVER_DISTANCE";

/// Tells it whose connection it is: the domain of the service, and the server as the settings had it.
const PARTIES: &str = "CONCLAVE_TAKE_OVER_PARTIES";

/// How often and how long it is waited for the program to look at its settings.
const TRIES: u32 = 250;
const PAUSE: Duration = Duration::from_millis(20);

/// The program as it was called, found before anything changes.
#[derive(Clone)]
pub(crate) struct Program {
    path: PathBuf,
}

impl Program {
    /// The program that runs now, or what stands in its place later.
    pub(crate) fn current() -> io::Result<Self> {
        Ok(Self { path: env::current_exe()? })
    }

    /// Whether what stands in the program's place can be started, with the settings as they are now. It says itself what
    /// it finds wrong with them. Takes five seconds at most.
    pub(crate) fn is_sound(&self) -> bool {
        let mut command = Command::new(&self.path);
        // The first argument is `run`, and `config check` takes the same ones after it.
        command.args(["config", "check"]).args(env::args_os().skip(2));
        command.env_remove(VARIABLE).stdin(Stdio::null()).stdout(Stdio::null());
        let Ok(mut child) = command.spawn() else { return false };
        for _ in 0..TRIES {
            match child.try_wait() {
                Ok(None) => thread::sleep(PAUSE),
                ended => return matches!(ended, Ok(Some(status)) if status.success()),
            }
        }
        // It hangs. Whatever becomes of it, it is not sound.
        let _ = child.kill();
        let _ = child.wait();
        false
    }

    /// Becomes the new process. `parties` are those of the connection. Returns only when that fails.
    pub(crate) fn start(&self, connection: Option<TakenOver>, parties: &str, folder: &Path) -> io::Error {
        let mut command = Command::new(&self.path);
        command.args(env::args_os().skip(1));
        command.env_remove(VARIABLE).env_remove(DOUBTFUL).env_remove(DISTANCE).env(PARTIES, parties);
        if let Some(TakenOver { socket, resumption, distance, doubtful }) = connection {
            let file = folder.join("take-over");
            command.env(DISTANCE, distance.as_micros().to_string());
            if doubtful {
                command.env(DOUBTFUL, "1");
            }
            match write(&file, &resumption) {
                Ok(()) => command.env(VARIABLE, file).stdin(OwnedFd::from(socket)),
                Err(e) => {
                    tracing::warn!("the connection cannot be handed over and is made anew: {e}");
                    command.stdin(Stdio::null())
                }
            };
        }
        // Signals that are held back stay so: see `host::hold_signals`.
        command.exec()
    }
}

/// Between whom a connection is.
pub(crate) fn parties(component: &Component) -> String {
    format!("{} {}", component.domain, component.server)
}

/// The connection that the process before has left, if it has one of these `parties`. What cannot be taken over is made
/// anew.
pub(crate) fn taken_over(parties: &str) -> Option<TakenOver> {
    let file = PathBuf::from(env::var_os(VARIABLE)?);
    let taken = socket().and_then(|socket| {
        if env::var_os(PARTIES).is_some_and(|before| before != *parties) {
            return Err(io::Error::other("the settings have another domain or server now"));
        }
        let doubtful = env::var_os(DOUBTFUL).is_some();
        // A process of an older version says nothing of it.
        let micros = env::var(DISTANCE).ok().and_then(|micros| micros.parse().ok()).unwrap_or(0);
        let distance = Duration::from_micros(micros);
        Ok(TakenOver { socket, resumption: read(&file)?, distance, doubtful })
    });
    // A file that stays behind does no harm.
    let _ = fs::remove_file(&file);
    taken.inspect_err(|e| tracing::warn!("the connection cannot be taken over and is made anew: {e}")).ok()
}

/// The connection, which is the standard input no more: else it would be open for as long as the process lives.
fn socket() -> io::Result<TcpStream> {
    let socket = io::stdin().as_fd().try_clone_to_owned()?;
    dup2_stdin(fs::File::open("/dev/null")?)?;
    Ok(TcpStream::from(socket))
}

fn write(path: &Path, Resumption { header, tail }: &Resumption) -> io::Result<()> {
    // What was begun of a stanza may be somebody's words.
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(&(header.len() as u64).to_le_bytes())?;
    file.write_all(header)?;
    file.write_all(tail)
}

fn read(path: &Path) -> io::Result<Resumption> {
    let bytes = fs::read(path)?;
    let parts = bytes.split_first_chunk().and_then(|(length, rest)| {
        let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
        rest.split_at_checked(length)
    });
    let (header, tail) = parts.ok_or_else(|| io::Error::other(format!("{} is cut short", path.display())))?;
    Ok(Resumption { header: header.to_vec(), tail: tail.to_vec() })
}
