//! Ad-hoc commands of the service, for its admins (XEP-0050, XEP-0133).
//!
//! What one request can answer is answered here. What a room has to do becomes an [`Order`] to it: the room answers the
//! admin once that is done and durable.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use minidom::Element;

use super::{Cx, Effects};
use crate::room::order::{Order, What};
use crate::wire::build::{Build, el, iq_result, message};
use crate::wire::command::{Done, Note, Request, Sessions, Stage, Step, wrong};
use crate::wire::encode::{Outgoing, Recipients, Template};
use crate::wire::form::{Field, Submitted, form, table};
use crate::wire::inbound::Inbound;
use crate::wire::jid::{BareJid, Jid};
use crate::wire::ns;
use crate::wire::refusal::Refusal;

/// Most rooms or accounts in one answer.
const ITEMS_MAX: usize = 1000;

/// Longest wait before the service stops.
const DELAY_MAX: SignedDuration = SignedDuration::from_hours(1);

const COUNTS: &[(&str, &str)] =
    &[("25", "25"), ("50", "50"), ("100", "100"), ("200", "200"), ("none", "As many as fit")];

const DELAYS: &[(&str, &str)] = &[
    ("0", "At once"),
    ("30", "30 seconds"),
    ("60", "1 minute"),
    ("120", "2 minutes"),
    ("300", "5 minutes"),
    ("900", "15 minutes"),
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
    name: &'static str,
    /// Fields to fill in; none if it runs at once.
    fields: &'static [FormField],
    run: fn(&Submitted, &mut Cx<'_>, &mut Effects) -> Result<Outcome, Refusal>,
}

struct FormField {
    var: &'static str,
    type_: &'static str,
    label: &'static str,
    options: &'static [(&'static str, &'static str)],
    required: bool,
}

impl FormField {
    const fn new(var: &'static str, type_: &'static str, label: &'static str) -> Self {
        Self { var, type_, label, options: &[], required: false }
    }

    const fn required(self) -> Self {
        Self { required: true, ..self }
    }

    const fn one_of(self, options: &'static [(&'static str, &'static str)]) -> Self {
        Self { options, ..self }
    }
}

static COMMANDS: [Command; 7] = [
    Command {
        node: "http://jabber.org/protocol/admin#announce",
        name: "Announce to everybody in a room",
        fields: &[FormField::new("announcement", "text-multi", "Announcement").required()],
        run: |form, cx, fx| {
            let text =
                announcement(form, cx)?.ok_or_else(|| wrong("bad-payload", "the announcement is empty"))?;
            let told = announce(&text, cx, fx);
            Ok(Outcome::Done(Done::info(format!("sent to {told} sessions"))))
        },
    },
    Command {
        node: "http://jabber.org/protocol/admin#get-online-users-num",
        name: "How many are in a room",
        fields: &[],
        run: |_, cx, _| Ok(Outcome::Done(result("onlineusersnum", vec![accounts(cx).len().to_string()]))),
    },
    Command {
        node: "http://jabber.org/protocol/admin#get-online-users-list",
        name: "Who is in a room",
        fields: &[FormField::new("max_items", "list-single", "Most accounts").one_of(COUNTS)],
        run: online,
    },
    Command {
        node: "http://jabber.org/protocol/admin#shutdown",
        name: "Stop the service",
        fields: &[
            FormField::new("delay", "list-single", "When").one_of(DELAYS),
            FormField::new("announcement", "text-multi", "Announcement"),
        ],
        run: shutdown,
    },
    Command { node: "conclave#rooms", name: "Rooms in use", fields: &[], run: rooms },
    Command {
        node: "conclave#create-room",
        name: "Create a room",
        fields: &[
            FormField::new("room", "jid-single", "Address").required(),
            FormField::new("owner", "jid-single", "Owner").required(),
            FormField::new("name", "text-single", "Name"),
        ],
        run: create,
    },
    Command {
        node: "conclave#destroy-room",
        name: "Destroy a room",
        fields: &[
            FormField::new("room", "jid-single", "Address").required(),
            FormField::new("reason", "text-single", "Reason"),
            FormField::new("venue", "jid-single", "Where to go instead"),
        ],
        run: destroy,
    },
];

impl Command {
    /// The FORM_TYPE of its form and of its result.
    fn form_type(&self) -> &'static str {
        if self.node.starts_with(ns::ADMIN) { ns::ADMIN } else { self.node }
    }

    fn form(&self) -> Element {
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
        form("form", self.form_type(), Some(self.name), &fields)
    }
}

/// The command of that name, for an admin.
fn find(node: &str, account: &BareJid, cx: &Cx<'_>) -> Result<&'static Command, Refusal> {
    let command = COMMANDS.iter().find(|command| command.node == node);
    let command = command.ok_or_else(|| Refusal::item_not_found("there is no such command"))?;
    if cx.service.is_admin(account) {
        Ok(command)
    } else {
        Err(Refusal::forbidden("only admins of the service may run this"))
    }
}

/// disco#items: the commands for whom they are.
pub(super) fn items(account: &BareJid, cx: &Cx<'_>) -> Element {
    let mut query = el("query", ns::DISCO_ITEMS).with("node", ns::COMMANDS);
    for command in COMMANDS.iter().filter(|_| cx.service.is_admin(account)) {
        let item = el("item", ns::DISCO_ITEMS).with("jid", cx.service.domain.as_str());
        query.append_child(item.with("node", command.node).with("name", command.name));
    }
    query
}

/// disco#info of the list of commands, or of one command.
pub(super) fn info(node: &str, account: &BareJid, cx: &Cx<'_>) -> Result<Element, Refusal> {
    let (type_, name, vars) = match node {
        ns::COMMANDS => ("command-list", "Commands", &[ns::DISCO_INFO, ns::DISCO_ITEMS][..]),
        _ => ("command-node", find(node, account, cx)?.name, &[ns::DISCO_INFO, ns::COMMANDS, ns::DATA][..]),
    };
    let identity = el("identity", ns::DISCO_INFO).with("category", "automation").with("type", type_);
    let mut query = el("query", ns::DISCO_INFO).with("node", node).child(identity.with("name", name));
    for var in vars {
        query.append_child(el("feature", ns::DISCO_INFO).with("var", var));
    }
    Ok(query)
}

/// A request to run a command, or to go on with one. `None`: a room will answer.
pub(super) fn execute(
    payload: &Element,
    inbound: &Inbound,
    cx: &mut Cx<'_>,
    fx: &mut Effects,
) -> Result<Option<Element>, Refusal> {
    let request = Request::read(payload)?;
    let command = find(request.node, &inbound.from.to_bare(), cx)?;
    let nonce = cx.memory.ids.fresh();
    let sessions = Sessions { key: cx.memory.secret.as_bytes(), now: cx.now };
    let form_type = (!command.fields.is_empty()).then(|| command.form_type());
    let step = request.step(form_type, &sessions, &inbound.from)?;
    let session = match request.session {
        Some(session) => session.to_owned(),
        None => sessions.open(request.node, &inbound.from, &nonce),
    };
    let stage = match step {
        Step::Ask => Stage::Executing(command.form()),
        Step::Cancel => Stage::Canceled,
        Step::Run(form) => match (command.run)(&form, cx, fx)? {
            Outcome::Done(done) => Stage::Completed(done),
            Outcome::Order(room, what, done) => {
                let payload = request.answer(&session, Stage::Completed(done));
                let answer = iq_result(&inbound.to, inbound.id(), Some(payload));
                let answer = answer.with("to", inbound.from.as_str());
                let order = Order { inbound: Box::new(inbound.clone()), what, answer };
                fx.order = Some((room, Box::new(order)));
                return Ok(None);
            }
        },
    };
    Ok(Some(request.answer(&session, stage)))
}

fn result(var: &str, values: Vec<String>) -> Done {
    Done::result(form("result", ns::ADMIN, None, &[Field { var, values, ..Field::default() }]))
}

/// Everybody who is in a room.
fn accounts(cx: &Cx<'_>) -> BTreeSet<BareJid> {
    let mut accounts = BTreeSet::new();
    cx.rooms.each(&mut |_, roster| accounts.extend(roster.iter().map(|o| o.account.clone())));
    accounts
}

fn online(form: &Submitted, cx: &mut Cx<'_>, _: &mut Effects) -> Result<Outcome, Refusal> {
    let most = match form.value("max_items") {
        None | Some("none") => ITEMS_MAX,
        Some(number) => {
            number.parse().map_err(|_| wrong("bad-payload", "max_items must be a number or none"))?
        }
    };
    let accounts = accounts(cx);
    let shown: Vec<String> = accounts.iter().take(most.min(ITEMS_MAX)).map(ToString::to_string).collect();
    let note = (shown.len() < accounts.len())
        .then(|| Note::Warn(format!("these are {} of {}", shown.len(), accounts.len())));
    Ok(Outcome::Done(Done { note, ..result("onlineuserjids", shown) }))
}

fn rooms(_: &Submitted, cx: &mut Cx<'_>, _: &mut Effects) -> Result<Outcome, Refusal> {
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
    let note = (rows.len() < count).then(|| Note::Warn(format!("these are {} of {count}", rows.len())));
    let columns = [("room", "Address"), ("occupants", "Occupants")];
    let rows = table("conclave#rooms", "Rooms in use", &columns, &rows);
    Ok(Outcome::Done(Done { note, result: Some(rows) }))
}

/// The text that is to be announced, if there is one.
fn announcement(form: &Submitted, cx: &Cx<'_>) -> Result<Option<String>, Refusal> {
    let text = form.values("announcement").unwrap_or_default().join("\n");
    if text.len() > cx.service.limits.text_bytes_max {
        return Err(Refusal::policy_violation("the announcement is too long"));
    }
    Ok((!text.trim().is_empty()).then_some(text))
}

/// Sends a text to each session in a room once, however many rooms it is in; gives how many there are (XEP-0133 §4.23).
fn announce(text: &str, cx: &mut Cx<'_>, fx: &mut Effects) -> usize {
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

fn shutdown(form: &Submitted, cx: &mut Cx<'_>, fx: &mut Effects) -> Result<Outcome, Refusal> {
    let delay = form.value("delay").unwrap_or("0").parse().ok().map(SignedDuration::from_secs);
    let delay = delay.filter(|delay| (SignedDuration::ZERO..=DELAY_MAX).contains(delay));
    let delay = delay.ok_or_else(|| wrong("bad-payload", "delay must be seconds, an hour at most"))?;
    if let Some(text) = announcement(form, cx)? {
        announce(&text, cx, fx);
    }
    fx.stop_after = Some(delay);
    Ok(Outcome::Done(Done::info(format!("the service stops in {} s", delay.as_secs()))))
}

/// The address of a room of this service. A name without a domain is meant to be here.
fn room(form: &Submitted, cx: &Cx<'_>) -> Result<BareJid, Refusal> {
    let text =
        form.value("room").ok_or_else(|| wrong("bad-payload", "the address of the room is missing"))?;
    let whole = if text.contains('@') { text.to_owned() } else { format!("{text}@{}", cx.service.domain) };
    let jid = Jid::prepare(&whole).map_err(|e| Refusal::jid_malformed(format!("{whole}: {e}")))?;
    let room = jid.to_bare();
    if room.local().is_none() || room.domain() != cx.service.domain.as_str() || jid.resource().is_some() {
        return Err(Refusal::item_not_found("no room of this service has such an address"));
    }
    Ok(room)
}

/// A line of text for people.
fn line(form: &Submitted, var: &str, cx: &Cx<'_>) -> Result<String, Refusal> {
    let text = form.value(var).unwrap_or_default();
    if text.len() > cx.service.limits.text_bytes_max {
        return Err(Refusal::policy_violation(format!("{var} is too long")));
    }
    Ok(text.to_owned())
}

fn create(form: &Submitted, cx: &mut Cx<'_>, _: &mut Effects) -> Result<Outcome, Refusal> {
    let room = room(form, cx)?;
    let owner = form.value("owner").ok_or_else(|| wrong("bad-payload", "the owner is missing"))?;
    let owner = cx
        .service
        .profile
        .prepare(owner)
        .map_err(|e| Refusal::jid_malformed(format!("{owner}: {e}")))?
        .to_bare();
    if owner.local().is_none() {
        return Err(Refusal::jid_malformed("the owner must be an account"));
    }
    let what = What::Create { owner, name: line(form, "name", cx)? };
    Ok(Outcome::Order(room, what, Done::info("the room is there")))
}

fn destroy(form: &Submitted, cx: &mut Cx<'_>, _: &mut Effects) -> Result<Outcome, Refusal> {
    let venue = form.value("venue").map(Jid::prepare).transpose();
    let venue = venue.map_err(|e| Refusal::jid_malformed(format!("the other place: {e}")))?;
    let what = What::Destroy { reason: line(form, "reason", cx)?, venue };
    Ok(Outcome::Order(room(form, cx)?, what, Done::info("the room is gone")))
}
