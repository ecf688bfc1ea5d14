//! Conflicts of nicks that do not end.
//!
//! Some clients answer a conflict by another nick at once, without end if none will do. Whoever meets many in a row is
//! told to wait, which such clients do; a nick that is free is given all the same.

use std::collections::VecDeque;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use xmpp_parsers::stanza_error::DefinedCondition;

use crate::room::context::Context;
use crate::room::event::Event;
use crate::wire::inbound::Kind;
use crate::wire::jid::Jid;
use crate::wire::refusal::Refusal;
use crate::words;

/// Conflicts in a row of which a session is told as such.
const TOLD_MAX: u32 = 10;

/// After so long without a conflict a session begins anew.
const QUIET: SignedDuration = SignedDuration::from_mins(1);

/// Sessions of which conflicts are known; beyond it the one that met none for longest is forgotten.
const SESSIONS_MAX: usize = 100;

/// Who has met conflicts lately, the latest last.
#[derive(Clone, Debug, Default)]
pub struct Conflicts {
    sessions: VecDeque<(Jid, u32, Timestamp)>,
}

impl Conflicts {
    /// Counts one more conflict of a session: how many in a row it is now.
    fn count(&mut self, session: &Jid, now: Timestamp) -> u32 {
        let known = self.sessions.iter().position(|(jid, ..)| jid == session);
        let known = known.and_then(|place| self.sessions.remove(place));
        let before = known.filter(|(.., latest)| now.duration_since(*latest) < QUIET);
        let count = before.map_or(0, |(_, count, _)| count).saturating_add(1);
        self.sessions.push_back((session.clone(), count, now));
        if self.sessions.len() > SESSIONS_MAX {
            self.sessions.pop_front();
        }
        count
    }
}

/// What a refused event is answered: a conflict about a nick counts, and is told as too much beyond a number.
pub(crate) fn weighed(
    conflicts: &mut Arc<Conflicts>,
    refusal: Refusal,
    event: &Event,
    cx: &Context<'_>,
) -> Refusal {
    let Event::Stanza(inbound) = event else { return refusal };
    if refusal.condition != DefinedCondition::Conflict || !matches!(inbound.kind, Kind::Presence(_)) {
        return refusal;
    }
    match Arc::make_mut(conflicts).count(&inbound.from, cx.now) {
        0..=TOLD_MAX => refusal,
        _ => Refusal::resource_constraint(&words::TOO_MANY_CONFLICTS),
    }
}
