//! The reader of XML streams under any cuts, in skip mode, at its limits.

use conclave::wire::stream::{Excess, Limits, Output, StreamFault, StreamReader};
use conclave::wire::{encode, size};
use minidom::Element;
use proptest::prelude::*;

use crate::xml::{OPEN, stanza, tree};

pub(crate) const USUAL: Limits =
    Limits { stanza_bytes_max: 1 << 20, depth_max: 64, attributes_max: 128, elements_max: 10_000 };

type Read = (Vec<Output>, Result<(), StreamFault>);

/// Reads `text` behind a header, cut into pieces of these sizes over and over.
pub(crate) fn read(limits: Limits, text: &[u8], sizes: &[usize]) -> Read {
    let mut reader = StreamReader::new(limits);
    let mut out = Vec::new();
    reader.feed(OPEN.as_bytes(), &mut out).expect("a header");
    let (mut rest, mut result) = (text, Ok(()));
    for size in sizes.iter().cycle() {
        if rest.is_empty() || result.is_err() {
            break;
        }
        let (chunk, left) = rest.split_at((*size).min(rest.len()));
        result = reader.feed(chunk, &mut out);
        rest = left;
    }
    (out, result)
}

/// Limits that let the header pass.
fn limits() -> impl Strategy<Value = Limits> {
    (OPEN.len()..9_000, 1..7usize, 4..8usize, 1..12usize).prop_map(
        |(stanza_bytes_max, depth_max, attributes_max, elements_max)| Limits {
            stanza_bytes_max,
            depth_max,
            attributes_max,
            elements_max,
        },
    )
}

/// Depth and number of elements, and the most attributes on one of them.
fn measure(element: &Element) -> (usize, usize, usize) {
    element
        .children()
        .map(measure)
        .fold((1, 1, element.attrs().iter().count()), |(deep, all, attributes), inner| {
            (deep.max(inner.0 + 1), all + inner.1, attributes.max(inner.2))
        })
}

#[test]
fn a_cut_anywhere_in_characters_references_and_sections_makes_no_difference() {
    // Characters of two, three and four bytes; references in text and in attributes; CDATA; a declaration of a prefix.
    let text = "<message xmlns:p='urn:é' p:k='ß€🦊&#x1F98A;&lt;&#10;' to='a@b' id='é' type='chat'><body>ß€🦊&amp;&#x1F98A;&#233;\
                <![CDATA[<ß]]&amp;]]]>]]&gt;\r\n\r</body><p:é/></message> <iq/>";
    for limits in [USUAL, Limits { stanza_bytes_max: 2_000, ..USUAL }, Limits { attributes_max: 4, ..USUAL }]
    {
        let whole = read(limits, text.as_bytes(), &[usize::MAX]);
        assert_eq!((whole.0.len(), &whole.1), (3, &Ok(())), "a header and two stanzas");
        for cut in 1..text.len() {
            assert_eq!(read(limits, text.as_bytes(), &[cut, usize::MAX]), whole, "cut at {cut}");
        }
        for size in 1..7 {
            assert_eq!(read(limits, text.as_bytes(), &[size]), whole, "pieces of {size}");
        }
    }
}

proptest! {
    #![proptest_config(crate::cases(400))]

    #[test]
    fn whatever_the_limits_every_stanza_is_read_or_skipped_and_nothing_behind_it_is_lost(
        stanzas in prop::collection::vec(stanza(), 1..4),
        limits in limits(),
        sizes in prop::collection::vec(1..60usize, 1..6),
    ) {
        let text: String = stanzas.iter().map(|s| encode::element(s) + " \n").collect();
        let whole = read(limits, text.as_bytes(), &[usize::MAX]);
        prop_assert_eq!(&read(limits, text.as_bytes(), &sizes), &whole);
        prop_assert_eq!(&whole.1, &Ok(()));
        prop_assert_eq!(whole.0.len(), 1 + stanzas.len());
        for (output, sent) in whole.0[1..].iter().zip(&stanzas) {
            match output {
                Output::Stanza(stanza, size) => {
                    prop_assert_eq!(*size, size::of(stanza));
                    prop_assert!(*size <= limits.stanza_bytes_max, "{} bytes", size);
                    let (depth, elements, attributes) = measure(stanza);
                    prop_assert!(depth <= limits.depth_max.max(1), "{} levels", depth);
                    prop_assert!(elements <= limits.elements_max.max(1), "{} elements", elements);
                    prop_assert!(attributes <= limits.attributes_max, "{} attributes", attributes);
                    let bytes = encode::element(sent).len();
                    prop_assert!(bytes <= limits.stanza_bytes_max, "{} bytes", bytes);
                }
                Output::Skipped { head, .. } => prop_assert_eq!(&head.name, sent.name()),
                other => prop_assert!(false, "{:?}", other),
            }
        }
    }

    #[test]
    fn what_keeps_within_the_limits_is_read_and_what_is_one_beyond_is_skipped(stanza in stanza()) {
        let text = encode::element(&stanza);
        let (depth_max, elements_max, _) = measure(&stanza);
        // Declarations count as attributes.
        let attributes_max = text.matches('=').count().max(4);
        let (out, _) = read(USUAL, text.as_bytes(), &[usize::MAX]);
        let [_, Output::Stanza(_, size)] = out[..] else { panic!("{out:?}") };
        let size = size.max(text.len());
        let limits = Limits { stanza_bytes_max: size.max(OPEN.len()), depth_max, elements_max, attributes_max };
        let (out, result) = read(limits, text.as_bytes(), &[5]);
        prop_assert_eq!(result, Ok(()));
        prop_assert!(matches!(out[..], [_, Output::Stanza(..)]), "{:?}", out);
        // A limit of nothing lets the stanza itself pass, and one below the size of the header no stream.
        let beyond = [
            (size > OPEN.len(), Excess::Bytes, Limits { stanza_bytes_max: size - 1, ..limits }),
            (depth_max > 1, Excess::Depth, Limits { depth_max: depth_max - 1, ..limits }),
            (elements_max > 1, Excess::Elements, Limits { elements_max: elements_max - 1, ..limits }),
        ];
        for (_, wanted, limits) in beyond.into_iter().filter(|(applies, ..)| *applies) {
            let (out, result) = read(limits, text.as_bytes(), &[5]);
            prop_assert_eq!(result, Ok(()));
            prop_assert!(matches!(&out[..], [_, Output::Skipped { excess, .. }] if *excess == wanted), "{:?}", out);
        }
    }

    #[test]
    fn broken_streams_end_alike_wherever_they_are_cut(
        tree in tree(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        limits in limits(),
        sizes in prop::collection::vec(1..30usize, 1..6),
    ) {
        let mut bytes = encode::element(&tree).into_bytes();
        for (place, byte) in damage {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        // Whatever is under way at the end comes to its own end, so that what is wrong with it shows.
        bytes.extend_from_slice(b"<iq/>'><iq/>\"><iq/>");
        for limits in [limits, USUAL] {
            let (cut, whole) = (read(limits, &bytes, &sizes), read(limits, &bytes, &[usize::MAX]));
            prop_assert_eq!(cut.0, whole.0);
            // Of two things wrong side by side, either may be seen first.
            prop_assert_eq!(cut.1.is_ok(), whole.1.is_ok());
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused_and_what_is_handed_out_is_bounded_by_them(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        limits in limits(),
    ) {
        let (out, result) = read(limits, &bytes, &[7]);
        prop_assert!(result.is_err() || out.len() <= 1 + bytes.len());
        let handed: usize = out[1..].iter().map(|output| format!("{output:?}").len()).sum();
        prop_assert!(handed <= 400 * (bytes.len() + 1), "{} bytes from {}", handed, bytes.len());
    }
}

/// Memory of this process, in bytes.
#[cfg(target_os = "linux")]
fn resident_bytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/statm").expect("Linux tells");
    let pages = status.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok());
    pages.expect("a number of pages") * 4096
}

/// Whatever comes without an end, the reader holds no more than a few times the largest stanza.
#[test]
#[cfg(target_os = "linux")]
fn endless_stanzas_cost_bounded_memory() {
    const FED_BYTES: usize = 16 * 1024 * 1024;
    // A name for each of a million open elements, besides what the stanza itself may have.
    const GROWTH_BYTES_MAX: usize = 64 * 1024 * 1024;
    let limits = Limits { stanza_bytes_max: 64 * 1024, ..USUAL };
    let endless: [(&str, &str); 5] = [
        ("<iq id='text'>", "some text and then some more text "),
        ("<iq id='siblings'>", "<a b='c'/><d>e</d>"),
        ("<iq id='nested'>", "<a><b></b>"),
        ("<iq id='attributes' k='", "0123456789abcdef"),
        ("<iq id='sections'>", "<![CDATA[&&&&&&&&&&&&&&&&]]>&lt;&#10;"),
    ];
    for (start, more) in endless {
        let chunk = more.repeat(64 * 1024 / more.len());
        let mut reader = StreamReader::new(limits);
        let mut out = Vec::new();
        reader.feed(OPEN.as_bytes(), &mut out).expect("a header");
        reader.feed(start.as_bytes(), &mut out).expect("a start tag");
        let before = resident_bytes();
        let (mut most, mut fed) = (before, 0);
        while fed < FED_BYTES && reader.feed(chunk.as_bytes(), &mut out).is_ok() {
            fed += chunk.len();
            most = most.max(resident_bytes());
        }
        assert_eq!(out.len(), 1, "{start}: the header only");
        assert!(
            most - before < GROWTH_BYTES_MAX,
            "{start}: {} KiB more after {fed} bytes",
            (most - before) / 1024
        );
    }
}
