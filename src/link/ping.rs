//! The pings of the link itself (XEP-0199), to see whether the server lives and how far it has read.
//!
//! They go to the service's own domain: the server always knows the way back, while the name of a host that it serves is
//! not known here.

use minidom::Element;

use crate::wire::ns;

/// How the ids of these pings begin, and those of marks among them.
const ID: &str = "conclave-link-";
const MARK_ID: &str = "conclave-link-mark-";

/// A ping of `domain` that is to show life.
pub(super) fn ping(number: u64, domain: &str) -> String {
    request(ID, number, domain)
}

/// A ping of `domain` that shows, when it is back, that all before it was read.
pub(super) fn mark(number: u64, domain: &str) -> String {
    request(MARK_ID, number, domain)
}

fn request(id: &str, number: u64, domain: &str) -> String {
    format!(
        "<iq type='get' id='{id}{number}' from='{domain}' to='{domain}'><ping xmlns='{}'/></iq>",
        ns::PING
    )
}

/// Whether this is a ping of the link itself that came back, or the answer to one.
pub(super) fn is_own(stanza: &Element, domain: &str) -> bool {
    let is_domain = |name| stanza.attr(name).is_some_and(|jid: &str| jid.eq_ignore_ascii_case(domain));
    stanza.name() == "iq"
        && stanza.attr("id").is_some_and(|id| id.starts_with(ID))
        && is_domain("from")
        && is_domain("to")
}

/// The number of the mark that one's own ping is.
pub(super) fn mark_number(own: &Element) -> Option<u64> {
    own.attr("id")?.strip_prefix(MARK_ID)?.parse().ok()
}
