//! Registering a nick with a room (XEP-0045 §7.10; XEP-0077).
//!
//! Members, admins and owners register a nick as they like. Whoever has no affiliation may do so where the room allows
//! registration, and becomes a member by it.

use std::collections::BTreeMap;
use std::ops::Bound;

use minidom::Element;

use crate::room::change::affiliation::Change;
use crate::room::change::nick::registered_nick;
use crate::room::change::{affiliation, nick};
use crate::room::context::{Context, Service};
use crate::room::effect::Effects;
use crate::room::nick::Nick;
use crate::room::surface::{Command, Feature, Pages, Section, boolean_field};
use crate::room::{Room, entry, surface};
use crate::wire::build::{Build, el, iq_result};
use crate::wire::command::Done;
use crate::wire::form::{Field, Reply, Submitted, form, page_of_rows, table};
use crate::wire::inbound::Inbound;
use crate::wire::jid::BareJid;
use crate::wire::muc::Affiliation;
use crate::wire::ns;
use crate::wire::refusal::Refusal;
use crate::words::{self, Text, Value, texts};

const ROOM_NICK: &str = "muc#register_roomnick";

/// Name of the command that lists who is registered.
const REGISTRATIONS: &str = "conclave#registrations";

/// What members may say of themselves (§7.10), where the service asks for it: the field, and its label. All are text; the
/// last may have several lines.
const DATA: [(&str, &Text); 5] = [
    ("muc#register_first", &GIVEN_NAME),
    ("muc#register_last", &FAMILY_NAME),
    ("muc#register_url", &WEB_PAGE),
    ("muc#register_email", &EMAIL_ADDRESS),
    (FAQ_ENTRY, &FEW_WORDS),
];
const FAQ_ENTRY: &str = "muc#register_faqentry";

/// Most that a member may say in all these fields together.
const DATA_BYTES_MAX: usize = 2048;

pub(super) const FEATURE: Feature = Feature {
    fields: &[
        boolean_field!("x-muc#roomconfig_registration", &REGISTRATION_OPEN, registration)
            .under(Section::Access)
            .hint(&REGISTRATION_HINT),
        boolean_field!("x-muc#roomconfig_reservednick", &NICKS_LOCKED, lock_nicks).under(Section::Access),
    ],
    commands: &[Command {
        pages: Some(Pages { type_: REGISTRATIONS, from: "after" }),
        ..Command::new(REGISTRATIONS, &REGISTERED_COMMAND, surface::admins, |room, form, inbound, cx, _| {
            Ok(list(room, form, inbound, cx.service))
        })
    }],
    texts: ALL,
    ..Feature::new("register")
};

texts! {
    REGISTRATION_OPEN =>
        en "Registration: those who can enter can reserve a nickname, and become members by it"
        de "Registrierung: Wer eintreten kann, kann sich einen Spitznamen reservieren und wird damit Mitglied"
        fr "Enregistrement : ceux qui peuvent entrer peuvent réserver un pseudo, et deviennent ainsi membres"
        es "Registro: quien puede entrar puede reservar un apodo, y así se hace miembro";
    REGISTRATION_HINT =>
        en "Members may write in a moderated room, too."
        de "Mitglieder dürfen auch in einem moderierten Raum schreiben."
        fr "Les membres peuvent écrire aussi dans un salon modéré."
        es "Los miembros pueden escribir también en una sala moderada.";
    NICKS_LOCKED =>
        en "Fixed nicknames: those who have registered a nickname cannot use another"
        de "Feste Spitznamen: Wer einen Spitznamen registriert hat, kann keinen anderen benutzen"
        fr "Pseudos fixes : ceux qui ont enregistré un pseudo ne peuvent pas en utiliser un autre"
        es "Apodos fijos: quien ha registrado un apodo no puede usar otro";
    REGISTRATION_WITH(room) =>
        en "Registration with {room}"
        de "Registrierung in {room}"
        fr "Enregistrement auprès de {room}"
        es "Registro en {room}";
    GIVEN_NAME =>
        en "Given name"
        de "Vorname"
        fr "Prénom"
        es "Nombre de pila";
    FAMILY_NAME =>
        en "Family name"
        de "Nachname"
        fr "Nom de famille"
        es "Apellidos";
    WEB_PAGE =>
        en "Web page"
        de "Webseite"
        fr "Page web"
        es "Página web";
    EMAIL_ADDRESS =>
        en "Email address"
        de "E-Mail-Adresse"
        fr "Adresse e-mail"
        es "Correo electrónico";
    FEW_WORDS =>
        en "A few words for the others"
        de "Ein paar Worte für die anderen"
        fr "Quelques mots pour les autres"
        es "Unas palabras para los demás";
    REGISTERED_COMMAND =>
        en "List who is registered, with what they say of themselves"
        de "Auflisten, wer registriert ist, mit dem, was sie über sich sagen"
        fr "Lister qui est enregistré, avec ce qu’ils disent d’eux-mêmes"
        es "Listar quién está registrado, con lo que dicen de sí";
    REGISTERED =>
        en "Who is registered"
        de "Wer registriert ist"
        fr "Qui est enregistré"
        es "Quién está registrado";
}

/// The fields that a service may ask for beside the nick (`[service] registration_fields`).
pub(crate) fn data_fields() -> [&'static str; 5] {
    DATA.map(|(var, _)| var)
}

/// Those that it asks for, with their labels.
fn asked_for(service: &Service) -> impl Iterator<Item = (&'static str, &'static Text)> {
    DATA.into_iter().filter(|(var, _)| service.registration_fields.iter().any(|asked| asked == var))
}

/// What is told of registration to an account: that there is one, where it could succeed.
pub(crate) fn advertise(room: &Room, account: &BareJid, vars: &mut Vec<&'static str>) {
    if check_allowed(room, account).is_ok() {
        vars.extend([ns::REGISTER, ns::MUC_REGISTER]);
    }
}

/// The form, or what is registered already.
pub(crate) fn get(room: &Room, inbound: &Inbound, cx: &Context<'_>, fx: &mut Effects) -> Result<(), Refusal> {
    let account = inbound.from.to_bare();
    check_allowed(room, &account)?;
    let mut query = el("query", ns::REGISTER);
    if let Some(nick) = registered_nick(room, &account) {
        query =
            query.child(el("registered", ns::REGISTER)).child(el("username", ns::REGISTER).text_node(nick));
    }
    let nick = Field {
        var: ROOM_NICK,
        type_: Some("text-single"),
        label: Some(&words::NICKNAME),
        values: registered_nick(room, &account).map(str::to_owned).into_iter().collect(),
        required: true,
        ..Field::default()
    };
    let said = room.state.affiliations.own(&account).map(|affiliated| &affiliated.data);
    let data = asked_for(cx.service).map(|(var, label)| {
        let type_ = Some(if var == FAQ_ENTRY { "text-multi" } else { "text-single" });
        let text = said.and_then(|said| said.get(var)).into_iter();
        let values = text.flat_map(|text| text.split('\n').map(str::to_owned)).collect();
        Field { var, type_, label: Some(label), values, ..Field::default() }
    });
    let fields: Vec<_> = std::iter::once(nick).chain(data).collect();
    let lang = room.lang(cx.service).of(&inbound.stanza);
    let x = form(lang, ns::MUC_REGISTER, REGISTRATION_WITH.with([room.name()]), &fields);
    fx.send(&iq_result(&inbound.to, inbound.id(), Some(query.child(x))), &inbound.from);
    Ok(())
}

/// A filled-in form, or the wish to be forgotten.
pub(crate) fn set(
    room: &mut Room,
    query: &Element,
    inbound: &Inbound,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) -> Result<(), Refusal> {
    let account = inbound.from.to_bare();
    if query.has_child("remove", ns::REGISTER) {
        if query.children().count() > 1 {
            return Err(Refusal::bad_request(&words::REMOVAL_ALONE));
        }
        unregister(room, &account, cx, fx)?;
    } else {
        check_allowed(room, &account)?;
        let x = query.get_child("x", ns::DATA).ok_or_else(|| Refusal::bad_request(&words::FORM_NEEDED))?;
        match Reply::read(x, ns::MUC_REGISTER).map_err(Refusal::bad_request)? {
            Reply::Cancel => {}
            Reply::Submit(form) => {
                let nick = form.values(ROOM_NICK).and_then(|v| v.first()).filter(|nick| !nick.is_empty());
                let nick = nick.ok_or_else(|| Refusal::bad_request(&words::REGISTER_NICK_NEEDED))?;
                let nick = nick::to_reserve(room, nick, &account, cx)?;
                let data = read_data(room, &account, &form, cx.service)?;
                register(room, &account, &nick, data, cx, fx)?;
            }
        }
    }
    fx.send(&iq_result(&inbound.to, inbound.id(), None), &inbound.from);
    Ok(())
}

/// What a member says of himself after the form. Clients that register a nick by themselves send nothing but the nick:
/// a field that is absent keeps its value, an empty one clears it.
fn read_data(
    room: &Room,
    account: &BareJid,
    form: &Submitted,
    service: &Service,
) -> Result<BTreeMap<String, String>, Refusal> {
    let is_asked_for = |var: &str| var == ROOM_NICK || asked_for(service).any(|(asked, _)| asked == var);
    if let Some(var) = form.vars().find(|var| !is_asked_for(var) && form.value(var).is_some()) {
        return Err(Refusal::feature_not_implemented(words::NO_SUCH_FIELD.with([Value::quoted(var)])));
    }
    let mut data = room.state.affiliations.own(account).map(|a| a.data.clone()).unwrap_or_default();
    for (var, _) in asked_for(service) {
        match form.values(var).map(|values| values.join("\n").trim().to_owned()) {
            Some(text) if text.is_empty() => data.remove(var),
            Some(text) => data.insert(var.to_owned(), text),
            None => None,
        };
    }
    if data.values().map(String::len).sum::<usize>() > DATA_BYTES_MAX {
        return Err(Refusal::policy_violation(words::DATA_MOST.with([DATA_BYTES_MAX])));
    }
    Ok(data)
}

/// Most rows of a page of the list.
const ROWS_MAX: usize = 200;

/// Everybody who has registered a nick or said something of themself, in the order of their addresses.
fn list(room: &Room, form: &Submitted, inbound: &Inbound, service: &Service) -> Done {
    let lang = room.lang(service).of(&inbound.stanza);
    let after = form.value("after").and_then(|after| BareJid::parse(after).ok());
    let all =
        room.state.affiliations.range((after.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded));
    let registered = all.filter(|(_, a)| a.nick.is_some() || !a.data.is_empty());
    let rows = registered.map(|(jid, a)| {
        let said = asked_for(service).map(|(var, _)| a.data.get(var).cloned().unwrap_or_default());
        [jid.as_str().to_owned(), a.nick.clone().unwrap_or_default()].into_iter().chain(said).collect()
    });
    let (rows, last) = page_of_rows(rows, ROWS_MAX);
    let columns: [(&str, &Text); 2] = [("jid", &words::ADDRESS), (ROOM_NICK, &words::NICKNAME)];
    let columns: Vec<_> = columns.into_iter().chain(asked_for(service)).collect();
    Done::page(table(lang, ns::MUC_REGISTER, &REGISTERED, &columns, &rows), last)
}

fn check_allowed(room: &Room, account: &BareJid) -> Result<(), Refusal> {
    if account.local().is_none() {
        return Err(Refusal::not_allowed(&words::REGISTER_ACCOUNTS));
    }
    let allowed = match room.affiliation(account) {
        Affiliation::Outcast => false,
        Affiliation::None => room.config().registration,
        Affiliation::Member | Affiliation::Admin | Affiliation::Owner => true,
    };
    if allowed { Ok(()) } else { Err(Refusal::not_allowed(&words::MAY_NOT_REGISTER)) }
}

fn register(
    room: &mut Room,
    account: &BareJid,
    wanted: &Nick,
    data: BTreeMap<String, String>,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) -> Result<(), Refusal> {
    nick::check_free(room, wanted, account)?;
    let mut change = match affiliation::recorded(room, account) {
        known if known > Affiliation::Member => Change::new(account, known)?,
        _ => Change::unvetted(account)?,
    };
    (change.nick, change.data) = (Some(wanted.as_str().to_owned()), Some(data));
    affiliation::check_end(room, std::slice::from_ref(&change), cx)?;
    affiliation::apply(room, &change, None, cx, fx);
    if room.config().lock_nicks {
        nick::assign(room, account, wanted, cx, fx);
    }
    Ok(())
}

/// The nick is free again; a member is one no longer, admins and owners stay what they are (trap 46).
fn unregister(
    room: &mut Room,
    account: &BareJid,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) -> Result<(), Refusal> {
    entry::check_no_ban(room, account)?;
    let now = affiliation::recorded(room, account);
    let new = match now {
        Affiliation::Outcast | Affiliation::None => {
            return Err(Refusal::registration_required(&words::NOT_REGISTERED));
        }
        Affiliation::Member => Affiliation::None,
        Affiliation::Admin | Affiliation::Owner => now,
    };
    let mut change = Change::new(account, new)?;
    (change.nick, change.data) = (Some(String::new()), Some(BTreeMap::new()));
    affiliation::apply(room, &change, None, cx, fx);
    Ok(())
}
