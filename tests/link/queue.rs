//! What waits for the server: lanes in turn, senders that wait, and how much is under way.

use super::*;

#[tokio::test]
async fn lanes_are_served_in_turn_and_each_keeps_its_order() {
    let mut rig = Rig::new(quick(), 1 << 20).await;
    for i in 0..100 {
        within(rig.outbox.send(busy(), many(&format!("b{i}"), 900, 1))).await;
    }
    for i in 0..20 {
        rig.send(quiet(), &format!("q{i}")).await;
    }
    let mut server = rig.up().await;
    let text = server.expect("id='b99'").await + &server.expect("</message>").await;
    let (quiet, busy): (Vec<_>, Vec<_>) =
        ids(&text).into_iter().enumerate().partition(|(_, id)| id.starts_with('q'));
    assert!(quiet.iter().all(|(place, _)| *place < 40), "the quiet lane is not behind all else: {quiet:?}");
    let of = |lane: Vec<(usize, String)>| lane.into_iter().map(|(_, id)| id).collect::<Vec<_>>();
    assert_eq!(of(quiet), (0..20).map(|i| format!("q{i}")).collect::<Vec<_>>());
    assert_eq!(of(busy), (0..100).map(|i| format!("b{i}")).collect::<Vec<_>>());
    rig.stop().await;
}

// 114-14, 45-14.6-a
#[tokio::test]
async fn who_says_little_does_not_wait_for_who_says_much() {
    let mut rig = Rig::new(quick(), 20_000).await;
    let (sent, task) = flood(&rig.outbox, 200_000);
    let mut server = rig.up().await;
    // In the midst of it an occupant of a quiet room speaks and is heard.
    for i in 0..50 {
        let id = format!("q{i}");
        let sent = rig.outbox.send(quiet(), message(&id));
        let heard = format!("id='{id}' to='a@b'/>");
        let (before, ()) = tokio::join!(server.expect(&heard), sent);
        // What the sockets hold, and a turn or two.
        assert!(before.len() < 8 << 20, "{} bytes came before", before.len());
    }
    assert!(sent.load(Ordering::SeqCst) < 200_000, "the flood goes on all the while");
    drop(server);
    task.abort();
    rig.stop.send_replace(Stage::Stop);
}

#[tokio::test]
async fn a_quiet_lane_gets_in_between_the_pieces_of_a_big_broadcast() {
    let mut rig = Rig::new(quick(), 64 << 20).await;
    let mut server = rig.up().await;
    // Far more than the sockets hold, so that the writing half is in the midst of it.
    let broadcast = many("big", 2000, 10_000);
    let bytes = broadcast.wire_bytes();
    within(rig.outbox.send(busy(), broadcast)).await;
    server.expect("id='big' to='u0@example.org/x'").await;
    rig.send(quiet(), "answer").await;
    let before = server.expect("id='answer' to='a@b'/>").await;
    assert!(before.len() < bytes / 2, "the answer came after {} of {bytes} bytes", before.len());
    server.expect("to='u9999@example.org/x'").await;
    server.expect("</message>").await;
    within(rig.outbox.drained()).await;
    rig.stop().await;
}

/// Queues `count` stanzas of about 1,000 bytes, counting those whose sender went on.
fn flood(outbox: &Outbox, count: usize) -> (Arc<AtomicUsize>, JoinHandle<()>) {
    let (sent, outbox) = (Arc::new(AtomicUsize::new(0)), outbox.clone());
    let counter = sent.clone();
    let task = tokio::spawn(async move {
        for i in 0..count {
            outbox.send(busy(), many(&i.to_string(), 900, 1)).await;
            counter.fetch_add(1, Ordering::SeqCst);
        }
    });
    (sent, task)
}

// 114-14, 45-14.6-a
#[tokio::test]
async fn no_more_is_written_than_the_server_reads_in_a_short_time() {
    let mut rig = Rig::new(quick(), 8 << 20).await;
    let (sent, task) = flood(&rig.outbox, 100_000);
    let mut server = rig.up().await;
    // The server hands back what it is pinged with, once; then its users keep it busy.
    server.expect(MARK).await;
    let mark = format!("{MARK}{}", server.expect("</iq>").await);
    server.say(&mark).await;
    let mut last = String::new();
    let mut bytes = 0;
    while timeout(Duration::from_millis(500), server.read()).await.is_ok() {
        bytes += server.unread.len();
        if let Some(at) = server.unread.rfind(MARK)
            && let Some(len) = server.unread[at..].find("</iq>")
        {
            last = server.unread[at..at + len + "</iq>".len()].to_owned();
        }
        server.unread.clear();
    }
    // What was written before the mark came back is bounded by the sockets.
    assert!(bytes < 8 << 20 && sent.load(Ordering::SeqCst) < 50_000, "{bytes} bytes are under way");
    // It has read all of it after more than half a second: what is under way becomes less, and more.
    server.say(&last).await;
    assert!(within(server.socket.readable()).await.is_ok(), "it goes on");
    drop(server);
    task.abort();
    rig.stop.send_replace(Stage::Stop);
}

// 114-14, 114-16
#[tokio::test]
async fn what_is_queued_is_written_at_once_when_nothing_is_read_any_more() {
    let mut rig = Rig::new(quick(), 8 << 20).await;
    let (_, task) = flood(&rig.outbox, 100_000);
    let mut server = rig.up().await;
    server.expect(MARK).await;
    let mark = format!("{MARK}{}", server.expect("</iq>").await);
    server.say(&mark).await;
    // It hands no other one back, so that no more is written.
    while timeout(Duration::from_millis(500), server.read()).await.is_ok() {
        server.unread.clear();
    }
    // What comes back is for the next process from now on.
    rig.stop.send_replace(Stage::Quiet);
    let goes_on = timeout(Duration::from_secs(2), server.read()).await;
    assert!(goes_on.is_ok_and(|is_open| is_open), "it does not wait for what is not read");
    drop(server);
    task.abort();
    rig.stop.send_replace(Stage::Stop);
}

// 114-14
#[tokio::test]
async fn senders_wait_while_the_queue_is_full() {
    let mut rig = Rig::new(quick(), 40_000).await;
    let (sent, task) = flood(&rig.outbox, 200);
    for _ in 0..1000 {
        if rig.outbox.senders_waiting() > 0 {
            break;
        }
        sleep(Duration::from_millis(5)).await;
    }
    let (waiting, queued) = (sent.load(Ordering::SeqCst), rig.outbox.bytes_waiting());
    assert!((38..=40).contains(&waiting), "{waiting}");
    assert!((39_000..=41_500).contains(&queued), "{queued}");
    assert_eq!(rig.outbox.senders_waiting(), 1);
    // An answer waits for no other stanza.
    assert!(rig.outbox.answer(
        Lane::of_answers(&BareJid::parse("a@example.org").expect("a jid")),
        many("answer", 100_000, 1)
    ));
    let mut server = rig.up().await;
    let text = server.expect("id='199'").await + &server.expect("</message>").await;
    let mut seen = ids(&text);
    let answer = seen.iter().position(|id| id == "answer").expect("the answer is sent");
    assert!(answer < 20, "the answer is the other lane's, and has its turn: {answer}");
    seen.remove(answer);
    assert_eq!(seen, (0..200).map(|i| i.to_string()).collect::<Vec<_>>());
    within(task).await.expect("no panic");
    within(rig.outbox.drained()).await;
    assert_eq!((rig.outbox.bytes_waiting(), rig.outbox.senders_waiting()), (0, 0));
    rig.stop().await;
}

#[tokio::test]
async fn waiting_senders_go_on_in_order() {
    let mut rig = Rig::new(quick(), 4000).await;
    let (note, mut order) = mpsc::unbounded_channel();
    for i in 0..20 {
        let (outbox, note) = (rig.outbox.clone(), note.clone());
        tokio::spawn(async move {
            outbox.send(busy(), many(&i.to_string(), 900, 1)).await;
            note.send(i).expect("the test listens");
        });
        // One sender after the other takes its place.
        tokio::task::yield_now().await;
    }
    // One that gives up waiting has its place all the same.
    assert!(timeout(Duration::from_millis(5), rig.outbox.send(busy(), message("impatient"))).await.is_err());
    let mut server = rig.up().await;
    let expected: Vec<_> = (0..20).map(|i| i.to_string()).chain(["impatient".to_owned()]).collect();
    assert_eq!(ids(&server.expect("id='impatient' to='a@b'/>").await), expected);
    for i in 0..20 {
        assert_eq!(within(order.recv()).await, Some(i));
    }
    rig.stop().await;
}

// 114-14, trap 61
#[tokio::test]
async fn a_server_that_stops_reading_loses_nothing_and_costs_no_memory() {
    let mut rig = Rig::new(quick(), 100_000).await;
    let mut server = rig.up().await;
    let count = 30_000;
    let (sent, task) = flood(&rig.outbox, count);
    // Until the sockets are full: no sender gets on any more.
    let mut before = usize::MAX;
    for _ in 0..200 {
        sleep(Duration::from_millis(100)).await;
        if std::mem::replace(&mut before, sent.load(Ordering::SeqCst)) == before {
            break;
        }
    }
    let stuck = sent.load(Ordering::SeqCst);
    assert!(stuck < count, "the sockets took it all");
    assert!(rig.outbox.bytes_waiting() < 200_000);
    // Reading goes on meanwhile.
    server.say("<iq/>").await;
    assert!(matches!(rig.next().await, Arrived::Stanza(_)));
    let text = server.expect(&format!("id='{}'", count - 1)).await + &server.expect("</message>").await;
    assert_eq!(ids(&text), (0..count).map(|i| i.to_string()).collect::<Vec<_>>());
    within(task).await.expect("no panic");
    rig.stop().await;
}

// 114-14
#[tokio::test]
async fn a_stanza_that_was_cut_on_its_way_out_goes_whole_over_the_next_link() {
    let mut rig = Rig::new(quick(), 64 << 20).await;
    let mut server = rig.up().await;
    within(rig.outbox.send(busy(), many("cut", 5000, 3000))).await;
    rig.send(busy(), "last").await;
    server.expect("</message>").await;
    // The sockets fill up, and the connection goes away with a stanza half written.
    sleep(Duration::from_millis(300)).await;
    drop(server);
    assert_eq!(rig.next().await, Arrived::Down);
    let mut server = rig.up().await;
    let text = server.expect("id='last' to='a@b'/>").await;
    let mut seen = attributes(&text, "to");
    assert_eq!(seen.pop().as_deref(), Some("a@b"));
    assert!(!seen.is_empty() && seen.len() < 3000, "{}", seen.len());
    // What arrives is the end of the list without a gap and without a repetition.
    let expected: Vec<_> = (3000 - seen.len()..3000).map(|i| format!("u{i}@example.org/x")).collect();
    assert_eq!(seen, expected);
    within(rig.outbox.drained()).await;
    rig.stop().await;
}
