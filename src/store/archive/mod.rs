//! The message archive: what rooms sent, in order, for as long as it is kept (XEP-0313).
//!
//! [`Archive`] is the boundary. `fjall` keeps it on disk, `memory` keeps it for tests. What is kept and asked for is in
//! [`crate::room::archive`].

pub mod fjall;
pub mod memory;

use std::time::Duration;

use jiff::Timestamp;

use super::{Renewed, StoreError};
use crate::room::archive::{Answer, ArchiveId, Change, Entry, Glimpse, Question};

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

/// Durable messages. All calls block; they are made from threads that may.
pub trait Archive: Send + Sync + 'static {
    /// Makes all of `changes` durable, in order, or none of them. Unless the operator chose otherwise they are on the
    /// disk when it returns.
    ///
    /// After an error none of them is seen by anything below.
    fn commit(&self, changes: &[Change]) -> Result<(), StoreError>;

    /// Answers a question; never with [`Answer::Failed`], which stands for an error of this call. An archive that
    /// nothing was added to is empty. A damaged record is logged and passed over.
    fn answer(&self, archive: &ArchiveId, question: &Question) -> Result<Answer, StoreError>;

    /// Calls `each` for the messages of an archive from the newest to the oldest, until it gives false.
    fn newest(&self, archive: &ArchiveId, each: &mut dyn FnMut(Entry) -> bool) -> Result<(), StoreError>;

    /// The same, with messages that are not read yet: some may be passed over that are large.
    fn look_back(
        &self,
        archive: &ArchiveId,
        each: &mut dyn FnMut(&dyn Glimpse) -> bool,
    ) -> Result<(), StoreError> {
        self.newest(archive, &mut |entry| each(&entry))
    }

    /// Calls `each` for every archive that has messages.
    fn each_archive(&self, each: &mut dyn FnMut(ArchiveId)) -> Result<(), StoreError>;

    /// Drops from the oldest end what came before `before` and what is more than `messages_max`, `step_max` messages
    /// at most. Gives what went; fewer than `step_max` means that it is done.
    fn purge(
        &self,
        archive: &ArchiveId,
        before: Timestamp,
        messages_max: u64,
        step_max: usize,
    ) -> Result<Freed, StoreError>;

    /// Drops the oldest messages until so many bytes went, `step_max` messages at most. Gives what went.
    fn trim(&self, archive: &ArchiveId, bytes: u64, step_max: usize) -> Result<Freed, StoreError>;

    /// About how many bytes all archives take on the disk.
    fn bytes(&self) -> u64;

    /// Counts on from `so_far`, `step_max` messages at most; `None` if the archive has no messages.
    fn count_bytes(
        &self,
        archive: &ArchiveId,
        so_far: Size,
        step_max: usize,
    ) -> Result<Option<Size>, StoreError>;

    /// Frees what archives held that were forgotten, about `step_max` messages at a time. Gives 0 when nothing is left
    /// to free. Nobody sees a difference.
    fn sweep(&self, step_max: usize) -> Result<usize, StoreError>;

    /// Gives back what removed messages take on the disk, if it is much; everything else can go on meanwhile. It comes back early
    /// when `rest`, which rests for some time, gives false. Gives what it came to; `None` if there was nothing to do, or not to
    /// the end. After an error the archive is as it was.
    fn renew(&self, _rest: &dyn Fn(Duration) -> bool) -> Result<Option<Renewed>, StoreError> {
        Ok(None)
    }
}
