//! From nothing to a link: name, TCP, stream header, handshake (XEP-0114, section 3).

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use sha1::{Digest, Sha1};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
#[cfg(target_os = "linux")]
use tracing::debug;

use super::fault::{LinkError, printable};
use super::{LinkSettings, TakenOver};
use crate::config::Secret;
use crate::wire::hex::hex;
use crate::wire::ns;
use crate::wire::stream::{Header, Output, StreamReader};

/// Bytes that the system takes of us before it has sent them: enough that the network never waits for us, and little for what
/// comes after it, in whichever lane, when the server reads slowly.
#[cfg(target_os = "linux")]
const UNSENT_BYTES_MAX: u32 = 64 * 1024;

/// A connection over which the server takes stanzas.
pub(super) struct Open {
    pub(super) socket: TcpStream,
    /// How long bytes take there and back, if neither end has much to do.
    pub(super) distance: Duration,
    pub(super) reader: StreamReader,
    /// What came in the same segment as the end of the handshake.
    pub(super) early: Vec<Output>,
}

/// Goes on with the connection of another process, which had done all that.
pub(super) fn resume(settings: &LinkSettings, taken: TakenOver) -> Result<Open, LinkError> {
    let TakenOver { socket, resumption, distance, .. } = taken;
    let socket = socket.set_nonblocking(true).and_then(|()| TcpStream::from_std(socket));
    let mut reader = StreamReader::resume(settings.limits, &resumption).map_err(LinkError::Garbled)?;
    let mut early = Vec::new();
    reader.feed(&resumption.tail, &mut early).map_err(LinkError::Garbled)?;
    Ok(Open { socket: socket.map_err(LinkError::Lost)?, distance, reader, early })
}

/// Connects and shakes hands.
pub(super) async fn open(settings: &LinkSettings) -> Result<Open, LinkError> {
    let (mut socket, distance) = connect(settings).await?;
    let after = settings.times.handshake;
    let mut handshake = Handshake::new(settings);
    let result = timeout(after, handshake.run(&mut socket)).await;
    match result {
        Ok(Ok(early)) => Ok(Open { socket, distance, reader: handshake.reader, early }),
        Ok(Err(error)) => Err(error),
        Err(_) if handshake.opened && !handshake.answered => Err(LinkError::NoStreamId),
        Err(_) => Err(LinkError::HandshakeTimedOut { after }),
    }
}

/// The stream header of a component (114-1).
pub(super) fn header(domain: &str) -> String {
    format!(
        "<?xml version='1.0'?><stream:stream xmlns='{}' xmlns:stream='{}' to='{domain}'>",
        ns::COMPONENT_ACCEPT,
        ns::STREAM
    )
}

/// Lower-case hexadecimal SHA-1 of the stream id and the secret (114-3).
pub(super) fn digest(id: &str, secret: &Secret) -> String {
    hex(&Sha1::new().chain_update(id).chain_update(secret.expose()).finalize())
}

/// `host:port`, the host perhaps in square brackets.
fn host_and_port(server: &str) -> Option<(&str, u16)> {
    let (host, port) = server.rsplit_once(':')?;
    let port = port.parse().ok().filter(|port| *port != 0)?;
    let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let host = match bracketed {
        Some(host) => host,
        // An IPv6 address without brackets leaves open where the port begins.
        None if host.contains(':') => return None,
        None => host,
    };
    (!host.is_empty()).then_some((host, port))
}

/// A connection, and how long it took: the system of the server answers, whatever the server has to do.
async fn connect(settings: &LinkSettings) -> Result<(TcpStream, Duration), LinkError> {
    let server = settings.server.clone();
    let Some((host, port)) = host_and_port(&settings.server) else {
        return Err(LinkError::Address { server });
    };
    let after = settings.times.connect;
    let deadline = Instant::now() + after;
    let addresses: Vec<SocketAddr> = match timeout_at(deadline, tokio::net::lookup_host((host, port))).await {
        Ok(Ok(addresses)) => addresses.collect(),
        Ok(Err(error)) => return Err(LinkError::NameNotFound { host: host.to_owned(), error }),
        Err(_) => return Err(LinkError::ConnectTimedOut { server, after }),
    };
    let mut failure = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in addresses {
        let since = Instant::now();
        match timeout_at(deadline, TcpStream::connect(address)).await {
            Ok(Ok(socket)) => {
                let distance = since.elapsed();
                // Small answers must not wait for the acknowledgement of what was sent before them.
                socket.set_nodelay(true).map_err(LinkError::Lost)?;
                bound_unsent(&socket);
                return Ok((socket, distance));
            }
            Ok(Err(error)) => failure = error,
            Err(_) => return Err(LinkError::ConnectTimedOut { server, after }),
        }
    }
    Err(if failure.kind() == io::ErrorKind::ConnectionRefused {
        LinkError::Refused { server }
    } else {
        LinkError::Unreachable { server, error: failure }
    })
}

/// What the system has taken goes before all that is said later, in whichever room: behind a server that reads slowly
/// it shall not take megabytes. The option stays with a connection that is handed over.
fn bound_unsent(socket: &TcpStream) {
    #[cfg(target_os = "linux")]
    if let Err(error) = socket2::SockRef::from(socket).set_tcp_notsent_lowat(UNSENT_BYTES_MAX) {
        debug!("the system takes as much of us as it likes: {error}");
    }
}

struct Handshake<'a> {
    settings: &'a LinkSettings,
    reader: StreamReader,
    /// The server's first bytes, for the message when they are no XMPP.
    first: Vec<u8>,
    opened: bool,
    answered: bool,
}

impl<'a> Handshake<'a> {
    fn new(settings: &'a LinkSettings) -> Self {
        Self {
            settings,
            reader: StreamReader::new(settings.limits),
            first: Vec::new(),
            opened: false,
            answered: false,
        }
    }

    /// Runs to the server's `<handshake/>`; gives what came behind it.
    async fn run(&mut self, socket: &mut TcpStream) -> Result<Vec<Output>, LinkError> {
        let header = header(&self.settings.domain);
        socket.write_all(header.as_bytes()).await.map_err(LinkError::Lost)?;
        let mut chunk = vec![0; 4096];
        let mut out = Vec::new();
        loop {
            let read = match socket.read(&mut chunk).await {
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => 0,
                Err(error) => return Err(LinkError::Lost(error)),
            };
            if read == 0 {
                return Err(LinkError::ClosedInHandshake);
            }
            if self.first.len() < 200 {
                self.first.extend_from_slice(&chunk[..read]);
            }
            let fault = self.reader.feed(&chunk[..read], &mut out).err();
            let mut outputs = std::mem::take(&mut out).into_iter();
            while let Some(output) = outputs.next() {
                if self.step(output, socket).await? {
                    return Ok(outputs.collect());
                }
            }
            if let Some(fault) = fault {
                return Err(LinkError::NotXmpp { fault, said: printable(&self.first, 80) });
            }
        }
    }

    /// Takes one output; true when the server accepts the component.
    async fn step(&mut self, output: Output, socket: &mut TcpStream) -> Result<bool, LinkError> {
        match output {
            Output::Opened(Header { ns, .. }) if ns == ns::CLIENT || ns == "jabber:server" => {
                Err(LinkError::WrongPort { ns })
            }
            Output::Opened(Header { id, .. }) => {
                self.opened = true;
                // Without an id an error may still follow, and it says more.
                if let Some(id) = id {
                    self.answered = true;
                    let digest = digest(&id, &self.settings.secret);
                    let answer = format!("<handshake>{digest}</handshake>");
                    socket.write_all(answer.as_bytes()).await.map_err(LinkError::Lost)?;
                }
                Ok(false)
            }
            Output::Stanza(element, _) if self.answered && element.is("handshake", ns::CLIENT) => Ok(true),
            Output::Stanza(element, _) => Err(LinkError::Unexpected { element: element.name().to_owned() }),
            Output::Skipped { head, .. } => Err(LinkError::Unexpected { element: head.name }),
            Output::Error { condition, text } => Err(LinkError::Stream { condition, text, up: false }),
            Output::Closed if !self.answered => Err(LinkError::NoStreamId),
            Output::Closed => Err(LinkError::ClosedInHandshake),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // 114-3
    #[test]
    fn the_digest_is_that_of_id_and_secret() {
        let digest = |secret: &str| digest("3BF96D32", &Secret::new(secret));
        assert_eq!(digest("test"), "aaee83c26aeeafcbabeabfcbcd50df997e0a2a1e");
        assert_eq!(digest("secret"), "b09ea9b3b7f586be8a08d0a3dd7466f110aeb136");
    }

    // 45-14.6-a
    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn the_system_holds_little_that_is_not_sent() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let limits = crate::wire::stream::Limits {
            stanza_bytes_max: 1024,
            depth_max: 8,
            attributes_max: 8,
            elements_max: 8,
        };
        let settings = LinkSettings {
            domain: "muc.example".to_owned(),
            server: listener.local_addr().expect("bound").to_string(),
            secret: Secret::new("test"),
            limits,
            times: crate::link::Times::default(),
        };
        let (socket, _) = connect(&settings).await.expect("connected");
        let most = socket2::SockRef::from(&socket).tcp_notsent_lowat().expect("an option");
        assert_eq!(most, UNSENT_BYTES_MAX);
    }

    // 114-1
    #[test]
    fn the_header_names_the_component() {
        assert_eq!(
            header("muc.example"),
            "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' \
             xmlns:stream='http://etherx.jabber.org/streams' to='muc.example'>"
        );
    }

    #[test]
    fn servers_are_a_host_and_a_port() {
        assert_eq!(host_and_port("localhost:5347"), Some(("localhost", 5347)));
        assert_eq!(host_and_port("[::1]:5347"), Some(("::1", 5347)));
        for wrong in ["localhost", ":5347", "::1:5347", "a:0", "a:b", "a:70000", "[::1]", ""] {
            assert_eq!(host_and_port(wrong), None, "{wrong}");
        }
    }
}
