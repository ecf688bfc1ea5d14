//! What kind of content is to be expected in a room (XEP-0456).

use super::{Feature, Field, FieldKind};
use crate::wire::form::{self, form, is_uri};
use crate::wire::ns;
use crate::wire::refusal::quoted;

const VAR: &str = "urn:xmpp:crl:0#simple-labels";

/// Most labels.
const LABELS_MAX: usize = 20;

pub(super) const FEATURE: Feature = Feature {
    fields: &[Field {
        var: VAR,
        aliases: &[],
        label: "Content ratings: in each line the URI of a rating scheme, a space, a label of that scheme",
        kind: FieldKind::Lines,
        get: |config| config.ratings.clone(),
        set: |config, values, limits| {
            config.ratings = read(values, limits.text_bytes_max)?;
            Ok(())
        },
    }],
    forms: |room, _, forms| {
        let values = room.config().ratings.clone();
        if !values.is_empty() {
            let labels =
                form::Field { var: VAR, type_: Some("text-multi"), values, ..form::Field::default() };
            forms.push(form("result", ns::CONTENT_RATING, None, &[labels]));
        }
    },
    ..Feature::new("ratings")
};

/// The labels, each of a scheme; blank lines do not count.
pub(crate) fn read(values: &[String], bytes_max: usize) -> Result<Vec<String>, String> {
    let mut labels = Vec::new();
    for line in values.iter().flat_map(|value| value.lines()).map(str::trim).filter(|line| !line.is_empty()) {
        let is_label = |text: &str| !text.trim().is_empty() && !text.contains(char::is_control);
        match line.split_once(' ') {
            Some((scheme, label)) if is_uri(scheme) && is_label(label) => labels.push(line.to_owned()),
            _ => return Err(format!("holds {}, which is not a URI, a space and a label", quoted(line))),
        }
    }
    if labels.len() > LABELS_MAX || labels.iter().map(String::len).sum::<usize>() > bytes_max {
        return Err(format!("may hold {LABELS_MAX} labels of {bytes_max} bytes in all"));
    }
    Ok(labels)
}
