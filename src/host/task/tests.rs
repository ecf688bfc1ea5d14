//! What a room does when one of its two disks fails and the other does not.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};

use super::*;
use crate::config::{Settings, Sources};
use crate::host::{CALM_EVENTS_MAX, CALM_TIMEOUT, LAST_WORK, SEND_AWAY};
use crate::link::{Lane, Outlet, outbox};
use crate::room::archive::{ArchiveId, Entry, Question};
use crate::store::LocalStore;
use crate::store::memory::MemoryStore;
use crate::store::{Freed, LocalArchive, Size, memory::MemoryArchive};
use crate::wire::encode::Outgoing;

const OWNER: &str = "hecate@example/pc";
const ROOM: &str = "coven@muc.example";

/// An archive that adds messages, and takes none out while it is told to fail.
#[derive(Default)]
struct Halting {
    inner: MemoryArchive,
    failing: AtomicBool,
    vain: AtomicU64,
}

impl LocalArchive for Halting {
    fn commit(&self, changes: &[Change]) -> Result<(), StoreError> {
        if self.failing.load(SeqCst) && changes.iter().any(|c| matches!(c, Change::Withdraw { .. })) {
            self.vain.fetch_add(1, SeqCst);
            return Err(StoreError::Io("withdrawals are made to fail".to_owned()));
        }
        self.inner.commit(changes)
    }

    fn answer(&self, archive: &ArchiveId, question: &Question) -> Result<Answer, StoreError> {
        self.inner.answer(archive, question)
    }

    fn newest(&self, archive: &ArchiveId, each: &mut dyn FnMut(Entry) -> bool) -> Result<(), StoreError> {
        self.inner.newest(archive, each)
    }

    fn each_archive(&self, each: &mut dyn FnMut(ArchiveId)) -> Result<(), StoreError> {
        self.inner.each_archive(each)
    }

    fn purge(
        &self,
        archive: &ArchiveId,
        before: Timestamp,
        max: u64,
        step: usize,
    ) -> Result<Freed, StoreError> {
        self.inner.purge(archive, before, max, step)
    }

    fn trim(&self, archive: &ArchiveId, bytes: u64, step: usize) -> Result<Freed, StoreError> {
        self.inner.trim(archive, bytes, step)
    }

    fn bytes(&self) -> u64 {
        self.inner.bytes()
    }

    fn count_bytes(
        &self,
        archive: &ArchiveId,
        so_far: Size,
        step: usize,
    ) -> Result<Option<Size>, StoreError> {
        self.inner.count_bytes(archive, so_far, step)
    }

    fn sweep(&self, step_max: usize) -> Result<usize, StoreError> {
        self.inner.sweep(step_max)
    }
}

struct Bench {
    host: Arc<Host>,
    store: Arc<MemoryStore>,
    archive: Arc<Halting>,
    outlet: Outlet,
    sent: Vec<String>,
}

impl Bench {
    /// A service with a room that its owner is in, persistent or temporary.
    async fn with_room(persistent: bool) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("component.toml");
        std::fs::write(&file, "[component]\ndomain = \"muc.example\"\nsecret = \"s\"\n").expect("written");
        let settings: Settings =
            crate::config::load(&Sources { file: Some(file), ..Sources::default() }).expect("sound");
        let (store, archive) = (Arc::new(MemoryStore::new()), Arc::new(Halting::default()));
        let (outbox, outlet) = outbox(1 << 24);
        let host = Host::start(&settings, store.clone(), archive.clone(), outbox).expect("started");
        let mut bench = Self { host, store, archive, outlet, sent: Vec::new() };
        bench.say(
            "<presence to='coven@muc.example/Hecate'><x xmlns='http://jabber.org/protocol/muc'/></presence>",
        );
        let persistent = u8::from(persistent);
        bench.say(&format!(
            "<iq type='set' id='c'><query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' \
             type='submit'><field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#roomconfig</value></field>\
             <field var='muc#roomconfig_persistentroom'><value>{persistent}</value></field></x></query></iq>",
        ));
        bench.until("the room is stored", |b| b.saw("id=\"c\"") || b.saw("id='c'")).await;
        bench
    }

    /// The owner says something to the room.
    fn say(&self, xml: &str) {
        self.say_as(OWNER, xml);
    }

    fn guest_enters(&self) {
        self.say_as(
            "guest@example/pc",
            "<presence to='coven@muc.example/Guest'><x xmlns='http://jabber.org/protocol/muc'/></presence>",
        );
    }

    fn say_as(&self, who: &str, xml: &str) {
        let xml = xml.replacen(' ', " xmlns='jabber:client' ", 1);
        let mut stanza: minidom::Element = xml.parse().expect("test xml");
        let to = stanza.attr("to").unwrap_or(ROOM).to_owned();
        crate::wire::build::set_attr(&mut stanza, "from", who);
        crate::wire::build::set_attr(&mut stanza, "to", &to);
        let size = crate::wire::size::of(&stanza);
        self.host.route(stanza, size);
    }

    /// Whether `text` was in what was sent so far.
    fn saw(&mut self, text: &str) -> bool {
        self.sent.extend(self.outlet.sent().iter().map(|outgoing| format!("{:?}", outgoing.stanza)));
        self.sent.iter().any(|stanza| stanza.contains(text))
    }

    async fn until(&mut self, what: &str, mut is: impl FnMut(&mut Self) -> bool) {
        for _ in 0..1500 {
            if is(self) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("never: {what}; {:?}", self.sent);
    }

    /// Whether the room would be there after a crash.
    fn is_stored(&self) -> bool {
        self.store.load(&BareJid::parse(ROOM).expect("a room")).expect("read").is_some()
    }

    /// Who would be in the room after a crash.
    fn kept(&self) -> Vec<String> {
        let stored = self.store.occupants(&BareJid::parse(ROOM).expect("a room")).expect("read");
        stored.iter().map(|each| each.occupant.nick.as_str().to_owned()).collect()
    }

    /// The ids that the sender gave to what is archived.
    fn archived(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut archives = Vec::new();
        self.archive.each_archive(&mut |id| archives.push(id)).expect("read");
        for archive in archives {
            let each = &mut |entry: Entry| {
                found.push(entry.message.attr("id").unwrap_or_default().to_owned());
                true
            };
            self.archive.newest(&archive, each).expect("read");
        }
        found.reverse();
        found
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_nobody_saw_is_taken_out_of_the_archive_as_soon_as_it_can_be() {
    let mut bench = Bench::with_room(true).await;
    let subject = |id: &str| {
        format!("<message to='{ROOM}' type='groupchat' id='{id}'><subject>{id}</subject></message>")
    };
    let body = |id: &str| format!("<message to='{ROOM}' type='groupchat' id='{id}'><body>b</body></message>");
    bench.say(&subject("s1"));
    bench.until("s1 is kept and seen", |b| b.saw("s1")).await;
    assert_eq!(bench.archived(), ["s1"]);

    // A subject needs both disks: the archive takes it, the store does not, and the archive does not give it back.
    bench.store.fail_commits(true);
    bench.archive.failing.store(true, SeqCst);
    bench.say(&subject("s2"));
    bench.until("s2 is refused", |b| b.saw("internal-server-error")).await;
    assert!(bench.archive.vain.load(SeqCst) > 0, "it was tried to take it out");
    assert_eq!(bench.archived(), ["s1", "s2"], "for now");

    // Until it is out, nothing comes after it.
    bench.sent.clear();
    bench.say(&body("m1"));
    bench.until("m1 is refused", |b| b.saw("internal-server-error")).await;
    assert_eq!(bench.archived(), ["s1", "s2"]);

    // Nobody has to say anything for it to be tried again.
    let tries = bench.archive.vain.load(SeqCst);
    bench.until("it is tried again", |b| b.archive.vain.load(SeqCst) > tries).await;
    bench.archive.failing.store(false, SeqCst);
    bench.until("s2 is taken out", |b| b.archived() == ["s1"]).await;

    // What needs the archive alone passes, though the store still fails.
    bench.say(&body("m2"));
    bench.until("m2 is archived", |b| b.archived() == ["s1", "m2"]).await;
    bench.store.fail_commits(false);
    bench.say(&subject("s3"));
    bench.until("s3 is archived", |b| b.archived() == ["s1", "m2", "s3"]).await;
    bench.sent.clear();
    bench.until("s3 is seen", |b| b.saw("s3")).await;
    assert!(!bench.saw("s2"));
}

// 45-4.2-a
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_told_that_he_left_a_temporary_room_knows_it_to_be_gone() {
    let mut bench = Bench::with_room(false).await;
    bench.until("the room is kept in case the process ends", |b| b.is_stored()).await;
    bench.store.slow_commits(Duration::from_millis(300));
    bench.say("<presence to='coven@muc.example/Hecate' type='unavailable'/>");
    bench.until("the owner has left", |b| b.saw("unavailable")).await;
    assert!(!bench.is_stored(), "a crash does not bring it back");
}

// 45-4.2-a
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_temporary_room_can_be_left_while_the_store_fails_and_goes_when_it_works() {
    let mut bench = Bench::with_room(false).await;
    bench.until("the room is kept in case the process ends", |b| b.is_stored()).await;
    bench.store.fail_commits(true);
    bench.say("<presence to='coven@muc.example/Hecate' type='unavailable'/>");
    bench.until("the owner has left", |b| b.saw("unavailable")).await;
    assert!(bench.is_stored(), "for now");
    bench.store.fail_commits(false);
    bench.until("it is gone", |b| !b.is_stored()).await;
}

// 45-8.2-d, 45-9.1-d
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_seen_to_be_put_out_stays_out_after_a_crash() {
    for (persistent, item, code) in [
        (true, "nick='Guest' role='none'", "code='307'"),
        (false, "nick='Guest' role='none'", "code='307'"),
        (true, "jid='guest@example' affiliation='outcast'", "code='301'"),
        (false, "jid='guest@example' affiliation='outcast'", "code='301'"),
    ] {
        let mut bench = Bench::with_room(persistent).await;
        bench.guest_enters();
        bench.until("both are kept in case the process ends", |b| b.kept() == ["Guest", "Hecate"]).await;
        bench.store.slow_commits(Duration::from_millis(300));
        bench.say(&format!(
            "<iq type='set' id='k'><query xmlns='http://jabber.org/protocol/muc#admin'><item {item}/></query></iq>"
        ));
        bench.until("he is put out", |b| b.saw(code)).await;
        assert_eq!(bench.kept(), ["Hecate"], "persistent: {persistent}, {code}");
    }
}

// 45-8.2-d
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_can_be_kicked_while_the_store_fails() {
    let mut bench = Bench::with_room(true).await;
    bench.guest_enters();
    bench.until("both are kept in case the process ends", |b| b.kept() == ["Guest", "Hecate"]).await;
    bench.store.fail_commits(true);
    bench.say(
        "<iq type='set' id='k'><query xmlns='http://jabber.org/protocol/muc#admin'>\
         <item nick='Guest' role='none'/></query></iq>",
    );
    bench.until("he is kicked", |b| b.saw("code='307'")).await;
    assert_eq!(bench.kept(), ["Guest", "Hecate"], "for now");
    bench.store.fail_commits(false);
    bench.until("he is gone for good", |b| b.kept() == ["Hecate"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_room_for_which_something_always_waits_tells_the_store_who_is_in() {
    let mut bench = Bench::with_room(true).await;
    bench.until("the owner is kept", |b| b.kept() == ["Hecate"]).await;
    let mailbox = bench.host.rooms().values().next().expect("the room").clone();
    let flooded = Arc::new(AtomicBool::new(true));
    bench.guest_enters();
    let flood = {
        let (mailbox, flooded) = (mailbox.clone(), flooded.clone());
        let stanza = "<presence xmlns='jabber:client' type='unavailable' from='a@example/x' to='coven@muc.example/a'/>";
        let inbound = crate::wire::inbound::Inbound::parse(stanza.parse().expect("xml")).expect("a stanza");
        std::thread::spawn(move || {
            while flooded.load(SeqCst) {
                if mailbox.put(Event::Stanza(Box::new(inbound.clone()))).is_err() {
                    std::thread::sleep(Duration::from_millis(1));
                }
            }
        })
    };
    bench.until("both are kept", |b| b.kept() == ["Guest", "Hecate"]).await;
    assert!(!mailbox.is_empty());
    flooded.store(false, SeqCst);
    flood.join().expect("no panic");
}

// 45-18.1.2-a
#[tokio::test]
async fn whoever_has_a_server_that_is_out_of_reach_is_asked_after_a_minute() {
    let mut bench = Bench::with_room(true).await;
    bench.guest_enters();
    let bounces = |b: &Bench, id: &str| {
        b.say_as(
            "guest@example/pc",
            &format!(
                "<message type='error' id='{id}'><error type='cancel'><remote-server-timeout \
                 xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>"
            ),
        );
    };
    bounces(&bench, "m");
    bench.until("the room looks", |b| b.saw("id='look-")).await;
    let look =
        bench.sent.iter().find_map(|stanza| stanza.split("id='").find(|rest| rest.starts_with("look-")));
    let look = look.and_then(|rest| rest.split('\'').next()).expect("an id").to_owned();
    bounces(&bench, &look);
    let fence = |id: &str| {
        format!("<iq type='get' id='{id}'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>")
    };
    bench.say(&fence("one"));
    bench.until("the room has dealt with it", |b| b.saw("id='one'")).await;
    let asked = |b: &mut Bench| {
        b.saw("");
        b.sent.iter().filter(|stanza| stanza.contains("<ping xmlns='urn:xmpp:ping'/>")).count()
    };
    assert_eq!(asked(&mut bench), 0, "not yet");
    tokio::time::sleep(ASK_AGAIN).await;
    bench.say(&fence("two"));
    bench.until("he is asked", |b| asked(b) > 0).await;
    for id in ["three", "four", "five"] {
        bench.say(&fence(id));
        bench.until("the room has dealt with it", |b| b.saw(&format!("id='{id}'"))).await;
    }
    assert_eq!(asked(&mut bench), 1, "once");
}

// 45-14.6-a, 45-7.14-a
#[tokio::test]
async fn a_room_that_is_late_to_stop_refuses_what_waits_and_lets_occupants_leave() {
    let mut bench = Bench::with_room(true).await;
    let list = |id: &str| {
        format!(
            "<iq type='get' id='{id}'><query xmlns='http://jabber.org/protocol/muc#admin'>\
             <item affiliation='owner'/></query></iq>"
        )
    };
    bench.host.late.get_or_init(|| Instant::now() + LAST_WORK);
    bench.say(&list("soon"));
    bench.until("what waited when the stop began is answered", |b| b.saw("affiliation='owner'")).await;
    tokio::time::sleep(LAST_WORK).await;
    bench.sent.clear();
    bench.say(&list("late"));
    bench.say("<presence to='coven@muc.example/Hecate' type='unavailable'/>");
    bench.until("the owner has left", |b| b.saw("unavailable")).await;
    let answers: Vec<&String> = bench.sent.iter().filter(|stanza| stanza.contains("id='late'")).collect();
    assert_eq!(answers.len(), 1, "{:?}", bench.sent);
    assert!(answers[0].contains("type='wait'") && answers[0].contains("resource-constraint"), "{answers:?}");
}

// 45-14.6-a
#[tokio::test]
async fn a_process_that_is_replaced_works_off_what_waits_while_it_still_reads_but_not_for_long() {
    let bench = Bench::with_room(true).await;
    let (host, lane) =
        (bench.host.clone(), Lane::of_answers(&BareJid::parse("a@example").expect("an address")));
    let soon = || tokio::time::timeout(CALM_TIMEOUT / 3, host.calm_down());
    assert!(soon().await.is_ok(), "there is nothing to do");
    // What is not written yet.
    let body = "x".repeat(1 << 20);
    let message: minidom::Element =
        format!("<message xmlns='jabber:client'><body>{body}</body></message>").parse().expect("xml");
    let to = Jid::parse("a@example").expect("an address");
    assert!(host.outbox.answer(lane, Outgoing::one(&message, to)));
    assert!(soon().await.is_err());
    bench.outlet.sent();
    assert!(soon().await.is_ok());
    // What rooms have in hand.
    let (mailbox, mut events) = Mailbox::new(host.bounds.clone());
    (0..=CALM_EVENTS_MAX).for_each(|_| mailbox.force(Event::Continue));
    let mut in_hand: Vec<_> =
        std::iter::from_fn(|| events.try_recv().ok()).map(|waiting| mailbox.taken(*waiting)).collect();
    let since = Instant::now();
    assert!(tokio::time::timeout(CALM_TIMEOUT * 4, host.calm_down()).await.is_ok(), "it goes on anyhow");
    assert!(since.elapsed() >= 2 * CALM_TIMEOUT);
    in_hand.pop();
    assert!(soon().await.is_ok());
}

// 45-14.6-a
#[tokio::test]
async fn rooms_that_nobody_is_in_go_at_once_where_another_one_has_no_space_in_memory() {
    let mut bench = Bench::with_room(true).await;
    let in_memory = |b: &Bench| b.host.rooms().len();
    bench.host.send_away().await;
    assert_eq!(in_memory(&bench), 1, "its owner is in it");
    let since = Instant::now();
    bench.host.send_away().await;
    assert!(since.elapsed() > SEND_AWAY / 2, "not again so soon");
    bench.say("<presence to='coven@muc.example/Hecate' type='unavailable'/>");
    bench.until("the owner has left", |b| b.saw("unavailable")).await;
    // That is written first.
    tokio::time::sleep(LINGER + SEND_AWAY).await;
    assert_eq!(in_memory(&bench), 1, "it stays for a while");
    bench.host.send_away().await;
    bench.until("it is gone", |b| in_memory(b) == 0).await;
}
