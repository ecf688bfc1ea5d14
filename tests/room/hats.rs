//! Hats and the commands for them (XEP-0317, XEP-0050).

use minidom::Element;

use crate::world::World;

const COMMANDS: &str = "http://jabber.org/protocol/commands";
const HATS: &str = "urn:xmpp:hats:0";
const WITCH: &str = "http://example/hats#witch";

/// Sends a command request and gives back what came to its sender last.
fn command(w: &mut World, who: &str, node: &str, rest: &str, inside: &str) -> Element {
    w.clear();
    let xml = format!(
        "<iq xmlns='jabber:client' type='set' id='c' xml:lang='en'>\
         <command xmlns='{COMMANDS}' node='urn:xmpp:hats:commands:{node}' {rest}>{inside}</command></iq>"
    );
    w.send(who, &xml);
    w.stanzas(who).pop().expect("an answer")
}

fn form(fields: &[(&str, &str)]) -> String {
    let field = |(var, value): &(&str, &str)| format!("<field var='{var}'><value>{value}</value></field>");
    let fields: String = fields.iter().map(field).collect();
    format!(
        "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>urn:xmpp:hats:commands</value></field>{fields}</x>"
    )
}

/// The value of a field.
fn value(field: &Element) -> String {
    field.children().next().map(Element::text).unwrap_or_default()
}

/// What an answer comes to: the status of the command, or the condition of the error.
fn outcome(answer: &Element) -> String {
    if let Some(command) = answer.get_child("command", COMMANDS) {
        assert!(command.attr("sessionid").is_some_and(|id| !id.is_empty()));
        return command.attr("status").expect("a status").to_owned();
    }
    let error = answer.get_child("error", "jabber:client").expect("an error");
    let names = error.children().filter(|c| c.name() != "text").map(Element::name);
    names.collect::<Vec<_>>().join(" ")
}

fn run(w: &mut World, who: &str, node: &str, fields: &[(&str, &str)]) -> String {
    outcome(&command(w, who, node, "", &form(fields)))
}

/// The hats in the last presence of `nick` that came to `who`, as title and URI.
fn hats(w: &mut World, who: &str, nick: &str) -> Option<Vec<(String, String)>> {
    let from = format!("r@muc.example/{nick}");
    let got = w.stanzas(who);
    let last = got.iter().rfind(|s| s.name() == "presence" && s.attr("from") == Some(&from))?;
    let text = |hat: &Element, name| hat.attr(name).expect("mandatory").to_owned();
    let hats = last.get_child("hats", HATS)?;
    Some(hats.children().map(|hat| (text(hat, "title"), text(hat, "uri"))).collect())
}

fn with_witch() -> World {
    let mut w = World::with_room(&[]);
    w.join("romeo");
    assert_eq!(run(&mut w, "owner", "create", &[("hats#title", "Witch"), ("hats#uri", WITCH)]), "completed");
    w
}

#[test]
fn hat_is_made_given_shown_changed_and_done_away_with() {
    // 317-2, 317-3, 317-4, 317-5, trap 64, trap 80, clients-feature-m
    let mut w = World::with_room(&[]);
    w.join("romeo");
    let made = [("hats#title", "Witch"), ("hats#uri", WITCH), ("hats#hue", "327.25")];
    assert_eq!(run(&mut w, "owner", "create", &made), "completed");
    assert_eq!(w.got("romeo"), ["message:groupchat room 104"]);
    assert_eq!(
        run(&mut w, "owner", "assign", &[("hats#jid", "romeo@example"), ("hats#uri", WITCH)]),
        "completed"
    );
    let shown = w.stanzas("romeo");
    let hat = shown[0].get_child("hats", HATS).and_then(|h| h.children().next()).expect("a hat");
    assert_eq!(
        (hat.attr("title"), hat.attr("uri"), hat.attr("hue")),
        (Some("Witch"), Some(WITCH), Some("327.25"))
    );
    assert_eq!(conclave::wire::build::lang(hat), Some("en"));
    assert_eq!(shown.len(), 1, "the presence says it");
    // Whoever enters later sees it, and it goes with who wears it.
    w.join("juliet");
    assert_eq!(hats(&mut w, "juliet", "romeo"), Some(vec![("Witch".to_owned(), WITCH.to_owned())]));
    w.send("romeo", "<presence xmlns='jabber:client' type='unavailable' to='r@muc.example/romeo'/>");
    assert_eq!(hats(&mut w, "juliet", "romeo"), None);
    w.join_as("romeo", "montague", "");
    assert_eq!(hats(&mut w, "juliet", "montague").map(|hats| hats.len()), Some(1));
    // The same URI again changes it.
    run(&mut w, "owner", "create", &[("hats#title", "Old witch"), ("hats#uri", WITCH)]);
    assert_eq!(hats(&mut w, "juliet", "montague"), Some(vec![("Old witch".to_owned(), WITCH.to_owned())]));
    assert_eq!(run(&mut w, "owner", "destroy", &[("hat", WITCH)]), "completed");
    assert_eq!(w.got("juliet"), ["available montague [none participant]", "message:groupchat room 104"]);
    assert!(w.room.state().record.hats.is_empty() && w.room.state().record.hats.worn.is_empty());
}

#[test]
fn hat_is_taken_from_one_person() {
    // 317-3, 317-4
    let mut w = with_witch();
    let who = [("hats#jid", "romeo@example/pc"), ("hats#uri", WITCH)];
    run(&mut w, "owner", "assign", &who);
    assert_eq!(run(&mut w, "owner", "unassign", &who), "completed");
    assert_eq!(w.got("romeo"), ["available romeo [none participant jid=romeo@example/pc] 110"]);
    assert_eq!(run(&mut w, "owner", "unassign", &who), "item-not-found");
}

#[test]
fn form_is_shown_first_if_it_was_not_sent_along() {
    // 050-2, 317-3
    let mut w = with_witch();
    for (node, vars) in [
        ("create", vec!["FORM_TYPE", "hats#title", "hats#uri", "hats#hue"]),
        ("destroy", vec!["FORM_TYPE", "hats#uri"]),
        ("assign", vec!["FORM_TYPE", "hats#jid", "hats#uri"]),
        ("unassign", vec!["FORM_TYPE", "hats#jid", "hats#uri"]),
    ] {
        let answer = command(&mut w, "owner", node, "action='execute'", "");
        assert_eq!(outcome(&answer), "executing");
        let shown = answer.get_child("command", COMMANDS).expect("a command");
        let actions = shown.get_child("actions", COMMANDS).expect("actions");
        assert_eq!(
            (actions.attr("execute"), actions.has_child("complete", COMMANDS)),
            (Some("complete"), true)
        );
        let x = shown.get_child("x", "jabber:x:data").expect("a form");
        let fields: Vec<_> = x.children().filter_map(|f| f.attr("var")).collect();
        assert_eq!(fields, vars, "{node}");
    }
    let answer = command(&mut w, "owner", "assign", "", "");
    let session = answer
        .get_child("command", COMMANDS)
        .and_then(|c| c.attr("sessionid"))
        .expect("a session")
        .to_owned();
    let filled = form(&[("hats#jid", "romeo@example"), ("hats#uri", WITCH)]);
    let rest = format!("sessionid='{session}' action='complete'");
    let done = command(&mut w, "owner", "assign", &rest, &filled);
    assert_eq!(outcome(&done), "completed");
    assert_eq!(done.get_child("command", COMMANDS).and_then(|c| c.attr("sessionid")), Some(&*session));
}

#[test]
fn session_is_for_its_requester_and_can_be_canceled_and_ends_with_time() {
    // 050-2, 050-3, trap 79
    let mut w = with_witch();
    let answer = command(&mut w, "owner", "destroy", "", "");
    let session = answer
        .get_child("command", COMMANDS)
        .and_then(|c| c.attr("sessionid"))
        .expect("a session")
        .to_owned();
    let cancel = format!("sessionid='{session}' action='cancel'");
    assert_eq!(outcome(&command(&mut w, "owner", "destroy", &cancel, "")), "canceled");
    assert_eq!(outcome(&command(&mut w, "root", "destroy", &cancel, "")), "bad-request bad-sessionid");
    assert_eq!(outcome(&command(&mut w, "owner", "assign", &cancel, "")), "bad-request bad-sessionid");
    let again = command(&mut w, "owner", "destroy", "", "");
    assert_ne!(again.get_child("command", COMMANDS).and_then(|c| c.attr("sessionid")), Some(&*session));
    assert_eq!(outcome(&command(&mut w, "owner", "destroy", "action='prev'", "")), "bad-request bad-action");
    w.wait(3601);
    assert_eq!(outcome(&command(&mut w, "owner", "destroy", &cancel, "")), "not-allowed session-expired");
}

#[test]
fn only_admins_run_the_commands_and_see_them() {
    // 050-1, 050-3, 317-5
    let mut w = with_witch();
    for node in ["create", "destroy", "assign", "unassign", "list-assigned"] {
        assert_eq!(outcome(&command(&mut w, "romeo", node, "", "")), "forbidden", "{node}");
    }
    assert_eq!(outcome(&command(&mut w, "romeo", "dance", "", "")), "item-not-found");
    let nodes = |w: &mut World, who: &str| -> Vec<String> {
        w.clear();
        w.send(who, &format!("<iq xmlns='jabber:client' type='get' id='q'><query xmlns='http://jabber.org/protocol/disco#items' node='{COMMANDS}'/></iq>"));
        let answer = w.stanzas(who).pop().expect("an answer");
        let items = answer.children().next().expect("a query").children();
        items
            .filter_map(|item| item.attr("node")?.strip_prefix("urn:xmpp:hats:commands:").map(str::to_owned))
            .collect()
    };
    assert_eq!(nodes(&mut w, "romeo"), ["list"]);
    assert_eq!(nodes(&mut w, "owner"), ["list", "create", "destroy", "assign", "list-assigned"]);
    run(&mut w, "owner", "assign", &[("hats#jid", "romeo@example"), ("hats#uri", WITCH)]);
    assert_eq!(nodes(&mut w, "owner"), ["list", "create", "destroy", "assign", "unassign", "list-assigned"]);
    run(&mut w, "owner", "destroy", &[("hats#uri", WITCH)]);
    assert_eq!(nodes(&mut w, "owner"), ["list", "create", "list-assigned"], "only what can succeed");
    w.admin("owner", "<item affiliation='outcast' jid='romeo@example'/>");
    assert_eq!(nodes(&mut w, "romeo"), [""; 0]);
    assert_eq!(outcome(&command(&mut w, "romeo", "list", "", "")), "forbidden");
}

#[test]
fn lists_tell_what_there_is_and_who_wears_it() {
    // 317-1, 317-3, 050-1
    let mut w = with_witch();
    run(&mut w, "owner", "assign", &[("hats#jid", "romeo@example"), ("hats#uri", WITCH)]);
    let rows = |answer: &Element| -> Vec<Vec<String>> {
        let x = answer
            .get_child("command", COMMANDS)
            .and_then(|c| c.get_child("x", "jabber:x:data"))
            .expect("a table");
        assert!(x.has_child("reported", "jabber:x:data"));
        let items = x.children().filter(|c| c.name() == "item");
        items.map(|item| item.children().map(value).collect()).collect()
    };
    assert_eq!(rows(&command(&mut w, "romeo", "list", "", "")), [["Witch", WITCH]]);
    assert_eq!(rows(&command(&mut w, "owner", "list-assigned", "", "")), [["romeo@example", WITCH, "Witch"]]);
    let info = |w: &mut World, node: &str| {
        w.clear();
        w.send("owner", &format!("<iq xmlns='jabber:client' type='get' id='q'><query xmlns='http://jabber.org/protocol/disco#info' {node}/></iq>"));
        w.stanzas("owner").pop().expect("an answer").children().next().expect("a query").clone()
    };
    let command = info(&mut w, "node='urn:xmpp:hats:commands:create'");
    let identity = command.children().next().expect("an identity");
    assert_eq!(
        (identity.attr("category"), identity.attr("type")),
        (Some("automation"), Some("command-node"))
    );
    let vars: Vec<_> = command.children().filter_map(|c| c.attr("var")).collect();
    assert_eq!(vars, [COMMANDS, "jabber:x:data"]);
    let hash = |w: &mut World| {
        let room = info(w, "");
        assert!(room.children().any(|c| c.attr("var") == Some(HATS)));
        let x = room.get_child("x", "jabber:x:data").expect("room information").clone();
        x.children().find(|f| f.attr("var") == Some("hats#hash")).map(value)
    };
    let before = hash(&mut w).expect("a hash");
    run(&mut w, "owner", "create", &[("hats#title", "Thane"), ("hats#uri", "urn:thane")]);
    assert_ne!(hash(&mut w), Some(before));
    for uri in [WITCH, "urn:thane"] {
        run(&mut w, "owner", "destroy", &[("hats#uri", uri)]);
    }
    assert_eq!(hash(&mut w), None);
}

#[test]
fn what_makes_no_hat_is_refused() {
    // 317-2, 317-3, 050-3, clients-feature-m
    let mut w = with_witch();
    for fields in [
        &[("hats#uri", "urn:x")][..],
        &[("hats#uri", "urn:x"), ("hats#title", " ")],
        &[("hats#uri", "urn: x"), ("hats#title", "X")],
        &[("hats#uri", "urn:x"), ("hats#title", "X"), ("hats#hue", "blue")],
        &[("hats#uri", "urn:x"), ("hats#title", "X"), ("hats#hue", "361")],
        &[("hats#uri", "urn:x"), ("hats#title", &"X".repeat(257))],
    ] {
        assert_eq!(run(&mut w, "owner", "create", fields), "bad-request bad-payload", "{fields:?}");
    }
    assert_eq!(
        run(&mut w, "owner", "assign", &[("hats#jid", "example"), ("hats#uri", WITCH)]),
        "bad-request bad-payload"
    );
    assert_eq!(
        run(&mut w, "owner", "assign", &[("hats#jid", "a@example"), ("hats#uri", "urn:x")]),
        "item-not-found"
    );
    assert_eq!(run(&mut w, "owner", "destroy", &[("hats#uri", "urn:x")]), "item-not-found");
    // All of it is bounded.
    for n in 1..64 {
        let uri = format!("urn:{n}");
        assert_eq!(run(&mut w, "owner", "create", &[("hats#title", "X"), ("hats#uri", &uri)]), "completed");
    }
    assert_eq!(
        run(&mut w, "owner", "create", &[("hats#title", "X"), ("hats#uri", "urn:64")]),
        "resource-constraint"
    );
    for n in 1..=9 {
        let uri = format!("urn:{n}");
        let outcome = run(&mut w, "owner", "assign", &[("hats#jid", "romeo@example"), ("hats#uri", &uri)]);
        assert_eq!(outcome, if n <= 8 { "completed" } else { "resource-constraint" });
    }
}

#[test]
fn hat_needs_no_address() {
    // 317-2, 317-3, trap 80
    let mut w = World::with_room(&[]);
    for hue in ["10", "20"] {
        let made = [("hats#title", "Wise &amp; old"), ("hats#hue", hue), ("hats#uri", "")];
        assert_eq!(run(&mut w, "owner", "create", &made), "completed");
    }
    let known = &w.room.state().record.hats.known;
    let (uri, hat) = known.iter().next().expect("a hat");
    assert_eq!((known.len(), hat.hue.as_deref()), (1, Some("20")), "one title is one hat");
    assert!(uri.starts_with("urn:") && !uri.contains(char::is_whitespace), "{uri}");
    assert_eq!(run(&mut w, "owner", "create", &[("hats#title", "Thane")]), "completed");
    assert_eq!(w.room.state().record.hats.known.len(), 2);
}

#[test]
fn nobody_puts_on_a_hat_himself() {
    // 317-2
    let mut w = with_witch();
    w.clear();
    w.send("romeo", &format!("<presence xmlns='jabber:client' to='r@muc.example/romeo'><hats xmlns='{HATS}'><hat title='King' uri='urn:king'/></hats></presence>"));
    assert_eq!(hats(&mut w, "owner", "romeo"), None);
}
