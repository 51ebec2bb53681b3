//! Event source mappings: what calls a function by itself. They are kept and shown; nothing here polls a queue. A
//! mapping outlives its function, as on AWS.

use super::names;
use super::request::{Request, conflict, flag, invalid, member, need, not_found, number};
use crate::sandbox::store::Store;
use crate::sandbox::timing::Moment;
use crate::sandbox::wire::{ApiError, Reply};
use crate::sandbox::world::World;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// An event source mapping.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Source {
    /// By which it is deleted.
    pub uuid: String,
    /// The queue, the stream.
    pub arn: String,
    /// The function's name.
    pub function: String,
    /// At most so many records a call.
    pub batch: i64,
    /// It calls.
    pub enabled: bool,
    /// When it was changed last.
    pub modified: Moment,
}

/// What the function's role must be allowed, by the service in the source's ARN; the largest batch, and the usual one.
const SERVICES: [(&str, &str, &str, i64, i64); 3] = [
    (
        "sqs",
        "sqs:ReceiveMessage",
        "ReceiveMessage on SQS",
        10_000,
        10,
    ),
    (
        "kinesis",
        "kinesis:GetRecords",
        "GetRecords on Kinesis",
        10_000,
        100,
    ),
    (
        "dynamodb",
        "dynamodb:GetRecords",
        "GetRecords on DynamoDB",
        10_000,
        100,
    ),
];

fn shown(w: &World, source: &Source, state: &str) -> Value {
    json!({
        "UUID": source.uuid,
        "EventSourceArn": source.arn,
        "EventSourceMappingArn": format!(
            "arn:aws:lambda:{}:{}:event-source-mapping:{}",
            w.region, crate::sandbox::world::ACCOUNT, source.uuid
        ),
        "FunctionArn": names::function_arn(&w.region, &source.function),
        "BatchSize": source.batch,
        "MaximumBatchingWindowInSeconds": 0,
        "LastModified": source.modified as f64 / 1000.0,
        "State": state,
        "StateTransitionReason": "USER_INITIATED",
    })
}

fn steady(source: &Source) -> &'static str {
    if source.enabled {
        "Enabled"
    } else {
        "Disabled"
    }
}

pub(super) fn create(store: &Store, r: &Request) -> Result<Reply, ApiError> {
    let body = r.json()?;
    let named = names::function(need(&body, "FunctionName")?, None, store.region())?;
    let arn = need(&body, "EventSourceArn")?.to_owned();
    let service = arn.split(':').nth(2).unwrap_or_default();
    let Some((_, action, words, most, usual)) = SERVICES.iter().find(|s| s.0 == service) else {
        return Err(invalid(format!("Unrecognized event source: {arn}.")));
    };
    let batch = number(&body, "BatchSize")?.unwrap_or(*usual);
    if !(1..=*most).contains(&batch) {
        return Err(invalid(format!("Batch size {batch} is out of range.")));
    }
    let enabled = member(&body, "Enabled").is_none() || flag(&body, "Enabled")?;
    let now = store.timing().now();
    let made = store.write(|w| {
        let function = names::found(w, &named)?;
        let role = function.release.settings.role.clone();
        if !w.iam.role_may(&role, action, &arn, now) {
            return Err(invalid(format!(
                "The provided execution role does not have permissions to call {words}"
            )));
        }
        let twin = |s: &&Source| s.arn == arn && s.function == named.name;
        if let Some(twin) = w.lambda.sources.values().find(twin) {
            return Err(conflict(format!(
                "An event source mapping with event source arn (\"{arn}\") and function (\"{}\") already exists. Please \
                 update or delete the existing mapping with UUID {}",
                named.name, twin.uuid
            )));
        }
        let serial = w.next_serial();
        let source = Source {
            uuid: format!("{serial:08x}-0000-4000-8000-{serial:012x}"),
            arn,
            function: named.name.clone(),
            batch,
            enabled,
            modified: now,
        };
        let answer = shown(w, &source, "Creating");
        w.lambda.sources.insert(source.uuid.clone(), source);
        Ok(answer)
    })?;
    Ok(Reply::Json(202, made))
}

pub(super) fn list(store: &Store, r: &Request) -> Result<Reply, ApiError> {
    let named = match r.query("FunctionName") {
        Some(text) => Some(names::function(text, None, store.region())?.name),
        None => None,
    };
    let arn = r.query("EventSourceArn");
    let items = store.read(|w| {
        let fits = |s: &&Source| {
            named.as_ref().is_none_or(|n| *n == s.function) && arn.is_none_or(|arn| arn == s.arn)
        };
        let found = w.lambda.sources.values().filter(fits);
        found
            .map(|s| (s.uuid.clone(), shown(w, s, steady(s))))
            .collect()
    })?;
    let (page, next) = r.page(items, 10_000)?;
    let mut answer = json!({"EventSourceMappings": page});
    if let Some(next) = next {
        answer["NextMarker"] = next.into();
    }
    Ok(Reply::Json(200, answer))
}

pub(super) fn delete(store: &Store, r: &Request) -> Result<Reply, ApiError> {
    let uuid = r.segment(2)?.to_owned();
    let gone = store.write(|w| match w.lambda.sources.remove(&uuid) {
        Some(source) => Ok(shown(w, &source, "Deleting")),
        None => Err(not_found("The resource you requested does not exist.")),
    })?;
    Ok(Reply::Json(202, gone))
}

/// There are no aliases in the sandbox: nothing here makes one.
pub(super) fn aliases(store: &Store, r: &Request) -> Result<Reply, ApiError> {
    let named = names::function(r.segment(2)?, None, store.region())?;
    store.read(|w| names::found(w, &named).map(drop))??;
    Ok(Reply::Json(200, json!({"Aliases": []})))
}
