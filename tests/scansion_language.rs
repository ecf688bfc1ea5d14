//! The scansion language and its matcher, apart from any server.

#[path = "scansion/pattern.rs"]
mod pattern;
#[path = "scansion/script.rs"]
mod script;
#[path = "scansion/stage.rs"]
mod stage;

use minidom::Element;

use pattern::{Captures, fill, matches};
use script::{Action, Address, Error, Script, interpolate, parse, stanzas};
use stage::Stage;

const CAST: &str = "[Client] Juliet
\tjid: user@localhost
\tpassword: secret

[Client] Juliet's phone
\tjid: user@localhost/pocket
\tpassword: secret
\tresource: mobile
\tconnect_host: 127.0.0.1
\tconnect_port: 5222

-----
";

fn script(actions: &str) -> Script {
    parse(&format!("# A title\n# and more\n{CAST}{actions}")).expect("a good script")
}

fn mistake(text: &str) -> Error {
    parse(text).expect_err("a bad script")
}

/// The mistake in actions after the cast, with its line counted from the first of them.
fn mistake_in(actions: &str) -> (usize, String) {
    let error = mistake(&format!("{CAST}{actions}"));
    (error.line - CAST.lines().count(), error.message)
}

fn one(xml: &str) -> Element {
    let mut stanzas = stanzas(xml).expect("well-formed");
    assert_eq!(stanzas.len(), 1, "one stanza in {xml}");
    stanzas.remove(0)
}

fn fits(expected: &str, actual: &str) -> bool {
    matches(&one(expected), &one(actual), &mut Captures::new())
}

#[test]
fn the_cast_is_read_with_all_its_settings() {
    let script = script("Juliet connects\n");
    assert_eq!(script.title, "A title");
    let [juliet, phone] = script.cast.as_slice() else { panic!("two clients in {script:?}") };
    assert_eq!((juliet.name.as_str(), juliet.jid.as_str()), ("Juliet", "user@localhost"));
    assert_eq!((juliet.resource.as_deref(), juliet.password.as_str()), (None, "secret"));
    assert_eq!((phone.name.as_str(), phone.jid.as_str()), ("Juliet's phone", "user@localhost"));
    assert_eq!(phone.resource.as_deref(), Some("mobile"));
    assert_eq!((phone.connect_host.as_deref(), phone.connect_port), (Some("127.0.0.1"), Some(5222)));
}

#[test]
fn the_resource_of_an_address_is_asked_for() {
    let script = parse("[Client] A\n jid: user@localhost/here\n password: p\n---\nA connects\n")
        .expect("a good script");
    assert_eq!(script.cast[0].resource.as_deref(), Some("here"));
    assert_eq!(script.cast[0].jid, "user@localhost");
}

#[test]
fn every_action_is_read_with_and_without_a_colon() {
    let script = script(
        "Juliet connects\nJuliet sends:\n\t<presence/>\n# in between\n\t<iq/>\nJuliet receives\n\t<presence/>\n\
         Juliet receives: nothing\nJuliet receives nothing\nJuliet sends\n<message/>\nJuliet disconnects\n",
    );
    let actions: Vec<&Action> = script.steps.iter().map(|step| &step.action).collect();
    assert_eq!(
        actions,
        [
            &Action::Connects,
            &Action::Sends("\t<presence/>\n\t<iq/>\n".to_owned()),
            &Action::Receives("\t<presence/>\n".to_owned()),
            &Action::ReceivesNothing,
            &Action::ReceivesNothing,
            &Action::Sends("<message/>\n".to_owned()),
            &Action::Disconnects,
        ]
    );
    let first = CAST.lines().count() + 3;
    let lines: Vec<usize> = script.steps.iter().map(|step| step.line - first).collect();
    assert_eq!(lines, [0, 1, 5, 7, 8, 9, 11]);
}

#[test]
fn the_longest_name_that_fits_is_meant() {
    let script = script("Juliet's phone connects\nJuliet connects\n");
    let who: Vec<usize> = script.steps.iter().map(|step| step.who).collect();
    assert_eq!(who, [1, 0]);
    let text = interpolate("${Juliet's phone's full JID} ${Juliet's JID}", &script.cast, |who, address| {
        format!("{who}{address:?}")
    });
    assert_eq!(text, Ok(format!("1{:?} 0{:?}", Address::Full, Address::Bare)));
}

#[test]
fn a_mistake_names_its_line() {
    let message = |(line, message): (usize, String), part: &str| {
        assert!(message.contains(part), "`{part}` in `{message}`");
        line
    };
    assert_eq!(message(mistake_in("Romeo connects\n"), "`Romeo connects` does not begin"), 1);
    assert_eq!(message(mistake_in("\nJuliet dances\n"), "`dances` is not an action"), 2);
    assert_eq!(message(mistake_in("Juliet sends:\n"), "no stanza follows"), 1);
    assert_eq!(message(mistake_in("Juliet connects\n\t<iq/>\n"), "takes no stanza"), 1);
    assert_eq!(message(mistake_in("\t<iq/>\n"), "before it"), 1);
    assert_eq!(message(mistake_in("\n\nJuliet sends:\n\t<iq>\n"), "not well-formed"), 3);
    assert_eq!(message(mistake_in("Juliet sends:\n\thello\n"), "text outside"), 1);
    assert_eq!(message(mistake_in("Juliet sends:\n\t<iq to=\"${Romeo's JID}\"/>\n"), "names no address"), 1);
    assert_eq!(message(mistake_in("Juliet sends:\n\t<iq to='${Juliet'/>\n"), "without `}`"), 1);
}

#[test]
fn a_mistake_in_the_cast_names_its_line() {
    assert_eq!(mistake("# only a title\n").line, 1);
    assert_eq!(mistake("-----\n").message, "no [Client] before the line of dashes");
    assert_eq!(mistake("[Server] A\n---\n").line, 1);
    assert_eq!(mistake("\n[Client]\n---\n").line, 2);
    assert_eq!(mistake("[Client] A\n\tcolour: red\n---\n").message, "a client has no setting `colour`");
    assert_eq!(mistake("[Client] A\n\tjid\n---\n").line, 2);
    assert_eq!(mistake("[Client] A\n\tconnect_port: high\n---\n").message, "`high` is not a port number");
    assert_eq!(mistake("# t\n[Client] A\n\tpassword: p\n---\n").message, "`A` has no `jid: user@host`");
    assert_eq!(mistake("# t\n[Client] A\n\tjid: a@b\n---\n").message, "`A` has no `password`");
    let twice = "[Client] A\n\tjid: a@b\n\tpassword: p\n[Client] A\n---\n";
    assert_eq!(mistake(twice).line, 4);
    assert_eq!(mistake("jid: a@b\n---\n").line, 1);
}

#[test]
fn the_namespace_of_the_stream_matches_loosely() {
    assert!(fits("<presence from='a'/>", "<presence to='b' from='a'><show>away</show></presence>"));
    assert!(fits(
        "<message><body>hi</body><thread/></message>",
        "<message><thread>t</thread><subject/><body> hi\n</body></message>"
    ));
    assert!(!fits("<presence from='a'/>", "<presence from='b'/>"));
    assert!(!fits("<presence from='a'/>", "<presence/>"));
    assert!(!fits("<presence/>", "<message/>"));
    assert!(!fits("<message><body>hi</body></message>", "<message><body>ho</body></message>"));
    assert!(!fits("<message><body/></message>", "<message><subject/></message>"));
}

#[test]
fn two_expected_children_need_two_children() {
    assert!(!fits("<message><body/><body/></message>", "<message><body/></message>"));
    assert!(fits(
        "<message><a x='{scansion:any}'/><a x='1'/></message>",
        "<message><a x='1'/><a x='2'/></message>"
    ));
}

#[test]
fn a_namespace_of_its_own_matches_strictly() {
    let expected = "<iq><q xmlns='urn:q' a='1'><i n='1'/><i n='2'/></q></iq>";
    assert!(fits(expected, "<iq id='7'><q a='1' xmlns='urn:q'>\n<i n='1'/>\n<i n='2'/></q></iq>"));
    assert!(!fits(expected, "<iq><q xmlns='urn:q' a='1'><i n='2'/><i n='1'/></q></iq>"), "order");
    assert!(!fits(expected, "<iq><q xmlns='urn:q' a='1' b='2'><i n='1'/><i n='2'/></q></iq>"), "attribute");
    assert!(!fits(expected, "<iq><q xmlns='urn:q' a='1'><i n='1'/><i n='2'/><i n='3'/></q></iq>"), "child");
    assert!(!fits(expected, "<iq><q xmlns='urn:q' a='1'><i n='1'/></q></iq>"), "missing child");
    assert!(!fits(expected, "<iq><q xmlns='urn:r' a='1'><i n='1'/><i n='2'/></q></iq>"), "namespace");
    assert!(!fits("<iq><q xmlns='urn:q'/></iq>", "<iq><q xmlns='urn:q'>text</q></iq>"), "text");
}

#[test]
fn namespaces_are_compared_as_they_resolve() {
    assert!(fits(
        "<iq><q xmlns='urn:q'><i xmlns='urn:q' n='1'/></q></iq>",
        "<iq><p:q xmlns:p='urn:q'><p:i n='1'/></p:q></iq>"
    ));
}

#[test]
fn strictness_is_inherited_until_a_script_says_otherwise() {
    let inside = "<m><f xmlns='urn:f'><message xmlns='jabber:client' id='1'/></f></m>";
    assert!(!fits(inside, "<m><f xmlns='urn:f'><message xmlns='jabber:client' id='1' to='x'/></f></m>"));
    assert!(fits(
        "<iq><q xmlns='urn:q' scansion:strict='false'><version/></q></iq>",
        "<iq><q xmlns='urn:q' a='1'><name/><version>1.0</version></q></iq>"
    ));
    assert!(fits(
        "<iq><q xmlns='urn:q'><name>N</name><version scansion:strict='false'/></q></iq>",
        "<iq><q xmlns='urn:q'><name>N</name><version>1.0</version></q></iq>"
    ));
    assert!(!fits("<iq scansion:strict='true' id='1'/>", "<iq id='1' to='x'/>"));
}

#[test]
fn any_value_and_captured_values_match() {
    assert!(fits("<iq id='{scansion:any}'/>", "<iq id='7'/>"));
    assert!(!fits("<iq id='{scansion:any}'/>", "<iq/>"));
    assert!(fits("<iq><q xmlns='urn:q'>{scansion:any}</q></iq>", "<iq><q xmlns='urn:q'>x</q></iq>"));
    let twice = "<m a='{scansion:capture:x}' b='{scansion:capture:x}'/>";
    assert!(fits(twice, "<m a='1' b='1'/>"));
    assert!(!fits(twice, "<m a='1' b='2'/>"));
}

#[test]
fn a_capture_holds_from_its_first_match_on() {
    let mut captures = Captures::new();
    let expected = one("<iq type='get' id='{scansion:capture:ping}'/>");
    assert!(!matches(&expected, &one("<iq type='set' id='1'/>"), &mut captures));
    assert!(captures.is_empty(), "what does not match captures nothing");
    assert!(matches(&expected, &one("<iq type='get' id='2'/>"), &mut captures));
    assert!(!matches(&expected, &one("<iq type='get' id='3'/>"), &mut captures));

    let mut answer = one("<iq id='{scansion:capture:ping}'><b>{scansion:capture:ping}</b></iq>");
    fill(&mut answer, &captures).expect("captured");
    assert!(matches(&one("<iq id='2'><b>2</b></iq>"), &answer, &mut captures));
    let mut unknown = one("<iq id='{scansion:capture:pong}'/>");
    assert_eq!(fill(&mut unknown, &captures), Err("nothing was captured as `pong`".to_owned()));
}

#[test]
fn addresses_become_those_of_the_stage() {
    let stage = Stage { domain: "host.example".into(), muc: "muc.example".into(), tag: "7".into() };
    let table = [
        ("to='room@conference.localhost/N'", "to='room-7@muc.example/N'"),
        ("jid=\"user@localhost\"", "jid=\"user-7@host.example\""),
        ("to='conference.localhost'", "to='muc.example'"),
        ("to='localhost'", "to='host.example'"),
        ("xmpp:room@conference.localhost?join", "xmpp:room-7@muc.example?join"),
        ("<jid>a.b@localhost</jid>", "<jid>a.b-7@host.example</jid>"),
        ("see localhost.", "see host.example."),
        ("pubsub.localhost", "pubsub.localhost"),
        ("localhost.example localhosts mylocalhost", "localhost.example localhosts mylocalhost"),
        ("nothing here", "nothing here"),
    ];
    for (text, wanted) in table {
        assert_eq!(stage.translate(text), wanted);
    }
}
