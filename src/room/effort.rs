//! Which events may take long: told beforehand, by what a stanza holds and what the room has.
//!
//! What each costs is some microseconds for an occupant, an affiliation or a kilobyte. Most events are far from these
//! bounds. Those beyond them are handled where nobody else waits for it.

use jiff::Timestamp;

use super::Room;
use super::archive::{Answer, Found};
use super::event::Event;
use crate::wire::inbound::{Inbound, IqType, Kind, PresenceType};
use crate::wire::ns;

/// A stanza of so many bytes, or a page of so many.
const BYTES: usize = 256 * 1024;

/// A request about lists, in a room with so many affiliations.
const AFFILIATIONS: usize = 5_000;

/// What is told about or to each of so many occupants.
const OCCUPANTS: usize = 1_000;

/// Bans that end at once.
const BANS: usize = 50;

impl Room {
    /// Whether it may take more than some milliseconds to handle an event that comes now.
    pub fn may_take_long(&self, event: &Event, now: Timestamp) -> bool {
        match event {
            Event::Stanza(inbound) => inbound.size >= BYTES || self.concerns_many(inbound),
            Event::Found(found) => is_large(found),
            Event::Order(_) | Event::Stop { .. } => self.roster.len() >= OCCUPANTS,
            Event::Lapse => self.ranks.ended(now).nth(BANS).is_some(),
            Event::Check(_) | Event::Gap(_) | Event::Continue => false,
        }
    }

    /// Whether a stanza is about everybody in a large room, or about long lists.
    fn concerns_many(&self, inbound: &Inbound) -> bool {
        let many = self.roster.len() >= OCCUPANTS;
        match inbound.kind {
            // Who enters is shown everybody.
            Kind::Presence(PresenceType::Available) => many,
            Kind::Iq(IqType::Get | IqType::Set) if many || self.state.affiliations.len() >= AFFILIATIONS => {
                let about_lists =
                    |ns: &str| matches!(ns, ns::MUC_OWNER | ns::MUC_ADMIN | ns::COMMANDS | ns::DISCO_ITEMS);
                inbound.payload().is_some_and(|payload| about_lists(&payload.ns()))
            }
            _ => false,
        }
    }
}

/// Whether what was found in the archive is large.
fn is_large(found: &Found) -> bool {
    let Answer::Page(page) = &found.answer else { return false };
    let mut bytes = 0;
    page.entries.iter().any(|entry| {
        bytes += entry.bytes();
        bytes >= BYTES
    })
}
