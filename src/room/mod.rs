//! What a room is: who is in it and on its lists, what is kept, what may happen to it and what that leads to. No clock, no
//! randomness, no IO, no async.
//!
//! What features have in common is here as well: how a change is made and told, and who may what. A feature is a file in
//! [`crate::feature`]; which one answers for what, [`crate::engine`] says.

pub mod affiliations;
pub mod announce;
pub mod archive;
pub mod audience;
pub mod change;
pub mod config;
pub mod confusable;
pub mod context;
pub mod effect;
pub mod effort;
pub(crate) mod entry;
pub mod event;
pub mod fold;
pub mod hats;
pub mod held;
pub mod history;
pub mod invariant;
mod ledger;
pub mod life;
pub mod limits;
pub mod listing;
pub mod message;
pub mod multi_map;
pub mod nick;
pub(crate) mod occupant_id;
pub mod order;
pub mod part;
pub(crate) mod password;
pub mod privilege;
pub mod ranks;
pub mod recent;
pub mod recent_departures;
pub mod recipients;
pub(crate) mod reflect;
pub mod reserved;
pub mod roster;
pub mod shared;
pub(crate) mod shares;
pub mod state;
pub(crate) mod subject;
pub mod surface;
pub(crate) mod user_selector;
pub mod vcard;
pub(crate) mod versions;
pub mod weight;
pub mod write;

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use crate::room::state::{Affiliated, RoomRecord, State};
use crate::wire::jid::{BareJid, Jid};
use crate::wire::muc::Affiliation;
use crate::wire::muc::Role;
use crate::wire::refusal::Refusal;
use crate::words::{self, Lang};
use affiliations::Affiliations;
use config::Config;
use history::History;
use nick::Nick;
use privilege::Standing;
use ranks::Ranks;
use reserved::Reserved;
use roster::Roster;

/// How far a room has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// There is no such room; whoever may can create it.
    Absent,
    /// Created, not yet configured: only its owner gets in (XEP-0045 §10.1.1).
    Locked,
    /// In use.
    Open,
}

/// One room, also one that does not exist yet. Cloning is cheap: the parts are shared until they change.
#[derive(Clone, Debug)]
pub struct Room {
    pub(crate) jid: BareJid,
    pub(crate) life: Life,
    pub(crate) state: Arc<State>,
    /// Who has reserved which nick: made when first asked for, and kept with each change.
    pub(crate) reserved: Arc<OnceLock<Reserved>>,
    pub(crate) roster: Arc<Roster>,
    pub(crate) history: Arc<History>,
    pub(crate) leavers: Arc<recent_departures::Leavers>,
    /// The affiliations in other orders than that of addresses.
    pub(crate) ranks: Arc<Ranks>,
    /// Sessions that a restart has brought back and that have not entered since. Of the last moments before a crash the
    /// store knows nothing: the others may have seen them leave.
    pub(crate) returned: Arc<BTreeSet<Jid>>,
    /// Whether there may be occupants who are not shown yet.
    pub(crate) hushed: bool,
    /// Whether a client may have asked to be told of versions of the lists of affiliations.
    pub(crate) followed: bool,
    /// Whether clients are told versions of the lists of affiliations.
    pub(crate) offers_versions: bool,
    /// Whether presences show those who see real addresses each session of an occupant.
    pub(crate) shows_each_session: bool,
    /// Until when a room that nobody has entered yet waits for its first occupant.
    pub(crate) awaited: Option<jiff::Timestamp>,
    /// What occupants have still to be told of each other.
    pub(crate) backlog: Arc<announce::backlog::Backlog>,
    /// Admins of the service: owners of every room without being on its list.
    service_admins: Arc<[BareJid]>,
}

impl Room {
    /// The room at `jid` that nobody has created.
    pub fn absent(jid: BareJid) -> Self {
        let record = RoomRecord::new(jiff::Timestamp::UNIX_EPOCH, Config::default());
        Self {
            jid,
            life: Life::Absent,
            state: Arc::new(State { record, affiliations: Affiliations::default(), vcard: None }),
            reserved: Arc::default(),
            roster: Arc::default(),
            history: Arc::default(),
            returned: Arc::default(),
            awaited: None,
            backlog: Arc::default(),
            leavers: Arc::default(),
            ranks: Arc::default(),
            hushed: false,
            followed: false,
            offers_versions: true,
            shows_each_session: false,
            service_admins: Arc::default(),
        }
    }

    /// A room as the store has it, with nobody in it. `history` is from its archive.
    pub fn stored(jid: BareJid, mut state: State, history: History) -> Self {
        let life = if state.record.locked { Life::Locked } else { Life::Open };
        state.record.locked = false;
        let awaited = state.record.awaited.take();
        Self {
            life,
            awaited,
            ranks: Arc::new(Ranks::of(&state)),
            state: Arc::new(state),
            history: Arc::new(history),
            ..Self::absent(jid)
        }
    }

    /// The same room, with the admins of the service as owners.
    pub fn with_service_admins(self, admins: &[BareJid]) -> Self {
        Self { service_admins: admins.into(), ..self }
    }

    /// The same room, with or without versions of its lists of affiliations (XEP-0463).
    pub fn with_versions(self, offered: bool) -> Self {
        Self { offers_versions: offered, ..self }
    }

    /// The same room; its presences show those who see real addresses each session of an occupant, or the last one alone.
    pub fn with_each_session(self, shown: bool) -> Self {
        Self { shows_each_session: shown, ..self }
    }

    /// The same address with no room at it.
    pub(crate) fn vacated(&self) -> Self {
        Self {
            service_admins: self.service_admins.clone(),
            offers_versions: self.offers_versions,
            shows_each_session: self.shows_each_session,
            ..Self::absent(self.jid.clone())
        }
    }

    /// Whether the room exists.
    pub fn exists(&self) -> bool {
        self.life != Life::Absent
    }

    /// Whether nobody is in it.
    pub fn is_empty(&self) -> bool {
        self.roster.is_empty()
    }

    /// The durable half.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The occupants.
    pub fn roster(&self) -> &Roster {
        &self.roster
    }

    /// A room that does not exist, or is not configured yet, is not there for others (45-7.2.10-a, 45-17.2-c).
    pub(crate) fn must_be_visible_to(&self, who: &Jid) -> Result<(), Refusal> {
        let visible = match self.life {
            Life::Absent => false,
            Life::Locked => self.affiliation(&who.to_bare()) == Affiliation::Owner,
            Life::Open => true,
        };
        if visible { Ok(()) } else { Err(Refusal::item_not_found(&words::NO_SUCH_ROOM)) }
    }

    /// The language of what all in the room hear, and of what one hears of whose own language nothing is known.
    pub fn lang<'a>(&self, service: &'a context::Service) -> Lang<'a> {
        // A locked room looks like none.
        service.words.lang(if self.life == Life::Open { &self.config().language } else { "" })
    }

    /// The configuration.
    pub(crate) fn config(&self) -> &Config {
        &self.state.record.config
    }

    /// The room's name, or its local part if it has none.
    pub(crate) fn name(&self) -> &str {
        let name = self.config().name.as_str();
        if name.is_empty() { self.jid.local().unwrap_or_default() } else { name }
    }

    /// The affiliation of an account: its own, or that of its whole domain (XEP-0045 §9.2). Admins of the service have
    /// the powers of owners everywhere, whatever a room has on record.
    pub(crate) fn affiliation(&self, account: &BareJid) -> Affiliation {
        if self.exists() && self.is_owned_anyway(account) {
            return Affiliation::Owner;
        }
        self.affiliated(account).map_or(Affiliation::None, |a| a.affiliation)
    }

    /// Whether an account owns the room as an admin of the service, whatever its lists say.
    pub(crate) fn is_owned_anyway(&self, account: &BareJid) -> bool {
        self.service_admins.contains(account)
    }

    /// The record behind [`Room::affiliation`].
    pub(crate) fn affiliated(&self, account: &BareJid) -> Option<&Affiliated> {
        self.state.affiliations.of(account)
    }

    /// The standing of an account: the highest role that any of its clients has. Admins and owners have the powers of
    /// moderators also while they are not in the room (XEP-0045 §8 asks for the account, not for the client).
    pub(crate) fn standing(&self, account: &BareJid) -> Standing {
        let affiliation = self.affiliation(account);
        let present = self.roster.of_account(account).map(|o| o.role).max();
        let role = match present {
            _ if affiliation >= Affiliation::Admin => Role::Moderator,
            role => role.unwrap_or(Role::None),
        };
        Standing { affiliation, role }
    }

    /// The address of an occupant.
    pub(crate) fn occupant_jid(&self, nick: &Nick) -> Jid {
        self.jid.with_resource(nick.as_str()).expect("a nick was part of an address")
    }

    /// Who has reserved which nick.
    pub(crate) fn reserved(&self) -> &Reserved {
        self.reserved.get_or_init(|| Reserved::of(&self.state))
    }

    /// Notes that an affiliation was `old` until now.
    pub(crate) fn relist(&mut self, jid: &BareJid, old: Option<&Affiliated>) {
        let Self { state, ranks, reserved, .. } = self;
        let (new, ranks) = (state.affiliations.get(jid), Arc::make_mut(ranks));
        old.into_iter().for_each(|old| ranks.remove(jid, old));
        new.into_iter().for_each(|new| ranks.add(jid, new));
        let [was, is] = [old, new].map(|affiliated| affiliated?.nick.as_deref());
        if was != is
            && let Some(reserved) = Arc::make_mut(reserved).get_mut()
        {
            was.into_iter().for_each(|nick| reserved.remove(nick, jid));
            is.into_iter().for_each(|nick| reserved.add(nick, jid));
        }
    }

    pub(crate) fn state_mut(&mut self) -> &mut State {
        Arc::make_mut(&mut self.state)
    }

    pub(crate) fn roster_mut(&mut self) -> &mut Roster {
        Arc::make_mut(&mut self.roster)
    }
}
