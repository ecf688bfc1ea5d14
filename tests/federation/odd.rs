//! What is usual on the net and rare in tests of one server: nicks that a server refuses, blocks, clients that vanish.

use std::time::{Duration, Instant};

use conclave::wire::ns;
use minidom::Element;

use crate::rooms::{Party, arrives, body, departs, hears, says};
use crate::servers::guest::{Guest, brief, condition, has_code, is_departure, is_error, is_from};
use crate::servers::host::Kind;
use crate::world::World;

/// For how long nothing is heard where nothing is to be heard.
const QUIET: Duration = Duration::from_millis(1500);

/// What comes within a while.
pub(crate) fn listens(guest: &mut Guest, time: Duration) -> Vec<Element> {
    let deadline = Instant::now() + time;
    std::iter::from_fn(|| guest.next(deadline)).collect()
}

/// A nick that Prosody lets through and ejabberd does not: what is sent in its name would come back from ejabberd, as if
/// its accounts were gone.
pub(crate) fn nick(world: &mut World) {
    // 45-7.2.2-f
    let mut party = Party::meet(world, "nick");
    let towns = &world.towns;
    let lenient = (0..3).find(|town| towns[*town].kind == Kind::Prosody).expect("one of them");
    let strict = (0..3).find(|town| towns[*town].kind == Kind::Ejabberd).expect("one of them");
    let mut dee = world.guest(lenient, "nick-dee");
    let Party { room, ann, bo, cy } = &mut party;
    dee.says(&format!("<presence id='e' to='{room}/🤖 dee'><x xmlns='{}'/></presence>", ns::MUC));
    if towns[0].kind == Kind::Ejabberd {
        // It hands nothing to a component that it cannot read itself, and its error goes where Prosody hears nothing.
        for guest in [&mut dee, ann, bo, cy] {
            let heard = listens(guest, QUIET / 4);
            assert!(
                heard.iter().all(|s| s.name() != "presence" || is_error(s)),
                "nothing comes of it: {heard:?}"
            );
        }
        dee.enters(room, "dee");
        return;
    }
    let own =
        dee.hears("the own presence", |s| s.name() == "presence" && (has_code(s, "110") || is_error(s)));
    assert!(has_code(&own, "210") && is_from(&own, room, "dee"), "the nick is rewritten: {}", brief(&own));
    let others = [(&mut *ann, "ann"), (bo, "bo"), (cy, "cy")];
    for (guest, _) in others {
        arrives(guest, room, "dee");
    }
    says(&mut dee, room, "can all hear me?");
    for guest in [&mut *ann, bo, cy] {
        hears(guest, room, "dee", "can all hear me?");
    }
    dee.says(&format!("<presence id='c' to='{room}/🤖'/>"));
    let error = dee.hears("the refusal", |s| s.name() == "presence" && is_error(s));
    assert!(matches!(condition(&error), Some("jid-malformed" | "not-acceptable")), "{}", brief(&error));
    // The account of the strict server is still there, and heard.
    let (guest, nick) = if strict == 1 { (&mut *bo, "bo") } else { (&mut *cy, "cy") };
    says(guest, room, "I can");
    hears(&mut dee, room, nick, "I can");
    let gone = listens(ann, QUIET).iter().any(|s| is_departure(s, room, nick));
    assert!(!gone, "{nick} was not taken for gone");
    let mut own = Guest::again(&towns[strict].door(), &format!("nick-{nick}"), "other");
    own.says(&format!("<presence id='e' to='{room}/🤖'><x xmlns='{}'/></presence>", ns::MUC));
    let error = own.hears("their own server's refusal", is_error);
    assert_eq!(condition(&error), Some("bad-request"), "{}", brief(&error));
}

/// Blocks an address for an account, or unblocks it (XEP-0191), as the verb says.
fn blocks(guest: &mut Guest, verb: &str, jid: &str) {
    let own = guest.jid().split('/').next().expect("a bare address").to_owned();
    let block = format!("<{verb} xmlns='urn:xmpp:blocking'><item jid='{jid}'/></{verb}>");
    let answer = guest.asks("set", &own, block.parse().expect("a block"));
    assert_eq!(answer.attr("type"), Some("result"), "{verb} {jid}: {}", brief(&answer));
}

pub(crate) fn block_the_room(world: &mut World) {
    // 45-18.1.2-a
    for (town, nick) in [(1, "bo"), (2, "cy")] {
        let mut party = Party::meet(world, &format!("block{town}"));
        let Party { room, ann, bo, cy } = &mut party;
        let (guest, other, others_nick) = if nick == "bo" { (bo, cy, "cy") } else { (cy, bo, "bo") };
        // Servers that block for accounts want them to be online.
        guest.says("<presence/>");
        guest.catches_up();
        blocks(guest, "block", room);
        says(other, room, "one");
        hears(ann, room, others_nick, "one");
        says(other, room, "two");
        hears(ann, room, others_nick, "two");
        let heard = listens(guest, QUIET);
        assert!(
            !heard.iter().any(|s| !is_error(s) && is_from(s, room, others_nick)),
            "their server keeps it from them"
        );
        // Ours may see that no one listens there, or nothing at all: then they stay. Nothing else is shown.
        let left: Vec<_> = listens(ann, QUIET).into_iter().filter(|s| is_departure(s, room, nick)).collect();
        assert!(
            left.len() <= 1 && left.iter().all(|s| has_code(s, "333") && !has_code(s, "307")),
            "{left:?}"
        );
        println!(
            "{}: an account that blocks a room is shown as gone: {}",
            world.towns[town].domain,
            left.len()
        );
        blocks(guest, "unblock", room);
        guest.enters(room, nick);
        says(other, room, "three");
        hears(guest, room, others_nick, "three");
        says(guest, room, "four");
        hears(ann, room, nick, "four");
    }
}

pub(crate) fn block_an_occupant(world: &mut World) {
    // 45-7.5-a 45-18.1.2-a
    for (town, nick) in [(1, "bo"), (2, "cy")] {
        let mut party = Party::meet(world, &format!("shun{town}"));
        let Party { room, ann, bo, cy } = &mut party;
        let (guest, other) = if nick == "bo" { (bo, cy) } else { (cy, bo) };
        guest.says("<presence/>");
        guest.catches_up();
        blocks(guest, "block", &format!("{room}/ann"));
        ann.says(&format!("<message type='chat' id='pm' to='{room}/{nick}'><body>listen</body></message>"));
        // Prosody drops it without a word while its account is online, ejabberd sends it back.
        let heard = listens(guest, QUIET);
        assert!(!heard.iter().any(|s| body(s) == "listen"), "blocked: {heard:?}");
        let others = if nick == "bo" { "cy" } else { "bo" };
        says(other, room, "who is here?");
        hears(guest, room, others, "who is here?");
        says(guest, room, "I am");
        hears(ann, room, nick, "I am");
        let gone = listens(ann, QUIET).iter().any(|s| is_departure(s, room, nick));
        assert!(!gone, "who blocks an occupant stays in the room");
    }
}

pub(crate) fn offline(world: &mut World) {
    // 45-7.14-a 45-18.1.2-a
    let mut party = Party::meet(world, "offline");
    let Party { room, ann, bo, cy } = &mut party;
    let door = world.towns[1].door();
    // Another session under the same nick keeps the occupant when the connection of the first one is lost.
    let mut second = Guest::again(&door, "offline-bo", "second");
    second.enters(room, "bo");
    drop(std::mem::replace(bo, second));
    says(ann, room, "still here?");
    hears(bo, room, "ann", "still here?");
    hears(cy, room, "ann", "still here?");
    let gone = listens(ann, QUIET).iter().any(|s| is_departure(s, room, "bo"));
    assert!(!gone, "one session is left");
    drop(std::mem::replace(bo, Guest::again(&door, "offline-bo", "third")));
    for guest in [&mut *ann, cy] {
        departs(guest, room, "bo");
    }
    bo.enters(room, "bo");
    arrives(ann, room, "bo");
}
