//! Moderators take back what others said (XEP-0425).

pub mod ban;
pub mod leavers;
pub mod recent;
pub mod retracted;
pub mod sessions;

use minidom::Element;

use crate::room::archive::{Answer, Asker, Entry, Found, Query, Question, Target};
use crate::room::context::Context;
use crate::room::effect::Effects;
use crate::room::surface::{Feature, moderators};
use crate::room::{Room, message, occupant_id, privilege, subject};
use crate::wire::build::{Build, el, iq_result, message, stamp};
use crate::wire::encode::{Outgoing, Recipients, Template};
use crate::wire::inbound::Inbound;
use crate::wire::jid::BareJid;
use crate::wire::ns;
use crate::wire::refusal::Refusal;
use crate::words;

pub(super) const FEATURE: Feature =
    Feature { disco: |_, vars| vars.push(ns::MODERATE), ..Feature::new("moderate") };

/// What a moderator wants: which message is to go, and why.
#[derive(Debug, PartialEq, Eq)]
struct Wanted {
    id: String,
    reason: Option<String>,
}

impl Wanted {
    /// Reads today's request, or the one of XEP-0425 before 0.3 (425-7).
    fn read(payload: &Element, cx: &Context<'_>) -> Result<Self, Refusal> {
        let (moderate, retract) = if payload.has_ns(ns::MODERATE) {
            (Some(payload), ns::RETRACT)
        } else {
            (payload.get_child("moderate", ns::MODERATE_0), ns::RETRACT_0)
        };
        let moderate = moderate.ok_or_else(|| Refusal::bad_request(&words::ONLY_MODERATION))?;
        if !moderate.has_child("retract", retract) {
            return Err(Refusal::feature_not_implemented(&words::ONLY_RETRACTION));
        }
        let id = payload.attr("id").filter(|id| !id.is_empty());
        let id = id.ok_or_else(|| Refusal::bad_request(&words::WHICH_MESSAGE))?.to_owned();
        let reason = moderate.children().find(|c| c.name() == "reason").map(Element::text);
        let reason = reason.filter(|reason| !reason.is_empty());
        if reason.as_ref().is_some_and(|reason| reason.len() > cx.limits().text_bytes_max) {
            return Err(Refusal::policy_violation(&words::REASON_TOO_LONG));
        }
        Ok(Self { id, reason })
    }
}

/// A moderator asks that a message be retracted. One of the recent messages is at hand, and so is what was kept nowhere;
/// others are in the archive.
pub(crate) fn request(
    room: &mut Room,
    payload: &Element,
    inbound: &Inbound,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) -> Result<(), Refusal> {
    check_role(room, &inbound.from.to_bare())?;
    let wanted = Wanted::read(payload, cx)?;
    if let Some(entry) = room.history.at_hand(&room.jid, &wanted.id) {
        return answer(room, &wanted, &entry, inbound, cx, fx);
    }
    if !room.config().archive {
        return Err(unknown());
    }
    let query = Query { ids: vec![wanted.id], max: 1, ..Query::default() };
    fx.ask(room, Asker::Moderator, Question::Page(query), inbound);
    Ok(())
}

/// The archive has the message, or has not.
pub(crate) fn found(
    room: &mut Room,
    payload: &Element,
    found: &Found,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) -> Result<(), Refusal> {
    check_role(room, &found.inbound.from.to_bare())?;
    let wanted = Wanted::read(payload, cx)?;
    let Answer::Page(page) = &found.answer else { return Err(unknown()) };
    let entry = page.entries.iter().find(|entry| entry.id == wanted.id).ok_or_else(unknown)?;
    answer(room, &wanted, entry, &found.inbound, cx, fx)
}

fn unknown() -> Refusal {
    Refusal::item_not_found(&words::NO_SUCH_MESSAGE)
}

fn check_role(room: &Room, account: &BareJid) -> Result<(), Refusal> {
    if moderators(room, account) { Ok(()) } else { Err(Refusal::forbidden(&words::ONLY_MODERATORS_RETRACT)) }
}

/// Everybody is told first, the moderator gets the result last. What was retracted already stays as it is.
fn answer(
    room: &mut Room,
    wanted: &Wanted,
    entry: &Entry,
    inbound: &Inbound,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) -> Result<(), Refusal> {
    let actor = inbound.from.to_bare();
    check(room, &actor, entry)?;
    if !entry.is_tombstone() {
        moderate(room, entry, &actor, wanted.reason.as_deref(), cx, fx);
    }
    fx.send(&iq_result(&inbound.to, inbound.id(), None), &inbound.from);
    Ok(())
}

/// Whether `actor`, a moderator, may retract this message.
pub(crate) fn check(room: &Room, actor: &BareJid, entry: &Entry) -> Result<(), Refusal> {
    let Some(author) = &entry.account else {
        return Err(Refusal::not_allowed(&words::ROOM_SAID_IT));
    };
    if author == actor {
        return Ok(());
    }
    privilege::moderate(room.affiliation(actor), room.affiliation(author))
}

/// Retracts a message in the name of `actor` and tells everybody. The room itself says so, and keeps that it did.
pub(crate) fn moderate(
    room: &mut Room,
    entry: &Entry,
    actor: &BareJid,
    reason: Option<&str>,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) {
    let id = cx.id();
    let said = retraction(room, entry, actor, reason, &id);
    let said = message::keep(room, None, said, cx, fx);
    fx.send_many(&said.message, room.roster.everyone());
    let retracted = el("retracted", ns::RETRACT)
        .with("id", &id)
        .with("stamp", &stamp(cx.now))
        .child(moderated(room, actor))
        .child_opt(reason.map(because));
    message::retract(room, Target::Id(entry.id.clone()), retracted, cx, fx);
    subject::unset(room, entry, cx, fx);
}

/// What all are told of a retraction.
fn retraction(room: &Room, entry: &Entry, actor: &BareJid, reason: Option<&str>, id: &str) -> Element {
    let retract = el("retract", ns::RETRACT)
        .with("id", &entry.id)
        .child(moderated(room, actor))
        .child_opt(reason.map(because));
    message(room.jid.as_jid(), Some("groupchat"), id).child(retract)
}

fn because(reason: &str) -> Element {
    el("reason", ns::RETRACT).text_node(reason)
}

/// Bytes on the wire of what all sessions together are told when a moderator retracts a message.
pub(crate) fn wire_bytes(room: &Room, entry: &Entry, actor: &BareJid, reason: Option<&str>) -> usize {
    let said = retraction(room, entry, actor, reason, &entry.id).child(message::stanza_id(room, &entry.id));
    let everyone = Recipients::many(room.roster.everyone());
    Outgoing { stanza: Template::new(&said), to: everyone }.wire_bytes()
}

/// Who did it: the nick of a moderator who is in the room, and the occupant id also of one who is not.
fn moderated(room: &Room, actor: &BareJid) -> Element {
    let occupant = room.roster.of_account(actor).next();
    let by = occupant.map_or_else(|| room.jid.as_jid().clone(), |o| room.occupant_jid(&o.nick));
    el("moderated", ns::MODERATE)
        .with("by", by.as_str())
        .child(occupant_id::element(&room.occupant_id(actor)))
}
