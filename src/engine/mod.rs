//! Which feature answers for what: [`Machine::handle`] takes an [`Event`] and gives [`Effects`].
//!
//! An event happens wholly or not at all: a refusal restores the room as it was and leaves nothing but the answer.

mod admin;
mod commands;
mod disco;
mod hooks;
mod join;
mod leave;
mod message;
mod order;
mod owner;
mod preconfigured;
mod presence;
pub mod restart;
mod settings;
mod state;

use std::ops::Deref;
use std::sync::Arc;

use crate::feature::goodbyes::Goodbyes;
use crate::feature::{
    conflicts, ghost, invite, lists, mam, moderation, register, relay, retract, self_ping, token_invite,
    vcard, voice,
};
use crate::room::announce::backlog;
use crate::room::archive::{Answer, Asker, Found};
use crate::room::context::Context;
use crate::room::effect::Effects;
use crate::room::event::Event;
use crate::room::{Life, Room};
use crate::wire::inbound::{ID_BYTES_MAX, Inbound, IqType, Kind, MessageType, PresenceType};
use crate::wire::jid::Jid;
use crate::wire::ns;
use crate::wire::refusal::Refusal;
use crate::words;
use state::State;

/// A room as a state machine: what it is, and what its features remember of it. It is read as the [`Room`] that it runs.
/// Cloning is cheap: the parts are shared until they change.
#[derive(Clone, Debug)]
pub struct Machine {
    room: Room,
    state: State,
}

impl Deref for Machine {
    type Target = Room;

    fn deref(&self) -> &Room {
        &self.room
    }
}

impl From<Room> for Machine {
    fn from(room: Room) -> Self {
        Self { room, state: State::default() }
    }
}

impl Machine {
    /// A room that a restart has brought back, and what occupants do not know of it.
    fn back(room: Room, untold: restart::PendingAnnouncements) -> Self {
        Self { room, state: State { untold: Arc::new(untold), ..State::default() } }
    }

    /// The same, which sessions have left by themselves lately.
    pub(crate) fn with_goodbyes(mut self, goodbyes: Goodbyes) -> Self {
        self.state.goodbyes = goodbyes;
        self
    }

    /// Who has left by themselves lately.
    pub(crate) fn goodbyes(&self) -> &Goodbyes {
        &self.state.goodbyes
    }

    /// The room, to put it into a state that events would hardly bring about.
    #[cfg(test)]
    pub(crate) fn room_mut(&mut self) -> &mut Room {
        &mut self.room
    }

    /// Sessions whose server is said to be out of reach.
    pub(crate) fn out_of_reach(&self) -> impl Iterator<Item = &Jid> {
        ghost::out_of_reach(&self.room, &self.state.suspects)
    }

    /// Drops messages of the history until it has no more than so many bytes.
    pub(crate) fn shorten_history(&mut self, bytes_max: usize) {
        self.room.shorten_history(bytes_max);
    }

    /// The room leaves memory: it waits no longer.
    pub fn give_up(&mut self) {
        let before = self.room.exists();
        self.room.give_up();
        self.forget_if_gone(before);
    }

    /// Features remember nothing of a room that is no more.
    fn forget_if_gone(&mut self, existed: bool) {
        if existed && !self.room.exists() {
            self.state = self.state.vacated();
        }
    }

    /// Lets the room deal with an event. Deterministic: same room, event and world, same effects.
    pub fn handle(&mut self, event: &Event, cx: &mut Context<'_>) -> Effects {
        let before = self.clone();
        let mut fx = Effects::default();
        hooks::before_event(&mut self.room, &mut self.state, event, cx, &mut fx);
        if let Err(refusal) = self.dispatch(event, cx, &mut fx) {
            *self = before;
            let refusal = conflicts::weighed(&mut self.state.conflicts, refusal, event, cx);
            let lang = self.lang(cx.service);
            return event.inbound().map_or_else(Effects::default, |i| Effects::refused(&refusal, i, lang));
        }
        hooks::after_event(&before.room, &mut self.room, event, cx, &mut fx);
        self.forget_if_gone(before.exists());
        debug_assert_eq!(self.broken_invariant(), None);
        fx
    }

    fn dispatch(&mut self, event: &Event, cx: &mut Context<'_>, fx: &mut Effects) -> Result<(), Refusal> {
        let Self { room, state } = self;
        match event {
            Event::Stanza(inbound) => return self.stanza(inbound, cx, fx),
            Event::Found(found) => return self.found(found, cx, fx),
            Event::Order(order) => return order::obey(room, order, cx, fx),
            Event::Check(session) => ghost::check(room, &mut state.suspects, session, cx, fx),
            Event::Gap(_) | Event::Lapse => {}
            Event::Continue => backlog::go_on(room, cx, fx),
            Event::Stop { goodbye: true } => leave::stop(room, cx, fx),
            Event::Stop { goodbye: false } => backlog::finish(room, cx, fx),
        }
        Ok(())
    }

    fn stanza(&mut self, inbound: &Inbound, cx: &mut Context<'_>, fx: &mut Effects) -> Result<(), Refusal> {
        if inbound.may_be_answered() || inbound.kind == Kind::Iq(IqType::Result) {
            ghost::heard(&mut self.state.suspects, &inbound.from, cx);
        }
        if self.has_backlog()
            && let Some(sender) = self.roster.by_session(&inbound.from).cloned()
        {
            backlog::tell_now(&mut self.room, sender.nick.key(), cx, fx);
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
        cx: &mut Context<'_>,
        fx: &mut Effects,
    ) -> Result<(), Refusal> {
        let Self { room, state } = self;
        match type_ {
            PresenceType::Available => presence::available(room, &state.goodbyes, inbound, cx, fx),
            PresenceType::Unavailable => {
                leave::leave(room, &mut state.goodbyes, inbound, cx, fx);
                Ok(())
            }
            PresenceType::Error => {
                ghost::bounced(room, &mut state.suspects, inbound, cx, fx);
                Ok(())
            }
            PresenceType::Probe => presence::probe(room, inbound, cx, fx),
            // A room has no roster: subscriptions are neither granted nor refused (45-17.3-a).
            PresenceType::Subscription => Ok(()),
            PresenceType::Unknown => Err(Refusal::bad_request(&words::NO_SUCH_PRESENCE)),
        }
    }

    fn message(
        &mut self,
        type_: MessageType,
        inbound: &Inbound,
        cx: &mut Context<'_>,
        fx: &mut Effects,
    ) -> Result<(), Refusal> {
        let Self { room, state } = self;
        if type_ == MessageType::Error {
            invite::decline::bounced(room, &mut state.invitations, inbound, cx, fx);
            ghost::bounced(room, &mut state.suspects, inbound, cx, fx);
            return Ok(());
        }
        room.must_be_visible_to(&inbound.from)?;
        match (type_, inbound.to.resource()) {
            (MessageType::Groupchat, None) => message::speak(room, state, inbound, cx, fx),
            (MessageType::Groupchat, Some(_)) => Err(Refusal::bad_request(&words::PRIVATE_GROUPCHAT)),
            (_, Some(nick)) => message::send_private(room, nick, inbound, cx, fx),
            (MessageType::Normal, None) => match voice::find(&inbound.stanza) {
                Some(form) => voice::handle(room, &mut state.voice, &form, inbound, cx, fx),
                None => invite::mediate(room, &mut state.invitations, inbound, cx, fx),
            },
            (_, None) => Err(Refusal::bad_request(&words::INVITE_NEEDED)),
        }
    }

    fn iq(
        &mut self,
        type_: IqType,
        inbound: &Inbound,
        cx: &mut Context<'_>,
        fx: &mut Effects,
    ) -> Result<(), Refusal> {
        let Self { room, state } = self;
        let set = match type_ {
            IqType::Get => false,
            IqType::Set => true,
            IqType::Result | IqType::Error => {
                if !ghost::answered(room, &mut state.suspects, inbound, cx, fx) {
                    relay::answered(room, &mut state.relay, inbound, cx, fx);
                }
                return Ok(());
            }
        };
        let Some(payload) = inbound.payload() else {
            return Err(Refusal::bad_request(&words::PAYLOAD_NEEDED));
        };
        if let Some(nick) = inbound.to.resource() {
            return relay::request(room, &mut state.relay, nick, payload, inbound, cx, fx);
        }
        if room.life == Life::Absent && set && payload.is("query", ns::MUC_OWNER) {
            return preconfigured::make(room, payload, inbound, cx, fx);
        }
        room.must_be_visible_to(&inbound.from)?;
        match (payload.name(), payload.ns().as_str(), set) {
            ("query", ns::DISCO_INFO, false) => disco::info(room, payload, inbound, cx, fx),
            ("query", ns::DISCO_ITEMS, false) => disco::items(room, payload, inbound, cx, fx),
            ("query", ns::MUC_ADMIN, false) => lists::get(room, payload, inbound, fx),
            ("query", ns::MUC_ADMIN, true) => {
                admin::set(room, &mut state.invitations, payload, inbound, cx, fx)
            }
            ("query", ns::MUC_OWNER, false) => owner::get(room, inbound, cx, fx),
            ("query", ns::MUC_OWNER, true) => owner::set(room, payload, inbound, cx, fx),
            ("query", ns::REGISTER, false) => register::get(room, inbound, cx, fx),
            ("query", ns::REGISTER, true) => register::set(room, payload, inbound, cx, fx),
            ("request", ns::TOKEN_INVITE, true) => token_invite::issue(room, payload, inbound, cx, fx),
            ("tokens", ns::TOKEN_INVITE, false) => token_invite::list(room, inbound, cx, fx),
            ("revoke", ns::TOKEN_INVITE, true) => token_invite::revoke(room, payload, inbound, cx, fx),
            ("query", ns::MAM, false) => mam::form(room, inbound, fx),
            ("query", ns::MAM, true) => mam::query(room, payload, inbound, cx, fx),
            ("vCard", ns::VCARD, false) => vcard::get(room, inbound, fx),
            ("vCard", ns::VCARD, true) => vcard::set(room, payload, inbound, cx, fx),
            ("command", ns::COMMANDS, true) => {
                commands::execute(room, &mut state.begun, payload, inbound, cx, fx)
            }
            ("metadata", ns::MAM, false) => mam::metadata(room, inbound, fx),
            ("moderate", ns::MODERATE, true) | ("apply-to", ns::FASTEN, true) => {
                moderation::request(room, payload, inbound, cx, fx)
            }
            ("ping", ns::PING, false) => self_ping::room(inbound, fx),
            _ => Err(Refusal::service_unavailable(&words::ROOM_UNKNOWN_REQUEST)),
        }
    }

    /// The archive has answered: the request that led to the question goes on, with the room as it is now.
    fn found(&mut self, found: &Found, cx: &mut Context<'_>, fx: &mut Effects) -> Result<(), Refusal> {
        let inbound = &*found.inbound;
        self.must_be_visible_to(&inbound.from)?;
        let Some(found) = &retract::caught_up(&self.room, found) else {
            // What was found is of another life of the room, or too much was retracted since: it is asked anew.
            return self.stanza(inbound, cx, fx);
        };
        if found.answer == Answer::Failed {
            return Err(Refusal::internal_server_error(&words::ARCHIVE_UNREADABLE));
        }
        let payload = inbound.payload().expect("only requests lead to questions");
        let Self { room, state } = self;
        match found.asker {
            Asker::Reader => mam::found(room, payload, found, cx, fx),
            Asker::Command => commands::found(room, &mut state.begun, payload, found, cx, fx),
            Asker::Moderator => moderation::found(room, payload, found, cx, fx),
        }
    }
}
