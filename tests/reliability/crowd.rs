//! Many people in many rooms.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use conclave::wire::ns;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{interval, sleep};

use super::check::{self, Verdict, View};
use super::connection::Connection;
use super::person::Person;
use super::picture::{Counts, Fate, Heard, Picture};
use crate::servers::client::Door;
use crate::servers::guest::Guest;

/// How long everybody may take to be in a room at the beginning.
const GATHER: Duration = Duration::from_secs(120);
/// How long a ping may take.
const PING: Duration = Duration::from_secs(5);
/// How many accounts are registered at a time.
const REGISTERED_AT_ONCE: usize = 8;

/// Everybody, each in the room that comes after the one of the person before.
pub(crate) struct Crowd {
    pub(crate) people: Arc<Vec<Person>>,
    pub(crate) rooms: Vec<String>,
    /// How far the archive of each room was looked at.
    archived: BTreeMap<String, String>,
    pings: u32,
}

/// People talk as long as it lives.
pub(crate) struct Talk(JoinHandle<()>);

impl Drop for Talk {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Crowd {
    /// Registers so many people, makes so many persistent rooms on a service, and waits until everybody is in one.
    pub(crate) async fn gather(
        door: &Door,
        service: &str,
        people: usize,
        rooms: usize,
    ) -> Result<Self, String> {
        let names: Vec<String> = (0..people).map(|number| format!("person{number}")).collect();
        register(door, &names).await?;
        let rooms: Vec<String> = (0..rooms).map(|number| format!("room{number}@{service}")).collect();
        let mut all = Vec::new();
        for (number, name) in names.iter().enumerate() {
            all.push(Person::new(door, name, &rooms[number % rooms.len()]));
            if number + 1 == rooms.len() {
                everybody_is_in(&all, GATHER).await?;
                for owner in &all {
                    make_lasting(owner).await?;
                }
            }
        }
        everybody_is_in(&all, GATHER).await?;
        Ok(Self { people: Arc::new(all), rooms, archived: BTreeMap::new(), pings: 0 })
    }

    /// Somebody says something so many times a second, one after the other.
    pub(crate) fn talk(&self, per_second: u32) -> Talk {
        let people = Arc::clone(&self.people);
        Talk(tokio::spawn(async move {
            let mut tick = interval(Duration::from_secs(1) / per_second);
            for person in people.iter().cycle() {
                tick.tick().await;
                person.say("");
            }
        }))
    }

    /// What everybody had to put up with.
    pub(crate) fn counts(&self) -> Counts {
        let mut sum = Counts::default();
        self.people.iter().for_each(|person| sum += person.picture().counts.clone());
        sum
    }

    /// The longest time in which no message was acknowledged.
    pub(crate) fn silence(&self) -> Duration {
        let mut echoes: Vec<Instant> =
            self.people.iter().flat_map(|person| person.picture().echoes.clone()).collect();
        echoes.sort();
        echoes.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or_default()
    }

    /// Everybody forgets what was judged already.
    pub(crate) async fn turn_page(&mut self) {
        for (room, archive) in self.archives().await {
            if let Some(last) = archive.unwrap_or_default().pop() {
                self.archived.insert(room, last.stanza_id);
            }
        }
        self.people.iter().for_each(|person| person.picture().turn_page());
    }

    /// Judges again and again until all is as it should be, at the longest until the deadline; nobody must be talking.
    pub(crate) async fn settle(&mut self, deadline: Instant) -> Verdict {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            // Who is not in by then is counted.
            let _ = everybody_is_in(&self.people, left).await;
            // What was on its way to somebody comes before the answer to his second ping.
            self.ping().await;
            self.ping().await;
            let verdict = self.judge().await;
            if verdict.is_good() || Instant::now() >= deadline {
                return verdict;
            }
            sleep(Duration::from_millis(500)).await;
        }
    }

    /// Whether a message said from now on has come back, in every room.
    pub(crate) async fn is_heard_again(&self, deadline: Instant) {
        let said: Vec<u64> = self.people.iter().map(|person| person.picture().said).collect();
        let is_new = |(number, person): (usize, &Person)| {
            let picture = person.picture();
            let mut acknowledged = picture.fates.iter().filter(|(_, fate)| **fate == Fate::Acknowledged);
            acknowledged.any(|(id, _)| check::author(id).is_some_and(|(_, n)| n > said[number]))
        };
        while Instant::now() < deadline {
            let heard = (0..self.rooms.len()).all(|room| {
                let of_room = self.people.iter().enumerate().skip(room).step_by(self.rooms.len());
                of_room.into_iter().any(is_new)
            });
            if heard {
                return;
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Everybody asks whether he is still in.
    async fn ping(&mut self) {
        self.pings += 1;
        let number = self.pings;
        self.people.iter().for_each(|person| person.ping(number));
        let deadline = Instant::now() + PING;
        let waits = |person: &Person| {
            let picture = person.picture();
            picture.is_settled() && picture.pinged < number
        };
        while self.people.iter().any(waits) && Instant::now() < deadline {
            sleep(Duration::from_millis(5)).await;
        }
    }

    async fn judge(&self) -> Verdict {
        let archives = self.archives().await;
        let mut sum = Verdict::default();
        for (room, archive) in archives {
            let views: Vec<View> = self.of_room(&room).map(|person| view(&person.picture())).collect();
            sum += check::room(&views, archive.as_deref());
        }
        sum
    }

    /// What the archive of each room has got since the page was turned, if it can be read.
    async fn archives(&self) -> Vec<(String, Option<Vec<Heard>>)> {
        let mut archives = Vec::new();
        for room in &self.rooms {
            let reader = self.of_room(room).find(|person| person.picture().is_settled());
            let archive = match reader {
                Some(reader) => reader.archive(self.archived.get(room).cloned()).await,
                None => Err("nobody is in".to_owned()),
            };
            // While the link is away none can be read; that is counted.
            archives.push((room.clone(), archive.ok()));
        }
        archives
    }

    /// Whom somebody does not see and what he has not heard, for the report.
    pub(crate) fn what_is_missing(&self) -> String {
        let mut missing = Vec::new();
        for room in &self.rooms {
            let views: Vec<View> = self.of_room(room).map(|person| view(&person.picture())).collect();
            for (view, other) in views.iter().flat_map(|view| views.iter().map(move |other| (view, other))) {
                if !view.occupants.contains(&other.nick) {
                    missing.push(format!("{} does not see {}", view.nick, other.nick));
                }
                let heard = |id: &String| view.heard.iter().any(|heard| heard.id == *id);
                for (id, _) in other.fates.iter().filter(|(_, fate)| **fate == Fate::Acknowledged) {
                    if !heard(id) {
                        let last = view.heard.last().map(|heard| heard.id.as_str());
                        missing.push(format!("{} has not heard {id}, but {last:?}", view.nick));
                    }
                }
            }
        }
        missing.join(", ")
    }

    /// Those who belong to a room.
    pub(crate) fn of_room<'a>(&'a self, room: &str) -> impl Iterator<Item = &'a Person> {
        self.people.iter().filter(move |person| person.picture().room == room)
    }
}

fn view(picture: &Picture) -> View {
    View {
        nick: picture.nick.clone(),
        settled: picture.is_settled(),
        occupants: picture.occupants.keys().cloned().collect(),
        heard: picture.heard.clone(),
        fates: picture.fates.clone(),
        doubled: picture.counts.doubled,
    }
}

/// Registers accounts, some at a time.
pub(crate) async fn register(door: &Door, names: &[String]) -> Result<(), String> {
    for some in names.chunks(REGISTERED_AT_ONCE) {
        let mut registering = JoinSet::new();
        for name in some {
            let (door, account) = (door.clone(), Guest::account(name));
            registering.spawn(async move { Connection::register(&door, &account).await });
        }
        for registered in registering.join_all().await {
            registered.map_err(|e| format!("registering: {e}"))?;
        }
    }
    Ok(())
}

/// Waits until everybody is in a room and has read what was missed.
pub(crate) async fn everybody_is_in(people: &[Person], at_most: Duration) -> Result<(), String> {
    let deadline = Instant::now() + at_most;
    loop {
        let outside = people.iter().find(|person| !person.picture().is_settled());
        let Some(outside) = outside else { return Ok(()) };
        if Instant::now() >= deadline {
            let picture = outside.picture();
            return Err(format!("{} is {:?}; {:?}", picture.nick, picture.place, picture.counts));
        }
        sleep(Duration::from_millis(10)).await;
    }
}

/// The owner makes the room one that outlives its occupants.
async fn make_lasting(owner: &Person) -> Result<(), String> {
    configure(owner, &[("muc#roomconfig_persistentroom", "1")]).await
}

/// The owner submits the configuration with these fields, and the others as they are.
pub(crate) async fn configure(owner: &Person, fields: &[(&str, &str)]) -> Result<(), String> {
    let fields: String = fields
        .iter()
        .map(|(var, value)| format!("<field var='{var}'><value>{value}</value></field>"))
        .collect();
    let request = format!(
        "<iq type='set' id='{{id}}' to='{}'><query xmlns='{}'><x xmlns='{}' type='submit'>\
         <field var='FORM_TYPE'><value>{}</value></field>{fields}</x></query></iq>",
        owner.picture().room,
        ns::MUC_OWNER,
        ns::DATA,
        ns::MUC_ROOMCONFIG
    );
    let (answer, _) = owner.ask(&request, Duration::from_secs(10)).await?;
    match answer.attr("type") {
        Some("result") => Ok(()),
        _ => Err(crate::servers::guest::brief(&answer)),
    }
}
