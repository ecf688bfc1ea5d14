//! Ad-hoc commands of a room (XEP-0050). Each is an entry in the `commands` of the feature that it belongs to.

use minidom::Element;

use super::{FEATURES, Feature};
use crate::room::Room;
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

pub(super) const FEATURE: Feature =
    Feature { disco: |_, vars| vars.push(ns::COMMANDS), ..Feature::new("commands") };

/// One command.
pub(crate) struct Command {
    /// Its name on the wire.
    pub(crate) node: &'static str,
    /// For people.
    pub(crate) name: &'static str,
    /// Whether an account may run it. Whoever may not does not see it.
    pub(crate) allowed: fn(&Room, &BareJid) -> bool,
    /// What is to be filled in, if anything.
    pub(crate) form: Option<Form>,
    /// Does it. As everywhere, a refusal leaves the room as it was.
    pub(crate) run: Run,
}

/// Runs a command with what was filled in.
pub(crate) type Run = fn(&mut Room, &Submitted, &Inbound, &mut Cx<'_>, &mut Effects) -> Result<Done, Refusal>;

/// The form of a command.
pub(crate) struct Form {
    /// Its FORM_TYPE (XEP-0068).
    pub(crate) type_: &'static str,
    /// The form as it is shown.
    pub(crate) show: fn(&Room) -> Element,
}

/// For [`Command::allowed`]: owners only.
#[allow(dead_code, reason = "for the commands to come")]
pub(super) fn owners(room: &Room, account: &BareJid) -> bool {
    room.affiliation(account) == Affiliation::Owner
}

/// For [`Command::allowed`]: admins and owners.
#[allow(dead_code, reason = "for the commands to come")]
pub(super) fn admins(room: &Room, account: &BareJid) -> bool {
    room.affiliation(account) >= Affiliation::Admin
}

fn all() -> impl Iterator<Item = &'static Command> {
    FEATURES.iter().flat_map(|feature| feature.commands)
}

/// The command of that name, for somebody who may run it.
fn find(room: &Room, node: &str, account: &BareJid) -> Result<&'static Command, Refusal> {
    let command = all().find(|command| command.node == node);
    let command = command.ok_or_else(|| Refusal::item_not_found("there is no such command"))?;
    if (command.allowed)(room, account) {
        Ok(command)
    } else {
        Err(Refusal::forbidden("you may not run this command"))
    }
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
    let secret = room.state.record.secret.clone();
    let sessions = Sessions { key: secret.as_bytes(), now: cx.now };
    let form_type = command.form.as_ref().map(|form| form.type_);
    let stage = match (request.step(form_type, &sessions, &inbound.from)?, &command.form) {
        (Step::Ask, Some(form)) => Stage::Executing((form.show)(room)),
        (Step::Ask, None) => Stage::Completed((command.run)(room, &Submitted::default(), inbound, cx, fx)?),
        (Step::Run(form), _) => Stage::Completed((command.run)(room, &form, inbound, cx, fx)?),
        (Step::Cancel, _) => Stage::Canceled,
    };
    let session = match request.session {
        Some(session) => session.to_owned(),
        None => sessions.open(request.node, &inbound.from, &cx.id()),
    };
    let answer = request.answer(&session, stage);
    fx.send(&iq_result(&inbound.to, inbound.id(), Some(answer)), &inbound.from);
    Ok(())
}

/// disco#items: the commands that an account may run.
pub(super) fn items(room: &Room, account: &BareJid) -> Element {
    let mut query = el("query", ns::DISCO_ITEMS).with("node", ns::COMMANDS);
    for command in all().filter(|command| (command.allowed)(room, account)) {
        let item = el("item", ns::DISCO_ITEMS).with("jid", room.jid.as_str());
        query.append_child(item.with("node", command.node).with("name", command.name));
    }
    query
}

/// disco#info of the list of commands, or of one command.
pub(super) fn info(room: &Room, node: &str, account: &BareJid) -> Result<Element, Refusal> {
    let identity = |type_, name| {
        el("identity", ns::DISCO_INFO).with("category", "automation").with("type", type_).with("name", name)
    };
    let query = el("query", ns::DISCO_INFO).with("node", node);
    if node == ns::COMMANDS {
        return Ok(query.child(identity("command-list", "Commands")));
    }
    let command = find(room, node, account)?;
    let feature = |var| el("feature", ns::DISCO_INFO).with("var", var);
    let query = query.child(identity("command-node", command.name));
    Ok(query.child(feature(ns::COMMANDS)).child(feature(ns::DATA)))
}
