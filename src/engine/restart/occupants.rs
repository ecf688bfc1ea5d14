//! Who is in a room, as it is written: each occupant, each session and each presence is a record of its own.

use std::collections::BTreeSet;
use std::sync::Arc;

use imbl::OrdMap;

use crate::engine::restart::PersistedView;
use crate::room::Room;
use crate::room::nick::NickKey;
use crate::room::roster::{Occupant, Roster, Session};
use crate::room::state::State;
use crate::room::write::{StoredOccupant, StoredSession, Write};

/// What the store has been told of occupants.
pub(crate) struct Came {
    /// The number of the session that was written last.
    pub(crate) turn: u64,
    /// Who is in the store then, and [`PersistedView::later`], unless all were told.
    pub(crate) partly: Option<(Roster, OrdMap<NickKey, Arc<State>>)>,
}

impl PersistedView {
    /// Adds to `writes` who came, who changed and who went, since this was told; `now` is who will be in the store at the end.
    /// It ends early once there are so many records or bytes.
    pub(crate) fn occupants(
        &self,
        room: &Room,
        now: &Roster,
        records_max: usize,
        bytes_max: usize,
        writes: &mut Vec<Write>,
    ) -> Came {
        let (mut turn, mut done) = (self.turn, BTreeSet::new());
        let (begin, mut measured, mut bytes) = (writes.len(), writes.len(), 0);
        let gone = self.roster.iter().filter(|old| now.by_nick(old.nick.key()).is_none());
        for key in now.iter().chain(gone).map(|occupant| occupant.nick.key()) {
            if done.contains(key) || self.stands(room, now, key) {
                continue;
            }
            if writes.len() - begin >= records_max || bytes >= bytes_max {
                return Came { turn, partly: Some(self.partly(room, now, &done)) };
            }
            for key in self.connected(now, key) {
                self.occupant(room, now, &key, &mut turn, writes);
                done.insert(key);
            }
            bytes += writes[measured..].iter().map(Write::bytes).sum::<usize>();
            measured = writes.len();
        }
        Came { turn, partly: None }
    }

    /// Who is in the store once it was told of those of the nicks `done`.
    fn partly(
        &self,
        room: &Room,
        now: &Roster,
        done: &BTreeSet<NickKey>,
    ) -> (Roster, OrdMap<NickKey, Arc<State>>) {
        let (mut roster, mut later) = (Roster::clone(&self.roster), self.later.clone());
        for key in done {
            roster.remove(key);
            later.remove(key);
        }
        for occupant in done.iter().filter_map(|key| now.by_nick(key)) {
            later.insert(occupant.nick.key().clone(), room.state.clone());
            roster.put(occupant.clone());
        }
        (roster, later)
    }

    /// The nicks whose occupants have sessions of each other's by now, beginning with `first`: each alone would be an occupant
    /// with a session of another account.
    fn connected(&self, now: &Roster, first: &NickKey) -> Vec<NickKey> {
        let (mut found, mut met) = (vec![first.clone()], BTreeSet::from([first.clone()]));
        let mut at = 0;
        while let Some(key) = found.get(at).cloned() {
            at += 1;
            let sessions = |roster: &Roster| roster.by_nick(&key).map(Arc::clone).into_iter();
            let into = sessions(&self.roster).map(|occupant| (occupant, now));
            let out_of = sessions(now).map(|occupant| (occupant, &*self.roster));
            for (occupant, others) in into.chain(out_of) {
                let elsewhere = occupant.sessions.iter().filter_map(|s| others.by_session(&s.jid));
                for other in elsewhere.map(|other| other.nick.key()) {
                    if met.insert(other.clone()) {
                        found.push(other.clone());
                    }
                }
            }
        }
        found
    }

    /// Whether the store has of a nick what it is to have.
    fn stands(&self, room: &Room, now: &Roster, key: &NickKey) -> bool {
        match (self.roster.by_nick(key), now.by_nick(key)) {
            (Some(old), Some(new)) => Arc::ptr_eq(old, new) && !self.is_anew(room, key),
            (old, new) => old.is_none() && new.is_none(),
        }
    }

    /// How the room stood when the occupant of a nick was written.
    fn state_at(&self, key: &NickKey) -> Option<&Arc<State>> {
        self.later.get(key).or(self.state.as_ref())
    }

    /// Whether the sessions of an occupant are stored as an earlier version did it.
    fn is_old(&self, key: &NickKey) -> bool {
        self.old && !self.later.contains_key(key)
    }

    /// Whether an occupant is to be written as if there were nothing of them.
    fn is_anew(&self, room: &Room, key: &NickKey) -> bool {
        let hid = self.state_at(key).map(|state| state.record.config.whois);
        self.is_old(key) || hid != Some(room.config().whois)
    }

    /// What has changed of the occupant of a nick.
    fn occupant(&self, room: &Room, now: &Roster, key: &NickKey, turn: &mut u64, writes: &mut Vec<Write>) {
        let (name, nick) = (|| room.jid.clone(), || key.as_str().to_owned());
        let old = self.roster.by_nick(key);
        // Who may not be in the room any more stays in the store as they are there.
        if let Some(occupant) = room.roster.by_nick(key) {
            if self.is_anew(room, key) || !old.is_some_and(|old| self.stands_as(old, occupant, room)) {
                let value = Some(head(room, occupant));
                writes.push(Write::Occupant { room: name(), nick: nick(), value });
            }
            let is_old = self.is_old(key);
            let mut before = old.filter(|_| !is_old).into_iter().flat_map(|old| &old.sessions);
            // Who spoke last is the last one, so what has changed is at the end.
            let is_kept = |new: &&Session| before.any(|old| is_same(old, new));
            let kept = occupant.sessions.iter().take_while(is_kept).count();
            for session in &occupant.sessions[kept..] {
                *turn += 1;
                let stored = StoredSession {
                    nick: nick(),
                    turn: *turn,
                    follows: session.follows,
                    proof: session.proof,
                };
                writes.push(Write::Session { room: name(), jid: session.jid.clone(), value: Some(stored) });
                if is_old || !self.has_said(session) {
                    let said = Some(session.presence.clone());
                    writes.push(Write::Said { room: name(), jid: session.jid.clone(), value: said });
                }
            }
        }
        let Some(old) = old else { return };
        if now.by_nick(key).is_none() {
            writes.push(Write::Occupant { room: name(), nick: nick(), value: None });
        }
        for session in old.sessions.iter().filter(|session| now.by_session(&session.jid).is_none()) {
            writes.push(Write::Session { room: name(), jid: session.jid.clone(), value: None });
            writes.push(Write::Said { room: name(), jid: session.jid.clone(), value: None });
        }
    }

    /// Whether what is known of an occupant is as it was, but for the sessions.
    fn stands_as(&self, old: &Occupant, new: &Occupant, room: &Room) -> bool {
        let of = |state: &State| state.affiliations.of(&new.account).map(|a| a.affiliation);
        let same = old.account == new.account && old.nick == new.nick;
        same && (old.role, old.quiet, old.heard) == (new.role, new.quiet, new.heard)
            && self.state_at(new.nick.key()).is_some_and(|state| of(state) == of(&room.state))
    }

    /// Whether the presence of a session is the one that was told, also if the nick was another.
    fn has_said(&self, session: &Session) -> bool {
        let sessions = self.roster.by_session(&session.jid).into_iter().flat_map(|old| &old.sessions);
        sessions.filter(|old| old.jid == session.jid).any(|old| Arc::ptr_eq(&old.presence, &session.presence))
    }
}

fn is_same(old: &Session, new: &Session) -> bool {
    Arc::ptr_eq(&old.presence, &new.presence)
        && (&old.jid, old.follows, old.proof) == (&new.jid, new.follows, new.proof)
}

/// An occupant as it is stored, without the sessions.
fn head(room: &Room, occupant: &Occupant) -> StoredOccupant {
    let Occupant { nick, account, id, role, quiet, heard, .. } = occupant;
    let (nick, account, id) = (nick.clone(), account.clone(), id.clone());
    let head =
        Occupant { nick, account, id, role: *role, quiet: *quiet, heard: *heard, sessions: Vec::new() };
    StoredOccupant {
        occupant: Arc::new(head),
        affiliation: room.affiliation(&occupant.account),
        hidden: !room.is_nonanonymous(),
        turn: 0,
    }
}
