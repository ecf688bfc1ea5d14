//! Search for rooms by words (XEP-0433), also in the older form that clients use (muclumbus).
//!
//! Only what is listed is found. A request carries all that is needed for its answer, and the ids of pages are places
//! in the order of the results: nothing is kept between requests but how many there were.

use std::cmp::Reverse;

use minidom::Element;

use super::directory::{Directory, Entry, PAGE_MAX, no_such_page, searchable};
use crate::wire::build::{Build, el, iq_result, lang, set_lang};
use crate::wire::form::{Field, Reply, Submitted, boolean, form};
use crate::wire::inbound::Inbound;
use crate::wire::jid::{BareJid, Jid};
use crate::wire::ns;
use crate::wire::refusal::Refusal;
use crate::wire::rsm::{self, Paging};
use crate::words::{self, Label, Lang, Text, Value, Words};

/// Most bytes of what is searched for.
const TERMS_BYTES_MAX: usize = 256;

/// Most words of it.
const WORDS_MAX: usize = 16;

/// After so many rooms it is looked whether the answer is still wanted.
const LOOK_UP: usize = 256;

/// The words of one of the two protocols.
#[derive(Debug)]
pub(super) struct Dialect {
    pub(super) ns: &'static str,
    form_type: &'static str,
    /// The field that says whether addresses are searched.
    in_address: &'static str,
    /// The orders of the results: by occupants, by address.
    orders: [(&'static str, Label<'static>); 2],
    /// What a room is called in which addresses are seen by all, and by moderators only.
    anonymity: [&'static str; 2],
    /// Whether the field `all` has to be set for all rooms; if not, a search for nothing finds all.
    all: bool,
}

/// XEP-0433.
pub(super) static STANDARD: Dialect = Dialect {
    ns: ns::SEARCH,
    form_type: ns::SEARCH_PARAMS,
    in_address: "sinaddress",
    orders: [
        ("{urn:xmpp:channel-search:0:order}nusers", Label::Text(&words::NUMBER_OF_OCCUPANTS)),
        ("{urn:xmpp:channel-search:0:order}address", Label::Text(&words::ADDRESS)),
    ],
    anonymity: ["{urn:xmpp:channel-search:0:anonymity}none", "muc_semianonymous"],
    all: true,
};

/// What Converse, Gajim, Movim and yaxim send.
pub(super) static MUCLUMBUS: Dialect = Dialect {
    ns: ns::MUCLUMBUS,
    form_type: ns::MUCLUMBUS_PARAMS,
    in_address: "sinaddr",
    orders: [("nusers", Label::Text(&words::NUMBER_OF_OCCUPANTS)), ("address", Label::Text(&words::ADDRESS))],
    anonymity: ["none", "semi"],
    all: false,
};

/// The kinds of rooms that can be asked for.
const TYPES: &[(&str, Label<'static>)] = &[("xep-0045", Label::Text(&words::MULTI_USER_CHAT))];

#[derive(Debug, PartialEq, Eq)]
enum Order {
    Occupants,
    Address,
}

/// What is searched. Without words: all rooms.
#[derive(Debug, PartialEq, Eq)]
struct Query {
    words: Vec<String>,
    in_name: bool,
    in_description: bool,
    in_address: bool,
    occupants_min: u32,
    /// Whether rooms as they are here are asked for.
    mucs: bool,
    order: Order,
}

/// The form to fill in.
pub(super) fn blank(dialect: &Dialect, lang: Lang<'_>) -> Element {
    let field = |var, type_, label: &'static Text, value: &str| Field {
        var,
        type_: Some(type_),
        label: Some(label),
        values: Some(value.to_owned()).filter(|v| !v.is_empty()).into_iter().collect(),
        ..Field::default()
    };
    let mut fields = vec![field("q", "text-single", &words::SEARCH_FOR, "")];
    if dialect.all {
        fields.push(field("all", "boolean", &words::ALL_ROOMS, "false"));
    }
    fields.push(field("sinname", "boolean", &words::IN_NAMES, "true"));
    fields.push(field("sindescription", "boolean", &words::IN_DESCRIPTIONS, "true"));
    fields.push(field(dialect.in_address, "boolean", &words::IN_ADDRESSES, "true"));
    fields.push(field("min_users", "text-single", &words::FEWEST_OCCUPANTS, "0"));
    if dialect.all {
        fields.push(Field {
            options: TYPES,
            ..field("types", "list-multi", &words::KINDS_OF_ROOMS, "xep-0045")
        });
    }
    let key = field("key", "list-single", &words::ORDER_OF_RESULTS, dialect.orders[0].0);
    fields.push(Field { options: &dialect.orders, ..key });
    el("search", dialect.ns).child(form(lang, dialect.form_type, &words::SEARCH_FOR_ROOMS, &fields))
}

/// A search that was understood. To go through all rooms takes its time: it is for whom that keeps nobody waiting.
#[derive(Debug)]
pub struct Search {
    /// The request without its payload.
    inbound: Inbound,
    dialect: &'static Dialect,
    query: Query,
    asked: Paging,
    /// The rooms as they were when it came.
    directory: Directory,
}

impl Search {
    /// What the filled-in form `x` in `search` asks for.
    pub(super) fn new(
        dialect: &'static Dialect,
        search: &Element,
        x: &Element,
        inbound: &Inbound,
        directory: &Directory,
    ) -> Result<Self, Refusal> {
        let query = match Reply::read(x, dialect.form_type).map_err(Refusal::bad_request)? {
            Reply::Submit(form) => Query::read(dialect, &form)?,
            Reply::Cancel => return Err(nothing_asked()),
        };
        let mut head = el("iq", ns::CLIENT).with("type", "get").with("id", inbound.id());
        lang(&inbound.stanza).into_iter().for_each(|tag| set_lang(&mut head, tag));
        let inbound = Inbound { stanza: head, ..inbound.clone() };
        let asked = Paging::read(search)?.unwrap_or_default();
        Ok(Self { inbound, dialect, query, asked, directory: directory.clone() })
    }

    /// Who asks.
    pub fn asker(&self) -> &Jid {
        &self.inbound.from
    }

    /// The answer, in the language of the request or else in `lang`; `None` as soon as `is_wanted` says that the asker does not wait for it any more.
    pub fn answer(&self, is_wanted: &dyn Fn() -> bool, lang: Lang<'_>) -> Option<Element> {
        let outcome = find(self.dialect, &self.query, &self.asked, &self.directory, is_wanted)?;
        Some(match outcome {
            Ok(payload) => {
                let answer = iq_result(&self.inbound.to, self.inbound.id(), Some(payload));
                answer.with("to", self.asker().as_str())
            }
            Err(refusal) => refusal.answer(&self.inbound, lang)?,
        })
    }

    /// What the asker gets instead when too many search.
    pub fn turned_away(&self, lang: Lang<'_>) -> Option<Element> {
        Refusal::resource_constraint(&words::SEARCHES_WAIT).answer(&self.inbound, lang)
    }
}

/// The rooms that are asked for; `None` if nobody waits for them any more.
fn find(
    dialect: &Dialect,
    query: &Query,
    asked: &Paging,
    directory: &Directory,
    is_wanted: &dyn Fn() -> bool,
) -> Option<Result<Element, Refusal>> {
    let mut found: Vec<&Entry> = Vec::new();
    for (nth, entry) in directory.iter().enumerate() {
        if nth % LOOK_UP == 0 && !is_wanted() {
            return None;
        }
        if query.matches(entry) {
            found.push(entry);
        }
    }
    Some(page(dialect, query, asked, found))
}

fn page(
    dialect: &Dialect,
    query: &Query,
    asked: &Paging,
    mut found: Vec<&Entry>,
) -> Result<Element, Refusal> {
    if query.order == Order::Occupants {
        found.sort_by_key(|entry| Reverse(occupants(entry)));
    }
    let max = asked.max.unwrap_or(PAGE_MAX).min(PAGE_MAX);
    let range = asked.page(found.len(), max, |id| query.order.place(&found, id)).ok_or_else(no_such_page)?;
    let page = &found[range.clone()];
    let ends = page.first().zip(page.last());
    let ends = ends.map(|(first, last)| (query.order.id(first), query.order.id(last)));
    let ends = ends.as_ref().map(|(first, last)| (first.as_str(), last.as_str()));
    // Clients tell by the size of a page whether it is the last.
    let set = rsm::set(ends, Some(range.start as u64), Some(found.len() as u64))
        .child(el("max", ns::RSM).text_node(&max.to_string()));
    let mut result = el("result", dialect.ns);
    for entry in page {
        result.append_child(item(dialect, entry));
    }
    Ok(result.child(set))
}

/// For somebody who has to wait.
pub(super) fn too_often(dialect: &Dialect, seconds: u64) -> Refusal {
    let refusal = Refusal::resource_constraint(words::SEARCHED_TOO_OFTEN.with([seconds]));
    let ns = if dialect.all { ns::SEARCH_ERROR } else { dialect.ns };
    refusal.because_of(el("rate-limit", ns).with("retry-after", &seconds.to_string()))
}

fn nothing_asked() -> Refusal {
    Refusal::bad_request(&words::SEARCH_FOR_WHAT).because("no-search-conditions", ns::SEARCH_ERROR)
}

fn conflict(text: &'static Text, vars: &[&str]) -> Refusal {
    let mut condition = el("conflicting-fields", ns::SEARCH_ERROR);
    for var in vars {
        condition.append_child(el("var", ns::SEARCH_ERROR).text_node(var));
    }
    Refusal::bad_request(text).because_of(condition)
}

impl Query {
    fn read(dialect: &Dialect, form: &Submitted) -> Result<Self, Refusal> {
        let value =
            |var| form.values(var).and_then(|v| v.first()).map(String::as_str).filter(|v| !v.is_empty());
        let flag = |var, default| match form.values(var) {
            None => Ok(default),
            Some(values) => boolean(values).ok_or_else(|| {
                Refusal::bad_request(
                    words::FIELD_WRONG.with([Value::from(var), (&words::NOT_BOOLEAN).into()]),
                )
            }),
        };
        let all = dialect.all && flag("all", false)?;
        let sought = match value("q") {
            Some(_) if all => {
                return Err(conflict(&words::SEARCH_BOTH, &["all", "q"]));
            }
            Some(q) => terms(q)?,
            None if all || !dialect.all => Vec::new(),
            None => return Err(nothing_asked()),
        };
        let query = Self {
            words: sought,
            in_name: flag("sinname", true)?,
            in_description: flag("sindescription", true)?,
            // The example of XEP-0433 has the older name.
            in_address: flag(dialect.in_address, flag(MUCLUMBUS.in_address, true)?)?,
            occupants_min: value("min_users")
                .map_or(Ok(0), |n| n.trim().parse())
                .map_err(|_| Refusal::bad_request(&words::SEARCH_FEWEST_NUMBER))?,
            mucs: form.values("types").is_none_or(|t| t.is_empty() || t.iter().any(|t| t == TYPES[0].0)),
            order: match value("key") {
                None => Order::Occupants,
                Some(key) if key == dialect.orders[0].0 => Order::Occupants,
                Some(key) if key == dialect.orders[1].0 => Order::Address,
                Some(_) => return Err(unknown_order()),
            },
        };
        let somewhere = query.in_name || query.in_description || query.in_address;
        if !query.words.is_empty() && !somewhere {
            let vars = ["q", "sinname", "sindescription", dialect.in_address];
            return Err(conflict(&words::SEARCH_NOWHERE, &vars));
        }
        Ok(query)
    }

    /// Whether every word stands somewhere in what is searched.
    fn matches(&self, entry: &Entry) -> bool {
        let places = [
            (self.in_address, &entry.address),
            (self.in_name, &entry.name),
            (self.in_description, &entry.description),
        ];
        self.mucs
            && occupants(entry).max(u32::from(entry.listing.occupants.is_none())) >= self.occupants_min
            && self
                .words
                .iter()
                .all(|word| places.iter().any(|(on, text)| *on && text.contains(word.as_str())))
    }
}

fn unknown_order() -> Refusal {
    let refusal = Refusal::not_implemented_so(&words::SEARCH_NO_ORDER);
    refusal.because("invalid-sort-key", ns::SEARCH_ERROR)
}

/// The words of a search. What is no word at all finds nothing, and asking for too much is no search.
fn terms(q: &str) -> Result<Vec<String>, Refusal> {
    let invalid = |text: Words| Refusal::bad_request(text).because("invalid-search-terms", ns::SEARCH_ERROR);
    if q.len() > TERMS_BYTES_MAX {
        return Err(invalid(words::SEARCH_BYTES_MOST.with([TERMS_BYTES_MAX])));
    }
    let text = searchable(q);
    let mut asked: Vec<&str> = text.split_whitespace().collect();
    asked.sort_by_key(|word| Reverse(word.len()));
    let mut kept: Vec<String> = Vec::new();
    for word in asked {
        // Where a longer word stands, there stands each part of it.
        if !kept.iter().any(|longer| longer.contains(word)) {
            kept.push(word.to_owned());
        }
    }
    match kept.len() {
        0 => Err(invalid((&words::SEARCH_NO_WORD).into())),
        1..=WORDS_MAX => Ok(kept),
        _ => Err(invalid(words::SEARCH_WORDS_MOST.with([WORDS_MAX]))),
    }
}

/// How many are in a room as far as the results are ordered by it: a room that does not tell comes with the empty ones.
fn occupants(entry: &Entry) -> u32 {
    entry.listing.occupants.unwrap_or(0)
}

impl Order {
    /// The id of a result: its place in the order, in words.
    fn id(&self, entry: &Entry) -> String {
        match self {
            Self::Address => entry.room.as_str().to_owned(),
            Self::Occupants => format!("{} {}", occupants(entry), entry.room),
        }
    }

    /// Where the result of this id is, or would be.
    fn place(&self, found: &[&Entry], id: &str) -> Option<Result<usize, usize>> {
        let (count, room) = match self {
            Self::Address => (None, id),
            Self::Occupants => {
                let (count, room) = id.split_once(' ')?;
                (Some(Reverse(count.parse().ok()?)), room)
            }
        };
        let room = BareJid::parse(room).ok()?;
        Some(found.binary_search_by(|entry| {
            let own = count.map(|_| Reverse(occupants(entry)));
            own.cmp(&count).then_with(|| entry.room.cmp(&room))
        }))
    }
}

fn item(dialect: &Dialect, entry: &Entry) -> Element {
    let listing = &entry.listing;
    let text = |name: &str, text: &str| (!text.is_empty()).then(|| el(name, dialect.ns).text_node(text));
    let [seen_by_all, seen_by_moderators] = dialect.anonymity;
    let anonymity = if listing.nonanonymous { seen_by_all } else { seen_by_moderators };
    let occupants = listing.occupants.map(|count| count.to_string());
    el("item", dialect.ns)
        .with("address", entry.room.as_str())
        .child_opt(text("name", &listing.name))
        .child_opt(text("description", &listing.description))
        .child_opt(text("language", &listing.language))
        .child_opt(text("nusers", occupants.as_deref().unwrap_or_default()))
        .child_opt(dialect.all.then(|| el("service-type", dialect.ns).text_node(TYPES[0].0)))
        .child_opt(listing.open.then(|| open(dialect)))
        .child(el("anonymity-mode", dialect.ns).text_node(anonymity))
}

/// In XEP-0433 a boolean, in muclumbus a flag.
fn open(dialect: &Dialect) -> Element {
    let element = el("is-open", dialect.ns);
    if dialect.all { element.text_node("true") } else { element }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::room::listing::Listing;

    // 45-14.6-a
    #[test]
    fn each_word_is_looked_for_once_and_not_what_is_part_of_another() {
        assert_eq!(terms(&"A ".repeat(128)), Ok(vec!["a".to_owned()]));
        assert_eq!(terms("ball foot football ball"), Ok(vec!["football".to_owned()]));
        let many = |count: usize| (0..count).map(|n| format!("w{n:02} ")).collect::<String>();
        assert_eq!(terms(&many(WORDS_MAX)).map(|words| words.len()), Ok(WORDS_MAX));
        assert!(terms(&many(WORDS_MAX + 1)).is_err());
    }

    // 45-14.6-a
    #[test]
    fn a_search_that_nobody_waits_for_ends_soon_and_one_sees_the_rooms_as_they_were_when_it_came() {
        let mut directory = Directory::default();
        let room = |n: usize| BareJid::parse(&format!("r{n}@muc.example")).expect("a jid");
        for n in 0..10 * LOOK_UP {
            directory.set(room(n), Some(Listing { name: "hall".to_owned(), ..Listing::default() }));
        }
        let stanza = format!(
            "<iq xmlns='jabber:client' type='get' id='s' from='a@b/c' to='muc.example'><search xmlns='{}'>\
             <x xmlns='jabber:x:data' type='submit'><field var='q'><value>hall</value></field></x></search></iq>",
            ns::SEARCH
        );
        let inbound = Inbound::parse(stanza.parse().expect("test xml")).expect("a stanza");
        let payload = inbound.payload().expect("a search");
        let x = payload.get_child("x", ns::DATA).expect("a form");
        let search = Search::new(&STANDARD, payload, x, &inbound, &directory).expect("understood");
        directory.set(room(0), None);
        let looks = std::cell::Cell::new(0);
        let waits = |most: usize| {
            looks.set(0);
            search.answer(&|| looks.replace(looks.get() + 1) < most, Lang::english())
        };
        assert_eq!(waits(3), None);
        assert_eq!(looks.get(), 4);
        let answer = waits(usize::MAX).expect("an answer");
        assert_eq!(looks.get(), 10);
        let count = |answer: &Element| {
            let set = answer.get_child("result", ns::SEARCH)?.get_child("set", ns::RSM)?;
            Some(set.get_child("count", ns::RSM)?.text())
        };
        assert_eq!(count(&answer), Some((10 * LOOK_UP).to_string()));
    }
}
