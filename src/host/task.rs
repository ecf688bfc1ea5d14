//! One room's loop: events in, writes made durable, sends out, in this order.
//!
//! Events that wait together are handled together, and their writes are committed once. If the store refuses, the
//! room is set back to where it stood before, and the events are handled again one by one: those that need no disk
//! pass, the others are refused. A panic costs the event that caused it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::runtime::{Handle, RuntimeFlavor};
use tracing::error;

use self::load::load;
use self::send::send;
use super::Host;
use super::liveness::LastSeen;
use super::mailbox::{Events, InHand, Mailbox, Waiting};
use super::meter::Meter;
use super::places::InLine;
use super::portions::Portion;
use super::quota::Awaited;
use super::rate_limit::TokenBucket;
use crate::engine::Machine;
use crate::engine::restart::PersistedView;
use crate::link::Lane;
use crate::room::archive::{Answer, Ask, Asker, Change, Found};
use crate::room::context::{Context, Ids};
use crate::room::effect::Effects;
use crate::room::event::Event;
use crate::room::weight::Weight;
use crate::room::write::PORTION_RECORDS_MAX;
use crate::store::{StoreError, wait};
use crate::wire::jid::{BareJid, Jid};
use crate::wire::refusal::Refusal;
use crate::words::{self, Lang, Text};

/// Events whose effects are committed together.
const BATCH_EVENTS_MAX: usize = 64;

/// Bytes of events after which no more are handled together.
const BATCH_BYTES_MAX: usize = 256 << 10;

/// After so many sends no more events are handled before what there is has been sent: what a room holds is bounded.
const STEP_SENDS_MAX: usize = 1000;

/// After so long other rooms have their turn on the processor.
const TURN_TIME_MAX: Duration = Duration::from_micros(250);

/// The same in bytes, of stanzas as they are in memory.
const STEP_BYTES_MAX: usize = 1 << 20;

/// The same in records that are written: with what the last event adds it is about a portion.
const STEP_RECORDS_MAX: usize = PORTION_RECORDS_MAX / 2;

/// How long a room lifts no bans after it has lifted some: when very many end at once, others write in between.
const LAPSE_PAUSE: Duration = Duration::from_millis(100);

/// How long a room that has too much to do rests at a time.
const REST_MAX: Duration = Duration::from_millis(200);

/// How long a persistent room that nobody is in stays in memory, and how long nothing happens in a room at most.
const IDLE: Duration = Duration::from_secs(60);

/// The same while places are short.
const IDLE_SHORT: Duration = Duration::from_secs(2);

/// How long after those were asked whose server is out of reach they are asked again, at least.
const ASK_AGAIN: Duration = Duration::from_secs(if cfg!(test) { 1 } else { 60 });

/// How long a room that stops waits for what the archive has been asked.
const LAST_ANSWERS: Duration = Duration::from_secs(1);

/// How long after a change the store is told who is in the room.
const LINGER: Duration = Duration::from_secs(3);

/// Runs the room at `jid` until nobody needs it. What it takes to load it is paid for by `asker`.
///
/// Very many rooms may wait to be loaded: until then this is small.
pub(super) async fn run(
    host: Arc<Host>,
    jid: BareJid,
    asker: Option<Jid>,
    mailbox: Arc<Mailbox>,
    mut events: Events,
) {
    let Some(loaded) = load(&host, &jid, asker, &mailbox, &mut events).await else { return };
    let life = {
        let (room, told) = *loaded;
        // Not before: a room may be read twice, or not come.
        let room = room.with_goodbyes(host.goodbyes.take(&jid));
        drop(jid);
        mailbox.note(room.roster.clone());
        Box::pin(Task::new(host, room, told, mailbox).live(events))
    };
    life.await;
}

/// `first` and what waits behind it, up to a bound and to the goodbye.
fn batch(first: Waiting, events: &mut Events) -> Vec<Waiting> {
    let mut bytes = first.bytes;
    let mut batch = vec![first];
    while batch.len() < BATCH_EVENTS_MAX
        && bytes < BATCH_BYTES_MAX
        && !batch.last().is_some_and(|waiting| is_last(&waiting.event))
        && let Ok(next) = events.try_recv()
    {
        bytes += next.bytes;
        batch.push(*next);
    }
    batch
}

/// Whether the room ends with this event.
fn is_last(event: &Event) -> bool {
    matches!(event, Event::Stop { .. })
}

fn refuse(event: &Event, why: &'static Text, lang: Lang<'_>) -> Effects {
    let refuse = |inbound| Effects::refused(&Refusal::internal_server_error(why), inbound, lang);
    event.inbound().map_or_else(Effects::default, refuse)
}

/// A seed for ids that nobody can guess.
pub(super) fn random() -> [u8; 32] {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).expect("a system without randomness cannot run a server");
    seed
}

/// Does something that takes long while others go on: this thread is not one of those that all share for so long.
fn aside<T>(work: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|handle| handle.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        // There is but one thread.
        _ => work(),
    }
}

struct Task {
    host: Arc<Host>,
    room: Machine,
    ids: Ids,
    mailbox: Arc<Mailbox>,
    told: PersistedView,
    /// What takes messages back that nobody has seen, and that the archive has not taken yet.
    owed: Vec<Change>,
    /// Since when the store has not been told all.
    behind: Option<Instant>,
    /// The store may have a rest of an earlier room of this address, which is to be swept before anything is written.
    rest: bool,
    heard: LastSeen,
    /// When those were asked last whose server is out of reach.
    asked: Instant,
    /// When bans were lifted last that had ended.
    lapsed: Option<Instant>,
    /// Of the room while it waits for its first occupant.
    place: Option<Awaited>,
    /// The account that the room counts for as one that stays, if it does.
    lasting: Option<Option<BareJid>>,
    /// What the room takes in memory, and what is held of it for the account that created it.
    weight: Weight,
    held: Option<pay::OfRoom>,
    /// It was allowed to grow a little beyond what may be held.
    beyond: bool,
    /// The turn to tell some of what occupants have still to be told.
    portion: Option<Portion>,
    /// How much has been done lately.
    done: TokenBucket,
    since: Instant,
}

impl Task {
    /// Of a room that the store has been `told` of.
    fn new(host: Arc<Host>, room: Machine, told: PersistedView, mailbox: Arc<Mailbox>) -> Self {
        let mut task = Self {
            rest: !room.exists(),
            lasting: room.is_lasting().then(|| room.founder().cloned()),
            weight: Weight::default(),
            held: None,
            beyond: false,
            host,
            room,
            ids: Ids::new(&random()),
            mailbox,
            told,
            owed: Vec::new(),
            behind: None,
            place: None,
            heard: LastSeen::default(),
            asked: Instant::now(),
            lapsed: None,
            portion: None,
            done: TokenBucket::default(),
            since: Instant::now(),
        };
        task.must_hold();
        task
    }

    /// Deals with what comes until the room is not needed any more. While nothing comes, this is small: what needs much is made
    /// when it is needed.
    async fn live(mut self, mut events: Events) {
        loop {
            // Where there is always something to do the patience below never ends.
            if !self.room.exists() || self.behind.is_some_and(|since| since.elapsed() >= LINGER) {
                Box::pin(self.catch_up()).await;
            }
            self.ask_the_lost();
            self.lapse().await;
            if !self.room.exists() && self.behind.is_none() && self.retire() {
                return;
            }
            self.line_up();
            let next = tokio::select! {
                next = tokio::time::timeout(self.patience(), events.recv()) => next,
                () = self.host.pings.turn(), if !self.heard.is_settled() => {
                    if let Some(session) = self.heard.next_silent() {
                        Box::pin(self.step(&[Event::Check(session)])).await;
                    }
                    continue;
                }
                () = Portion::come(&mut self.portion) => {
                    self.portion = None;
                    Box::pin(self.step(&[Event::Continue])).await;
                    continue;
                }
            };
            let first = match next {
                Ok(event) => event,
                Err(_) if self.room.has_lapsed(Timestamp::now()) => continue,
                Err(_) if self.behind.is_some() => {
                    Box::pin(self.catch_up()).await;
                    continue;
                }
                Err(_) if self.room.is_to_open(Timestamp::now()) => {
                    Box::pin(self.step(&[Event::Continue])).await;
                    continue;
                }
                Err(_) if self.room.is_awaited() => {
                    self.room.give_up();
                    // What is no more needs no place.
                    let _ = self.claim();
                    continue;
                }
                Err(_) if self.room.is_empty() && self.retire() => return,
                Err(_) => continue,
            };
            let Some(first) = first else { return };
            if Box::pin(self.deal_with(*first, &mut events)).await {
                return;
            }
        }
    }

    /// Deals with `first` and some of what waits behind it. True if the room ends with it.
    async fn deal_with(&mut self, first: Waiting, events: &mut Events) -> bool {
        let batch = batch(first, events);
        let batch = batch.into_iter().map(|waiting| self.mailbox.taken(waiting));
        let (batch, in_hand): (Vec<Event>, Vec<InHand>) = batch.unzip();
        let ends = batch.last().is_some_and(is_last);
        self.hear(&batch);
        self.work_off(batch, in_hand).await;
        if ends {
            self.finish(events).await;
            self.catch_up().await;
            if self.behind.is_some() {
                self.host.doubt();
            }
            self.close(events).await;
        }
        ends
    }

    /// Gets in line for a portion of what is still to be told, if anything is; in another line when it has become urgent, unless
    /// the turn has come.
    fn line_up(&mut self) {
        let urgent = self.room.owes_leaves();
        if !self.room.has_backlog() {
            self.portion = None;
        } else if self.portion.as_ref().is_none_or(|now| urgent && !now.urgent && !now.has_come()) {
            self.portion = Some(self.host.portions.turn(self.in_line(), urgent));
        }
    }

    /// Notes who is heard of.
    fn hear(&mut self, batch: &[Event]) {
        for event in batch {
            match event {
                Event::Gap(since) => self.heard.gap(*since, &self.room),
                Event::Stanza(inbound) if inbound.may_be_answered() => {
                    self.heard.note(&inbound.from, self.host.uptime(), &self.room);
                }
                _ => {}
            }
        }
    }

    /// Handles events some at a time, at no more than the rate of a room. Others have their turn in between. What is done with
    /// is dropped, and not `in_hand` any more.
    async fn work_off(&mut self, mut batch: Vec<Event>, mut in_hand: Vec<InHand>) {
        while !batch.is_empty() {
            if self.host.is_to_refuse(|| Lane::of_room(&self.room.jid, self.line())) {
                return self.wind_up(&batch).await;
            }
            self.rest().await;
            let done = self.step(&batch).await;
            batch.drain(..done);
            in_hand.drain(..done);
            self.rate().take(&mut self.done, done as u32, self.since.elapsed());
            // Channels that are ready do not make a task wait: without this, others would starve.
            tokio::task::yield_now().await;
        }
    }

    /// Refuses what waited when there is no more time for it. What tells that an occupant is gone, answers, and our own
    /// events are handled.
    async fn wind_up(&mut self, left: &[Event]) {
        for event in left {
            match event {
                Event::Stanza(inbound) if inbound.is_refusable() => self.turn_away(event).await,
                event => _ = self.step(std::slice::from_ref(event)).await,
            }
        }
    }

    /// Waits while the room has done too much lately.
    async fn rest(&self) {
        loop {
            let wait = self.rate().wait(self.done, self.since.elapsed());
            if wait.is_zero() || self.host.is_stopping() {
                return;
            }
            tokio::time::sleep(wait.min(REST_MAX)).await;
        }
    }

    /// Handles events, the first ones of `batch`, and commits what they write before anybody hears of it. Gives how many.
    async fn step(&mut self, batch: &[Event]) -> usize {
        let before = self.room.clone();
        let (mut turn, mut sends, mut bytes, mut records) = (Instant::now(), 0, 0, 0);
        let mut effects: Vec<Effects> = Vec::new();
        for event in batch {
            let existed = self.room.exists();
            let of_event = self.handled(event).await;
            sends += of_event.sends.len();
            bytes += of_event.stanza_bytes();
            records += of_event.writes.len().max(of_event.touched().count());
            effects.push(of_event);
            let is_enough = sends >= STEP_SENDS_MAX || bytes >= STEP_BYTES_MAX || records >= STEP_RECORDS_MAX;
            if self.ended(existed) || is_enough {
                break;
            }
            if turn.elapsed() >= TURN_TIME_MAX {
                tokio::task::yield_now().await;
                turn = Instant::now();
            }
        }
        if !self.commit(&before, &mut effects).await {
            self.set_back(before.clone());
            let batch = &batch[..effects.len()];
            effects.clear();
            for event in batch {
                let existed = self.room.exists();
                effects.push(self.alone(event).await);
                if self.ended(existed) {
                    break;
                }
            }
        }
        let batch = &batch[..effects.len()];
        if self.behind.is_none() && (self.told.is_stale(&self.room) || !self.owed.is_empty()) {
            self.behind = Some(Instant::now());
        }
        // After a crash a room that has ended may not be there again, nor somebody who was put out be in it, when people
        // have been told so.
        if self.ended(before.exists()) || effects.iter().any(|effects| effects.expels) {
            self.catch_up().await;
        }
        if let Some(change) = self.room.relisting(&before) {
            self.host.list(&self.room.jid, change);
        }
        if !Arc::ptr_eq(&self.room.roster, &before.roster) {
            self.mailbox.note(self.room.roster.clone());
        }
        for effects in effects {
            self.release(effects).await;
        }
        self.mailbox.done_with(batch.iter().filter(|event| matches!(event, Event::Found(_))).count());
        batch.len()
    }

    /// Whether the room is no more, if it `existed` before. What comes then is for another room.
    fn ended(&self, existed: bool) -> bool {
        existed && !self.room.exists()
    }

    /// Has those asked, from time to time, whose server is said to be out of reach.
    fn ask_the_lost(&mut self) {
        if self.asked.elapsed() >= ASK_AGAIN {
            self.asked = Instant::now();
            self.heard.ask(self.room.out_of_reach());
        }
    }

    /// How long to wait for the next event.
    fn patience(&self) -> Duration {
        let patience = match self.behind {
            Some(since) => LINGER.saturating_sub(since.elapsed()),
            None if self.room.is_empty() && self.room.is_lasting() && self.host.sends_away() => {
                Duration::ZERO
            }
            None if self.room.is_empty() && self.host.quotas.are_short() => IDLE_SHORT,
            None => IDLE,
        };
        if self.room.has_lapsed(Timestamp::now()) { patience.min(self.lapse_pause()) } else { patience }
    }

    /// How long no bans are lifted after some have been.
    fn lapse_pause(&self) -> Duration {
        self.lapsed.map_or(Duration::ZERO, |lapsed| LAPSE_PAUSE.saturating_sub(lapsed.elapsed()))
    }

    /// Has bans lifted that have ended, some at a time. The room pays for it, not the account that comes first.
    async fn lapse(&mut self) {
        if self.room.has_lapsed(Timestamp::now()) && self.lapse_pause().is_zero() {
            Box::pin(self.step(&[Event::Lapse])).await;
            self.lapsed = Some(Instant::now());
        }
    }

    /// The room is not needed in memory; true if the task may end.
    fn retire(&self) -> bool {
        self.host.goodbyes.keep(&self.room.jid, self.room.goodbyes(), self.host.uptime());
        self.host.retire(&self.room.jid, &self.mailbox)
    }

    /// Lets out what an event led to, now that it is durable.
    async fn release(&self, mut effects: Effects) {
        for ask in std::mem::take(&mut effects.asks) {
            self.ask(ask);
        }
        send(&self.host, &self.room.jid, self.line(), effects).await;
    }

    /// Has the archive read on the side; the answer waits in the mailbox like any other event.
    fn ask(&self, ask: Ask) {
        let (host, mailbox) = (self.host.clone(), self.mailbox.clone());
        let expected = mailbox.expect(&ask.inbound);
        tokio::spawn(async move {
            let Ask { archive, retracted, question, asker, inbound } = ask;
            let account = inbound.from.to_bare();
            let look = match asker {
                Asker::Command => Some(host.look(&account).await),
                Asker::Reader | Asker::Moderator => None,
            };
            let place = mailbox.place(&host.reading, &InLine::from(&account)).await;
            let (reader, asked, payer) = (host.clone(), archive.clone(), inbound.from.clone());
            let answer = move || {
                let meter = Meter::start();
                let answer = wait(reader.archive.answer(&asked, &question));
                reader.charge(&payer, meter.tokens());
                answer
            };
            let answer = tokio::task::spawn_blocking(answer).await;
            drop(look);
            let answer = answer.unwrap_or_else(|e| Err(StoreError::Io(e.to_string())));
            let answer = answer.inspect(|_| host.archive_read.works()).unwrap_or_else(|e| {
                host.archive_read.fails(&e);
                Answer::Failed
            });
            let found = Found { archive, retracted, answer, asker, inbound };
            mailbox.answered(Event::Found(Box::new(found)), expected, place);
        });
    }

    /// Handles one event after the store refused a batch.
    async fn alone(&mut self, event: &Event) -> Effects {
        let before = self.room.clone();
        let mut effects = [self.handled(event).await];
        if self.commit(&before, &mut effects).await {
            let [effects] = effects;
            return effects;
        }
        self.set_back(before);
        refuse(event, &words::NOT_STORED, self.lang())
    }

    /// Whoever has asked the archive before the service stops gets the answer, if it comes soon.
    async fn finish(&mut self, events: &mut Events) {
        let end = tokio::time::Instant::now() + LAST_ANSWERS;
        while !self.mailbox.is_empty()
            && let Ok(Some(waiting)) = tokio::time::timeout_at(end, events.recv()).await
        {
            match self.mailbox.taken(*waiting).0 {
                event @ Event::Found(_) => {
                    self.step(&[event]).await;
                }
                event => self.turn_away(&event).await,
            }
        }
    }

    /// The language of the room.
    fn lang(&self) -> Lang<'_> {
        self.room.lang(&self.host.service)
    }

    /// The end: nothing more is taken, and nobody waits for this room any longer.
    async fn close(&self, events: &mut Events) {
        events.close();
        while let Ok(waiting) = events.try_recv() {
            self.turn_away(&self.mailbox.taken(*waiting).0).await;
        }
    }

    /// What came after the goodbye is refused with `wait`: clients come back then.
    async fn turn_away(&self, event: &Event) {
        let stopping = Refusal::resource_constraint(&words::STOPPING);
        if let Some(inbound) = event.inbound() {
            send(&self.host, &self.room.jid, self.line(), Effects::refused(&stopping, inbound, self.lang()))
                .await;
        }
    }

    /// One event through the room; one that may take long where nobody else waits for it, in turn with those of other
    /// domains. It waits in the line of the account that made the room: a stanza from outside never puts a room at the end of the
    /// line of its sender.
    async fn handled(&mut self, event: &Event) -> Effects {
        if !self.room.may_take_long(event, Timestamp::now()) {
            return self.handle(event);
        }
        let sender = || event.inbound().map(|inbound| InLine::from(&inbound.from.to_bare()));
        let line = self.room.founder().map(InLine::from).or_else(sender).unwrap_or_default();
        let _place = self.host.working.turn(&line).place().await;
        aside(|| self.handle(event))
    }

    /// One event through the room. A panic sets the room back and refuses the event.
    fn handle(&mut self, event: &Event) -> Effects {
        let before = self.room.clone();
        let (now, uptime) = (Timestamp::now(), self.host.uptime());
        let mut cx = Context { now, uptime, service: &self.host.service, ids: &mut self.ids };
        let (room, meter) = (&mut self.room, Meter::start());
        let outcome = catch_unwind(AssertUnwindSafe(|| room.handle(event, &mut cx)));
        self.pay(event, meter.tokens());
        outcome.iter().for_each(|effects| self.pay_for_bytes(event, effects));
        let claimed = outcome.as_ref().map_or(Ok(()), |_| self.claim());
        if std::mem::take(&mut self.beyond) {
            self.pay(event, pay::GROWTH_TOKENS);
        }
        match (outcome, claimed) {
            (Ok(_), Err(refusal)) => {
                self.set_back(before);
                event
                    .inbound()
                    .map_or_else(Effects::default, |inbound| Effects::refused(&refusal, inbound, self.lang()))
            }
            (Ok(effects), Ok(())) => {
                self.pay_for_writes(event, &before, &effects);
                if !before.exists()
                    && self.room.exists()
                    && let Some(inbound) = event.inbound()
                {
                    self.host.charge_for_room(&inbound.from);
                }
                effects
            }
            (Err(_), _) => {
                error!(room = %before.jid, "an event broke off; the room stands as before");
                self.room = before;
                refuse(event, &words::NOT_HANDLED, self.lang())
            }
        }
    }
}

#[cfg(test)]
mod bounds;
#[cfg(test)]
mod idle;
mod keep;
mod load;
mod pay;
#[cfg(test)]
mod portions;
mod send;
#[cfg(test)]
mod tests;
