//! What a feature shows of itself: fields of the configuration form, disco, status codes, commands. Each feature fills in one
//! [`Feature`].

use jiff::Timestamp;
use minidom::Element;

use crate::room::Room;
use crate::room::archive::Found;
use crate::room::config::Config;
use crate::room::context::{Context, Service};
use crate::room::effect::Effects;
use crate::room::limits::Limits;
use crate::wire::command::{Done, Input};
use crate::wire::form::Submitted;
use crate::wire::inbound::Inbound;
use crate::wire::jid::BareJid;
use crate::wire::muc::{Affiliation, Role, Status};
use crate::wire::refusal::Refusal;
use crate::words;
use crate::words::{Entry, Label, Lang, Text, Value, Words};

/// The surfaces of a feature. Everything but the name may be empty.
pub struct Feature {
    /// The feature's file.
    pub name: &'static str,
    /// The texts that nothing else says.
    pub texts: &'static [&'static Entry],
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
    pub(crate) commands: &'static [Command],
    /// Status codes for an account that enters (XEP-0045 §16.6).
    pub entry_codes: fn(&Room, &mut Vec<Status>),
    /// Status codes for everybody when the configuration changes from the first to the second; 104 comes anyway.
    pub change_codes: fn(&Config, &Config, &mut Vec<Status>),
}

impl Feature {
    pub(crate) const fn new(name: &'static str) -> Self {
        Self {
            name,
            texts: &[],
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
    /// The member of [`Config`], which is the key in `component.toml`.
    pub key: &'static str,
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
    /// A field that every room has, without aliases and hints, among those that are seldom needed.
    pub(crate) const fn new(
        [key, var]: [&'static str; 2],
        label: &'static Text,
        kind: FieldKind,
        get: fn(&Config) -> Vec<String>,
        set: fn(&mut Config, &[String], &Limits) -> Result<(), Words>,
    ) -> Self {
        let (aliases, desc, section) = (&[], None, Section::Rest);
        Self { key, var, aliases, label, desc, section, offered: |_, _| true, kind, get, set }
    }

    /// The same, taken also under other names.
    pub(crate) const fn known_as(self, aliases: &'static [&'static str]) -> Self {
        Self { aliases, ..self }
    }

    /// The same under a heading.
    pub(crate) const fn under(self, section: Section) -> Self {
        Self { section, ..self }
    }

    /// The same with what else people need to know.
    pub(crate) const fn hint(self, desc: &'static Text) -> Self {
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
    /// Who decides, and answers for it.
    People,
    /// What is seldom needed.
    Rest,
}

impl Section {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Basics, Self::Access, Self::Speaking, Self::Sight, Self::History, Self::People, Self::Rest];

    /// For people.
    pub fn heading(self) -> &'static Text {
        match self {
            Self::Basics => &words::ABOUT_THE_ROOM,
            Self::Access => &words::WHO_ENTERS,
            Self::Speaking => &words::WHO_SPEAKS,
            Self::Sight => &words::WHO_SEES_WHAT,
            Self::History => &words::HISTORY,
            Self::People => &words::PEOPLE_IN_CHARGE,
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
    /// A whole number.
    Integer(Bound),
    /// One of these numbers, or none.
    Choice(&'static [u32], Bound),
    /// One of these values (with labels).
    One(&'static [(&'static str, Label<'static>)]),
    /// Any of these values (with labels).
    Many(&'static [(&'static str, Label<'static>)]),
}

/// How large a number may be.
#[derive(Clone, Copy, Debug)]
pub struct Bound {
    /// The setting that says it, if one does.
    pub setting: Option<&'static str>,
    /// What it comes to.
    pub most: fn(&Limits) -> u32,
}

impl Bound {
    /// None but that of the number's type.
    pub(crate) const NONE: Self = Self::fixed(|_| u32::MAX);

    /// One that no setting changes.
    pub(crate) const fn fixed(most: fn(&Limits) -> u32) -> Self {
        Self { setting: None, most }
    }

    /// That of a setting.
    pub(crate) const fn of(setting: &'static str, most: fn(&Limits) -> u32) -> Self {
        Self { setting: Some(setting), most }
    }

    /// Refuses a number that is too large.
    ///
    /// # Errors
    /// Words that name the most that it may be.
    pub(crate) fn check(self, number: u32, limits: &Limits) -> Result<u32, Words> {
        match (self.most)(limits) {
            most if number > most => Err(words::NUMBER_MOST.with([most])),
            _ => Ok(number),
        }
    }
}

impl FieldKind {
    /// How large its number may be, if it is one.
    pub fn bound(self) -> Option<Bound> {
        match self {
            Self::Integer(bound) | Self::Choice(_, bound) => Some(bound),
            _ => None,
        }
    }

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

pub(crate) const ROLES: &[(&str, Label<'static>)] = &[
    ("moderator", Label::Text(&words::MODERATORS)),
    ("participant", Label::Text(&words::PARTICIPANTS)),
    ("visitor", Label::Text(&words::VISITORS)),
];

pub(crate) fn digit(value: bool) -> String {
    if value { "1" } else { "0" }.to_owned()
}

pub(crate) fn to_boolean(values: &[String]) -> Result<bool, Words> {
    crate::wire::form::boolean(values).ok_or_else(|| (&words::NOT_BOOLEAN).into())
}

/// A number; nothing is 0.
pub(crate) fn to_number(values: &[String]) -> Result<u32, Words> {
    let word = values.first().map(|v| v.trim()).unwrap_or_default();
    let number = if word.is_empty() { Ok(0) } else { word.parse() };
    number.map_err(|_| (&words::NOT_NUMBER).into())
}

pub(crate) fn to_text(values: &[String], bytes_max: usize) -> Result<String, Words> {
    // Clients that were given a text-multi long ago still send several lines.
    let text = values.join("\n");
    if text.len() > bytes_max {
        return Err(words::TEXT_MOST.with([bytes_max]));
    }
    Ok(text)
}

pub(crate) fn role_words(roles: crate::room::config::Roles) -> Vec<String> {
    [("moderator", roles.moderator), ("participant", roles.participant), ("visitor", roles.visitor)]
        .into_iter()
        .filter(|(_, on)| *on)
        .map(|(word, _)| word.to_owned())
        .collect()
}

pub(crate) fn to_roles(values: &[String]) -> Result<crate::room::config::Roles, Words> {
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

/// One command.
pub(crate) struct Command {
    /// Its name on the wire.
    pub(crate) node: &'static str,
    /// For people.
    pub(crate) name: &'static Text,
    /// Whether an account may run it. Others do not see it.
    pub(crate) allowed: fn(&Room, &BareJid) -> bool,
    /// Whether it can succeed as the room is. Where it cannot, it is not listed.
    pub(crate) offered: fn(&Room, &Service) -> bool,
    /// What is to be filled in, if anything.
    pub(crate) form: Option<Form>,
    /// For a list with pages.
    pub(crate) pages: Option<Pages>,
    /// Does it. As everywhere, a refusal leaves the room as it was.
    pub(crate) run: Run,
    /// Goes on when the archive has answered. If `run` asks the archive something, what it returns does not count, and
    /// this ends the command instead.
    pub(crate) found: Option<RunFound>,
}

impl Command {
    /// A command that takes nothing, and can always be run by those who may.
    pub(crate) const fn new(
        node: &'static str,
        name: &'static Text,
        allowed: fn(&Room, &BareJid) -> bool,
        run: Run,
    ) -> Self {
        Self { node, name, allowed, offered: |_, _| true, form: None, pages: None, run, found: None }
    }

    pub(crate) fn input(&self) -> Input {
        match (&self.form, &self.pages) {
            (Some(form), _) => Input::Form(form.type_),
            (None, Some(pages)) => Input::Pages(pages.type_),
            (None, None) => Input::Nothing,
        }
    }
}

/// Goes on with a command after the archive has answered; what was filled in is given again.
pub(crate) type RunFound =
    fn(&mut Room, &Submitted, &Found, &mut Context, &mut Effects) -> Result<Done, Refusal>;

/// Runs a command with what was filled in.
pub(crate) type Run =
    fn(&mut Room, &Submitted, &Inbound, &mut Context<'_>, &mut Effects) -> Result<Done, Refusal>;

/// The form of a command.
pub(crate) struct Form {
    /// Its FORM_TYPE (XEP-0068).
    pub(crate) type_: &'static str,
    /// The form as it is shown, in a language.
    pub(crate) show: fn(&Room, Lang<'_>) -> Element,
}

/// What a command with pages takes.
pub(crate) struct Pages {
    /// The FORM_TYPE of the table, and of what may be sent with the first request.
    pub(crate) type_: &'static str,
    /// The field that says where a page begins.
    pub(crate) from: &'static str,
}

/// For [`Command::allowed`]: moderators.
pub(crate) fn moderators(room: &Room, account: &BareJid) -> bool {
    room.standing(account).role == Role::Moderator
}

/// For [`Command::allowed`]: admins and owners.
pub(crate) fn admins(room: &Room, account: &BareJid) -> bool {
    room.affiliation(account) >= Affiliation::Admin
}

/// What is wrong with a field.
pub(crate) fn wrong_field(field: &str, why: impl Into<Value>) -> Refusal {
    Refusal::not_acceptable(words::FIELD_WRONG.with([field.into(), why.into()]))
}

/// A boolean field on a member of [`Config`].
macro_rules! boolean_field {
    ($var:literal, $label:expr, $member:ident) => {
        $crate::room::surface::Field::new(
            [stringify!($member), $var],
            $label,
            $crate::room::surface::FieldKind::Boolean,
            |config| vec![$crate::room::surface::digit(config.$member)],
            |config, values, _| {
                config.$member = $crate::room::surface::to_boolean(values)?;
                Ok(())
            },
        )
    };
}

/// A field of one line of text on a member of [`Config`].
macro_rules! text_field {
    ($var:literal, $label:expr, $kind:ident, $member:ident) => {
        $crate::room::surface::Field::new(
            [stringify!($member), $var],
            $label,
            $crate::room::surface::FieldKind::$kind,
            |config| vec![config.$member.clone()],
            |config, values, limits| {
                config.$member = $crate::room::surface::to_text(values, limits.text_bytes_max)?;
                Ok(())
            },
        )
    };
}

/// A field of a whole number on a member of [`Config`], with its bound if it has one.
macro_rules! number_field {
    ($var:literal, $label:expr, $member:ident) => {
        $crate::room::surface::number_field!($var, $label, $member, $crate::room::surface::Bound::NONE)
    };
    ($var:literal, $label:expr, $member:ident, $bound:expr) => {
        $crate::room::surface::Field::new(
            [stringify!($member), $var],
            $label,
            $crate::room::surface::FieldKind::Integer($bound),
            |config| vec![config.$member.to_string()],
            |config, values, limits| {
                config.$member = $bound.check($crate::room::surface::to_number(values)?, limits)?;
                Ok(())
            },
        )
    };
}

/// A list-multi field of roles on a member of [`Config`].
macro_rules! roles_field {
    ($var:literal, $label:expr, $member:ident) => {
        $crate::room::surface::Field::new(
            [stringify!($member), $var],
            $label,
            $crate::room::surface::FieldKind::Many($crate::room::surface::ROLES),
            |config| $crate::room::surface::role_words(config.$member),
            |config, values, _| {
                config.$member = $crate::room::surface::to_roles(values)?;
                Ok(())
            },
        )
    };
}

pub(crate) use {boolean_field, number_field, roles_field, text_field};
