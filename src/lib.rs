//! Conclave: Multi-User Chat (XEP-0045) for any XMPP server, attached as an external component (XEP-0114).
//!
//! ```text
//! bytes ─ wire::stream ─► stanza ─ wire::inbound ─► Inbound          limits on size and depth here
//!                     host registry ─► mailbox ─► host::task          one task per room
//! host::task: Event ─► Machine::handle ─► Effects { writes, sends }   pure: no clock, no IO
//!    1 writes to the store (group commit)      2 sends to link::write, only once the writes are durable
//! ```
//!
//! `words`, `wire`, `room`, `feature`, `engine` and `service` are pure: nothing under them reads a clock, a socket, a disk or
//! a random number. `config`, `store`, `link` and `host` are the rim. Each uses those before it in this order and none after
//! it; `tests/tidy.rs` holds the line.

pub mod config;
pub mod engine;
pub mod feature;
pub mod host;
pub mod link;
pub mod room;
pub mod service;
#[cfg_attr(not(feature = "offline"), allow(dead_code, reason = "only `conclave store` uses it"))]
pub mod store;
pub mod wire;
pub mod words;
