//! Keeping what is said, under ids that everybody sees (XEP-0313 §5.1.1, XEP-0359).

use crate::room::surface::{Bound, Feature, Section, boolean_field, number_field};
use crate::wire::ns;
use crate::words::texts;

/// What the operator keeps at most; 0 there is any number.
const DAYS: Bound = Bound::of("archive.days_max", |limits| most(limits.archive_days_max));
const MESSAGES: Bound = Bound::of("archive.messages_max", |limits| most(limits.archive_messages_max));

const fn most(setting: u32) -> u32 {
    if setting == 0 { u32::MAX } else { setting }
}

pub(super) const FEATURE: Feature = Feature {
    fields: &[
        boolean_field!("muc#roomconfig_enablearchiving", &ARCHIVE_ON, archive)
            .known_as(&["muc#roomconfig_mam", "mam"])
            .under(Section::History),
        number_field!("x-muc#roomconfig_archivedays", &ARCHIVE_DAYS, archive_days, DAYS)
            .under(Section::History)
            .hint(&ARCHIVE_DAYS_HINT),
        number_field!("x-muc#roomconfig_archivemessages", &ARCHIVE_MESSAGES, archive_messages, MESSAGES)
            .under(Section::History)
            .hint(&ARCHIVE_MESSAGES_HINT),
    ],
    disco: |_, vars| vars.push(ns::SID),
    texts: ALL,
    ..Feature::new("archive")
};

texts! {
    ARCHIVE_ON =>
        en "Archive: keep messages, so that those who may enter can read them later"
        de "Archiv: Nachrichten aufbewahren, damit alle, die eintreten dürfen, sie später lesen können"
        fr "Archives : garder les messages, pour que ceux qui peuvent entrer les lisent plus tard"
        es "Archivo: conservar los mensajes para que quienes pueden entrar los lean más tarde";
    ARCHIVE_DAYS =>
        en "For how many days messages are kept"
        de "Wie viele Tage Nachrichten aufbewahrt werden"
        fr "Pendant combien de jours les messages sont gardés"
        es "Durante cuántos días se conservan los mensajes";
    ARCHIVE_DAYS_HINT =>
        en "7 for a week; older ones are deleted for good. 0 for as long as the service keeps them."
        de "7 für eine Woche; ältere werden endgültig gelöscht. 0 für so lange, wie der Dienst sie aufbewahrt."
        fr "7 pour une semaine ; les plus anciens sont effacés pour toujours. 0 pour aussi longtemps que le service les garde."
        es "7 para una semana; los más antiguos se borran para siempre. 0 para tanto tiempo como el servicio los conserve.";
    ARCHIVE_MESSAGES =>
        en "How many messages are kept at most"
        de "Wie viele Nachrichten höchstens aufbewahrt werden"
        fr "Combien de messages sont gardés au plus"
        es "Cuántos mensajes se conservan como máximo";
    ARCHIVE_MESSAGES_HINT =>
        en "Older ones are deleted for good. 0 for as many as the service keeps."
        de "Ältere werden endgültig gelöscht. 0 für so viele, wie der Dienst aufbewahrt."
        fr "Les plus anciens sont effacés pour toujours. 0 pour autant que le service en garde."
        es "Los más antiguos se borran para siempre. 0 para tantos como el servicio conserve.";
}
