//! The settings: `component.toml`, the environment, the command line, each laid over the one before.
//!
//! [`load`] gives [`Settings`] that are complete and checked, or one [`ConfigError`] that names the place.
//! `layers` lays values over the defaults, `check` looks at the outcome, `host_config` writes the other side.

mod check;
mod error;
pub mod host_config;
mod layers;
pub mod sample;
mod secret;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use error::{ConfigError, Place};
pub use layers::{OVERRIDES, Override, Sources};
pub use secret::Secret;

use crate::room::config::Config;
use crate::room::context::{self, Contacts};
pub use crate::room::context::{Create, LockedRooms};
use crate::room::limits::Limits;
use crate::room::nick::Nicks;
use crate::wire::jid::{BareJid, Profile};
use crate::words::{Catalogue, LANGUAGES};

/// The documented sample: every key with its default and what it means.
pub const SAMPLE: &str = include_str!("../../component.toml");

/// The port on which servers take components unless told otherwise.
pub const PORT_DEFAULT: u16 = 5347;

/// Everything that an operator can set, complete and checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The link to the host server.
    pub component: Component,
    /// The service as a whole.
    pub service: Service,
    /// What people read, in which languages.
    pub words: Arc<Catalogue>,
    /// What a new room starts with.
    pub default_room: Config,
    /// Bounds on what others can make grow.
    pub limits: Limits,
    /// Where durable facts are kept.
    pub store: StoreSettings,
    /// What was said, and for how long it is kept.
    pub archive: ArchiveSettings,
    /// What is logged, and how.
    pub log: Log,
}

/// `[component]`: the link to the host server (XEP-0114).
#[derive(Clone, Debug, PartialEq)]
pub struct Component {
    /// The address of the service: a domain.
    pub domain: BareJid,
    /// The server's component port, "host:port".
    pub server: String,
    /// The secret shared with the server.
    pub secret: Secret,
    /// Seconds of silence after which the server is pinged; without an answer for half as long again, the connection is
    /// given up.
    pub keepalive_seconds: u32,
    /// How the server prepares addresses.
    pub addresses: Profile,
}

/// `[service]`: the service as a whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Service {
    /// The name that service discovery shows.
    pub name: String,
    /// Accounts that administrate the service.
    pub admins: Vec<BareJid>,
    /// Whether they own every room.
    pub admins_own_rooms: bool,
    /// Who may create rooms.
    pub create: Create,
    /// What becomes of a room whose creator never sends its form.
    pub locked_rooms: LockedRooms,
    /// Whether presences show those who see real addresses each session of an occupant.
    pub item_per_session: bool,
    /// Whether rooms tell versions of their lists of affiliations (XEP-0463).
    pub affiliation_versions: bool,
    /// What becomes of nicks that some servers cannot carry.
    pub nicks: Nicks,
    /// Whether invitations that rooms pass on have a text for clients that know of no rooms.
    pub invitation_bodies: bool,
    /// What the form by which an account registers with a room asks for, beside the nick.
    pub registration_fields: Vec<String>,
    /// Whether rooms can say that what is said in them is published.
    pub public_logs: bool,
    /// Room options, as the configuration form names them, that only these admins may change.
    pub admin_fields: Vec<String>,
    /// What becomes of the occupants when the service stops in order.
    pub on_stop: OnStop,
    /// Address of the terms of service; empty: none.
    pub terms: String,
    /// The language of texts where nothing else says which.
    pub language: String,
    /// A file with texts of the operator's; empty: none.
    pub texts: String,
    /// Whom to write to.
    pub contacts: Contacts,
}

/// What becomes of the occupants when the service stops in order (`[service] on_stop`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnStop {
    /// They stay in, and find everything as it was when the service is back.
    Stay,
    /// They are told that the service stops, and have to enter again (XEP-0045 §11.2).
    Leave,
}

/// `[store]`: where durable facts are kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoreSettings {
    /// The folder.
    pub path: PathBuf,
}

/// `[archive]`: how and for how long messages are kept (XEP-0313).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ArchiveSettings {
    /// When a message counts as kept.
    pub durability: Durability,
    /// Milliseconds between two syncs of the disk, with [`Durability::Interval`].
    pub interval_ms: u32,
    /// Most days that messages are kept; 0: any number.
    pub days_max: u32,
    /// Most messages that are kept for a room; 0: any number.
    pub messages_max: u32,
    /// Most bytes of the messages of a room; 0: any number.
    pub room_bytes_max: u64,
    /// Most bytes of the messages of all rooms that one account created; 0: any number.
    pub account_bytes_max: u64,
    /// Most bytes of the messages of all rooms that accounts of one domain created; 0: any number.
    pub domain_bytes_max: u64,
    /// What a retracted message was is kept, for moderators.
    pub keep_retracted: bool,
    /// Memory for what is read often, in bytes.
    pub cache_bytes: u32,
}

/// When a message counts as kept, and may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Durability {
    /// When it is on the disk.
    Strict,
    /// When the system has it; it is on the disk after the next sync.
    Interval,
}

/// `[log]`: what is logged, and how.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// A level, or a list of `part=level`.
    pub level: String,
    /// How lines look.
    pub format: LogFormat,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Pretty,
    /// One JSON object per line.
    Json,
}

impl Default for Service {
    fn default() -> Self {
        // Any domain will do: none of these depends on it.
        let usual = context::Service::new(BareJid::parse("localhost").expect("an address"));
        Self {
            name: usual.name,
            admins: usual.admins,
            admins_own_rooms: usual.admins_own_rooms,
            create: usual.create,
            locked_rooms: usual.locked_rooms,
            item_per_session: usual.item_per_session,
            affiliation_versions: usual.affiliation_versions,
            nicks: usual.nicks,
            invitation_bodies: usual.invitation_bodies,
            registration_fields: usual.registration_fields,
            public_logs: usual.public_logs,
            admin_fields: usual.admin_fields,
            on_stop: OnStop::Stay,
            terms: usual.terms,
            language: LANGUAGES[0].to_owned(),
            texts: String::new(),
            contacts: usual.contacts,
        }
    }
}

impl Default for StoreSettings {
    fn default() -> Self {
        Self { path: PathBuf::from("./conclave-data") }
    }
}

impl Default for ArchiveSettings {
    fn default() -> Self {
        Self {
            durability: Durability::Strict,
            interval_ms: 1000,
            days_max: 0,
            messages_max: 0,
            room_bytes_max: 2 << 30,
            account_bytes_max: 8 << 30,
            domain_bytes_max: 16 << 30,
            keep_retracted: false,
            cache_bytes: 8 << 20,
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self { level: "info".to_owned(), format: LogFormat::Pretty }
    }
}

/// The settings as they are written: [`Settings`] before anything was checked. An empty text stands for "not set".
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Raw {
    component: RawComponent,
    service: Service,
    default_room: Config,
    limits: Limits,
    store: StoreSettings,
    archive: ArchiveSettings,
    log: Log,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawComponent {
    domain: String,
    server: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    secret: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    secret_file: String,
    keepalive_seconds: u32,
    addresses: Profile,
}

impl Default for RawComponent {
    fn default() -> Self {
        Self {
            domain: String::new(),
            server: format!("127.0.0.1:{PORT_DEFAULT}"),
            secret: String::new(),
            secret_file: String::new(),
            keepalive_seconds: 60,
            addresses: Profile::default(),
        }
    }
}

/// Reads, merges and checks the settings.
///
/// # Errors
/// The first mistake, in the order of the file's lines, then the environment, then the flags, then what is
/// only wrong as a whole, such as a missing secret.
pub fn load(sources: &Sources) -> Result<Settings, ConfigError> {
    let (raw, origins) = layers::merge(sources)?;
    check::check(raw, &origins)
}

impl Settings {
    /// The domain whose accounts are local: ours without its first label; `None` for a domain of one label.
    pub fn parent_domain(&self) -> Option<&str> {
        parent(self.component.domain.as_str())
    }

    /// All that people read in a language as TOML, as the file of `service.texts` has it; in English what there is not.
    pub fn texts(&self, language: &str) -> String {
        let texts: BTreeMap<String, &str> = self.words.texts(language).collect();
        toml::to_string(&BTreeMap::from([(language, texts)])).expect("a table of texts")
    }

    /// The settings as TOML with every key, which [`load`] reads back. The secret and the rooms' password are
    /// hidden; a secret that came from a file is shown as that file.
    pub fn to_toml(&self) -> String {
        let (secret, secret_file) = match self.component.secret.file() {
            Some(path) => (String::new(), path.display().to_string()),
            None => (self.component.secret.to_string(), String::new()),
        };
        let component = RawComponent {
            domain: self.component.domain.to_string(),
            server: self.component.server.clone(),
            secret,
            secret_file,
            keepalive_seconds: self.component.keepalive_seconds,
            addresses: self.component.addresses,
        };
        let mut default_room = self.default_room.clone();
        if !default_room.password.is_empty() {
            default_room.password = Secret::new(default_room.password).to_string();
        }
        let raw = Raw {
            component,
            service: self.service.clone(),
            default_room,
            limits: self.limits.clone(),
            store: self.store.clone(),
            archive: self.archive.clone(),
            log: self.log.clone(),
        };
        toml::to_string(&raw).expect("settings are texts, numbers and tables with text keys")
    }
}

fn parent(domain: &str) -> Option<&str> {
    domain.split_once('.').map(|(_, parent)| parent).filter(|parent| !parent.is_empty())
}
