//! `FilterLogEvents`: all streams of a group in the order of time, by words.

use super::events::{LARGEST, MOST};
use super::input::{Members, STREAM, up_to};
use super::kept::Event;
use super::pattern::Pattern;
use super::{broken, invalid, kept};
use crate::sandbox::store::Store;
use crate::sandbox::wire::ApiError;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

/// So many events are looked through for one page. As on AWS a page may therefore be empty and not be the last.
const LOOKED_THROUGH: usize = 1000;
/// Newest first only from here on: 2024-01-01T00:00:00Z.
const NEWEST_FIRST_SINCE: i64 = 1_704_067_200_000;

/// `FilterLogEvents`. The end of the time range is in it.
pub(super) fn filter(store: &Store, m: &Members<'_>) -> Result<Value, ApiError> {
    m.only(&[
        "logGroupName",
        "logGroupIdentifier",
        "logStreamNames",
        "logStreamNamePrefix",
        "startTime",
        "endTime",
        "filterPattern",
        "nextToken",
        "limit",
        "startFromHead",
        // has had no effect since 2019: events are always interleaved
        "interleaved",
        "unmask",
    ])?;
    let name = m.group(store.region())?;
    let streams = m.texts("logStreamNames", 100, &STREAM)?;
    let prefix = m.text("logStreamNamePrefix", &STREAM)?;
    let from = m.number("startTime", 0, i64::MAX)?.unwrap_or(0);
    let to = m.number("endTime", 0, i64::MAX)?.unwrap_or(i64::MAX);
    let pattern = Pattern::parse(m.maybe_empty("filterPattern", 1024)?).map_err(invalid)?;
    let limit = m.limit(MOST)?;
    let from_head = m.flag("startFromHead")?.unwrap_or(true);
    let token = m.text("nextToken", &up_to(2048))?;
    if streams.is_some() && prefix.is_some() {
        return Err(invalid(
            "logStreamNames and logStreamNamePrefix cannot both be given",
        ));
    }
    if !from_head && from < NEWEST_FIRST_SINCE {
        return Err(invalid(
            "startFromHead can be false only where startTime is on or after Jan 1, 2024 00:00:00 UTC",
        ));
    }
    let token = token.map(Token::of).transpose()?;
    // the direction is that of the first request
    let ascending = token.as_ref().map_or(from_head, |t| t.ascending);
    let group = store.read(|w| w.logs.group(name).cloned())??;
    let mut all = kept::events(store, &group).map_err(broken)?;
    if !ascending {
        all.reverse();
    }
    let beyond = |e: &Event| match &token {
        None => true,
        Some(t) if ascending => e.id > t.id,
        Some(t) => e.id < t.id,
    };
    let mut rest = all
        .iter()
        .filter(|e| e.time >= from && e.time <= to && beyond(e))
        .filter(|e| {
            streams
                .as_ref()
                .is_none_or(|all| all.contains(&e.stream.as_str()))
        })
        .filter(|e| prefix.is_none_or(|p| e.stream.starts_with(p)))
        .peekable();
    let mut found: Vec<&Event> = Vec::new();
    let (mut looked, mut size, mut last) = (0, 0, None);
    while let Some(event) = rest.peek() {
        let wanted = pattern.matches(&event.message);
        let next = size + event.message.len() + kept::OVERHEAD;
        let full = found.len() >= limit || (next > LARGEST && !found.is_empty());
        if looked >= LOOKED_THROUGH || (wanted && full) {
            break;
        }
        looked += 1;
        last = Some(event.id.clone());
        if wanted {
            size = next;
            found.push(event);
        }
        rest.next();
    }
    let mut answer = Map::new();
    let shown: Vec<Value> = found.iter().map(|e| show(e)).collect();
    answer.insert("events".to_owned(), shown.into());
    // no longer told, since 2020
    answer.insert("searchedLogStreams".to_owned(), json!([]));
    if let (Some(_), Some(id)) = (rest.peek(), last) {
        let token = Token { ascending, id };
        answer.insert("nextToken".to_owned(), token.text().into());
    }
    Ok(answer.into())
}

/// How far a search has come.
struct Token {
    ascending: bool,
    id: String,
}

impl Token {
    fn text(&self) -> String {
        let direction = if self.ascending { "up" } else { "down" };
        URL_SAFE_NO_PAD.encode(format!("{direction}|{}", self.id))
    }

    fn of(text: &str) -> Result<Self, ApiError> {
        let inside = || {
            let text = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
            let (direction, id) = text.split_once('|')?;
            let ascending = match direction {
                "up" => true,
                "down" => false,
                _ => return None,
            };
            Some(Token {
                ascending,
                id: id.to_owned(),
            })
        };
        inside().ok_or_else(|| invalid("The specified nextToken is invalid."))
    }
}

fn show(event: &Event) -> Value {
    json!({
        "logStreamName": event.stream,
        "timestamp": event.time,
        "message": event.message,
        "ingestionTime": event.ingested,
        "eventId": event.id,
    })
}
