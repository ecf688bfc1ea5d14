//! Leaving, being removed, and the end of the service (XEP-0045 §7.14, §8.2, §11.2).

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use minidom::Element;

use super::affiliation_versions::Step;
use super::{backlog, destroy, leavers, locked, presence};
use crate::room::Room;
use crate::room::audience::{Actor, Item, Notice, sessions};
use crate::room::cx::Cx;
use crate::room::effect::Effects;
use crate::room::role::Role;
use crate::room::roster::{Occupant, Said};
use crate::room::state::Affiliation;
use crate::wire::build::{Build, el, lang, set_lang};
use crate::wire::inbound::Inbound;
use crate::wire::jid::Jid;
use crate::wire::ns;
use crate::wire::size;

/// Somebody says that he is gone. The real address decides who it is: after a change of nick, servers send this
/// to the old nick as well as to the new one. Strangers are ignored (45-17.3-e).
pub(crate) fn leave(room: &mut Room, inbound: &Inbound, cx: &mut Cx<'_>, fx: &mut Effects) {
    let Some(occupant) = room.roster.by_session(&inbound.from).cloned() else { return };
    let said = last_words(&inbound.stanza, cx.limits().presence_bytes_max);
    let id = cx.id_of(inbound);
    note(room, &inbound.from, cx);
    let owner = room.affiliation(&occupant.account) == Affiliation::Owner;
    let ends = owner && locked::ends_with(room, &occupant.account);
    depart(room, &inbound.from, &Goodbye { id: &id, said: &said, codes: &[] }, cx, fx);
    if ends && room.roster.is_empty() {
        // Nobody will ever configure it (45-10.1.3-d).
        destroy::bid_farewell(room, &occupant, cx, fx);
        *room = room.vacated();
    }
}

/// Sessions that have left by themselves lately, as a hash of the address and when, the last one last.
pub(crate) type Goodbyes = imbl::Vector<(u64, Duration)>;

/// How many of them are remembered.
const GOODBYES_MAX: usize = 1000;

/// For how long a presence that a session sent before it left may still arrive.
pub(crate) const CROSSING: Duration = Duration::from_secs(30);

fn note(room: &mut Room, session: &Jid, cx: &Cx<'_>) {
    let is_over = |(_, at): &(u64, Duration)| cx.uptime >= *at + CROSSING;
    while room.goodbyes.len() >= GOODBYES_MAX || room.goodbyes.front().is_some_and(is_over) {
        room.goodbyes.pop_front();
    }
    room.goodbyes.push_back((hash(session), cx.uptime));
}

/// Whether a session has just left by itself. What it sent before may come after it, as servers send a presence to all its
/// rooms: it does not believe to be in the room.
pub(super) fn has_just_left(room: &Room, session: &Jid, cx: &Cx<'_>) -> bool {
    let hash = hash(session);
    room.goodbyes.iter().any(|(of, at)| *of == hash && cx.uptime < *at + CROSSING)
}

fn hash(session: &Jid) -> u64 {
    let mut hasher = DefaultHasher::new();
    session.as_str().hash(&mut hasher);
    hasher.finish()
}

/// What others hear of an occupant who says that they are gone: a text in each language, in `bytes_max` bytes all together.
/// However much more is said along with it, an occupant who leaves is gone.
fn last_words(stanza: &Element, bytes_max: usize) -> Said {
    let mut left = bytes_max.checked_sub(lang(stanza).map_or(0, str::len));
    let of_all = lang(stanza).filter(|_| left.is_some());
    let (mut texts, mut languages) = (Vec::new(), BTreeSet::new());
    for status in stanza.children().filter(|c| c.is("status", ns::CLIENT)) {
        let language = lang(status);
        let mut text = el("status", ns::CLIENT).text_node(&status.text());
        if let Some(language) = language {
            set_lang(&mut text, language);
        }
        let rest = left.and_then(|left| left.checked_sub(size::of(&text)));
        if rest.is_some() && languages.insert(language) {
            left = rest;
            texts.push(text);
        }
    }
    Said::new(of_all, &texts)
}

/// How it is told that a session goes.
pub(super) struct Goodbye<'a> {
    /// The id of the presences that tell it.
    pub(super) id: &'a str,
    /// The last words.
    pub(super) said: &'a Said,
    /// Status codes.
    pub(super) codes: &'a [u16],
}

/// One session goes. The occupant goes with the last one; before that, only the session itself is told that it left, and
/// the others see the presence of a session that stays.
pub(super) fn depart(
    room: &mut Room,
    session: &Jid,
    goodbye: &Goodbye<'_>,
    cx: &mut Cx<'_>,
    fx: &mut Effects,
) {
    let Some(before) = room.roster_mut().leave(session) else { return };
    let item = Item {
        affiliation: Some(room.affiliation(&before.account)),
        role: Some(Role::None),
        jid: Some(session.into()),
        ..Item::default()
    };
    let gone = Notice::unavailable(&before, goodbye.id, item, goodbye.codes);
    let notice = Notice { said: Some(goodbye.said), ..gone };
    room.tell_own(fx, &notice, std::slice::from_ref(session), &[]);
    let stays = room.roster.by_nick(before.nick.key()).cloned();
    if stays.is_none() {
        leavers::note(room, &before, cx);
    }
    match stays {
        None if room.broadcasts(&before) => room.tell_others(fx, &notice),
        None => {}
        Some(stay) if room.shows_each_session || &before.shown().jid == session => {
            presence::show(room, &stay, &cx.id(), fx);
        }
        Some(_) => {}
    }
}

/// Why somebody is removed, or stands otherwise to the room.
#[derive(Clone, Debug, Default)]
pub(super) struct Removal<'a> {
    /// Status codes, the same for everybody.
    pub(super) codes: &'a [u16],
    /// Who did it, if in the room.
    pub(super) actor: Option<&'a Actor>,
    /// In the words of who did it.
    pub(super) reason: Option<&'a str>,
    /// The change of the lists of affiliations that this is.
    pub(super) step: Option<&'a Step>,
    /// Moderators alone see the address, whatever the room shows.
    pub(super) hidden: bool,
}

impl Removal<'_> {
    /// What `own` clients are told, then what all others are told who see this occupant.
    pub(super) fn versions(&self) -> (Option<&Element>, Option<&Element>) {
        let told = self.step.map(|step| &step.mav);
        (told.filter(|_| self.step.is_some_and(|step| step.own)), told)
    }
}

/// All sessions of an occupant are removed: told to them first, then to the others.
pub(super) fn remove(
    room: &mut Room,
    occupant: &Occupant,
    why: &Removal<'_>,
    cx: &mut Cx<'_>,
    fx: &mut Effects,
) {
    fx.expels = true;
    backlog::tell_before(room, occupant.nick.key(), cx, fx);
    room.roster_mut().remove(occupant.nick.key());
    leavers::note(room, occupant, cx);
    let id = cx.id();
    let item = Item {
        affiliation: Some(room.affiliation(&occupant.account)),
        role: Some(Role::None),
        jid: Some((&occupant.shown().jid).into()),
        actor: why.actor,
        reason: why.reason,
        ..Item::default()
    };
    let notice = Notice { hidden: why.hidden, ..Notice::unavailable(occupant, &id, item, why.codes) };
    let (own, others) = why.versions();
    room.tell_own(fx, &Notice { version: own, ..notice.clone() }, &sessions(occupant), &[]);
    if room.broadcasts(occupant) {
        room.tell_others(fx, &Notice { version: others, ..notice });
    }
}

/// The service stops: everybody is told, each about himself only (45-11.2-a).
pub(crate) fn stop(room: &mut Room, cx: &mut Cx<'_>, fx: &mut Effects) {
    let roster = std::mem::take(&mut room.roster);
    for occupant in roster.iter() {
        let id = cx.id();
        let notice = Notice::unavailable(
            occupant,
            &id,
            Item {
                affiliation: Some(Affiliation::None),
                role: Some(Role::None),
                jid: Some((&occupant.shown().jid).into()),
                ..Item::default()
            },
            &[332],
        );
        room.tell_own(fx, &notice, &sessions(occupant), &[]);
    }
}
