//! The log of calls: a line of JSON each in `calls.jsonl`, never with what was sent, and the same in memory.

use crate::sandbox::store;
use crate::sandbox::timing::Moment;
use serde::Serialize;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// One call that was answered, or dropped.
///
/// `arrived` and `finished` are ticks of one counter: call B was made after call A had been answered exactly if
/// `b.arrived > a.finished`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LoggedCall {
    /// When it arrived.
    pub time: Moment,
    /// `rds`, `ec2`, `iam`, `sts`, `cognito-idp`, `lambda`, `logs`; `unknown` where it could not be told.
    pub service: String,
    /// The operation, empty where it could not be told.
    pub operation: String,
    /// HTTP status; none where the connection was dropped.
    pub status: Option<u16>,
    /// AWS's error code, where it was refused.
    pub code: Option<String>,
    /// The request id that the answer carried.
    pub request_id: String,
    /// Tick of the arrival.
    pub arrived: u64,
    /// Tick at which the answer was ready.
    pub finished: u64,
}

/// What is known of a call when its answer is ready.
pub struct Finished {
    pub at: Moment,
    pub arrived: u64,
    pub service: String,
    pub operation: String,
    pub status: Option<u16>,
    pub code: Option<String>,
    pub request_id: String,
}

/// The log of one server.
#[derive(Debug)]
pub struct CallLog {
    file: PathBuf,
    ticks: AtomicU64,
    calls: Mutex<Vec<LoggedCall>>,
}

impl CallLog {
    /// Logs to `calls.jsonl` in `dir`, after what is there.
    pub fn new(dir: &Path) -> Self {
        CallLog {
            file: dir.join("calls.jsonl"),
            ticks: AtomicU64::new(0),
            calls: Mutex::default(),
        }
    }

    /// Notes that a call has arrived, and returns its tick.
    pub fn arrive(&self) -> u64 {
        self.ticks.fetch_add(1, Ordering::SeqCst)
    }

    /// Notes that a call has been answered.
    pub fn finish(&self, f: Finished) {
        let call = LoggedCall {
            time: f.at,
            service: f.service,
            operation: f.operation,
            status: f.status,
            code: f.code,
            request_id: f.request_id,
            arrived: f.arrived,
            finished: self.ticks.fetch_add(1, Ordering::SeqCst),
        };
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        // a log that cannot be written must not make a call fail that succeeded
        let _ = self.append(&call);
        calls.push(call);
    }

    fn append(&self, call: &LoggedCall) -> std::io::Result<()> {
        let mut line = serde_json::to_vec(call)?;
        line.push(b'\n');
        store::append(&self.file)?.write_all(&line)
    }

    /// Returns the calls of this server by arrival.
    pub fn all(&self) -> Vec<LoggedCall> {
        let mut calls = self
            .calls
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        calls.sort_by_key(|c| c.arrived);
        calls
    }
}

/// Counts round trips that waited for one another: the longest chain of calls in which each arrived only after
/// the one before had been answered. Calls in flight together count once.
pub fn dependent_round_trips(calls: &[LoggedCall]) -> usize {
    let mut by_end: Vec<&LoggedCall> = calls.iter().collect();
    by_end.sort_by_key(|c| c.finished);
    let mut chain = 0;
    let mut last = None;
    for call in by_end {
        if last.is_none_or(|end| call.arrived > end) {
            chain += 1;
            last = Some(call.finished);
        }
    }
    chain
}
