//! The field of an attack: accounts that send, and what comes back to them. Whether the test plays the server or a real one
//! stands between makes no difference here.

use std::collections::HashMap;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use memchr::memmem;

/// How the ids of requests begin whose answers are waited for.
pub(crate) const ASK: &str = "ask-";
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(90);
/// Bytes that are kept of an answer, before and behind its id.
const EXCERPT: usize = 700;
/// Bytes that are on their way to the service at a time, as far as it is up to us.
const SEND_BUFFER: usize = 128 * 1024;

/// What was heard: answers by their number, and how much in all.
#[derive(Default)]
pub(crate) struct Heard {
    answers: Mutex<HashMap<u64, (Instant, String)>>,
    more: Condvar,
    bytes: AtomicU64,
}

impl Heard {
    /// Notes an answer that has arrived just now.
    pub(crate) fn note(&self, number: u64, text: String) {
        let mut answers = self.answers.lock().expect("nobody panics");
        answers.entry(number).or_insert_with(|| (Instant::now(), text));
        self.more.notify_all();
    }

    /// Counts what has arrived.
    pub(crate) fn count(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

/// Hands a stanza of an account to the server.
type Send = Box<dyn Fn(&str, &str) + std::marker::Send + Sync>;

/// Accounts, and the service.
pub(crate) struct Field {
    /// The domain of the service.
    pub(crate) muc: String,
    heard: Arc<Heard>,
    send: Send,
    socket: Option<TcpStream>,
    asked: AtomicU64,
    remembered: OnceLock<String>,
}

impl Field {
    pub(crate) fn new(muc: &str, heard: Arc<Heard>, send: Send) -> Self {
        Self {
            muc: muc.to_owned(),
            heard,
            send,
            socket: None,
            asked: AtomicU64::new(0),
            remembered: OnceLock::new(),
        }
    }

    /// The field of a test that plays the server, on a connection that has shaken hands.
    pub(crate) fn played(socket: TcpStream, muc: &str, domain: &str) -> Self {
        // What waits in the system before the service reads it is no delay of the service.
        socket2::SockRef::from(&socket).set_send_buffer_size(SEND_BUFFER).expect("a socket");
        let heard = Arc::new(Heard::default());
        let (reader, notes) = (socket.try_clone().expect("a socket"), heard.clone());
        thread::spawn(move || read(reader, &notes));
        let whole = socket.try_clone().expect("a socket");
        let (socket, own) = (Mutex::new(socket), domain.to_owned());
        let send = move |who: &str, xml: &str| {
            let xml = xml.replacen(' ', &format!(" from='{}' ", full(who, &own)), 1);
            // A service that has ended hangs up; what is looked at afterwards tells it.
            let _ = socket.lock().expect("nobody panics").write_all(xml.as_bytes());
        };
        Self { socket: Some(whole), ..Self::new(muc, heard, Box::new(send)) }
    }

    /// The connection to the service is closed, where the test plays the server.
    pub(crate) fn hang_up(&self) {
        if let Some(mut socket) = self.socket.as_ref() {
            // A service that has ended has closed it already.
            let _ = socket.write_all(b"</stream:stream>");
            let _ = socket.shutdown(std::net::Shutdown::Write);
        }
    }

    /// What was found out once, for all stanzas of an attack.
    pub(crate) fn remembered(&self, find: impl FnOnce() -> String) -> &str {
        self.remembered.get_or_init(find)
    }

    /// The address of a room.
    pub(crate) fn room(&self, name: &str) -> String {
        format!("{name}@{}", self.muc)
    }

    /// `who`, a local part, may be with a resource, or an account of another domain, sends a stanza without `from`.
    pub(crate) fn say(&self, who: &str, xml: &str) {
        (self.send)(who, xml);
    }

    /// Sends a request; the number of its answer.
    pub(crate) fn begin(&self, who: &str, to: &str, type_: &str, payload: &str) -> u64 {
        let number = self.asked.fetch_add(1, Ordering::Relaxed) + 1_000_000;
        self.say(who, &format!("<iq type='{type_}' id='{ASK}{number}' to='{to}'>{payload}</iq>"));
        number
    }

    /// Waits for an answer: when it came, and its beginning.
    pub(crate) fn wait(&self, number: u64, at_most: Duration) -> Option<(Instant, String)> {
        let answers = self.heard.answers.lock().expect("nobody panics");
        let waits = |answers: &mut HashMap<u64, _>| !answers.contains_key(&number);
        let (mut answers, _) =
            self.heard.more.wait_timeout_while(answers, at_most, waits).expect("nobody panics");
        answers.remove(&number)
    }

    /// A request and the beginning of its answer; nothing if there is none.
    pub(crate) fn ask(&self, who: &str, to: &str, type_: &str, payload: &str) -> String {
        let number = self.begin(who, to, type_, payload);
        self.wait(number, PATIENCE).map(|answer| answer.1).unwrap_or_default()
    }

    /// `who` pings a room, which answers when it has dealt with all before.
    pub(crate) fn fence(&self, who: &str, room: &str) -> String {
        self.ask(who, &self.room(room), "get", "<ping xmlns='urn:xmpp:ping'/>")
    }

    /// `who` enters a room, under that name.
    pub(crate) fn enter(&self, who: &str, room: &str, inside: &str) {
        let nick = who.split('@').next().unwrap_or_default();
        let to = self.room(room);
        self.say(
            who,
            &format!(
                "<presence to='{to}/{nick}'><x xmlns='http://jabber.org/protocol/muc'/>{inside}</presence>"
            ),
        );
    }

    /// `who` enters a new room and configures it.
    pub(crate) fn create(&self, who: &str, room: &str, fields: &[(&str, &str)]) -> String {
        self.enter(who, room, "");
        self.configure(who, room, fields)
    }

    /// `who` submits the form of an owner.
    pub(crate) fn configure(&self, who: &str, room: &str, fields: &[(&str, &str)]) -> String {
        self.ask(who, &self.room(room), "set", &owner_form(fields))
    }

    /// Bytes that the service has sent.
    pub(crate) fn bytes(&self) -> u64 {
        self.heard.bytes.load(Ordering::Relaxed)
    }
}

/// The full address of a local part, with or without a domain or a resource.
fn full(who: &str, domain: &str) -> String {
    let (account, resource) = who.split_once('/').unwrap_or((who, "x"));
    let domain = if account.contains('@') { String::new() } else { format!("@{domain}") };
    format!("{account}{domain}/{resource}")
}

/// The filled-in form of an owner. Options are named without their usual beginning.
pub(crate) fn owner_form(fields: &[(&str, &str)]) -> String {
    let field = |(var, value): &(&str, &str)| {
        format!("<field var='muc#roomconfig_{var}'><value>{value}</value></field>")
    };
    let fields: String = fields.iter().map(field).collect();
    format!(
        "<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'>\
         <field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#roomconfig</value></field>{fields}</x></query>"
    )
}

/// Reads to the end, and notes what is an answer.
fn read(mut socket: TcpStream, heard: &Heard) {
    socket.set_read_timeout(None).expect("a socket");
    let finder = memmem::Finder::new("id='ask-");
    let (mut bytes, mut at) = (vec![0; 1 << 20], 0);
    loop {
        match socket.read(&mut bytes[at..]) {
            Ok(0) => return,
            Ok(count) => {
                heard.count(count);
                at += count;
            }
            Err(e) if e.kind() == ErrorKind::Interrupted => continue,
            Err(_) => return,
        }
        for place in finder.find_iter(&bytes[..at]) {
            let digits = std::str::from_utf8(&bytes[place + 8..(place + 15).min(at)]);
            let Some(number) = digits.ok().and_then(|digits| digits.parse().ok()) else { continue };
            let start = bytes[..place].iter().rposition(|byte| *byte == b'<').unwrap_or(place);
            // What the next read would add to it nobody needs.
            let text = &bytes[start..(place + EXCERPT).min(at)];
            heard.note(number, String::from_utf8_lossy(text).into_owned());
        }
        // What may be the beginning of an id stays.
        let keep = at.min(EXCERPT);
        bytes.copy_within(at - keep..at, 0);
        at = keep;
    }
}
