//! Two services for one domain, by mistake.

use std::time::Duration;

use crate::judge::Cost;
use crate::kills::AWAY;
use crate::scenario::Scenario;
use crate::servers::host::Kind;
use crate::stage::Stage;

const PAUSE: Duration = Duration::from_millis(50);

pub(crate) const ALL: &[Scenario] = &[
    Scenario::new(
        "second_service_kick_new",
        "a second service is started for the same domain; the server refuses it (`component_conflict_resolve = \
         \"kick_new\"`, Prosody's default)",
        "nothing; the second says so in its log and asks ever more rarely, at most once a minute",
        refused,
    )
    .only(Kind::Prosody)
    .takes(20),
    Scenario::new(
        "second_service_kick_old",
        "a second service is started for the same domain; the server gives it the place of the first \
         (`component_conflict_resolve = \"kick_old\"`), until it ends",
        "the rooms of the second, which has a store of its own: errors. The first makes way and takes its place again \
         when it is free, half a minute later at most",
        replaced,
    )
    .only(Kind::Prosody)
    .takes(55),
    Scenario::new(
        "second_service_beside",
        "a second service is started for the same domain; ejabberd takes both and divides what is said between them, \
         until the second ends",
        "errors from the second, which knows none of the rooms, for about half of what is said; afterwards all is as before",
        beside,
    )
    .only(Kind::Ejabberd)
    .takes(20),
];

/// What a service says that does not know the room, or that is not there any more.
const ELSEWHERE: &[&str] = &[AWAY[0], AWAY[1], "item-not-found", "not-acceptable"];

fn refused(stage: &mut Stage) {
    let mut party = stage.party();
    let mut second = stage.second();
    second.spawn();
    party.talk(Duration::from_secs(12), PAUSE);
    let refused = second.logged("the server refused the component with conflict");
    assert!((1..=5).contains(&refused), "refused {refused} times in 12 s, and each time later");
    assert_eq!(second.logged("connected to the server"), 0);
    assert_eq!(stage.logged("no link to the server"), 0, "the first is left alone");
    let account = party.judge(Cost::default());
    stage.note(&account);
    stage.saw.push(format!("{refused} attempts of the second in 12 s"));
}

fn replaced(stage: &mut Stage) {
    let mut party = stage.party();
    party.talk(crate::kills::WRITTEN, PAUSE);
    let mut second = stage.second();
    second.spawn();
    stage.until_logged("another connection took [component] domain over", 1);
    party.talk(Duration::from_secs(10), PAUSE);
    assert_eq!(second.logged("no link to the server"), 0, "nobody takes it away from the second");
    assert_eq!(stage.logged("no link to the server"), 1, "one plain line");
    second.service().signal("TERM").expect("it runs");
    second.service().wait(Duration::from_secs(10)).expect("it ends in time");
    drop(second);
    let back = stage.answers();
    let account = party.judge(Cost { bounces: ELSEWHERE, losses: true, ..Cost::default() });
    stage.note(&account);
    stage.saw.push(format!("the first was back {:.0} s after the second had ended", back.as_secs_f32()));
}

fn beside(stage: &mut Stage) {
    let mut party = stage.party();
    party.talk(crate::kills::WRITTEN, PAUSE);
    let mut second = stage.second();
    second.spawn();
    second.until_logged("connected to the server", 1);
    party.talk(Duration::from_secs(3), PAUSE);
    second.service().signal("TERM").expect("it runs");
    second.service().wait(Duration::from_secs(10)).expect("it ends in time");
    assert_eq!(second.logged("no link to the server"), 0);
    assert_eq!(stage.logged("no link to the server"), 0, "nobody takes the link from the other");
    stage.answers();
    let account = party.judge(Cost { bounces: ELSEWHERE, losses: true, ..Cost::default() });
    assert!(account.bounced() > 0, "the second does not know the room: {account}");
    stage.note(&account);
}
