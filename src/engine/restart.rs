//! What a room needs to come back with everybody in it after the process has ended.
//!
//! XEP-0114 tells nobody that a service went away, so occupants need not notice. Who is in a room, and all of a
//! temporary room, is written a little later than it happens: what a crash loses of the last seconds heals as the
//! standard has it, by `not-acceptable` (XEP-0410) or by a bounce.

mod occupants;

use std::sync::Arc;

use imbl::OrdMap;
use imbl::ordmap::DiffItem;

use super::Machine;
use crate::engine::restart::occupants::Came;
use crate::room::announce::Removal;
use crate::room::change::role;
use crate::room::context::Context;
use crate::room::effect::Effects;
use crate::room::entry;
use crate::room::nick::NickKey;
use crate::room::roster::{Occupant, Roster};
use crate::room::state::{Affiliated, RoomRecord, State};
use crate::room::write::{PORTION_BYTES_MAX, PORTION_RECORDS_MAX, StoredOccupant, Write};
use crate::room::{Life, Room, announce};
use crate::wire::jid::{BareJid, Jid};
use crate::wire::muc::Affiliation;
use crate::wire::muc::Status;

/// What the store was told of a room.
#[derive(Clone, Debug, Default)]
pub struct PersistedView {
    roster: Arc<Roster>,
    /// How the room stood then; `None` if occupants are to be written anew.
    state: Option<Arc<State>>,
    /// How the room stood when occupants were written that came after the others, in portions.
    later: OrdMap<NickKey, Arc<State>>,
    /// The sessions are stored as an earlier version did it; not those of occupants that were written later.
    old: bool,
    /// The number of the session that was written last: they come back in this order.
    turn: u64,
    /// The room as it is stored, if it is, and if that is known.
    stored: Option<Stored>,
    /// The store has something of an earlier life of the room.
    leftover: bool,
}

/// What the store is told at a time.
#[derive(Debug)]
pub struct Portion {
    /// What is to be written.
    pub writes: Vec<Write>,
    /// What the store has been told then.
    pub told: PersistedView,
    /// There is nothing more.
    pub is_last: bool,
}

/// What is stored of a room, without its occupants.
#[derive(Clone, Debug)]
struct Stored {
    state: Arc<State>,
    /// The affiliations that are stored, which need not be all of them yet.
    affiliations: OrdMap<BareJid, Affiliated>,
    whole: bool,
    /// How far the room had come, and until when it waited for its first occupant.
    life: Life,
    awaited: Option<jiff::Timestamp>,
    /// It is written down when it changes, not a little later.
    lasting: bool,
}

impl Stored {
    fn of(room: &Room) -> Self {
        let lasting = room.is_lasting();
        let awaited = if lasting { None } else { room.awaited };
        let (state, affiliations) = (room.state.clone(), OrdMap::clone(&room.state.affiliations));
        Self { state, affiliations, whole: true, life: room.life, awaited, lasting }
    }

    fn record(&self) -> RoomRecord {
        let locked = self.life == Life::Locked;
        RoomRecord { locked, awaited: self.awaited, ..self.state.record.clone() }
    }
}

impl PersistedView {
    /// That `room` is as it is.
    fn all(room: &Room) -> Self {
        let (roster, state) = (with_leavers(room), Some(room.state.clone()));
        let stored = room.exists().then(|| Stored::of(room));
        Self { roster, state, stored, ..Self::default() }
    }

    /// The account that created the room that was told of last.
    pub fn founder(&self) -> Option<&BareJid> {
        self.state.as_ref()?.record.founder.as_ref()
    }

    /// Whether the store knows less than there is.
    pub fn is_stale(&self, room: &Room) -> bool {
        !Arc::ptr_eq(&self.roster, &room.roster)
            || self.leftover
            || self.old
            || self.hides_otherwise(room)
            || match &self.stored {
                Some(Stored { whole: false, .. }) => true,
                // What becomes of it goes along with what is durable.
                Some(Stored { lasting: true, .. }) | None => room.exists() && !room.is_lasting(),
                Some(Stored { state, life, .. }) => {
                    !room.exists()
                        || room.is_lasting()
                        || !Arc::ptr_eq(state, &room.state)
                        || *life != room.life
                }
            }
    }

    /// Whether occupants were written down as in a room that hides real addresses, or shows them, and it is not so now.
    fn hides_otherwise(&self, room: &Room) -> bool {
        let hid = self.state.as_ref().map(|state| state.record.config.whois);
        !room.roster.is_empty() && hid != Some(room.config().whois)
    }

    /// Durable `writes` with what has to go along with them, and what the store has been told once they are durable. A room
    /// that becomes persistent or temporary is not written anew, but what is new of it is, with everybody who is in it: else
    /// a crash soon after would lose them all.
    pub fn along_with(&self, mut writes: Vec<Write>, room: &Room) -> (Vec<Write>, Self) {
        if !writes.iter().any(|write| matches!(write, Write::Forget { .. })) {
            let stored = room.is_lasting().then(|| Stored::of(room)).or_else(|| self.stored.clone());
            return (writes, Self { stored, ..self.clone() });
        }
        if self.stored.is_some() && !self.leftover && room.exists() {
            return self.catch_up(room);
        }
        let (rest, told) = Self::default().catch_up(room);
        writes.extend(rest);
        (writes, told)
    }

    /// What is to be written so that the store knows `room` as it is, and what it has been told then.
    pub fn catch_up(&self, room: &Room) -> (Vec<Write>, Self) {
        let (mut writes, mut now) = (Vec::new(), Self::all(room));
        if self.leftover || !room.exists() && self.has_some() {
            writes.push(Write::Forget { room: room.jid.clone() });
        }
        if room.exists() {
            let told = if self.leftover { Self::default() } else { self.clone() };
            writes.extend(told.news(room));
            now.turn = told.occupants(room, &now.roster, usize::MAX, usize::MAX, &mut writes).turn;
        }
        (writes, now)
    }

    /// As much of that as is written at a time. Who is in the room comes last, and each occupant wholly or not at all, with those
    /// that they changed nicks with.
    pub fn portion(&self, room: &Room) -> Portion {
        if self.leftover {
            let forget = Write::Forget { room: room.jid.clone() };
            return Portion { writes: vec![forget], told: Self::default(), is_last: false };
        }
        let (mut writes, mut bytes) = (Vec::new(), 0);
        for write in self.news(room) {
            bytes += write.bytes();
            // All else of the room comes before its affiliations.
            let may_be_last = matches!(write, Write::Affiliation { .. });
            writes.push(write);
            if may_be_last && (writes.len() >= PORTION_RECORDS_MAX || bytes >= PORTION_BYTES_MAX) {
                let told = self.with(&writes, room);
                return Portion { writes, told, is_last: false };
            }
        }
        if !room.exists() {
            let (rest, told) = self.catch_up(room);
            return Portion { writes: [writes, rest].concat(), told, is_last: true };
        }
        let known = Self { stored: Some(Stored::of(room)), ..self.clone() };
        let (records, bytes) =
            (PORTION_RECORDS_MAX.saturating_sub(writes.len()), PORTION_BYTES_MAX.saturating_sub(bytes));
        let all = Self::all(room);
        let Came { turn, partly } = known.occupants(room, &all.roster, records, bytes, &mut writes);
        match partly {
            None => Portion { writes, told: Self { turn, ..all }, is_last: true },
            Some((roster, later)) => {
                let told = Self { roster: Arc::new(roster), later, turn, ..known };
                Portion { writes, told, is_last: false }
            }
        }
    }

    /// Whether the store has anything of the room.
    fn has_some(&self) -> bool {
        !self.roster.is_empty() || self.stored.is_some() || self.leftover
    }

    /// What is new of the state of a room.
    fn news<'a>(&'a self, room: &'a Room) -> impl Iterator<Item = Write> + 'a {
        let is_written = room.exists() && (self.stored.is_some() || !room.is_lasting());
        is_written.then(|| state(self.stored.as_ref(), room)).into_iter().flatten()
    }

    /// What the store has been told once it has the first `writes` of what is new of the state of `room`.
    fn with(&self, writes: &[Write], room: &Room) -> Self {
        let stored = self.stored.as_ref().map(|stored| stored.affiliations.clone());
        let mut affiliations = stored.unwrap_or_default();
        for write in writes {
            if let Write::Affiliation { jid, value, .. } = write {
                match value {
                    Some(value) => drop(affiliations.insert(jid.clone(), value.clone())),
                    None => drop(affiliations.remove(jid)),
                }
            }
        }
        Self { stored: Some(Stored { affiliations, whole: false, ..Stored::of(room) }), ..self.clone() }
    }
}

/// About how many bytes of the state of a temporary room are written some time after an event has made `room` of what was
/// `before`.
pub fn written_besides(before: &Room, room: &Room) -> usize {
    let is_same = Arc::ptr_eq(&before.state, &room.state) && before.life == room.life;
    if !room.exists() || room.is_lasting() || is_same {
        return 0;
    }
    let known = before.exists().then(|| Stored::of(before));
    state(known.as_ref(), room).map(|write| write.bytes()).sum()
}

/// Who is in the room, and who may not be in it any more while the others have not been told all: the next process finds
/// them where they may not be, and tells so.
fn with_leavers(room: &Room) -> Arc<Roster> {
    let mut roster = room.roster.clone();
    let is_barred = |account| entry::barred(room.config(), room.affiliation(account)).is_some();
    for occupant in room.backlog.leavers().filter(|occupant| is_barred(&occupant.account)) {
        let is_here = |jid: &Jid| roster.by_session(jid).is_some();
        let returned = occupant.sessions.iter().any(|session| is_here(&session.jid));
        if !returned && roster.by_nick(occupant.nick.key()).is_none() {
            Arc::make_mut(&mut roster).enter(Occupant::clone(occupant));
        }
    }
    roster
}

/// The state of a room, as far as it is not what is stored: its record before all else, and in a room that is not stored at
/// all its owners before other affiliations.
fn state<'a>(stored: Option<&'a Stored>, room: &'a Room) -> impl Iterator<Item = Write> + 'a {
    let name = || room.jid.clone();
    let (now, mut writes) = (Stored::of(room), Vec::new());
    match stored {
        None => writes.push(Write::Room { room: name(), record: Box::new(now.record()) }),
        Some(stored) => {
            let changed = now.record().changes_since(&stored.record(), &room.jid);
            writes.extend(changed.into_iter().map(|part| Write::Part { room: name(), part }));
        }
    }
    if stored.and_then(|stored| stored.state.vcard.as_ref()) != room.state.vcard.as_ref() {
        writes.push(Write::Vcard { room: name(), value: room.state.vcard.clone() });
    }
    let affiliation = |jid: &BareJid, value: Option<&Affiliated>| Write::Affiliation {
        room: room.jid.clone(),
        jid: jid.clone(),
        value: value.cloned(),
    };
    let is_first = move |value: &Affiliated| stored.is_none() && value.affiliation == Affiliation::Owner;
    let all = &room.state.affiliations;
    let owners = stored.is_none().then(|| all.iter().filter(|(_, value)| is_first(value)));
    writes.extend(owners.into_iter().flatten().map(|(jid, value)| affiliation(jid, Some(value))));
    let known = stored.map(|stored| &stored.affiliations);
    // What both share is not gone through.
    let changed = known.into_iter().flat_map(move |known| known.diff(all)).map(move |item| match item {
        DiffItem::Add(jid, value) | DiffItem::Update { new: (jid, value), .. } => {
            affiliation(jid, Some(value))
        }
        DiffItem::Remove(jid, _) => affiliation(jid, None),
    });
    let new = known.is_none().then(|| all.iter().filter(move |(_, value)| !is_first(value)));
    let new = new.into_iter().flatten().map(move |(jid, value)| affiliation(jid, Some(value)));
    writes.into_iter().chain(changed).chain(new)
}

/// Whom the others see otherwise than he is: a change of his affiliation was stored, and the process ended before
/// everybody was told.
#[derive(Clone, Debug, Default)]
pub struct PendingAnnouncements {
    /// Who may not be in the room any more, with the status codes that say why, and whether their addresses were hidden.
    barred: Vec<(Occupant, &'static [Status], bool)>,
    /// Who has another role.
    changed: Vec<NickKey>,
}

/// Tells everybody what the process before did not come to tell.
pub(crate) fn tell(
    room: &mut Room,
    untold: &mut Arc<PendingAnnouncements>,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) {
    if untold.barred.is_empty() && untold.changed.is_empty() {
        return;
    }
    let untold = std::mem::take(untold);
    for (occupant, codes, hidden) in &untold.barred {
        let why = Removal { codes, hidden: *hidden, ..Removal::default() };
        announce::remove(room, occupant, &why, cx, fx);
    }
    for nick in &untold.changed {
        if let Some(occupant) = room.roster.by_nick(nick).cloned() {
            announce::show(room, &occupant, &cx.id(), fx);
        }
    }
}

/// A session that is in the room enters once more. True if a restart has brought it back and this is the first time
/// since: others, who may have seen it leave before a crash, are to be told of it then.
pub(crate) fn enters_again(room: &mut Room, session: &Jid) -> bool {
    room.returned.contains(session) && Arc::make_mut(&mut room.returned).remove(session)
}

/// Puts the occupants back whom the store has, and says what the store was told. Who may not be in the room any more
/// stays out; who has another affiliation than he had gets the role that goes with it: with the next event everybody
/// is told. A temporary room that nobody is in is no room, unless it waits for its first occupant.
pub fn bring_back(mut room: Room, stored: Vec<StoredOccupant>) -> (Machine, PersistedView) {
    let stored_room = room.exists().then(|| Stored::of(&room));
    let (mut all, mut back) = (Roster::default(), Roster::default());
    let (mut as_stored, mut untold) = (true, PendingAnnouncements::default());
    let (mut old, mut last) = (false, 0);
    for StoredOccupant { occupant, affiliation, hidden, turn } in stored {
        (old, last) = (old || turn == 0, last.max(turn));
        let now = room.affiliation(&occupant.account);
        let role = if now == affiliation { occupant.role } else { role::on_entry(&room, &occupant.account) };
        let barred = entry::barred(room.config(), now).map(|barred| barred.codes(affiliation));
        as_stored &= barred.is_none() && now == affiliation && hidden != room.is_nonanonymous();
        if occupant.sessions.iter().any(|s| all.by_session(&s.jid).is_some()) {
            as_stored = false;
            continue;
        }
        let id = room.occupant_id(&occupant.account);
        let occupant = Occupant { id, role, ..Arc::unwrap_or_clone(occupant) };
        all.enter(occupant.clone());
        match barred {
            Some(codes) => untold.barred.push((occupant, codes, hidden)),
            None => {
                if now != affiliation {
                    untold.changed.push(occupant.nick.key().clone());
                }
                back.enter(occupant);
            }
        }
    }
    room.returned = Arc::new(back.iter().flat_map(|o| o.sessions.iter().map(|s| s.jid.clone())).collect());
    room.followed = back.iter().any(|occupant| occupant.sessions.iter().any(|session| session.follows));
    room.hushed = back.iter().any(|occupant| occupant.quiet);
    room.roster = Arc::new(back);
    if !room.roster.is_empty() {
        room.awaited = None;
    }
    if room.roster.is_empty() && !room.is_lasting() && !room.is_awaited() {
        return (room.vacated().into(), PersistedView { leftover: true, ..PersistedView::default() });
    }
    let told = PersistedView { old, turn: last, stored: stored_room, ..PersistedView::all(&room) };
    let told = if as_stored { told } else { PersistedView { roster: Arc::new(all), state: None, ..told } };
    (Machine::back(room, untold), told)
}
