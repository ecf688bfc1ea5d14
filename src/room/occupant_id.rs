//! Ids that tell occupants apart without telling who they are (XEP-0421).

use std::sync::Arc;

use minidom::Element;

use crate::room::Room;
use crate::wire::build::{Build, el};
use crate::wire::hex::hex;
use crate::wire::jid::BareJid;
use crate::wire::ns;

impl Room {
    /// The id of an account in this room: always the same, another one in every other room, and of no use to find out
    /// the account without the room's secret.
    pub(crate) fn occupant_id(&self, account: &BareJid) -> Arc<str> {
        hex(&self.state.record.mac(&[account.as_str().as_bytes()])).into()
    }
}

/// `<occupant-id/>` for a stanza that is sent for an occupant.
pub(crate) fn element(id: &str) -> Element {
    el("occupant-id", ns::OCCUPANT_ID).with("id", id)
}
