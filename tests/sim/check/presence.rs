//! One presence for one change: no viewer is told twice what happened once, nor told when nothing happened. The own
//! presence has 110 and no other has. A change of nick shows the old nick go and the new one come.

use conclave::room::nick::NickKey;
use conclave::wire::inbound::{Kind, PresenceType};
use conclave::wire::ns;

use super::Check;
use super::rules::{list, voice_verdict, wishes};
use crate::happening::{Happening, Sent};
use crate::run::{Scene, is_available};
use crate::sheet::Seat;

pub(super) struct Presences;

impl Check for Presences {
    fn name(&self) -> &'static str {
        "presence"
    }

    fn look(&mut self, scene: &Scene<'_>) -> Result<(), String> {
        let happening = scene.happening;
        if happening.refused || happening.unstored {
            return Ok(());
        }
        for client in 0..scene.cast.clients {
            let got: Vec<&Sent> = happening.got_by(client).filter(|s| s.is_presence()).collect();
            if !got.is_empty() {
                looked_at_by(happening, client, &got)
                    .map_err(|what| format!("{}: {what}", scene.cast.entities[client].name))?;
            }
        }
        Ok(())
    }
}

fn looked_at_by(happening: &Happening, client: usize, got: &[&Sent]) -> Result<(), String> {
    for (at, sent) in got.iter().enumerate() {
        let nick = sent.nick().unwrap_or_default();
        if own(happening, client, sent).is_some_and(|own| own != sent.has_code("110")) {
            return Err(format!("the presence of {nick} has 110 wrongly or lacks it"));
        }
        if sent.has_code("303") {
            renamed(happening, client, sent, got.get(at + 1))?;
        }
        let count = got.iter().filter(|other| other.nick() == Some(nick)).count();
        let max = most(happening, client, nick);
        if count > max {
            return Err(format!("{nick} is shown {count} times, and at most {max} times is due"));
        }
    }
    Ok(())
}

/// Whether a presence is about the client itself; nothing if that depends on the moment.
fn own(happening: &Happening, client: usize, sent: &Sent) -> Option<bool> {
    let is = |seat: Option<&Seat>| seat.map(|seat| Some(seat.nick.as_str()) == sent.nick());
    let (was, now) = (is(happening.before.seat_of(client)), is(happening.after.seat_of(client)));
    match (sent.type_(), was, now) {
        // The room gives all clients of an account another nick, one after the other.
        (_, Some(was), Some(now)) if was != now && happening.set_of(ns::REGISTER).is_some() => None,
        _ if sent.has_code("333") && was.is_none() => Some(true),
        ("unavailable", was, _) => Some(was == Some(true)),
        // A nick that the client has left may be shown before and after.
        ("", Some(true), Some(false)) => None,
        (_, was, now) => Some(now.or(was) == Some(true)),
    }
}

/// After the old nick has gone, the new one comes at once.
fn renamed(happening: &Happening, client: usize, gone: &Sent, next: Option<&&Sent>) -> Result<(), String> {
    let item = gone.x().and_then(|x| x.get_child("item", ns::MUC_USER));
    let new = item.and_then(|item| item.attr("nick")).ok_or("303 without the new nick")?;
    // The nick that stays with another client of the account is shown anew in between.
    // So is one that all clients of the account leave one after the other, when the room gives them another.
    let stays = happening.set_of(ns::REGISTER).is_some()
        || happening.after.by_nick(gone.nick().unwrap_or_default()).is_some();
    let follows = |sent: &&Sent| sent.type_().is_empty() && sent.nick() == Some(new);
    let later = || happening.got_by(client).any(|sent| sent.is_presence() && follows(&sent));
    if next.is_some_and(follows) || stays && later() {
        return Ok(());
    }
    Err(format!("303 announces {new}, and something else follows"))
}

/// How many presences about a nick one event may bring to a client.
fn most(happening: &Happening, client: usize, nick: &str) -> usize {
    let (before, after) = (&happening.before, &happening.after);
    let key = NickKey::of(nick);
    let of_nick = |seats: &'_ [Seat]| seats.iter().position(|s| s.key == key);
    let subject = of_nick(&before.seats)
        .map(|i| &before.seats[i])
        .or_else(|| of_nick(&after.seats).map(|i| &after.seats[i]));
    let viewer = before.seat_of(client).or_else(|| after.seat_of(client));
    let (Some(subject), Some(viewer)) = (subject, viewer) else { return 1 };
    let own = usize::from(subject.key == viewer.key);
    // When the room or the service ends, everybody hears of himself only (45-10.9-d, 45-11.2-a).
    let Some(cause) = &happening.cause else { return own };
    if !after.exists() && happening.sent.iter().any(destroys) {
        // Who leaves a room that ends with them is told both.
        let leaves = cause.kind == Kind::Presence(PresenceType::Unavailable);
        return own * (1 + usize::from(leaves));
    }
    // Who was silent in a large room appears when he speaks, or when the room is large no more.
    let silent = |sheet: &crate::sheet::Sheet| sheet.seats.iter().find(|s| s.key == key).map(|s| s.quiet);
    let appears = usize::from(silent(before) == Some(true) && silent(after) == Some(false));
    if matches!(cause.kind, Kind::Presence(_)) || cause.stanza.attr("type") == Some("error") {
        return appears + of_presence(happening, client, subject);
    }
    let mut most = appears;
    if let Some(query) = happening.set_of(ns::MUC_ADMIN) {
        let concerned = |seat: &Seat| wishes(query, before).iter().filter(|wish| wish.concerns(seat)).count();
        most += concerned(subject) + if subject.key == viewer.key { 0 } else { concerned(viewer) };
    }
    if happening.set_of(ns::MUC_OWNER).is_some() {
        let lists = ["muc#roomconfig_roomowners", "muc#roomconfig_roomadmins"];
        if lists.iter().any(|var| list(happening, var).is_some()) {
            most += 2;
        }
        let barred = after.seats.iter().all(|s| s.key != subject.key);
        most += usize::from(barred && of_nick(&before.seats).is_some());
        most += usize::from(before.is_open_about_jids() != after.is_open_about_jids());
        most += usize::from(before.config().presence_broadcast != after.config().presence_broadcast);
    }
    if voice_verdict(happening).is_some_and(|(voiced, _)| NickKey::of(&voiced) == subject.key) {
        most += 1;
    }
    if happening.set_of(ns::REGISTER).is_some() && happening.sender.is_some() {
        // Becoming a member, and then the change of nick, once for each client.
        let actor = &cause.from.to_bare();
        let clients: usize =
            before.seats.iter().filter(|s| s.account == *actor).map(|s| s.sessions.len()).sum();
        most += if subject.account == *actor { 1 + 2 * clients } else { 0 };
        // Who is no moderator any more is shown everybody anew.
        most += usize::from(viewer.account == *actor && subject.account != *actor);
    }
    most
}

fn destroys(sent: &Sent) -> bool {
    sent.x().is_some_and(|x| x.has_child("destroy", ns::MUC_USER))
}

/// The same for a presence or a bounce: it is about its sender, whose old and new nick it concerns.
fn of_presence(happening: &Happening, client: usize, subject: &Seat) -> usize {
    let (before, after) = (&happening.before, &happening.after);
    let Some(sender) = happening.sender else { return 0 };
    let probed = happening.cause.as_ref().is_some_and(|c| c.kind == Kind::Presence(PresenceType::Probe));
    if probed {
        return usize::from(client == sender);
    }
    let actors = [before.seat_of(sender), after.seat_of(sender)];
    let concerned = actors.iter().flatten().any(|seat| seat.key == subject.key);
    // A client that leaves and was not the one shown leaves nothing to tell to those who see the nick stay.
    let stays = actors[0].filter(|was| was.key == subject.key).and_then(|was| after.by_nick(&was.nick));
    if !is_available(happening) && client != sender && stays.is_some_and(|stays| stays.shown == subject.shown)
    {
        return 0;
    }
    let enters = happening.entry().is_some() && client == sender;
    let moved = matches!(actors, [Some(was), Some(now)] if was.nick != now.nick);
    // Who moves away from a nick that another client of the account keeps sees it go as the own, and stay as another's.
    let left_behind = client == sender && moved && concerned && after.by_nick(&subject.nick).is_some();
    if enters {
        // Everybody once; on the way to another nick both nicks once more.
        return 1 + usize::from(moved && concerned) + usize::from(left_behind);
    }
    usize::from(concerned && (is_available(happening) || actors[0].is_some())) + usize::from(left_behind)
}
