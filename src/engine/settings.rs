//! The configuration form as owners see it: headings, hints, values, ranges (XEP-0045 §10.1.3, §10.2).
//!
//! It is made for who has never run a room: what everybody needs comes first, and what is called otherwise elsewhere is
//! explained. A number outside of its range would make the whole form come back, so each says its range (XEP-0122).

use minidom::Element;

use crate::feature::fields;
use crate::room::config::Config;
use crate::room::context::Context;
use crate::room::surface::{self, Bound, FieldKind, Section};
use crate::room::{Life, Room};
use crate::wire::form::{Field, guided};
use crate::wire::inbound::Inbound;
use crate::wire::{encode, fit, ns};
use crate::words::{self, Label, Text, Words};

/// The fields of the lists of admins and of owners.
pub(crate) const ADMINS: &str = "muc#roomconfig_roomadmins";
pub(crate) const OWNERS: &str = "muc#roomconfig_roomowners";

/// Longest list in a form, in bytes on the wire, and what a value is beside its text.
const LIST_BYTES_MAX: usize = fit::LIST_BYTES_MAX / 4;
const VALUE_BYTES: usize = 15;

/// The form with the current values. That of a new room is filled in so that the room stays once it is sent (trap 63): a
/// submit that leaves the field out, and a room that opens without a form, follow the configuration.
pub(crate) fn form(room: &Room, inbound: &Inbound, cx: &Context<'_>) -> Element {
    let lang = room.lang(cx.service).of(&inbound.stanza);
    let by_admin = cx.service.is_admin(&inbound.from.to_bare());
    let config =
        Config { persistent: room.config().persistent || room.life == Life::Locked, ..room.config().clone() };
    let offered: Vec<_> = fields()
        .filter(|field| by_admin || !kept_to_admins(field, cx))
        .filter(|field| (field.offered)(&config, cx.service))
        .map(|field| (field, (field.get)(&config)))
        .collect();
    let options: Vec<_> = offered.iter().map(|(field, values)| options(field.kind, values, cx)).collect();
    let numbers: Vec<Vec<(&str, Label<'_>)>> = options
        .iter()
        .map(|(plain, words)| {
            words.iter().copied().chain(plain.iter().map(|n| (&**n, Label::Plain(n)))).collect()
        })
        .collect();
    let mut shown: Vec<Field<'_>> = Vec::new();
    for (section, number) in Section::ALL.into_iter().zip(1..) {
        // Clients draw a heading like the label of a field: the number tells them apart, and how far the form goes.
        shown.push(said(&format!("{number}. {}", lang.text(section.heading()))));
        match section {
            // Where clients that have the picture in this form show it.
            Section::Basics => shown.push(said(lang.text(&words::ROOM_PICTURE_HINT))),
            Section::People => lists(room).for_each(|list| shown.push(list)),
            _ => {}
        }
        for ((field, values), options) in
            offered.iter().zip(&numbers).filter(|((f, _), _)| f.section == section)
        {
            let integer_max = match field.kind {
                FieldKind::Integer(bound) => Some((bound.most)(cx.limits())),
                _ => None,
            };
            shown.push(Field {
                var: field.var,
                type_: Some(field.kind.wire()),
                label: Some(field.label),
                desc: hint(field.desc, integer_max),
                values: values.clone(),
                options,
                integer_max,
                required: false,
            });
        }
    }
    let title = words::SETTINGS_OF.with([room.name()]);
    guided(lang, ns::MUC_ROOMCONFIG, title, &[&words::SETTINGS_HINT], &shown)
}

/// Whether the operator lets only the admins of the service change a field.
pub(crate) fn kept_to_admins(field: &surface::Field, cx: &Context<'_>) -> bool {
    cx.service.admin_fields.iter().any(|var| field.var == var)
}

/// Numbers and words to choose from: what there is now, and nothing that would be refused.
fn options(
    kind: FieldKind,
    values: &[String],
    cx: &Context<'_>,
) -> (Vec<String>, Vec<(&'static str, Label<'static>)>) {
    match kind {
        FieldKind::One(options) | FieldKind::Many(options) => (Vec::new(), options.to_vec()),
        FieldKind::Choice(numbers, Bound { most, .. }) => {
            let now = values.first().and_then(|value| value.parse().ok());
            let mut numbers: Vec<u32> = numbers.iter().copied().filter(|n| *n <= most(cx.limits())).collect();
            numbers.extend(now.filter(|now| !numbers.contains(now)));
            numbers.sort_unstable();
            let numbers = numbers.into_iter().map(|number| number.to_string()).collect();
            (numbers, vec![("none", Label::Text(&words::NO_LIMIT))])
        }
        _ => (Vec::new(), Vec::new()),
    }
}

/// What people need to know of a field. Not all clients check the range: it is said as well.
fn hint(desc: Option<&'static Text>, integer_max: Option<u32>) -> Option<Words> {
    let most = integer_max.filter(|most| *most < u32::MAX).map(|most| words::NUMBER_MOST.with([most]));
    match (desc.map(Words::from), most) {
        (Some(desc), Some(most)) => Some(desc.and(most)),
        (desc, most) => desc.or(most),
    }
}

/// What is only said.
fn said(text: &str) -> Field<'static> {
    Field { type_: Some("fixed"), values: vec![text.to_owned()], ..Field::default() }
}

/// The lists of admins and of owners. One that is too long is not in the form: what is not in it stays as it is.
fn lists(room: &Room) -> impl Iterator<Item = Field<'static>> {
    let lists: [(_, &Text, &Text, _); 2] = [
        (ADMINS, &words::ROOM_ADMINS, &words::ROOM_ADMINS_HINT, &room.ranks.admins),
        (OWNERS, &words::ROOM_OWNERS, &words::ROOM_OWNERS_HINT, &room.ranks.owners),
    ];
    lists.into_iter().filter_map(|(var, label, desc, list)| {
        let bytes = list.iter().map(|jid| encode::escaped_len(jid.as_str()) + VALUE_BYTES).sum::<usize>();
        let values = || list.iter().map(ToString::to_string).collect();
        let (label, desc) = (Some(label), Some(desc.into()));
        (bytes <= LIST_BYTES_MAX).then(|| Field {
            var,
            type_: Some("jid-multi"),
            label,
            desc,
            values: values(),
            ..Field::default()
        })
    })
}
