//! What lies between the service and the people: the link, the server behind it, another server, and clients that come
//! and go. It says what arrives, what is lost, and what comes back.

use std::collections::BTreeSet;

use conclave::wire::build;
use conclave::wire::ns;
use minidom::Element;

use crate::cast::Cast;
use crate::happening::Sent;

/// How the link is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Link {
    /// All arrives.
    Up,
    /// What we send is lost; we still hear others.
    Mute,
    /// Nothing arrives either way. The server returns what people send us, or does not know yet.
    Cut { returns: bool },
}

/// How the other server is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Remote {
    /// It can be reached.
    Up,
    /// Our server does not find it.
    NotFound,
    /// It does not answer our server.
    Silent,
}

/// What becomes of a stanza.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Fate {
    Arrives,
    Lost,
    /// It comes back with this condition.
    Returns(&'static str),
}

/// Who can be reached, in true time: seconds since the story began.
pub(crate) struct Net {
    pub(crate) link: Link,
    pub(crate) remote: Remote,
    /// Of each entity: since when it has no session any more.
    pub(crate) offline_since: Vec<Option<i64>>,
    /// From when to when the other server was out of reach; no end while it is.
    pub(crate) outages: Vec<(i64, Option<i64>)>,
    /// Nicks that a client has blocked (XEP-0191).
    pub(crate) blocked: Vec<BTreeSet<String>>,
    remote_away: Vec<bool>,
    clients: usize,
}

impl Net {
    /// Everybody is there.
    pub(crate) fn new(cast: &Cast) -> Self {
        let home = cast.rooms[0].domain().split_once('.').map(|(_, parent)| parent).unwrap_or_default();
        Self {
            link: Link::Up,
            remote: Remote::Up,
            offline_since: vec![None; cast.entities.len()],
            outages: Vec::new(),
            blocked: vec![BTreeSet::new(); cast.entities.len()],
            remote_away: cast.entities.iter().map(|e| e.jid.domain() != home).collect(),
            clients: cast.clients,
        }
    }

    /// The other server goes out of reach or comes back.
    pub(crate) fn set_remote(&mut self, remote: Remote, second: i64) {
        match (self.remote, remote) {
            (Remote::Up, Remote::NotFound | Remote::Silent) => self.outages.push((second, None)),
            (Remote::NotFound | Remote::Silent, Remote::Up) => {
                self.outages.last_mut().expect("it went out of reach").1 = Some(second);
            }
            _ => {}
        }
        self.remote = remote;
    }

    /// Whether what we send reaches somebody now.
    pub(crate) fn reaches(&self, entity: usize) -> bool {
        self.link == Link::Up
            && self.is_online(entity)
            && (self.remote == Remote::Up || !self.is_remote(entity))
    }

    /// Whether somebody has a session.
    pub(crate) fn is_online(&self, entity: usize) -> bool {
        self.offline_since[entity].is_none()
    }

    /// Whether an account is with the other server.
    pub(crate) fn is_remote(&self, entity: usize) -> bool {
        self.remote_away[entity]
    }

    /// The clients of our own server.
    pub(crate) fn local_clients(&self) -> impl Iterator<Item = usize> {
        (0..self.clients).filter(|client| !self.is_remote(*client))
    }

    /// What becomes of what somebody sends us.
    pub(crate) fn fate_of_sent_by(&self, entity: usize) -> Fate {
        match (self.link, self.remote) {
            (_, remote) if remote != Remote::Up && self.is_remote(entity) => Fate::Lost,
            (Link::Cut { returns: true }, _) => Fate::Returns("remote-server-not-found"),
            (Link::Cut { returns: false }, _) => Fate::Lost,
            _ => Fate::Arrives,
        }
    }

    /// What becomes of what we send to somebody.
    pub(crate) fn fate_of_sent_to(&self, entity: usize, sent: &Sent) -> Fate {
        if self.link != Link::Up {
            return Fate::Lost;
        }
        let answers = sent.is_error() || sent.stanza.name() == "iq" && sent.type_() == "result";
        let blocks = sent.nick().is_some_and(|nick| self.blocked[entity].contains(nick));
        let back = |condition| if answers { Fate::Lost } else { Fate::Returns(condition) };
        match self.remote {
            Remote::NotFound if self.is_remote(entity) => back("remote-server-not-found"),
            Remote::Silent if self.is_remote(entity) => back("remote-server-timeout"),
            _ if self.is_online(entity) && (!blocks || sent.has_code("110")) => Fate::Arrives,
            // A server drops presence to a session that is not there, and presence that is blocked.
            _ if sent.stanza.name() == "presence" => Fate::Lost,
            _ => back("service-unavailable"),
        }
    }

    /// A stanza as it comes back.
    pub(crate) fn returned(cast: &Cast, entity: usize, stanza: &Element, condition: &str) -> Element {
        let back = format!(
            "<{0} xmlns='jabber:client' type='error'><error type='cancel'><{condition} xmlns='{1}'/></error>\
             </{0}>",
            stanza.name(),
            ns::STANZA_ERRORS
        );
        let mut back = back.parse::<Element>().expect("well-formed");
        build::set_attr(&mut back, "from", cast.entities[entity].jid.as_str());
        for (name, of) in [("to", "from"), ("id", "id")] {
            if let Some(value) = stanza.attr(of) {
                build::set_attr(&mut back, name, value);
            }
        }
        back
    }
}
