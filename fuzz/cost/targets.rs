//! What can be measured: the reader, a room, its archive, the store, the service.

use std::fs;
use std::path::Path;
use std::time::Duration;

use conclave::config::Durability;
use conclave::room::archive::Change;
use conclave::room::context::Ids;
use conclave::room::effect::Effects;
use conclave::room::event::Event;
use conclave::room::limits::Limits;
use conclave::room::listing::Listing;
use conclave::room::roster::Roster;
use conclave::room::write::Write;
use conclave::service::directory::Directory;
use conclave::service::{self, Rooms};
use conclave::store::FjallArchive;
use conclave::store::LocalArchive as _;
use conclave::store::LocalStore as _;
use conclave::store::SledStore;
use conclave::store::memory::MemoryArchive;
use conclave::wire::build::set_attr;
use conclave::wire::encode;
use conclave::wire::inbound::Inbound;
use conclave::wire::jid::BareJid;
use conclave::wire::stream::{self, Output, StreamReader};
use jiff::{SignedDuration, Timestamp};
use minidom::Element;
use tempfile::TempDir;

use super::cost::{Cost, Memory, timed};
use super::samples::{self, Sample};
use super::scene::{Scene, Size, service as facts};

const OPEN: &[u8] = b"<stream:stream xmlns='jabber:component:accept' \
    xmlns:stream='http://etherx.jabber.org/streams' id='1' from='muc.example'>";

/// Something that stanzas cost.
pub(crate) trait Target {
    /// What recipes begin with.
    fn samples(&self) -> &[Sample];
    /// How many scenes there are.
    fn scenes(&self) -> usize;
    /// What the stanza, sent so often, costs; nothing if the service would not take it from the server.
    fn cost(&mut self, scene: usize, who: &str, stanza: &str, times: usize) -> Option<Cost>;
}

/// All of them by name, in scenes of these sizes.
pub(crate) fn target(name: &str, sizes: &[Size]) -> Box<dyn Target> {
    match name {
        "reader" => Box::new(Reader { samples: samples::of_rooms(), link: Link::new() }),
        "room" => Box::new(InRoom::new(sizes)),
        "archive" => Box::new(InArchive::new(sizes[0])),
        "store" => Box::new(InStore { rooms: InRoom::new(&sizes[..2]) }),
        "service" => Box::new(InService::new(if sizes.len() > 3 { 3000 } else { 60 })),
        other => panic!("there is no target {other}"),
    }
}

/// The names of all targets.
pub(crate) const TARGETS: [&str; 5] = ["reader", "room", "archive", "store", "service"];

/// Bytes that the link reads at a time, at most.
const PIECE_BYTES: usize = 8 * 1024;

/// The end of a link, as the service has one for all that comes.
pub(crate) struct Link(StreamReader);

impl Link {
    pub(crate) fn new() -> Self {
        let mut reader = StreamReader::new(stream::Limits::from(&Limits::default()));
        // What it has for itself is there from the first stanza on.
        for begin in [OPEN, b"<iq id='1'><a b='c'>d</a></iq>"] {
            reader.feed(begin, &mut Vec::new()).expect("the beginning of a stream");
        }
        Self(reader)
    }

    /// Reads a stanza as it comes from the server; nothing if it is passed over.
    pub(crate) fn read(&mut self, stanza: &str) -> Option<Element> {
        self.read_timed(stanza).0
    }

    /// The same, and how long the longest piece took: between two, others have their turn.
    fn read_timed(&mut self, stanza: &str) -> (Option<Element>, Duration) {
        let (mut out, mut longest) = (Vec::new(), Duration::ZERO);
        for piece in stanza.as_bytes().chunks(PIECE_BYTES) {
            let (fed, time) = timed(|| self.0.feed(piece, &mut out));
            longest = longest.max(time);
            if fed.is_err() {
                *self = Self::new();
                return (None, longest);
            }
        }
        if !self.0.at_boundary() {
            *self = Self::new();
            return (None, longest);
        }
        match out.pop() {
            Some(Output::Stanza(stanza, _)) => (Some(stanza), longest),
            _ => (None, longest),
        }
    }
}

/// Bytes that the reader sets aside for long values, whatever comes.
const TOKENS_BYTES: u64 = 16 << 20;

struct Reader {
    samples: Vec<Sample>,
    link: Link,
}

impl Target for Reader {
    fn samples(&self) -> &[Sample] {
        &self.samples
    }

    fn scenes(&self) -> usize {
        1
    }

    fn cost(&mut self, _: usize, _: &str, stanza: &str, _: usize) -> Option<Cost> {
        let memory = Memory::now();
        let ((read, longest), time) = timed(|| self.link.read_timed(stanza));
        let (peak, held) = (memory.peak(), memory.held());
        let bytes_out = read.map_or(0, |stanza| encode::element(&stanza).len()) as u64;
        let bytes_in = stanza.len() as u64;
        let (listed, kept) = (TOKENS_BYTES, Limits::default().stanza_bytes_max as u64);
        Some(Cost {
            events: 1,
            listed,
            kept,
            bytes_in,
            bytes_out,
            time,
            longest,
            peak,
            held,
            ..Cost::default()
        })
    }
}

/// Bytes that effects become on the wire; they are written as the link does.
pub(crate) fn written(effects: &Effects) -> u64 {
    let (mut bytes, mut out) = (0, Vec::new());
    for outgoing in &effects.sends {
        for to in outgoing.to.iter() {
            outgoing.stanza.splice(to, &mut out);
            bytes += out.len() as u64;
            out.clear();
        }
    }
    bytes
}

/// Bytes that effects become on the disk.
fn stored(effects: &Effects) -> u64 {
    let text = |element: &Element| encode::standalone(element).len();
    let change = |change: &Change| match change {
        Change::Append { entry, .. } => text(&entry.message) + entry.original.as_ref().map_or(0, text),
        Change::Retract { retraction, .. } => text(&retraction.retracted),
        Change::Withdraw { .. } | Change::Forget { .. } => 0,
    };
    let write = |write: &Write| match write {
        Write::Vcard { value, .. } => value.as_ref().map_or(0, |vcard| text(vcard.element())),
        other => other.bytes(),
    };
    let writes = effects.writes.iter().map(write).sum::<usize>();
    (writes + effects.archive.iter().map(|known| KEY_BYTES + change(known)).sum::<usize>()) as u64
}

/// What stands beside a message in the archive.
const KEY_BYTES: usize = 128;
/// Bytes of an item in a list, about.
const ITEM_BYTES: u64 = 128;
/// Bytes of a page of the archive, and of what stands around its messages.
const PAGE_BYTES: u64 = 3 << 20;
/// Portions that are looked at, of what goes out by and by.
const PORTIONS: usize = 3;

/// Plays a stanza in a copy of a scene; `also` does what comes of the effects, and gives what that costs beside.
pub(crate) fn play(
    scene: &Scene,
    who: &str,
    stanza: &str,
    times: usize,
    also: &mut dyn FnMut(&mut Scene, Effects) -> Cost,
) -> Option<Cost> {
    let (mut copy, mut link) = (scene.copy(), Link::new());
    // Those who come one after the other get copies, too.
    let sessions = copy.sessions + if times > 1 { times as u64 } else { 0 };
    let (listed, kept) = (copy.affiliations * ITEM_BYTES, scene.service.limits.history_bytes_max as u64);
    let mut cost = Cost { sessions, listed, kept, ..Cost::default() };
    let memory = Memory::now();
    for number in 0..times {
        let (who, text) = (scene.fill(who, number), scene.fill(stanza, number));
        let element = link.read(&text)?;
        cost.bytes_in += text.len() as u64;
        drop(text);
        // What reading takes is for the reader to answer.
        let step = Memory::now();
        let (mut effects, time) = timed(|| copy.handle(&who, element));
        cost.peak = cost.peak.max(step.peak());
        let (bytes, writing) = timed(|| written(&effects));
        cost.bytes_out += bytes;
        cost.disk += stored(&effects);
        effects.sends.clear();
        let more = also(&mut copy, effects);
        cost.bytes_out += more.bytes_out;
        cost.disk += more.disk;
        // What concerns many goes out in portions.
        for _ in 0..PORTIONS {
            if !copy.room.has_backlog() {
                break;
            }
            let (portion, time) = timed(|| copy.event(&Event::Continue));
            cost.bytes_out += written(&portion);
            cost.disk += stored(&portion);
            cost.time += time;
            cost.longest = cost.longest.max(time);
            cost.events += 1;
        }
        cost.peak = cost.peak.max(step.peak());
        cost.time += time + writing + more.time;
        cost.aside += more.aside;
        cost.longest = cost.longest.max(time).max(more.longest);
        cost.events += 1;
    }
    cost.held = memory.held();
    Some(cost)
}

/// Rooms of several sizes.
pub(crate) struct InRoom {
    samples: Vec<Sample>,
    scenes: Vec<Scene>,
}

impl InRoom {
    pub(crate) fn new(sizes: &[Size]) -> Self {
        Self { samples: samples::of_rooms(), scenes: sizes.iter().map(|size| Scene::new(*size)).collect() }
    }
}

impl Target for InRoom {
    fn samples(&self) -> &[Sample] {
        &self.samples
    }

    fn scenes(&self) -> usize {
        self.scenes.len()
    }

    fn cost(&mut self, scene: usize, who: &str, stanza: &str, times: usize) -> Option<Cost> {
        let scene = &self.scenes[scene % self.scenes.len()];
        let empty = MemoryArchive::new();
        play(scene, who, stanza, times, &mut |scene, mut effects| scene.found(&mut effects, &empty))
    }
}

/// A room with an archive on the disk, in which there are many messages, some of them big.
struct InArchive {
    samples: Vec<Sample>,
    scene: Scene,
    archive: FjallArchive,
    _folder: TempDir,
}

impl InArchive {
    fn new(size: Size) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let archive =
            FjallArchive::open(folder.path(), Durability::Interval, Duration::from_secs(60), 4 << 20);
        let archive = archive.expect("an archive");
        let (mut scene, mut link) = (Scene::new(size), Link::new());
        let long = "x".repeat(60_000);
        for n in 0..400 {
            let inside = match n % 100 {
                98 => format!("<q xmlns='urn:q'>{}</q>", "<a/>".repeat(9_900)),
                99 => format!("<body>{long}</body>"),
                _ => format!("<body>number {n}</body>"),
            };
            let message = format!(
                "<message xmlns='jabber:client' to='{}' type='groupchat' id='k{n}'>{inside}<store xmlns='urn:xmpp:hints'/></message>",
                crate::world::ROOM
            );
            let Some(message) = link.read(&message) else { continue };
            let effects = scene.handle("romeo", message);
            archive.commit(&effects.archive).expect("kept");
        }
        Self { samples: samples::of_archives(), scene, archive, _folder: folder }
    }
}

impl Target for InArchive {
    fn samples(&self) -> &[Sample] {
        &self.samples
    }

    fn scenes(&self) -> usize {
        1
    }

    fn cost(&mut self, _: usize, who: &str, stanza: &str, times: usize) -> Option<Cost> {
        let archive = &self.archive;
        let cost = play(&self.scene, who, stanza, times.min(4), &mut |scene, mut effects| {
            scene.found(&mut effects, archive)
        })?;
        Some(Cost { listed: cost.listed + PAGE_BYTES, ..cost })
    }
}

/// Rooms whose changes go to the disk.
struct InStore {
    rooms: InRoom,
}

impl Target for InStore {
    fn samples(&self) -> &[Sample] {
        &self.rooms.samples
    }

    fn scenes(&self) -> usize {
        self.rooms.scenes()
    }

    fn cost(&mut self, scene: usize, who: &str, stanza: &str, times: usize) -> Option<Cost> {
        let folder = tempfile::tempdir().expect("a folder");
        let store = SledStore::open(folder.path()).expect("a store");
        let scene = &self.rooms.scenes[scene % self.rooms.scenes.len()];
        let before = folder_bytes(folder.path());
        let mut cost = play(scene, who, stanza, times.min(200), &mut |_, effects| {
            let (committed, time) = timed(|| store.commit(&effects.writes));
            committed.expect("stored");
            Cost { aside: time, ..Cost::default() }
        })?;
        drop(store);
        // What a log takes at least is no matter of a stanza.
        cost.disk = (folder_bytes(folder.path()) - before).saturating_sub(2 << 20);
        Some(cost)
    }
}

fn folder_bytes(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let bytes = |entry: fs::DirEntry| match entry.metadata() {
        Ok(data) if data.is_dir() => folder_bytes(&entry.path()),
        Ok(data) => std::os::unix::fs::MetadataExt::blocks(&data) * 512,
        Err(_) => 0,
    };
    entries.map(bytes).sum()
}

/// The service with many rooms on its list, whose names are as long as they may be.
struct InService {
    samples: Vec<Sample>,
    directory: Directory,
}

impl InService {
    fn new(rooms: usize) -> Self {
        let mut directory = Directory::default();
        for n in 0..rooms {
            let name = format!("{}a{n}", "\u{fdfa}".repeat(if n % 10 == 0 { 1300 } else { 10 }));
            let jid = BareJid::parse(&format!("r{n}@muc.example")).expect("an address");
            directory.set(jid, Some(Listing { name, ..Listing::default() }));
        }
        Self { samples: samples::of_the_service(), directory }
    }
}

impl Rooms for InService {
    fn each(&self, _: &mut dyn FnMut(&BareJid, &Roster)) {}
}

impl Target for InService {
    fn samples(&self) -> &[Sample] {
        &self.samples
    }

    fn scenes(&self) -> usize {
        1
    }

    fn cost(&mut self, _: usize, who: &str, stanza: &str, times: usize) -> Option<Cost> {
        let now = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(400_000);
        let service = facts();
        let mut memory = service::Memory::new(Ids::new(&[1]));
        let mut cost = Cost::default();
        let mut link = Link::new();
        let held = Memory::now();
        for number in 0..times {
            let text = stanza.replace("#N#", &number.to_string());
            let mut element = link.read(&text)?;
            set_attr(
                &mut element,
                "from",
                &format!("{}@example/pc", who.replace("#N#", &number.to_string())),
            );
            cost.bytes_in += text.len() as u64;
            let mut cx = service::Context {
                now,
                started: now,
                service: &service,
                directory: &self.directory,
                rooms: self,
                memory: &mut memory,
            };
            let step = Memory::now();
            let (effects, time) =
                timed(|| Inbound::parse(element).ok().map(|inbound| service::answer(&inbound, &mut cx)));
            let answer = effects.and_then(|effects| effects.answer);
            cost.bytes_out += answer.map_or(0, |answer| encode::element(&answer).len()) as u64;
            cost.time += time;
            cost.longest = cost.longest.max(time);
            cost.peak = cost.peak.max(step.peak());
            cost.events += 1;
        }
        cost.held = held.held();
        Some(cost)
    }
}
