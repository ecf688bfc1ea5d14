//! Addresses: `local@domain/resource`, kept as the server normalised them (RFC 6122, RFC 7622).
//!
//! Addresses are compared byte by byte once they are prepared (case folded, forms unified). Prosody hands prepared
//! addresses to a component, ejabberd hands on `from` as the user logged in with it and `to` as the client wrote it, and
//! addresses inside payloads are always the client's own. Those of accounts are prepared by the [`Profile`] of the host
//! server, those of rooms by [`Jid::prepare`].

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::words::{self, Words};
use stringprep::{nameprep, nodeprep, resourceprep, tables};
use unicode_normalization::UnicodeNormalization;

mod carried;
mod party;
mod profile;

pub use carried::{carried, is_carried};
pub use party::{Account, Domain, Party};
pub use profile::Profile;

/// The most bytes that one part of an address may have (RFC 7622 §3.1).
pub const PART_BYTES_MAX: usize = 1023;

/// Any address. Cloning shares the text.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Jid {
    text: Arc<str>,
    /// Bytes before `@`; no local part when `None`.
    at: Option<u16>,
    /// Bytes before `/`; no resource when `None`.
    slash: Option<u16>,
}

/// An address without a resource, in the same clothes: a room, an account, a domain.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BareJid(Jid);

/// Why a text is no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JidError {
    /// A part before `@`, the domain, or a part after `/` is empty.
    Empty,
    /// A part has over [`PART_BYTES_MAX`] bytes.
    TooLong,
    /// A character that no address can have at that place.
    Character,
    /// A resource where none may be.
    Resource,
}

impl fmt::Display for JidError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "a part of the address is empty",
            Self::TooLong => "a part of the address is longer than 1023 bytes",
            Self::Character => "the address holds a character that is not allowed there",
            Self::Resource => "an address without a resource is needed",
        })
    }
}

impl std::error::Error for JidError {}

impl JidError {
    /// The same for people.
    pub fn words(self) -> Words {
        match self {
            Self::Empty => &words::ADDRESS_EMPTY,
            Self::TooLong => &words::ADDRESS_LONG,
            Self::Character => &words::ADDRESS_CHARACTER,
            Self::Resource => &words::ADDRESS_RESOURCE,
        }
        .into()
    }
}

impl Jid {
    /// Reads an address. The parts are checked for emptiness, size and forbidden characters; they are not folded.
    pub fn parse(text: &str) -> Result<Self, JidError> {
        let slash = text.find('/');
        let bare = &text[..slash.unwrap_or(text.len())];
        let at = bare.find('@');
        let domain = &bare[at.map_or(0, |i| i + 1)..];
        let local = at.map(|i| &bare[..i]);
        let resource = slash.map(|i| &text[i + 1..]);
        for part in [local, Some(domain), resource].into_iter().flatten() {
            if part.is_empty() {
                return Err(JidError::Empty);
            }
            if part.len() > PART_BYTES_MAX {
                return Err(JidError::TooLong);
            }
            if part.contains(is_forbidden) {
                return Err(JidError::Character);
            }
        }
        let separators = |c: char| c.is_whitespace() || matches!(c, '"' | '&' | '\'' | '<' | '>' | '@' | ':');
        if local.is_some_and(|l| l.contains(separators))
            || domain.contains(['@', ' ', '<', '>', '&', '"', '\''])
        {
            return Err(JidError::Character);
        }
        // Three parts of at most 1023 bytes: the offsets fit.
        Ok(Self { text: text.into(), at: at.map(|i| i as u16), slash: slash.map(|i| i as u16) })
    }

    /// Reads an address that may not be prepared yet: nodeprep, nameprep and resourceprep (RFC 6122). Characters newer
    /// than those profiles, such as emoji, stay as they are, and all around them is prepared, as servers do it.
    pub fn prepare(text: &str) -> Result<Self, JidError> {
        let jid = Self::parse(text)?;
        let bare = jid.bare_str();
        if text.is_ascii() && !bare.bytes().any(|b| b.is_ascii_uppercase()) && !bare.ends_with('.') {
            return Ok(jid);
        }
        // What the profiles do takes long for characters that become eighteen, and would come to nothing.
        let more =
            |bytes: usize, c: char| Some(bytes + c.len_utf8()).filter(|bytes| *bytes <= PART_BYTES_MAX);
        let swells = |part: &str| part.nfkc().try_fold(0, more).is_none();
        if [jid.local(), Some(jid.domain()), jid.resource()].into_iter().flatten().any(swells) {
            return Err(JidError::TooLong);
        }
        let mut prepared = String::with_capacity(text.len());
        let local = jid.local().map(|local| folded(local, nodeprep));
        // Without the dots at the end first: after letters that run from right to left they would not be allowed.
        let domain = folded(jid.domain().trim_end_matches('.'), nameprep);
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
            // A resource of which nothing is left stays as it was: whoever judges nicks refuses it in words.
            let folded = resourceprep(resource).ok().filter(|folded| !folded.is_empty());
            prepared.push_str(&folded.unwrap_or_else(|| resource.into()));
        }
        Self::parse(&prepared)
    }

    /// The whole text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The part before `@`.
    pub fn local(&self) -> Option<&str> {
        self.at.map(|i| &self.text[..usize::from(i)])
    }

    /// The domain.
    pub fn domain(&self) -> &str {
        &self.bare_str()[self.at.map_or(0, |i| usize::from(i) + 1)..]
    }

    /// The part after `/`.
    pub fn resource(&self) -> Option<&str> {
        self.slash.map(|i| &self.text[usize::from(i) + 1..])
    }

    /// The text without the resource.
    pub fn bare_str(&self) -> &str {
        &self.text[..self.slash.map_or(self.text.len(), usize::from)]
    }

    /// The address without the resource.
    pub fn to_bare(&self) -> BareJid {
        match self.slash {
            None => BareJid(self.clone()),
            Some(_) => BareJid(Self { text: self.bare_str().into(), at: self.at, slash: None }),
        }
    }

    /// Whether there is a resource.
    pub fn is_full(&self) -> bool {
        self.slash.is_some()
    }
}

/// Whether a text can be the part after `/`.
pub fn check_resource(text: &str) -> Result<(), JidError> {
    if text.is_empty() {
        return Err(JidError::Empty);
    }
    if text.len() > PART_BYTES_MAX {
        return Err(JidError::TooLong);
    }
    if text.contains(is_forbidden) { Err(JidError::Character) } else { Ok(()) }
}

/// Characters that no part of an address has: controls, and the two that XML does not carry.
fn is_forbidden(c: char) -> bool {
    c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}')
}

/// A part after its profile. Of one that the profile does not take, what the profile knows is mapped all the same.
fn folded(part: &str, profile: fn(&str) -> Result<Cow<'_, str>, stringprep::Error>) -> String {
    let once = |part: &str| match part.contains(tables::unassigned_code_point) {
        true => mapped(part),
        false => profile(part).map_or_else(|_| mapped(part), Cow::into_owned),
    };
    once(&once(part))
}

/// The mapping that nodeprep and nameprep share (RFC 3454 §3.1, §3.2, §4). Characters newer than Unicode 3.2 have no part
/// in it.
pub(super) fn mapped(part: &str) -> String {
    let mut all = String::with_capacity(part.len());
    let mut known = String::new();
    for c in part.chars() {
        if tables::unassigned_code_point(c) {
            all.extend(known.nfkc());
            known.clear();
            all.push(c);
        } else if !tables::commonly_mapped_to_nothing(c) {
            known.extend(tables::case_fold_for_nfkc(c));
        }
    }
    all.extend(known.nfkc());
    all
}

/// Labels of a domain in two spellings each up to which all spellings are looked at.
const RESPELLED_MAX: usize = 4;

impl BareJid {
    /// Reads an address that has no resource.
    pub fn parse(text: &str) -> Result<Self, JidError> {
        let jid = Jid::parse(text)?;
        if jid.is_full() { Err(JidError::Resource) } else { Ok(Self(jid)) }
    }

    /// The same as an address of any kind.
    pub fn as_jid(&self) -> &Jid {
        &self.0
    }

    /// The same address with the other spellings of its domain: each label in letters or in ASCII (RFC 5890 §2.3.2.1). A server
    /// passes on the one that the other server has named.
    pub fn respelled(&self) -> Vec<Self> {
        let domain = self.domain();
        if domain.is_ascii() && !domain.split('.').any(|label| label.starts_with("xn--")) {
            return Vec::new();
        }
        let two = |label: &str| {
            let letters = idna::domain_to_unicode(label).0;
            let ascii = idna::domain_to_ascii(label).unwrap_or_else(|_| label.to_owned());
            [letters, ascii]
        };
        let labels: Vec<[String; 2]> = domain.split('.').map(two).collect();
        let mixed = labels.iter().filter(|[letters, ascii]| letters != ascii).count();
        // Of names with more such labels only the plain spellings: their number doubles with each.
        let bits: Vec<usize> =
            if mixed <= RESPELLED_MAX { (0..1 << mixed).collect() } else { vec![0, usize::MAX] };
        let local = self.local().map_or_else(String::new, |local| format!("{local}@"));
        let spelling = |bits: &usize| {
            let mut bits = *bits;
            let label = |[letters, ascii]: &[String; 2]| {
                if letters == ascii {
                    return letters.clone();
                }
                let chosen = if bits & 1 == 0 { letters } else { ascii };
                bits >>= 1;
                chosen.clone()
            };
            labels.iter().map(label).collect::<Vec<_>>().join(".")
        };
        let others = bits.iter().map(spelling).filter(|other| other != domain);
        others.filter_map(|other| Self::parse(&format!("{local}{other}")).ok()).collect()
    }

    /// The whole text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The part before `@`.
    pub fn local(&self) -> Option<&str> {
        self.0.local()
    }

    /// The domain.
    pub fn domain(&self) -> &str {
        self.0.domain()
    }

    /// This address with a resource: an occupant's address when this is a room.
    pub fn with_resource(&self, resource: &str) -> Result<Jid, JidError> {
        check_resource(resource)?;
        let bare = self.as_str();
        Ok(Jid { text: format!("{bare}/{resource}").into(), at: self.0.at, slash: Some(bare.len() as u16) })
    }
}

impl TryFrom<String> for BareJid {
    type Error = JidError;
    fn try_from(text: String) -> Result<Self, JidError> {
        Self::parse(&text)
    }
}

impl From<BareJid> for String {
    fn from(jid: BareJid) -> Self {
        jid.as_str().to_owned()
    }
}

impl From<BareJid> for Jid {
    fn from(jid: BareJid) -> Self {
        jid.0
    }
}

macro_rules! text_like {
    ($($t:ty),*) => {$(
        impl fmt::Display for $t {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
        impl fmt::Debug for $t {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    )*};
}
text_like!(Jid, BareJid);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_apart() {
        let jid = Jid::parse("room@muc.example/nick@home/2").expect("valid");
        assert_eq!(jid.local(), Some("room"));
        assert_eq!(jid.domain(), "muc.example");
        assert_eq!(jid.resource(), Some("nick@home/2"));
        assert_eq!(jid.to_bare().as_str(), "room@muc.example");
        assert_eq!(jid.to_bare().with_resource("nick@home/2"), Ok(jid));
    }

    #[test]
    fn a_domain_alone_is_an_address() {
        let jid = Jid::parse("muc.example").expect("valid");
        assert_eq!((jid.local(), jid.domain(), jid.resource()), (None, "muc.example", None));
    }

    #[test]
    fn an_address_is_prepared() {
        // 45-G-i, 45-17.1-a
        let prepared = |text: &str| Jid::prepare(text).map(|jid| jid.as_str().to_owned());
        assert_eq!(prepared("Room@MUC.Example./Nick").as_deref(), Ok("room@muc.example/Nick"));
        assert_eq!(prepared("Straße@d").as_deref(), Ok("strasse@d"));
        assert_eq!(prepared("r@s/ｆｕｌｌ").as_deref(), Ok("r@s/full"));
        assert_eq!(prepared("R🦀@s/🦀").as_deref(), Ok("r🦀@s/🦀"));
        // What Prosody makes of them.
        for (text, same) in [
            ("ｒ🦀", "r🦀"),
            ("ß🦀", "ss🦀"),
            ("ﬁ🦀", "fi🦀"),
            ("E\u{301}🦀", "é🦀"),
            ("İ🦀", "i\u{307}🦀"),
            ("Σς🦀", "σσ🦀"),
            ("a\u{ad}ı🦀", "aı🦀"),
            ("Stra\u{1e9e}e", "stra\u{1e9e}e"),
            ("Ⱥ\u{301}E\u{301}", "Ⱥ\u{301}é"),
            ("\u{a7f2}", "\u{a7f2}"),
        ] {
            let (text, same) = (format!("{text}@{text}"), format!("{same}@{same}"));
            assert_eq!(prepared(text.as_str()), Ok(same), "{text}");
        }
        assert_eq!(prepared("a\u{ad}@d").as_deref(), Ok("a@d"));
        assert_eq!(prepared("\u{ad}@d"), Err(JidError::Empty));
        assert_eq!(prepared("a@d．").as_deref(), Ok("a@d"));
        for text in ["a＠d", "d／r", "a@d／r", "a／b@d", "a／🦀@d"] {
            assert_eq!(prepared(text), Err(JidError::Character), "{text}");
        }
    }

    #[test]
    fn an_emoji_nick_is_an_address() {
        assert_eq!(Jid::parse("r@s/🦀").expect("valid").resource(), Some("🦀"));
    }

    #[test]
    fn empty_parts_are_refused() {
        for text in ["", "@d", "l@", "l@d/", "/r", "d/"] {
            assert_eq!(Jid::parse(text), Err(JidError::Empty), "{text}");
        }
    }

    #[test]
    fn a_part_beyond_its_limit_is_refused() {
        let long = "x".repeat(PART_BYTES_MAX + 1);
        for text in [format!("{long}@d"), format!("l@{long}"), format!("l@d/{long}")] {
            assert_eq!(Jid::parse(&text), Err(JidError::TooLong));
        }
        assert!(Jid::parse(&format!("l@d/{}", &long[1..])).is_ok());
        // One that would be too long once it is prepared need not be.
        for text in [format!("{0}@d", "\u{fdfa}".repeat(40)), format!("l@d/{}", "\u{fdfa}".repeat(40))] {
            assert!(Jid::parse(&text).is_ok());
            assert_eq!(Jid::prepare(&text), Err(JidError::TooLong));
        }
    }

    #[test]
    fn characters_that_no_local_part_has_are_refused() {
        for text in ["a b@d", "a'b@d", "a:b@d", "a\u{7}@d", "l@d d", "l@d/\u{fffe}"] {
            assert_eq!(Jid::parse(text), Err(JidError::Character), "{text}");
        }
    }
}
