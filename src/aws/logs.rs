//! What functions have logged.

use super::{Clients, fault};
use crate::model::{Class, Fault, LogEvent};

/// A part of a log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogPage {
    /// Its events, by time. There may be none although more follow.
    pub events: Vec<LogEvent>,
    /// Where the next part begins, unless this is the last.
    pub next: Option<String>,
}

/// Where a log may be read: the whole right is in the name.
const OP: &str = "logs:FilterLogEvents";

/// Returns a part of a log group's events from a moment on (milliseconds since 1970, included), of all its streams in
/// the order of time. `None` where there is no such group: nothing was ever written into it (aws-facts §4.9).
///
/// # Errors
/// Where it may not be read, or no answer comes.
pub async fn log_events(
    clients: &Clients,
    group: &str,
    from: i64,
    page: Option<String>,
) -> Result<Option<LogPage>, Fault> {
    let answer = clients
        .logs
        .filter_log_events()
        .log_group_name(group)
        .start_time(from.max(0))
        .set_next_token(page.clone())
        .send()
        .await;
    let answer = match answer.map_err(|e| fault(OP, false, &[], &e)) {
        Ok(answer) => answer,
        Err(fault) if fault.class == Class::NotFound => return Ok(None),
        Err(fault) => return Err(fault),
    };
    let events = answer.events.unwrap_or_default().into_iter().map(|e| {
        let message = e.message.unwrap_or_default();
        LogEvent {
            id: e.event_id.unwrap_or_default(),
            at: e.timestamp.unwrap_or_default(),
            stream: e.log_stream_name.unwrap_or_default(),
            message: message.trim_end_matches(['\n', '\r']).to_owned(),
        }
    });
    Ok(Some(LogPage {
        events: events.collect(),
        // a place that leads to itself would be read for ever
        next: answer.next_token.filter(|next| page.as_ref() != Some(next)),
    }))
}
