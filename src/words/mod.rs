//! What the service says to people: every text, in every language. Pure.
//!
//! A text is declared once, with all its languages: one that lacks a language does not compile. The label of an option and
//! the name of a command are declared in the file of their feature, by the same macro. Who asks is answered in the
//! language of the stanza that asks ([`Lang::of`]), else in that of the room; what all hear is in the language of the room.
//! An operator's file can change texts, and add languages.
//!
//! A table is all that is needed: a library for translations would bring a parser, files to load and a lookup by name, for
//! plurals and genders that the texts do without ("Messages retracted: 3.").

mod catalogue;
mod commands;
mod errors;
mod requests;
mod service;
mod settings;
#[cfg(test)]
mod tests;
mod text;

pub use catalogue::{Catalogue, Extra, Lang, TAG_BYTES_MAX, is_tag, tag_of_name};
pub use commands::*;
pub use errors::*;
pub use requests::*;
pub use service::*;
pub use settings::*;
pub(crate) use text::texts;
pub use text::{Entry, LANGUAGES, Label, Text, Value, Words};

/// All texts that are said in more than one place; the others stand where they are said.
pub fn all() -> impl Iterator<Item = &'static Entry> {
    let parts = [errors::ALL, requests::ALL, settings::ALL, commands::ALL, service::ALL];
    parts.into_iter().flatten().copied()
}
