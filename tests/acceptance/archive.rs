//! `kill -9` of the whole service while people talk: what anybody saw is in the archive, once, and in the history of
//! whoever enters next.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Sender};
use std::time::{Duration, Instant};

use conclave::wire::ns;
use minidom::Element;

use crate::servers::guest::{Guest, entry, has_code, is_subject};
use crate::servers::host::{Host, Kind, MUC};
use crate::servers::service::Service;

/// Rounds, unless `CONCLAVE_KILL_ROUNDS` says otherwise.
const ROUNDS: u64 = 5;
/// Between two messages of one of the two who talk: 200 a second in all.
const PACE: Duration = Duration::from_millis(10);
/// The longest time between the first message that is seen in a round and the kill.
const KILL_MS_MAX: u64 = 700;
/// How long people talk on after the kill.
const AFTER: Duration = Duration::from_millis(50);
const PATIENCE: Duration = Duration::from_secs(10);
const HISTORY: usize = 60;
const PAGE: usize = 100;

/// The id in the archive of a message of the room's, and the id that its sender gave.
fn ids(message: &Element, room: &str) -> Option<(String, String)> {
    let stanza_id = message.get_child("stanza-id", ns::SID).filter(|id| id.attr("by") == Some(room))?;
    message.get_child("body", ns::CLIENT)?;
    Some((stanza_id.attr("id")?.to_owned(), message.attr("id")?.to_owned()))
}

/// One of those in the room: talks at a pace, if he talks, and notes what he sees, until `done`.
fn talk(
    person: &mut Guest,
    room: &str,
    says: Option<&str>,
    done: &AtomicBool,
    seen: &Sender<(String, String)>,
) {
    let begun = Instant::now();
    let mut spoken = 0;
    while !done.load(Ordering::Acquire) {
        assert!(begun.elapsed() < PATIENCE, "somebody is heard, and the service killed");
        let mut next = begun + PACE * spoken;
        while let Some(says) = says.filter(|_| Instant::now() >= next) {
            person.says(&format!(
                "<message type='groupchat' to='{room}' id='{says}.{spoken}'><body>number {spoken}</body></message>"
            ));
            spoken += 1;
            next = begun + PACE * spoken;
        }
        if let Some(stanza) = person.next(next.max(Instant::now() + Duration::from_millis(1))) {
            note(&stanza, room, seen);
        }
    }
    // What the service had written before it was killed has come then.
    person.catches_up();
    while let Some(stanza) = person.next(Instant::now()) {
        note(&stanza, room, seen);
    }
}

fn note(stanza: &Element, room: &str, seen: &Sender<(String, String)>) {
    if stanza.attr("type") == Some("groupchat")
        && let Some(ids) = ids(stanza, room)
    {
        seen.send(ids).expect("is received to the end");
    }
}

/// Two people talk and a third listens until the service is killed; what they saw.
fn talk_until_killed(
    people: &mut [Guest],
    room: &str,
    service: &mut Service,
    kill_ms: u64,
    round: u64,
) -> BTreeMap<String, String> {
    let done = AtomicBool::new(false);
    let mut messages = BTreeMap::new();
    std::thread::scope(|scope| {
        let (sender, seen) = mpsc::channel();
        for (n, person) in people.iter_mut().enumerate() {
            let (sender, done) = (sender.clone(), &done);
            scope.spawn(move || {
                let says = format!("m{round}.{n}");
                talk(person, room, Some(says.as_str()).filter(|_| n < 2), done, &sender);
            });
        }
        drop(sender);
        let first = seen.recv_timeout(PATIENCE);
        std::thread::sleep(Duration::from_millis(kill_ms));
        service.process().kill();
        std::thread::sleep(AFTER);
        done.store(true, Ordering::Release);
        for (archived, said) in first.into_iter().chain(seen) {
            let before = messages.insert(archived, said.clone());
            assert!(before.is_none_or(|before| before == said), "all see one id for one message");
        }
    });
    messages
}

/// Enters, and gives the messages of the history.
fn history(guest: &mut Guest, room: &str, nick: &str) -> Vec<String> {
    guest.says(&entry(room, nick));
    let mut messages = Vec::new();
    guest.hears("the subject, after the history", |stanza| {
        if stanza.has_child("delay", ns::DELAY) {
            messages.extend(ids(stanza, room).map(|(archived, _)| archived));
        }
        is_subject(stanza, room)
    });
    messages
}

/// The whole archive, oldest first: ids of archive and sender.
fn archived(guest: &mut Guest, room: &str) -> Vec<(String, String)> {
    let (mut pages, mut before) = (Vec::new(), String::new());
    loop {
        let query = format!(
            "<query xmlns='{}'><set xmlns='{}'><max>{PAGE}</max><before>{before}</before></set></query>",
            ns::MAM,
            ns::RSM
        );
        let answer = guest.asks("set", room, query.parse().expect("a query"));
        let fin = answer.get_child("fin", ns::MAM).expect("a page").clone();
        let mut page = Vec::new();
        while let Some(stanza) = guest.next(Instant::now()) {
            let Some(result) = stanza.get_child("result", ns::MAM) else { continue };
            let forwarded = result.get_child("forwarded", ns::FORWARD).expect("a message");
            let message = forwarded.get_child("message", ns::CLIENT).expect("a message");
            if let Some((archived, said)) = ids(message, room) {
                assert_eq!(result.attr("id"), Some(archived.as_str()));
                page.push((archived, said));
            }
        }
        before = page.first().map(|(archived, _)| archived.clone()).unwrap_or_default();
        let last = fin.attr("complete") == Some("true") || page.is_empty();
        pages.push(page);
        if last {
            return pages.into_iter().rev().flatten().collect();
        }
    }
}

#[test]
fn every_message_that_anybody_saw_survives_kill_9() {
    let rounds = std::env::var("CONCLAVE_KILL_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(ROUNDS);
    let host = Host::start(Kind::Prosody).unwrap_or_else(|e| panic!("{e}"));
    let folder = host.folder().join("service");
    let start = || Service::start(&host, &folder).unwrap_or_else(|e| panic!("{e}"));
    let mut service = start();
    let room = format!("lasting@{MUC}");
    let nicks = ["owner", "second", "third"];
    let mut people = nicks.map(|nick| Guest::new(&host, nick));
    assert!(has_code(&people[0].enters(&room, nicks[0]), "201"), "a new room");
    let history_max = HISTORY.to_string();
    people[0].configures(
        &room,
        &[("muc#roomconfig_persistentroom", "1"), ("muc#maxhistoryfetch", history_max.as_str())],
    );
    let mut seen = BTreeMap::new();
    for (person, nick) in people.iter_mut().zip(nicks).skip(1) {
        person.enters(&room, nick);
    }
    for round in 0..rounds {
        // Spread over the time, and the same in every run.
        let kill_ms = (round * 7919) % KILL_MS_MAX;
        let heard = talk_until_killed(&mut people, &room, &mut service, kill_ms, round);
        assert!(!heard.is_empty(), "round {round}: somebody was heard");
        seen.extend(heard);
        service = start();
        let mut histories = Vec::new();
        for (person, nick) in people.iter_mut().zip(nicks) {
            histories.push(history(person, &room, nick));
        }
        let all = archived(&mut people[0], &room);
        let by_id: BTreeMap<_, _> = all.iter().cloned().collect();
        assert_eq!(by_id.len(), all.len(), "round {round}: no id is there twice");
        let said: BTreeSet<_> = all.iter().map(|(_, said)| said).collect();
        assert_eq!(said.len(), all.len(), "round {round}: no message is there twice");
        for (archived, said) in &seen {
            assert_eq!(by_id.get(archived), Some(said), "round {round}: a message that was seen is there");
        }
        let newest: Vec<_> = all.iter().rev().take(HISTORY).rev().map(|(archived, _)| archived).collect();
        for (history, nick) in histories.iter().zip(nicks) {
            assert_eq!(history.iter().collect::<Vec<_>>(), newest, "round {round}: what {nick} enters with");
        }
    }
    println!("{} messages seen in {rounds} rounds", seen.len());
}
