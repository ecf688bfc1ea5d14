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
                let tag = values.first().map(|v| v.trim()).unwrap_or_default();
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
        en "The language that is spoken here, as its code: en, de, fr, es, pt-BR."
        de "Die Sprache, die hier gesprochen wird, als Kürzel: en, de, fr, es, pt-BR."
        fr "La langue parlée ici, par son code : en, de, fr, es, pt-BR."
        es "El idioma que se habla aquí, con su código: en, de, fr, es, pt-BR.";
    PUBSUB_NODE =>
        en "Associated pubsub node"
        de "Zugehöriger Pubsub-Knoten"
        fr "Nœud pubsub associé"
        es "Nodo pubsub asociado";
    PUBSUB_NODE_HINT =>
        en "An xmpp: address, for clients that show a page or a space along with the room."
        de "Eine xmpp:-Adresse für Programme, die eine Seite oder einen Bereich neben dem Raum zeigen."
        fr "Une adresse xmpp:, pour les clients qui montrent une page ou un espace avec le salon."
        es "Una dirección xmpp:, para clientes que muestran una página o un espacio junto a la sala.";
}

/// Whether an address is that of a pubsub node, as of a space that the room says it is part of (XEP-0503 §5.3): whoever
/// wants to be sure asks the space.
fn is_node(address: &str) -> bool {
    is_uri(address) && address.starts_with("xmpp:") && address.contains("node=")
}
