//! What one client knows of one room, built from nothing but what it receives, as a correct client does it.

use std::collections::{BTreeMap, BTreeSet};

use conclave::wire::build;
use conclave::wire::jid::Jid;
use conclave::wire::muc::Affiliation;
use conclave::wire::muc::Role;
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
    /// It believes to be in the room, and the room does not know (any more).
    Lost,
    /// It is not in the room, and the room believes that it is.
    Ghost,
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
    /// What may be otherwise than the client thinks, because it missed something or the room forgot it.
    pub(crate) blur: Blur,
    /// Ids of requests to enter that have not been answered.
    asked: BTreeSet<String>,
    /// What it receives now comes of its request to enter.
    entering: bool,
}

/// Where a picture may be wrong.
#[derive(Clone, Debug, Default)]
pub(crate) struct Blur {
    /// About these nicks.
    pub(crate) nicks: BTreeSet<String>,
    pub(crate) own_nick: bool,
    pub(crate) subject: bool,
}

impl Picture {
    /// The client sends a request to enter under this id.
    pub(crate) fn enters(&mut self, id: &str) {
        self.asked.insert(id.to_owned());
    }

    /// A request to enter came back.
    pub(crate) fn turned_away(&mut self, id: &str) {
        self.asked.remove(id);
    }

    /// Whether the client's server would tell the room that the client is gone.
    pub(crate) fn is_known_to_server(&self) -> bool {
        matches!(self.stage, Stage::In | Stage::Lost) || !self.asked.is_empty()
    }

    /// The client is out, and the room may not know.
    pub(crate) fn leaves(&mut self, seated: bool) {
        *self = Self { stage: if seated { Stage::Ghost } else { Stage::Out }, ..Self::default() };
    }

    /// What comes now is what the room lets in with.
    pub(crate) fn is_let_in(&mut self) {
        self.entering = true;
        if self.stage != Stage::In {
            self.seats.clear();
            self.subject = None;
            self.blur = Blur::default();
        }
    }

    /// All has come that the room lets in with: a client forgets who was not among it.
    pub(crate) fn was_let_in(&mut self, got: &[&Sent]) {
        self.entering = false;
        if !self.blur.nicks.is_empty() {
            let named: BTreeSet<&str> =
                got.iter().filter(|sent| sent.is_presence()).filter_map(|sent| sent.nick()).collect();
            self.seats.retain(|nick, _| named.contains(nick.as_str()));
        }
        self.blur = Blur::default();
    }

    /// What the room said did not reach the client. `seat` is its place in the room afterwards.
    pub(crate) fn misses(&mut self, missed: &[&Sent], seated: bool) {
        match (self.stage, seated) {
            (Stage::In, false) => self.stage = Stage::Lost,
            (Stage::In, true) => missed.iter().for_each(|sent| self.blur.note(sent)),
            (Stage::Out | Stage::Lost, true) => self.stage = Stage::Ghost,
            (Stage::Ghost, false) => self.stage = Stage::Out,
            _ => {}
        }
    }

    /// The client has blocked who says this.
    pub(crate) fn overlooks(&mut self, missed: &[&Sent]) {
        if self.stage == Stage::In {
            missed.iter().for_each(|sent| self.blur.note(sent));
        }
    }

    /// The process has forgotten what happened last: `seated` is whether the client is in the room now, and `otherwise`
    /// says of a nick whether the client should see it otherwise than before.
    pub(crate) fn room_went_back(&mut self, seated: bool, changed: impl FnOnce() -> Blur) {
        match (self.stage, seated) {
            (Stage::In, false) => self.stage = Stage::Lost,
            (Stage::In, true) => self.blur.add(changed()),
            (Stage::Out, true) => self.stage = Stage::Ghost,
            (Stage::Ghost, false) => self.stage = Stage::Out,
            (Stage::Lost, true) => {
                self.stage = Stage::In;
                self.blur.add(changed());
                self.blur.nicks.extend(self.seats.keys().cloned());
            }
            _ => {}
        }
    }

    /// Takes in a stanza. What no room may say at this point is told as an error.
    pub(crate) fn receives(&mut self, sent: &Sent) -> Result<(), String> {
        match (sent.stanza.name(), sent.type_()) {
            ("presence", "") if self.stage == Stage::Ghost && !self.entering => Ok(()),
            ("presence", "unavailable") if self.stage == Stage::Ghost && !self.entering && !is_end(sent) => {
                Ok(())
            }
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
            self.blur.own_nick = false;
        } else if self.stage == Stage::Out && !self.entering {
            return Err(format!("{nick} is shown to a client that is not in the room"));
        }
        self.blur.nicks.remove(nick);
        self.seats.insert(nick.to_owned(), seen);
        Ok(())
    }

    fn unavailable(&mut self, sent: &Sent) -> Result<(), String> {
        let nick = sent.nick().ok_or("a presence from the room itself")?;
        let known = self.blur.nicks.remove(nick) | self.seats.remove(nick).is_some()
            || self.entering && self.stage != Stage::In;
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
            *self =
                Self { asked: std::mem::take(&mut self.asked), entering: self.entering, ..Self::default() };
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
        self.blur.subject = false;
    }
}

impl Blur {
    /// The client did not get this.
    fn note(&mut self, sent: &Sent) {
        if sent.is_presence() {
            self.nicks.extend(sent.nick().map(str::to_owned));
            self.own_nick |= sent.has_code("110");
        }
        self.subject |= sent.is_groupchat_with(&["subject"]);
    }

    fn add(&mut self, other: Self) {
        self.nicks.extend(other.nicks);
        self.own_nick |= other.own_nick;
        self.subject |= other.subject;
    }
}

/// Whether this tells a client that it is in the room no more.
fn is_end(sent: &Sent) -> bool {
    sent.has_code("110") && !sent.has_code("303")
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
