//! What there is to a ban beside the affiliation: who set it, until when, and what admins note about it.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::room::Room;
use crate::room::announce::absent;
use crate::room::announce::backlog::PORTION_BYTES;
use crate::room::change::affiliation;
use crate::room::change::affiliation::Change;
use crate::room::context::Context;
use crate::room::effect::Effects;
use crate::room::event::Event;
use crate::room::state::Affiliated;
use crate::room::versions::ITEM_BYTES;
use crate::wire::jid::BareJid;

/// So many bans that have ended are lifted by any event, each with a message of its own.
const FEW: usize = 8;

/// Bans that are lifted at a time. Each is up to three records, for it is remembered who was on the lists.
const AT_A_TIME: usize = 200;

impl Room {
    /// Whether there are bans whose time is over, as [`Event::Lapse`] lifts them.
    pub fn has_lapsed(&self, now: Timestamp) -> bool {
        self.ranks.ended(now).next().is_some()
    }
}

/// Before every event: bans whose time is over end as if they had been lifted. Only a few are lifted by whatever comes first:
/// else its sender would pay and wait for all of them. Of more than that, the bans of the sender are lifted, and the others
/// by [`Event::Lapse`].
pub(crate) fn expire(room: &mut Room, event: &Event, cx: &mut Context<'_>, fx: &mut Effects) {
    let are_few = room.ranks.ended(cx.now).nth(FEW).is_none();
    let mut ended: Vec<BareJid> = match event {
        _ if are_few => room.ranks.ended(cx.now).cloned().collect(),
        Event::Lapse => portion(room, cx),
        event => event.inbound().map(|inbound| own(room, &inbound.from.to_bare(), cx)).unwrap_or_default(),
    };
    ended.sort_unstable();
    fx.tells_together = ended.len() > FEW;
    for jid in ended {
        affiliation::apply(room, &Change::end(&jid), None, cx, fx);
    }
    absent::tell_rest(room, cx, fx);
    fx.tells_together = false;
}

/// The bans that ended first: no more than are told to everybody concerned in a portion.
fn portion(room: &Room, cx: &Context<'_>) -> Vec<BareJid> {
    let told = room.roster.sessions_in(room.seeing(false).0).len();
    let mut left = PORTION_BYTES;
    let fits = |jid: &&BareJid| {
        let fits = left > 0;
        left = left.saturating_sub(told * (ITEM_BYTES + jid.as_str().len()));
        fits
    };
    room.ranks.ended(cx.now).take(AT_A_TIME).take_while(fits).cloned().collect()
}

/// The bans that have ended, of those that keep an account out: its own and that of its domain, in each spelling.
fn own(room: &Room, account: &BareJid, cx: &Context<'_>) -> Vec<BareJid> {
    let accounts = std::iter::once(account.clone()).chain(account.respelled());
    let parties = accounts.flat_map(|account| [BareJid::parse(account.domain()).ok(), Some(account)]);
    let has_ended = |jid: &BareJid| {
        let ban = room.state.affiliations.get(jid);
        ban.and_then(Affiliated::expires).is_some_and(|end| end <= cx.now)
    };
    parties.flatten().filter(has_ended).collect::<BTreeSet<_>>().into_iter().collect()
}
