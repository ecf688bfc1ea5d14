use std::collections::BTreeSet;
use std::sync::Condvar;
use std::time::Duration;

use super::*;
use crate::room::listing::Listed;
use crate::room::state::{Affiliated, RoomRecord, State};
use crate::room::write::StoredOccupant;
use crate::store::LocalStore;
use crate::store::memory::MemoryStore;
use crate::wire::jid::BareJid;
use crate::wire::muc::Affiliation;

fn jid(text: &str) -> BareJid {
    BareJid::parse(text).expect("an address")
}

fn nick(account: &str, nick: &str) -> Vec<Write> {
    let value = Affiliated { nick: Some(nick.to_owned()), ..Affiliated::new(Affiliation::Member) };
    vec![Write::Affiliation { room: jid("r@muc"), jid: jid(account), value: Some(value) }]
}

/// A store that notes each commit's accounts, waits at a gate, and refuses a commit that touches a bad account.
#[derive(Default)]
struct Observed {
    inner: MemoryStore,
    closed: Mutex<bool>,
    opened: Condvar,
    commits: Mutex<Vec<Vec<String>>>,
    bad: Mutex<BTreeSet<String>>,
}

impl Observed {
    fn gate(&self, closed: bool) {
        *self.closed.lock().expect("unpoisoned") = closed;
        self.opened.notify_all();
    }

    fn commits(&self) -> Vec<Vec<String>> {
        self.commits.lock().expect("unpoisoned").clone()
    }

    fn refuse(&self, account: &str) {
        self.bad.lock().expect("unpoisoned").insert(account.to_owned());
    }

    fn nick_of(&self, account: &str) -> Option<String> {
        self.inner.commit(&room()).expect("stored");
        self.load(&jid("r@muc")).expect("read").expect("there").affiliations.get(&jid(account))?.nick.clone()
    }
}

fn room() -> Vec<Write> {
    let record = RoomRecord::new(jiff::Timestamp::UNIX_EPOCH, Default::default());
    vec![Write::Room { room: jid("r@muc"), record: Box::new(record) }]
}

impl LocalStore for Observed {
    fn load(&self, room: &BareJid) -> Result<Option<State>, StoreError> {
        self.inner.load(room)
    }

    fn occupants(&self, room: &BareJid) -> Result<Vec<StoredOccupant>, StoreError> {
        self.inner.occupants(room)
    }

    fn each_occupied(&self, each: &mut dyn FnMut(BareJid, usize)) -> Result<(), StoreError> {
        self.inner.each_occupied(each)
    }

    fn each_room(&self, each: &mut dyn FnMut(BareJid, Listed)) -> Result<usize, StoreError> {
        self.inner.each_room(each)
    }

    fn has_rest(&self, room: &BareJid) -> Result<bool, StoreError> {
        self.inner.has_rest(room)
    }

    fn rests(&self) -> Result<Vec<BareJid>, StoreError> {
        self.inner.rests()
    }

    fn commit(&self, writes: &[Write]) -> Result<(), StoreError> {
        let accounts: Vec<String> = writes
            .iter()
            .map(|write| match write {
                Write::Affiliation { jid, .. } => jid.to_string(),
                Write::Room { room, .. }
                | Write::Whole { room, .. }
                | Write::Part { room, .. }
                | Write::Occupant { room, .. }
                | Write::Session { room, .. }
                | Write::Said { room, .. }
                | Write::Vcard { room, .. }
                | Write::Forget { room }
                | Write::Sweep { room } => room.to_string(),
            })
            .collect();
        self.commits.lock().expect("unpoisoned").push(accounts.clone());
        let closed = self.closed.lock().expect("unpoisoned");
        drop(self.opened.wait_while(closed, |closed| *closed).expect("unpoisoned"));
        let bad = self.bad.lock().expect("unpoisoned").clone();
        if accounts.iter().any(|a| a == "panic@d") {
            panic!("a fault in the store");
        }
        match accounts.iter().find(|a| bad.contains(*a)) {
            Some(account) => Err(StoreError::Io(format!("{account} is refused"))),
            None => self.inner.commit(writes),
        }
    }
}

fn started() -> (Arc<Observed>, Committer<Write>) {
    let store = Arc::new(Observed::default());
    (store.clone(), Committer::of_store(store))
}

/// Submits for each account while the store is held up by a first request, then lets it go. The outcomes in order.
async fn together(
    store: &Observed,
    committer: &Committer<Write>,
    accounts: &[&str],
) -> Vec<Result<(), CommitError>> {
    store.gate(true);
    let before = store.commits().len();
    let first = committer.submit("d", nick("first@d", "f")).expect("accepted");
    for _ in 0..500 {
        if store.commits().len() > before {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(store.commits().len(), before + 1, "the first request has reached the store");
    let mut waiting = Vec::new();
    for (n, account) in accounts.iter().enumerate() {
        waiting.push(committer.submit("d", nick(account, &n.to_string())).expect("accepted"));
    }
    store.gate(false);
    first.await.expect("stored");
    let mut outcomes = Vec::new();
    for outcome in waiting {
        outcomes.push(outcome.await);
    }
    outcomes
}

#[tokio::test]
async fn what_waits_is_committed_together_and_in_order() {
    let (store, committer) = started();
    let outcomes = together(&store, &committer, &["a@d", "b@d", "a@d", "c@d"]).await;
    assert!(outcomes.iter().all(Result::is_ok));
    assert_eq!(store.commits(), [vec!["first@d"], vec!["a@d", "b@d", "a@d", "c@d"]]);
    assert_eq!(store.nick_of("a@d").as_deref(), Some("2"), "the later write of a caller wins");
}

#[tokio::test]
async fn a_group_has_a_bound() {
    let (store, committer) = started();
    let accounts = vec!["a@d"; GROUP_COST_MAX + 5];
    together(&store, &committer, &accounts).await;
    let sizes: Vec<usize> = store.commits().iter().map(Vec::len).collect();
    assert_eq!(sizes, [1, GROUP_COST_MAX, 5]);
}

#[tokio::test]
async fn large_requests_make_small_groups() {
    let (store, committer) = started();
    store.gate(true);
    let mut waiting = vec![committer.submit("d", nick("a@d", "")).expect("accepted")];
    for _ in 0..500 {
        if !store.commits().is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    for _ in 0..6 {
        let large = "x".repeat(COST_BYTES * (GROUP_COST_MAX / 2 - 2));
        waiting.push(committer.submit("d", nick("a@d", &large)).expect("accepted"));
    }
    store.gate(false);
    for outcome in waiting {
        outcome.await.expect("stored");
    }
    let sizes: Vec<usize> = store.commits().iter().map(Vec::len).collect();
    assert_eq!(sizes, [1, 2, 2, 2]);
}

// 45-14.6-a
#[tokio::test]
async fn a_domain_that_floods_waits_for_itself_and_small_requests_go_together() {
    let (store, committer) = started();
    store.gate(true);
    let flood: Vec<Write> = (0..400).flat_map(|n| nick(&format!("a{n}@d"), "")).collect();
    let mut waiting = Vec::new();
    for _ in 0..50 {
        waiting.push(committer.submit("flood", flood.clone()).expect("accepted"));
    }
    let others: Vec<String> = (0..500).map(|n| format!("other{n}@d")).collect();
    let mut of_others = Vec::new();
    for other in &others {
        of_others.push(committer.submit(other, nick(other, "n")).expect("accepted"));
    }
    store.gate(false);
    for outcome in waiting.into_iter().chain(of_others) {
        outcome.await.expect("stored");
    }
    let commits = store.commits();
    assert!(commits.iter().all(|commit| commit.len() <= GROUP_COST_MAX), "no group is large");
    let with_others = commits.iter().filter(|commit| commit.iter().any(|a| a.starts_with("other")));
    assert!(with_others.count() <= 2, "they wait for the disk together");
    let last = commits.iter().rposition(|commit| commit.iter().any(|a| a.starts_with("other")));
    assert!(last.is_some_and(|last| last <= 2), "{last:?}");
}

#[tokio::test]
async fn one_request_that_cannot_be_stored_does_not_refuse_the_others() {
    let (store, committer) = started();
    store.refuse("bad@d");
    let outcomes =
        together(&store, &committer, &["a@d", "bad@d", "b@d", "bad@d", "bad@d", "bad@d", "c@d"]).await;
    let stored: Vec<bool> = outcomes.iter().map(Result::is_ok).collect();
    assert_eq!(stored, [true, false, true, false, false, false, true]);
    assert!(matches!(&outcomes[1], Err(CommitError::Store(StoreError::Io(why))) if why.contains("bad@d")));
    assert_eq!(store.nick_of("c@d").as_deref(), Some("6"));
    assert_eq!(store.nick_of("bad@d"), None);
}

#[tokio::test]
async fn a_disk_at_fault_refuses_each_without_trying_each() {
    let (store, committer) = started();
    store.refuse("bad@d");
    let outcomes = together(&store, &committer, &["bad@d"; 50]).await;
    assert!(outcomes.iter().all(|o| matches!(o, Err(CommitError::Store(StoreError::Io(_))))));
    assert_eq!(outcomes.len(), 50);
    // The first request, the group, and the tries that prove the fault.
    assert_eq!(store.commits().len(), 2 + VAIN_TRIES_MAX);
    committer.commit("d", nick("a@d", "n")).await.expect("the store works for others");
}

#[tokio::test]
async fn a_panic_in_the_store_fails_that_request_only() {
    let (store, committer) = started();
    let outcome = committer.commit("d", nick("panic@d", "n")).await;
    assert!(matches!(outcome, Err(CommitError::Store(StoreError::Io(_)))));
    committer.commit("d", nick("a@d", "n")).await.expect("the committer lives on");
    assert_eq!(store.nick_of("a@d").as_deref(), Some("n"));
}

#[tokio::test]
async fn stopping_finishes_what_was_accepted_and_closes_the_store() {
    let (store, committer) = started();
    store.gate(true);
    let mut waiting = Vec::new();
    for n in 0..20 {
        waiting.push(committer.submit("d", nick(&format!("a{n}@d"), "n")).expect("accepted"));
    }
    let other = committer.clone();
    let stop = tokio::spawn(committer.stop());
    store.gate(false);
    stop.await.expect("stopped");
    for outcome in waiting {
        outcome.await.expect("stored");
    }
    assert_eq!(Arc::strong_count(&store), 1, "the thread has let go of the store");
    assert_eq!(other.commit("d", nick("b@d", "n")).await, Err(CommitError::Stopped));
    other.stop().await;
}

#[tokio::test]
async fn dropping_every_handle_ends_the_thread_after_its_work() {
    let (store, committer) = started();
    let outcome = committer.submit("d", nick("a@d", "n")).expect("accepted");
    drop(committer);
    outcome.await.expect("stored");
    for _ in 0..500 {
        if Arc::strong_count(&store) == 1 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the thread still holds the store");
}

#[tokio::test]
async fn a_caller_that_went_away_does_not_hold_up_the_rest() {
    let (store, committer) = started();
    drop(committer.submit("d", nick("a@d", "n")).expect("accepted"));
    committer.commit("d", nick("b@d", "n")).await.expect("stored");
    assert_eq!(store.nick_of("a@d").as_deref(), Some("n"));
}

/// What is logged while `f` runs on this thread.
fn logged(f: impl FnOnce()) -> String {
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);
    impl std::io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("unpoisoned").extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .without_time()
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::with_default(subscriber, f);
    let bytes = lines.0.lock().expect("unpoisoned").clone();
    String::from_utf8(bytes).expect("text")
}

#[test]
fn a_failing_disk_and_its_recovery_are_logged_once_each() {
    let store = Arc::new(MemoryStore::new());
    let (_queue, requests) = mpsc::unbounded_channel();
    let commit: Commit<Write> = {
        let store = store.clone();
        Box::new(move |writes| store.commit(writes))
    };
    let (name, failures) = ("the store", FailureState::new("the store"));
    let mut worker = Worker { name, cost: Write::records, commit, requests, line: Line::new(), failures };
    let group = |count: usize| -> Vec<Request<Write>> {
        (0..count)
            .map(|_| Request {
                domain: "d".to_owned(),
                writes: nick("a@d", "secret nick"),
                done: oneshot::channel().0,
            })
            .collect()
    };
    let text = logged(|| {
        worker.commit_group(group(1));
        store.fail_commits(true);
        for count in [1, 20, 1, 5] {
            worker.commit_group(group(count));
        }
        store.fail_commits(false);
        worker.commit_group(group(3));
        worker.commit_group(group(1));
    });
    let lines: Vec<&str> = text.lines().map(str::trim_start).collect();
    assert!(
        matches!(lines[..], [first, second] if first.starts_with("ERROR") && second.starts_with("INFO")),
        "{text}"
    );
    assert!(!text.contains("secret"), "{text}");
}
