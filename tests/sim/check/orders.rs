//! Which requests of admins, owners and others to the room itself are obeyed.

use conclave::room::nick::NickKey;
use conclave::wire::inbound::Inbound;
use conclave::wire::jid::BareJid;
use conclave::wire::muc::Affiliation;
use conclave::wire::muc::Role;
use conclave::wire::ns;
use minidom::Element;

use super::rules::{Standing, Wish, is_put_out, may_affiliate, may_give_role, takes_away, wishes};
use super::verdict::{Reasons, is_rare, taken_but};
use crate::run::Scene;
use crate::sheet::{Seat, Sheet};

/// What should come of a request to the room; nothing where another checker knows better.
pub(super) fn expected(scene: &Scene<'_>, cause: &Inbound, set: bool) -> Option<Reasons> {
    let sheet = &scene.happening.before;
    let Some(payload) = cause.payload() else { return Some(vec!["bad-request"]) };
    let rank = sheet.affiliation_of(&cause.from);
    match (payload.name(), payload.ns().as_str(), set) {
        ("query", ns::MUC_ADMIN, true) => orders(scene, payload, cause),
        ("query", ns::MUC_ADMIN, false) => list(sheet, payload, sheet.standing(&cause.from.to_bare())),
        ("query", ns::MUC_OWNER, _) if rank < Affiliation::Owner => Some(vec!["forbidden"]),
        ("query", ns::MUC_OWNER, false) | ("ping", ns::PING, false) => Some(vec![]),
        ("query", ns::REGISTER, false) => {
            let may = match rank {
                Affiliation::Outcast => false,
                Affiliation::None => sheet.config().registration,
                _ => true,
            };
            Some(if may { vec![] } else { vec!["not-allowed"] })
        }
        ("query", ns::MUC_OWNER | ns::REGISTER, _) => None,
        ("query", ns::DISCO_INFO | ns::DISCO_ITEMS, false) => None,
        ("vCard", ns::VCARD, false) if rank > Affiliation::Outcast => Some(vec![]),
        ("vCard", ns::VCARD, true) if rank == Affiliation::Owner => Some(vec![]),
        ("vCard", ns::VCARD, _) => Some(vec!["forbidden"]),
        _ => Some(vec!["service-unavailable"]),
    }
}

/// Roles and affiliations, all of them or none.
fn orders(scene: &Scene<'_>, query: &Element, cause: &Inbound) -> Option<Reasons> {
    let (sheet, limits) = (&scene.happening.before, &scene.cast.service.limits);
    let actor = cause.from.to_bare();
    if sheet.standing(&actor).1 != Role::Moderator {
        // Whatever they ask for.
        return Some(vec!["forbidden"]);
    }
    let wishes = wishes(query, sheet);
    let mut reasons = Vec::new();
    if wishes.is_empty() {
        reasons.push("bad-request");
    }
    let reasons_too_long = query
        .children()
        .filter_map(|item| item.get_child("reason", ns::MUC_ADMIN))
        .any(|reason| reason.text().len() > limits.text_bytes_max);
    if wishes.len() > limits.items_max || reasons_too_long {
        reasons.push("policy-violation");
    }
    // Each item meets what the ones before it have led to.
    let mut stands = std::collections::BTreeMap::new();
    for wish in &wishes {
        match wish {
            Wish::Nonsense => reasons.extend(["bad-request", "item-not-found", "jid-malformed"]),
            Wish::Role { key, new } => reasons.extend(role(sheet, &actor, key, *new)),
            Wish::Affiliation { jid, new, nick } => {
                let old = stands.insert(jid, *new).unwrap_or_else(|| sheet.recorded(jid));
                reasons.extend(affiliation(scene, &actor, jid, (old, *new), nick.as_deref()));
            }
        }
    }
    reasons.extend(the_end(sheet, &wishes, limits.affiliations_max));
    let twice = sheet.seats.iter().any(|s| wishes.iter().filter(|w| w.concerns(s)).count() > 1);
    // Several wishes about one person may be at odds, and one may take or free the nick that another reserves.
    let reserves = wishes.iter().any(|w| matches!(w, Wish::Affiliation { nick: Some(_), .. }));
    if twice || reserves && wishes.len() > 1 { None } else { Some(reasons) }
}

fn role(sheet: &Sheet, actor: &BareJid, key: &NickKey, new: Role) -> Reasons {
    let standing = sheet.standing(actor);
    if standing.1 != Role::Moderator {
        return vec!["forbidden"];
    }
    match sheet.seats.iter().find(|s| s.key == *key) {
        None => vec!["item-not-found"],
        Some(target) if target.account == *actor && new == Role::None => vec![],
        Some(target) if may_give_role(standing, (target.affiliation, target.role), new) => vec![],
        Some(_) => vec!["forbidden", "not-allowed"],
    }
}

fn affiliation(
    scene: &Scene<'_>,
    actor: &BareJid,
    jid: &BareJid,
    (old, new): (Affiliation, Affiliation),
    nick: Option<&str>,
) -> Reasons {
    let (sheet, limits) = (&scene.happening.before, &scene.cast.service.limits);
    let rank = sheet.affiliation(actor);
    let mut reasons = Vec::new();
    if rank < Affiliation::Admin {
        reasons.push("forbidden");
    } else if jid == actor && new == Affiliation::Outcast {
        reasons.push("conflict");
    }
    if !may_affiliate(rank, old, new) {
        reasons.extend(["forbidden", "not-allowed"]);
    }
    if jid.local().is_none() && new >= Affiliation::Admin {
        reasons.push("not-allowed");
    }
    if scene.cast.is_service_admin(jid) && takes_away(old, new) {
        reasons.push("not-allowed");
    }
    if let Some(nick) = nick.filter(|nick| !nick.is_empty()) {
        if NickKey::of(nick) == NickKey::of("") {
            reasons.push("jid-malformed");
        }
        if nick.len() > limits.nick_bytes_max {
            reasons.push("not-acceptable");
        }
        let kept = sheet.room.state().affiliations.get(jid).is_some_and(|a| a.nick.as_deref() == Some(nick));
        if is_rare(scene.cast.service.nicks, nick) && !kept {
            reasons.push("jid-malformed");
        }
        let goes =
            |seat: &&Seat| is_put_out(sheet, actor, (jid, new, nick), seat, (seat.affiliation, seat.role));
        if taken_but(sheet, nick, jid, sheet.seats.iter().find(goes).map(|seat| &seat.key)) {
            reasons.push("conflict");
        }
    }
    reasons
}

/// What must hold when all is done.
fn the_end(sheet: &Sheet, wishes: &[Wish], affiliations_max: usize) -> Reasons {
    let mut records: std::collections::BTreeMap<&BareJid, Affiliation> =
        sheet.room.state().affiliations.iter().map(|(jid, a)| (jid, a.affiliation)).collect();
    let before = records.clone();
    let mut asked = false;
    for wish in wishes {
        if let Wish::Affiliation { jid, new, .. } = wish {
            asked = true;
            if *new == Affiliation::None {
                records.remove(jid);
            } else {
                records.insert(jid, *new);
            }
        }
    }
    let mut reasons = Vec::new();
    if asked && !records.iter().any(|(jid, a)| *a == Affiliation::Owner && jid.local().is_some()) {
        reasons.push("conflict");
    }
    let others = |records: &std::collections::BTreeMap<&BareJid, Affiliation>| {
        records.values().filter(|a| **a != Affiliation::Outcast).count()
    };
    let bans_too = affiliations_max + (affiliations_max / 10).max(10);
    if (records.len() > affiliations_max && others(&records) > others(&before))
        || (records.len() > bans_too && records.len() > before.len())
    {
        reasons.push("resource-constraint");
    }
    reasons
}

/// Who reads which list (M4; 45-8.5-a, 45-9.2-a, 45-9.5-c, 45-9.5-d, 45-10.5-a, 45-10.8-a).
fn list(sheet: &Sheet, query: &Element, (rank, standing): Standing) -> Option<Reasons> {
    let Some(item) = query.get_child("item", ns::MUC_ADMIN) else { return Some(vec!["bad-request"]) };
    let (role, affiliation) = (item.attr("role"), item.attr("affiliation"));
    let allowed = match (role, affiliation) {
        (Some(role), None) => match Role::parse(role) {
            Some(Role::None) | None => return Some(vec!["bad-request"]),
            Some(_) => standing == Role::Moderator,
        },
        (None, Some(affiliation)) => {
            let shown = sheet.config().member_list;
            let listed = match standing {
                Role::Moderator => shown.moderator,
                Role::Participant => shown.participant,
                Role::Visitor => shown.visitor,
                Role::None => false,
            };
            let open = sheet.is_open_about_jids()
                && rank != Affiliation::Outcast
                && (rank >= Affiliation::Member || listed);
            match Affiliation::parse(affiliation) {
                Some(Affiliation::None) | None => return Some(vec!["bad-request"]),
                Some(Affiliation::Outcast) => rank >= Affiliation::Admin,
                Some(Affiliation::Member) => rank >= Affiliation::Admin || open,
                Some(Affiliation::Admin | Affiliation::Owner) => rank == Affiliation::Owner || open,
            }
        }
        _ => return Some(vec!["bad-request"]),
    };
    Some(if allowed { vec![] } else { vec!["forbidden"] })
}
