//! Where floods are held up: what arrives is let on, delayed or refused, by the sender and their domain ([`RateLimiter`]).

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tracing::{debug, warn};

use super::Host;
use super::log_throttle::LogThrottle;
use super::places::{InLine, Place};
use super::rate_limit::{Cost, RateLimiter, Rates, Scope, Verdict};
use crate::room::limits::Limits;
use crate::wire::inbound::{Inbound, IqType, Kind, PresenceType};
use crate::wire::jid::{BareJid, Jid};
use crate::wire::ns;
use crate::wire::refusal::Refusal;
use crate::words;

/// How often it is looked whether what is delayed may go on.
const TICK: Duration = Duration::from_millis(50);

/// Bytes of a stanza that count as one more stanza: all that an account may send at once makes us hold 60 MB.
const TOKEN_BYTES: usize = 12 * 1024;

/// What a request costs that leads to long lists, to forms or to the disk.
const COSTLY: u32 = 5;

/// After so long it is looked again what an account owes.
const OWED_WAIT_MAX: Duration = Duration::from_secs(1);

/// So many rooms, and nothing else, an account may make at once.
const ROOMS: u32 = 50;

/// Who has sent how much, and what is delayed of it.
pub(super) struct Admission {
    limiter: Mutex<RateLimiter<Inbound>>,
    since: Instant,
    /// Somebody looks after what is delayed.
    watched: AtomicBool,
    /// Stanzas that were refused, and answers that were dropped.
    refused: LogThrottle,
    dropped: LogThrottle,
}

impl Admission {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            limiter: Mutex::new(RateLimiter::new(Rates::new(limits))),
            since: Instant::now(),
            watched: AtomicBool::new(false),
            refused: LogThrottle::default(),
            dropped: LogThrottle::default(),
        }
    }

    fn limiter(&self) -> MutexGuard<'_, RateLimiter<Inbound>> {
        self.limiter.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An answer was dropped because too many wait for the server.
    pub(super) fn dropped(&self) {
        if let Some(times) = self.dropped.happened(self.since.elapsed()) {
            warn!(times, "the server does not read fast enough: answers were dropped");
        }
    }
}

impl Host {
    /// Lets a stanza on, delays it, or refuses it.
    pub(super) fn admit(self: &Arc<Self>, inbound: Inbound) {
        let mut cost = cost(&inbound);
        let inbound = inbound.shortened(self.service.limits.presence_bytes_max);
        cost.bytes = inbound.size;
        // What is let on gets to its room while nobody else can let on more of the same account: so order is kept.
        let mut limiter = self.admission.limiter();
        if self.is_stopping() {
            return self.pass(inbound);
        }
        let (verdict, gone) = limiter.admit(cost, inbound, self.admission.since.elapsed());
        for inbound in gone {
            self.refuse_flood(&inbound, Scope::Account);
        }
        match verdict {
            Verdict::Pass(inbound) => self.pass(inbound),
            Verdict::Refused(inbound, whose) => self.refuse_flood(&inbound, whose),
            Verdict::Delayed if !self.admission.watched.swap(true, Ordering::AcqRel) => {
                tokio::spawn(self.clone().watch());
            }
            Verdict::Delayed => {}
        }
    }

    /// Lets on what is delayed, when its time has come, until nothing is.
    async fn watch(self: Arc<Self>) {
        loop {
            tokio::time::sleep(TICK).await;
            let mut limiter = self.admission.limiter();
            for inbound in limiter.due(self.admission.since.elapsed()) {
                self.pass(inbound);
            }
            if limiter.is_idle() {
                self.admission.watched.store(false, Ordering::Release);
                return;
            }
        }
    }

    /// Notes that the service stops, and lets on what is delayed; from now on nothing is. What an account or a domain has too
    /// much of is refused with `wait`: others do not wait for the end of a flood.
    /// Rooms have `time` to work off what waits for them.
    pub(super) fn release_all(self: &Arc<Self>, time: Duration) {
        let mut limiter = self.admission.limiter();
        self.late.get_or_init(|| Instant::now() + time);
        let (on, refused) = limiter.drain();
        for inbound in on {
            self.pass(inbound);
        }
        for inbound in refused {
            self.refuse_flood(&inbound, Scope::Account);
        }
    }

    /// Somebody has made a room.
    pub(super) fn charge_for_room(&self, maker: &Jid) {
        self.admission.limiter().charge(&maker.to_bare(), ROOMS, self.admission.since.elapsed());
    }

    /// What an account sent turned out to cost so many tokens more: the account and its domain pay.
    pub(super) fn charge(&self, payer: &Jid, tokens: u32) {
        if tokens > 0 {
            self.admission.limiter().spend(&payer.to_bare(), tokens, self.admission.since.elapsed());
        }
    }

    /// How long until an account has paid what it owes for what it sent.
    fn owed(&self, account: &BareJid) -> Duration {
        self.admission.limiter().owed(account, self.admission.since.elapsed())
    }

    /// Waits for a turn to look through an archive, which may be long. An account that owes something pays first, so that what it
    /// asks for next costs no more than it may spend.
    pub(super) async fn look(&self, account: &BareJid) -> Place {
        let line = InLine::from(account);
        loop {
            let place = self.looking.turn(&line).place().await;
            let owed = self.owed(account);
            if owed.is_zero() || self.is_stopping() {
                return place;
            }
            drop(place);
            tokio::time::sleep(owed.min(OWED_WAIT_MAX)).await;
        }
    }

    /// Whether nothing is delayed.
    #[cfg(test)]
    pub(super) fn is_calm(&self) -> bool {
        self.admission.limiter().is_idle()
    }

    /// How many tokens an account has taken of those that it may have at once.
    #[cfg(test)]
    pub(super) fn taken(&self, account: &Jid) -> u32 {
        self.admission.limiter().taken(&account.to_bare(), self.admission.since.elapsed())
    }

    fn refuse_flood(&self, inbound: &Inbound, whose: Scope) {
        debug!(from = inbound.from.as_str(), ?whose, "refused: too much at a time");
        if let Some(times) = self.admission.refused.happened(self.admission.since.elapsed()) {
            warn!(times, "floods: stanzas were refused");
        }
        let refusal = match (whose, inbound.kind) {
            (Scope::Account, Kind::Message(_)) => Refusal::too_soon(&words::YOU_SEND_TOO_MUCH),
            (Scope::Account, _) => Refusal::resource_constraint(&words::YOU_SEND_TOO_MUCH),
            (Scope::Domain, _) => Refusal::resource_constraint(&words::SERVER_SENDS_TOO_MUCH),
        };
        if let Some(answer) = refusal.answer(inbound, self.lang()) {
            self.reply(&answer);
        }
    }
}

/// What a stanza costs.
fn cost(inbound: &Inbound) -> Cost {
    let each = match inbound.kind {
        Kind::Iq(kind @ (IqType::Get | IqType::Set)) if is_costly(inbound, kind) => COSTLY,
        _ => 1,
    };
    let room = inbound.to.local().is_some();
    let heard = inbound.may_be_answered() && !matches!(inbound.kind, Kind::Iq(_));
    Cost {
        from: inbound.from.clone(),
        room: room.then(|| inbound.to.to_bare()),
        heard: heard && room,
        weight: each + invitations(inbound) + (inbound.size / TOKEN_BYTES) as u32,
        bytes: inbound.size,
        is_leave: room && inbound.kind == Kind::Presence(PresenceType::Unavailable),
    }
}

/// How many messages of the room a message leads to that invites, beside one for the message itself.
fn invitations(inbound: &Inbound) -> u32 {
    if !matches!(inbound.kind, Kind::Message(_)) {
        return 0;
    }
    let x = inbound.stanza.get_child("x", ns::MUC_USER);
    let invites = x.iter().flat_map(|x| x.children()).filter(|c| c.is("invite", ns::MUC_USER));
    u32::try_from(invites.count()).unwrap_or(u32::MAX).saturating_sub(1)
}

fn is_costly(inbound: &Inbound, kind: IqType) -> bool {
    let Some(payload) = inbound.payload() else { return false };
    match payload.ns().as_str() {
        ns::MAM | ns::MUC_OWNER | ns::DISCO_ITEMS | ns::SEARCH | ns::MUCLUMBUS | ns::VCARD => true,
        // Moderators clean up by one request after the other.
        ns::MUC_ADMIN => kind == IqType::Get,
        // Many lead to the archive.
        ns::COMMANDS => kind == IqType::Set,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost_of(xml: &str) -> Cost {
        cost(&Inbound::parse(xml.parse().expect("xml")).expect("a stanza"))
    }

    // 45-14.6-a
    #[test]
    fn what_costs_more_weighs_more() {
        let of = |xml: &str| {
            let cost = cost_of(xml);
            (cost.weight, cost.heard, cost.is_leave)
        };
        let addresses = "xmlns='jabber:client' from='a@b/c' to='r@m/n' id='i'";
        let big = "x".repeat(100_000);
        for (xml, expected) in [
            (format!("<presence {addresses}/>"), (1, true, false)),
            (format!("<presence type='unavailable' {addresses}/>"), (1, true, true)),
            (format!("<presence type='error' {addresses}/>"), (1, false, false)),
            (format!("<message type='groupchat' {addresses}><body>b</body></message>"), (1, true, false)),
            (format!("<message {addresses}><body>{big}</body></message>"), (9, true, false)),
            (
                format!(
                    "<message {addresses}><x xmlns='http://jabber.org/protocol/muc#user'><invite/><invite/><invite/></x></message>"
                ),
                (3, true, false),
            ),
            (format!("<iq type='get' {addresses}><ping xmlns='urn:xmpp:ping'/></iq>"), (1, false, false)),
            (format!("<iq type='set' {addresses}><query xmlns='urn:xmpp:mam:2'/></iq>"), (5, false, false)),
            (
                format!(
                    "<iq type='get' {addresses}><query xmlns='http://jabber.org/protocol/muc#admin'/></iq>"
                ),
                (5, false, false),
            ),
            (
                format!(
                    "<iq type='set' {addresses}><query xmlns='http://jabber.org/protocol/muc#admin'/></iq>"
                ),
                (1, false, false),
            ),
            (
                format!(
                    "<iq type='set' {addresses}><command xmlns='http://jabber.org/protocol/commands'/></iq>"
                ),
                (5, false, false),
            ),
            (
                format!("<iq type='result' {addresses}><query xmlns='urn:xmpp:mam:2'/></iq>"),
                (1, false, false),
            ),
        ] {
            assert_eq!(of(&xml), expected, "{}", &xml[..60]);
        }
    }
}
