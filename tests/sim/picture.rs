//! What one client knows of one room, built from nothing but what it receives, as a correct client does it.

use std::collections::{BTreeMap, BTreeSet};

use conclave::room::role::Role;
use conclave::room::state::Affiliation;
use conclave::wire::build;
use conclave::wire::jid::Jid;
use conclave::wire::ns;
use minidom::Element;

use crate::happening::Sent;
use crate::sheet::{Seen, said};

/// How a client thinks that it stands to the room.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) enum Stage {
    /// Not in the room.
    #[default]
    Out,
    /// In the room.
    In,
    /// It believes to be in the room, and the room does not know: the service was killed.
    Lost,
}

/// A client's picture of a room.
#[derive(Default)]
pub(crate) struct Picture {
    pub(crate) stage: Stage,
    /// The own nick.
    pub(crate) nick: String,
    /// Everybody who is shown, the client itself too.
    pub(crate) seats: BTreeMap<String, Seen>,
    pub(crate) subject: Option<String>,
    /// Ids of requests to enter that have not been answered.
    asked: BTreeSet<String>,
}

impl Picture {
    /// The client sends a request to enter under this id.
    pub(crate) fn enters(&mut self, id: &str) {
        if self.stage == Stage::Lost {
            self.stage = Stage::Out;
        }
        self.asked.insert(id.to_owned());
    }

    /// The service was killed.
    pub(crate) fn loses(&mut self) {
        let stage = if self.stage == Stage::Out { Stage::Out } else { Stage::Lost };
        *self = Self { stage, ..Self::default() };
    }

    /// Takes in a stanza. What no room may say at this point is told as an error.
    pub(crate) fn receives(&mut self, sent: &Sent) -> Result<(), String> {
        match (sent.stanza.name(), sent.type_()) {
            ("presence", "") => self.available(sent),
            ("presence", "unavailable") => self.unavailable(sent),
            ("presence", "error") => {
                self.asked.remove(sent.stanza.attr("id").unwrap_or_default());
                Ok(())
            }
            ("presence", other) => Err(format!("a room sends no presence of type {other}")),
            ("message", "groupchat") => {
                self.subject(&sent.stanza);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn available(&mut self, sent: &Sent) -> Result<(), String> {
        let nick = sent.nick().ok_or("a presence from the room itself")?;
        let seen = seen(&sent.stanza)?;
        if sent.has_code("110") {
            self.nick = nick.to_owned();
            self.stage = Stage::In;
            self.asked.remove(sent.stanza.attr("id").unwrap_or_default());
        } else if self.stage == Stage::Out && self.asked.is_empty() {
            return Err(format!("{nick} is shown to a client that is not in the room"));
        }
        self.seats.insert(nick.to_owned(), seen);
        Ok(())
    }

    fn unavailable(&mut self, sent: &Sent) -> Result<(), String> {
        let nick = sent.nick().ok_or("a presence from the room itself")?;
        let known = self.seats.remove(nick).is_some();
        let own = sent.has_code("110");
        if sent.has_code("303") {
            let item = sent.x().and_then(|x| x.get_child("item", ns::MUC_USER));
            let new = item.and_then(|item| item.attr("nick")).ok_or("303 without the new nick")?;
            if own {
                self.nick = new.to_owned();
            }
            return if known { Ok(()) } else { Err(format!("{nick}, who was not shown, has a new nick")) };
        }
        if own {
            *self = Self { asked: std::mem::take(&mut self.asked), ..Self::default() };
        } else if !known {
            return Err(format!("{nick}, who was not shown, is gone"));
        }
        Ok(())
    }

    fn subject(&mut self, message: &Element) {
        let has = |name| message.has_child(name, ns::CLIENT);
        if !has("subject") || has("body") || has("thread") {
            return;
        }
        let texts = message.children().filter(|c| c.is("subject", ns::CLIENT));
        let texts = texts.map(|c| format!("[{}]{}", build::lang(c).unwrap_or_default(), c.text()));
        self.subject = Some(texts.filter(|text| text != "[]").collect());
    }
}

/// Reads an available presence; there must be exactly one `<x/>` of the room's with exactly one item.
fn seen(stanza: &Element) -> Result<Seen, String> {
    let mut xs = stanza.children().filter(|c| c.is("x", ns::MUC_USER));
    let (Some(x), None) = (xs.next(), xs.next()) else { return Err("not exactly one <x/>".to_owned()) };
    let mut items = x.children().filter(|c| c.is("item", ns::MUC_USER));
    let (Some(item), None) = (items.next(), items.next()) else {
        return Err("not exactly one item".to_owned());
    };
    let affiliation = item.attr("affiliation").and_then(Affiliation::parse).ok_or("no affiliation")?;
    let role = item.attr("role").and_then(Role::parse).ok_or("no role")?;
    let jid = item.attr("jid").map(Jid::parse).transpose().map_err(|e| format!("the address: {e}"))?;
    Ok(Seen { affiliation, role, jid, said: said(stanza.children(), build::lang(stanza)) })
}
