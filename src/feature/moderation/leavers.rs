//! Who has left lately, for moderators: an account that comes, disturbs and goes can still be named. It is not
//! kept over a restart.

use crate::feature::moderation;
use crate::room::Room;
use crate::room::cx::Cx;
use crate::room::effect::Effects;
use crate::room::leavers::{Leaver, REMEMBERED};
use crate::room::surface::{Command, Feature};
use crate::wire::build::stamp;
use crate::wire::command::Done;
use crate::wire::form::{Submitted, table};
use crate::wire::inbound::Inbound;
use crate::wire::refusal::Refusal;
use crate::words::{self, Text};

/// Name of the command, and FORM_TYPE of its table.
const NODE: &str = "conclave#leavers";

pub(crate) const FEATURE: Feature = Feature {
    commands: &[Command::new(
        NODE,
        &words::LEAVERS_COMMAND,
        |room, account| moderation::check_role(room, account).is_ok(),
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
