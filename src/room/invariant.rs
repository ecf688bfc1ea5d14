//! What must hold after every event.

use super::ranks::Ranks;
use super::reserved::Reserved;
use super::{Life, Room, entry};
use crate::wire::muc::Affiliation;

impl Room {
    /// The first invariant that does not hold, in words; `None` when all is well.
    pub fn broken_invariant(&self) -> Option<String> {
        if self.life == Life::Absent {
            return (!self.roster.is_empty()).then(|| "a room that does not exist has occupants".to_owned());
        }
        if *self.ranks != Ranks::of(&self.state) {
            return Some("the ranks are not those of the affiliations".to_owned());
        }
        if self.ranks.owners.is_empty() {
            return Some("the room has no owner".to_owned());
        }
        if self.state.affiliations.values().any(|a| a.affiliation == Affiliation::None) {
            return Some("an affiliation of none is stored".to_owned());
        }
        if self.reserved.get().is_some_and(|reserved| *reserved != Reserved::of(&self.state)) {
            return Some("the reserved nicks are not those of the affiliations".to_owned());
        }
        if !self.roster.is_indexed() {
            return Some("occupants are not found by their accounts and looks".to_owned());
        }
        for occupant in self.roster.iter() {
            let nick = occupant.nick.as_str();
            if occupant.sessions.is_empty() {
                return Some(format!("{nick} has no session"));
            }
            if occupant
                .sessions
                .iter()
                .any(|s| self.roster.by_session(&s.jid).map(|o| o.nick.key()) != Some(occupant.nick.key()))
            {
                return Some(format!("a session of {nick} leads elsewhere"));
            }
            let affiliation = self.affiliation(&occupant.account);
            if let Some(barred) = entry::barred(self.config(), affiliation) {
                return Some(format!("{nick} is present and may not be: {barred:?}"));
            }
        }
        None
    }
}
