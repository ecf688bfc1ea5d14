//! A client's connection, many to a thread: registers, logs in, writes text, hands over stanzas.
//!
//! The same as `tests/servers/client.rs`, which takes a thread for each client.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use conclave::wire::ns;
use conclave::wire::stream::{Limits, Output, StreamReader};
use minidom::Element;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use xmpp_parsers::sasl;

use crate::servers::client::{Account, Door};

/// How long registering or logging in may take.
const STEP: Duration = Duration::from_secs(30);
/// A client takes whatever its server lets through.
const LIMITS: Limits =
    Limits { stanza_bytes_max: 1 << 26, depth_max: 512, attributes_max: 10_000, elements_max: 1_000_000 };

/// A stream between a client and its server.
pub(crate) struct Connection {
    socket: TcpStream,
    reader: StreamReader,
    waiting: VecDeque<Element>,
    /// How the stream ended; told when what came before has been handed over.
    end: Option<String>,
    domain: String,
}

impl Connection {
    /// Registers an account in-band (XEP-0077).
    pub(crate) async fn register(door: &Door, account: &Account) -> io::Result<()> {
        let register = async {
            let mut connection = Self::open(door).await?;
            let query = format!(
                "<query xmlns='jabber:iq:register'><username>{}</username><password>{}</password></query>",
                account.user, account.password
            );
            connection.request(&query).await?;
            connection.write("</stream:stream>").await
        };
        timeout(STEP, register).await?
    }

    /// Logs in, binds a resource (RFC 6120) and sends presence.
    pub(crate) async fn login(door: &Door, account: &Account, resource: &str) -> io::Result<Self> {
        let login = async {
            let mut connection = Self::open(door).await?;
            let auth = sasl::Auth {
                mechanism: sasl::Mechanism::Plain,
                data: format!("\0{}\0{}", account.user, account.password).into_bytes(),
            };
            connection.write(&conclave::wire::encode::standalone(&auth.into())).await?;
            let answer = connection.next().await?;
            if answer.name() != "success" {
                return Err(io::Error::other(format!("no success: {}", answer.name())));
            }
            connection.open_stream().await?;
            let bind = "urn:ietf:params:xml:ns:xmpp-bind";
            connection
                .request(&format!("<bind xmlns='{bind}'><resource>{resource}</resource></bind>"))
                .await?;
            connection.write("<presence/>").await?;
            Ok(connection)
        };
        timeout(STEP, login).await?
    }

    /// Writes stanzas.
    pub(crate) async fn write(&mut self, text: &str) -> io::Result<()> {
        self.socket.write_all(text.as_bytes()).await
    }

    /// The next element. Dropped before it is ready it has lost nothing.
    pub(crate) async fn next(&mut self) -> io::Result<Element> {
        let mut buffer = [0; 8 * 1024];
        loop {
            if let Some(element) = self.waiting.pop_front() {
                return Ok(element);
            }
            if let Some(end) = self.end.take() {
                return Err(io::Error::other(end));
            }
            let read = self.socket.read(&mut buffer).await?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let mut outputs = Vec::new();
            let fault = self.reader.feed(&buffer[..read], &mut outputs);
            for output in outputs {
                match output {
                    Output::Stanza(element, _) => self.waiting.push_back(element),
                    Output::Opened(_) => {}
                    end => self.end = Some(format!("{end:?}")),
                }
            }
            if let Err(fault) = fault {
                self.end = Some(fault.to_string());
            }
        }
    }

    /// Cuts the connection as a lost network does: without a word.
    pub(crate) fn vanish(self) {
        // A reset needs no answer; where the option is refused, an end without a word does as well.
        let _ = self.socket.set_zero_linger();
    }

    async fn open(door: &Door) -> io::Result<Self> {
        let socket = TcpStream::connect(&door.address).await?;
        socket.set_nodelay(true)?;
        let reader = StreamReader::new(LIMITS);
        let (waiting, domain) = (VecDeque::new(), door.domain.clone());
        let mut connection = Self { socket, reader, waiting, end: None, domain };
        connection.open_stream().await?;
        Ok(connection)
    }

    async fn open_stream(&mut self) -> io::Result<()> {
        self.reader = StreamReader::new(LIMITS);
        let header = format!(
            "<?xml version='1.0'?><stream:stream xmlns='{}' xmlns:stream='{}' version='1.0' to='{}'>",
            ns::CLIENT,
            ns::STREAM,
            self.domain
        );
        self.write(&header).await?;
        let features = self.next().await?;
        if features.name() == "features" { Ok(()) } else { Err(io::Error::other("no features")) }
    }

    async fn request(&mut self, payload: &str) -> io::Result<()> {
        self.write(&format!("<iq type='set' id='login'>{payload}</iq>")).await?;
        loop {
            let answer = self.next().await?;
            if answer.name() == "iq" && answer.attr("id") == Some("login") {
                return match answer.attr("type") {
                    Some("result") => Ok(()),
                    _ => Err(io::Error::other(conclave::wire::encode::standalone(&answer))),
                };
            }
        }
    }
}
