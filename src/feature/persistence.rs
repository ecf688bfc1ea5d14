//! Persistent and temporary rooms, and what becomes durable (XEP-0045 §4.2).

use std::sync::Arc;

use crate::room::archive::Change;
use crate::room::context::Context;
use crate::room::effect::Effects;
use crate::room::surface::{Feature, Section, boolean_field};
use crate::room::write::Write;
use crate::room::{Life, Room};
use crate::words::texts;

pub(super) const FEATURE: Feature = Feature {
    fields: &[
        boolean_field!("muc#roomconfig_persistentroom", &ROOM_PERSISTENT, persistent).under(Section::Basics)
    ],
    disco: |room, vars| vars.push(if room.config().persistent { "muc_persistent" } else { "muc_temporary" }),
    texts: ALL,
    ..Feature::new("persistence")
};

texts! {
    ROOM_PERSISTENT =>
        en "Permanent: the room stays when everybody has left"
        de "Dauerhaft: Der Raum bleibt, wenn alle gegangen sind"
        fr "Permanent : le salon reste quand tout le monde est parti"
        es "Permanente: la sala se conserva cuando todos han salido";
}

/// The end of every event: a temporary room that nobody is in is gone unless it still waits for its first occupant,
/// and the durable changes between `before` and now become writes.
pub(crate) fn settle(before: &Room, room: &mut Room, cx: &Context<'_>, fx: &mut Effects) {
    let stays = room.life == Life::Open && room.config().persistent || !room.has_waited(cx.now);
    if room.exists() && room.roster.is_empty() && !stays {
        *room = room.vacated();
    }
    if before.exists() && (!room.exists() || before.state.record.archive != room.state.record.archive) {
        fx.archive.push(Change::Forget { archive: before.state.record.archive.clone() });
    }
    if !Arc::ptr_eq(&before.state, &room.state) || before.life != room.life {
        fx.writes = writes(before, room, fx);
    }
}

fn writes(before: &Room, room: &Room, fx: &Effects) -> Vec<Write> {
    let name = || room.jid.clone();
    let affiliation = |jid: &_| Write::Affiliation {
        room: name(),
        jid: Clone::clone(jid),
        value: room.state.affiliations.get(jid).cloned(),
    };
    let vcard = || Write::Vcard { room: name(), value: room.state.vcard.clone() };
    let new_vcard = (before.state.vcard != room.state.vcard).then(vcard);
    match (before.is_lasting(), room.is_lasting()) {
        (false, false) => Vec::new(),
        (true, false) => vec![Write::Forget { room: name() }],
        (false, true) => {
            // The room may have been written as a temporary one, with affiliations that it has no more.
            vec![Write::Forget { room: name() }, Write::Whole { room: name(), state: room.state.clone() }]
        }
        (true, true) => {
            let changed = room.state.record.changes_since(&before.state.record, &room.jid);
            let parts = changed.into_iter().map(|part| Write::Part { room: name(), part });
            parts.chain(fx.touched().map(affiliation)).chain(new_vcard).collect()
        }
    }
}
