//! Moderated rooms: newcomers have no voice (XEP-0045 §4.2, §5.1.2).
//!
//! Switching the option leaves the roles of present occupants as they are: somebody who was muted stays so.

use crate::room::surface::{Feature, Section, boolean_field};
use crate::words::texts;

pub(super) const FEATURE: Feature = Feature {
    fields: &[boolean_field!("muc#roomconfig_moderatedroom", &ROOM_MODERATED, moderated)
        .under(Section::Speaking)
        .hint(&ROOM_MODERATED_HINT)],
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
    ROOM_MODERATED_HINT =>
        en "Admins and owners are moderators. Members can always write. Others ask a moderator, by a private message if their app has no button for it; once allowed, they may write again when they come back."
        de "Admins und Besitzer moderieren. Mitglieder können immer schreiben. Andere fragen die Moderation, mit einer privaten Nachricht, wenn ihr Programm keinen Knopf dafür hat; wem es einmal erlaubt wurde, darf auch beim nächsten Mal schreiben."
        fr "Les administrateurs et les propriétaires sont modérateurs. Les membres peuvent toujours écrire. Les autres demandent à un modérateur, par message privé si leur application n’a pas de bouton pour cela ; ceux qui ont reçu la parole la gardent quand ils reviennent."
        es "Los administradores y propietarios son moderadores. Los miembros siempre pueden escribir. Los demás lo piden a un moderador, con un mensaje privado si su aplicación no tiene un botón para ello; quienes recibieron la palabra la conservan cuando vuelven.";
}
