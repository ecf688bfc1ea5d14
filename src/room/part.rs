//! The parts of a room's record: what is durable of a room beside its affiliations and its vCard, each a value of its own,
//! so that a change writes no more than what has changed.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::archive::ArchiveId;
use super::config::Config;
use super::hats::Hat;
use super::listing::Listed;
use super::state::{Activity, Lost, RoomRecord, Subject, Token, Versions};
use crate::wire::jid::BareJid;

/// One part of a record, as it is now; `None` where it is no longer.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// What makes this room unlike any other.
    Life(Life),
    /// The configuration.
    Config(Box<Config>),
    /// What is known of the room without loading it.
    Listed(Box<Listed>),
    /// The subject.
    Subject(Option<Subject>),
    /// How lively the room is.
    Activity(Option<Activity>),
    /// How far the versions of the lists have come.
    Numbers(Numbers),
    /// An affiliation that was lost, by the version in which it was.
    Lost(u64, Option<Lost>),
    /// A hat, by its URI.
    Hat(String, Option<Hat>),
    /// Which hats an account wears.
    Worn(BareJid, Option<BTreeSet<String>>),
    /// A token that invites, by its secret.
    Token(String, Option<Token>),
    /// Whether an account without an affiliation was given a voice.
    Voice(BareJid, bool),
}

/// Beginning, names and state of a room: without it there is no room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Life {
    /// As [`RoomRecord::created`].
    pub created: Timestamp,
    /// As [`RoomRecord::founder`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub founder: Option<BareJid>,
    /// As [`RoomRecord::archive`].
    #[serde(default)]
    pub archive: ArchiveId,
    /// As [`RoomRecord::secret`].
    #[serde(default)]
    pub secret: String,
    /// As [`RoomRecord::locked`].
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub locked: bool,
    /// As [`RoomRecord::awaited`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub awaited: Option<Timestamp>,
    /// As [`RoomRecord::opens`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opens: Option<Timestamp>,
    /// As [`RoomRecord::unclaimed`].
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unclaimed: bool,
}

/// The numbers of [`super::state::Versions`], and one that goes along with them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Numbers {
    /// The version of the lists as they are.
    pub now: u64,
    /// Up to which version it is not remembered who lost an affiliation.
    #[serde(default)]
    pub known_from: u64,
    /// As [`RoomRecord::vain_invitations`].
    #[serde(default, skip_serializing_if = "is_zero")]
    pub vain_invitations: u64,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Life {
    /// A record that begins so, with this configuration and nothing else.
    pub fn record(self, config: Config) -> RoomRecord {
        RoomRecord {
            founder: self.founder,
            archive: self.archive,
            secret: self.secret,
            locked: self.locked,
            awaited: self.awaited,
            opens: self.opens,
            unclaimed: self.unclaimed,
            ..RoomRecord::new(self.created, config)
        }
    }
}

impl RoomRecord {
    fn life(&self) -> Life {
        Life {
            created: self.created,
            founder: self.founder.clone(),
            archive: self.archive.clone(),
            secret: self.secret.clone(),
            locked: self.locked,
            awaited: self.awaited,
            opens: self.opens,
            unclaimed: self.unclaimed,
        }
    }

    fn numbers(&self) -> Numbers {
        let Versions { now, known_from, .. } = self.versions;
        Numbers { now, known_from, vain_invitations: self.vain_invitations }
    }

    /// All that there is of this record of `room`.
    pub fn parts(&self, room: &BareJid) -> Vec<Part> {
        let mut parts = vec![
            Part::Life(self.life()),
            Part::Config(Box::new(self.config.clone())),
            Part::Listed(Box::new(Listed::of(room, self))),
        ];
        let nothing = Self::new(self.created, self.config.clone());
        self.common(&nothing, &mut parts);
        parts
    }

    /// What is not as it is in `before`, an earlier record of `room`.
    pub fn changes_since(&self, before: &Self, room: &BareJid) -> Vec<Part> {
        let mut parts = Vec::new();
        if self == before {
            return parts;
        }
        let life = self.life();
        if life != before.life() {
            parts.push(Part::Life(life));
        }
        if self.config != before.config {
            parts.push(Part::Config(Box::new(self.config.clone())));
        }
        let listed = Listed::of(room, self);
        if listed != Listed::of(room, before) {
            parts.push(Part::Listed(Box::new(listed)));
        }
        self.common(before, &mut parts);
        parts
    }

    /// The changes of what a record need not have.
    fn common(&self, before: &Self, parts: &mut Vec<Part>) {
        if self.subject != before.subject {
            parts.push(Part::Subject(self.subject.clone()));
        }
        if self.activity != before.activity {
            parts.push(Part::Activity(self.activity.clone()));
        }
        if self.numbers() != before.numbers() {
            parts.push(Part::Numbers(self.numbers()));
        }
        if self.versions.lost != before.versions.lost {
            let by_version =
                |of: &Self| of.versions.lost.iter().map(|lost| (lost.version, lost.clone())).collect();
            changes(&by_version(before), &by_version(self), parts, Part::Lost);
        }
        if self.hats != before.hats {
            changes(&before.hats.known, &self.hats.known, parts, Part::Hat);
            changes(&before.hats.worn, &self.hats.worn, parts, Part::Worn);
        }
        if self.tokens != before.tokens {
            let by_secret =
                |of: &Self| of.tokens.iter().map(|token| (token.secret.clone(), token.clone())).collect();
            changes(&by_secret(before), &by_secret(self), parts, Part::Token);
        }
        if self.voices != before.voices {
            parts.extend(self.voices.difference(&before.voices).map(|jid| Part::Voice(jid.clone(), true)));
            parts.extend(before.voices.difference(&self.voices).map(|jid| Part::Voice(jid.clone(), false)));
        }
    }
}

/// What of `now` is not as it was `before`, and what is gone.
fn changes<K: Ord + Clone, V: PartialEq + Clone>(
    before: &BTreeMap<K, V>,
    now: &BTreeMap<K, V>,
    parts: &mut Vec<Part>,
    part: impl Fn(K, Option<V>) -> Part,
) {
    let new = now.iter().filter(|(key, value)| before.get(key) != Some(value));
    parts.extend(new.map(|(key, value)| part(key.clone(), Some(value.clone()))));
    let gone = before.keys().filter(|key| !now.contains_key(key));
    parts.extend(gone.map(|key| part(key.clone(), None)));
}

impl Part {
    /// About how many bytes this is on the disk, for bounds and for what it costs.
    pub fn bytes(&self) -> usize {
        // What a part takes beside the texts of people.
        const OWN_BYTES: usize = 48;
        const CONFIG_BYTES: usize = 1024;
        let own = match self {
            Self::Life(life) => 160 + life.founder.as_ref().map_or(0, |jid| jid.as_str().len()),
            Self::Config(config) => CONFIG_BYTES + config.text_bytes(),
            Self::Listed(listed) => listed.bytes(),
            Self::Subject(subject) => subject.as_ref().map_or(0, |s| {
                s.nick.len() + s.texts.iter().map(|(lang, text)| lang.len() + text.len()).sum::<usize>()
            }),
            Self::Activity(activity) => activity.as_ref().map_or(0, |a| 4 * a.counts.len()),
            Self::Numbers(_) => 16,
            Self::Lost(_, lost) => lost.as_ref().map_or(0, |lost| lost.jid.as_str().len()),
            Self::Hat(uri, hat) => uri.len() + hat.as_ref().map_or(0, |hat| hat.title.len()),
            Self::Worn(account, worn) => {
                account.as_str().len() + worn.iter().flatten().map(String::len).sum::<usize>()
            }
            Self::Token(_, token) => token.as_ref().map_or(0, |t| 160 + t.issuer.as_str().len()),
            Self::Voice(account, _) => account.as_str().len(),
        };
        OWN_BYTES + own
    }
}
