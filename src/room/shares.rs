//! What a room remembers until an answer comes, on behalf of those who asked: bounded, and nobody's takes the place of
//! another's.
//!
//! An account that has too much loses its own oldest. When all together have too much, the domain with the most gives way,
//! in it the account with the most, of that the oldest. So who has little keeps it, however much others ask.

use std::sync::Arc;
use std::time::Duration;

use imbl::{HashMap, OrdMap, OrdSet};

use super::held::Held;
use crate::wire::jid::BareJid;

/// How much is remembered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Most of one account.
    pub of_one: usize,
    /// Most of all together.
    pub of_all: usize,
}

/// Something that is remembered.
#[derive(Clone, Debug)]
pub(crate) struct Kept<T> {
    /// The id by which it is found.
    pub id: Arc<str>,
    /// On whose behalf.
    pub owner: BareJid,
    /// Since when, by [`super::context::Context::uptime`].
    pub since: Duration,
    /// What it is.
    pub value: T,
    /// Its bytes, which count for the account; `None` where they are not counted.
    pub _held: Option<Arc<Held>>,
}

/// All that is remembered of one kind. A copy costs next to nothing.
#[derive(Clone, Debug)]
pub(crate) struct Shares<T> {
    /// In the order in which it came.
    entries: OrdMap<u64, Arc<Kept<T>>>,
    places: HashMap<Arc<str>, u64>,
    accounts: OrdMap<BareJid, OrdSet<u64>>,
    domains: OrdMap<Arc<str>, usize>,
    next: u64,
}

impl<T> Default for Shares<T> {
    fn default() -> Self {
        Self {
            entries: OrdMap::new(),
            places: HashMap::default(),
            accounts: OrdMap::new(),
            domains: OrdMap::new(),
            next: 0,
        }
    }
}

impl<T: Clone> Shares<T> {
    /// Everything, oldest first.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Kept<T>> {
        self.entries.values().map(|kept| &**kept)
    }

    /// What is remembered for `owner`, oldest first.
    pub(crate) fn of(&self, owner: &BareJid) -> impl Iterator<Item = &Kept<T>> {
        let places = self.accounts.get(owner).into_iter().flatten();
        places.filter_map(|place| self.entries.get(place)).map(|kept| &**kept)
    }

    /// What is found by `id`.
    pub(crate) fn get(&self, id: &str) -> Option<&Kept<T>> {
        self.entries.get(self.places.get(id)?).map(|kept| &**kept)
    }

    /// Remembers something. What has to go for it comes back: that may be what was to be remembered.
    pub(crate) fn add(&mut self, kept: Kept<T>, bounds: Bounds) -> Option<Arc<Kept<T>>> {
        let owner = kept.owner.clone();
        let place = self.next;
        self.next += 1;
        self.places.insert(kept.id.clone(), place);
        self.entries.insert(place, Arc::new(kept));
        self.accounts.entry(owner.clone()).or_default().insert(place);
        *self.domains.entry(owner.domain().into()).or_default() += 1;
        if self.accounts.get(&owner).is_some_and(|places| places.len() > bounds.of_one) {
            return self.remove_oldest(&owner);
        }
        if self.entries.len() > bounds.of_all {
            let heaviest = self.heaviest(&owner).clone();
            return self.remove_oldest(&heaviest);
        }
        None
    }

    /// Forgets what is found by `id`, and returns it.
    pub(crate) fn remove(&mut self, id: &str) -> Option<Arc<Kept<T>>> {
        let place = *self.places.get(id)?;
        self.remove_at(place)
    }

    /// Forgets the oldest of all if it came at `until` or before, and returns it.
    pub(crate) fn remove_older(&mut self, until: Duration) -> Option<Arc<Kept<T>>> {
        let (place, oldest) = self.entries.get_min()?;
        if oldest.since > until {
            return None;
        }
        let place = *place;
        self.remove_at(place)
    }

    /// The account with the most, of the domain with the most; of equals, that of `newcomer`.
    fn heaviest<'a>(&'a self, newcomer: &'a BareJid) -> &'a BareJid {
        let own = newcomer.domain();
        let domain = self.domains.iter().max_by_key(|(domain, count)| (**count, domain.as_ref() == own));
        let domain = domain.map_or(own, |(domain, _)| domain);
        let accounts = self.accounts.iter().filter(|(account, _)| account.domain() == domain);
        let most = accounts.max_by_key(|(account, places)| (places.len(), *account == newcomer));
        most.map_or(newcomer, |(account, _)| account)
    }

    fn remove_oldest(&mut self, owner: &BareJid) -> Option<Arc<Kept<T>>> {
        let place = *self.accounts.get(owner)?.get_min()?;
        self.remove_at(place)
    }

    fn remove_at(&mut self, place: u64) -> Option<Arc<Kept<T>>> {
        let kept = self.entries.remove(&place)?;
        self.places.remove(&kept.id);
        if let Some(places) = self.accounts.get_mut(&kept.owner) {
            places.remove(&place);
            if places.is_empty() {
                self.accounts.remove(&kept.owner);
            }
        }
        if let Some(count) = self.domains.get_mut(kept.owner.domain()) {
            *count -= 1;
            if *count == 0 {
                self.domains.remove(kept.owner.domain());
            }
        }
        Some(kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds { of_one: 3, of_all: 6 };

    fn add(shares: &mut Shares<()>, owner: &str, id: &str) -> Option<String> {
        let owner = BareJid::parse(owner).expect("a jid");
        let kept = Kept { id: id.into(), owner, since: Duration::ZERO, value: (), _held: None };
        shares.add(kept, BOUNDS).map(|gone| gone.id.to_string())
    }

    #[test]
    fn who_has_too_much_loses_the_own_oldest() {
        let mut shares = Shares::default();
        add(&mut shares, "victim@v", "0");
        for id in ["1", "2", "3"] {
            assert_eq!(add(&mut shares, "a@x", id), None);
        }
        assert_eq!(add(&mut shares, "a@x", "4").as_deref(), Some("1"));
        assert!(shares.get("0").is_some() && shares.get("1").is_none());
        assert_eq!(shares.of(&BareJid::parse("a@x").expect("a jid")).count(), 3);
    }

    #[test]
    fn many_accounts_of_a_domain_take_no_place_of_others() {
        let mut shares = Shares::default();
        add(&mut shares, "victim@v", "victim");
        for n in 0..5 {
            assert_eq!(add(&mut shares, &format!("{n}@x"), &format!("x{n}")), None);
        }
        // Each has one: the domain that has the most gives way, and of equal accounts the one that asks.
        assert_eq!(add(&mut shares, "9@x", "x9").as_deref(), Some("x9"));
        // A domain that has little takes from the one that has much.
        assert!(add(&mut shares, "victim@v", "more").is_some_and(|gone| gone.starts_with('x')));
        assert!(shares.get("victim").is_some() && shares.get("more").is_some());
        assert_eq!(shares.iter().count(), BOUNDS.of_all);
    }

    #[test]
    fn what_is_removed_leaves_nothing_behind() {
        let mut shares = Shares::default();
        for (owner, id) in [("a@x", "1"), ("b@x", "2"), ("a@y", "3")] {
            add(&mut shares, owner, id);
        }
        assert!(shares.remove("2").is_some() && shares.remove("2").is_none());
        assert!(shares.remove_older(Duration::ZERO).is_some_and(|gone| &*gone.id == "1"));
        assert!(shares.remove("3").is_some());
        assert!(shares.remove_older(Duration::MAX).is_none());
        assert!(shares.accounts.is_empty() && shares.domains.is_empty() && shares.places.is_empty());
    }
}
