//! What the service answers for itself: discovery, the list of rooms, small requests (XEP-0045 §6.2, §6.3).

mod commands;
mod hostile;
mod search;

use conclave::room::context::{Contacts, Ids, Service};
use conclave::room::listing::Listing;
use conclave::room::roster::Roster;
use conclave::service::{Context, Effects, Memory, Rooms, answer, directory::Directory};
use conclave::wire::inbound::Inbound;
use conclave::wire::jid::BareJid;
use conclave::words::Lang;
use jiff::{SignedDuration, Timestamp};
use minidom::Element;

const INFO: &str = "http://jabber.org/protocol/disco#info";
const ITEMS: &str = "http://jabber.org/protocol/disco#items";
const RSM: &str = "http://jabber.org/protocol/rsm";

fn service() -> Service {
    Service {
        name: "Rooms of Verona".to_owned(),
        admins: vec![BareJid::parse("root@example").expect("a jid")],
        ..Service::new(BareJid::parse("muc.example").expect("a jid"))
    }
}

/// A directory of so many rooms, `r000` and on.
fn directory(rooms: usize) -> Directory {
    let mut directory = Directory::default();
    for n in 0..rooms {
        let jid = BareJid::parse(&format!("r{n:03}@muc.example")).expect("a jid");
        directory.set(jid, Some(Listing { name: format!("Room {n}"), ..Listing::default() }));
    }
    directory
}

/// The rooms in memory.
#[derive(Default)]
struct InMemory(Vec<(BareJid, Roster)>);

impl Rooms for InMemory {
    fn each(&self, each: &mut dyn FnMut(&BareJid, &Roster)) {
        self.0.iter().for_each(|(room, roster)| each(room, roster));
    }
}

/// The service between requests.
struct Desk {
    rooms: InMemory,
    service: Service,
    memory: Memory,
    started: Timestamp,
    now: Timestamp,
}

impl Desk {
    fn new() -> Self {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().expect("a date");
        Self {
            service: service(),
            memory: Memory::new(Ids::new(&[1])),
            rooms: InMemory::default(),
            started: now,
            now,
        }
    }

    /// Lets time pass.
    fn wait(&mut self, seconds: i64) {
        self.now = self.now.checked_add(SignedDuration::from_secs(seconds)).expect("a date");
    }

    /// The answer to a stanza of `romeo@example/pc` to the service, unless it says who sends it.
    fn ask(&mut self, stanza: &str, directory: &Directory) -> Option<Element> {
        self.effects(stanza, directory).answer
    }

    /// All that a stanza leads to.
    fn effects(&mut self, stanza: &str, directory: &Directory) -> Effects {
        let sender = if stanza.contains(" from=") { "" } else { " from='romeo@example/pc'" };
        let stanza = stanza.replacen(' ', &format!(" xmlns='jabber:client'{sender} to='muc.example' "), 1);
        let inbound = Inbound::parse(stanza.parse().expect("test xml")).expect("a stanza");
        let mut cx = Context {
            now: self.now,
            started: self.started,
            service: &self.service,
            directory,
            rooms: &self.rooms,
            memory: &mut self.memory,
        };
        let mut effects = answer(&inbound, &mut cx);
        if let Some(search) = effects.search.take() {
            effects.answer = search.answer(&|| true, Lang::english());
        }
        effects
    }

    fn get(&mut self, payload: &str, directory: &Directory) -> Element {
        self.ask(&format!("<iq type='get' id='q'>{payload}</iq>"), directory).expect("an answer")
    }
}

/// The answer of a service that was never asked before.
fn ask(stanza: &str, directory: &Directory) -> Option<Element> {
    Desk::new().ask(stanza, directory)
}

fn get(payload: &str, directory: &Directory) -> Element {
    let answer = ask(&format!("<iq type='get' id='q'>{payload}</iq>"), directory).expect("an answer");
    let attributes = ["id", "from", "to"].map(|name| answer.attr(name).unwrap_or_default());
    assert_eq!(attributes, ["q", "muc.example", "romeo@example/pc"]);
    answer
}

/// The type and the condition of an error.
fn error(answer: &Element) -> String {
    let error = answer.get_child("error", "jabber:client").expect("an error");
    format!(
        "{}/{}",
        error.attr("type").unwrap_or_default(),
        error.children().next().expect("a condition").name()
    )
}

#[test]
fn service_says_what_it_is() {
    // 45-6-a, 45-6.2-a, 45-7.4-e, 45-16.2-a, 030-1, 199-1, 059-3, 433-1, 506-1, clients-join-a
    let answer = get(&format!("<query xmlns='{INFO}'/>"), &directory(0));
    let query = answer.get_child("query", INFO).expect("a query");
    let identity = query.get_child("identity", INFO).expect("an identity");
    let words = ["category", "type", "name"].map(|name| identity.attr(name).unwrap_or_default());
    assert_eq!(words, ["conference", "text", "Rooms of Verona"]);
    let features: Vec<_> = query.children().filter_map(|c| c.attr("var")).collect();
    for var in [
        INFO,
        ITEMS,
        "http://jabber.org/protocol/muc",
        "http://jabber.org/protocol/muc#stable_id",
        RSM,
        "urn:xmpp:ping",
        "jabber:iq:version",
        "jabber:iq:last",
        "urn:xmpp:time",
        "urn:xmpp:channel-search:0:search",
        "https://xmlns.zombofant.net/muclumbus/search/1.0",
        "urn:xmpp:noreply:0",
        "http://jabber.org/protocol/commands",
    ] {
        assert!(features.contains(&var), "{var}");
    }
}

#[test]
fn rooms_are_listed_by_address_and_name() {
    // 45-6.3-a, 45-4.2-b
    let mut directory = directory(2);
    directory.set(BareJid::parse("gone@muc.example").expect("a jid"), Some(Listing::default()));
    directory.set(BareJid::parse("gone@muc.example").expect("a jid"), None);
    let answer = get(&format!("<query xmlns='{ITEMS}'/>"), &directory);
    let query = answer.get_child("query", ITEMS).expect("a query");
    let items: Vec<_> = query.children().map(|c| (c.attr("jid"), c.attr("name"))).collect();
    assert_eq!(
        items,
        [(Some("r000@muc.example"), Some("Room 0")), (Some("r001@muc.example"), Some("Room 1"))]
    );
}

#[test]
fn long_list_comes_in_pages_whether_asked_for_or_not() {
    // 45-6.3-b, 45-6.3-c, 059-1, 059-2
    let directory = directory(250);
    let mut seen = Vec::new();
    let mut page = String::new();
    for _ in 0..10 {
        let answer = get(&format!("<query xmlns='{ITEMS}'>{page}</query>"), &directory);
        let query = answer.get_child("query", ITEMS).expect("a query");
        let items = query.children().filter(|c| c.name() == "item");
        seen.extend(items.filter_map(|c| c.attr("jid")).map(str::to_owned));
        let set = query.get_child("set", RSM).expect("a partial list says that it is one");
        assert_eq!(set.get_child("count", RSM).expect("a count").text(), "250");
        let Some(last) = set.get_child("last", RSM) else { break };
        page = format!("<set xmlns='{RSM}'><after>{}</after></set>", last.text());
    }
    assert_eq!(seen, (0..250).map(|n| format!("r{n:03}@muc.example")).collect::<Vec<_>>());
}

#[test]
fn unknown_nodes_and_requests_are_answered_with_an_error() {
    // 45-G-d, 45-G-e, 030-1
    for (payload, expected) in [
        (format!("<query xmlns='{INFO}' node='x'/>"), "cancel/item-not-found"),
        (format!("<query xmlns='{ITEMS}' node='x'/>"), "cancel/item-not-found"),
        ("<query xmlns='urn:unknown'/>".to_owned(), "cancel/service-unavailable"),
        (String::new(), "modify/bad-request"),
    ] {
        assert_eq!(error(&get(&payload, &directory(0))), expected, "{payload}");
    }
    let set = ask(&format!("<iq type='set' id='q'><query xmlns='{INFO}'/></iq>"), &directory(0));
    assert_eq!(error(&set.expect("an answer")), "cancel/service-unavailable");
}

#[test]
fn service_answers_pings_and_tells_its_version_but_not_its_system() {
    // 199-1, 092-1
    let answer = get("<ping xmlns='urn:xmpp:ping'/>", &directory(0));
    assert_eq!((answer.attr("type"), answer.children().count()), (Some("result"), 0));
    let answer = get("<query xmlns='jabber:iq:version'/>", &directory(0));
    let told: Vec<_> = answer.children().flat_map(Element::children).map(|c| (c.name(), c.text())).collect();
    assert_eq!(told, [("name", "Conclave".to_owned()), ("version", env!("CARGO_PKG_VERSION").to_owned())]);
}

/// The values of a field of the form of this FORM_TYPE in disco#info.
fn told(answer: &Element, form_type: &str, var: &str) -> Option<Vec<String>> {
    let query = answer.get_child("query", INFO).expect("a query");
    let values = |field: &Element| field.children().map(Element::text).collect::<Vec<_>>();
    let form = query.children().find(|c| {
        let first = c.children().next();
        c.name() == "x"
            && first.is_some_and(|f| f.attr("var") == Some("FORM_TYPE") && values(f) == [form_type])
    })?;
    form.children().find(|field| field.attr("var") == Some(var)).map(values)
}

#[test]
fn service_says_whom_to_write_to() {
    // 157-1, 128-1, clients-info-h
    const FORM: &str = "http://jabber.org/network/serverinfo";
    let mut desk = Desk::new();
    let info = format!("<query xmlns='{INFO}'/>");
    assert_eq!(told(&desk.get(&info, &directory(0)), FORM, "FORM_TYPE"), None);
    desk.service.contacts = Contacts {
        abuse: vec!["mailto:abuse@example.org".to_owned(), "xmpp:abuse@example.org".to_owned()],
        status: vec!["https://status.example.org".to_owned()],
        ..Contacts::default()
    };
    let answer = desk.get(&info, &directory(0));
    let abuse = ["mailto:abuse@example.org".to_owned(), "xmpp:abuse@example.org".to_owned()];
    assert_eq!(told(&answer, FORM, "abuse-addresses").as_deref(), Some(&abuse[..]));
    assert_eq!(told(&answer, FORM, "status-addresses"), Some(vec!["https://status.example.org".to_owned()]));
    for kind in ["admin", "feedback", "sales", "security", "support"] {
        assert_eq!(told(&answer, FORM, &format!("{kind}-addresses")), None, "{kind}");
    }
}

#[test]
fn service_says_what_becomes_of_data_and_where_its_terms_are() {
    // 504-1
    const FORM: &str = "urn:xmpp:data-policy:0";
    let mut desk = Desk::new();
    let info = format!("<query xmlns='{INFO}'/>");
    let answer = desk.get(&info, &directory(0));
    assert_eq!(told(&answer, FORM, "encryption_at_rest"), Some(vec!["false".to_owned()]));
    assert_eq!(told(&answer, FORM, "tos"), None);
    desk.service.terms = "https://example.org/terms".to_owned();
    let answer = desk.get(&info, &directory(0));
    assert_eq!(told(&answer, FORM, "tos"), Some(vec!["https://example.org/terms".to_owned()]));
}

#[test]
fn service_tells_for_how_long_it_has_been_up() {
    // 012-1
    let mut desk = Desk::new();
    desk.wait(3600);
    let answer = desk.get("<query xmlns='jabber:iq:last'/>", &directory(0));
    assert_eq!(answer.children().next().and_then(|query| query.attr("seconds")), Some("3600"));
    // A clock that was set back does not make it younger than nothing.
    desk.wait(-7200);
    let answer = desk.get("<query xmlns='jabber:iq:last'/>", &directory(0));
    assert_eq!(answer.children().next().and_then(|query| query.attr("seconds")), Some("0"));
}

#[test]
fn service_tells_the_time_in_utc() {
    // 202-1, 082-1
    let answer = get("<time xmlns='urn:xmpp:time'/>", &directory(0));
    let told: Vec<_> = answer.children().flat_map(Element::children).map(|c| (c.name(), c.text())).collect();
    assert_eq!(told, [("tzo", "+00:00".to_owned()), ("utc", "2026-01-01T00:00:00.000Z".to_owned())]);
}

#[test]
fn a_hundred_thousand_rooms_are_paged_through_from_any_place() {
    // 059-1, 059-2, 059-3
    let mut directory = Directory::default();
    for n in 0..100_000 {
        let jid = BareJid::parse(&format!("r{n:06}@muc.example")).expect("a jid");
        directory.set(jid, Some(Listing { name: format!("Room {n}"), ..Listing::default() }));
    }
    for (set, first, count) in [
        ("<max>50</max><after>r099970@muc.example</after>", 99_971, 29),
        ("<max>50</max><before>r050000@muc.example</before>", 49_950, 50),
        ("<max>50</max><index>70000</index>", 70_000, 50),
        ("<max>5000</max>", 0, 100),
    ] {
        let answer =
            get(&format!("<query xmlns='{ITEMS}'><set xmlns='{RSM}'>{set}</set></query>"), &directory);
        let query = answer.get_child("query", ITEMS).expect("a query");
        let items: Vec<_> = query.children().filter_map(|item| item.attr("jid")).collect();
        let expected: Vec<_> = (first..first + count).map(|n| format!("r{n:06}@muc.example")).collect();
        assert_eq!(items, expected, "{set}");
        let index = query.get_child("set", RSM).and_then(|s| s.get_child("first", RSM)?.attr("index"));
        assert_eq!(index, Some(first.to_string().as_str()), "{set}");
    }
}

#[test]
fn server_may_announce_privileges_and_nobody_else_is_ignored() {
    // 114-18, 45-G-f
    for announcement in
        ["<privilege xmlns='urn:xmpp:privilege:2'/>", "<delegation xmlns='urn:xmpp:delegation:2'/>"]
    {
        assert!(ask(&format!("<message id='a'>{announcement}</message>"), &directory(0)).is_none());
    }
    for silent in [
        "<message type='error' id='a'><body>x</body></message>",
        "<iq type='result' id='a'/>",
        "<iq type='error' id='a'/>",
        "<presence id='a'/>",
        "<presence type='error' id='a'/>",
    ] {
        assert!(ask(silent, &directory(0)).is_none(), "{silent}");
    }
    let answer = ask("<message id='a'><body>anybody there?</body></message>", &directory(0));
    assert_eq!(error(&answer.expect("an answer")), "cancel/service-unavailable");
}
