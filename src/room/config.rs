//! A room's configuration: every option that an owner can set, and its default (XEP-0045 §16.5.3).

use serde::{Deserialize, Serialize};

/// Who sees the real addresses of occupants (`muc#roomconfig_whois`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Whois {
    /// Moderators only: the room is semi-anonymous.
    Moderators,
    /// Anyone: the room is non-anonymous.
    Anyone,
}

/// Who may send private messages (`muc#roomconfig_allowpm`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AllowPm {
    /// Every occupant.
    Anyone,
    /// Participants and moderators.
    Participants,
    /// Moderators only.
    Moderators,
    /// Nobody.
    None,
}

/// Roles in a set: who is meant by a list-multi option.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Roles {
    /// Moderators.
    pub moderator: bool,
    /// Participants.
    pub participant: bool,
    /// Visitors.
    pub visitor: bool,
}

impl Roles {
    /// Everybody.
    pub const ALL: Self = Self { moderator: true, participant: true, visitor: true };
}

impl Default for Roles {
    fn default() -> Self {
        Self::ALL
    }
}

/// Every option of a room. The default is a hidden, open, semi-anonymous, temporary room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Config {
    /// Name shown to people; empty: none (`roomname`).
    pub name: String,
    /// Longer description (`roomdesc`).
    pub description: String,
    /// Language of the conversation, as in `xml:lang`; empty: not stated (`lang`).
    pub language: String,
    /// The room outlives its last occupant (`persistentroom`).
    pub persistent: bool,
    /// The room is listed (`publicroom`).
    pub public: bool,
    /// A password is needed to enter (`passwordprotectedroom`).
    pub password_protected: bool,
    /// The password (`roomsecret`).
    pub password: String,
    /// Most occupants at a time; 0: no limit of the room's own (`maxusers`).
    pub occupants_max: u32,
    /// Who sees real addresses (`whois`).
    pub whois: Whois,
    /// Only members enter (`membersonly`).
    pub members_only: bool,
    /// Newcomers have no voice (`moderatedroom`).
    pub moderated: bool,
    /// Participants may set the subject (`changesubject`).
    pub change_subject: bool,
    /// Members may invite into a members-only room (`allowinvites`).
    pub allow_invites: bool,
    /// Somebody who becomes a member of a members-only room while absent is invited (`invitenewmembers`).
    pub invite_new_members: bool,
    /// Whoever may enter may register a nick and so become a member (`registration`).
    pub registration: bool,
    /// Occupants with a reserved nick keep to it (`reservednick`).
    pub lock_nicks: bool,
    /// Who may send private messages (`allowpm`).
    pub allow_pm: AllowPm,
    /// Whose presence is broadcast (`presencebroadcast`).
    pub presence_broadcast: Roles,
    /// Which roles may get the member list (`getmemberlist`).
    pub member_list: Roles,
    /// The room is logged in public (`enablelogging`).
    pub logging: bool,
    /// Address of an associated pubsub node (`pubsub`).
    pub pubsub: String,
    /// Most messages of history that a joining client gets (`muc#maxhistoryfetch`).
    pub history_max: u32,
    /// Messages are archived (`enablearchiving`).
    pub archive: bool,
    /// Days that messages stay in the archive; 0: as long as the service keeps them.
    pub archive_days: u32,
    /// Most messages in the archive; 0: as many as the service keeps.
    pub archive_messages: u32,
    /// Seconds that an account has to wait between two messages; 0: none (`slow_mode_duration`).
    pub slow_mode_seconds: u32,
    /// Members who are away are told when somebody mentions them (`forwardmentions`).
    pub forward_mentions: bool,
    /// Above so many occupants, those who come are shown to the others once they speak; 0: always shown.
    pub quiet_above: u32,
    /// Whom to write to about the room.
    pub contacts: Vec<String>,
    /// Content ratings: the URI of a scheme, a space, a label (`urn:xmpp:crl:0#simple-labels`).
    pub ratings: Vec<String>,
    /// Most reactions of one occupant to one message; 0: any number.
    pub reactions_max: u32,
    /// The reactions that are allowed; empty: all.
    pub reactions_allowed: Vec<String>,
}

impl Config {
    /// How many bytes its texts have.
    pub fn text_bytes(&self) -> usize {
        let texts = [&self.name, &self.description, &self.language, &self.password, &self.pubsub];
        let lists = [&self.contacts, &self.ratings, &self.reactions_allowed];
        texts.into_iter().chain(lists.into_iter().flatten()).map(String::len).sum()
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            name: String::new(),
            description: String::new(),
            language: String::new(),
            persistent: false,
            public: false,
            password_protected: false,
            password: String::new(),
            occupants_max: 0,
            whois: Whois::Moderators,
            members_only: false,
            moderated: false,
            change_subject: false,
            allow_invites: false,
            invite_new_members: false,
            registration: false,
            lock_nicks: false,
            allow_pm: AllowPm::Anyone,
            presence_broadcast: Roles::ALL,
            member_list: Roles::ALL,
            logging: false,
            pubsub: String::new(),
            history_max: 20,
            archive: true,
            archive_days: 0,
            archive_messages: 0,
            slow_mode_seconds: 0,
            forward_mentions: false,
            quiet_above: 0,
            contacts: Vec::new(),
            ratings: Vec::new(),
            reactions_max: 0,
            reactions_allowed: Vec::new(),
        }
    }
}
