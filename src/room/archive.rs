//! What a room asks of its archive: the words for keeping, retracting and finding messages (XEP-0313). Pure.
//!
//! An archive belongs to one life of a room, not to its name: a room that is destroyed and made again starts empty.
//! Within it, messages are in the order in which the room sent them, and no two have the same time.

use std::sync::Arc;

use jiff::Timestamp;
use minidom::Element;
use serde::{Deserialize, Serialize};

use crate::wire::build::{Build, message};
use crate::wire::inbound::Inbound;
use crate::wire::jid::{Account, BareJid, Jid, Party};
use crate::wire::{ns, size};

/// Which archive: made up when a room is created, and never used again.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ArchiveId(pub String);

/// One message as it was reflected, and when it was received.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its id in the archive, which all occupants saw in `<stanza-id/>` (XEP-0359).
    pub id: String,
    /// When the room received it; later than every entry before it, in whole microseconds.
    pub at: Timestamp,
    /// Who sent it; `None` if the room itself did.
    pub account: Option<BareJid>,
    /// Whether everybody could see the real address of its sender when it was said. Of messages from before this was
    /// noted, it is as if none had.
    pub shown: bool,
    /// The reflected message, without `to` and without a delay of the room's. A tombstone once it was retracted.
    pub message: Element,
    /// What a retracted message was, if the operator lets it be kept.
    pub original: Option<Element>,
}

impl Entry {
    /// Whether it was retracted: what is left is a tombstone (XEP-0424).
    pub fn is_tombstone(&self) -> bool {
        self.message.has_child("retracted", ns::RETRACT)
    }

    /// Whether there is something in it that others read: it is no tombstone, and does not only take something back.
    pub fn says_something(&self) -> bool {
        !self.is_tombstone() && !only_takes_back(&self.message)
    }

    /// How big it is by the measure of [`size`], with what is kept of it out of sight.
    pub fn bytes(&self) -> usize {
        size::of(&self.message) + self.original.as_ref().map_or(0, size::of)
    }

    /// The ids that its sender gave it: that of the stanza, and the origin id (XEP-0359).
    pub fn said_ids(&self) -> impl Iterator<Item = &str> {
        let origin = self.message.get_child("origin-id", ns::SID).and_then(|o| o.attr("id"));
        let own = self.message.attr("id");
        own.into_iter().chain(origin.filter(|origin| Some(*origin) != own)).filter(|id| !id.is_empty())
    }

    /// A message from the same sender that says nothing and has no id.
    pub fn shell(&self) -> Element {
        let from = self.message.attr("from").and_then(|from| Jid::parse(from).ok());
        message(&from.expect("a room's message has its address"), self.message.attr("type"), "")
    }

    /// What is left of it after a retraction: who, when and under which ids, and `retracted` instead of the content.
    pub fn tombstone(&self, retracted: &Element, keep_original: bool) -> Self {
        let mut left = self.shell().with("id", self.message.attr("id").unwrap_or_default());
        for child in self.message.children() {
            if matches!(child.ns().as_str(), ns::SID | ns::OCCUPANT_ID) {
                left.append_child(child.clone());
            }
        }
        let original = keep_original.then(|| self.original.as_ref().unwrap_or(&self.message).clone());
        Self { message: left.child(retracted.clone()), original, ..self.clone() }
    }
}

/// A message of the archive that is not read yet. To read one takes many times as long as to find it.
pub trait Glimpse {
    /// When the room received it; `None` if that cannot be told.
    fn at(&self) -> Option<Timestamp>;

    /// How many bytes it is stored in.
    fn bytes(&self) -> usize;

    /// Whether there may be an element of this name in it, at any depth.
    fn may_hold(&self, element: &str) -> bool;

    /// The message; `None` if it is damaged.
    fn read(&self) -> Option<Entry>;
}

impl Glimpse for Entry {
    fn at(&self) -> Option<Timestamp> {
        Some(self.at)
    }

    fn bytes(&self) -> usize {
        Self::bytes(self)
    }

    fn may_hold(&self, element: &str) -> bool {
        fn holds(parent: &Element, name: &str) -> bool {
            parent.children().any(|child| child.name() == name || holds(child, name))
        }
        holds(&self.message, element) || self.original.iter().any(|original| holds(original, element))
    }

    fn read(&self) -> Option<Entry> {
        Some(self.clone())
    }
}

/// Which message is meant by a retraction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The one with this id in the archive, whoever sent it.
    Id(String),
    /// The one of this account that has this id, be it in the archive or given by its sender.
    Of(BareJid, String),
}

impl Target {
    /// Whether `entry` is it.
    pub fn is(&self, entry: &Entry) -> bool {
        self.names(&entry.id, entry.account.as_ref())
            || matches!(self, Self::Of(account, id) if entry.account.as_ref() == Some(account)
                && entry.said_ids().any(|said| said == id))
    }

    /// Whether it is the message with this id in the archive, of this account.
    pub fn names(&self, archived: &str, author: Option<&BareJid>) -> bool {
        match self {
            Self::Id(id) => archived == id,
            Self::Of(account, id) => author == Some(account) && archived == id,
        }
    }
}

/// A message becomes a tombstone. One that is not there, or is one already, stays as it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Retraction {
    /// Which message. If several of one account share an id, the newest.
    pub target: Target,
    /// What stands in its place: `<retracted/>` of XEP-0424.
    pub retracted: Element,
    /// Whether what it was is kept, for moderators.
    pub keep_original: bool,
}

/// A durable change of an archive.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// A message is added at the end.
    Append {
        /// Where.
        archive: ArchiveId,
        /// What.
        entry: Arc<Entry>,
    },
    /// A message is retracted.
    Retract {
        /// Where.
        archive: ArchiveId,
        /// What, and what is left of it.
        retraction: Retraction,
    },
    /// A message that nobody has seen is taken out again.
    Withdraw {
        /// Where.
        archive: ArchiveId,
        /// Its id.
        id: String,
    },
    /// All of an archive is gone.
    Forget {
        /// Which.
        archive: ArchiveId,
    },
}

impl Change {
    /// About how many bytes this is, for bounds.
    pub fn bytes(&self) -> usize {
        const ENTRY_BYTES: usize = 128;
        match self {
            Self::Append { entry, .. } => ENTRY_BYTES + entry.bytes(),
            Self::Retract { retraction, .. } => ENTRY_BYTES + size::of(&retraction.retracted),
            Self::Withdraw { .. } | Self::Forget { .. } => ENTRY_BYTES,
        }
    }
}

/// Whose messages are asked for (the field `with` of XEP-0313).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum With {
    /// Those of an account.
    Account(BareJid),
    /// Those of an account that everybody could see was theirs.
    Shown(BareJid),
    /// Those that were sent under this address of an occupant.
    Occupant(Jid),
}

impl With {
    /// Whether `entry` is one of them.
    pub fn is(&self, entry: &Entry) -> bool {
        match self {
            Self::Account(account) => entry.account.as_ref() == Some(account),
            Self::Shown(account) => entry.shown && entry.account.as_ref() == Some(account),
            Self::Occupant(jid) => entry.message.attr("from") == Some(jid.as_str()),
        }
    }
}

/// The id of the message that `message` of a client takes back, in today's form or in that of older clients (XEP-0424).
pub fn taken_back(message: &Element) -> Option<&str> {
    let now = message.get_child("retract", ns::RETRACT);
    let then = || message.get_child("apply-to", ns::FASTEN).filter(|a| a.has_child("retract", ns::RETRACT_0));
    now.or_else(then)?.attr("id").filter(|id| !id.is_empty())
}

/// Whether a message takes something back and says nothing beside it that a client could show. What is larger than any
/// client needs for that says something.
fn only_takes_back(message: &Element) -> bool {
    const BESIDE: &[&str] = &[ns::RETRACT, ns::FALLBACK, ns::HINTS, ns::SID, ns::OCCUPANT_ID];
    const BYTES_MAX: usize = 16 << 10;
    let is_beside = |child: &Element| match child.ns().as_str() {
        ns::FASTEN => child.children().all(|inner| inner.is("retract", ns::RETRACT_0)),
        ns::CLIENT => child.name() == "thread",
        other => BESIDE.contains(&other),
    };
    taken_back(message).is_some() && message.children().all(is_beside) && size::of(message) <= BYTES_MAX
}

/// Who is meant, in a question about what an account said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// An account, or all of a domain.
    Party(Party),
    /// The account that spoke last under this address of an occupant.
    Occupant(Jid),
    /// The account that spoke with this occupant id (XEP-0421).
    Id(String),
}

impl By {
    /// Who it is, if that is known or if `entry` tells it.
    pub fn told_by(&self, entry: &Entry) -> Option<Party> {
        let told = match self {
            Self::Party(party) => return Some(party.clone()),
            Self::Occupant(jid) => entry.message.attr("from") == Some(jid.as_str()),
            Self::Id(id) => {
                let own = entry.message.get_child("occupant-id", ns::OCCUPANT_ID);
                own.and_then(|own| own.attr("id")) == Some(id)
            }
        };
        entry.account.as_ref().filter(|_| told).map(|account| Account::of(account).into())
    }
}

/// What an account or those of a domain said, and did not take back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Who. Of an account only its messages are asked for.
    pub by: By,
    /// Most messages that are looked at for it, and for who is meant; a page that ends there is not complete.
    pub looked_max: usize,
}

impl Said {
    /// Whether `entry` is such a message of `party`: no tombstone, and none that only takes back.
    pub fn is_of(party: &Party, entry: &Entry) -> bool {
        entry.account.as_ref().is_some_and(|account| party.covers(account)) && entry.says_something()
    }

    /// Of which sender all messages are, if they are those of `party`.
    pub fn with(party: Option<&Party>) -> Option<With> {
        match party? {
            Party::Account(account) => Some(With::Account(account.as_bare().clone())),
            Party::Domain(_) => None,
        }
    }
}

/// Where a page begins or ends (XEP-0059).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Place {
    /// The oldest of what fits.
    #[default]
    First,
    /// The newest of what fits.
    Last,
    /// What follows the message of this id.
    After(String),
    /// What comes right before the message of this id.
    Before(String),
    /// The newest of what follows one message, and comes before another if there is one.
    Between(Box<str>, Option<Box<str>>),
    /// What begins after so many messages.
    At(usize),
}

/// Which messages are asked for (XEP-0313 §4.1). All conditions hold together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Only those of this sender.
    pub with: Option<With>,
    /// Only these. What else fits is passed over, and still counted.
    pub said: Option<Box<Said>>,
    /// Not before this time.
    pub start: Option<Timestamp>,
    /// Not after this time, taken as the whole millisecond.
    pub end: Option<Timestamp>,
    /// Only what follows this message.
    pub after_id: Option<Box<str>>,
    /// Only what comes before this message.
    pub before_id: Option<Box<str>>,
    /// Only these messages; empty for no such condition.
    pub ids: Vec<String>,
    /// Which page of what fits.
    pub place: Place,
    /// Most messages of the page; 0 to learn the count alone. A page of large messages has fewer.
    pub max: usize,
}

/// One page of messages, oldest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// The messages.
    pub entries: Vec<Entry>,
    /// Whether nothing that fits lies beyond the page in the direction of paging.
    pub complete: bool,
    /// How many messages fit in all; never an estimate.
    pub count: Option<u64>,
    /// How many of them come before the page.
    pub index: Option<u64>,
    /// Who was meant by [`Said::by`], if that was asked and is known.
    pub by: Option<Party>,
}

/// Something to find out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// A page of messages.
    Page(Query),
    /// The id and time of the oldest and of the newest message.
    Ends,
}

/// What was found out.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// A page of messages.
    Page(Page),
    /// The id and time of the oldest and of the newest message; `None` if there is none.
    Ends(Option<[(String, Timestamp); 2]>),
    /// An id that was asked for is not there.
    NoSuchId,
    /// The archive could not be read.
    Failed,
}

/// Who goes on when the archive has answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asker {
    /// Who reads the archive (XEP-0313).
    Reader,
    /// A moderator who retracts a message (XEP-0425).
    Moderator,
    /// An ad-hoc command (XEP-0050).
    Command,
}

/// A room asks its archive. The answer comes back as an event, by when much may have changed.
#[derive(Clone, Debug)]
pub struct Ask {
    /// Which archive.
    pub archive: ArchiveId,
    /// How many messages had been retracted ([`History::retracted`](super::history::History::retracted)).
    pub retracted: u64,
    /// What to find out.
    pub question: Question,
    /// Who goes on with the answer.
    pub asker: Asker,
    /// The request that led to the question.
    pub inbound: Box<Inbound>,
}

impl Ask {
    /// The question with its answer.
    pub fn answered(self, answer: Answer) -> Found {
        let Self { archive, retracted, asker, inbound, .. } = self;
        Found { archive, retracted, answer, asker, inbound }
    }
}

/// The answer to an [`Ask`].
#[derive(Clone, Debug)]
pub struct Found {
    /// Which archive was asked.
    pub archive: ArchiveId,
    /// How many messages had been retracted when it was asked. What was retracted since may still be in the answer.
    pub retracted: u64,
    /// What the archive says.
    pub answer: Answer,
    /// Who goes on with it.
    pub asker: Asker,
    /// The request that led to the question.
    pub inbound: Box<Inbound>,
}
