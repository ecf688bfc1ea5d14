//! What a room says of itself: name, description, language, pubsub node (XEP-0045 §16.5.3).

use crate::room::surface::{Feature, Field, FieldKind, Section, text_field};
use crate::wire::form::{self, is_uri};
use crate::wire::ns;
use crate::words::{self, texts};

pub(super) const FEATURE: Feature = Feature {
    fields: &[
        text_field!("muc#roomconfig_roomname", &words::ROOM_NAME, Text, name).under(Section::Basics),
        text_field!("muc#roomconfig_roomdesc", &ROOM_DESCRIPTION, Text, description)
            .under(Section::Basics)
            .hint(&ROOM_DESCRIPTION_HINT),
        Field {
            key: "language",
            var: "muc#roomconfig_lang",
            aliases: &[],
            label: &ROOM_LANGUAGE,
            desc: Some(&ROOM_LANGUAGE_HINT),
            section: Section::Basics,
            offered: |_, _| true,
            kind: FieldKind::Text,
            get: |config| vec![config.language.clone()],
            set: |config, values, _| {
                let said = values.first().map(|v| v.trim()).unwrap_or_default();
                // "Deutsch", "English (UK)": a word that is no tag would count as a language that has no texts.
                let word = said.split(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
                let tag = words::tag_of_name(word).unwrap_or(said);
                if tag.len() > 35 || !tag.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
                    return Err((&words::NOT_LANGUAGE).into());
                }
                config.language = tag.to_owned();
                Ok(())
            },
        },
        text_field!("muc#roomconfig_pubsub", &PUBSUB_NODE, Text, pubsub).hint(&PUBSUB_NODE_HINT),
    ],
    info: |room, info| {
        let config = room.config();
        info.push(("muc#roomconfig_roomname", config.name.clone()));
        info.push(("muc#roominfo_description", config.description.clone()));
        info.push(("muc#roominfo_lang", config.language.clone()));
        if !config.pubsub.is_empty() {
            // Movim reads the second.
            info.push(("muc#roomconfig_pubsub", config.pubsub.clone()));
            info.push(("muc#roominfo_pubsub", config.pubsub.clone()));
        }
    },
    disco: |room, vars| {
        if is_node(&room.config().pubsub) {
            vars.push(ns::SPACES);
        }
    },
    forms: |room, _, forms| {
        let parent = &room.config().pubsub;
        if is_node(parent) {
            let field = form::Field { var: "parent", values: vec![parent.clone()], ..form::Field::default() };
            forms.push(form::result(ns::SPACES, &[field]));
        }
    },
    texts: ALL,
    ..Feature::new("about")
};

texts! {
    ROOM_DESCRIPTION =>
        en "Description"
        de "Beschreibung"
        fr "Description"
        es "Descripción";
    ROOM_DESCRIPTION_HINT =>
        en "What the room is about, in a sentence or two."
        de "Worum es in dem Raum geht, in ein oder zwei Sätzen."
        fr "De quoi parle le salon, en une phrase ou deux."
        es "De qué trata la sala, en una o dos frases.";
    ROOM_LANGUAGE =>
        en "Language"
        de "Sprache"
        fr "Langue"
        es "Idioma";
    ROOM_LANGUAGE_HINT =>
        en "Can be left empty. The code of the language that is spoken here: en, de, fr, es, pt-BR. What the room itself says is in it, too."
        de "Kann leer bleiben. Das Kürzel der Sprache, die hier gesprochen wird: en, de, fr, es, pt-BR. Auch was der Raum selbst sagt, ist in ihr."
        fr "Peut rester vide. Le code de la langue parlée ici : en, de, fr, es, pt-BR. Ce que dit le salon lui-même est aussi dans cette langue."
        es "Puede quedar vacío. El código del idioma que se habla aquí: en, de, fr, es, pt-BR. Lo que dice la propia sala también está en él.";
    PUBSUB_NODE =>
        en "Page or space that goes with the room (pubsub node)"
        de "Seite oder Bereich zu diesem Raum (Pubsub-Knoten)"
        fr "Page ou espace qui va avec le salon (nœud pubsub)"
        es "Página o espacio que acompaña a la sala (nodo pubsub)";
    PUBSUB_NODE_HINT =>
        en "Mostly empty. An xmpp: address, for apps that show such a page along with the room."
        de "Meist leer. Eine xmpp:-Adresse für Programme, die eine solche Seite neben dem Raum zeigen."
        fr "Le plus souvent vide. Une adresse xmpp:, pour les applications qui montrent une telle page avec le salon."
        es "Casi siempre vacío. Una dirección xmpp:, para aplicaciones que muestran una página así junto a la sala.";
}

/// Whether an address is that of a pubsub node, as of a space that the room says it is part of (XEP-0503 §5.3): whoever
/// wants to be sure asks the space.
fn is_node(address: &str) -> bool {
    is_uri(address) && address.starts_with("xmpp:") && address.contains("node=")
}
