//! How an archive looks on disk: keys that sort as they are asked for, and versioned records.
//!
//! An archive has a number, which is never given out twice, and each of its messages has a position: its time in
//! microseconds. The parts of a key have fixed lengths, so a range of positions is a range of keys.
//!
//! | keyspace | key | value |
//! |---|---|---|
//! | archives | `a`, archive id | [`Head`] |
//! | archives | `d`, number | an archive that is forgotten and whose messages are still to be freed: from which position |
//! | archives | `g`, number, ordinal | a gap: this message was withdrawn from between others |
//! | archives | `f`; `n` | version of this layout; the next number |
//! | messages | number, position | [`Record`] |
//! | ids | number, hash of the id | position |
//! | index | `s`, number, hash of account and an id that its sender gave, position | nothing |
//! | index | `w`, number, hash of the account or of the occupant's address, position | nothing |
//! | index | `w`, number, hash of the account that everybody could see and of [`SHOWN`], position | nothing |

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::room::archive::{Entry, With};
use crate::store::StoreError;
use crate::store::engine::Table;
use crate::wire::encode;
use crate::wire::jid::BareJid;
use crate::wire::stream;

/// The version of the layout. One that is written by a later version is refused.
pub(in crate::store) const FORMAT: u8 = 1;

/// The version of a message's record.
pub(in crate::store) const RECORD: u8 = 1;

/// Marks what everybody could see. Records of old end without it.
const SHOWN: &str = "shown";

/// Bytes of a hash in a key: as good as unique among the messages of an archive.
const HASH_BYTES: usize = 12;

pub(in crate::store) const FORMAT_KEY: &[u8] = b"f";
pub(in crate::store) const NEXT_KEY: &[u8] = b"n";
pub(in crate::store) const ARCHIVE: u8 = b'a';
pub(in crate::store) const DROPPED: u8 = b'd';

/// What is known of an archive before its messages are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) struct Head {
    pub(in crate::store) number: u64,
    /// No message lies before this position: what was purged there need not be passed again.
    pub(in crate::store) first: u64,
    /// The ordinal of the message there.
    pub(in crate::store) ordinal: u64,
}

impl Head {
    pub(in crate::store) fn encode(self) -> Vec<u8> {
        join(&[&[FORMAT], &bytes(self.number), &bytes(self.first), &bytes(self.ordinal)])
    }

    pub(in crate::store) fn decode(value: &[u8]) -> Option<Self> {
        let [FORMAT, rest @ ..] = value else { return None };
        Some(Self { number: number(rest, 0)?, first: number(rest, 8)?, ordinal: number(rest, 16)? })
    }
}

pub(in crate::store) fn archive_key(id: &str) -> Vec<u8> {
    join(&[&[ARCHIVE], id.as_bytes()])
}

pub(in crate::store) fn dropped_key(archive: u64) -> Vec<u8> {
    join(&[&[DROPPED], &bytes(archive)])
}

pub(in crate::store) fn gap_key(archive: u64, ordinal: u64) -> Vec<u8> {
    join(&[b"g", &bytes(archive), &bytes(ordinal)])
}

pub(in crate::store) fn message_key(archive: u64, position: u64) -> Vec<u8> {
    join(&[&bytes(archive), &bytes(position)])
}

pub(in crate::store) fn id_key(archive: u64, id: &str) -> Vec<u8> {
    join(&[&bytes(archive), &hash(&[id])])
}

/// The key of an id that the sender gave, at one position.
pub(in crate::store) fn said_key(archive: u64, account: &BareJid, id: &str, position: u64) -> Vec<u8> {
    join(&[b"s", &bytes(archive), &hash(&[account.as_str(), id]), &bytes(position)])
}

/// The key by which a sender's message is found, at one position.
pub(in crate::store) fn with_key(archive: u64, with: &With, position: u64) -> Vec<u8> {
    let sender = match with {
        With::Account(account) => hash(&[account.as_str()]),
        With::Shown(account) => hash(&[account.as_str(), SHOWN]),
        // An account has no resource, and an occupant has one: they are told apart.
        With::Occupant(jid) => hash(&[jid.as_str()]),
    };
    join(&[b"w", &bytes(archive), &sender, &bytes(position)])
}

/// All keys that lead to a message.
pub(in crate::store) fn index_keys(archive: u64, position: u64, entry: &Entry) -> Vec<(Table, Vec<u8>)> {
    let mut keys = vec![(Table::Ids, id_key(archive, &entry.id))];
    if let Some(account) = &entry.account {
        let shown = entry.shown.then(|| With::Shown(account.clone()));
        for with in [Some(With::Account(account.clone())), shown].iter().flatten() {
            keys.push((Table::Index, with_key(archive, with, position)));
        }
        keys.extend(entry.said_ids().map(|id| (Table::Index, said_key(archive, account, id, position))));
    }
    let from = entry.message.attr("from").and_then(|from| crate::wire::jid::Jid::parse(from).ok());
    if let Some(from) = from.filter(|from| from.is_full()) {
        keys.push((Table::Index, with_key(archive, &With::Occupant(from), position)));
    }
    keys
}

/// The number that ends a key.
pub(in crate::store) fn last_number(key: &[u8]) -> Option<u64> {
    number(key, key.len().checked_sub(8)?)
}

/// A position of a time: order is kept, also before 1970.
pub(in crate::store) fn position(at: Timestamp) -> u64 {
    at.as_microsecond().cast_unsigned() ^ (1 << 63)
}

/// The position of the first whole microsecond that is not before `at`.
pub(in crate::store) fn position_from(at: Timestamp) -> u64 {
    let at =
        at.round(jiff::TimestampRound::new().smallest(jiff::Unit::Microsecond).mode(jiff::RoundMode::Ceil));
    at.map_or(u64::MAX, position)
}

pub(in crate::store) fn time(position: u64) -> Option<Timestamp> {
    Timestamp::from_microsecond((position ^ (1 << 63)).cast_signed()).ok()
}

/// How many messages the archive had before this one; told without reading the rest of the record.
pub(in crate::store) fn ordinal(value: &[u8]) -> Option<u64> {
    match value {
        [RECORD, rest @ ..] => number(rest, 0),
        _ => None,
    }
}

/// A message as it is stored: version, ordinal, then id, account, message and original, each with its length; at the
/// end [`SHOWN`] if everybody could see whose it was.
pub(in crate::store) fn encode(ordinal: u64, entry: &Entry) -> Vec<u8> {
    let message = encode::standalone(&entry.message);
    let original = entry.original.as_ref().map(encode::standalone).unwrap_or_default();
    let account = entry.account.as_ref().map_or("", BareJid::as_str);
    let mut value = Vec::with_capacity(32 + entry.id.len() + account.len() + message.len() + original.len());
    value.push(RECORD);
    value.extend_from_slice(&bytes(ordinal));
    for text in [entry.id.as_str(), account, &message, &original] {
        // A stanza has its bound far below 4 GiB.
        value.extend_from_slice(&(text.len() as u32).to_be_bytes());
        value.extend_from_slice(text.as_bytes());
    }
    if entry.shown {
        value.extend_from_slice(SHOWN.as_bytes());
    }
    value
}

#[cfg(test)]
thread_local! {
    /// How many records this thread has decoded.
    pub(in crate::store) static DECODED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// Takes a text from the beginning of `rest`.
fn text<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    let (length, after) = rest.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let (text, after) = after.split_at_checked(length)?;
    *rest = after;
    std::str::from_utf8(text).ok()
}

/// Who sent the message of a record, if it was an account. The message itself is not read.
pub(super) fn sender(value: &[u8]) -> Option<BareJid> {
    let mut rest = value.get(9..)?;
    let (_id, account) = (text(&mut rest)?, text(&mut rest)?);
    BareJid::parse(account).ok()
}

/// The message at `position`, or what is wrong with its record.
pub(in crate::store) fn decode(key: &[u8], value: &[u8]) -> Result<Entry, StoreError> {
    #[cfg(test)]
    DECODED.set(DECODED.get() + 1);
    let damaged = |reason: &str| StoreError::Corrupt {
        key: format!("archive message {}", crate::wire::hex::hex(key)),
        reason: reason.to_owned(),
    };
    if ordinal(value).is_none() {
        return Err(damaged("of no known version"));
    }
    let mut rest = &value[9..];
    let texts = (text(&mut rest), text(&mut rest), text(&mut rest), text(&mut rest));
    let (Some(id), Some(account), Some(message), Some(original)) = texts else {
        return Err(damaged("too short"));
    };
    let account = match account {
        "" => None,
        account => Some(BareJid::parse(account).map_err(|_| damaged("its sender is no address"))?),
    };
    let xml = |text: &str| stream::read(text).map_err(|_| damaged("it is no XML"));
    Ok(Entry {
        id: id.to_owned(),
        at: last_number(key).and_then(time).ok_or_else(|| damaged("its time cannot be"))?,
        account,
        shown: rest == SHOWN.as_bytes(),
        message: xml(message)?,
        original: if original.is_empty() { None } else { Some(xml(original)?) },
    })
}

pub(in crate::store) fn bytes(number: u64) -> [u8; 8] {
    number.to_be_bytes()
}

/// The number in `value` at `at`.
pub(in crate::store) fn number(value: &[u8], at: usize) -> Option<u64> {
    value.get(at..)?.first_chunk().map(|bytes| u64::from_be_bytes(*bytes))
}

fn hash(texts: &[&str]) -> [u8; HASH_BYTES] {
    let mut hash = Sha256::new();
    for text in texts {
        // No address holds a zero byte.
        hash = hash.chain_update(text.as_bytes()).chain_update([0]);
    }
    let whole: [u8; 32] = hash.finalize().into();
    *whole.first_chunk().expect("a hash of 32 bytes")
}

fn join(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whether_everybody_saw_the_sender_is_at_the_end_of_a_record_and_was_not_in_those_of_old() {
        let message = "<message xmlns='jabber:client' from='r@muc.example/n' type='groupchat'/>";
        let entry = |shown| Entry {
            id: "id".to_owned(),
            at: Timestamp::UNIX_EPOCH,
            account: BareJid::parse("a@example").ok(),
            shown,
            message: message.parse().expect("xml"),
            original: None,
        };
        let key = message_key(1, position(Timestamp::UNIX_EPOCH));
        let (hidden, shown) = (encode(0, &entry(false)), encode(0, &entry(true)));
        assert_eq!(shown, [&hidden[..], b"shown"].concat());
        assert_eq!(decode(&key, &hidden).expect("a message"), entry(false));
        assert_eq!(decode(&key, &shown).expect("a message"), entry(true));
        let found_by = |shown| index_keys(1, 1, &entry(shown)).len();
        assert_eq!(found_by(true), found_by(false) + 1);
    }
}
