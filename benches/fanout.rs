//! How fast one stanza reaches many: outbox and writer against plain writes of the same bytes over loopback.
//!
//! `cargo bench --profile quick --bench fanout`

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use conclave::config::Secret;
use conclave::link::{self, Arrivals, Lane, LinkSettings, Times, outbox};
use conclave::wire::encode::{Outgoing, Recipients, Template};
use conclave::wire::jid::{BareJid, Jid};
use conclave::wire::stream::{Excess, Head, Limits};
use minidom::Element;
use tokio::io::AsyncWriteExt;
use tokio::sync::watch;

const RECIPIENTS: usize = 1000;
const STANZA_BYTES: usize = 440;
/// Stanzas of one round in a measurement: about 880 MB.
const STANZAS: usize = 2_000_000;
const ROUNDS: usize = 5;
const QUEUE_BYTES_MAX: usize = 32 * 1024 * 1024;

struct Nobody;

impl Arrivals for Nobody {
    fn stanza(&self, _: Element, _: usize) {}
    fn skipped(&self, _: Head, _: Excess) {}
    fn up(&self) {}
    fn down(&self) {}
}

fn main() {
    // `cargo test --all-targets` runs this too, and only wants to see it run.
    let stanzas = if std::env::args().any(|arg| arg == "--bench") { STANZAS } else { 10 * RECIPIENTS };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    println!(
        "{RECIPIENTS} recipients, {STANZA_BYTES} bytes each, best of {ROUNDS} rounds of {stanzas} stanzas"
    );
    let (mut raw, mut linked) = (0.0_f64, 0.0_f64);
    for _ in 0..ROUNDS {
        raw = raw.max(rate(stanzas, runtime.block_on(plain_writes(stanzas))));
        linked = linked.max(rate(stanzas, runtime.block_on(through_the_link(stanzas))));
    }
    println!("plain 64 KiB writes   {raw:>12.0} stanzas/s");
    println!("outbox and writer     {linked:>12.0} stanzas/s");
    println!("ratio                 {:>12.2}", linked / raw);
}

fn rate(stanzas: usize, time: Duration) -> f64 {
    stanzas as f64 / time.as_secs_f64()
}

/// A groupchat message that is [`STANZA_BYTES`] on the wire for each recipient.
fn broadcast() -> Outgoing {
    let to: Vec<Jid> = (0..RECIPIENTS)
        .map(|i| Jid::parse(&format!("user{i:04}@example.org/client")).expect("a jid"))
        .collect();
    let message = |body: usize| {
        let text = format!(
            "<message xmlns='jabber:client' type='groupchat' id='0190d3a2' from='room@rooms.example.org/nick'>\
             <body>{}</body><occupant-id xmlns='urn:xmpp:occupant-id:0' id='4f1c'/></message>",
            "x".repeat(body)
        );
        Template::new(&text.parse().expect("xml"))
    };
    let bare = Outgoing { stanza: message(1), to: Recipients::One(to[0].clone()) };
    let stanza = message(STANZA_BYTES + 1 - bare.wire_bytes());
    Outgoing { stanza, to: Recipients::many(to) }
}

/// Takes a component in and reads `bytes` of stanzas; gives the time of the last one.
fn sink(listener: TcpListener, bytes: usize) -> JoinHandle<Instant> {
    std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().expect("a connection");
        let mut chunk = vec![0; 256 * 1024];
        let mut heard = Vec::new();
        while !heard.ends_with(b"'bench'>") {
            let read = socket.read(&mut chunk).expect("a header");
            heard.extend_from_slice(&chunk[..read]);
        }
        socket
            .write_all(
                b"<stream:stream xmlns='jabber:component:accept' \
                  xmlns:stream='http://etherx.jabber.org/streams' id='1'>",
            )
            .expect("written");
        while !heard.ends_with(b"</handshake>") {
            let read = socket.read(&mut chunk).expect("a handshake");
            heard.extend_from_slice(&chunk[..read]);
        }
        socket.write_all(b"<handshake/>").expect("written");
        read_to(&mut socket, &mut chunk, bytes)
    })
}

fn read_to(socket: &mut TcpStream, chunk: &mut [u8], bytes: usize) -> Instant {
    let mut total = 0;
    while total < bytes {
        let read = socket.read(chunk).expect("bytes");
        assert!(read > 0, "closed after {total} of {bytes} bytes");
        total += read;
    }
    Instant::now()
}

async fn through_the_link(stanzas: usize) -> Duration {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let server = listener.local_addr().expect("bound").to_string();
    let sink = sink(listener, stanzas * STANZA_BYTES);
    let limits =
        Limits { stanza_bytes_max: 1024 * 1024, depth_max: 64, attributes_max: 128, elements_max: 10_000 };
    let settings = LinkSettings {
        domain: "bench".to_owned(),
        server,
        secret: Secret::new("secret"),
        limits,
        times: Times::default(),
    };
    let (outbox, outlet) = outbox(QUEUE_BYTES_MAX);
    let (stop, stopped) = watch::channel(link::Stage::Run);
    let running = tokio::spawn(link::run(settings, outlet, Arc::new(Nobody), stopped, None));
    let broadcast = broadcast();
    assert_eq!(broadcast.wire_bytes(), RECIPIENTS * STANZA_BYTES);
    let lane = Lane::of_answers(&BareJid::parse("bench").expect("a jid"));
    let started = Instant::now();
    for _ in 0..stanzas / RECIPIENTS {
        outbox.send(lane, broadcast.clone()).await;
    }
    outbox.drained().await;
    let ended = sink.join().expect("no panic");
    stop.send_replace(link::Stage::Stop);
    running.await.expect("no panic").expect("no error");
    ended - started
}

async fn plain_writes(stanzas: usize) -> Duration {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    let bytes = stanzas * STANZA_BYTES;
    let sink = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().expect("a connection");
        read_to(&mut socket, &mut vec![0; 256 * 1024], bytes)
    });
    let mut socket = tokio::net::TcpStream::connect(address).await.expect("connected");
    socket.set_nodelay(true).expect("set");
    let piece = vec![b'x'; 64 * 1024];
    let started = Instant::now();
    let mut left = bytes;
    while left > 0 {
        let size = left.min(piece.len());
        socket.write_all(&piece[..size]).await.expect("written");
        left -= size;
    }
    let ended = tokio::task::spawn_blocking(|| sink.join().expect("no panic")).await.expect("no panic");
    ended - started
}
