//! What admins of the service have a room do from outside of it.

use conclave::room::event::Event;
use conclave::room::order::{Order, What};
use conclave::room::write::Write;
use conclave::wire::command::{Request, Retry};
use conclave::wire::form::{Submitted, untitled};
use conclave::wire::inbound::Inbound;
use conclave::wire::jid::{BareJid, Jid};
use minidom::Element;

use super::world::World;

const ROOT: &str = "root@example/pc";

fn order(w: &mut World, what: What) -> Vec<Element> {
    w.clear();
    let request = format!(
        "<iq xmlns='jabber:client' type='set' id='c' from='{ROOT}' to='muc.example'><command xmlns='http://jabber.org/protocol/commands' node='n'/></iq>"
    );
    ordered(w, what, &request, None)
}

fn ordered(w: &mut World, what: What, request: &str, again: Option<Box<Retry>>) -> Vec<Element> {
    let answer = format!("<iq xmlns='jabber:client' type='result' id='c' from='muc.example' to='{ROOT}'/>");
    let inbound = Inbound::parse(request.parse().expect("test xml")).expect("a stanza");
    let order = Order { inbound: Box::new(inbound), what, answer: answer.parse().expect("test xml"), again };
    w.event(&Event::Order(Box::new(order)));
    w.stanzas(ROOT)
}

fn create() -> What {
    What::Create { owner: BareJid::parse("juliet@example").expect("a jid"), name: "A masque".to_owned() }
}

fn destroy() -> What {
    What::Destroy { reason: "Dawn".to_owned(), venue: Jid::parse("garden@muc.example").ok() }
}

/// The type of the only stanza, and the condition if it is an error.
fn outcome(answers: &[Element]) -> String {
    let [answer] = answers else { panic!("one answer: {answers:?}") };
    assert_eq!(answer.attr("from"), Some("muc.example"));
    let condition = answer.get_child("error", "jabber:client").and_then(|e| e.children().next());
    format!("{} {}", answer.attr("type").unwrap_or_default(), condition.map_or("-", Element::name))
}

#[test]
fn room_is_made_for_its_owner_and_stays() {
    let mut w = World::new();
    assert_eq!(outcome(&order(&mut w, create())), "result -");
    assert!(w.room.exists() && w.room.is_empty());
    assert!(w.writes.iter().any(|write| matches!(write, Write::Whole { .. })), "it is stored");
    assert_eq!(w.room.state().record.config.name, "A masque");
    w.clear();
    w.join("juliet");
    assert_eq!(w.got("juliet")[0], "available juliet [owner moderator jid=juliet@example/pc] 110");
    assert_eq!(outcome(&order(&mut w, create())), "error conflict");
}

#[test]
fn room_is_destroyed_with_everybody_told() {
    // 45-10.9-b
    let mut w = World::with_room(&[("persistentroom", "1")]);
    w.join("romeo");
    w.clear();
    w.writes.clear();
    let answers = order(&mut w, destroy());
    assert_eq!(outcome(&answers), "result -");
    assert_eq!(
        w.got("romeo"),
        [
            "unavailable romeo <destroy jid=garden@muc.example reason=Dawn> [none none jid=romeo@example/pc] 110"
        ]
    );
    assert!(!w.room.exists());
    assert_eq!(w.writes.len(), 1);
    assert_eq!(outcome(&order(&mut w, destroy())), "error item-not-found");
    assert!(!w.room.exists());
}

#[test]
fn admin_who_filled_in_a_form_gets_it_back_if_the_room_cannot_obey() {
    // 050-2, trap 79
    let mut w = World::with_room(&[]);
    let command = "<command xmlns='http://jabber.org/protocol/commands' node='n' sessionid='s'/>";
    let command: Element = command.parse().expect("test xml");
    let read = Request::read(&command).expect("a request");
    let again = read.retry(|| untitled("n", &[]), &Submitted::default());
    let request = format!(
        "<iq xmlns='jabber:client' type='set' id='c' from='{ROOT}' to='muc.example'><a xmlns='a'/></iq>"
    );
    let answers = ordered(&mut w, create(), &request, again.map(Box::new));
    assert_eq!(outcome(&answers), "result -");
    let shown = answers[0].get_child("command", "http://jabber.org/protocol/commands").expect("a command");
    assert_eq!((shown.attr("status"), shown.attr("sessionid")), (Some("executing"), Some("s")));
    let note = shown.get_child("note", "http://jabber.org/protocol/commands").expect("a note");
    assert!(note.attr("type") == Some("error") && note.text().contains("already"), "{}", note.text());
}
