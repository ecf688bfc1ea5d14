//! Sessions that have left by themselves lately (XEP-0045 §7.14).

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use crate::room::context::Context;
use crate::wire::jid::Jid;

/// Sessions that have left by themselves lately, as a hash of the address and when, the last one last.
pub(crate) type Goodbyes = imbl::Vector<(u64, Duration)>;

/// How many of them are remembered.
const GOODBYES_MAX: usize = 1000;

/// For how long a presence that a session sent before it left may still arrive.
pub(crate) const CROSSING: Duration = Duration::from_secs(30);

pub(crate) fn note(goodbyes: &mut Goodbyes, session: &Jid, cx: &Context<'_>) {
    let is_over = |(_, at): &(u64, Duration)| cx.uptime >= *at + CROSSING;
    while goodbyes.len() >= GOODBYES_MAX || goodbyes.front().is_some_and(is_over) {
        goodbyes.pop_front();
    }
    goodbyes.push_back((hash(session), cx.uptime));
}

/// Whether a session has just left by itself. What it sent before may come after it, as servers send a presence to all its
/// rooms: it does not believe to be in the room.
pub(crate) fn has_just_left(goodbyes: &Goodbyes, session: &Jid, cx: &Context<'_>) -> bool {
    let hash = hash(session);
    goodbyes.iter().any(|(of, at)| *of == hash && cx.uptime < *at + CROSSING)
}

fn hash(session: &Jid) -> u64 {
    let mut hasher = DefaultHasher::new();
    session.as_str().hash(&mut hasher);
    hasher.finish()
}
