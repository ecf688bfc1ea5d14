//! The operator's file with anything in it: the settings, or one mistake in words; what is settled can be written as
//! TOML and means the same when it is read.
#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

use conclave::config::{Sources, load};
use libfuzzer_sys::fuzz_target;

static FILE: LazyLock<PathBuf> =
    LazyLock::new(|| std::env::temp_dir().join(format!("conclave-fuzz-{}.toml", std::process::id())));

fuzz_target!(|text: &str| {
    // A file of the machine that runs this is not read.
    if text.contains("secret_file") || text.contains('\\') {
        return;
    }
    std::fs::write(&*FILE, text).expect("a temporary file");
    let sources = Sources { file: Some(FILE.clone()), ..Sources::default() };
    match load(&sources) {
        Err(mistake) => assert!(!mistake.to_string().is_empty()),
        Ok(settings) => {
            std::fs::write(&*FILE, settings.to_toml()).expect("a temporary file");
            let again = load(&sources).expect("our own TOML");
            assert_eq!(again.service, settings.service);
            assert_eq!(again.limits, settings.limits);
            assert_eq!((again.store, again.log), (settings.store, settings.log));
        }
    }
});
