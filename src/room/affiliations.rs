//! Who has which affiliation: accounts, and whole domains (XEP-0045 §5.2, §9.2).
//!
//! An address with a local part is an account. One without is a domain, and stands for all of its accounts; it is never more
//! than a member. What is more was left by times in which a gateway or a bot at such an address could make a room, and is
//! that address's alone.

use std::ops::Deref;

use imbl::OrdMap;

use super::state::{Affiliated, Affiliation};
use crate::wire::jid::{BareJid, Party};

/// The affiliations of a room by address. Reading is free; what is written names an account or a domain as what it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Affiliations(OrdMap<BareJid, Affiliated>);

impl Affiliations {
    /// What an account has itself.
    pub fn own(&self, account: &BareJid) -> Option<&Affiliated> {
        self.0.get(account).filter(|listed| !is_domains(account, listed))
    }

    /// What an account has itself, or else by its domain.
    pub fn of(&self, account: &BareJid) -> Option<&Affiliated> {
        self.0.get(account).or_else(|| {
            account.local()?;
            let domain = BareJid::parse(account.domain()).ok()?;
            self.0.get(&domain).filter(|listed| is_domains(&domain, listed))
        })
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
