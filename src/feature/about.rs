//! What a room says of itself: name, description, language, pubsub node (XEP-0045 §16.5.3).

use super::{Feature, Field, FieldKind, text_field};

pub(super) const FEATURE: Feature = Feature {
    fields: &[
        text_field!("muc#roomconfig_roomname", "Name", Text, name),
        text_field!("muc#roomconfig_roomdesc", "Description", Text, description),
        Field {
            var: "muc#roomconfig_lang",
            aliases: &[],
            label: "Language of the conversation (such as en or pt-BR)",
            kind: FieldKind::Text,
            get: |config| vec![config.language.clone()],
            set: |config, values, _| {
                let tag = values.first().map(|v| v.trim()).unwrap_or_default();
                if tag.len() > 35 || !tag.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
                    return Err("is no language tag".to_owned());
                }
                config.language = tag.to_owned();
                Ok(())
            },
        },
        text_field!("muc#roomconfig_pubsub", "Associated pubsub node (an xmpp: address)", Text, pubsub),
    ],
    info: |room, info| {
        let config = room.config();
        info.push(("muc#roomconfig_roomname", config.name.clone()));
        info.push(("muc#roominfo_description", config.description.clone()));
        info.push(("muc#roominfo_lang", config.language.clone()));
        if !config.pubsub.is_empty() {
            info.push(("muc#roomconfig_pubsub", config.pubsub.clone()));
        }
    },
    ..Feature::new("about")
};
