//! The logs of functions: one JSON object a line, `<world>/logs/<function>.jsonl`. As on AWS they outlive the
//! function.

use crate::sandbox::store::{Store, replace};
use crate::sandbox::timing::Moment;
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Beyond this many bytes the older half of a log is dropped.
const MOST: u64 = 4 * 1024 * 1024;

/// One line of a log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Milliseconds since 1970.
    pub time: Moment,
    /// The invocation that wrote it.
    pub request_id: String,
    /// The text.
    pub message: String,
}

fn file(store: &Store, function: &str) -> PathBuf {
    store.dir().join("logs").join(format!("{function}.jsonl"))
}

/// Returns the lines of a function's log, oldest first, from `since` (milliseconds) on; none where it never ran.
///
/// # Errors
/// Where the log cannot be read.
pub fn lines(store: &Store, function: &str, since: Moment) -> io::Result<Vec<Line>> {
    let text = match fs::read_to_string(file(store, function)) {
        Ok(text) => text,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(e),
    };
    Ok(text
        .lines()
        .filter_map(|line| serde_json::from_str::<Line>(line).ok())
        .filter(|line| line.time >= since)
        .collect())
}

/// Adds lines to a function's log.
pub(super) fn append(store: &Store, function: &str, lines: &[Line]) -> io::Result<()> {
    let path = file(store, function);
    let dir = store.dir().join("logs");
    fs::create_dir_all(&dir)?;
    let mut text = Vec::new();
    for line in lines {
        serde_json::to_writer(&mut text, line)?;
        text.push(b'\n');
    }
    let lock = private(&dir.join("lock"))?;
    flock(&lock, FlockOperation::LockExclusive)?;
    private(&path)?.write_all(&text)?;
    if fs::metadata(&path)?.len() > MOST {
        let all = fs::read(&path)?;
        let half = all.len() / 2;
        let from = all[half..]
            .iter()
            .position(|b| *b == b'\n')
            .map_or(half, |at| half + at + 1);
        replace(&path, &all[from..])?;
    }
    Ok(())
}

/// Opens a file to be added to; what functions print may be private.
fn private(path: &Path) -> io::Result<fs::File> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
