//! Lists of roles and affiliations (XEP-0045 §8.5, §9.2, §9.5, §9.8, §10.5, §10.8, §17.4).

use minidom::Element;

use super::{Feature, roles_field};
use crate::room::Room;
use crate::room::audience::Item;
use crate::room::effect::Effects;
use crate::room::privilege;
use crate::room::role::Role;
use crate::room::state::{Affiliated, Affiliation};
use crate::wire::build::{el, iq_result};
use crate::wire::inbound::Inbound;
use crate::wire::jid::BareJid;
use crate::wire::ns;
use crate::wire::refusal::Refusal;

pub(super) const FEATURE: Feature = Feature {
    fields: &[roles_field!(
        "muc#roomconfig_getmemberlist",
        "Who may see the member list of a non-anonymous room",
        member_list
    )],
    ..Feature::new("lists")
};

/// Answers with the list that the request's item names.
pub(crate) fn get(room: &Room, query: &Element, inbound: &Inbound, fx: &mut Effects) -> Result<(), Refusal> {
    let item = query.get_child("item", ns::MUC_ADMIN).ok_or_else(|| Refusal::bad_request("which list?"))?;
    let items = match (item.attr("role"), item.attr("affiliation")) {
        (Some(role), None) => by_role(room, role, inbound)?,
        (None, Some(affiliation)) => by_affiliation(room, affiliation, inbound)?,
        _ => return Err(Refusal::bad_request("a list is one of roles or of affiliations")),
    };
    let mut answer = el("query", ns::MUC_ADMIN);
    for item in items {
        answer.append_child(item);
    }
    fx.send(&iq_result(&inbound.to, inbound.id(), Some(answer)), &inbound.from);
    Ok(())
}

/// Occupants of a role: nick, role, affiliation and full address, for moderators.
fn by_role(room: &Room, word: &str, inbound: &Inbound) -> Result<Vec<Element>, Refusal> {
    let role = Role::parse(word).filter(|r| *r != Role::None);
    let role = role.ok_or_else(|| Refusal::bad_request("there is no list of this role"))?;
    let asker = room.standing(&inbound.from.to_bare()).role;
    if asker != Role::Moderator {
        return Err(Refusal::forbidden("only moderators see lists of roles"));
    }
    let item = |o: &std::sync::Arc<crate::room::roster::Occupant>| {
        Item {
            affiliation: Some(room.affiliation(&o.account)),
            role: Some(o.role),
            jid: Some((&o.shown().jid).into()),
            nick: Some(o.nick.as_str()),
            ..Item::default()
        }
        .element(ns::MUC_ADMIN, room.sight(asker))
    };
    Ok(room.roster.iter().filter(|o| o.role == role).map(item).collect())
}

/// Accounts of an affiliation: bare address, and the reserved nick but for outcasts; never a role.
fn by_affiliation(room: &Room, word: &str, inbound: &Inbound) -> Result<Vec<Element>, Refusal> {
    let list = Affiliation::parse(word).filter(|a| *a != Affiliation::None);
    let list = list.ok_or_else(|| Refusal::bad_request("there is no list of this affiliation"))?;
    let sight = room.sight_of_list(&inbound.from.to_bare(), list)?;
    let is_ban = list == Affiliation::Outcast;
    let all = &room.state.affiliations;
    let item = |jid: &BareJid, affiliated: &Affiliated| {
        Item {
            affiliation: Some(list),
            jid: Some(jid.into()),
            nick: affiliated.nick.as_deref().filter(|_| !is_ban),
            reason: affiliated.reason.as_deref().filter(|_| is_ban),
            ..Item::default()
        }
        .element(ns::MUC_ADMIN, sight)
    };
    let chosen = match list {
        Affiliation::Owner => Some(&room.ranks.owners),
        Affiliation::Admin => Some(&room.ranks.admins),
        _ => None,
    };
    Ok(match chosen {
        Some(chosen) => chosen.iter().filter_map(|jid| Some(item(jid, all.get(jid)?))).collect(),
        None => all.iter().filter(|(_, a)| a.affiliation == list).map(|(jid, a)| item(jid, a)).collect(),
    })
}

/// Whether an account may see the list of an affiliation.
pub(crate) fn check(room: &Room, asker: &BareJid, list: Affiliation) -> Result<(), Refusal> {
    let asker = room.standing(asker);
    let shown = room.config().member_list;
    let listed_role = match asker.role {
        Role::None => false,
        Role::Visitor => shown.visitor,
        Role::Participant => shown.participant,
        Role::Moderator => shown.moderator,
    };
    privilege::read_list(asker, list, room.is_nonanonymous(), listed_role)
}
