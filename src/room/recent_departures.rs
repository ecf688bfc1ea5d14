//! Who has left lately, or has another nick now. It is not kept over a restart.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::room::Room;
use crate::room::context::Context;
use crate::room::nick::{Nick, NickKey};
use crate::room::roster::Occupant;
use crate::room::shares::{Bounds, Kept, Shares};
use crate::wire::jid::BareJid;

/// So many are remembered, and so many nicks of one account.
const BOUNDS: Bounds = Bounds { of_one: 5, of_all: 100 };

/// For so long.
pub(crate) const REMEMBERED: SignedDuration = SignedDuration::from_hours(24);

/// Those who left, the last one last.
#[derive(Clone, Debug, Default)]
pub struct Leavers(pub(crate) Shares<Leaver>);

/// An occupant who left a nick.
#[derive(Clone, Debug)]
pub(crate) struct Leaver {
    pub(crate) nick: Nick,
    pub(crate) id: Arc<str>,
    pub(crate) at: Timestamp,
}

/// An occupant has left, with the last of their sessions, or has another nick now.
pub(crate) fn note(room: &mut Room, occupant: &Occupant, cx: &Context<'_>) {
    let Leavers(leavers) = Arc::make_mut(&mut room.leavers);
    if let Some(until) = cx.uptime.checked_sub(REMEMBERED.unsigned_abs()) {
        while leavers.remove_older(until).is_some() {}
    }
    let place: Arc<str> = format!("{} {}", occupant.account.as_str(), occupant.nick.key().as_str()).into();
    leavers.remove(&place);
    let value = Leaver { nick: occupant.nick.clone(), id: occupant.id.clone(), at: cx.now };
    let kept = Kept { id: place, owner: occupant.account.clone(), since: cx.uptime, value, _held: None };
    leavers.add(kept, BOUNDS);
}

impl Leavers {
    /// The account that had this nick last.
    pub(crate) fn by_nick(&self, key: &NickKey) -> Option<&BareJid> {
        self.0.iter().rev().find(|kept| kept.value.nick.key() == key).map(|kept| &kept.owner)
    }

    /// The account of this occupant id.
    pub(crate) fn by_id(&self, id: &str) -> Option<&BareJid> {
        self.0.iter().find(|kept| *kept.value.id == *id).map(|kept| &kept.owner)
    }
}
