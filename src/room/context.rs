//! What the world hands to a room: the time, ids, limits, facts about the service.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::config::Config;
use super::ledger::Ledger;
use super::limits::Limits;
use super::nick::Nicks;
use crate::wire::hex::hex;
use crate::wire::inbound::Inbound;
use crate::wire::jid::{BareJid, Jid, JidError, Profile};
use crate::words::Catalogue;

/// Who may create rooms (`[service] create`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Create {
    /// Anyone who can reach the service.
    Anyone,
    /// Accounts of the parent domain: the service's without its first label.
    Local,
    /// The service's admins.
    Admins,
}

/// What becomes of a room whose creator never sends its form (`[service] locked_rooms`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LockedRooms {
    /// It opens with the default configuration: when the owner invites, or after a while.
    Open,
    /// It stays locked until it is configured (XEP-0045 §10.1.3).
    Strict,
}

/// Whom to write to about the service, as URIs (`[service.contacts]`, XEP-0157).
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Contacts {
    /// About abuse.
    pub abuse: Vec<String>,
    /// Those who run it.
    pub admin: Vec<String>,
    /// With praise and blame.
    pub feedback: Vec<String>,
    /// About money.
    pub sales: Vec<String>,
    /// About holes in its security.
    pub security: Vec<String>,
    /// Where it says how it fares.
    pub status: Vec<String>,
    /// For help.
    pub support: Vec<String>,
}

impl Contacts {
    /// Each kind by its word.
    pub fn each(&self) -> [(&'static str, &[String]); 7] {
        [
            ("abuse", &self.abuse),
            ("admin", &self.admin),
            ("feedback", &self.feedback),
            ("sales", &self.sales),
            ("security", &self.security),
            ("status", &self.status),
            ("support", &self.support),
        ]
    }
}

/// Facts that hold for all rooms.
#[derive(Clone, Debug)]
pub struct Service {
    /// The service's own address.
    pub domain: BareJid,
    /// How the host server prepares the addresses of accounts.
    pub profile: Profile,
    /// Name shown in service discovery.
    pub name: String,
    /// Service admins.
    pub admins: Vec<BareJid>,
    /// Whether service admins own every room.
    pub admins_own_rooms: bool,
    /// Who may create rooms.
    pub create: Create,
    /// What becomes of rooms that are never configured.
    pub locked_rooms: LockedRooms,
    /// Whether presences show those who see real addresses each session of an occupant.
    pub item_per_session: bool,
    /// Whether rooms tell versions of their lists of affiliations (XEP-0463).
    pub affiliation_versions: bool,
    /// What becomes of nicks that some servers cannot carry.
    pub nicks: Nicks,
    /// Whether invitations that are passed on have a text for clients that know of no rooms.
    pub invitation_bodies: bool,
    /// Fields of the form by which an account registers with a room, beside the nick.
    pub registration_fields: Vec<String>,
    /// Whether what is said in rooms may be published by the service, so that rooms can say so.
    pub public_logs: bool,
    /// Form fields that only the service's admins may change.
    pub admin_fields: Vec<String>,
    /// Whom to write to.
    pub contacts: Contacts,
    /// Address of the terms of service; empty: none.
    pub terms: String,
    /// What people read, in which languages.
    pub words: Arc<Catalogue>,
    /// Configuration of a new room.
    pub default_room: Config,
    /// Bounds.
    pub limits: Limits,
    /// What is held in memory, and for which accounts.
    pub held: Arc<Ledger>,
    /// What a retracted message was stays in the archive, for moderators.
    pub keep_retracted: bool,
}

impl Service {
    /// The service at `domain` with the default settings, and without admins.
    pub fn new(domain: BareJid) -> Self {
        Self {
            domain,
            profile: Profile::default(),
            name: "Chat rooms".to_owned(),
            admins: Vec::new(),
            admins_own_rooms: true,
            create: Create::Anyone,
            locked_rooms: LockedRooms::Open,
            item_per_session: false,
            affiliation_versions: true,
            nicks: Nicks::default(),
            invitation_bodies: true,
            registration_fields: Vec::new(),
            public_logs: false,
            admin_fields: Vec::new(),
            contacts: Contacts::default(),
            terms: String::new(),
            words: Arc::default(),
            default_room: Config::default(),
            limits: Limits::default(),
            keep_retracted: false,
            held: Arc::default(),
        }
    }

    /// Whether `account` may create a room (XEP-0045 §10.1.1).
    pub fn may_create(&self, account: &BareJid) -> bool {
        self.is_admin(account)
            || match self.create {
                Create::Anyone => true,
                Create::Local => self.is_local(account),
                Create::Admins => false,
            }
    }

    /// Whether `account` is of the parent domain: the service's without its first label.
    pub fn is_local(&self, account: &BareJid) -> bool {
        self.domain.as_str().split_once('.').is_some_and(|(_, parent)| parent == account.domain())
    }

    /// Whether `account` is an admin of the service.
    pub fn is_admin(&self, account: &BareJid) -> bool {
        self.admins.contains(account)
    }
}

/// The world at the moment of one event.
#[derive(Debug)]
pub struct Context<'a> {
    /// The time, by a clock that may be set.
    pub now: Timestamp,
    /// How long the service has been running, by a clock that nobody sets. For what is not kept over a restart.
    pub uptime: Duration,
    /// Facts about the service.
    pub service: &'a Service,
    /// Source of stanza ids.
    pub ids: &'a mut Ids,
}

impl Context<'_> {
    /// A fresh stanza id.
    pub fn id(&mut self) -> String {
        self.ids.fresh()
    }

    /// The id under which a client's stanza is passed on: its own, or a fresh one if it has none (XEP-0045 §7.4).
    pub fn id_of(&mut self, inbound: &Inbound) -> String {
        if inbound.id().is_empty() { self.id() } else { inbound.id().to_owned() }
    }

    /// Reads the address of an account or a domain that a client wrote, and finds the one whose stanzas have it.
    ///
    /// # Errors
    /// It is no address.
    pub fn address(&self, text: &str) -> Result<Jid, JidError> {
        self.service.profile.prepare(text)
    }

    /// The bounds.
    pub fn limits(&self) -> &Limits {
        &self.service.limits
    }
}

/// Ids and secrets that nobody can guess: a secret seed that tells one process and room from another, and a counter.
#[derive(Clone)]
pub struct Ids {
    seed: Vec<u8>,
    count: u64,
}

impl std::fmt::Debug for Ids {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ids").field("count", &self.count).finish_non_exhaustive()
    }
}

impl Ids {
    /// Ids that follow from `seed`: from the same seed, the same ids.
    pub fn new(seed: &[u8]) -> Self {
        Self { seed: seed.to_vec(), count: 0 }
    }

    /// An id of 120 bits that was not given out before.
    pub fn fresh(&mut self) -> String {
        hex(&self.next()[..15])
    }

    /// A secret of 256 bits, in hexadecimal digits.
    pub fn secret(&mut self) -> String {
        hex(&self.next())
    }

    /// Other ids, for what is made later.
    pub(crate) fn fork(&mut self) -> Self {
        Self::new(&self.next())
    }

    fn next(&mut self) -> [u8; 32] {
        self.count += 1;
        let hash = Sha256::new().chain_update(&self.seed).chain_update(self.count.to_be_bytes());
        hash.finalize().into()
    }
}
