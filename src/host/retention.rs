//! Frees what need not be kept any more: what is left of rooms that were forgotten, messages that are too old or too many,
//! archives of rooms that are gone, and what all these took on the disk. It goes by small steps with pauses, so that rooms hardly notice it, and often, so that there is never much to
//! do: what is taken out costs memory until it is written to a file.

mod sizes;

use std::collections::{HashMap, HashSet};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use tracing::{debug, info, warn};

use self::sizes::Held;
use crate::config::ArchiveSettings;
use crate::room::archive::{ArchiveId, Change};
use crate::room::context::Service;
use crate::room::write::Write;
use crate::store::{self, Fence, Renewed, Rest, StoreError, wait};

/// Messages that go at a time: some milliseconds of work, for which what is said in rooms may have to wait.
const STEP_MESSAGES_MAX: usize = 200;

/// Bytes that go at a time, where bytes are counted.
const STEP_BYTES_MAX: u64 = 4 << 20;

/// Messages whose bytes are counted at a time, archives that are looked at, and how long it rests then.
const COUNT_MESSAGES_MAX: usize = 1000;
const ARCHIVES_MAX: usize = 200;
const COUNT_PAUSE: Duration = Duration::from_millis(20);

/// How long it rests after a step.
const STEP_PAUSE: Duration = Duration::from_millis(50);

/// How long it rests at least after it has been through all archives, and how many times as long as it has worked.
const ROUND_PAUSE: Duration = Duration::from_secs(60);
const ROUND_PAUSE_TIMES: u32 = 20;

/// How long the files of the store or the archive are left alone after they were written anew, and after that has failed.
const RENEW_PAUSE: Duration = Duration::from_secs(10 * 60);
const RENEW_PAUSE_FAILED: Duration = Duration::from_secs(30 * 60);

/// How much is kept. 0 is any number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Bounds {
    days: u32,
    messages: u32,
}

impl Bounds {
    const NONE: Self = Self { days: 0, messages: 0 };

    /// Those of a room within those of the service.
    fn within(self, most: Self) -> Self {
        let lesser = |own, most| match (own, most) {
            (0, one) | (one, 0) => one,
            (own, most) => u32::min(own, most),
        };
        Self { days: lesser(self.days, most.days), messages: lesser(self.messages, most.messages) }
    }

    /// The time before which nothing is kept.
    fn before(self, now: Timestamp) -> Timestamp {
        let age = SignedDuration::from_hours(24 * i64::from(self.days));
        match self.days {
            0 => Timestamp::MIN,
            _ => now.checked_sub(age).unwrap_or(Timestamp::MIN),
        }
    }

    fn messages_max(self) -> u64 {
        if self.messages == 0 { u64::MAX } else { self.messages.into() }
    }
}

/// What it works on, and by which rules.
pub(super) struct Retention {
    store: Arc<dyn store::Store>,
    archive: Arc<dyn store::Archive>,
    most: Bounds,
    bytes_max: sizes::Bounds,
    service: Arc<Service>,
    /// What each archive holds, while all of them together hold much.
    held: HashMap<ArchiveId, Held>,
    /// Archives that belonged to no room when the service started.
    orphans: Vec<ArchiveId>,
    /// When the files of the store and those of the archive were written anew.
    renewals: [Renewal; 2],
}

/// When files may be written anew.
#[derive(Debug, Default)]
struct Renewal {
    /// Not before; `None` is at any time.
    at: Option<Instant>,
    /// The last time failed, and the operator was told.
    failed: bool,
}

impl Renewal {
    /// Does it, if it is time.
    fn renew(&mut self, what: &str, renew: impl FnOnce() -> Result<Option<Renewed>, StoreError>) {
        if self.at.is_some_and(|at| Instant::now() < at) {
            return;
        }
        let broke_off = |_| Err(StoreError::Io("it broke off".to_owned()));
        let pause = match catch_unwind(AssertUnwindSafe(renew)).unwrap_or_else(broke_off) {
            Ok(None) => return,
            Ok(Some(Renewed { before, after })) => {
                info!(before, after, "the files of {what} were written anew: they take fewer bytes");
                self.failed = false;
                RENEW_PAUSE
            }
            Err(e) => {
                if !std::mem::replace(&mut self.failed, true) {
                    warn!("{what} takes more on the disk than it needs, and could not be written anew: {e}");
                }
                RENEW_PAUSE_FAILED
            }
        };
        self.at = Some(Instant::now() + pause);
    }
}

/// What is at work on it, on a thread of its own.
pub(super) struct Keeping {
    end: mpsc::Sender<()>,
    thread: JoinHandle<()>,
}

impl Keeping {
    /// Has it finish its step and end. Blocks until it has.
    pub(super) fn end(self) {
        drop(self.end);
        // It ends by itself, and has nothing to say.
        let _ = self.thread.join();
    }
}

impl Retention {
    /// Looks which archives have no room any more. A new room may have an archive that no record tells of yet: it
    /// must be called before there are any, and after those that did not outlive the last run were forgotten.
    pub(super) fn new(
        store: Arc<dyn store::Store>,
        archive: Arc<dyn store::Archive>,
        settings: &ArchiveSettings,
        service: Arc<Service>,
    ) -> Result<Self, StoreError> {
        let mut known = HashSet::new();
        let damaged = wait(store.each_room(&mut |_, listed| {
            known.insert(listed.archive);
        }))?;
        let mut orphans = Vec::new();
        if damaged == 0 {
            wait(archive.each_archive(&mut |id| {
                if !known.contains(&id) {
                    orphans.push(id);
                }
            }))?;
        } else {
            // It may be theirs, and the records may come back from a copy.
            warn!(damaged, "archives without rooms are left alone, for some rooms cannot be read");
        }
        let most = Bounds { days: settings.days_max, messages: settings.messages_max };
        let (bytes_max, held) = (settings.into(), HashMap::new());
        Ok(Self { store, archive, most, bytes_max, service, held, orphans, renewals: Default::default() })
    }

    /// Works until it is told to end.
    pub(super) fn start(mut self) -> io::Result<Keeping> {
        let (end, ended) = mpsc::channel();
        let ended = Mutex::new(ended);
        let rest = move |time| {
            let ended = ended.lock().unwrap_or_else(PoisonError::into_inner);
            ended.recv_timeout(time) == Err(RecvTimeoutError::Timeout)
        };
        let work = move || loop {
            let (begun, rested) = (Instant::now(), Mutex::new(Duration::ZERO));
            let rested = || rested.lock().unwrap_or_else(PoisonError::into_inner);
            let rest_within = |time| {
                *rested() += time;
                rest(time)
            };
            let round = catch_unwind(AssertUnwindSafe(|| self.round(&rest_within)));
            let broke_off = |_| Err(StoreError::Io("a round broke off".to_owned()));
            if let Err(e) = round.unwrap_or_else(broke_off) {
                warn!("what is old or left over could not be removed, and will be later: {e}");
            }
            self.renew(&rest_within);
            let worked = begun.elapsed().saturating_sub(*rested());
            if !rest(ROUND_PAUSE.max(worked * ROUND_PAUSE_TIMES)) {
                return;
            }
        };
        Ok(Keeping { end, thread: Builder::new().name("retention".to_owned()).spawn(work)? })
    }

    /// Everything once, unless `rest`, which rests for some time, says that it is to end.
    fn round(&mut self, rest: &dyn Fn(Duration) -> bool) -> Result<(), StoreError> {
        for room in wait(self.store.rests())? {
            while wait(self.store.has_rest(&room))? {
                wait(self.store.commit(Fence::ONE_MACHINE, &[Write::Sweep { room: room.clone() }]))?;
                if !rest(STEP_PAUSE) {
                    return Ok(());
                }
            }
        }
        while let Some(orphan) = self.orphans.last() {
            if !rest(Duration::ZERO) {
                return Ok(());
            }
            let forget = [Change::Forget { archive: orphan.clone() }];
            wait(self.archive.commit(Fence::ONE_MACHINE, &forget))?;
            self.orphans.pop();
        }
        let (mut purged, mut since_rest) = (0, 0);
        for (id, bounds) in self.bounded()? {
            let (before, most) = (bounds.before(Timestamp::now()), bounds.messages_max());
            loop {
                let pause = if since_rest < STEP_MESSAGES_MAX { Duration::ZERO } else { STEP_PAUSE };
                if !rest(pause) {
                    return Ok(());
                }
                since_rest %= STEP_MESSAGES_MAX;
                let freed = wait(self.archive.purge(&id, before, most, STEP_MESSAGES_MAX))?;
                let gone = freed.messages;
                purged += gone;
                since_rest += gone;
                if gone < STEP_MESSAGES_MAX {
                    break;
                }
            }
        }
        if !self.trim(rest)? {
            return Ok(());
        }
        while wait(self.archive.sweep(STEP_MESSAGES_MAX))? > 0 {
            if !rest(STEP_PAUSE) {
                return Ok(());
            }
        }
        if purged > 0 {
            debug!(messages = purged, "old messages left the archive");
        }
        Ok(())
    }

    /// Has the store and the archive give back what takes room on the disk for nothing.
    fn renew(&mut self, rest: Rest<'_>) {
        let Self { store, archive, renewals, .. } = self;
        let [of_store, of_archive] = renewals;
        of_store.renew("the store", || wait(store.renew(rest)));
        of_archive.renew("the archive", || wait(archive.renew(rest)));
    }

    /// Drops the oldest messages of those archives that hold too many bytes. False if it was told to end.
    fn trim(&mut self, rest: &dyn Fn(Duration) -> bool) -> Result<bool, StoreError> {
        // None can take more on the disk than all do.
        let least = self.bytes_max.least();
        if least.is_none() || least >= Some(wait(self.archive.bytes())?) {
            self.held.clear();
            return Ok(true);
        }
        if !self.count(rest)? {
            return Ok(false);
        }
        for (id, mut bytes) in sizes::excess(&self.held, self.bytes_max, &self.service) {
            while bytes > 0 {
                let freed = wait(self.archive.trim(&id, bytes.min(STEP_BYTES_MAX), STEP_MESSAGES_MAX))?;
                bytes = if freed.messages == 0 { 0 } else { bytes.saturating_sub(freed.bytes) };
                if !rest(STEP_PAUSE) {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// Counts what each archive holds, from where it was counted before. False if it was told to end.
    fn count(&mut self, rest: &dyn Fn(Duration) -> bool) -> Result<bool, StoreError> {
        let mut all = HashMap::new();
        wait(self.archive.each_archive(&mut |id| drop(all.insert(id, Held::default()))))?;
        wait(self.store.each_room(&mut |_, listed| {
            if let Some(held) = all.get_mut(&listed.archive) {
                held.founder = listed.founder;
            }
        }))?;
        let mut before = std::mem::take(&mut self.held);
        for (n, (id, mut held)) in all.into_iter().enumerate() {
            held.size = before.remove(&id).unwrap_or_default().size;
            while let Some(size) = wait(self.archive.count_bytes(&id, held.size, COUNT_MESSAGES_MAX))? {
                held.size = size;
                if (!size.whole || n % ARCHIVES_MAX == 0) && !rest(COUNT_PAUSE) {
                    return Ok(false);
                }
                if size.whole {
                    self.held.insert(id, held);
                    break;
                }
            }
        }
        Ok(true)
    }

    /// The archives of which not everything is kept.
    fn bounded(&self) -> Result<Vec<(ArchiveId, Bounds)>, StoreError> {
        let mut rooms = HashMap::new();
        wait(self.store.each_room(&mut |_, listed| {
            let own = Bounds { days: listed.archive_days, messages: listed.archive_messages };
            let bounds = own.within(self.most);
            if bounds != self.most {
                rooms.insert(listed.archive, bounds);
            }
        }))?;
        let mut bounded = Vec::new();
        wait(self.archive.each_archive(&mut |id| {
            let bounds = rooms.get(&id).copied().unwrap_or(self.most);
            if bounds != Bounds::NONE {
                bounded.push((id, bounds));
            }
        }))?;
        Ok(bounded)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::room::archive::{Answer, Entry, Query, Question};
    use crate::room::config::Config;
    use crate::room::state::RoomRecord;
    use crate::room::write::Write;
    use crate::store::memory::MemoryArchive;
    use crate::store::memory::MemoryStore;
    use crate::store::{LocalArchive, LocalStore, Size};
    use crate::wire::jid::BareJid;

    struct Bench {
        store: Arc<MemoryStore>,
        archive: Arc<MemoryArchive>,
    }

    fn jid(text: &str) -> BareJid {
        BareJid::parse(text).expect("an address")
    }

    impl Bench {
        fn new() -> Self {
            Self { store: Arc::new(MemoryStore::new()), archive: Arc::new(MemoryArchive::new()) }
        }

        /// A stored room, whose archive has its name.
        fn room(&self, name: &str, days: u32, messages: u32) {
            let config = Config { archive_days: days, archive_messages: messages, ..Config::default() };
            let mut record = RoomRecord::new(Timestamp::UNIX_EPOCH, config);
            record.archive = ArchiveId(name.to_owned());
            let room = jid(&format!("{name}@muc.example"));
            self.store.commit(&[Write::Room { room, record: Box::new(record) }]).expect("stored");
        }

        /// One message for each of the last days, the oldest first.
        fn messages(&self, name: &str, days: i64) {
            for age in (0..days).rev() {
                let at = Timestamp::now() - SignedDuration::from_hours(24 * age + 1);
                let message = "<message xmlns='jabber:client' from='r@muc.example/n'/>";
                let message = message.parse().expect("xml");
                let id = format!("{age}");
                let entry = Arc::new(Entry { id, at, account: None, shown: false, message, original: None });
                let append = Change::Append { archive: ArchiveId(name.to_owned()), entry };
                self.archive.commit(&[append]).expect("stored");
            }
        }

        fn retention(&self, days: u32, messages: u32) -> Retention {
            let settings =
                ArchiveSettings { days_max: days, messages_max: messages, ..ArchiveSettings::default() };
            self.with(&settings)
        }

        fn with(&self, settings: &ArchiveSettings) -> Retention {
            let service = Arc::new(Service::new(jid("muc.example")));
            Retention::new(self.store.clone(), self.archive.clone(), settings, service).expect("read")
        }

        fn count(&self, name: &str) -> u64 {
            let question = Question::Page(Query::default());
            match self.archive.answer(&ArchiveId(name.to_owned()), &question).expect("read") {
                Answer::Page(page) => page.count.expect("counted"),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn each_room_keeps_what_it_may_and_the_service_sets_the_bound() {
        let bench = Bench::new();
        for (name, days, messages) in
            [("all", 0, 0), ("days", 5, 0), ("few", 0, 3), ("both", 5, 30), ("greedy", 300, 300)]
        {
            bench.room(name, days, messages);
            bench.messages(name, 40);
        }
        let counts = || ["all", "days", "few", "both", "greedy"].map(|name| bench.count(name));
        bench.retention(0, 0).round(&|_| true).expect("done");
        assert_eq!(counts(), [40, 5, 3, 5, 40]);
        bench.retention(20, 30).round(&|_| true).expect("done");
        assert_eq!(counts(), [20, 5, 3, 5, 20]);
        bench.retention(0, 4).round(&|_| true).expect("done");
        assert_eq!(counts(), [4, 4, 3, 4, 4]);
    }

    #[test]
    fn told_to_end_it_does_after_the_step() {
        let bench = Bench::new();
        for name in ["one", "two", "three"] {
            bench.room(name, 0, 3);
            bench.messages(name, 10);
        }
        let mut retention = bench.retention(0, 0);
        let steps = Cell::new(0);
        let second = |_| steps.replace(steps.get() + 1) < 2;
        retention.round(&second).expect("done");
        let left: u64 = ["one", "two", "three"].map(|name| bench.count(name)).iter().sum();
        assert_eq!(left, 3 + 3 + 10);
        let keeping = retention.start().expect("a thread");
        keeping.end();
    }

    #[test]
    fn what_no_room_tells_of_is_kept_by_the_bound_of_the_service() {
        let bench = Bench::new();
        let mut retention = bench.retention(7, 0);
        bench.messages("temporary", 600);
        retention.round(&|_| true).expect("done");
        assert_eq!(bench.count("temporary"), 7, "created after the start");
        bench.retention(0, 0).round(&|_| true).expect("done");
        assert_eq!(bench.count("temporary"), 0, "left from before the start");
    }

    #[test]
    fn an_archive_is_not_taken_for_ownerless_while_a_room_cannot_be_read() {
        let bench = Bench::new();
        for name in ["sound", "damaged"] {
            bench.room(name, 0, 0);
            bench.messages(name, 3);
        }
        assert!(bench.store.damage(&jid("damaged@muc.example"), None));
        bench.retention(0, 0).round(&|_| true).expect("done");
        assert_eq!(["sound", "damaged"].map(|name| bench.count(name)), [3, 3]);
    }

    #[test]
    fn a_failure_ends_the_round_and_the_next_goes_on() {
        let bench = Bench::new();
        bench.messages("left", 3);
        let mut retention = bench.retention(0, 0);
        bench.archive.fail_commits(true);
        assert!(retention.round(&|_| true).is_err());
        assert_eq!(bench.count("left"), 3);
        bench.archive.fail_commits(false);
        retention.round(&|_| true).expect("done");
        assert_eq!(bench.count("left"), 0);
    }

    #[test]
    fn files_that_were_written_anew_or_could_not_be_are_left_alone_for_some_time() {
        let bench = Bench::new();
        let done = Ok(Some(Renewed { before: 9, after: 1 }));
        bench.store.plan_renewals([
            Ok(None),
            Ok(None),
            done.clone(),
            Err(StoreError::Io(String::new())),
            done,
        ]);
        let mut retention = bench.retention(0, 0);
        let renew = |retention: &mut Retention| {
            (0..5).for_each(|_| retention.renew(&|_| true));
            bench.store.planned_renewals()
        };
        assert_eq!(renew(&mut retention), 2, "nothing to do is looked for each time");
        let pause =
            |retention: &Retention| retention.renewals[0].at.expect("a pause").duration_since(Instant::now());
        assert!(pause(&retention) <= RENEW_PAUSE && !retention.renewals[0].failed);
        retention.renewals[0].at = Some(Instant::now());
        assert_eq!(renew(&mut retention), 1);
        assert!(pause(&retention) > RENEW_PAUSE && retention.renewals[0].failed, "told once");
        retention.renewals[0].at = None;
        assert_eq!(renew(&mut retention), 0);
        assert!(!retention.renewals[0].failed);
    }

    // 45-14.6-a
    #[test]
    fn archives_that_hold_too_many_bytes_lose_their_oldest_messages_and_others_none() {
        let bench = Bench::new();
        for (name, messages) in [("large", 2000), ("small", 30), ("calm", 300)] {
            bench.room(name, 0, 0);
            bench.messages(name, messages);
        }
        let calm = ArchiveId("calm".to_owned());
        let counted = bench.archive.count_bytes(&calm, Size::default(), 1000).expect("counted");
        let each = counted.expect("there are messages").bytes / 300;
        let counts = || ["large", "small", "calm"].map(|name| bench.count(name));
        let settings = |room: u64, messages: u32| ArchiveSettings {
            room_bytes_max: room * each,
            messages_max: messages,
            ..ArchiveSettings::default()
        };
        bench.with(&settings(0, 0)).round(&|_| true).expect("done");
        bench.with(&settings(3000, 0)).round(&|_| true).expect("done");
        assert_eq!(counts(), [2000, 30, 300], "there is no bound, or all together have less");
        let mut retention = bench.with(&settings(1000, 0));
        retention.round(&|_| true).expect("done");
        let [large, small, calm] = counts();
        assert!((980..=1010).contains(&large) && (small, calm) == (30, 300), "{large} {small} {calm}");
        let answer = bench.archive.answer(&ArchiveId("large".to_owned()), &Question::Ends).expect("read");
        let Answer::Ends(Some([_, (newest, _)])) = answer else { panic!("{answer:?}") };
        assert_eq!(newest, "0", "the oldest went");
        // What comes is counted, and what went by another bound is not any more.
        bench.messages("calm", 900);
        retention.round(&|_| true).expect("done");
        assert!((980..=1010).contains(&counts()[2]), "{:?}", counts());
        retention.most.messages = 400;
        retention.round(&|_| true).expect("done");
        bench.messages("large", 300);
        retention.most.messages = 0;
        retention.round(&|_| true).expect("done");
        assert_eq!(counts(), [700, 30, 400]);
    }
}
