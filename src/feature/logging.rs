//! Public logging: stated to whoever enters (XEP-0045 §7.2.12, §10.2.1).
//!
//! The option says that the conversation is published; it is not about an archive for occupants.

use crate::room::surface::{Feature, Field, Section, boolean_field};
use crate::wire::muc::Status;
use crate::words::texts;

pub(super) const FEATURE: Feature = Feature {
    // Clients switch on what is offered, and warn everybody then: so it is offered where it means something.
    fields: &[Field {
        section: Section::History,
        offered: |config, service| service.public_logs || config.logging,
        ..boolean_field!("muc#roomconfig_enablelogging", &LOGGED_IN_PUBLIC, logging)
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
    texts: ALL,
    ..Feature::new("logging")
};

texts! {
    LOGGED_IN_PUBLIC =>
        en "Public log: what is said is published on the web"
        de "Öffentliches Protokoll: Was gesagt wird, wird im Web veröffentlicht"
        fr "Journal public : ce qui est dit est publié sur le web"
        es "Registro público: lo que se dice se publica en la web";
}
