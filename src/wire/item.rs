//! What an `<item/>` of a request may say (XEP-0045 §8, §9).

use minidom::Element;

use crate::wire::refusal::Refusal;
use crate::words;
use crate::words::Value;

/// Refuses an `<item/>` that says something beside what is `known` here: to drop it would be to do something else.
///
/// # Errors
/// `feature-not-implemented`, with the name of the attribute.
pub(crate) fn check_attributes(item: &Element, known: &[&str]) -> Result<(), Refusal> {
    let mut attributes = item.attrs().iter().filter(|((namespace, _), _)| namespace.is_none());
    match attributes.find(|((_, name), _)| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some(((_, name), _)) => {
            Err(Refusal::feature_not_implemented(words::ITEM_ATTRIBUTE.with([Value::quoted(name)])))
        }
    }
}
