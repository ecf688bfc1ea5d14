//! Who may be in a room, read its archive and let others in, and how it is told to those who may not (XEP-0045 §7.2.6, §7.2.7, §9.1, §9.4, §10.2).

use crate::room::config::Config;
use crate::room::{Life, Room};
use crate::wire::jid::BareJid;
use crate::wire::muc::{Affiliation, Status};
use crate::wire::refusal::Refusal;
use crate::words;
use crate::words::{Value, Words};

/// Why an account may not be in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Barred {
    /// It is banned, itself or with its domain.
    Banned,
    /// The room is for members, and it is none.
    NoMember,
}

/// Why an account of this affiliation may not be in a room of this configuration; `None` if it may.
pub(crate) fn barred(config: &Config, affiliation: Affiliation) -> Option<Barred> {
    match affiliation {
        Affiliation::Outcast => Some(Barred::Banned),
        Affiliation::None if config.members_only => Some(Barred::NoMember),
        _ => None,
    }
}

impl Barred {
    /// The status codes with which an occupant goes whose affiliation was `before` (XEP-0045 §16.6): banned, no member any
    /// more, or none while the room became one for members.
    pub(crate) fn codes(self, before: Affiliation) -> &'static [Status] {
        match self {
            Self::Banned => &[Status::Banned],
            Self::NoMember if before >= Affiliation::Member => &[Status::RemovalFromRoom],
            Self::NoMember => &[Status::ConfigMembersOnly],
        }
    }

    /// What the account is told.
    pub(crate) fn refusal(self, room: &Room, account: &BareJid) -> Refusal {
        match self {
            Self::Banned => of_ban(room, account),
            Self::NoMember => Refusal::registration_required(named(room, &words::MEMBERS_ONLY)),
        }
    }
}

/// Refuses what a banned account may not do.
///
/// # Errors
/// The account is banned.
pub(crate) fn check_no_ban(room: &Room, account: &BareJid) -> Result<(), Refusal> {
    match barred(room.config(), room.affiliation(account)) {
        Some(Barred::Banned) => Err(Barred::Banned.refusal(room, account)),
        _ => Ok(()),
    }
}

/// Whether who has this affiliation may invite others into a room of this configuration: all may into an open room, into one for
/// members those who [let others in](may_admit) (XEP-0045 §7.8.2).
pub(crate) fn may_invite(config: &Config, affiliation: Affiliation) -> bool {
    !config.members_only || may_admit(config, affiliation)
}

/// Whether who has this affiliation may make members of others by letting them in: admins and owners, and members where the
/// room lets them.
pub(crate) fn may_admit(config: &Config, affiliation: Affiliation) -> bool {
    affiliation >= if config.allow_invites { Affiliation::Member } else { Affiliation::Admin }
}

/// A text, and after it the address to write to, where the room says so.
fn named(room: &Room, text: impl Into<Words>) -> Words {
    match room.config().contacts.first() {
        Some(address) => text.into().and(words::WRITE_TO.with([&**address])),
        None => text.into(),
    }
}

/// So much of the reason is told to who is banned, in characters: who tries again is told again.
const REASON_CHARS_MAX: usize = 500;

/// What a banned account is told: of a ban of its own, or of its whole domain, until when it is and why (never the note of
/// the admins), and what there is to do.
fn of_ban(room: &Room, account: &BareJid) -> Refusal {
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
        _ if barred(config, affiliation).is_some() => false,
        _ if room.life == Life::Locked => affiliation == Affiliation::Owner,
        Affiliation::None if config.password_protected => room.roster.sessions_of(account) > 0,
        _ => true,
    }
}
