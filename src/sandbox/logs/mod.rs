//! CloudWatch Logs: groups with their retention and tags, streams, events that are found again by time and words.
//!
//! What a group is stands in the world; its events are lines of `logs/<id>.jsonl` beside it (`kept.rs`). A stream is
//! there once it was made or written to.

mod events;
mod filter;
mod groups;
mod input;
mod kept;
mod pattern;
mod put;
mod streams;
mod tags;
#[cfg(test)]
mod tests;

use super::Sandbox;
use super::store::Store;
use super::timing::Moment;
use super::wire::{ApiError, Call, Input, Reply};
use super::world::{ACCOUNT, World};
use input::Members;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The groups.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct State {
    /// Groups by name.
    pub groups: BTreeMap<String, Group>,
}

/// A log group.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Group {
    /// Under which its events are kept: a group that is made again does not have the old one's.
    pub id: String,
    /// When it was made.
    pub created: Moment,
    /// After how many days events go; for ever where it is not set.
    pub retention_days: Option<i64>,
    /// `STANDARD`, unless said otherwise.
    pub class: String,
    /// The key that it was given.
    pub kms_key: Option<String>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// The streams that were made by a call of their own, with the moment.
    pub streams: BTreeMap<String, Moment>,
}

impl State {
    fn group(&self, name: &str) -> Result<&Group, ApiError> {
        self.groups.get(name).ok_or_else(no_group)
    }

    fn group_mut(&mut self, name: &str) -> Result<&mut Group, ApiError> {
        self.groups.get_mut(name).ok_or_else(no_group)
    }

    /// Makes a group as a service does that writes into one that is not there: without expiry and without tags.
    fn made(world: &mut World, name: &str, now: Moment) -> Group {
        let group = Group {
            id: world.id("lg-"),
            created: now,
            retention_days: None,
            class: "STANDARD".to_owned(),
            kms_key: None,
            tags: BTreeMap::new(),
            streams: BTreeMap::new(),
        };
        world.logs.groups.insert(name.to_owned(), group.clone());
        group
    }
}

/// Writes what a service has to say into a stream; group and stream are made where they are missing.
///
/// # Errors
/// `InternalFailure` where it cannot be kept.
pub fn write(
    store: &Store,
    group: &str,
    stream: &str,
    lines: &[(Moment, String)],
) -> Result<(), ApiError> {
    let there = store.read(|w| w.logs.groups.get(group).map(|g| g.id.clone()))?;
    let id = match there {
        Some(id) => id,
        None => store.write(|w| match w.logs.groups.get(group) {
            Some(found) => Ok(found.id.clone()),
            None => Ok(State::made(w, group, store.timing().now()).id),
        })?,
    };
    kept::append(store, &id, stream, lines).map_err(broken)
}

/// Answers one call.
///
/// # Errors
/// What CloudWatch Logs would refuse; `UnknownOperationException` for an operation that the sandbox does not have.
pub async fn handle(sandbox: &Sandbox, call: &Call) -> Result<Reply, ApiError> {
    let Input::Json(body) = &call.input else {
        return Err(ApiError::new(
            400,
            "SerializationException",
            "The request is not JSON",
        ));
    };
    let s = &sandbox.store;
    let m = Members::of(body)?;
    let answer = match call.operation.as_str() {
        "CreateLogGroup" => groups::create(s, &m),
        "DescribeLogGroups" => groups::describe(s, &m),
        "DeleteLogGroup" => groups::delete(s, &m),
        "PutRetentionPolicy" => groups::expire(s, &m),
        "DeleteRetentionPolicy" => groups::keep(s, &m),
        "CreateLogStream" => streams::create(s, &m),
        "DescribeLogStreams" => streams::describe(s, &m),
        "PutLogEvents" => put::put(s, &m),
        "GetLogEvents" => events::get(s, &m),
        "FilterLogEvents" => filter::filter(s, &m),
        "TagResource" => tags::tag(s, &m),
        "UntagResource" => tags::untag(s, &m),
        "ListTagsForResource" => tags::list(s, &m),
        other => Err(ApiError::new(
            400,
            "UnknownOperationException",
            format!("The sandbox's CloudWatch Logs does not have the operation {other}"),
        )),
    };
    answer.map(|body| Reply::Json(200, body))
}

/// The ARN of a group, without the `:*` that stands for its streams.
fn group_arn(region: &str, name: &str) -> String {
    format!("arn:aws:logs:{region}:{ACCOUNT}:log-group:{name}")
}

fn no_group() -> ApiError {
    ApiError::new(
        400,
        "ResourceNotFoundException",
        "The specified log group does not exist.",
    )
}

fn no_stream() -> ApiError {
    ApiError::new(
        400,
        "ResourceNotFoundException",
        "The specified log stream does not exist.",
    )
}

fn exists(what: &str) -> ApiError {
    ApiError::new(
        400,
        "ResourceAlreadyExistsException",
        format!("The specified {what} already exists"),
    )
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new(400, "InvalidParameterException", message)
}

fn broken(error: std::io::Error) -> ApiError {
    ApiError::new(
        500,
        "InternalFailure",
        format!("the sandbox's logs cannot be used: {error}"),
    )
}
