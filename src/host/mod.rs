//! To be filled.

pub mod commit;
