//! The server that a test plays, for programs that are no tests.

// They use a part of it.
#![allow(dead_code)]

#[path = "peer.rs"]
pub(crate) mod peer;
#[path = "../servers/ports.rs"]
mod ports;
#[path = "server.rs"]
pub(crate) mod server;
#[path = "words.rs"]
pub(crate) mod words;
