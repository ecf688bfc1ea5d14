//! Bytes from a disk: read or turned down; what was read is written as it was read, and a room of it can be used.
#![no_main]

use std::collections::BTreeMap;

use conclave::room::state::State;
use conclave::store::record::{decode_affiliated, decode_room, encode_affiliated, encode_room};
use conclave::wire::jid::BareJid;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let key = &data[..data.len().min(9)];
    if let Ok(value) = decode_affiliated(key, data) {
        assert_eq!(decode_affiliated(key, &encode_affiliated(&value)).expect("just written"), value);
    }
    match decode_room(key, data) {
        Err(damage) => {
            let line = damage.to_string();
            assert!(!line.contains(char::is_control), "a line for the log: {line:?}");
        }
        Ok(record) => {
            assert_eq!(decode_room(key, &encode_room(&record)).expect("just written"), record);
            let owner = BareJid::parse("owner@example").expect("an address");
            let owned = decode_affiliated(b"", b"\x01{\"affiliation\":\"owner\"}").expect("a record");
            let affiliations = BTreeMap::from([(owner, owned)]);
            conclave_fuzz::world::visit(State { record, affiliations, vcard: None });
        }
    }
});
