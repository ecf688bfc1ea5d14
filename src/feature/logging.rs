//! Public logging: stated to whoever enters (XEP-0045 §7.2.12, §10.2.1).
//!
//! The option says that the conversation is published; it is not about an archive for occupants.

use super::{Feature, boolean_field};

pub(super) const FEATURE: Feature = Feature {
    fields: &[boolean_field!(
        "muc#roomconfig_enablelogging",
        "The conversation is logged in public",
        logging
    )],
    entry_codes: |room, codes| {
        if room.config().logging {
            codes.push(170);
        }
    },
    change_codes: |old, new, codes| {
        if old.logging != new.logging {
            codes.push(if new.logging { 170 } else { 171 });
        }
    },
    ..Feature::new("logging")
};
