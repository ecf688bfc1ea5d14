//! Rooms that are configured before anybody is in them.
//!
//! Some clients send the owner's form first and enter afterwards, so that a private room is private from its first
//! moment. The form makes the room then: its sender owns it, and it is open as the form has it. A temporary one waits
//! for its first occupant for a while, is not listed meanwhile, and goes if nobody comes.

use jiff::SignedDuration;
use minidom::Element;

use crate::engine::{join, owner};
use crate::room::Room;
use crate::room::context::Context;
use crate::room::effect::Effects;
use crate::wire::form::Reply;
use crate::wire::inbound::Inbound;
use crate::wire::ns;
use crate::wire::refusal::Refusal;

/// How long a room waits for its first occupant. In memory it stays for no longer than any other that nobody is in.
const WAIT: SignedDuration = SignedDuration::from_mins(5);

/// An owner's form comes to a room that does not exist.
pub(crate) fn make(
    room: &mut Room,
    query: &Element,
    inbound: &Inbound,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) -> Result<(), Refusal> {
    let reply = query.get_child("x", ns::DATA).map(|x| Reply::read(x, ns::MUC_ROOMCONFIG));
    if !matches!(reply, Some(Ok(Reply::Submit(_)))) || query.has_child("destroy", ns::MUC_OWNER) {
        return room.must_be_visible_to(&inbound.from);
    }
    join::create(room, &inbound.from.to_bare(), cx, fx)?;
    owner::set(room, query, inbound, cx, fx)?;
    room.awaited = cx.now.checked_add(WAIT).ok();
    Ok(())
}
