//! A room's configuration: every option that an owner can set, and its default (XEP-0045 §16.5.3).
//!
//! An option is a line of [`Config`] here, and a [`Field`](super::surface::Field) in the file of the feature that it belongs to.
//! All else follows: how it is stored and read, its line and its meaning in `component.toml`, how large it is.

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
    /// Moderators: true or false.
    pub moderator: bool,
    /// Participants: true or false.
    pub participant: bool,
    /// Visitors: true or false.
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

/// What an option may be.
trait Value {
    /// The bytes of its texts.
    fn text_bytes(&self) -> usize {
        0
    }

    /// How many texts it lists.
    fn listed(&self) -> usize {
        0
    }
}

impl Value for bool {}
impl Value for u32 {}
impl Value for Whois {}
impl Value for AllowPm {}
impl Value for Roles {}

impl Value for String {
    fn text_bytes(&self) -> usize {
        self.len()
    }
}

impl Value for Vec<String> {
    fn text_bytes(&self) -> usize {
        self.iter().map(String::len).sum()
    }

    fn listed(&self) -> usize {
        self.len()
    }
}

/// Options, each with what it means for who sets the defaults of new rooms, its name, its type and its default.
macro_rules! options {
    ($($(#[doc = $doc:literal])+ $name:ident: $type:ty = $default:expr;)*) => {
        /// Every option of a room.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(default)]
        pub struct Config {
            $($(#[doc = $doc])+ pub $name: $type,)*
        }

        impl Default for Config {
            fn default() -> Self {
                Self { $($name: $default,)* }
            }
        }

        impl Config {
            /// The options in order: each with the lines that say what it means.
            pub const OPTIONS: &[(&str, &[&str])] = &[$((stringify!($name), &[$($doc),+])),*];

            /// How many bytes its texts have.
            pub fn text_bytes(&self) -> usize {
                0 $(+ Value::text_bytes(&self.$name))*
            }

            /// How many texts its lists have.
            pub fn listed(&self) -> usize {
                0 $(+ Value::listed(&self.$name))*
            }
        }

        #[cfg(test)]
        pub(crate) fn any_config() -> impl proptest::strategy::Strategy<Value = Config> {
            use proptest::prelude::*;
            let config = Just(Config::default()).boxed();
            $(
                let config = (config, <$type as tests::Any>::any()).prop_map(|(config, $name)| Config { $name, ..config });
                let config = config.boxed();
            )*
            config
        }
    };
}

options! {
    /// Name shown to people; "" for none.
    name: String = String::new();
    /// Longer description; "" for none.
    description: String = String::new();
    /// Language of the conversation, as in xml:lang; "" when not stated.
    language: String = String::new();
    /// Whether the room outlives its last occupant: true or false.
    persistent: bool = false;
    /// Whether the room is listed: true or false.
    public: bool = false;
    /// Whether a password is needed to enter: true or false.
    password_protected: bool = false;
    /// The password; must be set when password_protected is true.
    password: String = String::new();
    /// Most occupants at a time; 0 for no limit beyond limits.occupants_max.
    occupants_max: u32 = 0;
    /// Who sees the real addresses of occupants: "moderators" or "anyone".
    whois: Whois = Whois::Moderators;
    /// Whether only members may enter: true or false.
    members_only: bool = false;
    /// Whether newcomers have to be given voice before they can speak: true or false.
    moderated: bool = false;
    /// Whether participants may set the subject: true or false.
    change_subject: bool = false;
    /// Whether members may invite into a members-only room: true or false.
    allow_invites: bool = false;
    /// Whether the room invites an account that becomes a member of it, while absent, when it is members-only: true
    /// or false.
    invite_new_members: bool = false;
    /// Whether those who may enter may register a nick with the room, and become members by it: true or
    /// false.
    registration: bool = false;
    /// Whether occupants who have registered a nick must keep to it: true or false.
    lock_nicks: bool = false;
    /// Who may send private messages: "anyone", "participants", "moderators" or "none".
    allow_pm: AllowPm = AllowPm::Anyone;
    /// Whose presence is broadcast, by role.
    presence_broadcast: Roles = Roles::ALL;
    /// Which roles may read the member list.
    member_list: Roles = Roles::ALL;
    /// Whether the conversation is logged in public: true or false. It says so to those who join; Conclave
    /// writes no such log.
    logging: bool = false;
    /// Address of an associated pubsub node; "" for none.
    pubsub: String = String::new();
    /// Most messages of history that a joining client gets; at most limits.history_messages_max. What has no
    /// body and asks to be stored, as what was read, comes beside them.
    history_max: u32 = 20;
    /// Whether messages are archived, for all who may enter: true or false.
    archive: bool = true;
    /// Days that messages stay in the archive; 0 for as long as the service keeps them.
    archive_days: u32 = 0;
    /// Most messages in the archive; 0 for as many as the service keeps.
    archive_messages: u32 = 0;
    /// Seconds that an account has to wait between two messages, a day (86400) at most; 0 for none. Owners
    /// and admins need not wait.
    slow_mode_seconds: u32 = 0;
    /// Whether members who are away are told when an occupant mentions them: true or false.
    forward_mentions: bool = false;
    /// Above so many occupants, those who come are shown to the others once they speak; 0 to show everybody
    /// always.
    quiet_above: u32 = 0;
    /// Addresses to write to about the room, such as ["help@example.org"].
    contacts: Vec<String> = Vec::new();
    /// Content ratings: for each the URI of a rating scheme, a space, a label of that scheme.
    ratings: Vec<String> = Vec::new();
    /// Most reactions of one occupant to one message; 0 for any number.
    reactions_max: u32 = 0;
    /// The reactions that are allowed, such as ["👍", "👎"]; empty for all.
    reactions_allowed: Vec<String> = Vec::new();
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Any value of an option.
    pub(super) trait Any: Sized {
        fn any() -> BoxedStrategy<Self>;
    }

    macro_rules! any_of {
        ($($type:ty),*) => {$(
            impl Any for $type {
                fn any() -> BoxedStrategy<Self> {
                    any::<$type>().boxed()
                }
            }
        )*};
    }

    any_of!(bool, u32, String, Vec<String>);

    impl Any for Whois {
        fn any() -> BoxedStrategy<Self> {
            prop_oneof![Just(Self::Moderators), Just(Self::Anyone)].boxed()
        }
    }

    impl Any for AllowPm {
        fn any() -> BoxedStrategy<Self> {
            let all = [Self::Anyone, Self::Participants, Self::Moderators, Self::None];
            prop::sample::select(all.to_vec()).boxed()
        }
    }

    impl Any for Roles {
        fn any() -> BoxedStrategy<Self> {
            let roles = any::<[bool; 3]>();
            roles
                .prop_map(|[moderator, participant, visitor]| Self { moderator, participant, visitor })
                .boxed()
        }
    }
}
