//! Ad-hoc commands of a room (XEP-0050). Each is an entry in the `commands` of the feature that it belongs to.

use std::sync::Arc;
use std::time::Duration;

use minidom::Element;

use crate::feature::FEATURES;
use crate::room::Room;
use crate::room::archive::Found;
use crate::room::context::{Context, Service};
use crate::room::effect::Effects;
use crate::room::shares::{Bounds, Kept, Shares};
use crate::room::surface::Command;
use crate::wire::build::{Build, el, iq_result};
use crate::wire::command::{Done, Request, SESSION, Sessions, Stage, Step};
use crate::wire::form::Submitted;
use crate::wire::inbound::Inbound;
use crate::wire::jid::BareJid;
use crate::wire::ns;
use crate::wire::refusal::Refusal;
use crate::words;
use crate::words::Lang;

/// The lists that go on, by session, and what their next page begins with. It is not kept over a restart.
#[derive(Clone, Debug, Default)]
pub(crate) struct Begun(Shares<String>);

/// Lists that may go on at a time.
const BEGUN: Bounds = Bounds { of_one: 5, of_all: 100 };

fn all() -> impl Iterator<Item = &'static Command> {
    FEATURES.iter().flat_map(|feature| feature.commands)
}

/// The command of that name, for an account that may run it.
fn find(room: &Room, node: &str, account: &BareJid) -> Result<&'static Command, Refusal> {
    let command = all().find(|command| command.node == node);
    let command = command.ok_or_else(|| Refusal::item_not_found(&words::NO_SUCH_COMMAND))?;
    if (command.allowed)(room, account) { Ok(command) } else { Err(Refusal::forbidden(&words::MAY_NOT_RUN)) }
}

/// A request to run a command, or to go on with one.
pub(crate) fn execute(
    room: &mut Room,
    begun: &mut Arc<Begun>,
    payload: &Element,
    inbound: &Inbound,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) -> Result<(), Refusal> {
    let request = Request::read(payload)?;
    let command = find(room, request.node, &inbound.from.to_bare())?;
    let stage = match (step(room, command, &request, inbound, cx)?, &command.form) {
        (Step::Ask, Some(form)) => {
            Stage::Executing((form.show)(room, room.lang(cx.service).of(&inbound.stanza)))
        }
        (Step::Cancel, _) => Stage::Canceled,
        (Step::End, _) => Stage::Completed(Done::default()),
        (step, _) => {
            let filled = filled(begun, command, &request, step)?;
            let lang = room.lang(cx.service).of(&inbound.stanza);
            let retry = retry(room, command, &request, &filled, lang);
            through((command.run)(room, &filled, inbound, cx, fx).map_err(retry)?)
        }
    };
    if fx.asks.is_empty() {
        answer(room, begun, &request, stage, inbound, cx, fx);
    }
    Ok(())
}

/// The archive has answered what a command asked. The request is read again, and with it whether it is still allowed.
pub(crate) fn found(
    room: &mut Room,
    begun: &mut Arc<Begun>,
    payload: &Element,
    found: &Found,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) -> Result<(), Refusal> {
    let request = Request::read(payload)?;
    let inbound = &*found.inbound;
    let command = find(room, request.node, &inbound.from.to_bare())?;
    let step = step(room, command, &request, inbound, cx)?;
    let filled = filled(begun, command, &request, step)?;
    let Some(run) = command.found else { return Ok(()) };
    let lang = room.lang(cx.service).of(&inbound.stanza);
    let retry = retry(room, command, &request, &filled, lang);
    let done = run(room, &filled, found, cx, fx).map_err(retry)?;
    answer(room, begun, &request, through(done), inbound, cx, fx);
    Ok(())
}

/// What a command is run with: what was filled in, or where the next page begins.
fn filled(begun: &Begun, command: &Command, request: &Request<'_>, step: Step) -> Result<Submitted, Refusal> {
    match (step, &command.pages) {
        (Step::Run(form), _) => Ok(form),
        (Step::Next, Some(pages)) => {
            let place = request.session.and_then(|session| begun.0.get(session));
            let place = place.ok_or_else(|| {
                let refusal = Refusal::not_allowed(&words::SESSION_EXPIRED);
                refusal.because("session-expired", ns::COMMANDS)
            })?;
            Ok(Submitted::one(pages.from, &place.value))
        }
        _ => Ok(Submitted::default()),
    }
}

/// What becomes of a refusal: the form once more with what is wrong, if there is one and it was shown before.
fn retry(
    room: &Room,
    command: &Command,
    request: &Request<'_>,
    filled: &Submitted,
    lang: Lang<'_>,
) -> impl FnOnce(Refusal) -> Refusal + use<> {
    let form = command.form.as_ref();
    let retry = form.and_then(|form| request.retry(|| (form.show)(room, lang), filled));
    move |refusal| refusal.with_retry(retry)
}

fn through(done: Done) -> Stage {
    if done.next.is_some() { Stage::Page(done) } else { Stage::Completed(done) }
}

fn step(
    room: &Room,
    command: &Command,
    request: &Request<'_>,
    inbound: &Inbound,
    cx: &Context<'_>,
) -> Result<Step, Refusal> {
    let sessions = Sessions { key: room.state.record.secret.as_bytes(), now: cx.now };
    request.step(command.input(), &sessions, &inbound.from)
}

fn answer(
    room: &Room,
    begun: &mut Arc<Begun>,
    request: &Request<'_>,
    stage: Stage,
    inbound: &Inbound,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) {
    let nonce = cx.id();
    let sessions = Sessions { key: room.state.record.secret.as_bytes(), now: cx.now };
    let session = match request.session {
        Some(session) => session.to_owned(),
        None => sessions.open(request.node, &inbound.from, &nonce),
    };
    let next = if let Stage::Page(done) = &stage { done.next.clone() } else { None };
    go_on_with(begun, &session, next, &inbound.from.to_bare(), cx.uptime);
    let answer = request.answer(&session, stage, room.lang(cx.service).of(&inbound.stanza));
    fx.send(&iq_result(&inbound.to, inbound.id(), Some(answer)), &inbound.from);
}

/// Remembers what the next page of a list begins with, or forgets it after the last.
fn go_on_with(begun: &mut Arc<Begun>, session: &str, next: Option<String>, owner: &BareJid, now: Duration) {
    if next.is_none() && begun.0.get(session).is_none() {
        return;
    }
    let Begun(begun) = Arc::make_mut(begun);
    let until = now.checked_sub(SESSION.unsigned_abs());
    while until.is_some_and(|until| begun.remove_older(until).is_some()) {}
    begun.remove(session);
    if let Some(value) = next {
        let kept = Kept { id: session.into(), owner: owner.clone(), since: now, value, _held: None };
        begun.add(kept, BEGUN);
    }
}

/// disco#items: the commands that an account may run, and that can succeed.
pub(crate) fn items(room: &Room, account: &BareJid, service: &Service, lang: Lang<'_>) -> Element {
    let mut query = el("query", ns::DISCO_ITEMS).with("node", ns::COMMANDS);
    let listed = all().filter(|c| (c.allowed)(room, account) && (c.offered)(room, service));
    for command in listed {
        let item = el("item", ns::DISCO_ITEMS).with("jid", room.jid.as_str());
        query.append_child(item.with("node", command.node).with("name", lang.text(command.name)));
    }
    query
}

/// disco#info of the list of commands, or of one command.
pub(crate) fn info(room: &Room, node: &str, account: &BareJid, lang: Lang<'_>) -> Result<Element, Refusal> {
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
