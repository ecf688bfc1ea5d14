//! The field of an attack: accounts that send, and what comes back to them. Whether the test plays the server or a real one
//! stands between makes no difference here.

use std::io::Write as _;
use std::net::TcpStream;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use crate::heard::{ASK, Heard};
use crate::run::{FENCER, WATCHER};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(90);
/// Bytes that are on their way to the service at a time, as far as it is up to us.
const SEND_BUFFER: usize = 128 * 1024;

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
        let (attacks, service) = (domain.to_owned(), muc.to_owned());
        // What the service asks itself, to learn how fast the server reads, reaches no account.
        thread::spawn(move || notes.read(reader, |jid| jid != service && is_other(jid, &attacks)));
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
        self.heard.wait(number, at_most)
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
        self.heard.bytes()
    }

    /// Those of them that are for accounts that neither attack nor look on.
    pub(crate) fn bytes_to_others(&self) -> u64 {
        self.heard.to_others()
    }
}

/// Whether an account is neither of the domain that attacks nor looks on.
pub(crate) fn is_other(jid: &str, attacks: &str) -> bool {
    let account = jid.split('/').next().unwrap_or_default();
    let domain = account.split('@').next_back().unwrap_or_default();
    domain != attacks && account != WATCHER && account != FENCER
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
