//! A file system that takes no more: a test is run again by a process of its own, under a limit on file sizes that it lifts in
//! the end.

use std::path::Path;
use std::process::Command;

/// Runs a test of this program again, with the variable set to the folder, until it says that it has recovered.
pub(crate) fn run(test: &str, variable: &str, folder: &Path) {
    // The signal is ignored, so that the write returns an error.
    let output = Command::new("sh")
        .args(["-c", r#"trap '' XFSZ; exec "$0" "$1" --exact --nocapture"#])
        .arg(std::env::current_exe().expect("this program"))
        .arg(test)
        .env(variable, folder)
        .output()
        .expect("a shell");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("recovered"), "{output:?}");
}

/// Files of this process may have so many bytes from now on.
pub(crate) fn limit_files(bytes: &str) {
    let limit = format!("--fsize={bytes}:unlimited");
    let own = std::process::id().to_string();
    let status = Command::new("prlimit").args(["--pid", &own, &limit]).status();
    assert!(status.expect("prlimit, of util-linux").success());
}
