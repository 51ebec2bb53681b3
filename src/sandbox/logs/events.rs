//! `GetLogEvents`: one stream, forwards and backwards.

use super::input::{Members, STREAM, up_to};
use super::kept::Event;
use super::streams::is_there;
use super::{broken, invalid, kept, no_stream};
use crate::sandbox::store::Store;
use crate::sandbox::wire::ApiError;
use serde_json::{Value, json};

/// What a page may hold.
pub(super) const MOST: i64 = 10_000;
/// What a page may take, in bytes.
pub(super) const LARGEST: usize = 1_048_576;

/// `GetLogEvents`. The end of the time range is not in it, unlike that of `FilterLogEvents`.
pub(super) fn get(store: &Store, m: &Members<'_>) -> Result<Value, ApiError> {
    m.only(&[
        "logGroupName",
        "logGroupIdentifier",
        "logStreamName",
        "startTime",
        "endTime",
        "nextToken",
        "limit",
        "startFromHead",
        "unmask",
    ])?;
    let name = m.group(store.region())?;
    let stream = m.must("logStreamName", &STREAM)?;
    let from = m.number("startTime", 0, i64::MAX)?.unwrap_or(0);
    let to = m.number("endTime", 0, i64::MAX)?.unwrap_or(i64::MAX);
    let limit = m.limit(MOST)?;
    let from_head = m.flag("startFromHead")?.unwrap_or_default();
    let token = m.text("nextToken", &up_to(2048))?;
    let way = match token {
        Some(token) => Way::of(token)?,
        None if from_head => Way::After(Mark::at("")),
        None => Way::Before(Mark::at(LAST)),
    };
    let group = store.read(|w| w.logs.group(name).cloned())??;
    let events = kept::events(store, &group).map_err(broken)?;
    if !is_there(&group, &events, stream) {
        return Err(no_stream());
    }
    let in_range = |e: &&Event| e.stream == stream && e.time >= from && e.time < to;
    let all: Vec<&Event> = events.iter().filter(in_range).collect();
    let page = match &way {
        Way::After(mark) => fitting(all.iter().filter(|e| mark.is_before(e)), limit),
        Way::Before(mark) => {
            let mut page = fitting(all.iter().rev().filter(|e| mark.is_after(e)), limit);
            page.reverse();
            page
        }
    };
    let (forward, backward) = match (page.first(), page.last(), way) {
        (Some(first), Some(last), _) => (Mark::at(&last.id), Mark::at(&first.id)),
        _ if token.is_none() => (Mark::at(""), Mark::at("")),
        // nothing more in this direction: the same token again, and one that leads back over what was seen
        (_, _, Way::After(mark)) => (mark.clone(), mark.turned()),
        (_, _, Way::Before(mark)) => (mark.turned(), mark),
    };
    let shown: Vec<Value> = page.iter().map(|e| show(e)).collect();
    Ok(json!({
        "events": shown,
        "nextForwardToken": forward.token("f"),
        "nextBackwardToken": backward.token("b"),
    }))
}

/// What comes after every id.
const LAST: &str = "~";

/// Where a page begins, and in which direction it goes.
enum Way {
    After(Mark),
    Before(Mark),
}

/// An event's place in the list.
#[derive(Clone)]
struct Mark {
    id: String,
    /// The event itself is still to come.
    included: bool,
}

impl Mark {
    fn at(id: &str) -> Self {
        Mark {
            id: id.to_owned(),
            included: false,
        }
    }

    /// The same place for the other direction.
    fn turned(&self) -> Self {
        Mark {
            included: !self.included,
            ..self.clone()
        }
    }

    fn is_before(&self, event: &Event) -> bool {
        event.id > self.id || (self.included && event.id == self.id)
    }

    fn is_after(&self, event: &Event) -> bool {
        event.id < self.id || (self.included && event.id == self.id)
    }

    fn token(&self, direction: &str) -> String {
        let end = if self.included { "i" } else { "s" };
        format!("{direction}/{}/{end}", self.id)
    }
}

impl Way {
    fn of(token: &str) -> Result<Self, ApiError> {
        let wrong = || invalid("The specified nextToken is invalid.");
        let parts: Vec<&str> = token.split('/').collect();
        let (direction, id, included) = match parts.as_slice() {
            [direction, id, "s"] => (*direction, *id, false),
            [direction, id, "i"] => (*direction, *id, true),
            _ => return Err(wrong()),
        };
        if !id.chars().all(|c| c.is_ascii_digit()) {
            return Err(wrong());
        }
        let mark = Mark {
            id: id.to_owned(),
            included,
        };
        match direction {
            "f" => Ok(Way::After(mark)),
            "b" => Ok(Way::Before(mark)),
            _ => Err(wrong()),
        }
    }
}

/// Takes events up to a page's limits.
pub(super) fn fitting<'a>(
    events: impl Iterator<Item = &'a &'a Event>,
    limit: usize,
) -> Vec<&'a Event> {
    let mut size = 0;
    events
        .take(limit)
        .take_while(|e| {
            size += e.message.len() + kept::OVERHEAD;
            size <= LARGEST || size == e.message.len() + kept::OVERHEAD
        })
        .copied()
        .collect()
}

fn show(event: &Event) -> Value {
    json!({
        "timestamp": event.time,
        "message": event.message,
        "ingestionTime": event.ingested,
    })
}
