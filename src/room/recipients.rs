//! Lists of sessions that stanzas go to, made once and shared by all stanzas until an occupant comes, goes or stands otherwise.

use std::sync::{Arc, OnceLock};

use crate::wire::jid::Jid;
use crate::wire::muc::Role;

/// Which sessions of a room a stanza is for. `None`: whether it is so or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// Those of moderators, or those of all others.
    pub moderators: Option<bool>,
    /// Those that follow the versions of the lists of affiliations, or those that do not (XEP-0463).
    pub follows: Option<bool>,
}

/// How many groups there are: three choices twice.
const GROUPS: usize = 9;

impl Group {
    /// Every session of every occupant.
    pub const EVERYONE: Self = Self { moderators: None, follows: None };

    /// The sessions of moderators.
    pub const MODERATORS: Self = Self { moderators: Some(true), follows: None };

    /// The sessions of all who are not moderators.
    pub const OTHERS: Self = Self { moderators: Some(false), follows: None };

    fn has(self, role: Role, follows: bool) -> bool {
        self.moderators.is_none_or(|is| is == (role == Role::Moderator))
            && self.follows.is_none_or(|is| is == follows)
    }

    fn place(self) -> usize {
        let digit = |choice: Option<bool>| choice.map_or(0, |is| 1 + usize::from(is));
        3 * digit(self.moderators) + digit(self.follows)
    }
}

/// The lists that were asked for, of occupants in the order of their nick keys.
#[derive(Clone, Debug, Default)]
pub(super) struct Lists([OnceLock<Arc<[Jid]>>; GROUPS]);

impl Lists {
    /// Those of `sessions` that are in a group. Of each it is given the role, and whether it follows the versions of the lists.
    pub(super) fn of<'s>(
        &self,
        group: Group,
        sessions: impl Iterator<Item = (&'s Jid, Role, bool)>,
    ) -> &Arc<[Jid]> {
        self.0[group.place()].get_or_init(|| {
            sessions
                .filter(|(_, role, follows)| group.has(*role, *follows))
                .map(|(jid, ..)| jid.clone())
                .collect()
        })
    }

    /// What holds of these after an occupant stands otherwise, while the same sessions are here.
    pub(super) fn of_the_same_sessions(&self) -> Self {
        let lists = Self::default();
        let everyone = Group::EVERYONE.place();
        if let Some(list) = self.0[everyone].get() {
            lists.0[everyone].get_or_init(|| list.clone());
        }
        lists
    }
}
