//! The commands by which admins ban, and list bans.

use std::ops::Bound;

use jiff::Timestamp;
use minidom::Element;

use crate::feature::moderation::recent;
use crate::feature::moderation::recent::{Recent, Recently, text_field};
use crate::room::archive::{Answer, Asker, Found, Question};
use crate::room::change::affiliation;
use crate::room::change::affiliation::Change;
use crate::room::context::Context;
use crate::room::effect::Effects;
use crate::room::state::{Affiliated, Ban};
use crate::room::surface::{Command, Feature, Form, Pages, admins};
use crate::room::user_selector::UserSelector;
use crate::room::{Room, user_selector};
use crate::wire::build::stamp;
use crate::wire::command::{Done, wrong};
use crate::wire::form::{Field, Submitted, boolean, form, page_of_rows, table};
use crate::wire::inbound::Inbound;
use crate::wire::jid::{BareJid, Party};
use crate::wire::muc::Affiliation;
use crate::wire::refusal::Refusal;
use crate::words::{self, texts};
use crate::words::{Label, Lang, Text, Value};

/// Name of the command that bans, and FORM_TYPE of its form.
const BAN: &str = "conclave#ban";

/// Name of the command that lists bans, and FORM_TYPE of its form and of its table.
const BANS: &str = "conclave#bans";

/// Most rows of the list.
const ROWS_MAX: usize = 200;

pub(crate) const FEATURE: Feature = Feature {
    commands: &[
        Command {
            form: Some(Form { type_: BAN, show }),
            found: Some(found),
            ..Command::new(BAN, &BAN_COMMAND, admins, run)
        },
        Command {
            pages: Some(Pages { type_: BANS, from: "after" }),
            ..Command::new(BANS, &BANS_COMMAND, admins, list)
        },
    ],
    texts: ALL,
    ..Feature::new("ban")
};

texts! {
    BAN_COMMAND =>
        en "Ban an account or a domain"
        de "Konto oder Domain verbannen"
        fr "Bannir un compte ou un domaine"
        es "Vetar una cuenta o un dominio";
    BANS_COMMAND =>
        en "List bans"
        de "Verbannungen auflisten"
        fr "Lister les bannissements"
        es "Listar los vetos";
    RETRACT_WITH =>
        en "Retract what they said"
        de "Zurückziehen, was von dort kam"
        fr "Retirer ce qui a été dit"
        es "Retirar lo que dijo";
    NOTHING =>
        en "Nothing"
        de "Nichts"
        fr "Rien"
        es "Nada";
    LAST_HOUR =>
        en "The last hour"
        de "Die letzte Stunde"
        fr "La dernière heure"
        es "La última hora";
    LAST_DAY =>
        en "The last day"
        de "Den letzten Tag"
        fr "Le dernier jour"
        es "El último día";
    LAST_WEEK =>
        en "The last week"
        de "Die letzte Woche"
        fr "La dernière semaine"
        es "La última semana";
    LAST_MESSAGES =>
        en "The last 200 messages"
        de "Die letzten 200 Nachrichten"
        fr "Les 200 derniers messages"
        es "Los últimos 200 mensajes";
    NOTE_FOR_ADMINS =>
        en "Note, for admins only"
        de "Notiz, nur für Admins"
        fr "Note, pour les administrateurs seulement"
        es "Nota, solo para administradores";
    FOR_HOW_LONG =>
        en "For how long, such as 30m, 12h or 7d; for good, if empty"
        de "Wie lange, etwa 30m, 12h oder 7d; für immer, wenn leer"
        fr "Pour combien de temps, comme 30m, 12h ou 7d ; pour toujours si vide"
        es "Por cuánto tiempo, como 30m, 12h o 7d; para siempre si está vacío";
    DURATION_TOO_LONG =>
        en "This time is too long."
        de "Diese Dauer ist zu lang."
        fr "Cette durée est trop longue."
        es "Esa duración es demasiado larga.";
    IS_BANNED(who) =>
        en "{who} is banned for good."
        de "{who} ist für immer verbannt."
        fr "{who} est banni pour toujours."
        es "{who} queda vetado para siempre.";
    IS_BANNED_UNTIL(who, time) =>
        en "{who} is banned until {time}."
        de "{who} ist bis {time} verbannt."
        fr "{who} est banni jusqu’au {time}."
        es "{who} queda vetado hasta {time}.";
    EXEMPT_STAY(count) =>
        en "Accounts of it that stay, because admins have put them on a list themselves: {count}."
        de "Konten daraus, die bleiben, weil Admins sie selbst auf eine Liste gesetzt haben: {count}."
        fr "Comptes de ce domaine qui restent, car des administrateurs les ont inscrits eux-mêmes sur une liste : {count}."
        es "Cuentas suyas que se quedan, porque los administradores las pusieron ellos mismos en una lista: {count}.";
    NOTE_COLUMN =>
        en "Note"
        de "Notiz"
        fr "Note"
        es "Nota";
    SET_BY =>
        en "Set by"
        de "Gesetzt von"
        fr "Par"
        es "Puesto por";
    SET_AT =>
        en "Set at"
        de "Gesetzt am"
        fr "Le"
        es "Puesto el";
    ENDS_AT =>
        en "Ends at"
        de "Endet am"
        fr "Se termine le"
        es "Termina el";
}

fn show(_room: &Room, lang: Lang<'_>) -> Element {
    let retract = Field {
        var: "retract",
        type_: Some("list-single"),
        label: Some(&RETRACT_WITH),
        values: vec!["0".to_owned()],
        options: &RETRACT,
        ..Field::default()
    };
    let reason = text_field("reason", &words::REASON_FOR_ALL);
    let note = text_field("note", &NOTE_FOR_ADMINS);
    let duration = text_field("duration", &FOR_HOW_LONG);
    let [who, kind] = user_selector::fields();
    form(lang, BAN, &BAN_COMMAND, &[who, kind, reason, note, duration, retract])
}

/// What is retracted with a ban: nothing, what is recent, or what was said in such a time.
static RETRACT: [(&str, Label<'static>); 5] = [
    ("0", Label::Text(&NOTHING)),
    ("1h", Label::Text(&LAST_HOUR)),
    ("1d", Label::Text(&LAST_DAY)),
    ("7d", Label::Text(&LAST_WEEK)),
    ("1", Label::Text(&LAST_MESSAGES)),
];

/// Which of what was said is to be retracted, too. How far back may stand in fields of its own.
fn retracts(form: &Submitted, cx: &Context<'_>) -> Result<Option<Recent>, Refusal> {
    match boolean(form.values("retract").unwrap_or_default()) {
        Some(false) => Recent::read(form, "since", cx).map(|_| None),
        Some(true) => Recent::read(form, "since", cx).map(Some),
        None => Recent::read(form, "retract", cx).map(Some),
    }
}

/// What was said is looked at only if it is to be retracted, or if nothing else tells who is meant.
fn run(
    room: &mut Room,
    form: &Submitted,
    inbound: &Inbound,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) -> Result<Done, Refusal> {
    let (selector, recent) = (UserSelector::read(form, cx.service.profile)?, retracts(form, cx)?);
    if !room.config().archive || recent.is_none() && selector.party(room).is_some() {
        return set(room, form, None, inbound, cx, fx);
    }
    let since = recent.and_then(|recent| recent.since);
    fx.ask(room, Asker::Command, Question::Page(selector.query(room, since)), inbound);
    Ok(Done::default())
}

fn found(
    room: &mut Room,
    form: &Submitted,
    found: &Found,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) -> Result<Done, Refusal> {
    set(room, form, Some(&found.answer), &found.inbound, cx, fx)
}

/// Bans, then retracts: who is banned sees no more of it.
fn set(
    room: &mut Room,
    form: &Submitted,
    archived: Option<&Answer>,
    inbound: &Inbound,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) -> Result<Done, Refusal> {
    let recent = retracts(form, cx)?;
    let at_hand = recent::at_hand(room, recent.as_ref().and_then(|recent| recent.since));
    let recently = Recently::of(archived, &at_hand);
    let author = UserSelector::read(form, cx.service.profile)?.author(room, &recently.said, recently.by)?;
    let reason = user_selector::text(form, "reason", cx.limits().text_bytes_max)?;
    let note = user_selector::text(form, "note", cx.limits().text_bytes_max)?;
    let expires = user_selector::span(form, "duration")?.map(|span| cx.now.checked_add(span)).transpose();
    let expires = expires.map_err(|_| wrong("bad-payload", &DURATION_TOO_LONG))?;
    let account = inbound.from.to_bare();
    let ban = Ban { by: Some(account.clone()), at: Some(cx.now), expires, note };
    let mut change = Change::by_admin(author.clone(), Affiliation::Outcast)?;
    (change.reason, change.ban) = (reason.clone(), ban);
    affiliation::check(room, &account, room.affiliation(&account), &change, cx)?;
    affiliation::check_end(room, std::slice::from_ref(&change), cx)?;
    let actor = room.actor(&inbound.from);
    affiliation::apply(room, &change, actor.as_ref(), cx, fx);
    let who = author.as_bare().as_str();
    let mut said_of_it = match expires {
        None => IS_BANNED.with([who]),
        Some(end) => IS_BANNED_UNTIL.with([Value::from(who), end.into()]),
    };
    if let Party::Domain(domain) = &author
        && let count @ 1.. = room.state.affiliations.exempt(domain.as_bare())
    {
        said_of_it = said_of_it.and(EXEMPT_STAY.with([count]));
    }
    if let Some(recent) = recent {
        let by = (&account, reason.as_deref());
        let retracted = recent::retract_of(room, &author, &recent, &recently, by, cx, fx)?;
        said_of_it = said_of_it.and(retracted);
    }
    Ok(Done::info(said_of_it))
}

const COLUMNS: &[(&str, &Text)] = &[
    ("jid", &words::ADDRESS),
    ("reason", &words::REASON_COLUMN),
    ("note", &NOTE_COLUMN),
    ("by", &SET_BY),
    ("at", &SET_AT),
    ("expires", &ENDS_AT),
];

/// All that is known of the bans, in the order of their addresses.
fn list(
    room: &mut Room,
    form: &Submitted,
    inbound: &Inbound,
    cx: &mut Context<'_>,
    _fx: &mut Effects,
) -> Result<Done, Refusal> {
    let after = form.value("after").unwrap_or_default();
    let banned = &room.ranks.banned;
    let bans = match BareJid::parse(after) {
        Ok(after) => banned.range((Bound::Excluded(after), Bound::Unbounded)),
        Err(_) => banned.range::<_, BareJid>(..),
    };
    let row = |jid: &BareJid| Some(row(jid, room.state.affiliations.get(jid)?));
    let (rows, last) = page_of_rows(bans.filter_map(row), ROWS_MAX);
    let lang = room.lang(cx.service).of(&inbound.stanza);
    Ok(Done::page(table(lang, BANS, &words::BANS, COLUMNS, &rows), last))
}

fn row(jid: &BareJid, affiliated: &Affiliated) -> Vec<String> {
    let ban = affiliated.ban.as_deref().cloned().unwrap_or_default();
    let time = |at: Option<Timestamp>| at.map(stamp).unwrap_or_default();
    vec![
        jid.as_str().to_owned(),
        affiliated.reason.clone().unwrap_or_default(),
        ban.note.unwrap_or_default(),
        ban.by.map(|by| by.as_str().to_owned()).unwrap_or_default(),
        time(ban.at),
        time(ban.expires),
    ]
}
