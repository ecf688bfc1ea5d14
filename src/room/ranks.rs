//! What is asked of the affiliations in other orders than that of addresses. Kept with each change, so that no event goes
//! through a list of a hundred thousand.

use imbl::OrdSet;
use jiff::Timestamp;

use super::weight::of_affiliation;
use crate::room::state::{Affiliated, State};
use crate::wire::jid::BareJid;
use crate::wire::muc::Affiliation;

/// The affiliations of a room in several orders. A copy costs next to nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ranks {
    /// How many affiliations there are.
    all: usize,
    /// About what bans take in memory, and what the others take, in bytes.
    bytes: (usize, usize),
    /// The owners.
    pub owners: OrdSet<BareJid>,
    /// The admins.
    pub admins: OrdSet<BareJid>,
    /// Those who are banned.
    pub banned: OrdSet<BareJid>,
    /// What has changed since the lists have versions, by the version in which it did.
    changed: OrdSet<(u64, BareJid)>,
    /// Bans that end by themselves, by when.
    ends: OrdSet<(Timestamp, BareJid)>,
}

impl Ranks {
    /// Those of all affiliations.
    pub(crate) fn of(state: &State) -> Self {
        let mut ranks = Self::default();
        for (jid, affiliated) in &state.affiliations {
            ranks.add(jid, affiliated);
        }
        ranks
    }

    /// About what bans take in memory, and what the others take, in bytes.
    pub fn bytes(&self) -> (usize, usize) {
        self.bytes
    }

    fn sum_of(&mut self, affiliated: &Affiliated) -> &mut usize {
        match affiliated.affiliation {
            Affiliation::Outcast => &mut self.bytes.0,
            _ => &mut self.bytes.1,
        }
    }

    /// An affiliation is on the lists.
    pub(crate) fn add(&mut self, jid: &BareJid, affiliated: &Affiliated) {
        self.all += 1;
        *self.sum_of(affiliated) += of_affiliation(jid, affiliated);
        match affiliated.affiliation {
            Affiliation::Owner => drop(self.owners.insert(jid.clone())),
            Affiliation::Admin => drop(self.admins.insert(jid.clone())),
            Affiliation::Outcast => drop(self.banned.insert(jid.clone())),
            _ => {}
        }
        if affiliated.version > 0 {
            self.changed.insert((affiliated.version, jid.clone()));
        }
        if let Some(end) = affiliated.expires() {
            self.ends.insert((end, jid.clone()));
        }
    }

    /// An affiliation is as it was on the lists no more.
    pub(crate) fn remove(&mut self, jid: &BareJid, affiliated: &Affiliated) {
        self.all -= 1;
        *self.sum_of(affiliated) -= of_affiliation(jid, affiliated);
        match affiliated.affiliation {
            Affiliation::Owner => drop(self.owners.remove(jid)),
            Affiliation::Admin => drop(self.admins.remove(jid)),
            Affiliation::Outcast => drop(self.banned.remove(jid)),
            _ => {}
        }
        if affiliated.version > 0 {
            self.changed.remove(&(affiliated.version, jid.clone()));
        }
        if let Some(end) = affiliated.expires() {
            self.ends.remove(&(end, jid.clone()));
        }
    }

    /// How many affiliations there are.
    pub(crate) fn len(&self) -> usize {
        self.all
    }

    /// How many of them are no bans.
    pub(crate) fn others(&self) -> usize {
        self.all - self.banned.len()
    }

    /// Whose affiliations have changed after a version.
    pub(crate) fn changed_since(&self, version: u64) -> impl Iterator<Item = &BareJid> {
        let after = self.changed.iter().rev().take_while(move |(changed, _)| *changed > version);
        after.map(|(_, jid)| jid)
    }

    /// Bans whose time is over.
    pub(crate) fn ended(&self, now: Timestamp) -> impl Iterator<Item = &BareJid> {
        self.ends.iter().take_while(move |(end, _)| *end <= now).map(|(_, jid)| jid)
    }
}
