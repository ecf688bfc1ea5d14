//! Who is let in, who is heard, who is obeyed: what is asked by whoever may is done, and everything else is refused for
//! the reason that the standard gives.

use std::borrow::Cow;

use conclave::room::nick::{Nick, NickKey, Nicks};
use conclave::wire::inbound::{Inbound, IqType, Kind, MessageType, PresenceType};
use conclave::wire::jid::{BareJid, carried};
use conclave::wire::muc::Affiliation;
use conclave::wire::muc::Role;
use conclave::wire::{ns, size};
use minidom::Element;

use super::Check;
use super::orders;
use crate::run::Scene;
use crate::sheet::{Seat, Sheet};

pub(super) struct Verdict;

/// Conditions, any of which is a good reason; accepted if there is none.
pub(super) type Reasons = Vec<&'static str>;

impl Check for Verdict {
    fn name(&self) -> &'static str {
        "verdict"
    }

    fn look(&mut self, scene: &Scene<'_>) -> Result<(), String> {
        let happening = scene.happening;
        let Some(cause) = &happening.cause else { return Ok(()) };
        if happening.unstored {
            return Ok(());
        }
        let Some(reasons) = expected(scene, cause) else { return Ok(()) };
        let got =
            happening.refused.then(|| happening.sent.first().and_then(|s| s.condition()).unwrap_or_default());
        match got {
            None if reasons.is_empty() => Ok(()),
            None => Err(format!("was accepted, and should be refused as {reasons:?}")),
            Some(got) if reasons.contains(&got) => Ok(()),
            Some(got) if reasons.is_empty() => {
                Err(format!("was refused as {got}, and nothing is wrong with it"))
            }
            Some(got) => Err(format!("was refused as {got}, and should be as {reasons:?}")),
        }
    }
}

/// A nick that is taken, for the first or for the hundredth time.
fn conflict() -> Reasons {
    vec!["conflict", "resource-constraint"]
}

/// What should come of it; nothing where this checker does not know.
fn expected(scene: &Scene<'_>, cause: &Inbound) -> Option<Reasons> {
    let sheet = &scene.happening.before;
    let seat = scene.happening.sender.and_then(|sender| sheet.seat_of(sender));
    if !cause.may_be_answered() {
        return Some(vec![]);
    }
    match cause.kind {
        Kind::Presence(PresenceType::Unknown) => Some(vec!["bad-request"]),
        Kind::Presence(PresenceType::Probe) if seat.is_none() => Some(vec!["not-acceptable"]),
        Kind::Presence(PresenceType::Available) => Some(available(scene, cause, seat)),
        Kind::Presence(_) => Some(vec![]),
        Kind::Iq(type_) if cause.to.is_full() => occupant_request(scene, cause, seat, type_),
        Kind::Iq(IqType::Set) if scene.happening.making().is_some() => {
            let may = scene.cast.service.may_create(&cause.from.to_bare());
            // What is wrong with a form is known to the checker of settings.
            (!may).then(|| vec!["not-allowed"])
        }
        _ if !visible(scene, cause) => match cause.payload() {
            None if cause.stanza.name() == "iq" => Some(vec!["bad-request"]),
            _ => Some(vec!["item-not-found"]),
        },
        Kind::Message(type_) => message(scene, cause, seat, type_),
        Kind::Iq(type_) => orders::expected(scene, cause, type_ == IqType::Set),
    }
}

/// A room that does not exist or is not configured is there for its owner only.
fn visible(scene: &Scene<'_>, cause: &Inbound) -> bool {
    let sheet = &scene.happening.before;
    let owner = sheet.affiliation_of(&cause.from) == Affiliation::Owner;
    sheet.exists() && (!scene.ledger.was_locked || owner)
}

fn available(scene: &Scene<'_>, cause: &Inbound, seat: Option<&Seat>) -> Reasons {
    let (sheet, limits) = (&scene.happening.before, &scene.cast.service.limits);
    let nick = match (cause.to.resource(), seat) {
        (Some(nick), _) => nick,
        (None, Some(seat)) => seat.nick.as_str(),
        (None, None) => return vec!["jid-malformed"],
    };
    if NickKey::of(nick) == NickKey::of("") {
        return vec!["jid-malformed"];
    }
    if nick.len() > limits.nick_bytes_max {
        return vec!["not-acceptable"];
    }
    let policy = scene.cast.service.nicks;
    let Some(seat) = seat else {
        if is_rare(policy, nick) && policy == Nicks::Refuse {
            return vec!["jid-malformed"];
        }
        let x = cause.stanza.get_child("x", ns::MUC);
        return x.map_or(vec![], |x| entry(scene, cause, nick, x));
    };
    if nick == seat.nick {
        return vec![];
    }
    if is_rare(policy, nick) {
        // Their client may go on with the nick that it was set to.
        let goes_on = policy == Nicks::Rewrite && NickKey::of(&carried(nick)) == seat.key;
        return if goes_on { vec![] } else { vec!["jid-malformed"] };
    }
    let locked = sheet.config().lock_nicks
        && reserved_nick(sheet, &seat.account).is_some_and(|reserved| given(policy, reserved) != nick);
    if taken(sheet, nick, &seat.account) {
        conflict()
    } else if locked {
        vec!["not-acceptable"]
    } else if NickKey::of(nick) == seat.key && seat.sessions.len() > 1
        || sheet.by_nick(nick).is_some_and(|other| other.role != seat.role)
    {
        // A nick has one spelling and one role: the client's other one is in the way.
        conflict()
    } else {
        vec![]
    }
}

/// The checks of an entry, from what tells a stranger least to what tells most.
fn entry(scene: &Scene<'_>, cause: &Inbound, nick: &str, x: &Element) -> Reasons {
    let (sheet, service) = (&scene.happening.before, &scene.cast.service);
    let account = cause.from.to_bare();
    if !sheet.exists() {
        if !service.may_create(&account) {
            return vec!["not-allowed"];
        }
        let default = &service.default_room;
        return if default.password_protected { vec!["not-authorized"] } else { vec![] };
    }
    let (rank, config) = (sheet.affiliation(&account), sheet.config());
    if scene.ledger.was_locked && rank != Affiliation::Owner {
        return vec!["item-not-found"];
    }
    if rank == Affiliation::Outcast {
        return vec!["forbidden"];
    }
    if config.members_only && rank < Affiliation::Member {
        return vec!["registration-required"];
    }
    let password = x.get_child("password", ns::MUC).map(Element::text).unwrap_or_default();
    if config.password_protected && password != config.password {
        return vec!["not-authorized"];
    }
    let reserved = reserved_nick(sheet, &account).filter(|_| config.lock_nicks);
    let nick = &*given(service.nicks, reserved.unwrap_or(nick));
    if taken(sheet, nick, &account) {
        return conflict();
    }
    let max = match config.occupants_max {
        0 => service.limits.occupants_max,
        own => own.min(service.limits.occupants_max),
    } as usize;
    let max = if rank >= Affiliation::Admin { max + (max / 10).max(5) } else { max };
    if sheet.by_nick(nick).is_none() && sheet.seats.len() >= max {
        return vec!["service-unavailable"];
    }
    let sessions: usize = sheet.seats.iter().filter(|s| s.account == account).map(|s| s.sessions.len()).sum();
    if sessions >= service.limits.sessions_max { vec!["resource-constraint"] } else { vec![] }
}

/// As what a nick is given to who enters with it.
fn given(policy: Nicks, nick: &str) -> Cow<'_, str> {
    if policy == Nicks::Any { nick.into() } else { carried(nick) }
}

/// Whether some servers cannot carry a nick, whatever its spelling.
pub(super) fn is_rare(policy: Nicks, nick: &str) -> bool {
    policy != Nicks::Any && NickKey::of(&carried(nick)) != NickKey::of(nick)
}

/// Whether a nick is in use by, or reserved for, another account, or looks like one that is. Whoever has the nick, or has
/// reserved it, has it whatever it looks like.
pub(super) fn taken(sheet: &Sheet, nick: &str, account: &BareJid) -> bool {
    taken_but(sheet, nick, account, None)
}

/// The same once the occupant of the nick `gone` is out.
pub(super) fn taken_but(sheet: &Sheet, nick: &str, account: &BareJid, gone: Option<&NickKey>) -> bool {
    let wanted = Nick::trusted(nick);
    let in_use = sheet
        .seats
        .iter()
        .filter(|seat| Some(&seat.key) != gone)
        .map(|seat| (&seat.account, Nick::trusted(&seat.nick)));
    // Under what every server carries of it, they may be here as well.
    let reserved = sheet
        .reserved()
        .flat_map(|(jid, nick)| [nick.into(), carried(nick)].map(|nick| (jid, Nick::trusted(&nick))));
    let (own, others): (Vec<_>, Vec<_>) = in_use.chain(reserved).partition(|(jid, _)| *jid == account);
    // Another spelling of it may look like that of another.
    let is_own = own.iter().any(|(_, nick)| nick.key() == wanted.key() && nick.look() == wanted.look());
    others.iter().any(|(_, nick)| nick.key() == wanted.key() || !is_own && nick.look().is_like(wanted.look()))
}

fn reserved_nick<'s>(sheet: &'s Sheet, account: &BareJid) -> Option<&'s str> {
    sheet.room.state().affiliations.get(account)?.nick.as_deref()
}

fn message(scene: &Scene<'_>, cause: &Inbound, seat: Option<&Seat>, type_: MessageType) -> Option<Reasons> {
    use conclave::room::config::AllowPm;
    let sheet = &scene.happening.before;
    let stanza = &cause.stanza;
    Some(match (type_, cause.to.resource(), seat) {
        (MessageType::Groupchat, None, None) => vec!["not-acceptable"],
        (MessageType::Groupchat, None, Some(seat)) => spoken(scene, stanza, seat),
        (MessageType::Groupchat, Some(_), _) => vec!["bad-request"],
        (_, Some(_), None) => vec!["not-acceptable"],
        (_, Some(nick), Some(seat)) => {
            let heard = match sheet.config().allow_pm {
                AllowPm::Anyone => true,
                AllowPm::Participants => seat.role >= Role::Participant,
                AllowPm::Moderators => seat.role == Role::Moderator,
                AllowPm::None => false,
            };
            if !heard {
                vec!["forbidden"]
            } else if sheet.by_nick(nick).is_some_and(|other| sheet.knows(seat, other)) {
                vec![]
            } else {
                vec!["item-not-found"]
            }
        }
        (MessageType::Normal, None, _) => return None,
        (_, None, _) => vec!["bad-request"],
    })
}

fn spoken(scene: &Scene<'_>, stanza: &Element, seat: &Seat) -> Reasons {
    let has = |name| stanza.has_child(name, ns::CLIENT);
    if !has("subject") || has("body") || has("thread") {
        return if seat.role < Role::Participant { vec!["forbidden"] } else { vec![] };
    }
    let config = scene.happening.before.config();
    let needed = if config.change_subject { Role::Participant } else { Role::Moderator };
    let bytes = size::of_all(stanza.children().filter(|c| c.is("subject", ns::CLIENT)));
    if seat.role < needed {
        vec!["forbidden"]
    } else if bytes > scene.cast.service.limits.subject_bytes_max {
        vec!["policy-violation"]
    } else {
        vec![]
    }
}

/// A request to an occupant's address.
fn occupant_request(
    scene: &Scene<'_>,
    cause: &Inbound,
    seat: Option<&Seat>,
    type_: IqType,
) -> Option<Reasons> {
    let sheet = &scene.happening.before;
    if matches!(type_, IqType::Result | IqType::Error) {
        return Some(vec![]);
    }
    let Some(payload) = cause.payload() else { return Some(vec!["bad-request"]) };
    let Some(seat) = seat else {
        return Some(match payload.ns().as_str() {
            ns::PING => vec!["not-acceptable"],
            _ if !visible(scene, cause) => vec!["item-not-found"],
            ns::DISCO_INFO | ns::DISCO_ITEMS => vec!["bad-request"],
            _ => vec!["not-acceptable"],
        });
    };
    let nick = cause.to.resource().unwrap_or_default();
    let known = sheet.by_nick(nick).is_some_and(|other| sheet.knows(seat, other));
    Some(if known { vec![] } else { vec!["item-not-found"] })
}
