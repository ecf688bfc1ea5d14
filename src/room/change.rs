//! Changes of who is what in a room: each is checked, made, and told.

pub(crate) mod affiliation;
pub(crate) mod nick;
pub(crate) mod role;
