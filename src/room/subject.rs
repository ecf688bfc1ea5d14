//! The subject of a room when the message that set it is retracted (XEP-0045 §8.1, XEP-0425).

use crate::room::archive::Entry;
use crate::room::context::Context;
use crate::room::effect::Effects;
use crate::room::{Room, message};
use crate::wire::build::{Build, el, message};
use crate::wire::message::changes_subject;
use crate::wire::message::subjects;
use crate::wire::ns;

/// The message that set the subject was retracted by a moderator: there is no subject any more.
pub(crate) fn unset(room: &mut Room, retracted: &Entry, cx: &mut Context<'_>, fx: &mut Effects) {
    let Some(subject) = &room.state.record.subject else { return };
    if !changes_subject(&retracted.message) || subject.texts != subjects(&retracted.message) {
        return;
    }
    room.state_mut().record.subject = None;
    let said = message(room.jid.as_jid(), Some("groupchat"), &cx.id()).child(el("subject", ns::CLIENT));
    let said = message::keep(room, None, said, cx, fx);
    fx.send_many(&said.message, room.roster.everyone());
}
