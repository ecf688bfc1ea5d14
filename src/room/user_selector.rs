//! Who a moderator's command is about: an occupant, or an account that said something lately.

use jiff::{SignedDuration, Timestamp};

use crate::room::Room;
use crate::room::archive::{By, Entry, Place, Query, Said};
use crate::room::nick::NickKey;
use crate::wire::command::wrong;
use crate::wire::form::{Field, Submitted};
use crate::wire::jid::{Account, Jid, Party, Profile};
use crate::wire::refusal::Refusal;
use crate::words::{self, Label, Value};

/// Most messages that a question brings.
const MESSAGES_MAX: usize = 500;

/// Most messages that are looked at for what one account or domain said. What is retracted already counts, and what only
/// takes back: many of these would put what was said before out of reach.
const LOOKED_MAX: usize = 20_000;

/// An account or a domain, as the form of a command names it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum UserSelector {
    /// The occupant of this nick, or who had it last.
    Nick(String),
    /// The occupant of this id (XEP-0421), in the room or not.
    Id(String),
    /// The account or the domain of this address.
    Jid(Party),
}

/// The fields of a form by which [`UserSelector`] is read. A nick may look like anything, also like the address of another: what is
/// filled in is never taken for an address or an id that it is not said to be.
pub(crate) fn fields() -> [Field<'static>; 2] {
    let who = Field {
        var: "who",
        type_: Some("text-single"),
        label: Some(&words::WHOM),
        required: true,
        ..Field::default()
    };
    let kind = Field {
        var: KIND,
        type_: Some("list-single"),
        label: Some(&words::WHOM_IS),
        desc: Some((&words::WHOM_HINT).into()),
        values: vec![NICK.to_owned()],
        options: &KINDS,
        ..Field::default()
    };
    [who, kind]
}

/// The field that says what is filled in, and what it may be: each is also a field of its own, for programs.
const KIND: &str = "who-is";
const NICK: &str = "nick";
const JID: &str = "jid";
const ID: &str = "occupant-id";

static KINDS: [(&str, Label<'static>); 3] = [
    (NICK, Label::Text(&words::NICKNAME)),
    (JID, Label::Text(&words::ADDRESS_OR_DOMAIN)),
    (ID, Label::Text(&words::OCCUPANT_ID)),
];

impl UserSelector {
    /// Reads [`fields`], or one of those that each say one of the three.
    pub(crate) fn read(form: &Submitted, profile: Profile) -> Result<Self, Refusal> {
        let (kind, text) = match ["who", NICK, ID, JID].map(|var| form.value(var)) {
            [Some(who), None, None, None] => (form.value(KIND).unwrap_or(NICK), who),
            [None, Some(nick), None, None] => (NICK, nick),
            [None, None, Some(id), None] => (ID, id),
            [None, None, None, Some(jid)] => (JID, jid),
            _ => return Err(wrong("bad-payload", &words::ONE_OF_WHOM)),
        };
        match kind {
            NICK => Ok(Self::Nick(text.to_owned())),
            ID => Ok(Self::Id(text.to_owned())),
            JID => Self::address(text.strip_prefix("xmpp:").unwrap_or(text), profile),
            _ => Err(wrong("bad-payload", &words::ONE_OF_WHOM)),
        }
    }

    fn address(text: &str, profile: Profile) -> Result<Self, Refusal> {
        let jid = profile.prepare(text).map_err(|e| {
            wrong("bad-payload", words::FIELD_WRONG.with([Value::from(text), e.words().into()]))
        })?;
        Ok(Self::Jid(Party::named(&jid)))
    }

    /// Who it is, if the room knows it without its archive.
    pub(crate) fn party(&self, room: &Room) -> Option<Party> {
        let (present, left) = match self {
            Self::Jid(party) => return Some(party.clone()),
            Self::Nick(nick) => {
                let key = NickKey::of(nick);
                (room.roster.by_nick(&key), room.leavers.by_nick(&key))
            }
            Self::Id(id) => (room.roster.iter().find(|o| *o.id == **id), room.leavers.by_id(id)),
        };
        present.map(|occupant| &occupant.account).or(left).map(|account| Account::of(account).into())
    }

    /// Who it is, if not otherwise then by what was said, the newest last, or by what the archive found.
    pub(crate) fn author(
        &self,
        room: &Room,
        said: &[&Entry],
        found: Option<&Party>,
    ) -> Result<Party, Refusal> {
        let key = if let Self::Nick(nick) = self { Some(NickKey::of(nick)) } else { None };
        let said = said.iter().rev().filter(|entry| self.said(room, entry, key.as_ref()));
        let spoke = || said.filter_map(|e| e.account.as_ref()).next().map(|one| Account::of(one).into());
        let party = self.party(room).or_else(spoke).or_else(|| found.cloned());
        party.ok_or_else(|| match self {
            Self::Nick(_) => Refusal::item_not_found(&words::NO_SUCH_NICK_HERE),
            _ => Refusal::item_not_found(&words::NOT_FOUND_HERE),
        })
    }

    /// Whether they said it; `key` is that of the nick.
    fn said(&self, room: &Room, entry: &Entry, key: Option<&NickKey>) -> bool {
        let Some(account) = &entry.account else { return false };
        match self {
            Self::Jid(wanted) => wanted.covers(account),
            Self::Id(id) => *room.occupant_id(account) == **id,
            Self::Nick(_) => {
                let from = entry.message.attr("from").and_then(|from| Jid::parse(from).ok());
                from.and_then(|from| from.resource().map(NickKey::of)).as_ref() == key
            }
        }
    }

    /// The question to the archive that brings the newest messages of an account or a domain that are not retracted. Where the
    /// room does not know the account, the archive finds it by the nick or the id.
    pub(crate) fn query(&self, room: &Room, start: Option<Timestamp>) -> Query {
        let by = match (self.party(room), self) {
            (Some(party), _) => Some(By::Party(party)),
            (None, Self::Jid(party)) => Some(By::Party(party.clone())),
            (None, Self::Nick(nick)) => room.jid.with_resource(nick).ok().map(By::Occupant),
            (None, Self::Id(id)) => Some(By::Id(id.clone())),
        };
        // What can be no nick is the nick of no occupant: no message of it is wanted.
        let max = if by.is_some() { MESSAGES_MAX } else { 0 };
        let said = by.map(|by| Box::new(Said { by, looked_max: LOOKED_MAX }));
        Query { said, start, place: Place::Last, max, ..Query::default() }
    }
}

/// A span of time as people write it: `90s`, `30m`, `12h`, `7d`, `2w`. `None` if nothing is filled in.
pub(crate) fn span(form: &Submitted, var: &str) -> Result<Option<SignedDuration>, Refusal> {
    let Some(text) = form.value(var) else { return Ok(None) };
    let unit = text.chars().next_back().and_then(|unit| {
        Some(match unit {
            's' => 1,
            'm' => 60,
            'h' => 60 * 60,
            'd' => 24 * 60 * 60,
            'w' => 7 * 24 * 60 * 60,
            _ => return None,
        })
    });
    let seconds = unit
        .and_then(|unit: i64| text[..text.len() - 1].trim().parse::<u32>().ok().map(|n| i64::from(n) * unit));
    match seconds {
        Some(seconds) if seconds > 0 => Ok(Some(SignedDuration::from_secs(seconds))),
        _ => {
            Err(wrong("bad-payload", words::FIELD_WRONG.with([Value::from(var), (&words::TIME_SPAN).into()])))
        }
    }
}

/// Text of at most so many bytes, if anything is filled in.
pub(crate) fn text(form: &Submitted, var: &str, bytes_max: usize) -> Result<Option<String>, Refusal> {
    match form.value(var) {
        Some(text) if text.len() > bytes_max => {
            Err(wrong("bad-payload", words::FIELD_WRONG.with([Value::from(var), (&words::TOO_LONG).into()])))
        }
        text => Ok(text.map(str::to_owned)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(var: &str, value: &str) -> Submitted {
        let xml = format!(
            "<x xmlns='jabber:x:data' type='submit'><field var='{var}'><value>{value}</value></field></x>"
        );
        Submitted::read(&xml.parse().expect("test xml"), "t").expect("a form")
    }

    #[test]
    fn spans_are_read_as_people_write_them() {
        let read = |text: &str| span(&form("s", text), "s").map(|span| span.map(|span| span.as_secs()));
        for (text, seconds) in
            [("90s", 90), ("30m", 1800), (" 12h", 43_200), ("7 d", 604_800), ("2w", 1_209_600)]
        {
            assert_eq!(read(text).expect("a span"), Some(seconds));
        }
        assert_eq!(read("").expect("nothing"), None);
        for text in ["7", "d", "-1d", "0h", "1y", "4294967296w", "1é"] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn exactly_one_way_to_name_an_account_is_taken() {
        let read = |form: &Submitted| UserSelector::read(form, Profile::Stringprep);
        assert_eq!(read(&form("nick", " rose ")).expect("a nick"), UserSelector::Nick("rose".to_owned()));
        assert!(read(&form("jid", "@")).is_err());
        assert!(read(&form("other", "x")).is_err());
        let id = "0123456789abcdef".repeat(4);
        for nick in [&id, "Dr. Rose", "a@b", "evil.example", "xmpp:b"] {
            assert_eq!(read(&form("who", nick)).expect("a nick"), UserSelector::Nick(nick.to_owned()));
        }
        let both = |who: &str, kind: &str| {
            let xml = format!(
                "<x xmlns='jabber:x:data' type='submit'><field var='who'><value>{who}</value></field>\
                 <field var='who-is'><value>{kind}</value></field></x>"
            );
            read(&Submitted::read(&xml.parse().expect("test xml"), "t").expect("a form"))
        };
        assert_eq!(both(&id, "occupant-id").expect("an id"), UserSelector::Id(id));
        for (text, address) in [("a@b", "a@b"), ("evil.example", "evil.example"), ("xmpp:b", "b")] {
            assert_eq!(both(text, "jid").expect(text), read(&form("jid", address)).expect(address));
        }
        assert!(both("rose", "domain").is_err());
        let two = "<x xmlns='jabber:x:data' type='submit'><field var='nick'><value>a</value></field>\
                   <field var='jid'><value>a@b</value></field></x>";
        let two = Submitted::read(&two.parse().expect("test xml"), "t").expect("a form");
        assert!(read(&two).is_err());
    }
}
