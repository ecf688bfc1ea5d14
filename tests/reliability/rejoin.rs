//! The host server is restarted, and web clients are back within a second: do they find their room, or have they to wait?

use std::fmt::Write as _;
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use super::server::Server;
use super::service::Service;
use crate::servers::client::{Client, Door};
use crate::servers::guest::{Guest, condition, entry, is_error, is_own_presence, is_subject};
use crate::servers::host::{Kind, MUC};

/// Clients of the room.
const PEOPLE: usize = 10;
/// How long after the server's port is open they log in.
const AFTER: Duration = Duration::from_secs(1);
/// How long they are in the room before the next restart: the server is one that dies every few seconds.
const BETWEEN: Duration = Duration::from_secs(2);
/// How long a start of the server may take, and a login, and an answer of the room.
const PATIENCE: Duration = Duration::from_secs(60);

/// What clients saw of the restarts.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) restarts: u64,
    /// Clients that found the room at their first attempt.
    pub(crate) found: u64,
    /// What others got instead, and for which client of which restart.
    pub(crate) refused: Vec<String>,
    /// From the open port to the subject of the room, for each client that found it; in order.
    times: Vec<Duration>,
}

impl Seen {
    /// How many clients should have found it.
    pub(crate) fn due(&self) -> u64 {
        self.restarts * PEOPLE as u64
    }

    /// A line for people.
    pub(crate) fn line(&self, kind: Kind) -> String {
        let seconds = |at: usize| self.times.get(at).map_or(0.0, Duration::as_secs_f64);
        let mut line = format!(
            "{} restarts of {}, half of them `kill -9`: {} of {} clients found the room at once; from the open port to the \
             subject {:.2} s at most, half of them {:.2} s",
            self.restarts,
            kind.name(),
            self.found,
            self.due(),
            seconds(self.times.len().saturating_sub(1)),
            seconds(self.times.len() / 2)
        );
        for refused in &self.refused {
            let _ = write!(line, "\n  {refused}");
        }
        line
    }
}

/// Restarts the server so many times, in order and by force in turn.
pub(crate) fn rejoin(kind: Kind, restarts: u64) -> Result<Seen, String> {
    let mut server = Server::new(kind)?;
    let folder = server.folder().join("service");
    let _service = Service::new(&folder, server.component_port, "")?;
    let (door, room) = (server.door(), format!("rejoin@{MUC}"));
    settle(&door, &room)?;
    let mut seen = Seen::default();
    for restart in 0..restarts {
        thread::sleep(BETWEEN);
        server.stop(restart % 2 == 0)?;
        // The port is watched while the server starts.
        let address = door.address.clone();
        let watch = thread::spawn(move || opens(&address));
        server.start()?;
        let open = watch.join().expect("it only looks")?;
        let back = open + AFTER;
        let clients: Vec<_> = (0..PEOPLE)
            .map(|person| {
                let (door, room) = (door.clone(), room.clone());
                thread::spawn(move || comes_back(&door, &room, person, back))
            })
            .collect();
        seen.restarts += 1;
        for client in clients {
            match client.join().map_err(|_| "a client failed".to_owned())? {
                Ok(at) => {
                    seen.found += 1;
                    seen.times.push(at.duration_since(open));
                }
                Err(what) => seen.refused.push(format!("restart {restart}: {what}")),
            }
        }
        eprintln!("restart {restart} of {}: {} of {}", kind.name(), seen.found, seen.due());
    }
    seen.times.sort();
    Ok(seen)
}

/// The room is made, and all have an account. The link may take a moment.
fn settle(door: &Door, room: &str) -> Result<(), String> {
    let deadline = Instant::now() + PATIENCE;
    let mut owner = Guest::at(door, "rejoins0");
    loop {
        owner.says(&entry(room, "rejoins0"));
        let answer = owner.hears("an answer", |s| is_own_presence(s, room, "rejoins0") || is_error(s));
        if !is_error(&answer) {
            break;
        }
        if Instant::now() > deadline {
            return Err(format!("no room: {:?}", condition(&answer)));
        }
        thread::sleep(Duration::from_millis(100));
    }
    owner.configures(room, &[("muc#roomconfig_persistentroom", "1")]);
    for person in 1..PEOPLE {
        Guest::at(door, &format!("rejoins{person}")).enters(room, &format!("rejoins{person}"));
    }
    Ok(())
}

/// When the port takes connections.
fn opens(address: &str) -> Result<Instant, String> {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        if TcpStream::connect(address).is_ok() {
            return Ok(Instant::now());
        }
        thread::sleep(Duration::from_millis(5));
    }
    Err(format!("{address} does not open"))
}

/// A client logs in as soon as the server lets it, and enters once. Gives when it has the subject, or says what it got instead.
fn comes_back(door: &Door, room: &str, person: usize, at: Instant) -> Result<Instant, String> {
    let name = format!("rejoins{person}");
    thread::sleep(at.saturating_duration_since(Instant::now()));
    let deadline = Instant::now() + PATIENCE;
    let mut client = loop {
        match Client::login(door, &Guest::account(&name), "web") {
            Ok(client) => break client,
            Err(e) if Instant::now() > deadline => return Err(format!("{name} cannot log in: {e}")),
            Err(_) => thread::sleep(Duration::from_millis(50)),
        }
    };
    client.send_text(&entry(room, &name)).map_err(|e| e.to_string())?;
    while let Some(stanza) = client.next(deadline).map_err(|e| e.to_string())? {
        if is_error(&stanza) {
            return Err(format!("{name} got {}", condition(&stanza).unwrap_or("an error")));
        }
        if is_subject(&stanza, room) {
            return Ok(Instant::now());
        }
    }
    Err(format!("{name} got no answer"))
}
