//! The command by which moderators see what was retracted, where the operator lets that be kept.

use minidom::Element;

use crate::feature::moderation::recent::body;
use crate::room::Room;
use crate::room::archive::{Answer, Asker, Entry, Found, Place, Query, Question};
use crate::room::context::Context;
use crate::room::effect::Effects;
use crate::room::surface::{Command, Feature, Pages, moderators};
use crate::wire::build::stamp;
use crate::wire::command::Done;
use crate::wire::form::{Submitted, table};
use crate::wire::inbound::Inbound;
use crate::wire::jid::{BareJid, Jid};
use crate::wire::ns;
use crate::wire::refusal::Refusal;
use crate::words::{self, Text, texts};

/// Name of the command, and FORM_TYPE of its form and of its table.
const NODE: &str = "conclave#retracted";

/// Messages that are looked through at a time.
const MESSAGES_MAX: usize = 500;

/// Most rows of a table.
const ROWS_MAX: usize = 50;

/// So much of a message is shown, in characters.
const CHARS_MAX: usize = 1000;

const COLUMNS: &[(&str, &Text)] = &[
    ("id", &MESSAGE_ID),
    ("at", &SAID_AT),
    ("nick", &words::NICKNAME),
    ("jid", &words::ACCOUNT),
    ("body", &MESSAGE_TEXT),
    ("by", &RETRACTED_BY),
    ("reason", &words::REASON_COLUMN),
];

pub(crate) const FEATURE: Feature = Feature {
    commands: &[Command {
        offered: |room, service| service.keep_retracted && room.config().archive,
        pages: Some(Pages { type_: NODE, from: "before" }),
        found: Some(found),
        ..Command::new(NODE, &RETRACTED_COMMAND, moderators, run)
    }],
    texts: ALL,
    ..Feature::new("retracted")
};

texts! {
    MORE_BEFORE(first) =>
        en "There may be more before {first}."
        de "Vor {first} kann es noch mehr geben."
        fr "Il peut y en avoir d’autres avant {first}."
        es "Puede haber más antes de {first}.";
    RETRACTED_COMMAND =>
        en "Show what was retracted"
        de "Zeigen, was zurückgezogen wurde"
        fr "Montrer ce qui a été retiré"
        es "Mostrar lo que se ha retirado";
    RETRACTED =>
        en "What was retracted"
        de "Was zurückgezogen wurde"
        fr "Ce qui a été retiré"
        es "Lo que se ha retirado";
    NOTHING_KEPT =>
        en "Nothing is kept of what is retracted here."
        de "Was hier zurückgezogen wird, wird nicht aufbewahrt."
        fr "Rien n’est gardé de ce qui est retiré ici."
        es "No se conserva nada de lo que se retira aquí.";
    MESSAGE_ID =>
        en "Message"
        de "Nachricht"
        fr "Message"
        es "Mensaje";
    SAID_AT =>
        en "Said"
        de "Gesagt"
        fr "Dit"
        es "Dicho";
    MESSAGE_TEXT =>
        en "Text"
        de "Text"
        fr "Texte"
        es "Texto";
    RETRACTED_BY =>
        en "Retracted by"
        de "Zurückgezogen von"
        fr "Retiré par"
        es "Retirado por";
}

fn run(
    room: &mut Room,
    form: &Submitted,
    inbound: &Inbound,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) -> Result<Done, Refusal> {
    if !cx.service.keep_retracted || !room.config().archive {
        return Err(Refusal::feature_not_implemented(&NOTHING_KEPT));
    }
    let place = form.value("before").map_or(Place::Last, |id| Place::Before(id.to_owned()));
    let query = Query { place, max: MESSAGES_MAX, ..Query::default() };
    fx.ask(room, Asker::Command, Question::Page(query), inbound);
    Ok(Done::default())
}

fn found(
    room: &mut Room,
    _form: &Submitted,
    found: &Found,
    cx: &mut Context<'_>,
    _fx: &mut Effects,
) -> Result<Done, Refusal> {
    let Answer::Page(page) = &found.answer else {
        return Err(Refusal::item_not_found(&words::NO_SUCH_MESSAGE));
    };
    let kept: Vec<&Entry> = page.entries.iter().filter(|entry| entry.original.is_some()).collect();
    let newest = &kept[kept.len().saturating_sub(ROWS_MAX)..];
    let rows: Vec<Vec<String>> = newest.iter().map(|entry| row(entry)).collect();
    let lang = room.lang(cx.service).of(&found.inbound.stanza);
    let mut done = Done::result(table(lang, NODE, &RETRACTED, COLUMNS, &rows));
    // Where to go on: before the oldest row if there was no room for more, else before the oldest message looked at.
    let next = if kept.len() > ROWS_MAX { newest.first().copied() } else { page.entries.first() };
    if let Some(next) = next.filter(|_| kept.len() > ROWS_MAX || !page.complete) {
        done.note = Done::info(MORE_BEFORE.with([&*next.id])).note;
        done.next = Some(next.id.clone());
    }
    Ok(done)
}

/// The columns for one retracted message.
fn row(entry: &Entry) -> Vec<String> {
    let resource = |jid: Option<&str>| {
        let jid = jid.and_then(|jid| Jid::parse(jid).ok());
        jid.and_then(|jid| jid.resource().map(str::to_owned)).unwrap_or_default()
    };
    let text = entry.original.as_ref().map(body).unwrap_or_default();
    let retracted = entry.message.get_child("retracted", ns::RETRACT);
    let moderated = retracted.and_then(|r| r.get_child("moderated", ns::MODERATE));
    let nick = resource(entry.message.attr("from"));
    let by = moderated.map_or_else(|| nick.clone(), |m| resource(m.attr("by")));
    let reason = retracted.and_then(|r| r.get_child("reason", ns::RETRACT)).map(Element::text);
    vec![
        entry.id.clone(),
        stamp(entry.at),
        nick,
        entry.account.as_ref().map(BareJid::as_str).unwrap_or_default().to_owned(),
        text.chars().take(CHARS_MAX).collect(),
        by,
        reason.unwrap_or_default(),
    ]
}
