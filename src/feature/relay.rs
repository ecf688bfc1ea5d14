//! IQs between occupants (XEP-0045 §6.6, §17.4), and pings to oneself (XEP-0410).
//!
//! A request is passed on under an id of our own, so that neither side learns a real address and equal ids of two
//! askers do not meet. Requests for vCards and PEP go to the account, which answers also when its client cannot.

use std::collections::VecDeque;
use std::sync::Arc;

use minidom::Element;

use super::self_ping;
use crate::room::cx::Cx;
use crate::room::effect::Effects;
use crate::room::nick::NickKey;
use crate::room::{Life, Room};
use crate::wire::build::{Build, el, lang, set_lang};
use crate::wire::inbound::{ID_BYTES_MAX, Inbound};
use crate::wire::jid::{BareJid, Jid};
use crate::wire::ns;
use crate::wire::refusal::Refusal;

/// Most requests without an answer in one room; beyond it the oldest are given up.
const PENDING_MAX: usize = 1000;

/// Requests that wait for an answer, oldest first.
#[derive(Clone, Debug, Default)]
pub struct Pending {
    requests: VecDeque<Arc<Request>>,
}

#[derive(Debug)]
struct Request {
    /// The id under which it was passed on.
    id: String,
    /// Who must answer.
    target: BareJid,
    /// The request without its payload: who gets the answer, from which address, under which id.
    asked: Inbound,
}

/// A get or set to the address of an occupant.
pub(crate) fn request(
    room: &mut Room,
    nick: &str,
    payload: &Element,
    inbound: &Inbound,
    cx: &mut Cx<'_>,
    fx: &mut Effects,
) -> Result<(), Refusal> {
    let ping = payload.is("ping", ns::PING);
    let Some(asker) = room.roster.by_session(&inbound.from).cloned() else {
        return Err(match payload.ns().as_str() {
            // To a client that pings itself, anything else would mean that it is still in the room.
            ns::PING => Refusal::not_acceptable_here("you are not in this room"),
            _ if room.life == Life::Absent => Refusal::item_not_found("there is no such room"),
            ns::DISCO_INFO | ns::DISCO_ITEMS => Refusal::bad_request("you are not in this room"),
            _ => Refusal::not_acceptable_here("you are not in this room"),
        });
    };
    let Some(target) = room.roster.by_nick(&NickKey::of(nick)).cloned() else {
        return Err(Refusal::item_not_found("nobody of that nick is in this room"));
    };
    if ping && target.nick.key() == asker.nick.key() {
        self_ping::answer(inbound, fx);
        return Ok(());
    }
    if inbound.id().len() > ID_BYTES_MAX {
        return Err(Refusal::policy_violation("the id is too long"));
    }
    let id = cx.id();
    let to = match payload.ns().as_str() {
        ns::VCARD | ns::VCARD4 => target.account.as_jid().clone(),
        namespace if namespace.starts_with(ns::PUBSUB) => target.account.as_jid().clone(),
        _ => target.shown().jid.clone(),
    };
    let passed = passed_on(&inbound.stanza, &room.occupant_jid(&asker.nick), &id);
    fx.send(&passed, &to);

    let head = el("iq", ns::CLIENT).with("id", inbound.id());
    let asked = Inbound { stanza: head, ..inbound.clone() };
    let pending = Arc::make_mut(&mut room.relay);
    pending.requests.push_back(Arc::new(Request { id, target: target.account.clone(), asked }));
    if pending.requests.len() > PENDING_MAX
        && let Some(oldest) = pending.requests.pop_front()
        && let Some(answer) = Refusal::remote_server_timeout("there was no answer").answer(&oldest.asked)
    {
        fx.reply(&answer);
    }
    Ok(())
}

/// A result or an error to what was passed on; what nobody waits for is ignored.
pub(crate) fn answered(room: &mut Room, inbound: &Inbound, fx: &mut Effects) {
    let account = inbound.from.to_bare();
    let waiting = |r: &Arc<Request>| r.id == inbound.id() && r.target == account;
    let Some(place) = room.relay.requests.iter().position(waiting) else { return };
    let Some(request) = Arc::make_mut(&mut room.relay).requests.remove(place) else { return };
    let asked = &request.asked;
    if room.roster.by_session(&asked.from).is_some() {
        fx.send(&passed_on(&inbound.stanza, &asked.to, asked.id()), &asked.from);
    }
}

/// The stanza with everything in it, from another address and under another id.
fn passed_on(stanza: &Element, from: &Jid, id: &str) -> Element {
    let mut copy =
        el("iq", ns::CLIENT).with_opt("type", stanza.attr("type")).with("id", id).with("from", from.as_str());
    if let Some(lang) = lang(stanza) {
        set_lang(&mut copy, lang);
    }
    for child in stanza.children() {
        copy.append_child(if child.is("error", ns::CLIENT) { anonymous(child) } else { child.clone() });
    }
    copy
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
