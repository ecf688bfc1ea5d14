//! How the process ends and begins, and what happens while nothing happens.

use conclave::engine::Machine;
use conclave::engine::restart::{PersistedView, bring_back};
use conclave::host::liveness::LastSeen;
use conclave::room::Room;
use conclave::room::archive::Glimpse;
use conclave::room::listing::Listed;
use conclave::room::recent::restore;
use conclave::room::write::{StoredOccupant, Write};
use conclave::service::directory::Directory;
use conclave::store::LocalArchive;
use conclave::store::LocalStore;
use conclave::wire::inbound::Inbound;
use conclave::wire::jid::BareJid;
use jiff::SignedDuration;

use std::collections::BTreeSet;

use conclave::wire::muc::Affiliation;

use super::{Cause, Host, Outcome};
use crate::sheet::Sheet;

/// How long a persistent room that nobody is in stays in memory.
const IDLE_SECONDS: i64 = 60;

impl Host<'_> {
    /// The service says goodbye everywhere and starts again.
    pub(crate) fn stop(&mut self) -> Result<Vec<Outcome>, String> {
        let mut outcomes = self.work_all()?;
        for place in 0..self.places.len() {
            if self.holds(place) {
                outcomes.extend(self.step(place, vec![Cause::Goodbye])?);
            }
        }
        self.end_in_order();
        self.up();
        Ok(outcomes)
    }

    /// The service stops, everybody stays in, and it starts again; in place, if its connection goes on.
    pub(crate) fn restart(&mut self, in_place: bool) -> Result<Vec<Outcome>, String> {
        let outcomes = self.work_all()?;
        let unwritten = self.end_in_order();
        if !in_place || unwritten || self.second < self.doubtful_until {
            self.up();
        }
        Ok(outcomes)
    }

    /// True if something could not be written.
    fn end_in_order(&mut self) -> bool {
        (0..self.places.len()).for_each(|place| self.catch_up(place));
        let unwritten = self.places.iter().any(|place| place.behind.is_some());
        self.begin();
        unwritten
    }

    /// The process loses everything but the store and starts again. What waited in mailboxes is lost with it.
    pub(crate) fn crash(&mut self) -> Vec<(usize, usize, Inbound)> {
        let mut lost = Vec::new();
        for (at, place) in self.places.iter_mut().enumerate() {
            lost.extend(place.mailbox.drain(..).map(|(sender, inbound)| (at, sender, inbound)));
        }
        self.begin();
        self.up();
        lost
    }

    /// Works off what waits everywhere.
    pub(crate) fn work_all(&mut self) -> Result<Vec<Outcome>, String> {
        let mut outcomes = Vec::new();
        for place in 0..self.places.len() {
            outcomes.extend(self.work(place)?);
        }
        Ok(outcomes)
    }

    /// A process begins with what the store has.
    fn begin(&mut self) {
        self.note_store();
        (0..self.places.len()).for_each(|place| self.forget_debts(place));
        for place in &mut self.places {
            place.room = None;
            place.behind = None;
            place.heard = LastSeen::default();
        }
        self.stalled = false;
        self.awake_since = self.second;
        self.gap = None;
        self.directory = Directory::default();
        let mut occupied = std::collections::HashSet::new();
        let note = &mut |jid, _| {
            occupied.insert(jid);
        };
        self.store.each_occupied(note).expect("this store always reads");
        let (mut vacant, now) = (Vec::new(), self.now);
        let directory = &mut self.directory;
        let each = &mut |jid: BareJid, listed: Listed| {
            let vacated = !listed.persistent && !occupied.contains(&jid);
            let awaited = vacated && listed.awaited.is_some_and(|until| until > now);
            if vacated && !awaited {
                vacant.push(Write::Forget { room: jid });
            } else if !listed.locked && !awaited {
                directory.set(jid, listed.with_occupants(0));
            }
        };
        self.store.each_room(each).expect("this store always reads");
        self.asleep =
            (0..self.places.len()).filter(|place| occupied.contains(&self.cast.rooms[*place])).collect();
        // What is still stored then is tidied up at another start.
        self.keep_store(&vacant);
    }

    /// Time passes, and with it comes what the process does by itself.
    pub(crate) fn pass(&mut self, seconds: i64) -> Result<Vec<Outcome>, String> {
        self.second += seconds;
        self.step_clock(seconds);
        self.note_store();
        self.tick()
    }

    /// The clock is set forward or back, and no time passes.
    pub(crate) fn step_clock(&mut self, seconds: i64) {
        self.now = self.now.checked_add(SignedDuration::from_secs(seconds)).expect("a date");
    }

    fn tick(&mut self) -> Result<Vec<Outcome>, String> {
        if self.stalled {
            return Ok(Vec::new());
        }
        for place in 0..self.places.len() {
            if self.is_overdue(place) {
                self.catch_up(place);
            } else if self.places[place].behind.is_none() {
                self.retire(place);
            }
        }
        self.sweep()
    }

    /// A room that nobody has needed for a while leaves memory.
    fn retire(&mut self, place: usize) {
        let held = &mut self.places[place];
        let idle = self.second - held.active >= IDLE_SECONDS;
        if idle
            && held.mailbox.is_empty()
            && let Some(room) = &mut held.room
            && room.is_empty()
        {
            room.give_up();
            self.catch_up(place);
            if self.places[place].behind.is_none() {
                self.places[place].room = None;
            }
        }
    }

    /// Whose affiliation was another one when he was written down, or who may not be in the room any more.
    pub(crate) fn untold(&self, place: usize, sheet: &Sheet) -> BTreeSet<String> {
        let stored = self.store.occupants(&self.cast.rooms[place]).expect("this store always reads");
        let is_untold = |stored: &StoredOccupant| {
            let now = sheet.affiliation(&stored.occupant.account);
            now != stored.affiliation || sheet.config().members_only && now < Affiliation::Member
        };
        stored.iter().filter(|s| is_untold(s)).map(|s| s.occupant.nick.as_str().to_owned()).collect()
    }

    pub(super) fn load(&self, place: usize) -> (Machine, PersistedView) {
        let jid = self.cast.rooms[place].clone();
        let admins = &self.cast.service.admins;
        match self.stored(place) {
            Some(state) => {
                let (config, archive) = (&state.record.config, state.record.archive.clone());
                let newest = |each: &mut (dyn FnMut(&dyn Glimpse) -> bool + Send)| {
                    self.archive.look_back(&archive, each)
                };
                let history = restore(config, &self.cast.service.limits, newest);
                let room =
                    Room::stored(jid.clone(), state.clone(), history.expect("this archive always reads"));
                let occupants = self.store.occupants(&jid).expect("this store always reads");
                bring_back(room.with_service_admins(admins), occupants)
            }
            None => (Room::absent(jid).with_service_admins(admins).into(), PersistedView::default()),
        }
    }
}
