//! The store and the archive of one machine, on key-value engines: keys, records, queries.

pub mod messages;
pub mod rooms;
