//! Keeping what is said, under ids that everybody sees (XEP-0313 §5.1.1, XEP-0359).

use crate::room::surface::{Bound, Feature, Section, boolean_field, number_field};
use crate::wire::ns;
use crate::words;

/// What the operator keeps at most; 0 there is any number.
const DAYS: Bound = Bound::of("archive.days_max", |limits| most(limits.archive_days_max));
const MESSAGES: Bound = Bound::of("archive.messages_max", |limits| most(limits.archive_messages_max));

const fn most(setting: u32) -> u32 {
    if setting == 0 { u32::MAX } else { setting }
}

pub(super) const FEATURE: Feature = Feature {
    fields: &[
        boolean_field!(
            "muc#roomconfig_enablearchiving",
            &words::ARCHIVE_ON,
            archive,
            &["muc#roomconfig_mam", "mam"]
        )
        .under(Section::History),
        number_field!("x-muc#roomconfig_archivedays", &words::ARCHIVE_DAYS, archive_days, DAYS)
            .under(Section::History)
            .hint(&words::ARCHIVE_DAYS_HINT),
        number_field!(
            "x-muc#roomconfig_archivemessages",
            &words::ARCHIVE_MESSAGES,
            archive_messages,
            MESSAGES
        )
        .under(Section::History)
        .hint(&words::ARCHIVE_MESSAGES_HINT),
    ],
    disco: |_, vars| vars.push(ns::SID),
    ..Feature::new("archive")
};
