//! The server's end of one connection: what it says, and what it is told.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use conclave::wire::encode::standalone;
use conclave::wire::jid::Jid;
use conclave::wire::stream::{Limits, Output, StreamReader};
use minidom::Element;
use sha1::{Digest as _, Sha1};

use super::server::{BOUND, DOMAIN, SECRET};

/// The id of every stream; the character reference checks that the raw value is what gets hashed (114-2).
const STREAM_ID: &str = "3BF96D32&amp;7";
const STREAM_ID_RAW: &str = "3BF96D32&7";

/// One connection, seen from the server. Dropping it cuts it.
pub(crate) struct Peer {
    pub(crate) socket: TcpStream,
    reader: StreamReader,
    arrived: VecDeque<Element>,
    said: Vec<u8>,
    closed_stream: bool,
    ids: u32,
}

/// What came of waiting for bytes.
#[derive(Debug, PartialEq)]
enum Came {
    Bytes,
    Nothing,
    End,
}

impl Peer {
    pub(crate) fn new(socket: TcpStream) -> Self {
        socket.set_nonblocking(false).expect("a socket");
        socket.set_nodelay(true).expect("a socket");
        socket.set_write_timeout(Some(BOUND)).expect("a socket");
        let limits = Limits {
            stanza_bytes_max: 1 << 26,
            depth_max: 500,
            attributes_max: 10_000,
            elements_max: 1_000_000,
        };
        let (arrived, said) = (VecDeque::new(), Vec::new());
        let reader = StreamReader::new(limits);
        Self { socket, reader, arrived, said, closed_stream: false, ids: 0 }
    }

    /// All bytes that have been read on this connection.
    pub(crate) fn said(&self) -> String {
        String::from_utf8_lossy(&self.said).into_owned()
    }

    /// Whether the service has closed its stream.
    pub(crate) fn has_closed_stream(&self) -> bool {
        self.closed_stream
    }

    /// Writes bytes as they are.
    pub(crate) fn send(&mut self, xml: impl AsRef<[u8]>) {
        self.socket.write_all(xml.as_ref()).expect("the service reads");
    }

    /// Writes bytes to a service that may hang up meanwhile.
    pub(crate) fn send_if_read(&mut self, xml: &str) {
        let _ = self.socket.write_all(xml.as_bytes());
    }

    /// Reads the header of the service's stream, and answers it with that of ours.
    pub(crate) fn open(&mut self) {
        self.wait(|peer| peer.said.ends_with(b"'muc.example'>"), "a stream header");
        self.send(format!(
            "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' \
             xmlns:stream='http://etherx.jabber.org/streams' id='{STREAM_ID}' from='{DOMAIN}'>"
        ));
    }

    /// Opens the stream and checks the service's handshake (114-3). It is the caller's to accept it.
    pub(crate) fn shake_hands(&mut self) {
        self.open();
        let hash = Sha1::digest(format!("{STREAM_ID_RAW}{SECRET}"));
        let expected = hash.iter().fold(String::new(), |mut hex, byte| {
            write!(hex, "{byte:02x}").expect("a string");
            hex
        });
        self.wait(|peer| !peer.arrived.is_empty(), "a handshake");
        let handshake = self.arrived.pop_front().expect("waited for");
        assert_eq!((handshake.name(), handshake.text()), ("handshake", expected));
        assert!(self.arrived.is_empty(), "sent before the handshake: {:?}", self.arrived);
    }

    /// Ends the stream with an error (RFC 6120, 4.9) and waits until the service has hung up.
    pub(crate) fn refuse(&mut self, condition: &str) {
        self.send(format!(
            "<stream:error><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>"
        ));
        self.end();
    }

    /// Reads to the end of the connection; what came, stanza by stanza.
    pub(crate) fn end(&mut self) -> Vec<Element> {
        let deadline = Instant::now() + BOUND;
        loop {
            match self.read(deadline) {
                Came::Bytes => {}
                Came::Nothing => panic!("the service does not hang up"),
                Came::End => return self.arrived.drain(..).collect(),
            }
            if self.closed_stream {
                // The other side waits for this (114-16).
                let _ = self.socket.write_all(b"</stream:stream>");
                let _ = self.socket.shutdown(std::net::Shutdown::Write);
            }
        }
    }

    /// Whether the service hangs up in this time, whatever it says before.
    pub(crate) fn ends_within(&mut self, time: Duration) -> bool {
        let deadline = Instant::now() + time;
        loop {
            match self.read(deadline) {
                Came::Bytes => {}
                Came::Nothing => return false,
                Came::End => return true,
            }
        }
    }

    /// The next stanza, whatever it is.
    pub(crate) fn next(&mut self) -> Element {
        self.wait(|peer| !peer.arrived.is_empty(), "a stanza");
        self.arrived.pop_front().expect("waited for")
    }

    /// The first stanza that has arrived, or arrives, with this name and these attributes. What comes before it stays.
    pub(crate) fn expect(&mut self, name: &str, attributes: &[(&str, &str)]) -> Element {
        let fits = |stanza: &Element| {
            stanza.name() == name && attributes.iter().all(|(key, value)| stanza.attr(*key) == Some(*value))
        };
        let mut seen = 0;
        let mut found = None;
        let what = format!("{name} {attributes:?}");
        self.wait(
            |peer| {
                found = found.or_else(|| peer.arrived.iter().skip(seen).position(fits).map(|at| seen + at));
                seen = peer.arrived.len();
                found.is_some()
            },
            &what,
        );
        found.and_then(|at| self.arrived.remove(at)).expect("waited for")
    }

    /// The answer with this id.
    pub(crate) fn answer(&mut self, name: &str, id: &str) -> Element {
        self.expect(name, &[("id", id)])
    }

    /// Whether anything at all arrives in so short a time. Only for a service that cannot be asked.
    pub(crate) fn is_silent_for(&mut self, time: Duration) -> bool {
        self.read(Instant::now() + time) == Came::Nothing
    }

    /// An id that no stanza on this connection has had.
    pub(crate) fn fresh_id(&mut self) -> String {
        self.ids += 1;
        format!("peer-{}", self.ids)
    }

    /// Pings `address`, and gives what arrived before the answer. A room answers in the order of what it was sent,
    /// so the answer to a ping of the room shows that all before it was handled. The answer to a ping of
    /// the service shows the same for what concerns no room.
    pub(crate) fn fence(&mut self, address: &str) -> Vec<Element> {
        self.fence_of("pinger@example.org", address)
    }

    /// The same by an account, which the service answers in the order of what it was sent.
    pub(crate) fn fence_of(&mut self, account: &str, address: &str) -> Vec<Element> {
        let id = self.fresh_id();
        self.send(format!(
            "<iq type='get' id='{id}' from='{account}' to='{address}'><ping xmlns='urn:xmpp:ping'/></iq>"
        ));
        let is_answer = |stanza: &Element| stanza.attr("id") == Some(&id);
        let (mut seen, mut came) = (0, false);
        let has_come = |peer: &Self| {
            came = came || peer.arrived.iter().skip(seen).any(is_answer);
            seen = peer.arrived.len();
            came
        };
        self.wait(has_come, &format!("an answer of {address}"));
        let at = self.arrived.iter().position(is_answer).expect("waited for");
        let mut before: Vec<Element> = self.arrived.drain(..=at).collect();
        before.pop();
        before
    }

    /// Checks that the service has nothing to say but the answer to a ping of `address`.
    pub(crate) fn nothing_but_ping(&mut self, address: &str) {
        let more: Vec<String> = self.fence(address).iter().map(standalone).collect();
        assert!(more.is_empty(), "nothing was to be said, but came:\n{}", more.join("\n"));
    }

    fn wait(&mut self, mut done: impl FnMut(&Self) -> bool, what: &str) {
        let deadline = Instant::now() + BOUND;
        while !done(self) {
            let came = self.read(deadline);
            if came != Came::Bytes && !done(self) {
                let unexpected: Vec<String> = self.arrived.iter().take(10).map(standalone).collect();
                panic!("{came:?} while waiting for {what}; what came before:\n{}", unexpected.join("\n"));
            }
        }
    }

    fn read(&mut self, deadline: Instant) -> Came {
        let left = deadline.saturating_duration_since(Instant::now());
        self.socket.set_read_timeout(Some(left.max(Duration::from_millis(1)))).expect("a socket");
        let mut chunk = [0; 65536];
        let read = match self.socket.read(&mut chunk) {
            Ok(0) => return Came::End,
            Ok(read) => read,
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                return Came::Nothing;
            }
            // A read with a timeout is not taken up again after a signal.
            Err(e) if e.kind() == ErrorKind::Interrupted => return self.read(deadline),
            Err(e) if e.kind() == ErrorKind::ConnectionReset => return Came::End,
            Err(e) => panic!("{e}"),
        };
        self.said.extend_from_slice(&chunk[..read]);
        let mut out = Vec::new();
        self.reader.feed(&chunk[..read], &mut out).expect("the service speaks XML");
        for output in out {
            match output {
                Output::Opened(header) => assert_eq!(header.ns, "jabber:component:accept"),
                // A ping of its own domain goes back to the service.
                Output::Stanza(stanza, _) if is_mark(&stanza) => self.send_if_read(&standalone(&stanza)),
                Output::Stanza(stanza, _) => {
                    check(&stanza);
                    self.arrived.push_back(stanza);
                }
                Output::Closed => self.closed_stream = true,
                other => panic!("{other:?}"),
            }
        }
        Came::Bytes
    }
}

/// Whether the link asks by this how far the server has read.
fn is_mark(stanza: &Element) -> bool {
    stanza.attr("id").is_some_and(|id| id.starts_with("conclave-link-mark-"))
        && [stanza.attr("from"), stanza.attr("to")] == [Some(DOMAIN); 2]
}

/// What holds for every stanza of a component: 114-9, 45-G-g, 45-G-h.
fn check(stanza: &Element) {
    if stanza.name() == "handshake" {
        return;
    }
    let address = |name| stanza.attr(name).and_then(|text| Jid::parse(text).ok());
    let of_service = address("from").is_some_and(|from| from.domain().eq_ignore_ascii_case(DOMAIN));
    // An error has the id of what it answers, be it none.
    let has_id = stanza.attr("id").is_some_and(|id| !id.is_empty()) || stanza.attr("type") == Some("error");
    assert!(
        matches!(stanza.name(), "presence" | "message" | "iq")
            && of_service
            && address("to").is_some()
            && has_id,
        "no stanza that a component may send: {}",
        standalone(stanza)
    );
}
