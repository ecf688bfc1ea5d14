//! A bare client over plain TCP: registers an account, logs in, writes stanzas, hands over every stanza as it came.
//!
//! tokio-xmpp's client is passed over here. It reads stanzas into types and loses or refuses what a test must see:
//! an unknown `<show/>`, a nick with an emoji, the order of children.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use conclave::wire::stream::{Limits, Output, StreamReader};
use conclave::wire::{encode, ns};
use minidom::Element;
use xmpp_parsers::sasl;

/// How long a step of the login may take.
const STEP: Duration = Duration::from_secs(30);
/// A client takes whatever its server lets through.
const LIMITS: Limits =
    Limits { stanza_bytes_max: 1 << 26, depth_max: 512, attributes_max: 10_000, elements_max: 1_000_000 };
const REGISTER: &str = "jabber:iq:register";
const BIND: &str = "urn:ietf:params:xml:ns:xmpp-bind";
const SESSION: &str = "urn:ietf:params:xml:ns:xmpp-session";

/// Where clients log in.
#[derive(Clone, Debug)]
pub(crate) struct Door {
    /// `host:port` of the server's port for clients.
    pub(crate) address: String,
    /// The host of the accounts.
    pub(crate) domain: String,
}

/// An account that is to be registered or used.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    /// What stands before the `@`.
    pub(crate) user: String,
    /// Its password.
    pub(crate) password: String,
}

/// What went wrong between a client and its server.
#[derive(Debug)]
pub(crate) enum Error {
    /// The connection failed or ended.
    Io(io::Error),
    /// The server sent what is not XML, or an error of the stream.
    Xml(String),
    /// The server did not answer a step of the login in time.
    Silent(&'static str),
    /// The server refused a step of the login.
    Refused(&'static str, Box<Element>),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(e) => write!(f, "connection to the server: {e}"),
            Self::Xml(e) => write!(f, "the server's stream: {e}"),
            Self::Silent(step) => write!(f, "the server did not answer the {step}"),
            Self::Refused(step, answer) => {
                write!(f, "the server refused the {step}: {}", encode::standalone(answer))
            }
        }
    }
}

impl From<io::Error> for Error {
    fn from(e: io::Error) -> Self {
        Self::Io(e)
    }
}

/// A client that is logged in and has sent no presence.
pub(crate) struct Client {
    socket: TcpStream,
    reader: StreamReader,
    waiting: VecDeque<Element>,
    domain: String,
    jid: String,
    requests: u32,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("jid", &self.jid).finish_non_exhaustive()
    }
}

impl Client {
    /// Registers an account in-band (XEP-0077).
    pub(crate) fn register(door: &Door, account: &Account) -> Result<(), Error> {
        let mut client = Self::open(door)?;
        let mut query = Element::bare("query", REGISTER);
        for (name, value) in [("username", &account.user), ("password", &account.password)] {
            let mut field = Element::bare(name, REGISTER);
            field.append_text(value.as_str());
            query.append_child(field);
        }
        client.request("registration", "set", None, query)?;
        client.close();
        Ok(())
    }

    /// Logs in and binds a resource (RFC 6120): the one asked for if the server allows it.
    pub(crate) fn login(door: &Door, account: &Account, resource: &str) -> Result<Self, Error> {
        let mut client = Self::open(door)?;
        let auth = sasl::Auth {
            mechanism: sasl::Mechanism::Plain,
            data: format!("\0{}\0{}", account.user, account.password).into_bytes(),
        };
        client.write(&encode::standalone(&auth.into()))?;
        let answer = client.next(Instant::now() + STEP)?.ok_or(Error::Silent("login"))?;
        if answer.name() != "success" {
            return Err(Error::Refused("login", Box::new(answer)));
        }
        let features = client.open_stream()?;
        let mut bind = Element::bare("bind", BIND);
        let mut wanted = Element::bare("resource", BIND);
        wanted.append_text(resource);
        bind.append_child(wanted);
        let bound = client.request("resource binding", "set", None, bind)?;
        let jid = bound.get_child("bind", BIND).and_then(|bind| bind.get_child("jid", BIND));
        client.jid = jid.map(Element::text).unwrap_or_default();
        if client.jid.is_empty() {
            return Err(Error::Refused("resource binding", Box::new(bound)));
        }
        if features.has_child("session", SESSION) {
            client.request("session", "set", None, Element::bare("session", SESSION))?;
        }
        Ok(client)
    }

    /// The full address that the server gave.
    pub(crate) fn jid(&self) -> &str {
        &self.jid
    }

    /// Writes a stanza.
    pub(crate) fn send(&mut self, stanza: &Element) -> Result<(), Error> {
        self.write(&encode::element(stanza))
    }

    /// Writes a stanza that is text already, also one that no [`Element`] could hold.
    pub(crate) fn send_text(&mut self, stanza: &str) -> Result<(), Error> {
        self.write(stanza)
    }

    /// The next stanza, or nothing when none comes before the deadline.
    pub(crate) fn next(&mut self, deadline: Instant) -> Result<Option<Element>, Error> {
        let mut buffer = [0; 16 * 1024];
        loop {
            if let Some(stanza) = self.waiting.pop_front() {
                return Ok(Some(stanza));
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            self.socket.set_read_timeout(Some(left))?;
            match self.socket.read(&mut buffer) {
                Ok(0) => return Err(Error::Io(io::ErrorKind::UnexpectedEof.into())),
                Ok(n) => self.read(&buffer[..n])?,
                Err(e) if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {}
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e.into()),
            }
        }
    }

    /// Asks, and waits for the answer, result or error. Other stanzas stay in the queue, in their order.
    pub(crate) fn ask(
        &mut self,
        step: &'static str,
        kind: &str,
        to: Option<&str>,
        payload: Element,
    ) -> Result<Element, Error> {
        self.requests += 1;
        let id = format!("own-{}", self.requests);
        let mut request = Element::builder("iq", ns::CLIENT).append(payload).build();
        for (name, value) in [("type", Some(kind)), ("id", Some(id.as_str())), ("to", to)] {
            request.set_attr(rxml::Namespace::NONE, attribute_name(name), value);
        }
        self.send(&request)?;
        let deadline = Instant::now() + STEP;
        let mut others = VecDeque::new();
        let answer = loop {
            match self.next(deadline)? {
                Some(answer) if answer.name() == "iq" && answer.attr("id") == Some(&id) => {
                    break Some(answer);
                }
                Some(other) => others.push_back(other),
                None => break None,
            }
        };
        others.append(&mut self.waiting);
        self.waiting = others;
        answer.ok_or(Error::Silent(step))
    }

    /// Asks the server itself for a ping (XEP-0199): what was on its way to this client has come when it answers.
    pub(crate) fn ping(&mut self) -> Result<(), Error> {
        let domain = self.domain.clone();
        self.ask("ping", "get", Some(&domain), Element::bare("ping", ns::PING)).map(drop)
    }

    /// Closes the stream.
    pub(crate) fn close(mut self) {
        // The server may be gone already; there is nobody left to tell.
        let _ = self.write("</stream:stream>");
        let deadline = Instant::now() + Duration::from_secs(2);
        while matches!(self.next(deadline), Ok(Some(_))) {}
    }

    fn open(door: &Door) -> Result<Self, Error> {
        let socket = TcpStream::connect(&door.address)?;
        socket.set_nodelay(true)?;
        let mut client = Self {
            socket,
            reader: StreamReader::new(LIMITS),
            waiting: VecDeque::new(),
            domain: door.domain.clone(),
            jid: String::new(),
            requests: 0,
        };
        client.open_stream()?;
        Ok(client)
    }

    /// Opens a stream on the connection and gives what the server offers.
    fn open_stream(&mut self) -> Result<Element, Error> {
        self.reader = StreamReader::new(LIMITS);
        let header = format!(
            "<?xml version='1.0'?><stream:stream xmlns='{}' xmlns:stream='{}' version='1.0' to='{}'>",
            ns::CLIENT,
            ns::STREAM,
            self.domain
        );
        self.write(&header)?;
        let features = self.next(Instant::now() + STEP)?.ok_or(Error::Silent("stream header"))?;
        if features.name() == "features" {
            Ok(features)
        } else {
            Err(Error::Refused("stream", Box::new(features)))
        }
    }

    /// A request of the login: anything but a result is an error.
    fn request(
        &mut self,
        step: &'static str,
        kind: &str,
        to: Option<&str>,
        payload: Element,
    ) -> Result<Element, Error> {
        let answer = self.ask(step, kind, to, payload)?;
        if answer.attr("type") == Some("result") {
            Ok(answer)
        } else {
            Err(Error::Refused(step, Box::new(answer)))
        }
    }

    /// Queues what the bytes complete: every element of the stream, features and answers of the login among them.
    fn read(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let mut read = Vec::new();
        let fault = self.reader.feed(bytes, &mut read);
        for output in read {
            match output {
                Output::Stanza(stanza, _) => self.waiting.push_back(stanza),
                Output::Opened(_) | Output::Closed => {}
                other => return Err(Error::Xml(format!("{other:?}"))),
            }
        }
        fault.map_err(|e| Error::Xml(e.to_string()))
    }

    fn write(&mut self, text: &str) -> Result<(), Error> {
        Ok(self.socket.write_all(text.as_bytes())?)
    }
}

fn attribute_name(name: &str) -> rxml::NcName {
    name.try_into().expect("a name without a colon")
}
