//! People come and go, talk, change things, and things break, for as long as is asked for.
//!
//! In one part the service must live through every fault, and what it holds is watched. In the other it is ended and
//! started in every way.

use std::time::{Duration, Instant};

use tokio::task::block_in_place;
use tokio::time::sleep;

use super::check::Verdict;
use super::churn::{Churn, Dice};
use super::crowd::Crowd;
use super::memory::{Sample, quarters};
use super::picture::Counts;
use super::proxy::{Network, Proxy};
use super::server::Server;
use super::service::Service;
use crate::servers::host::{Kind, MUC};

/// How long people are left to themselves between two looks at everything, in a long soak and in a short one; a fault
/// falls into it.
const STAGE: Duration = Duration::from_secs(14);
const STAGE_SHORT: Duration = Duration::from_secs(8);
/// How long visitors of temporary rooms stay where they are before a fault: of a leave that nobody could hear nobody will
/// ever hear.
const CALM: Duration = Duration::from_secs(4);
/// How long all may take to be well after it.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often memory is looked at.
const SAMPLE: Duration = Duration::from_secs(2);
/// Messages a second: so many that what the archive holds in memory before it goes to a file goes there every few minutes.
const RATE: u32 = 60;
const PEOPLE: usize = 48;
const ROOMS: usize = 8;
/// Bounds, so that what is kept on disk and read often does not grow without end and hide what else grows.
const SETTINGS: &str = "[archive]\nmessages_max = 500\ncache_bytes = 4194304\n";

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// The connection to the server ends and cannot be made for some seconds.
    Cut,
    /// Nothing comes through for some seconds.
    Stall,
    /// `SIGSTOP`, and `SIGCONT` two seconds later.
    Frozen,
    ServerStopped,
    ServerKilled,
    Orderly,
    Killed,
    InPlace,
}

/// Which part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// The service lives through it all.
    Alive,
    /// The service is ended and started.
    Ended,
}

impl Part {
    fn faults(self) -> &'static [Fault] {
        match self {
            Self::Alive => {
                &[Fault::Cut, Fault::Frozen, Fault::ServerStopped, Fault::Stall, Fault::ServerKilled]
            }
            Self::Ended => &[Fault::Killed, Fault::InPlace, Fault::Orderly],
        }
    }
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) minutes: f64,
    /// Looks at everything, and those at which all was well.
    pub(crate) looks: u64,
    pub(crate) quiet: u64,
    pub(crate) verdict: Verdict,
    pub(crate) counts: Counts,
    /// What people did, and faults, by name.
    pub(crate) done: Vec<(String, u64)>,
    /// What the service told of rooms and occupants when that was not what there was.
    pub(crate) leaks: Vec<String>,
    pub(crate) samples: Vec<Sample>,
}

/// Where it happens.
struct Scene {
    service: Service,
    server: Server,
    proxy: Proxy,
    crowd: Crowd,
    churn: Churn,
    dice: Dice,
}

impl Scene {
    async fn set(kind: Kind, seed: u64) -> Result<Self, String> {
        let server = block_in_place(|| Server::new(kind))?;
        let proxy = Proxy::new(server.component_port).await?;
        let service = Service::new(&server.folder().join("service"), proxy.port, SETTINGS)?;
        let crowd = Crowd::gather(&server.door(), MUC, PEOPLE, ROOMS).await?;
        let churn = Churn::new(&server.door(), MUC, seed).await?;
        Ok(Self { service, server, proxy, crowd, churn, dice: Dice(seed) })
    }

    /// People do as they like, and in the middle of it something breaks.
    async fn stage(&mut self, fault: Fault, time: Duration) -> Result<(), String> {
        let talk = self.crowd.talk(RATE);
        let end = Instant::now() + time;
        let until_fault = time / 8 * (1 + self.dice.below(4) as u32);
        self.churn.go_on(&self.crowd, until_fault).await;
        self.churn.note(&format!("fault: {fault:?}"));
        self.churn.calm = true;
        self.churn.go_on(&self.crowd, CALM).await;
        self.fail(fault).await?;
        let deadline = Instant::now() + PATIENCE;
        while !self.churn.is_answered().await && Instant::now() < deadline {
            self.churn.go_on(&self.crowd, Duration::from_millis(200)).await;
        }
        self.churn.calm = false;
        self.churn.go_on(&self.crowd, end.saturating_duration_since(Instant::now())).await;
        drop(talk);
        Ok(())
    }

    async fn fail(&mut self, fault: Fault) -> Result<(), String> {
        let seconds = Duration::from_millis(500 + self.dice.below(5000));
        match fault {
            Fault::Cut | Fault::Stall => {
                self.proxy.set(if fault == Fault::Cut { Network::Cut } else { Network::Stalled });
                sleep(seconds).await;
                self.proxy.set(Network::Up);
            }
            Fault::Frozen => {
                self.service.process()?.signal("STOP")?;
                sleep(Duration::from_secs(2)).await;
                self.service.process()?.signal("CONT")?;
            }
            Fault::ServerStopped | Fault::ServerKilled => {
                let in_order = fault == Fault::ServerStopped;
                block_in_place(|| self.server.stop(in_order).and_then(|()| self.server.start()))?;
            }
            Fault::Orderly | Fault::Killed => {
                let in_order = fault == Fault::Orderly;
                block_in_place(|| self.service.stop(in_order).and_then(|()| self.service.start()))?;
            }
            Fault::InPlace => block_in_place(|| self.service.replace())?,
        }
        Ok(())
    }
}

/// Soaks for so long, or until everything has gone wrong once.
pub(crate) async fn soak(
    kind: Kind,
    part: Part,
    time: Option<Duration>,
    seed: u64,
) -> Result<Outcome, String> {
    let mut scene = Scene::set(kind, seed).await?;
    let begun = Instant::now();
    let mut outcome = Outcome {
        minutes: 0.0,
        looks: 0,
        quiet: 0,
        verdict: Verdict::default(),
        counts: Counts::default(),
        done: Vec::new(),
        leaks: Vec::new(),
        samples: Vec::new(),
    };
    let pid = scene.service.process()?.pid();
    let sampling = (part == Part::Alive).then(|| sample(pid));
    // First each in turn, then any.
    let faults = part.faults();
    for number in 0.. {
        let fault = if number < faults.len() {
            faults[number]
        } else {
            faults[scene.dice.below(faults.len() as u64) as usize]
        };
        scene.stage(fault, if time.is_some() { STAGE } else { STAGE_SHORT }).await?;
        look(&mut scene, &mut outcome, fault).await;
        if time.map_or(number + 1 == faults.len(), |time| begun.elapsed() >= time) {
            break;
        }
    }
    scene.service.process()?;
    outcome.minutes = begun.elapsed().as_secs_f64() / 60.0;
    outcome.done = scene.churn.done();
    if let Some(sampling) = sampling {
        outcome.samples = sampling.taken();
    }
    Ok(outcome)
}

/// Everybody comes back in, and all is held against each other.
async fn look(scene: &mut Scene, outcome: &mut Outcome, after: Fault) {
    let deadline = Instant::now() + PATIENCE;
    let mut verdict = scene.crowd.settle(deadline).await;
    let mut leak = scene.churn.leak(&scene.crowd).await;
    while leak.is_some() && Instant::now() < deadline {
        sleep(Duration::from_secs(1)).await;
        leak = scene.churn.leak(&scene.crowd).await;
    }
    // Once more, if it was the other that took its time.
    if verdict.is_good() && leak.is_some() {
        verdict = scene.crowd.settle(deadline).await;
    }
    if !verdict.is_good() || leak.is_some() {
        eprintln!("after {after:?}: {verdict:?} {leak:?}; {}", scene.crowd.what_is_missing());
    }
    outcome.looks += 1;
    outcome.quiet += u64::from(verdict.is_good() && leak.is_none());
    outcome.verdict += verdict;
    outcome.counts += scene.crowd.counts();
    outcome.leaks.extend(leak);
    scene.crowd.turn_page().await;
}

/// Looks at a process again and again.
struct Sampling {
    task: tokio::task::JoinHandle<()>,
    samples: std::sync::Arc<std::sync::Mutex<Vec<Sample>>>,
}

fn sample(pid: u32) -> Sampling {
    let samples = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let into = samples.clone();
    let task = tokio::spawn(async move {
        // Ends with the process; whoever waits for that hears of it elsewhere.
        while let Ok(sample) = Sample::of(pid) {
            into.lock().expect("nobody panics while holding it").push(sample);
            sleep(SAMPLE).await;
        }
    });
    Sampling { task, samples }
}

impl Sampling {
    fn taken(self) -> Vec<Sample> {
        self.task.abort();
        self.samples.lock().expect("nobody panics while holding it").clone()
    }
}

impl Outcome {
    /// Lines for the report.
    pub(crate) fn lines(&self, part: Part) -> Vec<String> {
        let mut lines = vec![
            format!(
                "{part:?}: {:.1} minutes, {} looks, all well at {}",
                self.minutes, self.looks, self.quiet
            ),
            format!("{:?}", self.verdict),
            format!("{:?}", self.counts),
            format!("{:?}", self.done),
        ];
        lines.extend(self.leaks.iter().map(|leak| format!("leak: {leak}")));
        if self.samples.len() >= 4 {
            for (number, quarter) in quarters(&self.samples).iter().enumerate() {
                let mib = quarter.rss_kib as f64 / 1024.0;
                lines.push(format!(
                    "quarter {}: {mib:.1} MiB on average, at least {} threads, {} files",
                    number + 1,
                    quarter.threads,
                    quarter.files
                ));
            }
        }
        lines
    }
}
