//! A room obeys the admins of the service, also when it is nobody's or none of them is in it.

use crate::feature::destroy;
use crate::room::change::affiliation;
use crate::room::context::Context;
use crate::room::effect::Effects;
use crate::room::order::{Order, What};
use crate::room::state::RoomRecord;
use crate::room::{Life, Room};
use crate::wire::build::{Build, el};
use crate::wire::ns;
use crate::wire::refusal::Refusal;
use crate::words;

/// Does what is ordered, or says why it cannot be done.
pub(crate) fn obey(
    room: &mut Room,
    order: &Order,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) -> Result<(), Refusal> {
    done(room, order, cx, fx).map_err(|refusal| refusal.with_retry(order.again.as_deref().cloned()))
}

fn done(room: &mut Room, order: &Order, cx: &mut Context<'_>, fx: &mut Effects) -> Result<(), Refusal> {
    match &order.what {
        What::Create { .. } if room.exists() => {
            return Err(Refusal::conflict(&words::ROOM_EXISTS));
        }
        What::Create { owner, name } => {
            let mut record = RoomRecord::new(cx.now, cx.service.default_room.clone());
            record.name(cx.ids);
            record.founder = Some(order.inbound.from.to_bare());
            record.config.persistent = true;
            record.config.name.clone_from(name);
            room.state_mut().record = record;
            room.life = Life::Open;
            affiliation::found(room, owner, fx)?;
        }
        What::Destroy { .. } if !room.exists() => {
            return Err(Refusal::item_not_found(&words::NO_SUCH_ROOM));
        }
        What::Destroy { reason, venue } => {
            let mut word =
                el("destroy", ns::MUC_USER).with_opt("jid", venue.as_ref().map(|jid| jid.as_str()));
            if !reason.is_empty() {
                word.append_child(el("reason", ns::MUC_USER).text_node(reason));
            }
            destroy::destroy(room, Some(word), cx, fx);
        }
    }
    fx.reply(&order.answer);
    Ok(())
}
