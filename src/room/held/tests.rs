use super::super::ledger::{DOMAINS, FREE_BYTES};
use super::*;
use crate::room::context::LockedRooms;
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
        held.resize(service, PIECE).then_some(held)
    };
    std::iter::from_fn(piece).take(10_000).collect()
}

fn of(held: &[Held]) -> usize {
    held.iter().map(Held::bytes).sum()
}

/// As many accounts of a domain fill what they get, one after the other.
fn crowd(service: &Service, kind: Kind, domain: &str, accounts: usize, usual: usize) -> Vec<Vec<Held>> {
    (0..accounts).map(|n| fill(service, kind, &format!("crowd{n}@{domain}"), usual)).collect()
}

fn of_all(held: &[Vec<Held>]) -> usize {
    held.iter().map(|held| of(held)).sum()
}

// 45-14.6-a
#[test]
fn an_account_has_half_of_what_its_domain_may_and_its_neighbours_have_what_is_usual() {
    let service = service();
    let first = fill(&service, Kind::Firm, "a@far.example", 0);
    assert!((MAX / 2 - PIECE..=MAX / 2).contains(&of(&first)), "{}", of(&first));
    let others = crowd(&service, Kind::Firm, "far.example", 50, 0);
    // Each of the next ones has what is fair by then, and all together no more than half of the bound besides.
    let all = of_all(&others) + of(&first);
    assert!(all <= 3 * MAX / 2 && all > MAX, "{all}");
    assert!(others.iter().all(|held| of(held) >= MAX / 512));
    // There is what is usual for each of them, and no more.
    let usual = fill(&service, Kind::Firm, "crowd1@far.example", PIECE);
    assert_eq!(of(&usual), FREE_BYTES);
    // Those of other domains, histories and bans have theirs.
    assert!(of(&fill(&service, Kind::Firm, "c@near.example", 0)) > MAX / 3);
    assert!(of(&fill(&service, Kind::History, "a@far.example", 0)) > MAX / 6);
    assert!(of(&fill(&service, Kind::Bans, "a@far.example", 0)) > MAX / 6);
    // What is given back is there again.
    drop((first, others, usual));
    assert!(of(&fill(&service, Kind::Firm, "d@far.example", 0)) > MAX / 3);
    let sums = service.held.sums(Kind::Firm);
    assert_eq!(
        (sums.accounts.len(), sums.domains.len(), sums.all, sums.sharers),
        (0, 0, Share::default(), 0)
    );
}

// 45-14.6-a
#[test]
fn what_is_usual_of_however_many_accounts_that_a_domain_invents_has_a_bound() {
    let service = service();
    let far = crowd(&service, Kind::Firm, "far.example", 4_000, PIECE);
    let (all, free) = (of_all(&far), MAX / FREE_PART);
    assert!(all > MAX && all <= 3 * MAX / 2 + free, "{all}");
    // Some that come late have something still.
    assert!(of(&far[100]) >= 2 * PIECE && of(&far[150]) > 0);
    // Another domain, and that of the service, have as much as if these were not there.
    assert_eq!(of(&fill(&service, Kind::Firm, "a@near.example", PIECE)), FREE_BYTES + MAX / 2);
    let own = crowd(&service, Kind::Firm, "home.example", 300, PIECE);
    assert!(own.iter().all(|held| of(held) >= FREE_BYTES));
}

// 45-14.6-a
#[test]
fn what_is_usual_of_however_many_domains_has_a_bound_and_that_of_the_service_has_its_own() {
    let service = service();
    let crowds: Vec<_> =
        (0..100).flat_map(|n| crowd(&service, Kind::Firm, &format!("d{n}.example"), 40, PIECE)).collect();
    let all = of_all(&crowds);
    assert!(all > DOMAINS * MAX && all <= DOMAINS * (3 * MAX / 2 + MAX / FREE_PART), "{all}");
    assert!(of(&fill(&service, Kind::Firm, "late@later.example", PIECE)) >= 4 * PIECE);
    let own = of(&fill(&service, Kind::Firm, "a@home.example", PIECE));
    assert!(own >= FREE_BYTES + MAX / 2 - PIECE, "{own}");
}

// 45-14.6-a
#[test]
fn all_domains_together_leave_some_and_admins_are_not_counted() {
    let service = service();
    let who = |n: usize| format!("a{}@d{}.example", n % 3, n / 3);
    let far: Vec<_> = (0..180).map(|n| fill(&service, Kind::Firm, &who(n), 0)).collect();
    let all = of_all(&far);
    assert!(all <= 3 * MAX / 2 * DOMAINS && all > MAX * DOMAINS, "{all}");
    // However many domains have taken what there is, the next one has its share.
    assert!(of(&fill(&service, Kind::Firm, "late@later.example", 0)) >= MAX / 64);
    assert_eq!(fill(&service, Kind::Firm, "admin@home.example", 0).len(), 10_000);
}

// 45-14.6-a
#[test]
fn histories_of_the_services_own_domain_may_take_more_and_nothing_else_that_is_not_usual() {
    let service = service();
    let all = |kind, domain: &str| of_all(&crowd(&service, kind, domain, 30, 0));
    assert!(all(Kind::Firm, "home.example") <= 3 * MAX / 2);
    let (own, far) = (all(Kind::History, "home.example"), all(Kind::History, "far.example"));
    assert!(own > MAX && own <= 3 * MAX / 2 / OTHERS_PART * OWN_TIMES, "{own}");
    assert!(far <= 3 * MAX / 2 / OTHERS_PART, "{far}");
}

// 45-14.6-a
#[test]
fn ten_thousand_accounts_of_a_server_are_inside_and_of_the_services_own_in_ten_rooms_each() {
    // As many as by default, whatever one of them has.
    let mut service = service();
    service.limits.held_bytes_max = Limits::default().held_bytes_max;
    let _loud = ["large", "home"].map(|name| fill(&service, Kind::Firm, &format!("loud@{name}.example"), 0));
    let enter = |domain: &str, account: usize, bytes: usize| {
        let who = jid(&format!("user{account}@{domain}.example"));
        let mut held = service.held(Kind::Firm, &who, 2_524);
        held.resize(&service, bytes).then_some(held)
    };
    let far: Vec<_> = (0..10_000).map(|n| enter("large", n, 1_900)).collect();
    assert!(far.iter().all(Option::is_some));
    let own: Vec<_> = (0..100_000).map(|n| enter("home", n / 10, 2_500)).collect();
    assert!(own.iter().all(Option::is_some));
}

// 45-9.1-a
#[test]
fn what_is_kept_for_bans_is_there_when_nothing_else_is() {
    let service = service();
    let _all = crowd(&service, Kind::Firm, "far.example", 300, PIECE);
    let mut made = service.held(Kind::Firm, &jid("a@far.example"), 0);
    made.must_be(&service, MAX);
    assert!(!made.resize(&service, MAX + 1));
    // Less is always possible.
    assert!(made.resize(&service, MAX - 1));
    assert_eq!(made.most(&service), MAX - 1);
    // Bans have what is theirs, also when others fill that.
    let _bans = crowd(&service, Kind::Bans, "far.example", 50, PIECE);
    let mut bans = service.held(Kind::Bans, &jid("a@far.example"), PIECE);
    assert!(bans.resize(&service, 2 * PIECE));
}

// 45-14.6-a
#[test]
fn subdomains_of_one_owner_have_no_more_than_one_domain() {
    for (kind, most) in [(Kind::Firm, MAX), (Kind::Bans, MAX / 2)] {
        let service = service();
        let taken: Vec<_> =
            (0..400).map(|n| fill(&service, kind, &format!("a@d{n}.evil.example"), 0)).collect();
        assert!(of_all(&taken) <= 3 * most / 2, "{}", of_all(&taken));
        let other = fill(&service, kind, "carol@third.example", 0);
        assert!(of(&other) >= most / 2 - PIECE, "{}", of(&other));
    }
}
