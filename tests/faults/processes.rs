//! Processes that are stopped for a while, and servers that end and come back.

use std::time::{Duration, Instant};

use crate::judge::Cost;
use crate::kills::{AWAY, WRITTEN};
use crate::party::{Party, Person};
use crate::scenario::Scenario;
use crate::servers::client::Client;
use crate::servers::guest::{brief, condition, entry, has_code, is_departure, is_from};
use crate::stage::Stage;

const PAUSE: Duration = Duration::from_millis(50);
/// How long a server may take to end.
const END: Duration = Duration::from_secs(30);

pub(crate) const ALL: &[Scenario] = &[
    Scenario::new(
        "stopped_for_5_s",
        "the service stands still for 5 seconds (SIGSTOP, SIGCONT)",
        "a pause; nothing is lost",
        |stage| stopped(stage, Duration::from_secs(5)),
    ),
    Scenario::new(
        "stopped_for_30_s",
        "the service stands still for 30 seconds",
        "a pause; nothing is lost",
        |stage| stopped(stage, Duration::from_secs(30)),
    )
    .takes(45),
    Scenario::new(
        "server_stopped_for_5_s",
        "the server stands still for 5 seconds",
        "a pause of everything; nothing is lost",
        |stage| server_stopped(stage, Duration::from_secs(5)),
    )
    .with_own_server()
    .takes(25),
    Scenario::new(
        "server_stopped_for_30_s",
        "the server stands still for 30 seconds",
        "a pause of everything; nothing is lost",
        |stage| server_stopped(stage, Duration::from_secs(30)),
    )
    .with_own_server()
    .takes(50),
    Scenario::new(
        "server_killed",
        "`kill -9` of the server; it starts again, and two of three people connect again",
        "who comes back and enters is in as before; who does not is gone some seconds later (status 333)",
        server_killed,
    )
    .with_own_server()
    .takes(40),
    Scenario::new(
        "server_restarted",
        "the server is stopped in order and starts again; two of three people connect again",
        "who comes back and enters is in as before; who does not is gone",
        server_restarted,
    )
    .with_own_server()
    .takes(40),
    Scenario::new(
        "no_server_at_the_start",
        "the service is started while nothing listens on the component port; it does some seconds later",
        "requests come back as errors; then everything works",
        no_server,
    )
    .takes(15),
    Scenario::new(
        "wrong_secret_mended",
        "the service is started with a wrong secret; the file is mended, and the service told so (SIGUSR2)",
        "requests come back as errors; then everything works",
        wrong_secret,
    )
    .takes(15),
];

fn stopped(stage: &mut Stage, time: Duration) {
    let mut party = stage.party();
    party.talk(Duration::from_secs(1), PAUSE);
    stage.service().signal("STOP").expect("it runs");
    party.talk(time, PAUSE.max(time / 60));
    stage.service().signal("CONT").expect("it runs");
    let account = party.judge(Cost::default());
    assert_eq!(stage.logged("no link to the server"), 0, "the link was not given up");
    stage.note(&account);
}

fn server_stopped(stage: &mut Stage, time: Duration) {
    let mut party = stage.party();
    party.talk(Duration::from_secs(1), PAUSE);
    stage.own_host().process().signal("STOP").expect("it runs");
    party.talk(time, PAUSE.max(time / 60));
    stage.own_host().process().signal("CONT").expect("it runs");
    let account = party.judge(Cost::default());
    assert_eq!(stage.logged("no link to the server"), 0, "the link was not given up");
    stage.note(&account);
}

/// For how long the service waits after a gap before it asks who is there.
const SETTLE: Duration = Duration::from_secs(5);

fn server_killed(stage: &mut Stage) {
    let mut party = before(stage);
    let killed = Instant::now();
    stage.own_host().process().kill();
    let mut party = come_back(stage, &mut party);
    let (room, mut gone_later) = (party.room.clone(), false);
    for person in &mut party.people[..2] {
        if shows_third(person, &room) {
            let gone = person.hears("the third is gone", 0, |s| is_departure(s, &room, "mercutio"));
            let gone = &person.journal[gone];
            assert!(has_code(gone, "333"), "for technical reasons: {}", brief(gone));
            gone_later = true;
        }
    }
    // Whoever comes back late finds him gone; he is not given up sooner.
    assert!(gone_later || killed.elapsed() > SETTLE, "he is asked first");
    stage.saw.push(third_was(gone_later));
    after(stage, party);
}

/// Whether he was told that the third is in the room.
fn shows_third(person: &Person, room: &str) -> bool {
    person.journal.iter().any(|s| s.name() == "presence" && is_from(s, room, "mercutio"))
}

fn third_was(gone_later: bool) -> String {
    format!("the third was {}", if gone_later { "gone some seconds later" } else { "gone at once" })
}

fn server_restarted(stage: &mut Stage) {
    let mut party = before(stage);
    stage.own_host().process().signal("TERM").expect("it runs");
    stage.own_host().process().wait(END).expect("it ends in time");
    let mut party = come_back(stage, &mut party);
    let room = party.room.clone();
    // A server that stops may take leave of the service first, or not.
    let still = shows_third(&party.people[0], &room);
    if still {
        for person in &mut party.people[..2] {
            person.hears("the third is gone", 0, |s| is_departure(s, &room, "mercutio"));
        }
    }
    stage.saw.push(third_was(still));
    after(stage, party);
}

fn before(stage: &mut Stage) -> Party {
    stage.start();
    let mut party = stage.gather(&[("muc#roomconfig_persistentroom", "1")]);
    party.talk(WRITTEN, PAUSE);
    // What is still on its way goes out when the server is back, and finds out who is gone by coming back.
    party.until_heard();
    party
}

fn come_back(stage: &mut Stage, party: &mut Party) -> Party {
    party.listen(Duration::from_secs(1));
    assert!(party.people.iter().all(|person| !person.is_connected()), "the server is gone");
    stage.own_host().start_again().unwrap_or_else(|e| panic!("{e}"));
    let back = stage.answers();
    let mut party = std::mem::replace(party, Party::nobody());
    let (door, room) = (stage.door(), party.room.clone());
    for person in &mut party.people[..2] {
        // What the server keeps in memory is gone, too.
        let _ = Client::register(&door, &person.account);
        person.journal.clear();
        person.log_in(&door);
        person.enters(&room);
    }
    stage.saw.push(format!("the service was there {:.1} s after the server", back.as_secs_f32()));
    party
}

fn after(stage: &mut Stage, mut party: Party) {
    party.forget();
    let account = party.judge(Cost::default());
    stage.note(&account);
}

fn no_server(stage: &mut Stage) {
    stage.proxy.cut();
    stage.spawn();
    stage.until_logged("nothing listens on", 3);
    refused(stage);
    stage.proxy.restore().expect("the port is free");
    let back = stage.answers();
    stage.saw.push(format!("there {:.1} s after the server", back.as_secs_f32()));
    works(stage);
}

fn wrong_secret(stage: &mut Stage) {
    let right = stage.settings.clone();
    stage.settings = right.replace("secret = \"", "secret = \"not ");
    stage.spawn();
    stage.until_logged("make [component] secret the same as the server's", 1);
    refused(stage);
    stage.settings = right;
    stage.write_settings();
    stage.service().signal("USR2").expect("it runs");
    let back = stage.answers();
    stage.saw.push(format!("there {:.1} s after the change", back.as_secs_f32()));
    works(stage);
}

fn works(stage: &mut Stage) {
    let mut party = stage.gather(&[]);
    party.talk(Duration::from_secs(1), PAUSE);
    let account = party.judge(Cost::default());
    stage.note(&account);
}

/// A request comes back.
fn refused(stage: &mut Stage) {
    let tag = stage.domain.split('.').next().expect("a label").to_owned();
    let mut early = Person::new(&stage.door(), "early", &tag);
    let room = format!("room@{}", stage.domain);
    early.says(&entry(&room, "early"));
    let answer = early.hears("an answer", 0, |s| s.name() == "presence");
    let why = condition(&early.journal[answer]).unwrap_or("none").to_owned();
    assert!(AWAY.contains(&why.as_str()), "{why}");
    stage.saw.push(format!("an early entry came back ({why})"));
}
