//! `PutLogEvents`: what is taken, what is left out, and what is refused as a whole.

use super::input::{GROUP, Members, STREAM, up_to};
use super::streams::{is_there, sequence_token};
use super::{broken, invalid, kept, no_stream};
use crate::sandbox::store::Store;
use crate::sandbox::timing::Moment;
use crate::sandbox::wire::ApiError;
use serde_json::{Map, Value, json};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
/// What a batch and what an event may take, in bytes.
const LARGEST: usize = 1_048_576;
const MOST: usize = 10_000;

/// `PutLogEvents`.
pub(super) fn put(store: &Store, m: &Members<'_>) -> Result<Value, ApiError> {
    m.only(&[
        "logGroupName",
        "logStreamName",
        "logEvents",
        "sequenceToken",
    ])?;
    let name = m.must("logGroupName", &GROUP)?;
    let stream = m.must("logStreamName", &STREAM)?;
    // any is taken since 2023
    m.text("sequenceToken", &up_to(1024))?;
    let lines = batch(m)?;
    let group = store.read(|w| w.logs.group(name).cloned())??;
    let events = kept::events(store, &group).map_err(broken)?;
    if !is_there(&group, &events, stream) {
        return Err(no_stream());
    }
    let now = store.timing().now();
    let before = |limit: Moment| lines.iter().take_while(|(time, _)| *time < limit).count();
    let too_old = before(now - 14 * DAY);
    let expired = group
        .retention_days
        .map_or(0, |days| before(now - days * DAY));
    let too_new = before(now + 2 * HOUR + 1);
    let good = too_old.max(expired).min(too_new)..too_new;
    if let [(first, _), .., (last, _)] = &lines[good.clone()]
        && last - first > DAY
    {
        return Err(invalid(
            "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.",
        ));
    }
    kept::append(store, &group.id, stream, &lines[good]).map_err(broken)?;
    let mut rejected = Map::new();
    for (member, index, is_so) in [
        ("tooOldLogEventEndIndex", too_old, too_old > 0),
        ("expiredLogEventEndIndex", expired, expired > 0),
        ("tooNewLogEventStartIndex", too_new, too_new < lines.len()),
    ] {
        if is_so {
            rejected.insert(member.to_owned(), index.into());
        }
    }
    let mut answer = json!({"nextSequenceToken": sequence_token(now)});
    if !rejected.is_empty() {
        answer["rejectedLogEventsInfo"] = rejected.into();
    }
    Ok(answer)
}

fn batch(m: &Members<'_>) -> Result<Vec<(Moment, String)>, ApiError> {
    let items = m
        .list("logEvents", MOST)?
        .ok_or_else(|| invalid("logEvents must not be null"))?;
    let mut lines: Vec<(Moment, String)> = Vec::new();
    let mut size = 0;
    for item in items {
        let event = Members::of(item)?;
        event.only(&["timestamp", "message"])?;
        let time = event
            .number("timestamp", 0, i64::MAX)?
            .ok_or_else(|| invalid("timestamp must not be null"))?;
        let message = event.must("message", &up_to(LARGEST))?;
        if message.len() > LARGEST {
            return Err(invalid(format!(
                "Log event too large: {} bytes exceeds limit of {LARGEST}",
                message.len()
            )));
        }
        if lines.last().is_some_and(|(last, _)| *last > time) {
            return Err(invalid(
                "Log events in a single PutLogEvents request must be in chronological order.",
            ));
        }
        size += message.len() + kept::OVERHEAD;
        lines.push((time, message.to_owned()));
    }
    if size > LARGEST {
        return Err(invalid(format!(
            "Upload too large: {size} bytes exceeds limit of {LARGEST}"
        )));
    }
    Ok(lines)
}
