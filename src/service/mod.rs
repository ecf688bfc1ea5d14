//! Stanzas to the bare domain: what the service says of itself and of its rooms (XEP-0045 §6.2, §6.3). Pure.

mod commands;
pub mod directory;
mod disco;
mod search;
mod search_limit;

use jiff::{SignedDuration, Timestamp};
use minidom::Element;

use crate::room::context::{Ids, Service};
use crate::room::order::Order;
use crate::room::roster::Roster;
use crate::wire::build::{Build, el, iq_result, stamp};
use crate::wire::encode::Outgoing;
use crate::wire::inbound::{Inbound, IqType, Kind, MessageType};
use crate::wire::jid::BareJid;
use crate::wire::ns;
use crate::wire::refusal::Refusal;
use crate::words::{self, Lang};
use directory::Directory;
use search::Dialect;
pub use search::Search;
use search_limit::SearchLimit;

/// The world at the moment of one request.
pub struct Context<'a> {
    /// The time.
    pub now: Timestamp,
    /// Since when the service has been up.
    pub started: Timestamp,
    /// Facts about the service.
    pub service: &'a Service,
    /// The listed rooms.
    pub directory: &'a Directory,
    /// The rooms in memory.
    pub rooms: &'a dyn Rooms,
    /// What the service remembers.
    pub memory: &'a mut Memory,
}

impl<'a> Context<'a> {
    /// The language of who asks.
    fn lang(&self, inbound: &Inbound) -> Lang<'a> {
        self.service.words.usual().of(&inbound.stanza)
    }
}

/// The rooms in memory and who is in them.
pub trait Rooms {
    /// Calls `each` for every room.
    fn each(&self, each: &mut dyn FnMut(&BareJid, &Roster));
}

/// What a stanza to the service leads to.
#[derive(Debug, Default)]
pub struct Effects {
    /// The answer; `None` if none is due, or none yet.
    pub answer: Option<Element>,
    /// What an admin has to say to everybody.
    pub announcement: Option<Outgoing>,
    /// What a room has to do; it gives the answer then.
    pub order: Option<(BareJid, Box<Order>)>,
    /// What is to be searched for; the answer comes of it.
    pub search: Option<Search>,
    /// The service is to stop after this time.
    pub stop_after: Option<SignedDuration>,
}

/// What the service remembers from one request to the next. It is bounded, and gone with the process.
#[derive(Debug)]
pub struct Memory {
    ids: Ids,
    /// What proves the sessions of commands.
    secret: String,
    searches: SearchLimit,
}

impl Memory {
    /// Nothing yet. `ids` are given out for names of rooms.
    pub fn new(mut ids: Ids) -> Self {
        Self { secret: ids.secret(), ids, searches: SearchLimit::default() }
    }

    /// For a command that is run aside: it knows the sessions of commands, and gives out other ids.
    pub fn fork(&mut self) -> Self {
        Self { secret: self.secret.clone(), ids: self.ids.fork(), searches: SearchLimit::default() }
    }
}

/// Whether a stanza that is addressed to no room may take long to deal with: a command of an admin, which may go through all
/// rooms and everybody in them. (A search is only read here.)
pub fn may_take_long(inbound: &Inbound, service: &Service) -> bool {
    matches!(inbound.kind, Kind::Iq(IqType::Set))
        && inbound.payload().is_some_and(|payload| payload.is("command", ns::COMMANDS))
        && service.is_admin(&inbound.from.to_bare())
}

/// Deals with a stanza that is addressed to no room.
pub fn answer(inbound: &Inbound, cx: &mut Context<'_>) -> Effects {
    let mut fx = Effects::default();
    let outcome = match inbound.kind {
        Kind::Iq(IqType::Get) => request(inbound, false, cx, &mut fx),
        Kind::Iq(IqType::Set) => request(inbound, true, cx, &mut fx),
        // Presence to the service means nothing; the server's own announcements come as messages (114-18).
        Kind::Iq(_) | Kind::Presence(_) | Kind::Message(MessageType::Error) => return fx,
        Kind::Message(_) if announcement(&inbound.stanza) => return fx,
        Kind::Message(_) => Err(Refusal::service_unavailable(&words::SERVICE_READS_NOTHING)),
    };
    match outcome {
        Ok(_) if fx.order.is_some() || fx.search.is_some() => {}
        Ok(payload) => {
            let answer = iq_result(&inbound.to, inbound.id(), payload);
            fx.answer = Some(answer.with("to", inbound.from.as_str()));
        }
        Err(refusal) => {
            let answer = refusal.answer(inbound, cx.service.words.usual());
            fx = Effects { answer, ..Effects::default() };
        }
    }
    fx
}

fn announcement(message: &Element) -> bool {
    message.has_child("privilege", ns::PRIVILEGE) || message.has_child("delegation", ns::DELEGATION)
}

fn request(
    inbound: &Inbound,
    set: bool,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) -> Result<Option<Element>, Refusal> {
    let payload = inbound.payload().ok_or_else(|| Refusal::bad_request(&words::PAYLOAD_NEEDED))?;
    let answer = match (payload.name(), payload.ns().as_str(), set) {
        ("query", ns::DISCO_INFO, false) => disco::info(payload, inbound, cx)?,
        ("query", ns::DISCO_ITEMS, false) => disco::items(payload, inbound, cx)?,
        ("query", ns::VERSION, false) => version(),
        ("query", ns::LAST, false) => uptime(cx),
        ("time", ns::TIME, false) => time(cx.now),
        ("search", ns::SEARCH, _) => return find(&search::STANDARD, payload, inbound, cx, fx),
        ("search", ns::MUCLUMBUS, _) => return find(&search::MUCLUMBUS, payload, inbound, cx, fx),
        // Ids are told apart by process and count: no room of this name exists unless somebody was told the same id.
        ("unique", ns::MUC_UNIQUE, false) => el("unique", ns::MUC_UNIQUE).text_node(&cx.memory.ids.fresh()),
        ("command", ns::COMMANDS, true) => return commands::execute(payload, inbound, cx, fx),
        ("ping", ns::PING, false) => return Ok(None),
        _ => return Err(Refusal::service_unavailable(&words::SERVICE_UNKNOWN_REQUEST)),
    };
    Ok(Some(answer))
}

/// Without a form, the form; with one, a search for what it asks for.
fn find(
    dialect: &'static Dialect,
    search: &Element,
    inbound: &Inbound,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) -> Result<Option<Element>, Refusal> {
    let Some(x) = search.get_child("x", ns::DATA) else {
        return Ok(Some(search::blank(dialect, cx.lang(inbound))));
    };
    let admitted = cx.memory.searches.admit(&inbound.from.to_bare(), cx.now);
    admitted.map_err(|seconds| search::too_often(dialect, seconds))?;
    fx.search = Some(Search::new(dialect, search, x, inbound, cx.directory)?);
    Ok(None)
}

/// Name and version; the operating system is nobody's business (092-1).
fn version() -> Element {
    el("query", ns::VERSION)
        .child(el("name", ns::VERSION).text_node("Conclave"))
        .child(el("version", ns::VERSION).text_node(env!("CARGO_PKG_VERSION")))
}

/// For how many seconds the service has been up (XEP-0012 §5).
fn uptime(cx: &Context<'_>) -> Element {
    let seconds = cx.now.duration_since(cx.started).as_secs().max(0);
    el("query", ns::LAST).with("seconds", &seconds.to_string())
}

/// The time, in UTC (XEP-0202).
fn time(now: Timestamp) -> Element {
    el("time", ns::TIME)
        .child(el("tzo", ns::TIME).text_node("+00:00"))
        .child(el("utc", ns::TIME).text_node(&stamp(now)))
}
