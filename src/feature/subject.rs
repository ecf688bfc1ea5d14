//! The subject: who sets it, and who is told (XEP-0045 §7.2.15, §8.1).

use minidom::Element;

use crate::room::context::Context;
use crate::room::effect::Effects;
use crate::room::nick::Nick;
use crate::room::roster::Occupant;
use crate::room::state::Subject;
use crate::room::surface::{Feature, Section, boolean_field};
use crate::room::{Room, occupant_id};
use crate::wire::build::{Build, delay, el, message, set_lang};
use crate::wire::jid::Jid;
use crate::wire::message::{changes_subject, subjects};
use crate::wire::muc::Role;
use crate::wire::refusal::Refusal;
use crate::wire::{ns, size};
use crate::words::{self, texts};

pub(super) const FEATURE: Feature = Feature {
    fields: &[boolean_field!("muc#roomconfig_changesubject", &SUBJECT_BY_ALL, change_subject)
        .under(Section::Speaking)],
    info: |room, info| {
        info.push((
            "muc#roomconfig_changesubject",
            crate::room::surface::digit(room.config().change_subject),
        ));
        info.push(("muc#roominfo_subjectmod", crate::room::surface::digit(room.config().change_subject)));
    },
    texts: ALL,
    ..Feature::new("subject")
};

texts! {
    SUBJECT_BY_ALL =>
        en "Everybody who may write can also change the topic (subject)"
        de "Alle, die schreiben dürfen, können auch das Thema ändern"
        fr "Tous ceux qui peuvent écrire peuvent aussi changer le sujet"
        es "Todos los que pueden escribir pueden cambiar también el tema";
}

fn may_set(room: &Room, speaker: &Occupant) -> bool {
    let needed = if room.config().change_subject { Role::Participant } else { Role::Moderator };
    speaker.role >= needed
}

/// Takes the subject out of a message that does not change it, and comes from an occupant who may not set it: to many clients
/// it is a change of the subject, whatever else is in the message, and to some also beside a body.
pub(crate) fn withhold(room: &Room, speaker: &Occupant, message: &mut Element) {
    if !may_set(room, speaker) && !changes_subject(message) {
        while message.remove_child("subject", ns::CLIENT).is_some() {}
    }
}

/// Stores the subject of `message`, which is about to be reflected.
pub(crate) fn set(
    room: &mut Room,
    speaker: &Occupant,
    message: &Element,
    cx: &Context<'_>,
) -> Result<(), Refusal> {
    if !may_set(room, speaker) {
        return Err(Refusal::forbidden(&words::NO_SUBJECT));
    }
    let texts = subjects(message);
    let subjects = message.children().filter(|c| c.is("subject", ns::CLIENT));
    if size::of_all(subjects) > cx.limits().subject_bytes_max {
        return Err(Refusal::policy_violation(&words::SUBJECT_TOO_LONG));
    }
    let nick = speaker.nick.as_str().to_owned();
    let subject = Subject { texts, nick, occupant_id: Some(speaker.id.to_string()), at: cx.now };
    room.state_mut().record.subject = Some(subject);
    Ok(())
}

/// Sends the subject to somebody who enters, also an empty one: clients take it for the end of entering.
pub(crate) fn send(room: &Room, to: &Jid, cx: &mut Context<'_>, fx: &mut Effects) {
    let id = cx.id();
    let Some(subject) = &room.state.record.subject else {
        let stanza = message(room.jid.as_jid(), Some("groupchat"), &id).child(el("subject", ns::CLIENT));
        fx.send(&stanza, to);
        return;
    };
    let mut stanza = message(&room.occupant_jid(&Nick::trusted(&subject.nick)), Some("groupchat"), &id);
    for (tag, text) in &subject.texts {
        let mut element = el("subject", ns::CLIENT);
        if !tag.is_empty() {
            set_lang(&mut element, tag);
        }
        if !text.is_empty() {
            element.append_text_node(text);
        }
        stanza.append_child(element);
    }
    let id = subject.occupant_id.as_deref().map(occupant_id::element);
    fx.send(&stanza.child_opt(id).child(delay(&room.jid, subject.at)), to);
}
