//! One element by itself, as it was stored: read by the same reader as what comes from the stream, so that whatever
//! the stream lets in can be read again.

use std::fmt;

use minidom::Element;

use super::{DEPTH_BOUND, Limits, Output, StreamFault, StreamReader};

/// Why a text is no element.
#[derive(Clone, Debug, PartialEq)]
pub enum Unreadable {
    /// It is not well-formed XML.
    Fault(StreamFault),
    /// It nests deeper than anything that is stored.
    TooDeep,
    /// It ends too soon, or goes on behind the element.
    NotOne,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fault(fault) => fault.fmt(f),
            Self::TooDeep => f.write_str("its elements nest too deep"),
            Self::NotOne => f.write_str("it is not one whole element"),
        }
    }
}

impl std::error::Error for Unreadable {}

/// Reads what [`crate::wire::encode::standalone`] wrote. Names and values may be as long as in a stanza, whatever
/// limits are set now: what was stored under others stays readable.
///
/// # Errors
///
/// When `xml` is not one whole element.
pub fn read(xml: &str) -> Result<Element, Unreadable> {
    let limits = Limits {
        stanza_bytes_max: usize::MAX,
        depth_max: DEPTH_BOUND,
        attributes_max: usize::MAX,
        elements_max: usize::MAX,
    };
    // No token is longer than all of it. The stream that the element would stand in is taken as open.
    let mut reader =
        StreamReader { depth: 1, is_record: true, ..StreamReader::with_tokens(limits, xml.len() + 1) };
    let mut out = Vec::new();
    reader.read(xml.as_bytes(), &mut out).map_err(Unreadable::Fault)?;
    match out.pop() {
        Some(Output::Stanza(element, _)) => Ok(element),
        Some(Output::Skipped { .. }) => Err(Unreadable::TooDeep),
        _ => Err(Unreadable::NotOne),
    }
}
