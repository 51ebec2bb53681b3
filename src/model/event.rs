//! What happens during a run, as owned data. The terminal view and the JSON stream are two folds over it.

use super::{Action, Addr, Fault, Receipt, Residue};
use serde::{Deserialize, Serialize};

/// How a run ended.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunSummary {
    /// Steps that are done.
    pub done: Vec<Addr>,
    /// Steps that AWS has accepted and that were not waited for.
    pub accepted: Vec<Addr>,
    /// Steps that failed.
    pub failed: Vec<Addr>,
    /// Those of them of which nobody can tell what they have changed: the answer to a call was lost.
    #[serde(default)]
    pub unknown: Vec<Addr>,
    /// Steps that were not begun.
    pub skipped: Vec<Addr>,
    /// The run was told to stop.
    pub interrupted: bool,
    /// How long it took, in seconds.
    pub seconds: f64,
}

impl RunSummary {
    /// Notes a step that failed.
    pub fn fail(&mut self, addr: Addr, fault: &Fault) {
        if fault.residue == Residue::Unknown {
            self.unknown.push(addr.clone());
        }
        self.failed.push(addr);
    }

    /// Tells whether everything was done.
    pub fn complete(&self) -> bool {
        self.failed.is_empty() && self.skipped.is_empty() && !self.interrupted
    }
}

/// Which way something is switched that can be stopped and started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Power {
    /// To save cost.
    Stop,
    /// To work again.
    Start,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Event {
    /// The run begins with this many steps.
    Planned { steps: usize },
    /// A step begins.
    Started {
        #[serde(rename = "address")]
        addr: Addr,
        action: Action,
        /// It is stopped or started; the action is then an update.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        power: Option<Power>,
    },
    /// A step waits for its object.
    Waiting {
        #[serde(rename = "address")]
        addr: Addr,
        status: String,
        /// Seconds since the step began.
        seconds: f64,
        /// Seconds after which it is given up.
        limit: f64,
    },
    /// A call failed in a way that passes; it is tried again.
    Retrying {
        #[serde(rename = "address")]
        addr: Addr,
        fault: Fault,
        seconds: f64,
    },
    /// A step is done.
    Done {
        #[serde(rename = "address")]
        addr: Addr,
        action: Action,
        seconds: f64,
        /// It was stopped or started.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        power: Option<Power>,
    },
    /// AWS has accepted the change and it was not waited for.
    Accepted {
        #[serde(rename = "address")]
        addr: Addr,
        status: String,
    },
    /// A step failed.
    Failed {
        #[serde(rename = "address")]
        addr: Addr,
        fault: Fault,
    },
    /// A step was not begun.
    Skipped {
        #[serde(rename = "address")]
        addr: Addr,
        because: String,
    },
    /// A copy was kept of rows that a step has lost.
    Copied { copy: KeptCopy },
    /// The run was told to stop: nothing new begins.
    Cancelling {
        /// What is in flight.
        in_flight: Vec<Addr>,
    },
    /// What a destroy leaves behind.
    Receipt { receipt: Box<Receipt> },
    /// The run is over.
    Finished { summary: RunSummary },
}

/// A copy of rows that were lost, and the way back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeptCopy {
    /// Its name.
    pub id: String,
    /// `host:port/database`.
    pub database: String,
    /// What lost the rows.
    pub what: String,
    /// The tables that lost rows, and how many.
    pub tables: Vec<LostRows>,
    /// How many rows in all.
    pub rows: u64,
    /// The size of its files.
    pub bytes: u64,
    /// Where it is.
    pub path: String,
    /// The command that takes it back.
    pub undo: String,
    /// What must be known before anybody relies on it: whose rights that takes, and what it will not bring.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
}

/// How many rows of a table are in a copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LostRows {
    /// `schema.table`.
    pub table: String,
    /// How many.
    pub rows: u64,
}

/// An event and when it happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stamped {
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
    /// When, RFC 3339 in UTC.
    pub at: String,
}
