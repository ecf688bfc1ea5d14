//! `kill -9` of the service, and its restart.

use std::time::Duration;

use crate::judge::Cost;
use crate::scenario::Scenario;
use crate::stage::Stage;

/// What the server says while there is no service: Prosody, and ejabberd, which looks for one on the network.
pub(crate) const AWAY: &[&str] = &["remote-server-timeout", "remote-server-not-found"];
/// Who came lately is written down three seconds later.
pub(crate) const WRITTEN: Duration = Duration::from_millis(3500);

pub(crate) const ALL: &[Scenario] = &[
    Scenario::new("killed_idle", "`kill -9` of the service while nobody speaks", "nothing", idle),
    Scenario::new(
        "killed_while_people_talk",
        "`kill -9` of the service while people talk",
        "what is said until it is back comes back as an error; one message for each may be lost at the kill",
        talking,
    ),
];

fn idle(stage: &mut Stage) {
    let mut party = stage.party();
    party.listen(WRITTEN);
    stage.kill();
    stage.start();
    let account = party.judge(Cost::default());
    stage.note(&account);
}

fn talking(stage: &mut Stage) {
    let mut party = stage.party();
    party.talk(WRITTEN, Duration::from_millis(50));
    stage.kill();
    party.talk(Duration::from_millis(500), Duration::from_millis(50));
    stage.spawn();
    party.talk(Duration::from_secs(3), Duration::from_millis(50));
    stage.answers();
    let account = party.judge(Cost { bounces: AWAY, losses: true, ..Cost::default() });
    assert!(account.bounced() > 0, "what is said meanwhile comes back: {account}");
    stage.note(&account);
}
