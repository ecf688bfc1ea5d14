//! Which nicks look alike, by the confusable characters of Unicode (UTS 39, section 4).
//!
//! No script and no mixture of scripts is forbidden: a nick is only ever compared with those of other people.

use std::hash::{DefaultHasher, Hash, Hasher};

use unicode_security::confusable_detection::skeleton;

use super::fold::{KEY_BYTES_MAX, folded as folded_to};
use super::multi_map::MultiMap;
use crate::wire::jid::BareJid;

/// So much of a text is looked at. What a nick is compared by is shorter, and what it is drawn with hardly longer.
const LOOK_BYTES_MAX: usize = 4 * KEY_BYTES_MAX;

/// What a nick looks like, as it is written and in small letters. 16 bytes, whatever the nick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Skeleton {
    written: u64,
    small: u64,
}

impl Skeleton {
    /// The look of a text; `folded` is what it is compared by otherwise ([`folded_to`]).
    pub(super) fn of(text: &str, folded: &str) -> Self {
        Self {
            written: digest(folded_to(&drawn(text), LOOK_BYTES_MAX).chars()),
            small: digest(drawn(folded).chars()),
        }
    }

    /// Whether somebody may take one for the other.
    pub fn is_like(self, other: Self) -> bool {
        self.written == other.written || self.small == other.small
    }
}

/// Who has nicks that look how.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Looks {
    written: MultiMap<u64, BareJid>,
    small: MultiMap<u64, BareJid>,
}

impl Looks {
    /// An account has a nick that looks so; once for each such nick.
    pub fn add(&mut self, look: Skeleton, account: &BareJid) {
        self.written.add(look.written, account.clone());
        self.small.add(look.small, account.clone());
    }

    /// An account has a nick no more.
    pub fn remove(&mut self, look: Skeleton, account: &BareJid) {
        self.written.remove(&look.written, account);
        self.small.remove(&look.small, account);
    }

    /// How many nicks there are.
    pub(super) fn len(&self) -> usize {
        self.written.len().max(self.small.len())
    }

    /// Whether an account has a nick that looks so.
    pub(super) fn has(&self, look: Skeleton, account: &BareJid) -> bool {
        self.written.of(&look.written).contains(account) && self.small.of(&look.small).contains(account)
    }

    /// Whether a nick [is like](Look::is_like) that of an account other than `account`.
    pub fn is_like_anothers(&self, look: Skeleton, account: &BareJid) -> bool {
        self.is_like_ones(look, |holder| holder != account)
    }

    /// Whether a nick [is like](Look::is_like) that of an account that counts.
    pub(super) fn is_like_ones(&self, look: Skeleton, counts: impl Fn(&BareJid) -> bool) -> bool {
        let any = |holders: &[BareJid]| holders.iter().any(&counts);
        any(self.written.of(&look.written)) || any(self.small.of(&look.small))
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
    use super::super::nick::Nick;
    use super::*;

    // trap 60
    #[test]
    fn the_nicks_of_others_are_found_by_their_looks() {
        let [one, other] = ["a@b", "c@d"].map(|jid| BareJid::parse(jid).expect("a jid"));
        let look = |nick: &str| Nick::trusted(nick).look();
        for (theirs, wanted, alike) in
            [("paypaI", "paypal", true), ("bi11", "Bill", true), ("ADMIN", "adrnin", true), ("a", "b", false)]
        {
            let mut looks = Looks::default();
            looks.add(look(theirs), &one);
            looks.add(look("else"), &one);
            assert_eq!(looks.is_like_anothers(look(wanted), &other), alike, "{theirs} {wanted}");
            assert_eq!(look(theirs).is_like(look(wanted)), alike);
            assert!(!looks.is_like_anothers(look(wanted), &one), "one's own");
            looks.remove(look(theirs), &one);
            assert!(!looks.is_like_anothers(look(wanted), &other), "he is gone");
            assert_eq!(looks.len(), 1);
        }
    }

    #[test]
    fn short_way_for_ascii_is_the_way_of_the_standard() {
        for c in (' '..='~').map(String::from) {
            assert_eq!(drawn(&c), skeleton(&c).collect::<String>(), "{c}");
        }
    }
}
