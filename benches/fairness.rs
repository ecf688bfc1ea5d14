//! What a quiet room feels of a flood next door: how long it takes there from a message to its own reflection, idle and
//! under each flood, in one run. The bench plays the server to the real binary.
//!
//! `cargo bench --profile quick --bench fairness`, with `-- WORDS` for those floods alone that have the words in their name.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use memchr::memmem;

#[path = "../tests/wire/played.rs"]
mod played;

use played::peer::Peer;
use played::server::Server;
use played::words::{groupchat, join, leave};

const QUIET: &str = "quiet@muc.example";
const BUSY: &str = "busy@muc.example";
/// How the ids of the messages in the quiet room begin.
const PROBE: &[u8] = b"id='probe-";
/// Who talks in the quiet room, in turn: none of them too often.
const TALKERS: usize = 50;
const BETWEEN: Duration = Duration::from_millis(10);
/// How long a flood runs before it counts, and how long after it nothing is measured.
const WARM_UP: Duration = Duration::from_secs(1);
/// Stanzas of a flood that are written at a time, a hundred times a second.
const FLOOD_STANZAS: usize = 50;
/// What a slow server reads: so much, so often.
const SLOW_BYTES: usize = 64 * 1024;
const SLOW_PAUSE: Duration = Duration::from_millis(4);

/// How much is done.
struct Size {
    probes: usize,
    occupants: usize,
    domain: usize,
}

/// What is flooded with: the stanza of a number.
type Flood = Box<dyn Fn(usize) -> String + Send>;

fn main() {
    // `cargo test --all-targets` runs this too, and only wants to see it run.
    let in_earnest = std::env::args().any(|arg| arg == "--bench");
    let (whole, short) = (
        Size { probes: 500, occupants: 2000, domain: 10_000 },
        Size { probes: 5, occupants: 20, domain: 100 },
    );
    let size = if in_earnest { whole } else { short };
    let words = std::env::args().skip(1).find(|arg| !arg.starts_with('-')).unwrap_or_default();
    println!("a message in a quiet room until it is heard, {} of each, in ms", size.probes);
    for archive in [true, false] {
        println!("\nrooms {} an archive", if archive { "with" } else { "without" });
        println!("{:<36} {:>7} {:>7} {:>7} {:>7} {:>9}", "", "p50", "p95", "p99", "max", "p99 ratio");
        measure(&size, archive, &words);
    }
}

fn measure(size: &Size, archive: bool, words: &str) {
    let settings = format!(
        "[default_room]\narchive = {archive}\n[default_room.presence_broadcast]\nparticipant = false\n\
         [log]\nlevel = \"error\""
    );
    let server = Server::start_with(&settings);
    let mut peer = server.accept();
    fill(&mut peer, QUIET, TALKERS);
    fill(&mut peer, BUSY, size.occupants);
    let link = Link::new(peer);
    thread::sleep(WARM_UP);
    let idle = link.probe(size.probes);
    let base = idle.report("idle", None);
    for (name, flood) in floods(size).into_iter().filter(|(name, _)| name.contains(words)) {
        let times = link.under(flood, size.probes);
        times.report(name, Some(base));
    }
    if !"slowly".contains(words) {
        return;
    }
    link.slow.store(true, Ordering::Relaxed);
    // What was written before it was slow has its own buffers still.
    let probes = size.probes.min(200);
    let idle = link.probe(probes);
    let base = idle.report("idle, the server reads slowly", None);
    let times = link.under(room_flood(size.occupants), probes);
    times.report("a room, the server reads slowly", Some(base));
}

/// Somebody in a room. Who is in the quiet one is of a domain that floods nobody: all that a domain sends counts together.
fn who(room: &str, n: usize) -> String {
    let name = room.split('@').next().expect("a name");
    format!("{name}{n}@{name}.example/x")
}

/// A room with so many occupants besides its owner.
fn fill(peer: &mut Peer, room: &str, occupants: usize) {
    peer.create(room, &[]);
    for n in 0..occupants {
        peer.send(join(room, &format!("n{n}"), &who(room, n)));
        if n % 100 == 99 {
            peer.fence(room);
        }
    }
    peer.fence(room);
}

/// Many people talk in the large room, none of them much: each is heard by all.
fn room_flood(occupants: usize) -> Flood {
    Box::new(move |n| {
        // Of fifty, one speaks: a hundred messages in a second.
        match n % FLOOD_STANZAS {
            0 => groupchat(
                &who(BUSY, n / FLOOD_STANZAS % occupants),
                BUSY,
                &format!("f{n}"),
                "hello to all of you",
            ),
            _ => String::new(),
        }
    })
}

fn floods(size: &Size) -> Vec<(&'static str, Flood)> {
    let (occupants, domain) = (size.occupants, size.domain);
    let iq = |from: &str, to: &str, n: usize, type_: &str, payload: &str| {
        format!("<iq type='{type_}' id='i{n}' from='{from}' to='{to}'>{payload}</iq>")
    };
    let requests = [
        ("get", "muc.example", "<query xmlns='http://jabber.org/protocol/disco#items'/>"),
        ("set", BUSY, "<query xmlns='urn:xmpp:mam:2' queryid='q'/>"),
        (
            "get",
            BUSY,
            "<query xmlns='http://jabber.org/protocol/muc#admin'><item affiliation='owner'/></query>",
        ),
        ("get", BUSY, "<query xmlns='http://jabber.org/protocol/disco#info'/>"),
        ("get", "nobody@muc.example", "<query xmlns='http://jabber.org/protocol/disco#info'/>"),
    ];
    vec![
        (
            "one user, 5,000 messages a second",
            Box::new(|n| groupchat(&who(BUSY, 0), BUSY, &format!("f{n}"), "hello to all of you")),
        ),
        ("one room, 100 messages a second", room_flood(occupants)),
        (
            "one domain, 5,000 stanzas a second",
            Box::new(move |n| {
                let from = format!("u{}@flood.example/x", n % domain);
                match n / domain % 2 {
                    0 => join(BUSY, &format!("f{}", n % domain), &from),
                    _ => leave(BUSY, &format!("f{}", n % domain), &from),
                }
            }),
        ),
        (
            "one user, 5,000 requests a second",
            Box::new(move |n| {
                let (type_, to, payload) = requests[n % requests.len()];
                iq(&who(BUSY, 1), to, n, type_, payload)
            }),
        ),
        (
            "1,000 users, 5,000 requests a second",
            Box::new(move |n| {
                let (type_, to, payload) = requests[n % requests.len()];
                iq(&who(BUSY, n / requests.len() % occupants.min(1000)), to, n, type_, payload)
            }),
        ),
    ]
}

/// The server's end of the link: a thread reads, and says when it read the reflection of a probe.
struct Link {
    socket: Arc<Mutex<TcpStream>>,
    heard: Receiver<(u64, Instant)>,
    slow: Arc<AtomicBool>,
    read: Arc<AtomicU64>,
    probes: AtomicU64,
}

impl Link {
    fn new(peer: Peer) -> Self {
        let socket = peer.socket;
        let mut reader = socket.try_clone().expect("a socket");
        let (note, heard) = mpsc::channel();
        let (slow, read) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (slows, counts) = (slow.clone(), read.clone());
        thread::spawn(move || {
            reader.set_read_timeout(None).expect("a socket");
            let (mut bytes, mut at, mut latest) = (vec![0; 1 << 20], 0, 0);
            loop {
                let slow = slows.load(Ordering::Relaxed);
                if slow {
                    thread::sleep(SLOW_PAUSE);
                }
                let end = if slow { (at + SLOW_BYTES).min(bytes.len()) } else { bytes.len() };
                match reader.read(&mut bytes[at..end]) {
                    Ok(0) => return,
                    Ok(count) => {
                        counts.fetch_add(count as u64, Ordering::Relaxed);
                        at += count;
                    }
                    Err(e) if e.kind() == ErrorKind::Interrupted => continue,
                    Err(_) => return,
                }
                let now = Instant::now();
                for place in memmem::find_iter(&bytes[..at], PROBE) {
                    let digits = bytes[place + PROBE.len()..at].split(|b| *b == b'\'').next();
                    let number = digits.and_then(|d| std::str::from_utf8(d).ok()?.parse().ok());
                    // All who are in the room hear it; the first counts.
                    if let Some(number) = number.filter(|number| *number > latest) {
                        latest = number;
                        if note.send((number, now)).is_err() {
                            return;
                        }
                    }
                }
                // What may be the beginning of an id stays.
                let keep = at.min(PROBE.len() + 20);
                bytes.copy_within(at - keep..at, 0);
                at = keep;
            }
        });
        Self { socket: Arc::new(Mutex::new(socket)), heard, slow, read, probes: AtomicU64::new(0) }
    }

    fn write(socket: &Mutex<TcpStream>, xml: &str) {
        socket.lock().expect("nobody panics").write_all(xml.as_bytes()).expect("the service reads");
    }

    /// Speaks in the quiet room so many times, and waits each time until it is heard.
    fn probe(&self, probes: usize) -> Times {
        let mut times = Vec::new();
        for _ in 0..probes {
            let number = self.probes.fetch_add(1, Ordering::Relaxed) + 1;
            // Digits that are cut off by the end of a read would be another number.
            let number = 10_000_000 + number;
            let talker = who(QUIET, number as usize % TALKERS);
            let xml = groupchat(&talker, QUIET, &format!("probe-{number}"), "is anybody there?");
            let begin = Instant::now();
            Self::write(&self.socket, &xml);
            loop {
                let (heard, at) = self.heard.recv_timeout(Duration::from_secs(30)).expect("it is heard");
                if heard == number {
                    times.push(at - begin);
                    break;
                }
            }
            thread::sleep(BETWEEN);
        }
        times.sort();
        Times(times)
    }

    /// The same while a flood goes on next door.
    fn under(&self, flood: Flood, probes: usize) -> Times {
        let (socket, on) = (self.socket.clone(), Arc::new(AtomicBool::new(true)));
        let goes_on = on.clone();
        let flooding = thread::spawn(move || {
            let mut next = Instant::now();
            let mut n = 0;
            while goes_on.load(Ordering::Relaxed) {
                let xml: String = (n..n + FLOOD_STANZAS).map(&flood).collect();
                Self::write(&socket, &xml);
                n += FLOOD_STANZAS;
                next += Duration::from_millis(10);
                thread::sleep(next.saturating_duration_since(Instant::now()));
            }
        });
        thread::sleep(if probes > 100 { WARM_UP } else { Duration::ZERO });
        let times = self.probe(probes);
        on.store(false, Ordering::Relaxed);
        flooding.join().expect("no panic");
        self.settle();
        times
    }

    /// Waits until nothing comes any more.
    fn settle(&self) {
        for _ in 0..300 {
            let before = self.read.load(Ordering::Relaxed);
            thread::sleep(Duration::from_millis(200));
            if self.read.load(Ordering::Relaxed) == before {
                return;
            }
        }
    }
}

/// Times, the shortest first.
struct Times(Vec<Duration>);

impl Times {
    /// Prints a line, with the ratio to `base`; gives the 99th percentile in milliseconds.
    fn report(&self, what: &str, base: Option<f64>) -> f64 {
        let at = |percent: usize| self.0[(self.0.len() * percent / 100).min(self.0.len() - 1)];
        let ms = |time: Duration| time.as_secs_f64() * 1000.0;
        let (p50, p95, p99, max) = (ms(at(50)), ms(at(95)), ms(at(99)), ms(at(100)));
        let ratio = base.map_or(String::new(), |base| format!("{:.2}", p99 / base));
        println!("{what:<36} {p50:>7.2} {p95:>7.2} {p99:>7.2} {max:>7.2} {ratio:>9}");
        p99
    }
}
