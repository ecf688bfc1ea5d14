//! The subject of a room, as a message says it (XEP-0045 §8.1).

use minidom::Element;

use crate::room::archive::Entry;
use crate::room::cx::Cx;
use crate::room::effect::Effects;
use crate::room::{Room, message};
use crate::wire::build::{Build, el, lang, message};
use crate::wire::ns;

/// Whether a message changes the subject: it has one, and neither body nor thread (45-8.1-b).
pub(crate) fn is_change(stanza: &Element) -> bool {
    let has = |name| stanza.has_child(name, ns::CLIENT);
    has("subject") && !has("body") && !has("thread")
}

/// The texts of a subject by language.
pub(crate) fn texts(message: &Element) -> Vec<(String, String)> {
    let subjects = message.children().filter(|c| c.is("subject", ns::CLIENT));
    subjects.map(|c| (lang(c).unwrap_or_default().to_owned(), c.text())).collect()
}

/// The message that set the subject was retracted by a moderator: there is no subject any more.
pub(crate) fn unset(room: &mut Room, retracted: &Entry, cx: &mut Cx<'_>, fx: &mut Effects) {
    let Some(subject) = &room.state.record.subject else { return };
    if !is_change(&retracted.message) || subject.texts != texts(&retracted.message) {
        return;
    }
    room.state_mut().record.subject = None;
    let said = message(room.jid.as_jid(), Some("groupchat"), &cx.id()).child(el("subject", ns::CLIENT));
    let said = message::keep(room, None, said, cx, fx);
    fx.send_many(&said.message, room.roster.everyone());
}
