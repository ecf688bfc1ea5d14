//! Moderated rooms: newcomers have no voice (XEP-0045 §4.2, §5.1.2).
//!
//! Switching the option leaves the roles of present occupants as they are: somebody who was muted stays so.

use crate::room::surface::{Feature, Section, boolean_field};
use crate::words;

pub(super) const FEATURE: Feature = Feature {
    fields: &[boolean_field!("muc#roomconfig_moderatedroom", &words::ROOM_MODERATED, moderated)
        .under(Section::Speaking)],
    disco: |room, vars| vars.push(if room.config().moderated { "muc_moderated" } else { "muc_unmoderated" }),
    ..Feature::new("moderated")
};
