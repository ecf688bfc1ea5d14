//! What kind of content is to be expected in a room (XEP-0456).

use crate::room::surface::{Feature, Field, FieldKind, Section};
use crate::wire::form::{self, is_uri};
use crate::wire::ns;
use crate::words::{self, Value, Words, texts};

const VAR: &str = "urn:xmpp:crl:0#simple-labels";

/// Most labels.
const LABELS_MAX: usize = 20;

pub(super) const FEATURE: Feature = Feature {
    fields: &[Field {
        key: "ratings",
        var: VAR,
        aliases: &[],
        label: &RATINGS,
        desc: Some(&RATINGS_HINT),
        section: Section::Rest,
        offered: |_, _| true,
        kind: FieldKind::Lines,
        get: |config| config.ratings.clone(),
        set: |config, values, limits| {
            config.ratings = read(values, limits.text_bytes_max)?;
            Ok(())
        },
    }],
    forms: |room, _, forms| {
        let values = room.config().ratings.clone();
        if !values.is_empty() {
            let labels =
                form::Field { var: VAR, type_: Some("text-multi"), values, ..form::Field::default() };
            forms.push(form::result(ns::CONTENT_RATING, &[labels]));
        }
    },
    texts: ALL,
    ..Feature::new("ratings")
};

texts! {
    RATINGS =>
        en "Content ratings"
        de "Einstufungen der Inhalte"
        fr "Classification des contenus"
        es "Clasificación de contenidos";
    RATINGS_HINT =>
        en "For rooms that have to say for which age they are; mostly empty. In each line the URI of a rating scheme, a space, and a label of that scheme."
        de "Für Räume, die sagen müssen, für welches Alter sie sind; meist leer. In jeder Zeile die URI eines Einstufungssystems, ein Leerzeichen und eine Einstufung daraus."
        fr "Pour les salons qui doivent dire à quel âge ils conviennent ; le plus souvent vide. Dans chaque ligne, l’URI d’un système de classification, une espace et une mention de ce système."
        es "Para salas que deben decir para qué edad son; casi siempre vacío. En cada línea, el URI de un sistema de clasificación, un espacio y una etiqueta de ese sistema.";
}

/// The labels, each of a scheme; blank lines do not count.
fn read(values: &[String], bytes_max: usize) -> Result<Vec<String>, Words> {
    let mut labels = Vec::new();
    for line in values.iter().flat_map(|value| value.lines()).map(str::trim).filter(|line| !line.is_empty()) {
        let is_label = |text: &str| !text.trim().is_empty() && !text.contains(char::is_control);
        match line.split_once(' ') {
            Some((scheme, label)) if is_uri(scheme) && is_label(label) => labels.push(line.to_owned()),
            _ => return Err(words::RATING_WRONG.with([Value::quoted(line)])),
        }
    }
    if labels.len() > LABELS_MAX || labels.iter().map(String::len).sum::<usize>() > bytes_max {
        return Err(words::RATINGS_MOST.with([LABELS_MAX, bytes_max]));
    }
    Ok(labels)
}
