//! What stanzas cost: the dearest that were ever found stay below their bounds, a short search finds nothing dearer, and the
//! hunter finds what is broken on purpose.
//!
//! ```text
//! cargo test --test cost                 the corpus, and a short search
//! scripts/hunt 60 room                   a long search; see there
//! ```

#[path = "../../fuzz/cost/mod.rs"]
mod hunter;
#[path = "../room/hostile/kinds.rs"]
mod kinds;
mod planted;

/// Where the samples of rooms are.
mod world {
    pub(crate) const ROOM: &str = "r@muc.example";
}

use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hunter::cost::Measure;
use hunter::hunt::Hunt;
use hunter::recipe::Recipe;
use hunter::scene::{LARGE, SMALL};
use hunter::targets::{TARGETS, target};

/// Tries of the short search in each target.
const SHORT: u64 = 150;

/// Largest stanza then. Larger ones are tried by a long search only: a build without optimisation takes too long for them.
const SHORT_BYTES_MAX: usize = 100_000;

/// What is allocated is counted for the whole program: one test at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn corpus(target: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/cost").join(target)
}

/// The recipes that were kept.
fn kept(target: &str) -> Vec<Recipe> {
    let text = fs::read_to_string(corpus(target)).unwrap_or_default();
    text.lines().map(|line| Recipe::parse(line).unwrap_or_else(|| panic!("no recipe: {line}"))).collect()
}

/// How long the search is to go on, and in what, if it is to be long.
fn long() -> Option<(Duration, Vec<String>)> {
    let minutes: f64 = std::env::var("CONCLAVE_HUNT_MINUTES").ok()?.parse().expect("a number of minutes");
    let targets = std::env::var("CONCLAVE_HUNT_TARGETS").unwrap_or_else(|_| TARGETS.join(" "));
    Some((Duration::from_secs_f64(minutes * 60.0), targets.split_whitespace().map(str::to_owned).collect()))
}

#[test]
fn no_stanza_costs_more_than_it_may() {
    let _alone = alone();
    let long = long();
    let targets = long.as_ref().map_or_else(|| TARGETS.map(str::to_owned).to_vec(), |long| long.1.clone());
    let (mut broken, mut table) = (Vec::new(), String::new());
    for name in targets {
        let mut target = target(&name, if long.is_some() { &LARGE } else { &SMALL });
        let seed = std::env::var("CONCLAVE_HUNT_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
        let mut hunt = Hunt::new(&mut *target, seed);
        if long.is_none() {
            (hunt.bytes_max, hunt.all_bytes_max) = (SHORT_BYTES_MAX, 3 * SHORT_BYTES_MAX);
        }
        hunt.begin();
        for recipe in kept(&name) {
            hunt.attempt(&recipe);
        }
        match &long {
            None => hunt.search(Duration::from_secs(6), SHORT),
            Some((time, _)) => hunt.search(*time, u64::MAX),
        }
        println!("{name}: {} tries", hunt.tries);
        if long.is_some() {
            fs::create_dir_all(corpus("")).expect("a folder");
            fs::write(corpus(&name), hunt.best.recipes().join("\n") + "\n").expect("written");
        }
        table += &hunt.best.table(&name, 8);
        broken.extend(hunt.best.broken().into_iter().map(|line| format!("{name}: {line}")));
    }
    println!("{table}");
    if std::env::var_os("CONCLAVE_WRITE_DOCS").is_some() {
        write_table(&table);
    }
    assert!(broken.is_empty(), "{} are too dear:\n{}", broken.len(), broken.join("\n"));
}

/// Puts the table and the bounds between its marks in docs/overload.md.
fn write_table(table: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/overload.md");
    let page = fs::read_to_string(&path).expect("the page");
    let (begin, end) = ("<!-- hunter: begin -->\n", "<!-- hunter: end -->");
    let (before, rest) = page.split_once(begin).expect("the mark before the table");
    let (_, after) = rest.split_once(end).expect("the mark behind the table");
    let bounds: String = Measure::ALL.map(|m| format!("| {} | {} |\n", m.name(), m.bound())).concat();
    let page = format!(
        "{before}{begin}| measure | bound |\n|---|---|\n{bounds}\n| where | kind | measure | bytes in | cost | for each byte in | of its bound | recipe |\n\
         |---|---|---|---|---|---|---|---|\n{table}{end}{after}"
    );
    fs::write(path, page).expect("written");
}
