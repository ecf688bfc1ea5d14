//! Hats: titles that admins give to people, for all to see (XEP-0317).

use std::ops::Bound;

use minidom::Element;

use crate::room::context::Context;
use crate::room::effect::Effects;
use crate::room::hats::Hat;
use crate::room::surface::{Command, Feature, Form, Pages};
use crate::room::{Room, announce, entry, surface};
use crate::wire::build::lang;
use crate::wire::command::{Done, wrong};
use crate::wire::form::{Field, Submitted, form, page_of_rows, table};
use crate::wire::inbound::Inbound;
use crate::wire::jid::BareJid;
use crate::wire::ns;
use crate::wire::refusal::Refusal;
use crate::words::{self, Label, Lang, Text, texts};

/// Most hats of a room.
const KNOWN_MAX: usize = 64;
/// Most hats of one person: all of them are in each of his presences.
const WORN_MAX: usize = 8;
/// Most people with hats in a room.
const WEARERS_MAX: usize = 1000;
/// Longest URI, and longest title.
const TEXT_BYTES_MAX: usize = 256;

const JID: &str = "hats#jid";
const URI: &str = "hats#uri";
const TITLE: &str = "hats#title";
const HUE: &str = "hats#hue";

pub(super) const FEATURE: Feature = Feature {
    disco: |_, vars| vars.push(ns::HATS),
    info: |room, info| {
        if !room.state.record.hats.is_empty() {
            info.push(("hats#hash", room.state.record.hats.hash()));
        }
    },
    commands: &[
        Command::new(
            "urn:xmpp:hats:commands:list",
            &HATS_COMMAND,
            entry::may_read,
            |room, _, inbound, cx, _| Ok(Done::result(list(room, room.lang(cx.service).of(&inbound.stanza)))),
        ),
        Command {
            form: Some(Form { type_: ns::HATS_COMMANDS, show: create_form }),
            ..Command::new("urn:xmpp:hats:commands:create", &MAKE_HAT_COMMAND, surface::admins, create)
        },
        Command {
            offered: |room, _| !room.state.record.hats.known.is_empty(),
            form: Some(Form { type_: ns::HATS_COMMANDS, show: destroy_form }),
            ..Command::new("urn:xmpp:hats:commands:destroy", &DROP_HAT_COMMAND, surface::admins, destroy)
        },
        Command {
            offered: |room, _| !room.state.record.hats.known.is_empty(),
            form: Some(Form {
                type_: ns::HATS_COMMANDS,
                show: |room, lang| wearer_form(room, lang, &GIVING_HAT),
            }),
            ..Command::new("urn:xmpp:hats:commands:assign", &GIVE_HAT_COMMAND, surface::admins, assign)
        },
        Command {
            offered: |room, _| !room.state.record.hats.worn.is_empty(),
            form: Some(Form {
                type_: ns::HATS_COMMANDS,
                show: |room, lang| wearer_form(room, lang, &TAKING_HAT),
            }),
            ..Command::new("urn:xmpp:hats:commands:unassign", &TAKE_HAT_COMMAND, surface::admins, unassign)
        },
        Command {
            pages: Some(Pages { type_: ns::HATS_COMMANDS, from: JID }),
            ..Command::new(
                "urn:xmpp:hats:commands:list-assigned",
                &WORN_HATS_COMMAND,
                surface::admins,
                |room, form, inbound, cx, _| {
                    Ok(list_assigned(room, form, room.lang(cx.service).of(&inbound.stanza)))
                },
            )
        },
    ],
    texts: ALL,
    ..Feature::new("hats")
};

texts! {
    HATS_COMMAND =>
        en "List the hats of this room"
        de "Abzeichen dieses Raums auflisten"
        fr "Lister les badges de ce salon"
        es "Listar las insignias de esta sala";
    MAKE_HAT_COMMAND =>
        en "Make a hat, or change one"
        de "Abzeichen anlegen oder ändern"
        fr "Créer ou modifier un badge"
        es "Crear o cambiar una insignia";
    DROP_HAT_COMMAND =>
        en "Remove a hat"
        de "Abzeichen abschaffen"
        fr "Supprimer un badge"
        es "Eliminar una insignia";
    GIVE_HAT_COMMAND =>
        en "Give a hat to an account"
        de "Einem Konto ein Abzeichen geben"
        fr "Donner un badge à un compte"
        es "Dar una insignia a una cuenta";
    TAKE_HAT_COMMAND =>
        en "Take a hat from an account"
        de "Einem Konto ein Abzeichen nehmen"
        fr "Retirer un badge à un compte"
        es "Quitar una insignia a una cuenta";
    WORN_HATS_COMMAND =>
        en "List who wears which hat"
        de "Auflisten, wer welches Abzeichen trägt"
        fr "Lister qui porte quel badge"
        es "Listar quién lleva qué insignia";
    MAKING_HAT =>
        en "Making a hat"
        de "Abzeichen anlegen"
        fr "Créer un badge"
        es "Crear una insignia";
    DROPPING_HAT =>
        en "Removing a hat"
        de "Abzeichen abschaffen"
        fr "Supprimer un badge"
        es "Eliminar una insignia";
    GIVING_HAT =>
        en "Giving a hat"
        de "Abzeichen geben"
        fr "Donner un badge"
        es "Dar una insignia";
    TAKING_HAT =>
        en "Taking a hat"
        de "Abzeichen nehmen"
        fr "Retirer un badge"
        es "Quitar una insignia";
    HAT_TITLE =>
        en "Title"
        de "Titel"
        fr "Titre"
        es "Título";
    HAT_URI =>
        en "URI, which tells this hat from others; one is made, if empty"
        de "URI, die dieses Abzeichen von anderen unterscheidet; es wird eine gemacht, wenn leer"
        fr "URI, qui distingue ce badge des autres ; une est créée si vide"
        es "URI, que distingue esta insignia de otras; se crea una si está vacío";
    HAT_HUE =>
        en "Colour, as an angle from 0 to 360"
        de "Farbe, als Winkel von 0 bis 360"
        fr "Couleur, comme angle de 0 à 360"
        es "Color, como ángulo de 0 a 360";
    COLOUR =>
        en "Colour"
        de "Farbe"
        fr "Couleur"
        es "Color";
    HAT_WEARER =>
        en "Address of the person"
        de "Adresse der Person"
        fr "Adresse de la personne"
        es "Dirección de la persona";
    HAT_URI_NEEDED(most) =>
        en "A URI of {most} bytes at most is needed."
        de "Nötig ist eine URI von höchstens {most} Bytes."
        fr "Il faut un URI de {most} octets au plus."
        es "Se necesita un URI de {most} bytes como máximo.";
    HAT_TITLE_NEEDED(most) =>
        en "A title of {most} bytes at most is needed."
        de "Nötig ist ein Titel von höchstens {most} Bytes."
        fr "Il faut un titre de {most} octets au plus."
        es "Se necesita un título de {most} bytes como máximo.";
    HAT_HUE_WRONG =>
        en "The colour must be a number from 0 to 360."
        de "Die Farbe muss eine Zahl von 0 bis 360 sein."
        fr "La couleur doit être un nombre de 0 à 360."
        es "El color debe ser un número de 0 a 360.";
    PERSON_NEEDED =>
        en "The address of a person is needed."
        de "Nötig ist die Adresse einer Person."
        fr "Il faut l’adresse d’une personne."
        es "Se necesita la dirección de una persona.";
    NO_SUCH_HAT =>
        en "There is no such hat."
        de "Dieses Abzeichen gibt es nicht."
        fr "Ce badge n’existe pas."
        es "Esa insignia no existe.";
    HAT_IS_THERE =>
        en "There is this hat already."
        de "Dieses Abzeichen gibt es bereits."
        fr "Ce badge existe déjà."
        es "Esa insignia ya existe.";
    HATS_MOST =>
        en "The room has too many hats."
        de "Der Raum hat zu viele Abzeichen."
        fr "Le salon a trop de badges."
        es "La sala tiene demasiadas insignias.";
    HAT_IS_WORN =>
        en "This person has the hat already."
        de "Diese Person hat das Abzeichen bereits."
        fr "Cette personne a déjà ce badge."
        es "Esta persona ya tiene la insignia.";
    HATS_WORN_MOST =>
        en "Too many hats are given away."
        de "Es sind zu viele Abzeichen vergeben."
        fr "Trop de badges sont attribués."
        es "Hay demasiadas insignias repartidas.";
    HAT_NOT_WORN =>
        en "This person does not have the hat."
        de "Diese Person hat das Abzeichen nicht."
        fr "Cette personne n’a pas ce badge."
        es "Esta persona no tiene la insignia.";
    WORN_HATS =>
        en "Who wears which hat"
        de "Wer welches Abzeichen trägt"
        fr "Qui porte quel badge"
        es "Quién lleva qué insignia";
}

fn create_form(_: &Room, lang: Lang<'_>) -> Element {
    let field = |var, label, required| Field {
        var,
        type_: Some("text-single"),
        label: Some(label),
        required,
        ..Field::default()
    };
    let fields = [field(TITLE, &HAT_TITLE, true), field(URI, &HAT_URI, false), field(HUE, &HAT_HUE, false)];
    form(lang, ns::HATS_COMMANDS, &MAKING_HAT, &fields)
}

/// The hats as options of a form, with a field for an address before them if asked for.
fn choice(room: &Room, lang: Lang<'_>, title: &'static Text, jid: bool) -> Element {
    let known = &room.state.record.hats.known;
    let options: Vec<(&str, Label<'_>)> =
        known.iter().map(|(uri, hat)| (uri.as_str(), Label::Plain(&hat.title))).collect();
    let who = Field {
        var: JID,
        type_: Some("jid-single"),
        label: Some(&HAT_WEARER),
        required: true,
        ..Field::default()
    };
    let which = Field {
        var: URI,
        type_: Some("list-single"),
        label: Some(&words::HAT),
        options: &options,
        required: true,
        ..Field::default()
    };
    let fields = [who, which];
    form(lang, ns::HATS_COMMANDS, title, &fields[usize::from(!jid)..])
}

fn destroy_form(room: &Room, lang: Lang<'_>) -> Element {
    choice(room, lang, &DROPPING_HAT, false)
}

fn wearer_form(room: &Room, lang: Lang<'_>, title: &'static Text) -> Element {
    choice(room, lang, title, true)
}

/// The URI in a form, also under the name that an example of the specification has for it.
fn given_uri(form: &Submitted) -> Option<&str> {
    form.value(URI).or_else(|| form.value("hat"))
}

fn uri(form: &Submitted) -> Result<&str, Refusal> {
    let uri = given_uri(form).unwrap_or_default();
    if uri.is_empty() || uri.len() > TEXT_BYTES_MAX || uri.contains(char::is_whitespace) {
        return Err(wrong("bad-payload", HAT_URI_NEEDED.with([TEXT_BYTES_MAX])));
    }
    Ok(uri)
}

/// The URI of a hat that there is.
fn known<'f>(room: &Room, form: &'f Submitted) -> Result<&'f str, Refusal> {
    let uri = uri(form)?;
    let known = room.state.record.hats.known.contains_key(uri);
    if known { Ok(uri) } else { Err(Refusal::item_not_found(&NO_SUCH_HAT)) }
}

fn account(form: &Submitted, cx: &Context<'_>) -> Result<BareJid, Refusal> {
    let jid = form.value(JID).and_then(|text| cx.address(text).ok()).map(|jid| jid.to_bare());
    jid.filter(|jid| jid.local().is_some()).ok_or_else(|| wrong("bad-payload", &PERSON_NEEDED))
}

fn hat(form: &Submitted, inbound: &Inbound) -> Result<Hat, Refusal> {
    let title = form.value(TITLE).filter(|title| title.len() <= TEXT_BYTES_MAX);
    let title = title.ok_or_else(|| wrong("bad-payload", HAT_TITLE_NEEDED.with([TEXT_BYTES_MAX])))?;
    let hue = form.value(HUE);
    let is_angle =
        |text: &str| text.len() <= 20 && text.parse::<f64>().is_ok_and(|a| (0.0..=360.0).contains(&a));
    if hue.is_some_and(|hue| !is_angle(hue)) {
        return Err(wrong("bad-payload", &HAT_HUE_WRONG));
    }
    let lang = lang(&inbound.stanza).filter(|lang| lang.len() <= 35);
    Ok(Hat { title: title.to_owned(), hue: hue.map(str::to_owned), lang: lang.map(str::to_owned) })
}

/// The URI of a hat that comes without: that of the hat with this title, or a new one.
fn uri_of(room: &Room, hat: &Hat, cx: &mut Context<'_>) -> String {
    let mut known = room.state.record.hats.known.iter();
    let titled = known.find(|(_, known)| known.title == hat.title).map(|(uri, _)| uri.clone());
    titled.unwrap_or_else(|| format!("urn:x-hat:{}", cx.id()))
}

fn create(
    room: &mut Room,
    form: &Submitted,
    inbound: &Inbound,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) -> Result<Done, Refusal> {
    let hat = hat(form, inbound)?;
    let uri = match given_uri(form) {
        Some(_) => uri(form)?.to_owned(),
        None => uri_of(room, &hat, cx),
    };
    let hats = &room.state.record.hats;
    if hats.known.get(&uri) == Some(&hat) {
        return Ok(Done::info(&HAT_IS_THERE));
    }
    if !hats.known.contains_key(&uri) && hats.known.len() >= KNOWN_MAX {
        return Err(Refusal::resource_constraint(&HATS_MOST));
    }
    let wearers = hats.wearers(&uri);
    room.state_mut().record.hats.known.insert(uri, hat);
    tell_of_hats(room, &wearers, cx, fx);
    Ok(Done::default())
}

fn destroy(
    room: &mut Room,
    form: &Submitted,
    _: &Inbound,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) -> Result<Done, Refusal> {
    let uri = known(room, form)?;
    let wearers = room.state.record.hats.wearers(uri);
    let hats = &mut room.state_mut().record.hats;
    hats.known.remove(uri);
    for account in &wearers {
        hats.take_off(account, uri);
    }
    tell_of_hats(room, &wearers, cx, fx);
    Ok(Done::default())
}

fn assign(
    room: &mut Room,
    form: &Submitted,
    _: &Inbound,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) -> Result<Done, Refusal> {
    let (uri, account) = (known(room, form)?, account(form, cx)?);
    let worn = &room.state.record.hats.worn;
    let own = worn.get(&account);
    if own.is_some_and(|own| own.contains(uri)) {
        return Ok(Done::info(&HAT_IS_WORN));
    }
    if own.is_some_and(|own| own.len() >= WORN_MAX) || (own.is_none() && worn.len() >= WEARERS_MAX) {
        return Err(Refusal::resource_constraint(&HATS_WORN_MOST));
    }
    room.state_mut().record.hats.worn.entry(account.clone()).or_default().insert(uri.to_owned());
    show(room, &[account], cx, fx);
    Ok(Done::default())
}

fn unassign(
    room: &mut Room,
    form: &Submitted,
    _: &Inbound,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) -> Result<Done, Refusal> {
    let (uri, account) = (uri(form)?, account(form, cx)?);
    if !room.state_mut().record.hats.take_off(&account, uri) {
        return Err(Refusal::item_not_found(&HAT_NOT_WORN));
    }
    show(room, &[account], cx, fx);
    Ok(Done::default())
}

/// Shows those who are concerned anew.
fn show(room: &Room, wearers: &[BareJid], cx: &mut Context<'_>, fx: &mut Effects) {
    for occupant in wearers.iter().flat_map(|account| room.roster.of_account(account)) {
        announce::show(room, occupant, &cx.id(), fx);
    }
}

/// The hats of the room have changed: that is in its information, which clients ask for anew. Who wears which is not, and
/// presences say it.
fn tell_of_hats(room: &Room, wearers: &[BareJid], cx: &mut Context<'_>, fx: &mut Effects) {
    show(room, wearers, cx, fx);
    room.tell_of_configuration(&[], cx, fx);
}

fn list(room: &Room, lang: Lang<'_>) -> Element {
    let rows = room
        .state
        .record
        .hats
        .known
        .iter()
        .map(|(uri, hat)| vec![hat.title.clone(), uri.clone(), hat.hue.clone().unwrap_or_default()]);
    let columns: &[(&str, &Text)] = &[(TITLE, &HAT_TITLE), (URI, &words::URI), (HUE, &COLOUR)];
    table(lang, ns::HATS_COMMANDS, &words::HATS, columns, &rows.collect::<Vec<_>>())
}

/// Most rows of a page of the list.
const ROWS_MAX: usize = 200;

/// In the order of the addresses.
fn list_assigned(room: &Room, form: &Submitted, lang: Lang<'_>) -> Done {
    let hats = &room.state.record.hats;
    let after = form.value(JID).and_then(|after| BareJid::parse(after).ok());
    let worn = hats.worn.range((after.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded));
    let rows = worn.flat_map(|(account, _)| {
        hats.of(account).map(|(uri, hat)| {
            let hue = hat.hue.clone().unwrap_or_default();
            vec![account.as_str().to_owned(), uri.clone(), hat.title.clone(), hue]
        })
    });
    let columns: &[(&str, &Text)] =
        &[(JID, &words::ADDRESS), (URI, &words::URI), (TITLE, &HAT_TITLE), (HUE, &COLOUR)];
    let (rows, last) = page_of_rows(rows, ROWS_MAX);
    Done::page(table(lang, ns::HATS_COMMANDS, &WORN_HATS, columns, &rows), last)
}
