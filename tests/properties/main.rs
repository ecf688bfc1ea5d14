//! Properties: rules that hold for any input, tried with inputs drawn at random. A failing input is made small and
//! printed; `PROPTEST_CASES` says how many are tried.

mod admin;
mod encode;
mod forms;
mod history;
mod jid;
mod nick;
mod stream;
#[path = "../room/world.rs"]
#[allow(dead_code)]
mod world;
mod xml;
