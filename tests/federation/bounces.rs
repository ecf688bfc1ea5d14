//! Domains from which everything comes back.

use std::time::{Duration, Instant};

use conclave::wire::ns;
use minidom::Element;

use crate::far::Far;
use crate::odd::listens;
use crate::rooms::{Party, arrives, hears, says};
use crate::servers::guest::{brief, condition, has_code, is_departure, is_error};
use crate::world::World;

/// How many sessions the domain has.
const SESSIONS: usize = 12;

pub(crate) fn everything(world: &mut World) {
    // 45-18.1.2-a
    let mut party = Party::meet(world, "bounce");
    let Party { room, ann, bo, cy } = &mut party;
    let domain = format!("play.{}", world.towns[1].domain);
    let mut far = Far::connect(world.towns[1].ports.components, &domain);
    for number in 0..SESSIONS {
        far.send(&format!(
            "<presence from='p{number}@{domain}/x' to='{room}/p{number}'><x xmlns='{}'/></presence>",
            ns::MUC
        ));
        arrives(ann, room, &format!("p{number}"));
    }
    far.hears("the last own presence", |s| {
        has_code(s, "110") && s.attr("to") == Some(&format!("p{}@{domain}/x", SESSIONS - 1))
    });
    // From now on everything comes back, with each of the conditions in turn.
    says(ann, room, "hello, all");
    let mut conditions = ["service-unavailable", "recipient-unavailable", "item-not-found"].iter().cycle();
    let mut returned = 0;
    let mut left = 0;
    let deadline = Instant::now() + Duration::from_secs(15);
    while left < SESSIONS && Instant::now() < deadline {
        for stanza in far.listens(Duration::from_millis(100)) {
            returned += 1;
            far.send(&back(&stanza, conditions.next().expect("a cycle")));
        }
        for seen in listens(ann, Duration::from_millis(50)) {
            if (0..SESSIONS).any(|number| is_departure(&seen, room, &format!("p{number}"))) {
                assert!(
                    has_code(&seen, "333") && !has_code(&seen, "307"),
                    "not kicked, lost: {}",
                    brief(&seen)
                );
                left += 1;
            }
        }
    }
    assert_eq!(left, SESSIONS, "all of them are gone");
    // The greeting, a look each, and the presences of those who went before: no storm.
    assert!(returned <= SESSIONS * (SESSIONS + 6), "{returned} stanzas came back");
    says(bo, room, "quiet now");
    for guest in [&mut *ann, cy] {
        hears(guest, room, "bo", "quiet now");
    }
    for stanza in far.listens(Duration::from_secs(1)) {
        assert!(
            !stanza.has_child("body", ns::CLIENT),
            "nothing is said to them any more: {}",
            brief(&stanza)
        );
    }
    println!("{returned} stanzas came back from {SESSIONS} sessions");
}

/// A stanza as its receiver sends it back.
fn back(stanza: &Element, condition: &str) -> String {
    let attribute = |name| stanza.attr(name).unwrap_or_default();
    format!(
        "<{name} type='error' id='{}' from='{}' to='{}'><error type='cancel'><{condition} xmlns='{}'/></error></{name}>",
        attribute("id"),
        attribute("to"),
        attribute("from"),
        ns::STANZA_ERRORS,
        name = stanza.name(),
    )
}

pub(crate) fn nothing_there(world: &mut World) {
    // 45-7.8.2-f
    let mut party = Party::meet(world, "nothing");
    let Party { room, ann, bo, .. } = &mut party;
    // A domain of which the DNS knows nothing, and one whose server has no such component.
    for (id, domain) in
        [("dns", "ash.example".to_owned()), ("gone", format!("play.{}", world.towns[2].domain))]
    {
        ann.says(&format!(
            "<message id='{id}' to='{room}'><x xmlns='{}'><invite to='dora@{domain}'/></x></message>",
            ns::MUC_USER
        ));
        let error = ann.hears("the error of the invitation", |s| s.name() == "message" && is_error(s));
        assert!(condition(&error).is_some(), "{domain}: {}", brief(&error));
        println!("an invitation to {domain}: {}", brief(&error));
    }
    says(bo, room, "go on");
    hears(ann, room, "bo", "go on");
}
