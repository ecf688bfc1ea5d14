//! Lists of roles and affiliations (XEP-0045 §8.5, §9.2, §9.5, §9.8, §10.5, §10.8, §17.4).
//!
//! A list that is too long for one stanza comes as its first page, and says so; whoever knows pages (XEP-0059) asks for
//! what comes after it.

use minidom::Element;

use crate::room::Room;
use crate::room::audience::{Item, each_session};
use crate::room::effect::Effects;
use crate::room::state::Affiliated;
use crate::room::surface::{Feature, Section, roles_field};
use crate::wire::build::{el, iq_result};
use crate::wire::fit::that_fit;
use crate::wire::inbound::Inbound;
use crate::wire::jid::BareJid;
use crate::wire::muc::Affiliation;
use crate::wire::muc::Role;
use crate::wire::refusal::Refusal;
use crate::wire::rsm::{self, Paging};
use crate::wire::{encode, item, ns};
use crate::words::{self, texts};

pub(super) const FEATURE: Feature = Feature {
    fields: &[roles_field!("muc#roomconfig_getmemberlist", &MEMBER_LIST_SEEN_BY, member_list)
        .under(Section::Sight)
        .hint(&MEMBER_LIST_HINT)],
    texts: ALL,
    ..Feature::new("lists")
};

texts! {
    MEMBER_LIST_SEEN_BY =>
        en "Who can see the list of members, also of those who are away (several can be chosen; in a browser, hold Ctrl)"
        de "Wer die Liste der Mitglieder sehen kann, auch der abwesenden (mehrere können gewählt werden; im Browser mit Strg)"
        fr "Qui peut voir la liste des membres, même absents (plusieurs choix possibles ; dans un navigateur, avec Ctrl)"
        es "Quién puede ver la lista de miembros, también ausentes (se pueden elegir varios; en un navegador, con Ctrl)";
    MEMBER_LIST_HINT =>
        en "This matters where everybody sees the addresses; elsewhere only moderators see the list."
        de "Das gilt, wo alle die Adressen sehen; sonst sehen nur Moderatoren die Liste."
        fr "Utile là où tout le monde voit les adresses ; ailleurs, seuls les modérateurs voient la liste."
        es "Sirve donde todos ven las direcciones; en las demás, solo los moderadores ven la lista.";
}

/// Answers with the list that the request's item names.
pub(crate) fn get(room: &Room, query: &Element, inbound: &Inbound, fx: &mut Effects) -> Result<(), Refusal> {
    let mut asked = query.children().filter(|child| child.is("item", ns::MUC_ADMIN));
    let item = asked.next().ok_or_else(|| Refusal::bad_request(&words::WHICH_LIST))?;
    if asked.next().is_some() {
        return Err(Refusal::feature_not_implemented(&words::ONE_LIST));
    }
    item::check_attributes(item, &["role", "affiliation"])?;
    let paging = Paging::read(query)?;
    if paging.as_ref().is_some_and(|paging| paging.before.is_some() || paging.index.is_some()) {
        return Err(Refusal::feature_not_implemented(&words::LIST_AFTER_ONLY));
    }
    let after = paging.as_ref().and_then(|paging| paging.after.as_deref()).unwrap_or_default();
    let items = match (item.attr("role"), item.attr("affiliation")) {
        (Some(role), None) => by_role(room, role, after, inbound)?,
        (None, Some(affiliation)) => by_affiliation(room, affiliation, after, inbound)?,
        _ => return Err(Refusal::bad_request(&words::LIST_OF_WHAT)),
    };
    let max = paging.as_ref().and_then(|paging| paging.max).unwrap_or(usize::MAX);
    let (page, more) = that_fit(items.take(max), |(_, item)| encode::element(item).len());
    let ends = page.first().zip(page.last()).map(|((first, _), (last, _))| (first.clone(), last.clone()));
    let mut answer = el("query", ns::MUC_ADMIN);
    for (_, item) in page {
        answer.append_child(item);
    }
    if more || paging.is_some() {
        answer.append_child(rsm::set(ends.as_ref().map(|(first, last)| (&**first, &**last)), None, None));
    }
    fx.send(&iq_result(&inbound.to, inbound.id(), Some(answer)), &inbound.from);
    Ok(())
}

/// The items of a list, each with what stands for it when pages are asked for.
type Items<'r> = Box<dyn Iterator<Item = (String, Element)> + 'r>;

/// Occupants of a role, an item for each session: nick, role, affiliation and full address, for moderators.
fn by_role<'r>(room: &'r Room, word: &str, after: &str, inbound: &Inbound) -> Result<Items<'r>, Refusal> {
    let role = Role::parse(word).filter(|r| *r != Role::None);
    let role = role.ok_or_else(|| Refusal::bad_request(&words::NO_LIST_OF_ROLE))?;
    let asker = room.standing(&inbound.from.to_bare()).role;
    if asker != Role::Moderator {
        return Err(Refusal::forbidden(&words::ONLY_MODERATORS_SEE_ROLES));
    }
    let of_role = each_session(room, after).filter(move |(_, o, _)| o.role == role);
    Ok(Box::new(of_role.map(move |(place, o, session)| {
        let item = Item {
            affiliation: Some(room.affiliation(&o.account)),
            role: Some(o.role),
            jid: Some((&session).into()),
            nick: Some(o.nick.as_str()),
            ..Item::default()
        };
        (place, item.element(ns::MUC_ADMIN, room.sight(asker)))
    })))
}

/// Accounts of an affiliation: bare address, and the reserved nick but for outcasts; never a role.
fn by_affiliation<'r>(
    room: &'r Room,
    word: &str,
    after: &str,
    inbound: &Inbound,
) -> Result<Items<'r>, Refusal> {
    let list = Affiliation::parse(word).filter(|a| *a != Affiliation::None);
    let list = list.ok_or_else(|| Refusal::bad_request(&words::NO_LIST_OF_AFFILIATION))?;
    let sight = room.sight_of_list(&inbound.from.to_bare(), list)?;
    let is_ban = list == Affiliation::Outcast;
    let all = &room.state.affiliations;
    let item = move |jid: &BareJid, affiliated: &Affiliated| {
        let item = Item {
            affiliation: Some(list),
            jid: Some(jid.into()),
            nick: affiliated.nick.as_deref().filter(|_| !is_ban),
            reason: affiliated.reason.as_deref().filter(|_| is_ban),
            ..Item::default()
        };
        (jid.as_str().to_owned(), item.element(ns::MUC_ADMIN, sight))
    };
    let after = after.to_owned();
    let follows = move |jid: &BareJid| jid.as_str() > after.as_str();
    let chosen = match list {
        Affiliation::Owner => Some(&room.ranks.owners),
        Affiliation::Admin => Some(&room.ranks.admins),
        Affiliation::Outcast => Some(&room.ranks.banned),
        _ => None,
    };
    Ok(match chosen {
        Some(chosen) => {
            let chosen = chosen.iter().filter(move |jid| follows(jid));
            Box::new(chosen.filter_map(move |jid| Some(item(jid, all.get(jid)?))))
        }
        None => {
            // Who let themselves in and is banned with their domain is no member (45-9.2-e).
            let is_member = move |jid: &BareJid, a: &Affiliated| !a.unvetted || room.affiliation(jid) == list;
            let of_list =
                all.iter().filter(move |(jid, a)| a.affiliation == list && follows(jid) && is_member(jid, a));
            Box::new(of_list.map(move |(jid, a)| item(jid, a)))
        }
    })
}
