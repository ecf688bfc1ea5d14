//! Pings to the room and to oneself (XEP-0199, XEP-0410).

use crate::room::effect::Effects;
use crate::room::surface::Feature;
use crate::wire::build::iq_result;
use crate::wire::inbound::Inbound;
use crate::wire::ns;
use crate::wire::refusal::Refusal;

pub(super) const FEATURE: Feature = Feature {
    disco: |_, vars| {
        vars.push(ns::PING);
        vars.push(ns::MUC_SELF_PING);
    },
    ..Feature::new("self_ping")
};

/// A ping to the bare room (199-1).
pub(crate) fn room(inbound: &Inbound, fx: &mut Effects) -> Result<(), Refusal> {
    fx.send(&iq_result(&inbound.to, inbound.id(), None), &inbound.from);
    Ok(())
}
