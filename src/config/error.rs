//! What is wrong with the settings, and where it was written.

use std::fmt;
use std::path::PathBuf;

/// Where a setting was written. Later variants override earlier ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Nowhere: it is the default.
    Default,
    /// In a file, on a line counted from 1.
    File {
        /// The file, as it was named or found.
        path: PathBuf,
        /// The line; `None` when the file as a whole is meant.
        line: Option<usize>,
    },
    /// In an environment variable.
    Environment(&'static str),
    /// In a flag of the command line.
    Flag(&'static str),
}

impl Place {
    /// Of two places, the one with the higher rank overrides the other.
    pub(super) fn rank(&self) -> u8 {
        match self {
            Self::Default => 0,
            Self::File { .. } => 1,
            Self::Environment(_) => 2,
            Self::Flag(_) => 3,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line: Some(line) } => write!(f, "{}:{line}", path.display()),
            Self::File { path, line: None } => write!(f, "{}", path.display()),
            Self::Environment(name) => write!(f, "environment variable {name}"),
            Self::Flag(name) => write!(f, "flag {name}"),
        }
    }
}

/// One mistake in the settings. Its text names the place, what is wrong and what was meant; never the secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// Where the mistake stands.
    pub place: Place,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl ConfigError {
    pub(super) fn new(place: Place, message: impl Into<String>) -> Self {
        Self { place, message: message.into() }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Place::Default => f.write_str(&self.message),
            _ => write!(f, "{}: {}", self.place, self.message),
        }
    }
}

impl std::error::Error for ConfigError {}
