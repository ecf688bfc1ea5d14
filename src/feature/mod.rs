//! One file per feature, with all its surfaces: behaviour, form fields, disco, status codes, tests.
//!
//! What a client asks for (join, speak, kick …) is called from the one match in [`crate::room`]. What shows in
//! several places (form fields, disco features, room information, status codes) is found by walking
//! [`FEATURES`], in this order.

pub mod about;
pub(crate) mod absent;
pub mod activity;
pub mod admin;
pub mod affiliation_versions;
pub mod affiliations;
pub mod anonymity;
pub mod archive;
pub mod awaited;
pub mod backlog;
pub mod ban;
pub mod capacity;
pub mod commands;
pub mod conflicts;
pub mod contacts;
pub mod data_policy;
pub mod decline;
pub mod destroy;
pub mod disco;
pub mod ghost;
pub mod groupchat;
pub mod hats;
pub mod history;
pub mod invite;
pub mod join;
pub mod leave;
pub mod leavers;
pub mod lists;
pub mod locked;
pub mod logging;
pub mod mam;
pub mod members_only;
pub mod mentions;
pub mod moderate;
pub mod moderated;
pub mod nick;
pub mod occupant_id;
pub mod order;
pub mod owner;
pub mod password;
pub mod persistence;
pub mod presence;
pub mod private;
pub mod public;
pub mod quiet;
pub mod ratings;
pub mod reactions;
pub mod reflect;
pub mod register;
pub mod relay;
pub mod restart;
pub mod retract;
pub mod retract_recent;
pub mod retracted;
pub mod roles;
pub mod self_ping;
pub mod sessions;
pub mod settings;
pub mod slow_mode;
pub mod subject;
pub mod token_invite;
pub mod vcard;
pub mod voice;
pub mod whom;

use jiff::Timestamp;
use minidom::Element;

use crate::room::Room;
use crate::room::config::Config;
use crate::room::cx::Service;
use crate::room::limits::Limits;
use crate::words::{self, Label, Text, Value, Words};

/// The surfaces of a feature. Everything but the name may be empty.
pub struct Feature {
    /// The feature's file.
    pub name: &'static str,
    /// Fields of the configuration form, in order.
    pub fields: &'static [Field],
    /// What it adds to the room's disco#info features (XEP-0045 §6.4).
    pub disco: fn(&Room, &mut Vec<&'static str>),
    /// What it adds to the extended room information (XEP-0045 §16.5.4): variable and value; one
    /// after the other, values of the same variable come together.
    pub info: fn(&Room, &mut Vec<(&'static str, String)>),
    /// The same, of what changes with time.
    pub info_now: fn(&Room, Timestamp, &mut Vec<(&'static str, String)>),
    /// Forms of other specifications in disco#info (XEP-0128).
    pub forms: fn(&Room, &Service, &mut Vec<Element>),
    /// Ad-hoc commands (XEP-0050).
    pub(crate) commands: &'static [commands::Command],
    /// Status codes for somebody who enters (XEP-0045 §16.6).
    pub entry_codes: fn(&Room, &mut Vec<u16>),
    /// Status codes for everybody when the configuration changes from the first to the second; 104 comes anyway.
    pub change_codes: fn(&Config, &Config, &mut Vec<u16>),
}

impl Feature {
    const fn new(name: &'static str) -> Self {
        Self {
            name,
            fields: &[],
            disco: |_, _| {},
            info: |_, _| {},
            info_now: |_, _, _| {},
            forms: |_, _, _| {},
            commands: &[],
            entry_codes: |_, _| {},
            change_codes: |_, _, _| {},
        }
    }
}

/// One option of a room as owners see it (XEP-0045 §16.5.3).
pub struct Field {
    /// The variable.
    pub var: &'static str,
    /// Other names under which clients submit it.
    pub aliases: &'static [&'static str],
    /// For people.
    pub label: &'static Text,
    /// What else they need to know.
    pub desc: Option<&'static Text>,
    /// Under which heading it stands.
    pub section: Section,
    /// Whether the form has it at all.
    pub offered: fn(&Config, &Service) -> bool,
    /// How it is filled in.
    pub kind: FieldKind,
    /// Its current values.
    pub get: fn(&Config) -> Vec<String>,
    /// Takes submitted values; empty means cleared. An error says what is wrong with them.
    pub set: fn(&mut Config, &[String], &Limits) -> Result<(), Words>,
}

impl Field {
    /// The same under a heading.
    const fn under(self, section: Section) -> Self {
        Self { section, ..self }
    }

    /// The same with what else people need to know.
    const fn hint(self, desc: &'static Text) -> Self {
        Self { desc: Some(desc), ..self }
    }
}

/// The parts of the configuration form, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// What the room is.
    Basics,
    /// Who may enter.
    Access,
    /// Who may speak, and how.
    Speaking,
    /// Who sees what of the others.
    Sight,
    /// What is kept of what was said.
    History,
    /// What is seldom needed.
    Rest,
}

impl Section {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Basics, Self::Access, Self::Speaking, Self::Sight, Self::History, Self::Rest];

    /// For people.
    pub fn heading(self) -> &'static Text {
        match self {
            Self::Basics => &words::ABOUT_THE_ROOM,
            Self::Access => &words::WHO_ENTERS,
            Self::Speaking => &words::WHO_SPEAKS,
            Self::Sight => &words::WHO_SEES_WHAT,
            Self::History => &words::HISTORY,
            Self::Rest => &words::THE_REST,
        }
    }
}

/// How a field is filled in (XEP-0004 §3.3).
#[derive(Clone, Copy, Debug)]
pub enum FieldKind {
    /// Yes or no.
    Boolean,
    /// One line.
    Text,
    /// Several lines.
    Lines,
    /// Addresses.
    Jids,
    /// One line that is not shown while typing.
    Private,
    /// A whole number up to one that the limits say.
    Integer(fn(&Limits) -> u32),
    /// One of these numbers up to such a one, or none.
    Choice(&'static [u32], fn(&Limits) -> u32),
    /// One of these values (with labels).
    One(&'static [(&'static str, Label<'static>)]),
    /// Any of these values (with labels).
    Many(&'static [(&'static str, Label<'static>)]),
}

impl FieldKind {
    /// The word on the wire.
    pub fn wire(self) -> &'static str {
        match self {
            Self::Boolean => "boolean",
            Self::Text | Self::Integer(_) => "text-single",
            Self::Lines => "text-multi",
            Self::Jids => "jid-multi",
            Self::Private => "text-private",
            Self::One(_) | Self::Choice(..) => "list-single",
            Self::Many(_) => "list-multi",
        }
    }
}

/// All features with surfaces, in the order in which they show.
pub static FEATURES: &[Feature] = &[
    about::FEATURE,
    contacts::FEATURE,
    ratings::FEATURE,
    persistence::FEATURE,
    public::FEATURE,
    members_only::FEATURE,
    password::FEATURE,
    moderated::FEATURE,
    voice::FEATURE,
    anonymity::FEATURE,
    capacity::FEATURE,
    subject::FEATURE,
    invite::FEATURE,
    token_invite::FEATURE,
    register::FEATURE,
    private::FEATURE,
    presence::FEATURE,
    quiet::FEATURE,
    lists::FEATURE,
    affiliation_versions::FEATURE,
    history::FEATURE,
    archive::FEATURE,
    mam::FEATURE,
    data_policy::FEATURE,
    retract::FEATURE,
    moderate::FEATURE,
    retract_recent::FEATURE,
    retracted::FEATURE,
    ban::FEATURE,
    leavers::FEATURE,
    sessions::FEATURE,
    logging::FEATURE,
    groupchat::FEATURE,
    activity::FEATURE,
    reactions::FEATURE,
    slow_mode::FEATURE,
    mentions::FEATURE,
    self_ping::FEATURE,
    occupant_id::FEATURE,
    vcard::FEATURE,
    hats::FEATURE,
    commands::FEATURE,
];

/// All form fields, in order.
pub fn fields() -> impl Iterator<Item = &'static Field> {
    FEATURES.iter().flat_map(|f| f.fields)
}

/// A boolean field on a member of [`Config`].
macro_rules! boolean_field {
    ($var:literal, $label:expr, $($member:ident).+) => {
        boolean_field!($var, $label, $($member).+, &[])
    };
    ($var:literal, $label:expr, $($member:ident).+, $aliases:expr) => {
        $crate::feature::Field {
            var: $var,
            aliases: $aliases,
            label: $label,
            desc: None,
            section: $crate::feature::Section::Rest,
            offered: |_, _| true,
            kind: $crate::feature::FieldKind::Boolean,
            get: |config| vec![$crate::feature::digit(config.$($member).+)],
            set: |config, values, _| {
                config.$($member).+ = $crate::feature::to_boolean(values)?;
                Ok(())
            },
        }
    };
}

/// A field of one line of text on a member of [`Config`].
macro_rules! text_field {
    ($var:literal, $label:expr, $kind:ident, $member:ident) => {
        $crate::feature::Field {
            var: $var,
            aliases: &[],
            label: $label,
            desc: None,
            section: $crate::feature::Section::Rest,
            offered: |_, _| true,
            kind: $crate::feature::FieldKind::$kind,
            get: |config| vec![config.$member.clone()],
            set: |config, values, limits| {
                config.$member = $crate::feature::to_text(values, limits.text_bytes_max)?;
                Ok(())
            },
        }
    };
}

/// A field of a whole number on a member of [`Config`].
macro_rules! number_field {
    ($var:literal, $label:expr, $member:ident) => {
        $crate::feature::Field {
            var: $var,
            aliases: &[],
            label: $label,
            desc: None,
            section: $crate::feature::Section::Rest,
            offered: |_, _| true,
            kind: $crate::feature::FieldKind::Integer(|_| u32::MAX),
            get: |config| vec![config.$member.to_string()],
            set: |config, values, _| {
                config.$member = $crate::feature::to_number(values)?;
                Ok(())
            },
        }
    };
    // One that the service bounds, unless its bound is 0.
    ($var:literal, $label:expr, $member:ident, $most:ident) => {
        $crate::feature::Field {
            kind: $crate::feature::FieldKind::Integer(|limits| match limits.$most {
                0 => u32::MAX,
                most => most,
            }),
            set: |config, values, limits| {
                config.$member = $crate::feature::to_number(values)?;
                if limits.$most > 0 && config.$member > limits.$most {
                    return Err($crate::words::NUMBER_MOST.with([limits.$most]));
                }
                Ok(())
            },
            ..$crate::feature::number_field!($var, $label, $member)
        }
    };
}

/// A list-multi field of roles on a member of [`Config`].
macro_rules! roles_field {
    ($var:literal, $label:expr, $member:ident) => {
        $crate::feature::Field {
            var: $var,
            aliases: &[],
            label: $label,
            desc: None,
            section: $crate::feature::Section::Rest,
            offered: |_, _| true,
            kind: $crate::feature::FieldKind::Many($crate::feature::ROLES),
            get: |config| $crate::feature::role_words(config.$member),
            set: |config, values, _| {
                config.$member = $crate::feature::to_roles(values)?;
                Ok(())
            },
        }
    };
}

pub(crate) use {boolean_field, number_field, roles_field, text_field};

const ROLES: &[(&str, Label<'static>)] = &[
    ("moderator", Label::Text(&words::MODERATORS)),
    ("participant", Label::Text(&words::PARTICIPANTS)),
    ("visitor", Label::Text(&words::VISITORS)),
];

fn digit(value: bool) -> String {
    if value { "1" } else { "0" }.to_owned()
}

fn to_boolean(values: &[String]) -> Result<bool, Words> {
    crate::wire::form::boolean(values).ok_or_else(|| (&words::NOT_BOOLEAN).into())
}

/// A number; nothing is 0.
fn to_number(values: &[String]) -> Result<u32, Words> {
    let word = values.first().map(|v| v.trim()).unwrap_or_default();
    let number = if word.is_empty() { Ok(0) } else { word.parse() };
    number.map_err(|_| (&words::NOT_NUMBER).into())
}

fn to_text(values: &[String], bytes_max: usize) -> Result<String, Words> {
    // Clients that were given a text-multi long ago still send several lines.
    let text = values.join("\n");
    if text.len() > bytes_max {
        return Err(words::TEXT_MOST.with([bytes_max]));
    }
    Ok(text)
}

fn role_words(roles: crate::room::config::Roles) -> Vec<String> {
    [("moderator", roles.moderator), ("participant", roles.participant), ("visitor", roles.visitor)]
        .into_iter()
        .filter(|(_, on)| *on)
        .map(|(word, _)| word.to_owned())
        .collect()
}

fn to_roles(values: &[String]) -> Result<crate::room::config::Roles, Words> {
    let mut roles = crate::room::config::Roles { moderator: false, participant: false, visitor: false };
    for value in values {
        match value.as_str() {
            "moderator" => roles.moderator = true,
            "participant" => roles.participant = true,
            "visitor" => roles.visitor = true,
            "none" | "" => {}
            other => return Err(words::NO_OPTION.with([Value::quoted(other)])),
        }
    }
    Ok(roles)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_takes_back_what_it_shows() {
        // 004-3
        let limits = Limits::default();
        for field in fields() {
            let shown = (field.get)(&Config::default());
            let mut config = Config::default();
            (field.set)(&mut config, &shown, &limits).unwrap_or_else(|e| panic!("{}: {e}", field.var));
            assert_eq!(config, Config::default(), "{}", field.var);
        }
    }

    #[test]
    fn no_variable_is_claimed_twice() {
        let mut vars: Vec<_> = fields().flat_map(|f| f.aliases.iter().copied().chain([f.var])).collect();
        let all = vars.len();
        vars.sort_unstable();
        vars.dedup();
        assert_eq!(vars.len(), all);
    }
}
