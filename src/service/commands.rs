//! Ad-hoc commands of the service, for its admins (XEP-0050, XEP-0133).
//!
//! What one request can answer is answered here. What a room has to do becomes an [`Order`] to it: the room answers the
//! admin once that is done and durable.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use minidom::Element;

use super::{Context, Effects};
use crate::room::order::{Order, What};
use crate::wire::build::{Build, el, iq_result, message};
use crate::wire::command::{Done, Input, Note, Request, Sessions, Stage, Step, wrong};
use crate::wire::encode::{Outgoing, Recipients, Template};
use crate::wire::form::{self, Field, Submitted, form, table};
use crate::wire::inbound::Inbound;
use crate::wire::jid::{BareJid, Jid};
use crate::wire::ns;
use crate::wire::refusal::Refusal;
use crate::words::{self, Label, Lang, Text, Value};

/// Most rooms or accounts in one answer.
const ITEMS_MAX: usize = 1000;

/// Longest wait before the service stops.
const DELAY_MAX: SignedDuration = SignedDuration::from_hours(1);

const COUNTS: &[(&str, Label<'static>)] = &[
    ("25", Label::Plain("25")),
    ("50", Label::Plain("50")),
    ("100", Label::Plain("100")),
    ("200", Label::Plain("200")),
    ("none", Label::Text(&words::AS_MANY_AS_FIT)),
];

const DELAYS: &[(&str, Label<'static>)] = &[
    ("0", Label::Text(&words::AT_ONCE)),
    ("30", Label::Text(&words::SECONDS_30)),
    ("60", Label::Text(&words::MINUTES_1)),
    ("120", Label::Text(&words::MINUTES_2)),
    ("300", Label::Text(&words::MINUTES_5)),
    ("900", Label::Text(&words::MINUTES_15)),
];

/// What a command comes to.
enum Outcome {
    /// It is done.
    Done(Done),
    /// A room has to do it.
    Order(BareJid, What, Done),
}

/// One command.
struct Command {
    node: &'static str,
    name: &'static Text,
    /// Fields to fill in; none if it runs at once.
    fields: &'static [FormField],
    run: fn(&Submitted, Lang<'_>, &mut Context<'_>, &mut Effects) -> Result<Outcome, Refusal>,
}

struct FormField {
    var: &'static str,
    type_: &'static str,
    label: &'static Text,
    options: &'static [(&'static str, Label<'static>)],
    required: bool,
}

impl FormField {
    const fn new(var: &'static str, type_: &'static str, label: &'static Text) -> Self {
        Self { var, type_, label, options: &[], required: false }
    }

    const fn required(self) -> Self {
        Self { required: true, ..self }
    }

    const fn one_of(self, options: &'static [(&'static str, Label<'static>)]) -> Self {
        Self { options, ..self }
    }
}

static COMMANDS: [Command; 7] = [
    Command {
        node: "http://jabber.org/protocol/admin#announce",
        name: &words::ANNOUNCE_COMMAND,
        fields: &[FormField::new("announcement", "text-multi", &words::ANNOUNCEMENT).required()],
        run: |form, _, cx, fx| {
            let text =
                announcement(form, cx)?.ok_or_else(|| wrong("bad-payload", &words::ANNOUNCEMENT_EMPTY))?;
            let told = announce(&text, cx, fx);
            Ok(Outcome::Done(Done::info(words::SENT_TO.with([told]))))
        },
    },
    Command {
        node: "http://jabber.org/protocol/admin#get-online-users-num",
        name: &words::COUNT_COMMAND,
        fields: &[],
        run: |_, _, cx, _| Ok(Outcome::Done(result("onlineusersnum", vec![accounts(cx).len().to_string()]))),
    },
    Command {
        node: "http://jabber.org/protocol/admin#get-online-users-list",
        name: &words::WHO_COMMAND,
        fields: &[FormField::new("max_items", "list-single", &words::ACCOUNTS_MOST).one_of(COUNTS)],
        run: online,
    },
    Command {
        node: "http://jabber.org/protocol/admin#shutdown",
        name: &words::STOP_COMMAND,
        fields: &[
            FormField::new("delay", "list-single", &words::WHEN).one_of(DELAYS),
            FormField::new("announcement", "text-multi", &words::ANNOUNCEMENT),
        ],
        run: shutdown,
    },
    Command { node: "conclave#rooms", name: &words::ROOMS_IN_USE, fields: &[], run: rooms },
    Command {
        node: "conclave#create-room",
        name: &words::CREATE_COMMAND,
        fields: &[
            FormField::new("room", "jid-single", &words::ADDRESS).required(),
            FormField::new("owner", "jid-single", &words::OWNER).required(),
            FormField::new("name", "text-single", &words::ROOM_NAME),
        ],
        run: create,
    },
    Command {
        node: "conclave#destroy-room",
        name: &words::DESTROY_COMMAND,
        fields: &[
            FormField::new("room", "jid-single", &words::ADDRESS).required(),
            FormField::new("reason", "text-single", &words::REASON_COLUMN),
            FormField::new("venue", "jid-single", &words::OTHER_PLACE),
        ],
        run: destroy,
    },
];

impl Command {
    /// The FORM_TYPE of its form and of its result.
    fn form_type(&self) -> &'static str {
        if self.node.starts_with(ns::ADMIN) { ns::ADMIN } else { self.node }
    }

    fn form(&self, lang: Lang<'_>) -> Element {
        let fields: Vec<Field<'_>> = self
            .fields
            .iter()
            .map(|field| Field {
                var: field.var,
                type_: Some(field.type_),
                label: Some(field.label),
                options: field.options,
                required: field.required,
                ..Field::default()
            })
            .collect();
        form(lang, self.form_type(), self.name, &fields)
    }
}

/// The command of that name, for an admin.
fn find(node: &str, account: &BareJid, cx: &Context<'_>) -> Result<&'static Command, Refusal> {
    let command = COMMANDS.iter().find(|command| command.node == node);
    let command = command.ok_or_else(|| Refusal::item_not_found(&words::NO_SUCH_COMMAND))?;
    if cx.service.is_admin(account) {
        Ok(command)
    } else {
        Err(Refusal::forbidden(&words::ONLY_SERVICE_ADMINS_RUN))
    }
}

/// disco#items: the commands for whom they are.
pub(super) fn items(inbound: &Inbound, cx: &Context<'_>) -> Element {
    let (account, lang) = (inbound.from.to_bare(), cx.lang(inbound));
    let mut query = el("query", ns::DISCO_ITEMS).with("node", ns::COMMANDS);
    for command in COMMANDS.iter().filter(|_| cx.service.is_admin(&account)) {
        let item = el("item", ns::DISCO_ITEMS).with("jid", cx.service.domain.as_str());
        query.append_child(item.with("node", command.node).with("name", lang.text(command.name)));
    }
    query
}

/// disco#info of the list of commands, or of one command.
pub(super) fn info(node: &str, inbound: &Inbound, cx: &Context<'_>) -> Result<Element, Refusal> {
    let (type_, name, vars): (_, &Text, _) = match node {
        ns::COMMANDS => ("command-list", &words::COMMANDS, &[ns::DISCO_INFO, ns::DISCO_ITEMS][..]),
        _ => (
            "command-node",
            find(node, &inbound.from.to_bare(), cx)?.name,
            &[ns::DISCO_INFO, ns::COMMANDS, ns::DATA][..],
        ),
    };
    let identity = el("identity", ns::DISCO_INFO).with("category", "automation").with("type", type_);
    let mut query = el("query", ns::DISCO_INFO)
        .with("node", node)
        .child(identity.with("name", cx.lang(inbound).text(name)));
    for var in vars {
        query.append_child(el("feature", ns::DISCO_INFO).with("var", var));
    }
    Ok(query)
}

/// A request to run a command, or to go on with one. `None`: a room will answer.
pub(super) fn execute(
    payload: &Element,
    inbound: &Inbound,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) -> Result<Option<Element>, Refusal> {
    let (request, lang) = (Request::read(payload)?, cx.lang(inbound));
    let command = find(request.node, &inbound.from.to_bare(), cx)?;
    let nonce = cx.memory.ids.fresh();
    let sessions = Sessions { key: cx.memory.secret.as_bytes(), now: cx.now };
    let input = if command.fields.is_empty() { Input::Nothing } else { Input::Form(command.form_type()) };
    let step = request.step(input, &sessions, &inbound.from)?;
    let session = match request.session {
        Some(session) => session.to_owned(),
        None => sessions.open(request.node, &inbound.from, &nonce),
    };
    let stage = match step {
        Step::Ask => Stage::Executing(command.form(lang)),
        Step::Cancel => Stage::Canceled,
        Step::Next | Step::End => Stage::Completed(Done::default()),
        Step::Run(form) => match run(command, &request, &form, lang, cx, fx)? {
            Outcome::Done(done) => Stage::Completed(done),
            Outcome::Order(room, what, done) => {
                let payload = request.answer(&session, Stage::Completed(done), lang);
                let answer = iq_result(&inbound.to, inbound.id(), Some(payload));
                let answer = answer.with("to", inbound.from.as_str());
                let again = request.retry(|| command.form(lang), &form).map(Box::new);
                let order = Order { inbound: Box::new(inbound.clone()), what, answer, again };
                fx.order = Some((room, Box::new(order)));
                return Ok(None);
            }
        },
    };
    Ok(Some(request.answer(&session, stage, lang)))
}

/// Does it. If what was filled in is refused, the form is shown once more.
fn run(
    command: &Command,
    request: &Request<'_>,
    form: &Submitted,
    lang: Lang<'_>,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) -> Result<Outcome, Refusal> {
    let retry = || request.retry(|| command.form(lang), form);
    (command.run)(form, lang, cx, fx).map_err(|refusal| refusal.with_retry(retry()))
}

fn result(var: &str, values: Vec<String>) -> Done {
    Done::result(form::result(ns::ADMIN, &[Field { var, values, ..Field::default() }]))
}

/// Everybody who is in a room.
fn accounts(cx: &Context<'_>) -> BTreeSet<BareJid> {
    let mut accounts = BTreeSet::new();
    cx.rooms.each(&mut |_, roster| accounts.extend(roster.iter().map(|o| o.account.clone())));
    accounts
}

fn online(form: &Submitted, _: Lang<'_>, cx: &mut Context<'_>, _: &mut Effects) -> Result<Outcome, Refusal> {
    let most = match form.value("max_items") {
        None | Some("none") => ITEMS_MAX,
        Some(number) => number.parse().map_err(|_| wrong("bad-payload", &words::COUNT_WRONG))?,
    };
    let accounts = accounts(cx);
    let shown: Vec<String> = accounts.iter().take(most.min(ITEMS_MAX)).map(ToString::to_string).collect();
    let note = (shown.len() < accounts.len())
        .then(|| Note::Warn(words::THESE_ARE_OF.with([shown.len(), accounts.len()])));
    Ok(Outcome::Done(Done { note, ..result("onlineuserjids", shown) }))
}

fn rooms(_: &Submitted, lang: Lang<'_>, cx: &mut Context<'_>, _: &mut Effects) -> Result<Outcome, Refusal> {
    let mut rooms = Vec::new();
    cx.rooms.each(&mut |room, roster| {
        if !roster.is_empty() {
            rooms.push((std::cmp::Reverse(roster.len()), room.clone()));
        }
    });
    rooms.sort_unstable();
    let count = rooms.len();
    let rows: Vec<_> = rooms
        .iter()
        .take(ITEMS_MAX)
        .map(|(count, room)| vec![room.to_string(), count.0.to_string()])
        .collect();
    let note = (rows.len() < count).then(|| Note::Warn(words::THESE_ARE_OF.with([rows.len(), count])));
    let columns: [(&str, &Text); 2] = [("room", &words::ADDRESS), ("occupants", &words::OCCUPANTS)];
    let rows = table(lang, "conclave#rooms", &words::ROOMS_IN_USE, &columns, &rows);
    Ok(Outcome::Done(Done { note, ..Done::result(rows) }))
}

/// The text that is to be announced, if there is one.
fn announcement(form: &Submitted, cx: &Context<'_>) -> Result<Option<String>, Refusal> {
    let text = form.values("announcement").unwrap_or_default().join("\n");
    if text.len() > cx.service.limits.text_bytes_max {
        return Err(Refusal::policy_violation(&words::ANNOUNCEMENT_TOO_LONG));
    }
    Ok((!text.trim().is_empty()).then_some(text))
}

/// Sends a text to each session in a room once, however many rooms it is in; gives how many there are (XEP-0133 §4.23).
fn announce(text: &str, cx: &mut Context<'_>, fx: &mut Effects) -> usize {
    let mut sessions = BTreeSet::new();
    cx.rooms.each(&mut |_, roster| sessions.extend(roster.everyone().iter().cloned()));
    let to: Vec<Jid> = sessions.into_iter().collect();
    let told = to.len();
    if told > 0 {
        let body = el("body", ns::CLIENT).text_node(text);
        let stanza = message(cx.service.domain.as_jid(), None, &cx.memory.ids.fresh()).child(body);
        fx.announcement = Some(Outgoing { stanza: Template::new(&stanza), to: Recipients::many(to) });
    }
    told
}

fn shutdown(
    form: &Submitted,
    _: Lang<'_>,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) -> Result<Outcome, Refusal> {
    let delay = form.value("delay").unwrap_or("0").parse().ok().map(SignedDuration::from_secs);
    let delay = delay.filter(|delay| (SignedDuration::ZERO..=DELAY_MAX).contains(delay));
    let delay = delay.ok_or_else(|| wrong("bad-payload", &words::DELAY_WRONG))?;
    if let Some(text) = announcement(form, cx)? {
        announce(&text, cx, fx);
    }
    fx.stop_after = Some(delay);
    Ok(Outcome::Done(Done::info(words::STOPS_IN.with([delay.as_secs()]))))
}

/// The address of a room of this service. A name without a domain is meant to be here.
fn room(form: &Submitted, cx: &Context<'_>) -> Result<BareJid, Refusal> {
    let text = form.value("room").ok_or_else(|| wrong("bad-payload", &words::ROOM_ADDRESS_MISSING))?;
    let whole = if text.contains('@') { text.to_owned() } else { format!("{text}@{}", cx.service.domain) };
    let jid = Jid::prepare(&whole).map_err(|e| {
        Refusal::jid_malformed(words::FIELD_WRONG.with([Value::from(&*whole), e.words().into()]))
    })?;
    let room = jid.to_bare();
    if room.local().is_none() || room.domain() != cx.service.domain.as_str() || jid.resource().is_some() {
        return Err(Refusal::item_not_found(&words::NOT_OUR_ROOM));
    }
    Ok(room)
}

/// A line of text for people.
fn line(form: &Submitted, var: &str, cx: &Context<'_>) -> Result<String, Refusal> {
    let text = form.value(var).unwrap_or_default();
    if text.len() > cx.service.limits.text_bytes_max {
        return Err(Refusal::policy_violation(words::WORDS_TOO_LONG.with([var])));
    }
    Ok(text.to_owned())
}

fn create(form: &Submitted, _: Lang<'_>, cx: &mut Context<'_>, _: &mut Effects) -> Result<Outcome, Refusal> {
    let room = room(form, cx)?;
    let owner = form.value("owner").ok_or_else(|| wrong("bad-payload", &words::OWNER_MISSING))?;
    let owner = cx
        .service
        .profile
        .prepare(owner)
        .map_err(|e| Refusal::jid_malformed(words::FIELD_WRONG.with([Value::from(owner), e.words().into()])))?
        .to_bare();
    if owner.local().is_none() {
        return Err(Refusal::jid_malformed(&words::OWNER_IS_ACCOUNT));
    }
    let what = What::Create { owner, name: line(form, "name", cx)? };
    Ok(Outcome::Order(room, what, Done::info(&words::ROOM_IS_THERE)))
}

fn destroy(form: &Submitted, _: Lang<'_>, cx: &mut Context<'_>, _: &mut Effects) -> Result<Outcome, Refusal> {
    let venue = form.value("venue").map(Jid::prepare).transpose();
    let venue = venue.map_err(|e| Refusal::jid_malformed(words::VENUE_WRONG.with([e.words()])))?;
    let what = What::Destroy { reason: line(form, "reason", cx)?, venue };
    Ok(Outcome::Order(room(form, cx)?, what, Done::info(&words::ROOM_IS_GONE)))
}
