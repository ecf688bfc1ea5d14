//! Available presence: a join, an update, a change of nick, or a stray (XEP-0045 §7.2, §7.6, §7.7, §17.3).

use crate::room::surface::{Feature, Section, roles_field};
use crate::words;

pub(super) const FEATURE: Feature = Feature {
    fields: &[roles_field!(
        "muc#roomconfig_presencebroadcast",
        &words::PRESENCE_SHOWN_OF,
        presence_broadcast
    )
    .under(Section::Sight)],
    ..Feature::new("presence")
};
