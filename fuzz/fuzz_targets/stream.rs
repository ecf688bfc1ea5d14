//! Bytes as a server might send them. Wherever they are cut, the same stanzas come out, and what comes out can be
//! written and read again, from the wire and from the disk.
//!
//! The first byte chooses limits and whether a header stands before; the second how the bytes are cut.
#![no_main]

use conclave::wire::build::{Build, el};
use conclave::wire::encode;
use conclave::wire::ns;
use conclave::wire::stream::{Limits, Output, StreamFault, StreamReader};
use conclave_fuzz::{OPEN, stanzas};
use libfuzzer_sys::fuzz_target;
use minidom::Element;

const NARROW: Limits = Limits { stanza_bytes_max: 400, depth_max: 5, attributes_max: 5, elements_max: 12 };
const USUAL: Limits =
    Limits { stanza_bytes_max: 65536, depth_max: 64, attributes_max: 128, elements_max: 10_000 };

fn read(limits: Limits, headed: bool, bytes: &[u8], sizes: u8) -> (Vec<Output>, Result<(), StreamFault>) {
    let mut reader = StreamReader::new(limits);
    let mut out = Vec::new();
    if headed {
        reader.feed(OPEN, &mut out).expect("a header");
    }
    // Whatever is under way at the end comes to its own end, so that what is wrong with it shows.
    let bytes = [bytes, b"<iq/>'><iq/>\"><iq/>"].concat();
    let (mut rest, mut step, mut result) = (bytes.as_slice(), usize::from(sizes), Ok(()));
    while !rest.is_empty() && result.is_ok() {
        step = (step * 5 + 3) % 31;
        let (chunk, left) = rest.split_at(if sizes == 0 { rest.len() } else { (step + 1).min(rest.len()) });
        result = reader.feed(chunk, &mut out);
        rest = left;
    }
    (out, result)
}

fuzz_target!(|data: &[u8]| {
    let [choice, sizes, bytes @ ..] = data else { return };
    let limits = if choice & 1 == 0 { NARROW } else { USUAL };
    let whole = read(limits, choice & 2 == 0, bytes, 0);
    let cut = read(limits, choice & 2 == 0, bytes, (*sizes).max(1));
    // Of two things wrong side by side, either may be seen first.
    assert_eq!((&cut.0, cut.1.is_ok()), (&whole.0, whole.1.is_ok()));
    for output in whole.0 {
        let Output::Stanza(stanza, _) = output else { continue };
        for child in stanza.children() {
            // As it would be kept on the disk.
            let kept: Element = encode::standalone(child).parse().expect("just written");
            assert_eq!(&kept, child);
        }
        // Any top-level element is handed out, but only stanzas are ever sent: others go inside one.
        let sent = if stanza.has_ns(ns::CLIENT) { stanza } else { el("message", ns::CLIENT).child(stanza) };
        assert_eq!(stanzas(encode::element(&sent).as_bytes()), [sent]);
    }
});
