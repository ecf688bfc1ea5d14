//! What is answered to an invitation (XEP-0045 §7.8.2): the invited account says no, or its server says that there is
//! no such account.
//!
//! This is the only way from outside to those inside, so it is narrow: once for each invitation, from the account that
//! was invited, with a reason and nothing else. All other refusals lead nowhere and are never answered: an answer would
//! tell strangers who is in the room or on its lists.
//!
//! Invitations are remembered for as long as the room is in memory. After a restart, refusals of earlier ones are lost,
//! as those that come too late are.

use std::sync::Arc;
use std::time::Duration;

use minidom::Element;

use crate::room::Room;
use crate::room::audience::sessions;
use crate::room::context::Context;
use crate::room::effect::Effects;
use crate::room::shares::{Bounds, Kept, Shares};
use crate::wire::build::{Build, el, message};
use crate::wire::inbound::{Inbound, Kind, MessageType};
use crate::wire::jid::{BareJid, Jid};
use crate::wire::muc::Affiliation;
use crate::wire::ns;
use crate::wire::refusal::Refusal;
use crate::words;

/// Invitations that may still be answered, of one inviter and in one room.
const BOUNDS: Bounds = Bounds { of_one: 100, of_all: 1000 };

/// What an invitation takes in memory besides its texts.
const INVITATION_BYTES: usize = 1200;

/// How long an invitation may be answered.
const LIFE: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Invitations that were passed on. Their ids are the inviters' own and may meet, so they are remembered by others.
pub(crate) type Sent = Shares<Invitation>;

/// An invitation that was passed on. Its owner is who invites.
#[derive(Clone, Debug)]
pub struct Invitation {
    /// Under which id it was passed on.
    pub(crate) id: Arc<str>,
    pub(crate) invitee: Jid,
    /// As whom the invited account sees the inviter; `None` if it is banned and was sent something else.
    pub(crate) shown: Option<Jid>,
    /// The message that asked for it, if it was a message.
    pub(crate) asked: Option<Asked>,
}

/// What is remembered of a message that invites: who sent it, and its id, which all its invitations share.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) from: Jid,
    pub(crate) id: Arc<str>,
}

impl Invitation {
    /// What it takes in memory, about.
    fn bytes(&self) -> usize {
        let shown = self.shown.as_ref().map_or(0, |shown| shown.as_str().len());
        let asked = self.asked.as_ref().map_or(0, |asked| asked.from.as_str().len() + asked.id.len());
        INVITATION_BYTES + self.id.len() + self.invitee.as_str().len() + shown + asked
    }

    /// Whether `to` names the inviter as the invited account was shown them.
    fn is_of(&self, to: &Jid) -> bool {
        let Some(shown) = &self.shown else { return false };
        shown.bare_str() == to.bare_str() && (!shown.is_full() || shown.resource() == to.resource())
    }
}

/// Remembers an invitation of `inviter` that was passed on.
pub(crate) fn remember(sent: &mut Sent, inviter: &BareJid, invitation: Invitation, cx: &mut Context<'_>) {
    forget_old(sent, cx);
    // What finds no place in memory is not remembered: it cannot be declined then.
    let Some(held) = cx.service.hold_piece(inviter, invitation.bytes()) else { return };
    let (id, owner, since) = (cx.id().into(), inviter.clone(), cx.uptime);
    sent.add(Kept { id, owner, since, value: invitation, _held: Some(held) }, BOUNDS);
}

fn forget_old(sent: &mut Sent, cx: &Context<'_>) {
    let Some(until) = cx.uptime.checked_sub(LIFE) else { return };
    while sent.remove_older(until).is_some() {}
}

/// The reason in an invitation, or in a refusal of one.
///
/// # Errors
/// It may have as many bytes as any text.
pub(crate) fn reason(word: &Element, cx: &Context<'_>) -> Result<Option<String>, Refusal> {
    let reason = word.get_child("reason", ns::MUC_USER).map(Element::text).filter(|r| !r.is_empty());
    if reason.as_ref().is_some_and(|reason| reason.len() > cx.limits().text_bytes_max) {
        return Err(Refusal::policy_violation(&words::REASON_TOO_LONG));
    }
    Ok(reason)
}

/// An invited account says no, and the inviter hears of it, wherever they are. Whether that was so is not answered.
///
/// # Errors
/// Only for what is wrong with the stanza itself.
pub(crate) fn pass_on(
    room: &Room,
    sent: &mut Sent,
    decline: &Element,
    inbound: &Inbound,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) -> Result<(), Refusal> {
    let to = decline.attr("to").ok_or_else(|| Refusal::bad_request(&words::DECLINE_ADDRESS_NEEDED))?;
    let to = cx.address(to).map_err(|e| Refusal::jid_malformed(e.words()))?;
    let reason = reason(decline, cx)?;
    forget_old(sent, cx);
    let account = inbound.from.to_bare();
    let is_meant =
        |kept: &&Kept<Invitation>| kept.value.invitee.bare_str() == account.as_str() && kept.value.is_of(&to);
    let Some(found) = sent.iter().rev().find(is_meant) else { return Ok(()) };
    let (id, inviter) = (found.id.clone(), found.owner.clone());
    sent.remove(&id);
    if [&account, &inviter].into_iter().any(|who| room.affiliation(who) == Affiliation::Outcast) {
        return Ok(());
    }
    let present: Vec<Jid> = room.roster.by_account(&inviter).iter().flat_map(|o| sessions(o)).collect();
    let recipients = if present.is_empty() { vec![inviter.into()] } else { present };
    let word = el("decline", ns::MUC_USER)
        .with("from", account.as_str())
        .child_opt(reason.map(|reason| el("reason", ns::MUC_USER).text_node(&reason)));
    let stanza = message(room.jid.as_jid(), None, &cx.id()).child(el("x", ns::MUC_USER).child(word));
    fx.send_many(&stanza, recipients);
    Ok(())
}

/// An invitation comes back: its sender learns that there is no such account (§7.8.2). Only the answer of the invited
/// address counts.
pub(crate) fn bounced(room: &Room, sent: &mut Sent, inbound: &Inbound, cx: &Context<'_>, fx: &mut Effects) {
    let came_back = |kept: &&Kept<Invitation>| {
        *kept.value.id == *inbound.id() && kept.value.invitee.bare_str() == inbound.from.bare_str()
    };
    let Some(place) = sent.iter().rev().find(came_back).map(|kept| kept.id.clone()) else {
        return;
    };
    let Some(kept) = sent.remove(&place) else { return };
    let refusal = Refusal::item_not_found(&words::NOT_DELIVERED);
    let lang = room.lang(cx.service);
    let answer = |asked| refusal.answer(&head(room, &kept.value, asked), lang);
    let answer = kept.value.asked.as_ref().and_then(answer);
    if let Some(answer) = answer {
        fx.reply(&answer);
    }
}

/// The message that invited, with nothing but the address that it invites.
fn head(room: &Room, invitation: &Invitation, asked: &Asked) -> Inbound {
    let invite = el("invite", ns::MUC_USER).with("to", invitation.invitee.as_str());
    let id = Some(&*asked.id).filter(|id| !id.is_empty());
    let stanza = el("message", ns::CLIENT).with_opt("id", id).child(el("x", ns::MUC_USER).child(invite));
    let (from, to) = (asked.from.clone(), room.jid.as_jid().clone());
    Inbound::new(from, to, Kind::Message(MessageType::Normal), stanza)
}
