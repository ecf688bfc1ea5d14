//! Available presence: a join, an update, a change of nick, or a stray (XEP-0045 §7.2, §7.6, §7.7, §17.3).

use crate::room::surface::{Feature, Section, roles_field};
use crate::words::texts;

pub(super) const FEATURE: Feature = Feature {
    fields: &[roles_field!("muc#roomconfig_presencebroadcast", &PRESENCE_SHOWN_OF, presence_broadcast)
        .under(Section::Sight)],
    texts: ALL,
    ..Feature::new("presence")
};

texts! {
    PRESENCE_SHOWN_OF =>
        en "Who is shown in the list of those who are here"
        de "Wer in der Liste der Anwesenden gezeigt wird"
        fr "Qui est montré dans la liste des personnes présentes"
        es "A quién se muestra en la lista de presentes";
}
