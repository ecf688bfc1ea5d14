//! What the service answers for itself: discovery, the list of rooms, small requests (XEP-0045 §6.2, §6.3).

use conclave::config::Create;
use conclave::room::config::Config;
use conclave::room::cx::{Ids, Service};
use conclave::room::limits::Limits;
use conclave::service::{answer, directory::Directory};
use conclave::wire::inbound::Inbound;
use conclave::wire::jid::BareJid;
use minidom::Element;

const INFO: &str = "http://jabber.org/protocol/disco#info";
const ITEMS: &str = "http://jabber.org/protocol/disco#items";
const RSM: &str = "http://jabber.org/protocol/rsm";

fn service() -> Service {
    Service {
        domain: BareJid::parse("muc.example").expect("a jid"),
        name: "Rooms of Verona".to_owned(),
        admins: Vec::new(),
        create: Create::Anyone,
        admin_fields: Vec::new(),
        default_room: Config::default(),
        limits: Limits::default(),
        archive_days_max: 0,
        archive_messages_max: 0,
        keep_retracted: false,
    }
}

/// A directory of so many rooms, `r000` and on.
fn directory(rooms: usize) -> Directory {
    let mut directory = Directory::default();
    for n in 0..rooms {
        let jid = BareJid::parse(&format!("r{n:03}@muc.example")).expect("a jid");
        directory.set(jid, Some(format!("Room {n}")));
    }
    directory
}

/// The answer to a stanza of `romeo@example/pc` to the service.
fn ask(stanza: &str, directory: &Directory) -> Option<Element> {
    let stanza = stanza.replacen(' ', " xmlns='jabber:client' from='romeo@example/pc' to='muc.example' ", 1);
    let inbound = Inbound::parse(stanza.parse().expect("test xml")).expect("a stanza");
    answer(&inbound, &service(), directory, &mut Ids::new(&[1]))
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
    // 45-6-a, 45-6.2-a, 45-7.4-e, 45-16.2-a, 030-1, 199-1, 059-3
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
    ] {
        assert!(features.contains(&var), "{var}");
    }
}

#[test]
fn rooms_are_listed_by_address_and_name() {
    // 45-6.3-a, 45-4.2-b
    let mut directory = directory(2);
    directory.set(BareJid::parse("gone@muc.example").expect("a jid"), Some("Gone".to_owned()));
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
