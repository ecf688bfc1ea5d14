//! What there is to a ban beside the affiliation: who set it, until when, and what admins note about it.

use std::collections::BTreeSet;
use std::ops::Bound;

use jiff::Timestamp;
use minidom::Element;

use super::affiliation_versions::ITEM_BYTES;
use super::affiliations::{self, Change};
use super::backlog::PORTION_BYTES;
use super::commands::{Command, Form, Pages, admins};
use super::retract_recent::{self, Recent, Recently, text_field};
use super::whom::{self, Whom};
use super::{Feature, absent, contacts, mam};
use crate::room::Room;
use crate::room::archive::{Answer, Found, Question};
use crate::room::cx::Cx;
use crate::room::effect::Effects;
use crate::room::event::Event;
use crate::room::state::{Affiliated, Affiliation, Ban};
use crate::wire::build::stamp;
use crate::wire::command::{Done, wrong};
use crate::wire::form::{Field, Submitted, boolean, form, page_of_rows, table};
use crate::wire::inbound::Inbound;
use crate::wire::jid::{BareJid, Party};
use crate::wire::refusal::Refusal;
use crate::words::{self, Label, Lang, Text, Value};

/// Name of the command that bans, and FORM_TYPE of its form.
const BAN: &str = "conclave#ban";

/// Name of the command that lists bans, and FORM_TYPE of its form and of its table.
const BANS: &str = "conclave#bans";

/// So many bans that have ended are lifted by any event, each with a message of its own.
const FEW: usize = 8;

/// Bans that are lifted at a time. Each is up to three records, for it is remembered who was on the lists.
const AT_A_TIME: usize = 200;

/// So much of the reason is told to who is banned, in characters: who tries again is told again.
const REASON_CHARS_MAX: usize = 500;

/// Most rows of the list.
const ROWS_MAX: usize = 200;

pub(super) const FEATURE: Feature = Feature {
    commands: &[
        Command {
            form: Some(Form { type_: BAN, show }),
            found: Some(found),
            ..Command::new(BAN, &words::BAN_COMMAND, admins, run)
        },
        Command {
            pages: Some(Pages { type_: BANS, from: "after" }),
            ..Command::new(BANS, &words::BANS_COMMAND, admins, list)
        },
    ],
    ..Feature::new("ban")
};

/// What is kept of the ban that `change` sets. `old` is the record until now: its note stays unless there is a new
/// one, and if nothing else is new either, so does who had set it and when.
pub(super) fn terms(old: Option<&Affiliated>, change: &Change) -> Option<Box<Ban>> {
    if change.new != Affiliation::Outcast {
        return None;
    }
    let before = old.filter(|a| a.affiliation == Affiliation::Outcast);
    let known = before.and_then(|a| a.ban.as_deref());
    let note = change.ban.note.as_ref().or(known.and_then(|ban| ban.note.as_ref()));
    let ban = Ban { note: note.filter(|note| !note.is_empty()).cloned(), ..change.ban.clone() };
    let same_reason =
        before.is_some_and(|a| a.reason.as_deref() == change.reason.as_deref().filter(|r| !r.is_empty()));
    let known = known.filter(|known| same_reason && known.expires == ban.expires && known.note == ban.note);
    let ban = known.cloned().unwrap_or(ban);
    (ban != Ban::default()).then(|| Box::new(ban))
}

/// What a banned account is told: of a ban of its own, or of its whole domain, until when it is and why (never the note of
/// the admins), and what there is to do.
pub(super) fn refusal(room: &Room, account: &BareJid) -> Refusal {
    let affiliated = room.affiliated(account);
    let expires = affiliated.and_then(|listed| listed.ban.as_ref()).and_then(|ban| ban.expires);
    let is_banned = |jid: &BareJid| {
        room.state.affiliations.get(jid).is_some_and(|own| own.affiliation == Affiliation::Outcast)
    };
    let is_own = is_banned(account) || account.respelled().iter().any(is_banned);
    let mut text = match (is_own, expires) {
        (true, None) => (&words::BANNED).into(),
        (true, Some(end)) => words::BANNED_UNTIL.with([end]),
        (false, None) => words::DOMAIN_BANNED.with([account.domain()]),
        (false, Some(end)) => words::DOMAIN_BANNED_UNTIL.with([Value::from(account.domain()), end.into()]),
    };
    if let Some(reason) = affiliated.and_then(|listed| listed.reason.as_deref()) {
        text = text.and(words::REASON.with([Value::beginning(reason, REASON_CHARS_MAX)]));
    }
    if !is_own {
        text = text.and(&words::ASK_FOR_EXCEPTION);
    }
    Refusal::forbidden(contacts::named(room, text))
}

impl Room {
    /// Whether there are bans whose time is over, as [`Event::Lapse`] lifts them.
    pub fn has_lapsed(&self, now: Timestamp) -> bool {
        self.ranks.ended(now).next().is_some()
    }
}

/// Before every event: bans whose time is over end as if they had been lifted. Only a few are lifted by whatever comes first:
/// else its sender would pay and wait for all of them. Of more than that, the bans of the sender are lifted, and the others
/// by [`Event::Lapse`].
pub(crate) fn expire(room: &mut Room, event: &Event, cx: &mut Cx<'_>, fx: &mut Effects) {
    let are_few = room.ranks.ended(cx.now).nth(FEW).is_none();
    let mut ended: Vec<BareJid> = match event {
        _ if are_few => room.ranks.ended(cx.now).cloned().collect(),
        Event::Lapse => portion(room, cx),
        event => event.inbound().map(|inbound| own(room, &inbound.from.to_bare(), cx)).unwrap_or_default(),
    };
    ended.sort_unstable();
    fx.tells_together = ended.len() > FEW;
    for jid in ended {
        affiliations::apply(room, &Change::end(&jid), None, cx, fx);
    }
    absent::tell_rest(room, cx, fx);
    fx.tells_together = false;
}

/// The bans that ended first: no more than are told to everybody concerned in a portion.
fn portion(room: &Room, cx: &Cx<'_>) -> Vec<BareJid> {
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
fn own(room: &Room, account: &BareJid, cx: &Cx<'_>) -> Vec<BareJid> {
    let accounts = std::iter::once(account.clone()).chain(account.respelled());
    let parties = accounts.flat_map(|account| [BareJid::parse(account.domain()).ok(), Some(account)]);
    let has_ended = |jid: &BareJid| {
        let ban = room.state.affiliations.get(jid);
        ban.and_then(Affiliated::expires).is_some_and(|end| end <= cx.now)
    };
    parties.flatten().filter(has_ended).collect::<BTreeSet<_>>().into_iter().collect()
}

fn show(_room: &Room, lang: Lang<'_>) -> Element {
    let retract = Field {
        var: "retract",
        type_: Some("list-single"),
        label: Some(&words::RETRACT_WITH),
        values: vec!["0".to_owned()],
        options: &RETRACT,
        ..Field::default()
    };
    let reason = text_field("reason", &words::REASON_FOR_ALL);
    let note = text_field("note", &words::NOTE_FOR_ADMINS);
    let duration = text_field("duration", &words::FOR_HOW_LONG);
    form(lang, BAN, &words::BAN_COMMAND, &[whom::field(), reason, note, duration, retract])
}

/// What is retracted with a ban: nothing, what is recent, or what was said in such a time.
static RETRACT: [(&str, Label<'static>); 5] = [
    ("0", Label::Text(&words::NOTHING)),
    ("1h", Label::Text(&words::LAST_HOUR)),
    ("1d", Label::Text(&words::LAST_DAY)),
    ("7d", Label::Text(&words::LAST_WEEK)),
    ("1", Label::Text(&words::LAST_MESSAGES)),
];

/// Which of what was said is to be retracted, too. How far back may stand in fields of its own.
fn retracts(form: &Submitted, cx: &Cx<'_>) -> Result<Option<Recent>, Refusal> {
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
    cx: &mut Cx<'_>,
    fx: &mut Effects,
) -> Result<Done, Refusal> {
    let (whom, recent) = (Whom::read(form, room, cx.service.profile)?, retracts(form, cx)?);
    if !room.config().archive || recent.is_none() && whom.party(room).is_some() {
        return set(room, form, None, inbound, cx, fx);
    }
    let since = recent.and_then(|recent| recent.since);
    mam::ask(room, Question::Page(whom.query(room, since)), inbound, fx);
    Ok(Done::default())
}

fn found(
    room: &mut Room,
    form: &Submitted,
    found: &Found,
    cx: &mut Cx<'_>,
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
    cx: &mut Cx<'_>,
    fx: &mut Effects,
) -> Result<Done, Refusal> {
    let recent = retracts(form, cx)?;
    let at_hand = retract_recent::at_hand(room, recent.as_ref().and_then(|recent| recent.since));
    let recently = Recently::of(archived, &at_hand);
    let author = Whom::read(form, room, cx.service.profile)?.author(room, &recently.said)?;
    let reason = whom::text(form, "reason", cx.limits().text_bytes_max)?;
    let note = whom::text(form, "note", cx.limits().text_bytes_max)?;
    let expires = whom::span(form, "duration")?.map(|span| cx.now.checked_add(span)).transpose();
    let expires = expires.map_err(|_| wrong("bad-payload", &words::DURATION_TOO_LONG))?;
    let account = inbound.from.to_bare();
    let ban = Ban { by: Some(account.clone()), at: Some(cx.now), expires, note };
    let mut change = Change::by_admin(author.clone(), Affiliation::Outcast)?;
    (change.reason, change.ban) = (reason.clone(), ban);
    affiliations::check(room, &account, room.affiliation(&account), &change, cx)?;
    affiliations::check_end(room, std::slice::from_ref(&change), cx)?;
    let actor = room.actor(&inbound.from);
    affiliations::apply(room, &change, actor.as_ref(), cx, fx);
    let who = author.as_bare().as_str();
    let mut said_of_it = match expires {
        None => words::IS_BANNED.with([who]),
        Some(end) => words::IS_BANNED_UNTIL.with([Value::from(who), end.into()]),
    };
    if let Party::Domain(domain) = &author
        && let count @ 1.. = room.state.affiliations.exempt(domain.as_bare())
    {
        said_of_it = said_of_it.and(words::EXEMPT_STAY.with([count]));
    }
    if let Some(recent) = recent {
        let by = (&account, reason.as_deref());
        let retracted = retract_recent::retract_of(room, &author, &recent, &recently, by, cx, fx)?;
        said_of_it = said_of_it.and(retracted);
    }
    Ok(Done::info(said_of_it))
}

const COLUMNS: &[(&str, &Text)] = &[
    ("jid", &words::ADDRESS),
    ("reason", &words::REASON_COLUMN),
    ("note", &words::NOTE_COLUMN),
    ("by", &words::SET_BY),
    ("at", &words::SET_AT),
    ("expires", &words::ENDS_AT),
];

/// All that is known of the bans, in the order of their addresses.
fn list(
    room: &mut Room,
    form: &Submitted,
    inbound: &Inbound,
    cx: &mut Cx<'_>,
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
