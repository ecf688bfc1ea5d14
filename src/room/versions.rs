//! Versions of the lists of affiliations (XEP-0463): what they are on the wire, and what each change makes of them.
//!
//! A version is a number that counts changes. On the wire it is sealed: only the room can tell how many changes lie
//! between two, since some of them are not for everybody who is told versions. It comes with a mark of this life of the
//! room and of who may see its lists, so that a client never builds on what another room had, or on what it was not shown.

use minidom::Element;

use crate::room::state::{Lost, Versions};
use crate::room::{Room, privilege};
use crate::wire::build::{Build, el};
use crate::wire::jid::BareJid;
use crate::wire::muc::Affiliation;
use crate::wire::ns;

/// Lost affiliations that are remembered. A client that was away for longer gets the whole list.
const LOST_MAX: usize = 200;

/// Most items of one message.
pub(crate) const ITEMS_MAX: usize = 200;

/// What an item is on the wire beside the address, about.
pub(crate) const ITEM_BYTES: usize = 64;

/// The affiliation of `jid` changes: the lists have a new version.
pub(crate) fn advance(versions: &mut Versions, jid: &BareJid, old: Affiliation, new: Affiliation) {
    versions.now += 1;
    let ban = old == Affiliation::Outcast;
    let lost = match new {
        Affiliation::None => true,
        Affiliation::Outcast => old > Affiliation::None,
        _ => false,
    };
    if lost {
        versions.lost.push_back(Lost { version: versions.now, jid: jid.clone(), ban });
    }
    if versions.lost.len() > LOST_MAX
        && let Some(forgotten) = versions.lost.pop_front()
    {
        versions.known_from = forgotten.version;
    }
}

/// The room shows addresses from now on: no account is told who was taken off the lists while it hid them.
pub(crate) fn forget_lost(versions: &mut Versions) {
    versions.known_from = versions.now;
    versions.lost.clear();
}

/// A change of the lists, as it is told to those who follow them (§5.2.2).
#[derive(Debug)]
pub(crate) struct Step {
    /// From which version to which.
    pub(crate) mav: Element,
    /// Whether the account that changed followed the lists before.
    pub(crate) own: bool,
}

/// The change that led from version `since` to what is now; `own` as in [`Step`].
pub(crate) fn step(room: &Room, since: u64, own: bool) -> Option<Step> {
    let now = room.state.record.versions.now;
    let offered = room.offers_versions && room.followed && now != since;
    offered.then(|| Step { mav: mav(Some(&word(room, since)), &word(room, now)), own })
}

/// Whether an account may follow the lists: it may see those of members, admins and owners (§5.2.3).
pub(crate) fn is_for(room: &Room, account: &BareJid) -> bool {
    let lists = [Affiliation::Member, Affiliation::Admin, Affiliation::Owner];
    lists.into_iter().all(|list| privilege::may_see_list(room, account, list).is_ok())
}

pub(crate) fn mav(since: Option<&str>, until: &str) -> Element {
    el("mav", ns::MAV).with_opt("since", since).with("until", until)
}

/// From where one step begins to where another ends.
pub(crate) fn span(first: &Element, last: &Element) -> Element {
    mav(first.attr("since"), last.attr("until").unwrap_or_default())
}

/// What tells the versions of this life of the room, and of those who may see its lists, from all others.
pub(crate) fn mark(room: &Room) -> String {
    let life: String = room.state.record.archive.0.chars().take(8).collect();
    format!("{life}{}", if room.is_nonanonymous() { 'a' } else { 's' })
}

pub(crate) fn word(room: &Room, version: u64) -> String {
    format!("{}-{:016x}", mark(room), seal(room, version))
}

pub(crate) fn read(room: &Room, word: &str) -> Option<u64> {
    let sealed = word.strip_prefix(&mark(room))?.strip_prefix('-').filter(|sealed| sealed.len() == 16)?;
    Some(unseal(room, u64::from_str_radix(sealed, 16).ok()?))
}

/// Rounds of the permutation that seals versions: with four, who does not know the room's secret cannot tell it from
/// chance (Luby and Rackoff).
const ROUNDS: std::ops::Range<u8> = 0..4;

/// Another number for a version, which only the room can turn back.
fn seal(room: &Room, version: u64) -> u64 {
    let (mut left, mut right) = ((version >> 32) as u32, version as u32);
    for round in ROUNDS {
        (left, right) = (right, left ^ mixed(room, round, right));
    }
    u64::from(left) << 32 | u64::from(right)
}

fn unseal(room: &Room, sealed: u64) -> u64 {
    let (mut left, mut right) = ((sealed >> 32) as u32, sealed as u32);
    for round in ROUNDS.rev() {
        (left, right) = (right ^ mixed(room, round, left), left);
    }
    u64::from(left) << 32 | u64::from(right)
}

fn mixed(room: &Room, round: u8, half: u32) -> u32 {
    let mac = room.state.record.mac(&[b"version:", &[round], &half.to_be_bytes()]);
    u32::from_be_bytes([mac[0], mac[1], mac[2], mac[3]])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_of_lost_affiliations_is_bounded() {
        // 463-2
        let mut versions = Versions::default();
        for n in 0..LOST_MAX as u64 + 5 {
            let jid = BareJid::parse(&format!("u{n}@example")).expect("a jid");
            advance(&mut versions, &jid, Affiliation::None, Affiliation::Member);
            advance(&mut versions, &jid, Affiliation::Member, Affiliation::None);
        }
        assert_eq!((versions.now, versions.lost.len(), versions.known_from), (410, LOST_MAX, 10));
        assert_eq!(versions.lost.front().map(|lost| lost.version), Some(12));
    }
}
