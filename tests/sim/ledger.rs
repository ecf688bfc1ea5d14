//! What is known of a play besides how its rooms stand: how much was played, what each room should have kept.

use std::collections::{BTreeMap, BTreeSet};

use conclave::room::archive::ArchiveId;
use conclave::room::context::{LockedRooms, Service};
use conclave::room::limits::Limits;
use conclave::room::state::RoomRecord;
use conclave::wire::ns;
use jiff::{SignedDuration, Timestamp};

use crate::cast::Cast;
use crate::happening::{Happening, Sent};
use crate::run::{is_said, number_of};
use crate::sheet::Sheet;

/// How much was played.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) events: u64,
    /// Copies that clients received.
    pub(crate) stanzas: u64,
    /// Status codes that were met, as a set of bits: the code less 100.
    codes: [u128; 2],
}

impl Tally {
    /// Adds what another story has played.
    pub(crate) fn add(&mut self, other: &Self) {
        self.events += other.events;
        self.stanzas += other.stanzas;
        for (mine, other) in self.codes.iter_mut().zip(other.codes) {
            *mine |= other;
        }
    }

    /// Whether a status code was met.
    pub(crate) fn met(&self, code: usize) -> bool {
        self.codes[(code - 100) / 128] >> ((code - 100) % 128) & 1 == 1
    }

    pub(crate) fn meet(&mut self, sent: &Sent) {
        let codes = sent.x().into_iter().flat_map(|x| x.children()).filter_map(|c| c.attr("code"));
        for code in codes.filter_map(|code| code.parse::<usize>().ok()).filter(|c| (100..356).contains(c)) {
            self.codes[(code - 100) / 128] |= 1 << ((code - 100) % 128);
        }
    }
}

/// What is known about a room besides how it stands.
#[derive(Default)]
pub(crate) struct Ledger {
    /// Created and not configured; before the happening, and after it.
    pub(crate) was_locked: bool,
    pub(crate) locked: bool,
    /// When a locked room opens by itself.
    opens: Option<Timestamp>,
    /// Opened by time alone, and no form was sent since; before the happening, and after it.
    pub(crate) was_unclaimed: bool,
    unclaimed: bool,
    /// Grows whenever the room begins anew: created, or loaded.
    pub(crate) epoch: u32,
    pub(crate) was_epoch: u32,
    /// Numbers of the messages that the room should have kept, and when they came.
    pub(crate) kept: Vec<(u64, Timestamp)>,
    /// The same for those that each archive should have: a room that is created anew has another one.
    pub(crate) archived: BTreeMap<ArchiveId, Vec<(u64, Timestamp)>>,
    /// When the room last gave a message its time, and what of that its archive knows.
    latest: Option<Timestamp>,
    archived_until: BTreeMap<ArchiveId, Timestamp>,
    /// Whose affiliation was stored otherwise than it is when the room was loaded: everybody is told with the next event.
    pub(crate) untold: BTreeSet<String>,
    /// How the room stood after everything that was handled together, and when.
    pub(crate) moments: Vec<(i64, Sheet)>,
}

impl Ledger {
    /// Nothing has happened yet in a room that stands like this.
    pub(crate) fn new(sheet: Sheet) -> Self {
        Self { moments: vec![(0, sheet)], ..Self::default() }
    }

    /// Notes whether the room is locked, by what was asked and granted.
    pub(crate) fn note(
        &mut self,
        happening: &Happening,
        now: Timestamp,
        service: &Service,
        has: impl Fn(&ArchiveId) -> bool,
    ) {
        let done = !happening.refused && !happening.unstored;
        self.open_in_time(now, done);
        self.was_epoch = self.epoch;
        let (before, after) = (happening.before.exists(), happening.after.exists());
        if !before && after {
            self.locked = true;
            let waits = service.locked_rooms == LockedRooms::Open;
            self.opens = waits.then(|| now + SignedDuration::from_mins(5));
            self.epoch += 1;
            self.kept.clear();
            self.latest = None;
        }
        if done && happening.asks_for_the_form() {
            self.opens = None;
        }
        let invites = !happening.mediated("invite").is_empty() && happening.mediated("decline").is_empty();
        if done && before && invites && service.locked_rooms == LockedRooms::Open {
            (self.locked, self.opens) = (false, None);
        }
        let submitted = happening.set_of(ns::MUC_OWNER).and_then(|q| q.get_child("x", ns::DATA));
        if done && submitted.is_some_and(|x| x.attr("type") == Some("submit")) {
            (self.locked, self.opens, self.unclaimed) = (false, None, false);
        }
        if !after {
            (self.locked, self.opens, self.unclaimed) = (false, None, false);
            self.epoch += u32::from(before);
            self.kept.clear();
        }
        // An archive that could not be written is there until another start.
        if before && !has(archive_of(&happening.before)) {
            self.archived.remove(archive_of(&happening.before));
        }
    }

    /// A locked room that has waited long enough is open for what happens, and stays so unless that comes to nothing.
    fn open_in_time(&mut self, now: Timestamp, done: bool) {
        let due = self.locked && self.opens.is_some_and(|at| now >= at);
        self.was_locked = self.locked && !due;
        self.was_unclaimed = self.unclaimed || due;
        if due && done {
            (self.locked, self.opens, self.unclaimed) = (false, None, true);
        }
    }

    /// What is known of a room that left memory and comes back: its history is the end of its archive.
    pub(crate) fn reload(&mut self, sheet: &Sheet, record: Option<&RoomRecord>, limits: &Limits) {
        let locked = record.is_some_and(|record| record.locked);
        self.opens = record.and_then(|record| record.opens);
        self.unclaimed = record.is_some_and(|record| record.unclaimed);
        self.epoch += 1;
        self.was_epoch = self.epoch;
        self.locked = locked;
        self.was_locked = locked;
        self.kept.clear();
        self.latest = self.archived_until.get(archive_of(sheet)).copied();
        if sheet.exists() && sheet.config().archive {
            let max = sheet.config().history_max.min(limits.history_messages_max) as usize;
            self.kept = newest(self.archived_of(sheet), max).to_vec();
        }
    }

    /// Which messages the archive of a room should have.
    pub(crate) fn archived_of(&self, sheet: &Sheet) -> &[(u64, Timestamp)] {
        self.archived.get(archive_of(sheet)).map_or(&[], |all| all)
    }

    /// A message that was refused may stay in the archive if the process is killed before that could take it back.
    pub(crate) fn haunt(&mut self, archive: &ArchiveId, number: u64, at: Timestamp) {
        let archived = self.archived.entry(archive.clone()).or_default();
        archived.push((number, at));
        let until = self.archived_until.entry(archive.clone()).or_insert(at);
        *until = at.max(*until);
        archived.sort_unstable_by_key(|(_, at)| *at);
    }

    /// Keeps a message that the room should keep.
    pub(crate) fn keep(&mut self, happening: &Happening, cast: &Cast, now: Timestamp) {
        let Some(stanza) = happening.stanza() else { return };
        let reflected = happening.is_groupchat() && !happening.refused && !happening.unstored;
        let hinted = |name| stanza.has_child(name, ns::HINTS);
        let number = number_of(stanza);
        let kept = number.is_some() || stanza.has_child("subject", ns::CLIENT);
        if !reflected || !kept || hinted("no-store") || hinted("no-permanent-store") {
            return;
        }
        // Time goes on in a room, also when the clock is set back.
        let at = self.latest.map_or(now, |latest| now.max(latest));
        self.latest = Some(at);
        let archive = archive_of(&happening.before);
        if happening.before.config().archive {
            self.archived_until.insert(archive.clone(), at);
        }
        let Some(number) = number else { return };
        self.kept.push((number, at));
        if happening.before.config().archive {
            self.archived.entry(archive.clone()).or_default().push((number, at));
        }
        let max = happening.before.config().history_max.min(cast.service.limits.history_messages_max);
        self.kept = newest(&self.kept, max as usize).to_vec();
    }
}

/// The end of what was kept: so many messages with a body at most, and what came between them and after them.
pub(crate) fn newest(kept: &[(u64, Timestamp)], max: usize) -> &[(u64, Timestamp)] {
    let mut said = 0;
    let from_end = kept.iter().rev().take_while(|(number, _)| {
        let goes_on = said < max;
        said += usize::from(is_said(*number));
        goes_on
    });
    &kept[kept.len() - from_end.count()..]
}

/// The name of a room's archive in this life of it.
fn archive_of(sheet: &Sheet) -> &ArchiveId {
    &sheet.room.state().record.archive
}
