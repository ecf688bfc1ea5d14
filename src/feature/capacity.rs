//! The most occupants that a room may have (XEP-0045 §7.2.9).

use crate::room::Room;
use crate::room::context::Context;
use crate::room::surface::{Bound, Feature, Field, FieldKind, Section};
use crate::wire::muc::Affiliation;
use crate::wire::refusal::Refusal;
use crate::words::{self, texts};

const MOST: Bound = Bound::of("limits.occupants_max", |limits| limits.occupants_max);

pub(super) const FEATURE: Feature = Feature {
    fields: &[Field {
        key: "occupants_max",
        var: "muc#roomconfig_maxusers",
        aliases: &[],
        label: &ROOM_OCCUPANTS_MOST,
        desc: None,
        section: Section::Access,
        offered: |_, _| true,
        kind: FieldKind::Choice(&[10, 20, 30, 50, 100, 200, 500, 1000], MOST),
        get: |config| {
            vec![if config.occupants_max == 0 { "none".to_owned() } else { config.occupants_max.to_string() }]
        },
        set: |config, values, limits| {
            let word = values.first().map(|v| v.trim()).unwrap_or_default();
            config.occupants_max = match word {
                "" | "none" | "0" => 0,
                number => number.parse().map_err(|_| &words::NOT_NUMBER_OR_NONE)?,
            };
            MOST.check(config.occupants_max, limits).map(|_| ())
        },
    }],
    info: |room, info| {
        if room.tells_how_lively() {
            info.push(("muc#roominfo_occupants", room.roster.len().to_string()));
        }
    },
    texts: ALL,
    ..Feature::new("capacity")
};

texts! {
    ROOM_OCCUPANTS_MOST =>
        en "How many can be in the room at the same time"
        de "Wie viele zugleich im Raum sein können"
        fr "Combien de personnes peuvent être dans le salon à la fois"
        es "Cuántas personas pueden estar en la sala a la vez";
}

/// Refuses one more occupant when the room is full. Admins and owners may exceed the limit by a tenth, and by
/// five at least.
pub(crate) fn check(room: &Room, affiliation: Affiliation, cx: &Context<'_>) -> Result<(), Refusal> {
    let service_max = cx.limits().occupants_max;
    let max = match room.config().occupants_max {
        0 => service_max,
        own => own.min(service_max),
    } as usize;
    let seats = if affiliation >= Affiliation::Admin { max + (max / 10).max(5) } else { max };
    if room.roster.len() < seats { Ok(()) } else { Err(Refusal::room_full(&words::ROOM_FULL)) }
}
