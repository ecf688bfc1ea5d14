//! Stanzas to the bare domain: what the service says of itself and of its rooms (XEP-0045 §6.2, §6.3). Pure.

pub mod directory;

use minidom::Element;

use crate::room::cx::{Ids, Service};
use crate::wire::build::{Build, el, iq_result};
use crate::wire::inbound::{Inbound, IqType, Kind, MessageType};
use crate::wire::ns;
use crate::wire::refusal::Refusal;
use crate::wire::rsm::Paging;
use directory::Directory;

/// The answer to a stanza that is addressed to no room; `None` if none is due.
pub fn answer(inbound: &Inbound, service: &Service, directory: &Directory, ids: &mut Ids) -> Option<Element> {
    let outcome = match inbound.kind {
        Kind::Iq(IqType::Get) => request(inbound, false, service, directory, ids),
        Kind::Iq(IqType::Set) => request(inbound, true, service, directory, ids),
        // Presence to the service means nothing; the server's own announcements come as messages (114-18).
        Kind::Iq(_) | Kind::Presence(_) | Kind::Message(MessageType::Error) => return None,
        Kind::Message(_) if announcement(&inbound.stanza) => return None,
        Kind::Message(_) => Err(Refusal::service_unavailable("nobody reads messages to the service")),
    };
    match outcome {
        Ok(payload) => Some(iq_result(&inbound.to, inbound.id(), payload).with("to", inbound.from.as_str())),
        Err(refusal) => refusal.answer(inbound),
    }
}

fn announcement(message: &Element) -> bool {
    message.has_child("privilege", ns::PRIVILEGE) || message.has_child("delegation", ns::DELEGATION)
}

fn request(
    inbound: &Inbound,
    set: bool,
    service: &Service,
    directory: &Directory,
    ids: &mut Ids,
) -> Result<Option<Element>, Refusal> {
    let payload = inbound.payload().ok_or_else(|| Refusal::bad_request("an IQ needs a payload"))?;
    let node = payload.attr("node").filter(|node| !node.is_empty());
    match (payload.name(), payload.ns().as_str(), set) {
        ("query", ns::DISCO_INFO | ns::DISCO_ITEMS, false) if node.is_some() => {
            Err(Refusal::item_not_found("there is no such node"))
        }
        ("query", ns::DISCO_INFO, false) => Ok(Some(info(service))),
        ("query", ns::DISCO_ITEMS, false) => Ok(Some(directory.items(Paging::read(payload).as_ref()))),
        ("query", ns::VERSION, false) => Ok(Some(version())),
        // Ids are told apart by process and count: no room of this name exists unless somebody was told the same id.
        ("unique", ns::MUC_UNIQUE, false) => Ok(Some(el("unique", ns::MUC_UNIQUE).text_node(&ids.fresh()))),
        ("ping", ns::PING, false) => Ok(None),
        _ => Err(Refusal::service_unavailable("the service does not know this request")),
    }
}

fn info(service: &Service) -> Element {
    let identity = el("identity", ns::DISCO_INFO)
        .with("category", "conference")
        .with("type", "text")
        .with("name", &service.name);
    let mut query = el("query", ns::DISCO_INFO).child(identity);
    for var in [
        ns::DISCO_INFO,
        ns::DISCO_ITEMS,
        ns::MUC,
        ns::MUC_STABLE_ID,
        // All rooms have them (421-1).
        ns::OCCUPANT_ID,
        ns::RSM,
        ns::PING,
        ns::VERSION,
        ns::MUC_UNIQUE,
    ] {
        query.append_child(el("feature", ns::DISCO_INFO).with("var", var));
    }
    query
}

/// Name and version; the operating system is nobody's business (092-1).
fn version() -> Element {
    el("query", ns::VERSION)
        .child(el("name", ns::VERSION).text_node("Conclave"))
        .child(el("version", ns::VERSION).text_node(env!("CARGO_PKG_VERSION")))
}
