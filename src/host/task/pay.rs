//! What an event costs beyond its stanza, and the places that a room takes.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Event, Task};
use crate::engine::{Machine, restart};
use crate::host::quota::NoPlace;
use crate::host::rate_limit::Rate;
use crate::room::Room;
use crate::room::archive::Change;
use crate::room::context::Service;
use crate::room::effect::Effects;
use crate::room::held::{Held, Kind};
use crate::room::weight::{ROOM_BYTES, Weight};
use crate::room::write::Write;
use crate::wire::jid::BareJid;
use crate::wire::refusal::Refusal;
use crate::words;

/// Bytes that go out beyond one copy for each for which one token is paid.
const TOKEN_BYTES_OUT: usize = 64 << 10;

/// Bytes written that cost one token, and those of each affiliation that goes with its room.
const TOKEN_BYTES_WRITTEN: usize = 4096;
const FORGOTTEN_BYTES: usize = 64;

/// What a retraction counts as besides: the archive reads the message, however large it is, to write what is left of it.
const RETRACTED_BYTES: usize = 8 * TOKEN_BYTES_WRITTEN;

/// What is made in most rooms beside what any room takes, and what is said in them.
const USUAL_MADE_BYTES: usize = 8 << 10;
const USUAL_HISTORY_BYTES: usize = 16 << 10;
/// Some bans.
const USUAL_BANS_BYTES: usize = 4 << 10;

/// A room that the store has comes into memory up to this size, whatever others hold: with some hundred affiliations.
const SMALL_ROOM_BYTES: usize = 64 << 10;

/// Whatever others hold, a room takes one ban, one member, a subject: what makes it larger by so many bytes, up to a size, and
/// by so much beyond what may be held if it is larger. It costs so many tokens then, so that this is slow.
const GROWTH_BYTES_MAX: usize = 2 << 10;
const GROWING_ROOM_BYTES_MAX: usize = 256 << 10;
const GROWN_BYTES_MAX: usize = 64 << 10;
pub(super) const GROWTH_TOKENS: u32 = 100;

/// How far a room may be overdrawn by what its stanzas turned out to cost. What is beyond it their senders owe alone.
const DEBT_MAX: Duration = Duration::from_millis(100);

/// What is held of a room for the account that created it.
pub(super) struct OfRoom {
    made: Held,
    bans: Held,
    history: Held,
    /// By how much it has become larger than may be held, without bans and by bans, since either could last be held.
    grown: [usize; 2],
}

impl OfRoom {
    /// Nothing yet.
    fn new(service: &Service, founder: &BareJid) -> Self {
        Self {
            made: service.held(Kind::Firm, founder, ROOM_BYTES + USUAL_MADE_BYTES),
            bans: service.held(Kind::Bans, founder, USUAL_BANS_BYTES),
            history: service.held(Kind::History, founder, USUAL_HISTORY_BYTES),
            grown: [0; 2],
        }
    }

    /// Has held what the room takes; whether that is more than may be held; `None`, and no more is, if that is too much.
    fn grow(&mut self, service: &Service, weight: &Weight) -> Option<bool> {
        let mut is_beyond = false;
        let kinds = [(&mut self.made, weight.made()), (&mut self.bans, weight.bans())];
        for ((held, bytes), grown) in kinds.into_iter().zip(&mut self.grown) {
            let growth = bytes.saturating_sub(held.bytes());
            if held.resize(service, bytes) {
                *grown = if growth > 0 { 0 } else { *grown };
                continue;
            }
            let is_small = bytes <= GROWING_ROOM_BYTES_MAX || *grown + growth <= GROWN_BYTES_MAX;
            if growth > GROWTH_BYTES_MAX || !is_small {
                return None;
            }
            held.must_be(service, bytes);
            (*grown, is_beyond) = (*grown + growth, true);
        }
        Some(is_beyond)
    }

    /// Whether a room that the store has may come into memory. One that people are in, or that is small, always may.
    pub(super) fn may_come(service: &Service, room: &Room) -> bool {
        let Some(founder) = room.founder().filter(|_| room.exists() && room.is_empty()) else { return true };
        let (nothing, mut weight) = (Self::new(service, founder), Weight::default());
        weight.follow(room);
        weight.made() + weight.bans() <= SMALL_ROOM_BYTES
            || nothing.made.may_come(service, weight.made()) && nothing.bans.may_come(service, weight.bans())
    }
}

impl Task {
    /// Takes the places that the room needs as it is now, and gives back those that it does not need.
    pub(super) fn claim(&mut self) -> Result<(), Refusal> {
        self.hold()?;
        let (quotas, room) = (&self.host.quotas, &self.room);
        if !room.is_awaited() {
            self.place = None;
        } else if self.place.is_none() {
            self.place = quotas.wait(room.founder());
            if self.place.is_none() {
                return Err(Refusal::resource_constraint(&words::ROOMS_WAIT));
            }
        }
        match (room.is_lasting(), &self.lasting) {
            (true, None) => {
                quotas.settle(&room.jid, room.founder()).map_err(NoPlace::refusal)?;
                self.lasting = Some(room.founder().cloned());
            }
            (false, Some(founder)) => {
                quotas.leave(&room.jid, founder.as_ref());
                self.lasting = None;
            }
            (false, None) if !room.exists() => quotas.forget(&room.jid),
            _ => {}
        }
        Ok(())
    }

    /// Has held what the room takes in memory.
    fn hold(&mut self) -> Result<(), Refusal> {
        self.weigh();
        let Some(held) = &mut self.held else { return Ok(()) };
        let grown = held.grow(&self.host.service, &self.weight);
        self.beyond |= grown.ok_or_else(|| Refusal::resource_constraint(&words::ROOMS_TAKE_TOO_MUCH))?;
        self.remember();
        Ok(())
    }

    /// The same for what is there anyway.
    pub(super) fn must_hold(&mut self) {
        self.weigh();
        if let Some(held) = &mut self.held {
            held.made.must_be(&self.host.service, self.weight.made());
            held.bans.must_be(&self.host.service, self.weight.bans());
        }
        self.remember();
    }

    /// Looks at what the room takes now, and for which account it counts.
    fn weigh(&mut self) {
        self.weight.follow(&self.room);
        let founder = self.room.founder().filter(|_| self.room.exists());
        if self.held.as_ref().map(|held| held.made.account()) != founder {
            self.held = founder.map(|founder| OfRoom::new(&self.host.service, founder));
        }
    }

    /// Has the history held, or as much of it as may be.
    fn remember(&mut self) {
        let Some(held) = &mut self.held else { return };
        let service = &self.host.service;
        if !held.history.resize(service, self.room.history.bytes()) {
            self.room.shorten_history(held.history.most(service));
            held.history.must_be(service, self.room.history.bytes());
        }
    }

    /// The room is as it was `before`, and has the places that it had.
    pub(super) fn set_back(&mut self, before: Machine) {
        self.room = before;
        self.must_hold();
        if self.claim().is_err() && self.room.is_lasting() {
            self.host.quotas.know(&self.room.jid, self.room.founder(), true);
            self.lasting = Some(self.room.founder().cloned());
        }
    }

    /// What is written is paid for like what is sent: by its size, and once for the disk's being asked at all. Others in the room
    /// do not wait for it: the disk has its own turns.
    pub(super) fn pay_for_writes(&self, event: &Event, before: &Room, effects: &Effects) {
        let writes = effects.writes.iter().map(|write| match write {
            Write::Forget { .. } => before.state.affiliations.len() * FORGOTTEN_BYTES,
            write => write.bytes(),
        });
        let kept = |change: &Change| match change {
            Change::Retract { .. } => change.bytes() + RETRACTED_BYTES,
            change => change.bytes(),
        };
        let besides = restart::written_besides(before, &self.room);
        let bytes = writes.sum::<usize>() + effects.archive.iter().map(kept).sum::<usize>() + besides;
        let tokens = bytes / TOKEN_BYTES_WRITTEN + usize::from(!effects.writes.is_empty());
        self.charge(event, u32::try_from(tokens).unwrap_or(u32::MAX));
    }

    /// What is written some time after the events that led to it: each account pays for its own sessions.
    pub(super) fn pay_for_occupants(&self, writes: &[Write]) {
        let mut shares: BTreeMap<BareJid, usize> = BTreeMap::new();
        for write in writes {
            let account = match write {
                Write::Occupant { value: Some(stored), .. } => stored.occupant.account.clone(),
                Write::Session { jid, value: Some(_), .. } | Write::Said { jid, value: Some(_), .. } => {
                    jid.to_bare()
                }
                _ => continue,
            };
            *shares.entry(account).or_default() += write.bytes();
        }
        for (account, bytes) in shares {
            let tokens = bytes / TOKEN_BYTES_WRITTEN;
            self.host.charge(account.as_jid(), u32::try_from(tokens).unwrap_or(u32::MAX));
        }
    }

    /// What an event turned out to cost so many tokens more: the account that sent it pays.
    fn charge(&self, event: &Event, tokens: u32) {
        if let Some(inbound) = event.inbound() {
            self.host.charge(&inbound.from, tokens);
        }
    }

    /// The same of what keeps the room busy. The room pays, too, but rests for no more than a moment because of it: all who are
    /// in it wait then.
    pub(super) fn pay(&mut self, event: &Event, tokens: u32) {
        self.charge(event, tokens);
        let now = self.since.elapsed();
        self.rate().take_within(&mut self.done, tokens, DEBT_MAX, now);
    }

    /// The rate of a room.
    pub(super) fn rate(&self) -> Rate {
        let limits = &self.host.service.limits;
        Rate::new(limits.room_stanzas_per_second, limits.room_stanzas_burst)
    }

    /// What goes out beyond one copy of a stanza for each who gets it is paid for by who caused it, now or earlier.
    pub(super) fn pay_for_bytes(&self, event: &Event, effects: &Effects) {
        let tokens = |bytes: usize| u32::try_from(bytes / TOKEN_BYTES_OUT).unwrap_or(u32::MAX);
        for (by, bytes) in &effects.charges {
            self.host.charge(by, tokens(*bytes));
        }
        match event {
            Event::Continue => self.host.portions.went(effects.told_bytes()),
            _ => {
                event.inbound().iter().for_each(|i| self.host.charge(&i.from, tokens(effects.excess_bytes())))
            }
        }
    }
}
