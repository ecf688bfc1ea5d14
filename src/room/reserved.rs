//! Which nicks are reserved, and for whom: made from the affiliations once, kept with each change, and asked by everybody
//! who enters.

use super::Room;
use super::confusable::{Looks, Skeleton};
use super::multi_map::MultiMap;
use super::nick::{Nick, NickKey};
use crate::room::state::State;
use crate::wire::jid::BareJid;
use crate::wire::muc::Affiliation;

/// The reserved nicks of a room. A copy costs next to nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reserved {
    holders: MultiMap<NickKey, BareJid>,
    /// The same by what every server carries of a nick, where that is another one: under it they may be here.
    carried: MultiMap<NickKey, BareJid>,
    looks: Looks,
}

impl Reserved {
    /// Those that the affiliations name.
    pub(crate) fn of(state: &State) -> Self {
        let mut reserved = Self::default();
        for (jid, affiliated) in &state.affiliations {
            if let Some(nick) = &affiliated.nick {
                reserved.add(nick, jid);
            }
        }
        reserved
    }

    /// A nick is reserved for an account.
    pub(crate) fn add(&mut self, nick: &str, account: &BareJid) {
        let nick = Nick::trusted(nick);
        self.looks.add(nick.look(), account);
        self.holders.add(nick.key().clone(), account.clone());
        if let Some(carried) = other_carried(&nick) {
            self.looks.add(carried.look(), account);
            self.carried.add(carried.key().clone(), account.clone());
        }
    }

    /// A nick is reserved for an account no more.
    pub(crate) fn remove(&mut self, nick: &str, account: &BareJid) {
        let nick = Nick::trusted(nick);
        self.looks.remove(nick.look(), account);
        self.holders.remove(nick.key(), account);
        if let Some(carried) = other_carried(&nick) {
            self.looks.remove(carried.look(), account);
            self.carried.remove(carried.key(), account);
        }
    }

    /// The account that a nick is reserved for, among those that count. Should it be reserved twice, as in a record of old, the
    /// first one has it.
    fn holder(&self, key: &NickKey, counts: impl Fn(&BareJid) -> bool) -> Option<&BareJid> {
        self.holders.of(key).iter().chain(self.carried.of(key)).find(|holder| counts(holder))
    }
}

impl Room {
    /// The account that a nick is reserved for. One that is banned, if only with its domain, keeps a nick from no other account.
    pub(crate) fn holder_of(&self, key: &NickKey) -> Option<&BareJid> {
        self.reserved().holder(key, |holder| self.may_hold(holder))
    }

    /// Whether an account other than `account` has reserved a nick that looks so.
    pub(crate) fn has_reserved_like(&self, look: Skeleton, account: &BareJid) -> bool {
        self.reserved().looks.is_like_ones(look, |holder| holder != account && self.may_hold(holder))
    }

    /// The accounts beside `account` that have reserved a nick, and keep it from no account, for they are banned.
    pub(crate) fn former_holders(&self, key: &NickKey, account: &BareJid) -> Vec<BareJid> {
        let Reserved { holders, carried, .. } = self.reserved();
        let all = holders.of(key).iter().chain(carried.of(key));
        all.filter(|holder| *holder != account && !self.may_hold(holder)).cloned().collect()
    }

    fn may_hold(&self, account: &BareJid) -> bool {
        self.affiliation(account) != Affiliation::Outcast
    }
}

/// What every server carries of a nick, if that is compared otherwise or looks otherwise.
fn other_carried(nick: &Nick) -> Option<Nick> {
    if nick.as_str().is_ascii() {
        return None;
    }
    nick.carried().filter(|carried| carried.key() != nick.key() || carried.look() != nick.look())
}
