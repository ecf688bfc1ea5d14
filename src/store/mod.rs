//! What must survive the process: rooms, affiliations, and what was said.
//!
//! [`Store`] and [`Archive`] are the boundary: what a room needs. `embedded` implements both on key-value engines of one machine
//! (`engine`), `memory` is the same without a disk, for tests. `offline` looks after a store that no service uses.

mod atomic_replace;
pub(crate) mod damage;
pub mod embedded;
pub mod engine;
mod local;
pub mod memory;
#[cfg(feature = "offline")]
pub mod offline;

use std::fmt;
use std::path::Path;
use std::pin::Pin;
use std::time::Duration;

use jiff::Timestamp;

pub use self::embedded::messages::Messages;
pub use self::embedded::rooms::{Rooms, occupant, record};
pub use self::local::{LocalArchive, LocalStore, wait};
pub use crate::room::write::{StoredOccupant, StoredSession};

use self::embedded::messages;
use self::engine::fjall::Fjall;
use self::engine::sled::{self, Sled};
use crate::room::archive::{Answer, ArchiveId, Change, Glimpse, Question};
use crate::room::listing::Listed;
use crate::room::state::State;
use crate::room::write::Write;
use crate::wire::jid::BareJid;

/// The store of one machine.
pub type SledStore = Rooms<Sled>;

/// The archive of one machine.
pub type FjallArchive = Messages<Fjall>;

/// The versions of everything that is written to the disk. Each version from 1 on is read for ever, and upgraded where
/// it is met; `tests/upgrade` keeps a store of each.
pub const FORMATS: [(&str, u32); 5] = [
    ("record", record::VERSION as u32),
    ("rooms", sled::FORMAT),
    ("journal", sled::journal::VERSION as u32),
    ("archive", messages::layout::FORMAT as u32),
    ("message", messages::layout::RECORD as u32),
];

/// Why the store could not do it. The fault is always ours or the disk's, never the peer's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreError {
    /// The folder cannot be used: missing rights, held by another process, made by a newer version.
    Unusable(String),
    /// Reading or writing failed.
    Io(String),
    /// One record cannot be read; the key says which.
    Corrupt {
        /// The record's key, printable.
        key: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unusable(why) => write!(f, "the store cannot be used: {why}"),
            Self::Io(why) => write!(f, "the store failed: {why}"),
            Self::Corrupt { key, reason } => write!(f, "record {key} is damaged: {reason}"),
        }
    }
}

impl std::error::Error for StoreError {}

/// What a store answers, once it has. A store of one machine does its work when this is polled, and blocks: see [`LocalStore`].
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// Rests for some time; false if the work is to end.
pub type Rest<'a> = &'a (dyn Fn(Duration) -> bool + Sync);

/// Who commits: the number of the period in which this process owns the rooms. A store that several machines share refuses a
/// commit of an earlier period than it knows of; on one machine there is one period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fence(pub u64);

impl Fence {
    /// That of one machine.
    pub const ONE_MACHINE: Self = Self(1);
}

/// Durable facts: what a room needs. A key-value engine of one machine can implement it ([`embedded`]), and so can a relational
/// database that several machines share.
///
/// # Errors
/// All methods give [`StoreError::Io`] if reading or writing failed.
pub trait Store: Send + Sync + 'static {
    /// Everything about one room; `None` if there is no such room. Where its beginning or its configuration, which may close
    /// it, is damaged, that is [`StoreError::Corrupt`]; anything else that is damaged is logged and passed over.
    ///
    /// What it gives is what the disk holds: never a change whose commit is under way or has failed.
    fn load<'a>(&'a self, room: &'a BareJid) -> Pending<'a, Option<State>>;

    /// Who was in a room, in the order of nicks. A damaged record is logged and passed over.
    fn occupants<'a>(&'a self, room: &'a BareJid) -> Pending<'a, Vec<StoredOccupant>>;

    /// Calls `each` for every room with stored occupants, with their number.
    fn each_occupied<'a>(&'a self, each: &'a mut (dyn FnMut(BareJid, usize) + Send)) -> Pending<'a, ()>;

    /// Calls `each` for every stored room, with what is known of it without loading it. A damaged record is logged and
    /// passed over; gives how many there were.
    ///
    /// Rooms that are made or forgotten meanwhile may be met or not. `each` may use the store.
    fn each_room<'a>(&'a self, each: &'a mut (dyn FnMut(BareJid, Listed) + Send)) -> Pending<'a, usize>;

    /// Whether something is left of a room that was forgotten. To write anything about the room takes all of it away first.
    fn has_rest<'a>(&'a self, room: &'a BareJid) -> Pending<'a, bool>;

    /// Rooms that were forgotten, and of which something is left to be swept.
    fn rests(&self) -> Pending<'_, Vec<BareJid>>;

    /// Makes all of `writes` durable, in order, or none of them. They are on the disk when it returns.
    ///
    /// After an error none of them is seen by a later [`Store::load`].
    fn commit<'a>(&'a self, fence: Fence, writes: &'a [Write]) -> Pending<'a, ()>;

    /// Gives back what removed and replaced records take on the disk, if it is much; everything else can go on meanwhile. It
    /// goes by small steps, and ends early when `rest`, which rests for some time, gives false. Gives what it came to; `None`
    /// if there was nothing to do, or not to the end.
    ///
    /// After an error, which may be that too little is free on the disk, or that too much is written meanwhile, the store is
    /// as it was.
    fn renew<'a>(&'a self, rest: Rest<'a>) -> Pending<'a, Option<Renewed>>;
}

/// How many bytes the files of a store took before they were written anew, and after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Renewed {
    /// Before.
    pub before: u64,
    /// After.
    pub after: u64,
}

/// How many bytes are free on the disk of a folder.
fn free_bytes(path: &Path) -> Result<u64, StoreError> {
    let disk = nix::sys::statvfs::statvfs(path)
        .map_err(|e| StoreError::Io(format!("{}: {}", path.display(), std::io::Error::from(e))))?;
    // The types are not the same on all systems.
    #[allow(clippy::useless_conversion, reason = "on this one they are")]
    let free = u64::from(disk.blocks_available()).saturating_mul(u64::from(disk.fragment_size()));
    Ok(free)
}

/// What left an archive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Freed {
    /// How many messages.
    pub messages: usize,
    /// How many bytes, as in [`Size::bytes`].
    pub bytes: u64,
}

/// How much an archive holds, as far as it was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Bytes of messages as they are before they are compressed, and of what leads to them.
    pub bytes: u64,
    /// How far it was counted, for the archive.
    pub through: u64,
    /// To the end.
    pub whole: bool,
}

/// Bytes that a message takes beside its record: keys, and entries of indexes.
const MESSAGE_BYTES: u64 = 200;

/// How much a message with a record of so many bytes counts for.
fn message_bytes(record: usize) -> u64 {
    MESSAGE_BYTES + record as u64
}

/// Durable messages: what a room needs.
///
/// # Errors
/// All methods give [`StoreError::Io`] if reading or writing failed.
pub trait Archive: Send + Sync + 'static {
    /// Makes all of `changes` durable, in order, or none of them. Unless the operator chose otherwise they are on the
    /// disk when it returns.
    ///
    /// After an error none of them is seen by anything below.
    fn commit<'a>(&'a self, fence: Fence, changes: &'a [Change]) -> Pending<'a, ()>;

    /// Answers a question; never with [`Answer::Failed`], which stands for an error of this call. An archive that
    /// nothing was added to is empty. A damaged record is logged and passed over.
    fn answer<'a>(&'a self, archive: &'a ArchiveId, question: &'a Question) -> Pending<'a, Answer>;

    /// Calls `each` for the messages of an archive from the newest to the oldest, until it gives false. They are not read yet: some
    /// may be passed over that are large.
    fn look_back<'a>(
        &'a self,
        archive: &'a ArchiveId,
        each: &'a mut (dyn FnMut(&dyn Glimpse) -> bool + Send),
    ) -> Pending<'a, ()>;

    /// Calls `each` for every archive that has messages.
    fn each_archive<'a>(&'a self, each: &'a mut (dyn FnMut(ArchiveId) + Send)) -> Pending<'a, ()>;

    /// Drops from the oldest end what came before `before` and what is more than `messages_max`, `step_max` messages
    /// at most. Gives what went; fewer than `step_max` means that it is done.
    fn purge<'a>(
        &'a self,
        archive: &'a ArchiveId,
        before: Timestamp,
        messages_max: u64,
        step_max: usize,
    ) -> Pending<'a, Freed>;

    /// Drops the oldest messages until so many bytes went, `step_max` messages at most. Gives what went.
    fn trim<'a>(&'a self, archive: &'a ArchiveId, bytes: u64, step_max: usize) -> Pending<'a, Freed>;

    /// About how many bytes all archives take on the disk.
    fn bytes(&self) -> Pending<'_, u64>;

    /// Counts on from `so_far`, which the last call gave for this archive or is none, `step_max` messages at most. What was
    /// retracted or dropped since of what was counted is taken off. `None` if the archive has no messages.
    fn count_bytes<'a>(
        &'a self,
        archive: &'a ArchiveId,
        so_far: Size,
        step_max: usize,
    ) -> Pending<'a, Option<Size>>;

    /// Frees what archives held that were forgotten, about `step_max` messages at a time. Gives 0 when nothing is left
    /// to free. No answer changes.
    fn sweep(&self, step_max: usize) -> Pending<'_, usize>;

    /// Gives back what removed messages take on the disk, if it is much; everything else can go on meanwhile. It comes back early
    /// when `rest`, which rests for some time, gives false. Gives what it came to; `None` if there was nothing to do, or not to
    /// the end. After an error the archive is as it was.
    fn renew<'a>(&'a self, rest: Rest<'a>) -> Pending<'a, Option<Renewed>>;
}
