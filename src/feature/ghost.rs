//! Sessions that are gone without having said so (XEP-0045 §18.1.2).
//!
//! What the room sends to a session that is gone comes back. Not every error is one of these: a client refuses what it
//! cannot take, in the same words (XEP-0047 §2.2), a user who blocks an occupant has that occupant's messages sent back
//! (XEP-0191), and a server that cannot be reached for a minute has not lost its users. So an error is a suspicion: the
//! room looks, with a message of its own in which there is nothing to refuse. Only what comes back of that removes a
//! session, and if it speaks of a server, it has to last.

use std::sync::Arc;
use std::time::Duration;

use imbl::OrdMap;

use crate::room::Room;
use crate::room::announce::{Goodbye, depart};
use crate::room::context::Context;
use crate::room::effect::Effects;
use crate::room::roster::{Roster, Said};
use crate::wire::build::{Build, el, message};
use crate::wire::inbound::{Inbound, IqType, Kind};
use crate::wire::jid::Jid;
use crate::wire::muc::Status;
use crate::wire::ns;
use crate::words::{self, Text, Words};

/// Conditions by which a server says that nobody is at an address (XEP-0045 §18.1.2, and what servers really send).
const GONE: &[&str] = &[
    "gone",
    "internal-server-error",
    "item-not-found",
    "jid-malformed",
    "recipient-unavailable",
    "redirect",
];

/// What RFC 6121 asks of the server of an address where nobody is, and XEP-0191 of one whose user blocks the sender.
const AMBIGUOUS: &str = "service-unavailable";

/// Conditions by which our own server says that it does not reach another one.
const UNREACHABLE: &[&str] = &["remote-server-not-found", "remote-server-timeout"];

/// How long a server has to be out of reach before those who use it are out.
const GRACE: Duration = Duration::from_secs(3 * 60);

/// Of a server of which nobody has said for so long that it is out of reach, it is not known that it was all the time.
const LAPSE: Duration = Duration::from_secs(10 * 60);

/// How long after a look at a session the next one may follow, however much comes back meanwhile.
const LOOK_AGAIN: Duration = Duration::from_secs(10);

/// Most sessions that are removed in a second because their server is out of reach: the others are told of each.
const REMOVED_MAX: u32 = 20;

/// How the ids of the room's looks and checks begin.
const LOOK: &str = "look-";

/// What is known of sessions that may be gone.
#[derive(Clone, Debug, Default)]
pub struct Suspects {
    sessions: OrdMap<Jid, Suspect>,
    /// In which second how many were removed.
    removed: (u64, u32),
}

#[derive(Clone, Debug, Default)]
struct Suspect {
    /// When the first and the last look came back that said that its server is out of reach.
    unreachable: Option<(Duration, Duration)>,
    /// When the room looked last.
    looked: Option<Duration>,
    /// How the ids of the looks begin. Only the session has seen them, so no occupant can say something under such an id
    /// that its client refuses.
    secret: String,
}

/// Something that the room sent to a session came back. If that is the room's own look, the session goes, it alone, with
/// code 333 and without 307: clients that see a bare kick forget the room.
pub(crate) fn bounced(
    room: &mut Room,
    suspects: &mut Arc<Suspects>,
    inbound: &Inbound,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) {
    let Some(condition) = inbound.condition() else { return };
    if room.roster.by_session(&inbound.from).is_none() {
        return;
    }
    let is_unreachable = UNREACHABLE.contains(&condition);
    if !is_unreachable && condition != AMBIGUOUS && !GONE.contains(&condition) {
        return;
    }
    if !is_unreachable && suspects.sessions.get(&inbound.from).is_some_and(|s| s.unreachable.is_some()) {
        // Its server is back. What the last look found says nothing of the session.
        let suspect = suspect(&room.roster, suspects, &inbound.from);
        (suspect.unreachable, suspect.looked) = (None, None);
    }
    if !is_look(suspects, inbound) {
        look(room, suspects, &inbound.from, cx, fx);
    } else if is_unreachable {
        unreachable(room, suspects, &inbound.from, condition, cx, fx);
    } else {
        gone(room, suspects, &inbound.from, condition, cx, fx);
    }
}

/// Whether it is a look of the room that came back.
fn is_look(suspects: &Suspects, inbound: &Inbound) -> bool {
    let suspect = suspects.sessions.get(&inbound.from);
    inbound.to.resource().is_none()
        && suspect
            .is_some_and(|suspect| !suspect.secret.is_empty() && inbound.id().starts_with(&suspect.secret))
}

/// A session said something: it is there. When the room looked last is remembered for as long as it matters.
pub(crate) fn heard(suspects: &mut Arc<Suspects>, session: &Jid, cx: &Context<'_>) {
    let Some(suspect) = suspects.sessions.get(session) else { return };
    let looked = suspect.looked.filter(|looked| cx.uptime < *looked + LOOK_AGAIN);
    let sessions = &mut Arc::make_mut(suspects).sessions;
    match looked {
        Some(_) => drop(sessions.insert(session.clone(), Suspect { looked, ..Suspect::default() })),
        None => drop(sessions.remove(session)),
    }
}

/// Sessions whose server is said to be out of reach. Who only reads says nothing by which the room would know that their
/// server is back, and in a quiet room nothing bounces that would tell that it stays away: so they are to be asked.
pub(crate) fn out_of_reach<'s>(room: &'s Room, suspects: &'s Suspects) -> impl Iterator<Item = &'s Jid> {
    let sessions = suspects.sessions.iter();
    let lost = sessions.filter(|(_, suspect)| suspect.unreachable.is_some()).map(|(session, _)| session);
    lost.filter(|session| room.roster.by_session(session).is_some())
}

/// Asks a session that has been silent whether it is there: after a gap in the link, what it said may be lost.
pub(crate) fn check(
    room: &Room,
    suspects: &mut Arc<Suspects>,
    session: &Jid,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) {
    if room.roster.by_session(session).is_some() {
        // However lately the room has looked: that was before the gap.
        if let Some(suspect) = Arc::make_mut(suspects).sessions.get_mut(session) {
            suspect.looked = None;
        }
        let ping = el("iq", ns::CLIENT).with("type", "get").with("id", &format!("{LOOK}{}", cx.id()));
        fx.send(&ping.with("from", room.jid.as_str()).child(el("ping", ns::PING)), session);
    }
}

/// An IQ came back; true if it is the answer to a check. An error proves nothing yet: the room looks again.
pub(crate) fn answered(
    room: &Room,
    suspects: &mut Arc<Suspects>,
    inbound: &Inbound,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) -> bool {
    if !inbound.id().starts_with(LOOK) || inbound.to.resource().is_some() {
        return false;
    }
    if inbound.kind == Kind::Iq(IqType::Error) && room.roster.by_session(&inbound.from).is_some() {
        if !inbound.condition().is_some_and(|condition| UNREACHABLE.contains(&condition)) {
            suspect(&room.roster, suspects, &inbound.from).unreachable = None;
        }
        look(room, suspects, &inbound.from, cx, fx);
    }
    true
}

/// What is known of a session that is under suspicion.
fn suspect<'s>(roster: &Roster, suspects: &'s mut Arc<Suspects>, session: &Jid) -> &'s mut Suspect {
    let sessions = &mut Arc::make_mut(suspects).sessions;
    // Now and then, so that a whole server whose people are gone is not gone through for each of them.
    if sessions.len() > 2 * roster.len() && !sessions.contains_key(session) {
        *sessions = sessions
            .iter()
            .filter(|(jid, _)| roster.by_session(jid).is_some())
            .map(|(jid, suspect)| (jid.clone(), suspect.clone()))
            .collect();
    }
    sessions.entry(session.clone()).or_default()
}

/// Sends something of the room's own that comes back if nobody is there, and that clients pass over.
fn look(room: &Room, suspects: &mut Arc<Suspects>, session: &Jid, cx: &mut Context<'_>, fx: &mut Effects) {
    let suspect = suspect(&room.roster, suspects, session);
    if suspect.looked.is_some_and(|looked| cx.uptime < looked + LOOK_AGAIN) {
        return;
    }
    suspect.looked = Some(cx.uptime);
    if suspect.secret.is_empty() {
        suspect.secret = format!("{LOOK}{}", cx.id());
    }
    let id = format!("{}-{}", suspect.secret, cx.id());
    let stanza = message(room.jid.as_jid(), Some("groupchat"), &id).child(el("no-store", ns::HINTS));
    fx.send(&stanza, session);
}

fn unreachable(
    room: &mut Room,
    suspects: &mut Arc<Suspects>,
    session: &Jid,
    condition: &str,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) {
    let suspect = suspect(&room.roster, suspects, session);
    let lasting = suspect.unreachable.filter(|(_, last)| cx.uptime <= *last + LAPSE);
    let since = lasting.map_or(cx.uptime, |(since, _)| since);
    suspect.unreachable = Some((since, cx.uptime));
    if cx.uptime < since + GRACE {
        return;
    }
    let known = Arc::make_mut(suspects);
    let second = cx.uptime.as_secs();
    if known.removed.0 != second {
        known.removed = (second, 0);
    }
    if known.removed.1 < REMOVED_MAX {
        known.removed.1 += 1;
        gone(room, suspects, session, condition, cx, fx);
    } else if let Some(suspect) = known.sessions.get_mut(session) {
        // The next bounce may lead to a look at once, and that to the removal.
        suspect.looked = None;
    }
}

/// What the others read of a condition: words of the room, never those that came with the error.
fn in_words(condition: &str) -> &'static Text {
    match condition {
        condition if UNREACHABLE.contains(&condition) => &words::SERVER_UNREACHABLE,
        "internal-server-error" => &words::SERVER_FAILED,
        "gone" | "item-not-found" | "redirect" => &words::ACCOUNT_GONE,
        _ => &words::CONNECTION_LOST,
    }
}

fn gone(
    room: &mut Room,
    suspects: &mut Arc<Suspects>,
    session: &Jid,
    condition: &str,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) {
    Arc::make_mut(suspects).sessions.remove(session);
    let (lang, why) = (room.lang(cx.service), Words::from(in_words(condition)));
    let status = el("status", ns::CLIENT).text_node(&lang.words(&why));
    let (id, said) = (cx.id(), Said::new(Some(lang.tag_of(&why)), [&status]));
    depart(room, session, &Goodbye { id: &id, said: &said, codes: &[Status::ServiceErrorKick] }, cx, fx);
}
