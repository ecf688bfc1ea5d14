//! Whoever is not in the room, an outcast or a stranger, gets nothing but answers to what he sent himself, what was
//! addressed to them by name, and requests that their server answers for them. What they asked of an occupant while they were
//! inside ends in an error. A refusal of an invitation reaches no account but
//! who invited.

use std::collections::BTreeSet;

use conclave::wire::inbound::{Kind, MessageType};
use conclave::wire::jid::{BareJid, Jid};
use conclave::wire::ns;

use super::Check;
use crate::happening::Sent;
use crate::run::Scene;

/// A request that was passed on to an occupant: the room and which life of it, who asked which occupant, under which id.
type Asked = (usize, u32, Jid, Jid, String);

/// Remembers who invited which account, in which room, and who waits for an answer, perhaps after they have left.
#[derive(Default)]
pub(super) struct Strangers {
    invited: BTreeSet<(usize, BareJid, BareJid)>,
    asked: Vec<Asked>,
}

impl Check for Strangers {
    fn name(&self) -> &'static str {
        "strangers"
    }

    fn look(&mut self, scene: &Scene<'_>) -> Result<(), String> {
        let happening = scene.happening;
        self.invitations(scene)?;
        self.requests(scene);
        for sent in &happening.sent {
            for (to, entity) in sent.to.iter().zip(&sent.entities) {
                let inside =
                    |e: usize| happening.before.seat_of(e).is_some() || happening.after.seat_of(e).is_some();
                if !entity.is_some_and(inside) && !due(scene, sent, to) && !self.answers(scene, sent, to) {
                    return Err(format!("{to}, who is not in the room, gets a {}", sent.stanza.name()));
                }
            }
        }
        Ok(())
    }
}

impl Strangers {
    /// Notes invitations that are passed on, and looks to whom refusals go.
    fn invitations(&mut self, scene: &Scene<'_>) -> Result<(), String> {
        let (happening, place) = (scene.happening, scene.happening.place);
        let Some(cause) = &happening.cause else { return Ok(()) };
        let account = cause.from.to_bare();
        for sent in happening.sent.iter().filter(|sent| !sent.is_error()) {
            let has = |name| sent.x().is_some_and(|x| x.has_child(name, ns::MUC_USER));
            for to in sent.to.iter().map(Jid::to_bare) {
                if has("invite") {
                    self.invited.insert((place, account.clone(), to));
                } else if has("decline") && !self.invited.contains(&(place, to.clone(), account.clone())) {
                    return Err(format!("{to} did not invite {account}, who declines"));
                }
            }
        }
        Ok(())
    }
}

impl Strangers {
    /// Notes requests that are passed on.
    fn requests(&mut self, scene: &Scene<'_>) {
        let (place, life) = (scene.happening.place, scene.ledger.epoch);
        let Some(cause) = &scene.happening.cause else { return };
        let passed_on = |s: &Sent| s.stanza.name() == "iq" && matches!(s.type_(), "get" | "set");
        if cause.to.is_full() && scene.happening.sent.iter().any(passed_on) {
            self.asked.push((place, life, cause.from.clone(), cause.to.clone(), cause.id().to_owned()));
        }
    }

    /// Whether this is the error that one of these requests, which is over with it, ends in.
    fn answers(&mut self, scene: &Scene<'_>, sent: &Sent, to: &Jid) -> bool {
        let (place, life) = (scene.happening.place, scene.ledger.epoch);
        let is_it = |(at, of, asker, asked, id): &Asked| {
            (*at, *of, asker) == (place, life, to)
                && sent.stanza.attr("from") == Some(asked.as_str())
                && sent.stanza.attr("id") == Some(id.as_str())
        };
        let found = self.asked.iter().position(is_it);
        let is_error = sent.stanza.name() == "iq" && sent.is_error();
        found.filter(|_| is_error).map(|at| self.asked.swap_remove(at)).is_some()
    }
}

fn due(scene: &Scene<'_>, sent: &Sent, to: &Jid) -> bool {
    let happening = scene.happening;
    let Some(cause) = &happening.cause else { return false };
    if sent.is_error() && cause.kind == Kind::Message(MessageType::Error) {
        // An invitation came back; the checker of answers knows whose.
        return true;
    }
    let x = sent.x();
    // In place of an invitation, somebody banned gets a message without one.
    let instead = sent.stanza.name() == "message" && x.is_some_and(|x| x.children().count() == 0);
    if !sent.is_error() && (instead || x.is_some_and(|x| x.has_child("invite", ns::MUC_USER))) {
        let invited = happening
            .mediated("invite")
            .into_iter()
            .any(|invite| invite.attr("to").and_then(|to| Jid::prepare(to).ok()).as_ref() == Some(to));
        let greeted = happening.set_of(ns::MUC_ADMIN).is_some()
            && happening.after.config().members_only
            && happening.after.config().invite_new_members;
        return invited || greeted;
    }
    if cause.from == *to {
        let stray = sent.stanza.name() == "presence" && sent.has_code("333") && sent.has_code("110");
        return sent.is_error()
            || stray
            || sent.stanza.name() == "iq" && sent.stanza.attr("id") == Some(cause.id());
    }
    if x.is_some_and(|x| x.has_child("decline", ns::MUC_USER)) {
        return !happening.mediated("decline").is_empty();
    }
    // vCards and PEP are asked of the account of an occupant.
    let asked = happening
        .cause
        .as_ref()
        .and_then(|c| c.to.resource())
        .and_then(|nick| happening.before.by_nick(nick));
    let passed_on = sent.stanza.name() == "iq" && matches!(sent.type_(), "get" | "set");
    passed_on && asked.is_some_and(|seat| seat.account.as_jid() == to)
}
