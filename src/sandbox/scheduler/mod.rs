//! EventBridge Scheduler: groups with tags, schedules, and what they do when they are due. Facts are from the service
//! model (API version 2021-06-30) and the user guide.

mod check;
mod expression;
mod fire;
mod groups;
mod model;
mod request;
mod schedules;
#[cfg(test)]
mod tests;

use super::Sandbox;
use super::timing::Timing;
use super::wire::{ApiError, Call, Input, Reply};
use super::world::World;
pub use fire::due;
pub use model::{Firing, Group, Schedule, State};
use request::{Request, serialization};
use serde_json::Value;

type Look = fn(&World, &Request) -> Result<Value, ApiError>;
type Change = fn(&mut World, &Timing, &Request) -> Result<Value, ApiError>;

enum Operation {
    Look(Look),
    Change(Change),
}

fn operation(name: &str) -> Option<Operation> {
    use Operation::{Change, Look};
    Some(match name {
        "CreateSchedule" => Change(schedules::create),
        "GetSchedule" => Look(schedules::get),
        "UpdateSchedule" => Change(schedules::update),
        "DeleteSchedule" => Change(schedules::delete),
        "ListSchedules" => Look(schedules::list),
        "CreateScheduleGroup" => Change(groups::create),
        "GetScheduleGroup" => Look(groups::get),
        "DeleteScheduleGroup" => Change(groups::delete),
        "ListScheduleGroups" => Look(groups::list),
        "TagResource" => Change(groups::tag),
        "UntagResource" => Change(groups::untag),
        "ListTagsForResource" => Look(groups::tags),
        _ => return None,
    })
}

/// Returns the operation of a request; none for a path that the sandbox does not have.
pub fn route(method: &str, path: &[String]) -> Option<&'static str> {
    let segments: Vec<&str> = path.iter().map(String::as_str).collect();
    Some(match (method, segments.as_slice()) {
        ("POST", ["schedules", _]) => "CreateSchedule",
        ("GET", ["schedules", _]) => "GetSchedule",
        ("PUT", ["schedules", _]) => "UpdateSchedule",
        ("DELETE", ["schedules", _]) => "DeleteSchedule",
        ("GET", ["schedules"]) => "ListSchedules",
        ("POST", ["schedule-groups", _]) => "CreateScheduleGroup",
        ("GET", ["schedule-groups", _]) => "GetScheduleGroup",
        ("DELETE", ["schedule-groups", _]) => "DeleteScheduleGroup",
        ("GET", ["schedule-groups"]) => "ListScheduleGroups",
        ("POST", ["tags", ..]) => "TagResource",
        ("DELETE", ["tags", ..]) => "UntagResource",
        ("GET", ["tags", ..]) => "ListTagsForResource",
        _ => return None,
    })
}

/// Answers one call.
///
/// # Errors
/// What Scheduler would refuse; 404 for an operation that the sandbox lacks.
pub async fn handle(sandbox: &Sandbox, call: &Call) -> Result<Reply, ApiError> {
    let known = match &call.input {
        Input::Rest {
            path, query, body, ..
        } => operation(&call.operation).map(|o| (o, path, query, body)),
        _ => None,
    };
    let Some((operation, path, query, body)) = known else {
        return Err(ApiError::new(
            404,
            "UnknownOperationException",
            format!(
                "The sandbox does not know the Scheduler operation {}.",
                call.operation
            ),
        ));
    };
    let body = match body.as_slice() {
        [] => Value::Object(serde_json::Map::new()),
        bytes => serde_json::from_slice(bytes)
            .map_err(|_| serialization("The request body is not JSON"))?,
    };
    let r = Request { path, query, body };
    let store = &sandbox.store;
    let now = store.timing().now();
    let answer = match operation {
        Operation::Look(look) => store.read(|w| {
            let mut w = w.clone();
            w.scheduler.settle(now);
            look(&w, &r)
        })??,
        Operation::Change(change) => store.write(|w| {
            w.scheduler.settle(now);
            change(w, store.timing(), &r)
        })?,
    };
    Ok(Reply::Json(200, answer))
}
