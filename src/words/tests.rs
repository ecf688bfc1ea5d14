//! Every text in every language, and the operator's file.

use std::collections::BTreeSet;

use super::text::split;
use super::*;

/// All texts, those of features as well.
fn all() -> impl Iterator<Item = &'static Entry> {
    super::all().chain(crate::feature::texts())
}

fn values(text: &str) -> BTreeSet<&str> {
    let mut rest = text;
    let mut found = BTreeSet::new();
    while let Some((_, name, after)) = split(rest) {
        found.insert(name);
        rest = after;
    }
    found
}

fn extra(toml: &str) -> Extra {
    toml::from_str(toml).expect("test toml")
}

fn wrong(toml: &str) -> String {
    Catalogue::new("en", &extra(toml), crate::feature::texts()).expect_err("a mistake")
}

#[test]
fn every_text_is_there_in_every_language_with_its_values() {
    for entry in all() {
        for (lang, text) in LANGUAGES.iter().zip(entry.texts) {
            assert!(!text.trim().is_empty() && text.trim() == text, "{} [{lang}]", entry.name);
            assert_eq!(values(text), entry.values.iter().copied().collect(), "{} [{lang}]", entry.name);
        }
    }
}

#[test]
fn no_name_and_no_text_is_there_twice_and_no_translation_is_forgotten() {
    let names: BTreeSet<&str> = all().map(|entry| entry.name).collect();
    assert_eq!(names.len(), all().count());
    let mut texts = BTreeSet::new();
    for entry in all() {
        assert!(texts.insert(entry.texts), "{} is there under another name", entry.name);
    }
    // Words that are the same in another language, or are no words at all.
    let letters = |text: &str| text.chars().filter(|c| c.is_alphabetic()).count();
    for entry in all().filter(|entry| letters(entry.texts[0]) > 30) {
        let texts: BTreeSet<&str> = entry.texts.into_iter().collect();
        assert_eq!(texts.len(), LANGUAGES.len(), "{}", entry.name);
    }
}

#[test]
fn sentences_begin_with_a_capital_and_end_with_a_stop_in_all_languages_or_in_none() {
    for entry in all() {
        let ends = |text: &str| text.ends_with(['.', '?']);
        let stops: BTreeSet<bool> = entry.texts.into_iter().map(ends).collect();
        assert_eq!(stops.len(), 1, "{}", entry.name);
        for text in entry.texts {
            let first = text.chars().find(|c| c.is_alphanumeric() || *c == '{').expect("a letter");
            assert!(!ends(text) || !first.is_lowercase(), "{}: {text}", entry.name);
        }
    }
}

#[test]
fn a_language_is_found_by_its_tag_or_by_the_beginning_of_it() {
    let catalogue =
        Catalogue::new("fr", &extra("[pt-BR]\nmembers_only = 'Só membros.'"), crate::feature::texts())
            .expect("a catalogue");
    let tag = |asked: &str| catalogue.lang(asked).tag().to_owned();
    for (asked, found) in [
        ("de", "de"),
        ("DE-at", "de"),
        ("es-419", "es"),
        ("pt-br", "pt-BR"),
        ("pt", "fr"),
        ("tlh", "fr"),
        ("", "fr"),
        ("de-", "de"),
        (&"d".repeat(1000), "fr"),
    ] {
        assert_eq!(tag(asked), found, "{asked}");
    }
}

#[test]
fn values_stand_where_the_text_has_them_and_words_are_in_its_language() {
    let catalogue = Catalogue::default();
    let words = FIELD_WRONG.with([Value::from("nick"), (&NOT_NUMBER).into()]).and(NUMBER_MOST.with([7_u32]));
    assert_eq!(
        catalogue.lang("de").words(&words),
        "nick: Es muss eine ganze Zahl sein. Es darf höchstens 7 sein."
    );
    assert_eq!(words.to_string(), "nick: It must be a whole number. It may be 7 at most.");
    // What a person wrote is never read as a text.
    assert_eq!(NO_OPTION.with(["{value} {"]).to_string(), "There is no option “{value} {”.");
}

#[test]
fn what_is_put_into_a_text_is_bounded() {
    for value in [Value::from("ß".repeat(100_000)), Value::from(&*"ß".repeat(100_000))] {
        let text = NO_OPTION.with([value]).to_string();
        assert!((3000..3200).contains(&text.len()), "{}", text.len());
        assert!(text.contains("ß…”"));
    }
}

#[test]
fn of_a_long_text_a_refusal_names_the_beginning() {
    let said = |text: &str| NO_OPTION.with([Value::quoted(text)]).to_string();
    assert_eq!(said("a \u{27}b\u{27}\n"), "There is no option “a 'b' ”.");
    let long = said(&"\u{fdfa}".repeat(300_000));
    assert!(long.contains("“\u{fdfa}") && long.contains("…”") && long.len() < 250, "{long}");
}

#[test]
fn an_operator_changes_texts_and_adds_languages_whose_rest_is_in_english() {
    let file = "[de]\nmembers_only = 'Nur für Mitglieder.'\n[it]\nslow_mode = 'Aspettate {left}.'";
    let catalogue = Catalogue::new("en", &extra(file), crate::feature::texts()).expect("a catalogue");
    assert_eq!(catalogue.lang("de").text(&MEMBERS_ONLY), "Nur für Mitglieder.");
    assert_eq!(catalogue.lang("de").text(&ROOM_FULL), Catalogue::default().lang("de").text(&ROOM_FULL));
    assert_eq!(catalogue.lang("it").words(&SLOW_MODE.with([5_u32, 3])), "Aspettate 3.");
    assert_eq!(catalogue.lang("it").text(&ROOM_FULL), Lang::english().text(&ROOM_FULL));
    assert_eq!(catalogue.missing().collect::<Vec<_>>(), [("it", all().count() - 1)]);
    let twice = "[de]\nmembers_only = 'Nur für Mitglieder.'\n[DE]\nroom_full = 'Voll.'";
    let catalogue = Catalogue::new("en", &extra(twice), crate::feature::texts()).expect("a catalogue");
    let german = catalogue.lang("de");
    assert_eq!((german.text(&MEMBERS_ONLY), german.text(&ROOM_FULL)), ("Nur für Mitglieder.", "Voll."));
}

#[test]
fn mistakes_in_the_operators_file_are_named() {
    for (file, why) in [
        ("[de]\nmember_only = 'x'", "[de] member_only: there is no such text; did you mean members_only?"),
        ("[de]\nMEMBERS_ONLY = 'x'", "there is no such text"),
        ("[de]\nslow_mode = 'noch {more}'", "{more} is not known; this text takes {seconds}, {left}"),
        ("[de]\nmembers_only = 'nur {x}'", "this text takes no values"),
        ("[de]\nslow_mode = 'noch {left'", "a brace stands alone"),
        ("[de]\nslow_mode = 'noch left}'", "a brace stands alone"),
        ("[de]\nmembers_only = ' '", "a text has 1 to 4096 bytes"),
        ("[de]\nmembers_only = \"a\\u0007\"", "control character"),
        ("['d e']\nmembers_only = 'x'", "is no tag of a language"),
    ] {
        let said = wrong(file);
        assert!(said.contains(why), "{file}: {said}");
    }
    let long = format!("[de]\nmembers_only = '{}'", "x".repeat(4097));
    assert!(wrong(&long).contains("1 to 4096 bytes"));
    assert!(
        Catalogue::new("tlh", &Extra::default(), crate::feature::texts())
            .expect_err("unknown")
            .contains("en, de, fr, es")
    );
}
