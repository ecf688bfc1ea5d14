//! What one event may lead to is bounded by who is there and by what was asked; so is what a room keeps.

use conclave::room::Room;
use conclave::wire::muc::Affiliation;
use conclave::wire::ns;

use super::Check;
use crate::cast::Cast;
use crate::run::Scene;

pub(super) struct Bounds;

impl Check for Bounds {
    fn name(&self) -> &'static str {
        "bounds"
    }

    fn look(&mut self, scene: &Scene<'_>) -> Result<(), String> {
        let (before, after) = (&scene.happening.before, &scene.happening.after);
        let limits = &scene.cast.service.limits;
        let sessions = before.sessions().max(after.sessions());
        let occupants = before.seats.len().max(after.seats.len());
        let asked = scene.happening.stanza().map_or(0, |stanza| parts(stanza, 0));
        // Everybody told once for each thing asked, one client told of everybody for each, history, a few more.
        let due = (asked + 2) * (2 * sessions + occupants)
            + if scene.happening.set_of(ns::MUC_OWNER).is_some() { sessions * occupants * 2 } else { 0 }
            + limits.history_messages_max as usize
            + UNSAID_MAX
            + 4;
        let copies: usize = scene.happening.sent.iter().map(|sent| sent.to.len()).sum();
        if copies > due {
            return Err(format!("one event led to {copies} stanzas, and {due} may be"));
        }
        let full = limits.occupants_max as usize;
        if occupants > full + (full / 10).max(5) {
            return Err(format!("{occupants} occupants, and {full} may be"));
        }
        let affiliations = |sheet: &crate::sheet::Sheet| sheet.room.state().affiliations.len();
        let others = |sheet: &crate::sheet::Sheet| {
            let listed = sheet.room.state().affiliations.values();
            listed.filter(|a| a.affiliation != Affiliation::Outcast).count()
        };
        let full = limits.affiliations_max;
        if (affiliations(after) > full && others(after) > others(before))
            || (affiliations(after) > full + (full / 10).max(10)
                && affiliations(after) > affiliations(before))
        {
            return Err("the list of affiliations grows beyond its bound".to_owned());
        }
        for seat in &after.seats {
            if seat.nick.len() > limits.nick_bytes_max {
                return Err(format!("the nick {} is too long", seat.nick));
            }
        }
        Ok(())
    }
}

/// Elements of a stanza that may ask for something each: items, invitations, fields with their values.
fn parts(element: &minidom::Element, depth: usize) -> usize {
    if depth > 4 {
        return 0;
    }
    element.children().map(|child| 1 + parts(child, depth + 1)).sum()
}

/// Messages without a body that are kept for those who enter.
const UNSAID_MAX: usize = 100;

/// Messages that are kept nowhere and remembered for moderators.
const PASSING_MAX: usize = 256;

/// What a room still holds at the end, counted in how it shows itself.
pub(crate) fn memory(room: &Room, cast: &Cast) -> Option<String> {
    let shown = format!("{room:?}");
    let (kept, rest) =
        shown.split_once("passing: ").expect("what is remembered of messages that are kept nowhere");
    let (entries, passing) = (kept.matches("Entry {").count(), rest.matches("Entry {").count());
    let requests = shown.matches("Request {").count();
    let max = cast.service.limits.history_messages_max as usize;
    if entries > max + UNSAID_MAX {
        return Some(format!("the room keeps {entries} messages, and {max} with a body may be"));
    }
    if passing > PASSING_MAX {
        return Some(format!("the room remembers {passing} messages that it does not keep"));
    }
    (requests > 1000).then(|| format!("the room keeps {requests} requests"))
}
