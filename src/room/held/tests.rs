use super::super::ledger::DOMAINS;
use super::*;
use crate::room::cx::LockedRooms;
use crate::room::limits::Limits;

const MAX: usize = 8 << 20;
const PIECE: usize = 4096;

fn service() -> Service {
    Service {
        name: String::new(),
        admins: vec![jid("admin@home.example")],
        locked_rooms: LockedRooms::Strict,
        affiliation_versions: false,
        limits: Limits { held_bytes_max: MAX, ..Limits::default() },
        ..Service::new(jid("rooms.home.example"))
    }
}

fn jid(text: &str) -> BareJid {
    BareJid::parse(text).expect("an address")
}

/// As much as an account gets, in pieces of which a part is usual.
fn fill(service: &Service, kind: Kind, who: &str, usual: usize) -> Vec<Held> {
    let piece = || {
        let mut held = service.held(kind, &jid(who), usual);
        held.resize(service, PIECE, false).then_some(held)
    };
    std::iter::from_fn(piece).take(10_000).collect()
}

fn of(held: &[Held]) -> usize {
    held.iter().map(|held| held.bytes).sum()
}

// 45-14.6-a
#[test]
fn an_account_has_half_of_what_its_domain_may_and_its_neighbours_have_what_is_usual() {
    let service = service();
    let first = fill(&service, Kind::Firm, "a@far.example", 0);
    assert!((MAX / 2 - PIECE..=MAX / 2).contains(&of(&first)), "{}", of(&first));
    let others: Vec<_> =
        (0..50).map(|n| fill(&service, Kind::Firm, &format!("b{n}@far.example"), 0)).collect();
    let all = others.iter().map(|held| of(held)).sum::<usize>() + of(&first);
    // Each of the next ones has what is fair by then: the sum grows as a logarithm does.
    assert!(all <= 4 * MAX && all > MAX, "{all}");
    assert!((0..50).all(|n| of(&others[n]) >= MAX / (n + 3) - PIECE));
    // There is what is usual for each of them, and no more.
    let usual = fill(&service, Kind::Firm, "b1@far.example", PIECE);
    assert_eq!(of(&usual), FREE_BYTES);
    // Those of other domains, and histories, have theirs.
    assert!(of(&fill(&service, Kind::Firm, "c@near.example", 0)) > MAX / 3);
    assert!(of(&fill(&service, Kind::History, "a@far.example", 0)) > MAX / 6);
    // What is given back is there again.
    drop((first, others, usual));
    assert!(of(&fill(&service, Kind::Firm, "d@far.example", 0)) > MAX / 3);
    let sums = service.held.sums(Kind::Firm);
    assert_eq!((sums.accounts.len(), sums.domains.len(), sums.all), (0, 0, 0));
}

// 45-14.6-a
#[test]
fn all_domains_together_leave_some_and_admins_are_not_counted() {
    let service = service();
    let who = |n: usize| format!("a{}@d{}.example", n % 3, n / 3);
    let far: Vec<_> = (0..180).map(|n| fill(&service, Kind::Firm, &who(n), 0)).collect();
    let all = far.iter().map(|held| of(held)).sum::<usize>();
    assert!(all < 4 * MAX * DOMAINS && all > MAX * DOMAINS, "{all}");
    // However many domains have taken what there is, the next one has its share.
    assert!(of(&fill(&service, Kind::Firm, "late@later.example", 0)) >= MAX * DOMAINS / 2 / 62 - PIECE);
    assert_eq!(fill(&service, Kind::Firm, "admin@home.example", 0).len(), 10_000);
}

// 45-14.6-a
#[test]
fn histories_of_the_services_own_domain_may_take_more_and_nothing_else_of_it() {
    let service = service();
    let all = |kind, domain: &str| {
        let held: Vec<_> = (0..30).map(|n| fill(&service, kind, &format!("a{n}@{domain}"), 0)).collect();
        held.iter().map(|held| of(held)).sum::<usize>()
    };
    assert!(all(Kind::Firm, "home.example") <= 4 * MAX);
    let (own, far) = (all(Kind::History, "home.example"), all(Kind::History, "far.example"));
    assert!(own > MAX && own <= 4 * MAX / HISTORY_PART * OWN_TIMES, "{own}");
    assert!(far <= 4 * MAX / HISTORY_PART, "{far}");
}

// 45-14.6-a
#[test]
fn ten_thousand_accounts_of_one_server_are_in_ten_rooms_each() {
    let service = service();
    // One of them takes all that there is.
    let _loud = fill(&service, Kind::Firm, "loud@large.example", 0);
    let enter = |n: usize| {
        let mut held = service.held(Kind::Firm, &jid(&format!("user{}@large.example", n / 10)), 2500);
        held.resize(&service, 2500, false).then_some(held)
    };
    let held: Vec<_> = (0..100_000).map(enter).collect();
    assert!(held.iter().all(Option::is_some));
}

// 45-9.1-a
#[test]
fn what_is_kept_for_bans_is_there_when_nothing_else_is() {
    let service = service();
    let mut full = service.held(Kind::Firm, &jid("a@far.example"), 1024);
    full.must_be(1024 + MAX / 2);
    let bytes = full.bytes;
    assert!(!full.resize(&service, bytes + PIECE, false));
    assert!(full.resize(&service, bytes + PIECE, true));
    assert!(!full.resize(&service, bytes + MAX, true));
    // Less is always possible.
    assert!(full.resize(&service, bytes, false));
    assert_eq!(full.most(&service, false), bytes);
}
