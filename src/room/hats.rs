//! Hats: titles that a room gives to people, beside roles and affiliations (XEP-0317).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sha1::{Digest, Sha1};

use crate::wire::hex::hex;
use crate::wire::jid::BareJid;
use minidom::Element;

use crate::room::Room;
use crate::wire::build::{Build, el, set_lang};
use crate::wire::ns;

/// A hat as it is shown. Its name on the wire is a URI.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hat {
    /// For people; never empty.
    pub title: String,
    /// An angle in degrees on the circle of colours, as it was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hue: Option<String>,
    /// The language of the title, as in `xml:lang`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lang: Option<String>,
}

/// The hats of a room, by URI, and who wears which. What is worn is always one of the room's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Hats {
    /// What there is.
    pub known: BTreeMap<String, Hat>,
    /// The URIs that each account wears; never an empty set.
    pub worn: BTreeMap<BareJid, BTreeSet<String>>,
}

impl Hats {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// The hats of an account, in the order of their URIs.
    pub fn of(&self, account: &BareJid) -> impl Iterator<Item = (&String, &Hat)> {
        let worn = self.worn.get(account).into_iter().flatten();
        worn.filter_map(|uri| self.known.get_key_value(uri))
    }

    /// Who wears a hat.
    pub fn wearers(&self, uri: &str) -> Vec<BareJid> {
        self.worn.iter().filter(|(_, worn)| worn.contains(uri)).map(|(account, _)| account.clone()).collect()
    }

    /// Takes a hat off an account. Whether it wore it.
    pub fn take_off(&mut self, account: &BareJid, uri: &str) -> bool {
        let Some(worn) = self.worn.get_mut(account) else { return false };
        let wore = worn.remove(uri);
        if worn.is_empty() {
            self.worn.remove(account);
        }
        wore
    }

    /// Takes off everybody what is no hat of the room.
    pub fn wear_no_others(&mut self) {
        let known = &self.known;
        self.worn.retain(|_, worn| {
            worn.retain(|uri| known.contains_key(uri));
            !worn.is_empty()
        });
    }

    /// Tells one list of hats from another (XEP-0317 §2).
    pub fn hash(&self) -> String {
        let mut hash = Sha1::new();
        for (uri, hat) in &self.known {
            for text in [Some(uri), Some(&hat.title), hat.hue.as_ref(), hat.lang.as_ref()] {
                hash.update(text.map_or("", String::as_str));
                hash.update([0]);
            }
        }
        hex(&hash.finalize())
    }

    /// About how many bytes of text there are.
    pub fn bytes(&self) -> usize {
        let known = self.known.iter().map(|(uri, hat)| uri.len() + hat.title.len());
        let worn = self
            .worn
            .iter()
            .map(|(account, worn)| account.as_str().len() + worn.iter().map(String::len).sum::<usize>());
        known.chain(worn).sum()
    }
}

/// `<hats/>` for the presence of an account; `None` if it has none.
pub(crate) fn element(room: &Room, account: &BareJid) -> Option<Element> {
    let mut hats = el("hats", ns::HATS);
    for (uri, hat) in room.state.record.hats.of(account) {
        let mut element = el("hat", ns::HATS)
            .with("title", &hat.title)
            .with("uri", uri)
            .with_opt("hue", hat.hue.as_deref());
        if let Some(lang) = &hat.lang {
            set_lang(&mut element, lang);
        }
        hats.append_child(element);
    }
    hats.children().next().is_some().then_some(hats)
}
