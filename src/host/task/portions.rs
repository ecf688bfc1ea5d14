//! What a large room writes does not hold up the others.

use super::*;
use crate::config::{Settings, Sources};
use crate::link::{Outlet, outbox};
use crate::room::Room;
use crate::room::config::Config;
use crate::room::history::History;
use crate::room::state::{Affiliated, Ban, RoomRecord, State};
use crate::room::write::Write;
use crate::store::LocalStore;
use crate::store::memory::MemoryArchive;
use crate::store::memory::MemoryStore;
use crate::wire::muc::Affiliation;

const MEMBERS: usize = 5 * PORTION_RECORDS_MAX;
const OWNER: &str = "hecate@example";
const ROOM: &str = "coven@muc.example";

/// With what goes along with a portion.
const RECORDS_MAX: usize = PORTION_RECORDS_MAX + 50;

fn jid(text: &str) -> BareJid {
    BareJid::parse(text).expect("an address")
}

/// A room of many members and one owner.
fn crowd(persistent: bool) -> State {
    let config = Config { persistent, ..Config::default() };
    let member = |n| (jid(&format!("member{n}@example")), Affiliated::new(Affiliation::Member));
    let owner = (jid(OWNER), Affiliated::new(Affiliation::Owner));
    State {
        record: RoomRecord { founder: Some(jid(OWNER)), ..RoomRecord::new(Timestamp::UNIX_EPOCH, config) },
        affiliations: (0..MEMBERS).map(member).chain([owner]).collect(),
        vcard: None,
    }
}

/// What has `state` stored.
fn writes(state: &State) -> Vec<Write> {
    let affiliation = |(account, value): (&BareJid, &Affiliated)| Write::Affiliation {
        room: jid(ROOM),
        jid: account.clone(),
        value: Some(value.clone()),
    };
    let record = Write::Room { room: jid(ROOM), record: Box::new(state.record.clone()) };
    [record].into_iter().chain(state.affiliations.iter().map(affiliation)).collect()
}

struct Bench {
    host: Arc<Host>,
    store: Arc<MemoryStore>,
    outlet: Outlet,
    sent: Vec<String>,
}

impl Bench {
    /// A service with what is stored.
    fn new(stored: &[Write]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("component.toml");
        std::fs::write(&file, "[component]\ndomain = \"muc.example\"\nsecret = \"s\"\n").expect("written");
        let settings: Settings =
            crate::config::load(&Sources { file: Some(file), ..Sources::default() }).expect("sound");
        let store = Arc::new(MemoryStore::new());
        store.commit(stored).expect("stored");
        store.largest_commit();
        let (outbox, outlet) = outbox(1 << 24);
        let archive = Arc::new(MemoryArchive::new());
        let host = Host::start(&settings, store.clone(), archive, outbox).expect("started");
        Self { host, store, outlet, sent: Vec::new() }
    }

    fn say(&self, xml: &str) {
        let mut stanza: minidom::Element =
            xml.replacen(' ', " xmlns='jabber:client' ", 1).parse().expect("xml");
        crate::wire::build::set_attr(&mut stanza, "from", &format!("{OWNER}/pc"));
        let size = crate::wire::size::of(&stanza);
        self.host.route(stanza, size);
    }

    fn enter(&self) {
        self.say(&format!(
            "<presence to='{ROOM}/Hecate'><x xmlns='http://jabber.org/protocol/muc'/></presence>"
        ));
    }

    async fn owner(&mut self, id: &str, what: &str) {
        self.say(&format!(
            "<iq type='set' id='{id}' to='{ROOM}'><query xmlns='http://jabber.org/protocol/muc#owner'>{what}</query></iq>"
        ));
        self.until(&format!("id='{id}'")).await;
        let answer = self.sent.iter().find(|stanza| stanza.contains(&format!("id='{id}'")));
        assert!(answer.is_some_and(|answer| answer.contains("result")), "{answer:?}");
    }

    async fn until(&mut self, text: &str) {
        for _ in 0..1500 {
            self.sent.extend(self.outlet.sent().iter().map(|outgoing| format!("{:?}", outgoing.stanza)));
            if self.sent.iter().any(|stanza| stanza.contains(text)) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("never: {text}; {:?}", self.sent);
    }
}

fn form(persistent: u8) -> String {
    format!(
        "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'>\
         <value>http://jabber.org/protocol/muc#roomconfig</value></field>\
         <field var='muc#roomconfig_persistentroom'><value>{persistent}</value></field></x>"
    )
}

/// What another room writes, which waits for each before the next, until `done` is true. Gives how many there were.
async fn edits(host: &Host, done: &std::cell::Cell<bool>) -> usize {
    let mut edits = 0;
    while !done.get() {
        let value = Some(Affiliated::new(Affiliation::Member));
        let edit = Write::Affiliation { room: jid("other@muc.example"), jid: jid("a@example"), value };
        host.committer.commit("example", vec![edit]).await.expect("stored");
        edits += 1;
    }
    edits
}

// 45-4.2-a
#[tokio::test]
async fn others_write_between_the_portions_of_a_large_room() {
    let bench = Bench::new(&[]);
    bench.store.slow_commits(Duration::from_millis(2));
    let room = Room::stored(jid(ROOM), crowd(false), History::default());
    let (mailbox, _events) = Mailbox::new(bench.host.bounds.clone());
    let mut task = Task::new(bench.host.clone(), room.into(), PersistedView::default(), Arc::new(mailbox));
    let done = std::cell::Cell::new(false);
    let told = async {
        task.catch_up().await;
        done.set(true);
    };
    let ((), edits) = tokio::join!(told, edits(&bench.host, &done));
    assert!(task.behind.is_none(), "the store took all");
    assert_eq!(bench.store.load(&jid(ROOM)).expect("read"), Some(crowd(false)));
    let largest = bench.store.largest_commit();
    assert!(largest <= RECORDS_MAX, "{largest}");
    // Each waits for what is being written, and for what is written along with it.
    assert!(2 * edits >= MEMBERS / PORTION_RECORDS_MAX, "{edits}");
}

// 45-4.2-a
#[tokio::test]
async fn what_was_not_stored_of_a_large_room_is_made_good() {
    let bench = Bench::new(&[]);
    let room = Room::stored(jid(ROOM), crowd(false), History::default());
    let (mailbox, _events) = Mailbox::new(bench.host.bounds.clone());
    let mut task = Task::new(bench.host.clone(), room.into(), PersistedView::default(), Arc::new(mailbox));
    for _ in 0..2 {
        let portion = task.told.portion(&task.room);
        bench.store.commit(&portion.writes).expect("stored");
        assert!(!portion.is_last);
        task.told = portion.told;
    }
    bench.store.fail_commits(true);
    task.catch_up().await;
    assert!(task.behind.is_some(), "the store took no more");
    // Meanwhile the lists become others.
    let mut state = crowd(false);
    state.affiliations = state.affiliations.iter().skip(7).map(|(j, a)| (j.clone(), a.clone())).collect();
    task.room = Room::stored(jid(ROOM), state.clone(), History::default()).into();
    bench.store.fail_commits(false);
    task.catch_up().await;
    assert!(task.behind.is_none());
    assert_eq!(bench.store.load(&jid(ROOM)).expect("read"), Some(state));
}

// 45-4.2-a, 45-10.2-a
#[tokio::test]
async fn a_large_room_changes_between_persistent_and_temporary_by_what_is_new() {
    let mut bench = Bench::new(&writes(&crowd(true)));
    bench.enter();
    for (n, persistent) in [0, 1, 0, 1].into_iter().enumerate() {
        bench.owner(&format!("c{n}"), &form(persistent)).await;
        let state = bench.store.load(&jid(ROOM)).expect("read").expect("stored");
        assert_eq!(
            (state.record.config.persistent, state.affiliations.len()),
            (persistent == 1, MEMBERS + 1)
        );
        let largest = bench.store.largest_commit();
        assert!(largest < 20, "{largest}");
    }
}

// 45-10.9-a, 45-17.2-c
#[tokio::test]
async fn a_large_room_is_destroyed_at_once_and_one_made_anew_has_nothing_of_it() {
    let mut bench = Bench::new(&writes(&crowd(true)));
    bench.enter();
    bench.owner("d", "<destroy/>").await;
    assert_eq!(bench.store.load(&jid(ROOM)), Ok(None));
    assert!(bench.store.has_rest(&jid(ROOM)).expect("read"), "the rest goes later");
    assert!(bench.store.records() > MEMBERS);
    bench.enter();
    bench.owner("c", &form(1)).await;
    let state = bench.store.load(&jid(ROOM)).expect("read").expect("stored");
    let accounts: Vec<_> = state.affiliations.iter().map(|(account, _)| account.as_str()).collect();
    assert_eq!(accounts, [OWNER]);
    assert!(!bench.store.has_rest(&jid(ROOM)).expect("read"));
    let largest = bench.store.largest_commit();
    assert!(largest <= RECORDS_MAX, "{largest}");
}

// 45-9.1-e
#[tokio::test]
async fn bans_that_end_together_hold_up_nobody() {
    let expires = Timestamp::now().checked_sub(jiff::SignedDuration::from_secs(1)).ok();
    let ban = Ban { expires, ..Ban::default() };
    let mut state = crowd(true);
    let outcast = Affiliated { ban: Some(Box::new(ban)), ..Affiliated::new(Affiliation::Outcast) };
    let all = state.affiliations.iter().map(|(account, listed)| match listed.affiliation {
        Affiliation::Member => (account.clone(), outcast.clone()),
        _ => (account.clone(), listed.clone()),
    });
    state.affiliations = all.collect();
    let mut bench = Bench::new(&writes(&state));
    let banned = |bench: &Bench| {
        let state = bench.store.load(&jid(ROOM)).expect("read").expect("stored");
        state.affiliations.len() - 1
    };
    assert_eq!(banned(&bench), MEMBERS);
    bench.say(&format!(
        "<iq type='get' id='i' to='{ROOM}'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>"
    ));
    bench.until("id='i'").await;
    assert!(banned(&bench) > MEMBERS / 2, "the account that comes first does not wait for all");
    let done = std::cell::Cell::new(false);
    let lifted = async {
        while banned(&bench) > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        done.set(true);
    };
    let ((), edits) = tokio::join!(lifted, edits(&bench.host, &done));
    let largest = bench.store.largest_commit();
    assert!(largest <= RECORDS_MAX, "{largest}");
    assert!(edits > MEMBERS / 200, "{edits}");
}
