//! Where real addresses stand in what a room says, and who sees them there.
//!
//! A [`RealJid`] is opened here alone, and a [`Sight`] that sees it is given out by the audience alone, to those of whom
//! the room knows that they may: a feature that forgets to ask does not compile.

use std::fmt;

use minidom::Element;

use super::super::Room;
use super::super::archive::Entry;
use super::super::config::Whois;
use super::super::nick::Nick;
use super::super::recipients::Group;
use crate::room::privilege;
use crate::wire::build::{Build, el};
use crate::wire::jid::{BareJid, Jid};
use crate::wire::muc::Affiliation;
use crate::wire::muc::Role;
use crate::wire::refusal::Refusal;

/// A real address on its way into a stanza. Nobody reads it on the way.
#[derive(Clone, Copy)]
pub(crate) struct RealJid<'a>(&'a Jid);

impl<'a> From<&'a Jid> for RealJid<'a> {
    fn from(jid: &'a Jid) -> Self {
        Self(jid)
    }
}

impl<'a> From<&'a BareJid> for RealJid<'a> {
    fn from(jid: &'a BareJid) -> Self {
        Self(jid.as_jid())
    }
}

impl fmt::Debug for RealJid<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RealJid")
    }
}

/// Whether those whom something is for see the real addresses in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sight {
    /// That of the occupant that it is about.
    item: bool,
    /// That of who did it.
    actor: bool,
}

impl Sight {
    /// Of those who see none.
    pub(crate) const NONE: Self = Self::of(false);

    /// Of those who see all of them, or none.
    const fn of(sees: bool) -> Self {
        Self { item: sees, actor: sees }
    }

    /// Of the occupant that it is about: all see their own address. Of others they see what they see otherwise.
    pub(in crate::room::audience) fn own(otherwise: Self) -> Self {
        Self { item: true, ..otherwise }
    }

    /// Whether addresses are seen.
    pub(crate) fn sees(self) -> bool {
        self.item
    }
}

/// Of which messages an account sees whose they are. What was said while addresses were hidden stays hidden from those
/// who are no moderators, also when the room shows addresses later; and what a room hides now, it hides of all.
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
    /// The sight of whose this message is.
    pub(crate) fn sight(self, entry: &Entry) -> Sight {
        Sight::of(match self {
            Self::All => true,
            Self::Shown => entry.shown,
            Self::None => false,
        })
    }
}

/// Who did it (XEP-0045 §8.2): the nick, and the account for those who see it.
#[derive(Clone)]
pub(crate) struct Actor {
    nick: Nick,
    account: BareJid,
}

impl Actor {
    fn element(&self, namespace: &str, sight: Sight) -> Element {
        let account = sight.actor.then(|| self.account.as_str());
        el("actor", namespace).with("nick", self.nick.as_str()).with_opt("jid", account)
    }
}

impl fmt::Debug for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Actor").field(&self.nick).finish()
    }
}

/// `<item/>` of `muc#user` and `muc#admin`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Item<'a> {
    /// The affiliation, always stated when set.
    pub affiliation: Option<Affiliation>,
    /// The role; `none` for someone who is gone.
    pub role: Option<Role>,
    /// The real address, shown to those who may see it.
    pub jid: Option<RealJid<'a>>,
    /// A nick: the new one, or the reserved one.
    pub nick: Option<&'a str>,
    /// Who did it.
    pub actor: Option<&'a Actor>,
    /// Why.
    pub reason: Option<&'a str>,
}

impl Item<'_> {
    /// The element in `namespace` (`muc#user` or `muc#admin`), for those of this sight.
    pub(crate) fn element(&self, namespace: &str, sight: Sight) -> Element {
        let jid = self.jid.filter(|_| sight.sees()).map(|jid| jid.0.as_str());
        let mut item = el("item", namespace)
            .with_opt("affiliation", self.affiliation.map(Affiliation::as_str))
            .with_opt("role", self.role.map(Role::as_str))
            .with_opt("jid", jid)
            .with_opt("nick", self.nick);
        if let Some(actor) = self.actor {
            item.append_child(actor.element(namespace, sight));
        }
        if let Some(reason) = self.reason {
            item.append_child(el("reason", namespace).text_node(reason));
        }
        item
    }
}

impl Room {
    /// Whether everybody sees real addresses.
    pub(crate) fn is_nonanonymous(&self) -> bool {
        self.config().whois == Whois::Anyone
    }

    /// What occupants of a role see.
    pub(crate) fn sight(&self, role: Role) -> Sight {
        Sight::of(role == Role::Moderator || self.is_nonanonymous())
    }

    /// The occupants who see real addresses, with their sight; if they are `hidden`, only moderators, whatever the room shows.
    pub(crate) fn seeing(&self, hidden: bool) -> (Group, Sight) {
        (if self.is_nonanonymous() && !hidden { Group::EVERYONE } else { Group::MODERATORS }, Sight::of(true))
    }

    /// What an account sees in the list of an affiliation.
    ///
    /// # Errors
    /// It may not see that list at all.
    pub(crate) fn sight_of_list(&self, account: &BareJid, list: Affiliation) -> Result<Sight, Refusal> {
        privilege::may_see_list(self, account, list).map(|()| Sight::of(true))
    }

    /// Who acts through this session; none who is not inside.
    pub(crate) fn actor(&self, session: &Jid) -> Option<Actor> {
        let occupant = self.roster.by_session(session)?;
        Some(Actor { nick: occupant.nick.clone(), account: occupant.account.clone() })
    }

    /// Of which messages an account sees the real address of the sender.
    pub(crate) fn sees_authors(&self, account: &BareJid) -> Authors {
        match self.standing(account).role {
            Role::Moderator => Authors::All,
            _ if self.is_nonanonymous() => Authors::Shown,
            _ => Authors::None,
        }
    }

    /// How an account outside sees who of the room writes to it: by the real address where everybody sees it, otherwise
    /// as an occupant. Of who is not in the room, the room says nothing but itself.
    pub(crate) fn presented(&self, who: &Jid) -> Jid {
        let account = who.to_bare();
        if self.is_nonanonymous() {
            return account.into();
        }
        let occupant = self.roster.by_session(who).cloned();
        let occupant = occupant.or_else(|| self.roster.by_account(&account).into_iter().next());
        occupant.map_or_else(|| self.jid.as_jid().clone(), |occupant| self.occupant_jid(&occupant.nick))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::ns;

    #[test]
    fn address_is_in_the_item_for_those_who_see_it_alone() {
        // 45-7.2.3-a, 45-7.2.4-a
        let jid = Jid::parse("romeo@example/pc").expect("an address");
        let item = Item { jid: Some((&jid).into()), nick: Some("romeo"), ..Item::default() };
        assert_eq!(item.element(ns::MUC_USER, Sight::of(true)).attr("jid"), Some("romeo@example/pc"));
        assert_eq!(item.element(ns::MUC_USER, Sight::NONE).attr("jid"), None);
        assert!(!format!("{item:?}").contains("example"));
    }
}
