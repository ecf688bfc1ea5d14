//! The command by which moderators retract all that an occupant said lately.

use std::sync::Arc;

use jiff::Timestamp;
use minidom::Element;

use crate::feature::moderation;
use crate::room::archive::{Answer, Asker, Entry, Found, Question};
use crate::room::context::Context;
use crate::room::effect::Effects;
use crate::room::surface::{Command, Feature, Form, moderators};
use crate::room::user_selector::UserSelector;
use crate::room::{Room, user_selector};
use crate::wire::command::{Done, wrong};
use crate::wire::form::{Field, Submitted, form};
use crate::wire::inbound::Inbound;
use crate::wire::jid::{BareJid, Party};
use crate::wire::ns;
use crate::wire::refusal::Refusal;
use crate::words::{self, Lang, Text, Words, texts};

/// Name of the command, and FORM_TYPE of its form.
const NODE: &str = "conclave#retract-recent";

/// Most messages that are retracted by one command.
const LAST_MAX: usize = 200;

/// Bytes on the wire of what all are told of the retractions of one command: as many as a page of the archive, and some for
/// each session. One message at least is retracted.
const WIRE_BYTES: usize = 3 << 20;
const SESSION_BYTES: usize = 16 << 10;

/// Most bytes of it, however many sessions there are: about as many as a server takes in a second.
const WIRE_BYTES_MAX: usize = 16 << 20;

pub(crate) const FEATURE: Feature = Feature {
    commands: &[Command {
        offered: |room, _| room.config().archive || !room.history.is_empty(),
        form: Some(Form { type_: NODE, show }),
        found: Some(found),
        ..Command::new(NODE, &RETRACT_COMMAND, moderators, run)
    }],
    texts: ALL,
    ..Feature::new("retract_recent")
};

texts! {
    RETRACT_COMMAND =>
        en "Retract what an account said lately"
        de "Zurückziehen, was ein Konto zuletzt gesagt hat"
        fr "Retirer ce qu’un compte a dit récemment"
        es "Retirar lo que una cuenta dijo últimamente";
    HOW_FAR_BACK =>
        en "How far back, such as 30m, 12h or 7d; the last 200 messages, if empty"
        de "Wie weit zurück, etwa 30m, 12h oder 7d; die letzten 200 Nachrichten, wenn leer"
        fr "Jusqu’où remonter, comme 30m, 12h ou 7d ; les 200 derniers messages si vide"
        es "Hasta dónde atrás, como 30m, 12h o 7d; los últimos 200 mensajes si está vacío";
    SINCE_TOO_EARLY =>
        en "That is too far back."
        de "Das liegt zu weit zurück."
        fr "C’est trop loin dans le passé."
        es "Eso queda demasiado atrás.";
    NOT_MESSAGE_COUNT =>
        en "That is no number of messages."
        de "Das ist keine Anzahl von Nachrichten."
        fr "Ce n’est pas un nombre de messages."
        es "No es un número de mensajes.";
    RETRACTED_COUNT(count) =>
        en "Messages retracted: {count}."
        de "Zurückgezogene Nachrichten: {count}."
        fr "Messages retirés : {count}."
        es "Mensajes retirados: {count}.";
    OLDER_LEFT(count) =>
        en "Older ones that were left: {count}."
        de "Ältere, die geblieben sind: {count}."
        fr "Plus anciens, laissés en place : {count}."
        es "Más antiguos, sin retirar: {count}.";
    OLDER_NOT_LOOKED_AT =>
        en "Older messages were not looked at."
        de "Ältere Nachrichten wurden nicht angesehen."
        fr "Les messages plus anciens n’ont pas été examinés."
        es "Los mensajes más antiguos no se han examinado.";
    HIGHER_STAY(count) =>
        en "Those of a higher affiliation, which stay: {count}."
        de "Von Konten mit höherer Zugehörigkeit, die bleiben: {count}."
        fr "D’affiliation supérieure, qui restent : {count}."
        es "De afiliación superior, que se quedan: {count}.";
}

fn show(_room: &Room, lang: Lang<'_>) -> Element {
    let since = text_field("since", &HOW_FAR_BACK);
    let reason = text_field("reason", &words::REASON_FOR_ALL);
    let [who, kind] = user_selector::fields();
    form(lang, NODE, &RETRACT_COMMAND, &[who, kind, since, reason])
}

/// A field of one line.
pub(crate) fn text_field(var: &'static str, label: &'static Text) -> Field<'static> {
    Field { var, type_: Some("text-single"), label: Some(label), ..Field::default() }
}

/// Which messages of an occupant are recent.
#[derive(Debug)]
pub(crate) struct Recent {
    pub(crate) since: Option<Timestamp>,
    last: usize,
}

impl Recent {
    /// `since` is the field that says how far back. How many messages at most may stand in `last`.
    pub(crate) fn read(form: &Submitted, since: &str, cx: &Context<'_>) -> Result<Self, Refusal> {
        let too_far = |_| wrong("bad-payload", &SINCE_TOO_EARLY);
        let since = user_selector::span(form, since)?
            .map(|span| cx.now.checked_sub(span))
            .transpose()
            .map_err(too_far)?;
        let last = form.value("last").map_or(Ok(LAST_MAX), str::parse);
        let last = last.map_err(|_| wrong("bad-payload", &NOT_MESSAGE_COUNT))?;
        Ok(Self { since, last: last.min(LAST_MAX) })
    }
}

fn run(
    room: &mut Room,
    form: &Submitted,
    inbound: &Inbound,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) -> Result<Done, Refusal> {
    let (selector, recent) =
        (UserSelector::read(form, cx.service.profile)?, Recent::read(form, "since", cx)?);
    user_selector::text(form, "reason", cx.limits().text_bytes_max)?;
    if !room.config().archive {
        return retract(room, form, None, inbound, cx, fx);
    }
    fx.ask(room, Asker::Command, Question::Page(selector.query(room, recent.since)), inbound);
    Ok(Done::default())
}

fn found(
    room: &mut Room,
    form: &Submitted,
    found: &Found,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) -> Result<Done, Refusal> {
    retract(room, form, Some(&found.answer), &found.inbound, cx, fx)
}

/// The recent messages that the archive has not.
pub(crate) fn at_hand(room: &Room, since: Option<Timestamp>) -> Vec<Arc<Entry>> {
    let (history, jid) = (&room.history, &room.jid);
    let all = if room.config().archive { history.passing(jid).collect() } else { history.unarchived(jid) };
    all.into_iter().filter(|entry| since.is_none_or(|since| entry.at >= since)).collect()
}

/// What was said lately, as far as it is known.
pub(crate) struct Recently<'a> {
    /// The messages, oldest first.
    pub(crate) said: Vec<&'a Entry>,
    /// Who it was, if the archive was asked and has found it.
    pub(crate) by: Option<&'a Party>,
    /// Whether the archive may have older ones.
    is_cut: bool,
}

impl<'a> Recently<'a> {
    /// What the archive brings, if it was asked, and what is at hand.
    pub(crate) fn of(archived: Option<&'a Answer>, at_hand: &'a [Arc<Entry>]) -> Self {
        let (archived, by, is_cut) = match archived {
            Some(Answer::Page(page)) => (&page.entries[..], page.by.as_ref(), !page.complete),
            other => (&[][..], None, other.is_some()),
        };
        let mut said: Vec<&Entry> = archived.iter().chain(at_hand.iter().map(|entry| &**entry)).collect();
        said.sort_by_key(|entry| entry.at);
        Self { said, by, is_cut }
    }
}

fn retract(
    room: &mut Room,
    form: &Submitted,
    archived: Option<&Answer>,
    inbound: &Inbound,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) -> Result<Done, Refusal> {
    let recent = Recent::read(form, "since", cx)?;
    let at_hand = at_hand(room, recent.since);
    let said = Recently::of(archived, &at_hand);
    let author = UserSelector::read(form, cx.service.profile)?.author(room, &said.said, said.by)?;
    let reason = user_selector::text(form, "reason", cx.limits().text_bytes_max)?;
    let actor = inbound.from.to_bare();
    Ok(Done::info(retract_of(room, &author, &recent, &said, (&actor, reason.as_deref()), cx, fx)?))
}

/// Retracts what `author` said among the messages of `recently`, in the name of `by` and for the reason beside; tells in a sentence how much that was.
pub(crate) fn retract_of(
    room: &mut Room,
    author: &Party,
    recent: &Recent,
    recently: &Recently<'_>,
    by: (&BareJid, Option<&str>),
    cx: &mut Context<'_>,
    fx: &mut Effects,
) -> Result<Words, Refusal> {
    let wanted: Vec<&Entry> = recently
        .said
        .iter()
        .copied()
        .filter(|entry| entry.account.as_ref().is_some_and(|account| author.covers(account)))
        .filter(|entry| entry.says_something())
        .collect();
    let most = wanted.last().map_or(0, |entry| most_at_once(room, entry, by));
    let left = wanted.len().saturating_sub(recent.last.min(most));
    let (mut retracted, mut refused) = (0_usize, 0_usize);
    for entry in &wanted[left..] {
        match moderation::check(room, by.0, entry) {
            Ok(()) => {
                moderation::moderate(room, entry, by.0, by.1, cx, fx);
                retracted += 1;
            }
            // Only one account was meant: then nothing is done at all.
            Err(refusal) if matches!(author, Party::Account(_)) => return Err(refusal),
            Err(_) => refused += 1,
        }
    }
    let mut how_many = RETRACTED_COUNT.with([retracted]);
    if left > 0 {
        how_many = how_many.and(OLDER_LEFT.with([left]));
    }
    if recently.is_cut {
        how_many = how_many.and(&OLDER_NOT_LOOKED_AT);
    }
    if refused > 0 {
        how_many = how_many.and(HIGHER_STAY.with([refused]));
    }
    Ok(how_many)
}

/// How many retractions such as that of `entry` one command tells to all who are here. Those that are left need another
/// command, which is paid for by itself, and others have their turn in between.
fn most_at_once(room: &Room, entry: &Entry, by: (&BareJid, Option<&str>)) -> usize {
    let bytes_max = WIRE_BYTES + SESSION_BYTES * room.roster.everyone().len();
    (bytes_max.min(WIRE_BYTES_MAX) / moderation::wire_bytes(room, entry, by.0, by.1).max(1)).max(1)
}

/// What a message says, for people.
pub(crate) fn body(message: &Element) -> String {
    message.get_child("body", ns::CLIENT).map(Element::text).unwrap_or_default()
}
