//! Another server, of which our server knows no more than that it is reached over a connection: a component that the test
//! plays, with users of its own.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use conclave::wire::ns;
use conclave::wire::stream::{Limits, Output, StreamReader};
use minidom::Element;
use sha1::{Digest as _, Sha1};

use crate::servers::host::SECRET;

const LIMITS: Limits =
    Limits { stanza_bytes_max: 1 << 26, depth_max: 128, attributes_max: 1000, elements_max: 100_000 };
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// A server far away. Dropping it takes it from the net.
pub(crate) struct Far {
    socket: TcpStream,
    reader: StreamReader,
    journal: Vec<Element>,
}

impl Far {
    /// Connects as this domain.
    pub(crate) fn connect(port: u16, domain: &str) -> Self {
        let socket = TcpStream::connect(("127.0.0.1", port)).expect("the server listens");
        let mut far = Self { socket, reader: StreamReader::new(LIMITS), journal: Vec::new() };
        far.send(&format!(
            "<stream:stream xmlns='{}' xmlns:stream='{}' to='{domain}'>",
            ns::COMPONENT_ACCEPT,
            ns::STREAM
        ));
        let mut id = None;
        far.until(|output| {
            if let Output::Opened(header) = output {
                id.clone_from(&header.id);
            }
            id.is_some()
        });
        let digest = Sha1::new().chain_update(id.expect("waited for")).chain_update(SECRET).finalize();
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        far.send(&format!("<handshake>{hex}</handshake>"));
        far.until(|output| matches!(output, Output::Stanza(stanza, _) if stanza.name() == "handshake"));
        far.journal.clear();
        far
    }

    /// Writes a stanza.
    pub(crate) fn send(&mut self, stanza: &str) {
        self.socket.write_all(stanza.as_bytes()).expect("the server takes it");
    }

    /// Waits for a stanza, passing over those before it.
    pub(crate) fn hears(&mut self, what: &str, is_it: impl Fn(&Element) -> bool) -> Element {
        if let Some(place) = self.journal.iter().position(&is_it) {
            return self.journal.drain(..=place).next_back().expect("found");
        }
        let mut found = None;
        self.until(|output| {
            if let Output::Stanza(stanza, _) = output
                && is_it(stanza)
            {
                found = Some(stanza.clone());
            }
            found.is_some()
        });
        self.journal.clear();
        found.unwrap_or_else(|| panic!("{what}"))
    }

    /// What comes within a while.
    #[allow(dead_code, reason = "only some tests wait for what they do not know")]
    pub(crate) fn listens(&mut self, time: Duration) -> Vec<Element> {
        let deadline = Instant::now() + time;
        let mut buffer = [0; 16 * 1024];
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return std::mem::take(&mut self.journal);
            }
            self.socket.set_read_timeout(Some(left)).expect("a time");
            match self.socket.read(&mut buffer) {
                Err(e)
                    if matches!(
                        e.kind(),
                        ErrorKind::Interrupted | ErrorKind::WouldBlock | ErrorKind::TimedOut
                    ) => {}
                read => self.reads(&buffer[..read.unwrap_or_else(|e| panic!("the far server waits: {e}"))]),
            }
        }
    }

    fn reads(&mut self, bytes: &[u8]) {
        assert!(!bytes.is_empty(), "the connection has ended");
        let mut out = Vec::new();
        self.reader.feed(bytes, &mut out).expect("XML");
        let stanzas = out.into_iter().filter_map(|output| match output {
            Output::Stanza(stanza, _) => Some(stanza),
            _ => None,
        });
        self.journal.extend(stanzas);
    }

    fn until(&mut self, mut is_enough: impl FnMut(&Output) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        let mut buffer = [0; 16 * 1024];
        let mut enough = false;
        while !enough {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "the far server waits for an answer");
            self.socket.set_read_timeout(Some(left)).expect("a time");
            let read = match self.socket.read(&mut buffer) {
                // A read with a timeout is not taken up again after a signal.
                Err(e) if e.kind() == ErrorKind::Interrupted => continue,
                read => read.unwrap_or_else(|e| panic!("the far server waits: {e}")),
            };
            assert!(read > 0, "the connection has ended");
            let mut out = Vec::new();
            self.reader.feed(&buffer[..read], &mut out).expect("XML");
            for output in out {
                enough |= is_enough(&output);
                if let Output::Stanza(stanza, _) = output {
                    self.journal.push(stanza);
                }
            }
        }
    }
}
