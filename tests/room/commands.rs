//! Ad-hoc commands of a room (XEP-0050).

use conclave::room::Room;
use conclave::room::history::History;
use conclave::wire::jid::BareJid;
use minidom::Element;

use crate::world::{ROOM, World};

const COMMANDS: &str = "http://jabber.org/protocol/commands";

/// Sends a request and gives back the only stanza that its sender gets.
fn ask(w: &mut World, who: &str, type_: &str, payload: &str) -> Element {
    w.send(who, &format!("<iq xmlns='jabber:client' type='{type_}' id='q'>{payload}</iq>"));
    let mut got = w.stanzas(who);
    assert_eq!(got.len(), 1, "{got:?}");
    got.remove(0)
}

#[test]
fn list_of_commands_is_an_own_node_and_unknown_commands_are_not_found() {
    // 050-1, 050-3
    let mut w = World::with_room(&[]);
    let info = ask(
        &mut w,
        "owner",
        "get",
        &format!("<query xmlns='http://jabber.org/protocol/disco#info' node='{COMMANDS}'/>"),
    );
    let query = info.children().next().expect("an answer");
    let identity = query.children().next().expect("an identity");
    assert_eq!(
        (identity.attr("category"), identity.attr("type")),
        (Some("automation"), Some("command-list"))
    );
    let items = ask(
        &mut w,
        "owner",
        "get",
        &format!("<query xmlns='http://jabber.org/protocol/disco#items' node='{COMMANDS}'/>"),
    );
    assert_eq!(items.children().next().and_then(|q| q.attr("node")), Some(COMMANDS));
    w.send(
        "owner",
        &format!(
            "<iq xmlns='jabber:client' type='set' id='q'><command xmlns='{COMMANDS}' node='dance'/></iq>"
        ),
    );
    assert_eq!(w.got("owner"), ["iq:error room cancel/item-not-found"]);
}

fn jid(text: &str) -> BareJid {
    BareJid::parse(text).expect("a jid")
}

const FORMS: &str = "jabber:x:data";

/// Sends a request for a command; gives back `<command/>` of the answer, or the condition of the error.
fn run(w: &mut World, who: &str, node: &str, rest: &str, fields: &[(&str, &str)]) -> Result<Element, String> {
    let field = |(var, value): &(&str, &str)| format!("<field var='{var}'><value>{value}</value></field>");
    let fields: String = fields.iter().map(field).collect();
    let form =
        if fields.is_empty() { fields } else { format!("<x xmlns='{FORMS}' type='submit'>{fields}</x>") };
    w.clear();
    let command = format!("<command xmlns='{COMMANDS}' node='{node}' {rest}>{form}</command>");
    w.send(who, &format!("<iq xmlns='jabber:client' type='set' id='c'>{command}</iq>"));
    let answer = w.stanzas(who).into_iter().find(|s| s.name() == "iq").expect("an answer");
    match answer.get_child("command", COMMANDS) {
        Some(command) => Ok(command.clone()),
        None => {
            let error = answer.get_child("error", "jabber:client").expect("an error");
            Err(error
                .children()
                .filter(|c| c.name() != "text")
                .map(Element::name)
                .collect::<Vec<_>>()
                .join(" "))
        }
    }
}

fn session(command: &Element) -> String {
    format!("sessionid='{}'", command.attr("sessionid").expect("a session"))
}

/// The first cell of each row.
fn rows(command: &Element) -> Vec<String> {
    let items = command.get_child("x", FORMS).into_iter().flat_map(Element::children);
    let cell = |item: &Element| item.children().next()?.children().next().map(Element::text);
    items.filter(|c| c.name() == "item").map(|item| cell(item).expect("a cell")).collect()
}

fn actions(command: &Element) -> Vec<&str> {
    let actions = command.get_child("actions", COMMANDS);
    actions.into_iter().flat_map(Element::children).map(Element::name).collect()
}

fn note(command: &Element) -> Option<(String, String)> {
    let note = command.get_child("note", COMMANDS)?;
    Some((note.attr("type").expect("a type").to_owned(), note.text()))
}

#[test]
fn list_shows_its_first_page_at_once_and_goes_on_under_one_session() {
    // 050-2, 050-3, trap 79
    const BANS: &str = "conclave#bans";
    let mut w = World::with_room(&[]);
    for hundred in 0..5 {
        let items = (0..90).map(|n| format!("<item affiliation='outcast' jid='{hundred}{n:02}@example'/>"));
        w.admin("owner", &items.collect::<String>());
    }
    let first = run(&mut w, "owner", BANS, "action='execute'", &[]).expect("a page");
    assert_eq!((first.attr("status"), rows(&first).len()), (Some("executing"), 200));
    assert_eq!(first.get_child("actions", COMMANDS).and_then(|a| a.attr("execute")), Some("next"));
    assert_eq!(actions(&first), ["next", "complete"]);
    assert_eq!(note(&first), Some(("info".into(), "There are more after 219@example.".into())));
    let id = session(&first);
    // Some clients send an empty form along.
    let second = run(&mut w, "owner", BANS, &format!("{id} action='next'"), &[("x", "")]).expect("a page");
    assert_eq!((rows(&second).len(), rows(&second)[0].as_str()), (200, "220@example"));
    assert_eq!(session(&second), id);
    assert_eq!(
        run(&mut w, "root", BANS, &format!("{id} action='next'"), &[]),
        Err("bad-request bad-sessionid".into())
    );
    let third = run(&mut w, "owner", BANS, &id, &[]).expect("a page");
    assert_eq!((third.attr("status"), rows(&third).len()), (Some("completed"), 50));
    assert_eq!(
        run(&mut w, "owner", BANS, &format!("{id} action='next'"), &[]),
        Err("not-allowed session-expired".into())
    );
    let ended = run(&mut w, "owner", BANS, "", &[]).expect("a page");
    let ended =
        run(&mut w, "owner", BANS, &format!("{} action='complete'", session(&ended)), &[]).expect("the end");
    assert_eq!((ended.attr("status"), rows(&ended).len()), (Some("completed"), 0));
    // Where a page begins may be said at once.
    let last = run(&mut w, "owner", BANS, "", &[("after", "488@example")]).expect("a page");
    assert_eq!((last.attr("status"), rows(&last)), (Some("completed"), vec!["489@example".to_owned()]));
    // What is remembered is bounded: of six lists of one account the first cannot go on.
    let begun: Vec<String> =
        (0..6).map(|_| session(&run(&mut w, "owner", BANS, "", &[]).expect("a page"))).collect();
    assert_eq!(run(&mut w, "owner", BANS, &begun[0], &[]), Err("not-allowed session-expired".into()));
    assert!(run(&mut w, "owner", BANS, &begun[5], &[]).is_ok());
}

#[test]
fn what_was_retracted_is_shown_page_by_page() {
    // 050-2, 425-5
    let mut w = World::with_room(&[]);
    w.service.keep_retracted = true;
    w.join("romeo");
    for n in 0..60 {
        w.say("romeo", &n.to_string());
    }
    run(&mut w, "owner", "conclave#retract-recent", "", &[("who", "romeo")]).expect("retracted");
    let first = run(&mut w, "owner", "conclave#retracted", "", &[]).expect("a page");
    assert_eq!(
        (first.attr("status"), rows(&first).len(), actions(&first)),
        (Some("executing"), 50, vec!["next", "complete"])
    );
    let second = run(&mut w, "owner", "conclave#retracted", &session(&first), &[]).expect("a page");
    assert_eq!((second.attr("status"), rows(&second).len()), (Some("completed"), 10));
    assert!(rows(&second).iter().all(|id| !rows(&first).contains(id)));
}

#[test]
fn refusal_gives_the_form_back_as_it_was_filled_in_and_says_what_is_wrong() {
    // 050-2, 050-3, trap 79
    let mut w = World::with_room(&[]);
    w.join("romeo");
    let asked = run(&mut w, "owner", "conclave#ban", "", &[]).expect("a form");
    let id = session(&asked);
    let wrong = [("who", "romeo"), ("reason", "loud"), ("duration", "soon"), ("retract", "1d")];
    let before = w.room.state().clone();
    let again = run(&mut w, "owner", "conclave#ban", &id, &wrong).expect("the form");
    assert_eq!((again.attr("status"), session(&again)), (Some("executing"), id.clone()));
    assert_eq!(actions(&again), ["complete"]);
    let (type_, text) = note(&again).expect("a note");
    assert!(type_ == "error" && text.contains("duration"), "{text}");
    let form = again.get_child("x", FORMS).expect("a form");
    let instructions = form.get_child("instructions", FORMS).map(Element::text);
    assert_eq!(instructions, Some(text), "some clients show this alone");
    let shown = asked.get_child("x", FORMS).expect("a form");
    let vars =
        |x: &Element| x.children().filter_map(|f| f.attr("var").map(str::to_owned)).collect::<Vec<_>>();
    assert_eq!(vars(form), vars(shown));
    for (var, value) in wrong {
        let field = form.children().find(|f| f.attr("var") == Some(var)).expect("the field");
        let values: Vec<String> =
            field.children().filter(|c| c.name() == "value").map(Element::text).collect();
        assert_eq!(values, [value]);
    }
    assert!(w.room.state() == &before, "nothing has happened");
    // It is mended, and brought back once more.
    let done = run(&mut w, "owner", "conclave#ban", &id, &[("who", "romeo"), ("duration", "1d")]);
    assert_eq!(done.expect("done").attr("status"), Some("completed"));
    // What only the archive can tell comes back in the same way.
    let id = session(&run(&mut w, "owner", "conclave#retract-recent", "", &[]).expect("a form"));
    let again =
        run(&mut w, "owner", "conclave#retract-recent", &id, &[("who", "stranger")]).expect("the form");
    assert_eq!(
        (again.attr("status"), note(&again).expect("a note").0.as_str()),
        (Some("executing"), "error")
    );
    // A form that was sent unasked comes from a program, which looks for the condition.
    let unasked = run(&mut w, "owner", "conclave#retract-recent", "", &[("who", "stranger")]);
    assert_eq!(unasked, Err("item-not-found".to_owned()));
}

#[test]
fn who_is_meant_is_a_nick_unless_the_form_says_that_it_is_an_address_or_an_id() {
    // 050-2, 421-4, 45-14.6-a
    let mut w = World::with_room(&[]);
    w.join("bob");
    let id = w.room.roster().iter().find(|o| o.nick.as_str() == "bob").expect("bob").id.to_string();
    let banned = |w: &mut World, who: &str, kind: &str| {
        let form = run(w, "owner", "conclave#ban", "", &[]).expect("a form");
        let filled = [("who", who), ("who-is", kind)];
        let given = if kind.is_empty() { &filled[..1] } else { &filled };
        let done = run(w, "owner", "conclave#ban", &session(&form), given).expect("an answer");
        let (type_, text) = note(&done).expect("a note");
        assert_eq!(type_ == "error", done.attr("status") == Some("executing"), "{text}");
        text.split(" is banned").next().unwrap_or_default().to_owned()
    };
    // Who says abuse under what is the address, the id or the domain of others, and goes on under another nick, is meant.
    for (n, worn) in ["bob@example", &id, "shield.example", "xmpp:bob@example"].iter().enumerate() {
        let (troll, now) = (format!("troll{n}"), format!("x{n}"));
        w.join_as(&troll, worn, "");
        w.say(&troll, "abuse");
        w.send(&troll, &format!("<presence xmlns='jabber:client' to='{ROOM}/{now}'/>"));
        let who = if n % 2 == 0 { "" } else { "nick" };
        assert_eq!(banned(&mut w, worn, who), format!("{troll}@example"));
    }
    assert_eq!(banned(&mut w, "X1", "nick"), "troll1@example");
    assert_eq!(w.room.state().affiliations.get(&jid("bob@example")), None);
    assert_eq!(banned(&mut w, &id, "occupant-id"), "bob@example");
    // After a restart the archive still knows.
    w.room = Room::stored(jid(ROOM), w.room.state().clone(), History::default()).into();
    w.join("owner");
    assert_eq!(banned(&mut w, "bob@example", "nick"), "troll0@example");
    // With no trace left of who it was, no account is banned.
    for kind in ["", "nick"] {
        let unknown = banned(&mut w, "paris.example", kind);
        assert!(unknown.contains("No one with that nickname"), "{unknown}");
    }
    for (who, kind, account) in [
        ("paris@example/pc", "jid", "paris@example"),
        ("xmpp:rose@example", "jid", "rose@example"),
        ("evil.example", "jid", "evil.example"),
    ] {
        assert_eq!(banned(&mut w, who, kind), account);
    }
    assert!(banned(&mut w, "rose", "guess").contains("only one"));
}

#[test]
fn only_what_can_succeed_is_offered() {
    // 050-1
    let mut w = World::with_room(&[("muc#roomconfig_enablearchiving", "0")]);
    let offered = |w: &mut World, node: &str| {
        let query = format!("<query xmlns='http://jabber.org/protocol/disco#items' node='{COMMANDS}'/>");
        let items = ask(w, "owner", "get", &query);
        let query = items.children().next().expect("a query");
        query.children().any(|item| item.attr("node") == Some(node))
    };
    w.service.keep_retracted = true;
    assert!(!offered(&mut w, "conclave#retracted") && !offered(&mut w, "conclave#retract-recent"));
    w.say("owner", "1");
    w.clear();
    assert!(offered(&mut w, "conclave#retract-recent") && !offered(&mut w, "conclave#retracted"));
    w.configure("owner", &[("muc#roomconfig_enablearchiving", "1")]);
    w.clear();
    assert!(offered(&mut w, "conclave#retracted"));
    w.service.keep_retracted = false;
    assert!(!offered(&mut w, "conclave#retracted"));
}
