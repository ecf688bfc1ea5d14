//! Runs the rooms: the only place where effects meet the world.
//!
//! [`Host::route`] is the one function that decides which task gets a stanza. [`run()`] holds the service together
//! from opening the store to closing the stream.

mod admission;
pub mod commit;
mod domain_queues;
mod failure_state;
mod gate;
mod goodbyes;
pub mod liveness;
mod log_throttle;
mod mailbox;
mod meter;
mod places;
mod portions;
mod quota;
mod rate_limit;
mod retention;
mod run;
mod signals;
mod task;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use minidom::Element;
use tokio::sync::Notify;
use tracing::{debug, error, info, warn};

use crate::config::{OnStop, Settings};
use crate::link::{Lane, Outbox};
use crate::room::archive::Change;
use crate::room::context::{Ids, Service};
use crate::room::event::Event;
use crate::room::listing::Relisting;
use crate::room::roster::Roster;
use crate::room::write::Write;
use crate::service::{self, directory::Directory};
use crate::store::{self, Fence, StoreError, wait};
use crate::wire::encode::Outgoing;
use crate::wire::inbound::Inbound;
use crate::wire::jid::{BareJid, Jid};
use crate::wire::parse::Malformed;
use crate::wire::refusal::Refusal;
use crate::words::{self, Lang};
use admission::Admission;
use commit::Committer;
use failure_state::FailureState;
use liveness::PingPacer;
use mailbox::{Bounds, Mailbox};
use meter::Meter;
use places::{InLine, Places};
use portions::Portions;
use quota::Quotas;
pub use run::{Ended, RunError, run};
use signals::Signal;
pub use signals::hold_signals;

/// How long rooms may take to say goodbye. Together with what the link may take to send it, this stays below the 10 s
/// after which container runtimes kill.
const STOP_TIMEOUT: Duration = Duration::from_secs(3);

/// How long they may take to make place for the next process: nobody kills, and what they do not finish is lost.
const REPLACE_TIMEOUT: Duration = Duration::from_secs(30);

/// How long rooms that stop work off what waits for them. What is left then is refused with `wait`: a domain that has filled
/// mailboxes within its rates does not keep others waiting for the next process.
const LAST_WORK: Duration = Duration::from_secs(1);

/// The same when another process goes on, for which all others wait: what waits is worked off before.
const LAST_WORK_REPLACED: Duration = Duration::from_millis(150);

/// How long it is waited, while all goes on as usual, for a moment in which little is left to do; then it is waited as long
/// again while rooms of which much is not written yet refuse what they are asked.
const CALM_TIMEOUT: Duration = Duration::from_secs(3);
const MUCH_BYTES: u64 = 64 << 10;

/// How often it is looked, and what little is: events in rooms, and bytes that are not written yet.
const CALM_PAUSE: Duration = Duration::from_millis(5);
const CALM_EVENTS_MAX: usize = 50;
const CALM_BYTES_MAX: u64 = 256 << 10;

/// How often rooms without occupants are sent away at most where another one has no space in memory, and how long they may
/// take.
const SEND_AWAY: Duration = Duration::from_secs(1);
const SENT_AWAY: Duration = Duration::from_millis(100);

/// How long after a gap in the link those who are still silent begin to be asked.
const SETTLE: Duration = Duration::from_secs(5);

/// How long after a gap somebody who is gone may not have been found out yet.
const DOUBT: Duration = Duration::from_secs(5 * 60);

/// Temporary rooms that are forgotten at a time at the start.
const VACANT_AT_A_TIME: usize = 32;

/// Rooms that are read from the store at a time.
const LOADING_MAX: usize = 8;

/// Questions to the archive that are answered at a time, until the answer is on its way.
const READERS_MAX: usize = 8;

/// Of these, those for commands, which look through much: one of a domain.
const LOOKING_MAX: usize = 2;

/// Events at a time that may take long.
const WORKING_MAX: usize = 3;

/// Searches at a time, and those that may wait, of one domain and of all.
const SEARCHING_MAX: usize = 2;
const SEARCHES_OF_DOMAIN_MAX: usize = 100;
const SEARCHES_MAX: usize = 1000;

/// What holds for all rooms.
fn service_of(settings: &Settings) -> Service {
    Service {
        domain: settings.component.domain.clone(),
        profile: settings.component.addresses,
        name: settings.service.name.clone(),
        admins: settings.service.admins.clone(),
        create: settings.service.create,
        admins_own_rooms: settings.service.admins_own_rooms,
        locked_rooms: settings.service.locked_rooms,
        item_per_session: settings.service.item_per_session,
        affiliation_versions: settings.service.affiliation_versions,
        nicks: settings.service.nicks,
        invitation_bodies: settings.service.invitation_bodies,
        registration_fields: settings.service.registration_fields.clone(),
        public_logs: settings.service.public_logs,
        admin_fields: settings.service.admin_fields.clone(),
        contacts: settings.service.contacts.clone(),
        terms: settings.service.terms.clone(),
        words: settings.words.clone(),
        default_room: settings.default_room.clone(),
        limits: settings.limits.clone(),
        keep_retracted: settings.archive.keep_retracted,
        held: Default::default(),
    }
}

/// The rooms in memory and what they share.
pub struct Host {
    service: Arc<Service>,
    store: Arc<dyn store::Store>,
    archive: Arc<dyn store::Archive>,
    committer: Committer<Write>,
    archive_committer: Committer<Change>,
    /// Of reading rooms from the store, and messages from the archive.
    rooms_read: FailureState,
    archive_read: FailureState,
    /// Places for those who read the archive.
    reading: Arc<Places>,
    /// Places for those who look through an archive for a command.
    looking: Arc<Places>,
    /// Places for rooms that are being read.
    loading: Arc<Places>,
    /// Places for rooms that do what may take long.
    working: Arc<Places>,
    /// The place for rooms that write much.
    writing: Arc<Places>,
    /// Places for those who search.
    searching: Arc<Places>,
    /// How often the link was lost.
    losses: AtomicU64,
    /// Who has how many rooms.
    quotas: Arc<Quotas>,
    outbox: Outbox,
    /// What may wait for rooms.
    bounds: Arc<Bounds>,
    /// Who has sent how much, and what is delayed of it.
    admission: Admission,
    rooms: Mutex<HashMap<BareJid, Arc<Mailbox>>>,
    /// Who has just left a room that is not in memory.
    goodbyes: goodbyes::Absent,
    directory: RwLock<Directory>,
    memory: Mutex<service::Memory>,
    started: Timestamp,
    /// The same moment, on a clock that nobody sets.
    awake_since: Instant,
    /// Rooms of which much is not written yet take on no more: another process is about to go on.
    hurries: AtomicBool,
    /// From when on the service, if it stops, has no more time for what waits for rooms.
    late: OnceLock<Instant>,
    goodbye: bool,
    gaps: AtomicU64,
    /// When rooms without occupants were sent away last, in milliseconds since the start.
    sent_away: AtomicU64,
    /// Until when accounts may be gone that have not been found out, in seconds since the start.
    doubtful_until: AtomicU64,
    pings: PingPacer,
    portions: Arc<Portions>,
    /// Rooms that the store has occupants of, with who created them, until the first link is up.
    asleep: Mutex<Vec<(BareJid, Option<BareJid>)>>,
    told_to_stop: Notify,
}

/// The rooms in memory, for the service to look at.
struct InMemory<'a>(&'a Host);

impl service::Rooms for InMemory<'_> {
    fn each(&self, each: &mut dyn FnMut(&BareJid, &Roster)) {
        // Others find their rooms while `each` works.
        let rooms: Vec<_> =
            self.0.rooms().iter().map(|(room, mailbox)| (room.clone(), mailbox.roster())).collect();
        rooms.iter().for_each(|(room, roster)| each(room, roster));
    }
}

impl Host {
    /// Reads the directory from the store.
    pub fn start(
        settings: &Settings,
        store: Arc<dyn store::Store>,
        archive: Arc<dyn store::Archive>,
        outbox: Outbox,
    ) -> Result<Arc<Self>, StoreError> {
        let mut directory = Directory::default();
        let (mut occupied, mut vacant) = (HashMap::new(), Vec::new());
        wait(store.each_occupied(&mut |jid, occupants| {
            occupied.insert(jid, occupants);
        }))?;
        let service = Arc::new(service_of(settings));
        let quotas = Arc::new(Quotas::new(service.clone()));
        let (now, mut asleep) = (Timestamp::now(), Vec::new());
        wait(store.each_room(&mut |jid, listed| {
            let vacated = !listed.persistent && !occupied.contains_key(&jid);
            let awaited = vacated && listed.awaited.is_some_and(|until| until > now);
            if vacated && !awaited {
                return vacant.push(Write::Forget { room: jid });
            }
            quotas.know(&jid, listed.founder.as_ref(), listed.persistent);
            if occupied.contains_key(&jid) {
                asleep.push((jid.clone(), listed.founder.clone()));
            }
            if !listed.locked && !awaited {
                let occupants = occupied.get(&jid).copied().unwrap_or_default();
                directory.set(jid, listed.with_occupants(occupants));
            }
        }))?;
        if let Err(e) =
            vacant.chunks(VACANT_AT_A_TIME).try_for_each(|some| wait(store.commit(Fence::ONE_MACHINE, some)))
        {
            warn!("temporary rooms that nobody is in are still stored: {e}");
        }
        let host = Self {
            service,
            committer: Committer::of_store(store.clone()),
            store,
            archive_committer: Committer::of_archive(archive.clone()),
            archive,
            rooms_read: FailureState::new("reading of rooms"),
            archive_read: FailureState::new("reading of the archive"),
            reading: Places::new(READERS_MAX),
            looking: Places::new(LOOKING_MAX),
            loading: Places::new(LOADING_MAX),
            working: Places::new(WORKING_MAX),
            writing: Places::new(1),
            searching: Places::new(SEARCHING_MAX),
            losses: AtomicU64::new(0),
            quotas,
            outbox,
            bounds: Arc::new(Bounds::new(&settings.limits, settings.parent_domain())),
            admission: Admission::new(&settings.limits),
            rooms: Mutex::default(),
            goodbyes: goodbyes::Absent::default(),
            directory: RwLock::new(directory),
            memory: Mutex::new(service::Memory::new(Ids::new(&task::random()))),
            started: Timestamp::now(),
            awake_since: Instant::now(),
            hurries: AtomicBool::new(false),
            late: OnceLock::new(),
            goodbye: settings.service.on_stop == OnStop::Leave,
            gaps: AtomicU64::new(0),
            sent_away: AtomicU64::new(0),
            doubtful_until: AtomicU64::new(0),
            pings: PingPacer::new(),
            portions: Portions::new(),
            asleep: Mutex::new(asleep),
            told_to_stop: Notify::new(),
        };
        Ok(Arc::new(host))
    }

    /// The listed rooms.
    fn directory(&self) -> &RwLock<Directory> {
        &self.directory
    }

    /// The rooms in memory. A panic elsewhere leaves the map whole: no call-out happens under the lock.
    fn rooms(&self) -> MutexGuard<'_, HashMap<BareJid, Arc<Mailbox>>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The language of answers to stanzas of which no language is known, where no room answers.
    pub(super) fn lang(&self) -> Lang<'_> {
        self.service.words.usual()
    }

    /// Decides which task gets a stanza of this size ([`size::of`]). Never blocks: the link must go on reading.
    pub fn route(self: &Arc<Self>, stanza: Element, size: usize) {
        let inbound = match Inbound::read(stanza, size, self.service.profile, self.lang()) {
            Ok(inbound) => inbound,
            Err(Malformed::Answer(answer)) => return self.reply(&answer),
            Err(Malformed::Silent(why)) => return debug!(why, "stanza dropped"),
        };
        if inbound.to.domain() != self.service.domain.as_str() {
            return debug!(to = inbound.to.domain(), "stanza for another domain dropped");
        }
        self.admit(inbound);
    }

    /// Brings a stanza to where it is dealt with.
    fn pass(self: &Arc<Self>, inbound: Inbound) {
        if inbound.to.local().is_none() {
            let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
            if service::may_take_long(&inbound, &self.service) {
                let memory = memory.fork();
                return self.command(inbound, memory);
            }
            let effects = self.answer(&inbound, &mut memory);
            drop(memory);
            return self.release(effects);
        }
        self.bring(&inbound.to.to_bare(), Event::Stanza(Box::new(inbound)));
    }

    /// What a stanza to the service leads to.
    fn answer(&self, inbound: &Inbound, memory: &mut service::Memory) -> service::Effects {
        let directory = self.directory.read().unwrap_or_else(PoisonError::into_inner).clone();
        let mut cx = service::Context {
            now: Timestamp::now(),
            started: self.started,
            service: &self.service,
            directory: &directory,
            rooms: &InMemory(self),
            memory,
        };
        service::answer(inbound, &mut cx)
    }

    /// Answers where no other account waits for it, in turn with the searches.
    fn command(self: &Arc<Self>, inbound: Inbound, mut memory: service::Memory) {
        let (host, turn) = (self.clone(), self.searching.turn(&InLine::from(&inbound.from.to_bare())));
        tokio::spawn(async move {
            let place = turn.place().await;
            let work = move || {
                let meter = Meter::start();
                let effects = host.answer(&inbound, &mut memory);
                host.charge(&inbound.from, meter.tokens());
                host.release(effects);
                drop(place);
            };
            // A panic in there is told of, and costs one answer.
            let _ = tokio::task::spawn_blocking(work).await;
        });
    }

    /// Does what a stanza to the service leads to.
    fn release(self: &Arc<Self>, effects: service::Effects) {
        if let Some(search) = effects.search {
            self.search(search);
        }
        if let Some((room, order)) = effects.order {
            self.bring(&room, Event::Order(order));
        }
        if let Some(answer) = effects.answer {
            self.reply(&answer);
        }
        if let Some(announcement) = effects.announcement {
            let (outbox, lane) = (self.outbox.clone(), Lane::of_room(&self.service.domain, ""));
            tokio::spawn(async move { outbox.send(lane, announcement).await });
        }
        if let Some(delay) = effects.stop_after {
            info!(seconds = delay.as_secs(), "an admin stops the service");
            let host = self.clone();
            tokio::spawn(async move {
                tokio::time::sleep(delay.unsigned_abs()).await;
                host.told_to_stop.notify_one();
            });
        }
    }

    /// Searches where nobody else waits for it, until the service stops or the link is lost; refuses if too many wait.
    fn search(self: &Arc<Self>, search: service::Search) {
        let line = InLine::from(&search.asker().to_bare());
        let turn = match self.is_stopping() {
            true => None,
            false => self.searching.turn_within(&line, SEARCHES_OF_DOMAIN_MAX, SEARCHES_MAX),
        };
        let Some(turn) = turn else {
            return search.turned_away(self.lang()).iter().for_each(|answer| self.reply(answer));
        };
        let (host, losses) = (self.clone(), self.losses.load(Ordering::Acquire));
        tokio::spawn(async move {
            let place = turn.place().await;
            let work = move || {
                let meter = Meter::start();
                let is_wanted = || !host.is_stopping() && host.losses.load(Ordering::Acquire) == losses;
                let answer = search.answer(&is_wanted, host.lang());
                host.charge(search.asker(), meter.tokens());
                let answer = answer.or_else(|| search.turned_away(host.lang()));
                answer.iter().for_each(|answer| host.reply(answer));
                drop(place);
            };
            // A panic in there is told of, and costs one answer.
            let _ = tokio::task::spawn_blocking(work).await;
        });
    }

    /// Brings an event to its room, or refuses it.
    fn bring(self: &Arc<Self>, room: &BareJid, event: Event) {
        if let Err(event) = self.deliver(room, event) {
            let busy = Refusal::resource_constraint(&words::TOO_MUCH_WAITS);
            if let Some(answer) = event.inbound().and_then(|inbound| busy.answer(inbound, self.lang())) {
                self.reply(&answer);
            }
        }
    }

    /// Puts an event into the mailbox of its room, or gives it back.
    fn deliver(self: &Arc<Self>, room: &BareJid, event: Event) -> Result<(), Event> {
        let is_last_word = event.inbound().is_some_and(|inbound| !inbound.is_refusable());
        if is_last_word && !self.quotas.knows(room) && !self.rooms().contains_key(room) {
            // It is of no use to a room that is not there.
            return Ok(());
        }
        let asker = event.inbound().map(|inbound| inbound.from.clone());
        let opener = asker.as_ref().map(Jid::to_bare);
        let mut waiting = Some(event);
        let put = |mailbox: &Mailbox| waiting.take().map_or(Ok(()), |event| mailbox.put(event));
        let outcome = self.with_mailbox(room, asker, opener.as_ref(), put);
        outcome.unwrap_or_else(|| waiting.take().map_or(Ok(()), Err))
    }

    /// Puts something into the mailbox of a room, starting the room's task if there is none, for the one who asks for it. `None`
    /// if there cannot be one more that counts for `opener`. What is given back starts no task: nothing waits for it.
    fn with_mailbox(
        self: &Arc<Self>,
        room: &BareJid,
        asker: Option<Jid>,
        opener: Option<&BareJid>,
        put: impl FnOnce(&Mailbox) -> Result<(), Event>,
    ) -> Option<Result<(), Event>> {
        let mut rooms = self.rooms();
        if let Some(mailbox) = rooms.get(room) {
            return Some(put(mailbox));
        }
        if self.is_stopping() || !self.quotas.open(room, opener) {
            return None;
        }
        let (mailbox, events) = Mailbox::new(self.bounds.clone());
        let mailbox = Arc::new(mailbox.opened_by(opener));
        if let Err(event) = put(&mailbox) {
            self.quotas.close(opener);
            return Some(Err(event));
        }
        rooms.insert(room.clone(), mailbox.clone());
        drop(rooms);
        tokio::spawn(task::run(self.clone(), room.clone(), asker, mailbox, events));
        Some(Ok(()))
    }

    /// The link is up, and before it was not: what was said in between is lost. When things have settled, every room
    /// that had somebody in it then asks those who stay silent whether they are there.
    fn gap(self: &Arc<Self>) {
        let host = self.clone();
        let since = self.uptime();
        self.doubtful_until.fetch_max((since + DOUBT).as_secs(), Ordering::AcqRel);
        let gap = self.gaps.fetch_add(1, Ordering::AcqRel);
        let awake: Vec<_> = self.rooms().keys().map(|room| (room.clone(), None)).collect();
        tokio::spawn(async move {
            tokio::time::sleep(SETTLE).await;
            if host.gaps.load(Ordering::Acquire) != gap + 1 {
                // There was another one, which looks after all of it.
                return;
            }
            let asleep = std::mem::take(&mut *host.asleep.lock().unwrap_or_else(PoisonError::into_inner));
            for (room, founder) in awake.into_iter().chain(asleep) {
                host.pings.turn().await;
                // A room that sleeps is loaded for it. When there are too many, it is its turn after the next gap.
                let force = |mailbox: &Mailbox| {
                    mailbox.force(Event::Gap(since));
                    Ok(())
                };
                let load = |opener| host.with_mailbox(&room, None, opener, force);
                if load(founder.as_ref()).or_else(|| load(None)).is_none() {
                    host.asleep.lock().unwrap_or_else(PoisonError::into_inner).push((room, founder));
                }
            }
        });
    }

    /// How long the service has been running.
    fn uptime(&self) -> Duration {
        self.awake_since.elapsed()
    }

    /// What a room could not write down before it stopped comes back: somebody may be gone by then.
    fn doubt(&self) {
        self.doubtful_until.store(u64::MAX, Ordering::Release);
    }

    /// Whether another process that goes on with the connection has to ask who is there all the same.
    fn has_doubts(&self) -> bool {
        self.uptime().as_secs() < self.doubtful_until.load(Ordering::Acquire)
    }

    /// Forgets a room's mailbox if nothing waits in it; true if the task may end.
    fn retire(&self, room: &BareJid, mailbox: &Mailbox) -> bool {
        let mut rooms = self.rooms();
        let done = mailbox.is_empty();
        if done && rooms.remove(room).is_some() {
            self.quotas.close(mailbox.opener());
        }
        done
    }

    /// Has the rooms go that the store has and that are without occupants, for another one to come. That is done once a second
    /// at most, for all that wait for it. Rooms that are asked for come again.
    async fn send_away(&self) {
        let last = Duration::from_millis(self.sent_away.load(Ordering::Acquire));
        tokio::time::sleep((last + SEND_AWAY).saturating_sub(self.uptime())).await;
        let now = self.uptime();
        let is_time = |last: u64| now >= Duration::from_millis(last) + SEND_AWAY;
        let now_ms = |last: u64| is_time(last).then_some(now.as_millis() as u64);
        if self.sent_away.fetch_update(Ordering::AcqRel, Ordering::Acquire, now_ms).is_ok() {
            let all: Vec<_> = self.rooms().values().cloned().collect();
            for mailbox in all.iter().filter(|mailbox| mailbox.roster().is_empty() && mailbox.is_empty()) {
                // It is looked again whether the room has to stay.
                mailbox.force(Event::Continue);
            }
        }
        tokio::time::sleep(SENT_AWAY).await;
    }

    /// Whether rooms that need not be in memory go at once.
    fn sends_away(&self) -> bool {
        let last = self.sent_away.load(Ordering::Acquire);
        last > 0 && self.uptime() < Duration::from_millis(last) + SENT_AWAY
    }

    /// Sends something that no room has said, unless it were said in the name of another domain: the server would
    /// end the stream (114-9).
    fn reply(&self, stanza: &Element) {
        let address = |name| stanza.attr(name).and_then(|jid| Jid::parse(jid).ok());
        let (Some(from), Some(to)) = (address("from"), address("to")) else { return };
        if !from.domain().eq_ignore_ascii_case(self.service.domain.as_str()) {
            return debug!(from = from.domain(), "an answer for another domain is not given");
        }
        let lane = Lane::of_answers(&to.to_bare());
        if !self.outbox.answer(lane, Outgoing::one(stanza, to)) {
            self.admission.dropped();
        }
    }

    /// Whether the service is about to stop.
    fn is_stopping(&self) -> bool {
        self.late.get().is_some()
    }

    /// Whether the service stops, and rooms have had the time to work off what waited for them.
    fn is_late(&self) -> bool {
        self.late.get().is_some_and(|late| Instant::now() > *late)
    }

    /// Notes what the directory has to learn of a room.
    fn list(&self, room: &BareJid, change: Relisting) {
        self.directory.write().unwrap_or_else(PoisonError::into_inner).note(room, change);
    }

    /// Waits for a moment in which little is left to do, but not for long: an account may see to it that there is none.
    async fn calm_down(&self) {
        let is_calm =
            || self.bounds.events() <= CALM_EVENTS_MAX && self.outbox.bytes_waiting() <= CALM_BYTES_MAX;
        let since = Instant::now();
        while !is_calm() && since.elapsed() < 2 * CALM_TIMEOUT {
            self.hurries.store(since.elapsed() >= CALM_TIMEOUT, Ordering::Release);
            tokio::time::sleep(CALM_PAUSE).await;
        }
    }

    /// Whether a room is to refuse what waits for it: there is no more time, or little and too much of it.
    fn is_to_refuse(&self, lane: impl Fn() -> Lane) -> bool {
        let much = || self.outbox.bytes_of(lane()) > MUCH_BYTES;
        self.is_late() || self.hurries.load(Ordering::Acquire) && much()
    }

    /// Lets every room finish what it was sent, write down who is in it or say goodbye, and waits until all have done
    /// so. Rooms that somebody asks for from now on are refused with `wait`: clients
    /// come back then.
    async fn stop(self: &Arc<Self>, told: Signal) {
        let is_replaced = told == Signal::Replace;
        self.release_all(if is_replaced { LAST_WORK_REPLACED } else { LAST_WORK });
        let mailboxes: Vec<_> = self.rooms().values().cloned().collect();
        let goodbye = self.goodbye && !is_replaced;
        for mailbox in &mailboxes {
            mailbox.stop(goodbye);
        }
        let patience = if is_replaced { REPLACE_TIMEOUT } else { STOP_TIMEOUT };
        if !self.have_stopped(patience).await {
            error!("some rooms did not stop in time");
            self.doubt();
        }
    }

    /// Waits until every room has stopped; false if that takes longer than `patience`.
    async fn have_stopped(&self, patience: Duration) -> bool {
        let mailboxes: Vec<_> = self.rooms().values().cloned().collect();
        let all = async {
            for mailbox in &mailboxes {
                mailbox.closed().await;
            }
        };
        tokio::time::timeout(patience, all).await.is_ok()
    }
}
