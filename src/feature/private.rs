//! Private messages between occupants (XEP-0045 §7.5).

use crate::room::config::AllowPm;
use crate::room::surface::{Feature, Field, FieldKind, Section};
use crate::words::{self, Label, Value, texts};

const CHOICES: &[(&str, Label<'static>)] = &[
    ("anyone", Label::Text(&ANYONE_EVEN_VISITORS)),
    ("participants", Label::Text(&THOSE_WITH_VOICE)),
    ("moderators", Label::Text(&words::MODERATORS)),
    ("none", Label::Text(&NOT_ANYONE)),
];

pub(super) const FEATURE: Feature = Feature {
    fields: &[Field {
        key: "allow_pm",
        var: "muc#roomconfig_allowpm",
        aliases: &[],
        label: &PRIVATE_MESSAGES_BY,
        desc: None,
        section: Section::Speaking,
        offered: |_, _| true,
        kind: FieldKind::One(CHOICES),
        get: |config| vec![word(config.allow_pm).to_owned()],
        set: |config, values, _| {
            // The words of Prosody mean the same.
            config.allow_pm = match values.first().map(String::as_str) {
                Some("anyone" | "visitor") | None => AllowPm::Anyone,
                Some("participants" | "participant") => AllowPm::Participants,
                Some("moderators" | "moderator") => AllowPm::Moderators,
                Some("none") => AllowPm::None,
                Some(other) => return Err(words::NO_OPTION.with([Value::quoted(other)])),
            };
            Ok(())
        },
    }],
    info: |room, info| info.push(("muc#roomconfig_allowpm", word(room.config().allow_pm).to_owned())),
    texts: ALL,
    ..Feature::new("private")
};

texts! {
    PRIVATE_MESSAGES_BY =>
        en "Who can send private messages to others in the room"
        de "Wer anderen im Raum private Nachrichten senden kann"
        fr "Qui peut envoyer des messages privés aux autres dans le salon"
        es "Quién puede enviar mensajes privados a otros en la sala";
    ANYONE_EVEN_VISITORS =>
        en "Everybody, also those who may only read"
        de "Alle, auch wer nur lesen darf"
        fr "Tout le monde, même ceux qui peuvent seulement lire"
        es "Todos, también quienes solo pueden leer";
    THOSE_WITH_VOICE =>
        en "Those who may write in the room"
        de "Alle, die im Raum schreiben dürfen"
        fr "Ceux qui peuvent écrire dans le salon"
        es "Quienes pueden escribir en la sala";
    NOT_ANYONE =>
        en "No one"
        de "Niemand"
        fr "Personne"
        es "Nadie";
}

fn word(allow: AllowPm) -> &'static str {
    match allow {
        AllowPm::Anyone => "anyone",
        AllowPm::Participants => "participants",
        AllowPm::Moderators => "moderators",
        AllowPm::None => "none",
    }
}
