//! What clients of today rely on beyond the specifications (the last part of the catalogue).

mod configuring;
mod entering;
mod leaving;
mod messages;
mod telling;

use minidom::Element;

use crate::world::{ROOM, World, line};

const CLIENT: &str = "jabber:client";
const MUC: &str = "http://jabber.org/protocol/muc";
const MUC_USER: &str = "http://jabber.org/protocol/muc#user";
const DATA: &str = "jabber:x:data";
const INFO: &str = "http://jabber.org/protocol/disco#info";
const OWNER: &str = "http://jabber.org/protocol/muc#owner";

/// A room as its owner gets it by default.
fn open() -> World {
    World::with_room(&[])
}

fn get(w: &mut World, who: &str, payload: &str) -> Element {
    w.send(who, &format!("<iq xmlns='{CLIENT}' type='get' id='g'>{payload}</iq>"));
    w.stanzas(who).pop().expect("an answer")
}

fn message(w: &mut World, who: &str, attributes: &str, inside: &str) {
    w.send(who, &format!("<message xmlns='{CLIENT}' {attributes}>{inside}</message>"));
}

fn leave(w: &mut World, who: &str) {
    w.send(who, &format!("<presence xmlns='{CLIENT}' type='unavailable' to='{ROOM}/{who}'/>"));
}

/// The codes of a stanza, in order.
fn codes(stanza: &Element) -> Vec<&str> {
    let x = stanza.get_child("x", MUC_USER).into_iter();
    x.flat_map(Element::children).filter_map(|c| c.attr("code")).collect()
}

/// Type and condition of an error, which also says why in words, in a language.
fn error(stanza: &Element) -> String {
    let error = stanza.get_child("error", CLIENT).unwrap_or_else(|| panic!("no error: {}", line(stanza)));
    let text = error.children().find(|c| c.name() == "text").expect("a text");
    assert!(!text.text().is_empty() && conclave::wire::build::lang(text) == Some("en"));
    let condition = error.children().find(|c| c.name() != "text").expect("a condition");
    format!("{}/{}", error.attr("type").unwrap_or_default(), condition.name())
}

/// The features of the room as a stranger sees them.
fn features(w: &mut World) -> Vec<String> {
    let answer = get(w, "asker", &format!("<query xmlns='{INFO}'/>"));
    let query = answer.get_child("query", INFO).expect("a query");
    query
        .children()
        .filter(|c| c.name() == "feature")
        .filter_map(|f| f.attr("var").map(str::to_owned))
        .collect()
}

/// A field of the room information.
fn info(w: &mut World, var: &str) -> Option<String> {
    let answer = get(w, "asker", &format!("<query xmlns='{INFO}'/>"));
    let query = answer.get_child("query", INFO).expect("a query");
    let x = query.get_child("x", DATA).expect("room information");
    let field = x.children().find(|f| f.attr("var") == Some(var))?;
    Some(field.children().map(Element::text).collect())
}

fn fields(form: &Element) -> Vec<&Element> {
    form.children().filter(|c| c.name() == "field").collect()
}

/// The configuration form as its owner gets it.
fn form(w: &mut World) -> Element {
    w.clear();
    let answer = get(w, "owner", &format!("<query xmlns='{OWNER}'/>"));
    answer.get_child("query", OWNER).and_then(|q| q.get_child("x", DATA)).expect("a form").clone()
}
