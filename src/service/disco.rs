//! What the service tells about itself and what it has (XEP-0030, XEP-0128; XEP-0045 §6.2, §6.3).

use minidom::Element;

use super::{Context, commands};
use crate::feature::data_policy;
use crate::room::context::Service;
use crate::wire::build::{Build, el};
use crate::wire::form::{Field, result};
use crate::wire::inbound::Inbound;
use crate::wire::ns;
use crate::wire::refusal::Refusal;
use crate::wire::rsm::Paging;
use crate::words;

/// What works here.
const FEATURES: &[&str] = &[
    ns::DISCO_INFO,
    ns::DISCO_ITEMS,
    ns::MUC,
    ns::MUC_STABLE_ID,
    // All rooms have them (421-1).
    ns::OCCUPANT_ID,
    // Rooms have vCards, and so avatars (486-1).
    ns::VCARD,
    ns::RSM,
    ns::PING,
    ns::VERSION,
    ns::LAST,
    ns::TIME,
    ns::MUC_UNIQUE,
    ns::SEARCH,
    ns::MUCLUMBUS,
    ns::NO_REPLY,
    ns::COMMANDS,
    ns::DATA,
];

/// disco#info of the service, or of its commands.
pub(super) fn info(query: &Element, inbound: &Inbound, cx: &Context<'_>) -> Result<Element, Refusal> {
    if let Some(node) = node(query) {
        return commands::info(node, inbound, cx);
    }
    let identity = el("identity", ns::DISCO_INFO)
        .with("category", "conference")
        .with("type", "text")
        .with("name", &cx.service.name);
    let mut answer = el("query", ns::DISCO_INFO).child(identity);
    for var in FEATURES {
        answer.append_child(el("feature", ns::DISCO_INFO).with("var", var));
    }
    Ok(answer
        .child_opt(contacts(cx.service))
        .child(data_policy::policy(cx.service, cx.service.limits.archive_days_max)))
}

/// disco#items: the listed rooms, or the commands.
pub(super) fn items(query: &Element, inbound: &Inbound, cx: &Context<'_>) -> Result<Element, Refusal> {
    match node(query) {
        None => cx.directory.items(Paging::read(query)?.as_ref()),
        Some(ns::COMMANDS) => Ok(commands::items(inbound, cx)),
        Some(_) => Err(Refusal::item_not_found(&words::NO_SUCH_NODE)),
    }
}

fn node(query: &Element) -> Option<&str> {
    query.attr("node").filter(|node| !node.is_empty())
}

/// Whom to write to (XEP-0157); nothing if nobody is named.
fn contacts(service: &Service) -> Option<Element> {
    let named = service.contacts.each().into_iter().filter(|(_, uris)| !uris.is_empty());
    let named: Vec<_> = named.map(|(kind, uris)| (format!("{kind}-addresses"), uris)).collect();
    let fields: Vec<_> = named
        .iter()
        .map(|(var, uris)| Field {
            var,
            type_: Some("list-multi"),
            values: uris.to_vec(),
            ..Field::default()
        })
        .collect();
    (!fields.is_empty()).then(|| result(ns::SERVER_INFO, &fields))
}
