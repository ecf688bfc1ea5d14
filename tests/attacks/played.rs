//! The server that the test plays.

// A part of it is used.
#![allow(dead_code)]

#[path = "../wire/peer.rs"]
mod peer;
#[path = "../wire/server.rs"]
pub(crate) mod server;

use crate::servers::ports;
