//! How servers prepare addresses, so that one account has one spelling: two standards, which do not agree.
//!
//! Under the older one (nodeprep, RFC 6122) `groß@example` is `gross@example`; under the newer one (PRECIS, RFC 7622) they
//! are two accounts. Nothing in a stanza tells which one a server keeps to, and some servers hand on what their users
//! wrote, so it has to be said: who is taken for whom depends on it.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::decompose_compatible;

use super::{Jid, JidError};

/// The standard by which the host server prepares addresses (`[component] addresses`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// nodeprep and nameprep (RFC 6122), as Prosody, ejabberd and most others have it.
    #[default]
    Stringprep,
    /// PRECIS with the profile for user names (RFC 7622, RFC 8265 §3.3).
    Precis,
}

impl Profile {
    /// Reads the address of an account or a domain, be it prepared or not. The resource stays as it is under
    /// [`Profile::Precis`], which changes no prepared address.
    ///
    /// # Errors
    /// It is no address, before or after.
    pub fn prepare(self, text: &str) -> Result<Jid, JidError> {
        match self {
            Self::Stringprep => Jid::prepare(text),
            Self::Precis => precis(text),
        }
    }
}

fn precis(text: &str) -> Result<Jid, JidError> {
    let jid = Jid::parse(text)?;
    let mut prepared = String::with_capacity(text.len());
    let local = jid.local().map(folded);
    let domain = folded(jid.domain()).replace('\u{3002}', ".");
    // Wide forms of the characters that part an address must not become them.
    if [local.as_deref(), Some(&domain)].into_iter().flatten().any(|part| part.contains(['@', '/'])) {
        return Err(JidError::Character);
    }
    if let Some(local) = local {
        prepared.push_str(&local);
        prepared.push('@');
    }
    prepared.push_str(domain.trim_end_matches('.'));
    if let Some(resource) = jid.resource() {
        prepared.push('/');
        prepared.push_str(resource);
    }
    Jid::parse(&prepared)
}

/// Lower case, no wide or narrow forms, letters and marks composed.
fn folded(part: &str) -> Cow<'_, str> {
    if part.bytes().all(|b| b.is_ascii() && !b.is_ascii_uppercase()) {
        return part.into();
    }
    let once = |part: &str| {
        let mut wide = String::with_capacity(part.len());
        for c in part.chars() {
            match c {
                '\u{3000}' | '\u{ff01}'..='\u{ffee}' => decompose_compatible(c, |c| wide.push(c)),
                _ => wide.push(c),
            }
        }
        wide.to_lowercase().nfc().collect::<String>()
    };
    // Composing can bring up capitals of scripts whose marks have case.
    once(&once(part)).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_agree_but_on_what_the_older_one_folds_away() {
        // 45-17.1-a, trap 88
        let read = |profile: Profile, text| profile.prepare(text).map(|jid| jid.as_str().to_owned());
        for (text, stringprep, precis) in [
            ("Romeo@Example.ORG./Pc", "romeo@example.org/Pc", "romeo@example.org/Pc"),
            ("ｒｏｍｅｏ@example", "romeo@example", "romeo@example"),
            ("E\u{301}va@exampl\u{c9}", "\u{e9}va@exampl\u{e9}", "\u{e9}va@exampl\u{e9}"),
            ("Groß@example", "gross@example", "groß@example"),
            ("γιώργος@example", "γιώργοσ@example", "γιώργος@example"),
            ("a@straße.example", "a@strasse.example", "a@straße.example"),
            ("a@d．example", "a@d.example", "a@d.example"),
        ] {
            assert_eq!(read(Profile::Stringprep, text).as_deref(), Ok(stringprep), "{text}");
            assert_eq!(read(Profile::Precis, text).as_deref(), Ok(precis), "{text}");
        }
        for text in ["a＠d", "d／r", "a@d／r", "a／b@d", "@d"] {
            assert!(Profile::Precis.prepare(text).is_err(), "{text}");
        }
    }
}
