//! A room as a pure state machine: no clock, no randomness, no IO, no async.
//!
//! [`Room::handle`] takes an [`Event`] and gives [`Effects`]. It only says which feature answers for what; the
//! features are in [`crate::feature`]. An event happens wholly or not at all: a refusal restores the room as it
//! was and leaves nothing but the answer.

pub mod affiliations;
pub mod archive;
pub mod audience;
pub mod config;
pub mod cx;
pub mod effect;
pub mod effort;
pub mod event;
pub mod fold;
pub mod hats;
pub mod held;
pub mod history;
pub mod index;
pub mod invariant;
mod ledger;
pub mod limits;
pub mod listing;
pub mod look;
pub mod nick;
pub mod order;
pub mod part;
pub mod privilege;
pub mod ranks;
pub mod recipients;
pub mod reserved;
pub mod role;
pub mod roster;
pub mod shared;
pub(crate) mod shares;
pub mod state;
pub mod vcard;
pub mod weight;

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use crate::feature;
use crate::wire::inbound::{ID_BYTES_MAX, Inbound, IqType, Kind, MessageType, PresenceType};
use crate::wire::jid::{BareJid, Jid};
use crate::wire::ns;
use crate::wire::refusal::Refusal;
use crate::words::{self, Lang};
use affiliations::Affiliations;
use archive::{Answer, Found};
use config::Config;
use cx::Cx;
use effect::Effects;
use event::Event;
use history::History;
use nick::Nick;
use privilege::Standing;
use ranks::Ranks;
use reserved::Reserved;
use role::Role;
use roster::Roster;
use state::{Affiliated, Affiliation, RoomRecord, State};

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
    pub(crate) running: feature::activity::Running,
    pub(crate) relay: feature::relay::Pending,
    pub(crate) invitations: feature::decline::Sent,
    pub(crate) leavers: Arc<feature::leavers::Leavers>,
    /// The lists of commands that go on.
    pub(crate) begun: Arc<feature::commands::Begun>,
    pub(crate) goodbyes: feature::leave::Goodbyes,
    pub(crate) suspects: Arc<feature::ghost::Suspects>,
    pub(crate) pace: Arc<feature::slow_mode::Pace>,
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
    /// Whom the others see otherwise than he is, after a restart.
    pub(crate) untold: Arc<feature::restart::Untold>,
    /// What occupants have still to be told of each other.
    pub(crate) backlog: Arc<feature::backlog::Backlog>,
    /// Who was refused a nick that is taken, and how often.
    pub(crate) conflicts: Arc<feature::conflicts::Conflicts>,
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
            running: feature::activity::Running::default(),
            relay: feature::relay::Pending::default(),
            invitations: feature::decline::Sent::default(),
            suspects: Arc::default(),
            returned: Arc::default(),
            awaited: None,
            backlog: Arc::default(),
            conflicts: Arc::default(),
            untold: Arc::default(),
            leavers: Arc::default(),
            begun: Arc::default(),
            goodbyes: feature::leave::Goodbyes::default(),
            pace: Arc::default(),
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

    /// The same room, which sessions have left by themselves lately.
    pub(crate) fn with_goodbyes(self, goodbyes: feature::leave::Goodbyes) -> Self {
        Self { goodbyes, ..self }
    }

    /// Who has left by themselves lately.
    pub(crate) fn goodbyes(&self) -> &feature::leave::Goodbyes {
        &self.goodbyes
    }

    /// The same address with no room at it.
    pub(crate) fn vacated(&self) -> Self {
        Self {
            service_admins: self.service_admins.clone(),
            offers_versions: self.offers_versions,
            shows_each_session: self.shows_each_session,
            goodbyes: self.goodbyes.clone(),
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

    /// Lets the room deal with an event. Deterministic: same room, event and world, same effects.
    pub fn handle(&mut self, event: &Event, cx: &mut Cx<'_>) -> Effects {
        let before = self.clone();
        let mut fx = Effects::default();
        if self.exists() && self.state.record.is_nameless() {
            self.state_mut().record.name(cx.ids);
        }
        feature::restart::tell(self, cx, &mut fx);
        feature::ban::expire(self, event, cx, &mut fx);
        feature::locked::open_in_time(self, cx.now);
        let outcome = match event {
            Event::Stanza(inbound) => self.stanza(inbound, cx, &mut fx),
            Event::Found(found) => self.found(found, cx, &mut fx),
            Event::Check(session) => {
                feature::ghost::check(self, session, cx, &mut fx);
                Ok(())
            }
            Event::Gap(_) | Event::Lapse => Ok(()),
            Event::Continue => {
                feature::backlog::go_on(self, cx, &mut fx);
                Ok(())
            }
            Event::Order(order) => feature::order::obey(self, order, cx, &mut fx),
            Event::Stop { goodbye } => {
                match goodbye {
                    true => feature::leave::stop(self, cx, &mut fx),
                    false => feature::backlog::finish(self, cx, &mut fx),
                }
                Ok(())
            }
        };
        match (outcome, event) {
            (Err(refusal), event) => {
                *self = before;
                let refusal = feature::conflicts::weighed(self, refusal, event, cx);
                let lang = self.lang(cx.service);
                return event.inbound().map_or_else(Effects::default, |i| Self::refuse(&refusal, i, lang));
            }
            (Ok(()), _) => {
                feature::quiet::settle(self, cx, &mut fx);
                feature::absent::tell_rest(self, cx, &mut fx);
                feature::backlog::note(self, event.inbound().map(|inbound| &inbound.from), &mut fx);
                feature::persistence::settle(&before, self, cx, &mut fx);
            }
        }
        debug_assert_eq!(self.broken_invariant(), None);
        fx
    }

    /// The effects of turning `inbound` down, in its language or else in `lang`.
    pub fn refuse(refusal: &Refusal, inbound: &Inbound, lang: Lang<'_>) -> Effects {
        let mut fx = Effects { refused: true, ..Effects::default() };
        if let Some(answer) = refusal.answer(inbound, lang) {
            fx.reply(&answer);
        }
        fx
    }

    fn stanza(&mut self, inbound: &Inbound, cx: &mut Cx<'_>, fx: &mut Effects) -> Result<(), Refusal> {
        if inbound.may_be_answered() || inbound.kind == Kind::Iq(IqType::Result) {
            feature::ghost::heard(self, &inbound.from, cx);
        }
        if self.has_backlog()
            && let Some(sender) = self.roster.by_session(&inbound.from).cloned()
        {
            feature::backlog::tell_now(self, sender.nick.key(), cx, fx);
        }
        // A room remembers ids, shows them to everybody, and keeps them in its archive.
        if inbound.is_refusable() && inbound.ids().any(|id| id.len() > ID_BYTES_MAX) {
            return Err(Refusal::policy_violation(words::ID_MOST.with([ID_BYTES_MAX])));
        }
        match inbound.kind {
            Kind::Presence(type_) => self.presence(type_, inbound, cx, fx),
            Kind::Message(type_) => self.message(type_, inbound, cx, fx),
            Kind::Iq(type_) => self.iq(type_, inbound, cx, fx),
        }
    }

    fn presence(
        &mut self,
        type_: PresenceType,
        inbound: &Inbound,
        cx: &mut Cx<'_>,
        fx: &mut Effects,
    ) -> Result<(), Refusal> {
        match type_ {
            PresenceType::Available => feature::presence::available(self, inbound, cx, fx),
            PresenceType::Unavailable => {
                feature::leave::leave(self, inbound, cx, fx);
                Ok(())
            }
            PresenceType::Error => {
                feature::ghost::bounced(self, inbound, cx, fx);
                Ok(())
            }
            PresenceType::Probe => feature::presence::probe(self, inbound, cx, fx),
            // A room has no roster: subscriptions are neither granted nor refused (45-17.3-a).
            PresenceType::Subscription => Ok(()),
            PresenceType::Unknown => Err(Refusal::bad_request(&words::NO_SUCH_PRESENCE)),
        }
    }

    fn message(
        &mut self,
        type_: MessageType,
        inbound: &Inbound,
        cx: &mut Cx<'_>,
        fx: &mut Effects,
    ) -> Result<(), Refusal> {
        if type_ == MessageType::Error {
            feature::decline::bounced(self, inbound, cx, fx);
            feature::ghost::bounced(self, inbound, cx, fx);
            return Ok(());
        }
        self.must_be_visible_to(&inbound.from)?;
        match (type_, inbound.to.resource()) {
            (MessageType::Groupchat, None) => feature::groupchat::speak(self, inbound, cx, fx),
            (MessageType::Groupchat, Some(_)) => Err(Refusal::bad_request(&words::PRIVATE_GROUPCHAT)),
            (_, Some(nick)) => feature::private::send(self, nick, inbound, cx, fx),
            (MessageType::Normal, None) => match feature::voice::find(&inbound.stanza) {
                Some(form) => feature::voice::handle(self, &form, inbound, cx, fx),
                None => feature::invite::mediate(self, inbound, cx, fx),
            },
            (_, None) => Err(Refusal::bad_request(&words::INVITE_NEEDED)),
        }
    }

    fn iq(
        &mut self,
        type_: IqType,
        inbound: &Inbound,
        cx: &mut Cx<'_>,
        fx: &mut Effects,
    ) -> Result<(), Refusal> {
        let set = match type_ {
            IqType::Get => false,
            IqType::Set => true,
            IqType::Result | IqType::Error => {
                if !feature::ghost::answered(self, inbound, cx, fx) {
                    feature::relay::answered(self, inbound, cx, fx);
                }
                return Ok(());
            }
        };
        let Some(payload) = inbound.payload() else {
            return Err(Refusal::bad_request(&words::PAYLOAD_NEEDED));
        };
        if let Some(nick) = inbound.to.resource() {
            return feature::relay::request(self, nick, payload, inbound, cx, fx);
        }
        if self.life == Life::Absent && set && payload.is("query", ns::MUC_OWNER) {
            return feature::awaited::make(self, payload, inbound, cx, fx);
        }
        self.must_be_visible_to(&inbound.from)?;
        match (payload.name(), payload.ns().as_str(), set) {
            ("query", ns::DISCO_INFO, false) => feature::disco::info(self, payload, inbound, cx, fx),
            ("query", ns::DISCO_ITEMS, false) => feature::disco::items(self, payload, inbound, cx, fx),
            ("query", ns::MUC_ADMIN, false) => feature::lists::get(self, payload, inbound, fx),
            ("query", ns::MUC_ADMIN, true) => feature::admin::set(self, payload, inbound, cx, fx),
            ("query", ns::MUC_OWNER, false) => feature::owner::get(self, inbound, cx, fx),
            ("query", ns::MUC_OWNER, true) => feature::owner::set(self, payload, inbound, cx, fx),
            ("query", ns::REGISTER, false) => feature::register::get(self, inbound, cx, fx),
            ("query", ns::REGISTER, true) => feature::register::set(self, payload, inbound, cx, fx),
            ("request", ns::TOKEN_INVITE, true) => {
                feature::token_invite::issue(self, payload, inbound, cx, fx)
            }
            ("tokens", ns::TOKEN_INVITE, false) => feature::token_invite::list(self, inbound, cx, fx),
            ("revoke", ns::TOKEN_INVITE, true) => {
                feature::token_invite::revoke(self, payload, inbound, cx, fx)
            }
            ("query", ns::MAM, false) => feature::mam::form(self, inbound, fx),
            ("query", ns::MAM, true) => feature::mam::query(self, payload, inbound, cx, fx),
            ("vCard", ns::VCARD, false) => feature::vcard::get(self, inbound, fx),
            ("vCard", ns::VCARD, true) => feature::vcard::set(self, payload, inbound, cx, fx),
            ("command", ns::COMMANDS, true) => feature::commands::execute(self, payload, inbound, cx, fx),
            ("metadata", ns::MAM, false) => feature::mam::metadata(self, inbound, fx),
            ("moderate", ns::MODERATE, true) | ("apply-to", ns::FASTEN, true) => {
                feature::moderate::request(self, payload, inbound, cx, fx)
            }
            ("ping", ns::PING, false) => feature::self_ping::room(inbound, fx),
            _ => Err(Refusal::service_unavailable(&words::ROOM_UNKNOWN_REQUEST)),
        }
    }

    /// The archive has answered: the request that led to the question goes on, with the room as it is now.
    fn found(&mut self, found: &Found, cx: &mut Cx<'_>, fx: &mut Effects) -> Result<(), Refusal> {
        let inbound = &*found.inbound;
        self.must_be_visible_to(&inbound.from)?;
        let Some(found) = &feature::retract::caught_up(self, found) else {
            // What was found is of another life of the room, or too much was retracted since: it is asked anew.
            return self.stanza(inbound, cx, fx);
        };
        if found.answer == Answer::Failed {
            return Err(Refusal::internal_server_error(&words::ARCHIVE_UNREADABLE));
        }
        let payload = inbound.payload().expect("only requests lead to questions");
        match payload.ns().as_str() {
            ns::MAM => feature::mam::found(self, payload, found, cx, fx),
            ns::COMMANDS => feature::commands::found(self, payload, found, cx, fx),
            ns::MODERATE | ns::FASTEN => feature::moderate::found(self, payload, found, cx, fx),
            _ => Err(Refusal::service_unavailable(&words::ROOM_UNKNOWN_REQUEST)),
        }
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
    pub fn lang<'a>(&self, service: &'a cx::Service) -> Lang<'a> {
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
