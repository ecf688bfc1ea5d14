//! What a room says of itself: name, description, language, pubsub node (XEP-0045 §16.5.3).

use crate::room::surface::{Feature, Field, FieldKind, Section, text_field};
use crate::wire::form::{self, is_uri};
use crate::wire::ns;
use crate::words;

pub(super) const FEATURE: Feature = Feature {
    fields: &[
        text_field!("muc#roomconfig_roomname", &words::ROOM_NAME, Text, name).under(Section::Basics),
        text_field!("muc#roomconfig_roomdesc", &words::ROOM_DESCRIPTION, Text, description)
            .under(Section::Basics)
            .hint(&words::ROOM_DESCRIPTION_HINT),
        Field {
            key: "language",
            var: "muc#roomconfig_lang",
            aliases: &[],
            label: &words::ROOM_LANGUAGE,
            desc: Some(&words::ROOM_LANGUAGE_HINT),
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
        text_field!("muc#roomconfig_pubsub", &words::PUBSUB_NODE, Text, pubsub)
            .hint(&words::PUBSUB_NODE_HINT),
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
    ..Feature::new("about")
};

/// Whether an address is that of a pubsub node, as of a space that the room says it is part of (XEP-0503 §5.3): whoever
/// wants to be sure asks the space.
fn is_node(address: &str) -> bool {
    is_uri(address) && address.starts_with("xmpp:") && address.contains("node=")
}
