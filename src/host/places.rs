//! Places for what takes long, given to domains in turn, and to the accounts of each in turn: however much one asks for, the
//! others are served as if it asked for little.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::wire::jid::BareJid;

/// So many may work at a time, and of one domain not all of them.
#[derive(Debug)]
pub(super) struct Places {
    of_domain: usize,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    free: usize,
    domains: HashMap<String, Domain>,
    /// Domains that have waiting tasks, in turn.
    turns: VecDeque<String>,
    waiting: usize,
}

#[derive(Debug, Default)]
struct Domain {
    working: usize,
    accounts: HashMap<String, VecDeque<oneshot::Sender<Place>>>,
    /// Accounts that have waiting tasks, in turn.
    turns: VecDeque<String>,
    waiting: usize,
}

impl Domain {
    /// The task whose turn it is.
    fn next(&mut self) -> Option<oneshot::Sender<Place>> {
        let account = self.turns.pop_front()?;
        let line = self.accounts.get_mut(&account)?;
        let next = line.pop_front();
        if line.is_empty() {
            self.accounts.remove(&account);
        } else {
            self.turns.push_back(account);
        }
        self.waiting -= usize::from(next.is_some());
        next
    }
}

/// Where a task waits: behind others of its account, which has its turns among those of its domain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct InLine {
    pub(super) domain: String,
    pub(super) account: String,
}

impl From<&BareJid> for InLine {
    fn from(account: &BareJid) -> Self {
        Self { domain: account.domain().to_owned(), account: account.as_str().to_owned() }
    }
}

/// A place. Who drops it lets the next one in.
#[derive(Debug)]
pub(super) struct Place {
    /// `None` once it was given to a task that does not wait any more.
    places: Option<Arc<Places>>,
    domain: String,
}

/// A task's turn for a place. Dropping it ends the wait.
#[derive(Debug)]
pub(super) struct Turn(oneshot::Receiver<Place>);

impl Turn {
    /// Waits for the place.
    pub(super) async fn place(self) -> Place {
        self.0.await.expect("the places are there while somebody waits")
    }
}

impl Places {
    /// So many places, of which a quarter, and one at least where there are several, is for others than any one domain.
    pub(super) fn new(all: usize) -> Arc<Self> {
        let of_domain = all.saturating_sub((all / 4).max(1)).max(1);
        let state = State { free: all, domains: HashMap::new(), turns: VecDeque::new(), waiting: 0 };
        Arc::new(Self { of_domain, state: Mutex::new(state) })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gets in line.
    pub(super) fn turn(self: &Arc<Self>, line: &InLine) -> Turn {
        self.turn_within(line, usize::MAX, usize::MAX).expect("any number may wait")
    }

    /// The same if fewer than so many of the domain, and of all, wait already, and of the account no more than half of what
    /// its domain has left.
    pub(super) fn turn_within(
        self: &Arc<Self>,
        line: &InLine,
        of_domain_max: usize,
        all_max: usize,
    ) -> Option<Turn> {
        let InLine { domain, account } = line;
        let mut state = self.state();
        let known = state.domains.get(domain);
        let waiting = known.map_or(0, |known| known.waiting);
        let own = known.and_then(|known| known.accounts.get(account)).map_or(0, VecDeque::len);
        if state.waiting >= all_max || own >= of_domain_max.saturating_sub(waiting).div_ceil(2) {
            return None;
        }
        let (give, get) = oneshot::channel();
        let known = state.domains.entry(domain.clone()).or_default();
        let is_first = known.waiting == 0;
        known.waiting += 1;
        let own = known.accounts.entry(account.clone()).or_default();
        if own.is_empty() {
            known.turns.push_back(account.clone());
        }
        own.push_back(give);
        state.waiting += 1;
        if is_first {
            state.turns.push_back(domain.clone());
        }
        self.fill(&mut state);
        Some(Turn(get))
    }

    /// Gives out what is free.
    fn fill(self: &Arc<Self>, state: &mut State) {
        // Domains that have all they may have are passed over; there are no more of them than there are places.
        let mut passed_over = 0;
        while state.free > 0
            && passed_over < state.turns.len()
            && let Some(name) = state.turns.pop_front()
        {
            let domain = state.domains.get_mut(&name).expect("a domain of which somebody waits is known");
            if domain.working >= self.of_domain {
                state.turns.push_back(name);
                passed_over += 1;
                continue;
            }
            if let Some(next) = domain.next() {
                state.waiting -= 1;
                let place = Place { places: Some(self.clone()), domain: name.clone() };
                match next.send(place) {
                    Ok(()) => (domain.working, state.free) = (domain.working + 1, state.free - 1),
                    Err(mut unwanted) => unwanted.places = None,
                }
            }
            if domain.waiting > 0 {
                state.turns.push_back(name);
            } else if domain.working == 0 {
                state.domains.remove(&name);
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some(places) = self.places.take() else { return };
        let mut state = places.state();
        state.free += 1;
        if let Some(domain) = state.domains.get_mut(&self.domain) {
            domain.working -= 1;
            if domain.working == 0 && domain.waiting == 0 {
                state.domains.remove(&self.domain);
            }
        }
        places.fill(&mut state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(domain: &str, account: &str) -> InLine {
        InLine { domain: domain.to_owned(), account: account.to_owned() }
    }

    fn turn(places: &Arc<Places>, domain: &str) -> Turn {
        places.turn(&line(domain, "a"))
    }

    /// Those of them who have a place by now.
    fn inside(turns: &mut [Turn]) -> Vec<Place> {
        turns.iter_mut().filter_map(|turn| turn.0.try_recv().ok()).collect()
    }

    // 45-14.6-a
    #[test]
    fn one_domain_never_has_all_places_and_domains_have_their_turns() {
        let places = Places::new(4);
        let mut loud: Vec<_> = (0..100).map(|_| turn(&places, "loud")).collect();
        let mut of_loud = inside(&mut loud);
        assert_eq!(of_loud.len(), 3);
        let (mut quiet, mut other) =
            ([turn(&places, "quiet"), turn(&places, "quiet")], [turn(&places, "other")]);
        let of_quiet = inside(&mut quiet);
        assert_eq!(of_quiet.len(), 1, "it was kept for others");
        // What becomes free goes to each domain in turn.
        of_loud.pop();
        let (of_loud_now, of_other) = (inside(&mut loud), inside(&mut other));
        assert_eq!(of_loud_now.len() + of_other.len() + inside(&mut quiet).len(), 1);
        of_loud.pop();
        of_loud.pop();
        assert_eq!(of_other.len() + inside(&mut other).len(), 1);
        drop(of_quiet);
    }

    // 45-14.6-a
    #[test]
    fn who_waits_no_more_takes_no_place_and_nothing_is_kept_of_who_is_gone() {
        let places = Places::new(2);
        let mut first = [turn(&places, "a")];
        let held = inside(&mut first);
        let waits: Vec<_> = (0..10).map(|_| turn(&places, "a")).collect();
        assert!(places.turn_within(&line("a", "b"), 10, usize::MAX).is_none());
        assert!(places.turn_within(&line("b", "b"), 10, 10).is_none());
        drop(waits);
        let mut last = [turn(&places, "a")];
        drop(held);
        assert_eq!(inside(&mut last).len(), 1);
        let state = places.state();
        assert_eq!((state.free, state.waiting, state.turns.len(), state.domains.len()), (2, 0, 0, 0));
    }

    // 45-14.6-a
    #[test]
    fn accounts_of_a_domain_have_their_turns_and_none_takes_all_of_the_line() {
        let places = Places::new(1);
        let held = inside(&mut [turn(&places, "other")]);
        let within = |account: &str| places.turn_within(&line("d", account), 16, usize::MAX);
        let mut loud: Vec<_> = std::iter::from_fn(|| within("loud")).collect();
        assert!((2..=8).contains(&loud.len()), "half of what is left: {}", loud.len());
        let mut quiet = [within("quiet").expect("others have some of it")];
        drop(held);
        let first = inside(&mut loud);
        assert_eq!(first.len(), 1);
        drop(first);
        assert_eq!(inside(&mut quiet).len(), 1, "the second turn is that of another account");
    }
}
