//! Who has which affiliation: accounts, and whole domains (XEP-0045 §5.2, §9.2).
//!
//! An address with a local part is an account. One without is a domain, and stands for all of its accounts; it is never more
//! than a member. What is more was left by times in which a gateway or a bot at such an address could make a room, and is
//! that address's alone.

use std::collections::BTreeMap;
use std::ops::Deref;

use imbl::OrdMap;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::wire::jid::{BareJid, Party};
use crate::wire::muc::Affiliation;

/// An affiliation with what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Affiliated {
    /// Never [`Affiliation::None`] in a stored record.
    pub affiliation: Affiliation,
    /// The reserved nick.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nick: Option<String>,
    /// Why, in the words of the one who set it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What else is known of a ban; nothing of bans that were set before this was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ban: Option<Box<Ban>>,
    /// What a member said of himself when registering, by the name of the field; only admins are shown it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub data: BTreeMap<String, String>,
    /// The account has let itself in, by registering or by a token, or was invited by a member; no admin knows of it.
    /// Memberships from before this was noted count as given by an admin.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unvetted: bool,
    /// The version of the lists in which the affiliation became what it is (XEP-0463).
    #[serde(default, skip_serializing_if = "is_zero")]
    pub version: u64,
}

fn is_zero(version: &u64) -> bool {
    *version == 0
}

impl Affiliated {
    /// An affiliation and nothing else.
    pub fn new(affiliation: Affiliation) -> Self {
        let data = BTreeMap::new();
        Self { affiliation, nick: None, reason: None, ban: None, data, unvetted: false, version: 0 }
    }

    /// When it ends by itself.
    pub fn expires(&self) -> Option<Timestamp> {
        self.ban.as_ref()?.expires
    }
}

/// What admins know of a ban beside its reason. No other account is ever shown any of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ban {
    /// Who set it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<BareJid>,
    /// When it was set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// When it ends; never if nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// What admins tell each other about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// The affiliations of a room by address. Reading is free; what is written names an account or a domain as what it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Affiliations(OrdMap<BareJid, Affiliated>);

impl Affiliations {
    /// What an account has itself.
    pub fn own(&self, account: &BareJid) -> Option<&Affiliated> {
        self.0.get(account).filter(|listed| !is_domains(account, listed))
    }

    /// What an account has itself, or else by its domain. A ban of the domain counts for more than a membership that no
    /// admin has given. A ban counts for all spellings of a domain (RFC 5890), everything else for the one that it names; what
    /// an admin has given to the very address comes first.
    pub fn of(&self, account: &BareJid) -> Option<&Affiliated> {
        let own = self.0.get(account).filter(|own| !own.unvetted);
        let is_ban = |listed: &&Affiliated| listed.affiliation == Affiliation::Outcast;
        let ban = || account.respelled().iter().find_map(|other| self.spelled(other).filter(is_ban));
        own.or_else(ban).or_else(|| self.spelled(account))
    }

    fn spelled(&self, account: &BareJid) -> Option<&Affiliated> {
        let own = self.0.get(account);
        if own.is_some_and(|own| !own.unvetted) {
            return own;
        }
        let domains = self.by_domain(account);
        let is_banned = domains.is_some_and(|domains| domains.affiliation == Affiliation::Outcast);
        own.filter(|_| !is_banned).or(domains)
    }

    /// What all accounts of its domain have.
    fn by_domain(&self, account: &BareJid) -> Option<&Affiliated> {
        account.local()?;
        let domain = BareJid::parse(account.domain()).ok()?;
        self.0.get(&domain).filter(|listed| is_domains(&domain, listed))
    }

    /// How many accounts of a domain have an affiliation of their own which a ban of the domain does not touch. It goes
    /// through all affiliations.
    pub fn exempt(&self, domain: &BareJid) -> usize {
        let stays = |jid: &BareJid, listed: &Affiliated| {
            listed.affiliation >= Affiliation::Member && !listed.unvetted && jid.domain() == domain.as_str()
        };
        self.0.iter().filter(|(jid, listed)| *jid != domain && stays(jid, listed)).count()
    }

    /// Puts an account or a domain on the lists, or takes it off; gives what was there.
    pub(crate) fn put(&mut self, party: &Party, new: Option<Affiliated>) -> Option<Affiliated> {
        match new {
            Some(new) => self.0.insert(party.as_bare().clone(), new),
            None => self.0.remove(party.as_bare()),
        }
    }
}

/// Whether what is on the lists under an address is that of a whole domain.
fn is_domains(jid: &BareJid, listed: &Affiliated) -> bool {
    jid.local().is_none() && listed.affiliation <= Affiliation::Member
}

/// What there is on the lists, by the very address.
impl Deref for Affiliations {
    type Target = OrdMap<BareJid, Affiliated>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<'a> IntoIterator for &'a Affiliations {
    type Item = (&'a BareJid, &'a Affiliated);
    type IntoIter = <&'a OrdMap<BareJid, Affiliated> as IntoIterator>::IntoIter;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

/// As they were stored.
impl FromIterator<(BareJid, Affiliated)> for Affiliations {
    fn from_iter<I: IntoIterator<Item = (BareJid, Affiliated)>>(stored: I) -> Self {
        Self(stored.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ban_counts_for_both_spellings_of_a_domain() {
        // 45-9.1-a, 45-9.2-e
        let jid = |text| BareJid::parse(text).expect("an address");
        for (banned, enters) in [
            ("eve@sécret.example", "eve@xn--scret-bsa.example"),
            ("eve@xn--scret-bsa.example", "eve@sécret.example"),
            ("sécret.example", "eve@xn--scret-bsa.example"),
            ("xn--scret-bsa.example", "eve@sécret.example"),
        ] {
            let listed = |affiliation| -> Affiliations {
                [(jid(banned), Affiliated::new(affiliation))].into_iter().collect()
            };
            let of = |all: &Affiliations| all.of(&jid(enters)).map(|listed| listed.affiliation);
            assert_eq!(of(&listed(Affiliation::Outcast)), Some(Affiliation::Outcast), "{banned}");
            assert_eq!(of(&listed(Affiliation::Member)), None, "{banned}");
            // The ban of an owner needs what it always needs: their own address, and the right to it.
            let mut owned = listed(Affiliation::Outcast);
            owned.0.insert(jid(enters), Affiliated::new(Affiliation::Owner));
            assert_eq!(of(&owned), Some(Affiliation::Owner), "{banned}");
        }
        assert_eq!(jid("a@b.example").respelled(), []);
        let all = jid("a@é.ü.example").respelled();
        assert_eq!(all.len(), 3, "{all:?}");
        assert!(all.iter().all(|one| one.respelled().contains(&jid("a@é.ü.example"))));
    }

    #[test]
    fn what_a_domain_has_is_its_accounts_and_what_one_address_has_is_its_own() {
        // 45-9.2-e
        let jid = |text| BareJid::parse(text).expect("an address");
        let of = |affiliation, who| {
            let all: Affiliations = [(jid("d"), Affiliated::new(affiliation))].into_iter().collect();
            let is = |a: Option<&Affiliated>| a.map(|a| a.affiliation);
            (is(all.of(&jid(who))), is(all.own(&jid(who))))
        };
        for rule in [Affiliation::Outcast, Affiliation::Member] {
            assert_eq!(of(rule, "a@d"), (Some(rule), None));
            assert_eq!(of(rule, "d"), (Some(rule), None));
            assert_eq!(of(rule, "a@e"), (None, None));
        }
        for rank in [Affiliation::Admin, Affiliation::Owner] {
            assert_eq!(of(rank, "a@d"), (None, None));
            assert_eq!(of(rank, "d"), (Some(rank), Some(rank)));
        }
    }
}
