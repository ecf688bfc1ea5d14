//! Where a script is played: its addresses become fresh accounts and fresh rooms, so that scripts neither meet each
//! other nor what an earlier run left behind, and stay as they are on disk.
//!
//! | in a script | on the wire |
//! |---|---|
//! | `user@localhost` | `user-TAG@DOMAIN` |
//! | `room@conference.localhost` | `room-TAG@MUC` |
//! | `localhost`, `conference.localhost` | `DOMAIN`, `MUC` |

use std::borrow::Cow;

/// The place and the mark of one performance of one script.
#[derive(Clone, Debug)]
pub(crate) struct Stage {
    /// The host of the accounts.
    pub(crate) domain: String,
    /// The host of the rooms.
    pub(crate) muc: String,
    /// What makes names unique.
    pub(crate) tag: String,
}

const HOST: &str = "localhost";
const MUC_LABEL: &str = "conference.";

impl Stage {
    /// The text with every address of the script's world replaced.
    pub(crate) fn translate(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len() + 64);
        let mut rest = text;
        while let Some(at) = rest.find(HOST) {
            let (before, after) = (&rest[..at], &rest[at + HOST.len()..]);
            let (before, host) = match before.strip_suffix(MUC_LABEL) {
                Some(shorter) => (shorter, &self.muc),
                None => (before, &self.domain),
            };
            if before.ends_with(is_host) || continues_host(after) {
                out.push_str(&rest[..at + HOST.len()]);
            } else {
                out.push_str(&self.with_tag(before));
                out.push_str(host);
            }
            rest = after;
        }
        out.push_str(rest);
        out
    }

    /// `…name@` becomes `…name-TAG@`.
    fn with_tag<'a>(&self, before: &'a str) -> Cow<'a, str> {
        match before.strip_suffix('@') {
            Some(local) if local.ends_with(is_local) => Cow::Owned(format!("{local}-{}@", self.tag)),
            _ => Cow::Borrowed(before),
        }
    }
}

fn is_host(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '.' | '-' | '_')
}

/// What may end the part of an address before the `@`.
fn is_local(c: char) -> bool {
    !c.is_whitespace() && !matches!(c, '"' | '\'' | '&' | '<' | '>' | '/' | ':' | '@')
}

/// Whether a host's name goes on after what was found; a full stop may also end a sentence.
fn continues_host(after: &str) -> bool {
    let mut chars = after.chars();
    match chars.next() {
        Some('.') => chars.next().is_some_and(char::is_alphanumeric),
        Some(c) => is_host(c),
        None => false,
    }
}
