//! Who gets a stanza, and in which variant: with the real address or without (XEP-0045 §7.2.3, §7.2.4).

use std::sync::Arc;

use minidom::Element;

use super::Room;
use super::archive::Entry;
use super::config::Whois;
use super::cx::Cx;
use super::effect::Effects;
use super::nick::Nick;
use super::recipients::Group;
use super::role::Role;
use super::roster::{Occupant, Said};
use crate::feature::{hats, occupant_id};
use crate::wire::build::{Build, Item, message, muc_user, presence, set_lang};
use crate::wire::encode::Recipients;
use crate::wire::jid::{BareJid, Jid};
use crate::wire::ns;

/// A presence about one occupant, as the room tells it.
#[derive(Clone, Debug)]
pub(crate) struct Notice<'a> {
    /// About whom.
    pub nick: &'a Nick,
    /// The occupant of that nick; `None` if there is none.
    pub occupant: Option<&'a Occupant>,
    /// `None` for available.
    pub type_: Option<&'static str>,
    /// Stanza id, the same in all copies.
    pub id: &'a str,
    /// What the client itself said.
    pub said: Option<&'a Said>,
    /// Affiliation, role, real address and the rest; the address is taken out for those who may not see it.
    pub item: Item<'a>,
    /// Status codes for everybody.
    pub codes: &'a [u16],
    /// Of which change of the lists of affiliations it tells, for those who see the address (XEP-0463).
    pub version: Option<&'a Element>,
}

/// Of which messages somebody sees whose they are. What was said while addresses were hidden stays hidden from those who
/// are no moderators, also when the room shows addresses later; and what a room hides now, it hides of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Authors {
    /// Of all.
    All,
    /// Of those where everybody could see it when they were said.
    Shown,
    /// Of none.
    None,
}

impl Authors {
    /// Whether this is one of those messages.
    pub(crate) fn include(self, entry: &Entry) -> bool {
        match self {
            Self::All => true,
            Self::Shown => entry.shown,
            Self::None => false,
        }
    }
}

impl<'a> Notice<'a> {
    /// Somebody is gone, or no longer to be seen, with nothing said of his own.
    pub(crate) fn unavailable(occupant: &'a Occupant, id: &'a str, item: Item<'a>, codes: &'a [u16]) -> Self {
        Self {
            nick: &occupant.nick,
            occupant: Some(occupant),
            type_: Some("unavailable"),
            id,
            said: None,
            item,
            codes,
            version: None,
        }
    }

    /// The stanza. `own` adds code 110, `codes` come besides the notice's own.
    pub(crate) fn stanza(&self, room: &Room, jid_seen: bool, own: bool, codes: &[u16]) -> Element {
        let mut stanza = presence(&room.occupant_jid(self.nick), self.type_, self.id);
        if let Some(said) = self.said {
            if let Some(lang) = &said.lang {
                set_lang(&mut stanza, lang);
            }
            for child in &said.children {
                stanza.append_child(child.clone());
            }
        }
        let mut item = self.item.clone();
        if !jid_seen {
            item.jid = None;
        }
        let codes: Vec<u16> = codes.iter().chain(self.codes).copied().collect();
        let x = muc_user(&codes, None, Some(item.element(ns::MUC_USER)), own);
        stanza.append_child(x.child_opt(self.version.filter(|_| jid_seen).cloned()));
        let Some(occupant) = self.occupant else { return stanza };
        let hats = hats::element(room, &occupant.account).filter(|_| self.type_.is_none());
        stanza.child(occupant_id::element(&occupant.id)).child_opt(hats)
    }
}

impl Room {
    /// Whether everybody sees real addresses.
    pub(crate) fn is_nonanonymous(&self) -> bool {
        self.config().whois == Whois::Anyone
    }

    /// Whether somebody of this role sees real addresses.
    pub(crate) fn sees_jids(&self, role: Role) -> bool {
        role == Role::Moderator || self.is_nonanonymous()
    }

    /// Of which messages an account sees the real address of the sender.
    pub(crate) fn sees_authors(&self, account: &BareJid) -> Authors {
        match self.standing(account).role {
            Role::Moderator => Authors::All,
            _ if self.is_nonanonymous() => Authors::Shown,
            _ => Authors::None,
        }
    }

    /// Whether the presence of an occupant is shown to others (`muc#roomconfig_presencebroadcast`).
    pub(crate) fn broadcasts(&self, occupant: &Occupant) -> bool {
        let roles = &self.config().presence_broadcast;
        !occupant.quiet
            && match occupant.role {
                Role::Moderator => roles.moderator,
                Role::Participant => roles.participant,
                Role::Visitor => roles.visitor,
                Role::None => true,
            }
    }

    /// Sends the notice to `own` with code 110 and the additional `codes`.
    pub(crate) fn tell_own(&self, fx: &mut Effects, notice: &Notice<'_>, own: &[Jid], codes: &[u16]) {
        let follows = |jid: &&Jid| {
            notice.version.is_some() && notice.occupant.is_some_and(|occupant| occupant.follows(jid))
        };
        let (following, plain): (Vec<&Jid>, Vec<&Jid>) = own.iter().partition(follows);
        let without = Notice { version: None, ..notice.clone() };
        for (list, notice) in [(following, notice), (plain, &without)] {
            let list: Vec<Jid> = list.into_iter().cloned().collect();
            fx.send_many(&notice.stanza(self, true, true, codes), list);
        }
    }

    /// Sends the notice to everybody but the occupant it is about; later, if the event tells too much already.
    pub(crate) fn tell_others(&self, fx: &mut Effects, notice: &Notice<'_>) {
        if fx.tells_too_much() {
            return fx.owe(notice, None);
        }
        self.tell_others_now(fx, notice);
    }

    /// Sends the notice to everybody but the occupant it is about.
    pub(crate) fn tell_others_now(&self, fx: &mut Effects, notice: &Notice<'_>) {
        self.tell(fx, notice, |group| self.roster.others_in(group, notice.nick.key()));
    }

    /// Sends the notice to everybody but one session.
    pub(crate) fn tell_all_but(&self, fx: &mut Effects, notice: &Notice<'_>, session: &Jid) {
        self.tell(fx, notice, |group| self.roster.all_in_but(group, session));
    }

    /// Sends the notice, with or without the real address and the version as they may see, to those whom `of` takes from
    /// each group.
    pub(crate) fn tell(&self, fx: &mut Effects, notice: &Notice<'_>, of: impl Fn(Group) -> Recipients) {
        let plain = Notice { version: None, ..notice.clone() };
        let mut say = |notice: &Notice<'_>, jid_seen: bool, group: Group| {
            let to = of(group);
            if !to.is_empty() {
                fx.tell(&notice.stanza(self, jid_seen, false, &[]), to);
            }
        };
        let seeing = if self.is_nonanonymous() { Group::EVERYONE } else { Group::MODERATORS };
        if notice.version.is_some() {
            say(notice, true, Group { follows: Some(true), ..seeing });
            say(&plain, true, Group { follows: Some(false), ..seeing });
        } else {
            say(&plain, true, seeing);
        }
        if seeing != Group::EVERYONE {
            say(&plain, false, Group::OTHERS);
        }
    }

    /// Tells everybody that the room is not as it was (104), and in what way (`codes`); clients then ask anew (§10.2).
    pub(crate) fn tell_of_configuration(&self, codes: &[u16], cx: &mut Cx<'_>, fx: &mut Effects) {
        let codes: Vec<u16> = std::iter::once(104).chain(codes.iter().copied()).collect();
        let x = muc_user(&codes, None, None, false);
        let stanza = message(self.jid.as_jid(), Some("groupchat"), &cx.id()).child(x);
        fx.send_many(&stanza, self.roster.everyone());
    }

    /// The sessions of all moderators.
    pub(crate) fn moderators(&self) -> Arc<[Jid]> {
        self.roster.sessions_in(Group::MODERATORS)
    }

    /// The present state of an occupant as an available presence.
    pub(crate) fn notice_of<'a>(&self, occupant: &'a Occupant, id: &'a str) -> Notice<'a> {
        let shown = occupant.shown();
        Notice {
            nick: &occupant.nick,
            occupant: Some(occupant),
            type_: None,
            id,
            said: Some(&shown.presence),
            item: Item {
                affiliation: Some(self.affiliation(&occupant.account)),
                role: Some(occupant.role),
                jid: Some(&shown.jid),
                ..Item::default()
            },
            codes: &[],
            version: None,
        }
    }
}

/// The addresses of an occupant's sessions.
pub(crate) fn sessions(occupant: &Occupant) -> Vec<Jid> {
    occupant.sessions.iter().map(|s| s.jid.clone()).collect()
}
