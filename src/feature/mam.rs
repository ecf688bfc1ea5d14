//! Reading the archive of a room (XEP-0313).
//!
//! A request becomes a question to the archive. When the answer comes the room looks again at who asks: rights may have
//! been lost meanwhile.

use std::collections::BTreeSet;
use std::str::FromStr;

use jiff::Timestamp;
use minidom::Element;

use crate::room::archive::{Answer, Asker, Entry, Found, Page, Place, Query, Question, With};
use crate::room::audience::{Authors, Item};
use crate::room::context::Context;
use crate::room::effect::Effects;
use crate::room::surface::Feature;
use crate::room::{Room, entry};
use crate::wire::build::{Build, el, iq_result, message, muc_user, stamp};
use crate::wire::form::{Field, Reply, Submitted, untitled};
use crate::wire::inbound::Inbound;
use crate::wire::jid::{Jid, JidError};
use crate::wire::ns;
use crate::wire::refusal::Refusal;
use crate::wire::rsm::{self, Paging};
use crate::words::{self, Value};

/// Messages of a page when nobody says how many.
const PAGE_DEFAULT: usize = 50;

/// Most messages of a page, whatever is asked for.
const PAGE_MAX: usize = 500;

/// Most messages before a page that is asked for by their number: they have to be gone through.
const INDEX_MAX: usize = 1000;

/// Most ids in one request.
const IDS_MAX: usize = 500;

pub(super) const FEATURE: Feature = Feature {
    disco: |room, vars| {
        if room.config().archive {
            vars.push(ns::MAM);
            vars.push(ns::MAM_EXTENDED);
        }
    },
    ..Feature::new("mam")
};

/// The fields by which one can ask, and their types.
const FIELDS: [(&str, &str); 6] = [
    ("with", "jid-single"),
    ("start", "text-single"),
    ("end", "text-single"),
    ("before-id", "text-single"),
    ("after-id", "text-single"),
    ("ids", "list-multi"),
];

/// Which fields there are (§4.1.5).
pub(crate) fn form(room: &Room, inbound: &Inbound, fx: &mut Effects) -> Result<(), Refusal> {
    check(room, &inbound.from)?;
    let field = |(var, type_)| Field { var, type_: Some(type_), ..Field::default() };
    let mut x = untitled(ns::MAM, &FIELDS.map(field));
    // Any id may be asked for, not only listed ones.
    let open = el("validate", ns::VALIDATE).with("datatype", "xs:string").child(el("open", ns::VALIDATE));
    if let Some(ids) = x.children_mut().find(|f| f.attr("var") == Some("ids")) {
        ids.append_child(open);
    }
    let payload = el("query", ns::MAM).child(x);
    fx.send(&iq_result(&inbound.to, inbound.id(), Some(payload)), &inbound.from);
    Ok(())
}

/// A reader asks for messages (§4).
pub(crate) fn query(
    room: &Room,
    payload: &Element,
    inbound: &Inbound,
    cx: &Context<'_>,
    fx: &mut Effects,
) -> Result<(), Refusal> {
    check(room, &inbound.from)?;
    let query = read(room, payload, &inbound.from, cx)?;
    fx.ask(room, Asker::Reader, Question::Page(query), inbound);
    Ok(())
}

/// A reader asks how far the archive reaches (§5).
pub(crate) fn metadata(room: &Room, inbound: &Inbound, fx: &mut Effects) -> Result<(), Refusal> {
    check(room, &inbound.from)?;
    fx.ask(room, Asker::Reader, Question::Ends, inbound);
    Ok(())
}

/// The archive has answered.
pub(crate) fn found(
    room: &Room,
    payload: &Element,
    found: &Found,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) -> Result<(), Refusal> {
    check(room, &found.inbound.from)?;
    match &found.answer {
        Answer::Page(page) => {
            let with = read(room, payload, &found.inbound.from, cx)?.with;
            // Who asked as a moderator, and is none any more, may have asked for more.
            if with.is_some_and(|with| !page.entries.iter().all(|entry| with.is(entry))) {
                return Err(hidden());
            }
            send_page(room, payload, page, &found.inbound, cx, fx);
        }
        Answer::Ends(ends) => {
            let mut metadata = el("metadata", ns::MAM);
            for (name, (id, at)) in ["start", "end"].into_iter().zip(ends.iter().flatten()) {
                metadata.append_child(el(name, ns::MAM).with("id", id).with("timestamp", &stamp(*at)));
            }
            let inbound = &found.inbound;
            fx.send(&iq_result(&inbound.to, inbound.id(), Some(metadata)), &inbound.from);
        }
        Answer::NoSuchId => return Err(Refusal::item_not_found(&words::NO_SUCH_MESSAGE)),
        Answer::Failed => return Err(Refusal::internal_server_error(&words::ARCHIVE_UNREADABLE)),
    }
    Ok(())
}

fn check(room: &Room, who: &Jid) -> Result<(), Refusal> {
    if !room.config().archive {
        return Err(Refusal::service_unavailable(&words::NO_ARCHIVE));
    }
    if !entry::may_read(room, &who.to_bare()) {
        return Err(Refusal::forbidden(&words::ARCHIVE_CLOSED));
    }
    Ok(())
}

fn hidden() -> Refusal {
    Refusal::forbidden(&words::AUTHORS_HIDDEN)
}

/// Reads what `who` asks for, as far as they may know who is behind an occupant.
fn read(room: &Room, payload: &Element, who: &Jid, cx: &Context<'_>) -> Result<Query, Refusal> {
    let submitted = match payload.get_child("x", ns::DATA) {
        None => Submitted::default(),
        Some(x) => match Reply::read(x, ns::MAM).map_err(Refusal::bad_request)? {
            Reply::Submit(submitted) => submitted,
            Reply::Cancel => return Err(Refusal::bad_request(&words::FORM_SUBMIT_NEEDED)),
        },
    };
    check_known(payload, &submitted)?;
    let one = |var| submitted.values(var).and_then(|v| v.first()).filter(|v| !v.is_empty());
    let ids = submitted.values("ids").unwrap_or_default();
    if ids.len() > IDS_MAX {
        return Err(Refusal::policy_violation(words::IDS_MOST.with([IDS_MAX])));
    }
    let paging = Paging::read(payload)?.unwrap_or_default();
    let place = match (paging.after.filter(|id| !id.is_empty()), paging.before, paging.index) {
        (Some(after), Some(before), _) => {
            let before = Some(before).filter(|id| !id.is_empty());
            Place::Between(after.into(), before.map(Into::into))
        }
        (None, Some(before), _) if before.is_empty() => Place::Last,
        (None, Some(before), _) => Place::Before(before),
        (Some(after), None, _) => Place::After(after),
        (None, None, Some(index)) if index > INDEX_MAX => {
            let text = words::INDEX_MOST.with([INDEX_MAX]);
            return Err(Refusal::feature_not_implemented(text));
        }
        (None, None, Some(index)) => Place::At(index),
        (None, None, None) => Place::First,
    };
    Ok(Query {
        with: one("with").map(|text| with(room, text, who, cx)).transpose()?.flatten(),
        start: one("start").map(|text| time(text)).transpose()?,
        end: one("end").map(|text| time(text)).transpose()?,
        after_id: one("after-id").map(|id| id.as_str().into()),
        before_id: one("before-id").map(|id| id.as_str().into()),
        ids: ids.iter().collect::<BTreeSet<_>>().into_iter().cloned().collect(),
        place,
        max: paging.max.unwrap_or(PAGE_DEFAULT).min(PAGE_MAX),
        ..Query::default()
    })
}

/// Refuses what a request asks for beside what is known here: without it the answer would be one to something else.
fn check_known(payload: &Element, submitted: &Submitted) -> Result<(), Refusal> {
    if let Some(var) = submitted.vars().find(|var| FIELDS.iter().all(|(known, _)| known != var)) {
        return Err(Refusal::feature_not_implemented(words::NO_SUCH_FIELD.with([Value::quoted(var)])));
    }
    let several = |(var, type_): &&(&str, &str)| {
        *type_ != "list-multi" && submitted.values(var).is_some_and(|values| values.len() > 1)
    };
    if let Some((var, _)) = FIELDS.iter().find(several) {
        return Err(Refusal::feature_not_implemented(words::FIELD_ONE_VALUE.with([*var])));
    }
    let is_other = |child: &&Element| child.has_ns(ns::MAM) && child.name() != "flip-page";
    if let Some(other) = payload.children().find(is_other) {
        return Err(Refusal::feature_not_implemented(
            words::NO_SUCH_ELEMENT.with([Value::quoted(other.name())]),
        ));
    }
    match payload.attr("node").filter(|node| !node.is_empty()) {
        None => Ok(()),
        Some(_) => Err(Refusal::feature_not_implemented(&words::ARCHIVE_NO_NODES)),
    }
}

/// Whose messages: those of an occupant's address, or of a real one. The room's own address is where all were said.
fn with(room: &Room, text: &str, who: &Jid, cx: &Context<'_>) -> Result<Option<With>, Refusal> {
    let malformed = |e: JidError| {
        Refusal::jid_malformed(words::FIELD_WRONG.with([Value::from("with"), e.words().into()]))
    };
    let jid = Jid::prepare(text).map_err(malformed)?;
    let account = cx.address(text).map_err(malformed)?.to_bare();
    Ok(match jid.resource() {
        Some(_) if jid.bare_str() == room.jid.as_str() => Some(With::Occupant(jid)),
        None if jid.bare_str() == room.jid.as_str() => None,
        _ => Some(match room.sees_authors(&who.to_bare()) {
            Authors::All => With::Account(account),
            _ if account == who.to_bare() => With::Account(account),
            Authors::Shown => With::Shown(account),
            Authors::None => return Err(hidden()),
        }),
    })
}

fn time(text: &str) -> Result<Timestamp, Refusal> {
    Timestamp::from_str(text.trim()).map_err(|_| Refusal::bad_request(&words::TIME_UNCLEAR))
}

/// The messages of a page, each in a stanza of its own, then the end.
fn send_page(
    room: &Room,
    payload: &Element,
    page: &Page,
    inbound: &Inbound,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) {
    let seen = room.sees_authors(&inbound.from.to_bare());
    let mut entries: Vec<_> = page.entries.iter().collect();
    if payload.has_child("flip-page", ns::MAM) {
        entries.reverse();
    }
    for entry in entries {
        let result = el("result", ns::MAM)
            .with("id", &entry.id)
            .with_opt("queryid", payload.attr("queryid"))
            .child(forwarded(entry, seen));
        fx.send(&message(&inbound.to, None, &cx.id()).child(result), &inbound.from);
    }
    let ends = page.entries.first().zip(page.entries.last()).map(|(a, b)| (a.id.as_str(), b.id.as_str()));
    let complete = page.complete.then_some("true");
    // With an index, slixmpp and the clients made with it take the newest page for the last one, and page back no
    // further.
    let paging = Paging::read(payload).ok().flatten();
    let forward = paging.is_none_or(|paging| paging.before.is_none());
    let index = page.index.filter(|_| forward);
    let fin = el("fin", ns::MAM).with_opt("complete", complete).child(rsm::set(ends, index, page.count));
    fx.send(&iq_result(&inbound.to, inbound.id(), Some(fin)), &inbound.from);
}

/// A message as it was sent, with its time, and with the real address of its sender for those who may see it. Nothing is said
/// of how its sender stands now: who may read the archive may not for that reason read the lists, nor learn who is inside.
fn forwarded(entry: &Entry, seen: Authors) -> Element {
    let mut copy = entry.message.clone();
    let sight = seen.sight(entry);
    if let Some(account) = entry.account.as_ref().filter(|_| sight.sees()) {
        let item = Item { jid: Some(account.into()), ..Item::default() };
        copy.append_child(muc_user(&[], None, Some(item.element(ns::MUC_USER, sight)), false));
    }
    let delay = el("delay", ns::DELAY).with("stamp", &stamp(entry.at));
    el("forwarded", ns::FORWARD).child(delay).child(copy)
}
