//! The connection between two servers is gone for a while, and both are well.

use std::time::Duration;

use crate::odd::listens;
use crate::rooms::{Party, hears, is_inside, reads, says};
use crate::servers::guest::{Guest, brief, is_departure, is_error};
use crate::world::{World, until};

pub(crate) fn stands_still(world: &mut World) {
    for (town, nick) in [(1, "bo"), (2, "cy")] {
        let mut party = Party::meet(world, &format!("still{town}"));
        party.talks("before");
        world.hold(town, true);
        let Party { room, ann, bo, cy } = &mut party;
        let (far, near, nears_nick) = if nick == "bo" { (bo, cy, "cy") } else { (cy, bo, "bo") };
        let words: Vec<String> = (0..20).map(|number| format!("words {number}")).collect();
        for text in &words {
            says(ann, room, text);
            hears(near, room, "ann", text);
        }
        says(far, room, "hello?");
        assert!(!listens(far, Duration::from_secs(1)).iter().any(is_error), "nothing is known yet");
        world.hold(town, false);
        for text in &words {
            hears(far, room, "ann", text);
        }
        hears(ann, room, nick, "hello?");
        hears(near, room, nick, "hello?");
        says(near, room, "after");
        hears(far, room, nears_nick, "after");
    }
}

pub(crate) fn cut(world: &mut World) {
    // 45-18.1.2-a 313-1
    for (town, nick) in [(1, "bo"), (2, "cy")] {
        let mut party = Party::meet(world, &format!("cut{town}"));
        party.talks("before");
        world.cut(town, true);
        let Party { room, ann, bo, cy } = &mut party;
        let (far, near, nears_nick) = if nick == "bo" { (bo, cy, "cy") } else { (cy, bo, "bo") };
        let last = reads(ann, room, None).last().map(|(_, id)| id.clone());
        says(ann, room, "during");
        hears(near, room, "ann", "during");
        says(far, room, "lost");
        let error = far.hears("the error of the lost message", |s| s.name() == "message" && is_error(s));
        assert_eq!(error.attr("id"), Some("lost"), "{}", brief(&error));
        for guest in [&mut *ann, near] {
            let heard = listens(guest, Duration::from_secs(1));
            assert!(
                !heard.iter().any(|s| is_departure(s, room, nick)),
                "a cut of seconds puts no occupant out"
            );
        }
        world.cut(town, false);
        let away = world.towns[town].domain;
        let ways = [
            world.towns[0].ways.connections(away),
            world.towns[town].ways.connections(world.towns[0].domain),
        ];
        returns(far, room, nick);
        says(far, room, "I am back");
        for guest in [&mut *ann, near] {
            hears(guest, room, nick, "I am back");
        }
        says(near, room, "welcome");
        hears(far, room, nears_nick, "welcome");
        let missed: Vec<String> =
            reads(far, room, last.as_deref()).into_iter().map(|(text, _)| text).collect();
        assert_eq!(missed, ["during", "I am back", "welcome"], "the archive has what was missed");
        let now = [
            world.towns[0].ways.connections(away),
            world.towns[town].ways.connections(world.towns[0].domain),
        ];
        assert!(now[0] > ways[0] && now[1] > ways[1], "both servers connected anew: {ways:?}, {now:?}");
    }
}

/// Pings itself until the room says that it is inside, as clients do after an error: no occupant has to enter again.
pub(crate) fn returns(guest: &mut Guest, room: &str, nick: &str) {
    until(&format!("{nick} is inside again"), || is_inside(guest, room, nick));
}
