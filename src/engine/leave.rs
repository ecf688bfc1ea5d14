//! Leaving, being removed, and the end of the service (XEP-0045 §7.14, §8.2, §11.2).

use std::collections::BTreeSet;

use minidom::Element;

use crate::feature::destroy;
use crate::feature::goodbyes::{self, Goodbyes};
use crate::room::announce::{Goodbye, depart};
use crate::room::audience::{Item, PresenceUpdate, sessions};
use crate::room::context::Context;
use crate::room::effect::Effects;
use crate::room::roster::Said;
use crate::room::{Room, life};
use crate::wire::build::{Build, el, lang, set_lang};
use crate::wire::inbound::Inbound;
use crate::wire::muc::Affiliation;
use crate::wire::muc::{Role, Status};
use crate::wire::{ns, size};

/// An occupant says that they are gone. The real address decides who it is: after a change of nick, servers send
/// this to the old nick as well as to the new one. Strangers are ignored (45-17.3-e).
pub(crate) fn leave(
    room: &mut Room,
    goodbyes: &mut Goodbyes,
    inbound: &Inbound,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) {
    let Some(occupant) = room.roster.by_session(&inbound.from).cloned() else { return };
    let said = last_words(&inbound.stanza, cx.limits().presence_bytes_max);
    let id = cx.id_of(inbound);
    goodbyes::note(goodbyes, &inbound.from, cx);
    let owner = room.affiliation(&occupant.account) == Affiliation::Owner;
    let ends = owner && life::ends_with(room, &occupant.account);
    depart(room, &inbound.from, &Goodbye { id: &id, said: &said, codes: &[] }, cx, fx);
    if ends && room.roster.is_empty() {
        // No owner is left to configure it (45-10.1.3-d).
        destroy::bid_farewell(room, &occupant, cx, fx);
        *room = room.vacated();
    }
}

/// What others hear of an occupant who says that they are gone: a text in each language, in `bytes_max` bytes all together.
/// However much more is said along with it, an occupant who leaves is gone.
fn last_words(stanza: &Element, bytes_max: usize) -> Said {
    let mut left = bytes_max.checked_sub(lang(stanza).map_or(0, str::len));
    let of_all = lang(stanza).filter(|_| left.is_some());
    let (mut texts, mut languages) = (Vec::new(), BTreeSet::new());
    for status in stanza.children().filter(|c| c.is("status", ns::CLIENT)) {
        let language = lang(status);
        let mut text = el("status", ns::CLIENT).text_node(&status.text());
        if let Some(language) = language {
            set_lang(&mut text, language);
        }
        let rest = left.and_then(|left| left.checked_sub(size::of(&text)));
        if rest.is_some() && languages.insert(language) {
            left = rest;
            texts.push(text);
        }
    }
    Said::new(of_all, &texts)
}

/// The service stops: all occupants are told, each about themselves only (45-11.2-a).
pub(crate) fn stop(room: &mut Room, cx: &mut Context<'_>, fx: &mut Effects) {
    let roster = std::mem::take(&mut room.roster);
    for occupant in roster.iter() {
        let id = cx.id();
        let notice = PresenceUpdate::unavailable(
            occupant,
            &id,
            Item {
                affiliation: Some(Affiliation::None),
                role: Some(Role::None),
                jid: Some((&occupant.shown().jid).into()),
                ..Item::default()
            },
            &[Status::ServiceShutdown],
        );
        room.tell_own(fx, &notice, &sessions(occupant), &[]);
    }
}
