//! Non-anonymous and semi-anonymous rooms (XEP-0045 §4.2, §7.2.3, §7.2.4).

use std::sync::Arc;

use crate::room::Room;
use crate::room::announce::backlog;
use crate::room::audience::Sight;
use crate::room::config::Whois;
use crate::room::context::{Context, Ids};
use crate::room::effect::Effects;
use crate::room::nick::NickKey;
use crate::room::recipients::Group;
use crate::room::roster::Occupant;
use crate::room::surface::{Feature, Field, FieldKind, Section};
use crate::wire::encode::{Outgoing, Recipients, Template};
use crate::wire::jid::Jid;
use crate::wire::muc::Status;
use crate::words::{self, Label, Value, texts};

pub(super) const FEATURE: Feature = Feature {
    fields: &[Field {
        key: "whois",
        var: "muc#roomconfig_whois",
        aliases: &[],
        label: &ADDRESSES_SEEN_BY,
        desc: Some(&ADDRESSES_SEEN_BY_HINT),
        section: Section::Sight,
        offered: |_, _| true,
        kind: FieldKind::One(&[
            ("moderators", Label::Text(&MODERATORS_ONLY)),
            ("anyone", Label::Text(&words::ANYONE)),
        ]),
        get: |config| {
            vec![match config.whois {
                Whois::Moderators => "moderators".to_owned(),
                Whois::Anyone => "anyone".to_owned(),
            }]
        },
        set: |config, values, _| {
            config.whois = match values.first().map(String::as_str) {
                Some("moderators") | None => Whois::Moderators,
                Some("anyone") => Whois::Anyone,
                Some(other) => return Err(words::NO_OPTION.with([Value::quoted(other)])),
            };
            Ok(())
        },
    }],
    disco: |room, vars| {
        vars.push(if room.is_nonanonymous() { "muc_nonanonymous" } else { "muc_semianonymous" })
    },
    entry_codes: |room, codes| {
        if room.is_nonanonymous() {
            codes.push(Status::NonAnonymousRoom);
        }
    },
    change_codes: |old, new, codes| match (old.whois, new.whois) {
        (Whois::Moderators, Whois::Anyone) => codes.push(Status::ConfigRoomNonAnonymous),
        (Whois::Anyone, Whois::Moderators) => codes.push(Status::ConfigRoomSemiAnonymous),
        _ => {}
    },
    texts: ALL,
    ..Feature::new("anonymity")
};

texts! {
    MODERATORS_ONLY =>
        en "Moderators only"
        de "Nur Moderatoren"
        fr "Les modérateurs seulement"
        es "Solo los moderadores";
    ADDRESSES_SEEN_BY =>
        en "Who sees the addresses (accounts) behind the nicknames"
        de "Wer die Adressen (Konten) hinter den Spitznamen sieht"
        fr "Qui voit les adresses (comptes) derrière les pseudos"
        es "Quién ve las direcciones (cuentas) detrás de los apodos";
    ADDRESSES_SEEN_BY_HINT =>
        en "Moderators only: the room is called semi-anonymous. Everybody: it is called non-anonymous."
        de "Nur Moderatoren: Der Raum heißt halb-anonym. Alle: Er heißt nicht anonym."
        fr "Les modérateurs seulement : le salon est dit semi-anonyme. Tout le monde : il est dit non anonyme."
        es "Solo los moderadores: la sala se llama semianónima. Todos: se llama no anónima.";
}

/// After a switch of `whois`: everybody who is not a moderator gets everybody's presence anew, with the real
/// addresses or without (the specification is silent; clients would be left with a wrong picture).
pub(crate) fn refresh(room: &mut Room, cx: &mut Context<'_>, fx: &mut Effects) {
    let viewers = room.roster.sessions_in(Group::OTHERS);
    backlog::show_everybody_to(room, &viewers, cx, fx);
}

/// Sends the presence of everybody but `viewer` to `to`, as far as their roles are broadcast.
pub(crate) fn show_others(
    room: &Room,
    viewer: &Occupant,
    to: &Arc<[Jid]>,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) {
    let sight = room.sight(viewer.role);
    let before = fx.stanza_bytes();
    for (at, other) in room.roster.iter().enumerate() {
        if !room.broadcasts(other) || other.nick.key() == viewer.nick.key() {
            continue;
        }
        let id = cx.id();
        fx.send_many(&room.notice_of(other, &id).stanza(room, sight, false, &[]), to.clone());
        if fx.is_full() {
            let each = (fx.stanza_bytes() - before) / (at + 1);
            let rest = Rest {
                room: room.clone(),
                sight,
                after: other.nick.key().clone(),
                but: viewer.nick.key().clone(),
            };
            return rest.show(each * (room.roster.len() - at - 1), to.clone(), cx.ids.fork(), fx);
        }
    }
}

/// The occupants who are shown later.
struct Rest {
    room: Room,
    sight: Sight,
    after: NickKey,
    but: NickKey,
}

impl Rest {
    fn show(mut self, bytes: usize, to: Arc<[Jid]>, mut ids: Ids, fx: &mut Effects) {
        fx.send_later(bytes, move || {
            let other = self.next()?;
            let id = ids.fresh();
            let stanza = self.room.notice_of(&other, &id).stanza(&self.room, self.sight, false, &[]);
            Some(Outgoing { stanza: Template::new(&stanza), to: Recipients::many(to.clone()) })
        });
    }

    fn next(&mut self) -> Option<Arc<Occupant>> {
        loop {
            let other = self.room.roster.next_after(Some(&self.after))?.clone();
            self.after = other.nick.key().clone();
            if self.after != self.but && self.room.broadcasts(&other) {
                return Some(other);
            }
        }
    }
}
