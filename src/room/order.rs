//! What an admin of the service has a room do, from outside of it (XEP-0050 at the service).

use minidom::Element;

use crate::wire::command::Retry;
use crate::wire::inbound::Inbound;
use crate::wire::jid::{BareJid, Jid};

/// An order to a room.
#[derive(Clone, Debug)]
pub struct Order {
    /// The request at the service, answered with an error if the room cannot obey.
    pub inbound: Box<Inbound>,
    /// What is to be done.
    pub what: What,
    /// The answer once it is done, and durable.
    pub answer: Element,
    /// How the form is shown once more if the room cannot obey; without it the answer is an error.
    pub again: Option<Box<Retry>>,
}

/// What can be ordered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// The room is made: open, persistent, nobody in it.
    Create {
        /// Its owner.
        owner: BareJid,
        /// Its name; empty: none.
        name: String,
    },
    /// The room ends (XEP-0045 §10.9).
    Destroy {
        /// Why; empty: not said.
        reason: String,
        /// Where to go instead.
        venue: Option<Jid>,
    },
}
