use minidom::Node;
use proptest::prelude::*;
use rxml::{Namespace, NcName};

use super::*;
use crate::wire::{encode, size};

const OPEN: &str = "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' \
    xmlns:stream='http://etherx.jabber.org/streams' id='3BF96D32' from='muc.example'>";

const LIMITS: Limits =
    Limits { stanza_bytes_max: 256 * 1024, depth_max: 64, attributes_max: 32, elements_max: 500 };

/// Everything that `bytes` say, fed in chunks of `size`.
fn read_in(bytes: &str, size: usize) -> (Vec<Output>, Result<(), StreamFault>) {
    let mut reader = StreamReader::new(LIMITS);
    let mut out = Vec::new();
    for chunk in bytes.as_bytes().chunks(size) {
        if let Err(fault) = reader.feed(chunk, &mut out) {
            return (out, Err(fault));
        }
    }
    (out, Ok(()))
}

/// The one output behind the header.
fn one(stanza: &str) -> Output {
    let (mut out, result) = read_in(&format!("{OPEN}{stanza}"), usize::MAX);
    assert_eq!(result, Ok(()));
    assert_eq!(out.len(), 2, "{out:?}");
    out.pop().expect("two outputs")
}

fn stanza(text: &str) -> Element {
    match one(text) {
        Output::Stanza(element, _) => element,
        other => panic!("not a stanza: {other:?}"),
    }
}

fn skipped(text: &str) -> (Head, Excess) {
    match one(text) {
        Output::Skipped { head, excess } => (head, excess),
        other => panic!("not skipped: {other:?}"),
    }
}

fn fault(text: &str) -> StreamFault {
    read_in(text, usize::MAX).1.expect_err("a fault")
}

// 114-2
#[test]
fn the_header_is_read_with_its_raw_id() {
    let (out, result) = read_in(OPEN, 1);
    assert_eq!(result, Ok(()));
    assert_eq!(
        out,
        [Output::Opened(Header {
            id: Some("3BF96D32".to_owned()),
            from: Some("muc.example".to_owned()),
            ns: ns::COMPONENT_ACCEPT.to_owned(),
        })]
    );
}

// 114-10
#[test]
fn the_component_namespace_becomes_that_of_clients_on_every_level() {
    let element =
        stanza("<message><body>hi</body><error><x xmlns='jabber:component:accept'/></error></message>");
    assert!(element.is("message", ns::CLIENT));
    assert!(element.has_child("body", ns::CLIENT));
    let error = element.get_child("error", ns::CLIENT).expect("error");
    assert!(error.has_child("x", ns::CLIENT));
}

// 45-8.1-b, 45-17.3-f
#[test]
fn words_in_the_namespace_of_another_kind_of_stream_are_those_of_clients() {
    for namespace in ["jabber:server", "jabber:component:connect", "jabber:component:accept"] {
        let element = stanza(&format!(
            "<message xmlns:s='{namespace}'><subject xmlns='{namespace}'>s</subject><s:body>b</s:body></message>"
        ));
        assert!(
            element.has_child("subject", ns::CLIENT) && element.has_child("body", ns::CLIENT),
            "{namespace}"
        );
    }
}

#[test]
fn odd_stanzas_of_users_are_ordinary() {
    let element = stanza("<presence to='r@s/🦊 \u{1f600}' type='foo'><show>foo</show></presence>");
    assert_eq!(element.attr("to"), Some("r@s/🦊 \u{1f600}"));
    assert_eq!(element.get_child("show", ns::CLIENT).map(Element::text).as_deref(), Some("foo"));
    let long = "a".repeat(9000);
    assert_eq!(stanza(&format!("<iq id='{long}'/>")).attr("id"), Some(long.as_str()));
    assert!(stanza("<unknown xmlns='urn:x'/>").is("unknown", "urn:x"));
}

#[test]
fn attributes_keep_their_namespaces_and_prefixes_are_resolved() {
    let element = stanza(
        "<a:message xmlns:a='jabber:client' xml:lang='de' a:k='1' k='2'><b xmlns='urn:b'/><a:c/></a:message>",
    );
    assert!(element.is("message", ns::CLIENT));
    assert_eq!(element.attr_ns(ns::XML, "lang"), Some("de"));
    assert_eq!(element.attr_ns(ns::CLIENT, "k"), Some("1"));
    assert_eq!(element.attr("k"), Some("2"));
    assert!(element.has_child("b", "urn:b") && element.has_child("c", ns::CLIENT));
}

#[test]
fn a_declaration_ends_with_its_element() {
    let element = stanza("<message><x xmlns='urn:x'><y/></x><z/></message>");
    assert!(element.get_child("x", "urn:x").expect("x").has_child("y", "urn:x"));
    assert!(element.has_child("z", ns::CLIENT));
    let after = fault(&format!("{OPEN}<a:q xmlns:a='urn:a'/><a:q/>"));
    assert!(matches!(after, StreamFault::Xml(rxml::Error::UndeclaredNamespacePrefix(_))), "{after:?}");
}

#[test]
fn text_is_joined_over_references_and_cdata() {
    let element = stanza("<message><body>a&amp;b&#x1F98A;<![CDATA[<c>]]>\r\nd</body></message>");
    let body = element.get_child("body", ns::CLIENT).expect("body");
    assert_eq!(body.nodes().count(), 1);
    assert_eq!(body.text(), "a&b🦊<c>\nd");
}

#[test]
fn four_thousand_levels_are_skipped_and_the_stream_lives_on() {
    let deep = format!(
        "<iq id='1' type='get' from='a@b/c' to='s'>{}{}</iq>",
        "<a>".repeat(4000),
        "</a>".repeat(4000)
    );
    let (out, result) = read_in(&format!("{OPEN}{deep}<presence/>"), 1000);
    assert_eq!(result, Ok(()));
    let head = Head {
        name: "iq".to_owned(),
        from: Some("a@b/c".to_owned()),
        to: Some("s".to_owned()),
        id: Some("1".to_owned()),
        type_: Some("get".to_owned()),
    };
    assert_eq!(out[1], Output::Skipped { head, excess: Excess::Depth });
    let presence = Element::bare("presence", ns::CLIENT);
    assert_eq!(out[2], Output::Stanza(presence.clone(), size::of(&presence)));
}

#[test]
fn the_deepest_allowed_stanza_passes() {
    let nested = |levels| format!("<iq>{}{}</iq>", "<a>".repeat(levels), "</a>".repeat(levels));
    assert!(matches!(one(&nested(63)), Output::Stanza(..)));
    assert_eq!(skipped(&nested(64)).1, Excess::Depth);
}

#[test]
fn every_limit_skips_one_stanza_with_its_head() {
    let many: String = (0..40).map(|i| format!(" a{i}=''")).collect();
    let (head, excess) =
        skipped(&format!("<message from='a@b'{many} to='c@d' id='x'><body>y</body></message>"));
    assert_eq!(excess, Excess::Attributes);
    assert_eq!(
        (head.from.as_deref(), head.to.as_deref(), head.id.as_deref()),
        (Some("a@b"), Some("c@d"), Some("x"))
    );

    let (head, excess) = skipped(&format!("<message id='e'>{}</message>", "<a/>".repeat(500)));
    assert_eq!((head.id.as_deref(), excess), (Some("e"), Excess::Elements));
    assert!(matches!(one(&format!("<message>{}</message>", "<a/>".repeat(499))), Output::Stanza(..)));

    let (head, excess) =
        skipped(&format!("<message id='b'><body>{}</body></message>", "x".repeat(257 * 1024)));
    assert_eq!((head.id.as_deref(), excess), (Some("b"), Excess::Bytes));

    let (head, excess) = skipped(&format!("<message to='c@d' k='{}' id='l'/>", "x".repeat(1600 * 1024)));
    assert_eq!((head.to.as_deref(), head.id.as_deref(), excess), (Some("c@d"), Some("l"), Excess::Bytes));
}

#[test]
fn stanzas_of_exactly_the_limit_pass() {
    let with = |bytes: usize| format!("<message><body>{}</body></message>", "x".repeat(bytes));
    let sized = |bytes: usize| size::of(&stanza(&with(bytes)));
    let most = LIMITS.stanza_bytes_max;
    let beside = sized(most / 2) - most / 2;
    assert_eq!(sized(most - beside), most);
    assert_eq!(skipped(&with(most - beside + 1)).1, Excess::Bytes);
}

#[test]
fn a_head_keeps_no_huge_attribute() {
    let (head, _) = skipped(&format!("<iq id='{}' to='a@b'/>", "x".repeat(270 * 1024)));
    assert_eq!((head.id, head.to.as_deref()), (None, Some("a@b")));
}

#[test]
fn white_space_between_stanzas_is_ignored_and_text_is_not() {
    let (out, result) = read_in(&format!("{OPEN} \n <iq/> \t<iq/>  "), 3);
    assert_eq!((out.len(), result), (3, Ok(())));
    assert_eq!(fault(&format!("{OPEN}<iq/> hello <iq/>")), StreamFault::TextBetweenStanzas);
}

#[test]
fn what_stands_in_the_namespaces_of_xml_itself_is_left_out() {
    // Prosody writes <xml:x xml:k='v'/> like the second element here.
    let stanza =
        one("<message xml:lang='en' xmlns:n='http://www.w3.org/2000/xmlns/' n:k='v'><body>a<xml:x/>b</body>\
         <x xmlns='http://www.w3.org/XML/1998/namespace'><y xmlns='urn:y'/></x><n:z/></message>");
    let plain = one("<message xml:lang='en'><body>ab</body></message>");
    let (Output::Stanza(stanza, size), Output::Stanza(plain, plain_size)) = (stanza, plain) else {
        panic!("two stanzas");
    };
    assert_eq!(stanza, plain);
    assert!(size > plain_size, "what is left out was built");
    let (out, result) = read_in(&format!("{OPEN}<xml:iq/><iq/>"), 3);
    assert_eq!((out.len(), result), (2, Ok(())));
}

// 114-5, 114-6, 114-8
#[test]
fn stream_errors_come_with_condition_and_text() {
    let (out, result) = read_in(
        &format!(
            "{OPEN}<stream:error><not-authorized xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>\
             <text xmlns='urn:ietf:params:xml:ns:xmpp-streams'>wrong</text></stream:error></stream:stream>rest"
        ),
        5,
    );
    assert_eq!(result, Ok(()));
    let error = Output::Error { condition: "not-authorized".to_owned(), text: Some("wrong".to_owned()) };
    assert_eq!(out[1..], [error, Output::Closed]);
    let other = one(
        "<stream:error><see-other-host xmlns='urn:ietf:params:xml:ns:xmpp-streams'>h:1</see-other-host></stream:error>",
    );
    assert_eq!(other, Output::Error { condition: "see-other-host".to_owned(), text: Some("h:1".to_owned()) });
    let bare = one("<stream:error/>");
    assert_eq!(bare, Output::Error { condition: "undefined-condition".to_owned(), text: None });
}

// 114-7
#[test]
fn what_is_no_stream_is_a_fault() {
    assert!(matches!(fault("SSH-2.0-OpenSSH_9.2\r\n"), StreamFault::Xml(_)));
    assert!(matches!(fault("<html xmlns='http://www.w3.org/1999/xhtml'>"), StreamFault::NotAStream { .. }));
    assert!(matches!(fault(&format!("{OPEN}<a></b>")), StreamFault::Xml(rxml::Error::ElementMismatch)));
    let many: String = (0..40).map(|i| format!(" a{i}=''")).collect();
    let header = OPEN.replace(" id=", &format!("{many} id="));
    assert_eq!(fault(&header), StreamFault::HeaderTooBig);
}

#[test]
fn a_fault_stays() {
    let mut reader = StreamReader::new(LIMITS);
    let mut out = Vec::new();
    let first = reader.feed(b"no xml", &mut out);
    assert!(first.is_err());
    assert_eq!(reader.feed(OPEN.as_bytes(), &mut out), first);
    assert!(out.is_empty());
}

#[test]
fn the_boundary_is_known() {
    let mut reader = StreamReader::new(LIMITS);
    let mut out = Vec::new();
    let mut boundary_after = |bytes: &str| {
        reader.feed(bytes.as_bytes(), &mut out).expect("well-formed");
        reader.at_boundary()
    };
    assert!(!boundary_after(&OPEN[..40]));
    assert!(boundary_after(&OPEN[40..]));
    assert!(boundary_after("  "));
    assert!(!boundary_after("<"));
    assert!(!boundary_after("iq"));
    assert!(!boundary_after(" id='1'"));
    assert!(!boundary_after("><query/>"));
    assert!(boundary_after("</iq>"));
    assert!(boundary_after("<iq/>\n"));
}

#[test]
fn what_takes_a_quadratic_reader_minutes_is_read_in_a_moment() {
    // Far more than a server passes on.
    let deep = format!("{OPEN}<iq>{}{}</iq>", "<a>".repeat(300_000), "</a>".repeat(300_000));
    let (out, result) = read_in(&deep, 65536);
    assert!(matches!(out[..], [_, Output::Skipped { excess: Excess::Depth, .. }]) && result.is_ok());
    let references = format!("{OPEN}<iq id='{0}'>{0}</iq>", "&lt;".repeat(200_000));
    let (out, result) = read_in(&references, 65536);
    assert!(matches!(out[..], [_, Output::Skipped { excess: Excess::Bytes, .. }]) && result.is_ok());
}

// 45-14.6-a
#[test]
fn what_few_bytes_say_is_counted_by_what_it_becomes_and_never_built() {
    let limits =
        Limits { stanza_bytes_max: 4 << 20, depth_max: 64, attributes_max: 128, elements_max: 10_000 };
    let read = |text: &str| {
        let (mut reader, mut out, mut most) = (StreamReader::new(limits), Vec::new(), 0);
        reader.feed(OPEN.as_bytes(), &mut out).expect("a header");
        for chunk in text.as_bytes().chunks(100_000) {
            reader.feed(chunk, &mut out).expect("well-formed");
            most = most.max(reader.stack.iter().map(size::of).sum());
        }
        (out.pop(), most)
    };
    for (start, inside) in [
        (format!("xmlns:p='{}'", "n".repeat(900_000)), "<p:a/>".repeat(9_980)),
        (String::new(), "<a b=''/>".repeat(9_980)),
        (String::new(), "'".repeat(900_000)),
    ] {
        let (read, most) = read(&format!("<message {start}><body>{inside}</body></message>"));
        assert!(matches!(read, Some(Output::Skipped { excess: Excess::Bytes, .. })), "{read:?}");
        // At most one element beyond the bound.
        assert!(most <= limits.stanza_bytes_max + 2_000_000, "{most} bytes were built");
    }
    // What people send passes.
    let key = format!("<key rid='1234567890' kex='true'>{}</key>", "x".repeat(250));
    for inside in [
        format!(
            "<encrypted xmlns='eu.siacs.conversations.axolotl'><header>{}</header></encrypted>",
            key.repeat(1_500)
        ),
        format!(
            "<vCard xmlns='vcard-temp'><PHOTO><BINVAL>{}</BINVAL></PHOTO></vCard>",
            "QUJD".repeat(65_536)
        ),
        "<a/>".repeat(9_999),
    ] {
        let (read, _) = read(&format!("<message>{inside}</message>"));
        assert!(matches!(read, Some(Output::Stanza(..))), "{}", &inside[..60]);
    }
}

#[test]
fn many_declarations_that_many_elements_use_are_read_in_a_moment() {
    let limits =
        Limits { stanza_bytes_max: 1 << 30, depth_max: 200, attributes_max: 1_000, elements_max: 100_000 };
    let declared = |level: usize| {
        let all: String = (0..990).map(|n| format!(" xmlns:p{level}-{n}='u'")).collect();
        format!("<a{all}>")
    };
    let open: String = (0..100).map(declared).collect();
    let text = format!("<iq>{open}{}{}</iq>", "<p0-0:b/>".repeat(50_000), "</a>".repeat(100));
    let (mut reader, mut out) = (StreamReader::new(limits), Vec::new());
    reader.feed(OPEN.as_bytes(), &mut out).expect("a header");
    reader.feed(text.as_bytes(), &mut out).expect("well-formed");
    assert!(matches!(out[..], [_, Output::Stanza(..)]));
}

fn namespace() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![ns::CLIENT, ns::MUC_USER, ns::DATA, "urn:x:0", ""])
}

fn name() -> impl Strategy<Value = String> {
    "[a-zé_][a-z0-9._-]{0,6}"
}

/// Any text that XML can carry.
fn text() -> impl Strategy<Value = String> {
    let any = any::<char>()
        .prop_filter("forbidden in XML", |c| !matches!(c, '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}'));
    let special = prop::sample::select(vec!['&', '<', '>', '\'', '"', ']', '\r', '\n', '\t', ' ', '🦊']);
    prop::collection::vec(prop_oneof![any, special], 1..12).prop_map(String::from_iter)
}

fn attributes() -> impl Strategy<Value = Vec<(&'static str, String, String)>> {
    let namespace = prop::sample::select(vec!["", "", ns::XML, "urn:attr:1", "urn:attr:2"]);
    prop::collection::vec((namespace, name(), text()), 0..4)
}

fn element() -> impl Strategy<Value = Element> {
    let bare = |namespace: &str, name: String, attributes: Vec<(&'static str, String, String)>| {
        let mut element = Element::bare(name, namespace);
        for (namespace, name, value) in attributes {
            // "xmlns" is no attribute.
            if name != "xmlns" {
                let name = NcName::try_from(name).expect("a name");
                element.attrs_mut().insert(Namespace::from(namespace), name, value);
            }
        }
        element
    };
    let leaf = (namespace(), name(), attributes()).prop_map(move |(ns, name, attrs)| bare(ns, name, attrs));
    let inner = leaf.prop_recursive(4, 24, 5, move |inner| {
        let child = prop_oneof![inner.prop_map(Node::Element), text().prop_map(Node::Text)];
        (namespace(), name(), attributes(), prop::collection::vec(child, 0..5)).prop_map(
            move |(ns, name, attrs, children)| {
                let mut element = bare(ns, name, attrs);
                for child in children {
                    match child {
                        // Two texts side by side are one when read.
                        Node::Text(text) => element.append_text(text),
                        Node::Element(child) => {
                            element.append_child(child);
                        }
                    }
                }
                element
            },
        )
    });
    // A stanza is never in the empty namespace.
    (inner, name()).prop_map(|(mut inner, name)| {
        if !inner.has_ns("") {
            return inner;
        }
        let mut stanza = Element::bare(name, ns::CLIENT);
        std::mem::swap(inner.attrs_mut(), stanza.attrs_mut());
        for node in inner.take_nodes() {
            stanza.append_node(node);
        }
        stanza
    })
}

/// Pieces of streams, good and bad, that put together cover most of what a peer can send.
fn piece() -> impl Strategy<Value = String> {
    let fixed = |text: &str| Just(text.to_owned());
    prop_oneof![
        6 => element().prop_map(|element| encode::element(&element)),
        2 => fixed(" \n"),
        1 => (60..70usize).prop_map(|n| format!("<iq id='d'>{}{}</iq>", "<a>".repeat(n), "</a>".repeat(n))),
        1 => (490..510usize).prop_map(|n| format!("<iq>{}<b k=''/></iq>", "<a/>é".repeat(n))),
        1 => (28..36usize).prop_map(|n| {
            let many: String = (0..n).map(|i| format!(" a{i}='&#x1F98A;'")).collect();
            format!("<iq{many} id='a' from='f'><b{many}/></iq>")
        }),
        1 => (259_500..262_200usize).prop_map(|n| format!("<iq to='x'>{}</iq>", "y".repeat(n))),
        1 => (259_500..262_200usize).prop_map(|n| format!("<iq id='i' k='{}' to='x'/>", "y".repeat(n))),
        1 => fixed("<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>"),
        1 => fixed("<a:x/>"),
        1 => fixed("<m>a<![CDATA[]] ]>]]>\r\r\nb</m>"),
        1 => fixed("</stream:stream>"),
        1 => fixed("text"),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_chunking_gives_the_same_outputs(
        pieces in prop::collection::vec(piece(), 0..6),
        sizes in prop::collection::vec(prop_oneof![1..9usize, 1..270_000usize], 1..40),
    ) {
        let bytes = format!("{OPEN}{}", pieces.concat());
        let whole = read_in(&bytes, usize::MAX);
        let mut reader = StreamReader::new(LIMITS);
        let (mut out, mut result, mut rest) = (Vec::new(), Ok(()), bytes.as_bytes());
        for size in sizes.iter().cycle() {
            if rest.is_empty() || result.is_err() {
                break;
            }
            let (chunk, left) = rest.split_at((*size).min(rest.len()));
            result = reader.feed(chunk, &mut out);
            rest = left;
        }
        prop_assert_eq!((out, result), whole);
    }

    #[test]
    fn what_is_encoded_reads_back_equal(element in element()) {
        let stanza = Output::Stanza(element.clone(), size::of(&element));
        let (out, result) = read_in(&format!("{OPEN}{}", encode::element(&element)), 7);
        prop_assert_eq!(result, Ok(()));
        prop_assert_eq!(&out[1..], [stanza]);
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), open in any::<bool>()) {
        let mut reader = StreamReader::new(LIMITS);
        let mut out = Vec::new();
        if open {
            reader.feed(OPEN.as_bytes(), &mut out).expect("a header");
        }
        let first = reader.feed(&bytes, &mut out);
        let again = reader.feed(b" ", &mut out);
        prop_assert!(first.is_ok() || again.is_err());
    }
}

const MANY: &str = "<handshake/> <message to='a@b'><body>x<![CDATA[<y>]]>&amp;</body></message>\n<iq xml:lang='de'>\
    <p:q xmlns:p='urn:p' a='1'/></iq><presence/>  <xml:x/><message xmlns:xml='http://www.w3.org/XML/1998/namespace'><a/></message>";

#[test]
fn another_reader_goes_on_wherever_the_first_one_stands() {
    let all = format!("{OPEN}{MANY}");
    let (whole, result) = read_in(&all, usize::MAX);
    assert_eq!(result, Ok(()));
    for cut in OPEN.len()..all.len() {
        for size in [1, 7, usize::MAX] {
            let (mut reader, mut out) = (StreamReader::new(LIMITS), Vec::new());
            for chunk in all.as_bytes()[..cut].chunks(size) {
                reader.feed(chunk, &mut out).expect("well-formed");
            }
            let resumption = reader.resumption().expect("the stream is open");
            let mut second = StreamReader::resume(LIMITS, &resumption).expect("the same stream");
            for bytes in [&resumption.tail, &all.as_bytes()[cut..]] {
                second.feed(bytes, &mut out).expect("well-formed");
            }
            assert_eq!(out, whole, "cut at {cut}, read by {size}");
        }
    }
}

#[test]
fn in_a_stanza_that_is_too_long_nobody_can_go_on() {
    let (mut reader, mut out) = (StreamReader::new(LIMITS), Vec::new());
    assert_eq!(reader.resumption(), None, "before the header");
    reader.feed(OPEN.as_bytes(), &mut out).expect("well-formed");
    reader.feed(b"<message><body>", &mut out).expect("well-formed");
    for _ in 0..5 {
        assert!(reader.resumption().is_some());
        reader.feed(&[b'x'; 80_000], &mut out).expect("well-formed");
    }
    reader.feed(&[b'x'; 160_000], &mut out).expect("well-formed");
    assert_eq!(reader.resumption(), None);
    reader.feed(b"</body></message><iq", &mut out).expect("well-formed");
    assert_eq!(reader.resumption().expect("behind it one can").tail, b"<iq");
}
