//! What the pictures of all who are in a room say together, held against each other and against the archive.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::AddAssign;

use super::picture::{Fate, Heard};

/// What one person in a room knows.
#[derive(Clone, Debug, Default)]
pub(crate) struct View {
    pub(crate) nick: String,
    /// In the room, with all that was missed.
    pub(crate) settled: bool,
    pub(crate) occupants: BTreeSet<String>,
    pub(crate) heard: Vec<Heard>,
    pub(crate) fates: BTreeMap<String, Fate>,
    pub(crate) doubled: u64,
}

/// How many of each thing, in one room or in all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// People who are not in the room and should be.
    pub(crate) outside: u64,
    /// Occupants whom somebody does not see.
    pub(crate) missing: u64,
    /// Occupants whom somebody sees and who are not there.
    pub(crate) surplus: u64,
    /// Messages: sent in all.
    pub(crate) said: u64,
    /// Messages that their sender got back from the room.
    pub(crate) acknowledged: u64,
    /// Messages that came back as errors.
    pub(crate) refused: u64,
    /// Messages of which their sender heard nothing.
    pub(crate) unanswered: u64,
    /// Acknowledged messages that somebody in the room has not seen, counted for each who has not.
    pub(crate) lost: u64,
    /// Messages that somebody saw twice.
    pub(crate) doubled: u64,
    /// Messages that somebody saw after one that the archive has after them.
    pub(crate) disordered: u64,
    /// Acknowledged messages that the archive has not, or not once, or not in the order in which they were sent.
    pub(crate) misfiled: u64,
    /// Rooms whose archive could not be read.
    pub(crate) unreadable: u64,
}

impl Verdict {
    /// Whether everybody is in, sees everybody, and everything that was said and acknowledged is where it should be.
    pub(crate) fn is_good(&self) -> bool {
        let Self { outside, missing, surplus, lost, doubled, disordered, misfiled, unreadable, .. } = *self;
        [outside, missing, surplus, lost, doubled, disordered, misfiled, unreadable] == [0; 8]
    }
}

impl AddAssign for Verdict {
    fn add_assign(&mut self, other: Self) {
        let pairs = [
            (&mut self.outside, other.outside),
            (&mut self.missing, other.missing),
            (&mut self.surplus, other.surplus),
            (&mut self.said, other.said),
            (&mut self.acknowledged, other.acknowledged),
            (&mut self.refused, other.refused),
            (&mut self.unanswered, other.unanswered),
            (&mut self.lost, other.lost),
            (&mut self.doubled, other.doubled),
            (&mut self.disordered, other.disordered),
            (&mut self.misfiled, other.misfiled),
            (&mut self.unreadable, other.unreadable),
        ];
        for (sum, more) in pairs {
            *sum += more;
        }
    }
}

/// Judges one room: what everybody there knows, and what the archive has.
pub(crate) fn room(views: &[View], archive: Option<&[Heard]>) -> Verdict {
    let mut verdict = Verdict { unreadable: u64::from(archive.is_none()), ..Verdict::default() };
    let nicks: BTreeSet<String> = views.iter().map(|view| view.nick.clone()).collect();
    let fates = || views.iter().flat_map(|view| &view.fates);
    let count = |fate| fates().filter(|(_, is)| **is == fate).count() as u64;
    verdict.acknowledged = count(Fate::Acknowledged);
    verdict.refused = count(Fate::Refused);
    verdict.unanswered = count(Fate::Waiting);
    verdict.said = verdict.acknowledged + verdict.refused + verdict.unanswered;
    let acknowledged: BTreeSet<&String> =
        fates().filter(|(_, fate)| **fate == Fate::Acknowledged).map(|(id, _)| id).collect();
    for view in views {
        verdict.outside += u64::from(!view.settled);
        verdict.missing += nicks.difference(&view.occupants).count() as u64;
        verdict.surplus += view.occupants.difference(&nicks).count() as u64;
        verdict.doubled += view.doubled;
        let heard: BTreeSet<&String> = view.heard.iter().map(|heard| &heard.id).collect();
        verdict.lost += acknowledged.difference(&heard).count() as u64;
    }
    let Some(archive) = archive else { return verdict };
    let places: BTreeMap<&String, usize> =
        archive.iter().enumerate().map(|(place, heard)| (&heard.id, place)).collect();
    for view in views {
        let seen: Vec<usize> = view.heard.iter().filter_map(|heard| places.get(&heard.id)).copied().collect();
        verdict.disordered += seen.windows(2).filter(|pair| pair[1] < pair[0]).count() as u64;
    }
    verdict.misfiled += acknowledged.iter().filter(|id| !places.contains_key(**id)).count() as u64;
    verdict.misfiled += (archive.len() - places.len()) as u64;
    let mut numbers: BTreeMap<&str, u64> = BTreeMap::new();
    for (nick, number) in archive.iter().filter_map(|heard| author(&heard.id)) {
        let before = numbers.insert(nick, number);
        verdict.misfiled += u64::from(before.is_some_and(|before| before > number));
    }
    verdict
}

/// Whose message it is, and the how many-th.
pub(crate) fn author(id: &str) -> Option<(&str, u64)> {
    let (nick, number) = id.rsplit_once('-')?;
    Some((nick, number.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(ids: &[&str]) -> Vec<Heard> {
        ids.iter().map(|id| Heard { id: (*id).to_owned(), stanza_id: format!("at-{id}") }).collect()
    }

    /// Two people who have said two things each and seen it all.
    fn good() -> (Vec<View>, Vec<Heard>) {
        let all = heard(&["ann-1", "bob-1", "ann-2", "bob-2"]);
        let view = |nick: &str| View {
            nick: nick.to_owned(),
            settled: true,
            occupants: ["ann", "bob"].map(str::to_owned).into(),
            heard: all.clone(),
            fates: (1..3).map(|n| (format!("{nick}-{n}"), Fate::Acknowledged)).collect(),
            doubled: 0,
        };
        (vec![view("ann"), view("bob")], all)
    }

    /// The verdict after somebody spoilt what is good.
    fn spoilt(spoil: impl FnOnce(&mut Vec<View>, &mut Vec<Heard>)) -> Verdict {
        let (mut views, mut archive) = good();
        spoil(&mut views, &mut archive);
        room(&views, Some(&archive))
    }

    #[test]
    fn the_checkers_are_quiet_about_what_is_good_and_name_what_is_not() {
        let fine = Verdict { said: 4, acknowledged: 4, ..Verdict::default() };
        assert_eq!(spoilt(|_, _| {}), fine);
        assert!(fine.is_good());
        let bad = [
            (spoilt(|v, _| v[0].settled = false), Verdict { outside: 1, ..fine }),
            (spoilt(|v, _| assert!(v[0].occupants.remove("bob"))), Verdict { missing: 1, ..fine }),
            (spoilt(|v, _| assert!(v[0].occupants.insert("eve".to_owned()))), Verdict { surplus: 1, ..fine }),
            (spoilt(|v, _| drop(v[0].heard.remove(1))), Verdict { lost: 1, ..fine }),
            (spoilt(|v, _| v[1].doubled = 1), Verdict { doubled: 1, ..fine }),
            (spoilt(|v, _| v[1].heard.swap(1, 2)), Verdict { disordered: 1, ..fine }),
            (spoilt(|_, a| drop(a.remove(3))), Verdict { misfiled: 1, ..fine }),
            (spoilt(|_, a| a.push(a[3].clone())), Verdict { misfiled: 1, ..fine }),
        ];
        for (found, due) in bad {
            assert_eq!(found, due);
            assert!(!found.is_good());
        }
        let swapped = spoilt(|views, archive| {
            archive.swap(0, 2);
            views.iter_mut().for_each(|view| view.heard.swap(0, 2));
        });
        assert_eq!(swapped, Verdict { misfiled: 1, ..fine }, "what one person says keeps its order");
        assert_eq!(room(&good().0, None), Verdict { unreadable: 1, ..fine });
    }

    #[test]
    fn what_was_never_acknowledged_may_be_missing() {
        let found = spoilt(|views, archive| {
            views[0].fates.insert("ann-3".to_owned(), Fate::Waiting);
            views[0].fates.insert("ann-4".to_owned(), Fate::Refused);
            archive.extend(heard(&["ann-3"]));
        });
        assert!(found.is_good());
        assert_eq!((found.said, found.unanswered, found.refused), (6, 1, 1));
    }
}
