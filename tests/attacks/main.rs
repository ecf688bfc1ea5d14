//! Attacks: what one account, or the accounts of one domain, can do to all others by sending as fast as the rates let them.
//! While an attack goes on, an unrelated room is pinged; memory and disk are looked at.
//!
//! ```text
//! cargo test --test attacks                        each for some seconds
//! CONCLAVE_ATTACK_MINUTES=5 CONCLAVE_BIN=… cargo test --test attacks    each for so long, against a build at full speed
//! CONCLAVE_ATTACK_SERVER=prosody …                 behind a real server, also `ejabberd`; its own delay is told beside
//! ```

use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};

mod behind;
mod edits;
mod effects;
mod field;
mod heard;
mod held;
mod measure;
mod played;
mod run;
mod scale;
#[path = "../servers/mod.rs"]
mod servers;
mod small;
mod storage;
mod time;

use run::Attack;

fn attacks() -> Vec<&'static Attack> {
    [time::ALL, effects::ALL, measure::ALL, storage::ALL, small::ALL, held::ALL, edits::ALL]
        .into_iter()
        .flatten()
        .collect()
}

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Each is to have the machine for itself.
    arguments.test_threads = Some(1);
    let trial =
        |attack: &'static Attack| Trial::test(attack.name, || run::play(attack).map_err(Failed::from));
    libtest_mimic::run(&arguments, attacks().into_iter().map(trial).collect()).exit_code()
}
