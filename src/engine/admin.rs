//! Requests that change roles and affiliations: several items, all or nothing (XEP-0045 §8, §9, §10.3 to §10.8).

use minidom::Element;

use crate::feature::invite::{self, decline::Sent};
use crate::room::Room;
use crate::room::announce::absent;
use crate::room::audience::Actor;
use crate::room::change::{affiliation, role};
use crate::room::context::Context;
use crate::room::effect::Effects;
use crate::room::nick::NickKey;
use crate::room::privilege::Standing;
use crate::room::roster::Occupant;
use crate::room::state::Ban;
use crate::wire::build::iq_result;
use crate::wire::inbound::Inbound;
use crate::wire::item::check_attributes;
use crate::wire::jid::{Account, BareJid, Party};
use crate::wire::muc::Affiliation;
use crate::wire::muc::Role;
use crate::wire::ns;
use crate::wire::refusal::Refusal;
use crate::words;

/// One `<item/>` of a request.
enum Change {
    Role(role::Change),
    Affiliation(affiliation::Change),
}

/// Does every item in order, each checked against what the ones before it have led to; a refusal undoes them all.
/// The actor stands throughout as at the start, so that one request can hand a room over. Everybody is told first,
/// the actor gets the result last.
pub(crate) fn set(
    room: &mut Room,
    invitations: &mut Sent,
    query: &Element,
    inbound: &Inbound,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) -> Result<(), Refusal> {
    let account = inbound.from.to_bare();
    let standing = room.standing(&account);
    if standing.role != Role::Moderator {
        // Neither does a request that is not even understood tell who is in the room.
        return Err(Refusal::forbidden(&words::ONLY_MODERATORS_AND_ADMINS));
    }
    let changes = read(room, query, inbound, cx)?;
    let actor = room.actor(&inbound.from);
    let before = room.ranks.clone();
    for change in &changes {
        match change {
            Change::Role(change) => {
                role::check(room, &account, standing, change)?;
                role::apply(room, change, actor.as_ref(), cx, fx);
            }
            Change::Affiliation(change) => {
                if let Err(refusal) = affiliation::check(room, &account, standing.affiliation, change, cx) {
                    if !make_way(room, change, &account, standing, actor.as_ref(), cx, fx) {
                        return Err(refusal);
                    }
                    affiliation::check(room, &account, standing.affiliation, change, cx)?;
                }
                let joins = affiliation::recorded(room, change.jid()) == Affiliation::None;
                affiliation::apply(room, change, actor.as_ref(), cx, fx);
                if joins && change.new == Affiliation::Member {
                    invite::welcome_member(room, invitations, change.jid(), &inbound.from, cx, fx);
                }
            }
        }
    }
    affiliation::check_list(&room.ranks, &before, cx)?;
    absent::tell_rest(room, cx, fx);
    fx.send(&iq_result(&inbound.to, inbound.id(), None), &inbound.from);
    Ok(())
}

/// Puts out an occupant whose nick is to be reserved for another account (§7.10), if there is one and the actor may put them
/// out. The change is to be checked again, and a refusal undoes all.
fn make_way(
    room: &mut Room,
    change: &affiliation::Change,
    actor: &BareJid,
    standing: Standing,
    by: Option<&Actor>,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) -> bool {
    let reserves = standing.affiliation >= Affiliation::Admin && change.new >= Affiliation::Member;
    let nick = change.nick.as_deref().filter(|nick| reserves && !nick.is_empty());
    let Some(holder) = nick.and_then(|nick| room.roster.by_nick(&NickKey::of(nick))) else { return false };
    if &holder.account == change.jid() || &holder.account == actor {
        return false;
    }
    let reason = Some(room.lang(cx.service).text(&words::NICK_NOW_RESERVED).to_owned());
    let removal = role::Change { key: holder.nick.key().clone(), new: Role::None, reason };
    let may = role::check(room, actor, standing, &removal).is_ok();
    if may {
        role::apply(room, &removal, by, cx, fx);
    }
    may
}

fn read(room: &Room, query: &Element, inbound: &Inbound, cx: &Context<'_>) -> Result<Vec<Change>, Refusal> {
    let items: Vec<_> = query.children().filter(|c| c.is("item", ns::MUC_ADMIN)).collect();
    if items.is_empty() {
        return Err(Refusal::bad_request(&words::ITEM_NEEDED));
    }
    if items.len() > cx.limits().items_max {
        return Err(Refusal::policy_violation(words::ITEMS_MOST.with([cx.limits().items_max])));
    }
    let (by, answered) = (inbound.from.to_bare(), (items.len() > 1).then_some(&inbound.from));
    let mut changes =
        items.into_iter().map(|item| read_item(room, item, &by, cx)).collect::<Result<Vec<_>, _>>()?;
    for change in &mut changes {
        if let Change::Affiliation(change) = change {
            change.answered = answered.cloned();
        }
    }
    Ok(changes)
}

/// Refuses an item about the role of a nick that belongs to another address than it says.
fn check_holder(room: &Room, nick: &str, jid: &str, cx: &Context<'_>) -> Result<(), Refusal> {
    let jid = cx.address(jid).map_err(|e| Refusal::jid_malformed(e.words()))?;
    let holder = room.roster.by_nick(&NickKey::of(nick));
    let is_of =
        |holder: &Occupant| jid.bare_str() == holder.account.as_str() || jid.bare_str() == room.jid.as_str();
    if holder.is_none_or(|holder| is_of(holder)) {
        return Ok(());
    }
    Err(Refusal::item_not_found(&words::NICK_OF_OTHER))
}

fn read_item(room: &Room, item: &Element, by: &BareJid, cx: &Context<'_>) -> Result<Change, Refusal> {
    let reason = item.get_child("reason", ns::MUC_ADMIN).map(Element::text).filter(|r| !r.is_empty());
    if reason.as_ref().is_some_and(|r| r.len() > cx.limits().text_bytes_max) {
        return Err(Refusal::policy_violation(&words::REASON_TOO_LONG));
    }
    check_attributes(item, &["role", "affiliation", "jid", "nick"])?;
    match (item.attr("role"), item.attr("affiliation")) {
        (Some(_), Some(_)) => Err(Refusal::bad_request(&words::ROLE_OR_AFFILIATION)),
        (None, None) => Err(Refusal::bad_request(&words::NO_ROLE_OR_AFFILIATION)),
        (Some(word), None) => {
            let new = Role::parse(word).ok_or_else(|| Refusal::bad_request(&words::NO_SUCH_ROLE))?;
            let nick = item.attr("nick").ok_or_else(|| Refusal::bad_request(&words::ROLE_OF_NICK))?;
            item.attr("jid").map_or(Ok(()), |jid| check_holder(room, nick, jid, cx))?;
            Ok(Change::Role(role::Change { key: NickKey::of(nick), new, reason }))
        }
        (None, Some(word)) => {
            let new =
                Affiliation::parse(word).ok_or_else(|| Refusal::bad_request(&words::NO_SUCH_AFFILIATION))?;
            let nick = item.attr("nick");
            // Full addresses mean the account. Without any address, old clients mean the occupant of the nick.
            let (party, nick) = match (item.attr("jid"), nick) {
                (Some(jid), nick) => {
                    let jid = cx.address(jid).map_err(|e| Refusal::jid_malformed(e.words()))?;
                    (Party::named(&jid), nick.map(str::to_owned))
                }
                (None, Some(nick)) => {
                    let occupant = room.roster.by_nick(&NickKey::of(nick));
                    let occupant = occupant.ok_or_else(|| Refusal::item_not_found(&words::NO_SUCH_NICK))?;
                    (Account::of(&occupant.account).into(), None)
                }
                (None, None) => return Err(Refusal::bad_request(&words::AFFILIATION_OF_ADDRESS)),
            };
            let ban = Ban { by: Some(by.clone()), at: Some(cx.now), ..Ban::default() };
            let mut change = affiliation::Change::by_admin(party, new)?;
            (change.nick, change.reason, change.ban) = (nick, reason, ban);
            Ok(Change::Affiliation(change))
        }
    }
}
