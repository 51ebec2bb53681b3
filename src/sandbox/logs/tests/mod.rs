//! CloudWatch Logs by its calls, on a clock that stands still until it is moved.

mod events;
mod groups;
mod searching;

use super::kept;
use crate::sandbox::server::bench::{Bench, REGION};
use crate::sandbox::timing::Moment;
use crate::sandbox::wire::{ApiError, Call, Input, Reply, Service};
use serde_json::{Value, json};

const GROUP: &str = "/aws/lambda/f";
const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

async fn ask(b: &Bench, operation: &str, body: Value) -> Result<Value, ApiError> {
    let call = Call {
        service: Service::Logs,
        operation: operation.to_owned(),
        input: Input::Json(body),
        request_id: "r".to_owned(),
        region: REGION.to_owned(),
    };
    match b.sandbox.answer(&call).await? {
        Reply::Json(200, body) => Ok(body),
        other => panic!("{other:?}"),
    }
}

async fn ok(b: &Bench, operation: &str, body: Value) -> Value {
    ask(b, operation, body).await.unwrap()
}

/// The code of a refusal, and its sentence.
async fn refused(b: &Bench, operation: &str, body: Value) -> (String, String) {
    let error = ask(b, operation, body.clone())
        .await
        .err()
        .unwrap_or_else(|| panic!("{operation} {body} is not refused"));
    assert_eq!(error.status, 400, "{error:?}");
    (error.code, error.message)
}

fn now(b: &Bench) -> Moment {
    b.sandbox.store.timing().now()
}

/// A world with a group and a stream `s`.
async fn with_stream() -> Bench {
    let b = Bench::new();
    ok(&b, "CreateLogGroup", json!({"logGroupName": GROUP})).await;
    let stream = json!({"logGroupName": GROUP, "logStreamName": "s"});
    ok(&b, "CreateLogStream", stream).await;
    b
}

/// Writes messages into a stream, each a millisecond after the one before.
async fn put(b: &Bench, stream: &str, from: Moment, messages: &[&str]) -> Value {
    let events: Vec<Value> = (from..)
        .zip(messages)
        .map(|(timestamp, message)| json!({"timestamp": timestamp, "message": message}))
        .collect();
    let body = json!({"logGroupName": GROUP, "logStreamName": stream, "logEvents": events});
    ok(b, "PutLogEvents", body).await
}

fn messages(answer: &Value) -> Vec<&str> {
    answer["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["message"].as_str().unwrap())
        .collect()
}
