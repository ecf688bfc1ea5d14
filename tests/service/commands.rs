//! Commands of the service (XEP-0050, XEP-0133).

use std::sync::Arc;

use conclave::room::nick::Nick;
use conclave::room::order::What;
use conclave::room::roster::{Occupant, Roster, Said, Session};
use conclave::service::Effects;
use conclave::wire::jid::{BareJid, Jid};
use conclave::wire::muc::Role;
use jiff::SignedDuration;
use minidom::Element;

use super::{Desk, INFO, ITEMS, directory, error};

const COMMANDS: &str = "http://jabber.org/protocol/commands";
const ADMIN: &str = "http://jabber.org/protocol/admin";

/// A service with two rooms in use and one that nobody is in. Juliet is in both, with two clients in one.
fn desk() -> Desk {
    let mut desk = Desk::new();
    for (room, people) in [
        ("orchard", &["juliet@example/pc", "romeo@example/pc", "juliet@example/phone"][..]),
        ("balcony", &["juliet@example/pc"]),
        ("tomb", &[]),
    ] {
        let mut roster = Roster::default();
        for jid in people {
            let jid = Jid::parse(jid).expect("a jid");
            roster.enter(Occupant {
                nick: Nick::trusted(jid.local().expect("an account")),
                account: jid.to_bare(),
                id: Arc::from("id"),
                role: Role::Participant,
                quiet: false,
                heard: false,
                sessions: vec![Session {
                    jid,
                    presence: Arc::new(Said::default()),
                    follows: false,
                    proof: 0,
                }],
            });
        }
        let room = BareJid::parse(&format!("{room}@muc.example")).expect("a jid");
        desk.rooms.0.push((room, roster));
    }
    desk
}

/// A request of an admin; `attributes` and `fields` go into the command and its form.
fn run(desk: &mut Desk, node: &str, attributes: &str, fields: Option<&[(&str, &str)]>) -> Effects {
    let field = |(var, value): &(&str, &str)| {
        let values: String = value.split('|').map(|v| format!("<value>{v}</value>")).collect();
        format!("<field var='{var}'>{values}</field>")
    };
    let form = fields.map(|fields| {
        let fields: String = fields.iter().map(field).collect();
        format!("<x xmlns='jabber:x:data' type='submit'>{fields}</x>")
    });
    let form = form.unwrap_or_default();
    desk.effects(
        &format!(
            "<iq type='set' id='c' from='root@example/pc'><command xmlns='{COMMANDS}' node='{node}' {attributes}>{form}</command></iq>"
        ),
        &directory(0),
    )
}

fn node(name: &str) -> String {
    format!("{ADMIN}#{name}")
}

fn command(effects: &Effects) -> &Element {
    let answer = effects.answer.as_ref().expect("an answer");
    answer.get_child("command", COMMANDS).unwrap_or_else(|| panic!("{answer:?}"))
}

/// Status, note, and the form's fields with their values.
fn told(effects: &Effects) -> String {
    let command = command(effects);
    let mut words = vec![command.attr("status").expect("a status").to_owned()];
    if let Some(note) = command.get_child("note", COMMANDS) {
        words.push(format!("{}: {}", note.attr("type").unwrap_or_default(), note.text()));
    }
    for field in command.get_child("x", "jabber:x:data").into_iter().flat_map(Element::children) {
        let values: Vec<_> = field.children().map(Element::text).filter(|t| !t.is_empty()).collect();
        words.push(format!("{}={}", field.attr("var").unwrap_or(field.name()), values.join(",")));
    }
    words.join(" ")
}

fn refused(effects: &Effects) -> String {
    let answer = effects.answer.as_ref().expect("an answer");
    let own =
        answer.get_child("error", "jabber:client").and_then(|e| e.children().find(|c| c.ns() == COMMANDS));
    format!("{} {}", error(answer), own.map_or("-", Element::name))
}

#[test]
fn admins_see_the_commands_and_others_none() {
    // 050-1, 030-1
    let mut desk = desk();
    let mut list = |who: &str| {
        let query = format!(
            "<iq type='get' id='q' from='{who}@example/pc'><query xmlns='{ITEMS}' node='{COMMANDS}'/></iq>"
        );
        let answer = desk.ask(&query, &directory(3)).expect("an answer");
        let query = answer.get_child("query", ITEMS).expect("a query");
        assert_eq!(query.attr("node"), Some(COMMANDS));
        query
            .children()
            .map(|item| format!("{} {}", item.attr("jid").unwrap_or("-"), item.attr("node").unwrap_or("-")))
            .collect::<Vec<_>>()
    };
    let listed = list("root");
    for name in ["announce", "get-online-users-num", "get-online-users-list", "shutdown"] {
        assert!(listed.contains(&format!("muc.example {ADMIN}#{name}")), "{name}");
    }
    assert!(listed.contains(&"muc.example conclave#destroy-room".to_owned()));
    assert_eq!(list("romeo"), [""; 0]);
}

#[test]
fn a_command_says_what_it_is_to_whom_it_is_for() {
    // 050-1, 050-3, 030-1
    let mut desk = desk();
    let mut info = |who: &str, node: &str| {
        let query = format!(
            "<iq type='get' id='q' from='{who}@example/pc'><query xmlns='{INFO}' node='{node}'/></iq>"
        );
        desk.ask(&query, &directory(0)).expect("an answer")
    };
    for (node, type_) in [(COMMANDS, "command-list"), (node("announce").as_str(), "command-node")] {
        let answer = info("root", node);
        let query = answer.get_child("query", INFO).expect("a query");
        assert_eq!(query.attr("node"), Some(node));
        let identity = query.get_child("identity", INFO).expect("an identity");
        assert_eq!([identity.attr("category"), identity.attr("type")], [Some("automation"), Some(type_)]);
        let features: Vec<_> = query.children().filter_map(|c| c.attr("var")).collect();
        assert!(features.contains(&INFO), "{features:?}");
        assert_eq!(features.contains(&"jabber:x:data"), type_ == "command-node");
    }
    assert_eq!(error(&info("romeo", &node("announce"))), "auth/forbidden");
    assert_eq!(error(&info("root", &node("reboot"))), "cancel/item-not-found");
}

#[test]
fn only_admins_of_the_service_run_commands() {
    // 133-1, 050-3
    let mut desk = desk();
    for name in ["announce", "get-online-users-num", "shutdown"] {
        let request =
            format!("<iq type='set' id='c'><command xmlns='{COMMANDS}' node='{}'/></iq>", node(name));
        let effects = desk.effects(&request, &directory(0));
        assert_eq!(refused(&effects), "auth/forbidden -", "{name}");
        assert!(effects.announcement.is_none() && effects.stop_after.is_none());
    }
    assert_eq!(refused(&run(&mut desk, &node("reboot"), "", None)), "cancel/item-not-found -");
}

#[test]
fn who_is_in_rooms_is_counted_by_account() {
    // 133-1
    let mut desk = desk();
    let counted = told(&run(&mut desk, &node("get-online-users-num"), "", None));
    assert_eq!(counted, format!("completed FORM_TYPE={ADMIN} onlineusersnum=2"));
    let list = node("get-online-users-list");
    let listed = told(&run(&mut desk, &list, "", Some(&[("max_items", "none")])));
    assert_eq!(listed, format!("completed FORM_TYPE={ADMIN} onlineuserjids=juliet@example,romeo@example"));
    let listed = told(&run(&mut desk, &list, "", Some(&[("max_items", "1")])));
    assert_eq!(
        listed,
        format!("completed warn: These are 1 of 2. FORM_TYPE={ADMIN} onlineuserjids=juliet@example")
    );
    assert_eq!(
        refused(&run(&mut desk, &list, "", Some(&[("max_items", "many")]))),
        "modify/bad-request bad-payload"
    );
}

#[test]
fn what_is_wrong_with_a_form_is_said_with_the_form_once_more() {
    // 050-2, 050-3, trap 79
    let mut desk = desk();
    let node = node("shutdown");
    let asked = run(&mut desk, &node, "", None);
    let session = format!("sessionid='{}'", command(&asked).attr("sessionid").expect("a session"));
    let again = run(&mut desk, &node, &session, Some(&[("delay", "soon"), ("announcement", "bye|all")]));
    assert!(again.stop_after.is_none() && again.announcement.is_none());
    assert_eq!(
        told(&again),
        format!(
            "executing error: The delay must be in seconds, an hour at most. title= instructions= FORM_TYPE={ADMIN} \
             delay=soon announcement=bye,all"
        )
    );
    let done = run(&mut desk, &node, &session, Some(&[("delay", "30")]));
    assert_eq!(done.stop_after, Some(SignedDuration::from_secs(30)));
}

#[test]
fn rooms_in_use_are_listed_by_size() {
    let effects = run(&mut desk(), "conclave#rooms", "", None);
    let x = command(&effects).get_child("x", "jabber:x:data").expect("a table");
    let items: Vec<_> = x
        .children()
        .filter(|c| c.name() == "item")
        .map(|item| {
            item.children().flat_map(Element::children).map(Element::text).collect::<Vec<_>>().join(" ")
        })
        .collect();
    assert_eq!(items, ["orchard@muc.example 2", "balcony@muc.example 1"]);
}

#[test]
fn an_announcement_reaches_each_session_once() {
    // 133-1, 050-2
    let mut desk = desk();
    let asked = run(&mut desk, &node("announce"), "action='execute'", None);
    assert_eq!(told(&asked), format!("executing title= FORM_TYPE={ADMIN} announcement="));
    assert!(asked.announcement.is_none());
    let session = command(&asked).attr("sessionid").expect("a session").to_owned();
    let attributes = format!("sessionid='{session}' action='complete'");
    let done =
        run(&mut desk, &node("announce"), &attributes, Some(&[("announcement", "Good night,|good night")]));
    assert_eq!(told(&done), "completed info: Sessions that get it: 3.");
    assert_eq!(command(&done).attr("sessionid"), Some(session.as_str()));
    let outgoing = done.announcement.expect("an announcement");
    let to: Vec<_> = outgoing.to.iter().map(Jid::as_str).collect();
    assert_eq!(to, ["juliet@example/pc", "juliet@example/phone", "romeo@example/pc"]);
    let mut bytes = Vec::new();
    outgoing.stanza.splice(outgoing.to.iter().next().expect("somebody"), &mut bytes);
    let stanza = String::from_utf8(bytes).expect("utf-8");
    assert!(
        stanza.contains("from='muc.example'") && stanza.contains("<body>Good night,&#10;good night</body>"),
        "{stanza}"
    );
    let empty = run(&mut desk, &node("announce"), "", Some(&[("announcement", "")]));
    assert_eq!(refused(&empty), "modify/bad-request bad-payload");
}

#[test]
fn a_session_is_its_requesters_for_one_command_and_an_hour() {
    // 050-2, 050-3
    let mut desk = desk();
    let announce = node("announce");
    let open = |desk: &mut Desk| {
        let asked = run(desk, &announce, "", None);
        format!("sessionid='{}'", command(&asked).attr("sessionid").expect("a session"))
    };
    let (one, other) = (open(&mut desk), open(&mut desk));
    assert_ne!(one, other);
    let form = Some(&[("announcement", "x")][..]);
    assert_eq!(refused(&run(&mut desk, &node("shutdown"), &one, form)), "modify/bad-request bad-sessionid");
    assert_eq!(
        refused(&run(&mut desk, &announce, "sessionid='x'", form)),
        "modify/bad-request bad-sessionid"
    );
    assert_eq!(refused(&run(&mut desk, &announce, "action='prev'", form)), "modify/bad-request bad-action");
    let canceled = run(&mut desk, &announce, &format!("{one} action='cancel'"), None);
    assert_eq!(told(&canceled), "canceled");
    desk.wait(3601);
    assert_eq!(refused(&run(&mut desk, &announce, &other, form)), "cancel/not-allowed session-expired");
}

#[test]
fn the_service_is_stopped_after_a_while_and_with_a_word() {
    // 133-1
    let mut desk = desk();
    let shutdown = node("shutdown");
    let effects = run(&mut desk, &shutdown, "", Some(&[("delay", "60"), ("announcement", "Curtain")]));
    assert_eq!(told(&effects), "completed info: The service stops in 60 seconds.");
    assert_eq!(effects.stop_after, Some(SignedDuration::from_secs(60)));
    assert!(effects.announcement.is_some());
    let effects = run(&mut desk, &shutdown, "", Some(&[]));
    assert_eq!(effects.stop_after, Some(SignedDuration::ZERO));
    assert!(effects.announcement.is_none());
    for delay in ["-1", "3601", "soon"] {
        let effects = run(&mut desk, &shutdown, "", Some(&[("delay", delay), ("announcement", "Curtain")]));
        assert_eq!(refused(&effects), "modify/bad-request bad-payload", "{delay}");
        assert!(effects.stop_after.is_none() && effects.announcement.is_none());
    }
    assert!(run(&mut desk, &shutdown, "", None).stop_after.is_none(), "the form comes first");
}

#[test]
fn what_a_room_has_to_do_is_ordered_and_answered_by_it() {
    let mut desk = desk();
    let effects = run(
        &mut desk,
        "conclave#create-room",
        "",
        Some(&[("room", "Masque"), ("owner", "Juliet@example"), ("name", "A masque")]),
    );
    assert!(effects.answer.is_none());
    let (room, order) = effects.order.expect("an order");
    assert_eq!(room.as_str(), "masque@muc.example");
    let owner = BareJid::parse("juliet@example").expect("a jid");
    assert_eq!(order.what, What::Create { owner, name: "A masque".to_owned() });
    assert_eq!(order.answer.attr("to"), Some("root@example/pc"));
    let answer = order.answer.get_child("command", COMMANDS).expect("a command");
    assert_eq!(answer.attr("status"), Some("completed"));
    let effects = run(
        &mut desk,
        "conclave#destroy-room",
        "",
        Some(&[("room", "orchard@muc.example"), ("venue", "garden@muc.example")]),
    );
    let (room, order) = effects.order.expect("an order");
    let venue = Jid::parse("garden@muc.example").ok();
    assert_eq!(
        (room.as_str(), &order.what),
        ("orchard@muc.example", &What::Destroy { reason: String::new(), venue })
    );
}

#[test]
fn orders_to_what_is_no_room_are_refused() {
    let mut desk = desk();
    for (node, fields, expected) in [
        ("conclave#destroy-room", &[("room", "orchard@elsewhere.example")][..], "cancel/item-not-found -"),
        ("conclave#destroy-room", &[], "modify/bad-request bad-payload"),
        ("conclave#destroy-room", &[("room", "a b")], "modify/jid-malformed -"),
        ("conclave#create-room", &[("room", "masque")], "modify/bad-request bad-payload"),
        ("conclave#create-room", &[("room", "masque"), ("owner", "example")], "modify/jid-malformed -"),
    ] {
        let effects = run(&mut desk, node, "", Some(fields));
        assert_eq!(refused(&effects), expected, "{node} {fields:?}");
        assert!(effects.order.is_none());
    }
}
