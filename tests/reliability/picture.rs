//! What one person knows of the room: made from what the server sent, and from nothing else.

use std::collections::{BTreeMap, HashSet};
use std::ops::AddAssign;
use std::time::Instant;

use conclave::wire::ns;
use minidom::Element;

use crate::servers::guest::{condition, has_code};

/// Most messages in a page of the archive: what Prosody gives at most.
const PAGE: usize = 50;

/// After so many looks in vain the archive is asked once more.
const LOOKS: u32 = 3;

/// Where somebody is, as far as he knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Place {
    /// Without a connection.
    #[default]
    Offline,
    /// Connected, and outside.
    Out,
    /// Has asked to be let in.
    Entering,
    /// In the room.
    In,
}

/// What became of a message, as its sender sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Nothing came back.
    Waiting,
    /// The room has sent it to its sender: it counts as said.
    Acknowledged,
    /// It came back as an error.
    Refused,
}

/// A message as it was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Heard {
    /// The id that its sender gave it, which says who it is and its number.
    pub(crate) id: String,
    /// The id that the room gave it.
    pub(crate) stanza_id: String,
}

/// What a person had to put up with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Connections to the server that broke.
    pub(crate) broken: u64,
    /// Entries into a room that he had not left.
    pub(crate) rejoins: u64,
    /// Errors, by condition.
    pub(crate) errors: BTreeMap<String, u64>,
    /// Messages that were shown twice.
    pub(crate) doubled: u64,
    /// Presences of others that said nothing new.
    pub(crate) repeated: u64,
}

/// What is to be done about a stanza.
#[derive(Debug)]
pub(crate) enum Reaction {
    /// Enter the room.
    Enter,
    /// Send this.
    Send(String),
    /// It answers the request with this id, after these messages from the archive.
    Answer(String, Element, Vec<Heard>),
}

/// The messages that were missed are being read from the archive.
#[derive(Debug, Default)]
struct CatchUp {
    query: String,
    failed: bool,
    /// How often the client has looked whether it is done.
    looks: u32,
    read: Vec<Heard>,
    /// What was said meanwhile.
    live: Vec<Heard>,
}

/// One person's picture of one room.
#[derive(Debug, Default)]
pub(crate) struct Picture {
    pub(crate) room: String,
    pub(crate) nick: String,
    pub(crate) place: Place,
    /// Whether he wants to be in the room.
    pub(crate) wants_in: bool,
    /// Those in the room, with affiliation and role.
    pub(crate) occupants: BTreeMap<String, String>,
    /// Messages in the order in which they are shown, since the last page was turned.
    pub(crate) heard: Vec<Heard>,
    /// What became of his own messages since then.
    pub(crate) fates: BTreeMap<String, Fate>,
    /// When the room acknowledged them.
    pub(crate) echoes: Vec<Instant>,
    /// What he had to put up with since then.
    pub(crate) counts: Counts,
    /// The number of the last ping of himself that was answered.
    pub(crate) pinged: u32,
    /// Messages said so far.
    pub(crate) said: u64,
    last: Option<String>,
    /// Has been in this room before.
    knows_room: bool,
    known: HashSet<String>,
    catch_up: Option<CatchUp>,
    queries: u32,
    /// What queries of others have brought so far, by their ids.
    read: BTreeMap<String, Vec<Heard>>,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.broken += other.broken;
        self.rejoins += other.rejoins;
        self.doubled += other.doubled;
        self.repeated += other.repeated;
        for (condition, times) in other.errors {
            *self.errors.entry(condition).or_default() += times;
        }
    }
}

impl Picture {
    /// Of somebody who is not in the room yet.
    pub(crate) fn new(room: &str, nick: &str) -> Self {
        Self { room: room.to_owned(), nick: nick.to_owned(), wants_in: true, ..Self::default() }
    }

    /// Begins a new page: what was seen so far has been judged.
    pub(crate) fn turn_page(&mut self) {
        self.heard.clear();
        self.fates.clear();
        self.echoes.clear();
        self.counts = Counts::default();
    }

    /// Whether he is in and has all that the archive had for him.
    pub(crate) fn is_settled(&self) -> bool {
        self.place == Place::In && self.catch_up.is_none()
    }

    /// The connection broke.
    pub(crate) fn break_off(&mut self) {
        self.counts.broken += 1;
        self.place = Place::Offline;
        self.catch_up = None;
    }

    /// The stanza that asks to be let in.
    pub(crate) fn enter(&mut self) -> String {
        self.place = Place::Entering;
        self.occupants.clear();
        format!(
            "<presence id='entry' to='{}/{}'><x xmlns='{}'><history maxstanzas='0'/></x></presence>",
            self.room,
            self.nick,
            ns::MUC
        )
    }

    /// The stanza that asks to be let into this room, be it another than before.
    pub(crate) fn enter_room(&mut self, room: &str) -> String {
        if self.room != room {
            (self.room, self.last, self.knows_room) = (room.to_owned(), None, false);
        }
        self.wants_in = true;
        self.enter()
    }

    /// The stanza that leaves, on purpose.
    pub(crate) fn leave(&mut self) -> String {
        (self.wants_in, self.place) = (false, Place::Out);
        format!("<presence type='unavailable' to='{}/{}'/>", self.room, self.nick)
    }

    /// The next message, with more inside if it is one about another.
    pub(crate) fn say(&mut self, more: &str) -> String {
        self.said += 1;
        let id = format!("{}-{}", self.nick, self.said);
        self.fates.insert(id.clone(), Fate::Waiting);
        format!(
            "<message type='groupchat' id='{id}' to='{}'><body>{} of {}</body>{more}</message>",
            self.room, self.said, self.nick
        )
    }

    /// Takes in a stanza and says what is to be done about it.
    pub(crate) fn see(&mut self, stanza: &Element) -> Vec<Reaction> {
        let from = stanza.attr("from").unwrap_or_default();
        let (room, nick) = from.split_once('/').unwrap_or((from, ""));
        if stanza.attr("type") == Some("error") {
            return self.see_error(stanza);
        }
        match stanza.name() {
            // A presence of the room itself tells of its picture.
            "presence" if room == self.room && !nick.is_empty() => self.see_presence(stanza, nick),
            "message" if stanza.has_child("result", ns::MAM) => self.see_result(stanza),
            "message" if room == self.room => self.see_message(stanza, nick),
            "iq" => self.see_iq(stanza),
            _ => Vec::new(),
        }
    }

    fn see_presence(&mut self, stanza: &Element, nick: &str) -> Vec<Reaction> {
        let own = nick == self.nick;
        if stanza.attr("type") == Some("unavailable") {
            self.occupants.remove(nick);
            if own && self.wants_in && self.place == Place::In {
                return self.is_out();
            }
            return Vec::new();
        }
        let item = stanza.get_child("x", ns::MUC_USER).and_then(|x| x.get_child("item", ns::MUC_USER));
        let standing = item.map_or(String::new(), |item| {
            format!("{} {}", item.attr("affiliation").unwrap_or("?"), item.attr("role").unwrap_or("?"))
        });
        let before = self.occupants.insert(nick.to_owned(), standing.clone());
        if self.place == Place::In && before == Some(standing) {
            self.counts.repeated += 1;
        }
        if own && has_code(stanza, "110") && self.place == Place::Entering {
            self.place = Place::In;
            if std::mem::replace(&mut self.knows_room, true) {
                return self.begin_catch_up();
            }
        }
        Vec::new()
    }

    /// He has learnt that he is not in the room.
    fn is_out(&mut self) -> Vec<Reaction> {
        if matches!(self.place, Place::Entering | Place::Offline) || !self.wants_in {
            return Vec::new();
        }
        self.counts.rejoins += 1;
        self.place = Place::Entering;
        vec![Reaction::Enter]
    }

    fn see_message(&mut self, stanza: &Element, nick: &str) -> Vec<Reaction> {
        let Some(id) = stanza.attr("id").filter(|_| !nick.is_empty() && stanza.has_child("body", ns::CLIENT))
        else {
            return Vec::new();
        };
        if stanza.has_child("delay", ns::DELAY) {
            return Vec::new();
        }
        if nick == self.nick
            && let Some(fate) = self.fates.get_mut(id)
        {
            *fate = Fate::Acknowledged;
            self.echoes.push(Instant::now());
        }
        let given = stanza.get_child("stanza-id", ns::SID).and_then(|given| given.attr("id"));
        let heard = Heard { id: id.to_owned(), stanza_id: given.unwrap_or_default().to_owned() };
        match &mut self.catch_up {
            // Where he is not, he will read of it in the archive once he is.
            _ if self.place != Place::In => {}
            Some(catch_up) => catch_up.live.push(heard),
            None => self.show(heard),
        }
        Vec::new()
    }

    /// A message is shown, which should not have been shown before.
    fn show(&mut self, heard: Heard) {
        if !self.known.insert(heard.id.clone()) {
            self.counts.doubled += 1;
        }
        self.last = Some(heard.stanza_id.clone());
        self.heard.push(heard);
    }

    fn see_error(&mut self, stanza: &Element) -> Vec<Reaction> {
        let condition = condition(stanza).unwrap_or("?").to_owned();
        let id = stanza.attr("id").unwrap_or_default();
        *self.counts.errors.entry(condition.clone()).or_default() += 1;
        match stanza.name() {
            "message" => {
                if let Some(fate) = self.fates.get_mut(id).filter(|fate| **fate == Fate::Waiting) {
                    *fate = Fate::Refused;
                }
                if condition == "not-acceptable" { self.is_out() } else { Vec::new() }
            }
            "presence" => {
                if id == "entry" && self.place == Place::Entering {
                    self.place = Place::Out;
                }
                Vec::new()
            }
            _ => self.see_iq_error(stanza, id, &condition),
        }
    }

    fn see_iq_error(&mut self, stanza: &Element, id: &str, condition: &str) -> Vec<Reaction> {
        if let Some(number) = id.strip_prefix("ping-").and_then(|number| number.parse().ok()) {
            self.pinged = number;
            // XEP-0410, section 3: these do not say that he is out.
            let in_doubt = [
                "service-unavailable",
                "feature-not-implemented",
                "item-not-found",
                "remote-server-not-found",
                "remote-server-timeout",
            ];
            return if in_doubt.contains(&condition) { Vec::new() } else { self.is_out() };
        }
        if id.starts_with("archive-") {
            // The service went away meanwhile: he asks once more, a little later.
            if let Some(catch_up) = self.catch_up.as_mut().filter(|catch_up| catch_up.query == id) {
                catch_up.failed = true;
            }
            return Vec::new();
        }
        self.answer(id, stanza)
    }

    fn answer(&mut self, id: &str, stanza: &Element) -> Vec<Reaction> {
        let read = self.read.remove(id).unwrap_or_default();
        vec![Reaction::Answer(id.to_owned(), stanza.clone(), read)]
    }

    fn see_iq(&mut self, stanza: &Element) -> Vec<Reaction> {
        let id = stanza.attr("id").unwrap_or_default();
        if stanza.attr("type") != Some("result") {
            let from = stanza.attr("from").map_or(String::new(), |from| format!(" to='{from}'"));
            let ping = stanza.attr("type") == Some("get") && stanza.has_child("ping", ns::PING);
            let answer = if ping {
                format!("<iq type='result' id='{id}'{from}/>")
            } else {
                format!(
                    "<iq type='error' id='{id}'{from}><error type='cancel'>\
                     <service-unavailable xmlns='{}'/></error></iq>",
                    ns::STANZA_ERRORS
                )
            };
            return vec![Reaction::Send(answer)];
        }
        if let Some(number) = id.strip_prefix("ping-").and_then(|number| number.parse().ok()) {
            self.pinged = number;
            return Vec::new();
        }
        if !id.starts_with("archive-") {
            return self.answer(id, stanza);
        }
        let fin = stanza.get_child("fin", ns::MAM);
        let complete = fin.is_none_or(|fin| fin.attr("complete") == Some("true"));
        let last =
            fin.and_then(|fin| fin.get_child("set", ns::RSM)).and_then(|set| set.get_child("last", ns::RSM));
        match last {
            Some(last) if !complete => vec![Reaction::Send(self.archive_query(Some(&last.text())))],
            _ => {
                self.end_catch_up(id);
                Vec::new()
            }
        }
    }

    /// The question to the archive once more, if it failed or nothing came of it for a while.
    pub(crate) fn ask_again(&mut self) -> Option<String> {
        let catch_up = self.catch_up.as_mut()?;
        catch_up.looks += 1;
        if !catch_up.failed && catch_up.looks < LOOKS {
            return None;
        }
        (catch_up.failed, catch_up.looks) = (false, 0);
        let last = catch_up.read.last().map(|heard| heard.stanza_id.clone()).or_else(|| self.last.clone());
        Some(self.archive_query(last.filter(|last| !last.is_empty()).as_deref()))
    }

    fn begin_catch_up(&mut self) -> Vec<Reaction> {
        self.catch_up = Some(CatchUp::default());
        let last = self.last.clone().filter(|last| !last.is_empty());
        vec![Reaction::Send(self.archive_query(last.as_deref()))]
    }

    fn archive_query(&mut self, after: Option<&str>) -> String {
        self.queries += 1;
        let id = format!("archive-{}", self.queries);
        let query = archive_query(&self.room, &id, after);
        if let Some(catch_up) = &mut self.catch_up {
            catch_up.query = id;
        }
        query
    }

    fn see_result(&mut self, stanza: &Element) -> Vec<Reaction> {
        if let Some((query, heard)) = archived(stanza) {
            match &mut self.catch_up {
                Some(catch_up) if catch_up.query == query => catch_up.read.push(heard),
                _ if query.starts_with("ask-") => self.read.entry(query).or_default().push(heard),
                _ => {}
            }
        }
        Vec::new()
    }

    /// The archive has no more: what was missed is shown, then what came meanwhile.
    fn end_catch_up(&mut self, id: &str) {
        let Some(catch_up) = self.catch_up.take_if(|catch_up| catch_up.query == id) else { return };
        let in_archive: HashSet<&String> = catch_up.read.iter().map(|heard| &heard.stanza_id).collect();
        let live: Vec<Heard> =
            catch_up.live.iter().filter(|heard| !in_archive.contains(&heard.stanza_id)).cloned().collect();
        for heard in catch_up.read {
            if !self.known.contains(&heard.id) {
                self.show(heard);
            }
        }
        live.into_iter().for_each(|heard| self.show(heard));
    }
}

/// A question to the archive of a room (XEP-0313): what came after a message, or all.
pub(crate) fn archive_query(room: &str, id: &str, after: Option<&str>) -> String {
    let after = after.map_or(String::new(), |after| format!("<after>{after}</after>"));
    format!(
        "<iq type='set' id='{id}' to='{room}'><query xmlns='{}' queryid='{id}'>\
         <set xmlns='{}'><max>{PAGE}</max>{after}</set></query></iq>",
        ns::MAM,
        ns::RSM
    )
}

/// A result of the archive: of which query, and the message if it has an id.
pub(crate) fn archived(stanza: &Element) -> Option<(String, Heard)> {
    let result = stanza.get_child("result", ns::MAM)?;
    let message = result.get_child("forwarded", ns::FORWARD)?.get_child("message", ns::CLIENT)?;
    if !message.has_child("body", ns::CLIENT) && !message.has_child("retracted", ns::RETRACT) {
        return None;
    }
    let (id, stanza_id) = (message.attr("id")?.to_owned(), result.attr("id")?.to_owned());
    Some((result.attr("queryid")?.to_owned(), Heard { id, stanza_id }))
}
