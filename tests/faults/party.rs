//! People in a room, and all that they see.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use conclave::wire::ns;
use minidom::Element;

use crate::servers::client::{Account, Client, Door, Error};
use crate::servers::guest::{Guest, brief, entry, is_error, is_own_presence, is_subject};

/// How long a step may take that is not part of what is tried.
const PATIENCE: Duration = Duration::from_secs(90);
/// How long one looks at what has come for one person before the next has his turn.
const GLANCE: Duration = Duration::from_millis(4);

/// Somebody with one client.
pub(crate) struct Person {
    pub(crate) nick: String,
    pub(crate) account: Account,
    client: Option<Client>,
    /// All that came, in order.
    pub(crate) journal: Vec<Element>,
}

impl Person {
    /// Registers an account and logs in.
    pub(crate) fn new(door: &Door, nick: &str, tag: &str) -> Self {
        let account = Guest::account(&format!("{nick}-{tag}"));
        match Client::register(door, &account) {
            // He has been here before.
            Ok(()) | Err(Error::Refused("registration", _)) => {}
            Err(e) => panic!("{nick} registers: {e}"),
        }
        let mut person = Self { nick: nick.to_owned(), account, client: None, journal: Vec::new() };
        person.log_in(door);
        person
    }

    /// Logs in, again.
    pub(crate) fn log_in(&mut self, door: &Door) {
        let client = Client::login(door, &self.account, "door");
        self.client = Some(client.unwrap_or_else(|e| panic!("{} logs in: {e}", self.nick)));
    }

    /// Whether the server still holds the connection.
    pub(crate) fn is_connected(&self) -> bool {
        self.client.is_some()
    }

    /// The connection is gone, without a word.
    pub(crate) fn disappear(&mut self) {
        self.client = None;
    }

    /// Writes a stanza. Without a connection it is lost.
    pub(crate) fn says(&mut self, stanza: &str) {
        if let Some(client) = &mut self.client
            && client.send_text(stanza).is_err()
        {
            self.client = None;
        }
    }

    /// Takes down what comes until then.
    pub(crate) fn listen(&mut self, deadline: Instant) {
        while let Some(client) = &mut self.client {
            match client.next(deadline) {
                Ok(Some(stanza)) => match pong(&stanza) {
                    Some(pong) => self.says(&pong),
                    None => self.journal.push(stanza),
                },
                Ok(None) => return,
                Err(_) => self.client = None,
            }
        }
    }

    /// Waits for something in the journal from `since` on; gives its place.
    pub(crate) fn hears(&mut self, what: &str, since: usize, is_it: impl Fn(&Element) -> bool) -> usize {
        let deadline = Instant::now() + PATIENCE;
        let mut looked = since;
        loop {
            if let Some(place) = self.journal[looked..].iter().position(&is_it) {
                return looked + place;
            }
            looked = self.journal.len();
            let heard = || self.journal[since..].iter().map(brief).collect::<Vec<_>>().join("\n");
            assert!(Instant::now() < deadline, "{} waits for {what} and has:\n{}", self.nick, heard());
            assert!(self.is_connected(), "{} waits for {what} and lost the connection", self.nick);
            self.listen(Instant::now() + GLANCE);
        }
    }

    /// Asks, and gives the answer.
    pub(crate) fn asks(&mut self, kind: &str, to: &str, payload: &str) -> Element {
        let payload = payload.parse().expect("a payload");
        let client = self.client.as_mut().unwrap_or_else(|| panic!("{} is not connected", self.nick));
        client.ask("request", kind, Some(to), payload).unwrap_or_else(|e| panic!("{} asks: {e}", self.nick))
    }

    /// Enters and waits until he is in; gives the place of his own presence in the journal.
    pub(crate) fn enters(&mut self, room: &str) -> usize {
        let since = self.journal.len();
        self.says(&entry(room, &self.nick));
        let nick = self.nick.clone();
        let own = self.hears("the own presence", since, |s| {
            is_own_presence(s, room, &nick) || (s.name() == "presence" && is_error(s))
        });
        assert!(!is_error(&self.journal[own]), "{nick} is let in: {}", brief(&self.journal[own]));
        self.hears("the subject", since, |s| is_subject(s, room));
        own
    }
}

/// The answer, if it is a ping (XEP-0199).
fn pong(stanza: &Element) -> Option<String> {
    if stanza.name() != "iq" || stanza.attr("type") != Some("get") || !stanza.has_child("ping", ns::PING) {
        return None;
    }
    let (from, id) = (stanza.attr("from")?, stanza.attr("id")?);
    Some(format!("<iq type='result' to='{from}' id='{id}'/>"))
}

/// What was said, and by whom.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub(crate) who: usize,
    pub(crate) id: String,
}

/// People in a room who talk.
pub(crate) struct Party {
    pub(crate) room: String,
    pub(crate) people: Vec<Person>,
    pub(crate) said: Vec<Said>,
    /// Nicks of others who are in the room.
    pub(crate) others: Vec<String>,
    numbers: HashMap<usize, usize>,
}

impl Party {
    /// Three people enter a room; the first creates it with these options.
    pub(crate) fn gather(door: &Door, room: &str, tag: &str, options: &[(&str, &str)]) -> Self {
        let people = ["romeo", "juliet", "mercutio"].map(|nick| Person::new(door, nick, tag));
        let mut party = Self {
            room: room.to_owned(),
            people: people.into(),
            said: Vec::new(),
            others: Vec::new(),
            numbers: HashMap::new(),
        };
        party.people[0].enters(room);
        let field =
            |(var, value): &(&str, &str)| format!("<field var='{var}'><value>{value}</value></field>");
        let fields: String = options.iter().map(field).collect();
        let form = format!(
            "<query xmlns='{}'><x xmlns='{}' type='submit'><field var='FORM_TYPE'><value>{}</value></field>{fields}\
             </x></query>",
            ns::MUC_OWNER,
            ns::DATA,
            ns::MUC_ROOMCONFIG
        );
        let answer = party.people[0].asks("set", room, &form);
        assert_eq!(answer.attr("type"), Some("result"), "configured: {}", brief(&answer));
        for late in 1..party.people.len() {
            party.people[late].enters(room);
        }
        party.forget();
        party
    }

    /// Before or after.
    pub(crate) fn nobody() -> Self {
        Self {
            room: String::new(),
            people: Vec::new(),
            said: Vec::new(),
            others: Vec::new(),
            numbers: HashMap::new(),
        }
    }

    /// What came and was said so far is not looked at again.
    pub(crate) fn forget(&mut self) {
        let query = format!("<query xmlns='{}'/>", ns::DISCO_INFO);
        for person in self.people.iter_mut().filter(|person| person.is_connected()) {
            person.asks("get", &self.room, &query);
        }
        self.listen(Duration::from_millis(300));
        self.people.iter_mut().for_each(|person| person.journal.clear());
        self.said.clear();
    }

    /// Takes down what comes for everybody.
    pub(crate) fn listen(&mut self, time: Duration) {
        let deadline = Instant::now() + time;
        loop {
            let mut connected = false;
            for person in &mut self.people {
                person.listen((Instant::now() + GLANCE).min(deadline));
                connected |= person.is_connected();
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            if !connected {
                std::thread::sleep(left.min(GLANCE));
            }
        }
    }

    /// Somebody says something; gives its id.
    pub(crate) fn say(&mut self, who: usize) -> String {
        let number = self.numbers.entry(who).or_default();
        *number += 1;
        let id = format!("{}-{number}", self.people[who].nick);
        let message =
            format!("<message type='groupchat' to='{}' id='{id}'><body>{id}</body></message>", self.room);
        self.people[who].says(&message);
        self.said.push(Said { who, id: id.clone() });
        id
    }

    /// They talk, one after the other, with a pause after each.
    pub(crate) fn talk(&mut self, time: Duration, pause: Duration) {
        let deadline = Instant::now() + time;
        let mut who = 0;
        while Instant::now() < deadline {
            if self.people[who].is_connected() {
                self.say(who);
            }
            who = (who + 1) % self.people.len();
            self.listen(pause);
        }
    }

    /// They say so many things at once, and listen afterwards.
    pub(crate) fn burst(&mut self, count: usize) {
        for number in 0..count {
            self.say(number % self.people.len());
        }
    }
}
