//! Public and hidden rooms (XEP-0045 §4.2, §6.3).

use crate::room::surface::{Feature, Section, boolean_field};
use crate::words::texts;

pub(super) const FEATURE: Feature = Feature {
    fields: &[boolean_field!("muc#roomconfig_publicroom", &ROOM_PUBLIC, public)
        .under(Section::Access)
        .hint(&ROOM_PUBLIC_HINT)],
    disco: |room, vars| vars.push(if room.config().public { "muc_public" } else { "muc_hidden" }),
    texts: ALL,
    ..Feature::new("public")
};

texts! {
    ROOM_PUBLIC =>
        en "Public: everybody can find the room in lists and searches"
        de "Öffentlich: Alle können den Raum in Listen und mit der Suche finden"
        fr "Public : tout le monde peut trouver le salon dans les listes et les recherches"
        es "Pública: cualquiera puede encontrar la sala en listas y búsquedas";
    ROOM_PUBLIC_HINT =>
        en "Without this, only those who know the address of the room or are invited find it."
        de "Sonst findet ihn nur, wer seine Adresse kennt oder eingeladen wird."
        fr "Sinon, seuls ceux qui connaissent son adresse ou sont invités le trouvent."
        es "Si no, solo la encuentra quien conoce su dirección o recibe una invitación.";
}
