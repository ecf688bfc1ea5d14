//! What a kill may lose: who is in a room, and all of a temporary room, is written three seconds after a change. So what
//! comes back is the room as it stood at one moment of these last seconds, but for what is always written at once.

use conclave::room::config::Config;
use conclave::wire::muc::Affiliation;
use conclave::wire::muc::Role;

use super::rules::initial_role;
use crate::picture::Blur;
use crate::sheet::{Seat, Sheet};

/// Compares a room that was loaded with how it stood, and when; `told_until` is the second up to which the store has
/// been told everything.
pub(crate) fn look(moments: &[(i64, Sheet)], now: &Sheet, told_until: i64) -> Result<(), String> {
    let first = moments.iter().rposition(|(second, _)| *second <= told_until).unwrap_or(0);
    let mut why = String::new();
    for moment in moments[first..].iter().map(|(_, sheet)| sheet).rev() {
        match same(moment, now) {
            Ok(()) => return Ok(()),
            Err(what) => why = what,
        }
    }
    Err(format!("what came back is the room as it never was since second {told_until}: {why}"))
}

fn same(then: &Sheet, now: &Sheet) -> Result<(), String> {
    let lasting = |sheet: &Sheet| sheet.exists() && sheet.config().persistent;
    if !lasting(now) {
        let (was, is) = (then.exists() && !then.seats.iter().all(|s| bars(then, now, s)), now.exists());
        // Whoever waits for a first occupant is there without one.
        if was != is && !now.room.is_awaited() && !then.room.is_awaited() {
            return Err(format!("the room was there: {was}, is there: {is}"));
        }
        if is && then.room.state() != now.room.state() {
            return Err("a temporary room is otherwise".to_owned());
        }
    }
    for seat in &now.seats {
        let was = then.seats.iter().find(|s| s.nick == seat.nick && s.account == seat.account);
        let was = was.ok_or_else(|| format!("{} was not here", seat.nick))?;
        if bars(then, now, seat) {
            return Err(format!("{} may not be here", seat.nick));
        }
        if was.sessions != seat.sessions || was.said != seat.said {
            return Err(format!("{} was here otherwise", seat.nick));
        }
        let initial = initial_role(seat.affiliation, now.config().moderated);
        let voiced = initial == Role::Visitor && now.room.state().record.voices.contains(&seat.account);
        let anew = if voiced { Role::Participant } else { initial };
        let right = if was.affiliation == seat.affiliation { was.role } else { anew };
        if seat.role != right {
            return Err(format!("{} comes back as {}, and is due {right}", seat.nick, seat.role));
        }
    }
    let here = |was: &Seat| now.seats.iter().any(|s| s.nick == was.nick);
    match then.seats.iter().find(|was| !here(was) && !bars(then, now, was)) {
        Some(was) => Err(format!("{} is missing", was.nick)),
        None => Ok(()),
    }
}

/// Whether somebody who was in the room may not be in it any more.
fn bars(then: &Sheet, now: &Sheet, was: &Seat) -> bool {
    let sheet = if now.exists() { now } else { then };
    let config: &Config = sheet.config();
    let affiliation = sheet.affiliation(&was.account);
    affiliation == Affiliation::Outcast || config.members_only && affiliation < Affiliation::Member
}

/// What a client may see otherwise than it is when a room has gone back from one moment to another.
pub(crate) fn blur(from: &Sheet, to: &Sheet, client: usize) -> Blur {
    let mut blur = Blur { subject: from.subject() != to.subject(), ..Blur::default() };
    let (was, is) = (from.seat_of(client), to.seat_of(client));
    blur.own_nick = was.map(|seat| &seat.nick) != is.map(|seat| &seat.nick);
    for subject in from.seats.iter().chain(&to.seats) {
        let view = |sheet: &Sheet, viewer: Option<&Seat>| {
            let subject = sheet.seats.iter().find(|s| s.nick == subject.nick)?;
            sheet.view(viewer?, subject)
        };
        if view(from, was) != view(to, is) {
            blur.nicks.insert(subject.nick.clone());
        }
    }
    blur
}
