//! What there is to a ban beside the affiliation: who set it, until when, and what admins note about it.

use jiff::Timestamp;

use super::affiliations::{self, Change};
use crate::room::Room;
use crate::room::cx::Cx;
use crate::room::effect::Effects;
use crate::room::state::{Affiliated, Affiliation, Ban, State};
use crate::wire::jid::BareJid;

/// What is kept of the ban that `change` sets. `old` is the record until now: its note stays unless there is a new
/// one, and if nothing else is new either, so does who had set it and when.
pub(super) fn terms(old: Option<&Affiliated>, change: &Change) -> Option<Box<Ban>> {
    if change.new != Affiliation::Outcast {
        return None;
    }
    let before = old.filter(|a| a.affiliation == Affiliation::Outcast);
    let known = before.and_then(|a| a.ban.as_deref());
    let note = change.ban.note.as_ref().or(known.and_then(|ban| ban.note.as_ref()));
    let ban = Ban { note: note.filter(|note| !note.is_empty()).cloned(), ..change.ban.clone() };
    let same_reason =
        before.is_some_and(|a| a.reason.as_deref() == change.reason.as_deref().filter(|r| !r.is_empty()));
    let known = known.filter(|known| same_reason && known.expires == ban.expires && known.note == ban.note);
    let ban = known.cloned().unwrap_or(ban);
    (ban != Ban::default()).then(|| Box::new(ban))
}

/// When the first of the bans ends that end by themselves.
pub(crate) fn first_end(state: &State) -> Option<Timestamp> {
    state.affiliations.values().filter_map(Affiliated::expires).min()
}

/// A ban was set that ends at `end`.
pub(super) fn note_end(room: &mut Room, end: Option<Timestamp>) {
    room.ban_ends = room.ban_ends.into_iter().chain(end).min();
}

/// Before every event: bans whose time is over end as if they had been lifted.
pub(crate) fn expire(room: &mut Room, cx: &mut Cx<'_>, fx: &mut Effects) {
    if room.ban_ends.is_none_or(|end| end > cx.now) {
        return;
    }
    let over = |affiliated: &Affiliated| affiliated.expires().is_some_and(|end| end <= cx.now);
    let ended: Vec<BareJid> =
        room.state.affiliations.iter().filter(|(_, a)| over(a)).map(|(jid, _)| jid.clone()).collect();
    for jid in ended {
        affiliations::apply(room, &Change::new(jid, Affiliation::None), None, cx, fx);
    }
    room.ban_ends = first_end(&room.state);
}
