//! Keeping what is said, under ids that everybody sees (XEP-0313 §5.1.1, XEP-0359).

use crate::room::surface::{Feature, Section, boolean_field, number_field};
use crate::wire::ns;
use crate::words;

pub(super) const FEATURE: Feature = Feature {
    fields: &[
        boolean_field!(
            "muc#roomconfig_enablearchiving",
            &words::ARCHIVE_ON,
            archive,
            &["muc#roomconfig_mam", "mam"]
        )
        .under(Section::History),
        number_field!("x-muc#roomconfig_archivedays", &words::ARCHIVE_DAYS, archive_days, archive_days_max)
            .under(Section::History)
            .hint(&words::ARCHIVE_DAYS_HINT),
        number_field!(
            "x-muc#roomconfig_archivemessages",
            &words::ARCHIVE_MESSAGES,
            archive_messages,
            archive_messages_max
        )
        .under(Section::History)
        .hint(&words::ARCHIVE_MESSAGES_HINT),
    ],
    disco: |_, vars| vars.push(ns::SID),
    ..Feature::new("archive")
};
