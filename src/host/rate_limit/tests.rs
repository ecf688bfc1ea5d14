use super::*;

/// Ten a second and five at once for an account, three at once in a room, twenty a second for a domain.
fn rates() -> Rates {
    Rates { account: Rate::new(10, 5), in_room: Rate::new(2, 3), domain: Rate::new(20, 40), delayed_max: 4 }
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn request(from: &str) -> Cost {
    let from = Jid::parse(from).expect("a jid");
    Cost { from, room: None, heard: false, weight: 1, bytes: 1000, is_leave: false }
}

fn said(from: &str, room: &str) -> Cost {
    Cost { room: Some(BareJid::parse(room).expect("a jid")), heard: true, ..request(from) }
}

fn leave(from: &str, room: &str) -> Cost {
    Cost { is_leave: true, ..said(from, room) }
}

/// What becomes of `count` stanzas: how many pass, are delayed, are refused.
fn many(limiter: &mut RateLimiter<u32>, cost: &Cost, count: u32, now: Duration) -> (u32, u32, u32) {
    let mut seen = (0, 0, 0);
    for n in 0..count {
        match limiter.admit(cost.clone(), n, now).0 {
            Verdict::Pass(_) => seen.0 += 1,
            Verdict::Delayed => seen.1 += 1,
            Verdict::Refused(..) => seen.2 += 1,
        }
    }
    seen
}

// 45-14.6-a
#[test]
fn an_account_is_let_on_up_to_its_burst_then_delayed_then_refused() {
    let mut limiter = RateLimiter::new(rates());
    assert_eq!(many(&mut limiter, &request("a@b/c"), 12, ms(0)), (5, 4, 3));
    assert_eq!(limiter.admit(request("a@b/c"), 99, ms(0)).0, Verdict::Refused(99, Scope::Account));
    // Another client of the account is the same account; another account is not.
    assert_eq!(many(&mut limiter, &request("a@b/other"), 1, ms(0)), (0, 0, 1));
    assert_eq!(many(&mut limiter, &request("b@b/c"), 5, ms(0)), (5, 0, 0));
    // One comes back every 100 ms.
    assert_eq!(limiter.due(ms(99)), [] as [u32; 0]);
    assert_eq!(limiter.due(ms(100)), [5]);
    assert_eq!(limiter.due(ms(1000)), [6, 7, 8]);
    assert!(limiter.is_idle());
}

#[test]
fn what_comes_after_something_delayed_waits_behind_it() {
    let mut limiter = RateLimiter::new(rates());
    assert_eq!(many(&mut limiter, &request("a@b/c"), 7, ms(0)), (5, 2, 0));
    // There are tokens again, but two wait.
    assert_eq!(limiter.admit(request("a@b/c"), 7, ms(10_000)).0, Verdict::Delayed);
    assert_eq!(limiter.due(ms(10_000)), [5, 6, 7]);
    assert_eq!(limiter.admit(request("a@b/c"), 8, ms(10_001)).0, Verdict::Pass(8));
}

// 45-14.6-a
#[test]
fn what_an_account_says_in_one_room_is_counted_by_room() {
    let mut limiter = RateLimiter::new(rates());
    assert_eq!(many(&mut limiter, &said("a@b/c", "one@m"), 3, ms(0)), (3, 0, 0));
    assert_eq!(many(&mut limiter, &said("a@b/c", "two@m"), 2, ms(0)), (2, 0, 0));
    assert_eq!(many(&mut limiter, &said("b@b/c", "one@m"), 4, ms(0)), (3, 1, 0));
    // Requests are not heard by anybody.
    assert_eq!(many(&mut limiter, &request("c@b/c"), 5, ms(0)), (5, 0, 0));
}

// 45-14.6-a
#[test]
fn a_domain_is_delayed_as_a_whole_and_its_accounts_have_their_turns() {
    let mut limiter = RateLimiter::new(rates());
    for n in 0..8 {
        assert_eq!(many(&mut limiter, &request(&format!("u{n}@flood.example/x")), 5, ms(0)), (5, 0, 0));
    }
    // Forty are spent.
    assert_eq!(many(&mut limiter, &request("x@flood.example/x"), 2, ms(0)), (0, 2, 0));
    assert_eq!(many(&mut limiter, &request("y@flood.example/x"), 2, ms(0)), (0, 2, 0));
    assert_eq!(many(&mut limiter, &request("a@quiet.example/x"), 5, ms(0)), (5, 0, 0));
    // Who comes when there is a token again waits behind them.
    assert_eq!(limiter.admit(request("z@flood.example/x"), 7, ms(50)).0, Verdict::Delayed);
    // Twenty a second: x, who is new, x again, who has had a turn, y, y, z.
    assert_eq!(limiter.due(ms(50)), [0]);
    assert_eq!(limiter.due(ms(100)), [1]);
    assert_eq!(limiter.due(ms(150)), [0]);
    assert_eq!(limiter.due(ms(250)), [1, 7]);
    assert!(limiter.is_idle());
    assert_eq!(limiter.admit(request("z@flood.example/x"), 8, ms(300)).0, Verdict::Pass(8));
}

// 45-14.6-a
#[test]
fn who_says_little_is_hardly_delayed_by_the_floods_of_others_of_the_domain() {
    let off = Rate::new(0, 1);
    let mut limiter = RateLimiter::new(Rates { account: off, in_room: off, delayed_max: 200, ..rates() });
    let flooder = |n: usize| request(&format!("u{n}@b/x"));
    for n in (0..200).flat_map(|_| 0..1000) {
        limiter.admit(flooder(n), 0, ms(0));
    }
    let each = || limiter.domains["b"].accounts.values().map(|account| account.delayed.len());
    assert_eq!((each().min(), each().max()), (Some(8), Some(9)), "of 1,000 bytes each");
    assert!(limiter.stanzas < DOMAIN_STANZAS_MAX);
    // Each flooder has had a turn as one who comes new.
    let (mut now, mut served) = (ms(0), 0);
    while served < 2100 {
        now += ms(50);
        served += limiter.due(now).len();
        for n in 0..50 {
            limiter.admit(flooder(n), 0, now);
        }
    }
    assert_eq!(limiter.admit(request("quiet@b/x"), 7, now).0, Verdict::Delayed);
    now += ms(100);
    assert!(
        limiter.due(now).contains(&7),
        "twenty a second, and every other turn is that of one who comes new"
    );
    // Those who come new do not stop the others.
    let (mut old, mut new) = (0, 0);
    for n in 0..200 {
        limiter.admit(request(&format!("new{n}@b/x")), 1, now);
        now += ms(50);
        for item in limiter.due(now) {
            *if item == 1 { &mut new } else { &mut old } += 1;
        }
    }
    assert!(old >= 90 && new >= 90, "{old} {new}");
}

// 45-7.14-a, 45-14.6-a
#[test]
fn who_leaves_does_so_in_order_and_needs_no_space() {
    let mut limiter = RateLimiter::new(rates());
    assert_eq!(many(&mut limiter, &said("a@b/c", "r@m"), 4, ms(0)), (3, 1, 0));
    // Behind what was said before.
    assert_eq!(limiter.admit(leave("a@b/c", "r@m"), 4, ms(0)), (Verdict::Delayed, vec![]));
    assert_eq!(limiter.due(ms(500)), [3]);
    assert_eq!(limiter.due(ms(1000)), [4]);
    // When nothing more can wait, the leave goes at once, and what the session still had to say there is refused.
    let mut limiter = RateLimiter::new(rates());
    assert_eq!(many(&mut limiter, &said("a@b/c", "r@m"), 6, ms(0)), (3, 3, 0));
    assert_eq!(limiter.admit(said("a@b/phone", "r@m"), 9, ms(0)).0, Verdict::Delayed);
    assert_eq!(limiter.admit(leave("a@b/c", "r@m"), 10, ms(0)), (Verdict::Pass(10), vec![3, 4, 5]));
    assert_eq!(limiter.due(ms(60_000)), [9]);
    assert!(limiter.is_idle());
    // Also where nothing is ever delayed.
    let mut limiter = RateLimiter::new(Rates { delayed_max: 0, ..rates() });
    assert_eq!(many(&mut limiter, &said("a@b/c", "r@m"), 4, ms(0)), (3, 0, 1));
    assert_eq!(limiter.admit(leave("a@b/c", "r@m"), 4, ms(0)).0, Verdict::Pass(4));
}

// 45-14.6-a
#[test]
fn a_flood_of_leaves_costs_whom_it_comes_from() {
    let mut limiter = RateLimiter::new(rates());
    // Who has left need not leave again.
    assert_eq!(many(&mut limiter, &leave("a@b/c", "r@m"), 100, ms(0)), (3, 1, 96));
    assert_eq!(limiter.admit(said("a@b/c", "r@m"), 200, ms(0)).0, Verdict::Delayed);
    assert_eq!(limiter.admit(leave("a@b/c", "r@m"), 201, ms(0)).0, Verdict::Delayed, "they were there again");
    assert_eq!(limiter.due(ms(60_000)), [3, 200, 201]);
    // Of one room after the other: when nothing more can be delayed, those of a minute, at ten a second.
    let mut left = (0, 0, 0);
    for n in 0..1000 {
        let each = many(&mut limiter, &leave("z@b/c", &format!("r{n}@m")), 1, ms(60_000));
        left = (left.0 + each.0, left.1 + each.1, left.2 + each.2);
    }
    assert_eq!(left, (5 + 599, 4, 1000 - 5 - 599 - 4));
    // And then still at that rate, in the place of what the session had to say.
    let mut limiter = RateLimiter::new(rates());
    let mut passed = 0;
    for n in 0..2000 {
        limiter.admit(said("a@b/c", "r@m"), n, ms(0));
        passed += usize::from(matches!(limiter.admit(leave("a@b/c", "r@m"), n, ms(0)).0, Verdict::Pass(_)));
    }
    assert!(passed <= 2 * 60, "{passed} of a minute, at two a second in a room");
}

// 45-7.14-a, 45-14.6-a
#[test]
fn who_has_not_said_too_much_leaves_however_much_waits_of_others() {
    let mut limiter = RateLimiter::new(Rates { delayed_max: 1000, ..rates() });
    assert_eq!(many(&mut limiter, &Cost { weight: 1000, ..request("x@b/c") }, 1, ms(0)), (1, 0, 0));
    assert_eq!(
        many(&mut limiter, &said("a@b/c", "r@m"), 1, ms(0)),
        (0, 1, 0),
        "the domain has said too much"
    );
    for n in 0..40 {
        let from = Jid::parse(&format!("u{n}@b/c")).expect("a jid");
        many(&mut limiter, &Cost { from, bytes: 1 << 20, ..request("x@b/c") }, 10, ms(0));
    }
    assert_eq!(limiter.admit(said("a@b/c", "q@m"), 7, ms(0)).0, Verdict::Delayed);
    while limiter.domains["b"].bytes + 1000 <= DOMAIN_BYTES_MAX {
        let n = limiter.stanzas;
        let from = Jid::parse(&format!("v{n}@b/c")).expect("a jid");
        many(&mut limiter, &Cost { from, bytes: 1000, ..request("x@b/c") }, 1, ms(0));
    }
    assert_eq!(limiter.admit(leave("a@b/c", "p@m"), 8, ms(0)), (Verdict::Pass(8), vec![]));
    assert_eq!(limiter.admit(leave("a@b/c", "q@m"), 9, ms(0)).1, vec![7]);
}

// 45-14.6-a
#[test]
fn large_leaves_do_not_exceed_the_bounds_and_what_waits_is_not_lost_for_them() {
    let mut limiter = RateLimiter::new(Rates { delayed_max: 100, ..rates() });
    // A minute and more ahead.
    assert_eq!(many(&mut limiter, &Cost { weight: 700, ..request("a@b/c") }, 1, ms(0)), (1, 0, 0));
    for n in 0..100 {
        assert_eq!(many(&mut limiter, &said("a@b/c", &format!("r{n}@m")), 1, ms(0)), (0, 1, 0));
    }
    for n in 0..100 {
        let large = Cost { bytes: 1 << 20, ..leave("a@b/c", &format!("r{n}@m")) };
        assert_eq!(limiter.admit(large, 7, ms(0)), (Verdict::Refused(7, Scope::Account), vec![]));
    }
    assert_eq!((limiter.stanzas, limiter.bytes), (100, 100_000));
    assert_eq!(
        limiter.admit(leave("a@b/c", "r0@m"), 8, ms(0)),
        (Verdict::Delayed, vec![0]),
        "it takes its place"
    );
    assert_eq!((limiter.stanzas, limiter.bytes), (100, 100_000));
}

// 45-7.14-a, 45-14.6-a
#[test]
fn who_leaves_does_not_wait_for_others_of_the_domain() {
    let mut limiter = RateLimiter::new(rates());
    assert_eq!(many(&mut limiter, &said("a@b/c", "r@m"), 3, ms(0)), (3, 0, 0));
    assert_eq!(many(&mut limiter, &Cost { weight: 1000, ..request("x@b/c") }, 1, ms(0)), (1, 0, 0));
    assert_eq!(many(&mut limiter, &request("y@b/c"), 1, ms(0)), (0, 1, 0), "the domain has said too much");
    assert_eq!(limiter.admit(leave("a@b/c", "r@m"), 9, ms(0)), (Verdict::Pass(9), vec![]));
}

#[test]
fn large_stanzas_overdraw_once_and_are_bounded_in_bytes() {
    let mut limiter = RateLimiter::new(Rates { delayed_max: 1000, ..rates() });
    let large = Cost { weight: 100, bytes: 1 << 20, ..request("a@b/c") };
    assert_eq!(many(&mut limiter, &large, 10, ms(0)), (1, 3, 6));
    // 95 tokens too many at ten a second.
    assert_eq!(limiter.due(ms(9500)), [] as [u32; 0]);
    assert_eq!(limiter.due(ms(9600)), [1]);
    // A domain may have 8 MiB delayed, whatever its accounts.
    for n in 0..20 {
        let large = Cost { from: Jid::parse(&format!("u{n}@b/c")).expect("a jid"), ..large.clone() };
        many(&mut limiter, &large, 5, ms(9600));
    }
    assert!(limiter.bytes <= DOMAIN_BYTES_MAX, "{}", limiter.bytes);
    for n in 0..200 {
        let large = Cost { from: Jid::parse(&format!("u@d{n}/c")).expect("a jid"), ..large.clone() };
        many(&mut limiter, &large, 5, ms(9600));
    }
    assert!(limiter.bytes <= ALL_BYTES_MAX, "{}", limiter.bytes);
}

// 45-14.6-a
#[test]
fn what_turns_out_to_cost_more_is_paid_for_later() {
    let mut limiter = RateLimiter::new(rates());
    let from = "a@b/c";
    assert_eq!(limiter.admit(request(from), 0, ms(0)).0, Verdict::Pass(0));
    // Four are left of five; two halves of five are two each.
    for _ in 0..2 {
        limiter.charge(&BareJid::parse("a@b").expect("a jid"), 2, ms(0));
    }
    limiter.charge(&BareJid::parse("unknown@b").expect("a jid"), 1, ms(0));
    assert_eq!(many(&mut limiter, &request(from), 10, ms(0)), (0, 4, 6));
    assert_eq!(limiter.due(ms(100)), [0]);
    assert_eq!(many(&mut limiter, &request("unknown@b/c"), 5, ms(100)), (5, 0, 0));
}

// 45-14.6-a
#[test]
fn what_a_stanza_takes_besides_is_paid_for_by_its_account_and_its_domain() {
    let mut limiter = RateLimiter::new(rates());
    let payer = BareJid::parse("a@b").expect("a jid");
    assert_eq!(many(&mut limiter, &request("a@b/c"), 1, ms(0)), (1, 0, 0));
    limiter.spend(&payer, 30, ms(0));
    // The account waits for what it has spent; its domain pays what it had of that, four of the thirty.
    assert_eq!(many(&mut limiter, &request("a@b/c"), 1, ms(0)), (0, 1, 0));
    for n in 0..7 {
        assert_eq!(many(&mut limiter, &request(&format!("u{n}@b/c")), 5, ms(0)), (5, 0, 0));
    }
    assert_eq!(many(&mut limiter, &request("v@b/c"), 4, ms(0)), (0, 4, 0));
    // What is not known pays nothing; one whose account is counted no more pays as a domain.
    limiter.spend(&BareJid::parse("a@unknown").expect("a jid"), 30, ms(0));
    limiter.spend(&BareJid::parse("unknown@b").expect("a jid"), 5, ms(0));
    assert_eq!(limiter.due(ms(200)), [] as [u32; 0]);
    assert_eq!(limiter.due(ms(3000)), [0, 0, 1, 2, 3]);
}

// 45-14.6-a
#[test]
fn others_of_the_domain_do_not_wait_for_what_some_owe() {
    let mut limiter = RateLimiter::new(rates());
    let owes = |limiter: &mut RateLimiter<u32>, at| {
        for n in 0..20 {
            limiter.admit(request(&format!("a{n}@b/c")), 100, at);
            for _ in 0..100 {
                limiter.spend(&BareJid::parse(&format!("a{n}@b")).expect("a jid"), 1000, at);
            }
        }
    };
    owes(&mut limiter, ms(0));
    assert_eq!(many(&mut limiter, &request("quiet@b/c"), 1, ms(0)), (0, 1, 0));
    // It goes on all the time, and an account that says little has a turn each time.
    for tick in 1..20 {
        let now = ms(tick * 50);
        owes(&mut limiter, now);
        let due = limiter.due(now);
        if due.contains(&0) {
            assert!(tick <= 3, "after {tick}");
            return;
        }
    }
    panic!("it never has its turn");
}

#[test]
fn a_rate_of_zero_is_none() {
    let off = Rate::new(0, 1);
    let mut limiter = RateLimiter::new(Rates { account: off, in_room: off, domain: off, delayed_max: 0 });
    assert_eq!(many(&mut limiter, &said("a@b/c", "r@m"), 100_000, ms(0)), (100_000, 0, 0));
}

#[test]
fn what_is_remembered_of_accounts_rooms_and_domains_is_bounded() {
    let mut limiter = RateLimiter::new(Rates { domain: Rate::new(0, 1), ..rates() });
    for n in 0..2 * ACCOUNTS_MAX {
        limiter.admit(request(&format!("u{n}@flood.example/x")), 0, ms(0));
    }
    assert!(limiter.accounts <= ACCOUNTS_MAX);
    let counted: usize = limiter.domains.values().map(|domain| domain.accounts.len()).sum();
    assert_eq!(counted, limiter.accounts);
    for n in 0..2 * DOMAINS_MAX {
        limiter.admit(request(&format!("u@d{n}.example/x")), 0, ms(0));
    }
    assert!(limiter.domains.len() <= DOMAINS_MAX + 1);
    // Who has been quiet since is forgotten.
    limiter.admit(request("a@example.org/x"), 0, ms(60_000));
    assert!(
        limiter.accounts <= 1 && limiter.domains.len() <= 1,
        "{} {}",
        limiter.accounts,
        limiter.domains.len()
    );

    let mut limiter = RateLimiter::new(Rates { account: Rate::new(0, 1), ..rates() });
    for n in 0..1000 {
        limiter.admit(said("a@b/c", &format!("r{n}@m")), 0, ms(n * 1000));
        let domain = &limiter.domains["b"];
        assert!(domain.accounts.values().all(|account| account.in_rooms.len() <= ROOMS_MAX));
    }
}

// 45-14.6-a
#[test]
fn accounts_that_say_no_more_are_forgotten_within_seconds() {
    let mut limiter = RateLimiter::new(Rates::new(&Limits::default()));
    for second in 0..20 {
        for n in 0..1000 {
            let from = format!("a{second}-{n}@b/c");
            for room in 0..3 {
                limiter.admit(leave(&from, &format!("{room}@m")), 0, ms(1000 * second));
            }
        }
        assert!(limiter.accounts <= 3000, "{} accounts after {second} s", limiter.accounts);
    }
    let rooms = |account: &Account<u32>| account.in_rooms.capacity();
    let capacity: usize = limiter.domains["b"].accounts.values().map(rooms).sum();
    assert!(capacity <= 3000 * 8 && limiter.domains["b"].accounts.capacity() <= 8000, "{capacity}");
}

// clients: what they do at once when they come back
#[test]
fn a_client_that_comes_back_to_all_its_rooms_is_not_delayed() {
    let mut limiter = RateLimiter::new(Rates::new(&Limits::default()));
    let from = "busy@example.org/phone";
    for room in 0..200 {
        let room = format!("room{room}@m");
        let costly = Cost { weight: 5, ..request(from) };
        // The join; disco, ping, a vCard; three lists and a page of the archive.
        for cost in [said(from, &room), request(from), request(from), request(from)]
            .into_iter()
            .chain(std::iter::repeat_n(costly, 4))
        {
            assert_eq!(limiter.admit(cost, 0, ms(0)).0, Verdict::Pass(0), "{room}");
        }
    }
    // Ten messages are pasted at once.
    assert_eq!(many(&mut limiter, &said(from, "room0@m"), 10, ms(0)), (10, 0, 0));
}

// 45-14.6-a
#[test]
fn no_account_and_no_domain_keeps_the_service_from_stopping_by_what_is_delayed() {
    let mut limiter = RateLimiter::new(Rates { delayed_max: 200, ..rates() });
    for n in 0..30 {
        many(&mut limiter, &request(&format!("a{n}@b/c")), 100, ms(0));
        limiter.admit(leave(&format!("a{n}@b/c"), "r@m"), 1000, ms(0));
    }
    many(&mut limiter, &request("a@quiet/c"), 15, ms(0));
    let (on, refused) = limiter.drain();
    assert_eq!(on.iter().filter(|n| **n == 1000).count(), 30, "who leaves does so");
    assert_eq!(on.len(), 30 + LAST_OF_DOMAIN_MAX + 10, "and who says little is heard");
    assert!(refused.len() > 2000, "{}", refused.len());
    assert!(limiter.is_idle());
}

#[test]
fn all_that_is_delayed_can_be_let_go() {
    let mut limiter = RateLimiter::new(rates());
    many(&mut limiter, &request("a@b/c"), 8, ms(0));
    many(&mut limiter, &request("a@d/c"), 6, ms(0));
    let (mut all, refused) = limiter.drain();
    all.sort_unstable();
    assert_eq!((all, refused), (vec![5, 5, 6, 7], vec![]));
    assert!(limiter.is_idle());
    assert_eq!(many(&mut limiter, &request("a@b/c"), 1, ms(0)), (1, 0, 0));
}
