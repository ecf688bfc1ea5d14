//! What a room tells about itself to whoever asks (XEP-0030, XEP-0128; XEP-0045 §6.4, §6.5, §7.12, §18.1.1).
//!
//! Clients keep this: the order is fixed and nothing in it changes by itself but the number of occupants, and once an
//! hour at most how lively the room is. The subject is not told: it would change what clients keep, and tell outsiders.

use minidom::Element;

use crate::engine::commands;
use crate::feature::{FEATURES, register};
use crate::room::Room;
use crate::room::context::Context;
use crate::room::effect::Effects;
use crate::wire::build::{Build, el, iq_result};
use crate::wire::form::{Field, result};
use crate::wire::inbound::Inbound;
use crate::wire::jid::BareJid;
use crate::wire::ns;
use crate::wire::refusal::Refusal;
use crate::words;

/// disco#info of the room, or of one of its well-known nodes.
pub(crate) fn info(
    room: &Room,
    query: &Element,
    inbound: &Inbound,
    cx: &Context<'_>,
    fx: &mut Effects,
) -> Result<(), Refusal> {
    let answer = match query.attr("node").filter(|node| !node.is_empty()) {
        None => about_room(room, &inbound.from.to_bare(), cx),
        Some(ns::NODE_RESERVED_NICK) => reserved_nick(room, inbound),
        Some(ns::NODE_TRAFFIC) => return Err(Refusal::service_unavailable(&words::EVERY_EXTENSION_PASSES)),
        Some(node) => {
            commands::info(room, node, &inbound.from.to_bare(), room.lang(cx.service).of(&inbound.stanza))?
        }
    };
    fx.send(&iq_result(&inbound.to, inbound.id(), Some(answer)), &inbound.from);
    Ok(())
}

/// disco#items of the room: its commands, each for those who may run it. Who is in it is nobody's business from
/// outside.
pub(crate) fn items(
    room: &Room,
    query: &Element,
    inbound: &Inbound,
    cx: &Context<'_>,
    fx: &mut Effects,
) -> Result<(), Refusal> {
    let answer = match query.attr("node").filter(|node| !node.is_empty()) {
        None => el("query", ns::DISCO_ITEMS),
        Some(ns::COMMANDS) => commands::items(
            room,
            &inbound.from.to_bare(),
            cx.service,
            room.lang(cx.service).of(&inbound.stanza),
        ),
        Some(_) => return Err(Refusal::item_not_found(&words::NO_SUCH_NODE)),
    };
    fx.send(&iq_result(&inbound.to, inbound.id(), Some(answer)), &inbound.from);
    Ok(())
}

fn about_room(room: &Room, asker: &BareJid, cx: &Context<'_>) -> Element {
    let mut vars = vec![ns::DISCO_INFO, ns::DISCO_ITEMS, ns::MUC];
    for feature in FEATURES {
        (feature.disco)(room, &mut vars);
    }
    vars.push(ns::COMMANDS);
    register::advertise(room, asker, &mut vars);
    let mut query = el("query", ns::DISCO_INFO).child(identity(room.name()));
    for var in vars {
        query.append_child(el("feature", ns::DISCO_INFO).with("var", var));
    }
    let mut info = Vec::new();
    let mut forms = Vec::new();
    for feature in FEATURES {
        (feature.info)(room, &mut info);
        (feature.info_now)(room, cx.now, &mut info);
        (feature.forms)(room, cx.service, &mut forms);
    }
    let mut fields: Vec<Field<'_>> = Vec::new();
    for (var, value) in info {
        match fields.last_mut().filter(|field| field.var == var) {
            Some(field) => field.values.push(value),
            None => fields.push(Field { var, values: vec![value], ..Field::default() }),
        }
    }
    forms.insert(0, result(ns::MUC_ROOMINFO, &fields));
    forms.into_iter().fold(query, Build::child)
}

fn identity(name: &str) -> Element {
    el("identity", ns::DISCO_INFO).with("category", "conference").with("type", "text").with("name", name)
}

/// The nick that is reserved for the asker, as the name of an identity; nothing if there is none (§7.12).
fn reserved_nick(room: &Room, inbound: &Inbound) -> Element {
    let affiliated = room.state().affiliations.own(&inbound.from.to_bare());
    let nick = affiliated.and_then(|a| a.nick.as_deref());
    el("query", ns::DISCO_INFO).with("node", ns::NODE_RESERVED_NICK).child_opt(nick.map(identity))
}
