//! What is written is read back by the same limits: whatever the stream lets in.

use std::sync::Arc;

use conclave::room::nick::Nick;
use conclave::room::roster::{Occupant, Said, Session};
use conclave::room::vcard::Vcard;
use conclave::room::write::StoredOccupant;
use conclave::store::occupant::{decode_occupant, encode_occupant};
use conclave::store::record::{decode_vcard, encode_vcard};
use conclave::wire::build::{lang, set_attr};
use conclave::wire::jid::{BareJid, Jid};
use conclave::wire::muc::Affiliation;
use conclave::wire::muc::Role;
use conclave::wire::stream::Limits;
use conclave::wire::{encode, ns, stream};
use minidom::Element;
use proptest::prelude::*;

use crate::stream::{USUAL, read};
use crate::xml::stanza;

/// A stanza as the stream lets it in, with an attribute of so many bytes on it and on each of its children.
fn let_in(mut stanza: Element, bytes: usize) -> Element {
    let long = "ä'\n".chars().cycle().take(bytes).collect::<String>();
    set_attr(&mut stanza, "id", &long);
    for child in stanza.children_mut() {
        set_attr(child, "k", &long);
    }
    let limits = Limits { stanza_bytes_max: 4 << 20, ..USUAL };
    let (mut out, result) = read(limits, encode::element(&stanza).as_bytes(), &[usize::MAX]);
    assert_eq!(result, Ok(()));
    match out.pop() {
        Some(stream::Output::Stanza(stanza, _)) => stanza,
        other => panic!("not let in: {other:?}"),
    }
}

/// An occupant who said this.
fn occupant(stanza: &Element) -> StoredOccupant {
    let jid = Jid::parse("romeo@example/pc").expect("an address");
    let said = Said::new(lang(stanza), stanza.children());
    let session = |jid| Session { jid, presence: Arc::new(said), follows: false, proof: 0 };
    let occupant = Occupant {
        nick: Nick::trusted("Romeo"),
        account: BareJid::parse("romeo@example").expect("an address"),
        id: "".into(),
        role: Role::Participant,
        quiet: false,
        heard: false,
        sessions: vec![session(jid)],
    };
    StoredOccupant { occupant: Arc::new(occupant), affiliation: Affiliation::Member, hidden: false, turn: 0 }
}

fn vcard(stanza: &Element) -> Option<Vcard> {
    let mut card = Element::bare("vCard", ns::VCARD);
    stanza.children().for_each(|child| {
        card.append_child(child.clone());
    });
    Vcard::read(&card).expect("no picture in it")
}

proptest! {
    #![proptest_config(crate::cases(100))]

    #[test]
    fn what_the_stream_lets_in_is_read_back_as_it_was(
        stanza in stanza(),
        bytes in prop_oneof![0..50usize, 8_000..9_000usize, 30_000..40_000usize],
    ) {
        let stanza = let_in(stanza, bytes);
        // As a message in the archive.
        prop_assert_eq!(&stream::read(&encode::standalone(&stanza)).expect("just written"), &stanza);
        let occupant = occupant(&stanza);
        prop_assert_eq!(decode_occupant(b"k", &encode_occupant(&occupant)).expect("just written"), occupant);
        if let Some(vcard) = vcard(&stanza) {
            prop_assert_eq!(decode_vcard(b"k", &encode_vcard(&vcard)).expect("just written"), vcard);
        }
    }

    #[test]
    fn what_is_no_whole_element_is_said_to_be_none(stanza in stanza(), cut in any::<prop::sample::Index>()) {
        let text = encode::standalone(&stanza);
        let cut = (0..=cut.index(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        prop_assert!(stream::read(&text[..cut]).is_err());
        prop_assert!(stream::read(&(text.clone() + &text)).is_err());
        prop_assert!(stream::read(&("x".to_owned() + &text)).is_err());
    }
}

#[test]
fn a_stream_error_among_what_was_said_is_no_error_of_the_store() {
    let error = "<error xmlns='http://etherx.jabber.org/streams'><conflict/></error>";
    assert_eq!(stream::read(error).expect("an element").name(), "error");
    let deep = |levels| format!("{}{}", "<a xmlns='u'>".repeat(levels), "</a>".repeat(levels));
    assert!(stream::read(&deep(512)).is_ok());
    assert_eq!(stream::read(&deep(100_000)), Err(stream::Unreadable::TooDeep));
}
