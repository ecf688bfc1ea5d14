//! Search for rooms (XEP-0433), and the same as muclumbus.

use conclave::room::listing::Listing;
use conclave::service::directory::Directory;
use conclave::wire::jid::BareJid;
use minidom::Element;

use super::{Desk, RSM, error};

const SEARCH: &str = "urn:xmpp:channel-search:0:search";
const MUCLUMBUS: &str = "https://xmlns.zombofant.net/muclumbus/search/1.0";
const KEY: &str = "{urn:xmpp:channel-search:0:order}";

fn verona() -> Directory {
    let listing = |name: &str, description: &str, occupants| Listing {
        name: name.to_owned(),
        description: description.to_owned(),
        occupants,
        open: occupants.is_some(),
        ..Listing::default()
    };
    let mut directory = Directory::default();
    for (local, listing) in [
        ("balcony", Listing { nonanonymous: true, ..listing("Balcony", "Of Straße and star", Some(2)) }),
        ("tomb", listing("The Tomb", "Last words", None)),
        ("fight", listing("Montague & Capulet", "Swords and WORDS", Some(9))),
        ("feast", Listing { language: "it".to_owned(), ..listing("Festa", "Maskers welcome", Some(0)) }),
        ("words", listing("Quiet", "Two\nlines", Some(2))),
    ] {
        directory.set(BareJid::parse(&format!("{local}@muc.example")).expect("a jid"), Some(listing));
    }
    directory
}

/// A search of these fields; the type of the form follows from the namespace.
fn request(ns: &str, fields: &[(&str, &str)], set: &str) -> String {
    let form_type = if ns == SEARCH {
        "urn:xmpp:channel-search:0:search-params"
    } else {
        concat!("https://xmlns.zombofant.net/muclumbus/search/1.0", "#params")
    };
    let fields: String = [("FORM_TYPE", form_type)]
        .iter()
        .chain(fields)
        .map(|(var, value)| format!("<field var='{var}'><value>{value}</value></field>"))
        .collect();
    format!(
        "<search xmlns='{ns}'><set xmlns='{RSM}'>{set}</set><x xmlns='jabber:x:data' type='submit'>{fields}</x></search>"
    )
}

fn answer(ns: &str, fields: &[(&str, &str)], set: &str) -> Element {
    Desk::new().get(&request(ns, fields, set), &verona())
}

/// The local parts of what is found.
fn found(answer: &Element, ns: &str) -> Vec<String> {
    let result = answer.get_child("result", ns).expect("a result");
    let items = result.children().filter(|c| c.name() == "item");
    items.filter_map(|i| i.attr("address")?.split('@').next().map(str::to_owned)).collect()
}

fn search(fields: &[(&str, &str)]) -> Vec<String> {
    found(&answer(SEARCH, fields, ""), SEARCH)
}

/// Error type, condition, and the condition of the specification.
fn refused(answer: &Element) -> String {
    let special = answer
        .get_child("error", "jabber:client")
        .and_then(|e| e.children().find(|c| c.ns() == "urn:xmpp:channel-search:0:error").map(Element::name));
    format!("{} {}", error(answer), special.unwrap_or("-"))
}

#[test]
fn the_form_says_what_can_be_searched() {
    // 433-1
    let answer = Desk::new().get(&format!("<search xmlns='{SEARCH}'/>"), &verona());
    let form =
        answer.get_child("search", SEARCH).and_then(|s| s.get_child("x", "jabber:x:data")).expect("a form");
    let vars: Vec<_> = form.children().filter_map(|f| f.attr("var")).collect();
    assert_eq!(
        vars,
        ["FORM_TYPE", "q", "all", "sinname", "sindescription", "sinaddress", "min_users", "types", "key"]
    );
    let form_type = form
        .children()
        .find(|f| f.attr("var") == Some("FORM_TYPE"))
        .map(|f| f.children().map(Element::text).collect::<String>());
    assert_eq!(form_type.as_deref(), Some("urn:xmpp:channel-search:0:search-params"));
}

#[test]
fn every_word_must_be_found_whatever_its_case() {
    // 433-2
    assert_eq!(search(&[("q", "WORDS")]), ["fight", "words", "tomb"]);
    assert_eq!(search(&[("q", "words capulet")]), ["fight"]);
    assert_eq!(search(&[("q", "STRASSE")]), ["balcony"]);
    assert_eq!(search(&[("q", "lines")]), ["words"]);
    assert_eq!(search(&[("q", "twolines")]), [""; 0]);
    assert_eq!(search(&[("q", "ﬁght")]), ["fight"]);
    assert_eq!(search(&[("q", "words feast")]), [""; 0]);
    // The domain is the same for all and finds nobody.
    assert_eq!(search(&[("q", "muc.example")]), [""; 0]);
}

#[test]
fn the_searcher_says_where_to_look() {
    // 433-2, 004-1, trap 64
    assert_eq!(search(&[("q", "words"), ("sindescription", "0")]), ["words"]);
    for var in ["sinaddress", "sinaddr"] {
        assert_eq!(search(&[("q", "words"), (var, "false")]), ["fight", "tomb"], "{var}");
    }
    assert_eq!(search(&[("q", "tomb"), ("sinaddress", "0"), ("sinname", "0")]), [""; 0]);
    assert_eq!(search(&[("q", "words"), ("urn:unknown", "x")]), ["fight", "words", "tomb"]);
    assert_eq!(search(&[("all", "1"), ("types", "xep-0369")]), [""; 0]);
    assert_eq!(search(&[("all", "1"), ("min_users", "2")]), ["fight", "balcony", "words"]);
}

#[test]
fn results_say_what_the_directory_knows() {
    // 433-2
    let answer = answer(SEARCH, &[("all", "true"), ("key", &format!("{KEY}address"))], "");
    let result = answer.get_child("result", SEARCH).expect("a result");
    let told = |item: &Element| {
        item.children().map(|c| format!("{}={}", c.name(), c.text())).collect::<Vec<_>>().join(" ")
    };
    let items: Vec<_> = result.children().filter(|c| c.name() == "item").map(told).collect();
    assert_eq!(
        items[0],
        "name=Balcony description=Of Straße and star nusers=2 service-type=xep-0045 is-open=true anonymity-mode={urn:xmpp:channel-search:0:anonymity}none"
    );
    assert_eq!(
        items[1],
        "name=Festa description=Maskers welcome language=it nusers=0 service-type=xep-0045 is-open=true anonymity-mode=muc_semianonymous"
    );
    assert_eq!(
        items[3],
        "name=The Tomb description=Last words service-type=xep-0045 anonymity-mode=muc_semianonymous"
    );
}

#[test]
fn nothing_found_is_no_error() {
    // 433-2, 059-1
    let answer = answer(SEARCH, &[("q", "nowhere")], "");
    let result = answer.get_child("result", SEARCH).expect("a result");
    assert_eq!(result.children().map(Element::name).collect::<Vec<_>>(), ["set"]);
    let set = result.get_child("set", RSM).expect("a set");
    assert_eq!(set.get_child("count", RSM).map(Element::text).as_deref(), Some("0"));
    assert!(!set.has_child("first", RSM));
}

#[test]
fn results_come_in_pages_in_either_order() {
    // 433-2, 059-1, 059-2
    for (key, expected) in [
        (format!("{KEY}nusers"), ["fight", "balcony", "words", "feast", "tomb"]),
        (format!("{KEY}address"), ["balcony", "feast", "fight", "tomb", "words"]),
    ] {
        let fields = [("all", "1"), ("key", key.as_str())];
        let (mut forth, mut after) = (Vec::new(), String::new());
        for _ in 0..5 {
            let answer = answer(SEARCH, &fields, &format!("<max>2</max>{after}"));
            forth.push(found(&answer, SEARCH));
            let set =
                answer.get_child("result", SEARCH).and_then(|r| r.get_child("set", RSM)).expect("a set");
            let Some(last) = set.get_child("last", RSM).map(Element::text) else { break };
            after = format!("<after>{last}</after>");
        }
        let pages: Vec<Vec<_>> =
            expected.chunks(2).map(|c| c.iter().map(|n| (*n).to_owned()).collect()).collect();
        assert_eq!(forth[..3], pages, "{key}");
        assert!(forth[3].is_empty());
        let last = answer(SEARCH, &fields, "<max>2</max><before/>");
        assert_eq!(found(&last, SEARCH), expected[3..], "{key}");
    }
    let nonsense = answer(SEARCH, &[("all", "1")], "<after>many r@muc.example</after>");
    assert_eq!(error(&nonsense), "cancel/item-not-found");
}

#[test]
fn what_cannot_be_searched_is_refused_with_the_reason() {
    // 433-3
    for (fields, expected) in [
        (&[("q", "a"), ("key", "size")][..], "modify/feature-not-implemented invalid-sort-key"),
        (&[("q", " \u{200b} ")], "modify/bad-request invalid-search-terms"),
        (&[("q", &"x".repeat(257))], "modify/bad-request invalid-search-terms"),
        (&[("q", "a"), ("all", "1")], "modify/bad-request conflicting-fields"),
        (
            &[("q", "a"), ("sinname", "0"), ("sindescription", "0"), ("sinaddress", "0")],
            "modify/bad-request conflicting-fields",
        ),
        (&[], "modify/bad-request no-search-conditions"),
        (&[("q", ""), ("all", "0")], "modify/bad-request no-search-conditions"),
        (&[("q", "a"), ("min_users", "few")], "modify/bad-request -"),
        (&[("q", "a"), ("sinname", "perhaps")], "modify/bad-request -"),
        (&[("FORM_TYPE", "urn:other"), ("q", "a")], "modify/bad-request -"),
    ] {
        assert_eq!(refused(&answer(SEARCH, fields, "")), expected, "{fields:?}");
    }
}

#[test]
fn who_searches_too_often_is_told_when_to_come_back() {
    // 433-3
    let mut desk = Desk::new();
    let request = request(SEARCH, &[("q", "words")], "");
    for _ in 0..20 {
        assert_eq!(found(&desk.get(&request, &verona()), SEARCH).len(), 3);
    }
    let refusal = desk.get(&request, &verona());
    assert_eq!(refused(&refusal), "wait/resource-constraint rate-limit");
    let error = refusal.get_child("error", "jabber:client").expect("an error");
    let seconds =
        error.get_child("rate-limit", "urn:xmpp:channel-search:0:error").and_then(|r| r.attr("retry-after"));
    assert_eq!(seconds, Some("1"));
    desk.wait(1);
    assert_eq!(found(&desk.get(&request, &verona()), SEARCH).len(), 3);
    let other =
        desk.ask(&format!("<iq type='get' id='q' from='juliet@example/pc'>{request}</iq>"), &verona());
    assert_eq!(found(&other.expect("an answer"), SEARCH).len(), 3);
}

#[test]
fn clients_that_speak_muclumbus_find_the_same() {
    // clients-feature-r: as Converse asks.
    let fields = [
        ("q", "words"),
        ("sinname", "true"),
        ("sindescription", "false"),
        ("sinaddr", "true"),
        ("min_users", "1"),
        ("key", "address"),
    ];
    let converse = answer(MUCLUMBUS, &fields, "<max>10</max>");
    assert_eq!(found(&converse, MUCLUMBUS), ["words"]);
    let result = converse.get_child("result", MUCLUMBUS).expect("a result");
    let item = result.children().next().expect("an item");
    let told: Vec<_> = item.children().map(|c| (c.name(), c.text())).collect();
    let text = |text: &str| text.to_owned();
    assert_eq!(
        told,
        [
            ("name", text("Quiet")),
            ("description", text("Two\nlines")),
            ("nusers", text("2")),
            ("is-open", text("")),
            ("anonymity-mode", text("semi"))
        ]
    );
    // nbxmpp tells by <max/> whether there is more.
    let set = result.get_child("set", RSM).expect("a set");
    assert_eq!(set.get_child("max", RSM).map(Element::text).as_deref(), Some("10"));
    // Movim asks for nothing to get all.
    assert_eq!(found(&answer(MUCLUMBUS, &[], "<max>30</max>"), MUCLUMBUS).len(), 5);
    let form = Desk::new().get(&format!("<search xmlns='{MUCLUMBUS}'/>"), &verona());
    let form =
        form.get_child("search", MUCLUMBUS).and_then(|s| s.get_child("x", "jabber:x:data")).expect("a form");
    let vars: Vec<_> = form.children().filter_map(|f| f.attr("var")).collect();
    assert_eq!(vars, ["FORM_TYPE", "q", "sinname", "sindescription", "sinaddr", "min_users", "key"]);
}
