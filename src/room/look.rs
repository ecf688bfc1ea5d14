//! Which nicks look alike, by the confusable characters of Unicode (UTS 39, section 4).
//!
//! No script and no mixture of scripts is forbidden: a nick is only ever compared with those of other people.

use std::hash::{DefaultHasher, Hash, Hasher};

use unicode_security::confusable_detection::skeleton;

/// What a nick looks like, as it is written and in small letters. 16 bytes, whatever the nick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    written: u64,
    small: u64,
}

impl Look {
    /// The look of a text; `folded` is what it is compared by otherwise ([`super::nick::folded`]).
    pub(super) fn of(text: &str, folded: &str) -> Self {
        Self {
            written: digest(super::nick::folded(&drawn(text)).chars()),
            small: digest(drawn(folded).chars()),
        }
    }

    /// Whether somebody may take one for the other.
    pub fn is_like(self, other: Self) -> bool {
        self.written == other.written || self.small == other.small
    }
}

/// A text in the characters that its own look like: "ｐаураl", "paypaI" and "paypal" become the same.
fn drawn(text: &str) -> String {
    if !text.is_ascii() {
        return skeleton(text).collect();
    }
    let mut drawn = String::with_capacity(text.len() + 4);
    for c in text.chars() {
        match c {
            '0' => drawn.push('O'),
            '1' | 'I' | '|' => drawn.push('l'),
            'm' => drawn.push_str("rn"),
            '"' => drawn.push_str("''"),
            '`' => drawn.push('\''),
            '%' => drawn.push_str("°/₀"),
            _ => drawn.push(c),
        }
    }
    drawn
}

fn digest(text: impl Iterator<Item = char>) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.for_each(|c| c.hash(&mut hasher));
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_way_for_ascii_is_the_way_of_the_standard() {
        for c in (' '..='~').map(String::from) {
            assert_eq!(drawn(&c), skeleton(&c).collect::<String>(), "{c}");
        }
    }
}
