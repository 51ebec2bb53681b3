//! Scheduler on a clock that only the tests move.

mod firing;
mod groups;
mod refusing;
mod times;

use super::{Firing, route};
use crate::sandbox::server::bench::{Bench, REGION};
use crate::sandbox::wire::{ApiError, Call, Input, Reply, Service};
use serde_json::{Value, json};

pub const ROLE: &str = "arn:aws:iam::123456789012:role/stopper";
pub const NAME: &str = "schedules/s";

/// A call as a client makes it: method, path without the first `/`, query, body.
pub async fn rest(
    bench: &Bench,
    method: &str,
    path: &str,
    query: &[(&str, &str)],
    body: Value,
) -> Result<Value, ApiError> {
    let path: Vec<String> = path.split('/').map(str::to_owned).collect();
    let call = Call {
        service: Service::Scheduler,
        operation: route(method, &path).unwrap().to_owned(),
        input: Input::Rest {
            method: method.to_owned(),
            path,
            query: query
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                .collect(),
            headers: Default::default(),
            body: match body {
                Value::Null => Vec::new(),
                body => body.to_string().into_bytes(),
            },
        },
        request_id: "r".to_owned(),
        region: REGION.to_owned(),
    };
    match bench.sandbox.answer(&call).await? {
        Reply::Json(200, value) => Ok(value),
        other => panic!("{other:?}"),
    }
}

/// A schedule that stops `db` every hour.
pub fn hourly() -> Value {
    json!({
        "ScheduleExpression": "rate(1 hour)",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {
            "Arn": "arn:aws:scheduler:::aws-sdk:rds:stopDBInstance",
            "RoleArn": ROLE,
            "Input": r#"{"DbInstanceIdentifier":"db"}"#,
            "RetryPolicy": {"MaximumRetryAttempts": 0},
        },
    })
}

pub async fn role(bench: &Bench, action: &str, resource: &str) {
    let trust = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Service": "scheduler.amazonaws.com"}, "Action": "sts:AssumeRole"}]});
    let may = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": action, "Resource": resource}]});
    let ask = |operation, input: Vec<(&'static str, String)>| async move {
        let input: Vec<(&str, &str)> = input.iter().map(|(k, v)| (*k, v.as_str())).collect();
        bench.ask(Service::Iam, operation, &input).await.unwrap();
    };
    let name = || ("RoleName", "stopper".to_owned());
    ask(
        "CreateRole",
        vec![name(), ("AssumeRolePolicyDocument", trust.to_string())],
    )
    .await;
    ask(
        "PutRolePolicy",
        vec![
            name(),
            ("PolicyName", "stop".to_owned()),
            ("PolicyDocument", may.to_string()),
        ],
    )
    .await;
    bench.pass(60);
}

/// A world with a role that may stop `db`.
pub async fn with_role() -> Bench {
    let bench = Bench::new();
    role(
        &bench,
        "rds:StopDBInstance",
        "arn:aws:rds:us-west-2:123456789012:db:db",
    )
    .await;
    bench
}

pub async fn create(bench: &Bench, more: Value) -> Result<Value, ApiError> {
    rest(bench, "POST", NAME, &[], with(hourly(), more)).await
}

/// Puts members into a body, deeply; null takes one out.
pub fn with(mut body: Value, more: Value) -> Value {
    for (name, value) in more.as_object().unwrap() {
        body[name] = match (&body[name], value) {
            (Value::Object(_), Value::Object(_)) => with(body[name].clone(), value.clone()),
            _ => value.clone(),
        };
    }
    body
}

pub fn firings(bench: &Bench) -> Vec<Firing> {
    let all = bench.sandbox.store.read(|w| {
        let s = w.scheduler.schedules.get("default/s");
        s.map(|s| s.firings.clone()).unwrap_or_default()
    });
    all.unwrap()
}
