//! Available presence: a join, an update, a change of nick, or a stray (XEP-0045 §7.2, §7.6, §7.7, §17.3).

use crate::room::surface::{Feature, Section, roles_field};
use crate::words::texts;

pub(super) const FEATURE: Feature = Feature {
    fields: &[roles_field!("muc#roomconfig_presencebroadcast", &PRESENCE_SHOWN_OF, presence_broadcast)
        .under(Section::Sight)
        .hint(&PRESENCE_SHOWN_OF_HINT)],
    texts: ALL,
    ..Feature::new("presence")
};

texts! {
    PRESENCE_SHOWN_OF =>
        en "Who is shown in the list of those who are here (several can be chosen; in a browser, hold Ctrl)"
        de "Wer in der Liste der Anwesenden gezeigt wird (mehrere können gewählt werden; im Browser mit Strg)"
        fr "Qui est montré dans la liste des personnes présentes (plusieurs choix possibles ; dans un navigateur, avec Ctrl)"
        es "A quién se muestra en la lista de presentes (se pueden elegir varios; en un navegador, con Ctrl)";
    PRESENCE_SHOWN_OF_HINT =>
        en "All three show everybody. Who is not chosen is in the room without being seen, moderators too."
        de "Alle drei zeigen alle. Wer nicht gewählt ist, ist im Raum, ohne gesehen zu werden, auch Moderatoren."
        fr "Les trois montrent tout le monde. Ceux qui ne sont pas choisis sont dans le salon sans être vus, même les modérateurs."
        es "Los tres muestran a todos. Quienes no se eligen están en la sala sin ser vistos, también los moderadores.";
}
