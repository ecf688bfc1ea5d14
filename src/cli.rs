//! The command line: what can be asked, and what it says about itself.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use conclave::config::host_config::HostServer;
use conclave::config::{ConfigError, OVERRIDES, Override, Settings, Sources, load};

/// Chat rooms for any XMPP server.
///
/// Conclave is a Multi-User Chat service (XEP-0045) that attaches to an existing XMPP server as an external
/// component (XEP-0114). It needs a domain, the address of the server's component port and the secret it shares
/// with the server.
#[derive(Debug, Parser)]
#[command(version = VERSION, propagate_version = true, after_help = AFTER)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What `--version` prints after the name.
const VERSION: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    "\nMulti-User Chat (XEP-0045) as an external component (XEP-0114)\nLicense: ",
    env!("CARGO_PKG_LICENSE")
);

const AFTER: &str = "\
Settings:
  Defaults, overridden by component.toml, by the environment, by flags.
  The file is the one that --config names, else ./component.toml, else
  /etc/conclave/component.toml. With the environment alone, none is needed.

Environment:
  CONCLAVE_DOMAIN       domain of the service, such as rooms.example.org
  CONCLAVE_SERVER       the server's component port, \"host:port\"
  CONCLAVE_SECRET       secret shared with the server (there is no flag for
                        it: other users of the machine could see it)
  CONCLAVE_SECRET_FILE  file that holds the secret
  CONCLAVE_STORE        folder for rooms and affiliations
  CONCLAVE_LOG          error, warn, info, debug, trace, off, or a list such
                        as info,conclave::link=debug

Exit code:
  0 after an orderly stop, 1 when running failed, 2 when the settings or the
  arguments are wrong. Of \"store\": 0 when the store is sound now, 1 when it is
  damaged, 2 when it cannot be worked on.";

/// What can be asked.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Attaches to the server and serves rooms until it is told to stop (SIGTERM, SIGINT)
    Run(SettingsArgs),
    /// Looks after the store, while the service is stopped
    #[cfg(feature = "offline")]
    #[command(subcommand)]
    Store(StoreCommand),
    /// Looks at the settings
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Prints what the host server's configuration needs for these settings
    HostConfig {
        /// The host server
        #[arg(value_name = "SERVER")]
        host: Host,
        /// Prints the secret instead of a placeholder
        #[arg(long)]
        show_secret: bool,
        #[command(flatten)]
        settings: SettingsArgs,
    },
}

#[cfg(feature = "offline")]
#[derive(Debug, Subcommand)]
pub(crate) enum StoreCommand {
    /// Reads everything that is stored, and names what is damaged
    Check(SettingsArgs),
    /// Makes the store sound again, and puts what cannot be read aside
    Repair(SettingsArgs),
    /// Gives back the disk space of what was removed
    Compact(SettingsArgs),
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Says whether the settings are complete and sound, and where the first mistake is if not
    Check(SettingsArgs),
    /// Prints the settings that are in force as TOML, every key, without the secret
    Print(SettingsArgs),
    /// Prints all that people read in a language as TOML, for `service.texts`
    Texts {
        /// The language, such as de; where there are no texts in it, they are in English
        #[arg(value_name = "LANGUAGE")]
        language: String,
        #[command(flatten)]
        settings: SettingsArgs,
    },
}

/// The host servers that `host-config` knows.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Host {
    /// Lines of prosody.cfg.lua
    Prosody,
    /// A listener of ejabberd.yml
    Ejabberd,
    /// Settings of the admin console
    Openfire,
    /// A listener of mongooseim.toml
    Mongooseim,
}

impl From<Host> for HostServer {
    fn from(host: Host) -> Self {
        match host {
            Host::Prosody => Self::Prosody,
            Host::Ejabberd => Self::Ejabberd,
            Host::Openfire => Self::Openfire,
            Host::Mongooseim => Self::Mongooseim,
        }
    }
}

/// Flags that override the file and the environment.
#[derive(Args, Clone, Debug)]
pub(crate) struct SettingsArgs {
    /// The settings file [default: ./component.toml, then /etc/conclave/component.toml, if there]
    #[arg(long, short, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The domain of the service
    #[arg(long)]
    domain: Option<String>,
    /// The server's component port; without a port 5347
    #[arg(long, value_name = "HOST:PORT")]
    server: Option<String>,
    /// A file that holds the secret shared with the server
    #[arg(long, value_name = "FILE")]
    secret_file: Option<String>,
    /// The folder for rooms and affiliations
    #[arg(long, value_name = "FOLDER")]
    store: Option<String>,
    /// How much is logged: a level, or a list of part=level
    #[arg(long, value_name = "LEVEL")]
    log: Option<String>,
}

impl SettingsArgs {
    /// The settings, with these flags over everything else.
    pub(crate) fn load(self) -> Result<Settings, ConfigError> {
        let mut sources = Sources { file: self.config, ..Sources::from_environment()? };
        for Override { path, flag, .. } in OVERRIDES {
            let value = match flag {
                Some("--domain") => &self.domain,
                Some("--server") => &self.server,
                Some("--secret-file") => &self.secret_file,
                Some("--store") => &self.store,
                Some("--log") => &self.log,
                _ => continue,
            };
            if let Some(value) = value {
                sources.flags.insert(path, value.clone());
            }
        }
        load(&sources)
    }
}
