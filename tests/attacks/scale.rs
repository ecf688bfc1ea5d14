//! How big an attack is: some seconds in a build without optimisation, or minutes at full speed.

use std::time::Duration;

/// How long an answer may take that is part of the preparations.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

/// How long each attack goes on, if it is to be in earnest.
pub(crate) fn minutes() -> Option<f64> {
    std::env::var("CONCLAVE_ATTACK_MINUTES").ok().map(|text| text.parse().expect("a number of minutes"))
}

/// How long after an attack it is looked at what is still in memory.
pub(crate) fn rest() -> Duration {
    let seconds = std::env::var("CONCLAVE_ATTACK_REST").ok();
    seconds.map_or(Duration::ZERO, |text| Duration::from_secs(text.parse().expect("a number of seconds")))
}

/// The real server behind which it is to be tried, if one is named.
pub(crate) fn server() -> Option<String> {
    std::env::var("CONCLAVE_ATTACK_SERVER").ok().filter(|name| !name.is_empty())
}

/// A size: the first of them in a few seconds, the second in earnest.
pub(crate) fn of(short: usize, long: usize) -> usize {
    if minutes().is_some() { long } else { short }
}

/// How long an unrelated room may take to answer a ping. At full speed it is half a second. A build without optimisation is ten times
/// slower, and shares its machine with other tests; what was wrong once took much longer there.
pub(crate) fn ping_bound() -> Duration {
    if std::env::var_os("CONCLAVE_BIN").is_some() {
        Duration::from_millis(500)
    } else {
        Duration::from_secs(2)
    }
}

/// These settings without bounds on what accounts, domains and rooms may do in a second: so what is to be there before an attack
/// is there soon.
pub(crate) fn without_rates(settings: &str) -> String {
    let rates = ["account", "account_room", "domain", "room"];
    let rates: String = rates.iter().map(|of| format!("{of}_stanzas_per_second = 0\n")).collect();
    let (before, limits) = settings.split_once("[limits]\n").unwrap_or((settings, ""));
    format!("[limits]\n{rates}{limits}\n{before}")
}
