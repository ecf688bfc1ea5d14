//! What rooms and those in them may hold in memory.

use super::*;
use crate::room::held::Kind;

// 45-14.6-a, 45-9.1-a
#[tokio::test]
async fn rooms_of_an_account_take_no_more_memory_than_it_may_have_and_a_ban_still_works() {
    let host = host();
    let max = host.service.limits.held_bytes_max / 2;
    let founder = jid("first@example.org");
    let list = |from: usize| -> String {
        let long = "j".repeat(900);
        (from..from + 500).map(|n| format!("<item affiliation='member' jid='a{n}{long}@e'/>")).collect()
    };
    let (mut rooms, mut refused) = (Vec::new(), false);
    for n in 0..4 {
        let name = format!("list{n}@rooms.example.org");
        let mut task = made(&host, &name);
        for part in 0..10 {
            let answers = said(&task.handle(&admin(&name, &list(part * 500))));
            refused |= answers.iter().any(|xml| xml.contains("<resource-constraint"));
        }
        rooms.push(task);
    }
    let held: usize = rooms.iter().map(|task| task.weight.made()).sum();
    assert!(refused && held > max * 9 / 10 && held < max + (4 << 14), "{held} of {max}");
    let last = rooms.last_mut().expect("a room");
    let (name, before) = (last.room.jid.as_str().to_owned(), last.room.state.affiliations.len());
    let all: String = list(90_000).replace("member", "outcast");
    let answers = said(&last.handle(&admin(&name, &all)));
    assert!(answers.iter().any(|xml| xml.contains("type='result'")), "{answers:?}");
    assert_eq!(last.room.state.affiliations.len(), before + 500);
    // A small room takes one member or ban more whatever others hold, and who has them given pays for it.
    let other = "small@rooms.example.org";
    let mut small = made(&host, other);
    let mut others = [Kind::Firm, Kind::Bans].map(|kind| host.service.held(kind, &founder, 0));
    others.iter_mut().for_each(|held| held.must_be(&host.service, 8 * max));
    for affiliation in ["member", "outcast"] {
        let item = |n: usize| {
            format!("<item affiliation='{affiliation}' jid='{affiliation}{n}{}@e'/>", "j".repeat(900))
        };
        let many = said(&small.handle(&admin(other, &(0..40).map(item).collect::<String>())));
        assert!(many.iter().any(|xml| xml.contains("<resource-constraint")), "{many:?}");
        for n in 0..60 {
            let one = said(&small.handle(&admin(other, &item(n))));
            assert!(one.iter().any(|xml| xml.contains("type='result'")), "{n}: {one:?}");
        }
    }
    let rate = small.rate();
    assert!(!rate.has(small.done, small.since.elapsed()), "all that is within the rate of a room is used up");
    // So does a large one, until it has grown by some more.
    let third = "large@rooms.example.org";
    others.iter_mut().for_each(|held| held.must_be(&host.service, 0));
    let mut large = made(&host, third);
    let item = |n: usize| format!("<item affiliation='outcast' jid='out{n}{}@e'/>", "j".repeat(900));
    said(&large.handle(&admin(third, &(0..400).map(item).collect::<String>())));
    others.iter_mut().for_each(|held| held.must_be(&host.service, 8 * max));
    let mut passes = |n: usize| {
        said(&large.handle(&admin(third, &item(n)))).iter().any(|xml| xml.contains("type='result'"))
    };
    let passed = (400..600).filter(|n| passes(*n)).count();
    assert!((30..70).contains(&passed), "{passed}");
    drop((small, large, others));
    // What is said is as before, and forgotten sooner; who enters is let in.
    assert!(said(&last.handle(&join(&name, "second"))).iter().any(|xml| xml.contains("code='110'")));
    // With the rooms goes what is held of them.
    drop(rooms);
    let free = host.service.held(Kind::Firm, &founder, 0).most(&host.service);
    assert_eq!(free, max);
}

// 45-14.6-a
#[tokio::test]
async fn presences_of_an_account_take_no_more_memory_than_it_may_have_and_small_ones_always_pass() {
    let host = host();
    let max = host.service.limits.held_bytes_max / 2;
    let says = |room: &str, account: &str, client: usize, bytes: usize| {
        event(&format!(
            "<presence xmlns='jabber:client' id='j' from='{account}@example.org/{client}' to='{room}/{account}'>\
             <x xmlns='http://jabber.org/protocol/muc'/><status>{}</status></presence>",
            "s".repeat(bytes)
        ))
    };
    let entered = |answers: Vec<String>| answers.iter().any(|xml| xml.contains("code='110'"));
    let (mut rooms, mut inside) = (Vec::new(), 0);
    for n in 0..(max / 30_000 / 20 + 2) {
        let name = format!("crowd{n}@rooms.example.org");
        let mut task = made(&host, &name);
        for client in 0..20 {
            inside += usize::from(entered(said(&task.handle(&says(&name, "loud", client, 30_000)))));
        }
        rooms.push((name, task));
    }
    assert!((max / 33_000..=max / 29_000).contains(&inside), "{inside}");
    // Another account of the same server is let in with what is usual, and the loud one may still say less.
    let (name, task) = &mut rooms[0];
    assert!(entered(said(&task.handle(&says(name, "calm", 0, 900)))));
    let less = event(&format!(
        "<presence xmlns='jabber:client' from='loud@example.org/0' to='{name}/loud'><show>away</show></presence>"
    ));
    assert!(!task.handle(&less).refused);
}

// 45-14.6-a
#[tokio::test]
async fn presences_that_come_back_after_a_restart_are_held_for_their_accounts() {
    let host = host();
    let name = "back@rooms.example.org";
    let guest = jid("guest@far.example");
    let free = || host.service.held(Kind::Firm, &guest, 0).most(&host.service);
    let (mut task, _events) = task(&host, name);
    let form = "<x xmlns='jabber:x:data' type='submit'>\
        <field var='muc#roomconfig_persistentroom'><value>1</value></field></x>";
    let status = format!("<status>{}</status>", "s".repeat(20_000));
    task.step(&[
        join(name, "first"),
        event(&format!(
            "<iq xmlns='jabber:client' type='set' id='c' from='first@example.org/x' to='{name}'>\
             <query xmlns='http://jabber.org/protocol/muc#owner'>{form}</query></iq>"
        )),
        event(&format!(
            "<presence xmlns='jabber:client' from='{guest}/x' to='{name}/guest'>\
             <x xmlns='http://jabber.org/protocol/muc'/>{status}</presence>"
        )),
    ])
    .await;
    task.catch_up().await;
    drop(task);
    // The store in memory keeps what it was given, and holds it still.
    let before = free();
    let (room, told) = super::load::stored(&host, &jid(name)).expect("it can be read");
    assert!(room.roster().len() == 2 && free() + 15_000 < before, "{before} and {}", free());
    drop((room, told));
    assert_eq!(free(), before);
}

// 45-14.6-a
#[tokio::test]
async fn rooms_that_come_from_the_store_take_no_more_than_twice_what_their_creator_may_have() {
    let host = host();
    let max = host.service.limits.held_bytes_max / 2;
    let name = "list@rooms.example.org";
    let (mut task, _events) = task(&host, name);
    let form = "<x xmlns='jabber:x:data' type='submit'>\
        <field var='muc#roomconfig_persistentroom'><value>1</value></field></x>";
    let member = |n: usize| format!("<item affiliation='member' jid='a{n}{}@e'/>", "j".repeat(900));
    task.handle(&join(name, "first"));
    task.handle(&event(&format!(
        "<iq xmlns='jabber:client' type='set' id='c' from='first@example.org/x' to='{name}'>\
         <query xmlns='http://jabber.org/protocol/muc#owner'>{form}</query></iq>"
    )));
    let leave = event(&format!(
        "<presence xmlns='jabber:client' type='unavailable' from='first@example.org/x' to='{name}/first'/>"
    ));
    task.handle(&admin(name, &(0..5).map(member).collect::<String>()));
    task.handle(&leave);
    let small = task.room.clone();
    task.handle(&join(name, "first"));
    task.handle(&admin(name, &(5..500).map(member).collect::<String>()));
    let crowded = task.room.clone();
    task.handle(&leave);
    let large = task.room.clone();
    assert!(large.is_empty() && small.is_empty());
    let may_come = |room: &Room| OfRoom::may_come(&host.service, room);
    let mut others = host.service.held(Kind::Firm, &jid("first@example.org"), 0);
    // Nothing grows any more, but what is stored comes in.
    others.must_be(&host.service, max);
    assert!(!others.resize(&host.service, max + 1_000_000) && may_come(&large));
    // Now no more does, but for a room that people are in, or a small one: its members find it whatever others hold.
    others.must_be(&host.service, 4 * max);
    assert_eq!((may_come(&large), may_come(&crowded), may_come(&small)), (false, true, true));
}

// 45-7.2.18-b, 45-14.6-a
#[tokio::test]
async fn a_room_that_has_no_space_in_memory_is_read_again_and_what_is_known_of_it_is_not_lost() {
    let host = host();
    let max = host.service.limits.held_bytes_max / 2;
    let name = "list@rooms.example.org";
    let room = jid(name);
    let (mut task, _events) = task(&host, name);
    let form = "<x xmlns='jabber:x:data' type='submit'>\
        <field var='muc#roomconfig_persistentroom'><value>1</value></field></x>";
    let member = |n: usize| format!("<item affiliation='member' jid='a{n}{}@e'/>", "j".repeat(900));
    for event in [
        join(name, "first"),
        event(&format!(
            "<iq xmlns='jabber:client' type='set' id='c' from='first@example.org/x' to='{name}'>\
             <query xmlns='http://jabber.org/protocol/muc#owner'>{form}</query></iq>"
        )),
        admin(name, &(0..500).map(member).collect::<String>()),
        event(&format!(
            "<presence xmlns='jabber:client' type='unavailable' from='first@example.org/x' to='{name}/first'/>"
        )),
    ] {
        task.step(&[event]).await;
    }
    task.catch_up().await;
    drop(task);
    let now = host.uptime();
    host.goodbyes.keep(&room, &[(7, now)].into_iter().collect(), now);
    let mut others = host.service.held(Kind::Firm, &jid("first@example.org"), 0);
    others.must_be(&host.service, 4 * max);
    let load = async || {
        let (mailbox, mut events) = Mailbox::new(host.bounds.clone());
        load(&host, &room, None, &mailbox, &mut events).await
    };
    assert!(load().await.is_none(), "there is no space");
    // Others go while it waits.
    let go = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        others.must_be(&host.service, 0);
    };
    let (loaded, ()) = tokio::join!(load(), go);
    let (loaded, _) = *loaded.expect("there is space");
    assert_eq!(loaded.state.affiliations.len(), 501);
    assert_eq!(host.goodbyes.take(&room).into_iter().collect::<Vec<_>>(), [(7, now)]);
}
