//! Moderated rooms: newcomers have no voice (XEP-0045 §4.2, §5.1.2).
//!
//! Switching the option leaves the roles of present occupants as they are: somebody who was muted stays so.

use crate::room::surface::{Feature, Section, boolean_field};
use crate::words::texts;

pub(super) const FEATURE: Feature = Feature {
    fields: &[
        boolean_field!("muc#roomconfig_moderatedroom", &ROOM_MODERATED, moderated).under(Section::Speaking)
    ],
    disco: |room, vars| vars.push(if room.config().moderated { "muc_moderated" } else { "muc_unmoderated" }),
    texts: ALL,
    ..Feature::new("moderated")
};

texts! {
    ROOM_MODERATED =>
        en "Moderated: those who enter can only read until a moderator lets them write"
        de "Moderiert: Wer eintritt, kann nur lesen, bis die Moderation das Schreiben erlaubt"
        fr "Modéré : ceux qui entrent ne peuvent que lire tant qu’un modérateur ne leur donne pas la parole"
        es "Moderada: quienes entran solo pueden leer hasta que un moderador les dé la palabra";
}
