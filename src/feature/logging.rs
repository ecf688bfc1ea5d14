//! Public logging: stated to whoever enters (XEP-0045 §7.2.12, §10.2.1).
//!
//! The option says that the conversation is published; it is not about an archive for occupants.

use crate::room::surface::{Feature, Field, Section, boolean_field};
use crate::wire::muc::Status;
use crate::words;

pub(super) const FEATURE: Feature = Feature {
    // Clients switch on what is offered, and warn everybody then: so it is offered where it means something.
    fields: &[Field {
        section: Section::History,
        offered: |config, service| service.public_logs || config.logging,
        ..boolean_field!("muc#roomconfig_enablelogging", &words::LOGGED_IN_PUBLIC, logging)
    }],
    entry_codes: |room, codes| {
        if room.config().logging {
            codes.push(Status::ConfigRoomLoggingEnabled);
        }
    },
    change_codes: |old, new, codes| {
        if old.logging != new.logging {
            codes.push(if new.logging {
                Status::ConfigRoomLoggingEnabled
            } else {
                Status::ConfigRoomLoggingDisabled
            });
        }
    },
    ..Feature::new("logging")
};
