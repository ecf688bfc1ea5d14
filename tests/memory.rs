//! What stanzas take in memory, against what they are counted for. Alone in its process, whose memory is looked at.
#![cfg(target_os = "linux")]

use conclave::wire::stream::{Limits, Output, StreamReader};

const OPEN: &str = "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' \
    xmlns:stream='http://etherx.jabber.org/streams' id='1' from='muc.example'>";

/// Memory of this process, in bytes.
fn resident_bytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/statm").expect("Linux tells");
    let pages = status.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok());
    pages.expect("a number of pages") * 4096
}

/// How big a stanza is said to be is near what it takes.
#[test]
fn stanzas_take_the_memory_that_is_counted() {
    let long = "n".repeat(2_000);
    let kinds = [
        "<a/>".repeat(200),
        "<a b=''/>".repeat(200),
        "<a><b><c>text</c></b></a>".repeat(50),
        format!("<a {}/>", (0..100).map(|n| format!("k{n}='{n}' ")).collect::<String>()).repeat(10),
        format!("<p:a xmlns:p='{long}'/>").repeat(50),
        format!("<body>{}</body>", "word ".repeat(8_000)),
        "<a>x</a>".repeat(200),
        format!("<a xml:lang='{long}' b='c'/>").repeat(20),
    ];
    for inside in kinds {
        let text = format!("<message from='a@b/c' to='r@s' id='i'>{inside}</message>");
        let mut reader = StreamReader::new(Limits {
            stanza_bytes_max: 1 << 30,
            depth_max: 64,
            attributes_max: 128,
            elements_max: 10_000,
        });
        let mut out = Vec::new();
        reader.feed(OPEN.as_bytes(), &mut out).expect("a header");
        let mut kept = Vec::with_capacity(100_000);
        let (before, mut counted) = (resident_bytes(), 0);
        while counted < 16 << 20 {
            for chunk in text.as_bytes().chunks(1_000) {
                reader.feed(chunk, &mut kept).expect("well-formed");
            }
            if let Some(Output::Stanza(_, size)) = kept.last() {
                counted += size;
            }
        }
        let taken = resident_bytes() - before;
        // What is given back would serve the next kind, and not be seen.
        std::mem::forget(kept);
        let percent = taken * 100 / counted;
        assert!(
            (75..=105).contains(&percent),
            "{}: {percent} percent of {counted}",
            &inside[..20.min(inside.len())]
        );
    }
}
