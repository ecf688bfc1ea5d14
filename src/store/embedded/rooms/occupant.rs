//! How an occupant looks on disk: who is in a room, with which clients, and what they said of themselves.
//!
//! The occupant, each session and each presence are records of their own: what changes is written, and nothing else. Records
//! of an earlier version have the sessions in that of the occupant; they are read as well.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::record::{corrupt, decode, encode};
use crate::room::nick::Nick;
use crate::room::roster::{Occupant, Said, Session};
use crate::room::write::{StoredOccupant, StoredSession};
use crate::store::StoreError;
use crate::wire::encode::standalone;
use crate::wire::jid::{BareJid, Jid, check_resource};
use crate::wire::muc::Affiliation;
use crate::wire::muc::Role;
use crate::wire::stream;

#[derive(Serialize, Deserialize)]
struct SaidRecord {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lang: Option<String>,
    /// Elements as XML, each on its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    said: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct OccupantRecord {
    nick: String,
    account: BareJid,
    affiliation: Affiliation,
    role: String,
    /// Not shown to the others yet, in a large room.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    quiet: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    heard: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    hidden: bool,
    /// Of an earlier version.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    sessions: Vec<SessionRecord>,
}

#[derive(Serialize, Deserialize)]
struct SessionRecord {
    jid: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lang: Option<String>,
    /// Elements as XML, each on its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    said: Vec<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    follows: bool,
    /// What it showed of the room's password.
    #[serde(default, skip_serializing_if = "is_zero")]
    proof: u64,
}

fn is_zero(proof: &u64) -> bool {
    *proof == 0
}

/// The bytes of an occupant, with the sessions that it has here.
pub fn encode_occupant(stored: &StoredOccupant) -> Vec<u8> {
    let session = |session: &Session| SessionRecord {
        jid: session.jid.as_str().to_owned(),
        lang: session.presence.lang().map(str::to_owned),
        said: session.presence.children().iter().map(standalone).collect(),
        follows: session.follows,
        proof: session.proof,
    };
    let occupant = &stored.occupant;
    encode(&OccupantRecord {
        nick: occupant.nick.as_str().to_owned(),
        account: occupant.account.clone(),
        affiliation: stored.affiliation,
        role: occupant.role.as_str().to_owned(),
        quiet: occupant.quiet,
        heard: occupant.heard,
        hidden: stored.hidden,
        sessions: occupant.sessions.iter().map(session).collect(),
    })
}

/// Reads an occupant, with the sessions that are in the same record. `key` is where it was found; what cannot be an
/// occupant is [`StoreError::Corrupt`].
pub fn decode_occupant(key: &[u8], bytes: &[u8]) -> Result<StoredOccupant, StoreError> {
    let record: OccupantRecord = decode(key, bytes)?;
    let wrong = |why: &str| corrupt(key, why.to_owned());
    check_resource(&record.nick).map_err(|e| corrupt(key, format!("its nick: {e}")))?;
    let role = Role::parse(&record.role).filter(|role| *role != Role::None);
    let sessions: Result<Vec<Session>, StoreError> =
        record.sessions.into_iter().map(|s| session(key, s)).collect();
    let sessions = sessions?;
    if sessions.iter().any(|s| s.jid.to_bare() != record.account) {
        return Err(wrong("its sessions are not those of one account"));
    }
    let nick = Nick::trusted(&record.nick);
    if nick.key().as_str().is_empty() {
        return Err(wrong("its nick has nothing visible"));
    }
    let role = role.ok_or_else(|| wrong("it has no role"))?;
    // The id is not stored: it follows from the account and the room's secret.
    let (account, quiet, heard) = (record.account, record.quiet, record.heard);
    let occupant = Occupant { nick, account, id: "".into(), role, quiet, heard, sessions };
    let (affiliation, hidden) = (record.affiliation, record.hidden);
    Ok(StoredOccupant { occupant: Arc::new(occupant), affiliation, hidden, turn: 0 })
}

fn session(key: &[u8], record: SessionRecord) -> Result<Session, StoreError> {
    let jid = Jid::parse(&record.jid).map_err(|e| corrupt(key, format!("a session: {e}")))?;
    let presence = Arc::new(said(key, SaidRecord { lang: record.lang, said: record.said })?);
    Ok(Session { jid, presence, follows: record.follows, proof: record.proof })
}

fn said(key: &[u8], record: SaidRecord) -> Result<Said, StoreError> {
    let element = |xml: &String| stream::read(xml).map_err(|e| corrupt(key, format!("a presence: {e}")));
    let children = record.said.iter().map(element).collect::<Result<Vec<_>, _>>()?;
    Ok(Said::new(record.lang.as_deref(), &children))
}

/// The bytes of a session.
pub(in crate::store) fn encode_session(session: &StoredSession) -> Vec<u8> {
    encode(session)
}

/// Reads a session; what cannot be one is [`StoreError::Corrupt`].
pub(in crate::store) fn decode_session(key: &[u8], bytes: &[u8]) -> Result<StoredSession, StoreError> {
    decode(key, bytes)
}

/// The bytes of what a session said of itself.
pub(in crate::store) fn encode_said(said: &Said) -> Vec<u8> {
    let children = said.children().iter().map(standalone).collect();
    encode(&SaidRecord { lang: said.lang().map(str::to_owned), said: children })
}

/// Reads what a session said of itself; what cannot be read is [`StoreError::Corrupt`].
pub(in crate::store) fn decode_said(key: &[u8], bytes: &[u8]) -> Result<Said, StoreError> {
    said(key, decode(key, bytes)?)
}

/// Gives an occupant the sessions that have records of their own, in their order.
pub(in crate::store) fn with_sessions(
    stored: StoredOccupant,
    mut sessions: Vec<(u64, Session)>,
) -> StoredOccupant {
    sessions.sort_by_key(|(turn, _)| *turn);
    let turn = sessions.last().map_or(stored.turn, |(turn, _)| *turn);
    let mut occupant = Arc::unwrap_or_clone(stored.occupant);
    let is_own = |(_, session): &(u64, Session)| session.jid.to_bare() == occupant.account;
    let own: Vec<Session> = sessions.into_iter().filter(is_own).map(|(_, session)| session).collect();
    occupant.sessions.extend(own);
    StoredOccupant { occupant: Arc::new(occupant), turn, ..stored }
}

#[cfg(test)]
mod tests {
    use minidom::Element;

    use super::*;

    fn occupant(said: &[&str]) -> StoredOccupant {
        let children: Vec<Element> = said.iter().map(|xml| xml.parse().expect("test xml")).collect();
        let presence = Said::new(Some("de"), &children);
        let session = |resource: &str| Session {
            jid: Jid::parse(&format!("romeo@example/{resource}")).expect("an address"),
            presence: Arc::new(presence.clone()),
            follows: false,
            proof: 0,
        };
        let occupant = Occupant {
            nick: Nick::trusted("Romeo 🌹"),
            account: BareJid::parse("romeo@example").expect("an address"),
            id: "".into(),
            role: Role::Participant,
            quiet: false,
            heard: false,
            sessions: vec![session("pc"), session("it's <odd>")],
        };
        StoredOccupant {
            occupant: Arc::new(occupant),
            affiliation: Affiliation::Member,
            hidden: false,
            turn: 0,
        }
    }

    #[test]
    fn an_occupant_reads_back_as_he_was() {
        let said = [
            "<show xmlns='jabber:client'>away</show>",
            "<c xmlns='urn:c' a='&lt;&quot;'>a<b/>&amp;</c>",
            "<none xmlns=''><in xmlns='urn:c'><none xmlns=''/></in></none>",
        ];
        let mut stored = occupant(&said);
        stored.hidden = true;
        let occupant = Arc::make_mut(&mut stored.occupant);
        (occupant.quiet, occupant.heard, occupant.sessions[0].proof) = (true, true, u64::MAX);
        let read = decode_occupant(b"k", &encode_occupant(&stored)).expect("just written");
        assert_eq!(read, stored);
    }

    #[test]
    fn version_1_of_an_occupant_stays_as_it_is() {
        let text = "\u{1}{\"nick\":\"Romeo 🌹\",\"account\":\"romeo@example\",\"affiliation\":\"member\",\
            \"role\":\"participant\",\"sessions\":[{\"jid\":\"romeo@example/pc\",\"lang\":\"de\",\
            \"said\":[\"<show xmlns='jabber:client'>away</show>\"]},{\"jid\":\"romeo@example/it's <odd>\",\
            \"lang\":\"de\",\"said\":[\"<show xmlns='jabber:client'>away</show>\"]}]}";
        let stored = occupant(&["<show xmlns='jabber:client'>away</show>"]);
        assert_eq!(String::from_utf8(encode_occupant(&stored)).expect("text"), text);
    }

    #[test]
    fn version_1_of_a_session_and_of_a_presence_stays_as_it_is() {
        let session = StoredSession { nick: "romeo 🌹".to_owned(), turn: 3, follows: true, proof: 7 };
        let text = "\u{1}{\"nick\":\"romeo 🌹\",\"turn\":3,\"follows\":true,\"proof\":7}";
        assert_eq!(String::from_utf8(encode_session(&session)).expect("text"), text);
        assert_eq!(decode_session(b"k", text.as_bytes()).expect("version 1"), session);
        let said =
            Said::clone(&occupant(&["<show xmlns='jabber:client'>away</show>"]).occupant.shown().presence);
        let text = "\u{1}{\"lang\":\"de\",\"said\":[\"<show xmlns='jabber:client'>away</show>\"]}";
        assert_eq!(String::from_utf8(encode_said(&said)).expect("text"), text);
        assert_eq!(decode_said(b"k", text.as_bytes()).expect("version 1"), said);
        assert!(decode_session(b"k", b"\x01{}").is_err());
        assert!(decode_said(b"k", b"\x01{\"said\":[\"<a\"]}").is_err());
    }

    #[test]
    fn what_can_be_no_occupant_is_damage() {
        let good = String::from_utf8(encode_occupant(&occupant(&[]))).expect("text");
        for (from, to) in [
            ("Romeo 🌹", ""),
            ("Romeo 🌹", "\\u200b"),
            ("participant", "none"),
            ("participant", "king"),
            ("romeo@example/pc", "juliet@example/pc"),
            ("\"role\"", "\"rule\""),
        ] {
            let bad = good.replacen(from, to, 1);
            assert!(decode_occupant(b"k", bad.as_bytes()).is_err(), "{to}");
        }
    }
}
