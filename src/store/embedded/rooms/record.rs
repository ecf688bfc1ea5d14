//! How a record looks on disk: one byte of version, then JSON.
//!
//! JSON because an operator can read it, and because a field that is added later, with a default, needs no new
//! version. A change that old records cannot satisfy gets a new version and a reader of its own here.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::layout::{digest, kind, kind_and_name, own_part, room_part};
use crate::room::listing::Listed;
use crate::room::part::Part;
use crate::room::state::{Affiliated, Lost, RoomRecord, Subject, Token};
use crate::room::vcard::Vcard;
use crate::store::StoreError;
use crate::wire::encode;
use crate::wire::jid::{BareJid, check_resource};
use crate::wire::muc::Affiliation;
use crate::wire::stream;
use crate::words::Words;

/// The version that is written.
pub const VERSION: u8 = 1;

/// The bytes of a room's record in one, as a store of format 1 has it.
pub fn encode_room(record: &RoomRecord) -> Vec<u8> {
    encode(record)
}

/// The bytes of an affiliation.
pub fn encode_affiliated(value: &Affiliated) -> Vec<u8> {
    encode(value)
}

/// Reads a room's record that is in one. `key` is where it was found; an unknown version and damage are [`StoreError::Corrupt`].
pub fn decode_room(key: &[u8], bytes: &[u8]) -> Result<RoomRecord, StoreError> {
    let mut record: RoomRecord = decode(key, bytes)?;
    check_nick(key, record.subject.as_ref().map(|subject| subject.nick.as_str()))?;
    record.tokens.sort_by(|a, b| a.order().cmp(&b.order()));
    Ok(record)
}

/// The kind of a part of a record, the name in its key, and its bytes; `None` if it is no longer there. What is known of a
/// room without loading it has a table of its own, and no kind.
pub(in crate::store) fn encode_part(part: &Part) -> (Option<u8>, String, Option<Vec<u8>>) {
    let none = String::new;
    let (kind, name, bytes) = match part {
        Part::Listed(listed) => return (None, none(), Some(encode(listed))),
        Part::Life(life) => (kind::LIFE, none(), Some(encode(life))),
        Part::Config(config) => (kind::CONFIG, none(), Some(encode(config))),
        Part::Subject(subject) => (kind::SUBJECT, none(), subject.as_ref().map(encode)),
        Part::Activity(activity) => (kind::ACTIVITY, none(), activity.as_ref().map(encode)),
        Part::Numbers(numbers) => (kind::NUMBERS, none(), Some(encode(numbers))),
        Part::Lost(version, lost) => (kind::LOST, format!("{version:016x}"), lost.as_ref().map(encode)),
        Part::Hat(uri, hat) => (kind::HAT, uri.clone(), hat.as_ref().map(encode)),
        Part::Worn(account, worn) => (kind::WORN, account.to_string(), worn.as_ref().map(encode)),
        // A key is shown to people when its value is damaged; a secret is not.
        Part::Token(secret, token) => (kind::TOKEN, digest(secret), token.as_ref().map(encode)),
        Part::Voice(account, given) => (kind::VOICE, account.to_string(), given.then(|| vec![VERSION])),
    };
    (Some(kind), name, bytes)
}

/// Reads what is known of a room without loading it.
pub(in crate::store) fn decode_listed(key: &[u8], bytes: &[u8]) -> Result<Listed, StoreError> {
    decode(key, bytes)
}

/// Reads a part of a record, of this kind and name, and gives it; `None` if there are no parts of this kind.
pub(in crate::store) fn decode_part(
    key: &[u8],
    kind: u8,
    name: &str,
    bytes: &[u8],
) -> Result<Option<Part>, StoreError> {
    let address = || BareJid::parse(name).map_err(|e| corrupt(key, e.to_string()));
    Ok(Some(match kind {
        kind::LIFE => Part::Life(decode(key, bytes)?),
        kind::CONFIG => Part::Config(decode(key, bytes)?),
        kind::SUBJECT => {
            let subject: Subject = decode(key, bytes)?;
            check_nick(key, Some(subject.nick.as_str()))?;
            Part::Subject(Some(subject))
        }
        kind::ACTIVITY => Part::Activity(Some(decode(key, bytes)?)),
        kind::NUMBERS => Part::Numbers(decode(key, bytes)?),
        kind::LOST => {
            let lost: Lost = decode(key, bytes)?;
            Part::Lost(lost.version, Some(lost))
        }
        kind::HAT => Part::Hat(name.to_owned(), Some(decode(key, bytes)?)),
        kind::WORN => Part::Worn(address()?, Some(decode(key, bytes)?)),
        kind::TOKEN => {
            let token: Token = decode(key, bytes)?;
            Part::Token(token.secret.clone(), Some(token))
        }
        kind::VOICE => {
            content(key, bytes)?;
            Part::Voice(address()?, true)
        }
        _ => return Ok(None),
    }))
}

/// Reads an affiliation. `key` is where it was found; an unknown version, damage and a stored "none" are
/// [`StoreError::Corrupt`].
pub fn decode_affiliated(key: &[u8], bytes: &[u8]) -> Result<Affiliated, StoreError> {
    let value: Affiliated = decode(key, bytes)?;
    check_nick(key, value.nick.as_deref())?;
    match value.affiliation {
        Affiliation::None => Err(corrupt(key, "\"none\" is the absence of a record".to_owned())),
        _ => Ok(value),
    }
}

/// The bytes of a room's vCard: one byte of version, then XML.
pub fn encode_vcard(vcard: &Vcard) -> Vec<u8> {
    let mut bytes = vec![VERSION];
    bytes.extend_from_slice(encode::standalone(vcard.element()).as_bytes());
    bytes
}

/// Reads a room's vCard. `key` is where it was found; an unknown version, damage and an empty vCard are
/// [`StoreError::Corrupt`].
pub fn decode_vcard(key: &[u8], bytes: &[u8]) -> Result<Vcard, StoreError> {
    let xml = std::str::from_utf8(content(key, bytes)?).map_err(|e| corrupt(key, e.to_string()))?;
    let element = stream::read(xml).map_err(|e| corrupt(key, e.to_string()))?;
    let vcard = Vcard::read(&element).map_err(|e| corrupt(key, Words::from(e).to_string()))?;
    vcard.ok_or_else(|| corrupt(key, "an empty vCard is the absence of a record".to_owned()))
}

/// Nicks become part of addresses, so each must be one that an address can have.
fn check_nick(key: &[u8], nick: Option<&str>) -> Result<(), StoreError> {
    let outcome = nick.map_or(Ok(()), check_resource);
    outcome.map_err(|error| corrupt(key, format!("its nick: {error}")))
}

/// The error for the record at `key`, in one line: the reason may quote what was found there.
pub(in crate::store) fn corrupt(key: &[u8], reason: String) -> StoreError {
    StoreError::Corrupt { key: printable(key), reason: reason.replace(char::is_control, "\u{fffd}") }
}

pub(in crate::store) fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    let mut bytes = vec![VERSION];
    serde_json::to_writer(&mut bytes, value)
        .expect("strings, numbers and times go into memory without fault");
    bytes
}

pub(in crate::store) fn decode<T: DeserializeOwned>(key: &[u8], bytes: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(content(key, bytes)?).map_err(|e| corrupt(key, why(&e)))
}

/// What is wrong with JSON, without quoting it: there are passwords in it.
fn why(error: &serde_json::Error) -> String {
    use serde_json::error::Category;
    let text = error.to_string();
    let what = match error.classify() {
        Category::Eof => "it is cut short",
        Category::Data if text.starts_with("missing field") => return text,
        Category::Data => "a field holds what it cannot hold",
        Category::Syntax | Category::Io => "it is no JSON",
    };
    format!("{what}, at byte {}", error.column())
}

/// What follows the version.
fn content<'a>(key: &[u8], bytes: &'a [u8]) -> Result<&'a [u8], StoreError> {
    match bytes.split_first() {
        None => Err(corrupt(key, "it is empty".to_owned())),
        Some((&VERSION, content)) => Ok(content),
        Some((version, _)) => {
            Err(corrupt(key, format!("its version is {version}, this program knows {VERSION}")))
        }
    }
}

/// A key that is fit for a log line: no control characters, the room, what it is and whose in words.
fn printable(key: &[u8]) -> String {
    let text = |part: &[u8]| String::from_utf8_lossy(part).escape_debug().to_string();
    let room = text(room_part(key));
    let (kind, name) = kind_and_name(key);
    match kind::word(kind) {
        Some(word) if name.is_empty() => format!("{room} / {word}"),
        Some(word) => format!("{room} / {word} {}", text(name)),
        None if own_part(key).is_empty() => room,
        None => format!("{room} / {}", text(own_part(key))),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::room::archive::ArchiveId;
    use crate::room::config::{Config, any_config};
    use crate::room::hats::{Hat, Hats};
    use crate::room::state::{Activity, Ban, Lost, Subject, Token, Versions};
    use crate::wire::jid::BareJid;
    use jiff::Timestamp;
    use proptest::prelude::*;
    use serde_json::Value;

    fn any_time() -> impl Strategy<Value = Timestamp> {
        // The span that jiff can hold, in milliseconds, less a day at either end.
        (-377_705_023_201_000_i64 + 86_400_000..253_402_207_200_999 - 86_400_000)
            .prop_map(|ms| Timestamp::from_millisecond(ms).expect("within the span"))
    }

    fn any_nick() -> impl Strategy<Value = String> {
        any::<String>().prop_filter("no resource", |text| check_resource(text).is_ok())
    }

    fn any_token() -> impl Strategy<Value = Token> {
        (any::<String>(), any_time(), any::<Option<u32>>()).prop_map(|(secret, expires, uses_left)| {
            let issuer = BareJid::parse("hag@example").expect("a jid");
            Token { secret, issuer, expires, uses_left }
        })
    }

    fn any_versions() -> impl Strategy<Value = Versions> {
        let lost = ("[a-z]{1,8}@[a-z]{1,8}", any::<(u64, bool)>()).prop_map(|(jid, (version, ban))| Lost {
            version,
            jid: BareJid::parse(&jid).expect("a jid"),
            ban,
        });
        (any::<(u64, u64)>(), proptest::collection::vec_deque(lost, 0..3))
            .prop_map(|((now, known_from), lost)| Versions { now, known_from, lost })
    }

    pub(crate) fn any_record() -> impl Strategy<Value = RoomRecord> {
        let subject = (any::<Vec<(String, String)>>(), any_nick(), any_time(), any::<Option<String>>())
            .prop_map(|(texts, nick, at, occupant_id)| Subject { texts, nick, occupant_id, at });
        let voices = proptest::collection::btree_set("[a-z]{1,8}@[a-z]{1,8}", 0..4)
            .prop_map(|all| all.iter().filter_map(|text| BareJid::parse(text).ok()).collect::<BTreeSet<_>>());
        let names = ("[0-9a-f]{0,30}", "[0-9a-f]{0,64}");
        let activity = (any::<i64>(), proptest::collection::vec(any::<u32>(), 0..25))
            .prop_map(|(hour, counts)| Activity { hour, counts });
        let activity = proptest::option::of(activity);
        let kept = (
            activity,
            (voices, any_hats()),
            proptest::collection::vec(any_token(), 0..3),
            (any_versions(), any::<u64>()),
        );
        (any_time(), any_config(), names, proptest::option::of(subject), kept).prop_map(
            |(
                created,
                config,
                (archive, secret),
                subject,
                (activity, (voices, hats), mut tokens, (versions, vain_invitations)),
            )| {
                tokens.sort_by(|a, b| a.order().cmp(&b.order()));
                RoomRecord {
                    created,
                    founder: None,
                    config,
                    archive: ArchiveId(archive),
                    secret,
                    locked: false,
                    awaited: None,
                    opens: None,
                    unclaimed: false,
                    subject,
                    activity,
                    voices: voices.into(),
                    hats: hats.into(),
                    tokens,
                    versions,
                    vain_invitations,
                }
            },
        )
    }

    fn any_hats() -> impl Strategy<Value = Hats> {
        let hat = (any::<String>(), any::<Option<String>>(), any::<Option<String>>())
            .prop_map(|(title, hue, lang)| Hat { title, hue, lang });
        let known = proptest::collection::btree_map(any::<String>(), hat, 0..3);
        (known, "[a-z]{1,8}@[a-z]{1,8}").prop_map(|(known, account)| {
            let account = BareJid::parse(&account).expect("an address");
            let all = known.keys().cloned().collect::<BTreeSet<_>>();
            let worn = if all.is_empty() { Default::default() } else { [(account, all)].into() };
            Hats { known, worn }
        })
    }

    fn any_affiliated() -> impl Strategy<Value = Affiliated> {
        let affiliation = prop_oneof![
            Just(Affiliation::Outcast),
            Just(Affiliation::Member),
            Just(Affiliation::Admin),
            Just(Affiliation::Owner)
        ];
        let time = || proptest::option::of(any_time());
        let by = Just(BareJid::parse("hecate@example").expect("an address"));
        let ban = (proptest::option::of(by), time(), time(), any::<Option<String>>())
            .prop_map(|(by, at, expires, note)| Box::new(Ban { by, at, expires, note }));
        let nick = proptest::option::of(any_nick());
        let data = proptest::collection::btree_map(any::<String>(), any::<String>(), 0..3);
        let ban = proptest::option::of(ban);
        (affiliation, nick, any::<Option<String>>(), ban, data, any::<bool>(), any::<u64>()).prop_map(
            |(affiliation, nick, reason, ban, data, unvetted, version)| Affiliated {
                affiliation,
                nick,
                reason,
                ban,
                data,
                unvetted,
                version,
            },
        )
    }

    proptest! {
        #[test]
        fn a_room_record_reads_back_as_it_was(record in any_record()) {
            prop_assert_eq!(decode_room(b"k", &encode_room(&record)).expect("just written"), record);
        }

        #[test]
        fn an_affiliation_reads_back_as_it_was(value in any_affiliated()) {
            prop_assert_eq!(decode_affiliated(b"k", &encode_affiliated(&value)).expect("just written"), value);
        }

        #[test]
        fn a_vcard_reads_back_as_it_was(text in "[^\\p{Cc}\u{fffe}\u{ffff}]{1,40}", tag in "[a-z]{2}") {
            use crate::wire::build::{Build, el, set_lang};
            let mut element = el("vCard", "vcard-temp").child(el("FN", "vcard-temp").text_node(&text));
            set_lang(&mut element, &tag);
            let vcard = Vcard::read(&element).expect("a vCard").expect("not empty");
            prop_assert_eq!(decode_vcard(b"k", &encode_vcard(&vcard)).expect("just written"), vcard);
        }

        #[test]
        fn any_bytes_are_read_or_refused_without_a_panic(bytes in any::<Vec<u8>>()) {
            let _ = decode_room(&bytes, &bytes);
            let _ = decode_affiliated(&bytes, &bytes);
            let _ = decode_vcard(&bytes, &bytes);
        }
    }

    fn golden() -> RoomRecord {
        RoomRecord {
            created: Timestamp::from_second(1_700_000_000).expect("a time"),
            founder: None,
            config: Config { name: "Coven".to_owned(), persistent: true, ..Config::default() },
            subject: Some(Subject {
                texts: vec![(String::new(), "Fire".to_owned()), ("de".to_owned(), "Feuer".to_owned())],
                nick: "firstwitch".to_owned(),
                occupant_id: Some("0cc".to_owned()),
                at: Timestamp::from_second(1_700_000_060).expect("a time"),
            }),
            archive: ArchiveId("a1".to_owned()),
            secret: "5ec2e7".to_owned(),
            locked: false,
            awaited: None,
            opens: None,
            unclaimed: false,
            activity: None,
            voices: Default::default(),
            hats: Default::default(),
            tokens: Vec::new(),
            versions: Default::default(),
            vain_invitations: 0,
        }
    }

    /// What is written today. A new option is appended here and old records get its default; if a field changes or
    /// goes, the disks that have it need a reader: see the head of this file.
    const GOLDEN_ROOM: &str = concat!(
        "\u{1}",
        r#"{"created":"2023-11-14T22:13:20Z","config":{"name":"Coven","description":"","language":"","#,
        r#""persistent":true,"public":false,"password_protected":false,"password":"","occupants_max":0,"#,
        r#""whois":"moderators","members_only":false,"moderated":false,"change_subject":false,"#,
        r#""allow_invites":false,"invite_new_members":false,"registration":false,"lock_nicks":false,"#,
        r#""allow_pm":"anyone","#,
        r#""presence_broadcast":{"moderator":true,"participant":true,"visitor":true},"#,
        r#""member_list":{"moderator":true,"participant":true,"visitor":true},"#,
        r#""logging":false,"pubsub":"","history_max":20,"archive":true,"archive_days":0,"archive_messages":0,"#,
        r#""slow_mode_seconds":0,"forward_mentions":false,"quiet_above":0,"contacts":[],"ratings":[],"#,
        r#""reactions_max":0,"reactions_allowed":[]},"archive":"a1","secret":"5ec2e7","#,
        r#""subject":{"texts":[["","Fire"],["de","Feuer"]],"nick":"firstwitch","#,
        r#""occupant_id":"0cc","at":"2023-11-14T22:14:20Z"}}"#
    );

    #[test]
    fn version_1_of_a_room_record_stays_as_it_is() {
        let bytes = encode_room(&golden());
        assert_eq!(bytes[0], 1);
        let json = |bytes: &[u8]| serde_json::from_slice::<Value>(&bytes[1..]).expect("JSON");
        let (mut now, then) = (json(&bytes), json(GOLDEN_ROOM.as_bytes()));
        // An option that was added since has its default; all else is as it was.
        let options = now["config"].as_object_mut().expect("the options");
        let new = serde_json::to_value(Config::default()).expect("options are values");
        options.retain(|name, value| then["config"].get(name).is_some() || *value != new[name]);
        assert_eq!(now, then);
        assert_eq!(decode_room(b"k", GOLDEN_ROOM.as_bytes()).expect("version 1"), golden());
    }

    #[test]
    fn version_1_of_an_affiliation_stays_as_it_is() {
        let full = Affiliated {
            affiliation: Affiliation::Outcast,
            nick: Some("thirdwitch".to_owned()),
            reason: Some("Treason".to_owned()),
            ban: Some(Box::new(Ban {
                by: Some(BareJid::parse("hecate@example").expect("an address")),
                at: Some(Timestamp::from_second(1_700_000_000).expect("a time")),
                expires: Some(Timestamp::from_second(1_700_086_400).expect("a time")),
                note: Some("third time".to_owned()),
            })),
            data: [("muc#register_first".to_owned(), "Wyrd".to_owned())].into(),
            unvetted: true,
            version: 7,
        };
        let text = concat!(
            "\u{1}",
            r#"{"affiliation":"outcast","nick":"thirdwitch","reason":"Treason","ban":{"by":"hecate@example","#,
            r#""at":"2023-11-14T22:13:20Z","expires":"2023-11-15T22:13:20Z","note":"third time"},"#,
            r#""data":{"muc#register_first":"Wyrd"},"unvetted":true,"version":7}"#
        );
        assert_eq!(String::from_utf8(encode_affiliated(&full)).expect("text"), text);
        assert_eq!(decode_affiliated(b"k", text.as_bytes()).expect("version 1"), full);
        let bare = Affiliated::new(Affiliation::Owner);
        assert_eq!(encode_affiliated(&bare), b"\x01{\"affiliation\":\"owner\"}");
    }

    #[test]
    fn a_record_without_an_option_that_came_later_gets_its_default() {
        let record = decode_room(b"k", b"\x01{\"created\":\"2023-11-14T22:13:20Z\",\"config\":{}}");
        assert_eq!(record.expect("version 1").config, Config::default());
    }

    #[test]
    fn an_unknown_version_names_the_record_and_the_version() {
        let mut bytes = encode_room(&golden());
        bytes[0] = 2;
        let text = decode_room(b"coven@muc.example", &bytes).expect_err("version 2").to_string();
        assert!(text.contains("coven@muc.example") && text.contains("version is 2"), "{text}");
    }

    #[test]
    fn damage_names_the_record_in_printable_characters() {
        let bytes = encode_room(&golden());
        let short = &bytes[..bytes.len() - 1];
        let text = decode_room(b"r@muc\0\x07a@\xff", short).expect_err("cut short").to_string();
        assert!(text.contains("r@muc / \\u{7}a@\u{fffd}"), "{text}");
        assert!(decode_room(b"k", b"").is_err());
    }

    #[test]
    fn damage_is_told_without_what_is_in_the_record() {
        for (from, to) in [
            (r#""password_protected":false"#, r#""password_protected":"hunter2""#),
            (r#""whois":"moderators""#, r#""whois":"hunter2""#),
            (r#""password":"""#, r#""password":hunter2"#),
            (r#""created""#, r#""hunter2""#),
        ] {
            let text = GOLDEN_ROOM.replacen(from, to, 1);
            assert_ne!(text, GOLDEN_ROOM);
            let told = decode_room(b"k", text.as_bytes()).expect_err(to).to_string();
            assert!(!told.contains("hunter2"), "{told}");
        }
    }

    #[test]
    fn a_nick_that_no_address_can_have_is_damage() {
        for nick in ["", "a\\u0000b", "a\\tb"] {
            let text = format!("\u{1}{{\"affiliation\":\"member\",\"nick\":\"{nick}\"}}");
            assert!(decode_affiliated(b"k", text.as_bytes()).is_err(), "{nick:?}");
            let text = GOLDEN_ROOM.replace("firstwitch", nick);
            assert!(decode_room(b"k", text.as_bytes()).is_err(), "{nick:?}");
        }
    }

    #[test]
    fn hats_in_a_room_record_stay_as_they_are() {
        let hat = Hat { title: "Witch".to_owned(), hue: Some("120".to_owned()), lang: Some("en".to_owned()) };
        let account = BareJid::parse("hecate@example").expect("an address");
        let hats = Hats {
            known: [("urn:witch".to_owned(), hat)].into(),
            worn: [(account, ["urn:witch".to_owned()].into())].into(),
        };
        let tail = concat!(
            r#","hats":{"known":{"urn:witch":{"title":"Witch","hue":"120","lang":"en"}},"#,
            r#""worn":{"hecate@example":["urn:witch"]}}}"#
        );
        let text = format!("{}{tail}", GOLDEN_ROOM.strip_suffix('}').expect("an object"));
        let record = RoomRecord { hats: hats.into(), ..golden() };
        assert_eq!(String::from_utf8(encode_room(&record)).expect("text"), text);
        assert_eq!(decode_room(b"k", text.as_bytes()).expect("version 1"), record);
    }

    #[test]
    fn version_1_of_a_vcard_stays_as_it_is() {
        let text = "\u{1}<vCard xmlns='vcard-temp' xml:lang='de'><FN>Hexen &amp; Co</FN></vCard>";
        let vcard = decode_vcard(b"k", text.as_bytes()).expect("version 1");
        assert_eq!(String::from_utf8(encode_vcard(&vcard)).expect("text"), text);
        for damage in [
            "",
            "\u{2}<vCard xmlns='vcard-temp'><FN/></vCard>",
            "\u{1}<vCard xmlns='vcard-temp'/>",
            "\u{1}<vCard",
        ] {
            assert!(decode_vcard(b"k", damage.as_bytes()).is_err(), "{damage:?}");
        }
    }

    #[test]
    fn a_stored_none_is_damage() {
        assert!(decode_affiliated(b"k", b"\x01{\"affiliation\":\"none\"}").is_err());
    }
}
