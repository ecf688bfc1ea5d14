//! What the fuzz targets share: reading back what was written, and a room whose every step is checked.

pub mod action;
mod disk;
pub mod world;

use conclave::wire::stream::{Limits, Output, StreamReader};
use minidom::Element;

/// The opening tag of a component stream, as a server sends it.
pub const OPEN: &[u8] = b"<stream:stream xmlns='jabber:component:accept' \
    xmlns:stream='http://etherx.jabber.org/streams' id='1' from='muc.example'>";

/// Bounds that nothing which was read within the usual ones exceeds when it is written.
pub const WIDE: Limits = Limits {
    stanza_bytes_max: 64 * 1024 * 1024,
    depth_max: 512,
    attributes_max: 4096,
    elements_max: 1_000_000,
};

/// The stanzas in `bytes`, which stand inside a stream and must be read to their end.
///
/// # Panics
/// When `bytes` are anything but whole stanzas.
pub fn stanzas(bytes: &[u8]) -> Vec<Element> {
    let mut reader = StreamReader::new(WIDE);
    let mut out = Vec::new();
    for part in [OPEN, bytes] {
        reader.feed(part, &mut out).unwrap_or_else(|fault| {
            panic!("{fault:?} in our own output {:?}", String::from_utf8_lossy(bytes))
        });
    }
    assert!(reader.at_boundary(), "a stanza is cut: {:?}", String::from_utf8_lossy(bytes));
    out.into_iter()
        .skip(1)
        .map(|output| match output {
            Output::Stanza(stanza, _) => stanza,
            other => panic!("{other:?} in our own output {:?}", String::from_utf8_lossy(bytes)),
        })
        .collect()
}
