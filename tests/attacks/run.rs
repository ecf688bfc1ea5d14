//! Plays one attack, and judges what the others noticed of it.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::behind::Behind;
use crate::field::Field;
use crate::played::server::{DOMAIN, Server};
use crate::scale;

/// Memory may grow by so much.
const MEMORY_MAX: u64 = 64 << 20;
/// What a store takes beside what is in it: files that are begun, and what waits for the next upkeep.
const DISK_SPARE: u64 = 24 << 20;
/// How long the store may take until it is small again.
const UPKEEP: Duration = Duration::from_secs(12);
/// How often the unrelated room is pinged.
const BETWEEN: Duration = Duration::from_millis(50);
/// What an account may send in a second, in the end, and at once.
const RATE: f64 = 50.0;
const BURST: f64 = 5000.0;
/// The room that is pinged, and who does it.
const CALM: &str = "calm";
pub(crate) const WATCHER: &str = "watcher@calm.example";
/// How often what another wants is asked for.
const PROBES: Duration = Duration::from_millis(500);
/// Who waits until the rooms that were attacked have dealt with everything, and in how many of them.
pub(crate) const FENCER: &str = "fencer@calm.example";
const FENCED_MAX: usize = 12;

/// Where who attacks has an account.
const DOMAIN_OF_ATTACK: &str = "evil.example";

/// Who attacks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum By {
    /// One account.
    Account,
    /// The accounts of one domain.
    Domain,
}

/// The recipient, the type, and the payload.
pub(crate) type Request = (String, &'static str, String);

/// An attack: what is made ready, what is sent, and what must not come of it.
pub(crate) struct Attack {
    pub(crate) name: &'static str,
    pub(crate) by: By,
    /// Tables of component.toml.
    pub(crate) settings: &'static str,
    /// Makes everything ready.
    pub(crate) prepare: fn(&Field),
    /// Whether the service is started again before the attack: it has no rates until then, and no room is in memory.
    pub(crate) restart: bool,
    /// The stanza that is sent as the one of this number, and by whom.
    pub(crate) stanza: fn(&Field, usize) -> (String, String),
    /// How many are sent in the short run.
    pub(crate) short: usize,
    /// What somebody else wants meanwhile, again and again, beside the pings: to whom, the type, and the payload.
    pub(crate) probe: Option<fn(&Field, usize) -> Request>,
    /// What else must hold when all is sent.
    pub(crate) check: fn(&Field, &Outcome) -> Result<(), String>,
}

/// Nothing more.
pub(crate) const NOTHING_MORE: fn(&Field, &Outcome) -> Result<(), String> = |_, _| Ok(());

/// What somebody else waited for.
#[derive(Debug, Default)]
struct Waits {
    worst: Duration,
    unanswered: usize,
    refused: Option<String>,
}

/// What was seen.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Stanzas that were sent.
    pub(crate) stanzas: usize,
    /// Their bytes.
    pub(crate) bytes_in: u64,
    /// Bytes that the service sent meanwhile.
    pub(crate) bytes_out: u64,
    /// Those of them that went to accounts that neither attack nor look on.
    pub(crate) bytes_to_others: u64,
    /// Bytes that it wrote to files meanwhile.
    pub(crate) written: u64,
    ping: Waits,
    probe: Waits,
    own_delay: Duration,
    memory: u64,
    /// What it still has of it after a while.
    kept: u64,
    disk: u64,
    live: u64,
}

/// Where the service runs.
enum Place {
    Played(Box<Server>),
    Behind(Box<Behind>),
}

/// Plays an attack.
///
/// # Errors
/// What the others noticed of it.
pub(crate) fn play(attack: &Attack) -> Result<(), String> {
    let before = match attack.restart {
        true => scale::without_rates(attack.settings),
        false => attack.settings.to_owned(),
    };
    let mut place = match scale::server() {
        None => Place::Played(Box::new(Server::start_with(&before))),
        Some(name) => Place::Behind(Box::new(Behind::start(&name, &before)?)),
    };
    let mut field = place.field();
    field.create(WATCHER, CALM, &[("persistentroom", "1")]);
    (attack.prepare)(&field);
    if attack.restart {
        field = place.restart(field, &before, attack.settings);
        // Rooms that occupants are in come back some seconds later: what they take is not of the attack.
        thread::sleep(Duration::from_secs(scale::of(0, 8) as u64));
    }
    let answer = field.fence(WATCHER, CALM);
    if answer.is_empty() {
        return Err("the service is gone before the attack".to_owned());
    }
    let before = memory(place.pid(), "VmRSS:");
    fs::write(format!("/proc/{}/clear_refs", place.pid()), "5")
        .map_err(|e| format!("the peak of memory: {e}"))?;
    let field = Arc::new(field);
    let (written, sent) = (written(place.pid()), field.bytes());
    let mut outcome = attack_and_watch(attack, &field, &place);
    outcome.written = self::written(place.pid()).saturating_sub(written + field.bytes() - sent);
    outcome.memory = memory(place.pid(), "VmHWM:").saturating_sub(before);
    thread::sleep(scale::rest());
    outcome.kept = memory(place.pid(), "VmRSS:").saturating_sub(before);
    let checked = (attack.check)(&field, &outcome);
    let stored = place.disk(&field);
    (outcome.disk, outcome.live) = *stored.as_ref().unwrap_or(&(0, 0));
    let faults: Vec<String> = outcome.faults().into_iter().chain(checked.err()).chain(stored.err()).collect();
    println!("{}", outcome.row(attack, faults.is_empty()));
    if faults.is_empty() { Ok(()) } else { Err(format!("{}: {outcome:?}", faults.join("; "))) }
}

fn attack_and_watch(attack: &Attack, field: &Arc<Field>, place: &Place) -> Outcome {
    let over = Arc::new(AtomicBool::new(false));
    let ping = |room: String| {
        let payload = "<ping xmlns='urn:xmpp:ping'/>".to_owned();
        move |_: &Field, _| (room.clone(), "get", payload.clone())
    };
    let pings = watch(field, &over, BETWEEN, ping(field.room(CALM)));
    let own = place.own_room().map(|room| watch(field, &over, BETWEEN, ping(room)));
    let probes = attack.probe.map(|probe| watch(field, &over, PROBES, probe));
    let (bytes, to_others) = (field.bytes(), field.bytes_to_others());
    let mut outcome = Outcome::default();
    let (start, time) =
        (Instant::now(), scale::minutes().map(|minutes| Duration::from_secs_f64(minutes * 60.0)));
    let mut tokens: HashMap<String, (f64, Instant)> = HashMap::new();
    let mut rooms = BTreeSet::new();
    loop {
        let goes_on = time.map_or(outcome.stanzas < attack.short, |time| start.elapsed() < time);
        if !goes_on {
            break;
        }
        let (who, stanza) = (attack.stanza)(field, outcome.stanzas);
        // As fast as the rates let: what is above them is only delayed.
        let now = Instant::now();
        let (left, at) = tokens.entry(who.clone()).or_insert((BURST, now));
        *left = (*left + RATE * at.elapsed().as_secs_f64()).min(BURST) - 1.0 - (stanza.len() / 8192) as f64;
        *at = now;
        if *left < 0.0 {
            thread::sleep(Duration::from_secs_f64(-*left / RATE));
        }
        field.say(&who, &stanza);
        rooms.extend(
            stanza.split("to='").nth(1).and_then(|to| to.split(['\'', '/']).next()).map(str::to_owned),
        );
        outcome.stanzas += 1;
        outcome.bytes_in += stanza.len() as u64;
    }
    // What was sent last is dealt with too.
    for room in rooms.iter().take(FENCED_MAX) {
        field.ask(FENCER, room, "get", "<ping xmlns='urn:xmpp:ping'/>");
    }
    settle(field);
    over.store(true, Ordering::Relaxed);
    outcome.ping = pings.join().expect("no panic");
    outcome.probe = probes.map(|probes| probes.join().expect("no panic")).unwrap_or_default();
    outcome.own_delay = own.map(|own| own.join().expect("no panic").worst).unwrap_or_default();
    outcome.bytes_out = field.bytes() - bytes;
    outcome.bytes_to_others = field.bytes_to_others() - to_others;
    outcome
}

/// Waits until hardly anything is sent any more, but for the answers to the watcher.
fn settle(field: &Field) {
    const PART: Duration = Duration::from_millis(500);
    for _ in 0..240 {
        let before = field.bytes();
        thread::sleep(PART);
        if field.bytes() - before < 16 * 1024 {
            return;
        }
    }
}

/// Asks for something until it is over, and then waits for the last answers.
fn watch(
    field: &Arc<Field>,
    over: &Arc<AtomicBool>,
    between: Duration,
    what: impl Fn(&Field, usize) -> Request + Send + 'static,
) -> thread::JoinHandle<Waits> {
    let (field, over) = (field.clone(), over.clone());
    thread::spawn(move || {
        let mut asked = Vec::new();
        while !over.load(Ordering::Relaxed) {
            let begin = Instant::now();
            let (to, type_, payload) = what(&field, asked.len());
            asked.push((begin, field.begin(WATCHER, &to, type_, &payload)));
            thread::sleep(between.saturating_sub(begin.elapsed()));
        }
        let deadline = Instant::now() + Duration::from_secs(60);
        let mut waits = Waits::default();
        for (begin, number) in asked {
            match field.wait(number, deadline.saturating_duration_since(Instant::now())) {
                Some((at, answer)) => {
                    waits.worst = waits.worst.max(at - begin);
                    if answer.split('>').next().is_some_and(|tag| tag.contains("type='error'")) {
                        waits.refused = Some(answer);
                    }
                }
                None => waits.unanswered += 1,
            }
        }
        waits
    })
}

impl Outcome {
    /// How long what another wanted took at most.
    pub(crate) fn probe_worst(&self) -> Duration {
        self.probe.worst
    }

    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let bound = scale::ping_bound() + self.own_delay;
        for (what, waits, bound) in
            [("a ping", &self.ping, bound), ("what another wants", &self.probe, 4 * bound)]
        {
            if waits.worst > bound || waits.unanswered > 0 {
                faults.push(format!(
                    "{what} takes {:?}, {} times there is no answer",
                    waits.worst, waits.unanswered
                ));
            }
            if let Some(answer) = &waits.refused {
                faults.push(format!("{what} is refused: {answer}"));
            }
        }
        if self.memory > MEMORY_MAX {
            faults.push(format!("memory grows by {} MiB", self.memory >> 20));
        }
        if self.disk > 2 * self.live + DISK_SPARE {
            faults.push(format!("{} MiB on disk for {} that are live", self.disk >> 20, self.live >> 20));
        }
        faults
    }

    /// A line of the table.
    fn row(&self, attack: &Attack, held: bool) -> String {
        let mib = |bytes: u64| format!("{:.1}", bytes as f64 / f64::from(1 << 20));
        format!(
            "| {} | {} | {} | {} | {} | {} ms | {} ms | {} ms | {} / {} | {} / {} | {} |",
            attack.name,
            if attack.by == By::Account { "one account" } else { "one domain" },
            self.stanzas,
            mib(self.bytes_in),
            mib(self.bytes_out),
            self.ping.worst.as_millis(),
            self.own_delay.as_millis(),
            self.probe.worst.as_millis(),
            mib(self.memory),
            mib(self.kept),
            mib(self.disk),
            mib(self.live),
            if held { "held" } else { "**broken**" },
        )
    }
}

impl Place {
    fn field(&self) -> Field {
        match self {
            Self::Played(server) => Field::played(server.accept().socket, DOMAIN, DOMAIN_OF_ATTACK),
            Self::Behind(behind) => behind.field(),
        }
    }

    /// The service is stopped in order and started again, with `after` in its settings where it had `before`.
    fn restart(&mut self, field: Field, before: &str, after: &str) -> Field {
        match self {
            Self::Played(server) => {
                server.terminate();
                thread::sleep(Duration::from_millis(300));
                field.hang_up();
                drop(field);
                server.ended();
                server.resettle(before, after);
                server.start_again();
                // While it stopped it may have begun another connection.
                Field::played(server.accept_of_the_next().socket, DOMAIN, DOMAIN_OF_ATTACK)
            }
            Self::Behind(behind) => {
                behind.restart(before, after);
                field
            }
        }
    }

    fn pid(&mut self) -> u32 {
        match self {
            Self::Played(server) => server.pid(),
            Self::Behind(behind) => behind.pid(),
        }
    }

    /// A room of the server's own, behind a real one.
    fn own_room(&self) -> Option<String> {
        match self {
            Self::Played(_) => None,
            Self::Behind(behind) => Some(behind.own_room()),
        }
    }

    /// What the store takes after a while, and what it takes once it is made as small as it can be. The service has ended then.
    fn disk(&mut self, field: &Field) -> Result<(u64, u64), String> {
        let store = match self {
            Self::Played(server) => server.store(),
            Self::Behind(behind) => behind.store(),
        };
        let deadline = Instant::now() + UPKEEP;
        let mut disk = folder_bytes(&store);
        while disk > DISK_SPARE && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(500));
            disk = folder_bytes(&store);
        }
        match self {
            Self::Played(server) => {
                server.terminate();
                thread::sleep(Duration::from_millis(300));
                field.hang_up();
                server.ended();
            }
            Self::Behind(behind) => behind.stop(),
        }
        let settings = store.parent().expect("a folder").join("component.toml");
        let maintained = |what: &str| {
            let mut command = Command::new(crate::played::server::program());
            command
                .args(["store", what, "--config"])
                .arg(&settings)
                .stdout(Stdio::null())
                .stderr(Stdio::null());
            let status = command.status();
            if status.is_ok_and(|status| status.success()) {
                Ok(())
            } else {
                Err(format!("store {what} fails"))
            }
        };
        maintained("check")?;
        maintained("compact")?;
        Ok((disk, folder_bytes(&store)))
    }
}

fn folder_bytes(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let bytes = |entry: fs::DirEntry| match entry.metadata() {
        Ok(data) if data.is_dir() => folder_bytes(&entry.path()),
        // What it takes, not how long it is said to be.
        Ok(data) => std::os::unix::fs::MetadataExt::blocks(&data) * 512,
        Err(_) => 0,
    };
    entries.map(bytes).sum()
}

/// Bytes that a process has written so far, to files and sockets.
fn written(pid: u32) -> u64 {
    let io = fs::read_to_string(format!("/proc/{pid}/io")).unwrap_or_default();
    let line = io.lines().find_map(|line| line.strip_prefix("wchar: ")).unwrap_or_default();
    line.trim().parse().unwrap_or_default()
}

/// Memory of a process in bytes: what `what` of its status says; nothing when it is gone.
fn memory(pid: u32, what: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(what)).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or(u64::MAX >> 11) * 1024
}
