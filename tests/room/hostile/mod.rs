//! Whatever is wrong with a stanza, the room is none the worse for it.

mod forged;
pub(crate) mod kinds;
mod mutate;

use std::sync::Arc;

use conclave::room::Room;
use conclave::room::event::Event;
use conclave::room::roster::Occupant;
use conclave::wire::build::set_attr;
use conclave::wire::encode;
use conclave::wire::inbound::{Inbound, IqType, Kind};
use conclave::wire::ns;
use conclave::wire::parse::Malformed;
use minidom::Element;

use crate::world::{ROOM, World, full};
use kinds::Sample;

/// A room in which something was said, with an owner, a participant, a visitor, a member who is away, and a ban; a hat
/// and a token are there.
struct Scene {
    world: World,
    /// What the archive calls the last message.
    newest: String,
    token: String,
}

impl Scene {
    fn new() -> Self {
        let options = ["persistentroom", "forwardmentions", "allowinvites", "moderatedroom"];
        let mut w = World::with_room(&options.map(|option| (option, "1")));
        w.service.keep_retracted = true;
        w.service.registration_fields = vec!["muc#register_email".to_owned()];
        let items = [("juliet", "member' nick='capulet"), ("banned", "outcast"), ("romeo", "member")];
        w.admin(
            "owner",
            &items.map(|(who, what)| format!("<item jid='{who}@example' affiliation='{what}'/>")).concat(),
        );
        for who in ["romeo", "visitor"] {
            w.join(who);
        }
        let hats =
            |(_, xml): &&Sample| xml.contains("hats:commands:create") || xml.contains("hats:commands:assign");
        for (who, xml) in kinds::requests().iter().filter(hats) {
            w.send(who, xml);
        }
        for body in ["one", "two", "three"] {
            w.say("romeo", body);
        }
        let last = w.stanzas("owner").pop().expect("heard");
        let newest =
            last.get_child("stanza-id", ns::SID).and_then(|id| id.attr("id")).expect("an id").to_owned();
        w.send(
            "owner",
            &format!(
                "<iq xmlns='jabber:client' type='set' id='t'><request xmlns='{}'/></iq>",
                ns::TOKEN_INVITE
            ),
        );
        let answer = w.stanzas("owner").pop().expect("an answer");
        let token = answer.get_child("token", ns::TOKEN_INVITE).expect("a token").text();
        w.clear();
        Self { world: w, newest, token }
    }

    /// A sample with what is there in this room.
    fn filled(&self, xml: &str) -> Element {
        let at = [("id='AT'", format!("id='{}'", self.newest)), (">AT<", format!(">{}<", self.newest))];
        let token = [(">TOKEN<", format!(">{}<", self.token))];
        let xml = at.iter().chain(&token).fold(xml.to_owned(), |xml, (from, to)| xml.replace(from, to));
        xml.parse().expect("test xml")
    }
}

fn people(room: &Room) -> Vec<Arc<Occupant>> {
    room.roster().iter().cloned().collect()
}

/// Plays one stanza and puts the room back; gives what is wrong with what came of it.
fn play(w: &mut World, who: &str, mut stanza: Element) -> Result<(), String> {
    let sender = full(who);
    set_attr(&mut stanza, "from", &sender);
    let inbound = match Inbound::parse(stanza) {
        Ok(inbound) => inbound,
        Err(Malformed::Silent(_)) => return Ok(()),
        Err(Malformed::Answer(answer)) if answer.attr("type") == Some("error") => return Ok(()),
        Err(Malformed::Answer(answer)) => return Err(format!("is answered by {answer:?}")),
    };
    let before = w.room.clone();
    w.clear();
    w.writes.clear();
    let effects = w.event(&Event::Stanza(Box::new(inbound.clone())));
    let own = w.stanzas(&sender);
    let others = w.everything();
    let after = std::mem::replace(&mut w.room, before);
    let wrong = |what: &str| Err(format!("{what}: {own:?} {others:?}"));

    let mut all = own.iter().chain(&others);
    if !all.all(|s| s.attr("from").is_some_and(|from| from == ROOM || from.starts_with("r@muc.example/"))) {
        return wrong("something comes from elsewhere");
    }
    let errors = own.iter().filter(|s| s.attr("type") == Some("error"));
    let errors: Vec<_> = errors.filter(|s| s.attr("id").unwrap_or_default() == inbound.id()).collect();
    if errors.len() > usize::from(inbound.may_be_answered()) {
        return wrong("more than one error is the answer");
    }
    let is_request =
        matches!(inbound.kind, Kind::Iq(IqType::Get | IqType::Set)) && inbound.to.resource().is_none();
    let answers =
        own.iter().filter(|s| s.name() == "iq" && s.attr("id") == inbound.stanza.attr("id")).count();
    if is_request && answers != 1 {
        return wrong("a request has one answer");
    }
    if effects.refused {
        if own.len() != usize::from(inbound.may_be_answered()) || errors.len() != own.len() {
            return wrong("a refusal is one error");
        }
        if !others.is_empty()
            || !effects.asks.is_empty()
            || !effects.archive.is_empty()
            || !w.writes.is_empty()
        {
            return wrong("a refusal is for its sender alone");
        }
        if after.state() != w.room.state() || people(&after) != people(&w.room) {
            return wrong("a refusal changes something");
        }
    } else if !inbound.may_be_answered() && !own.is_empty() && inbound.from.as_str() == sender {
        // Who is found to be gone is told that he left (333), or is looked for once; neither is an answer.
        let looks = |s: &Element| s.attr("id").is_some_and(|id| id.starts_with("look-"));
        if own.iter().any(|s| s.attr("type") != Some("unavailable") && !looks(s)) {
            return wrong("an error is answered");
        }
    }
    Ok(())
}

/// Plays every mutant of every sample.
fn play_all(samples: Vec<Sample>) {
    let mut scene = Scene::new();
    let (mut played, mut problems) = (0, Vec::new());
    for (who, xml) in samples {
        let stanza = scene.filled(&xml);
        let mutants = mutate::mutants(&stanza);
        for (what, mutant) in std::iter::once(("the whole".to_owned(), stanza)).chain(mutants) {
            played += 1;
            if let Err(wrong) = play(&mut scene.world, who, mutant) {
                problems.push(format!(
                    "{what} in {who}'s {xml}\n    {}",
                    wrong.chars().take(600).collect::<String>()
                ));
            }
        }
    }
    assert!(played > 1000, "only {played} were played");
    let count = problems.len();
    problems.truncate(20);
    assert!(problems.is_empty(), "{count} of {played}, such as\n{}", problems.join("\n"));
}

// 45-G-a, 45-G-d, 45-G-f, 45-17.3-a
#[test]
fn whatever_is_wrong_with_a_presence_the_room_bears_it() {
    play_all(kinds::presences());
}

// 45-G-a, 45-G-d, 45-G-f, 45-17.2-a
#[test]
fn whatever_is_wrong_with_a_message_the_room_bears_it() {
    play_all(kinds::messages());
}

// 45-G-a, 45-G-d, 45-G-e, 45-17.4-a
#[test]
fn whatever_is_wrong_with_a_request_the_room_bears_it() {
    play_all(kinds::requests());
}

#[test]
fn samples_are_taken_as_they_are() {
    // What is refused whole tries little: only what somebody may not do is refused.
    let mut scene = Scene::new();
    let mut refused = Vec::new();
    for (who, xml) in [kinds::presences(), kinds::messages(), kinds::requests()].concat() {
        let stanza = encode::standalone(&scene.filled(&xml));
        let before = scene.world.room.clone();
        scene.world.clear();
        if scene.world.send(who, &stanza).refused && ["owner", "juliet"].contains(&who) {
            refused.push(format!("{who}: {stanza}: {:?}", scene.world.got(who)));
        }
        scene.world.room = before;
    }
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}
