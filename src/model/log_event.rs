//! One event of a log.

use serde::{Deserialize, Serialize};

/// One event of a log, as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEvent {
    /// Unique among the events of a log.
    pub id: String,
    /// When it happened, in milliseconds since 1970.
    pub at: i64,
    /// The stream that it was written into: for a function, one for each of its environments.
    pub stream: String,
    /// The text, without its last line end.
    pub message: String,
}
