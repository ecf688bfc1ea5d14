//! Where records go that cannot be read: a file of lines, so that nothing is thrown away.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use crate::store::StoreError;

/// A file of records, one JSON object a line, made when the first one is put there.
pub(super) struct Quarantine {
    path: PathBuf,
    file: Option<BufWriter<File>>,
    count: u64,
}

#[derive(Serialize)]
struct Line<'a> {
    /// Which kind of record.
    of: &'a str,
    why: &'a str,
    /// For people; control characters stand as escapes.
    name: String,
    /// In base64, as is the value.
    key: String,
    value: String,
}

impl Quarantine {
    /// One that will be in the file `path`, which is readable by its owner alone.
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), file: None, count: 0 }
    }

    /// Puts a record there.
    pub(super) fn put(&mut self, of: &str, key: &[u8], value: &[u8], why: &str) -> Result<(), StoreError> {
        let io = |e: std::io::Error| StoreError::Io(format!("{}: {e}", self.path.display()));
        let file = match &mut self.file {
            Some(file) => file,
            None => {
                let file = OpenOptions::new()
                    .write(true)
                    .create_new(true)
                    .mode(0o600)
                    .open(&self.path)
                    .map_err(io)?;
                self.file.insert(BufWriter::new(file))
            }
        };
        let name = String::from_utf8_lossy(key).escape_debug().to_string();
        let (key, value) = (STANDARD.encode(key), STANDARD.encode(value));
        let line = Line { of, why, name, key, value };
        let written = serde_json::to_writer(&mut *file, &line).map_err(std::io::Error::from);
        written.and_then(|()| file.write_all(b"\n")).map_err(io)?;
        self.count += 1;
        Ok(())
    }

    /// How many records are in it.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Brings it to the disk; how many records are in it.
    pub(super) fn finish(self) -> Result<u64, StoreError> {
        let Some(file) = self.file else { return Ok(0) };
        let synced =
            file.into_inner().map_err(std::io::IntoInnerError::into_error).and_then(|f| f.sync_all());
        synced.map_err(|e| StoreError::Io(format!("{}: {e}", self.path.display())))?;
        Ok(self.count)
    }
}
