//! How many bytes of messages archives hold, and what is too much: of a room, of all rooms of an account, of all of a domain.
//! The account that created a room has them, as it has the place of the room.

use std::collections::HashMap;
use std::sync::Arc;

use crate::config::ArchiveSettings;
use crate::room::archive::ArchiveId;
use crate::room::context::Service;
use crate::store::Size;
use crate::wire::jid::BareJid;

/// How many times as much the service's own domain may have as another.
const OWN_TIMES: u64 = 10;

/// The bounds, in bytes. 0 is any number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Bounds {
    pub(super) room: u64,
    pub(super) account: u64,
    pub(super) domain: u64,
}

impl From<&ArchiveSettings> for Bounds {
    fn from(settings: &ArchiveSettings) -> Self {
        Self {
            room: settings.room_bytes_max,
            account: settings.account_bytes_max,
            domain: settings.domain_bytes_max,
        }
    }
}

impl Bounds {
    /// As long as all archives together have no more, none has too much; `None` if nothing is bounded.
    pub(super) fn least(self) -> Option<u64> {
        [self.room, self.account, self.domain].into_iter().filter(|most| *most > 0).min()
    }
}

/// An archive, how much it holds, and the account that created its room, if that is known.
#[derive(Clone, Debug, Default)]
pub(super) struct Held {
    pub(super) size: Size,
    pub(super) founder: Option<BareJid>,
}

/// What is to go of which archives, in bytes.
pub(super) fn excess(
    held: &HashMap<ArchiveId, Held>,
    bounds: Bounds,
    service: &Arc<Service>,
) -> Vec<(ArchiveId, u64)> {
    let most_of_room = unless_zero(bounds.room);
    let mut of_accounts: HashMap<&BareJid, Vec<(&ArchiveId, u64)>> = HashMap::new();
    let mut kept: HashMap<&ArchiveId, u64> = HashMap::new();
    for (id, Held { size, founder }) in held {
        let bytes = size.bytes.min(most_of_room);
        kept.insert(id, bytes);
        if let Some(founder) = founder.as_ref().filter(|founder| !service.is_admin(founder)) {
            of_accounts.entry(founder).or_default().push((id, bytes));
        }
    }
    let mut of_domains: HashMap<&str, Vec<(&BareJid, u64)>> = HashMap::new();
    for (account, archives) in &of_accounts {
        let sum = sum(archives).min(unless_zero(bounds.account));
        of_domains.entry(account.domain()).or_default().push((account, sum));
    }
    for accounts in of_domains.values() {
        let times = if accounts.iter().any(|(account, _)| service.is_local(account)) { OWN_TIMES } else { 1 };
        let most = level(accounts, unless_zero(bounds.domain).saturating_mul(times));
        for (account, sum) in accounts {
            let archives = &of_accounts[account];
            let most = level(archives, *sum.min(&most));
            kept.extend(archives.iter().map(|(id, bytes)| (*id, *bytes.min(&most))));
        }
    }
    let too_much = |(id, kept): (&ArchiveId, u64)| {
        let bytes = held[id].size.bytes.saturating_sub(kept);
        (bytes > 0).then(|| (id.clone(), bytes))
    };
    kept.into_iter().filter_map(too_much).collect()
}

fn unless_zero(most: u64) -> u64 {
    if most == 0 { u64::MAX } else { most }
}

fn sum<T>(of: &[(T, u64)]) -> u64 {
    of.iter().fold(0, |sum, (_, bytes)| sum.saturating_add(*bytes))
}

/// To how much those that have more are to be cut, so that all have `most` together: who has little keeps it.
fn level<T>(of: &[(T, u64)], most: u64) -> u64 {
    let mut sizes: Vec<u64> = of.iter().map(|(_, bytes)| *bytes).collect();
    sizes.sort_unstable();
    let (mut left, mut others) = (most, sizes.len() as u64);
    for bytes in sizes {
        if bytes > left / others {
            return left / others;
        }
        left -= bytes;
        others -= 1;
    }
    u64::MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(all: &[(&str, u64, &str)]) -> HashMap<ArchiveId, Held> {
        let held = |(id, bytes, founder): &(&str, u64, &str)| {
            let size = Size { bytes: *bytes, through: 0, whole: true };
            (ArchiveId((*id).to_owned()), Held { size, founder: BareJid::parse(founder).ok() })
        };
        all.iter().map(held).collect()
    }

    fn judged(all: &[(&str, u64, &str)], room: u64, account: u64, domain: u64) -> Vec<(String, u64)> {
        let service = Arc::new(Service {
            admins: vec![BareJid::parse("root@else.example").expect("an address")],
            ..Service::new(BareJid::parse("muc.own.example").expect("an address"))
        });
        let bounds = Bounds { room, account, domain };
        let mut excess: Vec<_> =
            excess(&held(all), bounds, &service).into_iter().map(|(id, bytes)| (id.0, bytes)).collect();
        excess.sort();
        excess
    }

    // 45-14.6-a
    #[test]
    fn the_largest_archives_of_who_has_too_much_are_cut_and_no_others() {
        let all = [
            ("a1", 100, "a@x.example"),
            ("a2", 30, "a@x.example"),
            ("b1", 50, "b@x.example"),
            ("c1", 10, "c@x.example"),
            ("root", 500, "root@else.example"),
            ("own", 150, "a@own.example"),
            ("none", 70, ""),
        ];
        let is = |bounds: [u64; 3], expected: &[(&str, u64)]| {
            let expected: Vec<_> = expected.iter().map(|(id, bytes)| ((*id).to_owned(), *bytes)).collect();
            assert_eq!(judged(&all, bounds[0], bounds[1], bounds[2]), expected, "{bounds:?}");
        };
        is([0, 0, 0], &[]);
        is([60, 0, 0], &[("a1", 40), ("none", 10), ("own", 90), ("root", 440)]);
        is([0, 90, 0], &[("a1", 40), ("own", 60)]);
        is([0, 40, 0], &[("a1", 80), ("a2", 10), ("b1", 10), ("own", 110)]);
        // 190 of the domain: a is cut to what is left of b, 45.
        is([0, 0, 100], &[("a1", 78), ("a2", 8), ("b1", 5)]);
        is([0, 0, 14], &[("a1", 98), ("a2", 28), ("b1", 46), ("c1", 6), ("own", 10)]);
        let all_three = [("a1", 78), ("a2", 8), ("b1", 5), ("none", 10), ("own", 90), ("root", 440)];
        is([60, 80, 100], &all_three);
    }

    #[test]
    fn as_long_as_all_have_less_than_the_least_bound_nothing_is_counted() {
        assert_eq!(Bounds::default().least(), None);
        assert_eq!(Bounds { room: 0, account: 7, domain: 9 }.least(), Some(7));
    }
}
