//! Changes of affiliation: bans, members, admins, owners (XEP-0045 §9.1 to §9.5, §10.3 to §10.8).
//!
//! [`write`] is the only place where an affiliation changes.

use std::collections::BTreeMap;

use crate::room::announce::{Removal, absent, remove};
use crate::room::audience::Actor;
use crate::room::change::{nick, role};
use crate::room::context::Context;
use crate::room::effect::Effects;
use crate::room::entry;
use crate::room::nick::Nick;
use crate::room::ranks::Ranks;
use crate::room::state::{Affiliated, Ban};
use crate::room::{Room, privilege, versions};
use crate::wire::jid::{Account, BareJid, Jid, Party};
use crate::wire::muc::Affiliation;
use crate::wire::refusal::Refusal;
use crate::words;

/// A wanted affiliation.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    /// Who gets it. Only [`Change::by_admin`] makes it a domain.
    party: Party,
    pub(crate) new: Affiliation,
    /// The nick to reserve; empty frees it; `None` leaves it as it is.
    pub(crate) nick: Option<String>,
    pub(crate) reason: Option<String>,
    /// What admins keep of a ban. Without a note, the note of an earlier ban stays; an empty one takes it away.
    pub(crate) ban: Ban,
    /// What a member says of himself; `None` leaves it as it is.
    pub(crate) data: Option<BTreeMap<String, String>>,
    /// No admin gives this membership, and none has given it before.
    pub(crate) unvetted: bool,
    /// The session that asks for many changes in one request, and gets one result for all.
    pub(crate) answered: Option<Jid>,
}

impl Change {
    /// A change of nothing but the affiliation of one account, for no stated reason.
    ///
    /// # Errors
    /// An address without a local part has no place of its own in the lists: there it would mean its whole domain.
    pub(crate) fn new(account: &BareJid, new: Affiliation) -> Result<Self, Refusal> {
        Self::by_admin(Account::of(account).into(), new)
    }

    /// The same, as an admin has it: by the address alone, domains are banned, and made members, too (§9.2).
    ///
    /// # Errors
    /// As for [`Change::new`]: the domain has to be named as such.
    pub(crate) fn by_admin(party: Party, new: Affiliation) -> Result<Self, Refusal> {
        match &party {
            Party::Account(account) if !account.has_local() => {
                Err(Refusal::not_acceptable(&words::DOMAIN_BY_ADMIN))
            }
            _ => Ok(Self::of(party, new)),
        }
    }

    /// Whoever is on the list under this address is on it no more.
    pub(crate) fn end(listed: &BareJid) -> Self {
        Self::of(Party::named(listed.as_jid()), Affiliation::None)
    }

    fn of(party: Party, new: Affiliation) -> Self {
        Self {
            party,
            new,
            nick: None,
            reason: None,
            ban: Ban::default(),
            data: None,
            unvetted: false,
            answered: None,
        }
    }

    /// A membership that no admin gives (§7.8, §7.10, XEP-0488): a ban of the whole domain ends it.
    ///
    /// # Errors
    /// As for [`Change::new`].
    pub(crate) fn unvetted(account: &BareJid) -> Result<Self, Refusal> {
        Ok(Self { unvetted: true, ..Self::new(account, Affiliation::Member)? })
    }

    /// The address of who gets it.
    pub(crate) fn jid(&self) -> &BareJid {
        self.party.as_bare()
    }
}

/// Whether `actor`, who has the affiliation `rank`, may make this change.
pub(crate) fn check(
    room: &Room,
    actor: &BareJid,
    rank: Affiliation,
    change: &Change,
    cx: &Context<'_>,
) -> Result<(), Refusal> {
    // A ban of the own domain is no ban of oneself: an account that may ban has an affiliation of its own.
    if rank >= Affiliation::Admin && change.new == Affiliation::Outcast && change.jid() == actor {
        return Err(Refusal::conflict(&words::BAN_YOURSELF));
    }
    privilege::change_affiliation(rank, recorded(room, change.jid()), change.new)?;
    check_service_admin(room, change)?;
    if matches!(change.party, Party::Domain(_)) && change.new >= Affiliation::Admin {
        return Err(Refusal::not_allowed(&words::DOMAIN_MEMBER_OR_BANNED));
    }
    if let Some(wanted) = change.nick.as_deref().filter(|nick| !nick.is_empty()) {
        nick::check_free(room, &nick::to_reserve(room, wanted, change.jid(), cx)?, change.jid())?;
    }
    Ok(())
}

/// An admin of the service who owns every room does so whatever a room's lists say: what would take that away is refused,
/// as it would have no effect. What stands already may be asked for again, and an old ban may be lifted.
pub(crate) fn check_service_admin(room: &Room, change: &Change) -> Result<(), Refusal> {
    let old = recorded(room, change.jid());
    let lifts = (old, change.new) == (Affiliation::Outcast, Affiliation::None);
    if !room.is_owned_anyway(change.jid()) || change.new == Affiliation::Owner || change.new == old || lifts {
        return Ok(());
    }
    Err(Refusal::not_allowed(&words::IS_SERVICE_ADMIN))
}

/// Whether these changes, whoever asks for them, would leave a list as it must be. What counts is how it would be at
/// the end.
pub(crate) fn check_end(room: &Room, changes: &[Change], cx: &Context<'_>) -> Result<(), Refusal> {
    let mut ranks = (*room.ranks).clone();
    let after: BTreeMap<&BareJid, Affiliation> = changes.iter().map(|c| (c.jid(), c.new)).collect();
    for (jid, new) in after {
        room.state.affiliations.get(jid).into_iter().for_each(|old| ranks.remove(jid, old));
        if new != Affiliation::None {
            ranks.add(jid, &Affiliated::new(new));
        }
    }
    check_list(&ranks, &room.ranks, cx)
}

/// An owner is left, and the list is not too long; one that was too long `before` may stay so.
///
/// Where a list is full, bans alone may be added, a tenth of it, and ten at least: who fills it does not keep admins from
/// banning.
pub(crate) fn check_list(list: &Ranks, before: &Ranks, cx: &Context<'_>) -> Result<(), Refusal> {
    if list.owners.is_empty() {
        return Err(Refusal::conflict(&words::OWNER_NEEDED));
    }
    let full = cx.limits().affiliations_max;
    if list.len() > full && list.others() > before.others() {
        return Err(Refusal::resource_constraint(&words::AFFILIATIONS_MOST));
    }
    if list.len() > full + (full / 10).max(10) && list.len() > before.len() {
        return Err(Refusal::resource_constraint(&words::BANS_MOST));
    }
    Ok(())
}

/// Whether one more account may be put on a list.
pub(crate) fn check_space(room: &Room, cx: &Context<'_>) -> Result<(), Refusal> {
    if room.state.affiliations.len() >= cx.limits().affiliations_max {
        return Err(Refusal::resource_constraint(&words::AFFILIATIONS_MOST));
    }
    Ok(())
}

/// Makes one change that was checked; tells those who may know. `actor` did it, if in the room.
pub(crate) fn apply(
    room: &mut Room,
    change: &Change,
    actor: Option<&Actor>,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) {
    let old = recorded(room, change.jid());
    // To look for those of a whole domain is worth it only if something becomes of it.
    let concerned = if old == change.new { Vec::new() } else { room.roster.of(&change.party) };
    let present: Vec<_> = concerned.into_iter().map(|o| (room.affiliation(&o.account), o)).collect();
    let follows = versions::is_for(room, change.jid());
    let since = room.state.record.versions.now;
    write(room, change, fx);
    if old == change.new {
        return;
    }
    let step = versions::step(room, since, follows);
    // Then the versions go with what is told together, in order, and not with presences that may come later.
    let late = fx.tells_together || fx.tells_too_much();
    // A presence tells of the change if it is about the very account, and the others see it. Once is enough.
    let mut told = None;
    for (before, occupant) in present {
        let now = room.affiliation(&occupant.account);
        if now == before {
            continue;
        }
        let tells = told.is_none() && &occupant.account == change.jid();
        let codes = entry::barred(room.config(), now).map_or(&[][..], |barred| barred.codes(before));
        let why = Removal {
            codes,
            actor,
            reason: change.reason.as_deref(),
            step: step.as_ref().filter(|_| tells && !late),
            hidden: false,
        };
        let mut shown = room.broadcasts(&occupant);
        if codes.is_empty() {
            let role = privilege::role_after(before, now, occupant.role, room.config().moderated);
            role::restate(room, &occupant, role, &why, cx, fx);
            shown |= room.roster.by_nick(occupant.nick.key()).is_some_and(|now| room.broadcasts(now));
        } else {
            remove(room, &occupant, &why, cx, fx);
        }
        if tells && shown {
            told = Some(occupant);
        }
    }
    if told.is_none() || late && step.is_some() {
        absent::tell(room, old, change, step.as_ref(), told.is_some(), cx, fx);
    }
}

/// The affiliation on record for exactly this address.
pub(crate) fn recorded(room: &Room, jid: &BareJid) -> Affiliation {
    room.state.affiliations.get(jid).map_or(Affiliation::None, |a| a.affiliation)
}

/// Makes the creator of a room its first owner (§10.1).
pub(crate) fn found(room: &mut Room, owner: &BareJid, fx: &mut Effects) -> Result<(), Refusal> {
    write(room, &Change::new(owner, Affiliation::Owner)?, fx);
    Ok(())
}

/// Changes the record. A ban frees the reserved nick and forgets what its holder said of himself; "none" is the
/// absence of a record.
fn write(room: &mut Room, change: &Change, fx: &mut Effects) {
    let old = room.state.affiliations.get(change.jid());
    let nick = match (&change.nick, change.new) {
        (_, Affiliation::Outcast) => None,
        (Some(nick), _) => Some(nick.clone()).filter(|nick| !nick.is_empty()),
        (None, _) => old.and_then(|a| a.nick.clone()),
    };
    let reason = change.reason.clone().filter(|r| !r.is_empty());
    let data = match (&change.data, change.new) {
        (_, Affiliation::Outcast) => BTreeMap::new(),
        (Some(data), _) => data.clone(),
        (None, _) => old.map(|a| a.data.clone()).unwrap_or_default(),
    };
    let (ban, version) = (terms(old, change), old.map_or(0, |a| a.version));
    let unvetted = change.unvetted && old.is_none_or(|old| old.unvetted);
    let new = Affiliated { affiliation: change.new, nick, reason, ban, data, unvetted, version };
    let was = old.map_or(Affiliation::None, |a| a.affiliation);
    let mut new = (new.affiliation != Affiliation::None).then_some(new);
    if new.as_ref() == old {
        return;
    }
    if was != change.new {
        let versions = &mut room.state_mut().record.versions;
        versions::advance(versions, change.jid(), was, change.new);
        let now = versions.now;
        new = new.map(|new| Affiliated { version: now, ..new });
    }
    if let Some(nick) = new.as_ref().and_then(|new| new.nick.as_deref()) {
        give_up(room, &Nick::trusted(nick), change.jid(), fx);
    }
    put(room, &change.party, new, fx);
}

/// A nick is that of `account` now: those who had it, and may not have it because they are banned with their domain, do not get
/// it back when the ban is lifted.
fn give_up(room: &mut Room, nick: &Nick, account: &BareJid, fx: &mut Effects) {
    for former in room.former_holders(nick.key(), account) {
        let Some(known) = room.state.affiliations.get(&former).cloned() else { continue };
        put(room, &Account::of(&former).into(), Some(Affiliated { nick: None, ..known }), fx);
    }
}

fn put(room: &mut Room, party: &Party, record: Option<Affiliated>, fx: &mut Effects) {
    let old = room.state_mut().affiliations.put(party, record);
    room.relist(party.as_bare(), old.as_ref());
    fx.touch(party.as_bare());
}

/// What is kept of the ban that `change` sets. `old` is the record until now: its note stays unless there is a new
/// one, and if nothing else is new either, so does who had set it and when.
pub(crate) fn terms(old: Option<&Affiliated>, change: &Change) -> Option<Box<Ban>> {
    if change.new != Affiliation::Outcast {
        return None;
    }
    let before = old.filter(|a| a.affiliation == Affiliation::Outcast);
    let known = before.and_then(|a| a.ban.as_deref());
    let note = change.ban.note.as_ref().or(known.and_then(|ban| ban.note.as_ref()));
    let ban = Ban { note: note.filter(|note| !note.is_empty()).cloned(), ..change.ban.clone() };
    let same_reason =
        before.is_some_and(|a| a.reason.as_deref() == change.reason.as_deref().filter(|r| !r.is_empty()));
    let known = known.filter(|known| same_reason && known.expires == ban.expires && known.note == ban.note);
    let ban = known.cloned().unwrap_or(ban);
    (ban != Ban::default()).then(|| Box::new(ban))
}
