//! How fast stanzas are read, on one core and without a socket.
//!
//! `cargo bench --profile quick --bench reading`

use std::hint::black_box;
use std::time::Instant;

use conclave::wire::stream::{Limits, StreamReader};

const STANZAS: usize = 200_000;
const ROUNDS: usize = 5;

const HEADER: &str = "<stream:stream xmlns='jabber:component:accept' \
    xmlns:stream='http://etherx.jabber.org/streams' id='1' from='rooms.example.org'>";

const KINDS: [(&str, &str); 3] = [
    (
        "groupchat message",
        "<message to='room@rooms.example.org' from='user@example.org/client' type='groupchat' id='0190d3a2' \
         xml:lang='en'><body>Good morning &amp; welcome, how is everybody today?</body></message>",
    ),
    (
        "join",
        "<presence to='room@rooms.example.org/nick' from='user@example.org/client' id='1' xml:lang='en'>\
         <x xmlns='http://jabber.org/protocol/muc'><history maxstanzas='20'/></x>\
         <c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='https://client.example' ver='abc='/>\
         </presence>",
    ),
    (
        "ping",
        "<iq to='room@rooms.example.org/nick' from='user@example.org/client' type='get' id='1'>\
         <ping xmlns='urn:xmpp:ping'/></iq>",
    ),
];

fn main() {
    // `cargo test --all-targets` runs this too, and only wants to see it run.
    let stanzas = if std::env::args().any(|arg| arg == "--bench") { STANZAS } else { 100 };
    for (name, stanza) in KINDS {
        let bytes = stanza.repeat(stanzas).into_bytes();
        let best = (0..ROUNDS).map(|_| round(&bytes, stanzas)).fold(0.0, f64::max);
        println!("{name:<18} {:>4} bytes {best:>10.0} stanzas/s", stanza.len());
    }
}

fn round(bytes: &[u8], stanzas: usize) -> f64 {
    let limits =
        Limits { stanza_bytes_max: 1024 * 1024, depth_max: 64, attributes_max: 128, elements_max: 10_000 };
    let mut reader = StreamReader::new(limits);
    let mut out = Vec::new();
    reader.feed(HEADER.as_bytes(), &mut out).expect("a header");
    let mut count = 0;
    let started = Instant::now();
    for chunk in bytes.chunks(64 * 1024) {
        out.clear();
        reader.feed(chunk, &mut out).expect("well-formed");
        count += black_box(&out).len();
    }
    let seconds = started.elapsed().as_secs_f64();
    assert_eq!(count, stanzas);
    stanzas as f64 / seconds
}
