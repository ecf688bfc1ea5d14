//! No real address, in no byte of a stanza, reaches anybody who may not see it (45-7.2.4-a, trap 44).

use conclave::wire::encode;
use conclave::wire::inbound::{Kind, MessageType};
use conclave::wire::jid::Jid;
use conclave::wire::muc::Affiliation;
use conclave::wire::muc::Role;
use conclave::wire::ns;
use minidom::Element;

use super::Check;
use super::rules::{Wish, wishes};
use crate::happening::Sent;
use crate::run::Scene;
use crate::sheet::Sheet;

pub(super) struct Secrecy;

impl Check for Secrecy {
    fn name(&self) -> &'static str {
        "secrecy"
    }

    fn look(&mut self, scene: &Scene<'_>) -> Result<(), String> {
        for sent in &scene.happening.sent {
            let forged = memchr::memmem::find(&sent.bytes, b"forgery").is_some();
            if forged && !sent.is_error() {
                return Err("what a client forged was passed on".to_owned());
            }
            let shown = scene.cast.shown_in(&sent.bytes);
            if shown.is_empty() {
                continue;
            }
            for (to, entity) in sent.to.iter().zip(&sent.entities) {
                for whose in &shown {
                    if !may_see(scene, sent, to, *entity, *whose) {
                        let account = &scene.cast.accounts[*whose];
                        return Err(format!("{to} sees the real address of {account}"));
                    }
                }
            }
        }
        Ok(())
    }
}

fn may_see(scene: &Scene<'_>, sent: &Sent, to: &Jid, entity: Option<usize>, whose: usize) -> bool {
    let happening = scene.happening;
    let (before, after) = (&happening.before, &happening.after);
    if entity.is_some_and(|e| scene.cast.entities[e].account == whose) {
        return true;
    }
    let seat = |sheet: &'_ Sheet| entity.and_then(|e| sheet.seat_of(e).map(|seat| sheet.sees_jids(seat)));
    if seat(before) == Some(true) || seat(after) == Some(true) || made_moderator_for_a_moment(scene, entity) {
        return true;
    }
    let Some(cause) = &happening.cause else { return false };
    if sent.is_error() && cause.kind == Kind::Message(MessageType::Error) {
        // An invitation that came back is told with what the inviter wrote himself.
        let mentions = |child: Option<&Element>| {
            child.is_some_and(|c| scene.cast.shown_in(encode::element(c).as_bytes()).contains(&whose))
        };
        return mentions(sent.x()) && !mentions(sent.stanza.get_child("error", ns::CLIENT));
    }
    if cause.from == *to {
        // What one wrote oneself may come back in an error; whoever may read a list gets it.
        let text = encode::element(&cause.stanza);
        let rank = before.affiliation(&cause.from.to_bare());
        let reads = rank >= Affiliation::Admin
            || rank == Affiliation::Member && before.is_open_about_jids()
            || before.standing(&cause.from.to_bare()).1 == Role::Moderator
            || before.is_open_about_jids() && before.standing(&cause.from.to_bare()).1 > Role::None;
        return match sent.type_() {
            "error" => scene.cast.shown_in(text.as_bytes()).contains(&whose),
            "result" if sent.stanza.name() == "iq" => reads,
            _ => false,
        };
    }
    // Who declines is known to the inviter by nothing but their address, and who invites is shown by it where everybody is.
    let is_actor = scene.cast.accounts[whose] == cause.from.to_bare();
    let mediated = |name| sent.x().is_some_and(|x| x.has_child(name, ns::MUC_USER));
    is_actor && (mediated("invite") && before.is_open_about_jids() || mediated("decline"))
}

/// One request may make somebody a moderator and then no moderator.
fn made_moderator_for_a_moment(scene: &Scene<'_>, entity: Option<usize>) -> bool {
    let before = &scene.happening.before;
    let Some(query) = scene.happening.set_of(ns::MUC_ADMIN) else { return false };
    entity.and_then(|e| before.seat_of(e)).is_some_and(|seat| {
        wishes(query, before).iter().any(|wish| match wish {
            Wish::Role { key, new } => *key == seat.key && *new == Role::Moderator,
            Wish::Affiliation { jid, new, .. } => *jid == seat.account && *new >= Affiliation::Admin,
            Wish::Nonsense => false,
        })
    })
}
