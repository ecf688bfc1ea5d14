use super::*;
use crate::room::context::LockedRooms;
use crate::room::limits::Limits;

fn jid(text: &str) -> BareJid {
    BareJid::parse(text).expect("an address")
}

fn room(n: usize) -> BareJid {
    jid(&format!("r{n}@muc.example"))
}

fn quotas(limits: Limits) -> Arc<Quotas> {
    Arc::new(Quotas::new(Arc::new(Service {
        name: String::new(),
        admins: vec![jid("root@example")],
        locked_rooms: LockedRooms::Strict,
        limits,
        ..Service::new(jid("muc.example"))
    })))
}

/// How many rooms the accounts of a domain, so many of them, get into memory.
fn opened(quotas: &Quotas, domain: &str, accounts: usize, rooms: impl Iterator<Item = usize>) -> usize {
    let all = rooms.filter(|n| quotas.open(&room(*n), Some(&jid(&format!("a{}@{domain}", n % accounts)))));
    all.count()
}

// 45-G-e
#[test]
fn one_domain_takes_half_of_the_places_in_memory_and_the_next_finds_some() {
    let quotas = quotas(Limits { rooms_max: 10_000, ..Limits::default() });
    let taken = ["one.example", "two.example", "three.example"].map(|domain| {
        let rooms = (0..20_000).map(|n| n + 100_000 * domain.len());
        opened(&quotas, domain, 204, rooms)
    });
    assert_eq!(taken, [3750, 1875, 938]);
    let own = opened(&quotas, "example", 204, 500_000..520_000);
    assert!((600..800).contains(&own), "{own}");
    assert!(quotas.open(&room(999_999), Some(&jid("a@calm.example"))));
}

#[test]
fn the_domain_of_the_service_takes_three_quarters() {
    let quotas = quotas(Limits { rooms_max: 10_000, ..Limits::default() });
    assert_eq!(opened(&quotas, "example", 204, 0..20_000), 5625);
    assert_eq!(opened(&quotas, "one.example", 204, 20_000..40_000), 938);
}

#[test]
fn one_account_has_a_small_part_of_the_places_in_memory() {
    let quotas = quotas(Limits { rooms_max: 10_000, ..Limits::default() });
    assert_eq!(opened(&quotas, "example", 1, 0..1000), 156);
    let few = self::quotas(Limits { rooms_max: 100, ..Limits::default() });
    assert_eq!(opened(&few, "example", 1, 0..1000), 8);
}

#[test]
fn the_owner_of_a_stored_room_gets_in_while_others_flood() {
    for flooding in ["example", "calm.example"] {
        let quotas = quotas(Limits { rooms_max: 1000, ..Limits::default() });
        let owner = jid("owner@calm.example");
        quotas.know(&room(0), Some(&owner), true);
        for n in 1..100_000 {
            quotas.know(&room(n), Some(&jid("other@calm.example")), true);
        }
        // New rooms, and stored ones.
        opened(&quotas, flooding, 1000, 1_000_000..1_010_000);
        opened(&quotas, flooding, 1000, 1..10_000);
        assert!(!quotas.open(&room(2_000_000), Some(&jid("a1@calm.example"))) || flooding == "example");
        assert!(quotas.open(&room(0), Some(&owner)), "{flooding}");
        quotas.close(Some(&owner));
    }
}

#[test]
fn a_place_in_memory_that_is_given_back_can_be_taken() {
    let quotas = quotas(Limits { rooms_max: 100, ..Limits::default() });
    let who = jid("a@example");
    for n in 0..8 {
        assert!(quotas.open(&room(n), Some(&who)));
    }
    assert!(!quotas.open(&room(8), Some(&who)));
    assert!(quotas.open(&room(8), Some(&jid("root@example"))), "an admin of the service is not counted");
    quotas.close(Some(&who));
    assert!(quotas.open(&room(9), Some(&who)));
}

// clients NEW-9
#[test]
fn accounts_and_domains_have_shares_of_the_rooms_that_wait() {
    let quotas = quotas(Limits::default());
    let mut held = Vec::new();
    let mut wait = |who: &str| match quotas.wait(Some(&jid(who))) {
        Some(place) => {
            held.push(place);
            true
        }
        None => false,
    };
    let of_21: usize = (0..21).map(|n| (0..50).filter(|_| wait(&format!("a{n}@one.example"))).count()).sum();
    assert_eq!(of_21, 21 * AWAITED_OF_ONE_MAX);
    let of_domain = (0..100).filter(|n| (0..50).any(|_| wait(&format!("b{n}@one.example")))).count();
    assert_eq!(of_21 + of_domain, 500);
    assert!(wait("calm@two.example") && wait("calm@example"));
    held.clear();
    assert!(quotas.wait(Some(&jid("a0@one.example"))).is_some());
}

#[test]
fn lasting_rooms_are_counted_for_who_created_them_and_their_domain() {
    let limits = Limits { account_rooms_max: 3, domain_rooms_max: 5, ..Limits::default() };
    let quotas = quotas(limits);
    let (one, two) = (jid("one@far.example"), jid("two@far.example"));
    quotas.know(&room(0), Some(&one), true);
    let settled: Vec<_> = (1..4).map(|n| quotas.settle(&room(n), Some(&one))).collect();
    assert_eq!(settled, [Ok(()), Ok(()), Err(NoPlace::Account)]);
    let settled: Vec<_> = (4..8).map(|n| quotas.settle(&room(n), Some(&two))).collect();
    assert_eq!(settled, [Ok(()), Ok(()), Err(NoPlace::Domain), Err(NoPlace::Domain)]);
    for n in 8..30 {
        assert_eq!(quotas.settle(&room(n), Some(&jid("root@example"))), Ok(()));
        assert_eq!(quotas.settle(&room(n + 100), None), Ok(()));
    }
    quotas.leave(&room(0), Some(&one));
    // Twice is once.
    quotas.leave(&room(0), Some(&one));
    assert_eq!(quotas.settle(&room(3), Some(&one)), Ok(()));
    assert_eq!(quotas.settle(&room(6), Some(&one)), Err(NoPlace::Account));
    // Its own domain has ten times as many.
    let own =
        (0..200).filter(|n| quotas.settle(&room(1000 + n), Some(&jid(&format!("o{n}@example")))).is_ok());
    assert_eq!(own.count(), 50 - 22);
}

// 45-14.6-a
#[test]
fn a_stored_room_is_read_in_the_line_of_its_founder() {
    let quotas = quotas(Limits::default());
    quotas.know(&room(0), Some(&jid("one@far.example")), true);
    quotas.know(&room(1), Some(&jid("two@far.example")), false);
    quotas.know(&room(2), Some(&jid("one@near.example")), true);
    quotas.know(&room(3), None, true);
    let asker = jid("two@far.example");
    let line = |n: usize| quotas.line(&room(n), Some(&asker));
    let [first, second, third, unknown, absent] = [0, 1, 2, 3, 4].map(line);
    assert!(first.domain == second.domain && first.account != second.account);
    assert!(first.domain != third.domain && first.account != third.account);
    // Who asks for others has no second line.
    assert_eq!([unknown, absent], [second.clone(), second]);
}
