//! Clocks that jump. The library `libfaketime` (Debian: `faketime`) tells the service another time of day.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use conclave::wire::ns;

use crate::judge::Cost;
use crate::party::{Party, Person};
use crate::scenario::Scenario;
use crate::servers::guest::{brief, condition, is_error};
use crate::stage::Stage;

pub(crate) const ALL: &[Scenario] = &[
    Scenario::new(
        "clock_an_hour_ahead",
        "the clock jumps ahead by an hour while people talk",
        "nothing, but for the times in the archive; a ban for half an hour is over, one for a day is not",
        |stage| step(stage, "+3600"),
    )
    .needs(missing)
    .takes(20),
    Scenario::new(
        "clock_an_hour_back",
        "the clock jumps back by an hour while people talk",
        "nothing, but for the times in the archive: its order stays that of the conversation, nobody waits longer in \
         slow mode, and bans last on",
        |stage| step(stage, "-3600"),
    )
    .needs(missing)
    .takes(20),
];

fn library() -> Option<PathBuf> {
    let folders = fs::read_dir("/usr/lib").ok()?.flatten().map(|folder| folder.path());
    folders.map(|folder| folder.join("faketime/libfaketimeMT.so.1")).find(|file| file.is_file())
}

fn missing() -> Option<&'static str> {
    library().is_none().then_some(
        "libfaketime is not installed: scripts/test installs it (Debian: apt-get install faketime)",
    )
}

fn ban(owner: &mut Person, room: &str, account: &str, duration: &str) {
    let field = |var: &str, value: &str| format!("<field var='{var}'><value>{value}</value></field>");
    let command = format!(
        "<command xmlns='{}' node='conclave#ban' action='execute'><x xmlns='{}' type='submit'>{}{}{}</x></command>",
        ns::COMMANDS,
        ns::DATA,
        field("FORM_TYPE", "conclave#ban"),
        field("jid", account),
        field("duration", duration),
    );
    let answer = owner.asks("set", room, &command);
    assert_eq!(answer.attr("type"), Some("result"), "{}", brief(&answer));
}

/// Whether somebody's account is banned.
fn banned(owner: &mut Person, room: &str) -> Vec<String> {
    let answer = owner.asks(
        "get",
        room,
        &format!("<query xmlns='{}'><item affiliation='outcast'/></query>", ns::MUC_ADMIN),
    );
    let query = answer.get_child("query", ns::MUC_ADMIN).expect("a list");
    query.children().filter_map(|item| item.attr("jid")).map(str::to_owned).collect()
}

/// The ids of what the archive holds, from the oldest to the newest, in pages.
fn archived(person: &mut Person, room: &str) -> Vec<String> {
    let mut ids = Vec::new();
    let mut after = String::new();
    for _ in 0..100 {
        let since = person.journal.len();
        let query = format!(
            "<query xmlns='urn:xmpp:mam:2' queryid='q'><set xmlns='http://jabber.org/protocol/rsm'><max>20</max>{after}\
             </set></query>"
        );
        let answer = person.asks("set", room, &query);
        person.listen(std::time::Instant::now() + Duration::from_millis(100));
        let page: Vec<_> = person.journal.split_off(since);
        let messages = page.iter().filter_map(|s| {
            let forwarded =
                s.get_child("result", "urn:xmpp:mam:2")?.get_child("forwarded", "urn:xmpp:forward:0")?;
            forwarded.get_child("message", ns::CLIENT)?.attr("id").map(str::to_owned)
        });
        ids.extend(messages);
        let fin = answer.get_child("fin", "urn:xmpp:mam:2").unwrap_or_else(|| panic!("{}", brief(&answer)));
        if fin.attr("complete") == Some("true") {
            return ids;
        }
        let set = fin.get_child("set", "http://jabber.org/protocol/rsm").expect("a page");
        let last = set.get_child("last", "http://jabber.org/protocol/rsm").expect("it has an end").text();
        after = format!("<after>{last}</after>");
    }
    panic!("pages without end");
}

fn heard(party: &Party) -> Vec<String> {
    let journal = party.people[2].journal.iter();
    journal
        .filter(|s| s.has_child("body", ns::CLIENT))
        .filter_map(|s| s.attr("id"))
        .map(str::to_owned)
        .collect()
}

/// They speak as fast as slow mode lets them: once a second.
fn slowly(party: &mut Party, rounds: usize) {
    for _ in 0..rounds {
        party.burst(3);
        party.until_heard();
        party.listen(Duration::from_millis(1100));
    }
}

fn step(stage: &mut Stage, by: &str) {
    let clock = stage.folder().join("clock");
    fs::write(&clock, "+0").expect("written");
    let library = library().expect("looked for").display().to_string();
    stage.environment = [
        ("LD_PRELOAD", library.as_str()),
        ("FAKETIME_TIMESTAMP_FILE", &clock.display().to_string()),
        ("FAKETIME_NO_CACHE", "1"),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ("DONT_FAKE_MONOTONIC", "1"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    stage.start();
    let mut party = stage.gather(&[
        ("muc#roomconfig_persistentroom", "1"),
        ("muc#roomconfig_enablearchiving", "1"),
        ("muc#roomconfig_slow_mode_duration", "1"),
    ]);
    let room = party.room.clone();
    ban(&mut party.people[0], &room, "short@example.org", "30m");
    ban(&mut party.people[0], &room, "long@example.org", "1d");
    party.forget();
    slowly(&mut party, 3);
    fs::write(&clock, by).expect("written");
    slowly(&mut party, 3);
    let waiting = party.people.iter().flat_map(|person| &person.journal).filter(|s| is_error(s)).count();
    assert_eq!(waiting, 0, "nobody waits longer in slow mode");
    let said = heard(&party);
    assert_eq!(archived(&mut party.people[1], &room), said, "the archive has the order of the conversation");
    let left = banned(&mut party.people[0], &room);
    let ended = by.starts_with('+');
    assert_eq!(left.contains(&"short@example.org".to_owned()), !ended, "the short ban: {left:?}");
    assert!(left.contains(&"long@example.org".to_owned()), "the long ban: {left:?}");
    stage.saw.push(format!("{} messages in the archive, in order; bans left: {}", said.len(), left.len()));
    // Whoever asks in slow mode too soon is told to wait a second, not an hour.
    party.listen(Duration::from_secs(2));
    party.say(1);
    party.say(1);
    let since = 0;
    let refused = party.people[1].hears("the refusal", since, is_error);
    let refused = party.people[1].journal.remove(refused);
    assert_eq!(condition(&refused), Some("policy-violation"), "{}", brief(&refused));
    party.said.pop();
    // The clock of a service that starts anew is what it is.
    party.listen(crate::kills::WRITTEN);
    let before = heard(&party);
    stage.service().signal("USR2").expect("it runs");
    stage.until_logged("the link to the server is handed over", 1);
    stage.answers();
    assert_eq!(archived(&mut party.people[1], &room), before, "also after a restart");
    party.people.iter_mut().for_each(|person| person.journal.retain(|s| !is_error(s)));
    let account = party.judge(Cost { announcements: true, ..Cost::default() });
    stage.note(&account);
}
