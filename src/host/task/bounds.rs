mod held;

use std::path::Path;

use super::pay::OfRoom;
use super::*;
use crate::config::{self, Sources};
use crate::host::LAST_WORK;
use crate::host::portions::Portions;
use crate::link;
use crate::room::nick::Nick;
use crate::room::roster::Occupant;
use crate::room::{Room, fold};
use crate::store::memory::MemoryArchive;
use crate::store::memory::MemoryStore;
use crate::wire::inbound::Inbound;
use crate::wire::jid::Jid;
use crate::wire::muc::Role;

/// A service with the settings of the sample, on stores in memory.
fn host() -> Arc<Host> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("component.toml");
    let sources = Sources { file: Some(file), environment: Default::default(), flags: Default::default() };
    let settings = config::load(&sources).expect("the sample is complete");
    let (outbox, _outlet) = link::outbox(settings.limits.queue_bytes_max);
    let (store, archive) = (Arc::new(MemoryStore::new()), Arc::new(MemoryArchive::new()));
    Host::start(&settings, store, archive, outbox).expect("stores in memory work")
}

fn task(host: &Arc<Host>, room: &str) -> (Task, Events) {
    let room = Room::absent(BareJid::parse(room).expect("a jid"));
    let (mailbox, events) = Mailbox::new(host.bounds.clone());
    let task = Task::new(host.clone(), room.into(), PersistedView::default(), Arc::new(mailbox));
    (task, events)
}

fn event(xml: &str) -> Event {
    Event::Stanza(Box::new(Inbound::parse(xml.parse().expect("xml")).expect("a stanza")))
}

fn join(room: &str, nick: &str) -> Event {
    event(&format!(
        "<presence xmlns='jabber:client' id='j' from='{nick}@example.org/x' to='{room}/{nick}'>\
         <x xmlns='http://jabber.org/protocol/muc'/></presence>"
    ))
}

/// What costs next to nothing.
fn ping(who: &str) -> Inbound {
    let xml = format!(
        "<iq xmlns='jabber:client' type='get' id='p' from='{who}@example.org/x' to='rooms.example.org'>\
         <ping xmlns='urn:xmpp:ping'/></iq>"
    );
    Inbound::parse(xml.parse().expect("xml")).expect("a stanza")
}

/// What each recipient is sent.
fn said(effects: &Effects) -> Vec<String> {
    let mut out = Vec::new();
    for outgoing in &effects.sends {
        for to in outgoing.to.iter() {
            let mut bytes = Vec::new();
            outgoing.stanza.splice(to, &mut bytes);
            out.push(String::from_utf8(bytes).expect("text"));
        }
    }
    out
}

// 45-14.6-a, 45-G-a, 45-G-b
#[tokio::test]
async fn an_event_on_which_a_room_panics_is_refused_and_the_room_stands_as_before() {
    let host = host();
    let name = "broken@rooms.example.org";
    let (mut broken, _) = task(&host, name);
    broken.handle(&join(name, "first"));
    let open = event(&format!(
        "<iq xmlns='jabber:client' type='set' id='c' from='first@example.org/x' to='{name}'>\
         <query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'/></query></iq>"
    ));
    assert!(said(&broken.handle(&open)).iter().any(|xml| xml.contains("type='result'")));
    // An occupant without a session cannot be: whoever enters is to be shown him.
    let nick = Nick::trusted("ghost");
    broken.room.room_mut().roster_mut().enter(Occupant {
        nick,
        account: BareJid::parse("ghost@example.org").expect("a jid"),
        id: "i".into(),
        role: Role::Participant,
        quiet: false,
        heard: false,
        sessions: Vec::new(),
    });
    let before = broken.room.clone();
    let effects = broken.handle(&join(name, "second"));
    let answers = said(&effects);
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert!(answers[0].contains("to='second@example.org/x'") && answers[0].contains("id='j'"));
    assert!(answers[0].contains("<internal-server-error"), "{answers:?}");
    assert!(answers[0].contains("type='wait'"), "clients forget rooms that fail for good: {answers:?}");
    assert!(effects.writes.is_empty() && effects.archive.is_empty());
    assert!(
        Arc::ptr_eq(&before.roster, &broken.room.roster) && Arc::ptr_eq(&before.state, &broken.room.state)
    );

    // Without what is broken it works, and other rooms did all the while.
    broken.room.room_mut().roster_mut().remove(Nick::trusted("ghost").key());
    let ping = event(&format!(
        "<iq xmlns='jabber:client' type='get' id='p' from='first@example.org/x' to='{name}/first'>\
         <ping xmlns='urn:xmpp:ping'/></iq>"
    ));
    assert!(said(&broken.handle(&ping))[0].contains("type='result'"));
    assert!(said(&broken.handle(&join(name, "second"))).iter().any(|xml| xml.contains("code='110'")));
    let other = "other@rooms.example.org";
    let (mut whole, _) = task(&host, other);
    let answers = said(&whole.handle(&join(other, "second")));
    assert!(answers.iter().any(|xml| xml.contains("code='110'")), "{answers:?}");
}

// 45-14.6-a
#[tokio::test]
async fn what_an_event_writes_is_paid_for_by_its_size() {
    use crate::room::state::Affiliated;
    use crate::room::write::Write;
    use crate::wire::muc::Affiliation;
    let host = host();
    let name = "written@rooms.example.org";
    let here = jid(name);
    // In turn, because an account gets tokens back meanwhile.
    let paid = |task: &Task, before: &Room, effects: &Effects, payer: &str| {
        host.admit(ping(payer));
        let (event, payer) = (join(name, payer), jid(&format!("{payer}@example.org")));
        let had = host.taken(payer.as_jid());
        task.pay_for_writes(&event, before, effects);
        host.taken(payer.as_jid()) - had
    };
    let tokens = |payer: &str, before: &dyn Fn(&mut Machine), write: Write| {
        let (mut task, _events) = task(&host, name);
        before(&mut task.room);
        let (room, mut effects) = (task.room.clone(), Effects::default());
        effects.writes.push(write);
        paid(&task, &room, &effects, payer)
    };
    let note = format!("<vCard xmlns='vcard-temp'><NOTE>{}</NOTE></vCard>", "n".repeat(200_000));
    let value = crate::room::vcard::Vcard::read(&note.parse().expect("xml")).expect("a vCard").map(Arc::new);
    let nothing = |_: &mut Machine| ();
    let vcard = tokens("first", &nothing, Write::Vcard { room: here.clone(), value });
    assert!((40..=50).contains(&vcard), "{vcard}");
    let small = Write::Affiliation { room: here.clone(), jid: here.clone(), value: None };
    assert!(tokens("second", &nothing, small) <= 1);
    let crowd = |machine: &mut Machine| {
        let member = |n| BareJid::parse(&format!("a{n}@example")).expect("a jid");
        let members = (0..10_000).map(|n| (member(n), Affiliated::new(Affiliation::Member)));
        machine.room_mut().state_mut().affiliations = members.collect();
    };
    let (room, _) = task(&host, name);
    let (before, mut effects) = (room.room.clone(), Effects::default());
    let retracted = "<retracted xmlns='urn:xmpp:message-retract:1'/>".parse().expect("xml");
    let target = crate::room::archive::Target::Id("old".to_owned());
    let retraction = crate::room::archive::Retraction { target, retracted, keep_original: false };
    let archive = crate::room::archive::ArchiveId("a".to_owned());
    effects.archive.push(Change::Retract { archive, retraction });
    let read = paid(&room, &before, &effects, "third");
    assert!((7..=9).contains(&read), "what is read for it is paid for: {read}");
    let forgotten = tokens("fourth", &crowd, Write::Forget { room: here.clone() });
    assert!((100..=160).contains(&forgotten), "{forgotten}");
}

// 45-14.6-a
#[tokio::test]
async fn a_room_does_no_more_at_a_time_than_others_can_wait_for() {
    let host = host();
    let name = "full@rooms.example.org";
    let (mut room, _) = task(&host, name);
    room.step(&[join(name, "owner")]).await;
    room.step(&[event(&format!(
        "<iq xmlns='jabber:client' type='set' id='c' from='owner@example.org/x' to='{name}'>\
         <query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'/></query></iq>"
    ))])
    .await;
    for n in 0..300 {
        room.step(&[join(name, &format!("u{n}"))]).await;
    }
    // Each is shown three hundred and more: a thousand sends are reached with the fourth at the latest.
    let mut joins: Vec<Event> = (300..340).map(|n| join(name, &format!("u{n}"))).collect();
    let done = room.step(&joins).await;
    assert!((1..=4).contains(&done), "{done}");
    let left = joins.split_off(done);
    let (mailbox, mut events) = Mailbox::new(host.bounds.clone());
    left.iter().for_each(|_| mailbox.force(Event::Continue));
    let in_hand = left.iter().filter_map(|_| Some(mailbox.taken(*events.try_recv().ok()?).1)).collect();
    room.work_off(left, in_hand).await;
    assert_eq!(room.room.roster().len(), 341);
}

// 45-14.6-a
#[tokio::test]
async fn a_room_that_gets_more_than_its_rate_rests() {
    let host = host();
    let name = "busy@rooms.example.org";
    let (mut room, _) = task(&host, name);
    let (limits, rate) = (&host.service.limits, room.rate());
    assert!(rate.has(room.done, room.since.elapsed()));
    rate.take(
        &mut room.done,
        limits.room_stanzas_burst + limits.room_stanzas_per_second,
        room.since.elapsed(),
    );
    assert!(!rate.has(room.done, room.since.elapsed()));
    // A service that stops does not wait for it.
    host.late.get_or_init(|| Instant::now() + LAST_WORK);
    room.rest().await;
    assert!(!rate.has(room.done, room.since.elapsed()));
}

// 45-14.6-a
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_takes_long_holds_up_nobody() {
    let (tell, told) = std::sync::mpsc::channel();
    // Both on the one thread that all share: the second would never come while the first waits for it.
    let first = tokio::spawn(async move {
        tokio::spawn(async move { tell.send(()) });
        aside(|| told.recv_timeout(Duration::from_secs(60)))
    });
    assert_eq!(first.await.expect("no panic"), Ok(()));
}

// 45-14.6-a
#[tokio::test]
async fn what_may_take_long_is_known_beforehand() {
    let host = host();
    let name = "large@rooms.example.org";
    let (mut task, _) = task(&host, name);
    let now = Timestamp::now();
    let list = event(&format!(
        "<iq xmlns='jabber:client' type='get' id='l' from='first@example.org/x' to='{name}'>\
         <query xmlns='http://jabber.org/protocol/muc#admin'><item affiliation='member'/></query></iq>"
    ));
    let ping = event(&format!(
        "<iq xmlns='jabber:client' type='get' id='p' from='first@example.org/x' to='{name}'>\
         <ping xmlns='urn:xmpp:ping'/></iq>"
    ));
    let long = "x".repeat(300_000);
    let large = event(&format!(
        "<message xmlns='jabber:client' type='groupchat' from='first@example.org/x' to='{name}'>\
         <body>{long}</body></message>"
    ));
    task.handled(&join(name, "first")).await;
    for (event, expected) in [(&list, false), (&ping, false), (&join(name, "second"), false), (&large, true)]
    {
        assert_eq!(task.room.may_take_long(event, now), expected);
    }
    let mut occupant = (**task.room.roster.iter().next().expect("somebody is in")).clone();
    for n in 0..1000 {
        occupant.nick = Nick::trusted(&format!("n{n}"));
        occupant.sessions[0].jid = Jid::parse(&format!("first@example.org/{n}")).expect("a jid");
        task.room.room_mut().roster_mut().enter(occupant.clone());
    }
    for (event, expected) in [(&list, true), (&ping, false), (&join(name, "second"), true)] {
        assert_eq!(task.room.may_take_long(event, now), expected);
    }
}

// 45-14.6-a
#[tokio::test]
async fn a_room_does_not_wait_in_the_line_of_the_domain_that_an_outsider_sends_from() {
    let host = host();
    let name = "quiet@rooms.example.org";
    let (mut task, _) = task(&host, name);
    task.handle(&join(name, "first"));
    let long = "x".repeat(300_000);
    let from_outside = event(&format!(
        "<iq xmlns='jabber:client' type='get' id='l' from='outsider@loud.example/x' to='{name}'>\
         <query xmlns='urn:x'>{long}</query></iq>"
    ));
    assert!(task.room.may_take_long(&from_outside, Timestamp::now()));
    // The domain of the outsider has all the places that it may have, and many of its rooms wait.
    let loud = InLine::from(&BareJid::parse("outsider@loud.example").expect("a jid"));
    let mut line: Vec<_> = (0..100).map(|_| host.working.turn(&loud)).collect();
    let _first = line.remove(0).place().await;
    let patience = Duration::from_secs(30);
    let effects = tokio::time::timeout(patience, task.handled(&from_outside)).await.expect("no wait");
    assert!(effects.refused);
}

/// How many texts are folded while a room handles an event.
fn folds(task: &mut Task, event: &Event) -> (usize, Vec<String>) {
    let before = fold::FOLDS.get();
    let effects = task.handle(event);
    (fold::FOLDS.get() - before, said(&effects))
}

// 45-14.6-a
#[tokio::test]
async fn what_a_request_reserves_is_folded_once_and_not_what_was_reserved_before() {
    let host = host();
    let name = "listed@rooms.example.org";
    let (mut room, _) = task(&host, name);
    room.handle(&join(name, "first"));
    let set = |query: &str| {
        event(&format!(
            "<iq xmlns='jabber:client' type='set' id='c' from='first@example.org/x' to='{name}'>{query}</iq>"
        ))
    };
    let form = "<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'/></query>";
    room.handle(&set(form));
    room.room.reserved();
    let items = |from: usize| -> String {
        let swelling = "\u{fdfa}".repeat(20);
        let item =
            |n| format!("<item affiliation='member' jid='a{n}@e.example' nick='{swelling}{n}\u{fdfa}'/>");
        (from..from + 120).map(item).collect()
    };
    let query = |items: &str| format!("<query xmlns='http://jabber.org/protocol/muc#admin'>{items}</query>");
    for round in 0..3 {
        let (folds, answers) = folds(&mut room, &set(&query(&items(round * 120))));
        assert!(answers.iter().any(|xml| xml.contains("type='result'")), "{answers:?}");
        // Twice for each nick that is read and that is noted, the same for what of it every server carries, and what a check of
        // the whole room folds while testing.
        let checked = 4 * 120 * (round + 1);
        assert!(folds <= 2 * 4 * 120 + checked, "{folds}");
    }
    // What no nick can be is not folded at all, whoever sends it.
    let huge = "\u{fdfa}".repeat(2_500);
    for item in [
        format!("<item role='none' nick='{huge}'/>"),
        format!("<item affiliation='member' nick='{huge}'/>"),
        format!("<item affiliation='member' jid='a@e.example' nick='{huge}'/>"),
    ] {
        let (folds, answers) = folds(&mut room, &set(&query(&item)));
        assert!(answers.iter().any(|xml| xml.contains("type='error'")), "{answers:?}");
        assert_eq!(folds, 0);
    }
}

// 45-14.6-a
#[tokio::test]
async fn what_an_event_takes_is_paid_for_by_who_sent_it_and_by_the_room() {
    let host = host();
    let name = "costly@rooms.example.org";
    let (mut room, _) = task(&host, name);
    host.admit(ping("payer"));
    let (limits, rate) = (&host.service.limits, room.rate());
    assert!(rate.has(room.done, room.since.elapsed()));
    room.pay(&join(name, "payer"), limits.account_stanzas_burst.max(limits.room_stanzas_burst) + 1000);
    let rests = rate.wait(room.done, room.since.elapsed());
    assert!(!rests.is_zero() && rests < Duration::from_millis(110), "the room rests a little: {rests:?}");
    assert!(host.is_calm());
    host.admit(ping("payer"));
    assert!(!host.is_calm(), "the account waits");
}

// 45-14.6-a
#[tokio::test]
async fn others_in_a_room_do_not_wait_for_what_a_message_owes() {
    let host = host();
    let name = "quiet@rooms.example.org";
    let mut room = made(&host, name);
    room.handle(&join(name, "talker"));
    host.admit(ping("talker"));
    let talker = jid("talker@example.org");
    let had = host.taken(talker.as_jid());
    // All that the room may do at once is done.
    let (rate, now) = (room.rate(), room.since.elapsed());
    rate.take(&mut room.done, host.service.limits.room_stanzas_burst, now);
    let many = "<a b=''/>".repeat(3000);
    let said = room.handle(&event(&format!(
        "<message xmlns='jabber:client' type='groupchat' from='talker@example.org/x' to='{name}'>\
         <body>b</body><x xmlns='u'>{many}</x></message>"
    )));
    assert_eq!(said.archive.len(), 1);
    let rests = rate.wait(room.done, room.since.elapsed());
    assert!(rests < Duration::from_millis(110), "{rests:?}");
    assert!(host.taken(talker.as_jid()) > had + 500, "who said it pays for what is written");
}

// 45-14.6-a
#[tokio::test]
async fn what_goes_out_beyond_a_copy_for_each_is_paid_for_by_who_caused_it() {
    let host = host();
    let name = "loud@rooms.example.org";
    let (room, _) = task(&host, name);
    host.admit(ping("payer"));
    // One copy for each costs nothing, however many they are.
    let many: Arc<[Jid]> =
        (0..5000).map(|n| Jid::parse(&format!("u{n}@example.org")).expect("a jid")).collect();
    let stanza: minidom::Element =
        format!("<message xmlns='jabber:client'><body>{}</body></message>", "x".repeat(100_000))
            .parse()
            .expect("xml");
    let mut effects = Effects::default();
    effects.send_many(&stanza, many.clone());
    let event = join(name, "payer");
    room.pay_for_bytes(&event, &effects);
    host.admit(ping("payer"));
    assert!(host.is_calm());
    // A second one does.
    effects.send_many(&stanza, many);
    room.pay_for_bytes(&event, &effects);
    host.admit(ping("payer"));
    assert!(!host.is_calm(), "the account waits");
}

// 45-14.6-a
#[tokio::test]
async fn what_is_written_of_sessions_is_paid_for_by_their_accounts() {
    let host = host();
    let name = "wordy@rooms.example.org";
    let (mut room, _) = task(&host, name);
    for who in ["other", "talker"] {
        host.admit(ping(who));
    }
    room.step(&[join(name, "talker")]).await;
    room.catch_up().await;
    // A presence of 30 KB costs seven tokens.
    let said = |text: &str| {
        let status = crate::wire::build::el("status", crate::wire::ns::CLIENT);
        crate::room::roster::Said::new(None, [&crate::wire::build::Build::text_node(status, text)])
    };
    let session = Jid::parse("talker@example.org/x").expect("a jid");
    let mut most = 0;
    for n in 0..20 {
        let (text, had) = (format!("{n}").repeat(30_000 / format!("{n}").len()), host.taken(&session));
        room.room.room_mut().roster_mut().update(&session, Arc::new(said(&text)));
        room.catch_up().await;
        assert!(room.behind.is_none(), "it was written");
        // On a slow machine it has some tokens back by now.
        most = most.max(host.taken(&session).saturating_sub(had));
    }
    assert!((6..=8).contains(&most), "{most}");
    let other = jid("other@example.org");
    assert!(host.taken(other.as_jid()) <= 1, "another account pays nothing");
}

// 133-1
#[tokio::test]
async fn a_command_of_an_admin_waits_for_a_place_and_what_comes_after_it_does_not() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("component.toml");
    let sources = Sources { file: Some(file), environment: Default::default(), flags: Default::default() };
    let mut settings = config::load(&sources).expect("the sample is complete");
    settings.service.admins = vec![BareJid::parse("admin@example.org").expect("an account")];
    let (outbox, outlet) = link::outbox(settings.limits.queue_bytes_max);
    let (store, archive) = (Arc::new(MemoryStore::new()), Arc::new(MemoryArchive::new()));
    let host = Host::start(&settings, store, archive, outbox).expect("stores in memory work");
    let domain = &host.service.domain;
    let asks = |type_: &str, id: &str, payload: &str| {
        let xml = format!(
            "<iq xmlns='jabber:client' type='{type_}' id='{id}' from='admin@example.org/x' to='{domain}'>{payload}</iq>"
        );
        host.admit(Inbound::parse(xml.parse().expect("xml")).expect("a stanza"));
    };
    let answers = || {
        let text = |outgoing: &crate::wire::encode::Outgoing| format!("{:?}", outgoing.stanza);
        outlet.sent().iter().map(text).collect::<String>()
    };
    // What takes long for others takes all places.
    let line = |domain: &str| InLine::from(&BareJid::parse(domain).expect("a jid"));
    let (one, two) =
        (host.searching.turn(&line("a")).place().await, host.searching.turn(&line("b")).place().await);
    let node = "http://jabber.org/protocol/admin#get-online-users-num";
    asks("set", "list", &format!("<command xmlns='http://jabber.org/protocol/commands' node='{node}'/>"));
    asks("get", "ping", "<ping xmlns='urn:xmpp:ping'/>");
    tokio::time::sleep(Duration::from_millis(50)).await;
    let first = answers();
    assert!(first.contains("ping") && !first.contains("completed"), "{first}");
    drop((one, two));
    let mut second = String::new();
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_millis(20)).await;
        second += &answers();
        if second.contains("completed") {
            return;
        }
    }
    panic!("{second}");
}

// 45-14.6-a
#[tokio::test]
async fn portions_of_all_rooms_together_go_at_a_rate() {
    let (portions, start) = (Portions::new(), Instant::now());
    let portion = crate::room::announce::backlog::PORTION_BYTES;
    let turn = async || Portion::come(&mut Some(portions.turn(InLine::default(), true))).await;
    for _ in 0..4 {
        turn().await;
        portions.went(portion);
    }
    // The first one is free, and twelve are those of a second.
    assert!(start.elapsed() >= Duration::from_millis(240), "{:?}", start.elapsed());
    // One that was larger holds the next one up.
    portions.went(7 * portion);
    turn().await;
    assert!(start.elapsed() >= Duration::from_millis(800), "{:?}", start.elapsed());
}

// 45-14.6-a
#[tokio::test]
async fn an_account_pays_for_one_look_through_an_archive_before_the_next() {
    let host = host();
    let ping = |who: &str| {
        let xml = format!(
            "<iq xmlns='jabber:client' type='get' id='p' from='{who}' to='{}'><ping xmlns='urn:xmpp:ping'/></iq>",
            host.service.domain
        );
        host.admit(Inbound::parse(xml.parse().expect("xml")).expect("a stanza"));
    };
    let loud = Jid::parse("loud@example.org/x").expect("a jid");
    ping(loud.as_str());
    let soon = async |account: &str| {
        let account = BareJid::parse(account).expect("a jid");
        tokio::time::timeout(Duration::from_millis(100), host.look(&account)).await.ok()
    };
    let limits = &host.service.limits;
    let place = soon("loud@example.org").await.expect("it owes nothing");
    host.charge(&loud, limits.account_stanzas_burst + limits.account_stanzas_per_second / 2);
    drop(place);
    assert!(soon("loud@example.org").await.is_none(), "it owes half a second");
    let place = soon("quiet@example.org").await.expect("others do not wait for it");
    assert!(soon("third@example.org").await.is_none(), "one of a domain at a time");
    assert!(soon("third@elsewhere.example").await.is_some());
    drop(place);
    assert!(soon("third@example.org").await.is_some());
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert!(soon("loud@example.org").await.is_some(), "it has paid");
}

/// A room that is configured, by `first` who is in it.
fn made(host: &Arc<Host>, name: &str) -> Task {
    let (mut task, _events) = task(host, name);
    task.handle(&join(name, "first"));
    task.handle(&event(&format!(
        "<iq xmlns='jabber:client' type='set' id='c' from='first@example.org/x' to='{name}'>\
         <query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'/></query></iq>"
    )));
    task
}

fn jid(text: &str) -> BareJid {
    BareJid::parse(text).expect("an address")
}

/// An admin's request with these items, of who created the room.
fn admin(room: &str, items: &str) -> Event {
    event(&format!(
        "<iq xmlns='jabber:client' type='set' id='c' from='first@example.org/x' to='{room}'>\
         <query xmlns='http://jabber.org/protocol/muc#admin'>{items}</query></iq>"
    ))
}
