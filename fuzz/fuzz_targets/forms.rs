//! The owner's form filled in with anything: it is refused and nothing changes, or it is taken and can be sent again
//! as it is then shown without changing anything more.
#![no_main]

use conclave::wire::build::{Build, el};
use conclave::wire::form::Reply;
use conclave::wire::ns;
use conclave::wire::stream::{Output, StreamReader};
use conclave_fuzz::world::World;
use conclave_fuzz::{OPEN, WIDE};
use libfuzzer_sys::fuzz_target;
use minidom::Element;

const OWNER: &str = "owner@example/pc";

fn ask(world: &mut World, type_: &str, payload: Option<Element>) -> Vec<Element> {
    let query = el("query", ns::MUC_OWNER).child_opt(payload);
    world.send(OWNER, None, el("iq", ns::CLIENT).with("type", type_).with("id", "o").child(query))
}

/// The form as it is shown, as a client submits it that changes nothing.
fn shown(world: &mut World) -> Option<Element> {
    let answer = ask(world, "get", None).into_iter().find(|s| s.attr("type") == Some("result"))?;
    let mut x = answer.get_child("query", ns::MUC_OWNER)?.get_child("x", ns::DATA)?.clone();
    x = x.with("type", "submit");
    Some(x)
}

fn submitted(data: &[u8]) -> Option<Element> {
    let mut reader = StreamReader::new(WIDE);
    let mut out = Vec::new();
    reader.feed(OPEN, &mut out).and_then(|()| reader.feed(data, &mut out)).ok()?;
    out.into_iter().find_map(|output| match output {
        Output::Stanza(x, _) => Some(x),
        _ => None,
    })
}

fuzz_target!(|data: &[u8]| {
    let Some(x) = submitted(data) else { return };
    let _ = Reply::read(&x, ns::MUC_ROOMCONFIG);
    let mut world = World::new();
    let join = el("presence", ns::CLIENT).child(el("x", ns::MUC));
    world.send(OWNER, Some("owner"), join);
    ask(&mut world, "set", Some(x));
    let Some(again) = shown(&mut world) else { return };
    let before = world.room().state().clone();
    let answers = ask(&mut world, "set", Some(again));
    assert_eq!(answers.len(), 1, "nobody is told that nothing changed: {answers:?}");
    assert_eq!(answers[0].attr("type"), Some("result"), "what is shown is accepted");
    assert_eq!(world.room().state(), &before);
});
