//! Who is in a large room is written in portions: the store holds a room that could be after each of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use conclave::engine::Machine;
use conclave::engine::restart::{PersistedView, Portion, bring_back};
use conclave::room::Room;
use conclave::room::config::{Config, Whois};
use conclave::room::limits::Limits;
use conclave::room::nick::Nick;
use conclave::room::roster::{Occupant, Said, Session};
use conclave::room::state::{RoomRecord, State};
use conclave::room::write::{PORTION_BYTES_MAX, PORTION_RECORDS_MAX, StoredOccupant, Write};
use conclave::store::LocalStore;
use conclave::store::memory::MemoryStore;
use conclave::wire::jid::{BareJid, Jid};
use conclave::wire::muc::Affiliation;
use conclave::wire::muc::Role;

use crate::world::ROOM;

fn room() -> BareJid {
    BareJid::parse(ROOM).expect("an address")
}

fn state(whois: Whois) -> State {
    let config = Config { persistent: true, whois, ..Config::default() };
    let record = RoomRecord::new(jiff::Timestamp::UNIX_EPOCH, config);
    State { record, affiliations: Default::default(), vcard: None }
}

/// Who says what under which nick: the number of an account, and of a nick.
type Crowd = BTreeMap<usize, (usize, Arc<Said>)>;

fn said(text: &str) -> Arc<Said> {
    let status = format!("<status xmlns='jabber:client'>{text}</status>").parse().expect("xml");
    Arc::new(Said::new(None, [&status]))
}

fn nick(n: usize) -> Nick {
    Nick::parse(&format!("nick{n}"), &Limits::default()).expect("a nick")
}

/// The room with the crowd in it, each account with two sessions. Gives what the store is taken to know, too.
fn with(crowd: &Crowd, whois: Whois) -> (Machine, PersistedView) {
    let occupant = |(account, (n, said)): (&usize, &(usize, Arc<Said>))| {
        let session = |resource| {
            let jid = Jid::parse(&format!("account{account}@example/{resource}")).expect("an address");
            Session { jid, presence: said.clone(), follows: false, proof: 0 }
        };
        let occupant = Occupant {
            nick: nick(*n),
            account: BareJid::parse(&format!("account{account}@example")).expect("an address"),
            id: "".into(),
            role: Role::Participant,
            quiet: false,
            heard: false,
            sessions: vec![session("pc"), session("phone")],
        };
        let hidden = whois == Whois::Moderators;
        StoredOccupant { occupant: Arc::new(occupant), affiliation: Affiliation::None, hidden, turn: 1 }
    };
    let stored = Room::stored(room(), state(whois), Default::default());
    bring_back(stored, crowd.iter().map(occupant).collect())
}

/// Who is in the store: of each account, the nick and how many sessions. None of them has a session of another account.
fn stored(store: &MemoryStore) -> BTreeMap<String, (String, usize)> {
    let all = store.occupants(&room()).expect("read").into_iter().map(|stored| {
        let occupant = &stored.occupant;
        for session in &occupant.sessions {
            assert_eq!(session.jid.to_bare(), occupant.account, "{} has a session", occupant.nick.as_str());
        }
        let what = (occupant.nick.as_str().to_owned(), occupant.sessions.len());
        (occupant.account.as_str().to_owned(), what)
    });
    all.collect()
}

fn expected(crowd: &Crowd) -> BTreeMap<String, (String, usize)> {
    let all = crowd
        .iter()
        .map(|(account, (nick, _))| (format!("account{account}@example"), (format!("nick{nick}"), 2)));
    all.collect()
}

struct Bench {
    store: MemoryStore,
    told: PersistedView,
    portions: usize,
}

impl Bench {
    fn new() -> Self {
        let store = MemoryStore::new();
        let record = Write::Room { room: room(), record: Box::new(state(Whois::Moderators).record) };
        store.commit(&[record]).expect("stored");
        let told = with(&Crowd::new(), Whois::Moderators).1;
        Self { store, told, portions: 0 }
    }

    /// Tells the store of the room, in so many portions at most. Every account of `before` and `after` is there all the time,
    /// as it was or as it is to be. True if all was told.
    fn tell(&mut self, before: &Crowd, after: &Crowd, whois: Whois, portions: usize) -> bool {
        let (now, _) = with(after, whois);
        let (old, new) = (expected(before), expected(after));
        for _ in 0..portions {
            let Portion { writes, told, is_last } = self.told.portion(&now);
            assert!(writes.len() < PORTION_RECORDS_MAX + 50, "{} records", writes.len());
            let bytes = writes.iter().map(Write::bytes).sum::<usize>();
            assert!(bytes < PORTION_BYTES_MAX + 32 * 1024, "{bytes} bytes");
            self.store.commit(&writes).expect("stored");
            (self.told, self.portions) = (told, self.portions + 1);
            let there = stored(&self.store);
            for (account, (nick, sessions)) in &there {
                let is_right = |all: &BTreeMap<String, (String, usize)>| {
                    all.get(account).is_some_and(|(known, _)| known == nick)
                };
                assert!(*sessions == 2 && (is_right(&old) || is_right(&new)), "{account} as {nick}");
            }
            let mut stays = old.keys().filter(|account| new.contains_key(*account));
            assert_eq!(stays.find(|account| !there.contains_key(*account)), None);
            if is_last {
                assert_eq!(there, new);
                return true;
            }
        }
        false
    }
}

fn crowd(accounts: std::ops::Range<usize>, text: &str) -> Crowd {
    accounts.map(|n| (n, (n, said(&format!("{text} {n}"))))).collect()
}

#[test]
fn who_is_in_a_large_room_is_written_in_portions_and_none_is_missing_between_two() {
    // 45-4.2-a
    let mut bench = Bench::new();
    let first = crowd(0..2500, "first");
    assert!(bench.tell(&Crowd::new(), &first, Whois::Moderators, 100));
    // A head, two sessions and two presences each.
    assert!((12..30).contains(&bench.portions), "{}", bench.portions);
    // Two swap nicks, three go round, one takes the nick of an account that goes, some come.
    let mut second: Crowd =
        first.iter().filter(|(n, _)| *n % 50 != 7).map(|(n, who)| (*n, who.clone())).collect();
    for n in (0..2500).step_by(50) {
        let nick = |from: usize| (first[&from].0, first[&from].1.clone());
        second.extend([(n, nick(n + 1)), (n + 1, nick(n)), (n + 8, nick(n + 7))]);
        second.extend([(n + 20, nick(n + 21)), (n + 21, nick(n + 22)), (n + 22, nick(n + 20))]);
    }
    second.extend(crowd(5000..5500, "late"));
    bench.portions = 0;
    assert!(bench.tell(&first, &second, Whois::Moderators, 100));
    assert!((3..20).contains(&bench.portions), "{}", bench.portions);
    // All of them go.
    assert!(bench.tell(&second, &crowd(0..1, "last"), Whois::Moderators, 100));
}

#[test]
fn what_was_told_in_part_goes_on_from_there_also_when_the_room_has_become_another() {
    // 45-4.2-a
    let mut bench = Bench::new();
    let first = crowd(0..1000, "first");
    assert!(bench.tell(&Crowd::new(), &first, Whois::Moderators, 100));
    // Everybody's address is shown, so all are written anew; then hidden again, before all were.
    assert!(!bench.tell(&first, &first, Whois::Anyone, 1));
    let mut second = first.clone();
    let nicks: Vec<_> = (0..1000).map(|n| first[&((n + 1) % 1000)].clone()).collect();
    // Some change nicks in that time.
    second.extend((0..60).map(|n| (n, nicks[n].clone())));
    second.extend([(60, (0, said("around")))]);
    let hidden = |store: &MemoryStore| {
        let all = store.occupants(&room()).expect("read");
        all.iter().map(|stored| stored.hidden).collect::<BTreeSet<_>>()
    };
    assert_eq!(hidden(&bench.store).len(), 2, "some were written, and some not yet");
    assert!(bench.tell(&first, &second, Whois::Moderators, 100));
    assert_eq!(hidden(&bench.store), BTreeSet::from([true]));
    assert!(bench.tell(&second, &second, Whois::Anyone, 100));
    assert_eq!(hidden(&bench.store), BTreeSet::from([false]));
}
