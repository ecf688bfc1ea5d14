//! Registering a nick with a room (XEP-0045 §7.10; XEP-0077).
//!
//! Members, admins and owners register a nick as they like. Whoever has no affiliation may do so where the room allows
//! registration, and becomes a member by it.

use minidom::Element;

use super::affiliations::{self, Change};
use super::{Feature, boolean_field, nick};
use crate::room::Room;
use crate::room::cx::Cx;
use crate::room::effect::Effects;
use crate::room::nick::Nick;
use crate::room::state::Affiliation;
use crate::wire::build::{Build, el, iq_result};
use crate::wire::form::{Field, Reply, form};
use crate::wire::inbound::Inbound;
use crate::wire::jid::BareJid;
use crate::wire::ns;
use crate::wire::refusal::Refusal;

const ROOM_NICK: &str = "muc#register_roomnick";

pub(super) const FEATURE: Feature = Feature {
    fields: &[
        boolean_field!(
            "x-muc#roomconfig_registration",
            "Whoever may enter may register and becomes a member",
            registration
        ),
        boolean_field!(
            "x-muc#roomconfig_reservednick",
            "Whoever has registered a nick keeps to it",
            lock_nicks
        ),
    ],
    disco: |_, vars| vars.extend([ns::REGISTER, ns::MUC_REGISTER]),
    ..Feature::new("register")
};

/// The form, or what is registered already.
pub(crate) fn get(room: &Room, inbound: &Inbound, fx: &mut Effects) -> Result<(), Refusal> {
    let account = inbound.from.to_bare();
    check_allowed(room, &account)?;
    let mut query = el("query", ns::REGISTER);
    if let Some(nick) = registered_nick(room, &account) {
        query =
            query.child(el("registered", ns::REGISTER)).child(el("username", ns::REGISTER).text_node(nick));
    }
    let x = form(
        "form",
        ns::MUC_REGISTER,
        Some(&format!("Registration with {}", room.name())),
        &[Field {
            var: ROOM_NICK,
            type_: Some("text-single"),
            label: Some("Nick"),
            values: registered_nick(room, &account).map(str::to_owned).into_iter().collect(),
            required: true,
            ..Field::default()
        }],
    );
    fx.send(&iq_result(&inbound.to, inbound.id(), Some(query.child(x))), &inbound.from);
    Ok(())
}

/// A filled-in form, or the wish to be forgotten.
pub(crate) fn set(
    room: &mut Room,
    query: &Element,
    inbound: &Inbound,
    cx: &mut Cx<'_>,
    fx: &mut Effects,
) -> Result<(), Refusal> {
    let account = inbound.from.to_bare();
    if query.has_child("remove", ns::REGISTER) {
        if query.children().count() > 1 {
            return Err(Refusal::bad_request("a removal stands alone"));
        }
        unregister(room, &account, cx, fx)?;
    } else {
        check_allowed(room, &account)?;
        let x = query.get_child("x", ns::DATA).ok_or_else(|| Refusal::bad_request("a form is needed"))?;
        match Reply::read(x, ns::MUC_REGISTER).map_err(Refusal::bad_request)? {
            Reply::Cancel => {}
            Reply::Submit(form) => {
                let nick = form.values(ROOM_NICK).and_then(|v| v.first()).filter(|nick| !nick.is_empty());
                let nick = nick.ok_or_else(|| Refusal::bad_request("a nick is needed"))?;
                register(room, &account, &Nick::parse(nick, cx.limits())?, cx, fx)?;
            }
        }
    }
    fx.send(&iq_result(&inbound.to, inbound.id(), None), &inbound.from);
    Ok(())
}

fn check_allowed(room: &Room, account: &BareJid) -> Result<(), Refusal> {
    let allowed = match room.affiliation(account) {
        Affiliation::Outcast => false,
        Affiliation::None => room.config().registration,
        Affiliation::Member | Affiliation::Admin | Affiliation::Owner => true,
    };
    if allowed { Ok(()) } else { Err(Refusal::not_allowed("you may not register with this room")) }
}

/// The nick that is reserved for an account.
pub(super) fn registered_nick<'a>(room: &'a Room, account: &BareJid) -> Option<&'a str> {
    room.state.affiliations.get(account)?.nick.as_deref()
}

fn register(
    room: &mut Room,
    account: &BareJid,
    wanted: &Nick,
    cx: &mut Cx<'_>,
    fx: &mut Effects,
) -> Result<(), Refusal> {
    nick::check_free(room, wanted, account)?;
    let new = affiliations::recorded(room, account).max(Affiliation::Member);
    let change = Change { nick: Some(wanted.as_str().to_owned()), ..Change::new(account.clone(), new) };
    affiliations::check_end(room, std::slice::from_ref(&change), cx)?;
    affiliations::apply(room, &change, None, cx, fx);
    if room.config().lock_nicks {
        nick::assign(room, account, wanted, cx, fx);
    }
    Ok(())
}

/// The nick is free again; a member is one no longer, admins and owners stay what they are (trap 46).
fn unregister(room: &mut Room, account: &BareJid, cx: &mut Cx<'_>, fx: &mut Effects) -> Result<(), Refusal> {
    let now = affiliations::recorded(room, account);
    let new = match now {
        Affiliation::Outcast | Affiliation::None => {
            return Err(Refusal::registration_required("you are not registered with this room"));
        }
        Affiliation::Member => Affiliation::None,
        Affiliation::Admin | Affiliation::Owner => now,
    };
    let change = Change { nick: Some(String::new()), ..Change::new(account.clone(), new) };
    affiliations::apply(room, &change, None, cx, fx);
    Ok(())
}
