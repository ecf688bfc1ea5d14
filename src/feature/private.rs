//! Private messages between occupants (XEP-0045 §7.5).

use super::reflect::passed_on;
use super::{Feature, Field, FieldKind, Section, quiet, reactions};
use crate::room::Room;
use crate::room::audience::sessions;
use crate::room::config::AllowPm;
use crate::room::cx::Cx;
use crate::room::effect::Effects;
use crate::room::nick::NickKey;
use crate::room::role::Role;
use crate::wire::build::{Build, el};
use crate::wire::inbound::Inbound;
use crate::wire::ns;
use crate::wire::refusal::Refusal;
use crate::words::{self, Label, Value};

const CHOICES: &[(&str, Label<'static>)] = &[
    ("anyone", Label::Text(&words::ANYONE)),
    ("participants", Label::Text(&words::THOSE_WITH_VOICE)),
    ("moderators", Label::Text(&words::MODERATORS)),
    ("none", Label::Text(&words::NOT_ANYONE)),
];

pub(super) const FEATURE: Feature = Feature {
    fields: &[Field {
        var: "muc#roomconfig_allowpm",
        aliases: &[],
        label: &words::PRIVATE_MESSAGES_BY,
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
    ..Feature::new("private")
};

fn word(allow: AllowPm) -> &'static str {
    match allow {
        AllowPm::Anyone => "anyone",
        AllowPm::Participants => "participants",
        AllowPm::Moderators => "moderators",
        AllowPm::None => "none",
    }
}

/// A message from one occupant to another: from his nick, to all sessions of the other.
pub(crate) fn send(
    room: &mut Room,
    nick: &str,
    inbound: &Inbound,
    cx: &mut Cx<'_>,
    fx: &mut Effects,
) -> Result<(), Refusal> {
    let Some(sender) = room.roster.by_session(&inbound.from).cloned() else {
        return Err(Refusal::not_acceptable_here(&words::NOT_INSIDE));
    };
    let allowed = match room.config().allow_pm {
        AllowPm::Anyone => true,
        AllowPm::Participants => sender.role >= Role::Participant,
        AllowPm::Moderators => sender.role == Role::Moderator,
        AllowPm::None => false,
    };
    if !allowed {
        return Err(Refusal::forbidden(&words::NO_PRIVATE_MESSAGES));
    }
    let target =
        room.roster.by_nick(&NickKey::of(nick)).filter(|target| quiet::is_known(room, target, &sender));
    let Some(target) = target else {
        return Err(Refusal::item_not_found(&words::NO_SUCH_NICK));
    };
    reactions::check(room, &inbound.stanza)?;
    // A type that the standard does not have is normal.
    let type_ = inbound.stanza.attr("type").filter(|t| matches!(*t, "chat" | "headline"));
    let copy = passed_on(room, &sender, type_, inbound, cx);
    // Servers and clients know by this that it is a private message of a room.
    let copy = copy.child(el("x", ns::MUC_USER));
    let to = sessions(target);
    quiet::speaks(room, sender.nick.key(), cx, fx);
    fx.send_many(&copy, to);
    Ok(())
}
