//! The owner's configuration form, and the owner's wish to end the room (XEP-0045 §10.1, §10.2, §10.9).

use std::collections::BTreeSet;

use minidom::Element;

use super::hooks;
use super::settings::{self, ADMINS, OWNERS, kept_to_admins};
use crate::feature::{destroy, fields, password};
use crate::room::announce::absent;
use crate::room::change::affiliation;
use crate::room::config::Config;
use crate::room::context::Context;
use crate::room::effect::Effects;
use crate::room::surface::wrong_field;
use crate::room::{Room, life};
use crate::wire::build::{Build, el, iq_result};
use crate::wire::form::{self, Reply, Submitted};
use crate::wire::inbound::Inbound;
use crate::wire::jid::BareJid;
use crate::wire::muc::Affiliation;
use crate::wire::ns;
use crate::wire::refusal::Refusal;
use crate::words;

fn must_be_owner(room: &Room, inbound: &Inbound) -> Result<(), Refusal> {
    if room.affiliation(&inbound.from.to_bare()) == Affiliation::Owner {
        Ok(())
    } else {
        Err(Refusal::forbidden(&words::ONLY_OWNERS_CONFIGURE))
    }
}

/// The form with the current values.
pub(crate) fn get(
    room: &mut Room,
    inbound: &Inbound,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) -> Result<(), Refusal> {
    must_be_owner(room, inbound)?;
    life::asked(room);
    let x = settings::form(room, inbound, cx);
    fx.send(&iq_result(&inbound.to, inbound.id(), Some(el("query", ns::MUC_OWNER).child(x))), &inbound.from);
    Ok(())
}

/// A form comes back, or the room is to be destroyed.
pub(crate) fn set(
    room: &mut Room,
    query: &Element,
    inbound: &Inbound,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) -> Result<(), Refusal> {
    must_be_owner(room, inbound)?;
    let result = iq_result(&inbound.to, inbound.id(), None);
    if let Some(word) = query.get_child("destroy", ns::MUC_OWNER) {
        let word = destroy::read(word, cx)?;
        destroy::destroy(room, Some(word), cx, fx);
        fx.send(&result, &inbound.from);
        return Ok(());
    }
    let x = query.get_child("x", ns::DATA).ok_or_else(|| Refusal::bad_request(&words::FORM_OR_DESTROY))?;
    match Reply::read(x, ns::MUC_ROOMCONFIG).map_err(Refusal::bad_request)? {
        Reply::Cancel if life::ends_with(room, &inbound.from.to_bare()) => {
            destroy::destroy(room, None, cx, fx);
            fx.send(&result, &inbound.from);
            Ok(())
        }
        Reply::Cancel => {
            fx.send(&result, &inbound.from);
            Ok(())
        }
        Reply::Submit(form) => {
            let by_admin = cx.service.is_admin(&inbound.from.to_bare());
            let config = read_config(room.config(), &form, by_admin, cx)?;
            let changes = read_lists(room, &form, cx)?;
            changes.iter().try_for_each(|change| affiliation::check_service_admin(room, change))?;
            affiliation::check_end(room, &changes, cx)?;
            fx.send(&result, &inbound.from);
            configure(room, config, &changes, inbound, cx, fx);
            Ok(())
        }
    }
}

/// The configuration after the form: a field that is absent keeps its value, unknown ones are ignored.
/// A field that the operator keeps to the admins of the service may come back as it is.
fn read_config(now: &Config, form: &Submitted, by_admin: bool, cx: &Context<'_>) -> Result<Config, Refusal> {
    let mut config = now.clone();
    for field in fields().filter(|field| (field.offered)(now, cx.service)) {
        let names = std::iter::once(&field.var).chain(field.aliases);
        if let Some(values) = names.filter_map(|name| form.values(name)).next() {
            (field.set)(&mut config, values, cx.limits()).map_err(|wrong| wrong_field(field.var, wrong))?;
            if !by_admin && kept_to_admins(field, cx) && (field.get)(&config) != (field.get)(now) {
                return Err(wrong_field(field.var, &words::ONLY_SERVICE_ADMINS_CHANGE));
            }
        }
    }
    password::reconcile(&mut config, form)?;
    Ok(config)
}

/// The lists of owners and admins are whole lists: an account that is missing loses the place, an owner to admin (§10.2)
/// and an admin to member. An account on both is an owner.
fn read_lists(room: &Room, form: &Submitted, cx: &Context<'_>) -> Result<Vec<affiliation::Change>, Refusal> {
    let read = |var: &str| -> Result<Option<BTreeSet<BareJid>>, Refusal> {
        let Some(values) = form.values(var) else { return Ok(None) };
        let parse = |text: &str| cx.address(text).map(|jid| jid.to_bare());
        let jids = values.iter().flat_map(|line| form::addresses(line)).map(parse).collect::<Result<_, _>>();
        jids.map(Some).map_err(|e| wrong_field(var, e.words()))
    };
    let (owners, admins) = (read(OWNERS)?, read(ADMINS)?);
    let on = |list: &Option<BTreeSet<BareJid>>, jid: &BareJid| list.as_ref().map(|l| l.contains(jid));
    let wanted = |jid: &BareJid, now: Affiliation| match (on(&owners, jid), on(&admins, jid)) {
        (Some(true), _) => Affiliation::Owner,
        (None, _) if now == Affiliation::Owner => Affiliation::Owner,
        (_, Some(true)) => Affiliation::Admin,
        (Some(false), _) if now == Affiliation::Owner => Affiliation::Admin,
        (_, Some(false)) if now >= Affiliation::Admin => Affiliation::Member,
        _ => now,
    };
    // A member who is on neither list stays one: only those who have a place to lose are looked at besides.
    let ranks = room.ranks.owners.iter().chain(room.ranks.admins.iter());
    let concerned: BTreeSet<&BareJid> =
        [&owners, &admins].into_iter().flatten().flatten().chain(ranks).collect();
    let mut changes = Vec::new();
    for jid in concerned {
        let now = affiliation::recorded(room, jid);
        let new = wanted(jid, now);
        if new != now {
            changes.push(match jid.local() {
                Some(_) => affiliation::Change::new(jid, new)?,
                // One that the list had from long ago.
                None if new < now => affiliation::Change::end(jid),
                None => {
                    return Err(wrong_field(jid.as_str(), &words::DOMAIN_NO_RANK));
                }
            });
        }
    }
    if changes.len() > cx.limits().items_max {
        let most = cx.limits().items_max;
        return Err(Refusal::policy_violation(words::FORM_CHANGES_MOST.with([most])));
    }
    Ok(changes)
}

/// Puts the configuration in force and tells everybody what it means to them, ending with the status codes.
fn configure(
    room: &mut Room,
    config: Config,
    changes: &[affiliation::Change],
    inbound: &Inbound,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) {
    let old = room.config().clone();
    life::open(room);
    // Changes of rank and removals are seen by those who see presence until now: the new settings come after them.
    let actor = room.actor(&inbound.from);
    for change in changes {
        affiliation::apply(room, change, actor.as_ref(), cx, fx);
    }
    absent::tell_rest(room, cx, fx);
    if config == old {
        return;
    }
    hooks::before_change(room, &config, cx, fx);
    room.state_mut().record.config = config;
    hooks::after_change(room, &old, cx, fx);
}
