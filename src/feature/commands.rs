//! Ad-hoc commands of a room (XEP-0050). Each is an entry in the `commands` of the feature that it belongs to.

use minidom::Element;

use super::{FEATURES, Feature};
use crate::room::Room;
use crate::room::archive::Found;
use crate::room::cx::Cx;
use crate::room::effect::Effects;
use crate::room::state::Affiliation;
use crate::wire::build::{Build, el, iq_result};
use crate::wire::command::{Done, Request, Sessions, Stage, Step};
use crate::wire::form::Submitted;
use crate::wire::inbound::Inbound;
use crate::wire::jid::BareJid;
use crate::wire::ns;
use crate::wire::refusal::Refusal;
use crate::words::{self, Lang, Text};

pub(super) const FEATURE: Feature =
    Feature { disco: |_, vars| vars.push(ns::COMMANDS), ..Feature::new("commands") };

/// One command.
pub(crate) struct Command {
    /// Its name on the wire.
    pub(crate) node: &'static str,
    /// For people.
    pub(crate) name: &'static Text,
    /// Whether an account may run it. Whoever may not does not see it.
    pub(crate) allowed: fn(&Room, &BareJid) -> bool,
    /// What is to be filled in, if anything.
    pub(crate) form: Option<Form>,
    /// Does it. As everywhere, a refusal leaves the room as it was.
    pub(crate) run: Run,
    /// Goes on when the archive has answered. If `run` asks the archive something, what it returns does not count, and
    /// this ends the command instead.
    pub(crate) found: Option<RunFound>,
}

/// Goes on with a command after the archive has answered; what was filled in is given again.
pub(crate) type RunFound = fn(&mut Room, &Submitted, &Found, &mut Cx, &mut Effects) -> Result<Done, Refusal>;

/// Runs a command with what was filled in.
pub(crate) type Run = fn(&mut Room, &Submitted, &Inbound, &mut Cx<'_>, &mut Effects) -> Result<Done, Refusal>;

/// The form of a command.
pub(crate) struct Form {
    /// Its FORM_TYPE (XEP-0068).
    pub(crate) type_: &'static str,
    /// The form as it is shown, in a language.
    pub(crate) show: fn(&Room, Lang<'_>) -> Element,
}

/// For [`Command::allowed`]: admins and owners.
pub(super) fn admins(room: &Room, account: &BareJid) -> bool {
    room.affiliation(account) >= Affiliation::Admin
}

fn all() -> impl Iterator<Item = &'static Command> {
    FEATURES.iter().flat_map(|feature| feature.commands)
}

/// The command of that name, for somebody who may run it.
fn find(room: &Room, node: &str, account: &BareJid) -> Result<&'static Command, Refusal> {
    let command = all().find(|command| command.node == node);
    let command = command.ok_or_else(|| Refusal::item_not_found(&words::NO_SUCH_COMMAND))?;
    if (command.allowed)(room, account) { Ok(command) } else { Err(Refusal::forbidden(&words::MAY_NOT_RUN)) }
}

/// A request to run a command, or to go on with one.
pub(crate) fn execute(
    room: &mut Room,
    payload: &Element,
    inbound: &Inbound,
    cx: &mut Cx<'_>,
    fx: &mut Effects,
) -> Result<(), Refusal> {
    let request = Request::read(payload)?;
    let command = find(room, request.node, &inbound.from.to_bare())?;
    let stage = match (step(room, command, &request, inbound, cx)?, &command.form) {
        (Step::Ask, Some(form)) => {
            Stage::Executing((form.show)(room, room.lang(cx.service).of(&inbound.stanza)))
        }
        (Step::Ask, None) => Stage::Completed((command.run)(room, &Submitted::default(), inbound, cx, fx)?),
        (Step::Run(form), _) => Stage::Completed((command.run)(room, &form, inbound, cx, fx)?),
        (Step::Cancel, _) => Stage::Canceled,
    };
    if fx.asks.is_empty() {
        answer(room, &request, stage, inbound, cx, fx);
    }
    Ok(())
}

/// The archive has answered what a command asked. The request is read again, and with it whether it is still allowed.
pub(crate) fn found(
    room: &mut Room,
    payload: &Element,
    found: &Found,
    cx: &mut Cx<'_>,
    fx: &mut Effects,
) -> Result<(), Refusal> {
    let request = Request::read(payload)?;
    let inbound = &*found.inbound;
    let command = find(room, request.node, &inbound.from.to_bare())?;
    let Step::Run(form) = step(room, command, &request, inbound, cx)? else { return Ok(()) };
    let Some(run) = command.found else { return Ok(()) };
    let done = run(room, &form, found, cx, fx)?;
    answer(room, &request, Stage::Completed(done), inbound, cx, fx);
    Ok(())
}

fn step(
    room: &Room,
    command: &Command,
    request: &Request<'_>,
    inbound: &Inbound,
    cx: &Cx<'_>,
) -> Result<Step, Refusal> {
    let sessions = Sessions { key: room.state.record.secret.as_bytes(), now: cx.now };
    request.step(command.form.as_ref().map(|form| form.type_), &sessions, &inbound.from)
}

fn answer(
    room: &Room,
    request: &Request<'_>,
    stage: Stage,
    inbound: &Inbound,
    cx: &mut Cx<'_>,
    fx: &mut Effects,
) {
    let nonce = cx.id();
    let sessions = Sessions { key: room.state.record.secret.as_bytes(), now: cx.now };
    let session = match request.session {
        Some(session) => session.to_owned(),
        None => sessions.open(request.node, &inbound.from, &nonce),
    };
    let answer = request.answer(&session, stage, room.lang(cx.service).of(&inbound.stanza));
    fx.send(&iq_result(&inbound.to, inbound.id(), Some(answer)), &inbound.from);
}

/// disco#items: the commands that an account may run.
pub(super) fn items(room: &Room, account: &BareJid, lang: Lang<'_>) -> Element {
    let mut query = el("query", ns::DISCO_ITEMS).with("node", ns::COMMANDS);
    for command in all().filter(|command| (command.allowed)(room, account)) {
        let item = el("item", ns::DISCO_ITEMS).with("jid", room.jid.as_str());
        query.append_child(item.with("node", command.node).with("name", lang.text(command.name)));
    }
    query
}

/// disco#info of the list of commands, or of one command.
pub(super) fn info(room: &Room, node: &str, account: &BareJid, lang: Lang<'_>) -> Result<Element, Refusal> {
    let identity = |type_, name| {
        let name = lang.text(name);
        el("identity", ns::DISCO_INFO).with("category", "automation").with("type", type_).with("name", name)
    };
    let query = el("query", ns::DISCO_INFO).with("node", node);
    if node == ns::COMMANDS {
        return Ok(query.child(identity("command-list", &words::COMMANDS)));
    }
    let command = find(room, node, account)?;
    let feature = |var| el("feature", ns::DISCO_INFO).with("var", var);
    let query = query.child(identity("command-node", command.name));
    Ok(query.child(feature(ns::COMMANDS)).child(feature(ns::DATA)))
}
