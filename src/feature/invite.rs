//! Mediated invitations (XEP-0045 §7.8.2, §9.5). What is answered to one: [`crate::feature::invite::decline`].
//!
//! An invitation is how the words of who is inside, or belongs to the room, reach an account outside: so they are few. How
//! it is answered tells the inviter nothing of the invited account that is not for them to know.

pub mod decline;

use minidom::Element;

use crate::feature::invite::decline::{Asked, Invitation, Sent};
use crate::room::change::affiliation;
use crate::room::context::Context;
use crate::room::effect::Effects;
use crate::room::reflect::only_the_room_says;
use crate::room::surface::{Feature, Section, boolean_field};
use crate::room::{Room, entry, life, privilege};
use crate::wire::build::{Build, el, message, set_lang};
use crate::wire::inbound::Inbound;
use crate::wire::jid::{BareJid, Jid};
use crate::wire::muc::Affiliation;
use crate::wire::refusal::Refusal;
use crate::wire::{ns, size};
use crate::words::{self, texts};

pub(super) const FEATURE: Feature = Feature {
    fields: &[
        boolean_field!("muc#roomconfig_allowinvites", &MEMBERS_INVITE, allow_invites)
            .known_as(&["{http://prosody.im/protocol/muc}roomconfig_allowmemberinvites"])
            .under(Section::Access)
            .hint(&MEMBERS_INVITE_HINT),
        boolean_field!("x-muc#roomconfig_invitenewmembers", &NEW_MEMBERS_INVITED, invite_new_members)
            .under(Section::Access)
            .hint(&NEW_MEMBERS_INVITED_HINT),
    ],
    info: |room, info| {
        let anybody = entry::may_invite(room.config(), Affiliation::Member);
        info.push(("muc#roomconfig_allowinvites", crate::room::surface::digit(anybody)));
    },
    texts: ALL,
    ..Feature::new("invite")
};

texts! {
    MEMBERS_INVITE =>
        en "Members may invite others"
        de "Mitglieder dürfen andere einladen"
        fr "Les membres peuvent inviter d’autres personnes"
        es "Los miembros pueden invitar a otros";
    MEMBERS_INVITE_HINT =>
        en "This matters if the room is for members only. If anybody may enter, everybody inside can invite anyway."
        de "Das gilt, wenn der Raum nur für Mitglieder ist. Wenn jeder eintreten darf, können ohnehin alle im Raum einladen."
        fr "Utile si le salon est réservé aux membres. Si chacun peut entrer, toutes les personnes présentes peuvent inviter de toute façon."
        es "Sirve si la sala es solo para miembros. Si puede entrar cualquiera, de todos modos invita quien esté dentro.";
    NEW_MEMBERS_INVITED =>
        en "The room sends an invitation to those who become members of it"
        de "Der Raum schickt eine Einladung an alle, die sein Mitglied werden"
        fr "Le salon envoie une invitation à ceux qui en deviennent membres"
        es "La sala envía una invitación a quienes se hacen miembros";
    NEW_MEMBERS_INVITED_HINT =>
        en "This matters if the room is for members only. Leave it off if your app sends an invitation itself, as many do."
        de "Das gilt, wenn der Raum nur für Mitglieder ist. Lassen Sie es weg, wenn Ihr Programm selbst eine Einladung schickt, wie es viele tun."
        fr "Utile si le salon est réservé aux membres. Inutile si votre application envoie elle-même une invitation, comme beaucoup le font."
        es "Sirve si la sala es solo para miembros. No hace falta si su aplicación envía ella misma una invitación, como muchas.";
}

/// Longest invitation, without addresses: a few sentences. The room says it in its own name, to any address.
const WORD_BYTES_MAX: usize = 4 * 1024;

/// A message to the room that is not for everybody: invitations, or the refusal of one.
pub(crate) fn mediate(
    room: &mut Room,
    sent: &mut Sent,
    inbound: &Inbound,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) -> Result<(), Refusal> {
    let x = inbound.stanza.get_child("x", ns::MUC_USER);
    let invites: Vec<&Element> =
        x.iter().flat_map(|x| x.children()).filter(|c| c.is("invite", ns::MUC_USER)).collect();
    if let Some(refusal) = x.and_then(|x| x.get_child("decline", ns::MUC_USER)) {
        return decline::pass_on(room, sent, refusal, inbound, cx, fx);
    }
    if invites.is_empty() {
        return Err(Refusal::bad_request(&words::INVITE_NEEDED));
    }
    if invites.len() > cx.limits().invites_max {
        return Err(Refusal::policy_violation(words::INVITES_MOST.with([cx.limits().invites_max])));
    }
    check_inviter(room, inbound)?;
    life::invited(room, cx);
    // All of it is read before anything is done.
    let read = |invite: &&Element| Wish::read(room, invite, &inbound.from, cx);
    let wishes = invites.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let sees_bans = privilege::may_see_list(room, &inbound.from.to_bare(), Affiliation::Outcast).is_ok();
    let asked = Asked { from: inbound.from.clone(), id: inbound.id().into() };
    for wish in wishes {
        let banned = room.affiliation(&wish.to.to_bare()) == Affiliation::Outcast;
        if banned && sees_bans {
            return Err(Refusal::forbidden(&words::INVITEE_BANNED));
        }
        if room.config().members_only {
            admit(room, &wish.to, banned, inbound, cx, fx)?;
        }
        send(room, sent, &wish, &inbound.from, Some(asked.clone()), cx, fx);
    }
    Ok(())
}

/// What an occupant wants to be passed on: to which address, and what is said along with it.
struct Wish {
    to: Jid,
    reason: Option<String>,
    /// A conversation goes on in the room (§7.9): the thread, if one is named.
    goes_on: Option<Option<String>>,
    /// What other specifications put into invitations.
    others: Vec<Element>,
}

impl Wish {
    fn read(room: &Room, invite: &Element, inviter: &Jid, cx: &Context<'_>) -> Result<Self, Refusal> {
        let to = invite.attr("to").ok_or_else(|| Refusal::bad_request(&words::INVITE_ADDRESS_NEEDED))?;
        let to = cx.address(to).map_err(|e| Refusal::jid_malformed(e.words()))?;
        if to.bare_str() == room.jid.as_str() {
            return Err(Refusal::bad_request(&words::INVITEE_INSIDE));
        }
        let goes_on = invite.get_child("continue", ns::MUC_USER);
        let goes_on = goes_on.map(|goes_on| goes_on.attr("thread").map(str::to_owned));
        let reason = decline::reason(invite, cx)?;
        let is_other = |c: &&Element| !c.has_ns(ns::MUC_USER) && !only_the_room_says(c, &room.jid);
        let others: Vec<Element> = invite.children().filter(is_other).cloned().collect();
        let wish = Self { to, reason, goes_on, others };
        let text = text(room, inviter, cx);
        if size::of(&wish.element(None)) + text.map_or(0, |(_, body)| size::of(&body)) > WORD_BYTES_MAX {
            return Err(Refusal::policy_violation(words::INVITE_TOO_LONG.with([WORD_BYTES_MAX])));
        }
        Ok(wish)
    }

    fn element(&self, from: Option<&Jid>) -> Element {
        // Some clients look for it without asking whether it is there.
        let reason = el("reason", ns::MUC_USER).text_node(self.reason.as_deref().unwrap_or_default());
        let goes_on = self.goes_on.as_ref();
        let goes_on =
            goes_on.map(|thread| el("continue", ns::MUC_USER).with_opt("thread", thread.as_deref()));
        let invite = el("invite", ns::MUC_USER).with_opt("from", from.map(Jid::as_str));
        self.others.iter().cloned().fold(invite.child(reason).child_opt(goes_on), Build::child)
    }
}

/// For clients that know of no rooms, where the service says it at all: filters against strangers look for texts. Who invites
/// and where to, in the room's own words and language, whose tag comes with it; never the reason, which would be the inviter's
/// words in the name of the room.
fn text<'a>(room: &Room, inviter: &Jid, cx: &Context<'a>) -> Option<(&'a str, Element)> {
    if !cx.service.invitation_bodies {
        return None;
    }
    let text = match room.roster.by_session(inviter) {
        Some(occupant) => words::INVITED_BY.with([occupant.nick.as_str(), room.jid.as_str()]),
        None => words::INVITED.with([room.jid.as_str()]),
    };
    let lang = room.lang(cx.service);
    Some((lang.tag_of(&text), el("body", ns::CLIENT).text_node(&lang.words(&text))))
}

/// The same for clients that know of direct invitations only (XEP-0249).
fn direct(room: &Room, password: Option<&str>) -> Element {
    el("x", ns::CONFERENCE).with("jid", room.jid.as_str()).with_opt("password", password)
}

/// Who is not in the room may invite if they are at least members. Into a members-only room, admins invite, and members
/// if the room lets them.
fn check_inviter(room: &Room, inbound: &Inbound) -> Result<(), Refusal> {
    let affiliation = room.affiliation(&inbound.from.to_bare());
    if room.roster.by_session(&inbound.from).is_none() && affiliation < Affiliation::Member {
        return Err(Refusal::not_acceptable_here(&words::NOT_INSIDE));
    }
    match entry::may_invite(room.config(), affiliation) {
        true => Ok(()),
        false => Err(Refusal::forbidden(&words::MAY_NOT_INVITE)),
    }
}

/// Where the room is set to do so, who was made a member of a members-only room and is not in it is invited in the name
/// of `by` (§9.5). Clients that add members send invitations of their own, so it is an option.
pub(crate) fn welcome_member(
    room: &Room,
    sent: &mut Sent,
    member: &BareJid,
    by: &Jid,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) {
    let wanted = room.config().members_only && room.config().invite_new_members;
    if wanted && member.local().is_some() && room.roster.by_account(member).is_empty() {
        let wish = Wish { to: member.as_jid().clone(), reason: None, goes_on: None, others: Vec::new() };
        send(room, sent, &wish, by, None, cx, fx);
    }
}

/// The room passes an invitation on, under the id that it came with, with the password if the inviter knows it, and remembers
/// it.
///
/// Who is banned is not invited. Only those who may see the ban list are told so; the others must not see it by an
/// invitation that never comes back either, so a message that invites to nothing goes in its place. For servers it is like an
/// invitation: what would be kept or sent back of that is of this, so both ask to be kept (XEP-0334), whatever text they have.
fn send(
    room: &Room,
    sent: &mut Sent,
    wish: &Wish,
    inviter: &Jid,
    asked: Option<Asked>,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) {
    let banned = room.affiliation(&wish.to.to_bare()) == Affiliation::Outcast;
    let from = room.presented(inviter);
    let account = inviter.to_bare();
    let id = asked.as_ref().map(|asked| asked.id.clone()).filter(|id| !id.is_empty());
    let id = id.unwrap_or_else(|| cx.id().into());
    let mut stanza = message(room.jid.as_jid(), None, &id);
    let word = el("x", ns::MUC_USER);
    let stanza = match banned {
        true => stanza.child(word),
        false => {
            let password = room.password_known_to(&account);
            let secret = password.map(|password| el("password", ns::MUC_USER).text_node(password));
            let word = word.child(wish.element(Some(&from))).child_opt(secret);
            if let Some((tag, body)) = text(room, inviter, cx) {
                // Of the message: some clients pass over a body that is in another language than its message.
                set_lang(&mut stanza, tag);
                stanza.append_child(body);
            }
            stanza.child(word).child(direct(room, password))
        }
    };
    fx.send(&stanza.child(el("store", ns::HINTS)), &wish.to);
    let invitation = Invitation { id, invitee: wish.to.clone(), shown: (!banned).then_some(from), asked };
    decline::remember(sent, &account, invitation, cx);
}

/// An invitation into a members-only room makes a member of who is none and not banned. To who may not see the list of
/// members, it is refused, or not, as if no account were on it, and takes as long.
fn admit(
    room: &mut Room,
    to: &Jid,
    banned: bool,
    inbound: &Inbound,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) -> Result<(), Refusal> {
    let jid = to.to_bare();
    let is_member = room.affiliation(&jid) >= Affiliation::Member;
    if is_member && privilege::may_see_list(room, &inbound.from.to_bare(), Affiliation::Member).is_ok() {
        return Ok(());
    }
    let is_admins = room.affiliation(&inbound.from.to_bare()) >= Affiliation::Admin;
    let change = match is_admins {
        true => affiliation::Change::new(&jid, Affiliation::Member)?,
        false => affiliation::Change::unvetted(&jid)?,
    };
    affiliation::check_space(room, cx)?;
    if is_member || banned {
        // What differs from what is stored waits for the disk, and is paid for; nothing else does.
        let invitations = &mut room.state_mut().record.vain_invitations;
        *invitations = invitations.wrapping_add(1);
    } else {
        let actor = room.actor(&inbound.from);
        affiliation::apply(room, &change, actor.as_ref(), cx, fx);
    }
    Ok(())
}
