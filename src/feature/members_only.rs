//! Members-only rooms (XEP-0045 §7.2.6, §10.2).

use crate::room::announce::{Removal, remove};
use crate::room::config::Config;
use crate::room::cx::Cx;
use crate::room::effect::Effects;
use crate::room::surface::{Feature, Section, boolean_field};
use crate::room::{Room, entry};
use crate::words::texts;

pub(super) const FEATURE: Feature = Feature {
    fields: &[
        boolean_field!("muc#roomconfig_membersonly", &ROOM_MEMBERS_ONLY, members_only).under(Section::Access)
    ],
    disco: |room, vars| vars.push(if room.config().members_only { "muc_membersonly" } else { "muc_open" }),
    texts: ALL,
    ..Feature::new("members_only")
};

texts! {
    ROOM_MEMBERS_ONLY =>
        en "Members only: only those who were made members or invited can enter"
        de "Nur für Mitglieder: Nur wer Mitglied oder eingeladen ist, kann eintreten"
        fr "Réservé aux membres : seuls les membres et les invités peuvent entrer"
        es "Solo para miembros: solo pueden entrar los miembros y los invitados";
}

/// After the room became members-only: whoever is no member leaves with code 322.
pub(crate) fn remove_strangers(room: &mut Room, cx: &mut Cx<'_>, fx: &mut Effects) {
    let config = Config { members_only: true, ..room.config().clone() };
    for occupant in room.roster.clone().iter() {
        let affiliation = room.affiliation(&occupant.account);
        if let Some(barred) = entry::barred(&config, affiliation) {
            let why = Removal { codes: barred.codes(affiliation), ..Removal::default() };
            remove(room, occupant, &why, cx, fx);
        }
    }
}
