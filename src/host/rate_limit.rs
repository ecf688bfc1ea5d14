//! What an account may say in a room and in all, and the accounts of a domain together: above a rate it is delayed, and
//! refused when too much is delayed already. So a flood costs those whom it comes from.
//!
//! Rates are buckets of tokens. What finds its bucket empty waits in a queue of its account, in order, and all that the
//! account says afterwards waits behind it. When a domain has to wait, its accounts are served in turn, each for as many
//! tokens (deficit round robin, Shreedhar and Varghese 1995), and every other turn is that of one that had nothing waiting:
//! who says little is hardly delayed by those who say much or what is dear. For the same reason no account may have more
//! waiting than half of what its domain has left.
//! Pure: the time comes in as what has passed since some moment.

use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use crate::room::limits::Limits;
use crate::wire::jid::{BareJid, Jid};

/// Most bytes that are delayed for one account; a single stanza may exceed it.
const ACCOUNT_BYTES_MAX: usize = 4 << 20;

/// How far ahead of its rates an account may leave rooms when nothing more can be delayed.
const LEAVE_AHEAD: Duration = Duration::from_secs(60);

/// Most that is delayed for one domain: with what waits for rooms, and what is held when all is said, it stays below 64 MiB.
const DOMAIN_STANZAS_MAX: usize = 20_000;
const DOMAIN_BYTES_MAX: usize = 8 << 20;

/// Most bytes that are delayed for all.
const ALL_BYTES_MAX: usize = 64 << 20;

/// Accounts and domains that are counted one by one at a time, besides those of which something is delayed. Beyond it
/// newcomers are counted with their domain only, and new domains all together.
const ACCOUNTS_MAX: usize = 100_000;
const DOMAINS_MAX: usize = 10_000;

/// Rooms of one account after which those are forgotten that count no more.
const ROOMS_MAX: usize = 64;

/// How far a domain may be overdrawn by what its stanzas turned out to cost. What is beyond it its accounts owe alone.
const DEBT_MAX: Duration = Duration::from_millis(500);

/// A domain that is overdrawn by more than this still has so many turns each time: who says little does not pay for the others.
const OVERDRAWN: Duration = Duration::from_millis(100);
const TURNS_MIN: usize = 10;

/// Tokens that an account has in one turn: what a dear stanza costs, or as many cheap ones.
const TURN_TOKENS: u32 = 5;
/// Most tokens that an account saves up for one stanza: a dearer one goes on for as many.
const DEFICIT_MAX: u32 = 100;

/// What of an account, and of a domain, goes on when the service stops.
const LAST_MAX: usize = 20;
const LAST_OF_DOMAIN_MAX: usize = 200;

/// How often those are looked for that count no more, and how many there are before.
const SWEEP: Duration = Duration::from_secs(1);
const ACCOUNTS_FEW: usize = 1000;
const DOMAINS_FEW: usize = 100;

/// How many tokens come in a second, and how many there are at most. No tokens in a second: no bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rate {
    per_second: u32,
    burst: u32,
}

/// A bucket of tokens, told by one moment: when it will be full. It may be overdrawn by one stanza.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct TokenBucket(Duration);

/// The rates.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rates {
    account: Rate,
    in_room: Rate,
    domain: Rate,
    delayed_max: usize,
}

/// What a stanza costs, and whom.
#[derive(Clone, Debug)]
pub(super) struct Cost {
    /// Who sent it.
    pub(super) from: Jid,
    /// The room that it is for.
    pub(super) room: Option<BareJid>,
    /// Others hear it there.
    pub(super) heard: bool,
    /// Tokens.
    pub(super) weight: u32,
    /// Bytes in memory.
    pub(super) bytes: usize,
    /// It tells that somebody is gone: it goes on when nothing more can be delayed, unless its account leaves ever more
    /// rooms, and it waits for no domain unless something waits before it.
    pub(super) is_leave: bool,
}

/// What becomes of a stanza.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict<T> {
    /// It goes on at once.
    Pass(T),
    /// It was queued.
    Delayed,
    /// Too much is queued already.
    Refused(T, Scope),
}

/// Whose rate is exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// The account's own.
    Account,
    /// That of its domain, or of all.
    Domain,
}

/// Everybody who has said something lately, and what is delayed.
pub(super) struct RateLimiter<T> {
    rates: Rates,
    domains: HashMap<String, Domain<T>>,
    accounts: usize,
    bytes: usize,
    stanzas: usize,
    swept: Duration,
}

struct Domain<T> {
    bucket: TokenBucket,
    /// Some wait because of the domain: whoever comes now waits behind them.
    starved: bool,
    accounts: HashMap<BareJid, Account<T>>,
    /// Accounts of which something is delayed, in turn: those that had nothing delayed before, and those that have had a
    /// turn since.
    newcomers: VecDeque<BareJid>,
    turns: VecDeque<BareJid>,
    /// The next turn is a newcomer's, if there is one.
    newcomer_next: bool,
    stanzas: usize,
    bytes: usize,
}

struct Account<T> {
    bucket: TokenBucket,
    /// By a hash of the room's address, which may be long.
    in_rooms: HashMap<u64, TokenBucket>,
    delayed: VecDeque<(Cost, T)>,
    bytes: usize,
    /// Tokens of its turns that it has left while it waits.
    deficit: u32,
}

impl Rate {
    pub(super) fn new(per_second: u32, burst: u32) -> Self {
        Self { per_second, burst }
    }

    fn time(self, tokens: u32) -> Duration {
        Duration::from_secs(tokens.into()) / self.per_second.max(1)
    }

    /// How long there will be no token.
    pub(super) fn wait(self, bucket: TokenBucket, now: Duration) -> Duration {
        if self.per_second == 0 {
            return Duration::ZERO;
        }
        let first = self.time(self.burst.max(1) - 1);
        bucket.0.saturating_sub(now).saturating_sub(first)
    }

    pub(super) fn has(self, bucket: TokenBucket, now: Duration) -> bool {
        self.wait(bucket, now).is_zero()
    }

    /// How long until the bucket is not overdrawn.
    fn owed(self, bucket: TokenBucket, now: Duration) -> Duration {
        if self.per_second == 0 {
            return Duration::ZERO;
        }
        bucket.0.saturating_sub(now).saturating_sub(self.time(self.burst))
    }

    /// How many tokens there are.
    fn left(self, bucket: TokenBucket, now: Duration) -> u32 {
        if self.per_second == 0 {
            return u32::MAX;
        }
        let left = self.time(self.burst).saturating_sub(bucket.0.saturating_sub(now));
        u32::try_from(left.as_nanos() * u128::from(self.per_second) / 1_000_000_000).unwrap_or(u32::MAX)
    }

    /// Takes tokens, as far as that overdraws the bucket by no more than `debt`.
    pub(super) fn take_within(self, bucket: &mut TokenBucket, tokens: u32, debt: Duration, now: Duration) {
        let deepest = bucket.0.max(now + self.time(self.burst) + debt);
        self.take(bucket, tokens, now);
        bucket.0 = bucket.0.min(deepest);
    }

    pub(super) fn take(self, bucket: &mut TokenBucket, tokens: u32, now: Duration) {
        if self.per_second > 0 {
            bucket.0 = bucket.0.max(now) + self.time(tokens);
        }
    }
}

impl Cost {
    /// The room whose rate it counts for. Who finds two with one hash has but one rate for both.
    fn heard_in(&self) -> Option<u64> {
        let room = self.room.as_ref().filter(|_| self.heard)?;
        let mut hasher = DefaultHasher::new();
        room.hash(&mut hasher);
        Some(hasher.finish())
    }

    /// What it costs the domain.
    fn of_domain(&self) -> u32 {
        if self.is_leave { 0 } else { self.weight }
    }

    /// Whether both are of one session and for one room.
    fn is_of(&self, other: &Self) -> bool {
        self.from == other.from && self.room == other.room
    }
}

impl TokenBucket {
    fn is_full(self, now: Duration) -> bool {
        self.0 <= now
    }
}

impl Rates {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            account: Rate::new(limits.account_stanzas_per_second, limits.account_stanzas_burst),
            in_room: Rate::new(limits.account_room_stanzas_per_second, limits.account_room_stanzas_burst),
            domain: Rate::new(limits.domain_stanzas_per_second, limits.domain_stanzas_burst),
            delayed_max: limits.delayed_stanzas_max,
        }
    }
}

impl<T> Default for Account<T> {
    fn default() -> Self {
        Self {
            bucket: TokenBucket::default(),
            in_rooms: HashMap::new(),
            delayed: VecDeque::new(),
            bytes: 0,
            deficit: 0,
        }
    }
}

impl<T> Default for Domain<T> {
    fn default() -> Self {
        Self {
            bucket: TokenBucket::default(),
            starved: false,
            accounts: HashMap::new(),
            newcomers: VecDeque::new(),
            turns: VecDeque::new(),
            newcomer_next: true,
            stanzas: 0,
            bytes: 0,
        }
    }
}

impl<T> Domain<T> {
    /// How many accounts wait.
    fn waiting(&self) -> usize {
        self.newcomers.len() + self.turns.len()
    }

    /// Whose turn it is.
    fn next_turn(&mut self) -> Option<BareJid> {
        let newcomer = self.newcomer_next || self.turns.is_empty();
        self.newcomer_next = !newcomer;
        let first = if newcomer { self.newcomers.pop_front() } else { None };
        first.or_else(|| self.turns.pop_front())
    }

    /// What one account may have waiting at most, in stanzas and bytes.
    fn share(&self) -> (usize, usize) {
        let stanzas = DOMAIN_STANZAS_MAX.saturating_sub(self.stanzas) / 2;
        let bytes = DOMAIN_BYTES_MAX.saturating_sub(self.bytes) / 2;
        (stanzas.max(1), bytes)
    }
}

impl<T> Account<T> {
    /// How long the account has to wait because of what it said itself.
    fn wait(&self, cost: &Cost, rates: &Rates, now: Duration) -> Duration {
        let in_room = cost.heard_in().and_then(|room| self.in_rooms.get(&room)).copied();
        rates.account.wait(self.bucket, now).max(rates.in_room.wait(in_room.unwrap_or_default(), now))
    }

    fn may(&self, cost: &Cost, rates: &Rates, now: Duration) -> bool {
        self.wait(cost, rates, now).is_zero()
    }

    /// Whether the last that waits of a session for a room is that it leaves.
    fn has_left(&self, cost: &Cost) -> bool {
        let mut waiting = self.delayed.iter().rev();
        waiting.find(|(before, _)| before.is_of(cost)).is_some_and(|(before, _)| before.is_leave)
    }

    /// The bytes of what waits of a session for a room, if something does.
    fn bytes_of(&self, cost: &Cost) -> Option<usize> {
        let waiting = self.delayed.iter().filter(|(before, _)| before.is_of(cost));
        waiting.map(|(before, _)| before.bytes).reduce(|sum, bytes| sum + bytes)
    }

    /// A turn begins: the account has its tokens, if it may say something.
    fn begin_turn(&mut self, rates: &Rates, now: Duration) -> bool {
        let may = self.delayed.front().is_some_and(|(cost, _)| self.may(cost, rates, now));
        if may {
            self.deficit = (self.deficit + TURN_TOKENS).min(DEFICIT_MAX);
        }
        may
    }

    /// What the first that waits costs of a turn, if the account may say it and has as much left of its turns.
    fn next_weight(&self, rates: &Rates, now: Duration) -> Option<u32> {
        let (cost, _) = self.delayed.front()?;
        let weight = cost.weight.min(DEFICIT_MAX);
        (weight <= self.deficit && self.may(cost, rates, now)).then_some(weight)
    }

    fn pay(&mut self, cost: &Cost, rates: &Rates, now: Duration) {
        rates.account.take(&mut self.bucket, cost.weight, now);
        if let Some(room) = cost.heard_in()
            && rates.in_room.per_second > 0
        {
            if self.in_rooms.len() >= ROOMS_MAX && !self.in_rooms.contains_key(&room) {
                self.in_rooms.retain(|_, bucket| !bucket.is_full(now));
            }
            rates.in_room.take(self.in_rooms.entry(room).or_default(), cost.weight, now);
        }
    }

    fn counts(&self, now: Duration) -> bool {
        let full = self.bucket.is_full(now) && self.in_rooms.values().all(|bucket| bucket.is_full(now));
        !full || !self.delayed.is_empty()
    }
}

impl<T> RateLimiter<T> {
    pub(super) fn new(rates: Rates) -> Self {
        let (domains, swept) = (HashMap::new(), Duration::ZERO);
        Self { rates, domains, accounts: 0, bytes: 0, stanzas: 0, swept }
    }

    /// Whether nothing is delayed.
    pub(super) fn is_idle(&self) -> bool {
        self.stanzas == 0
    }

    /// Judges a stanza. What is given back along with it was delayed and is refused now: it is of a session that leaves
    /// while there is no space left.
    pub(super) fn admit(&mut self, cost: Cost, item: T, now: Duration) -> (Verdict<T>, Vec<T>) {
        self.sweep(now);
        let known = self.domains.contains_key(cost.from.domain());
        let name = if known || self.domains.len() < DOMAINS_MAX { cost.from.domain() } else { "" };
        let rates = self.rates;
        let domain = self.domains.entry(name.to_owned()).or_default();
        let key = cost.from.to_bare();
        if !domain.accounts.contains_key(&key) {
            if self.accounts >= ACCOUNTS_MAX {
                // Counted with its domain only; such a one is not delayed either.
                return match cost.is_leave || rates.domain.has(domain.bucket, now) {
                    true => {
                        rates.domain.take(&mut domain.bucket, cost.of_domain(), now);
                        (Verdict::Pass(item), Vec::new())
                    }
                    false => (Verdict::Refused(item, Scope::Domain), Vec::new()),
                };
            }
            self.accounts += 1;
        }
        let account = domain.accounts.entry(key.clone()).or_default();
        let ahead = account.wait(&cost, &rates, now);
        let own = ahead.is_zero();
        let waits = !account.delayed.is_empty();
        let admits = !domain.starved && rates.domain.has(domain.bucket, now);
        let passes = match cost.is_leave {
            // Who leaves does not wait for others.
            true => own || !admits && ahead < LEAVE_AHEAD,
            false => own && admits,
        };
        if !waits && passes {
            account.pay(&cost, &rates, now);
            rates.domain.take(&mut domain.bucket, cost.of_domain(), now);
            return (Verdict::Pass(item), Vec::new());
        }
        if cost.is_leave && account.has_left(&cost) {
            return (Verdict::Refused(item, Scope::Account), Vec::new());
        }
        let place = if cost.is_leave { account.bytes_of(&cost) } else { None };
        let whose = if own && !waits { Scope::Domain } else { Scope::Account };
        let mut gone = Vec::new();
        match self.is_full(name, &key, &cost) {
            None => {}
            Some(_) if cost.is_leave && ahead < LEAVE_AHEAD => {
                gone = self.withdraw(name, &key, &cost);
                let domain = self.domains.get_mut(name);
                if let Some(account) = domain.and_then(|domain| domain.accounts.get_mut(&key)) {
                    account.pay(&cost, &rates, now);
                }
                return (Verdict::Pass(item), gone);
            }
            Some(_) if place.is_some_and(|bytes| cost.bytes <= bytes) => {
                gone = self.withdraw(name, &key, &cost);
            }
            Some(Scope::Account) => return (Verdict::Refused(item, whose), gone),
            Some(Scope::Domain) => return (Verdict::Refused(item, Scope::Domain), gone),
        }
        let name = name.to_owned();
        self.delay(name, key, cost, item, whose == Scope::Domain);
        (Verdict::Delayed, gone)
    }

    /// Queues a stanza; because of the domain if that is `starved`.
    fn delay(&mut self, name: String, key: BareJid, cost: Cost, item: T, starved: bool) {
        let domain = self.domains.entry(name).or_default();
        let account = domain.accounts.entry(key.clone()).or_default();
        domain.starved |= starved;
        if account.delayed.is_empty() {
            domain.newcomers.push_back(key);
        }
        for (bytes, stanzas) in
            [(&mut domain.bytes, &mut domain.stanzas), (&mut self.bytes, &mut self.stanzas)]
        {
            *bytes += cost.bytes;
            *stanzas += 1;
        }
        account.bytes += cost.bytes;
        account.delayed.push_back((cost, item));
    }

    /// Whose bound would be exceeded by what waits, if this waited too.
    fn is_full(&self, name: &str, key: &BareJid, cost: &Cost) -> Option<Scope> {
        let domain = self.domains.get(name)?;
        let account = domain.accounts.get(key)?;
        let exceeds = |stanzas_max, bytes_max| {
            account.delayed.len() >= stanzas_max
                || !account.delayed.is_empty() && account.bytes + cost.bytes > bytes_max
        };
        let (stanzas_max, bytes_max) = domain.share();
        if exceeds(self.rates.delayed_max, ACCOUNT_BYTES_MAX) {
            return Some(Scope::Account);
        }
        let full = exceeds(stanzas_max, bytes_max)
            || domain.stanzas >= DOMAIN_STANZAS_MAX
            || domain.bytes + cost.bytes > DOMAIN_BYTES_MAX
            || self.bytes + cost.bytes > ALL_BYTES_MAX;
        full.then_some(Scope::Domain)
    }

    /// Takes tokens of an account for what turned out to cost more: the `part`th part of what it may do at once.
    pub(super) fn charge(&mut self, account: &BareJid, part: u32, now: Duration) {
        let weight = self.rates.account.burst / part;
        let domain = self.domains.get_mut(account.domain());
        if let Some(known) = domain.and_then(|domain| domain.accounts.get_mut(account)) {
            self.rates.account.take(&mut known.bucket, weight, now);
        }
    }

    /// Takes tokens of an account for what a stanza turned out to cost besides, and of its domain what the account had of
    /// them: what an account owes no other account pays.
    pub(super) fn spend(&mut self, account: &BareJid, tokens: u32, now: Duration) {
        let known = self.domains.contains_key(account.domain());
        let Some(domain) = self.domains.get_mut(if known { account.domain() } else { "" }) else { return };
        let known = domain.accounts.get_mut(account);
        let had = known.map_or(tokens, |known| {
            let had = self.rates.account.left(known.bucket, now);
            self.rates.account.take(&mut known.bucket, tokens, now);
            had
        });
        self.rates.domain.take_within(&mut domain.bucket, tokens.min(had), DEBT_MAX, now);
    }

    /// How many tokens an account has taken of those that it may have at once.
    #[cfg(test)]
    pub(super) fn taken(&self, account: &BareJid, now: Duration) -> u32 {
        let domain = self.domains.get(account.domain()).expect("a domain that is known");
        let known = domain.accounts.get(account).expect("an account that is known");
        self.rates.account.burst - self.rates.account.left(known.bucket, now)
    }

    /// How long until an account has paid for what its stanzas turned out to cost.
    pub(super) fn owed(&self, account: &BareJid, now: Duration) -> Duration {
        let domain = self.domains.get(account.domain());
        let known = domain.and_then(|domain| domain.accounts.get(account));
        known.map_or(Duration::ZERO, |known| self.rates.account.owed(known.bucket, now))
    }

    /// What a session has delayed for the room that it leaves now.
    fn withdraw(&mut self, name: &str, key: &BareJid, last: &Cost) -> Vec<T> {
        let Some(domain) = self.domains.get_mut(name) else { return Vec::new() };
        let Some(account) = domain.accounts.get_mut(key) else { return Vec::new() };
        if account.bytes_of(last).is_none() {
            return Vec::new();
        }
        let (gone, stay): (VecDeque<_>, _) =
            std::mem::take(&mut account.delayed).into_iter().partition(|(cost, _)| cost.is_of(last));
        account.delayed = stay;
        let bytes: usize = gone.iter().map(|(cost, _)| cost.bytes).sum();
        account.bytes -= bytes;
        domain.bytes -= bytes;
        domain.stanzas -= gone.len();
        self.bytes -= bytes;
        self.stanzas -= gone.len();
        if account.delayed.is_empty() {
            domain.newcomers.retain(|turn| turn != key);
            domain.turns.retain(|turn| turn != key);
        }
        domain.starved &= domain.waiting() > 0;
        gone.into_iter().map(|(_, item)| item).collect()
    }

    /// What was delayed and may go on now, in order.
    pub(super) fn due(&mut self, now: Duration) -> Vec<T> {
        let (mut due, rates) = (Vec::new(), self.rates);
        for domain in self.domains.values_mut().filter(|domain| domain.stanzas > 0) {
            let before = (domain.stanzas, domain.bytes);
            let overdrawn = rates.domain.wait(domain.bucket, now) > OVERDRAWN;
            let turns = if overdrawn { TURNS_MIN } else { 0 };
            let mut let_on = 0;
            // Until as many turns in a row as there are accounts led to nothing.
            let mut idle_turns = 0;
            while idle_turns < domain.waiting()
                && (rates.domain.has(domain.bucket, now) || let_on < turns)
                && let Some(key) = domain.next_turn()
            {
                let account = domain.accounts.get_mut(&key).expect("an account that waits is known");
                idle_turns = if account.begin_turn(&rates, now) { 0 } else { idle_turns + 1 };
                while (rates.domain.has(domain.bucket, now) || let_on < turns)
                    && let Some(weight) = account.next_weight(&rates, now)
                    && let Some((cost, item)) = account.delayed.pop_front()
                {
                    account.deficit -= weight;
                    account.pay(&cost, &rates, now);
                    rates.domain.take_within(&mut domain.bucket, cost.of_domain(), DEBT_MAX, now);
                    let_on += 1;
                    account.bytes -= cost.bytes;
                    domain.bytes -= cost.bytes;
                    domain.stanzas -= 1;
                    due.push(item);
                }
                if account.delayed.is_empty() {
                    account.deficit = 0;
                } else {
                    domain.turns.push_back(key);
                }
            }
            domain.starved = domain.waiting() > 0 && !rates.domain.has(domain.bucket, now);
            self.stanzas -= before.0 - domain.stanzas;
            self.bytes -= before.1 - domain.bytes;
        }
        due
    }

    /// All that is delayed, each account's in order: what goes on, and what is refused because the service cannot stop for so
    /// long. An account that leaves does so.
    pub(super) fn drain(&mut self) -> (Vec<T>, Vec<T>) {
        let (mut on, mut refused) = (Vec::new(), Vec::new());
        for domain in self.domains.values_mut() {
            let mut left = LAST_OF_DOMAIN_MAX;
            for account in domain.accounts.values_mut() {
                let mut own = LAST_MAX.min(left);
                for (cost, item) in account.delayed.drain(..) {
                    if cost.is_leave {
                        on.push(item);
                    } else if own > 0 {
                        (own, left) = (own - 1, left - 1);
                        on.push(item);
                    } else {
                        refused.push(item);
                    }
                }
            }
        }
        (self.accounts, self.bytes, self.stanzas) = (0, 0, 0);
        self.domains.clear();
        (on, refused)
    }

    /// Forgets those that count no more, once there are more than a few, and gives their memory back.
    fn sweep(&mut self, now: Duration) {
        let many = self.accounts >= ACCOUNTS_FEW || self.domains.len() >= DOMAINS_FEW;
        if !many || now < self.swept + SWEEP {
            return;
        }
        self.swept = now;
        self.accounts = 0;
        for domain in self.domains.values_mut() {
            domain.accounts.retain(|_, account| account.counts(now));
            for account in domain.accounts.values_mut() {
                account.in_rooms.retain(|_, bucket| !bucket.is_full(now));
                account.in_rooms.shrink_to(2 * account.in_rooms.len());
            }
            domain.accounts.shrink_to(2 * domain.accounts.len());
            self.accounts += domain.accounts.len();
        }
        self.domains.retain(|_, domain| !domain.accounts.is_empty() || !domain.bucket.is_full(now));
        self.domains.shrink_to(2 * self.domains.len());
    }
}

#[cfg(test)]
mod tests;
