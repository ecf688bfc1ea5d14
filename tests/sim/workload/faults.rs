//! What goes wrong, and how it ends.

use super::Workload;
use crate::action::Action;
use crate::net::{Link, Remote};
use crate::run::Run;

impl Workload {
    /// Something goes wrong.
    pub(super) fn fault(&mut self, run: &Run<'_>) -> Option<Action> {
        let up = run.net.link == Link::Up;
        let kind = match self.random.below(3) {
            0 => self.random.below(100),
            plague => self.plagues[plague - 1],
        };
        Some(match kind {
            0..12 => Action::Crash,
            12..14 => Action::Stop,
            14..20 => Action::Restart,
            20..25 => Action::InPlace,
            25..30 => Action::Disk { store_left: self.left(), archive_left: None },
            30..34 => Action::Disk { store_left: None, archive_left: self.left() },
            34..40 => Action::Disk { store_left: self.left(), archive_left: self.left() },
            40..48 if up => Action::Link(Link::Cut { returns: self.random.chance(50) }),
            48..52 if up => Action::Link(Link::Mute),
            52..55 => Action::ServerRestart,
            55..66 if run.net.remote == Remote::Up => {
                Action::Remote(*self.random.pick(&[Remote::NotFound, Remote::Silent]))
            }
            66..84 => {
                let who = self.random.below(run.cast.clients);
                Action::Gone { who, said: self.random.chance(70) }
            }
            84..87 => {
                let who = self.random.below(run.cast.clients);
                let seats: Vec<_> = run.sheets.iter().flat_map(|sheet| &sheet.seats).collect();
                let nick = seats.get(self.random.below(seats.len().max(1)))?.nick.clone();
                Action::Block { who, nick }
            }
            87..93 if !run.host.stalled => Action::Stall { stalled: true },
            93..98 => Action::Clock { seconds: *self.random.pick(&[3600, -3600, 90, -90]) },
            _ => return None,
        })
    }

    /// Commits that are taken before none is.
    fn left(&mut self) -> Option<u32> {
        Some(*self.random.pick(&[0, 0, 1, 2]))
    }

    /// What is wrong goes on for a while, and ends.
    pub(super) fn relief(&mut self, run: &Run<'_>) -> Option<Action> {
        let wait = |seconds| Some(Action::Wait { seconds });
        if run.host.stalled {
            return match self.random.below(10) {
                0..2 => Some(Action::Stall { stalled: false }),
                2 => wait(30),
                _ => None,
            };
        }
        if run.net.link != Link::Up {
            return match self.random.below(20) {
                0..3 => Some(Action::Link(Link::Up)),
                3 => wait(*self.random.pick(&[1, 30, 300])),
                4..7 => Some(Action::Gone {
                    who: self.random.below(run.cast.clients),
                    said: self.random.chance(80),
                }),
                _ => None,
            };
        }
        if run.net.remote != Remote::Up {
            return match self.random.below(20) {
                0..2 => Some(Action::Remote(Remote::Up)),
                2..4 => wait(*self.random.pick(&[10, 60, 100, 200])),
                _ => None,
            };
        }
        if !run.host.disk_works() && self.random.chance(8) {
            return Some(Action::Disk { store_left: None, archive_left: None });
        }
        None
    }
}
