//! Frees what the archive need not hold any more: messages that are too old or too many, and archives of rooms that
//! are gone. It goes by small steps with pauses, so that rooms hardly notice it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tracing::{info, warn};

use crate::room::archive::{ArchiveId, Change};
use crate::room::limits::Limits;
use crate::store::archive::Archive;
use crate::store::{Store, StoreError};

/// Messages that go at a time: some milliseconds of work, for which what is said in rooms may have to wait.
const STEP_MESSAGES_MAX: usize = 200;

/// How long it rests after a step.
const STEP_PAUSE: Duration = Duration::from_millis(50);

/// How long it rests after it has looked at all archives.
const ROUND_PAUSE: Duration = Duration::from_secs(15 * 60);

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
pub(super) struct Keeper {
    store: Arc<dyn Store>,
    archive: Arc<dyn Archive>,
    most: Bounds,
    /// Archives that belonged to no room when the service started.
    orphans: Vec<ArchiveId>,
    pause: Duration,
}

impl Keeper {
    /// Looks which archives have no room any more. A new room may have an archive that no record tells of yet: it
    /// must be called before there are any, and after those that did not outlive the last run were forgotten.
    pub(super) fn new(
        store: Arc<dyn Store>,
        archive: Arc<dyn Archive>,
        limits: &Limits,
    ) -> Result<Self, StoreError> {
        let mut known = HashSet::new();
        let damaged = store.each_room(&mut |_, record| {
            known.insert(record.archive);
        })?;
        let mut orphans = Vec::new();
        if damaged == 0 {
            archive.each_archive(&mut |id| {
                if !known.contains(&id) {
                    orphans.push(id);
                }
            })?;
        } else {
            // It may be theirs, and the records may come back from a copy.
            warn!(damaged, "archives without rooms are left alone, for some rooms cannot be read");
        }
        let most = Bounds { days: limits.archive_days_max, messages: limits.archive_messages_max };
        Ok(Self { store, archive, most, orphans, pause: STEP_PAUSE })
    }

    /// Works until it is dropped.
    pub(super) async fn run(mut self) {
        loop {
            if let Err(e) = self.round().await {
                warn!("the archive could not be cleared of what is old, and will be later: {e}");
            }
            tokio::time::sleep(ROUND_PAUSE).await;
        }
    }

    /// Everything once.
    async fn round(&mut self) -> Result<(), StoreError> {
        while let Some(orphan) = self.orphans.last() {
            let forget = Change::Forget { archive: orphan.clone() };
            self.blocking(move |keeper| keeper.archive.commit(&[forget])).await?;
            self.orphans.pop();
        }
        let mut purged = 0;
        for (id, bounds) in self.blocking(Work::bounded).await? {
            let now = Timestamp::now();
            loop {
                let id = id.clone();
                let gone = self
                    .blocking(move |keeper| {
                        let (before, most) = (bounds.before(now), bounds.messages_max());
                        keeper.archive.purge(&id, before, most, STEP_MESSAGES_MAX)
                    })
                    .await?;
                purged += gone;
                if gone < STEP_MESSAGES_MAX {
                    break;
                }
                tokio::time::sleep(self.pause).await;
            }
        }
        while self.blocking(|keeper| keeper.archive.sweep(STEP_MESSAGES_MAX)).await? > 0 {
            tokio::time::sleep(self.pause).await;
        }
        if purged > 0 {
            info!(messages = purged, "old messages left the archive");
        }
        Ok(())
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Work) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let with = Work { store: self.store.clone(), archive: self.archive.clone(), most: self.most };
        let done = tokio::task::spawn_blocking(move || work(&with)).await;
        done.unwrap_or_else(|e| Err(StoreError::Io(e.to_string())))
    }
}

/// What a step has at hand on its thread.
struct Work {
    store: Arc<dyn Store>,
    archive: Arc<dyn Archive>,
    most: Bounds,
}

impl Work {
    /// The archives of which not everything is kept.
    fn bounded(&self) -> Result<Vec<(ArchiveId, Bounds)>, StoreError> {
        let mut rooms = HashMap::new();
        self.store.each_room(&mut |_, record| {
            let own = Bounds { days: record.config.archive_days, messages: record.config.archive_messages };
            let bounds = own.within(self.most);
            if bounds != self.most {
                rooms.insert(record.archive, bounds);
            }
        })?;
        let mut bounded = Vec::new();
        self.archive.each_archive(&mut |id| {
            let bounds = rooms.get(&id).copied().unwrap_or(self.most);
            if bounds != Bounds::NONE {
                bounded.push((id, bounds));
            }
        })?;
        Ok(bounded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::room::archive::{Answer, Entry, Query, Question};
    use crate::room::config::Config;
    use crate::room::state::RoomRecord;
    use crate::store::Write;
    use crate::store::archive::memory::MemoryArchive;
    use crate::store::memory::MemoryStore;
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
                let entry = Arc::new(Entry { id, at, account: None, message, original: None });
                let append = Change::Append { archive: ArchiveId(name.to_owned()), entry };
                self.archive.commit(&[append]).expect("stored");
            }
        }

        fn keeper(&self, days: u32, messages: u32) -> Keeper {
            let limits =
                Limits { archive_days_max: days, archive_messages_max: messages, ..Limits::default() };
            let keeper = Keeper::new(self.store.clone(), self.archive.clone(), &limits).expect("read");
            Keeper { pause: Duration::ZERO, ..keeper }
        }

        fn count(&self, name: &str) -> u64 {
            let question = Question::Page(Query::default());
            match self.archive.answer(&ArchiveId(name.to_owned()), &question).expect("read") {
                Answer::Page(page) => page.count.expect("counted"),
                other => panic!("{other:?}"),
            }
        }
    }

    #[tokio::test]
    async fn each_room_keeps_what_it_may_and_the_service_sets_the_bound() {
        let bench = Bench::new();
        for (name, days, messages) in
            [("all", 0, 0), ("days", 5, 0), ("few", 0, 3), ("both", 5, 30), ("greedy", 300, 300)]
        {
            bench.room(name, days, messages);
            bench.messages(name, 40);
        }
        let counts = || ["all", "days", "few", "both", "greedy"].map(|name| bench.count(name));
        bench.keeper(0, 0).round().await.expect("done");
        assert_eq!(counts(), [40, 5, 3, 5, 40]);
        bench.keeper(20, 30).round().await.expect("done");
        assert_eq!(counts(), [20, 5, 3, 5, 20]);
        bench.keeper(0, 4).round().await.expect("done");
        assert_eq!(counts(), [4, 4, 3, 4, 4]);
    }

    #[tokio::test]
    async fn what_no_room_tells_of_is_kept_by_the_bound_of_the_service() {
        let bench = Bench::new();
        let mut keeper = bench.keeper(7, 0);
        bench.messages("temporary", 600);
        keeper.round().await.expect("done");
        assert_eq!(bench.count("temporary"), 7, "created after the start");
        bench.keeper(0, 0).round().await.expect("done");
        assert_eq!(bench.count("temporary"), 0, "left from before the start");
    }

    #[tokio::test]
    async fn an_archive_is_not_taken_for_ownerless_while_a_room_cannot_be_read() {
        let bench = Bench::new();
        for name in ["sound", "damaged"] {
            bench.room(name, 0, 0);
            bench.messages(name, 3);
        }
        assert!(bench.store.damage(&jid("damaged@muc.example"), None));
        bench.keeper(0, 0).round().await.expect("done");
        assert_eq!(["sound", "damaged"].map(|name| bench.count(name)), [3, 3]);
    }

    #[tokio::test]
    async fn a_failure_ends_the_round_and_the_next_goes_on() {
        let bench = Bench::new();
        bench.messages("left", 3);
        let mut keeper = bench.keeper(0, 0);
        bench.archive.fail_commits(true);
        assert!(keeper.round().await.is_err());
        assert_eq!(bench.count("left"), 3);
        bench.archive.fail_commits(false);
        keeper.round().await.expect("done");
        assert_eq!(bench.count("left"), 0);
    }
}
