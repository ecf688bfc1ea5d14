//! Requests that change roles and affiliations: several items, all or nothing (XEP-0045 §8, §9, §10.3 to §10.8).

use minidom::Element;

use super::{absent, affiliations, invite, roles};
use crate::room::Room;
use crate::room::cx::Cx;
use crate::room::effect::Effects;
use crate::room::nick::NickKey;
use crate::room::role::Role;
use crate::room::state::{Affiliation, Ban};
use crate::wire::build::iq_result;
use crate::wire::inbound::Inbound;
use crate::wire::jid::{Account, BareJid, Party};
use crate::wire::ns;
use crate::wire::refusal::Refusal;

/// One `<item/>` of a request.
enum Change {
    Role(roles::Change),
    Affiliation(affiliations::Change),
}

/// Does every item in order, each checked against what the ones before it have led to; a refusal undoes them all.
/// The actor stands throughout as at the start, so that one request can hand a room over. Everybody is told first,
/// the actor gets the result last.
pub(crate) fn set(
    room: &mut Room,
    query: &Element,
    inbound: &Inbound,
    cx: &mut Cx<'_>,
    fx: &mut Effects,
) -> Result<(), Refusal> {
    let account = inbound.from.to_bare();
    let standing = room.standing(&account);
    if standing.role != Role::Moderator {
        // Neither does a request that is not even understood tell who is in the room.
        return Err(Refusal::forbidden("only moderators and admins change roles and affiliations"));
    }
    let changes = read(room, query, inbound, cx)?;
    let actor = room.actor(&inbound.from);
    let before = room.ranks.clone();
    for change in &changes {
        match change {
            Change::Role(change) => {
                roles::check(room, &account, standing, change)?;
                roles::apply(room, change, actor.as_ref(), cx, fx);
            }
            Change::Affiliation(change) => {
                affiliations::check(room, &account, standing.affiliation, change, cx)?;
                let joins = affiliations::recorded(room, change.jid()) == Affiliation::None;
                affiliations::apply(room, change, actor.as_ref(), cx, fx);
                if joins && change.new == Affiliation::Member {
                    invite::welcome_member(room, change.jid(), &inbound.from, cx, fx);
                }
            }
        }
    }
    affiliations::check_list(&room.ranks, &before, cx)?;
    absent::tell_rest(room, cx, fx);
    fx.send(&iq_result(&inbound.to, inbound.id(), None), &inbound.from);
    Ok(())
}

fn read(room: &Room, query: &Element, inbound: &Inbound, cx: &Cx<'_>) -> Result<Vec<Change>, Refusal> {
    let items: Vec<_> = query.children().filter(|c| c.is("item", ns::MUC_ADMIN)).collect();
    if items.is_empty() {
        return Err(Refusal::bad_request("a request needs an item"));
    }
    if items.len() > cx.limits().items_max {
        return Err(Refusal::policy_violation(format!("a request may have {} items", cx.limits().items_max)));
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

fn read_item(room: &Room, item: &Element, by: &BareJid, cx: &Cx<'_>) -> Result<Change, Refusal> {
    let reason = item.get_child("reason", ns::MUC_ADMIN).map(Element::text).filter(|r| !r.is_empty());
    if reason.as_ref().is_some_and(|r| r.len() > cx.limits().text_bytes_max) {
        return Err(Refusal::policy_violation("the reason is too long"));
    }
    match (item.attr("role"), item.attr("affiliation")) {
        (Some(_), Some(_)) => Err(Refusal::bad_request("an item changes a role or an affiliation, not both")),
        (None, None) => Err(Refusal::bad_request("an item needs a role or an affiliation")),
        (Some(word), None) => {
            let new = Role::parse(word).ok_or_else(|| Refusal::bad_request("there is no such role"))?;
            let nick = item.attr("nick").ok_or_else(|| Refusal::bad_request("a role belongs to a nick"))?;
            Ok(Change::Role(roles::Change { key: NickKey::of(nick), new, reason }))
        }
        (None, Some(word)) => {
            let new = Affiliation::parse(word)
                .ok_or_else(|| Refusal::bad_request("there is no such affiliation"))?;
            let nick = item.attr("nick");
            // Full addresses mean the account. Without any address, old clients mean the occupant of the nick.
            let (party, nick) = match (item.attr("jid"), nick) {
                (Some(jid), nick) => {
                    let jid = cx.address(jid).map_err(|e| Refusal::jid_malformed(e.to_string()))?;
                    (Party::named(&jid), nick.map(str::to_owned))
                }
                (None, Some(nick)) => {
                    let occupant = room.roster.by_nick(&NickKey::of(nick));
                    let occupant =
                        occupant.ok_or_else(|| Refusal::item_not_found("nobody of that nick is here"))?;
                    (Account::of(&occupant.account).into(), None)
                }
                (None, None) => return Err(Refusal::bad_request("an affiliation belongs to an address")),
            };
            let ban = Ban { by: Some(by.clone()), at: Some(cx.now), ..Ban::default() };
            let mut change = affiliations::Change::by_admin(party, new)?;
            (change.nick, change.reason, change.ban) = (nick, reason, ban);
            Ok(Change::Affiliation(change))
        }
    }
}
