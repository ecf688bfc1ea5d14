//! Every script of `scansion/`, played by real clients, each as one test for each server.
//!
//! Without options the scripts run against our own service, behind a Prosody and behind an ejabberd that are started
//! for the purpose:
//!
//! ```text
//! cargo test --test scansion                                          everything
//! cargo test --test scansion -- prosody::                             one server
//! cargo test --test scansion -- kick                                  some scripts, on both
//! cargo test --test scansion -- --muc conference.localhost            the servers' own MUC instead of ours
//! cargo test --test scansion -- --server HOST:PORT --domain HOST --muc DOMAIN    any server and any service
//! ```
//!
//! Scripts that follow the standard's text, section by section, lie in `standard/` and are named `standard_…`; those
//! that show what clients rely on lie in `clients/`. Scripts that only one server lets through to the service lie in
//! a folder named like it.
//!
//! A foreign server must allow plain connections and in-band registration. The accounts and rooms that a run makes
//! there have names of their own; temporary rooms vanish, accounts stay.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Parser as _;
use libtest_mimic::{Arguments, Failed, Trial};

mod pattern;
mod performance;
mod script;
#[path = "../servers/mod.rs"]
mod servers;
mod stage;

use script::Script;
use servers::client::Door;
use servers::host::{DOMAIN, Host, Kind, MUC};
use servers::service::Service;
use stage::Stage;

/// Scripts wait far more than they work.
const JOBS: usize = 8;

/// Folders of scripts for every server, and how the names of these begin: the standard's text, section by section,
/// and what clients of today rely on.
const FOLDERS: [&str; 2] = ["standard", "clients"];

#[derive(clap::Parser)]
struct Options {
    #[command(flatten)]
    harness: Arguments,

    /// Plain client port of a server to use instead of starting some
    #[arg(long, value_name = "HOST:PORT", env = "CONCLAVE_SCANSION_SERVER", requires = "muc")]
    server: Option<String>,

    /// Host of the accounts on that server
    #[arg(long, value_name = "HOST", env = "CONCLAVE_SCANSION_DOMAIN", default_value = DOMAIN)]
    domain: String,

    /// Domain of the MUC service under test
    #[arg(long, value_name = "DOMAIN", env = "CONCLAVE_SCANSION_MUC")]
    muc: Option<String>,

    /// How many scripts run at a time (also --test-threads)
    #[arg(long, value_name = "N", env = "CONCLAVE_SCANSION_JOBS", default_value_t = JOBS)]
    jobs: usize,

    /// Folder of the scripts
    #[arg(long, value_name = "FOLDER", env = "CONCLAVE_SCANSION_SCRIPTS",
          default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/scansion"))]
    scripts: PathBuf,
}

fn main() -> ExitCode {
    let mut options = Options::parse();
    options.harness.test_threads.get_or_insert(options.jobs);
    let venues = Venue::all(&options);
    let trials = match trials(&options.scripts, &venues) {
        Ok(trials) => trials,
        Err(message) => {
            eprintln!("{message}");
            return ExitCode::FAILURE;
        }
    };
    let conclusion = libtest_mimic::run(&options.harness, trials);
    for venue in venues {
        venue.end(conclusion.has_failed());
    }
    conclusion.exit_code()
}

/// A script, or why it is none, under the name of its file.
type Loaded = (String, Result<Arc<Script>, String>);

/// The scripts of a folder, in the order of their names.
fn load(folder: &Path) -> Result<Vec<Loaded>, String> {
    let entries = fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "scs"))
        .collect();
    files.sort();
    if files.is_empty() {
        return Err(format!("no scripts (*.scs) in {}", folder.display()));
    }
    Ok(files
        .iter()
        .map(|file| {
            let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let script = fs::read_to_string(file)
                .map_err(|e| e.to_string())
                .and_then(|text| script::parse(&text).map_err(|e| e.to_string()))
                .map(Arc::new);
            (name, script)
        })
        .collect())
}

/// Every script of the folder and of its folders `standard` and `clients` for every venue, and those of the folder's
/// folder that is named like the venue.
fn trials(folder: &Path, venues: &[Arc<Venue>]) -> Result<Vec<Trial>, String> {
    // Names that no earlier run on the same server can have used.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let run = format!("{:x}{:x}", now & 0xffff_ffff, std::process::id());
    let mut common = load(folder)?;
    for of in FOLDERS {
        let within = folder.join(of);
        if within.is_dir() {
            common.extend(load(&within)?.into_iter().map(|(name, script)| (format!("{of}_{name}"), script)));
        }
    }
    let mut trials = Vec::new();
    for venue in venues {
        let mut scripts = common.clone();
        let own = folder.join(&venue.name);
        if own.is_dir() {
            scripts.extend(load(&own)?);
        }
        for (name, script) in scripts {
            let venue = Arc::clone(venue);
            let tag = format!("{run}x{}", trials.len());
            trials.push(Trial::test(format!("{}::{name}", venue.name), move || {
                let script = script.map_err(Failed::from)?;
                let door = venue.door()?;
                let stage = Stage { domain: door.domain.clone(), muc: venue.muc.clone(), tag };
                performance::play(&script, &door, stage).map_err(Failed::from)
            }));
        }
    }
    Ok(trials)
}

/// A server and the service under test there. One that we start starts when the first script needs it.
struct Venue {
    name: String,
    muc: String,
    place: Place,
}

enum Place {
    Given(Door),
    Ours(Kind, Box<OnceLock<Result<Running, String>>>),
}

/// A server of ours. The service ends before the server does.
struct Running {
    _service: Option<Service>,
    host: Host,
}

impl Venue {
    fn all(options: &Options) -> Vec<Arc<Self>> {
        let muc = options.muc.clone().unwrap_or_else(|| MUC.to_owned());
        match &options.server {
            Some(address) => {
                let door = Door { address: address.clone(), domain: options.domain.clone() };
                vec![Arc::new(Self { name: "server".to_owned(), muc, place: Place::Given(door) })]
            }
            None => Kind::ALL
                .into_iter()
                .map(|kind| {
                    let place = Place::Ours(kind, Box::default());
                    Arc::new(Self { name: kind.name().to_owned(), muc: muc.clone(), place })
                })
                .collect(),
        }
    }

    /// Where clients log in.
    fn door(&self) -> Result<Door, String> {
        match &self.place {
            Place::Given(door) => Ok(door.clone()),
            Place::Ours(kind, running) => match running.get_or_init(|| Running::start(*kind, &self.muc)) {
                Ok(running) => Ok(running.host.door()),
                Err(message) => Err(message.clone()),
            },
        }
    }

    /// Ends what was started, and keeps its logs if something failed.
    fn end(self: Arc<Self>, failed: bool) {
        let Some(Place::Ours(kind, running)) = Arc::into_inner(self).map(|venue| venue.place) else {
            return;
        };
        if let Some(Ok(mut running)) = running.into_inner()
            && failed
        {
            println!("logs of {}: {}", kind.name(), running.host.keep().display());
        }
    }
}

impl Running {
    fn start(kind: Kind, muc: &str) -> Result<Self, String> {
        let mut host = Host::start(kind)?;
        let service = (muc == MUC).then(|| Service::start(&host, host.folder())).transpose();
        match service {
            Ok(_service) => Ok(Self { _service, host }),
            Err(message) => Err(format!("{message}\nlogs: {}", host.keep().display())),
        }
    }
}
