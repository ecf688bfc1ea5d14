//! Poezio, a client for terminals written in Python on slixmpp.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::deck::{Deck, ROOM, body};
use crate::servers::client::Client;
use crate::servers::guest::{Guest, has_code, is_from};
use crate::servers::host::{DOMAIN, Host, Kind, MUC};
use crate::servers::process::find;
use crate::terminal::{Terminal, keep};

/// The account that owns nothing: Poezio does not run for root.
const NOBODY: &str = "65534";

/// Starts it for a new account of this name.
fn start(host: &Host, name: &str) -> Terminal {
    let program = find("poezio").expect("poezio, which scripts/test installs (Debian: apt-get install poezio)");
    let account = Guest::account(name);
    Client::register(&host.door(), &account).unwrap_or_else(|e| panic!("{name}: {e}"));
    let home = tempfile_for(host, name);
    let port = host.door().address.rsplit(':').next().map(str::to_owned).expect("a port");
    let settings = home.join("poezio.cfg");
    let text = format!(
        "[Poezio]\njid = {name}@{DOMAIN}/terminal\npassword = {}\ncustom_host = 127.0.0.1\ncustom_port = {port}\n\
         force_encryption = false\ndefault_nick = {name}\nuse_log = false\nenable_carbons = false\nplugins_autoload =\n\
         enable_avatars = false\nhide_exit_join = -1\n",
        account.password
    );
    fs::write(&settings, text).expect("a file can be written");
    let text = |path: &Path| path.display().to_string();
    let mut command: Vec<String> = Vec::new();
    if is_root() {
        let user = [format!("--reuid={NOBODY}"), format!("--regid={NOBODY}"), "--clear-groups".to_owned()];
        command.push("setpriv".to_owned());
        command.extend(user);
    }
    command.extend(["env", "-i", "PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", "TERM=screen"].map(str::to_owned));
    for (variable, folder) in [
        ("HOME", home.clone()),
        ("XDG_CONFIG_HOME", home.join("config")),
        ("XDG_DATA_HOME", home.join("data")),
        ("XDG_CACHE_HOME", home.join("cache")),
    ] {
        command.push(format!("{variable}={}", text(&folder)));
    }
    command.extend([text(&program), "-f".to_owned(), text(&settings)]);
    let terminal = Terminal::start(&home, &command);
    terminal.shows(&["Connected to server", "authenticated"]);
    terminal
}
