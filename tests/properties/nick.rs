//! Nicks and what makes two of them the same (XEP-0045 §7.2.8, §17.1).

use conclave::room::limits::Limits;
use conclave::room::nick::{Nick, NickKey};
use conclave::wire::jid::BareJid;
use proptest::prelude::*;
use unicode_normalization::UnicodeNormalization;

const INVISIBLE: [char; 15] = [
    '\u{ad}',
    '\u{200b}',
    '\u{200d}',
    '\u{200e}',
    '\u{202e}',
    '\u{2060}',
    '\u{2066}',
    '\u{fe0f}',
    '\u{feff}',
    '\u{e0041}',
    '\u{34f}',
    '\u{180b}',
    '\u{2800}',
    '\u{3164}',
    '\u{ffa0}',
];

/// A character of one of many kinds.
fn letter() -> impl Strategy<Value = char> {
    prop_oneof![
        prop::char::range(' ', '~'),
        prop::char::range('\u{a0}', '\u{24f}'),
        prop::char::range('\u{370}', '\u{58f}'),
        prop::char::range('\u{1c80}', '\u{1fff}'),
        prop::char::range('\u{2100}', '\u{2190}'),
        prop::char::range('\u{fb00}', '\u{fb4f}'),
        prop::char::range('\u{ff00}', '\u{ffef}'),
        prop::char::range('\u{10400}', '\u{1044f}'),
        prop::char::range('\u{1f400}', '\u{1f4ff}'),
        prop::char::range('\u{300}', '\u{36f}'),
        any::<char>(),
    ]
}

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(letter(), 0..10).prop_map(String::from_iter)
}

proptest! {
    #![proptest_config(crate::cases(2000))]

    // 45-7.2.8-e
    #[test]
    fn a_key_is_its_own_key(text in text()) {
        let key = NickKey::of(&text);
        prop_assert_eq!(NickKey::of(key.as_str()), key);
    }

    // 45-7.2.8-a, 45-7.2.8-e
    #[test]
    fn case_makes_no_other_nick(text in text()) {
        let text: String = text.nfkc().collect();
        // The one mark that becomes a letter of its own: where it stands among other marks is then a matter of
        // spelling.
        prop_assume!(!text.contains('\u{345}'));
        let key = NickKey::of(&text);
        prop_assert_eq!(NickKey::of(&text.to_uppercase()), key.clone());
        prop_assert_eq!(NickKey::of(&text.to_lowercase()), key);
    }

    // 45-7.2.8-a, 45-7.2.8-e
    #[test]
    fn width_and_composition_make_no_other_nick(text in "[!-~]{1,20}", any in text()) {
        let wide: String =
            text.chars().map(|c| char::from_u32(c as u32 + 0xfee0).expect("a wide form")).collect();
        prop_assert_eq!(NickKey::of(&wide), NickKey::of(&text));
        let key = NickKey::of(&any);
        prop_assert_eq!(NickKey::of(&any.nfd().collect::<String>()), key.clone());
        prop_assert_eq!(NickKey::of(&any.nfkc().collect::<String>()), key);
    }

    // 45-7.2.8-a, 45-17.1-c
    #[test]
    fn invisible_characters_make_no_other_nick(
        text in text(),
        places in prop::collection::vec((any::<prop::sample::Index>(), prop::sample::select(&INVISIBLE[..])), 1..4),
    ) {
        let mut chars: Vec<char> = text.chars().collect();
        for (place, c) in places {
            chars.insert(place.index(chars.len() + 1), c);
        }
        prop_assert_eq!(NickKey::of(&String::from_iter(chars)), NickKey::of(&text));
    }

    // 45-14.6-a, 45-7.2.8-e
    #[test]
    fn nicks_of_one_key_look_alike_and_other_words_do_not(text in text(), word in "[a-hj-kn-z]{1,20}", other in "[a-hj-kn-z]{1,20}") {
        let (nick, key) = (Nick::trusted(&text), NickKey::of(&text));
        prop_assert!(nick.look().is_like(Nick::trusted(key.as_str()).look()));
        let alike = Nick::trusted(&word).look().is_like(Nick::trusted(&other).look());
        prop_assert_eq!(alike, word == other);
    }

    // 45-17.1-a, 45-17.1-c
    #[test]
    fn an_accepted_nick_shows_something_and_is_short(text in text(), times in 1..40usize) {
        let text = text.repeat(times);
        let limits = Limits::default();
        let room = BareJid::parse("r@muc.example").expect("an address");
        match Nick::parse(&text, &limits) {
            Ok(nick) => {
                prop_assert!(!nick.key().as_str().is_empty());
                prop_assert!(nick.key().as_str().chars().any(|c| !c.is_whitespace() && !INVISIBLE.contains(&c)));
                prop_assert!(text.len() <= limits.nick_bytes_max);
                prop_assert_eq!(nick.as_str(), &text);
                prop_assert!(room.with_resource(&text).is_ok(), "an occupant has an address");
            }
            Err(_) => {
                let shows_nothing = NickKey::of(&text).as_str().is_empty();
                let turns = text.contains(|c| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'));
                let none = room.with_resource(&text).is_err();
                prop_assert!(text.len() > limits.nick_bytes_max || shows_nothing || turns || none);
            }
        }
    }
}
