//! What becomes of what is said (XEP-0504): as far as the program knows it. What an operator does besides, such as
//! copies of the disk, the terms of service say.

use minidom::Element;

use crate::room::context::Service;
use crate::room::surface::Feature;
use crate::wire::form::{Field, result};
use crate::wire::ns;

pub(super) const FEATURE: Feature = Feature {
    forms: |room, service, forms| {
        let config = room.config();
        if config.archive {
            forms.push(policy(service, shorter(config.archive_days, service.limits.archive_days_max)));
        }
    },
    ..Feature::new("data_policy")
};

/// The form for what keeps messages for so many days at most; 0: for good.
pub(crate) fn policy(service: &Service, days: u32) -> Element {
    let field = |var, type_, value: &str| Field {
        var,
        type_: Some(type_),
        values: vec![value.to_owned()],
        ..Field::default()
    };
    let hours = if days == 0 { "infinite".to_owned() } else { (u64::from(days) * 24).to_string() };
    // Whoever retracts a message takes it out of the archive, unless it is kept there for moderators.
    let deletion = if service.keep_retracted { "false" } else { "true" };
    let mut fields = vec![
        field("data_retention", "text-single", &hours),
        field("data_deletion", "boolean", deletion),
        field("encryption_at_rest", "boolean", "false"),
        field("access_policy", "list-multi", "admins"),
    ];
    if !service.terms.is_empty() {
        fields.push(field("tos", "text-single", &service.terms));
    }
    result(ns::DATA_POLICY, &fields)
}

/// Of two limits the one that is reached first; 0 is none.
fn shorter(one: u32, other: u32) -> u32 {
    match (one, other) {
        (0, days) | (days, 0) => days,
        (one, other) => one.min(other),
    }
}
