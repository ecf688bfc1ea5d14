//! What happens on the stage, one thing at a time. An action says all that there is to it: a story can be played
//! again, in whole or in part, without the seed that it came from.

use std::fmt::Write as _;

use crate::cast::Cast;

/// One thing that happens.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Action {
    /// An entity sends a stanza, whose `from` is set then. If `held`, it waits in the mailbox of its room until another
    /// stanza comes that is not, and both are handled together.
    Send { who: usize, stanza: String, held: bool },
    /// An entity answers the oldest IQ that was passed on to `who`, or its server returns the oldest invitation; `by`
    /// differs from `who` when it is a lie.
    Answer { who: usize, by: usize, error: bool },
    /// The process is killed and started again, some seconds after the last thing that happened.
    Crash,
    /// The process is told to stop, does so in order, and is started again.
    Restart,
    /// The same, with a goodbye to everybody.
    Stop,
    /// From now on the disk takes what is written, or does not.
    Disk { works: bool },
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
            Self::Stop => "the process is stopped with a goodbye and started again".to_owned(),
            Self::Disk { works: true } => "the disk works again".to_owned(),
            Self::Disk { works: false } => "the disk begins to refuse every commit".to_owned(),
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
