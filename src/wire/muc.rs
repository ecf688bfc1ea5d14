//! Roles, affiliations and status codes (XEP-0045 §5.1, §5.2, §15.6.2).

use std::fmt;

use serde::{Deserialize, Serialize};

pub use xmpp_parsers::muc::user::Status;

/// The role of an occupant, lowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Not in the room.
    None,
    /// Without a voice in a moderated room.
    Visitor,
    /// With a voice.
    Participant,
    /// Keeps order.
    Moderator,
}

impl Role {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Visitor => "visitor",
            Self::Participant => "participant",
            Self::Moderator => "moderator",
        }
    }

    /// Reads the word on the wire.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::None, Self::Visitor, Self::Participant, Self::Moderator]
            .into_iter()
            .find(|r| r.as_str() == word)
    }
}

/// A long-lived relation of an account to a room (XEP-0045 §5.2). "none" is the absence of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Affiliation {
    /// Banned.
    Outcast,
    /// No relation.
    None,
    /// On the member list.
    Member,
    /// Administrator.
    Admin,
    /// Owner.
    Owner,
}

impl Affiliation {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Outcast => "outcast",
            Self::None => "none",
            Self::Member => "member",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }

    /// Reads the word on the wire.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Outcast, Self::None, Self::Member, Self::Admin, Self::Owner]
            .into_iter()
            .find(|a| a.as_str() == word)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Affiliation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
