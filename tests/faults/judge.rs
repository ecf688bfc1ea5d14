//! What must hold for the users in every scenario, and what a fault may cost.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::time::{Duration, Instant};

use conclave::wire::ns;
use minidom::Element;

use crate::party::Party;
use crate::servers::guest::{brief, condition, entry, has_code, is_error, is_from, is_subject};

/// How long it may take until everybody hears everybody, when the fault is over.
const SETTLE: Duration = Duration::from_secs(90);
/// How often somebody says something to find out.
const AGAIN: Duration = Duration::from_secs(2);
/// How long a message may be under way, when the fault is over.
const UNDER_WAY: Duration = Duration::from_secs(60);

/// What a fault may cost. The default is nothing.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cost<'a> {
    /// Messages may come back with these conditions.
    pub(crate) bounces: &'a [&'a str],
    /// Messages may be lost without a word to their author.
    pub(crate) losses: bool,
    /// The room may say that somebody who is absent has another affiliation.
    pub(crate) announcements: bool,
    /// These presences come to everybody once: a nick, and `in` or `out`.
    pub(crate) presences: &'a [(&'a str, &'a str)],
}

/// What became of what was said.
#[derive(Clone, Debug, Default)]
pub(crate) struct Account {
    said: usize,
    heard: usize,
    lost: usize,
    /// Heard by somebody, but not by the author.
    half: usize,
    bounced: BTreeMap<String, usize>,
}

impl Account {
    pub(crate) fn bounced(&self) -> usize {
        self.bounced.values().sum()
    }

    pub(crate) fn lost(&self) -> usize {
        self.lost
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} said, {} heard by all", self.said, self.heard)?;
        for (condition, count) in &self.bounced {
            write!(f, ", {count} came back ({condition})")?;
        }
        match (self.lost, self.half) {
            (0, _) => Ok(()),
            (lost, 0) => write!(f, ", {lost} lost"),
            (lost, half) => write!(f, ", {lost} not heard by their authors, {half} of them by others"),
        }
    }
}

/// The id of a message that everybody gets.
fn heard(stanza: &Element) -> Option<&str> {
    let is_said = stanza.name() == "message"
        && stanza.attr("type") == Some("groupchat")
        && stanza.has_child("body", ns::CLIENT);
    is_said.then(|| stanza.attr("id")).flatten()
}

impl Party {
    /// Everybody hears everybody again: the fault is over.
    fn settle(&mut self) {
        let start = Instant::now();
        let mut waiting: HashMap<usize, Vec<String>> = HashMap::new();
        let present: Vec<usize> = (0..self.people.len()).filter(|p| self.people[*p].is_connected()).collect();
        let mut next = start;
        loop {
            if Instant::now() >= next {
                next += AGAIN;
                for who in &present {
                    let id = self.say(*who);
                    waiting.entry(*who).or_default().push(id);
                }
            }
            self.listen(Duration::from_millis(100));
            let heard: Vec<HashSet<&str>> =
                present.iter().map(|p| self.people[*p].journal.iter().filter_map(heard).collect()).collect();
            waiting.retain(|_, ids| !ids.iter().any(|id| heard.iter().all(|all| all.contains(id.as_str()))));
            if waiting.is_empty() {
                return;
            }
            assert!(start.elapsed() < SETTLE, "not heard by all, said again and again: {waiting:?}");
        }
    }

    /// Waits until everything said so far is back with its author.
    pub(crate) fn until_heard(&mut self) {
        let start = Instant::now();
        while !self.under_way().is_empty() {
            assert!(start.elapsed() < 2 * SETTLE, "not back: {:?}", self.under_way());
            self.listen(Duration::from_millis(200));
        }
    }

    /// What is not back and was not heard by its author.
    fn under_way(&self) -> Vec<String> {
        let open = self.said.iter().filter(|said| {
            let is_it = |s: &Element| s.name() == "message" && s.attr("id") == Some(&said.id);
            !self.people[said.who].journal.iter().any(is_it)
        });
        open.map(|said| said.id.clone()).collect()
    }

    /// Holds what everybody saw since [`Party::forget`] against what must hold, and forgets it.
    ///
    /// Whoever is connected must be in; each message that its author saw must have been seen by each, once, in the
    /// same order; and nothing else may have been seen but what the fault costs.
    pub(crate) fn judge(&mut self, cost: Cost<'_>) -> Account {
        self.everybody_is_in();
        self.settle();
        let deadline = Instant::now() + UNDER_WAY;
        while !cost.losses && !self.under_way().is_empty() && Instant::now() < deadline {
            self.listen(Duration::from_millis(200));
        }
        let account = self.messages(cost);
        self.presences(cost);
        self.everybody_is_listed();
        self.everybody_is_in();
        self.forget();
        account
    }

    fn messages(&self, cost: Cost<'_>) -> Account {
        let mut account = Account { said: self.said.len(), ..Account::default() };
        let present: Vec<_> = self.people.iter().filter(|person| person.is_connected()).collect();
        let sequences: Vec<Vec<&str>> =
            present.iter().map(|person| person.journal.iter().filter_map(heard).collect()).collect();
        for (person, sequence) in present.iter().zip(&sequences) {
            let once: HashSet<_> = sequence.iter().collect();
            assert_eq!(once.len(), sequence.len(), "{} sees nothing twice: {sequence:?}", person.nick);
        }
        let mut acknowledged = HashSet::new();
        for said in &self.said {
            let author = &self.people[said.who];
            let seen = author.journal.iter().any(|s| heard(s) == Some(&said.id));
            let error = author
                .journal
                .iter()
                .find(|s| s.name() == "message" && is_error(s) && s.attr("id") == Some(&said.id));
            let by_others = sequences.iter().any(|sequence| sequence.contains(&said.id.as_str()));
            match (seen, error) {
                (true, None) => {
                    account.heard += 1;
                    acknowledged.insert(said.id.as_str());
                }
                (false, Some(error)) => {
                    let condition = condition(error).unwrap_or("no condition").to_owned();
                    assert!(
                        cost.bounces.contains(&condition.as_str()),
                        "{} comes back: {}",
                        said.id,
                        brief(error)
                    );
                    assert!(!by_others, "{} came back and was heard", said.id);
                    *account.bounced.entry(condition).or_default() += 1;
                }
                (false, None) => {
                    account.lost += 1;
                    account.half += usize::from(by_others);
                    assert!(cost.losses, "{} is lost without a word (heard by others: {by_others})", said.id);
                }
                (true, Some(error)) => panic!("{} was heard and came back: {}", said.id, brief(error)),
            }
        }
        let due: Vec<_> = sequences[0].iter().filter(|id| acknowledged.contains(**id)).collect();
        for (person, sequence) in present.iter().zip(&sequences) {
            let got: Vec<_> = sequence.iter().filter(|id| acknowledged.contains(**id)).collect();
            assert_eq!(got, due, "{} and {} see the same in the same order", person.nick, present[0].nick);
            assert_eq!(got.len(), acknowledged.len(), "{} sees all that was acknowledged", person.nick);
        }
        for (who, person) in self.people.iter().enumerate() {
            let said =
                self.said.iter().filter(|said| said.who == who && acknowledged.contains(said.id.as_str()));
            let prefix = format!("{}-", person.nick);
            let heard: Vec<_> = due.iter().filter(|id| id.starts_with(&prefix)).map(|id| **id).collect();
            assert_eq!(said.map(|said| said.id.as_str()).collect::<Vec<_>>(), heard, "in the author's order");
        }
        account
    }

    /// Everything else that came is presence that the fault costs, once each.
    fn presences(&self, cost: Cost<'_>) {
        for person in self.people.iter().filter(|person| person.is_connected()) {
            let mut seen = Vec::new();
            for stanza in &person.journal {
                let nick =
                    stanza.attr("from").and_then(|from| from.split_once('/')).map_or("", |(_, nick)| nick);
                match (stanza.name(), stanza.attr("type")) {
                    ("presence", None) => seen.push((nick, "in")),
                    ("presence", Some("unavailable")) => seen.push((nick, "out")),
                    ("message", Some("groupchat")) if heard(stanza).is_some() => {}
                    ("message", Some("error")) => {}
                    ("message", None) if cost.announcements && stanza.has_child("x", ns::MUC_USER) => {}
                    _ => panic!("{} sees {}", person.nick, brief(stanza)),
                }
            }
            assert_eq!(seen, cost.presences, "presences that {} sees", person.nick);
        }
    }

    /// Everybody's ping of himself is answered with a result (XEP-0410).
    pub(crate) fn everybody_is_in(&mut self) {
        let room = self.room.clone();
        for person in self.people.iter_mut().filter(|person| person.is_connected()) {
            let to = format!("{room}/{}", person.nick);
            let answer = person.asks("get", &to, &format!("<ping xmlns='{}'/>", ns::PING));
            assert_eq!(answer.attr("type"), Some("result"), "{} is in: {}", person.nick, brief(&answer));
        }
    }

    /// Whoever asks again for the room is told of everybody, once; and nobody else notices. After a restart, others may
    /// have seen him leave: the first time he is shown to them once.
    fn everybody_is_listed(&mut self) {
        let connected = |party: &Self| -> Vec<usize> {
            (0..party.people.len()).filter(|p| party.people[*p].is_connected()).collect()
        };
        for asking in connected(self) {
            if self.asks_again(asking) {
                assert!(!self.asks_again(asking), "{} is shown a second time", self.people[asking].nick);
            }
        }
    }

    /// Somebody asks again for the room; whether he was shown to the others.
    fn asks_again(&mut self, asking: usize) -> bool {
        let room = self.room.clone();
        let there = self.people.iter().filter(|p| p.is_connected()).map(|p| p.nick.clone());
        let mut nicks: Vec<String> = there.chain(self.others.iter().cloned()).collect();
        nicks.sort();
        self.listen(Duration::from_millis(50));
        let since: Vec<usize> = self.people.iter().map(|person| person.journal.len()).collect();
        let person = &mut self.people[asking];
        let nick = person.nick.clone();
        let request = entry(&room, &nick);
        person.says(&request);
        let end = person.hears("the subject", since[asking], |s| is_subject(s, &room));
        let answer = &person.journal[since[asking]..end];
        let there = answer.iter().filter(|s| s.name() == "presence");
        let mut listed: Vec<_> =
            there.filter_map(|s| Some(s.attr("from")?.split_once('/')?.1.to_owned())).collect();
        listed.sort();
        assert_eq!(listed, nicks, "those that {nick} is told of");
        let own = answer.iter().rfind(|s| s.name() == "presence");
        assert!(own.is_some_and(|own| has_code(own, "110")), "the own presence comes last");
        // What the room has sent before it answers is here when the answer is.
        let query = format!("<query xmlns='{}'/>", ns::DISCO_INFO);
        for person in self.people.iter_mut().filter(|person| person.is_connected()) {
            person.asks("get", &room, &query);
        }
        self.listen(Duration::from_millis(50));
        let mut shown = false;
        for (other, person) in self.people.iter().enumerate().filter(|(other, _)| *other != asking) {
            let noticed = &person.journal[since[other]..];
            shown |= !noticed.is_empty();
            let is_he =
                |s: &Element| s.name() == "presence" && s.attr("type").is_none() && is_from(s, &room, &nick);
            assert!(noticed.len() <= 1 && noticed.iter().all(is_he), "{} notices: {noticed:?}", person.nick);
        }
        shown
    }
}
