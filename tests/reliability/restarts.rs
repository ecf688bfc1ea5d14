//! Rooms full of people who talk, restarted in every way, again and again; and what the people saw of it.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::check::Verdict;
use super::crowd::{Crowd, everybody_is_in};
use super::picture::Counts;
use super::server::Server;
use super::service::Service;
use crate::servers::host::{Kind, MUC, PEER_MUC};

/// Messages a second, in all rooms together.
const RATE: u32 = 40;
/// How long people talk before the restart, and after it.
const TALK: Duration = Duration::from_millis(1500);
/// After this time nothing may be missing any more.
const PATIENCE: Duration = Duration::from_secs(60);

/// Whose rooms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rooms {
    /// Ours, behind the server; our service is restarted.
    Ours,
    /// The server's own; the server is restarted.
    Theirs,
}

/// How they are restarted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Orderly,
    Killed,
    /// Without an end: `SIGUSR2` for ours, a reload of the module for theirs.
    InPlace,
}

impl Way {
    pub(crate) const ALL: [Self; 3] = [Self::Orderly, Self::Killed, Self::InPlace];

    fn name(self, rooms: Rooms) -> &'static str {
        match (self, rooms) {
            (Self::Orderly, _) => "stop and start",
            (Self::Killed, _) => "`kill -9` and start",
            (Self::InPlace, Rooms::Ours) => "in place",
            (Self::InPlace, Rooms::Theirs) => "module reloaded",
        }
    }
}

/// A server, with our service if the rooms are ours, and the people.
pub(crate) struct Stage {
    // Before the server, whose folder it lives in.
    service: Option<Service>,
    server: Server,
    crowd: Crowd,
}

/// What was seen in all rounds of one way.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) rounds: u64,
    pub(crate) people: u64,
    pub(crate) verdict: Verdict,
    pub(crate) counts: Counts,
    /// Rounds after which all was well within the minute.
    pub(crate) healed: u64,
    /// The longest time in each round in which nothing was acknowledged to anybody.
    silences: Vec<Duration>,
}

impl Stage {
    /// Starts it all and waits until everybody is in.
    pub(crate) async fn set(kind: Kind, rooms: Rooms, people: usize, of: usize) -> Result<Self, String> {
        let server = tokio::task::block_in_place(|| Server::new(kind))?;
        let (service, domain) = match rooms {
            Rooms::Ours => {
                let folder = server.folder().join("service");
                (Some(Service::new(&folder, server.component_port, "")?), MUC)
            }
            Rooms::Theirs => (None, PEER_MUC),
        };
        let crowd = Crowd::gather(&server.door(), domain, people, of).await?;
        Ok(Self { service, server, crowd })
    }

    /// Restarts so many times in one way.
    pub(crate) async fn rounds(&mut self, way: Way, rounds: u64) -> Result<Tally, String> {
        let mut tally = Tally { people: self.crowd.people.len() as u64, ..Tally::default() };
        for _ in 0..rounds {
            self.round(way, &mut tally).await?;
        }
        Ok(tally)
    }

    async fn round(&mut self, way: Way, tally: &mut Tally) -> Result<(), String> {
        // What the last round left behind is not counted again.
        everybody_is_in(&self.crowd.people, 3 * PATIENCE).await?;
        self.crowd.turn_page().await;
        let talk = self.crowd.talk(RATE);
        sleep(TALK).await;
        let begun = Instant::now();
        let deadline = begun + PATIENCE;
        tokio::task::block_in_place(|| self.restart(way))?;
        sleep(TALK).await;
        // Who has to come in again does so while others talk.
        let _ = everybody_is_in(&self.crowd.people, deadline.saturating_duration_since(Instant::now())).await;
        self.crowd.is_heard_again(deadline).await;
        sleep(TALK).await;
        drop(talk);
        let verdict = self.crowd.settle(deadline).await;
        let counts = self.crowd.counts();
        let silence = self.crowd.silence();
        eprintln!("{way:?}: silent for {silence:?}; {verdict:?}; {counts:?}");
        tally.add(verdict, counts, silence);
        Ok(())
    }

    fn restart(&mut self, way: Way) -> Result<(), String> {
        match (&mut self.service, way) {
            (Some(service), Way::InPlace) => service.replace(),
            (Some(service), _) => service.stop(way == Way::Orderly).and_then(|()| service.start()),
            (None, Way::InPlace) => self.server.reload_rooms(),
            (None, _) => self.server.stop(way == Way::Orderly).and_then(|()| self.server.start()),
        }
    }
}

impl Tally {
    fn add(&mut self, verdict: Verdict, counts: Counts, silence: Duration) {
        self.rounds += 1;
        self.healed += u64::from(verdict.is_good());
        self.verdict += verdict;
        self.counts += counts;
        self.silences.push(silence);
        self.silences.sort();
    }

    /// What the criterion wants of our rooms: nobody had to come in again, everybody sees everybody, nobody is shown anew,
    /// every acknowledged message is there once and in order.
    pub(crate) fn is_unnoticed(&self) -> bool {
        let Counts { broken, rejoins, repeated, .. } = self.counts;
        self.healed == self.rounds && broken == 0 && rejoins == 0 && repeated == 0
    }

    /// Errors of all conditions.
    pub(crate) fn errors(&self) -> u64 {
        self.counts.errors.values().sum()
    }

    /// A row of the table.
    pub(crate) fn row(&self, kind: Kind, rooms: Rooms, way: Way) -> String {
        let Verdict { outside, missing, surplus, said, acknowledged, refused, unanswered, .. } = self.verdict;
        let Verdict { lost, doubled, disordered, misfiled, .. } = self.verdict;
        let Counts { broken, rejoins, repeated, .. } = self.counts;
        let whose = match rooms {
            Rooms::Ours => "Conclave behind",
            Rooms::Theirs => "own rooms of",
        };
        let (median, longest) =
            (self.silences[self.silences.len() / 2], self.silences[self.silences.len() - 1]);
        let mut row = format!("| {whose} {} | {} | {}", kind.name(), way.name(rooms), self.rounds);
        let absent = missing + outside;
        for number in [broken, rejoins, absent, surplus, self.errors(), repeated, said, acknowledged, refused]
        {
            write!(row, " | {number}").expect("text takes text");
        }
        for number in [unanswered, lost, doubled, disordered, misfiled] {
            write!(row, " | {number}").expect("text takes text");
        }
        write!(row, " | {:.1} / {:.1} s |", median.as_secs_f64(), longest.as_secs_f64())
            .expect("text takes text");
        row
    }

    /// The head of the table.
    pub(crate) fn head() -> String {
        let columns = [
            "rooms",
            "restart",
            "rounds",
            "connections broken",
            "entered again",
            "missing after 60 s",
            "doubled after 60 s",
            "errors seen",
            "presences repeated",
            "messages said",
            "acknowledged",
            "came back as errors",
            "no answer",
            "acknowledged and lost",
            "shown twice",
            "out of order",
            "archive wrong",
            "silence, median / longest",
        ];
        format!("| {} |\n|---|---|{}", columns.join(" | "), "--:|".repeat(columns.len() - 2))
    }
}
