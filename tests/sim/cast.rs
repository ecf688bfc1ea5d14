//! Who and what a seed puts on the stage: the service, its rooms, accounts on two domains, their clients.

use std::collections::HashMap;

use conclave::config::Create;
use conclave::room::config::{Config, Roles, Whois};
use conclave::room::context::Service;
use conclave::room::limits::Limits;
use conclave::room::nick::Nicks;
use conclave::wire::jid::{BareJid, Jid};

use crate::random::Random;

/// Every account's local part starts so, and nothing else that is ever written does: where it shows, a real address
/// shows. Three letters follow that say whose.
pub(crate) const MARK: &str = "usr-";

const NAMES: [&str; 12] =
    ["ada", "bob", "cyn", "dan", "eve", "fay", "gus", "hal", "ivy", "jon", "kim", "leo"];
/// An account that others speak of and that never comes.
const ABSENT: &str = "zoe";
const DOMAINS: [&str; 2] = ["north.example", "south.example"];
const RESOURCES: [&str; 3] = ["pc", "phone", "it's <odd> & long"];
const ROOMS: [&str; 3] = ["hall", "yard", "cave"];
/// The service, a child of the first domain.
const SERVICE: &str = "muc.north.example";

/// Somebody with an address: a client, or behind the last client an account itself, for which its server answers.
pub(crate) struct Entity {
    pub(crate) jid: Jid,
    /// Index of the account.
    pub(crate) account: usize,
    /// For stories.
    pub(crate) name: String,
}

/// The stage.
pub(crate) struct Cast {
    pub(crate) service: Service,
    pub(crate) rooms: Vec<BareJid>,
    pub(crate) accounts: Vec<BareJid>,
    /// Clients first, then one for each account.
    pub(crate) entities: Vec<Entity>,
    /// How many of the entities are clients.
    pub(crate) clients: usize,
    /// Whether the process and the disk work all the time, so that rooms fill.
    pub(crate) calm: bool,
    by_jid: HashMap<Jid, usize>,
}

fn bare(text: &str) -> BareJid {
    BareJid::parse(text).expect("an address of the cast")
}

impl Cast {
    /// The cast of a seed.
    pub(crate) fn of(random: &mut Random) -> Self {
        let accounts_count = 3 + random.below(10);
        let rooms_count = *random.pick(&[1, 1, 2, 3]);
        let names = NAMES[..accounts_count].iter().chain([&ABSENT]);
        let accounts: Vec<BareJid> = names
            .enumerate()
            .map(|(i, name)| {
                let domain = if i == 0 { DOMAINS[0] } else { DOMAINS[random.below(2)] };
                bare(&format!("{MARK}{name}@{domain}"))
            })
            .collect();
        let mut entities = Vec::new();
        for (i, account) in accounts[..accounts_count].iter().enumerate() {
            let clients = *random.pick(&[1, 1, 2, 3]);
            for resource in &RESOURCES[..clients] {
                entities.push(Entity {
                    jid: account.with_resource(resource).expect("a resource of the cast"),
                    account: i,
                    name: format!("{}/{resource}", NAMES[i]),
                });
            }
        }
        let clients = entities.len();
        for (i, account) in accounts.iter().enumerate() {
            let name = format!("the server of {}", NAMES[..accounts_count].get(i).unwrap_or(&ABSENT));
            entities.push(Entity { jid: account.as_jid().clone(), account: i, name });
        }
        let by_jid = entities.iter().enumerate().map(|(i, e)| (e.jid.clone(), i)).collect();
        let rooms = ROOMS[..rooms_count].iter().map(|room| bare(&format!("{room}@{SERVICE}"))).collect();
        let service = service(random, &accounts);
        let calm = random.chance(40);
        Self { service, rooms, accounts, entities, clients, calm, by_jid }
    }

    /// The entity of an address.
    pub(crate) fn entity(&self, jid: &Jid) -> Option<usize> {
        self.by_jid.get(jid).copied()
    }

    /// The room of an address.
    pub(crate) fn room(&self, jid: &Jid) -> Option<usize> {
        self.rooms.iter().position(|room| room.as_str() == jid.bare_str())
    }

    /// Whether an account is an admin of the service.
    pub(crate) fn is_service_admin(&self, account: &BareJid) -> bool {
        self.service.admins.contains(account)
    }

    /// Accounts whose address shows in `bytes`.
    pub(crate) fn shown_in(&self, bytes: &[u8]) -> Vec<usize> {
        let mut found = Vec::new();
        let mark = MARK.as_bytes();
        let mut at = 0;
        while let Some(next) = memchr::memmem::find(&bytes[at..], mark) {
            at += next + mark.len();
            let name = bytes.get(at..at + 3).unwrap_or_default();
            let whose =
                self.accounts.iter().position(|a| a.as_str().as_bytes()[mark.len()..].starts_with(name));
            if let Some(whose) = whose.filter(|w| !found.contains(w)) {
                found.push(whose);
            }
        }
        found
    }
}

fn service(random: &mut Random, accounts: &[BareJid]) -> Service {
    let mut default_room = Config { persistent: random.chance(40), ..Config::default() };
    if random.chance(40) {
        default_room.public = random.chance(50);
        default_room.moderated = random.chance(40);
        default_room.registration = random.chance(50);
        default_room.lock_nicks = random.chance(30);
        default_room.history_max = *random.pick(&[0, 3, 20]);
        if random.chance(40) {
            default_room.whois = Whois::Anyone;
        }
        if random.chance(30) {
            default_room.presence_broadcast = Roles { visitor: false, ..Roles::ALL };
        }
    }
    let limits = if random.chance(50) {
        Limits::default()
    } else {
        Limits {
            nick_bytes_max: 40,
            text_bytes_max: 200,
            subject_bytes_max: 860,
            occupants_max: *random.pick(&[3, 5, 10]),
            sessions_max: 2,
            affiliations_max: *random.pick(&[3, 6, 30]),
            items_max: 4,
            invites_max: 2,
            history_messages_max: 12,
            ..Limits::default()
        }
    };
    default_room.history_max = default_room.history_max.min(limits.history_messages_max);
    Service {
        name: "Rooms".to_owned(),
        admins: vec![accounts[0].clone()],
        create: *random.pick(&[
            Create::Anyone,
            Create::Anyone,
            Create::Anyone,
            Create::Local,
            Create::Admins,
        ]),
        nicks: match default_room.history_max {
            0 => Nicks::Any,
            3 => Nicks::Refuse,
            _ => Nicks::Rewrite,
        },
        admin_fields: if random.chance(20) {
            vec!["muc#roomconfig_publicroom".to_owned()]
        } else {
            Vec::new()
        },
        public_logs: true,
        default_room,
        limits,
        ..Service::new(bare(SERVICE))
    }
}
