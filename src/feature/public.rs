//! Public and hidden rooms (XEP-0045 §4.2, §6.3).

use super::{Feature, boolean_field};

pub(super) const FEATURE: Feature = Feature {
    fields: &[boolean_field!("muc#roomconfig_publicroom", "Listed in the directory of the service", public)],
    disco: |room, vars| vars.push(if room.config().public { "muc_public" } else { "muc_hidden" }),
    ..Feature::new("public")
};
