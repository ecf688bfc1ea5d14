//! `kill -9` of the service, and its restart.

use std::collections::BTreeMap;
use std::time::Duration;

use conclave::wire::ns;

use crate::judge::Cost;
use crate::party::Person;
use crate::scenario::Scenario;
use crate::servers::guest::{condition, entry, is_error};
use crate::stage::Stage;

/// What the server says while there is no service: Prosody, and ejabberd, which looks for one on the network.
pub(crate) const AWAY: &[&str] = &["remote-server-timeout", "remote-server-not-found"];
/// Who came lately is written down three seconds later, and a busy disk takes its time.
pub(crate) const WRITTEN: Duration = Duration::from_secs(5);

const PAUSE: Duration = Duration::from_millis(50);

pub(crate) const ALL: &[Scenario] = &[
    Scenario::new("killed_idle", "`kill -9` of the service while nobody speaks", "nothing", idle),
    Scenario::new(
        "killed_while_people_talk",
        "`kill -9` of the service while people talk",
        "what is said until it is back comes back as an error; what is under way at the kill may be lost",
        talking,
    )
    .takes(15),
    Scenario::new(
        "killed_while_somebody_joins",
        "`kill -9` of the service in the moment in which somebody enters",
        "the others see his entry, twice if the first was shown before the kill; he gets an error or no answer, or thinks \
         himself in, and is in when he asks again",
        joining,
    )
    .takes(15),
    Scenario::new(
        "killed_while_affiliations_change",
        "`kill -9` of the service while an owner changes affiliations, one after the other",
        "every change that was acknowledged holds; the others fail",
        affiliations,
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
    party.talk(WRITTEN, PAUSE);
    stage.kill();
    party.talk(Duration::from_millis(500), PAUSE);
    stage.spawn();
    party.talk(Duration::from_secs(3), PAUSE);
    stage.answers();
    let account = party.judge(Cost { bounces: AWAY, losses: true, ..Cost::default() });
    assert!(account.bounced() > 0, "what is said meanwhile comes back: {account}");
    stage.note(&account);
}

fn joining(stage: &mut Stage) {
    let mut party = stage.party();
    party.listen(WRITTEN);
    let room = party.room.clone();
    for (number, nick) in ["tybalt", "rosaline", "benvolio"].into_iter().enumerate() {
        let tag = stage.domain.split('.').next().expect("a label").to_owned();
        let mut newcomer = Person::new(&stage.door(), nick, &tag);
        newcomer.says(&entry(&room, nick));
        std::thread::sleep(Duration::from_millis(number as u64));
        stage.kill();
        stage.start();
        newcomer.listen(std::time::Instant::now() + Duration::from_millis(200));
        let refused = newcomer.journal.iter().any(|s| is_error(s) && condition(s).is_some());
        let was_in = !refused && !newcomer.journal.is_empty();
        // Like a client that has not got its own presence, he asks again.
        newcomer.enters(&room);
        party.people.push(newcomer);
        party.listen(Duration::from_millis(300));
        // The first entry may have been seen, and was forgotten by the kill: then the second is seen as well.
        let seen = |person: &Person| person.journal.iter().filter(|s| s.name() == "presence").count();
        for person in &party.people[..3 + number] {
            assert!((1..=2).contains(&seen(person)), "{} sees the entry: {:?}", person.nick, person.journal);
        }
        let most = party.people[..3 + number].iter().map(seen).max().expect("three people");
        stage.saw.push(match (refused, was_in) {
            (true, _) => "the first attempt came back as an error".to_owned(),
            (_, false) => "the first attempt was lost".to_owned(),
            (_, true) => format!("the first attempt was granted, and others saw {most} entries"),
        });
        party.forget();
        party.listen(WRITTEN);
    }
    let account = party.judge(Cost::default());
    stage.note(&account);
}

fn affiliations(stage: &mut Stage) {
    stage.start();
    let mut party = stage.gather(&[("muc#roomconfig_persistentroom", "1")]);
    party.listen(WRITTEN);
    let room = party.room.clone();
    let mut sent = Vec::new();
    for number in 0..200 {
        let affiliation = ["member", "admin", "outcast"][number % 3];
        sent.push((format!("a{number}@example.org"), affiliation));
        party.people[0].says(&format!(
            "<iq type='set' id='a{number}' to='{room}'><query xmlns='{}'>\
             <item affiliation='{affiliation}' jid='a{number}@example.org'/></query></iq>",
            ns::MUC_ADMIN
        ));
        if number == 100 {
            party.people[0].hears("an acknowledgement", 0, |s| s.attr("id") == Some("a20"));
            stage.kill();
        }
    }
    stage.start();
    party.listen(Duration::from_secs(2));
    let mut granted = BTreeMap::new();
    for (number, (account, affiliation)) in sent.iter().enumerate() {
        let id = format!("a{number}");
        let answer = party.people[0].journal.iter().find(|s| s.name() == "iq" && s.attr("id") == Some(&id));
        if answer.is_some_and(|answer| answer.attr("type") == Some("result")) {
            granted.insert(account.clone(), *affiliation);
        }
    }
    let mut listed = BTreeMap::new();
    for affiliation in ["member", "admin", "outcast"] {
        let query = format!("<query xmlns='{}'><item affiliation='{affiliation}'/></query>", ns::MUC_ADMIN);
        let answer = party.people[0].asks("get", &room, &query);
        let query = answer.get_child("query", ns::MUC_ADMIN).expect("a list");
        listed.extend(query.children().filter_map(|item| Some((item.attr("jid")?.to_owned(), affiliation))));
    }
    for (account, affiliation) in &granted {
        assert_eq!(listed.get(account), Some(affiliation), "{account} was granted");
    }
    stage.saw.push(format!(
        "{} changes sent, {} acknowledged, {} hold",
        sent.len(),
        granted.len(),
        listed.len()
    ));
    // Those who are not in the room are announced by messages.
    party.forget();
    let account = party.judge(Cost::default());
    stage.note(&account);
}
