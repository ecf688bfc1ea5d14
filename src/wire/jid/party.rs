//! What an address names: one account, or all accounts of a domain. They are different types, so that nothing that is
//! said by or about one account can come to be about its whole domain.

use super::{BareJid, Jid};

/// One account: exactly this address and no other, be it without a local part (a gateway, a bot, a server).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Account(BareJid);

/// All accounts of a domain, and the domain itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Domain(BareJid);

/// An account, or all accounts of a domain.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Party {
    /// One account.
    Account(Account),
    /// A domain.
    Domain(Domain),
}

impl Account {
    /// The account with this bare address, as the server stamps it on what the account sends.
    pub fn of(sender: &BareJid) -> Self {
        Self(sender.clone())
    }

    /// The address.
    pub fn as_bare(&self) -> &BareJid {
        &self.0
    }

    /// Whether the address is one of many of its domain. The address of an account without a local part is that of
    /// its domain: in a list it would stand for all of them.
    pub fn has_local(&self) -> bool {
        self.0.local().is_some()
    }
}

impl Domain {
    /// The domain that an address without local part and resource names.
    pub fn named(jid: &Jid) -> Option<Self> {
        (jid.local().is_none() && !jid.is_full()).then(|| Self(jid.to_bare()))
    }

    /// The domain as an address.
    pub fn as_bare(&self) -> &BareJid {
        &self.0
    }
}

impl Party {
    /// What an address names that was written by who may name domains. One with a resource names an account: that of
    /// the client.
    pub fn named(jid: &Jid) -> Self {
        Domain::named(jid).map_or_else(|| Self::Account(Account(jid.to_bare())), Self::Domain)
    }

    /// The address.
    pub fn as_bare(&self) -> &BareJid {
        match self {
            Self::Account(account) => account.as_bare(),
            Self::Domain(domain) => domain.as_bare(),
        }
    }

    /// Whether this is the account, or that of its domain, in either spelling.
    pub fn covers(&self, account: &BareJid) -> bool {
        match self {
            Self::Account(one) => &one.0 == account,
            Self::Domain(domain) => {
                let other = || account.respelled().iter().any(|other| other.domain() == domain.0.domain());
                domain.0.domain() == account.domain() || other()
            }
        }
    }
}

impl From<Account> for Party {
    fn from(account: Account) -> Self {
        Self::Account(account)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_an_account_or_a_domain() {
        // 45-9.2-e
        let named = |text| Party::named(&Jid::parse(text).expect("an address"));
        let account = |text| BareJid::parse(text).expect("an address");
        for (text, covered) in [
            ("a@d", [true, false, false]),
            ("a@d/r", [true, false, false]),
            ("d/r", [false, false, true]),
            ("d", [true, true, true]),
        ] {
            let covers = ["a@d", "b@d", "d"].map(|other| named(text).covers(&account(other)));
            assert_eq!(covers, covered, "{text}");
            assert!(!named(text).covers(&account("a@e")));
        }
    }
}
