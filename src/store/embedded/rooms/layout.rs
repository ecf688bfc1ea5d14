//! Keys and values, the same for every store that keeps bytes.
//!
//! What is known of a room without loading it lies under the room's address and a zero byte. All else of the room lies
//! under its address, a zero byte, a letter that says what it is, and a name; occupants have a table of their own. No address
//! holds a zero byte: one room's are exactly the keys that begin with [`prefix`].
//!
//! A page of the database holds some twenty values and must stay small, or it becomes a file of its own that is not removed
//! when it is replaced. So a long name is a hash in the key and in full before the value, and a long value is cut in pieces:
//! the further ones have the key of the first, a zero byte and a number.

use std::borrow::Cow;
use std::iter::Peekable;

use sha2::{Digest, Sha256};

use super::record::corrupt;
use crate::store::StoreError;
use crate::wire::hex::hex;
use crate::wire::jid::BareJid;

/// Longest name in a key, and largest piece of a value: twenty of them, with their keys, are less than the 128 KiB above
/// which the database makes a file of a page.
const NAME_BYTES_MAX: usize = 128;
const PIECE_BYTES_MAX: usize = 4000;

/// A presence larger than this has another kind than the others: they lie apart, so that a change of a small one never has the
/// database write a page of large ones.
pub(in crate::store) const SHORT_BYTES_MAX: usize = 1000;

/// How a value begins that is cut in pieces or has its name before it; no record's version is this.
const FRAME: u8 = 0xff;

/// How the hash of a long name begins; no address and no text in XML has this character.
const HASHED: char = '\u{1}';

/// What a value is; the letter in its key.
pub(in crate::store) mod kind {
    pub(in crate::store) const AFFILIATION: u8 = b'a';
    pub(in crate::store) const CONFIG: u8 = b'c';
    pub(in crate::store) const HAT: u8 = b'h';
    pub(in crate::store) const LIFE: u8 = b'l';
    pub(in crate::store) const ACTIVITY: u8 = b'm';
    pub(in crate::store) const NUMBERS: u8 = b'n';
    pub(in crate::store) const LOST: u8 = b'o';
    pub(in crate::store) const OCCUPANT: u8 = b'p';
    pub(in crate::store) const SAID: u8 = b'q';
    pub(in crate::store) const SESSION: u8 = b'r';
    pub(in crate::store) const SUBJECT: u8 = b's';
    pub(in crate::store) const TOKEN: u8 = b't';
    pub(in crate::store) const VCARD: u8 = b'v';
    pub(in crate::store) const WORN: u8 = b'w';
    pub(in crate::store) const VOICE: u8 = b'x';
    pub(in crate::store) const SAID_AT_LENGTH: u8 = b'y';

    /// A kind in words.
    pub(in crate::store) fn word(kind: u8) -> Option<&'static str> {
        Some(match kind {
            AFFILIATION => "affiliation",
            CONFIG => "configuration",
            HAT => "hat",
            LIFE => "beginning",
            ACTIVITY => "activity",
            NUMBERS => "versions",
            LOST => "lost affiliation",
            OCCUPANT => "occupant",
            SAID | SAID_AT_LENGTH => "presence of",
            SESSION => "session",
            SUBJECT => "subject",
            TOKEN => "token",
            VCARD => "vCard",
            WORN => "hats of",
            VOICE => "voice of",
            _ => return None,
        })
    }

    /// Those that a room's record is made of.
    pub(in crate::store) const OF_RECORD: [u8; 10] =
        [CONFIG, HAT, LIFE, ACTIVITY, NUMBERS, LOST, SUBJECT, TOKEN, WORN, VOICE];
}

/// A name as it stands in a key.
fn short(name: &str) -> Cow<'_, str> {
    if name.len() <= NAME_BYTES_MAX && !name.contains(|c: char| c < ' ') {
        return name.into();
    }
    format!("{HASHED}{}", digest(name)).into()
}

/// Stands for a text in a key, so that it cannot be read there.
pub(in crate::store) fn digest(text: &str) -> String {
    hex(&Sha256::digest(text))
}

/// How every key of a room begins; in the table of what is known without loading, the whole key.
pub(in crate::store) fn prefix(room: &BareJid) -> Vec<u8> {
    let mut key = short(room.as_str()).as_bytes().to_vec();
    key.push(0);
    key
}

/// The key of a part of a room.
pub(in crate::store) fn part_key(room: &BareJid, kind: u8, name: &str) -> Vec<u8> {
    let mut key = prefix(room);
    key.push(kind);
    key.extend_from_slice(short(name).as_bytes());
    key
}

/// The key of an occupant.
pub(in crate::store) fn occupant_key(room: &BareJid, nick: &str) -> Vec<u8> {
    part_key(room, kind::OCCUPANT, nick)
}

/// How the keys of the further pieces of the value at `key` begin.
pub(in crate::store) fn pieces_prefix(key: &[u8]) -> Vec<u8> {
    [key, &[0]].concat()
}

/// The keys and values that `content` is kept as at `key`, in which `name` stands.
pub(in crate::store) fn cut(key: Vec<u8>, name: &str, content: Vec<u8>) -> Vec<(Vec<u8>, Vec<u8>)> {
    let hashed = matches!(short(name), Cow::Owned(_));
    if !hashed && content.len() <= PIECE_BYTES_MAX && content.first() != Some(&FRAME) {
        return vec![(key, content)];
    }
    let name = if hashed { name } else { "" };
    let length = |n: usize| u32::try_from(n).expect("far below 4 GiB").to_le_bytes();
    let framed =
        [&[FRAME], &length(name.len())[..], &length(content.len()), name.as_bytes(), &content].concat();
    let pieces = framed.chunks(PIECE_BYTES_MAX).enumerate().map(|(n, piece)| {
        let mut at = key.clone();
        if n > 0 {
            at.push(0);
            at.extend_from_slice(&u16::try_from(n).expect("far below 256 MiB").to_be_bytes());
        }
        (at, piece.to_vec())
    });
    pieces.collect()
}

/// The key of the first piece of the value that the one at `key` is a piece of.
pub(in crate::store) fn first_key(key: &[u8]) -> &[u8] {
    let further = key.len().checked_sub(3).filter(|at| key[*at] == 0 && key[..*at].contains(&0));
    &key[..further.unwrap_or(key.len())]
}

/// The part of a key that names the room.
pub(in crate::store) fn room_part(key: &[u8]) -> &[u8] {
    key.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// What follows the room and the zero byte.
pub(in crate::store) fn own_part(key: &[u8]) -> &[u8] {
    key.get(room_part(key).len() + 1..).unwrap_or_default()
}

/// Kind and name in the key of a part.
pub(in crate::store) fn kind_and_name(key: &[u8]) -> (u8, &[u8]) {
    own_part(key).split_first().map_or((0, &[]), |(kind, name)| (*kind, name))
}

/// A value put together from its pieces.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::store) struct Value {
    pub(in crate::store) content: Vec<u8>,
    /// In full, if the key has its hash.
    pub(in crate::store) name: Option<String>,
}

impl Value {
    /// The text that stands as `part` in the key: a name, or the hash of one.
    pub(in crate::store) fn name<'a>(&'a self, key: &[u8], part: &'a [u8]) -> Result<&'a str, StoreError> {
        let text = std::str::from_utf8(part).map_err(|e| corrupt(key, e.to_string()))?;
        if !text.starts_with(HASHED) {
            return Ok(text);
        }
        let name = self.name.as_deref().filter(|name| short(name) == text);
        name.ok_or_else(|| corrupt(key, "its name is missing".to_owned()))
    }
}

/// Puts values together. Takes pairs in the order of their keys; gives the key of each value, and the value unless it is
/// damaged.
pub(in crate::store) fn values<K: AsRef<[u8]>, V: AsRef<[u8]>>(
    pairs: impl Iterator<Item = Result<(K, V), StoreError>>,
) -> impl Iterator<Item = Result<(Vec<u8>, Result<Value, StoreError>), StoreError>> {
    let mut pairs = pairs.peekable();
    std::iter::from_fn(move || match pairs.next()? {
        Ok((key, first)) => Some(Ok(value(key.as_ref().to_vec(), first.as_ref(), &mut pairs))),
        Err(e) => Some(Err(e)),
    })
}

fn value<K: AsRef<[u8]>, V: AsRef<[u8]>>(
    key: Vec<u8>,
    first: &[u8],
    pairs: &mut Peekable<impl Iterator<Item = Result<(K, V), StoreError>>>,
) -> (Vec<u8>, Result<Value, StoreError>) {
    let base = first_key(&key).to_vec();
    let mut bytes = first.to_vec();
    let (mut whole, mut next) = (base.len() == key.len(), 1_u16);
    let is_piece = |other: &[u8]| other.len() == base.len() + 3 && first_key(other) == base;
    while let Some(Ok((piece, more))) =
        pairs.next_if(|pair| pair.as_ref().is_ok_and(|(other, _)| is_piece(other.as_ref())))
    {
        whole &= piece.as_ref()[base.len() + 1..] == next.to_be_bytes();
        bytes.extend_from_slice(more.as_ref());
        next = next.saturating_add(1);
    }
    let read = if whole { framed(bytes, next > 1) } else { None };
    let missing = || corrupt(&base, "a piece of it is missing".to_owned());
    (base.clone(), read.ok_or_else(missing))
}

/// The value in the bytes of its pieces; `None` if they are not all of it.
fn framed(bytes: Vec<u8>, in_pieces: bool) -> Option<Value> {
    let Some(rest) = bytes.strip_prefix(&[FRAME]) else {
        return (!in_pieces).then_some(Value { content: bytes, name: None });
    };
    let (name, rest) = rest.split_first_chunk::<4>()?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let size = |bytes: &[u8; 4]| usize::try_from(u32::from_le_bytes(*bytes)).ok();
    let (name, content) = rest.split_at_checked(size(name)?)?;
    let name = (!name.is_empty()).then(|| String::from_utf8(name.to_vec())).transpose().ok()?;
    (content.len() == size(length)?).then(|| Value { content: content.to_vec(), name })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn room() -> BareJid {
        BareJid::parse("coven@muc.example").expect("an address")
    }

    fn read(pairs: &[(Vec<u8>, Vec<u8>)]) -> Vec<(Vec<u8>, Result<Value, StoreError>)> {
        values(pairs.iter().cloned().map(Ok)).collect::<Result<_, _>>().expect("read")
    }

    proptest! {
        #[test]
        fn values_of_any_length_and_name_are_put_together_as_they_were(
            all in prop::collection::btree_map(".{0,8}|.{100,200}", prop_oneof![0..9_usize, 3980..4020_usize, 0..20_000_usize], 1..8)
        ) {
            let content = |length: usize| (0..length).map(|n| (n * 7 % 256) as u8).collect::<Vec<_>>();
            let mut pairs: Vec<_> = all
                .iter()
                .flat_map(|(name, length)| cut(part_key(&room(), kind::HAT, name), name, content(*length)))
                .collect();
            pairs.sort();
            for (key, piece) in &pairs {
                prop_assert!(key.len() <= 17 + 2 + NAME_BYTES_MAX + 3 && piece.len() <= PIECE_BYTES_MAX);
            }
            let found = read(&pairs);
            prop_assert_eq!(found.len(), all.len());
            let mut names = std::collections::BTreeMap::new();
            for (key, value) in &found {
                let value = value.as_ref().expect("whole");
                let (kind, part) = kind_and_name(key);
                prop_assert_eq!((kind, room_part(key)), (kind::HAT, &b"coven@muc.example"[..]));
                names.insert(value.name(key, part).expect("a name").to_owned(), value.content.clone());
            }
            let expected = all.iter().map(|(name, length)| (name.clone(), content(*length))).collect();
            prop_assert_eq!(names, expected);
        }

        #[test]
        fn a_missing_piece_is_damage_of_that_value_alone(lost in 0..4_usize) {
            let mut pairs = Vec::new();
            for name in ["a", "b", "c"] {
                pairs.extend(cut(part_key(&room(), kind::VCARD, name), name, vec![7; 15_000]));
            }
            prop_assert_eq!(pairs.len(), 12);
            pairs.remove(4 + lost);
            let found: Vec<_> = read(&pairs).into_iter().map(|(key, value)| (key, value.is_ok())).collect();
            let expected = ["a", "b", "c"].map(|n| (part_key(&room(), kind::VCARD, n), n != "b"));
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn any_pairs_are_read_without_a_panic(pairs in any::<std::collections::BTreeMap<Vec<u8>, Vec<u8>>>()) {
            let pairs: Vec<_> = pairs.into_iter().collect();
            for (key, value) in read(&pairs) {
                let _ = value.map(|value| value.name(&key, own_part(&key)).map(str::len));
            }
        }
    }
}
