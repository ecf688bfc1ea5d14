//! Members-only rooms (XEP-0045 §7.2.6, §10.2).

use crate::room::announce::{Removal, remove};
use crate::room::config::Config;
use crate::room::context::Context;
use crate::room::effect::Effects;
use crate::room::surface::{Feature, Section, boolean_field};
use crate::room::{Room, entry};
use crate::words::texts;

pub(super) const FEATURE: Feature = Feature {
    fields: &[boolean_field!("muc#roomconfig_membersonly", &ROOM_MEMBERS_ONLY, members_only)
        .under(Section::Access)
        .hint(&ROOM_MEMBERS_ONLY_HINT)],
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
    ROOM_MEMBERS_ONLY_HINT =>
        en "Members are added in the list of people of your app, not in this form."
        de "Mitglieder fügen Sie in Ihrem Programm in der Liste der Personen hinzu, nicht in diesem Formular."
        fr "Les membres s’ajoutent dans la liste des personnes de votre application, et non dans ce formulaire."
        es "Los miembros se añaden en la lista de personas de su aplicación, no en este formulario.";
}

/// After the room became members-only: whoever is no member leaves with code 322.
pub(crate) fn remove_strangers(room: &mut Room, cx: &mut Context<'_>, fx: &mut Effects) {
    let config = Config { members_only: true, ..room.config().clone() };
    for occupant in room.roster.clone().iter() {
        let affiliation = room.affiliation(&occupant.account);
        if let Some(barred) = entry::barred(&config, affiliation) {
            let why = Removal { codes: barred.codes(affiliation), ..Removal::default() };
            remove(room, occupant, &why, cx, fx);
        }
    }
}
