//! Streams: made by a call, or by a service that writes; listed by name or by their last event.

use super::input::{GROUP, Members, STREAM, up_to};
use super::kept::Event;
use super::{Group, broken, exists, group_arn, invalid, kept};
use crate::sandbox::store::Store;
use crate::sandbox::timing::Moment;
use crate::sandbox::wire::ApiError;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// What is known of a stream.
#[derive(Default)]
struct Stream {
    created: Moment,
    first: Option<Moment>,
    last: Option<Moment>,
    ingested: Option<Moment>,
}

/// Tells whether a group has a stream.
pub(super) fn is_there(group: &Group, events: &[Event], stream: &str) -> bool {
    group.streams.contains_key(stream) || events.iter().any(|e| e.stream == stream)
}

fn all(group: &Group, events: &[Event]) -> BTreeMap<String, Stream> {
    let mut streams: BTreeMap<String, Stream> = BTreeMap::new();
    for (name, created) in &group.streams {
        let stream = streams.entry(name.clone()).or_default();
        stream.created = *created;
    }
    for event in events {
        let stream = streams.entry(event.stream.clone()).or_insert(Stream {
            created: event.ingested,
            ..Stream::default()
        });
        stream.created = stream.created.min(event.ingested);
        stream.first = Some(stream.first.map_or(event.time, |t| t.min(event.time)));
        stream.last = stream.last.max(Some(event.time));
        stream.ingested = stream.ingested.max(Some(event.ingested));
    }
    streams
}

/// `CreateLogStream`.
pub(super) fn create(store: &Store, m: &Members<'_>) -> Result<Value, ApiError> {
    m.only(&["logGroupName", "logStreamName"])?;
    let name = m.must("logGroupName", &GROUP)?;
    let stream = m.must("logStreamName", &STREAM)?;
    let now = store.timing().now();
    store.write(|w| {
        let group = w.logs.group_mut(name)?;
        let events = kept::events(store, group).map_err(broken)?;
        if is_there(group, &events, stream) {
            return Err(exists("log stream"));
        }
        group.streams.insert(stream.to_owned(), now);
        Ok(json!({}))
    })
}

/// `DescribeLogStreams`.
pub(super) fn describe(store: &Store, m: &Members<'_>) -> Result<Value, ApiError> {
    m.only(&[
        "logGroupName",
        "logGroupIdentifier",
        "logStreamNamePrefix",
        "orderBy",
        "descending",
        "nextToken",
        "limit",
    ])?;
    let name = m.group(store.region())?;
    let prefix = m.text("logStreamNamePrefix", &STREAM)?;
    let by_time =
        m.choice("orderBy", &["LogStreamName", "LastEventTime"])? == Some("LastEventTime");
    let descending = m.flag("descending")?.unwrap_or_default();
    let after = m.text("nextToken", &up_to(2048))?;
    let limit = m.limit(50)?;
    if by_time && prefix.is_some() {
        return Err(invalid(
            "Cannot order by LastEventTime with a logStreamNamePrefix.",
        ));
    }
    let group = store.read(|w| w.logs.group(name).cloned())??;
    let events = kept::events(store, &group).map_err(broken)?;
    let mut found: Vec<(String, Stream)> = all(&group, &events)
        .into_iter()
        .filter(|(stream, _)| prefix.is_none_or(|p| stream.starts_with(p)))
        .collect();
    if by_time {
        found.sort_by_key(|(_, s)| s.last);
    }
    if descending {
        found.reverse();
    }
    if let Some(after) = after {
        let at = found.iter().position(|(stream, _)| stream == after);
        let at = at.ok_or_else(|| invalid("The specified nextToken is invalid."))?;
        found.drain(..=at);
    }
    let more = found.len() > limit;
    found.truncate(limit);
    let mut answer = Map::new();
    if let (true, Some((last, _))) = (more, found.last()) {
        answer.insert("nextToken".to_owned(), last.as_str().into());
    }
    let arn = group_arn(store.region(), name);
    let shown: Vec<Value> = found
        .iter()
        .map(|(stream, s)| show(&arn, stream, s))
        .collect();
    answer.insert("logStreams".to_owned(), shown.into());
    Ok(answer.into())
}

fn show(group: &str, name: &str, stream: &Stream) -> Value {
    let mut shown = json!({
        "logStreamName": name,
        "creationTime": stream.created,
        "arn": format!("{group}:log-stream:{name}"),
        // AWS tells no more than this since 2019
        "storedBytes": 0,
    });
    for (member, moment) in [
        ("firstEventTimestamp", stream.first),
        ("lastEventTimestamp", stream.last),
        ("lastIngestionTime", stream.ingested),
    ] {
        if let Some(moment) = moment {
            shown[member] = moment.into();
        }
    }
    if let Some(at) = stream.ingested {
        shown["uploadSequenceToken"] = sequence_token(at).into();
    }
    shown
}

/// The token that nobody asks for any more.
pub(super) fn sequence_token(at: Moment) -> String {
    format!("{at:056}")
}
