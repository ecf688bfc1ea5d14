//! What is left of a large room that was forgotten.

use conclave::room::write::{PORTION_RECORDS_MAX, Write};
use conclave::store::occupant::decode_occupant;
use conclave::wire::muc::Affiliation;

use super::{Bench, affiliation, forget, jid, listed, room};

fn occupant(room: &str, nick: &str) -> Write {
    let stored = format!(
        "\u{1}{{\"nick\":\"{nick}\",\"account\":\"{nick}@d\",\"role\":\"participant\",\"affiliation\":\"none\",\"sessions\":[{{\"jid\":\"{nick}@d/pc\",\"said\":[]}}]}}"
    );
    let value = decode_occupant(b"", stored.as_bytes()).expect("a record");
    Write::Occupant { room: jid(room), nick: nick.to_owned(), value: Some(value) }
}

/// A room with so many members.
fn crowd(name: &str, members: usize) -> Vec<Write> {
    let members = (0..members).map(|n| affiliation(name, &format!("a{n}@d"), Affiliation::Member));
    [room(name, ""), listed(name)].into_iter().chain(members).collect()
}

/// How many keys there are of large rooms when they are forgotten.
const MANY: usize = 2 * PORTION_RECORDS_MAX + 500;

pub(super) fn a_large_room_is_gone_at_once_when_it_is_forgotten_and_is_swept_in_portions(
    mut bench: impl Bench,
) {
    for name in ["coven@muc", "heath@muc"] {
        bench.commit(&crowd(name, MANY));
    }
    bench.commit(&[forget("coven@muc")]);
    let sweep = || Write::Sweep { room: jid("coven@muc") };
    // What is left goes in this many portions.
    for _ in 0..3 {
        for _ in 0..2 {
            assert_eq!(bench.load("coven@muc"), None);
            assert_eq!(bench.rooms(), ["heath@muc"]);
            assert_eq!(bench.store().rests(), Ok(vec![jid("coven@muc")]));
            assert_eq!(bench.store().has_rest(&jid("coven@muc")), Ok(true));
            bench.reopen();
        }
        bench.commit(&[sweep()]);
    }
    assert_eq!(bench.store().has_rest(&jid("coven@muc")), Ok(false));
    assert_eq!(bench.store().rests(), Ok(vec![]));
    // Sweeping takes nothing of what is not forgotten.
    bench.commit(&[sweep(), Write::Sweep { room: jid("heath@muc") }]);
    assert_eq!(bench.accounts("heath@muc").len(), MANY);
    bench.commit(&[room("coven@muc", "anew")]);
    assert_eq!(bench.accounts("coven@muc"), []);
}

pub(super) fn a_room_made_anew_never_meets_the_rest_of_the_old_one(mut bench: impl Bench) {
    let anew = || [room("coven@muc", "anew"), affiliation("coven@muc", "new@d", Affiliation::Owner)];
    let new = [("new@d".to_owned(), Affiliation::Owner)];
    for swept in 0..3 {
        bench.commit(&crowd("coven@muc", MANY));
        bench.commit(&[forget("coven@muc")]);
        for _ in 0..swept {
            bench.commit(&[Write::Sweep { room: jid("coven@muc") }]);
        }
        bench.commit(&anew());
        assert_eq!(bench.accounts("coven@muc"), new, "{swept}");
        bench.reopen();
        assert_eq!(bench.accounts("coven@muc"), new, "{swept}");
        assert_eq!(bench.store().rests(), Ok(vec![]));
    }
    // All in one change, and again and again.
    let all = [crowd("coven@muc", MANY), vec![forget("coven@muc")], anew().into(), vec![forget("coven@muc")]];
    bench.commit(&crowd("coven@muc", MANY));
    bench.commit(&all.concat());
    assert_eq!(bench.load("coven@muc"), None);
    bench.commit(&anew());
    assert_eq!(bench.accounts("coven@muc"), new);
}

pub(super) fn who_was_in_a_large_room_is_not_found_when_it_is_forgotten(mut bench: impl Bench) {
    bench.commit(&[crowd("coven@muc", MANY), vec![occupant("coven@muc", "hag")]].concat());
    bench.commit(&[room("heath@muc", ""), listed("heath@muc"), occupant("heath@muc", "hag")]);
    bench.commit(&[forget("coven@muc")]);
    for _ in 0..2 {
        let mut occupied = Vec::new();
        bench.store().each_occupied(&mut |room, n| occupied.push((room.to_string(), n))).expect("read");
        assert_eq!(occupied, [("heath@muc".to_owned(), 1)]);
        assert_eq!(bench.store().occupants(&jid("coven@muc")), Ok(vec![]));
        bench.reopen();
    }
}
