//! What networks do: links that are cut, fall silent, are slow.

use std::time::{Duration, Instant};

use crate::judge::Cost;
use crate::kills::AWAY;
use crate::party::Party;
use crate::proxy::{Direction, Flow};
use crate::scenario::Scenario;
use crate::servers::host::Kind;
use crate::stage::{PATIENCE, Stage};

pub(crate) const ALL: &[Scenario] = &[
    Scenario::new(
        "link_cut_for_1_s",
        "the link is closed, and there is none for a second",
        "what is said meanwhile comes back as an error; what is under way at the cut may be lost",
        |stage| cut(stage, Duration::from_secs(1)),
    ),
    Scenario::new(
        "link_cut_for_30_s",
        "the link is closed, and there is none for 30 seconds",
        "what is said meanwhile, and in the up to ten seconds until the next attempt, comes back as an error",
        |stage| cut(stage, Duration::from_secs(30)),
    )
    .takes(60),
    Scenario::new(
        "link_cut_for_5_min",
        "the link is closed, and there is none for five minutes",
        "the same as for 30 seconds",
        |stage| cut(stage, Duration::from_secs(300)),
    )
    .takes(340),
    Scenario::new(
        "link_stalls_for_1_s",
        "for a second nothing passes on the link, in either direction, and then all that was sent",
        "a pause; nothing is lost",
        |stage| stall(stage, Duration::from_secs(1)),
    ),
    Scenario::new(
        "link_stalls_for_30_s",
        "for 30 seconds nothing passes on the link, and then all that was sent",
        "a pause; nothing is lost",
        |stage| stall(stage, Duration::from_secs(30)),
    )
    .takes(45),
    Scenario::new(
        "link_half_open",
        "the link is dead for good and neither side is told; the service's ping finds out, and it connects anew \
         (`component_conflict_resolve = \"kick_old\"`)",
        "what is said until then is lost without a word; afterwards all is as before",
        half_open_prosody,
    )
    .only(Kind::Prosody)
    .takes(20),
    Scenario::new(
        "link_half_open",
        "the link is dead for good and neither side is told; the service's ping finds out, and it connects anew",
        "what is said until then is lost without a word, and about half of what is said until ejabberd, which uses both \
         connections in turn, finds out, too; afterwards all is as before",
        half_open_ejabberd,
    )
    .only(Kind::Ejabberd)
    .takes(20),
    Scenario::new(
        "link_half_open_for_5_min",
        "the link is dead for five minutes with the default `keepalive_seconds`, and closed then",
        "what is said in these five minutes is lost without a word; then everybody is in",
        half_open_long,
    )
    .takes(330),
    Scenario::new(
        "link_byte_by_byte",
        "bytes pass one by one, a thousand in a second",
        "everything late, nothing lost",
        |stage| slow(stage, 1, Duration::from_millis(1)),
    )
    .takes(35),
    Scenario::new(
        "link_of_1_KiB_a_second",
        "1024 bytes pass in each second, at once",
        "everything late, nothing lost",
        |stage| slow(stage, 1024, Duration::from_secs(1)),
    )
    .takes(35),
    Scenario::new(
        "link_cut_within_a_stanza",
        "the link is cut in the middle of a stanza, once of one to the service and once of one from it",
        "what is said in this moment may be lost; nobody sees half of anything, or a message that others do not",
        torn,
    )
    .takes(15),
];

const PAUSE: Duration = Duration::from_millis(50);

fn cut(stage: &mut Stage, time: Duration) {
    let mut party = stage.party();
    party.talk(Duration::from_secs(1), PAUSE);
    stage.proxy.cut();
    party.talk(time, PAUSE.max(time / 60));
    stage.proxy.restore().expect("the port is free");
    party.talk(Duration::from_secs(2), PAUSE);
    stage.answers();
    let account = party.judge(Cost { bounces: AWAY, losses: true, ..Cost::default() });
    assert!(account.bounced() > 0, "what is said meanwhile comes back: {account}");
    stage.note(&account);
}

fn stall(stage: &mut Stage, time: Duration) {
    let mut party = stage.party();
    party.talk(Duration::from_secs(1), PAUSE);
    stage.proxy.flow(Flow::Held);
    party.talk(time, PAUSE.max(time / 60));
    stage.proxy.flow(Flow::Free);
    let account = party.judge(Cost::default());
    assert_eq!(stage.logged("no link to the server"), 0, "the link was not given up");
    stage.note(&account);
}

/// Until the service has found out.
fn find_out(stage: &mut Stage) -> Party {
    stage.settings = stage.settings.replace("[store]", "keepalive_seconds = 6\n\n[store]");
    let mut party = stage.party();
    party.talk(Duration::from_secs(1), PAUSE);
    stage.proxy.forget();
    let start = Instant::now();
    while stage.logged("connected to the server") < 2 {
        party.talk(Duration::from_millis(500), PAUSE);
        assert!(start.elapsed() < PATIENCE, "it finds out and comes back");
    }
    assert_eq!(stage.logged("nothing came from the server for 9s, not even the answer to a ping"), 1);
    party
}

fn half_open_prosody(stage: &mut Stage) {
    let party = find_out(stage);
    stage.answers();
    lost_and_well_again(stage, party);
}

fn half_open_ejabberd(stage: &mut Stage) {
    let mut party = find_out(stage);
    party.talk(Duration::from_secs(2), PAUSE);
    stage.proxy.close_forgotten();
    stage.answers();
    lost_and_well_again(stage, party);
}

/// What was said over the dead link is lost, what is said now is not.
fn lost_and_well_again(stage: &mut Stage, mut party: Party) {
    let account = party.judge(Cost { losses: true, ..Cost::default() });
    assert!(account.lost() > 0, "a dead link loses what is said: {account}");
    stage.note(&account);
    party.talk(Duration::from_secs(1), PAUSE);
    let account = party.judge(Cost::default());
    stage.note(&account);
}

fn half_open_long(stage: &mut Stage) {
    let mut party = stage.party();
    party.talk(Duration::from_secs(1), PAUSE);
    stage.proxy.flow(Flow::Held);
    party.talk(Duration::from_secs(300), Duration::from_secs(3));
    assert!(stage.logged("not even the answer to a ping") > 0, "it finds out");
    stage.proxy.close();
    stage.proxy.flow(Flow::Free);
    stage.answers();
    let account = party.judge(Cost { losses: true, bounces: AWAY, ..Cost::default() });
    stage.note(&account);
}

fn slow(stage: &mut Stage, bytes: usize, pause: Duration) {
    let mut party = stage.party();
    stage.proxy.flow(Flow::Slow { bytes, pause });
    party.burst(9);
    party.until_heard();
    stage.proxy.flow(Flow::Free);
    let account = party.judge(Cost::default());
    assert_eq!(stage.logged("no link to the server"), 0, "the link was not given up");
    stage.note(&account);
}

fn torn(stage: &mut Stage) {
    let mut party = stage.party();
    let mut links = 1;
    // The copies leave in the order of the nicks: which of them is torn does not depend on the author.
    for (direction, first) in [
        (Direction::ToService, 0),
        (Direction::ToServer, 0),
        (Direction::ToServer, 1),
        (Direction::ToServer, 2),
    ] {
        stage.proxy.tear(direction);
        for who in [first, 1, 2, 0, 1, 2] {
            party.say(who);
            party.listen(PAUSE);
        }
        let start = Instant::now();
        while !stage.proxy.has_torn() {
            assert!(start.elapsed() < PATIENCE, "{direction:?}");
            party.listen(PAUSE);
        }
        links += 1;
        stage.until_logged("connected to the server", links);
        stage.answers();
        let account = party.judge(Cost { bounces: AWAY, losses: true, ..Cost::default() });
        stage.note(&account);
    }
    assert_eq!(stage.logged("cut in the middle of a stanza"), 1, "it says what happened");
}
