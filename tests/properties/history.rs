//! History for those who enter, whatever they ask for (XEP-0045 §7.2.13, §7.2.14).

use conclave::wire::encode;
use jiff::Timestamp;
use minidom::Element;
use proptest::prelude::*;

use crate::world::World;

#[derive(Clone, Debug, Default)]
struct Wish {
    stanzas_max: Option<usize>,
    chars_max: Option<usize>,
    seconds: Option<i64>,
    since_seconds_ago: Option<i64>,
}

fn wish() -> impl Strategy<Value = Wish> {
    (
        prop::option::of(0..12usize),
        prop::option::of(prop_oneof![0..3000usize, Just(usize::MAX)]),
        prop::option::of(0..200i64),
        prop::option::of(-10..200i64),
    )
        .prop_map(|(stanzas_max, chars_max, seconds, since_seconds_ago)| Wish {
            stanzas_max,
            chars_max,
            seconds,
            since_seconds_ago,
        })
}

impl Wish {
    fn element(&self, now: Timestamp) -> String {
        let attribute =
            |name: &str, value: Option<String>| value.map(|v| format!(" {name}='{v}'")).unwrap_or_default();
        format!(
            "<history{}{}{}{}/>",
            attribute("maxstanzas", self.stanzas_max.map(|n| n.to_string())),
            attribute("maxchars", self.chars_max.map(|n| n.to_string())),
            attribute("seconds", self.seconds.map(|n| n.to_string())),
            attribute("since", self.since_seconds_ago.map(|n| format!("{:.3}", ago(now, n)))),
        )
    }

    /// How many messages from the end fit all limits together.
    fn fitting(&self, all: &[Element], now: Timestamp) -> usize {
        let young =
            |message: &Element, limit: Option<i64>| limit.is_none_or(|n| stamp(message) >= ago(now, n));
        let (mut count, mut chars) = (0, 0);
        for message in all.iter().rev() {
            chars += encode::element(message).chars().count();
            let fits = count < self.stanzas_max.unwrap_or(usize::MAX)
                && chars <= self.chars_max.unwrap_or(usize::MAX)
                && young(message, self.seconds)
                && young(message, self.since_seconds_ago);
            if !fits {
                break;
            }
            count += 1;
        }
        count
    }
}

fn ago(now: Timestamp, seconds: i64) -> Timestamp {
    now - jiff::SignedDuration::from_secs(seconds)
}

fn stamp(message: &Element) -> Timestamp {
    let delay = message.get_child("delay", "urn:xmpp:delay").expect("a delay");
    delay.attr("stamp").expect("a stamp").parse().expect("a date")
}

/// The messages that a newcomer gets before the subject.
fn entering(world: &mut World, who: &str, inside: &str) -> Vec<Element> {
    world.clear();
    world.join_as(who, "newcomer", inside);
    let got = world.stanzas(who);
    world.send(who, "<presence xmlns='jabber:client' to='r@muc.example/newcomer' type='unavailable'/>");
    got.into_iter().filter(|s| s.name() == "message" && s.children().any(|c| c.name() == "body")).collect()
}

fn without_recipient(mut message: Element) -> Element {
    conclave::wire::build::remove_attr(&mut message, "to");
    message
}

proptest! {
    #![proptest_config(crate::cases(200))]

    // 45-7.2.14-a, 45-7.2.14-b, 45-7.2.14-c, 45-7.2.14-d, 45-7.2.14-e, 45-7.2.14-f, 45-7.2.14-g, 45-7.2.14-h
    #[test]
    fn a_newcomer_gets_the_longest_run_of_newest_messages_that_fits_all_limits(
        // What is blank is not said: tests/room/unsaid.rs.
        said in prop::collection::vec(("[a-zé🦀&amp; ]{0,29}[a-z]", 0..40i64), 0..14),
        room_max in 0..12usize,
        later in 0..30i64,
        wishes in prop::collection::vec(wish(), 1..5),
    ) {
        let max = room_max.to_string();
        let mut world = World::with_room(&[("muc#maxhistoryfetch", max.as_str())]);
        for (body, pause) in &said {
            world.wait(*pause);
            world.say("owner", &body.replace('&', "&amp;"));
        }
        world.wait(later);
        // Both have addresses of one length, so that what they get is equally long.
        let all = entering(&mut world, "alice/1", "");
        let bodies: Vec<String> = all.iter().map(|m| m.children().next().expect("a body").text()).collect();
        let kept = said.len().min(room_max);
        let newest: Vec<String> = said[said.len() - kept..].iter().map(|(body, _)| body.clone()).collect();
        prop_assert_eq!(bodies, newest, "the room's own limit");
        for wish in wishes {
            let asked = wish.element(world.now);
            let got = entering(&mut world, "alice/2", &asked);
            let expected = &all[all.len() - wish.fitting(&all, world.now)..];
            let got: Vec<Element> = got.into_iter().map(without_recipient).collect();
            let expected: Vec<Element> = expected.iter().cloned().map(without_recipient).collect();
            prop_assert_eq!(got, expected, "{:?}", wish);
        }
    }
}
