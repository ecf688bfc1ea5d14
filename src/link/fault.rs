//! Every way in which the link can fail, told to the operator: what the server said, and which setting on
//! which side mends it.

use std::fmt;
use std::io;
use std::time::Duration;

use crate::wire::ns;
use crate::wire::stream::StreamFault;

/// Why there is no link to the server, or no longer.
///
/// The secret is in none of them.
#[derive(Debug)]
pub enum LinkError {
    /// `[component] server` is not `host:port`.
    Address {
        /// The setting.
        server: String,
    },
    /// `[component] domain` cannot be the name of a component.
    Domain {
        /// The setting.
        domain: String,
    },
    /// The server's name has no address.
    NameNotFound {
        /// The name.
        host: String,
        /// What the resolver said.
        error: io::Error,
    },
    /// Nobody listens there.
    Refused {
        /// `host:port`
        server: String,
    },
    /// The TCP connection was not made for another reason.
    Unreachable {
        /// `host:port`
        server: String,
        /// What the system said.
        error: io::Error,
    },
    /// Neither connection nor refusal within the time.
    ConnectTimedOut {
        /// `host:port`
        server: String,
        /// The time.
        after: Duration,
    },
    /// Connected, but the handshake did not end within the time.
    HandshakeTimedOut {
        /// The time.
        after: Duration,
    },
    /// The server's bytes are no XMPP stream.
    NotXmpp {
        /// What is wrong with them.
        fault: StreamFault,
        /// The first of them, made printable.
        said: String,
    },
    /// The link was up, and then came bytes that are no XMPP stream.
    Garbled(StreamFault),
    /// The port is one for clients or servers, not for components.
    WrongPort {
        /// The namespace of the stream that it opened.
        ns: String,
    },
    /// The server's stream has no id, without which there is no handshake.
    NoStreamId,
    /// The server answered the handshake with something else.
    Unexpected {
        /// The name of the element.
        element: String,
    },
    /// The connection ended before the handshake did.
    ClosedInHandshake,
    /// The server ended the stream with an error (RFC 6120, 4.9.3).
    Stream {
        /// The condition's name.
        condition: String,
        /// The server's words.
        text: Option<String>,
        /// Whether the link was up, or still in the handshake.
        up: bool,
    },
    /// The server closed the stream without an error, as it does when it stops.
    Closed,
    /// The connection was cut, perhaps in the middle of a stanza.
    Cut {
        /// Whether a stanza was under way.
        within_stanza: bool,
    },
    /// Reading or writing failed.
    Lost(io::Error),
    /// Nothing came from the server, not even the answer to a ping.
    Silent {
        /// The time.
        after: Duration,
    },
}

impl LinkError {
    /// Whether only a change of settings, here or on the server, mends this: retried slowly and told loudly.
    pub fn is_misconfigured(&self) -> bool {
        match self {
            Self::Address { .. } | Self::Domain { .. } | Self::WrongPort { .. } => true,
            Self::Stream { condition, .. } => matches!(
                condition.as_str(),
                "not-authorized"
                    | "host-unknown"
                    | "invalid-namespace"
                    | "conflict"
                    | "improper-addressing"
                    | "see-other-host"
                    | "not-allowed"
            ),
            _ => false,
        }
    }

    /// Whether another connection took the place of ours: whoever comes back at once takes it from the other in turn.
    pub(super) fn is_replaced(&self) -> bool {
        matches!(self, Self::Stream { condition, up: true, .. } if condition == "conflict")
    }

    /// Whether trying again is pointless: the program's own settings make no sense.
    pub(super) fn is_final(&self) -> bool {
        matches!(self, Self::Address { .. } | Self::Domain { .. })
    }
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address { server } => write!(
                f,
                "[component] server is '{server}': write the host and the component port of the XMPP server, \
                 such as 127.0.0.1:5347 or [::1]:5347"
            ),
            Self::Domain { domain } => write!(
                f,
                "[component] domain is '{domain}': write the domain of the service alone, such as rooms.example.org"
            ),
            Self::NameNotFound { host, error } => {
                write!(f, "the server's name '{host}' was not found ({error}): check [component] server")
            }
            Self::Refused { server } => write!(
                f,
                "nothing listens on {server}: check that the XMPP server runs and that [component] server names its \
                 component port (Prosody: component_ports and component_interfaces, by default 5347 on loopback only; \
                 ejabberd: the port of the listener with module ejabberd_service)"
            ),
            Self::Unreachable { server, error } => {
                write!(f, "cannot connect to {server} ({error}): check [component] server and the network")
            }
            Self::ConnectTimedOut { server, after } => write!(
                f,
                "no answer from {server} within {after:?}: check [component] server, and firewalls on the way"
            ),
            Self::HandshakeTimedOut { after } => write!(
                f,
                "the server did not finish the handshake within {after:?}: check that [component] server names its \
                 component port, and that the server is not overloaded"
            ),
            Self::NotXmpp { fault, said } => not_xmpp(f, fault, said),
            Self::Garbled(fault) => write!(f, "the server sent what cannot be read: {fault}"),
            Self::WrongPort { ns } => write!(
                f,
                "the port is not one for components (it opened a stream in '{ns}', for {}): point [component] server \
                 at the component port (Prosody: component_ports, by default 5347; ejabberd: the listener with \
                 module ejabberd_service)",
                if ns == ns::CLIENT { "clients" } else { "other servers" }
            ),
            Self::NoStreamId => f.write_str(
                "the server opened a stream without an id: it is no component port; check [component] server",
            ),
            Self::Unexpected { element } => write!(
                f,
                "the server answered the handshake with <{element}/>: it is no component port; check [component] server"
            ),
            Self::ClosedInHandshake => f.write_str(
                "the server closed the connection during the handshake without saying why: check that [component] \
                 server names its component port, that [component] secret is right, and the server's log",
            ),
            Self::Stream { condition, text, up } => stream_error(f, condition, text.as_deref(), *up),
            Self::Closed => f.write_str("the server closed the stream; it may be stopping or restarting"),
            Self::Cut { within_stanza: false } => {
                f.write_str("the server closed the connection without closing the stream")
            }
            Self::Cut { within_stanza: true } => {
                f.write_str("the connection was cut in the middle of a stanza from the server")
            }
            Self::Lost(error) => write!(f, "the connection to the server was lost: {error}"),
            Self::Silent { after } => {
                write!(f, "nothing came from the server for {after:?}, not even the answer to a ping")
            }
        }
    }
}

impl std::error::Error for LinkError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::NameNotFound { error, .. } | Self::Unreachable { error, .. } | Self::Lost(error) => {
                Some(error)
            }
            Self::NotXmpp { fault, .. } | Self::Garbled(fault) => Some(fault),
            _ => None,
        }
    }
}

fn not_xmpp(f: &mut fmt::Formatter<'_>, fault: &StreamFault, said: &str) -> fmt::Result {
    write!(f, "the server does not speak XMPP ({fault}")?;
    if !said.is_empty() {
        write!(f, "; it said \"{said}\"")?;
    }
    f.write_str(
        "): check that [component] server names the component port; a port with direct TLS, a web server or \
         another service does not do",
    )
}

fn stream_error(f: &mut fmt::Formatter<'_>, condition: &str, text: Option<&str>, up: bool) -> fmt::Result {
    let when = if up { "ended the stream" } else { "refused the component" };
    write!(f, "the server {when} with {condition}")?;
    if let Some(text) = text {
        write!(f, " (\"{}\")", printable(text.as_bytes(), 300))?;
    }
    match advice(condition, up) {
        Some(advice) => write!(f, ": {advice}"),
        None => Ok(()),
    }
}

/// What mends a stream error with this condition.
fn advice(condition: &str, up: bool) -> Option<&'static str> {
    Some(match condition {
        "not-authorized" => {
            "make [component] secret the same as the server's: component_secret below Component \"…\" in Prosody, \
             password below hosts of the ejabberd_service listener in ejabberd, which also says so when [component] \
             domain is not among those hosts"
        }
        "host-unknown" | "improper-addressing" => {
            "the server does not serve [component] domain as a component: add Component \"<domain>\" with \
             component_secret in Prosody (a VirtualHost or a Component with a module's name does not do), or the \
             domain to hosts of the ejabberd_service listener in ejabberd"
        }
        "conflict" if up => {
            "another connection took [component] domain over: this one makes way, and looks again later whether the \
             domain is free; check that the service runs only once"
        }
        "conflict" => {
            "[component] domain is connected already, or is a domain of the server itself: stop the other instance; \
             an old dead connection goes away in time, at once with component_conflict_resolve = \"kick_old\" below \
             Component \"…\" in Prosody; in ejabberd choose a domain that is not in the top-level hosts"
        }
        "invalid-namespace" => {
            "the port is one for clients or servers: point [component] server at the component port (Prosody: \
             component_ports, by default 5347; ejabberd: the listener with module ejabberd_service)"
        }
        "invalid-from" => {
            "a stanza left with a sender that is not of [component] domain: compare the domain, letter by letter, \
             with Component \"…\" in Prosody or hosts of the ejabberd_service listener in ejabberd; if they are \
             equal, this is a defect of this program"
        }
        "see-other-host" => "point [component] server at the host and component port that it names",
        "not-allowed" => {
            "check access of the ejabberd_service listener, or the component policy of the server"
        }
        "policy-violation" | "not-well-formed" | "bad-format" if up => {
            "a stanza may have been bigger than the server takes: compare its limit (Prosody: \
             component_stanza_size_limit; ejabberd: max_stanza_size of the listener) with [limits] of component.toml"
        }
        "system-shutdown" | "reset" => "the server stops or restarts",
        "connection-timeout" => "the server held the connection for dead",
        "resource-constraint" => "the server is short of resources",
        _ => return None,
    })
}

/// At most `chars_max` characters of what a peer said, without any that could disturb a log.
pub(super) fn printable(bytes: &[u8], chars_max: usize) -> String {
    let head = &bytes[..bytes.len().min(4 * chars_max)];
    let visible = |c: char| if c.is_control() || c == '\u{fffd}' { '.' } else { c };
    String::from_utf8_lossy(head).trim_end().chars().take(chars_max).map(visible).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_peer_said_is_short_and_harmless() {
        assert_eq!(printable(b"HTTP/1.1 400\r\nA: b\x1b[31m\xff\r\n", 200), "HTTP/1.1 400..A: b.[31m.");
        assert_eq!(printable("é".repeat(50).as_bytes(), 10).chars().count(), 10);
    }

    // 114-5, 114-6, 114-7
    #[test]
    fn faults_of_settings_are_told_from_those_of_the_moment() {
        let stream =
            |condition: &str| LinkError::Stream { condition: condition.to_owned(), text: None, up: false };
        for condition in ["not-authorized", "host-unknown", "invalid-namespace", "conflict"] {
            assert!(stream(condition).is_misconfigured(), "{condition}");
        }
        for condition in ["system-shutdown", "reset", "undefined-condition"] {
            assert!(!stream(condition).is_misconfigured(), "{condition}");
        }
        assert!(!LinkError::Closed.is_misconfigured());
    }
}
