//! Who has left lately, for moderators: an account that comes, disturbs and goes can still be named. It is not
//! kept over a restart.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::commands::Command;
use super::{Feature, moderate};
use crate::room::Room;
use crate::room::cx::Cx;
use crate::room::effect::Effects;
use crate::room::nick::{Nick, NickKey};
use crate::room::roster::Occupant;
use crate::room::shares::{Bounds, Kept, Shares};
use crate::wire::build::stamp;
use crate::wire::command::Done;
use crate::wire::form::{Submitted, table};
use crate::wire::inbound::Inbound;
use crate::wire::jid::BareJid;
use crate::wire::refusal::Refusal;
use crate::words::{self, Text};

/// Name of the command, and FORM_TYPE of its table.
const NODE: &str = "conclave#leavers";

/// So many are remembered, and so many nicks of one account.
const BOUNDS: Bounds = Bounds { of_one: 5, of_all: 100 };

/// For so long.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(24);

pub(super) const FEATURE: Feature = Feature {
    commands: &[Command::new(
        NODE,
        &words::LEAVERS_COMMAND,
        |room, account| moderate::check_role(room, account).is_ok(),
        run,
    )],
    ..Feature::new("leavers")
};

const COLUMNS: &[(&str, &Text)] = &[
    ("nick", &words::NICKNAME),
    ("jid", &words::ACCOUNT),
    ("occupant-id", &words::OCCUPANT_ID),
    ("at", &words::LEFT_AT),
];

/// Those who left, the last one last.
#[derive(Clone, Debug, Default)]
pub struct Leavers(Shares<Leaver>);

/// An occupant who left.
#[derive(Clone, Debug)]
struct Leaver {
    nick: Nick,
    id: Arc<str>,
    at: Timestamp,
}

/// An occupant has left, with the last of their sessions.
pub(super) fn note(room: &mut Room, occupant: &Occupant, cx: &Cx<'_>) {
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
    /// The account that left last under this nick.
    pub(super) fn by_nick(&self, key: &NickKey) -> Option<&BareJid> {
        self.0.iter().rev().find(|kept| kept.value.nick.key() == key).map(|kept| &kept.owner)
    }

    /// The account of this occupant id.
    pub(super) fn by_id(&self, id: &str) -> Option<&BareJid> {
        self.0.iter().find(|kept| *kept.value.id == *id).map(|kept| &kept.owner)
    }
}

fn run(
    room: &mut Room,
    _form: &Submitted,
    inbound: &Inbound,
    cx: &mut Cx<'_>,
    _fx: &mut Effects,
) -> Result<Done, Refusal> {
    let newest = room.leavers.0.iter().rev();
    let rows: Vec<Vec<String>> = newest
        .filter(|kept| cx.now.duration_since(kept.value.at) < REMEMBERED)
        .map(|kept| {
            let Leaver { nick, id, at } = &kept.value;
            vec![nick.as_str().to_owned(), kept.owner.as_str().to_owned(), id.to_string(), stamp(*at)]
        })
        .collect();
    Ok(Done::result(table(room.lang(cx.service).of(&inbound.stanza), NODE, &words::LEAVERS, COLUMNS, &rows)))
}
