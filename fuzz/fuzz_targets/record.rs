//! Bytes from a disk: read or turned down; what was read is written as it was read, and a room of it can be used.
#![no_main]

use conclave::room::state::State;
use conclave::store::StoreError;
use conclave::store::embedded::messages::{decode_message, encode_message};
use conclave::store::occupant::{decode_occupant, encode_occupant};
use conclave::store::record::{
    decode_affiliated, decode_room, decode_vcard, encode_affiliated, encode_room, encode_vcard,
};
use conclave::wire::jid::BareJid;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let key = &data[..data.len().min(9)];
    if let Ok(value) = decode_affiliated(key, data) {
        assert_eq!(decode_affiliated(key, &encode_affiliated(&value)).expect("just written"), value);
    }
    match decode_occupant(key, data) {
        Err(damage) => is_a_line(&damage),
        Ok(stored) => {
            let bytes = encode_occupant(&stored);
            let again = decode_occupant(key, &bytes).expect("just written");
            assert_eq!(encode_occupant(&again), bytes);
            assert_eq!(again.occupant.sessions.len(), stored.occupant.sessions.len());
        }
    }
    match decode_vcard(key, data) {
        Err(damage) => is_a_line(&damage),
        Ok(vcard) => assert_eq!(decode_vcard(key, &encode_vcard(&vcard)).expect("just written"), vcard),
    }
    message(data);
    match decode_room(key, data) {
        Err(damage) => is_a_line(&damage),
        Ok(record) => {
            assert_eq!(decode_room(key, &encode_room(&record)).expect("just written"), record);
            let owner = BareJid::parse("owner@example").expect("an address");
            let owned = decode_affiliated(b"", b"\x01{\"affiliation\":\"owner\"}").expect("a record");
            let affiliations = [(owner, owned)].into_iter().collect();
            conclave_fuzz::world::visit(State { record, affiliations, vcard: None });
        }
    }
});

/// An archived message: its time, then its record.
fn message(data: &[u8]) {
    let Some((time, record)) = data.split_first_chunk::<8>() else { return };
    let key = [&[0; 8], &time[..]].concat();
    match decode_message(&key, record) {
        Err(damage) => is_a_line(&damage),
        Ok((ordinal, entry)) => {
            let read = decode_message(&key, &encode_message(ordinal, &entry)).expect("just written");
            assert_eq!(read, (ordinal, entry));
        }
    }
}

fn is_a_line(damage: &StoreError) {
    let line = damage.to_string();
    assert!(!line.contains(char::is_control), "a line for the log: {line:?}");
}
