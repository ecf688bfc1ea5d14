//! Members who are away learn that somebody mentions them (XEP-0452, with references of XEP-0372).

use std::collections::BTreeSet;

use minidom::Element;

use crate::room::context::Context;
use crate::room::effect::Effects;
use crate::room::nick::NickKey;
use crate::room::surface::{Feature, Section, boolean_field};
use crate::room::{Room, entry};
use crate::wire::build::{Build, delay, el, message};
use crate::wire::jid::{BareJid, Jid, Profile};
use crate::wire::muc::Affiliation;
use crate::wire::{encode, ns};
use crate::words::texts;

/// So many mentions of a message are looked at, the first ones.
const MENTIONS_MAX: usize = 20;

pub(super) const FEATURE: Feature = Feature {
    fields: &[boolean_field!("muc#roomconfig_forwardmentions", &MENTIONS_FORWARDED, forward_mentions)
        .under(Section::Speaking)],
    texts: ALL,
    ..Feature::new("mentions")
};

texts! {
    MENTIONS_FORWARDED =>
        en "Tell members who are away that they were mentioned"
        de "Abwesenden Mitgliedern mitteilen, dass sie erwähnt wurden"
        fr "Prévenir les membres absents qu’ils ont été mentionnés"
        es "Avisar a los miembros ausentes de que se les ha mencionado";
}

/// Forwards a message, as everybody got it, to those whom it mentions: members and above who are not in the room and
/// may read it. Nobody learns who that was.
pub(crate) fn forward(
    room: &Room,
    speaker: &BareJid,
    said: &Element,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) {
    if !room.config().forward_mentions {
        return;
    }
    let mut meant = meant(room, said, cx.service.profile);
    meant.retain(|account| account != speaker && is_told(room, account));
    if meant.is_empty() {
        return;
    }
    // A copy would take as much memory again, and it is only written.
    let copy = encode::verbatim(&encode::addressed(said, room.jid.as_jid()));
    let forwarded = el("forwarded", ns::FORWARD).child(delay(&room.jid, cx.now)).child(copy);
    let word = message(room.jid.as_jid(), None, &cx.id())
        .child(el("mentions", ns::MENTIONS).child(forwarded))
        // Without a body, servers would not keep it for those who are offline.
        .child(el("store", ns::HINTS));
    fx.send_many(&word, meant.into_iter().map(Jid::from).collect::<Vec<_>>());
}

/// Whom the references of a message mention: an account, or who has registered the nick of an address in the room.
fn meant(room: &Room, said: &Element, profile: Profile) -> BTreeSet<BareJid> {
    let references = said.children().filter(|c| c.is("reference", ns::REFERENCE));
    let mentions = references.filter(|r| r.attr("type") == Some("mention")).take(MENTIONS_MAX);
    let mut accounts = BTreeSet::new();
    for jid in mentions.filter_map(|mention| address(mention.attr("uri")?, profile)) {
        match jid.resource() {
            Some(nick) if jid.bare_str() == room.jid.as_str() => {
                accounts.extend(room.holder_of(&NickKey::of(nick)).cloned());
            }
            _ => {
                accounts.insert(jid.to_bare());
            }
        }
    }
    accounts
}

/// The address in a URI (RFC 5122).
fn address(uri: &str, profile: Profile) -> Option<Jid> {
    let address = uri.strip_prefix("xmpp:")?.split(['?', '#']).next()?;
    profile.prepare(&unescaped(address)?).ok()
}

/// Text without the escapes that characters have in URIs (RFC 5122 §2.7).
fn unescaped(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, more)) = rest.split_first() {
        if *first == b'%' {
            let digits = std::str::from_utf8(more.get(..2)?).ok()?;
            // A sign would be taken for part of the number.
            let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
            bytes.push(u8::from_str_radix(digits, 16).ok().filter(|_| is_hex)?);
            rest = &more[2..];
        } else {
            bytes.push(*first);
            rest = more;
        }
    }
    String::from_utf8(bytes).ok()
}

/// Whether an account gets mentions: it is on a list of the room by its own name, is not here, and may read.
fn is_told(room: &Room, account: &BareJid) -> bool {
    let affiliated = room.state.affiliations.own(account);
    account.local().is_some()
        && affiliated.is_some_and(|a| a.affiliation >= Affiliation::Member)
        && room.roster.sessions_of(account) == 0
        && entry::may_read(room, account)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_of_uris_are_read() {
        assert_eq!(unescaped("a%20b%C3%A9@x").as_deref(), Some("a bé@x"));
        for broken in ["%", "%2", "%zz", "%ff", "a%+1"] {
            assert_eq!(unescaped(broken), None, "{broken}");
        }
    }
}
