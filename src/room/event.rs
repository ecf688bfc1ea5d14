//! All that can happen to a room.

use std::time::Duration;

use super::archive::Found;
use super::order::Order;
use crate::wire::inbound::Inbound;
use crate::wire::jid::Jid;

/// A cause of work.
#[derive(Clone, Debug)]
pub enum Event {
    /// Somebody sent a stanza to the room or to one of its occupants.
    Stanza(Box<Inbound>),
    /// The archive has answered.
    Found(Box<Found>),
    /// A session is to be asked whether it is there.
    Check(Jid),
    /// There was a gap in the link until then, as time since the service started: who stays silent is to be asked, one after the other. For the loop of a
    /// room; a room itself is told [`Event::Check`].
    Gap(Duration),
    /// The room goes on with what occupants have still to be told.
    Continue,
    /// Bans whose time is over are lifted, as many at a time as others hardly notice.
    Lapse,
    /// An admin of the service wants something done.
    Order(Box<Order>),
    /// The service is about to stop. With `goodbye` it is not expected back, and occupants are told (XEP-0045 §11.2);
    /// else they stay in.
    Stop {
        /// Whether occupants are told.
        goodbye: bool,
    },
}

impl Event {
    /// The stanza that is answered if this is refused.
    pub fn inbound(&self) -> Option<&Inbound> {
        match self {
            Self::Stanza(inbound) => Some(inbound),
            Self::Found(found) => Some(&found.inbound),
            Self::Order(order) => Some(&order.inbound),
            Self::Check(_) | Self::Gap(_) | Self::Continue | Self::Lapse | Self::Stop { .. } => None,
        }
    }
}
