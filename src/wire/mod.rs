//! The words of the protocol: addresses, stanzas in, stanzas out. Pure.

pub mod build;
pub mod command;
pub mod encode;
pub mod fit;
pub mod form;
pub(crate) mod hex;
pub mod inbound;
pub mod item;
pub mod jid;
pub mod message;
pub mod muc;
pub mod ns;
pub mod parse;
pub mod redact;
pub mod refusal;
mod retry;
pub mod rsm;
pub mod size;
pub mod stream;
