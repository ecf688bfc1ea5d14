//! Large rooms: above so many occupants, who comes is shown to the others only once he speaks.
//!
//! Whoever was shown stays shown, moderators always are, and everybody sees himself. Whoever is not shown yet appears
//! to all right before his first message, and nobody is told when he leaves before that. When no more than half as
//! many are left, or the option is lifted, everybody appears.

use crate::room::Room;
use crate::room::context::Context;
use crate::room::effect::Effects;
use crate::room::nick::NickKey;
use crate::room::surface::{Feature, Section, number_field};
use crate::wire::muc::Role;
use crate::words::texts;

pub(super) const FEATURE: Feature = Feature {
    fields: &[number_field!("x-muc#roomconfig_quietabove", &QUIET_ABOVE, quiet_above)
        .under(Section::Sight)
        .hint(&QUIET_ABOVE_HINT)],
    texts: ALL,
    ..Feature::new("quiet")
};

texts! {
    QUIET_ABOVE =>
        en "Large rooms: above so many people, show those who enter only once they speak"
        de "Große Räume: Ab so vielen Personen Neue erst zeigen, wenn sie sprechen"
        fr "Grands salons : au-delà de tant de personnes, ne montrer les arrivants que s’ils parlent"
        es "Salas grandes: a partir de tantas personas, mostrar a los nuevos solo cuando hablan";
    QUIET_ABOVE_HINT =>
        en "0 to show everybody always."
        de "0, um immer alle zu zeigen."
        fr "0 pour toujours montrer tout le monde."
        es "0 para mostrar siempre a todos.";
}

/// Whether somebody who enters now with this role is not shown yet.
pub(crate) fn on_entry(room: &mut Room, role: Role) -> bool {
    let above = room.config().quiet_above as usize;
    let quiet = above > 0 && role < Role::Moderator && room.roster.len() >= above;
    room.hushed |= quiet;
    quiet
}

/// The occupant of a nick is about to speak: if they are not shown yet, they appear to the others.
pub(crate) fn speaks(room: &mut Room, key: &NickKey, cx: &mut Context<'_>, fx: &mut Effects) {
    reveal(room, key, cx, fx);
    if room.roster.by_nick(key).is_some_and(|occupant| !occupant.heard) {
        room.roster_mut().hear(key);
    }
}

fn reveal(room: &mut Room, key: &NickKey, cx: &mut Context<'_>, fx: &mut Effects) {
    if room.roster.by_nick(key).is_none_or(|occupant| !occupant.quiet) {
        return;
    }
    room.roster_mut().unhush(key);
    if let Some(occupant) = room.roster.by_nick(key).cloned()
        && room.broadcasts(&occupant)
    {
        let id = cx.id();
        room.tell_others(fx, &room.notice_of(&occupant, &id));
    }
}

/// The end of every event: in a room that is not large any more, everybody appears.
pub(crate) fn settle(room: &mut Room, cx: &mut Context<'_>, fx: &mut Effects) {
    if !room.hushed
        || room.roster.len() > room.config().quiet_above as usize / 2 && room.config().quiet_above > 0
    {
        return;
    }
    room.hushed = false;
    let quiet: Vec<NickKey> = room.roster.iter().filter(|o| o.quiet).map(|o| o.nick.key().clone()).collect();
    for key in quiet {
        reveal(room, &key, cx, fx);
    }
}
