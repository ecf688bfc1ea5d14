//! IQs between occupants (XEP-0045 §6.6, §17.4), and pings to oneself (XEP-0410).
//!
//! A request is passed on under an id of our own, so that neither side learns a real address and equal ids of two
//! askers do not meet. Requests for vCards and PEP go to the account, which answers also when its client cannot. What
//! shows the real address of either side inside is taken out, where the other may not see it.

use std::time::Duration;

use minidom::Element;

use crate::room::context::Context;
use crate::room::effect::Effects;
use crate::room::nick::NickKey;
use crate::room::shares::{Bounds, Kept, Shares};
use crate::room::{Room, audience};
use crate::wire::build::{Build, el, iq_result, lang, set_lang};
use crate::wire::inbound::{Inbound, IqType, Kind};
use crate::wire::jid::{BareJid, Jid};
use crate::wire::ns;
use crate::wire::redact::without_address;
use crate::wire::refusal::Refusal;
use crate::words::{self, Lang};

/// Most requests without an answer, of one account and in one room. Beyond it the oldest of the same account are given
/// up, or those of the account that has the most.
const BOUNDS: Bounds = Bounds { of_one: 500, of_all: 2000 };

/// Most requests of one account that one other has not answered: beyond it the oldest of them is given up.
const UNANSWERED_MAX: usize = 50;

/// What a request counts as besides its texts: so hundreds of clients may each ask hundreds of others at a time.
const REQUEST_BYTES: usize = 400;

/// After so long a request is given up.
const LIFE: Duration = Duration::from_secs(10 * 60);

/// Requests that are given up with one new request, so that no event has to answer many.
const GIVEN_UP_MAX: usize = 2;

/// Requests that wait for an answer, by the id under which they were passed on.
pub(crate) type Pending = Shares<Request>;

/// A request that was passed on, without its payload. Its owner is who asks.
#[derive(Clone, Debug)]
pub struct Request {
    /// Who must answer.
    target: BareJid,
    /// Who gets the answer.
    asker: Jid,
    /// The address that was asked.
    asked: Jid,
    /// The id of the asker's.
    id: String,
}

/// A get or set to the address of an occupant.
pub(crate) fn request(
    room: &Room,
    pending: &mut Pending,
    nick: &str,
    payload: &Element,
    inbound: &Inbound,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) -> Result<(), Refusal> {
    let Some(asker) = room.roster.by_session(&inbound.from).cloned() else {
        return Err(outside(room, payload, inbound));
    };
    let target =
        room.roster.by_nick(&NickKey::of(nick)).filter(|target| audience::is_known(room, target, &asker));
    let Some(target) = target.cloned() else {
        return Err(Refusal::item_not_found(&words::NO_SUCH_NICK));
    };
    if payload.is("ping", ns::PING) && target.nick.key() == asker.nick.key() {
        fx.send(&iq_result(&inbound.to, inbound.id(), None), &inbound.from);
        return Ok(());
    }
    let hides = !room.sight(target.role).sees() && target.account != asker.account;
    let id = cx.id();
    let (from, hidden) = (room.occupant_jid(&asker.nick), hides.then_some(&asker.account));
    let passed = passed_on(&inbound.stanza, &from, &id, hidden)
        .ok_or_else(|| Refusal::policy_violation(&words::REQUEST_SHOWS_ADDRESS))?;
    let request = Request {
        target: target.account.clone(),
        asker: inbound.from.clone(),
        asked: inbound.to.clone(),
        id: inbound.id().to_owned(),
    };
    remember(room, pending, id, &asker.account, request, cx, fx)?;
    let to = match payload.ns().as_str() {
        ns::VCARD | ns::VCARD4 => target.account.as_jid(),
        namespace if namespace.starts_with(ns::PUBSUB) => target.account.as_jid(),
        _ => &target.shown().jid,
    };
    fx.send(&passed, to);
    Ok(())
}

/// Why an account that is not in the room may not ask.
fn outside(room: &Room, payload: &Element, inbound: &Inbound) -> Refusal {
    match payload.ns().as_str() {
        // To a client that pings itself, anything else would mean that it is still in the room.
        ns::PING => Refusal::not_acceptable_here(&words::NOT_INSIDE),
        namespace => match room.must_be_visible_to(&inbound.from) {
            Err(refusal) => refusal,
            Ok(()) if matches!(namespace, ns::DISCO_INFO | ns::DISCO_ITEMS) => {
                Refusal::bad_request(&words::NOT_INSIDE)
            }
            Ok(()) => Refusal::not_acceptable_here(&words::NOT_INSIDE),
        },
    }
}

/// Remembers a request that is passed on under `id`; what has to go for it, or is over, is answered.
///
/// # Errors
/// There is no place for it, because others of the account's domain have too many.
fn remember(
    room: &Room,
    pending: &mut Pending,
    id: String,
    asker: &BareJid,
    request: Request,
    cx: &Context<'_>,
    fx: &mut Effects,
) -> Result<(), Refusal> {
    if let Some(until) = cx.uptime.checked_sub(LIFE) {
        for _ in 0..GIVEN_UP_MAX {
            let Some(over) = pending.remove_older(until) else { break };
            give_up(&over.value, room.lang(cx.service), fx);
        }
    }
    let mut unanswered = pending.of(asker).filter(|kept| kept.value.target == request.target);
    let oldest = unanswered.next().map(|kept| kept.id.clone());
    if unanswered.count() + 1 >= UNANSWERED_MAX
        && let Some(over) = oldest.and_then(|id| pending.remove(&id))
    {
        give_up(&over.value, room.lang(cx.service), fx);
    }
    let bytes = REQUEST_BYTES
        + [request.asker.as_str(), request.asked.as_str(), request.target.as_str(), &request.id]
            .map(str::len)
            .iter()
            .sum::<usize>();
    let held = cx
        .service
        .hold_piece(asker, bytes)
        .ok_or_else(|| Refusal::resource_constraint(&words::REQUESTS_WAIT))?;
    let kept = Kept {
        id: id.as_str().into(),
        owner: asker.clone(),
        since: cx.uptime,
        value: request,
        _held: Some(held),
    };
    match pending.add(kept, BOUNDS) {
        Some(over) if *over.id == *id => Err(Refusal::resource_constraint(&words::REQUESTS_WAIT)),
        Some(over) => {
            give_up(&over.value, room.lang(cx.service), fx);
            Ok(())
        }
        None => Ok(()),
    }
}

/// A request is answered in the place of who did not.
fn give_up(request: &Request, lang: Lang<'_>, fx: &mut Effects) {
    answer(request, &Refusal::remote_server_timeout(&words::NO_ANSWER), lang, fx);
}

fn answer(request: &Request, refusal: &Refusal, lang: Lang<'_>, fx: &mut Effects) {
    let stanza = el("iq", ns::CLIENT).with("id", &request.id);
    let (from, to) = (request.asker.clone(), request.asked.clone());
    if let Some(answer) = refusal.answer(&Inbound::new(from, to, Kind::Iq(IqType::Get), stanza), lang) {
        fx.reply(&answer);
    }
}

/// A result or an error to what was passed on; what nobody waits for is ignored.
pub(crate) fn answered(
    room: &Room,
    pending: &mut Pending,
    inbound: &Inbound,
    cx: &Context<'_>,
    fx: &mut Effects,
) {
    let account = inbound.from.to_bare();
    if pending.get(inbound.id()).is_none_or(|kept| kept.value.target != account) {
        return;
    }
    let Some(kept) = pending.remove(inbound.id()) else { return };
    let request = &kept.value;
    let Some(asker) = room.roster.by_session(&request.asker) else {
        // They have left. What is inside is for occupants; that it is over is due to who asked.
        answer(request, &Refusal::not_acceptable_here(&words::NOT_INSIDE), room.lang(cx.service), fx);
        return;
    };
    let hides = !room.sight(asker.role).sees() && asker.account != account;
    match passed_on(&inbound.stanza, &request.asked, &request.id, hides.then_some(&account)) {
        Some(passed) => fx.send(&passed, &request.asker),
        None => {
            answer(
                request,
                &Refusal::policy_violation(&words::ANSWER_SHOWS_ADDRESS),
                room.lang(cx.service),
                fx,
            );
        }
    }
}

/// The stanza with everything in it, from another address and under another id; without the address of `hidden`. `None`
/// if that cannot be taken out.
fn passed_on(stanza: &Element, from: &Jid, id: &str, hidden: Option<&BareJid>) -> Option<Element> {
    let mut copy =
        el("iq", ns::CLIENT).with_opt("type", stanza.attr("type")).with("id", id).with("from", from.as_str());
    if let Some(lang) = lang(stanza) {
        set_lang(&mut copy, lang);
    }
    let children = stanza
        .children()
        .map(|child| if child.is("error", ns::CLIENT) { anonymous(child) } else { child.clone() })
        .collect();
    let children = match hidden {
        Some(account) => without_address(children, account)?,
        None => children,
    };
    children.into_iter().for_each(|child| {
        copy.append_child(child);
    });
    Some(copy)
}

/// An error without what may name a real address: who reports it, where an account has moved to, and the words of
/// its server.
fn anonymous(error: &Element) -> Element {
    let mut copy = el("error", ns::CLIENT).with_opt("type", error.attr("type"));
    for child in error.children() {
        match child.name() {
            "text" if child.has_ns(ns::STANZA_ERRORS) => {}
            condition if child.has_ns(ns::STANZA_ERRORS) => {
                copy.append_child(el(condition, ns::STANZA_ERRORS));
            }
            _ => {
                copy.append_child(child.clone());
            }
        }
    }
    copy
}
