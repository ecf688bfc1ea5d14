//! The hunter: it looks for stanzas that cost more than they should, and finds the dearest of each kind.
//!
//! A stanza is told by a recipe: a sample of its kind, and what is done to it (`recipe`). A target measures what the stanza
//! costs (`cost`), and the hunter goes on with what makes it dearer (`hunt`).

pub(crate) mod cost;
pub(crate) mod hunt;
pub(crate) mod recipe;
pub(crate) mod samples;
pub(crate) mod scene;
pub(crate) mod targets;

/// Counts what is allocated.
#[global_allocator]
pub(crate) static MEMORY: peak_alloc::PeakAlloc = peak_alloc::PeakAlloc;
