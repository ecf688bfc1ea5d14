//! All that can happen to a room.

use crate::wire::inbound::Inbound;

/// A cause of work.
#[derive(Clone, Debug)]
pub enum Event {
    /// Somebody sent a stanza to the room or to one of its occupants.
    Stanza(Box<Inbound>),
    /// The service is about to stop (XEP-0045 §11.2).
    Stop,
}
