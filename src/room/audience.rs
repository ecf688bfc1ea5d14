//! Who gets a stanza, and in which variant: with the real address or without (XEP-0045 §7.2.3, §7.2.4).

mod item;

use std::sync::Arc;

use minidom::Element;

use super::Room;
use super::context::Context;
use super::effect::Effects;
use super::nick::Nick;
use super::recipients::Group;
use super::roster::{Occupant, Said};
use crate::room::{hats, occupant_id};
use crate::wire::build::{Build, message, muc_user, presence, set_lang};
use crate::wire::encode::Recipients;
use crate::wire::jid::Jid;
use crate::wire::muc::{Role, Status};
use crate::wire::ns;

use crate::room::nick::NickKey;
pub(crate) use item::{Actor, Authors, Item, Sight};

/// A presence about one occupant, as the room tells it.
#[derive(Clone, Debug)]
pub(crate) struct PresenceUpdate<'a> {
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
    pub codes: &'a [Status],
    /// The room is no more, in the words of its owner.
    pub destroy: Option<&'a Element>,
    /// Of which change of the lists of affiliations it tells, for those who see the address (XEP-0463).
    pub version: Option<&'a Element>,
    /// Moderators alone see the address, whatever the room shows.
    pub hidden: bool,
}

impl<'a> PresenceUpdate<'a> {
    /// An occupant is gone, or no longer to be seen, with nothing said of their own.
    pub(crate) fn unavailable(
        occupant: &'a Occupant,
        id: &'a str,
        item: Item<'a>,
        codes: &'a [Status],
    ) -> Self {
        Self {
            nick: &occupant.nick,
            occupant: Some(occupant),
            type_: Some("unavailable"),
            id,
            said: None,
            item,
            codes,
            destroy: None,
            version: None,
            hidden: false,
        }
    }

    /// What the occupant that it is about sees in it.
    fn own_sight(&self, room: &Room) -> Sight {
        let role = self.item.role.unwrap_or(Role::None);
        Sight::own(if self.hidden { Sight::NONE } else { room.sight(role) })
    }

    /// Where the operator wants it: the same of the other sessions of an occupant who is here, for those who see addresses.
    fn other_sessions(&self, room: &Room, sight: Sight) -> Vec<Element> {
        let is_wanted = room.shows_each_session && self.type_.is_none() && sight.sees();
        let Some((_, others)) = self.occupant.filter(|_| is_wanted).and_then(|o| o.sessions.split_last())
        else {
            return Vec::new();
        };
        let Item { affiliation, role, .. } = self.item;
        let item = |jid: &Jid| {
            Item { affiliation, role, jid: Some(jid.into()), ..Item::default() }.element(ns::MUC_USER, sight)
        };
        others.iter().map(|session| item(&session.jid)).collect()
    }

    /// The stanza, for those of this sight. For whom it is about, as `own` says, it has code 110 and the address; `codes`
    /// come besides the notice's own.
    pub(crate) fn stanza(&self, room: &Room, sight: Sight, own: bool, codes: &[Status]) -> Element {
        let sight = if own { self.own_sight(room) } else { sight };
        let mut stanza = presence(&room.occupant_jid(self.nick), self.type_, self.id);
        if let Some(said) = self.said {
            if let Some(lang) = said.lang() {
                set_lang(&mut stanza, lang);
            }
            if let Some(inside) = said.inside() {
                stanza.append_child(inside);
            }
        }
        let codes: Vec<Status> = codes.iter().chain(self.codes).cloned().collect();
        let item = self.item.element(ns::MUC_USER, sight);
        let items = std::iter::once(item).chain(self.other_sessions(room, sight));
        let x = muc_user(&codes, self.destroy.cloned(), items, own);
        stanza.append_child(x.child_opt(self.version.filter(|_| sight.sees()).cloned()));
        let Some(occupant) = self.occupant else { return stanza };
        let hats = hats::element(room, &occupant.account).filter(|_| self.type_.is_none());
        stanza.child(occupant_id::element(&occupant.id)).child_opt(hats)
    }
}

impl Room {
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
    pub(crate) fn tell_own(
        &self,
        fx: &mut Effects,
        notice: &PresenceUpdate<'_>,
        own: &[Jid],
        codes: &[Status],
    ) {
        let follows = |jid: &&Jid| {
            notice.version.is_some() && notice.occupant.is_some_and(|occupant| occupant.follows(jid))
        };
        let (following, plain): (Vec<&Jid>, Vec<&Jid>) = own.iter().partition(follows);
        let without = PresenceUpdate { version: None, ..notice.clone() };
        for (list, notice) in [(following, notice), (plain, &without)] {
            let list: Vec<Jid> = list.into_iter().cloned().collect();
            fx.send_many(&notice.stanza(self, Sight::NONE, true, codes), list);
        }
    }

    /// Sends the notice to everybody but the occupant it is about; later, if the event tells too much already.
    pub(crate) fn tell_others(&self, fx: &mut Effects, notice: &PresenceUpdate<'_>) {
        if fx.tells_too_much() {
            return fx.owe(self, notice, None);
        }
        self.tell_others_now(fx, notice);
    }

    /// Sends the notice to everybody but the occupant it is about.
    pub(crate) fn tell_others_now(&self, fx: &mut Effects, notice: &PresenceUpdate<'_>) {
        self.tell(fx, notice, |group| self.roster.others_in(group, notice.nick.key()));
    }

    /// Sends the notice to everybody but one session.
    pub(crate) fn tell_all_but(&self, fx: &mut Effects, notice: &PresenceUpdate<'_>, session: &Jid) {
        self.tell(fx, notice, |group| self.roster.all_in_but(group, session));
    }

    /// Sends the notice, with or without the real address and the version as they may see, to those whom `of` takes from
    /// each group.
    pub(crate) fn tell(
        &self,
        fx: &mut Effects,
        notice: &PresenceUpdate<'_>,
        of: impl Fn(Group) -> Recipients,
    ) {
        let plain = PresenceUpdate { version: None, ..notice.clone() };
        let mut say = |notice: &PresenceUpdate<'_>, sight: Sight, group: Group| {
            let to = of(group);
            if !to.is_empty() {
                fx.tell(&notice.stanza(self, sight, false, &[]), to);
            }
        };
        let (seeing, sight) = self.seeing(notice.hidden);
        if notice.version.is_some() {
            say(notice, sight, Group { follows: Some(true), ..seeing });
            say(&plain, sight, Group { follows: Some(false), ..seeing });
        } else {
            say(&plain, sight, seeing);
        }
        if seeing != Group::EVERYONE {
            say(&plain, Sight::NONE, Group::OTHERS);
        }
    }

    /// Tells everybody that the room is not as it was (104), and in what way (`codes`); clients then ask anew (§10.2).
    pub(crate) fn tell_of_configuration(&self, codes: &[Status], cx: &mut Context<'_>, fx: &mut Effects) {
        let codes: Vec<Status> =
            std::iter::once(Status::ConfigNonPrivacyRelated).chain(codes.iter().cloned()).collect();
        let x = muc_user(&codes, None, None, false);
        let stanza = message(self.jid.as_jid(), Some("groupchat"), &cx.id()).child(x);
        fx.send_many(&stanza, self.roster.everyone());
    }

    /// The sessions of all moderators.
    pub(crate) fn moderators(&self) -> Arc<[Jid]> {
        self.roster.sessions_in(Group::MODERATORS)
    }

    /// The present state of an occupant as an available presence.
    pub(crate) fn notice_of<'a>(&self, occupant: &'a Occupant, id: &'a str) -> PresenceUpdate<'a> {
        let shown = occupant.shown();
        PresenceUpdate {
            nick: &occupant.nick,
            occupant: Some(occupant),
            type_: None,
            id,
            said: Some(&shown.presence),
            item: Item {
                affiliation: Some(self.affiliation(&occupant.account)),
                role: Some(occupant.role),
                jid: Some((&shown.jid).into()),
                ..Item::default()
            },
            codes: &[],
            destroy: None,
            version: None,
            hidden: false,
        }
    }
}

/// The addresses of an occupant's sessions.
pub(crate) fn sessions(occupant: &Occupant) -> Vec<Jid> {
    occupant.sessions.iter().map(|s| s.jid.clone()).collect()
}

/// Whether an occupant may know that another one is in the room. Occupants who are not shown are found only by moderators,
/// who have the lists of roles, until they say something.
pub(crate) fn is_known(room: &Room, target: &Occupant, asker: &Occupant) -> bool {
    target.heard
        || room.broadcasts(target)
        || asker.role == Role::Moderator
        || asker.account == target.account
}

/// The sessions in a room by nicks and addresses, each with what stands for it when pages are asked for: the nick for the
/// last session of an occupant, for one before it the address besides. Those that come after one of these.
pub(crate) fn each_session<'r>(
    room: &'r Room,
    after: &str,
) -> impl Iterator<Item = (String, &'r Occupant, Jid)> + use<'r> {
    let (nick, address) = match after.split_once('\n') {
        Some((nick, address)) => (nick, Some(address.to_owned())),
        None => (after, None),
    };
    let key = (!nick.is_empty()).then(|| NickKey::of(nick));
    let here = key.clone().filter(|_| address.is_some());
    let rest = here.and_then(|key| room.roster.by_nick(&key)).into_iter();
    let others = room.roster.iter().filter(move |o| key.as_ref().is_none_or(|key| o.nick.key() > key));
    let of_rest = rest.flat_map(move |o| {
        let address = address.clone().unwrap_or_default();
        sessions_of(o).into_iter().filter(move |(_, _, jid)| jid.as_str() > address.as_str())
    });
    of_rest.chain(others.flat_map(|o| sessions_of(o)))
}

fn sessions_of(occupant: &Occupant) -> Vec<(String, &Occupant, Jid)> {
    let mut sessions = sessions(occupant);
    sessions.sort_unstable_by(|a, b| a.as_str().cmp(b.as_str()));
    let (nick, last) = (occupant.nick.as_str(), sessions.len() - 1);
    let place = |at, jid: &Jid| if at == last { nick.to_owned() } else { format!("{nick}\n{jid}") };
    sessions.into_iter().enumerate().map(|(at, jid)| (place(at, &jid), occupant, jid)).collect()
}
