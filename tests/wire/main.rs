//! The program as a server meets it: the test plays the XMPP server to the real binary, over a socket of loopback.
//! Each test names the rows of the conformance catalogue that it proves.
//!
//! Every stanza that any of these tests receives is checked for what a component must never get wrong: a sender of
//! its own domain, a recipient, an id (114-9, 45-G-g, 45-G-h); see [`peer::Peer`].

mod addresses;
mod clients;
mod commands;
mod confined;
mod hostile;
mod link;
mod moderation;
mod overload;
mod peer;
mod places;
#[path = "../servers/ports.rs"]
mod ports;
mod restart;
mod secrets;
mod server;
mod silence;
mod store_faults;
mod words;
