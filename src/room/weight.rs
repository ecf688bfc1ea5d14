//! What a room takes in memory, in about as many bytes: what it is made of. What its occupants show of themselves counts for
//! them, and what was said last by itself.

use std::sync::Arc;

use super::Room;
use super::config::Config;
use super::hats::Hats;
use super::state::{Affiliated, RoomRecord, State};
use crate::wire::jid::BareJid;
use crate::wire::size;

/// What any room takes: its task, its mailbox, its parts with next to nothing in them, and what the C library loses by it.
pub const ROOM_BYTES: usize = 28 << 10;
/// An entry in a map or a list beside its texts.
const ENTRY_BYTES: usize = 96;
/// An affiliation beside its texts, in all orders in which it is kept.
const AFFILIATION_BYTES: usize = 320;
/// A reserved nick, with what it is compared by, beside its text.
const NICK_BYTES: usize = 400;

/// What a room takes. It follows the room: what did not change is not looked at again.
#[derive(Debug, Default)]
pub struct Weight {
    state: Option<Arc<State>>,
    record: usize,
    voices: usize,
    hats: usize,
    vcard: usize,
    bans: usize,
    others: usize,
}

impl Weight {
    /// Looks at what has changed in the room. Takes no longer than that change took.
    pub fn follow(&mut self, room: &Room) {
        if self.state.as_ref().is_some_and(|state| Arc::ptr_eq(state, &room.state)) {
            return;
        }
        let (now, before) = (&*room.state, self.state.as_deref());
        (self.bans, self.others) = room.ranks.bytes();
        self.record = of_record(&now.record);
        if !before.is_some_and(|before| now.record.voices.is(&before.record.voices)) {
            self.voices = now.record.voices.iter().map(|jid| ENTRY_BYTES + jid.as_str().len()).sum();
        }
        if !before.is_some_and(|before| now.record.hats.is(&before.record.hats)) {
            self.hats = of_hats(&now.record.hats);
        }
        let as_before = |vcard| {
            before.and_then(|before| before.vcard.as_ref()).is_some_and(|old| Arc::ptr_eq(old, vcard))
        };
        self.vcard = match &now.vcard {
            Some(vcard) if as_before(vcard) => self.vcard,
            vcard => vcard.as_ref().map_or(0, |vcard| size::of(vcard.element())),
        };
        self.state = Some(room.state.clone());
    }

    /// What the room is made of, without bans.
    pub fn made(&self) -> usize {
        ROOM_BYTES + self.record + self.voices + self.hats + self.vcard + self.others
    }

    /// The bans.
    pub fn bans(&self) -> usize {
        self.bans
    }
}

/// About what an affiliation takes, in all orders in which it is kept.
pub(super) fn of_affiliation(jid: &BareJid, affiliated: &Affiliated) -> usize {
    let texts = [&affiliated.nick, &affiliated.reason].into_iter().flatten().map(String::len).sum::<usize>();
    let data = affiliated.data.iter().map(|(name, value)| 2 * ENTRY_BYTES + name.len() + value.len());
    let ban = affiliated.ban.as_ref().map_or(0, |ban| {
        let by = ban.by.as_ref().map_or(0, |by| by.as_str().len());
        2 * ENTRY_BYTES + by + ban.note.as_ref().map_or(0, String::len)
    });
    // What a nick is compared by is as long as the nick.
    let nick = affiliated.nick.as_ref().map_or(0, |nick| NICK_BYTES + 2 * nick.len());
    AFFILIATION_BYTES + jid.as_str().len() + texts + nick + data.sum::<usize>() + ban
}

fn of_record(record: &RoomRecord) -> usize {
    let subject = record.subject.as_ref().map_or(0, |subject| {
        let texts = subject.texts.iter().map(|(lang, text)| ENTRY_BYTES + lang.len() + text.len());
        subject.nick.len() + texts.sum::<usize>()
    });
    let tokens = record.tokens.iter().map(|token| 2 * ENTRY_BYTES + token.issuer.as_str().len());
    let lost = record.versions.lost.iter().map(|lost| ENTRY_BYTES + lost.jid.as_str().len());
    of_config(&record.config) + subject + tokens.sum::<usize>() + lost.sum::<usize>()
}

fn of_config(config: &Config) -> usize {
    config.text_bytes() + config.listed() * ENTRY_BYTES
}

fn of_hats(hats: &Hats) -> usize {
    let known = hats.known.iter().map(|(uri, hat)| 2 * ENTRY_BYTES + uri.len() + hat.title.len());
    let worn = hats.worn.iter().map(|(account, worn)| {
        2 * ENTRY_BYTES
            + account.as_str().len()
            + worn.iter().map(|uri| ENTRY_BYTES + uri.len()).sum::<usize>()
    });
    known.sum::<usize>() + worn.sum::<usize>()
}
