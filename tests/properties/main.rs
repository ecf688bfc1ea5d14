//! Properties: rules that hold for any input, tried with inputs drawn at random. A failing input is made small and
//! printed; `PROPTEST_CASES` says how many are tried.

mod admin;
mod encode;
mod forms;
mod history;
mod jid;
mod nick;
mod stored;
mod stream;
#[path = "../room/world.rs"]
mod world;
mod xml;

/// So many cases, or as many as `PROPTEST_CASES` says.
fn cases(usual: u32) -> proptest::prelude::ProptestConfig {
    let config = proptest::prelude::ProptestConfig::default();
    match std::env::var_os("PROPTEST_CASES") {
        Some(_) => config,
        None => proptest::prelude::ProptestConfig { cases: usual, ..config },
    }
}
