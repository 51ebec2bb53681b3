//! The events of a group: one JSON object a line, `<world>/logs/<id>.jsonl`.

use super::Group;
use crate::sandbox::store::{Store, append as add_to, replace};
use crate::sandbox::timing::Moment;
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// So many events of a group are kept, the newest.
pub(super) const MOST: usize = 10_000;
/// So many more may lie in the file, so that it is not written anew with every call.
const SLACK: usize = 1000;
/// Below this size in bytes a file cannot hold [`MOST`] events: the shortest takes more than 130.
const SMALL: u64 = 130 * MOST as u64;
/// Beyond this size in bytes the older half goes.
const LARGE: usize = 32 * 1024 * 1024;

/// What an event counts besides its message, in bytes.
pub(super) const OVERHEAD: usize = 26;

const DAY: i64 = 86_400_000;

/// One event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Event {
    /// 56 digits, in the order in which CloudWatch Logs lists: by time, then by arrival.
    pub id: String,
    /// The stream that it was written into.
    pub stream: String,
    /// When it happened, by the one who wrote it.
    pub time: Moment,
    /// When it arrived.
    pub ingested: Moment,
    /// The text.
    pub message: String,
}

fn dir(store: &Store) -> PathBuf {
    store.dir().join("logs")
}

fn file(store: &Store, group: &str) -> PathBuf {
    dir(store).join(format!("{group}.jsonl"))
}

fn lock(store: &Store, how: FlockOperation) -> io::Result<fs::File> {
    fs::create_dir_all(dir(store))?;
    let file = add_to(&dir(store).join("lock"))?;
    flock(&file, how)?;
    Ok(file)
}

/// Adds events to a stream.
pub(super) fn append(
    store: &Store,
    group: &str,
    stream: &str,
    lines: &[(Moment, String)],
) -> io::Result<()> {
    let ingested = store.timing().now();
    let arrived = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map(|d| d.as_nanos())
        .unwrap_or_default();
    let mut text = Vec::new();
    for (time, message) in lines {
        serde_json::to_writer(
            &mut text,
            &Event {
                id: id(*time, arrived),
                stream: stream.to_owned(),
                time: *time,
                ingested,
                message: message.clone(),
            },
        )?;
        text.push(b'\n');
    }
    let _held = lock(store, FlockOperation::LockExclusive)?;
    let path = file(store, group);
    // what functions print may be private
    add_to(&path)?.write_all(&text)?;
    if fs::metadata(&path)?.len() > SMALL {
        trim(&path)?;
    }
    Ok(())
}

/// Drops the oldest events of a file that has too many, or is too large.
fn trim(path: &Path) -> io::Result<()> {
    let all = fs::read(path)?;
    let lines: Vec<&[u8]> = all.split_inclusive(|b| *b == b'\n').collect();
    let mut from = match lines.len() {
        n if n > MOST + SLACK => n - MOST,
        _ => 0,
    };
    if all.len() > LARGE {
        let mut rest: usize = lines[from..].iter().map(|l| l.len()).sum();
        while rest > LARGE / 2 && from + 1 < lines.len() {
            rest -= lines[from].len();
            from += 1;
        }
    }
    if from > 0 {
        replace(path, &lines[from..].concat())?;
    }
    Ok(())
}

/// Makes an id whose order is that of the events.
fn id(time: Moment, arrived: u128) -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::SeqCst) % 100_000_000_000;
    let process = std::process::id();
    format!("{:015}{arrived:020}{process:010}{count:011}", time.max(0))
}

/// Returns the events of a group that are kept and have not expired, as CloudWatch Logs lists them.
///
/// # Errors
/// Where they cannot be read.
pub(super) fn events(store: &Store, group: &Group) -> io::Result<Vec<Event>> {
    let text = {
        let _held = lock(store, FlockOperation::LockShared)?;
        match fs::read_to_string(file(store, &group.id)) {
            Ok(text) => text,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(e),
        }
    };
    let mut events: Vec<Event> = text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    events.drain(..events.len().saturating_sub(MOST));
    if let Some(days) = group.retention_days {
        let since = store.timing().now() - days * DAY;
        events.retain(|e| e.time >= since);
    }
    events.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(events)
}

/// Forgets the events of a group.
///
/// # Errors
/// Where the file cannot be removed.
pub(super) fn forget(store: &Store, group: &str) -> io::Result<()> {
    let _held = lock(store, FlockOperation::LockExclusive)?;
    match fs::remove_file(file(store, group)) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}
