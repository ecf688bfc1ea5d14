//! What happens on the stage, one thing at a time. An action says all that there is to it: a story can be played
//! again, in whole or in part, without the seed that it came from.

use std::fmt::Write as _;

use crate::cast::Cast;
use crate::net::{Link, Remote};

/// One thing that happens.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Action {
    /// An entity sends a stanza, whose `from` is set then. If `held`, it waits in the mailbox of its room until another
    /// stanza comes that is not, and both are handled together.
    Send { who: usize, stanza: String, held: bool },
    /// An entity answers the oldest IQ that was passed on to `who`, or its server returns the oldest invitation; `by`
    /// differs from `who` when it is a lie.
    Answer { who: usize, by: usize, error: bool },
    /// The process is killed and started again.
    Crash,
    /// The process is told to stop, does so in order, and is started again.
    Restart,
    /// Another process goes on in its place, with its connection.
    InPlace,
    /// The process is stopped in order, with a goodbye to everybody, and started again.
    Stop,
    /// The process does nothing (`stalled`), or goes on with what has come meanwhile.
    Stall { stalled: bool },
    /// From now on the store and the archive take so many commits, or all that come.
    Disk { store_left: Option<u32>, archive_left: Option<u32> },
    /// The link to the server breaks, or is mended.
    Link(Link),
    /// The server is started anew: all its sessions are gone, and the link is up again.
    ServerRestart,
    /// The other server goes out of reach or comes back.
    Remote(Remote),
    /// A client's session ends. Its server says so to the rooms that it was in, or does not.
    Gone { who: usize, said: bool },
    /// A client blocks who has this nick.
    Block { who: usize, nick: String },
    /// The clock is set forward or back.
    Clock { seconds: i64 },
    /// Nothing happens for so long; rooms that nobody is in leave memory.
    Wait { seconds: i64 },
}

impl Action {
    /// A line for people.
    pub(crate) fn line(&self, cast: &Cast) -> String {
        let name = |who: &usize| &cast.entities[*who].name;
        match self {
            Self::Send { who, stanza, held } => {
                let mut line = format!("{} sends {}", name(who), short(stanza));
                if *held {
                    let _ = write!(line, "   (handled together with what comes next to this room)");
                }
                line
            }
            Self::Answer { who, by, error } => {
                let what = if *error { "an error" } else { "a result" };
                format!("{} answers the oldest request passed on to {} with {what}", name(by), name(who))
            }
            Self::Crash => "the process is killed and started again".to_owned(),
            Self::Restart => "the process is stopped in order and started again".to_owned(),
            Self::InPlace => "another process takes the place of this one".to_owned(),
            Self::Stop => "the process is stopped with a goodbye and started again".to_owned(),
            Self::Stall { stalled: true } => "the process stalls".to_owned(),
            Self::Stall { stalled: false } => "the process goes on with what has come meanwhile".to_owned(),
            Self::Disk { store_left: None, archive_left: None } => "the disk works".to_owned(),
            Self::Disk { store_left, archive_left } => {
                let left =
                    |left: &Option<u32>| left.map_or("all commits".to_owned(), |n| format!("{n} more"));
                format!("the store takes {}, the archive {}", left(store_left), left(archive_left))
            }
            Self::Link(Link::Up) => "the link is up again".to_owned(),
            Self::Link(Link::Mute) => "what the service sends is lost from now on".to_owned(),
            Self::Link(Link::Cut { returns }) => {
                format!("the link is cut; the server {} it", if *returns { "knows" } else { "does not know" })
            }
            Self::ServerRestart => "the server is started anew, without its sessions".to_owned(),
            Self::Remote(remote) => format!("the other server: {remote:?}"),
            Self::Gone { who, said: true } => format!("{}'s session ends", name(who)),
            Self::Gone { who, said: false } => format!("{}'s session ends, and nobody says so", name(who)),
            Self::Block { who, nick } => format!("{} blocks {nick}", name(who)),
            Self::Clock { seconds } => format!("the clock is set by {seconds} seconds"),
            Self::Wait { seconds } => format!("{seconds} seconds pass"),
        }
    }
}

/// A stanza with its long namespaces cut.
pub(crate) fn short(stanza: &str) -> String {
    stanza
        .replace(" xmlns='jabber:client'", "")
        .replace("http://jabber.org/protocol/", "")
        .replace("urn:ietf:params:xml:ns:", "")
        .replace(".example", "")
}
