//! The clients of the occupants, for moderators: one nick may have several, and presences show the last one alone.

use crate::room::context::Context;
use crate::room::effect::Effects;
use crate::room::nick::NickKey;
use crate::room::roster::Occupant;
use crate::room::surface::{Command, Feature, Pages, moderators};
use crate::room::{Room, audience};
use crate::wire::command::Done;
use crate::wire::form::{Submitted, page_of_rows, table};
use crate::wire::inbound::Inbound;
use crate::wire::jid::Jid;
use crate::wire::refusal::Refusal;
use crate::words::{self, Text, texts};

/// Name of the command, and FORM_TYPE of its form and of its table.
const NODE: &str = "conclave#sessions";

/// Most rows of the list.
const ROWS_MAX: usize = 200;

pub(crate) const FEATURE: Feature = Feature {
    commands: &[Command {
        pages: Some(Pages { type_: NODE, from: "after" }),
        ..Command::new(NODE, &SESSIONS_COMMAND, moderators, run)
    }],
    texts: ALL,
    ..Feature::new("sessions")
};

texts! {
    SESSIONS_COMMAND =>
        en "Show the clients of occupants"
        de "Programme der Anwesenden zeigen"
        fr "Montrer les clients des occupants"
        es "Mostrar los clientes de los ocupantes";
    SESSIONS =>
        en "Clients of occupants"
        de "Programme der Anwesenden"
        fr "Clients des occupants"
        es "Clientes de los ocupantes";
    ROLE =>
        en "Role"
        de "Rolle"
        fr "Rôle"
        es "Rol";
}

const COLUMNS: &[(&str, &Text)] = &[
    ("nick", &words::NICKNAME),
    ("jid", &words::ADDRESS),
    ("role", &ROLE),
    ("affiliation", &words::AFFILIATION),
];

/// Those of one occupant, if a `nick` comes with the request, or of all. A page ends between two occupants.
fn run(
    room: &mut Room,
    form: &Submitted,
    inbound: &Inbound,
    cx: &mut Context<'_>,
    _fx: &mut Effects,
) -> Result<Done, Refusal> {
    let lang = room.lang(cx.service).of(&inbound.stanza);
    let nick = form.value("nick").map(NickKey::of);
    if let Some(nick) = &nick
        && room.roster.by_nick(nick).is_none()
    {
        return Err(Refusal::item_not_found(&words::NO_SUCH_NICK));
    }
    let listed = audience::each_session(room, form.value("after").unwrap_or_default());
    let listed =
        listed.filter(|(_, occupant, _)| nick.as_ref().is_none_or(|nick| occupant.nick.key() == nick));
    let rows = listed.map(|(_, occupant, jid)| row(room, occupant, &jid));
    let (rows, last) = page_of_rows(rows, ROWS_MAX);
    Ok(Done::page(table(lang, NODE, &SESSIONS, COLUMNS, &rows), last))
}

fn row(room: &Room, occupant: &Occupant, jid: &Jid) -> Vec<String> {
    let affiliation = room.affiliation(&occupant.account);
    [occupant.nick.as_str(), jid.as_str(), occupant.role.as_str(), affiliation.as_str()]
        .map(str::to_owned)
        .into()
}
