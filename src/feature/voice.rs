//! Voice requests: a visitor asks, a moderator decides (XEP-0045 §7.13, §8.6).

use std::sync::Arc;
use std::time::Duration;

use minidom::Element;

use crate::room::Room;
use crate::room::change::role;
use crate::room::context::Context;
use crate::room::effect::Effects;
use crate::room::nick::NickKey;
use crate::room::shares::{Bounds, Kept, Shares};
use crate::room::surface::Feature;
use crate::wire::build::{Build, message, set_lang};
use crate::wire::form::{Field, Reply, Submitted, boolean, form};
use crate::wire::inbound::Inbound;
use crate::wire::jid::BareJid;
use crate::wire::muc::Role;
use crate::wire::ns;
use crate::wire::refusal::Refusal;
use crate::words::{self, Label, Text, texts};

pub(super) const FEATURE: Feature =
    Feature { disco: |_, vars| vars.push(ns::MUC_REQUEST), texts: ALL, ..Feature::new("voice") };

texts! {
    VOICE_REQUEST =>
        en "Voice request"
        de "Bitte um das Rederecht"
        fr "Demande de parole"
        es "Petición de palabra";
    REQUESTED_ROLE =>
        en "Requested role"
        de "Gewünschte Rolle"
        fr "Rôle demandé"
        es "Rol solicitado";
    PARTICIPANT =>
        en "Participant (who may write)"
        de "Teilnehmend (darf schreiben)"
        fr "Participant (peut écrire)"
        es "Participante (puede escribir)";
    GIVE_VOICE =>
        en "Let this person write in the room?"
        de "Darf diese Person im Raum schreiben?"
        fr "Laisser cette personne écrire dans le salon ?"
        es "¿Permitir que esta persona escriba en la sala?";
}

const JID: &str = "muc#jid";
const ROOM_NICK: &str = "muc#roomnick";
const ALLOW: &str = "muc#request_allow";

/// How long an account waits before it asks again.
const PAUSE: Duration = Duration::from_secs(60);

/// Most requests that moderators get in that time. If there are more, those wait of whose domain there are the most.
const BOUNDS: Bounds = Bounds { of_one: 1, of_all: 30 };

/// Who has asked lately. It is not kept over a restart.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked(Shares<()>);

impl Asked {
    /// Notes that an account asks; false if it has to wait.
    fn note(&mut self, account: BareJid, now: Duration) -> bool {
        let Self(asked) = self;
        let until = now.checked_sub(PAUSE);
        while until.is_some_and(|until| asked.remove_older(until).is_some()) {}
        let id: Arc<str> = account.as_str().into();
        if asked.get(&id).is_some() {
            return false;
        }
        let kept = Kept { id: id.clone(), owner: account, since: now, value: (), _held: None };
        asked.add(kept, BOUNDS).is_none_or(|gone| gone.id != id)
    }
}

/// The voice form in a message to the room, if it holds one.
pub(crate) fn find(stanza: &Element) -> Option<Submitted> {
    let x = stanza.get_child("x", ns::DATA)?;
    let of_voice = |field: &Element| {
        field.attr("var") == Some("FORM_TYPE") && field.children().any(|v| v.text() == ns::MUC_REQUEST)
    };
    if !x.children().any(of_voice) {
        return None;
    }
    match Reply::read(x, ns::MUC_REQUEST) {
        Ok(Reply::Submit(form)) => Some(form),
        _ => None,
    }
}

/// A request goes to all moderators; the answer of a moderator, known by its verdict, is carried out.
pub(crate) fn handle(
    room: &mut Room,
    asked: &mut Arc<Asked>,
    form: &Submitted,
    inbound: &Inbound,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) -> Result<(), Refusal> {
    let Some(sender) = room.roster.by_session(&inbound.from).cloned() else {
        return Err(Refusal::not_acceptable_here(&words::NOT_INSIDE));
    };
    match form.values(ALLOW) {
        Some(verdict) => decide(room, form, verdict, inbound, cx, fx),
        None if sender.role == Role::Visitor => {
            if !Arc::make_mut(asked).note(inbound.from.to_bare(), cx.uptime) {
                return Err(Refusal::too_soon(&words::VOICE_ASKED_LATELY));
            }
            fx.send_many(&to_moderators(room, sender.nick.as_str(), inbound, cx), room.moderators());
            Ok(())
        }
        None => Err(Refusal::bad_request(&words::HAS_VOICE)),
    }
}

fn to_moderators(room: &Room, nick: &str, inbound: &Inbound, cx: &mut Context<'_>) -> Element {
    let field = |var, type_, label: &'static Text, value: &str| Field {
        var,
        type_: Some(type_),
        label: Some(label),
        values: vec![value.to_owned()],
        ..Field::default()
    };
    let fields = [
        Field {
            options: &[("participant", Label::Text(&PARTICIPANT))],
            ..field("muc#role", "list-single", &REQUESTED_ROLE, "participant")
        },
        field(JID, "jid-single", &words::ADDRESS, inbound.from.as_str()),
        field(ROOM_NICK, "text-single", &words::NICKNAME, nick),
        field(ALLOW, "boolean", &GIVE_VOICE, "0"),
    ];
    let lang = room.lang(cx.service);
    let mut stanza = message(room.jid.as_jid(), None, &cx.id());
    set_lang(&mut stanza, lang.tag_of(&(&VOICE_REQUEST).into()));
    stanza.child(form(lang, ns::MUC_REQUEST, &VOICE_REQUEST, &fields))
}

fn decide(
    room: &mut Room,
    form: &Submitted,
    verdict: &[String],
    inbound: &Inbound,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) -> Result<(), Refusal> {
    let account = inbound.from.to_bare();
    let standing = room.standing(&account);
    if standing.role != Role::Moderator {
        return Err(Refusal::forbidden(&words::ONLY_MODERATORS_GIVE_VOICE));
    }
    let allowed = boolean(verdict).ok_or_else(|| Refusal::bad_request(&words::VERDICT_UNCLEAR))?;
    // They may have another nick by now, and another occupant theirs: the address tells who asked.
    let asked_by = form.values(JID).and_then(|v| v.first());
    let nick = form.values(ROOM_NICK).and_then(|v| v.first());
    let asker = match (asked_by, nick) {
        (Some(jid), _) => cx.address(jid).ok().and_then(|jid| room.roster.by_session(&jid)),
        (None, Some(nick)) => room.roster.by_nick(&NickKey::of(nick)),
        (None, None) => return Err(Refusal::bad_request(&words::WHOSE_REQUEST)),
    };
    let asker = asker.ok_or_else(|| Refusal::item_not_found(&words::HAS_LEFT))?;
    let change = role::Change { key: asker.nick.key().clone(), new: Role::Participant, reason: None };
    if allowed && asker.role == Role::Visitor {
        let actor = room.actor(&inbound.from);
        role::check(room, &account, standing, &change)?;
        role::apply(room, &change, actor.as_ref(), cx, fx);
    }
    Ok(())
}
