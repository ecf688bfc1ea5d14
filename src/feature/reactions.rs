//! Which reactions a room lets pass, and how many (XEP-0444 §2.2, §3.3).

use std::collections::BTreeSet;

use minidom::Element;

use crate::room::Room;
use crate::room::config::Config;
use crate::room::surface::{Feature, Field, FieldKind, Section, number_field};
use crate::wire::refusal::Refusal;
use crate::wire::{form, ns};
use crate::words::{self, Value, Words, texts};

/// Most reactions to choose from.
const ALLOWED_MAX: usize = 100;
/// Most bytes of one: the longest emoji of Unicode take about a third of it.
const REACTION_BYTES_MAX: usize = 128;

pub(super) const FEATURE: Feature = Feature {
    fields: &[
        number_field!(
            "{urn:xmpp:reactions:0:restrictions}max_reactions_per_user",
            &REACTIONS_EACH_MOST,
            reactions_max
        )
        .under(Section::Speaking)
        .hint(&ZERO_ANY_NUMBER),
        Field {
            key: "reactions_allowed",
            var: "{urn:xmpp:reactions:0:restrictions}allowlist",
            aliases: &[],
            label: &REACTIONS_LIST,
            desc: Some(&REACTIONS_LIST_HINT),
            section: Section::Speaking,
            offered: |_, _| true,
            kind: FieldKind::Lines,
            get: |config| config.reactions_allowed.clone(),
            set: |config, values, _| {
                config.reactions_allowed = read(values)?;
                Ok(())
            },
        },
    ],
    disco: |room, vars| {
        if is_restricted(room.config()) {
            vars.push(ns::REACTIONS);
        }
    },
    forms: |room, _, forms| {
        let config = room.config();
        let field = |var, values| form::Field { var, values, ..form::Field::default() };
        let most = (config.reactions_max > 0)
            .then(|| field("max_reactions_per_user", vec![config.reactions_max.to_string()]));
        let allowed = (!config.reactions_allowed.is_empty())
            .then(|| field("allowlist", config.reactions_allowed.clone()));
        if is_restricted(config) {
            let fields: Vec<_> = most.into_iter().chain(allowed).collect();
            forms.push(form::result(ns::REACTION_RESTRICTIONS, &fields));
        }
    },
    texts: ALL,
    ..Feature::new("reactions")
};

texts! {
    REACTIONS_EACH_MOST =>
        en "How many reactions each person can give to one message"
        de "Wie viele Reaktionen eine Person auf eine Nachricht geben kann"
        fr "Combien de réactions chacun peut donner à un message"
        es "Cuántas reacciones puede dar cada persona a un mensaje";
    ZERO_ANY_NUMBER =>
        en "0 for any number."
        de "0 für beliebig viele."
        fr "0 pour un nombre quelconque."
        es "0 para cualquier número.";
    REACTIONS_LIST =>
        en "Which reactions are allowed"
        de "Welche Reaktionen erlaubt sind"
        fr "Quelles réactions sont permises"
        es "Qué reacciones se permiten";
    REACTIONS_LIST_HINT =>
        en "One emoji in each line. Leave it empty to allow all."
        de "Ein Emoji in jeder Zeile. Bleibt es leer, sind alle erlaubt."
        fr "Un émoji par ligne. Si rien n’est écrit, toutes sont permises."
        es "Un emoji por línea. Si queda vacío, se permiten todas.";
}

fn is_restricted(config: &Config) -> bool {
    config.reactions_max > 0 || !config.reactions_allowed.is_empty()
}

/// Reactions to choose from, each once.
fn read(values: &[String]) -> Result<Vec<String>, Words> {
    let mut allowed: Vec<String> = Vec::new();
    for value in values.iter().flat_map(|value| value.lines()).map(str::trim).filter(|v| !v.is_empty()) {
        if value.len() > REACTION_BYTES_MAX || value.contains(char::is_control) {
            return Err(words::REACTION_WRONG.with([Value::quoted(value)]));
        }
        if !allowed.iter().any(|known| known == value) {
            allowed.push(value.to_owned());
        }
        if allowed.len() > ALLOWED_MAX {
            return Err(words::REACTIONS_LISTED_MOST.with([ALLOWED_MAX]));
        }
    }
    Ok(allowed)
}

/// Refuses reactions that the room does not let pass. Not with `not-acceptable`, which the specification asks for:
/// clients take that, on a message to a room, for the news that they are not in it.
pub(crate) fn check(room: &Room, message: &Element) -> Result<(), Refusal> {
    let config = room.config();
    if !is_restricted(config) {
        return Ok(());
    }
    for reactions in message.children().filter(|c| c.is("reactions", ns::REACTIONS)) {
        let texts =
            reactions.children().filter(|c| c.is("reaction", ns::REACTIONS)).map(|r| plain(&r.text()));
        let distinct: BTreeSet<String> = texts.collect();
        if config.reactions_max > 0 && distinct.len() > config.reactions_max as usize {
            let most = config.reactions_max;
            return Err(Refusal::policy_violation(words::REACTIONS_MOST.with([most])));
        }
        let allowed = &config.reactions_allowed;
        let plainly: BTreeSet<String> = allowed.iter().map(|a| plain(a)).collect();
        if !allowed.is_empty() && !distinct.is_subset(&plainly) {
            return Err(Refusal::policy_violation(words::REACTIONS_ALLOWED.with([allowed.join(" ")])));
        }
    }
    Ok(())
}

/// Without the selectors that say whether a character is drawn as a picture: clients differ about them.
fn plain(reaction: &str) -> String {
    reaction.trim().chars().filter(|c| !matches!(c, '\u{fe0e}' | '\u{fe0f}')).collect()
}
