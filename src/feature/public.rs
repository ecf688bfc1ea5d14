//! Public and hidden rooms (XEP-0045 §4.2, §6.3).

use crate::room::surface::{Feature, Section, boolean_field};
use crate::words;

pub(super) const FEATURE: Feature = Feature {
    fields: &[boolean_field!("muc#roomconfig_publicroom", &words::ROOM_PUBLIC, public)
        .under(Section::Access)
        .hint(&words::ROOM_PUBLIC_HINT)],
    disco: |room, vars| vars.push(if room.config().public { "muc_public" } else { "muc_hidden" }),
    ..Feature::new("public")
};
