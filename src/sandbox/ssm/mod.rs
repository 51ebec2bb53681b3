//! Systems Manager's Parameter Store: plain parameters with their tags. Facts are from the service model (API version
//! 2014-11-06) and the user guide. Values that are encrypted, histories and policies are not here, and are refused.

mod input;
mod parameters;
mod tags;
#[cfg(test)]
mod tests;

use super::Sandbox;
use super::timing::Moment;
use super::wire::{ApiError, Call, Input, Reply};
use super::world::ACCOUNT;
use input::Members;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The parameters.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct State {
    /// Parameters by name.
    pub parameters: BTreeMap<String, Parameter>,
}

/// A parameter.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Parameter {
    /// `String` or `StringList`.
    pub sort: String,
    /// Its value.
    pub value: String,
    /// What it is for.
    pub description: Option<String>,
    /// Counts up with every value.
    pub version: i64,
    /// When it got its value.
    pub modified: Moment,
    /// Tags.
    pub tags: BTreeMap<String, String>,
}

/// Answers one call.
///
/// # Errors
/// What Systems Manager would refuse; `UnknownOperationException` for an operation that the sandbox does not have.
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
        "PutParameter" => parameters::put(s, &m),
        "GetParameter" => parameters::get(s, &m),
        "DeleteParameter" => parameters::delete(s, &m),
        "AddTagsToResource" => tags::add(s, &m),
        "RemoveTagsFromResource" => tags::remove(s, &m),
        "ListTagsForResource" => tags::list(s, &m),
        other => Err(ApiError::new(
            400,
            "UnknownOperationException",
            format!("The sandbox's Systems Manager does not have the operation {other}"),
        )),
    };
    answer.map(|body| Reply::Json(200, body))
}

/// The ARN of a parameter: a slash stands between, whether the name begins with one or not.
fn arn(region: &str, name: &str) -> String {
    let slash = if name.starts_with('/') { "" } else { "/" };
    format!("arn:aws:ssm:{region}:{ACCOUNT}:parameter{slash}{name}")
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new(400, "ValidationException", message)
}
