//! The checkers: each holds one promise, and none of them knows what the workload had in mind.

pub(crate) mod answers;
pub(crate) mod bounds;
pub(crate) mod durable;
mod entry;
pub(crate) mod gone;
mod ids;
pub(crate) mod lag;
mod orders;
mod presence;
mod ranks;
mod roster;
mod rules;
mod secrecy;
mod settings;
mod strangers;
mod talk;
mod verdict;

use crate::cast::Cast;
use crate::ledger::Ledger;
use crate::run::Scene;
use crate::sheet::Sheet;

/// One promise.
pub(crate) trait Check {
    /// A word for it.
    fn name(&self) -> &'static str;
    /// Looks at what came of one event, after every client has received it.
    fn look(&mut self, scene: &Scene<'_>) -> Result<(), String>;
}

/// All checkers that look at single events, in the order in which they are asked.
pub(crate) fn all() -> Vec<Box<dyn Check>> {
    vec![
        Box::new(Wholeness),
        Box::new(secrecy::Secrecy),
        Box::new(strangers::Strangers::default()),
        Box::new(ranks::Ranks),
        Box::new(verdict::Verdict),
        Box::new(settings::Settings),
        Box::new(entry::Entry),
        Box::new(presence::Presences),
        Box::new(roster::Rosters),
        Box::new(talk::Talk::default()),
        Box::new(answers::Answers::default()),
        Box::new(ids::Ids::default()),
        Box::new(bounds::Bounds),
        Box::new(gone::Gone),
    ]
}

/// An event happens wholly or not at all: a refusal changes nothing and leaves one answer, to the sender. And every
/// stanza says from which room or occupant it comes (45-G-g), and what the room makes itself has an id (45-G-h).
struct Wholeness;

impl Check for Wholeness {
    fn name(&self) -> &'static str {
        "wholeness"
    }

    fn look(&mut self, scene: &Scene<'_>) -> Result<(), String> {
        let happening = scene.happening;
        for sent in &happening.sent {
            let from = sent.stanza.attr("from").unwrap_or_default();
            if from.split('/').next() != Some(scene.cast.rooms[happening.place].as_str()) {
                return Err(format!("a stanza comes from {from:?}"));
            }
            if !sent.is_error() && sent.stanza.attr("id").is_none() {
                return Err("a stanza of the room has no id".to_owned());
            }
        }
        if !happening.refused && !happening.unstored {
            return Ok(());
        }
        let (before, after) = (&happening.before, &happening.after);
        let same_roster = before.seats.len() == after.seats.len()
            && before.seats.iter().zip(&after.seats).all(|(a, b)| {
                (&a.nick, a.role, &a.sessions, &a.said, a.affiliation)
                    == (&b.nick, b.role, &b.sessions, &b.said, b.affiliation)
            });
        if !same_roster || before.room.state() != after.room.state() || before.exists() != after.exists() {
            return Err("what was refused changed something".to_owned());
        }
        if happening.sent.len() > 1
            || happening.sent.iter().any(|s| !s.is_error() || s.entities != [happening.sender])
        {
            return Err("what was refused led to more than one error for the sender".to_owned());
        }
        Ok(())
    }
}

/// Exactly the public rooms that are configured and were entered are listed (45-6.3-a, 45-4.2-b).
pub(crate) fn listing(
    cast: &Cast,
    sheets: &[Sheet],
    ledgers: &[Ledger],
    listed: &[String],
) -> Result<(), String> {
    let rooms = cast.rooms.iter().zip(sheets).zip(ledgers);
    let mut due: Vec<&str> = rooms
        .filter(|((_, sheet), ledger)| {
            sheet.exists() && !ledger.locked && sheet.config().public && !sheet.room.is_awaited()
        })
        .map(|((room, _), _)| room.as_str())
        .collect();
    due.sort_unstable();
    if due == listed { Ok(()) } else { Err(format!("listed are {listed:?}, public are {due:?}")) }
}
