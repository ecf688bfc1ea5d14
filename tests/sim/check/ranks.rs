//! No rank changes by itself: every change of an affiliation or a role, every entry and every removal is justified by
//! what somebody asked for who may do it. An owner is always left.

use std::collections::BTreeSet;

use conclave::room::context::Create;
use conclave::room::nick::NickKey;
use conclave::wire::inbound::{Kind, MessageType, PresenceType};
use conclave::wire::jid::{BareJid, Jid};
use conclave::wire::muc::Affiliation;
use conclave::wire::muc::Role;
use conclave::wire::ns;

use super::Check;
use super::rules::{Wish, follow, initial_role, list, may_affiliate, takes_away, voice_verdict, wishes};
use crate::run::Scene;
use crate::sheet::{Seat, Sheet};

pub(super) struct Ranks;

impl Check for Ranks {
    fn name(&self) -> &'static str {
        "ranks"
    }

    fn look(&mut self, scene: &Scene<'_>) -> Result<(), String> {
        let (before, after) = (&scene.happening.before, &scene.happening.after);
        if before.exists() && !after.exists() {
            return ended(scene);
        }
        if !after.exists() {
            return Ok(());
        }
        standing(scene)?;
        affiliations(scene)?;
        occupants(scene)
    }
}

/// The account that caused it.
fn actor(scene: &Scene<'_>) -> Option<BareJid> {
    scene.happening.cause.as_ref().map(|cause| cause.from.to_bare())
}

/// What must hold whatever happened.
fn standing(scene: &Scene<'_>) -> Result<(), String> {
    let after = &scene.happening.after;
    let records = &after.room.state().affiliations;
    let is_owner = |(jid, a): (&BareJid, &conclave::room::state::Affiliated)| {
        jid.local().is_some() && a.affiliation == Affiliation::Owner
    };
    if !records.iter().any(is_owner) {
        return Err("the room has lost its last owner".to_owned());
    }
    let before = &scene.happening.before;
    // Who was banned with their domain comes back to a nick that may have been taken meanwhile.
    let comes_back = |jid: &BareJid| before.affiliation(jid) == Affiliation::Outcast;
    let known = disputes(before);
    let mut new = disputes(after).into_iter().filter(|one| !known.contains(one));
    if let Some((nick, ..)) = new.find(|(_, one, other)| !comes_back(one) && !comes_back(other)) {
        return Err(format!("{nick:?} is the reserved nick of another account"));
    }
    for seat in &after.seats {
        let nick = &seat.nick;
        if seat.affiliation >= Affiliation::Admin && seat.role != Role::Moderator {
            return Err(format!("{nick} is {} and no moderator", seat.affiliation));
        }
        if seat.role == Role::None || seat.affiliation == Affiliation::Outcast {
            return Err(format!("{nick} is here as {} with role {}", seat.affiliation, seat.role));
        }
        if after.config().members_only && seat.affiliation < Affiliation::Member {
            return Err(format!("{nick} is no member and in a members-only room"));
        }
    }
    Ok(())
}

/// Nicks that two accounts have: one has reserved it, the other has reserved it or is here under it.
fn disputes(sheet: &Sheet) -> Vec<(NickKey, BareJid, BareJid)> {
    let reserved: Vec<_> = sheet.reserved().map(|(jid, nick)| (NickKey::of(nick), jid)).collect();
    let here = sheet.seats.iter().map(|seat| (seat.key.clone(), &seat.account));
    let has: Vec<_> = reserved.iter().cloned().chain(here).collect();
    let pairs = reserved.iter().flat_map(|(key, jid)| has.iter().map(move |other| (key, *jid, other)));
    pairs
        .filter(|(key, jid, (others, other))| *key == others && jid != other)
        .map(|(key, jid, (_, other))| (key.clone(), jid.clone(), (*other).clone()))
        .collect()
}

/// A room that outlives its occupants ends only by an owner's wish.
fn ended(scene: &Scene<'_>) -> Result<(), String> {
    let happening = scene.happening;
    let by_owner = actor(scene).is_some_and(|a| happening.before.affiliation(&a) == Affiliation::Owner);
    let wished = happening.set_of(ns::MUC_OWNER).is_some_and(|query| {
        let cancelled = query.get_child("x", ns::DATA).is_some_and(|x| x.attr("type") == Some("cancel"));
        query.has_child("destroy", ns::MUC_OWNER)
            || cancelled && (scene.ledger.was_locked || scene.ledger.was_unclaimed)
    });
    if by_owner && wished {
        return Ok(());
    }
    if happening.before.config().persistent
        && !scene.ledger.was_locked
        && !scene.ledger.was_unclaimed
        && !happening.after.config().persistent
    {
        // It may have been made temporary while nobody was in it.
        let configured = happening.set_of(ns::MUC_OWNER).is_some();
        if !(by_owner && configured) {
            return Err("a persistent room is gone, and no owner wished so".to_owned());
        }
    }
    let everybody_else: Vec<_> = happening.before.seats.iter().flat_map(|s| &s.sessions).collect();
    let removed_all = happening.set_of(ns::MUC_ADMIN).is_some() || happening.set_of(ns::MUC_OWNER).is_some();
    if happening.cause.is_some()
        && !removed_all
        && everybody_else.iter().any(|client| Some(**client) != happening.sender)
    {
        return Err("the room is gone while somebody was in it".to_owned());
    }
    Ok(())
}

fn affiliations(scene: &Scene<'_>) -> Result<(), String> {
    let (before, after) = (&scene.happening.before, &scene.happening.after);
    let jids: BTreeSet<&BareJid> =
        before.room.state().affiliations.keys().chain(after.room.state().affiliations.keys()).collect();
    for jid in jids {
        let old = if before.exists() { before.recorded(jid) } else { Affiliation::None };
        let new = after.recorded(jid);
        if old != new && !affiliation_justified(scene, jid, old, new) {
            return Err(format!("{jid} went from {old} to {new}, and nobody may do that here"));
        }
    }
    Ok(())
}

fn affiliation_justified(scene: &Scene<'_>, jid: &BareJid, old: Affiliation, new: Affiliation) -> bool {
    let happening = scene.happening;
    let before = &happening.before;
    let Some(actor) = actor(scene) else { return false };
    let ordered = happening.set_of(ns::MUC_ADMIN).is_some() || happening.set_of(ns::MUC_OWNER).is_some();
    if ordered && scene.cast.is_service_admin(jid) && takes_away(old, new) {
        return false;
    }
    if !before.exists() {
        // A form that makes a room is that of its owner, and may name others.
        let first = if *jid == actor { Affiliation::Owner } else { Affiliation::None };
        let named = happening.making().is_some() && by_lists(scene, jid, first, new);
        return created_by(scene, &actor) && (first == new || named);
    }
    let rank = before.affiliation(&actor);
    if let Some(query) = happening.set_of(ns::MUC_ADMIN) {
        let last = wishes(query, before).into_iter().rev().find_map(|wish| match wish {
            Wish::Affiliation { jid: whose, new, .. } if whose == *jid => Some(new),
            _ => None,
        });
        let itself = *jid == actor && new == Affiliation::Outcast;
        let whole_domain = jid.local().is_none() && new >= Affiliation::Admin;
        return last == Some(new) && may_affiliate(rank, old, new) && !itself && !whole_domain;
    }
    if happening.set_of(ns::MUC_OWNER).is_some() {
        return rank == Affiliation::Owner && by_lists(scene, jid, old, new);
    }
    if let Some(query) = happening.set_of(ns::REGISTER) {
        let removal = query.has_child("remove", ns::REGISTER);
        return *jid == actor
            && match (old, new) {
                (Affiliation::None | Affiliation::Outcast, Affiliation::Member) => {
                    let unknown = rank == Affiliation::None && before.config().registration;
                    !removal && (unknown || rank >= Affiliation::Member)
                }
                (Affiliation::Member, Affiliation::None) => removal,
                _ => false,
            };
    }
    let invited = happening.mediated("invite").into_iter().any(|invite| {
        invite.attr("to").and_then(|to| Jid::prepare(to).ok()).is_some_and(|to| to.to_bare() == *jid)
    });
    let needed = if before.config().allow_invites { Affiliation::Member } else { Affiliation::Admin };
    let members_only = before.config().members_only;
    let joins = (old, new) == (Affiliation::None, Affiliation::Member);
    invited && members_only && rank >= needed && joins
}

/// Whether the lists of a form make somebody of rank `old` one of rank `new`.
fn by_lists(scene: &Scene<'_>, jid: &BareJid, old: Affiliation, new: Affiliation) -> bool {
    let on = |var: &str| list(scene.happening, var).map(|list| list.contains(jid));
    let (owners, admins) = (on("muc#roomconfig_roomowners"), on("muc#roomconfig_roomadmins"));
    let due = match new {
        Affiliation::Owner => owners == Some(true),
        Affiliation::Admin => owners != Some(true) && (admins == Some(true) || owners == Some(false)),
        // Who is taken off the list of owners becomes an admin (§10.2), whatever the other list says.
        Affiliation::Member => owners != Some(true) && admins == Some(false) && old == Affiliation::Admin,
        _ => false,
    };
    due && jid.local().is_some()
}

fn created_by(scene: &Scene<'_>, account: &BareJid) -> bool {
    let service = &scene.cast.service;
    let may = match service.create {
        Create::Anyone => true,
        Create::Local => account.domain() == "north.example",
        Create::Admins => false,
    };
    let asked = scene.happening.entry().is_some() || scene.happening.making().is_some();
    asked && (may || scene.cast.is_service_admin(account))
}

fn occupants(scene: &Scene<'_>) -> Result<(), String> {
    let (before, after) = (&scene.happening.before, &scene.happening.after);
    let ordered = scene.happening.set_of(ns::MUC_ADMIN).filter(|_| !scene.happening.refused);
    for client in 0..scene.cast.clients {
        let name = &scene.cast.entities[client].name;
        if let (Some(query), Some(was)) = (ordered, before.seat_of(client)) {
            let actor = actor(scene).ok_or("nobody asked")?;
            let due = follow(before, &wishes(query, before), &actor, was)
                .map_err(|()| format!("{name} was given a role by somebody who may not do that"))?;
            let now = after.seat_of(client).map(|now| (now.affiliation, now.role));
            if now != due {
                return Err(format!("{name} stands as {now:?}, and should as {due:?}"));
            }
            continue;
        }
        match (before.seat_of(client), after.seat_of(client)) {
            (None, Some(now)) => entered(scene, client, now).map_err(|what| format!("{name}: {what}"))?,
            (Some(was), None) if !removal_justified(scene, client, was) => {
                return Err(format!("{name} was removed, and nobody may do that here"));
            }
            (Some(was), Some(now)) if was.role != now.role && !role_justified(scene, was, now) => {
                return Err(format!("{name} went from {} to {} for no good reason", was.role, now.role));
            }
            _ => {}
        }
    }
    Ok(())
}

fn entered(scene: &Scene<'_>, client: usize, now: &Seat) -> Result<(), String> {
    let (before, after) = (&scene.happening.before, &scene.happening.after);
    if scene.happening.sender != Some(client) || scene.happening.entry().is_none() {
        return Err("entered without asking to".to_owned());
    }
    let initial = initial_role(now.affiliation, after.config().moderated);
    let voiced = initial == Role::Visitor && before.room.state().record.voices.contains(&now.account);
    let due = match before.by_nick(&now.nick) {
        Some(shared) => shared.role,
        None if voiced => Role::Participant,
        None => initial,
    };
    if now.role == due { Ok(()) } else { Err(format!("entered as {}, and is due {due}", now.role)) }
}

fn role_justified(scene: &Scene<'_>, was: &Seat, now: &Seat) -> bool {
    let happening = scene.happening;
    let (before, after) = (&happening.before, &happening.after);
    let actor = actor(scene).map(|actor| before.standing(&actor));
    // Whoever moves to a nick that another client of the account has gets the role of that nick.
    let shared = was.nick != now.nick
        && before.by_nick(&now.nick).is_some_and(|s| s.account == was.account && s.role == now.role);
    let promoted = was.affiliation != now.affiliation
        && now.role == initial_role(now.affiliation, after.config().moderated);
    let voiced = voice_verdict(happening).is_some_and(|(nick, yes)| {
        let same = before.by_nick(&nick).is_some_and(|s| s.key == was.key);
        let moderated = actor.is_some_and(|(_, role)| role == Role::Moderator);
        yes && same && moderated && (was.role, now.role) == (Role::Visitor, Role::Participant)
    });
    shared || promoted || voiced
}

fn removal_justified(scene: &Scene<'_>, client: usize, was: &Seat) -> bool {
    let (happening, after) = (scene.happening, &scene.happening.after);
    let Some(cause) = &happening.cause else { return true };
    if happening.sender == Some(client) {
        let leaves = matches!(
            cause.kind,
            Kind::Presence(PresenceType::Unavailable | PresenceType::Error)
                | Kind::Message(MessageType::Error)
        );
        if leaves {
            return true;
        }
    }
    let affiliation = after.affiliation(&was.account);
    let barred = affiliation == Affiliation::Outcast
        || after.config().members_only && affiliation < Affiliation::Member;
    (happening.set_of(ns::MUC_OWNER).is_some() || happening.set_of(ns::REGISTER).is_some()) && barred
}
