//! Who has left lately, for moderators: an account that comes, disturbs and goes can still be named. It is not
//! kept over a restart.

use crate::room::Room;
use crate::room::context::Context;
use crate::room::effect::Effects;
use crate::room::recent_departures::{Leaver, REMEMBERED};
use crate::room::surface::{Command, Feature, moderators};
use crate::wire::build::stamp;
use crate::wire::command::Done;
use crate::wire::form::{Submitted, table};
use crate::wire::inbound::Inbound;
use crate::wire::refusal::Refusal;
use crate::words::{self, Text, texts};

/// Name of the command, and FORM_TYPE of its table.
const NODE: &str = "conclave#leavers";

pub(crate) const FEATURE: Feature = Feature {
    commands: &[Command::new(NODE, &LEAVERS_COMMAND, moderators, run)],
    texts: ALL,
    ..Feature::new("leavers")
};

texts! {
    LEAVERS_COMMAND =>
        en "Show who has left lately"
        de "Zeigen, wer zuletzt gegangen ist"
        fr "Montrer qui est parti récemment"
        es "Mostrar quién ha salido últimamente";
    LEAVERS =>
        en "Who has left lately"
        de "Wer zuletzt gegangen ist"
        fr "Qui est parti récemment"
        es "Quién ha salido últimamente";
    LEFT_AT =>
        en "Left at"
        de "Gegangen am"
        fr "Parti le"
        es "Salió el";
}

const COLUMNS: &[(&str, &Text)] = &[
    ("nick", &words::NICKNAME),
    ("jid", &words::ACCOUNT),
    ("occupant-id", &words::OCCUPANT_ID),
    ("at", &LEFT_AT),
];

fn run(
    room: &mut Room,
    _form: &Submitted,
    inbound: &Inbound,
    cx: &mut Context<'_>,
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
    Ok(Done::result(table(room.lang(cx.service).of(&inbound.stanza), NODE, &LEAVERS, COLUMNS, &rows)))
}
