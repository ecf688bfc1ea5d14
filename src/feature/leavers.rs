//! Who has left lately, for moderators: whoever comes, disturbs and goes can still be named. It is not kept over a
//! restart.

use std::collections::VecDeque;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::commands::Command;
use super::{Feature, moderate};
use crate::room::Room;
use crate::room::cx::Cx;
use crate::room::effect::Effects;
use crate::room::nick::{Nick, NickKey};
use crate::room::roster::Occupant;
use crate::wire::build::stamp;
use crate::wire::command::Done;
use crate::wire::form::{Submitted, table};
use crate::wire::inbound::Inbound;
use crate::wire::jid::BareJid;
use crate::wire::refusal::Refusal;

/// Name of the command, and FORM_TYPE of its table.
const NODE: &str = "conclave#leavers";

/// So many are remembered.
const LEAVERS_MAX: usize = 100;

/// For so long.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(24);

pub(super) const FEATURE: Feature = Feature {
    commands: &[Command {
        node: NODE,
        name: "Show who has left lately",
        allowed: |room, account| moderate::check_role(room, account).is_ok(),
        form: None,
        run,
        found: None,
    }],
    ..Feature::new("leavers")
};

const COLUMNS: &[(&str, &str)] =
    &[("nick", "Nick"), ("jid", "Account"), ("occupant-id", "Occupant id"), ("at", "Left at")];

/// Those who left, the last one last.
#[derive(Clone, Debug, Default)]
pub struct Leavers(VecDeque<Arc<Leaver>>);

/// Somebody who left.
#[derive(Debug)]
struct Leaver {
    nick: Nick,
    account: BareJid,
    id: Arc<str>,
    at: Timestamp,
}

/// An occupant has left, with the last of his sessions.
pub(super) fn note(room: &mut Room, occupant: &Occupant, cx: &Cx<'_>) {
    let leavers = &mut Arc::make_mut(&mut room.leavers).0;
    leavers.retain(|leaver| {
        let again = leaver.account == occupant.account && leaver.nick == occupant.nick;
        !again && cx.now.duration_since(leaver.at) < REMEMBERED
    });
    if leavers.len() >= LEAVERS_MAX {
        leavers.pop_front();
    }
    leavers.push_back(Arc::new(Leaver {
        nick: occupant.nick.clone(),
        account: occupant.account.clone(),
        id: occupant.id.clone(),
        at: cx.now,
    }));
}

impl Leavers {
    /// The account that left last under this nick.
    pub(super) fn by_nick(&self, key: &NickKey) -> Option<&BareJid> {
        self.0.iter().rev().find(|leaver| leaver.nick.key() == key).map(|leaver| &leaver.account)
    }

    /// The account of this occupant id.
    pub(super) fn by_id(&self, id: &str) -> Option<&BareJid> {
        self.0.iter().find(|leaver| *leaver.id == *id).map(|leaver| &leaver.account)
    }
}

fn run(
    room: &mut Room,
    _form: &Submitted,
    _inbound: &Inbound,
    cx: &mut Cx<'_>,
    _fx: &mut Effects,
) -> Result<Done, Refusal> {
    let newest = room.leavers.0.iter().rev();
    let rows: Vec<Vec<String>> = newest
        .filter(|leaver| cx.now.duration_since(leaver.at) < REMEMBERED)
        .map(|leaver| {
            let (nick, account) = (leaver.nick.as_str().to_owned(), leaver.account.as_str().to_owned());
            vec![nick, account, leaver.id.to_string(), stamp(leaver.at)]
        })
        .collect();
    Ok(Done::result(table(NODE, "Who has left lately", COLUMNS, &rows)))
}
