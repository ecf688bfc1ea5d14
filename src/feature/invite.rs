//! Mediated invitations and their refusal (XEP-0045 §7.8.2, §9.5).

use std::collections::VecDeque;
use std::sync::Arc;

use minidom::Element;

use super::{Feature, affiliations, boolean_field};
use crate::room::Room;
use crate::room::audience::sessions;
use crate::room::cx::Cx;
use crate::room::effect::Effects;
use crate::room::nick::NickKey;
use crate::room::state::Affiliation;
use crate::wire::build::{Build, el, message, remove_attr, set_attr};
use crate::wire::inbound::{ID_BYTES_MAX, Inbound};
use crate::wire::jid::{BareJid, Jid};
use crate::wire::ns;
use crate::wire::refusal::Refusal;
use crate::wire::size;

pub(super) const FEATURE: Feature = Feature {
    fields: &[
        boolean_field!(
            "muc#roomconfig_allowinvites",
            "Members may invite into a members-only room",
            allow_invites,
            &["{http://prosody.im/protocol/muc}roomconfig_allowmemberinvites"]
        ),
        boolean_field!(
            "x-muc#roomconfig_invitenewmembers",
            "New members of a members-only room are invited by the room",
            invite_new_members
        ),
    ],
    info: |room, info| {
        let anybody = !room.config().members_only || room.config().allow_invites;
        info.push(("muc#roomconfig_allowinvites", super::digit(anybody)));
    },
    ..Feature::new("invite")
};

/// Invitations whose failure would be told to the inviter; beyond it the oldest are forgotten.
const SENT_MAX: usize = 100;

/// Longest invitation, without addresses: a few sentences. The room says it in its own name, to any address.
const WORD_BYTES_MAX: usize = 1024;

/// Invitations that were passed on, oldest first.
#[derive(Clone, Debug, Default)]
pub struct Sent {
    invitations: VecDeque<Arc<Invitation>>,
}

#[derive(Debug)]
struct Invitation {
    /// The id under which it was passed on.
    id: String,
    invitee: BareJid,
    /// The message that asked for it, with nothing but whom it invites.
    asked: Inbound,
}

/// An invitation comes back: whoever sent it learns that there is no such account (§7.8.2). Only the answer of the
/// invited address counts.
pub(crate) fn bounced(room: &mut Room, inbound: &Inbound, fx: &mut Effects) {
    let account = inbound.from.to_bare();
    let sent = |i: &Arc<Invitation>| i.id == inbound.id() && i.invitee == account;
    let Some(place) = room.invitations.invitations.iter().position(sent) else { return };
    let Some(invitation) = Arc::make_mut(&mut room.invitations).invitations.remove(place) else { return };
    let refusal = Refusal::item_not_found("the invitation could not be delivered");
    if let Some(answer) = refusal.answer(&invitation.asked) {
        fx.reply(&answer);
    }
}

/// A message to the room that is not for everybody: invitations, or the refusal of one.
pub(crate) fn mediate(
    room: &mut Room,
    inbound: &Inbound,
    cx: &mut Cx<'_>,
    fx: &mut Effects,
) -> Result<(), Refusal> {
    let x = inbound.stanza.get_child("x", ns::MUC_USER);
    let invites: Vec<&Element> =
        x.iter().flat_map(|x| x.children()).filter(|c| c.is("invite", ns::MUC_USER)).collect();
    if let Some(decline) = x.and_then(|x| x.get_child("decline", ns::MUC_USER)) {
        return forward_decline(room, decline, inbound, cx, fx);
    }
    if invites.is_empty() {
        return Err(Refusal::bad_request("a message to the room must be of type groupchat"));
    }
    if invites.len() > cx.limits().invites_max {
        return Err(Refusal::policy_violation(format!(
            "a message may hold {} invitations",
            cx.limits().invites_max
        )));
    }
    if inbound.id().len() > ID_BYTES_MAX {
        return Err(Refusal::policy_violation("the id is too long"));
    }
    let from = inviter(room, inbound)?;
    // All addresses are read before anything is done.
    let invitees = invites.iter().map(|invite| invitee(room, invite)).collect::<Result<Vec<_>, _>>()?;
    let words: Vec<Element> =
        invites.into_iter().map(|invite| passed_on(invite, &from)).collect::<Result<_, _>>()?;
    for (word, invitee) in words.into_iter().zip(invitees) {
        if room.config().members_only {
            admit(room, &invitee, inbound, cx, fx)?;
        }
        let id = send(room, word, &invitee, cx, fx);
        let sent = Arc::make_mut(&mut room.invitations);
        let asked = head(inbound, &invitee);
        sent.invitations.push_back(Arc::new(Invitation { id, invitee: invitee.to_bare(), asked }));
        if sent.invitations.len() > SENT_MAX {
            sent.invitations.pop_front();
        }
    }
    Ok(())
}

/// An invitation as the room passes it on.
fn passed_on(invite: &Element, from: &Jid) -> Result<Element, Refusal> {
    let mut copy = invite.clone();
    remove_attr(&mut copy, "to");
    remove_attr(&mut copy, "from");
    if size::on_wire(&copy, ns::MUC_USER) > WORD_BYTES_MAX {
        return Err(Refusal::policy_violation(format!("an invitation may have {WORD_BYTES_MAX} bytes")));
    }
    set_attr(&mut copy, "from", from.as_str());
    Ok(copy)
}

/// What is remembered of a message that invites.
fn head(inbound: &Inbound, invitee: &Jid) -> Inbound {
    let invite = el("invite", ns::MUC_USER).with("to", invitee.as_str());
    let id = Some(inbound.id()).filter(|id| !id.is_empty());
    let stanza = el("message", ns::CLIENT).with_opt("id", id).child(el("x", ns::MUC_USER).child(invite));
    Inbound { from: inbound.from.clone(), to: inbound.to.clone(), kind: inbound.kind, stanza }
}

/// Who invites, as the invitee sees it: an occupant by nick where real addresses are hidden. Somebody who is not in
/// the room may invite if he is at least a member. Into a members-only room, admins invite, and members if the room
/// lets them.
fn inviter(room: &Room, inbound: &Inbound) -> Result<Jid, Refusal> {
    let account = inbound.from.to_bare();
    let occupant = room.roster.by_session(&inbound.from);
    let affiliation = room.affiliation(&account);
    if occupant.is_none() && affiliation < Affiliation::Member {
        return Err(Refusal::not_acceptable_here("you are not in this room"));
    }
    if room.config().members_only {
        let needed = if room.config().allow_invites { Affiliation::Member } else { Affiliation::Admin };
        if affiliation < needed {
            return Err(Refusal::forbidden("you may not invite into this room"));
        }
    }
    match occupant {
        Some(occupant) if !room.is_nonanonymous() => Ok(room.occupant_jid(&occupant.nick)),
        _ => Ok(account.into()),
    }
}

fn invitee(room: &Room, invite: &Element) -> Result<Jid, Refusal> {
    let to = invite.attr("to").ok_or_else(|| Refusal::bad_request("an invitation needs an address"))?;
    let to = Jid::prepare(to).map_err(|e| Refusal::jid_malformed(e.to_string()))?;
    if to.bare_str() == room.jid.as_str() {
        return Err(Refusal::bad_request("an occupant is here already"));
    }
    if room.affiliation(&to.to_bare()) == Affiliation::Outcast {
        return Err(Refusal::forbidden("this account is banned from the room"));
    }
    Ok(to)
}

/// Where the room is set to do so, somebody absent who was made a member of a members-only room is invited (§9.5).
/// Clients that add members send invitations of their own, so it is an option.
pub(super) fn welcome_member(room: &Room, member: &BareJid, by: &BareJid, cx: &mut Cx<'_>, fx: &mut Effects) {
    let wanted = room.config().members_only && room.config().invite_new_members;
    if wanted && member.local().is_some() && room.roster.by_account(member).is_empty() {
        let invite = el("invite", ns::MUC_USER).with("from", by.as_str());
        send(room, invite, member.as_jid(), cx, fx);
    }
}

/// The room passes an invitation on, with the password if there is one. Returns the id.
fn send(room: &Room, invite: Element, to: &Jid, cx: &mut Cx<'_>, fx: &mut Effects) -> String {
    let mut word = el("x", ns::MUC_USER).child(invite);
    if room.config().password_protected {
        word.append_child(el("password", ns::MUC_USER).text_node(&room.config().password));
    }
    let id = cx.id();
    fx.send(&message(room.jid.as_jid(), None, &id).child(word), to);
    id
}

/// An invitation into a members-only room makes a member.
fn admit(
    room: &mut Room,
    to: &Jid,
    inbound: &Inbound,
    cx: &mut Cx<'_>,
    fx: &mut Effects,
) -> Result<(), Refusal> {
    let jid = to.to_bare();
    if room.affiliation(&jid) >= Affiliation::Member {
        return Ok(());
    }
    let change = affiliations::Change::new(&jid, Affiliation::Member)?;
    affiliations::check_end(room, std::slice::from_ref(&change), cx)?;
    let actor = room.roster.by_session(&inbound.from).map(|o| o.nick.as_str().to_owned());
    affiliations::apply(room, &change, actor.as_deref(), cx, fx);
    Ok(())
}

/// Somebody who was invited says no. It goes to the inviter only if the room knows the inviter as an occupant or by
/// affiliation: the room is not there to carry messages between strangers.
fn forward_decline(
    room: &Room,
    decline: &Element,
    inbound: &Inbound,
    cx: &mut Cx<'_>,
    fx: &mut Effects,
) -> Result<(), Refusal> {
    let to = decline.attr("to").ok_or_else(|| Refusal::bad_request("a refusal needs an address"))?;
    let to = Jid::prepare(to).map_err(|e| Refusal::jid_malformed(e.to_string()))?;
    let recipients = match to.resource() {
        Some(nick) if to.bare_str() == room.jid.as_str() => {
            room.roster.by_nick(&NickKey::of(nick)).map(|o| sessions(o)).unwrap_or_default()
        }
        _ => {
            let account = to.to_bare();
            let present: Vec<Jid> =
                room.roster.by_account(&account).iter().flat_map(|o| sessions(o)).collect();
            let known = room.affiliation(&account) >= Affiliation::Member;
            if present.is_empty() && known { vec![account.into()] } else { present }
        }
    };
    if recipients.is_empty() {
        return Err(Refusal::item_not_found("the inviter is not in this room"));
    }
    let mut copy = decline.clone();
    remove_attr(&mut copy, "to");
    set_attr(&mut copy, "from", inbound.from.bare_str());
    let stanza = message(room.jid.as_jid(), None, &cx.id()).child(el("x", ns::MUC_USER).child(copy));
    fx.send_many(&stanza, recipients);
    Ok(())
}
