//! Which nicks are reserved, and for whom: made from the affiliations once, and asked by everybody who enters.

use std::collections::HashMap;

use super::look::{Look, Looks};
use super::nick::{Nick, NickKey};
use super::state::State;
use crate::wire::jid::BareJid;

/// The reserved nicks of a room.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reserved {
    holders: HashMap<NickKey, BareJid>,
    looks: Looks,
}

impl Reserved {
    /// Those that the affiliations name.
    pub(crate) fn of(state: &State) -> Self {
        let mut reserved = Self::default();
        for (jid, affiliated) in &state.affiliations {
            if let Some(nick) = affiliated.nick.as_deref().map(Nick::trusted) {
                // Should a nick be reserved twice, in a record of old, the first one has it.
                reserved.holders.entry(nick.key().clone()).or_insert_with(|| {
                    reserved.looks.add(nick.look(), jid);
                    jid.clone()
                });
            }
        }
        reserved
    }

    /// The account that a nick is reserved for.
    pub fn holder(&self, key: &NickKey) -> Option<&BareJid> {
        self.holders.get(key)
    }

    /// Whether an account other than `account` has reserved a nick that looks so.
    pub fn is_like_anothers(&self, look: Look, account: &BareJid) -> bool {
        self.looks.is_like_anothers(look, account)
    }
}
