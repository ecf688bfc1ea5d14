//! Who may be in a room, and how it is told to those who may not (XEP-0045 §7.2.6, §7.2.7, §9.1, §9.4, §10.2).

use crate::room::state::Affiliation;
use crate::room::{Life, Room};
use crate::wire::jid::BareJid;
use crate::wire::refusal::Refusal;
use crate::words;
use crate::words::{Value, Words};

/// The codes with which somebody of this affiliation has to go; none for somebody who may stay.
pub(crate) fn codes_of_removal(room: &Room, now: Affiliation) -> &'static [u16] {
    match now {
        Affiliation::Outcast => &[301],
        _ if room.config().members_only && now < Affiliation::Member => &[321],
        _ => &[],
    }
}

/// Whether an account may not be in the room.
pub(crate) fn is_barred(room: &Room, account: &BareJid) -> bool {
    let affiliation = room.affiliation(account);
    barred(room, affiliation, affiliation).is_some()
}

/// Why somebody may not be in the room whose affiliation was `before` and is `now`; `None` if he may.
pub(crate) fn barred(room: &Room, before: Affiliation, now: Affiliation) -> Option<&'static [u16]> {
    match now {
        Affiliation::Outcast => Some(&[301]),
        now if !room.config().members_only || now >= Affiliation::Member => None,
        _ if before >= Affiliation::Member => Some(&[321]),
        _ => Some(&[322]),
    }
}

/// Refuses to let in whoever is no member.
pub(crate) fn check_member(room: &Room, affiliation: Affiliation) -> Result<(), Refusal> {
    if room.config().members_only && affiliation < Affiliation::Member {
        return Err(Refusal::registration_required(named(room, &words::MEMBERS_ONLY)));
    }
    Ok(())
}

/// A text, and after it the address to write to, where the room says so.
pub(crate) fn named(room: &Room, text: impl Into<Words>) -> Words {
    match room.config().contacts.first() {
        Some(address) => text.into().and(words::WRITE_TO.with([&**address])),
        None => text.into(),
    }
}

/// So much of the reason is told to who is banned, in characters: who tries again is told again.
const REASON_CHARS_MAX: usize = 500;

/// What a banned account is told: of a ban of its own, or of its whole domain, until when it is and why (never the note of
/// the admins), and what there is to do.
pub(crate) fn refusal(room: &Room, account: &BareJid) -> Refusal {
    let affiliated = room.affiliated(account);
    let expires = affiliated.and_then(|listed| listed.ban.as_ref()).and_then(|ban| ban.expires);
    let is_banned = |jid: &BareJid| {
        room.state.affiliations.get(jid).is_some_and(|own| own.affiliation == Affiliation::Outcast)
    };
    let is_own = is_banned(account) || account.respelled().iter().any(is_banned);
    let mut text = match (is_own, expires) {
        (true, None) => (&words::BANNED).into(),
        (true, Some(end)) => words::BANNED_UNTIL.with([end]),
        (false, None) => words::DOMAIN_BANNED.with([account.domain()]),
        (false, Some(end)) => words::DOMAIN_BANNED_UNTIL.with([Value::from(account.domain()), end.into()]),
    };
    if let Some(reason) = affiliated.and_then(|listed| listed.reason.as_deref()) {
        text = text.and(words::REASON.with([Value::beginning(reason, REASON_CHARS_MAX)]));
    }
    if !is_own {
        text = text.and(&words::ASK_FOR_EXCEPTION);
    }
    Refusal::forbidden(named(room, text))
}

/// Whether an account may read what was said: who may enter now may, but for a room with a password, which has to be
/// entered first unless one is a member (XEP-0313 §7.1).
pub(crate) fn may_read(room: &Room, account: &BareJid) -> bool {
    let affiliation = room.affiliation(account);
    let config = room.config();
    match affiliation {
        Affiliation::Outcast => false,
        _ if room.life == Life::Locked => affiliation == Affiliation::Owner,
        Affiliation::None if config.members_only => false,
        Affiliation::None if config.password_protected => room.roster.sessions_of(account) > 0,
        _ => true,
    }
}
