//! Faults on purpose: what users see when processes are killed or stopped, links are cut, disks fill up and clocks jump.
//!
//! Each scenario is played with the real service behind a real Prosody and a real ejabberd, with three people who talk.
//! `docs/faults.md` tells what they see, in the scenarios' own words.
//!
//! ```text
//! cargo test --test faults                          all but the long ones
//! CONCLAVE_FAULTS=all cargo test --test faults      all
//! cargo test --test faults -- prosody::cut          some, behind one server
//! ```

use std::process::ExitCode;
use std::sync::{Arc, Mutex, OnceLock};

use libtest_mimic::{Arguments, Failed, Trial};

mod clocks;
mod disks;
mod far;
mod gone;
mod judge;
mod kills;
mod links;
mod network;
mod page;
mod party;
mod processes;
mod proxy;
mod replaced;
mod scenario;
#[path = "../servers/mod.rs"]
mod servers;
mod stage;
mod twins;

use scenario::Scenario;
use servers::host::{Extra, Host, Kind};
use stage::{Server, Stage};

/// Scenarios wait far more than they work.
const JOBS: usize = 16;

fn scenarios() -> Vec<Scenario> {
    [
        kills::ALL,
        processes::ALL,
        links::ALL,
        network::ALL,
        twins::ALL,
        replaced::ALL,
        disks::ALL,
        clocks::ALL,
        gone::ALL,
    ]
    .concat()
}

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(JOBS);
    let all = scenarios();
    let long_too = std::env::var("CONCLAVE_FAULTS").is_ok_and(|value| value == "all");
    let servers: Vec<_> = Kind::ALL.into_iter().map(|kind| Arc::new(Shared::new(kind))).collect();
    let notes = Arc::new(Mutex::new(Vec::new()));
    let (mut trials, mut left_out) = (Vec::new(), Vec::new());
    for (number, scenario) in all.iter().copied().enumerate() {
        for server in servers.iter().filter(|server| scenario.only.is_none_or(|only| only == server.kind)) {
            let name = format!("{}::{}", server.kind.name(), scenario.name);
            if scenario.long && !long_too {
                left_out.push(format!("{name}: takes minutes; CONCLAVE_FAULTS=all runs it"));
                continue;
            }
            if let Some(missing) = (scenario.missing)() {
                left_out.push(format!("{name}: {missing}"));
                continue;
            }
            let (server, notes) = (server.clone(), notes.clone());
            let trial = move || play(scenario, number, &server, &notes).map_err(Failed::from);
            trials.push((scenario.seconds, Trial::test(name, trial)));
        }
    }
    let page = move || page::check(&all).map_err(Failed::from);
    trials.push((0, Trial::test("the_page_tells_of_every_scenario", page)));
    trials.sort_by_key(|(seconds, _)| std::cmp::Reverse(*seconds));
    let conclusion = libtest_mimic::run(&arguments, trials.into_iter().map(|(_, trial)| trial).collect());
    for note in notes.lock().expect("nobody panics with it").iter() {
        println!("{note}");
    }
    for line in &left_out {
        println!("not run: {line}");
    }
    conclusion.exit_code()
}

fn play(
    scenario: Scenario,
    number: usize,
    shared: &Shared,
    notes: &Mutex<Vec<String>>,
) -> Result<(), String> {
    let server = match scenario.own_server {
        true => Server::Own(Box::new(Host::start_with(shared.kind, &Shared::extras())?)),
        false => Server::Shared(shared.host()?),
    };
    let mut stage = Stage::new(scenario.name, server, Shared::domain(number))?;
    (scenario.run)(&mut stage);
    let saw = format!("{}::{}: {}", shared.kind.name(), scenario.name, stage.saw.join("; "));
    notes.lock().map_err(|e| e.to_string())?.push(saw);
    Ok(())
}

/// A server that all scenarios use to which nothing happens but to its links; each has a component of its own.
struct Shared {
    kind: Kind,
    host: OnceLock<Result<Arc<Host>, String>>,
}

impl Shared {
    fn new(kind: Kind) -> Self {
        Self { kind, host: OnceLock::new() }
    }

    fn domain(number: usize) -> String {
        format!("m{number}.localhost")
    }

    fn extras() -> Vec<Extra> {
        let extra = |(number, scenario): (usize, &Scenario)| Extra {
            domain: Self::domain(number),
            kick_old: !scenario.name.ends_with("kick_new"),
        };
        let far = gone::FAR.iter().map(|domain| Extra { domain: (*domain).to_owned(), kick_old: true });
        scenarios().iter().enumerate().map(extra).chain(far).collect()
    }

    fn host(&self) -> Result<Arc<Host>, String> {
        self.host.get_or_init(|| Host::start_with(self.kind, &Self::extras()).map(Arc::new)).clone()
    }
}
