//! What occupants have still to be told of each other, because it is too much for one event.
//!
//! The change itself happens at once, and the occupants that it is about hear of themselves at once. What the others hear of them
//! is as much as the square of a large room: beyond a bound it goes out in portions, between what else happens, the oldest
//! first. A portion tells how an occupant stands by then, so a second change of the same takes the place of the first, and
//! nothing is told of what is over. Before anything else is told of a nick, what is owed of it is; only if that is too
//! much as well does one take the place of the other, and then some may hear that an occupant is gone that they never saw.
//!
//! What a process that ends has not told: who may not be in the room any more is told by the next one, as hidden as they were, of all others their
//! next presence tells (see [`crate::engine::restart`]).

use std::collections::VecDeque;
use std::sync::Arc;

use imbl::{HashSet, OrdMap};
use minidom::Element;

use crate::room::audience::{Actor, Item, PresenceUpdate, Sight, sessions};
use crate::room::context::Context;
use crate::room::effect::Effects;
use crate::room::nick::NickKey;
use crate::room::roster::{Occupant, Roster, Said};
use crate::room::{Room, entry};
use crate::wire::encode::Recipients;
use crate::wire::jid::Jid;
use crate::wire::muc::Affiliation;
use crate::wire::muc::Role;
use crate::wire::muc::Status;

/// Bytes on the wire of what one event tells others of occupants: the one with which it is reached is the last. What is
/// beyond it is owed.
pub const EVENT_BYTES_MAX: usize = 1 << 20;

/// The same for a portion of what is owed.
pub const PORTION_BYTES: usize = 256 << 10;

/// What the others are owed of one nick.
#[derive(Clone, Debug)]
pub(crate) struct Owed {
    /// The occupant as the event left them.
    occupant: Arc<Occupant>,
    /// They are gone, or not to be seen any more.
    gone: bool,
    /// The room hid real addresses when it happened.
    hidden: bool,
    affiliation: Affiliation,
    codes: Vec<Status>,
    actor: Option<Actor>,
    reason: Option<Arc<str>>,
    said: Option<Said>,
    version: Option<Element>,
    /// The clients of the occupant are owed the same, with this version.
    own: Option<Option<Element>>,
    /// Who caused it.
    pub(crate) by: Option<Jid>,
}

impl Owed {
    /// What a notice tells in a room as it is; `before` is what was owed before it by the same event. `None` if it is about
    /// nobody.
    pub(crate) fn of(room: &Room, notice: &PresenceUpdate<'_>, before: Option<&Self>) -> Option<Self> {
        let again = |text: &str, old: fn(&Self) -> Option<&Arc<str>>| {
            let old = before.and_then(old).filter(|old| &***old == text);
            old.cloned().unwrap_or_else(|| text.into())
        };
        Some(Self {
            occupant: Arc::new(notice.occupant?.clone()),
            gone: notice.type_.is_some(),
            hidden: notice.hidden || !room.is_nonanonymous(),
            affiliation: notice.item.affiliation.unwrap_or(Affiliation::None),
            codes: notice.codes.to_vec(),
            actor: notice.item.actor.cloned(),
            reason: notice.item.reason.map(|reason| again(reason, |old| old.reason.as_ref())),
            said: notice.said.filter(|_| notice.type_.is_some()).cloned(),
            version: notice.version.cloned(),
            own: None,
            by: None,
        })
    }

    /// The same, also for the clients of the occupant.
    pub(crate) fn with_own(self, version: Option<&Element>) -> Self {
        Self { own: Some(version.cloned()), ..self }
    }

    fn key(&self) -> &NickKey {
        self.occupant.nick.key()
    }

    /// A notice with what was said when it was owed.
    fn dress<'a>(&'a self, notice: PresenceUpdate<'a>) -> PresenceUpdate<'a> {
        let item = Item { actor: self.actor.as_ref(), reason: self.reason.as_deref(), ..notice.item };
        PresenceUpdate { item, codes: &self.codes, version: self.version.as_ref(), ..notice }
    }
}

/// All that is owed in a room. A copy costs next to nothing.
#[derive(Clone, Debug, Default)]
pub struct Backlog {
    /// The nicks that everybody else is to be told of, in turn.
    owed: OrdMap<u64, Arc<Owed>>,
    turns: OrdMap<NickKey, u64>,
    /// How many of these are gone.
    gone: usize,
    next_turn: u64,
    /// Sessions that came since anything was owed: they know how the room stands.
    newcomers: HashSet<Jid>,
    /// Sessions that are to be shown everybody anew.
    viewers: HashSet<Jid>,
    /// The occupants that they have not been shown yet: after one nick, up to another.
    left: VecDeque<(Option<NickKey>, Option<NickKey>)>,
    /// Who caused that.
    by: Option<Jid>,
}

impl Backlog {
    /// Whether nothing is owed.
    pub(crate) fn is_empty(&self) -> bool {
        self.owed.is_empty() && self.left.is_empty()
    }

    /// What is owed of a nick; it keeps its turn.
    fn owe(&mut self, owed: Owed) {
        let turn = match self.turns.get(owed.key()) {
            Some(turn) => *turn,
            None => {
                self.next_turn += 1;
                self.turns.insert(owed.key().clone(), self.next_turn);
                self.next_turn
            }
        };
        self.gone += usize::from(owed.gone);
        let before = self.owed.insert(turn, Arc::new(owed));
        self.gone -= usize::from(before.is_some_and(|before| before.gone));
        // Who came before this is to be told of it like all others.
        self.newcomers = HashSet::new();
    }

    fn take(&mut self, nick: &NickKey) -> Option<Arc<Owed>> {
        let turn = self.turns.remove(nick)?;
        let owed = self.owed.remove(&turn)?;
        self.gone -= usize::from(owed.gone);
        Some(owed)
    }

    /// Those who are out of the room while the others have not been told.
    pub(crate) fn leavers(&self) -> impl Iterator<Item = &Arc<Occupant>> {
        self.owed.values().filter(|owed| owed.gone).map(|owed| &owed.occupant)
    }

    /// Everybody, from where the showing stands, and round to there again.
    fn show_everybody_again(&mut self) {
        let at = self.left.front().and_then(|(after, _)| after.clone());
        self.left.clear();
        self.left.push_back((at.clone(), None));
        if at.is_some() {
            self.left.push_back((None, at));
        }
    }

    /// Who is to be shown next.
    fn next_shown(&mut self, roster: &Roster) -> Option<Arc<Occupant>> {
        while let Some((after, until)) = self.left.front_mut() {
            let next = roster.next_after(after.as_ref());
            if let Some(next) =
                next.filter(|next| until.as_ref().is_none_or(|until| next.nick.key() <= until))
            {
                *after = Some(next.nick.key().clone());
                return Some(next.clone());
            }
            self.left.pop_front();
        }
        self.viewers = HashSet::new();
        None
    }
}

impl Room {
    /// Whether there is something that occupants have still to be told, as [`Event::Continue`] does.
    ///
    /// [`Event::Continue`]: crate::room::event::Event::Continue
    pub fn has_backlog(&self) -> bool {
        !self.backlog.is_empty()
    }

    /// Whether some of it is that others are gone.
    pub fn owes_leaves(&self) -> bool {
        self.backlog.gone > 0
    }
}

/// The end of an event: notes what was too much for it. `by` is who caused it.
pub(crate) fn note(room: &mut Room, by: Option<&Jid>, fx: &mut Effects) {
    let is_shown = !room.backlog.left.is_empty() && room.backlog.by.is_none();
    if fx.owed.is_empty() && !is_shown || !room.exists() {
        return;
    }
    let backlog = Arc::make_mut(&mut room.backlog);
    if is_shown {
        backlog.by = by.cloned();
    }
    for owed in std::mem::take(&mut fx.owed) {
        backlog.owe(Owed { by: by.cloned(), ..owed });
    }
}

/// An occupant came in: what is owed from before is not for them.
pub(crate) fn came(room: &mut Room, session: &Jid) {
    if !room.backlog.owed.is_empty() {
        Arc::make_mut(&mut room.backlog).newcomers.insert(session.clone());
    }
}

/// Shows everybody to these sessions, as far as one event may; the rest is owed. All of it is while others are being shown
/// everybody: who switches to and fro gains nothing.
pub(crate) fn show_everybody_to(room: &mut Room, viewers: &[Jid], cx: &mut Context<'_>, fx: &mut Effects) {
    if viewers.is_empty() {
        return;
    }
    let backlog = Arc::make_mut(&mut room.backlog);
    viewers.iter().for_each(|viewer| drop(backlog.viewers.insert(viewer.clone())));
    let goes_on = !backlog.left.is_empty();
    backlog.show_everybody_again();
    backlog.by = None;
    if goes_on || fx.tells_too_much() {
        return;
    }
    let viewers = Viewers::of(room);
    while !fx.tells_too_much() && show_next(room, &viewers, cx, fx) {}
}

/// A portion of what is owed, both kinds in turn.
pub(crate) fn go_on(room: &mut Room, cx: &mut Context<'_>, fx: &mut Effects) {
    let viewers = Viewers::of(room);
    if viewers.is_nobody() {
        Arc::make_mut(&mut room.backlog).left.clear();
    }
    forget_leavers(room);
    loop {
        let before = fx.told_bytes();
        let told = tell_next(room, cx, fx);
        let middle = fx.told_bytes();
        let showed = show_next(room, &viewers, cx, fx);
        let by = room.backlog.by.clone();
        fx.charge(told.and_then(|owed| owed.by.clone()), middle - before);
        fx.charge(by.filter(|_| showed), fx.told_bytes() - middle);
        if room.backlog.is_empty() || fx.told_bytes() >= PORTION_BYTES {
            return;
        }
    }
}

/// Before anything else is told of a nick: what is owed of it.
pub(crate) fn tell_now(room: &mut Room, nick: &NickKey, cx: &mut Context<'_>, fx: &mut Effects) {
    if room.backlog.turns.contains_key(nick)
        && let Some(owed) = Arc::make_mut(&mut room.backlog).take(nick)
    {
        tell(room, &owed, cx, fx);
    }
}

/// The same, unless the event tells too much already: then one takes the place of the other.
pub(crate) fn tell_before(room: &mut Room, nick: &NickKey, cx: &mut Context<'_>, fx: &mut Effects) {
    if !fx.tells_too_much() {
        tell_now(room, nick, cx, fx);
    }
}

/// The process ends, and the next one goes on with the room: what that cannot know is told now.
pub(crate) fn finish(room: &mut Room, cx: &mut Context<'_>, fx: &mut Effects) {
    let is_barred = |occupant: &&Arc<Occupant>| {
        entry::barred(room.config(), room.affiliation(&occupant.account)).is_some()
    };
    let leavers = room.backlog.leavers().filter(|occupant| !is_barred(occupant));
    let kicked: Vec<NickKey> = leavers.map(|occupant| occupant.nick.key().clone()).collect();
    for nick in kicked {
        tell_now(room, &nick, cx, fx);
    }
}

/// Those who came and went while something was owed.
fn forget_leavers(room: &mut Room) {
    let is_here = |jid: &&Jid| room.roster.by_session(jid).is_some();
    if room.backlog.newcomers.len() > room.roster.len() {
        let here = room.backlog.newcomers.iter().filter(is_here).cloned().collect();
        Arc::make_mut(&mut room.backlog).newcomers = here;
    }
}

/// Tells of the nick whose turn it is.
fn tell_next(room: &mut Room, cx: &mut Context<'_>, fx: &mut Effects) -> Option<Arc<Owed>> {
    let nick = room.backlog.owed.get_min()?.1.key().clone();
    let owed = Arc::make_mut(&mut room.backlog).take(&nick)?;
    tell(room, &owed, cx, fx);
    Some(owed)
}

/// Tells how an occupant stands now if that is owed; nothing if that was told in the meantime.
fn tell(room: &Room, owed: &Owed, cx: &mut Context<'_>, fx: &mut Effects) {
    let id = cx.id();
    let present = room.roster.by_nick(owed.key()).cloned();
    let is_seen = present.as_ref().is_some_and(|present| room.broadcasts(present));
    match (&present, owed.gone) {
        (Some(present), false) => {
            let notice = owed.dress(room.notice_of(present, &id));
            if let Some(version) = &owed.own {
                let own = PresenceUpdate { version: version.as_ref(), ..notice.clone() };
                room.tell_own(fx, &own, &sessions(present), &[]);
            }
            if is_seen {
                tell_all(room, &notice, fx);
            }
        }
        (_, true) if !is_seen => {
            let item = Item {
                affiliation: Some(owed.affiliation),
                role: Some(Role::None),
                jid: Some((&owed.occupant.shown().jid).into()),
                ..Item::default()
            };
            let notice = owed.dress(PresenceUpdate::unavailable(&owed.occupant, &id, item, &[]));
            // Who went while addresses were hidden never agreed to show theirs.
            tell_all(room, &PresenceUpdate { said: owed.said.as_ref(), hidden: owed.hidden, ..notice }, fx);
        }
        _ => {}
    }
}

/// Tells everybody but the occupant in question, and those who came after it happened.
fn tell_all(room: &Room, notice: &PresenceUpdate<'_>, fx: &mut Effects) {
    let newcomers = &room.backlog.newcomers;
    room.tell(fx, notice, |group| {
        let all = room.roster.others_in(group, notice.nick.key());
        if newcomers.is_empty() {
            return all;
        }
        Recipients::many(all.iter().filter(|jid| !newcomers.contains(*jid)).cloned().collect::<Vec<_>>())
    });
}

/// Who is to be shown everybody, and is here: those who see real addresses, and the others.
struct Viewers {
    seeing: Arc<[Jid]>,
    blind: Arc<[Jid]>,
}

impl Viewers {
    fn of(room: &Room) -> Self {
        let (mut seeing, mut blind) = (Vec::new(), Vec::new());
        let viewers = &room.backlog.viewers;
        let here = room.roster.iter().filter(|_| !viewers.is_empty());
        for (occupant, session) in here.flat_map(|o| o.sessions.iter().map(move |session| (o, session))) {
            if viewers.contains(&session.jid) {
                let list = if room.sight(occupant.role).sees() { &mut seeing } else { &mut blind };
                list.push(session.jid.clone());
            }
        }
        Self { seeing: seeing.into(), blind: blind.into() }
    }

    fn is_nobody(&self) -> bool {
        self.seeing.is_empty() && self.blind.is_empty()
    }
}

/// Shows the next occupant to those who are to see everybody; false when all have been shown.
fn show_next(room: &mut Room, viewers: &Viewers, cx: &mut Context<'_>, fx: &mut Effects) -> bool {
    if room.backlog.left.is_empty() {
        return false;
    }
    let roster = room.roster.clone();
    let Some(shown) = Arc::make_mut(&mut room.backlog).next_shown(&roster) else { return false };
    if !room.broadcasts(&shown) {
        return true;
    }
    let id = cx.id();
    for (list, sight) in [(&viewers.seeing, room.seeing(false).1), (&viewers.blind, Sight::NONE)] {
        let to = roster.without(list.clone(), shown.nick.key());
        if !to.is_empty() {
            fx.tell(&room.notice_of(&shown, &id).stanza(room, sight, false, &[]), to);
        }
    }
    true
}
