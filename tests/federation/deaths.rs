//! Servers and the service end and return.

use std::time::Duration;

use crate::cuts::returns;
use crate::odd::listens;
use crate::rooms::{Party, departs, hears, reads, says};
use crate::servers::guest::{has_code, is_departure};
use crate::servers::host::Kind;
use crate::world::World;

pub(crate) fn service(world: &mut World) {
    // 114-16 313-1
    let mut party = Party::meet(world, "killed");
    party.talks("before");
    // Who came in the last three seconds may have to enter again: docs/restart.md.
    std::thread::sleep(Duration::from_millis(3500));
    world.kill_service();
    let Party { room, bo, cy, .. } = &mut party;
    says(bo, room, "to no one");
    let heard = listens(bo, Duration::from_secs(1));
    assert!(!heard.iter().any(|s| is_departure(s, room, "bo")), "nothing says that they are out");
    world.start_service();
    returns(bo, room, "bo");
    returns(cy, room, "cy");
    party.talks("after");
}

pub(crate) fn remote_stops(world: &mut World) {
    for (town, nick) in [(1, "bo"), (2, "cy")] {
        let mut party = Party::meet(world, &format!("stops{town}"));
        party.talks("before");
        world.towns[town].stop(true);
        let Party { room, ann, bo, cy } = &mut party;
        let (near, nears_nick) = if nick == "bo" { (&mut *cy, "cy") } else { (&mut *bo, "bo") };
        // Prosody says goodbye for its accounts; of ejabberd's the room learns when they do not answer.
        if world.towns[town].kind == Kind::Prosody {
            for guest in [&mut *ann, &mut *near] {
                departs(guest, room, nick);
            }
        }
        says(near, room, "they have gone");
        hears(ann, room, nears_nick, "they have gone");
        world.towns[town].start_again();
        let mut far = world.again(town, &format!("stops{town}-{nick}"), "door");
        far.enters(room, nick);
        says(&mut far, room, "we are back");
        hears(ann, room, nick, "we are back");
    }
}

pub(crate) fn remote_dies(world: &mut World) {
    // 45-18.1.2-a 313-1
    for (town, nick) in [(1, "bo"), (2, "cy")] {
        let mut party = Party::meet(world, &format!("dies{town}"));
        party.talks("before");
        world.towns[town].stop(false);
        let Party { room, ann, bo, cy } = &mut party;
        let (near, nears_nick) = if nick == "bo" { (&mut *cy, "cy") } else { (&mut *bo, "bo") };
        let last = reads(ann, room, None).last().map(|(_, id)| id.clone());
        says(ann, room, "one");
        hears(near, room, "ann", "one");
        says(near, room, "two");
        hears(ann, room, nears_nick, "two");
        let heard = listens(ann, Duration::from_secs(1));
        assert!(!heard.iter().any(|s| is_departure(s, room, nick)), "a server may come back soon");
        world.towns[town].start_again();
        // The session that died is not there any more; a new one takes its nick.
        let mut far = world.again(town, &format!("dies{town}-{nick}"), "risen");
        far.enters(room, nick);
        let missed: Vec<String> =
            reads(&mut far, room, last.as_deref()).into_iter().map(|(text, _)| text).collect();
        assert_eq!(missed, ["one", "two"]);
        says(&mut far, room, "three");
        hears(ann, room, nick, "three");
        // What the dead session gets comes back: it goes without being noticed, since the nick has another session.
        let heard = listens(ann, Duration::from_secs(2));
        assert!(!heard.iter().any(|s| is_departure(s, room, nick)), "the nick stays");
        far.leaves(room, nick);
        let gone = departs(ann, room, nick);
        assert!(!has_code(&gone, "333"), "no dead session was left behind");
    }
}

pub(crate) fn home(world: &mut World) {
    // 114-16 313-1
    for in_order in [true, false] {
        let mut party = Party::meet(world, &format!("home-{in_order}"));
        party.talks("before");
        let times = world.attached();
        world.towns[0].stop(in_order);
        std::thread::sleep(Duration::from_millis(500));
        world.towns[0].start_again();
        world.is_attached(times + 1);
        let Party { room, ann, bo, cy } = &mut party;
        *ann = world.again(0, &format!("home-{in_order}-ann"), "door");
        // Remote accounts have noticed nothing but silence: they are still inside.
        returns(bo, room, "bo");
        returns(cy, room, "cy");
        ann.enters(room, "ann");
        party.talks("after");
    }
}
