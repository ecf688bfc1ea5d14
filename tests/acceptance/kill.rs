//! `kill -9` of the whole service in the middle of a client's changes.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use conclave::wire::ns;
use minidom::Element;

use crate::servers::guest::{Guest, brief, condition, has_code};
use crate::servers::host::{DOMAIN, Host, Kind, MUC};
use crate::servers::service::Service;

const ROUNDS: u64 = 20;
/// Requests that the client has on their way at a time.
const IN_FLIGHT: usize = 4;
const ACCOUNTS: u64 = 60;
const LISTED: [&str; 4] = ["owner", "admin", "member", "outcast"];
/// The longest time between the first result of a round and the kill.
const KILL_MS_MAX: u64 = 300;
const PATIENCE: Duration = Duration::from_secs(10);

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        // A linear congruential generator; its upper bits are good enough.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

/// A request without an answer.
struct Request {
    id: String,
    account: String,
    affiliation: &'static str,
}

/// What the client knows about the lists.
#[derive(Default)]
struct Ledger {
    /// Per account the affiliations that it may have: first the one that was acknowledged last, then what was asked
    /// for since, in order.
    accounts: BTreeMap<String, Vec<&'static str>>,
    waiting: VecDeque<Request>,
    asked: u64,
    acknowledged: u64,
    /// The server has said that the service is gone.
    bounced: bool,
}

impl Ledger {
    /// The next change to ask for.
    fn next(&mut self, room: &str, dice: &mut Dice) -> String {
        self.asked += 1;
        let id = format!("change-{}", self.asked);
        let account = format!("account{}@{DOMAIN}", dice.below(ACCOUNTS));
        let affiliation = match dice.below(5) {
            4 => "none",
            listed => LISTED[listed as usize],
        };
        self.accounts.entry(account.clone()).or_insert_with(|| vec!["none"]).push(affiliation);
        let iq = format!(
            "<iq type='set' id='{id}' to='{room}'><query xmlns='{}'>\
             <item affiliation='{affiliation}' jid='{account}'/></query></iq>",
            ns::MUC_ADMIN
        );
        self.waiting.push_back(Request { id, account, affiliation });
        iq
    }

    /// Notes an answer; true if the change was acknowledged.
    fn note(&mut self, stanza: &Element) -> bool {
        let place = self.waiting.iter().position(|r| stanza.attr("id") == Some(&r.id));
        let Some(request) = place.and_then(|place| self.waiting.remove(place)) else { return false };
        if stanza.attr("type") == Some("error") {
            // What the server says when the component is gone; the service itself refuses none of the changes.
            assert_eq!(condition(stanza), Some("remote-server-timeout"), "{}", brief(stanza));
            self.bounced = true;
            return false;
        }
        assert_eq!(stanza.attr("type"), Some("result"), "{}", request.id);
        let may = self.accounts.get_mut(&request.account).expect("asked for");
        // The room answers in order: of two equal changes the earlier is the one that was answered.
        let at =
            (1..may.len()).find(|&i| may[i] == request.affiliation).expect("asked for and not yet answered");
        may.drain(..at);
        self.acknowledged += 1;
        true
    }

    /// Holds the lists of the room against what is known, and goes on from what they hold.
    fn compare(&mut self, owner: &mut Guest, room: &str, round: u64) {
        self.waiting.clear();
        self.bounced = false;
        let mut found = BTreeMap::new();
        for affiliation in LISTED {
            for account in owner.lists(room, affiliation) {
                let twice = found.insert(account, affiliation);
                assert_eq!(twice, None, "round {round}: an account has one affiliation");
            }
        }
        assert_eq!(found.remove(&format!("owner@{DOMAIN}")), Some("owner"), "round {round}");
        for (account, may) in &mut self.accounts {
            let is = found.remove(account).unwrap_or("none");
            assert!(
                may.contains(&is),
                "round {round}: {account} is {is}; acknowledged, then asked for: {may:?}"
            );
            *may = vec![is];
        }
        assert_eq!(found, BTreeMap::new(), "round {round}: nobody is listed without being asked for");
    }
}

/// Changes affiliations as fast as the results come until the service is killed, `kill_ms` after the first result.
fn change_until_killed(
    owner: &mut Guest,
    room: &str,
    mut service: Service,
    kill_ms: u64,
    ledger: &mut Ledger,
    dice: &mut Dice,
) {
    let killed = AtomicBool::new(false);
    let (begun, begin) = mpsc::channel();
    thread::scope(|scope| {
        let (process, is_killed) = (service.process(), &killed);
        scope.spawn(move || {
            // Without a first result the client ends the test; the service goes with it.
            let _ = begin.recv_timeout(PATIENCE);
            thread::sleep(Duration::from_millis(kill_ms));
            process.kill();
            is_killed.store(true, Ordering::Release);
        });
        let deadline = Instant::now() + PATIENCE + Duration::from_millis(kill_ms);
        while !killed.load(Ordering::Acquire) && !ledger.bounced {
            assert!(Instant::now() < deadline, "the service was not killed");
            while ledger.waiting.len() < IN_FLIGHT {
                owner.says(&ledger.next(room, dice));
            }
            let answer = owner.next(Instant::now() + Duration::from_millis(10));
            if answer.is_some_and(|answer| ledger.note(&answer)) {
                // Only the first is waited for.
                let _ = begun.send(());
            }
        }
    });
    assert!(service.process().ended().is_some(), "killed");
}

#[test]
fn every_change_that_was_acknowledged_survives_kill_9() {
    let host = Host::start(Kind::Prosody).unwrap_or_else(|e| panic!("{e}"));
    let folder = host.folder().join("service");
    let start = || Service::start(&host, &folder).unwrap_or_else(|e| panic!("{e}"));
    let mut service = start();
    let room = format!("lasting@{MUC}");
    let mut owner = Guest::new(&host, "owner");
    assert!(has_code(&owner.enters(&room, "owner"), "201"), "a new room");
    owner.configures(&room, &[("muc#roomconfig_persistentroom", "1")]);
    owner.leaves(&room, "owner");

    let mut ledger = Ledger::default();
    for round in 0..ROUNDS {
        let mut dice = Dice(round + 1);
        let kill_ms = dice.below(KILL_MS_MAX);
        let before = ledger.acknowledged;
        change_until_killed(&mut owner, &room, service, kill_ms, &mut ledger, &mut dice);
        service = start();
        // The server has read all that the killed service had written; results among it count.
        owner.catches_up();
        while let Some(late) = owner.next(Instant::now()) {
            ledger.note(&late);
        }
        assert!(ledger.acknowledged > before, "round {round} got something done");
        ledger.compare(&mut owner, &room, round);
    }
    println!("{} changes acknowledged in {ROUNDS} rounds, {} asked for", ledger.acknowledged, ledger.asked);
}
