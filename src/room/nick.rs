//! Nicks: kept as the server prepared them, compared by a key (XEP-0045 §7.2.8, §17.1).

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use super::confusable::Skeleton;
pub use super::fold::{KEY_BYTES_MAX, folded};
use super::limits::Limits;
use crate::wire::jid::{JidError, PART_BYTES_MAX, carried, check_resource};
use crate::wire::refusal::Refusal;
use crate::words;

/// What becomes of nicks that some servers cannot carry, such as emoji (`[service] nicks`): the stanzas of who has one come
/// back from there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Nicks {
    /// Who enters gets what every server carries of it, and is told so (XEP-0045 §7.2.2).
    #[default]
    Rewrite,
    /// They are refused.
    Refuse,
    /// They are given.
    Any,
}

/// A nick with the key by which nicks are compared: NFKC, no case, no invisible characters, single spaces.
#[derive(Clone)]
pub struct Nick {
    text: Arc<str>,
    key: NickKey,
    look: Skeleton,
}

/// What makes two nicks the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NickKey(Arc<str>);

impl Nick {
    /// Reads a nick: the resource of an occupant's address, or a text that is to become one.
    ///
    /// Refused are nicks in which nothing is visible, that no address can have, or with characters that turn text around
    /// (`jid-malformed`), and nicks beyond `nick_bytes_max` or [`KEY_BYTES_MAX`] (`not-acceptable`: another nick may pass,
    /// but adding to this one never will).
    pub fn parse(text: &str, limits: &Limits) -> Result<Self, Refusal> {
        // First, since all that follows reads the whole of it.
        if text.len() > limits.nick_bytes_max {
            return Err(Refusal::not_acceptable_here(words::NICK_TOO_LONG.with([limits.nick_bytes_max])));
        }
        let nick = Self::trusted(text);
        if nick.key.is_beyond() {
            return Err(Refusal::not_acceptable_here(words::NICK_TOO_LONG.with([KEY_BYTES_MAX])));
        }
        if nick.key.0.is_empty() {
            return Err(Refusal::jid_malformed(&words::NICK_INVISIBLE));
        }
        if check_resource(text) == Err(JidError::Character) {
            return Err(Refusal::jid_malformed(&words::NICK_CONTROLS));
        }
        if text.contains(turns_text) {
            return Err(Refusal::jid_malformed(&words::NICK_TURNS));
        }
        Ok(nick)
    }

    /// A nick that was accepted before.
    pub fn trusted(text: &str) -> Self {
        let key = NickKey::of(text);
        Self { text: text.into(), look: Skeleton::of(text, key.as_str()), key }
    }

    /// What every server carries of it; `None` if nothing of that can be seen.
    pub fn carried(&self) -> Option<Self> {
        let text = carried(&self.text);
        if *text == *self.text {
            return Some(self.clone());
        }
        let nick = Self::trusted(&text);
        (!nick.key.0.is_empty()).then_some(nick)
    }

    /// As it is shown.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What it is compared by.
    pub fn key(&self) -> &NickKey {
        &self.key
    }

    /// What it looks like.
    pub fn look(&self) -> Skeleton {
        self.look
    }
}

impl NickKey {
    /// The key as a text, which is its own key.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key of a text. What is too long for any address, or would have a key beyond [`KEY_BYTES_MAX`], is the same as
    /// nothing but itself.
    pub fn of(text: &str) -> Self {
        let key = (text.len() <= PART_BYTES_MAX).then(|| folded(text, KEY_BYTES_MAX));
        Self(key.filter(|key| key.len() <= KEY_BYTES_MAX).unwrap_or_else(|| beyond(text)).into())
    }

    /// Whether it is that of a text that is too long to be compared.
    fn is_beyond(&self) -> bool {
        self.0.starts_with(BEYOND)
    }
}

/// How the keys of texts begin that are too long to be compared. No other key holds it.
const BEYOND: char = '\0';

fn beyond(text: &str) -> String {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    format!("{BEYOND}{:x}", hasher.finish())
}

/// Characters that set the direction of what comes after them: with one of them "ecila" is shown as "alice", and what
/// stands behind the nick is turned around as well. Right-to-left scripts do without.
fn turns_text(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

impl PartialEq for Nick {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Nick {}

impl fmt::Debug for Nick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nicks_that_look_the_same_are_the_same() {
        // 45-7.2.8-e, trap 60
        for (a, b) in [
            ("Romeo", "romeo"),
            ("ﬁn", "fin"),
            ("a  b", "a b"),
            ("x\u{200b}y", "xy"),
            ("Ä", "a\u{308}"),
            ("ς", "Σ"),
            ("Straße", "STRASSE"),
        ] {
            assert_eq!(NickKey::of(a), NickKey::of(b), "{a} {b}");
        }
        assert_ne!(NickKey::of("romeo"), NickKey::of("juliet"));
    }

    #[test]
    fn an_invisible_nick_is_refused() {
        // 45-17.1-c
        for nick in [" ", "a\tb", "a\u{fffe}", "\u{200b}", "\u{3164}\u{2800}", "\u{2003}"] {
            assert!(Nick::parse(nick, &Limits::default()).is_err(), "{nick:?}");
        }
    }

    #[test]
    fn an_emoji_is_a_nick() {
        assert_eq!(Nick::parse("🦀", &Limits::default()).expect("accepted").as_str(), "🦀");
        // With a variation selector and with joiners it is the same, shown as it was written.
        for (a, b) in [("❤\u{fe0f}", "❤"), ("👩\u{200d}🚀", "👩🚀"), ("👍\u{fe0e}", "👍")] {
            assert_eq!(Nick::parse(a, &Limits::default()).expect("accepted").as_str(), a);
            assert_eq!(NickKey::of(a), NickKey::of(b));
        }
        assert_ne!(NickKey::of("👍🏽"), NickKey::of("👍🏿"));
    }

    #[test]
    fn nicks_with_look_alike_characters_look_alike() {
        // 45-14.6-a, trap 60
        for (a, b) in [
            ("раураl", "paypal"),
            ("paypaI", "paypal"),
            ("Ωmega", "Ωrnega"),
            ("bi11", "Bill"),
            ("admin", "adrnin"),
            ("Іgor", "Igor"),
            ("іgor", "Igor"),
            ("ѕеrgе", "Serge"),
            ("𝐫𝐨𝐦𝐞𝐨", "romeo"),
            ("root", "r00t"),
            ("a\u{200d}b", "ab"),
            ("ａｌｉｃｅ", "аlice"),
        ] {
            assert!(Nick::trusted(a).look().is_like(Nick::trusted(b).look()), "{a} {b}");
        }
        for (a, b) in
            [("romeo", "juliet"), ("user10", "user01"), ("Zoë", "Zoe"), ("Анна", "Anna"), ("李", "季")]
        {
            assert!(!Nick::trusted(a).look().is_like(Nick::trusted(b).look()), "{a} {b}");
        }
    }

    #[test]
    fn nick_that_turns_text_around_is_refused_and_right_to_left_scripts_are_not() {
        // 45-14.6-a
        for nick in ["\u{202e}ecila", "al\u{202d}ice", "\u{2067}alice", "alice\u{2069}", "\u{202a}a\u{202c}"]
        {
            let refusal = Nick::parse(nick, &Limits::default()).expect_err("refused");
            assert_eq!(refusal, Refusal::jid_malformed(&words::NICK_TURNS));
        }
        for nick in ["שלום", "مرحبا", "نیم\u{200c}فاصله", "alice שלום", "क्\u{200d}ष"]
        {
            assert_eq!(Nick::parse(nick, &Limits::default()).expect("accepted").as_str(), nick);
        }
    }

    // 45-14.6-a
    #[test]
    fn what_no_nick_can_be_is_not_folded() {
        let before = crate::room::fold::FOLDS.get();
        let long = "\u{fdfa}".repeat(300_000);
        assert!(Nick::parse(&long, &Limits::default()).is_err());
        assert_ne!(NickKey::of(&long), NickKey::of(&long[3..]));
        assert_eq!(NickKey::of(&long), NickKey::of(&long));
        assert_eq!(crate::room::fold::FOLDS.get(), before);
        // 85 of them have 255 bytes, and 2,805 when taken apart.
        let swelling = "\u{fdfa}".repeat(85);
        let refusal = Nick::parse(&swelling, &Limits::default()).expect_err("refused");
        assert_eq!(refusal, Refusal::not_acceptable_here(words::NICK_TOO_LONG.with([KEY_BYTES_MAX])));
        assert_ne!(NickKey::of(&swelling), NickKey::of(&swelling[3..]));
        assert!(folded(&swelling, 100).len() < 110);
        assert!(Nick::parse("محمد \u{fdfa}", &Limits::default()).is_ok());
    }

    #[test]
    fn a_long_nick_is_refused_in_a_way_that_stops_retries() {
        let refusal = Nick::parse(&"n".repeat(256), &Limits::default()).expect_err("refused");
        assert_eq!(refusal, Refusal::not_acceptable_here(words::NICK_TOO_LONG.with([255_u32])));
    }
}
