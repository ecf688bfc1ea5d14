//! What people do besides talking, drawn from a seed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use conclave::wire::ns;
use minidom::Element;
use tokio::time::sleep;

use super::crowd::{Crowd, configure, register};
use super::person::Person;
use super::picture::Place;
use crate::servers::client::Door;

/// Between two of the things that people do.
const PACE: Duration = Duration::from_millis(150);
/// How long somebody stays away at most.
const AWAY_MS_MAX: u64 = 3000;
/// Visitors of temporary rooms.
const VISITORS: usize = 4;
/// Accounts that are given an affiliation and taken it away, and are never there.
const ABSENT: u64 = 200;

/// Numbers that look random and are the same for the same seed.
#[derive(Debug)]
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    /// A number below this.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        // A linear congruential generator; its upper bits are good enough.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

/// Those who visit temporary rooms, the admin, and what was done so far.
pub(crate) struct Churn {
    visitors: Vec<Person>,
    admin: Person,
    service: String,
    dice: Dice,
    temporary: u64,
    /// Visitors stay where they are.
    pub(crate) calm: bool,
    done: BTreeMap<String, u64>,
}

impl Churn {
    /// Registers visitors, who go to their first rooms.
    pub(crate) async fn new(door: &Door, service: &str, seed: u64) -> Result<Self, String> {
        let mut names: Vec<String> = (0..VISITORS).map(|number| format!("visitor{number}")).collect();
        names.push("admin".to_owned());
        register(door, &names).await?;
        let mut people: Vec<Person> =
            names.iter().map(|name| Person::new(door, name, &format!("{name}-first@{service}"))).collect();
        let admin = people.pop().expect("the last name is the admin's");
        Ok(Self {
            visitors: people,
            admin,
            service: service.to_owned(),
            dice: Dice(seed),
            temporary: 0,
            calm: false,
            done: BTreeMap::new(),
        })
    }

    /// Counts something that was done.
    pub(crate) fn note(&mut self, what: &str) {
        *self.done.entry(what.to_owned()).or_default() += 1;
    }

    /// How often each thing was done.
    pub(crate) fn done(&self) -> Vec<(String, u64)> {
        self.done.iter().map(|(what, times)| (what.clone(), *times)).collect()
    }

    /// People do this and that for so long.
    pub(crate) async fn go_on(&mut self, crowd: &Crowd, time: Duration) {
        let end = Instant::now() + time;
        while Instant::now() < end {
            self.act(crowd);
            sleep(PACE).await;
        }
    }

    fn act(&mut self, crowd: &Crowd) {
        let who = self.dice.below(crowd.people.len() as u64) as usize;
        let what = match self.dice.below(9) {
            0 => self.go_away(crowd, who),
            1 => {
                crowd.people[who].vanish();
                "vanished"
            }
            2 => self.correct(&crowd.people[who]),
            3 => self.retract(&crowd.people[who]),
            4 => self.configure(crowd),
            5 | 6 => self.affiliate(crowd),
            7 => self.subject(crowd),
            _ => self.visit(),
        };
        self.note(what);
    }

    /// Leaves, and comes back.
    fn go_away(&mut self, crowd: &Crowd, who: usize) -> &'static str {
        let people = Arc::clone(&crowd.people);
        let away = Duration::from_millis(self.dice.below(AWAY_MS_MAX));
        if people[who].picture().place != Place::In {
            return "was out already";
        }
        tokio::spawn(async move {
            let room = people[who].picture().room.clone();
            people[who].leave();
            sleep(away).await;
            people[who].enter(&room);
        });
        "left and came back"
    }

    /// Says something instead of the last thing (XEP-0308).
    fn correct(&mut self, person: &Person) -> &'static str {
        let last = last_said(person);
        person.say(&format!("<replace xmlns='{}' id='{last}'/>", ns::CORRECT));
        "corrected"
    }

    /// Takes back the last thing (XEP-0424).
    fn retract(&mut self, person: &Person) -> &'static str {
        let last = last_said(person);
        let stanza_id = person.picture().heard.iter().rfind(|h| h.id == last).map(|h| h.stanza_id.clone());
        let Some(stanza_id) = stanza_id else { return "had nothing to retract" };
        person.say(&format!("<retract xmlns='{}' id='{stanza_id}'/>", ns::RETRACT));
        "retracted"
    }

    /// An owner, who is the first of his room, if he is in.
    fn owner(&mut self, crowd: &Crowd) -> Option<usize> {
        let number = self.dice.below(crowd.rooms.len() as u64) as usize;
        (crowd.people[number].picture().place == Place::In).then_some(number)
    }

    fn configure(&mut self, crowd: &Crowd) -> &'static str {
        let Some(owner) = self.owner(crowd) else { return "no owner in" };
        let people = Arc::clone(&crowd.people);
        let name = format!("Room number {}", self.dice.below(1000));
        tokio::spawn(async move {
            // Whether it arrives is up to the faults; that it does no harm is looked at.
            let _ = configure(&people[owner], &[("muc#roomconfig_roomname", &name)]).await;
        });
        "configured"
    }

    fn affiliate(&mut self, crowd: &Crowd) -> &'static str {
        let Some(owner) = self.owner(crowd) else { return "no owner in" };
        let affiliation = ["member", "outcast", "none", "none"][self.dice.below(4) as usize];
        let room = crowd.people[owner].picture().room.clone();
        let request = format!(
            "<iq type='set' id='{{id}}' to='{room}'><query xmlns='{}'>\
             <item affiliation='{affiliation}' jid='absent{}@localhost'/></query></iq>",
            ns::MUC_ADMIN,
            self.dice.below(ABSENT)
        );
        let people = Arc::clone(&crowd.people);
        tokio::spawn(async move {
            // As above.
            let _ = people[owner].ask(&request, Duration::from_secs(10)).await;
        });
        "gave an affiliation"
    }

    fn subject(&mut self, crowd: &Crowd) -> &'static str {
        let Some(owner) = self.owner(crowd) else { return "no owner in" };
        let room = crowd.people[owner].picture().room.clone();
        let number = self.dice.below(1000);
        crowd.people[owner].send(&format!(
            "<message type='groupchat' id='subject-{number}' to='{room}'><subject>{number}</subject></message>"
        ));
        "set a subject"
    }

    /// A visitor leaves a temporary room, which goes with him, and makes another.
    fn visit(&mut self) -> &'static str {
        let visitor = &self.visitors[self.dice.below(VISITORS as u64) as usize];
        if self.calm || visitor.picture().place != Place::In {
            return "stayed in a temporary room";
        }
        self.temporary += 1;
        visitor.say("");
        visitor.leave();
        visitor.enter(&format!("temporary{}@{}", self.temporary, self.service));
        "went to another temporary room"
    }

    /// What the service tells its admin of rooms and who is in them, if that is not what there is: the rooms of the
    /// crowd with everybody in them, and a temporary room for each visitor and for the admin.
    pub(crate) async fn leak(&self, crowd: &Crowd) -> Option<String> {
        // After a restart a room is there again once somebody asks for it.
        self.visitors.iter().chain([&self.admin]).for_each(|person| person.ping(0));
        let mut due: BTreeMap<String, u64> = BTreeMap::new();
        for person in crowd.people.iter().chain(&self.visitors).chain([&self.admin]) {
            *due.entry(person.picture().room.clone()).or_default() += 1;
        }
        let found = match self.told().await {
            Ok(found) => found,
            Err(fault) => return Some(fault),
        };
        let differs = |(room, count): &(&String, &u64)| due.get(*room) != Some(*count);
        let wrong: Vec<String> =
            found.iter().filter(differs).map(|(room, count)| format!("{count} in {room}")).collect();
        let away: Vec<&String> = due.keys().filter(|room| !found.contains_key(*room)).collect();
        (!wrong.is_empty() || !away.is_empty())
            .then(|| format!("wrong: {}; not there: {away:?}", wrong.join(", ")))
    }

    /// Whether the service answers its admin.
    pub(crate) async fn is_answered(&self) -> bool {
        self.told().await.is_ok()
    }

    /// Rooms in use, and how many are in each.
    async fn told(&self) -> Result<BTreeMap<String, u64>, String> {
        let request = format!(
            "<iq type='set' id='{{id}}' to='{}'><command xmlns='{}' node='conclave#rooms'/></iq>",
            self.service,
            ns::COMMANDS
        );
        let (answer, _) = self.admin.ask(&request, Duration::from_secs(5)).await?;
        let command = answer.get_child("command", ns::COMMANDS).ok_or("no answer of the service")?;
        let table = command.get_child("x", ns::DATA).ok_or("no table")?;
        let mut found = BTreeMap::new();
        for item in table.children().filter(|child| child.name() == "item") {
            let value = |var| {
                let field = item.children().find(|field| field.attr("var") == Some(var));
                field.and_then(|field| field.get_child("value", ns::DATA)).map(Element::text)
            };
            let occupants = value("occupants").and_then(|text| text.parse().ok()).ok_or("no number")?;
            found.insert(value("room").ok_or("no room")?, occupants);
        }
        Ok(found)
    }
}

/// The id of the last message somebody said.
fn last_said(person: &Person) -> String {
    let picture = person.picture();
    format!("{}-{}", picture.nick, picture.said)
}
