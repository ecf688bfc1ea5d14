//! After a gap in the link: whoever stays silent is asked whether he is there.

use std::time::Duration;

use conclave::host::liveness::CHECKS_PER_SECOND;

use super::{Cause, Host, Outcome, Place};

/// How long after a gap those who are still silent begin to be asked, in seconds.
const SETTLE_SECONDS: i64 = 5;

/// How long after a gap somebody who is gone may not have been found out yet, in seconds.
const DOUBT_SECONDS: i64 = 300;

/// A gap that rooms are to be told of.
pub(super) struct Gap {
    since: i64,
    awake: Vec<usize>,
}

impl Host<'_> {
    /// The link is up, and before it was not.
    pub(crate) fn up(&mut self) {
        let awake = (0..self.places.len()).filter(|place| self.holds(*place)).collect();
        self.gap = Some(Gap { since: self.second, awake });
        self.up_since = Some(self.second);
        self.doubtful_until = self.second + DOUBT_SECONDS;
    }

    /// The link is down: what it has brought is worked off meanwhile.
    pub(crate) fn down(&mut self) -> Result<Vec<Outcome>, String> {
        self.up_since = None;
        if self.stalled { Ok(Vec::new()) } else { self.work_all() }
    }

    /// Tells rooms of a gap when things have settled, and asks those who are to be asked.
    pub(super) fn sweep(&mut self) -> Result<Vec<Outcome>, String> {
        if let Some(gap) = self.gap.take_if(|gap| self.second - gap.since >= SETTLE_SECONDS) {
            let asleep = std::mem::take(&mut self.asleep);
            for place in gap.awake.into_iter().chain(asleep) {
                self.wake(place);
                self.places[place].active = self.second;
                let Place { heard, room: Some(room), .. } = &mut self.places[place] else { continue };
                heard.gap(Duration::from_secs(gap.since.unsigned_abs()), room);
            }
        }
        let mut outcomes = Vec::new();
        let mut turns = CHECKS_PER_SECOND;
        while turns > 0 && self.places.iter().any(|place| !place.heard.is_settled()) {
            for place in 0..self.places.len() {
                if turns > 0 && !self.places[place].heard.is_settled() {
                    turns -= 1;
                    if let Some(session) = self.places[place].heard.next_silent() {
                        outcomes.extend(self.step(place, vec![Cause::Check(session)])?);
                    }
                }
            }
        }
        Ok(outcomes)
    }
}
